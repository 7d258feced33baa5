//! The reader of tables on hostile text: total over all bytes, exact about quotes, and the inverse
//! of the writer.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/log.rs"]
mod log;

use log::{Row, facts, report_of, table};
use razor_core::shadow::csv::{CsvError, Table};
use razor_core::shadow::day14::{Day14Error, day14_report};
use razor_core::shadow::rows::text_cell;
use razor_sim::rng::Rng;

/// Reads the columns `c0`, `c1`, … of a text whose header has `width` of them.
fn read(width: usize, body: &[u8]) -> Result<Vec<Vec<String>>, CsvError> {
    const NAMES: [&str; 4] = ["c0", "c1", "c2", "c3"];
    let mut bytes = NAMES[..width].join(",").into_bytes();
    bytes.push(b'\n');
    bytes.extend_from_slice(body);
    let table = Table::open(&bytes)?;
    let columns: Vec<_> =
        NAMES[..width].iter().map(|name| table.column(name)).collect::<Result<_, _>>()?;
    table
        .records()
        .map(|record| {
            let record = record?;
            Ok(columns.iter().map(|column| record.cell(*column).to_owned()).collect())
        })
        .collect()
}

fn cells(rows: &[&[&str; 2]]) -> Result<Vec<Vec<String>>, CsvError> {
    Ok(rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect())
}

#[test]
fn every_form_of_a_cell_is_read_as_rfc_4180_says() {
    for (text, expected) in [
        ("", &[][..]),
        ("a,b", &[&["a", "b"]]),
        ("a,b\n", &[&["a", "b"]]),
        ("a,b\r\n", &[&["a", "b"]]),
        ("a,b\n\n\r\n  \nc,d", &[&["a", "b"], &["c", "d"]]),
        ("a", &[&["a", ""]]),
        ("a,b,c,d", &[&["a", "b"]]),
        (",", &[&["", ""]]),
        ("\"\",\"\"", &[&["", ""]]),
        ("\"a,b\",c", &[&["a,b", "c"]]),
        ("\"a\"\"b\",c", &[&["a\"b", "c"]]),
        ("\"\"\"\",c", &[&["\"", "c"]]),
        ("\"\"\"a\"\"\",\"\"\"\"\"\"", &[&["\"a\"", "\"\""]]),
        ("\"a\nb\",c\nd,e", &[&["a\nb", "c"], &["d", "e"]]),
        ("\"a\r\nb\",c\r\n", &[&["a\r\nb", "c"]]),
        (" a , b ", &[&["a", "b"]]),
        ("\" a \",b", &[&["a", "b"]]),
        ("'a',b", &[&["'a'", "b"]]),
        ("a;b,c", &[&["a;b", "c"]]),
        ("é\u{2028},\u{feff}x", &[&["é", "\u{feff}x"]]),
        ("a\u{0},b", &[&["a\u{0}", "b"]]),
        ("\"\"\n", &[]),
    ] {
        assert_eq!(read(2, text.as_bytes()), cells(expected), "{text:?}");
    }
}

#[test]
fn broken_quotes_are_refused_with_the_line_of_their_record() {
    for (text, expected) in [
        ("a\"b,c", CsvError::StrayQuote { line: 2 }),
        (" \"a\",b", CsvError::StrayQuote { line: 2 }),
        ("\"a\" ,b", CsvError::StrayQuote { line: 2 }),
        ("\"a\"b,c", CsvError::StrayQuote { line: 2 }),
        ("a,\"b\"c", CsvError::StrayQuote { line: 2 }),
        ("a,b\n\"c", CsvError::OpenQuote { line: 3 }),
        ("a,b\nc,\"", CsvError::OpenQuote { line: 3 }),
        ("a,b\n\"c\"\"", CsvError::OpenQuote { line: 3 }),
        ("\"a\n\n\nb\",c\nd\"", CsvError::StrayQuote { line: 6 }),
        ("a,b\nc,d\n\n\"", CsvError::OpenQuote { line: 5 }),
        ("a,\"b\"\rc", CsvError::StrayQuote { line: 2 }),
    ] {
        assert_eq!(read(2, text.as_bytes()), Err(expected), "{text:?}");
        assert!(expected.to_string().starts_with("line "), "{expected}");
    }
}

