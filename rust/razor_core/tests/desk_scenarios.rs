//! The desk against a bench that answers as it is told.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "desk_scenarios/facts.rs"]
mod facts;
#[path = "desk_scenarios/guards.rs"]
mod guards;
#[path = "desk_scenarios/standing.rs"]
mod standing;

use std::collections::BTreeMap;

use razor_core::basket::{
    Action, Answer, Desk, DeskTimer, Input, LegPlan, Operator, Phase, Plan, Quote, Refusal, Row,
    Rules, Trade, Treasury, VenueMode, View, Waits,
};
use razor_core::ids::{SetIx, TokenIx};
use razor_core::ledger::Settle;
use razor_core::market::{Fees, Settlement};
use razor_core::order::gateway::MergeIntent;
use razor_core::order::{Attempt, Evidence, OrderIx, Rung, TradeId};
use razor_core::risk::{Breakers, Caps, GuardId, RateBreaker};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Bps, Nanos, Price, Qty, TickSize, Usdc};

const SECOND: i64 = 1_000_000_000;
const TEN: Qty = Qty(10_000_000);

fn price(micros: u32) -> Price {
    Price::from_micros(micros).expect("price")
}

/// Books and facts that the test sets.
#[derive(Default, Clone)]
struct Market {
    books: BTreeMap<TokenIx, Quote>,
    /// Whether the sets are no longer what they were.
    is_changed: bool,
    /// The event of every token, where the test has one for all.
    event: Option<u32>,
}

impl View for Market {
    fn quote(&self, token: TokenIx) -> Option<Quote> {
        self.books.get(&token).copied()
    }

    fn event(&self, token: TokenIx) -> u32 {
        self.event.unwrap_or(token.0)
    }

    fn is_unchanged(&self, _set: SetIx) -> bool {
        !self.is_changed
    }
}

struct Bench {
    desk: Desk,
    market: Market,
    now: Nanos,
    out: Vec<Action>,
    trades: u8,
}

fn caps() -> Caps {
    let quiet = RateBreaker { max_permille: 1_000, window: 4 };
    Caps {
        max_exposure: Usdc(100_000_000),
        max_signal: Usdc(20_000_000),
        max_day_loss: Usdc(10_000_000),
        max_orders_per_min: 60,
        max_open_orders: 4,
        max_residual: Usdc(1_000_000),
        exit_reserve_percent: 25,
        max_event_exposure: None,
        breakers: Breakers { loss_streak: 100, revert: quiet, api_error: quiet },
        cooldown: Nanos(SECOND),
        signal_ttl: Nanos(2 * SECOND),
        takes_delayed_markets: false,
    }
}

fn rules() -> Rules {
    let seconds = |count: i64| Nanos(count * SECOND);
    Rules {
        chase_cap: Bps::new(200),
        chase_step: Bps::new(10),
        flatten: [Bps::new(100), Bps::new(500), Bps::new(1_000)],
        flatten_attempts: 3,
        queue: 2,
        waits: Waits {
            answer: seconds(3),
            poll: seconds(1),
            resolve: seconds(15),
            late: seconds(120),
            flatten_wait: seconds(2),
            flatten: seconds(60),
            settle: seconds(180),
            set: seconds(120),
            cooldown: seconds(1),
        },
    }
}

fn plan(signal_id: u64, legs: u32) -> Plan {
    Plan {
        signal_id,
        ts: Nanos(0),
        set: SetIx(0),
        event: 0,
        qty: TEN,
        expected_net: Bps::new(400),
        bucket: Bucket::Thin,
        worst: 1,
        settlement: Settlement::Merge,
        is_delayed: false,
        is_resolving: false,
        legs: (0..legs)
            .map(|leg| LegPlan {
                token: TokenIx(leg * 2),
                limit: price(300_000),
                min_order_qty: Qty(1_000_000),
                fees: Fees::Free,
            })
            .collect(),
    }
}

impl Bench {
    fn new(legs: u32) -> Self {
        let mut bench = Self {
            desk: Desk::new(rules(), caps()),
            market: Market::default(),
            now: Nanos(0),
            out: Vec::new(),
            trades: 0,
        };
        for leg in 0..legs {
            bench.book(TokenIx(leg * 2), 290_000, 300_000);
        }
        bench
    }

