//! The importers on small made-up inputs: each rule of a format, each refusal, and stopping.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
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
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use razor_io::capture::{CaptureReader, Kind, Limits, Manifest};
use razor_io::import::{Control, Format, ImportError, Progress, detect, import};
use tempfile::TempDir;

/// Times of the rows of a table, seconds.
const SECOND: i64 = 1_000_000;

fn run(source: &Path, format: Format, out: &Path) -> Result<Manifest, ImportError> {
    let cancel = AtomicBool::new(false);
    let mut report = |_: Progress| {};
    import(source, out, format, &mut Control::new(&mut report, &cancel))
}

fn lines(out: &Path) -> Vec<(Kind, i64, String)> {
    let mut reader = CaptureReader::open(out, Limits::default()).unwrap();
    let mut lines = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let payload = String::from_utf8(record.payload.to_vec()).unwrap();
        lines.push((record.kind, record.t, payload));
    }
    lines
}

fn payloads(out: &Path, kind: Kind) -> Vec<(i64, String)> {
    lines(out).into_iter().filter(|line| line.0 == kind).map(|line| (line.1, line.2)).collect()
}

fn scratch() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out.jsonl.zst");
    (dir, out)
}

fn folder(dir: &TempDir, files: &[(&str, &str)]) -> PathBuf {
    let path = dir.path().join("in");
    fs::create_dir_all(&path).unwrap();
    for (name, text) in files {
        fs::write(path.join(name), text).unwrap();
    }
    path
}

// Predecessor ---------------------------------------------------------------------------------

const SNAPSHOTS: &str = "ts_ms,market_id,legs_n,leg0_token_id,leg0_best_bid,leg0_best_ask,\
    leg0_depth3_usdc,leg1_token_id,leg1_best_bid,leg1_best_ask,leg1_depth3_usdc,leg2_token_id,\
    leg2_best_bid,leg2_best_ask,leg2_depth3_usdc\n";
const TRADES: &str = "ts_ms,market_id,token_id,price,size,trade_id,ingest_ts_ms,exchange_ts_ms\n";

fn predecessor(dir: &TempDir, snapshots: &str, trades: &str) -> PathBuf {
    let snapshots = format!("{SNAPSHOTS}{snapshots}");
    let trades = format!("{TRADES}{trades}");
    let config = ("config.toml", "[run]\nmarket_ids = [\"m\"]\n");
    folder(dir, &[("snapshots.csv", &snapshots), ("trades.csv", &trades), config])
}

#[test]
fn predecessor_rows_become_quotes_and_trades_in_one_order() {
    let (dir, out) = scratch();
    let source = predecessor(
        &dir,
        "1000,m,2,A,0.480000,0.490000,120.500000,B,0.500000,0.520000,NaN,,,,\n\
         3000,n,3,C,NaN,bad,1e3,D,0.1,0.2,5,E,0.3,0.4,6\n\
         3000,m,4,A,0,1,0,B,0,1,0,,,,\n\
         3500,m,2,A,0,1,0,,0,1,0,,,,\n",
        "900,m,A,0.485,10.0,t1,2000,\n\
         3000,m,B,0.51,7,t1,,2990\n",
    );
    assert_eq!(detect(&source).unwrap(), Format::Predecessor);
    let manifest = run(&source, Format::Predecessor, &out).unwrap();
    let quotes = payloads(&out, Kind::Quote);
    assert_eq!(
        quotes[0],
        (1_000_000_000, "0,0.480000,0.490000,120.500000;1,0.500000,0.520000,".to_owned())
    );
    assert_eq!(quotes[1], (3_000_000_000, "2,0,1,1000;3,0.1,0.2,5;4,0.3,0.4,6".to_owned()));
    assert_eq!(quotes.len(), 2);
    let trades = payloads(&out, Kind::Trade);
    let first = "{\"asset\":\"A\",\"conditionId\":\"m\",\"side\":\"\",\"size\":\"10.0\",\
        \"price\":\"0.485\",\"timestamp\":\"900\",\"transactionHash\":\"\",\"trade_id\":\"t1\",\
        \"ts_ms\":\"900\",\"ingest_ts_ms\":\"2000\",\"exchange_ts_ms\":\"\"}";
    assert_eq!(trades[0], (2_000_000_000, first.to_owned()));
    assert_eq!(trades[1].0, 3_000_000_000);
    let order: Vec<Kind> = lines(&out).into_iter().map(|line| line.0).collect();
    assert_eq!(order, [Kind::Meta, Kind::Quote, Kind::Trade, Kind::Trade, Kind::Quote]);
    assert_eq!(manifest.defects.get("skipped_snapshots"), Some(&2));
    assert_eq!(manifest.defects.get("duplicate_trade_ids"), Some(&1));
    assert_eq!(manifest.source.config.as_deref(), Some("[run]\nmarket_ids = [\"m\"]\n"));
    let sets: Vec<_> =
        manifest.sets.iter().map(|s| (s.key.as_str(), s.kind.as_str(), s.legs.len())).collect();
    assert_eq!(sets, [("m", "binary", 2), ("n", "group", 3)]);
    assert!(manifest.markets.iter().all(|market| market.token_ids[1].is_empty()));
}

