//! The tables of a run directory by themselves: what is kept back and when it is written, putting
//! rebuilt ones in place, and the comparison with what a fold gives.
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

use razor_core::engine::table::{SignalNotice, Sink, Table};
use razor_core::ids::SetIx;
use razor_core::units::{Bps, Nanos};
use razor_io::fault::{IoFault, Operation};
use razor_io::projection::{Comparison, Difference, Tables};
use seeded::{names, tables, temp};

/// The files with a line of its own number in each table.
fn numbered(tables: &mut Tables, count: usize) {
    for number in 0..count {
        for table in Table::ALL {
            tables.row(table, &format!("{table:?},{number}\n"));
        }
    }
}

fn expected(count: usize) -> Vec<(&'static str, String)> {
    let content = |table: Table| {
        let header = table.header().map(|header| format!("{header}\n")).unwrap_or_default();
        let rows: Vec<String> = (0..count).map(|number| format!("{table:?},{number}\n")).collect();
        (table.file_name(), header + &rows.concat())
    };
    Table::ALL.into_iter().map(content).collect()
}

fn compare(dir: &Path, count: usize) -> Vec<Difference> {
    let mut comparison = Comparison::open(dir).unwrap();
    for number in 0..count {
        for table in Table::ALL {
            comparison.row(table, &format!("{table:?},{number}\n"));
        }
    }
    comparison.finish().unwrap()
}

#[test]
fn rows_are_kept_back_until_a_flush_and_then_all_there() {
    let dir = temp();
    let mut made = Tables::create(dir.path()).unwrap();
    assert!(made.wants_rows());
    numbered(&mut made, 3);
    assert!(tables(dir.path()).iter().all(|(_, text)| text.is_empty()));
    made.flush().unwrap();
    assert_eq!(tables(dir.path()), expected(3));
    made.flush().unwrap();
    made.sync().unwrap();
    assert_eq!(tables(dir.path()), expected(3), "a flush of nothing writes nothing");
    numbered(&mut made, 0);
    drop(made);
    assert_eq!(tables(dir.path()), expected(3), "dropped tables stay where they are");
}

#[test]
fn many_rows_are_written_before_a_flush_and_none_is_lost_or_doubled() {
    let dir = temp();
    let mut made = Tables::create(dir.path()).unwrap();
    numbered(&mut made, 40_000);
    let before: usize = tables(dir.path()).iter().map(|(_, text)| text.len()).sum();
    assert!(before > 1 << 20, "{before} bytes were written on the way");
    made.sync().unwrap();
    assert_eq!(tables(dir.path()), expected(40_000));
    assert_eq!(compare(dir.path(), 40_000), []);
}

#[test]
fn a_row_longer_than_what_is_kept_back_is_written_whole() {
    let dir = temp();
    let mut made = Tables::create(dir.path()).unwrap();
    let long = "x".repeat(3 << 20) + "\n";
    made.row(Table::Health, &long);
    made.sync().unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("health.jsonl")).unwrap(), long);
}

#[test]
fn rebuilt_tables_stand_beside_the_old_ones_until_they_are_put_in_place() {
    let dir = temp();
    let mut old = Tables::create(dir.path()).unwrap();
    numbered(&mut old, 2);
    old.sync().unwrap();
    let plain = names(dir.path());
    let mut new = Tables::rebuild(dir.path()).unwrap();
    numbered(&mut new, 5);
    new.flush().unwrap();
    assert_eq!(tables(dir.path()), expected(2), "the old ones are still there");
    assert_eq!(names(dir.path()).len(), 2 * plain.len());
    new.publish().unwrap();
    assert_eq!(tables(dir.path()), expected(5));
    assert_eq!(names(dir.path()), plain);
    // Rows go on behind the ones that were put in place; doing it again changes nothing.
    new.publish().unwrap();
    for table in Table::ALL {
        new.row(table, &format!("{table:?},5\n"));
    }
    new.sync().unwrap();
    assert_eq!(tables(dir.path()), expected(6));
    drop(new);
    assert_eq!(names(dir.path()), plain);
    // The writer of the old ones finds that its files are gone.
    assert!(matches!(old.sync(), Err(IoFault::Replaced { .. })));
}

#[test]
fn a_rebuild_that_is_given_up_leaves_nothing() {
    let dir = temp();
    let mut old = Tables::create(dir.path()).unwrap();
    numbered(&mut old, 2);
    old.sync().unwrap();
    let plain = names(dir.path());
    let mut new = Tables::rebuild(dir.path()).unwrap();
    numbered(&mut new, 40_000);
    drop(new);
    assert_eq!((names(dir.path()), tables(dir.path())), (plain.clone(), expected(2)));
    // Leftovers of a killed process are written over.
    fs::write(dir.path().join("ticks.csv.rebuild"), b"left over").unwrap();
    let mut new = Tables::rebuild(dir.path()).unwrap();
    numbered(&mut new, 1);
    new.publish().unwrap();
    assert_eq!((names(dir.path()), tables(dir.path())), (plain, expected(1)));
}

