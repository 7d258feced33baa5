//! The venue's taker fee, exact: `fee = C · rate · (p·(1−p))^exponent` (PROTOCOL §2.1).
//!
//! Owns: the formula, its two roundings and the quantum of the venue. Gates and sizing use
//! [`fee_ceil`], expected bookings use [`fee_half_even`]; which of the two the venue uses is not
//! documented, so the difference of one quantum is always taken against us.
//!
//! Must never: compute from an unknown schedule, or fall back to a category table.
//!
//! Invariants:
//! - a fee is a whole multiple of 0.00001 USDC, and zero when the exact fee is below that;
//! - `fee_ceil ≥ fee_half_even`, both symmetric in `p` and `1−p`, both non-decreasing in `C`.

use thiserror::Error;

use crate::market::Fees;
use crate::units::{Price, Qty, Usdc};

/// The smallest fee the venue charges, and the step of every fee: 0.00001 USDC in micro-dollars.
pub const FEE_QUANTUM: Usdc = Usdc(10);

const QUANTUM_MICROS: u128 = 10;
const MICRO_DIGITS: u32 = 6;

/// Why a fee could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FeeError {
    /// The venue has not told the schedule of this market.
    #[error("the market's fee schedule is unknown; read it from the venue before computing")]
    Unknown,
    /// The exact product does not fit 128 bits.
    #[error("fee of this quantity and exponent exceeds 128 bits; split the quantity")]
    Overflow,
}

/// A fee before rounding: `numerator / 10^digits` micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RawFee {
    numerator: u128,
    digits: u32,
}

/// The fee of `qty` shares at `price`, rounded up to 0.00001 USDC: for gates and sizing.
///
/// # Errors
/// [`FeeError::Unknown`] without a schedule, [`FeeError::Overflow`] beyond 128 bits.
pub fn fee_ceil(fees: Fees, qty: Qty, price: Price) -> Result<Usdc, FeeError> {
    let raw = raw_fee(fees, qty, price)?;
    let (whole, rest, _) = raw.in_quanta()?;
    quanta_to_usdc(if whole == 0 || rest == 0 { Some(whole) } else { whole.checked_add(1) })
}

/// The fee of `qty` shares at `price`, rounded half to even at 0.00001 USDC: for bookings.
///
/// # Errors
/// [`FeeError::Unknown`] without a schedule, [`FeeError::Overflow`] beyond 128 bits.
pub fn fee_half_even(fees: Fees, qty: Qty, price: Price) -> Result<Usdc, FeeError> {
    let raw = raw_fee(fees, qty, price)?;
    let (whole, rest, unit) = raw.in_quanta()?;
    let half = unit.checked_sub(rest).ok_or(FeeError::Overflow)?;
    let up = rest > half || (rest == half && whole & 1 == 1);
    quanta_to_usdc(if whole == 0 || !up { Some(whole) } else { whole.checked_add(1) })
}

/// The fee of one share at `price` in micro-dollars, rounded up, before the venue's own rounding.
///
/// This is the marginal fee of a set, what an edge per set is measured with; a fill is booked with
/// [`fee_ceil`] or [`fee_half_even`] of its whole quantity.
///
/// # Errors
/// As [`fee_ceil`].
pub fn marginal_fee_ceil(fees: Fees, price: Price) -> Result<Usdc, FeeError> {
    const ONE_SHARE: Qty = Qty(1_000_000);
    let raw = raw_fee(fees, ONE_SHARE, price)?;
    let unit = power(raw.digits)?;
    to_usdc(Some(raw.numerator.div_ceil(unit)))
}

impl RawFee {
    /// Whole quanta, the rest, and how much of the rest's unit makes one quantum.
    fn in_quanta(self) -> Result<(u128, u128, u128), FeeError> {
        let unit = power(self.digits)?.checked_mul(QUANTUM_MICROS).ok_or(FeeError::Overflow)?;
        let whole = self.numerator.checked_div(unit).ok_or(FeeError::Overflow)?;
        let rest = self.numerator.checked_rem(unit).ok_or(FeeError::Overflow)?;
        Ok((whole, rest, unit))
    }
}

fn raw_fee(fees: Fees, qty: Qty, price: Price) -> Result<RawFee, FeeError> {
    match fees {
        Fees::Unknown => Err(FeeError::Unknown),
        Fees::Free => Ok(RawFee { numerator: 0, digits: 0 }),
        Fees::Taker { rate_ppm, exponent } => taker_fee(rate_ppm, exponent, qty, price),
    }
}

fn taker_fee(rate_ppm: u32, exponent: u8, qty: Qty, price: Price) -> Result<RawFee, FeeError> {
    let (base, base_digits) = variance(price);
    let curve = base.checked_pow(u32::from(exponent)).ok_or(FeeError::Overflow)?;
    // Micro-shares times a ratio are micro-dollars; the rate adds six digits of its own.
    let curve_digits = base_digits.checked_mul(u32::from(exponent)).ok_or(FeeError::Overflow)?;
    let digits = curve_digits.checked_add(MICRO_DIGITS).ok_or(FeeError::Overflow)?;
    let numerator = u128::from(qty.0)
        .checked_mul(u128::from(rate_ppm))
        .and_then(|scaled| scaled.checked_mul(curve))
        .ok_or(FeeError::Overflow)?;
    Ok(RawFee { numerator, digits })
}

