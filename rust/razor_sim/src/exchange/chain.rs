//! What happens on the chain: settlement of trades, and actions of wallets.
//!
//! States of a trade, in text (PROTOCOL §5.2, FAULTS F-48 to F-52):
//!
//! ```text
//! Matched  -> Mined | Retrying | Failed
//! Retrying -> Mined | Retrying | Failed
//! Mined    -> Confirmed | Retrying (the block was reorganised away)
//! ```
//!
//! Confirmed and Failed are final. Assets move when a trade is mined and move back when its block
//! goes; a trade that its accounts cannot pay for, or that a contract may not move, retries and
//! then fails whatever was drawn. A failed trade is a ghost fill: its orders keep their matched
//! size (so says the venue's API) and count it as voided; they do not come back to the book.
//!
//! Must never: move one asset without all others of the trade.
//!
//! Invariant: for every outcome of a group that can still win, `YES of it + NO of all others` is
//! the group's locked collateral; a plain market's YES and NO are each its locked collateral.

use std::collections::VecDeque;

use razor_core::ids::{MarketIx, TokenIx};
use razor_core::order::{OrderHash, Side, TradeId};
use razor_core::units::Nanos;
use razor_core::wire::Fine;

use super::matching::MatchKind;
use super::{
    AccountIx, Asset, Due, Event, Exchange, OwnerIx, SetupFault, Slot, Spender, TradeIx, at,
};

/// Settlement state of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TradeStatus {
    /// Matched by the venue, not on the chain.
    Matched,
    /// In a block.
    Mined,
    /// Final.
    Confirmed,
    /// Failed once, will be tried again.
    Retrying,
    /// Never happened.
    Failed,
}

impl TradeStatus {
    /// The word of the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Matched => "MATCHED",
            Self::Mined => "MINED",
            Self::Confirmed => "CONFIRMED",
            Self::Retrying => "RETRYING",
            Self::Failed => "FAILED",
        }
    }

    /// Whether nothing follows.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Matched | Self::Mined | Self::Retrying => false,
            Self::Confirmed | Self::Failed => true,
        }
    }
}

/// How a trade is told to go on, instead of what was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Settles if its accounts can pay.
    Settle,
    /// Fails at its next step, unless it is mined already.
    Fail,
    /// Retries that often, then settles if its accounts can pay.
    Retry(u32),
    /// Once mined, its block goes and it is tried again.
    Reorg,
}

/// One match of a taker at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// Taker's order.
    pub taker_order: OrderHash,
    /// Where it is kept, as long as it is known.
    pub taker_slot: Slot,
    /// Taker's key.
    pub owner: OwnerIx,
    /// Taker's account.
    pub account: AccountIx,
    /// Taker's token.
    pub token: TokenIx,
    /// Taker's way.
    pub side: Side,
    /// In the taker's token.
    pub price: Fine,
    /// Micro-shares.
    pub qty: u64,
    /// What the taker pays or gets before the fee, micro-dollars.
    pub cash: u64,
    /// Taker's fee, micro-dollars.
    pub fee: u64,
    /// Which of the taker's trades this is, from 0.
    pub bucket: u32,
    /// Number of its first fill.
    pub first_fill: u64,
    /// Fills, one per maker.
    pub fills: u32,
    /// When it matched.
    pub matched_at: Nanos,
    /// When it got its status.
    pub updated_at: Nanos,
    /// Where it is.
    pub status: TradeStatus,
    /// Tries that failed.
    pub attempts: u32,
    /// How it was told to go on.
    pub fate: Option<Fate>,
    /// Number behind the transaction hash, 0 while there is none; see [`transaction_hash`].
    pub transaction: u64,
}

/// What one maker gave in a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Maker's order.
    pub order: OrderHash,
    /// Where it is kept, as long as it is known.
    pub slot: Slot,
    /// Maker's key.
    pub owner: OwnerIx,
    /// Maker's account.
    pub account: AccountIx,
    /// Maker's token: the other one in a mint or merge.
    pub token: TokenIx,
    /// Maker's way.
    pub side: Side,
    /// How it matched the taker.
    pub kind: MatchKind,
    /// In the maker's token.
    pub price: Fine,
    /// Micro-shares.
    pub qty: u64,
    /// What the maker pays or gets, micro-dollars.
    pub cash: u64,
    /// What the taker pays or gets for it, micro-dollars.
    pub taker_cash: u64,
    /// Its trade.
    pub trade: TradeIx,
    /// Number of the maker order's fill before, plus one; 0 is none.
    pub(super) previous: u64,
}

