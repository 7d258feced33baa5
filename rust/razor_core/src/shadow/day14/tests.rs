//! The report against hand-computed tables.

use serde_json::Value;

use super::*;
use crate::shadow::rows::{SHADOW_LOG_HEADER, SHADOW_SETS_HEADER};

/// One row of the frozen table from the cells the tests care about.
#[derive(Clone)]
struct Row {
    run: &'static str,
    schema: &'static str,
    id: &'static str,
    ts: &'static str,
    strategy: &'static str,
    bucket: &'static str,
    pnl: &'static str,
    ratio: &'static str,
    notes: &'static str,
}

const ROW: Row = Row {
    run: "r",
    schema: "1.3.2a",
    id: "1",
    ts: "1000",
    strategy: "binary",
    bucket: "thin",
    pnl: "-0.15408",
    ratio: "0.75",
    notes: "",
};

fn log(rows: &[Row]) -> String {
    let mut text = format!("{SHADOW_LOG_HEADER}\n");
    for row in rows {
        let Row { run, schema, id, ts, strategy, bucket, pnl, ratio, notes } = row;
        let line = format!(
            "{run},{schema},{id},{ts},100,1100,m,{strategy},{bucket},111,10,2,6,\
111,0.49,0.48,30,10,222,0.48,0.47,12,6,,0,0,0,0,\
5.9364,5.994,0.0576,-0.21168,{pnl},8,{ratio},0.5,0.05,{notes}\n"
        );
        text.push_str(&line);
    }
    text
}

fn report(rows: &[Row], facts: &Facts) -> Value {
    let json = day14_json(Some(log(rows).as_bytes()), None, facts).expect("report");
    serde_json::from_str(&json).expect("json")
}

fn won(pnl: &'static str) -> Row {
    Row { pnl, ratio: "0.85", ..ROW }
}

#[test]
fn the_leading_keys_stand_in_the_frozen_order() {
    let json = day14_json(Some(log(&[ROW]).as_bytes()), None, &Facts::default()).expect("report");
    let keys: Vec<&str> = json
        .lines()
        .filter(|line| line.starts_with("  \""))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert_eq!(
        keys,
        [
            "schema_version",
            "run_id",
            "trade_poll_taker_only",
            "period",
            "totals",
            "by_bucket",
            "by_strategy",
            "worst_20",
            "verdict",
            "stress",
            "day14",
            "venue",
            "evidence"
        ]
    );
}

#[test]
fn go_needs_money_and_at_most_fifteen_percent_of_broken_sets() {
    let mut rows = vec![won("0.000000000001"); 17];
    rows.extend(vec![Row { pnl: "0", ratio: "0.849999999999", ..ROW }; 3]);
    let verdict = &report(&rows, &Facts::default())["verdict"];
    assert_eq!(verdict["go"], true);
    assert_eq!(verdict["legging_fail_share"]["e12"], "0.15");
    assert_eq!(
        verdict["reasons"],
        serde_json::json!([
            "TotalShadowPnL > 0",
            "LeggingFailShare <= 0.15 (set_ratio < 0.85 share=0.150)"
        ])
    );
    rows.pop();
    rows.pop();
    rows.extend(vec![Row { pnl: "0", ratio: "0.84", ..ROW }; 3]);
    let verdict = &report(&rows, &Facts::default())["verdict"];
    assert_eq!(
        (&verdict["go"], &verdict["total_shadow_pnl"]["e12"]),
        (&Value::Bool(false), &Value::from("0.000000000017"))
    );
    let zero = report(&[won("0")], &Facts::default());
    assert_eq!(zero["verdict"]["reasons"][0], "TotalShadowPnL <= 0");
    assert_eq!(zero["verdict"]["go"], false);
}

#[test]
fn no_rows_and_a_missing_file_are_no_go() {
    let empty = report(&[], &Facts::default());
    assert_eq!(empty["verdict"]["go"], false);
    assert_eq!(empty["verdict"]["legging_fail_share"]["e6"], "1.000000");
    assert_eq!(empty["period"]["start_unix_ms"], 0);
    let json = day14_json(None, None, &Facts::default()).expect("report");
    let missing: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(missing["verdict"]["reasons"][0], "shadow_log.csv missing");
    assert_eq!(missing["stress"], Value::Null);
}

