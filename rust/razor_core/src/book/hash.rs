//! The venue's book hash, recomputed off the decision path.
//!
//! SHA-1 over the compact JSON of the book (PROTOCOL §3.2). It covers spellings: levels are written
//! in the shortest plain decimal, which is how the venue spells them; the last trade price is kept
//! as received. A mismatch is a statistic (FAULTS F-08), never the only gate: a sudden break of a
//! recipe that held makes its book DIRTY once, and the next snapshot ends that, whatever its hash.

use sha1::{Digest, Sha1};

use super::market::MarketBook;
use super::{Books, DirtyReason, HashTally, Recipe, position};
use crate::ids::{MarketIx, TokenIx};
use crate::units::{Qty, TickSize};
use crate::wire::{BookSnapshot, Fine};

/// A hash that waits for its check.
#[derive(Debug, Clone, Copy)]
pub(super) enum HashJob {
    /// A snapshot in the frame that is still held.
    Snapshot { token: TokenIx, recipe: Recipe, hash: [u8; 40], message: BookSnapshot },
    /// The stored book after a `price_change`, if no other change has come since.
    Change { token: TokenIx, venue_ts_ms: i64, hash: [u8; 40], version: u64 },
}

/// Hash results of all recipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct HashTallies {
    /// REST books.
    pub rest: HashTally,
    /// `book` messages.
    pub ws_book: HashTally,
    /// `price_change` entries.
    pub ws_change: HashTally,
}

impl HashTallies {
    fn of(&mut self, recipe: Recipe) -> &mut HashTally {
        match recipe {
            Recipe::Rest => &mut self.rest,
            Recipe::WsBook => &mut self.ws_book,
            Recipe::WsChange => &mut self.ws_change,
        }
    }
}

/// Result of one check.
#[derive(Clone, Copy)]
enum Checked {
    Matched,
    Mismatched,
    Unknown,
}

impl Books {
    /// Checks the hashes of the last applied frame; call it after the decision and before the next
    /// frame. Costs microseconds per book. A job whose book has moved on counts as unchecked.
    pub fn check_hashes(&mut self) {
        let jobs = core::mem::take(&mut self.jobs);
        let mut text = core::mem::take(&mut self.text);
        for job in &jobs {
            let (token, recipe, checked) = match job {
                HashJob::Snapshot { token, recipe, hash, message } => {
                    (*token, *recipe, self.check_snapshot(*token, hash, message, &mut text))
                }
                HashJob::Change { token, venue_ts_ms, hash, version } => {
                    let checked =
                        self.check_change(*token, *venue_ts_ms, hash, *version, &mut text);
                    (*token, Recipe::WsChange, checked)
                }
            };
            self.count(recipe, checked);
            self.note(token.split().0, recipe, checked);
        }
        self.text = text;
        self.jobs = jobs;
        self.jobs.clear();
    }

    /// Results so far, by recipe.
    pub fn hash_tallies(&self) -> &HashTallies {
        &self.tallies
    }

    /// Markets whose book became DIRTY by the last [`Books::check_hashes`], once each: their REST
    /// books should be compared, and they need a snapshot.
    pub fn hash_breaks(&self) -> &[MarketIx] {
        &self.broken
    }

    /// Follows a market's trend; a break makes its book DIRTY.
    fn note(&mut self, market: MarketIx, recipe: Recipe, checked: Checked) {
        let matched = match checked {
            Checked::Matched => true,
            Checked::Mismatched => false,
            Checked::Unknown => return,
        };
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        if book.note_hash(recipe, matched) {
            self.dirty(market, DirtyReason::HashBreak);
            if !self.broken.contains(&market) {
                self.broken.push(market);
            }
        }
    }

    fn count(&mut self, recipe: Recipe, checked: Checked) {
        let tally = self.tallies.of(recipe);
        let counter = match checked {
            Checked::Matched => &mut tally.matched,
            Checked::Mismatched => &mut tally.mismatched,
            Checked::Unknown => &mut tally.unchecked,
        };
        *counter = counter.saturating_add(1);
    }

    fn check_snapshot(
        &self,
        token: TokenIx,
        hash: &[u8; 40],
        message: &BookSnapshot,
        text: &mut Vec<u8>,
    ) -> Checked {
        text.clear();
        let Some(book) = self.head(token, message.venue_ts_ms, text) else {
            return Checked::Unknown;
        };
        let bids = self.frame.bids_of(message).iter().map(|l| (l.price, l.qty.0));
        push_levels(text, "bids", bids);
        let asks = self.frame.asks_of(message).iter().map(|l| (l.price, l.qty.0));
        push_levels(text, "asks", asks);
        push_tail(text, book, token, message.tick.unwrap_or(book.grid.tick), hash)
    }

