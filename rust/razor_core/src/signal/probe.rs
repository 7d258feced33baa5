//! Probes: what a set's books and prints looked like over a while (RAZOR_SPEC §25).
//!
//! Owns: the counts and the ordered samples that market selection ranks by. A probe is fed one
//! [`SetQuote`] per sample time and every print of its tokens; it computes no rate, because rates
//! are ratios for people and belong to whoever shows them.
//!
//! Must never: hold more than [`MAX_SAMPLES`] samples; later ones are counted as dropped.
//!
//! Invariants: counts never exceed `snapshots_total`; quantiles index `floor((n − 1)·q)` of the
//! ascending samples; times are ingest times in ms.

use serde::Serialize;

use super::bucket::{Bucket, worst_leg_bucket};
use super::{Depth3, LegQuote, Reason};
use crate::units::{Bps, Price};

/// A day of samples at one per second.
pub const MAX_SAMPLES: usize = 86_400;
/// The predecessor's value for "no spread" and, negated, for "no edge".
const NO_SPREAD: i32 = i32::MAX;
const NO_EDGE: i32 = i32::MIN;

/// What the gate of the brain is set to while probing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeGate {
    /// `brain.risk_premium_bps`.
    pub risk_premium: Bps,
    /// `brain.min_net_edge_bps`.
    pub min_net_edge: Bps,
}

/// A probe of one set.
#[derive(Debug, Clone)]
pub struct Probe {
    gate: ProbeGate,
    counts: Counts,
    spreads: Vec<i32>,
    depths_pico: Vec<i128>,
    nets: Vec<i32>,
    passes_ms: Vec<i64>,
    trades_ms: Vec<i64>,
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
    /// Polls that came back full.
    pub poll_hit_limit: u64,
    /// Samples beyond the memory bound.
    pub samples_dropped: u64,
}

/// A finished probe: counts, quantiles and gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeReport {
    /// Counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// Median worst-leg spread in bps; `i32::MAX` without samples.
    pub worst_spread_bps_p50: i32,
    /// Median worst-leg depth in dollars as decimal text; absent without finite samples.
    pub worst_depth3_usdc_p50: Option<String>,
    /// Net edge in bps; `i32::MIN` without samples.
    pub expected_net_bps_p50: i32,
    /// Net edge in bps.
    pub expected_net_bps_p90: i32,
    /// Net edge in bps.
    pub expected_net_bps_max: i32,
    /// Gaps between passes in ms, `None` with fewer than two passes.
    pub passes_gap_p50_ms: Option<i64>,
    /// Ninth decile of the gaps.
    pub passes_gap_p90_ms: Option<i64>,
    /// Largest gap.
    pub passes_gap_max_ms: Option<i64>,
    /// Largest gap between prints in ms.
    pub trade_gap_max_ms: Option<i64>,
}

impl Probe {
    /// A probe with nothing seen.
    pub fn new(gate: ProbeGate) -> Self {
        Self {
            gate,
            counts: Counts::default(),
            spreads: Vec::new(),
            depths_pico: Vec::new(),
            nets: Vec::new(),
            passes_ms: Vec::new(),
            trades_ms: Vec::new(),
        }
    }

    /// Takes one sample of all legs.
    pub fn sample(&mut self, now_ms: i64, legs: &[LegQuote]) {
        if self.spreads.len() >= MAX_SAMPLES {
            self.counts.samples_dropped = self.counts.samples_dropped.saturating_add(1);
            return;
        }
        let legs: Vec<LegQuote> = legs.iter().map(|leg| without_degraded_depth(*leg)).collect();
        bump(&mut self.counts.snapshots_total, true);
        bump(&mut self.counts.one_sided, legs.iter().any(is_one_sided));
        self.bucket(&legs);
        self.edge(now_ms, &legs);
    }

