//! Units against an oracle of digits: every reading and rounding, 100,000 cases and more each.
//!
//! The oracle knows numbers as strings of digits and shifts the point in them by hand; it shares no
//! arithmetic with the code. Where a grid is small enough, all of it is tried.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test stops loudly where the core must not"
)]

use razor_core::units::{
    Bps, Dec, Nanos, Price, Qty, TickSize, Ticks, UnitError, Usdc, notional_ceil, notional_floor,
    parse_fixed,
};
use razor_sim::rng::Rng;

const CASES: u32 = 100_000;

// --- the oracle ----------------------------------------------------------------------------------

/// A decimal as people write it: sign, digits, and where the point stands from the right.
#[derive(Debug, Clone)]
struct Written {
    negative: bool,
    digits: String,
    decimals: i32,
}

impl Written {
    /// The digits of `value · 10^scale` before and behind the point.
    fn shifted(&self, scale: i32) -> (String, String) {
        let behind = self.decimals - scale;
        if behind <= 0 {
            return (format!("{}{}", self.digits, "0".repeat((-behind) as usize)), String::new());
        }
        let padded = format!("{}{}", "0".repeat(behind as usize), self.digits);
        let (whole, rest) = padded.split_at(padded.len() - behind as usize);
        (whole.to_owned(), rest.to_owned())
    }

    /// Rounded toward one end: `up` toward plus infinity. `None` beyond 128 bits.
    fn rounded(&self, scale: i32, up: bool) -> Option<i128> {
        let (whole, rest) = self.shifted(scale);
        let magnitude: i128 = format!("0{whole}").parse().ok()?;
        let is_whole = rest.bytes().all(|digit| digit == b'0');
        let away = i128::from(!is_whole && up != self.negative);
        let magnitude = magnitude.checked_add(away)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        if self.decimals <= 0 {
            return format!("{sign}{}e{}", self.digits, -self.decimals);
        }
        let places = self.decimals as usize;
        let padded = format!("{}{}", "0".repeat(places), self.digits);
        let (whole, rest) = padded.split_at(padded.len() - places);
        format!("{sign}{whole}.{rest}")
    }
}

fn digits(rng: &mut Rng, count: u32) -> String {
    (0..count).map(|_| char::from_digit(rng.below(10), 10).unwrap()).collect()
}

/// Numbers of every size around the limits, many of them with long tails of 0 or 9.
fn written(rng: &mut Rng) -> Written {
    let count = 1 + rng.below(22);
    let mut text = digits(rng, count);
    match rng.below(4) {
        0 => text.push_str(&"0".repeat(rng.index(9))),
        1 => text.push_str(&"9".repeat(rng.index(9))),
        _ => {}
    }
    let decimals = rng.below(40) as i32 - 8;
    Written { negative: rng.chance(30), digits: text, decimals }
}

// --- Dec -----------------------------------------------------------------------------------------

#[test]
fn a_decimal_rounds_like_its_digits_say() {
    let mut rng = Rng::new(1);
    let mut overflows = 0;
    for _ in 0..CASES {
        let number = written(&mut rng);
        let text = number.text();
        let value = Dec::parse(&text).expect("a number");
        assert_eq!(value.is_negative(), number.negative && value.mantissa() != 0, "{text}");
        for scale in [0, 4, 6, 12, 18, 22, -3] {
            let floor = number.rounded(scale, false).ok_or(UnitError::Overflow);
            let ceil = number.rounded(scale, true).ok_or(UnitError::Overflow);
            overflows += u32::from(floor.is_err());
            assert_eq!(value.to_scaled_floor(scale), floor, "{text} floor {scale}");
            assert_eq!(value.to_scaled_ceil(scale), ceil, "{text} ceil {scale}");
        }
    }
    assert!(overflows > 1_000, "the limit was crossed: {overflows}");
}

