//! What is left of a book after our own fills, until the book's next message.
//!
//! Owns: [`Depth`]. A recording does not know that we traded; the size we took is remembered here
//! and taken off the level until a newer message says what really stands there.
//!
//! Invariants: between two messages of a book, all fills at one price together stay within the
//! share of the size shown there; the two tokens of a market are one book, so that a YES ask and
//! the NO bid it mirrors are one level and are taken once (ARCHITECTURE §2).

use std::collections::BTreeMap;

use razor_core::ids::TokenIx;
use razor_core::order::attempt::Side;
use razor_core::units::{Nanos, Price, Qty};

/// A side of a market's one book, seen from its even token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Half {
    Bids,
    Asks,
}

/// One price level of the one book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Level {
    market: u32,
    half: Half,
    price: Price,
}

impl Level {
    /// The level that an order of this side takes from.
    pub(crate) const fn taken_by(token: TokenIx, side: Side, price: Price) -> Self {
        let is_mirror = token.0 & 1 == 1;
        let half = match (side, is_mirror) {
            (Side::Buy, false) | (Side::Sell, true) => Half::Asks,
            (Side::Sell, false) | (Side::Buy, true) => Half::Bids,
        };
        let price = if is_mirror { price.complement() } else { price };
        Self { market: token.0 >> 1, half, price }
    }
}

/// Shares taken of one half of a book since its last message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Taken {
    since: Nanos,
    by_price: BTreeMap<Price, Qty>,
}

/// All books with something taken from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    halves: BTreeMap<(u32, Half), Taken>,
}

impl Depth {
    /// What is left of `most` shares at a level of a book that changed last at `changed`.
    pub(crate) fn left(&self, level: Level, most: Qty, changed: Nanos) -> Qty {
        let Some(taken) = self.halves.get(&(level.market, level.half)) else { return most };
        if changed > taken.since {
            return most;
        }
        let gone = taken.by_price.get(&level.price).copied().unwrap_or_default();
        Qty(most.0.saturating_sub(gone.0))
    }

    /// Takes shares at `at`; what was taken before the book's last message is forgotten.
    pub(crate) fn take(&mut self, level: Level, qty: Qty, at: Nanos, changed: Nanos) {
        let taken = self.halves.entry((level.market, level.half)).or_default();
        if changed > taken.since {
            taken.by_price.clear();
        }
        // The book may have been read later than the order arrived: its message is already in it.
        taken.since = taken.since.max(at).max(changed);
        let gone = taken.by_price.entry(level.price).or_default();
        gone.0 = gone.0.saturating_add(qty.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(micros: u32) -> Price {
        Price::from_micros(micros).expect("price")
    }

    #[test]
    fn a_size_is_taken_once_until_a_newer_message() {
        let mut depth = Depth::default();
        let level = Level::taken_by(TokenIx(2), Side::Buy, price(400_000));
        assert_eq!(depth.left(level, Qty(10), Nanos(5)), Qty(10));
        depth.take(level, Qty(7), Nanos(8), Nanos(5));
        assert_eq!(depth.left(level, Qty(10), Nanos(5)), Qty(3));
        // A message of the same instant is not newer.
        assert_eq!(depth.left(level, Qty(10), Nanos(8)), Qty(3));
        assert_eq!(depth.left(level, Qty(10), Nanos(9)), Qty(10));
    }

    #[test]
    fn prices_are_remembered_apart_and_come_back_taken() {
        let mut depth = Depth::default();
        let at = |micros| Level::taken_by(TokenIx(0), Side::Sell, price(micros));
        depth.take(at(400_000), Qty(4), Nanos(10), Nanos(1));
        depth.take(at(390_000), Qty(5), Nanos(11), Nanos(1));
        assert_eq!(depth.left(at(400_000), Qty(9), Nanos(1)), Qty(5));
        assert_eq!(depth.left(at(390_000), Qty(9), Nanos(1)), Qty(4));
        depth.take(at(390_000), Qty(1), Nanos(20), Nanos(15));
        assert_eq!(depth.left(at(390_000), Qty(9), Nanos(15)), Qty(8));
        assert_eq!(depth.left(at(400_000), Qty(9), Nanos(15)), Qty(9));
    }

    #[test]
    fn a_yes_ask_and_the_no_bid_are_one_level() {
        let mut depth = Depth::default();
        let yes = Level::taken_by(TokenIx(4), Side::Buy, price(400_000));
        let no = Level::taken_by(TokenIx(5), Side::Sell, price(600_000));
        assert_eq!(yes, no);
        depth.take(yes, Qty(6), Nanos(3), Nanos(1));
        assert_eq!(depth.left(no, Qty(6), Nanos(2)), Qty::ZERO);
        let other = Level::taken_by(TokenIx(5), Side::Buy, price(600_000));
        assert_eq!(depth.left(other, Qty(6), Nanos(2)), Qty(6));
    }
}
