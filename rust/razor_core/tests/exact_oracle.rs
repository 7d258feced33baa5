//! The exact arithmetic of the frozen rules against long numbers kept as decimal limbs.
//!
//! The oracle multiplies and divides as on paper, in limbs of nine digits; a division by 10^18 is
//! two limbs dropped. It shares nothing with the code, which stays inside 128 bits.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use proptest::prelude::*;
use razor_core::shadow::exact::{
    ATTO, AttoPrice, AttoShares, FillShare, PICO, PicoShares, cell, fill_of, fixed, fixed_ratio,
    over_ceil, over_floor, plain, plain_ratio, product_atto_floor,
};
use razor_core::units::UnitError;

const LIMB: u128 = 1_000_000_000;

/// A number without sign, least limb first.
type Limbs = Vec<u128>;

fn limbs(mut value: u128) -> Limbs {
    let mut out = Vec::new();
    while value > 0 {
        out.push(value % LIMB);
        value /= LIMB;
    }
    out
}

fn product(left: &Limbs, right: &Limbs) -> Limbs {
    let mut out = vec![0; left.len() + right.len() + 1];
    for (i, a) in left.iter().enumerate() {
        for (j, b) in right.iter().enumerate() {
            out[i + j] += a * b;
        }
    }
    for place in 1..out.len() {
        let carry = out[place - 1] / LIMB;
        out[place - 1] %= LIMB;
        out[place] += carry;
    }
    out
}

/// `None` beyond 128 bits without sign.
fn value_of(limbs: &[u128]) -> Option<u128> {
    limbs.iter().rev().try_fold(0_u128, |sum, limb| sum.checked_mul(LIMB)?.checked_add(*limb))
}

/// `floor(left · right / 10^18)` on paper; `None` where it does not fit 128 bits.
fn product_on_paper(left: i128, right: i128) -> Option<i128> {
    let is_negative = (left < 0) != (right < 0);
    let all = product(&limbs(left.unsigned_abs()), &limbs(right.unsigned_abs()));
    let (dropped, kept) = all.split_at(all.len().min(2));
    let has_rest = dropped.iter().any(|limb| *limb != 0);
    let magnitude = i128::try_from(value_of(kept)?).ok()?;
    if is_negative { Some(-magnitude - i128::from(has_rest)) } else { Some(magnitude) }
}

/// `top / bottom` at so many places, half to even, digit by digit with the remainder carried on.
fn ratio_on_paper(top: u128, bottom: u128, places: usize) -> String {
    let mut digits: Vec<u8> = (top / bottom).to_string().bytes().map(|byte| byte - b'0').collect();
    let whole = digits.len();
    let mut rest = top % bottom;
    for _ in 0..places {
        rest *= 10;
        digits.push((rest / bottom) as u8);
        rest %= bottom;
    }
    let is_odd = digits.last().is_some_and(|digit| digit % 2 == 1);
    if 2 * rest > bottom || (2 * rest == bottom && is_odd) {
        let mut place = digits.len();
        loop {
            if place == 0 {
                digits.insert(0, 1);
                return text_of(&digits, whole + 1);
            }
            place -= 1;
            if digits[place] < 9 {
                digits[place] += 1;
                break;
            }
            digits[place] = 0;
        }
    }
    text_of(&digits, whole)
}

fn text_of(digits: &[u8], whole: usize) -> String {
    let mut text = String::new();
    for (place, digit) in digits.iter().enumerate() {
        if place == whole {
            text.push('.');
        }
        text.push(char::from(b'0' + digit));
    }
    text
}

