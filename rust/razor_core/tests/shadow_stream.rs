//! Prints of the market channel: which basis they reach, and what a gap of the channel blanks,
//! against a ledger that forgets no gap.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/signals.rs"]
mod signals;

use razor_core::market::{Fees, Settlement};
use razor_core::shadow::venue::{LegTerms, VenueGap, VenueTerms};
use razor_core::shadow::{SetRow, Settled, Shadow, ShadowParams};
use razor_core::units::{Nanos, Qty};
use razor_sim::rng::Rng;
use signals::{EXAMPLE, MS, frozen, rules, sets, shadow_params, shares, signal, tick};

fn terms() -> VenueTerms {
    let leg = LegTerms { fees: Fees::Free, min_order_qty: Qty(1) };
    VenueTerms { settlement: Settlement::Merge, end_ms: 0, legs: vec![leg; 2] }
}

fn ms(at: i64) -> Nanos {
    Nanos(at * MS)
}

/// A ledger that waits 700 ms for late prints, and what it settled.
struct Desk {
    shadow: Shadow,
    out: Vec<Settled>,
}

impl Desk {
    fn new() -> Self {
        let params = ShadowParams { venue_wait_ms: 700, ..shadow_params() };
        Self { shadow: Shadow::new(params).expect("params"), out: Vec::new() }
    }

    fn signal(&mut self, id: u64, at_ms: i64) {
        self.shadow.on_signal(signal(id, at_ms, &EXAMPLE), terms(), &mut self.out);
    }

    fn row(&mut self, id: u128, token: u32, at_ms: i64, size: &str) {
        self.shadow.on_trade(&tick(id, token, at_ms, "0.45", size), &mut self.out);
    }

    fn print(&mut self, id: u128, token: u32, at_ms: i64, size: &str) {
        self.shadow.on_stream_print(&tick(id, token, at_ms, "0.45", size), &mut self.out);
    }

    fn advance(&mut self, to_ms: i64) -> &mut Self {
        self.shadow.advance(ms(to_ms), &mut self.out);
        self
    }

    fn only(&self) -> &SetRow {
        let rows = sets(&self.out);
        assert_eq!(rows.len(), 1);
        rows[0]
    }
}

#[test]
fn channel_prints_reach_the_venue_basis_and_never_the_frozen_one() {
    let mut desk = Desk::new();
    desk.signal(1, 10_000);
    desk.row(1, 0, 10_200, "30");
    desk.row(2, 1, 10_200, "30");
    desk.print(3, 0, 10_300, "8");
    desk.print(4, 1, 10_300, "12");
    desk.advance(20_000);
    let row = desk.only();
    assert_eq!(row.frozen.volumes, [shares("30"), shares("30")], "rows alone");
    let venue = row.venue.as_ref().expect("numbers");
    let volumes: Vec<_> = venue.legs.iter().map(|leg| leg.volume).collect();
    assert_eq!(volumes, [shares("8"), shares("12")], "the channel alone");
}

#[test]
fn without_a_channel_print_in_the_whole_run_the_rows_speak_for_the_venue() {
    let mut desk = Desk::new();
    desk.signal(1, 10_000);
    desk.row(1, 0, 10_200, "30");
    desk.row(2, 1, 10_200, "20");
    // A gap of a channel that carries no prints takes nothing away.
    desk.shadow.mark_stream_incomplete(ms(10_000), ms(11_000));
    desk.advance(20_000);
    let venue = desk.only().venue.as_ref().expect("numbers");
    let volumes: Vec<_> = venue.legs.iter().map(|leg| leg.volume).collect();
    assert_eq!(volumes, [shares("30"), shares("20")]);
}

#[test]
fn one_channel_print_at_any_time_makes_the_channel_the_venues_source() {
    for at_ms in [1_000, 10_500, 11_700] {
        let mut desk = Desk::new();
        if at_ms < 10_000 {
            desk.print(9, 0, at_ms, "1");
        }
        desk.signal(1, 10_000);
        desk.row(1, 0, 10_200, "30");
        desk.row(2, 1, 10_200, "30");
        if at_ms > 10_000 {
            desk.print(9, 0, at_ms, "1");
        }
        desk.advance(20_000);
        let venue = desk.only().venue.as_ref().expect("numbers");
        let inside = if at_ms == 10_500 { "1" } else { "0" };
        assert_eq!(venue.legs[0].volume, shares(inside), "a print at {at_ms}");
        assert_eq!(venue.legs[1].volume, shares("0"), "no row counts any more");
    }
}

