//! The messages a frame can hold, as plain values over reusable buffers.

use crate::ids::{MarketIx, TokenIx};
use crate::units::{Price, Qty, TickSize};

/// A piece of text inside the frame's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes from `start` up to `end`; positions beyond 4 GiB become an empty span.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) if start <= end => Self { start, end },
            _ => Self::default(),
        }
    }

    /// The text in the frame it was read from.
    pub fn of(self, frame: &[u8]) -> &[u8] {
        let range = usize::try_from(self.start).ok().zip(usize::try_from(self.end).ok());
        range.and_then(|(start, end)| frame.get(start..end)).unwrap_or_default()
    }

    /// First byte.
    pub(crate) fn start(self) -> usize {
        usize::try_from(self.start).unwrap_or(usize::MAX)
    }
}

/// A price in ten-thousandths of a dollar: a count of the venue's finest tick, 0..=10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fine(pub u16);

impl Fine {
    /// One dollar.
    pub const ONE: Self = Self(10_000);

    /// The price in micro-dollars; values above one dollar are cut to it.
    pub fn price(self) -> Price {
        Price::from_micros(u32::from(self.0).saturating_mul(100)).unwrap_or(Price::ONE)
    }

    /// The same order seen from the other token.
    pub const fn complement(self) -> Self {
        Self(Self::ONE.0.saturating_sub(self.0))
    }

    /// A tick size as a count of ten-thousandths.
    pub fn of_tick(tick: TickSize) -> Self {
        // Every accepted tick is a multiple of 100 micro-dollars and at most 100,000 of them.
        Self(u16::try_from(tick.micros() / 100).unwrap_or(1))
    }
}

/// A text with the integer it is registered under, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<I> {
    /// The integer, `None` when the text is not registered.
    pub ix: Option<I>,
    /// The text as received.
    pub text: Span,
}

/// 40 lower-case hex digits in the frame (a SHA-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hex40(pub Span);

/// BUY or SELL as the wire says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The bid side of a book, or a buying aggressor.
    Buy,
    /// The ask side of a book, or a selling aggressor.
    Sell,
}

/// One level of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Price.
    pub price: Fine,
    /// Quantity, above zero.
    pub qty: Qty,
}

/// The best price the venue states beside a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoted {
    /// The key is missing or its text empty: nothing is said.
    Absent,
    /// 0 or 1: the side has no order.
    Empty,
    /// A price.
    At(Fine),
}

/// One level change of a `price_change` message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Token whose book changes.
    pub token: Named<TokenIx>,
    /// Level price in that token's terms.
    pub price: Fine,
    /// Side of that token's book.
    pub side: Side,
    /// New total of the level; zero removes it.
    pub qty: Qty,
    /// Book hash after the change, when it has the known form.
    pub hash: Option<Hex40>,
    /// Best bid after the message.
    pub best_bid: Quoted,
    /// Best ask after the message.
    pub best_ask: Quoted,
}

/// A run of elements in one of the frame's buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Run {
    start: u32,
    end: u32,
}

impl Run {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self { start, end },
            _ => Self::default(),
        }
    }

    pub(crate) fn of<T>(self, buffer: &[T]) -> &[T] {
        let range = usize::try_from(self.start).ok().zip(usize::try_from(self.end).ok());
        range.and_then(|(start, end)| buffer.get(start..end)).unwrap_or_default()
    }
}

/// `book` of the market channel, or the answer of `GET /book`: a full replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookSnapshot {
    /// Condition.
    pub market: Named<MarketIx>,
    /// Token whose view this is.
    pub token: Named<TokenIx>,
    /// Venue time in ms.
    pub venue_ts_ms: i64,
    /// Book hash, when it has the known form.
    pub hash: Option<Hex40>,
    /// Bids in [`Frame::levels`], prices rising.
    pub bids: Run,
    /// Asks in [`Frame::levels`], prices falling.
    pub asks: Run,
    /// Grid, if stated.
    pub tick: Option<TickSize>,
    /// Smallest order, if stated.
    pub min_order_qty: Option<Qty>,
    /// Neg-risk flag, if stated.
    pub neg_risk: Option<bool>,
    /// Last trade price, if stated, as text: the book hash covers its spelling.
    pub last_trade_price: Option<Span>,
}

