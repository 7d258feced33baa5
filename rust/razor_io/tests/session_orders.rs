//! The order path in a session: the closed loop against the simulated venue, replayed from its own
//! journal, and killed at any record and any byte of it while the venue lives on.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/lasting.rs"]
mod lasting;
#[path = "support/seeded.rs"]
mod seeded;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lasting::{Lasting, order_plan, trail};
use razor_core::basket::Phase;
use razor_core::engine::record::{Kind, Record};
use razor_core::ids::TokenIx;
use razor_core::order::gateway::VenueEvent;
use razor_core::units::Nanos;
use razor_io::session::Session;
use razor_sim::gateway::Axis;
use seeded::{
    START_NS, assert_sound, count_of, feed, input, plan, quick, seeded_world, segments, tables,
    temp,
};

/// Every signal of the trail has exactly one terminal row.
fn assert_one_end_per_signal(dir: &Path) -> usize {
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    for row in trail(dir) {
        let signal = row["signal_id"].clone();
        if signal.is_empty() {
            continue;
        }
        let is_end = matches!(row["action"].as_str(), "END" | "HARDSTOP" | "COOLDOWN")
            && !row["result"].is_empty();
        *ends.entry(signal).or_default() += usize::from(is_end);
    }
    for (signal, count) in &ends {
        assert_eq!(*count, 1, "terminal rows of signal {signal}");
    }
    ends.len()
}

/// What the machine believes it holds is what the venue knows it has.
fn assert_held_as_at_the_venue(session: &Session, lasting: &Lasting) {
    let venue = lasting.0.lock().unwrap();
    let desk = session.engine().desk().unwrap();
    for token in (0..40).map(TokenIx) {
        let held = i128::from(desk.ledger().position(token).conf.0);
        assert_eq!(held, venue.truth().position(token, Axis::Confirmed), "{token:?}");
    }
}

#[test]
fn the_closed_loop_fires_chases_settles_and_ends_each_signal_once() {
    let world = seeded_world(21, 20_000);
    let dir = temp();
    let lasting = Lasting::new(quick());
    let mut session =
        Session::open_alone(&order_plan(dir.path(), START_NS), lasting.venue()).unwrap();
    feed(&mut session, &world.records, 0);
    session.drain_venue().unwrap();
    assert_held_as_at_the_venue(&session, &lasting);
    session.close().unwrap();
    assert_sound(dir.path());
    assert!(assert_one_end_per_signal(dir.path()) > 3);
    let actions: Vec<String> = trail(dir.path()).iter().map(|row| row["action"].clone()).collect();
    for action in ["FIRE", "CHASE", "SETTLE", "COOLDOWN", "STATE", "END"] {
        assert!(actions.iter().any(|found| found == action), "{action}");
    }
    assert!(lasting.0.lock().unwrap().truth().placed_twice().is_empty());
}

#[test]
fn the_same_inputs_and_seed_give_the_same_bytes() {
    let world = seeded_world(22, 6_000);
    let run = || {
        let dir = temp();
        let lasting = Lasting::new(quick());
        let mut session =
            Session::open_alone(&order_plan(dir.path(), START_NS), lasting.venue()).unwrap();
        feed(&mut session, &world.records, 0);
        session.close().unwrap();
        (segments(dir.path()), tables(dir.path()))
    };
    assert_eq!(run(), run());
}

