//! The disk, its faults, digests, JSON texts and the raw copy: tables and small laws.
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

use std::fs;
use std::io;
use std::path::Path;

use razor_io::digest::{file_sha256, hex, sha256};
use razor_io::disk::{
    Reserve, RunLock, check_space, create_dir, free_bytes, replace_file, sync_dir,
};
use razor_io::fault::{IoFault, Operation};
use razor_io::json;
use razor_io::raw::{RawLog, RawSettings};

/// Names in a directory, sorted.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

// The lock -------------------------------------------------------------------------------------

#[test]
fn the_next_token_is_above_every_one_of_the_lock_file() {
    for (text, want) in [
        ("", 1),
        ("\n1 100\n", 2),
        ("\n1 100\n\n2 100\n", 3),
        ("\n9 100\n\n3 100\n", 10),
        // Torn, foreign and empty lines are passed over.
        ("\n5 1", 6),
        ("\n5 \n", 1),
        ("garbage\n\n4 7\nmore garbage", 5),
        ("-3 7\n", 1),
        ("4  7\n", 1),
        ("4 x\n", 1),
        ("\u{e9} \u{e9}\n2 2\n", 3),
        ("18446744073709551616 1\n", 1),
        ("\n\n\n\n", 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("lock"), text).unwrap();
        let lock = RunLock::acquire(dir.path()).unwrap();
        assert_eq!((lock.token(), lock.dir()), (want, dir.path()), "{text:?}");
        let written = fs::read_to_string(dir.path().join("lock")).unwrap();
        let line = format!("\n{want} {}\n", std::process::id());
        assert_eq!(written, format!("{text}{line}"), "it is only appended to");
    }
}

#[test]
fn bytes_that_are_no_text_do_not_keep_the_lock_from_being_taken() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("lock"), b"\xff\xfe 1\n7 1\n\x00\x01").unwrap();
    assert_eq!(RunLock::acquire(dir.path()).unwrap().token(), 8);
}

#[test]
fn a_token_outgrows_what_was_seen_and_never_shrinks() {
    let dir = tempfile::tempdir().unwrap();
    let mut lock = RunLock::acquire(dir.path()).unwrap();
    for (seen, want) in [(0, 1), (1, 2), (1, 2), (7, 8), (3, 8), (8, 9)] {
        lock.outgrow(seen).unwrap();
        assert_eq!(lock.token(), want, "after {seen}");
    }
    drop(lock);
    assert_eq!(RunLock::acquire(dir.path()).unwrap().token(), 10, "the raised one was written");
}

#[test]
fn a_hold_keeps_the_lock_when_its_owner_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let lock = RunLock::acquire(dir.path()).unwrap();
    let (one, two) = (lock.hold(), lock.hold());
    drop(lock);
    for hold in [one, two] {
        let refused = RunLock::acquire(dir.path()).map(drop);
        let Err(IoFault::Locked { pid, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(pid, std::process::id());
        drop(hold);
    }
    assert_eq!(RunLock::acquire(dir.path()).unwrap().token(), 2);
}

#[test]
fn a_lock_needs_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let refused = RunLock::acquire(&dir.path().join("none")).map(drop);
    let path = dir.path().join("none/lock");
    assert_eq!(refused, Err(IoFault::Missing { path, operation: Operation::Open }));
}

// Files ----------------------------------------------------------------------------------------

#[test]
fn a_replaced_file_is_the_old_one_or_the_new_one_and_nothing_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    for content in [&b"first"[..], b"", &[0xFF; 10_000], b"last"] {
        replace_file(&path, content).unwrap();
        assert_eq!(fs::read(&path).unwrap(), content);
        assert_eq!(names(dir.path()), ["state.json"]);
    }
    // A left-over of a crash is overwritten.
    fs::write(dir.path().join("state.json.tmp"), b"half").unwrap();
    replace_file(&path, b"whole").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert_eq!(names(dir.path()), ["state.json"]);
}

