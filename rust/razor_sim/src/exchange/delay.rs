//! How long the chain takes: laws of delay, drawn from the exchange's own generator.

use razor_core::units::Nanos;

use crate::rng::Rng;

/// A law of delay; all times in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// Always the same.
    Fixed(Nanos),
    /// Between the two, both included.
    Uniform(Nanos, Nanos),
    /// Exponential with this mean, cut at sixteen means.
    Exponential(Nanos),
}

impl Delay {
    /// No delay.
    pub const NONE: Self = Self::Fixed(Nanos(0));

    /// Draws a delay; a fixed one draws nothing. Never below zero.
    pub fn draw(self, rng: &mut Rng) -> Nanos {
        match self {
            Self::Fixed(delay) => Nanos(delay.0.max(0)),
            Self::Uniform(from, to) => {
                let span = u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
                let drawn = rng.below_wide(span.saturating_add(1));
                let drawn = i64::try_from(drawn).unwrap_or(0);
                Nanos(from.0.saturating_add(drawn).max(0))
            }
            Self::Exponential(mean) => {
                let units = u128::from(minus_ln_q16(rng.next()).min(16 << 16));
                let mean = u128::from(u64::try_from(mean.0).unwrap_or(0));
                Nanos(i64::try_from((mean * units) >> 16).unwrap_or(i64::MAX))
            }
        }
    }
}

/// ln 2 in 65,536ths.
const LN_2_Q16: u64 = 45_426;

/// `−ln(x / 2^64)` in 65,536ths, in integers, so that every machine draws the same: the binary
/// logarithm bit by bit, each squaring of the mantissa giving the next.
fn minus_ln_q16(x: u64) -> u64 {
    let x = x | 1;
    let whole = u64::from(x.leading_zeros());
    // The mantissa in 1..2 with 31 decimals behind the point, so that its square fits.
    let mut mantissa = (x << x.leading_zeros()) >> 32;
    let mut fraction: u64 = 0;
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 31;
        fraction <<= 1;
        if mantissa >> 32 > 0 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    // log2(x / 2^64) = −whole − 1 + fraction, so its negation is whole + 1 − fraction.
    let minus_log2_q16 = ((whole + 1) << 16) - fraction;
    (minus_log2_q16 * LN_2_Q16) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn the_logarithm_is_right_to_four_digits() {
        for (x, expected) in [(u64::MAX, 0), (1 << 63, 45_426), (1 << 62, 90_852), (1, 2_907_270)] {
            assert!(minus_ln_q16(x).abs_diff(expected) <= 8, "{x}: {}", minus_ln_q16(x));
        }
        // −ln(0.1) is 2.302585.
        assert!(minus_ln_q16(u64::MAX / 10).abs_diff(150_902) <= 8);
    }

    #[test]
    fn the_mean_of_an_exponential_delay_is_its_mean() {
        let mut rng = Rng::new(3);
        let law = Delay::Exponential(Nanos(2 * SECOND));
        let sum: i64 = (0..20_000).map(|_| law.draw(&mut rng).0 / 20_000).sum();
        assert!((sum - 2 * SECOND).abs() < SECOND / 20, "{sum}");
    }

    #[test]
    fn a_uniform_delay_reaches_both_ends_and_nothing_beyond() {
        let mut rng = Rng::new(4);
        let drawn: Vec<i64> =
            (0..200).map(|_| Delay::Uniform(Nanos(3), Nanos(6)).draw(&mut rng).0).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&3), Some(&6)));
        assert_eq!(Delay::Fixed(Nanos(-5)).draw(&mut rng), Nanos(0));
        assert_eq!(Delay::Uniform(Nanos(6), Nanos(3)).draw(&mut rng), Nanos(6));
    }
}
