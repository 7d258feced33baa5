//! Signatures of the venue: what an order, a login and a private call are signed with.
//!
//! Owns: [`Address`], [`Word`], [`Order`] and its hash under an [`Exchange`], [`Key`] and
//! [`Signature`], the wallets of an owner in
//! [`derive`], the login of [`l1`], the headers of [`l2`], [`wallet`], how a deposit wallet
//! wraps the signature of its owner, and what the relayer is given: [`Batch`], [`SafeTransaction`]
//! and [`ProxyTransaction`] with the [`Call`]s inside and the [`Act`]s those ask for.
//!
//! Must never: give key bytes away by value, text, debug output or error; read a clock, a file or
//! the environment; draw a random number (signatures are deterministic, RFC 6979).
//!
//! Invariants: every byte string and text is either understood or a [`SignError`]; the id of an
//! order is known before it is signed; a secret is zeroed when it is dropped.
//!
//! Sources: the venue's order and login as PROTOCOL.md §4 gives them, checked against vectors made
//! with the official clients (`tests/vectors.rs`).

mod address;
mod batch;
mod calls;
mod contract;
pub mod derive;
mod error;
mod exchange;
mod hex;
mod key;
pub mod l1;
pub mod l2;
mod order;
pub mod proxy;
pub mod safe;
mod typed;
pub mod wallet;
mod word;

pub use address::Address;
pub use batch::{Batch, Signer};
pub use calls::{Act, Adapter, Call, CallError, Selector, Tokens};
pub use contract::Contract;
pub use error::SignError;
pub use exchange::{Exchange, Version};
pub use key::{Key, Signature};
pub use order::{Order, Side, SignatureType, Signed};
pub use proxy::ProxyTransaction;
pub use safe::{Operation, SafeTransaction};
pub use word::Word;
