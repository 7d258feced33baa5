//! The sidecar and `info` against a recount that shares no code with either.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use razor_io::capture::{GapEntry, Info, Kind, Limits, Manifest, info, write_line};
use sha2::{Digest, Sha256};

use crate::kit::{Dice, Row, scratch, text_of, write, write_blocks};

/// Everything that is counted, from the rows alone.
#[derive(Debug, Default, PartialEq)]
struct Recount {
    lines: u64,
    kinds: BTreeMap<String, u64>,
    first_ns: i64,
    last_ns: i64,
    backwards: u64,
    off_order: u64,
    repeats: u64,
    quotes: u64,
    gap_ns: i64,
}

fn recount(rows: &[Row]) -> Recount {
    let mut count = Recount { lines: rows.len() as u64, ..Recount::default() };
    for row in rows {
        *count.kinds.entry(row.kind.word().to_owned()).or_default() += 1;
    }
    count.first_ns = rows.first().map_or(0, |row| row.t);
    count.last_ns = rows.iter().map(|row| row.t).max().unwrap_or(0);
    count.backwards = rows.windows(2).filter(|pair| pair[1].t < pair[0].t).count() as u64;
    let mut highest: BTreeMap<&str, u32> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        let top = highest.entry(&row.conn).or_insert(0);
        count.off_order += u64::from(row.epoch < *top);
        *top = (*top).max(row.epoch);
        let text = String::from_utf8(row.payload.clone()).unwrap();
        match row.kind {
            Kind::Ws | Kind::Rest | Kind::Trade | Kind::Ref => {
                count.repeats += u64::from(!seen.insert((row.kind.word(), text)));
            }
            Kind::Quote => count.quotes += text.split(';').count() as u64,
            Kind::Gap => {
                let gap: GapEntry = serde_json::from_str(&text).unwrap();
                count.gap_ns += gap.to_ns - gap.from_ns;
            }
            Kind::Meta => {}
        }
    }
    count
}

fn said_by_info(info: &Info) -> Recount {
    Recount {
        lines: info.counts.lines,
        kinds: info.counts.kinds.clone(),
        first_ns: info.counts.first_ns,
        last_ns: info.counts.last_ns,
        backwards: info.defects.backwards_times,
        off_order: info.defects.off_order_epochs,
        repeats: info.defects.duplicate_payloads,
        quotes: info.quotes,
        gap_ns: info.gap_ns,
    }
}

/// Rows with planted defects: times that go back, epochs that fall, payloads that come again.
fn defective(seed: u64, count: usize) -> Vec<Row> {
    let mut dice = Dice::new(seed);
    let mut t = 1_000_i64;
    (0..count)
        .map(|_| {
            t += dice.below(50) as i64 - i64::from(dice.below(10) == 0) * dice.below(400) as i64;
            let conn = *dice.pick(&["market-0", "market-1", "rest-0"]);
            let epoch = dice.below(4) as u32;
            let n = dice.below(40);
            match dice.below(6) {
                0 => Row::new(Kind::Rest, t, conn, epoch, &format!("{{\"n\":{n}}}")),
                1 => Row::new(Kind::Trade, t, conn, epoch, &format!("{{\"n\":{n}}}")),
                2 => {
                    let markets: Vec<String> =
                        (0..=n % 5).map(|m| format!("{m},0.1,0.2")).collect();
                    Row::new(Kind::Quote, t, conn, epoch, &markets.join(";"))
                }
                3 => {
                    let gap = format!(
                        "{{\"from_ns\":{},\"to_ns\":{t},\"cause\":\"c\",\"lost\":null}}",
                        t - n as i64
                    );
                    Row::new(Kind::Gap, t, conn, epoch, &gap)
                }
                _ => {
                    let event = *dice.pick(&["book", "price_change", "last_trade_price"]);
                    let text = format!("{{\"event_type\":\"{event}\",\"n\":{n}}}");
                    Row::new(Kind::Ws, t, conn, epoch, &text)
                }
            }
        })
        .collect()
}

