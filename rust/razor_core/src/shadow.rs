//! The shadow ledger: what the signals would have earned, proven against real prints.
//!
//! Owns: the trade store ([`store`]), pending windows, frozen settlement ([`settle`], [`ledger`]),
//! the venue basis beside it ([`venue`]), the rows of the tables ([`rows`]), what real fills say of
//! the fill shares ([`calibrate`]), and the exact numbers all of them use ([`exact`]).
//!
//! A window is settled by the first [`Shadow::advance`] whose millisecond lies after its end, so
//! the closed end is complete; prints and signals advance the clock themselves before they are
//! taken. The venue basis is settled `venue_wait_ms` later, since the venue's own time of a print
//! is known only when the print arrives. What is pending when the run ends is dropped and counted.
//!
//! Invariants:
//! - signals are settled in order of arrival, each exactly once or counted as dropped;
//! - the clock never goes back: an earlier `now` settles nothing and reopens nothing;
//! - a window touched by an incomplete trade feed is flagged, whatever its numbers are.

pub mod calibrate;
pub mod csv;
pub mod day14;
pub mod exact;
pub mod ledger;
pub mod predecessor;
pub mod rows;
pub mod settle;
pub mod store;
pub mod venue;

use std::collections::VecDeque;

use thiserror::Error;

use crate::ids::{MarketIx, TokenIx};
use crate::order::Side;
use crate::signal::{Reason, Reasons, Signal};
use crate::units::{Nanos, Price};
use exact::{AttoPrice, AttoShares};
use settle::{FrozenRow, Ledgering, SettleRules, settle_frozen};
use store::{Pushed, StoreCounters, StoreParams, TradeRows, TradeStore, TradeTick};
use store::{volume_at_or_above, volume_at_or_better};
use venue::{VenueGap, VenueRow, VenueTerms, settle_venue};

/// Incomplete intervals kept at most; beyond it neighbours are joined, which only flags more.
const MAX_GAPS: usize = 1_024;

/// Settings of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShadowParams {
    /// The frozen rules.
    pub rules: SettleRules,
    /// `shadow.trade_retention_ms`, at least the window's end.
    pub trade_retention_ms: i64,
    /// `shadow.max_trades`, above zero.
    pub max_trades: usize,
    /// Trade ids kept for the run.
    pub max_trade_ids: usize,
    /// How long after the window late prints are waited for on the venue basis, in ms.
    pub venue_wait_ms: i64,
    /// Signals waiting for their window or their venue basis at most; further ones are dropped
    /// and counted.
    pub max_pending: usize,
    /// How repeats of a trade id are treated.
    pub rows: TradeRows,
}

/// Why settings were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ShadowError {
    /// The window is empty or begins before the signal.
    #[error(
        "shadow.window_end_ms {end} must be above window_start_ms {start}, and that not below 0"
    )]
    Window {
        /// Start offset.
        start: i64,
        /// End offset.
        end: i64,
    },
    /// Prints would be dropped before their window ends.
    #[error("shadow.trade_retention_ms {retention} must be at least window_end_ms {end}")]
    Retention {
        /// Retention.
        retention: i64,
        /// End offset.
        end: i64,
    },
    /// A limit of zero or a negative wait.
    #[error("shadow.max_trades, the id and pending limits must be above 0, waits not below 0")]
    Limits,
}

/// A signal settled on both bases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRow {
    /// Frozen numbers.
    pub frozen: FrozenRow,
    /// What the venue said about the set.
    pub terms: VenueTerms,
    /// Venue numbers, or why there are none.
    pub venue: Result<VenueRow, VenueGap>,
}

/// A row that became known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// For `shadow_log.csv` when [`FrozenRow::is_in_frozen_table`].
    Frozen(Box<FrozenRow>),
    /// For `shadow_sets.csv` and `shadow_legs.csv`; follows the frozen row of the same signal.
    Set(Box<SetRow>),
}

/// Counters since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShadowCounters {
    /// Signals taken.
    pub signals: u64,
    /// Frozen rows settled, the predecessor's `shadow_processed`.
    pub settled: u64,
    /// Rows of more than three legs, outside the frozen table.
    pub outside_frozen: u64,
    /// Windows flagged unusable by F-11.
    pub unusable: u64,
    /// Signals dropped because too many were pending.
    pub dropped_full: u64,
    /// Signals whose window was still open at the end of the run.
    pub dropped_open: u64,
    /// Incomplete intervals reported.
    pub gaps: u64,
    /// The trade store's counters.
    pub store: StoreCounters,
}

/// An interval in which prints may be missing; `to_ms` is open while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    market: Option<MarketIx>,
    from_ms: i64,
    to_ms: Option<i64>,
}

