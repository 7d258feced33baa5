//! What matches what, at which price, in which order, and what it costs.

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

#[path = "support/vectors.rs"]
mod vectors;

use exchange::{Bench, ONE, START_S, buy, config, limit, market, no, sell, spec, yes};
use razor_core::ids::MarketIx;
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::Fine;
use razor_sim::exchange::{
    AckStatus, Asset, CancelReason, CancelScope, Config, Event, MarketSpec, MatchKind, OpenFilter,
    Operation, OrderStatus, OrderType, Payout, PlaceOrder, Refusal, Sizing, TradeFilter,
};

const MARKET: MarketIx = MarketIx(0);

fn gtd(order: PlaceOrder, seconds: i64) -> PlaceOrder {
    PlaceOrder { order_type: OrderType::Gtd, expiration_s: START_S + seconds, ..order }
}

fn fak(order: PlaceOrder) -> PlaceOrder {
    PlaceOrder { order_type: OrderType::Fak, ..order }
}

#[test]
fn a_buyer_and_a_seller_of_one_token_match_at_the_makers_price() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.split(ann, 0, 100);
    let maker = bench.place(sell(ann, yes(0), 4_000, 50)).expect("rests");
    assert_eq!(maker.status, AckStatus::Live);
    let taker = bench.place(buy(bob, yes(0), 4_500, 30)).expect("matches");
    assert_eq!(
        (taker.status, taker.making, taker.taking),
        (AckStatus::Matched, 12 * ONE, 30 * ONE)
    );
    let trade = bench.trade(0);
    assert_eq!((trade.price, trade.qty, trade.fee), (Fine(4_000), 30 * ONE, 0));
    let fill = *bench.exchange.fills(&trade).next().expect("one maker");
    assert_eq!((fill.kind, fill.token, fill.side), (MatchKind::Complementary, yes(0), Side::Sell));
    assert_eq!(bench.order(&maker).cum_qty, 30 * ONE);
    assert_eq!(bench.status(&taker), OrderStatus::Matched);
    bench.pass(1);
    assert_eq!((bench.cash(ann), bench.cash(bob)), (912 * ONE, 988 * ONE));
    assert_eq!((bench.shares(ann, yes(0)), bench.shares(bob, yes(0))), (70 * ONE, 30 * ONE));
}

#[test]
fn two_buyers_of_opposite_tokens_make_a_set_and_the_taker_has_the_improvement() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.place(buy(ann, no(0), 3_000, 40)).expect("rests");
    let taker = bench.place(buy(bob, yes(0), 7_500, 40)).expect("matches");
    assert_eq!(taker.making, 28 * ONE, "0.70, not the 0.75 offered");
    let trade = bench.trade(0);
    let fill = *bench.exchange.fills(&trade).next().expect("one maker");
    assert_eq!((fill.kind, fill.token, fill.side), (MatchKind::Mint, no(0), Side::Buy));
    assert_eq!((fill.price, fill.cash, trade.price), (Fine(3_000), 12 * ONE, Fine(7_000)));
    bench.pass(1);
    assert_eq!((bench.cash(ann), bench.cash(bob)), (988 * ONE, 972 * ONE));
    assert_eq!((bench.shares(ann, no(0)), bench.shares(bob, yes(0))), (40 * ONE, 40 * ONE));
}

#[test]
fn two_sellers_of_opposite_tokens_dissolve_a_set() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.split(ann, 0, 100);
    bench.split(bob, 0, 100);
    bench.place(sell(ann, no(0), 3_000, 40)).expect("rests");
    let taker = bench.place(sell(bob, yes(0), 6_000, 40)).expect("matches");
    assert_eq!(taker.taking, 28 * ONE, "0.70, not the 0.60 asked");
    let trade = bench.trade(0);
    assert_eq!(bench.exchange.fills(&trade).next().expect("one maker").kind, MatchKind::Merge);
    bench.pass(1);
    assert_eq!((bench.cash(ann), bench.cash(bob)), (912 * ONE, 928 * ONE));
    assert_eq!((bench.shares(ann, no(0)), bench.shares(bob, yes(0))), (60 * ONE, 60 * ONE));
}

