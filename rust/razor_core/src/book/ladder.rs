//! One side of a book: sorted levels, best last.

use crate::units::Qty;
use crate::wire::{Fine, Level};

/// Room for the levels of an ordinary side, so that a live book does not allocate.
const FIRST_ROOM: usize = 64;

/// Levels that are counted as fast as one of them is searched.
const COUNTED: usize = 64;

/// Bids of one outcome, prices rising. An ask of the other outcome at p is a bid here at 1 − p.
///
/// Prices and quantities lie apart: a search touches two bytes per level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ladder {
    prices: Vec<Fine>,
    qtys: Vec<Qty>,
}

impl Ladder {
    /// Sets the total of a level; zero removes it. Cost: a binary search and a move of the levels
    /// that are better than it.
    pub(super) fn set(&mut self, price: Fine, qty: Qty) {
        let at = self.position(price);
        let found = self.prices.get(at) == Some(&price);
        match (found, qty > Qty::ZERO) {
            (true, true) => {
                if let Some(slot) = self.qtys.get_mut(at) {
                    *slot = qty;
                }
            }
            (true, false) => {
                self.prices.remove(at);
                self.qtys.remove(at);
            }
            (false, true) => {
                self.prices.insert(at, price);
                self.qtys.insert(at, qty);
            }
            (false, false) => {}
        }
    }

    /// How many levels are worse. Halves are left out until few levels remain; these are counted
    /// rather than searched, because which way a search turns cannot be predicted.
    fn position(&self, price: Fine) -> usize {
        let (mut skipped, mut levels) = (0_usize, self.prices.as_slice());
        while levels.len() > COUNTED {
            let (worse, better) = levels.split_at(levels.len() / 2);
            let is_above = better.first().is_some_and(|first| *first < price);
            if is_above {
                skipped = skipped.saturating_add(worse.len());
            }
            levels = if is_above { better } else { worse };
        }
        // Sixteen bits hold any count here, and keep eight levels in one register.
        let worse =
            levels.iter().fold(0_u16, |sum, level| sum.wrapping_add((*level < price).into()));
        skipped.saturating_add(usize::from(worse))
    }

    /// Takes over levels that are sorted best-last, as they are or seen from the other outcome.
    pub(super) fn replace(&mut self, levels: &[Level], mirrored: bool) {
        self.clear();
        let room = levels.len().max(FIRST_ROOM);
        self.prices.reserve(room);
        self.qtys.reserve(room);
        self.prices.extend(levels.iter().map(|level| seen(level.price, mirrored)));
        self.qtys.extend(levels.iter().map(|level| level.qty));
    }

    /// Whether the levels are these.
    pub(super) fn equals(&self, levels: &[Level], mirrored: bool) -> bool {
        self.prices.len() == levels.len()
            && self.levels().eq(levels.iter().map(|level| (seen(level.price, mirrored), level.qty)))
    }

    /// Forgets all levels, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.prices.clear();
        self.qtys.clear();
    }

    /// Best level.
    pub(super) fn best(&self) -> Option<(Fine, Qty)> {
        self.prices.last().copied().zip(self.qtys.last().copied())
    }

    /// Price of the best level.
    pub(super) fn best_price(&self) -> Option<Fine> {
        self.prices.last().copied()
    }

    /// Levels, worst first.
    pub(super) fn levels(&self) -> impl DoubleEndedIterator<Item = (Fine, Qty)> + '_ {
        self.prices.iter().copied().zip(self.qtys.iter().copied())
    }
}

fn seen(price: Fine, mirrored: bool) -> Fine {
    if mirrored { price.complement() } else { price }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(ladder: &Ladder) -> Vec<(u16, u64)> {
        ladder.levels().map(|(price, qty)| (price.0, qty.0)).collect()
    }

    #[test]
    fn levels_stay_sorted_whatever_the_order_of_changes() {
        let mut ladder = Ladder::default();
        for (price, qty) in [(50, 1), (10, 2), (90, 3), (50, 4), (70, 0), (10, 0)] {
            ladder.set(Fine(price), Qty(qty));
        }
        assert_eq!(held(&ladder), [(50, 4), (90, 3)]);
        assert_eq!(ladder.best(), Some((Fine(90), Qty(3))));
        ladder.clear();
        assert_eq!((ladder.best(), ladder.best_price()), (None, None));
    }

    #[test]
    fn a_mirrored_side_is_taken_over_in_the_received_order() {
        let asks = [(9_900, 1), (6_000, 2), (5_500, 3)]
            .map(|(price, qty)| Level { price: Fine(price), qty: Qty(qty) });
        let mut ladder = Ladder::default();
        ladder.replace(&asks, true);
        assert_eq!(held(&ladder), [(100, 1), (4_000, 2), (4_500, 3)]);
        assert!(ladder.equals(&asks, true));
        assert!(!ladder.equals(&asks, false));
        assert!(!ladder.equals(asks.get(..2).unwrap_or_default(), true));
    }
}