impl Gap {
    fn touches(&self, (start, end): (i64, i64)) -> bool {
        self.from_ms <= end && self.to_ms.is_none_or(|to| to >= start)
    }
}

#[derive(Debug, Clone)]
struct Pending {
    signal: Signal,
    terms: VenueTerms,
}

#[derive(Debug, Clone)]
struct Waiting {
    frozen: FrozenRow,
    terms: VenueTerms,
}

/// The shadow ledger.
#[derive(Debug, Clone)]
pub struct Shadow {
    params: ShadowParams,
    store: TradeStore,
    /// Prints of the market channel: venue time in ms and a side, for the venue basis alone.
    stream: TradeStore,
    stream_gaps: VecDeque<Gap>,
    open: VecDeque<Pending>,
    waiting: VecDeque<Waiting>,
    gaps: VecDeque<Gap>,
    clock_ms: i64,
    highest_written: u64,
    counters: ShadowCounters,
}

impl Shadow {
    /// An empty ledger.
    ///
    /// # Errors
    /// [`ShadowError`] names the setting that is out of range.
    pub fn new(params: ShadowParams) -> Result<Self, ShadowError> {
        let rules = &params.rules;
        let (start, end) = (rules.window_start_ms, rules.window_end_ms);
        if start < 0 || end <= start {
            return Err(ShadowError::Window { start, end });
        }
        if params.trade_retention_ms < end {
            return Err(ShadowError::Retention { retention: params.trade_retention_ms, end });
        }
        let limits = [params.max_trades, params.max_trade_ids, params.max_pending];
        if limits.contains(&0) || params.venue_wait_ms < 0 {
            return Err(ShadowError::Limits);
        }
        // The venue window is read later, so its prints must outlive the frozen retention.
        let needed = end.saturating_add(params.venue_wait_ms);
        let limits = StoreParams {
            retention_ms: params.trade_retention_ms.max(needed),
            max_trades: params.max_trades,
            max_ids: params.max_trade_ids,
            rows: params.rows,
        };
        Ok(Self {
            params,
            store: TradeStore::new(limits),
            stream: TradeStore::new(StoreParams { rows: TradeRows::OncePerRun, ..limits }),
            stream_gaps: VecDeque::new(),
            open: VecDeque::new(),
            waiting: VecDeque::new(),
            gaps: VecDeque::new(),
            clock_ms: i64::MIN,
            highest_written: 0,
            counters: ShadowCounters::default(),
        })
    }

    /// Settles what is due before the print's ingest time, then takes the print.
    pub fn on_trade(&mut self, tick: &TradeTick, out: &mut Vec<Settled>) -> Pushed {
        self.advance(tick.ingest, out);
        let pushed = self.store.push(self.clock_ms, tick);
        if pushed == Pushed::IdsFull && self.store.counters().ids_full == 1 {
            // From here on volume is understated: no window of this run is complete any more.
            self.mark_incomplete(None, tick.ingest, None);
        }
        pushed
    }

    /// Takes a print of the market channel. Once a run has one, the venue basis is judged by such
    /// prints alone: the same trade comes later as a Data API row, whose time is a whole second.
    /// The frozen basis never sees them.
    pub fn on_stream_print(&mut self, tick: &TradeTick, out: &mut Vec<Settled>) -> Pushed {
        self.advance(tick.ingest, out);
        self.stream.push(self.clock_ms, tick)
    }

    /// Reports that prints of the market channel may be missing between two times.
    pub fn mark_stream_incomplete(&mut self, from: Nanos, to: Nanos) {
        self.forget_old_gaps();
        let (from_ms, to_ms) = (from.millis_floor(), Some(to.millis_floor()));
        if self.stream_gaps.len() < MAX_GAPS {
            self.stream_gaps.push_back(Gap { market: None, from_ms, to_ms });
        } else if let Some(last) = self.stream_gaps.back_mut() {
            // Joined with what lies between: a full list flags more and never less.
            last.from_ms = last.from_ms.min(from_ms);
            last.to_ms = last.to_ms.max(to_ms);
        }
    }

    /// The next millisecond at which a window or a venue wait has ended, if one is pending.
    pub fn next_due(&self) -> Option<Nanos> {
        let end_ms = self.params.rules.window_end_ms;
        let after = |signal: &Signal, wait_ms: i64| {
            signal.ts_ms().saturating_add(end_ms).saturating_add(wait_ms).saturating_add(1)
        };
        let window = self.open.front().map(|pending| after(&pending.signal, 0));
        let wait_ms = self.params.venue_wait_ms;
        let venue = self.waiting.front().map(|row| after(&row.frozen.signal, wait_ms));
        let due_ms = match (window, venue) {
            (Some(window), Some(venue)) => window.min(venue),
            (Some(due), None) | (None, Some(due)) => due,
            (None, None) => return None,
        };
        Nanos::from_millis(due_ms).ok()
    }