    fn check_change(
        &self,
        token: TokenIx,
        venue_ts_ms: i64,
        hash: &[u8; 40],
        version: u64,
        text: &mut Vec<u8>,
    ) -> Checked {
        text.clear();
        let Some(book) = self.head(token, venue_ts_ms, text).filter(|b| b.version == version)
        else {
            return Checked::Unknown;
        };
        let (own, other) = book.sides(token.split().1);
        push_levels(text, "bids", own.levels().map(|(price, qty)| (price, qty.0)));
        let asks = other.levels().map(|(price, qty)| (price.complement(), qty.0));
        push_levels(text, "asks", asks);
        push_tail(text, book, token, book.grid.tick, hash)
    }

    fn head(&self, token: TokenIx, venue_ts_ms: i64, text: &mut Vec<u8>) -> Option<&MarketBook> {
        let (market, _) = token.split();
        let book = self.markets.get(position(market))?;
        let (market, token) =
            (self.registry.condition_text(market)?, self.registry.token_text(token)?);
        push_head(text, market, token, u64::try_from(venue_ts_ms).ok()?);
        Some(book)
    }
}

/// What the hash of a book covers beside its levels.
#[derive(Debug, Clone, Copy)]
pub struct BookFacts<'a> {
    /// Condition id.
    pub market: &'a [u8],
    /// Token id.
    pub asset_id: &'a [u8],
    /// Time of the book or of the change, ms.
    pub venue_ts_ms: u64,
    /// Smallest order.
    pub min_order_qty: Qty,
    /// Grid.
    pub tick: TickSize,
    /// Whether the market is in a neg-risk group.
    pub neg_risk: bool,
    /// As the venue spells it; empty when it never traded.
    pub last_trade_price: &'a [u8],
}

/// The hash the venue gives a book (PROTOCOL §3.2), 40 hex digits; levels are (price,
/// micro-shares), best last on both sides. Microseconds for a deep book.
pub fn book_hash(
    facts: &BookFacts<'_>,
    bids: impl Iterator<Item = (Fine, u64)>,
    asks: impl Iterator<Item = (Fine, u64)>,
) -> [u8; 40] {
    let mut text = Vec::new();
    push_head(&mut text, facts.market, facts.asset_id, facts.venue_ts_ms);
    push_levels(&mut text, "bids", bids);
    push_levels(&mut text, "asks", asks);
    let last = facts.last_trade_price;
    push_facts(&mut text, facts.min_order_qty, facts.tick, facts.neg_risk, last);
    let digest = Sha1::digest(&*text);
    let mut hex = [0; 40];
    let (pairs, _) = hex.as_chunks_mut::<2>();
    for (byte, pair) in digest.iter().zip(pairs) {
        *pair = [byte >> 4, byte & 0xF].map(|digit| hex_digit(digit).unwrap_or_default());
    }
    hex
}

fn push_head(text: &mut Vec<u8>, market: &[u8], asset_id: &[u8], venue_ts_ms: u64) {
    text.extend_from_slice(b"{\"market\":\"");
    text.extend_from_slice(market);
    text.extend_from_slice(b"\",\"asset_id\":\"");
    text.extend_from_slice(asset_id);
    text.extend_from_slice(b"\",\"timestamp\":\"");
    push_integer(text, venue_ts_ms);
    text.extend_from_slice(b"\",\"hash\":\"\"");
}

fn push_levels(text: &mut Vec<u8>, side: &str, levels: impl Iterator<Item = (Fine, u64)>) {
    text.extend_from_slice(b",\"");
    text.extend_from_slice(side.as_bytes());
    text.extend_from_slice(b"\":[");
    for (price, micros) in levels {
        Piece::level(price, micros).push_to(text);
    }
    // Behind the last level there is no comma.
    text.pop_if(|byte| *byte == b',');
    text.push(b']');
}

fn push_tail(
    text: &mut Vec<u8>,
    book: &MarketBook,
    token: TokenIx,
    tick: TickSize,
    hash: &[u8; 40],
) -> Checked {
    let Some(last) = book.feed(token.split().1).last_trade_price else { return Checked::Unknown };
    push_facts(text, book.min_order_qty, tick, book.neg_risk, last.as_bytes());
    if hex_matches(&Sha1::digest(&*text), hash) { Checked::Matched } else { Checked::Mismatched }
}

fn push_facts(text: &mut Vec<u8>, min_order_qty: Qty, tick: TickSize, neg_risk: bool, last: &[u8]) {
    text.extend_from_slice(b",\"min_order_size\":\"");
    push_decimal(text, min_order_qty.0);
    text.extend_from_slice(b"\",\"tick_size\":\"");
    push_decimal(text, u64::from(tick.micros()));
    text.extend_from_slice(b"\",\"neg_risk\":");
    text.extend_from_slice(if neg_risk { b"true" } else { b"false" });
    text.extend_from_slice(b",\"last_trade_price\":\"");
    text.extend_from_slice(last);
    text.extend_from_slice(b"\"}");
}

fn hex_matches(digest: &[u8], hex: &[u8; 40]) -> bool {
    let (pairs, _) = hex.as_chunks::<2>();
    digest.len() == pairs.len()
        && digest.iter().zip(pairs).all(|(byte, [high, low])| {
            hex_digit(byte >> 4) == Some(*high) && hex_digit(byte & 0xF) == Some(*low)
        })
}

