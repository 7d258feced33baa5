//! One number over everything a session put out (D-9).
//!
//! Owns: [`Digest`], a fixed hasher: the standard one may change with the compiler. It tells
//! sessions apart, it proves nothing against somebody who tries to make two meet.

use std::hash::Hasher;

const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// A hasher whose result is the same in every build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Digest(u64);

impl Digest {
    fn fold(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(SPREAD);
    }

    /// The digest with a last stir, so that near states end far apart.
    pub(super) const fn value(self) -> u64 {
        crate::rng::Rng::new(self.0).next()
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.value()
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.fold(u64::from_le_bytes(word));
        }
        self.fold(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    fn write_u64(&mut self, word: u64) {
        self.fold(word);
    }
}
