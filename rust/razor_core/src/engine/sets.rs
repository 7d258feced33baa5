//! How sets are judged: after a whole frame on the books, after a whole record on quotes.

use super::Stepped;
use super::counters::{Counters, Integrity};
use super::facts;
use super::gap::{Gap, Phase};
use super::parts::Parts;
use super::quote::{Quote, decode_quotes};
use super::record::{Kind, Record};
use super::rows;
use super::table::{SignalNotice, Sink, Table};
use crate::book::{BookState, Counters as BookCounters, Notice, Report, Source};
use crate::detect::Finding;
use crate::ids::{ConnIx, MarketIx, Outcome, SetIx, TokenIx};
use crate::shadow::venue::VenueTerms;
use crate::signal::bucket::could_ever_be_liquid;
use crate::signal::{BrainOutcome, Depth3, LegQuote, SetQuote};
use crate::units::{Nanos, Price};
use crate::wire;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MS: i64 = 1_000_000;
const PICO_PER_MICRO: i128 = 1_000_000;

/// The two sets of counts that a record may move.
pub(super) struct Tally<'a> {
    pub(super) counters: &'a mut Counters,
    pub(super) integrity: &'a mut Integrity,
}

impl<'a> Tally<'a> {
    pub(super) fn new(counters: &'a mut Counters, integrity: &'a mut Integrity) -> Self {
        Self { counters, integrity }
    }
}

/// What the last frame asks of the feed that brought it; empty after the usual frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attention {
    /// Why the frame was refused, if it was.
    pub refusal: Option<wire::Refusal>,
    /// Markets whose book was dropped or is doubted since this frame: they need a snapshot.
    pub resnapshot: Vec<MarketIx>,
    /// Markets that the frame mixed up with others (F-09).
    pub mismatched: Vec<MarketIx>,
    /// Markets whose hashes suddenly stopped reproducing: compare their REST books (F-08).
    pub compare: Vec<MarketIx>,
}

impl Attention {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        let lists = [&self.resnapshot, &self.mismatched, &self.compare];
        self.refusal.is_none() && lists.into_iter().all(Vec::is_empty)
    }

    pub(super) fn clear(&mut self) {
        self.refusal = None;
        self.resnapshot.clear();
        self.mismatched.clear();
        self.compare.clear();
    }

    fn resnapshot(&mut self, market: MarketIx) {
        push_once(&mut self.resnapshot, market);
    }
}

fn push_once(markets: &mut Vec<MarketIx>, market: MarketIx) {
    if !markets.contains(&market) {
        markets.push(market);
    }
}

/// What is remembered of a set between records.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SetState {
    pub(super) was_checked: bool,
    pub(super) could_be_liquid: bool,
    /// Whether the grids in force have been looked at.
    is_graded: bool,
    logged_ms: Option<i64>,
    judged_in: u64,
}

impl SetState {
    /// All legs can be judged together; the frozen bucket is that of the worst leg, so every leg
    /// must be able to be Liquid.
    fn note_checked(&mut self, every_leg_could_be_liquid: bool) {
        self.was_checked = true;
        self.is_graded = true;
        self.could_be_liquid |= every_leg_could_be_liquid;
    }
}

const ONE_DOLLAR: i64 = 1_000_000;

/// Whether the legs are both tokens of one market.
fn is_one_book(legs: &[LegQuote]) -> bool {
    let markets = legs.iter().map(|leg| leg.token.split().0);
    legs.len() == 2 && markets.clone().max() == markets.min()
}

pub(super) fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

