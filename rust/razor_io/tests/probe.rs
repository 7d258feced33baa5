//! Probing recordings: sample times, identities of prints, readiness, and stopping.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::needless_for_each,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::PathBuf;

use razor_core::engine::EngineError;
use razor_core::engine::record::{Kind, Record};
use razor_core::signal::probe::SampleTimes;
use razor_core::units::Nanos;
use razor_io::probe::{Prober, Report, SetReport, probe_source};
use razor_io::source::RecordSource;
use razor_sim::world::{WorldPlan, build};
use serde_json::json;
use tempfile::TempDir;

const START_MS: i64 = 1_800_000_000_000;
const PARAMS: &str = r#"{"run_id":"probe","source":"venue","settings":{
 "run":{"snapshot_log_interval_ms":1000},
 "brain":{"risk_premium_bps":80,"min_net_edge_bps":10,"q_req":"10","signal_cooldown_ms":1000,
          "max_snapshot_staleness_ms":500},
 "buckets":{"fill_share_liquid_p25":"0.3","fill_share_thin_p25":"0.1"},
 "shadow":{"window_start_ms":100,"window_end_ms":1100,"trade_retention_ms":5000,"max_trades":200000,
           "max_trade_gap_ms":700,"trade_size_suspect_threshold":"50000",
           "trade_notional_suspect_threshold":"50000"},
 "feed":{"frame_cap_bytes":8388608,"hash_check_every":1}}}"#;

/// Three exclusive markets, their set, and one market of two sets.
fn meta() -> String {
    let market = |n: usize| {
        json!({"condition_id": format!("0xc{n}"), "token_ids": [format!("{n}1"), format!("{n}2")],
            "outcomes": ["Yes", "No"], "label": format!("question {n}"), "tick_size": "0.0001",
            "min_order_size": "5", "neg_risk": true, "fees": null, "end_ms": end_ms(n),
            "event_id": "e", "group_id": "g", "seconds_delay": 0})
    };
    let sets = json!([
        {"key": "g", "kind": "group", "legs": ["01", "11", "21"], "settlement": "hold"},
        {"key": "0xc0", "kind": "binary", "legs": ["01", "02"], "settlement": "merge"},
    ]);
    json!({"markets": [market(0), market(1), market(2)], "sets": sets}).to_string()
}

fn end_ms(market: usize) -> i64 {
    [0, 900, 800][market]
}

fn quotes(ask: &str) -> String {
    (0..3).map(|n| format!("{n},0.3199,{ask},900")).collect::<Vec<_>>().join(";")
}

fn trade(token: &str, second: i64, hash: &str, size: &str) -> String {
    let condition = format!("0xc{}", &token[..1]);
    format!(
        r#"{{"asset":"{token}","conditionId":"{condition}","side":"BUY","size":{size},"price":0.32,"timestamp":{second},"transactionHash":"{hash}"}}"#
    )
}

struct Tape {
    dir: TempDir,
    lines: String,
}

impl Tape {
    fn new() -> Self {
        let mut tape = Self { dir: tempfile::tempdir().unwrap(), lines: String::new() };
        tape.push(0, "meta", &meta());
        tape
    }

    fn push(&mut self, at_ms: i64, kind: &str, payload: &str) {
        let t = (START_MS + at_ms) * 1_000_000;
        let line = json!({"t": t, "c": "q-0", "e": 0, "k": kind, "m": payload});
        self.lines.push_str(&line.to_string());
        self.lines.push('\n');
    }

    fn path(&self) -> PathBuf {
        let path = self.dir.path().join("tape.jsonl");
        fs::write(&path, &self.lines).unwrap();
        path
    }

    fn probe(&self) -> Report {
        let mut source = RecordSource::capture(&self.path()).unwrap();
        probe_source(PARAMS.as_bytes(), &mut source, &mut |_| true).unwrap()
    }
}

fn set<'a>(report: &'a Report, key: &str) -> &'a SetReport {
    report.sets.iter().find(|set| set.key == key).unwrap()
}