    fn book(&mut self, token: TokenIx, bid: u32, ask: u32) {
        let size = |micros: u32| (micros > 0).then(|| (price(micros), Qty(100_000_000)));
        let quote = Quote {
            bid: size(bid),
            ask: size(ask),
            tick: TickSize::FINEST,
            is_current: true,
            age: Nanos(0),
            changed: self.now,
        };
        self.market.books.insert(token, quote);
    }

    fn put(&mut self, input: Input) -> Vec<Action> {
        let from = self.out.len();
        self.desk.step(self.now, input, &self.market, &mut self.out);
        let mut fresh = self.out.split_off(from);
        self.out.extend(fresh.iter().cloned());
        let persists: Vec<OrderIx> = fresh
            .iter()
            .filter_map(|action| match action {
                Action::Persist(order, _) => Some(*order),
                _ => None,
            })
            .collect();
        for order in persists {
            fresh.extend(self.put(Input::Journaled(order)));
        }
        fresh
    }

    /// The order that is out now, with its attempt.
    fn out_now(&self) -> (OrderIx, Attempt) {
        let order =
            self.desk.basket().and_then(|basket| basket.in_flight).expect("an order is out");
        (order, self.desk.order(order).expect("slot").attempt)
    }

    fn trade(&mut self, order: OrderIx, qty: Qty, settle: Settle) -> TradeId {
        self.trades += 1;
        let id = TradeId([self.trades; 16]);
        self.settle(order, id, qty, settle);
        id
    }

    fn settle(&mut self, order: OrderIx, id: TradeId, qty: Qty, settle: Settle) {
        let price = self.desk.order(order).expect("slot").attempt.limit;
        let trade = Trade { order, id, qty, price, fee: Usdc::ZERO, settle };
        self.put(Input::Traded(trade));
    }

    /// Fills the order that is out, answers it, and lets the chain confirm.
    fn fill(&mut self, qty: Qty) -> Attempt {
        let (order, attempt) = self.out_now();
        if qty > Qty::ZERO {
            let id = self.trade(order, qty, Settle::Prov);
            self.settle(order, id, qty, Settle::Conf);
        }
        // The venue kills what finds no match by a text (F-22).
        self.put(Input::Answered(
            order,
            match qty {
                Qty::ZERO => Answer::Refused(Refusal::Order),
                matched => Answer::Matched { matched },
            },
        ));
        attempt
    }

    fn rows(&self) -> Vec<Row> {
        self.out
            .iter()
            .filter_map(|action| match action {
                Action::Row(row) => Some(**row),
                _ => None,
            })
            .collect()
    }

    fn ends(&self) -> Vec<(u64, &'static str)> {
        let is_end = |row: &Row| matches!(row.action, "END" | "HARDSTOP" | "COOLDOWN");
        let rows = self.rows().into_iter().filter(is_end);
        rows.filter_map(|row| Some((row.signal_id?, row.result?))).collect()
    }

    fn sends(&self) -> usize {
        self.out.iter().filter(|action| matches!(action, Action::Send(_))).count()
    }
}

#[test]
fn a_set_is_fired_on_its_worst_leg_chased_merged_and_done() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let fire = bench.fill(TEN);
    assert_eq!((fire.rung, fire.token, fire.limit), (Rung::Fire, TokenIx(2), price(300_000)));
    let chase = bench.fill(TEN);
    assert_eq!((chase.rung, chase.token), (Rung::ChaseOne, TokenIx(0)));
    assert_eq!(chase.limit, price(300_300), "ten basis points above the ask");
    assert!(bench.out.contains(&Action::Merge(SetIx(0), TEN)));
    bench.put(Input::Merged(Treasury::Done));
    assert_eq!(bench.ends(), [(1, "SET_DONE")]);
    assert_eq!(bench.desk.phase(), Phase::Cooldown);
    assert_eq!(bench.desk.ledger().realised(), Usdc(10_000_000 - 3_000_000 - 3_003_000));
    assert_eq!(bench.sends(), 2);
}

