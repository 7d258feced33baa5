//! Quote records: sets are judged only when whole in one record, once, and only below the screen.

use razor_core::engine::quote::{QuoteError, decode_quotes};
use razor_core::engine::record::Kind;
use razor_core::engine::table::Table;
use razor_core::ids::SetIx;
use razor_core::signal::Depth3;
use razor_core::units::UnitError;

use super::run::{MS, PARAMS, Run, T0_MS, both, condition, group, market, meta, token};

const CHEAP: &str = "0,0.30,0.32;1,0.30,0.32;2,0.30,0.32";

#[test]
fn a_set_is_judged_only_when_whole_in_one_record() {
    for (records, signals) in [
        (&["0,0.3,0.32;1,0.3,0.32;2,0.3,0.32"][..], 1),
        (&["0,0.3,0.32;1,0.3,0.32", "2,0.3,0.32"], 0),
        (&["0,0.3,0.32", "1,0.3,0.32", "2,0.3,0.32"], 0),
        (&["2,0.3,0.32;0,0.3,0.32;1,0.3,0.32"], 1),
        // The same market twice in a record: the later entry is its quote.
        (&["0,0.3,0.9;0,0.3,0.32;1,0.3,0.32;2,0.3,0.32"], 1),
        (&["0,0.3,0.32;0,0.3,0.9;1,0.3,0.32;2,0.3,0.32"], 0),
    ] {
        let mut run = Run::triangle();
        for record in records {
            run.at(10).taken(Kind::Quote, record);
        }
        assert_eq!(run.tables.signals.len(), signals, "{records:?}");
    }
}

#[test]
fn a_set_is_judged_once_per_record_however_many_legs_it_has_in_it() {
    let mut run = Run::triangle();
    run.at(10).taken(Kind::Quote, CHEAP);
    assert_eq!(run.engine.counters().ticks_processed, 1);
    run.at(20).taken(Kind::Quote, CHEAP);
    assert_eq!(run.engine.counters().ticks_processed, 2);
    assert_eq!(run.end()["set_checks"], 2);
}

