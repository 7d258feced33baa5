//! The guards against naive ones that remember everything, and the reservation against real costs.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow is a failed test")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use razor_core::fees::fee_ceil;
use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::Fees;
use razor_core::order::{Attempt, AttemptKey, Rung};
use razor_core::risk::{
    Breakers, Caps, GuardId, MATCH_SLACK, RateBreaker, Risk, SendFacts, SignalFacts, reservation,
};
use razor_core::units::{Nanos, Price, Qty, Usdc, notional_ceil};

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 1440 * MINUTE;

fn wide() -> Caps {
    let never = RateBreaker { max_permille: 1000, window: 1 };
    Caps {
        max_exposure: Usdc(i64::MAX),
        max_signal: Usdc(i64::MAX),
        max_day_loss: Usdc(i64::MAX),
        max_orders_per_min: u32::MAX,
        max_open_orders: u32::MAX,
        max_residual: Usdc(i64::MAX),
        exit_reserve_percent: 0,
        max_event_exposure: None,
        breakers: Breakers { loss_streak: u32::MAX, revert: never, api_error: never },
        cooldown: Nanos(1000),
        signal_ttl: Nanos(i64::MAX),
        takes_delayed_markets: true,
    }
}

fn send(is_entry: bool) -> SendFacts {
    SendFacts {
        is_entry,
        is_sell: !is_entry,
        exposure: Usdc::ZERO,
        reservation: Usdc::ZERO,
        signal_cost: Usdc::ZERO,
        open_orders: 0,
    }
}

fn signal(set: SetIx, ts: Nanos) -> SignalFacts {
    SignalFacts {
        ts,
        set,
        is_delayed: false,
        is_under_resolution: false,
        worst_cost: Usdc::ZERO,
        exposure: Usdc::ZERO,
        event_exposure: Usdc::ZERO,
    }
}

