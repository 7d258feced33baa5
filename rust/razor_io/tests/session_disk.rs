//! A session on a disk that is full, read-only or changed by someone else: a typed fault, and a
//! journal whose prefix is intact.
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
#[path = "support/small_disk.rs"]
mod small_disk;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use razor_core::engine::table::Table;
use razor_io::audit::{AuditFault, rebuild, verify};
use razor_io::fault::{IoFault, Operation};
use razor_io::journal::{JournalFault, RecorderSettings, Tail, recover, segment_path};
use razor_io::session::{Plan, Session, SessionFault};
use razor_sim::world::WorldRecord;
use seeded::{
    START_NS, assert_sound, feed, fold, input, plan, seeded_world, small, stored, tables, temp,
};
use small_disk::SmallDisk;

/// Feeds and flushes until something fails.
fn feed_until_fault(session: &mut Session, records: &[WorldRecord]) -> SessionFault {
    for part in records.chunks(20) {
        for record in part {
            if let Err(fault) = session.feed(&input(record, 0)) {
                return fault;
            }
        }
        if let Err(fault) = session.flush_durable() {
            return fault;
        }
    }
    panic!("nothing failed");
}

/// What the journal holds is a prefix of what was fed, in order.
fn assert_prefix(dir: &Path, records: &[WorldRecord]) -> usize {
    let kept = stored(dir);
    let inputs: Vec<&[u8]> = kept
        .iter()
        .filter(|record| matches!(record.kind.word(), "meta" | "ws" | "trade"))
        .map(|record| record.payload.as_slice())
        .collect();
    let fed: Vec<&[u8]> =
        records.iter().take(inputs.len()).map(|record| record.payload.as_bytes()).collect();
    assert!(inputs == fed, "the journal is no prefix of the feed");
    inputs.len()
}

#[test]
fn a_full_disk_is_a_fault_and_the_run_goes_on_once_there_is_space() {
    let Some(disk) = SmallDisk::mount("size=600k") else { return };
    let world = seeded_world(51, 30_000);
    let mut session = Session::open(&plan(disk.path(), START_NS)).unwrap();
    let fault = feed_until_fault(&mut session, &world.records);
    let full = matches!(
        fault,
        SessionFault::Journal(JournalFault::Io(IoFault::DiskFull { .. }))
            | SessionFault::Io(IoFault::DiskFull { .. })
    );
    assert!(full, "{fault}");
    assert!(fault.to_string().contains("free space"), "{fault}");
    let durable = session.durable_seq();
    drop(session);
    assert!(recover(disk.path()).unwrap().chain().last_seq() >= durable);
    let kept = assert_prefix(disk.path(), &world.records);
    assert!(kept > 20);

    disk.remount("size=64m");
    let now_ns = world.records[kept].recv_ns;
    let mut session = Session::open(&plan(disk.path(), now_ns)).unwrap();
    assert!(session.is_resumed());
    feed(&mut session, &world.records[kept..], 0);
    session.close().unwrap();
    assert_sound(disk.path());
}

#[test]
fn a_full_disk_while_tables_are_written_keeps_its_fault_and_repeats_no_bytes() {
    // The journal lies on another disk, so that the tables alone meet the full one.
    let Some(disk) = SmallDisk::mount("size=200k") else { return };
    let elsewhere = temp();
    symlink(elsewhere.path(), disk.path().join("journal")).unwrap();
    let world = seeded_world(52, 60_000);
    let mut session = Session::open(&plan(disk.path(), START_NS)).unwrap();
    let fault = feed_until_fault(&mut session, &world.records);
    let full =
        matches!(&fault, SessionFault::Io(IoFault::DiskFull { operation: Operation::Write, .. }));
    assert!(full, "{fault}");
    disk.remount("size=64m");
    let again = session.flush().err().unwrap();
    assert_eq!(again.to_string(), fault.to_string(), "the first fault stays");
    let again = session.flush_durable().err().unwrap();
    assert_eq!(again.to_string(), fault.to_string());
    assert!(session.close().is_err());
    // What was written is a beginning of the fold: nothing stands twice.
    let (_, memory) = fold(&stored(disk.path()));
    for ((name, found), (_, expected)) in tables(disk.path()).iter().zip(memory.tables()) {
        assert!(expected.starts_with(found), "{name}");
    }
    rebuild(disk.path()).unwrap();
    assert_eq!(verify(disk.path()).unwrap().differences, []);
}

#[test]
fn a_read_only_directory_is_refused_and_changed_nothing() {
    let Some(disk) = SmallDisk::mount("size=16m") else { return };
    let world = seeded_world(53, 1_000);
    let mut session = Session::open(&plan(disk.path(), START_NS)).unwrap();
    feed(&mut session, &world.records, 0);
    drop(session);
    let before = tables(disk.path());
    disk.remount("ro");
    let fault = Session::open(&plan(disk.path(), START_NS)).err().unwrap();
    assert!(matches!(fault, SessionFault::Io(IoFault::ReadOnly { .. })), "{fault}");
    let fault = rebuild(disk.path()).err().unwrap();
    assert!(matches!(fault, AuditFault::Io(IoFault::ReadOnly { .. })), "{fault}");
    assert_eq!(verify(disk.path()).unwrap().journal.tail, Tail::Open, "verify only reads");
    disk.remount("rw");
    assert_eq!(tables(disk.path()), before);
    Session::open(&plan(disk.path(), START_NS)).unwrap().close().unwrap();
    assert_sound(disk.path());
}

