//! Numbers across the border: the only place where a Python float becomes exact and back.
//!
//! Owns: reading `float`, `int` and `decimal.Decimal` arguments into [`Dec`], and answering in the
//! form of the argument.
//!
//! Must never: compute with a float. A float is read by its shortest text (the digits `repr`
//! shows), the core computes exactly, and the exact result's text is parsed to the nearest double.
//!
//! Invariants:
//! - Decimal in, Decimal out; float or int in, float out;
//! - NaN and the infinities are kept apart from numbers, so that the core never meets them;
//! - `bool` is not a number here, although Python counts it among the integers.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyInt, PyType};
use razor_core::units::{Dec, UnitError};

use crate::errors::Refusal;

static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn decimal_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    DECIMAL.import(py, "decimal", "Decimal")
}

/// A number as it came in: its value, and the form in which an answer is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    pub(crate) value: Value,
    pub(crate) form: Form,
}

/// What a number is worth.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    /// An exact decimal.
    Finite(Dec),
    /// Above or below every number.
    Infinite { negative: bool },
    /// Not a number.
    Nan,
}

/// The Python type of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    Float,
    Decimal,
}

impl Number {
    /// The exact value.
    ///
    /// # Errors
    /// [`UnitError::NotDecimal`] for NaN and the infinities.
    pub(crate) fn finite(self) -> Result<Dec, UnitError> {
        match self.value {
            Value::Finite(dec) => Ok(dec),
            Value::Infinite { .. } | Value::Nan => Err(UnitError::NotDecimal),
        }
    }

    /// The exact value, if it is a number of zero or above.
    pub(crate) fn not_negative(self) -> Option<Dec> {
        self.finite().ok().filter(|dec| !dec.is_negative())
    }
}

impl<'py> FromPyObject<'_, 'py> for Number {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(float) = object.cast::<PyFloat>() {
            return Ok(Self { value: read_float(&float)?, form: Form::Float });
        }
        if object.is_instance_of::<PyInt>() && !object.is_instance_of::<PyBool>() {
            return Ok(Self { value: read_int(&object)?, form: Form::Float });
        }
        if object.is_instance(decimal_class(object.py())?)? {
            let text = object.str()?;
            return Ok(Self { value: read_text(text.to_str()?)?, form: Form::Decimal });
        }
        let found = object.get_type().name()?;
        Err(PyTypeError::new_err(format!("expected float, int or Decimal, found {found}")))
    }
}

fn read_float(float: &Bound<'_, PyFloat>) -> Result<Value, Refusal> {
    let double = float.value();
    if double.is_nan() {
        return Ok(Value::Nan);
    }
    if double.is_infinite() {
        return Ok(Value::Infinite { negative: double.is_sign_negative() });
    }
    // `{:e}` prints the shortest digits that read back as the same double, as `repr` does.
    Ok(Value::Finite(Dec::parse(&format!("{double:e}"))?))
}

fn read_int(int: &Bound<'_, PyAny>) -> Result<Value, Refusal> {
    let whole = int.extract::<i128>().map_err(|_| UnitError::Overflow)?;
    Ok(Value::Finite(Dec::new(whole, 0)))
}

fn read_text(text: &str) -> Result<Value, Refusal> {
    if text.contains("NaN") {
        return Ok(Value::Nan);
    }
    if text.contains("Infinity") {
        return Ok(Value::Infinite { negative: text.starts_with('-') });
    }
    Ok(Value::Finite(Dec::parse(text)?))
}

/// The value in the form that is due: the nearest double, or the exact Decimal.
pub(crate) fn answer(py: Python<'_>, number: Number) -> PyResult<Bound<'_, PyAny>> {
    let text = match number.value {
        Value::Finite(dec) => format!("{}e{}", dec.mantissa(), dec.exponent()),
        Value::Infinite { negative: false } => "Infinity".to_owned(),
        Value::Infinite { negative: true } => "-Infinity".to_owned(),
        Value::Nan => "NaN".to_owned(),
    };
    match number.form {
        Form::Float => Ok(PyFloat::new(py, text.parse()?).into_any()),
        Form::Decimal => decimal_class(py)?.call1((text,)),
    }
}

/// A count of basis points; an integer outside 32 bits is a refusal of the unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawBps(pub(crate) i32);

impl<'py> FromPyObject<'_, 'py> for RawBps {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBool>() {
            return Err(PyTypeError::new_err("expected int, found bool"));
        }
        object.extract::<i32>().map(Self).map_err(|error| {
            let beyond = error.is_instance_of::<PyOverflowError>(object.py());
            if beyond { Refusal::from(UnitError::Overflow).into() } else { error }
        })
    }
}
