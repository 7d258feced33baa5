//! Orders that end without being filled: cancels, expiry, lost heartbeats, emptied books.
//!
//! Invariant: an order that ends releases what it held, leaves its level and its key's list, and
//! says so once.

use razor_core::ids::{MarketIx, TokenIx};
use razor_core::order::OrderHash;
use razor_core::units::Nanos;

use super::command::{MAX_CANCELS, SECOND};
use super::orders::{NONE, OrderStatus};
use super::{
    CancelReason, CancelScope, Canceled, Due, Event, Exchange, Mode, NotCanceled, OwnerIx, Refusal,
    SetupFault, Slot, at,
};

/// No beat for that long, and the orders end at the next check.
const BEAT_PATIENCE: i64 = 10 * SECOND;
/// Checks run that often.
const BEAT_CHECK: i64 = 5 * SECOND;

/// The heartbeat chain of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Heartbeat {
    /// Id that the next beat must carry, 0 when no chain runs.
    pub(super) expected: u64,
}

impl Exchange {
    pub(super) fn cancel(
        &mut self,
        owner: OwnerIx,
        scope: &CancelScope,
    ) -> Result<Canceled, Refusal> {
        match self.mode {
            Mode::Normal | Mode::PostOnly | Mode::CancelOnly => {}
            Mode::Disabled => return Err(Refusal::Disabled),
            Mode::Restarting => return Err(Refusal::Restarting),
        }
        if at(owner.0) >= self.owners.len() {
            return Err(Refusal::OwnerMismatch);
        }
        match scope {
            CancelScope::Orders(ids) if ids.len() > MAX_CANCELS => {
                Err(Refusal::TooManyCancels { max: MAX_CANCELS })
            }
            CancelScope::Orders(ids) => Ok(self.cancel_ids(owner, ids)),
            CancelScope::Market(market, _) if at(market.0) >= self.markets.len() => {
                Err(Refusal::InvalidMarket)
            }
            CancelScope::Market(market, token) => {
                Ok(self.cancel_where(owner, Some(*market), *token, CancelReason::Requested))
            }
            CancelScope::Token(token) => {
                Ok(self.cancel_where(owner, None, Some(*token), CancelReason::Requested))
            }
            CancelScope::All => Ok(self.cancel_where(owner, None, None, CancelReason::Requested)),
        }
    }

    fn cancel_ids(&mut self, owner: OwnerIx, ids: &[OrderHash]) -> Canceled {
        let mut answer = Canceled::default();
        for id in ids {
            let found = self.orders.find(id).filter(|slot| self.orders.get(*slot).owner == owner);
            let status = found.map(|slot| self.orders.get(slot).status);
            match (found, status) {
                (Some(slot), Some(OrderStatus::Live)) => {
                    self.end_order(Slot(slot), CancelReason::Requested);
                    answer.canceled.push(*id);
                }
                (_, Some(OrderStatus::Delayed)) => {
                    answer.not_canceled.push((*id, NotCanceled::Delayed));
                }
                (
                    _,
                    Some(OrderStatus::Live | OrderStatus::Matched | OrderStatus::Ended(_)) | None,
                ) => {
                    answer.not_canceled.push((*id, NotCanceled::Ended));
                }
            }
        }
        answer
    }

    /// Ends a key's resting orders, oldest first; those in the delay window are named.
    fn cancel_where(
        &mut self,
        owner: OwnerIx,
        market: Option<MarketIx>,
        token: Option<TokenIx>,
        reason: CancelReason,
    ) -> Canceled {
        let mut answer = Canceled::default();
        for slot in self.open_slots(owner) {
            let order = self.orders.get(slot);
            if market.is_some_and(|ix| order.market() != ix)
                || token.is_some_and(|ix| order.token != ix)
            {
                continue;
            }
            let (hash, is_delayed) = (order.hash, order.status == OrderStatus::Delayed);
            if is_delayed {
                answer.not_canceled.push((hash, NotCanceled::Delayed));
            } else {
                self.end_order(Slot(slot), reason);
                answer.canceled.push(hash);
            }
        }
        answer
    }

