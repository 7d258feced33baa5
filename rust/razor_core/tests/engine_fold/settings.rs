//! The first record: each missing key, each bad number, each refused combination.

use razor_core::engine::EngineError;
use razor_core::engine::params::{Params, ParamsError, Source};
use razor_core::engine::record::Kind;
use razor_core::shadow::ShadowError;
use razor_core::signal::brain::BrainError;
use razor_core::units::{Bps, Nanos, UnitError};

use super::run::{PARAMS, Run};

fn refused(text: &str) -> ParamsError {
    let mut run = Run::bare();
    let error = run.try_feed(Kind::Params, text.as_bytes()).expect_err(text);
    assert!(run.engine.universe().is_none(), "nothing began: {text}");
    assert!(run.try_feed(Kind::Params, PARAMS.as_bytes()).is_ok(), "a good start may follow");
    match error {
        EngineError::Params(error) => error,
        EngineError::Order { .. } => panic!("{text}"),
    }
}

/// The settings with one value replaced.
fn with(key: &str, value: &str) -> String {
    let start = PARAMS.find(&format!("\"{key}\":")).expect(key) + key.len() + 3;
    let rest = &PARAMS[start..];
    let end = rest.find([',', '}']).expect("an end");
    format!("{}{value}{}", &PARAMS[..start], &rest[end..])
}

const KEYS: [&str; 23] = [
    "run_id",
    "source",
    "settings",
    "run",
    "snapshot_log_interval_ms",
    "brain",
    "risk_premium_bps",
    "min_net_edge_bps",
    "q_req",
    "signal_cooldown_ms",
    "max_snapshot_staleness_ms",
    "buckets",
    "fill_share_liquid_p25",
    "fill_share_thin_p25",
    "shadow",
    "window_start_ms",
    "window_end_ms",
    "trade_retention_ms",
    "max_trades",
    "max_trade_gap_ms",
    "trade_size_suspect_threshold",
    "trade_notional_suspect_threshold",
    "feed",
];

#[test]
fn every_key_is_needed() {
    for key in KEYS.iter().chain(&["frame_cap_bytes", "hash_check_every"]) {
        let text = PARAMS.replace(&format!("\"{key}\":"), "\"other\":");
        assert_ne!(text, PARAMS, "{key}");
        assert!(matches!(refused(&text), ParamsError::NotParams { .. }), "{key}");
    }
}

#[test]
fn a_payload_that_is_not_the_contract_names_its_place() {
    for (text, line, column) in
        [("", 1, 0), ("{", 1, 1), ("[]", 1, 0), ("\n\n x", 3, 2), ("{\"run_id\":7}", 1, 11)]
    {
        let ParamsError::NotParams { line: at, column: found } = refused(text) else {
            panic!("{text}")
        };
        assert_eq!((at, found), (line, column), "{text:?}");
    }
    let after = format!("{PARAMS}x");
    assert!(matches!(refused(&after), ParamsError::NotParams { .. }), "text behind the object");
}

#[test]
fn each_decimal_setting_is_named_when_it_is_wrong() {
    for (name, key) in [
        ("q_req", "brain.q_req"),
        ("fill_share_liquid_p25", "buckets.fill_share_liquid_p25"),
        ("fill_share_thin_p25", "buckets.fill_share_thin_p25"),
        ("trade_size_suspect_threshold", "shadow.trade_size_suspect_threshold"),
        ("trade_notional_suspect_threshold", "shadow.trade_notional_suspect_threshold"),
    ] {
        for text in ["\"\"", "\"x\"", "\"NaN\"", "\"1,5\"", "\" 1\""] {
            let error = refused(&with(name, text));
            let source = UnitError::NotDecimal;
            assert_eq!(error, ParamsError::BadNumber { key, source }, "{text}");
        }
        let error = refused(&with(name, "\"1e99\""));
        assert!(
            matches!(error, ParamsError::BadNumber { key: found, .. } if found == key),
            "{key} {error:?}"
        );
        // A number instead of its text would have gone through a float on the way.
        assert!(matches!(refused(&with(name, "5")), ParamsError::NotParams { .. }), "{key}");
    }
}

#[test]
fn integers_out_of_their_types_are_refused() {
    for (key, text) in [
        ("risk_premium_bps", "2147483648"),
        ("risk_premium_bps", "80.5"),
        ("min_net_edge_bps", "\"10\""),
        ("signal_cooldown_ms", "9223372036854775808"),
        ("max_trades", "-1"),
        ("frame_cap_bytes", "-1"),
        ("hash_check_every", "4294967296"),
        ("snapshot_log_interval_ms", "null"),
        ("source", "\"other\""),
        ("source", "\"Venue\""),
        ("run_id", "null"),
    ] {
        let error = refused(&with(key, text));
        assert!(matches!(error, ParamsError::NotParams { .. }), "{key} {text}");
    }
}