impl Parts {
    /// Takes a frame or a REST book and judges the sets it touched.
    pub(super) fn frame<S: Sink>(
        &mut self,
        conn: ConnIx,
        record: &Record<'_>,
        now: Nanos,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) -> Stepped {
        let kind = if record.kind == Kind::Rest { wire::Kind::Rest } else { wire::Kind::Ws };
        let source = Source { conn, epoch: record.epoch, recv_ns: now, kind };
        let before = *self.books.counters();
        self.attention.clear();
        let mut report = core::mem::take(&mut self.report);
        let applied = self.books.apply(source, record.payload, &mut report);
        tally.integrity.has_sizes = true;
        let mut stepped = Stepped::default();
        match applied {
            Ok(()) => {
                let is_snapshot = self.books.counters().snapshots != before.snapshots;
                self.note_attention(&report, &before);
                self.note_resolved(&report);
                stepped.signals = self.touched(&report.touched, now, is_snapshot, tally, sink);
                self.stream_prints(&report.trades, record.payload, now, tally, sink);
            }
            Err(refusal) => {
                tally.integrity.frames_refused = tally.integrity.frames_refused.saturating_add(1);
                stepped.is_refused = true;
                self.attention.refusal = Some(refusal);
                // What the lost frame said is unknown: its books wait for their next snapshot.
                if kind == wire::Kind::Ws && !matches!(refusal, wire::Refusal::OldEpoch { .. }) {
                    self.books.frame_lost(conn);
                }
            }
        }
        self.report = report;
        self.check_hashes();
        stepped
    }

    /// After the decision: a hash is a statistic about the recording, not a gate. A sudden break of
    /// it asks for a snapshot and for a look at the REST book.
    fn check_hashes(&mut self) {
        self.books.check_hashes();
        for market in self.books.hash_breaks() {
            self.attention.resnapshot(*market);
            self.attention.compare.push(*market);
        }
    }

    /// Which tokens the feed should ask a new snapshot for, and which were mixed up.
    fn note_attention(&mut self, report: &Report, before: &BookCounters) {
        let after = self.books.counters();
        for grid in &report.grids {
            self.attention.resnapshot(grid.market);
            for set in self.detector.sets_of(grid.market) {
                if let Some(state) = self.sets.get_mut(place(set.0)) {
                    state.is_graded = false;
                }
            }
        }
        if after.dirtied != before.dirtied {
            for market in &report.touched {
                // One book, but a token without a snapshot of its own only says UNHYDRATED.
                let tokens = [Outcome::Yes, Outcome::No].map(|side| TokenIx::of(*market, side));
                let is_dirty = |token| matches!(self.books.state(token), BookState::Dirty(_));
                if tokens.into_iter().any(is_dirty) {
                    self.attention.resnapshot(*market);
                }
            }
        }
        for mixed in &report.quarantined {
            for market in [mixed.owner, mixed.named].into_iter().flatten() {
                push_once(&mut self.attention.mismatched, market);
            }
        }
    }

    /// What the stream says is resolved pays already: nothing of it is bought any more.
    fn note_resolved(&mut self, report: &Report) {
        for notice in &report.notices {
            if let Notice::Resolved { market: Some(market), .. } = notice {
                self.void_market(*market);
            }
        }
    }

    fn touched<S: Sink>(
        &mut self,
        touched: &[MarketIx],
        now: Nanos,
        is_snapshot: bool,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) -> u32 {
        if touched.is_empty() {
            return 0;
        }
        tally.counters.ticks_processed = tally.counters.ticks_processed.saturating_add(1);
        tally.counters.last_tick_ingest_ms = now.millis_floor();
        let mut found = core::mem::take(&mut self.found);
        found.clear();
        self.detector.update(&self.books, touched, &mut found);
        for market in touched {
            self.note_checkable(*market);
            if sink.wants_rows() {
                self.log_market(*market, now, is_snapshot, sink);
            }
        }
        let mut signals = 0_u32;
        for finding in &found {
            match finding {
                Finding::Candidate { set, .. } => {
                    let raised = self.judge_books(*set, now, sink);
                    signals = signals.saturating_add(u32::from(raised));
                }
                Finding::CrossedBook { .. } => {
                    let alarms = &mut tally.integrity.crossed_book_alarms;
                    *alarms = alarms.saturating_add(1);
                }
            }
        }
        self.found = found;
        signals
    }