/// `p·(1−p)` as `mantissa / 10^digits`, on the coarsest decimal grid that holds `p`.
///
/// The coarse grid keeps higher exponents inside 128 bits at the venue's real ticks.
fn variance(price: Price) -> (u128, u32) {
    let mut mantissa = u128::from(price.micros());
    let mut digits = MICRO_DIGITS;
    while digits > 0 && mantissa.checked_rem(10) == Some(0) {
        mantissa = mantissa.checked_div(10).unwrap_or(0);
        digits = digits.saturating_sub(1);
    }
    let one = 10_u128.saturating_pow(digits);
    // At most 10^6 · 10^6: neither operation can saturate.
    (mantissa.saturating_mul(one.saturating_sub(mantissa)), digits.saturating_mul(2))
}

fn power(digits: u32) -> Result<u128, FeeError> {
    10_u128.checked_pow(digits).ok_or(FeeError::Overflow)
}

fn quanta_to_usdc(quanta: Option<u128>) -> Result<Usdc, FeeError> {
    to_usdc(quanta.and_then(|count| count.checked_mul(QUANTUM_MICROS)))
}

fn to_usdc(micros: Option<u128>) -> Result<Usdc, FeeError> {
    micros.and_then(|value| i64::try_from(value).ok()).map(Usdc).ok_or(FeeError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taker(rate_ppm: u32, exponent: u8) -> Fees {
        Fees::Taker { rate_ppm, exponent }
    }

    fn price(text: &str) -> Price {
        Price::parse(text.as_bytes()).expect("price")
    }

    #[test]
    fn unknown_schedule_is_an_error_and_free_is_zero() {
        let half = price("0.5");
        assert_eq!(fee_ceil(Fees::Unknown, Qty(1), half), Err(FeeError::Unknown));
        assert_eq!(fee_half_even(Fees::Unknown, Qty(1), half), Err(FeeError::Unknown));
        assert_eq!(marginal_fee_ceil(Fees::Unknown, half), Err(FeeError::Unknown));
        assert_eq!(fee_ceil(Fees::Free, Qty(u64::MAX), half), Ok(Usdc::ZERO));
    }

    #[test]
    fn a_fee_below_the_quantum_is_zero_and_the_quantum_itself_is_charged() {
        // 0.04 · 0.25 is 0.01 per share, so a thousandth of a share pays exactly 0.00001.
        let fees = taker(40_000, 1);
        assert_eq!(fee_ceil(fees, Qty(999), price("0.5")), Ok(Usdc::ZERO));
        assert_eq!(fee_half_even(fees, Qty(999), price("0.5")), Ok(Usdc::ZERO));
        assert_eq!(fee_ceil(fees, Qty(1_000), price("0.5")), Ok(FEE_QUANTUM));
        assert_eq!(fee_half_even(fees, Qty(1_000), price("0.5")), Ok(FEE_QUANTUM));
    }

    #[test]
    fn roundings_differ_just_above_and_at_the_half() {
        let fees = taker(40_000, 1);
        let half = price("0.5");
        for (qty, ceil, even) in [
            (1_001, 20, 10),
            (1_500, 20, 20),
            (1_499, 20, 10),
            (2_500, 30, 20),
            (2_501, 30, 30),
            (3_000, 30, 30),
        ] {
            assert_eq!(fee_ceil(fees, Qty(qty), half), Ok(Usdc(ceil)), "{qty}");
            assert_eq!(fee_half_even(fees, Qty(qty), half), Ok(Usdc(even)), "{qty}");
        }
    }

    #[test]
    fn exponents_other_than_one_are_exact_or_refused() {
        // 0.25 · (0.5·0.5)^2 = 0.015625 per share: 1.5625 on 100 shares.
        assert_eq!(
            fee_ceil(taker(250_000, 2), Qty(100_000_000), price("0.5")),
            Ok(Usdc(1_562_500))
        );
        assert_eq!(fee_ceil(taker(10_000, 0), Qty(1_000_000), price("0.3")), Ok(Usdc(10_000)));
        let fine = price("0.333333");
        assert_eq!(fee_ceil(taker(250_000, 4), Qty(100_000_000), fine), Err(FeeError::Overflow));
        assert_eq!(
            fee_ceil(taker(u32::MAX, 1), Qty(u64::MAX), price("0.5")),
            Err(FeeError::Overflow)
        );
    }

    #[test]
    fn the_marginal_fee_is_rounded_up_to_a_micro_dollar() {
        assert_eq!(marginal_fee_ceil(taker(70_000, 1), price("0.5")), Ok(Usdc(17_500)));
        assert_eq!(marginal_fee_ceil(taker(70_000, 1), price("0.0001")), Ok(Usdc(7)));
        assert_eq!(marginal_fee_ceil(taker(1, 1), price("0.0001")), Ok(Usdc(1)));
    }
}
