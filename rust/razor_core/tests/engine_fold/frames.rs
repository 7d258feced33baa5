//! Frames and REST books: sets judged after the whole record, staleness, row throttles, alarms.

use razor_core::book::{BookState, DirtyReason};
use razor_core::engine::Engine;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{NoRows, Table};
use razor_core::ids::SetIx;
use razor_core::units::Nanos;

use super::run::{LOST, MS, PARAMS, Run, T0_MS, both, condition, group, market, meta, token};

const LIVE: BookState = BookState::Live;

/// `a`, `b`, `c` at 40 asked each: 20 cents too dear for a signal.
fn dear() -> Run {
    let mut run = Run::triangle();
    for seed in ["a", "b", "c"] {
        run.at(0).book(seed, 30, 40);
    }
    run
}

// --- when sets are judged ------------------------------------------------------------------------

#[test]
fn a_set_is_judged_after_the_whole_frame_and_not_between_its_messages() {
    let mut run = dear();
    // Cheap after the first message, dear again after the second.
    let frame = [run.change("a", "SELL", 35, 5), run.change("b", "SELL", 34, 5)];
    assert_eq!(run.at(1).ws(&frame), 0, "1.09 is still dear");
    let there_and_back = [run.change("c", "SELL", 31, 5), run.change("c", "SELL", 31, 0)];
    assert_eq!(run.at(2).ws(&there_and_back), 0);
    assert_eq!(run.end()["set_checks"], 0, "the screen kept all of it from the generator");
}

#[test]
fn one_change_of_one_message_cannot_be_seen_without_the_others() {
    let mut run = dear();
    let token = token("a", "yes");
    let entry = |side: &str, price: &str, size: u32| {
        format!(
            "{{\"asset_id\":\"{token}\",\"price\":\"{price}\",\"size\":\"{size}\",\"side\":\"{side}\"}}"
        )
    };
    // The cheap ask exists only between two entries of one message.
    let text = format!(
        "{{\"event_type\":\"price_change\",\"market\":\"{}\",\"timestamp\":\"{T0_MS}\",\"price_changes\":[{},{}]}}",
        condition("a"),
        entry("SELL", "0.05", 5),
        entry("SELL", "0.05", 0)
    );
    assert_eq!(run.at(1).ws(&[text]), 0);
    assert_eq!(run.end()["set_checks"], 0);
}

#[test]
fn a_set_with_all_legs_in_one_frame_is_judged_once() {
    let mut run = Run::triangle();
    let frame: Vec<String> = ["a", "b", "c"].iter().flat_map(|s| run.pair(s, 25, 32)).collect();
    assert_eq!(run.at(1).ws(&frame), 1);
    assert_eq!(run.engine.counters().ticks_processed, 1, "one frame, one tick");
    assert_eq!(run.end()["set_checks"], 1);
}

#[test]
fn a_set_waits_until_every_leg_has_a_book() {
    let mut run = Run::triangle();
    assert_eq!(run.at(1).book("a", 25, 30), 0);
    assert_eq!(run.at(2).book("b", 25, 30), 0);
    let half = run.snapshot("c", "no", 70, 75);
    assert_eq!(run.at(3).ws(&[half]), 0, "the YES token of c has no snapshot of its own");
    let other = run.snapshot("c", "yes", 25, 30);
    assert_eq!(run.at(4).ws(&[other]), 1);
}

