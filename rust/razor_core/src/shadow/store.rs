//! Trade prints: deduplicated at ingest for the whole run, kept as long as windows need them.
//!
//! Owns: the retained prints in order of ingest time, the set of all ids ever taken, and the
//! window queries of RAZOR_SPEC §9 (closed on both ends, on ingest time).
//!
//! Deduplication. The predecessor forgot an id after its retention of 5 s and took the same print
//! again on the next poll. Here every id is kept for the run as a 128-bit digest and never evicted.
//! The set is bounded by [`StoreParams::max_ids`] (about 30 bytes each); when it is full, further
//! prints are refused and counted, which understates volume but never counts a print twice. A
//! predecessor's directory is replayed with [`TradeRows::AsTheyAre`]: its rows are all taken and
//! the repeats only counted.
//!
//! Invariants: prints are sorted by ingest time, ties in order of arrival; `prints ≤ max_trades`.

use std::collections::{BTreeSet, VecDeque};

use sha2::{Digest, Sha256};

use super::exact::{AttoPrice, AttoShares, product_atto_floor};
use crate::ids::TokenIx;
use crate::units::{Nanos, UnitError};

/// A print's identity: 128 bits of a digest over the parts that identify it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TradeId(pub u128);

impl TradeId {
    /// The digest of the parts in order. Each part is preceded by its length, so that no two
    /// different lists of parts read the same.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hasher.update(length.to_be_bytes());
            hasher.update(part);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let folded = digest.iter().take(16).fold(0_u128, |id, byte| id << 8 | u128::from(*byte));
        Self(folded)
    }
}

/// Which side the taker was on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakerSide {
    /// The taker bought this token.
    Buy,
    /// The taker sold this token.
    Sell,
}

/// One trade print as the engine receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeTick {
    /// The token the print names.
    pub token: TokenIx,
    /// Price per share.
    pub price: AttoPrice,
    /// Shares.
    pub size: AttoShares,
    /// When razor received it: the clock of the frozen windows.
    pub ingest: Nanos,
    /// When the venue says it happened; whole seconds on the Data API.
    pub venue_ts: Option<Nanos>,
    /// The taker's side, when told.
    pub side: Option<TakerSide>,
    /// Identity for deduplication.
    pub id: TradeId,
}

/// How repeats of an id are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TradeRows {
    /// Each id once per run; prints without price, size or time are refused.
    OncePerRun,
    /// All rows as they are (a predecessor's file); repeats are counted, nothing is refused.
    AsTheyAre,
}

/// Limits of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreParams {
    /// Prints older than this are dropped, in ms; 0 keeps none beyond the newest push.
    pub retention_ms: i64,
    /// Prints kept at most; the oldest leave first.
    pub max_trades: usize,
    /// Ids kept at most for the run.
    pub max_ids: usize,
    /// Treatment of repeats.
    pub rows: TradeRows,
}

/// What became of a print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// Kept.
    Stored,
    /// Its id was taken before in this run.
    Duplicate,
    /// No price, size or time that a print can have.
    Invalid,
    /// The id set is full: refused, since it could not be recognised again.
    IdsFull,
}

/// Counters of the store since the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCounters {
    /// Prints kept.
    pub stored: u64,
    /// Repeats: refused, or only counted with [`TradeRows::AsTheyAre`].
    pub duplicated: u64,
    /// Prints refused as invalid.
    pub invalid: u64,
    /// Prints dropped by age.
    pub expired: u64,
    /// Prints evicted because the store was full.
    pub evicted: u64,
    /// Prints refused because the id set was full.
    pub ids_full: u64,
    /// Prints that arrived with an ingest time before an earlier one.
    pub out_of_order: u64,
}

/// A print as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    /// Ingest time in whole ms.
    pub ingest_ms: i64,
    /// Venue time in whole ms, when told.
    pub venue_ms: Option<i64>,
    /// Token.
    pub token: TokenIx,
    /// Price per share.
    pub price: AttoPrice,
    /// Shares.
    pub size: AttoShares,
    /// Taker side, when told.
    pub side: Option<TakerSide>,
}

