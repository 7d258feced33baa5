//! The recorder on a disk that fails: it stops, says why, and keeps what was durable.
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
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/rig.rs"]
mod rig;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use razor_core::journal::{Kind, NO_CONN};
use razor_io::fault::IoFault;
use razor_io::journal::{
    DiskStore, JournalFault, Overload, Push, Recorder, RecorderSettings, Tail, recover,
    recover_with, segment_path,
};
use rig::{Fault, FaultyStore, Plan, Rig, identity, payload, replay_settings, start_in};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

fn plan(from: u64, fault: Fault) -> Arc<Mutex<Plan>> {
    Arc::new(Mutex::new(Plan { fault: Some((from, fault)), ..Plan::default() }))
}

/// Pushes and syncs until something fails; gives the fault and the last number reported durable.
fn record_until_fault(recorder: &mut Recorder) -> (JournalFault, u64) {
    let mut durable = 0;
    for at in 0..10_000 {
        let pushed = recorder.push(Kind::Timer, i64::from(at), NO_CONN, 0, &payload(at));
        match pushed.and_then(|_| recorder.flush_durable()) {
            Ok(seq) => durable = seq,
            Err(fault) => return (fault, durable),
        }
    }
    panic!("nothing failed");
}

#[test]
fn each_kind_of_error_at_each_call_stops_the_recorder_and_keeps_what_was_durable() {
    for code in [EIO, ENOSPC, EROFS] {
        for fault in [Fault::Fails(code), Fault::Short(7, code)] {
            for call in 2..12 {
                let rig = Rig::new();
                let plan = plan(call, fault);
                let mut recorder = rig.start_on(&replay_settings(), FaultyStore::boxed(&plan));
                let (fault, durable) = record_until_fault(&mut recorder);
                assert!(matches!(fault, JournalFault::Io(_)), "{fault}");
                let text = fault.to_string();
                assert!(text.contains(".rzj") && text.contains(';'), "path and remedy: {text}");

                let calls = plan.lock().unwrap().calls;
                plan.lock().unwrap().fault = None;
                let again = recorder.push(Kind::Timer, 0, NO_CONN, 0, b"more").unwrap_err();
                assert_eq!(again, fault, "the first fault stays, also when the disk is well again");
                assert_eq!(recorder.flush_durable(), Err(fault.clone()));
                assert_eq!(recorder.check(), Err(fault));
                assert_eq!(recorder.durable_seq(), durable);
                drop(recorder);
                // A full disk is the exception: the reserve pays for one last gap record.
                let after = plan.lock().unwrap().calls;
                assert!(after == calls || code == ENOSPC, "nothing is written after a fault");

                let found = recover(rig.path()).unwrap();
                assert!(found.chain().last_seq() >= durable);
                let mut resumed = rig.start(&replay_settings());
                resumed.push(Kind::Timer, 0, NO_CONN, 0, b"resumed").unwrap();
                resumed.close(0).unwrap();
                assert_eq!(recover(rig.path()).unwrap().summary().tail, Tail::Closed);
            }
        }
    }
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let rig = Rig::new();
    // Calls 0 and 1 write and sync the segment head; 2 writes the block, 3 syncs it.
    let plan = plan(3, Fault::Fails(EIO));
    let mut recorder = rig.start_on(&replay_settings(), FaultyStore::boxed(&plan));
    recorder.push(Kind::Timer, 0, NO_CONN, 0, b"x").unwrap();
    let path = segment_path(&rig.journal(), 1);
    let expected = JournalFault::Io(IoFault::SyncFailed { path, code: EIO });
    assert_eq!(recorder.flush_durable(), Err(expected.clone()));
    assert_eq!(recorder.close(0), Err(expected));
    assert_eq!(plan.lock().unwrap().calls, 4);
}

#[test]
fn a_full_disk_gets_a_gap_record_from_the_reserve() {
    let rig = Rig::new();
    let plan = plan(4, Fault::Short(9, ENOSPC));
    plan.lock().unwrap().heals_without = Some(rig.journal().join("reserve"));
    let mut recorder = rig.start_on(&replay_settings(), FaultyStore::boxed(&plan));
    recorder.push(Kind::Timer, 10, NO_CONN, 0, b"kept").unwrap();
    recorder.flush_durable().unwrap();
    for at in 20..25 {
        recorder.push(Kind::Timer, at, NO_CONN, 0, &payload(1)).unwrap();
    }
    let fault = recorder.flush_durable().unwrap_err();
    assert!(matches!(fault, JournalFault::Io(IoFault::DiskFull { .. })), "{fault}");
    drop(recorder);
    let mut rows = Vec::new();
    let found = recover_with(rig.path(), |record| rows.push(record.payload.to_vec())).unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0], b"kept");
    assert_eq!(rows[1], br#"{"from_ns":20,"to_ns":24,"cause":"disk_full","lost":5}"#);
    assert_eq!((found.summary().tail, found.summary().evidence.len()), (Tail::Open, 1));
    // The lost records' numbers are not reported durable because the gap record has one of them.
    assert_eq!(found.chain().last_seq(), 2);
}

