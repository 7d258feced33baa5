//! Probes: what a set's books and prints looked like over a while (RAZOR_SPEC §25).
//!
//! Owns: the counts and the ordered samples that market selection ranks by. A probe is fed the legs
//! of its set once per sample time, every print of its tokens and every poll for prints; it
//! computes no rate, because rates are ratios for people and belong to whoever shows them.
//!
//! Must never: keep more than [`MAX_DISTINCT`] different values of a measure. A value beyond that
//! is counted in `samples_dropped` and left out of the quantiles of its measure.
//!
//! Invariants: no count of samples exceeds `snapshots_total`; quantiles index `floor((n − 1)·q)` of
//! the ascending samples; times are ingest times in ms and never go back within a probe.

mod samples;

use serde::Serialize;

use self::samples::Samples;
use super::bucket::{Bucket, is_degraded, worst_leg_bucket};
use super::{Depth3, LegQuote, Reason, brain};
use crate::shadow::exact;
use crate::units::{Bps, Price};

pub use self::samples::MAX_DISTINCT;

/// The predecessor's value for "no spread".
const NO_SPREAD: i32 = i32::MAX;
/// The predecessor's value for "no edge".
const NO_EDGE: i32 = i32::MIN;
const PICO_SCALE: u32 = 12;
/// Places of a score file (RAZOR_SPEC §28).
const SCORE_PLACES: u32 = 6;

/// What the gate of the brain is set to while probing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeGate {
    /// `brain.risk_premium_bps`.
    pub risk_premium: Bps,
    /// `brain.min_net_edge_bps`; a net edge equal to it passes.
    pub min_net_edge: Bps,
}

/// Sample times that fall between two changes of the books: all see the same legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleTimes {
    /// The first of them, ms.
    pub first_ms: i64,
    /// Time between two of them, ms.
    pub step_ms: i64,
    /// How many; 0 samples nothing.
    pub count: u64,
}

impl SampleTimes {
    /// A single sample.
    pub const fn once(now_ms: i64) -> Self {
        Self { first_ms: now_ms, step_ms: 0, count: 1 }
    }
}

/// Plain counts of a probe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Samples taken while all legs were ready.
    pub snapshots_total: u64,
    /// Samples with a leg that lacks a side.
    pub one_sided: u64,
    /// Samples whose bucket inputs were degraded or invalid.
    pub bucket_nan: u64,
    /// Samples with a degraded depth.
    pub depth3_degraded: u64,
    /// Samples in the Liquid bucket.
    pub liquid: u64,
    /// Samples in the Thin bucket.
    pub thin: u64,
    /// Samples whose sum of asks could be priced.
    pub snapshots_eval_total: u64,
    /// Samples at or above the gate.
    pub passes: u64,
    /// Prints.
    pub trades_total: u64,
    /// Prints seen before.
    pub trades_duplicated: u64,
    /// Prints whose venue time lies before the probe; they are among `trades_total`.
    pub trades_before_probe: u64,
    /// Polls that came back full.
    pub poll_hit_limit: u64,
    /// Samples left out of a quantile by the memory bound.
    pub samples_dropped: u64,
}

/// A finished probe: counts, quantiles and gaps. A gap is 0 with fewer than two events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// Counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Median worst-leg spread in bps; `i32::MAX` without samples.
    pub worst_spread_bps_p50: i32,
    /// Median worst-leg depth in dollars, text of six places; absent without finite samples.
    pub worst_depth3_usdc_p50: Option<String>,
    /// Median net edge in bps; `i32::MIN` without samples, as the next two.
    pub expected_net_bps_p50: i32,
    /// Ninth decile of the net edge.
    pub expected_net_bps_p90: i32,
    /// Largest net edge.
    pub expected_net_bps_max: i32,
    /// Median gap between passes, ms.
    pub passes_gap_p50_ms: i64,
    /// Ninth decile of the gaps between passes, ms.
    pub passes_gap_p90_ms: i64,
    /// Largest gap between passes, ms.
    pub passes_gap_max_ms: i64,
    /// Largest gap between prints, ms.
    pub trade_gap_max_ms: i64,
    /// Largest gap between answered polls, ms; 0 where polls are not known.
    pub poll_gap_max_ms: i64,
}

/// The largest gap of a series of times.
#[derive(Debug, Clone, Copy, Default)]
struct Widest {
    last_ms: Option<i64>,
    gap_ms: i64,
}

impl Widest {
    fn at(&mut self, now_ms: i64) {
        let gap_ms = self.last_ms.map_or(0, |last| now_ms.saturating_sub(last));
        self.gap_ms = self.gap_ms.max(gap_ms);
        self.last_ms = Some(now_ms);
    }
}

/// A probe of one set.
#[derive(Debug, Clone)]
pub struct Probe {
    gate: ProbeGate,
    counts: Counts,
    spreads: Samples<i32>,
    depths_pico: Samples<i128>,
    nets: Samples<i32>,
    pass_gaps: Samples<i64>,
    last_pass_ms: Option<i64>,
    trades: Widest,
    polls: Widest,
}

impl Probe {
    /// A probe with nothing seen.
    pub fn new(gate: ProbeGate) -> Self {
        Self {
            gate,
            counts: Counts::default(),
            spreads: Samples::default(),
            depths_pico: Samples::default(),
            nets: Samples::default(),
            pass_gaps: Samples::default(),
            last_pass_ms: None,
            trades: Widest::default(),
            polls: Widest::default(),
        }
    }

