//! Every refusal, in the venue's words, and that it changes nothing.

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

use exchange::{Bench, ONE, START_S, Trader, buy, config, hash, market, no, sell, spec, yes};
use razor_core::ids::{MarketIx, TokenIx};
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::units::{Nanos, TickSize};
use razor_sim::exchange::{
    AccountIx, Action, Address, Asset, CancelScope, Command, Config, Flags, GroupIx, MAX_AMOUNT,
    MarketSpec, Mode, Operation, OrderType, OwnerIx, Payout, PlaceOrder, Protocol, Refusal, Reply,
    SetupFault, Sizing, Spender, Standing, TradeIx,
};

const ID: &str = "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a0000000000000007";

/// Places an order under one known id and says what came of it.
fn text(bench: &mut Bench, order: PlaceOrder) -> String {
    let known = PlaceOrder { hash: hash(7), ..order };
    let before = bench.exchange.depth(yes(0));
    let refusal = bench.place(known).expect_err("refused");
    assert_eq!(bench.exchange.find_order(&known.hash), None, "nothing is kept");
    assert_eq!(bench.exchange.depth(yes(0)), before);
    assert_eq!(refusal.status(), 400);
    refusal.to_string()
}

#[test]
fn payloads_that_make_no_sense_are_refused() {
    let (mut bench, ann, bob) = Bench::simple();
    let good = buy(ann, yes(0), 5_000, 10);
    let fak = OrderType::Fak;
    let cases = [
        PlaceOrder { token: TokenIx(99), ..good },
        PlaceOrder { maker_amount: 0, ..good },
        PlaceOrder { taker_amount: 0, ..good },
        PlaceOrder { taker_amount: MAX_AMOUNT + 1, ..good },
        PlaceOrder { is_post_only: true, order_type: fak, ..good },
    ];
    for case in cases {
        assert_eq!(text(&mut bench, case), "Invalid order payload");
    }
    let owner = "the order owner has to be the owner of the API KEY";
    for case in [
        PlaceOrder { owner: bob.owner, ..good },
        PlaceOrder { owner: OwnerIx(9), ..good },
        PlaceOrder { account: AccountIx(9), ..good },
    ] {
        assert_eq!(text(&mut bench, case), owner);
    }
    let other = PlaceOrder { signed_for: Spender::ExchangeV3, ..good };
    assert_eq!(text(&mut bench, other), "order_version_mismatch");
}

#[test]
fn each_kind_of_market_wants_its_own_contract() {
    let mut bench = Bench::new(config());
    bench.list(MarketSpec { protocol: Protocol::V2, ..spec(0) });
    bench.group(1);
    let ann = bench.trader(100);
    for (token, signed_for) in [(yes(0), Spender::ExchangeV3), (yes(1), Spender::NegRiskExchange)] {
        let order = buy(ann, token, 5_000, 10);
        assert_eq!(bench.place(order), Err(Refusal::VersionMismatch));
        bench.place(PlaceOrder { signed_for, ..order }).expect("rests");
    }
}

#[test]
fn prices_off_the_grid_and_beyond_its_ends_are_refused() {
    let (mut bench, ann, _) = Bench::simple();
    let good = buy(ann, yes(0), 5_000, 10);
    let tick = |price: &str| {
        format!("order {ID} is invalid. Price ({price}) breaks minimum tick size rule: 0.01")
    };
    for (maker_amount, price) in
        [(5_010_000, "0.501"), (9_950_000, "0.995"), (10_000_000, "1"), (40_000, "0.004")]
    {
        let order = PlaceOrder { maker_amount, ..good };
        assert_eq!(text(&mut bench, order), tick(price));
    }
    let sold = PlaceOrder { taker_amount: 5_010_000, ..sell(ann, yes(0), 5_000, 10) };
    assert_eq!(text(&mut bench, sold), tick("0.501"));
    for (maker_amount, kind) in [(9_900_000, 0.99), (100_000, 0.01)] {
        let order = PlaceOrder { maker_amount, ..good };
        bench.place(order).unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
    }
}

