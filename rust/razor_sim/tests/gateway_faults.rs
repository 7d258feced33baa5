//! Each fault by its code: what is told of one order that it strikes, and what is true of it.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/venue.rs"]
mod venue;

use razor_core::ids::TokenIx;
use razor_core::order::gateway::{Gateway, Reply, Tops, TradeState, VenueEvent};
use razor_core::order::{Evidence, OrderIx, Rung};
use razor_core::units::{Nanos, Qty};
use razor_sim::gateway::{
    Axis, Fate, Fault, FaultCode, FaultPlan, FaultedTops, Race, RefusalClass, Repeat, SignalFaults,
    SimConfig, SimGateway, ViewFaults, When,
};

use FaultCode as F;
use venue::{Books, attempt, config, drain, markets, ms, px, send, share};

/// An event in a line: milliseconds, and what is said.
fn say((at, event): &(Nanos, VenueEvent)) -> String {
    let said = match event {
        VenueEvent::Replied { reply: Reply::Matched(qty), .. } => format!("matched {}", qty.0),
        VenueEvent::Replied { reply, .. } => format!("{reply:?}"),
        VenueEvent::Traded { qty, price, state, .. } => {
            let word = match state {
                TradeState::Provisional => "prov",
                TradeState::Confirmed => "conf",
                TradeState::Failed => "void",
            };
            format!("{word} {} at {}", qty.0, price.micros() / 10_000)
        }
        VenueEvent::Found { evidence: Evidence::Finished { matched }, .. } => {
            format!("finished {}", matched.0)
        }
        VenueEvent::Found { evidence, .. } => format!("{evidence:?}"),
        other => format!("{other:?}"),
    };
    format!("{} {said}", at.millis_floor())
}

/// A venue with one fault on its first order.
fn struck(fault: Fault) -> SimGateway {
    let mut gateway = SimGateway::new(config(5), markets());
    gateway.arm(FaultPlan { faults: vec![fault] });
    gateway
}

fn first(code: FaultCode) -> Fault {
    Fault::of(code, &[When::Nth(1)])
}

fn books() -> Books {
    Books::flat("0.44", "0.46", "100")
}

/// Sends an order of 500 micro-shares (a buy at 46 cents) and says what is told of it in 40 s.
fn told_of(gateway: &mut SimGateway) -> Vec<String> {
    send(gateway, ms(0), buy(1), &books());
    drain(gateway, ms(40_000), &books()).iter().map(say).collect()
}

fn buy(n: u16) -> razor_core::order::Attempt {
    attempt(n, Rung::Fire, 0, "0.46", "0.0005")
}

/// Asks about order 1 at `at` and says what is told within ten seconds.
fn asked(gateway: &mut SimGateway, at: i64) -> Vec<String> {
    let hash = gateway.truth().order(OrderIx(1)).expect("order").intent.hash;
    gateway.query(ms(at), OrderIx(1), hash);
    drain(gateway, ms(at + 10_000), &books()).iter().map(say).collect()
}

const REPLY: &str = "150 matched 500";
const PROV: &str = "150 prov 500 at 46";
const CONF: &str = "1150 conf 500 at 46";

