//! The venue basis: which prints count, when it stays blank, and its numbers against a plain model.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/signals.rs"]
mod signals;

use razor_core::ids::{MarketIx, SetIx, TokenIx};
use razor_core::market::{Fees, MarketDef, SetDef, SetKind, Settlement, Universe};
use razor_core::shadow::exact::{AttoPrice, AttoShares, FillShare, PicoShares};
use razor_core::shadow::store::{Print, TakerSide};
use razor_core::shadow::venue::{LegTerms, VenueGap, VenueRow, VenueTerms, settle_venue};
use razor_core::shadow::{Shadow, ShadowParams};
use razor_core::signal::{Signal, SignalLeg};
use razor_core::units::{Nanos, Qty, TickSize, Usdc};
use razor_sim::rng::Rng;
use signals::{EXAMPLE, MS, micros, print, sets, shadow_params, share, shares, signal, tick};

const AT: i64 = 10_000;
const WINDOW: (i64, i64) = (10_100, 11_100);
const FREE: LegTerms = LegTerms { fees: Fees::Free, min_order_qty: Qty(5_000_000) };

fn terms(settlement: Settlement, legs: &[LegTerms]) -> VenueTerms {
    VenueTerms { settlement, end_ms: 0, legs: legs.to_vec() }
}

fn merge() -> VenueTerms {
    terms(Settlement::Merge, &[FREE; 2])
}

fn example() -> Signal {
    signal(1, AT, &EXAMPLE)
}

fn settle(terms: &VenueTerms, prints: &[Print]) -> Result<VenueRow, VenueGap> {
    settle_venue(&example(), terms, share("0.5"), WINDOW, &prints.iter())
}

fn sided(token: u32, at_price: &str, side: Option<TakerSide>) -> Print {
    Print { side, ..print(token, 10_500, at_price, "8") }
}

#[test]
fn a_print_counts_where_the_taker_bought_the_leg_at_or_under_its_limit() {
    const BUY: Option<TakerSide> = Some(TakerSide::Buy);
    const SELL: Option<TakerSide> = Some(TakerSide::Sell);
    // Leg 0 is token 0 at 0.49 (its complement is token 1), leg 1 is token 1 at 0.48.
    for (token, at_price, side, first, second) in [
        (0, "0.49", BUY, "8", "0"),
        (0, "0.490000000000000001", BUY, "0", "0"),
        (0, "0.01", BUY, "8", "0"),
        (0, "0.49", SELL, "0", "0"),
        // A sale of token 0 at p is a purchase of token 1 at 1 − p.
        (0, "0.52", SELL, "0", "8"),
        (0, "0.519999999999999999", SELL, "0", "0"),
        (0, "0.99", SELL, "0", "8"),
        (1, "0.48", BUY, "0", "8"),
        (1, "0.480000000000000001", BUY, "0", "0"),
        (1, "0.51", SELL, "8", "0"),
        (1, "0.509999999999999999", SELL, "0", "0"),
        (2, "0.1", BUY, "0", "0"),
        (3, "0.9", SELL, "0", "0"),
    ] {
        let row = settle(&merge(), &[sided(token, at_price, side)]).expect("row");
        let volumes: Vec<AttoShares> = row.legs.iter().map(|leg| leg.volume).collect();
        assert_eq!(volumes, [shares(first), shares(second)], "{token} {at_price} {side:?}");
    }
}

#[test]
fn the_window_is_closed_on_the_venues_clock_and_falls_back_to_ingest_with_a_flag() {
    for (venue_ms, ingest_ms, counts, falls_back) in [
        (Some(10_099), 10_500, false, false),
        (Some(10_100), 99, true, false),
        (Some(11_100), 99_999, true, false),
        (Some(11_101), 10_500, false, false),
        (None, 10_099, false, false),
        (None, 10_100, true, true),
        (None, 11_100, true, true),
        (None, 11_101, false, false),
    ] {
        let only = [Print { venue_ms, ingest_ms, ..sided(0, "0.4", Some(TakerSide::Buy)) }];
        let row = settle(&merge(), &only).expect("row");
        assert_eq!(row.legs[0].volume > AttoShares(0), counts, "{venue_ms:?} {ingest_ms}");
        assert_eq!(row.has_time_fallback, falls_back, "{venue_ms:?} {ingest_ms}");
    }
    // A fallback that does not count for the leg is no fallback of the numbers.
    let above = [Print { venue_ms: None, ..sided(0, "0.6", Some(TakerSide::Buy)) }];
    assert!(!settle(&merge(), &above).expect("row").has_time_fallback);
}