#[test]
fn a_gap_of_the_channel_blanks_the_venue_cells_of_the_windows_it_touches_only() {
    // The window of a signal at 10,000 is 10,100 to 11,100, both included.
    for (from, to, is_blank) in [
        (9_000, 10_099, false),
        (9_000, 10_100, true),
        (10_100, 10_100, true),
        (10_500, 10_600, true),
        (11_100, 12_000, true),
        (11_101, 12_000, false),
        (9_000, 12_000, true),
    ] {
        let mut desk = Desk::new();
        desk.signal(1, 10_000);
        desk.print(1, 0, 10_200, "30");
        desk.print(2, 1, 10_200, "30");
        desk.shadow.mark_stream_incomplete(ms(from), ms(to));
        desk.advance(20_000);
        let row = desk.only();
        let gap = is_blank.then_some(VenueGap::TradesIncomplete);
        assert_eq!(row.venue.clone().err(), gap, "{from}..{to}");
        assert!(!row.frozen.is_unusable(), "rows of the Data API did not stop");
    }
}

#[test]
fn a_gap_that_is_reported_while_the_venue_waits_still_counts() {
    for (at_ms, is_blank) in [(11_800, true), (11_801, false)] {
        let mut desk = Desk::new();
        desk.signal(1, 10_000);
        desk.print(1, 0, 10_200, "30");
        // The frozen row is settled behind 11,100, the venue's cells behind 11,800.
        desk.advance(at_ms);
        assert_eq!(frozen(&desk.out).len(), 1);
        desk.shadow.mark_stream_incomplete(ms(10_400), ms(10_500));
        desk.advance(20_000);
        assert_eq!(desk.only().venue.is_err(), is_blank, "{at_ms}");
    }
}

#[test]
fn more_gaps_than_are_kept_blank_more_and_never_less() {
    let mut desk = Desk::new();
    desk.print(1, 0, 9_900, "1");
    desk.signal(1, 10_000);
    desk.advance(10_600);
    // The first one lies in the window, thousands of others do not.
    desk.shadow.mark_stream_incomplete(ms(10_200), ms(10_201));
    for number in 0..3_000 {
        let at = 11_200 + number;
        desk.shadow.mark_stream_incomplete(ms(at), ms(at));
    }
    desk.advance(20_000);
    assert_eq!(desk.only().venue.clone().err(), Some(VenueGap::TradesIncomplete));
}

#[test]
fn gaps_that_no_window_reaches_back_to_are_forgotten() {
    let mut desk = Desk::new();
    desk.print(1, 0, 1, "1");
    // One gap a second for two hours: joined ones would cover all of it.
    for second in 0..7_200 {
        let at = 10_000 + second * 1_000;
        desk.advance(at);
        desk.shadow.mark_stream_incomplete(ms(at), ms(at));
    }
    let mut later = Desk { out: Vec::new(), ..desk };
    // Between two gaps and the end of the last: 7,209,000 is the last one.
    later.signal(1, 7_209_000);
    later.advance(8_000_000);
    assert!(later.only().venue.is_ok(), "{:?}", later.only().venue);
}

/// Random gaps, prints, signals and clocks through the ledger and a list of all gaps.
fn walk(seed: u64) -> (u32, u32) {
    let mut desk = Desk::new();
    let mut rng = Rng::new(seed);
    let mut gaps: Vec<(i64, i64)> = Vec::new();
    let mut now = 100_000_i64;
    let (mut blank, mut free) = (0, 0);
    desk.print(0, 0, now, "1");
    for id in 1..400_u64 {
        now += i64::from(rng.below(900));
        desk.out.clear();
        // What is settled here is settled before the new gap is known.
        desk.advance(now);
        for row in sets(&desk.out) {
            let (start, end) = rules().window_of(row.frozen.signal.ts_ms());
            let is_touched = gaps.iter().any(|(from, to)| *from <= end && *to >= start);
            let gap = is_touched.then_some(VenueGap::TradesIncomplete);
            assert_eq!(row.venue.clone().err(), gap, "seed {seed}: {start}..{end}");
            assert!(!row.frozen.is_unusable());
            *(if is_touched { &mut blank } else { &mut free }) += 1;
        }
        if rng.chance(25) {
            let from = now - i64::from(rng.below(1_500));
            let to = from + i64::from(rng.below(1_200));
            desk.shadow.mark_stream_incomplete(ms(from), ms(to));
            gaps.push((from, to));
        } else {
            desk.signal(id, now);
        }
    }
    (blank, free)
}

#[test]
fn random_gaps_blank_the_rows_of_the_ledger_that_forgets_none() {
    let (mut blank, mut free) = (0, 0);
    for seed in 0..60 {
        let counts = walk(seed);
        blank += counts.0;
        free += counts.1;
    }
    assert!(blank > 1_000 && free > 300, "{blank} {free}");
}
