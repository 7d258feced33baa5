//! Matching: what a taker would get, and getting it.
//!
//! Owns: the walk over the opposite side (best price first, within a price the oldest order first),
//! the kinds of match, the grouping of fills into trades.
//!
//! Kinds (PROTOCOL §4.4), by the maker beside the taker: the same token is complementary, the other
//! token is a mint when both buy and a merge when both sell. Execution is at the maker's price; the
//! taker's part is the other part of the same dollar, so that an improvement is the taker's.
//!
//! Stated choices, where the venue documents nothing: a trade holds fills of one price and of at
//! most [`super::Config::trade_makers`] makers, so that its price is exact; the trades of one taker
//! are numbered by `bucket_index`. The fee is rounded half to even once per trade. Orders of one
//! account match each other (self-trades have been measured at the venue); nothing prevents it.
//!
//! Invariant: planning changes nothing, and what was planned is what is executed.

use razor_core::fees::fee_half_even;
use razor_core::ids::{MarketIx, TokenIx};
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::units::Qty;
use razor_core::wire::Fine;

use super::book::Level;
use super::chain::{Fill, Trade, TradeStatus};
use super::orders::{NONE, Order, OrderStatus, book_terms};
use super::terms::{affordable, cash_floor};
use super::{Asset, Due, Event, Exchange, Refusal, Slot, at};

/// How two orders match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchKind {
    /// A buyer and a seller of one token.
    Complementary,
    /// Two buyers of opposite tokens: a set is made.
    Mint,
    /// Two sellers of opposite tokens: a set is dissolved.
    Merge,
}

/// An order in search of others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taker {
    pub(super) token: TokenIx,
    pub(super) side: Side,
    pub(super) price: Fine,
    /// Shares still wanted.
    pub(super) qty: u64,
    /// Dollars to spend, where these and not the shares are the bound.
    pub(super) cash: Option<u64>,
}

/// One planned fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    slot: u32,
    qty: u64,
    maker_cash: u64,
    taker_cash: u64,
    /// In the taker's token.
    price: Fine,
}

/// What a plan comes to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PlanTotal {
    pub(super) qty: u64,
    pub(super) cash: u64,
    pub(super) fee: u64,
    /// Whether nothing is wanted any more.
    pub(super) is_full: bool,
}

/// What a taker still looks for.
struct Wanted {
    qty: u64,
    cash: Option<u64>,
}

impl Wanted {
    fn most(&self, price: Fine) -> u64 {
        self.cash.map_or(self.qty, |cash| affordable(cash, price))
    }

    /// Books a fill; false when nothing more is wanted.
    const fn spend(&mut self, fill: &Planned, is_whole_maker: bool) -> bool {
        match &mut self.cash {
            Some(cash) => *cash = cash.saturating_sub(fill.taker_cash),
            None => self.qty -= fill.qty,
        }
        // The rest of what is wanted was less than this maker had.
        is_whole_maker
    }
}

impl Exchange {
    /// Plans what a taker gets at once into `self.plan`.
    pub(super) fn plan(&mut self, taker: &Taker) -> Result<PlanTotal, Refusal> {
        let mut plan = core::mem::take(&mut self.plan);
        plan.clear();
        let (market, outcome) = taker.token.split();
        let (side, limit) = book_terms(taker.token, taker.side, taker.price);
        let is_yes = outcome == razor_core::ids::Outcome::Yes;
        let mut wanted = Wanted { qty: taker.qty, cash: taker.cash };
        let mut is_full = wanted.qty == 0;
        for level in self.markets[at(market.0)].book.side(opposite(side)).iter().rev() {
            if is_full || !reaches(side, limit, level.price) {
                break;
            }
            let price = if is_yes { level.price } else { level.price.complement() };
            is_full = self.plan_level(level, price, taker.token, &mut wanted, &mut plan);
        }
        let fees = self.markets[at(market.0)].spec.fees;
        let total = self.total(&plan, fees, is_full);
        self.plan = plan;
        total
    }

