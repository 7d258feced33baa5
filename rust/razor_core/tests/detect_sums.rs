//! Running sums against a fresh addition over the books, and what the screen may let through.
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

use razor_core::book::{BookParams, Books, Report, Source};
use razor_core::detect::{Detector, Finding};
use razor_core::ids::{ConnIx, MarketIx, Outcome, SetIx, TokenIx};
use razor_core::market::{SetDef, SetKind, Settlement, Universe};
use razor_core::units::{Nanos, Usdc};
use razor_core::wire::Kind;
use razor_sim::feedgen::{Feed, FeedConfig};
use razor_sim::rng::Rng;

const SOURCE: Source = Source { conn: ConnIx(0), epoch: 0, recv_ns: Nanos(5), kind: Kind::Ws };

fn add_set(universe: &mut Universe, legs: Vec<TokenIx>) -> SetIx {
    universe
        .add_set(SetDef {
            key: "set".into(),
            kind: SetKind::Group,
            legs,
            settlement: Settlement::HoldToResolution,
        })
        .expect("set")
}

/// Sets of two to six random tokens of different markets.
fn random_sets(universe: &mut Universe, count: u32, rng: &mut Rng) {
    let markets = u32::try_from(universe.markets().len()).expect("markets");
    for _ in 0..count {
        let first = rng.below(markets);
        let legs = 2 + rng.below(5);
        let legs = (0..legs).map(|leg| {
            let outcome = if rng.chance(50) { Outcome::Yes } else { Outcome::No };
            TokenIx::of(MarketIx((first + leg * 3) % markets), outcome)
        });
        let legs = legs.collect();
        add_set(universe, legs);
    }
}

/// Ask sum, bid sum and legs without either, added up from the books.
fn added_up(books: &Books, legs: &[TokenIx]) -> (i64, i64, u32, u32) {
    let mut sums = (0, 0, 0, 0);
    for leg in legs {
        let top = books.top(*leg);
        match top.ask {
            Some((price, _)) => sums.0 += i64::from(price.micros()),
            None => sums.2 += 1,
        }
        match top.bid {
            Some((price, _)) => sums.1 += i64::from(price.micros()),
            None => sums.3 += 1,
        }
    }
    sums
}

#[test]
fn sums_equal_a_fresh_addition_after_every_message_and_candidates_are_the_brute_force_ones() {
    let config = FeedConfig { markets: 13, messages: 6_000, levels: 4, ..FeedConfig::default() };
    let feed = Feed::generate(config);
    let mut universe = feed.universe.clone();
    random_sets(&mut universe, 40, &mut Rng::new(3));
    let screen = Usdc(1_450_000);
    let mut books = Books::new(&universe, BookParams::default()).expect("books");
    let mut detector = Detector::new(&universe, screen);
    let (mut report, mut found, mut candidates) = (Report::default(), Vec::new(), 0);
    let mut rng = Rng::new(8);
    for frame in feed.initial().chain(feed.messages()) {
        if rng.below(400) == 0 {
            books.frame_lost(ConnIx(0));
        }
        books.apply(SOURCE, frame, &mut report).expect("accepted");
        found.clear();
        detector.update(&books, &report.touched, &mut found);
        let mut expected = Vec::new();
        for (index, set) in universe.sets().iter().enumerate() {
            let index = SetIx(u32::try_from(index).expect("index"));
            let (ask, bid, asks_missing, bids_missing) = added_up(&books, &set.legs);
            let sums = detector.sums(index).expect("sums");
            assert_eq!((sums.ask.0, sums.bid.0), (ask, bid));
            assert_eq!((sums.asks_missing, sums.bids_missing), (asks_missing, bids_missing));
            let touched = set.legs.iter().any(|leg| report.touched.contains(&leg.split().0));
            let live = set.legs.iter().all(|leg| books.is_live(*leg));
            assert_eq!(detector.is_checkable(index, &books), live);
            if touched && live && asks_missing == 0 && ask <= screen.0 {
                expected.push((index, ask));
            }
        }
        let mut candidate_sets: Vec<_> = found.iter().map(candidate).collect();
        candidate_sets.sort_unstable();
        assert_eq!(candidate_sets, expected);
        candidates += expected.len();
    }
    assert!(candidates > 1_000, "{candidates}");
}

fn candidate(finding: &Finding) -> (SetIx, i64) {
    match finding {
        Finding::Candidate { set, sum_ask, .. } => (*set, sum_ask.0),
        Finding::CrossedBook { .. } => panic!("no set of one market here"),
    }
}

/// A tight book of one market, bid and ask in cents.
fn book_text(feed: &Feed, market: usize, outcome: usize, bid: u32, ask: u32) -> String {
    let def = &feed.universe.markets()[market];
    format!(
        "{{\"event_type\":\"book\",\"market\":\"{}\",\"asset_id\":\"{}\",\"timestamp\":\"1791258810641\",\
         \"bids\":[{{\"price\":\"0.{bid}\",\"size\":\"7\"}}],\"asks\":[{{\"price\":\"0.{ask}\",\"size\":\"7\"}}]}}",
        def.condition_id, def.token_ids[outcome]
    )
}

