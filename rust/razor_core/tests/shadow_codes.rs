//! Every reason code of RAZOR_SPEC §11 on both sides of its limit, and that none changes a number.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/signals.rs"]
mod signals;

use razor_core::shadow::exact::{AttoPrice, AttoShares, FillShare, PicoShares};
use razor_core::shadow::ledger::Ledger;
use razor_core::shadow::settle::{FrozenRow, Ledgering, SettleRules, settle_frozen};
use razor_core::shadow::store::{Print, TradeRows};
use razor_core::shadow::{Shadow, ShadowParams};
use razor_core::signal::{Bucket, Reason, Reasons, Signal};
use razor_core::units::{Nanos, Price};
use signals::{EXAMPLE, MS, frozen, price, print, rules, shadow_params, share, signal, tick};

/// The signal time of all rows here; its window is 10,100 to 11,100 ms.
const AT: i64 = 10_000;

fn live(signal: Signal, rules: &SettleRules, prints: &[Print]) -> FrozenRow {
    settle_frozen(signal, rules, prints.iter(), Ledgering::Live, Reasons::NONE)
}

fn replayed(signal: Signal, rules: &SettleRules, prints: &[Print]) -> FrozenRow {
    settle_frozen(signal, rules, prints.iter(), Ledgering::Replay, Reasons::NONE)
}

fn example() -> Signal {
    signal(1, AT, &EXAMPLE)
}

/// Prints that fill both legs at the beginning of the window.
fn both() -> Vec<Print> {
    vec![print(0, 10_100, "0.49", "30"), print(1, 10_100, "0.48", "12")]
}

/// A row of the example whose only difference is in the rules or the prints.
fn has(reason: Reason, rules: &SettleRules, prints: &[Print]) -> bool {
    live(example(), rules, prints).reasons.has(reason)
}

#[test]
fn the_worked_example_has_no_code() {
    let row = live(example(), &rules(), &both());
    assert_eq!(row.reasons, Reasons::NONE);
    assert_eq!(row.ledger.fills, [PicoShares(10_000_000_000_000), PicoShares(6_000_000_000_000)]);
    assert_eq!(row.window_offsets_ms, (100, 1_100));
    assert_eq!(row.share, share("0.5"));
}

#[test]
fn no_trades_means_no_volume_at_or_under_any_limit() {
    let limit = AttoPrice::from(price("0.49"));
    for (at_price, size, expected) in [
        (limit, 1, false),
        (AttoPrice(limit.0 + 1), 1, true),
        (AttoPrice(0), 1, false),
        (limit, 0, true),
        (limit, -1, true),
    ] {
        let prints =
            [Print { price: at_price, size: AttoShares(size), ..print(0, 10_500, "0.4", "1") }];
        let row = replayed(example(), &rules(), &prints);
        assert_eq!(row.reasons.has(Reason::NoTrades), expected, "{at_price:?} {size}");
        assert!(!row.reasons.has(Reason::WindowEmpty), "a print is there all the same");
    }
    // One leg with volume is enough.
    assert!(!has(Reason::NoTrades, &rules(), &both()[..1]));
    assert!(has(Reason::NoTrades, &rules(), &[]));
}

#[test]
fn the_window_is_closed_on_both_ends() {
    for (at_ms, inside) in [
        (10_099, false),
        (10_100, true),
        (10_101, true),
        (11_099, true),
        (11_100, true),
        (11_101, false),
    ] {
        let prints = [print(0, at_ms, "0.1", "3")];
        let row = live(example(), &rules(), &prints);
        assert_eq!(row.reasons.has(Reason::WindowEmpty), !inside, "{at_ms}");
        let volume = if inside { signals::shares("3") } else { AttoShares(0) };
        assert_eq!(row.volumes, [volume, AttoShares(0)], "{at_ms}");
    }
}

