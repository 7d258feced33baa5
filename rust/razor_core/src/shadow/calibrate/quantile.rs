//! The 25th percentile of samples, how sure it is, and how the samples lie.
//!
//! The percentile follows the frozen index rule: ascending, index `floor((n − 1) · 0.25)`.
//!
//! The interval assumes nothing about the distribution. The number of samples at or under the true
//! quartile is binomial(n, 1/4); with `B` of that law, the interval from the `l`-th to the `u`-th
//! smallest sample covers the quartile with at least 95 % when `P(B < l) ≤ 2.5 %` and
//! `P(B ≥ u) ≤ 2.5 %`. `l` is the largest and `u` the smallest rank of which that holds; where no
//! rank does, the bound is that of a share, 0 or 1. With fewer than 13 samples there is no `l`.
//!
//! No float: the law's weights are integers relative to `2^88` at the mode, each neighbour found
//! from the one before. Tails are rounded up and the whole is rounded down at every step, so an
//! interval can come out one rank wider than exact arithmetic says, never narrower; for that the
//! tail would have to be within 10⁻¹¹ of 2.5 %.

use serde::Serialize;

use super::{CalibrationError, RealShare};

/// Bins of the histogram, each a tenth; a share of 1 is in the last.
pub const BINS: usize = 10;
/// `10^11`: a tenth of a share at 10⁻¹².
const BIN_WIDTH: i128 = 100_000_000_000;
/// More samples could not be held in memory; the bound keeps every product inside 128 bits.
const MOST_SAMPLES: u64 = 1 << 32;
const MODE_WEIGHT: u128 = 1 << 88;
/// Weights from here outward are bounded by this one instead of being stepped through: a weight
/// rounded up at every step hardly falls any more where neighbours are almost equal.
const LEAST_WEIGHT: u128 = 1 << 16;
/// One tail may have one part in forty: 2.5 %.
const TAIL_PARTS: u128 = 40;

/// Whether a percentile may be suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Enough samples.
    Ok,
    /// Too few: no percentile is given.
    InsufficientSamples,
}

/// The figures of one list of samples; shares are decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Samples.
    pub samples: u64,
    /// Whether they suffice.
    pub status: Status,
    /// The 25th percentile; `None` when they do not.
    pub p25: Option<String>,
    /// Lower end of the 95 % interval; `None` without samples.
    pub low: Option<String>,
    /// Upper end of the 95 % interval; `None` without samples.
    pub high: Option<String>,
    /// Samples per tenth.
    pub histogram: [u64; BINS],
}

/// Computes the figures of samples in any order.
///
/// # Errors
/// [`CalibrationError::TooMany`].
pub fn figures(mut samples: Vec<RealShare>, least: u64) -> Result<Figures, CalibrationError> {
    samples.sort_unstable();
    let count = u64::try_from(samples.len()).map_err(|_| CalibrationError::TooMany)?;
    let is_enough = count >= least.max(1);
    let (low, high) = interval(&samples)?
        .map_or((None, None), |(low, high)| (Some(low.text()), Some(high.text())));
    Ok(Figures {
        samples: count,
        status: if is_enough { Status::Ok } else { Status::InsufficientSamples },
        p25: p25(&samples).filter(|_| is_enough).map(RealShare::text),
        low,
        high,
        histogram: histogram(&samples),
    })
}

/// The 25th percentile of ascending samples; `None` of none.
pub fn p25(sorted: &[RealShare]) -> Option<RealShare> {
    sorted.get(sorted.len().checked_sub(1)?.checked_div(4)?).copied()
}

/// The 95 % interval of ascending samples; `None` of none.
///
/// # Errors
/// [`CalibrationError::TooMany`].
pub fn interval(sorted: &[RealShare]) -> Result<Option<(RealShare, RealShare)>, CalibrationError> {
    if sorted.is_empty() {
        return Ok(None);
    }
    let count = u64::try_from(sorted.len()).map_err(|_| CalibrationError::TooMany)?;
    let (low, high) = interval_ranks(count)?;
    let at = |rank: Option<u64>| {
        let index = usize::try_from(rank?.checked_sub(1)?).ok()?;
        sorted.get(index).copied()
    };
    let bottom = RealShare::from_pico(0);
    let top = RealShare::from_pico(i128::MAX);
    Ok(Some((at(low).unwrap_or(bottom), at(high).unwrap_or(top))))
}

