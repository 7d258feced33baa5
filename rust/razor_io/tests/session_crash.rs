//! A session that ends at any record: what is there is proven, folded and gone on with.
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

#[path = "support/seeded.rs"]
mod seeded;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use razor_core::engine::EngineError;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::Table;
use razor_core::journal::Identity;
use razor_core::units::Nanos;
use razor_io::audit::{AuditFault, rebuild_under, verify};
use razor_io::disk::RunLock;
use razor_io::fault::IoFault;
use razor_io::journal::{
    DiskStore, JournalFault, Recorder, RecorderSettings, Tail, recover, segment_path,
};
use razor_io::session::{Plan, Session, SessionFault};
use seeded::{
    START_NS, assert_sound, count_of, feed, fold, input, names, plan, run_world, seeded_world,
    segments, small, stored, tables, temp,
};

const VICTIM_DIR: &str = "RAZOR_TEST_SESSION_DIR";

/// Places to cut a feed of `len` records: the first ones, the last ones, and some between.
fn cuts(len: usize) -> Vec<usize> {
    let mut cuts: Vec<usize> = (0..4).chain((1..12).map(|part| part * len / 12)).collect();
    cuts.extend([len - 2, len - 1, len]);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

#[test]
fn a_session_dropped_at_any_record_goes_on_and_its_tables_are_the_fold() {
    let world = seeded_world(21, 3_000);
    let len = world.records.len();
    for cut in cuts(len) {
        let dir = temp();
        let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
        assert!(!session.is_resumed());
        feed(&mut session, &world.records[..cut], 0);
        drop(session);
        assert_eq!(recover(dir.path()).unwrap().summary().tail, Tail::Open, "cut {cut}");

        let now_ns = world.records[cut.min(len - 1)].recv_ns;
        let mut session = Session::open(&plan(dir.path(), now_ns)).unwrap();
        assert!(session.is_resumed(), "cut {cut}");
        assert_eq!(session.engine().integrity().restarts, 1);
        feed(&mut session, &world.records[cut..], 0);
        session.close().unwrap();

        let records = assert_sound(dir.path());
        assert_eq!(count_of(&records, Kind::Recovery), 1, "cut {cut}");
        assert_eq!(count_of(&records, Kind::Params), 1);
        let inputs = records.iter().filter(|record| !record.kind.is_bookkeeping()).count();
        assert_eq!(inputs, len + 1, "every record of the world and the settings, cut {cut}");
    }
}

#[test]
fn the_recovery_record_stands_where_the_crash_was_and_is_part_of_the_fold() {
    let world = seeded_world(22, 3_000);
    let cut = world.records.len() / 2;
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records[..cut], 0);
    drop(session);
    let before = stored(dir.path()).len();
    let now_ns = world.records[cut].recv_ns - 7;
    let mut session = Session::open(&plan(dir.path(), now_ns)).unwrap();
    feed(&mut session, &world.records[cut..], 0);
    session.close().unwrap();

    let records = assert_sound(dir.path());
    let recovery = &records[before];
    assert_eq!((recovery.kind, recovery.recv_ns), (Kind::Recovery, now_ns));
    let note = format!(r#"{{"last_seq":{before},"cause":"unclean end"}}"#);
    assert_eq!(String::from_utf8(recovery.payload.clone()).unwrap(), note);
    let without: Vec<_> =
        records.iter().filter(|record| record.kind != Kind::Recovery).cloned().collect();
    let (engine, memory) = fold(&without);
    assert_eq!(engine.integrity().restarts, 0);
    assert_ne!(memory.tables(), tables(dir.path()), "without it the fold is another one");
}

#[test]
fn books_are_not_trusted_after_a_restart_until_the_feed_sends_them_again() {
    let world = seeded_world(23, 6_000);
    let cut = world.records.iter().position(|r| r.recv_ns > START_NS + 2_000 * seeded::MS).unwrap();
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records[..cut], 5);
    drop(session);
    let mut session = Session::open(&plan(dir.path(), world.records[cut].recv_ns)).unwrap();
    session.take_signals();
    // Changes alone do not make a book: no set may signal.
    feed(&mut session, &world.records[cut..], 0);
    assert_eq!(session.take_signals(), []);
    session.close().unwrap();
    assert_sound(dir.path());
}

