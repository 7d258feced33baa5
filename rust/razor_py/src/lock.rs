//! The exclusive right to write a run, as Python holds it from before its journal to behind its
//! report.
#![expect(clippy::needless_pass_by_value, reason = "the binding hands arguments over by value")]

use std::path::PathBuf;

use pyo3::prelude::*;
use razor_io::disk::RunLock as Inner;

use crate::errors::{Fault, closed};

/// The lock of a run directory; see the stub.
#[pyclass(module = "razor._core")]
pub(crate) struct RunLock {
    inner: Option<Inner>,
}

#[pymethods]
impl RunLock {
    /// Takes the lock.
    #[staticmethod]
    fn acquire(py: Python<'_>, run_dir: PathBuf) -> PyResult<Self> {
        let inner = py.detach(|| Inner::acquire(&run_dir)).map_err(Fault::from)?;
        Ok(Self { inner: Some(inner) })
    }

    /// Whether somebody holds the lock.
    #[staticmethod]
    fn is_held(py: Python<'_>, run_dir: PathBuf) -> PyResult<bool> {
        Ok(py.detach(|| Inner::is_held(&run_dir)).map_err(Fault::from)?)
    }

    /// Gives the run free, once nobody writes under the lock.
    fn release(&mut self) {
        self.inner = None;
    }
}

impl RunLock {
    pub(crate) fn get_mut(&mut self) -> PyResult<&mut Inner> {
        self.inner.as_mut().ok_or_else(closed)
    }
}
