//! The recorder against a list of records as its model, over random lives of a run directory.
//!
//! A life pushes, names connections, flushes, syncs, and ends by a close, by a drop or by a disk
//! that fails at some call. After each life the directory is recovered and must hold a prefix of
//! what was pushed, at least up to what was reported durable; the next life goes on behind it.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
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
use std::sync::{Arc, Mutex};

use razor_core::ids::ConnIx;
use razor_core::journal::{Cause, Identity, JournalError, Kind, NO_CONN};
use razor_io::disk::RunLock;
use razor_io::fault::IoFault;
use razor_io::journal::{
    Durability, JournalFault, JournalReader, Recorder, RecorderSettings, Tail, recover,
    recover_with, segment_path,
};
use rig::{Fault, FaultyStore, Plan, Rig, identity, payload, replay_settings};

/// A record as the model keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    kind: Kind,
    recv_ns: i64,
    conn: ConnIx,
    epoch: u32,
    payload: Vec<u8>,
}

/// What a run directory must hold.
#[derive(Debug, Default)]
struct Model {
    rows: Vec<Row>,
    names: Vec<String>,
    durable: u64,
}

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

fn settings() -> RecorderSettings {
    RecorderSettings { chunk_bytes: 4_096, reserve_bytes: 0, ..replay_settings() }
}

fn stored(rig: &Rig) -> Vec<Row> {
    let mut rows = Vec::new();
    recover_with(rig.path(), |record| {
        assert_eq!(record.seq, rows.len() as u64 + 1);
        rows.push(Row {
            kind: record.kind,
            recv_ns: record.recv_ns,
            conn: record.conn,
            epoch: record.epoch,
            payload: record.payload.to_vec(),
        });
    })
    .unwrap();
    rows
}

/// One random step; an error ends the life.
fn step(recorder: &mut Recorder, model: &mut Model, dice: &mut Dice) -> Result<(), JournalFault> {
    match dice.below(12) {
        0 => recorder.flush(),
        1 => {
            model.durable = recorder.flush_durable()?;
            assert_eq!(model.durable, model.rows.len() as u64);
            Ok(())
        }
        2 => {
            let name = format!("market-{}", dice.below(6));
            let known = model.names.iter().position(|other| *other == name);
            let at = known.unwrap_or(model.names.len());
            let conn = ConnIx(at as u16);
            if known.is_none() {
                // Counted before it is known to be in: a failed push leaves it out again.
                let payload = name.clone().into_bytes();
                let row = Row { kind: Kind::Conn, recv_ns: 9, conn, epoch: 0, payload };
                assert_eq!(recorder.conn(&name, 9)?, conn);
                model.rows.push(row);
                model.names.push(name);
            } else {
                assert_eq!(recorder.conn(&name, 9)?, conn, "a known name writes nothing");
            }
            Ok(())
        }
        _ => {
            let kinds = [Kind::Ws, Kind::Rest, Kind::Trade, Kind::Timer, Kind::Gap, Kind::Meta];
            let conn = match dice.below(model.names.len() as u64 + 1) as u16 {
                0 => NO_CONN,
                named => ConnIx(named - 1),
            };
            let mut text = payload(dice.below(1 << 30) as u32);
            text.truncate(dice.below(301) as usize);
            let row = Row {
                kind: kinds[dice.below(6) as usize],
                recv_ns: dice.below(1 << 40) as i64 - (1 << 39),
                conn,
                epoch: dice.below(1 << 32) as u32,
                payload: text,
            };
            let pushed = recorder.push(row.kind, row.recv_ns, conn, row.epoch, &row.payload)?;
            model.rows.push(row);
            assert_eq!(pushed.seq(), Some(model.rows.len() as u64));
            Ok(())
        }
    }
}

/// Compares the directory with the model and cuts the model to what is there.
fn check(rig: &Rig, model: &mut Model, what: &str) {
    let rows = stored(rig);
    assert!(rows.len() as u64 >= model.durable, "{what}: durable records were lost");
    assert!(rows.len() <= model.rows.len(), "{what}: records that nobody pushed");
    assert_eq!(rows, model.rows[..rows.len()], "{what}");
    model.rows = rows;
    let named = model.rows.iter().filter(|row| row.kind == Kind::Conn);
    model.names = named.map(|row| String::from_utf8(row.payload.clone()).unwrap()).collect();
    model.durable = model.rows.len() as u64;
    let again = recover(rig.path()).unwrap();
    assert_eq!(again.chain().last_seq(), model.durable, "{what}: a second look");
    for (at, name) in model.names.iter().enumerate() {
        assert_eq!(again.chain().conns().name(ConnIx(at as u16)), Some(name.as_str()), "{what}");
    }
}

