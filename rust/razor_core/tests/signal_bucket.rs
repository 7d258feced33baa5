//! The worst-leg bucket on both sides of each limit, against a plain model, and the tick view.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/signals.rs"]
mod signals;

use razor_core::signal::bucket::{could_ever_be_liquid, spread_bps, tick_view, worst_leg_bucket};
use razor_core::signal::{Bucket, Depth3, LegQuote, Reason, Reasons};
use razor_core::units::{Price, Qty, TickSize};
use razor_sim::rng::Rng;
use signals::{micros, price, quote};

/// 500 USDC and 10,000,000 USDC in 10⁻¹² USDC.
const DEEP: i128 = 500_000_000_000_000;
const SANE: i128 = 10_000_000_000_000_000_000;

fn leg(bid: u32, ask: u32, depth: Depth3) -> LegQuote {
    LegQuote { ask_depth3: depth, ..quote(0, Some(micros(bid)), Some(micros(ask)), 1) }
}

fn known(pico_usdc: i128) -> Depth3 {
    Depth3::Known { pico_usdc }
}

fn notes(legs: &[LegQuote]) -> String {
    worst_leg_bucket(legs).1.notes()
}

#[test]
fn liquid_needs_less_than_twenty_bps_and_more_than_five_hundred_dollars() {
    // 0.4995/0.5005 is exactly 20 bps wide, 0.499525/0.500475 exactly 19.
    for (bid, ask, depth, bucket, spread) in [
        (499_525, 500_475, DEEP + 1, Bucket::Liquid, 19),
        (499_525, 500_475, DEEP, Bucket::Thin, 19),
        (499_525, 500_476, DEEP + 1, Bucket::Thin, 20),
        (499_500, 500_500, DEEP + 1, Bucket::Thin, 20),
        (499_499, 500_500, DEEP + 1, Bucket::Thin, 21),
        (500_000, 500_000, DEEP + 1, Bucket::Liquid, 0),
        (500_000, 500_000, SANE, Bucket::Liquid, 0),
        (500_000, 500_000, DEEP - 1, Bucket::Thin, 0),
        (998_000, 999_000, SANE, Bucket::Liquid, 11),
    ] {
        let (metrics, reasons) = worst_leg_bucket(&[leg(bid, ask, known(depth)); 2]);
        assert_eq!((metrics.bucket, metrics.worst_spread_bps), (bucket, spread), "{bid} {ask}");
        assert_eq!((metrics.worst_leg, metrics.worst_depth3_pico), (0, Some(depth)));
        assert!(!metrics.is_depth3_degraded && metrics.has_spread());
        assert_eq!(reasons, Reasons::NONE);
    }
}

#[test]
fn a_spread_is_rounded_up_with_the_epsilon_of_the_frozen_rules() {
    for (bid, ask, expected) in [
        ("0.5", "0.5", 0),
        ("0.499999", "0.5", 1),
        ("0.48", "0.49", 207),
        ("0.01", "0.02", 6_667),
        ("0.000001", "1", 20_000),
        ("0.98", "0.99", 102),
        ("0.99", "1", 101),
        ("0.4", "0.6", 4_000),
    ] {
        assert_eq!(spread_bps(price(bid), price(ask)), expected, "{bid} {ask}");
    }
    for (bid, ask) in
        [("0", "0.5"), ("0.5", "0"), ("0", "0"), ("0.500001", "0.5"), ("1", "0.999999")]
    {
        assert_eq!(spread_bps(price(bid), price(ask)), i32::MAX, "{bid} {ask}");
    }
}

/// Whole basis points by trial: the smallest count that covers the width but for 1e-9 bps.
fn spread_by_trial(bid: u32, ask: u32) -> i32 {
    let (width, sum) = (u128::from(ask - bid), u128::from(ask + bid));
    // width/(sum/2) · 10,000 − 1e-9 ≤ n  ⇔  width · 20,000 · 1e9 ≤ (n · 1e9 + 1) · sum
    let exact = width * 20_000;
    let mut count = (exact / sum).saturating_sub(1);
    while exact * 1_000_000_000 > (count * 1_000_000_000 + 1) * sum {
        count += 1;
    }
    i32::try_from(count).expect("spread")
}