#[test]
fn predecessor_rows_out_of_order_are_sorted_stably() {
    let (dir, out) = scratch();
    let row = |t: u32, ask: &str| format!("{t},m,2,A,0.1,{ask},1,B,0.1,0.2,1,,,,\n");
    let rows = [row(3, "0.3"), row(1, "0.11"), row(2, "0.2"), row(1, "0.12")].concat();
    let source = predecessor(&dir, &rows, "9,m,A,0.5,1,a,,\n4,m,A,0.5,1,b,,\n");
    let manifest = run(&source, Format::Predecessor, &out).unwrap();
    let asks: Vec<String> = payloads(&out, Kind::Quote)
        .into_iter()
        .map(|(_, text)| text.split(',').nth(2).unwrap().to_owned())
        .collect();
    assert_eq!(asks, ["0.11", "0.12", "0.2", "0.3"]);
    let times: Vec<i64> = payloads(&out, Kind::Trade).into_iter().map(|line| line.0).collect();
    assert_eq!(times, [4_000_000, 9_000_000]);
    assert_eq!(manifest.counts.backwards, 0);
}

#[test]
fn predecessor_errors_name_file_line_and_cell() {
    for (snapshots, trades, want) in [
        ("x,m,2,A,0,1,0,B,0,1,0,,,,\n", "", "snapshots.csv, line 2: ts_ms"),
        ("1,m,two,A,0,1,0,B,0,1,0,,,,\n", "", "snapshots.csv, line 2: legs_n"),
        ("", "1,m,A,0.5,1,a,,\n1,m,A,NaN,1,a,,\n", "trades.csv, line 3: price"),
        ("", "1,m,A,0.5,,a,,\n", "trades.csv, line 2: size"),
        ("", "1,m,A,0.5,1\n", "trades.csv, line 2: the row"),
    ] {
        let (dir, out) = scratch();
        let source = predecessor(&dir, snapshots, trades);
        let error = run(&source, Format::Predecessor, &out).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
        assert!(!out.exists());
    }
}

#[test]
fn a_predecessor_header_must_match_exactly() {
    let (dir, out) = scratch();
    let source = predecessor(&dir, "", "");
    fs::write(source.join("trades.csv"), TRADES.replace("trade_id", "id")).unwrap();
    let error = run(&source, Format::Predecessor, &out).unwrap_err();
    assert!(matches!(error, ImportError::Header { .. }), "{error}");
}

// Sessions ------------------------------------------------------------------------------------

fn envelope(source: &str, ms: i64, seq: u64, payload: &str) -> String {
    let payload = serde_json::to_string(payload).unwrap();
    format!(
        "{{\"run_id\":\"r\",\"source\":\"{source}\",\"recv_wall_ts\":{ms},\"recv_mono_ns\":{},\
         \"ingest_seq\":{seq},\"payload\":{payload}}}\n",
        ms * 1_000_000 + 5
    )
}

const MARKET: &str = "{\"slug\":\"s\",\"title\":\"T\",\"condition_id\":\"0xc\",\"outcomes\":[\
    {\"token_id\":\"1\",\"outcome\":\"Up\"},{\"token_id\":\"2\",\"outcome\":\"Down\"}],\
    \"end_ts\":9,\"tick_size\":0.01,\"min_order_size\":5.0,\"fee_parameters\":FEES}\n";

fn session(dir: &TempDir, fees: &str, messages: &str) -> PathBuf {
    let market = MARKET.replace("FEES", fees);
    folder(dir, &[("markets.jsonl", &market), ("raw_messages.jsonl", messages)])
}

