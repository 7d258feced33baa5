//! Incomplete stretches of the trade feed (FAULTS F-11) and the running ledger's clock, against a
//! ledger that forgets nothing.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/signals.rs"]
mod signals;

use razor_core::ids::MarketIx;
use razor_core::market::{Fees, Settlement};
use razor_core::shadow::store::Pushed;
use razor_core::shadow::venue::{LegTerms, VenueGap, VenueTerms};
use razor_core::shadow::{Settled, Shadow, ShadowError, ShadowParams};
use razor_core::units::{Nanos, Qty};
use razor_sim::rng::Rng;
use signals::{EXAMPLE, MS, frozen, rules, sets, shadow_params, signal, tick};

fn terms() -> VenueTerms {
    let leg = LegTerms { fees: Fees::Free, min_order_qty: Qty(1) };
    VenueTerms { settlement: Settlement::Merge, end_ms: 0, legs: vec![leg; 2] }
}

fn ms(at: i64) -> Nanos {
    Nanos(at * MS)
}

#[test]
fn settings_are_refused_on_the_wrong_side_of_their_limits_only() {
    let window = |start, end| {
        let rules = signals::rules();
        let rules = razor_core::shadow::settle::SettleRules {
            window_start_ms: start,
            window_end_ms: end,
            ..rules
        };
        ShadowParams { rules, ..shadow_params() }
    };
    for (params, refused) in [
        (window(0, 1), None),
        (window(100, 1_100), None),
        (window(0, 0), Some(ShadowError::Window { start: 0, end: 0 })),
        (window(100, 100), Some(ShadowError::Window { start: 100, end: 100 })),
        (window(101, 100), Some(ShadowError::Window { start: 101, end: 100 })),
        (window(-1, 100), Some(ShadowError::Window { start: -1, end: 100 })),
        (window(0, 5_000), None),
        (window(0, 5_001), Some(ShadowError::Retention { retention: 5_000, end: 5_001 })),
        (ShadowParams { max_trades: 0, ..shadow_params() }, Some(ShadowError::Limits)),
        (ShadowParams { max_trade_ids: 0, ..shadow_params() }, Some(ShadowError::Limits)),
        (ShadowParams { max_pending: 0, ..shadow_params() }, Some(ShadowError::Limits)),
        (ShadowParams { venue_wait_ms: -1, ..shadow_params() }, Some(ShadowError::Limits)),
        (ShadowParams { max_trades: 1, max_trade_ids: 1, max_pending: 1, ..shadow_params() }, None),
    ] {
        assert_eq!(Shadow::new(params).err(), refused);
    }
    assert_eq!(rules().window_of(10_000), (10_100, 11_100));
    assert_eq!(rules().window_of(i64::MAX), (i64::MAX, i64::MAX), "saturates, never wraps");
}

#[test]
fn an_earlier_clock_settles_nothing_and_reopens_nothing() {
    let mut shadow = Shadow::new(shadow_params()).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(signal(1, 10_000, &EXAMPLE), terms(), &mut out);
    for at in [11_100, 5_000, 0, -1, 11_100] {
        shadow.advance(ms(at), &mut out);
        assert!(out.is_empty(), "{at}");
    }
    shadow.advance(ms(11_101), &mut out);
    assert_eq!(out.len(), 2);
    // A signal from before the clock is settled at the next look.
    shadow.on_signal(signal(2, 9_000, &EXAMPLE), terms(), &mut out);
    shadow.advance(ms(1), &mut out);
    assert_eq!(frozen(&out).len(), 2);
}

#[test]
fn counters_add_up_to_the_signals_taken() {
    let params = ShadowParams { max_pending: 3, venue_wait_ms: 500, ..shadow_params() };
    let mut shadow = Shadow::new(params).expect("params");
    let mut out = Vec::new();
    for id in 1..=5 {
        shadow.on_signal(signal(id, 10_000, &EXAMPLE), terms(), &mut out);
    }
    assert_eq!(shadow.pending(), (3, 0));
    shadow.advance(ms(11_101), &mut out);
    // Rows that wait for the venue basis are pending, too.
    assert_eq!(shadow.pending(), (0, 3));
    shadow.on_signal(signal(6, 11_200, &EXAMPLE), terms(), &mut out);
    shadow.advance(ms(11_601), &mut out);
    assert_eq!(shadow.pending(), (0, 0));
    shadow.on_signal(signal(7, 11_700, &EXAMPLE), terms(), &mut out);
    shadow.finish(ms(11_800), &mut out);
    let counters = shadow.counters();
    assert_eq!((counters.signals, counters.dropped_full, counters.dropped_open), (4, 3, 1));
    assert_eq!((counters.settled, counters.outside_frozen, counters.unusable), (3, 0, 0));
    assert_eq!((frozen(&out).len(), sets(&out).len()), (3, 3));
}

