//! Samples of one measure, kept as how often each value was seen.
//!
//! A book that stands still gives the same values every second, so counting values needs far less
//! memory than a list of samples, and a quantile is one walk in ascending order.

use std::collections::BTreeMap;

/// Different values kept of one measure: as many as a day has seconds.
pub const MAX_DISTINCT: usize = 86_400;

/// How often each value was seen, ascending.
#[derive(Debug, Clone)]
pub(super) struct Samples<T> {
    seen: BTreeMap<T, u64>,
    total: u64,
}

impl<T> Default for Samples<T> {
    fn default() -> Self {
        Self { seen: BTreeMap::new(), total: 0 }
    }
}

impl<T: Copy + Ord> Samples<T> {
    /// Takes a value so many times; a new value beyond the bound goes to `dropped` instead.
    pub(super) fn add(&mut self, value: T, times: u64, dropped: &mut u64) {
        if times == 0 {
            return;
        }
        if self.seen.len() >= MAX_DISTINCT && !self.seen.contains_key(&value) {
            *dropped = dropped.saturating_add(times);
            return;
        }
        let count = self.seen.entry(value).or_default();
        *count = count.saturating_add(times);
        self.total = self.total.saturating_add(times);
    }

    /// The sample at index `floor((n − 1) · percent / 100)`; `None` without samples.
    pub(super) fn quantile(&self, percent: u64) -> Option<T> {
        let last = self.total.checked_sub(1)?;
        let index = u128::from(last).saturating_mul(u128::from(percent)).checked_div(100)?;
        let mut passed = 0_u128;
        for (value, count) in &self.seen {
            passed = passed.saturating_add(u128::from(*count));
            if index < passed {
                return Some(*value);
            }
        }
        None
    }

    /// The largest sample.
    pub(super) fn largest(&self) -> Option<T> {
        self.seen.last_key_value().map(|(value, _)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[i32]) -> Samples<i32> {
        let mut samples = Samples::default();
        for value in values {
            samples.add(*value, 1, &mut 0);
        }
        samples
    }

    #[test]
    fn quantiles_index_the_floor_of_n_minus_one() {
        let samples = of(&[40, 10, 30, 20]);
        let at = |percent| samples.quantile(percent);
        assert_eq!((at(0), at(50), at(90), at(100)), (Some(10), Some(20), Some(30), Some(40)));
        assert_eq!(samples.largest(), Some(40));
    }

    #[test]
    fn no_sample_has_no_quantile() {
        assert_eq!((of(&[]).quantile(50), of(&[]).largest()), (None, None));
        let mut never = of(&[]);
        never.add(7, 0, &mut 0);
        assert_eq!(never.largest(), None);
    }

    #[test]
    fn counted_samples_are_those_of_a_list() {
        // The law on every multiset of up to seven values from four.
        for code in 0..4_u32.pow(7) {
            let mut list: Vec<i32> = Vec::new();
            let mut left = code;
            for _ in 0..7 {
                list.push(i32::try_from(left % 4).expect("small"));
                left /= 4;
            }
            let samples = of(&list);
            list.sort_unstable();
            for (percent, index) in [(50, 3), (90, 5), (100, 6)] {
                assert_eq!(samples.quantile(percent), list.get(index).copied(), "{list:?}");
            }
        }
    }

    #[test]
    fn a_repeated_value_weighs_as_often_as_it_was_seen() {
        let (mut samples, mut dropped) = (Samples::default(), 0);
        samples.add(1, 9, &mut dropped);
        samples.add(2, 1, &mut dropped);
        assert_eq!((samples.quantile(90), samples.quantile(100)), (Some(1), Some(2)));
        assert_eq!(dropped, 0);
    }

    #[test]
    fn new_values_beyond_the_bound_are_counted_and_known_ones_still_taken() {
        let (mut samples, mut dropped) = (Samples::default(), 0);
        for value in 0..MAX_DISTINCT {
            samples.add(value, 1, &mut dropped);
        }
        assert_eq!(dropped, 0);
        samples.add(MAX_DISTINCT, 3, &mut dropped);
        samples.add(0, 5, &mut dropped);
        assert_eq!((dropped, samples.largest()), (3, Some(MAX_DISTINCT - 1)));
        assert_eq!(samples.quantile(0), Some(0));
    }
}
