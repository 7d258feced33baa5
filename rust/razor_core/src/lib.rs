//! The pure core of razor.
//!
//! Everything here is `step(state, event) -> (state, actions)`: no clock, no I/O, no threads, no
//! randomness and no float near money. Bytes and times come in as arguments, rows and signals go
//! out as values, and the same inputs give the same bytes on any machine.
//!
//! Start reading at [`units`], then [`ids`] and [`market`].

pub mod ids;
pub mod journal;
pub mod market;
pub mod units;
