//! What the recorder answers: the fate of a record, gap records it wrote by itself, the end.
//!
//! A caller folds exactly what is in the journal: what was shed must not reach the engine, and a
//! gap record the recorder wrote must.

use super::shared::RecorderStats;
use super::writer::gap_payload;

/// A gap record that the recorder wrote by itself; the engine must see it as an input, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Its number.
    pub seq: u64,
    /// Receive time of the first record lost, in ns.
    pub from_ns: i64,
    /// Receive time of the last record lost, in ns; the record's own time, too.
    pub to_ns: i64,
    /// Records lost.
    pub lost: u64,
}

impl Gap {
    /// The payload as it stands in the journal.
    pub fn payload(&self) -> String {
        gap_payload(self.from_ns, self.to_ns, "recorder_overload", self.lost)
    }
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// It has this number. A gap record may have been written just before it.
    Recorded {
        /// Number of the record.
        seq: u64,
        /// The gap record before it, with what was lost since the last one.
        gap: Option<Gap>,
    },
    /// It was dropped and counted. The caller must not act on it: it is not in the journal.
    Shed {
        /// The gap record that was written first, when this is the first record of a loss.
        gap: Option<Gap>,
    },
}

impl Push {
    /// The number, when recorded.
    pub const fn seq(self) -> Option<u64> {
        match self {
            Self::Recorded { seq, .. } => Some(seq),
            Self::Shed { .. } => None,
        }
    }
}

/// How a recorder ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Number of the END record; everything up to it is durable.
    pub last_seq: u64,
    /// Counters at the end.
    pub stats: RecorderStats,
}
