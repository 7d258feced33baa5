//! Each figure of a probe, both sides of each limit.

#![expect(clippy::arithmetic_side_effects, reason = "small literals in tests")]

use super::*;
use crate::ids::TokenIx;
use crate::market::Fees;
use crate::units::{Nanos, TickSize};

const GATE: ProbeGate = ProbeGate { risk_premium: Bps::new(80), min_net_edge: Bps::new(10) };
const DOLLAR: i128 = 1_000_000_000_000;

fn leg(bid: &str, ask: &str, depth: Depth3) -> LegQuote {
    LegQuote {
        token: TokenIx(0),
        best_bid: Price::parse(bid.as_bytes()).ok(),
        bid_qty: None,
        best_ask: Price::parse(ask.as_bytes()).ok(),
        ask_qty: None,
        ask_depth3: depth,
        recv: Nanos(0),
        proof: Nanos(0),
        tick: TickSize::CENT,
        fees: Fees::Free,
    }
}

fn dollars(dollars: i128) -> Depth3 {
    Depth3::Known { pico_usdc: dollars * DOLLAR }
}

fn pair(bid: &str, ask: &str) -> [LegQuote; 2] {
    [leg(bid, ask, dollars(900)), leg(bid, ask, dollars(600))]
}

fn probed(samples: &[(i64, [LegQuote; 2])]) -> ProbeReport {
    let mut probe = Probe::new(GATE);
    for (now_ms, legs) in samples {
        probe.sample(SampleTimes::once(*now_ms), legs);
    }
    probe.report()
}

#[test]
fn a_probe_without_samples_says_so_in_the_predecessors_words() {
    let report = Probe::new(GATE).report();
    assert_eq!(report.counts, Counts::default());
    assert_eq!((report.worst_spread_bps_p50, report.expected_net_bps_max), (i32::MAX, i32::MIN));
    assert_eq!((report.expected_net_bps_p50, report.expected_net_bps_p90), (i32::MIN, i32::MIN));
    assert_eq!(report.worst_depth3_usdc_p50, None);
    assert_eq!((report.passes_gap_max_ms, report.trade_gap_max_ms), (0, 0));
}

#[test]
fn a_net_edge_equal_to_the_gate_is_a_pass_and_one_less_is_not() {
    let at = probed(&[(0, pair("0.48", "0.485"))]);
    assert_eq!((at.expected_net_bps_max, at.counts.passes), (10, 1));
    let below = probed(&[(0, [pair("0.48", "0.485")[0], pair("0.48", "0.4851")[0]])]);
    assert_eq!((below.expected_net_bps_max, below.counts.passes), (9, 0));
    assert_eq!(below.counts.snapshots_eval_total, 1);
}

#[test]
fn liquid_needs_a_tight_spread_and_a_deep_worst_leg() {
    let tight = probed(&[(0, pair("0.4995", "0.5"))]);
    assert_eq!((tight.counts.liquid, tight.counts.thin), (1, 0));
    assert_eq!(tight.worst_spread_bps_p50, 11);
    assert_eq!(tight.worst_depth3_usdc_p50.as_deref(), Some("600.000000"));
    let wide = probed(&[(0, pair("0.499", "0.5"))]);
    assert_eq!((wide.counts.liquid, wide.counts.thin, wide.worst_spread_bps_p50), (0, 1, 21));
    let shallow = [leg("0.4995", "0.5", dollars(900)), leg("0.4995", "0.5", dollars(500))];
    assert_eq!(probed(&[(0, shallow)]).counts.thin, 1);
}

#[test]
fn a_degraded_depth_counts_as_none_and_makes_its_leg_the_worst() {
    for bad in [Depth3::Unknown, Depth3::NotFinite, dollars(0), dollars(10_000_001)] {
        let legs = [leg("0.4995", "0.5", dollars(600)), leg("0.30", "0.40", bad)];
        let report = probed(&[(0, legs)]);
        assert_eq!((report.counts.depth3_degraded, report.counts.bucket_nan), (1, 1), "{bad:?}");
        assert_eq!((report.counts.thin, report.worst_spread_bps_p50), (1, 2_858), "{bad:?}");
        assert_eq!(report.worst_depth3_usdc_p50, None, "{bad:?}");
    }
    let most = [leg("0.4995", "0.5", dollars(10_000_000)), leg("0.4995", "0.5", dollars(600))];
    assert_eq!(probed(&[(0, most)]).counts.depth3_degraded, 0);
}

#[test]
fn a_leg_without_a_side_is_one_sided() {
    let whole = leg("0.48", "0.49", dollars(600));
    let cases = [("", "0.49", 1), ("0.48", "", 1), ("0.48", "1", 1), ("0", "0.49", 1)];
    for (bid, ask, expected) in cases {
        let report = probed(&[(0, [whole, leg(bid, ask, dollars(600))])]);
        assert_eq!(report.counts.one_sided, expected, "{bid}|{ask}");
    }
    assert_eq!(probed(&[(0, [whole, whole])]).counts.one_sided, 0);
    assert_eq!(probed(&[(0, [whole, leg("0.48", "0.999999", dollars(600))])]).counts.one_sided, 0);
}

