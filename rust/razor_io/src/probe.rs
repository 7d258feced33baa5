//! Probing sets: an engine of its own, and what its books and prints look like over a while.
//!
//! Owns: the sample times of a recording, the identity of a print within a probe, and the report of
//! all sets ([`Prober::report`]). The figures are [`razor_core::signal::probe`]'s.
//!
//! Must never: write a journal or a table, or keep more than [`MAX_PRINTS`] identities of prints;
//! beyond that every print counts as new.
//!
//! Invariants: the same records give the same report; a sample sees whole records only; a recording
//! is sampled every [`SAMPLE_MS`] of its own time from its first record on, and once at its end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use razor_core::engine::params::Params;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::NoRows;
use razor_core::engine::trade::{TradeRow, trade_id};
use razor_core::engine::{Engine, EngineError, Stepped};
use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::SetDef;
use razor_core::shadow::store::TradeId;
use razor_core::signal::LegQuote;
use razor_core::signal::probe::{Probe, ProbeGate, ProbeReport, SampleTimes};
use razor_core::units::Nanos;
use serde::Serialize;

use crate::session::SessionFault;
use crate::source::{Progress, RecordSource};

/// Time between two samples, ms.
pub const SAMPLE_MS: i64 = 1_000;
/// Identities of prints kept, 16 bytes each and their share of a tree.
pub const MAX_PRINTS: usize = 4_000_000;
/// The Data API dates prints in whole seconds.
const STAMP_MS: i64 = 1_000;
/// Records between two looks at whether to go on.
const RECORDS_PER_TURN: u64 = 4_096;

/// An engine in memory whose sets are probed.
#[derive(Debug)]
pub struct Prober {
    engine: Engine,
    gate: ProbeGate,
    probes: Vec<Probe>,
    sets_of: BTreeMap<TokenIx, Vec<usize>>,
    prints: BTreeSet<TradeId>,
    legs: Vec<LegQuote>,
    from_ms: Option<i64>,
    next_sample_ms: i64,
    to_ms: i64,
}

/// All probes of one prober. Texts come from outside.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Time of the first record, ms; 0 without one.
    pub from_ms: i64,
    /// Time of the last record or sample, ms.
    pub to_ms: i64,
    /// Whether the recording was read to its end.
    pub is_complete: bool,
    /// Sets in order of definition.
    pub sets: Vec<SetReport>,
}

/// One probed set.
#[derive(Debug, Serialize)]
pub struct SetReport {
    /// What `market_id` says in the tables.
    pub key: String,
    /// Token ids in table order.
    pub legs: Vec<String>,
    /// Condition ids of the legs, each once.
    pub conditions: Vec<String>,
    /// Question of the first leg's market.
    pub label: String,
    /// Earliest scheduled end of the legs' markets, ms; 0 when unknown.
    pub end_ms: i64,
    /// What was seen.
    pub figures: ProbeReport,
}

impl Prober {
    /// Begins with the payload of a `params` record.
    ///
    /// # Errors
    /// [`EngineError`] names the setting that cannot be used.
    pub fn begin(params: &[u8]) -> Result<Self, EngineError> {
        let brain = Params::decode(params)?.brain;
        let mut engine = Engine::default();
        let record =
            Record { kind: Kind::Params, recv_ns: Nanos(0), conn: "", epoch: 0, payload: params };
        engine.step(&record, &mut NoRows::default())?;
        Ok(Self {
            engine,
            gate: ProbeGate { risk_premium: brain.risk_premium, min_net_edge: brain.min_net_edge },
            probes: Vec::new(),
            sets_of: BTreeMap::new(),
            prints: BTreeSet::new(),
            legs: Vec::new(),
            from_ms: None,
            next_sample_ms: 0,
            to_ms: 0,
        })
    }

    /// Takes one record; takes no sample.
    ///
    /// # Errors
    /// [`EngineError`] when the record cannot belong to a run.
    pub fn take(&mut self, record: &Record<'_>) -> Result<Stepped, EngineError> {
        let stepped = self.engine.step(record, &mut NoRows::default())?;
        let now_ms = self.engine.now().millis_floor();
        if self.from_ms.is_none() {
            self.from_ms = Some(now_ms);
            self.next_sample_ms = now_ms;
        }
        self.to_ms = self.to_ms.max(now_ms);
        if record.kind == Kind::Meta {
            self.add_probes();
        } else if record.kind == Kind::Trade && !stepped.is_refused {
            self.print(record.payload, now_ms);
        }
        Ok(stepped)
    }

    /// Samples every set whose legs are all ready.
    pub fn sample(&mut self, times: SampleTimes) {
        let mut legs = std::mem::take(&mut self.legs);
        for (set, probe) in (0_u32..).map(SetIx).zip(&mut self.probes) {
            if self.engine.legs_of(set, &mut legs) {
                probe.sample(times, &legs);
            }
        }
        self.legs = legs;
        self.to_ms = self.to_ms.max(times.first_ms);
    }

    /// Takes an answered poll for prints of all markets of this prober.
    pub fn poll(&mut self, now_ms: i64, is_full: bool) {
        for probe in &mut self.probes {
            probe.poll(now_ms, is_full);
        }
    }

