//! The contract of gateways, held against the simulated venue in both models, with and without
//! faults; what it says is compared with the truth it keeps.

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
use razor_core::order::gateway::{Gateway, Intent, Reply, Tops, TradeState, VenueEvent};
use razor_core::order::{Attempt, Evidence, OrderHash, OrderIx, Rung};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Qty};
use razor_sim::gateway::{
    AckOrder, Axis, Fate, Fault, FaultCode, FaultPlan, Model, SimConfig, SimGateway, When,
};

use contract::{Call, Log, Script, hold_always, hold_without_faults, play, run, scripts};
use venue::{Books, attempt, config, markets, ms, send, shares};

fn configs() -> impl Strategy<Value = SimConfig> {
    let models = prop::sample::select(vec![Model::Depleting, Model::Frozen]);
    let acks = vec![AckOrder::ReplyFirst, AckOrder::TradesFirst, AckOrder::Seeded];
    (models, any::<u64>(), prop::sample::select(acks), 0_u8..5, 0_u64..3).prop_map(
        |(model, seed, ack_order, trades_max, spike)| {
            let mut config = SimConfig { model, ack_order, trades_max, ..config(seed) };
            config.spike.ms = spike * 700;
            config
        },
    )
}

fn faults() -> impl Strategy<Value = FaultPlan> {
    let when = prop_oneof![
        (1_u64..8).prop_map(When::Nth),
        (1_u64..4).prop_map(When::Every),
        prop::sample::select(Rung::ALL.to_vec()).prop_map(When::Rung),
        (0_u32..4).prop_map(|token| When::Token(TokenIx(token))),
        (0_i64..4_000, 1_i64..4_000)
            .prop_map(|(from, span)| When::Between(ms(from), ms(from + span))),
    ];
    let code = prop::sample::select(FaultCode::ALL.to_vec());
    let fault = (code, prop::collection::vec(when, 0..2), any::<bool>(), any::<bool>(), 0_u32..3)
        .prop_map(|(code, when, is_accepted, is_announced, times)| {
            let fault = Fault::of(code, &when).at_most(times);
            fault.with(|params| {
                params.is_accepted = is_accepted;
                params.is_announced = is_announced;
            })
        });
    prop::collection::vec(fault, 0..5).prop_map(|mut plan| {
        // What never ends would leave the last question without an answer.
        for fault in &mut plan {
            fault.params.delay = fault.params.delay.min(ms(60_000));
        }
        FaultPlan { faults: plan }
    })
}

fn played(config: &SimConfig, plan: &FaultPlan, script: &Script) -> (SimGateway, Log) {
    let mut gateway = SimGateway::new(config.clone(), markets());
    gateway.arm(plan.clone());
    let log = play(&mut gateway, script);
    (gateway, log)
}