impl Print {
    /// The print of a tick.
    pub fn of(tick: &TradeTick) -> Self {
        Self {
            ingest_ms: tick.ingest.millis_floor(),
            venue_ms: tick.venue_ts.map(Nanos::millis_floor),
            token: tick.token,
            price: tick.price,
            size: tick.size,
            side: tick.side,
        }
    }

    /// Dollars of the print at 10⁻¹⁸, rounded down.
    fn notional_atto(&self) -> Result<i128, UnitError> {
        product_atto_floor(self.size.0, self.price.0)
    }
}

/// Findings about all prints of a set in one window (RAZOR_SPEC §9 `window_stats`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowStats {
    /// Prints.
    pub count: u64,
    /// Largest time between neighbours, ms; 0 with fewer than two prints.
    pub max_gap_ms: i64,
    /// Largest size.
    pub max_size: AttoShares,
    /// Largest price·size at 10⁻¹⁸ USDC, rounded down.
    pub max_notional_atto: i128,
}

impl WindowStats {
    /// Findings over prints in time order, only those of the given tokens.
    ///
    /// # Errors
    /// [`UnitError::Overflow`] when a notional leaves 128 bits.
    pub fn of<'a>(
        prints: impl Iterator<Item = &'a Print>,
        tokens: &[TokenIx],
    ) -> Result<Self, UnitError> {
        let mut stats = Self::default();
        let mut last_ms: Option<i64> = None;
        for print in prints.filter(|print| tokens.contains(&print.token)) {
            stats.count = stats.count.saturating_add(1);
            let gap = print.ingest_ms.saturating_sub(last_ms.unwrap_or(print.ingest_ms));
            stats.max_gap_ms = stats.max_gap_ms.max(gap);
            stats.max_size = stats.max_size.max(print.size);
            stats.max_notional_atto = stats.max_notional_atto.max(print.notional_atto()?);
            last_ms = Some(print.ingest_ms);
        }
        Ok(stats)
    }
}

/// `Σ size` of prints of a token at or under a limit.
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn volume_at_or_better<'a>(
    prints: impl Iterator<Item = &'a Print>,
    token: TokenIx,
    limit: AttoPrice,
) -> Result<AttoShares, UnitError> {
    let mut sum: i128 = 0;
    for print in prints.filter(|print| print.token == token && print.price <= limit) {
        sum = sum.checked_add(print.size.0).ok_or(UnitError::Overflow)?;
    }
    Ok(AttoShares(sum))
}

/// `Σ size` of prints of a token at or above a limit: what a sale at that limit could have met.
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn volume_at_or_above<'a>(
    prints: impl Iterator<Item = &'a Print>,
    token: TokenIx,
    limit: AttoPrice,
) -> Result<AttoShares, UnitError> {
    let mut sum: i128 = 0;
    for print in prints.filter(|print| print.token == token && print.price >= limit) {
        sum = sum.checked_add(print.size.0).ok_or(UnitError::Overflow)?;
    }
    Ok(AttoShares(sum))
}

/// The store. Insertion is O(1) in order of time; a window is found by binary search.
#[derive(Debug, Clone)]
pub struct TradeStore {
    params: StoreParams,
    prints: VecDeque<Print>,
    ids: BTreeSet<TradeId>,
    dedup_hits: VecDeque<(i64, TokenIx)>,
    last_evicted_ms: Option<i64>,
    counters: StoreCounters,
}

impl TradeStore {
    /// An empty store.
    pub fn new(params: StoreParams) -> Self {
        Self {
            params,
            prints: VecDeque::new(),
            ids: BTreeSet::new(),
            dedup_hits: VecDeque::new(),
            last_evicted_ms: None,
            counters: StoreCounters::default(),
        }
    }