#[test]
fn nothing_filled_ends_without_a_position() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(Qty::ZERO);
    assert_eq!(bench.ends(), [(1, "NO_FILL")]);
    assert_eq!(bench.sends(), 1);
}

#[test]
fn a_failed_chase_sells_the_leftover_and_keeps_what_is_whole() {
    let mut bench = Bench::new(3);
    bench.put(Input::Signal(plan(1, 3)));
    bench.fill(TEN);
    bench.fill(TEN);
    let first = bench.fill(Qty(4_000_000));
    assert_eq!(first.rung, Rung::ChaseOne);
    let second = bench.fill(Qty::ZERO);
    assert_eq!((second.rung, second.order_qty), (Rung::ChaseTwo, Qty(6_000_000)));
    // Four whole sets stay; six shares of each of the other two legs are sold at bid less 1 %.
    for _ in 0..2 {
        let sale = bench.fill(Qty(6_000_000));
        assert_eq!((sale.rung, sale.limit), (Rung::FlatOne, price(287_100)));
        assert_eq!(sale.order_qty, Qty(6_000_000));
    }
    assert!(bench.out.contains(&Action::Merge(SetIx(0), Qty(4_000_000))));
    bench.put(Input::Merged(Treasury::Done));
    assert_eq!(bench.ends(), [(1, "FLATTENED")]);
}

#[test]
fn three_panic_steps_without_a_buyer_stop_trading() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    bench.fill(Qty::ZERO);
    bench.fill(Qty::ZERO);
    for rung in [Rung::FlatOne, Rung::FlatTwo, Rung::FlatThree] {
        bench.now = Nanos(bench.now.0 + 1);
        bench.book(TokenIx(2), 290_000, 300_000);
        bench.put(Input::Books);
        assert_eq!(bench.fill(Qty::ZERO).rung, rung);
    }
    assert_eq!(bench.desk.phase(), Phase::HardStop);
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::S08));
    assert_eq!(bench.ends(), [(1, "HARDSTOP")]);
    bench.put(Input::Signal(plan(2, 2)));
    assert_eq!(bench.sends(), 6, "nothing is sent in HardStop");
}

#[test]
fn empty_bids_use_up_the_steps() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    bench.book(TokenIx(2), 0, 300_000);
    bench.fill(Qty::ZERO);
    bench.fill(Qty::ZERO);
    for _ in 0..2 {
        bench.put(Input::Elapsed(DeskTimer::FlatWait));
    }
    assert_eq!(bench.desk.phase(), Phase::HardStop);
    let steps = bench.rows().iter().filter(|row| row.action == "FLATTEN").count();
    assert_eq!(steps, 3);
}

#[test]
fn leftovers_wait_for_the_chain_before_they_are_sold() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    let id = bench.trade(fire, TEN, Settle::Prov);
    bench.fill(Qty::ZERO);
    bench.fill(Qty::ZERO);
    assert_eq!(bench.desk.phase(), Phase::SettlePending);
    assert_eq!(bench.sends(), 3);
    bench.settle(fire, id, TEN, Settle::Conf);
    assert_eq!(bench.out_now().1.rung, Rung::FlatOne);
}

#[test]
fn a_ghost_fill_leaves_nothing_to_sell() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    let id = bench.trade(fire, TEN, Settle::Prov);
    bench.fill(TEN);
    assert_eq!(bench.desk.phase(), Phase::SettlePending);
    bench.settle(fire, id, TEN, Settle::Void);
    assert_eq!(bench.out_now().1.token, TokenIx(0), "the other leg is naked and sold");
    bench.fill(TEN);
    assert_eq!(bench.ends(), [(1, "FLATTENED")]);
}

#[test]
fn a_trade_first_seen_as_failed_ends_the_buying_of_its_set() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let fire = bench.fill(TEN);
    let (chase, attempt) = bench.out_now();
    assert_eq!(attempt.rung, Rung::ChaseOne);
    bench.trade(chase, TEN, Settle::Void);
    bench.put(Input::Answered(chase, Answer::Matched { matched: TEN }));
    let next = bench.out_now().1;
    assert_eq!((next.rung, next.token), (Rung::FlatOne, fire.token), "what was bought is sold");
}

