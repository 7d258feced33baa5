//! Lines that are valid JSON but not spelled as razor spells them, and lines that are no records.

use std::fmt::Write as _;

use std::fs;

use razor_io::capture::{CaptureError, CaptureReader, Kind, Limits, LineDecoder, LineError, info};

use crate::kit::{Dice, Row, read_line, scratch};

/// One line and the record that it must give.
type Case = (&'static str, Kind, i64, &'static str, u32, &'static str);

/// Valid spellings. The payload column is the text that the line stands for.
const VALID: &[Case] = &[
    // Razor's own layout, each escape of JSON in the payload.
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":""}"#, Kind::Ws, 1, "a", 0, ""),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\""}"#, Kind::Ws, 1, "a", 0, "\""),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\\"}"#, Kind::Ws, 1, "a", 0, "\\"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\\\""}"#, Kind::Ws, 1, "a", 0, "\\\""),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\\n"}"#, Kind::Ws, 1, "a", 0, "\\n"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\\\n"}"#, Kind::Ws, 1, "a", 0, "\\\n"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\"\n"}"#, Kind::Ws, 1, "a", 0, "\"\n"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\n\n"}"#, Kind::Ws, 1, "a", 0, "\n\n"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\/"}"#, Kind::Ws, 1, "a", 0, "/"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\b\f\n\r\t"}"#, Kind::Ws, 1, "a", 0, "\u{8}\u{c}\n\r\t"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\u0000"}"#, Kind::Ws, 1, "a", 0, "\u{0}"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\u0041\u007a"}"#, Kind::Ws, 1, "a", 0, "Az"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\u00e9\u00E9"}"#, Kind::Ws, 1, "a", 0, "éé"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\u20AC\uffff"}"#, Kind::Ws, 1, "a", 0, "€\u{ffff}"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\ud83d\ude00"}"#, Kind::Ws, 1, "a", 0, "😀"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\uD83D\uDE00x"}"#, Kind::Ws, 1, "a", 0, "😀x"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\udbff\udfff"}"#, Kind::Ws, 1, "a", 0, "\u{10ffff}"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"é😀"}"#, Kind::Ws, 1, "a", 0, "é😀"),
    (r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\"k\":\"ws\""}"#, Kind::Ws, 1, "a", 0, r#""k":"ws""#),
    // Every kind.
    (r#"{"t":1,"c":"a","e":0,"k":"rest","m":"x"}"#, Kind::Rest, 1, "a", 0, "x"),
    (r#"{"t":1,"c":"a","e":0,"k":"trade","m":"x"}"#, Kind::Trade, 1, "a", 0, "x"),
    (r#"{"t":1,"c":"a","e":0,"k":"quote","m":"x"}"#, Kind::Quote, 1, "a", 0, "x"),
    (r#"{"t":1,"c":"a","e":0,"k":"ref","m":"x"}"#, Kind::Ref, 1, "a", 0, "x"),
    (r#"{"t":1,"c":"a","e":0,"k":"meta","m":"x"}"#, Kind::Meta, 1, "a", 0, "x"),
    (r#"{"t":1,"c":"a","e":0,"k":"gap","m":"x"}"#, Kind::Gap, 1, "a", 0, "x"),
    // Numbers at their borders.
    (r#"{"t":0,"c":"a","e":0,"k":"ws","m":"x"}"#, Kind::Ws, 0, "a", 0, "x"),
    (r#"{"t":-1,"c":"a","e":4294967295,"k":"ws","m":"x"}"#, Kind::Ws, -1, "a", u32::MAX, "x"),
    (
        r#"{"t":9223372036854775807,"c":"a","e":0,"k":"ws","m":"x"}"#,
        Kind::Ws,
        i64::MAX,
        "a",
        0,
        "x",
    ),
    (
        r#"{"t":-9223372036854775808,"c":"a","e":0,"k":"ws","m":"x"}"#,
        Kind::Ws,
        i64::MIN,
        "a",
        0,
        "x",
    ),
    // Names of connections.
    (r#"{"t":1,"c":"A.b:c_d-9","e":0,"k":"ws","m":"x"}"#, Kind::Ws, 1, "A.b:c_d-9", 0, "x"),
    (r#"{"t":1,"c":"market\u002d0","e":0,"k":"ws","m":"x"}"#, Kind::Ws, 1, "market-0", 0, "x"),
    // An escaped kind is the same kind.
    (r#"{"t":1,"c":"a","e":0,"k":"w\u0073","m":"x"}"#, Kind::Ws, 1, "a", 0, "x"),
    (r#"{"k":"w\u0073","t":1,"c":"a","e":0,"m":"x"}"#, Kind::Ws, 1, "a", 0, "x"),
    // Another order of the keys.
    (r#"{"m":"x","k":"ws","e":3,"c":"a","t":1}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"c":"a","t":1,"e":3,"k":"ws","m":"x"}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t":1,"e":3,"c":"a","k":"ws","m":"x"}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t":1,"c":"a","k":"ws","e":3,"m":"x"}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t":1,"c":"a","e":3,"m":"x","k":"ws"}"#, Kind::Ws, 1, "a", 3, "x"),
    // Blanks wherever JSON allows them.
    (r#" {"t":1,"c":"a","e":3,"k":"ws","m":"x"}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t":1,"c":"a","e":3,"k":"ws","m":"x"} "#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{ "t" : 1 , "c" : "a" , "e" : 3 , "k" : "ws" , "m" : "x" }"#, Kind::Ws, 1, "a", 3, "x"),
    ("{\"t\":1,\t\"c\":\"a\",\"e\":3,\"k\":\"ws\",\"m\":\"x\"}\r", Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t": 1,"c":"a","e":3,"k":"ws","m":"x"}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t":1,"c":"a","e": 3,"k":"ws","m":"x"}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t":1,"c":"a","e":3,"k":"ws","m": "x"}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t":1,"c":"a","e":3,"k":"ws","m":"x" }"#, Kind::Ws, 1, "a", 3, "x"),
    // Escaped keys.
    (r#"{"\u0074":1,"c":"a","e":3,"k":"ws","m":"x"}"#, Kind::Ws, 1, "a", 3, "x"),
    (r#"{"t":1,"c":"a","e":3,"k":"ws","\u006d":"x"}"#, Kind::Ws, 1, "a", 3, "x"),
];

/// Lines that are refused, and what for.
const REFUSED: &[(&str, LineError)] = &[
    ("", LineError::NotARecord { column: 0 }),
    ("   ", LineError::NotARecord { column: 3 }),
    ("null", LineError::NotARecord { column: 4 }),
    ("[]", LineError::NotARecord { column: 2 }),
    ("{}", LineError::NotARecord { column: 2 }),
    (r#"{"t":1,"c":"a","e":0,"k":"xx","m":""}"#, LineError::UnknownKind),
    (r#"{"t":1,"c":"a","e":0,"k":"WS","m":""}"#, LineError::UnknownKind),
    (r#"{"t":1,"c":"a","e":0,"k":"","m":""}"#, LineError::UnknownKind),
    (r#"{"t":1,"c":"a","e":0,"k":"wss","m":""}"#, LineError::UnknownKind),
    (r#"{"t":1,"c":"a","e":0,"k":" ws","m":""}"#, LineError::UnknownKind),
    (r#"{"m":"","t":1,"c":"a","e":0,"k":"timer"}"#, LineError::UnknownKind),
    (r#"{"t":1,"c":"","e":0,"k":"ws","m":""}"#, LineError::NotARecord { column: 0 }),
    (r#"{"t":1,"c":"a b","e":0,"k":"ws","m":""}"#, LineError::NotARecord { column: 0 }),
    (r#"{"t":1,"c":"a/b","e":0,"k":"ws","m":""}"#, LineError::NotARecord { column: 0 }),
    (r#"{"t":1,"c":"é","e":0,"k":"ws","m":""}"#, LineError::NotARecord { column: 0 }),
    (r#"{"t":1,"c":"a\u0000","e":0,"k":"ws","m":""}"#, LineError::NotARecord { column: 0 }),
];

/// Texts that are no records whatever the column that is named.
const NO_RECORDS: &[&str] = &[
    r#"{"t":1,"c":"a","e":0,"k":"ws"}"#,
    r#"{"t":1,"c":"a","e":0,"m":""}"#,
    r#"{"t":1,"c":"a","k":"ws","m":""}"#,
    r#"{"t":1,"e":0,"k":"ws","m":""}"#,
    r#"{"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"","x":1}"#,
    r#"{"x":1,"t":1,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":1,"t":1,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"","m":""}"#,
    r#"{"t":"1","c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":1.0,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":1e3,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":+1,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":01,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":-01,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":-,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":-0,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":9223372036854775808,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":-9223372036854775809,"c":"a","e":0,"k":"ws","m":""}"#,
    r#"{"t":1,"c":"a","e":4294967296,"k":"ws","m":""}"#,
    r#"{"t":1,"c":"a","e":-1,"k":"ws","m":""}"#,
    r#"{"t":1,"c":"a","e":-0,"k":"ws","m":""}"#,
    r#"{"t":1,"c":"a","e":null,"k":"ws","m":""}"#,
    r#"{"t":1,"c":null,"e":0,"k":"ws","m":""}"#,
    r#"{"t":1,"c":"a","e":0,"k":null,"m":""}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":null}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":{}}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"""}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\"}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\x"}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\u12"}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\u+123"}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\ud83d"}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\ud83dx"}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\ud83d\u0041"}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\ude00"}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"\ude00\ud83d"}"#,
    "{\"t\":1,\"c\":\"a\",\"e\":0,\"k\":\"ws\",\"m\":\"a\tb\"}",
    "{\"t\":1,\"c\":\"a\",\"e\":0,\"k\":\"ws\",\"m\":\"a\u{0}b\"}",
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"x"} {}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"x"},"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"x",}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":'x'}"#,
    r#"{"t":1,"c":"a","e":0,"k":"ws","m":"x""#,
    r#""t":1,"c":"a","e":0,"k":"ws","m":"x"}"#,
];

#[test]
fn every_valid_spelling_gives_the_same_record() {
    for (line, kind, t, conn, epoch, payload) in VALID {
        let want = Row::new(*kind, *t, conn, *epoch, payload);
        match read_line(line.as_bytes()) {
            Ok(row) => assert_eq!(row, want, "{line}"),
            Err(error) => panic!("{line}: {error}"),
        }
    }
}

#[test]
fn a_decoder_that_has_read_anything_reads_the_next_line_as_if_new() {
    let mut used = LineDecoder::default();
    for _ in 0..2 {
        for (line, kind, t, conn, epoch, payload) in VALID.iter().rev() {
            let want = Row::new(*kind, *t, conn, *epoch, payload);
            let record = used.decode(line.as_bytes()).unwrap();
            assert_eq!(Row::of(&record), want, "{line}");
            assert!(used.decode(b"{\"t\":1").is_err());
        }
    }
}

#[test]
fn refused_lines_have_their_reason() {
    for (line, want) in REFUSED {
        let error = LineDecoder::default().decode(line.as_bytes()).unwrap_err();
        assert_eq!(error, *want, "{line}");
    }
}

#[test]
fn what_is_no_record_is_refused_in_its_layout_and_with_its_keys_turned_round() {
    for line in NO_RECORDS {
        // A blank in front sends the line to the general reader: it must think the same.
        for text in [(*line).to_owned(), format!(" {line}")] {
            let mut decoder = LineDecoder::default();
            let refused = decoder.decode(text.as_bytes());
            assert!(matches!(refused, Err(LineError::NotARecord { .. })), "{text}: {refused:?}");
        }
    }
}

#[test]
fn both_readers_agree_on_every_valid_line() {
    for (line, ..) in VALID {
        let mut slow = LineDecoder::default();
        let spaced = format!(" {line}");
        let general = slow.decode(spaced.as_bytes()).map(|record| Row::of(&record));
        let usual = LineDecoder::default().decode(line.as_bytes()).map(|record| Row::of(&record));
        assert_eq!(general, usual, "{line}");
        assert_eq!(slow.general_lines(), 1, "{line}");
    }
}

#[test]
fn bytes_that_are_no_utf8_are_refused_wherever_they_stand() {
    let line = br#"{"t":1,"c":"a","e":0,"k":"ws","m":"abc"}"#;
    for at in 0..=line.len() {
        for bad in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\x80"] {
            let mut wounded = line.to_vec();
            wounded.splice(at..at, bad.iter().copied());
            let refused = LineDecoder::default().decode(&wounded).unwrap_err();
            assert_eq!(refused, LineError::NotUtf8, "at {at}: {bad:?}");
        }
    }
}

/// A JSON text in which each character is escaped at random in one of its valid spellings.
fn respell(text: &str, dice: &mut Dice) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let short = match c {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '/' => Some("\\/"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            '\u{8}' => Some("\\b"),
            '\u{c}' => Some("\\f"),
            _ => None,
        };
        let must = c < ' ' || matches!(c, '"' | '\\');
        match (short, dice.below(3)) {
            (Some(short), 0 | 1) => out.push_str(short),
            (_, 2) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let upper = dice.below(2) == 0;
                    let text =
                        if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
                    out.push_str(&text);
                }
            }
            _ if must => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A row as a line in another order, with blanks and escapes at random.
fn any_spelling(row: &Row, dice: &mut Dice) -> String {
    let payload = std::str::from_utf8(&row.payload).unwrap();
    let mut members = vec![
        ("t", row.t.to_string()),
        ("c", respell(&row.conn, dice)),
        ("e", row.epoch.to_string()),
        ("k", respell(row.kind.word(), dice)),
        ("m", respell(payload, dice)),
    ];
    for at in (1..members.len()).rev() {
        members.swap(at, dice.below(at as u64 + 1) as usize);
    }
    let mut blank = || ["", "", " ", "\t", "  "][dice.below(5) as usize];
    let members: Vec<String> = members
        .into_iter()
        .map(|(key, value)| {
            format!("{}\"{key}\"{}:{}{value}{}", blank(), blank(), blank(), blank())
        })
        .collect();
    format!("{}{{{}}}{}", blank(), members.join(","), blank())
}

#[test]
fn any_row_in_any_valid_spelling_is_the_same_row() {
    for seed in 0..2_000 {
        let mut dice = Dice::new(seed);
        let row = dice.row();
        let line = any_spelling(&row, &mut dice);
        let mut decoder = LineDecoder::default();
        match decoder.decode(line.as_bytes()) {
            Ok(record) => assert_eq!(Row::of(&record), row, "seed {seed}: {line}"),
            Err(error) => panic!("seed {seed}: {error}: {line}"),
        }
    }
}

#[test]
fn info_counts_the_lines_that_are_spelled_otherwise() {
    let (_dir, path) = scratch("x.jsonl");
    let mut dice = Dice::new(77);
    let rows = dice.rows(200);
    let own = r#"{"t":1,"c":"a","e":0,"k":"quote","m":"0,,"}"#;
    let mut lines = Vec::new();
    for row in &rows {
        lines.push(format!(" {}", any_spelling(row, &mut dice)));
        lines.push(own.to_owned());
    }
    fs::write(&path, lines.join("\n")).unwrap();
    let described = info(&path, Limits::default(), |_| true).unwrap();
    assert_eq!(described.defects.general_lines, 200);
    assert_eq!((described.counts.lines, described.defects.undecodable_lines), (400, 0));
}

#[test]
fn a_refused_line_names_its_number_and_lets_the_next_one_read() {
    let good = r#"{"t":1,"c":"a","e":0,"k":"ws","m":"x"}"#;
    for (place, bad) in NO_RECORDS.iter().enumerate() {
        let (_dir, path) = scratch("x.jsonl");
        let before = place % 5;
        let text = format!("{}{bad}\n{good}\n", format!("{good}\n").repeat(before));
        fs::write(&path, text).unwrap();
        let mut reader = CaptureReader::open(&path, Limits::default()).unwrap();
        for _ in 0..before {
            assert!(reader.next_record().unwrap().is_some());
        }
        let CaptureError::Line { line, path: named, .. } = reader.next_record().unwrap_err() else {
            panic!("{bad}");
        };
        assert_eq!((line, &named), (before as u64 + 1, &path), "{bad}");
        assert!(reader.next_record().unwrap().is_some(), "{bad}");
        assert!(reader.next_record().unwrap().is_none(), "{bad}");
    }
}
