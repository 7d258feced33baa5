//! What a desk asks for, as frozen values: one class of actions, and the facts they carry.

use pyo3::prelude::*;
use razor_core::basket::{Action, DeskTimer, Row, Sample};
use razor_core::order::{Attempt, OrderIx, Rung, Side};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Bps, Price};

use super::argument::timer_word;

/// One order as it was decided; see the stub.
#[derive(Debug, Clone, PartialEq, Eq)]
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct BasketAttempt {
    signal_id: u64,
    leg: u32,
    attempt: u32,
    rung: &'static str,
    side: &'static str,
    token: u32,
    limit_micros: u32,
    order_qty: u64,
    budget_bps: Option<i32>,
}

impl From<&Attempt> for BasketAttempt {
    fn from(attempt: &Attempt) -> Self {
        Self {
            signal_id: attempt.key.signal_id,
            leg: u32::from(attempt.key.leg),
            attempt: u32::from(attempt.key.attempt),
            rung: rung_word(attempt.rung),
            side: attempt.side().word(),
            token: attempt.token.0,
            limit_micros: attempt.limit.micros(),
            order_qty: attempt.order_qty.0,
            budget_bps: attempt.budget.map(Bps::raw),
        }
    }
}

const fn rung_word(rung: Rung) -> &'static str {
    match rung {
        Rung::Fire => "FIRE",
        Rung::ChaseOne => "CHASE_L1",
        Rung::ChaseTwo => "CHASE_L2",
        Rung::FlatOne => "FLAT_1",
        Rung::FlatTwo => "FLAT_2",
        Rung::FlatThree => "FLAT_3",
    }
}

/// One row of the trail; see the stub.
#[derive(Debug, Clone, PartialEq, Eq)]
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct BasketRow {
    ts_ns: i64,
    signal_id: Option<u64>,
    set_ix: Option<u32>,
    bucket: Option<&'static str>,
    expected_net_bps: Option<i32>,
    action: &'static str,
    attempt: Option<u32>,
    leg: Option<u32>,
    token: Option<u32>,
    side: Option<&'static str>,
    limit_micros: Option<u32>,
    req_qty: Option<u64>,
    budget_bps: Option<i32>,
    order: Option<u64>,
    ack: Option<&'static str>,
    filled_qty: Option<u64>,
    avg_px_micros: Option<u32>,
    fill: Option<&'static str>,
    settle: Option<&'static str>,
    result: Option<&'static str>,
    latency_ns: Option<i64>,
    guard: Option<String>,
    fault: Option<u32>,
    reasons: Vec<&'static str>,
}

impl From<&Row> for BasketRow {
    fn from(row: &Row) -> Self {
        Self {
            ts_ns: row.ts.0,
            signal_id: row.signal_id,
            set_ix: row.set.map(|set| set.0),
            bucket: row.bucket.map(Bucket::word),
            expected_net_bps: row.expected_net.map(Bps::raw),
            action: row.action,
            attempt: row.attempt.map(u32::from),
            leg: row.leg.map(u32::from),
            token: row.token.map(|token| token.0),
            side: row.side.map(Side::word),
            limit_micros: row.limit.map(Price::micros),
            req_qty: row.req_qty.map(|qty| qty.0),
            budget_bps: row.budget.map(Bps::raw),
            order: row.order.map(|order| order.0),
            ack: row.ack,
            filled_qty: row.filled_qty.map(|qty| qty.0),
            avg_px_micros: row.avg_px.map(Price::micros),
            fill: row.fill,
            settle: row.settle,
            result: row.result,
            latency_ns: row.latency.map(|latency| latency.0),
            guard: row.guard.map(|guard| guard.to_string()),
            fault: row.fault.map(u32::from),
            reasons: row.reasons.iter().flatten().copied().collect(),
        }
    }
}

#[pymethods]
impl BasketRow {
    fn __repr__(&self) -> String {
        format!("{self:?}")
    }
}

/// One attempt as the calibration sees it; see the stub.
#[derive(Debug, Clone, PartialEq, Eq)]
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct BasketSample {
    ts_ns: i64,
    set_ix: u32,
    bucket: &'static str,
    filled_qty: u64,
    ask_qty: Option<u64>,
    bid_qty: Option<u64>,
}

impl From<&Sample> for BasketSample {
    fn from(sample: &Sample) -> Self {
        Self {
            ts_ns: sample.ts.0,
            set_ix: sample.set.0,
            bucket: sample.bucket.word(),
            filled_qty: sample.filled_qty.0,
            ask_qty: sample.ask_qty.map(|qty| qty.0),
            bid_qty: sample.bid_qty.map(|qty| qty.0),
        }
    }
}

/// What a desk asks of its shell; see the stub.
#[derive(Debug, Clone, PartialEq, Eq)]
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct BasketAction {
    kind: &'static str,
    order: Option<u64>,
    attempt: Option<BasketAttempt>,
    timer: Option<&'static str>,
    after_ns: Option<i64>,
    set_ix: Option<u32>,
    qty: Option<u64>,
    row: Option<BasketRow>,
    sample: Option<BasketSample>,
}

#[pymethods]
impl BasketAction {
    fn __repr__(&self) -> String {
        format!("{self:?}")
    }
}

impl BasketAction {
    const fn bare(kind: &'static str) -> Self {
        Self {
            kind,
            order: None,
            attempt: None,
            timer: None,
            after_ns: None,
            set_ix: None,
            qty: None,
            row: None,
            sample: None,
        }
    }

    fn of(kind: &'static str, order: OrderIx) -> Self {
        Self { order: Some(order.0), ..Self::bare(kind) }
    }

    fn timed(kind: &'static str, timer: DeskTimer) -> Self {
        let (word, order) = desk_timer_word(timer);
        Self { timer: Some(word), order, ..Self::bare(kind) }
    }
}

impl From<&Action> for BasketAction {
    fn from(action: &Action) -> Self {
        match action {
            Action::Persist(order, attempt) => {
                Self { attempt: Some(attempt.into()), ..Self::of("PERSIST", *order) }
            }
            Action::Send(order) => Self::of("SEND", *order),
            Action::Cancel(order) => Self::of("CANCEL", *order),
            Action::Query(order) => Self::of("QUERY", *order),
            Action::Merge(set, qty) => {
                Self { set_ix: Some(set.0), qty: Some(qty.0), ..Self::bare("MERGE") }
            }
            Action::Arm(timer, after) => {
                Self { after_ns: Some(after.0), ..Self::timed("ARM", *timer) }
            }
            Action::Disarm(timer) => Self::timed("DISARM", *timer),
            Action::DisarmOrder(order) => Self::of("DISARM_ORDER", *order),
            Action::Row(row) => Self { row: Some((&**row).into()), ..Self::bare("ROW") },
            Action::Sample(sample) => Self {
                attempt: Some((&sample.attempt).into()),
                sample: Some(sample.into()),
                ..Self::bare("SAMPLE")
            },
        }
    }
}

const fn desk_timer_word(timer: DeskTimer) -> (&'static str, Option<u64>) {
    match timer {
        DeskTimer::Order(order, timer) => (timer_word(timer), Some(order.0)),
        DeskTimer::FlatWait => ("flat_wait", None),
        DeskTimer::Flatten => ("flatten", None),
        DeskTimer::Settle => ("settle", None),
        DeskTimer::Set => ("set", None),
        DeskTimer::Cooldown => ("cooldown", None),
    }
}
