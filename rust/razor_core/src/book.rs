//! Books: one unified L2 book per condition, kept from raw frames, and how far each can be trusted.
//!
//! Owns: the registry, every market's levels, the epochs of the connections, the integrity checks
//! (mirror, crossed, stated top, book hash) and the liveness figures that watchdogs need.
//!
//! Must never: apply half a message, apply a change without a snapshot of its epoch, trust the
//! venue's clock for ordering, or forget why a book is not LIVE.
//!
//! States of a token's book, checked in this order:
//!
//! ```text
//! UNHYDRATED  no snapshot of this token in the current epoch of its connection
//! DIRTY       a reason says that the levels may be wrong; the next snapshot clears it
//! SUSPECT     disagrees with the venue's last statement; cleared by the next message that agrees,
//!             DIRTY when one of another venue time disagrees again
//! STALE       nothing has proven it current for longer than the caller allows (S-18)
//! LIVE        none of the above
//! ```
//!
//! Invariants:
//! - a refused frame changes counters only; a message its book refuses changes no level;
//! - a book follows one connection at a time; a snapshot of another one takes over only when the
//!   book is not LIVE;
//! - a REST book is a base only where no stream is, and never carries stream changes;
//! - a hash alone gates nothing: a sudden break of a recipe that held makes a book DIRTY, once.

mod apply;
mod hash;
mod ladder;
mod market;
mod report;
mod trend;
mod view;

pub use hash::{BookFacts, HashTallies, book_hash};
pub use report::{
    Counters, GridChange, HashTally, Notice, Quarantined, Recipe, RefusedUpdate, Report, TradePrint,
};
pub use view::{BookSide, ConnLiveness, Freshness, TokenLiveness, Top};

use crate::ids::{ConnIx, MarketIx, Registry, RegistryError};
use crate::market::{MarketDef, Universe};
use crate::units::Nanos;
use crate::wire::{self, Frame, Kind, Limits, Refusal};
use hash::HashJob;
use market::{Base, MarketBook};

/// Why a book may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirtyReason {
    /// A frame of its connection was lost or refused.
    LostFrame,
    /// Bid at or above ask, in a snapshot or for longer than a moment.
    Crossed,
    /// Stated best prices differ for longer than a moment.
    TopMismatch,
    /// The two tokens' views contradict each other.
    Mirror,
    /// A message named this market with another's token, or the reverse.
    WrongMarket,
    /// A change could not be applied, such as an off-grid price.
    RefusedUpdate,
    /// A REST book of the same venue time differs for longer than a moment.
    RestMismatch,
    /// The hashes of its source reproduced and suddenly mostly do not (F-08).
    HashBreak,
    /// The shell says so (watchdog, operator).
    Shell,
}

/// What a suspect book disagrees about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suspicion {
    /// It is crossed.
    Crossed,
    /// Its best prices are not the stated ones.
    Top,
    /// A REST book of the same venue time differs.
    Rest,
}

impl Suspicion {
    /// The reason once it has lasted.
    fn lasting(self) -> DirtyReason {
        match self {
            Self::Crossed => DirtyReason::Crossed,
            Self::Top => DirtyReason::TopMismatch,
            Self::Rest => DirtyReason::RestMismatch,
        }
    }
}

/// How far a token's book can be trusted. Only [`BookState::Live`] may carry a price decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookState {
    /// No snapshot in the current epoch.
    Unhydrated,
    /// Known to be possibly wrong.
    Dirty(DirtyReason),
    /// Disagrees with the last statement of the venue, which may be a tie within a millisecond.
    Suspect(Suspicion),
    /// Not proven current for this long.
    Stale {
        /// Time since the last proof.
        age: Nanos,
    },
    /// Usable.
    Live,
}

/// Where and when a frame was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Connection.
    pub conn: ConnIx,
    /// Counts the connection's (re)connects; a higher one than before ends the old epoch.
    pub epoch: u32,
    /// Receive time.
    pub recv_ns: Nanos,
    /// Stream or REST.
    pub kind: Kind,
}

