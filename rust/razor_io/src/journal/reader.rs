//! Reading a journal directory from its first record to the end of its proof.
//!
//! Owns [`JournalReader`]: all records in order, chain and CRCs verified on the way, one block in
//! memory at a time. It only reads; what it may read while a writer is at work ends at the last
//! whole block.
//!
//! Invariant: no record is given out before its block is proven by hash and place.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use razor_core::journal::{
    Chain, Damage, Found, JournalError, Record, ScanError, SegmentScan, Source, durable_beyond,
};

use super::JournalFault;
use super::codec::Unpacker;
use super::dir::{JOURNAL_DIR, last_segment, segment_path};
use crate::fault::{IoFault, Operation};

/// How a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// There is no segment.
    Empty,
    /// Behind a whole block, without an END record: still being written, or an unclean end.
    Open,
    /// Inside a block: still being written, or the trace of a crash.
    Torn(Damage),
    /// With the END record.
    Closed,
}

impl Tail {
    /// The word of reports.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Open => "open",
            Self::Torn(_) => "torn",
            Self::Closed => "closed",
        }
    }
}

/// What a reader has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Records proven.
    pub records: u64,
    /// Segments, damaged ones included.
    pub segments: u32,
    /// How the journal ends.
    pub tail: Tail,
    /// Torn tails that later segments have gone on after; their bytes are evidence.
    pub evidence: Vec<Damage>,
}

/// A segment file read by offset.
struct SegmentFile {
    file: File,
    size: u64,
    path: PathBuf,
}

impl SegmentFile {
    fn open(path: PathBuf) -> Result<Self, IoFault> {
        let file = File::open(&path).map_err(IoFault::at(Operation::Open, &path))?;
        let meta = file.metadata().map_err(IoFault::at(Operation::Inspect, &path))?;
        Ok(Self { file, size: meta.len(), path })
    }
}

impl Source for SegmentFile {
    type Error = IoFault;

    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, at: u64, len: usize, into: &mut Vec<u8>) -> Result<(), IoFault> {
        into.resize(len, 0);
        let read = self.file.read_exact_at(into, at);
        read.map_err(IoFault::at(Operation::Read, &self.path))
    }
}

/// Stored bytes of the segments up to `last`; one that is missing is found by the walk itself.
fn stored_bytes(journal: &Path, last: u32) -> Result<u64, IoFault> {
    (1..=last).try_fold(0_u64, |sum, number| {
        let path = segment_path(journal, number);
        let meta = fs::metadata(&path).map_err(IoFault::at(Operation::Inspect, &path))?;
        Ok(sum.saturating_add(meta.len()))
    })
}

/// A walk over all records of a journal.
pub struct JournalReader {
    journal: PathBuf,
    last: u32,
    segment: u32,
    chain: Chain,
    scan: SegmentScan,
    source: Option<SegmentFile>,
    unpacker: Unpacker,
    /// Stored bytes of the segments before the present one.
    passed: u64,
    /// Stored bytes of all segments when the journal was opened.
    total: u64,
}

impl JournalReader {
    /// Opens the journal of a run directory; a run without one is empty.
    ///
    /// # Errors
    /// When the directory cannot be listed or a segment is missing in the row.
    pub fn open(run_dir: &Path) -> Result<Self, JournalFault> {
        let journal = run_dir.join(JOURNAL_DIR);
        let last = last_segment(&journal)?;
        let total = stored_bytes(&journal, last)?;
        let unpacker = Unpacker::new().map_err(IoFault::at(Operation::Open, &journal))?;
        Ok(Self {
            journal,
            last,
            segment: 0,
            chain: Chain::default(),
            scan: SegmentScan::default(),
            source: None,
            unpacker,
            passed: 0,
            total,
        })
    }

    /// The next record, or `None` behind the last proven one.
    ///
    /// # Errors
    /// [`JournalFault::Format`] at damage that is no torn tail, [`JournalFault::Io`] when a file
    /// cannot be read. Nothing behind an error is given out.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, JournalFault> {
        while self.scan.is_spent() {
            if !self.next_block()? {
                return Ok(None);
            }
        }
        Ok(self.scan.next_record(&mut self.chain)?)
    }

    /// Hands over all records that are left, in order.
    ///
    /// # Errors
    /// As [`Self::next_record`].
    pub fn for_each(
        &mut self,
        mut visit: impl FnMut(&Record<'_>),
    ) -> Result<Summary, JournalFault> {
        loop {
            while let Some(record) = self.scan.next_record(&mut self.chain)? {
                visit(&record);
            }
            if !self.next_block()? {
                return Ok(self.summary());
            }
        }
    }

    /// What was seen so far; complete once [`Self::next_record`] has given `None`.
    pub fn summary(&self) -> Summary {
        let open = self.chain.open_tear();
        let settled = self.chain.torn().iter().take_while(|damage| Some(**damage) != open);
        let tail = match open {
            Some(damage) => Tail::Torn(damage),
            None if self.chain.ended() => Tail::Closed,
            None if self.segment == 0 => Tail::Empty,
            None => Tail::Open,
        };
        Summary {
            records: self.chain.last_seq(),
            segments: self.segment,
            tail,
            evidence: settled.copied().collect(),
        }
    }

    /// Stored bytes behind the reader, for progress; at most [`Self::total_bytes`].
    pub fn stored_bytes(&self) -> u64 {
        self.passed.saturating_add(self.scan.offset()).min(self.total)
    }

    /// Stored bytes that there were when the journal was opened; a writer may have added some.
    pub const fn total_bytes(&self) -> u64 {
        self.total
    }

    /// The state of the chain so far: names, identity, last sequence number.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Ends the walk and gives the chain on which a writer goes on.
    pub(super) fn into_chain(self) -> Chain {
        self.chain
    }

    /// Goes on to the next proven block; false behind the last one.
    fn next_block(&mut self) -> Result<bool, JournalFault> {
        loop {
            let Some(source) = &mut self.source else {
                if !self.next_segment()? {
                    return Ok(false);
                }
                continue;
            };
            match self.scan.next(&mut self.chain, source, &mut self.unpacker) {
                Ok(Found::Block(_)) => return Ok(true),
                Ok(Found::End) => self.source = None,
                Ok(Found::Torn(damage)) => {
                    if durable_beyond(source, damage.offset, self.chain.last_seq())? {
                        return Err(JournalError::Corrupt(damage).into());
                    }
                    self.source = None;
                }
                Err(ScanError::Source(fault)) => return Err(fault.into()),
                Err(ScanError::Journal(error)) => return Err(error.into()),
            }
        }
    }

    fn next_segment(&mut self) -> Result<bool, JournalFault> {
        if self.segment == self.last {
            return Ok(false);
        }
        self.segment = self.segment.saturating_add(1);
        self.source = Some(SegmentFile::open(segment_path(&self.journal, self.segment))?);
        self.passed = self.passed.saturating_add(self.scan.offset());
        self.scan.start(self.segment);
        Ok(true)
    }
}
