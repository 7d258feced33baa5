//! The local exchange as a gateway: the contract of gateways holds for it, its ledger is sound, and
//! where nothing but the top of the book decides it fills what the simulated venue fills.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/contract.rs"]
mod contract;
#[path = "support/venue.rs"]
mod venue;

use proptest::prelude::*;
use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::{Fees, MarketDef, SetDef, SetKind, Settlement, Universe};
use razor_core::order::gateway::{Gateway, Reply, TradeState, VenueEvent};
use razor_core::order::{Evidence, OrderIx, Rung};
use razor_core::units::{Nanos, Qty};
use razor_sim::gateway::{SimConfig, SimGateway};
use razor_sim::local::{LocalConfig, LocalGateway};

use contract::{Log, Script, hold_always, hold_without_faults, play, run, scripts};
use venue::{Books, MILLI, SECOND, attempt, config, markets, ms, px, send, shares, universe};

fn local(seed: u64) -> LocalGateway {
    let config = LocalConfig { seed, latency: ms(100), settle: ms(1_000) };
    let mut gateway = LocalGateway::new(config).expect("a new exchange refuses nothing");
    gateway.define(&universe());
    gateway
}

fn sim(seed: u64) -> SimGateway {
    let config = SimConfig { latency_back: Nanos(0), ..config(seed) };
    SimGateway::new(config, markets())
}

fn audited(script: &Script) -> Log {
    let mut gateway = local(7);
    let log = play(&mut gateway, script);
    gateway.exchange().audit().expect("the ledger is sound");
    log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_contract_of_gateways_holds_and_the_ledger_is_sound(script in scripts()) {
        let log = audited(&script);
        hold_always(&log);
        hold_without_faults(&log);
    }

    #[test]
    fn the_same_script_gives_the_same_bytes(script in scripts()) {
        prop_assert_eq!(audited(&script).bytes(), audited(&script).bytes());
    }
}

/// What an order came to: its reply, and each trade with price, fee and every state.
fn told(events: &[(Nanos, VenueEvent)], of: OrderIx) -> Vec<String> {
    let of_order = events.iter().filter_map(|(at, event)| match event {
        VenueEvent::Replied { order, reply } if *order == of => {
            Some(format!("{} {reply:?}", at.0 / MILLI))
        }
        VenueEvent::Traded { order, qty, price, fee, state, .. } if *order == of => {
            Some(format!("{} {qty:?} {price:?} {fee:?} {state:?}", at.0 / MILLI))
        }
        _ => None,
    });
    of_order.collect()
}

/// Pause in ms, market, limit in cents, shares, size at the top.
type Buy = (u16, u32, u32, u64, u64);

