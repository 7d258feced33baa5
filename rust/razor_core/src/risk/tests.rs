#![expect(clippy::arithmetic_side_effects, reason = "an overflow is a failed test")]

use super::*;
use crate::ids::TokenIx;
use crate::order::{AttemptKey, Rung};

const SET: SetIx = SetIx(3);
const SECOND: i64 = 1_000_000_000;

fn caps() -> Caps {
    Caps {
        max_exposure: Usdc(100_000_000),
        max_signal: Usdc(20_000_000),
        max_day_loss: Usdc(10_000_000),
        max_orders_per_min: 10,
        max_open_orders: 4,
        max_residual: Usdc(5_000_000),
        exit_reserve_percent: 25,
        max_event_exposure: Some(Usdc(50_000_000)),
        breakers: Breakers {
            loss_streak: 3,
            revert: RateBreaker { max_permille: 100, window: 20 },
            api_error: RateBreaker { max_permille: 200, window: 10 },
        },
        cooldown: Nanos(SECOND),
        signal_ttl: Nanos(2 * SECOND),
        takes_delayed_markets: false,
    }
}

fn risk() -> Risk {
    Risk::new(caps())
}

fn at(seconds: i64) -> Nanos {
    Nanos(seconds * SECOND)
}

fn signal() -> SignalFacts {
    SignalFacts {
        ts: at(100),
        set: SET,
        is_delayed: false,
        is_under_resolution: false,
        worst_cost: Usdc(5_000_000),
        exposure: Usdc(1_000_000),
        event_exposure: Usdc(1_000_000),
    }
}

fn entry() -> SendFacts {
    SendFacts {
        is_entry: true,
        is_sell: false,
        exposure: Usdc(1_000_000),
        reservation: Usdc(5_000_000),
        signal_cost: Usdc(1_000_000),
        open_orders: 0,
    }
}

fn exit() -> SendFacts {
    SendFacts { is_entry: false, is_sell: true, reservation: Usdc::ZERO, ..entry() }
}

fn row(found: Result<(), Guard>) -> String {
    found.expect_err("a guard").to_string()
}

#[test]
fn the_row_is_that_of_the_audit() {
    let values = [("e", 98_500_000), ("r", 2_000_000), ("cap", 100_000_000)];
    let guard = Guard::new(GuardId::S01, values);
    assert_eq!(guard.to_string(), "guard=S-01 e=98500000 r=2000000 cap=100000000");
    assert_eq!(Guard::new(GuardId::D10, []).to_string(), "guard=D-10");
    let full = [("a", 1), ("b", -2), ("c", 3), ("d", i64::MIN)];
    let text = "guard=S-33 a=1 b=-2 c=3 d=-9223372036854775808";
    assert_eq!(Guard::new(GuardId::S33, full).to_string(), text);
}

#[test]
fn every_guard_has_its_own_word() {
    for (at, id) in GuardId::ALL.iter().enumerate() {
        let name = format!("{id:?}");
        assert_eq!(id.word(), format!("{}-{}", &name[..1], &name[1..]));
        assert!(GuardId::ALL.iter().take(at).all(|other| other.word() != id.word()));
    }
    assert_eq!(GuardId::ALL.iter().filter(|id| id.word().starts_with("S-")).count(), 33);
}

#[test]
fn a_signal_within_all_limits_passes() {
    assert_eq!(risk().check_signal(at(100), &signal()), Ok(()));
    assert_eq!(risk().check_send(at(100), &entry()), Ok(()));
    assert_eq!(risk().check_send(at(100), &exit()), Ok(()));
    assert_eq!(risk().caps(), &caps());
}

#[test]
fn a_signal_lives_as_long_as_its_ttl_and_not_before_it_was_born() {
    let risk = risk();
    let check = |now| risk.check_signal(now, &signal());
    assert_eq!(check(at(102)), Ok(()));
    assert_eq!(row(check(Nanos(102 * SECOND + 1))), "guard=S-18 age=2000000001 ttl=2000000000");
    assert_eq!(row(check(Nanos(100 * SECOND - 1))), "guard=S-18 age=-1 ttl=2000000000");
    let ancient = SignalFacts { ts: Nanos(i64::MIN), ..signal() };
    assert!(risk.check_signal(Nanos(i64::MAX), &ancient).is_err());
}

