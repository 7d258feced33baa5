//! Each gate of the generator, both sides.

#![expect(clippy::arithmetic_side_effects, reason = "small literals in tests")]

use super::*;
use crate::ids::TokenIx;
use crate::market::Fees;
use crate::signal::Depth3;
use crate::units::{Dec, Price, TickSize};

const MS: i64 = 1_000_000;

fn params() -> BrainParams {
    BrainParams {
        risk_premium: Bps::new(80),
        min_net_edge: Bps::new(10),
        q_req: PicoShares::parse("10").expect("q_req"),
        cooldown_ms: 1_000,
        max_staleness: Some(Nanos(500 * MS)),
    }
}

fn brain() -> Brain {
    Brain::new(params(), 1).expect("params")
}

fn leg(token: u32, ask: &str, proof_ms: i64) -> LegQuote {
    LegQuote {
        token: TokenIx(token),
        best_bid: Price::parse(b"0.4").ok(),
        bid_qty: None,
        best_ask: Price::parse(ask.as_bytes()).ok(),
        ask_qty: None,
        ask_depth3: Depth3::Unknown,
        recv: Nanos(proof_ms * MS),
        proof: Nanos(proof_ms * MS),
        tick: TickSize::CENT,
        fees: Fees::Taker { rate_ppm: 50_000, exponent: 1 },
    }
}

fn at(brain: &mut Brain, now_ms: i64, asks: [&str; 2]) -> Result<Box<Signal>, Suppression> {
    let legs = [leg(0, asks[0], now_ms), leg(1, asks[1], now_ms)];
    match brain.step(Nanos(now_ms * MS), &SetQuote { set: SetIx(0), legs: &legs }) {
        BrainOutcome::Signal(signal) => Ok(signal),
        BrainOutcome::Suppressed(cause) => Err(cause),
    }
}

#[test]
fn a_net_edge_equal_to_the_gate_passes_and_one_less_does_not() {
    let signal = at(&mut brain(), 1, ["0.48", "0.49"]).expect("signal");
    assert_eq!((signal.raw_cost, signal.raw_edge), (Bps::new(9_700), Bps::new(300)));
    assert_eq!((signal.hard_fees, signal.expected_net), (Bps::new(210), Bps::new(10)));
    assert_eq!(at(&mut brain(), 1, ["0.48", "0.490001"]), Err(Suppression::BelowEdge));
}

#[test]
fn raw_cost_equals_the_frozen_conversion_on_every_sum() {
    for micros in (0..2_000_000_u32).step_by(37) {
        let ask = |part: u32| Price::from_micros(part).ok();
        let first = micros / 2;
        let mut legs = [leg(0, "0.1", 0), leg(1, "0.1", 0)];
        legs[0].best_ask = ask(first);
        legs[1].best_ask = ask(micros - first);
        let exact = Bps::from_ratio_ceil(Dec::new(i128::from(micros), -6));
        let edge = frozen_edge(&legs, params().risk_premium);
        assert_eq!(edge.map(|edge| edge.raw_cost), exact.ok(), "{micros}");
    }
}

#[test]
fn exactly_the_cooldown_passes_and_ids_are_consumed_only_by_signals() {
    let mut brain = brain();
    assert_eq!(at(&mut brain, 1_000, ["0.45", "0.49"]).map(|signal| signal.id), Ok(1));
    assert_eq!(at(&mut brain, 1_999, ["0.45", "0.49"]), Err(Suppression::Cooldown));
    // 9401 is another cell of two basis points, 9400 and 9401 share one.
    assert_eq!(at(&mut brain, 1_999, ["0.45", "0.4901"]), Err(Suppression::Cooldown));
    assert_eq!(at(&mut brain, 1_999, ["0.45", "0.4902"]).map(|signal| signal.id), Ok(2));
    assert_eq!(at(&mut brain, 2_000, ["0.45", "0.49"]).map(|signal| signal.id), Ok(3));
    assert_eq!(brain.next_id(), 4);
    let counters = brain.counters();
    assert_eq!((counters.signals_emitted, counters.signals_suppressed), (3, 2));
}

#[test]
fn a_clock_that_jumps_back_reopens_no_cooldown() {
    let mut brain = brain();
    assert!(at(&mut brain, 50_000, ["0.45", "0.49"]).is_ok());
    assert_eq!(at(&mut brain, 10_000, ["0.45", "0.49"]), Err(Suppression::Cooldown));
}

