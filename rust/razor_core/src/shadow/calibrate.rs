//! Calibration: what orders that were really sent say about the fill shares of the frozen rules.
//!
//! Owns: the rows of `calibration_log.csv` ([`Sample`], [`row`]), their strict reading ([`read`])
//! and the figures of a suggestion ([`quantile`]): the 25th percentile per bucket by the frozen
//! index rule, its distribution-free confidence interval, and a histogram.
//!
//! Must never: change a setting, or give a 25th percentile from too few samples.
//!
//! A sample is `filled / req`, clamped to 0..=1 (RAZOR_SPEC §12); beside it, where the volume is
//! known, stands `filled / V_mkt`, closer to what the shadow ledger means by a fill share. Both are
//! counted over three sets of attempts: `frozen` (all, as the predecessor did), `clean` (FIRE and
//! CHASE, orders that wanted what the ledger wants) and `flatten` (sales of leftovers) apart.
//!
//! Invariants:
//! - shares are integers at 10⁻¹², rounded down, so a suggestion is never above what was filled and
//!   has no more decimals than the setting it is for;
//! - simulated and real fills are never mixed, and no run is counted twice;
//! - a row that cannot be read is an error; one without an answer (blank `filled_qty`) is counted.

pub mod quantile;
pub mod read;

use serde::Serialize;
use thiserror::Error;

use super::exact::{ATTO, AttoShares, CELL_PLACES, PicoShares, cell};
use super::rows::text_cell;
use crate::order::{Rung, Side};
use crate::signal::Bucket;
use crate::units::{Qty, UnitError};
use quantile::{Figures, figures};
use read::{Log, LogFault, Taken, read_log};

/// Header of `calibration_log.csv`.
pub const CALIBRATION_HEADER: &str = "ts_ms,run_id,mode,signal_id,attempt,action,bucket,market_id,\
token_id,side,req_qty,filled_qty,v_mkt,real_share_req,real_share_mkt,ask_size_best,bid_size_best";

const PICO_PER_MICRO: i128 = 1_000_000;
const MICRO_SCALE: u32 = 6;
const ATTO_SCALE: u32 = 18;
/// `10^12`: one whole share of the request.
const ONE: i128 = 1_000_000_000_000;

/// Whose fills a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FillSource {
    /// The simulated venue: the fills are those of its model.
    Sim,
    /// The venue itself.
    Live,
}

impl FillSource {
    /// The word of the `mode` column.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sim => "SIM",
            Self::Live => "LIVE",
        }
    }
}

/// One order attempt with its outcome; one row of `calibration_log.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<'a> {
    /// Engine time of the answer, ms since 1970.
    pub ts_ms: i64,
    /// Run the row belongs to.
    pub run_id: &'a str,
    /// Whose fills these are.
    pub mode: FillSource,
    /// Signal of the run.
    pub signal_id: u64,
    /// Attempt on its leg, from 1.
    pub attempt: u16,
    /// Rung of the ladders, which names the action.
    pub rung: Rung,
    /// Frozen bucket of the set.
    pub bucket: Bucket,
    /// Key of the set.
    pub market_id: &'a str,
    /// Outcome token.
    pub token_id: &'a str,
    /// Which way the order went.
    pub side: Side,
    /// Shares asked for.
    pub req_qty: Qty,
    /// Shares filled; `None` while nobody knows.
    pub filled_qty: Option<Qty>,
    /// Market volume at or under the limit in the frozen window; `None` when it is not known.
    pub v_mkt: Option<AttoShares>,
    /// Size at the best ask when the order was decided.
    pub ask_size_best: Option<Qty>,
    /// Size at the best bid when the order was decided.
    pub bid_size_best: Option<Qty>,
}

/// A share of 1 at 10⁻¹², from what really was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealShare(i128);

impl RealShare {
    /// `filled / whole`, rounded down, clamped to 0..=1; `None` without a whole above zero or for a
    /// fill below zero. Both at one scale.
    ///
    /// # Errors
    /// [`UnitError::Overflow`] for a fill above 10²⁶ that is still under the whole.
    fn of(filled: i128, whole: i128) -> Result<Option<Self>, UnitError> {
        if whole <= 0 || filled < 0 {
            return Ok(None);
        }
        if filled >= whole {
            return Ok(Some(Self(ONE)));
        }
        let scaled = filled.checked_mul(ONE).ok_or(UnitError::Overflow)?;
        Ok(scaled.checked_div_euclid(whole).map(Self))
    }

