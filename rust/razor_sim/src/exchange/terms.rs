//! From signed amounts to price and size, and the cash of a fill (PROTOCOL §4.6).
//!
//! Owns: the derivation of the price from maker and taker amount, the accuracy rules, and the
//! roundings of every cash amount of a match.
//!
//! Must never: lose or make a micro-dollar. The maker's cash is rounded down, whichever way it
//! flows, so that a maker never pays above its signed amounts; the taker has the other part of the
//! same whole, and with it the dust.
//!
//! Invariants: prices are in ten-thousandths of a dollar ([`Fine`]), which every tick of the venue
//! divides; amounts are at most [`MAX_AMOUNT`], so that no product here leaves 64 bits.

use razor_core::order::Side;
use razor_core::units::TickSize;
use razor_core::wire::Fine;

use super::refusal::{AmountKind, Micros, Refusal};
use super::{OrderType, PlaceOrder};

/// The largest amount of one order or transfer, in micro units: 10^9 dollars or shares.
pub const MAX_AMOUNT: u64 = 1_000_000_000_000_000;

const FINE_PER_DOLLAR: u64 = 10_000;
const CENT: u64 = 10_000;
const SIZE_DECIMALS: u32 = 2;

/// What an order asks for, read from its signed amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// Limit in terms of the order's own token.
    pub(super) price: Fine,
    /// Shares.
    pub(super) qty: u64,
    /// Dollars at the limit.
    pub(super) cash: u64,
}

/// Decimals of dollar amounts on a grid: decimals of the price plus two of the size.
pub const fn amount_decimals(tick: TickSize) -> u32 {
    match tick.micros() {
        100_000 => 3,
        10_000 => 4,
        5_000 | 1_000 => 5,
        // 0.0025 and 0.0001.
        _ => 6,
    }
}

/// Reads price and size, and checks accuracy and grid.
pub(super) fn terms(order: &PlaceOrder, tick: TickSize) -> Result<Terms, Refusal> {
    let (cash, qty) = match order.side {
        Side::Buy => (order.maker_amount, order.taker_amount),
        Side::Sell => (order.taker_amount, order.maker_amount),
    };
    if !(1..=MAX_AMOUNT).contains(&cash) || !(1..=MAX_AMOUNT).contains(&qty) {
        return Err(Refusal::InvalidPayload);
    }
    let off_grid = Refusal::Tick {
        order: order.hash,
        price: Micros(ratio_micros(cash, qty)),
        tick: tick.into(),
    };
    let price = nearest(cash, qty, tick).ok_or(off_grid)?;
    check_accuracy(order, tick)?;
    if !fits(order, tick, price, cash, qty) {
        return Err(off_grid);
    }
    Ok(Terms { price, qty, cash })
}

fn ratio_micros(cash: u64, qty: u64) -> u64 {
    u64::try_from(u128::from(cash) * 1_000_000 / u128::from(qty)).unwrap_or(u64::MAX)
}

/// The grid price nearest to `cash / qty`, if it lies within `tick..=1 − tick`.
fn nearest(cash: u64, qty: u64, tick: TickSize) -> Option<Fine> {
    let step = u128::from(Fine::of_tick(tick).0);
    let unit = u128::from(qty) * step;
    let count = (u128::from(cash) * u128::from(FINE_PER_DOLLAR) + unit / 2) / unit;
    let price = u16::try_from(count * step).ok()?;
    let last = Fine::ONE.0.checked_sub(Fine::of_tick(tick).0)?;
    (count >= 1 && price <= last).then_some(Fine(price))
}

/// Whether the pair is what a client computes from this price: exact to the micro-dollar for an
/// order sized in shares, the shares rounded at their last decimal for one sized in dollars.
fn fits(order: &PlaceOrder, tick: TickSize, price: Fine, cash: u64, qty: u64) -> bool {
    let exact = (cash_floor(qty, price)..=cash_ceil(qty, price)).contains(&cash);
    let by_amount = order.order_type.is_immediate() && order.side == Side::Buy;
    let step = 10_u128.pow(6 - amount_decimals(tick));
    let paid = u128::from(cash) * u128::from(FINE_PER_DOLLAR);
    let bought = u128::from(qty) * u128::from(price.0);
    exact || (by_amount && paid.abs_diff(bought) < step * u128::from(price.0))
}

fn check_accuracy(order: &PlaceOrder, tick: TickSize) -> Result<(), Refusal> {
    let amount = amount_decimals(tick);
    let (kind, maker, taker) = match (order.order_type.is_immediate(), order.side) {
        (false, Side::Buy) => (AmountKind::LimitBuy, amount, SIZE_DECIMALS),
        (false, Side::Sell) => (AmountKind::LimitSell, SIZE_DECIMALS, amount),
        (true, Side::Buy) => (AmountKind::MarketBuy, SIZE_DECIMALS, amount),
        (true, Side::Sell) => (AmountKind::MarketSell, SIZE_DECIMALS, amount),
    };
    let is_rough = |micros: u64, decimals: u32| micros.is_multiple_of(10_u64.pow(6 - decimals));
    if is_rough(order.maker_amount, maker) && is_rough(order.taker_amount, taker) {
        Ok(())
    } else {
        Err(Refusal::Accuracy { kind, maker, taker })
    }
}

/// `qty · price` rounded down, in micro-dollars.
pub(super) const fn cash_floor(qty: u64, price: Fine) -> u64 {
    qty * widen(price) / FINE_PER_DOLLAR
}

/// `qty · price` rounded up, in micro-dollars.
pub(super) const fn cash_ceil(qty: u64, price: Fine) -> u64 {
    (qty * widen(price)).div_ceil(FINE_PER_DOLLAR)
}

/// The most shares that `cash` pays for at `price`.
pub(super) fn affordable(cash: u64, price: Fine) -> u64 {
    let shares = u128::from(cash) * u128::from(FINE_PER_DOLLAR) / u128::from(price.0.max(1));
    u64::try_from(shares).unwrap_or(u64::MAX)
}

const fn widen(price: Fine) -> u64 {
    let [low, high] = price.0.to_le_bytes();
    u64::from_le_bytes([low, high, 0, 0, 0, 0, 0, 0])
}

/// Amounts a client signs for a limit order of `qty` micro-shares at `price`: (maker, taker).
pub fn limit_amounts(side: Side, qty: u64, price: Fine) -> (u64, u64) {
    let qty = qty / CENT * CENT;
    let cash = cash_floor(qty, price);
    match side {
        Side::Buy => (cash, qty),
        Side::Sell => (qty, cash),
    }
}

/// Amounts a client signs for a FOK or FAK order: `amount` micro-dollars to spend on a buy,
/// micro-shares to sell on a sell, at a limit of `price` on the grid of `tick`: (maker, taker).
pub fn market_amounts(side: Side, amount: u64, price: Fine, tick: TickSize) -> (u64, u64) {
    let maker = amount / CENT * CENT;
    let step = 10_u64.pow(6 - amount_decimals(tick));
    let taker = match side {
        Side::Buy => affordable(maker, price),
        Side::Sell => cash_floor(maker, price),
    };
    (maker, taker / step * step)
}

impl OrderType {
    /// FOK and FAK: what is not filled at once is gone.
    pub const fn is_immediate(self) -> bool {
        match self {
            Self::Gtc | Self::Gtd => false,
            Self::Fok | Self::Fak => true,
        }
    }
}
