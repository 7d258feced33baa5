//! Names from seeds: order hashes, trade ids, and every other choice of the simulated venue.
//!
//! Owns: [`mix`]. It is a cheap exact mixer of 64-bit words, **not** a cryptographic hash: anyone
//! can make two inputs meet. It stands in for the hash of a real order in SIM only, where nobody
//! tries.
//!
//! Why a function of the words instead of one running generator: what happens to one order must not
//! depend on how many others were sent before it.

use razor_core::ids::TokenIx;
use razor_core::order::attempt::{Attempt, OrderHash, OrderIx, Side, TradeId};
use razor_core::units::{Nanos, Price, Qty};

use crate::rng::Rng;

/// What a choice is about, so that two choices of one order differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Hash,
    Trade,
    Settle,
    Ack,
    Parts,
    Depth,
}

impl Choice {
    const fn code(self) -> u64 {
        match self {
            Self::Hash => 1,
            Self::Trade => 2,
            Self::Settle => 3,
            Self::Ack => 4,
            Self::Parts => 5,
            Self::Depth => 6,
        }
    }
}

/// Folds words into one, each through the whole generator step.
pub(crate) fn mix(seed: u64, choice: Choice, words: &[u64]) -> u64 {
    let start = Rng::new(seed ^ choice.code().rotate_left(32)).next();
    words.iter().fold(start, |state, word| Rng::new(state ^ word).next())
}

/// A generator for one choice.
pub(crate) fn rng(seed: u64, choice: Choice, words: &[u64]) -> Rng {
    Rng::new(mix(seed, choice, words))
}

/// A size for a level whose source has none: half to one and a half of the set depth, the same for
/// the same state of the book.
pub(crate) fn seeded_depth(
    seed: u64,
    depth: Qty,
    token: TokenIx,
    price: Price,
    changed: Nanos,
) -> Qty {
    let words = [u64::from(token.0), u64::from(price.micros()), changed.0.cast_unsigned()];
    let spread = match depth.0 {
        0 => 0,
        depth => rng(seed, Choice::Depth, &words).below_wide(depth.saturating_add(1)),
    };
    Qty((depth.0 >> 1).saturating_add(spread))
}

/// The hash of an order: a function of the run and of the attempt, not of when it is asked.
pub(crate) fn order_hash(seed: u64, attempt: &Attempt) -> OrderHash {
    let side = match attempt.side() {
        Side::Buy => 0,
        Side::Sell => 1,
    };
    let words = [
        attempt.key.signal_id,
        u64::from(attempt.key.leg),
        u64::from(attempt.key.attempt),
        u64::from(attempt.token.0),
        side,
        u64::from(attempt.limit.micros()),
        attempt.order_qty.0,
    ];
    let mut rng = rng(seed, Choice::Hash, &words);
    let mut out = [0_u8; 32];
    for lane in out.chunks_exact_mut(8) {
        lane.copy_from_slice(&rng.next().to_le_bytes());
    }
    OrderHash(out)
}

/// The venue's id of the `part`-th trade of an order.
pub(crate) fn trade_id(seed: u64, order: OrderIx, part: u64) -> TradeId {
    let mut rng = rng(seed, Choice::Trade, &[order.0, part]);
    let mut out = [0_u8; 16];
    for lane in out.chunks_exact_mut(8) {
        lane.copy_from_slice(&rng.next().to_le_bytes());
    }
    TradeId(out)
}