#[test]
fn a_set_over_books_that_are_not_live_is_not_judged() {
    type Spoil = fn(&mut Run);
    let cases: [(&str, Spoil); 6] = [
        ("a refused frame", |run| run.refused(Kind::Ws, "{")),
        ("a gap", |run| run.gap(0, 1, "DISCONNECTED", "0")),
        ("a restart", |run| {
            run.taken(Kind::Recovery, "");
        }),
        ("an off-grid change of a leg", |run| {
            let off = run.change_of("b", "yes", "BUY", "0.255", 1);
            run.ws(&[off]);
        }),
        ("a cross of a leg", |run| {
            let cross = run.change("b", "BUY", 45, 5);
            run.ws(&[cross]);
        }),
        ("a mix-up with a leg", |run| {
            let mixed = run.change("b", "BUY", 26, 5).replace(&condition("b"), &condition("z"));
            run.ws(&[mixed]);
        }),
    ];
    for (what, spoil) in cases {
        let mut run = dear();
        run.at(1);
        spoil(&mut run);
        let signals = run.tables.signals.len();
        run.at(2).book("a", 10, 12);
        let change = run.change("a", "SELL", 11, 5);
        run.at(3).ws(&[change]);
        assert_eq!(run.tables.signals.len(), signals, "{what}");
        for seed in ["b", "c"] {
            run.venue_ms += 1;
            run.at(5).book(seed, 30, 40);
        }
        assert_eq!(run.tables.signals.len(), signals + 1, "{what}: whole again");
    }
}

#[test]
fn a_reconnect_ends_the_books_of_its_connection_before_any_snapshot() {
    let mut run = dear();
    run.epoch = 1;
    run.at(1).ws(&["PONG".into()]);
    assert_eq!(run.state(0), BookState::Unhydrated);
    run.epoch = 0;
    let late = run.change("a", "SELL", 11, 5);
    run.at(2).refused(Kind::Ws, &late);
    assert_eq!(run.engine.integrity().frames_refused, 1);
    run.epoch = 1;
    run.at(3).book("a", 30, 40);
    assert_eq!((run.state(0), run.state(2)), (LIVE, BookState::Unhydrated));
}

#[test]
fn a_frame_of_an_old_epoch_costs_no_trust_in_the_new_one() {
    let mut run = dear();
    run.epoch = 7;
    run.at(1).book("a", 30, 40);
    run.epoch = 6;
    run.at(2).refused(Kind::Ws, "{}");
    assert_eq!(run.state(0), LIVE);
}

#[test]
fn a_refused_frame_costs_the_trust_of_its_own_connection_only() {
    let mut run = Run::triangle();
    run.at(0).book("a", 30, 40);
    run.conn = "market-1";
    run.book("b", 30, 40);
    run.at(1).refused(Kind::Ws, "[7]");
    assert_eq!((run.state(0), run.state(2)), (LIVE, LOST));
}

#[test]
fn a_refused_rest_book_costs_no_trust() {
    let mut run = dear();
    run.conn = "rest";
    run.at(1).refused(Kind::Rest, "{\"error\":\"No orderbook exists for the requested token id\"}");
    run.at(1).refused(Kind::Rest, "<html>");
    assert_eq!(run.state(0), LIVE);
    assert_eq!(run.engine.integrity().frames_refused, 2);
}

#[test]
fn both_views_of_one_book_below_a_dollar_are_an_alarm_and_never_a_signal() {
    let mut run = Run::new();
    run.meta(&["a"], &[both("a")]);
    run.at(0).book("a", 30, 40);
    let cross = run.change("a", "BUY", 41, 5);
    assert_eq!(run.at(1).ws(&[cross]), 0);
    assert_eq!(run.engine.integrity().crossed_book_alarms, 1, "a tick is enough");
    let calm = run.change("a", "BUY", 41, 0);
    assert_eq!(run.at(2).ws(&[calm]), 0);
    assert_eq!(run.engine.integrity().crossed_book_alarms, 1);
    assert!(run.tables.signals.is_empty());
}

#[test]
fn a_set_of_two_tokens_of_different_markets_is_an_ordinary_set() {
    let mut run = Run::new();
    let legs = [token("a", "yes"), token("b", "no")];
    run.meta(&["a", "b"], &[super::run::set("k", "group", &legs, "unproven")]);
    run.at(0).book("a", 25, 30);
    assert_eq!(run.at(1).book("b", 40, 50), 1, "0.30 + (1 - 0.40) = 0.90");
}

// --- staleness (S-18) ----------------------------------------------------------------------------

