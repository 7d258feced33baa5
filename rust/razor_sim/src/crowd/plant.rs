//! Planted sets: for a known time a group's best asks (or bids) add up to a profit, fees included.
//!
//! The ordinary quotes of the group step back behind the planted prices, and each leg's planted
//! quote stands alone at its price with the set's size. Other traders leave the group alone, but
//! for the rivals of the plan, whose part stands in front of the set's.
//!
//! Invariants: a set of the stated size pays at least the drawn edge; the truth names what was
//! taken by anybody but the rivals.

use std::fmt::Write as _;

use razor_core::fees::fee_half_even;
use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::market::Fees;
use razor_core::order::{OrderHash, Side};
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::Fine;

use super::order::LOT;
use super::quote::{cancel, first_price, nearest, on_book};
use super::{Cluster, Crowd, Floor, PlantPlan, Task};
use crate::exchange::{Exchange, OrderStatus};
use crate::rng::Rng;

const SHARE: u64 = 1_000_000;
const DOLLAR: u32 = 1_000_000;
/// Prices are moved by that much at a time, in micro-dollars, or by a tick.
const MOVE: u32 = 1_000;
/// A rival takes one leg after the other.
const RIVAL_PAUSE: i64 = 40_000_000;

/// A set that could be executed for some time, as it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// `negRiskMarketID` of the group.
    pub key: String,
    /// Side of the planted quotes: sells are cheap asks, to be bought; buys are rich bids.
    pub side: Side,
    /// YES tokens of all outcomes.
    pub legs: Vec<String>,
    /// Best price of each leg.
    pub prices: Vec<Fine>,
    /// Since when.
    pub start: Nanos,
    /// When the quotes were taken back.
    pub end: Nanos,
    /// When it was over: the end, or before it when the first leg was sold out.
    pub over: Nanos,
    /// Shares of each leg beside the rivals' part.
    pub size: Qty,
    /// What the whole size earns after fees, micro-dollars.
    pub profit: u64,
    /// Micro-shares of each leg taken by others than the rivals.
    pub taken: Vec<u64>,
    /// Micro-shares of each leg taken by the rivals.
    pub rivals: Vec<u64>,
}

impl Planted {
    /// Sum of the best prices, micro-dollars.
    pub fn sum_micros(&self) -> u32 {
        self.prices.iter().map(|price| price.price().micros()).sum()
    }

    /// One JSON object without a line break.
    pub fn to_json(&self) -> String {
        let side = match self.side {
            Side::Sell => "asks",
            Side::Buy => "bids",
        };
        let legs: Vec<String> = self.legs.iter().map(|leg| format!("\"{leg}\"")).collect();
        let prices = list(self.prices.iter().map(|price| u64::from(price.price().micros())));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _written = write!(
            text,
            "{{\"key\":\"{}\",\"side\":\"{side}\",\"legs\":[{}],\"prices_micros\":[{prices}],\
             \"sum_micros\":{},\"start_ns\":{},\"end_ns\":{},\"over_ns\":{},\"size_micros\":{},\
             \"profit_micros\":{},\"taken_micros\":[{}],\"rivals_micros\":[{}]}}",
            self.key,
            legs.join(","),
            self.sum_micros(),
            self.start.0,
            self.end.0,
            self.over.0,
            self.size.0,
            self.profit,
            list(self.taken.iter().copied()),
            list(self.rivals.iter().copied()),
        );
        text
    }
}

fn list(numbers: impl Iterator<Item = u64>) -> String {
    let texts: Vec<String> = numbers.map(|number| number.to_string()).collect();
    texts.join(",")
}

/// A planted set while it stands.
#[derive(Debug, Clone)]
pub(super) struct Planting {
    side: Side,
    prices: Vec<Fine>,
    start: Nanos,
    size: Qty,
    profit: u64,
    /// Planted orders of each leg, the rivals' part first.
    orders: Vec<Vec<OrderHash>>,
    wanted: Vec<u64>,
    rivals: Vec<u64>,
}

impl Planting {
    /// Planted price of a leg.
    pub(super) fn price(&self, leg: usize) -> Option<Fine> {
        self.prices.get(leg).copied()
    }
}

