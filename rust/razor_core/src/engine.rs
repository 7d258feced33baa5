//! The fold: every input is a record, every output a row or a signal.
//!
//! Owns: the state of a run ([`Engine`]) and the order in which its parts see an input: time first
//! (windows that ended are settled), then the books or the prints, then the sets over them, then
//! the signals. [`Engine::step`] is the only way to change it.
//!
//! Must never: read a clock, do I/O, or act on half a message. A set is judged once per record,
//! after the whole record has been applied.
//!
//! Invariants:
//! - the same records give the same rows, signals and counters, on any machine;
//! - engine time never goes back: a record from before its predecessor is taken at its
//!   predecessor's time and counted;
//! - what the world sent wrong is counted and kept out; only a wrong *order* of records (settings
//!   not first) is an error, because then the journal is not one of ours.

pub mod counters;
mod facts;
pub mod gap;
pub mod meta;
pub mod object;
pub mod oms;
mod oms_fills;
mod oms_hashes;
mod oms_rows;
mod oms_samples;
mod oms_view;
pub mod order_params;
pub mod params;
mod parts;
mod prints;
pub mod quote;
pub mod record;
mod rows;
mod sets;
pub mod table;
pub mod trade;

use thiserror::Error;

pub use sets::Attention;

use crate::basket::Desk;
use crate::book::Books;
use crate::ids::{ConnIx, SetIx, TokenIx};
use crate::market::Universe;
use crate::order::gateway::{MarketTop, Past};
use crate::signal::LegQuote;
use crate::units::Nanos;
use counters::{Counters, Integrity};
use params::{Params, ParamsError};
use parts::Parts;
use record::{Kind, Record};
use table::Sink;

/// Why a record cannot belong to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EngineError {
    /// The first record is not the settings, or they come twice.
    #[error("a run begins with its settings, once; found a {found:?} record instead")]
    Order {
        /// What came.
        found: Kind,
    },
    /// The settings cannot be used.
    #[error(transparent)]
    Params(#[from] ParamsError),
}

/// What one record did, for the shell that sent it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stepped {
    /// Whether the decoder, the definitions or the rows refused it.
    pub is_refused: bool,
    /// Signals raised.
    pub signals: u32,
}

/// The state of a run.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    now: Nanos,
    conns: Vec<Box<str>>,
    parts: Option<Box<Parts>>,
    counters: Counters,
    integrity: Integrity,
    next_heartbeat_ms: i64,
    is_ended: bool,
}

const HEARTBEAT_MS: i64 = 10_000;

impl Engine {
    /// Takes one record.
    ///
    /// # Errors
    /// [`EngineError`] when the record cannot belong to a run; nothing changed then.
    pub fn step<S: Sink>(
        &mut self,
        record: &Record<'_>,
        sink: &mut S,
    ) -> Result<Stepped, EngineError> {
        if record.kind == Kind::Params {
            return self.begin(record);
        }
        let Some(mut parts) = self.parts.take() else {
            return Err(EngineError::Order { found: record.kind });
        };
        self.advance(record.recv_ns);
        // What is missing is known before a window over it is settled.
        let stepped = if matches!(record.kind, Kind::Gap | Kind::Recovery) {
            let stepped = self.dispatch(record, &mut parts, sink);
            self.settle(&mut parts, sink);
            stepped
        } else {
            self.settle(&mut parts, sink);
            self.dispatch(record, &mut parts, sink)
        };
        self.parts = Some(parts);
        Ok(stepped)
    }

    fn begin(&mut self, record: &Record<'_>) -> Result<Stepped, EngineError> {
        if self.parts.is_some() {
            return Err(EngineError::Order { found: Kind::Params });
        }
        let params = Params::decode(record.payload)?;
        self.parts = Some(Box::new(Parts::new(params)?));
        self.now = Nanos(i64::MIN);
        Ok(Stepped::default())
    }

    /// Moves engine time.
    fn advance(&mut self, recv_ns: Nanos) {
        self.integrity.records = self.integrity.records.saturating_add(1);
        if self.integrity.records == 1 {
            self.integrity.first_ms = recv_ns.millis_floor();
            self.next_heartbeat_ms = recv_ns.millis_floor();
        }
        if recv_ns < self.now {
            self.integrity.clock_backwards = self.integrity.clock_backwards.saturating_add(1);
        }
        self.integrity.last_ms = self.integrity.last_ms.max(self.before_ms());
        self.now = self.now.max(recv_ns);
    }

    /// Settles the windows that ended before engine time and writes due heartbeats.
    fn settle<S: Sink>(&mut self, parts: &mut Parts, sink: &mut S) {
        let now_ms = self.now.millis_floor();
        parts.elapse(self.now, sink);
        parts.sample_due(self.now, sink);
        parts.settle_due(self.now, &mut self.counters, sink);
        if now_ms >= self.next_heartbeat_ms {
            self.heartbeat(now_ms, parts, sink);
        }
    }

    /// Milliseconds of the last record before this one; 0 before the first.
    fn before_ms(&self) -> i64 {
        if self.integrity.records > 1 { self.now.millis_floor() } else { 0 }
    }

    fn heartbeat<S: Sink>(&mut self, now_ms: i64, parts: &mut Parts, sink: &mut S) {
        let late = now_ms.saturating_sub(self.next_heartbeat_ms).div_euclid(HEARTBEAT_MS);
        let steps = late.saturating_add(1).saturating_mul(HEARTBEAT_MS);
        self.next_heartbeat_ms = self.next_heartbeat_ms.saturating_add(steps);
        parts.refresh(&mut self.counters, &mut self.integrity);
        rows::health(sink, &counters::heartbeat_row(now_ms, &self.counters));
    }

