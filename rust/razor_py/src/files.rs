//! Whole-file jobs: captures, imports, audits, worlds, and the numbers of a report.
#![expect(clippy::needless_pass_by_value, reason = "the binding hands arguments over by value")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use razor_core::shadow::day14::{Facts, day14_json as core_day14_json};
use razor_core::units::Nanos;
use razor_io::audit;
use razor_io::capture::{
    self, CaptureError, CaptureWriter, Kind, Limits, MetaPayload, Record, Source,
};
use razor_io::import::{self, Control, Format, Progress};
use razor_io::json;
use razor_sim::crowd::{CrowdPlan, record as record_world};
use razor_sim::world::{WorldPlan, WorldRecord, build as build_world};

use crate::crowd;
use crate::errors::{Fault, bad_argument};
use crate::exchange::{LAST_NS, LONGEST_MS};
use crate::lock::RunLock;

/// Asks Python how to go on: `tick(done, total) -> bool`, false stops.
pub(crate) fn keep_going(tick: &Py<PyAny>, done: u64, total: u64) -> bool {
    Python::attach(|py| {
        tick.call1(py, (done, total)).and_then(|answer| answer.is_truthy(py)).unwrap_or(false)
    })
}

/// Imports a recording into a capture; gives back its manifest as JSON text.
#[pyfunction]
pub(crate) fn capture_import(
    py: Python<'_>,
    path: PathBuf,
    out: PathBuf,
    format: &str,
    tick: Py<PyAny>,
) -> PyResult<String> {
    let manifest = py.detach(|| {
        let format = match format {
            "auto" => import::detect(&path)?,
            word => word
                .parse()
                .map_err(|()| import::ImportError::UnknownFormat { path: path.clone() })?,
        };
        import_as(&path, &out, format, &tick)
    });
    Ok(json::text(&manifest.map_err(Fault::from)?))
}

fn import_as(
    path: &Path,
    out: &Path,
    format: Format,
    tick: &Py<PyAny>,
) -> Result<capture::Manifest, import::ImportError> {
    let cancel = AtomicBool::new(false);
    let mut shown = 0_u64;
    let mut report = |progress: Progress| {
        // A hundredth at a time: each report crosses into Python.
        let step = progress.total.checked_div(200).unwrap_or(0).max(1);
        if progress.done == 0 || progress.done.saturating_sub(shown) >= step {
            shown = progress.done;
            if !keep_going(tick, progress.done, progress.total) {
                cancel.store(true, Ordering::Relaxed);
            }
        }
    };
    import::import(path, out, format, &mut Control::new(&mut report, &cancel))
}

/// Reads a capture once and describes it as JSON text.
#[pyfunction]
pub(crate) fn capture_info(py: Python<'_>, path: PathBuf, tick: Py<PyAny>) -> PyResult<String> {
    let total = std::fs::metadata(&path).map_or(0, |meta| meta.len());
    let info = py
        .detach(|| capture::info(&path, Limits::default(), |done| keep_going(&tick, done, total)));
    Ok(json::text(&info.map_err(Fault::from)?))
}

/// The whole text of a capture, for tools that read lines themselves.
#[pyfunction]
pub(crate) fn capture_text(
    py: Python<'_>,
    path: PathBuf,
    max_bytes: usize,
) -> PyResult<Bound<'_, PyBytes>> {
    let text = py.detach(|| capture::read_text(&path, max_bytes)).map_err(Fault::from)?;
    Ok(PyBytes::new(py, &text))
}

/// SHA-256 of a capture's text as its manifest says, else computed; hexadecimal.
#[pyfunction]
pub(crate) fn file_sha256(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    Ok(py.detach(|| razor_io::digest::file_sha256(&path)).map_err(Fault::from)?)
}

/// Proves a run against its journal; JSON text.
#[pyfunction]
pub(crate) fn audit_verify(py: Python<'_>, run_dir: PathBuf, tick: Py<PyAny>) -> PyResult<String> {
    let verdict = py.detach(|| {
        audit::verify_while(&run_dir, &mut |read| keep_going(&tick, read.done, read.total))
    });
    let verdict = verdict.map_err(Fault::from)?;
    Ok(json::verdict(&verdict))
}

