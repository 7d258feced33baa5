//! The audit finds every change of every table, names table and line, and rebuild cures it.
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

use razor_core::engine::table::Table;
use razor_io::audit::{AuditFault, rebuild, verify};
use razor_io::fault::IoFault;
use razor_io::journal::{JournalFault, Tail, segment_path};
use razor_io::projection::Difference;
use razor_io::session::Session;
use razor_sim::rng::Rng;
use seeded::{
    START_NS, assert_sound, feed, names, plan, run_orders, seeded_world, segments, tables, temp,
};
use tempfile::TempDir;

/// A run whose every table has rows.
fn run() -> TempDir {
    let dir = run_orders(&seeded_world(41, 14_000));
    for (name, text) in tables(dir.path()) {
        assert!(text.lines().count() > 1, "{name} has rows");
    }
    dir
}

/// What the audit says about one table that holds other bytes.
fn differences_with(dir: &Path, table: Table, bytes: &[u8]) -> Vec<Difference> {
    let path = dir.join(table.file_name());
    let whole = fs::read(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    let verdict = verify(dir).unwrap();
    fs::write(&path, whole).unwrap();
    verdict.differences
}

/// The line (from 1) that the byte at `at` belongs to.
fn line_of(bytes: &[u8], at: usize) -> u64 {
    let before = bytes[..at].split(|byte| *byte == b'\n').count();
    u64::try_from(before).unwrap()
}

/// Places in a table: both ends, and some between that depend on the seed.
fn places(len: usize, rng: &mut Rng) -> Vec<usize> {
    let mut places = vec![0, 1, len / 2, len - 2, len - 1];
    places.extend((0..5).map(|_| rng.index(len)));
    places.sort_unstable();
    places.dedup();
    places
}

#[test]
fn any_changed_byte_of_any_table_is_found_with_its_line() {
    let dir = run();
    let mut rng = Rng::new(1);
    for table in Table::ALL {
        let whole = fs::read(dir.path().join(table.file_name())).unwrap();
        for at in places(whole.len(), &mut rng) {
            let mut bytes = whole.clone();
            bytes[at] = if whole[at] == b'7' { b'8' } else { b'7' };
            let found = differences_with(dir.path(), table, &bytes);
            assert_eq!(found.len(), 1, "{table:?} byte {at}: {found:?}");
            assert_eq!((found[0].table, found[0].line), (table.file_name(), line_of(&whole, at)));
            assert!(found[0].found.is_some() && found[0].expected.is_some());
        }
    }
}

#[test]
fn any_removed_byte_of_any_table_is_found_with_its_line() {
    let dir = run();
    let mut rng = Rng::new(2);
    for table in Table::ALL {
        let whole = fs::read(dir.path().join(table.file_name())).unwrap();
        for at in places(whole.len(), &mut rng) {
            let mut bytes = whole.clone();
            bytes.remove(at);
            let found = differences_with(dir.path(), table, &bytes);
            assert_eq!(found.len(), 1, "{table:?} byte {at}");
            assert_eq!((found[0].table, found[0].line), (table.file_name(), line_of(&whole, at)));
        }
    }
}

#[test]
fn any_added_byte_of_any_table_is_found_with_its_line() {
    let dir = run();
    let mut rng = Rng::new(3);
    for table in Table::ALL {
        let whole = fs::read(dir.path().join(table.file_name())).unwrap();
        for at in places(whole.len(), &mut rng) {
            for byte in [b'x', b'\n', b'\0', b'\r', 0xff] {
                if whole[at] == byte {
                    continue;
                }
                let mut bytes = whole.clone();
                bytes.insert(at, byte);
                let found = differences_with(dir.path(), table, &bytes);
                assert_eq!(found.len(), 1, "{table:?} byte {at} {byte}");
                assert_eq!(
                    (found[0].table, found[0].line),
                    (table.file_name(), line_of(&whole, at))
                );
            }
        }
    }
}

#[test]
fn added_removed_doubled_and_swapped_lines_are_found_with_their_line() {
    let dir = run();
    for table in Table::ALL {
        let path = dir.path().join(table.file_name());
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let last = lines.len();
        let joined = |lines: &[&str]| lines.concat().into_bytes();
        let edit = |change: &dyn Fn(&mut Vec<&str>)| {
            let mut edited = lines.clone();
            change(&mut edited);
            let found = differences_with(dir.path(), table, &joined(&edited));
            assert_eq!(found.len(), 1, "{table:?}");
            assert_eq!(found[0].table, table.file_name());
            found[0].clone()
        };
        let removed = edit(&|lines| {
            lines.pop();
        });
        assert_eq!((removed.line, removed.found), (last as u64, None));
        let first = edit(&|lines| {
            lines.remove(0);
        });
        assert_eq!(first.line, 1);
        let added = edit(&|lines| lines.push("a new line\n"));
        assert_eq!((added.line, added.expected), (last as u64 + 1, None));
        assert_eq!(added.found.as_deref(), Some("a new line"));
        let unended = edit(&|lines| lines.push("x"));
        assert_eq!((unended.line, unended.found.as_deref()), (last as u64 + 1, Some("x")));
        let doubled = edit(&|lines| lines.insert(1, lines[0]));
        assert_eq!(doubled.line, 2);
        let swapped = edit(&|lines| lines.swap(last - 2, last - 1));
        assert_eq!(swapped.line, last as u64 - 1);
    }
}

#[test]
fn an_empty_table_differs_in_its_first_line() {
    let dir = run();
    for table in Table::ALL {
        let found = differences_with(dir.path(), table, b"");
        assert_eq!((found.len(), found[0].line, &found[0].found), (1, 1, &None), "{table:?}");
        assert!(found[0].expected.is_some());
    }
}

#[test]
fn each_table_has_its_own_first_difference_in_the_order_of_the_tables() {
    let dir = run();
    for table in Table::ALL {
        let path = dir.path().join(table.file_name());
        let mut bytes = fs::read(&path).unwrap();
        let half = bytes.len() / 2;
        bytes.truncate(half);
        fs::write(&path, bytes).unwrap();
    }
    let found = verify(dir.path()).unwrap().differences;
    let named: Vec<&str> = found.iter().map(|difference| difference.table).collect();
    assert_eq!(named, Table::ALL.map(Table::file_name));
    assert_eq!(found, verify(dir.path()).unwrap().differences, "asking changes nothing");
}

#[test]
fn a_long_difference_is_shown_cut() {
    let dir = run();
    let long = "é".repeat(5_000);
    let mut bytes = fs::read(dir.path().join("trades.csv")).unwrap();
    bytes.extend_from_slice(long.as_bytes());
    let found = differences_with(dir.path(), Table::Trades, &bytes);
    let shown = found[0].found.as_deref().unwrap();
    assert!(shown.chars().count() <= 201, "{}", shown.len());
    assert!(shown.starts_with("éé"));
}

#[test]
fn a_table_that_cannot_be_read_is_a_fault_with_its_path() {
    for table in Table::ALL {
        let dir = run_orders(&seeded_world(42, 300));
        let path = dir.path().join(table.file_name());
        fs::remove_file(&path).unwrap();
        let fault = verify(dir.path()).err().unwrap();
        let missing = matches!(
            &fault,
            AuditFault::Io(IoFault::Missing { path: named, .. }) if *named == path
        );
        assert!(missing, "{fault}");
        assert!(fault.to_string().contains(table.file_name()) && fault.to_string().contains(';'));
        fs::create_dir(&path).unwrap();
        let fault = verify(dir.path()).err().unwrap();
        assert!(matches!(&fault, AuditFault::Io(_)), "{fault}");
    }
}

#[test]
fn rebuild_restores_every_table_to_the_byte() {
    let dir = run();
    let (whole, journal, before) = (tables(dir.path()), segments(dir.path()), names(dir.path()));
    let harm: [fn(&Path); 4] = [
        |path| fs::write(path, b"").unwrap(),
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, [0xff; 100]).unwrap(),
        |path| fs::write(path, "=cmd,rows\n".repeat(100_000)).unwrap(),
    ];
    for harm in harm {
        for table in Table::ALL {
            harm(&dir.path().join(table.file_name()));
        }
        let verdict = rebuild(dir.path()).unwrap();
        assert_eq!((verdict.differences.as_slice(), verdict.journal.tail), (&[][..], Tail::Closed));
        assert_eq!(tables(dir.path()), whole);
        assert_eq!(verify(dir.path()).unwrap(), verdict, "rebuild says what verify says");
    }
    assert_eq!(segments(dir.path()), journal, "the journal is only read");
    assert_eq!(names(dir.path()), before, "nothing is left over");
}

