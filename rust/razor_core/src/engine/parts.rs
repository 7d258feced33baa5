//! The parts of a run that exist once its settings are known, and how definitions reach them.

use serde::Serialize;

use super::counters::{Counters, Integrity};
use super::facts::{Facts, MarketFacts};
use super::meta::{MarketMeta, Meta, MetaError, SetMeta};
use super::oms::Oms;
use super::params::{Params, ParamsError};
use super::quote::Quote;
use super::sets::{Attention, SetState};
use super::table::{Sink, Table};
use crate::book::{BookParams, Books, Counters as BookCounters, HashTallies, Report};
use crate::detect::{Detector, Finding};
use crate::ids::{MarketIx, Registry, RegistryError, TokenIx};
use crate::market::{MarketDef, SetDef, SetNames, Universe};
use crate::shadow::rows::{self, RowNames};
use crate::shadow::{Settled, Shadow};
use crate::signal::{Brain, LegQuote};
use crate::units::{Nanos, Usdc};
use crate::wire::Limits;

/// One whole in basis points less the frozen 200 + 10.
const BPS_AFTER_FEES: i32 = 9_790;
const MICROS_PER_BP: i64 = 100;

/// A quoted top of book and the record that brought it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Quoted {
    pub(super) quote: Option<Quote>,
    pub(super) stamp: u64,
    /// When the record that brought it was received.
    pub(super) at: Nanos,
}

#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) params: Params,
    pub(super) universe: Universe,
    pub(super) facts: Facts,
    pub(super) books: Books,
    pub(super) detector: Detector,
    pub(super) brain: Brain,
    pub(super) shadow: Shadow,
    pub(super) quoted: Vec<Quoted>,
    pub(super) sets: Vec<SetState>,
    pub(super) ticked_ns: Vec<i64>,
    pub(super) stamp: u64,
    pub(super) screen: Usdc,
    pub(super) attention: Attention,
    // Buffers that keep their memory between records.
    pub(super) report: Report,
    pub(super) found: Vec<Finding>,
    pub(super) legs: Vec<LegQuote>,
    pub(super) quotes: Vec<Quote>,
    pub(super) settled: Vec<Settled>,
    pub(super) line: String,
    /// The order path; none in a dry run.
    pub(super) oms: Option<Box<Oms>>,
}

/// The definitions of a record that were not there before.
#[derive(Debug, Default)]
struct Fresh {
    markets: Vec<(MarketDef, MarketFacts)>,
    /// Texts of the new markets, numbered from 0.
    registry: Registry,
    sets: Vec<SetDef>,
    names: SetNames,
}

impl Fresh {
    fn add_market(
        &mut self,
        market: MarketDef,
        facts: MarketFacts,
        known: &Registry,
    ) -> Result<(), RegistryError> {
        let index = u32::try_from(self.markets.len()).map_err(|_| RegistryError::Full)?;
        let [yes, no] = &market.token_ids;
        if let Some(owner) = [yes, no].into_iter().find_map(|text| known.token(text.as_bytes())) {
            return Err(RegistryError::TokenTaken { owner });
        }
        self.registry.define(MarketIx(index), &market.condition_id, [yes, no])?;
        self.markets.push((market, facts));
        Ok(())
    }
}

/// What the book store counted, for the closing row of `health.jsonl`.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct BookCounts {
    counts: BookCounters,
    /// Nanoseconds that books were DIRTY, summed over the books.
    dirty_ns: i64,
    hashes: HashTallies,
}

impl Parts {
    pub(super) fn new(params: Params) -> Result<Self, ParamsError> {
        let brain = Brain::new(params.brain, 1)?;
        let shadow = Shadow::new(params.shadow)?;
        let kept = params.brain.risk_premium.raw().saturating_add(params.brain.min_net_edge.raw());
        let screen_bps = i64::from(BPS_AFTER_FEES.saturating_sub(kept));
        let screen = Usdc(screen_bps.saturating_mul(MICROS_PER_BP));
        let limits = Limits { frame_bytes: params.frame_cap_bytes, ..Limits::default() };
        let books = BookParams { limits, hash_every: params.hash_check_every };
        Ok(Self {
            brain,
            shadow,
            screen,
            books: Books::with_params(books),
            detector: Detector::new(&Universe::default(), screen),
            universe: Universe::default(),
            facts: Facts::default(),
            quoted: Vec::new(),
            sets: Vec::new(),
            ticked_ns: Vec::new(),
            stamp: 0,
            attention: Attention::default(),
            report: Report::default(),
            found: Vec::new(),
            legs: Vec::new(),
            quotes: Vec::new(),
            settled: Vec::new(),
            line: String::new(),
            oms: params.orders.map(|orders| Box::new(orders.oms())),
            params,
        })
    }