#[test]
fn prints_without_a_side_blank_the_basis_only_where_they_could_matter() {
    for (token, at_ms, blank) in [
        (0, 10_500, true),
        (1, 10_500, true),
        (0, 10_100, true),
        (0, 11_100, true),
        (0, 10_099, false),
        (0, 11_101, false),
        (2, 10_500, false),
    ] {
        let silent = [Print { side: None, ..print(token, at_ms, "0.4", "8") }];
        let found = settle(&merge(), &silent);
        assert_eq!(found.err(), blank.then_some(VenueGap::SideUnknown), "{token} {at_ms}");
    }
}

#[test]
fn the_first_gap_in_order_is_the_one_that_is_told() {
    let unknown = LegTerms { fees: Fees::Unknown, ..FREE };
    let silent = [sided(0, "0.4", None)];
    for (terms, expected) in [
        (terms(Settlement::Unproven, &[unknown]), VenueGap::SettlementUnproven),
        (terms(Settlement::Merge, &[unknown]), VenueGap::OutOfRange),
        (terms(Settlement::Merge, &[FREE, unknown]), VenueGap::FeesUnknown),
        (terms(Settlement::Merge, &[unknown, FREE]), VenueGap::FeesUnknown),
        (terms(Settlement::HoldToResolution, &[FREE, unknown]), VenueGap::FeesUnknown),
        (merge(), VenueGap::SideUnknown),
    ] {
        assert_eq!(settle(&terms, &silent), Err(expected));
    }
    let texts: Vec<&str> = [
        VenueGap::FeesUnknown,
        VenueGap::SettlementUnproven,
        VenueGap::SideUnknown,
        VenueGap::TradesIncomplete,
        VenueGap::WaitCutShort,
        VenueGap::OutOfRange,
    ]
    .into_iter()
    .map(VenueGap::text)
    .collect();
    let mut unique = texts.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), texts.len(), "{texts:?}");
}

#[test]
fn fills_are_whole_lots_and_nothing_under_the_minimum_order() {
    // Volume of both legs, share 0.5, q_req 10, minimum 5.
    for (volume, fill, is_flagged) in [
        ("10", 5_000_000, false),
        ("9.999998", 0, true),
        ("9.999999", 0, true),
        ("10.000001", 5_000_000, false),
        ("10.000002", 5_000_001, false),
        ("10.0000039", 5_000_001, false),
        ("20", 10_000_000, false),
        ("1000", 10_000_000, false),
        ("0", 0, false),
        ("0.000001", 0, false),
        ("0.000002", 0, true),
    ] {
        let prints = [print(0, 10_500, "0.4", volume), print(1, 10_500, "0.4", volume)];
        let row = settle(&merge(), &prints).expect("row");
        assert_eq!(
            row.legs.iter().map(|leg| leg.fill.0).collect::<Vec<_>>(),
            [fill; 2],
            "{volume}"
        );
        assert_eq!((row.q_set, row.has_fill_below_minimum), (Qty(fill), is_flagged), "{volume}");
    }
}

#[test]
fn leftovers_are_sold_at_or_above_the_minimum_order_and_residual_below_it() {
    // Leg 0 fills 10; leg 1 what its volume gives; the minimum of leg 0 decides about its leftover.
    for (minimum, other, left, residual) in [
        (4_000_000, "12", 4_000_000, false),
        (4_000_001, "12", 4_000_000, true),
        (5_000_000, "10", 5_000_000, false),
        (5_000_000, "20", 0, false),
        (1, "18", 1_000_000, false),
        (1_000_001, "18", 1_000_000, true),
    ] {
        let first = LegTerms { min_order_qty: Qty(minimum), ..FREE };
        let second = LegTerms { min_order_qty: Qty(1), ..FREE };
        let prints = [print(0, 10_500, "0.4", "30"), print(1, 10_500, "0.4", other)];
        let row = settle(&terms(Settlement::Merge, &[first, second]), &prints).expect("row");
        let leg = row.legs[0];
        assert_eq!((leg.fill.0, leg.left.0), (10_000_000, left), "{minimum} {other}");
        if residual {
            assert_eq!(leg.left_proceeds, Usdc::ZERO);
            assert_eq!(leg.residual_cost, Usdc(left as i64 * 49 / 100));
        } else {
            // 0.48 · 0.95 = 0.456 per share.
            assert_eq!(leg.left_proceeds, Usdc(left as i64 * 456 / 1_000));
            assert_eq!(leg.residual_cost, Usdc::ZERO);
        }
        assert_eq!(row.pnl.0, row.payout.0 + row.left_proceeds.0 - row.cost.0 - row.fees.0);
    }
}

