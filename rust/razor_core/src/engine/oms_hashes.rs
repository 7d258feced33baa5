//! The hashes of all orders of a run, watched until it ends.

use crate::order::{OrderHash, OrderIx};

/// Hash by order, 40 bytes each. Intents come in order of planning, one at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Hashes(Vec<(OrderIx, OrderHash)>);

impl Hashes {
    /// Keeps the hash of an order; a later one of the same order takes its place.
    pub(super) fn put(&mut self, order: OrderIx, hash: OrderHash) {
        match self.place(order) {
            Ok(at) => {
                if let Some(known) = self.0.get_mut(at) {
                    known.1 = hash;
                }
            }
            Err(at) => self.0.insert(at, (order, hash)),
        }
    }

    pub(super) fn get(&self, order: OrderIx) -> Option<OrderHash> {
        let at = self.place(order).ok()?;
        self.0.get(at).map(|(_, hash)| *hash)
    }

    /// Most questions are about the newest orders.
    fn place(&self, order: OrderIx) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if *last == order => Ok(self.0.len().saturating_sub(1)),
            Some((last, _)) if *last > order => self.0.binary_search_by(|(ix, _)| ix.cmp(&order)),
            Some(_) | None => Err(self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn hash(byte: u8) -> OrderHash {
        OrderHash([byte; 32])
    }

    #[test]
    fn a_hash_is_found_by_its_order_wherever_it_came() {
        let mut hashes = Hashes::default();
        for (order, byte) in [(3, 3), (7, 7), (5, 5), (5, 6)] {
            hashes.put(OrderIx(order), hash(byte));
        }
        let found: Vec<_> = (0..9).map(|order| hashes.get(OrderIx(order))).collect();
        let mut expected = [None; 9];
        expected[3] = Some(hash(3));
        expected[5] = Some(hash(6));
        expected[7] = Some(hash(7));
        assert_eq!(found, expected);
        assert_eq!(size_of::<(OrderIx, OrderHash)>(), 40);
    }
}
