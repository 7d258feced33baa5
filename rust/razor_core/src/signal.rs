//! Signals: what the frozen rules see of a set, and what they say about it.
//!
//! Owns: the quote of a set as the rules read it ([`SetQuote`]), the worst-leg bucket
//! ([`bucket`]), the signal generator ([`brain`]), the codes both leave behind ([`Reasons`]), and
//! what both would say of a set over a while ([`probe`]).
//!
//! Must never: hold a float, read a clock, or invent a value the venue did not give. Where the
//! frozen rules want a number for an absent side they say which one: ask 1.0, bid 0.0.
//!
//! Invariants:
//! - the same quotes in the same order give the same signals with the same ids;
//! - a signal id is used once, and ids only grow;
//! - every quote ends in exactly one outcome, a signal or a counted suppression.

pub mod brain;
pub mod bucket;
pub mod probe;
mod reason;

pub use brain::{Brain, BrainCounters, BrainOutcome, BrainParams, Suppression};
pub use bucket::{Bucket, BucketMetrics, TickView};
pub use reason::{Reason, Reasons};

use crate::ids::{SetIx, TokenIx};
use crate::market::Fees;
use crate::shadow::exact::PicoShares;
use crate::units::{Bps, Nanos, Price, Qty, TickSize, Usdc};

/// Ask-side depth of the three best levels, `Σ price·size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth3 {
    /// The exact value in 10⁻¹² USDC (a product of micro-dollars and micro-shares).
    Known {
        /// Value in 10⁻¹² USDC; may be zero, never NaN.
        pico_usdc: i128,
    },
    /// The source gave something that is not a finite number.
    NotFinite,
    /// The source has no sizes at all (quote tables).
    Unknown,
}

impl Depth3 {
    /// The depth of the three lowest-priced levels with price and size above zero.
    ///
    /// Levels come best first. Saturates at the largest representable value, which the bucket
    /// treats as a suspect unit anyway.
    pub fn of_levels(levels: impl IntoIterator<Item = (Price, Qty)>) -> Self {
        let pico_usdc = levels
            .into_iter()
            .filter(|(price, qty)| *price > Price::ZERO && *qty > Qty::ZERO)
            .take(3)
            .map(|(price, qty)| i128::from(price.micros()).saturating_mul(i128::from(qty.0)))
            .fold(0_i128, i128::saturating_add);
        Self::Known { pico_usdc }
    }
}

/// One leg of a set as seen at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegQuote {
    /// The outcome token.
    pub token: TokenIx,
    /// Best bid; `None` when nobody bids.
    pub best_bid: Option<Price>,
    /// Size at the best bid; `None` when the source has no sizes.
    pub bid_qty: Option<Qty>,
    /// Best ask; `None` when nobody offers.
    pub best_ask: Option<Price>,
    /// Size at the best ask; `None` when the source has no sizes.
    pub ask_qty: Option<Qty>,
    /// Ask depth of three levels.
    pub ask_depth3: Depth3,
    /// When the leg last changed, receive clock.
    pub recv: Nanos,
    /// Last proof that the leg is current (INVARIANTS S-18), receive clock.
    pub proof: Nanos,
    /// Price grid in force.
    pub tick: TickSize,
    /// The market's fee schedule.
    pub fees: Fees,
}

impl LegQuote {
    /// The ask the frozen rules compute with: 1.0 when nobody offers.
    pub fn frozen_ask(&self) -> Price {
        self.best_ask.unwrap_or(Price::ONE)
    }

    /// The bid the frozen rules compute with: 0.0 when nobody bids.
    pub fn frozen_bid(&self) -> Price {
        self.best_bid.unwrap_or(Price::ZERO)
    }
}

/// All legs of a set, read together from one state of the books.
#[derive(Debug, Clone, Copy)]
pub struct SetQuote<'a> {
    /// The set.
    pub set: SetIx,
    /// Its legs in table order.
    pub legs: &'a [LegQuote],
}

/// One leg of a signal. The side is always BUY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalLeg {
    /// The outcome token.
    pub token: TokenIx,
    /// Limit: the best ask at the signal (1.0 when absent).
    pub limit: Price,
    /// Best bid at the signal, frozen for the dump of leftovers (0.0 when absent).
    pub bid: Price,
}

/// What the venue itself would charge for one complete set at the signal, in micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VenueEdge {
    /// `Σ asks` of one set.
    pub sum_ask: Usdc,
    /// `Σ` marginal taker fees of one set, each rounded up; `None` when a schedule is unknown.
    pub sum_fee: Option<Usdc>,
}

impl VenueEdge {
    /// `1 − Σ asks − Σ fees` of one set in micro-dollars; `None` when a fee is unknown.
    pub fn edge(&self) -> Option<Usdc> {
        const ONE_SET: Usdc = Usdc(1_000_000);
        ONE_SET.minus(self.sum_ask).ok()?.minus(self.sum_fee?).ok()
    }
}

/// A decision of the frozen rules that a set is worth buying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Number of the signal within its run, from 1.
    pub id: u64,
    /// Engine time of the decision.
    pub ts: Nanos,
    /// The set.
    pub set: SetIx,
    /// Shares asked for on every leg.
    pub q_req: PicoShares,
    /// `Σ asks`, rounded up.
    pub raw_cost: Bps,
    /// `10000 − raw_cost`.
    pub raw_edge: Bps,
    /// The frozen 200 + 10.
    pub hard_fees: Bps,
    /// The configured premium.
    pub risk_premium: Bps,
    /// `raw_edge − hard_fees − risk_premium`.
    pub expected_net: Bps,
    /// Worst-leg bucket and its inputs.
    pub bucket: BucketMetrics,
    /// The tick-based view shown beside it.
    pub ticks: TickView,
    /// Legs in table order.
    pub legs: Vec<SignalLeg>,
    /// Codes found so far.
    pub reasons: Reasons,
    /// The venue's own price of the set.
    pub venue: VenueEdge,
}

impl Signal {
    /// Time of the decision in whole milliseconds, the clock of the frozen windows.
    pub fn ts_ms(&self) -> i64 {
        self.ts.millis_floor()
    }
}
