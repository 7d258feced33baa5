//! Rows of `fills.csv`: every change of the account's cash and shares, with fees (docs/FILES.md).
//!
//! Owns: the form of a row. Must never: compute an amount; each is the ledger's own, so that the
//! sum of the `cash` cells is the ledger's cash and the identity of S-33 can be checked from files.

use std::fmt::Write as _;

use super::oms::Names;
use super::order_params::OrderMode;
use super::rows::price_text;
use crate::ids::SetIx;
use crate::ledger::{CashChange, Fill};
use crate::market::SetDef;
use crate::order::gateway::Intent;
use crate::shadow::exact;
use crate::shadow::rows::{settlement_word, text_cell};
use crate::units::{Nanos, Qty, Usdc};

/// Header of `fills.csv`.
pub(super) const FILLS_HEADER: &str = "ts_ms,run_id,mode,signal_id,market_id,settlement,legs_n,\
event,order_id,trade_id,leg_index,token_id,side,qty,price,fee,settle_status,cash,account_cash";
const MICRO_SCALE: u32 = 6;

/// What every row begins and ends with.
pub(super) struct Change<'a> {
    /// Engine time.
    pub(super) ts: Nanos,
    pub(super) mode: OrderMode,
    pub(super) signal_id: u64,
    pub(super) set: Option<SetIx>,
    /// Cash of the ledger before and after.
    pub(super) cash: (CashChange, CashChange),
    pub(super) names: &'a Names<'a>,
}

/// A fill that is new, or one that the chain has decided; `event` says which.
pub(super) fn fill(
    out: &mut String,
    change: &Change<'_>,
    event: &str,
    intent: &Intent,
    fill: &Fill,
) {
    head(out, change);
    let token = change.names.universe.token_id(fill.token);
    let _ = write!(out, "{event},{},", super::oms_rows::hex(intent.hash));
    for byte in fill.key.trade.0 {
        let _ = write!(out, "{byte:02x}");
    }
    let _ = write!(
        out,
        ",{},{},{},{},{},{},{},",
        intent.attempt.key.leg,
        token.map(text_cell).unwrap_or_default(),
        fill.side.word(),
        shares(fill.qty),
        price_text(fill.price),
        dollars(fill.fee),
        fill.settle.word(),
    );
    tail(out, change);
}

/// Whole sets that became dollars.
pub(super) fn merge(out: &mut String, change: &Change<'_>, qty: Qty) {
    head(out, change);
    let _ = write!(out, "MERGE,,,,,,{},,,CONF,", shares(qty));
    tail(out, change);
}

fn head(out: &mut String, change: &Change<'_>) {
    let set: Option<&SetDef> = change.set.and_then(|set| change.names.universe.set(set));
    let _ = write!(
        out,
        "{},{},{},{},{},{},{},",
        change.ts.millis_floor(),
        text_cell(change.names.run_id),
        change.mode.word(),
        change.signal_id,
        set.map(|set| text_cell(&set.key)).unwrap_or_default(),
        set.map_or("", |set| settlement_word(set.settlement)),
        set.map(|set| set.legs.len().to_string()).unwrap_or_default(),
    );
}

fn tail(out: &mut String, change: &Change<'_>) {
    let (before, after) = change.cash;
    let moved = total(after).saturating_sub(total(before));
    let cell = |micros| exact::plain(micros, MICRO_SCALE, MICRO_SCALE);
    let _ = writeln!(out, "{},{}", cell(moved), cell(total(after)));
}

/// Cash on both axes; 128 bits hold any two sums of 64.
pub(super) fn total(cash: CashChange) -> i128 {
    i128::from(cash.conf.0).saturating_add(i128::from(cash.prov.0))
}

fn shares(qty: Qty) -> String {
    exact::plain(i128::from(qty.0), MICRO_SCALE, MICRO_SCALE)
}

fn dollars(amount: Usdc) -> String {
    exact::plain(i128::from(amount.0), MICRO_SCALE, MICRO_SCALE)
}
