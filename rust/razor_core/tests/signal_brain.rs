//! The signal generator against a plain model: gate, price cells, cooldown, pruning, staleness.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/signals.rs"]
mod signals;

use std::collections::BTreeMap;

use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::Fees;
use razor_core::shadow::exact::PicoShares;
use razor_core::signal::brain::BrainError;
use razor_core::signal::{
    Brain, BrainOutcome, BrainParams, Bucket, LegQuote, SetQuote, Signal, Suppression,
};
use razor_core::units::{Bps, Nanos, Price, Usdc};
use razor_sim::rng::Rng;
use signals::{MS, micros, pico, price, quote};

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

fn params() -> BrainParams {
    BrainParams {
        risk_premium: Bps::new(80),
        min_net_edge: Bps::new(10),
        q_req: pico("10"),
        cooldown_ms: 1_000,
        max_staleness: Some(Nanos(500 * MS)),
    }
}

fn replaying() -> BrainParams {
    BrainParams { max_staleness: None, ..params() }
}

fn brain(params: BrainParams) -> Brain {
    Brain::new(params, 1).expect("params")
}

/// Two fresh legs whose asks sum to so many micro-dollars.
fn legs_of_sum(sum: u32, now_ms: i64) -> [LegQuote; 2] {
    let first = sum / 2;
    [
        quote(0, Some(price("0.2")), Some(micros(first)), now_ms),
        quote(1, Some(price("0.2")), Some(micros(sum - first)), now_ms),
    ]
}

fn judge(
    brain: &mut Brain,
    now_ms: i64,
    set: u32,
    legs: &[LegQuote],
) -> Result<Signal, Suppression> {
    match brain.step(Nanos(now_ms * MS), &SetQuote { set: SetIx(set), legs }) {
        BrainOutcome::Signal(signal) => Ok(*signal),
        BrainOutcome::Suppressed(cause) => Err(cause),
    }
}

fn at(brain: &mut Brain, now_ms: i64, set: u32, sum: u32) -> Result<u64, Suppression> {
    judge(brain, now_ms, set, &legs_of_sum(sum, now_ms)).map(|signal| signal.id)
}

#[test]
fn the_gate_is_closed_below_its_limit_and_open_at_it() {
    // 10,000 − ceil(sum in bp) − 210 − premium against the gate.
    for (sum, premium, gate, net) in [
        (970_000, 80, 10, Some(10)),
        (970_001, 80, 10, None),
        (969_999, 80, 10, Some(10)),
        (969_900, 80, 10, Some(11)),
        (969_901, 80, 10, Some(10)),
        (971_000, 80, 0, Some(0)),
        (971_001, 80, 0, None),
        (979_000, 0, 0, Some(0)),
        (979_001, 0, 0, None),
        (900_000, 790, 0, Some(0)),
        (900_000, 790, 1, None),
        (1_000_000, 0, 0, None),
        (1_999_998, 0, 0, None),
        (2, 0, 9_789, Some(9_789)),
        (2, 0, 9_790, None),
        (0, 0, 9_790, Some(9_790)),
        (0, 10_000, 0, None),
    ] {
        let mut brain = brain(BrainParams {
            risk_premium: Bps::new(premium),
            min_net_edge: Bps::new(gate),
            ..params()
        });
        let judged = judge(&mut brain, 1, 0, &legs_of_sum(sum, 1));
        match (judged, net) {
            (Ok(signal), Some(net)) => {
                assert_eq!(signal.expected_net, Bps::new(net), "{sum} {premium} {gate}");
                assert_eq!(signal.raw_edge.raw() + signal.raw_cost.raw(), 10_000);
                assert_eq!(signal.raw_cost.raw(), sum.div_ceil(100) as i32);
                assert_eq!((signal.hard_fees.raw(), signal.risk_premium.raw()), (210, premium));
            }
            (Err(cause), None) => assert_eq!(cause, Suppression::BelowEdge, "{sum}"),
            (judged, net) => panic!("{sum} {premium} {gate}: {judged:?} instead of {net:?}"),
        }
    }
}

