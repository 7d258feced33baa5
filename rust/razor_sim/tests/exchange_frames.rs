//! Frames of the exchange, read by razor's own books: the same levels, hashes that verify, and the
//! texts of the venue's samples.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/exchange.rs"]
mod exchange;

use exchange::{Bench, ONE, Trader, buy, config, limit, no, spec, yes};
use razor_core::book::{BookFacts, BookParams, BookSide, Books, Report, Source, book_hash};
use razor_core::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use razor_core::market::{Fees, MarketDef, Universe};
use razor_core::order::Side;
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::{Fine, Kind};
use razor_sim::exchange::{
    Audience, CancelScope, Config, Event, Exchange, MarketFrames, MarketSpec, Operation, OrderType,
    PlaceOrder,
};
use razor_sim::rng::Rng;

fn define(spec: &MarketSpec) -> MarketDef {
    MarketDef {
        condition_id: spec.condition_id.clone(),
        token_ids: spec.token_ids.clone(),
        label: "".into(),
        tick: spec.tick,
        min_order_qty: spec.min_order_qty,
        fees: Fees::Free,
        neg_risk: spec.group.is_some(),
        end_ms: 0,
    }
}

/// A subscriber with razor's books.
struct Reader {
    books: Books,
    report: Report,
    frames: MarketFrames,
    read: usize,
}

impl Reader {
    fn new(exchange: &Exchange) -> Self {
        let mut universe = Universe::default();
        for market in exchange.markets() {
            universe.add_market(define(&market.spec)).expect("market");
        }
        let params = BookParams { hash_every: 1, ..BookParams::default() };
        let books = Books::new(&universe, params).expect("books");
        let (report, frames) = (Report::default(), MarketFrames::default());
        let mut reader = Self { books, report, frames, read: 0 };
        for market in (0..).take(exchange.markets().len()) {
            reader.frames.push_book(exchange, yes(market));
            reader.frames.push_book(exchange, no(market));
        }
        reader.read_all(exchange.now());
        reader
    }

    fn follow(&mut self, exchange: &Exchange, events: &[Event]) {
        self.frames.push_instant(exchange, events);
        self.read_all(exchange.now());
    }

    fn read_all(&mut self, recv_ns: Nanos) {
        let source = Source { conn: ConnIx(0), epoch: 1, recv_ns, kind: Kind::Ws };
        for frame in self.frames.iter() {
            let said = self.books.apply(source, frame.text.as_bytes(), &mut self.report);
            said.unwrap_or_else(|refusal| panic!("{refusal} in {}", frame.text));
            self.books.check_hashes();
            self.read += 1;
        }
        self.frames.clear();
    }

    fn levels(&self, token: TokenIx, side: BookSide) -> Vec<(u32, u64)> {
        let mut levels: Vec<_> =
            self.books.levels(token, side).map(|(price, qty)| (price.micros(), qty.0)).collect();
        levels.sort_unstable();
        levels
    }

    /// Both books of a market hold what the exchange holds.
    fn agrees(&self, exchange: &Exchange, market: u32) {
        for outcome in [Outcome::Yes, Outcome::No] {
            let token = TokenIx::of(MarketIx(market), outcome);
            let depth = exchange.depth(token);
            let sorted = |levels: &[(Fine, u64)]| {
                let mut levels: Vec<_> =
                    levels.iter().map(|(price, qty)| (price.price().micros(), *qty)).collect();
                levels.sort_unstable();
                levels
            };
            assert_eq!(self.levels(token, BookSide::Bids), sorted(&depth.bids), "{token:?}");
            assert_eq!(self.levels(token, BookSide::Asks), sorted(&depth.asks), "{token:?}");
        }
    }
}

