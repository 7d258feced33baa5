//! Orders of ours on a tape: what we take stays taken until the tape says otherwise, what the tape
//! says takes ours at our price, and no share is filled that was not recorded.

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

use std::collections::BTreeMap;

use exchange::{ONE, Trader, buy, market, no, sell, yes};
use proptest::prelude::*;
use razor_core::engine::record::Kind;
use razor_core::ids::Outcome;
use razor_core::order::Side;
use razor_core::wire::Fine;
use razor_sim::exchange::{
    CancelScope, Depth, Event, OpenFilter, OrderStatus, OrderType, TradeStatus,
};
use razor_sim::tape::TapeMarket;
use tape::{Deck, Line, book, change, plain, print, tick};

const SHARES: u64 = ONE;

/// One market with a book of 100 and 50 shares a side: bids 45 and 44 cents, asks 50 and 52.
fn deck() -> (Deck, TapeMarket, Trader) {
    let one = plain(0);
    let mut deck = Deck::open(std::slice::from_ref(&one));
    deck.play_good(&snapshot(&one));
    let ann = deck.bench.trader(10_000);
    (deck, one, ann)
}

fn snapshot(one: &TapeMarket) -> Line {
    let side = |best, next| [(best, 100 * SHARES), (next, 50 * SHARES)];
    book(one, &side(4_500, 4_400), &side(5_000, 5_200))
}

fn ask_at(deck: &Deck, price: u16) -> u64 {
    total(&deck.shown(0).asks, price)
}

fn bid_at(deck: &Deck, price: u16) -> u64 {
    total(&deck.shown(0).bids, price)
}

fn total(levels: &[(Fine, u64)], price: u16) -> u64 {
    levels.iter().find(|(it, _)| it.0 == price).map_or(0, |(_, qty)| *qty)
}

#[test]
fn what_was_taken_stays_taken_until_the_tape_states_another_total() {
    let (mut deck, one, ann) = deck();
    deck.bench.place(buy(ann, yes(0), 5_000, 60)).expect("taken");
    assert_eq!(ask_at(&deck, 5_000), 40 * SHARES);
    // Said again, in full and alone: no news.
    deck.play_good(&snapshot(&one));
    deck.play_good(&change(&one, Side::Sell, 5_000, 100 * SHARES));
    // Another level's news is not this one's.
    deck.play_good(&change(&one, Side::Sell, 5_200, 51 * SHARES));
    assert_eq!(ask_at(&deck, 5_000), 40 * SHARES);
    deck.play_good(&change(&one, Side::Sell, 5_000, 90 * SHARES));
    assert_eq!(ask_at(&deck, 5_000), 90 * SHARES);
}

#[test]
fn a_level_that_was_taken_whole_stays_away_until_it_is_another_one() {
    let (mut deck, one, ann) = deck();
    deck.bench.place(buy(ann, yes(0), 5_000, 100)).expect("taken");
    deck.play_good(&snapshot(&one));
    assert_eq!(ask_at(&deck, 5_000), 0);
    // Gone and back with the same total: that is a new statement.
    deck.play_good(&change(&one, Side::Sell, 5_000, 0));
    assert_eq!(ask_at(&deck, 5_000), 0);
    deck.play_good(&snapshot(&one));
    assert_eq!(ask_at(&deck, 5_000), 100 * SHARES);
}

#[test]
fn both_tokens_are_one_book_also_for_what_was_taken() {
    let (mut deck, one, ann) = deck();
    // NO at 55 cents is the other side of the YES bids at 45.
    let spend = market(ann, no(0), Side::Buy, 5_500, 22 * ONE, OrderType::Fak);
    deck.bench.place(spend).expect("taken");
    assert_eq!(bid_at(&deck, 4_500), 60 * SHARES);
    deck.play_good(&snapshot(&one));
    assert_eq!(bid_at(&deck, 4_500), 60 * SHARES);
    deck.bench.pass(60);
    assert_eq!(deck.bench.shares(ann, no(0)), 40 * SHARES);
    deck.bench.place(sell(ann, no(0), 5_000, 40)).expect("sold to the ask of YES");
    assert_eq!(ask_at(&deck, 5_000), 60 * SHARES);
}

#[test]
fn trades_with_the_tape_settle_like_any_other() {
    let (mut deck, _one, ann) = deck();
    let ack = deck.bench.place(buy(ann, yes(0), 5_200, 150)).expect("taken");
    assert_eq!(ack.trades, 2);
    deck.bench.pass(60);
    assert_eq!(deck.bench.trade_status(0), TradeStatus::Confirmed);
    assert_eq!(deck.bench.shares(ann, yes(0)), 150 * SHARES);
    assert_eq!(deck.bench.cash(ann), 10_000 * ONE - 50 * ONE - 26 * ONE);
}

