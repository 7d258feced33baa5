//! Which wallets belong to an owner: their addresses follow from the owner's by CREATE2.
//!
//! ```text
//! address = last 20 bytes of keccak(0xff ‖ factory ‖ salt ‖ keccak(creation code))
//! ```
//!
//! Factories are those of PROTOCOL.md §0.2. The creation codes are facts of the chain: a minimal
//! proxy with its constructor, a Safe's by its hash alone, and ERC-1967 proxies that carry factory
//! and owner as immutable arguments, first behind an implementation (until 2026-06-29), now behind
//! a beacon.

use sha3::{Digest, Keccak256};

use crate::{Address, Word, typed};

const PROXY_FACTORY: Address = Address(
    *b"\xaB\x45\xc5\xA4\xB0\xc9\x41\xa2\xF2\x31\xC0\x4C\x3f\x49\
  \x18\x2e\x1A\x25\x40\x52",
);
const PROXY_CODE: &[u8] = b"\x44\xe9\x99\xd5\xc2\xF6\x6E\xf0\x86\x13\x17\xf9\xA4\x80\x5A\xC2\xe9\
  \x0a\xEB\x4f";
const SAFE_FACTORY: Address = Address(
    *b"\xaa\xcF\xeE\xa0\x3e\xb1\x56\x1C\x4e\x67\xd6\x61\xe4\x06\
  \x82\xBd\x20\xE3\x54\x1b",
);
const SAFE_CODE_HASH: Word = Word(
    *b"\x2b\xce\x21\x27\xff\x07\xfb\x63\x2d\x16\xc8\x34\x7c\x4e\xbf\
  \x50\x1f\x48\x41\x16\x8b\xed\x00\xd9\xe6\xef\x71\x5d\xdb\x6f\xce\xcf",
);
const DEPOSIT_FACTORY: Address = Address(
    *b"\x00\x00\x00\x00\x00\x0F\xb5\xC9\xAD\xea\x02\x98\xD7\
  \x29\xA0\xCB\x38\x23\xCc\x07",
);
const DEPOSIT_CODE: &[u8] = b"\x58\xCA\x52\xeb\xe0\xDa\xdf\xdF\x53\x1C\xde\x70\x62\xe7\x67\x46\xde\
  \x4D\xb1\xeB";
const DEPOSIT_BEACON: &[u8] = b"\x7A\x18\xED\xfe\x05\x54\x88\xA3\x12\x8f\x01\xF5\x63\xe5\xB4\x79\
  \xD9\x2f\xfc\x3a";

/// The proxy wallet of an owner (signature type 1).
pub fn proxy_of(owner: Address) -> Address {
    let code = keccak(&[
        b"\x3d\x3d\x60\x63\x80\x38\x03\x80\x91\x3d\x39\x3d\x73",
        &PROXY_FACTORY.0,
        b"\x5a\xf4\x60\x2a\x57\x60\x00\x80\xfd\x5b\x60\x2d\x80\x60\x36\x60\x00\x39\x60\x00\xf3",
        b"\x36\x3d\x3d\x37\x3d\x3d\x3d\x36\x3d\x73",
        PROXY_CODE,
        b"\x5a\xf4\x3d\x82\x80\x3e\x90\x3d\x91\x60\x2b\x57\xfd\x5b\xf3",
        b"\x52\xe8\x31\xdd",
        &Word::from(32).0,
        &Word::ZERO.0,
    ]);
    create2(PROXY_FACTORY, keccak(&[&owner.0]), code)
}

/// The Safe of an owner (signature type 2).
pub fn safe_of(owner: Address) -> Address {
    create2(SAFE_FACTORY, typed::hash_words(&[owner.into()]), SAFE_CODE_HASH)
}

/// The deposit wallet of an owner (signature type 3) as it is made since 2026-06-29.
pub fn deposit_wallet_of(owner: Address) -> Address {
    deposit_wallet(owner, &|arguments| {
        keccak(&[
            b"\x61\x00\x92\x3d\x81\x60\x23\x3d\x39\x73",
            DEPOSIT_BEACON,
            b"\x60\x19\x51\x55\xf3\x36\x3d\x3d\x37\x3d\x3d\x36\x3d\x60\x20\x36\x60\x04\x36\x63\x5c\
              \x60\xda",
            b"\x1b\x60\xe0\x1b\x36\x52\x7f\xa3\xf0\xad\x74\xe5\x42\x3a\xeb\xfd\x80\xd3\xef\x43\x46\
              \x57\x83\x35\xa9\xa7\x2a\xea\xee\x59\xff\x6c",
            b"\xb3\x58\x2b\x35\x13\x3d\x50\x54\x5a\xfa\x50\x36\x51\x5a\xf4\x3d\x60\x00\x80\x3e\x60\
              \x4d\x57\x3d\x60\x00\xfd\x5b\x3d\x60\x00\xf3",
            arguments,
        ])
    })
}

