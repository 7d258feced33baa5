//! Taking orders in: every check before any change, then the match, then the rest.
//!
//! Order of the checks, each with the venue's text: mode, batch size, payload, owner, standing,
//! market, contract, grid and amounts, smallest size, duplicate, expiration, post-only, one-dollar
//! minimum, FOK and FAK, balance and allowance. The venue's own order is not documented.
//!
//! Stated choices: the smallest size binds every order type unless
//! [`super::Config::min_size_for_resting_only`] is set; a FOK or FAK order that the book kills is
//! not kept, and its hash may come again; a cancel of an order in the delay window is refused.

use razor_core::ids::MarketIx;
use razor_core::order::Side;
use razor_core::units::Nanos;

use super::command::{GTD_AHEAD, GTD_EARLY, MAX_BATCH, SECOND};
use super::matching::{PlanTotal, Taker};
use super::orders::{NONE, Order, OrderStatus, book_terms};
use super::refusal::{Micros, Refusal};
use super::terms::{Terms, cash_ceil, terms};
use super::{
    Ack, AckStatus, Asset, CancelReason, Due, Event, Exchange, Mode, OrderType, PlaceOrder, Sizing,
    Slot, Standing, TradeIx, at,
};

/// A marketable buy offers at least that much, in micro-dollars.
const MARKETABLE_MIN: u64 = 1_000_000;

impl Exchange {
    pub(super) fn place_batch(
        &mut self,
        batch: &[PlaceOrder],
    ) -> Result<Vec<Result<Ack, Refusal>>, Refusal> {
        self.check_mode_of_entry()?;
        if batch.is_empty() {
            return Err(Refusal::InvalidPayload);
        }
        if batch.len() > MAX_BATCH {
            return Err(Refusal::TooManyOrders { found: batch.len(), max: MAX_BATCH });
        }
        Ok(batch.iter().map(|order| self.place(order)).collect())
    }

    pub(super) fn place(&mut self, order: &PlaceOrder) -> Result<Ack, Refusal> {
        let (market, terms) = self.check(order)?;
        let (side, limit) = book_terms(order.token, order.side, terms.price);
        let crosses = self.markets[at(market.0)].book.crosses(side, limit);
        check_crossing(order, &terms, crosses)?;
        let total =
            if crosses { self.plan(&taker_of(order, &terms))? } else { PlanTotal::default() };
        let delay = self.markets[at(market.0)].spec.taker_delay;
        let is_delayed = crosses && delay > Nanos(0);
        if !is_delayed {
            self.check_kill(order, &terms, total)?;
        }
        let need = need(order, &terms, total);
        self.check_funds(order, market, need)?;
        let slot = self.accept(order, &terms);
        if is_delayed {
            return Ok(self.hold_back(slot, need, delay));
        }
        self.out.push(Event::Placed(Slot(slot)));
        self.fill_and_rest(slot, total)
    }

    /// Matches an accepted order by the plan at hand and leaves its rest where it belongs.
    pub(super) fn fill_and_rest(&mut self, slot: u32, total: PlanTotal) -> Result<Ack, Refusal> {
        let market = self.orders.get(slot).market();
        if total.qty > 0 {
            self.execute(slot, self.markets[at(market.0)].spec.fees)?;
        }
        let order = *self.orders.get(slot);
        if order.leaves_qty() == 0 || order.order_type.is_immediate() {
            self.finish(slot, OrderStatus::Matched);
        } else {
            self.rest(slot);
        }
        let status = if total.qty > 0 { AckStatus::Matched } else { AckStatus::Live };
        Ok(self.ack(slot, status, total))
    }

    fn ack(&self, slot: u32, status: AckStatus, total: PlanTotal) -> Ack {
        let order = self.orders.get(slot);
        let (making, taking) = match order.side {
            Side::Buy => (total.cash, total.qty),
            Side::Sell => (total.qty, total.cash),
        };
        let (first_trade, trades) = order.taken;
        Ack { slot: Slot(slot), hash: order.hash, status, making, taking, first_trade, trades }
    }

    fn rest(&mut self, slot: u32) {
        self.orders.get_mut(slot).status = OrderStatus::Live;
        let order = *self.orders.get(slot);
        self.hold(slot, order.need());
        let market = order.market();
        self.markets[at(market.0)].book.join(&mut self.orders, slot);
        let (side, price) = order.in_book();
        self.tell_level(market, side, price);
    }

