//! Numbers of the wire: exact, bounded, and fast for the spellings the venue uses.
//!
//! The `quoted_*` readers take the bytes after an opening quote and give the value and the bytes
//! after the closing quote. They know one spelling each and answer `None` for every other; the
//! `*_text` readers know all of them and say what is wrong.

use super::Refusal;
use super::message::{Fine, Quoted};
use crate::units::{Price, Qty, TickSize, UnitError, parse_fixed};

/// Largest quantity of a level or print: 10^12 shares. Three levels of it still sum in 64 bits.
pub const MAX_QTY: Qty = Qty(1_000_000_000_000_000_000);

const ZEROS: u64 = 0x3030_3030_3030_3030;
const QUOTE: u64 = 0x22 ^ 0x30;
const POINT: u64 = 0x2E ^ 0x30;

/// The next eight bytes, digits as 0..=9 and the first byte lowest.
fn digits(rest: &[u8]) -> Option<u64> {
    rest.first_chunk::<8>().map(|chunk| u64::from_le_bytes(*chunk) ^ ZEROS)
}

/// How many leading bytes of the word are digits, 0..=8.
fn digit_count(word: u64) -> u32 {
    // A byte of 10 and above reaches 0x80 by adding 0x76. The carry of a byte above 0x89 only
    // disturbs bytes behind it, and the first non-digit is what counts.
    let marks = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    marks.trailing_zeros() / 8
}

/// The byte at an index below eight.
fn byte_at(word: u64, index: u32) -> u64 {
    word.wrapping_shr(index.wrapping_mul(8)) & 0xFF
}

/// The first bytes of a word, fewer than eight, the others zero.
fn keep_first(word: u64, count: u32) -> u64 {
    word & 1_u64.wrapping_shl(count.wrapping_mul(8)).wrapping_sub(1)
}

/// Value of eight digits, the first byte most significant.
fn eight(word: u64) -> u64 {
    let pairs = (word.wrapping_mul(10)).wrapping_add(word >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100)).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    (fours.wrapping_mul(10_000)).wrapping_add(fours >> 32) & 0xFFFF_FFFF
}

/// Reads `0.d…"` with one to four decimals; 0 is possible.
#[expect(
    clippy::inline_always,
    reason = "a call hands the rest on through memory, which is waited for"
)]
#[inline(always)]
pub(super) fn quoted_fine(rest: &[u8]) -> Option<(Fine, &[u8])> {
    let word = digits(rest)?;
    let decimals = word >> 16;
    // The two bytes shifted in count as digits; the bound on the count excludes them.
    let count = digit_count(decimals);
    let is_known = word & 0xFFFF == POINT << 8 && (1..=4).contains(&count);
    if !is_known || byte_at(decimals, count) != QUOTE {
        return None;
    }
    // Behind four zeros the decimals stand in the places of ten-thousandths.
    let value = eight(keep_first(decimals, count) << 32);
    let used = usize::try_from(count).ok()?.wrapping_add(3);
    Some((Fine(u16::try_from(value).ok()?), rest.get(used..)?))
}

/// Reads `d…"` or `d….d…"` with up to seven digits before the point and up to six behind.
///
/// The closing quote is looked for first, because the next reader waits for nothing else. One
/// number in two has decimals without anything before it that says so: both are read alike, and
/// every branch here asks something that holds for all of them.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
pub(super) fn quoted_qty(rest: &[u8]) -> Option<(Qty, &[u8])> {
    let word = digits(rest)?;
    let high = digits(rest.get(8..)?)?;
    let end = first_quote(word, high);
    let behind = rest.get(usize::try_from(end).ok()?.wrapping_add(1)..)?;
    let count = digit_count(word);
    if !(1..=7).contains(&count) {
        return None;
    }
    let bits = count.wrapping_mul(8);
    let whole = eight(word.wrapping_shl(64_u32.wrapping_sub(bits)));
    let from_end = word.wrapping_shr(bits);
    let decimals = (from_end >> 8) | high.wrapping_shl(56_u32.wrapping_sub(bits));
    // Bytes between the digits and the quote: none, or a point and its decimals.
    let gap = end.wrapping_sub(count);
    let places = gap.saturating_sub(1);
    let other_than_point = (from_end & 0xFF ^ POINT).wrapping_mul(u64::from(gap));
    if gap == 1 || gap > 7 || other_than_point != 0 || digit_count(decimals) < places {
        return None;
    }
    // Behind two zeros the decimals stand in the places of millionths.
    let decimals = eight(keep_first(decimals, places) << 16);
    Some((Qty(whole.wrapping_mul(1_000_000).wrapping_add(decimals)), behind))
}

