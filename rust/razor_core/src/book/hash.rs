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
use crate::units::TickSize;
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
        text.extend_from_slice(b"{\"market\":\"");
        text.extend_from_slice(self.registry.condition_text(market)?);
        text.extend_from_slice(b"\",\"asset_id\":\"");
        text.extend_from_slice(self.registry.token_text(token)?);
        text.extend_from_slice(b"\",\"timestamp\":\"");
        push_integer(text, u64::try_from(venue_ts_ms).ok()?);
        text.extend_from_slice(b"\",\"hash\":\"\"");
        Some(book)
    }
}

fn push_levels(text: &mut Vec<u8>, side: &str, levels: impl Iterator<Item = (Fine, u64)>) {
    text.extend_from_slice(b",\"");
    text.extend_from_slice(side.as_bytes());
    text.extend_from_slice(b"\":[");
    for (index, (price, micros)) in levels.enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(b"{\"price\":\"");
        push_decimal(text, u64::from(price.price().micros()));
        text.extend_from_slice(b"\",\"size\":\"");
        push_decimal(text, micros);
        text.extend_from_slice(b"\"}");
    }
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
    text.extend_from_slice(b",\"min_order_size\":\"");
    push_decimal(text, book.min_order_qty.0);
    text.extend_from_slice(b"\",\"tick_size\":\"");
    push_decimal(text, u64::from(tick.micros()));
    text.extend_from_slice(b"\",\"neg_risk\":");
    text.extend_from_slice(if book.neg_risk { b"true" } else { b"false" });
    text.extend_from_slice(b",\"last_trade_price\":\"");
    text.extend_from_slice(last.as_bytes());
    text.extend_from_slice(b"\"}");
    if hex_matches(&Sha1::digest(&*text), hash) { Checked::Matched } else { Checked::Mismatched }
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
    let start = text.len();
    let mut rest = value;
    loop {
        let digit = u8::try_from(rest % 10).unwrap_or(0);
        text.push(b'0'.saturating_add(digit));
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    text.get_mut(start..).unwrap_or_default().reverse();
}

/// Millionths as the shortest plain decimal: `0.48`, `5`, `839.43`.
///
/// The digits are put together in registers and appended eight bytes at a time, cut to what counts:
/// a book of 60 levels has 120 of these, and growing the text digit by digit was a third of the
/// cost of its check.
fn push_decimal(text: &mut Vec<u8>, micros: u64) {
    const ZEROS: u64 = 0x3030_3030_3030;
    push_whole(text, micros / 1_000_000);
    let rest = micros % 1_000_000;
    if rest == 0 {
        return;
    }
    // The first decimal in the lowest byte; those behind the last that is not zero are cut off.
    let digits = pair(rest / 10_000) | (pair(rest / 100 % 100) << 16) | (pair(rest % 100) << 32);
    let places = u64::BITS.saturating_sub(digits.leading_zeros()).div_ceil(8);
    let word = ((digits | ZEROS) << 8) | u64::from(b'.');
    push_part(text, word, places.saturating_add(1));
}

/// Two decimal digits of a number below a hundred, tens in the lower byte, as numbers.
fn pair(number: u64) -> u64 {
    (number / 10) | ((number % 10) << 8)
}

/// A whole number; in one piece when it has at most eight digits.
fn push_whole(text: &mut Vec<u8>, whole: u64) {
    if whole >= 100_000_000 {
        return push_integer(text, whole);
    }
    let (mut word, mut length, mut rest) = (0_u64, 0_u32, whole);
    loop {
        word = (word << 8) | (rest % 10) | u64::from(b'0');
        length = length.saturating_add(1);
        rest /= 10;
        if rest == 0 {
            return push_part(text, word, length);
        }
    }
}

/// The lowest bytes of a word.
fn push_part(text: &mut Vec<u8>, word: u64, length: u32) {
    let end = text.len().saturating_add(usize::try_from(length).unwrap_or(0));
    text.extend_from_slice(&word.to_le_bytes());
    text.truncate(end);
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