#[test]
fn faults_of_answers_change_what_is_told_and_not_what_is_true() {
    let rows: Vec<(Fault, Vec<&str>)> = vec![
        (first(F::F13), vec![PROV, CONF]),
        (first(F::F13).with(|p| p.delay = ms(20_000)), vec![PROV, CONF, "20150 matched 500"]),
        (first(F::F16), vec!["150 Unknown", PROV, CONF]),
        (first(F::F17), vec!["150 Unknown", PROV, CONF]),
        (first(F::F18), vec!["150 Unknown", PROV, CONF]),
        (first(F::F20), vec!["150 Unknown", PROV, CONF]),
        (first(F::F25), vec!["150 matched 0", PROV, CONF]),
        (first(F::F25).with(|p| p.qty = Qty(7)), vec!["150 matched 7", PROV, CONF]),
        (first(F::F40), vec![REPLY]),
        (first(F::F41), vec!["100 prov 500 at 46", REPLY, CONF]),
        (
            first(F::F42).with(|p| p.count = 2),
            vec![
                REPLY,
                PROV,
                "151 prov 500 at 46",
                "152 prov 500 at 46",
                CONF,
                "1151 conf 500 at 46",
                "1152 conf 500 at 46",
            ],
        ),
        (first(F::F43), vec![REPLY, PROV, CONF, "1151 prov 500 at 46"]),
        (first(F::F49), vec![REPLY, PROV, "15150 prov 500 at 46", "30150 conf 500 at 46"]),
        (first(F::F51), vec![REPLY, PROV, "30150 conf 500 at 46"]),
    ];
    for (fault, expected) in rows {
        let code = fault.code;
        let mut gateway = struck(fault);
        assert_eq!(told_of(&mut gateway), expected, "{code:?}");
        let truth = gateway.truth().order(OrderIx(1)).expect("order");
        assert!(truth.is_accepted && truth.fate == Fate::Finished, "{code:?}");
        assert_eq!(gateway.truth().position(TokenIx(0), Axis::Confirmed), 500, "{code:?}");
        assert_eq!(gateway.take_injected(), [(code, ms(0), Some(OrderIx(1)))]);
        assert_eq!(gateway.take_injected(), [], "taken once");
        let answer = asked(&mut gateway, 50_000);
        assert_eq!(answer[0], "50150 conf 500 at 46", "{code:?}");
        assert!(answer.contains(&"50150 finished 500".to_owned()), "{code:?}");
    }
}

#[test]
fn refusals_and_losses_leave_nothing_at_the_venue() {
    let class = |class| move |p: &mut razor_sim::gateway::Params| p.refusal = class;
    let not = |p: &mut razor_sim::gateway::Params| p.is_accepted = false;
    let rows: Vec<(Fault, Vec<&str>, Fate)> = vec![
        (first(F::F14), vec![], Fate::Lost),
        (first(F::F17).with(not), vec!["150 Unknown"], Fate::Refused),
        (first(F::F18).with(not), vec!["150 Unknown"], Fate::Refused),
        (first(F::F19), vec!["150 RefusedOrder"], Fate::Refused),
        (first(F::F19).with(class(RefusalClass::Market)), vec!["150 RefusedMarket"], Fate::Refused),
        (
            first(F::F19).with(class(RefusalClass::Account)),
            vec!["150 RefusedAccount"],
            Fate::Refused,
        ),
        (first(F::F28), vec!["150 RefusedRate"], Fate::Refused),
    ];
    for (fault, expected, fate) in rows {
        let code = fault.code;
        let mut gateway = struck(fault);
        assert_eq!(told_of(&mut gateway), expected, "{code:?}");
        let truth = gateway.truth().order(OrderIx(1)).expect("order");
        assert_eq!((truth.is_accepted, truth.fate), (false, fate), "{code:?}");
        assert_eq!(gateway.take_injected()[0].0, code);
        // The fault on the first question is not this one's: only F-28 strikes questions too.
        let answer = asked(&mut gateway, 50_000);
        let expected = if code == F::F28 { "50150 Silent" } else { "50150 Absent" };
        assert_eq!(answer, [expected], "{code:?}");
    }
}