/// Index of the first quote in two words, 16 when there is none; without a branch.
fn first_quote(low: u64, high: u64) -> u32 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A borrow marks wrong bytes only above a right one, and the lowest mark is what counts.
    let marks = |word: u64| {
        let zeroed = word ^ ONES.wrapping_mul(QUOTE);
        zeroed.wrapping_sub(ONES) & !zeroed & (ONES << 7)
    };
    let (low, high) = (marks(low), marks(high));
    let in_high = u32::from(low == 0).wrapping_neg();
    low.trailing_zeros().wrapping_add(high.trailing_zeros() & in_high) / 8
}

/// Reads 13 digits of milliseconds and the closing quote.
pub(super) fn quoted_millis(rest: &[u8]) -> Option<(i64, &[u8])> {
    let high = digits(rest)?;
    let tail = rest.get(8..)?;
    let low = digits(tail)?;
    if digit_count(high) != 8 || digit_count(low) != 5 || byte_at(low, 5) != QUOTE {
        return None;
    }
    let value = eight(high).wrapping_mul(100_000).wrapping_add(eight(low << 24));
    Some((venue_millis(value).ok()?, tail.get(6..)?))
}

/// The time in ms: by range, seconds and milliseconds from 2001 to 2286 (FAULTS F-59).
pub(super) fn venue_millis(value: u64) -> Result<i64, Refusal> {
    let millis = match value {
        1_000_000_000..=9_999_999_999 => value.checked_mul(1_000),
        1_000_000_000_000..=9_999_999_999_999 => Some(value),
        _ => None,
    };
    millis.and_then(|ms| i64::try_from(ms).ok()).ok_or(Refusal::Timestamp { value })
}

fn fixed(text: &[u8], scale: u32, key: &'static str) -> Result<u64, Refusal> {
    let result = match text.first() {
        Some(b'-') => Err(UnitError::Negative),
        _ => parse_fixed(text, scale),
    };
    result.map_err(|error| Refusal::Number { key, error })
}

/// A level price.
pub(super) fn fine_text(text: &[u8], key: &'static str) -> Result<Fine, Refusal> {
    level_price(fixed(text, 4, key)?, key)
}

/// A level price lies strictly between 0 and 1.
pub(super) fn level_price(fine: u64, key: &'static str) -> Result<Fine, Refusal> {
    match u16::try_from(fine) {
        Ok(fine @ 1..=9_999) => Ok(Fine(fine)),
        _ => Err(Refusal::PriceRange { key, fine }),
    }
}

/// A best price beside a change: "" says nothing, 0 and 1 say that the side is empty.
pub(super) fn quoted_text(text: &[u8], key: &'static str) -> Result<Quoted, Refusal> {
    if text.is_empty() {
        return Ok(Quoted::Absent);
    }
    match fixed(text, 4, key)? {
        0 | 10_000 => Ok(Quoted::Empty),
        fine => level_price(fine, key).map(Quoted::At),
    }
}

/// A quantity; zero is possible.
pub(super) fn qty_text(text: &[u8], key: &'static str) -> Result<Qty, Refusal> {
    let micros = fixed(text, 6, key)?;
    if micros > MAX_QTY.0 { Err(Refusal::TooMuch { micros }) } else { Ok(Qty(micros)) }
}

/// A trade price, above 0 and at most 1, six decimals.
pub(super) fn price_text(text: &[u8], key: &'static str) -> Result<Price, Refusal> {
    let micros = fixed(text, 6, key)?;
    let price = u32::try_from(micros).ok().and_then(|micros| Price::from_micros(micros).ok());
    match price {
        Some(price) if price > Price::ZERO => Ok(price),
        _ => Err(Refusal::PriceRange { key, fine: micros / 100 }),
    }
}

/// A tick size.
pub(super) fn tick_text(text: &[u8], key: &'static str) -> Result<TickSize, Refusal> {
    let micros = fixed(text, 6, key)?;
    let micros = u32::try_from(micros).unwrap_or(u32::MAX);
    TickSize::from_micros(micros).map_err(|error| Refusal::Number { key, error })
}