#[test]
fn the_last_run_id_of_the_file_is_reported_unless_one_is_named() {
    let rows = [ROW, Row { run: "s", ..ROW }, Row { run: "", ..ROW }];
    let last = report(&rows, &Facts::default());
    assert_eq!((&last["run_id"], &last["totals"]["signals"]), (&"s".into(), &1.into()));
    assert_eq!(
        (&last["totals"]["bad_rows"], &last["day14"]["rows_other_run"]),
        (&1.into(), &2.into())
    );
    let named = Facts { run_id: Some("r".into()), ..Facts::default() };
    assert_eq!(report(&rows, &named)["run_id"], "r");
    let fallback = Facts { fallback_run_id: Some("meta".into()), ..Facts::default() };
    assert_eq!(report(&[], &fallback)["run_id"], "meta");
}

#[test]
fn bad_rows_are_counted_by_both_readers_each_in_its_own_way() {
    let rows = [
        ROW,
        Row { schema: "1.0", ..ROW },
        Row { schema: "1.3.2A", ..ROW },
        Row { pnl: "NaN", ..ROW },
        Row { bucket: "deep", ..ROW },
        Row { strategy: "basket", ..ROW },
        Row { id: "x", ..ROW },
        Row { ts: "", ..ROW },
    ];
    let report = report(&rows, &Facts::default());
    // The leading numbers ignore the schema; unknown words, ids, times and NaN are bad.
    assert_eq!(
        (&report["totals"]["signals"], &report["totals"]["bad_rows"]),
        (&3.into(), &5.into())
    );
    let day14 = &report["day14"];
    assert_eq!(day14["rows_schema_version_mismatch"], 1);
    assert_eq!((&day14["rows_ok"], &day14["rows_bad"]), (&5.into(), &2.into()));
    assert_eq!(day14["signals_by_strategy"]["other"], 1);
    assert_eq!(day14["signals_by_bucket"]["unknown"], 1);
}

#[test]
fn reasons_are_exploded_and_ordered_by_count_then_name() {
    let rows = [
        Row { notes: "\"NO_TRADES,WINDOW_EMPTY\"", ..ROW },
        Row { notes: "NO_TRADES", pnl: "1", ..ROW },
        ROW,
    ];
    let report = report(&rows, &Facts::default());
    let by_reason = report["day14"]["by_reason"].as_array().expect("lines");
    let keys: Vec<_> = by_reason.iter().map(|line| line["key"][0].as_str()).collect();
    assert_eq!(keys, [Some("NO_TRADES"), Some("OK"), Some("WINDOW_EMPTY")]);
    assert_eq!(by_reason[0]["share"]["e12"], "0.666666666667");
    assert_eq!(by_reason[0]["sum_total_pnl"]["e6"], "0.845920");
    assert_eq!(by_reason[0]["avg_total_pnl"]["e12"], "0.42296");
    assert_eq!(by_reason[0]["miss_rate"]["e12"], "1");
    let groups = report["day14"]["worst_20_groups"].as_array().expect("groups");
    assert_eq!(groups[0]["key"], serde_json::json!(["binary", "thin", "NO_TRADES,WINDOW_EMPTY"]));
}

#[test]
fn quantiles_take_the_lower_index_and_the_tail_its_ceiling() {
    let ratios = ["0.4", "0.1", "0.3", "0.2"];
    let rows: Vec<Row> = ratios.iter().map(|ratio| Row { ratio, pnl: ratio, ..ROW }).collect();
    let report = report(&rows, &Facts::default());
    let day14 = &report["day14"];
    assert_eq!(day14["set_ratio_p50"]["e12"], "0.2");
    assert_eq!(day14["set_ratio_p25"]["e12"], "0.1");
    assert_eq!(day14["worst_1_percent"]["rows"], 1);
    assert_eq!(day14["worst_1_percent"]["threshold_total_pnl"]["e12"], "0.1");
    assert_eq!(day14["worst_20_rows"][0]["total_pnl"]["e12"], "0.1");
}

#[test]
fn stress_settles_the_logged_cells_again() {
    let report = report(&[ROW, Row { run: "r", pnl: "999", ..ROW }], &Facts::default());
    let stress = &report["stress"];
    // Baseline is the worked example twice, whatever the logged PnL says.
    assert_eq!(stress["baseline"]["total_pnl_sum"]["e12"], "-0.30816");
    assert_eq!(stress["baseline"]["set_ratio_avg"]["e12"], "0.75");
    // 4·(0.98·0.9·0.48 − 1.02·0.49) + 0.0576 = −0.24816 each.
    assert_eq!(stress["dump_0_10"]["total_pnl_sum"]["e12"], "-0.49632");
    // Share 0.35: fills 10 and 4.2: 4.2·(0.999 − 0.9894) + 5.8·(0.44688 − 0.4998).
    assert_eq!(stress["fill_share_x0_70"]["total_pnl_sum"]["e12"], "-0.533232");
    assert_eq!(stress["baseline"]["legging_rate"]["e6"], "1.000000");
    assert_eq!(stress["baseline"]["rows_bad"], 0);
}