#[test]
fn the_best_price_comes_first_and_then_the_oldest_whichever_token_it_names() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.split(ann, 0, 100);
    let orders = [
        sell(ann, yes(0), 5_000, 10),
        buy(ann, no(0), 5_000, 10),
        sell(ann, yes(0), 5_000, 10),
        buy(ann, no(0), 5_100, 10),
    ];
    let acks = orders.map(|order| bench.place(order).expect("rests"));
    let taker = bench.place(fak(buy(bob, yes(0), 5_000, 35))).expect("matches");
    assert_eq!(taker.trades, 2, "one per price");
    let fills = |number| -> Vec<_> {
        let trade = bench.trade(number);
        bench.exchange.fills(&trade).map(|fill| (fill.order, fill.qty / ONE)).collect()
    };
    assert_eq!(fills(0), [(acks[3].hash, 10)], "0.49 for the taker");
    assert_eq!(fills(1), [(acks[0].hash, 10), (acks[1].hash, 10), (acks[2].hash, 5)]);
    assert_eq!((bench.trade(0).bucket, bench.trade(1).bucket), (0, 1));
    assert_eq!(taker.making, 49 * ONE / 10 + 125 * ONE / 10);
    let left: Vec<_> = bench.exchange.open_orders(ann.owner, OpenFilter::default()).collect();
    assert_eq!(left.iter().map(|order| order.leaves_qty()).collect::<Vec<_>>(), [5 * ONE]);
}

#[test]
fn a_trade_holds_a_bounded_number_of_makers() {
    let mut bench = Bench::new(Config { trade_makers: 2, ..config() });
    bench.list(spec(0));
    let (ann, bob) = (bench.trader(1_000), bench.trader(1_000));
    for _ in 0..5 {
        bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    }
    let taker = bench.place(buy(bob, yes(0), 5_000, 50)).expect("matches");
    assert_eq!(taker.trades, 3);
    let sizes: Vec<_> = (0..3).map(|n| (bench.trade(n).bucket, bench.trade(n).fills)).collect();
    assert_eq!(sizes, [(0, 2), (1, 2), (2, 1)]);
    assert_eq!(bench.exchange.trades_of_order(&bench.order(&taker)).len(), 3);
    let filter = TradeFilter { owner: Some(ann.owner), ..TradeFilter::default() };
    assert_eq!(bench.exchange.trades(filter).count(), 3);
    let filter = TradeFilter { token: Some(no(0)), after: Some(Nanos(0)), ..filter };
    assert_eq!(bench.exchange.trades(filter).next_back().expect("last").1.bucket, 2);
    let filter = TradeFilter { before: Some(Nanos(0)), ..filter };
    assert_eq!(bench.exchange.trades(filter).count(), 0);
}

#[test]
fn what_a_limit_order_does_not_get_rests_and_holds_its_balance() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    let taker = bench.place(buy(bob, yes(0), 5_500, 30)).expect("matches and rests");
    assert_eq!((taker.status, bench.status(&taker)), (AckStatus::Matched, OrderStatus::Live));
    assert_eq!(bench.open(bob, Asset::Collateral), 11 * ONE);
    assert_eq!(bench.exchange.holding(bob.account, Asset::Collateral).matched, 5 * ONE);
    assert_eq!(bench.exchange.top(yes(0)), (Some(Fine(5_500)), None));
    assert_eq!(bench.exchange.top(no(0)), (None, Some(Fine(4_500))));
    assert_eq!(bench.exchange.depth(no(0)).asks, [(Fine(4_500), 20 * ONE)]);
}