#[test]
fn a_gap_of_lost_records_begins_before_it_ends_when_time_goes_back() {
    let rig = Rig::new();
    let full = plan(4, Fault::Short(9, ENOSPC));
    full.lock().unwrap().heals_without = Some(rig.journal().join("reserve"));
    let mut recorder = rig.start_on(&replay_settings(), FaultyStore::boxed(&full));
    recorder.push(Kind::Timer, 10, NO_CONN, 0, b"kept").unwrap();
    recorder.flush_durable().unwrap();
    for at in [24, 20, 23, 21] {
        recorder.push(Kind::Timer, at, NO_CONN, 0, &payload(1)).unwrap();
    }
    recorder.flush_durable().unwrap_err();
    drop(recorder);
    let mut last = Vec::new();
    recover_with(rig.path(), |record| last = record.payload.to_vec()).unwrap();
    assert_eq!(last, br#"{"from_ns":20,"to_ns":24,"cause":"disk_full","lost":4}"#);
}

#[test]
fn an_overload_while_time_goes_back_names_the_whole_span_of_what_was_lost() {
    let rig = Rig::new();
    let (plan, mut recorder) = stalled(&rig, Overload::Shed);
    let (mut at, mut lost, mut gaps) = (1_000_000_i64, Vec::new(), Vec::new());
    let mut push = |recorder: &mut Recorder, lost: &mut Vec<i64>| {
        at -= 1;
        let pushed = recorder.push(Kind::Ws, at, NO_CONN, 0, &payload(7)).unwrap();
        if matches!(pushed, Push::Shed { .. }) {
            lost.push(at);
        }
        let (Push::Recorded { gap, .. } | Push::Shed { gap }) = pushed;
        gaps.extend(gap);
        gaps.len()
    };
    for _ in 0..500 {
        push(&mut recorder, &mut lost);
    }
    plan.lock().unwrap().open = true;
    while push(&mut recorder, &mut lost) < 2 {
        std::thread::yield_now();
    }
    let [first, rest] = gaps[..] else { panic!("{gaps:?}") };
    assert_eq!((first.from_ns, first.to_ns), (lost[0], lost[0]));
    assert_eq!((rest.from_ns, rest.to_ns), (lost[lost.len() - 1], lost[1]));
    recorder.close(0).unwrap();
}

#[test]
fn a_file_that_is_removed_replaced_or_changed_is_noticed() {
    let harm: [fn(&Path); 4] = [
        |path| fs::remove_file(path).unwrap(),
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        },
        |path| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(100).unwrap(),
        |path| {
            let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
            std::io::Write::write_all(&mut file, b"foreign").unwrap();
        },
    ];
    for harm in harm {
        let rig = Rig::new();
        let mut recorder = rig.start(&replay_settings());
        recorder.push(Kind::Timer, 0, NO_CONN, 0, b"x").unwrap();
        recorder.flush_durable().unwrap();
        let path = segment_path(&rig.journal(), 1);
        harm(&path);
        recorder.push(Kind::Timer, 0, NO_CONN, 0, b"y").unwrap();
        let replaced = JournalFault::Io(IoFault::Replaced { path });
        assert_eq!(recorder.flush_durable(), Err(replaced));
    }
}

/// A store that stands still from the first block on, and a recorder that sheds.
fn stalled(rig: &Rig, overload: Overload) -> (Arc<Mutex<Plan>>, Recorder) {
    let plan = plan(2, Fault::Waits);
    let settings = RecorderSettings { overload, ..replay_settings() };
    let recorder = rig.start_on(&settings, FaultyStore::boxed(&plan));
    (plan, recorder)
}

#[test]
fn overload_sheds_only_with_a_gap_record_before_and_counts_each_record() {
    let rig = Rig::new();
    let (plan, mut recorder) = stalled(&rig, Overload::Shed);
    let (mut shed, mut in_gaps) = (0, 0);
    let mut push = |recorder: &mut Recorder, at: u32| {
        let pushed = recorder.push(Kind::Ws, i64::from(at), NO_CONN, 0, &payload(at)).unwrap();
        let (Push::Recorded { gap, .. } | Push::Shed { gap }) = pushed;
        if let Some(gap) = gap {
            in_gaps += gap.lost;
            assert!(gap.payload().contains("recorder_overload"));
        }
        if let Push::Shed { gap } = pushed {
            assert_eq!(gap.is_some(), shed == 0, "the first record of a loss is said first");
            shed += 1;
        }
        (shed, in_gaps)
    };
    for at in 0..500 {
        push(&mut recorder, at);
    }
    let (counted, _) = push(&mut recorder, 500);
    assert_eq!(recorder.stats().shed, counted);
    plan.lock().unwrap().open = true;
    let mut at = 501;
    let (shed, in_gaps) = loop {
        let counts = push(&mut recorder, at);
        at += 1;
        if counts.0 == counts.1 {
            break counts;
        }
        std::thread::yield_now();
    };
    assert!(shed > 100, "four buffers of 16 KiB hold less");
    assert_eq!(in_gaps, shed);
    recorder.close(0).unwrap();

    let (mut kept, mut lost, mut gaps) = (0, 0, Vec::new());
    recover_with(rig.path(), |record| match record.kind {
        Kind::Ws => kept += 1,
        Kind::Gap => {
            let text = String::from_utf8(record.payload.to_vec()).unwrap();
            let count = text.rsplit(':').next().unwrap().trim_end_matches('}').to_string();
            lost += count.parse::<u64>().unwrap();
            gaps.push(record.seq);
        }
        _ => {}
    })
    .unwrap();
    assert_eq!((kept + lost, lost, gaps.len()), (u64::from(at), shed, 2));
}

