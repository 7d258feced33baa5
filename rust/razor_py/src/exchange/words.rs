//! Words of arguments: what the stub lists, and nothing else.

use pyo3::prelude::*;
use razor_core::order::OrderHash;
use razor_sign::Word;
use razor_sim::exchange::{Fate, Mode, OrderType, Payout, Spender, Standing};

use crate::errors::bad_argument;

const SPENDERS: [(&str, Spender); 6] = [
    ("exchange", Spender::Exchange),
    ("neg_risk_exchange", Spender::NegRiskExchange),
    ("exchange_v3", Spender::ExchangeV3),
    ("adapter", Spender::Adapter),
    ("neg_risk_adapter", Spender::NegRiskAdapter),
    ("router", Spender::Router),
];

/// The value of a word, or an error that lists the words.
fn pick<T: Copy>(word: &str, table: &[(&str, T)]) -> PyResult<T> {
    let found = table.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
        bad_argument(format!("{word:?} is none of {}", names.join(", ")))
    })
}

/// An order id: `0x` and 64 hex digits.
pub(super) fn order_id(text: &str) -> PyResult<OrderHash> {
    Word::from_hex(text, "an order id").map(|word| OrderHash(word.0)).map_err(bad_argument)
}

/// An address: `0x` and 40 hex digits, its checksum unchecked.
pub(super) fn address(text: &str) -> PyResult<[u8; 20]> {
    razor_sign::Address::from_hex(text).map(|address| address.0).map_err(bad_argument)
}

pub(super) fn order_type(word: &str) -> PyResult<OrderType> {
    let types = [OrderType::Gtc, OrderType::Gtd, OrderType::Fok, OrderType::Fak];
    pick(word, &types.map(|it| (it.word(), it)))
}

pub(super) fn spender(word: &str) -> PyResult<Spender> {
    pick(word, &SPENDERS)
}

pub(super) fn standing(word: &str) -> PyResult<Standing> {
    let (open, closed) = (Standing::Open, Standing::ClosedOnly);
    pick(word, &[("open", open), ("closed_only", closed), ("banned", Standing::Banned)])
}

pub(super) fn mode(word: &str) -> PyResult<Mode> {
    pick(
        word,
        &[
            ("normal", Mode::Normal),
            ("post_only", Mode::PostOnly),
            ("cancel_only", Mode::CancelOnly),
            ("disabled", Mode::Disabled),
            ("restarting", Mode::Restarting),
        ],
    )
}

pub(super) fn payout(word: &str) -> PyResult<Payout> {
    let all = [Payout::Yes, Payout::No, Payout::Half];
    pick(word, &all.map(|it| (payout_word(it), it)))
}

pub(super) const fn payout_word(payout: Payout) -> &'static str {
    match payout {
        Payout::Yes => "yes",
        Payout::No => "no",
        Payout::Half => "half",
    }
}

pub(super) fn fate(word: &str, times: u32) -> PyResult<Fate> {
    pick(
        word,
        &[
            ("settle", Fate::Settle),
            ("fail", Fate::Fail),
            ("retry", Fate::Retry(times)),
            ("reorg", Fate::Reorg),
        ],
    )
}
