//! A capture that is played into the local exchange.
//!
//! Owns: the reader behind a tape, one record ahead, and when each record is due: as long after the
//! opening as it was received after the first one. Must never: hold more of the file than that
//! record, or decide what a record means; that is [`razor_sim::tape`].

use std::path::Path;
use std::sync::Mutex;

use pyo3::prelude::*;
use razor_core::engine::record::Record;
use razor_core::market::Fees;
use razor_core::units::{Nanos, Qty, TickSize, UnitError, parse_fixed};
use razor_io::capture::{
    CaptureError, CaptureReader, FeesMeta, Kind, Limits, MarketMeta, MetaPayload,
};
use razor_io::json;
use razor_io::source::{SourceFault, kind_of};
use razor_sim::exchange::{Event, Exchange as Core};
use razor_sim::tape::{Tape, TapeMarket, TapePlan};

use crate::errors::{Fault, bad_argument};

/// How far a tape has been played; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct TapeProgress {
    records: u64,
    records_all: u64,
    refused: u64,
    levels: u64,
    levels_refused: u64,
    crossed: u64,
    prints: u64,
    prints_left_out: u64,
    over: u64,
    fault: Option<String>,
}

/// The record that is played next, copied out of the reader.
#[derive(Default)]
struct Ahead {
    kind: Option<Kind>,
    recv_ns: i64,
    conn: String,
    epoch: u32,
    payload: Vec<u8>,
}

/// A tape with its reader.
pub(crate) struct Player {
    tape: Tape,
    // Only for the class to be shared; there is one thread.
    reader: Mutex<CaptureReader>,
    ahead: Ahead,
    records: u64,
    first_ns: i64,
    start: Nanos,
    /// Latest time that a record was due.
    due: Nanos,
    fault: Option<String>,
}

/// What a look through the whole capture finds.
#[derive(Default)]
struct Found {
    markets: Vec<TapeMarket>,
    records: u64,
    has_books: bool,
    has_quotes: bool,
}

impl Player {
    /// Reads a capture through for its definitions, and opens it at its beginning.
    pub(crate) fn open(
        py: Python<'_>,
        path: &Path,
        (seed, quote_depth): (u64, Qty),
        now: Nanos,
        core: &mut Core,
        events: &mut Vec<Event>,
    ) -> PyResult<Self> {
        let found = py.detach(|| look(path))?;
        let is_quote_only = found.has_quotes && !found.has_books;
        let plan = TapePlan { seed, quote_depth, is_quote_only };
        let reader = CaptureReader::open(path, Limits::default()).map_err(fault)?;
        let tape = Tape::open(plan, found.markets, now, core, events).map_err(bad_argument)?;
        let mut player = Self {
            tape,
            reader: Mutex::new(reader),
            ahead: Ahead::default(),
            records: found.records,
            first_ns: 0,
            start: now,
            due: now,
            fault: None,
        };
        player.read_ahead();
        player.first_ns = player.ahead.recv_ns;
        Ok(player)
    }

    pub(crate) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// When the next record is due.
    pub(crate) fn due(&self) -> Option<Nanos> {
        self.ahead.kind?;
        let since = self.ahead.recv_ns.saturating_sub(self.first_ns);
        Some(Nanos(self.start.0.saturating_add(since)).max(self.due))
    }

    /// Plays the next record at its time.
    pub(crate) fn play(&mut self, core: &mut Core, events: &mut Vec<Event>) {
        let (Some(due), Some(kind)) = (self.due(), self.ahead.kind) else { return };
        self.due = due;
        let Ahead { recv_ns, ref conn, epoch, ref payload, .. } = self.ahead;
        let (kind, recv_ns) = (kind_of(kind), Nanos(recv_ns));
        let record = Record { kind, recv_ns, conn, epoch, payload };
        self.tape.play(&record, due, core, events);
        self.read_ahead();
    }

    /// A capture that cannot be read on ends its tape; what was played stays.
    fn read_ahead(&mut self) {
        self.ahead.kind = None;
        let Ok(reader) = self.reader.get_mut() else { return };
        match reader.next_record() {
            Ok(Some(record)) => {
                self.ahead.kind = Some(record.kind);
                self.ahead.recv_ns = record.t;
                self.ahead.epoch = record.epoch;
                self.ahead.conn.clear();
                self.ahead.conn.push_str(record.conn);
                self.ahead.payload.clear();
                self.ahead.payload.extend_from_slice(record.payload);
            }
            Ok(None) => {}
            Err(error) => self.fault = Some(error.to_string()),
        }
    }

    pub(crate) fn progress(&self) -> TapeProgress {
        let counts = self.tape.counts();
        TapeProgress {
            records: counts.records,
            records_all: self.records,
            refused: counts.refused,
            levels: counts.levels,
            levels_refused: counts.levels_refused,
            crossed: counts.crossed,
            prints: counts.prints,
            prints_left_out: counts.prints_left_out,
            over: counts.over,
            fault: self.fault.clone(),
        }
    }
}

fn fault(error: CaptureError) -> PyErr {
    Fault::from(SourceFault::from(error)).into()
}

/// Reads a capture through. Two gigabytes of text take some seconds.
fn look(path: &Path) -> PyResult<Found> {
    let mut reader = CaptureReader::open(path, Limits::default()).map_err(fault)?;
    let mut found = Found::default();
    while let Some(record) = reader.next_record().map_err(fault)? {
        found.records = found.records.saturating_add(1);
        match record.kind {
            Kind::Ws | Kind::Rest => found.has_books = true,
            Kind::Quote => found.has_quotes = true,
            Kind::Trade | Kind::Ref | Kind::Gap => {}
            Kind::Meta => {
                // A definition that cannot be read defines nothing, in a run as well.
                let text = std::str::from_utf8(record.payload).unwrap_or_default();
                let meta: MetaPayload = json::read(text).unwrap_or_default();
                let markets = meta.markets.iter().map(facts).collect::<Result<Vec<_>, _>>();
                found.markets.extend(markets.unwrap_or_default());
            }
        }
    }
    Ok(found)
}

fn facts(market: &MarketMeta) -> Result<TapeMarket, UnitError> {
    let tick = parse_fixed(market.tick_size.as_bytes(), 6)?;
    let outcome = |at: usize, word: &str| {
        market.outcomes.get(at).map_or(word, |outcome| outcome.as_str()).into()
    };
    Ok(TapeMarket {
        condition_id: market.condition_id.as_str().into(),
        token_ids: market.token_ids.clone().map(Into::into),
        outcomes: [outcome(0, "Yes"), outcome(1, "No")],
        label: market.label.as_str().into(),
        tick: TickSize::from_micros(u32::try_from(tick).map_err(|_| UnitError::Overflow)?)?,
        min_order_qty: Qty::parse(market.min_order_size.as_bytes())?,
        fees: match &market.fees {
            FeesMeta::Unknown => Fees::Unknown,
            FeesMeta::Free(_) => Fees::Free,
            FeesMeta::Taker { rate, exponent } => {
                let rate = parse_fixed(rate.as_bytes(), 6)?;
                let rate_ppm = u32::try_from(rate).map_err(|_| UnitError::Overflow)?;
                Fees::Taker { rate_ppm, exponent: *exponent }
            }
        },
        neg_risk: market.neg_risk,
        end_ms: market.end_ms,
        event_id: market.event_id.as_str().into(),
        group_id: market.group_id.as_str().into(),
        taker_delay: Nanos(i64::from(market.seconds_delay).saturating_mul(1_000_000_000)),
    })
}