    /// Settles what is due before the signal, then waits for its window.
    pub fn on_signal(&mut self, signal: Signal, terms: VenueTerms, out: &mut Vec<Settled>) {
        self.advance(signal.ts, out);
        if self.open.len().saturating_add(self.waiting.len()) >= self.params.max_pending {
            bump(&mut self.counters.dropped_full);
            return;
        }
        bump(&mut self.counters.signals);
        self.open.push_back(Pending { signal, terms });
    }

    /// Moves the clock to `now` and settles every window that ended before its millisecond.
    pub fn advance(&mut self, now: Nanos, out: &mut Vec<Settled>) {
        self.clock_ms = self.clock_ms.max(now.millis_floor());
        let end_ms = self.params.rules.window_end_ms;
        let clock_ms = self.clock_ms;
        let is_due = |signal: &Signal, wait: i64| {
            clock_ms > signal.ts_ms().saturating_add(end_ms).saturating_add(wait)
        };
        while self.open.front().is_some_and(|pending| is_due(&pending.signal, 0)) {
            let Some(pending) = self.open.pop_front() else { return };
            self.settle(pending, out);
        }
        let wait_ms = self.params.venue_wait_ms;
        while self.waiting.front().is_some_and(|row| is_due(&row.frozen.signal, wait_ms)) {
            let Some(waiting) = self.waiting.pop_front() else { return };
            let venue = self.venue_of(&waiting);
            let Waiting { frozen, terms } = waiting;
            out.push(Settled::Set(Box::new(SetRow { frozen, terms, venue })));
        }
    }

    /// Ends the run at `now`: settles what is due, drops open windows, and closes the rows whose
    /// venue wait is cut short with a blank venue basis.
    pub fn finish(&mut self, now: Nanos, out: &mut Vec<Settled>) {
        self.advance(now, out);
        let dropped = u64::try_from(self.open.len()).unwrap_or(u64::MAX);
        self.counters.dropped_open = self.counters.dropped_open.saturating_add(dropped);
        self.open.clear();
        for Waiting { frozen, terms } in self.waiting.drain(..) {
            let venue = Err(VenueGap::WaitCutShort);
            out.push(Settled::Set(Box::new(SetRow { frozen, terms, venue })));
        }
    }

    /// Reports that prints of a market (of all, for `None`) may be missing between two times
    /// (F-11). Without `to` the interval stays open until [`Shadow::mark_complete`].
    pub fn mark_incomplete(&mut self, market: Option<MarketIx>, from: Nanos, to: Option<Nanos>) {
        bump(&mut self.counters.gaps);
        self.forget_old_gaps();
        let gap = Gap { market, from_ms: from.millis_floor(), to_ms: to.map(Nanos::millis_floor) };
        if self.gaps.len() < MAX_GAPS {
            self.gaps.push_back(gap);
        } else if let Some(last) = self.gaps.back_mut() {
            last.market = None;
            last.from_ms = last.from_ms.min(gap.from_ms);
            last.to_ms = last.to_ms.zip(gap.to_ms).map(|(left, right)| left.max(right));
        }
    }

    /// Ends the open intervals of a market (of the whole feed, for `None`) at a time.
    pub fn mark_complete(&mut self, market: Option<MarketIx>, to: Nanos) {
        let to_ms = to.millis_floor();
        for gap in self.gaps.iter_mut().filter(|gap| gap.market == market && gap.to_ms.is_none()) {
            gap.to_ms = Some(to_ms.max(gap.from_ms));
        }
    }

    /// Counters since the start of the run.
    pub fn counters(&self) -> ShadowCounters {
        ShadowCounters { store: self.store.counters(), ..self.counters }
    }

    /// Prints retained, the predecessor's `trade_store_size`.
    pub fn trades_retained(&self) -> usize {
        self.store.len()
    }

    /// Signals waiting for their window, and rows waiting for the venue basis.
    pub fn pending(&self) -> (usize, usize) {
        (self.open.len(), self.waiting.len())
    }

    fn settle(&mut self, pending: Pending, out: &mut Vec<Settled>) {
        let Pending { signal, terms } = pending;
        let (start, end) = self.params.rules.window_of(signal.ts_ms());
        let ledgering = match self.params.rows {
            TradeRows::OncePerRun => Ledgering::Live,
            TradeRows::AsTheyAre => Ledgering::Replay,
        };
        let observed = self.observed(&signal, ledgering, (start, end));
        self.highest_written = self.highest_written.max(signal.id);
        let window = self.store.window(start, end);
        let frozen = settle_frozen(signal, &self.params.rules, window, ledgering, observed);
        self.count(&frozen);
        out.push(Settled::Frozen(Box::new(frozen.clone())));
        self.waiting.push_back(Waiting { frozen, terms });
    }

