//! Why an import failed.
//!
//! Owns: [`ImportError`]. Each variant names the file, where it can the line, and the remedy; the
//! words of foreign decoders are carried as sources, so that nothing of a hostile file's content
//! reaches a terminal except through them.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use thiserror::Error;

use crate::capture::CaptureError;

/// Why an import failed.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The capture could not be written.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The operating system refused, or compressed bytes do not decode.
    #[error("{path}: {source}; check that the file exists, is readable and complete")]
    Io {
        /// File concerned.
        path: PathBuf,
        /// What was said.
        source: io::Error,
    },
    /// Nothing importable under the path.
    #[error("{path}: no known format; accepted: f1, f2, f3, f6, predecessor (see docs/CAPTURE.md)")]
    UnknownFormat {
        /// What was asked for.
        path: PathBuf,
    },
    /// A file that the format needs is missing.
    #[error("{path}: not found; the format needs it")]
    Missing {
        /// File concerned.
        path: PathBuf,
    },
    /// A table with another header.
    #[error("{path}: the header is not `{expected}`; import a file of the documented layout")]
    Header {
        /// File concerned.
        path: PathBuf,
        /// Columns needed.
        expected: &'static str,
    },
    /// A line that is not what the format says.
    #[error("{path}, line {line}: {field} is unreadable; repair or remove the line")]
    Row {
        /// File concerned.
        path: PathBuf,
        /// Line from 1.
        line: u64,
        /// Field or part concerned.
        field: &'static str,
    },
    /// A line over the cap.
    #[error("{path}, line {line}: longer than {cap} bytes; this is no line of the format")]
    LineTooLong {
        /// File concerned.
        path: PathBuf,
        /// Line from 1.
        line: u64,
        /// Cap in bytes.
        cap: usize,
    },
    /// A file that expands more than any recording does.
    #[error("{path}: expands more than {ratio} times; refused as a decompression bomb")]
    Bomb {
        /// File concerned.
        path: PathBuf,
        /// Highest accepted ratio.
        ratio: u64,
    },
    /// A columnar file that does not decode.
    #[error("{path}: {source}; copy the file again")]
    Parquet {
        /// File concerned.
        path: PathBuf,
        /// What the decoder said.
        source: ParquetError,
    },
    /// A price that is no probability.
    #[error("{path}: a price is outside 0..1 or not finite; the file is not a quote table")]
    Price {
        /// File concerned.
        path: PathBuf,
    },
    /// More of something than an index holds.
    #[error("{path}: more than {limit} {what}; split the input by day")]
    TooMany {
        /// File concerned.
        path: PathBuf,
        /// Of what.
        what: &'static str,
        /// Highest accepted number.
        limit: usize,
    },
    /// The caller stopped the import.
    #[error("stopped on request; nothing was written")]
    Cancelled,
}

impl ImportError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }

    pub(super) fn row(path: &Path, line: u64, field: &'static str) -> Self {
        Self::Row { path: path.to_path_buf(), line, field }
    }

    pub(super) fn parquet(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Parquet { path, source }
    }
}
