//! Replay of a predecessor's directory at the edges of RAZOR_SPEC §20: what is skipped, what is
//! read as something else, what is an error, and that order and repeats are taken as they are.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/signals.rs"]
mod signals;

use razor_core::shadow::csv::CsvError;
use razor_core::shadow::predecessor::{
    ReplayError, ReplayParams, Replayed, SNAPSHOTS_HEADER, TRADES_HEADER, replay,
};
use razor_core::shadow::rows::SHADOW_LOG_HEADER;
use razor_core::shadow::settle::SettleRules;
use razor_core::signal::BrainParams;
use razor_core::signal::brain::BrainError;
use razor_core::units::{Bps, Nanos, UnitError};
use signals::{MS, pico, rules};

fn params() -> ReplayParams {
    ReplayParams {
        brain: BrainParams {
            risk_premium: Bps::new(80),
            min_net_edge: Bps::new(10),
            q_req: pico("10"),
            cooldown_ms: 1_000,
            max_staleness: Some(Nanos(500 * MS)),
        },
        rules: rules(),
        run_id: "replay_x".to_owned(),
    }
}

/// A snapshot that signals: 0.49 and 0.48, thin.
const SHOT: &str = "10000,m,2,a,0.48,0.49,100,b,0.47,0.48,100,,,,";

fn shots(lines: &[&str]) -> String {
    format!("{SNAPSHOTS_HEADER}\n{}\n", lines.join("\n"))
}

fn trades(lines: &[&str]) -> String {
    format!("{TRADES_HEADER}\n{}\n", lines.join("\n"))
}

fn run(snapshots: &[&str], prints: &[&str]) -> Result<Replayed, ReplayError> {
    replay(shots(snapshots).as_bytes(), trades(prints).as_bytes(), &params())
}

/// One cell of the replayed rows.
fn column(replayed: &Replayed, name: &str) -> Vec<String> {
    let place = SHADOW_LOG_HEADER.split(',').position(|known| known == name).expect("column");
    let rows = replayed.shadow_log.lines().skip(1);
    rows.map(|line| line.splitn(38, ',').nth(place).expect("cell").trim_matches('"').to_owned())
        .collect()
}

fn shot(cells: &[(usize, &str)]) -> String {
    let mut all: Vec<&str> = SHOT.split(',').collect();
    for (place, cell) in cells {
        all[*place] = cell;
    }
    all.join(",")
}

#[test]
fn a_snapshot_signals_at_its_own_time_without_a_staleness_test() {
    let replayed = run(&[SHOT], &[]).expect("replay");
    assert_eq!((replayed.rows, replayed.snapshots, replayed.snapshots_skipped), (1, 1, 0));
    assert_eq!(column(&replayed, "signal_ts_unix_ms"), ["10000"]);
    assert_eq!(column(&replayed, "run_id"), ["replay_x"]);
    assert_eq!(column(&replayed, "strategy"), ["binary"]);
    assert_eq!(column(&replayed, "worst_leg_token_id"), ["a"]);
    assert_eq!(column(&replayed, "notes"), ["NO_TRADES,WINDOW_EMPTY"]);
    let triangle = "10000,m,3,a,0.3,0.31,100,b,0.3,0.31,90,c,0.3,0.31,95";
    let replayed = run(&[triangle], &[]).expect("replay");
    assert_eq!(column(&replayed, "strategy"), ["triangle"]);
    assert_eq!(column(&replayed, "worst_leg_token_id"), ["b"]);
}

#[test]
fn rows_that_cannot_be_a_set_are_skipped_and_counted() {
    for (line, skipped) in [
        (shot(&[(2, "1")]), 1),
        (shot(&[(2, "4")]), 1),
        (shot(&[(2, "0")]), 1),
        (shot(&[(3, "")]), 1),
        (shot(&[(7, " ")]), 1),
        // Three legs named, the third without a token.
        (shot(&[(2, "3")]), 1),
        // Asks that sum to nothing.
        (shot(&[(5, "0"), (9, "0")]), 1),
        (shot(&[(5, "0")]), 0),
        // An unused leg may be anything.
        (shot(&[(11, "x"), (12, "y"), (13, "-9"), (14, "z")]), 0),
        (shot(&[]), 0),
    ] {
        let replayed = run(&[&line], &[]).expect("replay");
        assert_eq!(replayed.snapshots_skipped, skipped, "{line}");
        assert_eq!(replayed.snapshots, 1 - skipped, "{line}");
    }
}

