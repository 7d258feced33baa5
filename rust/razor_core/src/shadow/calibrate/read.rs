//! `calibration_log.csv`, read strictly.
//!
//! Owns: what a row must be, and the sentence for one that is not. A suggestion changes how much
//! money is put at risk, so nothing here is guessed: the header is exact, every row has all its
//! cells, and the written shares must be those of the written quantities.
//!
//! Rejected and counted, as the frozen rules say: quantities that are not finite, a request of zero
//! or below, a fill below zero; and a fill nobody knows (blank).

use core::fmt;

use thiserror::Error;

use super::{CALIBRATION_HEADER, FillSource, RealShare};
use crate::shadow::csv::{Column, CsvError, Record, Table};
use crate::shadow::exact::{AttoShares, PicoShares};
use crate::signal::Bucket;

const TABLE: &str = "calibration_log.csv";
/// A longer cell is shown cut: it came from anywhere.
const MOST_SHOWN: usize = 40;

/// What a cell must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellRule {
    /// A whole number.
    Whole,
    /// One of the words of the column.
    Words(&'static [&'static str]),
    /// A plain decimal of at most 12 places, or blank.
    Decimal,
    /// A text that is not blank.
    Named,
    /// The text of the first row.
    SameAsFirst,
    /// The share that the quantities of the row give.
    ShareOfRow,
}

impl fmt::Display for CellRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => out.write_str("a whole number"),
            Self::Words(words) => out.write_str(&words.join(" or ")),
            Self::Decimal => out.write_str("a plain decimal or blank"),
            Self::Named => out.write_str("a text"),
            Self::SameAsFirst => out.write_str("what the first row says"),
            Self::ShareOfRow => out.write_str("the share that the row's quantities give"),
        }
    }
}

/// Why a table was not read. Each ends with what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogFault {
    /// No table of this form.
    #[error("{0}; write it anew from the journal: razor audit rebuild RUN")]
    Table(CsvError),
    /// No line end behind the last row: what stands there may be a part of a number.
    #[error("the last row is cut; write the table anew from the journal: razor audit rebuild RUN")]
    Cut,
    /// A row with more or fewer cells than columns.
    #[error(
        "line {line} has {found} cells, not {wanted}; write the table anew from the journal: razor \
         audit rebuild RUN"
    )]
    Width {
        /// Line, from 1.
        line: u64,
        /// Cells there are.
        found: usize,
        /// Columns of the header.
        wanted: usize,
    },
    /// A cell that is not what its column holds.
    #[error(
        "line {line}, {column}: found {found:?}, allowed {rule}; write the table anew from the \
         journal: razor audit rebuild RUN"
    )]
    Cell {
        /// Line, from 1.
        line: u64,
        /// Name of the column.
        column: &'static str,
        /// What stands there, cut.
        found: String,
        /// What may stand there.
        rule: CellRule,
    },
}

/// A row that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Bucket of the set.
    pub bucket: Bucket,
    /// FIRE and CHASE; else FLATTEN.
    pub is_entry: bool,
    /// `filled / req`.
    pub of_request: RealShare,
    /// `filled / V_mkt`, where the volume is known and above zero.
    pub of_volume: Option<RealShare>,
}

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    /// The run of its rows; `None` without rows.
    pub run_id: Option<String>,
    /// Whose fills; `None` without rows.
    pub mode: Option<FillSource>,
    /// Rows.
    pub rows: u64,
    /// Rows that give no sample.
    pub rejected: u64,
    /// Earliest and latest `ts_ms`.
    pub span_ms: Option<(i64, i64)>,
    /// The samples in file order.
    pub taken: Vec<Taken>,
}