struct Bench {
    feed: Feed,
    books: Books,
    detector: Detector,
    report: Report,
}

impl Bench {
    /// Two markets and one set over the given tokens.
    fn new(legs: [u32; 2], screen: i64) -> Self {
        let config = FeedConfig { markets: 2, messages: 0, ..FeedConfig::default() };
        let feed = Feed::generate(config);
        let mut universe = feed.universe.clone();
        add_set(&mut universe, legs.map(TokenIx).to_vec());
        let books = Books::new(&universe, BookParams::default()).expect("books");
        let detector = Detector::new(&universe, Usdc(screen));
        Self { feed, books, detector, report: Report::default() }
    }

    fn book(&mut self, market: usize, outcome: usize, bid: u32, ask: u32) -> Vec<Finding> {
        let text = book_text(&self.feed, market, outcome, bid, ask);
        self.frame(&text)
    }

    fn frame(&mut self, text: &str) -> Vec<Finding> {
        self.books.apply(SOURCE, text.as_bytes(), &mut self.report).expect("accepted");
        let mut found = Vec::new();
        self.detector.update(&self.books, &self.report.touched, &mut found);
        found
    }
}

#[test]
fn a_set_is_no_candidate_until_every_leg_is_live() {
    let mut bench = Bench::new([0, 2], 1_000_000);
    assert_eq!(bench.book(0, 0, 30, 40), []);
    let candidate =
        Finding::Candidate { set: SetIx(0), sum_ask: Usdc(900_000), sum_bid: Some(Usdc(700_000)) };
    assert_eq!(bench.book(1, 0, 40, 50), [candidate]);
    // The other connection epoch ends every leg at once.
    bench.books.start_epoch(ConnIx(0), 0);
    assert!(bench.detector.is_checkable(SetIx(0), &bench.books));
    bench.books.start_epoch(ConnIx(0), 1);
    assert!(!bench.detector.is_checkable(SetIx(0), &bench.books));
}

#[test]
fn a_leg_whose_own_token_has_no_snapshot_is_not_live() {
    let mut bench = Bench::new([1, 2], 2_000_000);
    bench.book(0, 0, 30, 40);
    assert_eq!(bench.book(1, 0, 40, 50), [], "token 1 has only its sibling's snapshot");
    assert_eq!(bench.book(0, 1, 60, 70).len(), 1);
}

#[test]
fn both_tokens_of_one_market_below_a_dollar_are_an_alarm_and_never_a_candidate() {
    let mut bench = Bench::new([0, 1], 1_000_000);
    assert_eq!(bench.book(0, 0, 30, 40), []);
    assert_eq!(bench.book(0, 1, 60, 70), []);
    let alarm = Finding::CrossedBook { set: SetIx(0), market: MarketIx(0), sum_ask: Usdc(900_000) };
    assert_eq!(bench.book(0, 0, 50, 40), [alarm]);
}

#[test]
fn a_set_with_several_touched_legs_is_found_once() {
    let mut bench = Bench::new([0, 2], 1_000_000);
    let both = format!(
        "[{},{}]",
        book_text(&bench.feed, 0, 0, 30, 40),
        book_text(&bench.feed, 1, 0, 40, 50)
    );
    bench.books.apply(SOURCE, both.as_bytes(), &mut bench.report).expect("accepted");
    let mut found = Vec::new();
    bench.detector.update(&bench.books, &bench.report.touched, &mut found);
    assert_eq!(found.len(), 1);
    assert_eq!(bench.detector.sets_of(MarketIx(1)).collect::<Vec<_>>(), [SetIx(0)]);
}

#[test]
fn a_live_leg_without_an_ask_keeps_its_set_out_and_one_without_a_bid_only_says_so() {
    let mut bench = Bench::new([0, 2], 1_000_000);
    bench.book(1, 0, 40, 50);
    let full = book_text(&bench.feed, 0, 0, 30, 40);
    let bid = "[{\"price\":\"0.30\",\"size\":\"7\"}]";
    let ask = "[{\"price\":\"0.40\",\"size\":\"7\"}]";
    let found = bench.frame(&full.replace(ask, "[]"));
    assert_eq!(found, []);
    assert!(bench.detector.is_checkable(SetIx(0), &bench.books), "live, and still no candidate");
    assert_eq!(bench.detector.sums(SetIx(0)).map(|sums| sums.asks_missing), Some(1));
    let found = bench.frame(&full.replace(bid, "[]"));
    let candidate = Finding::Candidate { set: SetIx(0), sum_ask: Usdc(900_000), sum_bid: None };
    assert_eq!(found, [candidate]);
}
