//! Gap and recovery records: which books and which windows each of them touches.

use razor_core::book::{BookState, DirtyReason};
use razor_core::engine::record::Kind;
use razor_core::engine::table::Table;
use razor_core::units::Nanos;

use super::run::{LOST, MS, Run, T0_MS, condition, gap_text, group};

const LIVE: BookState = BookState::Live;
const CHEAP: &str = "0,0.30,0.32;1,0.30,0.32;2,0.30,0.32";

/// Markets `a` to `d`; `a` and `b` on one connection, `c` on another, `d` quiet.
fn desk() -> Run {
    let mut run = Run::new();
    run.meta(&["a", "b", "c", "d"], &[group("g", &["a", "b", "c"])]);
    run.at(1).book("a", 40, 50);
    run.book("b", 40, 50);
    run.conn = "market-1";
    run.book("c", 40, 50);
    run
}

fn states(run: &Run) -> [BookState; 4] {
    [0, 2, 4, 6].map(|token| run.state(token))
}

#[test]
fn a_gap_of_a_connection_makes_its_books_dirty_until_their_next_snapshots() {
    let mut run = desk();
    run.conn = "market-0";
    run.at(5).gap(2, 4, "DISCONNECTED reason=closed", "3");
    assert_eq!(states(&run), [LOST, LOST, LIVE, BookState::Unhydrated]);
    run.at(6).book("a", 40, 50);
    assert_eq!(states(&run), [LIVE, LOST, LIVE, BookState::Unhydrated]);
}

#[test]
fn a_gap_without_a_connection_makes_every_book_dirty() {
    let mut run = desk();
    run.conn = "";
    run.at(5).gap(2, 4, "recorder_overload", "9");
    assert_eq!(states(&run), [LOST, LOST, LOST, BookState::Unhydrated]);
}

#[test]
fn a_gap_without_a_connection_introduces_none() {
    let mut run = desk();
    run.conn = "";
    run.at(5).gap(2, 4, "recorder_overload", "9");
    let names: Vec<&str> = run.engine.conns().iter().map(|name| &**name).collect();
    assert_eq!(names, ["market-0", "market-1"]);
}

#[test]
fn a_gap_of_a_market_concerns_its_book_alone() {
    let mut run = desk();
    let cause = format!("HASH_MISMATCH market={}", condition("b"));
    run.at(5).gap(2, 4, &cause, "0");
    let shell = BookState::Dirty(DirtyReason::Shell);
    assert_eq!(states(&run), [LIVE, shell, LIVE, BookState::Unhydrated]);
    run.at(6).gap(2, 4, "HASH_MISMATCH market=0xnobody", "0");
    assert_eq!(states(&run), [LIVE, shell, LIVE, BookState::Unhydrated]);
    assert_eq!(run.engine.integrity().gaps, 2, "counted all the same");
}

#[test]
fn a_gap_of_the_trade_feed_leaves_every_book_live() {
    let mut run = desk();
    for conn in ["", "trades", "market-0"] {
        run.conn = conn;
        run.at(5).gap(2, 4, "TRADES_INCOMPLETE closed reason=page_full", "0");
    }
    assert_eq!(states(&run), [LIVE, LIVE, LIVE, BookState::Unhydrated]);
}

#[test]
fn a_gap_whose_loss_nobody_knows_is_taken_like_any_other() {
    let mut run = desk();
    run.conn = "market-0";
    run.at(5).gap(2, 4, "reconnect", "null");
    assert_eq!(states(&run)[0], LOST, "docs/CAPTURE.md: lost is null when nobody can know");
    assert_eq!((run.engine.integrity().gaps, run.engine.integrity().records_lost), (1, 0));
}

#[test]
fn gap_spans_and_losses_are_summed() {
    let mut run = desk();
    for (from, to, lost) in [(0, 10, "1"), (5, 7, "2"), (9, 3, "4")] {
        run.at(20).gap(from, to, "DISCONNECTED", lost);
    }
    let integrity = run.engine.integrity();
    assert_eq!((integrity.gaps, integrity.records_lost), (3, 7));
    assert_eq!(integrity.gap_ns, 12 * MS, "a span that ends before it begins has no length");
}

