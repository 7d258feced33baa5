//! The ledger as the engine drives it: due times, drops, gaps, both bases.

#![expect(clippy::arithmetic_side_effects, reason = "small literals in tests")]

use super::exact::{AttoPrice, AttoShares, FillShare, PicoShares, cell};
use super::store::{TakerSide, TradeId};
use super::venue::LegTerms;
use super::*;
use crate::fees::fee_half_even;
use crate::ids::{SetIx, TokenIx};
use crate::market::{Fees, Settlement};
use crate::signal::{Bucket, BucketMetrics, SignalLeg, TickView, VenueEdge};
use crate::units::{Bps, Price, Qty, Usdc};

const MS: i64 = 1_000_000;

fn share(text: &str) -> FillShare {
    FillShare::parse(text).expect("share")
}

fn params() -> ShadowParams {
    ShadowParams {
        rules: SettleRules {
            window_start_ms: 100,
            window_end_ms: 1_100,
            share_liquid: share("0.3"),
            share_thin: share("0.5"),
            max_trade_gap_ms: 700,
            size_suspect: AttoShares::parse("50000").expect("size"),
            notional_suspect_atto: AttoShares::parse("50000").expect("notional").0,
        },
        trade_retention_ms: 5_000,
        max_trades: 1_000,
        max_trade_ids: 1_000,
        venue_wait_ms: 0,
        max_pending: 10,
        rows: TradeRows::OncePerRun,
    }
}

fn price(text: &str) -> Price {
    Price::parse(text.as_bytes()).expect("price")
}

fn signal(id: u64, at_ms: i64, legs: &[(u32, &str, &str)]) -> Signal {
    let leg = |(token, limit, bid): &(u32, &str, &str)| SignalLeg {
        token: TokenIx(*token),
        limit: price(limit),
        bid: price(bid),
    };
    Signal {
        id,
        ts: Nanos(at_ms * MS),
        set: SetIx(0),
        q_req: PicoShares::parse("10").expect("q_req"),
        raw_cost: Bps::new(9_700),
        raw_edge: Bps::new(300),
        hard_fees: Bps::new(210),
        risk_premium: Bps::new(80),
        expected_net: Bps::new(10),
        bucket: BucketMetrics {
            bucket: Bucket::Thin,
            worst_leg: 1,
            worst_spread_bps: 300,
            worst_depth3_pico: Some(1),
            is_depth3_degraded: false,
        },
        ticks: TickView {
            bucket: Bucket::Thin,
            spread_ticks: Some(1),
            could_be_liquid_now: false,
            could_ever_be_liquid: false,
        },
        legs: legs.iter().map(leg).collect(),
        reasons: Reasons::NONE,
        venue: VenueEdge { sum_ask: Usdc(970_000), sum_fee: None },
    }
}

const EXAMPLE: [(u32, &str, &str); 2] = [(0, "0.49", "0.48"), (1, "0.48", "0.47")];

fn terms(legs: usize) -> VenueTerms {
    let leg = LegTerms { fees: Fees::Free, min_order_qty: Qty(5_000_000) };
    VenueTerms { settlement: Settlement::Merge, end_ms: 0, legs: vec![leg; legs] }
}

fn trade(id: u128, at_ms: i64, token: u32, price: &str, size: &str) -> TradeTick {
    TradeTick {
        token: TokenIx(token),
        price: AttoPrice::parse(price).expect("price"),
        size: AttoShares::parse(size).expect("size"),
        ingest: Nanos(at_ms * MS),
        venue_ts: Some(Nanos(at_ms * MS)),
        side: Some(TakerSide::Buy),
        id: TradeId(id),
    }
}

fn frozen(out: &[Settled]) -> Vec<&FrozenRow> {
    out.iter()
        .filter_map(|row| match row {
            Settled::Frozen(row) => Some(row.as_ref()),
            Settled::Set(_) => None,
        })
        .collect()
}

fn sets(out: &[Settled]) -> Vec<&SetRow> {
    out.iter()
        .filter_map(|row| match row {
            Settled::Set(row) => Some(row.as_ref()),
            Settled::Frozen(_) => None,
        })
        .collect()
}