#[test]
fn a_recorded_order_that_reaches_ours_takes_it_at_our_price() {
    let (mut deck, one, ann) = deck();
    let ack = deck.bench.place(buy(ann, yes(0), 4_800, 80)).expect("rests");
    deck.play_good(&change(&one, Side::Sell, 4_700, 30 * SHARES));
    assert_eq!(deck.bench.order(&ack).cum_qty, 30 * SHARES);
    assert_eq!(deck.bench.trade(0).price, Fine(5_200), "the outside bought NO for the rest");
    assert_eq!((ask_at(&deck, 4_700), bid_at(&deck, 4_800)), (0, 50 * SHARES));
    // The same total again fills nothing, another one does, and its rest stands.
    deck.play_good(&change(&one, Side::Sell, 4_700, 30 * SHARES));
    assert_eq!(deck.bench.order(&ack).cum_qty, 30 * SHARES);
    deck.play_good(&change(&one, Side::Sell, 4_700, 70 * SHARES));
    assert_eq!(deck.bench.status(&ack), OrderStatus::Matched);
    assert_eq!((ask_at(&deck, 4_700), bid_at(&deck, 4_800)), (20 * SHARES, 0));
}

#[test]
fn a_print_through_our_price_fills_ours_first_and_shows_the_rest() {
    let (mut deck, one, ann) = deck();
    let first = deck.bench.place(buy(ann, yes(0), 4_700, 10)).expect("rests");
    let second = deck.bench.place(buy(ann, yes(0), 4_700, 10)).expect("rests");
    let best = deck.bench.place(buy(ann, yes(0), 4_800, 10)).expect("rests");
    let events = deck.play_good(&print(&one, Outcome::Yes, Side::Sell, 4_500, 25 * SHARES));
    assert_eq!(deck.bench.status(&best), OrderStatus::Matched);
    assert_eq!(deck.bench.status(&first), OrderStatus::Matched);
    assert_eq!(deck.bench.order(&second).cum_qty, 5 * SHARES);
    let told: Vec<u64> = events.iter().filter_map(printed).collect();
    assert_eq!(told, [10 * SHARES, 15 * SHARES], "no more was printed than was recorded");
    // Recorded depth moves by what the tape says of it alone.
    assert_eq!(bid_at(&deck, 4_500), 100 * SHARES);
    let events = deck.play_good(&print(&one, Outcome::Yes, Side::Sell, 4_500, 25 * SHARES));
    assert_eq!(deck.bench.status(&second), OrderStatus::Matched);
    assert_eq!(events.iter().filter_map(printed).collect::<Vec<_>>(), [5 * SHARES, 20 * SHARES]);
    let last = deck.bench.exchange.markets()[0].last;
    assert_eq!(last, Some((Fine(4_500), Side::Sell)));
}

fn printed(event: &Event) -> Option<u64> {
    match event {
        Event::Traded { qty, .. } | Event::Printed { qty, .. } => Some(*qty),
        _ => None,
    }
}

#[test]
fn at_the_very_price_of_a_print_ours_stands_behind_all_that_was_shown_there() {
    let (mut deck, one, ann) = deck();
    let ack = deck.bench.place(buy(ann, yes(0), 4_500, 40)).expect("rests");
    let sold = |shares: u64| print(&one, Outcome::Yes, Side::Sell, 4_500, shares * SHARES);
    // The level is told before its print, and after it.
    deck.play_good(&change(&one, Side::Buy, 4_500, 70 * SHARES));
    deck.play_good(&sold(30));
    deck.play_good(&sold(70));
    deck.play_good(&change(&one, Side::Buy, 4_500, 0));
    assert_eq!(deck.bench.order(&ack).cum_qty, 0);
    // Shares that nobody recorded stood for can only have been ours.
    deck.play_good(&change(&one, Side::Buy, 4_500, 10 * SHARES));
    deck.play_good(&sold(70));
    assert_eq!(deck.bench.order(&ack).cum_qty, 0, "70 stood there since the last print");
    deck.play_good(&sold(25));
    assert_eq!(deck.bench.order(&ack).cum_qty, 15 * SHARES);
}