fn random_order(rng: &mut Rng, traders: &[Trader], tick: u16) -> PlaceOrder {
    let trader = traders[rng.index(traders.len())];
    let token = TokenIx(rng.below(4));
    let price = u16::try_from(4_000 + rng.below(2_000)).expect("small") / tick * tick;
    let order = limit(trader, token, Side::Buy, price, 5 + u64::from(rng.below(40)));
    let order_type = if rng.chance(15) { OrderType::Fak } else { OrderType::Gtc };
    PlaceOrder { order_type, ..order }
}

#[test]
fn razors_books_follow_the_frames_and_every_hash_verifies() {
    let mut bench = Bench::new(Config { ended_orders: 50, final_trades: 50, ..config() });
    bench.list(spec(0));
    bench.list(MarketSpec { tick: TickSize::from_micros(1_000).expect("tick"), ..spec(1) });
    let traders = [1_000, 900, 800].map(|dollars| bench.trader(dollars * 100));
    let mut reader = Reader::new(&bench.exchange);
    let mut rng = Rng::new(11);
    for _ in 0..3_000 {
        bench.now += i64::from(rng.below(40_000_000));
        while let Some(at) = bench.exchange.due().filter(|at| at.0 <= bench.now) {
            bench.events.clear();
            let wake = razor_sim::exchange::Command::Wake;
            bench.exchange.step(at, wake, &mut bench.events).expect("due");
            reader.follow(&bench.exchange, &bench.events);
        }
        if rng.chance(8) {
            bench.cancel(traders[rng.index(3)], CancelScope::Token(TokenIx(rng.below(4))));
        } else {
            let _some_are_killed = bench.place(random_order(&mut rng, &traders, 100));
        }
        reader.follow(&bench.exchange, &bench.events);
    }
    reader.agrees(&bench.exchange, 0);
    reader.agrees(&bench.exchange, 1);
    let counters = reader.books.counters();
    let troubles = [
        counters.frames_refused,
        counters.updates_refused,
        counters.mirror_violations,
        counters.top_mismatches,
        counters.crossed,
        counters.dirtied,
        counters.no_snapshot,
    ];
    assert_eq!(troubles, [0; 7], "{counters:?}");
    assert!(counters.trades > 300, "{counters:?}");
    let tallies = reader.books.hash_tallies();
    for tally in [tallies.ws_book, tallies.ws_change] {
        assert_eq!(tally.mismatched, 0, "{tallies:?}");
        assert!(tally.matched > 500, "{tallies:?}");
    }
}

#[test]
fn the_frames_of_a_match_are_spelt_as_the_venue_does() {
    let (mut bench, ann, bob) = Bench::simple();
    bench.place(buy(ann, no(0), 5_200, 10)).expect("rests");
    bench.place(buy(bob, yes(0), 4_800, 4)).expect_err("below the minimum");
    bench.place(buy(bob, yes(0), 4_800, 6)).expect("matches");
    let mut frames = MarketFrames::default();
    frames.push_instant(&bench.exchange, &bench.events);
    let texts: Vec<_> = frames.iter().map(|frame| frame.text.to_owned()).collect();
    let market = &spec(0).condition_id;
    let [yes_id, no_id] = &spec(0).token_ids;
    let at = bench.now / 1_000_000;
    let print = format!(
        "{{\"event_type\":\"last_trade_price\",\"market\":\"{market}\",\"asset_id\":\"{yes_id}\",\
         \"price\":\"0.48\",\"size\":\"6\",\"side\":\"BUY\",\"fee_rate_bps\":\"0\",\
         \"timestamp\":\"{at}\"}}"
    );
    assert_eq!(texts[0], print);
    assert!(texts[1].contains("\"bids\":[],\"asks\":[{\"price\":\"0.48\",\"size\":\"4\"}]"));
    assert!(texts[1].ends_with("\"tick_size\":\"0.01\",\"last_trade_price\":\"0.48\"}"));
    assert!(texts[2].contains("\"bids\":[{\"price\":\"0.52\",\"size\":\"4\"}],\"asks\":[]"));
    let hash = |token| {
        let hash = bench.exchange.book_hash(token, u64::try_from(at).expect("ms"));
        String::from_utf8(hash.to_vec()).expect("hex")
    };
    let change = format!(
        "{{\"market\":\"{market}\",\"price_changes\":[{{\"asset_id\":\"{yes_id}\",\
         \"price\":\"0.48\",\"size\":\"4\",\"side\":\"SELL\",\"hash\":\"{}\",\"best_bid\":\"0\",\
         \"best_ask\":\"0.48\"}},{{\"asset_id\":\"{no_id}\",\"price\":\"0.52\",\"size\":\"4\",\
         \"side\":\"BUY\",\"hash\":\"{}\",\"best_bid\":\"0.52\",\"best_ask\":\"1\"}}],\
         \"timestamp\":\"{at}\",\"event_type\":\"price_change\"}}",
        hash(yes(0)),
        hash(no(0)),
    );
    assert_eq!(texts[3..], [change]);
    let audiences: Vec<_> = frames.iter().map(|frame| frame.audience).collect();
    let market = Audience::Market(MarketIx(0));
    let (yes, no) = (Audience::Token(yes(0)), Audience::Token(no(0)));
    assert_eq!(audiences, [yes, yes, no, market]);
}

