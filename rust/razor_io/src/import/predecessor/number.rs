//! Numbers of predecessor rows as decimal texts.
//!
//! Owns: [`cell`] and [`is_number`]. The predecessor read its cells as doubles, so it accepted
//! exponents; a capture holds plain decimals. The change of spelling is exact.

use std::borrow::Cow;

use razor_core::units::Dec;

/// Longest run of zeros written for an exponent.
const MAX_SHIFT: u32 = 40;

/// The text of a cell as a plain decimal; `fallback` when it is no finite number.
pub(super) fn cell<'a>(text: &'a str, fallback: &'a str) -> Cow<'a, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    match Dec::parse(text).ok().and_then(plain) {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(fallback),
    }
}

/// Whether a cell is a finite number in a spelling that has an exact plain decimal.
pub(super) fn is_number(text: &str) -> bool {
    is_plain(text) || Dec::parse(text).ok().and_then(plain).is_some()
}

fn is_plain(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let points = text.bytes().filter(|&b| b == b'.').count();
    (1..=64).contains(&digits) && points <= 1 && digits.saturating_add(points) == text.len()
}

fn plain(value: Dec) -> Option<String> {
    let digits = value.mantissa().unsigned_abs().to_string();
    let shift = usize::try_from(value.exponent().unsigned_abs().min(MAX_SHIFT)).ok()?;
    if value.exponent().unsigned_abs() > MAX_SHIFT {
        return None;
    }
    let sign = if value.is_negative() { "-" } else { "" };
    if value.exponent() >= 0 {
        return Some(format!("{sign}{digits}{}", "0".repeat(shift)));
    }
    // At least one digit stands before the point.
    let padded = format!("{digits:0>width$}", width = shift.saturating_add(1));
    let (whole, fraction) = padded.split_at_checked(padded.len().saturating_sub(shift))?;
    Some(format!("{sign}{whole}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text_or_change_only_their_spelling() {
        for (text, want) in [
            ("0.480000", "0.480000"),
            (".5", ".5"),
            ("12", "12"),
            ("1e-3", "0.001"),
            ("2.5E2", "250"),
            ("-0.1", "-0.1"),
            ("+0.25", "0.25"),
            ("NaN", "1"),
            ("inf", "1"),
            ("", "1"),
            (" 0.5", "1"),
            ("0.5.5", "1"),
            ("1e300", "1"),
        ] {
            assert_eq!(cell(text, "1"), want, "{text:?}");
        }
    }
}