/// What the recovery record of the next life says of the end of the last one.
fn expect_recovery(model: &mut Model, tail: &Tail) {
    let from = model.rows.len();
    let text = match tail {
        Tail::Empty => return,
        Tail::Torn(damage) => format!(
            "{{\"last_seq\":{from},\"segment\":{},\"block\":{},\"offset\":{},\"cause\":\"{}\"}}",
            damage.segment, damage.block, damage.offset, damage.cause
        ),
        Tail::Open | Tail::Closed => format!("{{\"last_seq\":{from},\"cause\":\"unclean end\"}}"),
    };
    let payload = text.into_bytes();
    let (kind, conn) = (Kind::Recovery, NO_CONN);
    model.rows.push(Row { kind, recv_ns: 77, conn, epoch: 0, payload });
    model.durable = model.rows.len() as u64;
}

#[test]
fn whatever_happens_to_a_run_it_holds_a_prefix_of_what_was_pushed() {
    let (mut failed, mut cut) = (0, 0);
    for seed in 0..60 {
        let (rig, mut model, mut dice) = (Rig::new(), Model::default(), Dice(seed));
        for life in 0..5 {
            let what = format!("seed {seed} life {life}");
            let tail = recover(rig.path()).unwrap().summary().tail;
            let plan = Arc::new(Mutex::new(Plan::default()));
            let mut recorder = rig.start_on(&settings(), FaultyStore::boxed(&plan));
            expect_recovery(&mut model, &tail);
            if dice.below(3) > 0 {
                let code = [5, 28, 30][dice.below(3) as usize];
                let fault = match dice.below(2) {
                    0 => Fault::Fails(code),
                    _ => Fault::Short(dice.below(150) as usize, code),
                };
                let mut plan = plan.lock().unwrap();
                plan.fault = Some((plan.calls + dice.below(12), fault));
            }
            let steps = dice.below(150);
            for _ in 0..steps {
                if let Err(fault) = step(&mut recorder, &mut model, &mut dice) {
                    assert!(matches!(fault, JournalFault::Io(_)), "{what}: {fault}");
                    assert_eq!(recorder.check(), Err(fault.clone()), "{what}: it is kept");
                    let again = recorder.push(Kind::Ws, 0, NO_CONN, 0, b"late");
                    assert_eq!(again, Err(fault), "{what}: nothing more is taken");
                    break;
                }
            }
            model.durable = model.durable.max(recorder.durable_seq());
            failed += u32::from(recorder.check().is_err());
            drop(recorder);
            let pushed = model.rows.len();
            check(&rig, &mut model, &what);
            cut += u32::from(model.rows.len() < pushed);
        }
    }
    assert!(failed > 50 && cut > 50, "{failed} lives failed, {cut} lost records: too few to tell");
}

#[test]
fn a_run_without_faults_holds_everything_and_closes_once() {
    for seed in 100..115 {
        let (rig, mut model, mut dice) = (Rig::new(), Model::default(), Dice(seed));
        for life in 0..3 {
            let tail = recover(rig.path()).unwrap().summary().tail;
            let mut recorder = rig.start(&settings());
            expect_recovery(&mut model, &tail);
            for _ in 0..dice.below(300) {
                step(&mut recorder, &mut model, &mut dice).unwrap();
            }
            if life < 2 {
                drop(recorder);
                assert_eq!(stored(&rig), model.rows, "seed {seed}: a drop writes what there is");
                continue;
            }
            let closed = recorder.close(5).unwrap();
            let (kind, conn, payload) = (Kind::End, NO_CONN, b"{}".to_vec());
            model.rows.push(Row { kind, recv_ns: 5, conn, epoch: 0, payload });
            assert_eq!(closed.last_seq, model.rows.len() as u64);
            assert_eq!(closed.stats.pushed_seq, closed.stats.durable_seq);
        }
        check(&rig, &mut model, &format!("seed {seed}"));
        assert_eq!(recover(rig.path()).unwrap().summary().tail, Tail::Closed);
        assert_eq!(rig.try_start(&settings()).err(), Some(JournalFault::Closed));
    }
}

