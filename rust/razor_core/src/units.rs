//! Units of money, price, quantity, rate and time: checked integers, one type each.
//!
//! Owns: [`Ticks`] on a market's [`Grid`], [`Price`] in micro-dollars at the edges, [`Qty`] in
//! micro-shares, [`Usdc`] in micro-dollars, [`Bps`] in whole basis points, [`Nanos`] of time, and
//! [`Dec`], the exact decimal that text is read into.
//!
//! Must never: hold a float, wrap, or convert between two units without a named function.
//!
//! Invariants:
//! - every operation that can leave its range returns an error value;
//! - rounding is in the name (`_floor`, `_ceil`) and chosen by the caller against us;
//! - a [`Ticks`] means nothing without the [`Grid`] it was read on.

mod amount;
mod bps;
mod decimal;
mod grid;

pub use amount::{Nanos, Price, Qty, Usdc, notional_ceil, notional_floor};
pub use bps::Bps;
pub use decimal::{Dec, parse_fixed};
pub use grid::{Grid, TickSize, Ticks};

use thiserror::Error;

/// Why a number was refused by a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnitError {
    /// The text is not a plain decimal number.
    #[error("not a plain decimal number; write digits with at most one point, like 0.48")]
    NotDecimal,
    /// The text has more decimals than the unit can hold.
    #[error("more than {scale} decimals; the unit holds {scale}")]
    TooFine {
        /// Decimals the unit holds.
        scale: u32,
    },
    /// The value does not fit the unit.
    #[error("value outside the unit's range")]
    Overflow,
    /// The value is below zero where only zero and above exist.
    #[error("value below zero; only zero and above are accepted")]
    Negative,
    /// A probability above one.
    #[error("probability above 1; accepted range is 0..1")]
    AboveOne,
    /// A price that is not a multiple of the market's tick.
    #[error("price {micros} micro-dollars is not a multiple of the tick {tick_micros}")]
    OffGrid {
        /// Price in micro-dollars.
        micros: u32,
        /// Tick size in micro-dollars.
        tick_micros: u32,
    },
    /// A tick size the venue does not use.
    #[error(
        "tick size {micros} micro-dollars is not one of 0.1, 0.01, 0.005, 0.0025, 0.001, 0.0001"
    )]
    UnknownTick {
        /// Tick size in micro-dollars.
        micros: u32,
    },
    /// `clamp` with a lower bound above the upper one.
    #[error("clamp with min {min} above max {max}")]
    EmptyRange {
        /// Lower bound, raw.
        min: i32,
        /// Upper bound, raw.
        max: i32,
    },
}
