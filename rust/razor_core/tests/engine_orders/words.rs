//! Records that are refused, and what an operator says.

use razor_core::basket::{Phase, VenueMode};
use razor_core::engine::oms::Request;
use razor_core::engine::record::Kind;
use razor_core::engine::table::Table;
use razor_core::ids::{SetIx, TokenIx};
use razor_core::order::gateway::{EVENT_BYTES, Intent, MergeIntent, Reply, VenueEvent};
use razor_core::order::{Attempt, AttemptKey, OrderIx, Rung};
use razor_core::units::{Price, Qty};
use razor_sim::rng::Rng;

use super::play::{Play, SETTINGS, Taken, hash_of};

const SEED: u64 = 21;

/// Puts a record that must be refused, counted, and change nothing.
fn refuse(play: &mut Play, kind: Kind, payload: &[u8]) {
    let facts =
        |play: &Play| (play.desk().clone(), play.engine.past(), play.engine.next_deadline());
    let (before, seen) = (facts(play), play.seen.clone());
    let refused = play.engine.integrity().records_refused;
    let stepped = play.take(kind, play.engine.now().0, "", payload);
    assert!(stepped.is_refused, "{kind:?} {payload:?}");
    assert_eq!(play.engine.integrity().records_refused, refused + 1);
    assert!(facts(play) == before, "{kind:?} {payload:?} changed the desk");
    assert_eq!(play.seen, seen);
}

/// Attempts that differ from a planned one in one fact each.
fn others(attempt: Attempt) -> Vec<Attempt> {
    let Attempt { key, limit, order_qty, token, .. } = attempt;
    let signal_id = key.signal_id + 1;
    vec![
        Attempt { order_qty: Qty(order_qty.0 + 1), ..attempt },
        Attempt { limit: Price::from_micros(limit.micros() + 1).unwrap(), ..attempt },
        Attempt { token: TokenIx(token.0 ^ 1), ..attempt },
        Attempt { rung: Rung::FlatTwo, ..attempt },
        Attempt { key: AttemptKey { signal_id, ..key }, ..attempt },
        Attempt { key: AttemptKey { attempt: key.attempt + 1, ..key }, ..attempt },
        Attempt { key: AttemptKey { leg: key.leg + 1, ..key }, ..attempt },
    ]
}

#[test]
fn an_intent_that_the_desk_did_not_plan_is_refused() {
    let mut play = Play::new(SEED, 20_000, true);
    let Request::Persist { order, attempt } = play.asked() else { panic!("no order") };
    for attempt in others(attempt) {
        let hash = hash_of(order);
        refuse(&mut play, Kind::Intent, &Intent { order, hash, attempt }.encode());
    }
    let other = Intent { order: OrderIx(order.0 + 1), hash: hash_of(order), attempt };
    refuse(&mut play, Kind::Intent, &other.encode());
    let set = SetIx(0);
    let merge = MergeIntent { signal_id: attempt.key.signal_id, set, qty: attempt.order_qty };
    refuse(&mut play, Kind::Intent, &merge.encode());

    let intent = play.journal(order, attempt);
    let asked = play.seen.requests.pop_front();
    assert!(matches!(asked, Some(Request::Send { intent: it, .. }) if it == intent), "{asked:?}");
}

#[test]
fn a_merge_that_the_desk_did_not_plan_is_refused() {
    let mut play = Play::new(24, 20_000, true);
    let merge = play.until_merge();
    for other in [
        MergeIntent { qty: Qty(merge.qty.0 - 1), ..merge },
        MergeIntent { set: SetIx(merge.set.0 + 1), ..merge },
        MergeIntent { signal_id: merge.signal_id + 1, ..merge },
    ] {
        refuse(&mut play, Kind::Intent, &other.encode());
    }
    play.put(Kind::Intent, &merge.encode());
    play.say(VenueEvent::Merged { is_done: true });
    refuse(&mut play, Kind::Intent, &merge.encode());
}

#[test]
fn bytes_without_a_meaning_are_refused_and_change_nothing() {
    let mut play = Play::new(SEED, 20_000, false);
    let intent = play.send_next();
    let (order, reply) = (intent.order, Reply::Live);
    let good = VenueEvent::Replied { order, reply }.encode();
    for (at, byte) in [(0, 0), (0, 10), (0, 255), (1, 9), (1, 255)] {
        let mut bytes = good;
        bytes[at] = byte;
        refuse(&mut play, Kind::Venue, &bytes);
    }
    let mut mode = [0; EVENT_BYTES];
    (mode[0], mode[1]) = (5, 6);
    refuse(&mut play, Kind::Venue, &mode);
    let mut rng = Rng::new(SEED);
    for _ in 0..200 {
        let length = rng.index(120);
        let bytes: Vec<u8> = (0..length).map(|_| rng.next().to_le_bytes()[0]).collect();
        if length != EVENT_BYTES {
            refuse(&mut play, Kind::Venue, &bytes);
        }
        refuse(&mut play, Kind::Intent, &bytes);
        refuse(&mut play, Kind::Operator, &bytes);
    }
    for text in ["", "{}", "stop", r#"{"verb":"STOP"}"#, r#"{"verb":"resume"}"#, r#"{"verb":7}"#] {
        refuse(&mut play, Kind::Operator, text.as_bytes());
    }
    assert_eq!(play.desk().phase(), Phase::FiringLeg1, "trading goes on");
    play.take(Kind::Venue, play.engine.now().0, "", &good);
    assert!(matches!(play.seen.requests.pop_front(), Some(Request::Cancel { .. })));
}