#[test]
fn a_missing_bid_brings_nothing_for_the_leftover() {
    let signal = signal(1, AT, &[(0, "0.49", "0"), (1, "0.48", "0.47")]);
    let prints = [print(0, 10_500, "0.4", "30")];
    let row = settle_venue(&signal, &merge(), share("0.5"), WINDOW, &prints.iter()).expect("row");
    assert_eq!((row.legs[0].left, row.left_proceeds), (Qty(10_000_000), Usdc::ZERO));
    assert_eq!(row.pnl, Usdc(-4_900_000));
}

#[test]
fn capital_is_free_after_a_merge_and_bound_to_the_end_for_a_hold() {
    for (settlement, end_ms, expected) in [
        (Settlement::Merge, 0, Some(0)),
        (Settlement::Merge, AT + 5, Some(0)),
        (Settlement::HoldToResolution, AT + 86_400_000, Some(86_400_000)),
        (Settlement::HoldToResolution, AT, Some(0)),
        (Settlement::HoldToResolution, AT - 1, None),
        (Settlement::HoldToResolution, 0, None),
        (Settlement::HoldToResolution, i64::MAX, Some(i64::MAX - AT)),
    ] {
        let terms = VenueTerms { end_ms, ..terms(settlement, &[FREE; 2]) };
        let row = settle(&terms, &[]).expect("row");
        assert_eq!(row.capital_ms, expected, "{settlement:?} {end_ms}");
        assert_eq!((row.pnl, row.q_set), (Usdc::ZERO, Qty::ZERO));
    }
}

#[test]
fn the_terms_of_a_set_are_those_of_its_markets() {
    let market = |name: &str, end_ms: i64, fees: Fees| MarketDef {
        condition_id: name.into(),
        token_ids: [format!("{name}-y").into(), format!("{name}-n").into()],
        label: name.into(),
        tick: TickSize::CENT,
        min_order_qty: Qty(u64::try_from(end_ms).expect("end") + 1),
        fees,
        neg_risk: true,
        end_ms,
    };
    for (ends, end_ms) in [([5, 9, 7], 9), ([5, 0, 7], 0), ([0, 0, 0], 0), ([3, 3, 3], 3)] {
        let mut universe = Universe::default();
        let taker = Fees::Taker { rate_ppm: 7, exponent: 1 };
        for (end, fees) in ends.into_iter().zip([Fees::Free, taker, Fees::Unknown]) {
            universe.add_market(market(&format!("m{end}"), end, fees)).expect("market");
        }
        let legs = vec![TokenIx(0), TokenIx(2), TokenIx(4)];
        let settlement = Settlement::HoldToResolution;
        let set = SetDef { key: "k".into(), kind: SetKind::Group, legs, settlement };
        let set = universe.add_set(set).expect("set");
        let terms = VenueTerms::of(&universe, set).expect("terms");
        assert_eq!((terms.end_ms, terms.settlement), (end_ms, settlement));
        assert_eq!(
            terms.legs.iter().map(|leg| leg.fees).collect::<Vec<_>>(),
            [Fees::Free, taker, Fees::Unknown]
        );
        let minima: Vec<i64> =
            terms.legs.iter().map(|leg| leg.min_order_qty.0 as i64 - 1).collect();
        assert_eq!(minima, ends);
        assert_eq!(VenueTerms::of(&universe, SetIx(1)), None);
    }
}

