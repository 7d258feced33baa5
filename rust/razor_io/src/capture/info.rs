//! What a capture holds: the facts behind `razor capture info`.
//!
//! Owns: [`info`], one pass over the lines in bounded memory, and the shapes it fills.
//!
//! Must never: stop at a bad line (it is a defect and counted) or need the sidecar. A file that is
//! cut off or damaged is described as far as it reads, with the damage named.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use serde::Serialize;

use super::line::{Kind, Record};
use super::manifest::{Counts, GapEntry, MetaPayload, bump, cut};
use super::reader::{CaptureReader, Limits};
use super::{CaptureError, LineError};

/// How many payloads are remembered when looking for repeats.
const REMEMBERED: usize = 1 << 17;
/// How many gaps are listed one by one.
const LISTED_GAPS: usize = 10_000;
/// How many connections are described one by one; no recording comes near.
const LISTED_CONNECTIONS: usize = 4_096;

/// First and last receive time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Lowest receive time, ns.
    pub first_ns: i64,
    /// Highest receive time, ns.
    pub last_ns: i64,
    /// Lines.
    pub lines: u64,
    /// Highest epoch.
    pub epoch: u32,
}

/// What is not as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Defects {
    /// Lines with a time below the line before.
    pub backwards_times: u64,
    /// Lines with an epoch below an earlier one of the same connection.
    pub off_order_epochs: u64,
    /// Payloads of kind `ws`, `rest`, `trade` or `ref` that occur again (of the last 131,072).
    pub duplicate_payloads: u64,
    /// Lines that are no record.
    pub undecodable_lines: u64,
    /// The first of them, with its reason.
    pub first_undecodable: Option<String>,
    /// `meta` or `gap` payloads that do not decode.
    pub bad_definitions: u64,
    /// Lines spelled otherwise than razor writes them (valid, but slow to read).
    pub general_lines: u64,
    /// The file is cut off or damaged, and where.
    pub broken: Option<String>,
}

/// What a capture holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Info {
    /// Counts by kind and message type, and the whole span.
    pub counts: Counts,
    /// Span of each connection.
    pub connections: BTreeMap<String, Span>,
    /// Markets defined.
    pub markets: u64,
    /// Sets defined, by `kind/settlement`.
    pub sets: BTreeMap<String, u64>,
    /// Markets quoted, summed over all `quote` lines.
    pub quotes: u64,
    /// Gaps (the first 10,000).
    pub gaps: Vec<GapEntry>,
    /// Sum of all gap lengths, ns.
    pub gap_ns: i64,
    /// Defects.
    pub defects: Defects,
    /// Bytes of the file.
    pub file_bytes: u64,
}

/// Payloads seen lately, and the time of the last line.
#[derive(Default)]
struct Recent {
    last_t: Option<i64>,
    known: BTreeSet<u64>,
    order: VecDeque<u64>,
}

impl Recent {
    /// Whether the payload was seen; remembers it.
    fn again(&mut self, record: &Record<'_>) -> bool {
        let mut hasher = DefaultHasher::new();
        hasher.write(record.kind.word().as_bytes());
        hasher.write(record.payload);
        let hash = hasher.finish();
        if !self.known.insert(hash) {
            return true;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        false
    }
}

/// Reads a capture once and describes it.
///
/// `tick` is called about every 1,000 lines with the bytes of the file read so far; `false` stops.
///
/// # Errors
/// [`CaptureError`] when the file cannot be opened or read at all; damage inside it is reported in
/// [`Defects`].
pub fn info(
    path: &Path,
    limits: Limits,
    mut tick: impl FnMut(u64) -> bool,
) -> Result<Info, CaptureError> {
    let mut reader = CaptureReader::open(path, limits)?;
    let mut info = Info::default();
    let mut recent = Recent::default();
    loop {
        if reader.lines().is_multiple_of(1_024) && !tick(reader.file_bytes()) {
            break;
        }
        match reader.next_record() {
            Ok(Some(record)) => info.take(&record, &mut recent),
            Ok(None) => break,
            Err(CaptureError::Line { line, source, .. }) => info.refused(line, source),
            Err(error @ CaptureError::Io { .. }) => return Err(error),
            Err(error) => {
                info.defects.broken = Some(error.to_string());
                break;
            }
        }
    }
    info.defects.general_lines = reader.general_lines();
    info.defects.backwards_times = info.counts.backwards;
    info.counts.text_bytes = reader.text_bytes();
    info.file_bytes = reader.file_bytes();
    Ok(info)
}

impl Info {
    fn take(&mut self, record: &Record<'_>, recent: &mut Recent) {
        let before = recent.last_t.replace(record.t);
        self.counts.add(record.kind, record.t, record.payload, before);
        self.connection(record);
        match record.kind {
            Kind::Ws | Kind::Rest | Kind::Trade | Kind::Ref => {
                let again = u64::from(recent.again(record));
                self.defects.duplicate_payloads =
                    self.defects.duplicate_payloads.saturating_add(again);
            }
            Kind::Quote => {
                let extra = memchr::memchr_iter(b';', record.payload).count();
                let markets = u64::try_from(extra).unwrap_or(u64::MAX).saturating_add(1);
                self.quotes = self.quotes.saturating_add(markets);
            }
            Kind::Meta => self.meta(record.payload),
            Kind::Gap => self.gap(record.payload),
        }
    }

    fn connection(&mut self, record: &Record<'_>) {
        if !self.connections.contains_key(record.conn) {
            if self.connections.len() >= LISTED_CONNECTIONS {
                return;
            }
            let span = Span { first_ns: record.t, last_ns: record.t, lines: 0, epoch: 0 };
            self.connections.insert(record.conn.to_owned(), span);
        }
        let Some(span) = self.connections.get_mut(record.conn) else { return };
        span.first_ns = span.first_ns.min(record.t);
        span.last_ns = span.last_ns.max(record.t);
        span.lines = span.lines.saturating_add(1);
        let back = u64::from(record.epoch < span.epoch);
        self.defects.off_order_epochs = self.defects.off_order_epochs.saturating_add(back);
        span.epoch = span.epoch.max(record.epoch);
    }

    fn meta(&mut self, payload: &[u8]) {
        let Ok(meta) = serde_json::from_slice::<MetaPayload>(payload) else {
            self.defects.bad_definitions = self.defects.bad_definitions.saturating_add(1);
            return;
        };
        let markets = u64::try_from(meta.markets.len()).unwrap_or(u64::MAX);
        self.markets = self.markets.saturating_add(markets);
        for set in &meta.sets {
            bump(&mut self.sets, &format!("{}/{}", set.kind, set.settlement), 1);
        }
    }

    fn gap(&mut self, payload: &[u8]) {
        let Ok(mut gap) = serde_json::from_slice::<GapEntry>(payload) else {
            self.defects.bad_definitions = self.defects.bad_definitions.saturating_add(1);
            return;
        };
        let length = gap.to_ns.saturating_sub(gap.from_ns);
        self.gap_ns = self.gap_ns.saturating_add(length);
        if self.gaps.len() < LISTED_GAPS {
            gap.cause = cut(&gap.cause);
            self.gaps.push(gap);
        }
    }

    fn refused(&mut self, line: u64, source: LineError) {
        self.defects.undecodable_lines = self.defects.undecodable_lines.saturating_add(1);
        self.defects.first_undecodable.get_or_insert_with(|| format!("line {line}: {source}"));
    }
}