#[test]
fn amounts_finer_than_the_rules_are_refused() {
    let (mut bench, ann, _) = Bench::simple();
    let good = buy(ann, yes(0), 5_000, 10);
    let rule = |kind: &str, maker: u32, taker: u32| {
        format!(
            "invalid amounts, the {kind} orders maker amount supports a max accuracy of {maker} \
             decimals, taker amount a max of {taker} decimals"
        )
    };
    let fine = PlaceOrder { maker_amount: 5_002_500, taker_amount: 10_005_000, ..good };
    assert_eq!(text(&mut bench, fine), rule("buy", 4, 2));
    let fine = sell(ann, yes(0), 5_000, 10);
    let fine = PlaceOrder { maker_amount: 10_005_000, taker_amount: 5_002_500, ..fine };
    assert_eq!(text(&mut bench, fine), rule("sell", 2, 4));
    let fok = OrderType::Fok;
    let cents = PlaceOrder { maker_amount: 5_005_000, taker_amount: 10_010_000, ..good };
    bench.place(cents).expect("a limit order may cost half a cent");
    assert_eq!(text(&mut bench, PlaceOrder { order_type: fok, ..cents }), rule("market buy", 2, 4));
    let bad = PlaceOrder {
        taker_amount: 5_000_010,
        ..market(ann, yes(0), Side::Sell, 5_000, 10 * ONE, fok)
    };
    assert_eq!(text(&mut bench, bad), rule("market sell", 2, 4));
    let torn = market(ann, yes(0), Side::Buy, 2_900, 100 * ONE, fok);
    let torn = PlaceOrder { taker_amount: torn.taker_amount + 200, ..torn };
    assert!(text(&mut bench, torn).contains("breaks minimum tick size rule: 0.01"));
}

#[test]
fn sizes_below_the_minimum_are_refused_for_every_type_unless_told_otherwise() {
    let (mut bench, ann, bob) = Bench::simple();
    let small = buy(bob, yes(0), 5_000, 4);
    let said = format!("order {ID} is invalid. Size (4) lower than the minimum: 5");
    assert_eq!(text(&mut bench, small), said);
    let fak = PlaceOrder { order_type: OrderType::Fak, ..small };
    assert_eq!(text(&mut bench, fak), said);
    bench.place(buy(ann, no(0), 5_000, 5)).expect("five are enough");
    let mut bench = Bench::new(Config { min_size_for_resting_only: true, ..config() });
    bench.list(spec(0));
    let (ann, _) = (bench.trader(100), bench.trader(100));
    bench.place(buy(ann, no(0), 5_000, 5)).expect("rests");
    let fak = PlaceOrder { owner: ann.owner, account: ann.account, ..fak };
    let resting = PlaceOrder { order_type: OrderType::Gtc, ..fak };
    assert!(matches!(bench.place(resting), Err(Refusal::Size { .. })));
    bench.place(fak).expect("a taker may be smaller");
}

#[test]
fn a_marketable_buy_offers_a_dollar_at_least() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.split(ann, 0, 100);
    bench.place(sell(ann, yes(0), 1_000, 50)).expect("rests");
    let said = "invalid amount for a marketable BUY order ($0.9), min size: $1";
    assert_eq!(text(&mut bench, buy(bob, yes(0), 1_000, 9)), said);
    bench.place(buy(bob, yes(0), 900, 9)).expect("it rests, so it may be smaller");
    bench.place(buy(bob, yes(0), 1_000, 10)).expect("a dollar");
    bench.place(sell(ann, yes(0), 900, 5)).expect("a sale may bring less");
}

#[test]
fn an_id_is_taken_once_whatever_became_of_its_order() {
    let (mut bench, ann, bob) = Bench::simple();
    let said = Err(Refusal::Duplicated { order: hash(7) });
    let order = PlaceOrder { hash: hash(7), ..buy(ann, no(0), 5_000, 10) };
    bench.place(order).expect("rests");
    assert_eq!(bench.place(order), said);
    bench.place(buy(bob, yes(0), 5_000, 10)).expect("matches it");
    assert_eq!(bench.place(order), said);
    assert_eq!(
        bench.place(order).expect_err("again").to_string(),
        format!("order {ID} is invalid. Duplicated.")
    );
    let killed = PlaceOrder { hash: hash(8), order_type: OrderType::Fak, ..order };
    assert_eq!(bench.place(killed), Err(Refusal::FakKilled));
    assert_eq!(bench.place(killed), Err(Refusal::FakKilled), "a killed order is not kept");
}

