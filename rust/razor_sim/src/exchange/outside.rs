//! What comes from outside: depth that stands in a book and trades that print there, both of a
//! recording, beside the orders of the accounts.
//!
//! Owns: the one order by which each level of the outside stands in its queue, and the fills that a
//! print owes to orders of ours.
//!
//! The outside buys only: a bid buys YES, an ask buys NO, so that deposits alone fund it. It gets
//! them as it needs them. It is bound by no mode, flag, smallest size or accuracy: what was
//! recorded had passed those at the venue. Nobody listens to it: its orders make no events of their
//! own.
//!
//! Queue: a level of the outside keeps its place for as long as it is there, whatever its size. A
//! level that appears where orders of ours are marketable takes these first, at their prices.
//!
//! Prints: whoever traded at a price would have taken every order of ours at a better one first. At
//! the very price ours are taken to stand last: they get what the print has beyond `ahead`.
//!
//! Must never: match the outside with itself, or give an order of ours more than was recorded.

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::order::{OrderHash, Side};
use razor_core::wire::Fine;

use super::matching::{Taker, opposite};
use super::orders::{OrderStatus, book_terms};
use super::terms::{MAX_AMOUNT, Terms, cash_ceil};
use super::{
    AccountIx, Asset, CancelReason, Event, Exchange, OrderType, OwnerIx, PlaceOrder, SetupFault,
    Sizing, at,
};

/// Deposits of the outside are that large at least, in micro-dollars.
const LUMP: u64 = 1_000_000_000_000;
/// First bytes of the ids of its orders.
const WORD: [u8; 7] = *b"outside";

/// The total that the outside shows at a level of the YES book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideLevel {
    /// Key that the outside acts by.
    pub owner: OwnerIx,
    /// Market.
    pub market: MarketIx,
    /// Side of the YES book.
    pub side: Side,
    /// Price in the YES book.
    pub price: Fine,
    /// Micro-shares, 0 when the level is gone.
    pub qty: u64,
}

/// A trade as the outside tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsidePrint {
    /// Key that the outside acts by.
    pub owner: OwnerIx,
    /// Token as told.
    pub token: TokenIx,
    /// Way of the taker as told.
    pub side: Side,
    /// Price in that token.
    pub price: Fine,
    /// Micro-shares.
    pub qty: u64,
    /// Way of the taker in the YES book, as the books show it.
    pub way: Side,
    /// Shares that stood before ours at that price.
    pub ahead: u64,
}

impl Exchange {
    /// Sets what the outside has at a level.
    pub(super) fn show(&mut self, level: OutsideLevel) -> Result<(), SetupFault> {
        let account = self.outside(level.owner)?;
        self.market_mut(level.market)?;
        match (self.level_of(&level), level.qty) {
            (None, 0) => Ok(()),
            (Some(slot), 0) => {
                self.withdraw_level(slot, level);
                Ok(())
            }
            (Some(slot), qty) => self.resize_level(slot, qty, account, level),
            (None, _) => self.add_level(account, level),
        }
    }

    /// The order by which the outside stands at a level.
    fn level_of(&self, level: &OutsideLevel) -> Option<u32> {
        let book = &self.markets[at(level.market.0)].book;
        let mut queue = book.queue(&self.orders, level.side, level.price);
        queue.find(|(_, order)| order.owner == level.owner).map(|(slot, _)| slot)
    }

    fn withdraw_level(&mut self, slot: u32, level: OutsideLevel) {
        let is_untouched = self.orders.get(slot).cum_qty == 0;
        self.markets[at(level.market.0)].book.leave(&mut self.orders, slot);
        self.finish(slot, OrderStatus::Ended(CancelReason::Requested));
        if is_untouched {
            // No trade names it, and there will be millions of them.
            self.orders.forget_newest();
        }
        self.tell_level(level.market, level.side, level.price);
    }

    fn resize_level(
        &mut self,
        slot: u32,
        qty: u64,
        account: AccountIx,
        level: OutsideLevel,
    ) -> Result<(), SetupFault> {
        if qty > MAX_AMOUNT {
            return Err(SetupFault::Amount);
        }
        let order = self.orders.get(slot);
        let more = cash_ceil(qty, order.price).saturating_sub(order.held);
        self.fund(account, more)?;
        self.markets[at(level.market.0)].book.resize(&mut self.orders, slot, qty);
        let need = self.orders.get(slot).need();
        self.hold(slot, need);
        self.tell_level(level.market, level.side, level.price);
        Ok(())
    }

    fn add_level(&mut self, account: AccountIx, level: OutsideLevel) -> Result<(), SetupFault> {
        let market = &self.markets[at(level.market.0)];
        let step = Fine::of_tick(market.tick).0;
        let price = level.price.0;
        let is_on_grid = price.is_multiple_of(step)
            && price >= step
            && Fine::ONE.0.saturating_sub(price) >= step;
        if !is_on_grid || market.payout.is_some() {
            return Err(SetupFault::Outside);
        }
        if level.qty > MAX_AMOUNT {
            return Err(SetupFault::Amount);
        }
        let crosses = market.book.crosses(level.side, level.price);
        let (token, price) = bought(level.market, level.side, level.price);
        let taker = Taker { token, side: Side::Buy, price, qty: level.qty, cash: None };
        let total = if crosses {
            self.plan(&taker).map_err(|_| SetupFault::Amount)?
        } else {
            super::matching::PlanTotal::default()
        };
        self.fund(account, total.cash + total.fee + cash_ceil(level.qty, price))?;
        let slot = self.take_in(level.owner, account, token, price, level.qty, OrderType::Gtc);
        // What was planned has its fees computed already.
        self.fill_and_rest(slot, total).map(drop).map_err(|_| SetupFault::Amount)
    }

