//! The login with a wallet's key: an EIP-712 message that makes or finds an API key.

use crate::{Address, Exchange, Key, SignError, Signature, Word, typed};

const MESSAGE: &str = "This message attests that I control the given wallet";
const TYPE: &str = "ClobAuth(address address,string timestamp,uint256 nonce,string message)";

/// What is signed: `timestamp` is the header's text (seconds), `nonce` tells one API key of the
/// address from the next.
pub fn digest(address: Address, timestamp: &str, nonce: u64) -> Word {
    let separator = typed::separator("ClobAuthDomain", "1", Exchange::chain(), None);
    let contents = typed::hash_words(&[
        typed::hash_text(TYPE),
        address.into(),
        typed::hash_text(timestamp),
        Word::from(nonce),
        typed::hash_text(MESSAGE),
    ]);
    typed::digest(separator, contents)
}

/// The header `POLY_SIGNATURE` of the login.
pub fn sign(key: &Key, timestamp: &str, nonce: u64) -> Signature {
    key.sign(digest(key.address(), timestamp, nonce))
}

/// Checks that `address` signed the login.
///
/// # Errors
/// [`SignError::Length`], [`SignError::Malformed`], [`SignError::Foreign`].
pub fn verify(
    address: Address,
    timestamp: &str,
    nonce: u64,
    signature: &str,
) -> Result<(), SignError> {
    let by = Signature::from_hex(signature)?.signer(digest(address, timestamp, nonce))?;
    if by == address { Ok(()) } else { Err(SignError::Foreign { by, expected: address }) }
}
