//! A tape with orders of ours against a slow tape that follows the rules of docs/EXCHANGE.md word
//! by word: after every act both have the same levels and the same fills.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/exchange.rs"]
mod exchange;
#[path = "support/tape.rs"]
mod tape;

use std::collections::BTreeMap;

use exchange::{ONE, limit, yes};
use proptest::prelude::*;
use razor_core::ids::Outcome;
use razor_core::order::Side;
use razor_sim::exchange::{Ack, Depth};
use tape::{Deck, Line, book, change, plain, print};

/// Prices in ten-thousandths, shares whole.
type Levels = BTreeMap<(bool, u16), u64>;

/// Something that rests; `ours` is the number of our order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    is_bid: bool,
    price: u16,
    left: u64,
    ours: Option<usize>,
}

/// The slow tape: one list in order of time, searched anew for every share.
#[derive(Debug, Default)]
struct Slow {
    stated: Levels,
    entries: Vec<Entry>,
    /// Most stated at a level since the last print there.
    peaks: Levels,
    filled: Vec<u64>,
}

impl Slow {
    /// The best entry against which an order matches, by price, then time.
    fn best(&self, is_bid: bool, price: u16, only_ours: bool) -> Option<usize> {
        let fits = |it: &Entry| {
            it.is_bid != is_bid
                && (if is_bid { it.price <= price } else { it.price >= price })
                && (!only_ours || it.ours.is_some())
        };
        let found = self.entries.iter().enumerate().filter(|(_, it)| fits(it));
        found
            .min_by_key(|(at, it)| (if is_bid { it.price } else { 10_000 - it.price }, *at))
            .map(|(at, _)| at)
    }

    fn take(&mut self, at: usize, most: u64) -> u64 {
        let entry = &mut self.entries[at];
        let qty = entry.left.min(most);
        entry.left -= qty;
        if let Some(number) = entry.ours {
            self.filled[number] += qty;
        }
        if entry.left == 0 {
            self.entries.remove(at);
        }
        qty
    }

    /// An order meets what is there, the rest of it stays.
    fn enter(&mut self, is_bid: bool, price: u16, qty: u64, ours: Option<usize>) {
        let mut left = qty;
        while let Some(at) = self.best(is_bid, price, false).filter(|_| left > 0) {
            let got = self.take(at, left);
            left -= got;
            if let Some(number) = ours {
                self.filled[number] += got;
            }
        }
        if left > 0 {
            self.entries.push(Entry { is_bid, price, left, ours });
        }
    }

    /// The tape states a whole book; a crossed one is not heard.
    fn state(&mut self, book: &Levels) {
        let bid = book.keys().filter(|key| key.0).map(|key| key.1).max();
        let ask = book.keys().filter(|key| !key.0).map(|key| key.1).min();
        if bid.zip(ask).is_some_and(|(bid, ask)| bid >= ask) {
            return;
        }
        let before = core::mem::replace(&mut self.stated, book.clone());
        for level in before.keys().filter(|level| !book.contains_key(level)) {
            self.entries.retain(|it| it.ours.is_some() || (it.is_bid, it.price) != *level);
        }
        let mut fresh = Vec::new();
        for (level, qty) in book {
            let peak = self.peaks.entry(*level).or_default();
            *peak = (*peak).max(*qty);
            let said = before.get(level);
            if said != Some(qty) {
                // What we took of a level whole comes again as a new order of the outside.
                let from_best = if level.0 { 10_000 - level.1 } else { level.1 };
                fresh.push((said.is_none(), !level.0, from_best, *level, *qty));
            }
        }
        fresh.sort_unstable();
        for (.., (is_bid, price), qty) in fresh {
            let is_it =
                |it: &&mut Entry| it.ours.is_none() && (it.is_bid, it.price) == (is_bid, price);
            match self.entries.iter_mut().find(is_it) {
                Some(entry) => entry.left = qty,
                None => self.enter(is_bid, price, qty, None),
            }
        }
    }

