//! Both sides of each limit of the worst-leg rule.

#![expect(clippy::arithmetic_side_effects, reason = "small literals in tests")]

use super::*;
use crate::ids::TokenIx;
use crate::market::Fees;
use crate::units::{Nanos, Qty};

fn price(text: &str) -> Price {
    Price::parse(text.as_bytes()).expect("price")
}

fn usdc(dollars: i128) -> Depth3 {
    Depth3::Known { pico_usdc: dollars * 1_000_000_000_000 }
}

fn leg(bid: &str, ask: &str, depth: Depth3) -> LegQuote {
    let side = |text: &str| (!text.is_empty()).then(|| price(text));
    LegQuote {
        token: TokenIx(0),
        best_bid: side(bid),
        bid_qty: None,
        best_ask: side(ask),
        ask_qty: None,
        ask_depth3: depth,
        recv: Nanos(0),
        proof: Nanos(0),
        tick: TickSize::from_micros(1_000).expect("tick"),
        fees: Fees::Unknown,
    }
}

#[test]
fn liquid_needs_less_than_twenty_bps_and_more_than_five_hundred() {
    // 0.4995/0.5005: 20 bps of mid exactly; 0.49955/0.50045: 18 bps.
    let wide = [leg("0.4995", "0.5005", usdc(501)), leg("0.49", "0.5", usdc(900))];
    let tight = [leg("0.49955", "0.50045", usdc(501)), leg("0.49", "0.5", usdc(900))];
    let shallow = [leg("0.49955", "0.50045", usdc(500)), leg("0.49", "0.5", usdc(900))];
    assert_eq!(worst_leg_bucket(&wide).0.worst_spread_bps, 20);
    assert_eq!(worst_leg_bucket(&wide).0.bucket, Bucket::Thin);
    assert_eq!(worst_leg_bucket(&tight).0.bucket, Bucket::Liquid);
    assert_eq!(worst_leg_bucket(&tight).1, Reasons::NONE);
    assert_eq!(worst_leg_bucket(&shallow).0.bucket, Bucket::Thin);
    assert_eq!(worst_leg_bucket(&shallow).1, Reasons::NONE);
}

#[test]
fn the_worst_leg_is_the_shallowest_first_on_ties() {
    let legs =
        [leg("0.3", "0.4", usdc(700)), leg("0.2", "0.4", usdc(600)), leg("0.1", "0.4", usdc(600))];
    let (metrics, _) = worst_leg_bucket(&legs);
    assert_eq!((metrics.worst_leg, metrics.worst_depth3_pico), (1, Some(600_000_000_000_000)));
}

#[test]
fn depths_outside_the_sane_range_rank_as_infinite_and_degrade() {
    let sane = 10_000_000;
    for (depth, degraded, suspect) in [
        (usdc(sane), false, false),
        (Depth3::Known { pico_usdc: SANE_DEPTH_PICO + 1 }, true, true),
        (usdc(0), true, false),
        (usdc(-1), true, false),
        (Depth3::NotFinite, true, false),
        (Depth3::Unknown, true, false),
    ] {
        let legs = [leg("0.4", "0.5", depth), leg("0.4", "0.5", usdc(sane))];
        let (metrics, reasons) = worst_leg_bucket(&legs);
        assert_eq!(metrics.is_depth3_degraded, degraded, "{depth:?}");
        assert_eq!(reasons.has(Reason::DepthUnitSuspect), suspect, "{depth:?}");
        assert_eq!(reasons.has(Reason::BucketThinNan), degraded, "{depth:?}");
        assert_eq!(metrics.worst_depth3_pico.is_none(), degraded, "{depth:?}");
    }
    // A depth of zero ranks first, an unknown one last.
    let zero_second = [leg("0.4", "0.5", usdc(1)), leg("0.4", "0.5", usdc(0))];
    assert_eq!(worst_leg_bucket(&zero_second).0.worst_leg, 1);
    let unknown_first = [leg("0.4", "0.5", Depth3::Unknown), leg("0.4", "0.5", usdc(1))];
    assert_eq!(worst_leg_bucket(&unknown_first).0.worst_leg, 1);
    let all_unknown = [leg("0.4", "0.5", Depth3::Unknown), leg("0.4", "0.5", Depth3::NotFinite)];
    assert_eq!(worst_leg_bucket(&all_unknown).0.worst_leg, 0);
}

#[test]
fn an_absent_bid_or_a_crossed_leg_has_no_spread_and_an_absent_ask_is_one_dollar() {
    for (bid, ask) in [("", "0.5"), ("0.5", "0"), ("0.51", "0.5")] {
        let (metrics, reasons) =
            worst_leg_bucket(&[leg(bid, ask, usdc(600)), leg("0.4", "0.5", usdc(700))]);
        assert_eq!(metrics.worst_spread_bps, i32::MAX, "{bid}/{ask}");
        assert!(reasons.has(Reason::BucketThinNan));
        assert_eq!(metrics.worst_depth3_pico, Some(600_000_000_000_000));
    }
    // (1 − 0.6)/0.8 is 5000 bps exactly.
    assert_eq!(worst_leg_bucket(&[leg("0.6", "", usdc(600))]).0.worst_spread_bps, 5_000);
    assert_eq!(spread_bps(price("0.5"), price("0.5")), 0);
}

#[test]
fn an_empty_leg_list_is_thin_and_blind() {
    let (metrics, reasons) = worst_leg_bucket(&[]);
    assert_eq!((metrics.bucket, metrics.worst_depth3_pico), (Bucket::Thin, None));
    assert_eq!(reasons.notes(), "BUCKET_THIN_NAN");
    assert!(!tick_view(&[], &metrics).could_ever_be_liquid);
}

#[test]
fn a_cent_grid_can_never_be_liquid_and_the_tick_view_says_so() {
    for (micros, ever) in [
        (100_000, false),
        (10_000, false),
        (5_000, false),
        (2_500, false),
        (1_000, true),
        (100, true),
    ] {
        let tick = TickSize::from_micros(micros).expect("tick");
        assert_eq!(could_ever_be_liquid(tick), ever, "{micros}");
    }
    let legs = [leg("0.499", "0.5", usdc(600)), leg("0.6", "0.601", usdc(700))];
    let (metrics, _) = worst_leg_bucket(&legs);
    let view = tick_view(&legs, &metrics);
    assert_eq!((metrics.bucket, view.bucket), (Bucket::Thin, Bucket::Liquid));
    assert_eq!(view.spread_ticks, Some(1));
    // 0.001 at a mid of 0.4995 is 20.02 bps: not now, but at a higher price it could.
    assert!(!view.could_be_liquid_now && view.could_ever_be_liquid);
    let high = [leg("0.6", "0.601", usdc(600))];
    let (metrics, _) = worst_leg_bucket(&high);
    assert!(tick_view(&high, &metrics).could_be_liquid_now);
    assert_eq!(metrics.bucket, Bucket::Liquid);
}

#[test]
fn depth3_takes_three_real_levels() {
    let level = |text: &str, qty| (price(text), Qty(qty));
    let depth = Depth3::of_levels([
        level("0", 5_000_000),
        level("0.5", 0),
        level("0.5", 10_000_000),
        level("0.6", 10_000_000),
        level("0.7", 10_000_000),
        level("0.8", 10_000_000),
    ]);
    assert_eq!(depth, usdc(18));
    assert_eq!(Depth3::of_levels([]), usdc(0));
}
