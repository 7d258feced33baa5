//! Where the desk stands, as an operator sees it.
//!
//! Owns: [`Standing`]. Must never: change the desk.

use super::Phase;
use super::desk::{Desk, VenueMode};
use super::legs::Merge;
use crate::order::Order;
use crate::risk::Guard;
use crate::units::{Nanos, Usdc};

/// The desk at one moment; all of it is read, nothing is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub phase: Phase,
    /// Whether an operator asked to stop and the ladder is not over.
    pub is_stopping: bool,
    /// Why trading stopped, if it has.
    pub stopped: Option<Guard>,
    /// What the venue lets us do.
    pub mode: VenueMode,
    /// Orders that are not over.
    pub open_orders: usize,
    /// What keeps a `clear` out: see [`Desk::unresolved`].
    pub unresolved: usize,
    /// The ledger could not take what happened: no clear comes after that.
    pub is_unbooked: bool,
    /// Signals that wait.
    pub waiting: usize,
    /// Signals dropped because the queue was full.
    pub dropped: u64,
    /// Positions at cost and everything in flight at its worst; `None` when it does not fit.
    pub exposure: Option<Usdc>,
    /// Net result of the UTC day of engine time.
    pub day_net: Usdc,
    /// Deepest net loss of the last day that had a result.
    pub day_loss: Usdc,
    /// Sends of the last 60 s of engine time.
    pub sends: u32,
}

impl Desk {
    /// Orders whose end is not proven, a merge that is under way, and a ledger that could not take
    /// what happened (L-10).
    pub fn unresolved(&self) -> usize {
        let is_open = |order: &Order| !order.is_terminal() || order.in_flight().0 > 0;
        let orders = self.orders.live().filter(|(_, slot)| is_open(&slot.order)).count();
        let merges = self.basket.as_ref().is_some_and(|b| b.merge == Merge::UnderWay);
        orders.saturating_add(usize::from(merges)).saturating_add(usize::from(self.is_unbooked))
    }

    /// Where the desk stands at engine time `now`.
    pub fn standing(&self, now: Nanos) -> Standing {
        Standing {
            phase: self.phase,
            is_stopping: self.is_stopping && self.phase != Phase::HardStop,
            stopped: self.stopped,
            mode: self.mode,
            open_orders: self.open_orders().count(),
            unresolved: self.unresolved(),
            is_unbooked: self.is_unbooked,
            waiting: self.queue.len(),
            dropped: self.dropped,
            exposure: self.exposure().ok(),
            day_net: self.risk.day_net(now),
            day_loss: self.risk.day_loss(),
            sends: self.risk.sends_used(now),
        }
    }
}