/// The set `a`, `b`: `a` on market-0, `b` on market-1, both asked 40; then `between`, and at `ms`
/// a change that makes the set cheap comes for `a`. Gives (signals, stale evaluations).
fn cheap_after(ms: i64, between: impl Fn(&mut Run)) -> (u32, u64) {
    let mut run = Run::new();
    run.meta(&["a", "b", "d"], &[group("g", &["a", "b"])]);
    run.at(0).book("a", 30, 60);
    run.conn = "market-1";
    run.book("b", 30, 40);
    between(&mut run);
    run.conn = "market-0";
    let change = run.change("a", "SELL", 35, 5);
    let raised = run.at(ms).ws(&[change]);
    (raised, run.end()["counters"]["snapshots_stale_skipped"].as_u64().unwrap())
}

#[test]
fn the_oldest_proof_among_the_legs_decides() {
    for (ms, expected) in [(0, (1, 0)), (500, (1, 0)), (501, (0, 1)), (60_000, (0, 1))] {
        assert_eq!(cheap_after(ms, |_| {}), expected, "{ms}");
    }
}

#[test]
fn only_data_of_the_connection_keeps_a_quiet_book_current() {
    type Between = fn(&mut Run);
    let cases: [(&str, Between, (u32, u64)); 8] = [
        (
            "an answered ping, which says nothing about any book",
            |run| {
                run.at(400).ws(&["PONG".into()]);
            },
            (0, 1),
        ),
        (
            "the other word of the stream",
            |run| {
                run.at(400).ws(&["NO NEW ASSETS".into()]);
            },
            (0, 1),
        ),
        (
            "a change of another market on its connection",
            |run| {
                let other = run.change("d", "BUY", 30, 5);
                run.at(400).ws(&[other]);
            },
            (1, 0),
        ),
        (
            "a change of a market nobody defined",
            |run| {
                let other = run.change("z", "BUY", 30, 5);
                run.at(400).ws(&[other]);
            },
            (1, 0),
        ),
        (
            "a change of its own",
            |run| {
                let own = run.change("b", "BUY", 31, 5);
                run.at(400).ws(&[own]);
            },
            (1, 0),
        ),
        (
            "an equal REST book",
            |run| {
                let text = run.snapshot("b", "yes", 30, 40).replace("\"event_type\":\"book\",", "");
                run.conn = "rest";
                run.at(400).taken(Kind::Rest, &text);
            },
            (1, 0),
        ),
        (
            "a REST book that is ahead",
            |run| {
                run.venue_ms += 5;
                let text = run.snapshot("b", "yes", 20, 40).replace("\"event_type\":\"book\",", "");
                run.conn = "rest";
                run.at(400).taken(Kind::Rest, &text);
            },
            (0, 1),
        ),
        (
            "data of another connection",
            |run| {
                run.conn = "market-2";
                let other = run.change("d", "BUY", 30, 5);
                run.at(400).ws(&[other]);
            },
            (0, 1),
        ),
    ];
    for (what, between, expected) in cases {
        assert_eq!(cheap_after(800, between), expected, "{what}");
    }
}

// --- rows ----------------------------------------------------------------------------------------

#[test]
fn book_events_always_have_tick_rows_and_changes_one_a_second() {
    let mut run = Run::triangle();
    let mut rows = 0;
    for (ms, is_book, more) in [
        (0, true, 2),
        (1, true, 2),
        (2, false, 0),
        (1_000, false, 0),
        (1_001, false, 2),
        (1_500, false, 0),
        (1_501, true, 2),
        (2_500, false, 0),
        (2_501, false, 2),
    ] {
        run.at(ms);
        if is_book {
            run.book("a", 30, 40);
        } else {
            let change = run.change("a", "BUY", 30, 5 + u32::try_from(ms).unwrap());
            run.ws(&[change]);
        }
        rows += more;
        assert_eq!(run.tables.count(Table::Ticks), rows, "{ms}");
    }
}

