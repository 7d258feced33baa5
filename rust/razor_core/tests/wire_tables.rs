//! The wire by tables: texts of each field and what they are read as, on both decoders.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    reason = "a test stops loudly where the core must not"
)]

use razor_core::ids::{MarketIx, Registry, TokenIx};
use razor_core::units::Qty;
use razor_core::wire::{
    Fine, Frame, Kind, Limits, Message, Quoted, Refusal, Side, decode, decode_strict,
};

const CONDITION: &str = "0xa467b14d51f01b957109d9cbb1d6c124fab2a089d52ed8f471d23c2812e743b7";
const YES: &str = "32338220190071351435772801779725302244575775216413325951443816017994629993401";
const NO: &str = "25659999999999999999999999999999999999999999999999999999999999999999999991962";

/// Reads a frame on both decoders, which must agree.
fn read(text: &str, kind: Kind, limits: Limits) -> Result<Frame, Refusal> {
    let mut registry = Registry::default();
    registry.define(MarketIx(0), CONDITION, [YES, NO]).expect("define");
    let (mut mixed, mut strict) = (Frame::default(), Frame::default());
    let first = decode(text.as_bytes(), kind, &registry, limits, &mut mixed);
    let second = decode_strict(text.as_bytes(), kind, &registry, limits, &mut strict);
    assert_eq!(first, second, "{text}");
    assert_eq!(mixed, strict, "{text}");
    first.map(|()| mixed)
}

fn ws(text: &str) -> Result<Frame, Refusal> {
    read(text, Kind::Ws, Limits::default())
}

fn head(event: &str) -> String {
    format!("\"event_type\":\"{event}\",\"market\":\"{CONDITION}\"")
}

/// A change of one level with these raw values (quotes included).
fn change(price: &str, size: &str, side: &str, more: &str) -> String {
    format!(
        "{{{},\"timestamp\":\"1791258810641\",\"price_changes\":[{{\"asset_id\":\"{YES}\",\
         \"price\":{price},\"size\":{size},\"side\":{side}{more}}}]}}",
        head("price_change")
    )
}

fn one_change(text: &str) -> Result<razor_core::wire::Change, Refusal> {
    ws(text).map(|frame| frame.changes[0])
}

fn is_number(refusal: Option<Refusal>, wanted: &str) -> bool {
    matches!(refusal, Some(Refusal::Number { key, .. }) if key == wanted)
}

#[test]
fn a_level_price_is_a_decimal_strictly_between_zero_and_one() {
    for (text, fine) in [
        ("\"0.5\"", 5_000),
        ("\"0.50\"", 5_000),
        ("\"0.5000\"", 5_000),
        ("\"0.50000\"", 5_000),
        ("\"0.500000000\"", 5_000),
        ("\".5\"", 5_000),
        ("\"00.5\"", 5_000),
        ("0.5", 5_000),
        ("\"0.0001\"", 1),
        ("\"0.9999\"", 9_999),
        ("\"0.1234\"", 1_234),
        ("\"0.01\"", 100),
        ("\"0.001\"", 10),
    ] {
        let found = one_change(&change(text, "\"1\"", "\"BUY\"", "")).map(|c| c.price);
        assert_eq!(found, Ok(Fine(fine)), "{text}");
    }
    for text in ["\"0\"", "\"1\"", "\"1.0\"", "\"0.0000\"", "\"2\"", "\"1.0001\"", "0", "1"] {
        let found = one_change(&change(text, "\"1\"", "\"BUY\"", ""));
        assert!(
            matches!(found, Err(Refusal::PriceRange { key: "price", .. })),
            "{text}: {found:?}"
        );
    }
    for text in [
        "\"-0.5\"",
        "-0.5",
        "\"0.00001\"",
        "\"0.50001\"",
        "\"abc\"",
        "\"\"",
        "\" 0.5\"",
        "\"0.5 \"",
        "\"0,5\"",
        "\"0.5.5\"",
        "\"1e-1\"",
        "\"NaN\"",
        "\"+0.5\"",
        "\"0x1\"",
        "\"\u{661}\"",
    ] {
        let found = one_change(&change(text, "\"1\"", "\"BUY\"", "")).err();
        assert!(is_number(found, "price"), "{text}: {found:?}");
    }
    for text in ["true", "[]", "{}"] {
        let found = one_change(&change(text, "\"1\"", "\"BUY\"", "")).err();
        assert_eq!(found, Some(Refusal::WrongType { key: "price" }), "{text}");
    }
    let found = one_change(&change("null", "\"1\"", "\"BUY\"", "")).err();
    assert_eq!(found, Some(Refusal::MissingKey { key: "price" }));
}

