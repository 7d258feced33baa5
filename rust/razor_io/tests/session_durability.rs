//! D-10 in a session that trades: once the disk refuses a write, nothing is sent any more, and the
//! start after it recovers without a word to the venue but questions.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/lasting.rs"]
mod lasting;
#[path = "support/seeded.rs"]
mod seeded;
#[path = "support/small_disk.rs"]
mod small_disk;

use std::os::unix::fs::symlink;
use std::path::Path;

use lasting::{Lasting, order_plan, trail};
use razor_core::basket::Phase;
use razor_core::order::OrderHash;
use razor_core::risk::GuardId;
use razor_io::journal::Tail;
use razor_io::session::{Plan, Session, SessionFault};
use razor_sim::world::WorldRecord;
use seeded::{START_NS, assert_sound, input, quick, seeded_world, temp};
use small_disk::SmallDisk;

/// Hashes that the venue was sent, in order of sending.
fn sent(lasting: &Lasting) -> Vec<(OrderHash, usize)> {
    let venue = lasting.0.lock().unwrap();
    venue.truth().orders().map(|(_, order)| (order.intent.hash, order.sent.len())).collect()
}

/// Where a session refused first, why, and what the venue had been sent by then.
type Refused = (usize, SessionFault, Vec<(OrderHash, usize)>);

/// Feeds on whatever happens, and gives the place and the fault of the first refusal; what is
/// flushed is what a beat flushes.
fn feed_past_the_fault(
    session: &mut Session,
    records: &[WorldRecord],
    lasting: &Lasting,
) -> (usize, SessionFault) {
    let mut first: Option<Refused> = None;
    for (at, record) in records.iter().enumerate() {
        let fed = session.feed(&input(record, 0)).map(drop);
        let done = if at % 20 == 0 { fed.and_then(|()| session.flush()) } else { fed };
        if let (Err(fault), None) = (done, &first) {
            first = Some((at, fault, sent(lasting)));
        }
    }
    drop(session.drain_venue());
    let (at, fault, before) = first.unwrap_or_else(|| panic!("nothing failed"));
    assert_eq!(sent(lasting), before, "an order was sent after the first failed write");
    assert!(!before.is_empty(), "orders were sent before it");
    (at, fault)
}

/// The desk stopped by the guard of durability, whatever it was doing.
fn assert_stopped(session: &Session) {
    let desk = session.engine().desk().unwrap();
    assert_eq!(desk.phase(), Phase::HardStop);
    assert_eq!(desk.stopped().map(|guard| guard.id), Some(GuardId::D10));
}

/// Goes on behind the fault with the same venue: quiet until it is reconciled, no order twice.
fn go_on(dir: &Path, plan: &Plan, rest: &[WorldRecord], lasting: &Lasting) {
    let before = sent(lasting);
    let mut session = Session::open_alone(plan, lasting.venue()).unwrap();
    assert!(session.is_resumed());
    assert_eq!(session.engine().desk().unwrap().phase(), Phase::SafeHold);
    assert_eq!(sent(lasting), before, "a recovery sends nothing");
    for record in rest {
        session.feed(&input(record, 0)).unwrap();
    }
    session.close().unwrap();
    assert_sound(dir);
    let recovered = trail(dir).into_iter().filter(|row| row["action"] == "RECOVERY");
    assert!(recovered.count() >= 2, "it held, and it was reconciled");
    assert!(lasting.0.lock().unwrap().truth().placed_twice().is_empty());
}

#[test]
fn a_full_disk_stops_trading_before_the_next_order_and_the_next_start_is_quiet() {
    for is_durable in [true, false] {
        let Some(disk) = SmallDisk::mount("size=700k") else { return };
        let world = seeded_world(21, 150_000);
        let lasting = Lasting::new(quick());
        let plan = |now_ns| Plan { durable_intents: is_durable, ..order_plan(disk.path(), now_ns) };
        let mut session = Session::open_alone(&plan(START_NS), lasting.venue()).unwrap();
        let (at, fault) = feed_past_the_fault(&mut session, &world.records, &lasting);
        assert!(fault.to_string().contains("disk is full"), "{fault}");
        assert_stopped(&session);
        drop(session);
        disk.remount("size=64m");
        let rest = &world.records[at + 1..];
        if is_durable {
            // Without it the venue may have an order that no journal knows: refused in LIVE.
            go_on(disk.path(), &plan(rest[0].recv_ns), rest, &lasting);
        }
    }
}

#[test]
fn a_table_that_cannot_be_written_stops_trading_and_the_journal_says_so() {
    // The journal lies on another disk, so that the tables alone meet the full one.
    let Some(disk) = SmallDisk::mount("size=150k") else { return };
    let elsewhere = temp();
    symlink(elsewhere.path(), disk.path().join("journal")).unwrap();
    let world = seeded_world(21, 60_000);
    let lasting = Lasting::new(quick());
    let plan = |now_ns| order_plan(disk.path(), now_ns);
    let mut session = Session::open_alone(&plan(START_NS), lasting.venue()).unwrap();
    let (_, fault) = feed_past_the_fault(&mut session, &world.records, &lasting);
    assert!(matches!(fault, SessionFault::Io(_)), "{fault}");
    assert_stopped(&session);
    drop(session);
    disk.remount("size=64m");
    // The stop is in the journal, so only an operator leaves it (L-10).
    let last = world.records.last().unwrap().recv_ns;
    let session = Session::open_alone(&plan(last), lasting.venue()).unwrap();
    assert_stopped(&session);
    session.close().unwrap();
    assert_sound(disk.path());
    let stops = trail(disk.path()).into_iter().filter(|row| row["action"] == "HARDSTOP");
    assert_eq!(stops.count(), 1);
}

#[test]
fn a_run_whose_disk_was_lost_is_not_closed_as_if_it_were_whole() {
    let Some(disk) = SmallDisk::mount("size=700k") else { return };
    let world = seeded_world(21, 60_000);
    let lasting = Lasting::new(quick());
    let plan = order_plan(disk.path(), START_NS);
    let mut session = Session::open_alone(&plan, lasting.venue()).unwrap();
    feed_past_the_fault(&mut session, &world.records, &lasting);
    // Journal and tables share the disk; which of them met it first is no matter.
    let fault = session.close().err().unwrap().to_string();
    assert!(fault.contains("disk is full"), "{fault}");
    let tail = razor_io::journal::recover(disk.path()).unwrap().summary().tail;
    assert_ne!(tail, Tail::Closed);
}
