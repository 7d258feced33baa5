//! The two readers behind one face: what they hand on, what they keep back, and where they stop.
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

use std::fs;
use std::path::Path;

use razor_core::engine::record::{Kind, Record};
use razor_core::units::Nanos;
use razor_io::capture::{self, CaptureError, LineError};
use razor_io::digest::{file_sha256, hex, sha256};
use razor_io::fault::IoFault;
use razor_io::journal::{JournalFault, segment_path};
use razor_io::session::{Session, SessionFault};
use razor_io::source::{Progress, RecordSource, SourceFault, kind_of};
use seeded::{
    START_NS, Stored, assert_sound, beside, feed, plan, run_world, seeded_world, segments, stored,
    temp, write_capture,
};

/// Everything a source hands on, numbered from 1.
fn all(source: &mut RecordSource) -> Vec<Stored> {
    let mut all = Vec::new();
    let mut done = source.progress().done;
    while let Some(record) = source.next_record().unwrap() {
        all.push(Stored {
            seq: all.len() as u64 + 1,
            kind: record.kind,
            recv_ns: record.recv_ns.0,
            conn: record.conn.to_owned(),
            epoch: record.epoch,
            payload: record.payload.to_vec(),
        });
        let now = source.progress();
        assert!(now.done >= done && now.done <= now.total, "{now:?}");
        done = now.done;
    }
    assert!(source.next_record().unwrap().is_none(), "the end stays the end");
    all
}

fn lines(texts: &[&str]) -> tempfile::TempDir {
    let dir = temp();
    fs::write(beside(&dir, "c.jsonl"), texts.concat()).unwrap();
    dir
}

const GOOD: &str = "{\"t\":5,\"c\":\"market-0\",\"e\":2,\"k\":\"ws\",\"m\":\"[]\"}\n";

#[test]
fn a_capture_hands_on_every_line_as_it_was_written() {
    let world = seeded_world(61, 1_500);
    let dir = temp();
    write_capture(&beside(&dir, "w.jsonl.zst"), &world);
    let mut source = RecordSource::capture(&beside(&dir, "w.jsonl.zst")).unwrap();
    let read = all(&mut source);
    assert_eq!(read.len(), world.records.len());
    for (read, written) in read.iter().zip(&world.records) {
        assert_eq!((read.kind.word(), read.recv_ns), (written.kind, written.recv_ns));
        assert_eq!(read.payload, written.payload.as_bytes());
        assert_eq!(read.epoch, 0);
    }
    let size = fs::metadata(beside(&dir, "w.jsonl.zst")).unwrap().len();
    assert_eq!(source.progress(), Progress { done: size, total: size });
}

#[test]
fn a_journal_hands_on_its_inputs_with_their_names_and_nothing_of_its_own() {
    let world = seeded_world(62, 1_500);
    let dir = run_world(&world);
    let mut source = RecordSource::journal(dir.path()).unwrap();
    let read = all(&mut source);
    let expected: Vec<_> = stored(dir.path())
        .into_iter()
        .filter(|record| !matches!(record.kind, Kind::Conn | Kind::Params | Kind::End))
        .collect();
    assert_eq!(read.len(), world.records.len());
    for (read, expected) in read.iter().zip(&expected) {
        assert_eq!(
            (read.kind, &read.conn, read.epoch),
            (expected.kind, &expected.conn, expected.epoch)
        );
        assert_eq!((read.recv_ns, &read.payload), (expected.recv_ns, &expected.payload));
    }
    let total = segments(dir.path()).iter().map(Vec::len).sum::<usize>() as u64;
    assert_eq!(source.progress(), Progress { done: total, total });
}

#[test]
fn a_journal_with_crashes_hands_on_its_inputs_over_all_segments() {
    let world = seeded_world(63, 1_500);
    let dir = temp();
    for part in world.records.chunks(world.records.len() / 4 + 1) {
        let mut session = Session::open(&plan(dir.path(), part[0].recv_ns)).unwrap();
        feed(&mut session, part, 0);
    }
    let mut source = RecordSource::journal(dir.path()).unwrap();
    let read: Vec<Vec<u8>> = all(&mut source).into_iter().map(|record| record.payload).collect();
    let is_restart = |payload: &Vec<u8>| payload.windows(9).any(|word| word == b"\"RESTART\"");
    let (restarts, payloads): (Vec<_>, Vec<_>) = read.into_iter().partition(is_restart);
    let fed: Vec<&[u8]> = world.records.iter().map(|r| r.payload.as_bytes()).collect();
    assert!(payloads == fed, "each input once");
    assert_eq!(restarts.len(), 3, "each recovery as the gap RESTART");
}