#[test]
fn a_quantity_has_six_decimals_and_a_cap() {
    for (text, micros) in [
        ("\"0\"", 0),
        ("\"0.000000\"", 0),
        ("\"1\"", 1_000_000),
        ("\"1.5\"", 1_500_000),
        ("\"0.000001\"", 1),
        ("\"123456.789012\"", 123_456_789_012),
        ("\"9999999\"", 9_999_999_000_000),
        ("\"10000000\"", 10_000_000_000_000),
        ("\"007\"", 7_000_000),
        ("\"5.0000000000\"", 5_000_000),
        ("7.25", 7_250_000),
        ("\"1000000000000\"", 1_000_000_000_000_000_000),
    ] {
        let found = one_change(&change("\"0.5\"", text, "\"BUY\"", "")).map(|c| c.qty);
        assert_eq!(found, Ok(Qty(micros)), "{text}");
    }
    let found = one_change(&change("\"0.5\"", "\"1000000000000.000001\"", "\"BUY\"", "")).err();
    assert_eq!(found, Some(Refusal::TooMuch { micros: 1_000_000_000_000_000_001 }));
    for text in
        ["\"-1\"", "\"1.0000001\"", "\"1e3\"", "\"\"", "\"inf\"", "\"99999999999999999999\""]
    {
        let found = one_change(&change("\"0.5\"", text, "\"BUY\"", "")).err();
        assert!(is_number(found, "size"), "{text}: {found:?}");
    }
}

#[test]
fn a_side_is_one_of_two_words() {
    for (text, side) in [("\"BUY\"", Ok(Side::Buy)), ("\"SELL\"", Ok(Side::Sell))] {
        assert_eq!(one_change(&change("\"0.5\"", "\"1\"", text, "")).map(|c| c.side), side);
    }
    for text in ["\"buy\"", "\"Buy\"", "\"\"", "\"BUY \"", "\"BID\"", "\"SELLER\""] {
        let found = one_change(&change("\"0.5\"", "\"1\"", text, "")).err();
        assert_eq!(found, Some(Refusal::Side), "{text}");
    }
    for (text, want) in [
        ("null", Refusal::MissingKey { key: "side" }),
        ("1", Refusal::WrongType { key: "side" }),
        ("true", Refusal::WrongType { key: "side" }),
    ] {
        assert_eq!(one_change(&change("\"0.5\"", "\"1\"", text, "")).err(), Some(want));
    }
}

#[test]
fn a_stated_best_price_is_absent_empty_or_a_price() {
    for (text, want) in [
        ("", Quoted::Absent),
        (",\"best_bid\":null", Quoted::Absent),
        (",\"best_bid\":\"\"", Quoted::Absent),
        (",\"best_bid\":\"0\"", Quoted::Empty),
        (",\"best_bid\":\"0.00\"", Quoted::Empty),
        (",\"best_bid\":\"1\"", Quoted::Empty),
        (",\"best_bid\":\"1.000\"", Quoted::Empty),
        (",\"best_bid\":0", Quoted::Empty),
        (",\"best_bid\":\"0.4\"", Quoted::At(Fine(4_000))),
        (",\"best_bid\":0.4", Quoted::At(Fine(4_000))),
        (",\"best_bid\":\"0.0001\"", Quoted::At(Fine(1))),
    ] {
        for key in ["best_bid", "best_ask"] {
            let more = text.replace("best_bid", key);
            let found = one_change(&change("\"0.5\"", "\"1\"", "\"BUY\"", &more)).expect(&more);
            let stated = if key == "best_bid" { found.best_bid } else { found.best_ask };
            assert_eq!(stated, want, "{more}");
        }
    }
    for text in [",\"best_ask\":\"x\"", ",\"best_ask\":\"-0.1\"", ",\"best_ask\":\"0.12345\""] {
        let found = one_change(&change("\"0.5\"", "\"1\"", "\"BUY\"", text)).err();
        assert!(is_number(found, "best_ask"), "{text}: {found:?}");
    }
    let found = one_change(&change("\"0.5\"", "\"1\"", "\"BUY\"", ",\"best_ask\":\"1.2\"")).err();
    assert!(matches!(found, Some(Refusal::PriceRange { key: "best_ask", .. })), "{found:?}");
}

