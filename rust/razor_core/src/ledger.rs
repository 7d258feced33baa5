//! What the account has: shares and cash on two axes, matched times settled.
//!
//! A match is not a settlement: it is provisional until the chain confirms or voids it. So every
//! token has three lots of shares, each with its cost:
//!
//! ```text
//! incoming  bought, provisional       -> free (confirmed)       | gone (void)
//! free      confirmed, may be sold    -> outgoing (sold)        | gone (merged, redeemed)
//! outgoing  sold, provisional         -> gone (confirmed)       | free (void), at its old cost
//! ```
//!
//! Owns: [`Ledger`], [`Fill`], [`Settle`]. Must never: sell or merge what is not confirmed (S-22),
//! give up the cost of a sold share before the sale is confirmed, or apply half of a fill.
//!
//! Invariants: a fill is applied once, whatever is repeated (S-11); shares and cash are the sums
//! of the fills that are not void (S-10, S-23); confirmed cash plus the cost of confirmed shares is
//! the realised result (S-33). Buys cost `notional_ceil + fee`, sells bring `notional_floor − fee`.
//! A sale takes the average cost of the free shares, rounded down: what stays is never under cost.

mod account;
mod stock;
#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::ids::TokenIx;
use crate::order::{OrderIx, Side, TradeId};
use crate::units::{Price, Qty, UnitError, Usdc};
use account::Account;
use stock::{Booking, Stock};

/// What the chain has said of a fill; the last two are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Settle {
    /// Matched, mined or retrying: neither spendable nor lost.
    Prov,
    /// On the chain for good.
    Conf,
    /// It never came to be.
    Void,
}

impl Settle {
    /// The word of the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prov => "PROV",
            Self::Conf => "CONF",
            Self::Void => "VOID",
        }
    }
}

/// What makes a fill the same fill: one match fills several of our orders, one order many matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FillKey {
    /// Our order.
    pub order: OrderIx,
    /// The venue's match.
    pub trade: TradeId,
}

/// One fill of one of our orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fill {
    /// Its identity.
    pub key: FillKey,
    /// The token of our order, never of the other side of a mirrored match (F-44).
    pub token: TokenIx,
    /// The side of our order.
    pub side: Side,
    /// Shares, above zero.
    pub qty: Qty,
    /// Price paid or got per share.
    pub price: Price,
    /// Fee in micro-dollars, zero or above.
    pub fee: Usdc,
    /// What the chain says.
    pub settle: Settle,
}

/// What came of booking a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Booked {
    /// Seen for the first time.
    New,
    /// Known, and the chain has decided.
    Moved {
        /// What it was.
        from: Settle,
        /// What it is.
        to: Settle,
        /// The fill as it is booked now: its first quantity, price and fee, settled as `to`.
        fill: Fill,
    },
    /// Known as it is.
    Repeated,
    /// An older word than the one booked; ignored (F-43).
    Regressed,
}

/// Why nothing was booked; the ledger is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// A sum beyond 64 bits.
    #[error("shares or cash exceed 64 bits of micro-units; stop trading and reconcile")]
    Overflow,
    /// The same fill came with other facts.
    #[error("a fill of order {} came again with another {field}; stop and reconcile", order.0)]
    Changed {
        /// Our order.
        order: OrderIx,
        /// What differs: `token`, `side`, `qty` or `price`.
        field: &'static str,
    },
    /// A final word was taken back.
    #[error(
        "a fill of order {} was {} and is said to be {}; stop and reconcile",
        order.0, booked.word(), said.word()
    )]
    Contradicted {
        /// Our order.
        order: OrderIx,
        /// What is booked.
        booked: Settle,
        /// What was said.
        said: Settle,
    },
    /// More leaves than is confirmed and unpromised.
    #[error(
        "{} micro-shares of token {} leave but only {} are confirmed and free; reconcile",
        asked.0, token.0, free.0
    )]
    Short {
        /// The token.
        token: TokenIx,
        /// Confirmed shares that are in no sale.
        free: Qty,
        /// Shares asked for.
        asked: Qty,
    },
    /// A movement of no shares.
    #[error("a movement of zero shares is none; drop it where it is decoded")]
    Empty,
    /// A fee, a payout or proceeds below zero.
    #[error("{} micro-dollars where only zero and above make sense; refuse the source", amount.0)]
    Negative {
        /// What came.
        amount: Usdc,
    },
    /// No legs, or one twice.
    #[error("a merge needs different legs; these {legs} are none or repeat one")]
    BadLegs {
        /// Legs given.
        legs: usize,
    },
}

/// Units fail here only by size: signs are checked where a sum could fall below zero.
impl From<UnitError> for LedgerError {
    fn from(_: UnitError) -> Self {
        Self::Overflow
    }
}