/// What the prices of a set are looked for with.
struct Search<'a> {
    side: Side,
    qty: u64,
    edge_ppm: u32,
    terms: &'a [(Fees, TickSize)],
    /// Micro-dollars.
    prices: Vec<u32>,
}

impl Crowd {
    /// Plants a set in a group that has none, if there is one.
    pub(super) fn plant(&mut self, floor: &mut Floor<'_>) {
        let Some(plants) = self.plan.plants else { return };
        if !self.clusters.iter().any(Cluster::is_plantable) {
            return;
        }
        self.schedule(floor.now, plants.every, Task::Plant);
        let free: Vec<usize> = (0..self.clusters.len())
            .filter(|&number| self.is_free(&self.clusters[number], floor.exchange))
            .collect();
        if free.is_empty() {
            return;
        }
        let cluster = free[self.rng.index(free.len())];
        self.clusters[cluster].belief = self.clusters[cluster].values.clone();
        let Some(planting) = self.draw(cluster, &plants, floor.now, floor.exchange) else { return };
        let legs = planting.prices.len();
        self.clusters[cluster].planting = Some(planting);
        self.requote(cluster, floor);
        self.put_planted(cluster, floor);
        let life = between(plants.life.0.0, plants.life.1.0, &mut self.rng);
        self.schedule(floor.now, Nanos(life), Task::Uproot { cluster });
        if plants.has_rivals {
            let pause = RIVAL_PAUSE.min(life / 2 / i64::try_from(legs).unwrap_or(1));
            for (leg, turn) in (0..legs).zip(1..) {
                self.schedule(floor.now, Nanos(pause * turn), Task::Rival { cluster, leg });
            }
        }
    }

    fn is_free(&self, cluster: &Cluster, exchange: &Exchange) -> bool {
        let takes_orders = |market: &usize| {
            exchange
                .market(self.listed[*market].ix)
                .is_some_and(crate::exchange::Market::takes_orders)
        };
        cluster.is_plantable()
            && cluster.planting.is_none()
            && cluster.markets.iter().all(takes_orders)
    }

    /// Draws size, side, edge and the prices that give it; none when the books have no room.
    fn draw(
        &mut self,
        cluster: usize,
        plants: &PlantPlan,
        now: Nanos,
        exchange: &Exchange,
    ) -> Option<Planting> {
        let markets = self.clusters[cluster].markets.clone();
        let known = markets.iter().filter_map(|&market| exchange.market(self.listed[market].ix));
        let terms: Vec<(Fees, TickSize)> = known.map(|it| (it.spec.fees, it.tick)).collect();
        let side = if self.rng.chance(plants.bids_percent) { Side::Buy } else { Side::Sell };
        let (least, most) = plants.size;
        let shares = (least.0 + self.rng.below_wide(most.0 - least.0 + 1)).next_multiple_of(LOT);
        let (least, most) = plants.edge_ppm;
        let edge_ppm = least + self.rng.below(most - least + 1);
        let belief = &self.clusters[cluster].belief;
        let prices = terms.iter().enumerate().map(|(leg, (_, tick))| {
            first_price(belief.get(leg), nearest(), side, *tick, None)
                .clamp(tick.micros(), DOLLAR - tick.micros())
        });
        let mut search =
            Search { side, qty: shares, edge_ppm, terms: &terms, prices: prices.collect() };
        let is_spread = self.rng.chance(30);
        let profit = search.run(self.rng.index(terms.len()), is_spread)?;
        let prices = search.prices.iter().zip(&terms).map(|(price, term)| on_book(*price, term.1));
        let prices: Vec<Fine> = prices.collect::<Option<_>>()?;
        let wanted =
            markets.iter().map(|_| if plants.has_rivals { draw_rival(&mut self.rng) } else { 0 });
        let wanted: Vec<u64> = wanted.collect();
        let (orders, rivals) = (vec![Vec::new(); wanted.len()], vec![0; wanted.len()]);
        let start = now;
        Some(Planting { side, prices, start, size: Qty(shares), profit, orders, wanted, rivals })
    }

