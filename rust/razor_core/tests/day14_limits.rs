//! The verdict and the evidence exactly at their limits, each reason of both, and the four stress
//! scenarios against a recomputation in whole numbers.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/log.rs"]
mod log;

use log::{Row, facts, report, report_of, table};
use razor_core::shadow::csv::CsvError;
use razor_core::shadow::day14::{Day14Error, Facts, day14_json, day14_report};
use razor_core::shadow::rows::SHADOW_LOG_HEADER;
use razor_core::units::UnitError;
use razor_sim::rng::Rng;
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

fn row(pnl: &str, ratio: &str) -> Row {
    Row::example().with("total_pnl", pnl).with("set_ratio", ratio)
}

/// `good` rows that hold and `bad` that do not, together worth `pnl`.
fn rows(good: usize, bad: usize, pnl: &str) -> Vec<Row> {
    let mut rows = vec![row("0", "0.85"); good];
    rows.extend(vec![row("0", "0.849999999999"); bad]);
    if let Some(first) = rows.first_mut() {
        *first = first.with("total_pnl", pnl);
    }
    rows
}

#[test]
fn money_decides_exactly_at_zero() {
    for (pnl, go) in [
        ("0.000000000001", true),
        ("0.000000000000000001", true),
        ("0", false),
        ("-0", false),
        ("-0.000000000001", false),
        ("1000000", true),
        ("1e-12", true),
        ("-1e6", false),
    ] {
        let found = report(&rows(1, 0, pnl), &facts());
        for verdict in [&found["verdict"], &found["day14"]["verdict"]] {
            assert_eq!(verdict["go"], go, "{pnl}");
            let sign = if go { ">" } else { "<=" };
            assert_eq!(verdict["reasons"][0], format!("TotalShadowPnL {sign} 0"));
        }
    }
}

#[test]
fn gains_and_losses_that_cancel_to_the_last_digit_are_no_go() {
    let mut rows = vec![row("0.1", "1"), row("0.2", "1"), row("-0.3", "1")];
    assert_eq!(report(&rows, &facts())["verdict"]["go"], false, "doubles would say 5.5e-17");
    rows.push(row("0.000000000001", "1"));
    assert_eq!(report(&rows, &facts())["verdict"]["go"], true);
}

#[test]
fn broken_sets_decide_exactly_at_fifteen_percent() {
    for (good, bad, go) in [
        (17, 3, true),
        (16, 3, false),
        (17, 4, false),
        (85, 15, true),
        (85, 16, false),
        (84, 15, false),
        (849, 150, false),
        (850, 150, true),
        (851, 150, true),
        (6, 1, true),
        (5, 1, false),
        (1, 0, true),
        (0, 1, false),
    ] {
        let found = report(&rows(good, bad, "1"), &facts());
        for verdict in [&found["verdict"], &found["day14"]["verdict"]] {
            assert_eq!(verdict["go"], go, "{good} {bad}");
            let text = verdict["reasons"][1].as_str().expect("reason");
            let sign = if go { "<=" } else { ">" };
            assert!(
                text.starts_with(&format!("LeggingFailShare {sign} 0.15 (set_ratio < 0.85 ")),
                "{text}"
            );
        }
    }
}

#[test]
fn a_set_is_broken_exactly_below_its_threshold() {
    for (threshold, ratio, is_broken) in [
        ("0.85", "0.85", false),
        ("0.85", "0.8500000", false),
        ("0.85", "0.849999999999999999", true),
        ("0.85", "0.850000000000000001", false),
        ("0", "0", false),
        ("1", "1", false),
        ("1", "0.999999999999", true),
        ("0.333333333333", "0.333333333333", false),
    ] {
        let facts = Facts { min_avg_set_ratio: threshold.to_owned(), ..facts() };
        let found = report(&[row("1", ratio)], &facts);
        assert_eq!(found["verdict"]["go"], !is_broken, "{threshold} {ratio}");
        let share = if is_broken { "1" } else { "0" };
        assert_eq!(found["verdict"]["legging_fail_share"]["e12"], share);
    }
}

