//! The decoder as a table: every message in every spelling, every refusal by its smallest frame.
//!
//! Frames are generated from what they must mean, spelled in one of many ways and read back on
//! both paths. A refusal that no frame of the table reaches fails the table.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::unwrap_used,
    reason = "a test stops loudly where the core must not"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use razor_core::ids::{MarketIx, Registry, TokenIx};
use razor_core::units::{TickSize, UnitError};
use razor_core::wire::{
    Frame, Kind, Level, Limits, MAX_QTY, Message, Named, Quoted, Refusal, Span, decode,
    decode_predicted, decode_strict,
};
use razor_sim::rng::Rng;

const CONDITION: &str = "0xa467b14d51f01b957109d9cbb1d6c124fab2a089d52ed8f471d23c2812e743b7";
const YES: &str = "32338220190071351435772801779725302244575775216413325951443816017994629993401";
const NO: &str = "25659999999999999999999999999999999999999999999999999999999999999999999991962";
const HASH: &str = "6bd013d5f211e2eaecf60fbf357b1f936422049f";
const AT: i64 = 1_791_258_810_641;

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.define(MarketIx(0), CONDITION, [YES, NO]).expect("define");
    registry
}

/// Reads on both paths, which must agree.
fn read_with(bytes: &[u8], kind: Kind, limits: Limits) -> Result<Frame, Refusal> {
    let (mut frame, mut strict, registry) = (Frame::default(), Frame::default(), registry());
    let either = decode(bytes, kind, &registry, limits, &mut frame);
    let alone = decode_strict(bytes, kind, &registry, limits, &mut strict);
    assert_eq!((either, &frame), (alone, &strict), "{}", String::from_utf8_lossy(bytes));
    if either.is_err() {
        assert_eq!(frame, Frame::default(), "nothing of a refused frame is given out");
    }
    either.map(|()| frame)
}

fn read(text: &str, kind: Kind) -> Result<Frame, Refusal> {
    read_with(text.as_bytes(), kind, Limits::default())
}

// --- what a message means, as text ---------------------------------------------------------------

fn named<I: std::fmt::Debug>(name: Named<I>, bytes: &[u8]) -> String {
    format!("{:?}={}", name.ix, String::from_utf8_lossy(name.text.of(bytes)))
}

fn levels(levels: &[Level]) -> String {
    levels.iter().map(|level| format!("{}x{} ", level.price.0, level.qty.0)).collect()
}

fn quoted(quoted: Quoted) -> String {
    match quoted {
        Quoted::Absent => "-".to_owned(),
        Quoted::Empty => "none".to_owned(),
        Quoted::At(price) => price.0.to_string(),
    }
}

/// Everything a frame says, without the places at which it says it.
fn shown(frame: &Frame, bytes: &[u8]) -> String {
    let text = |span: Option<Span>| {
        span.map_or("-".to_owned(), |span| String::from_utf8_lossy(span.of(bytes)).into_owned())
    };
    let mut out = String::new();
    for message in &frame.messages {
        match message {
            Message::Book(book) => {
                let _ = writeln!(
                    out,
                    "book {} {} at {} hash {} bids {}asks {}tick {:?} min {:?} neg {:?} last {}",
                    named(book.market, bytes),
                    named(book.token, bytes),
                    book.venue_ts_ms,
                    text(book.hash.map(|hash| hash.0)),
                    levels(frame.bids_of(book)),
                    levels(frame.asks_of(book)),
                    book.tick.map(TickSize::micros),
                    book.min_order_qty.map(|qty| qty.0),
                    book.neg_risk,
                    text(book.last_trade_price),
                );
            }
            Message::Change(change) => {
                let _ = writeln!(
                    out,
                    "change {} at {}",
                    named(change.market, bytes),
                    change.venue_ts_ms
                );
                for change in frame.changes_of(change) {
                    let _ = writeln!(
                        out,
                        "  {} {} {:?} {} hash {} bid {} ask {}",
                        named(change.token, bytes),
                        change.price.0,
                        change.side,
                        change.qty.0,
                        text(change.hash.map(|hash| hash.0)),
                        quoted(change.best_bid),
                        quoted(change.best_ask),
                    );
                }
            }
            Message::Trade(trade) => {
                let _ = writeln!(
                    out,
                    "trade {} {} at {} {} {} {:?} tx {}",
                    named(trade.market, bytes),
                    named(trade.token, bytes),
                    trade.venue_ts_ms,
                    trade.price.micros(),
                    trade.qty.0,
                    trade.side,
                    text(trade.transaction_hash),
                );
            }
            Message::Tick(tick) => {
                let _ = writeln!(
                    out,
                    "tick {} {} at {} {} to {}",
                    named(tick.market, bytes),
                    named(tick.token, bytes),
                    tick.venue_ts_ms,
                    tick.old.micros(),
                    tick.new.micros(),
                );
            }
            Message::Top(top) => {
                let _ = writeln!(
                    out,
                    "top {} {} at {} {} {}",
                    named(top.market, bytes),
                    named(top.token, bytes),
                    top.venue_ts_ms,
                    quoted(top.best_bid),
                    quoted(top.best_ask),
                );
            }
            Message::NewMarket(new) => {
                let _ = writeln!(out, "new {}", named(new.market, bytes));
            }
            Message::Resolved(resolved) => {
                let winner = resolved.winner.map_or("-".to_owned(), |winner| named(winner, bytes));
                let _ = writeln!(out, "resolved {} {winner}", named(resolved.market, bytes));
            }
            Message::Unknown => out.push_str("unknown\n"),
            Message::Pong => out.push_str("pong\n"),
            Message::NoNewAssets => out.push_str("no new assets\n"),
        }
    }
    out
}