#[test]
fn quantities_and_prices_are_bent_as_the_parameters_say() {
    let rows: Vec<(Fault, Vec<&str>)> = vec![
        (first(F::F22), vec!["150 RefusedOrder"]),
        (first(F::F23), vec!["150 matched 250", "150 prov 250 at 46", "1150 conf 250 at 46"]),
        (
            first(F::F23).with(|p| p.share = share("0.333333")),
            vec!["150 matched 166", "150 prov 166 at 46", "1150 conf 166 at 46"],
        ),
        (
            first(F::F23).with(|p| p.qty = Qty(1)),
            vec!["150 matched 1", "150 prov 1 at 46", "1150 conf 1 at 46"],
        ),
        (
            first(F::F24).with(|p| p.qty = Qty(10_001)),
            vec!["150 matched 10501", "150 prov 10501 at 46", "1150 conf 10501 at 46"],
        ),
        (first(F::F45), vec![REPLY, "150 prov 500 at 47", "1150 conf 500 at 47"]),
        (first(F::F48), vec![REPLY, PROV, "2150 void 500 at 46"]),
    ];
    for (fault, expected) in rows {
        let code = fault.code;
        let mut gateway = struck(fault);
        assert_eq!(told_of(&mut gateway), expected, "{code:?}");
        let sum = gateway.truth().order(OrderIx(1)).expect("order").matched();
        assert!(asked(&mut gateway, 50_000).contains(&format!("50150 finished {}", sum.0)));
    }
    let mut ghost = struck(first(F::F48));
    told_of(&mut ghost);
    assert_eq!(ghost.truth().position(TokenIx(0), Axis::Matched), 0, "a void is no position");
    assert_eq!(ghost.truth().cash(Axis::Matched).expect("cash").0, 0);
    assert_eq!(ghost.truth().order(OrderIx(1)).expect("order").standing(), Qty::ZERO);
}

#[test]
fn a_late_order_meets_the_book_of_its_late_arrival_and_no_cancel() {
    let mut gateway = struck(first(F::F15));
    let intent = send(&mut gateway, ms(0), buy(1), &books());
    assert_eq!(drain(&mut gateway, ms(4_000), &books()), []);
    assert_eq!(asked(&mut gateway, 4_000 - 3_000), ["1150 Absent", "10150 prov 500 at 46"]);
    let mut gateway = struck(first(F::F15));
    send(&mut gateway, ms(0), buy(1), &books());
    gateway.cancel(ms(5_000), OrderIx(1), intent.hash);
    let told: Vec<_> = drain(&mut gateway, ms(40_000), &books()).iter().map(say).collect();
    assert_eq!(told, ["10150 prov 500 at 46", "11150 conf 500 at 46"]);
    assert_eq!(gateway.truth().order(OrderIx(1)).expect("order").arrived, Some(ms(10_100)));
}

#[test]
fn delayed_orders_are_matched_killed_or_cancelled_later() {
    let mut gateway = struck(first(F::F21));
    let later = ["150 Delayed", "3150 prov 500 at 46", "4150 conf 500 at 46"];
    assert_eq!(told_of(&mut gateway), later);
    let mut killed = struck(first(F::F21).with(|p| p.is_accepted = false));
    assert_eq!(told_of(&mut killed), ["150 Delayed"]);
    assert_eq!(asked(&mut killed, 50_000), ["50150 finished 0"]);
    let mut open = struck(first(F::F21));
    send(&mut open, ms(0), buy(1), &books());
    assert_eq!(asked(&mut open, 500)[1], "650 Open");
}

#[test]
fn a_cancel_meets_a_resting_order_in_every_order_of_the_race() {
    let rows = [
        (Race::CancelWins, vec!["150 Live"], "50150 finished 0"),
        (
            Race::FillFirst,
            vec!["150 Live", "2150 prov 500 at 46", "3150 conf 500 at 46"],
            "50150 finished 500",
        ),
        (
            Race::CancelLost,
            vec!["150 Live", "30150 prov 500 at 46", "31150 conf 500 at 46"],
            "50150 finished 500",
        ),
    ];
    for (race, expected, end) in rows {
        let mut gateway = struck(first(F::F33).with(|p| {
            p.race = race;
            p.delay = ms(30_000);
        }));
        let intent = send(&mut gateway, ms(0), buy(1), &books());
        gateway.cancel(ms(2_000), intent.order, intent.hash);
        let told: Vec<_> = drain(&mut gateway, ms(40_000), &books()).iter().map(say).collect();
        assert_eq!(told, expected, "{race:?}");
        assert_eq!(asked(&mut gateway, 50_000).last().map(String::as_str), Some(end), "{race:?}");
    }
    // Together with F-21 the race is that of a delayed order.
    let mut gateway = SimGateway::new(config(5), markets());
    let both = vec![first(F::F33), first(F::F21)];
    gateway.arm(FaultPlan { faults: both });
    assert_eq!(told_of(&mut gateway)[0], "150 Delayed");
}