#[test]
fn all_kinds_of_inputs_pass_through_a_journal_and_empty_names_stay_empty() {
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    let kinds = [Kind::Ws, Kind::Rest, Kind::Trade, Kind::Quote, Kind::Ref, Kind::Meta, Kind::Gap];
    let kinds: Vec<Kind> = kinds.into_iter().chain([Kind::Timer, Kind::Operator]).collect();
    for (index, kind) in kinds.iter().enumerate() {
        let conn = if index % 2 == 0 { "" } else { "c-1" };
        let recv_ns = Nanos(START_NS - index as i64);
        let payload = [0_u8, 255, index as u8];
        let record = Record { kind: *kind, recv_ns, conn, epoch: u32::MAX, payload: &payload };
        session.feed(&record).unwrap();
    }
    session.close().unwrap();
    assert_sound(dir.path());
    let read = all(&mut RecordSource::journal(dir.path()).unwrap());
    assert_eq!(read.iter().map(|record| record.kind).collect::<Vec<_>>(), kinds);
    for (index, record) in read.iter().enumerate() {
        assert_eq!(record.conn, if index % 2 == 0 { "" } else { "c-1" });
        assert_eq!(record.recv_ns, START_NS - index as i64);
        assert_eq!(
            (record.epoch, record.payload.as_slice()),
            (u32::MAX, &[0, 255, index as u8][..])
        );
    }
}

#[test]
fn a_directory_without_a_journal_is_a_source_without_records() {
    let dir = temp();
    let mut source = RecordSource::journal(dir.path()).unwrap();
    assert_eq!(all(&mut source), []);
    assert_eq!(source.progress(), Progress { done: 0, total: 0 });
}

#[test]
fn every_capture_kind_is_the_journal_kind_of_the_same_word() {
    for kind in capture::Kind::ALL {
        assert_eq!(kind_of(kind).word(), kind.word());
        assert!(!kind_of(kind).is_bookkeeping());
    }
}

#[test]
fn a_bad_line_is_refused_with_file_and_line_and_the_lines_before_it_are_read() {
    for (bad, source) in [
        ("{\"t\":5}\n", None),
        ("not json\n", None),
        ("{\"t\":5,\"c\":\"m\",\"e\":0,\"k\":\"wss\",\"m\":\"\"}\n", Some(LineError::UnknownKind)),
        ("{\"t\":1.5,\"c\":\"m\",\"e\":0,\"k\":\"ws\",\"m\":\"\"}\n", None),
        ("{\"t\":5,\"c\":\"m\",\"e\":-1,\"k\":\"ws\",\"m\":\"\"}\n", None),
        ("{\"t\":5,\"c\":\"m\",\"e\":4294967296,\"k\":\"ws\",\"m\":\"\"}\n", None),
        ("{\"t\":9223372036854775808,\"c\":\"m\",\"e\":0,\"k\":\"ws\",\"m\":\"\"}\n", None),
        ("{\"t\":5,\"c\":\"m\",\"e\":0,\"k\":\"ws\",\"m\":\"\"\n", None),
    ] {
        for before in [0, 1, 3] {
            let mut texts = vec![GOOD; before];
            texts.push(bad);
            texts.push(GOOD);
            let dir = lines(&texts);
            let path = beside(&dir, "c.jsonl");
            let mut reader = RecordSource::capture(&path).unwrap();
            for _ in 0..before {
                assert_eq!(reader.next_record().unwrap().unwrap().epoch, 2);
            }
            let fault = reader.next_record().err().unwrap();
            let text = fault.to_string();
            assert!(
                text.contains("c.jsonl") && text.contains(&format!("line {}", before + 1)),
                "{text}"
            );
            let SourceFault::Capture(CaptureError::Line { path: named, line, source: cause }) =
                fault
            else {
                panic!("{bad}: {text}")
            };
            assert_eq!((named, line), (path, before as u64 + 1));
            assert!(source.is_none_or(|source| source == cause), "{bad}: {cause}");
        }
    }
}

