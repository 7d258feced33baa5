//! A replay is a function of its records: whatever feeds them, in whatever portions, the journal
//! and the tables have the same bytes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::needless_for_each,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/seeded.rs"]
mod seeded;

use std::path::Path;
use std::time::Duration;

use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::Table;
use razor_core::units::Nanos;
use razor_io::audit::verify;
use razor_io::digest::file_sha256;
use razor_io::journal::{Durability, RecorderSettings, Tail};
use razor_io::session::{Plan, Pumped, Session};
use razor_io::source::RecordSource;
use razor_sim::world::World;
use seeded::{
    MS, START_NS, assert_sound, beside, count_of, feed, input, params, plan, run_world,
    seeded_world, segments, small, stored, table, tables, temp, write_capture,
};
use tempfile::TempDir;

/// A capture of a world, in a directory that goes away.
fn captured(world: &World) -> (TempDir, RecordSource) {
    let dir = temp();
    write_capture(&beside(&dir, "w.jsonl.zst"), world);
    let source = RecordSource::capture(&beside(&dir, "w.jsonl.zst")).unwrap();
    (dir, source)
}

/// Pumps a source to its end in portions, then closes; gives the run and the sum of the pumps.
fn pump_all(
    mut source: RecordSource,
    mut portion: impl FnMut(&Session) -> (i64, u64),
) -> (TempDir, Pumped) {
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    let mut sum = Pumped::default();
    while !sum.is_ended {
        let (until_ns, budget) = portion(&session);
        let pumped = session.pump(&mut source, until_ns, budget).unwrap();
        assert!(pumped.records <= budget, "{pumped:?} of {budget}");
        sum.records += pumped.records;
        sum.signals += pumped.signals;
        sum.is_ended = pumped.is_ended;
    }
    assert_eq!(session.next_ns(), None);
    session.close().unwrap();
    (dir, sum)
}

fn assert_same_run(left: &Path, right: &Path) {
    assert_eq!(tables(left), tables(right));
    assert!(segments(left) == segments(right), "the journals differ");
}

#[test]
fn a_capture_replayed_twice_gives_byte_identical_journals_and_tables() {
    for seed in [1, 2, 3] {
        let world = seeded_world(seed, 16_000);
        let (_first_dir, first) = captured(&world);
        let (_second_dir, second) = captured(&world);
        let (left, pumped) = pump_all(first, |_| (i64::MAX, u64::MAX));
        let (right, _) = pump_all(second, |_| (i64::MAX, u64::MAX));
        assert_same_run(left.path(), right.path());
        assert_eq!(pumped.records, world.records.len() as u64);
        assert!(pumped.signals as usize >= world.planted.len(), "{pumped:?}");
        assert_sound(left.path());
        assert!(table(left.path(), Table::ShadowLog).lines().count() > 1, "rows were settled");
        assert!(table(left.path(), Table::ShadowSets).lines().count() > 1);
    }
}

#[test]
fn the_budget_of_a_pump_changes_nothing() {
    let world = seeded_world(4, 5_000);
    let (_dir, source) = captured(&world);
    let (whole, sum) = pump_all(source, |_| (i64::MAX, u64::MAX));
    for budget in [1, 2, 7, 100, 1_000] {
        let (_dir, source) = captured(&world);
        let (run, again) = pump_all(source, |_| (i64::MAX, budget));
        assert_same_run(whole.path(), run.path());
        assert_eq!(again, sum, "budget {budget}");
    }
}

#[test]
fn steps_of_time_change_nothing_and_none_goes_beyond_its_limit() {
    let world = seeded_world(5, 5_000);
    let (_dir, source) = captured(&world);
    let (whole, sum) = pump_all(source, |_| (i64::MAX, u64::MAX));
    for step in [MS, 37 * MS, 1_000 * MS] {
        for budget in [3, u64::MAX] {
            let (_dir, source) = captured(&world);
            let mut until = START_NS - 2 * step;
            let (run, again) = pump_all(source, |session| {
                assert!(session.engine().now().0 <= until.max(0), "taken before its time");
                // One that waits lies beyond the last limit; without one time goes on.
                until = session.next_ns().map_or(until + step, |next| next.max(until + step));
                (until, budget)
            });
            assert_same_run(whole.path(), run.path());
            assert_eq!(again, sum, "step {step} budget {budget}");
        }
    }
}

