//! The pure core of razor.
//!
//! Everything here is `step(state, event) -> (state, actions)`: no clock, no I/O, no threads, no
//! randomness and no float near money. Bytes and times come in as arguments, rows and signals go
//! out as values, and the same inputs give the same bytes on any machine.
//!
//! Start reading at [`engine`] for the whole fold, or at [`units`], then [`ids`] and [`market`],
//! [`wire`] (bytes to messages), [`book`] (messages to books), [`detect`] (books to sets worth a
//! look), [`signal`] (what the frozen rules say of a set) and [`shadow`] (what it would have
//! earned).

pub mod basket;
pub mod book;
pub mod detect;
pub mod engine;
pub mod fees;
pub mod ids;
pub mod journal;
pub mod ledger;
pub mod market;
pub mod order;
pub mod risk;
pub mod shadow;
pub mod signal;
pub mod size;
pub mod units;
pub mod wire;
