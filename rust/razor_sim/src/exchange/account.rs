//! Accounts: balances on chain and what open orders and unsettled trades hold of them.
//!
//! Owns: the placement gate `balance ≥ active + matched + order amount` (as measured by users of
//! the venue), the contracts' approvals, and the rule for accounts whose balance falls.
//!
//! Must never: let an open order stand that its balance no longer covers: the venue watches
//! balances and cancels, and so does the exchange, newest order first, in the moment of the loss.
//! A matched order is not undone; its trade fails when it is settled.
//!
//! Invariant, per asset: `open == 0` or `open + matched ≤ balance`.

use std::collections::BTreeMap;

use razor_core::ids::TokenIx;

use super::orders::NONE;
use super::refusal::{Address, Refusal, SetupFault};
use super::{AccountIx, ActionIx, Event, Exchange, Standing, at};

/// No balance may reach this; sums of a few of them stay inside 64 bits.
const MAX_BALANCE: u64 = 1_000_000_000_000_000_000;

/// Something an account can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asset {
    /// pUSD, in micro-dollars.
    Collateral,
    /// Outcome tokens, in micro-shares.
    Token(TokenIx),
}

/// A contract that may be allowed to move assets (PROTOCOL §0.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spender {
    /// CTF Exchange V2.
    Exchange,
    /// Neg Risk CTF Exchange V2.
    NegRiskExchange,
    /// Exchange V3.
    ExchangeV3,
    /// `CtfCollateralAdapter`.
    Adapter,
    /// `NegRiskCtfCollateralAdapter`.
    NegRiskAdapter,
    /// Router of protocol V2.
    Router,
}

impl Spender {
    /// All of them, in the order of their positions.
    pub const ALL: [Self; 6] = [
        Self::Exchange,
        Self::NegRiskExchange,
        Self::ExchangeV3,
        Self::Adapter,
        Self::NegRiskAdapter,
        Self::Router,
    ];

    const fn position(self) -> usize {
        match self {
            Self::Exchange => 0,
            Self::NegRiskExchange => 1,
            Self::ExchangeV3 => 2,
            Self::Adapter => 3,
            Self::NegRiskAdapter => 4,
            Self::Router => 5,
        }
    }
}

/// What one contract may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Approval {
    /// Micro-dollars, `u64::MAX` is without bound; the exchange does not count it down.
    pub pusd: u64,
    /// Whether it may move tokens.
    pub has_tokens: bool,
}

/// One asset of an account, micro units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// On chain.
    pub balance: u64,
    /// Held by open and delayed orders.
    pub open: u64,
    /// Owed by trades that are not settled.
    pub matched: u64,
}

impl Holding {
    /// What a new order may use.
    pub const fn available(self) -> u64 {
        self.balance.saturating_sub(self.open).saturating_sub(self.matched)
    }
}

/// One wallet.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// Whether it may trade.
    pub standing: Standing,
    pub(super) cash: Holding,
    pub(super) tokens: BTreeMap<TokenIx, Holding>,
    pub(super) approvals: [Approval; 6],
    pub(super) in_flight: Option<ActionIx>,
}

impl Account {
    pub(super) fn new(address: Address, is_approved: bool) -> Self {
        let approval = if is_approved {
            Approval { pusd: u64::MAX, has_tokens: true }
        } else {
            Approval::default()
        };
        Self {
            address,
            standing: Standing::Open,
            cash: Holding::default(),
            tokens: BTreeMap::new(),
            approvals: [approval; 6],
            in_flight: None,
        }
    }

    /// What it has of an asset. Logarithmic in its tokens.
    pub fn holding(&self, asset: Asset) -> Holding {
        match asset {
            Asset::Collateral => self.cash,
            Asset::Token(token) => self.tokens.get(&token).copied().unwrap_or_default(),
        }
    }

    /// What a contract may move.
    pub const fn approval(&self, spender: Spender) -> Approval {
        self.approvals[spender.position()]
    }

