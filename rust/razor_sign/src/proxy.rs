//! Calls of a proxy wallet: a message for the relay hub, signed as a personal message; the calls
//! stand in the data for the wallets' factory.

use crate::calls::{Read32, address};
use crate::{Address, Call, CallError, Contract, Key, SignError, Signature, Word, typed};

const PROXY: &str = "proxy((uint8,address,uint256,bytes)[])";
/// An entry that is a call; others create contracts.
const CALL: u64 = 1;

/// What the hub is asked to pass on for the owner of a proxy wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyTransaction {
    /// The owner.
    pub from: Address,
    /// The factory.
    pub to: Address,
    /// Its data: the calls.
    pub data: Vec<u8>,
    /// Fee of the relay, per cent.
    pub relayer_fee: Word,
    /// Price of gas, wei.
    pub gas_price: Word,
    /// Gas at most.
    pub gas_limit: Word,
    /// The owner's count of messages so far.
    pub nonce: Word,
    /// The hub.
    pub relay_hub: Address,
    /// Who sends it.
    pub relay: Address,
}

impl ProxyTransaction {
    /// The hub's hash of it.
    pub fn digest(&self) -> Word {
        typed::hash_bytes(&[
            b"rlx:",
            &self.from.0,
            &self.to.0,
            &self.data,
            &self.relayer_fee.0,
            &self.gas_price.0,
            &self.gas_limit.0,
            &self.nonce.0,
            &self.relay_hub.0,
            &self.relay.0,
        ])
    }

    /// Signs as the owner, `0x…`.
    pub fn sign(&self, key: &Key) -> String {
        key.sign(typed::personal(self.digest())).to_string()
    }

    /// Who signed it.
    ///
    /// # Errors
    /// [`SignError::Length`], [`SignError::Malformed`].
    pub fn verify(&self, signature: &str) -> Result<Address, SignError> {
        Signature::from_hex(signature)?.signer(typed::personal(self.digest()))
    }

    /// The calls inside.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn calls(&self) -> Result<Vec<Call>, CallError> {
        if self.to == Contract::ProxyFactory.address() {
            unpack(&self.data)
        } else {
            Err(CallError::Target(self.to))
        }
    }
}

/// The factory's data of several calls.
pub fn pack(calls: &[Call]) -> Vec<u8> {
    let mut data = crate::Selector::of(PROXY).0.to_vec();
    data.extend_from_slice(&Word::from(32).0);
    data.extend_from_slice(&Word::of_size(calls.len()).0);
    let mut offset = calls.len().saturating_mul(32);
    let mut entries = Vec::new();
    for call in calls {
        data.extend_from_slice(&Word::of_size(offset).0);
        let padded = call.data.len().next_multiple_of(32);
        let head = [CALL.into(), call.target.into(), call.value, Word::from(128)];
        entries.extend(head.iter().flat_map(|word| word.0));
        entries.extend_from_slice(&Word::of_size(call.data.len()).0);
        entries.extend_from_slice(&call.data);
        entries.resize(entries.len().next_multiple_of(32), 0);
        offset = offset.saturating_add(padded).saturating_add(160);
    }
    data.extend_from_slice(&entries);
    data
}

/// The calls of the factory's data.
///
/// # Errors
/// [`CallError::Wrapper`] for data that [`pack`] does not make.
pub fn unpack(data: &[u8]) -> Result<Vec<Call>, CallError> {
    let calls = read(data).ok_or(CallError::Wrapper)?;
    if pack(&calls) == data { Ok(calls) } else { Err(CallError::Wrapper) }
}

fn read(data: &[u8]) -> Option<Vec<Call>> {
    let mut entries = Read32::new(data.get(4..)?);
    entries.word()?;
    let count = entries.size()?;
    entries.bytes(count.checked_mul(32)?)?;
    let mut calls = Vec::new();
    while !entries.is_empty() {
        entries.word()?;
        let target = address(entries.word()?, "the target").ok()?;
        let value = entries.word()?;
        entries.word()?;
        let size = entries.size()?;
        let data = entries.bytes(size)?.to_vec();
        entries.bytes(size.checked_next_multiple_of(32)?.checked_sub(size)?)?;
        calls.push(Call { target, value, data });
    }
    Some(calls)
}
