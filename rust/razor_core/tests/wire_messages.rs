//! Every message of the market channel and the REST book, and every way to be refused.
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

use razor_core::ids::{MarketIx, Registry, TokenIx};
use razor_core::units::{Price, Qty, TickSize, UnitError};
use razor_core::wire::{
    Fine, Frame, Kind, Limits, MAX_QTY, Message, Quoted, Refusal, Side, decode, decode_strict,
};

const CONDITION: &str = "0xa467b14d51f01b957109d9cbb1d6c124fab2a089d52ed8f471d23c2812e743b7";
const YES: &str = "32338220190071351435772801779725302244575775216413325951443816017994629993401";
const NO: &str = "25659999999999999999999999999999999999999999999999999999999999999999999991962";
const HASH: &str = "6bd013d5f211e2eaecf60fbf357b1f936422049f";

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.define(MarketIx(0), CONDITION, [YES, NO]).expect("define");
    registry
}

fn read(text: &str, kind: Kind) -> Result<Frame, Refusal> {
    let mut frame = Frame::default();
    let registry = registry();
    let both = decode(text.as_bytes(), kind, &registry, Limits::default(), &mut frame);
    let mut strict = Frame::default();
    let alone = decode_strict(text.as_bytes(), kind, &registry, Limits::default(), &mut strict);
    assert_eq!(both, alone, "{text}");
    assert_eq!(frame, strict, "{text}");
    both.map(|()| frame)
}

fn ws(text: &str) -> Result<Frame, Refusal> {
    read(text, Kind::Ws)
}

fn one(text: &str) -> Message {
    let frame = ws(text).expect("accepted");
    assert_eq!(frame.messages.len(), 1);
    frame.messages[0]
}

/// A spaced `book` with the given inside of bids and asks.
fn book(bids: &str, asks: &str) -> String {
    format!(
        r#"{{ "event_type" : "book", "market": "{CONDITION}", "asset_id": "{YES}", "timestamp": "1791258810641", "hash": "{HASH}", "bids": [{bids}], "asks": [{asks}] }}"#
    )
}