#[test]
fn session_messages_are_told_apart_by_shape_and_cycle() {
    let (dir, out) = scratch();
    let clob = "polymarket_clob";
    let messages = [
        envelope(clob, 1_000, 1_000_000, "{\"market\":\"0xc\",\"bids\":[]}\n"),
        envelope(clob, 2_000, 1_000_001, " [{\"event_type\":\"book\"}]"),
        envelope("binance", 3_000, 1_000_002, "{\"bids\":[]}"),
        envelope(clob, 9_000, 2_000_000, "{\"event_type\":\"book\",\"bids\":[]}"),
        envelope(clob, 9_500, 2_000_000, "PONG"),
    ]
    .concat();
    let manifest = run(&session(&dir, "null", &messages), Format::F1, &out).unwrap();
    let kinds: Vec<Kind> = lines(&out).into_iter().map(|line| line.0).collect();
    assert_eq!(kinds, [Kind::Meta, Kind::Rest, Kind::Ws, Kind::Ref, Kind::Gap, Kind::Ws, Kind::Ws]);
    let rest = &payloads(&out, Kind::Rest)[0];
    assert_eq!(*rest, (1_000_000_005, "{\"market\":\"0xc\",\"bids\":[]}\n".to_owned()));
    assert_eq!((manifest.gaps[0].from_ns, manifest.gaps[0].to_ns), (3_000_000_005, 9_000_000_005));
    assert_eq!(manifest.defects.get("unknown_shapes"), Some(&1));
    assert_eq!(manifest.defects.get("ingest_seq_repeats"), Some(&1));
    let mut reader = CaptureReader::open(&out, Limits::default()).unwrap();
    let mut epochs = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        epochs.push((record.conn.to_owned(), record.epoch));
    }
    assert_eq!(epochs[1], ("rest-0".to_owned(), 0));
    assert_eq!(epochs[3], ("ref-binance".to_owned(), 0));
    assert_eq!(epochs[5], ("market-0".to_owned(), 1));
}

#[test]
fn session_fees_are_free_known_or_unknown_and_never_a_default() {
    for (fees, want) in [
        ("null", "null"),
        ("{\"fees_enabled\":false}", "\"free\""),
        ("{\"fees_enabled\":true}", "null"),
        (
            "{\"fees_enabled\":true,\"raw_fee_config\":{\"exponent\":1,\"rate\":0.072}}",
            "{\"rate\":\"0.072\",\"exponent\":1}",
        ),
    ] {
        let (dir, out) = scratch();
        run(&session(&dir, fees, ""), Format::F1, &out).unwrap();
        let meta = &payloads(&out, Kind::Meta)[0].1;
        assert!(meta.contains(&format!("\"fees\":{want},")), "{meta}");
    }
}

#[test]
fn a_bad_envelope_is_named_by_its_line() {
    let (dir, out) = scratch();
    let good = envelope("binance", 1, 1, "x");
    let source = session(&dir, "null", &format!("{good}{good}{{}}\n"));
    let error = run(&source, Format::F1, &out).unwrap_err().to_string();
    assert!(error.contains("raw_messages.jsonl, line 3"), "{error}");
}

// Tables --------------------------------------------------------------------------------------

const TABLE: &str = "market_id,timestamp_utc,condition_id,question,slug,end_date,outcomes,\
    best_bid,best_ask,event_id,event_tags\n";

/// A full capture: three markets of event `e` (neg-risk) and enough others to be no remnant.
fn capture_at(time: &str, others: usize) -> String {
    let row = |slug: &str, bid: &str, ask: &str, event: &str, tags: &str| {
        format!(
            "1,{time},c-{slug},Q {slug},{slug},2026-06-25T16:00:00,\"[\"\"Yes\"\", \"\"No\"\"]\",\
             {bid},{ask},{event},{tags}\n"
        )
    };
    let mut rows = row("a", "0.2", "0.3", "e", "Crypto|Neg Risk");
    rows += &row("x", "0", "1", "f", "Crypto");
    rows += &row("b", "", "0.3005", "e", "Neg Risk");
    rows += &row("d", "0.1", "", "e", "Neg Risk");
    rows + &(0..others).map(|n| row(&format!("o{n}"), "0.5", "0.6", "g", "")).collect::<String>()
}