    /// Adds the definitions of a record, all or none. What is already defined stays as it is, so a
    /// feed may repeat its definitions. Says whether the record was refused.
    pub(super) fn define(&mut self, payload: &[u8], integrity: &mut Integrity) -> bool {
        let Ok(meta) = Meta::decode(payload) else { return true };
        let Ok(fresh) = self.fresh(&meta) else { return true };
        for (market, facts) in fresh.markets {
            if self.add_market(market, facts).is_none() {
                return true;
            }
        }
        for set in fresh.sets {
            if self.add_set(&set).is_none() {
                return true;
            }
        }
        integrity.markets = count(self.universe.markets().len());
        integrity.sets = count(self.universe.sets().len());
        false
    }

    /// The definitions that are new, checked before any of them is added.
    fn fresh(&self, meta: &Meta) -> Result<Fresh, MetaError> {
        let mut fresh = Fresh::default();
        for (number, market) in meta.markets.iter().enumerate() {
            let known = self.books.registry();
            if known.market(market.condition_id.as_bytes()).is_none() {
                let facts = MarketFacts::of(market);
                let added = fresh.add_market(definition(number, market)?, facts, known);
                added.map_err(|source| MetaError::BadMarket { number, source })?;
            }
        }
        for (number, set) in meta.sets.iter().enumerate() {
            let legs = set.legs.iter().map(|leg| self.token(&fresh, leg));
            let legs: Option<Vec<TokenIx>> = legs.collect();
            let legs = legs.ok_or(MetaError::UnknownToken { number })?;
            let names = [self.universe.set_names(), &fresh.names];
            if !names.into_iter().any(|known| known.contains(&set.key, &legs)) {
                let set = set_definition(set, legs);
                set.check().map_err(|source| MetaError::BadSet { number, source })?;
                fresh.names.insert(&set);
                fresh.sets.push(set);
            }
        }
        Ok(fresh)
    }

    /// A token that is defined or about to be; the new markets follow the known ones.
    fn token(&self, fresh: &Fresh, text: &str) -> Option<TokenIx> {
        if let Some(known) = self.books.registry().token(text.as_bytes()) {
            return Some(known);
        }
        let (market, outcome) = fresh.registry.token(text.as_bytes())?.split();
        let before = u32::try_from(self.universe.markets().len()).ok()?;
        Some(TokenIx::of(MarketIx(before.checked_add(market.0)?), outcome))
    }

    fn add_market(&mut self, market: MarketDef, facts: MarketFacts) -> Option<()> {
        let index = MarketIx(u32::try_from(self.universe.markets().len()).ok()?);
        self.books.add_market(index, &market).ok()?;
        self.universe.add_market(market).ok()?;
        self.facts.add(index, facts);
        self.quoted.push(Quoted::default());
        self.ticked_ns.extend([i64::MIN, i64::MIN]);
        Some(())
    }

    /// Universe, detector and states number their sets alike.
    fn add_set(&mut self, set: &SetDef) -> Option<()> {
        let markets: Vec<MarketIx> = set.legs.iter().map(|leg| leg.split().0).collect();
        self.universe.add_set(set.clone()).ok()?;
        self.detector.add_set(set);
        self.sets.push(SetState::default());
        // Books that are live already count at once; the next record of a leg judges the set.
        self.found.clear();
        self.detector.update(&self.books, &markets, &mut self.found);
        self.found.clear();
        Some(())
    }

    /// Settles the windows that ended before `now`.
    pub(super) fn settle_due<S: Sink>(
        &mut self,
        now: Nanos,
        counters: &mut Counters,
        sink: &mut S,
    ) {
        let mut settled = core::mem::take(&mut self.settled);
        // One due time after the other: a recording without records for a while settles its
        // windows when they ended, as a ticking process would, and not when it went on.
        while let Some(due) = self.shadow.next_due().filter(|due| *due < now) {
            self.shadow.advance(due, &mut settled);
            self.write_settled(due, &mut settled, counters, sink);
        }
        self.shadow.advance(now, &mut settled);
        self.write_settled(now, &mut settled, counters, sink);
        self.settled = settled;
    }

