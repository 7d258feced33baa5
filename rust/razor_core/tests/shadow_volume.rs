//! What else could have been bought or sold in the window of an order: the volume of a calibration
//! sample against the slow way, and when there is none.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/signals.rs"]
mod signals;

use razor_core::ids::{MarketIx, TokenIx};
use razor_core::order::Side;
use razor_core::shadow::exact::{AttoPrice, AttoShares};
use razor_core::shadow::store::TradeTick;
use razor_core::shadow::{Shadow, ShadowParams};
use razor_core::units::Nanos;
use razor_sim::rng::Rng;
use signals::{MS, micros, price, shadow_params, shares, tick};

const BUY: Side = Side::Buy;
const SELL: Side = Side::Sell;

fn ledger() -> Shadow {
    Shadow::new(shadow_params()).expect("params")
}

/// A ledger that has taken these rows of the Data API: token, time, price, size.
fn with_rows(rows: &[(u32, i64, &str, &str)]) -> Shadow {
    let mut shadow = ledger();
    for (id, (token, at_ms, at_price, size)) in (1..).zip(rows) {
        shadow.on_trade(&tick(id, *token, *at_ms, at_price, size), &mut Vec::new());
    }
    shadow
}

fn volume(shadow: &Shadow, side: Side, limit: &str, window: (i64, i64)) -> Option<AttoShares> {
    shadow.volume_for(TokenIx(0), side, price(limit), window)
}

#[test]
fn a_buy_counts_what_traded_at_or_under_its_limit_and_a_sale_at_or_above() {
    let rows = [(0, 200, "0.40", "1"), (0, 201, "0.45", "2"), (0, 202, "0.50", "4")];
    let shadow = with_rows(&rows);
    for (side, limit, expected) in [
        (BUY, "0.39", "0"),
        (BUY, "0.4", "1"),
        (BUY, "0.45", "3"),
        (BUY, "0.5", "7"),
        (SELL, "0.51", "0"),
        (SELL, "0.5", "4"),
        (SELL, "0.45", "6"),
        (SELL, "0.4", "7"),
    ] {
        let found = volume(&shadow, side, limit, (0, 1_000));
        assert_eq!(found, Some(shares(expected)), "{side:?} {limit}");
    }
}

#[test]
fn both_ends_of_the_window_belong_to_it_and_other_tokens_do_not() {
    let rows = [(0, 99, "0.4", "1"), (0, 100, "0.4", "2"), (1, 150, "0.4", "8")];
    let mut shadow = with_rows(&rows);
    shadow.on_trade(&tick(9, 0, 300, "0.4", "16"), &mut Vec::new());
    shadow.on_trade(&tick(10, 0, 301, "0.4", "32"), &mut Vec::new());
    assert_eq!(volume(&shadow, BUY, "0.5", (100, 300)), Some(shares("18")));
}

#[test]
fn the_window_of_an_order_is_the_frozen_one_counted_from_its_send() {
    assert_eq!(ledger().window_of(5_000), (5_100, 6_100));
}

#[test]
fn without_any_print_nobody_knows_and_with_one_elsewhere_it_is_zero() {
    assert_eq!(volume(&ledger(), BUY, "0.5", (0, 1_000)), None);
    let shadow = with_rows(&[(2, 5_000, "0.4", "1")]);
    assert_eq!(volume(&shadow, BUY, "0.5", (0, 1_000)), Some(shares("0")));
}

#[test]
fn prints_of_the_channel_count_only_in_a_run_without_rows() {
    let mut shadow = ledger();
    shadow.on_stream_print(&tick(1, 0, 200, "0.4", "3"), &mut Vec::new());
    assert_eq!(volume(&shadow, BUY, "0.5", (0, 1_000)), Some(shares("3")));
    shadow.mark_stream_incomplete(Nanos(900 * MS), Nanos(950 * MS));
    assert_eq!(volume(&shadow, BUY, "0.5", (0, 1_000)), None);
    assert_eq!(volume(&shadow, BUY, "0.5", (0, 899)), Some(shares("3")));
    shadow.on_trade(&tick(2, 0, 300, "0.4", "5"), &mut Vec::new());
    assert_eq!(volume(&shadow, BUY, "0.5", (0, 1_000)), Some(shares("5")));
}

