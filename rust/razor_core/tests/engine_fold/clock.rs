//! Order of records, engine time, heartbeats and the end.

use razor_core::engine::EngineError;
use razor_core::engine::record::Kind;
use razor_core::engine::table::{NoRows, Sink, Table};
use razor_core::engine::{Engine, record::Record};
use razor_core::units::Nanos;

use super::run::{MS, PARAMS, Run, T0_MS, trade};

const OTHERS: [Kind; 12] = [
    Kind::Ws,
    Kind::Rest,
    Kind::Trade,
    Kind::Quote,
    Kind::Ref,
    Kind::Meta,
    Kind::Gap,
    Kind::Timer,
    Kind::Operator,
    Kind::End,
    Kind::Conn,
    Kind::Recovery,
];

#[test]
fn a_run_begins_with_its_settings() {
    for found in OTHERS {
        let mut run = Run::bare();
        assert_eq!(run.try_feed(found, b"{}"), Err(EngineError::Order { found }));
        assert_eq!(run.engine.integrity().records, 0);
        assert!(run.engine.universe().is_none() && run.engine.books().is_none());
        assert!(run.tables.text.is_empty());
        assert!(run.try_feed(Kind::Params, PARAMS.as_bytes()).is_ok(), "nothing had changed");
    }
}

#[test]
fn settings_come_once() {
    let mut run = Run::new();
    run.timer();
    let found = Kind::Params;
    assert_eq!(
        run.try_feed(found, PARAMS.as_bytes()),
        Err(EngineError::Order { found: Kind::Params })
    );
    assert_eq!(run.engine.integrity().records, 1, "the refused record is not folded");
}

#[test]
fn settings_are_not_counted_and_do_not_move_the_clock() {
    let mut run = Run::bare();
    run.at(50_000).try_feed(Kind::Params, PARAMS.as_bytes()).expect("settings");
    run.at(0).timer();
    assert_eq!(run.engine.integrity().clock_backwards, 0);
    assert_eq!(run.engine.now(), Nanos(T0_MS * MS));
    assert_eq!(run.engine.integrity().first_ms, T0_MS);
}

#[test]
fn engine_time_never_goes_back_and_each_step_back_is_counted() {
    let mut run = Run::new();
    for (ms, now, back) in [(0, 0, 0), (5, 5, 0), (3, 5, 1), (4, 5, 2), (5, 5, 2), (6, 6, 2)] {
        run.at(ms).timer();
        assert_eq!(run.engine.now(), Nanos((T0_MS + now) * MS), "{ms}");
        assert_eq!(run.engine.integrity().clock_backwards, back, "{ms}");
    }
}

#[test]
fn a_frame_from_before_its_predecessor_is_taken_at_its_predecessors_time() {
    let mut run = Run::triangle();
    run.at(900).timer();
    run.at(400).book("a", 30, 40);
    let books = run.engine.books().expect("books");
    let proof = books.freshness(razor_core::ids::MarketIx(0)).proof_recv_ns;
    assert_eq!(proof, Some(Nanos((T0_MS + 900) * MS)));
    assert_eq!(run.engine.counters().last_tick_ingest_ms, T0_MS + 900);
}

/// Receive times in ms and the heartbeat times they must leave.
#[test]
fn heartbeats_fall_due_every_ten_seconds_from_the_first_record_on() {
    let cases: [(&[i64], &[i64]); 7] = [
        (&[0], &[0]),
        (&[0, 9_999], &[0]),
        (&[0, 9_999, 10_000], &[0, 10_000]),
        (&[0, 10_000, 19_999, 20_000], &[0, 10_000, 20_000]),
        // A late record writes one row and the grid of ten seconds stays where it was.
        (&[0, 14_000, 19_999, 20_000], &[0, 14_000, 20_000]),
        (&[0, 95_000, 99_999, 100_000], &[0, 95_000, 100_000]),
        (&[777, 10_776, 10_777], &[777, 10_777]),
    ];
    for (times, due) in cases {
        let mut run = Run::new();
        for ms in times {
            run.at(*ms).timer();
        }
        let beats: Vec<i64> = run
            .tables
            .health()
            .iter()
            .map(|row| {
                assert_eq!(row["type"], "heartbeat");
                row["ts_ms"].as_i64().expect("time") - T0_MS
            })
            .collect();
        assert_eq!(beats, due, "{times:?}");
    }
}

#[test]
fn a_clock_that_goes_back_does_not_repeat_a_heartbeat() {
    let mut run = Run::new();
    for ms in [0, 10_000, 1_000, 10_000, 0, 19_999] {
        run.at(ms).timer();
    }
    assert_eq!(run.tables.count(Table::Health), 2);
}

