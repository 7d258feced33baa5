//! The signal generator of RAZOR_SPEC §8, one step per evaluated set.
//!
//! Owns: the gate, the dedup keys and the signal ids. A signal's id is used up and its key's time
//! stored the moment it is emitted; what the receiver does with it does not matter here.
//!
//! Staleness is judged on the *oldest* proof of currency among the legs (INVARIANTS S-18). The
//! predecessor took the newest leg, so one live leg hid any number of frozen ones. Its replay has
//! no staleness test and prunes nothing: [`BrainParams::max_staleness`] is `None` there.
//!
//! Bounded: keys whose cooldown is over have no effect and are dropped when the map is full; if it
//! is still full the quote is suppressed and counted, never an older cooldown reopened.

use std::collections::BTreeMap;

use thiserror::Error;

use super::bucket::{tick_view, worst_leg_bucket};
use super::{LegQuote, SetQuote, Signal, SignalLeg, VenueEdge};
use crate::fees::marginal_fee_ceil;
use crate::ids::SetIx;
use crate::market::MAX_LEGS;
use crate::shadow::exact::PicoShares;
use crate::units::{Bps, Nanos, Usdc};

/// 200 bps per buy and 10 bps per merge, the frozen fee model.
const HARD_FEES: Bps = Bps::new(210);
const PRUNE_EVERY_MS: i64 = 60_000;
const KEY_TTL_MS: i64 = 3_600_000;
/// Micro-dollars in one basis point of a dollar.
const MICROS_PER_BP: u32 = 100;
/// Keys kept at most; about 100 bytes each.
const MAX_KEYS: usize = 1_000_000;

/// What the generator is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrainParams {
    /// `brain.risk_premium_bps`.
    pub risk_premium: Bps,
    /// `brain.min_net_edge_bps`; a net edge equal to it passes.
    pub min_net_edge: Bps,
    /// `brain.q_req`, shares per leg, above zero.
    pub q_req: PicoShares,
    /// `brain.signal_cooldown_ms`; exactly the cooldown passes.
    pub cooldown_ms: i64,
    /// `brain.max_snapshot_staleness_ms`; `None` = no staleness test and no pruning (the
    /// predecessor's replay).
    pub max_staleness: Option<Nanos>,
}

/// Why parameters were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BrainError {
    /// `q_req` is not above zero.
    #[error("brain.q_req is {pico} pico-shares; it must be above 0")]
    QReq {
        /// The value.
        pico: i128,
    },
    /// A negative cooldown or staleness limit.
    #[error("brain.signal_cooldown_ms and max_snapshot_staleness_ms must not be negative")]
    NegativeTime,
}

/// Why a quote gave no signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suppression {
    /// Fewer than two or more than 64 legs.
    BadLegs,
    /// The oldest proof of currency among the legs is too old.
    Stale,
    /// `expected_net` under the gate.
    BelowEdge,
    /// The key of this set and price cell signalled less than the cooldown ago.
    Cooldown,
    /// All keys are in their cooldown and the map is at its limit.
    KeysFull,
}

/// What became of one quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrainOutcome {
    /// A signal.
    Signal(Box<Signal>),
    /// None, and why.
    Suppressed(Suppression),
}

/// How many quotes ended how, since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BrainCounters {
    /// Quotes given to [`Brain::step`].
    pub evaluated: u64,
    /// Signals emitted.
    pub signals_emitted: u64,
    /// [`Suppression::Cooldown`], the predecessor's `signals_suppressed`.
    pub signals_suppressed: u64,
    /// [`Suppression::Stale`], the predecessor's `snapshots_stale_skipped`.
    pub stale: u64,
    /// [`Suppression::BelowEdge`].
    pub below_edge: u64,
    /// [`Suppression::BadLegs`].
    pub bad_legs: u64,
    /// [`Suppression::KeysFull`].
    pub keys_full: u64,
}

/// The frozen arithmetic of one quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge {
    raw_cost: Bps,
    gross: Bps,
    expected_net: Bps,
    sum_ask_micros: u32,
}

