//! Why a text, a key or a signature is not taken.

use thiserror::Error;

/// What was wrong; never holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignError {
    /// Not `0x` and so many hex digits.
    #[error("{what} must be 0x and {digits} hex digits; copy it whole")]
    Hex {
        /// What was read.
        what: &'static str,
        /// Digits expected.
        digits: usize,
    },
    /// Not a decimal integer below 2^256.
    #[error("{what} must be a decimal integer below 2^256, digits only")]
    Decimal {
        /// What was read.
        what: &'static str,
    },
    /// A key outside 1 ..= n-1 of the curve.
    #[error("the private key is not on the curve; check that it is a key and not an address")]
    Key,
    /// A signature of another length than its type has.
    #[error("a signature of {found} bytes where its type has {expected}; sign again")]
    Length {
        /// Bytes found.
        found: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// Bytes that are no signature of anything.
    #[error("the signature is malformed: r, s or v out of range; sign again")]
    Malformed,
    /// A good signature by somebody else.
    #[error("the signature is by {by}, not by {expected}; sign with the owner's key")]
    Foreign {
        /// Who signed.
        by: crate::Address,
        /// Who had to.
        expected: crate::Address,
    },
    /// Maker and signer do not fit the signature type.
    #[error("maker and signer must be the same address for signature type {0}")]
    MakerSigner(u8),
    /// A wrapped signature over another order or for another exchange.
    #[error("the wrapped signature speaks of another {0}; sign this order for this exchange")]
    Wrapped(&'static str),
    /// A signature type that does not exist.
    #[error("signature type {0} is not one of 0, 1, 2, 3")]
    Type(u8),
    /// An API secret that is not base64.
    #[error("the API secret is not URL-safe base64; create the API key again")]
    Secret,
}
