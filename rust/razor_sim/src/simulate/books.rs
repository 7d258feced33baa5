//! The books of a session: as they are, and as the session has been told of them.
//!
//! Owns: [`Books`], which the desk looks at and the simulated venue matches against, and
//! [`BookLaw`], how they move. Two copies live in a session: the world's, which moves always, and
//! the one of the fold, which changes by journaled messages alone.

use razor_core::basket::{Quote, View};
use razor_core::ids::TokenIx;
use razor_core::order::gateway::{MarketTop, Tops};
use razor_core::units::{Nanos, Price, Qty, TickSize, Ticks};

use crate::rng::Rng;

/// One token's book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Book {
    pub(super) tick: TickSize,
    /// Best bid.
    pub(super) bid: Option<(Price, Qty)>,
    /// Best ask.
    pub(super) ask: Option<(Price, Qty)>,
    /// When it last changed.
    pub(super) changed: Nanos,
    /// When it was last proven to be current.
    pub(super) proof: Nanos,
}

/// All books at one moment; only YES tokens have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Books {
    pub(super) list: Vec<Book>,
    pub(super) now: Nanos,
    pub(super) max_age: Nanos,
}

/// The place of a token's book.
pub(super) fn place_of(token: TokenIx) -> usize {
    usize::try_from(token.0 >> 1).unwrap_or(usize::MAX)
}

impl Books {
    /// One book.
    pub(super) fn book(&self, token: TokenIx) -> Option<&Book> {
        self.list.get(place_of(token))
    }

    /// Takes a message about one book.
    pub(super) fn set(&mut self, place: usize, book: Book) {
        if let Some(slot) = self.list.get_mut(place) {
            *slot = book;
        }
    }

    /// A message came over the connection of all of them.
    pub(super) fn prove(&mut self, now: Nanos) {
        for book in &mut self.list {
            book.proof = now;
        }
    }
}

impl View for Books {
    fn quote(&self, token: TokenIx) -> Option<Quote> {
        let book = self.book(token)?;
        let age = Nanos(self.now.0.saturating_sub(book.proof.0).max(0));
        Some(Quote {
            bid: book.bid,
            ask: book.ask,
            tick: book.tick,
            is_current: age <= self.max_age,
            age,
            changed: book.changed,
        })
    }
}

impl Tops for Books {
    fn top(&self, token: TokenIx) -> Option<MarketTop> {
        let book = self.book(token)?;
        let sized = |side: Option<(Price, Qty)>| side.map(|(px, qty)| (px, Some(qty)));
        Some(MarketTop { bid: sized(book.bid), ask: sized(book.ask), changed: book.changed })
    }
}

/// How books move; percentages per turn, of what is left by the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BookLaw {
    /// Longest time between two turns.
    pub(super) gap: Nanos,
    /// The session is not told of a turn (F-01, F-02).
    pub(super) silent: u32,
    /// A side empties.
    pub(super) empty: u32,
    /// Both sides vanish.
    pub(super) vanish: u32,
    /// The price moves.
    pub(super) moves: u32,
    /// Most ticks of a move.
    pub(super) reach: u32,
    /// Largest size, in whole shares.
    pub(super) size: u32,
    /// A message about one book proves all: one connection, watched by its canaries (S-18).
    pub(super) is_shared: bool,
}

impl BookLaw {
    /// The next state of a book.
    pub(super) fn turn(&self, rng: &mut Rng, book: Book, now: Nanos) -> Book {
        let fresh = Book { proof: now, ..book };
        if rng.chance(self.vanish) {
            return Book { bid: None, ask: None, changed: now, ..fresh };
        }
        if rng.chance(self.empty) {
            let is_bid = rng.chance(60);
            let bid = book.bid.filter(|_| !is_bid);
            let ask = book.ask.filter(|_| is_bid);
            return Book { bid, ask, changed: now, ..fresh };
        }
        if rng.chance(self.moves) { self.moved(rng, fresh, now) } else { fresh }
    }

    /// A book whose middle has wandered, with new sizes; an empty one comes back.
    pub(super) fn moved(&self, rng: &mut Rng, book: Book, now: Nanos) -> Book {
        let most = book.tick.ticks_per_dollar().0;
        let was = book.ask.or(book.bid).map_or(most / 3, |(px, _)| book.tick.ticks_floor(px).0);
        let reach = i32::try_from(self.reach).unwrap_or(1);
        let step = i32::try_from(rng.below(self.reach * 2 + 1)).unwrap_or(0) - reach;
        let ask = (was + step).clamp(2.min(most - 1), most - 1);
        let spread = 1 + i32::try_from(rng.below(3)).unwrap_or(0);
        let side = |rng: &mut Rng, ticks: i32| {
            let px = book.tick.price(Ticks(ticks)).ok()?;
            (ticks >= 1).then(|| (px, self.size_of(rng)))
        };
        let (ask, bid) = (side(rng, ask), side(rng, (ask - spread).max(1)));
        // On the coarsest grids the two can meet; a crossed top is no book.
        let bid = bid.filter(|bid| ask.is_none_or(|ask| bid.0 < ask.0));
        Book { bid, ask, changed: now, proof: now, ..book }
    }

    fn size_of(&self, rng: &mut Rng) -> Qty {
        let shares = u64::from(rng.below(self.size.max(1))) + 1;
        let odd = if rng.chance(30) { u64::from(rng.below(1_000_000)) } else { 0 };
        Qty(shares * 1_000_000 + odd)
    }
}
