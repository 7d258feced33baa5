//! The second life of a match: settlement, its accidents, and the actions of wallets.

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

use exchange::{Bench, ONE, Trader, buy, config, no, sell, spec, yes};
use razor_core::ids::MarketIx;
use razor_core::wire::Fine;
use razor_sim::exchange::{
    Action, ActionStatus, Asset, CancelReason, Command, Config, Event, Fate, MarketSpec, Operation,
    OrderStatus, Payout, PlaceOrder, Protocol, Refusal, SetupFault, Spender, TradeIx, TradeStatus,
    trade_id, transaction_hash,
};

const MARKET: MarketIx = MarketIx(0);
const FIRST: TradeIx = TradeIx(0);

/// Ann's NO order rests, bob's YES order took ten of it at 0.5: trade 0.
fn matched(config: Config) -> (Bench, Trader, Trader) {
    let mut bench = Bench::new(config);
    bench.list(spec(0));
    let (ann, bob) = (bench.trader(100), bench.trader(100));
    bench.place(buy(ann, no(0), 5_000, 20)).expect("rests");
    bench.place(buy(bob, yes(0), 5_000, 10)).expect("matches");
    (bench, ann, bob)
}

fn statuses(bench: &Bench) -> Vec<TradeStatus> {
    let told = bench.events.iter().filter_map(|event| match event {
        Event::Trade { status, .. } => Some(*status),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_trade_is_matched_then_mined_then_confirmed() {
    let (mut bench, _, bob) = matched(config());
    assert_eq!(statuses(&bench), [TradeStatus::Matched]);
    assert_eq!((bench.cash(bob), bench.shares(bob, yes(0))), (100 * ONE, 0), "nothing moved yet");
    assert_eq!(bench.trade(0).transaction, 0);
    bench.pass(1);
    assert_eq!(statuses(&bench), [TradeStatus::Mined]);
    assert_eq!((bench.cash(bob), bench.shares(bob, yes(0))), (95 * ONE, 10 * ONE));
    assert_eq!(bench.trade(0).transaction, 1);
    bench.pass(2);
    assert_eq!(statuses(&bench), [TradeStatus::Confirmed]);
    assert!(TradeStatus::Confirmed.is_final());
    assert_eq!(bench.exchange.due(), None);
}

#[test]
fn each_instant_of_a_long_pause_is_marked_with_its_time() {
    let (mut bench, ..) = matched(config());
    let start = bench.now;
    bench.pass(100);
    let marks: Vec<_> = bench
        .events
        .iter()
        .filter_map(|event| match event {
            Event::At(at) => Some((at.0 - start) / exchange::SECOND),
            _ => None,
        })
        .collect();
    assert_eq!(marks, [1, 3]);
}

#[test]
fn a_failed_trade_voids_its_fills_and_gives_back_what_it_held() {
    let (mut bench, ann, bob) = matched(config());
    bench.operate(Operation::SetFate(FIRST, Fate::Fail));
    bench.pass(1);
    assert_eq!(statuses(&bench), [TradeStatus::Failed]);
    assert_eq!((bench.cash(ann), bench.cash(bob)), (100 * ONE, 100 * ONE));
    let held = |bench: &Bench, who: Trader| bench.exchange.holding(who.account, Asset::Collateral);
    assert_eq!((held(&bench, bob).matched, held(&bench, ann).matched), (0, 0));
    assert_eq!(held(&bench, ann).open, 5 * ONE, "what still rests stays");
    let trade = bench.trade(0);
    let maker = bench.exchange.fills(&trade).next().expect("one").order;
    let maker = bench.exchange.find_order(&maker).expect("known");
    assert_eq!((maker.cum_qty, maker.voided_qty), (10 * ONE, 10 * ONE), "the API keeps the size");
    assert_eq!(maker.status, OrderStatus::Live);
    let taker = bench.exchange.find_order(&trade.taker_order).expect("known");
    assert_eq!((taker.cum_qty, taker.voided_qty), (10 * ONE, 10 * ONE));
    assert_eq!(bench.exchange.depth(no(0)).bids, [(Fine(5_000), 10 * ONE)]);
}

#[test]
fn a_trade_retries_as_often_as_told_and_then_settles() {
    let (mut bench, _, bob) = matched(config());
    bench.operate(Operation::SetFate(FIRST, Fate::Retry(2)));
    let mut seen = Vec::new();
    for _ in 0..12 {
        bench.pass(1);
        seen.extend(statuses(&bench));
    }
    let expected =
        [TradeStatus::Retrying, TradeStatus::Retrying, TradeStatus::Mined, TradeStatus::Confirmed];
    assert_eq!((seen, bench.cash(bob)), (expected.to_vec(), 95 * ONE));
    assert_eq!(bench.trade(0).attempts, 2);
}

#[test]
fn a_block_that_goes_takes_everything_back_until_the_next_one() {
    let (mut bench, ann, bob) = matched(config());
    bench.operate(Operation::SetFate(FIRST, Fate::Reorg));
    bench.pass(1);
    assert_eq!(bench.trade_status(0), TradeStatus::Mined);
    bench.pass(2);
    assert_eq!((bench.trade_status(0), bench.trade(0).transaction), (TradeStatus::Retrying, 0));
    assert_eq!((bench.cash(bob), bench.shares(ann, no(0))), (100 * ONE, 0));
    bench.pass(3);
    assert_eq!((bench.trade_status(0), bench.trade(0).transaction), (TradeStatus::Mined, 2));
    bench.pass(2);
    assert_eq!(bench.trade_status(0), TradeStatus::Confirmed);
}

#[test]
fn a_block_stays_when_what_it_brought_is_spent() {
    let (mut bench, ann, bob) = matched(config());
    bench.operate(Operation::SetFate(FIRST, Fate::Reorg));
    bench.pass(1);
    let (from, to, asset) = (bob.account, ann.account, Asset::Token(yes(0)));
    bench.operate(Operation::Transfer { from, to, asset, amount: ONE });
    bench.pass(2);
    assert_eq!(bench.trade_status(0), TradeStatus::Confirmed);
}

#[test]
fn a_trade_whose_maker_lost_its_balance_fails_in_the_end() {
    let (mut bench, ann, bob) = matched(config());
    let resting = bench.place(buy(ann, yes(0), 100, 100)).expect("rests");
    bench.operate(Operation::Withdraw(ann.account, 97 * ONE));
    assert_eq!(bench.status(&resting), OrderStatus::Ended(CancelReason::NotEnoughBalance));
    assert_eq!(bench.exchange.depth(no(0)).bids, [], "the venue saw the loss");
    let mut seen = Vec::new();
    for _ in 0..20 {
        bench.pass(1);
        seen.extend(statuses(&bench));
    }
    let retrying = TradeStatus::Retrying;
    assert_eq!(seen, [retrying, retrying, retrying, TradeStatus::Failed]);
    assert_eq!((bench.cash(ann), bench.cash(bob)), (3 * ONE, 100 * ONE));
}

#[test]
fn a_loss_ends_the_newest_orders_first_and_only_as_many_as_it_must() {
    let mut bench = Bench::new(config());
    bench.list(spec(0));
    let ann = bench.trader(100);
    let acks: Vec<_> = [20, 30, 40]
        .map(|shares| bench.place(buy(ann, yes(0), 5_000, shares)).expect("rests"))
        .to_vec();
    bench.operate(Operation::Withdraw(ann.account, 70 * ONE));
    let open = OrderStatus::Live;
    let lost = OrderStatus::Ended(CancelReason::NotEnoughBalance);
    let now: Vec<_> = acks.iter().map(|ack| bench.status(ack)).collect();
    assert_eq!(now, [open, open, lost]);
}

#[test]
fn a_revoked_allowance_fails_the_trade_and_not_the_order() {
    let (mut bench, ann, _) = matched(config());
    let spender = Spender::Exchange;
    let account = ann.account;
    bench.operate(Operation::Approve { account, spender, pusd: 0, has_tokens: false });
    bench.pass(30);
    assert_eq!(bench.trade_status(0), TradeStatus::Failed);
}

#[test]
fn a_neg_risk_sale_needs_the_adapter_too() {
    let mut bench = Bench::new(config());
    bench.group(2);
    let (ann, bob) = (bench.trader(100), bench.trader(100));
    bench.split(ann, 0, 50);
    let signed_for = Spender::NegRiskExchange;
    let (account, spender) = (ann.account, Spender::NegRiskAdapter);
    bench.operate(Operation::Approve { account, spender, pusd: 0, has_tokens: false });
    bench.place(PlaceOrder { signed_for, ..sell(ann, yes(0), 5_000, 10) }).expect("accepted");
    bench.place(PlaceOrder { signed_for, ..buy(bob, yes(0), 5_000, 10) }).expect("matches");
    bench.pass(30);
    assert_eq!(bench.trade_status(0), TradeStatus::Failed);
}

#[test]
fn drawn_accidents_follow_the_seed() {
    let run = |seed| {
        let plain = config();
        let settlement = razor_sim::exchange::Settlement {
            fail_ppm: 200_000,
            retry_ppm: 300_000,
            reorg_ppm: 200_000,
            ..plain.settlement
        };
        let mut bench = Bench::new(Config { seed, settlement, ..plain });
        bench.list(spec(0));
        let (ann, bob) = (bench.trader(1_000), bench.trader(1_000));
        let mut seen = Vec::new();
        for _ in 0..40 {
            bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
            bench.place(buy(bob, yes(0), 5_000, 10)).expect("matches");
            bench.pass(7);
            seen.extend(statuses(&bench));
        }
        seen
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    for status in [TradeStatus::Failed, TradeStatus::Retrying, TradeStatus::Confirmed] {
        assert!(run(1).contains(&status), "{}", status.word());
    }
}

#[test]
fn split_and_merge_go_there_and_back() {
    let (mut bench, ann, _) = Bench::simple();
    let action = bench.act(ann, Action::Split(MARKET, 40 * ONE)).expect("sent");
    assert_eq!(bench.exchange.action(action).expect("known").status, ActionStatus::New);
    assert_eq!(bench.shares(ann, yes(0)), 0);
    bench.pass(1);
    assert_eq!(bench.exchange.action(action).expect("known").status, ActionStatus::Mined);
    assert_eq!((bench.cash(ann), bench.shares(ann, no(0))), (960 * ONE, 40 * ONE));
    bench.pass(2);
    let record = bench.exchange.action(action).expect("known");
    assert_eq!((record.status.word(), record.transaction), ("STATE_CONFIRMED", 1));
    bench.act(ann, Action::Merge(MARKET, 15 * ONE)).expect("sent");
    bench.pass(60);
    assert_eq!((bench.cash(ann), bench.shares(ann, yes(0))), (975 * ONE, 25 * ONE));
}

#[test]
fn an_action_without_balance_or_approval_fails_and_moves_nothing() {
    let (mut bench, ann, _) = Bench::simple();
    let failed = |bench: &mut Bench, action| {
        let action = bench.act(ann, action).expect("sent");
        bench.pass(60);
        bench.exchange.action(action).expect("known").status
    };
    assert_eq!(failed(&mut bench, Action::Merge(MARKET, ONE)), ActionStatus::Failed);
    assert_eq!(failed(&mut bench, Action::Split(MARKET, 1_001 * ONE)), ActionStatus::Failed);
    let (account, spender) = (ann.account, Spender::Adapter);
    bench.operate(Operation::Approve { account, spender, pusd: 5, has_tokens: true });
    assert_eq!(failed(&mut bench, Action::Split(MARKET, ONE)), ActionStatus::Failed);
    assert_eq!(bench.cash(ann), 1_000 * ONE);
}

#[test]
fn merging_tokens_that_are_on_sale_ends_the_sale() {
    let (mut bench, ann, _) = Bench::simple();
    bench.split(ann, 0, 20);
    let sale = bench.place(sell(ann, yes(0), 5_000, 15)).expect("rests");
    bench.act(ann, Action::Merge(MARKET, 10 * ONE)).expect("sent");
    bench.pass(1);
    assert_eq!(bench.status(&sale), OrderStatus::Ended(CancelReason::NotEnoughBalance));
}

#[test]
fn conversion_pays_all_but_one_dollar_and_the_other_outcomes() {
    let mut bench = Bench::new(config());
    let group = bench.group(4);
    let ann = bench.trader(100);
    for market in [0, 1, 2] {
        bench.split(ann, market, 10);
    }
    assert_eq!(bench.cash(ann), 70 * ONE);
    bench
        .act(ann, Action::Convert { group, outcomes: vec![0, 1, 2], amount: 4 * ONE })
        .expect("sent");
    bench.pass(60);
    assert_eq!(bench.cash(ann), 78 * ONE);
    let shares = |bench: &Bench, token| bench.shares(ann, token) / ONE;
    assert_eq!([0, 1, 2, 3].map(|m| shares(&bench, no(m))), [6, 6, 6, 0]);
    assert_eq!([0, 1, 2, 3].map(|m| shares(&bench, yes(m))), [10, 10, 10, 4]);
    bench.operate(Operation::Resolve(MarketIx(3), Payout::Yes));
    for market in 0..3 {
        bench.operate(Operation::Resolve(MarketIx(market), Payout::No));
    }
    for market in 0..4 {
        bench.act(ann, Action::Redeem(MarketIx(market))).expect("sent");
        bench.pass(60);
    }
    assert_eq!(bench.cash(ann), 100 * ONE, "all that came in");
}

#[test]
fn a_group_has_one_winner_and_no_halves() {
    let mut bench = Bench::new(config());
    bench.group(2);
    let refused = |bench: &mut Bench, market, payout| {
        let said = bench.step(Command::Operate(Operation::Resolve(MarketIx(market), payout)));
        assert_eq!(said, Err(Refusal::Setup(SetupFault::Payout)));
    };
    refused(&mut bench, 0, Payout::Half);
    bench.operate(Operation::Resolve(MarketIx(0), Payout::Yes));
    refused(&mut bench, 0, Payout::No);
    refused(&mut bench, 1, Payout::Yes);
    bench.operate(Operation::Resolve(MarketIx(1), Payout::No));
}

#[test]
fn redemption_pays_the_winner_and_both_halves_of_a_void() {
    for (payout, cash) in [(Payout::Yes, 108), (Payout::No, 105), (Payout::Half, 106)] {
        let mut bench = Bench::new(config());
        bench.list(MarketSpec { protocol: Protocol::V2, ..spec(0) });
        let (ann, bob) = (bench.trader(110), bench.trader(0));
        bench.split(ann, 0, 10);
        let (from, to) = (ann.account, bob.account);
        for (token, shares) in [(yes(0), 2), (no(0), 5)] {
            let asset = Asset::Token(token);
            bench.operate(Operation::Transfer { from, to, asset, amount: shares * ONE });
        }
        bench.operate(Operation::Resolve(MARKET, payout));
        assert!(bench.events.contains(&Event::Resolved(MARKET)));
        bench.act(ann, Action::RedeemPart(yes(0), ONE)).expect("sent");
        bench.pass(60);
        bench.act(ann, Action::Redeem(MARKET)).expect("sent");
        bench.pass(60);
        assert_eq!(bench.cash(ann) / ONE, cash, "{payout:?}");
    }
}

#[test]
fn ids_and_hashes_follow_the_seed_and_have_their_forms() {
    let id = trade_id(7, TradeIx(3)).0;
    assert_eq!((id[6] >> 4, id[8] >> 6), (4, 2), "version 4, variant 1");
    assert_ne!(id, trade_id(7, TradeIx(4)).0);
    assert_ne!(id, trade_id(8, TradeIx(3)).0);
    assert_ne!(transaction_hash(7, 1), transaction_hash(7, 2));
    assert_eq!(transaction_hash(7, 1), transaction_hash(7, 1));
}