    fn judge_books<S: Sink>(&mut self, set: SetIx, now: Nanos, sink: &mut S) -> bool {
        let mut legs = core::mem::take(&mut self.legs);
        let is_whole = self.book_legs(set, &mut legs);
        let raised = is_whole && self.judge(set, &legs, now, sink);
        self.legs = legs;
        raised
    }

    /// The legs of a set as the books show them; false when one of them cannot be shown.
    fn book_legs(&self, set: SetIx, legs: &mut Vec<LegQuote>) -> bool {
        legs.clear();
        let Some(definition) = self.universe.set(set) else { return false };
        for token in &definition.legs {
            let Some(leg) = self.book_leg(*token) else { return false };
            legs.push(leg);
        }
        true
    }

    /// The legs of a set as they stand, for samples between records.
    pub(super) fn legs_now(&self, set: SetIx, legs: &mut Vec<LegQuote>) -> bool {
        legs.clear();
        let Some(definition) = self.universe.set(set) else { return false };
        if self.detector.is_checkable(set, &self.books) {
            return self.book_legs(set, legs);
        }
        for token in &definition.legs {
            let quoted = self.quoted.get(place(token.split().0.0));
            let Some(quote) = quoted.and_then(|quoted| quoted.quote) else { return false };
            let Some(leg) = self.leg_of_quote(*token, &quote, Nanos(0)) else { return false };
            legs.push(leg);
        }
        true
    }

    pub(super) fn book_leg(&self, token: TokenIx) -> Option<LegQuote> {
        let (market, _) = token.split();
        let definition = self.universe.market(market)?;
        let (top, freshness) = (self.books.top(token), self.books.freshness(market));
        let depth = i128::try_from(self.books.ask_depth3_pico(token)).unwrap_or(i128::MAX);
        Some(LegQuote {
            token,
            best_bid: top.bid.map(|(price, _)| price),
            bid_qty: top.bid.map(|(_, qty)| qty),
            best_ask: top.ask.map(|(price, _)| price),
            ask_qty: top.ask.map(|(_, qty)| qty),
            ask_depth3: Depth3::Known { pico_usdc: depth },
            recv: freshness.proof_recv_ns.unwrap_or(Nanos(i64::MIN)),
            proof: self.books.proof(market).unwrap_or(Nanos(i64::MIN)),
            tick: self.books.grid(market)?.tick,
            fees: definition.fees,
        })
    }

    /// Lets the brain see all legs together; a signal goes to the ledger and to the sink.
    fn judge<S: Sink>(&mut self, set: SetIx, legs: &[LegQuote], now: Nanos, sink: &mut S) -> bool {
        let outcome = self.brain.step(now, &SetQuote { set, legs });
        let BrainOutcome::Signal(signal) = outcome else { return false };
        let Some(terms) = VenueTerms::of(&self.universe, set) else { return false };
        sink.signal(SignalNotice {
            signal_id: signal.id,
            set,
            recv_ns: now,
            expected_net: signal.expected_net,
        });
        let plan = self.plan_of(&signal);
        let mut settled = core::mem::take(&mut self.settled);
        self.shadow.on_signal(*signal, terms, &mut settled);
        self.settled = settled;
        if let Some(plan) = plan {
            self.order_signal(plan, sink);
        }
        true
    }

    /// Tick rows of a market's tokens and the due snapshot rows of its sets.
    fn log_market<S: Sink>(
        &mut self,
        market: MarketIx,
        now: Nanos,
        is_snapshot: bool,
        sink: &mut S,
    ) {
        for outcome in [Outcome::Yes, Outcome::No] {
            let token = TokenIx::of(market, outcome);
            if self.is_tick_due(token, now, is_snapshot)
                && let Some(leg) = self.book_leg(token)
            {
                self.log_tick(&leg, now, sink);
            }
        }
        let sets: Vec<SetIx> = self.detector.sets_of(market).collect();
        for set in sets {
            if self.is_log_due(set, now) && self.detector.is_checkable(set, &self.books) {
                let mut legs = core::mem::take(&mut self.legs);
                if self.book_legs(set, &mut legs) {
                    self.log_set(set, &legs, now, sink);
                }
                self.legs = legs;
            }
        }
    }

