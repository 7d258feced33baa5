//! The venue fee by hand: boundaries of its quantum, both roundings, exponents, and the ends of
//! every range; and the size walk at the edges of levels, minima and budgets.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use razor_core::fees::{FEE_QUANTUM, FeeError, fee_ceil, fee_half_even, marginal_fee_ceil};
use razor_core::market::Fees;
use razor_core::size::{LegDepth, LegSize, SetSize, SizeError, SizeLimits, equal_share_walk};
use razor_core::units::{Price, Qty, UnitError, Usdc};
use razor_sim::rng::Rng;

fn taker(rate_ppm: u32, exponent: u8) -> Fees {
    Fees::Taker { rate_ppm, exponent }
}

fn price(text: &str) -> Price {
    Price::parse(text.as_bytes()).expect("price")
}

fn qty(text: &str) -> Qty {
    Qty::parse(text.as_bytes()).expect("qty")
}

/// Fee texts as micro-dollars.
fn usdc(text: &str) -> Usdc {
    Usdc(i64::try_from(qty(text).0).expect("fee"))
}

#[test]
fn fees_by_hand_in_both_roundings() {
    for (rate, exponent, shares, at, ceil, even) in [
        // 0.04 · 0.25 = 0.01 a share.
        (40_000, 1, "100", "0.5", "1", "1"),
        (40_000, 1, "1", "0.5", "0.01", "0.01"),
        (40_000, 1, "0.0015", "0.5", "0.00002", "0.00002"),
        (40_000, 1, "0.0025", "0.5", "0.00003", "0.00002"),
        (40_000, 1, "0.0035", "0.5", "0.00004", "0.00004"),
        (40_000, 1, "0.001001", "0.5", "0.00002", "0.00001"),
        // 0.07 · 0.0099 = 0.000693 a share.
        (70_000, 1, "10", "0.01", "0.00693", "0.00693"),
        (70_000, 1, "1", "0.01", "0.0007", "0.00069"),
        (70_000, 1, "1", "0.99", "0.0007", "0.00069"),
        (70_000, 1, "0.01", "0.01", "0", "0"),
        // 0.25 · 0.0625 = 0.015625 a share.
        (250_000, 2, "1", "0.5", "0.01563", "0.01562"),
        (250_000, 2, "2", "0.5", "0.03125", "0.03125"),
        // Without an exponent the price does not matter.
        (10_000, 0, "3", "0.01", "0.03", "0.03"),
        (10_000, 0, "3", "0.77", "0.03", "0.03"),
        (0, 1, "1000000", "0.5", "0", "0"),
        (1, 1, "1000000", "0.5", "0.25", "0.25"),
        (1_000_000, 1, "1", "0.5", "0.25", "0.25"),
    ] {
        let fees = taker(rate, exponent);
        let (shares_of, at_price) = (qty(shares), price(at));
        assert_eq!(fee_ceil(fees, shares_of, at_price), Ok(usdc(ceil)), "{rate} {shares} {at}");
        assert_eq!(
            fee_half_even(fees, shares_of, at_price),
            Ok(usdc(even)),
            "{rate} {shares} {at}"
        );
    }
}

#[test]
fn nothing_is_charged_for_nothing_or_at_the_ends_of_the_price() {
    for exponent in 1..=4 {
        for at in [Price::ZERO, Price::ONE] {
            for shares in [0, 1, 1_000_000, u64::from(u32::MAX)] {
                let fees = taker(250_000, exponent);
                assert_eq!(fee_ceil(fees, Qty(shares), at), Ok(Usdc::ZERO), "{exponent}");
                assert_eq!(fee_half_even(fees, Qty(shares), at), Ok(Usdc::ZERO));
                assert_eq!(marginal_fee_ceil(fees, at), Ok(Usdc::ZERO));
            }
        }
    }
    for fees in [Fees::Free, taker(0, 1), taker(70_000, 1)] {
        assert_eq!(fee_ceil(fees, Qty::ZERO, price("0.5")), Ok(Usdc::ZERO));
    }
    assert_eq!(marginal_fee_ceil(Fees::Free, price("0.5")), Ok(Usdc::ZERO));
}