#[test]
fn an_input_beyond_the_limit_waits_and_is_taken_exactly_at_its_time() {
    let world = seeded_world(6, 400);
    let (_dir, mut source) = captured(&world);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    let first = world.records[0].recv_ns;
    let none = Pumped::default();
    assert_eq!(session.pump(&mut source, first - 1, 10).unwrap(), none);
    assert_eq!(session.next_ns(), Some(first));
    assert_eq!(session.pump(&mut source, first - 1, 10).unwrap(), none, "it still waits");
    assert_eq!(session.pump(&mut source, first, 0).unwrap(), none, "a budget of none is none");
    assert_eq!(session.next_ns(), Some(first));
    let one = session.pump(&mut source, first, 1).unwrap();
    assert_eq!((one.records, one.is_ended), (1, false));
    assert_eq!(session.next_ns(), None);
    assert_eq!(session.engine().now(), Nanos(first));
    let rest = session.pump(&mut source, i64::MAX, u64::MAX).unwrap();
    assert_eq!((rest.records as usize, rest.is_ended), (world.records.len() - 1, true));
    let over = session.pump(&mut source, i64::MAX, u64::MAX).unwrap();
    assert_eq!((over.records, over.is_ended), (0, true), "the end stays the end");
    session.close().unwrap();
    assert_sound(dir.path());
}

#[test]
fn an_input_that_still_waits_at_the_close_is_not_part_of_the_run() {
    let world = seeded_world(7, 600);
    let (_dir, mut source) = captured(&world);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    let until = START_NS + 300 * MS;
    let pumped = session.pump(&mut source, until, u64::MAX).unwrap();
    assert!(session.next_ns().unwrap() > until);
    session.close().unwrap();
    let records = assert_sound(dir.path());
    let inputs = records.iter().filter(|record| !record.kind.is_bookkeeping()).count();
    assert_eq!(inputs as u64, pumped.records + 1);
    assert!(records.iter().all(|record| record.recv_ns <= until));
}

#[test]
fn feeding_and_pumping_the_same_records_give_the_same_run() {
    let world = seeded_world(8, 6_000);
    let fed = run_world(&world);
    let (_dir, source) = captured(&world);
    let (pumped, _) = pump_all(source, |_| (i64::MAX, 50));
    assert_same_run(fed.path(), pumped.path());
}

#[test]
fn replaying_a_journal_gives_the_tables_of_replaying_its_capture() {
    for seed in [9, 10] {
        let world = seeded_world(seed, 14_000);
        let (_dir, source) = captured(&world);
        let (from_capture, _) = pump_all(source, |_| (i64::MAX, u64::MAX));
        let source = RecordSource::journal(from_capture.path()).unwrap();
        let (from_journal, sum) = pump_all(source, |_| (i64::MAX, 13));
        assert_eq!(sum.records as usize, world.records.len());
        assert_same_run(from_capture.path(), from_journal.path());
        let source = RecordSource::journal(from_journal.path()).unwrap();
        let (again, _) = pump_all(source, |_| (i64::MAX, u64::MAX));
        assert_same_run(from_capture.path(), again.path());
    }
}

#[test]
fn flushes_and_their_times_change_no_row() {
    let world = seeded_world(11, 4_000);
    let whole = run_world(&world);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    let mut last = 0;
    for (index, part) in world.records.chunks(17).enumerate() {
        feed(&mut session, part, 0);
        if index % 3 == 0 {
            session.flush().unwrap();
        }
        if index % 5 == 0 {
            let seq = session.flush_durable().unwrap();
            assert!(seq > last && session.durable_seq() >= seq);
            last = seq;
        }
    }
    session.close().unwrap();
    assert_sound(dir.path());
    assert_eq!(tables(dir.path()), tables(whole.path()));
    assert_eq!(payloads(dir.path()), payloads(whole.path()));
}

fn payloads(dir: &Path) -> Vec<(Kind, Vec<u8>)> {
    stored(dir).into_iter().map(|record| (record.kind, record.payload)).collect()
}

#[test]
fn how_the_journal_is_written_changes_no_row() {
    let world = seeded_world(12, 4_000);
    let whole = run_world(&world);
    let each = Durability::EachFlush;
    let timed = Durability::Every { span: Duration::from_millis(1), bytes: 1 };
    for recorder in [
        RecorderSettings { chunk_bytes: 4 * 1024, chunks: 2, ..small() },
        RecorderSettings { segment_bytes: 64 * 1024, ..small() },
        RecorderSettings { level: 9, ..small() },
        RecorderSettings { max_age: Some(Duration::from_millis(20)), ..small() },
        RecorderSettings { durability: each, ..small() },
        RecorderSettings { durability: timed, reserve_bytes: 4096, ..small() },
        RecorderSettings { headroom_bytes: 0, reserve_bytes: 0, ..RecorderSettings::replay() },
    ] {
        let dir = temp();
        let mut session = Session::open(&Plan { recorder, ..plan(dir.path(), START_NS) }).unwrap();
        feed(&mut session, &world.records, 0);
        session.close().unwrap();
        assert_sound(dir.path());
        assert_eq!(tables(dir.path()), tables(whole.path()));
        assert_eq!(payloads(dir.path()), payloads(whole.path()));
    }
}

