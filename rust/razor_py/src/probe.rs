//! Probing sets, as Python drives it: a whole recording in one call, a live market frame by frame.
#![expect(clippy::needless_pass_by_value, reason = "the binding hands arguments over by value")]

use std::path::PathBuf;

use pyo3::prelude::*;
use razor_core::engine::record::{Kind, Record};
use razor_core::signal::probe::SampleTimes;
use razor_core::units::Nanos;
use razor_io::json;
use razor_io::probe::{Prober as Inner, Report, probe_source};
use razor_io::session::{Fed, SessionFault};
use razor_io::source::RecordSource;

use crate::errors::{Fault, bad_argument};
use crate::files::keep_going;
use crate::session::{FeedFacts, Liveness, facts, liveness_of};

/// Probes all sets of a recording over its own time; JSON text. See the stub.
#[pyfunction]
pub(crate) fn probe_capture(
    py: Python<'_>,
    path: PathBuf,
    params: &[u8],
    tick: Py<PyAny>,
) -> PyResult<String> {
    let report: Result<Report, SessionFault> = py.detach(|| {
        // A directory is a run: its journal holds what a capture would.
        let mut source = if path.is_dir() {
            RecordSource::journal(&path)?
        } else {
            RecordSource::capture(&path)?
        };
        probe_source(params, &mut source, &mut |read| keep_going(&tick, read.done, read.total))
    });
    Ok(json::text(&report.map_err(Fault::from)?))
}

/// An engine in memory that probes live markets; see the stub.
#[pyclass(unsendable, module = "razor._core")]
pub(crate) struct Prober {
    inner: Inner,
}

#[pymethods]
impl Prober {
    #[new]
    fn new(params: &[u8]) -> PyResult<Self> {
        Ok(Self { inner: Inner::begin(params).map_err(Fault::from)? })
    }

    /// Takes one record; `None` when there is nothing to say about it.
    fn feed(
        &mut self,
        kind: &str,
        conn: &str,
        epoch: u32,
        recv_ns: i64,
        payload: &[u8],
    ) -> PyResult<Option<FeedFacts>> {
        let kind = Kind::from_word(kind).ok_or_else(|| bad_argument("unknown record kind"))?;
        let record = Record { kind, recv_ns: Nanos(recv_ns), conn, epoch, payload };
        let stepped = self.inner.take(&record).map_err(Fault::from)?;
        let fed = Fed { is_shed: false, is_refused: stepped.is_refused, signals: stepped.signals };
        Ok(facts(self.inner.engine(), kind, fed))
    }

    /// Samples every set whose legs are all ready.
    fn sample(&mut self, now_ns: i64) {
        self.inner.sample(SampleTimes::once(Nanos(now_ns).millis_floor()));
    }

    /// Takes an answered poll for prints.
    fn poll(&mut self, now_ns: i64, is_full: bool) {
        self.inner.poll(Nanos(now_ns).millis_floor(), is_full);
    }

    /// Liveness of all tokens and connections.
    fn liveness(&self) -> Liveness {
        liveness_of(self.inner.engine())
    }

    /// The report so far as JSON text.
    fn report_json(&self) -> String {
        json::text(&self.inner.report(true))
    }
}
