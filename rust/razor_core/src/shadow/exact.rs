//! Exact fixed-point numbers of the frozen arithmetic, and their text.
//!
//! Scales (ARCHITECTURE §7): market volume in 10⁻¹⁸ shares, fills in 10⁻¹² shares rounded down,
//! cash in 10⁻²² USDC. Text is read as a decimal, never through a float; cells are the value
//! rounded half to even at 12 places, shortest plain text.
//!
//! Why these scales: a fill (10⁻¹²) times a price (10⁻⁶) times a fee factor (10⁻⁴) is a whole
//! number of 10⁻²² USDC, so the frozen sums never round. The worst term at `q_req` = 10⁶ shares
//! needs 103 of the 127 bits; everything is checked all the same.

use crate::units::{Dec, Price, UnitError};

/// `10^18`: one whole at the finest scale.
pub const ATTO: i128 = 1_000_000_000_000_000_000;
/// `10^12`.
pub const PICO: i128 = 1_000_000_000_000;
/// `10^6`, the step between the scales used here.
const MICRO: i128 = 1_000_000;
const ATTO_SCALE: i32 = 18;
const PICO_SCALE: i32 = 12;
/// Places of a ledger cell.
pub const CELL_PLACES: u32 = 12;
/// Decimal scale of [`Cash`].
pub const CASH_SCALE: u32 = 22;

/// Shares in 10⁻¹⁸: sizes of prints and window volumes. Signed, since a predecessor's file may
/// hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct AttoShares(pub i128);

/// Shares in 10⁻¹²: requests and fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PicoShares(pub i128);

/// Dollars per share in 10⁻¹⁸: the price of a print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct AttoPrice(pub i128);

/// Dollars per share in 10⁻¹²: limits and bids of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PicoPrice(pub i128);

/// A share of the market's volume in 10⁻¹⁸, 0..=1 when it comes from settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FillShare(pub i128);

/// USDC in 10⁻²².
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cash(pub i128);

impl AttoShares {
    /// Reads a decimal; digits beyond 10⁻¹⁸ are dropped downward.
    ///
    /// # Errors
    /// As [`Dec::parse`].
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        Dec::parse(text)?.to_scaled_floor(ATTO_SCALE).map(Self)
    }
}

impl PicoShares {
    /// Reads a decimal of at most 12 places.
    ///
    /// # Errors
    /// As [`Dec::parse`], and [`UnitError::TooFine`] beyond 12 places.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        exactly(Dec::parse(text)?, PICO_SCALE).map(Self)
    }
}

impl AttoPrice {
    /// Reads a decimal; digits beyond 10⁻¹⁸ are rounded up, so that a print is never taken to be
    /// under a limit (a multiple of 10⁻⁶) that it is above.
    ///
    /// # Errors
    /// As [`Dec::parse`].
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        Dec::parse(text)?.to_scaled_ceil(ATTO_SCALE).map(Self)
    }
}

impl From<Price> for AttoPrice {
    fn from(price: Price) -> Self {
        Self(i128::from(price.micros()).saturating_mul(PICO))
    }
}

impl From<Price> for PicoPrice {
    fn from(price: Price) -> Self {
        Self(i128::from(price.micros()).saturating_mul(MICRO))
    }
}

impl FillShare {
    /// Reads a decimal in 0..=1 of at most 18 places.
    ///
    /// # Errors
    /// As [`Dec::parse`], [`UnitError::TooFine`], [`UnitError::Negative`], [`UnitError::AboveOne`].
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let share = exactly(Dec::parse(text)?, ATTO_SCALE)?;
        match share {
            ..0 => Err(UnitError::Negative),
            0..=ATTO => Ok(Self(share)),
            _ => Err(UnitError::AboveOne),
        }
    }
}

fn exactly(value: Dec, scale: i32) -> Result<i128, UnitError> {
    let floor = value.to_scaled_floor(scale)?;
    if value.to_scaled_ceil(scale)? == floor {
        return Ok(floor);
    }
    Err(UnitError::TooFine { scale: scale.unsigned_abs() })
}

/// Sum, checked.
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn plus(left: i128, right: i128) -> Result<i128, UnitError> {
    left.checked_add(right).ok_or(UnitError::Overflow)
}

/// Difference, checked.
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn minus(left: i128, right: i128) -> Result<i128, UnitError> {
    left.checked_sub(right).ok_or(UnitError::Overflow)
}

