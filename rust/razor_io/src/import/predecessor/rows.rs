//! Rows of the predecessor's two tables, in order of time.
//!
//! Owns: the headers, the reading of a row, and [`Rows`], which streams a file that is in order and
//! sorts one that is not (stably, in memory, up to a cap).

use std::io::Read;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::super::ImportError;
use super::super::input::{self, FileProgress};
use super::number::is_number;

/// Largest file that is sorted in memory; a longer one must be in order.
const SORT_CAP: u64 = 256 << 20;

/// A row with a time.
pub(super) trait TimedRow: Sized {
    /// The header, exactly.
    const HEADER: &'static str;
    /// Reads the cells of a row; the name of the bad cell otherwise.
    fn read(cells: &csv::StringRecord) -> Result<Self, &'static str>;
    /// Time of the row, ns.
    fn t(&self) -> i64;
}

/// One leg of a snapshot, as text.
#[derive(Debug, Clone, Default)]
pub(super) struct Leg {
    pub(super) token_id: String,
    pub(super) bid: String,
    pub(super) ask: String,
    pub(super) depth3: String,
}

/// One row of `snapshots.csv`.
pub(super) struct Snapshot {
    t: i64,
    pub(super) market_id: String,
    legs_n: i64,
    legs: [Leg; 3],
}

/// One row of `trades.csv`.
#[expect(clippy::struct_field_names, reason = "the names are the columns of the file")]
pub(super) struct Trade {
    t: i64,
    pub(super) ts_ms: String,
    pub(super) market_id: String,
    pub(super) token_id: String,
    pub(super) price: String,
    pub(super) size: String,
    pub(super) trade_id: String,
    pub(super) ingest_ts_ms: String,
    pub(super) exchange_ts_ms: String,
}

fn ms_to_ns(text: &str) -> Option<i64> {
    text.parse::<i64>().ok()?.checked_mul(1_000_000)
}

impl Snapshot {
    /// The legs of a row that the predecessor's replay would use.
    pub(super) fn legs(&self) -> Option<&[Leg]> {
        let legs = match self.legs_n {
            2 => self.legs.get(..2)?,
            3 => &self.legs,
            _ => return None,
        };
        legs.iter().all(|leg| !leg.token_id.trim().is_empty()).then_some(legs)
    }
}

impl TimedRow for Snapshot {
    const HEADER: &'static str = "ts_ms,market_id,legs_n,\
        leg0_token_id,leg0_best_bid,leg0_best_ask,leg0_depth3_usdc,\
        leg1_token_id,leg1_best_bid,leg1_best_ask,leg1_depth3_usdc,\
        leg2_token_id,leg2_best_bid,leg2_best_ask,leg2_depth3_usdc";

    fn read(cells: &csv::StringRecord) -> Result<Self, &'static str> {
        let mut cells = cells.iter();
        let mut cell = || cells.next().unwrap_or_default();
        let t = ms_to_ns(cell()).ok_or("ts_ms")?;
        let market_id = cell().to_owned();
        let legs_n = cell().parse().map_err(|_| "legs_n")?;
        let mut leg = || Leg {
            token_id: cell().to_owned(),
            bid: cell().to_owned(),
            ask: cell().to_owned(),
            depth3: cell().to_owned(),
        };
        Ok(Self { t, market_id, legs_n, legs: [leg(), leg(), leg()] })
    }

    fn t(&self) -> i64 {
        self.t
    }
}

impl TimedRow for Trade {
    const HEADER: &'static str =
        "ts_ms,market_id,token_id,price,size,trade_id,ingest_ts_ms,exchange_ts_ms";

    fn read(cells: &csv::StringRecord) -> Result<Self, &'static str> {
        let mut cells = cells.iter().map(str::to_owned);
        let mut cell = || cells.next().unwrap_or_default();
        let ts_ms = cell();
        let made = ms_to_ns(&ts_ms).ok_or("ts_ms")?;
        let (market_id, token_id, price, size) = (cell(), cell(), cell(), cell());
        for (text, name) in [(&price, "price"), (&size, "size")] {
            if !is_number(text) {
                return Err(name);
            }
        }
        let (trade_id, ingest_ts_ms, exchange_ts_ms) = (cell(), cell(), cell());
        let t = ms_to_ns(&ingest_ts_ms).unwrap_or(made);
        let trade = Self {
            t,
            ts_ms,
            market_id,
            token_id,
            price,
            size,
            trade_id,
            ingest_ts_ms,
            exchange_ts_ms,
        };
        Ok(trade)
    }

    fn t(&self) -> i64 {
        self.t
    }
}

/// The rows of a file by time.
pub(super) struct Rows<R> {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    progress: FileProgress,
    told: u64,
    cells: csv::StringRecord,
    sorted: Option<std::vec::IntoIter<R>>,
    row: PhantomData<R>,
}

/// Opens a file of rows. `in_order` says that its times do not go back (or that order is no
/// matter).
pub(super) fn open<R: TimedRow>(path: &Path, in_order: bool) -> Result<Rows<R>, ImportError> {
    let text = input::open(path)?;
    let progress = text.progress();
    let read: Box<dyn Read> = Box::new(text.into_read());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(read);
    let mut cells = csv::StringRecord::new();
    let there = reader.read_record(&mut cells).map_err(|error| input::csv_error(path, error))?;
    if !there || !cells.iter().eq(R::HEADER.split(',')) {
        return Err(ImportError::Header { path: path.to_path_buf(), expected: R::HEADER });
    }
    let path = path.to_path_buf();
    let mut rows = Rows { path, reader, progress, told: 0, cells, sorted: None, row: PhantomData };
    if !in_order {
        rows.sort()?;
    }
    Ok(rows)
}

impl<R: TimedRow> Rows<R> {
    /// The next row; `None` at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<R>, ImportError> {
        if let Some(sorted) = &mut self.sorted {
            return Ok(sorted.next());
        }
        let there = self.reader.read_record(&mut self.cells);
        if !there.map_err(|error| input::csv_error(&self.path, error))? {
            return Ok(None);
        }
        let line = self.cells.position().map_or(0, csv::Position::line);
        let row = R::read(&self.cells);
        row.map(Some).map_err(|field| ImportError::row(&self.path, line, field))
    }

    /// Bytes of the file read since the last call.
    pub(super) fn taken_bytes(&mut self) -> u64 {
        let now = self.progress.bytes();
        now.saturating_sub(std::mem::replace(&mut self.told, now))
    }

    fn sort(&mut self) -> Result<(), ImportError> {
        if input::size(&self.path)? > SORT_CAP {
            let limit = usize::try_from(SORT_CAP).unwrap_or(usize::MAX);
            let what = "bytes that are not in order of time (sort the file first)";
            return Err(ImportError::TooMany { path: self.path.clone(), what, limit });
        }
        let mut rows = Vec::new();
        while let Some(row) = self.next_row()? {
            rows.push(row);
        }
        rows.sort_by_key(R::t);
        self.sorted = Some(rows.into_iter());
        Ok(())
    }
}