#[test]
fn connections_begin_again_at_epoch_zero_and_their_snapshots_count() {
    let world = seeded_world(24, 4_000);
    let opening = world.records.iter().take_while(|r| r.recv_ns < START_NS + 100 * seeded::MS);
    let dumps: Vec<_> = opening.filter(|r| r.payload.contains("\"bids\"")).collect();
    assert!(dumps.len() > 5);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records, 9);
    let last = world.records.last().unwrap().recv_ns;
    drop(session);
    let mut session = Session::open(&plan(dir.path(), last)).unwrap();
    let before = session.engine().books().unwrap().counters().snapshots;
    for dump in &dumps {
        let record = Record { recv_ns: Nanos(last), ..input(dump, 0) };
        let fed = session.feed(&record).unwrap();
        assert!(!fed.is_refused);
    }
    let after = session.engine().books().unwrap().counters().snapshots;
    assert!(after > before, "{before} {after}");
    session.close().unwrap();
    let records = assert_sound(dir.path());
    let restarted = records.iter().skip_while(|record| record.kind != Kind::Recovery);
    assert!(restarted.filter(|record| record.kind == Kind::Ws).all(|record| record.epoch == 0));
}

#[test]
fn many_crashes_in_one_run_leave_one_sound_run() {
    let world = seeded_world(25, 3_000);
    let dir = temp();
    let parts: Vec<_> = world.records.chunks(world.records.len() / 7).collect();
    for (index, part) in parts.iter().enumerate() {
        let mut session = Session::open(&plan(dir.path(), part[0].recv_ns)).unwrap();
        assert_eq!(session.is_resumed(), index > 0);
        feed(&mut session, part, 0);
        assert_eq!(session.engine().integrity().restarts, index as u64);
        if index + 1 == parts.len() {
            session.close().unwrap();
        }
    }
    let records = assert_sound(dir.path());
    assert_eq!(count_of(&records, Kind::Recovery), parts.len() - 1);
    assert_eq!(verify(dir.path()).unwrap().integrity.restarts, parts.len() as u64 - 1);
}

#[test]
fn a_crash_during_recovery_is_recovered_like_any_other() {
    let world = seeded_world(26, 1_000);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records[..40], 0);
    drop(session);
    for _ in 0..3 {
        drop(Session::open(&plan(dir.path(), START_NS)).unwrap());
    }
    let session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(count_of(&records, Kind::Recovery), 4);
}

#[test]
fn a_cut_of_the_last_segment_at_any_byte_is_gone_on_with() {
    let world = seeded_world(27, 1_200);
    let whole = temp();
    let mut session = Session::open(&plan(whole.path(), START_NS)).unwrap();
    for part in world.records.chunks(25) {
        feed(&mut session, part, 0);
        session.flush_durable().unwrap();
    }
    drop(session);
    let bytes = segments(whole.path()).remove(0);
    let step = bytes.len() / 37;
    for cut in (0..=bytes.len()).step_by(step) {
        let dir = temp();
        fs::create_dir(dir.path().join("journal")).unwrap();
        fs::write(segment_path(&dir.path().join("journal"), 1), &bytes[..cut]).unwrap();
        let now_ns = world.records.last().unwrap().recv_ns;
        let mut session = Session::open(&plan(dir.path(), now_ns)).unwrap();
        let payload = br#"{"from_ns":1,"to_ns":2,"cause":"OPERATOR","lost":0}"#;
        let recv_ns = Nanos(now_ns);
        let gap = Record { kind: Kind::Gap, recv_ns, conn: "", epoch: 0, payload };
        session.feed(&gap).unwrap();
        session.close().unwrap();
        assert_sound(dir.path());
        assert_eq!(segments(dir.path())[0], bytes[..cut], "the torn tail is left as evidence");
    }
}

#[test]
fn tables_that_are_torn_or_lost_in_the_crash_are_written_anew() {
    let world = seeded_world(28, 2_000);
    let harm: [fn(&Path); 4] = [
        |table| fs::remove_file(table).unwrap(),
        |table| fs::write(table, b"").unwrap(),
        |table| fs::write(table, b"run_id,gar\0bage").unwrap(),
        |table| {
            let mut file = fs::OpenOptions::new().append(true).open(table).unwrap();
            file.write_all(b"half a ro").unwrap();
        },
    ];
    for harm in harm {
        let dir = temp();
        let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
        let cut = world.records.len() * 2 / 3;
        feed(&mut session, &world.records[..cut], 0);
        session.flush_durable().unwrap();
        drop(session);
        for table in Table::ALL {
            harm(&dir.path().join(table.file_name()));
        }
        let mut session = Session::open(&plan(dir.path(), world.records[cut].recv_ns)).unwrap();
        feed(&mut session, &world.records[cut..], 0);
        session.close().unwrap();
        assert_sound(dir.path());
    }
}