#[test]
fn an_empty_window_is_one_without_prints_of_the_sets_tokens() {
    let foreign = [print(2, 10_500, "0.1", "3"), print(9, 10_500, "0.1", "3")];
    assert!(has(Reason::WindowEmpty, &rules(), &foreign));
    // A print above the limit is one of the set.
    assert!(!has(Reason::WindowEmpty, &rules(), &[print(1, 10_500, "0.99", "3")]));
}

#[test]
fn a_data_gap_is_longer_than_its_limit_and_between_two_prints() {
    let with = |max_trade_gap_ms| SettleRules { max_trade_gap_ms, ..rules() };
    let pair = |gap: i64| vec![print(0, 10_200, "0.4", "1"), print(1, 10_200 + gap, "0.4", "1")];
    for (limit, gap, expected) in [
        (700, 699, false),
        (700, 700, false),
        (700, 701, true),
        (1, 1, false),
        (1, 2, true),
        (0, 900, false),
        (-5, 900, false),
        (i64::MAX, 900, false),
    ] {
        assert_eq!(has(Reason::WindowDataGap, &with(limit), &pair(gap)), expected, "{limit} {gap}");
    }
    // One print has no neighbour; those of other tokens are none.
    assert!(!has(Reason::WindowDataGap, &with(1), &pair(900)[..1]));
    let mut bridged = pair(800);
    bridged.insert(1, print(7, 10_600, "0.4", "1"));
    assert!(has(Reason::WindowDataGap, &with(700), &bridged));
    bridged[1] = print(1, 10_600, "0.99", "1");
    assert!(!has(Reason::WindowDataGap, &with(700), &bridged), "a print above the limit counts");
}

#[test]
fn a_suspect_size_or_notional_is_at_its_threshold_or_above() {
    let suspect = |size: &str, notional: &str| SettleRules {
        size_suspect: signals::shares(size),
        notional_suspect_atto: signals::shares(notional).0,
        ..rules()
    };
    for (limits, size, at_price, expected) in [
        (("100", "0"), "100", "0.4", true),
        (("100", "0"), "99.999999999999999999", "0.4", false),
        (("0", "40"), "100", "0.4", true),
        (("0", "40"), "99.999999999999999999", "0.4", false),
        (("0", "40"), "100", "0.399999999999999999", false),
        (("0", "0"), "1e9", "1", false),
        (("100", "40"), "100", "0.1", true),
        (("101", "40"), "100", "0.4", true),
        (("101", "41"), "100", "0.4", false),
    ] {
        let rules = suspect(limits.0, limits.1);
        let prints = [print(0, 10_500, at_price, size)];
        assert_eq!(has(Reason::TradeSizeSuspect, &rules, &prints), expected, "{limits:?} {size}");
        let replay = replayed(example(), &rules, &prints);
        assert!(!replay.reasons.has(Reason::TradeSizeSuspect), "a replay never raises it");
    }
    // Above the limit price a print is suspect all the same; outside the window it is not.
    let rules = suspect("100", "0");
    assert!(has(Reason::TradeSizeSuspect, &rules, &[print(1, 10_500, "0.99", "100")]));
    assert!(!has(Reason::TradeSizeSuspect, &rules, &[print(1, 11_101, "0.4", "100")]));
    assert!(!has(Reason::TradeSizeSuspect, &rules, &[print(5, 10_500, "0.4", "100")]));
}

#[test]
fn bids_and_limits_are_missing_at_zero_only() {
    for (limit, bid, expected) in [
        ("0.49", "0.48", ""),
        ("0.49", "0.000001", ""),
        ("0.49", "0", "MISSING_BID"),
        ("0.000001", "0", "MISSING_BID"),
        ("0", "0.48", "INVALID_PRICE"),
        ("0", "0", "INVALID_PRICE,MISSING_BID,MISSING_BOOK"),
    ] {
        for place in 0..2 {
            let mut legs = EXAMPLE;
            legs[place] = (legs[place].0, limit, bid);
            let prints = vec![print(0, 10_100, "0", "30"), print(1, 10_100, "0", "12")];
            let row = live(signal(1, AT, &legs), &rules(), &prints);
            assert_eq!(row.reasons.notes(), expected, "leg {place}: {limit} {bid}");
        }
    }
}