/// What the account has of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Confirmed buys less confirmed sells, plus and minus treasury; never below zero.
    pub conf: Qty,
    /// Provisional buys.
    pub prov_in: Qty,
    /// Provisional sells; still part of `conf`.
    pub prov_out: Qty,
    /// Cost of all of it: confirmed and incoming shares, those in provisional sales included.
    pub cost: Usdc,
    /// The part of `cost` that is of confirmed shares.
    pub conf_cost: Usdc,
    /// The part of `conf_cost` that leaves when the provisional sells are confirmed.
    pub out_cost: Usdc,
}

/// Cash since the ledger began: buys, fees and payments out are negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CashChange {
    /// From confirmed fills and treasury.
    pub conf: Usdc,
    /// From provisional fills.
    pub prov: Usdc,
}

/// Bytes that a final fill takes for the rest of the run.
pub const FINAL_BYTES: usize = size_of::<Fill>();

/// All fills and what they add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Ledger {
    /// Provisional fills, ascending by key.
    open: Vec<Booking>,
    /// Final fills, ascending by key: they are kept to be compared with repeats. Orders come in
    /// order and settle within minutes, so that a fill is put in close to the end.
    closed: Vec<Fill>,
    stock: Stock,
}

impl Ledger {
    /// Books a fill, or what is news about a booked one.
    ///
    /// A repeat is compared by token, side, quantity and price; its fee is not, because the venue
    /// tells the real one late: the fee first booked stays.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn book(&mut self, fill: Fill) -> Result<Booked, LedgerError> {
        let open = match self.open.binary_search_by(|booking| booking.fill.key.cmp(&fill.key)) {
            Ok(at) => return self.book_open(at, fill),
            Err(at) => at,
        };
        match self.place_closed(fill.key) {
            Ok(at) => match self.closed.get(at) {
                Some(booked) => book_closed(booked, &fill),
                None => Ok(Booked::Repeated),
            },
            Err(closed) => {
                check_amount(fill.qty, fill.fee)?;
                let booking = self.stock.open(fill)?;
                match fill.settle {
                    Settle::Prov => self.open.insert(open, booking),
                    Settle::Conf | Settle::Void => self.closed.insert(closed, fill),
                }
                Ok(Booked::New)
            }
        }
    }

    /// What is said of a provisional fill.
    fn book_open(&mut self, at: usize, said: Fill) -> Result<Booked, LedgerError> {
        let Some(booking) = self.open.get(at).copied() else { return Ok(Booked::Repeated) };
        check_same(&booking.fill, &said)?;
        let from = booking.fill.settle;
        match said.settle {
            Settle::Prov => Ok(Booked::Repeated),
            to @ (Settle::Conf | Settle::Void) => {
                let fill = self.stock.settle(booking, to)?.fill;
                self.open.remove(at);
                let (Ok(place) | Err(place)) = self.place_closed(fill.key);
                self.closed.insert(place, fill);
                Ok(Booked::Moved { from, to, fill })
            }
        }
    }

    /// Where a final fill is, or else belongs; news is about the last orders.
    fn place_closed(&self, key: FillKey) -> Result<usize, usize> {
        if self.closed.last().is_none_or(|last| last.key < key) {
            return Err(self.closed.len());
        }
        self.closed.binary_search_by(|fill| fill.key.cmp(&key))
    }

    /// What the account has of a token.
    pub fn position(&self, token: TokenIx) -> Position {
        self.stock.accounts.get(&token).map(Account::position).unwrap_or_default()
    }

    /// Every token of which there is anything, in order.
    pub fn positions(&self) -> impl Iterator<Item = (TokenIx, Position)> + '_ {
        self.stock.accounts.iter().map(|(token, account)| (*token, account.position()))
    }

    /// Shares that may be sold: confirmed and in no provisional sale (S-09, S-22).
    pub fn sellable(&self, token: TokenIx) -> Qty {
        self.stock.accounts.get(&token).map(|account| account.free.qty).unwrap_or_default()
    }

    /// Cost of everything held, the first term of exposure.
    ///
    /// Shares in a provisional sale count until it is confirmed, so that a void never raises it.
    ///
    /// # Errors
    /// [`LedgerError::Overflow`].
    pub fn cost(&self) -> Result<Usdc, LedgerError> {
        let cost = i64::try_from(self.stock.cost).map(Usdc).map_err(|_| LedgerError::Overflow);
        debug_assert_eq!(cost, sum(self.positions().map(|(_, position)| position.cost)));
        cost
    }

    /// Cost of the confirmed shares; with [`CashChange::conf`] it adds up to [`Self::realised`].
    ///
    /// # Errors
    /// [`LedgerError::Overflow`].
    pub fn conf_cost(&self) -> Result<Usdc, LedgerError> {
        sum(self.positions().map(|(_, position)| position.conf_cost))
    }

    /// Gives `qty` of each leg for `proceeds`, on the chain for good.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn merge(&mut self, legs: &[TokenIx], qty: Qty, proceeds: Usdc) -> Result<(), LedgerError> {
        check_amount(qty, proceeds)?;
        check_legs(legs)?;
        self.stock.take(legs, qty, proceeds)
    }

    /// Gives `qty` of a resolved token for `payout`, which may be zero (F-55).
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed.
    pub fn redeem(&mut self, token: TokenIx, qty: Qty, payout: Usdc) -> Result<(), LedgerError> {
        self.merge(&[token], qty, payout)
    }

    /// Cash since the ledger began (S-23).
    pub const fn cash_change(&self) -> CashChange {
        self.stock.cash
    }

    /// Result of confirmed sales and treasury against the cost of what left (S-22).
    pub const fn realised(&self) -> Usdc {
        self.stock.realised
    }

    /// Shares of an order's fills that are not void, capped at 64 bits. Linear in its fills.
    pub fn filled(&self, order: OrderIx) -> Qty {
        let sum = self.fills_of(order).fold(0_u64, |sum, fill| sum.saturating_add(fill.qty.0));
        Qty(sum)
    }

    /// The fills of an order that are not void: provisional ones first, each kind by trade id.
    pub fn fills_of(&self, order: OrderIx) -> impl Iterator<Item = &Fill> {
        let first = FillKey { order, trade: TradeId([0; 16]) };
        let last = FillKey { order, trade: TradeId([u8::MAX; 16]) };
        let open = within(&self.open, |booking| booking.fill.key, first, last);
        let closed = within(&self.closed, |fill| fill.key, first, last);
        let fills = open.iter().map(|booking| &booking.fill).chain(closed);
        fills.filter(|fill| fill.settle != Settle::Void)
    }

    /// A fill as it is booked.
    pub fn fill(&self, key: FillKey) -> Option<&Fill> {
        let open = self.open.binary_search_by(|booking| booking.fill.key.cmp(&key));
        match open {
            Ok(at) => self.open.get(at).map(|booking| &booking.fill),
            Err(_) => self.place_closed(key).ok().and_then(|at| self.closed.get(at)),
        }
    }
}