#[test]
fn a_start_that_only_made_the_journal_directory_begins_the_run_with_its_tables_in_place() {
    let world = seeded_world(29, 500);
    let dir = temp();
    fs::create_dir(dir.path().join("journal")).unwrap();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    assert!(!session.is_resumed(), "nothing was recorded yet");
    feed(&mut session, &world.records, 0);
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(records[0].kind, Kind::Params);
}

#[test]
fn a_start_refused_for_its_settings_can_be_repeated_with_good_ones() {
    let dir = temp();
    for params in [&b"{}"[..], b"", b"[]", b"\xff"] {
        let bad = Plan { params: params.to_vec(), ..plan(dir.path(), START_NS) };
        let refused = Session::open(&bad).map(drop);
        assert!(matches!(refused, Err(SessionFault::Engine(_))), "{refused:?}");
        assert!(!dir.path().join("journal").exists(), "nothing was begun");
    }
    let session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    assert!(!session.is_resumed());
    session.close().unwrap();
    assert_sound(dir.path());
}

#[test]
fn a_session_under_a_lock_of_the_caller_leaves_it_to_the_caller() {
    let dir = temp();
    let mut lock = RunLock::acquire(dir.path()).unwrap();
    let session = Session::open_under(&plan(dir.path(), START_NS), &mut lock).unwrap();
    let second = Session::open_under(&plan(dir.path(), START_NS), &mut lock).map(drop);
    assert!(matches!(second, Err(SessionFault::Io(IoFault::Locked { .. }))), "two writers");
    let audit = rebuild_under(&lock, &mut |_| true);
    assert!(matches!(audit, Err(AuditFault::Io(IoFault::Locked { .. }))), "{audit:?}");
    session.close().unwrap();
    assert_eq!(RunLock::is_held(dir.path()), Ok(true), "a report is still to be written");
    assert!(rebuild_under(&lock, &mut |_| true).is_ok());
    drop(lock);
    assert_eq!(RunLock::is_held(dir.path()), Ok(false));
    assert_sound(dir.path());
}

#[test]
fn a_start_refused_for_low_space_can_be_repeated_in_the_same_directory() {
    let dir = temp();
    let needs_more = RecorderSettings { headroom_bytes: u64::MAX / 2, ..small() };
    let first = Session::open(&Plan { recorder: needs_more, ..plan(dir.path(), START_NS) });
    let fault = first.err().unwrap();
    let low = matches!(fault, SessionFault::Journal(JournalFault::Io(IoFault::LowSpace { .. })));
    assert!(low, "{fault}");
    let session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    session.close().unwrap();
    assert_sound(dir.path());
}

/// A journal whose writer died between the head of its first segment and the settings.
fn start_without_settings(dir: &Path) {
    let mut lock = RunLock::acquire(dir).unwrap();
    let store = Box::new(DiskStore::default());
    let found = recover(dir).unwrap();
    drop(Recorder::start(&small(), identity_of_plan(), &found, &mut lock, store, 0).unwrap());
}

fn identity_of_plan() -> Identity {
    seeded::identity()
}

#[test]
fn a_crash_before_the_settings_were_written_can_be_gone_on_with() {
    let world = seeded_world(30, 500);
    let dir = temp();
    start_without_settings(dir.path());
    assert_eq!(recover(dir.path()).unwrap().summary().records, 0);
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    assert!(session.is_resumed());
    feed(&mut session, &world.records, 0);
    session.close().unwrap();
    let verdict = verify(dir.path()).unwrap();
    assert_eq!((verdict.journal.tail, verdict.differences.as_slice()), (Tail::Closed, &[][..]));
    assert_eq!(verdict.integrity.markets, 16);
}

#[test]
fn crashes_before_the_settings_may_repeat() {
    let dir = temp();
    for _ in 0..3 {
        start_without_settings(dir.path());
    }
    let session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    drop(session);
    let session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    session.close().unwrap();
    assert_eq!(verify(dir.path()).unwrap().differences, []);
}

