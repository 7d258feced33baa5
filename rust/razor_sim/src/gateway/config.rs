//! What a simulated venue is made of: its model, its times, its shares and its fault switches.
//!
//! Owns: [`SimConfig`] and the markets the venue knows. Must never: hold a float or a default that
//! fills what the source does not show (`quote_depth` 0 fills nothing).

use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::{Fees, Universe};
use razor_core::shadow::exact::{ATTO, FillShare, over_floor, times};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Qty};

/// How a fill is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// A size is traded once; the order meets the book as it is on arrival.
    Depleting,
    /// The predecessor's rules (`RAZOR_SPEC` §14), for comparison: the book of the decision, not
    /// depleted, and the limit as the price.
    Frozen,
}

/// Which of the answer and the stream's trades comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AckOrder {
    /// The answer, then the trades.
    ReplyFirst,
    /// The trades, as soon as they are made; then the answer.
    TradesFirst,
    /// Either, by seed.
    Seeded,
}

/// How long a trade stays provisional: evenly spread by seed between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SettleDelay {
    /// At least.
    pub min: Nanos,
    /// At most; below `min` it counts as `min`.
    pub max: Nanos,
}

/// An extra delay of the predecessor's switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LatencySpike {
    /// Milliseconds; 0 is off.
    pub ms: u64,
    /// Every how many orders; 0 is every order.
    pub every: u64,
}

/// Everything that decides what a simulated venue does. Equal values give equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimConfig {
    /// Seed of the run; also the key of order hashes and trade ids.
    pub seed: u64,
    /// How fills are computed.
    pub model: Model,
    /// Share of the best size an order gets on a Liquid set.
    pub share_liquid: FillShare,
    /// Share of the best size an order gets on a Thin set.
    pub share_thin: FillShare,
    /// From sending to the match at the venue.
    pub latency: Nanos,
    /// From the match to the answer; zero means that `latency` is the whole round trip, spent on
    /// the way there, which is the worse half for the price.
    pub latency_back: Nanos,
    /// Spikes on top of `latency`.
    pub spike: LatencySpike,
    /// Share of orders that meet an empty book, by the predecessor's hash.
    pub drop_book: FillShare,
    /// Every chase fills nothing.
    pub force_chase_fail: bool,
    /// Every how many calls (orders, cancels, questions) are answered 429; 0 is off.
    pub http_429_every: u64,
    /// From the match to its final state.
    pub settle: SettleDelay,
    /// Size of a level whose source gives none: 0 fills nothing, above it seeded around this.
    pub quote_depth: Qty,
    /// Answer and trades.
    pub ack_order: AckOrder,
    /// A fill is told as at most this many trades, by seed; 0 counts as 1.
    pub trades_max: u8,
    /// Schedule of markets that name none; unknown refuses their orders.
    pub assumed_fees: Fees,
}

impl Default for SimConfig {
    /// The values of `config.toml`; a trade is final after two to eight seconds.
    fn default() -> Self {
        Self {
            seed: 0,
            model: Model::Depleting,
            share_liquid: FillShare(300_000_000_000_000_000),
            share_thin: FillShare(100_000_000_000_000_000),
            latency: Nanos(120_000_000),
            latency_back: Nanos(0),
            spike: LatencySpike::default(),
            drop_book: FillShare(0),
            force_chase_fail: false,
            http_429_every: 0,
            settle: SettleDelay { min: Nanos(2_000_000_000), max: Nanos(8_000_000_000) },
            quote_depth: Qty::ZERO,
            ack_order: AckOrder::Seeded,
            trades_max: 1,
            assumed_fees: Fees::Unknown,
        }
    }
}

impl SimConfig {
    /// The share of a bucket.
    pub const fn share(&self, bucket: Bucket) -> FillShare {
        match bucket {
            Bucket::Liquid => self.share_liquid,
            Bucket::Thin => self.share_thin,
        }
    }
}

/// `floor(size · share)`, the share taken as 0..=1 whatever was given.
pub(crate) fn share_floor(size: Qty, share: FillShare) -> Qty {
    let share = share.0.clamp(0, ATTO);
    let product = times(i128::from(size.0), share).and_then(|wide| over_floor(wide, ATTO));
    // At most 2^64 · 10^18: inside 128 bits, and not above `size`.
    Qty(product.ok().and_then(|qty| u64::try_from(qty).ok()).unwrap_or(0))
}

/// What the venue knows of its markets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimMarkets {
    tokens: Vec<(Box<str>, Fees)>,
    sets: Vec<Vec<TokenIx>>,
}

impl SimMarkets {
    /// All markets and sets of a run.
    pub fn of(universe: &Universe) -> Self {
        let tokens = universe
            .markets()
            .iter()
            .flat_map(|market| market.token_ids.iter().map(|id| (id.clone(), market.fees)))
            .collect();
        Self { tokens, sets: universe.sets().iter().map(|set| set.legs.clone()).collect() }
    }

    /// The wire text of a token; empty where it is not known.
    pub fn token_id(&self, token: TokenIx) -> &str {
        self.token(token).map_or("", |(id, _)| id)
    }

    /// The fee schedule of a token's market.
    pub fn fees(&self, token: TokenIx) -> Fees {
        self.token(token).map_or(Fees::Unknown, |(_, fees)| *fees)
    }

    /// The legs of a set; none where it is not known.
    pub fn legs(&self, set: SetIx) -> &[TokenIx] {
        let place = usize::try_from(set.0).ok();
        place.and_then(|place| self.sets.get(place)).map_or(&[], Vec::as_slice)
    }

    fn token(&self, token: TokenIx) -> Option<&(Box<str>, Fees)> {
        self.tokens.get(usize::try_from(token.0).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_down_and_never_exceed_the_size() {
        let share = |text: &str| FillShare::parse(text).expect("share");
        assert_eq!(share_floor(Qty(10), share("0.3")), Qty(3));
        assert_eq!(share_floor(Qty(9), share("0.3")), Qty(2));
        assert_eq!(share_floor(Qty(u64::MAX), share("1")), Qty(u64::MAX));
        assert_eq!(share_floor(Qty(7), FillShare(2 * ATTO)), Qty(7));
        assert_eq!(share_floor(Qty(7), FillShare(-1)), Qty::ZERO);
    }
}
