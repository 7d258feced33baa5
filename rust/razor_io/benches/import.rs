//! Speed of the reader and of the table import, and the figures of the whole table.
//!
//! `cargo bench -p razor_io --bench import` measures the reader on seeded messages of about 740
//! bytes. With the recordings present (`RAZOR_SHARED_DATA`) it also imports all days of the quote
//! table, prints rows per second, peak memory and sizes, and checks the table of its README.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a benchmark stops at the first surprise"
)]

#[path = "../tests/import_figures/figures.rs"]
mod figures;

use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use figures::{Figures, figures};
use razor_io::capture::{Kind, Record, TextReader, write_line};
use razor_io::import::{Control, Format, import};

const MESSAGES: u32 = 20_000;

/// A `price_change` frame with `changes` changes, in the venue's spelling.
fn frame(seed: u64, changes: u64) -> String {
    let mut text = format!("{{\"market\":\"0x{seed:064x}\",\"price_changes\":[");
    for n in 0..changes {
        let comma = if n == 0 { "" } else { "," };
        let (price, size) = ((seed + n) % 98 + 1, (seed * 7 + n) % 5_000);
        let _ = write!(
            text,
            "{comma}{{\"asset_id\":\"{seed:077}\",\"price\":\"0.{price:02}\",\"size\":\"{size}\",\
             \"side\":\"BUY\",\"hash\":\"{seed:040x}\",\"best_bid\":\"0.49\",\"best_ask\":\"0.5\"}}"
        );
    }
    text + "],\"timestamp\":\"1777428645794\",\"event_type\":\"price_change\"}"
}

fn text() -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0..MESSAGES {
        let seed = u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let payload = frame(seed, seed % 4 + 1);
        let t = 1_777_428_643_288_430_000 + i64::from(n);
        let payload = payload.as_bytes();
        write_line(&mut out, &Record { kind: Kind::Ws, t, conn: "market-0", epoch: 1, payload });
    }
    out
}

fn read(text: &[u8]) -> usize {
    let mut reader = TextReader::new(text);
    let mut bytes = 0;
    while let Ok(Some(record)) = reader.next_record() {
        bytes += black_box(record.payload).len();
    }
    bytes
}

/// The quickest of many passes: on a shared machine the only figure that others do not disturb.
fn best_pass(text: &[u8]) -> Duration {
    let pass = |_| {
        #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let start = std::time::Instant::now();
        black_box(read(text));
        start.elapsed()
    };
    (0..300).map(pass).min().unwrap_or_default()
}

fn readers(criterion: &mut Criterion) {
    let text = text();
    let best = best_pass(&text).as_secs_f64();
    println!(
        "text: {MESSAGES} messages of {} bytes; best pass {:.2} M messages/s, {:.2} GB/s",
        text.len() / MESSAGES as usize,
        f64::from(MESSAGES) / best / 1e6,
        text.len() as f64 / best / 1e9,
    );
    let mut group = criterion.benchmark_group("capture");
    group.throughput(Throughput::Elements(u64::from(MESSAGES)));
    group.bench_function("read messages from text", |b| b.iter(|| read(&text)));
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("read bytes of text", |b| b.iter(|| read(&text)));
    let frame = frame(7, 3);
    let payload = frame.as_bytes();
    let record = Record { kind: Kind::Ws, t: 7, conn: "market-0", epoch: 1, payload };
    group.throughput(Throughput::Bytes(payload.len() as u64));
    let fresh = || Vec::with_capacity(payload.len() * 2);
    group.bench_function("write one line", |b| {
        b.iter_batched_ref(fresh, |out| write_line(out, &record), BatchSize::SmallInput);
    });
    group.finish();
}

/// Peak resident memory of this process in MiB, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? >> 10)
}

fn whole_table(source: &Path) {
    let dir = tempfile::TempDir::new().expect("scratch folder");
    let out = dir.path().join("f3.jsonl.zst");
    let cancel = AtomicBool::new(false);
    let mut rows = 0;
    let mut report = |progress: razor_io::import::Progress| rows = progress.total / 2;
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    let start = std::time::Instant::now();
    let manifest = import(source, &out, Format::F3, &mut Control::new(&mut report, &cancel))
        .expect("import of the whole table");
    let took: Duration = start.elapsed();
    println!(
        "f3: {rows} rows in {took:.2?} = {:.2} M rows/s; peak {:?} MiB; text {} MiB, file {} MiB",
        rows as f64 / took.as_secs_f64() / 1e6,
        peak_mib(),
        manifest.counts.text_bytes >> 20,
        manifest.file_bytes >> 20,
    );
    let figures = figures(&out);
    println!("{figures:#?}");
    let three_way = Figures {
        sets: 2_391,
        snapshots: 1_676_889,
        asked: 1_145_342,
        below_one: 1_975,
        below_098: 886,
        bids_above_one: 8_309,
        bids_above_102: 1_690,
    };
    let temperature = Figures {
        sets: 115,
        snapshots: 35_486,
        asked: 26_320,
        below_one: 367,
        below_098: 149,
        bids_above_one: 11_925,
        bids_above_102: 7_915,
    };
    assert_eq!(figures["hold"], three_way, "three-way row of the README");
    assert_eq!(figures["unproven"], temperature, "temperature row of the README");
}

fn main() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("RAZOR_SHARED_DATA").map_or(beside, PathBuf::from);
    let table = root.join("us-venue-quotes");
    if table.exists() {
        whole_table(&table);
    } else {
        println!("skipped: no recordings (set RAZOR_SHARED_DATA to where they are)");
    }
    let mut criterion = Criterion::default().configure_from_args();
    readers(&mut criterion);
    criterion.final_summary();
}