#[test]
fn the_configured_least_pnl_is_exceeded_not_reached() {
    for (least, pnl, go) in [
        ("5", "5", false),
        ("5", "5.000000000001", true),
        ("-5", "-5", false),
        ("-5", "-4.999999999999", true),
        ("-5", "0", true),
    ] {
        let facts = Facts { min_total_shadow_pnl: least.to_owned(), ..facts() };
        let found = report(&rows(1, 0, pnl), &facts);
        assert_eq!(found["verdict"]["go"], go, "{least} {pnl}");
        let fixed = found["day14"]["verdict"]["go"].as_bool().expect("go");
        assert_eq!(fixed, !pnl.starts_with('-') && pnl != "0", "the fixed limit stays zero");
    }
}

#[test]
fn without_rows_the_share_is_one_and_it_is_no_go() {
    let all_bad = [row("NaN", "1"), row("1", "")];
    for rows in [&[][..], &all_bad[..]] {
        let found = report(rows, &facts());
        for verdict in [&found["verdict"], &found["day14"]["verdict"]] {
            assert_eq!(
                (&verdict["go"], &verdict["legging_fail_share"]["e6"]),
                (&json!(false), &json!("1.000000"))
            );
            let share = "LeggingFailShare > 0.15 (set_ratio < 0.85 share=1.000)";
            assert_eq!(verdict["reasons"], json!(["TotalShadowPnL <= 0", share]));
        }
        assert_eq!(found["day14"]["worst_1_percent"], Value::Null);
    }
}

#[test]
fn a_missing_file_is_no_go_with_its_own_first_reason() {
    let json = day14_json(None, None, &facts()).expect("report");
    let found: Value = serde_json::from_str(&json).expect("json");
    for verdict in [&found["verdict"], &found["day14"]["verdict"]] {
        assert_eq!(verdict["go"], false);
        assert_eq!(verdict["reasons"][0], "shadow_log.csv missing");
        assert_eq!(verdict["reasons"].as_array().map(Vec::len), Some(3));
    }
    assert_eq!((&found["stress"], &found["venue"]), (&Value::Null, &Value::Null));
    assert_eq!(found["evidence"]["status"], "insufficient");
    assert_eq!((&found["run_id"], &found["schema_version"]), (&json!("r"), &json!("1.3.2a")));
}

#[test]
fn no_reason_code_changes_the_verdict() {
    let plain = report(&rows(20, 0, "1"), &facts());
    for code in ["TRADES_INCOMPLETE", "INTERNAL_ERROR", "NO_TRADES,WINDOW_EMPTY", "whatever"] {
        let coded: Vec<Row> = rows(20, 0, "1").iter().map(|row| row.with("notes", code)).collect();
        let found = report(&coded, &facts());
        assert_eq!(found["verdict"], plain["verdict"], "{code}");
        assert_eq!(found["totals"], plain["totals"], "{code}");
        assert_eq!(found["stress"], plain["stress"], "{code}");
    }
}

// ---- evidence ------------------------------------------------------------------------------

/// Thirty rows over fourteen days, `unusable` of them flagged.
fn enough(count: usize, unusable: usize) -> Vec<Row> {
    (0..count)
        .map(|index| {
            let row = Row::example().with("signal_id", &index.to_string());
            let notes = if index < unusable { "NO_TRADES,TRADES_INCOMPLETE" } else { "NO_TRADES" };
            row.with("notes", notes)
        })
        .collect()
}

fn recorded(ms: i64) -> Facts {
    Facts { trade_prints: 1, recorded_ms: Some(ms), ..facts() }
}

fn evidence(rows: &[Row], facts: &Facts) -> (String, Vec<String>) {
    let found = report(rows, facts);
    let status = found["evidence"]["status"].as_str().expect("status").to_owned();
    let reasons = found["evidence"]["reasons"].as_array().expect("reasons");
    let reasons = reasons.iter().map(|reason| reason.as_str().expect("text").to_owned()).collect();
    (status, reasons)
}