    /// Walks one queue; true when the taker has all it wanted.
    fn plan_level(
        &self,
        level: &Level,
        price: Fine,
        token: TokenIx,
        wanted: &mut Wanted,
        plan: &mut Vec<Planned>,
    ) -> bool {
        let mut slot = level.head;
        while slot != NONE {
            let maker = self.orders.get(slot);
            let leaves = maker.leaves_qty();
            let qty = leaves.min(wanted.most(price));
            let maker_cash = cash_floor(qty, maker.price);
            let taker_cash = if maker.token == token { maker_cash } else { qty - maker_cash };
            if qty == 0 || (wanted.cash.is_some() && taker_cash == 0) {
                return true;
            }
            let fill = Planned { slot, qty, maker_cash, taker_cash, price };
            plan.push(fill);
            if !wanted.spend(&fill, qty == leaves) || wanted.most(price) == 0 {
                return true;
            }
            slot = maker.next;
        }
        false
    }

    /// Plans fills of these makers, so much of each, in this order, for a buyer of a token.
    pub(super) fn plan_chosen(
        &mut self,
        token: TokenIx,
        chosen: &[(u32, u64)],
    ) -> Result<PlanTotal, Refusal> {
        let fills = chosen.iter().map(|&(slot, qty)| {
            let maker = self.orders.get(slot);
            let maker_cash = cash_floor(qty, maker.price);
            let is_same = maker.token == token;
            let taker_cash = if is_same { maker_cash } else { qty - maker_cash };
            let price = if is_same { maker.price } else { maker.price.complement() };
            Planned { slot, qty, maker_cash, taker_cash, price }
        });
        let plan: Vec<Planned> = fills.collect();
        let fees = self.markets[at(token.split().0.0)].spec.fees;
        let total = self.total(&plan, fees, true);
        self.plan = plan;
        total
    }

    fn total(&self, plan: &[Planned], fees: Fees, is_full: bool) -> Result<PlanTotal, Refusal> {
        let mut total = PlanTotal { is_full, ..PlanTotal::default() };
        for fills in self.trades_of(plan) {
            let qty: u64 = fills.iter().map(|fill| fill.qty).sum();
            total.qty += qty;
            total.cash += fills.iter().map(|fill| fill.taker_cash).sum::<u64>();
            total.fee += fee(fees, qty, fills[0].price)?;
        }
        Ok(total)
    }

