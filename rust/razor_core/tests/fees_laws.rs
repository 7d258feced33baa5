//! The venue fee against its published vectors, an independent oracle and its laws.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow is a failed test")]

use proptest::prelude::*;
use razor_core::fees::{FEE_QUANTUM, FeeError, fee_ceil, fee_half_even, marginal_fee_ceil};
use razor_core::market::Fees;
use razor_core::units::{Price, Qty, Usdc};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    rate: String,
    exponent: u8,
    shares: String,
    price: String,
    fee_pusd: String,
}

fn schedule(rate_ppm: u32, exponent: u8) -> Fees {
    Fees::Taker { rate_ppm, exponent }
}

#[test]
fn all_published_vectors_hold_in_both_roundings() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("golden/venue_fees.json")).expect("golden file");
    assert_eq!(vectors.len(), 36);
    for vector in vectors {
        let rate = Qty::parse(vector.rate.as_bytes()).expect("rate").0;
        let fees = schedule(u32::try_from(rate).expect("rate"), vector.exponent);
        let qty = Qty::parse(vector.shares.as_bytes()).expect("shares");
        let price = Price::parse(vector.price.as_bytes()).expect("price");
        let fee = Qty::parse(vector.fee_pusd.as_bytes()).expect("fee").0;
        let expected = Ok(Usdc(i64::try_from(fee).expect("fee")));
        assert_eq!(fee_ceil(fees, qty, price), expected, "{} {}", vector.rate, vector.price);
        assert_eq!(fee_half_even(fees, qty, price), expected, "{} {}", vector.rate, vector.price);
    }
}

/// `qty · rate · p · (1−p)` at 10⁻²⁴ dollars: the formula written once more, exponent 1 only.
fn exact(qty: u64, rate_ppm: u32, micros: u32) -> u128 {
    let variance = u128::from(micros) * u128::from(1_000_000 - micros);
    u128::from(qty) * u128::from(rate_ppm) * variance
}

/// 0.00001 dollars at 10⁻²⁴.
const QUANTUM: u128 = 10_000_000_000_000_000_000;

fn inputs() -> impl Strategy<Value = (u64, u32, u32)> {
    // Small quantities reach the quantum, large ones whole fills.
    let qty = prop_oneof![0_u64..20_000, 0_u64..10_000_000_000];
    (qty, 0_u32..=250_000, 0_u32..=1_000_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn laws_of_the_fee((qty, rate, micros) in inputs(), more in 0_u64..1_000_000) {
        let fees = schedule(rate, 1);
        let price = Price::from_micros(micros).expect("price");
        let ceil = fee_ceil(fees, Qty(qty), price).expect("fee");
        let even = fee_half_even(fees, Qty(qty), price).expect("fee");
        let raw = exact(qty, rate, micros);

        let quanta = if raw < QUANTUM { 0 } else { raw.div_ceil(QUANTUM) };
        prop_assert_eq!(u128::try_from(ceil.0).expect("fee") / 10, quanta);
        let booked = u128::try_from(even.0).expect("fee") / 10;
        let twice_error = (booked * QUANTUM).abs_diff(raw) * 2;
        let is_nearest = twice_error < QUANTUM || (twice_error == QUANTUM && booked % 2 == 0);
        let is_booked_right = if raw < QUANTUM { booked == 0 } else { is_nearest };
        prop_assert!(is_booked_right);

        prop_assert!(ceil >= even && (ceil.0 - even.0) <= FEE_QUANTUM.0);
        prop_assert_eq!(ceil.0 % FEE_QUANTUM.0, 0);
        prop_assert_eq!(even.0 % FEE_QUANTUM.0, 0);
        let mirror = price.complement();
        prop_assert_eq!(fee_ceil(fees, Qty(qty), mirror), Ok(ceil));
        prop_assert_eq!(fee_half_even(fees, Qty(qty), mirror), Ok(even));
        prop_assert!(fee_ceil(fees, Qty(qty + more), price).expect("fee") >= ceil);
        prop_assert!(fee_half_even(fees, Qty(qty + more), price).expect("fee") >= even);
    }

    #[test]
    fn the_marginal_fee_is_the_exact_fee_of_one_share_rounded_up(
        (_, rate, micros) in inputs()
    ) {
        let price = Price::from_micros(micros).expect("price");
        let marginal = marginal_fee_ceil(schedule(rate, 1), price).expect("fee");
        let micro_dollar: u128 = 1_000_000_000_000_000_000;
        let expected = exact(1_000_000, rate, micros).div_ceil(micro_dollar);
        prop_assert_eq!(u128::try_from(marginal.0).expect("fee"), expected);
    }
}

#[test]
fn the_old_crypto_schedule_with_exponent_two_matches_by_hand() {
    // 100 · 0.25 · (0.3 · 0.7)^2 = 1.1025.
    let price = Price::parse(b"0.3").expect("price");
    assert_eq!(fee_ceil(schedule(250_000, 2), Qty(100_000_000), price), Ok(Usdc(1_102_500)));
}

#[test]
fn numbers_out_of_range_are_refused_not_wrapped() {
    let price = Price::from_micros(333_333).expect("price");
    let fees = schedule(u32::MAX, 255);
    assert_eq!(fee_ceil(fees, Qty(u64::MAX), price), Err(FeeError::Overflow));
}