impl Trade {
    /// Whether its accounts still owe what it takes of them.
    pub(super) const fn is_owed(&self) -> bool {
        match self.status {
            TradeStatus::Matched | TradeStatus::Retrying => true,
            TradeStatus::Mined | TradeStatus::Confirmed | TradeStatus::Failed => false,
        }
    }

    /// What the taker gives.
    pub(super) const fn owes(&self) -> (Asset, u64) {
        match self.side {
            Side::Buy => (Asset::Collateral, self.cash + self.fee),
            Side::Sell => (Asset::Token(self.token), self.qty),
        }
    }
}

impl Fill {
    /// What the maker gives.
    pub(super) const fn owes(&self) -> (Asset, u64) {
        match self.side {
            Side::Buy => (Asset::Collateral, self.cash),
            Side::Sell => (Asset::Token(self.token), self.qty),
        }
    }
}

/// Trades and fills in order of matching; the oldest final ones are forgotten.
#[derive(Debug, Clone, Default)]
pub(super) struct Trades {
    known: VecDeque<Trade>,
    forgotten: u64,
    fills: VecDeque<Fill>,
    fills_forgotten: u64,
}

impl Trades {
    pub(super) fn next(&self) -> TradeIx {
        TradeIx(self.forgotten + len(self.known.len()))
    }

    pub(super) fn next_fill(&self) -> u64 {
        self.fills_forgotten + len(self.fills.len())
    }

    pub(super) fn push(&mut self, trade: Trade) {
        self.known.push_back(trade);
    }

    pub(super) fn push_fill(&mut self, fill: Fill) -> u64 {
        let number = self.next_fill();
        self.fills.push_back(fill);
        number
    }

    pub(super) fn get(&self, ix: TradeIx) -> Option<&Trade> {
        self.known.get(place(ix.0, self.forgotten)?)
    }

    pub(super) fn get_mut(&mut self, ix: TradeIx) -> Option<&mut Trade> {
        self.known.get_mut(place(ix.0, self.forgotten)?)
    }

    pub(super) fn fill(&self, number: u64) -> Option<&Fill> {
        self.fills.get(place(number, self.fills_forgotten)?)
    }

    pub(super) fn fills_of(&self, trade: &Trade) -> impl Iterator<Item = &Fill> + '_ {
        let first = place(trade.first_fill, self.fills_forgotten).unwrap_or(0);
        self.fills.range(first..first + at(trade.fills))
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (TradeIx, &Trade)> + '_ {
        let first = self.forgotten;
        (0..self.known.len()).map(move |ix| (TradeIx(first + len(ix)), &self.known[ix]))
    }

    /// Forgets final trades from the front until `keep` are left.
    pub(super) fn forget(&mut self, keep: usize) {
        while self.known.len() > keep && self.known.front().is_some_and(|t| t.status.is_final()) {
            if let Some(trade) = self.known.pop_front() {
                self.forgotten += 1;
                self.fills_forgotten += u64::from(trade.fills);
                self.fills.drain(..at(trade.fills));
            }
        }
    }
}

fn len(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn place(number: u64, forgotten: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(forgotten)?).ok()
}

/// The id of a trade: a UUID made of its number and the seed.
pub fn trade_id(seed: u64, trade: TradeIx) -> TradeId {
    let mut bytes = [0; 16];
    let (high, low) = bytes.split_at_mut(8);
    high.copy_from_slice(&seeded(seed ^ 0x7472_6164_6573, trade.0).to_be_bytes());
    low.copy_from_slice(&trade.0.to_be_bytes());
    // Version 4, variant 1: readers check these digits.
    bytes[6] = (bytes[6] & 0x0F) | 0x40;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    TradeId(bytes)
}

/// The hash of a transaction, made of its number and the seed.
pub fn transaction_hash(seed: u64, transaction: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (words, _) = bytes.as_chunks_mut::<8>();
    for (word, salt) in words.iter_mut().zip(1_u64..) {
        *word = seeded(seed.rotate_left(17) ^ salt, transaction).to_be_bytes();
    }
    bytes
}

const fn seeded(seed: u64, number: u64) -> u64 {
    crate::rng::Rng::new(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).next()
}

/// One movement of a settlement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    account: AccountIx,
    asset: Asset,
    /// Below zero is given.
    amount: i64,
}

impl Exchange {
    /// The next step of a trade.
    pub(super) fn step_trade(&mut self, ix: TradeIx) {
        let Some(trade) = self.trades.get(ix).copied() else { return };
        match trade.status {
            TradeStatus::Matched | TradeStatus::Retrying => self.try_settle(ix, &trade),
            TradeStatus::Mined => self.confirm(ix, &trade),
            TradeStatus::Confirmed | TradeStatus::Failed => {}
        }
    }