/// Reads a whole table.
///
/// # Errors
/// [`LogFault`] of the first thing that is wrong.
pub fn read_log(bytes: &[u8]) -> Result<Log, LogFault> {
    let table = Table::open(bytes).map_err(LogFault::Table)?;
    table.expect_header(TABLE, CALIBRATION_HEADER).map_err(LogFault::Table)?;
    if !bytes.ends_with(b"\n") {
        return Err(LogFault::Cut);
    }
    let columns = Columns::of(&table).map_err(LogFault::Table)?;
    let wanted = CALIBRATION_HEADER.split(',').count();
    let mut log = Log::default();
    for (line, record) in table.numbered() {
        let record = record.map_err(LogFault::Table)?;
        if record.width() != wanted {
            return Err(LogFault::Width { line, found: record.width(), wanted });
        }
        Row { columns: &columns, record: &record, line }.add_to(&mut log)?;
    }
    Ok(log)
}

/// A column with the name its messages give it.
type Named = (Column, &'static str);

struct Columns {
    ts_ms: Named,
    run_id: Named,
    mode: Named,
    signal_id: Named,
    attempt: Named,
    action: Named,
    bucket: Named,
    side: Named,
    req_qty: Named,
    filled_qty: Named,
    v_mkt: Named,
    share_req: Named,
    share_mkt: Named,
    ask_size: Named,
    bid_size: Named,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, CsvError> {
        let named = |name: &'static str| table.column(name).map(|column| (column, name));
        Ok(Self {
            ts_ms: named("ts_ms")?,
            run_id: named("run_id")?,
            mode: named("mode")?,
            signal_id: named("signal_id")?,
            attempt: named("attempt")?,
            action: named("action")?,
            bucket: named("bucket")?,
            side: named("side")?,
            req_qty: named("req_qty")?,
            filled_qty: named("filled_qty")?,
            v_mkt: named("v_mkt")?,
            share_req: named("real_share_req")?,
            share_mkt: named("real_share_mkt")?,
            ask_size: named("ask_size_best")?,
            bid_size: named("bid_size_best")?,
        })
    }
}

/// A quantity as the frozen rules look at it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantity {
    Exactly(PicoShares),
    /// Blank: nobody knows, or it does not apply.
    Unknown,
    /// A word for no number or no finite one, as a float prints it.
    NotFinite,
}

struct Row<'a> {
    columns: &'a Columns,
    record: &'a Record<'a>,
    line: u64,
}

