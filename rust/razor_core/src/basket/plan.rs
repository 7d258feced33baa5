//! What the desk is told: a signal, the rules, and what the books show.

use crate::ids::{SetIx, TokenIx};
use crate::market::{Fees, Settlement};
use crate::signal::bucket::Bucket;
use crate::units::{Bps, Nanos, Price, Qty, TickSize};

/// One leg of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LegPlan {
    /// The outcome token.
    pub token: TokenIx,
    /// The best ask at the signal: no order of this leg may drift far above it (S-07).
    pub limit: Price,
    /// Smallest order the venue takes here.
    pub min_order_qty: Qty,
    /// Fee schedule; unknown refuses the set (S-24).
    pub fees: Fees,
}

/// One signal as the desk needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Number of the signal within its run.
    pub signal_id: u64,
    /// Engine time of the signal.
    pub ts: Nanos,
    /// The set; what cooldowns and tables call its market.
    pub set: SetIx,
    /// The event whose exposure this set adds to.
    pub event: u32,
    /// Shares asked for on every leg.
    pub qty: Qty,
    /// Net edge on the frozen basis: the source of the chase budget.
    pub expected_net: Bps,
    /// Bucket of the worst leg.
    pub bucket: Bucket,
    /// The worst leg, fired first.
    pub worst: u8,
    /// How whole sets turn into cash.
    pub settlement: Settlement,
    /// The venue delays takers here (F-21).
    pub is_delayed: bool,
    /// A market of the set is being resolved (F-55).
    pub is_resolving: bool,
    /// Legs in table order, 2..=64.
    pub legs: Vec<LegPlan>,
}

impl Plan {
    /// The worst leg, then the others by index: a fixed total order (S-15).
    pub fn leg_order(&self) -> impl Iterator<Item = u8> + '_ {
        let count = u8::try_from(self.legs.len()).unwrap_or(u8::MAX);
        core::iter::once(self.worst).chain((0..count).filter(move |leg| *leg != self.worst))
    }
}

/// What a token's book shows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quote {
    /// Best bid and its size; the size is zero where the source has none.
    pub bid: Option<(Price, Qty)>,
    /// Best ask and its size.
    pub ask: Option<(Price, Qty)>,
    /// Price grid in force.
    pub tick: TickSize,
    /// Whether the book is live and proven recently enough to price an order (S-18).
    pub is_current: bool,
    /// Age of the last proof.
    pub age: Nanos,
    /// When a message last changed or confirmed this book.
    pub changed: Nanos,
}

/// What the desk may look at besides its own state.
pub trait View {
    /// The book of a token; `None` when there is none.
    fn quote(&self, token: TokenIx) -> Option<Quote>;

    /// Which event a token belongs to: a number that only says which tokens share one.
    fn event(&self, token: TokenIx) -> u32 {
        token.split().0.0
    }

    /// Whether a set is still what it was when it was chosen (S-16).
    fn is_unchanged(&self, _set: SetIx) -> bool {
        true
    }
}

/// How long the desk waits for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waits {
    /// For the answer to an order.
    pub answer: Nanos,
    /// Between two questions about an open order.
    pub poll: Nanos,
    /// For the proof of an outcome, before the fence and again after it.
    pub resolve: Nanos,
    /// For late arrivals of an order that ended by absence.
    pub late: Nanos,
    /// For a book newer than the last flatten answer: `oms.flatten_wait_ms`.
    pub flatten_wait: Nanos,
    /// For all of a flatten (L-3).
    pub flatten: Nanos,
    /// For the chain: `oms.settle_deadline_ms`.
    pub settle: Nanos,
    /// For the buying part of a set (L-1).
    pub set: Nanos,
    /// Between two sets of one market: `live.cooldown_ms`.
    pub cooldown: Nanos,
}

/// The rules a desk plays by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rules {
    /// Most a chase may cost: `live.chase_cap_bps`.
    pub chase_cap: Bps,
    /// First chase step: `live.ladder_step1_bps`.
    pub chase_step: Bps,
    /// Panic steps: `live.flatten_lvl1_bps` … `lvl3`.
    pub flatten: [Bps; 3],
    /// Panic attempts per leftover, 1..=3: `live.flatten_max_attempts`.
    pub flatten_attempts: u8,
    /// Signals that may wait for their turn.
    pub queue: usize,
    /// How long to wait.
    pub waits: Waits,
}