#[test]
fn quantiles_of_the_edge_index_downward() {
    let asks = ["0.48", "0.481", "0.482", "0.483"];
    let samples: Vec<(i64, [LegQuote; 2])> =
        (0..).zip(asks).map(|(now, ask)| (now, pair("0.4", ask))).collect();
    let report = probed(&samples);
    // Nets 110, 90, 70, 50: index floor(3·0.5) = 1 and floor(3·0.9) = 2 of the ascending ones.
    let figures =
        (report.expected_net_bps_p50, report.expected_net_bps_p90, report.expected_net_bps_max);
    assert_eq!(figures, (70, 90, 110));
}

#[test]
fn gaps_between_passes_skip_the_samples_that_do_not_pass() {
    let (pass, fail) = (pair("0.4", "0.48"), pair("0.4", "0.49"));
    let report = probed(&[(0, pass), (1_000, fail), (2_000, pass), (3_000, pass), (9_000, pass)]);
    assert_eq!(report.counts.passes, 4);
    let gaps = (report.passes_gap_p50_ms, report.passes_gap_p90_ms, report.passes_gap_max_ms);
    assert_eq!(gaps, (2_000, 2_000, 6_000));
}

#[test]
fn many_samples_at_once_are_as_many_samples_one_by_one() {
    for legs in [pair("0.4", "0.48"), pair("0.4", "0.49"), pair("", "0.48")] {
        let (mut once, mut each) = (Probe::new(GATE), Probe::new(GATE));
        for probe in [&mut once, &mut each] {
            probe.sample(SampleTimes::once(0), &pair("0.4", "0.48"));
        }
        once.sample(SampleTimes { first_ms: 1_500, step_ms: 1_000, count: 5 }, &legs);
        for now_ms in [1_500, 2_500, 3_500, 4_500, 5_500] {
            each.sample(SampleTimes::once(now_ms), &legs);
        }
        for probe in [&mut once, &mut each] {
            probe.sample(SampleTimes::once(9_000), &pair("0.4", "0.48"));
        }
        assert_eq!(once.report(), each.report());
    }
}

#[test]
fn no_sample_time_is_no_sample() {
    let mut probe = Probe::new(GATE);
    probe.sample(SampleTimes { first_ms: 0, step_ms: 1_000, count: 0 }, &pair("0.4", "0.48"));
    assert_eq!(probe.report(), Probe::new(GATE).report());
}

#[test]
fn prints_are_counted_once_and_their_gaps_taken_on_ingest_time() {
    let mut probe = Probe::new(GATE);
    probe.trade(1_000, true, true);
    probe.trade(1_000, false, false);
    probe.trade(4_000, true, false);
    probe.trade(400_000, false, false);
    let counts = probe.report().counts;
    assert_eq!((counts.trades_total, counts.trades_duplicated), (2, 2));
    assert_eq!(counts.trades_before_probe, 1);
    assert_eq!(probe.report().trade_gap_max_ms, 3_000);
}

#[test]
fn polls_count_their_limit_and_their_gaps() {
    let mut probe = Probe::new(GATE);
    probe.poll(1_000, false);
    assert_eq!(probe.report().poll_gap_max_ms, 0);
    probe.poll(3_500, true);
    probe.poll(4_500, true);
    let report = probe.report();
    assert_eq!((report.counts.poll_hit_limit, report.poll_gap_max_ms), (2, 2_500));
}

#[test]
fn three_legs_are_summed_together() {
    let mut probe = Probe::new(GATE);
    let legs = ["0.32", "0.32", "0.32"].map(|ask| leg("0.3", ask, dollars(600)));
    probe.sample(SampleTimes::once(0), &legs);
    assert_eq!(probe.report().expected_net_bps_max, 10_000 - 9_600 - 210 - 80);
}

#[test]
fn an_edge_beyond_its_type_is_a_snapshot_without_evaluation() {
    let mut probe =
        Probe::new(ProbeGate { risk_premium: Bps::new(i32::MIN), min_net_edge: Bps::new(0) });
    probe.sample(SampleTimes::once(0), &pair("0.4", "0.48"));
    let counts = probe.report().counts;
    assert_eq!((counts.snapshots_total, counts.snapshots_eval_total, counts.passes), (1, 0, 0));
}

#[test]
fn the_report_is_one_flat_object() {
    let text = serde_json::to_string(&probed(&[(0, pair("0.4995", "0.5"))])).expect("json");
    assert!(text.starts_with("{\"snapshots_total\":1,\"one_sided\":0,"), "{text}");
    assert!(text.ends_with(",\"poll_gap_max_ms\":0}"), "{text}");
}