#[test]
fn forgotten_orders_make_room_and_their_ids_are_free_again() {
    let mut bench = Bench::new(Config { ended_orders: 2, final_trades: 0, ..config() });
    bench.list(spec(0));
    let ann = bench.trader(100);
    let order = |number| PlaceOrder { hash: hash(number), ..buy(ann, yes(0), 5_000, 10) };
    for number in 1..=5 {
        let ack = bench.place(order(number)).expect("rests");
        bench.cancel(ann, CancelScope::All);
        assert!(bench.exchange.order(ack.slot).is_some(), "ended but known");
    }
    bench.pass(1);
    assert_eq!(bench.exchange.find_order(&hash(3)), None);
    assert!(bench.exchange.find_order(&hash(4)).is_some());
    bench.place(order(3)).expect("free again");
    bench.place(PlaceOrder { hash: hash(50), ..buy(ann, no(0), 5_000, 10) }).expect("matches");
    bench.pass(60);
    assert_eq!(bench.exchange.trade(TradeIx(0)), None, "a final trade is forgotten");
}

#[test]
fn expirations_belong_to_gtd_and_lie_three_minutes_ahead() {
    let (mut bench, ann, _) = Bench::simple();
    let good = buy(ann, yes(0), 5_000, 10);
    for (order_type, expiration_s) in [
        (OrderType::Gtd, START_S + 179),
        (OrderType::Gtd, 0),
        (OrderType::Gtd, i64::MAX),
        (OrderType::Gtc, START_S + 600),
        (OrderType::Fak, START_S + 600),
    ] {
        let order = PlaceOrder { order_type, expiration_s, ..good };
        assert_eq!(text(&mut bench, order), "invalid expiration");
    }
}

#[test]
fn a_post_only_order_never_takes() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    let order = PlaceOrder { is_post_only: true, ..buy(bob, yes(0), 5_000, 10) };
    assert_eq!(text(&mut bench, order), "invalid post-only order: order crosses book");
    let behind = PlaceOrder { is_post_only: true, ..buy(bob, yes(0), 4_900, 10) };
    bench.place(behind).expect("rests");
}

#[test]
fn kills_say_what_was_missing() {
    let (mut bench, ann, _) = Bench::simple();
    let fok = PlaceOrder { order_type: OrderType::Fok, ..buy(ann, yes(0), 5_000, 10) };
    assert_eq!(
        text(&mut bench, fok),
        "order couldn't be fully filled. FOK orders are fully filled or killed."
    );
    let fak = PlaceOrder { order_type: OrderType::Fak, ..fok };
    assert_eq!(
        text(&mut bench, fak),
        "no orders found to match with FAK order. FAK orders are partially filled or killed if \
         no match is found."
    );
}

#[test]
fn open_and_matched_orders_count_against_the_balance() {
    let (mut bench, ann, bob) = Bench::simple();
    let poor = bench.trader(10);
    bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    bench.place(buy(poor, yes(0), 5_000, 10)).expect("matches for 5");
    bench.place(buy(poor, yes(0), 4_000, 10)).expect("rests with 4");
    assert_eq!(
        text(&mut bench, buy(poor, yes(0), 3_000, 5)),
        "not enough balance / allowance: the balance is not enough -> balance: 10000000, sum of \
         active orders: 4000000, sum of matched orders: 5000000, order amount (inc. fees): 1500000"
    );
    assert_eq!(
        text(&mut bench, sell(bob, yes(0), 6_000, 5)),
        "not enough balance / allowance: the balance is not enough -> balance: 0, order amount \
         (inc. fees): 5000000"
    );
    bench.place(buy(poor, yes(0), 2_000, 5)).expect("one dollar is left");
}

