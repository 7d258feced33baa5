//! One market's book and what is known about how current it is.

use super::ladder::Ladder;
use super::report::Recipe;
use super::trend::HashTrend;
use super::{DirtyReason, Suspicion};
use crate::ids::{ConnIx, Outcome};
use crate::market::MarketDef;
use crate::units::{Grid, Nanos, Qty};
use crate::wire::{BookSnapshot, Change, Fine, Frame, Kind, Level, Quoted, Side};

/// The connection, epoch and source that a book stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) conn: ConnIx,
    pub(super) epoch: u32,
    /// Lost frames of the connection when the snapshot arrived.
    pub(super) losses: u32,
    pub(super) kind: Kind,
}

impl Base {
    /// Same connection in the same epoch; frames lost since do not change whose book it is.
    pub(super) fn same_stream(self, other: Self) -> bool {
        self.conn == other.conn && self.epoch == other.epoch && self.kind == other.kind
    }
}

/// A short text kept for the book hash, which covers spellings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ShortText {
    bytes: [u8; 15],
    len: u8,
}

impl ShortText {
    /// `None` for texts longer than any price.
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 15];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self { bytes, len: u8::try_from(text.len()).ok()? })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// What one token's subscription has delivered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TokenFeed {
    /// Connection and epoch of the token's own snapshot.
    pub(super) hydrated: Option<(ConnIx, u32)>,
    pub(super) first_recv: Option<Nanos>,
    pub(super) last_recv: Option<Nanos>,
    pub(super) events: u64,
    pub(super) no_snapshot: u64,
    pub(super) last_trade_price: Option<ShortText>,
}

impl TokenFeed {
    pub(super) fn note(&mut self, recv_ns: Nanos) {
        self.first_recv.get_or_insert(recv_ns);
        self.last_recv = Some(recv_ns);
        self.events = self.events.saturating_add(1);
    }
}

/// A book that disagrees with the venue's own statement, and since which venue time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspect {
    pub(super) cause: Suspicion,
    pub(super) venue_ts_ms: i64,
}

/// The unified book of a condition. The YES bids and the NO bids are stored; asks are mirrors.
#[derive(Debug, Clone)]
pub(super) struct MarketBook {
    yes: Ladder,
    no: Ladder,
    pub(super) grid: Grid,
    pub(super) base: Option<Base>,
    pub(super) dirty: Option<DirtyReason>,
    /// Since when the book has been DIRTY.
    pub(super) dirty_since: Option<Nanos>,
    /// How long it has been DIRTY in all, the present stretch not included.
    pub(super) dirty_ns: i64,
    pub(super) suspect: Option<Suspect>,
    pub(super) feeds: [TokenFeed; 2],
    /// Token and venue time of a snapshot whose twin may still come: no change came after it.
    pub(super) snapshot: Option<(Outcome, i64)>,
    pub(super) snapshot_recv: Option<Nanos>,
    pub(super) proof_recv: Option<Nanos>,
    pub(super) venue_ts_ms: Option<i64>,
    pub(super) min_order_qty: Qty,
    pub(super) neg_risk: bool,
    pub(super) mapping_errors: u64,
    /// The call that touched the market last.
    pub(super) touched_in: u64,
    /// Counts changes of content, for hash checks that come late.
    pub(super) version: u64,
    /// How the hashes of each recipe do: REST, `book`, `price_change`.
    trends: [HashTrend; 3],
}

impl MarketBook {
    pub(super) fn new(def: &MarketDef) -> Self {
        Self {
            yes: Ladder::default(),
            no: Ladder::default(),
            grid: Grid { tick: def.tick, epoch: 0 },
            base: None,
            dirty: None,
            dirty_since: None,
            dirty_ns: 0,
            suspect: None,
            feeds: [TokenFeed::default(); 2],
            snapshot: None,
            snapshot_recv: None,
            proof_recv: None,
            venue_ts_ms: None,
            min_order_qty: def.min_order_qty,
            neg_risk: def.neg_risk,
            mapping_errors: 0,
            touched_in: 0,
            version: 0,
            trends: [HashTrend::default(); 3],
        }
    }

