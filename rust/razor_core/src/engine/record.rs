//! The one form every input of the engine has, in memory, in a journal and in a capture.

pub use crate::journal::Kind;

use crate::units::Nanos;

/// One input of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is.
    pub kind: Kind,
    /// When it reached this machine.
    pub recv_ns: Nanos,
    /// The connection it came by; empty where there is none.
    pub conn: &'a str,
    /// Counts reconnects of that connection, from 0.
    pub epoch: u32,
    /// The exact bytes.
    pub payload: &'a [u8],
}
