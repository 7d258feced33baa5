//! Laws over generated feeds: both decoders, the final books, and the sums over sets of any size.
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

use razor_core::book::{BookParams, BookSide, Books, Report, Source};
use razor_core::detect::{Detector, Finding};
use razor_core::ids::{ConnIx, MarketIx, Outcome, SetIx, TokenIx};
use razor_core::market::{SetDef, SetKind, Settlement, Universe};
use razor_core::units::{Nanos, Usdc};
use razor_core::wire::{Frame, Kind, Limits, decode, decode_predicted, decode_strict};
use razor_sim::feedgen::{Feed, FeedConfig, TrueBook};
use razor_sim::rng::Rng;

const SOURCE: Source = Source { conn: ConnIx(0), epoch: 0, recv_ns: Nanos(5), kind: Kind::Ws };

fn feed(seed: u64, markets: u32, messages: u32) -> Feed {
    let levels = 3 + u32::try_from(seed % 9).expect("levels");
    let fine_grid_percent = u32::try_from(seed * 13 % 101).expect("percent");
    Feed::generate(FeedConfig { seed, markets, messages, levels, fine_grid_percent })
}

/// The sets of these legs, watched from the beginning.
fn group(universe: &mut Universe, legs: Vec<TokenIx>) -> SetIx {
    let settlement = Settlement::HoldToResolution;
    universe
        .add_set(SetDef { key: "set".into(), kind: SetKind::Group, legs, settlement })
        .expect("set")
}

fn book_of(books: &Books, market: u32) -> TrueBook {
    let yes = TokenIx::of(MarketIx(market), Outcome::Yes);
    let levels = |side| {
        books.levels(yes, side).map(|(price, qty)| (price.micros(), qty.0)).collect::<Vec<_>>()
    };
    TrueBook { bids: levels(BookSide::Bids), asks: levels(BookSide::Asks) }
}

#[test]
fn both_decoders_read_every_frame_of_every_seed_alike_and_the_quick_one_takes_all_with_levels() {
    for seed in 1..=24 {
        let feed = feed(seed, 12, 250);
        let registry = Books::new(&feed.universe, BookParams::default()).expect("books");
        let (mut quick, mut strict) = (Frame::default(), Frame::default());
        for bytes in feed.initial().chain(feed.messages()) {
            let registry = registry.registry();
            decode_strict(bytes, Kind::Ws, registry, Limits::default(), &mut strict)
                .expect("accepted");
            let text = String::from_utf8_lossy(bytes);
            if decode_predicted(bytes, Kind::Ws, registry, &mut quick) {
                assert_eq!(quick, strict, "seed {seed}: {text}");
            } else {
                // Only the rare kinds may take the slow way: levels never do.
                assert!(
                    strict.levels.is_empty() && strict.changes.is_empty(),
                    "seed {seed}: {text}"
                );
                assert_eq!(quick, Frame::default());
            }
        }
    }
}

#[test]
fn no_proper_prefix_of_a_frame_is_a_frame_and_both_decoders_say_so() {
    for seed in 30..33 {
        let feed = feed(seed, 3, 12);
        let books = Books::new(&feed.universe, BookParams::default()).expect("books");
        let (mut frame, mut other) = (Frame::default(), Frame::default());
        for bytes in feed.messages() {
            let whole = bytes.trim_ascii_end().len();
            for keep in 0..whole {
                let part = &bytes[..keep];
                let registry = books.registry();
                let limits = Limits::default();
                let mixed = decode(part, Kind::Ws, registry, limits, &mut frame);
                let strict = decode_strict(part, Kind::Ws, registry, limits, &mut other);
                assert!(mixed.is_err(), "{}", String::from_utf8_lossy(part));
                assert_eq!(mixed, strict);
                assert_eq!(frame, Frame::default(), "nothing of it stays");
            }
        }
    }
}

#[test]
fn every_seed_ends_in_the_books_of_the_generator_and_all_of_them_live() {
    for seed in 100..130 {
        let feed = feed(seed, 7, 400);
        let mut books = Books::new(&feed.universe, BookParams::default()).expect("books");
        let mut report = Report::default();
        for bytes in feed.initial().chain(feed.messages()) {
            books.apply(SOURCE, bytes, &mut report).expect("accepted");
        }
        for (market, wanted) in (0..).zip(&feed.books) {
            assert_eq!(book_of(&books, market), *wanted, "seed {seed} market {market}");
            for outcome in [Outcome::Yes, Outcome::No] {
                assert!(books.is_live(TokenIx::of(MarketIx(market), outcome)), "seed {seed}");
            }
        }
        let counters = books.counters();
        assert_eq!((counters.frames_refused, counters.updates_refused), (0, 0));
        assert_eq!((counters.mirror_violations, counters.dirtied, counters.crossed), (0, 0, 0));
    }
}

