//! One market of a world: its levels, and the venue texts that every change of them produces.
//!
//! Prices are ten-thousandths of a dollar, sizes micro-shares. The YES view is kept; the NO texts
//! are its mirror. Hashes follow PROTOCOL 3.2, so a reader's hash check has something to verify.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

use super::trade::Execution;
use crate::rng::Rng;

const DOLLAR: i64 = 10_000;
const LEVELS: i64 = 8;
const SHARE: u64 = 1_000_000;
/// World markets end a week after the first record, so that capital time is a real number.
const END_MS: i64 = 1_800_604_800_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Bid,
    Ask,
}

#[derive(Debug, Clone, Copy)]
struct Change {
    side: Side,
    price: i64,
    qty: u64,
}

#[derive(Debug, Clone)]
pub(super) struct WorldBook {
    pub(super) condition_id: String,
    pub(super) tokens: [String; 2],
    name: String,
    group: String,
    tick: i64,
    fair: i64,
    bids: BTreeMap<i64, u64>,
    asks: BTreeMap<i64, u64>,
    last: i64,
    prints: u64,
}

impl WorldBook {
    pub(super) fn new(
        name: &str,
        group: &str,
        condition_id: String,
        tokens: [String; 2],
        fair: i64,
        tick: i64,
        seed: &mut Rng,
    ) -> Self {
        let mut book = Self {
            condition_id,
            tokens,
            name: format!("world-{name}"),
            group: group.to_owned(),
            tick,
            fair,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            last: fair,
            prints: 0,
        };
        for level in 1..=LEVELS {
            for (side, price) in [
                (Side::Bid, book.fair - level * book.tick),
                (Side::Ask, book.fair + level * book.tick),
            ] {
                if (book.tick..DOLLAR).contains(&price) {
                    book.set(Change { side, price, qty: size(seed) });
                }
            }
        }
        book
    }

    pub(super) fn meta(&self) -> String {
        format!(
            "{{\"condition_id\":\"{}\",\"token_ids\":[\"{}\",\"{}\"],\"outcomes\":[\"Yes\",\"No\"],\
             \"label\":\"{}\",\"tick_size\":\"{}\",\"min_order_size\":\"5\",\"neg_risk\":{},\
             \"fees\":{{\"rate\":\"0.04\",\"exponent\":1}},\"end_ms\":{END_MS},\"event_id\":\"\",\
             \"group_id\":\"{}\",\"seconds_delay\":0}}",
            self.condition_id,
            self.tokens[0],
            self.tokens[1],
            self.name,
            price_text(self.tick),
            self.neg_risk(),
            self.group,
        )
    }

    pub(super) fn ask(&self) -> i64 {
        self.asks.first_key_value().map_or(DOLLAR, |(&price, _)| price)
    }

    fn bid(&self) -> i64 {
        self.bids.last_key_value().map_or(0, |(&price, _)| price)
    }

    fn neg_risk(&self) -> bool {
        !self.group.is_empty()
    }

    /// The initial dump: both books in one array.
    pub(super) fn snapshot_frame(&self, venue_ms: i64) -> String {
        let books: Vec<String> = [false, true]
            .into_iter()
            .map(|no| {
                let hash = self.hash(no, venue_ms);
                let body = self.body(no, venue_ms, &hash);
                format!("{{\"event_type\":\"book\",{}", &body[1..])
            })
            .collect();
        format!("[{}]", books.join(","))
    }

    /// A maker changes the size of one level.
    pub(super) fn requote(&mut self, venue_ms: i64, seed: &mut Rng) -> String {
        let side = if seed.below_wide(2) == 0 { Side::Bid } else { Side::Ask };
        let levels: Vec<i64> = self.levels(side).keys().copied().collect();
        let price = levels[seed.index(levels.len())];
        self.change(venue_ms, &[Change { side, price, qty: size(seed) }])
    }

    /// An ask far under the others: bids at or above it leave in the same message.
    pub(super) fn dislocate(&mut self, target: i64, venue_ms: i64, seed: &mut Rng) -> String {
        let price = (target / self.tick * self.tick).max(2 * self.tick);
        let mut changes: Vec<Change> = self
            .bids
            .range(price..)
            .map(|(&price, _)| Change { side: Side::Bid, price, qty: 0 })
            .collect();
        if self.bids.range(..price).next().is_none() {
            changes.push(Change { side: Side::Bid, price: price - self.tick, qty: size(seed) });
        }
        changes.push(Change { side: Side::Ask, price, qty: 120 * SHARE + size(seed) });
        self.change(venue_ms, &changes)
    }