#[test]
fn a_price_cell_is_two_basis_points_wide_and_begins_at_an_even_one() {
    // The cost in bp, and whether it signals behind the costs before it at the same moment.
    for (first, second, passes) in [
        (9_600, 9_600, false),
        (9_600, 9_601, false),
        (9_601, 9_600, false),
        (9_600, 9_602, true),
        (9_600, 9_599, true),
        (9_601, 9_602, true),
        (9_602, 9_603, false),
        (9_598, 9_599, false),
        (0, 1, false),
        (1, 2, true),
    ] {
        let mut brain = brain(params());
        assert_eq!(at(&mut brain, 5, 0, first * 100), Ok(1));
        let judged = at(&mut brain, 5, 0, second * 100);
        let expected = if passes { Ok(2) } else { Err(Suppression::Cooldown) };
        assert_eq!(judged, expected, "{first} then {second}");
    }
}

#[test]
fn the_cell_is_taken_from_the_cost_rounded_up() {
    let mut brain = brain(params());
    assert_eq!(at(&mut brain, 1, 0, 960_000), Ok(1));
    // 9600.01 bp costs 9601, which shares the cell of 9600; 9601.01 costs 9602.
    assert_eq!(at(&mut brain, 1, 0, 960_001), Err(Suppression::Cooldown));
    assert_eq!(at(&mut brain, 1, 0, 960_100), Err(Suppression::Cooldown));
    assert_eq!(at(&mut brain, 1, 0, 960_101), Ok(2));
}

#[test]
fn exactly_the_cooldown_passes_for_every_length_of_it() {
    for cooldown_ms in [0, 1, 2, 500, 1_000, 2_000, HOUR_MS - MINUTE_MS] {
        let mut brain = brain(BrainParams { cooldown_ms, ..params() });
        assert_eq!(at(&mut brain, 10, 0, 950_000), Ok(1));
        if cooldown_ms > 0 {
            let early = at(&mut brain, 10 + cooldown_ms - 1, 0, 950_000);
            assert_eq!(early, Err(Suppression::Cooldown), "{cooldown_ms}");
        }
        assert_eq!(at(&mut brain, 10 + cooldown_ms, 0, 950_000), Ok(2), "{cooldown_ms}");
    }
}

#[test]
fn the_cooldown_counts_whole_milliseconds() {
    let mut brain = brain(params());
    let step = |brain: &mut Brain, now_ns: i64| {
        let legs = legs_of_sum(950_000, now_ns / MS);
        let quote = SetQuote { set: SetIx(0), legs: &legs };
        matches!(brain.step(Nanos(now_ns), &quote), BrainOutcome::Signal(_))
    };
    assert!(step(&mut brain, 5 * MS + 999_999));
    assert!(!step(&mut brain, 1_004 * MS + 999_999));
    assert!(step(&mut brain, 1_005 * MS));
}

#[test]
fn a_suppressed_quote_does_not_prolong_the_cooldown() {
    let mut brain = brain(params());
    assert_eq!(at(&mut brain, 0, 0, 950_000), Ok(1));
    for now_ms in (100..1_000).step_by(100) {
        assert_eq!(at(&mut brain, now_ms, 0, 950_000), Err(Suppression::Cooldown));
    }
    assert_eq!(at(&mut brain, 1_000, 0, 950_000), Ok(2));
}

#[test]
fn a_quote_below_the_gate_takes_no_key() {
    let mut brain = brain(params());
    assert_eq!(at(&mut brain, 0, 0, 975_000), Err(Suppression::BelowEdge));
    assert_eq!(at(&mut brain, 0, 0, 950_000), Ok(1));
}

#[test]
fn sets_do_not_share_their_cooldowns() {
    let mut brain = brain(params());
    for set in 0..50 {
        assert_eq!(at(&mut brain, 7, set, 950_000), Ok(u64::from(set) + 1));
    }
    for set in 0..50 {
        assert_eq!(at(&mut brain, 8, set, 950_000), Err(Suppression::Cooldown));
    }
}

#[test]
fn a_cooldown_longer_than_an_hour_ends_when_its_key_is_pruned() {
    let long = BrainParams { cooldown_ms: 3 * HOUR_MS, ..params() };
    let mut brain = brain(long);
    assert_eq!(at(&mut brain, 0, 0, 950_000), Ok(1));
    // Pruned are keys older than an hour, every minute: at an hour the key is still kept.
    assert_eq!(at(&mut brain, HOUR_MS, 0, 950_000), Err(Suppression::Cooldown));
    assert_eq!(at(&mut brain, HOUR_MS + MINUTE_MS - 1, 0, 950_000), Err(Suppression::Cooldown));
    assert_eq!(at(&mut brain, HOUR_MS + MINUTE_MS, 0, 950_000), Ok(2));
}

