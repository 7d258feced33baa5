//! Basis points: the unit of rates, edges, thresholds and budgets.
//!
//! Frozen behaviour of RAZOR_SPEC §4, computed exactly: the epsilon of the predecessor's doubles is
//! the exact fraction 10⁻⁹ here, and its aborts are error values.

use core::fmt;

use super::{Dec, UnitError};

/// `10^-9`: what the frozen conversions forgive a value that lies just beside a whole basis point.
const EPSILON_SCALE: i32 = 9;
/// One whole is `10^4` basis points.
const BPS_SCALE: i32 = 4;
const WHOLE: i64 = 10_000;

/// A signed count of whole basis points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bps(i32);

impl Bps {
    /// No basis points.
    pub const ZERO: Self = Self(0);
    /// One whole.
    pub const ONE_HUNDRED_PERCENT: Self = Self(10_000);
    /// The frozen taker fee of one buy (RAZOR_SPEC §4); not the venue's fee.
    pub const FEE_POLY: Self = Self(200);
    /// The frozen fee of one merge (RAZOR_SPEC §4); the venue takes none.
    pub const FEE_MERGE: Self = Self(10);

    /// A count of basis points.
    pub const fn new(raw: i32) -> Self {
        Self(raw)
    }

    /// The count.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The ratio `raw / 10000`, exact.
    pub fn ratio(self) -> Dec {
        Dec::new(i128::from(self.0), -BPS_SCALE)
    }

    /// `floor(x · 10000 + 1e-9)`: for what is shown or received.
    ///
    /// # Errors
    /// [`UnitError::Negative`] below zero, [`UnitError::Overflow`] outside 32 bits.
    pub fn from_ratio_floor(ratio: Dec) -> Result<Self, UnitError> {
        if ratio.is_negative() {
            return Err(UnitError::Negative);
        }
        let nanobps = ratio.to_scaled_floor(SCALE_WITH_EPSILON)?;
        let widened = nanobps.checked_add(1).ok_or(UnitError::Overflow)?;
        to_bps(widened.div_euclid(NANO))
    }

    /// `ceil(x · 10000 − 1e-9)`: for what gates or costs.
    ///
    /// # Errors
    /// [`UnitError::Negative`] below zero, [`UnitError::Overflow`] outside 32 bits.
    pub fn from_ratio_ceil(ratio: Dec) -> Result<Self, UnitError> {
        if ratio.is_negative() {
            return Err(UnitError::Negative);
        }
        let nanobps = ratio.to_scaled_ceil(SCALE_WITH_EPSILON)?;
        let narrowed = nanobps.checked_sub(1).ok_or(UnitError::Overflow)?;
        let negated = narrowed.checked_neg().ok_or(UnitError::Overflow)?;
        to_bps(negated.div_euclid(NANO).checked_neg().ok_or(UnitError::Overflow)?)
    }

    /// A probability, rounded down.
    ///
    /// # Errors
    /// As [`Bps::from_ratio_floor`], and [`UnitError::AboveOne`] above one.
    pub fn from_prob(prob: Dec) -> Result<Self, UnitError> {
        // Compared on a grid finer than any probability text, so that 1 + 1e-17 is still above one.
        let above_one = prob.to_scaled_ceil(PROB_SCALE).is_ok_and(|scaled| scaled > PROB_ONE);
        if above_one {
            return Err(UnitError::AboveOne);
        }
        Self::from_ratio_floor(prob)
    }

    /// `price · (1 + raw/10000)`, exact.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn apply_cost(self, price: Dec) -> Result<Dec, UnitError> {
        let factor = WHOLE.checked_add(i64::from(self.0)).ok_or(UnitError::Overflow)?;
        price.times(factor)?.shifted(-BPS_SCALE)
    }

    /// `price · (1 − raw/10000)`, exact.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn apply_proceeds(self, price: Dec) -> Result<Dec, UnitError> {
        let factor = WHOLE.checked_sub(i64::from(self.0)).ok_or(UnitError::Overflow)?;
        price.times(factor)?.shifted(-BPS_SCALE)
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
    /// [`UnitError::Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, UnitError> {
        self.0.checked_sub(other.0).map(Self).ok_or(UnitError::Overflow)
    }

    /// The value moved into `min..=max`.
    ///
    /// # Errors
    /// [`UnitError::EmptyRange`] when `min` is above `max`.
    pub fn clamp_to(self, min: Self, max: Self) -> Result<Self, UnitError> {
        if min > max {
            return Err(UnitError::EmptyRange { min: min.0, max: max.0 });
        }
        Ok(self.max(min).min(max))
    }
}

const NANO: i128 = 1_000_000_000;
const SCALE_WITH_EPSILON: i32 = BPS_SCALE + EPSILON_SCALE;
const PROB_SCALE: i32 = 20;
const PROB_ONE: i128 = 100_000_000_000_000_000_000;

fn to_bps(raw: i128) -> Result<Bps, UnitError> {
    i32::try_from(raw).map(Bps).map_err(|_| UnitError::Overflow)
}

impl fmt::Display for Bps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}bps", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Dec {
        Dec::parse(text).expect("decimal")
    }

    #[test]
    fn reference_values_of_the_frozen_spec_hold() {
        for (text, floor, ceil) in [
            ("0.985", 9850, 9850),
            ("0.98509", 9850, 9851),
            ("1.23456", 12345, 12346),
            ("0.99991", 9999, 10000),
        ] {
            assert_eq!(Bps::from_ratio_floor(dec(text)), Ok(Bps(floor)), "{text}");
            assert_eq!(Bps::from_ratio_ceil(dec(text)), Ok(Bps(ceil)), "{text}");
        }
        assert_eq!(
            Bps::FEE_POLY.apply_cost(dec("1")).and_then(|d| d.to_scaled_floor(4)),
            Ok(10_200)
        );
        assert_eq!(
            Bps::FEE_MERGE.apply_proceeds(dec("1.0")).and_then(|d| d.to_scaled_floor(4)),
            Ok(9_990)
        );
    }

    #[test]
    fn epsilon_is_an_exact_fraction_on_both_sides() {
        // 1e-13 as a ratio is 1e-9 of a basis point: inside the epsilon, one more digit is outside.
        assert_eq!(Bps::from_ratio_floor(dec("0.0000999999999")), Ok(Bps(1)));
        assert_eq!(Bps::from_ratio_floor(dec("0.00009999999989")), Ok(Bps(0)));
        assert_eq!(Bps::from_ratio_ceil(dec("0.0001000000001")), Ok(Bps(1)));
        assert_eq!(Bps::from_ratio_ceil(dec("0.00010000000011")), Ok(Bps(2)));
        assert_eq!(Bps::from_ratio_ceil(dec("0")), Ok(Bps(0)));
    }

    #[test]
    fn aborts_of_the_predecessor_are_errors() {
        assert_eq!(Bps::from_ratio_floor(dec("-0.1")), Err(UnitError::Negative));
        assert_eq!(Bps::from_prob(dec("1.00001")), Err(UnitError::AboveOne));
        assert_eq!(Bps::from_prob(dec("1")), Ok(Bps::ONE_HUNDRED_PERCENT));
        assert_eq!(Bps::from_ratio_ceil(dec("300000")), Err(UnitError::Overflow));
        assert_eq!(Bps(i32::MAX).plus(Bps(1)), Err(UnitError::Overflow));
        assert_eq!(Bps(0).clamp_to(Bps(2), Bps(1)), Err(UnitError::EmptyRange { min: 2, max: 1 }));
        assert_eq!(Bps(-7).to_string(), "-7bps");
    }
}