/// The deposit wallet of an owner as it was made before 2026-06-29.
pub fn first_deposit_wallet_of(owner: Address) -> Address {
    deposit_wallet(owner, &|arguments| {
        keccak(&[
            b"\x61\x00\x7d\x3d\x81\x60\x23\x3d\x39\x73",
            DEPOSIT_CODE,
            b"\x60\x09\x51\x55\xf3\x36\x3d\x3d\x37\x3d\x3d\x36\x3d\x7f\x36\x08\x94\xa1\x3b\xa1\xa3\
              \x21\x06\x67\xc8\x28\x49\x2d\xb9\x8d\xca\x3e\x20\x76",
            b"\xcc\x37\x35\xa9\x20\xa3\xca\x50\x5d\x38\x2b\xbc\x54\x5a\xf4\x3d\x60\x00\x80\x3e\x60\
              \x38\x57\x3d\x60\x00\xfd\x5b\x3d\x60\x00\xf3",
            arguments,
        ])
    })
}

fn deposit_wallet(owner: Address, code_hash: &dyn Fn(&[u8]) -> Word) -> Address {
    let mut arguments = [0; 64];
    let (factory, id) = arguments.split_at_mut(32);
    factory.copy_from_slice(&Word::from(DEPOSIT_FACTORY).0);
    id.copy_from_slice(&Word::from(owner).0);
    create2(DEPOSIT_FACTORY, keccak(&[&arguments]), code_hash(&arguments))
}

fn create2(factory: Address, salt: Word, code: Word) -> Address {
    let hash = keccak(&[&[0xff], &factory.0, &salt.0, &code.0]);
    Address(*hash.0.last_chunk().unwrap_or(&[0; 20]))
}

fn keccak(parts: &[&[u8]]) -> Word {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    Word(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SignatureType;

    /// Owner; proxy, Safe, first and present deposit wallet as the official client derives them.
    const WALLETS: [[&str; 5]; 3] = [
        [
            "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            "0x365f0CA36Ae1f641E02fE3B7743673da42A13A70",
            "0xd93B25cb943D14d0d34FBaF01Fc93a0f8b5F6E47",
            "0xdf8b9E8f9AB23f261F6e1B171B7454ae6E46Ba76",
            "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50",
        ],
        [
            "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            "0xd9d24e482c11F586cd9A1a53dC3eEc6dE3883862",
            "0x8ac5D4Bd2752AFc9F5CA531f19D617647216B893",
            "0x5F4f45aBd6e86C60B3Df2a4aF103f85256A2Ce6d",
            "0x4Fe2CC4925607a473264FA89e7138075695A5F8e",
        ],
        [
            "0x0000000000000000000000000000000000000001",
            "0x7754536ecd85c00b2E0CF9c1aA679340D8550756",
            "0x766b6851A199BF91Ae3fa13B1cfaC5187355118f",
            "0x57ffBc34De23124fAeb8387fcd689d314E57aCcD",
            "0x94bF330955A0b957662fEaF878dE77bf25f76cD9",
        ],
    ];

    #[test]
    fn wallets_are_those_the_official_client_derives() {
        for [owner, proxy, safe, first, present] in WALLETS {
            let owner = Address::from_hex(owner).unwrap();
            assert_eq!(proxy_of(owner).to_string(), proxy);
            assert_eq!(safe_of(owner).to_string(), safe);
            assert_eq!(first_deposit_wallet_of(owner).to_string(), first);
            assert_eq!(deposit_wallet_of(owner).to_string(), present);
        }
    }

    #[test]
    fn a_wallet_belongs_to_one_owner_under_one_kind() {
        let kinds = [
            SignatureType::Eoa,
            SignatureType::Proxy,
            SignatureType::Safe,
            SignatureType::DepositWallet,
        ];
        for [owner, proxy, safe, first, present] in WALLETS {
            let [owner, proxy, safe, first, present] =
                [owner, proxy, safe, first, present].map(|text| Address::from_hex(text).unwrap());
            for kind in kinds {
                let has = [owner, proxy, safe, first, present]
                    .map(|wallet| kind.is_wallet_of(wallet, owner));
                assert_eq!(has, [0, 1, 2, 3, 3].map(|code| code == kind.code()), "{kind:?}");
                assert!(!kind.is_wallet_of(proxy, Address([3; 20])));
            }
        }
    }
}
