//! The recorder on a real directory: nothing lost, same bytes twice, continued after any end.
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
use std::time::Duration;

use razor_core::ids::ConnIx;
use razor_core::journal::{Identity, Kind, MAX_PAYLOAD, NO_CONN};
use razor_io::fault::IoFault;
use razor_io::journal::{
    Durability, JournalFault, JournalReader, Overload, Push, RecorderSettings, Tail, recover,
    recover_with, segment_path,
};
use rig::{Rig, identity, payload, replay_settings};

#[test]
fn every_record_comes_back_as_it_was_pushed() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    let conn = recorder.conn("market-0", 1).unwrap();
    assert_eq!(recorder.conn("market-0", 2).unwrap(), conn);
    for at in 0..5_000_u32 {
        let pushed = recorder.push(Kind::Ws, i64::from(at), conn, at, &payload(at)).unwrap();
        assert_eq!(pushed, Push::Recorded { seq: u64::from(at) + 2, gap: None });
    }
    let closed = recorder.close(9).unwrap();
    assert_eq!(closed.last_seq, 5_002);

    let mut reader = JournalReader::open(rig.path()).unwrap();
    let mut at = 0;
    let summary = reader
        .for_each(|record| {
            if record.kind == Kind::Ws {
                assert_eq!((record.seq, record.recv_ns), (u64::from(at) + 2, i64::from(at)));
                assert_eq!((record.conn, record.epoch), (conn, at));
                assert_eq!(record.payload, payload(at));
                at += 1;
            }
        })
        .unwrap();
    assert_eq!((at, summary.tail, summary.records), (5_000, Tail::Closed, 5_002));
    assert!(summary.segments > 1, "small segments were asked for");
    assert_eq!(reader.chain().conns().name(ConnIx(0)), Some("market-0"));
    assert_eq!(reader.chain().identity(), Some(&identity()));
}

#[test]
fn reading_one_by_one_gives_what_reading_all_gives() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    for at in 0..2_000 {
        recorder.push(Kind::Rest, 0, NO_CONN, 0, &payload(at)).unwrap();
    }
    recorder.close(0).unwrap();
    let mut all = Vec::new();
    recover_with(rig.path(), |record| all.push((record.seq, record.payload.to_vec()))).unwrap();
    let mut reader = JournalReader::open(rig.path()).unwrap();
    for expected in &all {
        let record = reader.next_record().unwrap().unwrap();
        assert_eq!((record.seq, record.payload), (expected.0, expected.1.as_slice()));
    }
    assert_eq!(reader.next_record().unwrap(), None);
    assert_eq!(reader.next_record().unwrap(), None);
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let run = || {
        let rig = Rig::new();
        let mut recorder = rig.start(&replay_settings());
        for at in 0..4_000 {
            recorder.push(Kind::Ws, 5, NO_CONN, 1, &payload(at)).unwrap();
            if at % 1_000 == 999 {
                recorder.flush_durable().unwrap();
            }
        }
        recorder.close(6).unwrap();
        rig.segments()
    };
    assert_eq!(run(), run());
}

#[test]
fn durable_means_that_a_reader_finds_it() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    for at in 1..=20 {
        recorder.push(Kind::Timer, 0, NO_CONN, 0, &payload(at)).unwrap();
        let durable = recorder.flush_durable().unwrap();
        assert_eq!(durable, u64::from(at));
        assert_eq!(recorder.durable_seq(), durable);
        assert_eq!(recover(rig.path()).unwrap().chain().last_seq(), durable);
    }
}

#[test]
fn group_commit_makes_records_durable_without_being_asked() {
    let rig = Rig::new();
    let durability = Durability::Every { span: Duration::from_millis(1), bytes: 1 << 30 };
    let settings = RecorderSettings { durability, ..replay_settings() };
    let mut recorder = rig.start(&settings);
    let seq = recorder.push(Kind::Timer, 0, NO_CONN, 0, b"x").unwrap().seq().unwrap();
    recorder.flush().unwrap();
    rig::wait_until(|| recorder.durable_seq() >= seq);
    // And by bytes: the span is out of reach here.
    let rig = Rig::new();
    let durability = Durability::Every { span: Duration::from_secs(3600), bytes: 1 };
    let mut recorder = rig.start(&RecorderSettings { durability, ..replay_settings() });
    let seq = recorder.push(Kind::Timer, 0, NO_CONN, 0, b"x").unwrap().seq().unwrap();
    recorder.flush().unwrap();
    rig::wait_until(|| recorder.durable_seq() >= seq);
}