#[test]
fn a_set_rests_until_the_cooldown_is_over_and_no_other_set_with_it() {
    let mut risk = risk();
    risk.start_cooldown(SET, at(99));
    assert_eq!(risk.cooling_until(SET, Nanos(100 * SECOND - 1)), Some(at(100)));
    assert_eq!(risk.cooling_until(SET, at(100)), None);
    assert_eq!(risk.check_signal(at(100), &signal()), Ok(()));
    risk.start_cooldown(SET, Nanos(99 * SECOND + 1));
    let text = "guard=S-28 now=100000000000 cooldown_until=100000000001";
    assert_eq!(row(risk.check_signal(at(100), &signal())), text);
    let other = SignalFacts { set: SetIx(4), ..signal() };
    assert_eq!(risk.check_signal(at(100), &other), Ok(()));
}

#[test]
fn a_rest_is_never_shortened_and_forgotten_once_over() {
    let mut risk = risk();
    risk.start_cooldown(SET, at(100));
    risk.start_cooldown(SET, at(99));
    assert_eq!(risk.cooling_until(SET, at(100)), Some(at(101)));
    for set in 10..1000 {
        risk.start_cooldown(SetIx(set), at(200 + i64::from(set)));
    }
    assert!(risk.cooling.len() <= 2, "{}", risk.cooling.len());
    let mut none = Risk::new(Caps { cooldown: Nanos(0), ..caps() });
    none.start_cooldown(SET, at(1));
    assert_eq!((none.cooling_until(SET, at(1)), none.cooling.len()), (None, 0));
}

#[test]
fn markets_that_delay_or_resolve_are_refused_where_they_must_be() {
    let delayed = SignalFacts { is_delayed: true, ..signal() };
    let resolving = SignalFacts { is_under_resolution: true, ..signal() };
    let text = "guard=S-16 delayed=1 allowed=0";
    assert_eq!(row(risk().check_signal(at(100), &delayed)), text);
    let text = "guard=S-16 under_resolution=1 allowed=0";
    assert_eq!(row(risk().check_signal(at(100), &resolving)), text);
    let takes = Risk::new(Caps { takes_delayed_markets: true, ..caps() });
    assert_eq!(takes.check_signal(at(100), &delayed), Ok(()));
    assert!(takes.check_signal(at(100), &resolving).is_err());
}

#[test]
fn the_caps_of_a_signal_are_allowed_and_one_micro_dollar_more_is_not() {
    let risk = risk();
    let check = |worst_cost, exposure, event_exposure| {
        let facts = SignalFacts {
            worst_cost: Usdc(worst_cost),
            exposure: Usdc(exposure),
            event_exposure: Usdc(event_exposure),
            ..signal()
        };
        risk.check_signal(at(100), &facts)
    };
    assert_eq!(check(20_000_000, 80_000_000, 30_000_000), Ok(()));
    let text = "guard=S-02 cost=0 r=20000001 cap=20000000";
    assert_eq!(row(check(20_000_001, 0, 0)), text);
    let text = "guard=S-01 e=80000001 r=20000000 cap=100000000";
    assert_eq!(row(check(20_000_000, 80_000_001, 0)), text);
    let text = "guard=S-01 event_e=30000001 r=20000000 cap=50000000";
    assert_eq!(row(check(20_000_000, 30_000_001, 30_000_001)), text);
    assert!(check(1, i64::MAX, 0).is_err(), "a sum that overflows does not fit");
    assert!(check(20_000_000, 80_000_001, -5).is_err(), "a negative amount gives no room");
    assert!(check(-1, 100_000_001, 0).is_err());
}

#[test]
fn without_an_event_cap_the_total_is_the_only_one() {
    let risk = Risk::new(Caps { max_event_exposure: None, ..caps() });
    let facts = SignalFacts { event_exposure: Usdc(90_000_000), ..signal() };
    assert_eq!(risk.check_signal(at(100), &facts), Ok(()));
}

