//! `Bps` for Python: the frozen behaviour of RAZOR_SPEC §4.
//!
//! Owns: the class `razor._core.Bps`, an immutable value with the arithmetic of
//! [`razor_core::units::Bps`].
//!
//! Must never: round on its own. Directions stand in the names of the core's functions; the only
//! answers decided here are those the frozen rules give for what is not a number at all.

use pyo3::prelude::*;
use razor_core::units;

use crate::convert::{Form, Number, RawBps, Value, answer};
use crate::errors::Refusal;

type Checked = Result<Bps, Refusal>;

/// Whole basis points as Python sees them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[pyclass(frozen, eq, ord, hash, module = "razor._core")]
pub(crate) struct Bps(units::Bps);

impl From<units::Bps> for Bps {
    fn from(bps: units::Bps) -> Self {
        Self(bps)
    }
}

#[pymethods]
impl Bps {
    #[classattr]
    const ZERO: Self = Self(units::Bps::ZERO);
    #[classattr]
    const ONE_HUNDRED_PERCENT: Self = Self(units::Bps::ONE_HUNDRED_PERCENT);
    #[classattr]
    const FEE_POLY: Self = Self(units::Bps::FEE_POLY);
    #[classattr]
    const FEE_MERGE: Self = Self(units::Bps::FEE_MERGE);
    #[classattr]
    const BASIS: f64 = 10_000.0;

    #[new]
    fn new(raw: RawBps) -> Self {
        Self(units::Bps::new(raw.0))
    }

    #[getter]
    fn raw(&self) -> i32 {
        self.0.raw()
    }

    fn to_float<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        answer(py, Number { value: Value::Finite(self.0.ratio()), form: Form::Float })
    }

    #[staticmethod]
    fn from_ratio_floor(ratio: Number) -> Checked {
        Ok(units::Bps::from_ratio_floor(ratio.finite()?)?.into())
    }

    #[staticmethod]
    fn from_ratio_ceil(ratio: Number) -> Checked {
        Ok(units::Bps::from_ratio_ceil(ratio.finite()?)?.into())
    }

    #[staticmethod]
    fn from_proceeds_ratio(ratio: Number) -> Checked {
        Self::from_ratio_floor(ratio)
    }

    #[staticmethod]
    fn from_cost_ratio(ratio: Number) -> Checked {
        Self::from_ratio_ceil(ratio)
    }

    #[staticmethod]
    fn from_prob(prob: Number) -> Checked {
        Ok(units::Bps::from_prob(prob.finite()?)?.into())
    }

    #[staticmethod]
    fn from_price(price: Number) -> Checked {
        Self::from_ratio_floor(price)
    }

    /// What is no price costs everything: the caution of the frozen rules.
    #[staticmethod]
    fn from_price_cost(price: Number) -> Checked {
        price.not_negative().map_or(Ok(Self::ONE_HUNDRED_PERCENT), |dec| {
            Ok(units::Bps::from_ratio_ceil(dec)?.into())
        })
    }

    /// What is no price brings nothing: the caution of the frozen rules.
    #[staticmethod]
    fn from_price_proceeds(price: Number) -> Checked {
        price
            .not_negative()
            .map_or(Ok(Self::ZERO), |dec| Ok(units::Bps::from_ratio_floor(dec)?.into()))
    }

    fn apply_cost<'py>(&self, py: Python<'py>, price: Number) -> PyResult<Bound<'py, PyAny>> {
        let whole = units::Bps::ONE_HUNDRED_PERCENT.raw();
        let factor = i64::from(whole).saturating_add(i64::from(self.0.raw()));
        answer(py, applied(price, factor, |dec| self.0.apply_cost(dec))?)
    }

    fn apply_proceeds<'py>(&self, py: Python<'py>, price: Number) -> PyResult<Bound<'py, PyAny>> {
        let whole = units::Bps::ONE_HUNDRED_PERCENT.raw();
        let factor = i64::from(whole).saturating_sub(i64::from(self.0.raw()));
        answer(py, applied(price, factor, |dec| self.0.apply_proceeds(dec))?)
    }

    fn clamp(&self, min: &Self, max: &Self) -> Checked {
        Ok(self.0.clamp_to(min.0, max.0)?.into())
    }

    fn __add__(&self, other: &Self) -> Checked {
        Ok(self.0.plus(other.0)?.into())
    }

    fn __sub__(&self, other: &Self) -> Checked {
        Ok(self.0.minus(other.0)?.into())
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        self.0.to_string()
    }

    /// Lets `copy` and `pickle` rebuild the value.
    fn __getnewargs__(&self) -> (i32,) {
        (self.raw(),)
    }
}

/// A price times a factor whose sign alone matters once the price is infinite, as for doubles.
fn applied(
    price: Number,
    factor: i64,
    exact: impl FnOnce(units::Dec) -> Result<units::Dec, units::UnitError>,
) -> Result<Number, Refusal> {
    let value = match price.value {
        Value::Finite(dec) => Value::Finite(exact(dec)?),
        Value::Infinite { .. } if factor == 0 => Value::Nan,
        Value::Infinite { negative } => Value::Infinite { negative: negative != (factor < 0) },
        Value::Nan => Value::Nan,
    };
    Ok(Number { value, form: price.form })
}
