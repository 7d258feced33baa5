//! The Day-14 numbers: verdict, breakdowns, stress, the venue column and the weight of evidence.
//!
//! Owns: reading `shadow_log.csv` (and `shadow_sets.csv` beside it) and every number of RAZOR_SPEC
//! §18 and §19. It renders no text for people; the result is one JSON value whose keys are listed
//! in `docs/FILES.md`, the first of them those of the predecessor's `report.json`.
//!
//! Must never: let a reason, the venue column or the evidence change the verdict. GO is two
//! numbers: `total_shadow_pnl > 0` and at most 15 % of rows with `set_ratio < 0.85`; without rows
//! it is NO GO. Only rows of two or three legs are in the frozen table, so only they are counted.
//!
//! Exact: cells are read as decimals at 10⁻¹⁸, sums are integers, averages and shares are fractions
//! rounded half to even once, when they become text of six and of twelve places.

mod beside;
mod read;
mod resettle;
mod stress;
mod tally;
mod verdict;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::csv::CsvError;
use super::exact::ATTO;
use super::rows::SCHEMA_VERSION;
use crate::units::{Dec, UnitError};
use beside::{Evidence, VenueColumn};
pub use resettle::NewShares;
use stress::Stress;
pub use tally::Num;
use verdict::{Day14, GroupPair, Period, Totals, Verdict, WorstRow};

const ATTO_SCALE: i32 = 18;

/// What the report is told beside the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// Run to report; by default the last non-blank `run_id` of the file.
    pub run_id: Option<String>,
    /// Run id when the file names none.
    pub fallback_run_id: Option<String>,
    /// Schema version the day-14 rows must carry.
    pub schema_version: String,
    /// Whether the trades poller asked for taker rows only, when known.
    pub trade_poll_taker_only: Option<bool>,
    /// `report.min_total_shadow_pnl`, plain decimal; used by the leading `verdict` only.
    pub min_total_shadow_pnl: String,
    /// `report.min_avg_set_ratio`, the per-row threshold of the leading `verdict` and of stress.
    pub min_avg_set_ratio: String,
    /// Starting capital in USDC, plain decimal.
    pub starting_capital: Option<String>,
    /// Trade prints the run received.
    pub trade_prints: u64,
    /// Recorded time in ms; by default the span between the first and the last counted signal.
    pub recorded_ms: Option<i64>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            run_id: None,
            fallback_run_id: None,
            schema_version: SCHEMA_VERSION.to_owned(),
            trade_poll_taker_only: None,
            min_total_shadow_pnl: "0".to_owned(),
            min_avg_set_ratio: "0.85".to_owned(),
            starting_capital: None,
            trade_prints: 0,
            recorded_ms: None,
        }
    }
}

/// Why no report could be computed.
#[derive(Debug, Error)]
pub enum Day14Error {
    /// `shadow_log.csv` cannot be read.
    #[error("shadow_log.csv: {0}")]
    Log(CsvError),
    /// `shadow_sets.csv` cannot be read.
    #[error("shadow_sets.csv: {0}")]
    Sets(CsvError),
    /// A fact is not a plain decimal.
    #[error("{name} of the report: {cause}")]
    Fact {
        /// Name of the fact.
        name: &'static str,
        /// What is wrong with it.
        cause: UnitError,
    },
    /// A sum leaves 128 bits.
    #[error("a sum of the report leaves 128 bits; a cell of the table is far out of range")]
    Overflow,
    /// The facts are not the JSON that is expected, or the result cannot be written.
    #[error("facts or result as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<UnitError> for Day14Error {
    fn from(_error: UnitError) -> Self {
        Self::Overflow
    }
}

/// The whole report; the order of the fields is the order of the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    schema_version: String,
    run_id: String,
    trade_poll_taker_only: Option<bool>,
    period: Period,
    totals: Totals,
    by_bucket: GroupPair,
    by_strategy: GroupPair,
    worst_20: Vec<WorstRow>,
    verdict: Verdict,
    stress: Option<Stress>,
    day14: Day14,
    venue: Option<VenueColumn>,
    evidence: Evidence,
}

/// Facts in the units of the computation.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    min_pnl: i128,
    min_ratio: i128,
    capital: Option<i128>,
}

