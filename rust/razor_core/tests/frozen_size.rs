//! The equal-share walk against a walk of single lots.

#![expect(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "a failed expectation or overflow is a failed test"
)]

use proptest::prelude::*;
use razor_core::fees::{FeeError, fee_ceil, marginal_fee_ceil};
use razor_core::market::Fees;
use razor_core::size::{LegDepth, SetSize, SizeError, SizeLimits, equal_share_walk};
use razor_core::units::{Price, Qty, Usdc, notional_ceil};

type Book = Vec<(Price, Qty)>;

fn level(micros: u32, qty: u64) -> (Price, Qty) {
    (Price::from_micros(micros).expect("price"), Qty(qty))
}

fn depth(book: &Book, fees: Fees, min: u64) -> LegDepth<std::vec::IntoIter<(Price, Qty)>> {
    LegDepth { asks: book.clone().into_iter(), fees, min_order_qty: Qty(min) }
}

fn limits(max_qty: u64, min_edge: i64) -> SizeLimits {
    SizeLimits { max_qty: Qty(max_qty), min_edge: Usdc(min_edge) }
}

/// Price of the `lot`-th micro-share of a book.
fn price_of_lot(book: &Book, lot: u64) -> Option<Price> {
    let mut before = 0;
    for (price, qty) in book {
        before += qty.0;
        if lot < before {
            return Some(*price);
        }
    }
    None
}

/// Buys one micro-share at a time while it pays; then prices each level as one fill.
fn brute_force(books: &[Book], fees: &[Fees], min: u64, limits: SizeLimits) -> (u64, i64) {
    let mut qty = 0;
    while qty < limits.max_qty.0 {
        let prices: Option<Vec<Price>> = books.iter().map(|book| price_of_lot(book, qty)).collect();
        let Some(prices) = prices else { break };
        let cost: i64 = prices
            .iter()
            .zip(fees)
            .map(|(price, fees)| {
                i64::from(price.micros()) + marginal_fee_ceil(*fees, *price).expect("fee").0
            })
            .sum();
        if 1_000_000 - cost <= limits.min_edge.0 {
            break;
        }
        qty += 1;
    }
    if qty < min.max(1) {
        return (0, 0);
    }
    let mut total = 0;
    for (book, fees) in books.iter().zip(fees) {
        let mut left = qty;
        for (price, size) in book {
            let take = Qty(left.min(size.0));
            total += notional_ceil(*price, take).expect("cost").0;
            total += fee_ceil(*fees, take, *price).expect("fee").0;
            left -= take.0;
        }
    }
    (qty, total)
}

fn a_book() -> impl Strategy<Value = Book> {
    proptest::collection::vec((1_u32..60, 0_u64..40), 0..5).prop_map(|mut levels| {
        levels.sort_unstable();
        levels.dedup_by_key(|(cents, _)| *cents);
        levels.into_iter().map(|(cents, qty)| level(cents * 10_000, qty)).collect()
    })
}

fn a_schedule() -> impl Strategy<Value = Fees> {
    prop_oneof![
        Just(Fees::Free),
        (0_u32..100_000).prop_map(|rate_ppm| Fees::Taker { rate_ppm, exponent: 1 })
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_walk_equals_the_walk_of_single_lots(
        legs in proptest::collection::vec((a_book(), a_schedule()), 2..5),
        min in 0_u64..30,
        max_qty in 0_u64..120,
        min_edge in -100_000_i64..300_000,
    ) {
        let (books, fees): (Vec<Book>, Vec<Fees>) = legs.into_iter().unzip();
        let limits = limits(max_qty, min_edge);
        let walked = equal_share_walk(
            books.iter().zip(&fees).map(|(book, fees)| depth(book, *fees, min)),
            limits,
        )
        .expect("size");
        let (qty, total) = brute_force(&books, &fees, min, limits);
        prop_assert_eq!((walked.qty.0, walked.total_cost.0), (qty, total));
        let spent: i64 = walked.legs.iter().map(|leg| leg.cost.0 + leg.fee.0).sum();
        prop_assert_eq!(spent, walked.total_cost.0);
        if qty > 0 {
            let worst: Vec<_> =
                books.iter().map(|book| price_of_lot(book, qty - 1).expect("lot")).collect();
            let found: Vec<_> = walked.legs.iter().map(|leg| leg.worst).collect();
            prop_assert_eq!(found, worst);
        }
    }
}

#[test]
fn the_walk_stops_where_a_set_brings_no_more_than_the_threshold() {
    let cheap = vec![level(480_000, 10_000_000), level(500_000, 10_000_000)];
    let other = vec![level(490_000, 15_000_000), level(495_000, 50_000_000)];
    let run = |min_edge| {
        let legs = [depth(&cheap, Fees::Free, 0), depth(&other, Fees::Free, 0)];
        equal_share_walk(legs, limits(100_000_000, min_edge)).expect("size")
    };
    // 0.48+0.49 brings 30,000; 0.50+0.49 brings 10,000; 0.50+0.495 brings 5,000.
    assert_eq!(run(30_000), SetSize::default());
    assert_eq!(run(10_000).qty, Qty(10_000_000));
    assert_eq!(run(9_999).qty, Qty(15_000_000));
    let all = run(0);
    assert_eq!(all.qty, Qty(20_000_000));
    assert_eq!(all.legs[0].cost, Usdc(9_800_000));
    assert_eq!(all.legs[1].cost, Usdc(7_350_000 + 2_475_000));
    assert_eq!((all.legs[1].levels, all.legs[1].worst.micros()), (2, 495_000));
    assert_eq!(all.edge_net(), Ok(Usdc(20_000_000 - 19_625_000)));
    assert_eq!(all.avg_cost(), Usdc(981_250));
}

#[test]
fn the_largest_minimum_order_of_the_legs_decides() {
    let book = vec![level(100_000, 5_000_000)];
    let size = |min| {
        let legs = [depth(&book, Fees::Free, 0), depth(&book, Fees::Free, min)];
        equal_share_walk(legs, limits(100_000_000, 0)).expect("size").qty
    };
    assert_eq!(size(5_000_000), Qty(5_000_000));
    assert_eq!(size(5_000_001), Qty::ZERO);
}

#[test]
fn an_unknown_fee_or_no_leg_gives_no_size() {
    let book = vec![level(100_000, 5_000_000)];
    let legs = [depth(&book, Fees::Free, 0), depth(&book, Fees::Unknown, 0)];
    assert_eq!(equal_share_walk(legs, limits(10, 0)), Err(SizeError::Fee(FeeError::Unknown)));
    let none: [LegDepth<std::vec::IntoIter<(Price, Qty)>>; 0] = [];
    assert_eq!(equal_share_walk(none, limits(10, 0)), Ok(SetSize::default()));
    assert_eq!(SetSize::default().avg_cost(), Usdc::ZERO);
}
