//! How many complete sets the books can sell, and at what cost: an equal-share walk over N legs.
//!
//! The walk buys the same number of shares on every leg, level by level, best first. It stops where
//! one more set would bring no more than the threshold, and gives quantities, costs and fees as
//! they would be charged: one fill per level, each fee rounded up (PROTOCOL §2.1).
//!
//! Must never: count a level twice, exceed a level's size, or give a quantity under a leg's minimum
//! order. Whole micro-shares and micro-dollars; costs and fees round up.

use thiserror::Error;

use crate::fees::{FeeError, fee_ceil, marginal_fee_ceil};
use crate::market::Fees;
use crate::units::{Price, Qty, UnitError, Usdc, notional_ceil};

/// What one complete set pays, in micro-dollars.
const SET_PAYS: Usdc = Usdc(1_000_000);

/// One leg to be bought: its asks, best first, and its market's rules.
#[derive(Debug, Clone)]
pub struct LegDepth<I> {
    /// Ask levels, best price first; levels of size zero are skipped.
    pub asks: I,
    /// The market's fee schedule.
    pub fees: Fees,
    /// Smallest order.
    pub min_order_qty: Qty,
}

/// Bounds of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizeLimits {
    /// Shares wanted at most.
    pub max_qty: Qty,
    /// A set must bring more than this after price and marginal fees, micro-dollars per set.
    pub min_edge: Usdc,
}

/// What the walk takes from one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LegSize {
    /// `Σ price·qty` over the levels, each rounded up.
    pub cost: Usdc,
    /// `Σ` fees over the levels, each rounded up.
    pub fee: Usdc,
    /// Worst price paid: the limit that takes all of it.
    pub worst: Price,
    /// Levels touched.
    pub levels: u32,
}

/// The sets that can be bought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetSize {
    /// Shares on every leg; zero when nothing can be bought within the bounds.
    pub qty: Qty,
    /// Legs in order; empty when `qty` is zero.
    pub legs: Vec<LegSize>,
    /// `Σ cost + Σ fee`.
    pub total_cost: Usdc,
}

impl SetSize {
    /// `qty · 1 − total_cost`: what the sets bring after all fees, rounded against us.
    ///
    /// # Errors
    /// [`SizeError::Unit`] when the quantity leaves the range of cash.
    pub fn edge_net(&self) -> Result<Usdc, SizeError> {
        let pays = notional_of_sets(self.qty)?;
        Ok(pays.minus(self.total_cost)?)
    }

    /// Average price of one set with fees, rounded up to a micro-dollar; zero without sets.
    pub fn avg_cost(&self) -> Usdc {
        let micros = i128::from(self.total_cost.0).saturating_mul(i128::from(SET_PAYS.0));
        let qty = i128::from(self.qty.0);
        let rounded_up = micros.saturating_add(qty.saturating_sub(1)).checked_div(qty);
        Usdc(rounded_up.and_then(|avg| i64::try_from(avg).ok()).unwrap_or(0))
    }
}

/// Why a size could not be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SizeError {
    /// A leg's fee is unknown or out of range.
    #[error("no size without the fee of every leg: {0}")]
    Fee(#[from] FeeError),
    /// A sum outside the range of its unit.
    #[error("no size: {0}")]
    Unit(#[from] UnitError),
}

/// A leg in the middle of a walk.
struct Walker<I> {
    asks: I,
    fees: Fees,
    level: Option<(Price, Qty)>,
    /// Taken from the present level so far.
    taken: Qty,
    size: LegSize,
}

/// Walks all legs together.
///
/// # Errors
/// [`SizeError`] for an unknown fee schedule or numbers out of range.
pub fn equal_share_walk<I>(
    legs: impl IntoIterator<Item = LegDepth<I>>,
    limits: SizeLimits,
) -> Result<SetSize, SizeError>
where
    I: Iterator<Item = (Price, Qty)>,
{
    let mut minimum = Qty(1);
    let mut walkers = Vec::new();
    for leg in legs {
        minimum = minimum.max(leg.min_order_qty);
        walkers.push(Walker::start(leg));
    }
    let qty = walk(&mut walkers, limits)?;
    if qty < minimum {
        return Ok(SetSize::default());
    }
    finish(walkers, qty)
}

/// Takes steps until an edge, a book or the bound ends the walk; gives the shares per leg.
fn walk<I>(walkers: &mut [Walker<I>], limits: SizeLimits) -> Result<Qty, SizeError>
where
    I: Iterator<Item = (Price, Qty)>,
{
    let mut qty = Qty::ZERO;
    if walkers.is_empty() {
        return Ok(qty);
    }
    loop {
        let mut step = limits.max_qty.minus(qty)?;
        let mut edge = SET_PAYS;
        for walker in walkers.iter_mut() {
            let Some((price, free)) = walker.open_level()? else { return Ok(qty) };
            step = step.min(free);
            edge = edge.minus(Usdc(i64::from(price.micros())))?;
            edge = edge.minus(marginal_fee_ceil(walker.fees, price)?)?;
        }
        if step == Qty::ZERO || edge <= limits.min_edge {
            return Ok(qty);
        }
        for walker in walkers.iter_mut() {
            walker.taken = walker.taken.plus(step)?;
        }
        qty = qty.plus(step)?;
    }
}

fn finish<I>(walkers: Vec<Walker<I>>, qty: Qty) -> Result<SetSize, SizeError> {
    let mut sized = SetSize { qty, ..SetSize::default() };
    for mut walker in walkers {
        walker.close_level()?;
        let LegSize { cost, fee, .. } = walker.size;
        sized.total_cost = sized.total_cost.plus(cost)?.plus(fee)?;
        sized.legs.push(walker.size);
    }
    Ok(sized)
}

impl<I> Walker<I> {
    /// Books what was taken from the present level as one fill.
    fn close_level(&mut self) -> Result<(), SizeError> {
        let Some((price, _)) = self.level.take() else { return Ok(()) };
        if self.taken > Qty::ZERO {
            let size = &mut self.size;
            size.cost = size.cost.plus(notional_ceil(price, self.taken)?)?;
            size.fee = size.fee.plus(fee_ceil(self.fees, self.taken, price)?)?;
            size.worst = size.worst.max(price);
            size.levels = size.levels.saturating_add(1);
        }
        self.taken = Qty::ZERO;
        Ok(())
    }
}

impl<I: Iterator<Item = (Price, Qty)>> Walker<I> {
    fn start(leg: LegDepth<I>) -> Self {
        Self {
            asks: leg.asks,
            fees: leg.fees,
            level: None,
            taken: Qty::ZERO,
            size: LegSize::default(),
        }
    }

    /// Price and free size of the level the next share comes from; `None` when the book is empty.
    fn open_level(&mut self) -> Result<Option<(Price, Qty)>, SizeError> {
        loop {
            if let Some((price, size)) = self.level {
                let free = size.minus(self.taken)?;
                if free > Qty::ZERO {
                    return Ok(Some((price, free)));
                }
                self.close_level()?;
            }
            let Some(next) = self.asks.next() else { return Ok(None) };
            self.level = Some(next);
        }
    }
}

fn notional_of_sets(qty: Qty) -> Result<Usdc, SizeError> {
    Ok(notional_ceil(Price::ONE, qty)?)
}
