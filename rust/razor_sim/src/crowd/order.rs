//! Orders of the crowd: made, numbered and sent like those of any client.

use razor_core::ids::{Outcome, TokenIx};
use razor_core::order::{OrderHash, Side};
use razor_core::wire::Fine;

use super::{Crowd, Floor, Trader, names};
use crate::exchange::{
    Ack, Asset, Command, Exchange, OrderType, PlaceOrder, Reply, Sizing, limit_amounts,
    market_amounts,
};

/// Sizes are whole hundredths of a share.
pub(super) const LOT: u64 = 10_000;
const CENT: u64 = 10_000;
const FINE_PER_DOLLAR: u64 = 10_000;
/// A marketable buy offers a dollar at least; a cent above it absorbs the rounding of its shares.
const LEAST_CASH: u64 = 1_010_000;

impl Crowd {
    /// Puts a quote into the book of a market, in terms of YES. A trader that has the token sells
    /// it, any other buys the opposite one. The id and the answer; none when the exchange refuses.
    pub(super) fn rest(
        &mut self,
        trader: Trader,
        place: (TokenIx, Side, Fine),
        qty: u64,
        floor: &mut Floor<'_>,
    ) -> Option<OrderHash> {
        let (yes, side, price) = place;
        let no = TokenIx::of(yes.split().0, Outcome::No);
        let given = if side == Side::Sell { yes } else { no };
        let has = floor.exchange.holding(trader.account, Asset::Token(given)).available() >= qty;
        let (token, way, limit) = match (side, has) {
            (Side::Sell, true) => (yes, Side::Sell, price),
            (Side::Sell, false) => (no, Side::Buy, price.complement()),
            (Side::Buy, true) => (no, Side::Sell, price.complement()),
            (Side::Buy, false) => (yes, Side::Buy, price),
        };
        let amounts = limit_amounts(way, qty, limit);
        let order = self.order(trader, token, way, amounts, OrderType::Gtc, floor.exchange)?;
        send(order, floor).map(|ack| ack.hash)
    }

    /// Takes about `qty` shares of a token at `price` or better and leaves nothing; micro-shares
    /// got or given. A buy is sized in dollars, a whole number of cents and one dollar at least.
    pub(super) fn take(
        &mut self,
        trader: Trader,
        place: (TokenIx, Side, Fine),
        qty: u64,
        floor: &mut Floor<'_>,
    ) -> u64 {
        let amount = match place.1 {
            Side::Buy => (cash_ceil(qty, place.2).div_ceil(CENT) * CENT).max(LEAST_CASH),
            Side::Sell => qty / LOT * LOT,
        };
        self.take_for(trader, place, amount, floor)
    }

    /// Buys `qty` shares of a token at most; nothing if they cost less than an order may.
    pub(super) fn buy_at_most(
        &mut self,
        trader: Trader,
        (token, price): (TokenIx, Fine),
        qty: u64,
        floor: &mut Floor<'_>,
    ) -> u64 {
        let cash = qty * u64::from(price.0) / FINE_PER_DOLLAR / CENT * CENT;
        if cash < LEAST_CASH {
            return 0;
        }
        self.take_for(trader, (token, Side::Buy, price), cash, floor)
    }

    /// Takes for so many micro-dollars, or so many micro-shares on a sale.
    fn take_for(
        &mut self,
        trader: Trader,
        (token, side, price): (TokenIx, Side, Fine),
        amount: u64,
        floor: &mut Floor<'_>,
    ) -> u64 {
        let Some(market) = floor.exchange.market(token.split().0) else { return 0 };
        let amounts = market_amounts(side, amount, price, market.tick);
        let order = self.order(trader, token, side, amounts, OrderType::Fak, floor.exchange);
        let ack = order.and_then(|order| send(order, floor));
        ack.map_or(0, |ack| match side {
            Side::Buy => ack.taking,
            Side::Sell => ack.making,
        })
    }

    fn order(
        &mut self,
        trader: Trader,
        token: TokenIx,
        side: Side,
        (maker_amount, taker_amount): (u64, u64),
        order_type: OrderType,
        exchange: &Exchange,
    ) -> Option<PlaceOrder> {
        self.orders += 1;
        Some(PlaceOrder {
            hash: names::order(self.plan.seed, self.orders),
            owner: trader.owner,
            account: trader.account,
            token,
            side,
            maker_amount,
            taker_amount,
            order_type,
            is_post_only: false,
            expiration_s: 0,
            sizing: Sizing::Amount,
            signed_for: exchange.market(token.split().0)?.spec.exchange(),
        })
    }
}

fn cash_ceil(qty: u64, price: Fine) -> u64 {
    (qty * u64::from(price.0)).div_ceil(FINE_PER_DOLLAR)
}

/// A refusal is the exchange's right, in a fault plan for instance; the trader tries again later.
fn send(order: PlaceOrder, floor: &mut Floor<'_>) -> Option<Ack> {
    match floor.step(Command::Place(order)) {
        Ok(Reply::Placed(ack)) => Some(ack),
        Ok(_) | Err(_) => None,
    }
}