#[test]
fn a_dry_run_knows_no_orders() {
    let mut engine = razor_core::engine::Engine::default();
    let mut seen = super::play::Seen::default();
    let settings = SETTINGS.replace(r#""orders":"sim","#, "");
    let mut put = |kind: Kind, payload: &[u8]| {
        let taken = Taken { kind, at: 1, conn: "", payload: payload.to_vec() };
        taken.put(&mut engine, &mut seen).is_refused
    };
    assert!(!put(Kind::Params, settings.as_bytes()));
    assert!(put(Kind::Venue, &VenueEvent::Foreign.encode()));
    assert!(put(Kind::Intent, &[0; 80]));
    assert!(!put(Kind::Operator, br#"{"verb":"stop"}"#), "a stop of the shell alone");
    assert!(!put(Kind::Recovery, b"{}"));
    assert!(engine.desk().is_none() && engine.next_deadline().is_none());
    assert_eq!(seen.requests.len(), 0);
    assert_eq!(engine.past(), razor_core::order::gateway::Past::default());
}

fn say(play: &mut Play, verb: &str) {
    let text = format!(r#"{{"verb":"{verb}","by":"root","reason":"smoke, fire"}}"#);
    play.put(Kind::Operator, text.as_bytes());
}

#[test]
fn a_halt_cancels_and_a_clear_comes_only_when_nothing_is_open() {
    let mut play = Play::new(SEED, 20_000, false);
    let intent = play.send_next();
    say(&mut play, "halt");
    let (order, hash) = (intent.order, intent.hash);
    assert_eq!(play.seen.requests.pop_front(), Some(Request::Cancel { order, hash }));
    let unresolved = |play: &Play| play.desk().standing(play.engine.now()).unresolved;
    assert_eq!((play.desk().phase(), unresolved(&play)), (Phase::HardStop, 1));
    say(&mut play, "clear");
    assert_eq!(play.desk().phase(), Phase::HardStop, "an order is out");
    play.say(VenueEvent::Replied { order, reply: Reply::RefusedOrder });
    assert_eq!((play.desk().phase(), unresolved(&play)), (Phase::HardStop, 0));
    say(&mut play, "clear");
    assert!(play.desk().phase().is_free(), "{:?}", play.desk().phase());
    assert!(matches!(play.asked(), Request::Persist { .. }), "trading goes on");

    let trail = &play.seen.rows[&Table::TradeLog];
    let spoken: Vec<&str> = trail
        .lines()
        .filter(|line| line.contains(",OPERATOR,"))
        .map(|line| line.split('"').nth(1).expect("a quoted cell"))
        .collect();
    let expected = ["HALT|root: smoke, fire", "CLEAR|root: smoke, fire", "CLEAR|root: smoke, fire"];
    assert_eq!(spoken, expected);
}

#[test]
fn a_stop_lets_the_order_that_is_out_end_and_then_stops() {
    let mut play = Play::new(SEED, 20_000, false);
    let Intent { order, hash, .. } = play.send_next();
    say(&mut play, "stop");
    assert_eq!(play.seen.requests.pop_front(), Some(Request::Cancel { order, hash }));
    assert!(play.desk().standing(play.engine.now()).is_stopping);
    play.say(VenueEvent::Replied { order, reply: Reply::RefusedOrder });
    assert_eq!(play.desk().phase(), Phase::HardStop);
    let sends = play.desk().order_count();
    while play.feed() {}
    assert_eq!(play.desk().order_count(), sends, "signals that follow are turned away");
}

#[test]
fn a_repeated_signal_is_said_and_not_worked_again() {
    let mut play = Play::new(SEED, 20_000, false);
    play.feed();
    refuse(&mut play, Kind::Operator, br#"{"verb":"repeat"}"#);
    play.send_next();
    let orders = play.desk().order_count();
    play.put(Kind::Operator, br#"{"verb":"repeat"}"#);
    let rows = play.table(Table::TradeLog);
    let repeated = rows.iter().filter(|row| row["action"] == "DEDUP_SIGNAL").count();
    assert_eq!((repeated, play.desk().order_count()), (1, orders));
    assert_eq!(play.seen.requests.len(), 0);
}

#[test]
fn every_mode_of_the_venue_but_the_normal_one_keeps_orders_back() {
    let modes = [
        VenueMode::Normal,
        VenueMode::Restarting,
        VenueMode::PostOnly,
        VenueMode::CancelOnly,
        VenueMode::Disabled,
        VenueMode::VersionMismatch,
    ];
    for (code, mode) in (0..).zip(modes) {
        let mut play = Play::new(SEED, 5_000, false);
        play.feed();
        play.say(VenueEvent::Mode(code));
        assert_eq!(play.desk().standing(play.engine.now()).mode, mode);
        while play.seen.requests.is_empty() && play.feed() {}
        let has_order = play.desk().order_count() > 0;
        assert_eq!(has_order, mode == VenueMode::Normal, "{mode:?}");
    }
}
