//! Where records come from when they are not live.
#![expect(clippy::needless_pass_by_value, reason = "the binding hands arguments over by value")]

use std::path::PathBuf;

use pyo3::prelude::*;
use razor_io::source::RecordSource;

use crate::errors::{Fault, closed};

/// Records in order; see the stub.
#[pyclass(unsendable, module = "razor._core")]
pub(crate) struct Source {
    inner: Option<RecordSource>,
}

#[pymethods]
impl Source {
    /// A capture file.
    #[staticmethod]
    fn capture(path: PathBuf) -> PyResult<Self> {
        let inner = RecordSource::capture(&path).map_err(Fault::from)?;
        Ok(Self { inner: Some(inner) })
    }

    /// The journal of a run directory.
    #[staticmethod]
    fn journal(run_dir: PathBuf) -> PyResult<Self> {
        let inner = RecordSource::journal(&run_dir).map_err(Fault::from)?;
        Ok(Self { inner: Some(inner) })
    }

    /// Bytes read and bytes there are.
    fn progress(&self) -> PyResult<(u64, u64)> {
        let progress = self.inner.as_ref().ok_or_else(closed)?.progress();
        Ok((progress.done, progress.total))
    }
}

impl Source {
    pub(crate) fn get_mut(&mut self) -> PyResult<&mut RecordSource> {
        self.inner.as_mut().ok_or_else(closed)
    }
}
