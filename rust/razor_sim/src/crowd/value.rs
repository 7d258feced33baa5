//! What outcomes that exclude one another are worth.
//!
//! Invariant: the values add up to one dollar, and none falls below [`LEAST`].

use crate::rng::Rng;

const DOLLAR: u32 = 1_000_000;
/// No outcome becomes hopeless: its book would be empty on one side.
const LEAST: u32 = 25_000;

/// One value per outcome, in micro-dollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values(Vec<u32>);

impl Values {
    /// Random values of so many outcomes; at most as many as [`LEAST`] leaves room for.
    pub(super) fn new(outcomes: usize, rng: &mut Rng) -> Self {
        let weights: Vec<u64> = (0..outcomes).map(|_| 20 + rng.below_wide(80)).collect();
        let total: u64 = weights.iter().sum::<u64>().max(1);
        let count = u64::try_from(outcomes).unwrap_or(u64::MAX);
        let free = u64::from(DOLLAR).saturating_sub(count * u64::from(LEAST));
        let mut values: Vec<u32> = weights
            .iter()
            .map(|weight| LEAST + u32::try_from(free * weight / total).unwrap_or(0))
            .collect();
        let rest = DOLLAR.saturating_sub(values.iter().sum());
        values[0] += rest;
        Self(values)
    }

    pub(super) fn get(&self, outcome: usize) -> u32 {
        self.0[outcome]
    }

    /// Moves up to `most` from one outcome to another.
    pub(super) fn drift(&mut self, most: u32, rng: &mut Rng) {
        let from = rng.index(self.0.len());
        let to = (from + 1 + rng.index(self.0.len() - 1)) % self.0.len();
        let amount = rng.below(most + 1).min(self.0[from] - LEAST);
        self.0[from] -= amount;
        self.0[to] += amount;
    }

    /// An outcome, each as likely as it is worth.
    pub(super) fn draw(&self, rng: &mut Rng) -> usize {
        let mut point = rng.below(DOLLAR);
        for (outcome, value) in self.0.iter().enumerate() {
            match point.checked_sub(*value) {
                Some(rest) => point = rest,
                None => return outcome,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_add_up_to_a_dollar_wherever_they_drift() {
        let mut rng = Rng::new(4);
        for outcomes in [2, 3, 7, 20] {
            let mut values = Values::new(outcomes, &mut rng);
            for _ in 0..5_000 {
                values.drift(90_000, &mut rng);
                assert_eq!(values.0.iter().sum::<u32>(), DOLLAR);
                assert!(values.0.iter().all(|value| *value >= LEAST), "{values:?}");
            }
            assert!(values.draw(&mut rng) < outcomes);
        }
    }
}
