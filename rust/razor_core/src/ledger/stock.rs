//! What the fills add up to: accounts, cash and result, changed as a whole or not at all.
//!
//! Owns: [`Stock`], [`Booking`]. Must never: compare fills; what is news is decided above.

use std::collections::BTreeMap;

use super::account::{Account, Lot};
use super::{CashChange, Fill, LedgerError, Settle};
use crate::ids::TokenIx;
use crate::order::Side;
use crate::units::{Qty, Usdc, notional_ceil, notional_floor};

/// A booked fill with what it moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Booking {
    pub(super) fill: Fill,
    /// What it does to cash when it is not void.
    cash: Usdc,
    /// Cost of the shares it brought or took while it is provisional; then zero, so that equal
    /// facts are equal states.
    cost: Usdc,
}

/// Accounts, cash and result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Stock {
    /// Tokens of which there is anything; an empty account is removed.
    pub(super) accounts: BTreeMap<TokenIx, Account>,
    pub(super) cash: CashChange,
    pub(super) realised: Usdc,
    /// Cost of all accounts, kept with every change; no sum of 64-bit costs exceeds it.
    pub(super) cost: i128,
}

impl Stock {
    /// Books a fill that is new.
    pub(super) fn open(&mut self, fill: Fill) -> Result<Booking, LedgerError> {
        let cash = cash_of(&fill)?;
        let cost = match fill.settle {
            Settle::Prov => self.open_prov(&fill, cash)?,
            Settle::Conf => {
                self.open_conf(&fill, cash)?;
                Usdc::ZERO
            }
            Settle::Void => Usdc::ZERO,
        };
        Ok(Booking { fill, cash, cost })
    }

    fn open_prov(&mut self, fill: &Fill, cash: Usdc) -> Result<Usdc, LedgerError> {
        let mut account = self.account(fill.token);
        let cost = match fill.side {
            Side::Buy => account.expect(lot_of(fill, cash)?)?,
            Side::Sell => account.promise(fill.token, fill.qty)?.cost,
        };
        self.cash.prov = self.cash.prov.plus(cash)?;
        self.put(fill.token, account);
        Ok(cost)
    }

    fn open_conf(&mut self, fill: &Fill, cash: Usdc) -> Result<(), LedgerError> {
        let mut account = self.account(fill.token);
        match fill.side {
            Side::Buy => {
                account.arrive(lot_of(fill, cash)?)?;
                self.cash.conf = self.cash.conf.plus(cash)?;
            }
            Side::Sell => {
                let left = account.leave(fill.token, fill.qty)?;
                self.earn(cash, left.cost)?;
            }
        }
        self.put(fill.token, account);
        Ok(())
    }

    /// Takes what the chain has decided of a provisional fill.
    pub(super) fn settle(&mut self, booking: Booking, to: Settle) -> Result<Booking, LedgerError> {
        let Booking { fill, cash, cost } = booking;
        assert!(fill.settle == Settle::Prov && to != Settle::Prov, "only provisional fills move");
        let lot = Lot { qty: fill.qty, cost };
        let mut account = self.account(fill.token);
        let prov = self.cash.prov.minus(cash)?;
        match fill.side {
            Side::Buy => account.incoming = account.incoming.less(lot)?,
            Side::Sell => account.outgoing = account.outgoing.less(lot)?,
        }
        match to {
            Settle::Conf => match fill.side {
                Side::Buy => {
                    account.arrive(lot)?;
                    self.cash.conf = self.cash.conf.plus(cash)?;
                }
                Side::Sell => self.earn(cash, cost)?,
            },
            Settle::Void => match fill.side {
                Side::Buy => {}
                Side::Sell => account.arrive(lot)?,
            },
            Settle::Prov => {}
        }
        self.cash.prov = prov;
        self.put(fill.token, account);
        Ok(Booking { fill: Fill { settle: to, ..fill }, cash, cost: Usdc::ZERO })
    }

    /// Takes confirmed shares of different tokens out for cash.
    pub(super) fn take(
        &mut self,
        legs: &[TokenIx],
        qty: Qty,
        proceeds: Usdc,
    ) -> Result<(), LedgerError> {
        let mut taken = Vec::with_capacity(legs.len());
        let mut cost = Usdc::ZERO;
        for token in legs {
            let mut account = self.account(*token);
            cost = cost.plus(account.leave(*token, qty)?.cost)?;
            taken.push((*token, account));
        }
        self.earn(proceeds, cost)?;
        for (token, account) in taken {
            self.put(token, account);
        }
        Ok(())
    }

    /// Confirmed cash for shares of this cost.
    fn earn(&mut self, cash: Usdc, cost: Usdc) -> Result<(), LedgerError> {
        let conf = self.cash.conf.plus(cash)?;
        self.realised = self.realised.plus(cash.minus(cost)?)?;
        self.cash.conf = conf;
        Ok(())
    }

    fn account(&self, token: TokenIx) -> Account {
        self.accounts.get(&token).copied().unwrap_or_default()
    }

    /// The last step of every change: nothing after it can fail.
    fn put(&mut self, token: TokenIx, account: Account) {
        account.check();
        let old = if account.is_empty() {
            self.accounts.remove(&token)
        } else {
            self.accounts.insert(token, account)
        };
        let before = old.map_or(0, |old| i128::from(old.position().cost.0));
        let change = i128::from(account.position().cost.0).saturating_sub(before);
        self.cost = self.cost.saturating_add(change);
    }
}

/// What a fill does to cash, rounded against us.
fn cash_of(fill: &Fill) -> Result<Usdc, LedgerError> {
    Ok(match fill.side {
        Side::Buy => Usdc::ZERO.minus(notional_ceil(fill.price, fill.qty)?.plus(fill.fee)?)?,
        Side::Sell => notional_floor(fill.price, fill.qty)?.minus(fill.fee)?,
    })
}

fn lot_of(fill: &Fill, cash: Usdc) -> Result<Lot, LedgerError> {
    Ok(Lot { qty: fill.qty, cost: Usdc::ZERO.minus(cash)? })
}