#[test]
fn an_unknown_order_is_asked_about_fenced_and_given_up_by_absence() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.put(Input::Answered(fire, Answer::Unknown));
    assert!(bench.out.contains(&Action::Query(fire)));
    bench.put(Input::Found(fire, Evidence::Absent));
    assert_eq!(bench.desk.phase(), Phase::FiringLeg1, "absence before the deadline proves nothing");
    bench.put(Input::Elapsed(DeskTimer::Order(fire, razor_core::order::Timer::Resolve)));
    assert!(bench.out.contains(&Action::Cancel(fire)));
    bench.put(Input::Found(fire, Evidence::Absent));
    assert_eq!(bench.ends(), [(1, "NO_FILL")]);
    // It arrives after all: what came is cleared up, and the signal has no second terminal row.
    bench.trade(fire, TEN, Settle::Conf);
    assert_eq!(bench.fill(TEN).rung, Rung::FlatOne);
    assert_eq!(bench.ends(), [(1, "NO_FILL")]);
    assert_eq!(bench.desk.ledger().position(TokenIx(2)).conf, Qty::ZERO);
}

#[test]
fn repeated_and_waiting_signals_have_one_row_each() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.put(Input::Signal(plan(1, 2)));
    for signal in 2..=5 {
        bench.put(Input::Signal(plan(signal, 2)));
    }
    let dedup = bench.rows().iter().filter(|row| row.action == "DEDUP_SIGNAL").count();
    assert_eq!(dedup, 1);
    assert_eq!(bench.desk.dropped(), 2);
    bench.fill(Qty::ZERO);
    let mut ends = bench.ends();
    ends.sort_unstable();
    let refused = "REJECTED_BY_RISK";
    assert_eq!(ends, [(1, "NO_FILL"), (2, refused), (3, refused), (4, refused), (5, refused)]);
}

#[test]
fn stop_ends_entries_at_once_and_finishes_the_ladder() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    let id = bench.trade(fire, Qty(5_000_000), Settle::Prov);
    bench.put(Input::Operator(Operator::Stop));
    assert!(bench.out.contains(&Action::Cancel(fire)));
    bench.put(Input::Answered(fire, Answer::Matched { matched: Qty(5_000_000) }));
    bench.settle(fire, id, Qty(5_000_000), Settle::Conf);
    assert_eq!(bench.fill(Qty(5_000_000)).rung, Rung::FlatOne);
    assert_eq!(bench.desk.phase(), Phase::HardStop);
    assert_eq!(bench.ends(), [(1, "FLATTENED")]);
    bench.put(Input::Operator(Operator::Clear));
    assert_eq!(bench.desk.phase(), Phase::Idle);
}

#[test]
fn a_restart_unwinds_and_never_completes() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.put(Input::Restarted);
    assert_eq!(bench.desk.phase(), Phase::SafeHold);
    bench.trade(fire, TEN, Settle::Conf);
    assert_eq!(bench.sends(), 1);
    bench.put(Input::Reconciled);
    assert_eq!(bench.fill(TEN).rung, Rung::FlatOne);
    assert_eq!(bench.ends(), [(1, "FLATTENED")]);
}

#[test]
fn both_chase_steps_at_one_price_are_sent_once() {
    let mut bench = Bench::new(2);
    bench.market.books.get_mut(&TokenIx(0)).expect("book").tick = TickSize::CENT;
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    let first = bench.fill(Qty::ZERO);
    assert_eq!((first.rung, first.limit), (Rung::ChaseOne, price(300_000)));
    assert_eq!(bench.out_now().1.rung, Rung::FlatOne);
    let guard = bench.rows().iter().find_map(|row| row.guard).expect("the guard is said");
    assert_eq!(guard.to_string(), "guard=S-07 same_px=300000");
}