/// Whole shares at whole cents: what both venues may take.
fn plain_orders() -> impl Strategy<Value = Vec<Buy>> {
    let order = (0_u16..2_000, 0_u32..2, 40_u32..60, 5_u64..80, 5_u64..60);
    prop::collection::vec(order, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn buys_at_the_top_come_to_the_same_at_both_venues(orders in plain_orders()) {
        let (one, two) = (played(&mut local(7), &orders), played(&mut sim(7), &orders));
        for number in 0..orders.len() {
            let order = OrderIx(u64::try_from(number).expect("few"));
            prop_assert_eq!(told(&one, order), told(&two, order), "order {}", number);
        }
    }
}

/// Sends the buys, each on a new message of its book, and waits until all is settled.
fn played<G: Gateway>(gateway: &mut G, orders: &[Buy]) -> Vec<(Nanos, VenueEvent)> {
    let mut books = Books::flat("0.44", "0.46", "100");
    let (mut now, mut seen) = (Nanos(0), Vec::new());
    for (number, (pause, market, cents, qty, size)) in orders.iter().enumerate() {
        now = Nanos(now.0 + i64::from(*pause) * MILLI);
        let token = TokenIx(2 * market);
        books.set(token, "0.44", "0.46", &size.to_string(), now);
        seen.extend(run(gateway, now, &books));
        let number = u16::try_from(number).expect("few");
        let (limit, qty) = (format!("0.{cents}"), qty.to_string());
        send(gateway, now, attempt(number, Rung::Fire, token.0, &limit, &qty), &books);
    }
    seen.extend(run(gateway, Nanos(now.0 + 100 * SECOND), &books));
    seen
}

#[test]
fn what_was_taken_stays_taken_until_a_message_changes_the_book() {
    let mut gateway = local(7);
    let mut books = Books::flat("0.44", "0.46", "10");
    let first = send(&mut gateway, Nanos(0), attempt(0, Rung::Fire, 0, "0.46", "10"), &books);
    let again = send(&mut gateway, Nanos(0), attempt(1, Rung::Fire, 0, "0.46", "10"), &books);
    let events = run(&mut gateway, ms(50_000), &books);
    assert!(told(&events, first.order)[0].ends_with("Matched(Qty(10000000))"));
    assert!(told(&events, again.order)[0].ends_with("RefusedOrder"));
    books.set(TokenIx(0), "0.44", "0.46", "10", ms(50_000));
    let third = send(&mut gateway, ms(50_000), attempt(2, Rung::Fire, 0, "0.46", "10"), &books);
    let events = run(&mut gateway, ms(60_000), &books);
    assert!(told(&events, third.order)[0].ends_with("Matched(Qty(10000000))"));
}

#[test]
fn bought_shares_are_sold_again_and_the_other_token_is_the_mirror() {
    let mut gateway = local(7);
    let books = Books::flat("0.44", "0.46", "50");
    let buy = send(&mut gateway, Nanos(0), attempt(0, Rung::Fire, 1, "0.46", "20"), &books);
    let bought = run(&mut gateway, ms(5_000), &books);
    assert!(told(&bought, buy.order)[0].ends_with("Matched(Qty(20000000))"));
    let sale = attempt(1, Rung::FlatOne, 1, "0.44", "20");
    let sale = send(&mut gateway, ms(5_000), sale, &books);
    let sold = run(&mut gateway, ms(20_000), &books);
    let words = told(&sold, sale.order);
    assert!(words[0].ends_with("Matched(Qty(20000000))"), "{words:?}");
    assert!(words.last().expect("settled").ends_with("Confirmed"));
    gateway.exchange().audit().expect("sound");
    // Nothing is left to sell.
    let more = attempt(2, Rung::FlatTwo, 1, "0.44", "20");
    let more = send(&mut gateway, ms(20_000), more, &books);
    let refused = run(&mut gateway, ms(30_000), &books);
    assert_eq!(told(&refused, more.order).len(), 1);
    assert!(told(&refused, more.order)[0].ends_with("RefusedOrder"));
}

#[test]
fn a_whole_set_of_one_market_is_merged_and_one_of_two_is_not() {
    let mut all: Universe = universe();
    let legs = vec![TokenIx(0), TokenIx(1)];
    let set =
        SetDef { key: "pair".into(), kind: SetKind::Binary, legs, settlement: Settlement::Merge };
    all.add_set(set).expect("set");
    let mut gateway = local(7);
    gateway.define(&all);
    let books = Books::flat("0.44", "0.46", "50");
    for (number, token) in [(0, 0), (1, 1)] {
        send(&mut gateway, Nanos(0), attempt(number, Rung::Fire, token, "0.46", "20"), &books);
    }
    run(&mut gateway, ms(5_000), &books);
    gateway.merge(ms(5_000), SetIx(1), shares("20"));
    gateway.merge(ms(5_000), SetIx(0), shares("20"));
    let ends: Vec<bool> = run(&mut gateway, ms(20_000), &books)
        .into_iter()
        .filter_map(|(_, event)| match event {
            VenueEvent::Merged { is_done } => Some(is_done),
            _ => None,
        })
        .collect();
    assert_eq!(ends.iter().filter(|is_done| **is_done).count(), 1);
    assert_eq!(ends.len(), 2);
    gateway.exchange().audit().expect("sound");
}

#[test]
fn a_copy_of_an_order_is_unproven_and_buys_nothing() {
    let mut gateway = local(7);
    let books = Books::flat("0.44", "0.46", "50");
    let intent = send(&mut gateway, Nanos(0), attempt(0, Rung::Fire, 0, "0.46", "20"), &books);
    let bucket = razor_core::signal::bucket::Bucket::Liquid;
    gateway.send(ms(10), &intent, bucket, &books);
    gateway.query(ms(5_000), intent.order, intent.hash);
    let events = run(&mut gateway, ms(20_000), &books);
    let replies: Vec<Reply> = events
        .iter()
        .filter_map(|(_, event)| match event {
            VenueEvent::Replied { reply, .. } => Some(*reply),
            _ => None,
        })
        .collect();
    assert_eq!(replies, [Reply::Matched(shares("20")), Reply::Unknown]);
    let states: Vec<TradeState> = events
        .iter()
        .filter_map(|(_, event)| match event {
            VenueEvent::Traded { state, qty, price, .. } => {
                assert_eq!((*qty, *price), (shares("20"), px("0.46")));
                Some(*state)
            }
            _ => None,
        })
        .collect();
    assert_eq!(states, [TradeState::Provisional, TradeState::Confirmed]);
    assert!(events.iter().any(|(_, event)| matches!(
        event,
        VenueEvent::Found { evidence: Evidence::Finished { matched: Qty(20_000_000) }, .. }
    )));
}

#[test]
fn markets_are_listed_once_and_one_whose_fees_are_unknown_takes_no_order() {
    let mut gateway = local(7);
    assert_eq!(gateway.exchange().markets().len(), 2);
    let mut all = universe();
    let unknown = MarketDef { fees: Fees::Unknown, ..all.markets()[0].clone() };
    all.add_market(unknown).expect("market");
    gateway.define(&all);
    gateway.define(&all);
    assert_eq!(gateway.exchange().markets().len(), 3);
    let mut books = Books::flat("0.44", "0.46", "50");
    books.set(TokenIx(4), "0.44", "0.46", "50", Nanos(0));
    let blind = attempt(0, Rung::Fire, 4, "0.46", "20");
    let blind = send(&mut gateway, Nanos(0), blind, &books);
    let known = send(&mut gateway, Nanos(0), attempt(1, Rung::Fire, 2, "0.46", "20"), &books);
    let events = run(&mut gateway, ms(20_000), &books);
    assert!(told(&events, blind.order)[0].ends_with("RefusedMarket"));
    assert!(told(&events, known.order)[0].ends_with("Matched(Qty(20000000))"));
}

#[test]
fn a_restart_is_told_that_nobody_remembers_and_that_the_list_is_read() {
    let mut gateway = local(7);
    let books = Books::flat("0.44", "0.46", "50");
    gateway.reconcile(Nanos(0));
    gateway.query_merge(Nanos(0), SetIx(0), shares("20"));
    let events: Vec<VenueEvent> =
        run(&mut gateway, ms(5_000), &books).into_iter().map(|(_, event)| event).collect();
    assert_eq!(events, [VenueEvent::Reconciled, VenueEvent::MergeUnknown]);
    assert_eq!(gateway.next_due(), None);
}