    pub(super) fn set_fate(&mut self, ix: TradeIx, fate: Fate) -> Result<(), SetupFault> {
        let trade = self.trades.get_mut(ix).ok_or(SetupFault::Unknown)?;
        trade.fate = Some(fate);
        Ok(())
    }

    fn try_settle(&mut self, ix: TradeIx, trade: &Trade) {
        let law = self.config.settlement;
        let (fails, retries) = match trade.fate {
            Some(Fate::Fail) => (true, false),
            Some(Fate::Retry(times)) => (false, trade.attempts < times),
            Some(Fate::Settle | Fate::Reorg) => (false, false),
            None => (self.draw(law.fail_ppm), self.draw(law.retry_ppm)),
        };
        let moves = self.moves_of(trade);
        let is_payable = self.is_allowed(trade) && self.can_move(&moves);
        if !fails && !retries && is_payable {
            self.release_owed(trade);
            self.make_moves(&moves);
            self.move_sets(trade, false);
            self.transactions += 1;
            self.set_status(ix, TradeStatus::Mined);
            let transaction = self.transactions;
            if let Some(trade) = self.trades.get_mut(ix) {
                trade.transaction = transaction;
            }
            self.schedule_law(law.confirm, Due::Trade(ix));
        } else if fails || (!retries && trade.attempts >= law.max_retries) {
            self.fail(ix, trade, &moves);
        } else {
            self.retry(ix);
        }
    }

    fn retry(&mut self, ix: TradeIx) {
        self.set_status(ix, TradeStatus::Retrying);
        if let Some(trade) = self.trades.get_mut(ix) {
            trade.attempts += 1;
            trade.transaction = 0;
        }
        self.schedule_law(self.config.settlement.retry, Due::Trade(ix));
    }

    fn fail(&mut self, ix: TradeIx, trade: &Trade, moves: &[Move]) {
        self.release_owed(trade);
        self.set_status(ix, TradeStatus::Failed);
        self.void(&trade.taker_order, trade.qty);
        let fills: Vec<Fill> = self.trades.fills_of(trade).copied().collect();
        for fill in fills {
            self.void(&fill.order, fill.qty);
        }
        // Whoever could not pay has orders that it cannot pay for either.
        for given in moves.iter().filter(|it| it.amount < 0) {
            self.cover(given.account, given.asset);
        }
    }

    fn void(&mut self, hash: &OrderHash, qty: u64) {
        if let Some(slot) = self.orders.find(hash) {
            self.orders.get_mut(slot).voided_qty += qty;
        }
    }

    fn confirm(&mut self, ix: TradeIx, trade: &Trade) {
        let goes = match trade.fate {
            Some(Fate::Reorg) => true,
            Some(Fate::Settle | Fate::Fail | Fate::Retry(_)) => false,
            None => self.draw(self.config.settlement.reorg_ppm),
        };
        let back = self.moves_back(trade);
        // What was spent since cannot come back: then the block stays.
        if !goes || !self.can_move(&back) {
            self.set_status(ix, TradeStatus::Confirmed);
            return;
        }
        self.make_moves(&back);
        self.owe_again(trade);
        self.move_sets(trade, true);
        if let Some(trade) = self.trades.get_mut(ix) {
            trade.fate = trade.fate.filter(|fate| *fate != Fate::Reorg);
        }
        for given in back.iter().filter(|it| it.amount < 0) {
            self.cover(given.account, given.asset);
        }
        self.retry(ix);
    }

    fn moves_back(&self, trade: &Trade) -> Vec<Move> {
        let moves = self.moves_of(trade);
        moves.into_iter().map(|it| Move { amount: -it.amount, ..it }).collect()
    }

    fn set_status(&mut self, ix: TradeIx, status: TradeStatus) {
        let now = self.now;
        if let Some(trade) = self.trades.get_mut(ix) {
            (trade.status, trade.updated_at) = (status, now);
        }
        self.out.push(Event::Trade { trade: ix, status });
    }

    fn draw(&mut self, ppm: u32) -> bool {
        ppm > 0 && self.rng.below(1_000_000) < ppm
    }

