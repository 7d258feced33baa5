//! The frozen ledger of one set (RAZOR_SPEC §10 and the recompute of §19): pure arithmetic.
//!
//! One function serves settlement, replay, stress and sweeps, so that they cannot drift apart.
//! Prices carry 12 decimals and rates 18, so that the recompute takes a predecessor's cells as
//! they are; on the venue's six-decimal prices and the frozen slippage nothing ever rounds.
//! Where something must round, proceeds go down and costs go up at 10⁻²² USDC.

use super::exact::{
    ATTO, AttoShares, Cash, FillShare, PicoPrice, PicoShares, fill_of, minus, over_ceil,
    over_floor, plus, times,
};
use crate::units::UnitError;

/// `FEE_POLY.apply_cost` in 10⁻⁴: one bought share costs 1.02 times its price.
const BUY_COST: i128 = 10_200;
/// `FEE_POLY.apply_proceeds` in 10⁻⁴: one sold share brings 0.98 of its price.
const SALE_PROCEEDS: i128 = 9_800;
/// `FEE_MERGE.apply_proceeds(1.0)` at 10⁻¹⁶ dollars: a merged set brings 0.999.
const MERGE_UNIT: i128 = 9_990_000_000_000_000;
/// From 10⁻²⁸ (fill at 10⁻¹² times unit at 10⁻¹⁶) to 10⁻²².
const TO_CASH: i128 = 1_000_000;
/// The frozen dump slippage 0.05.
pub const DUMP_SLIPPAGE: FillShare = FillShare(50_000_000_000_000_000);

/// One leg as the ledger needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerLeg {
    /// Limit paid, not below zero.
    pub limit: PicoPrice,
    /// Bid of the signal, zero or below when missing.
    pub bid: PicoPrice,
    /// Market volume at or under the limit in the window.
    pub volume: AttoShares,
}

/// What all legs share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerTerms {
    /// Shares asked for per leg.
    pub q_req: PicoShares,
    /// Fill share of the bucket.
    pub share: FillShare,
    /// Dump slippage, 0..=0.99.
    pub slippage: FillShare,
}

/// The outcome of one set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// `Q_fill` per leg.
    pub fills: Vec<PicoShares>,
    /// Complete sets.
    pub q_set: PicoShares,
    /// `Σ Q_fill`.
    pub fill_sum: i128,
    /// Cost of the complete sets.
    pub cost_set: Cash,
    /// What merging them brings.
    pub proceeds_set: Cash,
    /// `proceeds_set − cost_set`.
    pub pnl_set: Cash,
    /// PnL of the dumped leftovers.
    pub pnl_left: Cash,
    /// `pnl_set + pnl_left`.
    pub total_pnl: Cash,
}

impl Ledger {
    /// `set_ratio` as numerator and denominator: `Q_set · n / Σ Q_fill`, `0/1` without fills.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn set_ratio(&self) -> Result<(i128, i128), UnitError> {
        if self.fill_sum <= 0 {
            return Ok((0, 1));
        }
        let legs = i128::try_from(self.fills.len()).map_err(|_| UnitError::Overflow)?;
        Ok((times(self.q_set.0, legs)?, self.fill_sum))
    }

    /// A ledger of zeros for a row that could not be settled.
    pub fn zero(legs: usize) -> Self {
        Self { fills: vec![PicoShares(0); legs], ..Self::default() }
    }
}

/// Settles one set.
///
/// # Errors
/// [`UnitError::Overflow`] when a sum leaves 128 bits.
pub fn settle_ledger(terms: &LedgerTerms, legs: &[LedgerLeg]) -> Result<Ledger, UnitError> {
    let fills = legs
        .iter()
        .map(|leg| fill_of(leg.volume, terms.share, terms.q_req))
        .collect::<Result<Vec<_>, _>>()?;
    let q_set = fills.iter().copied().fold(terms.q_req, PicoShares::min);
    let mut set_unit: i128 = 0;
    let mut pnl_left: i128 = 0;
    let mut fill_sum: i128 = 0;
    for (leg, fill) in legs.iter().zip(&fills) {
        set_unit = plus(set_unit, times(leg.limit.0, BUY_COST)?)?;
        let left = PicoShares(minus(fill.0, q_set.0)?);
        pnl_left = plus(pnl_left, leftover_pnl(leg, left, terms.slippage)?)?;
        fill_sum = plus(fill_sum, fill.0)?;
    }
    let cost = over_ceil(times(q_set.0, set_unit)?, TO_CASH)?;
    let proceeds = over_floor(times(q_set.0, MERGE_UNIT)?, TO_CASH)?;
    let pnl_set = minus(proceeds, cost)?;
    Ok(Ledger {
        fills,
        q_set,
        fill_sum,
        cost_set: Cash(cost),
        proceeds_set: Cash(proceeds),
        pnl_set: Cash(pnl_set),
        pnl_left: Cash(pnl_left),
        total_pnl: Cash(plus(pnl_set, pnl_left)?),
    })
}

