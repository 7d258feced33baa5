//! The shell of razor in Rust: what touches files, clocks and threads, so that the core need not.
//!
//! Nothing here decides about money. It makes inputs durable ([`journal`]), tells the time
//! ([`clock`]) and looks after the disk ([`disk`]); every failure has a path, an operation and a
//! remedy ([`fault`]).

pub mod clock;
pub mod disk;
pub mod fault;
pub mod journal;
