//! Trades as the public and the accounts see them, for the layer that answers with rows of trades.
//!
//! Owns: the class `ExchangePrint`. Must never: compute; it copies what the ledger has.

use pyo3::prelude::*;
use razor_core::order::Side;
use razor_sim::exchange::{AccountIx, Address, Exchange as Core, Fill, Trade, TradeIx};

/// One side of a match; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct ExchangePrint {
    trade: u64,
    account: u32,
    address: String,
    token: u32,
    is_buy: bool,
    is_taker: bool,
    price_micros: u64,
    qty: u64,
    cash: u64,
    fee: u64,
    matched_ns: i64,
    status: &'static str,
    transaction: String,
}

/// Which prints are wanted.
pub(super) struct Wanted {
    /// Those of one account, as it sees them: also what it made.
    pub(super) account: Option<AccountIx>,
    /// Takers' rows alone.
    pub(super) is_taker_only: bool,
}

/// The rows of one trade: the taker's first.
pub(super) fn rows(core: &Core, ix: TradeIx, trade: &Trade, wanted: &Wanted) -> Vec<ExchangePrint> {
    let is_mine = |account| wanted.account.is_none_or(|mine| mine == account);
    let taker = is_mine(trade.account).then(|| taker_row(core, ix, trade));
    let made = core
        .fills(trade)
        .filter(|fill| !wanted.is_taker_only && is_mine(fill.account))
        .map(|fill| maker_row(core, ix, trade, fill));
    taker.into_iter().chain(made).collect()
}

fn taker_row(core: &Core, ix: TradeIx, trade: &Trade) -> ExchangePrint {
    ExchangePrint {
        trade: ix.0,
        account: trade.account.0,
        address: address_of(core, trade.account),
        token: trade.token.0,
        is_buy: trade.side == Side::Buy,
        is_taker: true,
        price_micros: trade.price.price().micros().into(),
        qty: trade.qty,
        cash: trade.cash,
        fee: trade.fee,
        matched_ns: trade.matched_at.0,
        status: trade.status.word(),
        transaction: core.transaction_text(trade.transaction),
    }
}

fn maker_row(core: &Core, ix: TradeIx, trade: &Trade, fill: &Fill) -> ExchangePrint {
    ExchangePrint {
        trade: ix.0,
        account: fill.account.0,
        address: address_of(core, fill.account),
        token: fill.token.0,
        is_buy: fill.side == Side::Buy,
        is_taker: false,
        price_micros: fill.price.price().micros().into(),
        qty: fill.qty,
        cash: fill.cash,
        fee: 0,
        matched_ns: trade.matched_at.0,
        status: trade.status.word(),
        transaction: core.transaction_text(trade.transaction),
    }
}

fn address_of(core: &Core, account: AccountIx) -> String {
    let Address(bytes) = core.account(account).map_or(Address([0; 20]), |account| account.address);
    razor_sign::Address(bytes).to_string()
}
