//! What a restart means to the desk (INVARIANTS §6.4).
//!
//! The fold has brought back the state of the last durable record. What was planned and not durable
//! never left; what was durable may have left. Until every open order is proven, nothing is sent but
//! questions and cancels (D-6), and the set in work is only unwound, never completed.

use super::Phase;
use super::desk::{Action, Desk, DeskTimer, Turn};
use super::plan::View;
use super::row::Row;
use crate::order::{Event, Order, OrderIx};

impl Desk {
    /// The process starts again.
    pub(super) fn on_restarted<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        turn.row(&Row::new(turn.now, "RECOVERY").why(self.phase.word()));
        let was_stopped = self.phase == Phase::HardStop;
        if !was_stopped {
            self.phase = Phase::SafeHold;
        }
        let open: Vec<(OrderIx, Order)> = self
            .orders
            .iter()
            .filter(|(_, slot)| !slot.order.is_terminal())
            .map(|(ix, slot)| (*ix, slot.order))
            .collect();
        for (ix, order) in open {
            match order {
                Order::Planned { .. } => self.order_event(ix, Event::Withdrawn, turn),
                Order::Journaled { .. } | Order::Sent(_) => {
                    self.order_event(ix, Event::Unproven, turn);
                }
                Order::Live(_) | Order::Delayed(_) | Order::Unknown(_) => {
                    turn.out.push(Action::Query(ix));
                }
                Order::Terminal(_) => {}
            }
        }
        if let Some(basket) = &mut self.basket {
            basket.is_unwinding = true;
        }
    }

    /// The venue was asked about everything and nothing foreign was found.
    pub(super) fn on_reconciled<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        if self.phase != Phase::SafeHold || self.open_orders().next().is_some() {
            return;
        }
        turn.row(&Row::new(turn.now, "RECOVERY").why("RECONCILED"));
        let Some(basket) = &mut self.basket else {
            self.phase = Phase::Idle;
            return;
        };
        // Its deadline may have passed unheeded in `SafeHold`: the wait begins anew.
        basket.is_settling = true;
        turn.out.push(Action::Arm(DeskTimer::Settle, self.rules.waits.settle));
        self.phase = Phase::SettlePending;
    }

    /// Whether the desk waits for [`super::Input::Reconciled`] and all its orders are proven.
    pub fn is_ready_to_reconcile(&self) -> bool {
        self.phase == Phase::SafeHold && self.open_orders().next().is_none()
    }
}