#[test]
fn a_time_is_in_seconds_or_milliseconds_of_this_century() {
    let top = |time: &str| {
        format!("{{{},\"asset_id\":\"{YES}\",\"timestamp\":{time}}}", head("best_bid_ask"))
    };
    for (text, ms) in [
        ("\"1791258810641\"", 1_791_258_810_641),
        ("1791258810641", 1_791_258_810_641),
        ("\"1791258810\"", 1_791_258_810_000),
        ("\"1000000000\"", 1_000_000_000_000),
        ("\"9999999999\"", 9_999_999_999_000),
        ("\"1000000000000\"", 1_000_000_000_000),
        ("\"9999999999999\"", 9_999_999_999_999),
    ] {
        let frame = ws(&top(text)).expect(text);
        let Message::Top(message) = frame.messages[0] else { panic!("{text}") };
        assert_eq!(message.venue_ts_ms, ms, "{text}");
    }
    for value in [0_u64, 999_999_999, 10_000_000_000, 999_999_999_999, 10_000_000_000_000] {
        let found = ws(&top(&format!("\"{value}\""))).err();
        assert_eq!(found, Some(Refusal::Timestamp { value }), "{value}");
    }
    for text in ["\"-1791258810641\"", "\"1791258810641.5\"", "\"\"", "\"now\"", "\"1e12\""] {
        let found = ws(&top(text)).err();
        assert!(is_number(found, "timestamp"), "{text}: {found:?}");
    }
}

#[test]
fn each_message_type_needs_its_keys() {
    let token = format!("\"asset_id\":\"{YES}\"");
    let (time, price) = ("\"timestamp\":\"1791258810641\"", "\"price\":\"0.5\"");
    let (size, side) = ("\"size\":\"1\"", "\"side\":\"BUY\"");
    let (old, new) = ("\"old_tick_size\":\"0.01\"", "\"new_tick_size\":\"0.001\"");
    let rows: [(&str, Vec<&str>); 6] = [
        ("book", vec![&token, time, "\"bids\":[]", "\"asks\":[]"]),
        ("last_trade_price", vec![&token, time, price, size, side]),
        ("tick_size_change", vec![&token, time, old, new]),
        ("best_bid_ask", vec![&token, time]),
        ("new_market", vec![]),
        ("market_resolved", vec![]),
    ];
    for (event, keys) in rows {
        let text = |keys: &[&str]| format!("{{{}}}", [&[&*head(event)], keys].concat().join(","));
        assert!(ws(&text(&keys)).is_ok(), "{event}");
        for at in 0..keys.len() {
            let name = keys[at].split('"').nth(1).expect("key");
            let mut without = keys.clone();
            without.remove(at);
            let found = ws(&text(&without)).err();
            let Some(Refusal::MissingKey { key }) = found else {
                panic!("{event} {name} {found:?}")
            };
            assert_eq!(key, name, "{event}");
            let mut twice = keys.clone();
            twice.push(keys[at]);
            let found = ws(&text(&twice)).err();
            let repeated = matches!(found, Some(Refusal::DuplicateKey { key, .. }) if key == name);
            assert!(repeated, "{event} {name}: {found:?}");
        }
        let found = ws(&format!("{{\"event_type\":\"{event}\"}}")).err();
        assert_eq!(found, Some(Refusal::MissingKey { key: "market" }), "{event}");
    }
}

#[test]
fn keys_in_any_order_with_strangers_between_them_are_the_same_message() {
    let members = [
        head("last_trade_price"),
        format!("\"asset_id\":\"{NO}\""),
        "\"timestamp\":\"1791258810641\"".to_owned(),
        "\"price\":\"0.456\"".to_owned(),
        "\"size\":\"219.217767\"".to_owned(),
        "\"side\":\"SELL\"".to_owned(),
        "\"fee_rate_bps\":\"0\"".to_owned(),
        "\"x\":{\"deep\":[1,{\"price\":\"9\"},null]}".to_owned(),
        "\"PRICE\":\"0.9\"".to_owned(),
    ];
    for turn in 0..members.len() {
        let mut turned = members.clone();
        turned.rotate_left(turn);
        for separator in [",", ", ", " ,\n\t"] {
            let frame = ws(&format!("{{{}}}", turned.join(separator))).expect("accepted");
            let Message::Trade(trade) = frame.messages[0] else { panic!("no trade") };
            assert_eq!((trade.market.ix, trade.token.ix), (Some(MarketIx(0)), Some(TokenIx(1))));
            assert_eq!((trade.price.micros(), trade.qty.0), (456_000, 219_217_767));
            assert_eq!((trade.side, trade.venue_ts_ms), (Side::Sell, 1_791_258_810_641));
        }
    }
}