#[test]
fn a_recording_is_sampled_each_second_of_its_own_time_and_at_its_end() {
    let mut tape = Tape::new();
    tape.push(500, "quote", &quotes("0.32"));
    tape.push(3_200, "quote", &quotes("0.33"));
    tape.push(4_700, "ref", "end");
    let report = tape.probe();
    // At 0 nothing is ready; 1, 2 and 3 s see 0.32; 4 s and the end see 0.33.
    let figures = &set(&report, "g").figures;
    assert_eq!(figures.counts.snapshots_total, 5);
    assert_eq!(figures.counts.passes, 3);
    assert_eq!((figures.passes_gap_p50_ms, figures.passes_gap_max_ms), (1_000, 1_000));
    assert_eq!((report.from_ms, report.to_ms), (START_MS, START_MS + 4_700));
    assert!(report.is_complete);
}

#[test]
fn a_sample_sees_what_came_before_its_time_but_not_after() {
    let mut tape = Tape::new();
    tape.push(1_000, "quote", &quotes("0.32"));
    tape.push(2_001, "quote", &quotes("0.33"));
    let figures = tape.probe();
    let counts = &set(&figures, "g").figures.counts;
    // 1 s and 2 s see the first quotes, the end the second ones.
    assert_eq!((counts.snapshots_total, counts.passes), (3, 2));
}

#[test]
fn a_set_is_sampled_only_while_all_its_legs_are_ready() {
    let mut tape = Tape::new();
    tape.push(100, "quote", "0,0.31,0.32,900;1,0.31,0.32,900");
    tape.push(3_100, "quote", &quotes("0.32"));
    tape.push(5_500, "ref", "end");
    let report = tape.probe();
    assert_eq!(set(&report, "g").figures.counts.snapshots_total, 3);
    assert_eq!(set(&report, "0xc0").figures.counts.snapshots_total, 6);
}

#[test]
fn a_silent_week_is_sampled_in_one_step() {
    let mut tape = Tape::new();
    tape.push(0, "quote", &quotes("0.32"));
    tape.push(7 * 86_400_000, "ref", "end");
    let counts = set(&tape.probe(), "g").figures.counts;
    assert_eq!((counts.snapshots_total, counts.samples_dropped), (7 * 86_400 + 1, 0));
}

#[test]
fn a_print_is_its_token_time_price_and_size() {
    let mut tape = Tape::new();
    let second = START_MS / 1_000;
    tape.push(1_000, "trade", &trade("01", second, "0xa", "5"));
    // The same row again, another transaction of the same figures: seen before.
    tape.push(2_000, "trade", &trade("01", second, "0xa", "5"));
    tape.push(3_000, "trade", &trade("01", second, "0xb", "5.0"));
    // Another size, another time, another token of the set: new ones.
    tape.push(4_000, "trade", &trade("01", second, "0xa", "6"));
    tape.push(5_000, "trade", &trade("01", second + 1, "0xa", "5"));
    tape.push(9_000, "trade", &trade("11", second, "0xa", "5"));
    // The other token of the market belongs to the binary set alone.
    tape.push(9_500, "trade", &trade("02", second, "0xa", "5"));
    let report = tape.probe();
    let group = &set(&report, "g").figures;
    assert_eq!((group.counts.trades_total, group.counts.trades_duplicated), (4, 2));
    assert_eq!(group.trade_gap_max_ms, 4_000);
    let binary = &set(&report, "0xc0").figures;
    assert_eq!((binary.counts.trades_total, binary.counts.trades_duplicated), (4, 2));
}

#[test]
fn prints_that_the_venue_dates_before_the_probe_are_counted_apart() {
    let mut tape = Tape::new();
    let second = START_MS / 1_000;
    tape.push(1_000, "trade", &trade("01", second - 1, "0xa", "5"));
    tape.push(1_000, "trade", &trade("01", second, "0xb", "5"));
    let counts = set(&tape.probe(), "g").figures.counts;
    assert_eq!((counts.trades_total, counts.trades_before_probe), (2, 1));
}

#[test]
fn refused_and_foreign_prints_count_for_nothing() {
    let mut tape = Tape::new();
    let second = START_MS / 1_000;
    tape.push(1_000, "trade", "{}");
    tape.push(1_000, "trade", &trade("01", second, "0xa", "-5"));
    tape.push(1_000, "trade", &trade("99", second, "0xa", "5"));
    tape.push(1_000, "trade", &trade("01", second, "0xa", "5").replace("0xc0", "0xff"));
    let counts = set(&tape.probe(), "g").figures.counts;
    assert_eq!((counts.trades_total, counts.trades_duplicated), (0, 0));
}

