//! What the exchange says no with: the venue's own words (PROTOCOL §4.8, FAULTS B and C).
//!
//! Owns: the closed list of refusals, their texts and their HTTP status.
//!
//! Must never: say a text the venue does not, where the venue's text is known. Texts of our own
//! stand in [`SetupFault`] and behind [`Refusal::WalletBusy`]; no client of the venue sees the
//! former.
//!
//! Invariant: a refused command leaves the state as it was.

use core::fmt;

use razor_core::order::OrderHash;
use razor_core::units::{Price, Qty, TickSize};
use thiserror::Error;

/// Why a command was refused; `Display` is the venue's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The order makes no sense: unknown token, zero or absurd amounts, post-only with FOK or FAK.
    #[error("Invalid order payload")]
    InvalidPayload,
    /// The API key is not of the account that pays.
    #[error("the order owner has to be the owner of the API KEY")]
    OwnerMismatch,
    /// The account is banned.
    #[error("'{0}' address banned")]
    Banned(Address),
    /// The account may only sell what it has.
    #[error("'{0}' address in closed only mode")]
    ClosedOnly(Address),
    /// Signed for another exchange contract than the market's.
    #[error("order_version_mismatch")]
    VersionMismatch,
    /// Not active, not accepting orders, closed or resolved.
    #[error("the market is not yet ready to process new orders")]
    NotReady,
    /// More orders in one call than the venue takes.
    #[error("Too many orders in payload: {found}, max allowed: {max}")]
    TooManyOrders {
        /// Orders given.
        found: usize,
        /// Orders taken at most.
        max: usize,
    },
    /// More ids to cancel in one call than the venue takes.
    #[error("Too many orders in payload, max allowed: {max}")]
    TooManyCancels {
        /// Ids taken at most.
        max: usize,
    },
    /// A post-only order that would match.
    #[error("invalid post-only order: order crosses book")]
    PostOnlyCrosses,
    /// The amounts give a price off the grid, or outside `tick..=1 − tick`.
    #[error("order {} is invalid. Price ({price}) breaks minimum tick size rule: {tick}", Hex(.order))]
    Tick {
        /// The order.
        order: OrderHash,
        /// Price of the amounts.
        price: Micros,
        /// Tick in force.
        tick: Micros,
    },
    /// Below the market's smallest order.
    #[error("order {} is invalid. Size ({size}) lower than the minimum: {min}", Hex(.order))]
    Size {
        /// The order.
        order: OrderHash,
        /// Shares ordered.
        size: Micros,
        /// Smallest order in shares.
        min: Micros,
    },
    /// The hash is known.
    #[error("order {} is invalid. Duplicated.", Hex(.order))]
    Duplicated {
        /// The order.
        order: OrderHash,
    },
    /// Amounts with more decimals than the grid and the order type allow.
    #[error(
        "invalid amounts, the {} orders maker amount supports a max accuracy of {maker} decimals, \
         taker amount a max of {taker} decimals",
        .kind.word()
    )]
    Accuracy {
        /// Which rule.
        kind: AmountKind,
        /// Decimals of the maker amount.
        maker: u32,
        /// Decimals of the taker amount.
        taker: u32,
    },
    /// Balance, less what open and matched orders hold, does not cover the order.
    #[error(
        "not enough balance / allowance: the balance is not enough -> balance: {balance}{}, order \
         amount (inc. fees): {amount}",
        Sums { active: *.active, matched: *.matched }
    )]
    Balance {
        /// Balance on chain, micro units.
        balance: u64,
        /// What open orders hold.
        active: u64,
        /// What unsettled trades hold.
        matched: u64,
        /// What the order needs.
        amount: u64,
    },
    /// The exchange contract may not move as much as the order needs.
    #[error(
        "not enough balance / allowance: the allowance is not enough -> allowance: {allowance}, \
         order amount (inc. fees): {amount}"
    )]
    Allowance {
        /// What the contract may move, micro units.
        allowance: u64,
        /// What the order needs.
        amount: u64,
    },
    /// GTD too soon, or an expiration on another order type.
    #[error("invalid expiration")]
    Expiration,
    /// A FOK order that the book cannot fill.
    #[error("order couldn't be fully filled. FOK orders are fully filled or killed.")]
    FokKilled,
    /// A FAK order that nothing matches.
    #[error(
        "no orders found to match with FAK order. FAK orders are partially filled or killed if no \
         match is found."
    )]
    FakKilled,
    /// A marketable buy below one dollar.
    #[error("invalid amount for a marketable BUY order (${amount}), min size: $1")]
    MarketableMinimum {
        /// Dollars offered.
        amount: Micros,
    },
    /// Only post-only orders and cancels.
    #[error("post-only mode: only post-only orders and cancels are allowed")]
    PostOnlyMode,
    /// Only cancels.
    #[error(
        "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."
    )]
    CancelOnlyMode,
    /// Nothing works.
    #[error("Trading is currently disabled. Check polymarket.com for updates")]
    Disabled,
    /// The matching engine restarts.
    #[error("matching engine restarting")]
    Restarting,
    /// No such condition, or neither market nor token given.
    #[error("Invalid market")]
    InvalidMarket,
    /// A beat that does not continue the chain; the body carries the expected id.
    #[error("Invalid Heartbeat ID")]
    HeartbeatId {
        /// The id that would be right; 0 is the empty text that starts a chain.
        expected: u64,
    },
    /// One action per wallet is in flight already.
    #[error("wallet has in-flight action")]
    WalletBusy,
    /// A definition or an operation of the sandbox itself.
    #[error(transparent)]
    Setup(#[from] SetupFault),
}