/// A time in whole seconds or milliseconds.
pub(super) fn millis_text(text: &[u8], key: &'static str) -> Result<i64, Refusal> {
    venue_millis(fixed(text, 0, key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes behind a number as they stand in a frame.
    fn in_frame(text: &str) -> Vec<u8> {
        format!("{text}\",\"more\":\"text\"}}").into_bytes()
    }

    #[test]
    fn every_price_of_the_finest_grid_reads_alike_in_all_its_spellings() {
        for fine in 0..10_000_u16 {
            let full = format!("0.{fine:04}");
            let short = full.trim_end_matches('0');
            for text in [full.as_str(), short] {
                let bytes = in_frame(text);
                let quick = quoted_fine(&bytes).map(|(price, _)| price);
                // The quick reader wants a digit behind the point and leaves "0." to the other.
                let expected = (text != "0.").then_some(Fine(fine));
                assert_eq!(quick, expected, "{text}");
                if fine > 0 {
                    assert_eq!(fine_text(text.as_bytes(), "price"), Ok(Fine(fine)), "{text}");
                }
            }
        }
    }

    #[test]
    fn quick_readers_leave_what_they_do_not_know_to_the_strict_ones() {
        for text in ["1", ".5", "0.12345", "00.5", "0,5", "0.5x", "", "0x1", "-0.5", "0.5 "] {
            assert_eq!(quoted_fine(&in_frame(text)), None, "{text}");
        }
        for text in ["12345678", ".5", "1.", "1.1234567", "1,5", "", "-1", "1e3", "1.5.5"] {
            assert_eq!(quoted_qty(&in_frame(text)), None, "{text}");
        }
        assert_eq!(quoted_fine(b"0.5\""), None, "too near the end of the frame");
    }

    #[test]
    fn quantities_read_alike_for_every_split_of_seven_and_six_digits() {
        let digits = "98765431234567";
        for whole in 1..=7_usize {
            for decimals in 0..=6_usize {
                let mut text = digits[..whole].to_owned();
                if decimals > 0 {
                    text.push('.');
                    text.push_str(&digits[8..8 + decimals]);
                }
                let bytes = in_frame(&text);
                let (quick, rest) = quoted_qty(&bytes).expect("known spelling");
                assert_eq!(Ok(quick), qty_text(text.as_bytes(), "size"), "{text}");
                assert_eq!(rest, b",\"more\":\"text\"}", "{text}");
            }
        }
    }

    #[test]
    fn a_byte_above_ascii_ends_a_number_wherever_it_stands() {
        for at in 0..9 {
            for byte in [0x2F, 0x3A, 0x7F, 0x80, 0x89, 0x8A, 0xB0, 0xFF] {
                let mut bytes = in_frame("1234.5678");
                bytes[at] = byte;
                let quick = quoted_qty(&bytes).map(|(qty, _)| qty);
                let end = bytes.iter().position(|b| *b == b'"').expect("quote");
                assert_eq!(quick, qty_text(&bytes[..end], "size").ok(), "{at} {byte:#x}");
            }
        }
    }

    #[test]
    fn thirteen_digits_are_milliseconds() {
        assert_eq!(quoted_millis(&in_frame("1791258810641")).map(|r| r.0), Some(1_791_258_810_641));
        for text in ["179125881064", "17912588106410", "0791258810641", "1791258x10641"] {
            assert_eq!(quoted_millis(&in_frame(text)), None, "{text}");
        }
    }

    #[test]
    fn the_caps_have_two_sides() {
        let cap = "1000000000000";
        assert_eq!(qty_text(cap.as_bytes(), "size"), Ok(MAX_QTY));
        let refusal = Refusal::TooMuch { micros: MAX_QTY.0 + 1 };
        assert_eq!(qty_text(format!("{cap}.000001").as_bytes(), "size"), Err(refusal));
        assert!(venue_millis(1_000_000_000).is_ok() && venue_millis(999_999_999).is_err());
        assert!(
            venue_millis(9_999_999_999_999).is_ok() && venue_millis(10_000_000_000_000).is_err()
        );
        assert_eq!(price_text(b"1", "price"), Ok(Price::ONE));
        assert!(price_text(b"1.000001", "price").is_err() && price_text(b"0", "price").is_err());
        assert!(tick_text(b"0.02", "tick_size").is_err());
    }
}
