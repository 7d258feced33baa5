//! Identifiers as the core uses them: small integers handed out in order of definition.
//!
//! The venue's texts (77-digit tokens, 64-digit conditions) are kept once, in the registry that
//! hands out the integers; everything behind the decoder speaks integers only.

mod registry;

pub use registry::{Registry, RegistryError};

/// An outcome token, in order of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenIx(pub u32);

/// A market (one binary condition with two tokens), in order of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarketIx(pub u32);

/// A set of outcome tokens that together pay one dollar, in order of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetIx(pub u32);

/// A feed connection, in order of first use within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnIx(pub u16);

/// Which of the two outcomes of a market a token is; index 0 is "YES" in all texts of razor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// `outcomes[0]`, the token the unified book is kept for.
    Yes,
    /// `outcomes[1]`, whose book is the mirror.
    No,
}