    /// A book event always has its row; changes at most one per leg and second.
    fn is_tick_due(&self, token: TokenIx, now: Nanos, is_snapshot: bool) -> bool {
        let Some(last) = self.ticked_ns.get(place(token.0)) else { return false };
        is_snapshot || now.0.saturating_sub(*last) >= NANOS_PER_SECOND
    }

    fn log_tick<S: Sink>(&mut self, leg: &LegQuote, now: Nanos, sink: &mut S) {
        let market = self.universe.market(leg.token.split().0);
        let (Some(market), Some(token)) = (market, self.universe.token_id(leg.token)) else {
            return;
        };
        if token.is_empty() {
            return;
        }
        self.line.clear();
        rows::tick(&mut self.line, now, &market.condition_id, token, leg);
        sink.row(Table::Ticks, &self.line);
        if let Some(last) = self.ticked_ns.get_mut(place(leg.token.0)) {
            *last = now.0;
        }
    }

    fn is_log_due(&self, set: SetIx, now: Nanos) -> bool {
        let interval = self.params.snapshot_log_interval_ms;
        self.sets.get(place(set.0)).is_some_and(|state| {
            state.logged_ms.is_none_or(|last| now.millis_floor().saturating_sub(last) >= interval)
        })
    }

    /// Notes the sets of a market that can be judged now for the first time on these grids. A set
    /// that was looked at before costs nothing here.
    fn note_checkable(&mut self, market: MarketIx) {
        for set in self.detector.sets_of(market) {
            let is_new = self.sets.get(place(set.0)).is_some_and(|state| !state.is_graded);
            if !is_new || !self.detector.is_checkable(set, &self.books) {
                continue;
            }
            let legs = self.universe.set(set).map(|definition| definition.legs.as_slice());
            let mut ticks = legs.unwrap_or_default().iter().map(|leg| {
                let (market, _) = leg.split();
                self.books.grid(market).map(|grid| grid.tick)
            });
            let could = ticks.all(|tick| tick.is_some_and(could_ever_be_liquid));
            if let Some(state) = self.sets.get_mut(place(set.0)) {
                state.note_checked(could);
            }
        }
    }

    /// Writes the snapshot row of a set that has room for it.
    fn log_set<S: Sink>(&mut self, set: SetIx, legs: &[LegQuote], now: Nanos, sink: &mut S) {
        let Some(state) = self.sets.get_mut(place(set.0)) else { return };
        state.logged_ms = Some(now.millis_floor());
        let Some(definition) = self.universe.set(set) else { return };
        if legs.len() > rows::SNAPSHOT_LEGS {
            return;
        }
        let tokens: Vec<&str> =
            legs.iter().filter_map(|leg| self.universe.token_id(leg.token)).collect();
        self.line.clear();
        rows::snapshot(&mut self.line, now, &definition.key, legs, &tokens);
        sink.row(Table::Snapshots, &self.line);
    }

    /// Takes tops of books that were read together and judges the sets that are wholly among them.
    pub(super) fn quotes<S: Sink>(
        &mut self,
        record: &Record<'_>,
        now: Nanos,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) -> Stepped {
        let mut quotes = core::mem::take(&mut self.quotes);
        let decoded = decode_quotes(record.payload, &mut quotes);
        let markets = self.universe.markets().len();
        let is_known = |quote: &Quote| place(quote.market.0) < markets;
        let is_refused = decoded.is_err() || !quotes.iter().all(is_known);
        let mut signals = 0;
        if is_refused {
            tally.integrity.records_refused = tally.integrity.records_refused.saturating_add(1);
        } else {
            signals = self.take_quotes(&quotes, now, tally, sink);
        }
        self.quotes = quotes;
        Stepped { is_refused, signals }
    }

