//! The contracts an order can be signed for.

use crate::{Address, Word, typed};

/// Polygon.
const POLYGON: u64 = 137;

/// Which domain an exchange signs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Plain and negative-risk markets since 2026-04-28.
    V2,
    /// Positions of the second protocol.
    V3,
}

impl Version {
    const fn text(self) -> &'static str {
        match self {
            Self::V2 => "2",
            Self::V3 => "3",
        }
    }
}

/// A contract that settles orders; wrong contract, wrong order id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// Its address.
    pub contract: Address,
    /// Its signing domain.
    pub version: Version,
    separator: Word,
}

impl Exchange {
    /// An exchange on Polygon; the separator is computed once.
    pub fn new(contract: Address, version: Version) -> Self {
        let separator =
            typed::separator("Polymarket CTF Exchange", version.text(), POLYGON, Some(contract));
        Self { contract, version, separator }
    }

    /// CTF Exchange V2: plain markets.
    pub fn plain() -> Self {
        Self::new(
            Address(
                *b"\xe1\x11\x18\x00\x00\xd2\x66\x3c\x00\x91\xe4\xf4\x00\x23\x75\x45\xb8\
          \x7b\x99\x6b",
            ),
            Version::V2,
        )
    }

    /// Neg Risk CTF Exchange V2: markets of exclusive groups.
    pub fn neg_risk() -> Self {
        Self::new(
            Address(
                *b"\xe2\x22\x2d\x27\x9d\x74\x40\x50\xd2\x8e\x00\x52\x00\x10\x52\x00\x00\
          \x31\x0f\x59",
            ),
            Version::V2,
        )
    }

    /// Exchange V3: positions of the second protocol.
    pub fn v3() -> Self {
        Self::new(
            Address(
                *b"\xe3\x33\x37\x00\xca\x9d\x93\x00\x3f\x00\xf0\xf7\x1f\x85\x15\x00\x5f\
          \x6c\x00\xaa",
            ),
            Version::V3,
        )
    }

    /// EIP-712 domain separator.
    pub const fn separator(&self) -> Word {
        self.separator
    }

    pub(crate) const fn chain() -> u64 {
        POLYGON
    }
}
