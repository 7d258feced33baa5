//! Why a capture could not be read or written.
//!
//! Owns: [`LineError`], what is wrong within one line, and [`CaptureError`], the same with the file
//! and the line it happened in. Every text names the remedy. No variant carries bytes of the file:
//! a hostile payload must not reach a terminal through an error message.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why one line was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LineError {
    /// Bytes that are not UTF-8.
    #[error("the line is not UTF-8; re-export it as UTF-8 or remove it")]
    NotUtf8,
    /// Not an object with exactly the keys `t c e k m`.
    #[error(
        "column {column}: expected {{\"t\":ns,\"c\":name,\"e\":epoch,\"k\":kind,\"m\":text}}; \
         remove the line or record again"
    )]
    NotARecord {
        /// Column of the first unexpected byte, from 1; 0 when unknown.
        column: usize,
    },
    /// A kind this version does not know.
    #[error("unknown kind in \"k\"; accepted: ws, rest, trade, quote, ref, meta, gap")]
    UnknownKind,
}

/// Why a capture could not be read or written.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The operating system refused.
    #[error("{path}: {source}; check that the path exists, is allowed and has space")]
    Io {
        /// File concerned.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line was refused.
    #[error("{path}, line {line}: {source}")]
    Line {
        /// File concerned.
        path: PathBuf,
        /// Line from 1.
        line: u64,
        /// What is wrong.
        source: LineError,
    },
    /// The file ends inside a compressed frame.
    #[error(
        "{path}: cut off after line {line}; copy the file again, the lines before it are intact"
    )]
    Truncated {
        /// File concerned.
        path: PathBuf,
        /// Complete lines before the cut.
        line: u64,
    },
    /// The compressed bytes do not decode.
    #[error("{path}: damaged after line {line}; copy the file again, its checksum does not hold")]
    Damaged {
        /// File concerned.
        path: PathBuf,
        /// Complete lines before the damage.
        line: u64,
    },
    /// A line over the cap.
    #[error("{path}, line {line}: longer than {cap} bytes; this is no capture line, remove it")]
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
    /// A payload or name that a capture cannot hold.
    #[error(
        "{path}: a record must be UTF-8 text with a connection name of 1..=64 characters out of \
         A-Z a-z 0-9 _ - . :"
    )]
    NotStorable {
        /// File being written.
        path: PathBuf,
    },
    /// The sidecar is of another version of the format.
    #[error("{path}: schema is not {expected}; read it with the razor that wrote it")]
    Schema {
        /// File concerned.
        path: PathBuf,
        /// The version this program reads.
        expected: &'static str,
    },
    /// The sidecar is not a manifest.
    #[error("{path}: not a capture manifest ({source}); import or record again")]
    Manifest {
        /// File concerned.
        path: PathBuf,
        /// What the decoder said.
        source: serde_json::Error,
    },
}

impl CaptureError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}