#[test]
fn an_unknown_schedule_is_an_error_at_every_quantity_and_price() {
    for at in [Price::ZERO, price("0.5"), Price::ONE] {
        for shares in [0, 1, u64::MAX] {
            assert_eq!(fee_ceil(Fees::Unknown, Qty(shares), at), Err(FeeError::Unknown));
            assert_eq!(fee_half_even(Fees::Unknown, Qty(shares), at), Err(FeeError::Unknown));
        }
        assert_eq!(marginal_fee_ceil(Fees::Unknown, at), Err(FeeError::Unknown));
    }
    for (error, word) in [(FeeError::Unknown, "read it"), (FeeError::Overflow, "split")] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn numbers_at_the_ends_of_their_ranges_are_right_or_refused() {
    // The whole supply at the highest published rate still fits.
    let large = Qty(u64::MAX);
    let found = fee_ceil(taker(70_000, 1), large, price("0.5")).expect("fee");
    let exact = u128::from(u64::MAX) * 70_000 / 4_000_000;
    assert_eq!(u128::try_from(found.0).expect("fee"), exact.div_ceil(10) * 10);
    assert_eq!(fee_ceil(taker(u32::MAX, 0), large, price("0.5")), Err(FeeError::Overflow));
    assert_eq!(fee_half_even(taker(u32::MAX, 0), large, price("0.5")), Err(FeeError::Overflow));
    for exponent in [10, 100, 255] {
        let found = fee_ceil(taker(1, exponent), Qty(1), price("0.123456"));
        assert_eq!(found, Err(FeeError::Overflow), "{exponent}");
    }
    assert_eq!(fee_ceil(taker(1, 255), Qty(1), Price::ONE), Ok(Usdc::ZERO));
}

#[test]
fn splitting_a_fill_never_makes_the_gates_fee_smaller() {
    let mut rng = Rng::new(111);
    for _ in 0..20_000 {
        let fees = taker(rng.below(250_001), 1);
        let at = Price::from_micros(rng.below(1_000_001)).expect("price");
        let (first, second) = (rng.below_wide(50_000_000), rng.below_wide(50_000_000));
        let of = |shares| fee_ceil(fees, Qty(shares), at).expect("fee").0;
        let (parts, whole) = (of(first) + of(second), of(first + second));
        // A part under the quantum is free, so two of them can save at most one quantum each.
        assert!(parts + 2 * FEE_QUANTUM.0 >= whole, "{first} {second}");
        assert!(parts <= whole + 2 * FEE_QUANTUM.0, "{first} {second}");
    }
}

#[test]
fn the_marginal_fee_bounds_the_fee_of_every_fill() {
    let mut rng = Rng::new(112);
    for _ in 0..20_000 {
        let fees = taker(rng.below(250_001), 1);
        let at = Price::from_micros(rng.below(1_000_001)).expect("price");
        let shares = rng.below_wide(1_000_000_000);
        let marginal = marginal_fee_ceil(fees, at).expect("fee").0;
        let fill = fee_ceil(fees, Qty(shares), at).expect("fee").0;
        let bound = u128::from(shares) * u128::try_from(marginal).expect("fee") / 1_000_000;
        assert!(u128::try_from(fill).expect("fee") <= bound + 10, "{shares} {marginal}");
    }
}

// ---- the equal-share walk ------------------------------------------------------------------

type Book = Vec<(Price, Qty)>;

fn book(levels: &[(&str, &str)]) -> Book {
    levels.iter().map(|(at, shares)| (price(at), qty(shares))).collect()
}

fn walk(books: &[(Book, Fees, &str)], max: &str, min_edge: i64) -> Result<SetSize, SizeError> {
    let legs = books.iter().map(|(book, fees, minimum)| LegDepth {
        asks: book.clone().into_iter(),
        fees: *fees,
        min_order_qty: qty(minimum),
    });
    equal_share_walk(legs, SizeLimits { max_qty: qty(max), min_edge: Usdc(min_edge) })
}

fn free(levels: &[(&str, &str)]) -> (Book, Fees, &'static str) {
    (book(levels), Fees::Free, "0")
}

#[test]
fn the_walk_ends_at_an_edge_a_book_or_the_bound() {
    for (first, second, max, min_edge, shares) in [
        (&[("0.4", "10")][..], &[("0.5", "10")][..], "100", 0, "10"),
        (&[("0.4", "10")], &[("0.5", "7")], "100", 0, "7"),
        (&[("0.4", "10")], &[("0.5", "10")], "3.000001", 0, "3.000001"),
        (&[("0.4", "10")], &[("0.5", "10")], "0", 0, "0"),
        // The edge must be above the threshold: 100,000 micro-dollars here.
        (&[("0.4", "10")], &[("0.5", "10")], "100", 99_999, "10"),
        (&[("0.4", "10")], &[("0.5", "10")], "100", 100_000, "0"),
        (&[("0.5", "10")], &[("0.5", "10")], "100", 0, "0"),
        (&[("0.5", "10")], &[("0.5", "10")], "100", -1, "10"),
        (&[("0.6", "10")], &[("0.5", "10")], "100", -100_001, "10"),
        // A dear second level stops it, a cheap one does not.
        (&[("0.4", "4"), ("0.7", "4")], &[("0.5", "10")], "100", 0, "4"),
        (&[("0.4", "4"), ("0.49", "4")], &[("0.5", "10")], "100", 0, "8"),
        // Empty levels and books.
        (&[("0.4", "0"), ("0.41", "5")], &[("0.5", "10")], "100", 0, "5"),
        (&[], &[("0.5", "10")], "100", 0, "0"),
        (&[("0.4", "0")], &[("0.5", "10")], "100", 0, "0"),
    ] {
        let sized = walk(&[free(first), free(second)], max, min_edge).expect("size");
        assert_eq!(sized.qty, qty(shares), "{first:?} {second:?} {max} {min_edge}");
        assert_eq!(sized.legs.len(), if shares == "0" { 0 } else { 2 });
    }
}

#[test]
fn each_level_is_one_fill_rounded_up_with_its_own_fee() {
    let fees = taker(40_000, 1);
    let legs = [
        (book(&[("0.3333", "1.000001"), ("0.34", "2")]), fees, "0"),
        (book(&[("0.5", "3")]), Fees::Free, "0"),
    ];
    let sized = walk(&legs, "2.5", 0).expect("size");
    assert_eq!(sized.qty, qty("2.5"));
    // 0.3333 · 1.000001 = 0.3333003…, 0.34 · 1.499999 = 0.50999966.
    let first = sized.legs[0];
    assert_eq!(
        (first.cost, first.levels, first.worst),
        (Usdc(333_301 + 510_000), 2, price("0.34"))
    );
    let fee = fee_ceil(fees, qty("1.000001"), price("0.3333")).expect("fee").0
        + fee_ceil(fees, qty("1.499999"), price("0.34")).expect("fee").0;
    assert_eq!(first.fee, Usdc(fee));
    let second = LegSize { cost: Usdc(1_250_000), fee: Usdc::ZERO, worst: price("0.5"), levels: 1 };
    assert_eq!(sized.legs[1], second);
    assert_eq!(sized.total_cost, Usdc(843_301 + fee + 1_250_000));
    assert_eq!(sized.edge_net(), Ok(Usdc(2_500_000 - 2_093_301 - fee)));
    assert_eq!(sized.avg_cost().0, (2_093_301 + fee + 2) * 2 / 5);
}

#[test]
fn a_level_that_is_used_up_exactly_opens_no_further_one() {
    let sized = walk(&[free(&[("0.4", "5"), ("0.41", "5")]), free(&[("0.5", "5")])], "100", 0);
    let sized = sized.expect("size");
    assert_eq!((sized.qty, sized.legs[0].levels, sized.legs[0].worst), (qty("5"), 1, price("0.4")));
}

#[test]
fn the_minimum_order_of_any_leg_decides_about_all() {
    for (minima, shares) in [
        (["0", "0"], "5"),
        (["5", "0"], "5"),
        (["0", "5"], "5"),
        (["5.000001", "0"], "0"),
        (["0", "5.000001"], "0"),
    ] {
        let legs = [
            (book(&[("0.4", "5")]), Fees::Free, minima[0]),
            (book(&[("0.4", "9")]), Fees::Free, minima[1]),
        ];
        assert_eq!(walk(&legs, "100", 0).expect("size").qty, qty(shares), "{minima:?}");
    }
}

#[test]
fn an_unknown_fee_or_a_number_out_of_range_is_an_error() {
    let unknown = (book(&[("0.4", "5")]), Fees::Unknown, "0");
    let found = walk(&[free(&[("0.4", "5")]), unknown.clone()], "100", 0);
    assert_eq!(found, Err(SizeError::Fee(FeeError::Unknown)));
    // Where the book is empty before the fee is asked for, there is nothing to price.
    assert_eq!(walk(&[free(&[]), unknown], "100", 0), Ok(SetSize::default()));
    let huge = vec![(price("0.4"), Qty(u64::MAX))];
    let legs = [(huge.clone(), Fees::Free, "0"), (huge, Fees::Free, "0")];
    let limits = SizeLimits { max_qty: Qty(u64::MAX), min_edge: Usdc(0) };
    let depths = legs.iter().map(|(book, fees, _)| LegDepth {
        asks: book.clone().into_iter(),
        fees: *fees,
        min_order_qty: Qty::ZERO,
    });
    let sized = equal_share_walk(depths, limits);
    match sized {
        Err(SizeError::Unit(UnitError::Overflow)) => {}
        Ok(sized) => assert!(sized.edge_net().is_err(), "{sized:?}"),
        Err(other) => assert!(matches!(other, SizeError::Unit(_)), "{other}"),
    }
}

#[test]
fn a_size_never_loses_money_when_the_threshold_is_above_rounding() {
    let mut rng = Rng::new(113);
    let mut sized_sets = 0;
    for _ in 0..5_000 {
        let count = 2 + rng.index(4);
        let legs: Vec<(Book, Fees)> = (0..count)
            .map(|_| {
                let mut at = 50_000 + rng.below(400_000);
                let levels = (0..=rng.below(4))
                    .map(|_| {
                        at += 1 + rng.below(60_000);
                        (Price::from_micros(at).expect("price"), Qty(rng.below_wide(40_000_000)))
                    })
                    .collect();
                (levels, if rng.chance(30) { Fees::Free } else { taker(rng.below(80_000), 1) })
            })
            .collect();
        let depths = legs.iter().map(|(book, fees)| LegDepth {
            asks: book.clone().into_iter(),
            fees: *fees,
            min_order_qty: Qty(5_000_000),
        });
        let limits = SizeLimits { max_qty: Qty(30_000_000), min_edge: Usdc(1_000) };
        let sized = equal_share_walk(depths, limits).expect("size");
        if sized.qty == Qty::ZERO {
            assert_eq!(sized, SetSize::default());
            continue;
        }
        sized_sets += 1;
        assert!(sized.qty >= Qty(5_000_000) && sized.qty <= limits.max_qty);
        assert!(sized.edge_net().expect("edge") > Usdc::ZERO, "{sized:?}");
        assert!(sized.avg_cost() < Usdc(1_000_000));
        for ((book, _), leg) in legs.iter().zip(&sized.legs) {
            let there: u64 = book.iter().filter(|(at, _)| *at <= leg.worst).map(|(_, s)| s.0).sum();
            assert!(sized.qty.0 <= there, "no level gives more than it has");
        }
    }
    assert!(sized_sets > 300, "{sized_sets}");
}
