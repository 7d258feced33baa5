//! Tapes without orders of ours: the exchange's books are the recorded ones, level by level, after
//! every record, and every invariant of the exchange holds.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/exchange.rs"]
mod exchange;
#[path = "support/tape.rs"]
mod tape;

use exchange::ONE;
use proptest::prelude::*;
use razor_core::engine::record::Kind;
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::units::{Qty, TickSize};
use razor_core::wire::Fine;
use razor_sim::exchange::{Depth, Event, Payout};
use razor_sim::feedgen::{Feed, FeedConfig};
use razor_sim::tape::{TapeFault, TapeMarket, TapePlan};
use razor_sim::world::{World, WorldPlan, build};
use tape::{Deck, Line, PLAN, book, change, meta, of_def, of_meta, plain, print, resolved, tick};

const START_NS: i64 = 1_800_000_000_000_000_000;

fn assert_same(deck: &Deck, markets: u32, at: usize) {
    for market in 0..markets {
        assert_eq!(deck.shown(market), deck.recorded(market), "market {market}, record {at}");
    }
}

fn count(markets: &[TapeMarket]) -> u32 {
    u32::try_from(markets.len()).expect("few")
}

#[test]
fn every_prefix_of_a_generated_stream_shows_its_own_books() {
    for seed in 1..=4 {
        let config =
            FeedConfig { seed, markets: 3, messages: 600, levels: 8, fine_grid_percent: 60 };
        let feed = Feed::generate(config);
        let markets: Vec<TapeMarket> = feed.universe.markets().iter().map(of_def).collect();
        let mut deck = Deck::open(&markets);
        let mut levels = 0;
        for (at, frame) in feed.initial().chain(feed.messages()).enumerate() {
            let mut line = Line::new(Kind::Ws, core::str::from_utf8(frame).expect("text"));
            line.t = START_NS + i64::try_from(at).expect("small");
            deck.play_good(&line);
            assert_same(&deck, count(&markets), at);
            levels += deck.shown(0).bids.len();
        }
        assert!(levels > 600, "books were there to be compared");
        let counts = *deck.tape.counts();
        assert_eq!((counts.refused, counts.crossed, counts.levels_refused), (0, 0, 0));
    }
}

fn world() -> (World, Vec<TapeMarket>) {
    let world = build(WorldPlan { seed: 7, start_ns: START_NS, duration_ms: 4_000 });
    let metas = world.records.iter().filter(|record| record.kind == "meta");
    let markets = metas.flat_map(|record| of_meta(&record.payload)).collect();
    (world, markets)
}

fn lines(world: &World) -> Vec<Line> {
    let lines = world.records.iter().map(|record| {
        let kind = match record.kind {
            "meta" => Kind::Meta,
            "trade" => Kind::Trade,
            _ => Kind::Ws,
        };
        Line { kind, t: record.recv_ns, epoch: 0, text: record.payload.clone() }
    });
    lines.collect()
}

#[test]
fn every_prefix_of_a_world_shows_its_own_books_in_groups_too() {
    let (world, markets) = world();
    let mut deck = Deck::try_open(PLAN, &markets).expect("opened");
    for (at, line) in lines(&world).iter().enumerate() {
        deck.play(line);
        assert_same(&deck, count(&markets), at);
    }
    let counts = *deck.tape.counts();
    assert!(counts.levels > 1_000 && counts.prints > 10, "{counts:?}");
    let grouped = deck.bench.exchange.markets().iter().filter(|it| it.spec.group.is_some());
    assert_eq!(grouped.count(), markets.iter().filter(|it| it.neg_risk).count());
}

#[test]
fn one_tape_gives_the_same_bytes_twice() {
    let (world, markets) = world();
    let play = || {
        let mut deck = Deck::try_open(PLAN, &markets).expect("opened");
        for line in lines(&world) {
            deck.play_now(&line);
        }
        let texts: Vec<String> = deck.frames.iter().map(|frame| frame.text.to_owned()).collect();
        (deck.tape.listing().to_owned(), texts)
    };
    let (first, again) = (play(), play());
    assert!(first.1.len() > 1_000);
    assert_eq!(first, again);
}

/// What a hostile recording says next.
#[derive(Debug, Clone)]
enum Say {
    Change { market: usize, side: Side, price: u16, qty: u64 },
    Book { market: usize, bids: Vec<(u16, u64)>, asks: Vec<(u16, u64)> },
    Print { market: usize, side: Side, price: u16, qty: u64 },
    Tick { market: usize, is_fine: bool },
    Reconnect,
    Rubbish(usize),
}

