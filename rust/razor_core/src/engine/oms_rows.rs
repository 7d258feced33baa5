//! Rows of `trade_log.csv` and `calibration_log.csv` (ARCHITECTURE §6).

use std::fmt::Write as _;

use super::oms::Names;
use super::order_params::OrderMode;
use super::rows::price_text;
use crate::basket::{Operator, Row, Sample};
use crate::order::OrderHash;
use crate::shadow::calibrate::{self, FillSource};
use crate::shadow::exact::{self, AttoShares};
use crate::shadow::rows::text_cell;
use crate::units::{Nanos, Price, Qty};

/// Header of `trade_log.csv`.
pub(super) const TRADE_LOG_HEADER: &str = "ts_ms,run_id,mode,signal_id,market_id,strategy,bucket,\
expected_net_bps,action,attempt,leg_index,token_id,side,limit_price,req_qty,chase_budget_bps,\
order_id,ack_status,filled_qty,avg_price,fill_status,settle_status,result,latency_ms,reason_codes";
const MICRO_SCALE: u32 = 6;

/// One row of the trail.
pub(super) fn trade(
    out: &mut String,
    row: &Row,
    hash: Option<OrderHash>,
    mode: OrderMode,
    names: &Names<'_>,
) {
    let set = row.set.and_then(|set| names.universe.set(set));
    let _ = write!(
        out,
        "{},{},{},{},{},{},{},{},{},{},{},",
        row.ts.millis_floor(),
        text_cell(names.run_id),
        mode.word(),
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

/// An operator's command as the trail tells it: `STOP|root: the reason`. The last cell is free text
/// behind its first `|`, for whoever reads the table.
pub(super) fn spoken(
    out: &mut String,
    now: Nanos,
    (operator, by, reason): (Operator, &str, &str),
    mode: OrderMode,
    names: &Names<'_>,
) {
    let word = match operator {
        Operator::Stop => "STOP",
        Operator::Halt => "HALT",
        Operator::Clear => "CLEAR",
    };
    trade(out, &Row::new(now, "OPERATOR"), None, mode, names);
    // The row has no codes of its own: its last cell is blank.
    out.pop();
    out.push_str(&text_cell(&format!("{word}|{by}: {reason}")));
    out.push('\n');
}

/// Words and the guard, joined by `|`.
fn reasons(out: &mut String, row: &Row) {
    let mut is_first = row.fault.is_none();
    if let Some(fault) = row.fault {
        let _ = write!(out, "F-{fault:02}");
    }
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

/// One calibration sample; `volume` is the market's own in its window, `None` where no print says.
pub(super) fn sample(
    out: &mut String,
    sample: &Sample,
    volume: Option<AttoShares>,
    mode: OrderMode,
    names: &Names<'_>,
) {
    let attempt = &sample.attempt;
    calibrate::row(
        out,
        &calibrate::Sample {
            ts_ms: sample.ts.millis_floor(),
            run_id: names.run_id,
            mode: match mode {
                OrderMode::Sim => FillSource::Sim,
                OrderMode::Live => FillSource::Live,
            },
            signal_id: attempt.key.signal_id,
            attempt: attempt.key.attempt,
            rung: attempt.rung,
            bucket: sample.bucket,
            market_id: names.universe.set(sample.set).map_or("", |set| &set.key),
            token_id: names.universe.token_id(attempt.token).unwrap_or_default(),
            side: attempt.side(),
            req_qty: attempt.order_qty,
            filled_qty: Some(sample.filled_qty),
            v_mkt: volume,
            ask_size_best: sample.ask_qty,
            bid_size_best: sample.bid_qty,
        },
    );
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

pub(super) fn hex(hash: OrderHash) -> String {
    let mut text = String::from("0x");
    for byte in hash.0 {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