impl Limits {
    fn of(facts: &Facts) -> Result<Self, Day14Error> {
        let capital = facts.starting_capital.as_deref();
        Ok(Self {
            min_pnl: fact("min_total_shadow_pnl", &facts.min_total_shadow_pnl)?,
            min_ratio: fact("min_avg_set_ratio", &facts.min_avg_set_ratio)?,
            capital: capital.map(|text| fact("starting_capital", text)).transpose()?,
        })
    }
}

fn fact(name: &'static str, text: &str) -> Result<i128, Day14Error> {
    Dec::parse(text)
        .and_then(|value| value.to_scaled_floor(ATTO_SCALE))
        .map_err(|cause| Day14Error::Fact { name, cause })
}

/// Computes the report.
///
/// `shadow_log` is `None` when the file does not exist: the verdict is then NO GO with the first
/// reason `shadow_log.csv missing`. Cost: two passes over the log, one over the sets table; about
/// 200 bytes of memory per counted row.
///
/// # Errors
/// [`Day14Error`] names the table, line, column or fact.
pub fn day14_report(
    shadow_log: Option<&[u8]>,
    shadow_sets: Option<&[u8]>,
    facts: &Facts,
) -> Result<Report, Day14Error> {
    report_with(shadow_log, shadow_sets, facts, &NewShares::default())
}

/// The report of a ledger as it would be had its signals been settled with other fill shares.
///
/// The venue column is left out: its fills are counted per print, which the table does not have.
///
/// # Errors
/// As [`day14_report`].
pub fn resettled_report(
    shadow_log: &[u8],
    facts: &Facts,
    shares: &NewShares,
) -> Result<Report, Day14Error> {
    report_with(Some(shadow_log), None, facts, shares)
}

fn report_with(
    shadow_log: Option<&[u8]>,
    shadow_sets: Option<&[u8]>,
    facts: &Facts,
    shares: &NewShares,
) -> Result<Report, Day14Error> {
    let limits = Limits::of(facts)?;
    let run_id = match (&facts.run_id, shadow_log) {
        (Some(run_id), _) => run_id.clone(),
        (None, Some(log)) => read::last_run_id(log)
            .map_err(Day14Error::Log)?
            .or_else(|| facts.fallback_run_id.clone())
            .unwrap_or_default(),
        (None, None) => facts.fallback_run_id.clone().unwrap_or_default(),
    };
    let log = shadow_log.map(|log| read::read_log(log, &run_id, &facts.schema_version));
    let log = log.transpose().map_err(Day14Error::Log)?;
    let is_missing = log.is_none();
    let mut log = log.unwrap_or_default();
    resettle::resettle(&mut log, shares)?;
    let sets = shadow_sets.map(|sets| beside::read_sets(sets, &run_id));
    let sets = sets.transpose().map_err(Day14Error::Sets)?;

    let leading = verdict::Leading::of(&log, &limits, is_missing)?;
    let venue_by_id = sets.as_ref().map(|sets| &sets.pnl_by_id);
    let day14 = verdict::Day14::of(&log, &limits, &run_id, venue_by_id, is_missing)?;
    let stress = if is_missing { None } else { Some(Stress::of(&log, limits.min_ratio)?) };
    Ok(Report {
        schema_version: facts.schema_version.clone(),
        trade_poll_taker_only: facts.trade_poll_taker_only,
        evidence: Evidence::of(&log, sets.as_ref(), facts),
        period: leading.period,
        totals: leading.totals,
        by_bucket: leading.by_bucket,
        by_strategy: leading.by_strategy,
        worst_20: leading.worst_20,
        verdict: leading.verdict,
        stress,
        day14,
        venue: sets.map(|sets| sets.column),
        run_id,
    })
}

/// The report as two-space pretty JSON text; see `docs/FILES.md` for its keys.
///
/// # Errors
/// As [`day14_report`].
pub fn day14_json(
    shadow_log: Option<&[u8]>,
    shadow_sets: Option<&[u8]>,
    facts: &Facts,
) -> Result<String, Day14Error> {
    Ok(serde_json::to_string_pretty(&day14_report(shadow_log, shadow_sets, facts)?)?)
}

/// [`resettled_report`] as [`day14_json`] writes it.
///
/// # Errors
/// As [`day14_report`].
pub fn resettled_json(
    shadow_log: &[u8],
    facts: &Facts,
    shares: &NewShares,
) -> Result<String, Day14Error> {
    Ok(serde_json::to_string_pretty(&resettled_report(shadow_log, facts, shares)?)?)
}

/// One whole at the scale of the report's numbers.
const ONE: i128 = ATTO;

#[cfg(test)]
mod tests;
