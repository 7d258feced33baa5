//! Times as text: ISO-8601 into nanoseconds since the epoch.
//!
//! Owns: [`iso_ns`]. No calendar library: the two spellings of the sources (`2026-06-25T08:59:24`
//! with `Z`, an offset or nothing, optional fraction, `T` or blank) and the civil-day rule are all.

/// Reads `YYYY-MM-DD[T ]HH:MM:SS[.fraction][Z|±HH:MM]` as ns since the epoch; UTC without offset.
///
/// `None` on any other text, on impossible dates and outside the years 1970..=2261.
pub(super) fn iso_ns(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let (clock, tail) = rest.strip_prefix(['T', ' '])?.split_at_checked(8)?;
    let days = civil_days(fields(date, '-')?)?;
    let [hour, minute, second] = fields(clock, ':')?;
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return None;
    }
    let (fraction, offset) = split_fraction(tail)?;
    let minutes =
        hour.checked_mul(60)?.checked_add(minute)?.checked_sub(offset_minutes(offset)?)?;
    let seconds = days.checked_mul(86_400)?.checked_add(minutes.checked_mul(60)?)?;
    seconds.checked_add(second)?.checked_mul(1_000_000_000)?.checked_add(fraction)
}

fn fields(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator).map(number);
    let three = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(three)
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<i64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The fraction in ns and what follows it.
fn split_fraction(tail: &str) -> Option<(i64, &str)> {
    let Some(tail) = tail.strip_prefix('.') else { return Some((0, tail)) };
    let end = tail.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(tail.len());
    let (digits, rest) = tail.split_at_checked(end)?;
    let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
    (!digits.is_empty()).then_some((nine.parse().ok()?, rest))
}

fn offset_minutes(text: &str) -> Option<i64> {
    if matches!(text, "" | "Z") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1_i64, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    number(hours)?.checked_mul(60)?.checked_add(number(minutes)?)?.checked_mul(sign)
}

/// Days since 1970-01-01 by the rule of the Gregorian calendar, counted in 400-year eras from
/// March so that the leap day is the last of its year.
fn civil_days([year, month, day]: [i64; 3]) -> Option<i64> {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    let longest = match month {
        2 => 28_i64.checked_add(i64::from(leap))?,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if !(1970..=2261).contains(&year) || !(1..=longest).contains(&day) {
        return None;
    }
    let shifted = year.checked_sub(i64::from(month <= 2))?;
    let from_march = month.checked_add(9)?.rem_euclid(12);
    let in_year = from_march.checked_mul(153)?.checked_add(2)?.div_euclid(5).checked_add(day)?;
    let leaps = shifted.div_euclid(4).checked_sub(shifted.div_euclid(100))?;
    let leaps = leaps.checked_add(shifted.div_euclid(400))?;
    // 719,469 is the day number of 1970-01-01 in this count, less the one that `day` starts from.
    shifted.checked_mul(365)?.checked_add(leaps)?.checked_add(in_year)?.checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_read_exactly() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00", 0),
            ("2026-06-25T08:59:24+00:00", 1_782_377_964),
            ("2000-02-29 23:59:59Z", 951_868_799),
            ("2026-01-01T00:30:00+01:00", 1_767_223_800),
            ("2025-12-31T23:30:00-00:30", 1_767_225_600),
        ] {
            assert_eq!(iso_ns(text), Some(seconds * 1_000_000_000), "{text}");
        }
        assert_eq!(iso_ns("1970-01-01T00:00:01.5Z"), Some(1_500_000_000));
    }

    #[test]
    fn days_are_consecutive_over_leap_years() {
        let mut last = -1;
        for year in 1970..=2261 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(days) = civil_days([year, month, day]) {
                        assert_eq!(days, last + 1, "{year}-{month}-{day}");
                        last = days;
                    }
                }
            }
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "2026-06-25",
            "2026-13-01T00:00:00",
            "2026-02-29T00:00:00",
            "2026-06-25T24:00:00",
            "2026-06-25T00:00:00+1",
            "2026-06-25T00:00:00.",
            "2026-06-25T00:00:00 UTC",
            "+026-06-25T00:00:00",
            "1782377964",
            "é2026-06-25T00:00:00",
        ] {
            assert_eq!(iso_ns(text), None, "{text}");
        }
    }
}
