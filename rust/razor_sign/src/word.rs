//! One 32-byte word of the chain: hashes, token ids, and every member of a typed struct.

use core::fmt;

use crate::{SignError, hex};

/// 32 bytes, big-endian where it is a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Word(pub [u8; 32]);

impl Word {
    /// All zero.
    pub const ZERO: Self = Self([0; 32]);

    /// `0x` and 64 hex digits; `what` names it in the error.
    ///
    /// # Errors
    /// [`SignError::Hex`].
    pub fn from_hex(text: &str, what: &'static str) -> Result<Self, SignError> {
        let mut word = [0; 32];
        hex::read_into(text, what, &mut word)?;
        Ok(Self(word))
    }

    /// A number as the venue writes token ids: decimal digits only, below 2^256.
    ///
    /// # Errors
    /// [`SignError::Decimal`].
    pub fn from_decimal(text: &str, what: &'static str) -> Result<Self, SignError> {
        let error = SignError::Decimal { what };
        if text.is_empty() || text.len() > 78 {
            return Err(error);
        }
        let mut limbs = [0_u64; 4];
        for digit in text.bytes() {
            let digit = char::from(digit).to_digit(10).ok_or(error)?;
            if !times_ten_plus(&mut limbs, u64::from(digit)) {
                return Err(error);
            }
        }
        let mut word = [0; 32];
        for (bytes, limb) in word.chunks_exact_mut(8).zip(limbs.iter().rev()) {
            bytes.copy_from_slice(&limb.to_be_bytes());
        }
        Ok(Self(word))
    }

    /// A number of bytes or entries in memory.
    pub(crate) fn of_size(size: usize) -> Self {
        Self::from(u64::try_from(size).unwrap_or(u64::MAX))
    }
}

/// Whether it still fits; limbs are little-endian.
fn times_ten_plus(limbs: &mut [u64; 4], digit: u64) -> bool {
    let mut carry = u128::from(digit);
    for limb in limbs.iter_mut() {
        // At most (2^64 - 1) * 10 + 2^64 - 1.
        carry = u128::from(*limb).wrapping_mul(10).wrapping_add(carry);
        *limb = u64::try_from(carry & u128::from(u64::MAX)).unwrap_or_default();
        carry >>= 64;
    }
    carry == 0
}

impl From<u64> for Word {
    fn from(number: u64) -> Self {
        let mut word = [0; 32];
        let (_, low) = word.split_at_mut(24);
        low.copy_from_slice(&number.to_be_bytes());
        Self(word)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: &str =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    #[test]
    fn a_decimal_below_two_to_the_256_is_read_and_the_next_one_is_not() {
        assert_eq!(Word::from_decimal(MAX, "token"), Ok(Word([0xff; 32])));
        let next = MAX.replace("935", "936");
        assert_eq!(Word::from_decimal(&next, "token"), Err(SignError::Decimal { what: "token" }));
        assert_eq!(
            Word::from_decimal("258", "token").map(|word| word.0[30..].to_vec()),
            Ok(vec![1, 2])
        );
    }

    #[test]
    fn texts_that_are_no_decimal_are_refused() {
        for text in ["", "-1", "+1", "1.0", " 1", "0x1", "1e3", "\u{661}", &"1".repeat(79)] {
            assert!(Word::from_decimal(text, "token").is_err(), "{text}");
        }
    }

    #[test]
    fn hex_goes_in_and_out() {
        let text = format!("0x{}", "0123456789abcdef".repeat(4));
        let word = Word::from_hex(&text, "id").unwrap();
        assert_eq!(word.to_string(), text);
        assert_eq!(Word::from_hex(&text.to_uppercase().replace("0X", "0x"), "id"), Ok(word));
        for bad in [&text[2..], &text[..65], "0xzz", &format!("{text}00")] {
            assert!(Word::from_hex(bad, "id").is_err(), "{bad}");
        }
    }
}