#[test]
fn the_throttle_of_a_token_is_its_own() {
    let mut run = dear();
    assert_eq!(run.tables.count(Table::Ticks), 6);
    let changes = [run.change("a", "BUY", 31, 5), run.change("b", "BUY", 31, 5)];
    run.at(1_000).ws(&changes);
    assert_eq!(run.tables.count(Table::Ticks), 10);
    let change = run.change("c", "BUY", 31, 5);
    run.at(1_001).ws(&[change]);
    assert_eq!(run.tables.count(Table::Ticks), 12);
}

#[test]
fn a_tick_row_has_microseconds_and_the_depth_of_three_asks() {
    let mut run = Run::triangle();
    run.at(3).book("a", 30, 40);
    let more: Vec<String> =
        [(41, 1), (45, 2), (50, 1_000)].map(|(c, q)| run.change("a", "SELL", c, q)).to_vec();
    run.at(2_000).ws(&more);
    let rows = run.tables.rows(Table::Ticks);
    let (condition, yes, no) = (condition("a"), token("a", "yes"), token("a", "no"));
    assert_eq!(rows[0], format!("{},{condition},{yes},0.3,0.4,40", (T0_MS + 3) * 1_000));
    assert_eq!(rows[1], format!("{},{condition},{no},0.6,0.7,70", (T0_MS + 3) * 1_000));
    let depth = "41.31"; // 0.40·100 + 0.41·1 + 0.45·2
    assert_eq!(rows[2], format!("{},{condition},{yes},0.3,0.4,{depth}", (T0_MS + 2_000) * 1_000));
}

#[test]
fn a_snapshot_row_needs_every_leg_live_and_comes_once_an_interval() {
    let mut run = Run::triangle();
    run.at(0).book("a", 30, 40);
    run.at(1).book("b", 30, 40);
    assert_eq!(run.tables.count(Table::Snapshots), 0);
    run.at(2).book("c", 30, 40);
    assert_eq!(run.tables.count(Table::Snapshots), 1);
    for (ms, rows) in [(3, 1), (1_001, 1), (1_002, 2), (1_003, 2), (5_000, 3)] {
        let change = run.change("b", "BUY", 30, 5 + u32::try_from(ms).unwrap());
        run.at(ms).ws(&[change]);
        assert_eq!(run.tables.count(Table::Snapshots), rows, "{ms}");
    }
}

#[test]
fn a_set_of_four_books_has_no_snapshot_row_and_is_judged() {
    let mut run = Run::new();
    run.meta(&["a", "b", "c", "d"], &[group("g", &["a", "b", "c", "d"])]);
    let raised: u32 = ["a", "b", "c", "d"].iter().map(|seed| run.at(1).book(seed, 15, 20)).sum();
    assert_eq!((raised, run.tables.count(Table::Snapshots)), (1, 0));
    assert_eq!(run.end()["sets_checked"], 1);
}

#[test]
fn sets_that_could_be_liquid_are_those_with_every_leg_on_a_fine_grid() {
    for (ticks, could) in [
        (["0.01", "0.01"], 0),
        (["0.0001", "0.0001"], 1),
        (["0.001", "0.001"], 1),
        (["0.0001", "0.01"], 0),
        (["0.01", "0.0001"], 0),
        (["0.0025", "0.0025"], 0),
    ] {
        let mut run = Run::new();
        let markets: Vec<String> = ["a", "b"]
            .iter()
            .zip(ticks)
            .map(|(seed, tick)| market(seed).replace("\"0.01\"", &format!("\"{tick}\"")))
            .collect();
        run.taken(Kind::Meta, &meta(&markets, &[group("g", &["a", "b"])]));
        run.at(1).book("a", 40, 50);
        run.at(2).book("b", 40, 50);
        let row = run.end();
        assert_eq!(
            (&row["sets_checked"], &row["sets_could_be_liquid"]),
            (&1.into(), &could.into()),
            "{ticks:?}"
        );
    }
}

