#![allow(clippy::arithmetic_side_effects, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ids::TokenIx;
use crate::order::{AttemptKey, Event, Evidence, Rung, Timer, step};
use crate::units::{Bps, Price};

/// Something that happens to a book of orders.
#[derive(Debug, Clone)]
enum Said {
    Plan { rung: Rung, token: u32, qty: u64 },
    Event { place: usize, event: Event },
    Ack { place: usize, ack: Ack },
}

fn slot(rung: Rung, token: u32, qty: u64, number: u64) -> Slot {
    let limit = Price::from_micros(300_000).expect("price");
    let key = AttemptKey { signal_id: number, leg: 1, attempt: 2 };
    let budget = (rung == Rung::ChaseOne).then(|| Bps::new(10));
    let order_qty = Qty(qty);
    Slot {
        attempt: Attempt { key, rung, token: TokenIx(token), limit, order_qty, budget },
        order: Order::plan(order_qty),
        fees: Fees::Free,
        top: (Some(Qty(7)), None),
        notional: Usdc(3),
        sent: Some(Nanos(5)),
        ack: None,
    }
}

fn said() -> impl Strategy<Value = Said> {
    let rungs = prop_oneof![Just(Rung::Fire), Just(Rung::ChaseOne), Just(Rung::FlatOne)];
    let plan = (rungs, 0_u32..3, 1_u64..5).prop_map(|(rung, token, qty)| Said::Plan {
        rung,
        token,
        qty: qty * 1_000_000,
    });
    let qty = (0_u64..5).prop_map(|qty| Qty(qty * 1_000_000));
    let event = prop_oneof![
        3 => Just(Event::Journaled),
        3 => Just(Event::Released),
        1 => Just(Event::Withdrawn),
        1 => Just(Event::Refused),
        2 => Just(Event::Unproven),
        3 => qty.clone().prop_map(|last_qty| Event::Filled { last_qty }),
        3 => qty.prop_map(|matched| Event::Claimed { matched }),
        2 => Just(Event::Found(Evidence::Absent)),
        2 => Just(Event::Elapsed(Timer::Resolve)),
        1 => Just(Event::Elapsed(Timer::Late)),
    ];
    let event = (0_usize..8, event).prop_map(|(place, event)| Said::Event { place, event });
    let acks = prop_oneof![Just(Ack::Matched), Just(Ack::Unknown)];
    let ack = (0_usize..8, acks).prop_map(|(place, ack)| Said::Ack { place, ack });
    prop_oneof![2 => plan, 12 => event, 1 => ack]
}

/// Every order in one map, walked whole each time: what the index must say, too.
#[derive(Default)]
struct Plain(BTreeMap<OrderIx, Slot>);

impl Plain {
    /// The numbers count back from the newest order.
    fn at(&self, place: usize) -> Option<OrderIx> {
        self.0.keys().rev().nth(place).copied()
    }

    fn is_live(slot: &Slot) -> bool {
        !slot.order.is_terminal() || slot.order.in_flight() > Qty::ZERO
    }
}

/// What a cap asks: open orders, and shares in flight by token and side.
fn sums<'a>(slots: impl Iterator<Item = &'a Slot>) -> (usize, BTreeMap<(TokenIx, bool), u64>) {
    let (mut open, mut in_flight) = (0, BTreeMap::new());
    for slot in slots {
        open += usize::from(!slot.order.is_terminal());
        let qty = slot.order.in_flight().0;
        if qty > 0 {
            *in_flight.entry((slot.attempt.token, slot.attempt.rung.is_entry())).or_insert(0) +=
                qty;
        }
    }
    (open, in_flight)
}

fn compare(orders: &Orders, plain: &Plain) -> Result<(), TestCaseError> {
    prop_assert!(orders.is_sound());
    let count = u64::try_from(plain.0.len()).expect("few");
    prop_assert_eq!((orders.len(), orders.next()), (count, OrderIx(count)));
    let facts = |slot: &Slot| (slot.attempt, slot.order, slot.ack);
    for (order, slot) in &plain.0 {
        prop_assert_eq!(orders.get(*order).as_ref().map(facts), Some(facts(slot)));
    }
    prop_assert_eq!(orders.iter().map(|(order, _)| order).collect::<Vec<_>>(), {
        plain.0.keys().copied().collect::<Vec<_>>()
    });
    prop_assert!(orders.get(OrderIx(count)).is_none() && orders.get(OrderIx(u64::MAX)).is_none());
    prop_assert_eq!(sums(orders.live().map(|(_, slot)| slot)), sums(plain.0.values()));
    // A watched order of which nothing is left to match is live, too, until its window is over.
    let live: Vec<OrderIx> = orders.live().map(|(order, _)| order).collect();
    for (order, slot) in &plain.0 {
        prop_assert!(live.contains(order) || !Plain::is_live(slot), "{:?} is not walked", order);
    }
    Ok(())
}

proptest! {
    /// The index gives what a walk over every order gives, whatever happens in whatever order.
    #[test]
    fn an_index_of_live_orders_says_what_all_orders_say(
        program in prop::collection::vec(said(), 1..120),
    ) {
        let (mut orders, mut plain) = (Orders::default(), Plain::default());
        for said in program {
            match said {
                Said::Plan { rung, token, qty } => {
                    let slot = slot(rung, token, qty, orders.len());
                    let order = orders.add(slot);
                    plain.0.insert(order, slot);
                }
                Said::Event { place, event } => {
                    let Some(order) = plain.at(place) else { continue };
                    let slot = plain.0.get_mut(&order).expect("planned");
                    let Ok((next, _)) = step(slot.order, event) else { continue };
                    slot.order = next;
                    orders.set_order(order, next);
                    orders.retire(order);
                }
                Said::Ack { place, ack } => {
                    let Some(order) = plain.at(place) else { continue };
                    plain.0.get_mut(&order).expect("planned").ack = Some(ack);
                    orders.set_ack(order, ack);
                }
            }
            compare(&orders, &plain)?;
        }
    }
}

#[test]
fn what_is_over_takes_few_bytes_for_the_rest_of_the_run() {
    assert_eq!(FINISHED_BYTES, 64);
    assert_eq!(crate::ledger::FINAL_BYTES, 56);
    assert!(FINISHED_BYTES * 2 < size_of::<Slot>());
}

#[test]
fn a_finished_order_can_cost_nothing_and_still_hears_of_late_fills() {
    let mut orders = Orders::default();
    let order = orders.add(slot(Rung::Fire, 0, 10, 0));
    let open = Open { order_qty: Qty(10), cum_qty: Qty(4) };
    let over = |open| Order::Terminal(Closed { open, end: End::Partial, is_watched: false });
    orders.set_order(order, over(open));
    orders.retire(order);
    assert_eq!(orders.live().count(), 0);
    assert!(orders.live_mut(order).is_none());
    let late = Open { cum_qty: Qty(6), ..open };
    orders.set_order(order, over(late));
    let found = orders.get(order).expect("kept");
    assert_eq!((found.order, found.order.in_flight()), (over(late), Qty::ZERO));
}
