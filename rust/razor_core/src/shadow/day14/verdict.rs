//! The verdict and the breakdowns of the frozen table (RAZOR_SPEC §18).

use std::collections::BTreeMap;

use serde::Serialize;

use super::read::{Log, LogRow};
use super::tally::{Counted, GroupLine, Groups, Num, Tally};
use super::{Day14Error, Limits};
use crate::shadow::exact::{fixed_ratio, plain, plus, times};
use crate::units::UnitError;

/// `legging_fail_share` may be at most 15 of 100.
const MAX_FAIL_PERCENT: u64 = 15;
/// The fixed per-row threshold of the day-14 numbers: 0.85 at 10⁻¹⁸.
const FIXED_RATIO: i128 = 850_000_000_000_000_000;
const WORST_ROWS: usize = 20;
const MISSING: &str = "shadow_log.csv missing";

/// First and last counted signal, ms since the epoch; 0 without rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub(super) struct Period {
    pub(super) start_unix_ms: i64,
    pub(super) end_unix_ms: i64,
}

impl Period {
    /// Over the rows of the run with a readable time.
    pub(super) fn of<'a>(rows: impl Iterator<Item = &'a LogRow>) -> Self {
        let times: Vec<i64> = rows.filter_map(|row| row.ts_ms).collect();
        Self {
            start_unix_ms: times.iter().copied().min().unwrap_or(0),
            end_unix_ms: times.iter().copied().max().unwrap_or(0),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Totals {
    signals: u64,
    total_shadow_pnl: Num,
    avg_set_ratio: Num,
    bad_rows: u64,
    rows_total: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct GroupTotals {
    signals: u64,
    pnl: Num,
    avg_set_ratio: Num,
}

/// The two groups of a frozen breakdown under their own names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct GroupPair(BTreeMap<&'static str, GroupTotals>);

impl GroupPair {
    fn of(groups: [(&'static str, Tally); 2]) -> Result<Self, UnitError> {
        let mut pair = BTreeMap::new();
        for (name, tally) in groups {
            let totals = GroupTotals {
                signals: tally.count,
                pnl: Num::atto(tally.pnl),
                avg_set_ratio: Num::mean(tally.ratio, tally.count)?,
            };
            pair.insert(name, totals);
        }
        Ok(Self(pair))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct WorstRow {
    signal_id: u64,
    market_id: String,
    strategy: String,
    bucket: String,
    total_pnl: Num,
    set_ratio: Num,
    notes: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Thresholds {
    min_total_shadow_pnl: Num,
    min_avg_set_ratio: Num,
    max_legging_fail_share: Num,
}

/// GO or NO GO with its two numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    go: bool,
    reasons: Vec<String>,
    thresholds: Thresholds,
    total_shadow_pnl: Num,
    legging_fail_share: Num,
}

impl Verdict {
    fn of(tally: &Tally, min_pnl: i128, min_ratio: i128, is_missing: bool) -> Self {
        let has_pnl = tally.pnl > min_pnl;
        // Without rows the share is 1.
        let (misses, rows) = if tally.count == 0 { (1, 1) } else { (tally.misses, tally.count) };
        let sets_hold = misses.saturating_mul(100) <= rows.saturating_mul(MAX_FAIL_PERCENT);
        let share = fixed_ratio(i128::from(misses), i128::from(rows), 3);
        let mut reasons = Vec::new();
        if is_missing {
            reasons.push(MISSING.to_owned());
        }
        reasons.push(format!(
            "TotalShadowPnL {} {}",
            if has_pnl { ">" } else { "<=" },
            plain(min_pnl, 18, 12)
        ));
        reasons.push(format!(
            "LeggingFailShare {} 0.15 (set_ratio < {} share={share})",
            if sets_hold { "<=" } else { ">" },
            plain(min_ratio, 18, 12)
        ));
        Self {
            go: has_pnl && sets_hold,
            reasons,
            thresholds: Thresholds {
                min_total_shadow_pnl: Num::atto(min_pnl),
                min_avg_set_ratio: Num::atto(min_ratio),
                max_legging_fail_share: Num::share(MAX_FAIL_PERCENT, 100),
            },
            total_shadow_pnl: Num::atto(tally.pnl),
            legging_fail_share: Num::share(misses, rows),
        }
    }
}

/// The keys that `report.json` begins with.
pub(super) struct Leading {
    pub(super) period: Period,
    pub(super) totals: Totals,
    pub(super) by_bucket: GroupPair,
    pub(super) by_strategy: GroupPair,
    pub(super) worst_20: Vec<WorstRow>,
    pub(super) verdict: Verdict,
}

impl Leading {
    pub(super) fn of(log: &Log, limits: &Limits, is_missing: bool) -> Result<Self, Day14Error> {
        let mut rows = Vec::new();
        let (mut all, mut liquid, mut thin) =
            (Tally::default(), Tally::default(), Tally::default());
        let (mut binary, mut triangle) = (Tally::default(), Tally::default());
        for row in &log.rows {
            let Some(counted) = leading_row(row, limits.min_ratio) else { continue };
            all.add(counted)?;
            let bucket = if row.bucket == "liquid" { &mut liquid } else { &mut thin };
            bucket.add(counted)?;
            let strategy = if row.strategy == "binary" { &mut binary } else { &mut triangle };
            strategy.add(counted)?;
            rows.push(row);
        }
        let rows_total = u64::try_from(log.rows.len()).map_err(|_| Day14Error::Overflow)?;
        Ok(Self {
            period: Period::of(rows.iter().copied()),
            totals: Totals {
                signals: all.count,
                total_shadow_pnl: Num::atto(all.pnl),
                avg_set_ratio: Num::mean(all.ratio, all.count)?,
                bad_rows: rows_total.saturating_sub(all.count),
                rows_total,
            },
            by_bucket: GroupPair::of([("liquid", liquid), ("thin", thin)])?,
            by_strategy: GroupPair::of([("binary", binary), ("triangle", triangle)])?,
            worst_20: worst_rows(rows, WORST_ROWS),
            verdict: Verdict::of(&all, limits.min_pnl, limits.min_ratio, is_missing),
        })
    }
}

/// The row as `report.json` counts it; `None` for a bad one. The schema version is not checked.
fn leading_row(row: &LogRow, min_ratio: i128) -> Option<Counted> {
    let is_known = matches!(row.bucket.as_str(), "liquid" | "thin")
        && matches!(row.strategy.as_str(), "binary" | "triangle");
    if !row.has_run_id || row.market.is_empty() || !is_known {
        return None;
    }
    row.signal_id?;
    row.ts_ms?;
    counted(row, min_ratio, None)
}

fn counted(row: &LogRow, min_ratio: i128, venue_pnl: Option<i128>) -> Option<Counted> {
    let (pnl, ratio) = (row.total_pnl?, row.set_ratio?);
    Some(Counted { pnl, ratio, is_miss: ratio < min_ratio, venue_pnl })
}

/// The lowest rows by total PnL, ascending, ties in file order.
fn worst_rows(mut rows: Vec<&LogRow>, limit: usize) -> Vec<WorstRow> {
    rows.sort_by_key(|row| row.total_pnl);
    rows.into_iter().take(limit).map(worst_row).collect()
}

fn worst_row(row: &LogRow) -> WorstRow {
    WorstRow {
        signal_id: row.signal_id.unwrap_or(0),
        market_id: row.market.clone(),
        strategy: row.strategy.clone(),
        bucket: row.bucket.clone(),
        total_pnl: Num::atto(row.total_pnl.unwrap_or(0)),
        set_ratio: Num::atto(row.set_ratio.unwrap_or(0)),
        notes: row.notes.clone(),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Capital {
    starting_capital: Num,
    pnl_pct: Num,
}

/// The worst hundredth of the rows, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct WorstShare {
    rows: usize,
    sum_total_pnl: Num,
    /// The best PnL among them: the 1 % quantile.
    threshold_total_pnl: Num,
}

/// The numbers of `day14_report` with their fixed limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Day14 {
    run_id: String,
    rows_total: u64,
    rows_ok: u64,
    rows_bad: u64,
    rows_other_run: u64,
    rows_schema_version_mismatch: u64,
    signals_by_strategy: BTreeMap<&'static str, u64>,
    signals_by_bucket: BTreeMap<&'static str, u64>,
    total_pnl_sum: Num,
    pnl_set_sum: Num,
    pnl_left_total_sum: Num,
    set_ratio_avg: Num,
    set_ratio_p50: Num,
    set_ratio_p25: Num,
    set_ratio_p10: Num,
    verdict: Verdict,
    capital: Option<Capital>,
    by_reason: Vec<GroupLine>,
    reasons_by_bucket: Vec<GroupLine>,
    by_notes: Vec<GroupLine>,
    by_strategy: Vec<GroupLine>,
    by_bucket: Vec<GroupLine>,
    by_market: Vec<GroupLine>,
    worst_20_groups: Vec<GroupLine>,
    worst_20_rows: Vec<WorstRow>,
    worst_1_percent: Option<WorstShare>,
}

/// Everything the day-14 numbers sum over the counted rows.
#[derive(Default)]
struct Sums {
    all: Tally,
    pnl_set: i128,
    pnl_left: i128,
    reasons: Groups,
    reasons_by_bucket: Groups,
    notes: Groups,
    strategies: Groups,
    buckets: Groups,
    markets: Groups,
    mixes: Groups,
}

impl Sums {
    fn add(&mut self, row: &LogRow, counted: Counted) -> Result<(), UnitError> {
        let strategy = known(&row.strategy, ["binary", "triangle"], "other");
        let bucket = known(&row.bucket, ["liquid", "thin"], "unknown");
        let notes = if row.notes.is_empty() { "OK" } else { row.notes.as_str() };
        self.all.add(counted)?;
        self.pnl_set = plus(self.pnl_set, row.pnl_set.unwrap_or(0))?;
        self.pnl_left = plus(self.pnl_left, row.pnl_left.unwrap_or(0))?;
        for reason in notes.split(',').map(str::trim).filter(|reason| !reason.is_empty()) {
            self.reasons.add(&[reason], counted)?;
            self.reasons_by_bucket.add(&[reason, bucket], counted)?;
        }
        self.notes.add(&[notes], counted)?;
        self.strategies.add(&[strategy], counted)?;
        self.buckets.add(&[bucket], counted)?;
        self.markets.add(&[&row.market], counted)?;
        self.mixes.add(&[strategy, bucket, notes], counted)
    }
}

fn known<'a>(word: &str, words: [&'a str; 2], other: &'a str) -> &'a str {
    words.into_iter().find(|known| *known == word).unwrap_or(other)
}

impl Day14 {
    pub(super) fn of(
        log: &Log,
        limits: &Limits,
        run_id: &str,
        venue_by_id: Option<&BTreeMap<u64, i128>>,
        is_missing: bool,
    ) -> Result<Self, Day14Error> {
        let mut sums = Sums::default();
        let mut rows = Vec::new();
        let (mut bad, mut mismatch) = (0_u64, 0_u64);
        let mut other = log.other_run;
        for row in &log.rows {
            if !row.has_run_id {
                other = other.saturating_add(1);
            } else if !row.is_schema {
                mismatch = mismatch.saturating_add(1);
            } else if let Some(counted) = day14_row(row, venue_by_id) {
                sums.add(row, counted)?;
                rows.push(row);
            } else {
                bad = bad.saturating_add(1);
            }
        }
        let total = u64::try_from(log.rows.len()).map_err(|_| Day14Error::Overflow)?;
        let counts = [total.saturating_add(log.other_run), sums.all.count, bad, other, mismatch];
        assemble(&sums, rows, counts, run_id, limits, is_missing)
    }
}

/// The row as `day14_report` counts it; `None` for a bad one.
fn day14_row(row: &LogRow, venue_by_id: Option<&BTreeMap<u64, i128>>) -> Option<Counted> {
    let id = row.signal_id?;
    row.pnl_set.and(row.q_set).and(row.q_req).and(row.pnl_left)?;
    row.legs_n?;
    counted(row, FIXED_RATIO, venue_by_id.and_then(|by_id| by_id.get(&id).copied()))
}

fn assemble(
    sums: &Sums,
    rows: Vec<&LogRow>,
    [rows_total, rows_ok, rows_bad, rows_other_run, mismatch]: [u64; 5],
    run_id: &str,
    limits: &Limits,
    is_missing: bool,
) -> Result<Day14, Day14Error> {
    let mut ratios: Vec<i128> = rows.iter().filter_map(|row| row.set_ratio).collect();
    ratios.sort_unstable();
    let named = |groups: &Groups, names: [&'static str; 3]| {
        names.into_iter().map(|name| (name, groups.count_of(name))).collect()
    };
    Ok(Day14 {
        run_id: run_id.to_owned(),
        rows_total,
        rows_ok,
        rows_bad,
        rows_other_run,
        rows_schema_version_mismatch: mismatch,
        signals_by_strategy: named(&sums.strategies, ["binary", "triangle", "other"]),
        signals_by_bucket: named(&sums.buckets, ["liquid", "thin", "unknown"]),
        total_pnl_sum: Num::atto(sums.all.pnl),
        pnl_set_sum: Num::atto(sums.pnl_set),
        pnl_left_total_sum: Num::atto(sums.pnl_left),
        set_ratio_avg: Num::mean(sums.all.ratio, rows_ok)?,
        set_ratio_p50: Num::atto(quantile(&ratios, 50)),
        set_ratio_p25: Num::atto(quantile(&ratios, 25)),
        set_ratio_p10: Num::atto(quantile(&ratios, 10)),
        verdict: Verdict::of(&sums.all, 0, FIXED_RATIO, is_missing),
        capital: limits.capital.map(|capital| capital_of(capital, sums.all.pnl)).transpose()?,
        by_reason: sums.reasons.by_count(rows_ok)?,
        reasons_by_bucket: sums.reasons_by_bucket.by_count(rows_ok)?,
        by_notes: sums.notes.by_count(rows_ok)?,
        by_strategy: sums.strategies.by_count(rows_ok)?,
        by_bucket: sums.buckets.by_count(rows_ok)?,
        by_market: sums.markets.by_count(rows_ok)?,
        worst_20_groups: sums.mixes.worst(rows_ok, WORST_ROWS)?,
        worst_1_percent: worst_share(&rows)?,
        worst_20_rows: worst_rows(rows, WORST_ROWS),
    })
}

/// Index floor((n−1)·percent/100) of ascending values; 0 of none.
fn quantile(sorted: &[i128], percent: usize) -> i128 {
    let last = sorted.len().saturating_sub(1);
    let index = last.saturating_mul(percent).checked_div(100).unwrap_or(0);
    sorted.get(index).copied().unwrap_or(0)
}

fn capital_of(capital: i128, pnl: i128) -> Result<Capital, UnitError> {
    let percent = if capital > 0 { Num::ratio(times(pnl, 100)?, capital) } else { Num::atto(0) };
    Ok(Capital { starting_capital: Num::atto(capital), pnl_pct: percent })
}

fn worst_share(rows: &[&LogRow]) -> Result<Option<WorstShare>, UnitError> {
    let mut pnls: Vec<i128> = rows.iter().filter_map(|row| row.total_pnl).collect();
    pnls.sort_unstable();
    pnls.truncate(pnls.len().div_ceil(100));
    let Some(threshold) = pnls.last().copied() else { return Ok(None) };
    let sum = pnls.iter().try_fold(0, |sum, pnl| plus(sum, *pnl))?;
    Ok(Some(WorstShare {
        rows: pnls.len(),
        sum_total_pnl: Num::atto(sum),
        threshold_total_pnl: Num::atto(threshold),
    }))
}