#[test]
fn evidence_names_each_shortcoming() {
    let thin = report(&[ROW, Row { notes: "TRADES_INCOMPLETE", ..ROW }], &Facts::default());
    assert_eq!(
        thin["evidence"]["reasons"],
        serde_json::json!([
            "no trade prints",
            "fewer than 30 rows (2)",
            "under 14 days recorded (0.00)",
            "more than 5 % of windows unusable (1 of 2)"
        ])
    );
    assert_eq!(thin["evidence"]["status"], "insufficient");
    let facts = Facts { trade_prints: 1, recorded_ms: Some(14 * 86_400_000), ..Facts::default() };
    let mut rows = vec![ROW; 19];
    rows.push(Row { notes: "\"NO_TRADES,TRADES_INCOMPLETE\"", ..ROW });
    rows.extend(vec![ROW; 10]);
    assert_eq!(report(&rows, &facts)["evidence"]["status"], "sufficient");
    rows.push(Row { notes: "TRADES_INCOMPLETE", ..ROW });
    assert_eq!(report(&rows, &facts)["evidence"]["status"], "insufficient");
}

#[test]
fn the_venue_column_stands_beside_and_never_in_the_verdict() {
    let columns: Vec<&str> = SHADOW_SETS_HEADER.split(',').collect();
    let line = |cells: &[(&str, &str)]| {
        let cell = |name: &&str| {
            cells.iter().find(|(column, _)| column == name).map_or("", |(_, text)| *text)
        };
        columns.iter().map(cell).collect::<Vec<_>>().join(",")
    };
    let sets = [
        SHADOW_SETS_HEADER.to_owned(),
        line(&[
            ("run_id", "r"),
            ("signal_id", "1"),
            ("market_id", "m"),
            ("in_frozen_table", "1"),
            ("tick_bucket", "liquid"),
            ("could_ever_be_liquid", "1"),
            ("frozen_total_pnl", "-0.15408"),
            ("venue_total_pnl", "0.5"),
            ("venue_fees", "0.02"),
            ("venue_capital_days", "1.5"),
        ]),
        line(&[
            ("run_id", "r"),
            ("signal_id", "2"),
            ("market_id", "n"),
            ("in_frozen_table", "0"),
            ("venue_notes", "FEES_UNKNOWN"),
        ]),
        line(&[("run_id", "other"), ("signal_id", "3"), ("in_frozen_table", "1")]),
    ]
    .join("\n");
    let log = log(&[ROW]);
    let facts = Facts::default();
    let json = day14_json(Some(log.as_bytes()), Some(sets.as_bytes()), &facts).expect("report");
    let report: Value = serde_json::from_str(&json).expect("json");
    let venue = &report["venue"];
    assert_eq!(venue["rows_total"], 2);
    assert_eq!(venue["in_frozen_table"]["venue_total_pnl"]["e12"], "0.5");
    assert_eq!(venue["in_frozen_table"]["frozen_total_pnl"]["e12"], "-0.15408");
    assert_eq!(venue["outside_frozen_table"]["venue_total_pnl"], Value::Null);
    assert_eq!(venue["blank_by_reason"]["FEES_UNKNOWN"], 1);
    assert_eq!(
        (&venue["sets_seen"], &venue["sets_that_could_ever_be_liquid"]),
        (&2.into(), &1.into())
    );
    assert_eq!(report["day14"]["by_market"][0]["venue_total_pnl"]["e12"], "0.5");
    assert_eq!(report["evidence"]["signals_outside_frozen"], 1);
    assert_eq!(report["verdict"]["go"], false);
}

#[test]
fn capital_is_optional_and_in_percent() {
    let facts = Facts { starting_capital: Some("100".into()), ..Facts::default() };
    let report = report(&[ROW], &facts);
    assert_eq!(report["day14"]["capital"]["pnl_pct"]["e12"], "-0.15408");
    let bad = Facts { starting_capital: Some("x".into()), ..Facts::default() };
    assert!(matches!(
        day14_report(None, None, &bad),
        Err(Day14Error::Fact { name: "starting_capital", cause: UnitError::NotDecimal })
    ));
}

