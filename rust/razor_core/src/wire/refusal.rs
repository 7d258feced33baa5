//! Why a frame or a message was refused.

use thiserror::Error;

use crate::units::UnitError;

/// The reason of a refusal. `at` counts bytes from the start of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Longer than the cap; the frame was not read.
    #[error("frame of {len} bytes is longer than the cap of {cap}; raise the cap if it is genuine")]
    TooLong {
        /// Length.
        len: usize,
        /// The cap in force.
        cap: usize,
    },
    /// Not UTF-8.
    #[error("frame is not UTF-8 from byte {at}; keep the raw bytes and resnapshot")]
    NotUtf8 {
        /// First bad byte.
        at: usize,
    },
    /// Not JSON.
    #[error("frame is not JSON at byte {at}; keep the raw bytes and resnapshot")]
    Syntax {
        /// First byte that does not fit.
        at: usize,
    },
    /// Nested deeper than the cap.
    #[error("frame is nested deeper than {cap} at byte {at}; keep the raw bytes and resnapshot")]
    TooDeep {
        /// The cap in force.
        cap: u32,
        /// Where it was reached.
        at: usize,
    },
    /// An escape in a key or in a text that razor compares.
    #[error("escape in a name at byte {at}; ids and keys are plain text, resnapshot")]
    Escaped {
        /// Start of the text.
        at: usize,
    },
    /// The same key twice in one object.
    #[error("key {key} occurs twice at byte {at}; resnapshot")]
    DuplicateKey {
        /// The key.
        key: &'static str,
        /// Second occurrence.
        at: usize,
    },
    /// A key that the message needs is missing.
    #[error("key {key} is missing; resnapshot")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A value of the wrong JSON type.
    #[error("key {key} has a value of the wrong type; resnapshot")]
    WrongType {
        /// The key.
        key: &'static str,
    },
    /// A number that is not one, or does not fit its unit.
    #[error("key {key}: {error}")]
    Number {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        error: UnitError,
    },
    /// A level price of 0 or of 1 and above.
    #[error("key {key} is {fine} ten-thousandths; prices lie strictly between 0 and 1, resnapshot")]
    PriceRange {
        /// The key.
        key: &'static str,
        /// The price found.
        fine: u64,
    },
    /// A quantity above the cap.
    #[error("quantity of {micros} micro-shares is above the cap of 10^18; resnapshot")]
    TooMuch {
        /// The quantity found.
        micros: u64,
    },
    /// A snapshot level without quantity.
    #[error("a snapshot level has no quantity; resnapshot")]
    EmptyLevel,
    /// Snapshot levels not strictly sorted best-last.
    #[error("snapshot levels are not strictly sorted best-last; resnapshot and check the protocol")]
    Unsorted,
    /// A side other than BUY or SELL.
    #[error("side is neither BUY nor SELL; resnapshot")]
    Side,
    /// A time that is neither seconds nor milliseconds of this century.
    #[error("timestamp {value} is neither s nor ms since 1970; resnapshot")]
    Timestamp {
        /// The number found.
        value: u64,
    },
    /// A price that is not on the market's grid.
    #[error("price {fine} is off the grid of {tick} (ten-thousandths); read the tick size again")]
    OffGrid {
        /// Price in ten-thousandths.
        fine: u16,
        /// Tick in ten-thousandths.
        tick: u16,
    },
    /// A frame of a connection epoch that has ended.
    #[error("frame of epoch {found}, the connection is in epoch {current}; drop it")]
    OldEpoch {
        /// The epoch in force.
        current: u32,
        /// The epoch of the frame.
        found: u32,
    },
}
