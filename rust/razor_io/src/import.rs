//! Importers: recordings of other programs into captures.
//!
//! Owns: [`Format`], its detection, [`import`] and the [`Control`] through which a caller watches
//! and stops one.
//!
//! Must never: correct what a source says. Defects are counted by name in the manifest, what the
//! source does not know is left unknown and flagged, prices keep their exact decimal text.
//!
//! Invariants:
//! - the same input gives the same bytes, whatever the number of threads;
//! - a stopped or failed import leaves no capture;
//! - memory is bounded: by a day of rows for tables, by a line for streams.

mod capture_time;
mod detect;
mod error;
mod input;
mod message_session;
mod ordered;
mod predecessor;
mod quote_table;
mod stamped_stream;
mod sweep_table;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

pub use detect::{Format, detect};
pub use error::ImportError;

use crate::capture::{CaptureWriter, Manifest, Source};

/// How far an import is, in units of the source (bytes, or rows where the source has a count).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// All there is.
    pub total: u64,
}

/// Through which a caller watches and stops an import.
pub struct Control<'a> {
    report: &'a mut dyn FnMut(Progress),
    cancel: &'a AtomicBool,
    at: Progress,
}

impl<'a> Control<'a> {
    /// A control that reports to `report` (often, cheap calls) and stops once `cancel` is set.
    pub fn new(report: &'a mut dyn FnMut(Progress), cancel: &'a AtomicBool) -> Self {
        Self { report, cancel, at: Progress { done: 0, total: 0 } }
    }

    fn begin(&mut self, total: u64) {
        self.at = Progress { done: 0, total };
        (self.report)(self.at);
    }

    /// Reports that `by` more units are done.
    fn advance(&mut self, by: u64) -> Result<(), ImportError> {
        self.at.done = self.at.done.saturating_add(by).min(self.at.total);
        (self.report)(self.at);
        self.check()
    }

    fn check(&self) -> Result<(), ImportError> {
        if self.cancel.load(Ordering::Relaxed) { Err(ImportError::Cancelled) } else { Ok(()) }
    }
}

/// Compression level of imported captures: tables are bound by speed, and level 1 costs them
/// little.
const LEVEL: i32 = 1;

/// Imports `path` (a directory or a file) into the capture `out` and returns its manifest.
///
/// # Errors
/// [`ImportError`]; then `out` is as it was before.
pub fn import(
    path: &Path,
    out: &Path,
    format: Format,
    control: &mut Control<'_>,
) -> Result<Manifest, ImportError> {
    let mut writer = CaptureWriter::create(out, LEVEL)?;
    let source = run(path, format, &mut writer, control)?;
    control.check()?;
    Ok(writer.finish(source)?)
}

fn run(
    path: &Path,
    format: Format,
    writer: &mut CaptureWriter,
    control: &mut Control<'_>,
) -> Result<Source, ImportError> {
    match format {
        Format::F1 => message_session::import(path, writer, control),
        Format::F2 => quote_table::import(path, writer, control),
        Format::F3 => sweep_table::import(path, writer, control),
        Format::F6 => stamped_stream::import(path, writer, control),
        Format::Predecessor => predecessor::import(path, writer, control),
    }
}
