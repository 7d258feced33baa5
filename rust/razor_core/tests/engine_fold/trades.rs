//! Trade rows: taken once per run, refused for their values, and a predecessor's as they are.

use razor_core::engine::record::Kind;
use razor_core::engine::table::Table;
use razor_core::engine::trade::{TradeError, TradeRow, trade_id};
use razor_core::units::UnitError;

use super::run::{PARAMS, Run, T0_MS, condition, market, meta, token, trade};

#[test]
fn a_print_is_taken_once_in_the_whole_run() {
    let mut run = Run::triangle();
    let row = trade("a", "0.5", "10", "0x1");
    run.at(0).taken(Kind::Trade, &row);
    // The predecessor forgot an id after its retention of five seconds.
    for ms in [0, 1, 4_999, 5_001, 60_000, 3_600_000, 86_400_000, 5] {
        run.at(ms).taken(Kind::Trade, &row);
    }
    assert_eq!(run.tables.count(Table::Trades), 1);
    let closing = run.end();
    assert_eq!(closing["counters"]["trades_written"], 1);
    assert_eq!(closing["counters"]["trades_duplicated"], 8);
    assert_eq!(closing["trade_rows"], 9);
    assert_eq!(closing["records_refused"], 0, "a repeat is nobody's mistake");
}

#[test]
fn a_restart_does_not_reopen_a_print() {
    let mut run = Run::triangle();
    let row = trade("a", "0.5", "10", "0x1");
    run.taken(Kind::Trade, &row);
    run.at(10).taken(Kind::Recovery, "");
    run.at(20).taken(Kind::Trade, &row);
    assert_eq!(run.tables.count(Table::Trades), 1);
}

#[test]
fn prints_that_differ_in_any_part_are_different() {
    let base = trade("a", "0.5", "10", "0x1");
    let others = [
        trade("b", "0.5", "10", "0x1"),
        trade("a", "0.51", "10", "0x1"),
        trade("a", "0.5", "10.1", "0x1"),
        trade("a", "0.5", "10", "0x2"),
        trade("a", "0.5", "10", ""),
        base.replace(&(T0_MS / 1000).to_string(), &(T0_MS / 1000 + 1).to_string()),
    ];
    let mut run = Run::triangle();
    run.taken(Kind::Trade, &base);
    for (index, other) in others.iter().enumerate() {
        run.taken(Kind::Trade, other);
        assert_eq!(run.tables.count(Table::Trades), index + 2, "{other}");
    }
}

#[test]
fn the_spelling_of_a_number_or_a_side_makes_no_other_print() {
    let base = trade("a", "0.5", "10", "0x1");
    let mut run = Run::triangle();
    run.taken(Kind::Trade, &base);
    for same in [
        trade("a", "0.50", "10", "0x1"),
        trade("a", "5e-1", "1e1", "0x1"),
        trade("a", "\"0.5\"", "\"10.0\"", "0x1"),
        base.replace("BUY", "SELL"),
        base.replace(&(T0_MS / 1000).to_string(), &T0_MS.to_string()),
        base.replace(&format!("\"{}\"", condition("a")), "\"\""),
        base.replacen('{', "{\"name\":\"someone\",\"outcomeIndex\":0,", 1),
    ] {
        run.taken(Kind::Trade, &same);
        assert_eq!(run.tables.count(Table::Trades), 1, "{same}");
    }
}

#[test]
fn a_trade_row_of_the_table_carries_the_source_text() {
    let mut run = Run::triangle();
    run.at(1_234).taken(Kind::Trade, &trade("b", "0.510", "10.50", "0xab"));
    let (condition, token, venue) = (condition("b"), token("b", "yes"), T0_MS);
    let (price, size) = (0.51_f64.to_bits(), 10.5_f64.to_bits());
    let id = format!("tx:{condition}:{token}:{venue}:0xab:{price:016x}:{size:016x}");
    let ingest = T0_MS + 1_234;
    assert_eq!(
        run.tables.rows(Table::Trades),
        [format!("{ingest},{condition},{token},0.510,10.50,{id},{ingest},{venue}")]
    );
    assert_eq!(run.engine.counters().last_trade_ingest_ms, ingest);
}