#[test]
fn quote_table_events_become_records_and_neg_risk_events_sets() {
    let (dir, out) = scratch();
    let table = [
        TABLE,
        &capture_at("2026-06-25T00:00:00+00:00", 300),
        &capture_at("2026-06-25T00:01:00+00:00", 1),
        &capture_at("2026-06-25T00:30:00+00:00", 300),
    ]
    .concat();
    let source = folder(&dir, &[("q.csv", &table), ("other.csv", "a,b\n1,2\n")]);
    assert_eq!(detect(&source.join("q.csv")).unwrap(), Format::F2);
    let manifest = run(&source, Format::F2, &out).unwrap();
    let quotes = payloads(&out, Kind::Quote);
    assert_eq!(quotes[0], (1_782_345_600_000_000_000, "0,0.2,0.3;2,,0.3005;3,0.1,".to_owned()));
    assert_eq!(quotes[1].1, "1,,");
    assert_eq!(quotes.len(), 6);
    assert_eq!(manifest.sets.len(), 1);
    assert_eq!(
        (manifest.sets[0].key.as_str(), &manifest.sets[0].legs[..]),
        ("e", &["a", "b", "d"].map(String::from)[..])
    );
    assert_eq!(manifest.defects.get("remnant_rows"), Some(&5));
    assert_eq!((manifest.gaps.len(), manifest.source.inputs.len()), (1, 1));
    let ticks: Vec<&str> = manifest.markets[..4].iter().map(|m| m.tick_size.as_str()).collect();
    assert_eq!(ticks, ["0.01", "0.01", "0.0001", "0.01"]);
    assert_eq!(manifest.markets[0].end_ms, 1_782_403_200_000);
    assert!(manifest.markets[0].neg_risk && !manifest.markets[1].neg_risk);
}

#[test]
fn quote_table_errors_name_line_and_column() {
    let row = capture_at("2026-06-25T00:00:00+00:00", 0);
    for (bad, want) in [
        (row.replace("2026-06-25T00:00:00+00:00", "yesterday"), "line 2: timestamp_utc"),
        (row.replace(",0.3005,", ",-0.3,"), "line 4: best_ask"),
        (row.replace(",c-a,", ",,"), "line 2: condition_id"),
        ("1,2\n".to_owned(), "line 2: the row"),
    ] {
        let (dir, out) = scratch();
        let source = folder(&dir, &[("q.csv", &format!("{TABLE}{bad}"))]);
        let error = run(&source, Format::F2, &out).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }
}

/// One row of a sweep table.
type SweepRow<'a> = (i64, &'a str, Option<f64>, Option<f64>);

