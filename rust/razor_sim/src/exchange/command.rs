//! What can be asked of the exchange, and what it answers.

use razor_core::ids::{MarketIx, TokenIx};
use razor_core::order::{OrderHash, Side};
use razor_core::units::{Nanos, TickSize};

use super::chain::Fate;
use super::outside::{OutsideLevel, OutsidePrint};
use super::refusal::{Address, Refusal};
use super::treasury::Action;
use super::universe::{Flags, MarketSpec, Payout};
use super::{AccountIx, ActionIx, Asset, GroupIx, OwnerIx, Slot, Spender, TradeIx};

/// How long an order stays (PROTOCOL §4.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderType {
    /// Until filled or cancelled.
    Gtc,
    /// Until a minute before its expiration.
    Gtd,
    /// All at once or nothing.
    Fok,
    /// What there is at once.
    Fak,
}

impl OrderType {
    /// The word of the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gtc => "GTC",
            Self::Gtd => "GTD",
            Self::Fok => "FOK",
            Self::Fak => "FAK",
        }
    }
}

/// What bounds a FOK or FAK buy. The wire does not tell the two apart, so the caller decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sizing {
    /// The signed shares: a better price costs less.
    Shares,
    /// The signed dollars: a better price brings more shares than were signed (FAULTS F-24).
    Amount,
}

/// An order whose signature was verified, as it came over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceOrder {
    /// EIP-712 hash of the signed struct: the order id, known before it was sent.
    pub hash: OrderHash,
    /// API key that sends it.
    pub owner: OwnerIx,
    /// Account that pays: the `maker` of the struct.
    pub account: AccountIx,
    /// Token traded.
    pub token: TokenIx,
    /// Way.
    pub side: Side,
    /// What is given, in micro units: dollars on a buy, shares on a sell.
    pub maker_amount: u64,
    /// What is asked for, in micro units: shares on a buy, dollars on a sell.
    pub taker_amount: u64,
    /// Life.
    pub order_type: OrderType,
    /// Refused rather than matched.
    pub is_post_only: bool,
    /// Seconds since the epoch, 0 unless GTD.
    pub expiration_s: i64,
    /// Bound of a FOK or FAK buy.
    pub sizing: Sizing,
    /// Contract whose domain was signed.
    pub signed_for: Spender,
}

/// Which open orders of a key to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelScope {
    /// These ids; others' and unknown ones are named as not cancelled.
    Orders(Vec<OrderHash>),
    /// All of a market, of one token only if given.
    Market(MarketIx, Option<TokenIx>),
    /// All of a token.
    Token(TokenIx),
    /// All of the key.
    All,
}

/// What the venue does at the moment (PROTOCOL §6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Everything works.
    Normal,
    /// Post-only orders and cancels.
    PostOnly,
    /// Cancels.
    CancelOnly,
    /// Nothing, cancels included.
    Disabled,
    /// Nothing, for the length of a restart.
    Restarting,
}

/// Whether an account may trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It may.
    Open,
    /// It may only sell.
    ClosedOnly,
    /// It may not.
    Banned,
}

/// What is asked of the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Nothing but the passing of time.
    Wake,
    /// Opens a neg-risk group; `key` is its `negRiskMarketID`.
    AddGroup {
        /// Id of the group.
        key: Box<str>,
        /// Whether unnamed outcomes exist beside the listed ones.
        is_augmented: bool,
    },
    /// Lists a market; in a group it becomes the next outcome.
    AddMarket(Box<MarketSpec>),
    /// Opens an account, with every approval or with none.
    OpenAccount {
        /// Wallet.
        address: Address,
        /// Whether all contracts may move its assets.
        is_approved: bool,
    },
    /// Registers an API key of an account.
    AddOwner {
        /// Text of the key.
        key: Box<str>,
        /// Account it belongs to.
        account: AccountIx,
    },
    /// Places one order.
    Place(PlaceOrder),
    /// Places up to 15 orders one after the other; each stands for itself.
    PlaceBatch(Vec<PlaceOrder>),
    /// Cancels orders of a key.
    Cancel(OwnerIx, CancelScope),
    /// A heartbeat of a key: 0 starts a chain, else the id of the last answer.
    Beat(OwnerIx, u64),
    /// Sends an on-chain action of an account.
    Act(AccountIx, Action),
    /// What the venue or the world does.
    Operate(Operation),
}