    fn put_planted(&mut self, cluster: usize, floor: &mut Floor<'_>) {
        let Some(mut planting) = self.clusters[cluster].planting.take() else { return };
        for (leg, market) in self.clusters[cluster].markets.clone().into_iter().enumerate() {
            let place = (self.yes(market), planting.side, planting.prices[leg]);
            let least = floor
                .exchange
                .market(self.listed[market].ix)
                .map_or(0, |it| it.spec.min_order_qty.0);
            if planting.wanted[leg] > 0 {
                planting.wanted[leg] += least;
            }
            for qty in [planting.wanted[leg], planting.size.0] {
                if qty > 0 {
                    let put = self.rest(self.planter, place, qty, floor);
                    planting.orders[leg].extend(put);
                }
            }
        }
        self.clusters[cluster].planting = Some(planting);
    }

    /// A rival takes its part of one leg.
    pub(super) fn take_rival(&mut self, cluster: usize, leg: usize, floor: &mut Floor<'_>) {
        let market = self.clusters[cluster].markets[leg];
        let Some(planting) = &self.clusters[cluster].planting else { return };
        let (price, qty) = (planting.prices[leg], planting.wanted[leg]);
        let yes = self.yes(market);
        // Never more than its own part: the rest is the set's.
        let place = match planting.side {
            Side::Sell => (yes, price),
            Side::Buy => (TokenIx::of(yes.split().0, Outcome::No), price.complement()),
        };
        let got = self.buy_at_most(self.rival, place, qty, floor);
        if let Some(planting) = &mut self.clusters[cluster].planting {
            planting.rivals[leg] += got;
        }
    }

    /// The end of a planted set: what is left of it goes, the ordinary quotes come back.
    pub(super) fn uproot(&mut self, cluster: usize, floor: &mut Floor<'_>) {
        let Some(planting) = self.clusters[cluster].planting.take() else { return };
        let mut sold_out: Option<Nanos> = None;
        let mut taken = Vec::new();
        for (leg, orders) in planting.orders.iter().enumerate() {
            let matched: u64 = orders
                .iter()
                .filter_map(|hash| floor.exchange.find_order(hash))
                .map(|order| order.cum_qty)
                .sum();
            taken.push(matched.saturating_sub(planting.rivals[leg]));
            let gone = sold_out_at(orders, floor.exchange);
            sold_out = match (sold_out, gone) {
                (Some(first), Some(gone)) => Some(first.min(gone)),
                (first, gone) => first.or(gone),
            };
        }
        let ids: Vec<OrderHash> = planting.orders.iter().flatten().copied().collect();
        cancel(self.planter.owner, ids, floor);
        let known = &self.clusters[cluster];
        let group = known.group.and_then(|group| floor.exchange.group(group));
        let legs =
            known.markets.iter().map(|&market| token_text(floor.exchange, self.listed[market].ix));
        self.truth.push(Planted {
            key: group.map(|group| group.key.to_string()).unwrap_or_default(),
            side: planting.side,
            legs: legs.collect(),
            prices: planting.prices,
            start: planting.start,
            end: floor.now,
            over: sold_out.unwrap_or(floor.now),
            size: planting.size,
            profit: planting.profit,
            taken,
            rivals: planting.rivals,
        });
        self.review(cluster, floor);
    }
}

