//! What real fills say about the fill shares, and a ledger settled with others.
#![expect(clippy::needless_pass_by_value, reason = "the binding hands arguments over by value")]

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use razor_core::shadow::calibrate::calibration_json as core_calibration_json;
use razor_core::shadow::day14::{Facts, NewShares, resettled_json as core_resettled_json};
use razor_io::json;

use crate::errors::{Fault, bad_argument};

/// Calibrates from the tables of one or several runs; JSON text.
#[pyfunction]
pub(crate) fn calibration_json(
    py: Python<'_>,
    tables: Vec<(String, PyBackedBytes)>,
    min_samples: u64,
) -> PyResult<String> {
    let found = py.detach(|| core_calibration_json(&tables, min_samples));
    Ok(found.map_err(Fault::from)?)
}

/// The numbers of a report, had the signals been settled with other fill shares; JSON text.
#[pyfunction]
pub(crate) fn resettled_json(
    py: Python<'_>,
    shadow_log: &[u8],
    facts_json: &str,
    shares_json: &str,
) -> PyResult<String> {
    let facts: Facts = json::read(facts_json).map_err(bad_argument)?;
    let shares: NewShares = json::read(shares_json).map_err(bad_argument)?;
    let text = py.detach(|| core_resettled_json(shadow_log, &facts, &shares));
    Ok(text.map_err(Fault::from)?)
}