/// Runs one signal at 10,000 ms with the prints, and settles everything.
fn run(params: ShadowParams, signal: Signal, terms: VenueTerms, prints: &[TradeTick]) -> SetRow {
    let mut shadow = Shadow::new(params).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(signal, terms, &mut out);
    for print in prints {
        shadow.on_trade(print, &mut out);
    }
    shadow.advance(Nanos(12_000 * MS), &mut out);
    sets(&out)[0].clone()
}

#[test]
fn the_closed_end_is_complete_before_its_window_is_settled() {
    let mut shadow = Shadow::new(params()).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(signal(1, 10_000, &EXAMPLE), terms(2), &mut out);
    for (id, at, token, size) in
        [(1, 10_099, 0, "99"), (2, 10_100, 0, "30"), (3, 11_100, 1, "7"), (4, 11_100, 1, "5")]
    {
        shadow.on_trade(&trade(id, at, token, "0.4", size), &mut out);
    }
    shadow.advance(Nanos(11_100 * MS + 999_999), &mut out);
    assert!(out.is_empty());
    shadow.advance(Nanos(11_101 * MS), &mut out);
    let rows = frozen(&out);
    assert_eq!(cell(rows[0].ledger.total_pnl.0, 22), "-0.15408");
    assert_eq!(rows[0].reasons.notes(), "WINDOW_DATA_GAP");
    shadow.advance(Nanos(99_999 * MS), &mut out);
    assert_eq!((out.len(), shadow.counters().settled), (2, 1));
}

#[test]
fn a_print_after_the_window_settles_it_first() {
    let mut shadow = Shadow::new(params()).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(signal(1, 10_000, &EXAMPLE), terms(2), &mut out);
    shadow.on_trade(&trade(1, 100_000, 0, "0.4", "30"), &mut out);
    let notes = frozen(&out)[0].reasons.notes();
    assert_eq!(notes, "NO_TRADES,SIGNAL_TOO_OLD,WINDOW_EMPTY");
}

#[test]
fn rows_come_in_order_of_arrival_and_a_repeated_id_is_noted() {
    let mut shadow = Shadow::new(params()).expect("params");
    let mut out = Vec::new();
    for id in [1, 3, 2, 3] {
        shadow.on_signal(signal(id, 10_000, &EXAMPLE), terms(2), &mut out);
    }
    shadow.advance(Nanos(12_000 * MS), &mut out);
    let hits: Vec<_> =
        frozen(&out).iter().map(|row| (row.signal.id, row.reasons.has(Reason::DedupHit))).collect();
    assert_eq!(hits, [(1, false), (3, false), (2, true), (3, true)]);
}

#[test]
fn open_windows_at_the_end_are_dropped_and_counted() {
    let mut shadow =
        Shadow::new(ShadowParams { venue_wait_ms: 5_000, ..params() }).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(signal(1, 8_000, &EXAMPLE), terms(2), &mut out);
    shadow.on_signal(signal(2, 10_000, &EXAMPLE), terms(2), &mut out);
    shadow.finish(Nanos(11_100 * MS), &mut out);
    assert_eq!((frozen(&out).len(), sets(&out).len()), (1, 1));
    assert_eq!(sets(&out)[0].venue, Err(VenueGap::WaitCutShort));
    assert_eq!(shadow.counters().dropped_open, 1);
    assert_eq!(shadow.pending(), (0, 0));
}

#[test]
fn too_many_pending_signals_are_dropped_and_counted() {
    let mut shadow = Shadow::new(ShadowParams { max_pending: 1, ..params() }).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(signal(1, 10_000, &EXAMPLE), terms(2), &mut out);
    shadow.on_signal(signal(2, 10_000, &EXAMPLE), terms(2), &mut out);
    assert_eq!((shadow.counters().signals, shadow.counters().dropped_full), (1, 1));
}