    fn dispatch<S: Sink>(
        &mut self,
        record: &Record<'_>,
        parts: &mut Parts,
        sink: &mut S,
    ) -> Stepped {
        let now = self.now;
        let refused = match record.kind {
            Kind::Meta => parts.define(record.payload, &mut self.integrity),
            Kind::Ws | Kind::Rest => {
                let conn = self.conn(record.conn);
                let mut tally = sets::Tally::new(&mut self.counters, &mut self.integrity);
                let stepped = parts.frame(conn, record, now, &mut tally, sink);
                parts.books_changed(now, sink);
                return stepped;
            }
            Kind::Quote => {
                let mut tally = sets::Tally::new(&mut self.counters, &mut self.integrity);
                let stepped = parts.quotes(record, now, &mut tally, sink);
                parts.books_changed(now, sink);
                return stepped;
            }
            Kind::Trade => {
                let mut tally = sets::Tally::new(&mut self.counters, &mut self.integrity);
                parts.trade(record.payload, now, &mut tally, sink)
            }
            Kind::Gap => {
                // Loss that cannot be put down to a connection introduces none.
                let conn = (!record.conn.is_empty()).then(|| self.conn(record.conn));
                let mut tally = sets::Tally::new(&mut self.counters, &mut self.integrity);
                let is_refused = parts.gap(conn, record, &mut tally);
                // In a replay a recovery of the source is such a gap.
                if gap::Gap::decode(record.payload).is_ok_and(|gap| gap.is_restart()) {
                    parts.restart_orders(now, sink);
                }
                is_refused
            }
            Kind::Ref | Kind::Timer | Kind::Conn => false,
            Kind::Params => true,
            Kind::Recovery => {
                let is_refused = parts.restart(now, &mut self.integrity);
                parts.restart_orders(now, sink);
                is_refused
            }
            Kind::Intent | Kind::Venue | Kind::Operator => {
                parts.order_record(record.kind, record.payload, now, sink)
            }
            Kind::End => self.end(parts, sink),
        };
        if refused {
            self.integrity.records_refused = self.integrity.records_refused.saturating_add(1);
        }
        Stepped { is_refused: refused, signals: 0 }
    }

    /// Settles what is due, drops open windows and writes the closing counts. Happens once.
    fn end<S: Sink>(&mut self, parts: &mut Parts, sink: &mut S) -> bool {
        if self.is_ended {
            return true;
        }
        self.is_ended = true;
        self.integrity.last_ms = self.now.millis_floor();
        parts.end_orders(self.now, sink);
        parts.end_samples(sink);
        parts.finish(self.now, &mut self.counters, sink);
        parts.refresh(&mut self.counters, &mut self.integrity);
        let row = counters::integrity_row(
            self.now.millis_floor(),
            &self.integrity,
            &parts.book_counts(self.now),
            &self.counters,
        );
        rows::health(sink, &row);
        false
    }

    /// The index of a connection name, in order of first use. Names are few.
    fn conn(&mut self, name: &str) -> ConnIx {
        let known = self.conns.iter().position(|conn| &**conn == name);
        let index = known.unwrap_or_else(|| {
            self.conns.push(name.into());
            self.conns.len().saturating_sub(1)
        });
        ConnIx(u16::try_from(index).unwrap_or(u16::MAX))
    }

    /// Counts so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Integrity counts so far.
    pub fn integrity(&self) -> &Integrity {
        &self.integrity
    }

    /// Both as they stand now: those of the parts are else as old as the last heartbeat.
    pub fn counted(&self) -> (Counters, Integrity) {
        let (mut counters, mut integrity) = (self.counters, self.integrity.clone());
        if let Some(parts) = &self.parts {
            parts.refresh(&mut counters, &mut integrity);
        }
        (counters, integrity)
    }

    /// Engine time: the largest receive time so far.
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// What the last frame asks of the feed.
    pub fn attention(&self) -> Option<&Attention> {
        self.parts.as_ref().map(|parts| &parts.attention).filter(|asked| !asked.is_empty())
    }

    /// The markets and sets of the run, once it has begun.
    pub fn universe(&self) -> Option<&Universe> {
        self.parts.as_ref().map(|parts| &parts.universe)
    }

    /// The books, for reading.
    pub fn books(&self) -> Option<&Books> {
        self.parts.as_ref().map(|parts| &parts.books)
    }

    /// The legs of a set as the books or the last quotes show them now; false when a leg is missing
    /// or its book cannot be trusted.
    pub fn legs_of(&self, set: SetIx, legs: &mut Vec<LegQuote>) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.legs_now(set, legs))
    }

    /// The desk of the order path; `None` in a dry run.
    pub fn desk(&self) -> Option<&Desk> {
        self.parts.as_ref()?.oms.as_ref().map(|oms| &oms.desk)
    }

    /// What the venue of the order path did so far; nothing in a dry run.
    pub fn past(&self) -> Past {
        let oms = self.parts.as_ref().and_then(|parts| parts.oms.as_ref());
        oms.map(|oms| oms.past()).unwrap_or_default()
    }

    /// When the order path next wants to be told the time.
    pub fn next_deadline(&self) -> Option<Nanos> {
        self.parts.as_ref()?.oms.as_ref()?.next_deadline()
    }

    /// The top of a token's book as an order that arrives now would meet it; `None` without one.
    pub fn market_top(&self, token: TokenIx) -> Option<MarketTop> {
        self.parts.as_ref()?.market_top(token)
    }

    /// Connection names in order of first use.
    pub fn conns(&self) -> &[Box<str>] {
        &self.conns
    }

    /// Whether the end of the inputs has been taken.
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }
}