#[test]
fn a_replacement_that_fails_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    replace_file(&path, b"old").unwrap();
    fs::create_dir(dir.path().join("state.json.tmp")).unwrap();
    let refused = replace_file(&path, b"new").unwrap_err();
    assert!(refused.to_string().contains("state.json.tmp"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    let missing = replace_file(&dir.path().join("no/x"), b"new").unwrap_err();
    assert!(matches!(missing, IoFault::Missing { operation: Operation::Create, .. }));
    let taken = dir.path().join("taken");
    fs::create_dir(&taken).unwrap();
    let refused = replace_file(&taken, b"new").unwrap_err();
    assert_eq!(refused.path(), taken);
}

#[test]
fn a_reserve_has_its_size_and_goes_when_released() {
    for len in [0_u64, 1, 4_095, 4_096, 4_097, 100_000] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("reserve");
        fs::write(&path, b"an older one").unwrap();
        let reserve = Reserve::take(&path, len).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, len);
        assert!(bytes.iter().all(|byte| *byte == 0));
        reserve.release().unwrap();
        assert!(!path.exists());
    }
    let dir = tempfile::tempdir().unwrap();
    let reserve = Reserve::take(&dir.path().join("reserve"), 10).unwrap();
    fs::remove_file(dir.path().join("reserve")).unwrap();
    assert!(matches!(reserve.release(), Err(IoFault::Missing { .. })));
}

#[test]
fn space_is_asked_for_and_a_lack_is_told_in_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let free = free_bytes(dir.path()).unwrap();
    assert!(free > 0);
    check_space(dir.path(), 0).unwrap();
    let Err(IoFault::LowSpace { needed, free, path }) = check_space(dir.path(), u64::MAX) else {
        panic!("there is no such disk");
    };
    assert_eq!((needed, path.as_path()), (u64::MAX, dir.path()));
    assert!(free < u64::MAX);
    let missing = free_bytes(&dir.path().join("none"));
    assert!(matches!(missing, Err(IoFault::Missing { operation: Operation::Inspect, .. })));
}

#[test]
fn directories_are_made_with_their_parents_and_twice_without_harm() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b/c");
    create_dir(&deep).unwrap();
    create_dir(&deep).unwrap();
    assert!(deep.is_dir());
    sync_dir(&deep).unwrap();
    fs::write(dir.path().join("file"), b"x").unwrap();
    assert!(create_dir(&dir.path().join("file/below")).is_err());
    assert!(matches!(sync_dir(&dir.path().join("none")), Err(IoFault::Missing { .. })));
}

// Faults ---------------------------------------------------------------------------------------