    /// Takes a print at `now_ms` of the receive clock, after dropping what is too old.
    pub fn push(&mut self, now_ms: i64, tick: &TradeTick) -> Pushed {
        let print = Print::of(tick);
        let pushed = self.admit(&print, tick.id);
        self.expire(now_ms);
        match pushed {
            Pushed::Stored => self.append(print),
            Pushed::Duplicate => self.remember_hit(&print),
            Pushed::Invalid => bump(&mut self.counters.invalid),
            Pushed::IdsFull => bump(&mut self.counters.ids_full),
        }
        pushed
    }

    /// Prints of the closed window on ingest time, in time order.
    pub fn window(&self, start_ms: i64, end_ms: i64) -> impl Iterator<Item = &Print> + Clone {
        let first = self.prints.partition_point(|print| print.ingest_ms < start_ms);
        let past = self.prints.partition_point(|print| print.ingest_ms <= end_ms);
        self.prints.range(first..past.max(first))
    }

    /// All retained prints in order of ingest time.
    pub fn prints(&self) -> impl Iterator<Item = &Print> + Clone {
        self.prints.iter()
    }

    /// Repeats of these tokens that arrived in the closed window.
    pub fn dedup_hits_in_window(&self, tokens: &[TokenIx], start_ms: i64, end_ms: i64) -> usize {
        let inside = |at: i64| (start_ms..=end_ms).contains(&at);
        self.dedup_hits.iter().filter(|(at, token)| inside(*at) && tokens.contains(token)).count()
    }

    /// Newest ingest time among prints evicted for lack of room: windows that reach back to it
    /// are not complete.
    pub fn last_evicted_ms(&self) -> Option<i64> {
        self.last_evicted_ms
    }

    /// Prints retained.
    pub fn len(&self) -> usize {
        self.prints.len()
    }

    /// Whether no print is retained.
    pub fn is_empty(&self) -> bool {
        self.prints.is_empty()
    }

    /// Counters since the start of the run.
    pub fn counters(&self) -> StoreCounters {
        self.counters
    }

    fn admit(&mut self, print: &Print, id: TradeId) -> Pushed {
        match self.params.rows {
            TradeRows::AsTheyAre => {
                if self.ids.contains(&id) {
                    bump(&mut self.counters.duplicated);
                } else if self.ids.len() < self.params.max_ids {
                    self.ids.insert(id);
                }
                Pushed::Stored
            }
            TradeRows::OncePerRun => {
                if print.price.0 < 0 || print.size.0 <= 0 || print.ingest_ms <= 0 {
                    Pushed::Invalid
                } else if self.ids.contains(&id) {
                    bump(&mut self.counters.duplicated);
                    Pushed::Duplicate
                } else if self.ids.len() >= self.params.max_ids {
                    Pushed::IdsFull
                } else {
                    self.ids.insert(id);
                    Pushed::Stored
                }
            }
        }
    }

    fn append(&mut self, print: Print) {
        bump(&mut self.counters.stored);
        let at = self.prints.partition_point(|kept| kept.ingest_ms <= print.ingest_ms);
        if at < self.prints.len() {
            bump(&mut self.counters.out_of_order);
        }
        self.prints.insert(at, print);
        while self.prints.len() > self.params.max_trades {
            let Some(evicted) = self.prints.pop_front() else { return };
            bump(&mut self.counters.evicted);
            self.last_evicted_ms = self.last_evicted_ms.max(Some(evicted.ingest_ms));
        }
    }

    fn remember_hit(&mut self, print: &Print) {
        if self.dedup_hits.len() >= self.params.max_trades {
            self.dedup_hits.pop_front();
        }
        self.dedup_hits.push_back((print.ingest_ms, print.token));
    }

    fn expire(&mut self, now_ms: i64) {
        let cutoff = now_ms.saturating_sub(self.params.retention_ms);
        while self.prints.front().is_some_and(|print| print.ingest_ms < cutoff) {
            self.prints.pop_front();
            bump(&mut self.counters.expired);
        }
        while self.dedup_hits.front().is_some_and(|(at, _)| *at < cutoff) {
            self.dedup_hits.pop_front();
        }
    }
}

fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

#[cfg(test)]
mod tests;
