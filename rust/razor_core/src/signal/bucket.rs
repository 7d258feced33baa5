//! The liquidity bucket: worst-leg rule of RAZOR_SPEC §7, on exact numbers.
//!
//! The predecessor's epsilon of 10⁻⁹ basis points is an exact fraction here. A depth that is not a
//! finite number, or absent, degrades the leg; the set is then Thin whatever else holds.
//!
//! The frozen Liquid limit (spread under 20 bps of mid) cannot be met on a 0.01 grid: one tick is
//! at least 101 bps. [`TickView`] therefore says beside it what the spread is in ticks, and whether
//! the market could be Liquid at all. It decides nothing.

use super::{Depth3, LegQuote, Reason, Reasons};
use crate::units::{Price, TickSize};

/// A Liquid spread is below this many basis points of mid.
const LIQUID_SPREAD_BPS: i32 = 20;
/// A Liquid depth is above 500 USDC, in 10⁻¹² USDC.
const LIQUID_DEPTH_PICO: i128 = 500_000_000_000_000;
/// Depths above 10,000,000 USDC are taken for a unit mistake, in 10⁻¹² USDC.
const SANE_DEPTH_PICO: i128 = 10_000_000_000_000_000_000;
/// What the frozen tables show for a spread that cannot be computed.
const INVALID_SPREAD: i32 = i32::MAX;
const NANO: i128 = 1_000_000_000;
/// `10000 / mid = 20000 / (ask + bid)`.
const TWICE_BPS: i128 = 20_000;

/// How liquid the worst leg of a set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Tight and deep.
    Liquid,
    /// Everything else.
    Thin,
}

impl Bucket {
    /// The lower-case word of `shadow_log.csv`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Liquid => "liquid",
            Self::Thin => "thin",
        }
    }
}

/// The frozen bucket and what it was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketMetrics {
    /// The bucket.
    pub bucket: Bucket,
    /// Position of the worst leg; 0 when all depths rank as infinite.
    pub worst_leg: usize,
    /// Spread of the worst leg in bps of mid, rounded up; `i32::MAX` when it has none.
    pub worst_spread_bps: i32,
    /// Depth of the worst leg in 10⁻¹² USDC; `None` (NaN in the tables) when any leg is degraded.
    pub worst_depth3_pico: Option<i128>,
    /// Whether any leg's depth is degraded.
    pub is_depth3_degraded: bool,
}

impl BucketMetrics {
    /// Whether the worst leg has a spread.
    pub const fn has_spread(&self) -> bool {
        self.worst_spread_bps != INVALID_SPREAD
    }
}

/// The bucket as it would be counted in ticks, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickView {
    /// Liquid when the worst leg is at most one tick wide, deep enough and not degraded.
    pub bucket: Bucket,
    /// Spread of the worst leg in ticks, rounded up; `None` without a two-sided book.
    pub spread_ticks: Option<u32>,
    /// Whether every leg could be Liquid with a spread of one tick at its present mid.
    pub could_be_liquid_now: bool,
    /// Whether every leg's grid allows Liquid at any price.
    pub could_ever_be_liquid: bool,
}

/// The frozen bucket of a set with the codes it raises.
pub fn worst_leg_bucket(legs: &[LegQuote]) -> (BucketMetrics, Reasons) {
    let worst_leg = worst_leg_index(legs);
    let is_depth3_degraded = legs.is_empty() || legs.iter().any(|leg| is_degraded(leg.ask_depth3));
    let worst = legs.get(worst_leg);
    let worst_spread_bps =
        worst.map_or(INVALID_SPREAD, |leg| spread_bps(leg.frozen_bid(), leg.frozen_ask()));
    let depth = worst.and_then(|leg| ranking_depth(leg.ask_depth3));
    let worst_depth3_pico = if is_depth3_degraded { None } else { depth };
    let is_liquid = worst_spread_bps < LIQUID_SPREAD_BPS
        && worst_depth3_pico.is_some_and(|pico| pico > LIQUID_DEPTH_PICO);
    let bucket = if is_liquid { Bucket::Liquid } else { Bucket::Thin };
    let metrics = BucketMetrics {
        bucket,
        worst_leg,
        worst_spread_bps,
        worst_depth3_pico,
        is_depth3_degraded,
    };
    (metrics, reasons_of(&metrics, legs))
}

