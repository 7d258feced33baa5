//! Depth and prints from outside, at the exchange itself: what it takes, what it refuses, and that
//! its money is sound.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/exchange.rs"]
mod exchange;

use exchange::{Bench, ONE, Trader, buy, config, no, sell, spec, yes};
use razor_core::ids::MarketIx;
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::wire::Fine;
use razor_sim::exchange::{
    Asset, Command, Event, MAX_AMOUNT, MarketSpec, Mode, Operation, OrderStatus, OutsideLevel,
    OutsidePrint, OwnerIx, Payout, Refusal, SetupFault,
};

fn level(outside: Trader, side: Side, price: u16, qty: u64) -> OutsideLevel {
    let (owner, market) = (outside.owner, MarketIx(0));
    OutsideLevel { owner, market, side, price: Fine(price), qty }
}

fn show(bench: &mut Bench, level: OutsideLevel) -> Result<(), SetupFault> {
    match bench.step(Command::Operate(Operation::Show(level))) {
        Ok(_) => Ok(()),
        Err(Refusal::Setup(fault)) => Err(fault),
        Err(other) => panic!("{other:?}"),
    }
}

fn print(bench: &mut Bench, print: OutsidePrint) -> Result<(), SetupFault> {
    match bench.step(Command::Operate(Operation::Print(print))) {
        Ok(_) => Ok(()),
        Err(Refusal::Setup(fault)) => Err(fault),
        Err(other) => panic!("{other:?}"),
    }
}

/// An exchange with one market, somebody with money and the outside without any.
fn scene() -> (Bench, Trader, Trader) {
    let mut bench = Bench::new(config());
    bench.list(spec(0));
    let (ann, outside) = (bench.trader(1_000), bench.trader(0));
    (bench, ann, outside)
}

fn sold_at(outside: Trader, price: u16, qty: u64) -> OutsidePrint {
    OutsidePrint {
        owner: outside.owner,
        token: yes(0),
        side: Side::Sell,
        price: Fine(price),
        qty,
        way: Side::Sell,
        ahead: 0,
    }
}

#[test]
fn a_level_is_set_raised_lowered_and_taken_away_with_its_money() {
    let (mut bench, _ann, outside) = scene();
    for qty in [7 * ONE, 900 * ONE, 1, 333_333] {
        show(&mut bench, level(outside, Side::Buy, 4_000, qty)).expect("shown");
        assert_eq!(bench.exchange.depth(yes(0)).bids, [(Fine(4_000), qty)]);
        assert_eq!(bench.exchange.depth(no(0)).asks, [(Fine(6_000), qty)]);
        assert_eq!(bench.open(outside, Asset::Collateral), (qty * 4).div_ceil(10));
    }
    show(&mut bench, level(outside, Side::Buy, 4_000, 0)).expect("gone");
    show(&mut bench, level(outside, Side::Buy, 4_000, 0)).expect("still gone");
    assert_eq!(bench.exchange.depth(yes(0)).bids, []);
    assert_eq!(bench.open(outside, Asset::Collateral), 0);
}

#[test]
fn a_level_makes_no_event_but_its_own() {
    let (mut bench, _ann, outside) = scene();
    show(&mut bench, level(outside, Side::Sell, 6_000, ONE)).expect("shown");
    show(&mut bench, level(outside, Side::Sell, 6_000, 2 * ONE)).expect("raised");
    let told: Vec<&Event> = bench.events.iter().collect();
    assert!(matches!(told[..], [Event::At(_), Event::Level { side: Side::Sell, .. }]), "{told:?}");
    show(&mut bench, level(outside, Side::Sell, 6_000, 0)).expect("gone");
    let is_told = |event: &Event| {
        matches!(event, Event::At(_) | Event::Level { qty: 0, .. } | Event::Top { .. })
    };
    assert!(bench.events.iter().all(is_told), "{:?}", bench.events);
}

#[test]
fn what_no_market_can_have_is_refused_and_changes_nothing() {
    let (mut bench, ann, outside) = scene();
    let good = level(outside, Side::Buy, 4_000, ONE);
    let stranger = OwnerIx(99);
    for (bad, fault) in [
        (OutsideLevel { price: Fine(4_050), ..good }, SetupFault::Outside),
        (OutsideLevel { price: Fine(0), ..good }, SetupFault::Outside),
        (OutsideLevel { price: Fine(10_000), ..good }, SetupFault::Outside),
        (OutsideLevel { qty: MAX_AMOUNT + 1, ..good }, SetupFault::Amount),
        (OutsideLevel { market: MarketIx(7), ..good }, SetupFault::Unknown),
        (OutsideLevel { owner: stranger, ..good }, SetupFault::Unknown),
    ] {
        assert_eq!(show(&mut bench, bad), Err(fault), "{bad:?}");
    }
    let good = sold_at(outside, 4_000, ONE);
    for (bad, fault) in [
        (OutsidePrint { price: Fine(0), ..good }, SetupFault::Outside),
        (OutsidePrint { price: Fine(10_000), ..good }, SetupFault::Outside),
        (OutsidePrint { qty: 0, ..good }, SetupFault::Outside),
        (OutsidePrint { token: yes(7), ..good }, SetupFault::Unknown),
        (OutsidePrint { owner: stranger, ..good }, SetupFault::Unknown),
    ] {
        assert_eq!(print(&mut bench, bad), Err(fault), "{bad:?}");
    }
    assert_eq!(bench.exchange.depth(yes(0)).bids, []);
    assert_eq!(bench.cash(outside), 0);
    bench.place(buy(ann, yes(0), 4_000, 10)).expect("rests");
    bench.operate(Operation::Resolve(MarketIx(0), Payout::Yes));
    let late = level(outside, Side::Buy, 4_000, ONE);
    assert_eq!(show(&mut bench, late), Err(SetupFault::Outside));
}