/// What was told is a part of the truth, and nothing was placed twice.
fn hold_against_truth(gateway: &SimGateway, log: &Log) {
    let truth = gateway.truth();
    assert_eq!(truth.placed_twice(), []);
    assert_eq!(truth.duplicates(), log.resends);
    for (_, intent) in &log.sent {
        let order = truth.order(intent.order).expect("every order is known");
        assert!(truth.accepted(intent.attempt.key) <= 1);
        assert_eq!(order.is_accepted, order.fate == Fate::Finished, "the venue is at rest");
        assert!(order.is_accepted || order.trades.is_empty());
        assert!(order.trades.iter().all(|t| t.state != TradeState::Provisional));
        let (ids, _) = log.told(intent.order);
        let true_ids: Vec<_> = order.trades.iter().map(|trade| trade.id).collect();
        assert!(ids.iter().all(|id| true_ids.contains(id)), "no trade is made up");
        match log.last_word.get(&intent.order) {
            Some(Evidence::Finished { matched }) => {
                assert!(order.is_accepted);
                assert_eq!(*matched, order.matched());
                assert_eq!(ids.len(), true_ids.len(), "a question brings every trade");
            }
            Some(Evidence::Absent) => assert!(!order.is_accepted),
            Some(Evidence::Silent) => {}
            found @ (Some(Evidence::Open) | None) => panic!("{found:?} of an order at rest"),
        }
    }
    let tokens = (0..4).map(TokenIx);
    for token in tokens {
        let (all, sure) =
            (truth.position(token, Axis::Matched), truth.position(token, Axis::Confirmed));
        assert_eq!(all, sure, "at rest nothing is provisional");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_quiet_venue_keeps_the_contract(config in configs(), script in scripts()) {
        let (gateway, log) = played(&config, &FaultPlan::default(), &script);
        hold_always(&log);
        hold_without_faults(&log);
        hold_against_truth(&gateway, &log);
    }

    #[test]
    fn a_faulty_venue_keeps_what_faults_may_not_break(
        config in configs(),
        plan in faults(),
        script in scripts(),
    ) {
        let (gateway, log) = played(&config, &plan, &script);
        hold_always(&log);
        hold_against_truth(&gateway, &log);
        for (_, intent) in &log.sent {
            let replies = log.replies(intent.order).len();
            prop_assert!(replies <= 1 + usize::try_from(log.resends).expect("few"));
        }
    }

    #[test]
    fn equal_seeds_give_equal_bytes(config in configs(), plan in faults(), script in scripts()) {
        let (mut one, first) = played(&config, &plan, &script);
        let (mut two, second) = played(&config, &plan, &script);
        prop_assert_eq!(first.bytes(), second.bytes());
        prop_assert_eq!(one.take_injected(), two.take_injected());
        prop_assert_eq!(one.truth(), two.truth());
    }

    #[test]
    fn polling_late_changes_no_event_on_a_still_book(config in configs(), script in scripts()) {
        let sends: Script =
            script.into_iter().filter(|(_, call)| !matches!(call, Call::Book { .. })).collect();
        let (_, mut stepped) = played(&config, &FaultPlan::default(), &sends);
        let mut gateway = SimGateway::new(config, markets());
        let mut late = play(&mut Late(&mut gateway), &sends);
        // Events of one instant may change places: insertion decides between them.
        for log in [&mut stepped, &mut late] {
            log.events.sort_by_key(|(at, event)| (*at, event.encode()));
        }
        prop_assert_eq!(stepped.bytes(), late.bytes());
    }
}

/// A gateway whose caller looks a little late each time.
struct Late<'a>(&'a mut SimGateway);

impl Gateway for Late<'_> {
    fn hash(&mut self, order: OrderIx, attempt: &Attempt) -> OrderHash {
        self.0.hash(order, attempt)
    }

    fn send(&mut self, now: Nanos, intent: &Intent, bucket: Bucket, tops: &dyn Tops) {
        self.0.send(now, intent, bucket, tops);
    }

    fn cancel(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        self.0.cancel(now, order, hash);
    }

    fn query(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        self.0.query(now, order, hash);
    }

    fn merge(&mut self, now: Nanos, set: SetIx, qty: Qty) {
        self.0.merge(now, set, qty);
    }

    fn reconcile(&mut self, now: Nanos) {
        self.0.reconcile(now);
    }

    fn next_due(&self) -> Option<Nanos> {
        // Rounded up to a quarter of a second: several items become due at one look.
        let due = self.0.next_due()?;
        Some(ms((due.millis_floor() / 250 + 1) * 250))
    }

    fn poll(&mut self, now: Nanos, tops: &dyn Tops) -> Option<(Nanos, VenueEvent)> {
        self.0.poll(now, tops)
    }
}