#[test]
fn a_segment_is_left_once_it_has_reached_its_size_and_not_before() {
    let rig = Rig::new();
    let mut recorder = rig.start(&settings());
    let mut expected = 1;
    for at in 0..900 {
        let begun = fs::metadata(segment_path(&rig.journal(), expected)).unwrap().len();
        recorder.push(Kind::Ws, 0, NO_CONN, 0, &payload(at)).unwrap();
        recorder.flush_durable().unwrap();
        // A block goes into the open segment unless that has its size already.
        if begun >= 64 * 1024 {
            expected += 1;
        }
        assert!(segment_path(&rig.journal(), expected).exists(), "record {at}");
        assert!(!segment_path(&rig.journal(), expected + 1).exists(), "record {at}");
    }
    assert!(expected >= 4, "{expected}");
    recorder.close(0).unwrap();
    let summary = recover(rig.path()).unwrap().summary().clone();
    assert_eq!((summary.segments, summary.records), (expected, 901));
}

#[test]
fn records_do_not_depend_on_buffers_segments_levels_or_syncs() {
    let run = |settings: &RecorderSettings, sync_every: u32| {
        let rig = Rig::new();
        let mut recorder = rig.start(settings);
        for at in 0..600 {
            let conn = recorder.conn(&format!("market-{}", at % 3), 1).unwrap();
            recorder.push(Kind::Ws, i64::from(at), conn, at, &payload(at)).unwrap();
            if at % sync_every == 0 {
                recorder.flush_durable().unwrap();
            }
        }
        recorder.close(2).unwrap();
        stored(&rig)
    };
    let want = run(&settings(), 7);
    assert_eq!(want.len(), 600 + 3 + 1);
    for (chunk_bytes, chunks) in [(4_096, 2), (65_536, 3), (1 << 20, 2)] {
        for (level, segment_bytes) in [(-7, 64 << 10), (1, 1 << 30), (12, 64 << 10)] {
            let other =
                RecorderSettings { chunk_bytes, chunks, level, segment_bytes, ..settings() };
            assert_eq!(run(&other, 1_000), want, "{other:?}");
        }
    }
    let each = RecorderSettings { durability: Durability::EachFlush, ..settings() };
    assert_eq!(run(&each, 50), want);
}

#[test]
fn tokens_grow_with_each_start_also_when_the_lock_file_is_lost() {
    let rig = Rig::new();
    let mut last = 0;
    for round in 0..6 {
        if round == 3 {
            fs::remove_file(rig.path().join("lock")).unwrap();
        }
        let mut recorder = rig.start(&settings());
        recorder.push(Kind::Timer, 0, NO_CONN, 0, b"x").unwrap();
        drop(recorder);
        let token = recover(rig.path()).unwrap().chain().token();
        assert!(token > last, "round {round}: {token} after {last}");
        last = token;
    }
}

#[test]
fn one_recorder_at_a_time_and_the_next_one_after_it() {
    let rig = Rig::new();
    let recorder = rig.start(&settings());
    let Err(JournalFault::Io(IoFault::Locked { pid, path })) = rig.try_start(&settings()) else {
        panic!("two writers");
    };
    assert_eq!((pid, path), (std::process::id(), rig.path().join("lock")));
    assert!(JournalReader::open(rig.path()).is_ok(), "reading needs no lock");
    drop(recorder);
    drop(rig.start(&settings()));
    drop(RunLock::acquire(rig.path()).unwrap());
}

#[test]
fn another_identity_is_refused_and_changes_nothing() {
    let rig = Rig::new();
    drop(rig.start(&settings()));
    let before = rig.segments();
    let own = identity();
    for other in [
        Identity::new("run_other", own.build_id(), *own.config_hash()).unwrap(),
        Identity::new(own.run_id(), "other", *own.config_hash()).unwrap(),
        Identity::new(own.run_id(), own.build_id(), [8; 32]).unwrap(),
    ] {
        let refused = rig.try_start_as(other, &settings()).err();
        assert_eq!(refused, Some(JournalFault::OtherRun));
        assert_eq!(rig.segments(), before);
    }
}

