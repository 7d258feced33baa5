//! Signatures of deposit wallets: the owner's signature in the wrapper of ERC-7739.
//!
//! ```text
//! ecdsa(65) ‖ exchange separator(32) ‖ hash of the order struct(32) ‖ order type text ‖ len(2)
//! ```
//!
//! A session key signs the same and is wrapped once more: `abi(bytes32 signer, bytes32 0, bytes)`
//! followed by 32 bytes of `6492`.

use crate::order::{ORDER_TYPE, Order, Signed};
use crate::{Address, Exchange, Key, SignError, Signature, Word, calls, typed};

const SESSION_MAGIC: &[u8] = [[0x64, 0x92]; 16].as_flattened();

/// Bytes of a wrapped signature.
pub const LEN: usize = Signature::LEN + 64 + ORDER_TYPE.len() + 2;

/// What the owner signs: the order inside the wallet's own domain, under the exchange.
fn digest(order: &Order, exchange: &Exchange) -> Word {
    let contents = typed::hash_words(&[
        typed::hash_text(&format!(
            "TypedDataSign(Order contents,string name,string version,uint256 chainId,\
             address verifyingContract,bytes32 salt){ORDER_TYPE}"
        )),
        order.contents(),
        typed::hash_text("DepositWallet"),
        typed::hash_text("1"),
        Word::from(Exchange::chain()),
        order.maker.into(),
        Word::ZERO,
    ]);
    typed::digest(exchange.separator(), contents)
}

/// The wrapped signature of the wallet's owner.
pub fn sign(order: &Order, exchange: &Exchange, key: &Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LEN);
    bytes.extend_from_slice(&key.sign(digest(order, exchange)).to_bytes());
    bytes.extend_from_slice(&exchange.separator().0);
    bytes.extend_from_slice(&order.contents().0);
    bytes.extend_from_slice(ORDER_TYPE.as_bytes());
    bytes.extend_from_slice(&type_len());
    bytes
}

/// The type text is far under 2¹⁶ bytes.
fn type_len() -> [u8; 2] {
    u16::try_from(ORDER_TYPE.len()).unwrap_or_default().to_be_bytes()
}

/// Wraps an owner's signature as a session key of address `signer` sends it.
pub fn wrap_session(signer: Address, wrapped: &[u8]) -> Vec<u8> {
    let len = u64::try_from(wrapped.len()).unwrap_or_default();
    let mut bytes = Vec::new();
    for word in [Word::from(signer), Word::ZERO, Word::from(96), Word::from(len)] {
        bytes.extend_from_slice(&word.0);
    }
    bytes.extend_from_slice(wrapped);
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend_from_slice(SESSION_MAGIC);
    bytes
}

/// Checks a wrapped signature, of an owner or a session key.
///
/// # Errors
/// [`SignError::Length`], [`SignError::Malformed`], [`SignError::Wrapped`],
/// [`SignError::Foreign`] where a session key's wrapper names another key.
pub fn verify(order: &Order, exchange: &Exchange, bytes: &[u8]) -> Result<Signed, SignError> {
    let id = order.id(exchange);
    let Some(opened) = open_session(bytes, LEN) else {
        return Ok(Signed { id, by: owner(order, exchange, bytes)?, is_session: false });
    };
    let (named, inner) = opened?;
    let by = owner(order, exchange, inner)?;
    if by != named {
        return Err(SignError::Foreign { by, expected: named });
    }
    Ok(Signed { id, by, is_session: true })
}

/// The key behind a wrapped signature of this order for this exchange.
fn owner(order: &Order, exchange: &Exchange, bytes: &[u8]) -> Result<Address, SignError> {
    let length = SignError::Length { found: bytes.len(), expected: LEN };
    if bytes.len() != LEN {
        return Err(length);
    }
    let (ecdsa, rest) = bytes.split_first_chunk::<{ Signature::LEN }>().ok_or(length)?;
    let (separator, rest) = rest.split_first_chunk::<32>().ok_or(length)?;
    let (contents, text) = rest.split_first_chunk::<32>().ok_or(length)?;
    if *separator != exchange.separator().0 {
        return Err(SignError::Wrapped("exchange"));
    }
    if *contents != order.contents().0 {
        return Err(SignError::Wrapped("order"));
    }
    if text.strip_suffix(type_len().as_slice()) != Some(ORDER_TYPE.as_bytes()) {
        return Err(SignError::Wrapped("type"));
    }
    Signature::from_bytes(ecdsa)?.signer(digest(order, exchange))
}

/// The named key and the signature of `len` bytes inside the wrapper of a session key; None where
/// there is no such wrapper.
pub(crate) fn open_session(
    bytes: &[u8],
    len: usize,
) -> Option<Result<(Address, &[u8]), SignError>> {
    let abi = bytes.strip_suffix(SESSION_MAGIC)?;
    Some(open(abi, len).ok_or(SignError::Malformed))
}

fn open(abi: &[u8], len: usize) -> Option<(Address, &[u8])> {
    let (head, data) = abi.split_first_chunk::<128>()?;
    let mut words = head.as_chunks::<32>().0.iter().map(|word| Word(*word));
    let (signer, zero, offset) = (words.next()?, words.next()?, words.next()?);
    if zero != Word::ZERO || offset != Word::from(96) || words.next()? != Word::of_size(len) {
        return None;
    }
    let (inner, padding) = data.split_at_checked(len)?;
    let is_padding = padding.len() == len.next_multiple_of(32).saturating_sub(len);
    if !is_padding || padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some((calls::address(signer, "a session key").ok()?, inner))
}