/// What the venue's operator, the chain's users and the fault plans do; it answers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Changes the flags of a market.
    SetFlags(MarketIx, Flags),
    /// Changes the grid; resting orders off the new grid are cancelled.
    SetTick(MarketIx, TickSize),
    /// Resolves a market: its orders end, its tokens can be redeemed.
    Resolve(MarketIx, Payout),
    /// Changes what an account may do.
    SetStanding(AccountIx, Standing),
    /// Lets a contract move up to `pusd` micro-dollars, and tokens or not.
    Approve {
        /// Account.
        account: AccountIx,
        /// Contract.
        spender: Spender,
        /// Allowance of collateral, `u64::MAX` is without bound.
        pusd: u64,
        /// Whether it may move tokens.
        has_tokens: bool,
    },
    /// Collateral comes from outside.
    Deposit(AccountIx, u64),
    /// Collateral leaves, whatever open orders and unsettled trades hold.
    Withdraw(AccountIx, u64),
    /// An asset moves between accounts past the exchange.
    Transfer {
        /// Giver.
        from: AccountIx,
        /// Receiver.
        to: AccountIx,
        /// What.
        asset: Asset,
        /// Micro units.
        amount: u64,
    },
    /// Decides how an unsettled trade goes on, instead of the drawn course.
    SetFate(TradeIx, Fate),
    /// Changes what the venue does.
    SetMode(Mode),
    /// The world outside shows another total at a level.
    Show(OutsideLevel),
    /// A trade printed in the world outside.
    Print(OutsidePrint),
}

/// How an accepted order stands when the answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckStatus {
    /// It rests.
    Live,
    /// It matched, at least in part.
    Matched,
    /// It waits for the end of the market's taker delay.
    Delayed,
}

impl AckStatus {
    /// The word of the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Matched => "matched",
            Self::Delayed => "delayed",
        }
    }
}

/// Answer to an accepted order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Where the order is kept.
    pub slot: Slot,
    /// Its id.
    pub hash: OrderHash,
    /// How it stands.
    pub status: AckStatus,
    /// What it gave at once, micro units, before the fee.
    pub making: u64,
    /// What it got at once, micro units, before the fee.
    pub taking: u64,
    /// First trade of it; the others follow.
    pub first_trade: TradeIx,
    /// Number of trades.
    pub trades: u32,
}

/// Why an id was not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotCanceled {
    /// Unknown, another key's, or ended.
    Ended,
    /// In the taker delay window.
    Delayed,
}

impl NotCanceled {
    /// Text of the answer. That of [`NotCanceled::Delayed`] is ours: the venue's is not known.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ended => "already canceled or matched",
            Self::Delayed => "order is delayed and cannot be canceled",
        }
    }
}

/// Answer to a cancel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Canceled {
    /// Ended by this call.
    pub canceled: Vec<OrderHash>,
    /// Not ended by it.
    pub not_canceled: Vec<(OrderHash, NotCanceled)>,
}

/// What the exchange answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done.
    Done,
    /// The new group.
    Group(GroupIx),
    /// The new market.
    Market(MarketIx),
    /// The new account.
    Account(AccountIx),
    /// The new key.
    Owner(OwnerIx),
    /// The order stands.
    Placed(Ack),
    /// One answer per order.
    Batch(Vec<Result<Ack, Refusal>>),
    /// What was cancelled.
    Canceled(Canceled),
    /// The id to send with the next beat.
    Beat(u64),
    /// The action is on its way.
    Action(ActionIx),
}

/// Times the venue is configured with.
pub(super) const SECOND: i64 = 1_000_000_000;
/// A GTD order must live that long at least.
pub const GTD_AHEAD: Nanos = Nanos(180 * SECOND);
/// A GTD order ends that long before its expiration.
pub const GTD_EARLY: Nanos = Nanos(60 * SECOND);
/// Orders in one batch.
pub const MAX_BATCH: usize = 15;
/// Ids in one cancel call.
pub const MAX_CANCELS: usize = 1_000;