#[test]
fn a_kill_at_any_record_sends_nothing_twice_and_loses_no_position() {
    let world = seeded_world(21, 8_000);
    let len = world.records.len();
    for part in 0..40 {
        let cut = part * len / 40;
        let dir = temp();
        let lasting = Lasting::new(quick());
        let mut session =
            Session::open_alone(&order_plan(dir.path(), START_NS), lasting.venue()).unwrap();
        feed(&mut session, &world.records[..cut], 0);
        drop(session);
        let now_ns = world.records[cut].recv_ns;
        let mut session =
            Session::open_alone(&order_plan(dir.path(), now_ns), lasting.venue()).unwrap();
        let phase = session.engine().desk().unwrap().phase();
        assert_eq!(phase, Phase::SafeHold, "cut {cut}");
        for record in &world.records[cut..] {
            session.feed(&input(record, 0)).unwrap();
        }
        session.drain_venue().unwrap();
        assert_held_as_at_the_venue(&session, &lasting);
        // Once every order was proven the account was asked for, and the desk went on.
        assert_ne!(session.engine().desk().unwrap().phase(), Phase::SafeHold, "cut {cut}");
        session.close().unwrap();
        let records = assert_sound(dir.path());
        assert_eq!(count_of(&records, Kind::Recovery), 1);
        assert_one_end_per_signal(dir.path());
        assert!(lasting.0.lock().unwrap().truth().placed_twice().is_empty(), "cut {cut}");
        assert_quiet_until_reconciled(dir.path());
    }
}

/// Between the restart and the end of its questions no order went out (D-6).
fn assert_quiet_until_reconciled(dir: &Path) {
    let rows = trail(dir);
    let after = rows.iter().skip_while(|row| row["action"] != "RECOVERY").skip(1);
    let held = after.take_while(|row| row["reason_codes"] != "RECONCILED");
    let ms = |text: &str| text.parse::<i64>().unwrap_or(0);
    let restarted = rows.iter().find(|row| row["action"] == "RECOVERY").unwrap();
    for row in held.filter(|row| !row["latency_ms"].is_empty()) {
        // An attempt that ends here was sent before the restart.
        let sent = ms(&row["ts_ms"]) - ms(&row["latency_ms"]);
        assert!(sent <= ms(&restarted["ts_ms"]), "{row:?}");
    }
}

#[test]
fn a_journal_cut_at_any_byte_is_gone_on_with() {
    let world = seeded_world(23, 2_500);
    let whole = temp();
    let lasting = Lasting::new(quick());
    let mut session =
        Session::open_alone(&order_plan(whole.path(), START_NS), lasting.venue()).unwrap();
    feed(&mut session, &world.records, 0);
    session.flush_durable().unwrap();
    let intents = session.engine().desk().unwrap().orders().count();
    assert!(intents > 0, "the reference journal has orders");
    drop(session);
    let bytes = segments(whole.path()).remove(0);
    let step = (bytes.len() / 150).max(1);
    for cut in (0..bytes.len()).step_by(step) {
        let dir = temp();
        fs::create_dir(dir.path().join("journal")).unwrap();
        let name = fs::read_dir(whole.path().join("journal"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .find(|name| name.to_string_lossy().ends_with(".rzj"))
            .unwrap();
        fs::write(dir.path().join("journal").join(name), &bytes[..cut]).unwrap();
        let venue = Lasting::new(quick()).venue();
        let now_ns = START_NS + 10_000_000_000;
        let session = Session::open_alone(&order_plan(dir.path(), now_ns), venue).unwrap();
        session.close().unwrap();
        assert_sound(dir.path());
    }
}

#[test]
fn a_dry_run_has_no_desk_and_refuses_the_records_of_one() {
    let world = seeded_world(21, 2_000);
    let dir = temp();
    let lasting = Lasting::new(quick());
    let dry = plan(dir.path(), START_NS);
    let mut session = Session::open_alone(&dry, lasting.venue()).unwrap();
    feed(&mut session, &world.records, 0);
    assert!(session.engine().desk().is_none());
    assert_eq!(session.engine().next_deadline(), None);
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(count_of(&records, Kind::Intent) + count_of(&records, Kind::Venue), 0);
    assert_eq!(trail(dir.path()).len(), 0);
    assert_eq!(lasting.0.lock().unwrap().truth().orders().count(), 0);
    // Without a venue of its own a session takes such records from its source; a dry run refuses.
    let told = temp();
    let mut session = Session::open(&plan(told.path(), START_NS)).unwrap();
    for kind in [Kind::Intent, Kind::Venue] {
        let payload = VenueEvent::Reconciled.encode();
        let record =
            Record { kind, recv_ns: Nanos(START_NS), conn: "", epoch: 0, payload: &payload };
        assert!(session.feed(&record).unwrap().is_refused, "{kind:?}");
    }
}
