//! What a restart means to the desk (INVARIANTS §6.4).
//!
//! The fold has brought back the state of the last durable record. What was planned and not durable
//! never left; what was durable may have left. Until every open order is proven, nothing is sent
//! but questions and cancels (D-6), and the set in work is only unwound, never completed. A merge
//! is asked about like an order, by the intent that was durable before it ([`Desk::open_merge`]).

use super::Phase;
use super::desk::{Action, Desk, DeskTimer, Turn};
use super::legs::Merge;
use super::plan::View;
use super::row::Row;
use crate::order::gateway::MergeIntent;
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
            .live()
            .filter(|(_, slot)| !slot.order.is_terminal())
            .map(|(ix, slot)| (ix, slot.order))
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
        self.phase = Phase::SettlePending;
        // The old deadline may have passed in the meantime.
        basket.is_settling = basket.merge == Merge::UnderWay;
        if basket.is_settling {
            turn.out.push(Action::Arm(DeskTimer::Settle, self.rules.waits.settle));
        }
    }

    /// The merge that was asked for and is not answered: signal, set and whole sets.
    pub fn open_merge(&self) -> Option<MergeIntent> {
        let basket = self.basket().filter(|basket| basket.merge == Merge::UnderWay)?;
        let (signal_id, set) = (basket.plan.signal_id, basket.plan.set);
        Some(MergeIntent { signal_id, set, qty: basket.merging })
    }

    /// Whether the desk waits for [`super::Input::Reconciled`] and all its orders are proven.
    pub fn is_ready_to_reconcile(&self) -> bool {
        self.phase == Phase::SafeHold && self.open_orders().next().is_none()
    }
}