#[test]
fn a_replay_prunes_nothing() {
    let long = BrainParams { cooldown_ms: 3 * HOUR_MS, ..replaying() };
    let mut brain = brain(long);
    assert_eq!(at(&mut brain, 0, 0, 950_000), Ok(1));
    for minute in 1..180 {
        let judged = at(&mut brain, minute * MINUTE_MS, 0, 950_000);
        assert_eq!(judged, Err(Suppression::Cooldown), "{minute}");
    }
    assert_eq!(at(&mut brain, 3 * HOUR_MS, 0, 950_000), Ok(2));
}

#[test]
fn staleness_is_judged_on_the_oldest_proof_and_its_limit_is_still_fresh() {
    // Ages of the two legs in ns over the limit of 500 ms, and whether the set is stale.
    let limit = 500 * MS;
    for (first, second, is_stale) in [
        (0, 0, false),
        (limit, 0, false),
        (limit, limit, false),
        (limit + 1, 0, true),
        (0, limit + 1, true),
        (limit + 1, limit + 1, true),
        (i64::MAX / 4, 0, true),
        (-limit, -5, false),
        (-1, limit + 1, true),
    ] {
        let now = 10_000 * MS;
        let mut legs = legs_of_sum(950_000, 10_000);
        legs[0].proof = Nanos(now - first);
        legs[1].proof = Nanos(now - second);
        // When a leg last changed does not matter: silence with proof is fresh.
        legs[0].recv = Nanos(0);
        let judged = judge(&mut brain(params()), 10_000, 0, &legs).map(|signal| signal.id);
        let expected = if is_stale { Err(Suppression::Stale) } else { Ok(1) };
        assert_eq!(judged, expected, "{first} {second}");
        assert_eq!(judge(&mut brain(replaying()), 10_000, 0, &legs).map(|s| s.id), Ok(1));
    }
}

#[test]
fn a_limit_of_zero_takes_only_what_is_proven_now() {
    let none = BrainParams { max_staleness: Some(Nanos(0)), ..params() };
    let mut legs = legs_of_sum(950_000, 10);
    assert!(judge(&mut brain(none), 10, 0, &legs).is_ok());
    legs[1].proof = Nanos(10 * MS - 1);
    assert_eq!(judge(&mut brain(none), 10, 0, &legs).err(), Some(Suppression::Stale));
}

#[test]
fn leg_counts_from_two_to_sixty_four_are_judged_and_others_refused() {
    for count in [0, 1, 2, 3, 4, 63, 64, 65, 200] {
        let legs: Vec<LegQuote> = (0..count)
            .map(|token| quote(token, Some(price("0.001")), Some(price("0.002")), 1))
            .collect();
        let judged = judge(&mut brain(params()), 1, 0, &legs);
        if (2..=64).contains(&count) {
            let signal = judged.expect("signal");
            assert_eq!(signal.legs.len(), count as usize);
            let tokens: Vec<TokenIx> = signal.legs.iter().map(|leg| leg.token).collect();
            assert_eq!(tokens, (0..count).map(TokenIx).collect::<Vec<_>>(), "in table order");
        } else {
            assert_eq!(judged.err(), Some(Suppression::BadLegs), "{count}");
        }
    }
}

#[test]
fn an_absent_side_is_read_as_the_frozen_rules_say() {
    let mut legs = legs_of_sum(950_000, 1);
    legs[0].best_bid = None;
    let signal = judge(&mut brain(params()), 1, 0, &legs).expect("signal");
    assert_eq!((signal.legs[0].bid, signal.legs[1].bid), (Price::ZERO, price("0.2")));
    assert_eq!(signal.legs[0].limit, micros(475_000));
    legs[1].best_ask = None;
    assert_eq!(judge(&mut brain(params()), 1, 0, &legs).err(), Some(Suppression::BelowEdge));
    // Only a gate below the cost lets it through, and then the limit is one dollar.
    let open = BrainParams { min_net_edge: Bps::new(-10_000), ..params() };
    let signal = judge(&mut brain(open), 1, 0, &legs).expect("signal");
    assert_eq!((signal.legs[1].limit, signal.raw_cost.raw()), (Price::ONE, 14_750));
    assert_eq!(signal.expected_net.raw(), 10_000 - 14_750 - 290);
}