#[test]
fn the_caps_of_a_send_are_allowed_and_one_micro_dollar_more_is_not() {
    let risk = risk();
    let check = |exposure, signal_cost, reservation| {
        let facts = SendFacts {
            exposure: Usdc(exposure),
            signal_cost: Usdc(signal_cost),
            reservation: Usdc(reservation),
            ..entry()
        };
        risk.check_send(at(100), &facts)
    };
    assert_eq!(check(90_000_000, 10_000_000, 10_000_000), Ok(()));
    let text = "guard=S-02 cost=10000001 r=10000000 cap=20000000";
    assert_eq!(row(check(0, 10_000_001, 10_000_000)), text);
    let text = "guard=S-01 e=90000001 r=10000000 cap=100000000";
    assert_eq!(row(check(90_000_001, 0, 10_000_000)), text);
    assert!(check(0, i64::MAX, 1).is_err());
}

#[test]
fn a_sale_is_not_stopped_for_money_but_a_buy_on_the_way_out_is() {
    let over = Usdc(500_000_000);
    let sale = SendFacts { exposure: over, signal_cost: over, ..exit() };
    assert_eq!(risk().check_send(at(100), &sale), Ok(()));
    let buy_back = SendFacts { is_sell: false, ..sale };
    assert!(risk().check_send(at(100), &buy_back).is_err());
}

#[test]
fn the_last_open_order_is_allowed_and_the_next_is_not() {
    let check = |open_orders, facts| risk().check_send(at(1), &SendFacts { open_orders, ..facts });
    assert_eq!(check(3, entry()), Ok(()));
    assert_eq!(row(check(4, entry())), "guard=S-30 open=4 cap=4");
    assert_eq!(row(check(u32::MAX, exit())), "guard=S-30 open=4294967295 cap=4");
}

#[test]
fn entries_leave_the_reserve_to_exits() {
    let mut risk = risk();
    // 75 % of 10, rounded down.
    for sent in 0..7 {
        assert_eq!(risk.check_send(at(100), &entry()), Ok(()), "{sent}");
        assert_eq!(risk.check_signal(at(100), &signal()), Ok(()), "{sent}");
        risk.note_send(at(100));
    }
    assert_eq!(row(risk.check_send(at(100), &entry())), "guard=S-30 sends=7 cap=7");
    assert_eq!(row(risk.check_signal(at(100), &signal())), "guard=S-30 sends=7 cap=7");
    for _ in 7..10 {
        assert_eq!(risk.check_send(at(100), &exit()), Ok(()));
        risk.note_send(at(100));
    }
    assert_eq!(row(risk.check_send(at(100), &exit())), "guard=S-30 sends=10 cap=10");
    assert_eq!(risk.sends_used(at(100)), 10);
}

#[test]
fn a_minute_has_both_of_its_ends() {
    let mut risk = risk();
    for second in 0..10 {
        risk.note_send(at(second));
    }
    assert!(risk.check_send(at(60), &exit()).is_err());
    assert_eq!(risk.check_send(Nanos(60 * SECOND + 1), &exit()), Ok(()));
    assert_eq!(risk.sends_used(Nanos(60 * SECOND + 1)), 9);
    assert_eq!(risk.sends_used(at(1000)), 0);
}

#[test]
fn more_sends_than_the_cap_are_remembered_as_the_latest_ones() {
    let mut risk = risk();
    for second in 0..100 {
        risk.note_send(at(second));
    }
    assert_eq!(risk.sends_used(at(99)), 10);
    assert_eq!(risk.sends_used(at(150)), 10);
    assert_eq!(risk.sends_used(at(155)), 5);
    // A clock that steps back makes nothing younger or older than it is.
    risk.note_send(at(5));
    assert_eq!(risk.sends_used(at(159)), 2);
}