/// Stops the clock of an order until it is given up by absence: late, never, nobody knows.
fn give_up(bench: &mut Bench, order: OrderIx) {
    use razor_core::order::Timer;
    bench.put(Input::Elapsed(DeskTimer::Order(order, Timer::Answer)));
    bench.put(Input::Elapsed(DeskTimer::Order(order, Timer::Resolve)));
    bench.put(Input::Found(order, Evidence::Absent));
}

#[test]
fn a_claim_that_is_repeated_does_not_put_the_deadline_off() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    let resolve = DeskTimer::Order(fire, razor_core::order::Timer::Resolve);
    let is_resolve =
        |action: &&Action| matches!(action, Action::Arm(timer, _) if *timer == resolve);
    bench.put(Input::Answered(fire, Answer::Matched { matched: TEN }));
    assert_eq!(bench.out.iter().filter(is_resolve).count(), 1);
    for _ in 0..5 {
        let done = bench.put(Input::Found(fire, Evidence::Finished { matched: TEN }));
        assert_eq!(done.iter().filter(is_resolve).count(), 0);
        bench.put(Input::Answered(fire, Answer::Refused(Refusal::Order)));
    }
    assert_eq!(bench.out.iter().filter(is_resolve).count(), 1);
    bench.put(Input::Elapsed(resolve));
    bench.put(Input::Elapsed(resolve));
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::L2));
}

#[test]
fn a_settle_deadline_that_passes_during_a_sale_is_armed_anew() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.put(Input::Elapsed(DeskTimer::Set));
    let id = bench.trade(fire, TEN, Settle::Prov);
    assert_eq!(bench.desk.phase(), Phase::SettlePending);
    bench.settle(fire, id, TEN, Settle::Conf);
    assert_eq!(bench.desk.phase(), Phase::Flattening);
    assert!(bench.out.contains(&Action::Disarm(DeskTimer::Settle)), "the wait is over (L-7)");
    bench.put(Input::Elapsed(DeskTimer::Settle));
    let (sale, _) = bench.out_now();
    bench.trade(sale, TEN, Settle::Prov);
    assert_eq!(bench.desk.phase(), Phase::SettlePending);
    let armed = |action: &&Action| matches!(action, Action::Arm(DeskTimer::Settle, _));
    assert_eq!(bench.out.iter().filter(armed).count(), 2);
    bench.put(Input::Elapsed(DeskTimer::Settle));
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::S22));
}

#[test]
fn a_settle_deadline_that_passes_before_the_reconciliation_is_armed_anew() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.put(Input::Elapsed(DeskTimer::Set));
    bench.trade(fire, TEN, Settle::Prov);
    bench.put(Input::Restarted);
    bench.put(Input::Elapsed(DeskTimer::Settle));
    let done = bench.put(Input::Reconciled);
    assert!(done.iter().any(|action| matches!(action, Action::Arm(DeskTimer::Settle, _))));
}

#[test]
fn a_claim_of_nothing_lets_no_other_order_out_and_is_asked_about() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    let (chase, _) = bench.out_now();
    let none = Answer::Matched { matched: Qty::ZERO };
    let done = bench.put(Input::Answered(chase, none));
    assert!(done.contains(&Action::Query(chase)));
    assert_eq!((bench.out_now().0, bench.sends()), (chase, 2), "the leg is not bought twice");
    let says = |row: &Row| row.order == Some(chase) && row.result == Some("UNKNOWN");
    assert!(bench.rows().iter().any(says), "the trail shows the doubt");
    bench.trade(chase, TEN, Settle::Conf);
    assert!(bench.out.contains(&Action::Merge(SetIx(0), TEN)), "it was a lie");
}

#[test]
fn a_sale_that_the_ledger_cannot_take_is_not_cleared_away() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    bench.fill(Qty::ZERO);
    bench.fill(Qty::ZERO);
    let (sale, _) = bench.out_now();
    bench.trade(sale, TEN, Settle::Conf);
    bench.trade(sale, TEN, Settle::Conf);
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::S10));
    bench.put(Input::Operator(Operator::Clear));
    assert_eq!(bench.desk.phase(), Phase::HardStop, "the ledger is not the account (L-10)");
}