/// The part of ascending `all` between two keys, both included.
fn within<T>(all: &[T], key: impl Fn(&T) -> FillKey, first: FillKey, last: FillKey) -> &[T] {
    let from = all.partition_point(|one| key(one) < first);
    let to = all.partition_point(|one| key(one) <= last);
    all.get(from..to).unwrap_or_default()
}

fn sum(costs: impl Iterator<Item = Usdc>) -> Result<Usdc, LedgerError> {
    costs.into_iter().try_fold(Usdc::ZERO, |sum, cost| Ok(sum.plus(cost)?))
}

/// What is said of a final fill: both words, one outcome each.
fn book_closed(booked: &Fill, said: &Fill) -> Result<Booked, LedgerError> {
    check_same(booked, said)?;
    let order = said.key.order;
    let (booked, said) = (booked.settle, said.settle);
    match booked {
        Settle::Prov => Ok(Booked::Repeated),
        Settle::Conf => match said {
            Settle::Prov => Ok(Booked::Regressed),
            Settle::Conf => Ok(Booked::Repeated),
            Settle::Void => Err(LedgerError::Contradicted { order, booked, said }),
        },
        Settle::Void => match said {
            Settle::Prov => Ok(Booked::Regressed),
            Settle::Conf => Err(LedgerError::Contradicted { order, booked, said }),
            Settle::Void => Ok(Booked::Repeated),
        },
    }
}

fn check_amount(qty: Qty, amount: Usdc) -> Result<(), LedgerError> {
    if qty == Qty::ZERO {
        return Err(LedgerError::Empty);
    }
    if amount < Usdc::ZERO { Err(LedgerError::Negative { amount }) } else { Ok(()) }
}

/// At most 64 legs: looking back is cheaper than sorting.
fn check_legs(legs: &[TokenIx]) -> Result<(), LedgerError> {
    let is_repeated = |at: usize, leg| legs.iter().take(at).any(|earlier| earlier == leg);
    let is_bad = legs.is_empty() || legs.iter().enumerate().any(|(at, leg)| is_repeated(at, leg));
    if is_bad { Err(LedgerError::BadLegs { legs: legs.len() }) } else { Ok(()) }
}

fn check_same(booked: &Fill, said: &Fill) -> Result<(), LedgerError> {
    let differs = [
        ("token", booked.token != said.token),
        ("side", booked.side != said.side),
        ("qty", booked.qty != said.qty),
        ("price", booked.price != said.price),
    ];
    let order = booked.key.order;
    match differs.into_iter().find(|(_, is_other)| *is_other) {
        Some((field, _)) => Err(LedgerError::Changed { order, field }),
        None => Ok(()),
    }
}
