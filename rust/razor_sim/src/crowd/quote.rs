//! Makers: layered quotes on both sides of what they believe a market is worth.
//!
//! Invariants: asks lie above the belief and bids below it, each by at least the maker's distance;
//! all quotes of a group follow one belief, which is renewed for the whole group in one act.

use razor_core::order::{OrderHash, Side};
use razor_core::units::TickSize;
use razor_core::wire::Fine;

use super::order::LOT;
use super::{Crowd, Floor, MAKERS};
use crate::exchange::{CancelScope, Command, Exchange, OrderStatus, OwnerIx};

/// How far from the belief each maker begins, in micro-dollars.
const DISTANCE: [u32; MAKERS.len()] = [4_000, 9_000, 16_000];
/// Prices on each side per maker.
const LAYERS: u32 = 4;
/// Layers are that far apart at least, in micro-dollars.
const GAP: u32 = 5_000;
const DOLLAR: u32 = 1_000_000;
const MICROS_PER_FINE: u32 = 100;
const SHARE: u64 = 1_000_000;

/// A quote that was put into the book; the exchange knows what is left of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quote {
    maker: usize,
    /// Side of the YES book.
    side: Side,
    price: Fine,
    hash: OrderHash,
}

/// Where a maker wants a quote.
type Wish = (usize, Side, Fine);

impl Crowd {
    /// The makers of an event look at what it is worth now and quote anew.
    pub(super) fn review(&mut self, cluster: usize, floor: &mut Floor<'_>) {
        self.clusters[cluster].belief = self.clusters[cluster].values.clone();
        self.requote(cluster, floor);
    }

    /// Takes back what is not wanted any more in all markets of an event, then puts what is
    /// missing.
    pub(super) fn requote(&mut self, cluster: usize, floor: &mut Floor<'_>) {
        let markets = self.clusters[cluster].markets.clone();
        let wishes: Vec<Vec<Wish>> =
            markets.iter().map(|&market| self.wishes(market, floor.exchange)).collect();
        for (&market, wanted) in markets.iter().zip(&wishes) {
            self.withdraw(market, wanted, floor);
        }
        for (&market, wanted) in markets.iter().zip(&wishes) {
            for &(maker, side, price) in wanted {
                let quotes = &self.listed[market].quotes;
                if !quotes.iter().any(|it| (it.maker, it.side, it.price) == (maker, side, price)) {
                    self.quote(market, (maker, side, price), floor);
                }
            }
        }
    }

    /// A maker changes the size of one of its quotes.
    pub(super) fn resize(&mut self, market: usize, floor: &mut Floor<'_>) {
        let len = self.listed[market].quotes.len();
        if len == 0 {
            return;
        }
        let place = self.rng.index(len);
        let quote = self.listed[market].quotes.swap_remove(place);
        if !is_open(&quote, floor.exchange) {
            return;
        }
        cancel(self.makers[quote.maker].owner, vec![quote.hash], floor);
        self.quote(market, (quote.maker, quote.side, quote.price), floor);
    }

    fn quote(&mut self, market: usize, wish: Wish, floor: &mut Floor<'_>) {
        let (maker, side, price) = wish;
        let Some(least) =
            floor.exchange.market(self.listed[market].ix).map(|it| it.spec.min_order_qty)
        else {
            return;
        };
        let drawn = (50 + self.rng.below_wide(300)) * SHARE + self.rng.below_wide(100) * LOT;
        let qty = drawn.max(least.0);
        let place = (self.yes(market), side, price);
        let hash = self.rest(self.makers[maker], place, qty, floor);
        if let Some(hash) = hash {
            self.listed[market].quotes.push(Quote { maker, side, price, hash });
        }
    }

    /// Cancels the quotes that no wish asks for and forgets those that are gone.
    fn withdraw(&mut self, market: usize, wanted: &[Wish], floor: &mut Floor<'_>) {
        let mut quotes = core::mem::take(&mut self.listed[market].quotes);
        quotes.retain(|quote| is_open(quote, floor.exchange));
        let (kept, old): (Vec<Quote>, Vec<Quote>) = quotes
            .into_iter()
            .partition(|quote| wanted.contains(&(quote.maker, quote.side, quote.price)));
        self.listed[market].quotes = kept;
        for (maker, trader) in self.makers.iter().enumerate() {
            let ids = old.iter().filter(|quote| quote.maker == maker).map(|quote| quote.hash);
            let ids: Vec<OrderHash> = ids.collect();
            if !ids.is_empty() {
                cancel(trader.owner, ids, floor);
            }
        }
    }