    /// Somebody traded: ours at better prices first, at the very price behind what was stated.
    fn print(&mut self, stated_side: Side, price: u16, qty: u64) {
        let bid = self.stated.keys().filter(|key| key.0).map(|key| key.1).max();
        let ask = self.stated.keys().filter(|key| !key.0).map(|key| key.1).min();
        let is_buy = match (bid.is_some_and(|it| price <= it), ask.is_some_and(|it| price >= it)) {
            (true, false) => false,
            (false, true) => true,
            (true, true) | (false, false) => stated_side == Side::Buy,
        };
        let mut left = qty;
        let beyond = if is_buy { price - 1 } else { price + 1 };
        while let Some(at) = self.best(is_buy, beyond, true).filter(|_| left > 0) {
            left -= self.take(at, left);
        }
        let level = (!is_buy, price);
        let now = self.stated.get(&level).copied().unwrap_or(0);
        let ahead = self.peaks.insert(level, now).unwrap_or(0).max(now);
        left = left.saturating_sub(ahead);
        while let Some(at) = self.best(is_buy, price, true).filter(|_| left > 0) {
            left -= self.take(at, left);
        }
    }

    fn levels(&self) -> Levels {
        let mut levels = Levels::new();
        for it in &self.entries {
            *levels.entry((it.is_bid, it.price)).or_default() += it.left;
        }
        levels
    }
}

fn shares(depth: &Depth) -> Levels {
    let bids = depth.bids.iter().map(|(price, qty)| ((true, price.0), qty / ONE));
    let asks = depth.asks.iter().map(|(price, qty)| ((false, price.0), qty / ONE));
    bids.chain(asks).collect()
}

#[derive(Debug, Clone)]
enum Do {
    Change(Side, u16, u64),
    Book(Vec<(u16, u64)>, Vec<(u16, u64)>),
    Print(Side, u16, u64),
    Order(Side, u16, u64),
}

fn act() -> impl Strategy<Value = Do> {
    let side = || prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let price = || (44_u16..56).prop_map(|cents| cents * 100);
    let levels = |from: u16| {
        prop::collection::btree_map(from..from + 6, 1_u64..30, 0..5).prop_map(|it| {
            it.into_iter().map(|(cents, qty)| (cents * 100, qty)).collect::<Vec<_>>()
        })
    };
    prop_oneof![
        5 => (side(), price(), 0_u64..30).prop_map(|it| Do::Change(it.0, it.1, it.2)),
        2 => (levels(44), levels(50)).prop_map(|(bids, asks)| Do::Book(bids, asks)),
        3 => (side(), price(), 1_u64..40).prop_map(|it| Do::Print(it.0, it.1, it.2)),
        5 => (side(), price(), 5_u64..30).prop_map(|it| Do::Order(it.0, it.1, it.2)),
    ]
}

fn micros(levels: &[(u16, u64)]) -> Vec<(u16, u64)> {
    levels.iter().map(|(price, qty)| (*price, qty * ONE)).collect()
}

proptest! {
    #[test]
    fn the_tape_does_what_the_slow_tape_does(acts in prop::collection::vec(act(), 1..70)) {
        let one = plain(0);
        let mut deck = Deck::open(std::slice::from_ref(&one));
        let ann = deck.bench.trader(100_000);
        deck.bench.split(ann, 0, 10_000);
        let mut slow = Slow::default();
        let mut acks: Vec<Ack> = Vec::new();
        // Changes count from the first snapshot on.
        deck.play_good(&book(&one, &[], &[]));
        for act in &acts {
            let line: Option<Line> = match act {
                Do::Change(side, price, qty) => Some(change(&one, *side, *price, qty * ONE)),
                Do::Book(bids, asks) => Some(book(&one, &micros(bids), &micros(asks))),
                Do::Print(side, price, qty) => {
                    slow.print(*side, *price, *qty);
                    Some(print(&one, Outcome::Yes, *side, *price, qty * ONE))
                }
                Do::Order(side, price, qty) => {
                    slow.filled.push(0);
                    slow.enter(*side == Side::Buy, *price, *qty, Some(acks.len()));
                    let order = limit(ann, yes(0), *side, *price, *qty);
                    acks.push(deck.bench.place(order).expect("taken in"));
                    None
                }
            };
            if let Some(line) = line {
                deck.play_good(&line);
            }
            if matches!(act, Do::Change(..) | Do::Book(..)) {
                slow.state(&shares(&deck.recorded(0)));
            }
            prop_assert_eq!(shares(&deck.shown(0)), slow.levels(), "after {:?}", act);
            for (ack, filled) in acks.iter().zip(&slow.filled) {
                prop_assert_eq!(deck.bench.order(ack).cum_qty, filled * ONE, "after {:?}", act);
            }
        }
    }
}
