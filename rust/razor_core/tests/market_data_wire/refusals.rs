//! Every refusal by its smallest frame.

use super::*;

// --- refusals ------------------------------------------------------------------------------------

/// A change with one entry, as fields.
pub(crate) fn one_change(entry: &str) -> String {
    format!(
        "{{\"event_type\":\"price_change\",\"market\":\"{CONDITION}\",\"timestamp\":\"{AT}\",\
         \"price_changes\":[{{\"asset_id\":\"{YES}\",{entry}}}]}}"
    )
}

pub(crate) fn one_book(bids: &str, more: &str) -> String {
    format!(
        "{{\"event_type\":\"book\",\"market\":\"{CONDITION}\",\"asset_id\":\"{YES}\",\"timestamp\":\"{AT}\",\
         \"bids\":[{bids}],\"asks\":[]{more}}}"
    )
}

pub(crate) fn typed(event: &str, more: &str) -> String {
    format!(
        "{{\"event_type\":\"{event}\",\"market\":\"{CONDITION}\",\"asset_id\":\"{YES}\",\
         \"timestamp\":\"{AT}\"{more}}}"
    )
}

/// A number for each refusal, without a wildcard: a new one must be given a frame below.
pub(crate) fn variant(refusal: &Refusal) -> u32 {
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
pub(crate) fn every_refusal_has_its_smallest_frame() {
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