    fn take_quotes<S: Sink>(
        &mut self,
        quotes: &[Quote],
        now: Nanos,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) -> u32 {
        self.stamp = self.stamp.saturating_add(1);
        for quote in quotes {
            if let Some(quoted) = self.quoted.get_mut(place(quote.market.0)) {
                quoted.quote = Some(*quote);
                quoted.stamp = self.stamp;
                quoted.at = now;
            }
        }
        let mut signals = 0_u32;
        for quote in quotes {
            let sets: Vec<SetIx> = self.detector.sets_of(quote.market).collect();
            for set in sets {
                let raised = self.judge_quotes(set, now, tally, sink);
                signals = signals.saturating_add(u32::from(raised));
            }
        }
        signals
    }

    fn judge_quotes<S: Sink>(
        &mut self,
        set: SetIx,
        now: Nanos,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) -> bool {
        let stamp = self.stamp;
        let Some(state) = self.sets.get_mut(place(set.0)) else { return false };
        if state.judged_in == stamp {
            return false;
        }
        state.judged_in = stamp;
        let mut legs = core::mem::take(&mut self.legs);
        let mut raised = false;
        if self.quoted_legs(set, now, &mut legs) {
            tally.counters.ticks_processed = tally.counters.ticks_processed.saturating_add(1);
            tally.counters.last_tick_ingest_ms = now.millis_floor();
            raised = self.judge_together(set, &legs, now, tally, sink);
        }
        self.legs = legs;
        raised
    }

    fn judge_together<S: Sink>(
        &mut self,
        set: SetIx,
        legs: &[LegQuote],
        now: Nanos,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) -> bool {
        if let Some(state) = self.sets.get_mut(place(set.0)) {
            state.note_checked(legs.iter().all(|leg| could_ever_be_liquid(leg.tick)));
        }
        if sink.wants_rows() {
            for leg in legs {
                if self.is_tick_due(leg.token, now, false) {
                    self.log_tick(leg, now, sink);
                }
            }
            if self.is_log_due(set, now) {
                self.log_set(set, legs, now, sink);
            }
        }
        let sum: i64 = legs.iter().map(|leg| i64::from(leg.frozen_ask().micros())).sum();
        if is_one_book(legs) {
            // Two views of one quote below a dollar: bid above ask, never an opportunity.
            let alarms = &mut tally.integrity.crossed_book_alarms;
            *alarms = alarms.saturating_add(u64::from(sum < ONE_DOLLAR));
            return false;
        }
        sum <= self.screen.0 && self.judge(set, legs, now, sink)
    }

    /// The legs of a set as one record quoted them; false when a leg is not in it.
    fn quoted_legs(&self, set: SetIx, now: Nanos, legs: &mut Vec<LegQuote>) -> bool {
        legs.clear();
        let Some(definition) = self.universe.set(set) else { return false };
        for token in &definition.legs {
            let Some(leg) = self.quoted_leg(*token, now) else { return false };
            legs.push(leg);
        }
        true
    }

    fn quoted_leg(&self, token: TokenIx, now: Nanos) -> Option<LegQuote> {
        let (market, _) = token.split();
        let quoted = self.quoted.get(place(market.0))?;
        let quote = quoted.quote.filter(|_| quoted.stamp == self.stamp)?;
        self.leg_of_quote(token, &quote, now)
    }

    pub(super) fn leg_of_quote(
        &self,
        token: TokenIx,
        quote: &Quote,
        now: Nanos,
    ) -> Option<LegQuote> {
        let (market, outcome) = token.split();
        let definition = self.universe.market(market)?;
        let (bid, ask, depth) = match outcome {
            Outcome::Yes => (quote.bid, quote.ask, quote.ask_depth3_micros),
            Outcome::No => {
                (quote.ask.map(Price::complement), quote.bid.map(Price::complement), None)
            }
        };
        let pico = |micros: u64| i128::from(micros).saturating_mul(PICO_PER_MICRO);
        Some(LegQuote {
            token,
            best_bid: bid,
            bid_qty: None,
            best_ask: ask,
            ask_qty: None,
            ask_depth3: depth
                .map_or(Depth3::Unknown, |micros| Depth3::Known { pico_usdc: pico(micros) }),
            recv: now,
            proof: now,
            tick: definition.tick,
            fees: definition.fees,
        })
    }