#[test]
fn prints_elsewhere_and_of_the_other_way_fill_nothing() {
    let (mut deck, one, ann) = deck();
    let ack = deck.bench.place(buy(ann, yes(0), 4_400, 40)).expect("rests");
    // Better than ours, at the ask, and at the ask with the wrong word for the taker.
    for (side, price) in [(Side::Sell, 4_500), (Side::Buy, 5_000), (Side::Sell, 5_000)] {
        deck.play_good(&print(&one, Outcome::Yes, side, price, 500 * SHARES));
    }
    assert_eq!(deck.bench.order(&ack).cum_qty, 0);
    assert_eq!(deck.tape.counts().prints, 3);
    // At the bid whoever took it sold, whatever the message says.
    deck.play_good(&print(&one, Outcome::Yes, Side::Buy, 4_300, 5 * SHARES));
    assert_eq!(deck.bench.order(&ack).cum_qty, 5 * SHARES);
}

#[test]
fn prints_of_the_other_token_meet_the_mirrored_order() {
    let (mut deck, one, ann) = deck();
    // To buy NO at 52 is to sell YES at 48, better than the recorded 50.
    let ack = deck.bench.place(buy(ann, no(0), 5_200, 20)).expect("rests");
    assert_eq!(ask_at(&deck, 4_800), 20 * SHARES);
    // Somebody sold NO at 50: bought YES at 50.
    let events = deck.play_good(&print(&one, Outcome::No, Side::Sell, 5_000, 30 * SHARES));
    assert_eq!(deck.bench.status(&ack), OrderStatus::Matched);
    assert!(events.iter().any(|it| {
        matches!(it, Event::Printed { token, side: Side::Sell, .. } if *token == no(0))
    }));
    deck.bench.pass(60);
    assert_eq!(deck.bench.shares(ann, no(0)), 20 * SHARES);
}

#[test]
fn rows_of_trades_count_until_the_stream_prints_and_history_never() {
    let (mut deck, one, _ann) = deck();
    let row = |second: i64| {
        let text = format!(
            r#"{{"asset":"{}","conditionId":"{}","side":"SELL","size":5,"price":0.45,"timestamp":{second},"transactionHash":"0x1"}}"#,
            one.token_ids[0], one.condition_id
        );
        Line::new(Kind::Trade, text)
    };
    let shown = |deck: &Deck| (deck.tape.counts().prints, deck.tape.counts().prints_left_out);
    deck.play_good(&row(-1));
    assert_eq!(shown(&deck), (0, 1));
    deck.play_good(&row(1_800_000_000));
    assert_eq!(shown(&deck), (1, 1));
    deck.play_good(&print(&one, Outcome::Yes, Side::Sell, 4_500, SHARES));
    deck.play_good(&row(1_800_000_000));
    assert_eq!(shown(&deck), (2, 2));
}

#[test]
fn ours_off_the_new_grid_end_with_the_grid_change_and_others_stay() {
    let (mut deck, one, ann) = deck();
    deck.play_good(&tick(&one, "0.01", "0.001"));
    deck.play_good(&book(&one, &[(4_510, 9 * SHARES)], &[]));
    let rough = deck.bench.place(buy(ann, yes(0), 4_600, 10)).expect("rests");
    let fine = deck.bench.place(buy(ann, yes(0), 4_610, 10)).expect("rests");
    deck.play_good(&tick(&one, "0.001", "0.01"));
    assert_eq!(deck.bench.status(&rough), OrderStatus::Live);
    assert!(matches!(deck.bench.status(&fine), OrderStatus::Ended(_)));
    assert_eq!(deck.shown(0).bids, [(Fine(4_600), 10 * SHARES)]);
}

#[test]
fn orders_of_the_tape_that_were_never_met_are_forgotten() {
    let (mut deck, one, ann) = deck();
    for _ in 0..2_000 {
        for qty in [0, SHARES] {
            deck.play_now(&change(&one, Side::Buy, 100, qty));
        }
    }
    let ack = deck.bench.place(buy(ann, yes(0), 100, 10)).expect("rests");
    assert!(ack.slot.0 < 8, "slots are used again: {ack:?}");
    deck.bench.cancel(ann, CancelScope::All);
    deck.bench.exchange.audit().expect("sound");
}