#[test]
fn a_message_is_applied_or_refused_by_its_book_and_the_frame_is_taken_either_way() {
    let mut run = dear();
    let off = run.change_of("a", "yes", "BUY", "0.315", 5);
    let good = run.change("b", "BUY", 31, 5);
    run.at(1).ws(&[off, good]);
    assert_eq!(run.state(0), BookState::Dirty(DirtyReason::RefusedUpdate));
    assert_eq!(run.state(2), LIVE);
    let top = run.engine.books().unwrap().top(razor_core::ids::TokenIx(2));
    assert_eq!(top.bid.map(|(price, _)| price.micros()), Some(310_000));
    assert_eq!(run.engine.integrity().frames_refused, 0);
}

#[test]
fn unknown_types_and_foreign_markets_are_counted_in_the_closing_row() {
    let mut run = dear();
    run.at(1).ws(&["{\"event_type\":\"new_kind\",\"deep\":[[{}]]}".into()]);
    let foreign = run.change("z", "BUY", 30, 1);
    run.at(2).ws(&[foreign.clone(), foreign]);
    let row = run.end();
    assert_eq!((&row["messages_unknown"], &row["tokens_unknown"]), (&1.into(), &2.into()));
    assert_eq!(row["books"]["counts"]["unknown_events"], 1);
}

#[test]
fn connections_are_listed_in_order_of_first_use() {
    let mut run = Run::triangle();
    for conn in ["market-2", "market-0", "market-2", "rest"] {
        run.conn = conn;
        run.at(1).ws(&["PONG".into()]);
    }
    let names: Vec<&str> = run.engine.conns().iter().map(|name| &**name).collect();
    assert_eq!(names, ["market-2", "market-0", "rest"]);
}

#[test]
fn the_legs_of_a_live_set_can_be_read_between_records() {
    let mut run = dear();
    let mut legs = Vec::new();
    assert!(run.engine.legs_of(SetIx(0), &mut legs));
    let asks: Vec<u32> = legs.iter().map(|leg| leg.best_ask.unwrap().micros()).collect();
    assert_eq!(asks, [400_000; 3]);
    assert_eq!(legs[0].proof, Nanos(T0_MS * MS));
    run.at(1).refused(Kind::Ws, "{");
    assert!(!run.engine.legs_of(SetIx(0), &mut legs), "no book of it can be trusted");
}

// --- rows do not change the fold -----------------------------------------------------------------

#[test]
fn a_fold_without_rows_counts_the_same_as_one_with_rows() {
    let mut run = Run::triangle();
    for (seed, ms) in [("a", 1), ("b", 2), ("c", 3)] {
        run.at(ms).book(seed, 25, 32);
    }
    run.at(1_500).taken(Kind::Quote, "0,0.2,0.3;1,0.2,0.3;2,0.2,0.3");
    run.at(60_000).timer();
    run.end();
    let mut engine = Engine::default();
    let mut none = NoRows::default();
    let mut step = |kind, ms: i64, payload: &str| {
        let recv_ns = Nanos((T0_MS + ms) * MS);
        let record =
            Record { kind, recv_ns, conn: "market-0", epoch: 0, payload: payload.as_bytes() };
        engine.step(&record, &mut none).expect("a record of the run");
    };
    step(Kind::Params, 0, PARAMS);
    let markets = ["a", "b", "c"].map(market);
    step(Kind::Meta, 0, &meta(&markets, &[group("g", &["a", "b", "c"])]));
    for (seed, ms) in [("a", 1), ("b", 2), ("c", 3)] {
        step(Kind::Ws, ms, &format!("[{}]", run.pair(seed, 25, 32).join(",")));
    }
    step(Kind::Quote, 1_500, "0,0.2,0.3;1,0.2,0.3;2,0.2,0.3");
    step(Kind::Timer, 60_000, "");
    step(Kind::End, 60_000, "");
    assert_eq!(engine.counters(), run.engine.counters());
    assert_eq!(engine.integrity(), run.engine.integrity());
    assert_eq!(none.signals, 2);
    assert_eq!(engine.integrity().sets_checked, 1);
}