#[test]
fn several_sets_of_one_record_are_judged_each_for_itself() {
    let mut run = Run::new();
    let sets = [group("ab", &["a", "b"]), group("abc", &["a", "b", "c"]), group("bc", &["b", "c"])];
    run.meta(&["a", "b", "c"], &sets);
    assert_eq!(run.at(10).taken(Kind::Quote, "1,0.2,0.3;0,0.1,0.2"), 1);
    assert_eq!(run.tables.signals[0].set, SetIx(0));
    assert_eq!(run.at(2_000).taken(Kind::Quote, "0,0.1,0.2;1,0.2,0.3;2,0.2,0.3"), 3);
    let ids: Vec<u64> = run.tables.signals.iter().map(|signal| signal.signal_id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
}

/// Three asks in 10⁻⁶ dollars, and whether the frozen gate lets the set through: the sum may be
/// 1 − 0.0210 − 0.0080 − 0.0010 at most.
#[test]
fn the_gate_is_met_exactly_at_its_bound() {
    for (asks, raised) in [
        (["0.30", "0.30", "0.37"], 1),
        (["0.30", "0.30", "0.3699"], 1),
        (["0.30", "0.30", "0.370001"], 0),
        (["0.30", "0.30", "0.3701"], 0),
        (["0.33", "0.33", "0.33"], 0),
        (["0.000001", "0.000001", "0.000001"], 1),
        (["0.3", "0.3", ""], 0),
    ] {
        let mut run = Run::triangle();
        let record = format!("0,,{};1,,{};2,,{}", asks[0], asks[1], asks[2]);
        assert_eq!(run.at(10).taken(Kind::Quote, &record), raised, "{asks:?}");
        if raised == 1 {
            let sum: u32 = asks
                .iter()
                .map(|ask| razor_core::units::Price::parse(ask.as_bytes()).unwrap().micros())
                .sum();
            let net = 10_000 - i64::from(sum.div_ceil(100)) - 210 - 80;
            assert_eq!(i64::from(run.tables.signals[0].expected_net.raw()), net);
        }
    }
}

#[test]
fn the_gate_moves_with_its_settings_on_both_sides() {
    for (premium, edge, ask, raised) in [
        (0, 0, "0.379", 1),
        (0, 0, "0.3791", 0),
        (80, 1, "0.3709", 1),
        (80, 1, "0.371", 0),
        (-80, 0, "0.387", 1),
        (0, -300, "0.409", 1),
        (0, -300, "0.4091", 0),
    ] {
        let params = PARAMS
            .replace("\"risk_premium_bps\":80", &format!("\"risk_premium_bps\":{premium}"))
            .replace("\"min_net_edge_bps\":10", &format!("\"min_net_edge_bps\":{edge}"));
        let mut run = Run::with(&params);
        run.meta(&["a", "b", "c"], &[group("g", &["a", "b", "c"])]);
        let record = format!("0,,0.3;1,,0.3;2,,{ask}");
        assert_eq!(run.at(10).taken(Kind::Quote, &record), raised, "{premium} {edge} {ask}");
    }
}

#[test]
fn one_cell_of_two_basis_points_signals_once_per_cooldown() {
    let mut run = Run::triangle();
    for (ms, ask, raised) in [
        (0, "0.32", 1),
        (999, "0.32", 0),
        (999, "0.3201", 0),
        (999, "0.3202", 1),
        (1_000, "0.32", 1),
        (1_998, "0.3202", 0),
        (1_999, "0.3202", 1),
    ] {
        let record = format!("0,0.3,0.32;1,0.3,0.32;2,0.3,{ask}");
        assert_eq!(run.at(ms).taken(Kind::Quote, &record), raised, "{ms} {ask}");
    }
    run.at(2_000).end();
    assert_eq!(run.engine.counters().signals_suppressed, 3);
    assert_eq!(run.engine.counters().signals_emitted, 4);
}

#[test]
fn a_refused_record_leaves_the_quotes_and_every_set_alone() {
    for text in [
        "",
        "x",
        "0",
        "0,0.3",
        "0,0.3,0.32,1,2",
        ";",
        "0,0.3,0.32;",
        ",0.3,0.32",
        "-1,0.3,0.32",
        "3,0.3,0.32",
        "4294967296,0.3,0.32",
        "0,1.1,0.32",
        "0,0.3,-0.32",
        "0,NaN,0.32",
        "0,0.3,0.32,x",
        "0,0.3,0.32;1,0.3,0.32;2,0.3,0.32;9,0.1,0.2",
        "0,0.0000001,0.5",
        "0, 0.3,0.32",
        "0,0.3,0.32\n",
    ] {
        let mut run = Run::triangle();
        run.at(1).taken(Kind::Quote, "0,0.4,0.5");
        run.at(2).refused(Kind::Quote, text);
        assert!(run.tables.signals.is_empty(), "{text}");
        assert_eq!(run.engine.integrity().records_refused, 1, "{text}");
        assert_eq!(run.engine.counters().ticks_processed, 0, "{text}");
    }
}

#[test]
fn every_quote_error_names_its_entry() {
    let mut out = Vec::new();
    let bad = |entry, source| QuoteError::BadNumber { entry, source };
    for (text, error) in [
        ("", QuoteError::BadShape { entry: 0, fields: 1 }),
        ("0,1,1;7", QuoteError::BadShape { entry: 1, fields: 1 }),
        ("0,,;1,,,;2,,,,", QuoteError::BadShape { entry: 2, fields: 5 }),
        ("0,,;a,,", QuoteError::BadMarket { entry: 1 }),
        ("0,,;1.5,,", QuoteError::BadMarket { entry: 1 }),
        ("0,,;4294967296,,", QuoteError::BadMarket { entry: 1 }),
        ("0,x,", bad(0, UnitError::NotDecimal)),
        ("0,,x", bad(0, UnitError::NotDecimal)),
        ("0,,,x", bad(0, UnitError::NotDecimal)),
        ("0,1.000001,", bad(0, UnitError::Overflow)),
        ("0,0.0000001,", bad(0, UnitError::TooFine { scale: 6 })),
        ("0,,,0.0000001", bad(0, UnitError::TooFine { scale: 6 })),
        ("0,,,99999999999999999999", bad(0, UnitError::Overflow)),
    ] {
        out.push(out.first().copied().unwrap_or(razor_core::engine::quote::Quote {
            market: razor_core::ids::MarketIx(0),
            bid: None,
            ask: None,
            ask_depth3_micros: None,
        }));
        assert_eq!(decode_quotes(text.as_bytes(), &mut out), Err(error), "{text:?}");
        assert!(out.is_empty(), "{text:?}");
    }
}

#[test]
fn a_market_number_may_be_the_largest_but_must_be_defined() {
    let mut out = Vec::new();
    assert!(decode_quotes(b"4294967295,,", &mut out).is_ok());
    let mut run = Run::triangle();
    run.refused(Kind::Quote, "4294967295,,");
    run.taken(Kind::Quote, "2,,");
}

#[test]
fn nothing_offered_is_an_ask_of_one_and_nothing_bid_a_bid_of_zero() {
    for record in ["0,,0.2;1,0,0.2;2,0.000000,0.2", "2,,0.2;1,,0.2;0,,0.2"] {
        let mut run = Run::triangle();
        assert_eq!(run.at(10).taken(Kind::Quote, record), 1, "{record}");
        assert_eq!(run.tables.cell(Table::Snapshots, 0, "leg1_best_bid"), "0.000000");
    }
    for record in ["0,0.1,1;1,0.1,0.2;2,0.1,0.2", "0,0.1,;1,0.1,0.2;2,0.1,0.2"] {
        let mut run = Run::triangle();
        assert_eq!(run.at(10).taken(Kind::Quote, record), 0, "{record}");
        assert_eq!(run.tables.cell(Table::Snapshots, 0, "leg0_best_ask"), "1.000000");
    }
}

#[test]
fn the_no_side_of_a_quote_is_its_mirror() {
    let mut run = Run::new();
    let legs = [token("a", "no"), token("b", "yes")];
    run.meta(&["a", "b"], &[super::run::set("k", "group", &legs, "unproven")]);
    run.at(10).taken(Kind::Quote, "0,0.55,0.6,12.5;1,0.3,0.4,7");
    let cells = |column: &str| run.tables.cell(Table::Snapshots, 0, column);
    assert_eq!(
        (cells("leg0_best_bid"), cells("leg0_best_ask")),
        ("0.400000".into(), "0.450000".into())
    );
    assert_eq!(cells("leg0_depth3_usdc"), "NaN", "the depth is the YES side's");
    assert_eq!(cells("leg1_depth3_usdc"), "7.000000");
    assert_eq!(run.tables.signals.len(), 1);
}

#[test]
fn two_views_of_one_quote_are_an_alarm_and_never_a_signal() {
    let mut run = Run::new();
    run.meta(&["a"], &[both("a")]);
    run.at(10).taken(Kind::Quote, "0,0.49,0.50");
    assert_eq!(run.engine.integrity().crossed_book_alarms, 0);
    assert_eq!(run.at(20).taken(Kind::Quote, "0,0.60,0.50"), 0, "bid above ask of one book");
    assert!(run.tables.signals.is_empty());
    assert_eq!(run.engine.integrity().crossed_book_alarms, 1);
}

#[test]
fn quotes_say_that_the_source_has_no_sizes() {
    let mut run = Run::triangle();
    run.at(10).taken(Kind::Quote, CHEAP);
    assert_eq!(run.end()["has_sizes"], false);
}

#[test]
fn tick_rows_of_quotes_come_at_most_once_a_second_and_leg() {
    let mut run = Run::triangle();
    for (ms, rows) in [(0, 3), (999, 3), (1_000, 6), (1_001, 6), (2_500, 9)] {
        run.at(ms).taken(Kind::Quote, CHEAP);
        assert_eq!(run.tables.count(Table::Ticks), rows, "{ms}");
    }
    // A part of the set is no event of it.
    run.at(9_000).taken(Kind::Quote, "0,0.3,0.32");
    assert_eq!(run.tables.count(Table::Ticks), 9);
}

#[test]
fn snapshot_rows_of_quotes_come_once_an_interval() {
    for (interval, times, rows) in [
        ("1000", &[0_i64, 999, 1_000, 1_999, 2_000][..], 3),
        ("0", &[0, 0, 1], 3),
        ("-5", &[0, 0, 1], 3),
        ("60000", &[0, 59_999, 60_000], 2),
    ] {
        let params = PARAMS.replace(
            "\"snapshot_log_interval_ms\":1000",
            &format!("\"snapshot_log_interval_ms\":{interval}"),
        );
        let mut run = Run::with(&params);
        run.meta(&["a", "b", "c"], &[group("g", &["a", "b", "c"])]);
        for ms in times {
            run.at(*ms).taken(Kind::Quote, CHEAP);
        }
        assert_eq!(run.tables.count(Table::Snapshots), rows, "{interval}");
    }
}

#[test]
fn a_snapshot_row_says_what_the_record_said() {
    let mut run = Run::triangle();
    run.at(10).taken(Kind::Quote, "0,0.1,0.2,3.5;1,,0.3;2,0.30,1,0");
    let row = run.tables.rows(Table::Snapshots)[0].to_owned();
    let [a, b, c] = ["a", "b", "c"].map(|seed| token(seed, "yes"));
    assert_eq!(
        row,
        format!(
            "{},g,3,{a},0.100000,0.200000,3.500000,{b},0.000000,0.300000,NaN,{c},0.300000,1.000000,0.000000",
            T0_MS + 10
        )
    );
    let tick = run.tables.rows(Table::Ticks)[0].to_owned();
    assert_eq!(tick, format!("{},{},{a},0.1,0.2,3.5", (T0_MS + 10) * 1_000, condition("a")));
}

#[test]
fn a_set_of_four_is_judged_but_has_no_snapshot_row() {
    let mut run = Run::new();
    run.meta(&["a", "b", "c", "d"], &[group("g", &["a", "b", "c", "d"])]);
    assert_eq!(run.at(10).taken(Kind::Quote, "0,,0.2;1,,0.2;2,,0.2;3,,0.2"), 1);
    assert_eq!(run.tables.count(Table::Snapshots), 0);
    assert_eq!(run.tables.count(Table::Ticks), 4);
    run.at(60_000).timer();
    assert_eq!((run.tables.count(Table::ShadowLog), run.tables.count(Table::ShadowSets)), (0, 1));
    assert_eq!(run.tables.count(Table::ShadowLegs), 4);
    let row = run.end();
    assert_eq!((&row["signals_outside_frozen"], &row["sets_checked"]), (&1.into(), &1.into()));
}

#[test]
fn a_token_without_a_text_has_no_tick_row() {
    let mut run = Run::new();
    let lone = market("a").replace(&token("a", "no"), "");
    run.taken(Kind::Meta, &meta(&[lone, market("b")], &[group("g", &["a", "b"])]));
    run.at(10).taken(Kind::Quote, "0,0.3,0.4;1,0.3,0.4");
    assert_eq!(run.tables.count(Table::Ticks), 2);
}

#[test]
fn the_last_quotes_of_a_set_can_be_read_between_records() {
    let mut run = Run::triangle();
    let mut legs = Vec::new();
    run.at(10).taken(Kind::Quote, "0,0.3,0.32;1,0.3,0.32");
    assert!(!run.engine.legs_of(SetIx(0), &mut legs), "a leg was never quoted");
    run.at(20).taken(Kind::Quote, "2,0.3,0.4,5");
    assert!(run.engine.legs_of(SetIx(0), &mut legs));
    assert_eq!(legs.len(), 3);
    assert_eq!(legs[2].ask_depth3, Depth3::Known { pico_usdc: 5_000_000_000_000 });
    assert!(!run.engine.legs_of(SetIx(1), &mut legs), "no such set");
    assert!(legs.is_empty());
    assert!(!Run::bare().engine.legs_of(SetIx(0), &mut legs));
}

#[test]
fn a_signal_names_its_record() {
    let mut run = Run::triangle();
    run.at(77).taken(Kind::Quote, CHEAP);
    let signal = run.tables.signals[0];
    assert_eq!((signal.signal_id, signal.set, signal.recv_ns.0), (1, SetIx(0), (T0_MS + 77) * MS));
    assert_eq!(signal.expected_net.raw(), 10_000 - 9_600 - 290);
}

#[test]
fn a_predecessors_quotes_are_never_too_old() {
    // Its legs carry the time of their record, so only the clock of the cooldown matters.
    let mut run = Run::with(&PARAMS.replace("venue", "predecessor"));
    run.meta(&["a", "b", "c"], &[group("g", &["a", "b", "c"])]);
    run.at(10_000).taken(Kind::Quote, CHEAP);
    run.at(0).taken(Kind::Quote, CHEAP);
    assert_eq!(run.tables.signals.len(), 1);
    assert_eq!(run.end()["counters"]["snapshots_stale_skipped"], 0);
}