#[test]
fn a_directory_that_is_none_is_refused_with_its_path() {
    let dir = temp();
    for (place, is_file) in [("gone/deeper", false), ("file", true)] {
        let path = dir.path().join(place);
        if is_file {
            fs::write(&path, b"").unwrap();
        }
        let fault = Session::open(&plan(&path, START_NS)).err().unwrap();
        assert!(matches!(fault, SessionFault::Io(_)), "{fault}");
        assert!(fault.to_string().contains(place), "{fault}");
    }
    // Something that is no file stands where a table must be.
    let run = dir.path().join("run");
    fs::create_dir_all(run.join("trades.csv")).unwrap();
    let fault = Session::open(&plan(&run, START_NS)).err().unwrap();
    assert!(matches!(&fault, SessionFault::Io(fault) if fault.path().ends_with("trades.csv")));
    assert!(!run.join("journal").exists(), "nothing was recorded");
}

#[test]
fn a_table_that_is_removed_replaced_or_changed_while_it_is_written_is_noticed() {
    let harm: [fn(&Path); 5] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::rename(path, path.with_extension("moved")).unwrap(),
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        },
        |path| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(3).unwrap(),
        |path| {
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(b"foreign").unwrap();
        },
    ];
    let world = seeded_world(54, 1_200);
    let half = world.records.len() / 2;
    for harm in harm {
        for table in Table::ALL {
            let dir = temp();
            let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
            feed(&mut session, &world.records[..half], 0);
            session.flush_durable().unwrap();
            let path = dir.path().join(table.file_name());
            harm(&path);
            feed(&mut session, &world.records[half..], 0);
            let fault = session.flush_durable().err().unwrap();
            let named = matches!(
                &fault,
                SessionFault::Io(IoFault::Replaced { path: named }) if *named == path
            );
            assert!(named, "{table:?}: {fault}");
            let again = session.close().err().unwrap();
            assert_eq!(again.to_string(), fault.to_string());
            // The journal has everything, so the tables can be had again.
            assert_eq!(assert_prefix(dir.path(), &world.records), world.records.len());
            rebuild(dir.path()).unwrap();
            assert_eq!(verify(dir.path()).unwrap().differences, []);
        }
    }
}

#[test]
fn a_table_removed_just_before_the_close_is_noticed_there() {
    let world = seeded_world(55, 600);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records, 0);
    fs::remove_file(dir.path().join("health.jsonl")).unwrap();
    let fault = session.close().err().unwrap();
    assert!(matches!(&fault, SessionFault::Io(IoFault::Replaced { .. })), "{fault}");
    assert!(fault.to_string().contains("health.jsonl"));
    assert_eq!(recover(dir.path()).unwrap().summary().tail, Tail::Closed);
    rebuild(dir.path()).unwrap();
    assert_sound(dir.path());
}

#[test]
fn a_segment_that_is_removed_while_it_is_written_is_noticed() {
    let world = seeded_world(56, 600);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records, 0);
    session.flush_durable().unwrap();
    let path = segment_path(&dir.path().join("journal"), 1);
    fs::remove_file(&path).unwrap();
    feed(&mut session, &world.records[world.records.len() - 1..], 0);
    let fault = session.flush_durable().err().unwrap();
    let replaced = JournalFault::Io(IoFault::Replaced { path });
    assert!(matches!(&fault, SessionFault::Journal(fault) if *fault == replaced), "{fault}");
    assert!(session.feed(&input(&world.records[0], 0)).is_err(), "the run must end");
}

#[test]
fn recorder_settings_outside_their_range_are_refused_and_leave_no_run() {
    let dir = temp();
    for recorder in [
        RecorderSettings { chunks: 1, ..small() },
        RecorderSettings { chunk_bytes: 1, ..small() },
        RecorderSettings { level: 40, ..small() },
        RecorderSettings { segment_bytes: 0, ..small() },
    ] {
        let fault = Session::open(&Plan { recorder, ..plan(dir.path(), START_NS) }).err().unwrap();
        let setting = matches!(fault, SessionFault::Journal(JournalFault::Setting { .. }));
        assert!(setting, "{fault}");
        assert_eq!(recover(dir.path()).unwrap().summary().tail, Tail::Empty);
    }
    Session::open(&plan(dir.path(), START_NS)).unwrap().close().unwrap();
    assert_sound(dir.path());
}

#[test]
fn settings_of_the_engine_that_cannot_be_used_are_refused_with_their_key() {
    for (from, to, says) in [
        ("\"q_req\":\"10\"", "\"q_req\":\"0\"", "q_req"),
        ("\"q_req\":\"10\"", "\"q_req\":\"x\"", "q_req"),
        ("\"window_end_ms\":1100", "\"window_end_ms\":100", "window_end_ms"),
        ("\"trade_retention_ms\":5000", "\"trade_retention_ms\":1099", "trade_retention_ms"),
        ("\"fill_share_thin_p25\":\"0.1\"", "\"fill_share_thin_p25\":\"1.1\"", "fill_share_thin"),
        ("{\"run_id\"", "{\"run\"", "is not valid at line"),
    ] {
        let dir = temp();
        let text = String::from_utf8(seeded::params("run_t")).unwrap();
        let params = text.replace(from, to).into_bytes();
        assert_ne!(params, text.into_bytes());
        let fault = Session::open(&Plan { params, ..plan(dir.path(), START_NS) }).err().unwrap();
        assert!(matches!(fault, SessionFault::Engine(_)), "{fault}");
        assert!(fault.to_string().contains(says), "{fault}");
    }
}