#[test]
fn a_skipped_row_must_still_have_a_readable_time_and_leg_count() {
    for (place, name) in [(0, "ts_ms"), (2, "legs_n")] {
        for cell in ["", "x", "-1", "1.0", "18446744073709551616"] {
            let line = shot(&[(3, ""), (place, cell)]);
            let error = ReplayError::Cell {
                table: "snapshots.csv",
                row: 2,
                column: name,
                cause: UnitError::NotDecimal,
            };
            assert_eq!(run(&[SHOT, &line], &[]).err(), Some(error), "{name} {cell:?}");
        }
    }
}

#[test]
fn times_beyond_the_clock_are_refused() {
    for ms in ["9223372036855", "9223372036854775807", "18446744073709551615"] {
        let found = run(&[&shot(&[(0, ms)])], &[]).err();
        let is_time = matches!(found, Some(ReplayError::Cell { column: "ts_ms", row: 1, .. }));
        assert!(is_time, "{ms}: {found:?}");
        let line = format!("{ms},m,a,0.4,1,t,,");
        let found = run(&[SHOT], &[&line]).err();
        let is_time = matches!(found, Some(ReplayError::Cell { table: "trades.csv", row: 1, .. }));
        assert!(is_time, "{ms}: {found:?}");
    }
    assert!(run(&[&shot(&[(0, "9223372036854")])], &[]).is_ok());
}

#[test]
fn unreadable_quotes_read_as_the_frozen_rules_say() {
    // bid → 0, ask → 1, depth → NaN.
    for cell in ["", "NaN", "inf", "x", "nan"] {
        let replayed = run(&[&shot(&[(4, cell)])], &[]).expect("replay");
        assert_eq!(column(&replayed, "leg0_best_bid"), ["0"], "{cell:?}");
        assert_eq!(
            column(&replayed, "notes"),
            ["BUCKET_THIN_NAN,MISSING_BID,NO_TRADES,WINDOW_EMPTY"]
        );
        let replayed = run(&[&shot(&[(5, cell)])], &[]).expect("replay");
        assert_eq!((replayed.rows, replayed.brain.below_edge), (0, 1), "{cell:?}");
        let replayed = run(&[&shot(&[(6, cell)])], &[]).expect("replay");
        assert_eq!(
            column(&replayed, "notes"),
            ["BUCKET_THIN_NAN,NO_TRADES,WINDOW_EMPTY"],
            "{cell:?}"
        );
        assert_eq!(column(&replayed, "worst_leg_token_id"), [""]);
    }
    let replayed = run(&[&shot(&[(4, "-0.3")])], &[]).expect("replay");
    assert_eq!(column(&replayed, "leg0_best_bid"), ["0"], "a negative bid is none");
}

#[test]
fn quotes_that_exact_units_cannot_hold_are_errors_and_never_guesses() {
    for (place, name, cell, cause) in [
        (4, "leg0_best_bid", "1.000001", UnitError::Overflow),
        (4, "leg0_best_bid", "0.1234567", UnitError::TooFine { scale: 6 }),
        (5, "leg0_best_ask", "-0.01", UnitError::Negative),
        (5, "leg0_best_ask", "0.1234567", UnitError::TooFine { scale: 6 }),
        (8, "leg1_best_bid", "7", UnitError::Overflow),
        (9, "leg1_best_ask", "-1", UnitError::Negative),
    ] {
        let found = run(&[&shot(&[(place, cell)])], &[]).expect_err("error");
        let ReplayError::Cell { table, row, column, cause: found_cause } = found else {
            panic!("{found}")
        };
        assert_eq!((table, row, column), ("snapshots.csv", 1, name));
        assert_eq!(found_cause, cause, "{cell}");
        assert!(found.to_string().contains(name), "{found}");
    }
    // An ask above one dollar cannot signal and is read as one.
    let replayed = run(&[&shot(&[(5, "3.5")])], &[]).expect("replay");
    assert_eq!((replayed.rows, replayed.brain.below_edge), (0, 1));
}

#[test]
fn depths_decide_the_bucket_and_their_oddities_its_codes() {
    for (depth, bucket_notes) in [
        ("100", ""),
        ("0", "BUCKET_THIN_NAN"),
        ("-5", "BUCKET_THIN_NAN"),
        ("10000000", ""),
        ("10000000.000000000001", "BUCKET_THIN_NAN,DEPTH_UNIT_SUSPECT"),
        ("1e30", "BUCKET_THIN_NAN,DEPTH_UNIT_SUSPECT"),
        ("1e300", "BUCKET_THIN_NAN,DEPTH_UNIT_SUSPECT"),
        ("-1e300", "BUCKET_THIN_NAN"),
    ] {
        let replayed = run(&[&shot(&[(6, depth)])], &[]).expect("replay");
        let notes = column(&replayed, "notes")[0].replace("NO_TRADES,WINDOW_EMPTY", "");
        assert_eq!(notes.trim_end_matches(','), bucket_notes, "{depth}");
    }
}