#[test]
fn a_fault_of_the_source_ends_the_pump_and_the_run_can_still_be_closed() {
    let dir = lines(&[GOOD, GOOD, "{\"t\":\n", GOOD]);
    let run = temp();
    let mut source = RecordSource::capture(&beside(&dir, "c.jsonl")).unwrap();
    let mut session = Session::open(&plan(run.path(), START_NS)).unwrap();
    let fault = session.pump(&mut source, i64::MAX, u64::MAX).err().unwrap();
    let line = matches!(
        fault,
        SessionFault::Source(SourceFault::Capture(CaptureError::Line { line: 3, .. }))
    );
    assert!(line, "{fault}");
    session.close().unwrap();
    let records = assert_sound(run.path());
    assert_eq!(records.iter().filter(|record| record.kind == Kind::Ws).count(), 2);
}

#[test]
fn a_capture_that_is_cut_or_damaged_says_after_which_line() {
    let world = seeded_world(64, 1_500);
    let dir = temp();
    let path = beside(&dir, "w.jsonl.zst");
    write_capture(&path, &world);
    let whole = fs::read(&path).unwrap();
    // A file shorter than the mark of its format reads as text.
    for cut in [7, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        let fault = read_to_fault(&path);
        let cut_off = matches!(
            fault,
            SourceFault::Capture(CaptureError::Truncated { .. } | CaptureError::Damaged { .. })
        );
        assert!(cut_off, "{cut}: {fault}");
    }
    for at in [whole.len() / 3, whole.len() - 2] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, &bytes).unwrap();
        let fault = read_to_fault(&path);
        assert!(matches!(fault, SourceFault::Capture(_)), "{at}: {fault}");
        assert!(fault.to_string().contains("w.jsonl.zst"), "{fault}");
    }
}

fn read_to_fault(path: &Path) -> SourceFault {
    let mut source = match RecordSource::capture(path) {
        Ok(source) => source,
        Err(fault) => return fault,
    };
    loop {
        match source.next_record() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a damaged file was read to its end"),
            Err(fault) => return fault,
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let dir = temp();
    let fault = RecordSource::capture(&beside(&dir, "none.jsonl.zst")).err().unwrap();
    assert!(matches!(&fault, SourceFault::Capture(CaptureError::Io { .. })), "{fault}");
    assert!(fault.to_string().contains("none.jsonl.zst"));
}

#[test]
fn an_empty_capture_has_no_records() {
    let dir = lines(&[]);
    let mut source = RecordSource::capture(&beside(&dir, "c.jsonl")).unwrap();
    assert_eq!(all(&mut source), []);
}

#[test]
fn damage_in_a_journal_stops_its_source_and_nothing_behind_it_is_handed_out() {
    let world = seeded_world(65, 2_000);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    for part in world.records.chunks(40) {
        feed(&mut session, part, 0);
        session.flush_durable().unwrap();
    }
    session.close().unwrap();
    let path = segment_path(&dir.path().join("journal"), 1);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 2;
    fs::write(&path, &bytes).unwrap();
    let mut source = RecordSource::journal(dir.path()).unwrap();
    let mut read = 0;
    let fault = loop {
        match source.next_record() {
            Ok(record) => {
                assert_eq!(record.unwrap().payload, world.records[read].payload.as_bytes());
                read += 1;
            }
            Err(fault) => break fault,
        }
    };
    assert!(matches!(fault, SourceFault::Journal(JournalFault::Format(_))), "{fault}");
    assert!(read > 0 && read < world.records.len());
    fs::remove_file(&path).unwrap();
    assert_eq!(all(&mut RecordSource::journal(dir.path()).unwrap()), []);
}

#[test]
fn digests_are_those_of_the_standard_and_depend_on_every_byte() {
    for (text, digest) in [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ] {
        assert_eq!(hex(&sha256(text.as_bytes())), digest);
    }
    assert_eq!(hex(&[]), "");
    assert_eq!(hex(&[0, 1, 0x0f, 0xf0, 0xff]), "00010ff0ff");
    let dir = temp();
    let path = beside(&dir, "big");
    // Around the size of one read, where a loop could lose or repeat bytes.
    for len in [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (2 << 20) + 5] {
        let bytes: Vec<u8> = (0..len).map(|at: usize| (at % 251) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        assert_eq!(file_sha256(&path), Ok(hex(&sha256(&bytes))), "{len}");
        if let Some(last) = len.checked_sub(1) {
            let mut changed = bytes.clone();
            changed[last] ^= 1;
            assert_ne!(sha256(&changed), sha256(&bytes));
        }
    }
    let missing = file_sha256(&beside(&dir, "none"));
    assert!(matches!(missing, Err(IoFault::Missing { .. })), "{missing:?}");
}