#[test]
fn products_and_shifts_of_decimals_are_exact() {
    let mut rng = Rng::new(2);
    for _ in 0..CASES {
        let mantissa = i128::from(rng.below_wide(1 << 62)) - (1 << 61);
        let factor = rng.below_wide(1 << 40) as i64 - (1 << 39);
        let (exponent, power) = (rng.below(20) as i32 - 10, rng.below(20) as i32 - 10);
        let value = Dec::new(mantissa, exponent);
        let product = value.times(factor).expect("102 bits");
        assert_eq!(product, Dec::new(mantissa * i128::from(factor), exponent));
        assert_eq!(product.shifted(power), Ok(Dec::new(product.mantissa(), exponent + power)));
    }
    assert_eq!(Dec::new(i128::MAX, 0).times(2), Err(UnitError::Overflow));
    assert_eq!(Dec::new(i128::MIN, 0).times(-1), Err(UnitError::Overflow));
    assert_eq!(Dec::new(1, i32::MAX).shifted(1), Err(UnitError::Overflow));
    assert_eq!(Dec::new(1, i32::MIN).shifted(-1), Err(UnitError::Overflow));
    assert_eq!(Dec::new(1, i32::MAX).to_scaled_floor(1), Err(UnitError::Overflow));
}

#[test]
fn spellings_of_one_number_are_one_number() {
    for (left, right) in [
        ("0.5", ".5"),
        ("5.", "5"),
        ("+5", "5"),
        ("1e3", "1000"),
        ("1E3", "1e+3"),
        ("1e-3", "0.001"),
        ("-0", "0"),
        ("00012.50", "12.5"),
        ("0e400", "0"),
    ] {
        let scaled = |text: &str| Dec::parse(text).and_then(|value| value.to_scaled_floor(6));
        assert_eq!(scaled(left), scaled(right), "{left} {right}");
        assert!(scaled(left).is_ok(), "{left}");
    }
}

#[test]
fn what_is_no_number_is_refused_and_what_is_too_long_overflows() {
    for text in [
        "",
        "-",
        "+",
        ".",
        "-.",
        "e5",
        "1e",
        "1e+",
        "--1",
        "+-1",
        "1.2.3",
        "1,5",
        " 1",
        "1 ",
        "0x1",
        "NaN",
        "inf",
        "-inf",
        "1_000",
        "１",
        "1e5e5",
        "1e1.5",
        "1e99999999999",
    ] {
        assert_eq!(Dec::parse(text), Err(UnitError::NotDecimal), "{text}");
    }
    for text in [
        "1e401",
        "1e-401",
        "-1e2147483647",
        &"9".repeat(40),
        &format!("0.{}1", "0".repeat(9).repeat(5) + "9999999999999999999999999999999999999999"),
    ] {
        assert_eq!(Dec::parse(text), Err(UnitError::Overflow), "{text}");
    }
    assert!(Dec::parse("1e400").is_ok() && Dec::parse("1e-400").is_ok());
    assert!(Dec::parse(&i128::MAX.to_string()).is_ok());
}

#[test]
fn the_shortest_text_of_any_double_is_read_as_the_double() {
    let mut rng = Rng::new(3);
    for _ in 0..CASES {
        let bits = rng.below_wide(u64::MAX);
        let double = f64::from_bits(bits);
        if !double.is_finite() {
            continue;
        }
        let value = Dec::parse(&format!("{double:e}")).expect("a double");
        let back = format!("{}e{}", value.mantissa(), value.exponent());
        assert_eq!(back.parse::<f64>().map(f64::to_bits), Ok(bits), "{double:e}");
    }
}

// --- parse_fixed ---------------------------------------------------------------------------------

/// What a plain unsigned decimal means at a scale; `None` when it is not one.
fn fixed(text: &str, scale: usize) -> Option<Result<u64, UnitError>> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(rest) || whole.len() + rest.len() == 0 {
        return None;
    }
    let (kept, cut) = rest.split_at(rest.len().min(scale));
    if cut.bytes().any(|byte| byte != b'0') {
        return Some(Err(UnitError::TooFine { scale: scale as u32 }));
    }
    let digits = format!("0{whole}{kept}{}", "0".repeat(scale - kept.len()));
    Some(digits.parse().map_err(|_| UnitError::Overflow))
}