#[test]
fn the_end_settles_what_ended_before_it_and_drops_what_is_open() {
    for (at, settled, dropped) in [(11_100, 0, 1), (11_101, 1, 0)] {
        let mut shadow = Shadow::new(shadow_params()).expect("params");
        let mut out = Vec::new();
        shadow.on_signal(signal(1, 10_000, &EXAMPLE), terms(), &mut out);
        shadow.finish(ms(at), &mut out);
        let counters = shadow.counters();
        assert_eq!((counters.settled, counters.dropped_open), (settled, dropped), "{at}");
        let again = out.len();
        shadow.finish(ms(at + 10_000), &mut out);
        assert_eq!(out.len(), again, "nothing twice");
    }
}

#[test]
fn each_fate_of_a_print_is_counted() {
    let params = ShadowParams { max_trades: 3, max_trade_ids: 5, ..shadow_params() };
    let mut shadow = Shadow::new(params).expect("params");
    let mut out = Vec::new();
    for (id, at, size, fate) in [
        (1, 1_000, "1", Pushed::Stored),
        (1, 1_001, "1", Pushed::Duplicate),
        (2, 1_002, "0", Pushed::Invalid),
        (2, 1_003, "1", Pushed::Stored),
        (3, 999, "1", Pushed::Stored),
        (4, 1_004, "1", Pushed::Stored),
        (5, 1_005, "1", Pushed::Stored),
        (6, 1_006, "1", Pushed::IdsFull),
        (5, 1_007, "1", Pushed::Duplicate),
    ] {
        let fate_found = shadow.on_trade(&tick(id, 0, at, "0.5", size), &mut out);
        assert_eq!(fate_found, fate, "{id} {at}");
    }
    let store = shadow.counters().store;
    assert_eq!((store.stored, store.duplicated, store.invalid), (5, 2, 1));
    assert_eq!((store.ids_full, store.out_of_order, store.evicted), (1, 1, 2));
    assert_eq!(shadow.trades_retained(), 3);
    // The refused print makes every later window incomplete.
    shadow.on_signal(signal(1, 2_000, &EXAMPLE), terms(), &mut out);
    shadow.advance(ms(4_000), &mut out);
    assert!(frozen(&out)[0].is_unusable());
}

#[test]
fn an_open_interval_ends_only_with_its_own_word() {
    // Who is marked, who is completed, and whether a window long after is still flagged.
    let first = Some(MarketIx(0));
    let other = Some(MarketIx(1));
    for (marked, completed, flagged) in [
        (None, None, false),
        (first, first, false),
        (None, first, true),
        (first, None, true),
        (first, other, true),
        (other, None, false),
    ] {
        let mut shadow = Shadow::new(shadow_params()).expect("params");
        let mut out = Vec::new();
        shadow.mark_incomplete(marked, ms(1_000), None);
        shadow.mark_complete(completed, ms(2_000));
        shadow.on_signal(signal(1, 50_000, &EXAMPLE), terms(), &mut out);
        shadow.advance(ms(60_000), &mut out);
        assert_eq!(frozen(&out)[0].is_unusable(), flagged, "{marked:?} {completed:?}");
    }
}

#[test]
fn an_interval_completed_before_it_began_is_one_moment() {
    let mut shadow = Shadow::new(shadow_params()).expect("params");
    let mut out = Vec::new();
    shadow.mark_incomplete(None, ms(10_500), None);
    shadow.mark_complete(None, ms(3_000));
    for (id, at) in [(1, 9_399), (2, 9_400), (3, 10_400), (4, 10_401)] {
        shadow.on_signal(signal(id, at, &EXAMPLE), terms(), &mut out);
    }
    shadow.advance(ms(20_000), &mut out);
    let flags: Vec<bool> = frozen(&out).iter().map(|row| row.is_unusable()).collect();
    assert_eq!(flags, [false, true, true, false]);
}