    /// The fills of each trade: one price, a bounded number of makers.
    fn trades_of<'a>(&self, plan: &'a [Planned]) -> impl Iterator<Item = &'a [Planned]> + use<'a> {
        let makers = self.config.trade_makers.max(1);
        plan.chunk_by(|a, b| a.price == b.price).flat_map(move |run| run.chunks(makers))
    }

    /// Executes the plan for an accepted order.
    pub(super) fn execute(&mut self, slot: u32, fees: Fees) -> Result<(), Refusal> {
        let plan = core::mem::take(&mut self.plan);
        let first = self.trades.next();
        let mut buckets = 0;
        for fills in self.trades_of(&plan) {
            self.match_trade(slot, fills, buckets, fees)?;
            buckets += 1;
        }
        self.orders.get_mut(slot).taken = (first, buckets);
        self.plan = plan;
        Ok(())
    }

    fn match_trade(
        &mut self,
        slot: u32,
        fills: &[Planned],
        bucket: u32,
        fees: Fees,
    ) -> Result<(), Refusal> {
        let taker = *self.orders.get(slot);
        let ix = self.trades.next();
        let qty: u64 = fills.iter().map(|fill| fill.qty).sum();
        let cash: u64 = fills.iter().map(|fill| fill.taker_cash).sum();
        let price = fills[0].price;
        let fee = fee(fees, qty, price)?;
        let first_fill = self.trades.next_fill();
        for fill in fills {
            self.fill_maker(fill, &taker, ix);
        }
        let owed = match taker.side {
            Side::Buy => cash + fee,
            Side::Sell => qty,
        };
        self.accounts[at(taker.account.0)].holding_mut(taker.gives()).matched += owed;
        self.orders.get_mut(slot).cum_qty += qty;
        self.trades.push(Trade {
            taker_order: taker.hash,
            taker_slot: Slot(slot),
            owner: taker.owner,
            account: taker.account,
            token: taker.token,
            side: taker.side,
            price,
            qty,
            cash,
            fee,
            bucket,
            first_fill,
            fills: u32::try_from(fills.len()).unwrap_or(u32::MAX),
            matched_at: self.now,
            updated_at: self.now,
            status: TradeStatus::Matched,
            attempts: 0,
            fate: None,
            transaction: 0,
        });
        self.tell_trade(ix, &taker, price, qty);
        let delay = self.config.settlement.mine.draw(&mut self.rng);
        self.schedule(delay, Due::Trade(ix));
        Ok(())
    }

    fn tell_trade(&mut self, trade: super::TradeIx, taker: &Order, price: Fine, qty: u64) {
        let market = taker.market();
        let (way, yes_price) = book_terms(taker.token, taker.side, price);
        self.markets[at(market.0)].last = Some((yes_price, way));
        self.tell_level(market, opposite(way), yes_price);
        let Order { token, side, .. } = *taker;
        self.out.push(Event::Traded { trade, token, side, price, qty });
        self.out.push(Event::Trade { trade, status: TradeStatus::Matched });
    }

    fn fill_maker(&mut self, fill: &Planned, taker: &Order, trade: super::TradeIx) {
        let (market, slot) = (taker.market(), fill.slot);
        let maker = self.orders.get_mut(slot);
        let (side, level) = maker.in_book();
        maker.cum_qty += fill.qty;
        let number = self.trades.push_fill(Fill {
            order: maker.hash,
            slot: Slot(slot),
            owner: maker.owner,
            account: maker.account,
            token: maker.token,
            side: maker.side,
            kind: kind_of(taker, maker),
            price: maker.price,
            qty: fill.qty,
            cash: fill.maker_cash,
            taker_cash: fill.taker_cash,
            trade,
            previous: maker.last_fill,
        });
        maker.last_fill = number + 1;
        let (account, asset, cum_qty) = (maker.account, maker.gives(), maker.cum_qty);
        let owed = match maker.side {
            Side::Buy => fill.maker_cash,
            Side::Sell => fill.qty,
        };
        let is_filled = maker.leaves_qty() == 0;
        self.markets[at(market.0)].book.fill(side, level, fill.qty);
        self.accounts[at(account.0)].holding_mut(asset).matched += owed;
        self.out.push(Event::Updated { slot: Slot(slot), trade, cum_qty });
        if is_filled {
            self.markets[at(market.0)].book.leave(&mut self.orders, slot);
            self.finish(slot, OrderStatus::Matched);
        } else {
            let need = self.orders.get(slot).need();
            self.hold(slot, need);
        }
    }

    /// Tells the total of a level as it is now.
    pub(super) fn tell_level(&mut self, market: MarketIx, side: Side, price: Fine) {
        let qty = self.markets[at(market.0)].book.qty_at(side, price);
        self.out.push(Event::Level { market, side, price, qty });
    }

    /// Sets what an order holds of its account's balance.
    pub(super) fn hold(&mut self, slot: u32, amount: u64) {
        let order = self.orders.get_mut(slot);
        let before = core::mem::replace(&mut order.held, amount);
        let (account, asset) = (order.account, order.gives());
        let holding = self.accounts[at(account.0)].holding_mut(asset);
        holding.open = holding.open + amount - before;
    }
}

impl Exchange {
    /// What of an account's asset an order could use now.
    pub(super) fn available(&self, order: &Order) -> u64 {
        let asset: Asset = order.gives();
        self.accounts[at(order.account.0)].holding(asset).available()
    }
}

fn fee(fees: Fees, qty: u64, price: Fine) -> Result<u64, Refusal> {
    let fee = fee_half_even(fees, Qty(qty), price.price()).map_err(|_| Refusal::InvalidPayload)?;
    u64::try_from(fee.0).map_err(|_| Refusal::InvalidPayload)
}

fn kind_of(taker: &Order, maker: &Order) -> MatchKind {
    match (taker.token == maker.token, taker.side) {
        (true, Side::Buy | Side::Sell) => MatchKind::Complementary,
        (false, Side::Buy) => MatchKind::Mint,
        (false, Side::Sell) => MatchKind::Merge,
    }
}

pub(super) const fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

fn reaches(side: Side, limit: Fine, price: Fine) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}