impl Search<'_> {
    /// Moves prices inwards, from one leg on or all in turn, until the size pays the edge; the
    /// profit. None when every leg is at its end.
    fn run(&mut self, first: usize, is_spread: bool) -> Option<u64> {
        let wanted = self.qty * u64::from(self.edge_ppm) / u64::from(DOLLAR);
        let legs = self.prices.len();
        let mut leg = first;
        let mut stuck = 0;
        loop {
            if let Some(profit) = self.profit().filter(|profit| *profit >= wanted) {
                return Some(profit);
            }
            if self.push(leg) {
                stuck = 0;
            } else {
                stuck += 1;
            }
            if stuck == legs {
                return None;
            }
            if is_spread || stuck > 0 {
                leg = (leg + 1) % legs;
            }
        }
    }

    /// Moves one price; false when it cannot go on.
    fn push(&mut self, leg: usize) -> bool {
        let tick = self.terms[leg].1.micros();
        let step = MOVE.next_multiple_of(tick);
        let price = self.prices[leg];
        let (moved, is_inside) = match self.side {
            Side::Sell => (price.saturating_sub(step), price >= step + 2 * tick),
            Side::Buy => (price + step, price + step + 2 * tick <= DOLLAR),
        };
        if is_inside {
            self.prices[leg] = moved;
        }
        is_inside
    }

    /// What the size earns after fees; none when it loses.
    fn profit(&self) -> Option<u64> {
        let mut cash = 0;
        let mut fees = 0;
        for (&price, (schedule, _)) in self.prices.iter().zip(self.terms) {
            // The taker has the odd micro-dollar of a fill against the opposite token.
            cash += match self.side {
                Side::Sell => (self.qty * u64::from(price)).div_ceil(u64::from(DOLLAR)) + 1,
                Side::Buy => (self.qty * u64::from(price) / u64::from(DOLLAR)).saturating_sub(1),
            };
            let fine = Fine(u16::try_from(price / 100).unwrap_or(0));
            let fee = fee_half_even(*schedule, Qty(self.qty), fine.price()).ok()?;
            fees += u64::try_from(fee.0).ok()?;
        }
        match self.side {
            Side::Sell => self.qty.checked_sub(cash + fees),
            Side::Buy => cash.checked_sub(self.qty + fees),
        }
    }
}

/// When the last of a leg's orders was filled, if all are.
fn sold_out_at(orders: &[OrderHash], exchange: &Exchange) -> Option<Nanos> {
    let mut last = None;
    for hash in orders {
        let order = exchange.find_order(hash)?;
        if order.status != OrderStatus::Matched {
            return None;
        }
        let newest = exchange.trades_of_order(order).first().copied();
        let at = newest.and_then(|trade| exchange.trade(trade)).map(|trade| trade.matched_at);
        last = last.max(at);
    }
    last
}

fn token_text(exchange: &Exchange, market: MarketIx) -> String {
    let text = exchange.registry().token_text(TokenIx::of(market, Outcome::Yes));
    String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
}

fn draw_rival(rng: &mut Rng) -> u64 {
    (5 + rng.below_wide(90)) * SHARE
}

fn between(least: i64, most: i64, rng: &mut Rng) -> i64 {
    let span = u64::try_from(most - least).unwrap_or(0);
    least + i64::try_from(rng.below_wide(span + 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEES: Fees = Fees::Taker { rate_ppm: 40_000, exponent: 1 };

    fn search(side: Side, terms: &[(Fees, TickSize)], prices: [u32; 3]) -> Search<'_> {
        Search { side, qty: 100 * SHARE, edge_ppm: 20_000, terms, prices: prices.to_vec() }
    }

    #[test]
    fn prices_are_moved_until_the_size_pays_the_edge_after_fees_and_no_further() {
        let terms = [(FEES, TickSize::CENT); 3];
        for (side, prices) in [(Side::Sell, [350_000, 340_000, 330_000]), (Side::Buy, [310_000; 3])]
        {
            for is_spread in [false, true] {
                let mut search = search(side, &terms, prices);
                let profit = search.run(1, is_spread).expect("there is room");
                // Two cents a set, and less than a tick and its change of fee above them.
                assert!((2_000_000..3_100_000).contains(&profit), "{profit} {:?}", search.prices);
                assert_eq!(search.profit(), Some(profit));
                let moved = search.prices.iter().zip(&prices).filter(|(a, b)| a != b).count();
                assert_eq!(moved, if is_spread { 3 } else { 1 }, "{:?}", search.prices);
            }
        }
    }

    #[test]
    fn a_set_without_room_is_not_planted() {
        let terms = [(Fees::Free, TickSize::from_micros(100_000).expect("tick")); 3];
        let mut narrow = Search { edge_ppm: 900_000, ..search(Side::Sell, &terms, [400_000; 3]) };
        assert_eq!(narrow.run(0, true), None);
        assert!(narrow.prices.iter().all(|price| *price >= 200_000), "{:?}", narrow.prices);
    }
}
