//! Detection: running sums of best asks and bids over every set, ready after each whole message.
//!
//! Owns: the stated legs of each set, the last best prices it has seen and the sums over them.
//!
//! Must never: look at a book in the middle of a message, call a set checkable while a leg is not
//! LIVE, or present two views of one book as an opportunity.
//!
//! Invariants:
//! - after [`Detector::update`] for a market the sums of its sets equal a fresh addition;
//! - a set whose legs are YES and NO of one market can only sum below one dollar when its book is
//!   crossed (ARCHITECTURE §2.1): it is reported as an alarm, never as a candidate.

use crate::book::Books;
use crate::ids::{MarketIx, Outcome, SetIx, TokenIx};
use crate::market::{SetDef, Universe};
use crate::units::Usdc;
use crate::wire::Fine;

/// What a pre-screened set may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// All legs LIVE, asks sum at or below the screen: worth sizing.
    Candidate {
        /// Set.
        set: SetIx,
        /// Sum of best asks, micro-dollars.
        sum_ask: Usdc,
        /// Sum of best bids, micro-dollars; `None` when a leg has no bid.
        sum_bid: Option<Usdc>,
    },
    /// Both legs are views of one book whose asks sum below a dollar: the book is crossed.
    CrossedBook {
        /// Set.
        set: SetIx,
        /// Market.
        market: MarketIx,
        /// Sum of best asks, micro-dollars.
        sum_ask: Usdc,
    },
}

/// Sums of one set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SetSums {
    /// Sum of best asks over the legs that have one, micro-dollars.
    pub ask: Usdc,
    /// Sum of best bids over the legs that have one, micro-dollars.
    pub bid: Usdc,
    /// Legs without an ask.
    pub asks_missing: u32,
    /// Legs without a bid.
    pub bids_missing: u32,
}

/// Running sums over all sets.
#[derive(Debug, Clone, Default)]
pub struct Detector {
    screen: Usdc,
    sets: Vec<Watched>,
    tokens: Vec<WatchedToken>,
    /// Counts updates, so that a set is looked at once in each.
    updates: u64,
}

/// A set, its sums and the update that looked at it last.
#[derive(Debug, Clone)]
struct Watched {
    legs: Vec<TokenIx>,
    unified: Option<MarketIx>,
    sums: SetSums,
    seen_in: u64,
}

/// The best prices of a token as the sums know them, and the sets it is a leg of.
#[derive(Debug, Clone, Default)]
struct WatchedToken {
    ask: Option<Fine>,
    bid: Option<Fine>,
    sets: Vec<SetIx>,
}

impl Detector {
    /// Watches all sets of a universe.
    ///
    /// `screen`: sets whose asks sum to at most this many micro-dollars are found.
    pub fn new(universe: &Universe, screen: Usdc) -> Self {
        let mut detector = Self { screen, ..Self::default() };
        for set in universe.sets() {
            detector.add_set(set);
        }
        detector
    }

