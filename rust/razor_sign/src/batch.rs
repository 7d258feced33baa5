//! Calls of a deposit wallet: EIP-712 `Batch` under the wallet's own domain.

use crate::wallet::{open_session, wrap_session};
use crate::{Address, Call, Exchange, Key, SignError, Signature, Word, hex, typed};

const CALL_TYPE: &str = "Call(address target,uint256 value,bytes data)";

/// What a deposit wallet is asked to do, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The wallet.
    pub wallet: Address,
    /// The wallet's count of batches so far.
    pub nonce: Word,
    /// Last second of the epoch in which it may be done.
    pub deadline: Word,
    /// In order.
    pub calls: Vec<Call>,
}

/// Who signed a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signer {
    /// The key: whether it may sign for the wallet stands on the chain.
    pub by: Address,
    /// Whether it came in the wrapper of a session key.
    pub is_session: bool,
}

impl Batch {
    /// What is signed.
    pub fn digest(&self) -> Word {
        let separator =
            typed::separator("DepositWallet", "1", Exchange::chain(), Some(self.wallet));
        let call_type = typed::hash_text(CALL_TYPE);
        let calls: Vec<Word> = self
            .calls
            .iter()
            .map(|call| {
                let data = typed::hash_bytes(&[&call.data]);
                typed::hash_words(&[call_type, call.target.into(), call.value, data])
            })
            .collect();
        let contents = typed::hash_words(&[
            typed::hash_text(&format!(
                "Batch(address wallet,uint256 nonce,uint256 deadline,Call[] calls){CALL_TYPE}"
            )),
            self.wallet.into(),
            self.nonce,
            self.deadline,
            typed::hash_words(&calls),
        ]);
        typed::digest(separator, contents)
    }

    /// Signs as the wallet's owner, `0x…`.
    pub fn sign(&self, key: &Key) -> String {
        key.sign(self.digest()).to_string()
    }

    /// Signs as a session key, in its wrapper.
    pub fn sign_as_session(&self, key: &Key) -> String {
        let signature = key.sign(self.digest()).to_bytes();
        hex::write(&wrap_session(key.address(), &signature))
    }

    /// Who signed it.
    ///
    /// # Errors
    /// [`SignError::Length`], [`SignError::Malformed`]; [`SignError::Foreign`] where a session
    /// key's wrapper names another key.
    pub fn verify(&self, signature: &str) -> Result<Signer, SignError> {
        let bytes = hex::read_bytes(signature)?;
        let Some(opened) = open_session(&bytes, Signature::LEN) else {
            let by = Signature::from_bytes(&bytes)?.signer(self.digest())?;
            return Ok(Signer { by, is_session: false });
        };
        let (named, inner) = opened?;
        let by = Signature::from_bytes(inner)?.signer(self.digest())?;
        if by == named {
            Ok(Signer { by, is_session: true })
        } else {
            Err(SignError::Foreign { by, expected: named })
        }
    }
}