    /// Back to the ladder around the fair price.
    pub(super) fn recenter(&mut self, venue_ms: i64, seed: &mut Rng) -> String {
        let mut changes = Vec::new();
        for (&price, _) in self.asks.range(..=self.fair) {
            changes.push(Change { side: Side::Ask, price, qty: 0 });
        }
        for level in 1..=LEVELS {
            let (bid, ask) = (self.fair - level * self.tick, self.fair + level * self.tick);
            if bid >= self.tick && !self.bids.contains_key(&bid) {
                changes.push(Change { side: Side::Bid, price: bid, qty: size(seed) });
            }
            if ask < DOLLAR && !self.asks.contains_key(&ask) {
                changes.push(Change { side: Side::Ask, price: ask, qty: size(seed) });
            }
        }
        self.change(venue_ms, &changes)
    }

    /// A taker of the YES token; never empties a side.
    pub(super) fn execute(&mut self, buy: bool, qty: u64, venue_ms: i64) -> Option<Execution> {
        let side = if buy { Side::Ask } else { Side::Bid };
        let price = if buy { self.ask() } else { self.bid() };
        let there = *self.levels(side).get(&price)?;
        let spare = if self.levels(side).len() > 1 { 0 } else { SHARE };
        let qty = qty.min(there.saturating_sub(spare));
        if qty == 0 {
            return None;
        }
        self.last = price;
        self.prints += 1;
        let word = if buy { "BUY" } else { "SELL" };
        let hash = self.transaction(venue_ms);
        let (px, sz) = (price_text(price), size_text(qty));
        let print = format!(
            "{{\"market\":\"{}\",\"asset_id\":\"{}\",\"price\":\"{px}\",\"size\":\"{sz}\",\
             \"fee_rate_bps\":\"0\",\"side\":\"{word}\",\"timestamp\":\"{venue_ms}\",\
             \"event_type\":\"last_trade_price\",\"transaction_hash\":\"{hash}\"}}",
            self.condition_id, self.tokens[0],
        );
        let row = format!(
            "{{\"asset\":\"{}\",\"conditionId\":\"{}\",\"side\":\"{word}\",\"size\":{sz},\
             \"price\":{px},\"timestamp\":{},\"transactionHash\":\"{hash}\"}}",
            self.tokens[0],
            self.condition_id,
            venue_ms / 1_000,
        );
        let change = self.change(venue_ms, &[Change { side, price, qty: there - qty }]);
        Some(Execution { print, change, row, qty_micros: qty })
    }

    fn transaction(&self, venue_ms: i64) -> String {
        format!("0x{:062x}{:02x}", venue_ms, self.prints & 0xff)
    }

    fn levels(&self, side: Side) -> &BTreeMap<i64, u64> {
        match side {
            Side::Bid => &self.bids,
            Side::Ask => &self.asks,
        }
    }