#[test]
fn the_fee_of_a_taker_must_be_covered_too() {
    let fees = Fees::Taker { rate_ppm: 70_000, exponent: 1 };
    let mut bench = Bench::new(config());
    bench.list(MarketSpec { fees, ..spec(0) });
    let (ann, bob) = (bench.trader(1_000), bench.trader(5));
    bench.place(buy(ann, no(0), 5_000, 10)).expect("rests");
    let order = buy(bob, yes(0), 5_000, 10);
    assert!(matches!(
        bench.place(order),
        Err(Refusal::Balance { balance: 5_000_000, amount: 5_175_000, .. })
    ));
    bench.operate(Operation::Deposit(bob.account, 175_000));
    bench.place(order).expect("covered");
}

#[test]
fn the_contract_must_be_allowed_to_move_what_the_order_gives() {
    let (mut bench, ann, _) = Bench::simple();
    bench.split(ann, 0, 100);
    let approve = |pusd, has_tokens| Operation::Approve {
        account: ann.account,
        spender: Spender::Exchange,
        pusd,
        has_tokens,
    };
    bench.operate(approve(4 * ONE, false));
    assert_eq!(
        text(&mut bench, buy(ann, yes(0), 5_000, 10)),
        "not enough balance / allowance: the allowance is not enough -> allowance: 4000000, order \
         amount (inc. fees): 5000000"
    );
    assert!(text(&mut bench, sell(ann, yes(0), 5_000, 10)).contains("allowance: 0,"));
    bench.operate(approve(5 * ONE, true));
    bench.place(buy(ann, yes(0), 5_000, 10)).expect("allowed");
    bench.place(sell(ann, no(0), 5_100, 10)).expect("allowed");
}

#[test]
fn accounts_are_banned_or_may_only_close() {
    let (mut bench, ann, _) = Bench::simple();
    bench.split(ann, 0, 100);
    let address = bench.exchange.account(ann.account).expect("known").address;
    bench.operate(Operation::SetStanding(ann.account, Standing::ClosedOnly));
    assert_eq!(
        text(&mut bench, buy(ann, yes(0), 5_000, 10)),
        format!("'{address}' address in closed only mode")
    );
    bench.place(sell(ann, yes(0), 5_000, 10)).expect("may close");
    bench.operate(Operation::SetStanding(ann.account, Standing::Banned));
    assert_eq!(
        text(&mut bench, sell(ann, yes(0), 5_000, 10)),
        format!("'{address}' address banned")
    );
    assert_eq!(Address([0xAB; 20]).to_string(), format!("0x{}", "ab".repeat(20)));
}

#[test]
fn markets_that_do_not_trade_take_no_orders() {
    let (mut bench, ann, _) = Bench::simple();
    let order = buy(ann, yes(0), 5_000, 10);
    for flags in [
        Flags { is_active: false, ..Flags::OPEN },
        Flags { accepts_orders: false, ..Flags::OPEN },
        Flags { is_closed: true, ..Flags::OPEN },
    ] {
        bench.operate(Operation::SetFlags(MarketIx(0), flags));
        let said = "the market is not yet ready to process new orders";
        assert_eq!(text(&mut bench, order), said);
    }
    bench.operate(Operation::SetFlags(MarketIx(0), Flags::OPEN));
    bench.place(order).expect("rests");
}

#[test]
fn modes_refuse_what_they_must_and_let_the_rest_pass() {
    let (mut bench, ann, _) = Bench::simple();
    let order = buy(ann, yes(0), 5_000, 10);
    let maker = PlaceOrder { is_post_only: true, ..order };
    let cancel = Command::Cancel(ann.owner, CancelScope::All);
    for (mode, status, places, cancels) in [
        (Mode::PostOnly, 503, true, true),
        (Mode::CancelOnly, 503, false, true),
        (Mode::Disabled, 503, false, false),
        (Mode::Restarting, 425, false, false),
    ] {
        bench.operate(Operation::SetMode(mode));
        assert_eq!(bench.exchange.mode(), mode);
        assert_eq!(bench.place(order).expect_err("refused").status(), status);
        assert_eq!(bench.place(maker).is_ok(), places, "{mode:?}");
        assert_eq!(bench.step(cancel.clone()).is_ok(), cancels, "{mode:?}");
    }
    bench.operate(Operation::SetMode(Mode::Normal));
    bench.place(order).expect("rests");
}