#[test]
fn numbers_out_of_range_blank_the_basis_instead_of_wrapping() {
    let huge = Print { size: AttoShares(i128::MAX), ..print(0, 10_500, "0.4", "1") };
    assert_eq!(settle(&merge(), &[huge, huge]), Err(VenueGap::OutOfRange));
    let signal = Signal { q_req: PicoShares(i128::MAX), ..example() };
    let volume = Print { size: AttoShares(i128::MAX / 4), ..huge };
    let other = Print { token: TokenIx(1), ..volume };
    let found = settle_venue(&signal, &merge(), share("1"), WINDOW, &[volume, other].iter());
    assert_eq!(found, Err(VenueGap::OutOfRange));
}

// ---- in the running ledger -----------------------------------------------------------------

#[test]
fn late_prints_are_waited_for_and_the_frozen_row_comes_first() {
    let params = ShadowParams { venue_wait_ms: 2_000, ..shadow_params() };
    let mut shadow = Shadow::new(params).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(example(), merge(), &mut out);
    shadow.advance(Nanos(11_101 * MS), &mut out);
    assert_eq!((out.len(), shadow.pending()), (1, (0, 1)), "the frozen row alone");
    let mut late = tick(1, 0, 13_000, "0.4", "30");
    late.venue_ts = Some(Nanos(10_600 * MS));
    shadow.on_trade(&late, &mut out);
    shadow.advance(Nanos(13_100 * MS), &mut out);
    assert_eq!(out.len(), 1, "the wait ends behind its last millisecond");
    shadow.advance(Nanos(13_101 * MS), &mut out);
    let venue = sets(&out)[0].venue.clone().expect("venue");
    assert_eq!(venue.legs[0].volume, shares("30"));
    assert_eq!(sets(&out)[0].frozen.volumes[0], AttoShares(0), "too late for the frozen basis");
}

#[test]
fn a_gap_that_is_reported_during_the_wait_blanks_the_venue_basis_alone() {
    let params = ShadowParams { venue_wait_ms: 2_000, ..shadow_params() };
    for (market, blank) in [(None, true), (Some(MarketIx(0)), true), (Some(MarketIx(1)), false)] {
        let mut shadow = Shadow::new(params).expect("params");
        let mut out = Vec::new();
        shadow.on_signal(example(), merge(), &mut out);
        shadow.advance(Nanos(11_101 * MS), &mut out);
        shadow.mark_incomplete(market, Nanos(10_900 * MS), Some(Nanos(12_000 * MS)));
        shadow.advance(Nanos(14_000 * MS), &mut out);
        let row = sets(&out)[0];
        assert!(!row.frozen.is_unusable());
        assert_eq!(row.venue.clone().err(), blank.then_some(VenueGap::TradesIncomplete));
    }
}

// ---- the model -----------------------------------------------------------------------------

/// `round(rate · p · (1−p) · qty)` to 0.00001, half to even, nothing below that; micro-dollars.
fn fee_model(rate_ppm: u32, price: u32, qty: u64) -> i64 {
    let exact =
        u128::from(rate_ppm) * u128::from(price) * u128::from(1_000_000 - price) * u128::from(qty);
    // Micro-dollars times 10^18; a quantum is ten of them.
    let quantum = 10_u128.pow(19);
    let (whole, rest) = (exact / quantum, exact % quantum);
    let up = rest * 2 > quantum || (rest * 2 == quantum && whole % 2 == 1);
    if whole == 0 { 0 } else { ((whole + u128::from(up)) * 10) as i64 }
}

fn cost_model(price: u32, qty: u64) -> i64 {
    (u128::from(price) * u128::from(qty)).div_ceil(1_000_000) as i64
}