    fn set(&mut self, change: Change) {
        let levels = match change.side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        };
        if change.qty == 0 {
            levels.remove(&change.price);
        } else {
            levels.insert(change.price, change.qty);
        }
    }

    /// Applies the changes and tells them as the venue does: a pair of entries for each.
    fn change(&mut self, venue_ms: i64, changes: &[Change]) -> String {
        for &change in changes {
            self.set(change);
        }
        let hashes = [self.hash(false, venue_ms), self.hash(true, venue_ms)];
        let mut entries = String::new();
        for change in changes {
            for no in [false, true] {
                if !entries.is_empty() {
                    entries.push(',');
                }
                self.entry(&mut entries, *change, no, &hashes[usize::from(no)]);
            }
        }
        format!(
            "{{\"market\":\"{}\",\"price_changes\":[{entries}],\"timestamp\":\"{venue_ms}\",\
             \"event_type\":\"price_change\"}}",
            self.condition_id
        )
    }

    fn entry(&self, out: &mut String, change: Change, no: bool, hash: &str) {
        let (price, bid, ask) = if no {
            (DOLLAR - change.price, DOLLAR - self.ask(), DOLLAR - self.bid())
        } else {
            (change.price, self.bid(), self.ask())
        };
        let word = if (change.side == Side::Bid) == no { "SELL" } else { "BUY" };
        let _ = write!(
            out,
            "{{\"asset_id\":\"{}\",\"price\":\"{}\",\"size\":\"{}\",\"side\":\"{word}\",\
             \"hash\":\"{hash}\",\"best_bid\":\"{}\",\"best_ask\":\"{}\"}}",
            self.tokens[usize::from(no)],
            price_text(price),
            size_text(change.qty),
            price_text(bid),
            price_text(ask),
        );
    }

    fn hash(&self, no: bool, venue_ms: i64) -> String {
        let digest = Sha1::digest(self.body(no, venue_ms, "").as_bytes());
        digest.iter().fold(String::with_capacity(40), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// The book object in the key order that the hash covers.
    fn body(&self, no: bool, venue_ms: i64, hash: &str) -> String {
        let (bids, asks) = if no {
            (mirrored(self.asks.iter().rev()), mirrored(self.bids.iter()))
        } else {
            (plain(self.bids.iter()), plain(self.asks.iter().rev()))
        };
        let last = if no { DOLLAR - self.last } else { self.last };
        format!(
            "{{\"market\":\"{}\",\"asset_id\":\"{}\",\"timestamp\":\"{venue_ms}\",\"hash\":\"{hash}\",\
             \"bids\":[{bids}],\"asks\":[{asks}],\"min_order_size\":\"5\",\"tick_size\":\"{}\",\
             \"neg_risk\":{},\"last_trade_price\":\"{}\"}}",
            self.condition_id,
            self.tokens[usize::from(no)],
            price_text(self.tick),
            self.neg_risk(),
            price_text(last),
        )
    }
}

fn plain<'a>(levels: impl Iterator<Item = (&'a i64, &'a u64)>) -> String {
    join(levels.map(|(&price, &qty)| (price, qty)))
}

fn mirrored<'a>(levels: impl Iterator<Item = (&'a i64, &'a u64)>) -> String {
    join(levels.map(|(&price, &qty)| (DOLLAR - price, qty)))
}

fn join(levels: impl Iterator<Item = (i64, u64)>) -> String {
    let texts: Vec<String> = levels
        .map(|(price, qty)| {
            format!("{{\"price\":\"{}\",\"size\":\"{}\"}}", price_text(price), size_text(qty))
        })
        .collect();
    texts.join(",")
}

fn size(seed: &mut Rng) -> u64 {
    (5_000 + seed.below_wide(90_000)) * (SHARE / 100)
}

/// `4800` is `0.48`.
fn price_text(price: i64) -> String {
    trimmed(&format!("{}.{:04}", price / DOLLAR, price % DOLLAR))
}

/// `12500000` is `12.5`.
fn size_text(qty: u64) -> String {
    trimmed(&format!("{}.{:06}", qty / SHARE, qty % SHARE))
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> WorldBook {
        let tokens = ["1".to_owned(), "2".to_owned()];
        WorldBook::new("q", "g", "0xc".to_owned(), tokens, 4_500, 100, &mut Rng::new(1))
    }

    #[test]
    fn prices_and_sizes_are_written_as_the_venue_does() {
        assert_eq!(price_text(4_800), "0.48");
        assert_eq!(price_text(9_999), "0.9999");
        assert_eq!(price_text(0), "0");
        assert_eq!(size_text(12_500_000), "12.5");
        assert_eq!(size_text(0), "0");
    }

    #[test]
    fn a_dislocated_book_is_not_crossed() {
        let mut book = book();
        book.dislocate(4_150, 1, &mut Rng::new(2));
        assert_eq!(book.ask(), 4_100);
        assert!(book.bid() < book.ask());
        book.recenter(2, &mut Rng::new(3));
        assert_eq!((book.bid(), book.ask()), (4_400, 4_600));
    }

    #[test]
    fn both_tokens_tell_the_same_change() {
        let mut book = book();
        let frame = book.change(9, &[Change { side: Side::Ask, price: 4_600, qty: 7 * SHARE }]);
        assert!(frame.contains("\"price\":\"0.46\",\"size\":\"7\",\"side\":\"SELL\""), "{frame}");
        assert!(frame.contains("\"price\":\"0.54\",\"size\":\"7\",\"side\":\"BUY\""), "{frame}");
    }
}