/// Product, checked.
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn times(left: i128, right: i128) -> Result<i128, UnitError> {
    left.checked_mul(right).ok_or(UnitError::Overflow)
}

/// Quotient toward negative infinity by a divisor above zero.
///
/// # Errors
/// [`UnitError::Overflow`] for a divisor of zero.
pub fn over_floor(value: i128, divisor: i128) -> Result<i128, UnitError> {
    value.checked_div_euclid(divisor).ok_or(UnitError::Overflow)
}

/// Quotient toward positive infinity by a divisor above zero.
///
/// # Errors
/// [`UnitError::Overflow`] for a divisor of zero.
pub fn over_ceil(value: i128, divisor: i128) -> Result<i128, UnitError> {
    let negated = value.checked_neg().ok_or(UnitError::Overflow)?;
    over_floor(negated, divisor)?.checked_neg().ok_or(UnitError::Overflow)
}

/// `floor(left · right)` of two numbers at 10⁻¹⁸, without losing the high half of the product.
///
/// # Errors
/// [`UnitError::Overflow`] when the result, or `right · 10^18`, leaves 128 bits.
pub fn product_atto_floor(left: i128, right: i128) -> Result<i128, UnitError> {
    let whole = over_floor(left, ATTO)?;
    let rest = left.checked_rem_euclid(ATTO).ok_or(UnitError::Overflow)?;
    plus(times(whole, right)?, over_floor(times(rest, right)?, ATTO)?)
}

/// `min(q_req, floor(volume · share))` at 10⁻¹² shares.
///
/// # Errors
/// [`UnitError::Overflow`].
pub fn fill_of(
    volume: AttoShares,
    share: FillShare,
    q_req: PicoShares,
) -> Result<PicoShares, UnitError> {
    let taken = over_floor(product_atto_floor(volume.0, share.0)?, MICRO)?;
    Ok(q_req.min(PicoShares(taken)))
}

/// `value / 10^scale` rounded half to even at `places`, shortest plain text: no exponent, no
/// trailing zeros, zero without a sign.
pub fn plain(value: i128, scale: u32, places: u32) -> String {
    ratio_text(value, power_or_max(scale), places, Zeros::Trim)
}

/// As [`plain`], with exactly `places` decimals.
pub fn fixed(value: i128, scale: u32, places: u32) -> String {
    ratio_text(value, power_or_max(scale), places, Zeros::Keep)
}

/// `numerator / denominator` rounded half to even at `places`, shortest plain text.
/// A denominator of zero, which no caller has, reads as the number itself being zero.
pub fn plain_ratio(numerator: i128, denominator: i128, places: u32) -> String {
    ratio_text(numerator, denominator, places, Zeros::Trim)
}

/// As [`plain_ratio`], with exactly `places` decimals.
pub fn fixed_ratio(numerator: i128, denominator: i128, places: u32) -> String {
    ratio_text(numerator, denominator, places, Zeros::Keep)
}

/// A ledger cell: 12 places, shortest plain text.
pub fn cell(value: i128, scale: u32) -> String {
    plain(value, scale, CELL_PLACES)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Zeros {
    Trim,
    Keep,
}

/// Scales beyond `10^38` do not occur; the largest power keeps the function total.
fn power_or_max(scale: u32) -> i128 {
    10_i128.checked_pow(scale).unwrap_or(i128::MAX)
}

fn ratio_text(numerator: i128, denominator: i128, places: u32, zeros: Zeros) -> String {
    let is_negative = (numerator < 0) != (denominator < 0);
    let (top, bottom) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let mut whole = top.checked_div(bottom).unwrap_or(0);
    let mut rest = top.checked_rem(bottom).unwrap_or(0);
    let mut digits = Vec::new();
    for _ in 0..places {
        // Digit by digit: `rest · 10` cannot leave 128 bits while `bottom` is under 3.4·10^37.
        let shifted = rest.saturating_mul(10);
        digits.push(shifted.checked_div(bottom).unwrap_or(0));
        rest = shifted.checked_rem(bottom).unwrap_or(0);
    }
    let last_is_odd = digits.last().copied().unwrap_or(whole) & 1 == 1;
    let half = bottom.saturating_sub(rest);
    if rest > half || (rest == half && last_is_odd) {
        whole = whole.saturating_add(carry_one(&mut digits));
    }
    write_digits(is_negative, whole, &digits, zeros)
}

/// Adds one in the last place; gives what carries into the whole part.
fn carry_one(digits: &mut [u128]) -> u128 {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit = digit.saturating_add(1);
            return 0;
        }
        *digit = 0;
    }
    1
}

