//! Exact decimals: the only way text becomes a number.

use super::UnitError;

const MAX_EXPONENT: i32 = 400;

/// Reads a plain unsigned decimal (`12`, `0.48`, `.48`) as an integer of `scale` decimals.
///
/// Trailing zeros beyond `scale` are accepted, other digits beyond it are not.
///
/// # Errors
/// [`UnitError::NotDecimal`] on any other text (signs, exponents, blanks, `NaN`),
/// [`UnitError::TooFine`] when a non-zero digit lies beyond `scale`, [`UnitError::Overflow`].
pub fn parse_fixed(text: &[u8], scale: u32) -> Result<u64, UnitError> {
    let mut value: u64 = 0;
    let mut decimals: Option<u32> = None;
    let mut digits: u32 = 0;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits.saturating_add(1);
            if let Some(seen) = decimals {
                if seen == scale {
                    if digit != 0 {
                        return Err(UnitError::TooFine { scale });
                    }
                    continue;
                }
                decimals = Some(seen.saturating_add(1));
            }
            value = push_digit(value, digit)?;
        } else if byte == b'.' && decimals.is_none() {
            decimals = Some(0);
        } else {
            return Err(UnitError::NotDecimal);
        }
    }
    if digits == 0 {
        return Err(UnitError::NotDecimal);
    }
    for _ in decimals.unwrap_or(0)..scale {
        value = value.checked_mul(10).ok_or(UnitError::Overflow)?;
    }
    Ok(value)
}

fn push_digit(value: u64, digit: u8) -> Result<u64, UnitError> {
    value
        .checked_mul(10)
        .and_then(|shifted| shifted.checked_add(u64::from(digit)))
        .ok_or(UnitError::Overflow)
}

/// An exact decimal number `mantissa · 10^exponent`.
///
/// Holds every finite double's shortest text (17 digits) times any [`super::Bps`] factor without
/// loss. It is a carrier between text and the integer units, never a place to do money sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dec {
    mantissa: i128,
    exponent: i32,
}

impl Dec {
    /// `mantissa · 10^exponent`.
    pub const fn new(mantissa: i128, exponent: i32) -> Self {
        Self { mantissa, exponent }
    }

    /// The integer in front of the power of ten.
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// The power of ten.
    pub const fn exponent(self) -> i32 {
        self.exponent
    }

    /// Whether the value is below zero.
    pub const fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Reads `[-+]digits[.digits][e[-+]digits]`, the form in which a double is printed.
    ///
    /// # Errors
    /// [`UnitError::NotDecimal`] on other text, [`UnitError::Overflow`] when the digits do not fit
    /// an `i128` or the exponent is beyond ±400.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let (body, exponent) = match text.split_once(['e', 'E']) {
            Some((body, tail)) => (body, tail.parse::<i32>().map_err(|_| UnitError::NotDecimal)?),
            None => (text, 0),
        };
        if exponent.unsigned_abs() > MAX_EXPONENT.unsigned_abs() {
            return Err(UnitError::Overflow);
        }
        let (negative, unsigned) = match body.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, body.strip_prefix('+').unwrap_or(body)),
        };
        let (magnitude, decimals) = parse_digits(unsigned)?;
        let mantissa =
            if negative { magnitude.checked_neg().ok_or(UnitError::Overflow)? } else { magnitude };
        let exponent = exponent.checked_sub(decimals).ok_or(UnitError::Overflow)?;
        Ok(Self { mantissa, exponent })
    }

    /// The product with an integer, exact.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn times(self, factor: i64) -> Result<Self, UnitError> {
        let mantissa = self.mantissa.checked_mul(i128::from(factor)).ok_or(UnitError::Overflow)?;
        Ok(Self { mantissa, exponent: self.exponent })
    }

    /// The value times a power of ten, exact.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn shifted(self, power: i32) -> Result<Self, UnitError> {
        let exponent = self.exponent.checked_add(power).ok_or(UnitError::Overflow)?;
        Ok(Self { mantissa: self.mantissa, exponent })
    }

    /// Largest integer not above `value · 10^scale`.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn to_scaled_floor(self, scale: i32) -> Result<i128, UnitError> {
        let (quotient, rest) = self.split(scale)?;
        let step = i128::from(rest < 0);
        quotient.checked_sub(step).ok_or(UnitError::Overflow)
    }

    /// Smallest integer not below `value · 10^scale`.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn to_scaled_ceil(self, scale: i32) -> Result<i128, UnitError> {
        let (quotient, rest) = self.split(scale)?;
        let step = i128::from(rest > 0);
        quotient.checked_add(step).ok_or(UnitError::Overflow)
    }

    /// Quotient toward zero and signed remainder of `value · 10^scale` by one.
    fn split(self, scale: i32) -> Result<(i128, i128), UnitError> {
        let shift = self.exponent.checked_add(scale).ok_or(UnitError::Overflow)?;
        let Some(power) = 10_i128.checked_pow(shift.unsigned_abs()) else {
            // Beyond 10^38 every non-zero mantissa overflows upward or vanishes downward.
            return match (self.mantissa, shift > 0) {
                (0, _) => Ok((0, 0)),
                (_, true) => Err(UnitError::Overflow),
                (mantissa, false) => Ok((0, mantissa.signum())),
            };
        };
        if shift >= 0 {
            let product = self.mantissa.checked_mul(power).ok_or(UnitError::Overflow)?;
            return Ok((product, 0));
        }
        let quotient = self.mantissa.checked_div(power).ok_or(UnitError::Overflow)?;
        let rest = self.mantissa.checked_rem(power).ok_or(UnitError::Overflow)?;
        Ok((quotient, rest))
    }
}