#[test]
fn frames_that_come_before_the_dump_change_no_book() {
    for seed in 200..206 {
        let feed = feed(seed, 5, 120);
        let mut books = Books::new(&feed.universe, BookParams::default()).expect("books");
        let mut report = Report::default();
        let changes: Vec<&[u8]> =
            feed.messages().filter(|text| text.windows(12).any(|w| w == b"price_change")).collect();
        assert!(changes.len() > 50);
        for bytes in &changes {
            books.apply(SOURCE, bytes, &mut report).expect("accepted");
            assert!(report.touched.is_empty(), "seed {seed}");
        }
        assert_eq!(books.counters().changes, 0);
        assert!(books.counters().no_snapshot >= changes.len() as u64);
        assert!((0..5).all(|market| book_of(&books, market) == TrueBook::default()));
    }
}

#[test]
fn a_dump_in_the_middle_makes_up_for_all_that_was_lost() {
    for seed in 300..310 {
        // The same world twice: once without a loss, once with half of its frames lost and a dump
        // of the true books at the end.
        let feed = feed(seed, 4, 200);
        let mut books = Books::new(&feed.universe, BookParams::default()).expect("books");
        let (mut report, mut rng) = (Report::default(), Rng::new(seed));
        for bytes in feed.initial().chain(feed.messages()) {
            if rng.chance(50) {
                books.frame_lost(ConnIx(0));
                continue;
            }
            books.apply(SOURCE, bytes, &mut report).expect("accepted");
        }
        let later = "1999999999999";
        for (market, wanted) in feed.universe.markets().iter().zip(&feed.books) {
            let levels = |levels: &[(u32, u64)]| {
                let cell = |(price, qty): &(u32, u64)| {
                    let (whole, rest) = (qty / 1_000_000, qty % 1_000_000);
                    format!("{{\"price\":\"0.{price:06}\",\"size\":\"{whole}.{rest:06}\"}}")
                };
                levels.iter().rev().map(cell).collect::<Vec<_>>().join(",")
            };
            let text = format!(
                "{{\"event_type\":\"book\",\"market\":\"{}\",\"asset_id\":\"{}\",\
                 \"timestamp\":\"{later}\",\"bids\":[{}],\"asks\":[{}]}}",
                market.condition_id,
                market.token_ids[0],
                levels(&wanted.bids),
                levels(&wanted.asks),
            );
            books.apply(SOURCE, text.as_bytes(), &mut report).expect("accepted");
        }
        for (market, wanted) in (0..).zip(&feed.books) {
            assert_eq!(book_of(&books, market), *wanted, "seed {seed} market {market}");
            assert!(books.is_live(TokenIx::of(MarketIx(market), Outcome::Yes)), "seed {seed}");
        }
    }
}

/// Sums of asks and bids over legs, straight from the tops.
fn fresh(books: &Books, legs: &[TokenIx]) -> (i64, i64, u32, u32) {
    legs.iter().fold((0, 0, 0, 0), |(ask, bid, no_ask, no_bid), leg| {
        let top = books.top(*leg);
        let price = |side: Option<(razor_core::units::Price, _)>| {
            side.map_or(0, |(price, _)| i64::from(price.micros()))
        };
        (
            ask + price(top.ask),
            bid + price(top.bid),
            no_ask + u32::from(top.ask.is_none()),
            no_bid + u32::from(top.bid.is_none()),
        )
    })
}

