//! The settings of the order path: each value arrives where it belongs, and each wrong one is
//! refused by its key or its place.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

use razor_core::engine::order_params::{OrderMode, OrderParams, assumed_fees};
use razor_core::engine::params::ParamsError;
use razor_core::market::Fees;
use razor_core::units::{Bps, Nanos, UnitError, Usdc};

/// Every value differs from every other, so that none can stand in another's place.
const PARAMS: &str = r#"{"orders":"sim","settings":{
 "live":{"chase_cap_bps":201,"ladder_step1_bps":12,"flatten_lvl1_bps":103,"flatten_lvl2_bps":504,
  "flatten_lvl3_bps":1005,"flatten_max_attempts":2,"cooldown_ms":106},
 "oms":{"flatten_wait_ms":2007,"settle_deadline_ms":180008,"signal_ttl_ms":1009,
  "take_delayed_markets":true},
 "risk":{"max_exposure_usdc":"1010.5","max_signal_usdc":"21","max_day_loss_usdc":"112",
  "max_orders_per_min":613,"max_open_orders":8,"max_residual_usdc":"5.000001",
  "max_event_exposure_usdc":"514","exit_reserve_pct":25,"max_loss_streak":15,
  "max_revert_permille":916,"revert_window":57,"max_api_error_permille":818,
  "api_error_window":59},
 "sim":{"assumed_fee_rate":"0.04"}}}"#;

const MONEY: [&str; 5] = [
    "max_exposure_usdc",
    "max_signal_usdc",
    "max_day_loss_usdc",
    "max_residual_usdc",
    "max_event_exposure_usdc",
];
const MILLIS: [(&str, &str); 4] = [
    ("cooldown_ms", "live.cooldown_ms"),
    ("flatten_wait_ms", "oms.flatten_wait_ms"),
    ("settle_deadline_ms", "oms.settle_deadline_ms"),
    ("signal_ttl_ms", "oms.signal_ttl_ms"),
];
/// Whole numbers with the first value above what they can hold.
const WHOLE: [(&str, &str); 15] = [
    ("chase_cap_bps", "2147483648"),
    ("ladder_step1_bps", "2147483648"),
    ("flatten_lvl1_bps", "2147483648"),
    ("flatten_lvl2_bps", "2147483648"),
    ("flatten_lvl3_bps", "2147483648"),
    ("flatten_max_attempts", "256"),
    ("max_orders_per_min", "4294967296"),
    ("max_open_orders", "-1"),
    ("exit_reserve_pct", "256"),
    ("max_loss_streak", "-1"),
    ("max_revert_permille", "65536"),
    ("revert_window", "4294967296"),
    ("max_api_error_permille", "65536"),
    ("api_error_window", "-1"),
    ("take_delayed_markets", "1"),
];

/// The settings with one value replaced.
fn with(key: &str, value: &str) -> String {
    let start = PARAMS.find(&format!("\"{key}\":")).expect(key) + key.len() + 3;
    let rest = &PARAMS[start..];
    let end = rest.find([',', '}']).expect("an end");
    format!("{}{value}{}", &PARAMS[..start], &rest[end..])
}

fn read(text: &str) -> Result<Option<OrderParams>, ParamsError> {
    OrderParams::decode(text.as_bytes())
}

fn good(text: &str) -> OrderParams {
    read(text).expect("settings").expect("orders")
}

#[test]
fn every_value_arrives_where_it_belongs() {
    let OrderParams { mode, rules, caps, assumed_fees } = good(PARAMS);
    let ms = |count: i64| Nanos(count * 1_000_000);
    assert_eq!(mode, OrderMode::Sim);
    assert_eq!((rules.chase_cap, rules.chase_step), (Bps::new(201), Bps::new(12)));
    assert_eq!(rules.flatten, [103, 504, 1005].map(Bps::new));
    assert_eq!(rules.flatten_attempts, 2);
    assert_eq!((rules.waits.cooldown, caps.cooldown), (ms(106), ms(106)));
    assert_eq!((rules.waits.flatten_wait, rules.waits.settle), (ms(2_007), ms(180_008)));
    assert_eq!((caps.signal_ttl, caps.takes_delayed_markets), (ms(1_009), true));
    assert_eq!((caps.max_exposure, caps.max_signal), (Usdc(1_010_500_000), Usdc(21_000_000)));
    assert_eq!((caps.max_day_loss, caps.max_residual), (Usdc(112_000_000), Usdc(5_000_001)));
    assert_eq!(caps.max_event_exposure, Some(Usdc(514_000_000)));
    assert_eq!((caps.max_orders_per_min, caps.max_open_orders), (613, 8));
    assert_eq!((caps.exit_reserve_percent, caps.breakers.loss_streak), (25, 15));
    let rates = [caps.breakers.revert, caps.breakers.api_error];
    assert_eq!(rates.map(|rate| (rate.max_permille, rate.window)), [(916, 57), (818, 59)]);
    assert_eq!(assumed_fees, Fees::Taker { rate_ppm: 40_000, exponent: 1 });
}