    /// Codes that only the running ledger can know.
    fn observed(&self, signal: &Signal, ledgering: Ledgering, window: (i64, i64)) -> Reasons {
        let mut codes = Reasons::NONE;
        if ledgering == Ledgering::Live {
            let age_ms = self.clock_ms.saturating_sub(signal.ts_ms());
            codes.add_if(age_ms > self.params.trade_retention_ms, Reason::SignalTooOld);
            codes.add_if(signal.id <= self.highest_written, Reason::DedupHit);
        }
        codes.add_if(self.is_incomplete(signal, window), Reason::TradesIncomplete);
        codes
    }

    fn count(&mut self, row: &FrozenRow) {
        bump(&mut self.counters.settled);
        if !row.is_in_frozen_table() {
            bump(&mut self.counters.outside_frozen);
        }
        if row.is_unusable() {
            bump(&mut self.counters.unusable);
        }
    }

    fn venue_of(&self, waiting: &Waiting) -> Result<VenueRow, VenueGap> {
        let signal = &waiting.frozen.signal;
        let window_ms = self.params.rules.window_of(signal.ts_ms());
        // Asked again: a gap may have been reported while the venue's prints were waited for.
        if waiting.frozen.is_unusable() || self.is_incomplete(signal, window_ms) {
            return Err(VenueGap::TradesIncomplete);
        }
        let share = waiting.frozen.share;
        if self.stream.counters().stored == 0 {
            return settle_venue(signal, &waiting.terms, share, window_ms, &self.store.prints());
        }
        if self.is_stream_broken(window_ms) {
            return Err(VenueGap::TradesIncomplete);
        }
        settle_venue(signal, &waiting.terms, share, window_ms, &self.stream.prints())
    }

    fn is_incomplete(&self, signal: &Signal, window: (i64, i64)) -> bool {
        self.is_broken(window, |market| signal.legs.iter().any(|leg| leg.token.split().0 == market))
    }

    /// Whether prints of a market that concerns the caller may be missing in a window.
    fn is_broken(&self, (start, end): (i64, i64), is_mine: impl Fn(MarketIx) -> bool) -> bool {
        let concerns = |gap: &Gap| gap.market.is_none_or(&is_mine);
        let is_evicted = self.store.last_evicted_ms().is_some_and(|at| at >= start);
        is_evicted || self.gaps.iter().any(|gap| concerns(gap) && gap.touches((start, end)))
    }

    /// The same of the market channel, whose gaps concern all markets.
    fn is_stream_broken(&self, (start, end): (i64, i64)) -> bool {
        let is_evicted = self.stream.last_evicted_ms().is_some_and(|at| at >= start);
        is_evicted || self.stream_gaps.iter().any(|gap| gap.touches((start, end)))
    }

    /// The frozen window of something that happened at `at_ms`.
    pub fn window_of(&self, at_ms: i64) -> (i64, i64) {
        self.params.rules.window_of(at_ms)
    }

    /// What traded of a token in a closed window of ingest time at a price that an order of this
    /// side and limit would have taken: at or under the limit of a buy, at or above that of a
    /// sale. Data API rows as on the frozen basis; where a run has none, prints of the channel.
    ///
    /// `None` where nobody knows: the run has no print at all, or some may be missing.
    pub fn volume_for(
        &self,
        token: TokenIx,
        side: Side,
        limit: Price,
        window: (i64, i64),
    ) -> Option<AttoShares> {
        let market = token.split().0;
        let (store, is_broken) = if self.store.counters().stored > 0 {
            (&self.store, self.is_broken(window, |gap| gap == market))
        } else {
            (&self.stream, self.is_stream_broken(window))
        };
        if is_broken || store.counters().stored == 0 {
            return None;
        }
        let (prints, limit) = (store.window(window.0, window.1), AttoPrice::from(limit));
        let volume = match side {
            Side::Buy => volume_at_or_better(prints, token, limit),
            Side::Sell => volume_at_or_above(prints, token, limit),
        };
        volume.ok()
    }

    /// Drops intervals that no pending window can reach back to.
    fn forget_old_gaps(&mut self) {
        let reach = self.params.rules.window_end_ms.saturating_add(self.params.venue_wait_ms);
        let cutoff = self.clock_ms.saturating_sub(reach);
        let is_near = |gap: &Gap| gap.to_ms.is_none_or(|to| to >= cutoff);
        self.gaps.retain(is_near);
        self.stream_gaps.retain(is_near);
    }
}

fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

#[cfg(test)]
mod tests;