#[test]
fn rows_nobody_can_place_are_refused_and_counted() {
    let good = trade("a", "0.5", "10", "0x1");
    for (what, row) in [
        ("not JSON", "{".to_owned()),
        ("no object", "[]".to_owned()),
        ("empty", String::new()),
        ("nobody's token", good.replace(&token("a", "yes"), "77")),
        ("no token", good.replace(&token("a", "yes"), "")),
        ("another's condition", good.replace(&condition("a"), &condition("b"))),
        ("a condition in other letters", good.replace(&condition("a"), &condition("A"))),
        ("no price", good.replace("\"price\"", "\"other\"")),
        ("no size", good.replace("\"size\"", "\"other\"")),
        ("a price above one", trade("a", "1.01", "10", "0x1")),
        ("a price a hair above one", trade("a", "1.000000000000000001", "10", "0x1")),
        ("a negative price", trade("a", "-0.5", "10", "0x1")),
        ("a size of nothing", trade("a", "0.5", "0", "0x1")),
        ("a negative size", trade("a", "0.5", "-1", "0x1")),
        ("a size beyond everything", trade("a", "0.5", "1e60", "0x1")),
        ("a price that is no number", trade("a", "\"NaN\"", "10", "0x1")),
        ("a size that is null", trade("a", "0.5", "null", "0x1")),
        ("a price in an array", trade("a", "[0.5]", "10", "0x1")),
        ("a time that is no number", good.replace(&(T0_MS / 1000).to_string(), "\"soon\"")),
        ("a time beyond 64 bits", good.replace(&(T0_MS / 1000).to_string(), "1e30")),
        ("a token that is a number", good.replace(&format!("\"{}\"", token("a", "yes")), "7")),
        ("text behind the row", format!("{good}x")),
    ] {
        let mut run = Run::triangle();
        run.refused(Kind::Trade, &row);
        assert_eq!(run.tables.count(Table::Trades), 0, "{what}");
        assert_eq!(run.engine.counters().trades_invalid, 1, "{what}");
        assert_eq!(run.engine.integrity().records_refused, 1, "{what}");
        assert_eq!(run.engine.integrity().trade_rows, 1, "{what}");
        run.taken(Kind::Trade, &good);
        assert_eq!(run.tables.count(Table::Trades), 1, "{what}: the good row is still new");
    }
}

#[test]
fn values_at_the_bounds_of_a_market_are_taken() {
    for (price, size) in
        [("1", "10"), ("0", "10"), ("0.000001", "10"), ("0.5", "0.000001"), ("1.0", "1e9")]
    {
        let mut run = Run::triangle();
        run.taken(Kind::Trade, &trade("a", price, size, "0x1"));
        assert_eq!(run.tables.count(Table::Trades), 1, "{price} {size}");
    }
}

#[test]
fn a_row_without_a_time_is_known_by_the_time_it_came() {
    let row = trade("a", "0.5", "10", "").replace(&(T0_MS / 1000).to_string(), "null");
    let mut run = Run::triangle();
    run.at(5).taken(Kind::Trade, &row);
    run.at(5).taken(Kind::Trade, &row);
    assert_eq!(run.tables.count(Table::Trades), 1);
    run.at(6).taken(Kind::Trade, &row);
    assert_eq!(run.tables.count(Table::Trades), 2);
    assert!(
        run.tables.rows(Table::Trades)[0].ends_with(&format!("{},", T0_MS + 5)),
        "no venue time"
    );
}

