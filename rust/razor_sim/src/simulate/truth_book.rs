//! What the account really has, computed from the venue's truth by rules of its own.
//!
//! Owns: [`TruthBook`]: shares and cost per token on both axes, exposure, and cost per signal. Must
//! never: look at the desk. It repeats the arithmetic of the ledger on purpose, in another way: a
//! mistake would have to be made twice.

use std::collections::BTreeMap;

use razor_core::fees::fee_ceil;
use razor_core::ids::TokenIx;
use razor_core::market::Fees;
use razor_core::order::gateway::{Reply, TradeState};
use razor_core::order::{Attempt, OrderIx, Side};
use razor_core::units::{Price, notional_ceil, notional_floor};

use crate::gateway::{Fate, SimMarkets, TrueOrder, TrueTrade, Truth};

/// A match may round notional and fee up by so much (see [`razor_core::risk::MATCH_SLACK`]).
const MATCH_SLACK: i128 = 11;

/// Shares and what they cost.
#[derive(Debug, Clone, Copy, Default)]
struct Lot {
    qty: i128,
    cost: i128,
}

impl Lot {
    fn add(&mut self, other: Self) {
        self.qty += other.qty;
        self.cost += other.cost;
    }

    /// Takes shares out at their average cost, all of them with all of it.
    fn take(&mut self, qty: i128) -> Self {
        let cost = if qty >= self.qty {
            self.cost
        } else {
            self.cost.saturating_mul(qty).checked_div(self.qty).unwrap_or(0)
        };
        let taken = Self { qty, cost };
        self.qty -= qty;
        self.cost -= cost;
        taken
    }
}

/// One token.
#[derive(Debug, Clone, Copy, Default)]
struct Holding {
    incoming: Lot,
    free: Lot,
    outgoing: Lot,
}

/// An order that the truth may still change.
#[derive(Debug, Clone)]
struct Watched {
    order: OrderIx,
    attempt: Attempt,
    /// What it can cost at most.
    reserve: i128,
    /// What its trades cost, failed ones included.
    cost: i128,
    is_flying: bool,
    seen: Vec<(TradeState, Lot)>,
}

/// The account as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct TruthBook {
    holdings: BTreeMap<TokenIx, Holding>,
    watched: Vec<Watched>,
    merges_ended: Vec<bool>,
    /// Cost of standing buys per signal.
    spent: BTreeMap<u64, i128>,
    /// What the venue took beyond the limits of orders, in all, and what rounding may take.
    beyond: i128,
}

impl TruthBook {
    /// An order leaves.
    pub(super) fn sent(&mut self, order: OrderIx, attempt: Attempt, fees: Fees) {
        let reserve = reserve(&attempt, fees);
        let seen = Vec::new();
        self.watched.push(Watched { order, attempt, reserve, cost: 0, is_flying: true, seen });
    }

    /// Takes what the truth has since; says whether a buy cost more.
    pub(super) fn sync(&mut self, truth: &Truth, markets: &SimMarkets) -> bool {
        let mut watched = core::mem::take(&mut self.watched);
        let mut is_dearer = false;
        watched.retain_mut(|one| match truth.order(one.order) {
            Some(order) => {
                is_dearer |= self.sync_order(one, order);
                !is_final(order)
            }
            None => false,
        });
        self.watched = watched;
        self.sync_merges(truth, markets);
        is_dearer
    }

    fn sync_order(&mut self, one: &mut Watched, order: &TrueOrder) -> bool {
        // What the venue has refused is over for whoever was told, whatever it still holds.
        let is_refused = order.replied.is_some_and(|(_, reply)| is_refusal(reply));
        one.is_flying = matches!(order.fate, Fate::OnWay | Fate::Open) && !is_refused;
        let mut is_dearer = false;
        for (place, trade) in order.trades.iter().enumerate() {
            if place == one.seen.len() {
                let lot = lot_of(one.attempt.side(), trade);
                let moved = self.opened(&one.attempt, lot);
                let over = (one.cost + lot.cost - one.reserve).max(0);
                self.beyond += over.min(lot.cost) + MATCH_SLACK;
                one.cost += lot.cost;
                one.seen.push((TradeState::Provisional, moved));
                is_dearer |= one.attempt.side() == Side::Buy;
            }
            // Also of one that is new: chains may be as fast as the match.
            if let Some((state, lot)) = one.seen.get_mut(place)
                && *state != trade.state
            {
                *state = trade.state;
                self.settled(&one.attempt, *lot, trade.state);
            }
        }
        is_dearer
    }