#[test]
fn the_oldest_proof_decides_about_staleness() {
    for (age_ms, expected) in [(500, None), (501, Some(Suppression::Stale))] {
        let mut brain = brain();
        let legs = [leg(0, "0.45", 10_000 - age_ms), leg(1, "0.49", 10_000)];
        let outcome = brain.step(Nanos(10_000 * MS), &SetQuote { set: SetIx(0), legs: &legs });
        match expected {
            None => assert!(matches!(outcome, BrainOutcome::Signal(_)), "{age_ms}"),
            Some(cause) => assert_eq!(outcome, BrainOutcome::Suppressed(cause)),
        }
    }
}

#[test]
fn without_a_staleness_limit_any_age_passes() {
    let mut brain = Brain::new(BrainParams { max_staleness: None, ..params() }, 7).expect("params");
    let legs = [leg(0, "0.45", 0), leg(1, "0.49", 0)];
    let outcome = brain.step(Nanos(i64::MAX), &SetQuote { set: SetIx(0), legs: &legs });
    assert!(matches!(outcome, BrainOutcome::Signal(signal) if signal.id == 7));
}

#[test]
fn an_absent_ask_costs_one_dollar_and_odd_leg_counts_are_refused() {
    assert_eq!(at(&mut brain(), 1, ["", "0.01"]), Err(Suppression::BelowEdge));
    let legs = [leg(0, "0.45", 1)];
    let outcome = brain().step(Nanos(MS), &SetQuote { set: SetIx(0), legs: &legs });
    assert_eq!(outcome, BrainOutcome::Suppressed(Suppression::BadLegs));
}

#[test]
fn sets_of_any_size_signal_and_carry_the_venues_own_edge() {
    let mut brain = brain();
    let legs: Vec<_> = (0..64).map(|token| leg(token, "0.01", 1)).collect();
    let outcome = brain.step(Nanos(MS), &SetQuote { set: SetIx(3), legs: &legs });
    let BrainOutcome::Signal(signal) = outcome else { panic!("no signal") };
    assert_eq!((signal.legs.len(), signal.set, signal.raw_edge), (64, SetIx(3), Bps::new(3_600)));
    // 64 · 0.05 · 0.01 · 0.99 = 0.03168 dollars of fees.
    assert_eq!(signal.venue.edge(), Some(Usdc(1_000_000 - 640_000 - 31_680)));
    let mut blind = legs;
    blind[5].fees = Fees::Unknown;
    let outcome = brain.step(Nanos(MS), &SetQuote { set: SetIx(4), legs: &blind });
    assert!(matches!(outcome, BrainOutcome::Signal(signal) if signal.venue.edge().is_none()));
}

#[test]
fn keys_are_pruned_after_an_hour() {
    let mut brain = brain();
    assert!(at(&mut brain, 0, ["0.45", "0.49"]).is_ok());
    assert!(at(&mut brain, KEY_TTL_MS, ["0.45", "0.48"]).is_ok());
    assert_eq!(brain.last_emit_ms.len(), 2);
    assert!(at(&mut brain, KEY_TTL_MS + PRUNE_EVERY_MS, ["0.45", "0.47"]).is_ok());
    assert_eq!(brain.last_emit_ms.len(), 2);
}

#[test]
fn parameters_out_of_range_are_refused() {
    let zero = BrainParams { q_req: PicoShares(0), ..params() };
    assert_eq!(Brain::new(zero, 1).err(), Some(BrainError::QReq { pico: 0 }));
    let negative = BrainParams { cooldown_ms: -1, ..params() };
    assert_eq!(Brain::new(negative, 1).err(), Some(BrainError::NegativeTime));
}

#[test]
fn the_net_edge_of_a_probe_is_that_of_the_signal() {
    let asks = ["0.48", "0.49"];
    let legs = [leg(0, asks[0], 1), leg(1, asks[1], 1)];
    let signal = at(&mut brain(), 1, asks).expect("signal");
    assert_eq!(expected_net(&legs, params().risk_premium), Some(signal.expected_net));
    assert_eq!(expected_net(&legs, Bps::new(i32::MIN)), None);
}