#[test]
fn modes_turn_orders_away_and_are_told_at_once_or_by_the_first_refusal() {
    let within = [When::Between(ms(0), ms(10_000))];
    let rows = [
        (F::F29, "Unknown", 1, vec!["10050 Mode(2)", "130050 Mode(0)"]),
        (F::F30, "RefusedOrder", 2, vec!["10050 Mode(0)"]),
        (F::F31, "RefusedOrder", 3, vec!["10050 Mode(0)"]),
        (F::F32, "RefusedOrder", 4, vec!["10050 Mode(0)"]),
        (F::F34, "RefusedOrder", 5, vec!["10050 Mode(0)"]),
    ];
    for (code, reply, mode, ends) in rows {
        for is_announced in [true, false] {
            let fault = Fault::of(code, &within).with(|p| p.is_announced = is_announced);
            let mut gateway = struck(fault);
            send(&mut gateway, ms(1_000), buy(1), &books());
            let told: Vec<_> = drain(&mut gateway, ms(140_000), &books()).iter().map(say).collect();
            let at = if is_announced { 50 } else { 1_150 };
            let mut expected = vec![format!("{at} Mode({mode})"), format!("1150 {reply}")];
            expected.extend(ends.iter().map(|end| (*end).to_owned()));
            assert_eq!(told, expected, "{code:?}");
            assert!(!gateway.truth().order(OrderIx(1)).expect("order").is_accepted);
            let injected = [(code, ms(0), None), (code, ms(1_100), Some(OrderIx(1)))];
            assert_eq!(gateway.take_injected(), injected);
            send(&mut gateway, ms(140_000), buy(2), &books());
            drain(&mut gateway, ms(150_000), &books());
            assert!(gateway.truth().order(OrderIx(2)).expect("order").is_accepted, "over");
        }
    }
}

#[test]
fn a_mode_can_begin_with_an_order_and_hides_what_the_venue_cannot_answer() {
    let mut gateway = struck(first(F::F29).with(|p| p.tail = Nanos(0)));
    send(&mut gateway, ms(0), buy(1), &books());
    let told: Vec<_> = drain(&mut gateway, ms(1_000), &books()).iter().map(say).collect();
    assert_eq!(told, ["150 Mode(1)", "150 Unknown"]);
    assert_eq!(asked(&mut gateway, 1_000), ["1150 Silent"]);
    assert_eq!(asked(&mut gateway, 90_000), ["90050 Mode(0)", "90150 Absent"]);
    // With another condition beside it, a span is when orders can be struck.
    let within = [When::Between(ms(500), ms(2_000)), When::Rung(Rung::ChaseOne)];
    let mut gateway = struck(Fault::of(F::F30, &within));
    for (n, rung, at) in [(1, Rung::Fire, 1_000), (2, Rung::ChaseOne, 1_500)] {
        send(&mut gateway, ms(at), attempt(n, rung, 0, "0.46", "0.0005"), &books());
    }
    drain(&mut gateway, ms(90_000), &books());
    assert_eq!(gateway.take_injected()[0], (F::F30, ms(1_500), Some(OrderIx(2))));
    let fates = gateway.truth().orders().map(|(_, order)| order.fate);
    assert_eq!(fates.collect::<Vec<_>>(), [Fate::Finished, Fate::Refused]);
    // A version change has no end.
    let mut gateway = struck(first(F::F34));
    assert_eq!(told_of(&mut gateway), ["150 Mode(5)", "150 RefusedOrder"]);
    assert_eq!(gateway.next_due(), None);
    for (code, race) in [(F::F32, false), (F::F31, true)] {
        let rest = first(F::F33).with(|p| p.delay = ms(20_000));
        let mode = Fault::of(code, &[When::Between(ms(1_000), ms(10_000))]);
        let mut gateway = SimGateway::new(config(5), markets());
        gateway.arm(FaultPlan { faults: vec![rest, mode] });
        let intent = send(&mut gateway, ms(0), buy(1), &books());
        gateway.cancel(ms(2_000), intent.order, intent.hash);
        drain(&mut gateway, ms(40_000), &books());
        let is_cancelled = gateway.truth().order(OrderIx(1)).expect("order").trades.is_empty();
        assert_eq!(is_cancelled, race, "{code:?}");
    }
}