#[test]
fn a_merge_under_way_at_a_restart_has_a_deadline_and_cannot_be_cleared_away() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    bench.fill(TEN);
    bench.put(Input::Restarted);
    bench.put(Input::Elapsed(DeskTimer::Settle));
    let done = bench.put(Input::Reconciled);
    assert!(done.iter().any(|action| matches!(action, Action::Arm(DeskTimer::Settle, _))));
    bench.put(Input::Elapsed(DeskTimer::Settle));
    assert_eq!(bench.desk.phase(), Phase::HardStop);
    bench.put(Input::Operator(Operator::Clear));
    assert_eq!(bench.desk.phase(), Phase::HardStop, "nobody knows what became of the merge");
    bench.put(Input::Merged(Treasury::Done));
    bench.put(Input::Operator(Operator::Clear));
    assert_eq!(bench.desk.phase(), Phase::Idle);
    assert_eq!(bench.desk.ledger().position(TokenIx(0)).conf, Qty::ZERO);
}

#[test]
fn shares_of_a_sale_that_was_given_up_are_not_sold_again_within_its_late_window() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    bench.fill(Qty::ZERO);
    bench.fill(Qty::ZERO);
    let (sale, attempt) = bench.out_now();
    assert_eq!(attempt.rung, Rung::FlatOne);
    let sends = bench.sends();
    give_up(&mut bench, sale);
    assert_eq!((bench.desk.phase(), bench.sends()), (Phase::SettlePending, sends));
    let late = DeskTimer::Order(sale, razor_core::order::Timer::Late);
    bench.now = Nanos(1);
    bench.book(TokenIx(2), 290_000, 300_000);
    bench.put(Input::Elapsed(late));
    assert_eq!(bench.out_now().1.rung, Rung::FlatTwo, "the ladder goes on");
}

#[test]
fn sets_that_a_given_up_sale_may_still_take_are_not_merged() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    let (chase, _) = bench.out_now();
    give_up(&mut bench, chase);
    let (second, _) = bench.out_now();
    bench.put(Input::Answered(second, Answer::Refused(Refusal::Order)));
    let (sale, attempt) = bench.out_now();
    assert_eq!(attempt.rung, Rung::FlatOne);
    bench.trade(chase, TEN, Settle::Conf);
    give_up(&mut bench, sale);
    let merged = |bench: &Bench| bench.out.iter().any(|a| matches!(a, Action::Merge(..)));
    assert!(!merged(&bench) && bench.desk.phase() == Phase::SettlePending);
    bench.put(Input::Elapsed(DeskTimer::Order(sale, razor_core::order::Timer::Late)));
    assert!(merged(&bench));
}

#[test]
fn a_merge_takes_what_was_asked_for_not_what_came_since() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.trade(fire, Qty(5_000_000), Settle::Conf);
    give_up(&mut bench, fire);
    let (chase, _) = bench.out_now();
    give_up(&mut bench, chase);
    bench.fill(Qty(5_000_000));
    assert!(bench.out.contains(&Action::Merge(SetIx(0), Qty(5_000_000))));
    bench.trade(fire, Qty(5_000_000), Settle::Conf);
    bench.trade(chase, Qty(5_000_000), Settle::Conf);
    bench.put(Input::Merged(Treasury::Done));
    for token in [TokenIx(0), TokenIx(2)] {
        assert_eq!(bench.desk.ledger().position(token).conf, Qty(5_000_000));
    }
}

#[test]
fn a_rescue_counts_its_own_residual_once() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.trade(fire, Qty(500_000), Settle::Conf);
    give_up(&mut bench, fire);
    assert_eq!(bench.ends(), [(1, "FLATTENED")], "half a share is too small to chase or to sell");
    bench.trade(fire, Qty(500_000), Settle::Conf);
    assert_eq!(bench.out_now().1.order_qty, Qty(1_000_000));
}

#[test]
fn a_wait_for_a_book_ends_with_the_flatten_it_belongs_to() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    let (chase, _) = bench.out_now();
    give_up(&mut bench, chase);
    bench.put(Input::Mode(VenueMode::Restarting));
    bench.fill(Qty::ZERO);
    assert!(bench.desk.is_waiting_for_books());
    // The first chase arrives after all, one share of it provisional: that set may not be sold.
    bench.trade(chase, TEN, Settle::Prov);
    assert_eq!(bench.desk.phase(), Phase::SettlePending);
    assert!(!bench.desk.is_waiting_for_books());
}