#[test]
fn times_are_told_apart_by_magnitude_on_both_sides_of_each_bound() {
    for (text, ms) in [
        ("0", 0),
        ("-1", -1_000),
        ("99999999999", 99_999_999_999_000),
        ("100000000000", 100_000_000_000),
        ("99999999999999", 99_999_999_999_999),
        ("100000000000000", 100_000_000_000),
        ("99999999999999999", 99_999_999_999_999),
        ("100000000000000000", 100_000_000_000),
        ("9223372036854775807", 9_223_372_036_854),
        ("1791258811.9", 1_791_258_811_000),
        ("\"1791258811\"", 1_791_258_811_000),
        ("1.791258811e9", 1_791_258_811_000),
    ] {
        let row = trade("a", "0.5", "1", "").replace(&(T0_MS / 1000).to_string(), text);
        assert_eq!(TradeRow::decode(row.as_bytes()).unwrap().venue_ts_ms, Some(ms), "{text}");
    }
    for text in ["null", "\"\""] {
        let row = trade("a", "0.5", "1", "").replace(&(T0_MS / 1000).to_string(), text);
        assert_eq!(TradeRow::decode(row.as_bytes()).unwrap().venue_ts_ms, None, "{text}");
    }
}

#[test]
fn each_trade_error_names_its_field() {
    let bad = |field, source| TradeError::BadNumber { field, source };
    for (row, error) in [
        (trade("a", "\"\"", "1", ""), bad("price", UnitError::NotDecimal)),
        (trade("a", "0.5", "true", ""), bad("size", UnitError::NotDecimal)),
        (trade("a", "1e999", "1", ""), bad("price", UnitError::Overflow)),
        (trade("a", "1.5", "1", ""), TradeError::OutOfRange { field: "price" }),
        (trade("a", "0.5", "0.0", ""), TradeError::OutOfRange { field: "size" }),
        ("{\n7}".to_owned(), TradeError::NotTrade { line: 2, column: 1 }),
    ] {
        assert_eq!(TradeRow::decode(row.as_bytes()).map(|_| ()), Err(error), "{row}");
    }
}

#[test]
fn an_id_holds_the_bits_of_the_doubles_and_tells_hashes_from_their_absence() {
    for (price, size, hash) in [("0.1", "3", "0xf"), ("0.30000000000000004", "0.1", "")] {
        let text = trade("a", price, size, hash);
        let row = TradeRow::decode(text.as_bytes()).unwrap();
        let bits = |text: &str| text.parse::<f64>().unwrap().to_bits();
        let tail = format!("{:016x}:{:016x}", bits(price), bits(size));
        let token = token("a", "yes");
        let expected = if hash.is_empty() {
            format!("weak:m:{token}:9:{tail}")
        } else {
            format!("tx:m:{token}:9:{hash}:{tail}")
        };
        assert_eq!(trade_id("m", &row, 9), expected);
    }
}

#[test]
fn prints_of_the_channel_are_counted_and_fill_nothing() {
    let mut run = Run::triangle();
    run.book("a", 30, 40);
    let print = format!(
        "{{\"event_type\":\"last_trade_price\",\"market\":\"{}\",\"asset_id\":\"{}\",\"price\":\"0.4\",\
         \"size\":\"7\",\"side\":\"BUY\",\"timestamp\":\"{T0_MS}\"}}",
        condition("a"),
        token("a", "yes")
    );
    run.at(5).ws(&[print.clone(), print]);
    assert_eq!(run.tables.count(Table::Trades), 0);
    let row = run.end();
    assert_eq!((&row["stream_prints"], &row["trade_rows"]), (&2.into(), &0.into()));
    assert_eq!(row["counters"]["trade_store_size"], 0);
}

// --- a predecessor's rows -----------------------------------------------------------------------

fn predecessor() -> Run {
    let mut run = Run::with(&PARAMS.replace("venue", "predecessor"));
    run.taken(Kind::Meta, &meta(&[market("a"), market("b")], &[]));
    run
}