#[test]
fn a_set_is_described_by_its_legs_and_the_earliest_end() {
    let report = Tape::new().probe();
    let group = set(&report, "g");
    assert_eq!(group.legs, ["01", "11", "21"]);
    assert_eq!(group.conditions, ["0xc0", "0xc1", "0xc2"]);
    assert_eq!((group.label.as_str(), group.end_ms), ("question 0", 800));
    let binary = set(&report, "0xc0");
    assert_eq!((binary.conditions.as_slice(), binary.end_ms), (&["0xc0".to_owned()][..], 0));
}

#[test]
fn stopping_reports_what_was_read() {
    let mut tape = Tape::new();
    for at_ms in 0..10_000 {
        tape.push(at_ms, "quote", &quotes("0.32"));
    }
    let mut source = RecordSource::capture(&tape.path()).unwrap();
    let mut asked = 0;
    let report = probe_source(PARAMS.as_bytes(), &mut source, &mut |progress| {
        asked += 1;
        assert!(progress.total > 0);
        false
    });
    let report = report.unwrap();
    assert_eq!((asked, report.is_complete), (1, false));
    assert_eq!(report.to_ms, START_MS + 4_094);
    // Whole seconds 0 to 4 and the end of what was read.
    assert_eq!(set(&report, "g").figures.counts.snapshots_total, 6);
}

#[test]
fn an_empty_recording_has_no_sets_and_no_span() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("empty.jsonl");
    fs::write(&path, "").unwrap();
    let mut source = RecordSource::capture(&path).unwrap();
    let report = probe_source(PARAMS.as_bytes(), &mut source, &mut |_| true).unwrap();
    assert_eq!((report.from_ms, report.to_ms, report.sets.len()), (0, 0, 0));
}

#[test]
fn settings_that_the_brain_refuses_are_named() {
    let bad = PARAMS.replace("\"q_req\":\"10\"", "\"q_req\":\"0\"");
    let error = Prober::begin(bad.as_bytes()).unwrap_err();
    assert!(matches!(error, EngineError::Params(_)), "{error}");
    assert!(Prober::begin(b"{}").is_err());
}

#[test]
fn a_live_prober_samples_and_polls_when_told() {
    let mut prober = Prober::begin(PARAMS.as_bytes()).unwrap();
    let take = |prober: &mut Prober, kind, at_ms: i64, payload: &str| {
        let recv_ns = Nanos((START_MS + at_ms) * 1_000_000);
        let payload = payload.as_bytes();
        let record = Record { kind, recv_ns, conn: "q-0", epoch: 0, payload };
        assert!(!prober.take(&record).unwrap().is_refused);
    };
    take(&mut prober, Kind::Meta, 0, &meta());
    prober.sample(SampleTimes::once(START_MS + 100));
    take(&mut prober, Kind::Quote, 200, &quotes("0.32"));
    prober.sample(SampleTimes::once(START_MS + 1_100));
    prober.poll(START_MS + 1_200, false);
    prober.poll(START_MS + 2_600, true);
    let report = prober.report(true);
    let figures = &set(&report, "g").figures;
    assert_eq!((figures.counts.snapshots_total, figures.counts.poll_hit_limit), (1, 1));
    assert_eq!((figures.poll_gap_max_ms, report.to_ms), (1_400, START_MS + 1_100));
}

#[test]
fn books_of_a_world_are_probed_alike_twice() {
    let plan = WorldPlan { seed: 3, start_ns: START_MS * 1_000_000, duration_ms: 20_000 };
    let mut tape = Tape { dir: tempfile::tempdir().unwrap(), lines: String::new() };
    for record in build(plan).records {
        let line = json!({"t": record.recv_ns, "c": if record.conn.is_empty() { "m-0" } else { record.conn },
            "e": 0, "k": record.kind, "m": record.payload});
        tape.lines.push_str(&line.to_string());
        tape.lines.push('\n');
    }
    let report = tape.probe();
    assert_eq!(report.sets.len(), 20);
    assert!(report.sets.iter().all(|set| set.figures.counts.snapshots_total >= 19));
    let passing = report.sets.iter().filter(|set| set.figures.counts.passes > 0);
    assert!(passing.clone().count() > 0);
    assert!(passing.clone().all(|set| set.conditions.len() > 1), "a unified book never passes");
    let text = |report: &Report| serde_json::to_string(report).unwrap();
    assert_eq!(text(&report), text(&tape.probe()));
}
