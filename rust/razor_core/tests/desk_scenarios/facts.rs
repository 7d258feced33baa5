//! What is known of markets beside their books: events and changes.

use super::*;

/// Guards of the rows that ended a signal or kept an order back.
fn guards(bench: &Bench) -> Vec<GuardId> {
    bench.rows().iter().filter_map(|row| row.guard.map(|guard| guard.id)).collect()
}

/// A desk that holds a whole set of signal 1 to resolution: 6 dollars on tokens 0 and 2.
fn holding(cap: i64, event: Option<u32>) -> Bench {
    let caps = Caps { max_event_exposure: Some(Usdc(cap)), ..caps() };
    let mut bench = Bench { desk: Desk::new(rules(), caps), ..Bench::new(4) };
    bench.market.event = event;
    let held = Plan { settlement: Settlement::HoldToResolution, ..plan(1, 2) };
    bench.put(Input::Signal(held));
    bench.fill(TEN);
    bench.fill(TEN);
    assert_eq!(bench.ends(), [(1, "SET_DONE")]);
    bench.now = Nanos(2 * SECOND);
    bench.put(Input::Elapsed(DeskTimer::Cooldown));
    bench
}

/// A set on tokens 4 and 6, which the desk holds nothing of.
fn other_legs() -> Plan {
    let mut plan = Plan { ts: Nanos(2 * SECOND), set: SetIx(1), ..plan(2, 2) };
    for (leg, token) in plan.legs.iter_mut().zip([4, 6]) {
        leg.token = TokenIx(token);
    }
    plan
}

#[test]
fn what_is_held_on_other_tokens_of_an_event_counts_against_its_cap() {
    let mut bench = holding(10_000_000, Some(0));
    bench.put(Input::Signal(other_legs()));
    assert_eq!(bench.ends().last(), Some(&(2, "REJECTED_BY_RISK")));
    assert_eq!(bench.sends(), 2, "6 dollars and 6 more are above 10");
}

#[test]
fn what_is_held_in_another_event_does_not_count() {
    let mut bench = holding(10_000_000, None);
    bench.put(Input::Signal(Plan { event: 4, ..other_legs() }));
    assert_eq!(bench.sends(), 3);
}

#[test]
fn a_set_that_changed_is_not_begun() {
    let mut bench = Bench::new(2);
    bench.market.is_changed = true;
    bench.put(Input::Signal(plan(1, 2)));
    assert_eq!(bench.ends(), [(1, "REJECTED_BY_RISK")]);
    assert_eq!((guards(&bench), bench.sends()), (vec![GuardId::S16], 0));
}

#[test]
fn a_set_that_changes_in_work_is_bought_no_further_and_its_leftover_is_sold() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.market.is_changed = true;
    bench.fill(TEN);
    assert_eq!(bench.out_now().1.rung, Rung::FlatOne);
    assert!(guards(&bench).contains(&GuardId::S16));
    bench.fill(TEN);
    assert_eq!(bench.ends(), [(1, "FLATTENED")]);
}