#[test]
fn nothing_behind_broken_text_is_given_out() {
    let table = Table::open(b"c0,c1\na,b\n\"c\nd,e\nf,g\n").expect("table");
    let column = table.column("c0").expect("column");
    let mut records = table.records();
    assert_eq!(records.next().expect("record").expect("good").cell(column), "a");
    assert!(records.next().expect("record").is_err());
    assert!(records.next().is_none());
    // The header itself can be broken.
    assert_eq!(Table::open(b"\"c0").err(), Some(CsvError::OpenQuote { line: 1 }));
    assert_eq!(Table::open(b"a\"b,c\n").err(), Some(CsvError::StrayQuote { line: 1 }));
}

#[test]
fn text_that_is_not_utf8_is_refused_at_its_first_bad_byte() {
    for (bytes, at) in [
        (b"\xff".as_slice(), 0),
        (b"c0\n\x80", 3),
        (b"c0\nabc\xc3", 6),
        (b"c0\n\xed\xa0\x80", 3),
        (b"c0\n\xf8\x88\x80\x80\x80", 3),
        (b"\xff\xfec\x000\x00", 0),
    ] {
        assert_eq!(Table::open(bytes).err(), Some(CsvError::NotUtf8 { at }));
    }
}

#[test]
fn columns_are_found_by_name_whatever_their_case_place_or_spaces() {
    let table = Table::open("\u{feff}B ,a,B,Ä\n1,2,3,4\n".as_bytes()).expect("table");
    let record = table.records().next().expect("record").expect("good");
    let cell = |name: &'static str| table.column(name).map(|column| record.cell(column).to_owned());
    assert_eq!(cell("b"), Ok("1".to_owned()), "the first of two");
    assert_eq!(cell("c"), Err(CsvError::MissingColumn { name: "c" }));
    assert_eq!(record.cell(table.optional("none")), "");
}

#[test]
fn what_the_writer_writes_the_reader_reads() {
    let mut rng = Rng::new(101);
    let letters = ['a', '"', ',', ' ', '\n', '\r', '=', '-', '\t', 'é', '\u{2028}', '1', '\'', '@'];
    for _ in 0..5_000 {
        let texts: Vec<String> = (0..3)
            .map(|_| (0..rng.index(9)).map(|_| letters[rng.index(letters.len())]).collect())
            .collect();
        let written: Vec<String> = texts.iter().map(|text| text_cell(text)).collect();
        let line = format!("x,{}\n", written.join(","));
        assert_eq!(line.lines().count(), 1, "one record is one line: {line:?}");
        let read = read(4, line.as_bytes()).expect("own text");
        for (text, cell) in texts.iter().zip(&read[0][1..]) {
            // The writer neutralises and flattens; the reader trims.
            let mut expected: String = text
                .chars()
                .map(|c| if matches!(c, '\n' | '\r' | '\u{2028}') { ' ' } else { c })
                .collect();
            if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
                expected.insert(0, '\'');
            }
            assert_eq!(cell, expected.trim(), "{text:?}");
        }
    }
}

/// A second reader: one state per byte, no slices.
fn by_state(text: &str) -> Option<Vec<Vec<String>>> {
    #[derive(PartialEq)]
    enum State {
        Start,
        Bare,
        Quoted,
        Closing,
        ClosingReturn,
    }
    let (mut rows, mut row, mut cell, mut state) =
        (Vec::new(), Vec::new(), String::new(), State::Start);
    for letter in text.chars() {
        state = match (state, letter) {
            (State::Start, '"') => State::Quoted,
            (State::Bare, '"') => return None,
            (State::Start | State::Bare | State::Closing, ',') => {
                row.push(std::mem::take(&mut cell));
                State::Start
            }
            (State::Start | State::Bare | State::Closing | State::ClosingReturn, '\n') => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                State::Start
            }
            (State::Start | State::Bare, other) => {
                cell.push(other);
                State::Bare
            }
            (State::Quoted, '"') => State::Closing,
            (State::Quoted, other) => {
                cell.push(other);
                State::Quoted
            }
            (State::Closing, '"') => {
                cell.push('"');
                State::Quoted
            }
            (State::Closing, '\r') => State::ClosingReturn,
            (State::Closing | State::ClosingReturn, _) => return None,
        };
    }
    if state == State::Quoted || state == State::ClosingReturn {
        return None;
    }
    if state != State::Start || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    Some(rows)
}

