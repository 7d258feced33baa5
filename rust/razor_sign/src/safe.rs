//! Calls of a Safe: EIP-712 `SafeTx`, signed once more as a personal message; several calls go
//! through the multisend contract.

use crate::calls::Read32;
use crate::{
    Address, Call, CallError, Contract, Exchange, Key, SignError, Signature, Word, hex, typed,
};

const TYPE: &str = "SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,\
uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)";
const MULTISEND: &str = "multiSend(bytes)";
/// Added to v where the digest was signed as a personal message.
const PERSONAL: u8 = 4;

/// How a Safe runs what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// One call.
    Call,
    /// The code of another contract in its own name: several calls through multisend.
    Delegate,
}

/// What a Safe is asked to do; gas prices and refunds are zero, as in every one the client makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeTransaction {
    /// The Safe.
    pub safe: Address,
    /// Call, or the multisend contract with several.
    pub call: Call,
    /// Which of both.
    pub operation: Operation,
    /// The Safe's count of transactions so far.
    pub nonce: Word,
}

impl SafeTransaction {
    /// The Safe's own hash of it.
    pub fn digest(&self) -> Word {
        let separator = typed::hash_words(&[
            typed::hash_text("EIP712Domain(uint256 chainId,address verifyingContract)"),
            Word::from(Exchange::chain()),
            self.safe.into(),
        ]);
        let operation = match self.operation {
            Operation::Call => 0,
            Operation::Delegate => 1,
        };
        let contents = typed::hash_words(&[
            typed::hash_text(TYPE),
            self.call.target.into(),
            self.call.value,
            typed::hash_bytes(&[&self.call.data]),
            Word::from(operation),
            Word::ZERO,
            Word::ZERO,
            Word::ZERO,
            Word::ZERO,
            Word::ZERO,
            self.nonce,
        ]);
        typed::digest(separator, contents)
    }

    /// Signs as the owner, `0x…`, v 31 or 32.
    pub fn sign(&self, key: &Key) -> String {
        let mut bytes = key.sign(typed::personal(self.digest())).to_bytes();
        let [.., v] = &mut bytes;
        *v = v.saturating_add(PERSONAL);
        hex::write(&bytes)
    }

    /// Who signed it.
    ///
    /// # Errors
    /// [`SignError::Length`], [`SignError::Malformed`].
    pub fn verify(&self, signature: &str) -> Result<Address, SignError> {
        let mut bytes = hex::read_bytes(signature)?;
        let length = SignError::Length { found: bytes.len(), expected: Signature::LEN };
        match bytes.last_mut() {
            Some(v @ (31 | 32)) => *v = v.saturating_sub(PERSONAL),
            Some(_) => return Err(SignError::Malformed),
            None => return Err(length),
        }
        Signature::from_bytes(&bytes)?.signer(typed::personal(self.digest()))
    }

    /// The calls inside.
    ///
    /// # Errors
    /// [`CallError`] where a delegated call is not multisend's.
    pub fn calls(&self) -> Result<Vec<Call>, CallError> {
        match self.operation {
            Operation::Call => Ok(vec![self.call.clone()]),
            Operation::Delegate => {
                if self.call.target != Contract::Multisend.address() {
                    return Err(CallError::Target(self.call.target));
                }
                if self.call.value != Word::ZERO {
                    return Err(CallError::Value);
                }
                unpack(&self.call.data)
            }
        }
    }
}

/// The multisend data of several calls.
pub fn pack(calls: &[Call]) -> Vec<u8> {
    let mut packed = Vec::new();
    for call in calls {
        packed.push(0);
        packed.extend_from_slice(&call.target.0);
        packed.extend_from_slice(&call.value.0);
        packed.extend_from_slice(&Word::of_size(call.data.len()).0);
        packed.extend_from_slice(&call.data);
    }
    let mut data = crate::Selector::of(MULTISEND).0.to_vec();
    data.extend_from_slice(&Word::from(32).0);
    data.extend_from_slice(&Word::of_size(packed.len()).0);
    let padded = packed.len().next_multiple_of(32);
    packed.resize(padded, 0);
    data.extend_from_slice(&packed);
    data
}

/// The calls of multisend data.
///
/// # Errors
/// [`CallError::Wrapper`] for data that [`pack`] does not make.
pub fn unpack(data: &[u8]) -> Result<Vec<Call>, CallError> {
    let calls = read(data).ok_or(CallError::Wrapper)?;
    if pack(&calls) == data { Ok(calls) } else { Err(CallError::Wrapper) }
}

fn read(data: &[u8]) -> Option<Vec<Call>> {
    let mut outer = Read32::new(data.get(4..)?);
    outer.word()?;
    let size = outer.size()?;
    let mut packed = Read32::new(outer.bytes(size)?);
    let mut calls = Vec::new();
    while !packed.is_empty() {
        let [0] = packed.bytes(1)? else { return None };
        let target = packed.bytes(20)?;
        let value = packed.word()?;
        let size = packed.size()?;
        let data = packed.bytes(size)?.to_vec();
        calls.push(Call { target: Address(target.try_into().ok()?), value, data });
    }
    Some(calls)
}