#[test]
fn evidence_is_sufficient_exactly_at_its_limits() {
    let at_limits = recorded(14 * DAY_MS);
    assert_eq!(evidence(&enough(30, 1), &at_limits), ("sufficient".to_owned(), vec![]));
    for (rows, facts, reason) in [
        (enough(29, 0), at_limits.clone(), "fewer than 30 rows (29)"),
        (enough(30, 0), Facts { trade_prints: 0, ..at_limits.clone() }, "no trade prints"),
        (enough(30, 0), recorded(14 * DAY_MS - 1), "under 14 days recorded (13.99)"),
        (enough(30, 0), recorded(7 * DAY_MS + DAY_MS / 2), "under 14 days recorded (7.50)"),
        (enough(30, 0), recorded(0), "under 14 days recorded (0.00)"),
        (enough(30, 0), recorded(DAY_MS - 1), "under 14 days recorded (0.99)"),
        (enough(30, 0), recorded(-1), "under 14 days recorded (-0.01)"),
        (enough(30, 0), recorded(-DAY_MS), "under 14 days recorded (-1.00)"),
        (enough(30, 2), at_limits.clone(), "more than 5 % of windows unusable (2 of 30)"),
        (enough(39, 2), at_limits.clone(), "more than 5 % of windows unusable (2 of 39)"),
    ] {
        let expected = ("insufficient".to_owned(), vec![reason.to_owned()]);
        assert_eq!(evidence(&rows, &facts), expected);
    }
    assert_eq!(evidence(&enough(40, 2), &at_limits).0, "sufficient", "exactly 5 %");
    assert_eq!(evidence(&enough(200, 10), &at_limits).0, "sufficient");
    assert_eq!(evidence(&enough(200, 11), &at_limits).0, "insufficient");
}

#[test]
fn every_shortcoming_is_named_in_its_order() {
    let found = evidence(&enough(3, 3), &facts());
    let expected = [
        "no trade prints",
        "fewer than 30 rows (3)",
        "under 14 days recorded (0.00)",
        "more than 5 % of windows unusable (3 of 3)",
    ];
    assert_eq!(found, ("insufficient".to_owned(), expected.map(str::to_owned).to_vec()));
    let none = ["no trade prints", "fewer than 30 rows (0)", "under 14 days recorded (0.00)"];
    assert_eq!(evidence(&[], &facts()).1, none);
}

#[test]
fn the_span_of_the_signals_stands_for_the_recorded_time_when_nothing_is_told() {
    let mut rows = enough(30, 0);
    let start = 1_800_000_000_000_i64;
    for (index, row) in rows.iter_mut().enumerate() {
        let at = start + DAY_MS * 14 * i64::try_from(index).expect("index") / 29;
        *row = row.with("signal_ts_unix_ms", &at.to_string());
    }
    let facts = Facts { trade_prints: 1, recorded_ms: None, ..facts() };
    assert_eq!(evidence(&rows, &facts).0, "sufficient");
    rows.pop();
    rows.push(Row::example().with("signal_ts_unix_ms", &(start + 14 * DAY_MS - 1).to_string()));
    assert_eq!(evidence(&rows, &facts).1, ["under 14 days recorded (13.99)"]);
    // Rows of other runs or schemas, and unreadable times, give no span.
    rows.push(Row::example().with("run_id", "q").with("signal_ts_unix_ms", "9000000000000"));
    rows.push(Row::example().with("schema_version", "1").with("signal_ts_unix_ms", "1"));
    rows.push(Row::example().with("signal_ts_unix_ms", "never"));
    assert_eq!(evidence(&rows, &facts).1, ["under 14 days recorded (13.99)"]);
}

#[test]
fn a_code_counts_as_a_whole_word() {
    for (notes, unusable) in [
        ("TRADES_INCOMPLETE", 1),
        ("NO_TRADES, TRADES_INCOMPLETE", 1),
        ("TRADES_INCOMPLETE_X", 0),
        ("XTRADES_INCOMPLETE", 0),
        ("trades_incomplete", 0),
        ("", 0),
    ] {
        let found = report(&[Row::example().with("notes", notes)], &facts());
        assert_eq!(found["evidence"]["windows_unusable"], unusable, "{notes}");
    }
}

// ---- facts and files -----------------------------------------------------------------------