/// Steps of time that meet the ends of a minute exactly.
fn step() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => 0_i64..5_000_000_000,
        1 => Just(0),
        1 => (1_i64..6).prop_map(|part| MINUTE / part),
        1 => (-1_i64..=1).prop_map(|around| MINUTE + around),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// S-30: what the checks let through never exceeds the cap in any minute, and nothing that
    /// would stay within it is refused.
    #[test]
    fn sends_of_any_minute_are_counted_exactly(
        cap in 1_u32..8,
        reserve in 0_u8..=100,
        steps in prop::collection::vec((step(), any::<bool>()), 1..60),
    ) {
        let caps = Caps { max_orders_per_min: cap, exit_reserve_percent: reserve, ..wide() };
        let mut risk = Risk::new(caps);
        let mut sent: Vec<i64> = Vec::new();
        let mut now = 0;
        for (step, is_entry) in steps {
            now += step;
            let used = sent.iter().filter(|time| now - **time <= MINUTE).count();
            let share = if is_entry { 100 - u64::from(reserve) } else { 100 };
            let most = usize::try_from(u64::from(cap) * share / 100).expect("small");
            let found = risk.check_send(Nanos(now), &send(is_entry));
            prop_assert_eq!(found.is_ok(), used < most, "{} of {}", used, most);
            if let Err(guard) = found {
                prop_assert_eq!(guard.id, GuardId::S30);
                continue;
            }
            risk.note_send(Nanos(now));
            sent.push(now);
        }
    }

    /// The same where the caller sends without asking: the ring is too short to be wrong.
    #[test]
    fn a_full_ring_still_knows_a_full_minute(
        cap in 1_u32..6,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut risk = Risk::new(Caps { max_orders_per_min: cap, ..wide() });
        let mut sent: Vec<i64> = Vec::new();
        let mut now = 0;
        for step in steps {
            now += step;
            let used = sent.iter().filter(|time| now - **time <= MINUTE).count();
            let shown = usize::try_from(risk.sends_used(Nanos(now))).expect("small");
            prop_assert_eq!(shown, used.min(usize::try_from(cap).expect("small")));
            risk.note_send(Nanos(now));
            sent.push(now);
        }
    }

    /// S-17 within the bound of gaps.
    #[test]
    fn a_signal_is_first_seen_once(
        ids in prop::collection::vec(prop_oneof![0_u64..40, u64::MAX - 3..=u64::MAX], 0..80),
    ) {
        let mut risk = Risk::new(wide());
        let mut seen = BTreeSet::new();
        for id in ids {
            prop_assert_eq!(risk.first_sight(id), seen.insert(id), "{}", id);
        }
    }

    /// S-28: a set rests from each start for the whole cooldown, whatever other sets do.
    #[test]
    fn a_set_rests_for_the_whole_cooldown(
        events in prop::collection::vec((0_u32..4, 0_i64..700, any::<bool>()), 0..60),
    ) {
        let mut risk = Risk::new(wide());
        let mut starts: Vec<(u32, i64)> = Vec::new();
        let mut now = 0;
        for (set, step, is_start) in events {
            now += step;
            let until = starts.iter().filter(|start| start.0 == set).map(|start| start.1 + 1000);
            let until = until.max().filter(|until| now < *until).map(Nanos);
            prop_assert_eq!(risk.cooling_until(SetIx(set), Nanos(now)), until);
            let found = risk.check_signal(Nanos(now), &signal(SetIx(set), Nanos(now)));
            prop_assert_eq!(found.map_err(|guard| guard.id), match until {
                Some(_) => Err(GuardId::S28),
                None => Ok(()),
            });
            if is_start {
                risk.start_cooldown(SetIx(set), Nanos(now));
                starts.push((set, now));
            }
        }
    }

    /// S-29: day loss, streak and both rates, against sums over everything that happened.
    #[test]
    fn breakers_trip_exactly_when_the_sums_say_so(
        cap in 1_i64..200,
        streak_cap in 1_u32..5,
        results in prop::collection::vec((0_i64..DAY / 2, -60_i64..40, any::<bool>()), 0..40),
    ) {
        let breakers = Breakers { loss_streak: streak_cap, ..wide().breakers };
        let mut risk = Risk::new(Caps { max_day_loss: Usdc(cap), breakers, ..wide() });
        let mut all: Vec<(i64, i64, bool)> = Vec::new();
        let mut now = 0;
        for (step, pnl, is_failed) in results {
            now += step;
            all.push((now, pnl, is_failed));
            let found = risk.note_result(Nanos(now), Usdc(pnl), is_failed);
            let today = all.iter().filter(|result| result.0 / DAY == now / DAY);
            let (mut net, mut worst) = (0, 0);
            for result in today {
                net += result.1;
                worst = worst.min(net);
            }
            let streak = all.iter().rev().take_while(|result| result.2).count();
            let is_streak = streak >= usize::try_from(streak_cap).expect("small");
            prop_assert_eq!(risk.day_loss(), Usdc(-worst));
            prop_assert_eq!(found.is_some(), -worst >= cap || is_streak);
            let entry = risk.check_send(Nanos(now), &send(true));
            prop_assert_eq!(entry.err(), found);
        }
    }

    #[test]
    fn rates_are_those_of_the_last_events(
        window in 1_u32..30,
        permille in 0_u16..=1000,
        events in prop::collection::vec(prop::bool::weighted(0.3), 0..120),
    ) {
        let rate = RateBreaker { max_permille: permille, window };
        let breakers = Breakers { revert: rate, api_error: rate, ..wide().breakers };
        let mut risk = Risk::new(Caps { breakers, ..wide() });
        let mut all: Vec<bool> = Vec::new();
        for is_bad in events {
            all.push(is_bad);
            let last = all.iter().rev().take(usize::try_from(window).expect("small"));
            let bad = last.filter(|is_bad| **is_bad).count();
            let is_over = bad * 1000 > usize::from(permille) * usize::try_from(window).expect("small");
            prop_assert_eq!(risk.note_fill(is_bad).is_some(), is_over);
            prop_assert_eq!(risk.note_call(!is_bad).is_some(), is_over);
        }
    }

    /// S-01 and S-02 in 128 bits.
    #[test]
    fn money_fits_exactly_up_to_the_cap(
        cap in 0_i64..1000,
        exposure in prop_oneof![0_i64..1000, Just(i64::MAX)],
        reservation in prop_oneof![0_i64..1000, Just(i64::MAX)],
        signal_cost in 0_i64..1000,
    ) {
        let caps = Caps { max_exposure: Usdc(cap), max_signal: Usdc(cap), ..wide() };
        let facts = SendFacts {
            exposure: Usdc(exposure),
            reservation: Usdc(reservation),
            signal_cost: Usdc(signal_cost),
            ..send(true)
        };
        let sum = |before: i64| i128::from(before) + i128::from(reservation);
        let is_over = |before| sum(before) > i128::from(cap);
        let expected = if is_over(signal_cost) {
            Err(GuardId::S02)
        } else if is_over(exposure) {
            Err(GuardId::S01)
        } else {
            Ok(())
        };
        let found = Risk::new(caps).check_send(Nanos(0), &facts).map_err(|guard| guard.id);
        prop_assert_eq!(found, expected);
    }

    /// What is reserved covers any purchase of the shares in flight at any price up to the limit.
    #[test]
    fn a_reservation_covers_every_real_cost(
        qty in prop_oneof![0_u64..20_000, 0_u64..10_000_000_000],
        filled in 0_u64..=1000,
        limit in 1_u32..1_000_000,
        below in 0_u32..=1000,
        rate_ppm in 0_u32..=250_000,
        exponent in 0_u8..=1,
        cuts in prop::collection::vec(0_u64..=1000, 0..6),
    ) {
        let fees = Fees::Taker { rate_ppm, exponent };
        let attempt = Attempt {
            key: AttemptKey { signal_id: 1, leg: 0, attempt: 1 },
            rung: Rung::Fire,
            token: TokenIx(0),
            limit: Price::from_micros(limit).expect("price"),
            order_qty: Qty(qty),
            budget: None,
        };
        let reserved = reservation(&attempt, Qty(qty), fees).expect("reservation");
        let micros = u64::from(limit) * u64::from(below) / 1000;
        let price = Price::from_micros(u32::try_from(micros).expect("small")).expect("price");
        let cost = |qty: u64, price: Price| {
            let notional = notional_ceil(price, Qty(qty)).expect("notional");
            notional.0 + fee_ceil(fees, Qty(qty), price).expect("fee").0
        };
        prop_assert!(cost(qty * filled / 1000, price) <= reserved.0);
        prop_assert!(cost(qty, attempt.limit) <= reserved.0);

        // In several matches at once, each rounded for itself.
        let mut ends: Vec<u64> = cuts.iter().map(|cut| qty * cut / 1000).collect();
        ends.extend([0, qty]);
        ends.sort_unstable();
        let matches: Vec<u64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let real: i64 = matches.iter().map(|part| cost(*part, price)).sum();
        let slack = MATCH_SLACK.0 * i64::try_from(matches.len()).expect("few");
        prop_assert!(real <= reserved.0 + slack, "{} {}", real, reserved.0);

        // It shrinks with what is left of the order.
        let rest = reservation(&attempt, Qty(qty - qty * filled / 1000), fees).expect("rest");
        prop_assert!(rest <= reserved);
    }
}