#[test]
fn limits_of_zero_permit_nothing() {
    let zero = Caps {
        max_exposure: Usdc::ZERO,
        max_signal: Usdc::ZERO,
        max_day_loss: Usdc::ZERO,
        max_orders_per_min: 0,
        max_open_orders: 0,
        max_residual: Usdc::ZERO,
        exit_reserve_percent: 255,
        max_event_exposure: Some(Usdc::ZERO),
        breakers: Breakers {
            loss_streak: 0,
            revert: RateBreaker { max_permille: 0, window: 0 },
            api_error: RateBreaker { max_permille: 0, window: 0 },
        },
        ..caps()
    };
    let mut risk = Risk::new(zero);
    assert!(risk.check_signal(at(100), &signal()).is_err());
    assert!(risk.check_send(at(100), &entry()).is_err());
    assert!(risk.check_send(at(100), &exit()).is_err());
    assert!(risk.check_residual(Usdc(1)).is_err());
    assert_eq!(risk.check_residual(Usdc::ZERO), Ok(()));
    risk.note_send(at(1));
    assert_eq!(risk.sends_used(at(1)), 0);
    assert!(risk.note_result(at(1), Usdc::ZERO, false).is_some());
    assert_eq!((risk.note_fill(true), risk.note_call(false)), (None, None));
}

#[test]
fn leftovers_are_allowed_up_to_their_cap() {
    assert_eq!(risk().check_residual(Usdc(5_000_000)), Ok(()));
    let text = "guard=S-08 residual=5000001 cap=5000000";
    assert_eq!(row(risk().check_residual(Usdc(5_000_001))), text);
}

#[test]
fn the_loss_of_a_day_trips_at_the_cap() {
    let mut risk = risk();
    assert_eq!(risk.note_result(at(1), Usdc(-9_999_999), false), None);
    assert_eq!(risk.check_send(at(1), &entry()), Ok(()));
    let guard = risk.note_result(at(2), Usdc(-1), false).expect("trip");
    assert_eq!(guard.to_string(), "guard=S-29 day_loss=10000000 cap=10000000");
    assert_eq!(risk.check_send(at(3), &entry()), Err(guard));
    assert_eq!(risk.check_signal(at(100), &signal()), Err(guard));
    assert_eq!(risk.check_send(at(3), &exit()), Ok(()), "exits go on");
}

#[test]
fn gains_offset_losses_but_the_deepest_loss_stays() {
    let mut risk = risk();
    assert_eq!(risk.note_result(at(1), Usdc(6_000_000), false), None);
    assert_eq!(risk.note_result(at(2), Usdc(-12_000_000), true), None);
    assert_eq!(risk.day_loss(), Usdc(6_000_000));
    assert_eq!(risk.note_result(at(3), Usdc(50_000_000), false), None);
    assert_eq!(risk.day_loss(), Usdc(6_000_000));
}

#[test]
fn a_day_of_losses_ends_at_midnight_of_engine_time() {
    let mut risk = risk();
    let midnight = 86_400 * SECOND;
    let late = Nanos(midnight - 1);
    assert!(risk.note_result(late, Usdc(-10_000_000), false).is_some());
    assert!(risk.check_send(late, &entry()).is_err());
    assert_eq!(risk.check_send(Nanos(midnight), &entry()), Ok(()));
    assert_eq!(risk.note_result(Nanos(midnight), Usdc(-1), false), None);
    assert_eq!(risk.day_loss(), Usdc(1));
    // A clock that steps back does not open the old day again.
    assert_eq!(risk.note_result(late, Usdc(-2), false), None);
    assert_eq!(risk.day_loss(), Usdc(3));
    assert_eq!(risk.note_result(Nanos(-1), Usdc(i64::MIN), false).map(|guard| guard.id), {
        Some(GuardId::S29)
    });
}

#[test]
fn failed_sets_in_a_row_trip_and_a_good_one_starts_anew() {
    let mut risk = risk();
    for is_failed in [true, true, false, true, true] {
        assert_eq!(risk.note_result(at(1), Usdc::ZERO, is_failed), None);
    }
    assert_eq!(risk.loss_streak(), 2);
    let guard = risk.note_result(at(1), Usdc::ZERO, true).expect("trip");
    assert_eq!(guard.to_string(), "guard=S-29 loss_streak=3 cap=3");
    assert_eq!(risk.check_signal(at(100), &signal()), Err(guard));
    risk.rearm();
    assert_eq!(risk.check_signal(at(100), &signal()), Ok(()));
}

