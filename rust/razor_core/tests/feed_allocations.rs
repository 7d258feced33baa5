//! From bytes to set check nothing is allocated once every buffer has its size.
//!
//! One test alone in its binary: the count is of the whole process.
#![allow(clippy::expect_used, reason = "a test stops loudly where the core must not")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use razor_core::book::{BookParams, Books, Report, Source};
use razor_core::detect::{Detector, Finding};
use razor_core::ids::ConnIx;
use razor_core::units::{Nanos, Usdc};
use razor_core::wire::Kind;
use razor_sim::feedgen::{Feed, FeedConfig};

/// The system's allocator with a count of requests.
struct Counting;

static REQUESTS: AtomicU64 = AtomicU64::new(0);

#[expect(unsafe_code, reason = "an allocator cannot be written otherwise")]
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

#[test]
fn nothing_is_allocated_from_bytes_to_set_check_after_warm_up() {
    let feed = Feed::generate(FeedConfig::default());
    let universe = feed.watched_universe();
    let mut books = Books::new(&universe, BookParams::default()).expect("books");
    let mut detector = Detector::new(&universe, Usdc(970_000));
    let (mut report, mut found) = (Report::default(), Vec::<Finding>::with_capacity(64));
    let frames: Vec<&[u8]> = feed.initial().chain(feed.messages()).collect();
    let (warm_up, measured) = frames.split_at(frames.len() / 2);
    let mut take = |frames: &[&[u8]]| {
        for (frame, at) in frames.iter().zip(1..) {
            let source = Source { conn: ConnIx(0), epoch: 1, recv_ns: Nanos(at), kind: Kind::Ws };
            books.apply(source, frame, &mut report).expect("accepted");
            found.clear();
            detector.update(&books, &report.touched, &mut found);
            books.check_hashes();
        }
    };
    take(warm_up);
    let before = REQUESTS.load(Ordering::Relaxed);
    take(measured);
    let requests = REQUESTS.load(Ordering::Relaxed).saturating_sub(before);
    assert_eq!(requests, 0, "allocations in {} messages", measured.len());
}