#[test]
fn a_limit_of_zero_has_no_volume_even_from_prints_at_zero() {
    let legs = [(0, "0", "0.48"), EXAMPLE[1]];
    let prints = [print(0, 10_500, "0", "50"), print(1, 10_500, "0.1", "50")];
    let row = live(signal(1, AT, &legs), &rules(), &prints);
    assert_eq!(row.volumes, [AttoShares(0), signals::shares("50")]);
    assert_eq!(row.ledger.q_set, PicoShares(0));
}

#[test]
fn a_request_is_invalid_at_zero_and_below() {
    for (q_req, expected) in [(1, false), (0, true), (-1, true)] {
        let signal = Signal { q_req: PicoShares(q_req), ..example() };
        let row = live(signal, &rules(), &both());
        assert_eq!(row.reasons.has(Reason::InvalidQty), expected, "{q_req}");
    }
}

#[test]
fn the_fill_share_is_zero_at_zero_only_and_that_of_the_bucket() {
    for (liquid, thin, bucket, expected) in [
        (0, 1, Bucket::Liquid, true),
        (0, 1, Bucket::Thin, false),
        (1, 0, Bucket::Liquid, false),
        (1, 0, Bucket::Thin, true),
    ] {
        let rules =
            SettleRules { share_liquid: FillShare(liquid), share_thin: FillShare(thin), ..rules() };
        let mut signal = example();
        signal.bucket.bucket = bucket;
        let row = live(signal, &rules, &both());
        assert_eq!(row.reasons.has(Reason::FillShareP25Zero), expected, "{liquid} {thin}");
        assert_eq!(row.share, rules.share_of(bucket));
    }
}

#[test]
fn leg_counts_other_than_two_or_three_mismatch_in_the_running_ledger_only() {
    for count in 0..8 {
        let legs: Vec<(u32, &str, &str)> = (0..count).map(|leg| (leg * 2, "0.1", "0.05")).collect();
        let row = live(signal(1, AT, &legs), &rules(), &[]);
        let is_frozen = count == 2 || count == 3;
        assert_eq!(row.reasons.has(Reason::LegsMismatch), !is_frozen, "{count}");
        assert_eq!(row.is_in_frozen_table(), is_frozen);
        let row = replayed(signal(1, AT, &legs), &rules(), &[]);
        assert!(!row.reasons.has(Reason::LegsMismatch));
    }
}

#[test]
fn a_worst_leg_that_is_none_names_its_bucket() {
    for (bucket, code) in
        [(Bucket::Liquid, Reason::BucketLiquidNan), (Bucket::Thin, Reason::BucketThinNan)]
    {
        for (worst_leg, is_blind) in [(0, false), (1, false), (2, true), (usize::MAX, true)] {
            let mut signal = example();
            signal.bucket.bucket = bucket;
            signal.bucket.worst_leg = worst_leg;
            let row = live(signal, &rules(), &both());
            assert_eq!(row.reasons.has(code), is_blind, "{bucket:?} {worst_leg}");
            assert_eq!(row.worst_leg().is_none(), is_blind);
            if !is_blind {
                assert_eq!(row.worst_leg(), row.signal.legs.get(worst_leg));
            }
        }
    }
}

#[test]
fn codes_of_the_signal_stay_and_blank_the_worst_leg() {
    for code in [Reason::BucketThinNan, Reason::BucketLiquidNan] {
        let signal = Signal { reasons: Reasons::only(code), ..example() };
        let row = live(signal, &rules(), &both());
        assert!(row.reasons.has(code) && row.worst_leg().is_none());
    }
    let signal = Signal { reasons: Reasons::only(Reason::DepthUnitSuspect), ..example() };
    let row = live(signal, &rules(), &both());
    assert_eq!(
        (row.reasons.notes().as_str(), row.worst_leg().is_some()),
        ("DEPTH_UNIT_SUSPECT", true)
    );
}