/// A set and a cell of two basis points of its raw cost.
type Key = (SetIx, i32);

/// The signal generator. Cost of a step without a signal: one pass over the legs.
#[derive(Debug, Clone)]
pub struct Brain {
    params: BrainParams,
    next_id: u64,
    last_emit_ms: BTreeMap<Key, i64>,
    last_prune_ms: Option<i64>,
    counters: BrainCounters,
}

impl Brain {
    /// A generator whose first signal has the id `first_id` (1 in a new run).
    ///
    /// # Errors
    /// [`BrainError`] names the parameter that is out of range.
    pub fn new(params: BrainParams, first_id: u64) -> Result<Self, BrainError> {
        if params.q_req.0 <= 0 {
            return Err(BrainError::QReq { pico: params.q_req.0 });
        }
        if params.cooldown_ms < 0 || params.max_staleness.is_some_and(|limit| limit.0 < 0) {
            return Err(BrainError::NegativeTime);
        }
        Ok(Self {
            params,
            next_id: first_id,
            last_emit_ms: BTreeMap::new(),
            last_prune_ms: None,
            counters: BrainCounters::default(),
        })
    }

    /// Judges one set at `now`. All legs must come from one state of the books.
    pub fn step(&mut self, now: Nanos, quote: &SetQuote<'_>) -> BrainOutcome {
        self.counters.evaluated = self.counters.evaluated.saturating_add(1);
        match self.decide(now, quote) {
            Ok(edge) => BrainOutcome::Signal(Box::new(self.emit(now, quote, edge))),
            Err(cause) => {
                self.count(cause);
                BrainOutcome::Suppressed(cause)
            }
        }
    }

    /// Counters since the start of the run.
    pub fn counters(&self) -> BrainCounters {
        self.counters
    }

    /// The id the next signal will get.
    pub fn next_id(&self) -> u64 {
        self.next_id
    }

    fn decide(&mut self, now: Nanos, quote: &SetQuote<'_>) -> Result<Edge, Suppression> {
        let now_ms = now.millis_floor();
        self.prune_if_due(now_ms);
        if !(2..=MAX_LEGS).contains(&quote.legs.len()) {
            return Err(Suppression::BadLegs);
        }
        if self.is_stale(now, quote.legs) {
            return Err(Suppression::Stale);
        }
        let edge = frozen_edge(quote.legs, self.params.risk_premium);
        let edge = edge.ok_or(Suppression::BelowEdge)?;
        if edge.expected_net < self.params.min_net_edge {
            return Err(Suppression::BelowEdge);
        }
        self.claim((quote.set, price_cell(edge.raw_cost)), now_ms)?;
        Ok(edge)
    }

    fn is_stale(&self, now: Nanos, legs: &[LegQuote]) -> bool {
        let oldest = legs.iter().map(|leg| leg.proof).min();
        match (self.params.max_staleness, oldest) {
            (Some(limit), Some(proof)) => now.0.saturating_sub(proof.0) > limit.0,
            (None, _) | (_, None) => false,
        }
    }

    /// Takes the key for this moment unless its cooldown still runs.
    fn claim(&mut self, key: Key, now_ms: i64) -> Result<(), Suppression> {
        if let Some(last) = self.last_emit_ms.get(&key) {
            // A clock that went back must not reopen a cooldown: negative ages count as zero.
            if now_ms.saturating_sub(*last).max(0) < self.params.cooldown_ms {
                return Err(Suppression::Cooldown);
            }
        } else if self.last_emit_ms.len() >= MAX_KEYS {
            let cooldown_ms = self.params.cooldown_ms;
            self.last_emit_ms.retain(|_, last| now_ms.saturating_sub(*last) < cooldown_ms);
            if self.last_emit_ms.len() >= MAX_KEYS {
                return Err(Suppression::KeysFull);
            }
        }
        self.last_emit_ms.insert(key, now_ms);
        Ok(())
    }