#[test]
fn seeds_differ_in_hashes_and_trades() {
    let hash = |seed| {
        let mut gateway = SimGateway::new(config(seed), markets());
        let intent =
            send(&mut gateway, ms(0), attempt(1, Rung::Fire, 0, "0.46", "5"), &Books::default());
        intent.hash
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

#[test]
fn a_restart_is_told_every_trade_again_and_then_the_end() {
    let books = Books::flat("0.44", "0.46", "100");
    let mut gateway = SimGateway::new(config(3), markets());
    let intent = send(&mut gateway, ms(0), attempt(1, Rung::Fire, 0, "0.46", "5"), &books);
    let before = run(&mut gateway, ms(5_000), &books);
    gateway.reconcile(ms(5_000));
    let after = run(&mut gateway, ms(6_000), &books);
    let trade = gateway.truth().order(intent.order).expect("order").trades[0];
    let told = VenueEvent::Traded {
        order: intent.order,
        trade: trade.id,
        qty: shares("5"),
        price: trade.price,
        fee: trade.fee,
        state: TradeState::Confirmed,
    };
    assert_eq!(after, [(ms(5_150), told), (ms(5_150), VenueEvent::Reconciled)]);
    assert!(before.contains(&(ms(1_150), told)));
}

#[test]
fn a_merge_needs_confirmed_shares_of_every_leg() {
    let books = Books::flat("0.44", "0.46", "100");
    let mut gateway = SimGateway::new(config(3), markets());
    let merge = |gateway: &mut SimGateway, at: Nanos, qty: &str| {
        gateway.merge(at, venue::SET, shares(qty));
        let events = run(gateway, Nanos(at.0 + ms(5_000).0), &books);
        events.iter().any(|(_, event)| *event == VenueEvent::Merged { is_done: true })
    };
    for (n, token) in [(1, 0), (2, 2)] {
        assert!(!merge(&mut gateway, ms(i64::from(n) * 10_000), "5"));
        let buy = attempt(n, Rung::Fire, token, "0.46", "5");
        send(&mut gateway, ms(i64::from(n) * 10_000 + 6_000), buy, &books);
    }
    let cash = |gateway: &SimGateway| gateway.truth().cash(Axis::Confirmed).expect("cash").0;
    assert!(merge(&mut gateway, ms(40_000), "5"));
    assert_eq!(gateway.truth().position(TokenIx(0), Axis::Confirmed), 0);
    // Two buys of five at 0.46 with 0.04 · 5 · 0.46 · 0.54 each, and five dollars back.
    assert_eq!(cash(&gateway), 5_000_000 - 2 * (2_300_000 + 49_680));
    assert!(!merge(&mut gateway, ms(60_000), "5"));
}

#[test]
fn a_sale_of_what_is_not_confirmed_is_marked() {
    let books = Books::flat("0.44", "0.46", "100");
    let mut gateway = SimGateway::new(config(3), markets());
    let naked =
        |gateway: &SimGateway, n| gateway.truth().order(OrderIx(n)).expect("order").is_naked;
    send(&mut gateway, ms(0), attempt(1, Rung::Fire, 0, "0.46", "5"), &books);
    send(&mut gateway, ms(500), attempt(2, Rung::FlatOne, 0, "0.44", "5"), &books);
    run(&mut gateway, ms(700), &books);
    assert!(!naked(&gateway, 1) && naked(&gateway, 2));
    send(&mut gateway, ms(3_000), attempt(3, Rung::Fire, 0, "0.46", "9"), &books);
    run(&mut gateway, ms(9_000), &books);
    send(&mut gateway, ms(9_000), attempt(4, Rung::FlatOne, 0, "0.44", "9"), &books);
    run(&mut gateway, ms(9_500), &books);
    assert!(!naked(&gateway, 4));
}

#[test]
fn a_copy_of_an_order_that_was_lost_is_the_order() {
    let books = Books::flat("0.44", "0.46", "100");
    let mut gateway = SimGateway::new(config(3), markets());
    gateway.arm(FaultPlan { faults: vec![Fault::of(FaultCode::F14, &[When::Nth(1)])] });
    let intent = send(&mut gateway, ms(0), attempt(1, Rung::Fire, 0, "0.46", "5"), &books);
    assert_eq!(run(&mut gateway, ms(2_000), &books), []);
    gateway.send(ms(2_000), &intent, Bucket::Liquid, &books);
    gateway.send(ms(3_000), &intent, Bucket::Liquid, &books);
    let events = run(&mut gateway, ms(9_000), &books);
    let said: Vec<_> =
        events.iter().filter(|(_, e)| matches!(e, VenueEvent::Replied { .. })).collect();
    let said_at = |at, reply| (ms(at), VenueEvent::Replied { order: intent.order, reply });
    let matched = Reply::Matched(shares("5"));
    assert_eq!(said, [&said_at(2_150, matched), &said_at(3_150, Reply::Unknown)]);
    assert_eq!(gateway.truth().accepted(intent.attempt.key), 1);
    assert_eq!(gateway.truth().order(intent.order).expect("order").matched(), shares("5"));
}