/// Settings of [`Books`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookParams {
    /// Bounds on frames.
    pub limits: Limits,
    /// Check the hash of every n-th `price_change`; 0 checks none. Snapshots are always checked.
    pub hash_every: u32,
}

impl Default for BookParams {
    fn default() -> Self {
        Self { limits: Limits::default(), hash_every: 64 }
    }
}

/// A connection's epoch and figures.
#[derive(Debug, Clone, Copy, Default)]
struct Conn {
    epoch: u32,
    losses: u32,
    frames: u64,
    frames_refused: u64,
    last_recv: Option<Nanos>,
    last_data: Option<Nanos>,
}

/// All books of a run.
#[derive(Debug, Clone, Default)]
pub struct Books {
    registry: Registry,
    markets: Vec<MarketBook>,
    conns: Vec<Conn>,
    params: BookParams,
    frame: Frame,
    jobs: Vec<HashJob>,
    /// Markets whose hashes broke with the last frame.
    broken: Vec<MarketIx>,
    text: Vec<u8>,
    calls: u64,
    changes_seen: u32,
    /// Receive time of the last frame: from when on doubt is counted.
    now: Nanos,
    counters: Counters,
    tallies: HashTallies,
}

impl Books {
    /// Books of all markets of a universe.
    ///
    /// # Errors
    /// [`RegistryError`] when two markets share a text.
    pub fn new(universe: &Universe, params: BookParams) -> Result<Self, RegistryError> {
        let mut books = Self::with_params(params);
        for (index, market) in universe.markets().iter().enumerate() {
            let index = u32::try_from(index).map_err(|_| RegistryError::Full)?;
            books.add_market(MarketIx(index), market)?;
        }
        Ok(books)
    }

    /// Books without markets, for streams that define them on the way.
    pub fn with_params(params: BookParams) -> Self {
        Self { params, ..Self::default() }
    }

    /// Adds the next market, UNHYDRATED.
    ///
    /// # Errors
    /// [`RegistryError`]; nothing is added then.
    pub fn add_market(&mut self, market: MarketIx, def: &MarketDef) -> Result<(), RegistryError> {
        let [yes, no] = &def.token_ids;
        self.registry.define(market, &def.condition_id, [yes, no])?;
        self.markets.push(MarketBook::new(def));
        Ok(())
    }

    /// Takes one frame: decodes, validates, applies. One call per received frame.
    ///
    /// `report` is cleared first. Messages of a frame are applied in order, each whole or not at
    /// all; `report` says what happened to those that were kept out.
    ///
    /// # Errors
    /// [`Refusal`] when the frame as a whole cannot be read; no book changes then, but a higher
    /// epoch is taken note of even so. A stream has lost an unknown update with the frame: the
    /// caller decides when to say so by [`Books::frame_lost`].
    pub fn apply(
        &mut self,
        source: Source,
        bytes: &[u8],
        report: &mut Report,
    ) -> Result<(), Refusal> {
        report.clear();
        self.jobs.clear();
        self.broken.clear();
        self.calls = self.calls.wrapping_add(1);
        let base = self.admit(source)?;
        self.now = self.now.max(source.recv_ns);
        let mut frame = core::mem::take(&mut self.frame);
        let limits = self.params.limits;
        let decoded = wire::decode(bytes, source.kind, &self.registry, limits, &mut frame);
        match decoded {
            Ok(()) => {
                self.apply_frame(source, base, bytes, &frame, report);
                if frame.messages.iter().any(|message| !message.is_plain_text()) {
                    // Liveness is data: an answered PING proves nothing about the books.
                    self.conn_mut(source.conn).last_data = Some(source.recv_ns);
                }
            }
            Err(_) => self.count_refusal(source.conn),
        }
        self.frame = frame;
        decoded
    }

