//! EIP-712: how a struct and the contract it is for become the 32 bytes that are signed.

use sha3::{Digest, Keccak256};

use crate::{Address, Word};

/// Keccak-256 of words one after another: the hash of a struct whose members are all words.
pub(crate) fn hash_words(words: &[Word]) -> Word {
    let mut keccak = Keccak256::new();
    for word in words {
        keccak.update(word.0);
    }
    Word(keccak.finalize().into())
}

/// Keccak-256 of a text: type strings, and members that are strings.
pub(crate) fn hash_text(text: &str) -> Word {
    Word(Keccak256::digest(text.as_bytes()).into())
}

/// Keccak-256 of byte strings one after another: members that are bytes, packed messages.
pub(crate) fn hash_bytes(parts: &[&[u8]]) -> Word {
    let mut keccak = Keccak256::new();
    for part in parts {
        keccak.update(part);
    }
    Word(keccak.finalize().into())
}

/// A digest as a wallet signs it when it takes it for a message of 32 bytes.
pub(crate) fn personal(digest: Word) -> Word {
    hash_bytes(&[b"\x19Ethereum Signed Message:\n32", &digest.0])
}

/// The separator of a domain with name, version, chain and, where it has one, a contract.
pub(crate) fn separator(name: &str, version: &str, chain: u64, contract: Option<Address>) -> Word {
    let head = [hash_text(name), hash_text(version), Word::from(chain)];
    let [name, version, chain] = head;
    match contract {
        Some(contract) => hash_words(&[
            hash_text(
                "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
            ),
            name,
            version,
            chain,
            Word::from(contract),
        ]),
        None => hash_words(&[
            hash_text("EIP712Domain(string name,string version,uint256 chainId)"),
            name,
            version,
            chain,
        ]),
    }
}

/// What is signed: `0x1901`, the separator of the domain, the hash of the struct.
pub(crate) fn digest(separator: Word, contents: Word) -> Word {
    let mut keccak = Keccak256::new();
    keccak.update([0x19, 0x01]);
    keccak.update(separator.0);
    keccak.update(contents.0);
    Word(keccak.finalize().into())
}