    /// Tells a trade of the outside, after the fills that it owes to orders of ours.
    pub(super) fn print(&mut self, print: OutsidePrint) -> Result<(), SetupFault> {
        let account = self.outside(print.owner)?;
        let market = print.token.split().0;
        self.market_mut(market)?;
        let is_inside = print.price > Fine(0) && print.price < Fine::ONE;
        if !is_inside || !(1..=MAX_AMOUNT).contains(&print.qty) {
            return Err(SetupFault::Outside);
        }
        let (way, price) = book_terms(print.token, print.side, print.price);
        let left = print.qty - self.fill_by_print(account, &print, price)?;
        if left > 0 {
            self.markets[at(market.0)].last = Some((price, way));
            let OutsidePrint { token, side, price, .. } = print;
            self.out.push(Event::Printed { token, side, price, qty: left });
        }
        Ok(())
    }

    /// Fills orders of ours as a print says; the shares that they got.
    fn fill_by_print(
        &mut self,
        account: AccountIx,
        print: &OutsidePrint,
        price: Fine,
    ) -> Result<u64, SetupFault> {
        let market = print.token.split().0;
        let chosen = self.owed(market, print, price);
        if chosen.is_empty() {
            return Ok(0);
        }
        let qty = chosen.iter().map(|(_, qty)| *qty).sum();
        let (token, limit) = bought(market, print.way, price);
        let total = self.plan_chosen(token, &chosen).map_err(|_| SetupFault::Amount)?;
        self.fund(account, total.cash + total.fee)?;
        let slot = self.take_in(print.owner, account, token, limit, qty, OrderType::Fak);
        self.fill_and_rest(slot, total).map_err(|_| SetupFault::Amount)?;
        Ok(qty)
    }

    /// Orders of ours that a print would have met, best price and oldest first, with their shares.
    fn owed(&self, market: MarketIx, print: &OutsidePrint, price: Fine) -> Vec<(u32, u64)> {
        let (side, book) = (opposite(print.way), &self.markets[at(market.0)].book);
        let mut left = print.qty;
        let mut chosen = Vec::new();
        for level in book.side(side).iter().rev() {
            let is_better = match side {
                Side::Buy => level.price > price,
                Side::Sell => level.price < price,
            };
            if !is_better && level.price != price {
                break;
            }
            if !is_better {
                left = left.saturating_sub(print.ahead);
            }
            for (slot, order) in book.queue(&self.orders, side, level.price) {
                let qty = order.leaves_qty().min(left);
                if order.owner != print.owner && qty > 0 {
                    chosen.push((slot, qty));
                    left -= qty;
                }
            }
        }
        chosen
    }

    /// Takes an order of the outside in, past the checks of placement.
    fn take_in(
        &mut self,
        owner: OwnerIx,
        account: AccountIx,
        token: TokenIx,
        price: Fine,
        qty: u64,
        order_type: OrderType,
    ) -> u32 {
        let cash = cash_ceil(qty, price);
        let order = PlaceOrder {
            hash: self.outside_id(),
            owner,
            account,
            token,
            side: Side::Buy,
            maker_amount: cash,
            taker_amount: qty,
            order_type,
            is_post_only: false,
            expiration_s: 0,
            sizing: Sizing::Shares,
            signed_for: self.markets[at(token.split().0.0)].spec.exchange(),
        };
        self.accept(&order, &Terms { price, qty, cash })
    }

    fn outside_id(&self) -> OrderHash {
        let mut id = [0; 32];
        id[..WORD.len()].copy_from_slice(&WORD);
        id[24..].copy_from_slice(&self.orders.next_serial().to_be_bytes());
        OrderHash(id)
    }

    fn outside(&self, owner: OwnerIx) -> Result<AccountIx, SetupFault> {
        self.owners.get(at(owner.0)).map(|owner| owner.account).ok_or(SetupFault::Unknown)
    }

    /// Lets collateral come in until the outside can pay so much more.
    fn fund(&mut self, account: AccountIx, need: u64) -> Result<(), SetupFault> {
        let available = self.accounts[at(account.0)].holding(Asset::Collateral).available();
        match need.checked_sub(available) {
            None | Some(0) => Ok(()),
            Some(short) => self.deposit(account, short.max(LUMP)),
        }
    }
}

/// The token that the outside buys to stand on a side of the YES book, and its price.
fn bought(market: MarketIx, side: Side, price: Fine) -> (TokenIx, Fine) {
    match side {
        Side::Buy => (TokenIx::of(market, Outcome::Yes), price),
        Side::Sell => (TokenIx::of(market, Outcome::No), price.complement()),
    }
}