#[test]
fn an_old_buffer_is_handed_over_by_time_and_by_a_clock_set_back() {
    let rig = Rig::new();
    let settings = RecorderSettings {
        max_age: Some(Duration::from_nanos(100)),
        durability: Durability::Every { span: Duration::ZERO, bytes: 1 },
        ..replay_settings()
    };
    let mut recorder = rig.start(&settings);
    recorder.push(Kind::Timer, 1_000, NO_CONN, 0, b"a").unwrap();
    recorder.tick(1_099).unwrap();
    recorder.push(Kind::Timer, 1_099, NO_CONN, 0, b"b").unwrap();
    recorder.tick(1_100).unwrap();
    rig::wait_until(|| recorder.durable_seq() == 2);
    recorder.push(Kind::Timer, 2_000, NO_CONN, 0, b"c").unwrap();
    recorder.push(Kind::Timer, 500, NO_CONN, 0, b"d").unwrap();
    rig::wait_until(|| recorder.durable_seq() == 3);
}

#[test]
fn a_record_longer_than_a_buffer_stands_alone() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    let long = vec![b'x'; 3 * 1024 * 1024];
    for text in [b"before".as_slice(), &long, b"after"] {
        recorder.push(Kind::Meta, 0, NO_CONN, 0, text).unwrap();
    }
    let too_long = vec![0; MAX_PAYLOAD + 1];
    let refused = recorder.push(Kind::Meta, 0, NO_CONN, 0, &too_long);
    assert!(matches!(refused, Err(JournalFault::Format(_))), "{refused:?}");
    recorder.push(Kind::Meta, 0, NO_CONN, 0, &too_long[1..]).unwrap();
    assert_eq!(recorder.close(0).unwrap().last_seq, 5);
    let mut lengths = Vec::new();
    recover_with(rig.path(), |record| lengths.push(record.payload.len())).unwrap();
    assert_eq!(lengths, [6, long.len(), 5, MAX_PAYLOAD, 2]);
}

#[test]
fn what_no_journal_may_hold_is_refused_and_takes_no_number() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    for kind in [Kind::End, Kind::Conn, Kind::Recovery] {
        let refused = recorder.push(kind, 0, NO_CONN, 0, b"");
        assert_eq!(refused, Err(JournalFault::OwnKind { kind }));
    }
    let conn = ConnIx(0);
    let refused = recorder.push(Kind::Ws, 0, conn, 0, b"");
    assert_eq!(refused, Err(JournalFault::UnknownConn { conn }));
    assert!(recorder.conn(&"n".repeat(65), 0).is_err());
    assert_eq!(recorder.push(Kind::Ws, 0, NO_CONN, 0, b"").unwrap().seq(), Some(1));
}

#[test]
fn a_closed_journal_takes_no_more() {
    let rig = Rig::new();
    rig.start(&replay_settings()).close(0).unwrap();
    assert_eq!(rig.try_start(&replay_settings()).err(), Some(JournalFault::Closed));
}

#[test]
fn another_run_build_or_config_is_refused() {
    let rig = Rig::new();
    drop(rig.start(&replay_settings()));
    let other = Identity::new("run_20260429_021025_000001", "0.1.0+other", [7; 32]).unwrap();
    let refused = rig.try_start_as(other, &replay_settings()).err();
    assert_eq!(refused, Some(JournalFault::OtherRun));
}

#[test]
fn an_unclean_end_is_continued_in_a_new_segment_and_noted() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    let conn = recorder.conn("market-0", 0).unwrap();
    recorder.push(Kind::Ws, 1, conn, 0, b"first").unwrap();
    drop(recorder);
    assert_eq!(recover(rig.path()).unwrap().summary().tail, Tail::Open);
    let mut recorder = rig.start(&replay_settings());
    assert_eq!(recorder.conn("market-0", 0).unwrap(), conn, "names survive");
    recorder.push(Kind::Ws, 2, conn, 0, b"second").unwrap();
    recorder.close(3).unwrap();
    let mut rows = Vec::new();
    recover_with(rig.path(), |record| rows.push((record.kind, record.payload.to_vec()))).unwrap();
    let kinds: Vec<_> = rows.iter().map(|row| row.0).collect();
    assert_eq!(kinds, [Kind::Conn, Kind::Ws, Kind::Recovery, Kind::Ws, Kind::End]);
    assert_eq!(rows[2].1, br#"{"last_seq":2,"cause":"unclean end"}"#);
}

