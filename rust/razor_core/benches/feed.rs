//! Cost of one market-channel message: bytes to validated, to book, to set check.
//!
//! The workload is [`FeedConfig::default`] with one set of three legs per market. Time per element
//! is time per message.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    reason = "a test stops loudly where the core must not"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use razor_core::book::{BookParams, Books, Report, Source};
use razor_core::detect::{Detector, Finding};
use razor_core::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use razor_core::market::{SetDef, SetKind, Settlement, Universe};
use razor_core::units::{Nanos, Usdc};
use razor_core::wire::{Frame, Kind, Limits, decode, decode_strict};
use razor_sim::feedgen::{Feed, FeedConfig};

const SOURCE: Source = Source { conn: ConnIx(0), epoch: 1, recv_ns: Nanos(1), kind: Kind::Ws };

/// Sets of the YES tokens of three neighbouring markets.
fn with_sets(mut universe: Universe) -> Universe {
    let count = u32::try_from(universe.markets().len()).expect("count");
    for first in 0..count {
        let legs = (0..3).map(|k| TokenIx::of(MarketIx((first + k) % count), Outcome::Yes));
        universe
            .add_set(SetDef {
                key: format!("set {first}").into(),
                kind: SetKind::Group,
                legs: legs.collect(),
                settlement: Settlement::HoldToResolution,
            })
            .expect("set");
    }
    universe
}

fn whole_path(criterion: &mut Criterion) {
    let feed = Feed::generate(FeedConfig::default());
    let universe = with_sets(feed.universe.clone());
    let mut books = Books::new(&universe, BookParams::default()).expect("books");
    let mut detector = Detector::new(&universe, Usdc(900_000));
    let (mut report, mut found) = (Report::default(), Vec::<Finding>::new());
    for frame in feed.initial() {
        books.apply(SOURCE, frame, &mut report).expect("accepted");
    }
    let mut group = criterion.benchmark_group("feed");
    group.throughput(Throughput::Elements(u64::from(FeedConfig::default().messages)));
    group.sample_size(20);
    group.bench_function("bytes_to_set_check", |bencher| {
        bencher.iter(|| {
            for frame in feed.messages() {
                books.apply(SOURCE, frame, &mut report).expect("accepted");
                found.clear();
                detector.update(&books, &report.touched, &mut found);
            }
        });
    });
    let mut frame = Frame::default();
    group.bench_function("decode_only", |bencher| {
        bencher.iter(|| {
            for bytes in feed.messages() {
                decode(bytes, Kind::Ws, books.registry(), Limits::default(), &mut frame)
                    .expect("accepted");
            }
        });
    });
    group.bench_function("decode_strict_only", |bencher| {
        bencher.iter(|| {
            for bytes in feed.messages() {
                decode_strict(bytes, Kind::Ws, books.registry(), Limits::default(), &mut frame)
                    .expect("accepted");
            }
        });
    });
    group.finish();
}

criterion_group!(benches, whole_path);
criterion_main!(benches);
