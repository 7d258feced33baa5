//! Names of a world: of the venue's lengths, and recognisable as made.
//!
//! Hex ids begin with `776f726c64`, token ids with `119111114108100`: the word `world`. Nothing the
//! venue ever hashed begins so.

use razor_core::order::OrderHash;

use crate::exchange::Address;
use crate::rng::Rng;

const HEX: &str = "776f726c64";
const CODES: &str = "119111114108100";
const WORD: [u8; 5] = *b"world";
/// Digits of a token id: as many as fit below 2^256 whatever they are.
const TOKEN_DIGITS: usize = 77;
const COUNTER_DIGITS: usize = 12;

/// What a 32-byte id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A condition.
    Condition,
    /// A `negRiskMarketID`: its last byte is zero.
    Group,
    /// A question of a plain market.
    Question,
}

/// `0x` and 64 hex digits.
pub(super) fn id(kind: Kind, number: usize, rng: &mut Rng) -> String {
    let word = match kind {
        Kind::Condition => 1,
        Kind::Group => 2,
        Kind::Question => 3,
    };
    let (high, low, tail) = (rng.next(), rng.next(), rng.next() & 0xffff);
    let tail = if kind == Kind::Group { tail & 0xff00 } else { tail };
    format!("0x{HEX}{word:02x}{number:016x}{high:016x}{low:016x}{tail:04x}")
}

/// The question of a group's outcome: the group's id, which ends in zero, plus its position.
pub(super) fn question_in(group: &str, position: usize) -> String {
    let stem = group.get(..group.len().saturating_sub(2)).unwrap_or_default();
    format!("{stem}{:02x}", position & 0xff)
}

/// A decimal token id.
pub(super) fn token(number: usize, rng: &mut Rng) -> String {
    let free = TOKEN_DIGITS - CODES.len() - COUNTER_DIGITS;
    let digits: String = (0..free)
        .map(|_| char::from(b'0' + u8::try_from(rng.below_wide(10)).unwrap_or(0)))
        .collect();
    format!("{CODES}{digits}{number:012}")
}

/// Wallet of a trader.
pub(super) fn address(number: usize) -> Address {
    let mut bytes = [0; 20];
    bytes[..5].copy_from_slice(&WORD);
    bytes[12..].copy_from_slice(&u64::try_from(number + 1).unwrap_or(0).to_be_bytes());
    Address(bytes)
}

/// API key of a trader, in the form of a UUID.
pub(super) fn key(number: usize) -> String {
    format!("776f726c-6400-4000-8000-{:012x}", number + 1)
}

/// Id of the n-th order.
pub(super) fn order(seed: u64, number: u64) -> OrderHash {
    let mut bytes = [0; 32];
    bytes[..5].copy_from_slice(&WORD);
    bytes[16..24].copy_from_slice(&seed.to_be_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    OrderHash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_venues_lengths() {
        let mut rng = Rng::new(9);
        for kind in [Kind::Condition, Kind::Group, Kind::Question] {
            let id = id(kind, 77, &mut rng);
            assert_eq!(id.len(), 66);
            assert!(
                id.starts_with("0x776f726c64") && id[2..].bytes().all(|b| b.is_ascii_hexdigit())
            );
        }
        let group = id(Kind::Group, 0, &mut rng);
        assert!(group.ends_with("00") && question_in(&group, 18).ends_with("12"));
        assert_eq!(question_in(&group, 0), group);
        let token = token(3, &mut rng);
        assert_eq!(token.len(), 77);
        assert!(token.starts_with("119111114108100") && token.ends_with("003"));
        assert_eq!(key(0).len(), 36);
    }
}