#[test]
fn a_source_that_can_wait_waits_and_loses_nothing() {
    let rig = Rig::new();
    let overload = Overload::Block { max_wait: Duration::from_millis(1) };
    let (plan, mut recorder) = stalled(&rig, overload);
    let mut taken = 0;
    let fault = loop {
        match recorder.push(Kind::Ws, 0, NO_CONN, 0, &payload(1)) {
            Ok(_) => taken += 1,
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault, JournalFault::Overloaded { waited_ms: 1 });
    plan.lock().unwrap().open = true;
    rig::wait_until(|| recorder.stats().blocks > 0);
    while recorder.push(Kind::Ws, 0, NO_CONN, 0, &payload(1)).is_err() {}
    assert_eq!(recorder.close(0).unwrap().last_seq, taken + 2);
}

#[test]
fn a_sync_that_takes_too_long_is_said_and_may_still_end_well() {
    let rig = Rig::new();
    let plan = plan(2, Fault::Waits);
    let settings = RecorderSettings { sync_wait: Duration::from_millis(1), ..replay_settings() };
    let mut recorder = rig.start_on(&settings, FaultyStore::boxed(&plan));
    recorder.push(Kind::Timer, 0, NO_CONN, 0, b"x").unwrap();
    assert_eq!(recorder.flush_durable(), Err(JournalFault::SlowSync { waited_ms: 1 }));
    assert_eq!(recorder.durable_seq(), 0);
    plan.lock().unwrap().open = true;
    rig::wait_until(|| recorder.durable_seq() == 1);
    assert_eq!(recorder.check(), Ok(()));
}

#[test]
fn buffers_go_round_and_none_is_added() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    for at in 0..20_000 {
        recorder.push(Kind::Ws, 0, NO_CONN, 0, &payload(at)).unwrap();
    }
    let closed = recorder.close(0).unwrap();
    assert_eq!(closed.last_seq, 20_001);
    assert!(closed.stats.blocks > 100, "four buffers carried {} blocks", closed.stats.blocks);
    assert_eq!(closed.stats.pushed_seq, closed.stats.durable_seq);
}

#[test]
fn a_directory_without_rights_is_refused_with_a_remedy() {
    let rig = Rig::new();
    fs::write(rig.journal(), b"a file stands where the directory must be").unwrap();
    let refused = rig.try_start(&replay_settings()).err().unwrap();
    assert!(refused.to_string().contains("journal"), "{refused}");
}

/// Mounts a small file system for a test, where that is allowed.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(dir.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0.path()).output());
    }
}

#[test]
fn a_really_full_disk_keeps_all_that_was_durable_and_counts_the_rest() {
    let Some(disk) = SmallDisk::mount("2m") else {
        eprintln!("skipped: a small file system cannot be mounted here (needs root)");
        return;
    };
    let dir = disk.0.path();
    let store = || Box::new(DiskStore::default());
    let mut recorder = start_in(dir, identity(), &replay_settings(), store()).unwrap();
    let (fault, durable) = record_until_fault(&mut recorder);
    assert!(matches!(fault, JournalFault::Io(IoFault::DiskFull { .. })), "{fault}");
    drop(recorder);
    assert!(durable > 1_000, "two megabytes hold more than {durable} records");
    let mut last = (Kind::End, Vec::new());
    let found = recover_with(dir, |record| last = (record.kind, record.payload.to_vec())).unwrap();
    assert_eq!(last.0, Kind::Gap);
    assert!(last.1.ends_with(br#""cause":"disk_full","lost":1}"#), "{last:?}");
    assert_eq!(found.chain().last_seq(), durable + 1);
    let refused = start_in(dir, identity(), &RecorderSettings::live(), store()).err();
    assert!(matches!(refused, Some(JournalFault::Io(IoFault::LowSpace { .. }))), "{refused:?}");
}

#[test]
fn asking_for_syncs_without_waiting_never_fills_the_queue() {
    let rig = Rig::new();
    let (plan, mut recorder) = stalled(&rig, Overload::Shed);
    let mut last = 0;
    for at in 0..200 {
        if let Some(seq) = recorder.push(Kind::Timer, 0, NO_CONN, 0, &payload(at)).unwrap().seq() {
            last = seq;
        }
        if at % 2 == 0 {
            recorder.flush().unwrap();
        }
        for _ in 0..3 {
            recorder.begin_sync().unwrap();
        }
    }
    plan.lock().unwrap().open = true;
    rig::wait_until(|| recorder.durable_seq() >= last);
    assert_eq!(recorder.check(), Ok(()));
}
