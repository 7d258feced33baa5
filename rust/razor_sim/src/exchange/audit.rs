//! The invariants, checked from the whole state. Linear in everything: for tests and at the end of
//! runs, never on the order path.

use std::collections::{BTreeMap, BTreeSet};

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::order::Side;
use thiserror::Error;

use super::book::Level;
use super::orders::{NONE, OrderStatus};
use super::{AccountIx, Asset, Exchange, GroupIx, Holding, Slot, at};

/// An invariant that does not hold: a defect of the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unsound {
    /// Deposits are not balances, locked collateral and fees together.
    #[error("dollars: {deposited} came in, {found} are there")]
    Dollars {
        /// Micro-dollars that came from outside and did not leave.
        deposited: u64,
        /// Micro-dollars found.
        found: u64,
    },
    /// Tokens are not backed by what is locked.
    #[error("tokens of {0:?} are not what its collateral backs")]
    Backing(MarketIx),
    /// As [`Unsound::Backing`], for a group.
    #[error("tokens of {0:?} are not what its collateral backs")]
    GroupBacking(GroupIx),
    /// What orders or trades hold is not what the account says.
    #[error("{account:?} says {said:?} of {asset:?}, orders and trades hold {found:?}")]
    Held {
        /// Account.
        account: AccountIx,
        /// Asset.
        asset: Asset,
        /// As the account has it.
        said: Holding,
        /// As counted; the balance is copied.
        found: Holding,
    },
    /// Open orders that the balance does not cover.
    #[error("{account:?} has open orders on {asset:?} that its balance does not cover")]
    Uncovered {
        /// Account.
        account: AccountIx,
        /// Asset.
        asset: Asset,
    },
    /// Levels out of order, empty, or with a wrong total.
    #[error("a level of {0:?} is out of order or its total is wrong")]
    Levels(MarketIx),
    /// A queue out of time order or with a broken link.
    #[error("a queue of {0:?} is not in order of time")]
    Queue(MarketIx),
    /// Bid at or above ask.
    #[error("{0:?} is crossed")]
    Crossed(MarketIx),
    /// The NO book is not the mirror of the YES book.
    #[error("the two books of {0:?} are not mirrors")]
    Mirror(MarketIx),
    /// An order that is not where its status says.
    #[error("the order in {0:?} is not where its status says")]
    Misplaced(Slot),
    /// An order whose matched size is not the sum of its fills.
    #[error("the order in {0:?} matched another size than its fills say")]
    Filled(Slot),
}

impl Exchange {
    /// Checks every invariant.
    ///
    /// # Errors
    /// The first one that does not hold.
    pub fn audit(&self) -> Result<(), Unsound> {
        self.audit_dollars()?;
        self.audit_tokens()?;
        self.audit_holdings()?;
        for ix in (0..self.markets.len()).filter_map(|ix| u32::try_from(ix).ok()) {
            self.audit_book(MarketIx(ix))?;
        }
        self.audit_orders()
    }

    fn audit_dollars(&self) -> Result<(), Unsound> {
        let cash: u64 = self.accounts.iter().map(|account| account.cash.balance).sum();
        let plain: u64 = self.markets.iter().map(|market| market.locked).sum();
        let grouped: u64 = self.groups.iter().map(|group| group.locked).sum();
        let found = cash + plain + grouped + self.fees;
        let deposited = self.deposited;
        if found == deposited { Ok(()) } else { Err(Unsound::Dollars { deposited, found }) }
    }

    fn audit_tokens(&self) -> Result<(), Unsound> {
        let mut supply: BTreeMap<TokenIx, u64> = BTreeMap::new();
        for (token, holding) in self.accounts.iter().flat_map(|account| &account.tokens) {
            *supply.entry(*token).or_default() += holding.balance;
        }
        let of = |market, outcome| -> u64 {
            supply.get(&TokenIx::of(market, outcome)).copied().unwrap_or(0)
        };
        for (market, number) in self.markets.iter().zip(0_u32..) {
            let ix = MarketIx(number);
            let (yes, no) = (of(ix, Outcome::Yes), of(ix, Outcome::No));
            let is_backed = match (market.spec.group, market.payout) {
                (Some(_), _) => true,
                (None, None) => yes == market.locked && no == market.locked,
                (None, Some(payout)) => {
                    yes * payout.halves(Outcome::Yes) + no * payout.halves(Outcome::No)
                        <= 2 * market.locked
                }
            };
            if !is_backed {
                return Err(Unsound::Backing(ix));
            }
        }
        (0..).zip(&self.groups).try_for_each(|(number, group)| {
            let no: u64 = group.markets.iter().map(|ix| of(*ix, Outcome::No)).sum();
            let paid = |ix: &MarketIx| no - of(*ix, Outcome::No) + of(*ix, Outcome::Yes);
            let payouts = || group.markets.iter().map(|ix| self.markets[at(ix.0)].payout);
            let can_win = |ix: &&MarketIx| match group.winner {
                Some(winner) => winner == **ix,
                None => self.markets[at(ix.0)].payout.is_none(),
            };
            let most = group.markets.iter().filter(can_win).map(paid).max();
            let is_fresh = payouts().all(|payout| payout.is_none());
            let is_backed =
                most.is_none_or(|most| most <= group.locked && (!is_fresh || most == group.locked));
            if is_backed { Ok(()) } else { Err(Unsound::GroupBacking(GroupIx(number))) }
        })
    }