    /// Watches the next set; its index follows from the order of calls, as in the universe.
    ///
    /// Prices of tokens that no set has named so far count from the next update of their market on;
    /// call [`Detector::update`] with the legs' markets to count them at once.
    pub fn add_set(&mut self, set: &SetDef) -> SetIx {
        let index = SetIx(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        let mut sums = SetSums::default();
        for leg in &set.legs {
            let token = self.token_mut(*leg);
            token.sets.push(index);
            sums.asks_missing = sums.asks_missing.saturating_add(1);
            sums.bids_missing = sums.bids_missing.saturating_add(1);
            add_leg(&mut sums.ask, &mut sums.asks_missing, None, token.ask);
            add_leg(&mut sums.bid, &mut sums.bids_missing, None, token.bid);
        }
        let unified = unified_market(&set.legs);
        self.sets.push(Watched { legs: set.legs.clone(), unified, sums, seen_in: 0 });
        index
    }

    fn token_mut(&mut self, token: TokenIx) -> &mut WatchedToken {
        let index = usize::try_from(token.0).unwrap_or(usize::MAX);
        if self.tokens.len() <= index {
            self.tokens.resize(index.saturating_add(1), WatchedToken::default());
        }
        #[expect(clippy::indexing_slicing, reason = "the line above makes the entry")]
        &mut self.tokens[index]
    }

    /// Takes over the best prices of touched markets and appends what the screen lets through.
    ///
    /// Call it once per applied frame with the report's touched markets. Cost: constant per touched
    /// market and set over it; legs are looked at only when the sum passes the screen.
    pub fn update(&mut self, books: &Books, touched: &[MarketIx], found: &mut Vec<Finding>) {
        self.updates = self.updates.wrapping_add(1);
        for market in touched {
            let [yes, no] = books.best_bids(*market);
            self.take(TokenIx::of(*market, Outcome::Yes), yes, no.map(Fine::complement));
            self.take(TokenIx::of(*market, Outcome::No), no, yes.map(Fine::complement));
        }
        for market in touched {
            for outcome in [Outcome::Yes, Outcome::No] {
                self.screen_sets(TokenIx::of(*market, outcome), books, found);
            }
        }
    }

    /// Replaces a token's best prices and moves the sums of its sets by the difference.
    fn take(&mut self, token: TokenIx, bid: Option<Fine>, ask: Option<Fine>) {
        let index = usize::try_from(token.0).unwrap_or(usize::MAX);
        let Some(known) = self.tokens.get_mut(index) else { return };
        if known.bid == bid && known.ask == ask {
            return;
        }
        let (old_bid, old_ask) = (known.bid, known.ask);
        (known.bid, known.ask) = (bid, ask);
        for set in &known.sets {
            let Some(watched) = self.sets.get_mut(set_position(*set)) else { continue };
            let sums = &mut watched.sums;
            add_leg(&mut sums.ask, &mut sums.asks_missing, old_ask, ask);
            add_leg(&mut sums.bid, &mut sums.bids_missing, old_bid, bid);
        }
    }

    fn screen_sets(&mut self, token: TokenIx, books: &Books, found: &mut Vec<Finding>) {
        let index = usize::try_from(token.0).unwrap_or(usize::MAX);
        let Some(known) = self.tokens.get(index) else { return };
        for set in &known.sets {
            let Some(watched) = self.sets.get_mut(set_position(*set)) else { continue };
            if watched.seen_in == self.updates {
                continue;
            }
            watched.seen_in = self.updates;
            // A crossed book is an alarm however little it is crossed.
            let limit = if watched.unified.is_some() { ONE_DOLLAR } else { self.screen };
            if watched.sums.asks_missing == 0 && watched.sums.ask <= limit {
                found.extend(finding(*set, watched, books));
            }
        }
    }

    /// The sums of a set.
    pub fn sums(&self, set: SetIx) -> Option<SetSums> {
        self.sets.get(set_position(set)).map(|watched| watched.sums)
    }

    /// Whether every leg has a LIVE book in the current epoch of its connection.
    pub fn is_checkable(&self, set: SetIx, books: &Books) -> bool {
        let watched = self.sets.get(set_position(set));
        watched.is_some_and(|watched| watched.legs.iter().all(|leg| books.is_live(*leg)))
    }

    /// The sets a market's tokens are legs of, YES legs first; a set of both tokens comes twice.
    pub fn sets_of(&self, market: MarketIx) -> impl Iterator<Item = SetIx> + '_ {
        [Outcome::Yes, Outcome::No].into_iter().flat_map(move |outcome| {
            let index = usize::try_from(TokenIx::of(market, outcome).0).unwrap_or(usize::MAX);
            self.tokens.get(index).into_iter().flat_map(|token| token.sets.iter().copied())
        })
    }
}

/// What a set that passed the screen is, if its legs can be trusted.
fn finding(set: SetIx, watched: &Watched, books: &Books) -> Option<Finding> {
    let sums = watched.sums;
    if let Some(market) = watched.unified {
        let crossed = sums.ask < ONE_DOLLAR;
        return crossed.then_some(Finding::CrossedBook { set, market, sum_ask: sums.ask });
    }
    if !watched.legs.iter().all(|leg| books.is_live(*leg)) {
        return None;
    }
    let sum_bid = (sums.bids_missing == 0).then_some(sums.bid);
    Some(Finding::Candidate { set, sum_ask: sums.ask, sum_bid })
}

const ONE_DOLLAR: Usdc = Usdc(1_000_000);

/// The market whose YES and NO a set of two consists of.
fn unified_market(legs: &[TokenIx]) -> Option<MarketIx> {
    let [first, second] = legs else { return None };
    let (market, _) = first.split();
    (market == second.split().0).then_some(market)
}

/// Moves one leg from an old to a new price. A sum is at most 64 dollars and never below zero.
fn add_leg(sum: &mut Usdc, missing: &mut u32, old: Option<Fine>, new: Option<Fine>) {
    let micros = |price: Option<Fine>| price.map_or(0, |price| i64::from(price.price().micros()));
    sum.0 = sum.0.saturating_sub(micros(old)).saturating_add(micros(new));
    match (old, new) {
        (None, Some(_)) => *missing = missing.saturating_sub(1),
        (Some(_), None) => *missing = missing.saturating_add(1),
        (None, None) | (Some(_), Some(_)) => {}
    }
}

fn set_position(set: SetIx) -> usize {
    usize::try_from(set.0).unwrap_or(usize::MAX)
}