fn parquet(path: &Path, rows: &[SweepRow<'_>]) {
    let field = |name, kind, logical| {
        let field = Type::primitive_type_builder(name, kind).with_logical_type(logical);
        Arc::new(field.with_repetition(Repetition::OPTIONAL).build().unwrap())
    };
    let stamp = LogicalType::timestamp(false, TimeUnit::MICROS);
    let fields = vec![
        field("ts", Physical::INT64, Some(stamp)),
        field("slug", Physical::BYTE_ARRAY, Some(LogicalType::String)),
        field("bid", Physical::DOUBLE, None),
        field("ask", Physical::DOUBLE, None),
    ];
    let schema = Arc::new(Type::group_type_builder("t").with_fields(fields).build().unwrap());
    let file = fs::File::create(path).unwrap();
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    for rows in rows.chunks(4) {
        let mut group = writer.next_row_group().unwrap();
        let all = vec![1_i16; rows.len()];
        let mut column = group.next_column().unwrap().unwrap();
        let values: Vec<i64> = rows.iter().map(|row| row.0 * SECOND).collect();
        column.typed::<Int64Type>().write_batch(&values, Some(&all), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> = rows.iter().map(|row| row.1.into()).collect();
        column.typed::<ByteArrayType>().write_batch(&values, Some(&all), None).unwrap();
        column.close().unwrap();
        for side in [|row: &SweepRow<'_>| row.2, |row: &SweepRow<'_>| row.3] {
            let mut column = group.next_column().unwrap().unwrap();
            let levels: Vec<i16> = rows.iter().map(|row| i16::from(side(row).is_some())).collect();
            let values: Vec<f64> = rows.iter().filter_map(side).collect();
            column.typed::<DoubleType>().write_batch(&values, Some(&levels), None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn sweep_rows_in_any_order_become_records_by_time_and_group() {
    let (dir, out) = scratch();
    let game = "atc-l-h-a-2026-07-16";
    let [home, draw, away] = ["h", "draw", "a"].map(|leg| format!("{game}-{leg}"));
    let path = dir.path().join("day.parquet");
    parquet(
        &path,
        &[
            (200, &home, Some(0.3), Some(0.1)),
            (100, &home, Some(0.29), Some(0.33)),
            (100, &home, Some(0.9), Some(0.9)),
            (100, "zz-x", None, Some(0.001)),
            (100, &draw, None, Some(0.35)),
            (100, &away, Some(0.3), None),
            (9_000, "zz-x", Some(0.999), None),
        ],
    );
    assert_eq!(detect(&path).unwrap(), Format::F3);
    let manifest = run(&path, Format::F3, &out).unwrap();
    let second = 1_000_000_000;
    let quotes = payloads(&out, Kind::Quote);
    // Markets are numbered by stem and slug: a, draw, h of the game, then zz-x.
    let want = [
        (100 * second, "0,0.3,;1,,0.35;2,0.29,0.33"),
        (100 * second, "3,,0.001"),
        (200 * second, "2,0.3,0.1"),
        (9_000 * second, "3,0.999,"),
    ];
    assert_eq!(quotes, want.map(|(t, text)| (t, text.to_owned())));
    assert_eq!(manifest.defects.get("duplicate_rows"), Some(&1));
    assert_eq!(manifest.gaps.len(), 1);
    assert_eq!((manifest.gaps[0].from_ns, manifest.gaps[0].to_ns), (200 * second, 9_000 * second));
    assert_eq!(manifest.sets.len(), 1);
    assert_eq!(
        (manifest.sets[0].key.as_str(), manifest.sets[0].settlement.as_str()),
        (game, "hold")
    );
    assert_eq!(manifest.sets[0].legs, [away, draw, home]);
}

#[test]
fn a_sweep_table_with_an_impossible_price_is_refused() {
    for price in [1.5, -0.1, f64::NAN] {
        let (dir, out) = scratch();
        let path = dir.path().join("day.parquet");
        parquet(&path, &[(1, "a-b", Some(price), None)]);
        let error = run(&path, Format::F3, &out).unwrap_err();
        assert!(matches!(error, ImportError::Price { .. }), "{error}");
    }
}

#[test]
fn a_damaged_sweep_table_is_an_error_not_a_crash() {
    let (dir, out) = scratch();
    let path = dir.path().join("day.parquet");
    let rows: Vec<SweepRow<'_>> = (0..2_000).map(|n| (n, "a-b", Some(0.5), Some(0.6))).collect();
    parquet(&path, &rows);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    assert!(matches!(run(&path, Format::F3, &out), Err(ImportError::Parquet { .. })));
    assert!(!out.exists());
}

// Streams, detection, stopping ----------------------------------------------------------------

#[test]
fn a_stamped_line_is_split_at_its_first_blank() {
    let (dir, out) = scratch();
    let source = folder(&dir, &[("feed", "5 {\"a\": 1}\n7 {}\n")]).join("feed");
    assert_eq!(detect(&source).unwrap(), Format::F6);
    run(&source, Format::F6, &out).unwrap();
    let refs = payloads(&out, Kind::Ref);
    assert_eq!(refs, [(5, "{\"a\": 1}".to_owned()), (7, "{}".to_owned())]);
    fs::write(&source, "5 {}\nx {}\n").unwrap();
    let error = run(&source, Format::F6, &out).unwrap_err().to_string();
    assert!(error.contains("line 2: the receive time"), "{error}");
}

#[test]
fn a_compressed_bomb_is_refused() {
    let (dir, out) = scratch();
    let source = dir.path().join("feed.zst");
    let line = b"5 {}\n".repeat(20_000_000);
    fs::write(&source, zstd::bulk::compress(&line, 3).unwrap()).unwrap();
    drop(line);
    let error = run(&source, Format::F6, &out).unwrap_err();
    assert!(matches!(error, ImportError::Bomb { .. }), "{error}");
}

#[test]
fn what_is_no_recording_has_no_format() {
    let (dir, _) = scratch();
    let source = folder(&dir, &[("notes.txt", "hello\n"), ("empty", "")]);
    for path in [source.clone(), source.join("notes.txt"), source.join("empty")] {
        let error = detect(&path).unwrap_err();
        assert!(matches!(error, ImportError::UnknownFormat { .. }), "{error}");
    }
    assert!(matches!(detect(&source.join("none")), Err(ImportError::Missing { .. })));
}

#[test]
fn a_stopped_import_leaves_nothing_and_keeps_what_was_there() {
    let (dir, out) = scratch();
    let feed = "5 {}\n".repeat(20_000);
    let source = folder(&dir, &[("feed", &feed)]).join("feed");
    fs::write(&out, "older").unwrap();
    let cancel = AtomicBool::new(false);
    let mut report = |progress: Progress| {
        if progress.done > 0 {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let result = import(&source, &out, Format::F6, &mut Control::new(&mut report, &cancel));
    assert!(matches!(result, Err(ImportError::Cancelled)));
    assert_eq!(fs::read(&out).unwrap(), b"older");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}