/// Everything of a row, computed leg by leg in plain integers.
fn model(
    signal: &Signal,
    terms: &VenueTerms,
    share_percent: i128,
    prints: &[Print],
) -> (u64, i64, Vec<u64>) {
    let rate = |leg: &LegTerms| match leg.fees {
        Fees::Taker { rate_ppm, .. } => rate_ppm,
        Fees::Free | Fees::Unknown => 0,
    };
    let mut fills = Vec::new();
    for (leg, terms) in signal.legs.iter().zip(&terms.legs) {
        let limit = i128::from(leg.limit.micros()) * 1_000_000_000_000;
        let mut volume = 0;
        for print in prints {
            let at = print.venue_ms.unwrap_or(print.ingest_ms);
            let own = print.token == leg.token
                && print.side == Some(TakerSide::Buy)
                && print.price.0 <= limit;
            let mirrored = print.token.0 == leg.token.0 ^ 1
                && print.side == Some(TakerSide::Sell)
                && 1_000_000_000_000_000_000 - print.price.0 <= limit;
            if (own || mirrored) && at >= WINDOW.0 && at <= WINDOW.1 {
                volume += print.size.0;
            }
        }
        // Micro-shares are 10^12 of the volume's unit.
        let lots =
            (volume * share_percent / 100 / 1_000_000_000_000).min(signal.q_req.0 / 1_000_000);
        let lots = u64::try_from(lots).expect("lots");
        fills.push(if lots < terms.min_order_qty.0 { 0 } else { lots });
    }
    let q_set = *fills.iter().min().expect("legs");
    let mut pnl = q_set as i64;
    for ((leg, terms), fill) in signal.legs.iter().zip(&terms.legs).zip(&fills) {
        let limit = leg.limit.micros();
        pnl -= cost_model(limit, *fill) + fee_model(rate(terms), limit, *fill);
        let left = fill - q_set;
        if left >= terms.min_order_qty.0 {
            let exit = leg.bid.micros() * 95 / 100;
            pnl += (u128::from(exit) * u128::from(left) / 1_000_000) as i64;
            pnl -= fee_model(rate(terms), exit, left);
        }
    }
    (q_set, pnl, fills)
}

#[test]
fn random_sets_settle_as_in_the_plain_model() {
    let mut rng = Rng::new(81);
    let (mut with_sets, mut with_left) = (0, 0);
    for round in 0..6_000 {
        let count = 2 + rng.below(3);
        let is_binary = count == 2 && rng.chance(50);
        let legs: Vec<SignalLeg> = (0..count)
            .map(|index| {
                let limit = 10_000 + rng.below(900_000);
                let bid = if rng.chance(10) { 0 } else { limit - rng.below(10_000) };
                let token = if is_binary { index } else { index * 2 };
                SignalLeg { token: TokenIx(token), limit: micros(limit), bid: micros(bid) }
            })
            .collect();
        let leg_terms: Vec<LegTerms> = (0..count)
            .map(|_| LegTerms {
                fees: if rng.chance(30) {
                    Fees::Free
                } else {
                    Fees::Taker { rate_ppm: rng.below(100_000), exponent: 1 }
                },
                min_order_qty: Qty(1 + rng.below_wide(6_000_000)),
            })
            .collect();
        let prints: Vec<Print> = (0..rng.below(24))
            .map(|_| Print {
                ingest_ms: 10_050 + i64::from(rng.below(1_150)),
                venue_ms: (!rng.chance(20)).then(|| 10_050 + i64::from(rng.below(1_150))),
                token: TokenIx(rng.below(count * 2)),
                price: AttoPrice(i128::from(rng.below(1_000_001)) * 1_000_000_000_000),
                size: AttoShares(i128::from(rng.below_wide(20_000_000_000)) * 1_000_000_000),
                side: Some(if rng.chance(60) { TakerSide::Buy } else { TakerSide::Sell }),
            })
            .collect();
        let signal = Signal { legs, ..example() };
        let terms = terms(Settlement::Merge, &leg_terms);
        let percent = i128::from(1 + rng.below(100));
        let share = FillShare(percent * 10_000_000_000_000_000);
        let row = settle_venue(&signal, &terms, share, WINDOW, &prints.iter()).expect("row");
        let fills: Vec<u64> = row.legs.iter().map(|leg| leg.fill.0).collect();
        let expected = model(&signal, &terms, percent, &prints);
        assert_eq!((row.q_set.0, row.pnl.0, fills), expected, "round {round}");
        with_sets += u32::from(row.q_set > Qty::ZERO);
        with_left += u32::from(row.left_proceeds > Usdc::ZERO);
        let parts: i64 = row.legs.iter().map(|leg| leg.cost.0).sum();
        assert_eq!((parts, row.payout.0), (row.cost.0, row.q_set.0 as i64));
    }
    assert!(with_sets > 200 && with_left > 200, "{with_sets} {with_left}");
}