#[test]
fn an_incomplete_feed_flags_the_window_and_blanks_the_venue_basis() {
    for (market, from, to, flagged) in [
        (None, 11_100, Some(11_200), true),
        (None, 11_101, Some(11_200), false),
        (None, 9_000, Some(10_100), true),
        (None, 9_000, Some(10_099), false),
        (Some(MarketIx(0)), 9_000, None, true),
        (Some(MarketIx(1)), 9_000, None, false),
    ] {
        let mut shadow = Shadow::new(params()).expect("params");
        let mut out = Vec::new();
        shadow.on_signal(signal(1, 10_000, &EXAMPLE), terms(2), &mut out);
        shadow.mark_incomplete(market, Nanos(from * MS), to.map(|to: i64| Nanos(to * MS)));
        shadow.advance(Nanos(12_000 * MS), &mut out);
        assert_eq!(frozen(&out)[0].is_unusable(), flagged, "{from} {to:?}");
        let gap = Err(VenueGap::TradesIncomplete);
        assert_eq!(sets(&out)[0].venue == gap, flagged, "{from} {to:?}");
    }
}

#[test]
fn a_closed_gap_lets_later_windows_through() {
    let mut shadow = Shadow::new(params()).expect("params");
    let mut out = Vec::new();
    shadow.mark_incomplete(None, Nanos(1_000 * MS), None);
    shadow.mark_complete(None, Nanos(10_000 * MS));
    shadow.on_signal(signal(1, 9_800, &EXAMPLE), terms(2), &mut out);
    shadow.on_signal(signal(2, 10_000, &EXAMPLE), terms(2), &mut out);
    shadow.advance(Nanos(12_000 * MS), &mut out);
    let flags: Vec<_> = frozen(&out).iter().map(|row| row.is_unusable()).collect();
    assert_eq!(flags, [true, false]);
}

#[test]
fn an_eviction_inside_the_window_makes_it_unusable() {
    let small = ShadowParams { max_trades: 1, ..params() };
    let prints = [trade(1, 10_200, 0, "0.4", "1"), trade(2, 10_300, 0, "0.4", "1")];
    let row = run(small, signal(1, 10_000, &EXAMPLE), terms(2), &prints);
    assert!(row.frozen.is_unusable());
}

#[test]
fn a_full_id_set_makes_every_later_window_unusable() {
    let small = ShadowParams { max_trade_ids: 1, ..params() };
    let prints = [trade(1, 10_200, 0, "0.4", "1"), trade(2, 10_300, 0, "0.4", "1")];
    let row = run(small, signal(1, 10_000, &EXAMPLE), terms(2), &prints);
    assert!(row.frozen.is_unusable());
}

#[test]
fn only_two_or_three_legs_enter_the_frozen_table() {
    let legs: Vec<_> = (0..4).map(|market| (market * 2, "0.2", "0.1")).collect();
    let row = run(params(), signal(1, 10_000, &legs), terms(4), &[]);
    assert!(!row.frozen.is_in_frozen_table());
    assert_eq!(row.frozen.reasons.notes(), "LEGS_MISMATCH,NO_TRADES,WINDOW_EMPTY");
    assert!(run(params(), signal(1, 10_000, &EXAMPLE), terms(2), &[]).frozen.is_in_frozen_table());
}

#[test]
fn every_code_of_a_bad_signal_is_raised_and_changes_no_number() {
    let mut bad = signal(1, 10_000, &[(0, "0", "0"), (1, "0.48", "0.47")]);
    bad.bucket.worst_leg = 9;
    let zero = ShadowParams {
        rules: SettleRules { share_thin: share("0"), ..params().rules },
        ..params()
    };
    let row = run(zero, bad, terms(2), &[trade(1, 10_200, 1, "0.4", "60000")]);
    assert_eq!(
        row.frozen.reasons.notes(),
        "BUCKET_THIN_NAN,FILL_SHARE_P25_ZERO,INVALID_PRICE,MISSING_BID,MISSING_BOOK,\
TRADE_SIZE_SUSPECT"
    );
    assert!(row.frozen.worst_leg().is_none());
    assert_eq!(row.frozen.ledger.total_pnl.0, 0);
}