/// `price_change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceChange {
    /// Condition.
    pub market: Named<MarketIx>,
    /// Venue time in ms.
    pub venue_ts_ms: i64,
    /// Changes in [`Frame::changes`], at least one.
    pub changes: Run,
}

/// `last_trade_price`: a trade print. It has no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Condition.
    pub market: Named<MarketIx>,
    /// Token traded.
    pub token: Named<TokenIx>,
    /// Venue time in ms.
    pub venue_ts_ms: i64,
    /// Price, micro-dollars, above zero.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Aggressor as stated; right only about 59 % of the time (PROTOCOL §5.1).
    pub side: Side,
    /// Transaction hash, if stated.
    pub transaction_hash: Option<Span>,
}

/// `tick_size_change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickSizeChange {
    /// Condition.
    pub market: Named<MarketIx>,
    /// Token named.
    pub token: Named<TokenIx>,
    /// Venue time in ms.
    pub venue_ts_ms: i64,
    /// Grid before.
    pub old: TickSize,
    /// Grid from now on.
    pub new: TickSize,
}

/// `best_bid_ask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BestBidAsk {
    /// Condition.
    pub market: Named<MarketIx>,
    /// Token.
    pub token: Named<TokenIx>,
    /// Venue time in ms.
    pub venue_ts_ms: i64,
    /// Best bid.
    pub best_bid: Quoted,
    /// Best ask.
    pub best_ask: Quoted,
}

/// `new_market`: kept as text, read by whoever selects markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewMarket {
    /// Condition.
    pub market: Named<MarketIx>,
    /// The whole object.
    pub object: Span,
}

/// `market_resolved`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketResolved {
    /// Condition.
    pub market: Named<MarketIx>,
    /// Token that pays, if stated.
    pub winner: Option<Named<TokenIx>>,
    /// The whole object.
    pub object: Span,
}

/// One decoded message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Full book of a token.
    Book(BookSnapshot),
    /// Level changes.
    Change(PriceChange),
    /// Trade print.
    Trade(Trade),
    /// Grid change.
    Tick(TickSizeChange),
    /// Best prices.
    Top(BestBidAsk),
    /// A listing.
    NewMarket(NewMarket),
    /// A resolution.
    Resolved(MarketResolved),
    /// An event type razor does not know: counted, never guessed at.
    Unknown,
    /// The plain text `PONG`.
    Pong,
    /// The plain text `NO NEW ASSETS`.
    NoNewAssets,
}

impl Message {
    /// Whether it is a word outside JSON, which says nothing about any market.
    pub fn is_plain_text(&self) -> bool {
        matches!(self, Self::Pong | Self::NoNewAssets)
    }
}

/// A decoded frame. Reuse it: the buffers keep their memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// Messages in order.
    pub messages: Vec<Message>,
    /// Changes of all `price_change` messages.
    pub changes: Vec<Change>,
    /// Levels of all snapshots.
    pub levels: Vec<Level>,
}

impl Frame {
    /// Forgets the content, keeps the memory.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.changes.clear();
        self.levels.clear();
    }

    /// The changes of a message.
    pub fn changes_of(&self, message: &PriceChange) -> &[Change] {
        message.changes.of(&self.changes)
    }

    /// Bids of a snapshot, prices rising.
    pub fn bids_of(&self, message: &BookSnapshot) -> &[Level] {
        message.bids.of(&self.levels)
    }

    /// Asks of a snapshot, prices falling.
    pub fn asks_of(&self, message: &BookSnapshot) -> &[Level] {
        message.asks.of(&self.levels)
    }
}