#[test]
fn spreads_equal_those_found_by_trial() {
    let mut rng = Rng::new(71);
    for _ in 0..20_000 {
        let bid = 1 + rng.below(999_999);
        let ask = bid + rng.below(1_000_001 - bid);
        assert_eq!(spread_bps(micros(bid), micros(ask)), spread_by_trial(bid, ask), "{bid} {ask}");
    }
}

#[test]
fn each_bad_depth_degrades_the_set_whatever_the_other_legs_are() {
    let good = leg(500_000, 500_000, known(DEEP + 1));
    for (depth, degraded, suspect) in [
        (known(1), false, false),
        (known(0), true, false),
        (known(-1), true, false),
        (known(SANE), false, false),
        (known(SANE + 1), true, true),
        (known(i128::MAX), true, true),
        (known(i128::MIN), true, false),
        (Depth3::NotFinite, true, false),
        (Depth3::Unknown, true, false),
    ] {
        for place in 0..3 {
            let mut legs = [good; 3];
            legs[place].ask_depth3 = depth;
            let (metrics, reasons) = worst_leg_bucket(&legs);
            assert_eq!(metrics.is_depth3_degraded, degraded, "{depth:?}");
            assert_eq!(metrics.worst_depth3_pico.is_none(), degraded, "{depth:?}");
            assert_eq!(reasons.has(Reason::BucketThinNan), degraded, "{depth:?}");
            assert_eq!(reasons.has(Reason::DepthUnitSuspect), suspect, "{depth:?}");
            if degraded {
                assert_eq!(metrics.bucket, Bucket::Thin);
            }
        }
    }
}

#[test]
fn the_worst_leg_has_the_least_depth_that_ranks_and_the_first_one_wins_ties() {
    for (depths, worst) in [
        ([known(5), known(4), known(6)], 1),
        ([known(5), known(5), known(5)], 0),
        ([known(6), known(5), known(5)], 1),
        ([known(5), known(0), known(1)], 1),
        // What is no number, negative or far too large ranks as infinite.
        ([Depth3::NotFinite, known(9), known(9)], 1),
        ([Depth3::Unknown, Depth3::NotFinite, known(SANE)], 2),
        ([known(-1), known(SANE + 1), known(9)], 2),
        ([Depth3::Unknown, Depth3::Unknown, Depth3::Unknown], 0),
        ([known(SANE + 1), known(-5), Depth3::NotFinite], 0),
    ] {
        let legs = depths.map(|depth| leg(400_000, 500_000, depth));
        assert_eq!(worst_leg_bucket(&legs).0.worst_leg, worst, "{depths:?}");
    }
}

#[test]
fn the_spread_is_that_of_the_worst_leg_alone() {
    let tight = leg(500_000, 500_000, known(DEEP + 2));
    let wide = leg(100_000, 900_000, known(DEEP + 3));
    assert_eq!(worst_leg_bucket(&[tight, wide]).0.bucket, Bucket::Liquid);
    let wide = leg(100_000, 900_000, known(DEEP + 1));
    let metrics = worst_leg_bucket(&[tight, wide]).0;
    assert_eq!((metrics.bucket, metrics.worst_spread_bps), (Bucket::Thin, 16_000));
}

#[test]
fn a_worst_leg_without_a_two_sided_book_is_blind() {
    for (bid, ask) in [
        (None, Some(price("0.5"))),
        (Some(Price::ZERO), Some(price("0.5"))),
        (Some(price("0.6")), Some(price("0.5"))),
        (Some(price("0.5")), Some(Price::ZERO)),
    ] {
        let blind = LegQuote { best_bid: bid, best_ask: ask, ..leg(1, 1, known(DEEP + 1)) };
        let other = leg(500_000, 500_000, known(DEEP + 2));
        let (metrics, reasons) = worst_leg_bucket(&[blind, other]);
        assert_eq!((metrics.bucket, metrics.has_spread()), (Bucket::Thin, false));
        assert_eq!(reasons.notes(), "BUCKET_THIN_NAN");
        assert_eq!(metrics.worst_depth3_pico, Some(DEEP + 1), "the depth is known all the same");
        // Behind a leg with less depth the same book is not looked at.
        let worse = leg(499_000, 501_000, known(DEEP));
        assert_eq!(notes(&[blind, worse]), "");
    }
    // An absent ask is one dollar, so there is a spread.
    let absent = LegQuote { best_ask: None, ..leg(990_000, 1, known(1)) };
    assert_eq!(worst_leg_bucket(&[absent]).0.worst_spread_bps, 101);
}