#[test]
fn reasons_change_no_number() {
    let plain = live(example(), &rules(), &both());
    for reason in Reason::ALL {
        let signal = Signal { reasons: Reasons::only(reason), ..example() };
        let row = live(signal, &rules(), &both());
        assert_eq!((&row.ledger, &row.volumes), (&plain.ledger, &plain.volumes), "{reason:?}");
        let prints = both();
        let observed = Reasons::only(reason);
        let row = settle_frozen(example(), &rules(), prints.iter(), Ledgering::Live, observed);
        assert_eq!(row.ledger, plain.ledger, "{reason:?}");
        assert!(row.reasons.has(reason));
        assert_eq!(row.is_unusable(), reason == Reason::TradesIncomplete);
    }
}

#[test]
fn what_leaves_the_range_is_a_row_of_zeros_with_one_code() {
    let huge = "99999999999999999999";
    let overflowing = [
        (
            Signal { q_req: PicoShares(i128::MAX), ..example() },
            vec![print(0, 10_500, "0.4", huge), print(1, 10_500, "0.4", huge)],
        ),
        (example(), vec![Print { size: AttoShares(i128::MAX), ..print(0, 10_500, "0.4", "1") }; 2]),
        (
            example(),
            vec![Print {
                price: AttoPrice(i128::MAX),
                size: AttoShares(i128::MAX),
                ..print(0, 10_500, "0.4", "1")
            }],
        ),
    ];
    for (signal, prints) in overflowing {
        for observed in [Reasons::NONE, Reasons::only(Reason::TradesIncomplete)] {
            let given =
                Signal { reasons: Reasons::only(Reason::DepthUnitSuspect), ..signal.clone() };
            let row = settle_frozen(given, &rules(), prints.iter(), Ledgering::Live, observed);
            assert_eq!(row.reasons, Reasons::only(Reason::InternalError));
            assert_eq!(
                (row.ledger.clone(), row.volumes.clone()),
                (Ledger::zero(2), vec![AttoShares(0); 2])
            );
        }
    }
}

#[test]
fn prints_outside_the_window_that_are_out_of_range_harm_nothing() {
    let prints = [
        print(0, 10_100, "0.49", "30"),
        print(1, 10_100, "0.48", "12"),
        Print { size: AttoShares(i128::MAX), ..print(0, 11_101, "0.4", "1") },
        Print { size: AttoShares(i128::MAX), ..print(0, 11_102, "0.4", "1") },
    ];
    assert_eq!(live(example(), &rules(), &prints), live(example(), &rules(), &prints[..2]));
}

// ---- codes only the running ledger can know ------------------------------------------------

/// One signal whose window is settled at a clock of `AT + late_ms`.
fn settled_late(params: ShadowParams, late_ms: i64) -> FrozenRow {
    let mut shadow = Shadow::new(params).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(example(), terms(), &mut out);
    shadow.advance(Nanos((AT + late_ms) * MS), &mut out);
    frozen(&out)[0].clone()
}

fn terms() -> razor_core::shadow::venue::VenueTerms {
    use razor_core::market::{Fees, Settlement};
    use razor_core::shadow::venue::{LegTerms, VenueTerms};
    use razor_core::units::Qty;
    let leg = LegTerms { fees: Fees::Free, min_order_qty: Qty(5_000_000) };
    VenueTerms { settlement: Settlement::Merge, end_ms: 0, legs: vec![leg; 2] }
}

