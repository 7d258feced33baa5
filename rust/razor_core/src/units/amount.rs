//! Prices at the edges, quantities, cash and time.

use super::{UnitError, parse_fixed};

const MICRO_SCALE: u32 = 6;
const MICROS: u128 = 1_000_000;

/// A price or probability in micro-dollars per share, 0..=1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Price(u32);

impl Price {
    /// No value: zero dollars.
    pub const ZERO: Self = Self(0);
    /// One dollar, what a complete set pays.
    pub const ONE: Self = Self(1_000_000);

    /// A price from micro-dollars.
    ///
    /// # Errors
    /// [`UnitError::Overflow`] above one dollar.
    pub const fn from_micros(micros: u32) -> Result<Self, UnitError> {
        if micros > Self::ONE.0 { Err(UnitError::Overflow) } else { Ok(Self(micros)) }
    }

    /// Reads a plain decimal such as `0.48` or `.48`.
    ///
    /// # Errors
    /// As [`parse_fixed`] with six decimals, and [`UnitError::Overflow`] above one dollar.
    pub fn parse(text: &[u8]) -> Result<Self, UnitError> {
        let micros = parse_fixed(text, MICRO_SCALE)?;
        Self::from_micros(u32::try_from(micros).map_err(|_| UnitError::Overflow)?)
    }

    /// Micro-dollars.
    pub const fn micros(self) -> u32 {
        self.0
    }

    /// One dollar minus this: the price of the other outcome.
    pub const fn complement(self) -> Self {
        Self(Self::ONE.0.saturating_sub(self.0))
    }
}

/// A quantity in micro-shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Qty(pub u64);

impl Qty {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads a plain decimal such as `1452.43`.
    ///
    /// # Errors
    /// As [`parse_fixed`] with six decimals.
    pub fn parse(text: &[u8]) -> Result<Self, UnitError> {
        parse_fixed(text, MICRO_SCALE).map(Self)
    }

    /// Sum.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, UnitError> {
        self.0.checked_add(other.0).map(Self).ok_or(UnitError::Overflow)
    }

    /// Difference.
    ///
    /// # Errors
    /// [`UnitError::Negative`] when `other` is larger.
    pub fn minus(self, other: Self) -> Result<Self, UnitError> {
        self.0.checked_sub(other.0).map(Self).ok_or(UnitError::Negative)
    }
}

/// Cash in micro-dollars, signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usdc(pub i64);

impl Usdc {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Sum.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, UnitError> {
        self.0.checked_add(other.0).map(Self).ok_or(UnitError::Overflow)
    }

    /// Difference.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, UnitError> {
        self.0.checked_sub(other.0).map(Self).ok_or(UnitError::Overflow)
    }
}

/// A time or a span in nanoseconds. Which clock is said by the name of the variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(pub i64);

impl Nanos {
    /// Whole milliseconds, rounded toward negative infinity.
    pub const fn millis_floor(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole microseconds, rounded toward negative infinity.
    pub const fn micros_floor(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// A time from whole milliseconds.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn from_millis(millis: i64) -> Result<Self, UnitError> {
        millis.checked_mul(1_000_000).map(Self).ok_or(UnitError::Overflow)
    }
}

/// `price · qty` rounded down: what a sale brings at least.
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn notional_floor(price: Price, qty: Qty) -> Result<Usdc, UnitError> {
    let product = u128::from(price.0).checked_mul(u128::from(qty.0)).ok_or(UnitError::Overflow)?;
    to_usdc(product.checked_div(MICROS).ok_or(UnitError::Overflow)?)
}

/// `price · qty` rounded up: what a purchase costs at most.
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn notional_ceil(price: Price, qty: Qty) -> Result<Usdc, UnitError> {
    let product = u128::from(price.0).checked_mul(u128::from(qty.0)).ok_or(UnitError::Overflow)?;
    to_usdc(product.div_ceil(MICROS))
}

fn to_usdc(micros: u128) -> Result<Usdc, UnitError> {
    i64::try_from(micros).map(Usdc).map_err(|_| UnitError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notional_rounds_against_us_by_name() {
        let price = Price::from_micros(333_333).expect("price");
        assert_eq!(notional_floor(price, Qty(10)), Ok(Usdc(3)));
        assert_eq!(notional_ceil(price, Qty(10)), Ok(Usdc(4)));
        assert_eq!(notional_ceil(Price::ONE, Qty(u64::MAX)), Err(UnitError::Overflow));
    }

    #[test]
    fn prices_end_at_one_dollar() {
        assert_eq!(Price::parse(b"1"), Ok(Price::ONE));
        assert_eq!(Price::parse(b"1.000001"), Err(UnitError::Overflow));
        assert_eq!(Price::parse(b"0.37").map(Price::complement), Price::parse(b"0.63"));
    }

    #[test]
    fn times_before_the_epoch_round_down_too() {
        assert_eq!(Nanos(-1).millis_floor(), -1);
        assert_eq!(Nanos(1_999_999).millis_floor(), 1);
    }
}
