//! What a set in work holds, leg by leg.
//!
//! Owns: [`Basket`] and [`LegState`]. The account's own positions stand in [`crate::ledger`]; these
//! are the part of them that this signal is answerable for.
//!
//! Invariants: a leg never gives out more than it holds; shares that the chain has not confirmed
//! are never counted as free.

use super::plan::Plan;
use crate::ledger::Settle;
use crate::order::{DUST, OrderIx, Side};
use crate::units::{Nanos, Price, Qty, Usdc};

/// One leg of the set in work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LegState {
    /// Attempts planned so far; the next one is one more (S-13).
    pub attempts: u16,
    /// Bought, not yet final.
    pub prov: Qty,
    /// Bought and confirmed.
    pub conf: Qty,
    /// Sold, not yet final.
    pub out_prov: Qty,
    /// Sold and confirmed.
    pub out_conf: Qty,
    /// Panic steps used.
    pub flat_steps: u8,
    /// When the last panic step was answered.
    pub answered: Nanos,
    /// Left over and too small to sell.
    pub residual: Qty,
}

impl LegState {
    /// Shares held on this leg: bought and not voided, less sold and not voided.
    pub fn net(&self) -> Qty {
        Qty(self.prov.0.saturating_add(self.conf.0).saturating_sub(self.out().0))
    }

    /// Shares sold, final or not.
    pub fn out(&self) -> Qty {
        Qty(self.out_prov.0.saturating_add(self.out_conf.0))
    }

    /// Confirmed shares that are not sold.
    pub fn free(&self) -> Qty {
        Qty(self.conf.0.saturating_sub(self.out().0))
    }

    /// Whether the chain still owes a verdict on any of it.
    pub const fn is_pending(&self) -> bool {
        self.prov.0 > 0 || self.out_prov.0 > 0
    }

    fn cell(&mut self, side: Side, settle: Settle) -> Option<&mut Qty> {
        match (side, settle) {
            (Side::Buy, Settle::Prov) => Some(&mut self.prov),
            (Side::Buy, Settle::Conf) => Some(&mut self.conf),
            (Side::Sell, Settle::Prov) => Some(&mut self.out_prov),
            (Side::Sell, Settle::Conf) => Some(&mut self.out_conf),
            (Side::Buy | Side::Sell, Settle::Void) => None,
        }
    }

    /// Takes a fill that is seen for the first time.
    pub fn add(&mut self, side: Side, settle: Settle, qty: Qty) {
        if let Some(cell) = self.cell(side, settle) {
            cell.0 = cell.0.saturating_add(qty.0);
        }
    }

    /// Moves a fill from provisional to its final state.
    pub fn settle(&mut self, side: Side, to: Settle, qty: Qty) {
        if let Some(cell) = self.cell(side, Settle::Prov) {
            cell.0 = cell.0.saturating_sub(qty.0);
        }
        self.add(side, to, qty);
    }
}

/// What a set is worked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Its signal.
    Signal,
    /// The clearing up of a late arrival: its terminal row is written.
    Rescue,
}

/// How far the merge of whole sets is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Merge {
    /// Not asked for.
    NotTried,
    /// Asked for.
    UnderWay,
    /// It came to its end, or none is to be tried.
    Over,
}

/// Whether the next panic step waits for a newer book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wait {
    /// No.
    No,
    /// Yes.
    ForBook,
    /// It has waited long enough.
    Over,
}

/// The set in work.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Basket {
    /// The signal.
    pub plan: Plan,
    /// Its legs, in table order.
    pub legs: Vec<LegState>,
    /// The legs in the order they are worked (S-15).
    pub order: Vec<u8>,
    /// The one order that is not over, if any (S-04).
    pub in_flight: Option<OrderIx>,
    /// Shares wanted on every leg: what leg 1 got.
    pub target: Qty,
    /// Price of the first chase step of the leg in work, where one was sent.
    pub chased_at: Option<Price>,
    /// Nothing more may be bought for this set.
    pub is_unwinding: bool,
    /// A panic step was sent.
    pub is_flattened: bool,
    /// What it is worked for.
    pub purpose: Purpose,
    /// The wait for the chain has begun; it is not begun again.
    pub is_settling: bool,
    /// How far the merge of its whole sets is.
    pub merge: Merge,
    /// Whole sets that were asked to be merged.
    pub merging: Qty,
    /// Whole sets merged.
    pub merged: Qty,
    /// How the signal ends if nothing is bought, where a guard decided it.
    pub refused: Option<super::Outcome>,
    /// Whether a newer book is waited for.
    pub wait: Wait,
    /// Cost of what was bought and not voided, fees included (S-02).
    pub spent: Usdc,
    /// Realised by the account when the set began.
    pub realised_before: Usdc,
}

impl Basket {
    /// A set with nothing bought.
    pub fn new(plan: Plan, realised_before: Usdc) -> Self {
        let order: Vec<u8> = plan.leg_order().collect();
        Self {
            legs: vec![LegState::default(); plan.legs.len()],
            order,
            plan,
            in_flight: None,
            target: Qty::ZERO,
            chased_at: None,
            is_unwinding: false,
            is_flattened: false,
            purpose: Purpose::Signal,
            is_settling: false,
            merge: Merge::NotTried,
            merging: Qty::ZERO,
            merged: Qty::ZERO,
            refused: None,
            wait: Wait::No,
            spent: Usdc::ZERO,
            realised_before,
        }
    }

    /// A leg by number.
    pub fn leg(&self, leg: u8) -> LegState {
        self.legs.get(usize::from(leg)).copied().unwrap_or_default()
    }

    /// A leg by number, to change.
    pub fn leg_mut(&mut self, leg: u8) -> Option<&mut LegState> {
        self.legs.get_mut(usize::from(leg))
    }

    /// Shares of whole sets held.
    pub fn matched(&self) -> Qty {
        self.legs.iter().map(LegState::net).min().unwrap_or_default()
    }

    /// Shares of a leg that belong to no whole set; dust counts as none.
    pub fn leftover(&self, leg: u8) -> Qty {
        let over = self.leg(leg).net().0.saturating_sub(self.matched().0);
        if over > DUST.0 { Qty(over) } else { Qty::ZERO }
    }

    /// Shares a leg still lacks of the target; dust counts as none.
    pub fn short(&self, leg: u8) -> Qty {
        let short = self.target.0.saturating_sub(self.leg(leg).net().0);
        if short > DUST.0 { Qty(short) } else { Qty::ZERO }
    }

    /// Whether the chain still owes a verdict on any leg.
    pub fn is_pending(&self) -> bool {
        self.legs.iter().any(LegState::is_pending)
    }
}