#[test]
fn a_crashed_run_has_short_tables_and_rebuild_cures_them() {
    let world = seeded_world(43, 4_000);
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records, 0);
    drop(session);
    let verdict = verify(dir.path()).unwrap();
    assert_eq!(verdict.journal.tail, Tail::Open);
    assert!(!verdict.differences.is_empty(), "rows were kept back");
    assert!(verdict.differences.iter().all(|difference| difference.found.is_none()));
    let rebuilt = rebuild(dir.path()).unwrap();
    assert_eq!(rebuilt.journal.tail, Tail::Open);
    assert_eq!(verify(dir.path()).unwrap(), rebuilt);
    let session = Session::open(&plan(dir.path(), world.records.last().unwrap().recv_ns)).unwrap();
    session.close().unwrap();
    assert_sound(dir.path());
}

#[test]
fn a_damaged_journal_is_a_fault_and_the_old_tables_stay() {
    let dir = run();
    let (whole, before) = (tables(dir.path()), names(dir.path()));
    let path = segment_path(&dir.path().join("journal"), 1);
    let bytes = fs::read(&path).unwrap();
    for at in [60, bytes.len() / 3, bytes.len() / 2] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, &damaged).unwrap();
        for outcome in [verify(dir.path()), rebuild(dir.path())] {
            let fault = outcome.err().unwrap();
            assert!(matches!(fault, AuditFault::Journal(JournalFault::Format(_))), "{fault}");
        }
        assert_eq!(tables(dir.path()), whole);
        assert_eq!(names(dir.path()), before, "a rebuild that failed leaves nothing behind");
    }
}