#[test]
fn a_broken_gap_record_is_refused_and_touches_nothing() {
    for text in [
        "",
        "{}",
        "[]",
        "{\"from_ns\":1,\"to_ns\":2}",
        "{\"from_ns\":1,\"to_ns\":2,\"cause\":7,\"lost\":0}",
        "{\"from_ns\":\"1\",\"to_ns\":2,\"cause\":\"x\",\"lost\":0}",
        "{\"from_ns\":1.5,\"to_ns\":2,\"cause\":\"x\",\"lost\":0}",
        "{\"from_ns\":1,\"to_ns\":2,\"cause\":\"x\",\"lost\":-1}",
        "{\"from_ns\":1,\"to_ns\":9223372036854775808,\"cause\":\"x\",\"lost\":0}",
        "{\"from_ns\":1,\"to_ns\":2,\"cause\":\"x\",\"lost\":0} x",
    ] {
        let mut run = desk();
        run.conn = "market-0";
        run.at(5).refused(Kind::Gap, text);
        assert_eq!(states(&run), [LIVE, LIVE, LIVE, BookState::Unhydrated], "{text}");
        assert_eq!((run.engine.integrity().gaps, run.engine.integrity().records_refused), (0, 1));
    }
}

/// Trade gaps around a signal of 1,000 ms whose window is 1,100..=2,100, and whether it is usable.
/// Each gap is (receive time, from, to, cause).
type Gaps<'a> = &'a [(i64, i64, i64, &'a str)];

fn unusable(gaps: Gaps<'_>) -> u64 {
    let mut run = Run::new();
    run.meta(&["a", "b", "c", "d"], &[group("g", &["a", "b", "c"])]);
    let feed = |run: &mut Run, upto: &dyn Fn(i64) -> bool| {
        for (at, from, to, cause) in gaps.iter().filter(|gap| upto(gap.0)) {
            let cause = cause.replace("$A", &condition("a")).replace("$D", &condition("d"));
            run.at(*at).gap(*from, *to, &cause, "0");
        }
    };
    feed(&mut run, &|at| at <= 1_000);
    assert_eq!(run.at(1_000).taken(Kind::Quote, CHEAP), 1);
    feed(&mut run, &|at| at > 1_000);
    run.at(60_000).timer();
    let row = run.end();
    assert_eq!(row["counters"]["shadow_processed"], 1);
    row["windows_unusable"].as_u64().expect("count")
}

const OPEN: &str = "TRADES_INCOMPLETE open reason=page_full";
const CLOSED: &str = "TRADES_INCOMPLETE closed reason=page_full";
const OPEN_A: &str = "TRADES_INCOMPLETE open market=$A";
const CLOSED_A: &str = "TRADES_INCOMPLETE closed market=$A";
const OPEN_D: &str = "TRADES_INCOMPLETE open market=$D";
const CLOSED_D: &str = "TRADES_INCOMPLETE closed market=$D";
const CLOSED_NOBODY: &str = "TRADES_INCOMPLETE closed market=0xnobody";
const BARE: &str = "TRADES_INCOMPLETE";

#[test]
fn a_window_is_unusable_if_a_trade_gap_touches_it() {
    let cases: [(&str, Gaps<'_>, u64); 20] = [
        ("no gap", &[], 0),
        ("heard of when the window is already due", &[(9_000, 1_200, 9_000, CLOSED)], 1),
        ("after it, heard of when it is due", &[(9_000, 2_101, 9_000, CLOSED)], 0),
        ("inside", &[(1_300, 1_200, 1_300, CLOSED)], 1),
        ("around", &[(2_100, 1_000, 2_100, CLOSED)], 1),
        ("over before it", &[(1_099, 0, 1_099, CLOSED)], 0),
        ("until its first moment", &[(1_100, 0, 1_100, CLOSED)], 1),
        ("from its last moment", &[(2_100, 2_100, 2_100, CLOSED)], 1),
        ("after it", &[(2_200, 2_101, 2_200, CLOSED)], 0),
        ("open and not yet over", &[(500, 500, 500, OPEN)], 1),
        ("over in time", &[(500, 500, 500, OPEN), (900, 500, 900, CLOSED)], 0),
        ("over too late", &[(500, 500, 500, OPEN), (1_500, 500, 1_500, CLOSED)], 1),
        ("a gap without a phase is over", &[(500, 400, 500, BARE)], 0),
        ("of a leg's market", &[(500, 500, 500, OPEN_A)], 1),
        ("of a leg's market, over", &[(500, 500, 500, OPEN_A), (900, 500, 900, CLOSED_A)], 0),
        ("of another market", &[(500, 500, 500, OPEN_D)], 0),
        ("all, and only one market over", &[(500, 500, 500, OPEN), (900, 500, 900, CLOSED_A)], 1),
        ("one market, and another over", &[(500, 500, 500, OPEN_A), (900, 500, 900, CLOSED_D)], 1),
        (
            "all, and an unknown market over",
            &[(500, 500, 500, OPEN), (900, 500, 900, CLOSED_NOBODY)],
            1,
        ),
        (
            "two open ones, over by one",
            &[(500, 500, 500, OPEN), (600, 600, 600, OPEN), (900, 500, 900, CLOSED)],
            0,
        ),
    ];
    for (what, gaps, expected) in cases {
        assert_eq!(unusable(gaps), expected, "{what}");
    }
}

#[test]
fn a_span_of_an_unknown_market_flags_the_windows_it_touches() {
    assert_eq!(unusable(&[(1_300, 1_200, 1_300, CLOSED_NOBODY)]), 1, "it may be of any market");
    assert_eq!(unusable(&[(1_000, 900, 1_000, CLOSED_NOBODY)]), 0);
}

#[test]
fn records_shed_by_the_recorder_flag_windows_like_missing_trades() {
    let mut run = Run::triangle();
    run.at(1_000).taken(Kind::Quote, CHEAP);
    run.conn = "";
    run.at(1_500).gap(1_400, 1_500, "recorder_overload", "12");
    run.at(60_000).timer();
    assert_eq!(run.end()["windows_unusable"], 1);
}

#[test]
fn a_gap_of_a_market_connection_flags_no_window() {
    let mut run = Run::triangle();
    run.at(1_000).taken(Kind::Quote, CHEAP);
    run.at(1_500).gap(1_400, 1_500, "DISCONNECTED", "0");
    run.at(60_000).timer();
    assert_eq!(run.end()["windows_unusable"], 0);
}

#[test]
fn a_gap_heard_of_after_the_window_blanks_the_venue_basis_only() {
    for (late_gap, usable) in [(false, true), (true, false)] {
        let mut run = Run::triangle();
        run.at(1_000).taken(Kind::Quote, CHEAP);
        run.at(2_500).timer();
        if late_gap {
            run.at(3_000).gap(1_200, 3_000, CLOSED, "0");
        }
        run.at(60_000).timer();
        assert_eq!(run.tables.count(Table::ShadowLog), 1);
        assert_eq!(run.tables.cell(Table::ShadowSets, 0, "venue_q_set").is_empty(), !usable);
        assert_eq!(run.end()["windows_unusable"], 0, "the frozen row was written before");
    }
}

#[test]
fn a_restart_drops_every_book_and_counts_epochs_anew() {
    let mut run = desk();
    (run.conn, run.epoch) = ("market-0", 5);
    run.at(2).book("a", 40, 50);
    run.conn = "";
    run.at(10).taken(Kind::Recovery, "{\"last_seq\":7,\"cause\":\"crash\"}");
    assert_eq!(states(&run), [BookState::Unhydrated; 4]);
    (run.conn, run.epoch) = ("market-0", 0);
    run.at(11).book("a", 40, 50);
    assert_eq!(states(&run)[0], LIVE, "epoch 0 of the new process is no old epoch");
    assert_eq!(run.engine.integrity().restarts, 1);
}

#[test]
fn a_window_over_a_restart_is_unusable() {
    for (signal, last, again, expected) in [
        (1_000, 1_050, 1_090, 0),
        (1_000, 1_050, 1_100, 1),
        (1_000, 1_500, 1_600, 1),
        (1_000, 2_090, 9_000, 1),
        (1_000, 1_000, 9_000, 1),
    ] {
        let mut run = Run::triangle();
        run.at(signal).taken(Kind::Quote, CHEAP);
        run.at(last).timer();
        run.at(again).taken(Kind::Recovery, "");
        run.at(60_000).timer();
        // Also a window that fell due while the process was gone.
        assert_eq!(run.end()["windows_unusable"], expected, "{last} {again}");
    }
}

#[test]
fn a_restart_keeps_what_was_counted_and_defined() {
    let mut run = desk();
    run.at(5).taken(Kind::Quote, CHEAP);
    let before = (*run.engine.counters(), run.engine.integrity().sets);
    run.at(6).taken(Kind::Recovery, "");
    assert_eq!((*run.engine.counters(), run.engine.integrity().sets), before);
    run.at(7).taken(Kind::Quote, CHEAP);
    assert_eq!(run.tables.signals.len(), 1, "the cooldown of the set outlives the restart");
    run.at(1_005).taken(Kind::Quote, CHEAP);
    assert_eq!(run.tables.signals[1].signal_id, 2, "ids are not used twice");
    assert_eq!(run.engine.now(), Nanos((T0_MS + 1_005) * MS));
}

#[test]
fn a_gap_record_is_read_the_same_whatever_its_key_order() {
    let text = gap_text(2, 4, "DISCONNECTED", "3");
    let turned =
        "{\"lost\":3,\"cause\":\"DISCONNECTED\",\"to_ns\":TO,\"from_ns\":FROM,\"more\":[]}"
            .replace("FROM", &((T0_MS + 2) * MS).to_string())
            .replace("TO", &((T0_MS + 4) * MS).to_string());
    let fold = |text: &str| {
        let mut run = desk();
        run.taken(Kind::Gap, text);
        (run.engine.integrity().clone(), states(&run))
    };
    assert_eq!(fold(&text), fold(&turned));
}
