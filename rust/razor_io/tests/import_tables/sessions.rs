//! F1: session directories. Cycles, epochs, clocks, shapes, markets, fees.

use razor_io::capture::FeesMeta;
use razor_io::import::Format;

use crate::kit::{Bench, gzip};

const MARKET: &str = r#"{"slug":"s","title":"T","condition_id":"0xc","outcomes":[{"token_id":"1","outcome":"Up"},{"token_id":"2","outcome":"Down"}],"end_ts":9,"tick_size":0.01,"min_order_size":5.0,"fee_parameters":null}"#;
const CLOB: &str = "polymarket_clob";

/// One envelope: source, wall ms, fine ns (`None` = absent), sequence, payload.
type Envelope<'a> = (&'a str, i64, Option<i64>, u64, &'a str);

fn envelope(&(source, ms, fine, seq, payload): &Envelope<'_>) -> String {
    let payload = serde_json::to_string(payload).unwrap();
    let fine = fine.map_or("null".to_owned(), |ns| ns.to_string());
    format!(
        "{{\"run_id\":\"r\",\"source\":\"{source}\",\"recv_wall_ts\":{ms},\
         \"recv_mono_ns\":{fine},\"ingest_seq\":{seq},\"payload\":{payload}}}\n"
    )
}

fn session(messages: &[Envelope<'_>]) -> Bench {
    let text: String = messages.iter().map(envelope).collect();
    Bench::with(&[("markets.jsonl", MARKET), ("raw_messages.jsonl", &text)])
}

#[test]
fn each_shape_of_a_venue_message_has_its_kind_and_connection() {
    for (payload, want, unknown) in [
        ("[]", "ws 1000000 market-0 0 []", 0),
        ("  [1]", "ws 1000000 market-0 0   [1]", 0),
        ("{\"event_type\":\"book\"}", "ws 1000000 market-0 0 {\"event_type\":\"book\"}", 0),
        (
            "{\"event_type\":\"book\",\"bids\":[]}",
            "ws 1000000 market-0 0 {\"event_type\":\"book\",\"bids\":[]}",
            0,
        ),
        ("{\"bids\":[]}", "rest 1000000 rest-0 0 {\"bids\":[]}", 0),
        ("{\"asks\":[],\"bids\":[1]}", "rest 1000000 rest-0 0 {\"asks\":[],\"bids\":[1]}", 0),
        ("{\"asks\":[]}", "ws 1000000 market-0 0 {\"asks\":[]}", 1),
        ("{}", "ws 1000000 market-0 0 {}", 1),
        ("PONG", "ws 1000000 market-0 0 PONG", 1),
        ("", "ws 1000000 market-0 0 ", 1),
        ("{\"bids\":", "ws 1000000 market-0 0 {\"bids\":", 1),
        ("\u{e9}\u{1f600}", "ws 1000000 market-0 0 \u{e9}\u{1f600}", 1),
    ] {
        let made = session(&[(CLOB, 1, Some(1_000_000), 1, payload)]).import(Format::F1);
        assert_eq!(made.data(), [want], "{payload}");
        assert_eq!(made.defect("unknown_shapes"), unknown, "{payload}");
    }
}

#[test]
fn every_other_source_is_a_reference_of_its_own_connection() {
    for source in ["binance", "kalshi", "polymarket_gamma", "POLYMARKET_CLOB", "a.b:c-d_9"] {
        let made = session(&[(source, 1, None, 1, "{\"bids\":[]}")]).import(Format::F1);
        assert_eq!(made.data(), [format!("ref 1000000 ref-{source} 0 {{\"bids\":[]}}")]);
    }
}

#[test]
fn a_source_that_can_be_no_connection_is_refused_with_its_line() {
    for source in ["a b", "a/b", "\u{e9}", &"n".repeat(61)] {
        let good: Envelope<'_> = ("binance", 1, None, 1, "x");
        let refusal = session(&[good, good, (source, 1, None, 1, "x")]).refusal(Format::F1);
        assert!(refusal.contains("raw_messages.jsonl, line 3: source"), "{refusal}");
    }
    let longest = "n".repeat(60);
    assert_eq!(session(&[(&longest, 1, None, 1, "x")]).import(Format::F1).data().len(), 1);
}

/// Sequences of envelopes (sequence, wall ms) and the lines that they become.
type Cycle = (&'static [(u64, i64)], &'static [&'static str]);

const CYCLES: &[Cycle] = &[
    (&[(0, 1), (1, 2)], &["ws 1000000 market-0 0 x", "ws 2000000 market-0 0 x"]),
    (&[(999_999, 1)], &["ws 1000000 market-0 0 x"]),
    (
        &[(999_999, 1), (1_000_000, 2)],
        &[
            "ws 1000000 market-0 0 x",
            "gap 2000000 market-0 1 {\"from_ns\":1000000,\"to_ns\":2000000,\"cause\":\"reconnect\",\"lost\":null}",
            "ws 2000000 market-0 1 x",
        ],
    ),
    // A jump over several cycles is one gap and one epoch.
    (
        &[(1, 1), (9_000_000, 5)],
        &[
            "ws 1000000 market-0 0 x",
            "gap 5000000 market-0 1 {\"from_ns\":1000000,\"to_ns\":5000000,\"cause\":\"reconnect\",\"lost\":null}",
            "ws 5000000 market-0 1 x",
        ],
    ),
    // A cycle that comes back is another connection all the same.
    (
        &[(1, 1), (1_000_001, 2), (2, 3)],
        &[
            "ws 1000000 market-0 0 x",
            "gap 2000000 market-0 1 {\"from_ns\":1000000,\"to_ns\":2000000,\"cause\":\"reconnect\",\"lost\":null}",
            "ws 2000000 market-0 1 x",
            "gap 3000000 market-0 2 {\"from_ns\":2000000,\"to_ns\":3000000,\"cause\":\"reconnect\",\"lost\":null}",
            "ws 3000000 market-0 2 x",
        ],
    ),
    // The gap begins at the latest time seen, not at the last one.
    (
        &[(1, 9), (2, 4), (1_000_000, 12)],
        &[
            "ws 9000000 market-0 0 x",
            "ws 4000000 market-0 0 x",
            "gap 12000000 market-0 1 {\"from_ns\":9000000,\"to_ns\":12000000,\"cause\":\"reconnect\",\"lost\":null}",
            "ws 12000000 market-0 1 x",
        ],
    ),
    // A clock that goes back over the cycle leaves a gap of no length, not one that ends before it
    // begins.
    (
        &[(1, 9), (1_000_000, 4), (2_000_000, 6)],
        &[
            "ws 9000000 market-0 0 x",
            "gap 9000000 market-0 1 {\"from_ns\":9000000,\"to_ns\":9000000,\"cause\":\"reconnect\",\"lost\":null}",
            "ws 4000000 market-0 1 x",
            "gap 9000000 market-0 2 {\"from_ns\":9000000,\"to_ns\":9000000,\"cause\":\"reconnect\",\"lost\":null}",
            "ws 6000000 market-0 2 x",
        ],
    ),
    // The order of lines is kept, whatever the times and numbers say.
    (
        &[(5, 3), (4, 2), (3, 1)],
        &["ws 3000000 market-0 0 x", "ws 2000000 market-0 0 x", "ws 1000000 market-0 0 x"],
    ),
];

#[test]
fn cycles_become_epochs_and_what_lies_between_them_gaps() {
    for (messages, want) in CYCLES {
        let messages: Vec<Envelope<'_>> =
            messages.iter().map(|(seq, ms)| (CLOB, *ms, None, *seq, "x")).collect();
        let made = session(&messages).import(Format::F1);
        assert_eq!(made.data(), *want, "{messages:?}");
        let gaps = want.iter().filter(|line| line.starts_with("gap")).count();
        assert_eq!(made.manifest.gaps.len(), gaps);
    }
}

#[test]
fn repeated_numbers_are_counted_and_kept() {
    for (seqs, want) in [
        (&[1_u64, 2, 3][..], 0),
        (&[1, 1], 1),
        (&[1, 1, 1], 2),
        (&[1, 2, 1], 0),
        (&[1, 1, 2, 2, 1], 2),
    ] {
        let messages: Vec<Envelope<'_>> =
            seqs.iter().map(|seq| (CLOB, 1, None, *seq, "x")).collect();
        let made = session(&messages).import(Format::F1);
        assert_eq!(made.defect("ingest_seq_repeats"), want, "{seqs:?}");
        assert_eq!(made.data().len(), seqs.len());
    }
}

#[test]
fn the_fine_clock_counts_where_it_is_within_five_seconds_of_the_coarse_one() {
    let wall = 100_000_000_000_i64;
    for (fine, want, disagreements) in [
        (None, wall, 1),
        (Some(wall), wall, 0),
        (Some(wall + 1), wall + 1, 0),
        (Some(wall + 5_000_000_000), wall + 5_000_000_000, 0),
        (Some(wall + 5_000_000_001), wall, 1),
        (Some(wall - 5_000_000_000), wall - 5_000_000_000, 0),
        (Some(wall - 5_000_000_001), wall, 1),
        (Some(0), wall, 1),
        (Some(i64::MAX), wall, 1),
        (Some(i64::MIN), wall, 1),
    ] {
        let made = session(&[(CLOB, 100_000, fine, 1, "x")]).import(Format::F1);
        assert_eq!(made.data(), [format!("ws {want} market-0 0 x")], "{fine:?}");
        assert_eq!(made.defect("clock_disagreements"), disagreements, "{fine:?}");
    }
}

#[test]
fn definitions_come_first_at_the_time_of_the_first_message() {
    let made = session(&[(CLOB, 7, None, 1, "x")]).import(Format::F1);
    assert!(
        made.lines[0].starts_with("meta 7000000 meta 0 {\"markets\":[{\"condition_id\":\"0xc\"")
    );
    let made = session(&[]).import(Format::F1);
    assert_eq!(made.lines.len(), 1);
    assert!(made.lines[0].starts_with("meta 0 meta 0 "), "a session without messages");
    assert_eq!(made.sets(), ["0xc binary merge 1 2"]);
}

#[test]
fn fee_parameters_are_taken_as_stated_and_never_made_up() {
    for (text, want) in [
        ("null", FeesMeta::Unknown),
        ("{}", FeesMeta::Unknown),
        ("{\"fees_enabled\":null}", FeesMeta::Unknown),
        ("{\"fees_enabled\":true}", FeesMeta::Unknown),
        ("{\"fees_enabled\":false}", FeesMeta::FREE),
        (
            "{\"fees_enabled\":false,\"raw_fee_config\":{\"rate\":0.1,\"exponent\":2}}",
            FeesMeta::FREE,
        ),
        (
            "{\"raw_fee_config\":{\"rate\":0.25,\"exponent\":2}}",
            FeesMeta::Taker { rate: "0.25".to_owned(), exponent: 2 },
        ),
        (
            "{\"fees_enabled\":true,\"raw_fee_config\":{\"rate\":0.07,\"exponent\":1}}",
            FeesMeta::Taker { rate: "0.07".to_owned(), exponent: 1 },
        ),
        (
            "{\"fees_enabled\":true,\"raw_fee_config\":{\"rate\":0,\"exponent\":0}}",
            FeesMeta::Taker { rate: "0".to_owned(), exponent: 0 },
        ),
    ] {
        let market =
            MARKET.replace("\"fee_parameters\":null", &format!("\"fee_parameters\":{text}"));
        let bench = Bench::with(&[("markets.jsonl", &market), ("raw_messages.jsonl", "")]);
        let made = bench.import(Format::F1);
        assert_eq!(made.manifest.markets[0].fees, want, "{text}");
    }
}

#[test]
fn numbers_of_a_market_keep_the_decimal_that_was_written() {
    for (tick, size, want) in [
        ("0.01", "5.0", ("0.01", "5")),
        ("0.001", "5", ("0.001", "5")),
        ("0.0001", "0.1", ("0.0001", "0.1")),
        ("1e-3", "15.5", ("0.001", "15.5")),
        ("0.10", "1e2", ("0.1", "100")),
        ("0.0025", "0.000001", ("0.0025", "0.000001")),
    ] {
        let market = MARKET
            .replace("\"tick_size\":0.01", &format!("\"tick_size\":{tick}"))
            .replace("\"min_order_size\":5.0", &format!("\"min_order_size\":{size}"));
        let bench = Bench::with(&[("markets.jsonl", &market), ("raw_messages.jsonl", "")]);
        let made = bench.import(Format::F1);
        let meta = &made.manifest.markets[0];
        assert_eq!((meta.tick_size.as_str(), meta.min_order_size.as_str()), want);
    }
}

#[test]
fn a_market_has_a_label_words_and_a_set_of_its_own() {
    let second = MARKET
        .replace("\"T\"", "\"\"")
        .replace("0xc", "0xd")
        .replace("\"1\"", "\"3\"")
        .replace("\"2\"", "\"4\"");
    let markets = format!("{MARKET}\n{second}\n");
    let bench = Bench::with(&[("markets.jsonl", &markets), ("raw_messages.jsonl", "")]);
    let made = bench.import(Format::F1);
    assert_eq!(made.sets(), ["0xc binary merge 1 2", "0xd binary merge 3 4"]);
    let labels: Vec<&str> = made.manifest.markets.iter().map(|market| &*market.label).collect();
    assert_eq!(labels, ["T", "s"], "the slug where there is no title");
    assert_eq!(made.manifest.markets[1].outcomes, ["Up", "Down"]);
    assert_eq!(made.manifest.flags, ["no_trades", "polled_in_cycles"]);
    assert_eq!(made.manifest.source.format, "f1");
}

#[test]
fn refusals_name_file_line_and_part() {
    let good = envelope(&(CLOB, 1, None, 1, "x"));
    let one = MARKET.replace(",{\"token_id\":\"2\",\"outcome\":\"Down\"}", "");
    let three = MARKET.replace("\"Down\"}", "\"Down\"},{\"token_id\":\"3\",\"outcome\":\"Draw\"}");
    for (markets, messages, want) in [
        ("{}", "", "markets.jsonl, line 1: the market"),
        ("x", "", "markets.jsonl, line 1: the market"),
        (&format!("{MARKET}\n\n"), "", "markets.jsonl, line 2: the market"),
        (&one, "", "markets.jsonl, line 1: outcomes (two are needed)"),
        (&format!("{MARKET}\n{three}"), "", "markets.jsonl, line 2: outcomes (two are needed)"),
        (MARKET, "x\n", "raw_messages.jsonl, line 1: the envelope"),
        (MARKET, &format!("{good}\n"), "raw_messages.jsonl, line 2: the envelope"),
        (MARKET, &good.replace("\"x\"", "5"), "raw_messages.jsonl, line 1: the envelope"),
        (MARKET, &good.replace(":1,", ":\"1\","), "raw_messages.jsonl, line 1: the envelope"),
        (
            MARKET,
            &format!(
                "{good}{}",
                good.replace("\"recv_wall_ts\":1", "\"recv_wall_ts\":9223372036855")
            ),
            "raw_messages.jsonl, line 2: recv_wall_ts",
        ),
    ] {
        let bench = Bench::with(&[("markets.jsonl", markets), ("raw_messages.jsonl", messages)]);
        let refusal = bench.refusal(Format::F1);
        assert!(refusal.contains(want), "{refusal}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let refusal = Bench::with(&[("markets.jsonl", MARKET)]).refusal(Format::F1);
    assert!(refusal.contains("raw_messages.jsonl: not found"), "{refusal}");
    let refusal = Bench::with(&[("raw_messages.jsonl", "")]).refusal(Format::F1);
    assert!(refusal.contains("markets.jsonl: not found"), "{refusal}");
}

#[test]
fn compressed_sessions_are_the_same_sessions() {
    let messages: String =
        (0..50).map(|n| envelope(&(CLOB, n, None, n.unsigned_abs(), "{\"bids\":[]}"))).collect();
    let plain = Bench::with(&[("markets.jsonl", MARKET), ("raw_messages.jsonl", &messages)]);
    let want = plain.import(Format::F1).lines;
    let zipped = Bench::with(&[("markets.jsonl", MARKET)]);
    zipped.put("raw_messages.jsonl.zst", &zstd::bulk::compress(messages.as_bytes(), 3).unwrap());
    // The compressed file is taken where both are there.
    zipped.put("raw_messages.jsonl", b"not a session");
    assert_eq!(zipped.import(Format::F1).lines, want);
    let gzipped = Bench::with(&[("markets.jsonl", MARKET)]);
    gzipped.put("raw_messages.jsonl", &gzip(messages.as_bytes()));
    assert_eq!(gzipped.import(Format::F1).lines, want, "told by the first bytes, not by the name");
}
