//! The prices an order may have, computed anew from the books of its decision (S-07, S-08).
//!
//! Owns: [`Bounds`]. Plain integer arithmetic on micro-dollars, without the core's ladder: what is
//! checked must not be asked.

use razor_core::basket::{Plan, Rules};
use razor_core::order::{Attempt, Rung};

use super::books::Books;

/// What was true when an order was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Lowest limit allowed, in micro-dollars.
    pub(super) least: i64,
    /// Highest limit allowed.
    pub(super) most: i64,
    /// Price grid.
    tick: i64,
}

impl Bounds {
    /// The bounds of an attempt; `None` without the book it would need.
    pub(super) fn of(attempt: &Attempt, plan: &Plan, rules: &Rules, books: &Books) -> Option<Self> {
        let book = books.book(attempt.token)?;
        let tick = i64::from(book.tick.micros());
        let leg = plan.legs.get(usize::from(attempt.key.leg))?;
        let signal_ask = i64::from(leg.limit.micros());
        let ask = book.ask.map(|(px, _)| i64::from(px.micros()));
        let bid = book.bid.map(|(px, _)| i64::from(px.micros()));
        let half = i64::from(plan.expected_net.raw()).div_euclid(2);
        let budget = half.min(i64::from(rules.chase_cap.raw()));
        let first = budget.min(i64::from(rules.chase_step.raw()));
        let top = 1_000_000 - tick;
        let raised = |px: i64, bps: i64| down(px * (10_000 + bps) / 10_000, tick);
        Some(match attempt.rung {
            Rung::Fire => Self { least: ask?, most: down(signal_ask, tick).min(top), tick },
            Rung::ChaseOne | Rung::ChaseTwo => {
                let step = if attempt.rung == Rung::ChaseOne { first } else { budget };
                let drift = raised(signal_ask, budget);
                let most = if budget > 0 { raised(ask?, step).min(drift).min(top) } else { 0 };
                Self { least: ask?, most, tick }
            }
            Rung::FlatOne => Self::sale(bid?, 100, tick, top),
            Rung::FlatTwo => Self::sale(bid?, 500, tick, top),
            Rung::FlatThree => Self::sale(bid?, 1_000, tick, top),
        })
    }

    fn sale(bid: i64, step: i64, tick: i64, top: i64) -> Self {
        let least = bid * (10_000 - step);
        // Up to the grid, never under one tick.
        let least = ceil_div(ceil_div(least, 10_000), tick) * tick;
        Self { least: least.max(tick), most: top, tick }
    }

    /// Whether a limit keeps to them.
    pub(super) const fn holds(&self, limit: i64) -> bool {
        self.least <= limit && limit <= self.most && limit % self.tick == 0
    }
}

const fn down(px: i64, tick: i64) -> i64 {
    px - px.rem_euclid(tick)
}

const fn ceil_div(value: i64, by: i64) -> i64 {
    let whole = value.div_euclid(by);
    if value.rem_euclid(by) == 0 { whole } else { whole + 1 }
}