#[test]
fn voids_above_the_rate_trip_and_old_ones_are_forgotten() {
    let mut risk = risk();
    // Two of twenty are the hundred per thousand that are allowed, even as the first two.
    assert_eq!((risk.note_fill(true), risk.note_fill(true)), (None, None));
    for _ in 0..18 {
        assert_eq!(risk.note_fill(false), None);
    }
    assert_eq!(risk.note_fill(true), None, "the first has left the window");
    let guard = risk.clone().note_fill(true);
    assert_eq!(guard, None, "and so has the second");
    let mut late = risk;
    assert_eq!((late.note_fill(false), late.note_fill(true)), (None, None));
    let guard = late.note_fill(true).expect("trip");
    assert_eq!(guard.to_string(), "guard=S-29 revert_permille=150 cap=100 window=20");
    assert_eq!(late.check_signal(at(100), &signal()), Err(guard));
    late.rearm();
    assert_eq!(late.check_signal(at(100), &signal()), Ok(()));
}

#[test]
fn failed_calls_above_the_rate_trip() {
    let mut risk = risk();
    assert_eq!((risk.note_call(false), risk.note_call(false)), (None, None));
    let guard = risk.note_call(false).expect("trip");
    assert_eq!(guard.to_string(), "guard=S-29 api_error_permille=300 cap=200 window=10");
    for _ in 0..7 {
        assert!(risk.note_call(true).is_some(), "it stays shut while the rate is too high");
    }
    assert_eq!(risk.note_call(true), None);
    risk.rearm();
    assert_eq!(risk.note_call(false), None);
}

#[test]
fn the_day_loss_survives_a_clear() {
    let mut risk = risk();
    risk.note_result(at(1), Usdc(-10_000_000), true);
    risk.rearm();
    assert_eq!((risk.day_loss(), risk.loss_streak()), (Usdc(10_000_000), 0));
    assert!(risk.check_send(at(1), &entry()).is_err());
}

#[test]
fn a_signal_is_new_once() {
    let mut risk = risk();
    let ids = [5, 5, 6, 4, 4, 0, 3, 1, 1, 2, 2, 7, u64::MAX, u64::MAX, u64::MAX - 1, 8, 8];
    let news = ids.map(|id| risk.first_sight(id));
    let expected = [
        true, false, true, true, false, true, true, true, false, true, false, true, true, false,
        true, true, false,
    ];
    assert_eq!(news, expected);
}

#[test]
fn ids_in_a_row_need_no_room_and_too_many_gaps_close_from_below() {
    let mut seen = Sights::new();
    assert!((1..5000).all(|id| seen.first(id)));
    let one_gap = seen.clone();
    for id in (6000..20_000).step_by(2) {
        assert!(seen.first(id));
    }
    let mut again = seen.clone();
    assert!(!again.first(0) && !again.first(5500), "the lowest gaps are closed");
    assert!(again.first(19_997) && !again.first(19_997));
    assert!((6000..20_000).step_by(2).all(|id| !again.first(id)), "never executed twice");
    let mut one_gap = one_gap;
    assert!(one_gap.first(0) && !one_gap.first(0));
}

fn attempt(rung: Rung, cents: u32) -> Attempt {
    Attempt {
        key: AttemptKey { signal_id: 1, leg: 0, attempt: 1 },
        rung,
        token: TokenIx(0),
        limit: Price::from_micros(cents * 10_000).expect("price"),
        order_qty: Qty(100_000_000),
        budget: None,
    }
}

#[test]
fn a_reservation_holds_the_limit_and_the_highest_fee_up_to_it() {
    let fees = Fees::Taker { rate_ppm: 70_000, exponent: 1 };
    let reserve = |rung, cents, qty| reservation(&attempt(rung, cents), Qty(qty), fees);
    // 100 shares: 0.07 · 0.3 · 0.7 · 100 = 1.47, and from 0.5 on 1.75.
    assert_eq!(reserve(Rung::Fire, 30, 100_000_000), Ok(Usdc(31_470_000)));
    assert_eq!(reserve(Rung::ChaseOne, 50, 100_000_000), Ok(Usdc(51_750_000)));
    assert_eq!(reserve(Rung::ChaseTwo, 90, 100_000_000), Ok(Usdc(91_750_000)));
    assert_eq!(reserve(Rung::Fire, 90, 0), Ok(Usdc::ZERO));
    for rung in [Rung::FlatOne, Rung::FlatTwo, Rung::FlatThree] {
        assert_eq!(reserve(rung, 90, 100_000_000), Ok(Usdc::ZERO));
    }
}