fn write_digits(is_negative: bool, whole: u128, digits: &[u128], zeros: Zeros) -> String {
    let kept = match zeros {
        Zeros::Keep => digits.len(),
        Zeros::Trim => {
            digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last.saturating_add(1))
        }
    };
    let is_zero = whole == 0 && digits.iter().all(|digit| *digit == 0);
    let mut text = String::new();
    if is_negative && !is_zero {
        text.push('-');
    }
    text.push_str(&whole.to_string());
    if kept > 0 {
        text.push('.');
        text.extend(digits.iter().take(kept).map(|digit| {
            u32::try_from(*digit).ok().and_then(|d| char::from_digit(d, 10)).unwrap_or('0')
        }));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_exactly_or_refused() {
        assert_eq!(PicoShares::parse("10.000000000001"), Ok(PicoShares(10_000_000_000_001)));
        assert_eq!(PicoShares::parse("0.0000000000001"), Err(UnitError::TooFine { scale: 12 }));
        assert_eq!(FillShare::parse("0.3"), Ok(FillShare(300_000_000_000_000_000)));
        assert_eq!(FillShare::parse("1"), Ok(FillShare(ATTO)));
        assert_eq!(FillShare::parse("1.000000000000000001"), Err(UnitError::AboveOne));
        assert_eq!(FillShare::parse("-0.1"), Err(UnitError::Negative));
        assert_eq!(AttoShares::parse("0.0000000000000000019"), Ok(AttoShares(1)));
        assert_eq!(AttoPrice::parse("0.0000000000000000011"), Ok(AttoPrice(2)));
        assert_eq!(AttoShares::parse("NaN"), Err(UnitError::NotDecimal));
    }

    #[test]
    fn wide_products_round_down_on_both_signs() {
        assert_eq!(product_atto_floor(3 * ATTO, 5), Ok(15));
        assert_eq!(product_atto_floor(1, ATTO / 2), Ok(0));
        assert_eq!(product_atto_floor(-1, ATTO / 2), Ok(-1));
        // A billion shares at a share with 18 decimals: 10^27 · 10^18 would leave 128 bits.
        assert_eq!(
            product_atto_floor(1_000_000_000 * ATTO, ATTO - 1),
            Ok(1_000_000_000 * ATTO - 1_000_000_000)
        );
        assert_eq!(product_atto_floor(i128::MAX, i128::MAX), Err(UnitError::Overflow));
    }

    #[test]
    fn fills_round_down_and_end_at_the_request() {
        let share = FillShare::parse("0.3").expect("share");
        let q_req = PicoShares::parse("10").expect("request");
        let fill = |text: &str| {
            fill_of(AttoShares::parse(text).expect("volume"), share, q_req).map(|fill| fill.0)
        };
        assert_eq!(fill("33.333333333333333333"), Ok(9_999_999_999_999));
        assert_eq!(fill("33.3333333333333333334"), Ok(9_999_999_999_999));
        assert_eq!(fill("33.4"), Ok(10 * PICO));
        assert_eq!(fill("0"), Ok(0));
    }

    #[test]
    fn cells_are_shortest_half_even_and_zero_has_no_sign() {
        assert_eq!(plain(-154_080, 6, 12), "-0.15408");
        assert_eq!(plain(3_000_000, 6, 12), "3");
        assert_eq!(plain(-4, 13, 12), "0");
        assert_eq!(plain(5, 13, 12), "0");
        assert_eq!(plain(15, 13, 12), "0.000000000002");
        assert_eq!(plain(25, 13, 12), "0.000000000002");
        assert_eq!(plain(9_999_999_999_999, 12, 6), "10");
        assert_eq!(fixed(-4, 13, 6), "0.000000");
        assert_eq!(fixed(57_600, 6, 6), "0.057600");
        assert_eq!(plain_ratio(2, 3, 12), "0.666666666667");
        assert_eq!(plain_ratio(1, 3, 0), "0");
        assert_eq!(fixed_ratio(-1, 8, 3), "-0.125");
        assert_eq!(fixed_ratio(1, 8, 2), "0.12");
        assert_eq!(plain(i128::MIN, 0, 0), i128::MIN.to_string());
    }
}
