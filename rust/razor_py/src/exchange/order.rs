//! A verified order on its way into the exchange.

use pyo3::prelude::*;
use razor_core::ids::TokenIx;
use razor_core::order::Side;
use razor_sim::exchange::{AccountIx, Exchange as Core, OwnerIx, PlaceOrder, Sizing, Spender};

use super::words;

/// A verified order; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct ExchangeOrder {
    /// `signed_for` is that of the market if `is_of_market`.
    order: PlaceOrder,
    is_of_market: bool,
}

#[pymethods]
impl ExchangeOrder {
    #[new]
    #[pyo3(signature = (
        *, order_id, owner, account, token, is_buy, maker_amount, taker_amount, order_type,
        is_post_only=false, expiration_s=0, is_by_amount=false, signed_for=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        order_id: &str,
        owner: u32,
        account: u32,
        token: u32,
        is_buy: bool,
        maker_amount: u64,
        taker_amount: u64,
        order_type: &str,
        is_post_only: bool,
        expiration_s: i64,
        is_by_amount: bool,
        signed_for: Option<&str>,
    ) -> PyResult<Self> {
        let order = PlaceOrder {
            hash: words::order_id(order_id)?,
            owner: OwnerIx(owner),
            account: AccountIx(account),
            token: TokenIx(token),
            side: if is_buy { Side::Buy } else { Side::Sell },
            maker_amount,
            taker_amount,
            order_type: words::order_type(order_type)?,
            is_post_only,
            expiration_s,
            sizing: if is_by_amount { Sizing::Amount } else { Sizing::Shares },
            signed_for: signed_for.map_or(Ok(Spender::Exchange), words::spender)?,
        };
        Ok(Self { order, is_of_market: signed_for.is_none() })
    }
}

impl ExchangeOrder {
    /// The order as `exchange` takes it.
    pub(super) fn for_exchange(&self, exchange: &Core) -> PlaceOrder {
        let market = exchange.market(self.order.token.split().0);
        match market.filter(|_| self.is_of_market) {
            Some(market) => PlaceOrder { signed_for: market.spec.exchange(), ..self.order },
            None => self.order,
        }
    }
}
