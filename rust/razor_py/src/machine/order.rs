//! One order: its events as values, its machine as an object.

use pyo3::prelude::*;
use razor_core::order::{Action, End, Event, Evidence, Order, Timer, step};

use super::argument::{ORDER_TIMERS, Shares, one_of, timer_word};
use crate::errors::order_refused;

/// What can happen to an order; see the stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[pyclass(frozen, eq, hash, from_py_object, module = "razor._core")]
pub(crate) struct OrderEvent(Event);

#[pymethods]
impl OrderEvent {
    #[staticmethod]
    fn journaled() -> Self {
        Self(Event::Journaled)
    }

    #[staticmethod]
    fn released() -> Self {
        Self(Event::Released)
    }

    #[staticmethod]
    fn withdrawn() -> Self {
        Self(Event::Withdrawn)
    }

    #[staticmethod]
    fn claimed(matched: Shares) -> Self {
        Self(Event::Claimed { matched: matched.0 })
    }

    #[staticmethod]
    fn rested() -> Self {
        Self(Event::Rested)
    }

    #[staticmethod]
    fn deferred() -> Self {
        Self(Event::Deferred)
    }

    #[staticmethod]
    fn refused() -> Self {
        Self(Event::Refused)
    }

    #[staticmethod]
    fn unproven() -> Self {
        Self(Event::Unproven)
    }

    #[staticmethod]
    fn filled(last_qty: Shares) -> Self {
        Self(Event::Filled { last_qty: last_qty.0 })
    }

    #[staticmethod]
    fn finished(matched: Shares) -> Self {
        Self(Event::Found(Evidence::Finished { matched: matched.0 }))
    }

    #[staticmethod]
    fn open() -> Self {
        Self(Event::Found(Evidence::Open))
    }

    #[staticmethod]
    fn absent() -> Self {
        Self(Event::Found(Evidence::Absent))
    }

    #[staticmethod]
    fn silent() -> Self {
        Self(Event::Found(Evidence::Silent))
    }

    #[staticmethod]
    fn elapsed(timer: &str) -> PyResult<Self> {
        one_of(timer, &ORDER_TIMERS).map(|timer| Self(Event::Elapsed(timer)))
    }

    /// The name of the constructor that made it.
    #[getter]
    const fn kind(&self) -> &'static str {
        match self.0 {
            Event::Journaled => "journaled",
            Event::Released => "released",
            Event::Withdrawn => "withdrawn",
            Event::Claimed { .. } => "claimed",
            Event::Rested => "rested",
            Event::Deferred => "deferred",
            Event::Refused => "refused",
            Event::Unproven => "unproven",
            Event::Filled { .. } => "filled",
            Event::Found(Evidence::Finished { .. }) => "finished",
            Event::Found(Evidence::Open) => "open",
            Event::Found(Evidence::Absent) => "absent",
            Event::Found(Evidence::Silent) => "silent",
            Event::Elapsed(_) => "elapsed",
        }
    }

    /// Its shares, where it has some.
    #[getter]
    fn qty(&self) -> Option<u64> {
        match self.0 {
            Event::Claimed { matched } | Event::Found(Evidence::Finished { matched }) => {
                Some(matched.0)
            }
            Event::Filled { last_qty } => Some(last_qty.0),
            Event::Journaled
            | Event::Released
            | Event::Withdrawn
            | Event::Rested
            | Event::Deferred
            | Event::Refused
            | Event::Unproven
            | Event::Found(Evidence::Open | Evidence::Absent | Evidence::Silent)
            | Event::Elapsed(_) => None,
        }
    }

    /// Its deadline, where it is one.
    #[getter]
    fn timer(&self) -> Option<&'static str> {
        if let Event::Elapsed(timer) = self.0 { Some(timer_word(timer)) } else { None }
    }

    fn __repr__(&self) -> String {
        let argument = match (self.qty(), self.timer()) {
            (Some(qty), _) => qty.to_string(),
            (None, Some(timer)) => format!("'{timer}'"),
            (None, None) => String::new(),
        };
        format!("OrderEvent.{}({argument})", self.kind())
    }
}

/// The machine of one order; see the stub.
#[pyclass(module = "razor._core")]
pub(crate) struct OrderMachine {
    order: Order,
}

#[pymethods]
impl OrderMachine {
    #[new]
    fn new(order_qty_micros: Shares) -> Self {
        Self { order: Order::plan(order_qty_micros.0) }
    }

    /// Takes one event.
    fn step(&mut self, py: Python<'_>, event: OrderEvent) -> PyResult<Vec<&'static str>> {
        match step(self.order, event.0) {
            Ok((next, actions)) => {
                self.order = next;
                Ok(actions.iter().map(|action| action_word(*action)).collect())
            }
            Err(why) => Err(order_refused(py, &why, self.order.word(), event)),
        }
    }

    #[getter]
    const fn state(&self) -> &'static str {
        self.order.word()
    }

    #[getter]
    const fn order_qty(&self) -> u64 {
        self.order.open().order_qty.0
    }

    #[getter]
    const fn cum_qty(&self) -> u64 {
        self.order.open().cum_qty.0
    }

    #[getter]
    const fn in_flight(&self) -> u64 {
        self.order.in_flight().0
    }

    /// How it ended.
    #[getter]
    fn end(&self) -> Option<&'static str> {
        if let Order::Terminal(closed) = self.order { Some(end_word(closed.end)) } else { None }
    }

    /// Whether it ended by absence and its late window is open.
    #[getter]
    fn is_watched(&self) -> bool {
        matches!(self.order, Order::Terminal(closed) if closed.is_watched)
    }

    fn __repr__(&self) -> String {
        format!("OrderMachine({} {}/{})", self.state(), self.cum_qty(), self.order_qty())
    }
}

const fn end_word(end: End) -> &'static str {
    match end {
        End::Full => "FULL",
        End::Partial => "PARTIAL",
        End::None => "NONE",
        End::Rejected => "REJECTED",
    }
}

const fn action_word(action: Action) -> &'static str {
    match action {
        Action::Check => "CHECK",
        Action::Send => "SEND",
        Action::Cancel => "CANCEL",
        Action::Query => "QUERY",
        Action::Arm(Timer::Answer) => "ARM_ANSWER",
        Action::Arm(Timer::Poll) => "ARM_POLL",
        Action::Arm(Timer::Resolve) => "ARM_RESOLVE",
        Action::Arm(Timer::Late) => "ARM_LATE",
        Action::Disarm => "DISARM",
        Action::Ended => "ENDED",
        Action::LateArrival => "LATE_ARRIVAL",
        Action::Overfilled => "OVERFILLED",
        Action::Unresolved => "UNRESOLVED",
    }
}