    /// Takes a span of missing records. Says whether the record was refused.
    pub(super) fn gap(
        &mut self,
        conn: Option<ConnIx>,
        record: &Record<'_>,
        tally: &mut Tally<'_>,
    ) -> bool {
        let Ok(gap) = Gap::decode(record.payload) else { return true };
        if gap.is_restart() {
            return self.restart(record.recv_ns, tally.integrity);
        }
        let span = gap.to.0.saturating_sub(gap.from.0).max(0);
        tally.integrity.gaps = tally.integrity.gaps.saturating_add(1);
        tally.integrity.gap_ns = tally.integrity.gap_ns.saturating_add(span);
        tally.integrity.records_lost = tally.integrity.records_lost.saturating_add(gap.lost);
        if facts::voids(&gap) {
            self.void_sets(gap.market().unwrap_or_default());
        }
        if gap.concerns_trades() {
            self.trade_gap(&gap);
        } else if let Some(condition) = gap.market() {
            if let Some(market) = self.books.registry().market(condition.as_bytes()) {
                self.books.distrust(market);
            }
        } else if let Some(conn) = conn {
            self.books.frame_lost(conn);
            self.shadow.mark_stream_incomplete(gap.from, gap.to);
        } else {
            // The recorder shed records of any connection: all books may have missed one.
            self.books.all_lost();
            self.shadow.mark_incomplete(None, gap.from, Some(gap.to));
            self.shadow.mark_stream_incomplete(gap.from, gap.to);
        }
        false
    }

    /// A market or group is not what it was: no set of it is traded again in this run (S-16).
    fn void_sets(&mut self, name: &str) {
        if let Some(market) = self.books.registry().market(name.as_bytes()) {
            self.void_market(market);
        }
        for (ix, set) in (0..).map(SetIx).zip(self.universe.sets()) {
            if &*set.key == name {
                self.facts.note_changed(ix);
            }
        }
    }

    fn void_market(&mut self, market: MarketIx) {
        for set in self.detector.sets_of(market) {
            self.facts.note_changed(set);
        }
    }

    /// The process was gone for a while: connections begin anew, and prints may be missing from the
    /// last moment that was recorded on.
    pub(super) fn restart(&mut self, now: Nanos, integrity: &mut Integrity) -> bool {
        integrity.restarts = integrity.restarts.saturating_add(1);
        let last = Self::nanos_of_ms(integrity.last_ms);
        self.books.restart();
        self.shadow.mark_incomplete(None, last.min(now), Some(now));
        self.shadow.mark_stream_incomplete(last.min(now), now);
        false
    }

    fn trade_gap(&mut self, gap: &Gap) {
        let market = match gap.market() {
            None => None,
            Some(text) => match self.books.registry().market(text.as_bytes()) {
                None => return self.shadow.mark_incomplete(None, gap.from, Some(gap.to)),
                known => known,
            },
        };
        // A closing record repeats the span from its beginning, so the open one can end with it.
        match gap.phase() {
            Phase::Open => self.shadow.mark_incomplete(market, gap.from, None),
            Phase::Closed => {
                self.shadow.mark_complete(market, gap.to);
                self.shadow.mark_incomplete(market, gap.from, Some(gap.to));
            }
        }
    }

    /// Milliseconds of a receive time as the ledger reads it.
    pub(super) fn nanos_of_ms(ms: i64) -> Nanos {
        Nanos(ms.saturating_mul(NANOS_PER_MS))
    }
}
