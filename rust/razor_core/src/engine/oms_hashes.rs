//! The hashes of all orders of a run, watched until it ends.

use crate::ids::SetIx;
use crate::order::{OrderHash, OrderIx};

/// What is kept of an order whose intent is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) order: OrderIx,
    /// The venue's id.
    pub(super) hash: OrderHash,
    /// What it was a part of, for rows of fills that come after it is done.
    pub(super) set: Option<SetIx>,
}

/// Hash and set by order, 48 bytes each. Intents come in order of planning, one at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Hashes(Vec<Known>);

impl Hashes {
    /// Keeps an order; a later word on the same order takes its place.
    pub(super) fn put(&mut self, known: Known) {
        match self.place(known.order) {
            Ok(at) => {
                if let Some(before) = self.0.get_mut(at) {
                    *before = known;
                }
            }
            Err(at) => self.0.insert(at, known),
        }
    }

    pub(super) fn get(&self, order: OrderIx) -> Option<Known> {
        self.0.get(self.place(order).ok()?).copied()
    }

    /// All of them, in order of planning.
    pub(super) fn orders(&self) -> impl Iterator<Item = OrderIx> + '_ {
        self.0.iter().map(|known| known.order)
    }

    /// Most questions are about the newest orders.
    fn place(&self, order: OrderIx) -> Result<usize, usize> {
        match self.0.last() {
            Some(last) if last.order == order => Ok(self.0.len().saturating_sub(1)),
            Some(last) if last.order > order => {
                self.0.binary_search_by(|known| known.order.cmp(&order))
            }
            Some(_) | None => Err(self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const fn hash(byte: u8) -> OrderHash {
        OrderHash([byte; 32])
    }

    #[test]
    fn a_hash_is_found_by_its_order_wherever_it_came() {
        let mut hashes = Hashes::default();
        for (order, byte) in [(3, 3), (7, 7), (5, 5), (5, 6)] {
            hashes.put(Known { order: OrderIx(order), hash: hash(byte), set: None });
        }
        let hash_of = |order| hashes.get(OrderIx(order)).map(|known| known.hash);
        let found: Vec<_> = (0..9).map(hash_of).collect();
        let mut expected = [None; 9];
        expected[3] = Some(hash(3));
        expected[5] = Some(hash(6));
        expected[7] = Some(hash(7));
        assert_eq!(found, expected);
        assert_eq!(hashes.orders().collect::<Vec<_>>(), [3, 5, 7].map(OrderIx));
        assert_eq!(size_of::<Known>(), 48);
    }

    proptest! {
        /// Whatever order the intents come in, the last word on an order is the one that is kept.
        #[test]
        fn hashes_are_a_map_by_order(
            words in prop::collection::vec((0_u64..40, any::<u8>()), 0..80),
        ) {
            let (mut hashes, mut plain) = (Hashes::default(), BTreeMap::new());
            for (order, byte) in words {
                let set = (byte % 2 == 0).then_some(SetIx(u32::from(byte)));
                let known = Known { order: OrderIx(order), hash: hash(byte), set };
                hashes.put(known);
                plain.insert(known.order, known);
                for order in (0..41).map(OrderIx) {
                    prop_assert_eq!(hashes.get(order), plain.get(&order).copied());
                }
            }
            prop_assert!(hashes.orders().eq(plain.keys().copied()));
            prop_assert_eq!(hashes.get(OrderIx(u64::MAX)), None);
        }
    }
}
