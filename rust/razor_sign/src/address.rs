//! An account of the chain.

use core::fmt;

use sha3::{Digest, Keccak256};

use crate::{SignError, Word, hex};

/// 20 bytes; read in either case, written with the checksum of EIP-55.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// `0x` and 40 hex digits; the case of the letters is not checked, as the venue does not.
    ///
    /// # Errors
    /// [`SignError::Hex`].
    pub fn from_hex(text: &str) -> Result<Self, SignError> {
        let mut bytes = [0; 20];
        hex::read_into(text, "an address", &mut bytes)?;
        Ok(Self(bytes))
    }

    /// The last 20 bytes of the hash of an uncompressed public key without its first byte.
    pub(crate) fn of_public_key(point: &[u8]) -> Self {
        let hash: [u8; 32] = Keccak256::digest(point).into();
        let mut bytes = [0; 20];
        bytes.copy_from_slice(hash.last_chunk::<20>().unwrap_or(&[0; 20]));
        Self(bytes)
    }
}

impl From<Address> for Word {
    fn from(address: Address) -> Self {
        let mut word = [0; 32];
        let (_, low) = word.split_at_mut(12);
        low.copy_from_slice(&address.0);
        Self(word)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lower = hex::write(&self.0);
        let digits = lower.strip_prefix("0x").unwrap_or_default();
        let hash: [u8; 32] = Keccak256::digest(digits.as_bytes()).into();
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        f.write_str("0x")?;
        for (digit, nibble) in digits.chars().zip(nibbles) {
            let digit = if nibble >= 8 { digit.to_ascii_uppercase() } else { digit };
            fmt::Write::write_char(f, digit)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_the_checksum_of_eip_55() {
        // The four mixed-case examples of EIP-55.
        for text in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            assert_eq!(Address::from_hex(&text.to_lowercase()).unwrap().to_string(), text);
        }
    }
}
