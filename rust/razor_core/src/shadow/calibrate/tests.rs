//! Rows, their reading, and the figures, against hand-made tables.

use serde_json::Value;

use super::read::CellRule;
use super::*;
use crate::shadow::csv::CsvError;

const FIRE: Sample<'_> = Sample {
    ts_ms: 1_800_000_000_000,
    run_id: "run_a",
    mode: FillSource::Sim,
    signal_id: 7,
    attempt: 1,
    rung: Rung::Fire,
    bucket: Bucket::Thin,
    market_id: "0xabc",
    token_id: "101",
    side: Side::Buy,
    req_qty: Qty(10_000_000),
    filled_qty: Some(Qty(2_500_000)),
    v_mkt: Some(AttoShares(40 * ATTO)),
    ask_size_best: Some(Qty(25_000_000)),
    bid_size_best: Some(Qty(1_250_000)),
};

fn table(samples: &[Sample<'_>]) -> String {
    let mut text = format!("{CALIBRATION_HEADER}\n");
    for sample in samples {
        row(&mut text, sample);
    }
    text
}

fn line(sample: &Sample<'_>) -> String {
    let mut text = String::new();
    row(&mut text, sample);
    text
}

fn filled(micros: u64) -> Sample<'static> {
    Sample { filled_qty: Some(Qty(micros)), ..FIRE }
}

fn fault(text: &str) -> LogFault {
    read_log(text.as_bytes()).expect_err("a fault")
}

fn found(tables: &[(&str, String)], least: u64) -> Value {
    let tables: Vec<_> =
        tables.iter().map(|(file, text)| ((*file).to_owned(), text.as_bytes())).collect();
    let json = calibration_json(&tables, least).expect("calibration");
    serde_json::from_str(&json).expect("json")
}

/// The line of `FIRE` with one cell replaced.
fn spoilt(column: &str, cell: &str) -> String {
    let place = CALIBRATION_HEADER.split(',').position(|name| name == column).expect("column");
    let line = line(&FIRE);
    let mut cells: Vec<&str> = line.trim_end().split(',').collect();
    cells[place] = cell;
    format!("{CALIBRATION_HEADER}\n{}\n", cells.join(","))
}

#[test]
fn a_row_is_the_line_that_the_documentation_shows() {
    assert_eq!(
        line(&FIRE),
        "1800000000000,run_a,SIM,7,1,FIRE,thin,0xabc,101,BUY,10,2.5,40,0.25,0.0625,25,1.25\n"
    );
    assert_eq!(CALIBRATION_HEADER.split(',').count(), line(&FIRE).trim_end().split(',').count());
}

#[test]
fn what_nobody_knows_is_blank_and_never_zero() {
    let unknown = Sample {
        filled_qty: None,
        v_mkt: None,
        ask_size_best: None,
        bid_size_best: None,
        rung: Rung::FlatThree,
        side: Side::Sell,
        mode: FillSource::Live,
        bucket: Bucket::Liquid,
        ..FIRE
    };
    assert_eq!(
        line(&unknown),
        "1800000000000,run_a,LIVE,7,1,FLATTEN,liquid,0xabc,101,SELL,10,,,,,,\n"
    );
    let dry = Sample { v_mkt: Some(AttoShares(0)), ..filled(0) };
    assert!(line(&dry).contains(",10,0,0,0,,25,"), "{}", line(&dry));
}

#[test]
fn text_from_outside_stays_one_cell_that_no_spreadsheet_runs() {
    let hostile = Sample { market_id: "=A1,\"x\"\n", token_id: "@t", ..FIRE };
    assert!(line(&hostile).contains(",\"'=A1,\"\"x\"\" \",'@t,"), "{}", line(&hostile));
    let log = read_log(table(&[hostile]).as_bytes()).expect("log");
    assert_eq!((log.rows, log.taken.len()), (1, 1));
}

#[test]
fn shares_are_rounded_down_and_clamped() {
    let third = Sample { req_qty: Qty(3_000_000), ..filled(2_000_000) };
    assert!(line(&third).contains(",0.666666666666,"), "{}", line(&third));
    let over = filled(10_000_001);
    assert!(line(&over).contains(",10.000001,40,1,0.250000025,"), "{}", line(&over));
    let more_than_traded = Sample { v_mkt: Some(AttoShares(ATTO)), ..filled(2_000_000) };
    assert!(line(&more_than_traded).contains(",2,1,0.2,1,"), "{}", line(&more_than_traded));
    assert_eq!(RealShare::of_request(PicoShares(1), PicoShares(0)), Ok(None));
    assert_eq!(RealShare::of_request(PicoShares(-1), PicoShares(1)), Ok(None));
    assert_eq!(RealShare::of(i128::MAX - 1, i128::MAX), Err(UnitError::Overflow));
    assert_eq!(RealShare::from_pico(-1).text(), "0");
}