#[test]
fn the_end_of_a_run_labels_its_last_record_and_counts_what_was_open() {
    let world = seeded_world(13, 3_000);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    // Up to the first planted set: its window is open at the end.
    let planted = world.planted[0].recv_ns;
    let upto: Vec<_> = world.records.iter().filter(|r| r.recv_ns <= planted).cloned().collect();
    feed(&mut session, &upto, 0);
    let signals = session.take_signals();
    assert_eq!(signals.iter().map(|s| s.recv_ns.0).collect::<Vec<_>>(), [planted]);
    assert_eq!(session.take_signals(), [], "taken once");
    let closed = session.close().unwrap();
    let records = assert_sound(dir.path());
    let end = records.last().unwrap();
    assert_eq!((end.kind, end.seq, end.recv_ns), (Kind::End, closed.last_seq, planted));
    assert_eq!(closed.stats.durable_seq, closed.last_seq);
    assert_eq!(verify(dir.path()).unwrap().integrity.windows_dropped, 1);
    assert_eq!(table(dir.path(), Table::ShadowLog).lines().count(), 1, "the header alone");
}

#[test]
fn a_run_without_inputs_is_a_run() {
    let dir = temp();
    let session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    assert!(!session.is_resumed());
    let closed = session.close().unwrap();
    assert_eq!(closed.last_seq, 2);
    let records = assert_sound(dir.path());
    assert_eq!(
        records.iter().map(|r| (r.kind, r.recv_ns)).collect::<Vec<_>>(),
        [(Kind::Params, 0), (Kind::End, 0)]
    );
    let lines: Vec<usize> =
        tables(dir.path()).iter().map(|(_, text)| text.lines().count()).collect();
    assert_eq!(lines, [1, 1, 1, 1, 1, 1, 1, 1, 1, 2], "headers, one heartbeat and the closing row");
}

#[test]
fn connections_are_introduced_once_and_in_order_of_use() {
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    for (index, conn) in ["b-1", "", "a-0", "b-1", "c-2", "a-0"].into_iter().enumerate() {
        let recv_ns = Nanos(START_NS + index as i64);
        let payload = b"{\"price\":1}";
        let record = Record { kind: Kind::Ref, recv_ns, conn, epoch: 3, payload };
        assert!(!session.feed(&record).unwrap().is_refused);
    }
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(count_of(&records, Kind::Conn), 3);
    let names: Vec<&str> =
        records.iter().filter(|r| r.kind == Kind::Ref).map(|r| r.conn.as_str()).collect();
    assert_eq!(names, ["b-1", "", "a-0", "b-1", "c-2", "a-0"]);
    assert!(records.iter().filter(|r| r.kind == Kind::Ref).all(|r| r.epoch == 3));
}

#[test]
fn receive_times_that_go_back_are_recorded_as_they_are_and_counted() {
    let world = seeded_world(14, 1_000);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    let mut back = 0;
    for (index, record) in world.records.iter().enumerate() {
        let mut record = input(record, 0);
        if index % 10 == 9 {
            record.recv_ns = Nanos(record.recv_ns.0 - 400 * MS);
            back += 1;
        }
        session.feed(&record).unwrap();
    }
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert!(records.iter().any(|record| record.recv_ns < START_NS && record.recv_ns > 0));
    assert_eq!(verify(dir.path()).unwrap().integrity.clock_backwards, back);
}

#[test]
fn two_runs_differ_only_in_their_name() {
    let world = seeded_world(15, 13_000);
    let first = run_world(&world);
    let dir = temp();
    let named = Plan { params: params("run_other"), ..plan(dir.path(), START_NS) };
    let mut session = Session::open(&named).unwrap();
    feed(&mut session, &world.records, 0);
    session.close().unwrap();
    assert_sound(dir.path());
    for ((name, left), (_, right)) in tables(first.path()).iter().zip(tables(dir.path())) {
        let renamed = right.replace("\nrun_other,", "\nrun_t,");
        assert_eq!(*left, renamed, "{name}");
    }
}

#[test]
fn the_files_of_a_replay_have_the_same_digests() {
    let world = seeded_world(16, 2_000);
    let (left, right) = (run_world(&world), run_world(&world));
    for table in Table::ALL {
        let digest = |dir: &Path| file_sha256(&dir.join(table.file_name())).unwrap();
        assert_eq!(digest(left.path()), digest(right.path()));
    }
    let other = run_world(&seeded_world(17, 2_000));
    let ticks = |dir: &Path| file_sha256(&dir.join("ticks.csv")).unwrap();
    assert_ne!(ticks(left.path()), ticks(other.path()));
    let (first, second) = (verify(left.path()).unwrap(), verify(right.path()).unwrap());
    assert_eq!((first.head, first.journal.tail), (second.head, Tail::Closed));
}
