//! F2: CSV quote tables, one row per capture time and market, all outcomes of each event.
//!
//! Owns: the import of one such file or of all below a directory, in order of their names.
//!
//! Two passes: the first counts the rows of each capture time and learns all markets and events
//! (definitions come before quotes), the second writes one record per capture time and event.
//!
//! Rules, as the data's README states them:
//! - a time with at most 300 rows is no capture but a remnant of closed markets: left out, counted;
//! - a neg-risk event with more than two outcomes is exclusive and exhaustive: a set of all its
//!   markets, held to resolution; every other market is quotes only;
//! - bid `0` or empty is no bid, ask `1` or empty is no ask; prices keep their text.

mod market;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::market::Markets;
use super::{Control, ImportError, capture_time, input};
use crate::capture::{CaptureWriter, GapEntry, Kind, Record, Source, push_int};

const FLAGS: [&str; 6] = [
    "no_sizes",
    "no_trades",
    "quote_only",
    "tick_inferred",
    "min_order_size_assumed",
    "sets_grouped_by_neg_risk_event",
];
/// Columns an importer needs; others may stand between them.
const COLUMNS: [&str; 10] = [
    "timestamp_utc",
    "condition_id",
    "question",
    "slug",
    "end_date",
    "outcomes",
    "best_bid",
    "best_ask",
    "event_id",
    "event_tags",
];
/// A capture time with no more rows than this is a remnant.
const REMNANT_ROWS: u64 = 300;
/// A distance between captures that is a gap: about five times the usual 127 s.
const GAP_NS: i64 = 600_000_000_000;

/// Whether a file name can be a quote table.
pub(super) fn is_table(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".csv", ".csv.zst", ".csv.gz"].iter().any(|end| name.ends_with(end))
}

/// Whether a first line is the header of a quote table.
pub(super) fn is_header(line: &str) -> bool {
    let names: Vec<&str> = line.split(',').collect();
    COLUMNS.iter().all(|column| names.contains(column))
}

/// One row, as far as it is needed.
struct Row<'a> {
    t: i64,
    condition_id: &'a str,
    question: &'a str,
    slug: &'a str,
    end_date: &'a str,
    outcomes: &'a str,
    bid: &'a str,
    ask: &'a str,
    event_id: &'a str,
    event_tags: &'a str,
}

/// Imports one file or all quote tables below a directory.
pub(super) fn import(
    root: &Path,
    writer: &mut CaptureWriter,
    control: &mut Control<'_>,
) -> Result<Source, ImportError> {
    let files = tables(root)?;
    let bytes = files.iter().map(|file| input::size(file)).sum::<Result<u64, _>>()?;
    control.begin(bytes.saturating_mul(2));
    let (mut markets, mut times) = (Markets::default(), BTreeMap::<i64, u64>::new());
    for file in &files {
        read(file, control, |row| {
            let count = times.entry(row.t).or_default();
            *count = count.saturating_add(1);
            markets.learn(row);
            Ok(())
        })?;
    }
    times.retain(|_, rows| *rows > REMNANT_ROWS);
    let first = times.keys().next().copied().unwrap_or(0);
    markets.define(first, writer)?;
    let mut pass = Pass { markets: &markets, times: &times, open: Sweep::default(), last: None };
    for file in &files {
        read(file, control, |row| pass.take(row, writer))?;
    }
    pass.close(writer)?;
    writer.flags(&FLAGS);
    Ok(Source {
        format: "f2".to_owned(),
        description: "Top-of-book quote table: all outcomes of each event, YES side, no sizes"
            .to_owned(),
        licence: None,
        inputs: input::describe(root, &files)?,
        config: None,
    })
}

fn tables(root: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let mut tables = Vec::new();
    for file in input::find(root, &|name| root.is_file() || is_table(name))? {
        let mut lines = input::open(&file)?.lines();
        let fits = lines.next_line()?.is_some_and(|(_, first)| is_header(first));
        if fits {
            tables.push(file);
        }
    }
    if tables.is_empty() {
        return Err(ImportError::Header {
            path: root.to_path_buf(),
            expected: "timestamp_utc,condition_id,question,slug,end_date,outcomes,best_bid,\
                       best_ask,event_id,event_tags",
        });
    }
    Ok(tables)
}