#[test]
fn a_heartbeat_shows_the_counts_before_its_own_record() {
    let mut run = Run::triangle();
    run.at(10_000).taken(Kind::Trade, &trade("a", "0.5", "1", "0x1"));
    run.at(20_000).timer();
    let health = run.tables.health();
    assert_eq!(health[1]["trades_written"], 0);
    assert_eq!(health[2]["trades_written"], 1);
    assert_eq!(health[2]["last_trade_ingest_ms"], T0_MS + 10_000);
}

#[test]
fn the_end_happens_once_and_a_second_one_is_refused() {
    let mut run = Run::triangle();
    assert!(!run.engine.is_ended());
    let row = run.at(1_234).end();
    assert!(run.engine.is_ended());
    assert_eq!((&row["type"], &row["ts_ms"]), (&"integrity".into(), &(T0_MS + 1_234).into()));
    let rows = run.tables.clone();
    run.refused(Kind::End, "");
    assert_eq!(run.tables, rows, "no second closing row");
    assert_eq!(run.engine.integrity().records_refused, 1);
}

#[test]
fn the_closing_row_is_the_sum_of_the_run() {
    let mut run = Run::triangle();
    run.at(10).book("a", 30, 40);
    run.at(20).refused(Kind::Quote, "x");
    run.at(30).refused(Kind::Ws, "{");
    run.at(25).timer();
    run.at(40).gap(5, 9, "DISCONNECTED", "7");
    let row = run.at(50).end();
    for (key, value) in [
        ("first_ms", T0_MS),
        ("last_ms", T0_MS + 50),
        ("records", 7),
        ("frames_refused", 1),
        ("records_refused", 1),
        ("gaps", 1),
        ("gap_ns", 4 * MS),
        ("records_lost", 7),
        ("clock_backwards", 1),
        ("markets", 3),
        ("sets", 1),
        ("restarts", 0),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    assert_eq!(row["has_sizes"], true);
    assert_eq!(row["books"]["counts"]["snapshots"], 2);
    assert_eq!(row["counters"]["ticks_processed"], 1);
}

#[test]
fn records_that_are_only_recorded_change_no_book_and_no_table() {
    let mut run = Run::triangle();
    run.book("a", 30, 40);
    let (rows, hash) = (run.tables.clone(), hash(&run));
    for kind in [Kind::Ref, Kind::Timer, Kind::Operator, Kind::Conn] {
        run.taken(kind, "{\"any\":1}");
        run.taken(kind, "\u{0}");
    }
    assert_eq!((&run.tables, hash), (&rows, self::hash(&run)));
    assert_eq!(run.engine.integrity().records, 10);
    assert_eq!(run.engine.integrity().records_refused, 0);
}

fn hash(run: &Run) -> u64 {
    run.engine.books().expect("books").state_hash(razor_core::ids::MarketIx(0))
}

#[test]
fn times_at_both_ends_of_the_clock_do_not_stop_a_run() {
    for times in [
        vec![i64::MIN, 0, i64::MAX],
        vec![i64::MAX, i64::MIN, i64::MAX],
        vec![-1, 1, -5],
        vec![i64::MIN, i64::MIN + 1],
    ] {
        let mut engine = Engine::default();
        let mut sink = NoRows::default();
        let mut step = |kind, recv_ns: i64, payload: &[u8]| {
            let record = Record { kind, recv_ns: Nanos(recv_ns), conn: "c", epoch: 0, payload };
            engine.step(&record, &mut sink).expect("a record of the run")
        };
        step(Kind::Params, 0, PARAMS.as_bytes());
        let mut newest = i64::MIN;
        for recv_ns in &times {
            step(Kind::Recovery, *recv_ns, b"");
            step(Kind::Gap, *recv_ns, super::run::gap_text(0, 1, "X", "0").as_bytes());
            newest = newest.max(*recv_ns);
        }
        step(Kind::End, newest, b"");
        assert_eq!(engine.now(), Nanos(newest), "{times:?}");
    }
}

#[test]
fn a_sink_without_rows_gets_none() {
    struct Strict;
    impl Sink for Strict {
        fn wants_rows(&self) -> bool {
            false
        }
        fn row(&mut self, table: Table, lines: &str) {
            panic!("{table:?} {lines}");
        }
        fn signal(&mut self, _notice: razor_core::engine::table::SignalNotice) {}
    }
    let mut engine = Engine::default();
    for (kind, payload) in [(Kind::Params, PARAMS), (Kind::Timer, ""), (Kind::End, "")] {
        let payload = payload.as_bytes();
        let record = Record { kind, recv_ns: Nanos(0), conn: "", epoch: 0, payload };
        engine.step(&record, &mut Strict).expect("a record of the run");
    }
}