#[test]
fn ladders_are_strictly_sorted_best_last_and_have_no_empty_level() {
    let book = |bids: &[(&str, &str)], asks: &[(&str, &str)]| {
        let side = |levels: &[(&str, &str)]| {
            let cell = |(price, size): &(&str, &str)| {
                format!("{{\"price\":\"{price}\",\"size\":\"{size}\"}}")
            };
            levels.iter().map(cell).collect::<Vec<_>>().join(",")
        };
        let token = format!("\"asset_id\":\"{YES}\",\"timestamp\":\"1791258810641\"");
        format!("{{{},{token},\"bids\":[{}],\"asks\":[{}]}}", head("book"), side(bids), side(asks))
    };
    let (a, b, c) = (("0.1", "1"), ("0.2", "2"), ("0.3", "3"));
    for (bids, asks, want) in [
        (&[][..], &[][..], None),
        (&[a], &[a], None),
        (&[a, b, c], &[c, b, a], None),
        (&[b, a], &[], Some(Refusal::Unsorted)),
        (&[a, a], &[], Some(Refusal::Unsorted)),
        (&[a, c, b], &[], Some(Refusal::Unsorted)),
        (&[], &[a, b], Some(Refusal::Unsorted)),
        (&[], &[b, b], Some(Refusal::Unsorted)),
        (&[("0.1", "0")], &[], Some(Refusal::EmptyLevel)),
        (&[], &[("0.1", "0.000000")], Some(Refusal::EmptyLevel)),
        (&[b, ("0.1", "0")], &[], Some(Refusal::EmptyLevel)),
        (&[("0.10", "1"), ("0.1000", "1")], &[], Some(Refusal::Unsorted)),
    ] {
        assert_eq!(ws(&book(bids, asks)).err(), want, "{bids:?} {asks:?}");
    }
}

#[test]
fn frames_have_a_length_and_a_depth() {
    let text = change("\"0.5\"", "\"1\"", "\"BUY\"", "");
    let len = text.len();
    for (frame_bytes, fits) in [(len, true), (len + 1, true), (len - 1, false), (0, false)] {
        let limits = Limits { frame_bytes, ..Limits::default() };
        let want = if fits { None } else { Some(Refusal::TooLong { len, cap: frame_bytes }) };
        assert_eq!(read(&text, Kind::Ws, limits).err(), want, "{frame_bytes}");
    }
    // Object, array, object: three levels; the fourth is nested in a key nobody reads.
    for (depth, fits) in [(2, false), (3, true), (4, true), (16, true)] {
        let limits = Limits { depth, ..Limits::default() };
        let found = read(&text, Kind::Ws, limits).err();
        assert_eq!(found.is_none(), fits, "{depth}: {found:?}");
        if let Some(refusal) = found {
            assert!(matches!(refusal, Refusal::TooDeep { cap, .. } if cap == depth), "{refusal:?}");
        }
    }
}

#[test]
fn plain_texts_are_words_of_the_stream_only() {
    for (text, want) in [
        ("PONG", Some(Message::Pong)),
        (" PONG\n", Some(Message::Pong)),
        ("NO NEW ASSETS", Some(Message::NoNewAssets)),
        ("pong", None),
        ("PONG PONG", None),
        ("\"PONG\"", None),
        ("PING", None),
        ("", None),
        ("NO NEW", None),
    ] {
        let found = ws(text);
        match want {
            Some(message) => assert_eq!(found.expect(text).messages, [message], "{text:?}"),
            None => assert!(matches!(found, Err(Refusal::Syntax { .. })), "{text:?}"),
        }
        assert!(read(text, Kind::Rest, Limits::default()).is_err(), "{text:?} by REST");
    }
}

#[test]
fn refusals_name_the_key_and_the_remedy() {
    for (text, words) in [
        (change("\"x\"", "\"1\"", "\"BUY\"", ""), "price"),
        (change("\"0.5\"", "\"x\"", "\"BUY\"", ""), "size"),
        (change("\"0.5\"", "\"1\"", "\"x\"", ""), "neither BUY nor SELL; resnapshot"),
        (change("\"1.5\"", "\"1\"", "\"BUY\"", ""), "strictly between 0 and 1, resnapshot"),
        ("{".to_owned(), "not JSON at byte 1; keep the raw bytes"),
        ("{}".to_owned(), "key event_type is missing; resnapshot"),
    ] {
        let refusal = ws(&text).expect_err(&text).to_string();
        assert!(refusal.contains(words), "{refusal}");
    }
}