#[test]
fn the_bounds_of_the_order_path_are_those_of_the_invariants() {
    let waits = good(PARAMS).rules.waits;
    let seconds = |nanos: Nanos| nanos.0 / 1_000_000_000;
    // L-2: thirty seconds in two halves; F-15: two minutes for late fills; L-3 and L-1.
    assert_eq!((seconds(waits.resolve) * 2, seconds(waits.late)), (30, 120));
    assert_eq!((seconds(waits.flatten), seconds(waits.set)), (60, 120));
    assert!(waits.answer > Nanos(3_000_000_000), "the shell's own limit comes first");
}

#[test]
fn a_record_without_orders_has_no_order_path_and_needs_no_settings_of_one() {
    assert_eq!(read("{}"), Ok(None));
    assert_eq!(read(r#"{"orders":null,"settings":7}"#), Ok(None));
    let text = r#"{"orders":"paper"}"#;
    assert!(matches!(read(text), Err(ParamsError::NotParams { line: 1, .. })));
}

#[test]
fn money_that_is_none_names_its_key() {
    for key in MONEY {
        let path = format!("risk.{key}");
        for value in ["\"\"", "\"ten\"", "\"1.0000001\"", "\"99999999999999999999\""] {
            match read(&with(key, value)) {
                Err(ParamsError::BadNumber { key, .. }) => assert_eq!(key, path, "{value}"),
                other => panic!("{key} {value}: {other:?}"),
            }
        }
        let number = read(&with(key, "10"));
        assert!(matches!(number, Err(ParamsError::NotParams { .. })), "money is text: {key}");
    }
}

#[test]
fn a_wait_beyond_the_clock_names_its_key() {
    for (key, path) in MILLIS {
        let found = read(&with(key, "9223372036855"));
        let (key, source) = (path, UnitError::Overflow);
        assert_eq!(found, Err(ParamsError::BadNumber { key, source }));
        assert!(read(&with(path.split('.').next_back().expect(path), "9223372036854")).is_ok());
    }
}

#[test]
fn a_number_that_its_key_cannot_hold_names_its_place() {
    for (key, value) in WHOLE {
        for value in [value, "1.5", "\"1\"", "null"] {
            let text = with(key, value);
            let line = 1 + text[..text.find(key).expect(key)].matches('\n').count();
            match read(&text) {
                Err(ParamsError::NotParams { line: at, .. }) => assert_eq!(at, line, "{key}"),
                other => panic!("{key} {value}: {other:?}"),
            }
        }
    }
}

#[test]
fn every_key_of_the_order_path_is_needed() {
    let keys = WHOLE.map(|(key, _)| key).into_iter().chain(MONEY);
    let keys = keys.chain(MILLIS.map(|(key, _)| key)).chain(["live", "oms", "risk", "sim"]);
    for key in keys {
        let text = PARAMS.replace(&format!("\"{key}\":"), "\"other\":");
        assert_ne!(text, PARAMS, "{key}");
        assert!(matches!(read(&text), Err(ParamsError::NotParams { .. })), "{key}");
    }
}

#[test]
fn panic_steps_are_one_to_three_whatever_is_asked_for() {
    for (asked, given) in [("0", 1), ("1", 1), ("2", 2), ("3", 3), ("4", 3), ("255", 3)] {
        assert_eq!(good(&with("flatten_max_attempts", asked)).rules.flatten_attempts, given);
    }
}

#[test]
fn fees_are_assumed_for_simulated_orders_alone_and_only_where_a_person_set_them() {
    for (rate, fees) in [
        (None, Ok(Fees::Unknown)),
        (Some("0"), Ok(Fees::Unknown)),
        (Some("0.000001"), Ok(Fees::Taker { rate_ppm: 1, exponent: 1 })),
        (Some("0.07"), Ok(Fees::Taker { rate_ppm: 70_000, exponent: 1 })),
    ] {
        assert_eq!(assumed_fees(rate), fees, "{rate:?}");
    }
    for rate in ["", "four", "0.0000001", "4295"] {
        let found = read(&with("assumed_fee_rate", &format!("\"{rate}\"")));
        let key = "sim.assumed_fee_rate";
        assert!(
            matches!(found, Err(ParamsError::BadNumber { key: at, .. }) if at == key),
            "{rate}"
        );
    }
    let live = PARAMS.replace("\"sim\",", "\"live\",");
    assert_eq!((good(&live).mode, good(&live).assumed_fees), (OrderMode::Live, Fees::Unknown));
    assert_eq!(OrderMode::Sim.word(), "SIM");
    assert_eq!(OrderMode::Live.word(), "LIVE");
}
