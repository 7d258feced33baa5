//! What stands beside the verdict: the venue column and the weight of the evidence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Facts;
use super::read::{Log, atto};
use super::tally::Num;
use super::verdict::Period;
use crate::shadow::csv::{Column, CsvError, Record, Table};
use crate::shadow::exact::fixed;
use crate::signal::Reason;

const MIN_ROWS: u64 = 30;
const MIN_DAYS: i64 = 14;
const MS_PER_DAY: i64 = 86_400_000;
const MAX_UNUSABLE_PERCENT: u64 = 5;

/// Sums of one kind of sets on both bases.
#[derive(Debug, Clone, Copy, Default)]
struct BothSums {
    rows: u64,
    with_numbers: u64,
    frozen: i128,
    venue: i128,
    fees: i128,
}

/// One kind of sets on both bases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct BothBases {
    rows: u64,
    /// Rows that have numbers on the venue basis; the sums below are over these rows only.
    rows_with_venue_numbers: u64,
    frozen_total_pnl: Num,
    venue_total_pnl: Option<Num>,
    venue_fees: Option<Num>,
}

impl BothBases {
    fn of(sums: BothSums) -> Self {
        let has_any = sums.with_numbers > 0;
        Self {
            rows: sums.rows,
            rows_with_venue_numbers: sums.with_numbers,
            frozen_total_pnl: Num::atto(sums.frozen),
            venue_total_pnl: has_any.then(|| Num::atto(sums.venue)),
            venue_fees: has_any.then(|| Num::atto(sums.fees)),
        }
    }
}

/// The venue column of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct VenueColumn {
    rows_total: u64,
    /// Why venue cells are blank: code and rows.
    blank_by_reason: BTreeMap<String, u64>,
    in_frozen_table: BothBases,
    outside_frozen_table: BothBases,
    /// Signals the tick-based view calls liquid.
    tick_bucket_liquid: u64,
    /// Sets that signalled, and how many of them have a grid on which Liquid is possible at all.
    sets_seen: usize,
    sets_that_could_ever_be_liquid: usize,
    capital_days_p50: Option<Num>,
    capital_days_max: Option<Num>,
}

/// `shadow_sets.csv` as the report needs it.
#[derive(Debug, Clone)]
pub(super) struct Sets {
    pub(super) column: VenueColumn,
    /// Venue PnL at 10⁻¹⁸ by signal id, frozen-table rows with numbers only.
    pub(super) pnl_by_id: BTreeMap<u64, i128>,
    outside_frozen: u64,
}

struct Columns {
    run_id: Column,
    signal_id: Column,
    market: Column,
    in_frozen: Column,
    tick_bucket: Column,
    could_ever: Column,
    frozen_pnl: Column,
    venue_pnl: Column,
    venue_fees: Column,
    capital_days: Column,
    venue_notes: Column,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, CsvError> {
        Ok(Self {
            run_id: table.column("run_id")?,
            signal_id: table.column("signal_id")?,
            market: table.column("market_id")?,
            in_frozen: table.column("in_frozen_table")?,
            tick_bucket: table.column("tick_bucket")?,
            could_ever: table.column("could_ever_be_liquid")?,
            frozen_pnl: table.column("frozen_total_pnl")?,
            venue_pnl: table.column("venue_total_pnl")?,
            venue_fees: table.column("venue_fees")?,
            capital_days: table.column("venue_capital_days")?,
            venue_notes: table.column("venue_notes")?,
        })
    }
}

#[derive(Default)]
struct Reading {
    rows_total: u64,
    blank: BTreeMap<String, u64>,
    inside: BothSums,
    outside: BothSums,
    tick_liquid: u64,
    seen: BTreeSet<String>,
    could_ever: BTreeSet<String>,
    days: Vec<i128>,
    pnl_by_id: BTreeMap<u64, i128>,
}

/// Reads the sets table of a run.
pub(super) fn read_sets(bytes: &[u8], run_id: &str) -> Result<Sets, CsvError> {
    let table = Table::open(bytes)?;
    let columns = Columns::of(&table)?;
    let mut reading = Reading::default();
    for record in table.records() {
        let record = record?;
        if record.cell(columns.run_id) == run_id {
            reading.add(&columns, &record);
        }
    }
    Ok(reading.close())
}

