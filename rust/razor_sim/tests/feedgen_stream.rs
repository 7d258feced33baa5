//! The generated stream, read by the real books.
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
use razor_core::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use razor_core::units::Nanos;
use razor_core::wire::{Frame, Kind, decode_predicted};
use razor_sim::feedgen::{Feed, FeedConfig, TrueBook};

fn source(recv_ns: i64) -> Source {
    Source { conn: ConnIx(0), epoch: 1, recv_ns: Nanos(recv_ns), kind: Kind::Ws }
}

fn read_all(feed: &Feed) -> Books {
    let mut books = Books::new(&feed.universe, BookParams::default()).expect("books");
    let mut report = Report::default();
    for (index, frame) in feed.initial().chain(feed.messages()).enumerate() {
        let at = i64::try_from(index).expect("index");
        books.apply(source(at), frame, &mut report).expect("accepted");
    }
    books
}

fn held(books: &Books, market: MarketIx) -> TrueBook {
    let side = |side| {
        books
            .levels(TokenIx::of(market, Outcome::Yes), side)
            .map(|(price, qty)| (price.micros(), qty.0))
            .collect()
    };
    TrueBook { bids: side(BookSide::Bids), asks: side(BookSide::Asks) }
}

#[test]
fn books_read_from_the_stream_are_the_worlds_books() {
    let feed = Feed::generate(FeedConfig { messages: 60_000, ..FeedConfig::default() });
    let books = read_all(&feed);
    for (index, truth) in feed.books.iter().enumerate() {
        let market = MarketIx(u32::try_from(index).expect("index"));
        assert_eq!(&held(&books, market), truth, "{market:?}");
        for outcome in [Outcome::Yes, Outcome::No] {
            assert!(books.is_live(TokenIx::of(market, outcome)), "{market:?}");
        }
    }
    let counters = books.counters();
    let troubles = [
        counters.frames_refused,
        counters.foreign_markets,
        counters.quarantined,
        counters.updates_refused,
        counters.no_snapshot,
        counters.other_connection,
        counters.mirror_violations,
        counters.top_mismatches,
        counters.crossed,
        counters.dirtied,
    ];
    assert_eq!(troubles, [0; 10], "{counters:?}");
    assert!(counters.grid_changes > 0 && counters.trades > 0 && counters.unknown_events > 0);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let config = FeedConfig { messages: 500, ..FeedConfig::default() };
    let bytes = |config| Feed::generate(config).messages().flatten().copied().collect::<Vec<u8>>();
    assert_eq!(bytes(config), bytes(config));
    assert_ne!(bytes(config), bytes(FeedConfig { seed: 2, ..config }));
}

#[test]
fn the_workload_has_the_stated_mix() {
    let feed = Feed::generate(FeedConfig { messages: 50_000, ..FeedConfig::default() });
    let (mut bytes, mut changes, mut books) = (0_usize, 0_u32, 0_u32);
    for frame in feed.messages() {
        bytes += frame.len();
        changes += u32::from(frame.ends_with(b"\"price_change\"}"));
        books += u32::from(frame.starts_with(b"["));
    }
    let mean = bytes / 50_000;
    assert!((700..=780).contains(&mean), "mean {mean}");
    assert!((44_500..=45_500).contains(&changes), "changes {changes}");
    assert!((1_900..=2_400).contains(&books), "books {books}");
}

#[test]
fn changes_and_books_take_the_predicted_path() {
    let feed = Feed::generate(FeedConfig { messages: 5_000, ..FeedConfig::default() });
    let books = Books::new(&feed.universe, BookParams::default()).expect("books");
    let mut frame = Frame::default();
    for bytes in feed.initial().chain(feed.messages()) {
        let known = bytes.starts_with(b"[") || bytes.ends_with(b"\"price_change\"}");
        let predicted = decode_predicted(bytes, Kind::Ws, books.registry(), &mut frame);
        assert_eq!(predicted, known, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn the_definitions_of_a_stream_make_an_engine_that_watches_every_market() {
    let feed = Feed::generate(FeedConfig { messages: 0, markets: 40, ..FeedConfig::default() });
    let meta = razor_core::engine::meta::Meta::decode(feed.meta_payload().as_bytes());
    let meta = meta.expect("meta record");
    let universe = feed.watched_universe();
    assert_eq!((meta.markets.len(), meta.sets.len()), (40, 40));
    for (written, market) in meta.markets.iter().zip(universe.markets()) {
        assert_eq!(*written.condition_id, *market.condition_id);
        assert_eq!(written.tick(), Ok(market.tick));
        let texts = written.token_ids.iter().map(String::as_str);
        assert!(texts.eq(market.token_ids.iter().map(|text| &**text)));
    }
    for (written, set) in meta.sets.iter().zip(universe.sets()) {
        assert_eq!((&*written.key, written.legs.len()), (&*set.key, 3));
        let texts = set.legs.iter().filter_map(|leg| universe.token_id(*leg));
        assert!(texts.eq(written.legs.iter().map(String::as_str)));
    }
    let of_first: usize =
        universe.sets().iter().filter(|set| set.legs.contains(&TokenIx(0))).count();
    assert_eq!(of_first, 3, "each market is a leg of three sets");
}

#[test]
fn two_markets_are_too_few_for_a_watched_set() {
    let feed = Feed::generate(FeedConfig { messages: 0, markets: 2, ..FeedConfig::default() });
    assert!(feed.watched_universe().sets().is_empty());
}