#[test]
fn fixed_decimals_are_read_digit_by_digit_or_refused() {
    let mut rng = Rng::new(4);
    let (mut read, mut fine, mut over, mut junk) = (0, 0, 0, 0);
    for case in 0..2 * CASES {
        let (left, right) = (rng.below(16), rng.below(9));
        let mut text = digits(&mut rng, left);
        if rng.chance(70) {
            text.push('.');
            text.push_str(&digits(&mut rng, right));
        }
        if rng.chance(30) {
            text.push_str(&"0".repeat(rng.index(8)));
        }
        if case % 9 == 0 {
            let at = rng.index(text.len() + 1);
            text.insert(at, ['-', '+', 'e', ' ', ',', '.', 'x'][rng.index(7)]);
        }
        for scale in [0_usize, 2, 4, 6] {
            let found = parse_fixed(text.as_bytes(), scale as u32);
            match fixed(&text, scale) {
                Some(expected @ Err(UnitError::TooFine { .. })) => {
                    // Too long and too fine at once: either is the truth.
                    let both = found == Err(UnitError::Overflow);
                    assert!(found == expected || both, "{text} {scale} {found:?}");
                    fine += 1;
                }
                Some(expected) => {
                    assert_eq!(found, expected, "{text} {scale}");
                    if expected.is_ok() { read += 1 } else { over += 1 }
                }
                None => {
                    assert!(found.is_err(), "{text} {scale}");
                    junk += 1;
                }
            }
        }
    }
    assert!(
        read > 100_000 && fine > 10_000 && over > 1_000 && junk > 10_000,
        "{read} {fine} {over} {junk}"
    );
}

#[test]
fn fixed_decimals_end_at_64_bits_on_both_sides() {
    for (text, scale, value) in [
        ("18446744073709551615", 0, Ok(u64::MAX)),
        ("18446744073709551616", 0, Err(UnitError::Overflow)),
        ("18446744073709.551615", 6, Ok(u64::MAX)),
        ("18446744073709.551616", 6, Err(UnitError::Overflow)),
        ("18446744073710", 6, Err(UnitError::Overflow)),
        ("00000000000000000000000000000000000001", 0, Ok(1)),
        ("0.00000000000000000000000000000000000", 6, Ok(0)),
    ] {
        assert_eq!(parse_fixed(text.as_bytes(), scale), value, "{text}");
    }
}

#[test]
fn no_bytes_but_digits_and_one_point_make_a_number() {
    for byte in 0..=255_u8 {
        for text in [vec![byte], vec![b'1', byte], vec![byte, b'1'], vec![b'1', byte, b'1']] {
            let plain = byte.is_ascii_digit() || (byte == b'.' && text.len() > 1);
            assert_eq!(parse_fixed(&text, 6).is_ok(), plain, "{text:?}");
        }
    }
}

// --- Bps -----------------------------------------------------------------------------------------

#[test]
fn ratios_become_basis_points_with_an_exact_epsilon() {
    let mut rng = Rng::new(5);
    let bps = |raw: i128| i32::try_from(raw).map(Bps::new).map_err(|_| UnitError::Overflow);
    for case in 0..2 * CASES {
        // Half of the cases lie within a few 10⁻¹³ of a whole basis point.
        let (mantissa, places) = if case % 2 == 0 {
            let near = i128::from(rng.below(40_000)) * 10_i128.pow(12);
            (near + i128::from(rng.below(2_200)) - 1_100, 16)
        } else {
            (i128::from(rng.below_wide(1_000_000_000_000_000)), rng.below(19))
        };
        if mantissa < 0 {
            continue;
        }
        // x·10⁴ ± 10⁻⁹ as one fraction over 10^(places + 9).
        let unit = 10_i128.pow(places + 9);
        let scaled = mantissa * 10_i128.pow(13);
        let step = 10_i128.pow(places);
        let ratio = Dec::new(mantissa, -(places as i32));
        let floor = (scaled + step).div_euclid(unit);
        let ceil = -((step - scaled).div_euclid(unit));
        assert_eq!(Bps::from_ratio_floor(ratio), bps(floor), "{mantissa}e-{places}");
        assert_eq!(Bps::from_ratio_ceil(ratio), bps(ceil), "{mantissa}e-{places}");
    }
}

