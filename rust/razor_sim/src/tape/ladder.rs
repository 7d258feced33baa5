//! What a recorded book said last, side by side with what it says now.
//!
//! Owns: [`Ladder`], the totals of one side as they were taken over, and the most that each price
//! has shown since the last print there.

use std::collections::BTreeMap;

use razor_core::order::Side;
use razor_core::wire::Fine;

/// A price with its total in micro-shares.
pub(super) type Level = (Fine, u64);

/// One side of a recorded book, best level first.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    side: Side,
    levels: Vec<Level>,
    /// Most shown at a price since the last print there: what stood before an order of ours.
    peaks: BTreeMap<Fine, u64>,
}

impl Ladder {
    pub(super) const fn new(side: Side) -> Self {
        Self { side, levels: Vec::new(), peaks: BTreeMap::new() }
    }

    /// Best price.
    pub(super) fn best(&self) -> Option<Fine> {
        self.levels.first().map(|(price, _)| *price)
    }

    fn is_better(&self, a: Fine, b: Fine) -> bool {
        match self.side {
            Side::Buy => a > b,
            Side::Sell => a < b,
        }
    }

    /// Takes over what the side is now, best level first, and hands the differences out: those of
    /// levels that were there go to `moved`, with 0 for what is gone, new levels to `fresh`.
    pub(super) fn turn(
        &mut self,
        now: &[Level],
        moved: &mut Vec<(Side, Level)>,
        fresh: &mut Vec<(Side, Level)>,
    ) {
        let mut old = self.levels.iter().copied().peekable();
        for &(price, qty) in now {
            while let Some((gone, _)) = old.next_if(|(it, _)| self.is_better(*it, price)) {
                moved.push((self.side, (gone, 0)));
            }
            match old.next_if(|(it, _)| *it == price) {
                Some((_, before)) if before == qty => {}
                Some(_) => moved.push((self.side, (price, qty))),
                None => fresh.push((self.side, (price, qty))),
            }
        }
        moved.extend(old.map(|(gone, _)| (self.side, (gone, 0))));
        self.levels.clear();
        self.levels.extend_from_slice(now);
    }

    /// Notes a total, for [`Ladder::ahead`].
    pub(super) fn note(&mut self, (price, qty): Level) {
        if qty > 0 {
            let peak = self.peaks.entry(price).or_default();
            *peak = qty.max(*peak);
        }
    }

    /// What stood at a price at most since the last print there; from now on it is what stands.
    pub(super) fn ahead(&mut self, price: Fine) -> u64 {
        let now = self.levels.iter().find(|(it, _)| *it == price).map_or(0, |(_, qty)| *qty);
        let peak = if now > 0 { self.peaks.insert(price, now) } else { self.peaks.remove(&price) };
        peak.unwrap_or(0).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(price: u16, qty: u64) -> Level {
        (Fine(price), qty)
    }

    #[test]
    fn what_is_gone_is_told_as_zero_and_what_is_the_same_is_not_told() {
        let mut ladder = Ladder::new(Side::Buy);
        let (mut moved, mut fresh) = (Vec::new(), Vec::new());
        ladder.turn(&[level(500, 1), level(400, 2), level(300, 3)], &mut moved, &mut fresh);
        assert_eq!((moved.len(), fresh.len()), (0, 3));
        fresh.clear();
        ladder.turn(&[level(450, 9), level(400, 2), level(300, 4)], &mut moved, &mut fresh);
        assert_eq!(moved, [(Side::Buy, level(500, 0)), (Side::Buy, level(300, 4))]);
        assert_eq!(fresh, [(Side::Buy, level(450, 9))]);
        moved.clear();
        ladder.turn(&[], &mut moved, &mut fresh);
        assert_eq!(
            moved.iter().map(|it| it.1).collect::<Vec<_>>(),
            [level(450, 0), level(400, 0), level(300, 0)]
        );
        assert_eq!(ladder.best(), None);
    }

    #[test]
    fn asks_are_walked_from_the_lowest() {
        let mut ladder = Ladder::new(Side::Sell);
        let (mut moved, mut fresh) = (Vec::new(), Vec::new());
        ladder.turn(&[level(600, 1), level(700, 2)], &mut moved, &mut fresh);
        ladder.turn(&[level(700, 2)], &mut moved, &mut fresh);
        assert_eq!(moved, [(Side::Sell, level(600, 0))]);
        assert_eq!(ladder.best(), Some(Fine(700)));
    }

    #[test]
    fn before_ours_stands_the_most_that_was_shown_since_the_last_print() {
        let mut ladder = Ladder::new(Side::Buy);
        let (mut moved, mut fresh) = (Vec::new(), Vec::new());
        for qty in [100, 70] {
            ladder.turn(&[level(500, qty)], &mut moved, &mut fresh);
            ladder.note(level(500, qty));
        }
        // The change that a print made may be told before the print.
        assert_eq!(ladder.ahead(Fine(500)), 100);
        assert_eq!(ladder.ahead(Fine(500)), 70);
        ladder.turn(&[], &mut moved, &mut fresh);
        assert_eq!(ladder.ahead(Fine(500)), 70);
        assert_eq!(ladder.ahead(Fine(500)), 0);
    }
}