fn reasons_of(metrics: &BucketMetrics, legs: &[LegQuote]) -> Reasons {
    let mut reasons = Reasons::NONE;
    let is_blind = metrics.is_depth3_degraded || !metrics.has_spread();
    reasons.add_if(metrics.bucket == Bucket::Thin && is_blind, Reason::BucketThinNan);
    let suspect = legs.iter().any(
        |leg| matches!(leg.ask_depth3, Depth3::Known { pico_usdc } if pico_usdc > SANE_DEPTH_PICO),
    );
    reasons.add_if(suspect, Reason::DepthUnitSuspect);
    reasons
}

/// The leg with the smallest ranking depth, the first one on ties, 0 when none ranks.
fn worst_leg_index(legs: &[LegQuote]) -> usize {
    let ranked = legs
        .iter()
        .enumerate()
        .filter_map(|(index, leg)| ranking_depth(leg.ask_depth3).map(|depth| (depth, index)));
    ranked.min().map_or(0, |(_, index)| index)
}

/// The depth as ranked: `None` stands for plus infinity.
fn ranking_depth(depth: Depth3) -> Option<i128> {
    match depth {
        Depth3::Known { pico_usdc } => {
            (0..=SANE_DEPTH_PICO).contains(&pico_usdc).then_some(pico_usdc)
        }
        Depth3::NotFinite | Depth3::Unknown => None,
    }
}

/// Whether a depth is absent, zero, or beyond what a market can hold.
pub(super) fn is_degraded(depth: Depth3) -> bool {
    match depth {
        Depth3::Known { pico_usdc } => pico_usdc <= 0 || pico_usdc > SANE_DEPTH_PICO,
        Depth3::NotFinite | Depth3::Unknown => true,
    }
}

/// `ceil((ask − bid)/mid · 10000 − 1e-9)`, `i32::MAX` without a two-sided, uncrossed book.
pub fn spread_bps(bid: Price, ask: Price) -> i32 {
    if bid == Price::ZERO || ask == Price::ZERO || ask < bid {
        return INVALID_SPREAD;
    }
    let (bid, ask) = (i128::from(bid.micros()), i128::from(ask.micros()));
    ceil_spread(ask.saturating_sub(bid), ask.saturating_add(bid))
}

/// `ceil(width · 20000 / sum − 1e-9)` for micro-dollars at most 2,000,000: nothing saturates.
fn ceil_spread(width: i128, sum: i128) -> i32 {
    let numerator = width.saturating_mul(TWICE_BPS).saturating_mul(NANO).saturating_sub(sum);
    let denominator = sum.saturating_mul(NANO);
    let floor_of_negated = numerator.saturating_neg().checked_div_euclid(denominator);
    floor_of_negated
        .and_then(|floor| i32::try_from(floor.saturating_neg()).ok())
        .unwrap_or(INVALID_SPREAD)
}

/// Whether a market on this grid can be Liquid at its best price: one tick wide below one dollar.
pub fn could_ever_be_liquid(tick: TickSize) -> bool {
    let ask = Price::ONE.micros().saturating_sub(tick.micros());
    could_be_liquid_at(tick, ask.saturating_mul(2).saturating_sub(tick.micros()))
}

/// Whether one tick is under the Liquid limit at this `ask + bid` in micro-dollars.
fn could_be_liquid_at(tick: TickSize, sum_micros: u32) -> bool {
    sum_micros > 0
        && ceil_spread(i128::from(tick.micros()), i128::from(sum_micros)) < LIQUID_SPREAD_BPS
}

/// The tick-based view of a set; `metrics` is the frozen bucket of the same legs.
pub fn tick_view(legs: &[LegQuote], metrics: &BucketMetrics) -> TickView {
    let spread_ticks = legs.get(metrics.worst_leg).and_then(ticks_wide);
    let deep = metrics.worst_depth3_pico.is_some_and(|pico| pico > LIQUID_DEPTH_PICO);
    let tight = spread_ticks.is_some_and(|ticks| ticks <= 1);
    let every = |test: fn(&LegQuote) -> bool| !legs.is_empty() && legs.iter().all(test);
    TickView {
        bucket: if tight && deep { Bucket::Liquid } else { Bucket::Thin },
        spread_ticks,
        could_be_liquid_now: every(|leg| {
            let sum = leg.frozen_ask().micros().saturating_add(leg.frozen_bid().micros());
            could_be_liquid_at(leg.tick, sum)
        }),
        could_ever_be_liquid: every(|leg| could_ever_be_liquid(leg.tick)),
    }
}

fn ticks_wide(leg: &LegQuote) -> Option<u32> {
    let (bid, ask) = (leg.best_bid?, leg.best_ask?);
    Some(ask.micros().checked_sub(bid.micros())?.div_ceil(leg.tick.micros()))
}

#[cfg(test)]
mod tests;