#[test]
fn a_reservation_without_a_fee_or_room_is_refused() {
    let buy = attempt(Rung::Fire, 90);
    assert_eq!(reservation(&buy, Qty(1), Fees::Unknown), Err(FeeError::Unknown));
    assert_eq!(reservation(&buy, Qty(u64::MAX), Fees::Free), Err(FeeError::Overflow));
    assert_eq!(reservation(&buy, Qty(1_000_000), Fees::Free), Ok(Usdc(900_000)));
}

#[test]
fn the_first_of_several_guards_is_always_the_same() {
    // Everything is wrong at once; each cure shows the next guard.
    let mut risk = risk();
    risk.start_cooldown(SET, at(104));
    risk.note_result(at(104), Usdc(-10_000_000), true);
    for _ in 0..10 {
        risk.note_send(at(104));
    }
    let wrong = SignalFacts {
        ts: at(100),
        set: SET,
        is_delayed: true,
        is_under_resolution: true,
        worst_cost: Usdc(20_000_001),
        exposure: Usdc(100_000_000),
        event_exposure: Usdc(50_000_000),
    };
    let fresh = SignalFacts { ts: at(104), ..wrong };
    let rested = SignalFacts { set: SetIx(9), ..fresh };
    let proven = SignalFacts { is_under_resolution: false, ..rested };
    let prompt = SignalFacts { is_delayed: false, ..proven };
    let ids = [wrong, fresh, rested, proven, prompt]
        .map(|facts| risk.check_signal(at(104), &facts).expect_err("a guard").id);
    assert_eq!(ids, [GuardId::S18, GuardId::S28, GuardId::S16, GuardId::S16, GuardId::S29]);
    let tomorrow = at(86_400);
    for _ in 0..10 {
        risk.note_send(tomorrow);
    }
    let cheap = SignalFacts { ts: tomorrow, worst_cost: Usdc(20_000_000), ..prompt };
    let roomy = SignalFacts { exposure: Usdc(80_000_000), ..cheap };
    let apart = SignalFacts { event_exposure: Usdc(30_000_000), ..roomy };
    let dear = SignalFacts { worst_cost: Usdc(20_000_001), ..cheap };
    let rows = [dear, cheap, roomy, apart].map(|facts| row(risk.check_signal(tomorrow, &facts)));
    let starts = ["guard=S-02 cost=", "guard=S-01 e=", "guard=S-01 event_e=", "guard=S-30 sends="];
    for (row, start) in rows.iter().zip(starts) {
        assert!(row.starts_with(start), "{row}");
    }
}

#[test]
fn the_first_of_several_guards_of_a_send_is_always_the_same() {
    let mut risk = risk();
    risk.note_result(at(1), Usdc(-10_000_000), false);
    for _ in 0..10 {
        risk.note_send(at(1));
    }
    let over = Usdc(200_000_000);
    let wrong = SendFacts { exposure: over, signal_cost: over, open_orders: 4, ..entry() };
    let exiting = SendFacts { is_entry: false, ..wrong };
    let cheap = SendFacts { signal_cost: Usdc::ZERO, ..exiting };
    let roomy = SendFacts { exposure: Usdc::ZERO, ..cheap };
    let few = SendFacts { open_orders: 0, ..roomy };
    let rows = [wrong, exiting, cheap, roomy, few].map(|facts| row(risk.check_send(at(1), &facts)));
    let starts = ["guard=S-29 day", "guard=S-02", "guard=S-01", "guard=S-30 open", "guard=S-30 s"];
    for (row, start) in rows.iter().zip(starts) {
        assert!(row.starts_with(start), "{row}");
    }
}
