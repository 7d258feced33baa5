//! The books and set sums as a run has them, fed with one frame at a time, and their proof.

use razor_core::book::{BookParams, BookSide, Books, Report, Source};
use razor_core::detect::{Detector, Finding};
use razor_core::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use razor_core::units::{Nanos, Usdc};
use razor_core::wire::Kind;
use razor_sim::feedgen::{Feed, FeedConfig, TrueBook};

/// Screen of the default settings: 10,000 bp less fees, premium and least edge.
const SCREEN: Usdc = Usdc(970_000);

/// The shape of the workload for a number of markets and messages.
pub(crate) fn config(seed: u64, markets: u32, messages: u32) -> FeedConfig {
    FeedConfig { seed, markets, messages, ..FeedConfig::default() }
}

/// What stands between bytes and a decision: books and the sums over every set.
pub(crate) struct Desk {
    books: Books,
    detector: Detector,
    report: Report,
    found: Vec<Finding>,
    refused: u64,
}

impl Desk {
    /// A desk that has seen the initial dump.
    pub(crate) fn new(feed: &Feed) -> Self {
        let universe = feed.watched_universe();
        let mut desk = Self {
            books: Books::new(&universe, BookParams::default()).unwrap_or_default(),
            detector: Detector::new(&universe, SCREEN),
            report: Report::default(),
            found: Vec::with_capacity(64),
            refused: 0,
        };
        for frame in feed.initial() {
            desk.take(frame, 0);
        }
        desk
    }

    /// One frame: decoded, validated, applied, its sets checked. Gives the number of findings.
    #[inline]
    pub(crate) fn take(&mut self, frame: &[u8], recv_ns: i64) -> usize {
        let source = Source { conn: ConnIx(0), epoch: 1, recv_ns: Nanos(recv_ns), kind: Kind::Ws };
        if self.books.apply(source, frame, &mut self.report).is_err() {
            self.refused = self.refused.saturating_add(1);
        }
        self.found.clear();
        self.detector.update(&self.books, &self.report.touched, &mut self.found);
        self.found.len()
    }

    /// Frames the books refused.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    /// Markets whose book is not the generator's.
    pub(crate) fn wrong_books(&self, feed: &Feed) -> u64 {
        wrong_books(&self.books, &feed.books)
    }
}

/// Markets whose YES book differs from the true one, level by level.
pub(crate) fn wrong_books(books: &Books, truth: &[TrueBook]) -> u64 {
    let markets = (0..u32::MAX).map(MarketIx).zip(truth);
    let wrong = markets.filter(|(market, truth)| held(books, *market) != **truth).count();
    u64::try_from(wrong).unwrap_or(u64::MAX)
}

fn held(books: &Books, market: MarketIx) -> TrueBook {
    let side = |side| {
        let levels = books.levels(TokenIx::of(market, Outcome::Yes), side);
        levels.map(|(price, qty)| (price.micros(), qty.0)).collect()
    };
    TrueBook { bids: side(BookSide::Bids), asks: side(BookSide::Asks) }
}