#[test]
fn new_tops_and_grids_are_told_to_both_tokens() {
    let (mut bench, ann, _) = Bench::simple();
    bench.place(buy(ann, yes(0), 4_800, 10)).expect("rests");
    let mut frames = MarketFrames::default();
    frames.push_instant(&bench.exchange, &bench.events);
    let custom: Vec<_> = frames.iter().filter(|frame| frame.is_custom).collect();
    assert!(
        custom[0].text.contains("\"best_bid\":\"0.48\",\"best_ask\":\"1\",\"spread\":\"0.52\"")
    );
    assert!(
        custom[1].text.contains("\"best_bid\":\"0\",\"best_ask\":\"0.52\",\"spread\":\"0.52\"")
    );
    bench.operate(Operation::SetTick(MarketIx(0), TickSize::FINEST));
    frames.clear();
    frames.push_instant(&bench.exchange, &bench.events);
    let kinds: Vec<_> = frames.iter().map(|frame| &frame.text[15..31]).collect();
    let (tick, book) = ("tick_size_change", "book\",\"market\":\"");
    assert_eq!(kinds, [tick, tick, book, book]);
    let said = "\"old_tick_size\":\"0.01\",\"new_tick_size\":\"0.0001\"";
    assert!(frames.iter().take(2).all(|frame| frame.text.contains(said)));
}

#[test]
fn the_hash_is_that_of_the_venues_recipe() {
    // SHA-1 of the compact text in the venue's key order, computed apart.
    let facts = BookFacts {
        market: b"0xc",
        asset_id: b"7",
        venue_ts_ms: 12,
        min_order_qty: Qty(5 * ONE),
        tick: TickSize::CENT,
        neg_risk: true,
        last_trade_price: b"0.5",
    };
    let bids = [(Fine(4_700), 1_500_000), (Fine(4_800), ONE)];
    let asks = [(Fine(5_000), 839_430_000)];
    let text = "{\"market\":\"0xc\",\"asset_id\":\"7\",\"timestamp\":\"12\",\"hash\":\"\",\
                \"bids\":[{\"price\":\"0.47\",\"size\":\"1.5\"},{\"price\":\"0.48\",\"size\":\"1\"}],\
                \"asks\":[{\"price\":\"0.5\",\"size\":\"839.43\"}],\"min_order_size\":\"5\",\
                \"tick_size\":\"0.01\",\"neg_risk\":true,\"last_trade_price\":\"0.5\"}";
    let digest = <sha1::Sha1 as sha1::Digest>::digest(text.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = book_hash(&facts, bids.into_iter(), asks.into_iter());
    assert_eq!(String::from_utf8(hash.to_vec()).expect("hex"), hex);
}