#[test]
fn every_whole_basis_point_is_its_own_ratio_both_ways() {
    for raw in 0..200_000 {
        let bps = Bps::new(raw);
        assert_eq!(Bps::from_ratio_floor(bps.ratio()), Ok(bps));
        assert_eq!(Bps::from_ratio_ceil(bps.ratio()), Ok(bps));
        let negative = Bps::new(-raw).ratio();
        let expected = if raw == 0 { Ok(bps) } else { Err(UnitError::Negative) };
        assert_eq!(Bps::from_ratio_floor(negative), expected);
    }
    for raw in [i32::MAX, i32::MAX - 1] {
        assert_eq!(Bps::from_ratio_floor(Bps::new(raw).ratio()), Ok(Bps::new(raw)));
    }
    assert_eq!(Bps::from_ratio_floor(Dec::new(1 << 31, -4)), Err(UnitError::Overflow));
}

#[test]
fn probabilities_end_at_one_however_fine_the_digit_above_it() {
    for (text, result) in [
        ("0", Ok(Bps::ZERO)),
        ("1", Ok(Bps::ONE_HUNDRED_PERCENT)),
        ("1.0000000000000", Ok(Bps::ONE_HUNDRED_PERCENT)),
        ("1.0000000000000000001", Err(UnitError::AboveOne)),
        ("1e-300", Ok(Bps::ZERO)),
        ("0.99999", Ok(Bps::new(9_999))),
        ("0.99999999999999", Ok(Bps::ONE_HUNDRED_PERCENT)),
        ("-0.0001", Err(UnitError::Negative)),
    ] {
        assert_eq!(Bps::from_prob(Dec::parse(text).expect("decimal")), result, "{text}");
    }
}

#[test]
fn costs_and_proceeds_are_exact_products() {
    let mut rng = Rng::new(6);
    for _ in 0..CASES {
        let raw = rng.below(40_001) as i32 - 20_000;
        let micros = i128::from(rng.below(1_000_001));
        let price = Dec::new(micros, -6);
        let cost = Bps::new(raw).apply_cost(price).expect("in range");
        let proceeds = Bps::new(raw).apply_proceeds(price).expect("in range");
        assert_eq!(cost.to_scaled_floor(10), Ok(micros * i128::from(10_000 + raw)));
        assert_eq!(proceeds.to_scaled_ceil(10), Ok(micros * i128::from(10_000 - raw)));
    }
    for raw in [i32::MIN, i32::MAX] {
        let whole = Dec::new(1, 0);
        let factor = 10_000 + i128::from(raw);
        assert_eq!(Bps::new(raw).apply_cost(whole).map(Dec::mantissa), Ok(factor));
        assert_eq!(Bps::new(raw).apply_cost(Dec::new(i128::MAX, 0)), Err(UnitError::Overflow));
    }
}