#[test]
fn what_stops_trading_says_why() {
    let cases: [(Input, GuardId); 5] = [
        (Input::Foreign, GuardId::S32),
        (Input::DurabilityLost, GuardId::D10),
        (Input::Mode(VenueMode::VersionMismatch), GuardId::S21),
        (Input::Operator(Operator::Halt), GuardId::S06),
        (Input::Merged(Treasury::Done), GuardId::S32),
    ];
    for (input, guard) in cases {
        let mut bench = Bench::new(2);
        bench.put(Input::Signal(plan(1, 2)));
        bench.put(input);
        assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(guard));
        assert_eq!(bench.ends(), [(1, "HARDSTOP")]);
    }
}

#[test]
fn a_clear_waits_until_nothing_is_unproven() {
    let mut bench = Bench::new(2);
    bench.put(Input::Operator(Operator::Clear));
    let refused = |bench: &Bench| {
        bench.rows().iter().filter(|row| row.guard.is_some_and(|g| g.id == GuardId::L10)).count()
    };
    assert_eq!(refused(&bench), 1, "there is nothing to clear");
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.put(Input::Operator(Operator::Halt));
    bench.put(Input::Operator(Operator::Clear));
    assert_eq!((bench.desk.phase(), refused(&bench)), (Phase::HardStop, 2));
    bench.put(Input::Answered(fire, Answer::Refused(Refusal::Account)));
    bench.put(Input::Operator(Operator::Clear));
    assert_eq!(bench.desk.phase(), Phase::Idle);
}

#[test]
fn a_mode_blocks_entries_and_says_so_and_a_failed_merge_holds_the_sets() {
    for mode in
        [VenueMode::Restarting, VenueMode::PostOnly, VenueMode::CancelOnly, VenueMode::Disabled]
    {
        let mut bench = Bench::new(2);
        bench.put(Input::Mode(mode));
        bench.put(Input::Signal(plan(1, 2)));
        assert_eq!(bench.ends(), [(1, "REJECTED_BY_RISK")], "{}", mode.word());
        bench.put(Input::Mode(VenueMode::Normal));
        bench.put(Input::Signal(plan(2, 2)));
        bench.fill(TEN);
        bench.fill(TEN);
        bench.put(Input::Merged(Treasury::Failed));
        assert_eq!(bench.ends().last(), Some(&(2, "SET_DONE")));
        assert_eq!(bench.desk.ledger().position(TokenIx(0)).conf, TEN);
    }
}

#[test]
fn a_merge_that_nobody_knows_of_holds_the_sets_and_says_so() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(3, 2)));
    bench.fill(TEN);
    bench.fill(TEN);
    let open = MergeIntent { signal_id: 3, set: SetIx(0), qty: TEN };
    assert_eq!(bench.desk.open_merge(), Some(open));
    bench.put(Input::Restarted);
    assert_eq!(bench.desk.open_merge(), Some(open), "a restart answers nothing");
    bench.put(Input::Merged(Treasury::Unknown));
    bench.put(Input::Reconciled);
    let merges: Vec<_> = bench.rows().into_iter().filter(|row| row.action == "MERGE").collect();
    assert_eq!(merges.iter().map(|row| row.result).collect::<Vec<_>>(), [Some("UNKNOWN")]);
    assert_eq!((bench.desk.open_merge(), bench.desk.phase()), (None, Phase::Cooldown));
    assert_eq!(bench.desk.ledger().position(TokenIx(0)).conf, TEN);
}

#[test]
fn an_intent_that_is_not_durable_sends_nothing_and_stops() {
    let mut bench = Bench::new(2);
    let mut out = Vec::new();
    bench.desk.step(bench.now, Input::Signal(plan(1, 2)), &bench.market, &mut out);
    bench.put(Input::NotDurable(OrderIx(0)));
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::D10));
    assert_eq!(bench.sends(), 0);
}
