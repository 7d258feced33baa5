//! The markets behind the stream: ids, ladders, and what may happen to them.

use std::collections::BTreeMap;

use razor_core::ids::Outcome;
use razor_core::market::{Fees, MarketDef, Universe};
use razor_core::units::{Qty, TickSize};

use super::{FeedConfig, TrueBook};
use crate::rng::Rng;

/// One dollar in ten-thousandths.
pub(super) const ONE: u16 = 10_000;
const FIRST_VENUE_TS_MS: u64 = 1_791_258_810_000;

/// Bids of one outcome: price in ten-thousandths to micro-shares.
pub(super) type Ladder = BTreeMap<u16, u64>;

/// One market: the bids of both outcomes are its whole book.
#[derive(Debug, Clone)]
pub(super) struct Market {
    pub(super) condition: String,
    pub(super) tokens: [String; 2],
    /// Tick in ten-thousandths.
    pub(super) tick: u16,
    /// The grid the market is defined on; the world may move it to a finer one.
    first_tick: u16,
    pub(super) bids: [Ladder; 2],
    pub(super) last_trade_price: String,
    levels: usize,
}

/// A level of an outcome's bids with its new total.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub(super) outcome: Outcome,
    pub(super) price: u16,
    pub(super) micros: u64,
}

/// All markets and the venue's clock.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) markets: Vec<Market>,
    pub(super) venue_ts_ms: u64,
    /// Snapshots that must come next: a market after a grid change.
    pub(super) owed: Vec<(usize, Outcome)>,
}

impl World {
    pub(super) fn new(config: FeedConfig, rng: &mut Rng) -> Self {
        let markets = (0..config.markets).map(|_| Market::new(config, rng)).collect();
        Self { markets, venue_ts_ms: FIRST_VENUE_TS_MS, owed: Vec::new() }
    }

    pub(super) fn pick(&self, rng: &mut Rng) -> usize {
        let count = u32::try_from(self.markets.len()).unwrap_or(u32::MAX);
        usize::try_from(rng.below(count)).unwrap_or(0)
    }

    /// Time passes; several messages may share a millisecond.
    pub(super) fn tick_clock(&mut self, rng: &mut Rng) {
        self.venue_ts_ms = self.venue_ts_ms.saturating_add(u64::from(rng.below(3)));
    }

    pub(super) fn universe(&self) -> Universe {
        let mut universe = Universe::default();
        for (index, market) in self.markets.iter().enumerate() {
            let [yes, no] = &market.tokens;
            let micros = u32::from(market.first_tick).saturating_mul(100);
            // Fewer markets than an index can name; a refusal would show in the first test.
            let _added = universe.add_market(MarketDef {
                condition_id: market.condition.as_str().into(),
                token_ids: [yes.as_str().into(), no.as_str().into()],
                label: format!("market {index}").into(),
                tick: TickSize::from_micros(micros).unwrap_or(TickSize::CENT),
                min_order_qty: Qty(5_000_000),
                fees: Fees::Unknown,
                neg_risk: false,
                end_ms: 0,
            });
        }
        universe
    }

    pub(super) fn books(&self) -> Vec<TrueBook> {
        self.markets.iter().map(Market::true_book).collect()
    }
}

fn digits(rng: &mut Rng, count: usize, alphabet: &[u8]) -> String {
    let size = u32::try_from(alphabet.len()).unwrap_or(1);
    (0..count)
        .filter_map(|_| alphabet.get(usize::try_from(rng.below(size)).unwrap_or(0)))
        .map(|byte| char::from(*byte))
        .collect()
}

fn token(rng: &mut Rng) -> String {
    // The venue's ids have 77 digits, one in ten has 76.
    let rest = if rng.chance(10) { 75 } else { 76 };
    format!("{}{}", digits(rng, 1, b"123456789"), digits(rng, rest, b"0123456789"))
}

/// A size of whole cents of a share, as most orders have.
fn size(rng: &mut Rng) -> u64 {
    let hundredths = if rng.chance(40) {
        u64::from(rng.below(500)).saturating_add(1).saturating_mul(100)
    } else {
        u64::from(rng.below(2_000_000)).saturating_add(1)
    };
    hundredths.saturating_mul(10_000)
}

