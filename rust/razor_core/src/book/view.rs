//! Reading books: top, depth, levels, state, ages, liveness.

use super::market::MarketBook;
use super::{BookState, Books, position};
use crate::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use crate::units::{Grid, Nanos, Price, Qty};
use crate::wire::Fine;

/// How many ask levels the depth figure sums (RAZOR_SPEC: three best).
const DEPTH_LEVELS: usize = 3;

/// Best levels of a token; `None` where the side is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Top {
    /// Best bid.
    pub bid: Option<(Price, Qty)>,
    /// Best ask.
    pub ask: Option<(Price, Qty)>,
}

/// A side of a token's book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookSide {
    /// Orders to buy the token.
    Bids,
    /// Orders to sell the token.
    Asks,
}

/// When a market's book was last replaced and last proven current; `None` = never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// Receive time of the last snapshot taken.
    pub snapshot_recv_ns: Option<Nanos>,
    /// Receive time of the last proof (S-18): a message of the market on the connection the book
    /// follows, or an equal REST book.
    pub proof_recv_ns: Option<Nanos>,
    /// Venue time of the last content, ms.
    pub venue_ts_ms: Option<i64>,
}

/// What a token's subscription has delivered, for first-event and silence deadlines (F-02, F-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenLiveness {
    /// Receive time of the first message that named the token.
    pub first_recv_ns: Option<Nanos>,
    /// Receive time of the last one.
    pub last_recv_ns: Option<Nanos>,
    /// How many there were.
    pub events: u64,
    /// Changes that came without a snapshot.
    pub no_snapshot: u64,
}

/// What a connection has delivered, for silence deadlines (F-01) and reject rates (F-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConnLiveness {
    /// Epoch in force.
    pub epoch: u32,
    /// Receive time of the last frame, refused ones included.
    pub last_recv_ns: Option<Nanos>,
    /// Receive time of the last frame that held a message of the venue.
    pub last_data_ns: Option<Nanos>,
    /// Frames of all epochs.
    pub frames: u64,
    /// Frames refused.
    pub frames_refused: u64,
}

impl Books {
    fn book(&self, market: MarketIx) -> Option<&MarketBook> {
        self.markets.get(position(market))
    }

    /// How far a token's book can be trusted, age aside.
    pub fn state(&self, token: TokenIx) -> BookState {
        let (market, outcome) = token.split();
        let Some(book) = self.book(market) else { return BookState::Unhydrated };
        let Some(base) = book.base else { return BookState::Unhydrated };
        let in_force = |conn: ConnIx, epoch: u32| self.conn(conn).is_some_and(|c| c.epoch == epoch);
        let hydrated = book.feed(outcome).hydrated;
        if !in_force(base.conn, base.epoch)
            || !hydrated.is_some_and(|(conn, epoch)| in_force(conn, epoch))
        {
            return BookState::Unhydrated;
        }
        if self.conn(base.conn).is_some_and(|conn| conn.losses != base.losses) {
            return BookState::Dirty(super::DirtyReason::LostFrame);
        }
        match (book.dirty, book.suspect) {
            (Some(reason), _) => BookState::Dirty(reason),
            (None, Some(suspect)) => BookState::Suspect(suspect.cause),
            (None, None) => BookState::Live,
        }
    }

    /// The state with the age of the last proof of currency taken into account.
    pub fn state_at(&self, token: TokenIx, now_ns: Nanos, max_age: Nanos) -> BookState {
        let state = self.state(token);
        if state != BookState::Live {
            return state;
        }
        let proof = self.freshness(token.split().0).proof_recv_ns.unwrap_or(Nanos(i64::MIN));
        let age = Nanos(now_ns.0.saturating_sub(proof.0));
        if age > max_age { BookState::Stale { age } } else { BookState::Live }
    }

    /// Whether the state is [`BookState::Live`].
    pub fn is_live(&self, token: TokenIx) -> bool {
        self.state(token) == BookState::Live
    }

    /// Best bid and ask of a token, whatever the state; empty after a dropped book.
    pub fn top(&self, token: TokenIx) -> Top {
        let (market, outcome) = token.split();
        let Some(book) = self.book(market) else { return Top::default() };
        let (own, other) = book.sides(outcome);
        Top {
            bid: own.best().map(|(price, qty)| (price.price(), qty)),
            ask: other.best().map(|(price, qty)| (price.complement().price(), qty)),
        }
    }

