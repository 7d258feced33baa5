//! The ladders against exact fractions: no budget, step or reservation is ever exceeded, and none
//! is stricter than it must be.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use razor_core::ids::TokenIx;
use razor_core::market::Fees;
use razor_core::order::ladder::{Budget, NoPrice, chase_limit, flatten_limit, highest};
use razor_core::order::{Attempt, AttemptKey, Rung};
use razor_core::risk::reservation;
use razor_core::units::{Bps, Price, Qty, TickSize};

const TICKS: [u32; 6] = [100_000, 10_000, 5_000, 2_500, 1_000, 100];
const STEPS: [i32; 14] = [0, 1, 2, 5, 9, 10, 11, 99, 100, 199, 200, 500, 1_000, 9_999];

/// A generator of fixed sequence: the same million cases in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn price(micros: i128) -> Price {
    Price::from_micros(u32::try_from(micros).expect("32 bits")).expect("price")
}

fn tick(micros: u32) -> TickSize {
    TickSize::from_micros(micros).expect("tick")
}

/// The highest multiple of the tick that is not above `micros·(10,000 + bps) / 10,000`.
fn raised(micros: i128, bps: i32, tick: i128) -> i128 {
    (micros * i128::from(10_000 + bps)).div_euclid(10_000 * tick) * tick
}

/// The chase of S-07 as a fraction, and its refusal.
fn oracle(ask: i128, step: i32, limit: i128, most: i32, tick: i128) -> Result<i128, i128> {
    let top = 1_000_000 - tick;
    let bound = raised(ask, step, tick).min(raised(limit, most, tick)).min(top);
    if bound < ask { Err(bound) } else { Ok(bound) }
}

fn same_chase(ask: i128, step: i32, limit: i128, most: i32, grid: u32) {
    let (low, high) = (Bps::new(step), Bps::new(most));
    let found = chase_limit(price(ask), low, price(limit), high, tick(grid));
    let wanted = oracle(ask, step, limit, most, i128::from(grid));
    let found = match found {
        Ok(found) => Ok(i128::from(found.micros())),
        Err(NoPrice::UnderAsk { bound, ask: shown }) => {
            assert_eq!(shown, price(ask));
            Err(i128::from(bound.micros()))
        }
        Err(NoPrice::OutOfRange) => Err(-1),
    };
    assert_eq!(found, wanted, "ask {ask} step {step} limit {limit} most {most} tick {grid}");
}

#[test]
fn a_chase_is_the_highest_price_within_every_bound_on_every_tick() {
    let mut cases = 0_u64;
    for grid in TICKS {
        let count = i128::from(1_000_000 / grid);
        let stride = if grid == 100 { 7 } else { 1 };
        for ask in (1..count).step_by(stride) {
            for step in STEPS {
                for most in [0, 1, 10, 200] {
                    for drift in [-1_i128, 0, 1] {
                        let limit = (ask + drift).clamp(0, count) * i128::from(grid);
                        same_chase(ask * i128::from(grid), step, limit, most, grid);
                        cases += 1;
                    }
                }
            }
        }
    }
    assert!(cases >= 400_000, "{cases} cases");
}

#[test]
fn a_chase_of_any_prices_is_exact() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for _ in 0..1_000_000 {
        let grid = TICKS[dice.roll(6) as usize];
        let (ask, limit) = (dice.roll(1_000_001), dice.roll(1_000_001));
        let (step, most) = (dice.roll(10_001) as i32, dice.roll(10_001) as i32);
        same_chase(i128::from(ask), step.min(most), i128::from(limit), most, grid);
    }
}

