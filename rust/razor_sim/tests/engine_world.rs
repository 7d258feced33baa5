//! The engine over a seeded world: planted sets are found, settled and written, twice the same.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use razor_core::engine::Engine;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{NoRows, SignalNotice, Sink, Table};
use razor_core::units::Nanos;
use razor_sim::world::{World, WorldPlan, build};

const PLAN: WorldPlan =
    WorldPlan { seed: 11, start_ns: 1_800_000_000_000_000_000, duration_ms: 60_000 };

const PARAMS: &str = r#"{"run_id":"run_t","source":"venue","settings":{
 "run":{"snapshot_log_interval_ms":1000},
 "brain":{"risk_premium_bps":80,"min_net_edge_bps":10,"q_req":"10","signal_cooldown_ms":1000,
          "max_snapshot_staleness_ms":500},
 "buckets":{"fill_share_liquid_p25":"0.3","fill_share_thin_p25":"0.1"},
 "shadow":{"window_start_ms":100,"window_end_ms":1100,"trade_retention_ms":5000,"max_trades":200000,
           "max_trade_gap_ms":700,"trade_size_suspect_threshold":"50000",
           "trade_notional_suspect_threshold":"50000"},
 "feed":{"frame_cap_bytes":8388608,"hash_check_every":1}}}"#;

#[derive(Default)]
struct Tables {
    text: BTreeMap<Table, String>,
    signals: Vec<SignalNotice>,
}

impl Sink for Tables {
    fn wants_rows(&self) -> bool {
        true
    }

    fn row(&mut self, table: Table, lines: &str) {
        self.text.entry(table).or_default().push_str(lines);
    }

    fn signal(&mut self, notice: SignalNotice) {
        self.signals.push(notice);
    }
}

fn fold<S: Sink>(world: &World, sink: &mut S) -> Engine {
    let mut engine = Engine::default();
    let mut step = |kind, recv_ns, conn, payload: &[u8], sink: &mut S| {
        let record = Record { kind, recv_ns: Nanos(recv_ns), conn, epoch: 0, payload };
        let stepped = engine.step(&record, sink).expect("record of a run");
        assert!(!stepped.is_refused, "{kind:?} {}", String::from_utf8_lossy(payload));
    };
    step(Kind::Params, 0, "", PARAMS.as_bytes(), sink);
    for record in &world.records {
        let kind = Kind::from_word(record.kind).expect("kind");
        step(kind, record.recv_ns, record.conn, record.payload.as_bytes(), sink);
    }
    let last = world.records.last().expect("records").recv_ns;
    step(Kind::End, last, "", b"", sink);
    engine
}

#[test]
fn every_planted_set_raises_a_signal_and_nothing_else_does() {
    let world = build(PLAN);
    let mut tables = Tables::default();
    fold(&world, &mut tables);
    let mut first_of: Vec<i64> = Vec::new();
    for planted in &world.planted {
        let signal = tables.signals.iter().find(|s| s.recv_ns.0 == planted.recv_ns);
        assert!(signal.is_some(), "{planted:?}");
        first_of.push(planted.recv_ns);
    }
    // A planted set lives under two seconds; every signal belongs to the newest one before it.
    for signal in &tables.signals {
        let newest = first_of.iter().rev().find(|at| **at <= signal.recv_ns.0).expect("planted");
        assert!(signal.recv_ns.0 - newest < 2_000_000_000, "{signal:?}");
    }
}

#[test]
fn hashes_of_the_world_verify_and_no_book_is_ever_doubted() {
    let world = build(PLAN);
    let mut tables = Tables::default();
    let engine = fold(&world, &mut tables);
    let health = &tables.text[&Table::Health];
    let last = health.lines().last().expect("closing row");
    for zero in [
        "\"mirror_violations\":0",
        "\"top_mismatches\":0",
        "\"crossed\":0",
        "\"dirtied\":0",
        "\"ws_change\":{\"matched\":",
        "\"frames_refused\":0",
    ] {
        assert!(last.contains(zero), "{zero} in {last}");
    }
    assert!(last.contains("\"mismatched\":0"), "{last}");
    assert_eq!(engine.integrity().frames_refused, 0);
}

#[test]
fn the_ledger_is_not_empty_and_its_signals_are_settled_once() {
    let world = build(PLAN);
    let mut tables = Tables::default();
    let engine = fold(&world, &mut tables);
    let shadow = &tables.text[&Table::ShadowLog];
    let rows = u64::try_from(shadow.lines().count()).expect("rows");
    assert!(rows >= 10, "{rows}");
    assert_eq!(rows, engine.counters().shadow_processed);
    let sets = &tables.text[&Table::ShadowSets];
    let outside = engine.integrity().signals_outside_frozen;
    let settled = u64::try_from(sets.lines().count()).expect("rows");
    assert_eq!(settled, rows + outside);
    assert!(shadow.lines().any(|row| !row.contains("NO_TRADES")), "{shadow}");
}

#[test]
fn the_same_records_give_the_same_bytes_and_rows_do_not_change_the_state() {
    let world = build(PLAN);
    let (mut first, mut second, mut none) =
        (Tables::default(), Tables::default(), NoRows::default());
    fold(&world, &mut first);
    fold(&world, &mut second);
    let engine = fold(&world, &mut none);
    assert_eq!(first.text, second.text);
    assert_eq!(none.signals, u64::try_from(first.signals.len()).expect("count"));
    assert_eq!(engine.counters().signals_emitted, none.signals);
}