/// `left · (bid · (1 − slippage) · 0.98 − limit · 1.02)`; nothing for nothing left.
fn leftover_pnl(leg: &LedgerLeg, left: PicoShares, slippage: FillShare) -> Result<i128, UnitError> {
    if left.0 <= 0 {
        return Ok(0);
    }
    let kept = minus(ATTO, slippage.0)?;
    // Price (10⁻¹²) · rate (10⁻¹⁸) · factor (10⁻⁴) is 10⁻³⁴; one division brings it to 10⁻¹⁶.
    let exit_unit = over_floor(times(times(leg.bid.0.max(0), kept)?, SALE_PROCEEDS)?, ATTO)?;
    let proceeds = over_floor(times(left.0, exit_unit)?, TO_CASH)?;
    let cost = over_ceil(times(left.0, times(leg.limit.0, BUY_COST)?)?, TO_CASH)?;
    minus(proceeds, cost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shadow::exact::{CASH_SCALE, cell, plain_ratio};

    fn price(text: &str) -> PicoPrice {
        PicoPrice(PicoShares::parse(text).expect("price").0)
    }

    fn leg(limit: &str, bid: &str, volume: &str) -> LedgerLeg {
        let volume = AttoShares::parse(volume).expect("volume");
        LedgerLeg { limit: price(limit), bid: price(bid), volume }
    }

    fn terms(q_req: &str, share: &str) -> LedgerTerms {
        LedgerTerms {
            q_req: PicoShares::parse(q_req).expect("q_req"),
            share: FillShare::parse(share).expect("share"),
            slippage: DUMP_SLIPPAGE,
        }
    }

    fn text(cash: Cash) -> String {
        cell(cash.0, CASH_SCALE)
    }

    #[test]
    fn the_worked_example_of_the_frozen_spec_is_exact() {
        let legs = [leg("0.49", "0.48", "30"), leg("0.48", "0.47", "12")];
        let ledger = settle_ledger(&terms("10", "0.5"), &legs).expect("ledger");
        assert_eq!(ledger.fills, [PicoShares(10_000_000_000_000), PicoShares(6_000_000_000_000)]);
        assert_eq!(text(ledger.pnl_set), "0.0576");
        assert_eq!(text(ledger.pnl_left), "-0.21168");
        assert_eq!(text(ledger.total_pnl), "-0.15408");
        let (top, bottom) = ledger.set_ratio().expect("ratio");
        assert_eq!(plain_ratio(top, bottom, 12), "0.75");
    }

    #[test]
    fn a_missing_bid_loses_the_whole_leftover() {
        let legs = [leg("0.5", "0", "2"), leg("0.4", "0.3", "0")];
        let ledger = settle_ledger(&terms("10", "1"), &legs).expect("ledger");
        assert_eq!((ledger.q_set.0, text(ledger.pnl_left).as_str()), (0, "-1.02"));
        assert_eq!(ledger.set_ratio(), Ok((0, 2_000_000_000_000)));
    }

    #[test]
    fn a_million_shares_of_sixty_four_legs_fit_and_more_is_refused() {
        let legs = vec![leg("0.999999", "0.999999", "10000000"); 64];
        assert!(settle_ledger(&terms("1000000", "1"), &legs).is_ok());
        assert_eq!(
            settle_ledger(&terms("10000000000000", "1"), &[leg("1", "1", "1e16")]),
            Err(UnitError::Overflow)
        );
    }

    #[test]
    fn no_fill_is_a_row_of_zeros_with_ratio_zero() {
        let ledger = settle_ledger(&terms("10", "0.3"), &[leg("0.5", "0.4", "0"); 3]);
        let ledger = ledger.expect("ledger");
        assert_eq!(ledger, Ledger::zero(3));
        assert_eq!(ledger.set_ratio(), Ok((0, 1)));
    }
}
