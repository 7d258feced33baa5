//! The header of private calls: HMAC-SHA-256 under the API secret.

use core::fmt;

use base64ct::{Base64Url, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::SignError;

/// An API secret, ready to sign with; zeroed when dropped, never shown.
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// URL-safe base64 with padding, as the venue hands it out.
    ///
    /// # Errors
    /// [`SignError::Secret`].
    pub fn from_base64(text: &str) -> Result<Self, SignError> {
        let bytes = Zeroizing::new(Base64Url::decode_vec(text).map_err(|_| SignError::Secret)?);
        Hmac::new_from_slice(&bytes).map(Self).map_err(|_| SignError::Secret)
    }

    /// `POLY_SIGNATURE` of a call: time in seconds as the header's text, the method in capitals,
    /// the path without host and query, the exact body bytes (empty for none).
    pub fn sign(&self, timestamp: &str, method: &str, path: &str, body: &[u8]) -> String {
        let code = self.mac(timestamp, method, path, body).finalize().into_bytes();
        Base64Url::encode_string(&code)
    }

    /// Whether `signature` is that of the call; takes the same time for every wrong one.
    pub fn verify(
        &self,
        timestamp: &str,
        method: &str,
        path: &str,
        body: &[u8],
        signature: &str,
    ) -> bool {
        let given = Base64Url::decode_vec(signature);
        given.is_ok_and(|code| self.mac(timestamp, method, path, body).verify_slice(&code).is_ok())
    }

    fn mac(&self, timestamp: &str, method: &str, path: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in [timestamp.as_bytes(), method.as_bytes(), path.as_bytes(), body] {
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