impl Row<'_> {
    fn add_to(&self, log: &mut Log) -> Result<(), LogFault> {
        let ts_ms = self.whole::<i64>(self.columns.ts_ms)?;
        self.belongs_to(log)?;
        self.whole::<u64>(self.columns.signal_id)?;
        self.whole::<u16>(self.columns.attempt)?;
        self.word(self.columns.side, &["BUY", "SELL"])?;
        self.quantity(self.columns.ask_size)?;
        self.quantity(self.columns.bid_size)?;
        let taken = self.sample()?;
        let (first, last) = log.span_ms.unwrap_or((ts_ms, ts_ms));
        log.span_ms = Some((first.min(ts_ms), last.max(ts_ms)));
        log.rows = log.rows.saturating_add(1);
        match taken {
            Some(taken) => log.taken.push(taken),
            None => log.rejected = log.rejected.saturating_add(1),
        }
        Ok(())
    }

    /// Run and mode are those of the first row.
    fn belongs_to(&self, log: &mut Log) -> Result<(), LogFault> {
        let run_id = self.cell(self.columns.run_id);
        if run_id.is_empty() {
            return Err(self.fault(self.columns.run_id, CellRule::Named));
        }
        if log.run_id.get_or_insert_with(|| run_id.to_owned()) != run_id {
            return Err(self.fault(self.columns.run_id, CellRule::SameAsFirst));
        }
        let mode = match self.word(self.columns.mode, &["SIM", "LIVE"])? {
            "SIM" => FillSource::Sim,
            _ => FillSource::Live,
        };
        if *log.mode.get_or_insert(mode) != mode {
            return Err(self.fault(self.columns.mode, CellRule::SameAsFirst));
        }
        Ok(())
    }

    /// The sample of the row; `None` when it is rejected by the frozen rules.
    fn sample(&self) -> Result<Option<Taken>, LogFault> {
        let bucket = match self.word(self.columns.bucket, &["liquid", "thin"])? {
            "liquid" => Bucket::Liquid,
            _ => Bucket::Thin,
        };
        let action = self.word(self.columns.action, &["FIRE", "CHASE", "FLATTEN"])?;
        let req = self.quantity(self.columns.req_qty)?;
        let filled = self.quantity(self.columns.filled_qty)?;
        let volume = self.volume()?;
        let (of_request, of_volume) = match (req, filled) {
            (Quantity::Exactly(req), Quantity::Exactly(filled)) => {
                let too_large = |column| move |_| self.fault(column, CellRule::Decimal);
                let of_request = RealShare::of_request(filled, req)
                    .map_err(too_large(self.columns.filled_qty))?;
                let of_volume = volume
                    .map(|volume| RealShare::of_volume(filled, volume))
                    .transpose()
                    .map_err(too_large(self.columns.v_mkt))?
                    .flatten();
                (of_request, of_volume)
            }
            (Quantity::Exactly(_) | Quantity::Unknown | Quantity::NotFinite, _) => (None, None),
        };
        self.says(self.columns.share_req, of_request)?;
        self.says(self.columns.share_mkt, of_volume)?;
        let is_entry = action != "FLATTEN";
        Ok(of_request.map(|of_request| Taken { bucket, is_entry, of_request, of_volume }))
    }

    /// Whether the written share is the one of the quantities; another writer may have rounded the
    /// last place up, and not clamped.
    fn says(&self, column: Named, share: Option<RealShare>) -> Result<(), LogFault> {
        let written = self.quantity(column)?;
        let is_said = match (written, share) {
            (Quantity::Exactly(written), Some(share)) => {
                let clamped = RealShare::from_pico(written.0).pico();
                (0..=1).contains(&clamped.saturating_sub(share.pico()))
            }
            (Quantity::Exactly(_), None) => false,
            (Quantity::Unknown | Quantity::NotFinite, share) => share.is_none(),
        };
        if is_said { Ok(()) } else { Err(self.fault(column, CellRule::ShareOfRow)) }
    }

    fn cell(&self, (column, _): Named) -> &str {
        self.record.cell(column)
    }

    fn whole<T: core::str::FromStr>(&self, column: Named) -> Result<T, LogFault> {
        self.cell(column).parse().map_err(|_| self.fault(column, CellRule::Whole))
    }

    fn word(
        &self,
        column: Named,
        words: &'static [&'static str],
    ) -> Result<&'static str, LogFault> {
        let found = self.cell(column);
        let known = words.iter().copied().find(|word| *word == found);
        known.ok_or_else(|| self.fault(column, CellRule::Words(words)))
    }

    fn quantity(&self, column: Named) -> Result<Quantity, LogFault> {
        let text = self.cell(column);
        if text.is_empty() {
            return Ok(Quantity::Unknown);
        }
        if is_not_finite(text) {
            return Ok(Quantity::NotFinite);
        }
        PicoShares::parse(text)
            .map(Quantity::Exactly)
            .map_err(|_| self.fault(column, CellRule::Decimal))
    }

    /// The market's volume, which may have more places than a quantity.
    fn volume(&self) -> Result<Option<AttoShares>, LogFault> {
        let column = self.columns.v_mkt;
        let text = self.cell(column);
        if text.is_empty() || is_not_finite(text) {
            return Ok(None);
        }
        AttoShares::parse(text).map(Some).map_err(|_| self.fault(column, CellRule::Decimal))
    }

    fn fault(&self, column: Named, rule: CellRule) -> LogFault {
        let found = self.cell(column).chars().take(MOST_SHOWN).collect();
        LogFault::Cell { line: self.line, column: column.1, found, rule }
    }
}

fn is_not_finite(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-']);
    ["nan", "inf", "infinity"].iter().any(|word| bare.eq_ignore_ascii_case(word))
}