// --- spelling ------------------------------------------------------------------------------------

/// A JSON value whose spelling is not decided yet.
#[derive(Debug, Clone)]
enum Json {
    Text(String),
    /// A number that the venue writes quoted or not.
    Number(String),
    Raw(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// How to write: blanks around signs, order of keys, quotes around numbers.
#[derive(Debug, Clone, Copy)]
struct Spelling {
    blank: &'static str,
    order: usize,
    quotes: bool,
    more_keys: bool,
}

impl Json {
    fn write(&self, how: Spelling, out: &mut String) {
        match self {
            Self::Text(text) => {
                let _ = write!(out, "\"{text}\"");
            }
            Self::Number(text) if how.quotes || text.is_empty() => {
                let _ = write!(out, "\"{text}\"");
            }
            Self::Number(text) | Self::Raw(text) => out.push_str(text),
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    out.push_str(how.blank);
                    value.write(how, out);
                }
                out.push_str(how.blank);
                out.push(']');
            }
            Self::Object(fields) => {
                let mut fields = fields.clone();
                if how.more_keys {
                    let more = "{\"price\":[1,{\"x\":null}],\"s\":\"\\u00e9\\\"\"}";
                    fields.insert(fields.len() / 2, ("later_key", Self::Raw(more.into())));
                }
                let len = fields.len();
                if how.order % 2 == 1 {
                    fields.reverse();
                }
                fields.rotate_left(how.order / 2 % len.max(1));
                out.push('{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    let _ = write!(out, "{0}\"{key}\"{0}:{0}", how.blank);
                    value.write(how, out);
                }
                out.push_str(how.blank);
                out.push('}');
            }
        }
    }

