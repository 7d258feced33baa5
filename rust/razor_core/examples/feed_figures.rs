//! Prints the figures of the feed path: mean, p50, p99 and worst case per message, allocations
//! after warm-up, and the memory of 20,000 tokens. Run it with `--release`.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use razor_core::book::{BookParams, Books, Report, Source};
use razor_core::detect::Detector;
use razor_core::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use razor_core::market::{SetDef, SetKind, Settlement, Universe};
use razor_core::units::{Nanos, Usdc};
use razor_core::wire::Kind;
use razor_sim::feedgen::{Feed, FeedConfig};

/// The system's allocator with a count of requests.
struct Counting;

static REQUESTS: AtomicU64 = AtomicU64::new(0);

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written otherwise; this is not razor's code path"
)]
// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        REQUESTS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SOURCE: Source = Source { conn: ConnIx(0), epoch: 1, recv_ns: Nanos(1), kind: Kind::Ws };

fn with_sets(mut universe: Universe) -> Universe {
    let count = u32::try_from(universe.markets().len()).unwrap_or(0);
    for first in 0..count {
        let legs = [0, 1, 2].map(|k: u32| {
            let market = first.saturating_add(k).checked_rem(count).unwrap_or(0);
            TokenIx::of(MarketIx(market), Outcome::Yes)
        });
        let _added = universe.add_set(SetDef {
            key: format!("set {first}").into(),
            kind: SetKind::Group,
            legs: legs.to_vec(),
            settlement: Settlement::HoldToResolution,
        });
    }
    universe
}

struct Run {
    books: Books,
    detector: Detector,
    report: Report,
    refused: u64,
    found: usize,
}

impl Run {
    fn new(feed: &Feed) -> Self {
        let universe = with_sets(feed.universe.clone());
        let books = Books::new(&universe, BookParams::default()).unwrap_or_default();
        let detector = Detector::new(&universe, Usdc(900_000));
        let mut run = Self { books, detector, report: Report::default(), refused: 0, found: 0 };
        let mut found = Vec::new();
        for frame in feed.initial() {
            run.message(frame, &mut found);
        }
        run
    }

    fn message(&mut self, frame: &[u8], found: &mut Vec<razor_core::detect::Finding>) {
        if self.books.apply(SOURCE, frame, &mut self.report).is_err() {
            self.refused = self.refused.saturating_add(1);
        }
        found.clear();
        self.detector.update(&self.books, &self.report.touched, found);
        self.found = self.found.saturating_add(found.len());
    }
}

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn speed() {
    let feed = Feed::generate(FeedConfig::default());
    let frames: Vec<&[u8]> = feed.messages().collect();
    let bytes: usize = frames.iter().map(|frame| frame.len()).sum();
    let count = frames.len();
    println!("messages {count}, mean bytes {}", bytes.checked_div(count).unwrap_or(0));
    let mut found = Vec::with_capacity(64);
    for round in 0..3 {
        let mut run = Run::new(&feed);
        let start = Instant::now();
        for frame in &frames {
            run.message(frame, &mut found);
        }
        let mean = nanos(start).checked_div(u64::try_from(count).unwrap_or(1)).unwrap_or(0);
        println!("round {round}: mean {mean} ns, refused {}, found {}", run.refused, run.found);
    }
    let mut run = Run::new(&feed);
    let mut times = Vec::with_capacity(count);
    let (warm, measured) = frames.split_at(count / 2);
    for frame in warm {
        run.message(frame, &mut found);
    }
    let before = REQUESTS.load(Ordering::Relaxed);
    for frame in measured {
        let start = Instant::now();
        run.message(frame, &mut found);
        times.push(nanos(start));
    }
    let requests = REQUESTS.load(Ordering::Relaxed).saturating_sub(before);
    let mean = times.iter().sum::<u64>().checked_div(u64::try_from(times.len()).unwrap_or(1));
    times.sort_unstable();
    let at = |share: usize| {
        let index = times.len().saturating_mul(share) / 1_000;
        times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    println!(
        "per message, clock reading included: mean {} p50 {} p90 {} p99 {} p99.9 {} max {} ns",
        mean.unwrap_or(0),
        at(500),
        at(900),
        at(990),
        at(999),
        at(1_000)
    );
    println!("allocations after warm-up: {requests} in {} messages", measured.len());
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn memory() {
    let config = FeedConfig {
        markets: 10_000,
        messages: 0,
        levels: 50,
        fine_grid_percent: 100,
        ..FeedConfig::default()
    };
    let feed = Feed::generate(config);
    let text: usize = feed.initial().map(<[u8]>::len).sum();
    let run = Run::new(&feed);
    let live = (0..20_000).filter(|token| run.books.is_live(TokenIx(*token))).count();
    println!(
        "20,000 tokens, 50 levels a side: {live} live, {} MiB resident in all, {} MiB of it the \
         generated text",
        resident_kib() / 1_024,
        text / 1_048_576
    );
}

fn main() {
    if std::env::args().nth(1).as_deref() != Some("speed") {
        memory();
    }
    speed();
}