    /// All movements of a trade, the taker's first. The fee goes to the venue.
    fn moves_of(&self, trade: &Trade) -> Vec<Move> {
        let mut moves = Vec::with_capacity(at(trade.fills) * 2 + 2);
        let (cash, qty, fee) = (signed(trade.cash), signed(trade.qty), signed(trade.fee));
        let (paid, got) = match trade.side {
            Side::Buy => (-cash - fee, qty),
            Side::Sell => (cash - fee, -qty),
        };
        push_pair(&mut moves, trade.account, trade.token, paid, got);
        for fill in self.trades.fills_of(trade) {
            let (cash, qty) = (signed(fill.cash), signed(fill.qty));
            let (paid, got) = match fill.side {
                Side::Buy => (-cash, qty),
                Side::Sell => (cash, -qty),
            };
            push_pair(&mut moves, fill.account, fill.token, paid, got);
        }
        moves
    }

    /// Whether each account has what it gives, what it gets left out.
    fn can_move(&self, moves: &[Move]) -> bool {
        let given = |of: &Move| -> i64 {
            let same = moves.iter().filter(|it| it.account == of.account && it.asset == of.asset);
            same.map(|it| it.amount.min(0)).sum()
        };
        moves.iter().filter(|it| it.amount < 0).all(|it| {
            let balance = self.accounts[at(it.account.0)].holding(it.asset).balance;
            given(it).unsigned_abs() <= balance
        })
    }

    fn make_moves(&mut self, moves: &[Move]) {
        for it in moves.iter().filter(|it| it.amount < 0) {
            self.debit(it.account, it.asset, it.amount.unsigned_abs());
        }
        for it in moves.iter().filter(|it| it.amount > 0) {
            self.credit(it.account, it.asset, it.amount.unsigned_abs());
        }
    }

    /// Whether the exchange, and in a group the adapter, may move what everybody gives.
    fn is_allowed(&self, trade: &Trade) -> bool {
        let (market, _) = trade.token.split();
        let spec = &self.markets[at(market.0)].spec;
        let exchange = spec.exchange();
        let may = |account: AccountIx, side: Side, token: TokenIx, amount: u64| {
            let account = &self.accounts[at(account.0)];
            match side {
                Side::Buy => account.allowance(Asset::Collateral, exchange) >= amount,
                Side::Sell => {
                    account.allowance(Asset::Token(token), exchange) >= amount
                        && (exchange != Spender::NegRiskExchange
                            || account.approval(Spender::NegRiskAdapter).has_tokens)
                }
            }
        };
        let paid = trade.cash + trade.fee;
        may(trade.account, trade.side, trade.token, paid)
            && self
                .trades
                .fills_of(trade)
                .all(|fill| may(fill.account, fill.side, fill.token, fill.cash))
    }

    fn release_owed(&mut self, trade: &Trade) {
        self.change_owed(trade, |matched, owed| matched - owed);
    }

    fn owe_again(&mut self, trade: &Trade) {
        self.change_owed(trade, |matched, owed| matched + owed);
    }

    fn change_owed(&mut self, trade: &Trade, change: impl Fn(u64, u64) -> u64) {
        let (asset, owed) = trade.owes();
        let holding = self.accounts[at(trade.account.0)].holding_mut(asset);
        holding.matched = change(holding.matched, owed);
        for fill in self.trades.fills_of(trade) {
            let (asset, owed) = fill.owes();
            let holding = self.accounts[at(fill.account.0)].holding_mut(asset);
            holding.matched = change(holding.matched, owed);
        }
    }

    /// Books the fee and the sets that a trade makes or dissolves, or takes both back.
    fn move_sets(&mut self, trade: &Trade, back: bool) {
        let sum = |kind| -> u64 {
            let fills = self.trades.fills_of(trade).filter(|fill| fill.kind == kind);
            fills.map(|fill| fill.qty).sum()
        };
        let (made, dissolved) = (sum(MatchKind::Mint), sum(MatchKind::Merge));
        let (made, dissolved) = if back { (dissolved, made) } else { (made, dissolved) };
        let (market, _) = trade.token.split();
        let locked = self.locked_mut(market);
        *locked = *locked + made - dissolved;
        self.fees = if back { self.fees - trade.fee } else { self.fees + trade.fee };
    }

    /// Collateral behind a market's tokens: its own, or its group's.
    pub(super) fn locked_mut(&mut self, market: MarketIx) -> &mut u64 {
        let market = &mut self.markets[at(market.0)];
        match market.spec.group {
            Some(group) => &mut self.groups[at(group.0)].locked,
            None => &mut market.locked,
        }
    }
}

fn push_pair(moves: &mut Vec<Move>, account: AccountIx, token: TokenIx, cash: i64, shares: i64) {
    moves.push(Move { account, asset: Asset::Collateral, amount: cash });
    moves.push(Move { account, asset: Asset::Token(token), amount: shares });
}

fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