#[test]
fn tables_that_cannot_be_read_are_typed_errors() {
    let facts = Facts::default();
    for (text, missing) in [("", "run_id"), ("run_id\n", "schema_version")] {
        match day14_report(Some(text.as_bytes()), None, &facts) {
            Err(Day14Error::Log(CsvError::MissingColumn { name })) => assert_eq!(name, missing),
            other => panic!("{other:?}"),
        }
    }
    let sets = day14_report(None, Some(b"\xff"), &facts);
    assert!(matches!(sets, Err(Day14Error::Sets(CsvError::NotUtf8 { at: 0 }))));
}

fn settled_with(rows: &[Row], liquid: Option<&str>, thin: Option<&str>) -> Value {
    let shares = NewShares { liquid: liquid.map(str::to_owned), thin: thin.map(str::to_owned) };
    let json = resettled_json(log(rows).as_bytes(), &Facts::default(), &shares).expect("report");
    serde_json::from_str(&json).expect("json")
}

#[test]
fn settling_again_with_the_share_that_was_used_changes_nothing() {
    let rows = [ROW, Row { id: "2", bucket: "liquid", notes: "\"MISSING_BID,NO_TRADES\"", ..ROW }];
    let before = report(&rows, &Facts::default());
    for (liquid, thin) in [(None, None), (Some("0.5"), Some("0.5"))] {
        assert_eq!(settled_with(&rows, liquid, thin), before);
    }
}

#[test]
fn another_share_settles_by_the_frozen_formula() {
    // V 30 and 12 at a share of 0.25: fills 7.5 and 3, three sets, 4.5 left over.
    let after = settled_with(&[ROW], None, Some("0.25"));
    assert_eq!(after["day14"]["pnl_set_sum"]["e12"], "0.0288");
    assert_eq!(after["day14"]["pnl_left_total_sum"]["e12"], "-0.23814");
    assert_eq!(after["day14"]["total_pnl_sum"]["e12"], "-0.20934");
    assert_eq!(after["day14"]["set_ratio_avg"]["e12"], "0.571428571429");
    assert_eq!(after["stress"]["baseline"]["total_pnl_sum"]["e12"], "-0.20934");
    assert_eq!(after["venue"], Value::Null);
}

#[test]
fn a_bucket_without_a_new_share_keeps_its_rows() {
    let rows =
        [ROW, Row { id: "2", bucket: "liquid", ..ROW }, Row { id: "3", bucket: "odd", ..ROW }];
    let after = settled_with(&rows, Some("0.25"), None);
    assert_eq!(after["by_bucket"]["liquid"]["pnl"]["e12"], "-0.20934");
    assert_eq!(after["by_bucket"]["thin"]["pnl"]["e12"], "-0.15408");
}

#[test]
fn a_share_of_zero_is_noted_and_a_share_above_it_is_not() {
    let rows = [Row { notes: "\"NO_TRADES,BUCKET_THIN_NAN\"", ..ROW }];
    let zero = settled_with(&rows, None, Some("0"));
    let reasons = |value: &Value| -> Vec<String> {
        let lines = value["day14"]["by_notes"].as_array().expect("notes").clone();
        lines.iter().map(|line| line["key"][0].as_str().expect("key").to_owned()).collect()
    };
    assert_eq!(reasons(&zero), ["BUCKET_THIN_NAN,FILL_SHARE_P25_ZERO,NO_TRADES"]);
    assert_eq!(zero["day14"]["total_pnl_sum"]["e12"], "0");
    let rows = [Row { notes: "FILL_SHARE_P25_ZERO", ..ROW }];
    assert_eq!(reasons(&settled_with(&rows, None, Some("0.5"))), ["OK"]);
}

#[test]
fn a_failed_settlement_stays_failed_and_an_unreadable_row_becomes_bad() {
    let failed = [Row { notes: "INTERNAL_ERROR", pnl: "0", ratio: "0", ..ROW }];
    assert_eq!(settled_with(&failed, None, Some("0.1"))["day14"]["total_pnl_sum"]["e12"], "0");
    let text = log(&[ROW]).replace(",0.49,0.48,30,", ",0.49,0.48,many,");
    let shares = NewShares { thin: Some("0.1".to_owned()), liquid: None };
    let json = resettled_json(text.as_bytes(), &Facts::default(), &shares).expect("report");
    let value: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(value["day14"]["rows_bad"], 1);
}

#[test]
fn a_share_that_is_none_is_refused_by_name() {
    for share in ["1.1", "-0.1", "half"] {
        let shares = NewShares { liquid: Some(share.to_owned()), thin: None };
        let error = resettled_json(log(&[ROW]).as_bytes(), &Facts::default(), &shares);
        let text = error.expect_err("refused").to_string();
        assert!(text.starts_with("fill share of liquid of the report: "), "{text}");
    }
}