    /// Takes one print; `is_new` is false for one seen before.
    pub fn trade(&mut self, ingest_ms: i64, is_new: bool) {
        bump(&mut self.counts.trades_duplicated, !is_new);
        bump(&mut self.counts.trades_total, is_new);
        if is_new && self.trades_ms.len() < MAX_SAMPLES {
            self.trades_ms.push(ingest_ms);
        }
    }

    /// Takes notice of a poll that came back full.
    pub fn hit_limit(&mut self) {
        bump(&mut self.counts.poll_hit_limit, true);
    }

    fn bucket(&mut self, legs: &[LegQuote]) {
        let (metrics, reasons) = worst_leg_bucket(legs);
        bump(&mut self.counts.bucket_nan, reasons.contains(Reason::BucketThinNan));
        bump(&mut self.counts.depth3_degraded, metrics.is_depth3_degraded);
        bump(&mut self.counts.liquid, metrics.bucket == Bucket::Liquid);
        bump(&mut self.counts.thin, metrics.bucket == Bucket::Thin);
        self.spreads.push(metrics.worst_spread_bps);
        self.depths_pico.extend(metrics.worst_depth3_pico);
    }

    fn edge(&mut self, now_ms: i64, legs: &[LegQuote]) {
        let Some(net) = super::brain::expected_net(legs, self.gate.risk_premium) else { return };
        bump(&mut self.counts.snapshots_eval_total, true);
        self.nets.push(net.raw());
        if net >= self.gate.min_net_edge {
            bump(&mut self.counts.passes, true);
            self.passes_ms.push(now_ms);
        }
    }

    /// The figures so far.
    pub fn report(&self) -> ProbeReport {
        let (mut spreads, mut nets) = (self.spreads.clone(), self.nets.clone());
        let (mut depths, mut pass_gaps) = (self.depths_pico.clone(), gaps(&self.passes_ms));
        spreads.sort_unstable();
        nets.sort_unstable();
        depths.sort_unstable();
        pass_gaps.sort_unstable();
        ProbeReport {
            counts: self.counts,
            worst_spread_bps_p50: quantile(&spreads, 50).unwrap_or(NO_SPREAD),
            worst_depth3_usdc_p50: quantile(&depths, 50).map(crate::shadow::exact::pico_text),
            expected_net_bps_p50: quantile(&nets, 50).unwrap_or(NO_EDGE),
            expected_net_bps_p90: quantile(&nets, 90).unwrap_or(NO_EDGE),
            expected_net_bps_max: nets.last().copied().unwrap_or(NO_EDGE),
            passes_gap_p50_ms: quantile(&pass_gaps, 50),
            passes_gap_p90_ms: quantile(&pass_gaps, 90),
            passes_gap_max_ms: pass_gaps.last().copied(),
            trade_gap_max_ms: gaps(&self.trades_ms).into_iter().max(),
        }
    }
}

fn bump(counter: &mut u64, by_one: bool) {
    *counter = counter.saturating_add(u64::from(by_one));
}

/// A degraded depth counts as no depth at all, so that its leg becomes the worst one.
fn without_degraded_depth(leg: LegQuote) -> LegQuote {
    let ask_depth3 = match leg.ask_depth3 {
        Depth3::Known { pico_usdc } => Depth3::Known { pico_usdc },
        Depth3::NotFinite | Depth3::Unknown => Depth3::Known { pico_usdc: 0 },
    };
    LegQuote { ask_depth3, ..leg }
}

fn is_one_sided(leg: &LegQuote) -> bool {
    let (bid, ask) = (leg.frozen_bid(), leg.frozen_ask());
    bid == Price::ZERO || ask == Price::ZERO || ask == Price::ONE
}

fn gaps(times: &[i64]) -> Vec<i64> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.iter().zip(sorted.iter().skip(1)).map(|(a, b)| b.saturating_sub(*a)).collect()
}

/// Index `floor((n − 1) · percent / 100)` of ascending samples.
fn quantile<T: Copy>(ascending: &[T], percent: usize) -> Option<T> {
    let last = ascending.len().checked_sub(1)?;
    ascending.get(last.checked_mul(percent)?.checked_div(100)?).copied()
}