#[test]
fn the_window_is_closed_on_both_ends_of_the_ingest_time() {
    for (at, volume) in [("10099", "0"), ("10100", "7"), ("11100", "7"), ("11101", "0")] {
        let replayed = run(&[SHOT], &[&format!("1,m,a,0.49,7,t,{at},")]).expect("replay");
        assert_eq!(column(&replayed, "leg0_v_mkt"), [volume], "{at}");
        // Without an ingest time the row's own time stands.
        for none in ["", "0", "x", "-5"] {
            let replayed = run(&[SHOT], &[&format!("{at},m,a,0.49,7,t,{none},5")]).expect("replay");
            assert_eq!(column(&replayed, "leg0_v_mkt"), [volume], "{at} {none:?}");
        }
    }
}

#[test]
fn volume_counts_by_market_and_token_at_or_under_the_limit() {
    for (line, volume) in [
        ("1,m,a,0.49,7,t,10500,", "7"),
        ("1,m,a,0.490000000000000001,7,t,10500,", "0"),
        ("1,m,b,0.48,7,t,10500,", "0"),
        ("1,n,a,0.1,7,t,10500,", "0"),
        ("1,m,A,0.1,7,t,10500,", "0"),
        ("1,m,a,-0.1,7,t,10500,", "7"),
        ("1,m,a,0.1,-7,t,10500,", "-7"),
        ("1, m , a , 0.49 , 7 ,t, 10500 ,", "7"),
    ] {
        let replayed = run(&[SHOT], &[line]).expect("replay");
        assert_eq!(column(&replayed, "leg0_v_mkt"), [volume], "{line}");
    }
}

#[test]
fn repeats_of_an_id_are_taken_and_counted() {
    let line = "1,m,a,0.4,3,t1,10500,";
    let other = "1,m,a,0.4,3,t2,10500,";
    let blank = "1,m,a,0.4,3,,10500,";
    for (lines, repeats, volume) in [
        (vec![line, line], 1, "6"),
        (vec![line, other, line, line], 2, "12"),
        (vec![blank, blank, blank], 0, "9"),
    ] {
        let replayed = run(&[SHOT], &lines).expect("replay");
        assert_eq!(replayed.trades_duplicated, repeats);
        assert_eq!(usize::try_from(replayed.trades).expect("count"), lines.len());
        assert_eq!(column(&replayed, "leg0_v_mkt"), [volume]);
    }
}

#[test]
fn trades_that_cannot_be_read_are_errors_with_their_place() {
    for (place, name) in [(0, "ts_ms"), (3, "price"), (4, "size")] {
        for cell in ["", "x", "NaN", "inf"] {
            let mut cells: Vec<&str> = "1,m,a,0.4,3,t,10500,".split(',').collect();
            cells[place] = cell;
            let bad = cells.join(",");
            let found = run(&[SHOT], &["1,m,a,0.4,3,t,10500,", &bad]).err();
            let placed = matches!(
                found,
                Some(ReplayError::Cell { table: "trades.csv", row: 2, column, .. }) if column == name
            );
            assert!(placed, "{name} {cell:?}: {found:?}");
        }
    }
}

#[test]
fn headers_must_be_exact_and_text_readable() {
    let (good_shots, good_trades) = (shots(&[SHOT]), trades(&[]));
    let params = params();
    for (old, new) in [
        ("ts_ms,market_id,legs_n", "ts_ms,market_id,LEGS_N"),
        ("leg2_depth3_usdc", "leg2_depth3_usdc,x"),
        (SNAPSHOTS_HEADER, ""),
    ] {
        let text = good_shots.replacen(old, new, 1);
        let cause = CsvError::WrongHeader { table: "snapshots.csv" };
        let found = replay(text.as_bytes(), good_trades.as_bytes(), &params).err();
        assert_eq!(found, Some(ReplayError::Table { table: "snapshots.csv", cause }));
    }
    let found = replay(good_shots.as_bytes(), SNAPSHOTS_HEADER.as_bytes(), &params).err();
    let cause = CsvError::WrongHeader { table: "trades.csv" };
    assert_eq!(found, Some(ReplayError::Table { table: "trades.csv", cause }));
    for bytes in [b"\xff".as_slice(), b""] {
        assert!(replay(bytes, good_trades.as_bytes(), &params).is_err());
        assert!(replay(good_shots.as_bytes(), bytes, &params).is_err());
    }
    let open = format!("{good_trades}1,m,\"a,0.4,3,t,10500,\n");
    let found = replay(good_shots.as_bytes(), open.as_bytes(), &params).err();
    let cause = CsvError::OpenQuote { line: 3 };
    assert_eq!(found, Some(ReplayError::Table { table: "trades.csv", cause }));
}