    /// Puts a marketable order into the delay window; its balance is held, it cannot be cancelled.
    fn hold_back(&mut self, slot: u32, need: u64, delay: Nanos) -> Ack {
        self.hold(slot, need);
        let serial = self.orders.get(slot).serial;
        self.delayed.push(slot);
        self.schedule(delay, Due::Release { slot, serial });
        self.out.push(Event::Placed(Slot(slot)));
        self.ack(slot, AckStatus::Delayed, PlanTotal::default())
    }

    /// The end of a delay window: the order meets the book as it is now.
    pub(super) fn release(&mut self, slot: u32, serial: u64) -> Result<(), Refusal> {
        let order = *self.orders.get(slot);
        if order.serial != serial || order.status != OrderStatus::Delayed {
            return Ok(());
        }
        self.delayed.retain(|held| *held != slot);
        self.hold(slot, 0);
        let total = self.plan(&taker_in(&order))?;
        let is_immediate = order.order_type.is_immediate();
        let is_short = order.order_type == OrderType::Fok && !total.is_full;
        let rest = if is_immediate { 0 } else { order.qty.saturating_sub(total.qty) };
        let cost = match order.side {
            Side::Buy => total.cash + total.fee + cash_ceil(rest, order.price),
            Side::Sell => total.qty + rest,
        };
        if is_short || (is_immediate && total.qty == 0) {
            self.finish_told(slot, CancelReason::Unmatched);
        } else if cost > self.available(&order) {
            self.finish_told(slot, CancelReason::NotEnoughBalance);
        } else {
            self.out.push(Event::Released(Slot(slot)));
            self.fill_and_rest(slot, total)?;
        }
        Ok(())
    }

    pub(super) fn accept(&mut self, order: &PlaceOrder, terms: &Terms) -> u32 {
        let head = self.owners[at(order.owner.0)].head;
        let slot = self.orders.add(Order {
            hash: order.hash,
            serial: 0,
            owner: order.owner,
            account: order.account,
            token: order.token,
            side: order.side,
            order_type: order.order_type,
            sizing: order.sizing,
            price: terms.price,
            qty: terms.qty,
            cum_qty: 0,
            voided_qty: 0,
            cash: terms.cash,
            status: OrderStatus::Delayed,
            created: self.now,
            expiration_s: order.expiration_s,
            taken: (TradeIx(0), 0),
            held: 0,
            last_fill: 0,
            next: NONE,
            prev: NONE,
            owner_next: head,
            owner_prev: NONE,
        });
        if head != NONE {
            self.orders.get_mut(head).owner_prev = slot;
        }
        self.owners[at(order.owner.0)].head = slot;
        if order.order_type == OrderType::Gtd {
            let end = Nanos(order.expiration_s * SECOND - GTD_EARLY.0);
            let serial = self.orders.get(slot).serial;
            self.schedule_at(end, Due::Expire { slot, serial });
        }
        slot
    }

    fn check_mode_of_entry(&self) -> Result<(), Refusal> {
        match self.mode {
            Mode::Normal | Mode::PostOnly => Ok(()),
            Mode::CancelOnly => Err(Refusal::CancelOnlyMode),
            Mode::Disabled => Err(Refusal::Disabled),
            Mode::Restarting => Err(Refusal::Restarting),
        }
    }

    /// All that does not need the book.
    fn check(&self, order: &PlaceOrder) -> Result<(MarketIx, Terms), Refusal> {
        self.check_mode_of_entry()?;
        let (ix, _) = order.token.split();
        let market = self.markets.get(at(ix.0)).ok_or(Refusal::InvalidPayload)?;
        if order.is_post_only && order.order_type.is_immediate() {
            return Err(Refusal::InvalidPayload);
        }
        self.check_account(order)?;
        if !market.takes_orders() {
            return Err(Refusal::NotReady);
        }
        if order.signed_for != market.spec.exchange() {
            return Err(Refusal::VersionMismatch);
        }
        let terms = terms(order, market.tick)?;
        let exempt = self.config.min_size_for_resting_only && order.order_type.is_immediate();
        if terms.qty < market.spec.min_order_qty.0 && !exempt {
            let (size, min) = (Micros(terms.qty), market.spec.min_order_qty.into());
            return Err(Refusal::Size { order: order.hash, size, min });
        }
        if self.orders.find(&order.hash).is_some() {
            return Err(Refusal::Duplicated { order: order.hash });
        }
        self.check_expiration(order)?;
        if self.mode == Mode::PostOnly && !order.is_post_only {
            return Err(Refusal::PostOnlyMode);
        }
        Ok((ix, terms))
    }