fn logged(price: &str, size: &str, id: &str, times: [&str; 3]) -> String {
    let [ts, ingest, exchange] = times;
    format!(
        "{{\"asset\":\"{}\",\"conditionId\":\"{}\",\"side\":\"\",\"size\":\"{size}\",\"price\":\"{price}\",\
         \"transactionHash\":\"\",\"trade_id\":\"{id}\",\"ts_ms\":\"{ts}\",\"ingest_ts_ms\":\"{ingest}\",\
         \"exchange_ts_ms\":\"{exchange}\"}}",
        token("a", "yes"),
        condition("a"),
    )
}

#[test]
fn a_predecessors_repeats_are_all_written_and_counted() {
    let mut run = predecessor();
    for _ in 0..3 {
        run.at(100).taken(Kind::Trade, &logged("0.5", "1", "t-1", ["7", "9", "5"]));
    }
    assert_eq!(run.tables.count(Table::Trades), 3);
    assert_eq!(run.end()["counters"]["trades_duplicated"], 2);
}

#[test]
fn a_predecessors_row_keeps_its_own_id_and_times() {
    let cases = [
        (["7", "9", "1791258810005"], "9,9,1791258810005"),
        (["7", "", "1791258810005"], "7,7,1791258810005"),
        (["7", "0", ""], "7,7,"),
        (["7", "-3", ""], "7,7,"),
        (["", "9", ""], "9,9,"),
    ];
    for (times, cells) in cases {
        let mut run = predecessor();
        run.taken(Kind::Trade, &logged("0.50", "1.0", "t-1", times));
        let (first, rest) = cells.split_once(',').unwrap();
        let (condition, token) = (condition("a"), token("a", "yes"));
        let row = format!("{first},{condition},{token},0.50,1.0,t-1,{rest}");
        assert_eq!(run.tables.rows(Table::Trades), [row], "{times:?}");
    }
    let mut run = predecessor();
    run.refused(Kind::Trade, &logged("0.5", "1", "t", ["", "", "5"]));
    run.refused(Kind::Trade, &logged("0.5", "1", "t", ["x", "", "5"]));
    run.refused(Kind::Trade, &logged("0.5", "1", "t", ["7", "9", "x"]));
}

#[test]
fn a_predecessors_blank_id_is_made_as_it_made_them() {
    let mut run = predecessor();
    run.taken(Kind::Trade, &logged("0.5", "1", "", ["7", "9", ""]));
    let id = run.tables.cell(Table::Trades, 0, "trade_id");
    assert!(id.starts_with(&format!("weak:{}:{}:9:", condition("a"), token("a", "yes"))), "{id}");
}

#[test]
fn a_predecessors_values_are_taken_as_they_are() {
    for (price, size) in [("1.5", "1"), ("-0.5", "1"), ("0.5", "-1"), ("0", "0")] {
        let mut run = predecessor();
        run.taken(Kind::Trade, &logged(price, size, "t", ["7", "9", ""]));
        assert_eq!(run.tables.cell(Table::Trades, 0, "price"), price);
        assert_eq!(run.tables.cell(Table::Trades, 0, "size"), size);
    }
}

#[test]
fn a_predecessors_condition_may_be_another_sets_key() {
    let row = logged("0.5", "1", "t", ["7", "9", ""]).replace(&condition("a"), "set-key");
    let mut run = predecessor();
    run.taken(Kind::Trade, &row);
    assert_eq!(run.tables.cell(Table::Trades, 0, "market_id"), condition("a"));
    let mut venue = Run::triangle();
    venue.refused(Kind::Trade, &row);
}

#[test]
fn ids_of_the_outside_cannot_act_on_the_reader_of_a_table() {
    let mut run = predecessor();
    for id in ["=1+1", "+1", "-1", "@x", "a,b"] {
        run.taken(Kind::Trade, &logged("0.5", "1", id, ["7", "9", ""]));
    }
    let rows = run.tables.rows(Table::Trades);
    for (row, cell) in rows.iter().zip([",'=1+1,", ",'+1,", ",'-1,", ",'@x,", ",\"a,b\","]) {
        assert!(row.contains(cell), "{row}");
    }
}