#[test]
fn clients_are_stopped_by_a_mode_and_the_outside_is_not() {
    let (mut bench, ann, outside) = scene();
    bench.operate(Operation::SetMode(Mode::CancelOnly));
    assert_eq!(bench.place(buy(ann, yes(0), 4_000, 10)), Err(Refusal::CancelOnlyMode));
    show(&mut bench, level(outside, Side::Buy, 4_000, ONE)).expect("shown");
    assert_eq!(bench.exchange.top(yes(0)).0, Some(Fine(4_000)));
}

#[test]
fn a_level_keeps_its_place_before_ours_whatever_its_size() {
    let (mut bench, ann, outside) = scene();
    let bob = bench.trader(1_000);
    show(&mut bench, level(outside, Side::Buy, 4_000, 10 * ONE)).expect("shown");
    let ours = bench.place(buy(ann, yes(0), 4_000, 10)).expect("rests");
    show(&mut bench, level(outside, Side::Buy, 4_000, 30 * ONE)).expect("raised");
    bench.split(bob, 0, 100);
    bench.place(sell(bob, yes(0), 4_000, 30)).expect("sold");
    assert_eq!(bench.order(&ours).cum_qty, 0);
    bench.place(sell(bob, yes(0), 4_000, 5)).expect("sold");
    assert_eq!(bench.order(&ours).cum_qty, 5 * ONE);
    // Filled whole it is a new level when it comes again, behind ours.
    show(&mut bench, level(outside, Side::Buy, 4_000, 30 * ONE)).expect("back");
    bench.place(sell(bob, yes(0), 4_000, 5)).expect("sold");
    assert_eq!(bench.status(&ours), OrderStatus::Matched);
    bench.pass(60);
    assert_eq!(bench.shares(outside, yes(0)), 30 * ONE);
}

#[test]
fn a_print_below_the_best_level_fills_ours_behind_it_and_pays_the_fee() {
    let mut bench = Bench::new(config());
    let fees = Fees::Taker { rate_ppm: 40_000, exponent: 1 };
    bench.list(MarketSpec { fees, ..spec(0) });
    let (ann, outside) = (bench.trader(1_000), bench.trader(0));
    show(&mut bench, level(outside, Side::Buy, 4_500, 10 * ONE)).expect("shown");
    let ours = bench.place(buy(ann, yes(0), 4_200, 20)).expect("rests");
    let tail = bench.place(buy(ann, yes(0), 4_000, 20)).expect("rests");
    print(&mut bench, sold_at(outside, 4_100, 12 * ONE)).expect("printed");
    assert_eq!(bench.order(&ours).cum_qty, 12 * ONE);
    assert_eq!(bench.order(&tail).cum_qty, 0);
    assert!(!bench.events.iter().any(|event| matches!(event, Event::Printed { .. })));
    let bids = bench.exchange.depth(yes(0)).bids;
    let left = [(4_000, 20), (4_200, 8), (4_500, 10)];
    assert_eq!(bids, left.map(|(price, shares)| (Fine(price), shares * ONE)));
    bench.pass(60);
    assert!(bench.exchange.fees() > 0, "the taker was the outside");
    assert_eq!(bench.cash(ann), 1_000 * ONE - 12 * 42 * ONE / 100);
    assert_eq!((bench.shares(ann, yes(0)), bench.shares(outside, no(0))), (12 * ONE, 12 * ONE));
}

#[test]
fn what_stands_ahead_is_ahead_at_the_price_alone() {
    let (mut bench, ann, outside) = scene();
    let better = bench.place(buy(ann, yes(0), 4_100, 10)).expect("rests");
    let equal = bench.place(buy(ann, yes(0), 4_000, 10)).expect("rests");
    let told = OutsidePrint { ahead: 20 * ONE, ..sold_at(outside, 4_000, 33 * ONE) };
    print(&mut bench, told).expect("printed");
    assert_eq!(bench.status(&better), OrderStatus::Matched);
    assert_eq!(bench.order(&equal).cum_qty, 3 * ONE);
    let printed = bench.events.iter().find_map(|event| match event {
        Event::Printed { qty, .. } => Some(*qty),
        _ => None,
    });
    assert_eq!(printed, Some(20 * ONE));
    assert_eq!(bench.exchange.last_price(MarketIx(0)), "0.4");
}