#[test]
fn a_signal_carries_bucket_request_and_the_venues_edge() {
    let mut legs = legs_of_sum(950_000, 1);
    let taker = Fees::Taker { rate_ppm: 40_000, exponent: 1 };
    legs[0].fees = taker;
    legs[1].fees = taker;
    let signal = judge(&mut brain(params()), 1, 3, &legs).expect("signal");
    assert_eq!((signal.set, signal.q_req, signal.ts), (SetIx(3), pico("10"), Nanos(MS)));
    assert_eq!(signal.bucket.bucket, Bucket::Thin);
    // 0.04 · 0.475 · 0.525 = 0.009975 for each leg.
    assert_eq!(signal.venue.sum_ask, Usdc(950_000));
    assert_eq!(signal.venue.sum_fee, Some(Usdc(2 * 9_975)));
    assert_eq!(signal.venue.edge(), Some(Usdc(1_000_000 - 950_000 - 19_950)));
    legs[1].fees = Fees::Free;
    let mut again = brain(params());
    let signal = judge(&mut again, 1, 3, &legs).expect("signal");
    assert_eq!(signal.venue.edge(), Some(Usdc(50_000 - 9_975)));
    legs[0].fees = Fees::Unknown;
    let signal = judge(&mut brain(params()), 1, 3, &legs).expect("the frozen rules need no fees");
    assert_eq!((signal.venue.sum_fee, signal.venue.edge()), (None, None));
}

#[test]
fn each_quote_is_counted_in_exactly_one_outcome() {
    let mut brain = brain(params());
    let fresh = legs_of_sum(950_000, 10);
    let mut stale = fresh;
    stale[0].proof = Nanos(-600 * MS);
    for _ in 0..3 {
        assert_eq!(judge(&mut brain, 10, 0, &stale).err(), Some(Suppression::Stale));
        assert_eq!(judge(&mut brain, 10, 0, &fresh[..1]).err(), Some(Suppression::BadLegs));
        assert_eq!(at(&mut brain, 10, 0, 999_000).err(), Some(Suppression::BelowEdge));
    }
    assert!(judge(&mut brain, 10, 0, &fresh).is_ok());
    assert_eq!(judge(&mut brain, 10, 0, &fresh).err(), Some(Suppression::Cooldown));
    // Stale and below the gate at once is stale: the staleness test comes first.
    let mut both = legs_of_sum(999_000, 10);
    both[1].proof = Nanos(-600 * MS);
    assert_eq!(judge(&mut brain, 10, 0, &both).err(), Some(Suppression::Stale));
    let counters = brain.counters();
    assert_eq!((counters.stale, counters.bad_legs, counters.below_edge), (4, 3, 3));
    assert_eq!((counters.signals_emitted, counters.signals_suppressed), (1, 1));
    assert_eq!((counters.evaluated, counters.keys_full), (12, 0));
}

#[test]
fn ids_begin_where_they_are_told_and_grow_by_one() {
    for first in [1, 2, 1_000, u64::MAX - 1] {
        let mut brain = Brain::new(params(), first).expect("params");
        assert_eq!(brain.next_id(), first);
        assert_eq!(at(&mut brain, 0, 0, 950_000), Ok(first));
        assert_eq!(at(&mut brain, 0, 0, 990_000), Err(Suppression::BelowEdge));
        assert_eq!(at(&mut brain, 0, 1, 950_000), Ok(first + 1));
        assert_eq!(brain.next_id(), (first + 1).saturating_add(1));
    }
}

#[test]
fn parameters_are_refused_on_the_wrong_side_of_their_limits_only() {
    for (q_req, cooldown_ms, staleness, refused) in [
        (1, 0, Some(0), None),
        (i128::MAX, i64::MAX, Some(i64::MAX), None),
        (1, 0, None, None),
        (0, 0, None, Some(BrainError::QReq { pico: 0 })),
        (-1, 0, None, Some(BrainError::QReq { pico: -1 })),
        (1, -1, None, Some(BrainError::NegativeTime)),
        (1, 0, Some(-1), Some(BrainError::NegativeTime)),
    ] {
        let given = BrainParams {
            q_req: PicoShares(q_req),
            cooldown_ms,
            max_staleness: staleness.map(Nanos),
            ..params()
        };
        assert_eq!(Brain::new(given, 1).err(), refused);
    }
    let text = BrainError::QReq { pico: 0 }.to_string();
    assert!(text.contains("brain.q_req") && text.contains("above 0"), "{text}");
}