#[test]
fn a_journal_whose_heads_are_all_torn_takes_the_identity_of_the_next_writer() {
    let rig = Rig::new();
    fs::create_dir(rig.journal()).unwrap();
    for (number, bytes) in [(1, &b""[..]), (2, b"RZJ"), (3, &[0; 500])] {
        fs::write(segment_path(&rig.journal(), number), bytes).unwrap();
    }
    let found = recover(rig.path()).unwrap();
    let Tail::Torn(damage) = found.summary().tail else { panic!("{:?}", found.summary()) };
    assert_eq!((damage.segment, damage.cause), (1, Cause::SegmentShort));
    let mut recorder = rig.start(&settings());
    recorder.push(Kind::Ws, 0, NO_CONN, 0, b"first").unwrap();
    recorder.close(1).unwrap();
    let summary = recover(rig.path()).unwrap().summary().clone();
    assert_eq!((summary.segments, summary.evidence.len(), summary.tail), (4, 3, Tail::Closed));
    let kinds: Vec<Kind> = stored(&rig).iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [Kind::Recovery, Kind::Ws, Kind::End]);
}

#[test]
fn names_of_files_that_are_no_segments_are_passed_over() {
    let rig = Rig::new();
    drop(rig.start(&settings()));
    for name in ["2.rzj", "0000002.rzj", "000002.rz", "x00002.rzj", "000002.rzj.tmp", "+00002.rzj"]
    {
        fs::write(rig.journal().join(name), b"x").unwrap();
    }
    assert_eq!(recover(rig.path()).unwrap().summary().segments, 1);
    fs::write(rig.journal().join("000003.rzj"), b"x").unwrap();
    let refused = recover(rig.path()).unwrap_err();
    let missing = JournalError::MissingSegment { expected: 2, found: 3 };
    assert_eq!(refused, JournalFault::Format(missing));
    fs::remove_file(rig.journal().join("000003.rzj")).unwrap();
    fs::write(rig.journal().join("000000.rzj"), b"x").unwrap();
    assert!(recover(rig.path()).is_err(), "segments count from 1");
}

#[test]
fn a_reader_gives_what_recovery_proves_record_by_record() {
    let rig = Rig::new();
    let mut recorder = rig.start(&settings());
    for at in 0..500 {
        recorder.push(Kind::Ref, i64::from(at), NO_CONN, at, &payload(at)).unwrap();
    }
    recorder.close(0).unwrap();
    let want = stored(&rig);
    let mut reader = JournalReader::open(rig.path()).unwrap();
    let (mut bytes, mut count) = (0, 0);
    while let Some(record) = reader.next_record().unwrap() {
        assert_eq!(record.payload, want[count].payload);
        count += 1;
        assert!(reader.stored_bytes() >= bytes);
        bytes = reader.stored_bytes();
    }
    let total: usize = rig.segments().iter().map(Vec::len).sum();
    assert_eq!((count, bytes), (want.len(), total as u64));
    assert_eq!(reader.summary().tail.word(), "closed");
}

#[test]
fn settings_have_both_their_bounds() {
    let base = settings();
    let with = |change: &dyn Fn(&mut RecorderSettings)| {
        let mut settings = base.clone();
        change(&mut settings);
        settings
    };
    for (settings, refused) in [
        (with(&|s| s.chunk_bytes = 4_095), Some("chunk_bytes")),
        (with(&|s| s.chunk_bytes = 4_096), None),
        (with(&|s| s.chunk_bytes = 16 << 20), None),
        (with(&|s| s.chunk_bytes = (16 << 20) + 1), Some("chunk_bytes")),
        (with(&|s| s.chunks = 1), Some("chunks")),
        (with(&|s| s.chunks = 2), None),
        (with(&|s| s.chunks = 4_096), None),
        (with(&|s| s.chunks = 4_097), Some("chunks")),
        (with(&|s| s.segment_bytes = (64 << 10) - 1), Some("segment_bytes")),
        (with(&|s| s.segment_bytes = 4 << 30), None),
        (with(&|s| s.segment_bytes = (4 << 30) + 1), Some("segment_bytes")),
        (with(&|s| s.level = -8), Some("level + 7")),
        (with(&|s| s.level = -7), None),
        (with(&|s| s.level = 19), None),
        (with(&|s| s.level = 20), Some("level + 7")),
        (with(&|s| s.level = i32::MIN), Some("level + 7")),
        (with(&|s| s.reserve_bytes = (1 << 30) + 1), Some("reserve_bytes")),
    ] {
        let rig = Rig::new();
        let found = match rig.try_start(&settings).err() {
            None => None,
            Some(JournalFault::Setting { name, .. }) => Some(name),
            Some(other) => panic!("{other}"),
        };
        assert_eq!(found, refused, "{settings:?}");
        let nothing = found.is_some() && rig.journal().exists();
        assert!(!nothing, "a refused recorder leaves nothing behind");
    }
}