#[test]
fn basis_points_add_clamp_and_show_like_integers() {
    let mut rng = Rng::new(7);
    let edges = [i32::MIN, i32::MIN + 1, -1, 0, 1, 10_000, i32::MAX - 1, i32::MAX];
    let any = |rng: &mut Rng| {
        if rng.chance(50) {
            edges[rng.index(edges.len())]
        } else {
            rng.below(u32::MAX).cast_signed()
        }
    };
    for _ in 0..CASES {
        let (a, b, c) = (any(&mut rng), any(&mut rng), any(&mut rng));
        let wide = |sum: i64| i32::try_from(sum).map(Bps::new).map_err(|_| UnitError::Overflow);
        assert_eq!(Bps::new(a).plus(Bps::new(b)), wide(i64::from(a) + i64::from(b)));
        assert_eq!(Bps::new(a).minus(Bps::new(b)), wide(i64::from(a) - i64::from(b)));
        let clamped = Bps::new(a).clamp_to(Bps::new(b), Bps::new(c));
        if b > c {
            assert_eq!(clamped, Err(UnitError::EmptyRange { min: b, max: c }));
        } else {
            assert_eq!(clamped, Ok(Bps::new(a.clamp(b, c))));
        }
        assert_eq!(Bps::new(a).to_string(), format!("{a}bps"));
        assert_eq!(Bps::new(a).cmp(&Bps::new(b)), a.cmp(&b));
    }
}

// --- grids, amounts, times -----------------------------------------------------------------------

#[test]
fn every_price_lies_between_its_two_ticks_on_every_grid() {
    for tick_micros in [100_000, 10_000, 5_000, 2_500, 1_000, 100] {
        let tick = TickSize::from_micros(tick_micros).expect("tick");
        let whole = tick.ticks_per_dollar();
        assert_eq!(whole.0.cast_unsigned() * tick_micros, 1_000_000);
        for micros in 0..=1_000_000 {
            let price = Price::from_micros(micros).expect("price");
            let (low, high) = (tick.ticks_floor(price), tick.ticks_ceil(price));
            let low_micros = low.0.cast_unsigned() * tick_micros;
            let is_exact = low_micros == micros;
            assert!(low_micros <= micros && micros < low_micros + tick_micros);
            assert_eq!(high.0 - low.0, i32::from(!is_exact));
            let expected =
                if is_exact { Ok(low) } else { Err(UnitError::OffGrid { micros, tick_micros }) };
            assert_eq!(tick.ticks_exact(price), expected);
            if is_exact {
                assert_eq!(tick.price(low), Ok(price));
            }
        }
        for ticks in [-1, whole.0 + 1, i32::MAX, i32::MIN] {
            assert_eq!(tick.price(Ticks(ticks)), Err(UnitError::Overflow), "{tick_micros} {ticks}");
        }
    }
}

#[test]
fn every_number_of_micros_that_is_no_tick_is_refused() {
    let ticks = [100_000, 10_000, 5_000, 2_500, 1_000, 100];
    for micros in 0..=1_000_001 {
        let expected = !ticks.contains(&micros);
        assert_eq!(TickSize::from_micros(micros).is_err(), expected, "{micros}");
    }
    assert_eq!(TickSize::from_micros(u32::MAX), Err(UnitError::UnknownTick { micros: u32::MAX }));
}

#[test]
fn every_price_of_six_decimals_is_read_back_and_mirrors_itself() {
    for micros in (0..=1_000_000_u32).step_by(7).chain([1_000_000, 999_999]) {
        let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        let price = Price::parse(text.as_bytes()).expect("price");
        assert_eq!(price.micros(), micros);
        let trimmed = text.trim_end_matches('0');
        assert_eq!(Price::parse(trimmed.as_bytes()), Ok(price), "{trimmed}");
        assert_eq!(price.complement().micros(), 1_000_000 - micros);
        assert_eq!(price.complement().complement(), price);
    }
    for text in ["1.000001", "2", "18446744073709551615", "4294967297"] {
        assert_eq!(Price::parse(text.as_bytes()), Err(UnitError::Overflow), "{text}");
    }
}