fn level(price: &str, size: &str) -> String {
    format!(r#"{{"price":"{price}","size":"{size}"}}"#)
}

fn change(fields: &str) -> String {
    format!(
        r#"{{"event_type":"price_change","market":"{CONDITION}","timestamp":"1791258811002","price_changes":[{{{fields}}}]}}"#
    )
}

fn plain_change(price: &str, size: &str) -> String {
    change(&format!(r#""asset_id":"{YES}","price":{price},"size":{size},"side":"BUY""#))
}

#[test]
fn a_book_keeps_levels_best_last_and_every_stated_fact() {
    let text = format!(
        r#"{{"market":"{CONDITION}","asset_id":"{YES}","timestamp":"1791258810641","hash":"{HASH}","bids":[{},{}],"asks":[{},{}],"min_order_size":"5","tick_size":"0.001","neg_risk":true,"last_trade_price":"0.990"}}"#,
        level("0.023", "104394.73"),
        level(".024", "7838.1"),
        level("0.026", "10335.22"),
        level("0.025", "3563.48"),
    );
    let frame = read(&text, Kind::Rest).expect("accepted");
    let Message::Book(book) = frame.messages[0] else { panic!("book") };
    assert_eq!((book.market.ix, book.token.ix), (Some(MarketIx(0)), Some(TokenIx(0))));
    assert_eq!(book.venue_ts_ms, 1_791_258_810_641);
    let bids: Vec<_> = frame.bids_of(&book).iter().map(|l| (l.price, l.qty)).collect();
    assert_eq!(bids, [(Fine(230), Qty(104_394_730_000)), (Fine(240), Qty(7_838_100_000))]);
    let asks: Vec<_> = frame.asks_of(&book).iter().map(|l| (l.price, l.qty)).collect();
    assert_eq!(asks, [(Fine(260), Qty(10_335_220_000)), (Fine(250), Qty(3_563_480_000))]);
    assert_eq!(book.tick, TickSize::from_micros(1_000).ok());
    assert_eq!(book.min_order_qty, Some(Qty(5_000_000)));
    assert_eq!(book.neg_risk, Some(true));
    assert_eq!(book.last_trade_price.map(|span| span.of(text.as_bytes())), Some(&b"0.990"[..]));
    assert_eq!(book.hash.map(|hash| hash.0.of(text.as_bytes())), Some(HASH.as_bytes()));
}

#[test]
fn a_rest_book_is_refused_on_the_stream_and_the_reverse_is_accepted() {
    let rest = format!(
        r#"{{"market":"{CONDITION}","asset_id":"{YES}","timestamp":"1791258810641","hash":"{HASH}","bids":[],"asks":[],"min_order_size":"5","tick_size":"0.001","neg_risk":true,"last_trade_price":""}}"#
    );
    assert_eq!(ws(&rest), Err(Refusal::MissingKey { key: "event_type" }));
    assert!(read(&rest, Kind::Rest).is_ok());
    assert!(read(&book("", ""), Kind::Rest).is_ok());
    assert!(matches!(
        read(&plain_change("\"0.5\"", "\"1\""), Kind::Rest),
        Err(Refusal::WrongType { key: "event_type" })
    ));
}

#[test]
fn an_array_carries_several_messages_in_order() {
    let text = format!("[{},{}]", book("", ""), plain_change("\"0.5\"", "\"1\""));
    let frame = ws(&text).expect("accepted");
    assert!(matches!(frame.messages[..], [Message::Book(_), Message::Change(_)]));
    assert_eq!(ws("[]").map(|frame| frame.messages.len()), Ok(0));
}

#[test]
fn a_change_carries_the_new_total_and_the_stated_best_prices() {
    let text = change(&format!(
        r#""asset_id":"{NO}","price":"0.976","size":"9000","side":"SELL","hash":"{HASH}","best_bid":"0","best_ask":"0.976""#
    ));
    let frame = ws(&text).expect("accepted");
    let Message::Change(message) = frame.messages[0] else { panic!("change") };
    let change = frame.changes_of(&message)[0];
    assert_eq!(change.token.ix, Some(TokenIx(1)));
    assert_eq!(
        (change.price, change.side, change.qty),
        (Fine(9_760), Side::Sell, Qty(9_000_000_000))
    );
    assert_eq!((change.best_bid, change.best_ask), (Quoted::Empty, Quoted::At(Fine(9_760))));
    let bare = ws(&plain_change("0.5", "7")).expect("exact JSON numbers are accepted");
    assert_eq!(bare.changes[0].qty, Qty(7_000_000));
    assert_eq!(bare.changes[0].best_bid, Quoted::Absent);
}

#[test]
fn a_trade_print_keeps_six_decimals_and_an_optional_hash() {
    let text = format!(
        r#"{{"event_type":"last_trade_price","market":"{CONDITION}","asset_id":"{YES}","price":"0.025","size":"219.217767","side":"BUY","fee_rate_bps":"","timestamp":"1791258811051"}}"#
    );
    let Message::Trade(trade) = one(&text) else { panic!("trade") };
    assert_eq!(trade.price, Price::from_micros(25_000).expect("price"));
    assert_eq!(trade.qty, Qty(219_217_767));
    assert_eq!(trade.transaction_hash, None);
}

#[test]
fn grid_changes_tops_listings_and_resolutions_are_read() {
    let head = format!(r#""market":"{CONDITION}","asset_id":"{YES}","timestamp":"1791258812000""#);
    let tick = one(&format!(
        r#"{{"event_type":"tick_size_change",{head},"old_tick_size":"0.01","new_tick_size":"0.0025"}}"#
    ));
    assert!(matches!(tick, Message::Tick(t) if t.new.micros() == 2_500));
    let top = one(&format!(
        r#"{{"event_type":"best_bid_ask",{head},"best_bid":"0.024","best_ask":"0.025","spread":"0.001"}}"#
    ));
    assert!(matches!(top, Message::Top(t) if t.best_bid == Quoted::At(Fine(240))));
    let listing = r#"{"event_type":"new_market","market":"0xother","question":"\"Up\" or \u00e9?","tags":[[]],"fee_schedule":{"rate":"0.07"}}"#;
    assert!(
        matches!(one(listing), Message::NewMarket(n) if n.object.of(listing.as_bytes()) == listing.as_bytes())
    );
    let resolved = one(&format!(
        r#"{{"event_type":"market_resolved","market":"{CONDITION}","winning_asset_id":"{NO}","assets_ids":["{YES}","{NO}"]}}"#
    ));
    assert!(
        matches!(resolved, Message::Resolved(r) if r.winner.and_then(|w| w.ix) == Some(TokenIx(1)))
    );
}

#[test]
fn plain_texts_and_unknown_types_are_not_errors() {
    assert_eq!(one("PONG"), Message::Pong);
    assert_eq!(one("NO NEW ASSETS\n"), Message::NoNewAssets);
    assert_eq!(one(r#"{"event_type":"shiny","price":"-1"}"#), Message::Unknown);
    assert_eq!(read("PONG", Kind::Rest), Err(Refusal::Syntax { at: 0 }));
}

#[test]
fn times_come_in_seconds_or_milliseconds_and_nothing_else() {
    let at = |stamp: &str| {
        ws(&plain_change("\"0.5\"", "\"1\"").replace("\"1791258811002\"", stamp)).map(|frame| {
            let Message::Change(change) = frame.messages[0] else { panic!("change") };
            change.venue_ts_ms
        })
    };
    assert_eq!(at("\"1791258811\""), Ok(1_791_258_811_000));
    assert_eq!(at("1791258811002"), Ok(1_791_258_811_002));
    for (text, value) in [("\"0\"", 0), ("\"17912588110\"", 17_912_588_110)] {
        assert_eq!(at(text), Err(Refusal::Timestamp { value }));
    }
    assert!(matches!(at("\"1791258811.5\""), Err(Refusal::Number { .. })));
}

#[test]
fn hostile_numbers_are_refused_by_name() {
    let number = |key, error| Err(Refusal::Number { key, error });
    for (price, size, refusal) in [
        ("\"1.1\"", "\"1\"", Err(Refusal::PriceRange { key: "price", fine: 11_000 })),
        ("\"0\"", "\"1\"", Err(Refusal::PriceRange { key: "price", fine: 0 })),
        ("\"1\"", "\"1\"", Err(Refusal::PriceRange { key: "price", fine: 10_000 })),
        ("\"-0.1\"", "\"1\"", number("price", UnitError::Negative)),
        ("-0.1", "\"1\"", number("price", UnitError::Negative)),
        ("\"NaN\"", "\"1\"", number("price", UnitError::NotDecimal)),
        ("\"5e-1\"", "\"1\"", number("price", UnitError::NotDecimal)),
        ("5e-1", "\"1\"", number("price", UnitError::NotDecimal)),
        ("\"\"", "\"1\"", number("price", UnitError::NotDecimal)),
        ("\"0.00005\"", "\"1\"", number("price", UnitError::TooFine { scale: 4 })),
        ("\"0.5\"", "\"0.0000001\"", number("size", UnitError::TooFine { scale: 6 })),
        ("\"0.5\"", "\"1000000000000000000000000000000\"", number("size", UnitError::Overflow)),
        ("\"0.5\"", "\"1000000000000.1\"", Err(Refusal::TooMuch { micros: MAX_QTY.0 + 100_000 })),
        ("\"0.5\"", "\"-1\"", number("size", UnitError::Negative)),
        ("true", "\"1\"", Err(Refusal::WrongType { key: "price" })),
        ("null", "\"1\"", Err(Refusal::MissingKey { key: "price" })),
        ("[]", "\"1\"", Err(Refusal::WrongType { key: "price" })),
    ] {
        assert_eq!(ws(&plain_change(price, size)).map(|_| ()), refusal, "{price} {size}");
    }
    assert!(ws(&plain_change("\"0.5\"", "\"1000000000000\"")).is_ok());
    assert!(ws(&plain_change("\"0.5000000\"", "\"0\"")).is_ok());
}

#[test]
fn hostile_json_is_refused_with_its_place() {
    let syntax = |text: &str| matches!(ws(text), Err(Refusal::Syntax { .. }));
    for text in [
        "",
        " ",
        "{",
        "[",
        "[{\"event_type\":\"x\"}",
        "{]",
        "nul",
        "\"x\"",
        "7",
        "[7]",
        "[[{}]]",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":tru}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\n\"}",
        "{\"event_type\":\"x\"} trailing",
        "{\"event_type\":\"x\"}{}",
        "PONG PONG",
    ] {
        assert!(syntax(text), "{text}");
    }
    let registry = registry();
    let mut frame = Frame::default();
    let bytes = b"{\"event_type\":\"\xff\"}";
    let refusal = decode(bytes, Kind::Ws, &registry, Limits::default(), &mut frame);
    assert_eq!(refusal, Err(Refusal::NotUtf8 { at: 15 }));
}

#[test]
fn keys_count_once_and_without_escapes() {
    let twice = plain_change("\"0.5\"", "\"1\"").replace("\"side\"", "\"price\":\"0.6\",\"side\"");
    assert!(matches!(ws(&twice), Err(Refusal::DuplicateKey { key: "price", .. })));
    let hidden =
        plain_change("\"0.5\"", "\"1\"").replace("\"side\"", "\"pr\\u0069ce\":\"0.6\",\"side\"");
    assert!(matches!(ws(&hidden), Err(Refusal::Escaped { .. })));
    let id = plain_change("\"0.5\"", "\"1\"").replace("\"3233", "\"\\u0033233");
    assert!(matches!(ws(&id), Err(Refusal::Escaped { .. })));
}

#[test]
fn missing_keys_are_named() {
    for key in ["market", "timestamp", "price_changes", "asset_id", "price", "size", "side"] {
        let text = plain_change("\"0.5\"", "\"1\"").replace(&format!("\"{key}\""), "\"gone\"");
        assert_eq!(ws(&text), Err(Refusal::MissingKey { key }), "{key}");
    }
    let empty = plain_change("1", "1");
    let start = empty.find("[{").expect("list");
    let empty = format!("{}[]}}", &empty[..start]);
    assert_eq!(ws(&empty), Err(Refusal::MissingKey { key: "price_changes" }));
    for key in ["bids", "asks", "asset_id", "timestamp", "market"] {
        let text = book("", "").replace(&format!("\"{key}\""), "\"gone\"");
        assert_eq!(ws(&text), Err(Refusal::MissingKey { key }), "{key}");
    }
}

#[test]
fn snapshot_levels_are_sorted_best_last_and_not_empty() {
    let pair = |a: &str, b: &str| format!("{},{}", level(a, "1"), level(b, "1"));
    assert!(ws(&book(&pair("0.1", "0.2"), &pair("0.9", "0.8"))).is_ok());
    for (bids, asks) in [
        (pair("0.2", "0.1"), String::new()),
        (pair("0.2", "0.20"), String::new()),
        (String::new(), pair("0.8", "0.9")),
    ] {
        assert_eq!(ws(&book(&bids, &asks)), Err(Refusal::Unsorted));
    }
    assert_eq!(ws(&book(&level("0.1", "0"), "")), Err(Refusal::EmptyLevel));
}

#[test]
fn frames_and_nesting_have_caps() {
    let registry = registry();
    let mut frame = Frame::default();
    let limits = Limits { frame_bytes: 100, depth: 16 };
    let long = vec![b' '; 101];
    assert_eq!(
        decode(&long, Kind::Ws, &registry, limits, &mut frame),
        Err(Refusal::TooLong { len: 101, cap: 100 })
    );
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(ws(&deep), Err(Refusal::TooDeep { cap: 16, .. })));
    let within = format!("{{\"event_type\":\"x\",\"x\":{}{}}}", "[".repeat(15), "]".repeat(15));
    assert!(ws(&within).is_ok());
    let beyond = format!("{{\"event_type\":\"x\",\"x\":{}{}}}", "[".repeat(16), "]".repeat(16));
    assert!(matches!(ws(&beyond), Err(Refusal::TooDeep { .. })));
}

#[test]
fn a_hash_of_another_form_is_kept_out_without_refusing_the_message() {
    let text = book("", "").replace(HASH, "0xnew-recipe");
    let Message::Book(book) = one(&text) else { panic!("book") };
    assert_eq!(book.hash, None);
}