    /// Best bid prices of YES and NO: all that set sums need. A token's ask is one minus the
    /// other's.
    pub(crate) fn best_bids(&self, market: MarketIx) -> [Option<Fine>; 2] {
        self.book(market).map_or([None; 2], |book| {
            let (yes, no) = book.sides(Outcome::Yes);
            [yes.best_price(), no.best_price()]
        })
    }

    /// Levels of a side, best first.
    pub fn levels(
        &self,
        token: TokenIx,
        side: BookSide,
    ) -> impl Iterator<Item = (Price, Qty)> + '_ {
        let (market, outcome) = token.split();
        let ladder = self.book(market).map(|book| {
            let (own, other) = book.sides(outcome);
            match side {
                BookSide::Bids => own,
                BookSide::Asks => other,
            }
        });
        ladder.into_iter().flat_map(|ladder| ladder.levels().rev()).map(move |(price, qty)| {
            match side {
                BookSide::Bids => (price.price(), qty),
                BookSide::Asks => (price.complement().price(), qty),
            }
        })
    }

    /// Σ price · quantity over the three lowest ask levels, exact, in 10⁻¹² dollars.
    pub fn ask_depth3_pico(&self, token: TokenIx) -> u128 {
        let values = self.levels(token, BookSide::Asks).take(DEPTH_LEVELS);
        values.fold(0, |sum, (price, qty)| {
            // A price is at most 10^6 and a quantity at most 10^18: the sum is far below 2^128.
            let value = u128::from(price.micros()).saturating_mul(u128::from(qty.0));
            sum.saturating_add(value)
        })
    }

    /// The grid in force on a market.
    pub fn grid(&self, market: MarketIx) -> Option<Grid> {
        self.book(market).map(|book| book.grid)
    }

    /// When the book was last replaced and last proven current.
    pub fn freshness(&self, market: MarketIx) -> Freshness {
        self.book(market).map_or_else(Freshness::default, |book| Freshness {
            snapshot_recv_ns: book.snapshot_recv,
            proof_recv_ns: book.proof_recv,
            venue_ts_ms: book.venue_ts_ms,
        })
    }

    /// The last proof that a market's book is current (INVARIANTS S-18): what
    /// [`Books::freshness`] says, or later data on the connection the book follows. A quiet book on
    /// a live connection is not stale.
    pub fn proof(&self, market: MarketIx) -> Option<Nanos> {
        let book = self.book(market)?;
        let conn = book.base.and_then(|base| self.conn(base.conn)).and_then(|conn| conn.last_data);
        book.proof_recv.max(conn)
    }

    /// Messages that mixed this market up with another (F-09): above zero, do not trade it.
    pub fn mapping_errors(&self, market: MarketIx) -> u64 {
        self.book(market).map_or(0, |book| book.mapping_errors)
    }

    /// What a token's subscription has delivered.
    pub fn token_liveness(&self, token: TokenIx) -> TokenLiveness {
        let (market, outcome) = token.split();
        self.book(market).map_or_else(TokenLiveness::default, |book| {
            let feed = book.feed(outcome);
            TokenLiveness {
                first_recv_ns: feed.first_recv,
                last_recv_ns: feed.last_recv,
                events: feed.events,
                no_snapshot: feed.no_snapshot,
            }
        })
    }

    /// What a connection has delivered.
    pub fn conn_liveness(&self, conn: ConnIx) -> ConnLiveness {
        self.conn(conn).map_or_else(ConnLiveness::default, |conn| ConnLiveness {
            epoch: conn.epoch,
            last_recv_ns: conn.last_recv,
            last_data_ns: conn.last_data,
            frames: conn.frames,
            frames_refused: conn.frames_refused,
        })
    }

    /// A hash of a market's content that does not depend on how it is stored: FNV-1a over the tick
    /// and the YES levels, bids then asks, best first, little-endian micro-units.
    pub fn state_hash(&self, market: MarketIx) -> u64 {
        let tick = self.grid(market).map_or(0, |grid| grid.tick.micros());
        let mut hash = fnv(FNV_START, &tick.to_le_bytes());
        for side in [BookSide::Bids, BookSide::Asks] {
            for (price, qty) in self.levels(TokenIx::of(market, Outcome::Yes), side) {
                hash = fnv(hash, &price.micros().to_le_bytes());
                hash = fnv(hash, &qty.0.to_le_bytes());
            }
            hash = fnv(hash, b"|");
        }
        hash
    }
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}