/// What happens next: the tape says something, or we do.
#[derive(Debug, Clone)]
enum Do {
    Change(Side, u16, u64),
    Again,
    Book(Vec<(u16, u64)>, Vec<(u16, u64)>),
    Print(bool, Side, u16, u64),
    Order { is_yes: bool, side: Side, price: u16, shares: u64 },
    Cancel,
    Wait,
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn act() -> impl Strategy<Value = Do> {
    let price = || (40_u16..60).prop_map(|cents| cents * 100);
    let qty = || prop_oneof![Just(0), (1_u64..60).prop_map(|it| it * 500_000)];
    let levels = |from: u16| {
        prop::collection::btree_map(from..from + 12, 1_u64..40, 0..5).prop_map(|it| {
            it.into_iter().map(|(cents, qty)| (cents * 100, qty * SHARES)).collect::<Vec<_>>()
        })
    };
    prop_oneof![
        6 => (side(), price(), qty()).prop_map(|(side, price, qty)| Do::Change(side, price, qty)),
        2 => Just(Do::Again),
        2 => (levels(38), levels(50)).prop_map(|(bids, asks)| Do::Book(bids, asks)),
        3 => (any::<bool>(), side(), price(), 1_u64..50)
            .prop_map(|(is_yes, side, price, qty)| Do::Print(is_yes, side, price, qty * SHARES)),
        6 => (any::<bool>(), side(), price(), 5_u64..40)
            .prop_map(|(is_yes, side, price, shares)| Do::Order { is_yes, side, price, shares }),
        1 => Just(Do::Cancel),
        1 => Just(Do::Wait),
    ]
}

/// What the outside shows: the book without our open orders, by side and price.
fn outside(deck: &Deck, ann: Trader) -> BTreeMap<(bool, u16), u64> {
    let mut levels = flat(&deck.shown(0));
    for order in deck.bench.exchange.open_orders(ann.owner, OpenFilter::default()) {
        let is_bid = (order.side == Side::Buy) == (order.token == yes(0));
        let price = if order.token == yes(0) { order.price } else { order.price.complement() };
        let level = levels.get_mut(&(is_bid, price.0)).expect("ours is in the book");
        *level -= order.leaves_qty();
    }
    levels.retain(|_, qty| *qty > 0);
    levels
}

fn flat(depth: &Depth) -> BTreeMap<(bool, u16), u64> {
    let bids = depth.bids.iter().map(|(price, qty)| ((true, price.0), *qty));
    let asks = depth.asks.iter().map(|(price, qty)| ((false, price.0), *qty));
    bids.chain(asks).collect()
}

fn filled(deck: &Deck, ann: Trader) -> u64 {
    let trades = deck.bench.exchange.trades(razor_sim::exchange::TradeFilter::default());
    let with_us = trades.filter(|(_, trade)| {
        let makers: Vec<_> = deck.bench.exchange.fills(trade).collect();
        (trade.account == ann.account) != makers.iter().all(|it| it.account == ann.account)
    });
    with_us.map(|(_, trade)| trade.qty).sum()
}

proptest! {
    #[test]
    fn nothing_is_filled_that_was_not_recorded_and_nothing_taken_comes_back(
        acts in prop::collection::vec(act(), 1..80)
    ) {
        let (mut deck, one, ann) = deck();
        deck.bench.split(ann, 0, 500);
        let mut book_line = snapshot(&one);
        let mut stated = flat(&deck.recorded(0));
        for act in &acts {
            let before = outside(&deck, ann);
            let done = filled(&deck, ann);
            let (line, printed) = match act {
                Do::Change(side, price, qty) => (Some(change(&one, *side, *price, *qty)), 0),
                Do::Again => (Some(book_line.clone()), 0),
                Do::Book(bids, asks) => {
                    book_line = book(&one, bids, asks);
                    (Some(book_line.clone()), 0)
                }
                Do::Print(is_yes, side, price, qty) => {
                    let outcome = if *is_yes { Outcome::Yes } else { Outcome::No };
                    (Some(print(&one, outcome, *side, *price, *qty)), *qty)
                }
                Do::Order { is_yes, side, price, shares } => {
                    let token = if *is_yes { yes(0) } else { no(0) };
                    let order = exchange::limit(ann, token, *side, *price, *shares);
                    let _maybe = deck.bench.place(order);
                    (None, 0)
                }
                Do::Cancel => {
                    deck.bench.cancel(ann, CancelScope::All);
                    (None, 0)
                }
                Do::Wait => {
                    deck.bench.pass(5);
                    (None, 0)
                }
            };
            if let Some(line) = &line {
                deck.play_good(line);
            }
            let now = if deck.is_crossed(0) { stated.clone() } else { flat(&deck.recorded(0)) };
            let after = outside(&deck, ann);
            let got = filled(&deck, ann) - done;
            if printed > 0 {
                prop_assert!(got <= printed, "{got} of {printed}");
            }
            let mut news = 0;
            for (level, qty) in &now {
                if stated.get(level) != Some(qty) {
                    news += qty;
                }
            }
            for (level, qty) in &after {
                let most = if stated.get(level) == now.get(level) {
                    before.get(level).copied().unwrap_or(0)
                } else {
                    now.get(level).copied().unwrap_or(0)
                };
                prop_assert!(*qty <= most, "{level:?} shows {qty}, at most {most}: {act:?}");
            }
            if line.is_some() && printed == 0 {
                prop_assert!(got <= news, "{got} filled by {news} new shares: {act:?}");
            }
            stated = now;
        }
    }
}