#[test]
fn a_signal_is_too_old_when_settled_later_than_the_retention() {
    for (retention, late_ms, expected) in [
        (5_000, 1_101, false),
        (5_000, 4_999, false),
        (5_000, 5_000, false),
        (5_000, 5_001, true),
        (1_100, 1_101, true),
        (1_101, 1_101, false),
        (5_000, 9_000_000, true),
    ] {
        let params = ShadowParams { trade_retention_ms: retention, ..shadow_params() };
        let row = settled_late(params, late_ms);
        assert_eq!(row.reasons.has(Reason::SignalTooOld), expected, "{retention} {late_ms}");
        let replay = ShadowParams { rows: TradeRows::AsTheyAre, ..params };
        assert!(!settled_late(replay, late_ms).reasons.has(Reason::SignalTooOld));
    }
}

#[test]
fn a_signal_id_must_be_above_every_one_written_before() {
    for (ids, hits) in [
        (vec![1, 2, 3], vec![false, false, false]),
        (vec![1, 1], vec![false, true]),
        (vec![5, 4, 5, 6], vec![false, true, true, false]),
        (vec![0, 1], vec![true, false]),
        (vec![u64::MAX, 1], vec![false, true]),
    ] {
        for rows in [TradeRows::OncePerRun, TradeRows::AsTheyAre] {
            let mut shadow = Shadow::new(ShadowParams { rows, ..shadow_params() }).expect("params");
            let mut out = Vec::new();
            for id in &ids {
                shadow.on_signal(signal(*id, AT, &EXAMPLE), terms(), &mut out);
            }
            shadow.advance(Nanos((AT + 2_000) * MS), &mut out);
            let found: Vec<bool> =
                frozen(&out).iter().map(|row| row.reasons.has(Reason::DedupHit)).collect();
            let expected =
                if rows == TradeRows::OncePerRun { hits.clone() } else { vec![false; ids.len()] };
            assert_eq!(found, expected, "{ids:?} {rows:?}");
        }
    }
}

#[test]
fn trades_are_incomplete_where_a_print_of_the_window_was_evicted() {
    // The store keeps one print; the second one evicts the first.
    for (first_ms, expected) in [(10_099, false), (10_100, true), (11_100, true)] {
        let params = ShadowParams { max_trades: 1, ..shadow_params() };
        let mut shadow = Shadow::new(params).expect("params");
        let mut out = Vec::new();
        shadow.on_signal(example(), terms(), &mut out);
        shadow.on_trade(&tick(1, 0, first_ms, "0.4", "1"), &mut out);
        shadow.on_trade(&tick(2, 0, 11_100, "0.4", "1"), &mut out);
        shadow.advance(Nanos((AT + 2_000) * MS), &mut out);
        assert_eq!(frozen(&out)[0].is_unusable(), expected, "{first_ms}");
        assert_eq!(shadow.counters().unusable, u64::from(expected));
    }
}

#[test]
fn every_code_can_be_raised_and_only_the_known_ones_are() {
    // All codes that one settlement can raise together, in column order.
    let mut bad =
        signal(1, AT, &[(0, "0", "0"), (1, "0.48", "0.47"), (2, "0.1", "0.1"), (4, "0.1", "0.1")]);
    bad.bucket.worst_leg = 9;
    bad.q_req = PicoShares(0);
    bad.reasons = Reasons::only(Reason::DepthUnitSuspect);
    let rules = SettleRules { share_thin: FillShare(0), max_trade_gap_ms: 1, ..rules() };
    let prints = [print(0, 10_200, "0.4", "60000"), print(1, 10_900, "0.9", "1")];
    let mut observed = Reasons::only(Reason::DedupHit);
    observed.add(Reason::SignalTooOld);
    observed.add(Reason::TradesIncomplete);
    let row = settle_frozen(bad, &rules, prints.iter(), Ledgering::Live, observed);
    let all: Vec<Reason> = Reason::ALL
        .into_iter()
        .filter(|reason| {
            !matches!(reason, Reason::BucketLiquidNan | Reason::InternalError | Reason::WindowEmpty)
        })
        .collect();
    assert_eq!(row.reasons.iter().collect::<Vec<_>>(), all);
    assert_eq!(row.ledger.total_pnl.0, 0);
    assert_eq!(row.signal.legs[0].limit, Price::ZERO);
}