    /// The share of the request (`real_share_req`).
    ///
    /// # Errors
    /// [`UnitError::Overflow`] far beyond any order.
    pub fn of_request(filled: PicoShares, req: PicoShares) -> Result<Option<Self>, UnitError> {
        Self::of(filled.0, req.0)
    }

    /// The share of the market's volume (`real_share_mkt`); `None` without volume.
    ///
    /// # Errors
    /// [`UnitError::Overflow`] far beyond any order.
    pub fn of_volume(filled: PicoShares, volume: AttoShares) -> Result<Option<Self>, UnitError> {
        let filled = filled.0.checked_mul(PICO_PER_MICRO).ok_or(UnitError::Overflow)?;
        Self::of(filled, volume.0)
    }

    /// A share at 10⁻¹², clamped to 0..=1.
    pub fn from_pico(pico: i128) -> Self {
        Self(pico.clamp(0, ONE))
    }

    /// The count of 10⁻¹².
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// Shortest plain decimal, at most 12 places.
    pub fn text(self) -> String {
        cell(self.0, CELL_PLACES)
    }
}

/// Appends the line of a sample with its line end.
///
/// A share that cannot be formed (nothing asked for, no answer, no volume) is a blank cell.
pub fn row(out: &mut String, sample: &Sample<'_>) {
    let filled = sample.filled_qty.map(pico);
    let of_request = filled.and_then(|it| RealShare::of_request(it, pico(sample.req_qty)).ok()?);
    let of_volume = filled.and_then(|it| RealShare::of_volume(it, sample.v_mkt?).ok()?);
    let share = |share: Option<RealShare>| share.map(RealShare::text).unwrap_or_default();
    let qty =
        |qty: Option<Qty>| qty.map(|qty| cell(i128::from(qty.0), MICRO_SCALE)).unwrap_or_default();
    let cells = [
        sample.ts_ms.to_string(),
        text_cell(sample.run_id),
        sample.mode.word().to_owned(),
        sample.signal_id.to_string(),
        sample.attempt.to_string(),
        sample.rung.action().to_owned(),
        sample.bucket.word().to_owned(),
        text_cell(sample.market_id),
        text_cell(sample.token_id),
        sample.side.word().to_owned(),
        qty(Some(sample.req_qty)),
        qty(sample.filled_qty),
        sample.v_mkt.map(|volume| cell(volume.0, ATTO_SCALE)).unwrap_or_default(),
        share(of_request),
        share(of_volume),
        qty(sample.ask_size_best),
        qty(sample.bid_size_best),
    ];
    out.push_str(&cells.join(","));
    out.push('\n');
}

/// Micro-shares are whole numbers of 10⁻¹² shares.
fn pico(qty: Qty) -> PicoShares {
    PicoShares(i128::from(qty.0).saturating_mul(PICO_PER_MICRO))
}

/// Why no suggestion could be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CalibrationError {
    /// A table cannot be read.
    #[error("{file}: {fault}")]
    Log {
        /// The table, as the caller names it.
        file: String,
        /// What is wrong with it.
        fault: LogFault,
    },
    /// Simulated and real fills.
    #[error(
        "{first} has fills of mode {mode}, {second} of another; calibrate SIM and LIVE runs apart"
    )]
    TwoModes {
        /// The first table.
        first: String,
        /// Its mode.
        mode: &'static str,
        /// The first table of another mode.
        second: String,
    },
    /// The same run twice.
    #[error("{first} and {second} are of one run, {run_id}; name each run once")]
    RunTwice {
        /// The first table.
        first: String,
        /// The second table.
        second: String,
        /// The run of both.
        run_id: String,
    },
    /// More samples than a confidence interval can be computed for.
    #[error("more than 2^32 samples; calibrate fewer runs at once")]
    TooMany,
}

/// What one table gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunFacts {
    file: String,
    run_id: Option<String>,
    mode: Option<&'static str>,
    rows: u64,
    rejected: u64,
    first_ts_ms: Option<i64>,
    last_ts_ms: Option<i64>,
}

/// The figures of one set of attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Of the request: the frozen definition.
    req: Figures,
    /// Of the market's volume in the window, where it is known.
    mkt: Figures,
}

/// The three sets of one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketFacts {
    frozen: Measured,
    clean: Measured,
    flatten: Measured,
}

/// Everything a suggestion is made from; the order of the fields is the order of the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Calibration {
    mode: Option<&'static str>,
    min_samples: u64,
    rows: u64,
    rejected: u64,
    runs: Vec<RunFacts>,
    liquid: BucketFacts,
    thin: BucketFacts,
}

