//! Whether the hashes of one book suddenly stop reproducing (FAULTS F-08).
//!
//! Owns: the last results of one recipe on one market. A hash is a statistic: venues change the
//! recipe, and single hashes of the right recipe fail to reproduce because a later trade is already
//! in them. What counts is a break: a run of matches, then mostly mismatches.
//!
//! Must never: speak of a recipe that has not proven itself on this book, or twice of one break.
//! So a recipe that is wrong from the start, or stays wrong after a change at the venue, gates
//! nothing.

/// Results that a break is judged by: the last so many.
const WINDOW: u32 = 4;
/// Mismatches among them that are a break.
const BREAK: u32 = 3;
/// The results of a window.
const MASK: u8 = 0b1111;

/// The last results of a recipe on a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct HashTrend {
    /// Newest result in the lowest bit; set = mismatched.
    missed: u8,
    /// Results so far, no more than the window.
    seen: u32,
    is_proven: bool,
}

impl HashTrend {
    /// Takes a result; true when it makes a break of a recipe that was proven before.
    pub(super) fn is_broken_by(&mut self, matched: bool) -> bool {
        self.missed = ((self.missed << 1) | u8::from(!matched)) & MASK;
        self.seen = self.seen.saturating_add(1).min(WINDOW);
        if self.seen == WINDOW && self.missed == 0 {
            self.is_proven = true;
        }
        let is_broken = self.is_proven && self.missed.count_ones() >= BREAK;
        if is_broken {
            self.is_proven = false;
        }
        is_broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    /// The results after which a break was said, counted from 1; `+` matches, `-` does not.
    fn breaks(results: &str) -> Vec<usize> {
        let mut trend = HashTrend::default();
        let said = results.chars().map(|result| trend.is_broken_by(result == '+'));
        (1..).zip(said).filter(|(_, is_broken)| *is_broken).map(|(at, _)| at).collect()
    }

    #[test]
    fn a_break_is_three_of_four_after_four_in_a_row() {
        assert_eq!(breaks("++++---"), [7]);
        assert_eq!(breaks("++++--+-"), [8]);
        assert_eq!(breaks("++++-+-+-+"), NONE, "half is no break");
        assert_eq!(breaks("+++---"), NONE, "three in a row prove nothing");
    }

    #[test]
    fn a_recipe_that_never_held_is_never_broken() {
        assert_eq!(breaks("------------"), NONE);
        assert_eq!(breaks("+-+-+---+---"), NONE);
    }

    #[test]
    fn a_break_is_said_once_and_again_only_after_a_new_proof() {
        assert_eq!(breaks("++++------------"), [7]);
        assert_eq!(breaks("++++---++++---"), [7, 14]);
    }

    #[test]
    fn every_sequence_of_ten_is_judged_as_the_definition_says() {
        for code in 0..1_u32 << 10 {
            let results: Vec<bool> = (0..10).map(|bit| code >> bit & 1 == 1).collect();
            let (mut trend, mut is_proven) = (HashTrend::default(), false);
            for end in 1..=results.len() {
                let last = results.get(end.saturating_sub(4)..end).unwrap_or_default();
                is_proven |= last.len() == 4 && last.iter().all(|matched| *matched);
                let misses = last.iter().filter(|matched| !**matched).count();
                let expected = is_proven && misses >= 3;
                is_proven &= !expected;
                let result = last.last().copied().unwrap_or_default();
                assert_eq!(trend.is_broken_by(result), expected, "{code:b} at {end}");
            }
        }
    }
}
