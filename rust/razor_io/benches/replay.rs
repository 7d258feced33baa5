//! Replay: capture text in memory through the reader and the engine, projections off.
//!
//! `cargo bench -p razor_io --bench replay` prints messages per second of the whole fold, of the
//! reader alone and of the decompression alone (the quickest of several passes, on one core), then
//! criterion's figures. The workload is [`FeedConfig::default`] as a capture: definitions with one
//! set of three legs per market, the initial dump, 200,000 messages a millisecond apart.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    reason = "a bench measures and prints; it moves no money and may stop on any surprise"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use razor_core::engine::Engine;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::NoRows;
use razor_core::units::Nanos;
use razor_io::capture::{self, TextReader, write_line};
use razor_io::clock::Stopwatch;
use razor_io::source::kind_of;
use razor_sim::feedgen::{Feed, FeedConfig};

const START_NS: i64 = 1_791_258_810_000_000_000;
const STEP_NS: i64 = 1_000_000;
const PASSES: usize = 9;

/// The default settings of `config.toml`, as far as the core reads them.
const PARAMS: &str = r#"{"run_id":"bench","source":"venue","settings":{
 "run":{"snapshot_log_interval_ms":1000},
 "brain":{"risk_premium_bps":80,"min_net_edge_bps":10,"q_req":"10","signal_cooldown_ms":1000,
          "max_snapshot_staleness_ms":500},
 "buckets":{"fill_share_liquid_p25":"0.3","fill_share_thin_p25":"0.1"},
 "shadow":{"window_start_ms":100,"window_end_ms":1100,"trade_retention_ms":5000,"max_trades":200000,
           "max_trade_gap_ms":700,"trade_size_suspect_threshold":"50000",
           "trade_notional_suspect_threshold":"50000"},
 "feed":{"frame_cap_bytes":8388608,"hash_check_every":64}}}"#;

/// The whole capture as text, and its number of lines.
fn text(feed: &Feed) -> (Vec<u8>, u64) {
    let mut out = Vec::new();
    let meta = feed.meta_payload();
    let mut t = START_NS;
    let mut line = |kind, payload: &[u8]| {
        let conn = if kind == capture::Kind::Meta { "gamma-0" } else { "market-0" };
        write_line(&mut out, &capture::Record { kind, t, conn, epoch: 1, payload });
        t += STEP_NS;
    };
    line(capture::Kind::Meta, meta.as_bytes());
    let mut lines = 1;
    for frame in feed.initial().chain(feed.messages()) {
        line(capture::Kind::Ws, frame);
        lines += 1;
    }
    (out, lines)
}

fn read(text: &[u8]) -> usize {
    let mut reader = TextReader::new(text);
    let mut bytes = 0;
    while let Some(record) = reader.next_record().expect("line") {
        bytes += black_box(record.payload).len();
    }
    bytes
}

fn fold(text: &[u8]) -> Engine {
    let (mut engine, mut sink) = (Engine::default(), NoRows::default());
    let params = PARAMS.as_bytes();
    let begin =
        Record { kind: Kind::Params, recv_ns: Nanos(0), conn: "", epoch: 0, payload: params };
    engine.step(&begin, &mut sink).expect("settings");
    let mut reader = TextReader::new(text);
    while let Some(record) = reader.next_record().expect("line") {
        let record = Record {
            kind: kind_of(record.kind),
            recv_ns: Nanos(record.t),
            conn: record.conn,
            epoch: record.epoch,
            payload: record.payload,
        };
        engine.step(&record, &mut sink).expect("record");
    }
    engine
}

fn best(mut pass: impl FnMut()) -> Duration {
    let once = |_| {
        let watch = Stopwatch::start();
        pass();
        watch.elapsed()
    };
    (0..PASSES).map(once).min().unwrap_or_default()
}

fn say(what: &str, lines: u64, took: Duration) {
    let seconds = took.as_secs_f64();
    println!(
        "{what}: {:.0} ns/message, {:.2} M messages/s",
        seconds * 1e9 / lines as f64,
        lines as f64 / seconds / 1e6
    );
}

fn main() {
    let feed = Feed::generate(FeedConfig::default());
    let (text, lines) = text(&feed);
    let engine = fold(&text);
    assert_eq!(engine.integrity().frames_refused, 0);
    assert_eq!(engine.integrity().records, lines);
    println!("{lines} lines, {} bytes of text each on average", text.len() as u64 / lines);
    say("fold", lines, best(|| drop(black_box(fold(&text)))));
    say(
        "reader alone",
        lines,
        best(|| {
            black_box(read(&text));
        }),
    );
    let packed = zstd::bulk::compress(&text, 3).expect("compress");
    say(
        "decompression alone",
        lines,
        best(|| drop(black_box(zstd::bulk::decompress(&packed, text.len()).expect("text")))),
    );
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(lines));
    group.sample_size(10);
    group.bench_function("fold text in memory", |b| b.iter(|| fold(&text)));
    group.bench_function("read text in memory", |b| b.iter(|| read(&text)));
    group.finish();
    criterion.final_summary();
}
