//! All orders of the account: the few that can still change what is decided, and those that are
//! over.
//!
//! Owns: [`Orders`], [`Slot`]. An order is *live* until it is over and, where it ended by absence,
//! until its late window is over too: only live orders are walked, by every cap and every check.
//! A finished one is looked up by its number when something still comes for it, and takes
//! [`FINISHED_BYTES`] for the rest of the run (its hash is watched until the run ends).
//!
//! Must never: lose an order, or leave one among the live that can cost nothing and is proven.
//!
//! Invariants: numbers are given in order and each stands in exactly one of the two; so the place
//! of a finished order is its number less the live ones below it, and no number is stored.

#[cfg(test)]
mod tests;

use core::hash::{Hash, Hasher};

use crate::market::Fees;
use crate::order::{Attempt, Closed, End, Open, Order, OrderIx};
use crate::units::{Nanos, Qty, Usdc};

/// An order and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// What it is for.
    pub attempt: Attempt,
    /// What is known of it.
    pub order: Order,
    /// Fee schedule of its market; [`Fees::Unknown`] once it is finished and can cost nothing.
    pub fees: Fees,
    /// Sizes at the top when its price was set: ask, bid; none once it is finished.
    pub top: (Option<Qty>, Option<Qty>),
    /// What its trades cost or brought, fees left out; zero once it is finished.
    pub notional: Usdc,
    /// When it was released to the wire; none once it is finished.
    pub sent: Option<Nanos>,
    /// How the venue answered.
    pub ack: Option<Ack>,
}

/// What decides, without what is only told: the explorer knows states that act alike as one.
impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { attempt, order, fees, top: _, notional: _, sent: _, ack: _ } = self;
        (attempt, order, fees).hash(state);
    }
}

/// How the venue answered an order, for the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ack {
    /// It said what was matched.
    Matched,
    /// It let the order rest.
    Live,
    /// It matches later.
    Delayed,
    /// It refused.
    Rejected,
    /// It proved nothing.
    Unknown,
}

impl Ack {
    /// The word of the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Matched => "MATCHED",
            Self::Live => "LIVE",
            Self::Delayed => "DELAYED",
            Self::Rejected => "REJECTED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// An order that is over and not watched: what a late word about it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Finished {
    attempt: Attempt,
    cum_qty: Qty,
    end: End,
    ack: Option<Ack>,
}

/// Bytes that a finished order takes for the rest of the run, its hash and fills apart.
pub const FINISHED_BYTES: usize = size_of::<Finished>();

impl Hash for Finished {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { attempt, cum_qty, end, ack: _ } = self;
        (attempt, cum_qty, end).hash(state);
    }
}

impl Finished {
    const fn of(slot: &Slot, closed: Closed) -> Self {
        let Slot { attempt, ack, .. } = *slot;
        Self { attempt, cum_qty: closed.open.cum_qty, end: closed.end, ack }
    }

    /// An attempt and its order ask for the same shares: one of them is kept.
    const fn slot(&self) -> Slot {
        let open = Open { order_qty: self.attempt.order_qty, cum_qty: self.cum_qty };
        Slot {
            attempt: self.attempt,
            order: Order::Terminal(Closed { open, end: self.end, is_watched: false }),
            fees: Fees::Unknown,
            top: (None, None),
            notional: Usdc::ZERO,
            sent: None,
            ack: self.ack,
        }
    }
}

/// Every order of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Orders {
    /// Ascending; one or two, unless the venue is silent.
    live: Vec<(OrderIx, Slot)>,
    finished: Vec<Finished>,
}

impl Orders {
    /// The number the next order gets.
    pub fn next(&self) -> OrderIx {
        OrderIx(self.len())
    }

