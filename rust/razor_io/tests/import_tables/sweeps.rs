//! F3: sweep tables in Parquet. Stems and sets, sides, orders of rows, days, duplicates, refusals.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use razor_io::import::{Format, ImportError};

use crate::kit::{Bench, Made};

const S: i64 = 1_000_000_000;

/// One row: time in units of the file, slug, bid, ask; `None` is null.
type Row<'a> = (Option<i64>, Option<&'a str>, Option<f64>, Option<f64>);

fn row(ts: i64, slug: &str, bid: f64, ask: f64) -> Row<'_> {
    (Some(ts), Some(slug), Some(bid), Some(ask))
}

/// Writes rows in groups of so many.
fn write(path: &Path, rows: &[Row<'_>], group: usize, unit: TimeUnit) {
    let field = |name, kind, logical| {
        let field = Type::primitive_type_builder(name, kind).with_logical_type(logical);
        Arc::new(field.with_repetition(Repetition::OPTIONAL).build().unwrap())
    };
    let fields = vec![
        field("ts", Physical::INT64, Some(LogicalType::timestamp(true, unit))),
        field("slug", Physical::BYTE_ARRAY, Some(LogicalType::String)),
        field("bid", Physical::DOUBLE, None),
        field("ask", Physical::DOUBLE, None),
    ];
    let schema = Arc::new(Type::group_type_builder("t").with_fields(fields).build().unwrap());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = fs::File::create(path).unwrap();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    for rows in rows.chunks(group) {
        let mut out = writer.next_row_group().unwrap();
        let level = |there: bool| i16::from(there);
        let mut column = out.next_column().unwrap().unwrap();
        let levels: Vec<i16> = rows.iter().map(|row| level(row.0.is_some())).collect();
        let values: Vec<i64> = rows.iter().filter_map(|row| row.0).collect();
        column.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        let mut column = out.next_column().unwrap().unwrap();
        let levels: Vec<i16> = rows.iter().map(|row| level(row.1.is_some())).collect();
        let values: Vec<ByteArray> = rows.iter().filter_map(|row| row.1.map(Into::into)).collect();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        for side in [|row: &Row<'_>| row.2, |row: &Row<'_>| row.3] {
            let mut column = out.next_column().unwrap().unwrap();
            let levels: Vec<i16> = rows.iter().map(|row| level(side(row).is_some())).collect();
            let values: Vec<f64> = rows.iter().filter_map(side).collect();
            column.typed::<DoubleType>().write_batch(&values, Some(&levels), None).unwrap();
            column.close().unwrap();
        }
        out.close().unwrap();
    }
    writer.close().unwrap();
}

fn day(bench: &Bench, name: &str, rows: &[Row<'_>]) {
    write(&bench.file(name), rows, 3, TimeUnit::MILLIS);
}

fn sweep(rows: &[Row<'_>]) -> Made {
    let bench = Bench::new();
    day(&bench, "day.parquet", rows);
    bench.import(Format::F3)
}

/// A slug and whether its stem names a three-way game or a temperature ladder.
const STEMS: &[(&[&str], Option<&str>, u64)] = &[
    (
        &[
            "atc-epl-ars-che-2026-07-16-ars",
            "atc-epl-ars-che-2026-07-16-che",
            "atc-epl-ars-che-2026-07-16-draw",
        ],
        Some(
            "atc-epl-ars-che-2026-07-16 group hold atc-epl-ars-che-2026-07-16-ars atc-epl-ars-che-2026-07-16-che atc-epl-ars-che-2026-07-16-draw",
        ),
        0,
    ),
    // A game without a leg, without its draw, with a leg too many.
    (&["atc-epl-ars-che-2026-07-16-ars", "atc-epl-ars-che-2026-07-16-draw"], None, 1),
    (&["atc-epl-ars-che-2026-07-16-draw"], None, 1),
    (
        &["atc-epl-a-b-2026-07-16-a", "atc-epl-a-b-2026-07-16-b", "atc-epl-a-b-2026-07-16-tie"],
        None,
        1,
    ),
    (
        &[
            "atc-l-a-b-2026-07-16-a",
            "atc-l-a-b-2026-07-16-b",
            "atc-l-a-b-2026-07-16-draw",
            "atc-l-a-b-2026-07-16-x",
        ],
        None,
        1,
    ),
    // Something after the date, another date, another word in front.
    (
        &["atc-l-a-b-2026-07-16-f5-a", "atc-l-a-b-2026-07-16-f5-b", "atc-l-a-b-2026-07-16-f5-draw"],
        None,
        0,
    ),
    (&["atc-l-a-b-2026-7-16-a", "atc-l-a-b-2026-7-16-b", "atc-l-a-b-2026-7-16-draw"], None, 0),
    (&["atc-l-a-b-26-07-16-a", "atc-l-a-b-26-07-16-b", "atc-l-a-b-26-07-16-draw"], None, 0),
    (&["tac-l-a-b-2026-07-16-a", "tac-l-a-b-2026-07-16-b", "tac-l-a-b-2026-07-16-draw"], None, 0),
    (&["atc-l-a-2026-07-16-a", "atc-l-a-2026-07-16-b", "atc-l-a-2026-07-16-draw"], None, 0),
    (&["atc-l--b-2026-07-16-a", "atc-l--b-2026-07-16-b", "atc-l--b-2026-07-16-draw"], None, 0),
    (&["atc-l-a-b-2026-07-1x-a", "atc-l-a-b-2026-07-1x-b", "atc-l-a-b-2026-07-1x-draw"], None, 0),
    // Temperature ladders: two legs and more, not proven.
    (
        &["tc-temp-nychigh-2026-07-10-lt74f", "tc-temp-nychigh-2026-07-10-gte74f"],
        Some(
            "tc-temp-nychigh-2026-07-10 group unproven tc-temp-nychigh-2026-07-10-gte74f tc-temp-nychigh-2026-07-10-lt74f",
        ),
        0,
    ),
    (&["tc-temp-nychigh-2026-07-10-lt74f"], None, 1),
    (&["tc-temp-nyclow-2026-07-10-a", "tc-temp-nyclow-2026-07-10-b"], None, 0),
    (&["tc-rain-nychigh-2026-07-10-a", "tc-rain-nychigh-2026-07-10-b"], None, 0),
    (&["tc-temp-x-nychigh-2026-07-10-a", "tc-temp-x-nychigh-2026-07-10-b"], None, 0),
    // Anything else is quotes only.
    (&["will-it-rain-yes", "will-it-rain-no", "will-it-rain-maybe"], None, 0),
    (&["alone"], None, 0),
];

#[test]
fn a_stem_is_a_set_only_where_the_rules_say_so() {
    for (slugs, set, refused) in STEMS {
        let rows: Vec<Row<'_>> = slugs.iter().map(|slug| row(1_000, slug, 0.1, 0.2)).collect();
        let made = sweep(&rows);
        let want: Vec<String> = set.iter().map(|&text| text.to_owned()).collect();
        assert_eq!(made.sets(), want, "{slugs:?}");
        assert_eq!(made.defect("stems_refused_as_sets"), *refused, "{slugs:?}");
        assert_eq!(made.payloads("quote").len(), 1, "one stem is one record: {slugs:?}");
    }
}

#[test]
fn a_ladder_of_64_legs_is_a_set_and_one_of_65_is_not() {
    for (legs, sets) in [(2, 1), (64, 1), (65, 0)] {
        let slugs: Vec<String> =
            (0..legs).map(|n| format!("tc-temp-nychigh-2026-07-10-gte{n}f")).collect();
        let rows: Vec<Row<'_>> = slugs.iter().map(|slug| row(1, slug, 0.1, 0.2)).collect();
        let made = sweep(&rows);
        assert_eq!(
            (made.manifest.sets.len(), made.defect("stems_refused_as_sets")),
            (sets, 1 - sets as u64)
        );
    }
}

#[test]
fn doubles_become_their_shortest_text_and_null_is_no_order() {
    for (bid, ask, want) in [
        (Some(0.1), Some(0.2), "0,0.1,0.2"),
        (Some(0.30), Some(0.35), "0,0.3,0.35"),
        (Some(0.001), Some(0.999), "0,0.001,0.999"),
        (Some(0.0001), Some(0.0009), "0,0.0001,0.0009"),
        (Some(0.07), Some(0.57), "0,0.07,0.57"),
        (Some(0.29), Some(0.58), "0,0.29,0.58"),
        (Some(0.1 + 0.2), None, "0,0.30000000000000004,"),
        (Some(0.0), Some(1.0), "0,0,1"),
        (Some(-0.0), None, "0,0,"),
        (Some(1e-7), None, "0,0.0000001,"),
        (None, Some(0.5), "0,,0.5"),
        (Some(0.5), None, "0,0.5,"),
        (None, None, "0,,"),
    ] {
        let made = sweep(&[(Some(7), Some("x-y"), bid, ask)]);
        assert_eq!(made.payloads("quote"), [want], "{bid:?} {ask:?}");
    }
}

#[test]
fn what_is_no_probability_is_refused_with_the_file() {
    for price in [-0.0001, 1.0001, 2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (bid, ask) in [(Some(price), None), (None, Some(price))] {
            let bench = Bench::new();
            let good = row(1, "a-b", 0.1, 0.2);
            day(&bench, "d.parquet", &[good, (Some(2), Some("a-b"), bid, ask)]);
            let refusal = bench.refusal(Format::F3);
            assert!(refusal.contains("d.parquet: a price is outside 0..1"), "{refusal}");
        }
    }
}

#[test]
fn null_times_and_slugs_and_slugs_that_are_no_tokens_are_refused() {
    let long = "s".repeat(257);
    for (bad, want) in [
        ((None, Some("a-b"), None, None), "a time or slug (absent)"),
        ((Some(1), None, None, None), "a time or slug (absent)"),
        ((Some(1), Some(""), None, None), "a slug"),
        ((Some(1), Some("a\nb"), None, None), "a slug"),
        ((Some(1), Some("a\u{7f}b"), None, None), "a slug"),
        ((Some(1), Some(long.as_str()), None, None), "a slug"),
        ((Some(i64::MAX), Some("a-b"), None, None), "a time"),
    ] {
        let bench = Bench::new();
        day(&bench, "d.parquet", &[row(1, "a-b", 0.1, 0.2), bad]);
        let refusal = bench.refusal(Format::F3);
        assert!(refusal.contains("d.parquet") && refusal.contains(want), "{refusal}");
    }
    let made = sweep(&[row(1, &long[..256], 0.1, 0.2)]);
    assert_eq!(made.manifest.markets.len(), 1);
}

#[test]
fn times_come_in_any_unit_that_the_file_states() {
    for (unit, ts) in
        [(TimeUnit::MILLIS, 5_000), (TimeUnit::MICROS, 5_000_000), (TimeUnit::NANOS, 5_000_000_000)]
    {
        let bench = Bench::new();
        write(&bench.file("d.parquet"), &[row(ts, "a-b", 0.1, 0.2)], 9, unit);
        assert_eq!(bench.import(Format::F3).data(), ["quote 5000000000 quotes-0 0 0,0.1,0.2"]);
    }
}

#[test]
fn the_order_of_rows_and_the_size_of_groups_do_not_matter() {
    let slugs = ["b-x", "a-y", "c-z", "a-x", "lone"];
    let mut rows: Vec<Row<'_>> = Vec::new();
    for ts in [3_000, 1_000, 2_000] {
        rows.extend(slugs.iter().map(|slug| row(ts, slug, 0.1, 0.2)));
    }
    let want = sweep(&rows).lines;
    assert_eq!(
        want[1..5],
        [
            "quote 1000000000 quotes-0 0 0,0.1,0.2;1,0.1,0.2",
            "quote 1000000000 quotes-0 0 2,0.1,0.2",
            "quote 1000000000 quotes-0 0 3,0.1,0.2",
            "quote 1000000000 quotes-0 0 4,0.1,0.2",
        ]
    );
    for turn in 1..rows.len() {
        rows.rotate_left(turn);
        for group in [1, 2, 7, 100] {
            let bench = Bench::new();
            write(&bench.file("d.parquet"), &rows, group, TimeUnit::MILLIS);
            assert_eq!(bench.import(Format::F3).lines, want, "turned {turn}, groups of {group}");
        }
    }
}

#[test]
fn the_first_of_two_rows_of_a_market_in_a_sweep_is_kept() {
    let made = sweep(&[
        row(1, "a-b", 0.1, 0.2),
        row(1, "a-c", 0.3, 0.4),
        row(1, "a-b", 0.5, 0.6),
        row(2, "a-b", 0.7, 0.8),
        row(1, "a-b", 0.9, 0.9),
    ]);
    assert_eq!(made.defect("duplicate_rows"), 2);
    assert_eq!(
        made.data(),
        ["quote 1000000 quotes-0 0 0,0.1,0.2;1,0.3,0.4", "quote 2000000 quotes-0 0 0,0.7,0.8"]
    );
}

#[test]
fn sweeps_farther_apart_than_ten_minutes_have_a_gap_between_them_also_over_days() {
    for (second, gap) in [(600_000, false), (600_001, true), (3_600_000, true)] {
        for split in [false, true] {
            let bench = Bench::new();
            let rows = [row(0, "a-b", 0.1, 0.2), row(second, "a-b", 0.1, 0.2)];
            if split {
                day(&bench, "1.parquet", &rows[..1]);
                day(&bench, "2.parquet", &rows[1..]);
            } else {
                day(&bench, "1.parquet", &rows);
            }
            let made = bench.import(Format::F3);
            let gaps: Vec<(i64, i64, &str)> = made
                .manifest
                .gaps
                .iter()
                .map(|gap| (gap.from_ns, gap.to_ns, gap.cause.as_str()))
                .collect();
            let want = (0, second * 1_000_000, "no_sweep");
            assert_eq!(gaps, vec![want; usize::from(gap)], "{second} split {split}");
        }
    }
}

#[test]
fn days_are_one_stream_with_one_numbering() {
    let bench = Bench::new();
    day(&bench, "2026-07-01.parquet", &[row(1_000, "m-b", 0.1, 0.2), row(1_000, "m-a", 0.3, 0.4)]);
    day(&bench, "2026-07-02.parquet", &[row(2_000, "a-z", 0.5, 0.6), row(2_000, "m-b", 0.1, 0.2)]);
    let made = bench.import(Format::F3);
    let slugs: Vec<&str> =
        made.manifest.markets.iter().map(|market| market.token_ids[0].as_str()).collect();
    assert_eq!(slugs, ["a-z", "m-a", "m-b"]);
    assert_eq!(
        made.data(),
        [
            format!("quote {S} quotes-0 0 1,0.3,0.4;2,0.1,0.2"),
            format!("quote {} quotes-0 0 0,0.5,0.6", 2 * S),
            format!("quote {} quotes-0 0 2,0.1,0.2", 2 * S),
        ]
    );
    let names: Vec<&str> =
        made.manifest.source.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["2026-07-01.parquet", "2026-07-02.parquet"]);
}

#[test]
fn a_day_without_rows_changes_nothing_wherever_it_stands() {
    let rows = [row(1_000, "m-b", 0.1, 0.2), row(2_000, "m-a", 0.3, 0.4)];
    let bench = Bench::new();
    day(&bench, "2.parquet", &rows[..1]);
    day(&bench, "4.parquet", &rows[1..]);
    let want = bench.import(Format::F3).lines;
    assert!(want[0].starts_with("meta 1000000000 meta 0 "), "{}", want[0]);
    for empty in [&["1.parquet"][..], &["3.parquet"], &["5.parquet"], &["0.parquet", "1.parquet"]] {
        let bench = Bench::new();
        day(&bench, "2.parquet", &rows[..1]);
        day(&bench, "4.parquet", &rows[1..]);
        empty.iter().for_each(|name| day(&bench, name, &[]));
        let made = bench.import(Format::F3);
        assert_eq!(made.lines, want, "{empty:?}");
        assert_eq!(made.manifest.markets.len(), 2, "{empty:?}");
    }
    let bench = Bench::new();
    day(&bench, "1.parquet", &[]);
    let made = bench.import(Format::F3);
    assert_eq!((made.lines.len(), made.manifest.markets.len()), (1, 0));
}

#[test]
fn other_tables_beside_the_quotes_are_passed_over_and_alone_are_no_format() {
    let field = |name, kind| {
        Arc::new(
            Type::primitive_type_builder(name, kind)
                .with_repetition(Repetition::REQUIRED)
                .build()
                .unwrap(),
        )
    };
    let write_other = |path: &Path| {
        let fields = vec![field("id", Physical::INT64)];
        let schema = Arc::new(Type::group_type_builder("t").with_fields(fields).build().unwrap());
        let file = fs::File::create(path).unwrap();
        let properties = Arc::new(WriterProperties::builder().build());
        SerializedFileWriter::new(file, schema, properties).unwrap().close().unwrap();
    };
    let bench = Bench::new();
    write_other(&bench.file("other.parquet"));
    let error = bench.try_import(&bench.source(), Format::F3).unwrap_err();
    assert!(matches!(error, ImportError::UnknownFormat { .. }), "{error}");
    day(&bench, "day.parquet", &[row(1, "a-b", 0.1, 0.2)]);
    assert_eq!(bench.import(Format::F3).payloads("quote"), ["0,0.1,0.2"]);
}

#[test]
fn attribution_is_carried_from_the_folder_or_those_above_it() {
    for (place, found) in [("", true), ("a", true), ("a/b/c", true)] {
        let bench = Bench::new();
        bench.put("NOTICE", b"by someone\n");
        bench.put("LICENSE", b"terms\n");
        let name = Path::new(place).join("d.parquet");
        day(&bench, name.to_str().unwrap(), &[row(1, "a-b", 0.1, 0.2)]);
        let made = bench.try_import(&bench.file(place), Format::F3).unwrap();
        let want = found.then(|| "by someone\n\nterms\n".to_owned());
        assert_eq!(made.manifest.source.licence, want, "{place}");
    }
}