    /// Bids of an outcome, and the bids of the other one, which are its asks mirrored.
    pub(super) fn sides(&self, outcome: Outcome) -> (&Ladder, &Ladder) {
        match outcome {
            Outcome::Yes => (&self.yes, &self.no),
            Outcome::No => (&self.no, &self.yes),
        }
    }

    fn sides_mut(&mut self, outcome: Outcome) -> (&mut Ladder, &mut Ladder) {
        match outcome {
            Outcome::Yes => (&mut self.yes, &mut self.no),
            Outcome::No => (&mut self.no, &mut self.yes),
        }
    }

    pub(super) fn feed(&self, outcome: Outcome) -> &TokenFeed {
        let [yes, no] = &self.feeds;
        match outcome {
            Outcome::Yes => yes,
            Outcome::No => no,
        }
    }

    pub(super) fn feed_mut(&mut self, outcome: Outcome) -> &mut TokenFeed {
        let [yes, no] = &mut self.feeds;
        match outcome {
            Outcome::Yes => yes,
            Outcome::No => no,
        }
    }

    /// Takes the result of a hash check; true when the recipe broke that the book stands on. A
    /// broken REST recipe says nothing about a streamed book.
    pub(super) fn note_hash(&mut self, recipe: Recipe, matched: bool) -> bool {
        let [rest, ws_book, ws_change] = &mut self.trends;
        let (trend, source) = match recipe {
            Recipe::Rest => (rest, Kind::Rest),
            Recipe::WsBook => (ws_book, Kind::Ws),
            Recipe::WsChange => (ws_change, Kind::Ws),
        };
        trend.is_broken_by(matched) && self.base.is_some_and(|base| base.kind == source)
    }

    /// Writes one level; asks of an outcome are bids of the other.
    pub(super) fn set(&mut self, outcome: Outcome, change: &Change) {
        let (own, other) = self.sides_mut(outcome);
        match change.side {
            Side::Buy => own.set(change.price, change.qty),
            Side::Sell => other.set(change.price.complement(), change.qty),
        }
    }

    /// Replaces the book by a token's view of it.
    pub(super) fn replace(&mut self, outcome: Outcome, bids: &[Level], asks: &[Level]) {
        let (own, other) = self.sides_mut(outcome);
        own.replace(bids, false);
        other.replace(asks, true);
    }

    /// Whether the book is what a token's view says.
    pub(super) fn equals(&self, outcome: Outcome, frame: &Frame, message: &BookSnapshot) -> bool {
        let (own, other) = self.sides(outcome);
        own.equals(frame.bids_of(message), false) && other.equals(frame.asks_of(message), true)
    }

    /// The book is trusted again, or gone: a stretch of doubt ends.
    pub(super) fn end_doubt(&mut self, now: Nanos) {
        self.dirty = None;
        if let Some(since) = self.dirty_since.take() {
            let span = now.0.saturating_sub(since.0).max(0);
            self.dirty_ns = self.dirty_ns.saturating_add(span);
        }
    }

    /// Drops the book: both tokens wait for a snapshot.
    pub(super) fn drop_book(&mut self, now: Nanos) {
        self.end_doubt(now);
        self.yes.clear();
        self.no.clear();
        self.base = None;
        self.suspect = None;
        self.snapshot = None;
        self.version = self.version.wrapping_add(1);
        for feed in &mut self.feeds {
            feed.hydrated = None;
        }
    }

    /// Best bid at or above best ask.
    pub(super) fn is_crossed(&self) -> bool {
        match (self.yes.best_price(), self.no.best_price()) {
            (Some(yes), Some(no)) => yes.0.saturating_add(no.0) >= Fine::ONE.0,
            _ => false,
        }
    }

    /// Whether stated best prices agree with the book.
    pub(super) fn agrees(&self, outcome: Outcome, bid: Quoted, ask: Quoted) -> bool {
        let (own, other) = self.sides(outcome);
        agrees(bid, own.best_price()) && agrees(ask, other.best_price().map(Fine::complement))
    }
}

fn agrees(stated: Quoted, held: Option<Fine>) -> bool {
    match stated {
        Quoted::Absent => true,
        Quoted::Empty => held.is_none(),
        Quoted::At(price) => held == Some(price),
    }
}