#[test]
fn every_row_that_is_written_is_read_back() {
    let flat = Sample { rung: Rung::FlatOne, side: Side::Sell, ts_ms: 5, ..filled(0) };
    let lost = Sample { filled_qty: None, ts_ms: 9, ..FIRE };
    let log = read_log(table(&[FIRE, flat, lost]).as_bytes()).expect("log");
    assert_eq!((log.rows, log.rejected), (3, 1));
    assert_eq!(log.run_id.as_deref(), Some("run_a"));
    assert_eq!(log.mode, Some(FillSource::Sim));
    assert_eq!(log.span_ms, Some((5, 1_800_000_000_000)));
    let quarter = RealShare::from_pico(250_000_000_000);
    assert_eq!(
        log.taken,
        [
            Taken {
                bucket: Bucket::Thin,
                is_entry: true,
                of_request: quarter,
                of_volume: Some(RealShare::from_pico(62_500_000_000)),
            },
            Taken {
                bucket: Bucket::Thin,
                is_entry: false,
                of_request: RealShare::from_pico(0),
                of_volume: Some(RealShare::from_pico(0)),
            },
        ]
    );
}

#[test]
fn a_table_without_rows_has_no_run_and_no_mode() {
    let json = found(&[("a", table(&[]))], 30);
    assert_eq!(json["mode"], Value::Null);
    assert_eq!(json["runs"][0]["run_id"], Value::Null);
    assert_eq!(json["thin"]["frozen"]["req"]["low"], Value::Null);
    assert_eq!(json["thin"]["frozen"]["req"]["status"], "insufficient_samples");
}

#[test]
fn the_frozen_rules_reject_what_is_no_sample_and_count_it() {
    for (column, cell) in [
        ("filled_qty", "NaN"),
        ("filled_qty", "-inf"),
        ("filled_qty", "-1"),
        ("filled_qty", ""),
        ("req_qty", "0"),
        ("req_qty", "-3"),
        ("req_qty", "Infinity"),
        ("req_qty", ""),
    ] {
        let text = spoilt(column, cell).replace(",0.25,0.0625,", ",,,");
        let log = if column == "req_qty" && !cell.is_empty() && cell != "Infinity" {
            // Of the volume the fill still has a share, which is written and read.
            read_log(text.replace(",40,,,", ",40,,0.0625,").as_bytes())
        } else {
            read_log(text.as_bytes())
        };
        let log = log.unwrap_or_else(|fault| panic!("{column}={cell}: {fault}"));
        assert_eq!((log.rows, log.rejected, log.taken.len()), (1, 1, 0), "{column}={cell}");
    }
}