#[test]
fn strangers_are_told_and_end_no_list() {
    for when in [When::Nth(1), When::Between(ms(50), ms(60))] {
        let mut gateway = struck(Fault::of(F::F46, &[when]));
        let told = told_of(&mut gateway);
        assert!(told.iter().any(|line| line.ends_with("Foreign")), "{told:?}");
        gateway.reconcile(ms(50_000));
        let told: Vec<_> = drain(&mut gateway, ms(60_000), &books()).iter().map(say).collect();
        assert_eq!(told, ["50150 conf 500 at 46", "50150 Foreign"]);
        assert_eq!(gateway.take_injected().len(), 1);
    }
}

#[test]
fn merges_fail_and_calls_are_throttled() {
    let mut gateway = struck(first(F::F54).with(|p| p.delay = ms(5_000)));
    for (n, token) in [(1, 0), (2, 2)] {
        send(&mut gateway, ms(0), attempt(n, Rung::Fire, token, "0.46", "0.0005"), &books());
    }
    drain(&mut gateway, ms(5_000), &books());
    gateway.merge(ms(5_000), venue::SET, Qty(500));
    gateway.merge(ms(20_000), venue::SET, Qty(500));
    let told: Vec<_> = drain(&mut gateway, ms(60_000), &books()).iter().map(say).collect();
    assert_eq!(told, ["11150 Merged { is_done: false }", "21150 Merged { is_done: true }"]);
    assert_eq!(gateway.take_injected(), [(F::F54, ms(5_000), None)]);

    let mut gateway = SimGateway::new(SimConfig { http_429_every: 2, ..config(5) }, markets());
    for n in 1..=3 {
        send(&mut gateway, ms(0), buy(n), &books());
    }
    let told: Vec<_> = drain(&mut gateway, ms(150), &books()).iter().map(say).collect();
    assert_eq!(told.iter().filter(|line| line.ends_with("RefusedRate")).count(), 1);
    assert_eq!(gateway.take_injected(), [(F::F28, ms(0), Some(OrderIx(2)))]);
    // The fourth call is a question.
    assert_eq!(asked(&mut gateway, 10_000).last().map(String::as_str), Some("10150 Silent"));
}

#[test]
fn conditions_and_counts_choose_which_orders_are_struck() {
    let both = [When::Rung(Rung::ChaseOne), When::Token(TokenIx(2))];
    let fault = Fault::of(F::F22, &both).at_most(1);
    let mut gateway = struck(fault);
    let orders = [(Rung::Fire, 2), (Rung::ChaseOne, 0), (Rung::ChaseOne, 2), (Rung::ChaseOne, 2)];
    for (n, (rung, token)) in (1_u16..).zip(orders) {
        send(&mut gateway, ms(0), attempt(n, rung, token, "0.46", "0.0005"), &books());
    }
    drain(&mut gateway, ms(5_000), &books());
    let filled = gateway.truth().orders().map(|(_, order)| order.matched().0);
    assert_eq!(filled.collect::<Vec<_>>(), [500, 500, 0, 500]);
    assert_eq!(gateway.take_injected(), [(F::F22, ms(0), Some(OrderIx(3)))]);
}