    /// Tokens it has or had, in order of index.
    pub fn tokens(&self) -> impl Iterator<Item = (TokenIx, Holding)> + '_ {
        self.tokens.iter().map(|(token, holding)| (*token, *holding))
    }

    pub(super) fn holding_mut(&mut self, asset: Asset) -> &mut Holding {
        match asset {
            Asset::Collateral => &mut self.cash,
            Asset::Token(token) => self.tokens.entry(token).or_default(),
        }
    }

    pub(super) const fn approve(&mut self, spender: Spender, approval: Approval) {
        self.approvals[spender.position()] = approval;
    }

    /// The gate of placement: balance and allowance beside what is held already.
    pub(super) fn admit(&self, asset: Asset, spender: Spender, amount: u64) -> Result<(), Refusal> {
        let Holding { balance, open, matched } = self.holding(asset);
        if open + matched + amount > balance {
            return Err(Refusal::Balance { balance, active: open, matched, amount });
        }
        let allowance = self.allowance(asset, spender);
        if allowance < amount {
            return Err(Refusal::Allowance { allowance, amount });
        }
        Ok(())
    }

    pub(super) fn allowance(&self, asset: Asset, spender: Spender) -> u64 {
        let approval = self.approval(spender);
        match asset {
            Asset::Collateral => approval.pusd,
            Asset::Token(_) if approval.has_tokens => u64::MAX,
            Asset::Token(_) => 0,
        }
    }
}

impl Exchange {
    pub(super) fn credit(&mut self, account: AccountIx, asset: Asset, amount: u64) {
        let holding = self.accounts[at(account.0)].holding_mut(asset);
        holding.balance += amount;
        let balance = holding.balance;
        self.out.push(Event::Balance { account, asset, balance });
    }

    /// Takes from a balance that covers it.
    pub(super) fn debit(&mut self, account: AccountIx, asset: Asset, amount: u64) {
        let holding = self.accounts[at(account.0)].holding_mut(asset);
        holding.balance -= amount;
        let balance = holding.balance;
        self.out.push(Event::Balance { account, asset, balance });
    }

    pub(super) fn account_of(&self, account: AccountIx) -> Result<&Account, SetupFault> {
        self.accounts.get(at(account.0)).ok_or(SetupFault::Unknown)
    }

    pub(super) fn deposit(&mut self, account: AccountIx, amount: u64) -> Result<(), SetupFault> {
        let balance = self.account_of(account)?.cash.balance;
        let total = self.deposited.checked_add(amount).ok_or(SetupFault::Amount)?;
        if amount == 0 || balance.saturating_add(amount) >= MAX_BALANCE || total >= MAX_BALANCE {
            return Err(SetupFault::Amount);
        }
        self.deposited = total;
        self.credit(account, Asset::Collateral, amount);
        Ok(())
    }

    pub(super) fn withdraw(&mut self, account: AccountIx, amount: u64) -> Result<(), SetupFault> {
        if self.account_of(account)?.cash.balance < amount {
            return Err(SetupFault::Balance);
        }
        self.deposited -= amount;
        self.debit(account, Asset::Collateral, amount);
        self.cover(account, Asset::Collateral);
        Ok(())
    }

    pub(super) fn transfer(
        &mut self,
        from: AccountIx,
        to: AccountIx,
        asset: Asset,
        amount: u64,
    ) -> Result<(), SetupFault> {
        self.account_of(to)?;
        if self.account_of(from)?.holding(asset).balance < amount {
            return Err(SetupFault::Balance);
        }
        self.debit(from, asset, amount);
        self.credit(to, asset, amount);
        self.cover(from, asset);
        Ok(())
    }

    /// Cancels the newest orders on an asset until the balance covers what is left.
    pub(super) fn cover(&mut self, account: AccountIx, asset: Asset) {
        loop {
            let holding = self.accounts[at(account.0)].holding(asset);
            if holding.open == 0 || holding.open + holding.matched <= holding.balance {
                return;
            }
            let Some(slot) = self.newest_open(account, asset) else { return };
            self.end_order(slot, super::CancelReason::NotEnoughBalance);
        }
    }

    /// The open or delayed order of an account that gives this asset and came last.
    fn newest_open(&self, account: AccountIx, asset: Asset) -> Option<super::Slot> {
        let owners = self.owners.iter().filter(|owner| owner.account == account);
        let mut newest = None;
        for owner in owners {
            let mut slot = owner.head;
            while slot != NONE {
                let order = self.orders.get(slot);
                if order.gives() == asset && newest.is_none_or(|(serial, _)| serial < order.serial)
                {
                    newest = Some((order.serial, super::Slot(slot)));
                }
                slot = order.owner_next;
            }
        }
        newest.map(|(_, slot)| slot)
    }
}
