//! The prices of the ladders: how far a chase may go and how low a panic sale may fall.
//!
//! Owns: the frozen budget and both ladders in integers on the market's grid (ARCHITECTURE §5,
//! INVARIANTS S-07 and S-08). Limits round to the less aggressive tick: buys down, sells up, so
//! that no budget and no step is ever exceeded.
//!
//! Must never: give a buy above its budget, a sale under its step, or a price off the grid.

use crate::units::{Bps, Price, TickSize, Ticks, UnitError};

const ONE: u64 = 10_000;

/// What a chase may cost above the ask, per step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Budget {
    /// First step.
    pub first: Bps,
    /// Second step: all of it.
    pub most: Bps,
}

impl Budget {
    /// `most = min(⌊net/2⌋, cap)`, `first = min(step, most)`; `None` when nothing may be spent,
    /// that is under 2 bps of net edge.
    pub fn of(expected_net: Bps, cap: Bps, step: Bps) -> Option<Self> {
        let half = expected_net.raw().div_euclid(2);
        let most = Bps::new(half.min(cap.raw()));
        let first = Bps::new(step.raw().min(most.raw()));
        (most.raw() > 0).then_some(Self { first, most })
    }
}

/// Why no order is sent at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoPrice {
    /// The allowed price is under the best ask, so that nothing could be matched (S-07).
    UnderAsk {
        /// The highest price allowed.
        bound: Price,
        /// The best ask.
        ask: Price,
    },
    /// The computation left its range; cannot happen on a venue's grid.
    OutOfRange,
}

/// The limit of a buy: `⌊ask·(1+step)⌋` on the grid, never above `⌊signal_limit·(1+most)⌋`.
///
/// # Errors
/// [`NoPrice`] when nothing may be sent.
pub fn chase_limit(
    ask: Price,
    step: Bps,
    signal_limit: Price,
    most: Bps,
    tick: TickSize,
) -> Result<Price, NoPrice> {
    let step_bound = up_floor(ask, step, tick)?;
    let drift_bound = up_floor(signal_limit, most, tick)?;
    let bound = step_bound.min(drift_bound).min(highest(tick)?);
    if bound < ask { Err(NoPrice::UnderAsk { bound, ask }) } else { Ok(bound) }
}

/// The limit of a panic sale: `⌈bid·(1−step)⌉` on the grid, at least one tick.
///
/// # Errors
/// [`NoPrice::OutOfRange`] for a step of more than all of the price.
pub fn flatten_limit(bid: Price, step: Bps, tick: TickSize) -> Result<Price, NoPrice> {
    let share = u64::try_from(step.raw())
        .ok()
        .and_then(|step| ONE.checked_sub(step))
        .ok_or(NoPrice::OutOfRange)?;
    let micros = u64::from(bid.micros()).checked_mul(share).ok_or(NoPrice::OutOfRange)?;
    let lowest = on_grid(tick, Ticks(1))?;
    Ok(on_grid(tick, tick.ticks_ceil(price_of(micros.div_ceil(ONE))?))?.max(lowest))
}

/// The highest price an order may have: one tick under a dollar.
///
/// # Errors
/// [`NoPrice::OutOfRange`] never, on the venue's ticks.
pub fn highest(tick: TickSize) -> Result<Price, NoPrice> {
    let top = tick.ticks_per_dollar().0.checked_sub(1).ok_or(NoPrice::OutOfRange)?;
    on_grid(tick, Ticks(top))
}

fn up_floor(price: Price, step: Bps, tick: TickSize) -> Result<Price, NoPrice> {
    let share = u64::try_from(step.raw())
        .ok()
        .and_then(|step| ONE.checked_add(step))
        .ok_or(NoPrice::OutOfRange)?;
    let raised = u64::from(price.micros())
        .checked_mul(share)
        .and_then(|micros| micros.checked_div(ONE))
        .ok_or(NoPrice::OutOfRange)?;
    on_grid(tick, tick.ticks_floor(price_of(raised.min(u64::from(Price::ONE.micros())))?))
}

fn price_of(micros: u64) -> Result<Price, NoPrice> {
    let micros = u32::try_from(micros).map_err(|_| NoPrice::OutOfRange)?;
    Price::from_micros(micros).map_err(|_| NoPrice::OutOfRange)
}

fn on_grid(tick: TickSize, ticks: Ticks) -> Result<Price, NoPrice> {
    tick.price(ticks).map_err(|_: UnitError| NoPrice::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(micros: u32) -> Price {
        Price::from_micros(micros).expect("price")
    }

    fn tick(micros: u32) -> TickSize {
        TickSize::from_micros(micros).expect("tick")
    }

    #[test]
    fn a_budget_is_half_the_edge_under_its_cap_and_needs_two_bps() {
        let cases = [(-10, None), (0, None), (1, None), (2, Some((1, 1))), (10, Some((5, 5)))];
        for (net, expected) in cases.into_iter().chain([
            (21, Some((10, 10))),
            (60, Some((10, 30))),
            (401, Some((10, 200))),
            (i32::MIN, None),
        ]) {
            let budget = Budget::of(Bps::new(net), Bps::new(200), Bps::new(10));
            assert_eq!(budget.map(|b| (b.first.raw(), b.most.raw())), expected, "{net}");
        }
    }

    #[test]
    fn a_chase_rounds_down_and_never_passes_the_signals_own_bound() {
        let fine = tick(100);
        let limit = |ask, step, lim, most| {
            chase_limit(price(ask), Bps::new(step), price(lim), Bps::new(most), fine)
        };
        assert_eq!(limit(480_000, 10, 480_000, 200), Ok(price(480_400)));
        assert_eq!(limit(480_000, 200, 480_000, 200), Ok(price(489_600)));
        // The ask ran away by 2 %: the bound of the signal holds.
        assert_eq!(limit(489_600, 200, 480_000, 200), Ok(price(489_600)));
        assert_eq!(
            limit(489_700, 200, 480_000, 200),
            Err(NoPrice::UnderAsk { bound: price(489_600), ask: price(489_700) })
        );
        assert_eq!(
            chase_limit(price(995_000), Bps::new(200), price(995_000), Bps::new(200), tick(10_000)),
            Err(NoPrice::UnderAsk { bound: price(990_000), ask: price(995_000) })
        );
    }

    #[test]
    fn both_steps_meet_on_a_coarse_grid() {
        let cent = tick(10_000);
        let limit =
            |step| chase_limit(price(480_000), Bps::new(step), price(480_000), Bps::new(200), cent);
        assert_eq!(limit(10), Ok(price(480_000)));
        assert_eq!(limit(200), Ok(price(480_000)));
    }

    #[test]
    fn a_panic_sale_rounds_up_and_stays_on_the_grid() {
        let cent = tick(10_000);
        for (bid, step, expected) in [
            (500_000, 100, 500_000),
            (500_000, 500, 480_000),
            (500_000, 1_000, 450_000),
            (10_000, 1_000, 10_000),
            (0, 1_000, 10_000),
        ] {
            assert_eq!(flatten_limit(price(bid), Bps::new(step), cent), Ok(price(expected)));
        }
        assert_eq!(flatten_limit(price(500_000), Bps::new(10_001), cent), Err(NoPrice::OutOfRange));
    }
}
