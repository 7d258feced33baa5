//! Rows of `trade_log.csv` and `calibration_log.csv` (ARCHITECTURE §6).

use std::fmt::Write as _;

use super::oms::Names;
use super::rows::price_text;
use crate::basket::{Row, Sample};
use crate::ids::SetIx;
use crate::order::OrderHash;
use crate::shadow::exact;
use crate::shadow::rows::text_cell;
use crate::units::{Nanos, Price, Qty};

/// Header of `trade_log.csv`.
pub(super) const TRADE_LOG_HEADER: &str = "ts_ms,run_id,mode,signal_id,market_id,strategy,bucket,\
expected_net_bps,action,attempt,leg_index,token_id,side,limit_price,req_qty,chase_budget_bps,\
order_id,ack_status,filled_qty,avg_price,fill_status,settle_status,result,latency_ms,reason_codes";
/// Header of `calibration_log.csv`.
pub(super) const CALIBRATION_LOG_HEADER: &str = "ts_ms,run_id,mode,signal_id,attempt,action,bucket,\
market_id,token_id,side,req_qty,filled_qty,v_mkt,real_share_req,real_share_mkt,ask_size_best,\
bid_size_best";

const MICRO_SCALE: u32 = 6;
const SHARE_PLACES: u32 = 12;

/// One row of the trail.
pub(super) fn trade(
    out: &mut String,
    row: &Row,
    hash: Option<OrderHash>,
    mode: &str,
    names: &Names<'_>,
) {
    let set = row.set.and_then(|set| names.universe.set(set));
    let _ = write!(
        out,
        "{},{},{mode},{},{},{},{},{},{},{},{},",
        row.ts.millis_floor(),
        text_cell(names.run_id),
        cell(row.signal_id),
        set.map(|set| text_cell(&set.key)).unwrap_or_default(),
        set.map_or("", |set| set.strategy()),
        row.bucket.map_or("", crate::signal::bucket::Bucket::word),
        cell(row.expected_net.map(crate::units::Bps::raw)),
        row.action,
        cell(row.attempt),
        cell(row.leg),
    );
    let token = row.token.and_then(|token| names.universe.token_id(token));
    let _ = write!(
        out,
        "{},{},{},{},{},{},",
        token.map(text_cell).unwrap_or_default(),
        row.side.map_or("", crate::order::Side::word),
        price_cell(row.limit),
        qty_cell(row.req_qty),
        cell(row.budget.map(crate::units::Bps::raw)),
        hash.map(hex).unwrap_or_default(),
    );
    let _ = write!(
        out,
        "{},{},{},{},{},{},{},",
        row.ack.unwrap_or_default(),
        qty_cell(row.filled_qty),
        price_cell(row.avg_px),
        row.fill.unwrap_or_default(),
        row.settle.unwrap_or_default(),
        row.result.unwrap_or_default(),
        cell(row.latency.map(Nanos::millis_floor)),
    );
    reasons(out, row);
    out.push('\n');
}

/// Words and the guard, joined by `|`.
fn reasons(out: &mut String, row: &Row) {
    let mut is_first = true;
    for word in row.reasons.iter().flatten() {
        if !is_first {
            out.push('|');
        }
        out.push_str(word);
        is_first = false;
    }
    if let Some(guard) = row.guard {
        if !is_first {
            out.push('|');
        }
        let _ = write!(out, "{guard}");
    }
}

/// One calibration sample. The market's own volume is not known to the order path: blank.
pub(super) fn sample(out: &mut String, sample: &Sample, mode: &str, names: &Names<'_>) {
    let attempt = &sample.attempt;
    let _ = write!(
        out,
        "{},{},{mode},{},{},{},{},{},{},{},{},{},,{},,{},{}",
        sample.ts.millis_floor(),
        text_cell(names.run_id),
        attempt.key.signal_id,
        attempt.key.attempt,
        attempt.rung.action(),
        sample.bucket.word(),
        set_key(sample.set, names),
        names.universe.token_id(attempt.token).map(text_cell).unwrap_or_default(),
        attempt.side().word(),
        qty_cell(Some(attempt.order_qty)),
        qty_cell(Some(sample.filled_qty)),
        share(sample.filled_qty, attempt.order_qty),
        qty_cell(sample.ask_qty),
        qty_cell(sample.bid_qty),
    );
    out.push('\n');
}

fn set_key(set: SetIx, names: &Names<'_>) -> String {
    names.universe.set(set).map(|set| text_cell(&set.key)).unwrap_or_default()
}

/// `filled / req`, at most 1, rounded down at 12 places; blank of nothing.
fn share(filled: Qty, req: Qty) -> String {
    const ONE: i128 = 1_000_000_000_000;
    let scaled = i128::from(filled.0.min(req.0)).saturating_mul(ONE);
    let share = scaled.checked_div(i128::from(req.0));
    share.map(|share| exact::plain(share, SHARE_PLACES, SHARE_PLACES)).unwrap_or_default()
}

fn cell<T: core::fmt::Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn price_cell(price: Option<Price>) -> String {
    price.map(price_text).unwrap_or_default()
}

fn qty_cell(qty: Option<Qty>) -> String {
    qty.map(|qty| exact::plain(i128::from(qty.0), MICRO_SCALE, MICRO_SCALE)).unwrap_or_default()
}

fn hex(hash: OrderHash) -> String {
    let mut text = String::from("0x");
    for byte in hash.0 {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