    fn check_account(&self, order: &PlaceOrder) -> Result<(), Refusal> {
        let owner = self.owners.get(at(order.owner.0)).ok_or(Refusal::OwnerMismatch)?;
        let account = self.accounts.get(at(order.account.0)).ok_or(Refusal::OwnerMismatch)?;
        if owner.account != order.account {
            return Err(Refusal::OwnerMismatch);
        }
        match (account.standing, order.side) {
            (Standing::Open, _) | (Standing::ClosedOnly, Side::Sell) => Ok(()),
            (Standing::ClosedOnly, Side::Buy) => Err(Refusal::ClosedOnly(account.address)),
            (Standing::Banned, _) => Err(Refusal::Banned(account.address)),
        }
    }

    fn check_expiration(&self, order: &PlaceOrder) -> Result<(), Refusal> {
        let is_good = if order.order_type == OrderType::Gtd {
            let expiration = order.expiration_s.checked_mul(SECOND);
            expiration.is_some_and(|at| at >= self.now.0.saturating_add(GTD_AHEAD.0))
        } else {
            order.expiration_s == 0
        };
        if is_good { Ok(()) } else { Err(Refusal::Expiration) }
    }

    /// FOK wants all, FAK wants something.
    fn check_kill(
        &mut self,
        order: &PlaceOrder,
        terms: &Terms,
        total: PlanTotal,
    ) -> Result<(), Refusal> {
        let refusal = match order.order_type {
            OrderType::Fok if !total.is_full => Refusal::FokKilled,
            OrderType::Fak if total.qty == 0 => Refusal::FakKilled,
            OrderType::Fok | OrderType::Fak | OrderType::Gtc | OrderType::Gtd => return Ok(()),
        };
        let PlaceOrder { hash, owner, token, side, order_type, .. } = *order;
        let (price, qty) = (terms.price, terms.qty);
        self.out.push(Event::Killed { hash, owner, token, side, price, qty, order_type });
        Err(refusal)
    }

    fn check_funds(&self, order: &PlaceOrder, market: MarketIx, need: u64) -> Result<(), Refusal> {
        let asset = match order.side {
            Side::Buy => Asset::Collateral,
            Side::Sell => Asset::Token(order.token),
        };
        let spender = self.markets[at(market.0)].spec.exchange();
        self.accounts[at(order.account.0)].admit(asset, spender, need)
    }
}

fn check_crossing(order: &PlaceOrder, terms: &Terms, crosses: bool) -> Result<(), Refusal> {
    if crosses && order.is_post_only {
        return Err(Refusal::PostOnlyCrosses);
    }
    let is_marketable = crosses || order.order_type.is_immediate();
    if is_marketable && order.side == Side::Buy && terms.cash < MARKETABLE_MIN {
        return Err(Refusal::MarketableMinimum { amount: Micros(terms.cash) });
    }
    Ok(())
}

/// What the order must be covered by, fees included.
fn need(order: &PlaceOrder, terms: &Terms, total: PlanTotal) -> u64 {
    match order.side {
        Side::Buy => {
            let rest = terms.qty.saturating_sub(total.qty);
            let resting = if order.order_type.is_immediate() { 0 } else { rest };
            let cost = total.cash + cash_ceil(resting, terms.price);
            terms.cash.max(cost) + total.fee
        }
        Side::Sell => terms.qty,
    }
}

fn taker_of(order: &PlaceOrder, terms: &Terms) -> Taker {
    let by_amount = is_by_amount(order.order_type, order.side, order.sizing);
    Taker {
        token: order.token,
        side: order.side,
        price: terms.price,
        qty: terms.qty,
        cash: by_amount.then_some(terms.cash),
    }
}

fn taker_in(order: &Order) -> Taker {
    let by_amount = is_by_amount(order.order_type, order.side, order.sizing);
    Taker {
        token: order.token,
        side: order.side,
        price: order.price,
        qty: order.leaves_qty(),
        cash: by_amount.then_some(order.cash),
    }
}

fn is_by_amount(order_type: OrderType, side: Side, sizing: Sizing) -> bool {
    order_type.is_immediate() && side == Side::Buy && sizing == Sizing::Amount
}