#[test]
fn empty_tables_give_the_header_alone() {
    let (none, no_trades) = (format!("{SNAPSHOTS_HEADER}\n"), TRADES_HEADER.to_owned());
    let replayed = replay(none.as_bytes(), no_trades.as_bytes(), &params()).expect("replay");
    assert_eq!(replayed.shadow_log, format!("{SHADOW_LOG_HEADER}\n"));
    assert_eq!((replayed.rows, replayed.snapshots, replayed.trades), (0, 0, 0));
}

#[test]
fn both_tables_are_sorted_by_time_and_ties_stay_in_file_order() {
    let later = shot(&[(0, "12000")]);
    // At the same moment two cells of one market: the first line gets the first id.
    let cheaper = shot(&[(5, "0.45")]);
    for (lines, times, limits) in [
        (vec![later.as_str(), SHOT], ["10000", "12000"], ["0.49", "0.49"]),
        (vec![SHOT, cheaper.as_str()], ["10000", "10000"], ["0.49", "0.45"]),
        (vec![cheaper.as_str(), SHOT], ["10000", "10000"], ["0.45", "0.49"]),
    ] {
        let replayed = run(&lines, &[]).expect("replay");
        assert_eq!(column(&replayed, "signal_ts_unix_ms"), times);
        assert_eq!(column(&replayed, "leg0_p_limit"), limits);
        assert_eq!(column(&replayed, "signal_id"), ["1", "2"]);
    }
    let prints = ["1,m,b,0.4,12,t2,11100,", "1,m,a,0.4,30,t1,10100,"];
    let replayed = run(&[SHOT], &prints).expect("replay");
    assert_eq!(column(&replayed, "total_pnl"), ["-0.15408"]);
    assert_eq!(column(&replayed, "notes"), ["WINDOW_DATA_GAP"], "the gap is that of sorted times");
}

#[test]
fn the_cooldown_runs_on_the_time_of_the_snapshots_and_is_never_pruned() {
    let at = |ms: &str| shot(&[(0, ms)]);
    let lines = [at("10000"), at("10999"), at("11000"), at("11001"), at("12000")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let replayed = run(&lines, &[]).expect("replay");
    assert_eq!(column(&replayed, "signal_ts_unix_ms"), ["10000", "11000", "12000"]);
    assert_eq!(replayed.brain.signals_suppressed, 2);
    let long = ReplayParams {
        brain: BrainParams { cooldown_ms: 10 * 3_600_000, ..params().brain },
        ..params()
    };
    let lines: Vec<String> =
        (0..9).map(|hour| at(&(10_000 + hour * 3_700_000).to_string())).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let text = shots(&lines);
    let replayed = replay(text.as_bytes(), trades(&[]).as_bytes(), &long).expect("replay");
    assert_eq!((replayed.rows, replayed.brain.signals_suppressed), (1, 8));
}

#[test]
fn codes_the_predecessors_replay_never_raises_are_not_raised() {
    let suspect =
        SettleRules { size_suspect: signals::shares("1"), notional_suspect_atto: 1, ..rules() };
    let params = ReplayParams { rules: suspect, ..params() };
    let prints = trades(&["1,m,a,0.4,99999,t1,10500,", "1,m,b,0.4,99999,t1,10500,"]);
    let replayed = replay(shots(&[SHOT]).as_bytes(), prints.as_bytes(), &params).expect("replay");
    assert_eq!(column(&replayed, "notes"), [""]);
    assert_eq!(column(&replayed, "set_ratio"), ["1"]);
}

#[test]
fn market_and_token_texts_cannot_act_on_their_reader() {
    let line = "10000,=cmd,2,+a,0.48,0.49,100,\"b,c\",0.47,0.48,100,,,,";
    let replayed = run(&[line], &["1,=cmd,+a,0.4,7,t,10500,"]).expect("replay");
    let row = replayed.shadow_log.lines().nth(1).expect("row");
    assert!(
        row.contains(",'=cmd,binary,") && row.contains(",'+a,") && row.contains(",\"b,c\","),
        "{row}"
    );
    assert!(row.contains(",0.49,0.48,7,"), "the tokens still match: {row}");
}

#[test]
fn settings_the_generator_refuses_are_an_error() {
    let params =
        ReplayParams { brain: BrainParams { q_req: pico("0"), ..params().brain }, ..params() };
    let found = replay(shots(&[SHOT]).as_bytes(), trades(&[]).as_bytes(), &params).err();
    assert_eq!(found, Some(ReplayError::Brain(BrainError::QReq { pico: 0 })));
}
