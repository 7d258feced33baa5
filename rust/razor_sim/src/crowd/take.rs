//! Takers: some cross at random, some know what a market is worth.

use razor_core::fees::marginal_fee_ceil;
use razor_core::ids::{Outcome, TokenIx};
use razor_core::order::Side;
use razor_core::wire::Fine;

use super::order::LOT;
use super::{Crowd, Floor, Trader};
use crate::exchange::{Asset, Exchange};

const SHARE: u64 = 1_000_000;
/// What an informed taker wants to earn beyond the fee, in micro-dollars per share.
const MARGIN: u32 = 2_000;
const SELLS_PERCENT: u32 = 40;

impl Crowd {
    /// Somebody buys either token at the best price, or sells what it has.
    pub(super) fn take_at_random(&mut self, market: usize, floor: &mut Floor<'_>) {
        let outcome = if self.rng.chance(50) { Outcome::Yes } else { Outcome::No };
        let token = TokenIx::of(self.listed[market].ix, outcome);
        let trader = self.noise[self.rng.index(self.noise.len())];
        let wanted = least(token, floor.exchange) + (1 + self.rng.below_wide(60)) * SHARE;
        let has =
            floor.exchange.holding(trader.account, Asset::Token(token)).available() / LOT * LOT;
        let is_sale = self.rng.chance(SELLS_PERCENT) && has >= least(token, floor.exchange);
        let (bid, ask) = floor.exchange.top(token);
        let (side, price, qty) = match (is_sale, bid, ask) {
            (true, Some(bid), _) => (Side::Sell, bid, wanted.min(has)),
            (false, _, Some(ask)) => (Side::Buy, ask, wanted),
            (true, None, _) | (false, _, None) => return,
        };
        let _got = self.take(trader, (token, side, price), qty, floor);
    }

    /// Somebody who knows the value takes a quote that is worse, if there is one.
    pub(super) fn take_informed(&mut self, market: usize, floor: &mut Floor<'_>) {
        let listed = &self.listed[market];
        let value = self.clusters[listed.cluster].values.get(listed.leg);
        let yes = self.yes(market);
        let no = TokenIx::of(yes.split().0, Outcome::No);
        for (token, worth) in [(yes, value), (no, 1_000_000 - value)] {
            let (_, Some(ask)) = floor.exchange.top(token) else { continue };
            if cost_with_fee(token, ask, floor.exchange) + MARGIN <= worth {
                let trader: Trader = self.informed[self.rng.index(self.informed.len())];
                let qty = least(token, floor.exchange) + (20 + self.rng.below_wide(180)) * SHARE;
                let _got = self.take(trader, (token, Side::Buy, ask), qty, floor);
                return;
            }
        }
    }
}

fn least(token: TokenIx, exchange: &Exchange) -> u64 {
    exchange.market(token.split().0).map_or(0, |market| market.spec.min_order_qty.0)
}

/// Micro-dollars for a share at a price.
fn cost_with_fee(token: TokenIx, price: Fine, exchange: &Exchange) -> u32 {
    let price = price.price();
    let fees = exchange.market(token.split().0).map(|market| market.spec.fees);
    let fee = fees.and_then(|fees| marginal_fee_ceil(fees, price).ok()).map_or(0, |fee| fee.0);
    price.micros() + u32::try_from(fee).unwrap_or(u32::MAX / 4)
}