#[test]
fn no_legs_are_thin_and_blind() {
    let (metrics, reasons) = worst_leg_bucket(&[]);
    assert_eq!((metrics.bucket, metrics.worst_leg), (Bucket::Thin, 0));
    assert!(metrics.is_depth3_degraded && metrics.worst_depth3_pico.is_none());
    assert_eq!(reasons.notes(), "BUCKET_THIN_NAN");
    let view = tick_view(&[], &metrics);
    assert!(!view.could_be_liquid_now && !view.could_ever_be_liquid);
    assert_eq!((view.bucket, view.spread_ticks), (Bucket::Thin, None));
}

#[test]
fn depth_counts_the_three_best_levels_with_price_and_size() {
    let level = |micros_of: u32, qty: u64| (micros(micros_of), Qty(qty));
    for (levels, expected) in [
        (vec![], 0),
        (vec![level(500_000, 2_000_000)], 1_000_000_000_000),
        (vec![level(1, 1), level(2, 1), level(3, 1), level(4, 1)], 6),
        (vec![level(0, 9), level(1, 1), level(2, 0), level(2, 1), level(3, 1), level(4, 1)], 6),
        (
            vec![level(500_000, 1), level(500_000, 1), level(500_000, 1), level(500_000, 1)],
            1_500_000,
        ),
        (vec![level(1_000_000, u64::MAX); 3], 3_000_000 * i128::from(u64::MAX)),
    ] {
        assert_eq!(Depth3::of_levels(levels.clone()), known(expected), "{levels:?}");
    }
}

#[test]
fn the_tick_view_counts_ticks_and_says_what_the_grid_allows() {
    let tick = |micros: u32| TickSize::from_micros(micros).expect("tick");
    for (tick_micros, bid, ask, ticks, bucket) in [
        (10_000, 480_000, 490_000, 1, Bucket::Liquid),
        (10_000, 480_000, 490_001, 2, Bucket::Thin),
        (10_000, 480_000, 480_000, 0, Bucket::Liquid),
        (1_000, 480_000, 481_000, 1, Bucket::Liquid),
        (1_000, 480_000, 481_001, 2, Bucket::Thin),
        (100, 480_000, 480_100, 1, Bucket::Liquid),
        (100, 480_000, 490_000, 100, Bucket::Thin),
    ] {
        let legs = [LegQuote { tick: tick(tick_micros), ..leg(bid, ask, known(DEEP + 1)) }; 2];
        let metrics = worst_leg_bucket(&legs).0;
        let view = tick_view(&legs, &metrics);
        assert_eq!((view.spread_ticks, view.bucket), (Some(ticks), bucket), "{tick_micros} {ask}");
        let shallow = [LegQuote { ask_depth3: known(DEEP), ..legs[0] }; 2];
        let metrics = worst_leg_bucket(&shallow).0;
        assert_eq!(tick_view(&shallow, &metrics).bucket, Bucket::Thin);
    }
    assert!(!could_ever_be_liquid(TickSize::CENT));
    assert!(could_ever_be_liquid(tick(1_000)));
    assert!(could_ever_be_liquid(TickSize::FINEST));
}

#[test]
fn every_leg_must_allow_liquid() {
    let fine = |bid, ask| LegQuote { tick: TickSize::FINEST, ..leg(bid, ask, known(DEEP + 1)) };
    let cent = leg(500_000, 510_000, known(DEEP + 1));
    let view = |legs: &[LegQuote]| tick_view(legs, &worst_leg_bucket(legs).0);
    let both = view(&[fine(500_000, 500_100), fine(300_000, 300_100)]);
    assert!(both.could_ever_be_liquid && both.could_be_liquid_now);
    let mixed = view(&[fine(500_000, 500_100), cent]);
    assert!(!mixed.could_ever_be_liquid && !mixed.could_be_liquid_now);
    // At two cents one tick of a hundredth cent is 50 bps wide.
    let cheap = view(&[fine(20_000, 20_100), fine(500_000, 500_100)]);
    assert!(cheap.could_ever_be_liquid && !cheap.could_be_liquid_now);
}