#[test]
fn a_window_in_which_prints_may_be_missing_has_no_volume() {
    let mut shadow = with_rows(&[(0, 200, "0.4", "1")]);
    shadow.mark_incomplete(Some(MarketIx(7)), Nanos(100 * MS), Some(Nanos(400 * MS)));
    assert_eq!(volume(&shadow, BUY, "0.5", (100, 300)), Some(shares("1")), "another market");
    shadow.mark_incomplete(Some(MarketIx(0)), Nanos(301 * MS), None);
    assert_eq!(volume(&shadow, BUY, "0.5", (100, 300)), Some(shares("1")), "after the window");
    assert_eq!(volume(&shadow, BUY, "0.5", (100, 301)), None, "touched");
    shadow.mark_complete(Some(MarketIx(0)), Nanos(500 * MS));
    assert_eq!(volume(&shadow, BUY, "0.5", (501, 600)), Some(shares("0")));
}

#[test]
fn a_window_that_an_eviction_reaches_into_has_no_volume() {
    let params = ShadowParams { max_trades: 2, ..shadow_params() };
    let mut shadow = Shadow::new(params).expect("params");
    for (id, at_ms) in [(1, 200), (2, 250), (3, 300)] {
        shadow.on_trade(&tick(id, 0, at_ms, "0.4", "1"), &mut Vec::new());
    }
    assert_eq!(volume(&shadow, BUY, "0.5", (200, 300)), None);
    assert_eq!(volume(&shadow, BUY, "0.5", (201, 300)), Some(shares("2")));
}

#[test]
fn random_windows_have_the_volume_of_the_slow_way() {
    for seed in 0..40 {
        let mut rng = Rng::new(seed);
        let mut below = |most: u32| i64::from(rng.below(most));
        let mut prints: Vec<TradeTick> = Vec::new();
        let mut shadow = ledger();
        for id in 0..120_u32 {
            let at_ms = 1_000 + i64::from(id) * 20 + below(20);
            let token = u32::try_from(below(3)).expect("token");
            let cents = format!("0.{:02}", 30 + below(20));
            let print = tick(u128::from(id), token, at_ms, &cents, &format!("{}.5", below(50)));
            shadow.on_trade(&print, &mut Vec::new());
            prints.push(print);
        }
        for _ in 0..60 {
            let from = 900 + below(2_000);
            let window = (from, from + below(1_500));
            let limit = micros(u32::try_from(300_000 + 10_000 * below(20)).expect("price"));
            let side = if below(2) == 0 { BUY } else { SELL };
            let token = TokenIx(u32::try_from(below(3)).expect("token"));
            let atto = AttoPrice::from(limit);
            let is_taken = |print: &&TradeTick| {
                let at = print.ingest.millis_floor();
                let is_priced = if side == BUY { print.price <= atto } else { print.price >= atto };
                print.token == token && (window.0..=window.1).contains(&at) && is_priced
            };
            let expected = prints.iter().filter(is_taken).map(|print| print.size.0).sum();
            let found = shadow.volume_for(token, side, limit, window);
            assert_eq!(found, Some(AttoShares(expected)), "seed {seed} {side:?} {window:?}");
        }
    }
}

#[test]
fn a_repeated_row_counts_once() {
    let mut shadow = with_rows(&[(0, 200, "0.4", "1")]);
    shadow.on_trade(&tick(1, 0, 210, "0.4", "1"), &mut Vec::new());
    assert_eq!(volume(&shadow, BUY, "0.5", (0, 1_000)), Some(shares("1")));
}

#[test]
fn asking_changes_nothing() {
    let shadow = with_rows(&[(0, 200, "0.4", "1"), (0, 300, "0.6", "2")]);
    let before = (shadow.counters(), shadow.trades_retained());
    for window in [(0, 100), (200, 300), (900, 100)] {
        let first = volume(&shadow, SELL, "0.5", window);
        assert_eq!(volume(&shadow, SELL, "0.5", window), first);
    }
    assert_eq!((shadow.counters(), shadow.trades_retained()), before);
    assert_eq!(volume(&shadow, BUY, "0.9", (300, 200)), Some(shares("0")), "an empty window");
}
