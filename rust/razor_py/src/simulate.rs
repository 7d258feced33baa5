//! The simulator behind `razor simulate`.
#![expect(clippy::needless_pass_by_value, reason = "the binding hands arguments over by value")]

use pyo3::prelude::*;
use razor_sim::simulate::{FaultChoice, Options, run_seeds};

use crate::errors::bad_argument;
use crate::files::keep_going;

/// Runs seeded sessions; JSON text.
#[pyfunction]
pub(crate) fn simulate(
    py: Python<'_>,
    from_seed: u64,
    seeds: u64,
    faults: &str,
    tick: Py<PyAny>,
) -> PyResult<String> {
    let faults = FaultChoice::parse(faults)
        .map_err(|code| bad_argument(format!("{code} is no fault code of the simulator")))?;
    let options = Options { faults, sabotage: None };
    let tick = |done: u64, total: u64| keep_going(&tick, done, total);
    Ok(py.detach(|| run_seeds(from_seed, seeds, &options, tick)).json())
}