fn hex_digit(value: u8) -> Option<u8> {
    b"0123456789abcdef".get(usize::from(value)).copied()
}

fn push_integer(text: &mut Vec<u8>, value: u64) {
    let mut piece = Piece::default();
    piece.put_whole(value);
    piece.push_to(text);
}

/// Millionths as the shortest plain decimal: `0.48`, `5`, `839.43`.
fn push_decimal(text: &mut Vec<u8>, micros: u64) {
    let mut piece = Piece::default();
    piece.put_decimal(micros);
    piece.push_to(text);
}

/// A short text put together eight bytes at a time and appended in one piece of fixed length, cut
/// to what counts: a book of 60 levels has 120 numbers, and growing the text number by number was
/// more than half of the cost of its check.
struct Piece {
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Default for Piece {
    fn default() -> Self {
        Self { bytes: [0; Self::ROOM], len: 0 }
    }
}

impl Piece {
    /// A level with its comma has at most 49 bytes; each put writes a whole word.
    const ROOM: usize = 64;

    /// `{"price":"0.48","size":"839.43"},`; the price lies between 0 and 1.
    fn level(price: Fine, micros: u64) -> Self {
        let mut piece = Self::default();
        piece.put(u64::from_le_bytes(*b"{\"price\""), 8);
        let digits = eight_digits(u64::from(price.0)) >> 32;
        let word = u64::from_le_bytes(*b":\"0.0000") | (digits << 32);
        piece.put(word, used_bytes(digits).saturating_add(4));
        piece.put(u64::from_le_bytes(*b"\",\"size\""), 8);
        piece.put(u64::from_le_bytes(*b":\"\0\0\0\0\0\0"), 2);
        piece.put_decimal(micros);
        piece.put(u64::from_le_bytes(*b"\"},\0\0\0\0\0"), 3);
        piece
    }

    fn put_decimal(&mut self, micros: u64) {
        self.put_whole(micros / 1_000_000);
        // The decimals behind the last that is not zero are cut off, and the point where none is
        // left.
        let digits = eight_digits(micros % 1_000_000) >> 16;
        let word = u64::from_le_bytes(*b".000000\0") | (digits << 8);
        self.put(word, used_bytes(digits << 8));
    }

    fn put_whole(&mut self, whole: u64) {
        const EIGHT: u64 = 100_000_000;
        let digits = eight_digits(whole % EIGHT) | ZEROS;
        if whole >= EIGHT {
            self.put_whole(whole / EIGHT);
            return self.put(digits, 8);
        }
        // Leading zeros are left out, but not the last digit.
        let zeros = ((digits ^ ZEROS) | (1 << 56)).trailing_zeros() / 8;
        self.put(digits.wrapping_shr(zeros.wrapping_mul(8)), 8_u32.wrapping_sub(zeros));
    }

    /// The lowest bytes of a word.
    fn put(&mut self, word: u64, count: u32) {
        let end = self.len.saturating_add(8);
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(&word.to_le_bytes());
            self.len = self.len.saturating_add(usize::try_from(count).unwrap_or(0));
        }
    }

    fn push_to(&self, text: &mut Vec<u8>) {
        let end = text.len().saturating_add(self.len);
        text.extend_from_slice(&self.bytes);
        text.truncate(end);
    }
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// How many bytes reach up to the last that is not zero.
fn used_bytes(word: u64) -> u32 {
    u64::BITS.saturating_sub(word.leading_zeros()).div_ceil(8)
}

/// The eight digits of a number below 10^8 as numbers, the first in the lowest byte.
///
/// Each step splits all its parts at once, dividing by a product and a shift: exact below 10,000
/// and below 100.
fn eight_digits(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let high = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007F_0000_007F;
    let pairs = high | (fours.wrapping_sub(high.wrapping_mul(100)) << 16);
    let tens = (pairs.wrapping_mul(103) >> 10) & 0x000F_000F_000F_000F;
    tens | (pairs.wrapping_sub(tens.wrapping_mul(10)) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(micros: u64) -> String {
        let mut text = Vec::new();
        push_decimal(&mut text, micros);
        String::from_utf8(text).expect("ascii")
    }

    #[test]
    fn millionths_print_as_the_shortest_plain_decimal() {
        for (micros, text) in [
            (0, "0"),
            (1, "0.000001"),
            (480_000, "0.48"),
            (5_000_000, "5"),
            (839_430_000, "839.43"),
            (1_000_000_010_000, "1000000.01"),
            (10_100_000, "10.1"),
            (u64::MAX, "18446744073709.551615"),
        ] {
            assert_eq!(decimal(micros), text);
        }
    }

    #[test]
    fn every_decimal_reads_back_as_the_same_number() {
        for step in 0..200_000_u64 {
            let micros = step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (step % 60);
            let text = decimal(micros);
            let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
            assert!(!decimals.ends_with('0'), "{text}");
            let decimals: u64 = format!("{decimals:0<6}").parse().expect("digits");
            let whole: u64 = whole.parse().expect("digits");
            assert_eq!(whole * 1_000_000 + decimals, micros, "{text}");
        }
    }
}
