use std::collections::BTreeSet;

use super::*;

const FILLS: [Event; 2] =
    [Event::Filled { last_qty: Qty(20_000) }, Event::Filled { last_qty: Qty(40_000) }];
const CLAIMS: [Qty; 3] = [Qty(0), Qty(20_000), Qty(40_000)];
const ORDER_QTY: Qty = Qty(40_000);

fn events() -> Vec<Event> {
    let timers = [Timer::Answer, Timer::Poll, Timer::Resolve, Timer::Late];
    let mut events = vec![
        Event::Journaled,
        Event::Released,
        Event::Withdrawn,
        Event::Rested,
        Event::Deferred,
        Event::Refused,
        Event::Unproven,
        Event::Found(Evidence::Open),
        Event::Found(Evidence::Absent),
        Event::Found(Evidence::Silent),
    ];
    events.extend(FILLS);
    events.extend(timers.map(Event::Elapsed));
    for matched in CLAIMS {
        events.push(Event::Claimed { matched });
        events.push(Event::Found(Evidence::Finished { matched }));
    }
    events
}

/// Every state that real steps reach with fills up to twice the order.
fn reachable() -> BTreeSet<Order> {
    let mut states = BTreeSet::from([Order::plan(ORDER_QTY)]);
    let mut open: Vec<Order> = states.iter().copied().collect();
    while let Some(order) = open.pop() {
        for event in events() {
            let Ok((next, _)) = step(order, event) else { continue };
            if next.open().cum_qty.0 <= 80_000 && states.insert(next) {
                open.push(next);
            }
        }
    }
    states
}

fn steps() -> impl Iterator<Item = (Order, Event, Order, &'static [Action])> {
    reachable().into_iter().flat_map(|order| {
        events().into_iter().filter_map(move |event| {
            step(order, event).ok().map(|(next, actions)| (order, event, next, actions))
        })
    })
}

#[test]
fn only_the_release_of_a_durable_intent_sends() {
    for (order, event, _, actions) in steps() {
        let sends = actions.iter().filter(|action| **action == Action::Send).count();
        let may = matches!((order, event), (Order::Journaled { .. }, Event::Released));
        assert_eq!(sends, usize::from(may), "{order:?} {event:?}");
    }
}

#[test]
fn no_step_leads_back_towards_the_wire() {
    let rank = |order: Order| match order {
        Order::Planned { .. } => 0,
        Order::Journaled { .. } => 1,
        Order::Sent(_) => 2,
        Order::Live(_) | Order::Delayed(_) | Order::Unknown(_) => 3,
        Order::Terminal(_) => 4,
    };
    for (order, event, next, _) in steps() {
        assert!(rank(next) >= rank(order), "{order:?} {event:?} {next:?}");
    }
}

#[test]
fn shares_in_flight_rise_in_no_step_but_fall_by_what_was_matched() {
    for (order, event, next, _) in steps() {
        assert!(next.in_flight() <= order.in_flight(), "{order:?} {event:?}");
        assert!(next.open().cum_qty >= order.open().cum_qty, "{order:?} {event:?}");
        let matched = next.open().cum_qty.0 - order.open().cum_qty.0;
        assert_eq!(matched > 0, matches!(event, Event::Filled { .. }), "{order:?} {event:?}");
    }
}

#[test]
fn an_order_ends_by_proof_or_by_absence_after_a_fence_and_is_then_watched() {
    for (order, event, next, actions) in steps() {
        let Order::Terminal(closed) = next else { continue };
        if order.is_terminal() {
            continue;
        }
        assert!(actions.contains(&Action::Ended), "{order:?} {event:?}");
        let by_absence = event == Event::Found(Evidence::Absent);
        assert_eq!(closed.is_watched, by_absence, "{order:?} {event:?}");
        if by_absence {
            assert!(matches!(order, Order::Unknown(doubt) if doubt.is_fenced), "{order:?}");
        }
    }
}

#[test]
fn every_unproven_state_has_a_deadline_that_leads_on() {
    for order in reachable() {
        let leads_on = |timer| {
            step(order, Event::Elapsed(timer))
                .is_ok_and(|(next, actions)| next != order || actions.contains(&Action::Unresolved))
        };
        match order {
            Order::Sent(_) => assert!(leads_on(Timer::Answer), "{order:?}"),
            Order::Live(_) | Order::Delayed(_) | Order::Unknown(_) => {
                assert!(leads_on(Timer::Resolve), "{order:?}");
            }
            Order::Planned { .. } | Order::Journaled { .. } | Order::Terminal(_) => {}
        }
    }
}