#[test]
fn parameters_at_the_ends_of_their_range_never_wrap() {
    for premium in [i32::MIN, -10_000, i32::MAX] {
        for gate in [i32::MIN, 0, i32::MAX] {
            let mut brain = brain(BrainParams {
                risk_premium: Bps::new(premium),
                min_net_edge: Bps::new(gate),
                ..params()
            });
            let net = 9_790 - 9_500 - i64::from(premium);
            let passes = i32::try_from(net).is_ok_and(|net| net >= gate);
            assert_eq!(at(&mut brain, 1, 0, 950_000).is_ok(), passes, "{premium} {gate}");
        }
    }
}

// ---- the model -----------------------------------------------------------------------------

/// RAZOR_SPEC §8 written down once more, with a list instead of a map.
struct Model {
    cooldown_ms: i64,
    prunes: bool,
    keys: Vec<((u32, i64), i64)>,
    last_prune_ms: Option<i64>,
    next_id: u64,
}

impl Model {
    fn step(&mut self, now_ms: i64, set: u32, sum: u32) -> Result<u64, Suppression> {
        if self.prunes {
            let last = *self.last_prune_ms.get_or_insert(now_ms);
            if now_ms - last >= MINUTE_MS {
                self.last_prune_ms = Some(now_ms);
                self.keys.retain(|(_, at)| *at >= now_ms - HOUR_MS);
            }
        }
        let cost = (i64::from(sum) + 99) / 100;
        if 10_000 - cost - 210 - 80 < 10 {
            return Err(Suppression::BelowEdge);
        }
        let key = (set, cost / 2 * 2);
        if let Some((_, at)) = self.keys.iter().find(|(known, _)| *known == key) {
            let age = if now_ms > *at { now_ms - *at } else { 0 };
            if age < self.cooldown_ms {
                return Err(Suppression::Cooldown);
            }
        }
        self.keys.retain(|(known, _)| *known != key);
        self.keys.push((key, now_ms));
        self.next_id += 1;
        Ok(self.next_id - 1)
    }
}

/// Walks both through the same random quotes; gives how often each outcome came.
fn compare(seed: u64, cooldown_ms: i64, step_ms: u64, prunes: bool) -> BTreeMap<String, u32> {
    let params = BrainParams { cooldown_ms, ..if prunes { params() } else { replaying() } };
    let mut brain = brain(params);
    let mut model =
        Model { cooldown_ms, prunes, keys: Vec::new(), last_prune_ms: None, next_id: 1 };
    let mut rng = Rng::new(seed);
    let mut now_ms = 1_000_000;
    let mut outcomes = BTreeMap::new();
    for _ in 0..4_000 {
        now_ms += rng.below_wide(step_ms) as i64;
        if rng.chance(2) {
            now_ms -= rng.below_wide(step_ms) as i64;
        }
        let (set, sum) = (rng.below(3), 969_000 + rng.below(20) * 70);
        let judged = at(&mut brain, now_ms, set, sum);
        assert_eq!(judged, model.step(now_ms, set, sum), "seed {seed} at {now_ms}");
        let word = judged.map_or_else(|cause| format!("{cause:?}"), |_| "Signal".to_owned());
        *outcomes.entry(word).or_insert(0) += 1;
    }
    assert_eq!(brain.next_id(), model.next_id);
    outcomes
}

#[test]
fn random_quotes_end_as_in_the_plain_model() {
    for (seed, cooldown_ms, step_ms) in
        [(1, 1_000, 300), (2, 0, 50), (3, 5_000, 300), (4, 60_000, 9_000), (5, 1, 3)]
    {
        for prunes in [false, true] {
            let seen = compare(seed, cooldown_ms, step_ms, prunes);
            assert!(seen["Signal"] > 10, "{seen:?}");
            assert!(seen["BelowEdge"] > 10, "{seen:?}");
            assert!(cooldown_ms == 0 || seen["Cooldown"] > 0, "{seen:?}");
        }
    }
}

#[test]
fn random_quotes_over_hours_prune_as_in_the_plain_model() {
    for seed in 10..14 {
        // A cooldown longer than the life of a key makes pruning visible.
        let pruned = compare(seed, 3 * HOUR_MS, 120_000, true);
        let kept = compare(seed, 3 * HOUR_MS, 120_000, false);
        assert!(pruned["Signal"] > kept["Signal"], "{pruned:?} {kept:?}");
    }
}