/// Calibrates from the tables of one or several runs, each with the name messages give it.
///
/// `min_samples` of 0 counts as 1. Cost: one pass per table, 40 bytes of memory per row, and one
/// sort per set.
///
/// # Errors
/// [`CalibrationError`] names the table, the line and the column.
pub fn calibrate<B: AsRef<[u8]>>(
    tables: &[(String, B)],
    min_samples: u64,
) -> Result<Calibration, CalibrationError> {
    let mut logs = Vec::new();
    for (file, bytes) in tables {
        let log = read_log(bytes.as_ref())
            .map_err(|fault| CalibrationError::Log { file: file.clone(), fault })?;
        logs.push((file.as_str(), log));
    }
    require_distinct(&logs)?;
    let mode = require_one_mode(&logs)?;
    let least = min_samples.max(1);
    let taken: Vec<Taken> = logs.iter().flat_map(|(_, log)| log.taken.iter().copied()).collect();
    let runs: Vec<RunFacts> = logs.iter().map(|(file, log)| facts_of(file, log)).collect();
    Ok(Calibration {
        mode: mode.map(FillSource::word),
        min_samples: least,
        rows: total(&runs, |run| run.rows),
        rejected: total(&runs, |run| run.rejected),
        runs,
        liquid: bucket_facts(&taken, Bucket::Liquid, least)?,
        thin: bucket_facts(&taken, Bucket::Thin, least)?,
    })
}

/// [`calibrate`] as one line of JSON; see `docs/FILES.md` for its keys.
///
/// # Errors
/// As [`calibrate`].
pub fn calibration_json<B: AsRef<[u8]>>(
    tables: &[(String, B)],
    min_samples: u64,
) -> Result<String, CalibrationError> {
    let found = calibrate(tables, min_samples)?;
    // Structs of texts and numbers always serialise.
    Ok(serde_json::to_string(&found).unwrap_or_default())
}

fn total(runs: &[RunFacts], part: impl Fn(&RunFacts) -> u64) -> u64 {
    runs.iter().fold(0, |sum, run| sum.saturating_add(part(run)))
}

fn facts_of(file: &str, log: &Log) -> RunFacts {
    RunFacts {
        file: file.to_owned(),
        run_id: log.run_id.clone(),
        mode: log.mode.map(FillSource::word),
        rows: log.rows,
        rejected: log.rejected,
        first_ts_ms: log.span_ms.map(|(first, _)| first),
        last_ts_ms: log.span_ms.map(|(_, last)| last),
    }
}

fn require_distinct(logs: &[(&str, Log)]) -> Result<(), CalibrationError> {
    for (index, (second, log)) in logs.iter().enumerate() {
        let earlier = logs.iter().take(index);
        let Some(run_id) = &log.run_id else { continue };
        for (first, other) in earlier {
            if other.run_id.as_ref() == Some(run_id) {
                return Err(CalibrationError::RunTwice {
                    first: (*first).to_owned(),
                    second: (*second).to_owned(),
                    run_id: run_id.clone(),
                });
            }
        }
    }
    Ok(())
}

/// The one mode of all tables; `None` when none of them has a row.
fn require_one_mode(logs: &[(&str, Log)]) -> Result<Option<FillSource>, CalibrationError> {
    let mut with_rows = logs.iter().filter_map(|(file, log)| log.mode.map(|mode| (*file, mode)));
    let Some((first, mode)) = with_rows.next() else { return Ok(None) };
    match with_rows.find(|(_, other)| *other != mode) {
        None => Ok(Some(mode)),
        Some((second, _)) => Err(CalibrationError::TwoModes {
            first: first.to_owned(),
            mode: mode.word(),
            second: second.to_owned(),
        }),
    }
}

fn bucket_facts(
    taken: &[Taken],
    bucket: Bucket,
    least: u64,
) -> Result<BucketFacts, CalibrationError> {
    let of = |keep: fn(&Taken) -> bool| {
        let inside = || taken.iter().filter(|it| it.bucket == bucket && keep(it));
        let req = figures(inside().map(|it| it.of_request).collect(), least)?;
        let mkt = figures(inside().filter_map(|it| it.of_volume).collect(), least)?;
        Ok::<_, CalibrationError>(Measured { req, mkt })
    };
    Ok(BucketFacts {
        frozen: of(|_| true)?,
        clean: of(|it| it.is_entry)?,
        flatten: of(|it| !it.is_entry)?,
    })
}

/// Volumes are at 10⁻¹⁸, fills at 10⁻¹².
const _: () = assert!(ATTO == ONE * PICO_PER_MICRO, "the scales of a fill and of a volume");

#[cfg(test)]
mod tests;