/// Writes the tables of a run anew from its journal; JSON text.
#[pyfunction]
pub(crate) fn audit_rebuild(
    py: Python<'_>,
    mut lock: PyRefMut<'_, RunLock>,
    tick: Py<PyAny>,
) -> PyResult<String> {
    let lock = lock.get_mut()?;
    let verdict = py.detach(|| {
        audit::rebuild_under(lock, &mut |read| keep_going(&tick, read.done, read.total))
    });
    let verdict = verdict.map_err(Fault::from)?;
    Ok(json::verdict(&verdict))
}

/// The numbers of a report as JSON text.
#[pyfunction]
#[pyo3(signature = (shadow_log, shadow_sets, facts_json))]
pub(crate) fn day14_json(
    py: Python<'_>,
    shadow_log: Option<&[u8]>,
    shadow_sets: Option<&[u8]>,
    facts_json: &str,
) -> PyResult<String> {
    let facts: Facts = json::read(facts_json).map_err(bad_argument)?;
    let text = py.detach(|| core_day14_json(shadow_log, shadow_sets, &facts));
    Ok(text.map_err(Fault::from)?)
}

/// Writes the capture of a seeded world; gives back its manifest as JSON text.
#[pyfunction]
pub(crate) fn world_capture(
    py: Python<'_>,
    path: PathBuf,
    seed: u64,
    start_ns: i64,
    duration_ms: i64,
) -> PyResult<String> {
    let plan = WorldPlan { seed, start_ns, duration_ms };
    let manifest = py.detach(|| write_world(&path, plan)).map_err(Fault::from)?;
    Ok(json::text(&manifest))
}

/// Writes the capture of a seeded world on the local exchange; gives back its manifest.
#[pyfunction]
pub(crate) fn venue_world_capture(
    py: Python<'_>,
    path: PathBuf,
    seed: u64,
    start_ns: i64,
    duration_ms: i64,
) -> PyResult<String> {
    if !(0..=LONGEST_MS).contains(&duration_ms) || !(0..=LAST_NS).contains(&start_ns) {
        return Err(bad_argument("a world lasts 0 to 86400000 ms and begins after the epoch"));
    }
    let (start, duration) = (Nanos(start_ns), crowd::millis(duration_ms)?);
    let manifest = py.detach(|| {
        let recording =
            record_world(CrowdPlan::demo(seed), start, duration).map_err(bad_argument)?;
        Ok::<_, PyErr>(write_records(&path, seed, recording.records).map_err(Fault::from)?)
    });
    Ok(json::text(&manifest?))
}

fn write_world(path: &Path, plan: WorldPlan) -> Result<capture::Manifest, CaptureError> {
    write_records(path, plan.seed, build_world(plan).records)
}

fn write_records(
    path: &Path,
    seed: u64,
    records: Vec<WorldRecord>,
) -> Result<capture::Manifest, CaptureError> {
    let mut writer = CaptureWriter::create(path, 1)?;
    for record in records {
        let t = record.recv_ns;
        if record.kind == "meta" {
            let meta: MetaPayload = json::read(&record.payload).unwrap_or_default();
            writer.define(t, meta.markets, meta.sets)?;
            continue;
        }
        let kind = if record.kind == "trade" { Kind::Trade } else { Kind::Ws };
        let (conn, payload) = (record.conn, record.payload.as_bytes());
        writer.write(&Record { kind, t, conn, epoch: 0, payload })?;
    }
    let description = format!("seeded world {seed} of razor; no venue was recorded");
    writer.finish(Source { format: "world".to_owned(), description, ..Source::default() })
}

/// Proves a journal alone: records, hash of the last block, how it ends, the run it names.
#[pyfunction]
pub(crate) fn journal_head(
    py: Python<'_>,
    run_dir: PathBuf,
) -> PyResult<(u64, String, &'static str, String)> {
    let facts = py.detach(|| audit::journal(&run_dir)).map_err(Fault::from)?;
    let head = razor_io::digest::hex(&facts.head);
    Ok((facts.summary.records, head, facts.summary.tail.word(), facts.run_id))
}
