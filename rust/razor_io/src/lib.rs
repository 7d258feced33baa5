//! The shell of razor in Rust: what touches files, clocks and threads, so that the core need not.
//!
//! Nothing here decides about money. It makes inputs durable ([`journal`]), reads and writes
//! portable recordings ([`capture`], [`import`]), joins the engine with both and with the tables of
//! a run ([`session`], [`projection`], [`audit`]), probes sets ([`probe`]), tells the time
//! ([`clock`]) and looks after the disk ([`disk`]); every failure has a path, an operation and a
//! remedy ([`fault`]).

pub mod audit;
pub mod capture;
pub mod clock;
pub mod digest;
pub mod disk;
pub mod fault;
pub mod import;
pub mod journal;
pub mod json;
pub mod orders;
pub mod probe;
pub mod projection;
pub mod raw;
pub mod session;
pub mod source;
pub mod standing;