#[test]
fn an_order_may_match_another_of_its_own_account() {
    let (mut bench, ann, _) = Bench::simple();
    bench.place(buy(ann, no(0), 4_000, 10)).expect("rests");
    let taker = bench.place(buy(ann, yes(0), 6_000, 10)).expect("matches itself");
    assert_eq!(taker.status, AckStatus::Matched);
    bench.pass(1);
    assert_eq!(bench.cash(ann), 990 * ONE);
    assert_eq!((bench.shares(ann, yes(0)), bench.shares(ann, no(0))), (10 * ONE, 10 * ONE));
}

#[test]
fn fok_takes_all_or_nothing_and_fak_what_there_is() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    let fok = |shares| market(bob, yes(0), Side::Buy, 5_000, shares * ONE / 2, OrderType::Fok);
    assert_eq!(bench.place(fok(11)), Err(Refusal::FokKilled));
    assert!(matches!(bench.events[..], [Event::At(_), Event::Killed { .. }]));
    let some = bench.place(PlaceOrder { order_type: OrderType::Fak, ..fok(14) }).expect("partly");
    assert_eq!((some.taking, bench.status(&some)), (10 * ONE, OrderStatus::Matched));
    assert_eq!(bench.open(bob, Asset::Collateral), 0, "the rest is gone");
    let none = PlaceOrder { order_type: OrderType::Fak, ..fok(14) };
    assert_eq!(bench.place(none), Err(Refusal::FakKilled));
    bench.place(buy(ann, no(0), 5_000, 11)).expect("rests");
    assert_eq!(bench.place(fok(11)).expect("all").taking, 11 * ONE);
}

#[test]
fn a_buy_by_amount_spends_its_dollars_and_one_by_shares_saves_them() {
    for (sizing, spent, got) in
        [(Sizing::Shares, 8 * ONE, 20 * ONE), (Sizing::Amount, 10 * ONE, 25 * ONE)]
    {
        let (mut bench, ann, bob) = Bench::simple();
        bench.place(buy(ann, no(0), 6_000, 50)).expect("rests");
        let order = market(bob, yes(0), Side::Buy, 5_000, 10 * ONE, OrderType::Fok);
        let ack = bench.place(PlaceOrder { sizing, ..order }).expect("fills");
        assert_eq!((ack.making, ack.taking), (spent, got), "{sizing:?}");
    }
}

#[test]
fn a_buy_by_amount_ends_in_micro_shares_and_loses_none() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.place(buy(ann, no(0), 7_100, 500)).expect("rests");
    let order = market(bob, yes(0), Side::Buy, 3_000, 10 * ONE, OrderType::Fok);
    let ack = bench.place(PlaceOrder { sizing: Sizing::Amount, ..order }).expect("fills");
    // 10 / 0.29 = 34.482758...; the maker pays 0.71 of them, rounded down.
    assert_eq!((ack.making, ack.taking), (10_000_000, 34_482_758));
    bench.pass(1);
    assert_eq!(bench.cash(ann) + bench.cash(bob) + 34_482_758, 2_000 * ONE);
}

#[test]
fn the_taker_pays_the_fee_on_either_side_and_the_maker_none() {
    let fees = Fees::Taker { rate_ppm: 70_000, exponent: 1 };
    let mut bench = Bench::new(config());
    bench.list(MarketSpec { fees, ..spec(0) });
    let (ann, bob) = (bench.trader(1_000), bench.trader(1_000));
    bench.place(buy(ann, no(0), 5_000, 200)).expect("rests");
    bench.place(buy(bob, yes(0), 5_000, 100)).expect("matches");
    assert_eq!(bench.trade(0).fee, 1_750_000);
    bench.pass(1);
    assert_eq!((bench.cash(ann), bench.cash(bob)), (950 * ONE, 948_250_000));
    bench.place(buy(ann, yes(0), 3_000, 100)).expect("rests");
    bench.place(sell(bob, yes(0), 3_000, 100)).expect("matches");
    bench.pass(1);
    assert_eq!(bench.cash(bob), 948_250_000 + 30 * ONE - 1_470_000);
    assert_eq!(bench.exchange.fees(), 3_220_000);
}

