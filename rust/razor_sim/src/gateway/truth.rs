//! What really happened at the simulated venue: the truth ledger of FAULTS and INVARIANTS.
//!
//! Owns: [`Truth`]. Written by the gateway, read by checkers, never by what is checked: the
//! machine under test learns of the world by events alone.
//!
//! Invariants: an order is accepted at most once; a trade never changes but for its state, which
//! becomes final once; sums over trades are computed when asked, so that no second copy can differ.

use std::collections::{BTreeMap, BTreeSet};

use razor_core::ids::{SetIx, TokenIx};
use razor_core::order::attempt::{AttemptKey, OrderHash, OrderIx, Side, TradeId};
use razor_core::order::gateway::{Intent, Reply, TradeState};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Price, Qty, UnitError, Usdc, notional_ceil, notional_floor};

/// Where an order really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// On its way; it may arrive.
    OnWay,
    /// It will never arrive.
    Lost,
    /// The venue has refused it.
    Refused,
    /// The venue has it and will match or cancel it later.
    Open,
    /// Matched as far as it could be; over.
    Finished,
}

/// One match of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrueTrade {
    /// The venue's id.
    pub id: TradeId,
    /// Shares.
    pub qty: Qty,
    /// Price.
    pub price: Price,
    /// Fee.
    pub fee: Usdc,
    /// How final.
    pub state: TradeState,
    /// When it was matched.
    pub matched: Nanos,
    /// When it became final.
    pub settled: Option<Nanos>,
}

/// One order as the venue knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueOrder {
    /// What was sent.
    pub intent: Intent,
    /// Bucket it was sent with.
    pub bucket: Bucket,
    /// Every time it was sent; more than one entry is a second POST.
    pub sent: Vec<Nanos>,
    /// When it reached the venue.
    pub arrived: Option<Nanos>,
    /// Whether the venue took it.
    pub is_accepted: bool,
    /// Where it is.
    pub fate: Fate,
    /// Its matches, in order.
    pub trades: Vec<TrueTrade>,
    /// The answer given and when; `None` while there is none, or never one by fault.
    pub replied: Option<(Nanos, Reply)>,
    /// A sale of more than was confirmed when it arrived (S-09). The venue matches it all the same.
    pub is_naked: bool,
}

impl TrueOrder {
    /// Shares matched, failed trades included.
    pub fn matched(&self) -> Qty {
        self.sum(|_| true)
    }

    /// Shares of trades that did not fail.
    pub fn standing(&self) -> Qty {
        self.sum(|trade| trade.state != TradeState::Failed)
    }

    fn sum(&self, counts: impl Fn(&TrueTrade) -> bool) -> Qty {
        let counted = self.trades.iter().filter(|trade| counts(trade));
        Qty(counted.fold(0, |sum, trade| sum.saturating_add(trade.qty.0)))
    }
}

/// A merge as the chain knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrueMerge {
    /// The set.
    pub set: SetIx,
    /// Sets merged.
    pub qty: Qty,
    /// When it was asked for.
    pub asked: Nanos,
    /// When it came to its end and whether it was done.
    pub ended: Option<(Nanos, bool)>,
}

/// Which trades count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// All that did not fail.
    Matched,
    /// Confirmed ones alone.
    Confirmed,
}

impl Axis {
    fn counts(self, state: TradeState) -> bool {
        match state {
            TradeState::Confirmed => true,
            TradeState::Provisional => self == Self::Matched,
            TradeState::Failed => false,
        }
    }
}

/// The truth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truth {
    pub(super) orders: BTreeMap<OrderIx, TrueOrder>,
    pub(super) merges: Vec<TrueMerge>,
    pub(super) legs: BTreeMap<SetIx, Vec<TokenIx>>,
    pub(super) duplicates: u64,
}

impl Truth {
    /// All orders by number.
    pub fn orders(&self) -> impl Iterator<Item = (OrderIx, &TrueOrder)> {
        self.orders.iter().map(|(order, truth)| (*order, truth))
    }

    /// One order.
    pub fn order(&self, order: OrderIx) -> Option<&TrueOrder> {
        self.orders.get(&order)
    }

    /// All merges in order of asking.
    pub fn merges(&self) -> &[TrueMerge] {
        &self.merges
    }

    /// Sends of a hash that was already sent.
    pub const fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Different orders the venue took for one attempt; more than one breaks S-05.
    pub fn accepted(&self, key: AttemptKey) -> usize {
        let taken = self.orders.values().filter(|order| order.is_accepted);
        let hashes: BTreeSet<OrderHash> = taken
            .filter(|order| order.intent.attempt.key == key)
            .map(|order| order.intent.hash)
            .collect();
        hashes.len()
    }

    /// Attempts with more than one accepted order.
    pub fn placed_twice(&self) -> Vec<AttemptKey> {
        let keys: BTreeSet<AttemptKey> =
            self.orders.values().map(|order| order.intent.attempt.key).collect();
        keys.into_iter().filter(|key| self.accepted(*key) > 1).collect()
    }

    /// Micro-shares held of a token: buys less sales less merges. Below zero after a naked sale.
    pub fn position(&self, token: TokenIx, axis: Axis) -> i128 {
        let of_token = self.orders.values().filter(|o| o.intent.attempt.token == token);
        let traded = of_token.fold(0_i128, |sum, order| {
            let counted = order.trades.iter().filter(|trade| axis.counts(trade.state));
            let qty = counted.fold(0_i128, |q, trade| q.saturating_add(i128::from(trade.qty.0)));
            match order.intent.attempt.side() {
                Side::Buy => sum.saturating_add(qty),
                Side::Sell => sum.saturating_sub(qty),
            }
        });
        let merged = self
            .done_merges()
            .filter(|merge| self.legs.get(&merge.set).is_some_and(|legs| legs.contains(&token)));
        merged.fold(traded, |sum, merge| sum.saturating_sub(i128::from(merge.qty.0)))
    }

    /// Change of cash since the start: sales less buys less fees plus merged sets at one dollar,
    /// each rounded against us.
    ///
    /// # Errors
    /// [`UnitError::Overflow`].
    pub fn cash(&self, axis: Axis) -> Result<Usdc, UnitError> {
        let mut cash = Usdc::ZERO;
        for order in self.orders.values() {
            for trade in order.trades.iter().filter(|trade| axis.counts(trade.state)) {
                cash = match order.intent.attempt.side() {
                    Side::Buy => cash.minus(notional_ceil(trade.price, trade.qty)?)?,
                    Side::Sell => cash.plus(notional_floor(trade.price, trade.qty)?)?,
                };
                cash = cash.minus(trade.fee)?;
            }
        }
        for merge in self.done_merges() {
            cash = cash.plus(notional_floor(Price::ONE, merge.qty)?)?;
        }
        Ok(cash)
    }

    fn done_merges(&self) -> impl Iterator<Item = &TrueMerge> {
        self.merges.iter().filter(|merge| matches!(merge.ended, Some((_, true))))
    }
}