#[test]
fn the_generator_refuses_its_settings_by_name() {
    for (key, text, error) in [
        ("q_req", "\"0\"", BrainError::QReq { pico: 0 }),
        ("q_req", "\"-1\"", BrainError::QReq { pico: -1_000_000_000_000 }),
        ("signal_cooldown_ms", "-1", BrainError::NegativeTime),
        ("max_snapshot_staleness_ms", "-1", BrainError::NegativeTime),
    ] {
        assert_eq!(refused(&with(key, text)), ParamsError::Brain(error), "{key}");
    }
}

#[test]
fn the_ledger_refuses_its_settings_by_name() {
    for (key, text, error) in [
        ("window_start_ms", "-1", ShadowError::Window { start: -1, end: 1_100 }),
        ("window_start_ms", "1100", ShadowError::Window { start: 1_100, end: 1_100 }),
        ("window_end_ms", "100", ShadowError::Window { start: 100, end: 100 }),
        ("trade_retention_ms", "1099", ShadowError::Retention { retention: 1_099, end: 1_100 }),
        ("max_trades", "0", ShadowError::Limits),
    ] {
        assert_eq!(refused(&with(key, text)), ParamsError::Shadow(error), "{key}");
    }
    for (key, text) in
        [("window_start_ms", "0"), ("window_start_ms", "1099"), ("trade_retention_ms", "1100")]
    {
        Run::with(&with(key, text));
    }
}

#[test]
fn every_setting_arrives_where_it_is_used() {
    let params = Params::decode(PARAMS.as_bytes()).expect("settings");
    assert_eq!((params.run_id.as_str(), params.source), ("run_t", Source::Venue));
    assert_eq!(params.snapshot_log_interval_ms, 1_000);
    assert_eq!(params.brain.risk_premium, Bps::new(80));
    assert_eq!(params.brain.min_net_edge, Bps::new(10));
    assert_eq!(params.brain.q_req.0, 10_000_000_000_000);
    assert_eq!(params.brain.cooldown_ms, 1_000);
    assert_eq!(params.brain.max_staleness, Some(Nanos(500_000_000)));
    let rules = params.shadow.rules;
    assert_eq!((rules.window_start_ms, rules.window_end_ms), (100, 1_100));
    assert_eq!(rules.share_liquid.0, 300_000_000_000_000_000);
    assert_eq!(rules.share_thin.0, 100_000_000_000_000_000);
    assert_eq!(rules.max_trade_gap_ms, 700);
    assert_eq!(rules.size_suspect.0, 50_000 * 1_000_000_000_000_000_000);
    assert_eq!(rules.notional_suspect_atto, 50_001 * 1_000_000_000_000_000_000);
    assert_eq!((params.shadow.trade_retention_ms, params.shadow.max_trades), (5_000, 200_000));
    assert_eq!((params.frame_cap_bytes, params.hash_check_every), (65_536, 1));
}

#[test]
fn keys_the_core_does_not_use_are_passed_over() {
    let more =
        PARAMS.replacen('{', "{\"more\":[1],", 1).replace("\"feed\":{", "\"feed\":{\"x\":1,");
    assert_eq!(Params::decode(more.as_bytes()), Params::decode(PARAMS.as_bytes()));
}

#[test]
fn a_predecessors_source_has_no_staleness_test_and_takes_rows_as_they_are() {
    use razor_core::shadow::store::TradeRows;
    let venue = Params::decode(PARAMS.as_bytes()).expect("settings");
    let old = Params::decode(with("source", "\"predecessor\"").as_bytes()).expect("settings");
    assert_eq!(venue.shadow.rows, TradeRows::OncePerRun);
    assert_eq!(old.shadow.rows, TradeRows::AsTheyAre);
    assert_eq!(old.brain.max_staleness, None);
    // A staleness of less than nothing is nobody's business there.
    let text = with("max_snapshot_staleness_ms", "-1").replace("venue", "predecessor");
    assert!(Params::decode(text.as_bytes()).is_ok());
}

#[test]
fn settings_errors_say_the_remedy_in_one_sentence() {
    for (text, words) in [
        (with("q_req", "\"x\""), "setting brain.q_req: not a plain decimal number"),
        (with("max_trades", "0"), "shadow.max_trades"),
        (String::new(), "line 1, column 0"),
    ] {
        let shown = EngineError::Params(refused(&text)).to_string();
        assert!(shown.contains(words), "{shown}");
    }
}