    /// Ends the ledger.
    pub(super) fn finish<S: Sink>(&mut self, now: Nanos, counters: &mut Counters, sink: &mut S) {
        let mut settled = core::mem::take(&mut self.settled);
        self.shadow.finish(now, &mut settled);
        self.write_settled(now, &mut settled, counters, sink);
        self.settled = settled;
    }

    pub(super) fn write_settled<S: Sink>(
        &mut self,
        now: Nanos,
        settled: &mut Vec<Settled>,
        counters: &mut Counters,
        sink: &mut S,
    ) {
        for row in settled.drain(..) {
            counters.last_shadow_write_ms = now.millis_floor();
            if sink.wants_rows() {
                self.write_row(&row, sink);
            }
        }
    }

    fn write_row<S: Sink>(&mut self, row: &Settled, sink: &mut S) {
        let signal = match row {
            Settled::Frozen(frozen) => &frozen.signal,
            Settled::Set(set) => &set.frozen.signal,
        };
        let names = RowNames::of(&self.params.run_id, &self.universe, signal.set);
        let Some(names) = names else { return };
        self.line.clear();
        match row {
            Settled::Frozen(frozen) if frozen.is_in_frozen_table() => {
                rows::shadow_log_line(frozen, &names, &mut self.line);
                sink.row(Table::ShadowLog, &self.line);
            }
            Settled::Frozen(_) => {}
            Settled::Set(set) => {
                rows::shadow_sets_line(set, &names, &mut self.line);
                sink.row(Table::ShadowSets, &self.line);
                self.line.clear();
                rows::shadow_legs_lines(set, &names, &mut self.line);
                sink.row(Table::ShadowLegs, &self.line);
            }
        }
    }

    /// Brings the counters of the parts into the two structs that tables show.
    pub(super) fn refresh(&self, counters: &mut Counters, integrity: &mut Integrity) {
        let (brain, shadow, books) =
            (self.brain.counters(), self.shadow.counters(), self.books.counters());
        counters.signals_emitted = brain.signals_emitted;
        counters.signals_suppressed = brain.signals_suppressed;
        counters.signals_dropped = shadow.dropped_full;
        counters.snapshots_stale_skipped = brain.stale;
        counters.shadow_processed = shadow.settled.saturating_sub(shadow.outside_frozen);
        counters.trades_duplicated = shadow.store.duplicated;
        counters.trade_store_size = count(self.shadow.trades_retained());
        counters.trade_store_evicted = shadow.store.evicted;
        integrity.windows_dropped = shadow.dropped_open;
        integrity.windows_unusable = shadow.unusable;
        integrity.signals_outside_frozen = shadow.outside_frozen;
        integrity.messages_unknown = books.unknown_events;
        integrity.tokens_unknown = books.foreign_markets;
        integrity.set_checks = brain.evaluated;
        integrity.sets_checked = count(self.sets.iter().filter(|set| set.was_checked).count());
        integrity.sets_could_be_liquid =
            count(self.sets.iter().filter(|set| set.could_be_liquid).count());
    }

    pub(super) fn book_counts(&self, now: Nanos) -> BookCounts {
        BookCounts {
            counts: *self.books.counters(),
            dirty_ns: self.books.dirty_ns(now),
            hashes: *self.books.hash_tallies(),
        }
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn set_definition(set: &SetMeta, legs: Vec<TokenIx>) -> SetDef {
    SetDef { key: set.key.as_str().into(), kind: set.kind(), legs, settlement: set.settlement() }
}

fn definition(number: usize, market: &MarketMeta) -> Result<MarketDef, MetaError> {
    let bad = |field| move |source| MetaError::BadNumber { number, field, source };
    let [yes, no] = &market.token_ids;
    Ok(MarketDef {
        condition_id: market.condition_id.as_str().into(),
        token_ids: [yes.as_str().into(), no.as_str().into()],
        label: market.label.as_str().into(),
        tick: market.tick().map_err(bad("tick_size"))?,
        min_order_qty: market.min_order_qty().map_err(bad("min_order_size"))?,
        fees: market.fees().map_err(bad("fees"))?,
        neg_risk: market.neg_risk,
        end_ms: market.end_ms,
    })
}