#[test]
fn several_faults_of_one_order_add_up() {
    let mut gateway = SimGateway::new(config(5), markets());
    let codes = [F::F13, F::F23, F::F42, F::F48];
    gateway.arm(FaultPlan { faults: codes.iter().map(|code| first(*code)).collect() });
    let told = told_of(&mut gateway);
    let lines =
        ["150 prov 250 at 46", "151 prov 250 at 46", "2150 void 250 at 46", "2151 void 250 at 46"];
    assert_eq!(told, lines);
    assert_eq!(gateway.take_injected().iter().map(|i| i.0).collect::<Vec<_>>(), codes);
}

#[test]
fn empty_bids_are_seen_by_the_session_and_met_by_the_order() {
    let plan = FaultPlan {
        faults: vec![Fault::of(F::F10, &[When::Token(TokenIx(0)), When::Between(ms(0), ms(500))])],
    };
    let view = ViewFaults::of(&plan);
    let books = books();
    let seen = |at, token| {
        let tops = FaultedTops { tops: &books, faults: &view, now: ms(at) };
        let top = tops.top(TokenIx(token)).expect("top");
        (top.bid.is_some(), top.ask == Some((px("0.46"), Some(venue::shares("100")))))
    };
    assert_eq!([seen(0, 0), seen(499, 0)], [(false, true), (false, true)]);
    assert_eq!([seen(500, 0), seen(0, 1)], [(true, true), (true, true)]);

    let mut gateway = SimGateway::new(config(5), markets());
    gateway.arm(plan);
    for (n, at) in [(1, 0), (2, 1_000)] {
        send(&mut gateway, ms(at), attempt(n, Rung::FlatOne, 0, "0.43", "0.0005"), &books);
    }
    drain(&mut gateway, ms(9_000), &books);
    let filled = gateway.truth().orders().map(|(_, order)| order.matched().0);
    assert_eq!(filled.collect::<Vec<_>>(), [0, 500]);
    assert_eq!(gateway.take_injected(), [(F::F10, ms(100), Some(OrderIx(1)))]);
}

#[test]
fn signals_are_repeated_by_number_and_time() {
    let plan = |when: &[When], times| FaultPlan {
        faults: vec![Fault::of(F::F60, when).at_most(times).with(|p| {
            p.count = 3;
            p.delay = ms(7);
        })],
    };
    let struck = |plan: FaultPlan, at| -> Vec<u64> {
        let faults = SignalFaults::of(&plan);
        (1..=8).filter(|n| faults.repeat(*n, at).is_some()).collect()
    };
    assert_eq!(struck(plan(&[When::Nth(3)], 0), ms(0)), [3]);
    assert_eq!(struck(plan(&[When::Every(2)], 0), ms(0)), [2, 4, 6, 8]);
    assert_eq!(struck(plan(&[When::Every(2)], 3), ms(0)), [2, 4, 6]);
    assert_eq!(struck(plan(&[When::Every(2), When::Between(ms(5), ms(6))], 0), ms(4)), [0_u64; 0]);
    assert_eq!(struck(plan(&[When::Rung(Rung::Fire)], 0), ms(0)), [0_u64; 0]);
    let repeat = SignalFaults::of(&plan(&[], 0)).repeat(1, ms(0));
    assert_eq!(repeat, Some(Repeat { count: 3, gap: ms(7) }));
    assert_eq!(SignalFaults::of(&FaultPlan::default()).repeat(1, ms(0)), None);
}

#[test]
fn every_code_is_struck_by_a_plan_that_names_it() {
    for code in FaultCode::ALL {
        if matches!(code, F::F10 | F::F60) {
            continue;
        }
        let mut gateway = struck(first(*code));
        send(&mut gateway, ms(0), buy(1), &books());
        gateway.merge(ms(0), venue::SET, Qty(1));
        let injected = gateway.take_injected();
        assert_eq!(injected.first().map(|found| found.0), Some(*code), "{code:?}");
    }
}
