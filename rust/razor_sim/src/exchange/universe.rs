//! Markets, their grids and flags, and neg-risk groups.
//!
//! Owns: what a market is ([`MarketSpec`]), how it stands ([`Market`]), and the collateral that its
//! tokens are backed with.
//!
//! Invariants: a market of a group keeps its collateral in the group; a resolved market is closed.

use razor_core::ids::{MarketIx, Outcome};
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::Fine;

use super::book::Book;
use super::refusal::SetupFault;
use super::{GroupIx, Spender};

/// A price beyond which a market moves to its finer grid (PROTOCOL §1.2).
const HIGH: Fine = Fine(9_600);
const LOW: Fine = Fine(400);
const MAX_EXPONENT: u8 = 2;
const MAX_RATE_PPM: u32 = 1_000_000;
/// 2^256 − 1.
const MAX_TOKEN: &str =
    "115792089237316195423570985008687907853269984665640564039457584007913129639935";

/// Which contracts a market lives in (PROTOCOL §1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Conditional Tokens, exchange V2, collateral adapters.
    V1,
    /// Position manager, exchange V3, router.
    V2,
}

/// Whether a market can be traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags {
    /// Deployed.
    pub is_active: bool,
    /// Its book takes orders.
    pub accepts_orders: bool,
    /// Finished.
    pub is_closed: bool,
}

impl Flags {
    /// A market that trades.
    pub const OPEN: Self = Self { is_active: true, accepts_orders: true, is_closed: false };
}

/// What a resolved market pays, per share of its two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payout {
    /// One dollar for YES.
    Yes,
    /// One dollar for NO.
    No,
    /// Half a dollar each.
    Half,
}

impl Payout {
    /// Halves of a dollar that a share of an outcome pays.
    pub const fn halves(self, outcome: Outcome) -> u64 {
        match (self, outcome) {
            (Self::Yes, Outcome::Yes) | (Self::No, Outcome::No) => 2,
            (Self::Half, Outcome::Yes | Outcome::No) => 1,
            (Self::Yes, Outcome::No) | (Self::No, Outcome::Yes) => 0,
        }
    }
}

/// A market as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketSpec {
    /// Condition id as the wire spells it.
    pub condition_id: Box<str>,
    /// Token ids, decimal uint256, `outcomes[0]` first.
    pub token_ids: [Box<str>; 2],
    /// Labels of the outcomes.
    pub outcomes: [Box<str>; 2],
    /// Grid.
    pub tick: TickSize,
    /// Smallest order in shares.
    pub min_order_qty: Qty,
    /// Fee schedule, taker only.
    pub fees: Fees,
    /// Neg-risk group, in which it is the next outcome.
    pub group: Option<GroupIx>,
    /// Contracts.
    pub protocol: Protocol,
    /// Whether the grid becomes finer beyond 0.96 and 0.04.
    pub has_dynamic_tick: bool,
    /// How long marketable orders wait (`sd`, `itode`); zero is at once.
    pub taker_delay: Nanos,
    /// When the game starts.
    pub game_start: Option<Nanos>,
    /// Whether the book is emptied then (`cbos`).
    pub clears_book_on_start: bool,
    /// Flags.
    pub flags: Flags,
}

impl MarketSpec {
    /// Checks what the registry does not.
    pub(super) fn check(&self) -> Result<(), SetupFault> {
        if !self.token_ids.iter().all(|text| is_uint256(text)) {
            return Err(SetupFault::TokenId);
        }
        match self.fees {
            Fees::Free => Ok(()),
            Fees::Taker { rate_ppm, exponent }
                if rate_ppm <= MAX_RATE_PPM && exponent <= MAX_EXPONENT =>
            {
                Ok(())
            }
            Fees::Taker { .. } | Fees::Unknown => Err(SetupFault::Fees),
        }
    }

    /// Contract that orders of the market are signed for.
    pub const fn exchange(&self) -> Spender {
        match (self.protocol, self.group) {
            (Protocol::V2, _) => Spender::ExchangeV3,
            (Protocol::V1, None) => Spender::Exchange,
            (Protocol::V1, Some(_)) => Spender::NegRiskExchange,
        }
    }

    /// Contract that splits, merges, converts and redeems.
    pub const fn adapter(&self) -> Spender {
        match (self.protocol, self.group) {
            (Protocol::V2, _) => Spender::Router,
            (Protocol::V1, None) => Spender::Adapter,
            (Protocol::V1, Some(_)) => Spender::NegRiskAdapter,
        }
    }
}

/// Whether a text is a token id: decimal uint256 without leading zeros.
pub(crate) fn is_uint256(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let fits = text.len() < MAX_TOKEN.len() || (text.len() == MAX_TOKEN.len() && text <= MAX_TOKEN);
    is_plain && fits && !text.is_empty()
}

/// A listed market.
#[derive(Debug, Clone)]
pub struct Market {
    /// As listed; the grid may have changed since.
    pub spec: MarketSpec,
    /// Grid in force.
    pub tick: TickSize,
    /// Flags in force.
    pub flags: Flags,
    /// Last print in terms of YES, with the taker's way there.
    pub last: Option<(Fine, Side)>,
    /// What it pays, once resolved.
    pub payout: Option<Payout>,
    pub(super) book: Book,
    /// Micro-dollars behind its tokens; 0 in a group, which keeps them together.
    pub(super) locked: u64,
    /// Best prices as last told.
    pub(super) told: (Option<Fine>, Option<Fine>),
}

impl Market {
    pub(super) fn new(spec: MarketSpec) -> Self {
        Self {
            tick: spec.tick,
            flags: spec.flags,
            last: None,
            payout: None,
            book: Book::default(),
            locked: 0,
            told: (None, None),
            spec,
        }
    }

    /// Whether it takes orders.
    pub const fn takes_orders(&self) -> bool {
        self.flags.is_active
            && self.flags.accepts_orders
            && !self.flags.is_closed
            && self.payout.is_none()
    }

    /// The grid it should move to, if its last price is beyond the bounds.
    pub(super) fn finer_tick(&self) -> Option<TickSize> {
        let (price, _) = self.last?;
        if !self.spec.has_dynamic_tick || (LOW..=HIGH).contains(&price) {
            return None;
        }
        finer(self.tick)
    }
}

/// The grid that follows: the venue's next one of which the old is a multiple.
fn finer(tick: TickSize) -> Option<TickSize> {
    let micros = match tick.micros() {
        100_000 => 10_000,
        10_000 | 5_000 => 1_000,
        2_500 => 100,
        _ => return None,
    };
    TickSize::from_micros(micros).ok()
}

/// Markets of which exactly one resolves YES.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its `negRiskMarketID`.
    pub key: Box<str>,
    /// Whether unnamed outcomes exist beside the listed ones.
    pub is_augmented: bool,
    /// Outcomes in order.
    pub markets: Vec<MarketIx>,
    /// The outcome that won.
    pub winner: Option<MarketIx>,
    /// Micro-dollars behind the tokens of all its markets.
    pub(super) locked: u64,
}