/// Reads all rows of a file.
fn read(
    path: &Path,
    control: &mut Control<'_>,
    mut each: impl FnMut(&Row<'_>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let text = input::open(path)?;
    let progress = text.progress();
    let mut reader = csv::ReaderBuilder::new().from_reader(text.into_read());
    let bad = |error: csv::Error| input::csv_error(path, error);
    let header = reader.headers().map_err(bad)?.clone();
    let position = |name: &&str| header.iter().position(|column| column == *name);
    let Some(columns) = COLUMNS.iter().map(position).collect::<Option<Vec<usize>>>() else {
        return Err(ImportError::Header {
            path: path.to_path_buf(), expected: "timestamp_utc,…"
        });
    };
    let mut record = csv::StringRecord::new();
    let mut done = 0_u64;
    while reader.read_record(&mut record).map_err(bad)? {
        let line = record.position().map_or(0, csv::Position::line);
        let mut fields = columns.iter().map(|&at| record.get(at).unwrap_or_default());
        let mut field = || fields.next().unwrap_or_default();
        let t = capture_time::iso_ns(field())
            .ok_or_else(|| ImportError::row(path, line, "timestamp_utc"))?;
        let row = Row {
            t,
            condition_id: field(),
            question: field(),
            slug: field(),
            end_date: field(),
            outcomes: field(),
            bid: field(),
            ask: field(),
            event_id: field(),
            event_tags: field(),
        };
        check(&row, path, line)?;
        each(&row)?;
        if line.is_multiple_of(1_024) {
            control.advance(progress.bytes().saturating_sub(done))?;
            done = progress.bytes();
        }
    }
    control.advance(progress.bytes().saturating_sub(done))
}

/// Refuses what could not be a market or a price; the rest of the row is text.
fn check(row: &Row<'_>, path: &Path, line: u64) -> Result<(), ImportError> {
    let token = |text: &str| (1..=256).contains(&text.len()) && !text.contains(char::is_control);
    if !token(row.condition_id) || !token(row.slug) {
        return Err(ImportError::row(path, line, "condition_id or slug"));
    }
    for (text, field) in [(row.bid, "best_bid"), (row.ask, "best_ask")] {
        let price = text.is_empty() || razor_core::units::parse_fixed(text.as_bytes(), 6).is_ok();
        if !price {
            return Err(ImportError::row(path, line, field));
        }
    }
    Ok(())
}

/// The records of one capture time, an event each, in order of appearance.
#[derive(Default)]
struct Sweep {
    t: Option<i64>,
    events: Vec<Vec<u8>>,
    index: BTreeMap<String, usize>,
    seen: BTreeSet<u32>,
}

/// The second pass.
struct Pass<'a> {
    markets: &'a Markets,
    times: &'a BTreeMap<i64, u64>,
    open: Sweep,
    last: Option<i64>,
}

impl Pass<'_> {
    fn take(&mut self, row: &Row<'_>, writer: &mut CaptureWriter) -> Result<(), ImportError> {
        if !self.times.contains_key(&row.t) {
            writer.defect("remnant_rows", 1);
            return Ok(());
        }
        if self.open.t != Some(row.t) {
            self.close(writer)?;
            self.open.t = Some(row.t);
        }
        let Some(market) = self.markets.number(row.condition_id) else { return Ok(()) };
        if !self.open.seen.insert(market) {
            writer.defect("duplicate_rows", 1);
            return Ok(());
        }
        self.open.push(market, row);
        Ok(())
    }

    /// Writes the open capture time, one record per event.
    fn close(&mut self, writer: &mut CaptureWriter) -> Result<(), ImportError> {
        let sweep = std::mem::take(&mut self.open);
        let Some(t) = sweep.t else { return Ok(()) };
        let before = self.last.replace(t);
        if let Some(from_ns) = before.filter(|&from| t.saturating_sub(from) > GAP_NS) {
            let cause = "no_capture".to_owned();
            writer.gap("quotes-0", 0, GapEntry { from_ns, to_ns: t, cause, lost: None })?;
        }
        for payload in &sweep.events {
            writer.write(&Record { kind: Kind::Quote, t, conn: "quotes-0", epoch: 0, payload })?;
        }
        Ok(())
    }
}

impl Sweep {
    fn push(&mut self, market: u32, row: &Row<'_>) {
        if !self.index.contains_key(row.event_id) {
            self.index.insert(row.event_id.to_owned(), self.events.len());
            self.events.push(Vec::new());
        }
        let at = self.index.get(row.event_id).copied().unwrap_or(usize::MAX);
        let Some(payload) = self.events.get_mut(at) else { return };
        if !payload.is_empty() {
            payload.push(b';');
        }
        push_int(payload, i64::from(market));
        for text in [market::bid(row.bid), market::ask(row.ask)] {
            payload.push(b',');
            payload.extend_from_slice(text.as_bytes());
        }
    }
}