fn level() -> impl Strategy<Value = (u16, u64)> {
    (1_u16..100, prop_oneof![Just(0), 1_u64..40, Just(333_333), Just(7 * ONE)])
        .prop_map(|(cents, qty)| (cents * 100, qty))
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn say() -> impl Strategy<Value = Say> {
    let levels = || {
        prop::collection::btree_map(1_u16..60, 1_u64..9 * ONE, 0..6).prop_map(|it| {
            it.into_iter().map(|(cents, qty)| (cents * 100, qty)).collect::<Vec<_>>()
        })
    };
    prop_oneof![
        6 => (0_usize..2, side(), level())
            .prop_map(|(market, side, (price, qty))| Say::Change { market, side, price, qty }),
        3 => (0_usize..2, levels(), levels()).prop_map(|(market, bids, asks)| {
            // Mostly, but not always, above the bids.
            let asks = asks.into_iter().map(|(price, qty)| (10_000 - price, qty)).collect();
            Say::Book { market, bids, asks }
        }),
        2 => (0_usize..2, side(), level())
            .prop_map(|(market, side, (price, qty))| Say::Print { market, side, price, qty }),
        1 => (0_usize..2, any::<bool>())
            .prop_map(|(market, is_fine)| Say::Tick { market, is_fine }),
        1 => Just(Say::Reconnect),
        1 => (0_usize..5).prop_map(Say::Rubbish),
    ]
}

fn line_of(say: &Say, markets: &[TapeMarket]) -> Option<Line> {
    Some(match say {
        Say::Change { market, side, price, qty } => change(&markets[*market], *side, *price, *qty),
        Say::Book { market, bids, asks } => book(&markets[*market], bids, asks),
        Say::Print { market, side, price, qty } => {
            print(&markets[*market], razor_core::ids::Outcome::Yes, *side, *price, *qty)
        }
        Say::Tick { market, is_fine } => {
            let (old, new) = if *is_fine { ("0.01", "0.001") } else { ("0.001", "0.01") };
            tick(&markets[*market], old, new)
        }
        Say::Reconnect => return None,
        Say::Rubbish(kind) => match kind {
            0 => Line::new(Kind::Ws, "{"),
            1 => Line::new(Kind::Trade, "[]"),
            2 => Line::new(Kind::Ref, "{"),
            3 => Line::new(Kind::Quote, "0,,;x"),
            _ => Line::new(Kind::Gap, "{}"),
        },
    })
}

proptest! {
    #[test]
    fn any_stream_shows_its_own_books_or_the_last_that_were_not_crossed(
        says in prop::collection::vec(say(), 1..60)
    ) {
        let markets = [plain(0), plain(1)];
        let mut deck = Deck::open(&markets);
        let mut last = [Depth::default(), Depth::default()];
        let mut epoch = 0;
        for (at, say) in says.iter().enumerate() {
            let Some(mut line) = line_of(say, &markets) else {
                epoch += 1;
                continue;
            };
            line.epoch = epoch;
            deck.play(&line);
            for market in 0..2_u32 {
                let ix = usize::try_from(market).expect("small");
                if !deck.is_crossed(market) {
                    last[ix] = deck.recorded(market);
                }
                prop_assert_eq!(&deck.shown(market), &last[ix], "record {}: {:?}", at, say);
            }
        }
        let rubbish = says.iter().filter(|say| matches!(say, Say::Rubbish(_))).count();
        let counts = deck.tape.counts();
        prop_assert_eq!(counts.levels_refused, 0);
        prop_assert!(counts.refused <= u64::try_from(rubbish).expect("few"), "{:?}", counts);
    }
}

#[test]
fn a_market_that_the_tape_resolves_pays_and_shows_nothing_more() {
    let markets = [plain(0), plain(1)];
    let mut deck = Deck::open(&markets);
    for market in &markets {
        deck.play_good(&book(market, &[(4_000, 9 * ONE)], &[(5_000, 9 * ONE)]));
    }
    let events = deck.play_good(&resolved(&markets[0], 1));
    assert!(events.iter().any(|event| matches!(event, Event::Resolved(_))), "{events:?}");
    assert_eq!(deck.bench.exchange.markets()[0].payout, Some(Payout::No));
    deck.play_good(&book(&markets[0], &[(4_000, 8 * ONE)], &[]));
    assert_eq!(deck.shown(0), Depth::default());
    assert_eq!(deck.shown(1), deck.recorded(1));
    assert_eq!((deck.tape.counts().over, deck.tape.counts().levels_refused), (1, 0));
}

#[test]
fn a_grid_change_of_the_tape_is_the_grid_of_the_exchange_and_nothing_else_is() {
    let markets = [plain(0)];
    let mut deck = Deck::open(&markets);
    deck.play_good(&book(&markets[0], &[(9_700, 9 * ONE)], &[(9_900, 9 * ONE)]));
    // The venue would move to a finer grid by itself here.
    let yes = razor_core::ids::Outcome::Yes;
    deck.play_good(&print(&markets[0], yes, Side::Buy, 9_900, ONE));
    deck.play_good(&change(&markets[0], Side::Sell, 9_900, 8 * ONE));
    assert_eq!(deck.bench.exchange.markets()[0].tick, TickSize::CENT);
    let events = deck.play_good(&tick(&markets[0], "0.01", "0.001"));
    assert!(
        events.iter().any(|event| matches!(event, Event::Tick { .. })),
        "{events:?} {:?}",
        deck.tape.counts()
    );
    assert_eq!(deck.shown(0), Depth::default(), "a new grid waits for its snapshot");
    deck.play_good(&book(&markets[0], &[(9_705, 9 * ONE)], &[]));
    assert_eq!(deck.shown(0).bids, []);
    deck.play_good(&book(&markets[0], &[(9_710, 9 * ONE)], &[]));
    assert_eq!(deck.shown(0).bids, [(Fine(9_710), 9 * ONE)]);
}

#[test]
fn a_restart_of_the_recorder_empties_the_books_and_other_gaps_do_not() {
    let markets = [plain(0)];
    let gap = |cause: &str| {
        let text = format!(r#"{{"from_ns":1,"to_ns":2,"cause":"{cause}","lost":0}}"#);
        Line::new(Kind::Gap, text)
    };
    let mut deck = Deck::open(&markets);
    deck.play_good(&book(&markets[0], &[(4_000, 9 * ONE)], &[(5_000, 9 * ONE)]));
    let full = deck.shown(0);
    deck.play_good(&gap("DISCONNECTED reason=closed"));
    assert_eq!(deck.shown(0), full);
    deck.play_good(&gap("RESTART"));
    assert_eq!(deck.shown(0), Depth::default());
}

#[test]
fn quotes_without_sizes_get_seeded_depth_that_lasts_as_long_as_the_price() {
    let markets = [plain(0), plain(1)];
    let plan = TapePlan { is_quote_only: true, ..PLAN };
    let mut deck = Deck::try_open(plan, &markets).expect("opened");
    deck.play_good(&meta(&markets));
    let quote = |t: i64, text: &str| Line { t, ..Line::new(Kind::Quote, text) };
    deck.play_good(&quote(1, "0,0.40,0.50;1,,0.3"));
    let first = deck.shown(0);
    let sizes = [first.bids[0].1, first.asks[0].1];
    assert_eq!((first.bids[0].0, first.asks[0].0), (Fine(4_000), Fine(5_000)));
    assert!(sizes.iter().all(|qty| (50 * ONE..=150 * ONE).contains(qty)), "{sizes:?}");
    assert_eq!(deck.shown(1).asks.len() + deck.shown(1).bids.len(), 1);
    deck.play_good(&quote(2, "0,0.40,0.51"));
    assert_eq!(deck.shown(0).bids, first.bids, "the price stayed, so did its size");
    assert_eq!(deck.shown(0).asks[0].0, Fine(5_100));
    // Crossed quotes, prices off every grid and unknown markets show nothing.
    deck.play_good(&quote(3, "0,0.6,0.5"));
    deck.play_good(&quote(4, "1,,0.30005;77,0.1,0.2"));
    assert_eq!(deck.shown(0).asks[0].0, Fine(5_100));
    assert_eq!(deck.shown(1), Depth::default());
    assert!(deck.tape.listing().contains("seeded around 100 shares"));
    let dry = TapePlan { quote_depth: Qty(0), ..plan };
    let mut deck = Deck::try_open(dry, &markets).expect("opened");
    deck.play_good(&quote(1, "0,0.40,0.50"));
    assert_eq!(deck.shown(0), Depth::default());
    assert!(deck.tape.listing().contains("its books are empty"));
}

#[test]
fn ids_and_titles_that_a_capture_does_not_have_are_made_and_said() {
    let table = TapeMarket {
        condition_id: "MLB|NYY \"x\"".into(),
        token_ids: ["row-1".into(), "".into()],
        label: "".into(),
        fees: Fees::Unknown,
        ..plain(0)
    };
    // A quote cannot be in an id; the books of a run refuse it, too.
    assert_eq!(
        Deck::try_open(PLAN, std::slice::from_ref(&table)).err(),
        Some(TapeFault::NoMarkets)
    );
    let table = TapeMarket { condition_id: "MLB|NYY".into(), ..table };
    let deck = Deck::try_open(PLAN, &[table, plain(1)]).expect("opened");
    let spec = &deck.bench.exchange.markets()[0].spec;
    assert_eq!(spec.condition_id.len(), 66);
    assert!(spec.condition_id.starts_with("0x74617065"), "{}", spec.condition_id);
    assert!(spec.token_ids.iter().all(|it| it.starts_with("84658069")), "{:?}", spec.token_ids);
    assert_eq!(spec.fees, Fees::Free);
    let listing = deck.tape.listing();
    assert!(listing.contains(r#""question":"Market 0 of the tape (MLB|NYY)""#), "{listing}");
    assert!(listing.contains("The fees of 1 markets are unknown"), "{listing}");
    assert!(listing.contains(r#""outcomes":["Up","Down"]"#), "{listing}");
}

#[test]
fn a_market_that_the_exchange_has_already_stops_the_opening() {
    let mut markets = vec![plain(0)];
    markets[0].token_ids = [exchange::spec(0).token_ids[0].clone(), "712".into()];
    let mut deck = Deck::open(&[plain(5)]);
    deck.bench.list(exchange::spec(0));
    let now = razor_core::units::Nanos(deck.bench.now);
    let (exchange, events) = (&mut deck.bench.exchange, &mut deck.bench.events);
    let opened = razor_sim::tape::Tape::open(PLAN, markets, now, exchange, events);
    let fault = opened.expect_err("taken").to_string();
    assert!(fault.contains("taken"), "{fault}");
}
