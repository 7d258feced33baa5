//! The Python extension module `razor._core`.
//!
//! Owns: what Python sees of the core. One file per exported class; [`convert`] turns arguments
//! and results, [`errors`] holds the exception tree and the one mapping into it.
//!
//! Must never: decide anything. A function here parses its arguments, calls one function of the
//! core and converts the result; whatever branches on money belongs into `razor_core`.
//!
//! Invariants:
//! - every name exported here stands in `python/razor/_core.pyi` (the stub test compares them);
//! - a refusal of the core arrives as a typed exception, never as a panic.

mod bench;
mod bps;
mod calibrate;
mod convert;
mod crowd;
mod errors;
mod exchange;
mod files;
mod lock;
mod machine;
mod probe;
mod relay;
mod session;
mod sign;
mod sim;
mod simulate;
mod source;
mod tape;

use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;

/// How the module was compiled; the run manifest records it.
const BUILD_PROFILE: &str = if cfg!(debug_assertions) { "debug" } else { "release" };

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    warn_of_debug_build(module.py())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("BUILD_PROFILE", BUILD_PROFILE)?;
    errors::export(module)?;
    module.add_class::<bps::Bps>()?;
    module.add_class::<lock::RunLock>()?;
    module.add_class::<session::Session>()?;
    module.add_class::<session::FeedFacts>()?;
    module.add_class::<session::BookSnapshot>()?;
    module.add_class::<session::SignalNotice>()?;
    module.add_class::<sim::SimFault>()?;
    module.add_class::<sim::SimVenue>()?;
    module.add_class::<source::Source>()?;
    module.add_class::<probe::Prober>()?;
    machine::export(module)?;
    exchange::export(module)?;
    sign::export(module)?;
    relay::export(module)?;
    bench::export(module)?;
    add_functions(module)
}

fn add_functions(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(session::sha256, module)?)?;
    module.add_function(wrap_pyfunction!(files::capture_import, module)?)?;
    module.add_function(wrap_pyfunction!(files::capture_info, module)?)?;
    module.add_function(wrap_pyfunction!(files::capture_text, module)?)?;
    module.add_function(wrap_pyfunction!(files::file_sha256, module)?)?;
    module.add_function(wrap_pyfunction!(files::audit_verify, module)?)?;
    module.add_function(wrap_pyfunction!(files::audit_rebuild, module)?)?;
    module.add_function(wrap_pyfunction!(files::journal_head, module)?)?;
    module.add_function(wrap_pyfunction!(files::day14_json, module)?)?;
    module.add_function(wrap_pyfunction!(calibrate::calibration_json, module)?)?;
    module.add_function(wrap_pyfunction!(calibrate::resettled_json, module)?)?;
    module.add_function(wrap_pyfunction!(probe::probe_capture, module)?)?;
    module.add_function(wrap_pyfunction!(simulate::simulate, module)?)?;
    module.add_function(wrap_pyfunction!(files::venue_world_capture, module)?)?;
    module.add_function(wrap_pyfunction!(files::world_capture, module)?)
}

/// A debug build is several times slower: whoever measures or records with it should know.
fn warn_of_debug_build(py: Python<'_>) -> PyResult<()> {
    if BUILD_PROFILE == "release" {
        return Ok(());
    }
    let category = py.get_type::<PyRuntimeWarning>();
    let text = c"razor._core was built without optimisation; run `make build` for a release build";
    PyErr::warn(py, &category, text, 1)
}
