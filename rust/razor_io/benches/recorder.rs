//! What recording costs: the hot thread per push, the sustained rate, the size on disk, reading.
//!
//! `cargo bench -p razor_io --bench recorder` prints the table first (seeded messages, a real
//! directory), then criterion's figure of the push alone. `RAZOR_BENCH_SECONDS` changes the length
//! of the paced run (10).
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a bench measures and prints; it moves no money and may stop on any surprise"
)]

#[path = "recorder/venue.rs"]
mod venue;

use std::hint::{black_box, spin_loop};
use std::path::Path;

use criterion::{Criterion, Throughput};
use razor_core::journal::{Identity, Kind};
use razor_io::clock::Stopwatch;
use razor_io::disk::RunLock;
use razor_io::journal::{
    DiskStore, Durability, JournalReader, Overload, Push, Recorder, RecorderSettings, recover,
};
use venue::Venue;

const RATE: u64 = 500_000;

fn start(dir: &Path, settings: &RecorderSettings) -> Recorder {
    let mut lock = RunLock::acquire(dir).unwrap();
    let identity = Identity::new("run_20260101_000000_000001", "bench", [0; 32]).unwrap();
    let store = Box::new(DiskStore::default());
    Recorder::start(settings, identity, &recover(dir).unwrap(), &mut lock, store, 0).unwrap()
}

/// Many different messages, so that compression does not see the same ones again in a block.
fn messages() -> Vec<String> {
    let mut venue = Venue::new(7, 250);
    (0..200_000).map(|_| venue.message()).collect()
}

fn percentile(sorted: &[u32], part: f64) -> u32 {
    sorted[((sorted.len() - 1) as f64 * part) as usize]
}

/// Pushes at a fixed rate and prints what it cost and what was lost.
fn paced(texts: &[String], seconds: u64) {
    let dir = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let mut recorder = start(dir.path(), &RecorderSettings::live());
    let conn = recorder.conn("market-0", 0).unwrap();
    let total = RATE * seconds;
    let mut cost: Vec<u32> = Vec::with_capacity(total as usize);
    let (mut bytes, mut lost, mut late_ns) = (0_u64, 0_u64, 0_u64);
    let clock = Stopwatch::start();
    for at in 0..total {
        let due = at * 1_000_000_000 / RATE;
        while clock.elapsed_ns() < due {
            spin_loop();
        }
        let text = &texts[at as usize % texts.len()];
        let before = clock.elapsed_ns();
        let pushed = recorder.push(Kind::Ws, before as i64, conn, 1, text.as_bytes()).unwrap();
        let after = clock.elapsed_ns();
        late_ns = late_ns.max(before - due);
        cost.push((after - before) as u32);
        match pushed {
            Push::Recorded { .. } => bytes += text.len() as u64,
            Push::Shed { .. } => lost += 1,
        }
    }
    let took = clock.elapsed();
    let closed = recorder.close(0).unwrap();
    cost.sort_unstable();
    let mean = cost.iter().map(|ns| u64::from(*ns)).sum::<u64>() / total;
    println!(
        "paced {RATE}/s for {took:.2?}: mean text {} B, lost {lost}; push with two clock reads: mean {mean} \
         p50 {} p99 {} p99.9 {} max {} ns; generator at most {} us late",
        bytes / (total - lost),
        percentile(&cost, 0.5),
        percentile(&cost, 0.99),
        percentile(&cost, 0.999),
        percentile(&cost, 1.0),
        late_ns / 1000,
    );
    println!(
        "  stored {} MB of {} MB text, ratio {:.2}; {} syncs, longest {} ms",
        closed.stats.stored_bytes / 1_000_000,
        bytes / 1_000_000,
        bytes as f64 / closed.stats.stored_bytes as f64,
        closed.stats.syncs,
        closed.stats.sync_ns_max / 1_000_000,
    );
    read_back(dir.path());
}

fn read_back(dir: &Path) {
    let watch = Stopwatch::start();
    let mut bytes = 0;
    let mut reader = JournalReader::open(dir).unwrap();
    let summary = reader.for_each(|record| bytes += record.payload.len()).unwrap();
    let seconds = watch.elapsed().as_secs_f64();
    println!(
        "  read and verified {} records: {:.0} records/s, {:.0} MB/s of text",
        summary.records,
        summary.records as f64 / seconds,
        bytes as f64 / seconds / 1e6,
    );
}

/// How fast the writer thread is by itself: the source waits for it.
fn unpaced(texts: &[String]) {
    for (level, chunk_bytes) in
        [(1, 256 * 1024), (1, 1 << 20), (2, 1 << 20), (1, 2 << 20), (2, 2 << 20)]
    {
        let dir = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
        let settings = RecorderSettings { level, chunk_bytes, ..RecorderSettings::replay() };
        let mut recorder = start(dir.path(), &settings);
        let watch = Stopwatch::start();
        let rounds = 5;
        for _ in 0..rounds {
            for text in texts {
                recorder
                    .push(Kind::Ws, 0, razor_core::journal::NO_CONN, 1, text.as_bytes())
                    .unwrap();
            }
        }
        let closed = recorder.close(0).unwrap();
        let seconds = watch.elapsed().as_secs_f64();
        let text: usize = texts.iter().map(String::len).sum::<usize>() * rounds;
        println!(
            "unpaced level {level}, {} KiB blocks: {:.0} records/s, ratio {:.2}",
            chunk_bytes / 1024,
            (texts.len() * rounds) as f64 / seconds,
            text as f64 / closed.stats.stored_bytes as f64,
        );
    }
}

/// The push alone: no clock in between, a pool large enough that nothing waits.
fn push_alone(criterion: &mut Criterion, texts: &[String]) {
    let dir = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let settings = RecorderSettings {
        durability: Durability::None,
        overload: Overload::Shed,
        ..RecorderSettings::live()
    };
    let mut recorder = start(dir.path(), &settings);
    let conn = recorder.conn("market-0", 0).unwrap();
    let mut at = 0;
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements(1));
    group.sample_size(20);
    group.bench_function("push", |bench| {
        bench.iter_custom(|count| {
            let mut spent = std::time::Duration::ZERO;
            let mut left = count;
            while left > 0 {
                // Bursts, with the writer caught up in between: a live source below its rate.
                let burst = left.min(20_000);
                let watch = Stopwatch::start();
                for _ in 0..burst {
                    let text = &texts[at % texts.len()];
                    at += 1;
                    let pushed = recorder.push(Kind::Ws, 0, conn, 1, text.as_bytes());
                    black_box(pushed.unwrap());
                }
                spent += watch.elapsed();
                recorder.flush_durable().unwrap();
                left -= burst;
            }
            spent
        });
    });
    group.finish();
    println!("shed while measuring the push alone: {}", recorder.stats().shed);
}

fn main() {
    let seconds = std::env::var("RAZOR_BENCH_SECONDS").ok().and_then(|text| text.parse().ok());
    let texts = messages();
    println!("mean text {} B", texts.iter().map(String::len).sum::<usize>() / texts.len());
    unpaced(&texts);
    paced(&texts, seconds.unwrap_or(10));
    let mut criterion = Criterion::default().configure_from_args();
    push_alone(&mut criterion, &texts);
    criterion.final_summary();
}