    /// Orders there are.
    pub fn len(&self) -> u64 {
        let count = self.live.len().saturating_add(self.finished.len());
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Whether there was never one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an order under [`Self::next`].
    pub(super) fn add(&mut self, slot: Slot) -> OrderIx {
        let order = self.next();
        self.live.push((order, slot));
        order
    }

    /// An order by number.
    pub fn get(&self, order: OrderIx) -> Option<Slot> {
        match self.find(order) {
            Ok(at) => self.live.get(at).map(|(_, slot)| *slot),
            Err(at) => self.finished.get(at).map(Finished::slot),
        }
    }

    /// A live order by number, to change.
    pub(super) fn live_mut(&mut self, order: OrderIx) -> Option<&mut Slot> {
        let at = self.find(order).ok()?;
        self.live.get_mut(at).map(|(_, slot)| slot)
    }

    /// Notes how the venue answered.
    pub(super) fn set_ack(&mut self, order: OrderIx, ack: Ack) {
        match self.find(order) {
            Ok(at) => self.live.get_mut(at).map(|(_, slot)| slot.ack = Some(ack)),
            Err(at) => self.finished.get_mut(at).map(|finished| finished.ack = Some(ack)),
        };
    }

    /// Notes what is known of an order now. It stays where it is: [`Self::retire`] moves it.
    pub(super) fn set_order(&mut self, order: OrderIx, next: Order) {
        match self.find(order) {
            Ok(at) => {
                if let Some((_, slot)) = self.live.get_mut(at) {
                    slot.order = next;
                }
            }
            Err(at) => {
                if let (Some(finished), Order::Terminal(closed)) = (self.finished.get_mut(at), next)
                {
                    finished.cum_qty = closed.open.cum_qty;
                }
            }
        }
    }

    /// Moves an order among the finished ones if it is over and not watched.
    pub(super) fn retire(&mut self, order: OrderIx) {
        let Ok(at) = self.find(order) else { return };
        let Some((_, slot)) = self.live.get(at) else { return };
        let Order::Terminal(closed) = slot.order else { return };
        if closed.is_watched {
            return;
        }
        let finished = Finished::of(slot, closed);
        self.live.remove(at);
        let place = place_of(order, at).min(self.finished.len());
        self.finished.insert(place, finished);
    }

    /// Live orders in order of planning.
    pub fn live(&self) -> impl DoubleEndedIterator<Item = (OrderIx, &Slot)> + '_ {
        self.live.iter().map(|(order, slot)| (*order, slot))
    }

    /// All orders in order of planning.
    pub fn iter(&self) -> impl Iterator<Item = (OrderIx, Slot)> + '_ {
        (0..self.len()).filter_map(|ix| Some((OrderIx(ix), self.get(OrderIx(ix))?)))
    }

    /// The order planned last.
    pub fn last(&self) -> Option<(OrderIx, Slot)> {
        let order = OrderIx(self.len().checked_sub(1)?);
        Some((order, self.get(order)?))
    }

    /// The place among the live, or else among the finished.
    fn find(&self, order: OrderIx) -> Result<usize, usize> {
        let below = self.live.partition_point(|(live, _)| *live < order);
        match self.live.get(below) {
            Some((live, _)) if *live == order => Ok(below),
            Some(_) | None => Err(place_of(order, below)),
        }
    }

    /// Whether the index is what it says; linear in the live orders.
    pub(super) fn is_sound(&self) -> bool {
        let is_live = |slot: &Slot| match slot.order {
            Order::Terminal(closed) => closed.is_watched,
            Order::Planned { .. }
            | Order::Journaled { .. }
            | Order::Sent(_)
            | Order::Live(_)
            | Order::Delayed(_)
            | Order::Unknown(_) => true,
        };
        let next = self.next();
        self.live.is_sorted_by(|(a, _), (b, _)| a < b)
            && self.live.iter().all(|(order, slot)| *order < next && is_live(slot))
    }
}

/// Where a finished order stands that has so many live ones below it.
fn place_of(order: OrderIx, below: usize) -> usize {
    usize::try_from(order.0).unwrap_or(usize::MAX).saturating_sub(below)
}
