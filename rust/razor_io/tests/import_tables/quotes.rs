//! F2: quote tables in CSV. Events, sides, remnants, duplicates, gaps, grids, refusals.

use razor_io::import::Format;

use crate::kit::{Bench, Made, gzip};

const HEADER: &str = "timestamp_utc,condition_id,question,slug,end_date,outcomes,best_bid,best_ask,event_id,event_tags\n";
/// Rows that make a capture time more than a remnant.
const FULL: usize = 301;
const DAY: i64 = 1_782_345_600_000_000_000;

/// One row: market, bid, ask, event, tags.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn row(time: &str, (market, bid, ask, event, tags): &Row<'_>) -> String {
    format!("{time},c-{market},Q,{market},,,{bid},{ask},{event},{tags}\n")
}

/// A capture time with these rows first and fillers of an event `fill` behind them.
fn sweep(time: &str, rows: &[Row<'_>]) -> String {
    let mut text: String = rows.iter().map(|cells| row(time, cells)).collect();
    for n in rows.len()..FULL {
        text += &row(time, &(&format!("filler-{n}"), "0.5", "0.6", "fill", ""));
    }
    text
}

fn table(sweeps: &[String]) -> Bench {
    Bench::with(&[("q.csv", &format!("{HEADER}{}", sweeps.concat()))])
}

/// Quotes without those of the fillers.
fn quotes(made: &Made) -> Vec<String> {
    let quotes = made.data().into_iter().filter(|line| line.starts_with("quote "));
    quotes.filter(|line| !line.contains(",0.5,0.6;")).map(str::to_owned).collect()
}

#[test]
fn each_side_keeps_its_text_or_is_absent() {
    for (bid, ask, want) in [
        ("0.2", "0.3", "0,0.2,0.3"),
        ("0.20", "0.300", "0,0.20,0.300"),
        ("0.123456", "0.654321", "0,0.123456,0.654321"),
        (".5", ".6", "0,.5,.6"),
        ("", "", "0,,"),
        ("0", "1", "0,,"),
        ("0.0", "1.0", "0,,"),
        ("0.000000", "1.000000", "0,,"),
        ("1", "0", "0,1,0"),
        ("0.001", "0.999", "0,0.001,0.999"),
        ("0", "0.5", "0,,0.5"),
        ("0.5", "1", "0,0.5,"),
        ("", "0.5", "0,,0.5"),
        ("0.5", "", "0,0.5,"),
    ] {
        let made =
            table(&[sweep("2026-06-25T00:00:00Z", &[("a", bid, ask, "e", "")])]).import(Format::F2);
        assert_eq!(quotes(&made), [format!("quote {DAY} quotes-0 0 {want}")], "{bid} {ask}");
    }
}

#[test]
fn a_price_that_is_none_is_refused_with_its_line_and_column() {
    for bad in ["-0.1", "0.1x", "NaN", "1e-2", " 0.5", "0,5", "--", "0.1234567", "+0.5", "0.5.5"] {
        for (bid, ask, column) in [(bad, "0.5", "best_bid"), ("0.5", bad, "best_ask")] {
            let cell = |text: &str| format!("\"{text}\"");
            let rows = [("a", "0.1", "0.2", "e", ""), ("b", &*cell(bid), &*cell(ask), "e", "")];
            let refusal = table(&[sweep("2026-06-25T00:00:00Z", &rows)]).refusal(Format::F2);
            let want = format!("q.csv, line 3: {column}");
            assert!(refusal.contains(&want), "{bad}: {refusal}");
        }
    }
}

/// Markets of one event with their tags, and the set that they form.
const EVENTS: &[(&[Row<'_>], Option<&str>, u64)] = &[
    // Three neg-risk outcomes are a set.
    (
        &[
            ("a", "", "", "e", "Neg Risk"),
            ("b", "", "", "e", "Neg Risk"),
            ("c", "", "", "e", "Neg Risk"),
        ],
        Some("e group hold a b c"),
        0,
    ),
    // The tag may stand among others.
    (
        &[
            ("a", "", "", "e", "Crypto|Neg Risk"),
            ("b", "", "", "e", "Neg Risk|Crypto"),
            ("c", "", "", "e", "A|Neg Risk|B"),
        ],
        Some("e group hold a b c"),
        0,
    ),
    // Two outcomes are refused, one too.
    (&[("a", "", "", "e", "Neg Risk"), ("b", "", "", "e", "Neg Risk")], None, 1),
    (&[("a", "", "", "e", "Neg Risk")], None, 1),
    // Not the tag: other words, other case, part of a word.
    (&[("a", "", "", "e", ""), ("b", "", "", "e", ""), ("c", "", "", "e", "")], None, 0),
    (
        &[("a", "", "", "e", "neg risk"), ("b", "", "", "e", "NegRisk"), ("c", "", "", "e", "Neg")],
        None,
        0,
    ),
    (
        &[
            ("a", "", "", "e", "Neg Risk x"),
            ("b", "", "", "e", "Neg Risk x"),
            ("c", "", "", "e", "Neg Risk x"),
        ],
        None,
        0,
    ),
    // Rows without an event are never grouped.
    (
        &[
            ("a", "", "", "", "Neg Risk"),
            ("b", "", "", "", "Neg Risk"),
            ("c", "", "", "", "Neg Risk"),
        ],
        None,
        0,
    ),
    // Only the tagged rows of an event are legs.
    (
        &[
            ("a", "", "", "e", "Neg Risk"),
            ("x", "", "", "e", ""),
            ("b", "", "", "e", "Neg Risk"),
            ("c", "", "", "e", "Neg Risk"),
        ],
        Some("e group hold a b c"),
        0,
    ),
    // Rows of other events between them do not part it.
    (
        &[
            ("a", "", "", "e", "Neg Risk"),
            ("x", "", "", "f", "Neg Risk"),
            ("b", "", "", "e", "Neg Risk"),
            ("c", "", "", "e", "Neg Risk"),
        ],
        Some("e group hold a b c"),
        1,
    ),
];

#[test]
fn only_tagged_events_of_three_and_more_outcomes_are_sets() {
    for (rows, set, refused) in EVENTS {
        let made = table(&[sweep("2026-06-25T00:00:00Z", rows)]).import(Format::F2);
        let want: Vec<String> = set.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(made.sets(), want, "{rows:?}");
        assert_eq!(made.defect("events_refused_as_sets"), *refused, "{rows:?}");
    }
}

#[test]
fn an_event_of_64_outcomes_is_a_set_and_one_of_65_is_not() {
    for (legs, sets) in [(63, 1), (64, 1), (65, 0), (70, 0)] {
        let names: Vec<String> = (0..legs).map(|n| format!("leg-{n}")).collect();
        let rows: Vec<Row<'_>> =
            names.iter().map(|name| (name.as_str(), "0.1", "0.2", "e", "Neg Risk")).collect();
        let made = table(&[sweep("2026-06-25T00:00:00Z", &rows)]).import(Format::F2);
        assert_eq!(made.manifest.sets.len(), sets, "{legs} legs");
        assert_eq!(made.defect("events_refused_as_sets"), 1 - sets as u64);
    }
}

#[test]
fn events_are_records_in_order_of_appearance_and_markets_keep_their_numbers() {
    let time = "2026-06-25T00:00:00Z";
    let first = [
        ("a", "0.1", "0.2", "e", ""),
        ("x", "0.3", "0.4", "f", ""),
        ("b", "0.5", "0.7", "e", ""),
        ("y", "0.6", "0.8", "f", ""),
    ];
    let later = [("y", "0.61", "0.81", "f", ""), ("b", "0.51", "0.71", "e", "")];
    let made =
        table(&[sweep(time, &first), sweep("2026-06-25T00:02:00Z", &later)]).import(Format::F2);
    assert_eq!(
        quotes(&made),
        [
            format!("quote {DAY} quotes-0 0 0,0.1,0.2;2,0.5,0.7"),
            format!("quote {DAY} quotes-0 0 1,0.3,0.4;3,0.6,0.8"),
            format!("quote {} quotes-0 0 3,0.61,0.81", DAY + 120_000_000_000),
            format!("quote {} quotes-0 0 2,0.51,0.71", DAY + 120_000_000_000),
        ]
    );
}

#[test]
fn a_time_of_300_rows_is_a_remnant_and_one_of_301_a_capture() {
    for (rows, records, remnants) in [(299, 0, 299), (300, 0, 300), (301, 1, 0), (302, 1, 0)] {
        let text: String = (0..rows)
            .map(|n| row("2026-06-25T00:00:00Z", &(&format!("m{n}"), "0.5", "0.7", "e", "")))
            .collect();
        let made = table(&[text]).import(Format::F2);
        assert_eq!(made.payloads("quote").len(), records, "{rows}");
        assert_eq!(made.defect("remnant_rows"), remnants, "{rows}");
        assert_eq!(made.manifest.markets.len(), rows, "remnants define their markets");
    }
}

#[test]
fn remnants_are_told_over_all_files_together() {
    let half = |from: usize| -> String {
        let rows = (from..from + 200)
            .map(|n| row("2026-06-25T00:00:00Z", &(&format!("m{n}"), "0.5", "0.7", "e", "")));
        format!("{HEADER}{}", rows.collect::<String>())
    };
    let bench = Bench::with(&[("a.csv", &half(0)), ("b.csv", &half(200))]);
    let made = bench.import(Format::F2);
    assert_eq!(made.defect("remnant_rows"), 0);
    assert_eq!(made.payloads("quote").len(), 1, "one event of one time");
    assert_eq!(made.payloads("quote")[0].split(';').count(), 400);
}

#[test]
fn a_second_row_of_a_market_in_one_time_is_left_out_and_counted() {
    let rows = [
        ("a", "0.1", "0.2", "e", ""),
        ("a", "0.8", "0.9", "e", ""),
        ("b", "0.3", "0.4", "e", ""),
        ("a", "0.1", "0.2", "other", ""),
    ];
    let made =
        table(&[sweep("2026-06-25T00:00:00Z", &rows), sweep("2026-06-25T00:01:00Z", &rows[..1])])
            .import(Format::F2);
    assert_eq!(made.defect("duplicate_rows"), 2);
    assert_eq!(
        quotes(&made),
        [
            format!("quote {DAY} quotes-0 0 0,0.1,0.2;1,0.3,0.4"),
            format!("quote {} quotes-0 0 0,0.1,0.2", DAY + 60_000_000_000),
        ]
    );
}

#[test]
fn times_farther_apart_than_ten_minutes_have_a_gap_between_them() {
    for (second, gap) in [
        ("2026-06-25T00:02:07Z", None),
        ("2026-06-25T00:10:00Z", None),
        ("2026-06-25T00:10:00.000000001Z", Some(600_000_000_001_i64)),
        ("2026-06-25T00:10:01Z", Some(601_000_000_000)),
        ("2026-06-26T00:00:00Z", Some(86_400_000_000_000)),
    ] {
        let row = [("a", "0.1", "0.2", "e", "")];
        let made =
            table(&[sweep("2026-06-25T00:00:00Z", &row), sweep(second, &row)]).import(Format::F2);
        let gaps: Vec<(i64, i64, &str)> = made
            .manifest
            .gaps
            .iter()
            .map(|gap| (gap.from_ns, gap.to_ns, gap.cause.as_str()))
            .collect();
        let want: Vec<(i64, i64, &str)> =
            gap.iter().map(|length| (DAY, DAY + length, "no_capture")).collect();
        assert_eq!(gaps, want, "{second}");
    }
}

#[test]
fn a_grid_is_as_fine_as_the_finest_price_of_the_whole_table() {
    for (prices, want) in [
        (&[("0.1", "0.2")][..], "0.01"),
        (&[("0.10", "0.200")], "0.01"),
        (&[("0.101", "0.2")], "0.001"),
        (&[("0.1", "0.2005")], "0.0001"),
        (&[("0.1", "0.2"), ("0.101", "")], "0.001"),
        (&[("0.1001", ""), ("0.1", "0.2")], "0.0001"),
        (&[("", "")], "0.01"),
        (&[("0", "1")], "0.01"),
        (&[("0.123456", "")], "0.0001"),
    ] {
        let sweeps: Vec<String> = prices
            .iter()
            .enumerate()
            .map(|(at, (bid, ask))| {
                sweep(&format!("2026-06-25T00:0{at}:00Z"), &[("a", bid, ask, "e", "")])
            })
            .collect();
        let made = table(&sweeps).import(Format::F2);
        assert_eq!(made.manifest.markets[0].tick_size, want, "{prices:?}");
    }
}

#[test]
fn times_are_read_in_each_spelling_of_the_sources() {
    for (text, ns) in [
        ("2026-06-25T00:00:00", DAY),
        ("2026-06-25 00:00:00", DAY),
        ("2026-06-25T00:00:00Z", DAY),
        ("2026-06-25T00:00:00+00:00", DAY),
        ("2026-06-25T02:00:00+02:00", DAY),
        ("2026-06-24T18:30:00-05:30", DAY),
        ("2026-06-25T00:00:00.5", DAY + 500_000_000),
        ("2026-06-25T00:00:00.123456789Z", DAY + 123_456_789),
        ("2026-06-25T00:00:00.1234567899Z", DAY + 123_456_789),
        ("1970-01-01T00:00:00Z", 0),
    ] {
        let made = table(&[sweep(text, &[("a", "0.1", "0.2", "e", "")])]).import(Format::F2);
        assert_eq!(quotes(&made), [format!("quote {ns} quotes-0 0 0,0.1,0.2")], "{text}");
    }
    for text in
        ["", "yesterday", "2026-06-25", "2026-13-01T00:00:00", "2026-06-25T25:00:00", "1782345600"]
    {
        let refusal = table(&[row(text, &("a", "0.1", "0.2", "e", ""))]).refusal(Format::F2);
        assert!(refusal.contains("q.csv, line 2: timestamp_utc"), "{text}: {refusal}");
    }
}

#[test]
fn facts_of_a_market_come_from_its_first_row() {
    let line = |question: &str, end: &str, outcomes: &str, slug: &str, id: &str| {
        format!("2026-06-25T00:00:00Z,{id},{question},{slug},{end},{outcomes},0.1,0.2,e,\n")
    };
    let text = [
        line("First?", "2026-06-25T16:00:00", "\"[\"\"Up\"\", \"\"Down\"\"]\"", "s", "c1"),
        line("Second?", "", "\"[\"\"A\"\"]\"", "s", "c2"),
        line("\"Third, with a comma\"", "never", "no json", "t", "c3"),
        line("Changed?", "", "", "changed", "c1"),
    ];
    let made = table(&[text.concat()]).import(Format::F2);
    let facts: Vec<String> = made
        .manifest
        .markets
        .iter()
        .map(|m| {
            format!(
                "{} {} {} {} {}",
                m.condition_id,
                m.token_ids[0],
                m.label,
                m.end_ms,
                m.outcomes.join("/")
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            "c1 s First? 1782403200000 Up/Down",
            "c2 c2 Second? 0 Yes/No",
            "c3 t Third, with a comma 0 Yes/No",
        ],
        "a slug that occurs twice gives way to the condition id"
    );
}

#[test]
fn columns_stand_in_any_order_among_others() {
    let text = "x,event_tags,best_ask,best_bid,slug,question,outcomes,end_date,event_id,condition_id,y,timestamp_utc\n";
    let rows: String =
        (0..FULL).map(|n| format!("1,,0.2,0.1,s{n},Q,,,e,c{n},2,2026-06-25T00:00:00Z\n")).collect();
    let made = Bench::with(&[("q.csv", &format!("{text}{rows}"))]).import(Format::F2);
    assert!(made.payloads("quote")[0].starts_with("0,0.1,0.2;1,0.1,0.2;"));
}

#[test]
fn rows_that_are_no_rows_are_named_by_line() {
    let good = row("2026-06-25T00:00:00Z", &("a", "0.1", "0.2", "e", ""));
    for (bad, want) in [
        ("1,2,3\n", "line 3: the row"),
        (&format!("{},\n", good.trim_end()), "line 3: the row"),
        (&good.replace("c-a", ""), "line 3: condition_id or slug"),
        (&good.replace(",a,", ",,"), "line 3: condition_id or slug"),
        (&good.replace("c-a", &"c".repeat(257)), "line 3: condition_id or slug"),
        (&good.replace(",a,", ",a\tb,"), "line 3: condition_id or slug"),
    ] {
        let refusal = table(&[good.clone(), bad.to_owned()]).refusal(Format::F2);
        assert!(refusal.contains("q.csv") && refusal.contains(want), "{bad}: {refusal}");
    }
    let longest = good.replace("c-a", &"c".repeat(256));
    assert_eq!(table(&[longest]).import(Format::F2).manifest.markets.len(), 1);
    let bench = Bench::new();
    bench.put("q.csv", &[HEADER.as_bytes(), good.as_bytes(), b"\xff,,,,,,,,,\n"].concat());
    assert!(bench.refusal(Format::F2).contains("line 3: the row"));
}

#[test]
fn line_ends_and_compression_change_nothing() {
    let text = sweep("2026-06-25T00:00:00Z", &[("a", "0.1", "0.2", "e", "Neg Risk")]);
    let text = format!("{HEADER}{text}");
    let plain = Bench::with(&[("q.csv", &text)]).import(Format::F2);
    let bytes = text.as_bytes();
    for (name, source) in [
        ("q.csv", text.replace('\n', "\r\n").into_bytes()),
        ("q.csv", text.trim_end().as_bytes().to_vec()),
        ("q.csv.zst", zstd::bulk::compress(bytes, 1).unwrap()),
        ("q.csv.gz", gzip(bytes)),
        ("2026/06/Q.CSV", bytes.to_vec()),
    ] {
        let bench = Bench::new();
        bench.put(name, &source);
        assert_eq!(bench.import(Format::F2).lines, plain.lines, "{name}");
    }
}

#[test]
fn a_directory_without_a_table_says_which_columns_are_needed() {
    for files in [&[("a.csv", "x,y\n1,2\n")][..], &[("a.txt", HEADER)], &[]] {
        let refusal = Bench::with(files).refusal(Format::F2);
        assert!(refusal.contains("timestamp_utc,condition_id,question"), "{refusal}");
    }
}