#[test]
fn a_closed_run_refuses_to_be_gone_on_with_and_stays_as_it_is() {
    let dir = run_world(&seeded_world(31, 1_500));
    let (tables_before, journal_before) = (tables(dir.path()), segments(dir.path()));
    let names_before = names(dir.path());
    let fault = Session::open(&plan(dir.path(), START_NS)).err().unwrap();
    assert!(matches!(fault, SessionFault::Journal(JournalFault::Closed)), "{fault}");
    assert!(fault.to_string().contains("new run"), "{fault}");
    assert_eq!(tables(dir.path()), tables_before);
    assert_eq!(segments(dir.path()), journal_before);
    assert_eq!(names(dir.path()), names_before, "a refusal leaves nothing behind");
    assert_sound(dir.path());
}

#[test]
fn another_run_build_or_settings_is_refused_and_leaves_nothing_behind() {
    let world = seeded_world(32, 800);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records, 0);
    drop(session);
    let (journal, before) = (segments(dir.path()), names(dir.path()));
    for (run, build, settings) in [
        ("run_20260429_021025_000002", "0.1.0+test", [7; 32]),
        ("run_20260429_021025_000001", "0.1.0+next", [7; 32]),
        ("run_20260429_021025_000001", "0.1.0+test", [8; 32]),
    ] {
        let identity = Identity::new(run, build, settings).unwrap();
        let other = Plan { identity, ..plan(dir.path(), START_NS) };
        let fault = Session::open(&other).err().unwrap();
        assert!(matches!(fault, SessionFault::Journal(JournalFault::OtherRun)), "{fault}");
        assert_eq!(segments(dir.path()), journal, "{run} {build}");
        assert_eq!(names(dir.path()), before, "{run} {build}");
    }
    Session::open(&plan(dir.path(), START_NS)).unwrap().close().unwrap();
    assert_sound(dir.path());
}

#[test]
fn a_second_writer_is_refused_while_the_first_one_writes_and_disturbs_nothing() {
    let world = seeded_world(33, 1_500);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    for part in world.records.chunks(100) {
        feed(&mut session, part, 0);
        let fault = Session::open(&plan(dir.path(), START_NS)).err().unwrap();
        let pid = std::process::id();
        let named =
            matches!(&fault, SessionFault::Io(IoFault::Locked { pid: held, .. }) if *held == pid);
        assert!(named, "{fault}");
    }
    session.close().unwrap();
    assert_sound(dir.path());
}

#[test]
fn rebuilding_under_a_running_session_is_refused() {
    let world = seeded_world(34, 1_000);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    let half = world.records.len() / 2;
    feed(&mut session, &world.records[..half], 0);
    session.flush_durable().unwrap();
    let fault = razor_io::audit::rebuild(dir.path()).err();
    assert!(fault.is_some(), "its tables would be written past the new files");
    feed(&mut session, &world.records[half..], 0);
    session.close().unwrap();
    assert_sound(dir.path());
    razor_io::audit::rebuild(dir.path()).unwrap();
    assert_sound(dir.path());
}

#[test]
fn a_journal_that_is_damaged_in_the_middle_is_refused_and_left_alone() {
    let world = seeded_world(35, 1_500);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    for part in world.records.chunks(60) {
        feed(&mut session, part, 0);
        session.flush_durable().unwrap();
    }
    drop(session);
    let path = segment_path(&dir.path().join("journal"), 1);
    let whole = fs::read(&path).unwrap();
    let before = names(dir.path());
    for at in (whole.len() / 8..whole.len() / 2).step_by(whole.len() / 10) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let fault = Session::open(&plan(dir.path(), START_NS)).err().unwrap();
        let corrupt = matches!(fault, SessionFault::Journal(JournalFault::Format(_)));
        assert!(corrupt, "{at}: {fault}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(names(dir.path()), before, "nothing is left beside the tables");
    }
    fs::write(&path, &whole).unwrap();
    Session::open(&plan(dir.path(), START_NS)).unwrap().close().unwrap();
    assert_sound(dir.path());
}

#[test]
fn settings_given_as_an_input_are_refused_before_they_reach_the_journal() {
    let world = seeded_world(36, 300);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records[..10], 0);
    let payload = seeded::params("run_t");
    let recv_ns = Nanos(START_NS);
    let again = Record { kind: Kind::Params, recv_ns, conn: "", epoch: 0, payload: &payload };
    let fault = session.feed(&again).err().unwrap();
    let order = SessionFault::Engine(EngineError::Order { found: Kind::Params });
    assert_eq!(fault.to_string(), order.to_string());
    feed(&mut session, &world.records[10..], 0);
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(count_of(&records, Kind::Params), 1, "the journal stays one that can be folded");
}