#[test]
fn what_cannot_happen_is_refused_by_name() {
    for event in [Event::Journaled, Event::Released, Event::Withdrawn] {
        for order in reachable() {
            let is_before_wire = matches!(order, Order::Planned { .. } | Order::Journaled { .. });
            if !is_before_wire {
                assert!(step(order, event).is_err(), "{order:?} {event:?}");
            }
        }
    }
    let early = step(Order::plan(ORDER_QTY), Event::Released);
    assert_eq!(early, Err(Refused::Illegal { state: "PLANNED", event: Event::Released }));
}

#[test]
fn a_fill_that_overtakes_the_answer_gives_the_same_end() {
    let sent = Order::Sent(Open { order_qty: ORDER_QTY, cum_qty: Qty::ZERO });
    let fill = Event::Filled { last_qty: Qty(20_000) };
    let claim = Event::Claimed { matched: Qty(20_000) };
    let run = |first, second| {
        let (order, _) = step(sent, first).expect("first");
        step(order, second).expect("second").0
    };
    assert_eq!(run(fill, claim), run(claim, fill));
    assert!(matches!(run(fill, claim), Order::Terminal(Closed { end: End::Partial, .. })));
}

#[test]
fn a_claim_without_its_trades_is_not_believed() {
    let sent = Order::Sent(Open { order_qty: ORDER_QTY, cum_qty: Qty::ZERO });
    let (claimed, _) = step(sent, Event::Claimed { matched: Qty(20_000) }).expect("claim");
    assert_eq!(claimed.word(), "UNKNOWN");
    let (fenced, _) = step(claimed, Event::Elapsed(Timer::Resolve)).expect("fence");
    let (same, _) = step(fenced, Event::Found(Evidence::Absent)).expect("absent");
    assert_eq!(same, fenced, "absence contradicts the claim");
    let (_, actions) = step(same, Event::Elapsed(Timer::Resolve)).expect("deadline");
    assert!(actions.contains(&Action::Unresolved));
}

#[test]
fn a_claim_of_nothing_ends_no_order_and_is_asked_about_but_evidence_of_nothing_does() {
    let none = Event::Claimed { matched: Qty::ZERO };
    for (order, event, next, _) in steps().filter(|(_, event, ..)| *event == none) {
        assert_eq!(next.is_terminal(), order.is_terminal(), "{order:?} {event:?}");
    }
    let sent = Order::Sent(Open { order_qty: ORDER_QTY, cum_qty: Qty::ZERO });
    let (asked, actions) = step(sent, none).expect("claim");
    assert_eq!((asked.word(), actions), ("UNKNOWN", ASK));
    let (same, actions) = step(asked, none).expect("again");
    assert_eq!((same, actions), (asked, &[][..]), "a deadline is not put off (L-2)");
    let found = Event::Found(Evidence::Finished { matched: Qty::ZERO });
    let (over, _) = step(asked, found).expect("evidence");
    assert!(matches!(over, Order::Terminal(Closed { end: End::None, is_watched: false, .. })));
    let (late, _) = step(asked, Event::Filled { last_qty: Qty(20_000) }).expect("the truth");
    assert_eq!((late.word(), late.open().cum_qty), ("UNKNOWN", Qty(20_000)));
    for (event, word) in [(Event::Rested, "LIVE"), (Event::Deferred, "DELAYED")] {
        let (waits, _) = step(sent, event).expect("waits");
        let (asked, actions) = step(waits, none).expect("claim");
        assert_eq!((waits.word(), asked.word()), (word, "UNKNOWN"));
        assert_eq!(actions, [Action::Query]);
    }
}

#[test]
fn a_late_trade_is_booked_and_an_overfill_is_said() {
    let over = Order::Terminal(Closed {
        open: Open { order_qty: ORDER_QTY, cum_qty: Qty::ZERO },
        end: End::None,
        is_watched: true,
    });
    let (next, actions) = step(over, Event::Filled { last_qty: ORDER_QTY }).expect("late");
    assert_eq!((next.open().cum_qty, actions), (ORDER_QTY, &[Action::LateArrival][..]));
    let (_, actions) = step(next, Event::Filled { last_qty: Qty(10_000) }).expect("dust");
    assert_eq!(actions, &[Action::LateArrival]);
    let (_, actions) = step(next, Event::Filled { last_qty: Qty(10_001) }).expect("overfill");
    assert!(actions.contains(&Action::Overfilled));
}

#[test]
fn the_number_of_reachable_states_is_known() {
    assert_eq!(reachable().len(), 46);
}