    /// Where the makers want quotes in a market; nowhere when it takes no orders.
    fn wishes(&self, market: usize, exchange: &Exchange) -> Vec<Wish> {
        let listed = &self.listed[market];
        let Some(known) = exchange.market(listed.ix).filter(|it| it.takes_orders()) else {
            return Vec::new();
        };
        let cluster = &self.clusters[listed.cluster];
        let bound = cluster.planting.as_ref().and_then(|it| it.price(listed.leg));
        let belief = cluster.belief.get(listed.leg);
        let mut wishes = Vec::new();
        for (maker, distance) in DISTANCE.into_iter().enumerate() {
            for side in [Side::Buy, Side::Sell] {
                let first = first_price(belief, distance, side, known.tick, bound);
                wishes.extend(ladder(first, side, known.tick).map(|price| (maker, side, price)));
            }
        }
        wishes
    }
}

/// The price nearest to a belief that keeps the distance, on the grid, in micro-dollars; beyond
/// `bound` by a tick, if there is one. It may lie outside the book.
pub(super) fn first_price(
    belief: u32,
    distance: u32,
    side: Side,
    tick: TickSize,
    bound: Option<Fine>,
) -> u32 {
    let step = tick.micros();
    let bound = bound.map(|price| u32::from(price.0) * MICROS_PER_FINE);
    match side {
        Side::Buy => {
            let first = belief.saturating_sub(distance) / step * step;
            bound.map_or(first, |bound| first.min(bound.saturating_sub(step)))
        }
        Side::Sell => {
            let first = (belief + distance).div_ceil(step) * step;
            bound.map_or(first, |bound| first.max(bound + step))
        }
    }
}

/// The best distance of any maker, in micro-dollars.
pub(super) const fn nearest() -> u32 {
    DISTANCE[0]
}

/// A price in micro-dollars, if a book of this grid can hold it.
pub(super) fn on_book(micros: u32, tick: TickSize) -> Option<Fine> {
    let inside = tick.micros()..=DOLLAR - tick.micros();
    inside.contains(&micros).then(|| Fine(u16::try_from(micros / MICROS_PER_FINE).unwrap_or(0)))
}

/// Prices from the first one outwards, as far as the book goes.
fn ladder(first: u32, side: Side, tick: TickSize) -> impl Iterator<Item = Fine> {
    let gap = GAP.next_multiple_of(tick.micros());
    (0..LAYERS).filter_map(move |layer| {
        let micros = match side {
            Side::Buy => first.checked_sub(layer * gap)?,
            Side::Sell => first + layer * gap,
        };
        on_book(micros, tick)
    })
}

fn is_open(quote: &Quote, exchange: &Exchange) -> bool {
    exchange.find_order(&quote.hash).is_some_and(|order| order.status == OrderStatus::Live)
}

/// What is refused or has ended already needs nothing more.
pub(super) fn cancel(owner: OwnerIx, ids: Vec<OrderHash>, floor: &mut Floor<'_>) {
    let _answer = floor.step(Command::Cancel(owner, CancelScope::Orders(ids)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(micros: u32) -> TickSize {
        TickSize::from_micros(micros).expect("tick")
    }

    #[test]
    fn asks_lie_above_the_belief_and_bids_below_it_on_every_grid() {
        for step in [100_000, 10_000, 5_000, 2_500, 1_000, 100] {
            for belief in (25_000..975_000).step_by(7_321) {
                let ask = first_price(belief, 4_000, Side::Sell, tick(step), None);
                let bid = first_price(belief, 4_000, Side::Buy, tick(step), None);
                assert!(ask >= belief + 4_000 && ask < belief + 4_000 + step, "{ask} {belief}");
                assert!(bid + 4_000 <= belief && ask.is_multiple_of(step));
                assert!(bid.is_multiple_of(step));
            }
        }
    }

    #[test]
    fn quotes_step_back_behind_a_planted_price() {
        let bound = Some(Fine(4_100));
        let ask = first_price(450_000, 4_000, Side::Sell, tick(10_000), bound);
        let bid = first_price(450_000, 4_000, Side::Buy, tick(10_000), bound);
        assert_eq!((bid, ask), (400_000, 460_000));
        let ask = first_price(380_000, 4_000, Side::Sell, tick(10_000), bound);
        assert_eq!(ask, 420_000);
    }

    #[test]
    fn ladders_end_where_the_book_ends() {
        let prices = |first, side| ladder(first, side, tick(10_000)).collect::<Vec<_>>();
        let four = [5_000, 5_100, 5_200, 5_300].map(Fine);
        assert_eq!(prices(500_000, Side::Sell), four);
        assert_eq!(prices(980_000, Side::Sell), [9_800, 9_900].map(Fine));
        assert_eq!(prices(20_000, Side::Buy), [200, 100].map(Fine));
        assert_eq!(prices(0, Side::Buy), []);
        assert_eq!(on_book(1_000_000, tick(10_000)), None);
    }
}