#[test]
fn a_panic_sale_is_the_lowest_price_above_its_step_on_every_tick() {
    let mut cases = 0_u64;
    for grid in TICKS {
        let unit = i128::from(grid);
        for bid in 0..=1_000_000 / grid {
            let micros = i128::from(bid) * unit;
            for step in [0, 1, 99, 100, 101, 500, 501, 1_000, 9_999, 10_000] {
                let exact = micros * i128::from(10_000 - step);
                let wanted = (exact + 10_000 * unit - 1).div_euclid(10_000 * unit) * unit;
                let found = flatten_limit(price(micros), Bps::new(step), tick(grid));
                let wanted = price(wanted.max(unit));
                assert_eq!(found, Ok(wanted), "bid {micros} step {step} tick {grid}");
                cases += 1;
            }
        }
    }
    assert!(cases >= 100_000, "{cases} cases");
}

#[test]
fn a_panic_sale_of_any_bid_is_never_under_its_step_and_never_a_tick_too_high() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..1_000_000 {
        let grid = TICKS[dice.roll(6) as usize];
        let (bid, step) = (dice.roll(1_000_001), dice.roll(10_001) as i32);
        let found = flatten_limit(price(i128::from(bid)), Bps::new(step), tick(grid));
        let found = i128::from(found.expect("a price").micros());
        let (unit, exact) = (i128::from(grid), i128::from(bid) * i128::from(10_000 - step));
        assert!(found * 10_000 >= exact && found >= unit && found % unit == 0);
        assert!(found == unit || (found - unit) * 10_000 < exact, "bid {bid} step {step} {grid}");
    }
}

#[test]
fn a_budget_is_half_the_edge_and_never_above_a_cap_for_every_edge() {
    for net in -20_000..=20_000 {
        for cap in [0, 1, 9, 10, 200, 10_000] {
            for step in [0, 1, 10, 300] {
                let found = Budget::of(Bps::new(net), Bps::new(cap), Bps::new(step));
                let most = net.div_euclid(2).min(cap);
                let wanted = (most > 0).then_some((step.min(most), most));
                assert_eq!(found.map(|b| (b.first.raw(), b.most.raw())), wanted);
            }
        }
    }
}

#[test]
fn steps_outside_all_of_the_price_are_refused() {
    for grid in TICKS {
        let (half, grid) = (price(500_000), tick(grid));
        for step in [-1, -10_000, i32::MIN] {
            let step = Bps::new(step);
            assert_eq!(flatten_limit(half, step, grid), Err(NoPrice::OutOfRange));
            assert_eq!(chase_limit(half, step, half, step, grid), Err(NoPrice::OutOfRange));
        }
        let more = Bps::new(10_001);
        assert_eq!(flatten_limit(half, more, grid), Err(NoPrice::OutOfRange));
        let top = highest(grid).expect("a highest price");
        assert_eq!(top.micros() + grid.micros(), 1_000_000);
    }
}

#[test]
fn a_reservation_covers_every_match_within_the_limit_and_sales_cost_nothing() {
    let mut dice = Dice(0xd1b5_4a32_d192_ed03);
    for _ in 0..1_000_000 {
        let limit = dice.roll(1_000_000) + 1;
        let shares = dice.roll(1 << 40);
        let attempt = |rung| Attempt {
            key: AttemptKey { signal_id: 1, leg: 0, attempt: 1 },
            rung,
            token: TokenIx(0),
            limit: price(i128::from(limit)),
            order_qty: Qty(shares),
            budget: None,
        };
        let cost = reservation(&attempt(Rung::Fire), Qty(shares), Fees::Free).expect("a cost");
        let exact = i128::from(limit) * i128::from(shares);
        let cost = i128::from(cost.0);
        assert!(cost * 1_000_000 >= exact && (cost - 1) * 1_000_000 < exact);
        let part = dice.roll(shares.max(1));
        let less = reservation(&attempt(Rung::ChaseTwo), Qty(part), Fees::Free).expect("a cost");
        assert!(i128::from(less.0) <= cost, "less in flight never costs more");
        let sale = reservation(&attempt(Rung::FlatThree), Qty(shares), Fees::Free);
        assert_eq!(sale.expect("a cost").0, 0);
    }
}
