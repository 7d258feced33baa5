//! The machines of one order and of one desk, for whoever drives them by hand.
//!
//! Owns: what a notebook or a test sees of [`razor_core::order`] and [`razor_core::basket`]. Events
//! and inputs come in as words and integers, actions go out as frozen values.
//!
//! Must never: answer for the venue, keep a clock, or decide what an input means. An input that
//! cannot be read is an exception before the machine sees it.
//!
//! Invariants:
//! - words are those of the tables (`FILES.md`); a word outside its list is a `ValueError`;
//! - a number outside its unit is a `UnitsError`, and nothing has changed.

mod action;
mod argument;
mod basket;
mod order;
mod plan;
mod rules;

use pyo3::prelude::*;

pub(crate) use order::OrderEvent;

/// Puts the classes into the module.
pub(crate) fn export(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<OrderEvent>()?;
    module.add_class::<order::OrderMachine>()?;
    module.add_class::<plan::SignalLeg>()?;
    module.add_class::<plan::SignalPlan>()?;
    module.add_class::<rules::BasketRules>()?;
    module.add_class::<rules::RiskCaps>()?;
    module.add_class::<action::BasketAttempt>()?;
    module.add_class::<action::BasketRow>()?;
    module.add_class::<action::BasketSample>()?;
    module.add_class::<action::BasketAction>()?;
    module.add_class::<basket::BasketOrder>()?;
    module.add_class::<basket::BasketPosition>()?;
    module.add_class::<basket::BasketMachine>()
}