#[test]
fn fees_are_those_of_the_venues_vectors() {
    for &(rate_ppm, exponent, qty, price, fee) in vectors::FEES {
        let mut bench = Bench::new(config());
        let tick = TickSize::FINEST;
        let fees = Fees::Taker { rate_ppm, exponent };
        bench.list(MarketSpec { fees, tick, ..spec(0) });
        let (ann, bob) = (bench.trader(100_000), bench.trader(100_000));
        bench.place(buy(ann, no(0), 10_000 - price, qty / ONE)).expect("rests");
        bench.place(buy(bob, yes(0), price, qty / ONE)).expect("matches");
        assert_eq!(bench.trade(0).fee, fee, "{rate_ppm} {price}");
    }
}

#[test]
fn amounts_of_the_venues_client_are_taken_and_give_their_price() {
    for (rows, order_type) in [(vectors::LIMIT, OrderType::Gtc), (vectors::MARKET, OrderType::Fak)]
    {
        for &(tick, side, price, asked, maker_amount, taker_amount) in rows {
            let mut bench = Bench::new(config());
            let tick = TickSize::from_micros(tick).expect("tick");
            bench.list(MarketSpec { tick, min_order_qty: Qty(ONE / 100), ..spec(0) });
            let (ann, bob) = (bench.trader(100_000), bench.trader(100_000));
            bench.split(ann, 0, 10_000);
            bench.split(bob, 0, 10_000);
            let other = if side == Side::Buy { Side::Sell } else { Side::Buy };
            bench.place(limit(ann, yes(0), other, price, 5_000)).expect("rests");
            let plain = limit(bob, yes(0), side, price, 1);
            let order = PlaceOrder { maker_amount, taker_amount, order_type, ..plain };
            let ack = bench.place(order).map_err(|refusal| refusal.to_string());
            let ack = if maker_amount < ONE && side == Side::Buy {
                assert!(ack.expect_err("below a dollar").contains("min size: $1"));
                continue;
            } else {
                ack.expect("taken")
            };
            let taken = bench.order(&ack);
            assert_eq!(taken.price, Fine(price), "{tick:?} {side:?} {asked}");
            assert_eq!(ack.making.max(ack.taking), maker_amount.max(taker_amount));
        }
    }
}

#[test]
fn a_gtd_order_ends_a_minute_before_its_expiration() {
    let (mut bench, ann, _) = Bench::simple();
    let ack = bench.place(gtd(buy(ann, yes(0), 4_000, 10), 180)).expect("rests");
    bench.pass(119);
    assert_eq!(bench.status(&ack), OrderStatus::Live);
    bench.pass(1);
    assert_eq!(bench.status(&ack), OrderStatus::Ended(CancelReason::Expired));
    assert_eq!(bench.open(ann, Asset::Collateral), 0);
    assert!(bench.events.contains(&Event::Level {
        market: MARKET,
        side: Side::Buy,
        price: Fine(4_000),
        qty: 0
    }));
}

#[test]
fn a_marketable_order_waits_out_the_taker_delay_and_meets_the_later_book() {
    let mut bench = Bench::new(config());
    bench.list(MarketSpec { taker_delay: Nanos(3 * exchange::SECOND), ..spec(0) });
    let (ann, bob) = (bench.trader(1_000), bench.trader(1_000));
    let maker = bench.place(buy(ann, no(0), 5_000, 10)).expect("rests at once");
    let taker = bench.place(buy(bob, yes(0), 6_000, 10)).expect("waits");
    assert_eq!(taker.status, AckStatus::Delayed);
    assert_eq!(bench.open(bob, Asset::Collateral), 6 * ONE);
    let canceled = bench.cancel(bob, CancelScope::All);
    assert_eq!((canceled.canceled.len(), canceled.not_canceled.len()), (0, 1));
    bench.cancel(ann, CancelScope::Orders(vec![maker.hash]));
    bench.place(buy(ann, no(0), 4_500, 4)).expect_err("too small");
    bench.place(buy(ann, no(0), 4_500, 6)).expect("rests");
    bench.pass(3);
    assert_eq!((bench.status(&taker), bench.order(&taker).cum_qty), (OrderStatus::Live, 6 * ONE));
    assert!(bench.events.contains(&Event::Released(taker.slot)));
    let gone = bench.place(fak(buy(ann, no(0), 4_000, 10))).expect("waits");
    bench.cancel(bob, CancelScope::All);
    bench.pass(3);
    assert_eq!(bench.status(&gone), OrderStatus::Ended(CancelReason::Unmatched));
}