#[test]
fn a_batch_has_at_most_fifteen_orders_and_each_stands_for_itself() {
    let (mut bench, ann, _) = Bench::simple();
    let batch = |bench: &mut Bench, count: u64| {
        let orders = (0..count).map(|ix| bench.named(buy(ann, yes(0), 5_000, 4 + ix % 2)));
        let orders: Vec<_> = orders.collect();
        bench.step(Command::PlaceBatch(orders))
    };
    let refusal = batch(&mut bench, 16).expect_err("too many");
    assert_eq!(refusal.to_string(), "Too many orders in payload: 16, max allowed: 15");
    assert_eq!(batch(&mut bench, 0), Err(Refusal::InvalidPayload));
    let Ok(Reply::Batch(answers)) = batch(&mut bench, 15) else { panic!("refused") };
    let taken: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(taken, (0..15).map(|ix| ix % 2 == 1).collect::<Vec<_>>());
}

#[test]
fn cancels_of_nobody_and_of_too_many_are_refused() {
    let (mut bench, ann, _) = Bench::simple();
    let ids = CancelScope::Orders((0..1_001).map(hash).collect());
    let refusal = bench.step(Command::Cancel(ann.owner, ids)).expect_err("too many");
    assert_eq!(refusal.to_string(), "Too many orders in payload, max allowed: 1000");
    let scope = CancelScope::Market(MarketIx(7), None);
    let refusal = bench.step(Command::Cancel(ann.owner, scope)).expect_err("no market");
    assert_eq!(refusal.to_string(), "Invalid market");
    assert!(bench.step(Command::Cancel(OwnerIx(7), CancelScope::All)).is_err());
}

#[test]
fn a_heartbeat_that_stops_cancels_everything_once() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.place(buy(ann, yes(0), 5_000, 10)).expect("rests");
    bench.place(buy(bob, yes(0), 5_000, 10)).expect("rests");
    let beat = |bench: &mut Bench, id| match bench.step(Command::Beat(ann.owner, id)) {
        Ok(Reply::Beat(next)) => Ok(next),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal),
    };
    let first = beat(&mut bench, 0).expect("armed");
    let refusal = beat(&mut bench, 0).expect_err("the chain runs");
    assert_eq!(refusal, Refusal::HeartbeatId { expected: first });
    assert_eq!(refusal.to_string(), "Invalid Heartbeat ID");
    bench.pass(9);
    let second = beat(&mut bench, first).expect("in time");
    bench.pass(9);
    assert_eq!(bench.exchange.depth(yes(0)).bids, [(razor_core::wire::Fine(5_000), 20 * ONE)]);
    bench.pass(6);
    assert_eq!(bench.exchange.depth(yes(0)).bids, [(razor_core::wire::Fine(5_000), 10 * ONE)]);
    assert!(matches!(beat(&mut bench, second), Err(Refusal::HeartbeatId { expected: 0 })));
    beat(&mut bench, 0).expect("a new chain");
}

#[test]
fn definitions_that_cannot_be_are_refused() {
    let mut bench = Bench::new(config());
    let fault = |bench: &mut Bench, spec: MarketSpec| {
        bench.step(Command::AddMarket(Box::new(spec))).expect_err("refused")
    };
    let with = |id: &str| MarketSpec { token_ids: [id.into(), "2".into()], ..spec(0) };
    let too_big = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    for id in ["", "0x12", "012", "1e5", too_big] {
        assert_eq!(fault(&mut bench, with(id)), Refusal::Setup(SetupFault::TokenId), "{id}");
    }
    for fees in [
        Fees::Unknown,
        Fees::Taker { rate_ppm: 1_000_001, exponent: 1 },
        Fees::Taker { rate_ppm: 1, exponent: 3 },
    ] {
        let spec = MarketSpec { fees, ..spec(0) };
        assert_eq!(fault(&mut bench, spec), Refusal::Setup(SetupFault::Fees));
    }
    let lost = MarketSpec { group: Some(GroupIx(3)), ..spec(0) };
    assert_eq!(fault(&mut bench, lost), Refusal::Setup(SetupFault::Unknown));
    bench.list(spec(0));
    assert_eq!(fault(&mut bench, spec(0)), Refusal::Setup(SetupFault::Names));
    let registry = bench.exchange.registry();
    assert_eq!(registry.token(spec(0).token_ids[1].as_bytes()), Some(no(0)));
}