impl Reading {
    fn add(&mut self, columns: &Columns, record: &Record<'_>) {
        bump(&mut self.rows_total);
        let market = record.cell(columns.market);
        self.seen.insert(market.to_owned());
        if record.cell(columns.could_ever) == "1" {
            self.could_ever.insert(market.to_owned());
        }
        if record.cell(columns.tick_bucket) == "liquid" {
            bump(&mut self.tick_liquid);
        }
        self.days.extend(atto(record.cell(columns.capital_days)));
        let is_inside = record.cell(columns.in_frozen) == "1";
        let venue = atto(record.cell(columns.venue_pnl));
        let sums = if is_inside { &mut self.inside } else { &mut self.outside };
        bump(&mut sums.rows);
        let Some(venue) = venue else {
            let code = record.cell(columns.venue_notes).to_owned();
            bump(self.blank.entry(code).or_default());
            return;
        };
        bump(&mut sums.with_numbers);
        // Cells of this table are razor's own: at most 2^63 micro-dollars each.
        let frozen = atto(record.cell(columns.frozen_pnl)).unwrap_or(0);
        sums.frozen = sums.frozen.saturating_add(frozen);
        sums.venue = sums.venue.saturating_add(venue);
        let fees = atto(record.cell(columns.venue_fees)).unwrap_or(0);
        sums.fees = sums.fees.saturating_add(fees);
        if let (true, Ok(id)) = (is_inside, record.cell(columns.signal_id).parse()) {
            self.pnl_by_id.insert(id, venue);
        }
    }

    fn close(mut self) -> Sets {
        self.days.sort_unstable();
        let middle = self.days.len().saturating_sub(1).checked_div(2).unwrap_or(0);
        let column = VenueColumn {
            rows_total: self.rows_total,
            blank_by_reason: self.blank,
            in_frozen_table: BothBases::of(self.inside),
            outside_frozen_table: BothBases::of(self.outside),
            tick_bucket_liquid: self.tick_liquid,
            sets_seen: self.seen.len(),
            sets_that_could_ever_be_liquid: self.could_ever.len(),
            capital_days_p50: self.days.get(middle).map(|days| Num::atto(*days)),
            capital_days_max: self.days.last().map(|days| Num::atto(*days)),
        };
        Sets { column, pnl_by_id: self.pnl_by_id, outside_frozen: self.outside.rows }
    }
}

/// Whether the sample can carry a verdict at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Evidence {
    /// `sufficient` or `insufficient`.
    status: &'static str,
    /// Why not, one text per shortcoming.
    reasons: Vec<String>,
    rows: u64,
    trade_prints: u64,
    recorded_days: Num,
    windows_unusable: u64,
    /// Signals outside the frozen table; `null` without `shadow_sets.csv`.
    signals_outside_frozen: Option<u64>,
}

impl Evidence {
    pub(super) fn of(log: &Log, sets: Option<&Sets>, facts: &Facts) -> Self {
        let mine = || log.rows.iter().filter(|row| row.has_run_id && row.is_schema);
        let flag = Reason::TradesIncomplete.text();
        let is_flagged = |notes: &str| notes.split(',').any(|code| code.trim() == flag);
        let rows = count(mine());
        let unusable = count(mine().filter(|row| is_flagged(&row.notes)));
        let period = Period::of(mine());
        let span = period.end_unix_ms.saturating_sub(period.start_unix_ms);
        let recorded_ms = facts.recorded_ms.unwrap_or(span);
        let reasons = shortcomings(facts.trade_prints, rows, recorded_ms, unusable);
        Self {
            status: if reasons.is_empty() { "sufficient" } else { "insufficient" },
            reasons,
            rows,
            trade_prints: facts.trade_prints,
            recorded_days: Num::ratio(i128::from(recorded_ms), i128::from(MS_PER_DAY)),
            windows_unusable: unusable,
            signals_outside_frozen: sets.map(|sets| sets.outside_frozen),
        }
    }
}

fn shortcomings(prints: u64, rows: u64, recorded_ms: i64, unusable: u64) -> Vec<String> {
    let mut reasons = Vec::new();
    if prints == 0 {
        reasons.push("no trade prints".to_owned());
    }
    if rows < MIN_ROWS {
        reasons.push(format!("fewer than {MIN_ROWS} rows ({rows})"));
    }
    if recorded_ms < MIN_DAYS.saturating_mul(MS_PER_DAY) {
        reasons.push(format!("under {MIN_DAYS} days recorded ({})", days_floor(recorded_ms)));
    }
    if unusable.saturating_mul(100) > rows.saturating_mul(MAX_UNUSABLE_PERCENT) {
        reasons.push(format!(
            "more than {MAX_UNUSABLE_PERCENT} % of windows unusable ({unusable} of {rows})"
        ));
    }
    reasons
}

/// Days with two places, rounded down: a span under the bound must not read as the bound.
fn days_floor(ms: i64) -> String {
    const MS_PER_HUNDREDTH: i64 = MS_PER_DAY / 100;
    fixed(i128::from(ms.div_euclid(MS_PER_HUNDREDTH)), 2, 2)
}

fn count<T>(rows: impl Iterator<Item = T>) -> u64 {
    u64::try_from(rows.count()).unwrap_or(u64::MAX)
}

fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