#[test]
fn a_delayed_fok_order_that_the_later_book_cannot_fill_takes_nothing() {
    let mut bench = Bench::new(config());
    bench.list(MarketSpec { taker_delay: Nanos(3 * exchange::SECOND), ..spec(0) });
    let (ann, bob) = (bench.trader(1_000), bench.trader(1_000));
    bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    let gone = bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    let fok = PlaceOrder { order_type: OrderType::Fok, ..buy(bob, yes(0), 5_000, 20) };
    let fok = bench.place(fok).expect("waits");
    bench.cancel(ann, CancelScope::Orders(vec![gone.hash]));
    bench.pass(3);
    assert_eq!(bench.status(&fok), OrderStatus::Ended(CancelReason::Unmatched));
    assert_eq!((bench.order(&fok).cum_qty, bench.open(bob, Asset::Collateral)), (0, 0));
}

#[test]
fn a_delayed_order_that_cannot_be_paid_any_more_ends() {
    let mut bench = Bench::new(config());
    bench.list(MarketSpec { taker_delay: Nanos(3 * exchange::SECOND), ..spec(0) });
    let (ann, bob) = (bench.trader(1_000), bench.trader(10));
    bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    let taker = bench.place(buy(bob, yes(0), 5_000, 10)).expect("waits");
    bench.operate(Operation::Withdraw(bob.account, 6 * ONE));
    assert_eq!(bench.status(&taker), OrderStatus::Ended(CancelReason::NotEnoughBalance));
    bench.pass(3);
    assert_eq!(bench.exchange.depth(no(0)).bids, [(Fine(5_000), 10 * ONE)]);
}

#[test]
fn a_price_beyond_096_makes_the_grid_finer_and_old_prices_stay() {
    let (mut bench, ann, bob) = Bench::simple();
    let low = bench.place(buy(ann, yes(0), 9_500, 10)).expect("rests");
    bench.place(buy(ann, yes(0), 9_700, 10)).expect("rests");
    assert!(matches!(
        bench.place(buy(bob, no(0), 25, 1_000)),
        Err(Refusal::Tick { tick, .. }) if tick.to_string() == "0.01"
    ));
    bench.place(buy(bob, no(0), 300, 40)).expect("matches at 0.97");
    let fine = TickSize::from_micros(1_000).expect("tick");
    assert!(bench.events.contains(&Event::Tick { market: MARKET, old: TickSize::CENT, new: fine }));
    assert_eq!(bench.status(&low), OrderStatus::Live);
    bench.place(buy(bob, no(0), 21, 1_000)).expect_err("0.0021 is on no grid here");
    bench.place(buy(bob, no(0), 20, 1_000)).expect("0.002 is");
}

#[test]
fn a_coarser_grid_ends_the_orders_that_it_does_not_hold() {
    let mut bench = Bench::new(config());
    bench.list(MarketSpec { tick: TickSize::FINEST, ..spec(0) });
    let ann = bench.trader(1_000);
    let off = bench.place(buy(ann, yes(0), 4_567, 10)).expect("rests");
    let on = bench.place(buy(ann, yes(0), 4_500, 10)).expect("rests");
    let edge = bench.place(buy(ann, yes(0), 50, 1_000)).expect("rests");
    bench.operate(Operation::SetTick(MARKET, TickSize::CENT));
    assert_eq!(bench.status(&off), OrderStatus::Ended(CancelReason::OffGrid));
    assert_eq!(bench.status(&edge), OrderStatus::Ended(CancelReason::OffGrid));
    assert_eq!(bench.status(&on), OrderStatus::Live);
    assert_eq!(CancelReason::OffGrid.word(), "INVALID");
}