#[test]
fn random_text_is_read_as_by_a_reader_of_single_letters() {
    let mut rng = Rng::new(102);
    let letters = ['a', '"', '"', ',', ',', '\n', '\r', ' ', 'é'];
    let (mut good, mut bad) = (0, 0);
    for _ in 0..60_000 {
        let body: String = (0..rng.index(16)).map(|_| letters[rng.index(letters.len())]).collect();
        let expected = by_state(&body).map(|rows| {
            let trimmed = |row: &Vec<String>| -> Vec<String> {
                (0..3).map(|at| row.get(at).map_or("", |cell| cell.trim()).to_owned()).collect()
            };
            let blank = |row: &&Vec<String>| !(row.len() == 1 && row[0].trim().is_empty());
            rows.iter().filter(blank).map(trimmed).collect::<Vec<_>>()
        });
        assert_eq!(read(3, body.as_bytes()).ok(), expected, "{body:?}");
        *(if expected.is_some() { &mut good } else { &mut bad }) += 1;
    }
    assert!(good > 5_000 && bad > 5_000, "{good} {bad}");
}

#[test]
fn a_damaged_log_is_a_report_or_a_typed_error_and_never_a_panic() {
    let rows: Vec<Row> = (0..6)
        .map(|id| Row::example().with("signal_id", &id.to_string()).with("notes", "A,B"))
        .collect();
    let whole = table(&rows).into_bytes();
    let mut rng = Rng::new(103);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let mut bytes = whole.clone();
        for _ in 0..=rng.below(4) {
            let at = rng.index(bytes.len());
            match rng.below(5) {
                0 => bytes[at] = rng.below(256) as u8,
                1 => {
                    bytes.remove(at);
                }
                2 => bytes.insert(at, b",\"\n\r0e-9"[rng.index(8)]),
                3 => bytes.truncate(at + 1),
                _ => bytes[at] ^= 1 << rng.below(7),
            }
        }
        match day14_report(Some(&bytes), Some(&bytes), &facts()) {
            Ok(_) => read += 1,
            Err(Day14Error::Log(_) | Day14Error::Sets(_) | Day14Error::Overflow) => refused += 1,
            Err(other) => panic!("{other}"),
        }
        if day14_report(Some(&bytes), None, &facts()).is_ok() {
            read += 1;
        }
    }
    assert!(read > 500 && refused > 500, "{read} {refused}");
}

#[test]
fn numbers_of_any_spelling_are_read_exactly_or_not_at_all() {
    for (cell, sum) in [
        ("1", Some("1")),
        ("+1", Some("1")),
        ("1.", Some("1")),
        (".5", Some("0.5")),
        ("1e2", Some("100")),
        ("1E-2", Some("0.01")),
        ("-0", Some("0")),
        ("000.100", Some("0.1")),
        ("0.0000000000000000001", Some("0")),
        ("NaN", None),
        ("inf", None),
        ("-inf", None),
        ("1_000", None),
        ("1 000", None),
        ("0x1", None),
        ("١", None),
        ("1e99999999999", None),
        ("1e400", None),
        ("", None),
        ("-", None),
        (".", None),
        ("e1", None),
        ("'-1", None),
    ] {
        let found = report_of(&table(&[Row::example().with("total_pnl", cell)]), None, &facts());
        let is_bad = found["totals"]["bad_rows"] == 1;
        assert_eq!(is_bad, sum.is_none(), "{cell:?}");
        if let Some(sum) = sum {
            assert_eq!(found["totals"]["total_shadow_pnl"]["e12"], sum, "{cell:?}");
        }
    }
}

#[test]
fn a_very_wide_and_a_very_long_table_are_read_in_one_pass() {
    let wide = ",".repeat(200_000);
    assert_eq!(read(2, format!("a,b{wide}\n").as_bytes()), cells(&[&["a", "b"]]));
    let long = "x".repeat(1 << 20);
    let rows = read(2, format!("\"{long}\",{long}\n").as_bytes()).expect("rows");
    assert_eq!((rows[0][0].len(), rows[0][1].len()), (1 << 20, 1 << 20));
    let quotes = "\"\"".repeat(200_000);
    let rows = read(2, format!("\"{quotes}\",b\n").as_bytes()).expect("rows");
    assert_eq!(rows[0][0].len(), 200_000);
    let many = "a,b\n".repeat(100_000);
    assert_eq!(read(2, many.as_bytes()).map(|rows| rows.len()), Ok(100_000));
}
