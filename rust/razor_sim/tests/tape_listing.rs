//! What a tape lists: markets in the order of the definitions, events and groups as the capture has
//! them, and a listing that names everything once.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/exchange.rs"]
mod exchange;
#[path = "support/tape.rs"]
mod tape;

use exchange::ONE;
use razor_core::ids::MarketIx;
use razor_core::market::Fees;
use razor_core::units::Nanos;
use razor_sim::exchange::{Action, Payout, Spender};
use razor_sim::tape::{TapeFault, TapeMarket};
use tape::{Deck, PLAN, book, plain, resolved};

fn grouped(number: u32, event: &str, group: &str) -> TapeMarket {
    TapeMarket { neg_risk: true, event_id: event.into(), group_id: group.into(), ..plain(number) }
}

fn in_event(number: u32, event: &str) -> TapeMarket {
    TapeMarket { event_id: event.into(), ..plain(number) }
}

/// Values of a member in the order of the listing.
fn members(listing: &str, part: &str, name: &str) -> Vec<String> {
    let (events, markets) = listing.split_once("\"markets\":[").expect("two lists");
    let text = if part == "events" { events } else { markets };
    let key = format!("\"{name}\":\"");
    let values = text.split(&key).skip(1);
    values.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn markets_of_one_group_share_its_event_and_its_collateral() {
    let markets =
        [grouped(0, "77", "0xaa"), plain(1), grouped(2, "77", "0xaa"), grouped(3, "78", "0xbb")];
    let mut deck = Deck::open(&markets);
    let listed = deck.bench.exchange.markets();
    let groups: Vec<Option<u32>> = listed.iter().map(|it| it.spec.group.map(|it| it.0)).collect();
    assert_eq!(groups, [Some(0), None, Some(0), Some(1)]);
    assert_eq!(listed[0].spec.exchange(), Spender::NegRiskExchange);
    let listing = deck.tape.listing().to_owned();
    assert_eq!(members(&listing, "events", "neg_risk_id"), ["0xaa", "", "0xbb"]);
    assert_eq!(members(&listing, "markets", "event_id"), ["77", "8000002", "77", "78"]);
    // A set of the group converts: the outside's depth is of the same group as everybody's.
    let ann = deck.bench.trader(100);
    deck.bench.split(ann, 0, 10);
    deck.bench.split(ann, 2, 10);
    let group = listed_group(&deck);
    let convert = Action::Convert { group, outcomes: vec![0, 1], amount: 10 * ONE };
    deck.bench.act(ann, convert).expect("sent");
    deck.bench.pass(60);
    assert_eq!(deck.bench.cash(ann), 90 * ONE);
}

fn listed_group(deck: &Deck) -> razor_sim::exchange::GroupIx {
    deck.bench.exchange.markets()[0].spec.group.expect("grouped")
}

#[test]
fn a_neg_risk_market_without_a_group_has_the_group_of_its_event_or_its_own() {
    let markets =
        [grouped(0, "5", ""), grouped(1, "5", ""), grouped(2, "", ""), grouped(3, "", "")];
    let deck = Deck::open(&markets);
    let listed = deck.bench.exchange.markets();
    let groups: Vec<Option<u32>> = listed.iter().map(|it| it.spec.group.map(|it| it.0)).collect();
    assert_eq!(groups, [Some(0), Some(0), Some(1), Some(2)]);
    let condition = plain(2).condition_id;
    assert_eq!(members(deck.tape.listing(), "events", "neg_risk_id")[1], *condition);
}

#[test]
fn plain_markets_share_an_event_if_they_say_so_and_no_id_is_given_twice() {
    // The third has a group of the same event id, which is another event then.
    let markets = [in_event(0, "9"), in_event(1, "9"), grouped(2, "9", "0xcc"), plain(3)];
    let deck = Deck::open(&markets);
    let listing = deck.tape.listing();
    let events = members(listing, "events", "event_id");
    assert_eq!(events, ["9", "8000002", "8000003"]);
    let named = members(listing, "markets", "event_id");
    assert_eq!(named, ["9", "9", "8000002", "8000003"]);
    assert_eq!(members(listing, "markets", "market_id").len(), 4);
}

#[test]
fn slugs_are_of_the_label_and_differ() {
    let label = |text: &str, number| TapeMarket { label: text.into(), ..plain(number) };
    let markets =
        [label("BTC Up or Down?", 0), label("btc up, or down", 1), label("???", 2), label("", 3)];
    let deck = Deck::open(&markets);
    let slugs = members(deck.tape.listing(), "markets", "slug");
    assert_eq!(slugs[..3], ["btc-up-or-down", "btc-up-or-down-2", "market"]);
    assert!(slugs[3].starts_with("market-3-of-the-tape"), "{slugs:?}");
}

#[test]
fn what_a_market_is_comes_from_its_definition() {
    let fees = Fees::Taker { rate_ppm: 70_000, exponent: 1 };
    let delayed = TapeMarket {
        fees,
        taker_delay: Nanos(3_000_000_000),
        end_ms: 1_777_515_300_000,
        ..plain(0)
    };
    let deck = Deck::open(&[delayed]);
    let spec = &deck.bench.exchange.markets()[0].spec;
    assert_eq!((spec.fees, spec.taker_delay), (fees, Nanos(3_000_000_000)));
    assert!(!spec.has_dynamic_tick);
    let listing = deck.tape.listing();
    for member in [
        "\"fee_rate_ppm\":70000",
        "\"fee_exponent\":1",
        "\"taker_delay_ns\":3000000000",
        "\"tick\":\"0.01\"",
        "\"min_order_qty\":5000000",
        "\"end_date\":\"2026-04-30T02:15:00Z\"",
    ] {
        assert!(listing.contains(member), "{member} in {listing}");
    }
    assert!(!listing.contains("unknown"), "{listing}");
}

#[test]
fn definitions_that_a_run_would_not_take_are_left_out_and_others_keep_their_numbers() {
    let twin = TapeMarket { token_ids: plain(0).token_ids, ..plain(1) };
    let markets = [plain(0), twin, plain(2)];
    let deck = Deck::try_open(PLAN, &markets).expect("opened");
    let listed = deck.bench.exchange.markets();
    let conditions: Vec<&str> = listed.iter().map(|it| &*it.spec.condition_id).collect();
    assert_eq!(conditions, [&*plain(0).condition_id, &*plain(2).condition_id]);
}

#[test]
fn fees_that_no_exchange_can_charge_stop_the_opening() {
    let odd = TapeMarket { fees: Fees::Taker { rate_ppm: 1, exponent: 9 }, ..plain(0) };
    let fault = Deck::try_open(PLAN, &[odd]).err().expect("refused");
    assert!(matches!(fault, TapeFault::Market { .. }), "{fault:?}");
    assert!(fault.to_string().contains(&*plain(0).condition_id), "{fault}");
}

#[test]
fn a_group_pays_its_recorded_winner_once() {
    let markets = [grouped(0, "1", "0xaa"), grouped(1, "1", "0xaa")];
    let mut deck = Deck::open(&markets);
    let ann = deck.bench.trader(1_000);
    for market in &markets {
        deck.play_good(&book(market, &[(4_000, 9 * ONE)], &[(5_000, 9 * ONE)]));
    }
    deck.bench.split(ann, 0, 10);
    deck.play_good(&resolved(&markets[0], 0));
    deck.play_good(&resolved(&markets[0], 0));
    // A second winner cannot be: the market closes and pays nothing.
    deck.play_good(&resolved(&markets[1], 0));
    let listed = deck.bench.exchange.markets();
    assert_eq!((listed[0].payout, listed[1].payout), (Some(Payout::Yes), None));
    assert!(listed[1].flags.is_closed);
    assert_eq!(deck.tape.counts().over, 2);
    deck.bench.act(ann, Action::Redeem(MarketIx(0))).expect("sent");
    deck.bench.pass(60);
    assert_eq!(deck.bench.cash(ann), 1_000 * ONE);
}