#[test]
fn facts_that_are_no_numbers_are_named() {
    let with = |change: fn(&mut Facts, String)| {
        move |text: &str| {
            let mut facts = facts();
            change(&mut facts, text.to_owned());
            facts
        }
    };
    let pnl = with(|facts, text| facts.min_total_shadow_pnl = text);
    let ratio = with(|facts, text| facts.min_avg_set_ratio = text);
    let capital = with(|facts, text| facts.starting_capital = Some(text));
    for text in ["", "x", "NaN", "inf", "1,5", "--1", "0x10"] {
        for (facts, expected) in [
            (pnl(text), "min_total_shadow_pnl"),
            (ratio(text), "min_avg_set_ratio"),
            (capital(text), "starting_capital"),
        ] {
            match day14_report(None, None, &facts) {
                Err(Day14Error::Fact { name, cause }) => {
                    assert_eq!((name, cause), (expected, UnitError::NotDecimal), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
    let facts: Result<Facts, _> = serde_json::from_str("{\"trade_print\":1}");
    assert!(facts.is_err(), "an unknown fact is an error");
    let empty: Facts = serde_json::from_str("{}").expect("all facts have a default");
    assert_eq!(empty, Facts::default());
}

#[test]
fn the_share_of_the_capital_is_exact_and_zero_without_capital() {
    for (capital, pnl, percent) in [
        ("100", "1", "1"),
        ("3", "1", "33.333333333333"),
        ("0.5", "-0.25", "-50"),
        ("0", "1", "0"),
        ("-5", "1", "0"),
    ] {
        let facts = Facts { starting_capital: Some(capital.to_owned()), ..facts() };
        let found = report(&rows(1, 0, pnl), &facts);
        assert_eq!(found["day14"]["capital"]["pnl_pct"]["e12"], percent, "{capital}");
    }
}

#[test]
fn a_sum_beyond_the_range_is_an_error_and_not_a_number() {
    let huge = "100000000000000000000";
    let text = table(&[row(huge, "1"), row(huge, "1")]);
    let found = day14_report(Some(text.as_bytes()), None, &facts());
    assert!(matches!(found, Err(Day14Error::Overflow)), "{found:?}");
    // One digit more is no finite cell of the table: a bad row.
    let beyond = table(&[row("1000000000000000000000", "1")]);
    assert_eq!(report_of(&beyond, None, &facts())["totals"]["bad_rows"], 1);
}

#[test]
fn each_column_of_the_log_is_required_by_name() {
    for column in SHADOW_LOG_HEADER.split(',') {
        let text = table(&[Row::example()]).replacen(column, "other", 1);
        let used = !matches!(
            column,
            "window_start_ms"
                | "window_end_ms"
                | "worst_leg_token_id"
                | "cost_set"
                | "proceeds_set"
                | "q_fill_avg"
        ) && !column.ends_with("_token_id")
            && !column.ends_with("_q_fill");
        match day14_report(Some(text.as_bytes()), None, &facts()) {
            Err(Day14Error::Log(CsvError::MissingColumn { name })) => {
                assert!(used, "{column} is not needed");
                assert_eq!(name, column);
            }
            Ok(_) => assert!(!used, "{column}"),
            Err(other) => panic!("{column}: {other}"),
        }
    }
}

// ---- stress --------------------------------------------------------------------------------

/// A leg in ten-thousandths of a dollar and hundredths of a share.
#[derive(Clone, Copy)]
struct Leg {
    limit: i128,
    bid: i128,
    volume: i128,
}

/// PnL at 10⁻¹⁶ and ratio as a fraction, from hundredths everywhere.
fn settled(
    legs: &[Leg],
    q_req: i128,
    share: i128,
    factor_tenths: i128,
    slip: i128,
) -> (i128, (i128, i128)) {
    // Fills in 10⁻⁶ shares: hundredths · hundredths · tenths · 10.
    let fills: Vec<i128> = legs
        .iter()
        .map(|leg| (leg.volume * share * factor_tenths * 10).min(q_req * 10_000))
        .collect();
    let q_set = *fills.iter().min().expect("legs");
    // Dollars of one share at 10⁻¹⁰ · fills at 10⁻⁶.
    let mut pnl = q_set * 9_990_000_000;
    for (leg, fill) in legs.iter().zip(&fills) {
        pnl -= q_set * leg.limit * 1_020_000;
        let left = fill - q_set;
        pnl += left * leg.bid * (100 - slip) * 98 * 100;
        pnl -= left * leg.limit * 1_020_000;
    }
    let sum: i128 = fills.iter().sum();
    let count = i128::try_from(legs.len()).expect("legs");
    (pnl, if sum == 0 { (0, 1) } else { (q_set * count, sum) })
}

fn cents(value: i128) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

/// A generated ledger with its logged numbers, as the scenario must see them.
struct Generated {
    row: Row,
    legs: Vec<Leg>,
    q_req: i128,
    share: i128,
    slip: i128,
}

fn generated(rng: &mut Rng) -> Generated {
    let count = 2 + rng.index(2);
    let any = |rng: &mut Rng, bound: u32| i128::from(rng.below(bound));
    let legs: Vec<Leg> = (0..count)
        .map(|_| Leg { limit: 1 + any(rng, 6_000), bid: any(rng, 6_000), volume: any(rng, 6_000) })
        .collect();
    let (q_req, share, slip) = (1 + any(rng, 2_000), any(rng, 101), any(rng, 20));
    let mut row = Row::example()
        .with("legs_n", &count.to_string())
        .with("q_req", &cents(q_req))
        .with("fill_share_p25_used", &cents(share))
        .with("dump_slippage_assumed", &cents(slip));
    for (index, leg) in legs.iter().enumerate() {
        let price = |value: i128| format!("0.{value:04}");
        row = row
            .with(&format!("leg{index}_p_limit"), &price(leg.limit))
            .with(&format!("leg{index}_best_bid"), &price(leg.bid))
            .with(&format!("leg{index}_v_mkt"), &cents(leg.volume));
    }
    Generated { row, legs, q_req, share, slip }
}

/// Half to even at some places.
fn rounded(top: i128, bottom: i128, places: u32) -> i128 {
    let scaled = top.abs() * 10_i128.pow(places);
    let (whole, rest) = (scaled / bottom, scaled % bottom);
    let value = whole + i128::from(rest * 2 > bottom || (rest * 2 == bottom && whole % 2 == 1));
    if top < 0 { -value } else { value }
}

fn plain(top: i128, bottom: i128) -> String {
    let value = rounded(top, bottom, 12);
    let one = 1_000_000_000_000;
    let sign = if value < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:012}", value.abs() / one, value.abs() % one);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[test]
fn each_scenario_settles_generated_rows_as_in_whole_numbers() {
    let mut rng = Rng::new(91);
    for round in 0..60 {
        let ledger: Vec<Generated> = (0..=rng.below(50)).map(|_| generated(&mut rng)).collect();
        let rows: Vec<Row> = ledger.iter().map(|one| one.row.clone()).collect();
        let found = report(&rows, &facts());
        for (name, factor, dump) in [
            ("baseline", 10, None),
            ("dump_0_10", 10, Some(10)),
            ("fill_share_x0_70", 7, None),
            ("dump_0_10_fill_share_x0_70", 7, Some(10)),
        ] {
            let settled: Vec<(i128, (i128, i128))> = ledger
                .iter()
                .map(|one| {
                    settled(&one.legs, one.q_req, one.share, factor, dump.unwrap_or(one.slip))
                })
                .collect();
            let mut pnls: Vec<i128> = settled.iter().map(|(pnl, _)| *pnl).collect();
            pnls.sort_unstable();
            let broken =
                settled.iter().filter(|(_, (top, bottom))| top * 100 < bottom * 85).count();
            let scenario = &found["stress"][name];
            let dollars = 10_i128.pow(16);
            let count = i128::try_from(ledger.len()).expect("rows");
            assert_eq!(scenario["rows_ok"], ledger.len(), "{round} {name}");
            assert_eq!(scenario["rows_bad"], 0);
            let sum = plain(pnls.iter().sum(), dollars);
            assert_eq!(scenario["total_pnl_sum"]["e12"], sum, "{round} {name}");
            let worst = plain(pnls.iter().take(20).sum(), dollars);
            assert_eq!(scenario["worst_20_pnl_sum"]["e12"], worst, "{round} {name}");
            let rate = plain(i128::try_from(broken).expect("rows"), count);
            assert_eq!(scenario["legging_rate"]["e12"], rate, "{round} {name}");
            // Each ratio is rounded down at 10⁻¹⁸ before the mean.
            let ratios: i128 =
                settled.iter().map(|(_, (top, bottom))| top * 10_i128.pow(18) / bottom).sum();
            assert_eq!(scenario["set_ratio_avg"]["e12"], plain(ratios, count * 10_i128.pow(18)));
        }
    }
}

#[test]
fn a_row_is_bad_for_stress_where_a_cell_it_needs_cannot_be_read() {
    let example = Row::example();
    let none = ["", "NaN", "x"];
    for column in
        ["q_req", "fill_share_p25_used", "leg0_p_limit", "leg1_p_limit", "leg0_v_mkt", "leg1_v_mkt"]
    {
        for cell in none {
            let found = report(&[example.with(column, cell)], &facts());
            let baseline = &found["stress"]["baseline"];
            assert_eq!(
                (&baseline["rows_ok"], &baseline["rows_bad"]),
                (&json!(0), &json!(1)),
                "{column} {cell}"
            );
        }
    }
    for legs in ["1", "4", "0", "", "two", "2.0"] {
        let found = report(&[example.with("legs_n", legs)], &facts());
        assert_eq!(found["stress"]["baseline"]["rows_bad"], 1, "{legs}");
    }
    // What is not used may be anything, and an unreadable bid counts nothing.
    for (column, cell) in
        [("leg2_p_limit", ""), ("leg2_v_mkt", "x"), ("total_pnl", "NaN"), ("set_ratio", "")]
    {
        let found = report(&[example.with(column, cell)], &facts());
        assert_eq!(found["stress"]["baseline"]["rows_ok"], 1, "{column}");
        assert_eq!(found["stress"]["baseline"]["total_pnl_sum"]["e12"], "-0.15408", "{column}");
    }
    let found = report(&[example.with("leg0_best_bid", "?")], &facts());
    // 4 leftovers bring nothing: 0.0576 − 4 · 1.02 · 0.49.
    assert_eq!(found["stress"]["baseline"]["total_pnl_sum"]["e12"], "-1.9416");
}

#[test]
fn the_clamps_of_the_recompute_hold() {
    let example = Row::example();
    for (column, cell, pnl, ratio) in [
        ("q_req", "0", "0", "0"),
        ("q_req", "-3", "0", "0"),
        ("q_req", "0.0000000000001", "0", "0"),
        // Ten shares of leg 0 are dumped: 10 · (0.98 · 0.456 − 1.02 · 0.49).
        ("leg1_v_mkt", "-12", "-0.5292", "0"),
        ("leg1_v_mkt", "0", "-0.5292", "0"),
        ("leg0_best_bid", "-0.5", "-1.9416", "0.75"),
        ("dump_slippage_assumed", "", "-0.15408", "0.75"),
        ("dump_slippage_assumed", "NaN", "-0.15408", "0.75"),
        ("dump_slippage_assumed", "-1", "-0.06", "0.75"),
        ("dump_slippage_assumed", "0", "-0.06", "0.75"),
        ("dump_slippage_assumed", "0.99", "-1.922784", "0.75"),
        ("dump_slippage_assumed", "5", "-1.922784", "0.75"),
        ("fill_share_p25_used", "0", "0", "0"),
    ] {
        let found = report(&[example.with(column, cell)], &facts());
        let baseline = &found["stress"]["baseline"];
        assert_eq!(baseline["total_pnl_sum"]["e12"], pnl, "{column} {cell}");
        assert_eq!(baseline["set_ratio_avg"]["e12"], ratio, "{column} {cell}");
    }
}

#[test]
fn stress_looks_at_the_rows_of_the_run_and_schema_alone() {
    let rows = [
        Row::example(),
        Row::example().with("run_id", "q"),
        Row::example().with("run_id", ""),
        Row::example().with("schema_version", "1.0"),
        Row::example().with("legs_n", "9"),
    ];
    let found = report(&rows, &facts());
    for name in ["baseline", "dump_0_10", "fill_share_x0_70", "dump_0_10_fill_share_x0_70"] {
        let scenario = &found["stress"][name];
        assert_eq!((&scenario["rows_ok"], &scenario["rows_bad"]), (&json!(1), &json!(1)), "{name}");
    }
    let none = report(&[], &facts());
    let zero = json!({"e6": "0.000000", "e12": "0"});
    assert_eq!(
        none["stress"]["baseline"],
        json!({
            "rows_ok": 0, "rows_bad": 0, "total_pnl_sum": zero, "set_ratio_avg": zero,
            "legging_rate": zero, "worst_20_pnl_sum": zero,
        })
    );
}