#[test]
fn a_crossed_or_one_sided_worst_leg_has_no_ticks() {
    for (bid, ask) in [(None, Some(price("0.5"))), (Some(price("0.5")), None)] {
        let legs = [LegQuote { best_bid: bid, best_ask: ask, ..leg(1, 1, known(1)) }];
        assert_eq!(tick_view(&legs, &worst_leg_bucket(&legs).0).spread_ticks, None);
    }
    let legs = [leg(500_001, 500_000, known(1))];
    assert_eq!(tick_view(&legs, &worst_leg_bucket(&legs).0).spread_ticks, None);
}

// ---- the model -----------------------------------------------------------------------------

/// RAZOR_SPEC §7 with one branch per sentence.
fn model(legs: &[LegQuote]) -> (Bucket, usize, bool, String) {
    let value = |leg: &LegQuote| match leg.ask_depth3 {
        Depth3::Known { pico_usdc } => Some(pico_usdc),
        Depth3::NotFinite | Depth3::Unknown => None,
    };
    let degraded = legs.iter().any(|leg| value(leg).is_none_or(|depth| depth <= 0 || depth > SANE));
    let suspect = legs.iter().any(|leg| value(leg).is_some_and(|depth| depth > SANE));
    let mut worst = 0;
    let mut least = None;
    for (index, leg) in legs.iter().enumerate() {
        if let Some(depth) = value(leg).filter(|depth| *depth >= 0 && *depth <= SANE)
            && least.is_none_or(|least| depth < least)
        {
            least = Some(depth);
            worst = index;
        }
    }
    let leg = &legs[worst];
    let (bid, ask) = (leg.frozen_bid().micros(), leg.frozen_ask().micros());
    let valid = bid > 0 && ask > 0 && ask >= bid;
    let tight = valid && spread_by_trial(bid, ask) < 20;
    let liquid = !degraded && tight && least.is_some_and(|depth| depth > DEEP);
    let mut codes = Vec::new();
    if !liquid && (degraded || !valid) {
        codes.push("BUCKET_THIN_NAN");
    }
    if suspect {
        codes.push("DEPTH_UNIT_SUSPECT");
    }
    let bucket = if liquid { Bucket::Liquid } else { Bucket::Thin };
    (bucket, worst, degraded, codes.join(","))
}

fn a_depth(rng: &mut Rng) -> Depth3 {
    match rng.below(12) {
        0 => Depth3::NotFinite,
        1 => Depth3::Unknown,
        2 => known(0),
        3 => known(-i128::from(rng.below(100))),
        4 => known(SANE + i128::from(rng.below(2))),
        5 => known(DEEP + i128::from(rng.below(3)) - 1),
        _ => known(DEEP + i128::from(rng.below(4))),
    }
}

#[test]
fn random_sets_fall_into_the_bucket_of_the_model() {
    let mut rng = Rng::new(72);
    let mut liquid = 0;
    for _ in 0..20_000 {
        let legs: Vec<LegQuote> = (0..2 + rng.below(3))
            .map(|_| {
                let bid = 480_000 + rng.below(40_000);
                let mut leg = leg(bid, bid + rng.below(1_500), a_depth(&mut rng));
                if rng.chance(3) {
                    leg.best_bid = None;
                }
                if rng.chance(3) {
                    leg.best_ask = Some(micros(bid - 1));
                }
                leg
            })
            .collect();
        let (metrics, reasons) = worst_leg_bucket(&legs);
        let found =
            (metrics.bucket, metrics.worst_leg, metrics.is_depth3_degraded, reasons.notes());
        assert_eq!(found, model(&legs), "{legs:?}");
        liquid += u32::from(metrics.bucket == Bucket::Liquid);
    }
    assert!(liquid > 500, "both buckets are met: {liquid}");
}
