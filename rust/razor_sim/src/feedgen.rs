//! Market-channel traffic from a seed, with the books it leads to.
//!
//! Owns: a world of binary markets, a stream of realistic frames about it (the venue's texts,
//! mirrored pairs, stated best prices) and the true final books.
//!
//! Must never: cross a book, empty a side, or state a best price that the whole message does not
//! lead to. What a reader of the stream ends with must equal [`Feed::books`].
//!
//! Book hashes are seeded filler of the right form ([`Feed::HASHES_ARE_FILLER`]): hashing every
//! book would cost more than generating it. The real recipe is proven on recordings.

mod definitions;
mod text;
mod world;

use razor_core::market::Universe;

use crate::rng::Rng;
use text::FrameWriter;
use world::World;

/// The market whose book a stream ends with: YES levels, best first, micro-units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrueBook {
    /// Bids as (micro-dollars, micro-shares).
    pub bids: Vec<(u32, u64)>,
    /// Asks as (micro-dollars, micro-shares).
    pub asks: Vec<(u32, u64)>,
}

/// Shape of a generated stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedConfig {
    /// Everything follows from it.
    pub seed: u64,
    /// Markets; twice as many tokens.
    pub markets: u32,
    /// Messages after the initial dump.
    pub messages: u32,
    /// Levels a side begins with and returns to, 3..=400.
    pub levels: u32,
    /// Percent of the markets on the 0.001 grid; the others are on 0.01.
    pub fine_grid_percent: u32,
}

impl Default for FeedConfig {
    /// The workload of the performance targets: 200,000 messages over 500 tokens.
    fn default() -> Self {
        Self { seed: 1, markets: 250, messages: 200_000, levels: 30, fine_grid_percent: 60 }
    }
}

/// A generated stream.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Definitions of the markets, in order of their indices.
    pub universe: Universe,
    /// Final books by market.
    pub books: Vec<TrueBook>,
    text: Vec<u8>,
    ends: Vec<usize>,
    initial: usize,
}

/// Tokens whose snapshots share one frame of the initial dump.
const DUMP_MARKETS: usize = 25;

impl Feed {
    /// The hashes in the frames have the right form and the wrong content.
    pub const HASHES_ARE_FILLER: bool = true;

    /// Generates a stream. Cost: about a microsecond per message.
    pub fn generate(config: FeedConfig) -> Self {
        let mut rng = Rng::new(config.seed);
        let mut world = World::new(config, &mut rng);
        let mut writer = FrameWriter::default();
        for first in (0..world.markets.len()).step_by(DUMP_MARKETS) {
            let last = first.saturating_add(DUMP_MARKETS).min(world.markets.len());
            writer.dump(&mut world, first..last, &mut rng);
        }
        let initial = writer.ends.len();
        let wanted = usize::try_from(config.messages).unwrap_or(usize::MAX);
        while writer.ends.len().saturating_sub(initial) < wanted {
            writer.message(&mut world, &mut rng);
        }
        Self {
            universe: world.universe(),
            books: world.books(),
            text: writer.text,
            ends: writer.ends,
            initial,
        }
    }

    /// The initial dump: arrays of snapshots of both tokens of each market.
    pub fn initial(&self) -> impl Iterator<Item = &[u8]> {
        self.frames(0, self.initial)
    }

    /// The messages after it, one per frame.
    pub fn messages(&self) -> impl Iterator<Item = &[u8]> {
        self.frames(self.initial, self.ends.len())
    }

    fn frames(&self, from: usize, to: usize) -> impl Iterator<Item = &[u8]> {
        (from..to).map(|index| {
            let start = index.checked_sub(1).and_then(|before| self.ends.get(before));
            let end = self.ends.get(index).copied().unwrap_or_default();
            self.text.get(start.copied().unwrap_or(0)..end).unwrap_or_default()
        })
    }
}