    fn spelled(&self, how: Spelling) -> String {
        let mut out = String::new();
        self.write(how, &mut out);
        out
    }
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

fn number(text: impl ToString) -> Json {
    Json::Number(text.to_string())
}

/// A random message of one type: how it is spelled and what it means.
fn message(rng: &mut Rng, kind: usize) -> (Json, String) {
    let token = [YES, NO][rng.index(2)];
    let ix = if token == YES { TokenIx(0) } else { TokenIx(1) };
    let head = |event: &str| {
        vec![
            ("event_type", text(event)),
            ("market", text(CONDITION)),
            ("asset_id", text(token)),
            ("timestamp", number(AT)),
        ]
    };
    let market_shown = format!("Some(MarketIx(0))={CONDITION}");
    let token_shown = format!("Some({ix:?})={token}");
    let both = format!("{market_shown} {token_shown} at {AT}");
    match kind {
        0 => book(rng, head("book"), &both),
        1 => changes(rng, &market_shown),
        2 => {
            let (micros, qty) = (1 + rng.below(1_000_000), rng.below_wide(MAX_QTY.0));
            let mut fields = head("last_trade_price");
            fields.push(("price", number(decimal(u64::from(micros)))));
            fields.push(("size", number(decimal(qty))));
            fields.push(("side", text("SELL")));
            fields.push(("fee_rate_bps", text("")));
            fields.push(("transaction_hash", text("0xfeed")));
            (Json::Object(fields), format!("trade {both} {micros} {qty} Sell tx 0xfeed\n"))
        }
        3 => {
            let mut fields = head("tick_size_change");
            fields.push(("old_tick_size", number("0.01")));
            fields.push(("new_tick_size", number("0.0025")));
            (Json::Object(fields), format!("tick {both} 10000 to 2500\n"))
        }
        4 => {
            let (bid, bid_shown) = stated(rng);
            let (ask, ask_shown) = stated(rng);
            let mut fields = head("best_bid_ask");
            fields.extend([("best_bid", bid), ("best_ask", ask), ("spread", number("0.04"))]);
            (Json::Object(fields), format!("top {both} {bid_shown} {ask_shown}\n"))
        }
        5 => (Json::Object(head("new_market")), format!("new {market_shown}\n")),
        6 => {
            let mut fields = head("market_resolved");
            fields.push(("winning_asset_id", text(token)));
            (Json::Object(fields), format!("resolved {market_shown} {token_shown}\n"))
        }
        _ => (Json::Object(head("some_later_type")), "unknown\n".to_owned()),
    }
}

const TYPES: usize = 8;

/// A best price: nothing said, an empty side in two spellings, or a price.
fn stated(rng: &mut Rng) -> (Json, String) {
    let fine = 1 + rng.below(9_999);
    match rng.below(5) {
        0 => (Json::Raw("null".into()), "-".into()),
        1 => (text(""), "-".into()),
        2 => (number("0"), "none".into()),
        3 => (number("1"), "none".into()),
        _ => (number(format!("0.{fine:04}")), fine.to_string()),
    }
}

/// Micro-units as a decimal without useless zeros.
fn decimal(micros: u64) -> String {
    let full = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    full.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A side of a book, best last, and what it means.
fn side(rng: &mut Rng, rising: bool) -> (Json, String) {
    let prices: BTreeSet<u32> = (0..rng.below(6)).map(|_| 1 + rng.below(9_999)).collect();
    let mut prices: Vec<u32> = prices.into_iter().collect();
    if !rising {
        prices.reverse();
    }
    let (mut list, mut shown) = (Vec::new(), String::new());
    for price in prices {
        let most = if rng.chance(10) { MAX_QTY.0 } else { 9_999_999_999_999 };
        let qty = 1 + rng.below_wide(most);
        let fields =
            vec![("price", number(format!("0.{price:04}"))), ("size", number(decimal(qty)))];
        list.push(Json::Object(fields));
        let _ = write!(shown, "{price}x{qty} ");
    }
    (Json::List(list), shown)
}

fn book(rng: &mut Rng, mut fields: Vec<(&'static str, Json)>, both: &str) -> (Json, String) {
    let (bids, bids_shown) = side(rng, true);
    let (asks, asks_shown) = side(rng, false);
    fields.extend([("hash", text(HASH)), ("bids", bids), ("asks", asks)]);
    let mut tail = "tick None min None neg None last -".to_owned();
    if rng.chance(50) {
        fields.extend([
            ("tick_size", number("0.001")),
            ("min_order_size", number("15")),
            ("neg_risk", Json::Raw("true".into())),
            ("last_trade_price", text("0.990")),
        ]);
        tail = "tick Some(1000) min Some(15000000) neg Some(true) last 0.990".to_owned();
    }
    let shown = format!("book {both} hash {HASH} bids {bids_shown}asks {asks_shown}{tail}\n");
    (Json::Object(fields), shown)
}

fn changes(rng: &mut Rng, market_shown: &str) -> (Json, String) {
    let mut shown = format!("change {market_shown} at {AT}\n");
    let mut list = Vec::new();
    for _ in 0..=rng.below(4) {
        let (ix, token) = [(TokenIx(0), YES), (TokenIx(1), NO)][rng.index(2)];
        let (fine, qty) = (1 + rng.below(9_999), rng.below_wide(10_000_000_000));
        let (word, side) = [("BUY", "Buy"), ("SELL", "Sell")][rng.index(2)];
        let (bid, bid_shown) = stated(rng);
        let (ask, ask_shown) = stated(rng);
        list.push(Json::Object(vec![
            ("asset_id", text(token)),
            ("price", number(format!("0.{fine:04}"))),
            ("size", number(decimal(qty))),
            ("side", text(word)),
            ("hash", text(HASH)),
            ("best_bid", bid),
            ("best_ask", ask),
        ]));
        let _ = writeln!(
            shown,
            "  Some({ix:?})={token} {fine} {side} {qty} hash {HASH} bid {bid_shown} ask {ask_shown}"
        );
    }
    let fields = vec![
        ("market", text(CONDITION)),
        ("price_changes", Json::List(list)),
        ("timestamp", number(AT)),
        ("event_type", text("price_change")),
    ];
    (Json::Object(fields), shown)
}

const BLANKS: [&str; 4] = ["", " ", "\n  ", "\t\r\n "];

#[test]
fn every_message_type_means_the_same_in_every_spelling() {
    let mut rng = Rng::new(1);
    let mut frames = 0;
    for kind in 0..TYPES {
        for round in 0..12 {
            let (json, expected) = message(&mut rng, kind);
            for blank in BLANKS {
                for order in 0..(if round == 0 { 40 } else { 6 }) {
                    for (quotes, more_keys) in [(true, false), (false, false), (true, true)] {
                        let text = json.spelled(Spelling { blank, order, quotes, more_keys });
                        let frame = read(&text, Kind::Ws).unwrap_or_else(|e| panic!("{e} {text}"));
                        assert_eq!(shown(&frame, text.as_bytes()), expected, "{text}");
                        frames += 1;
                    }
                }
            }
        }
    }
    assert!(frames > 10_000, "{frames}");
}

#[test]
fn several_messages_in_one_array_mean_what_each_means_alone() {
    let mut rng = Rng::new(2);
    for round in 0..3_000 {
        let how = Spelling {
            blank: BLANKS[rng.index(BLANKS.len())],
            order: rng.index(40),
            quotes: rng.chance(50),
            more_keys: rng.chance(20),
        };
        let kinds: Vec<usize> = (0..rng.below(6)).map(|_| rng.index(TYPES)).collect();
        let messages: Vec<(Json, String)> =
            kinds.into_iter().map(|kind| message(&mut rng, kind)).collect();
        let list = Json::List(messages.iter().map(|(json, _)| json.clone()).collect());
        let expected: String = messages.iter().map(|(_, shown)| shown.as_str()).collect();
        let text = list.spelled(how);
        let frame = read(&text, Kind::Ws).unwrap_or_else(|e| panic!("{e} {text}"));
        assert_eq!(shown(&frame, text.as_bytes()), expected, "{round}");
    }
}

#[test]
fn a_rest_book_needs_no_type_and_rest_takes_nothing_else() {
    let mut rng = Rng::new(3);
    for _ in 0..200 {
        let (Json::Object(mut fields), expected) = message(&mut rng, 0) else { panic!("book") };
        let how = Spelling { blank: " ", order: rng.index(20), quotes: true, more_keys: false };
        let with_type = Json::Object(fields.clone()).spelled(how);
        fields.retain(|(key, _)| *key != "event_type");
        let without = Json::Object(fields).spelled(how);
        for text in [&with_type, &without, &format!("[{with_type},{without}]")] {
            let frame = read(text, Kind::Rest).unwrap_or_else(|e| panic!("{e} {text}"));
            let shown = shown(&frame, text.as_bytes());
            assert_eq!(shown.lines().next(), expected.lines().next());
        }
        assert_eq!(read(&without, Kind::Ws), Err(Refusal::MissingKey { key: "event_type" }));
    }
    for kind in 1..TYPES {
        let (json, _) = message(&mut rng, kind);
        let text = json.spelled(Spelling { blank: "", order: 0, quotes: true, more_keys: false });
        assert_eq!(read(&text, Kind::Rest), Err(Refusal::WrongType { key: "event_type" }));
    }
    for word in ["PONG", "NO NEW ASSETS"] {
        assert_eq!(read(word, Kind::Rest), Err(Refusal::Syntax { at: 0 }), "{word}");
        let padded = format!(" {word}\n");
        assert_eq!(read(&padded, Kind::Ws).expect("a word").messages.len(), 1);
    }
}

#[test]
fn the_layouts_the_venue_sends_are_read_by_prediction() {
    let level =
        |blank: &str| format!("{{\"price\":{blank}\"0.48\",{blank}\"size\":{blank}\"30\"}}");
    for blank in ["", " "] {
        let key = |name: &str| format!(",{blank}\"{name}\":{blank}");
        let hash = format!("{}\"{HASH}\"", key("hash"));
        let at = format!("{}\"{AT}\"", key("timestamp"));
        let levels = level(blank);
        let change = format!(
            "{{\"market\":{blank}\"{CONDITION}\"{}[{{\"asset_id\":{blank}\"{YES}\"{}\"0.48\"{}\"0\"{}\"BUY\"\
             {hash}{}\"0.47\"{}\"1\"}}]{at}{}\"price_change\"}}",
            key("price_changes"),
            key("price"),
            key("size"),
            key("side"),
            key("best_bid"),
            key("best_ask"),
            key("event_type"),
        );
        let book = format!(
            "{{\"market\":{blank}\"{CONDITION}\"{}\"{NO}\"{at}{hash}{}[{levels}]{}[]{}\"0.01\"{}\"book\"{}\"0.5\"}}",
            key("asset_id"),
            key("bids"),
            key("asks"),
            key("tick_size"),
            key("event_type"),
            key("last_trade_price"),
        );
        for text in [&change, &book] {
            let mut frame = Frame::default();
            // The prediction knows the tight head of both spacings.
            let text = text
                .replacen("\"market\": ", "\"market\":", 1)
                .replace("\"asset_id\": ", "\"asset_id\":");
            let text = text.replace("\": ", "\":");
            assert!(read(&text, Kind::Ws).is_ok(), "{text}");
            assert!(decode_predicted(text.as_bytes(), Kind::Ws, &registry(), &mut frame), "{text}");
        }
    }
}

// --- refusals ------------------------------------------------------------------------------------

/// A change with one entry, as fields.
fn one_change(entry: &str) -> String {
    format!(
        "{{\"event_type\":\"price_change\",\"market\":\"{CONDITION}\",\"timestamp\":\"{AT}\",\
         \"price_changes\":[{{\"asset_id\":\"{YES}\",{entry}}}]}}"
    )
}

fn one_book(bids: &str, more: &str) -> String {
    format!(
        "{{\"event_type\":\"book\",\"market\":\"{CONDITION}\",\"asset_id\":\"{YES}\",\"timestamp\":\"{AT}\",\
         \"bids\":[{bids}],\"asks\":[]{more}}}"
    )
}

fn typed(event: &str, more: &str) -> String {
    format!(
        "{{\"event_type\":\"{event}\",\"market\":\"{CONDITION}\",\"asset_id\":\"{YES}\",\
         \"timestamp\":\"{AT}\"{more}}}"
    )
}

/// A number for each refusal, without a wildcard: a new one must be given a frame below.
fn variant(refusal: &Refusal) -> u32 {
    match refusal {
        Refusal::TooLong { .. } => 0,
        Refusal::NotUtf8 { .. } => 1,
        Refusal::Syntax { .. } => 2,
        Refusal::TooDeep { .. } => 3,
        Refusal::Escaped { .. } => 4,
        Refusal::DuplicateKey { .. } => 5,
        Refusal::MissingKey { .. } => 6,
        Refusal::WrongType { .. } => 7,
        Refusal::Number { .. } => 8,
        Refusal::PriceRange { .. } => 9,
        Refusal::TooMuch { .. } => 10,
        Refusal::EmptyLevel => 11,
        Refusal::Unsorted => 12,
        Refusal::Side => 13,
        Refusal::Timestamp { .. } => 14,
        // These two need a book and a connection: market_data_books.rs.
        Refusal::OffGrid { .. } => 15,
        Refusal::OldEpoch { .. } => 16,
    }
}

#[test]
fn every_refusal_has_its_smallest_frame() {
    let bad = |key, error| Refusal::Number { key, error };
    let missing = |key| Refusal::MissingKey { key };
    let wrong = |key| Refusal::WrongType { key };
    let entry = |price: &str, size: &str| {
        one_change(&format!("\"price\":{price},\"size\":{size},\"side\":\"BUY\""))
    };
    let bid =
        |price: &str, size: &str| one_book(&format!("{{\"price\":{price},\"size\":{size}}}"), "");
    let trade = |more: &str| typed("last_trade_price", more);
    let fine = UnitError::TooFine { scale: 4 };
    let cases: Vec<(&str, String, Refusal)> = vec![
        ("nothing", String::new(), Refusal::Syntax { at: 0 }),
        ("a bare word", "PING".into(), Refusal::Syntax { at: 0 }),
        ("an open object", "{".into(), Refusal::Syntax { at: 1 }),
        ("two objects", "{\"event_type\":\"x\"}{}".into(), Refusal::Syntax { at: 18 }),
        ("a number in the array", "[1]".into(), Refusal::Syntax { at: 1 }),
        ("a byte order mark", "\u{feff}{}".into(), Refusal::Syntax { at: 0 }),
        ("a comma too many", "[{\"event_type\":\"x\"},]".into(), Refusal::Syntax { at: 20 }),
        ("an escape in a key", "{\"\\u0061\":1}".into(), Refusal::Escaped { at: 1 }),
        (
            "an escape in the type",
            "{\"event_type\":\"b\\u006fok\"}".into(),
            Refusal::Escaped { at: 15 },
        ),
        (
            "a key twice",
            "{\"side\":1,\"side\":1}".into(),
            Refusal::DuplicateKey { key: "side", at: 10 },
        ),
        (
            "null and again",
            "{\"hash\":null,\"hash\":1}".into(),
            Refusal::DuplicateKey { key: "hash", at: 13 },
        ),
        ("no type", "{}".into(), missing("event_type")),
        ("a type of null", "{\"event_type\":null}".into(), missing("event_type")),
        ("a type that is a number", "{\"event_type\":1}".into(), wrong("event_type")),
        ("a book of nobody", "{\"event_type\":\"book\"}".into(), missing("market")),
        (
            "a market that is a list",
            "{\"event_type\":\"book\",\"market\":[]}".into(),
            wrong("market"),
        ),
        ("no changes", typed("price_change", ",\"price_changes\":[]"), missing("price_changes")),
        (
            "changes of null",
            typed("price_change", ",\"price_changes\":null"),
            missing("price_changes"),
        ),
        (
            "changes as an object",
            typed("price_change", ",\"price_changes\":{}"),
            wrong("price_changes"),
        ),
        ("a change that is a list", typed("price_change", ",\"price_changes\":[[]]"), {
            let text = typed("price_change", ",\"price_changes\":[[]]");
            Refusal::Syntax { at: text.find("[[").expect("list") + 1 }
        }),
        ("no side", one_change("\"price\":\"0.5\",\"size\":\"1\""), missing("side")),
        (
            "a side in small letters",
            one_change("\"price\":\"0.5\",\"size\":\"1\",\"side\":\"buy\""),
            Refusal::Side,
        ),
        (
            "a side of nothing",
            one_change("\"price\":\"0.5\",\"size\":\"1\",\"side\":\"\""),
            Refusal::Side,
        ),
        (
            "a side that is a number",
            one_change("\"price\":\"0.5\",\"size\":\"1\",\"side\":1"),
            wrong("side"),
        ),
        ("a price of 0", entry("\"0\"", "1"), Refusal::PriceRange { key: "price", fine: 0 }),
        ("a price of 1", entry("1", "1"), Refusal::PriceRange { key: "price", fine: 10_000 }),
        (
            "a price of 70,000",
            entry("70000", "1"),
            Refusal::PriceRange { key: "price", fine: 700_000_000 },
        ),
        ("a price in exponent form", entry("1e-1", "1"), bad("price", UnitError::NotDecimal)),
        ("a price below 0", entry("-0.5", "1"), bad("price", UnitError::Negative)),
        ("a price too fine", entry("0.00001", "1"), bad("price", fine)),
        (
            "a price beyond 64 bits",
            entry("99999999999999999999", "1"),
            bad("price", UnitError::Overflow),
        ),
        ("a price that is true", entry("true", "1"), wrong("price")),
        ("a size below 0", entry("0.5", "-1"), bad("size", UnitError::Negative)),
        (
            "a size above the cap",
            entry("0.5", "\"1000000000000.000001\""),
            Refusal::TooMuch { micros: MAX_QTY.0 + 1 },
        ),
        ("a size of NaN", entry("0.5", "\"NaN\""), bad("size", UnitError::NotDecimal)),
        (
            "a stated bid above 1",
            one_change("\"price\":\"0.5\",\"size\":\"1\",\"side\":\"BUY\",\"best_bid\":\"1.5\""),
            Refusal::PriceRange { key: "best_bid", fine: 15_000 },
        ),
        (
            "a stated ask that is a list",
            one_change("\"price\":\"0.5\",\"size\":\"1\",\"side\":\"BUY\",\"best_ask\":[]"),
            wrong("best_ask"),
        ),
        (
            "a hash that is a number",
            one_change("\"price\":\"0.5\",\"size\":\"1\",\"side\":\"BUY\",\"hash\":5"),
            wrong("hash"),
        ),
        (
            "an escape in a hash",
            one_change("\"price\":\"0.5\",\"size\":\"1\",\"side\":\"BUY\",\"hash\":\"\\n\""),
            {
                let text = one_change(
                    "\"price\":\"0.5\",\"size\":\"1\",\"side\":\"BUY\",\"hash\":\"\\n\"",
                );
                Refusal::Escaped { at: text.find("\\n").expect("escape") }
            },
        ),
        ("a level of nothing", bid("\"0.5\"", "\"0\""), Refusal::EmptyLevel),
        ("a level without a price", one_book("{\"size\":\"1\"}", ""), missing("price")),
        (
            "a level price of 1",
            bid("\"1.0\"", "\"1\""),
            Refusal::PriceRange { key: "price", fine: 10_000 },
        ),
        (
            "levels best first",
            one_book("{\"price\":\"0.5\",\"size\":\"1\"},{\"price\":\"0.4\",\"size\":\"1\"}", ""),
            Refusal::Unsorted,
        ),
        (
            "a level twice",
            one_book("{\"price\":\"0.5\",\"size\":\"1\"},{\"price\":\"0.50\",\"size\":\"1\"}", ""),
            Refusal::Unsorted,
        ),
        (
            "bids that are null",
            one_book("", "").replace("\"bids\":[]", "\"bids\":null"),
            missing("bids"),
        ),
        (
            "a tick of nobody",
            one_book("", ",\"tick_size\":\"0.02\""),
            bad("tick_size", UnitError::UnknownTick { micros: 20_000 }),
        ),
        (
            "a minimum below 0",
            one_book("", ",\"min_order_size\":\"-5\""),
            bad("min_order_size", UnitError::Negative),
        ),
        ("a flag in words", one_book("", ",\"neg_risk\":\"true\""), wrong("neg_risk")),
        (
            "a last price that is a number",
            one_book("", ",\"last_trade_price\":0.5"),
            wrong("last_trade_price"),
        ),
        (
            "a time of 0",
            one_book("", "").replace(&AT.to_string(), "0"),
            Refusal::Timestamp { value: 0 },
        ),
        (
            "a time in microseconds",
            one_book("", "").replace(&AT.to_string(), "1791258810641000"),
            Refusal::Timestamp { value: 1_791_258_810_641_000 },
        ),
        (
            "a time in words",
            one_book("", "").replace(&AT.to_string(), "soon"),
            bad("timestamp", UnitError::NotDecimal),
        ),
        (
            "a time with a fraction",
            one_book("", "").replace(&AT.to_string(), "1791258810.5"),
            bad("timestamp", UnitError::TooFine { scale: 0 }),
        ),
        ("a print without a price", trade(",\"size\":\"1\",\"side\":\"BUY\""), missing("price")),
        (
            "a print above 1",
            trade(",\"price\":\"1.000001\",\"size\":\"1\",\"side\":\"BUY\""),
            Refusal::PriceRange { key: "price", fine: 10_000 },
        ),
        (
            "a print of nothing",
            trade(",\"price\":\"0\",\"size\":\"1\",\"side\":\"BUY\""),
            Refusal::PriceRange { key: "price", fine: 0 },
        ),
        (
            "a grid change without the old",
            typed("tick_size_change", ",\"new_tick_size\":\"0.01\""),
            missing("old_tick_size"),
        ),
        (
            "a grid change to nowhere",
            typed(
                "tick_size_change",
                ",\"old_tick_size\":\"0.01\",\"new_tick_size\":\"5000000000\"",
            ),
            bad("new_tick_size", UnitError::UnknownTick { micros: u32::MAX }),
        ),
        (
            "a winner that is a list",
            typed("market_resolved", ",\"winning_asset_id\":[]"),
            wrong("winning_asset_id"),
        ),
        ("a listing of nobody", "{\"event_type\":\"new_market\"}".into(), missing("market")),
    ];
    let mut met = BTreeSet::new();
    for (what, frame, refusal) in &cases {
        assert_eq!(read(frame, Kind::Ws).map(|_| ()), Err(*refusal), "{what}: {frame}");
        // The same frame inside an array of good ones is refused whole.
        let among = format!("[{},{frame}]", typed("later", ""));
        if !frame.is_empty() {
            assert!(read(&among, Kind::Ws).is_err(), "{what}");
        }
        met.insert(variant(refusal));
        let shown = refusal.to_string();
        assert!(shown.len() < 140 && !shown.ends_with('.'), "one sentence: {shown}");
    }
    let limits = Limits { frame_bytes: 5, depth: 3 };
    for (bytes, refusal) in [
        (&b"[    ]"[..], Refusal::TooLong { len: 6, cap: 5 }),
        (b"\xc3", Refusal::NotUtf8 { at: 0 }),
        (b"[{\xff}]", Refusal::NotUtf8 { at: 2 }),
    ] {
        assert_eq!(read_with(bytes, Kind::Ws, limits), Err(refusal));
        met.insert(variant(&refusal));
    }
    let deep = Limits { frame_bytes: 1_000, depth: 1 };
    let refusal = Refusal::TooDeep { cap: 1, at: 5 };
    assert_eq!(read_with(b"{\"a\":[]}", Kind::Ws, deep), Err(refusal));
    met.insert(variant(&refusal));
    assert_eq!(met.into_iter().collect::<Vec<_>>(), (0..15).collect::<Vec<_>>());
}

#[test]
fn limits_hold_on_both_sides() {
    for len in [10, 17, 400] {
        let pad = format!("{{\"event_type\":\"x\"}}{}", " ".repeat(len));
        let total = pad.len();
        let at = |cap: usize| {
            read_with(pad.as_bytes(), Kind::Ws, Limits { frame_bytes: cap, depth: 16 }).map(|_| ())
        };
        assert_eq!(at(total), Ok(()));
        assert_eq!(at(total - 1), Err(Refusal::TooLong { len: total, cap: total - 1 }));
    }
    let beyond = Limits { frame_bytes: usize::MAX, depth: 16 };
    assert!(read_with(b"PONG", Kind::Ws, beyond).is_ok(), "no cap is no reason to fail");
    // A book nests four deep: array, message, level array, level.
    let book = format!("[{}]", one_book("{\"price\":\"0.5\",\"size\":\"1\"}", ""));
    for (depth, good) in [(3, false), (4, true), (5, true), (0, false)] {
        let limits = Limits { depth, ..Limits::default() };
        assert_eq!(read_with(book.as_bytes(), Kind::Ws, limits).is_ok(), good, "{depth}");
    }
    for depth in 1..40_u32 {
        let inner = depth as usize - 1;
        let nested = |more: usize| {
            let n = inner + more;
            format!("{{\"event_type\":\"x\",\"x\":{}{}}}", "[".repeat(n), "]".repeat(n))
        };
        let limits = Limits { depth, ..Limits::default() };
        if inner > 0 {
            assert!(read_with(nested(0).as_bytes(), Kind::Ws, limits).is_ok(), "{depth}");
        }
        let refused = read_with(nested(1).as_bytes(), Kind::Ws, limits);
        assert!(matches!(refused, Err(Refusal::TooDeep { cap, .. }) if cap == depth), "{depth}");
    }
}

#[test]
fn every_cut_of_a_frame_is_refused() {
    let mut rng = Rng::new(5);
    for kind in 0..TYPES {
        let (json, _) = message(&mut rng, kind);
        let text = json.spelled(Spelling { blank: "", order: 0, quotes: true, more_keys: true });
        for cut in 0..text.len() {
            let Some(part) = text.get(..cut) else { continue };
            assert!(read(part, Kind::Ws).is_err(), "{part}");
        }
    }
}

#[test]
fn one_changed_byte_never_makes_the_two_paths_differ() {
    let mut rng = Rng::new(6);
    let bytes = b"\"{}[],:0123456789.eE+-tfn \\\n\x00\x7f\x80\xff";
    for _ in 0..20_000 {
        let kind = rng.index(3);
        let (json, _) = message(&mut rng, kind);
        let how =
            Spelling { blank: ["", " "][rng.index(2)], order: 0, quotes: true, more_keys: false };
        let mut frame = json.spelled(how).into_bytes();
        let at = rng.index(frame.len());
        frame[at] = bytes[rng.index(bytes.len())];
        // Agreement is asserted inside.
        let _ = read_with(&frame, Kind::Ws, Limits::default());
    }
}

#[test]
fn texts_of_unregistered_markets_are_kept_as_they_came() {
    let text = typed("best_bid_ask", ",\"best_bid\":\"\",\"best_ask\":\"0.5\"")
        .replace(CONDITION, "0xé")
        .replace(YES, "77");
    let frame = read(&text, Kind::Ws).expect("accepted");
    assert_eq!(shown(&frame, text.as_bytes()), format!("top None=0xé None=77 at {AT} - 5000\n"));
}

#[test]
fn times_are_whole_seconds_or_milliseconds_of_this_era() {
    for (written, ms) in [
        ("1000000000", Some(1_000_000_000_000)),
        ("9999999999", Some(9_999_999_999_000)),
        ("1000000000000", Some(1_000_000_000_000)),
        ("9999999999999", Some(9_999_999_999_999)),
        ("999999999", None),
        ("10000000000", None),
        ("999999999999", None),
        ("10000000000000", None),
        ("1791258810641.0", Some(1_791_258_810_641)),
    ] {
        for text in
            [one_book("", ""), one_book("", "").replace(&format!("\"{AT}\""), &AT.to_string())]
        {
            let text = text.replace(&AT.to_string(), written);
            let found = read(&text, Kind::Ws).ok().map(|frame| match frame.messages[0] {
                Message::Book(book) => book.venue_ts_ms,
                _ => panic!("book"),
            });
            assert_eq!(found, ms, "{written}");
        }
    }
}

#[test]
fn published_samples_read_as_documented_or_are_refused_for_their_order() {
    let root = std::env::var_os("RAZOR_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = root.join("venue-message-samples");
    if !folder.is_dir() {
        eprintln!("skipped: no message samples here; set RAZOR_SHARED_DATA to the recordings");
        return;
    }
    let token = "71321045679252212594626385532706912750332728571942532289631379312455583992563";
    let market = "0xdd22472e552920b8438158ea7238bfadfa4f736aa4cee91a6b86c39ead110917";
    let both = format!("None={market} None={token}");
    let cases: [(&str, Kind, Result<String, Refusal>); 12] = [
        ("ws_market_best_bid_ask_msg", Kind::Ws, Ok("top None=0x0005c0d312de0be897668695bae9f32b624b4a1ae8b140c49f08447fcc74f442 None=85354956062430465315924116860125388538595433819574542752031640332592237464430 at 1766789469958 7300 7700\n".into())),
        // Written best first; the venue sends best last, and a book in doubt is not guessed at.
        ("ws_market_book_msg", Kind::Ws, Err(Refusal::Unsorted)),
        ("clob_book_response", Kind::Rest, Err(Refusal::Unsorted)),
        ("ws_book_snapshot", Kind::Rest, Ok(format!("book {both} at 1703875200000 hash - bids 4800x500000000 4900x350000000 5000x200000000 asks 5300x400000000 5200x250000000 5100x150000000 tick None min None neg None last -\n"))),
        ("ws_book_snapshot", Kind::Ws, Err(Refusal::MissingKey { key: "event_type" })),
        ("ws_market_last_trade_msg", Kind::Ws, Ok(format!("trade {both} at 1703875202000 510000 25000000 Buy tx -\n"))),
        ("ws_market_price_change_msg", Kind::Ws, Ok(format!("change None={market} at 1703875201000\n  None={token} 5100 Buy 150000000 hash - bid 5100 ask 5200\n"))),
        ("ws_market_tick_size_msg", Kind::Ws, Ok(format!("tick {both} at 1703875210000 100000 to 10000\n"))),
        ("ws_market_new_market_msg", Kind::Ws, Ok("new None=0x311d0c4b6671ab54af4970c06fcf58662516f5168997bdda209ec3db5aa6b0c1\n".into())),
        ("ws_market_resolved_msg", Kind::Ws, Ok("resolved None=0x311d0c4b6671ab54af4970c06fcf58662516f5168997bdda209ec3db5aa6b0c1 None=76043073756653678226373981964075571318267289248134717369284518995922789326425\n".into())),
        ("ws_user_order_msg", Kind::Ws, Ok("unknown\n".into())),
        ("ws_user_trade_msg", Kind::Ws, Ok("unknown\n".into())),
    ];
    for (name, kind, expected) in cases {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("sample");
        let found = read(&text, kind).map(|frame| shown(&frame, text.as_bytes()));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_frame_is_reused_without_a_trace_of_the_one_before() {
    let mut rng = Rng::new(7);
    let registry = registry();
    let mut used = Frame::default();
    for round in 0..2_000 {
        let kind = rng.index(TYPES);
        let (json, _) = message(&mut rng, kind);
        let mut text =
            json.spelled(Spelling { blank: "", order: round, quotes: true, more_keys: false });
        if rng.chance(30) {
            text.truncate(text.len() / 2);
        }
        let mut fresh = Frame::default();
        let again = decode(text.as_bytes(), Kind::Ws, &registry, Limits::default(), &mut used);
        assert_eq!(
            again,
            decode(text.as_bytes(), Kind::Ws, &registry, Limits::default(), &mut fresh)
        );
        assert_eq!(used, fresh);
    }
}