/// Ranks, from 1, of the ends of the interval; `None` where no rank is sure enough.
/// Cost: grows with the square root of the count.
///
/// # Errors
/// [`CalibrationError::TooMany`] above 2³² samples.
pub fn interval_ranks(samples: u64) -> Result<(Option<u64>, Option<u64>), CalibrationError> {
    if samples > MOST_SAMPLES {
        return Err(CalibrationError::TooMany);
    }
    ranks(u128::from(samples)).ok_or(CalibrationError::TooMany)
}

fn ranks(samples: u128) -> Option<(Option<u64>, Option<u64>)> {
    let law = Law { samples, mode: samples.checked_add(1)?.checked_div(4)? };
    let total = law
        .beyond(Way::Down, Rounding::Down)?
        .checked_add(law.beyond(Way::Up, Rounding::Down)?)?
        .checked_add(MODE_WEIGHT)?;
    // P(B < l) is the tail beyond l on the way down; P(B ≥ u) that beyond u − 1 on the way up.
    let low = law.first_sure(Way::Down, total)?;
    let high = law.first_sure(Way::Up, total)?.checked_add(1)?;
    let rank = |rank: u128| u64::try_from(rank).ok();
    let low = if low == 0 { None } else { rank(low) };
    let high = if high > samples { None } else { rank(high) };
    Some((low, high))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Up,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Down,
    Up,
}

/// Binomial(n, 1/4) as weights relative to that of the mode. `None` of its functions is a product
/// beyond 128 bits, which the bound on the samples rules out.
struct Law {
    samples: u128,
    mode: u128,
}

impl Law {
    /// How often a neighbour can still be stepped to from `k`.
    fn steps_left(&self, k: u128, way: Way) -> Option<u128> {
        match way {
            Way::Down => Some(k),
            Way::Up => self.samples.checked_sub(k),
        }
    }

    /// The neighbour of `k` and its weight: at most that of `k`, since `k` lies beyond the mode.
    fn next(&self, k: u128, weight: u128, way: Way, rounding: Rounding) -> Option<(u128, u128)> {
        let rest = self.samples.checked_sub(k)?;
        // b(k−1) = b(k) · 3k / (n−k+1) and b(k+1) = b(k) · (n−k) / 3(k+1).
        let (top, bottom, neighbour) = match way {
            Way::Down => (k.checked_mul(3)?, rest.checked_add(1)?, k.checked_sub(1)?),
            Way::Up => {
                let neighbour = k.checked_add(1)?;
                (rest, neighbour.checked_mul(3)?, neighbour)
            }
        };
        let product = weight.checked_mul(top)?;
        let weight = match rounding {
            Rounding::Down => product.checked_div(bottom)?,
            Rounding::Up => product.div_ceil(bottom),
        };
        Some((neighbour, weight))
    }

    /// The sum of all weights on one side of the mode, without it.
    fn beyond(&self, way: Way, rounding: Rounding) -> Option<u128> {
        let (mut k, mut weight, mut sum) = (self.mode, MODE_WEIGHT, 0_u128);
        loop {
            let left = self.steps_left(k, way)?;
            if left == 0 || weight <= LEAST_WEIGHT {
                let rest = match rounding {
                    Rounding::Down => 0,
                    Rounding::Up => left.checked_mul(weight)?,
                };
                return sum.checked_add(rest);
            }
            (k, weight) = self.next(k, weight, way, rounding)?;
            sum = sum.checked_add(weight)?;
        }
    }

    /// The first `k` from the mode outward beyond which lies at most one part in forty.
    fn first_sure(&self, way: Way, total: u128) -> Option<u128> {
        let mut tail = self.beyond(way, Rounding::Up)?;
        let (mut k, mut weight) = (self.mode, MODE_WEIGHT);
        while self.steps_left(k, way)? > 0 && tail.checked_mul(TAIL_PARTS)? > total {
            (k, weight) = self.next(k, weight, way, Rounding::Up)?;
            tail = tail.checked_sub(weight)?;
        }
        Some(k)
    }
}

/// Samples per tenth.
fn histogram(samples: &[RealShare]) -> [u64; BINS] {
    let mut bins = [0_u64; BINS];
    for sample in samples {
        let bin = sample.pico().checked_div(BIN_WIDTH).unwrap_or(0);
        let bin = usize::try_from(bin).unwrap_or(0).min(BINS.saturating_sub(1));
        if let Some(count) = bins.get_mut(bin) {
            *count = count.saturating_add(1);
        }
    }
    bins
}