    /// Open orders of a key, oldest first.
    pub(super) fn open_slots(&self, owner: OwnerIx) -> Vec<u32> {
        let mut found = Vec::new();
        let mut slot = self.owners[at(owner.0)].head;
        while slot != NONE {
            found.push(slot);
            slot = self.orders.get(slot).owner_next;
        }
        found.reverse();
        found
    }

    /// Ends an open order, resting or delayed.
    pub(super) fn end_order(&mut self, slot: Slot, reason: CancelReason) {
        let order = *self.orders.get(slot.0);
        match order.status {
            OrderStatus::Live => {
                let market = order.market();
                self.markets[at(market.0)].book.leave(&mut self.orders, slot.0);
                let (side, price) = order.in_book();
                self.tell_level(market, side, price);
            }
            OrderStatus::Delayed => self.delayed.retain(|held| *held != slot.0),
            OrderStatus::Matched | OrderStatus::Ended(_) => return,
        }
        self.finish_told(slot.0, reason);
    }

    pub(super) fn finish_told(&mut self, slot: u32, reason: CancelReason) {
        self.finish(slot, OrderStatus::Ended(reason));
        let cum_qty = self.orders.get(slot).cum_qty;
        self.out.push(Event::Ended { slot: Slot(slot), reason, cum_qty });
    }

    /// Gives an order, which is in no queue any more, its last status.
    pub(super) fn finish(&mut self, slot: u32, status: OrderStatus) {
        self.hold(slot, 0);
        let order = self.orders.get_mut(slot);
        order.status = status;
        let (owner, next, prev) = (order.owner, order.owner_next, order.owner_prev);
        (order.owner_next, order.owner_prev) = (NONE, NONE);
        if prev == NONE {
            self.owners[at(owner.0)].head = next;
        } else {
            self.orders.get_mut(prev).owner_next = next;
        }
        if next != NONE {
            self.orders.get_mut(next).owner_prev = prev;
        }
        self.orders.note_ended(slot);
    }

    pub(super) fn expire(&mut self, slot: u32, serial: u64) {
        let order = self.orders.get(slot);
        if order.serial == serial && order.status.is_open() {
            self.end_order(Slot(slot), CancelReason::Expired);
        }
    }

    /// Ends every order of a market, delayed ones too.
    pub(super) fn empty_market(&mut self, market: MarketIx, reason: CancelReason) {
        let delayed = self.delayed.iter().copied();
        let ours = delayed.filter(|slot| self.orders.get(*slot).market() == market);
        let mut slots: Vec<u32> = ours.collect();
        slots.extend(self.markets[at(market.0)].book.slots(&self.orders));
        for slot in slots {
            self.end_order(Slot(slot), reason);
        }
    }

    /// The game begins: the resting orders are wiped.
    pub(super) fn start_game(&mut self, market: MarketIx) {
        for slot in self.markets[at(market.0)].book.slots(&self.orders) {
            self.end_order(Slot(slot), CancelReason::GameStart);
        }
    }

    /// Takes a beat; the first one arms the switch for all orders of the key.
    pub(super) fn beat(&mut self, owner: OwnerIx, id: u64) -> Result<u64, Refusal> {
        let known = self.owners.get_mut(at(owner.0)).ok_or(SetupFault::Unknown)?;
        let expected = known.heartbeat.expected;
        if id != expected {
            return Err(Refusal::HeartbeatId { expected });
        }
        self.beats += 1;
        let next = self.beats;
        known.heartbeat = Heartbeat { expected: next };
        // Checks run on a fixed raster, so a stop is noticed 10 to 15 s after the last beat.
        let late = self.now.0 + BEAT_PATIENCE;
        let check = late + BEAT_CHECK - late.rem_euclid(BEAT_CHECK);
        self.schedule_at(Nanos(check), Due::Beat { owner, id: next });
        Ok(next)
    }

    /// A check of a chain: if no later beat came, its orders end and so does the chain.
    pub(super) fn check_beat(&mut self, owner: OwnerIx, id: u64) {
        if self.owners[at(owner.0)].heartbeat.expected != id {
            return;
        }
        self.owners[at(owner.0)].heartbeat = Heartbeat::default();
        self.out.push(Event::HeartbeatLost(owner));
        self.cancel_where(owner, None, None, CancelReason::Heartbeat);
    }
}