#[test]
fn operations_on_nothing_and_beyond_balances_are_refused() {
    let (mut bench, ann, bob) = Bench::simple();
    let lost = AccountIx(9);
    let asset = Asset::Collateral;
    let cases = [
        (Operation::SetFlags(MarketIx(9), Flags::OPEN), SetupFault::Unknown),
        (Operation::SetTick(MarketIx(9), TickSize::CENT), SetupFault::Unknown),
        (Operation::Resolve(MarketIx(9), Payout::Yes), SetupFault::Unknown),
        (Operation::SetStanding(lost, Standing::Open), SetupFault::Unknown),
        (Operation::Deposit(lost, 1), SetupFault::Unknown),
        (Operation::Deposit(ann.account, 0), SetupFault::Amount),
        (Operation::Deposit(ann.account, u64::MAX), SetupFault::Amount),
        (Operation::Withdraw(ann.account, 1_001 * ONE), SetupFault::Balance),
        (
            Operation::Transfer { from: ann.account, to: lost, asset, amount: 1 },
            SetupFault::Unknown,
        ),
        (
            Operation::Transfer { from: ann.account, to: bob.account, asset, amount: 1_001 * ONE },
            SetupFault::Balance,
        ),
        (Operation::SetFate(TradeIx(0), razor_sim::exchange::Fate::Fail), SetupFault::Unknown),
    ];
    for (operation, fault) in cases {
        let said = bench.step(Command::Operate(operation));
        assert_eq!(said, Err(Refusal::Setup(fault)), "{operation:?}");
    }
}

#[test]
fn actions_that_fit_nothing_are_refused_and_a_wallet_sends_one_at_a_time() {
    let mut bench = Bench::new(config());
    let group = bench.group(3);
    let ann: Trader = bench.trader(100);
    let convert =
        |outcomes: &[u32], amount| Action::Convert { group, outcomes: outcomes.to_vec(), amount };
    for action in [
        Action::Split(MarketIx(0), 0),
        Action::Merge(MarketIx(0), MAX_AMOUNT + 1),
        convert(&[], ONE),
        convert(&[0, 0], ONE),
        convert(&[3], ONE),
        Action::Redeem(MarketIx(0)),
        Action::RedeemPart(yes(0), ONE),
    ] {
        let said = bench.act(ann, action.clone());
        assert_eq!(said, Err(Refusal::Setup(SetupFault::Action)), "{action:?}");
    }
    let unknown = bench.act(ann, Action::Split(MarketIx(9), ONE));
    assert_eq!(unknown, Err(Refusal::Setup(SetupFault::Unknown)));
    bench.act(ann, Action::Split(MarketIx(0), ONE)).expect("sent");
    let busy = bench.act(ann, Action::Split(MarketIx(0), ONE)).expect_err("in flight");
    assert_eq!(busy.to_string(), "wallet has in-flight action");
    bench.pass(60);
    bench.act(ann, Action::Split(MarketIx(0), ONE)).expect("sent");
}

#[test]
fn time_does_not_run_backwards() {
    let (mut bench, ann, _) = Bench::simple();
    bench.exchange.step(Nanos(0), Command::Wake, &mut Vec::new()).expect("late");
    assert_eq!(bench.exchange.now(), Nanos(bench.now));
    let order = bench.named(PlaceOrder { sizing: Sizing::Amount, ..buy(ann, yes(0), 5_000, 10) });
    bench.exchange.step(Nanos(5), Command::Place(order), &mut Vec::new()).expect("placed");
    assert_eq!(bench.exchange.find_order(&order.hash).expect("rests").created, Nanos(bench.now));
}