#[test]
fn sums_of_sets_of_2_to_8_legs_equal_a_fresh_addition_after_every_frame() {
    for legs_n in 2..=8_u32 {
        let feed = feed(400 + u64::from(legs_n), 9, 300);
        let mut universe = feed.universe.clone();
        let mut rng = Rng::new(u64::from(legs_n));
        let mut sets = Vec::new();
        for first in 0..9 {
            let legs: Vec<TokenIx> = (0..legs_n)
                .map(|leg| {
                    let outcome = if rng.chance(50) { Outcome::Yes } else { Outcome::No };
                    TokenIx::of(MarketIx((first + leg) % 9), outcome)
                })
                .collect();
            sets.push((group(&mut universe, legs.clone()), legs));
        }
        let screen = Usdc(i64::from(legs_n) * 500_000);
        let mut books = Books::new(&universe, BookParams::default()).expect("books");
        let mut detector = Detector::new(&universe, screen);
        let (mut report, mut found, mut candidates) = (Report::default(), Vec::new(), 0_u32);
        for bytes in feed.initial().chain(feed.messages()) {
            books.apply(SOURCE, bytes, &mut report).expect("accepted");
            found.clear();
            detector.update(&books, &report.touched, &mut found);
            for (set, legs) in &sets {
                let sums = detector.sums(*set).expect("watched");
                let (ask, bid, no_ask, no_bid) = fresh(&books, legs);
                assert_eq!((sums.ask.0, sums.bid.0), (ask, bid), "{legs_n} legs");
                assert_eq!((sums.asks_missing, sums.bids_missing), (no_ask, no_bid));
            }
            for finding in &found {
                let Finding::Candidate { set, sum_ask, sum_bid } = finding else {
                    panic!("no set is of one market: {finding:?}");
                };
                let legs = &sets.iter().find(|(ix, _)| ix == set).expect("watched").1;
                let (ask, bid, no_ask, no_bid) = fresh(&books, legs);
                assert_eq!((sum_ask.0, no_ask), (ask, 0));
                assert_eq!(sum_bid.map(|sum| sum.0), (no_bid == 0).then_some(bid));
                assert!(ask <= screen.0 && legs.iter().all(|leg| books.is_live(*leg)));
                candidates += 1;
            }
        }
        assert!(candidates > 0, "{legs_n} legs: nothing was found");
    }
}

#[test]
fn a_set_added_late_counts_from_the_update_of_its_markets_on() {
    for seed in 500..510 {
        let feed = feed(seed, 6, 150);
        let mut universe = feed.universe.clone();
        let mut books = Books::new(&universe, BookParams::default()).expect("books");
        let mut detector = Detector::new(&universe, Usdc(0));
        let (mut report, mut found) = (Report::default(), Vec::new());
        let frames: Vec<&[u8]> = feed.initial().chain(feed.messages()).collect();
        let (before, after) = frames.split_at(frames.len() / 2);
        for bytes in before {
            books.apply(SOURCE, bytes, &mut report).expect("accepted");
            detector.update(&books, &report.touched, &mut found);
        }
        let legs: Vec<TokenIx> =
            (0..4).map(|market| TokenIx::of(MarketIx(market), Outcome::Yes)).collect();
        let set = group(&mut universe, legs.clone());
        let added = detector.add_set(universe.set(set).expect("set"));
        assert_eq!(added, set);
        let markets: Vec<MarketIx> = (0..4).map(MarketIx).collect();
        detector.update(&books, &markets, &mut found);
        for bytes in after {
            let sums = detector.sums(set).expect("watched");
            let want = fresh(&books, &legs);
            assert_eq!((sums.ask.0, sums.bid.0, sums.asks_missing, sums.bids_missing), want);
            books.apply(SOURCE, bytes, &mut report).expect("accepted");
            detector.update(&books, &report.touched, &mut found);
        }
    }
}

#[test]
fn a_set_of_one_market_never_sums_below_a_dollar_while_its_book_is_not_crossed() {
    for seed in 600..606 {
        let feed = feed(seed, 4, 300);
        let mut universe = feed.universe.clone();
        for market in (0..4).map(MarketIx) {
            let legs = [Outcome::Yes, Outcome::No].map(|outcome| TokenIx::of(market, outcome));
            group(&mut universe, legs.to_vec());
        }
        let mut books = Books::new(&universe, BookParams::default()).expect("books");
        let mut detector = Detector::new(&universe, Usdc(1_000_000));
        let (mut report, mut found) = (Report::default(), Vec::new());
        for bytes in feed.initial().chain(feed.messages()) {
            books.apply(SOURCE, bytes, &mut report).expect("accepted");
            detector.update(&books, &report.touched, &mut found);
            for set in (0..4).map(SetIx) {
                let sums = detector.sums(set).expect("watched");
                assert!(sums.asks_missing > 0 || sums.ask > Usdc(1_000_000), "seed {seed}");
            }
        }
        assert!(found.is_empty(), "seed {seed}: {found:?}");
    }
}
