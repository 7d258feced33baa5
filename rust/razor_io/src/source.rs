//! Where records come from when they are not live: captures and journals, read in order.
//!
//! Owns: the two readers behind one face ([`RecordSource`]). Must never hold more than a line or a
//! block. What the journal wrote about itself (names, settings, its end) is not handed on: a replay
//! has its own. A recovery is handed on as the gap `RESTART`, which the engine takes the same way.

use std::fs;
use std::path::Path;

use razor_core::engine::record::{Kind, Record};
use razor_core::units::Nanos;
use thiserror::Error;

use crate::capture::{self, CaptureError, CaptureReader, Limits};
use crate::journal::{JournalFault, JournalReader};

/// Why a source gave no further record.
#[derive(Debug, Error)]
pub enum SourceFault {
    /// The capture.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalFault),
}

/// How far a source has been read, in bytes of its files; `total` 0 when unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub done: u64,
    /// Bytes there are.
    pub total: u64,
}

/// Records in order.
pub enum RecordSource {
    /// A capture file.
    Capture {
        /// Its reader.
        reader: Box<CaptureReader>,
        /// Its size.
        total: u64,
    },
    /// The journal of a run directory.
    Journal {
        /// Its reader.
        reader: Box<JournalReader>,
        /// Connection names in order of introduction.
        names: Vec<String>,
        /// The record handed out last.
        held: Held,
    },
}

impl RecordSource {
    /// A capture.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn capture(path: &Path) -> Result<Self, SourceFault> {
        let reader = Box::new(CaptureReader::open(path, Limits::default())?);
        let total = fs::metadata(path).map_or(0, |meta| meta.len());
        Ok(Self::Capture { reader, total })
    }

    /// The journal of a run directory.
    ///
    /// # Errors
    /// When the directory cannot be listed or a segment is missing.
    pub fn journal(run_dir: &Path) -> Result<Self, SourceFault> {
        let reader = Box::new(JournalReader::open(run_dir)?);
        Ok(Self::Journal { reader, names: Vec::new(), held: Held::default() })
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// [`SourceFault`]; nothing behind it is handed out.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, SourceFault> {
        match self {
            Self::Capture { reader, .. } => {
                let record = reader.next_record()?;
                Ok(record.map(|record| Record {
                    kind: kind_of(record.kind),
                    recv_ns: Nanos(record.t),
                    conn: record.conn,
                    epoch: record.epoch,
                    payload: record.payload,
                }))
            }
            Self::Journal { reader, names, held } => {
                let is_there = hold_next(reader, names, held)?;
                let kind = held.kind.filter(|_| is_there);
                Ok(kind.map(|kind| Record {
                    kind,
                    recv_ns: Nanos(held.recv_ns),
                    conn: names.get(held.name).map_or("", String::as_str),
                    epoch: held.epoch,
                    payload: &held.payload,
                }))
            }
        }
    }

    /// How far it has been read.
    pub fn progress(&self) -> Progress {
        match self {
            Self::Capture { reader, total } => {
                Progress { done: reader.file_bytes(), total: *total }
            }
            Self::Journal { reader, .. } => {
                Progress { done: reader.stored_bytes(), total: reader.total_bytes() }
            }
        }
    }
}

/// An input of a journal, copied out of its block: the block cannot lend it past the next look.
#[derive(Debug, Default)]
pub struct Held {
    kind: Option<Kind>,
    recv_ns: i64,
    name: usize,
    epoch: u32,
    payload: Vec<u8>,
}

impl Held {
    /// What a recovery was to the engine, as an input that another journal can hold.
    fn restart(&mut self, recv_ns: i64) {
        self.kind = Some(Kind::Gap);
        self.recv_ns = recv_ns;
        self.name = usize::MAX;
        self.epoch = 0;
        self.payload.clear();
        let text = format!(
            "{{\"from_ns\":{recv_ns},\"to_ns\":{recv_ns},\"cause\":\"RESTART\",\"lost\":0}}"
        );
        self.payload.extend_from_slice(text.as_bytes());
    }
}

/// Reads on to the next record that is an input of the engine; false at the end.
fn hold_next(
    reader: &mut JournalReader,
    names: &mut Vec<String>,
    held: &mut Held,
) -> Result<bool, SourceFault> {
    while let Some(record) = reader.next_record()? {
        if record.kind == Kind::Conn {
            names.push(String::from_utf8_lossy(record.payload).into_owned());
            continue;
        }
        if record.kind == Kind::Recovery {
            held.restart(record.recv_ns);
            return Ok(true);
        }
        if record.kind.is_bookkeeping() || record.kind == Kind::Params {
            continue;
        }
        held.kind = Some(record.kind);
        held.recv_ns = record.recv_ns;
        held.name = usize::from(record.conn.0);
        held.epoch = record.epoch;
        held.payload.clear();
        held.payload.extend_from_slice(record.payload);
        return Ok(true);
    }
    Ok(false)
}

/// The engine's kind of a capture's.
pub fn kind_of(kind: capture::Kind) -> Kind {
    match kind {
        capture::Kind::Ws => Kind::Ws,
        capture::Kind::Rest => Kind::Rest,
        capture::Kind::Trade => Kind::Trade,
        capture::Kind::Quote => Kind::Quote,
        capture::Kind::Ref => Kind::Ref,
        capture::Kind::Meta => Kind::Meta,
        capture::Kind::Gap => Kind::Gap,
    }
}