#[test]
fn arithmetic_out_of_range_gives_a_row_of_zeros_with_one_code() {
    let mut huge = signal(1, 10_000, &EXAMPLE);
    huge.q_req = PicoShares(i128::MAX);
    let print = trade(1, 10_200, 0, "0.4", "99999999999999999999");
    let second = trade(2, 10_200, 1, "0.4", "99999999999999999999");
    let row = run(params(), huge, terms(2), &[print, second]);
    assert_eq!(row.frozen.reasons.notes(), "INTERNAL_ERROR");
    assert_eq!(row.frozen.ledger, ledger::Ledger::zero(2));
}

#[test]
fn the_venue_basis_counts_taker_buys_and_mirrored_sells_only() {
    let print =
        |id, token, price, side| TradeTick { side, ..trade(id, 10_500, token, price, "40") };
    let row = run(
        params(),
        signal(1, 10_000, &EXAMPLE),
        terms(2),
        &[
            // For leg 0 (limit 0.49): a buy of it, and a sell of token 1 at 0.51 or more.
            print(1, 0, "0.49", Some(TakerSide::Buy)),
            print(2, 1, "0.51", Some(TakerSide::Sell)),
            print(3, 1, "0.509999", Some(TakerSide::Sell)),
            // A taker sell of leg 0 is capacity for nobody who buys it.
            print(4, 0, "0.3", Some(TakerSide::Sell)),
        ],
    );
    let venue = row.venue.expect("venue");
    assert_eq!(venue.legs[0].volume, AttoShares::parse("80").expect("volume"));
    assert_eq!(venue.legs[1].volume, AttoShares(0));
    // Frozen counts every print at or under the limit, whoever took it.
    assert_eq!(row.frozen.volumes[0], AttoShares::parse("80").expect("volume"));
}

#[test]
fn the_venue_window_is_judged_on_venue_time_with_a_flagged_fallback() {
    let late = ShadowParams { venue_wait_ms: 800, ..params() };
    let at_venue = |id, ingest_ms, venue_ms: Option<i64>| TradeTick {
        venue_ts: venue_ms.map(|ms| Nanos(ms * MS)),
        ..trade(id, ingest_ms, 0, "0.4", "10")
    };
    let legs = signal(1, 10_000, &EXAMPLE);
    let in_time = run(late, legs.clone(), terms(2), &[at_venue(1, 11_500, Some(11_000))]);
    assert_eq!(in_time.frozen.volumes[0], AttoShares(0));
    let venue = in_time.venue.expect("venue");
    assert_eq!(venue.legs[0].volume, AttoShares::parse("10").expect("volume"));
    assert!(!venue.has_time_fallback);
    let early = run(late, legs.clone(), terms(2), &[at_venue(1, 10_200, Some(9_000))]);
    assert_eq!(early.venue.expect("venue").legs[0].volume, AttoShares(0));
    let untimed = run(late, legs, terms(2), &[at_venue(1, 10_200, None)]);
    assert!(untimed.venue.expect("venue").has_time_fallback);
}

#[test]
fn what_the_venue_does_not_tell_leaves_its_basis_blank() {
    let silent = TradeTick { side: None, ..trade(1, 10_500, 0, "0.4", "40") };
    let venue_of = |terms: VenueTerms, prints: &[TradeTick]| {
        run(params(), signal(1, 10_000, &EXAMPLE), terms, prints).venue
    };
    assert_eq!(venue_of(terms(2), &[silent]), Err(VenueGap::SideUnknown));
    let mut unknown = terms(2);
    unknown.legs[1].fees = Fees::Unknown;
    assert_eq!(venue_of(unknown, &[]), Err(VenueGap::FeesUnknown));
    let unproven = VenueTerms { settlement: Settlement::Unproven, ..terms(2) };
    assert_eq!(venue_of(unproven, &[]), Err(VenueGap::SettlementUnproven));
    assert_eq!(venue_of(terms(3), &[]), Err(VenueGap::OutOfRange));
}