    /// Notes the frame on its connection; a higher epoch ends the connection's books.
    fn admit(&mut self, source: Source) -> Result<Base, Refusal> {
        let conn = self.conn_mut(source.conn);
        if source.epoch < conn.epoch {
            let refusal = Refusal::OldEpoch { current: conn.epoch, found: source.epoch };
            self.count_refusal(source.conn);
            return Err(refusal);
        }
        conn.epoch = source.epoch;
        conn.frames = conn.frames.saturating_add(1);
        conn.last_recv = Some(source.recv_ns);
        let losses = conn.losses;
        Ok(Base { conn: source.conn, epoch: source.epoch, losses, kind: source.kind })
    }

    fn count_refusal(&mut self, conn: ConnIx) {
        self.counters.frames_refused = self.counters.frames_refused.saturating_add(1);
        let conn = self.conn_mut(conn);
        conn.frames_refused = conn.frames_refused.saturating_add(1);
    }

    /// The connection's entry, made on first use; at most 65,536 of them.
    fn conn_mut(&mut self, conn: ConnIx) -> &mut Conn {
        let index = usize::from(conn.0);
        if self.conns.len() <= index {
            self.conns.resize(index.saturating_add(1), Conn::default());
        }
        // Just made long enough.
        #[expect(clippy::indexing_slicing, reason = "the line above makes the entry")]
        &mut self.conns[index]
    }

    fn conn(&self, conn: ConnIx) -> Option<&Conn> {
        self.conns.get(usize::from(conn.0))
    }

    /// The connection is in this epoch from now on, before any frame of it: all books that follow
    /// the connection are UNHYDRATED at once. Lower epochs than the current one change nothing.
    pub fn start_epoch(&mut self, conn: ConnIx, epoch: u32) {
        let conn = self.conn_mut(conn);
        conn.epoch = conn.epoch.max(epoch);
    }

    /// A frame of the connection was lost or refused: its books are DIRTY until their next
    /// snapshot.
    pub fn frame_lost(&mut self, conn: ConnIx) {
        let entry = self.conn_mut(conn);
        entry.losses = entry.losses.saturating_add(1);
        self.doubt(|base| base.conn == conn);
    }

    /// Starts the stretch of doubt of every book with such a base.
    fn doubt(&mut self, is_hit: impl Fn(&Base) -> bool) {
        let now = self.now;
        for book in self.markets.iter_mut().filter(|book| book.base.as_ref().is_some_and(&is_hit)) {
            book.dirty_since.get_or_insert(now);
        }
    }

    /// Frames of unknown connections were lost: all books are DIRTY until their next snapshot.
    pub fn all_lost(&mut self) {
        for conn in &mut self.conns {
            conn.losses = conn.losses.saturating_add(1);
        }
        self.doubt(|_| true);
    }

    /// Nanoseconds that books have been DIRTY, summed over the books, up to `now`.
    pub fn dirty_ns(&self, now: Nanos) -> i64 {
        self.markets.iter().fold(0, |sum: i64, book| {
            let open = book.dirty_since.map_or(0, |since| now.0.saturating_sub(since.0).max(0));
            sum.saturating_add(book.dirty_ns).saturating_add(open)
        })
    }

    /// The reader was gone and all connections begin anew: no book is hydrated, and epochs count
    /// from 0 again.
    pub fn restart(&mut self) {
        let now = self.now;
        for conn in &mut self.conns {
            conn.epoch = 0;
            conn.losses = conn.losses.saturating_add(1);
        }
        for market in &mut self.markets {
            market.drop_book(now);
        }
    }

    /// The shell's own doubt (watchdog, operator): DIRTY until the next snapshot.
    pub fn distrust(&mut self, market: MarketIx) {
        self.dirty(market, DirtyReason::Shell);
    }

    fn dirty(&mut self, market: MarketIx, reason: DirtyReason) {
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        if book.base.is_some() && book.dirty.is_none() {
            book.dirty = Some(reason);
            book.dirty_since.get_or_insert(self.now);
            self.counters.dirtied = self.counters.dirtied.saturating_add(1);
        }
    }

    /// Counts since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The registry of texts.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
}

fn position(market: MarketIx) -> usize {
    usize::try_from(market.0).unwrap_or(usize::MAX)
}
