//! A day of rows, transposed into sweeps and written as quote records.
//!
//! Owns: [`Day`]. Its input is the file's order (by slug), its output the capture's (by time, and
//! within a sweep by group).
//!
//! Invariants: block borders depend on the rows only; one record per sweep and group; the first of
//! two rows of one market in one sweep is kept and the second counted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::super::ordered::in_order;
use super::super::{Control, ImportError, LEVEL};
use super::catalog::Catalog;
use super::columns::{Row, Rows, too_many_sweeps};
use super::price::Prices;
use crate::capture::{
    Block, BlockBuilder, CaptureError, CaptureWriter, GapEntry, Kind, Record, push_int,
};

/// Rows of a block: about 3 MB of text.
const BLOCK_ROWS: usize = 100_000;
/// A distance between sweeps that is a gap: five times the publisher's spacing of about 123 s.
const GAP_NS: i64 = 600_000_000_000;

/// The rows of one file.
pub(super) struct Day {
    path: PathBuf,
    index: BTreeMap<i64, u16>,
    rows: Vec<Row>,
    cells: Vec<Row>,
    sweeps: Vec<Sweep>,
}

/// One sweep: its time and its rows in [`Day::cells`].
struct Sweep {
    ns: i64,
    cells: Range<usize>,
}

/// A stretch of sweeps that becomes one block, and whether a gap leads to it.
struct Chunk {
    sweeps: Range<usize>,
    gap_from: Option<i64>,
    rows: usize,
}

/// A written stretch.
struct Written {
    block: Block,
    duplicates: u64,
}

impl Day {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            index: BTreeMap::new(),
            rows: Vec::new(),
            cells: Vec::new(),
            sweeps: Vec::new(),
        }
    }

    /// Takes a row group's rows, with its sweep positions changed into the day's.
    pub(super) fn take(&mut self, part: Rows) -> Result<(), ImportError> {
        let mut positions = Vec::with_capacity(part.times.len());
        for ns in part.times {
            let new = u16::try_from(self.index.len()).map_err(|_| too_many_sweeps(&self.path))?;
            positions.push(*self.index.entry(ns).or_insert(new));
        }
        let moved = |row: Row| {
            let sweep = positions.get(usize::from(row.sweep)).copied().unwrap_or(0);
            Row { sweep, ..row }
        };
        self.rows.extend(part.rows.into_iter().map(moved));
        Ok(())
    }

    /// Sorts the rows by time: a counting sort, since there are a few hundred different times.
    pub(super) fn sort(&mut self) -> Result<(), ImportError> {
        let mut counts = vec![0_usize; self.index.len()];
        for row in &self.rows {
            if let Some(count) = counts.get_mut(usize::from(row.sweep)) {
                *count = count.saturating_add(1);
            }
        }
        let mut cursors = vec![0_usize; self.index.len()];
        let mut from = 0_usize;
        for (&ns, &position) in &self.index {
            let position = usize::from(position);
            let count = counts.get(position).copied().unwrap_or(0);
            let to = from.saturating_add(count);
            self.sweeps.push(Sweep { ns, cells: from..to });
            if let Some(cursor) = cursors.get_mut(position) {
                *cursor = from;
            }
            from = to;
        }
        self.cells = vec![Row { market: 0, sweep: 0, bid: 0, ask: 0 }; self.rows.len()];
        for row in std::mem::take(&mut self.rows) {
            let Some(cursor) = cursors.get_mut(usize::from(row.sweep)) else { continue };
            if let Some(cell) = self.cells.get_mut(*cursor) {
                *cell = row;
            }
            *cursor = cursor.saturating_add(1);
        }
        Ok(())
    }

    /// Time of the first sweep; 0 when there is none.
    pub(super) fn first_ns(&self) -> i64 {
        self.sweeps.first().map_or(0, |sweep| sweep.ns)
    }

    /// Time of the last sweep.
    pub(super) fn last_ns(&self) -> Option<i64> {
        self.sweeps.last().map(|sweep| sweep.ns)
    }

    /// Writes all sweeps; `before` is the time of the sweep before this file.
    pub(super) fn write(
        &self,
        catalog: &Catalog,
        prices: &Prices,
        before: Option<i64>,
        writer: &mut CaptureWriter,
        control: &mut Control<'_>,
    ) -> Result<(), ImportError> {
        let chunks = self.chunks(before);
        let texts = prices.texts();
        let fresh = || {
            let builder = BlockBuilder::new(LEVEL).map_err(CaptureError::io(&self.path))?;
            Ok(SweepWriter { builder, row: Vec::new(), payload: Vec::new() })
        };
        let work = |state: &mut SweepWriter, item: usize| {
            let chunk = chunks.get(item).map_or(0..0, |chunk| chunk.sweeps.clone());
            let mut duplicates = 0_u64;
            for sweep in self.sweeps.get(chunk).unwrap_or_default() {
                let cells = self.cells.get(sweep.cells.clone()).unwrap_or_default();
                let again = state.sweep(sweep.ns, cells, catalog, &texts);
                duplicates = duplicates.saturating_add(again);
            }
            let block = state.builder.seal().map_err(CaptureError::io(&self.path))?;
            Ok(Written { block, duplicates })
        };
        let mut plan = chunks.iter();
        in_order(chunks.len(), fresh, work, |written| {
            let Some(chunk) = plan.next() else { return Ok(()) };
            self.lead(chunk, writer)?;
            writer.append(&written.block)?;
            writer.defect("duplicate_rows", written.duplicates);
            control.advance(u64::try_from(chunk.rows).unwrap_or(0))
        })
    }

    /// Writes the gap that leads to a chunk.
    fn lead(&self, chunk: &Chunk, writer: &mut CaptureWriter) -> Result<(), ImportError> {
        let first = self.sweeps.get(chunk.sweeps.start);
        let (Some(from_ns), Some(first)) = (chunk.gap_from, first) else { return Ok(()) };
        let cause = "no_sweep".to_owned();
        Ok(writer.gap("quotes-0", 0, GapEntry { from_ns, to_ns: first.ns, cause, lost: None })?)
    }

    /// Cuts the sweeps into blocks; a gap always begins a new one.
    fn chunks(&self, before: Option<i64>) -> Vec<Chunk> {
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut last = before;
        for (at, sweep) in self.sweeps.iter().enumerate() {
            let gap_from = last.filter(|&from| sweep.ns.saturating_sub(from) > GAP_NS);
            last = Some(sweep.ns);
            let next = at.saturating_add(1);
            match chunks.last_mut() {
                Some(open) if gap_from.is_none() && open.rows < BLOCK_ROWS => {
                    open.sweeps.end = next;
                    open.rows = open.rows.saturating_add(sweep.cells.len());
                }
                Some(_) | None => {
                    chunks.push(Chunk { sweeps: at..next, gap_from, rows: sweep.cells.len() });
                }
            }
        }
        chunks
    }
}

