//! Sums, fractions and groups of the report.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Day14Error, ONE};
use crate::shadow::exact::{CELL_PLACES, fixed_ratio, plain_ratio, plus, times};
use crate::units::UnitError;

const SHORT_PLACES: u32 = 6;

/// A number of the report as text, rounded half to even from the exact value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Num {
    /// Exactly six decimals, for people and for the predecessor's tables.
    pub e6: String,
    /// At most twelve decimals, shortest plain text, for programs.
    pub e12: String,
}

impl Num {
    /// `numerator / denominator`.
    pub(super) fn ratio(numerator: i128, denominator: i128) -> Self {
        Self {
            e6: fixed_ratio(numerator, denominator, SHORT_PLACES),
            e12: plain_ratio(numerator, denominator, CELL_PLACES),
        }
    }

    /// A value at 10⁻¹⁸.
    pub(super) fn atto(value: i128) -> Self {
        Self::ratio(value, ONE)
    }

    /// The mean of values at 10⁻¹⁸; zero of none.
    pub(super) fn mean(sum: i128, count: u64) -> Result<Self, UnitError> {
        Ok(Self::ratio(sum, times(i128::from(count.max(1)), ONE)?))
    }

    /// A count as a share of another; zero of none.
    pub(super) fn share(part: u64, whole: u64) -> Self {
        Self::ratio(i128::from(part), i128::from(whole.max(1)))
    }
}

/// What is summed over the rows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) count: u64,
    pub(super) pnl: i128,
    pub(super) ratio: i128,
    pub(super) misses: u64,
    pub(super) venue_rows: u64,
    pub(super) venue_pnl: i128,
}

/// The part of a row that groups sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) pnl: i128,
    pub(super) ratio: i128,
    pub(super) is_miss: bool,
    pub(super) venue_pnl: Option<i128>,
}

impl Tally {
    pub(super) fn add(&mut self, row: Counted) -> Result<(), UnitError> {
        self.count = self.count.saturating_add(1);
        self.pnl = plus(self.pnl, row.pnl)?;
        self.ratio = plus(self.ratio, row.ratio)?;
        self.misses = self.misses.saturating_add(u64::from(row.is_miss));
        if let Some(venue_pnl) = row.venue_pnl {
            self.venue_rows = self.venue_rows.saturating_add(1);
            self.venue_pnl = plus(self.venue_pnl, venue_pnl)?;
        }
        Ok(())
    }
}

/// One line of a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct GroupLine {
    /// What the rows have in common, e.g. `["NO_TRADES","thin"]`.
    key: Vec<String>,
    count: u64,
    /// Of all counted rows.
    share: Num,
    sum_total_pnl: Num,
    avg_total_pnl: Num,
    avg_set_ratio: Num,
    /// Share of the group's rows with `set_ratio` under 0.85.
    miss_rate: Num,
    /// Rows of the group with numbers on the venue basis.
    venue_rows: u64,
    /// Their sum; `null` without such rows.
    venue_total_pnl: Option<Num>,
}

/// Tallies by key, in byte order of the key.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    by_key: BTreeMap<Vec<String>, Tally>,
}

impl Groups {
    pub(super) fn add(&mut self, key: &[&str], row: Counted) -> Result<(), UnitError> {
        let key = key.iter().map(|part| (*part).to_owned()).collect();
        self.by_key.entry(key).or_default().add(row)
    }

    pub(super) fn count_of(&self, key: &str) -> u64 {
        self.by_key.get(&vec![key.to_owned()]).map_or(0, |tally| tally.count)
    }

    /// Lines by count descending, then by key.
    pub(super) fn by_count(&self, rows: u64) -> Result<Vec<GroupLine>, Day14Error> {
        let mut sorted: Vec<_> = self.by_key.iter().collect();
        sorted.sort_by_key(|(_, tally)| core::cmp::Reverse(tally.count));
        sorted.into_iter().map(|(key, tally)| line(key, tally, rows)).collect()
    }

    /// The `limit` lines with the lowest sums, ascending, ties by key.
    pub(super) fn worst(&self, rows: u64, limit: usize) -> Result<Vec<GroupLine>, Day14Error> {
        let mut sorted: Vec<_> = self.by_key.iter().collect();
        sorted.sort_by_key(|(_, tally)| tally.pnl);
        sorted.into_iter().take(limit).map(|(key, tally)| line(key, tally, rows)).collect()
    }
}

fn line(key: &[String], tally: &Tally, rows: u64) -> Result<GroupLine, Day14Error> {
    let has_venue = tally.venue_rows > 0;
    Ok(GroupLine {
        key: key.to_vec(),
        count: tally.count,
        share: Num::share(tally.count, rows),
        sum_total_pnl: Num::atto(tally.pnl),
        avg_total_pnl: Num::mean(tally.pnl, tally.count)?,
        avg_set_ratio: Num::mean(tally.ratio, tally.count)?,
        miss_rate: Num::share(tally.misses, tally.count),
        venue_rows: tally.venue_rows,
        venue_total_pnl: has_venue.then(|| Num::atto(tally.venue_pnl)),
    })
}