#[test]
fn a_binary_set_merges_at_one_dollar_after_the_markets_own_fees() {
    let mut taker = terms(2);
    let fees = Fees::Taker { rate_ppm: 70_000, exponent: 1 };
    for leg in &mut taker.legs {
        leg.fees = fees;
    }
    let prints = [trade(1, 10_500, 0, "0.4", "30"), trade(2, 10_500, 1, "0.4", "12")];
    let venue = run(params(), signal(1, 10_000, &EXAMPLE), taker, &prints).venue.expect("venue");
    assert_eq!((venue.q_set, venue.payout), (Qty(6_000_000), Usdc(6_000_000)));
    assert_eq!(venue.cost, Usdc(4_900_000 + 2_880_000));
    let fee = |qty, text| fee_half_even(fees, Qty(qty), price(text)).expect("fee");
    assert_eq!(venue.legs[0].fee, fee(10_000_000, "0.49"));
    // Four shares are under the minimum of five: a residual, valued at zero.
    assert_eq!((venue.left_proceeds, venue.residual_cost), (Usdc::ZERO, Usdc(1_960_000)));
    assert_eq!(venue.pnl.0, 6_000_000 - 7_780_000 - venue.fees.0);
    assert_eq!(venue.capital_ms, Some(0));
}

#[test]
fn a_leftover_above_the_minimum_is_sold_five_percent_under_the_bid() {
    let mut taker = terms(2);
    let fees = Fees::Taker { rate_ppm: 40_000, exponent: 1 };
    taker.legs[0].fees = fees;
    let venue = run(
        params(),
        signal(1, 10_000, &EXAMPLE),
        taker,
        &[trade(1, 10_500, 0, "0.4", "30"), trade(2, 10_500, 1, "0.4", "9.99")],
    )
    .venue
    .expect("venue");
    // 4.995 shares are under the minimum order, so leg 1 gets nothing and leg 0 sells all ten.
    assert!(venue.has_fill_below_minimum);
    assert_eq!((venue.q_set, venue.legs[0].left), (Qty::ZERO, Qty(10_000_000)));
    let fee = fee_half_even(fees, Qty(10_000_000), price("0.456")).expect("fee");
    assert_eq!(venue.left_proceeds.0, 4_560_000 - fee.0);
}

#[test]
fn a_neg_risk_group_is_held_to_its_end() {
    let end_ms = 10_000 + 86_400_000 * 3 / 2;
    let hold = VenueTerms { settlement: Settlement::HoldToResolution, end_ms, ..terms(2) };
    let venue = |terms: VenueTerms| {
        run(params(), signal(1, 10_000, &EXAMPLE), terms, &[]).venue.expect("venue")
    };
    assert_eq!(venue(hold.clone()).capital_ms, Some(129_600_000));
    assert_eq!(venue(VenueTerms { end_ms: 0, ..hold.clone() }).capital_ms, None);
    assert_eq!(venue(VenueTerms { end_ms: 9_999, ..hold }).capital_ms, None);
}

#[test]
fn replaying_rows_as_they_are_raises_no_live_code() {
    let replay = ShadowParams { rows: TradeRows::AsTheyAre, ..params() };
    let prints = [trade(1, 10_200, 0, "0.4", "60000"), trade(1, 10_200, 0, "0.4", "60000")];
    let row = run(replay, signal(0, 10_000, &EXAMPLE), terms(2), &prints);
    assert_eq!(row.frozen.reasons, Reasons::NONE);
    assert_eq!(row.frozen.volumes[0], AttoShares::parse("120000").expect("volume"));
}

#[test]
fn settings_out_of_range_are_refused() {
    let with = |rules: SettleRules| Shadow::new(ShadowParams { rules, ..params() }).err();
    let rules = params().rules;
    assert_eq!(
        with(SettleRules { window_end_ms: 100, ..rules }),
        Some(ShadowError::Window { start: 100, end: 100 })
    );
    assert_eq!(
        with(SettleRules { window_end_ms: 5_001, ..rules }),
        Some(ShadowError::Retention { retention: 5_000, end: 5_001 })
    );
    let zero = ShadowParams { max_trades: 0, ..params() };
    assert_eq!(Shadow::new(zero).err(), Some(ShadowError::Limits));
}
