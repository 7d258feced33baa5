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

mod bps;
mod convert;
mod errors;

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
    module.add_class::<bps::Bps>()
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
