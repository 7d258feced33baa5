//! One token of the ledger: three lots of shares, each with its cost.
//!
//! Owns: [`Lot`], [`Account`]. Must never: let a lot without shares keep a cost, or take from a lot
//! what it does not hold.

use super::{LedgerError, Position};
use crate::ids::TokenIx;
use crate::units::{Qty, Usdc};

/// Shares and what they cost in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Lot {
    pub(super) qty: Qty,
    pub(super) cost: Usdc,
}

impl Lot {
    fn with(self, other: Self) -> Result<Self, LedgerError> {
        Ok(Self { qty: self.qty.plus(other.qty)?, cost: self.cost.plus(other.cost)? })
    }

    /// Without a lot that is known to be in it.
    pub(super) fn less(self, other: Self) -> Result<Self, LedgerError> {
        assert!(
            self.qty >= other.qty && self.cost >= other.cost,
            "a lot was not in the pool (S-10)"
        );
        Ok(Self { qty: self.qty.minus(other.qty)?, cost: self.cost.minus(other.cost)? })
    }

    /// `qty` of it at its average cost, rounded down; all of it takes all of the cost.
    fn part(self, qty: Qty) -> Result<Self, LedgerError> {
        let cost = i128::from(self.cost.0)
            .checked_mul(i128::from(qty.0))
            .and_then(|product| product.checked_div(i128::from(self.qty.0)))
            .and_then(|cost| i64::try_from(cost).ok())
            .ok_or(LedgerError::Overflow)?;
        Ok(Self { qty, cost: Usdc(cost) })
    }

    fn is_sound(self) -> bool {
        self.cost >= Usdc::ZERO && (self.qty != Qty::ZERO || self.cost == Usdc::ZERO)
    }
}

/// What there is of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Account {
    /// Bought, provisional.
    pub(super) incoming: Lot,
    /// Confirmed and in no sale.
    pub(super) free: Lot,
    /// Sold, provisional.
    pub(super) outgoing: Lot,
}

impl Account {
    /// Books a provisional buy and gives its cost.
    pub(super) fn expect(&mut self, lot: Lot) -> Result<Usdc, LedgerError> {
        self.incoming = self.incoming.with(lot)?;
        self.total()?;
        Ok(lot.cost)
    }

    /// Adds confirmed shares.
    pub(super) fn arrive(&mut self, lot: Lot) -> Result<(), LedgerError> {
        self.free = self.free.with(lot)?;
        self.total().map(|_| ())
    }

    /// Takes free shares out for good.
    pub(super) fn leave(&mut self, token: TokenIx, qty: Qty) -> Result<Lot, LedgerError> {
        let free = self.free.qty;
        if qty > free {
            return Err(LedgerError::Short { token, free, asked: qty });
        }
        let lot = self.free.part(qty)?;
        self.free = self.free.less(lot)?;
        Ok(lot)
    }

    /// Puts free shares into a provisional sale.
    pub(super) fn promise(&mut self, token: TokenIx, qty: Qty) -> Result<Lot, LedgerError> {
        let lot = self.leave(token, qty)?;
        self.outgoing = self.outgoing.with(lot)?;
        Ok(lot)
    }

    /// All of it; no other step makes this larger.
    fn total(&self) -> Result<Lot, LedgerError> {
        self.incoming.with(self.free)?.with(self.outgoing)
    }

    /// Stops the process where the books cannot be right any more.
    pub(super) fn check(&self) {
        let lots = [self.incoming, self.free, self.outgoing];
        assert!(lots.into_iter().all(Lot::is_sound), "a lot without shares has a cost (S-10)");
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The sums fit, as [`Account::total`] was asked whenever they grew: nothing saturates here.
    pub(super) fn position(&self) -> Position {
        let conf_cost = self.free.cost.0.saturating_add(self.outgoing.cost.0);
        Position {
            conf: Qty(self.free.qty.0.saturating_add(self.outgoing.qty.0)),
            prov_in: self.incoming.qty,
            prov_out: self.outgoing.qty,
            cost: Usdc(conf_cost.saturating_add(self.incoming.cost.0)),
            conf_cost: Usdc(conf_cost),
            out_cost: self.outgoing.cost,
        }
    }
}