#[test]
fn each_system_error_is_a_fault_of_its_own_with_path_and_remedy() {
    let operations = [
        Operation::Open,
        Operation::Create,
        Operation::Read,
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
        Operation::Inspect,
        Operation::Lock,
    ];
    for (code, words) in [
        (28, "full"),
        (122, "full"),
        (30, "read-only"),
        (13, "permission denied"),
        (1, "permission denied"),
        (2, "does not exist"),
    ] {
        for operation in operations {
            let error = io::Error::from_raw_os_error(code);
            let fault = IoFault::new(operation, Path::new("runs/x/y"), &error);
            let text = fault.to_string();
            assert!(text.contains(words) && text.contains("runs/x/y"), "{text}");
            assert!(text.contains(&operation.to_string()) && text.contains(';'), "{text}");
            assert_eq!(fault.path(), Path::new("runs/x/y"));
        }
    }
    for operation in operations {
        let error = io::Error::from_raw_os_error(5);
        let path = Path::new("p");
        match IoFault::new(operation, path, &error) {
            IoFault::SyncFailed { code, .. } => assert_eq!((operation, code), (Operation::Sync, 5)),
            IoFault::Failed { operation: found, code, .. } => {
                assert_eq!((found, code), (operation, 5));
                assert_ne!(operation, Operation::Sync);
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn an_error_without_a_code_is_told_by_its_kind() {
    let error = io::Error::from(io::ErrorKind::WriteZero);
    let fault = IoFault::at(Operation::Write, Path::new("p"))(error);
    let IoFault::Failed { kind, code, .. } = fault else { panic!("{fault}") };
    assert_eq!((kind, code), (io::ErrorKind::WriteZero, 0));
}

// Digests and JSON -----------------------------------------------------------------------------

#[test]
fn digests_are_those_of_the_standard_and_a_file_has_that_of_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    for (text, want) in [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ] {
        assert_eq!(hex(&sha256(text.as_bytes())), want);
        fs::write(&path, text).unwrap();
        assert_eq!(file_sha256(&path).unwrap(), want);
    }
    // Around the size of the chunk in which files are read.
    for len in [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20] {
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251).try_into().unwrap()).collect();
        fs::write(&path, &bytes).unwrap();
        assert_eq!(file_sha256(&path).unwrap(), hex(&sha256(&bytes)), "{len}");
    }
    let missing = file_sha256(&dir.path().join("none"));
    assert!(matches!(missing, Err(IoFault::Missing { operation: Operation::Open, .. })));
}

#[test]
fn hex_is_two_lower_case_digits_a_byte() {
    let all: Vec<u8> = (0..=255).collect();
    let text = hex(&all);
    assert_eq!(text.len(), 512);
    for (at, byte) in all.iter().enumerate() {
        assert_eq!(u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap(), *byte);
    }
    assert_eq!((hex(&[]), hex(&[0, 10, 255])), (String::new(), "000aff".to_owned()));
}

#[test]
fn values_are_one_line_of_json_and_read_back() {
    for text in ["", "a", "\"", "\\", "\n\r\t", "\u{0}\u{1f}", "é😀\u{2028}", "</script>"] {
        let line = json::text(&text);
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(json::read::<String>(&line).as_deref(), Ok(text));
    }
    let map: std::collections::BTreeMap<String, Option<i64>> =
        [("b".to_owned(), None), ("a".to_owned(), Some(i64::MIN))].into();
    assert_eq!(json::text(&map), "{\"a\":-9223372036854775808,\"b\":null}");
    assert_eq!(json::read(&json::text(&map)), Ok(map));
    let keyed: std::collections::BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
    assert_eq!(json::text(&keyed), "null", "keys that are no text");
    for (text, place) in
        [("", "line 1"), ("\n\nx", "line 3"), ("300", "line 1"), ("1 2", "column 3")]
    {
        let refused = json::read::<u8>(text).unwrap_err();
        assert!(refused.contains(place), "{text:?}: {refused}");
    }
}

// The raw copy ---------------------------------------------------------------------------------

fn aside(dir: &Path) -> Vec<String> {
    names(dir).into_iter().filter(|name| name.contains("rotated")).collect()
}

#[test]
fn every_frame_is_in_one_of_the_files_in_order_whatever_the_rotation() {
    for (rotate_bytes, every) in [(1, 1), (50, 3), (200, 7), (1_000_000, 10), (u64::MAX, 1)] {
        let dir = tempfile::tempdir().unwrap();
        let mut raw = RawLog::open(dir.path(), RawSettings { rotate_bytes, keep: 0 }).unwrap();
        let frames: Vec<String> = (0..100).map(|n| format!("{{\"n\":{n}}}")).collect();
        for (at, frame) in (0_i64..).zip(&frames) {
            raw.push(1_000 + at / 5, frame.as_bytes()).unwrap();
            if at % every == 0 {
                raw.flush().unwrap();
            }
        }
        raw.flush().unwrap();
        let mut text = String::new();
        for name in aside(dir.path()).iter().map(String::as_str).chain(["raw_ws.jsonl"]) {
            text += &fs::read_to_string(dir.path().join(name)).unwrap();
        }
        assert_eq!(text.lines().collect::<Vec<_>>(), frames, "{rotate_bytes} {every}");
    }
}

#[test]
fn only_the_newest_files_are_kept_and_zero_keeps_all() {
    for (keep, want) in [(0, 20), (1, 1), (3, 3), (20, 20), (100, 20), (u64::MAX, 20)] {
        let dir = tempfile::tempdir().unwrap();
        let mut raw = RawLog::open(dir.path(), RawSettings { rotate_bytes: 1, keep }).unwrap();
        for ms in 0..20 {
            raw.push(ms, b"x").unwrap();
            raw.flush().unwrap();
        }
        let left = aside(dir.path());
        assert_eq!(left.len(), want, "keep {keep}");
        let newest = format!("raw_ws.jsonl.rotated_{:015}", 19);
        assert_eq!(left.last(), Some(&newest), "keep {keep}");
    }
}

#[test]
fn rotations_of_one_millisecond_do_not_overwrite_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut raw = RawLog::open(dir.path(), RawSettings { rotate_bytes: 1, keep: 0 }).unwrap();
    for n in 0..10 {
        raw.push(5, format!("{n}").as_bytes()).unwrap();
        raw.flush().unwrap();
    }
    assert_eq!(aside(dir.path()).len(), 10);
    fs::remove_dir_all(dir.path().join("none")).unwrap_err();
    let refused = RawLog::open(&dir.path().join("none"), RawSettings { rotate_bytes: 1, keep: 0 });
    assert!(matches!(refused, Err(IoFault::Missing { .. })));
}