#[test]
fn a_missing_segment_is_a_fault() {
    let world = seeded_world(44, 2_000);
    let dir = temp();
    for part in world.records.chunks(world.records.len() / 3 + 1) {
        let mut session = Session::open(&plan(dir.path(), part[0].recv_ns)).unwrap();
        feed(&mut session, part, 0);
    }
    fs::remove_file(segment_path(&dir.path().join("journal"), 2)).unwrap();
    let fault = verify(dir.path()).err().unwrap();
    assert!(fault.to_string().contains("000002"), "{fault}");
}

#[test]
fn two_runs_cannot_exchange_a_table_or_a_journal() {
    let (left, right) = (run(), run_orders(&seeded_world(45, 14_000)));
    for table in Table::ALL {
        let other = fs::read(right.path().join(table.file_name())).unwrap();
        let found = differences_with(left.path(), table, &other);
        assert_eq!((found.len(), found[0].table), (1, table.file_name()));
    }
    let path = |dir: &Path| segment_path(&dir.join("journal"), 1);
    fs::copy(path(right.path()), path(left.path())).unwrap();
    match verify(left.path()) {
        Ok(verdict) => assert!(!verdict.differences.is_empty()),
        Err(fault) => assert!(matches!(fault, AuditFault::Journal(_)), "{fault}"),
    }
}

#[test]
fn an_empty_directory_has_nothing_to_verify() {
    let dir = temp();
    assert!(matches!(verify(dir.path()), Err(AuditFault::Io(IoFault::Missing { .. }))));
    assert_eq!(names(dir.path()), Vec::<String>::new(), "verify writes nothing");
    let verdict = rebuild(dir.path()).unwrap();
    assert_eq!((verdict.journal.tail, verdict.journal.records), (Tail::Empty, 0));
    assert_eq!(verify(dir.path()).unwrap().differences, []);
}
