//! The book of one condition: YES and NO are one book, kept in terms of YES.
//!
//! A bid is somebody who buys YES or sells NO; an ask sells YES or buys NO. Orders of both tokens
//! stand in one queue per level, in the order in which they came. The NO book is the mirror: its
//! bids are the asks at `1 − price` (PROTOCOL §0.3).
//!
//! Invariants: levels are sorted best last and hold at least one order each; a level's total is the
//! sum of what its orders still want; bids and asks do not cross between two commands.

use razor_core::order::Side;
use razor_core::wire::Fine;

use super::orders::{NONE, Order, Orders};

/// One price of one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    /// In terms of YES.
    pub(super) price: Fine,
    /// First and last order of the queue.
    pub(super) head: u32,
    pub(super) tail: u32,
    /// Micro-shares.
    pub(super) qty: u64,
}

/// Both sides, best level last.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    pub(super) bids: Vec<Level>,
    pub(super) asks: Vec<Level>,
}

impl Book {
    pub(super) const fn side(&self, side: Side) -> &Vec<Level> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    pub(super) const fn side_mut(&mut self, side: Side) -> &mut Vec<Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Best bid and ask.
    pub(super) fn top(&self) -> (Option<Fine>, Option<Fine>) {
        (self.bids.last().map(|level| level.price), self.asks.last().map(|level| level.price))
    }

    /// Whether an order of this side at this price would match.
    pub(super) fn crosses(&self, side: Side, price: Fine) -> bool {
        let (bid, ask) = self.top();
        match side {
            Side::Buy => ask.is_some_and(|ask| ask <= price),
            Side::Sell => bid.is_some_and(|bid| bid >= price),
        }
    }

    /// Position of a price, or where its level would stand.
    fn find(&self, side: Side, price: Fine) -> Result<usize, usize> {
        match side {
            Side::Buy => self.bids.binary_search_by(|level| level.price.cmp(&price)),
            Side::Sell => self.asks.binary_search_by(|level| price.cmp(&level.price)),
        }
    }

    /// Total at a price.
    pub(super) fn qty_at(&self, side: Side, price: Fine) -> u64 {
        self.find(side, price).map_or(0, |ix| self.side(side)[ix].qty)
    }

    /// Puts an order at the end of its level's queue; returns the new total.
    pub(super) fn join(&mut self, orders: &mut Orders, slot: u32) -> u64 {
        let order = orders.get(slot);
        let ((side, price), leaves) = (order.in_book(), order.leaves_qty());
        match self.find(side, price) {
            Ok(ix) => {
                let level = &mut self.side_mut(side)[ix];
                orders.get_mut(level.tail).next = slot;
                orders.get_mut(slot).prev = level.tail;
                level.tail = slot;
                level.qty += leaves;
                level.qty
            }
            Err(ix) => {
                let level = Level { price, head: slot, tail: slot, qty: leaves };
                self.side_mut(side).insert(ix, level);
                leaves
            }
        }
    }

    /// Takes an order out of its queue, with what it still wants; returns the new total.
    pub(super) fn leave(&mut self, orders: &mut Orders, slot: u32) -> u64 {
        let order = *orders.get(slot);
        let (side, price) = order.in_book();
        let Ok(ix) = self.find(side, price) else { return 0 };
        let level = &mut self.side_mut(side)[ix];
        level.qty -= order.leaves_qty();
        if order.prev == NONE {
            level.head = order.next;
        } else {
            orders.get_mut(order.prev).next = order.next;
        }
        if order.next == NONE {
            level.tail = order.prev;
        } else {
            orders.get_mut(order.next).prev = order.prev;
        }
        let (left, is_empty) = (level.qty, level.head == NONE);
        if is_empty {
            self.side_mut(side).remove(ix);
        }
        let order = orders.get_mut(slot);
        (order.next, order.prev) = (NONE, NONE);
        left
    }

    /// Lowers the total of a level by a fill.
    pub(super) fn fill(&mut self, side: Side, price: Fine, qty: u64) {
        if let Ok(ix) = self.find(side, price) {
            self.side_mut(side)[ix].qty -= qty;
        }
    }

    /// Sets what an order of a queue still wants; it keeps its place.
    pub(super) fn resize(&mut self, orders: &mut Orders, slot: u32, leaves: u64) {
        let order = orders.get_mut(slot);
        let ((side, price), before) = (order.in_book(), order.leaves_qty());
        order.qty = order.cum_qty + leaves;
        if let Ok(ix) = self.find(side, price) {
            let level = &mut self.side_mut(side)[ix];
            level.qty = level.qty + leaves - before;
        }
    }

    /// Orders of one level, oldest first; none when there is no such level.
    pub(super) fn queue<'a>(
        &self,
        orders: &'a Orders,
        side: Side,
        price: Fine,
    ) -> impl Iterator<Item = (u32, &'a Order)> + use<'a> {
        let head = self.find(side, price).map_or(NONE, |ix| self.side(side)[ix].head);
        let order = move |slot: u32| (slot != NONE).then(|| (slot, orders.get(slot)));
        core::iter::successors(order(head), move |(_, it)| order(it.next))
    }

    /// Orders of both sides, worst level first within a side.
    pub(super) fn slots(&self, orders: &Orders) -> Vec<u32> {
        let mut found = Vec::new();
        for level in self.bids.iter().chain(&self.asks) {
            let mut slot = level.head;
            while slot != NONE {
                found.push(slot);
                slot = orders.get(slot).next;
            }
        }
        found
    }
}
