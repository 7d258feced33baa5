//! What one frame did: the reusable answer of [`super::Books::apply`].

use crate::ids::{MarketIx, TokenIx};
use crate::units::{Grid, Price, Qty};
use crate::wire::{Refusal, Side, Span};

/// A trade print of the market channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradePrint {
    /// Token traded.
    pub token: TokenIx,
    /// Aggressor as stated by the venue.
    pub side: Side,
    /// Price, micro-dollars.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Venue time in ms.
    pub venue_ts_ms: i64,
    /// Transaction hash as text in the frame, if stated.
    pub transaction_hash: Option<Span>,
}

/// A market moved to another grid; its book is gone until the next snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridChange {
    /// Market.
    pub market: MarketIx,
    /// Grid before.
    pub old: Grid,
    /// Grid from now on.
    pub new: Grid,
}

/// A listing or a resolution, for whoever keeps market definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// `new_market`.
    Listed {
        /// Condition as text in the frame.
        condition: Span,
        /// The whole message as text in the frame.
        object: Span,
    },
    /// `market_resolved`.
    Resolved {
        /// Market, if registered.
        market: Option<MarketIx>,
        /// Token that pays, if stated and registered.
        winner: Option<TokenIx>,
        /// The whole message as text in the frame.
        object: Span,
    },
}

/// A message that names one market and the tokens of another (FAULTS F-09). It was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarantined {
    /// Condition as text in the frame.
    pub condition: Span,
    /// Token as text in the frame.
    pub token: Span,
    /// The market that the condition is registered for.
    pub named: Option<MarketIx>,
    /// The market that the token belongs to.
    pub owner: Option<MarketIx>,
}

/// A decoded message that its market's book could not take; the market is DIRTY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedUpdate {
    /// Market.
    pub market: MarketIx,
    /// Why.
    pub refusal: Refusal,
}

/// Counts since the start of a [`super::Books`]; all of them only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counters {
    /// Frames refused whole.
    pub frames_refused: u64,
    /// Messages of any kind in accepted frames.
    pub messages: u64,
    /// Snapshots written into a book.
    pub snapshots: u64,
    /// Level changes written into a book.
    pub changes: u64,
    /// Trade prints.
    pub trades: u64,
    /// Messages of an event type razor does not know.
    pub unknown_events: u64,
    /// `PONG` and `NO NEW ASSETS`.
    pub plain_texts: u64,
    /// Messages of markets that are not registered.
    pub foreign_markets: u64,
    /// Messages that mixed up markets (F-09).
    pub quarantined: u64,
    /// Messages refused by their market's book.
    pub updates_refused: u64,
    /// Changes without a snapshot in their epoch (F-03), recorded and not applied.
    pub no_snapshot: u64,
    /// Messages of a market whose book is kept from another connection; not applied.
    pub other_connection: u64,
    /// Messages whose venue time lies before that of an earlier message of the market.
    pub venue_time_back: u64,
    /// Violations of the mirror rule.
    pub mirror_violations: u64,
    /// Messages after which the stated best prices differed from the book.
    pub top_mismatches: u64,
    /// Messages after which the book was crossed.
    pub crossed: u64,
    /// Times a book became DIRTY.
    pub dirtied: u64,
    /// Grid changes.
    pub grid_changes: u64,
    /// REST books equal to the live book: proof that it is current.
    pub rest_equal: u64,
    /// REST books with the time of the live book and other content.
    pub rest_differs: u64,
    /// REST books newer than the live book and different; the stream may be on its way.
    pub rest_ahead: u64,
    /// REST books older than the live book (F-07), ignored.
    pub rest_ghosts: u64,
    /// REST books that are the 0.01/0.99 placeholder (F-07), never used as a base.
    pub rest_placeholders: u64,
}

/// Results of the hash check, by recipe (PROTOCOL §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct HashTally {
    /// Hashes that were reproduced.
    pub matched: u64,
    /// Hashes that were not: a statistic, never the only gate (FAULTS F-08).
    pub mismatched: u64,
    /// Hashes that could not be recomputed because a covered fact is unknown.
    pub unchecked: u64,
}

/// Which bytes a hash covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipe {
    /// REST book.
    Rest,
    /// `book` of the market channel.
    WsBook,
    /// Book after a `price_change`.
    WsChange,
}

/// What one frame did. Cleared by each call, keeps its memory.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Markets whose book or state changed, once each, in order of first change.
    pub touched: Vec<MarketIx>,
    /// Trade prints in order.
    pub trades: Vec<TradePrint>,
    /// Grid changes in order.
    pub grids: Vec<GridChange>,
    /// Listings and resolutions in order.
    pub notices: Vec<Notice>,
    /// Messages kept out because they mix up markets.
    pub quarantined: Vec<Quarantined>,
    /// Messages kept out because their market's book cannot take them.
    pub refused: Vec<RefusedUpdate>,
}

impl Report {
    /// Forgets the content, keeps the memory.
    pub fn clear(&mut self) {
        self.touched.clear();
        self.trades.clear();
        self.grids.clear();
        self.notices.clear();
        self.quarantined.clear();
        self.refused.clear();
    }
}