fn parse_digits(text: &str) -> Result<(i128, i32), UnitError> {
    let mut magnitude: i128 = 0;
    let mut decimals: Option<i32> = None;
    let mut digits: u32 = 0;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits.saturating_add(1);
            decimals = decimals.map(|seen| seen.saturating_add(1));
            magnitude = magnitude
                .checked_mul(10)
                .and_then(|shifted| shifted.checked_add(i128::from(digit)))
                .ok_or(UnitError::Overflow)?;
        } else if byte == b'.' && decimals.is_none() {
            decimals = Some(0);
        } else {
            return Err(UnitError::NotDecimal);
        }
    }
    if digits == 0 {
        return Err(UnitError::NotDecimal);
    }
    Ok((magnitude, decimals.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_decimals_are_read_exactly() {
        assert_eq!(parse_fixed(b"0.48", 6), Ok(480_000));
        assert_eq!(parse_fixed(b".48", 6), Ok(480_000));
        assert_eq!(parse_fixed(b"12", 6), Ok(12_000_000));
        assert_eq!(parse_fixed(b"1.0000000", 6), Ok(1_000_000));
        assert_eq!(parse_fixed(b"5.", 2), Ok(500));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", ".", "-1", "+1", "1e3", "NaN", " 1", "1.2.3", "0x1", "1,5"] {
            assert_eq!(parse_fixed(text.as_bytes(), 6), Err(UnitError::NotDecimal), "{text}");
        }
        assert_eq!(parse_fixed(b"0.0000001", 6), Err(UnitError::TooFine { scale: 6 }));
        assert_eq!(parse_fixed(b"99999999999999999999", 6), Err(UnitError::Overflow));
    }

    #[test]
    fn scaled_rounding_goes_the_named_way_on_both_signs() {
        let value = Dec::parse("-1.25").expect("decimal");
        assert_eq!(value.to_scaled_floor(1), Ok(-13));
        assert_eq!(value.to_scaled_ceil(1), Ok(-12));
        assert_eq!(Dec::parse("1e-300").and_then(|d| d.to_scaled_ceil(4)), Ok(1));
        assert_eq!(
            Dec::parse("1e300").and_then(|d| d.to_scaled_floor(4)),
            Err(UnitError::Overflow)
        );
        assert_eq!(Dec::parse("0e300").and_then(|d| d.to_scaled_floor(4)), Ok(0));
    }
}
