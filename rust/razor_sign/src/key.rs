//! A private key and the signatures it makes.

use core::fmt;

use k256::ecdsa::{RecoveryId, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::{Address, SignError, Word, hex};

/// A private key; zeroed when dropped, never shown, never given back.
pub struct Key(SigningKey);

impl Key {
    /// `0x` and 64 hex digits.
    ///
    /// # Errors
    /// [`SignError::Hex`] or [`SignError::Key`]; neither repeats what was given.
    pub fn from_hex(text: &str) -> Result<Self, SignError> {
        let mut bytes = Zeroizing::new([0; 32]);
        hex::read_into(text, "a private key", bytes.as_mut())?;
        SigningKey::from_slice(bytes.as_ref()).map(Self).map_err(|_| SignError::Key)
    }

    /// The account of this key.
    pub fn address(&self) -> Address {
        address_of(self.0.verifying_key())
    }

    /// Signs 32 bytes; the same bytes give the same signature.
    pub fn sign(&self, digest: Word) -> Signature {
        let (signature, parity) = self.0.sign_prehash_recoverable(&digest.0);
        Signature { rs: signature.to_bytes().into(), is_odd: parity.is_y_odd() }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

fn address_of(key: &VerifyingKey) -> Address {
    let point = key.to_sec1_point(false);
    Address::of_public_key(point.as_bytes().get(1..).unwrap_or_default())
}

/// `r ‖ s ‖ v` with v 27 or 28.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    rs: [u8; 64],
    is_odd: bool,
}

impl Signature {
    /// Bytes of an ECDSA signature.
    pub const LEN: usize = 65;

    /// 65 bytes; v as 27, 28 or 0, 1.
    ///
    /// # Errors
    /// [`SignError::Length`], [`SignError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignError> {
        let length = SignError::Length { found: bytes.len(), expected: Self::LEN };
        let (rs, v) = bytes.split_first_chunk::<64>().ok_or(length)?;
        let is_odd = match v {
            [27 | 0] => false,
            [28 | 1] => true,
            [_] => return Err(SignError::Malformed),
            _ => return Err(length),
        };
        Ok(Self { rs: *rs, is_odd })
    }

    /// From `0x…` text.
    ///
    /// # Errors
    /// [`SignError::Length`], [`SignError::Malformed`].
    pub fn from_hex(text: &str) -> Result<Self, SignError> {
        Self::from_bytes(&hex::read_bytes(text)?)
    }

    /// The 65 bytes.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (rs, v) = bytes.split_at_mut(64);
        rs.copy_from_slice(&self.rs);
        v.fill(if self.is_odd { 28 } else { 27 });
        bytes
    }

    /// Who signed these 32 bytes. A high `s` is refused, as the contracts refuse it.
    ///
    /// # Errors
    /// [`SignError::Malformed`].
    pub fn signer(&self, digest: Word) -> Result<Address, SignError> {
        let rs = k256::ecdsa::Signature::from_slice(&self.rs).map_err(|_| SignError::Malformed)?;
        if rs.normalize_s() != rs {
            return Err(SignError::Malformed);
        }
        let parity = RecoveryId::new(self.is_odd, false);
        let key = VerifyingKey::recover_from_prehash(&digest.0, &rs, parity)
            .map_err(|_| SignError::Malformed)?;
        Ok(address_of(&key))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.to_bytes()))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