    /// Takes samples of all legs; cost does not depend on their number.
    pub fn sample(&mut self, times: SampleTimes, legs: &[LegQuote]) {
        if times.count == 0 {
            return;
        }
        let degraded = legs.iter().any(|leg| is_degraded(leg.ask_depth3));
        let legs: Vec<LegQuote> = legs.iter().map(|leg| without_degraded_depth(*leg)).collect();
        let counts = &mut self.counts;
        add_if(true, &mut counts.snapshots_total, times.count);
        add_if(legs.iter().any(is_one_sided), &mut counts.one_sided, times.count);
        add_if(degraded, &mut counts.depth3_degraded, times.count);
        self.bucket(times.count, &legs);
        self.edge(times, &legs);
    }

    /// Takes one print; `is_new` is false for one seen before, `is_old` true for one that the venue
    /// dates before the probe.
    pub fn trade(&mut self, ingest_ms: i64, is_new: bool, is_old: bool) {
        add_if(!is_new, &mut self.counts.trades_duplicated, 1);
        add_if(is_new, &mut self.counts.trades_total, 1);
        add_if(is_new && is_old, &mut self.counts.trades_before_probe, 1);
        if is_new {
            self.trades.at(ingest_ms);
        }
    }

    /// Takes an answered poll; `is_full` says that there may have been more prints than it held.
    pub fn poll(&mut self, now_ms: i64, is_full: bool) {
        self.polls.at(now_ms);
        add_if(is_full, &mut self.counts.poll_hit_limit, 1);
    }

    fn bucket(&mut self, count: u64, legs: &[LegQuote]) {
        let (metrics, reasons) = worst_leg_bucket(legs);
        let counts = &mut self.counts;
        add_if(reasons.has(Reason::BucketThinNan), &mut counts.bucket_nan, count);
        match metrics.bucket {
            Bucket::Liquid => add_if(true, &mut counts.liquid, count),
            Bucket::Thin => add_if(true, &mut counts.thin, count),
        }
        self.spreads.add(metrics.worst_spread_bps, count, &mut counts.samples_dropped);
        if let Some(pico) = metrics.worst_depth3_pico {
            self.depths_pico.add(pico, count, &mut counts.samples_dropped);
        }
    }

    fn edge(&mut self, times: SampleTimes, legs: &[LegQuote]) {
        let Some(net) = brain::expected_net(legs, self.gate.risk_premium) else { return };
        add_if(true, &mut self.counts.snapshots_eval_total, times.count);
        self.nets.add(net.raw(), times.count, &mut self.counts.samples_dropped);
        if net >= self.gate.min_net_edge {
            self.pass(times);
        }
    }

    fn pass(&mut self, times: SampleTimes) {
        add_if(true, &mut self.counts.passes, times.count);
        let dropped = &mut self.counts.samples_dropped;
        if let Some(last) = self.last_pass_ms {
            self.pass_gaps.add(times.first_ms.saturating_sub(last), 1, dropped);
        }
        let more = times.count.saturating_sub(1);
        self.pass_gaps.add(times.step_ms, more, dropped);
        let span_ms = times.step_ms.saturating_mul(i64::try_from(more).unwrap_or(i64::MAX));
        self.last_pass_ms = Some(times.first_ms.saturating_add(span_ms));
    }

    /// The figures so far.
    pub fn report(&self) -> ProbeReport {
        let depth = self.depths_pico.quantile(50);
        ProbeReport {
            counts: self.counts,
            worst_spread_bps_p50: self.spreads.quantile(50).unwrap_or(NO_SPREAD),
            worst_depth3_usdc_p50: depth.map(|pico| exact::fixed(pico, PICO_SCALE, SCORE_PLACES)),
            expected_net_bps_p50: self.nets.quantile(50).unwrap_or(NO_EDGE),
            expected_net_bps_p90: self.nets.quantile(90).unwrap_or(NO_EDGE),
            expected_net_bps_max: self.nets.largest().unwrap_or(NO_EDGE),
            passes_gap_p50_ms: self.pass_gaps.quantile(50).unwrap_or(0),
            passes_gap_p90_ms: self.pass_gaps.quantile(90).unwrap_or(0),
            passes_gap_max_ms: self.pass_gaps.largest().unwrap_or(0),
            trade_gap_max_ms: self.trades.gap_ms,
            poll_gap_max_ms: self.polls.gap_ms,
        }
    }
}

fn add_if(happened: bool, counter: &mut u64, count: u64) {
    if happened {
        *counter = counter.saturating_add(count);
    }
}

/// A degraded depth counts as no depth at all, so that its leg becomes the worst one.
fn without_degraded_depth(leg: LegQuote) -> LegQuote {
    if is_degraded(leg.ask_depth3) {
        LegQuote { ask_depth3: Depth3::Known { pico_usdc: 0 }, ..leg }
    } else {
        leg
    }
}

fn is_one_sided(leg: &LegQuote) -> bool {
    let (bid, ask) = (leg.frozen_bid(), leg.frozen_ask());
    bid == Price::ZERO || ask == Price::ZERO || ask == Price::ONE
}

#[cfg(test)]
mod tests;