/// Without the zeros behind the last digit, and without a point in front of nothing.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Numbers of every length, not only long ones.
fn any_length() -> impl Strategy<Value = i128> {
    (any::<i128>(), 0_u32..127).prop_map(|(value, shift)| value >> shift)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn a_wide_product_is_the_floor_on_paper_or_refused(
        left in any_length(),
        right in any_length(),
    ) {
        match product_atto_floor(left, right) {
            Ok(found) => prop_assert_eq!(Some(found), product_on_paper(left, right)),
            // It may refuse what `right · 10^18` alone brings out of range, never anything else.
            Err(error) => {
                prop_assert_eq!(error, UnitError::Overflow);
                let is_wide = right.checked_mul(ATTO).is_none();
                prop_assert!(is_wide || product_on_paper(left, right).is_none());
            }
        }
    }

    #[test]
    fn quotients_round_to_their_own_side(value in any_length(), divisor in 1_i128..1_000_000_007) {
        let (down, up) = (over_floor(value, divisor), over_ceil(value, divisor));
        let (Ok(down), Ok(up)) = (down, up) else {
            prop_assert_eq!(value, i128::MIN, "only its negation does not fit");
            return Ok(());
        };
        let is_whole = value % divisor == 0;
        prop_assert_eq!(up - down, i128::from(!is_whole));
        prop_assert!(down.checked_mul(divisor).is_none_or(|back| back <= value));
        prop_assert!(up.checked_mul(divisor).is_none_or(|back| back >= value));
    }

    #[test]
    fn texts_of_ratios_are_those_on_paper(
        top in 0_u128..1 << 100,
        bottom in 1_u128..1 << 60,
        places in 0_u32..13,
        is_negative: bool,
    ) {
        let paper = ratio_on_paper(top, bottom, places as usize);
        let is_zero = paper.bytes().all(|byte| byte == b'0' || byte == b'.');
        let sign = if is_negative && !is_zero { "-" } else { "" };
        let top = i128::try_from(top).expect("100 bits");
        let top = if is_negative { -top } else { top };
        let bottom = i128::try_from(bottom).expect("60 bits");
        prop_assert_eq!(fixed_ratio(top, bottom, places), format!("{sign}{paper}"));
        prop_assert_eq!(plain_ratio(top, bottom, places), format!("{sign}{}", trimmed(&paper)));
        // Two signs are none.
        prop_assert_eq!(fixed_ratio(-top, -bottom, places), format!("{sign}{paper}"));
    }

    #[test]
    fn a_scaled_number_is_the_ratio_to_its_power_of_ten(
        value in any_length(),
        scale in 0_u32..23,
        places in 0_u32..13,
    ) {
        let one = 10_i128.pow(scale);
        prop_assert_eq!(plain(value, scale, places), plain_ratio(value, one, places));
        prop_assert_eq!(fixed(value, scale, places), fixed_ratio(value, one, places));
        prop_assert_eq!(cell(value, scale), plain_ratio(value, one, 12));
    }

    #[test]
    fn a_cell_reads_back_as_the_number_that_was_written(micros in -(1_i128 << 80)..1 << 80) {
        // A cell has twelve places: what has no more is written whole.
        let text = cell(micros, 12);
        prop_assert_eq!(PicoShares::parse(&text), Ok(PicoShares(micros)), "{}", text);
        prop_assert_eq!(AttoShares::parse(&text), Ok(AttoShares(micros * 1_000_000)));
    }

    #[test]
    fn prices_of_prints_round_up_and_sizes_down(digits in "[0-9]{1,8}\\.[0-9]{1,29}") {
        let size = AttoShares::parse(&digits).expect("size").0;
        let price = AttoPrice::parse(&digits).expect("price").0;
        let (_, decimals) = digits.split_once('.').expect("a point");
        let is_exact = decimals.len() <= 18 || decimals[18..].bytes().all(|digit| digit == b'0');
        prop_assert_eq!(price - size, i128::from(!is_exact));
    }

    #[test]
    fn a_fill_never_exceeds_the_share_nor_the_request_and_grows_with_both(
        volume in 0_i128..1 << 90,
        more in 0_i128..1 << 60,
        share in 0_i128..=ATTO,
        request in 0_i128..1_000_000 * PICO,
    ) {
        let fill = |volume, share, request| {
            fill_of(AttoShares(volume), FillShare(share), PicoShares(request)).expect("fill").0
        };
        let found = fill(volume, share, request);
        prop_assert!((0..=request).contains(&found));
        // The whole share of the volume, less than one 10^-12 share given away to rounding.
        let taken = product_on_paper(volume, share).expect("fits");
        prop_assert_eq!(found, request.min(taken / 1_000_000));
        prop_assert!(fill(volume + more, share, request) >= found);
        prop_assert!(fill(volume, share, request + more.min(PICO)) >= found);
        prop_assert!(fill(volume, (share + more).min(ATTO), request) >= found);
        prop_assert_eq!(fill(volume, 0, request), 0);
        prop_assert_eq!(fill(volume, ATTO, request), request.min(volume / 1_000_000));
    }
}

#[test]
fn ties_go_to_the_even_digit_at_every_place_and_carry_through_nines() {
    for (top, bottom, places, want) in [
        (1, 2, 0, "0"),
        (3, 2, 0, "2"),
        (5, 2, 0, "2"),
        (19, 2, 0, "10"),
        (1, 8, 2, "0.12"),
        (3, 8, 2, "0.38"),
        (199, 200, 2, "1.00"),
        (99_995, 10_000, 3, "10.000"),
        (99_985, 10_000, 3, "9.998"),
        (9_999_999_999_995, 10, 0, "1000000000000"),
        (25, 1_000, 2, "0.02"),
        (25_000_000_000_000_000_001, 1_000_000_000_000_000_000_000, 2, "0.03"),
    ] {
        assert_eq!(fixed_ratio(top, bottom, places), want, "{top}/{bottom}");
        assert_eq!(ratio_on_paper(top as u128, bottom as u128, places as usize), want);
    }
}

#[test]
fn a_division_by_nothing_is_refused_where_money_is_and_reads_as_zero_where_text_is() {
    assert_eq!(over_floor(1, 0), Err(UnitError::Overflow));
    assert_eq!(over_ceil(1, 0), Err(UnitError::Overflow));
    assert_eq!((plain_ratio(1, 0, 2), fixed_ratio(1, 0, 2)), ("0".into(), "0.00".into()));
}