/// Writes sweeps into blocks; one per thread.
struct SweepWriter {
    builder: BlockBuilder,
    row: Vec<Row>,
    payload: Vec<u8>,
}

impl SweepWriter {
    /// Writes one sweep, a record per group; returns the rows left out as duplicates.
    fn sweep(&mut self, ns: i64, cells: &[Row], catalog: &Catalog, texts: &[Box<str>]) -> u64 {
        let mut rows = std::mem::take(&mut self.row);
        rows.clear();
        rows.extend_from_slice(cells);
        // Stable: of two rows of one market, that which comes first in the file stays first.
        rows.sort_by_key(|row| row.market);
        rows.dedup_by_key(|row| row.market);
        for group in rows.chunk_by(|a, b| catalog.group(a.market) == catalog.group(b.market)) {
            self.group(ns, group, texts);
        }
        let duplicates = cells.len().saturating_sub(rows.len());
        self.row = rows;
        u64::try_from(duplicates).unwrap_or(u64::MAX)
    }

    fn group(&mut self, t: i64, group: &[Row], texts: &[Box<str>]) {
        self.payload.clear();
        for row in group {
            if !self.payload.is_empty() {
                self.payload.push(b';');
            }
            push_int(&mut self.payload, i64::from(row.market));
            for code in [row.bid, row.ask] {
                self.payload.push(b',');
                // The code of *no order* has no text.
                let text = texts.get(usize::from(code)).map_or("", |text| text);
                self.payload.extend_from_slice(text.as_bytes());
            }
        }
        let payload = self.payload.as_slice();
        self.builder.push(&Record { kind: Kind::Quote, t, conn: "quotes-0", epoch: 0, payload });
    }
}