impl Refusal {
    /// The beat that would have been right, where that is the refusal.
    pub fn expected_beat(self) -> Option<u64> {
        if let Self::HeartbeatId { expected } = self { Some(expected) } else { None }
    }

    /// HTTP status the venue answers with.
    pub const fn status(self) -> u16 {
        match self {
            Self::PostOnlyMode | Self::CancelOnlyMode | Self::Disabled => 503,
            Self::Restarting => 425,
            Self::InvalidPayload
            | Self::OwnerMismatch
            | Self::Banned(_)
            | Self::ClosedOnly(_)
            | Self::VersionMismatch
            | Self::NotReady
            | Self::TooManyOrders { .. }
            | Self::TooManyCancels { .. }
            | Self::PostOnlyCrosses
            | Self::Tick { .. }
            | Self::Size { .. }
            | Self::Duplicated { .. }
            | Self::Accuracy { .. }
            | Self::Balance { .. }
            | Self::Allowance { .. }
            | Self::Expiration
            | Self::FokKilled
            | Self::FakKilled
            | Self::MarketableMinimum { .. }
            | Self::InvalidMarket
            | Self::HeartbeatId { .. }
            | Self::WalletBusy
            | Self::Setup(_) => 400,
        }
    }
}

/// Which accuracy rule an order broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountKind {
    /// GTC or GTD.
    LimitBuy,
    /// GTC or GTD.
    LimitSell,
    /// FOK or FAK.
    MarketBuy,
    /// FOK or FAK.
    MarketSell,
}

impl AmountKind {
    const fn word(self) -> &'static str {
        match self {
            Self::LimitBuy => "buy",
            Self::LimitSell => "sell",
            Self::MarketBuy => "market buy",
            Self::MarketSell => "market sell",
        }
    }
}

/// Why the sandbox refused to be set up or moved as asked; no client of the venue sees these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SetupFault {
    /// A token id that is no decimal uint256.
    #[error("token ids are decimal uint256 texts without leading zeros; correct the definition")]
    TokenId,
    /// The texts are refused by the registry.
    #[error("condition or token ids are empty, not plain or taken; correct the definition")]
    Names,
    /// An unknown fee schedule, or one with an exponent above 2 or a rate above 1.
    #[error("fees must be known, with exponent 0..=2 and rate 0..=1; correct the definition")]
    Fees,
    /// An index that names nothing.
    #[error("no such market, group, account, key or trade; use an index that was handed out")]
    Unknown,
    /// An amount of zero or above what the exchange keeps.
    #[error("amounts lie in 1..=10^15 micro units and balances below 10^18; use a smaller one")]
    Amount,
    /// More than the balance.
    #[error("the balance does not cover it; move less")]
    Balance,
    /// The market is resolved, or its group already has its winner, or a half payout in a group.
    #[error("this payout cannot be: resolved already, second winner, or a half in a group")]
    Payout,
    /// The action names outcomes twice, none or all unknown, or a market that cannot do it.
    #[error("the action does not fit its market or group; check indices and resolution")]
    Action,
    /// A level or print from outside that the market cannot have.
    #[error("levels lie on the grid of a market that is not resolved, prints inside 0..1")]
    Outside,
    /// More than 32-bit indices can name.
    #[error("more definitions than 32-bit indices can name")]
    Full,
}

/// What a balance is held for; the venue leaves out a sum of zero.
struct Sums {
    active: u64,
    matched: u64,
}

impl fmt::Display for Sums {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, sum) in [("active", self.active), ("matched", self.matched)] {
            if sum > 0 {
                write!(out, ", sum of {name} orders: {sum}")?;
            }
        }
        Ok(())
    }
}

/// A wallet address, shown as the venue's lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(out, &self.0)
    }
}

/// An order hash shown as `0x` and 64 hex digits.
#[derive(Debug)]
pub struct Hex<'a>(pub &'a OrderHash);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(out, &self.0.0)
    }
}

fn write_hex(out: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    out.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}

/// Millionths shown as the shortest plain decimal: `0.48`, `5`, `839.43`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Micros(pub u64);

impl fmt::Display for Micros {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            return write!(out, "{whole}");
        }
        let text = format!("{rest:06}");
        write!(out, "{whole}.{}", text.trim_end_matches('0'))
    }
}

impl From<Qty> for Micros {
    fn from(qty: Qty) -> Self {
        Self(qty.0)
    }
}

impl From<Price> for Micros {
    fn from(price: Price) -> Self {
        Self(u64::from(price.micros()))
    }
}

impl From<TickSize> for Micros {
    fn from(tick: TickSize) -> Self {
        Self(u64::from(tick.micros()))
    }
}