    /// A match; gives the lot that its settlement will move.
    fn opened(&mut self, attempt: &Attempt, lot: Lot) -> Lot {
        let holding = self.holdings.entry(attempt.token).or_default();
        match attempt.side() {
            Side::Buy => {
                holding.incoming.add(lot);
                *self.spent.entry(attempt.key.signal_id).or_default() += lot.cost;
                lot
            }
            Side::Sell => {
                let taken = holding.free.take(lot.qty);
                holding.outgoing.add(taken);
                taken
            }
        }
    }

    fn settled(&mut self, attempt: &Attempt, lot: Lot, state: TradeState) {
        let holding = self.holdings.entry(attempt.token).or_default();
        let from = match attempt.side() {
            Side::Buy => &mut holding.incoming,
            Side::Sell => &mut holding.outgoing,
        };
        from.qty -= lot.qty;
        from.cost -= lot.cost;
        let is_kept = (attempt.side() == Side::Buy) == (state == TradeState::Confirmed);
        if is_kept {
            holding.free.add(lot);
        } else if attempt.side() == Side::Buy {
            *self.spent.entry(attempt.key.signal_id).or_default() -= lot.cost;
        }
    }

    fn sync_merges(&mut self, truth: &Truth, markets: &SimMarkets) {
        self.merges_ended.resize(truth.merges().len(), false);
        for (merge, is_known) in truth.merges().iter().zip(&mut self.merges_ended) {
            let Some((_, is_done)) = merge.ended.filter(|_| !*is_known) else { continue };
            *is_known = true;
            for leg in markets.legs(merge.set).iter().filter(|_| is_done) {
                self.holdings.entry(*leg).or_default().free.take(i128::from(merge.qty.0));
            }
        }
    }

    /// Confirmed shares of a token that are in no sale.
    pub(super) fn free(&self, token: TokenIx) -> i128 {
        self.holdings.get(&token).map_or(0, |holding| holding.free.qty)
    }

    /// True cost of all that is held, and what is in flight at its worst.
    pub(super) fn exposure(&self) -> i128 {
        let held: i128 = self
            .holdings
            .values()
            .map(|holding| holding.incoming.cost + holding.free.cost + holding.outgoing.cost)
            .sum();
        held + self.flying(|_| true)
    }

    /// True cost of a signal's standing buys, and what it has in flight.
    pub(super) fn cost_of(&self, signal: u64) -> i128 {
        let spent = self.spent.get(&signal).copied().unwrap_or(0);
        spent + self.flying(|attempt| attempt.key.signal_id == signal)
    }

    fn flying(&self, is_counted: impl Fn(&Attempt) -> bool) -> i128 {
        let flying = self.watched.iter().filter(|one| one.is_flying && is_counted(&one.attempt));
        flying.map(|one| (one.reserve - one.cost).max(0)).sum()
    }

    /// What no limit of ours could hold: fills beyond quantity or price, and rounding.
    pub(super) const fn beyond(&self) -> i128 {
        self.beyond
    }
}

const fn is_refusal(reply: Reply) -> bool {
    match reply {
        Reply::RefusedOrder | Reply::RefusedMarket | Reply::RefusedAccount | Reply::RefusedRate => {
            true
        }
        Reply::Matched(_) | Reply::Live | Reply::Delayed | Reply::Unknown => false,
    }
}

fn is_final(order: &TrueOrder) -> bool {
    let is_over = matches!(order.fate, Fate::Finished | Fate::Refused);
    is_over && order.trades.iter().all(|trade| trade.state != TradeState::Provisional)
}

fn lot_of(side: Side, trade: &TrueTrade) -> Lot {
    let notional = match side {
        Side::Buy => notional_ceil(trade.price, trade.qty),
        Side::Sell => notional_floor(trade.price, trade.qty),
    };
    let cost = notional.map_or(i128::MAX, |cash| i128::from(cash.0) + i128::from(trade.fee.0));
    Lot { qty: i128::from(trade.qty.0), cost: if side == Side::Buy { cost } else { 0 } }
}

/// The most a buy can cost: its limit and the highest fee of any price up to it.
fn reserve(attempt: &Attempt, fees: Fees) -> i128 {
    if attempt.side() == Side::Sell {
        return 0;
    }
    let half = Price::from_micros(500_000).unwrap_or(attempt.limit);
    let notional = notional_ceil(attempt.limit, attempt.order_qty).map_or(0, |cash| cash.0);
    let fee = fee_ceil(fees, attempt.order_qty, attempt.limit.min(half)).map_or(0, |fee| fee.0);
    i128::from(notional) + i128::from(fee)
}
