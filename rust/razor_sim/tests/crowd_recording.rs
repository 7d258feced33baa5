//! The engine over a recording of the crowd: planted sets are found, hashes verify, nothing is
//! doubted, and the same plan gives the same records.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use razor_core::engine::Engine;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{SignalNotice, Sink, Table};
use razor_core::units::Nanos;
use razor_sim::crowd::{CrowdPlan, Recording, record};

const START: Nanos = Nanos(1_800_000_000_000_000_000);
const LENGTH: Nanos = Nanos(40_000_000_000);
/// Frames arrive that long after the instant they tell of.
const TRANSIT: i64 = 2_000_000;

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

fn recording(seed: u64) -> Recording {
    record(CrowdPlan::demo(seed), START, LENGTH).expect("world")
}

/// What came of a recording.
struct Course {
    recording: Recording,
    tables: Tables,
    processed: u64,
    refused: u64,
}

/// One recording, folded once for all tests.
static COURSE: LazyLock<Course> = LazyLock::new(|| {
    let (recording, mut tables) = (recording(11), Tables::default());
    let engine = fold(&recording, &mut tables);
    let refused = engine.integrity().frames_refused;
    Course { recording, tables, processed: engine.counters().shadow_processed, refused }
});

fn fold(recording: &Recording, sink: &mut Tables) -> Engine {
    let mut engine = Engine::default();
    let mut step = |kind, recv_ns, conn, payload: &[u8]| {
        let record = Record { kind, recv_ns: Nanos(recv_ns), conn, epoch: 0, payload };
        let stepped = engine.step(&record, sink).expect("record of a run");
        assert!(!stepped.is_refused, "{kind:?} {}", String::from_utf8_lossy(payload));
    };
    step(Kind::Params, 0, "", PARAMS.as_bytes());
    for record in &recording.records {
        let kind = Kind::from_word(record.kind).expect("kind");
        step(kind, record.recv_ns, record.conn, record.payload.as_bytes());
    }
    let last = recording.records.last().expect("records").recv_ns;
    step(Kind::End, last, "", b"");
    engine
}

#[test]
fn the_same_plan_gives_the_same_records_in_order_of_time() {
    let first = recording(7);
    assert_eq!(first, recording(7));
    assert_ne!(first.records, recording(8).records);
    assert!(first.records.windows(2).all(|pair| pair[0].recv_ns <= pair[1].recv_ns));
    let last = first.records.last().expect("records").recv_ns;
    assert!((39_000_000_000..41_000_000_000).contains(&(last - START.0)));
}

#[test]
fn every_planted_set_raises_a_signal_and_nothing_else_does() {
    let Course { recording, tables, .. } = &*COURSE;
    assert!(recording.planted.len() >= 12, "{}", recording.planted.len());
    for set in &recording.planted {
        // One that follows its forerunner in the group waits for the end of the cooldown.
        let heard = set.start.0 + TRANSIT..set.end.0 + TRANSIT;
        let found = tables.signals.iter().any(|signal| heard.contains(&signal.recv_ns.0));
        assert!(found, "{set:?} is not among {:?}", tables.signals);
    }
    let ended = recording.planted.last().expect("sets").end;
    for signal in tables.signals.iter().filter(|signal| signal.recv_ns <= ended) {
        let at = signal.recv_ns.0 - TRANSIT;
        let lives = recording.planted.iter().any(|set| (set.start.0..=set.end.0).contains(&at));
        assert!(lives, "{signal:?} comes from no planted set");
    }
}

#[test]
fn hashes_verify_and_no_book_is_ever_doubted() {
    let Course { tables, refused, .. } = &*COURSE;
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
    let of_no_sort = ["\"ws_book\":{\"matched\":0,", "\"ws_change\":{\"matched\":0,"];
    assert!(of_no_sort.iter().all(|none| !last.contains(none)), "{last}");
    let mismatched: Vec<&str> = last.split("\"mismatched\":").skip(1).collect();
    assert!(mismatched.iter().all(|rest| rest.starts_with('0')), "{last}");
    assert_eq!(*refused, 0);
}

#[test]
fn the_ledger_is_not_empty_and_its_signals_are_settled_once() {
    let Course { tables, processed, .. } = &*COURSE;
    let shadow = &tables.text[&Table::ShadowLog];
    let rows = u64::try_from(shadow.lines().count()).expect("rows");
    assert!(rows >= 10, "{rows}");
    assert_eq!(rows, *processed);
    let bought = shadow.lines().filter(|row| !row.contains("NO_TRADES")).count();
    assert!(bought >= 10, "rivals leave prints: {shadow}");
}
