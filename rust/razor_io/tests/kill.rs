//! kill -9 in the middle of recording, again and again, in one run directory.
//!
//! The test starts itself a second time as the victim, which records without end and prints each
//! number that was reported durable. Whatever was printed must be there after the kill.
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

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use razor_core::journal::{Kind, NO_CONN};
use razor_io::fault::IoFault;
use razor_io::journal::{
    DiskStore, Durability, JournalFault, RecorderSettings, Tail, recover, recover_with,
};
use rig::{Rig, identity, payload, replay_settings, start_in};

const DIR: &str = "RAZOR_TEST_VICTIM_DIR";

fn settings() -> RecorderSettings {
    let durability = Durability::Every { span: Duration::from_millis(2), bytes: 20_000 };
    RecorderSettings { durability, ..replay_settings() }
}

/// Records until it is killed: numbers in order, the payload made from the number.
fn victim(dir: &Path) {
    let mut recorder =
        start_in(dir, identity(), &settings(), Box::new(DiskStore::default())).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "durable {}", recorder.durable_seq()).unwrap();
    loop {
        let next = recorder.stats().pushed_seq + 1;
        let seed = u32::try_from(next).unwrap();
        recorder.push(Kind::Timer, 0, NO_CONN, 0, &payload(seed)).unwrap();
        if next.is_multiple_of(7) {
            writeln!(out, "durable {}", recorder.flush_durable().unwrap()).unwrap();
        } else if next.is_multiple_of(3) {
            recorder.flush().unwrap();
        }
    }
}

/// Lets a victim print some lines, kills it, and gives the last number it reported durable.
fn kill_after(dir: &Path, lines: usize) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "nothing_durable_is_lost_by_kill_9", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut durable, mut seen, mut line) = (0, 0, String::new());
    loop {
        line.clear();
        // After the kill the pipe is read to its end: what was printed was reported.
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
        if let Some((_, number)) = line.trim_end().rsplit_once("durable ") {
            durable = number.parse().unwrap();
            seen += 1;
        }
        if seen == lines {
            let second =
                start_in(dir, identity(), &settings(), Box::new(DiskStore::default())).err();
            let refused = matches!(second, Some(JournalFault::Io(IoFault::Locked { .. })));
            assert!(refused, "a second writer while the first one lives: {second:?}");
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen >= lines, "the victim ended by itself");
    durable
}

#[test]
fn nothing_durable_is_lost_by_kill_9() {
    if let Some(dir) = std::env::var_os(DIR) {
        victim(Path::new(&dir));
    }
    let rig = Rig::new();
    let mut last = 0;
    for lines in [1, 40, 3, 97, 2, 211, 1, 60] {
        let durable = kill_after(rig.path(), lines);
        let mut expected = 0;
        let found = recover_with(rig.path(), |record| {
            expected += 1;
            assert_eq!(record.seq, expected);
            if record.kind == Kind::Timer {
                assert_eq!(record.payload, payload(u32::try_from(record.seq).unwrap()));
            }
        })
        .unwrap();
        let proven = found.chain().last_seq();
        assert!(proven >= durable, "{durable} was reported durable, {proven} is proven");
        assert!(proven >= last, "what was proven once stays proven");
        assert_eq!(found.summary(), recover(rig.path()).unwrap().summary());
        last = proven;
    }
    rig.start(&settings()).close(0).unwrap();
    let found = recover(rig.path()).unwrap();
    assert_eq!(found.summary().tail, Tail::Closed);
    assert_eq!(found.chain().token(), 9, "one token for each writer, none for the refused");
}