    fn prune_if_due(&mut self, now_ms: i64) {
        if self.params.max_staleness.is_none() {
            return;
        }
        let last = *self.last_prune_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(last) >= PRUNE_EVERY_MS {
            self.last_prune_ms = Some(now_ms);
            self.last_emit_ms.retain(|_, at| *at >= now_ms.saturating_sub(KEY_TTL_MS));
        }
    }

    fn emit(&mut self, now: Nanos, quote: &SetQuote<'_>, edge: Edge) -> Signal {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        self.counters.signals_emitted = self.counters.signals_emitted.saturating_add(1);
        let (bucket, reasons) = worst_leg_bucket(quote.legs);
        Signal {
            id,
            ts: now,
            set: quote.set,
            q_req: self.params.q_req,
            raw_cost: edge.raw_cost,
            raw_edge: edge.gross,
            hard_fees: HARD_FEES,
            risk_premium: self.params.risk_premium,
            expected_net: edge.expected_net,
            bucket,
            ticks: tick_view(quote.legs, &bucket),
            legs: quote.legs.iter().map(signal_leg).collect(),
            reasons,
            venue: venue_edge(quote.legs, edge.sum_ask_micros),
        }
    }

    fn count(&mut self, cause: Suppression) {
        let counters = &mut self.counters;
        let counter = match cause {
            Suppression::BadLegs => &mut counters.bad_legs,
            Suppression::Stale => &mut counters.stale,
            Suppression::BelowEdge => &mut counters.below_edge,
            Suppression::Cooldown => &mut counters.signals_suppressed,
            Suppression::KeysFull => &mut counters.keys_full,
        };
        *counter = counter.saturating_add(1);
    }
}

/// `None` when a difference leaves 32 bits, which only parameters far out of range can do.
fn frozen_edge(legs: &[LegQuote], risk_premium: Bps) -> Option<Edge> {
    // 64 legs of at most 1,000,000 micro-dollars stay far below 2^32.
    let sum_micros =
        legs.iter().map(|leg| leg.frozen_ask().micros()).fold(0_u32, u32::saturating_add);
    // A sum of micro-dollars lies on a grid of 0.01 bp, so the epsilon of 1e-9 bp never bites.
    let raw_cost = Bps::new(i32::try_from(sum_micros.div_ceil(MICROS_PER_BP)).ok()?);
    let raw_edge = Bps::ONE_HUNDRED_PERCENT.minus(raw_cost).ok()?;
    let after_fees = raw_edge.minus(HARD_FEES).ok()?;
    let expected_net = after_fees.minus(risk_premium).ok()?;
    Some(Edge { raw_cost, gross: raw_edge, expected_net, sum_ask_micros: sum_micros })
}

/// The frozen net edge of one set without gate or cooldown (RAZOR_SPEC §8.2), as probes sample it.
///
/// `None` when it leaves 32 bits, which only a premium far out of range can bring about.
pub fn expected_net(legs: &[LegQuote], risk_premium: Bps) -> Option<Bps> {
    frozen_edge(legs, risk_premium).map(|edge| edge.expected_net)
}

/// `(raw_cost / 2) · 2`, division toward zero: clears the last bit of a cost at or above zero.
const fn price_cell(raw_cost: Bps) -> i32 {
    raw_cost.raw() & !1
}

fn signal_leg(leg: &LegQuote) -> SignalLeg {
    SignalLeg { token: leg.token, limit: leg.frozen_ask(), bid: leg.frozen_bid() }
}

fn venue_edge(legs: &[LegQuote], sum_micros: u32) -> VenueEdge {
    let sum_fee = legs.iter().try_fold(Usdc::ZERO, |sum, leg| {
        let fee = marginal_fee_ceil(leg.fees, leg.frozen_ask()).ok()?;
        sum.plus(fee).ok()
    });
    VenueEdge { sum_ask: Usdc(i64::from(sum_micros)), sum_fee }
}

#[cfg(test)]
mod tests;
