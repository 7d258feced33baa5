//! What a start does before it may write: prove the journal from its first byte.
//!
//! Owns [`recover`]. It reads only, so a crash during recovery changes nothing, and doing it again
//! gives the same result (D-6). A torn tail stays in its segment as evidence; the writer goes on in
//! a new segment that names the last good block. Damage in the middle is an error, never skipped.

use std::path::Path;

use razor_core::journal::{Chain, Identity, Record};

use super::reader::{JournalReader, Summary};
use super::{JournalFault, Tail};

/// A proven journal: where writing goes on, and what was found on the way.
#[derive(Debug, Clone)]
pub struct Recovered {
    chain: Chain,
    summary: Summary,
}

impl Recovered {
    /// What was found.
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The proven chain: last sequence number, connection names, identity, highest token.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The chain on which a new segment goes on, when the same run, build and config do so (D-12).
    pub(super) fn continued(&self, identity: Identity) -> Result<Chain, JournalFault> {
        if self.summary.tail == Tail::Closed {
            return Err(JournalFault::Closed);
        }
        match self.chain.identity() {
            // No segment yet, or only torn heads: their numbers are taken, nothing else is.
            None => Ok(self.chain.clone().with_identity(identity)),
            Some(known) if *known == identity => Ok(self.chain.clone()),
            Some(_) => Err(JournalFault::OtherRun),
        }
    }

    /// What the recovery record of the next segment says; `None` for a journal that begins.
    pub(super) fn note(&self) -> Option<String> {
        let from = self.chain.last_seq();
        match self.summary.tail {
            Tail::Empty => None,
            Tail::Open | Tail::Closed => {
                Some(format!(r#"{{"last_seq":{from},"cause":"unclean end"}}"#))
            }
            Tail::Torn(damage) => Some(format!(
                r#"{{"last_seq":{from},"segment":{},"block":{},"offset":{},"cause":"{}"}}"#,
                damage.segment, damage.block, damage.offset, damage.cause,
            )),
        }
    }
}

/// Proves the journal of a run directory; a run without one is empty.
///
/// # Errors
/// [`JournalFault::Format`] when it is corrupt, [`JournalFault::Io`] when it cannot be read.
pub fn recover(run_dir: &Path) -> Result<Recovered, JournalFault> {
    recover_with(run_dir, |_| {})
}

/// Proves the journal and hands over each record in order, so that state can be folded at once.
///
/// # Errors
/// As [`recover`]; what was folded before an error must be thrown away.
pub fn recover_with(
    run_dir: &Path,
    visit: impl FnMut(&Record<'_>),
) -> Result<Recovered, JournalFault> {
    let mut reader = JournalReader::open(run_dir)?;
    let summary = reader.for_each(visit)?;
    Ok(Recovered { chain: reader.into_chain(), summary })
}
