//! The price grid of a market: tick size and the epoch in which it holds.

use super::{Price, UnitError};

/// The finest possible grid has this many ticks below one dollar.
const MICROS_PER_DOLLAR: u32 = 1_000_000;

/// A tick size the venue uses, in micro-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TickSize(u32);

impl TickSize {
    /// 0.01, the grid of most markets.
    pub const CENT: Self = Self(10_000);
    /// 0.0001, the finest grid.
    pub const FINEST: Self = Self(100);

    /// A tick size from micro-dollars per tick.
    ///
    /// # Errors
    /// [`UnitError::UnknownTick`] unless 0.1, 0.01, 0.005, 0.0025, 0.001 or 0.0001 (PROTOCOL 1.2).
    pub const fn from_micros(micros: u32) -> Result<Self, UnitError> {
        match micros {
            100_000 | 10_000 | 5_000 | 2_500 | 1_000 | 100 => Ok(Self(micros)),
            _ => Err(UnitError::UnknownTick { micros }),
        }
    }

    /// Micro-dollars per tick.
    pub const fn micros(self) -> u32 {
        self.0
    }

    /// Ticks in one dollar; valid prices lie strictly between 0 and this.
    pub const fn ticks_per_dollar(self) -> Ticks {
        // Every accepted tick divides a dollar and the quotient is at most 10,000.
        match MICROS_PER_DOLLAR.checked_div(self.0) {
            Some(ticks) => Ticks(ticks.cast_signed()),
            None => Ticks(0),
        }
    }

    /// The price as a count of ticks.
    ///
    /// # Errors
    /// [`UnitError::OffGrid`] when the price is not a multiple of the tick.
    pub fn ticks_exact(self, price: Price) -> Result<Ticks, UnitError> {
        let micros = price.micros();
        match (micros.checked_div(self.0), micros.checked_rem(self.0)) {
            (Some(ticks), Some(0)) => Ok(Ticks(ticks.cast_signed())),
            _ => Err(UnitError::OffGrid { micros, tick_micros: self.0 }),
        }
    }

    /// The largest count of ticks not above the price: a buy limit never exceeds its bound.
    pub fn ticks_floor(self, price: Price) -> Ticks {
        Ticks(price.micros().checked_div(self.0).unwrap_or(0).cast_signed())
    }

    /// The smallest count of ticks not below the price: a sell limit never undercuts its bound.
    pub fn ticks_ceil(self, price: Price) -> Ticks {
        Ticks(price.micros().div_ceil(self.0).cast_signed())
    }

    /// The price of a count of ticks.
    ///
    /// # Errors
    /// [`UnitError::Overflow`] outside 0..=1 dollar.
    pub fn price(self, ticks: Ticks) -> Result<Price, UnitError> {
        let count = u32::try_from(ticks.0).map_err(|_| UnitError::Overflow)?;
        let micros = count.checked_mul(self.0).ok_or(UnitError::Overflow)?;
        Price::from_micros(micros)
    }
}

/// A price as a count of ticks on some market's grid. Meaningless without the [`Grid`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticks(pub i32);

/// The grid in force on one market: a tick-size change starts a new epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Tick size in force.
    pub tick: TickSize,
    /// Counts grid changes of the market, from 0.
    pub epoch: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_venues_ticks_exist() {
        for micros in [100_000, 10_000, 5_000, 2_500, 1_000, 100] {
            assert!(TickSize::from_micros(micros).is_ok(), "{micros}");
        }
        for micros in [0, 1, 200, 20_000, 1_000_000] {
            assert_eq!(TickSize::from_micros(micros), Err(UnitError::UnknownTick { micros }));
        }
    }

    #[test]
    fn limits_round_to_the_less_aggressive_tick() {
        let tick = TickSize::from_micros(2_500).expect("tick");
        let price = Price::from_micros(501_000).expect("price");
        assert_eq!(tick.ticks_floor(price), Ticks(200));
        assert_eq!(tick.ticks_ceil(price), Ticks(201));
        assert!(matches!(tick.ticks_exact(price), Err(UnitError::OffGrid { .. })));
        assert_eq!(tick.price(Ticks(200)), Price::from_micros(500_000));
        assert_eq!(tick.price(Ticks(401)), Err(UnitError::Overflow));
    }
}