#[test]
fn each_cut_of_the_last_segment_is_continued_and_nothing_durable_is_lost() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    let mut durable = Vec::new();
    for at in 0..4 {
        recorder.push(Kind::Timer, 0, NO_CONN, 0, &payload(at)).unwrap();
        recorder.flush_durable().unwrap();
        durable.push(fs::metadata(segment_path(&rig.journal(), 1)).unwrap().len());
    }
    drop(recorder);
    let whole = rig.segments().remove(0);
    for cut in 0..=whole.len() {
        let torn = Rig::new();
        fs::create_dir(torn.journal()).unwrap();
        fs::write(segment_path(&torn.journal(), 1), &whole[..cut]).unwrap();
        let reported = durable.iter().filter(|len| **len <= cut as u64).count() as u64;
        let first = recover(torn.path()).unwrap();
        let again = recover(torn.path()).unwrap();
        assert_eq!(first.chain().last_seq(), reported, "cut {cut}");
        assert_eq!(first.summary(), again.summary(), "recovery changes nothing");
        // A sample goes on writing; all cuts do so in the pure tests.
        if cut % 16 == 0 {
            let mut recorder = torn.start(&replay_settings());
            recorder.push(Kind::Timer, 0, NO_CONN, 0, b"after").unwrap();
            recorder.close(0).unwrap();
            let summary = recover(torn.path()).unwrap().summary().clone();
            assert_eq!(summary.tail, Tail::Closed);
            assert_eq!(
                summary.evidence.len(),
                usize::from(matches!(first.summary().tail, Tail::Torn(_)))
            );
            assert_eq!(torn.segments()[0], whole[..cut], "the tail is left as evidence");
        }
    }
}

#[test]
fn a_flipped_bit_of_a_compressed_journal_is_detected() {
    let rig = Rig::new();
    let mut recorder = rig.start(&replay_settings());
    for at in 0..3 {
        recorder.push(Kind::Timer, 0, NO_CONN, 0, &payload(at)).unwrap();
        recorder.flush_durable().unwrap();
    }
    recorder.close(0).unwrap();
    let path = segment_path(&rig.journal(), 1);
    let whole = fs::read(&path).unwrap();
    // A sample, spread over all bits of a byte; the pure tests flip every one.
    for bit in (0..whole.len() * 8).step_by(13) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        match recover(rig.path()) {
            Err(_) => {}
            Ok(found) => assert!(matches!(found.summary().tail, Tail::Torn(_)), "bit {bit}"),
        }
        assert!(JournalReader::open(rig.path()).is_ok());
    }
}

#[test]
fn a_missing_segment_is_refused() {
    let rig = Rig::new();
    for _ in 0..3 {
        drop(rig.start(&replay_settings()));
    }
    fs::remove_file(segment_path(&rig.journal(), 2)).unwrap();
    assert!(recover(rig.path()).unwrap_err().to_string().contains("000002 is missing"));
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let rig = Rig::new();
    for (settings, name) in [
        (RecorderSettings { chunk_bytes: 100, ..replay_settings() }, "chunk_bytes"),
        (RecorderSettings { chunks: 1, ..replay_settings() }, "chunks"),
        (RecorderSettings { segment_bytes: 1, ..replay_settings() }, "segment_bytes"),
        (RecorderSettings { level: 20, ..replay_settings() }, "level"),
    ] {
        let text = rig.try_start(&settings).err().unwrap().to_string();
        assert!(text.contains(name), "{text}");
    }
    let settings = RecorderSettings { headroom_bytes: u64::MAX, ..replay_settings() };
    let refused = rig.try_start(&settings).err();
    assert!(matches!(refused, Some(JournalFault::Io(IoFault::LowSpace { .. }))), "{refused:?}");
}

#[test]
fn an_empty_directory_is_an_empty_journal() {
    let rig = Rig::new();
    let found = recover(rig.path()).unwrap();
    assert_eq!((found.summary().tail, found.summary().records), (Tail::Empty, 0));
    fs::create_dir(rig.journal()).unwrap();
    fs::write(rig.journal().join("notes.txt"), b"not a segment").unwrap();
    assert_eq!(recover(rig.path()).unwrap().summary().tail, Tail::Empty);
}

#[test]
fn presets_differ_in_what_they_do_when_the_disk_is_slow() {
    assert_eq!(RecorderSettings::live().overload, Overload::Shed);
    assert!(matches!(RecorderSettings::replay().overload, Overload::Block { .. }));
    assert_eq!(RecorderSettings::replay().durability, Durability::None);
}