#[test]
fn the_journals_own_kinds_are_refused_as_inputs() {
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    for kind in [Kind::End, Kind::Conn, Kind::Recovery] {
        let recv_ns = Nanos(START_NS);
        let record = Record { kind, recv_ns, conn: "", epoch: 0, payload: b"{}" };
        let fault = session.feed(&record).err().unwrap();
        let own = matches!(
            fault,
            SessionFault::Journal(JournalFault::OwnKind { kind: named }) if named == kind
        );
        assert!(own, "{fault}");
    }
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(records.iter().map(|r| r.kind).collect::<Vec<_>>(), [Kind::Params, Kind::End]);
}

#[test]
fn inputs_the_engine_refuses_are_recorded_and_counted() {
    let world = seeded_world(37, 300);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records, 0);
    let recv_ns = Nanos(world.records.last().unwrap().recv_ns);
    for (kind, payload) in [
        (Kind::Meta, b"{".as_slice()),
        (Kind::Meta, b"\xff\xfe"),
        (Kind::Ws, b"{\"event_type\":"),
        (Kind::Ws, b""),
        (Kind::Rest, b"null"),
        (Kind::Trade, b"{\"asset\":1}"),
        (Kind::Quote, b"0,0.5"),
        (Kind::Gap, b"[]"),
    ] {
        let record = Record { kind, recv_ns, conn: "odd-0", epoch: 0, payload };
        let fed = session.feed(&record).unwrap();
        assert!(fed.is_refused && !fed.is_shed, "{kind:?}");
    }
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(records.iter().filter(|record| record.conn == "odd-0").count(), 9);
    let integrity = verify(dir.path()).unwrap().integrity;
    assert!(integrity.frames_refused >= 3, "{integrity:?}");
}

// ---- kill -9 -------------------------------------------------------------------------------

/// Feeds a world without end; says each durable number.
fn victim(dir: &Path) {
    let world = seeded_world(38, 4_000);
    let mut session = Session::open(&plan(dir, START_NS)).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "durable {}", session.durable_seq()).unwrap();
    for round in 0_u32.. {
        for (index, record) in world.records.iter().enumerate() {
            session.feed(&input(record, round)).unwrap();
            if index % 11 == 3 {
                writeln!(out, "durable {}", session.flush_durable().unwrap()).unwrap();
            } else if index % 5 == 0 {
                session.flush().unwrap();
            }
        }
    }
}

/// Starts the victim, kills it after some lines, and gives the last number it reported durable.
fn kill_after(dir: &Path, lines: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_run_survives_kill_9_again_and_again", "--nocapture"])
        .env(VICTIM_DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut durable, mut seen, mut line) = (0, 0, String::new());
    loop {
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
        if let Some((_, number)) = line.trim_end().rsplit_once("durable ") {
            durable = number.parse().unwrap();
            seen += 1;
        }
        if seen == lines {
            let second = Session::open(&plan(dir, START_NS)).err();
            let refused = matches!(second, Some(SessionFault::Io(IoFault::Locked { .. })));
            assert!(refused, "a second writer while the first one lives");
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen >= lines, "the victim ended by itself");
    durable
}

#[test]
fn a_run_survives_kill_9_again_and_again() {
    if let Some(dir) = std::env::var_os(VICTIM_DIR) {
        victim(Path::new(&dir));
    }
    let dir = temp();
    let mut last = 0;
    for lines in [1, 17, 2, 40, 1, 25] {
        let durable = kill_after(dir.path(), lines);
        let found = recover(dir.path()).unwrap();
        let proven = found.chain().last_seq();
        assert!(proven >= durable && proven >= last, "{proven} {durable} {last}");
        assert_ne!(found.summary().tail, Tail::Closed);
        last = proven;
    }
    let session = Session::open(&plan(dir.path(), START_NS + 1)).unwrap();
    assert!(session.is_resumed());
    assert!(session.engine().integrity().restarts >= 5);
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert!(records.len() as u64 > last);
    assert_eq!(count_of(&records, Kind::Params), 1);
}
