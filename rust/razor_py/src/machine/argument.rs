//! Numbers and words as the machines take them.
//!
//! `bool` is no number here, although Python counts it among the integers. A number outside its
//! unit is a `UnitsError` with its reason, as everywhere else.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};
use razor_core::order::Timer;
use razor_core::units::{Bps, Nanos, Price, Qty, TickSize, UnitError, Usdc};

use crate::errors::{Refusal, bad_argument};

/// An integer of Python; beyond 128 bits it is an overflow of whatever unit it was meant for.
fn integer(object: &Bound<'_, PyAny>) -> PyResult<i128> {
    if !object.is_instance_of::<PyInt>() || object.is_instance_of::<PyBool>() {
        let found = object.get_type().name()?;
        return Err(PyTypeError::new_err(format!("expected int, found {found}")));
    }
    object.extract::<i128>().map_err(|error| {
        let is_beyond = error.is_instance_of::<PyOverflowError>(object.py());
        if is_beyond { Refusal::from(UnitError::Overflow).into() } else { error }
    })
}

/// An integer of zero or above in `T`.
fn count<T: TryFrom<i128>>(object: &Bound<'_, PyAny>) -> PyResult<T> {
    let value = integer(object)?;
    let error = if value < 0 { UnitError::Negative } else { UnitError::Overflow };
    T::try_from(value).map_err(|_| Refusal::from(error).into())
}

/// Micro-shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shares(pub(super) Qty);

impl<'py> FromPyObject<'_, 'py> for Shares {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        count(&object).map(|micros| Self(Qty(micros)))
    }
}

/// Micro-dollars of zero or above.
#[derive(Debug, Clone, Copy)]
pub(super) struct Money(pub(super) Usdc);

impl<'py> FromPyObject<'_, 'py> for Money {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        // The bound of the unit: half of what 64 bits without a sign hold.
        count::<u64>(&object).and_then(|micros| {
            let micros = i64::try_from(micros).map_err(|_| Refusal::from(UnitError::Overflow))?;
            Ok(Self(Usdc(micros)))
        })
    }
}

/// Micro-dollars per share, at most a dollar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Px(pub(super) Price);

impl<'py> FromPyObject<'_, 'py> for Px {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Price::from_micros(count(&object)?).map_err(Refusal::from)?))
    }
}

/// A tick size of the venue, micro-dollars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick(pub(super) TickSize);

impl<'py> FromPyObject<'_, 'py> for Tick {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(TickSize::from_micros(count(&object)?).map_err(Refusal::from)?))
    }
}

/// Basis points, signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate(pub(super) Bps);

impl<'py> FromPyObject<'_, 'py> for Rate {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let raw = i32::try_from(integer(&object)?);
        Ok(Self(Bps::new(raw.map_err(|_| Refusal::from(UnitError::Overflow))?)))
    }
}

/// A time or a span in ns, signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ns(pub(super) Nanos);

impl<'py> FromPyObject<'_, 'py> for Ns {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let ns = i64::try_from(integer(&object)?);
        Ok(Self(Nanos(ns.map_err(|_| Refusal::from(UnitError::Overflow))?)))
    }
}

/// A count or an index of type `T`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count<T>(pub(super) T);

impl<'py, T: TryFrom<i128>> FromPyObject<'_, 'py> for Count<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        count(&object).map(Self)
    }
}

/// The value of a word, or a `ValueError` that lists the words.
pub(super) fn one_of<T: Copy>(word: &str, allowed: &[(&'static str, T)]) -> PyResult<T> {
    let found = allowed.iter().find(|(name, _)| *name == word);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
        bad_argument(format!("found {word:?}, allowed: {}", words.join(", ")))
    })
}

/// The deadlines of an order by name.
pub(super) const ORDER_TIMERS: [(&str, Timer); 4] = [
    ("answer", Timer::Answer),
    ("poll", Timer::Poll),
    ("resolve", Timer::Resolve),
    ("late", Timer::Late),
];

/// The name of a deadline of an order.
pub(super) const fn timer_word(timer: Timer) -> &'static str {
    match timer {
        Timer::Answer => "answer",
        Timer::Poll => "poll",
        Timer::Resolve => "resolve",
        Timer::Late => "late",
    }
}