    fn audit_holdings(&self) -> Result<(), Unsound> {
        let mut held: BTreeMap<(AccountIx, Asset), Holding> = BTreeMap::new();
        for (_, order) in self.orders.iter() {
            held.entry((order.account, order.gives())).or_default().open += order.held;
        }
        for (_, trade) in self.trades.iter().filter(|(_, trade)| trade.is_owed()) {
            let taken = trade.owes();
            held.entry((trade.account, taken.0)).or_default().matched += taken.1;
            for fill in self.trades.fills_of(trade) {
                let given = fill.owes();
                held.entry((fill.account, given.0)).or_default().matched += given.1;
            }
        }
        for (account, number) in self.accounts.iter().zip(0_u32..) {
            let tokens = account.tokens.iter().map(|(token, held)| (Asset::Token(*token), *held));
            for (asset, said) in tokens.chain([(Asset::Collateral, account.cash)]) {
                let account = AccountIx(number);
                let mut found = held.remove(&(account, asset)).unwrap_or_default();
                found.balance = said.balance;
                if said != found {
                    return Err(Unsound::Held { account, asset, said, found });
                }
                if said.open > 0 && said.open + said.matched > said.balance {
                    return Err(Unsound::Uncovered { account, asset });
                }
            }
        }
        match held.into_iter().find(|(_, it)| *it != Holding::default()) {
            None => Ok(()),
            Some(((account, asset), found)) => {
                Err(Unsound::Held { account, asset, said: Holding::default(), found })
            }
        }
    }

    fn audit_book(&self, ix: MarketIx) -> Result<(), Unsound> {
        let book = &self.markets[at(ix.0)].book;
        if let (Some(bid), Some(ask)) = book.top()
            && bid >= ask
        {
            return Err(Unsound::Crossed(ix));
        }
        for side in [Side::Buy, Side::Sell] {
            let levels = book.side(side);
            let is_sorted = levels.windows(2).all(|pair| match side {
                Side::Buy => pair[0].price < pair[1].price,
                Side::Sell => pair[0].price > pair[1].price,
            });
            if !is_sorted {
                return Err(Unsound::Levels(ix));
            }
            levels.iter().try_for_each(|level| self.audit_level(ix, side, level))?;
        }
        let yes = self.depth(TokenIx::of(ix, Outcome::Yes));
        let no = self.depth(TokenIx::of(ix, Outcome::No));
        let is_mirror = |own: &[(razor_core::wire::Fine, u64)], other: &[_]| {
            own.iter().map(|(price, qty)| (price.complement(), *qty)).eq(other.iter().copied())
        };
        if is_mirror(&yes.bids, &no.asks) && is_mirror(&yes.asks, &no.bids) {
            Ok(())
        } else {
            Err(Unsound::Mirror(ix))
        }
    }

    fn audit_level(&self, ix: MarketIx, side: Side, level: &Level) -> Result<(), Unsound> {
        let (mut slot, mut prev, mut serial, mut sum) = (level.head, NONE, 0, 0);
        while slot != NONE {
            let order = self.orders.get(slot);
            if order.prev != prev || order.serial <= serial {
                return Err(Unsound::Queue(ix));
            }
            if order.status != OrderStatus::Live
                || order.in_book() != (side, level.price)
                || order.leaves_qty() == 0
                || order.market() != ix
            {
                return Err(Unsound::Misplaced(Slot(slot)));
            }
            sum += order.leaves_qty();
            (prev, serial, slot) = (slot, order.serial, order.next);
        }
        let is_good = prev == level.tail && sum == level.qty && sum > 0;
        if is_good { Ok(()) } else { Err(Unsound::Levels(ix)) }
    }

    fn audit_orders(&self) -> Result<(), Unsound> {
        let books = self.markets.iter().flat_map(|market| market.book.slots(&self.orders));
        let resting: BTreeSet<u32> = books.collect();
        let keys = (0_u32..).zip(&self.owners).map(|(ix, _)| super::OwnerIx(ix));
        let listed: BTreeSet<u32> = keys.flat_map(|owner| self.open_slots(owner)).collect();
        for (slot, order) in self.orders.iter() {
            let is_live = order.status == OrderStatus::Live;
            let is_delayed = order.status == OrderStatus::Delayed;
            let is_placed = resting.contains(&slot) == is_live
                && self.delayed.contains(&slot) == is_delayed
                && listed.contains(&slot) == order.status.is_open()
                && (order.status.is_open() || order.held == 0);
            if !is_placed {
                return Err(Unsound::Misplaced(Slot(slot)));
            }
            if self.filled(order).is_some_and(|filled| filled != order.cum_qty) {
                return Err(Unsound::Filled(Slot(slot)));
            }
        }
        Ok(())
    }

    /// Sum of an order's fills, taken and made; `None` when some are forgotten.
    fn filled(&self, order: &super::Order) -> Option<u64> {
        let mut sum = 0;
        for (trade, _) in (order.taken.0.0..).zip(0..order.taken.1) {
            sum += self.trades.get(super::TradeIx(trade))?.qty;
        }
        let mut next = order.last_fill;
        while let Some(number) = next.checked_sub(1) {
            let fill = self.trades.fill(number)?;
            sum += fill.qty;
            next = fill.previous;
        }
        Some(sum)
    }
}