#[test]
fn a_notional_is_the_product_within_one_micro_dollar_on_its_own_side() {
    let mut rng = Rng::new(8);
    for _ in 0..CASES {
        let price = Price::from_micros(rng.below(1_000_001)).expect("price");
        let bits = rng.below(63);
        let qty = Qty(rng.below_wide(1 << bits));
        let exact = u128::from(price.micros()) * u128::from(qty.0);
        let floor = notional_floor(price, qty).expect("fits").0 as u128;
        let ceil = notional_ceil(price, qty).expect("fits").0 as u128;
        assert!(floor * 1_000_000 <= exact && exact < (floor + 1) * 1_000_000);
        assert!(ceil * 1_000_000 >= exact && exact + 1_000_000 > ceil * 1_000_000);
        assert_eq!(ceil - floor, u128::from(!exact.is_multiple_of(1_000_000)));
    }
    let most = Qty(i64::MAX as u64);
    assert_eq!(notional_floor(Price::ONE, most), Ok(Usdc(i64::MAX)));
    assert_eq!(notional_ceil(Price::ONE, Qty(most.0 + 1)), Err(UnitError::Overflow));
    assert_eq!(notional_floor(Price::ZERO, Qty(u64::MAX)), Ok(Usdc::ZERO));
}

#[test]
fn quantities_and_cash_never_wrap() {
    let mut rng = Rng::new(9);
    for _ in 0..CASES {
        let shift = rng.below(63);
        let (a, b) = (rng.below_wide(u64::MAX >> shift), rng.below_wide(u64::MAX >> (63 - shift)));
        let sum = u64::try_from(u128::from(a) + u128::from(b)).map(Qty);
        assert_eq!(Qty(a).plus(Qty(b)), sum.map_err(|_| UnitError::Overflow));
        let rest = if a >= b { Ok(Qty(a - b)) } else { Err(UnitError::Negative) };
        assert_eq!(Qty(a).minus(Qty(b)), rest);
        let (a, b) = (a.cast_signed(), b.cast_signed());
        let fit = |wide: i128| i64::try_from(wide).map(Usdc).map_err(|_| UnitError::Overflow);
        assert_eq!(Usdc(a).plus(Usdc(b)), fit(i128::from(a) + i128::from(b)));
        assert_eq!(Usdc(a).minus(Usdc(b)), fit(i128::from(a) - i128::from(b)));
    }
}

#[test]
fn times_round_down_on_both_sides_of_the_epoch() {
    let mut rng = Rng::new(10);
    let ends = [i64::MIN, i64::MAX, -1_000_001, -1_000_000, -999_999, -1, 0, 1, 999_999, 1_000_000];
    let any = (0..CASES).map(|_| rng.below_wide(u64::MAX).cast_signed());
    for ns in ends.into_iter().chain(any.collect::<Vec<_>>()) {
        for (floor, unit) in
            [(Nanos(ns).millis_floor(), 1_000_000_i128), (Nanos(ns).micros_floor(), 1_000)]
        {
            let below = i128::from(ns) - i128::from(floor) * unit;
            assert!((0..unit).contains(&below), "{ns} {unit}");
        }
        let millis = Nanos(ns).millis_floor();
        if let Ok(back) = Nanos::from_millis(millis) {
            assert_eq!(back.millis_floor(), millis);
        }
    }
    assert_eq!(Nanos::from_millis(i64::MAX / 1_000_000 + 1), Err(UnitError::Overflow));
    assert_eq!(Nanos::from_millis(i64::MIN / 1_000_000 - 1), Err(UnitError::Overflow));
}

#[test]
fn every_unit_error_says_what_to_do() {
    let errors = [
        UnitError::NotDecimal,
        UnitError::TooFine { scale: 6 },
        UnitError::Overflow,
        UnitError::Negative,
        UnitError::AboveOne,
        UnitError::OffGrid { micros: 5, tick_micros: 100 },
        UnitError::UnknownTick { micros: 7 },
        UnitError::EmptyRange { min: 2, max: 1 },
    ];
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    for (text, word) in
        texts.iter().zip(["plain", "6", "range", "zero", "0..1", "tick", "0.0001", "min 2"])
    {
        assert!(text.contains(word), "{text}");
        assert!(!text.ends_with('.') && text.len() < 120, "one sentence: {text}");
    }
}
