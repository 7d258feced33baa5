//! Checking a run against its journal, and writing its tables anew from it.
//!
//! Owns: [`verify`] (chain, CRCs, and every table byte for byte) and [`rebuild`]. Neither needs
//! anything but the run directory. A run that ended uncleanly may have tables that are shorter than
//! its journal; that is a difference like any other, and `rebuild` cures it.

use std::path::{Path, PathBuf};

use thiserror::Error;

use razor_core::engine::EngineError;
use razor_core::engine::counters::Integrity;

use crate::disk::RunLock;
use crate::fault::IoFault;
use crate::journal::{JournalFault, JournalReader, Summary};
use crate::projection::{Comparison, Difference, Tables};
use crate::session::Fold;
use crate::source::Progress;

/// Why a run could not be checked or rebuilt.
#[derive(Debug, Error)]
pub enum AuditFault {
    /// The journal is damaged or unreadable.
    #[error(transparent)]
    Journal(#[from] JournalFault),
    /// A table could not be read or written.
    #[error(transparent)]
    Io(#[from] IoFault),
    /// The records are no run of ours.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The caller asked for the end; nothing was changed.
    #[error("the audit of {} was stopped before its end; nothing was changed", .run_dir.display())]
    Stopped {
        /// The run that was being read.
        run_dir: PathBuf,
    },
}

/// Asked every [`CHECK_EVERY`] records with how far the journal was read: false stops.
pub type KeepGoing<'a> = dyn FnMut(Progress) -> bool + 'a;

/// Records between two questions: a few milliseconds of work.
pub const CHECK_EVERY: u64 = 4_096;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The journal: records, segments, how it ends, torn tails kept as evidence.
    pub journal: Summary,
    /// Hash of the last block: what a report's seal names.
    pub head: [u8; 32],
    /// Tables that are not what the journal says.
    pub differences: Vec<Difference>,
    /// Integrity counts of the fold.
    pub integrity: Integrity,
}

/// Proves the journal and compares every table with it.
///
/// # Errors
/// [`AuditFault`] when that cannot be done; differences are no fault but the answer.
pub fn verify(run_dir: &Path) -> Result<Verdict, AuditFault> {
    verify_while(run_dir, &mut |_| true)
}

/// As [`verify`], and stops when `keep_going` says so.
///
/// # Errors
/// As [`verify`], and [`AuditFault::Stopped`].
pub fn verify_while(run_dir: &Path, keep_going: &mut KeepGoing<'_>) -> Result<Verdict, AuditFault> {
    let mut comparison = Comparison::open(run_dir)?;
    let (fold, journal, head) = walk(run_dir, &mut comparison, keep_going)?;
    let differences = comparison.finish()?;
    Ok(Verdict { journal, head, differences, integrity: fold.engine.integrity().clone() })
}

/// Writes all tables anew from the journal and puts them in place together.
///
/// # Errors
/// [`AuditFault`]; the old tables are then still in place. [`IoFault::Locked`] while a session
/// writes the run, because it would go on behind the tables that were put aside.
pub fn rebuild(run_dir: &Path) -> Result<Verdict, AuditFault> {
    rebuild_while(run_dir, &mut |_| true)
}

/// As [`rebuild`], and stops when `keep_going` says so; the old tables are then still in place.
///
/// # Errors
/// As [`rebuild`], and [`AuditFault::Stopped`].
pub fn rebuild_while(
    run_dir: &Path,
    keep_going: &mut KeepGoing<'_>,
) -> Result<Verdict, AuditFault> {
    rebuild_under(&RunLock::acquire(run_dir)?, keep_going)
}

/// As [`rebuild_while`] under a lock that the caller took before and may keep longer.
///
/// # Errors
/// As [`rebuild_while`]; [`IoFault::Locked`] while a session writes under the lock.
pub fn rebuild_under(
    lock: &RunLock,
    keep_going: &mut KeepGoing<'_>,
) -> Result<Verdict, AuditFault> {
    let _hold = lock.lend()?;
    let run_dir = lock.dir();
    let mut tables = Tables::rebuild(run_dir)?;
    let (fold, journal, head) = walk(run_dir, &mut tables, keep_going)?;
    tables.publish()?;
    let integrity = fold.engine.integrity().clone();
    Ok(Verdict { journal, head, differences: Vec::new(), integrity })
}

/// What a journal says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFacts {
    /// Records, segments, how it ends.
    pub summary: Summary,
    /// Hash of the last block.
    pub head: [u8; 32],
    /// What the tables call the run; empty for a journal without a segment.
    pub run_id: String,
}

/// Proves the journal alone.
///
/// # Errors
/// [`AuditFault::Journal`].
pub fn journal(run_dir: &Path) -> Result<JournalFacts, AuditFault> {
    let mut reader = JournalReader::open(run_dir)?;
    let summary = reader.for_each(|_| {})?;
    let chain = reader.chain();
    let run_id = chain.identity().map(|identity| identity.run_id().to_owned());
    Ok(JournalFacts { summary, head: chain.head().0, run_id: run_id.unwrap_or_default() })
}

fn walk<S: razor_core::engine::table::Sink>(
    run_dir: &Path,
    sink: &mut S,
    keep_going: &mut KeepGoing<'_>,
) -> Result<(Fold, Summary, [u8; 32]), AuditFault> {
    let mut reader = JournalReader::open(run_dir)?;
    let mut fold = Fold::default();
    let mut taken = 0_u64;
    while let Some(record) = reader.next_record()? {
        fold.take(&record, sink);
        // At the first one too: a short journal can be stopped like a long one.
        let is_asked = taken.is_multiple_of(CHECK_EVERY);
        taken = taken.saturating_add(1);
        let progress = Progress { done: reader.stored_bytes(), total: reader.total_bytes() };
        if is_asked && !keep_going(progress) {
            return Err(AuditFault::Stopped { run_dir: run_dir.to_owned() });
        }
    }
    if let Some(error) = fold.error {
        return Err(error.into());
    }
    Ok((fold, reader.summary(), reader.chain().head().0))
}