    /// Takes the samples due before a record of this time.
    fn sample_before(&mut self, recv_ms: i64) {
        if self.from_ms.is_none() || recv_ms <= self.next_sample_ms {
            return;
        }
        let late_ms = recv_ms.saturating_sub(self.next_sample_ms).saturating_sub(1);
        let count = late_ms.div_euclid(SAMPLE_MS).saturating_add(1);
        let first_ms = self.next_sample_ms;
        let times = SampleTimes {
            first_ms,
            step_ms: SAMPLE_MS,
            count: u64::try_from(count).unwrap_or_default(),
        };
        self.sample(times);
        self.next_sample_ms = first_ms.saturating_add(count.saturating_mul(SAMPLE_MS));
    }

    fn add_probes(&mut self) {
        let Some(universe) = self.engine.universe() else { return };
        for (index, set) in universe.sets().iter().enumerate().skip(self.probes.len()) {
            self.probes.push(Probe::new(self.gate));
            for leg in &set.legs {
                self.sets_of.entry(*leg).or_default().push(index);
            }
        }
    }

    /// Counts a print of a defined token for the sets that have it as a leg.
    fn print(&mut self, payload: &[u8], now_ms: i64) {
        let Some((token, row)) = self.row_of(payload) else { return };
        let is_new = self.is_new(token, &row, now_ms);
        let from_ms = self.from_ms.unwrap_or(now_ms);
        let is_old = row.venue_ts_ms.is_some_and(|ts_ms| ts_ms.saturating_add(STAMP_MS) <= from_ms);
        for &index in self.sets_of.get(&token).into_iter().flatten() {
            if let Some(probe) = self.probes.get_mut(index) {
                probe.trade(now_ms, is_new, is_old);
            }
        }
    }

    fn row_of<'a>(&self, payload: &'a [u8]) -> Option<(TokenIx, TradeRow<'a>)> {
        let row = TradeRow::decode(payload).ok()?;
        let token = self.engine.books()?.registry().token(row.asset.as_bytes())?;
        Some((token, row))
    }

    /// Within a probe a print is its token, time, price and size; the transaction is no part of it.
    fn is_new(&mut self, token: TokenIx, row: &TradeRow<'_>, now_ms: i64) -> bool {
        let market = self.engine.universe().and_then(|universe| universe.market(token.split().0));
        let condition = market.map_or("", |market| &*market.condition_id);
        let nameless = TradeRow { transaction_hash: Cow::Borrowed(""), ..row.clone() };
        let text = trade_id(condition, &nameless, row.venue_ts_ms.unwrap_or(now_ms));
        let id = TradeId::of_parts(&[text.as_bytes()]);
        if self.prints.len() >= MAX_PRINTS {
            return !self.prints.contains(&id);
        }
        self.prints.insert(id)
    }

    /// The report so far.
    pub fn report(&self, is_complete: bool) -> Report {
        let sets = self.engine.universe().map_or(&[][..], |universe| universe.sets());
        let reports = sets.iter().zip(&self.probes).map(|(set, probe)| self.set_report(set, probe));
        Report {
            from_ms: self.from_ms.unwrap_or_default(),
            to_ms: self.to_ms,
            is_complete,
            sets: reports.collect(),
        }
    }

    fn set_report(&self, set: &SetDef, probe: &Probe) -> SetReport {
        let universe = self.engine.universe();
        let text = |leg: &TokenIx| universe?.token_id(*leg).map(str::to_owned);
        let markets = || set.legs.iter().filter_map(|leg| universe?.market(leg.split().0));
        let mut conditions: Vec<String> = Vec::new();
        for market in markets() {
            if !conditions.iter().any(|known| **known == *market.condition_id) {
                conditions.push(market.condition_id.to_string());
            }
        }
        SetReport {
            key: set.key.to_string(),
            legs: set.legs.iter().filter_map(text).collect(),
            conditions,
            label: markets().next().map(|market| market.label.to_string()).unwrap_or_default(),
            end_ms: markets().map(|m| m.end_ms).filter(|&ms| ms > 0).min().unwrap_or_default(),
            figures: probe.report(),
        }
    }

    /// The engine, for reading.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// Probes all sets of a recording over its own time. `go_on` is asked every few thousand records;
/// when it says no, the report covers what was read.
///
/// # Errors
/// [`SessionFault`] when the source cannot be read on.
pub fn probe_source(
    params: &[u8],
    source: &mut RecordSource,
    go_on: &mut dyn FnMut(Progress) -> bool,
) -> Result<Report, SessionFault> {
    let mut prober = Prober::begin(params)?;
    let mut records = 0_u64;
    let mut is_complete = true;
    while let Some(record) = source.next_record()? {
        prober.sample_before(record.recv_ns.millis_floor());
        prober.take(&record)?;
        records = records.wrapping_add(1);
        if records.checked_rem(RECORDS_PER_TURN) == Some(0) && !go_on(source.progress()) {
            is_complete = false;
            break;
        }
    }
    prober.sample(SampleTimes::once(prober.to_ms));
    Ok(prober.report(is_complete))
}
