//! The bounds of L-1, L-2 and L-3: from any state, when the venue never speaks again, the desk
//! comes to rest within the time and the steps of INVARIANTS §4.

use razor_core::basket::{Action, DeskTimer, Input, Phase};
use razor_core::order::{self, Order};

use super::laws::Breach;
use super::world::{Book, Config, NOW, Shown, World};

/// 120 s and the settlement deadline of 180 s, with the flatten in between.
const LONGEST_NS: i64 = 300_000_000_000;

/// Runs on with deadlines alone, each as long as the rules say, all of them armed just now.
pub fn run(config: &Config, world: &World) -> Result<(), Breach> {
    let mut desk = world.desk.clone();
    let waits = &config.rules.waits;
    let length = |timer: &DeskTimer| match timer {
        DeskTimer::Order(_, order::Timer::Answer) => waits.answer,
        DeskTimer::Order(_, order::Timer::Poll) => waits.poll,
        DeskTimer::Order(_, order::Timer::Resolve) => waits.resolve,
        DeskTimer::Order(_, order::Timer::Late) => waits.late,
        DeskTimer::FlatWait => waits.flatten_wait,
        DeskTimer::Flatten => waits.flatten,
        DeskTimer::Settle => waits.settle,
        DeskTimer::Set => waits.set,
        DeskTimer::Cooldown => waits.cooldown,
    };
    let mut due: Vec<(i64, DeskTimer)> =
        world.venue.timers.iter().map(|timer| (length(timer).0, *timer)).collect();
    let legs = config.plans[0].legs.len() as u64;
    // Polls are the only steps that repeat: one a second.
    let most = legs * 6 * 8 + 600;
    let shown = Shown { book: Book::Fresh, was_read: std::cell::Cell::new(false) };
    let (mut clock, mut actions) = (0, Vec::new());
    for _ in 0..most {
        let planned = desk
            .orders()
            .find_map(|(order, slot)| matches!(slot.order, Order::Planned { .. }).then_some(order));
        let input = match planned {
            Some(order) => Input::Journaled(order),
            None if is_at_rest(&desk) => return Ok(()),
            None => {
                let Some((place, next)) = due.iter().copied().enumerate().min_by_key(|(_, d)| *d)
                else {
                    return Err(stuck(&desk, "no deadline is armed"));
                };
                due.remove(place);
                clock = next.0;
                Input::Elapsed(next.1)
            }
        };
        if clock > LONGEST_NS {
            return Err(stuck(&desk, "longer than 300 s"));
        }
        actions.clear();
        desk.step(NOW, input, &shown, &mut actions);
        for action in &actions {
            match action {
                Action::Arm(timer, after) => {
                    due.retain(|(_, armed)| armed != timer);
                    due.push((clock + after.0, *timer));
                }
                Action::Disarm(timer) => due.retain(|(_, armed)| armed != timer),
                Action::DisarmOrder(order) => due.retain(
                    |(_, armed)| !matches!(armed, DeskTimer::Order(other, _) if other == order),
                ),
                _ => {}
            }
        }
    }
    Err(stuck(&desk, "more steps than the bound"))
}

/// Free, stopped, or waiting for a person to reconcile (L-5).
fn is_at_rest(desk: &razor_core::basket::Desk) -> bool {
    match desk.phase() {
        Phase::Idle | Phase::Cooldown | Phase::HardStop => true,
        Phase::SafeHold => desk.is_ready_to_reconcile(),
        _ => false,
    }
}

fn stuck(desk: &razor_core::basket::Desk, why: &str) -> Breach {
    Breach { law: "L-1", what: format!("in silence the desk stays in {:?}: {why}", desk.phase()) }
}