#[test]
fn a_place_that_cannot_be_written_is_a_fault_with_its_path() {
    let dir = temp();
    fs::create_dir(dir.path().join("shadow_sets.csv")).unwrap();
    let fault = Tables::create(dir.path()).err().unwrap();
    assert!(fault.path().ends_with("shadow_sets.csv"), "{fault}");
    let fault = Tables::create(&dir.path().join("none")).err().unwrap();
    assert!(matches!(fault, IoFault::Missing { operation: Operation::Create, .. }), "{fault}");
    let other = temp();
    let mut new = Tables::rebuild(other.path()).unwrap();
    fs::create_dir_all(other.path().join("trades.csv/full")).unwrap();
    let fault = new.publish().err().unwrap();
    assert!(fault.path().ends_with("trades.csv"), "{fault}");
}

#[test]
fn signals_are_handed_on_once_and_in_order() {
    let dir = temp();
    let mut made = Tables::create(dir.path()).unwrap();
    let notice = |signal_id| SignalNotice {
        signal_id,
        set: SetIx(3),
        recv_ns: Nanos(9),
        expected_net: Bps::new(11),
    };
    for id in [1, 2, 3] {
        made.signal(notice(id));
    }
    assert_eq!(made.take_signals(), [notice(1), notice(2), notice(3)]);
    assert_eq!(made.take_signals(), []);
    made.signal(notice(4));
    assert_eq!(made.take_signals(), [notice(4)]);
}

#[test]
fn the_comparison_names_the_first_line_that_differs_in_each_table() {
    let dir = temp();
    let mut made = Tables::create(dir.path()).unwrap();
    numbered(&mut made, 4);
    made.sync().unwrap();
    assert_eq!(compare(dir.path(), 4), []);
    // One row more or less is found in every table, behind the last line.
    for (count, found, expected) in [(5, None, Some(4)), (3, Some(3), None)] {
        let differences = compare(dir.path(), count);
        assert_eq!(differences.len(), Table::ALL.len());
        for (difference, table) in differences.iter().zip(Table::ALL) {
            let header = u64::from(table.header().is_some());
            let line = header + if count == 5 { 5 } else { 4 };
            let text = |number: usize| format!("{table:?},{number}");
            assert_eq!((difference.table, difference.line), (table.file_name(), line));
            assert_eq!(difference.found, found.map(text));
            assert_eq!(difference.expected, expected.map(text));
        }
    }
}

#[test]
fn several_lines_of_one_row_are_compared_line_by_line() {
    let dir = temp();
    let mut made = Tables::create(dir.path()).unwrap();
    made.row(Table::ShadowLegs, "a\nb\nc\n");
    made.sync().unwrap();
    for (rows, line) in [
        (&["a\nb\nc\n"][..], None),
        (&["a\n", "b\n", "c\n"], None),
        (&["a\nb\n", "c\n"], None),
        (&["a\nx\nc\n"], Some(3)),
        (&["a\nb\nc"], Some(4)),
        (&["a\nb\n"], Some(4)),
        (&["a\nb\nc\n", "d\n"], Some(5)),
        (&[], Some(2)),
    ] {
        let mut comparison = Comparison::open(dir.path()).unwrap();
        for lines in rows {
            comparison.row(Table::ShadowLegs, lines);
        }
        let differences = comparison.finish().unwrap();
        let found = differences.iter().map(|difference| difference.line).collect::<Vec<_>>();
        assert_eq!(found, line.into_iter().collect::<Vec<_>>(), "{rows:?}");
    }
}

#[test]
fn after_a_difference_nothing_more_of_a_table_is_compared() {
    let dir = temp();
    let mut made = Tables::create(dir.path()).unwrap();
    numbered(&mut made, 3);
    made.sync().unwrap();
    let mut comparison = Comparison::open(dir.path()).unwrap();
    comparison.row(Table::Health, "other\n");
    comparison.row(Table::Health, "Health,1\n");
    for table in Table::ALL.into_iter().filter(|table| *table != Table::Health) {
        for number in 0..3 {
            comparison.row(table, &format!("{table:?},{number}\n"));
        }
    }
    let differences = comparison.finish().unwrap();
    let only = Difference {
        table: "health.jsonl",
        line: 1,
        found: Some("Health,0".to_owned()),
        expected: Some("other".to_owned()),
    };
    assert_eq!(differences, [only]);
}

#[test]
fn a_header_of_another_version_differs_in_line_one() {
    let dir = temp();
    let mut made = Tables::create(dir.path()).unwrap();
    made.sync().unwrap();
    for table in Table::ALL {
        let path = dir.path().join(table.file_name());
        fs::write(&path, "another,header\n").unwrap();
    }
    let differences = Comparison::open(dir.path()).unwrap().finish().unwrap();
    assert_eq!(differences.len(), Table::ALL.len());
    for (difference, table) in differences.iter().zip(Table::ALL) {
        assert_eq!(difference.line, 1);
        assert_eq!(
            difference.expected.as_deref(),
            table.header().map(|header| {
                header.char_indices().nth(200).map_or(header, |(end, _)| &header[..end])
            })
        );
    }
}