#[test]
fn the_book_is_emptied_at_game_start_and_at_resolution() {
    let mut bench = Bench::new(config());
    let game_start = Some(Nanos((START_S + 30) * exchange::SECOND));
    bench.list(MarketSpec { game_start, clears_book_on_start: true, ..spec(0) });
    let ann = bench.trader(1_000);
    let first = bench.place(buy(ann, yes(0), 4_500, 10)).expect("rests");
    bench.pass(30);
    assert_eq!(bench.status(&first), OrderStatus::Ended(CancelReason::GameStart));
    let second = bench.place(buy(ann, yes(0), 4_500, 10)).expect("the game is on");
    bench.operate(Operation::Resolve(MARKET, Payout::Yes));
    assert_eq!(bench.status(&second), OrderStatus::Ended(CancelReason::MarketResolved));
    assert_eq!(bench.place(buy(ann, yes(0), 4_500, 10)), Err(Refusal::NotReady));
}

#[test]
fn cancels_reach_what_they_name_and_nothing_else() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.list(spec(1));
    let mut place = |order| bench.place(order).expect("rests").hash;
    let [a, b, c, d] = [
        buy(ann, yes(0), 4_000, 10),
        buy(ann, no(0), 4_000, 10),
        buy(ann, yes(1), 4_000, 10),
        buy(bob, yes(0), 4_000, 10),
    ]
    .map(&mut place);
    let canceled = bench.cancel(ann, CancelScope::Orders(vec![a, a, d, exchange::hash(999)]));
    assert_eq!(canceled.canceled, [a]);
    let not: Vec<_> = canceled.not_canceled.iter().map(|(hash, why)| (*hash, why.text())).collect();
    let text = "already canceled or matched";
    assert_eq!(not, [(a, text), (d, text), (exchange::hash(999), text)]);
    assert_eq!(bench.cancel(ann, CancelScope::Market(MARKET, Some(yes(0)))).canceled, []);
    assert_eq!(bench.cancel(ann, CancelScope::Token(no(0))).canceled, [b]);
    assert_eq!(bench.cancel(ann, CancelScope::Market(MarketIx(1), None)).canceled, [c]);
    assert_eq!(bench.cancel(ann, CancelScope::All).canceled, []);
    assert_eq!(bench.cancel(bob, CancelScope::All).canceled, [d]);
    assert_eq!(bench.exchange.depth(yes(0)), razor_sim::exchange::Depth::default());
}

#[test]
fn levels_tops_and_prints_are_told_in_order() {
    let (mut bench, ann, bob) = Bench::simple();
    let maker = bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    let level = |qty| Event::Level { market: MARKET, side: Side::Sell, price: Fine(5_000), qty };
    let top = |ask| Event::Top { market: MARKET, bid: None, ask };
    let at = Event::At(Nanos(bench.now));
    let told = [at, Event::Placed(maker.slot), level(10 * ONE), top(Some(Fine(5_000)))];
    assert_eq!(bench.events, told);
    bench.place(buy(bob, yes(0), 5_000, 6)).expect("matches");
    assert!(bench.events.contains(&level(4 * ONE)));
    assert!(!bench.events.iter().any(|event| matches!(event, Event::Top { .. })));
    bench.place(buy(bob, yes(0), 5_000, 5)).expect("matches 4 and rests 1");
    let words: Vec<_> = bench.events.iter().map(|event| format!("{event:?}")).collect();
    let heads: Vec<_> =
        words.iter().map(|word| word.split([' ', '(']).next().expect("a name")).collect();
    let expected = ["At", "Placed", "Updated", "Level", "Traded", "Trade", "Level", "Top"];
    assert_eq!(heads, expected);
    assert!(bench.events.contains(&level(0)));
    assert_eq!(bench.exchange.last_price(MARKET), "0.5");
}