fn check_manifest(manifest: &Manifest, rows: &[Row], file: &[u8], what: &str) {
    let want = recount(rows);
    let counts = &manifest.counts;
    assert_eq!(counts.lines, want.lines, "{what}");
    assert_eq!(counts.kinds, want.kinds, "{what}");
    assert_eq!((counts.first_ns, counts.last_ns), (want.first_ns, want.last_ns), "{what}");
    assert_eq!(counts.backwards, want.backwards, "{what}");
    let text = text_of(rows);
    assert_eq!(counts.text_bytes, text.len() as u64, "{what}");
    let hex = |bytes: &[u8]| {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert_eq!(manifest.text_sha256, hex(&text), "{what}");
    assert_eq!(manifest.file_sha256, hex(file), "{what}");
    assert_eq!(manifest.file_bytes, file.len() as u64, "{what}");
}

#[test]
fn manifest_and_info_agree_with_a_recount_however_the_rows_are_split() {
    let (_dir, path) = scratch("x.jsonl.zst");
    for seed in 0..40 {
        let rows = defective(seed, 300);
        let mut dice = Dice::new(seed + 1_000);
        let splits: [Vec<usize>; 3] =
            [vec![], vec![150], (0..30).map(|_| dice.below(300) as usize).collect()];
        for cuts in splits {
            let what = format!("seed {seed}, borders {cuts:?}");
            let manifest = write_blocks(&path, &rows, &cuts);
            check_manifest(&manifest, &rows, &fs::read(&path).unwrap(), &what);
            let described = info(&path, Limits::default(), |_| true).unwrap();
            assert_eq!(said_by_info(&described), recount(&rows), "{what}");
            assert_eq!(described.counts, manifest.counts, "{what}");
            assert_eq!(described.file_bytes, manifest.file_bytes, "{what}");
        }
    }
}

#[test]
fn a_capture_of_several_blocks_counts_times_that_go_back_as_one_of_one_block_does() {
    // More text than a block holds; behind the first line all times lie below it and go up.
    let (_dir, path) = scratch("x.jsonl.zst");
    let filler = "z".repeat(20_000);
    let mut rows = vec![Row::ws(1_000_000, "first")];
    rows.extend((0..600).map(|n| Row::ws(n, &filler)));
    let manifest = write(&path, &rows);
    assert_eq!(manifest.counts.backwards, 1);
    let described = info(&path, Limits::default(), |_| true).unwrap();
    assert_eq!(described.defects.backwards_times, 1);
    assert_eq!(described.counts, manifest.counts);
}

#[test]
fn backwards_is_told_from_the_line_before() {
    for (times, want) in [
        (&[][..], 0_u64),
        (&[5], 0),
        (&[5, 5], 0),
        (&[5, 4], 1),
        (&[10, 5, 7], 1),
        (&[10, 5, 4, 3], 3),
        (&[1, 2, 1, 2, 1], 2),
        (&[i64::MIN, i64::MAX, i64::MIN], 1),
        (&[0, -1, 0, -1], 2),
    ] {
        let (_dir, path) = scratch("x.jsonl.zst");
        let rows: Vec<Row> = times.iter().map(|t| Row::ws(*t, "x")).collect();
        for borders in [vec![], vec![1], vec![2], (0..times.len()).collect::<Vec<_>>()] {
            let manifest = write_blocks(&path, &rows, &borders);
            assert_eq!(manifest.counts.backwards, want, "{times:?} split at {borders:?}");
            let described = info(&path, Limits::default(), |_| true).unwrap();
            assert_eq!(described.defects.backwards_times, want, "{times:?} {borders:?}");
        }
    }
}

#[test]
fn each_connection_has_its_own_span() {
    let (_dir, path) = scratch("x.jsonl.zst");
    for seed in 50..60 {
        let rows = defective(seed, 200);
        write(&path, &rows);
        let described = info(&path, Limits::default(), |_| true).unwrap();
        let names: BTreeSet<&str> = rows.iter().map(|row| row.conn.as_str()).collect();
        assert_eq!(described.connections.len(), names.len());
        for (name, span) in &described.connections {
            let own: Vec<&Row> = rows.iter().filter(|row| row.conn == *name).collect();
            assert_eq!(span.lines, own.len() as u64, "{name}");
            assert_eq!(span.first_ns, own.iter().map(|row| row.t).min().unwrap(), "{name}");
            assert_eq!(span.last_ns, own.iter().map(|row| row.t).max().unwrap(), "{name}");
            assert_eq!(span.epoch, own.iter().map(|row| row.epoch).max().unwrap(), "{name}");
        }
    }
}

#[test]
fn message_types_are_counted_by_their_first_name() {
    let frames = [
        ("{\"event_type\":\"book\"}", "book"),
        ("[{\"event_type\":\"book\"},{\"event_type\":\"other\"}]", "book"),
        ("{\"event_type\": \"price_change\"}", "price_change"),
        ("{\"a\":1,\"event_type\":\"tick_size_change\"}", "tick_size_change"),
        ("{\"event_type\":\"Book\"}", "odd"),
        ("{\"event_type\":\"\"}", "odd"),
        ("{\"event_type\":\"abcdefghijklmnopqrstuvwxyzabcdefg\"}", "odd"),
        ("{\"event_type\":1}", "odd"),
        ("{\"event_type\":", "odd"),
        ("{\"bids\":[]}", "rest"),
        ("[]", "rest"),
        ("PONG", "text"),
        ("NO NEW ASSETS", "text"),
        ("", "text"),
        (" {\"event_type\":\"book\"}", "text"),
    ];
    let rows: Vec<Row> = frames.iter().map(|(frame, _)| Row::ws(1, frame)).collect();
    let (_dir, path) = scratch("x.jsonl.zst");
    let manifest = write(&path, &rows);
    let mut want: BTreeMap<String, u64> = BTreeMap::new();
    for (_, word) in frames {
        *want.entry(word.to_owned()).or_default() += 1;
    }
    assert_eq!(manifest.counts.messages, want);
}

#[test]
fn planted_lines_that_are_no_records_are_counted_and_the_first_is_named() {
    let (_dir, path) = scratch("x.jsonl");
    for seed in 0..30 {
        let mut dice = Dice::new(seed);
        let rows = defective(seed, 100);
        let bad: Vec<&str> =
            vec!["", "oops", "{\"t\":1}", "{\"t\":1,\"c\":\"a\",\"e\":0,\"k\":\"x\",\"m\":\"\"}"];
        let (mut text, mut number, mut first, mut planted) = (Vec::new(), 0_u64, None, 0_u64);
        for row in &rows {
            if dice.below(8) == 0 {
                number += 1;
                planted += 1;
                first.get_or_insert(number);
                text.extend_from_slice(dice.pick(&bad).as_bytes());
                text.push(b'\n');
            }
            number += 1;
            write_line(&mut text, &row.record());
        }
        fs::write(&path, &text).unwrap();
        let described = info(&path, Limits::default(), |_| true).unwrap();
        assert_eq!(described.defects.undecodable_lines, planted, "seed {seed}");
        let named = described.defects.first_undecodable.as_deref().unwrap_or_default();
        let want = first.map(|line| format!("line {line}: ")).unwrap_or_default();
        assert!(named.starts_with(&want), "seed {seed}: {named}");
        assert_eq!(said_by_info(&described), recount(&rows), "seed {seed}");
        assert_eq!(described.counts.text_bytes, text.len() as u64);
    }
}

#[test]
fn definitions_that_do_not_decode_are_counted_and_define_nothing() {
    let good = r#"{"markets":[],"sets":[{"key":"k","kind":"group","legs":["a","b"],"settlement":"hold"}]}"#;
    let gap = r#"{"from_ns":1,"to_ns":9,"cause":"x","lost":4}"#;
    let rows = [
        (Kind::Meta, good, false),
        (Kind::Meta, "{}", true),
        (Kind::Meta, r#"{"markets":[{}],"sets":[]}"#, true),
        (Kind::Meta, "[]", true),
        (Kind::Meta, "", true),
        (Kind::Gap, gap, false),
        (Kind::Gap, r#"{"from_ns":1,"to_ns":9,"cause":"x"}"#, false),
        (Kind::Gap, r#"{"from_ns":1,"to_ns":9,"lost":4}"#, true),
        (Kind::Gap, r#"{"from_ns":"1","to_ns":9,"cause":"x","lost":4}"#, true),
        (Kind::Gap, r#"{"from_ns":1,"to_ns":9,"cause":"x","lost":-1}"#, true),
        (Kind::Gap, "gap", true),
    ];
    let (_dir, path) = scratch("x.jsonl.zst");
    let records: Vec<Row> =
        rows.iter().map(|(kind, text, _)| Row::new(*kind, 1, "a", 0, text)).collect();
    write(&path, &records);
    let described = info(&path, Limits::default(), |_| true).unwrap();
    let bad = rows.iter().filter(|(_, _, bad)| *bad).count() as u64;
    assert_eq!(described.defects.bad_definitions, bad);
    assert_eq!((described.gaps.len(), described.gap_ns), (2, 16));
    assert_eq!(described.sets.get("group/hold"), Some(&1));
}

#[test]
fn the_caller_hears_of_progress_and_can_stop_at_each_call() {
    let (_dir, path) = scratch("x.jsonl.zst");
    write(&path, &Dice::new(3).rows(5_000));
    let size = fs::metadata(&path).unwrap().len();
    let mut calls = Vec::new();
    info(&path, Limits::default(), |bytes| {
        calls.push(bytes);
        true
    })
    .unwrap();
    assert!(calls.is_sorted() && calls.iter().all(|bytes| *bytes <= size), "{calls:?}");
    assert_eq!(calls.len(), 5, "about every 1,000 lines");
    for stop in 0..calls.len() {
        let mut left = stop;
        let described = info(&path, Limits::default(), |_| {
            let go = left > 0;
            left = left.saturating_sub(1);
            go
        })
        .unwrap();
        assert_eq!(described.counts.lines, stop as u64 * 1_024, "stopped at call {stop}");
    }
}