#[test]
fn a_bad_cell_is_named_with_its_line_and_what_is_allowed() {
    let cases: [(&'static str, &str, CellRule); 13] = [
        ("ts_ms", "soon", CellRule::Whole),
        ("run_id", "", CellRule::Named),
        ("mode", "sim", CellRule::Words(&["SIM", "LIVE"])),
        ("signal_id", "-1", CellRule::Whole),
        ("attempt", "70000", CellRule::Whole),
        ("action", "END", CellRule::Words(&["FIRE", "CHASE", "FLATTEN"])),
        ("bucket", "Thin", CellRule::Words(&["liquid", "thin"])),
        ("side", "", CellRule::Words(&["BUY", "SELL"])),
        ("req_qty", "ten", CellRule::Decimal),
        ("filled_qty", "0.0000000000001", CellRule::Decimal),
        ("v_mkt", "40,", CellRule::Decimal),
        ("real_share_req", "0.26", CellRule::ShareOfRow),
        ("real_share_mkt", "", CellRule::ShareOfRow),
    ];
    for (column, cell, rule) in cases {
        let text = spoilt(column, &cell.replace(',', "x"));
        let found = cell.replace(',', "x");
        let expected = LogFault::Cell { line: 2, column, found, rule };
        assert_eq!(fault(&text), expected);
        assert!(expected.to_string().ends_with("razor audit rebuild RUN"));
    }
    assert_eq!(
        fault(&spoilt("action", "END")).to_string(),
        "line 2, action: found \"END\", allowed FIRE or CHASE or FLATTEN; write the table anew \
         from the journal: razor audit rebuild RUN"
    );
}

#[test]
fn a_share_may_be_one_unit_above_and_not_two_and_none_below() {
    assert!(read_log(spoilt("real_share_req", "0.250000000001").as_bytes()).is_ok());
    for cell in ["0.250000000002", "0.249999999999"] {
        assert!(matches!(fault(&spoilt("real_share_req", cell)), LogFault::Cell { .. }), "{cell}");
    }
}

#[test]
fn a_quantity_beyond_all_orders_is_a_fault_and_no_overflow() {
    let text =
        spoilt("req_qty", "99999999999999999999999999").replace(",2.5,", ",9999999999999999,");
    assert!(
        matches!(fault(&text), LogFault::Cell { column: "filled_qty", .. }),
        "{}",
        fault(&text)
    );
}

#[test]
fn a_torn_row_and_a_foreign_table_are_refused() {
    let whole = table(&[FIRE, FIRE]);
    assert_eq!(fault(&whole[..whole.len() - 1]), LogFault::Cut);
    let narrow = format!("{whole}1,run_a\n");
    assert_eq!(fault(&narrow), LogFault::Width { line: 4, found: 2, wanted: 17 });
    assert_eq!(fault(CALIBRATION_HEADER), LogFault::Cut);
    assert_eq!(
        fault("ts_ms,bucket\n"),
        LogFault::Table(CsvError::WrongHeader { table: "calibration_log.csv" })
    );
    assert!(matches!(fault(""), LogFault::Table(CsvError::WrongHeader { .. })));
    let quote = format!("{CALIBRATION_HEADER}\n\"open\n");
    assert!(matches!(fault(&quote), LogFault::Table(CsvError::OpenQuote { .. })));
}

#[test]
fn rows_of_two_runs_or_modes_in_one_table_are_refused() {
    let other = Sample { run_id: "run_b", ..FIRE };
    let LogFault::Cell { line, column, rule, .. } = fault(&table(&[FIRE, other])) else {
        panic!("no cell fault")
    };
    assert_eq!((line, column, rule), (3, "run_id", CellRule::SameAsFirst));
    let live = Sample { mode: FillSource::Live, ..FIRE };
    let LogFault::Cell { column, rule, .. } = fault(&table(&[FIRE, live])) else {
        panic!("no cell fault")
    };
    assert_eq!((column, rule), ("mode", CellRule::SameAsFirst));
}

#[test]
fn tables_of_two_modes_or_one_run_are_refused_by_name() {
    let live = Sample { mode: FillSource::Live, run_id: "run_b", ..FIRE };
    let of = |second: &Sample<'_>| {
        let tables = [("a".to_owned(), table(&[FIRE])), ("b".to_owned(), table(&[*second]))];
        calibrate(&tables, 30).expect_err("refused")
    };
    assert_eq!(
        of(&live).to_string(),
        "a has fills of mode SIM, b of another; calibrate SIM and LIVE runs apart"
    );
    assert_eq!(of(&FIRE).to_string(), "a and b are of one run, run_a; name each run once");
    let broken = [("x.csv".to_owned(), "y".to_owned())];
    let text = calibrate(&broken, 30).expect_err("refused").to_string();
    assert!(text.starts_with("x.csv: the header is not that of calibration_log.csv"), "{text}");
}

#[test]
fn the_reference_quantile_of_the_frozen_spec() {
    // 40 samples 0.00..0.39: index 9, 0.09.
    let samples: Vec<_> = (0..40).map(|index| filled(index * 100_000)).collect();
    let json = found(&[("a", table(&samples))], 30);
    let figures = &json["thin"]["frozen"]["req"];
    assert_eq!(figures["p25"], "0.09");
    assert_eq!(figures["status"], "ok");
    assert_eq!(figures["histogram"], serde_json::json!([10, 10, 10, 10, 0, 0, 0, 0, 0, 0]));
    assert_eq!(json["liquid"]["frozen"]["req"]["samples"], 0);
}

#[test]
fn one_sample_too_few_gives_no_percentile_and_no_minimum_is_under_one() {
    let samples = vec![FIRE; 29];
    let json = found(&[("a", table(&samples))], 30);
    assert_eq!(json["thin"]["frozen"]["req"]["p25"], Value::Null);
    assert_eq!(json["thin"]["frozen"]["req"]["low"], "0.25");
    let json = found(&[("a", table(&samples))], 29);
    assert_eq!(json["thin"]["frozen"]["req"]["p25"], "0.25");
    let json = found(&[("a", table(&[]))], 0);
    assert_eq!(json["min_samples"], 1);
    assert_eq!(json["thin"]["frozen"]["req"]["status"], "insufficient_samples");
}

#[test]
fn the_frozen_set_has_the_sales_the_clean_one_has_not() {
    let flat = Sample { rung: Rung::FlatTwo, side: Side::Sell, v_mkt: None, ..filled(10_000_000) };
    let chase = Sample { rung: Rung::ChaseTwo, ..filled(0) };
    let second = Sample { run_id: "run_b", ..FIRE };
    let json = found(&[("a", table(&[FIRE, flat, chase])), ("b", table(&[second]))], 1);
    let count = |set: &str, measure: &str| json["thin"][set][measure]["samples"].clone();
    assert_eq!([count("frozen", "req"), count("clean", "req"), count("flatten", "req")], [4, 3, 1]);
    assert_eq!([count("frozen", "mkt"), count("clean", "mkt"), count("flatten", "mkt")], [3, 3, 0]);
    assert_eq!(json["thin"]["flatten"]["req"]["histogram"][9], 1);
    assert_eq!(json["rows"], 4);
    assert_eq!(json["runs"][1]["run_id"], "run_b");
}