#[test]
fn more_intervals_than_are_kept_flag_more_and_never_less() {
    let params = ShadowParams { venue_wait_ms: 10_000, ..shadow_params() };
    let mut shadow = Shadow::new(params).expect("params");
    let mut out = Vec::new();
    shadow.on_signal(signal(1, 10_000, &EXAMPLE), terms(), &mut out);
    for number in 0..2_000_i64 {
        // All of another market and before the window, but the last one.
        let market = if number == 1_999 { MarketIx(0) } else { MarketIx(7) };
        let from = if number == 1_999 { 10_600 } else { number };
        shadow.mark_incomplete(Some(market), ms(from), Some(ms(from + 1)));
    }
    shadow.advance(ms(12_000), &mut out);
    assert!(frozen(&out)[0].is_unusable(), "the last one is not lost in the joined ones");
    assert_eq!(shadow.counters().gaps, 2_000);
}

// ---- the model -----------------------------------------------------------------------------

#[derive(Debug, Clone, Copy)]
struct Stretch {
    market: Option<u32>,
    from: i64,
    to: Option<i64>,
}

/// Keeps every stretch for ever.
#[derive(Default)]
struct Naive {
    stretches: Vec<Stretch>,
}

impl Naive {
    /// Whether a window over tokens of market 0 is touched.
    fn touches(&self, (start, end): (i64, i64)) -> bool {
        self.stretches.iter().any(|stretch| {
            stretch.market.is_none_or(|market| market == 0)
                && stretch.from <= end
                && stretch.to.is_none_or(|to| to >= start)
        })
    }
}

/// Random stretches, signals and clocks through both.
fn walk(seed: u64) -> (u32, u32) {
    let params = ShadowParams { venue_wait_ms: 700, ..shadow_params() };
    let mut shadow = Shadow::new(params).expect("params");
    let mut naive = Naive::default();
    let mut rng = Rng::new(seed);
    let mut now = 100_000_i64;
    let (mut flagged, mut free) = (0, 0);
    for id in 1..400_u64 {
        now += i64::from(rng.below(900));
        let mut out: Vec<Settled> = Vec::new();
        // What is settled here is settled before the new stretch is known.
        shadow.advance(ms(now), &mut out);
        check(&out, &naive, &mut flagged, &mut free);
        let market = [None, Some(0), Some(1)][rng.index(3)];
        match rng.below(6) {
            0 => {
                let from = now - i64::from(rng.below(1_500));
                let to = (!rng.chance(15)).then(|| from + i64::from(rng.below(2_000)));
                shadow.mark_incomplete(market.map(MarketIx), ms(from), to.map(ms));
                naive.stretches.push(Stretch { market, from, to });
            }
            1 => {
                shadow.mark_complete(market.map(MarketIx), ms(now));
                for stretch in &mut naive.stretches {
                    if stretch.market == market && stretch.to.is_none() {
                        stretch.to = Some(now.max(stretch.from));
                    }
                }
            }
            _ => {
                let mut out = Vec::new();
                shadow.on_signal(signal(id, now, &EXAMPLE), terms(), &mut out);
                assert!(out.is_empty());
            }
        }
    }
    (flagged, free)
}

fn check(out: &[Settled], naive: &Naive, flagged: &mut u32, free: &mut u32) {
    for row in frozen(out) {
        let window = rules().window_of(row.signal.ts_ms());
        assert_eq!(row.is_unusable(), naive.touches(window), "{window:?}");
        *(if row.is_unusable() { &mut *flagged } else { &mut *free }) += 1;
    }
    for row in sets(out) {
        let window = rules().window_of(row.frozen.signal.ts_ms());
        let blank = row.frozen.is_unusable() || naive.touches(window);
        let gap = blank.then_some(VenueGap::TradesIncomplete);
        assert_eq!(row.venue.clone().err(), gap, "{window:?}");
    }
}

#[test]
fn random_stretches_flag_the_windows_of_the_ledger_that_forgets_nothing() {
    let (mut flagged, mut free) = (0, 0);
    for seed in 0..60 {
        let counts = walk(seed);
        flagged += counts.0;
        free += counts.1;
    }
    assert!(flagged > 1_000 && free > 300, "{flagged} {free}");
}
