//! The journal on disk: the recorder that writes it, the recovery that proves it, the reader.
//!
//! Owns the directory `journal/` of a run: segments `000001.rzj`, `000002.rzj`, … and `reserve`, a
//! file of zeros that goes when the disk is full. The bytes themselves belong to
//! [`razor_core::journal`]; `docs/JOURNAL.md` shows them.
//!
//! Must never: change or shorten a segment, write on after a failed write or sync, step over
//! damage, or lose a record that was reported durable.
//!
//! How it fits: [`Recorder::push`] copies a record into a buffer on the calling thread; a writer
//! thread seals, compresses, chains and writes whole buffers as blocks and syncs by [`Durability`].
//! After a start [`recover`] proves what is there and gives the place where writing goes on, always
//! in a new segment.

mod codec;
mod dir;
mod outcome;
mod reader;
mod recorder;
mod recovery;
mod settings;
mod shared;
mod store;
mod writer;

pub use dir::{JOURNAL_DIR, segment_path};
pub use outcome::{Closed, Gap, Push};
pub use reader::{JournalReader, Summary, Tail};
pub use recorder::Recorder;
pub use recovery::{Recovered, recover, recover_with};
pub use settings::{Durability, Overload, RecorderSettings};
pub use shared::RecorderStats;
pub use store::{DiskStore, Probe, Store};

use razor_core::ids::ConnIx;
use razor_core::journal::{JournalError, Kind};
use thiserror::Error;

use crate::fault::IoFault;

/// Why the journal refuses or has failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalFault {
    /// The disk or the file system.
    #[error(transparent)]
    Io(#[from] IoFault),
    /// The bytes of the journal.
    #[error(transparent)]
    Format(#[from] JournalError),
    /// The journal was closed in order and takes no more.
    #[error("the journal of this run is closed; open a new run that continues it")]
    Closed,
    /// The journal belongs to another run, build or config.
    #[error("the journal was written under another run, build or config; open a new run instead")]
    OtherRun,
    /// No buffer came back in time: the disk is slower than the source.
    #[error(
        "no journal buffer was free within {waited_ms} ms; the disk is too slow for the source"
    )]
    Overloaded {
        /// How long was waited, in ms.
        waited_ms: u64,
    },
    /// The sync did not end in time; it may still end well.
    #[error("the journal was not durable within {waited_ms} ms; the disk is too slow, do not send")]
    SlowSync {
        /// How long was waited, in ms.
        waited_ms: u64,
    },
    /// A record names a connection that was not introduced.
    #[error("connection {} was not introduced; ask for its index first", conn.0)]
    UnknownConn {
        /// The index.
        conn: ConnIx,
    },
    /// Records of this kind are written by the recorder alone.
    #[error("records of kind {} are written by the recorder alone", kind.word())]
    OwnKind {
        /// The kind.
        kind: Kind,
    },
    /// A setting outside its range.
    #[error("recorder setting {name} is outside {min}..={max}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Least accepted.
        min: u64,
        /// Most accepted.
        max: u64,
    },
    /// The writer thread could not be started or has ended.
    #[error("the journal writer thread is gone; restart to recover")]
    WriterGone,
}