impl Market {
    fn new(config: FeedConfig, rng: &mut Rng) -> Self {
        let tick = if rng.chance(config.fine_grid_percent) { 10 } else { 100 };
        let levels = usize::try_from(config.levels.clamp(3, 400)).unwrap_or(3);
        let mut market = Self {
            condition: format!("0x{}", digits(rng, 64, b"0123456789abcdef")),
            tokens: [token(rng), token(rng)],
            tick,
            first_tick: tick,
            bids: [Ladder::new(), Ladder::new()],
            last_trade_price: String::from("0.5"),
            levels,
        };
        let middle =
            market.snap(u16::try_from(rng.below(2_000)).unwrap_or(0).saturating_add(4_000));
        for (outcome, best) in
            [(Outcome::Yes, middle), (Outcome::No, ONE.saturating_sub(middle).saturating_sub(tick))]
        {
            let mut price = best;
            while price >= tick && market.side(outcome).len() < levels {
                market.side_mut(outcome).insert(price, size(rng));
                price = price.saturating_sub(tick);
            }
        }
        market
    }

    fn snap(&self, price: u16) -> u16 {
        price.saturating_sub(price.checked_rem(self.tick).unwrap_or(0))
    }

    pub(super) fn side(&self, outcome: Outcome) -> &Ladder {
        let [yes, no] = &self.bids;
        match outcome {
            Outcome::Yes => yes,
            Outcome::No => no,
        }
    }

    fn side_mut(&mut self, outcome: Outcome) -> &mut Ladder {
        let [yes, no] = &mut self.bids;
        match outcome {
            Outcome::Yes => yes,
            Outcome::No => no,
        }
    }

    pub(super) fn best(&self, outcome: Outcome) -> Option<u16> {
        self.side(outcome).last_key_value().map(|(price, _)| *price)
    }

    /// One order comes, changes or goes, near the top; the book stays uncrossed and two-sided.
    pub(super) fn random_move(&mut self, rng: &mut Rng) -> Move {
        let outcome = if rng.chance(50) { Outcome::Yes } else { Outcome::No };
        let count = self.side(outcome).len();
        let crowded = count > self.levels.saturating_add(4);
        let thin = count.saturating_add(4) < self.levels || count <= 3;
        let price = self.random_price(outcome, thin, rng);
        let here = self.side(outcome).contains_key(&price);
        let remove = here && !thin && (crowded || rng.chance(25));
        let micros = if remove { 0 } else { size(rng) };
        self.set(outcome, price, micros);
        Move { outcome, price, micros }
    }

    fn random_price(&self, outcome: Outcome, thin: bool, rng: &mut Rng) -> u16 {
        let best = self.best(outcome).unwrap_or(self.tick);
        let other = self.best(other(outcome)).unwrap_or(self.tick);
        let top = ONE.saturating_sub(other).saturating_sub(self.tick);
        let reach = if thin { 40 } else { 8 };
        let depth = rng.below(reach).min(rng.below(reach));
        let below = u16::try_from(depth).unwrap_or(0).saturating_mul(self.tick);
        let better = if rng.chance(15) { self.tick } else { 0 };
        best.saturating_add(better).saturating_sub(below).clamp(self.tick, top.max(self.tick))
    }

    fn set(&mut self, outcome: Outcome, price: u16, micros: u64) {
        if micros == 0 {
            self.side_mut(outcome).remove(&price);
        } else {
            self.side_mut(outcome).insert(price, micros);
        }
    }

    fn true_book(&self) -> TrueBook {
        let micros = |price: u16| u32::from(price).saturating_mul(100);
        let [yes, no] = &self.bids;
        TrueBook {
            bids: yes.iter().rev().map(|(price, qty)| (micros(*price), *qty)).collect(),
            asks: no
                .iter()
                .rev()
                .map(|(price, qty)| (micros(ONE.saturating_sub(*price)), *qty))
                .collect(),
        }
    }
}

pub(super) fn other(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Yes => Outcome::No,
        Outcome::No => Outcome::Yes,
    }
}
