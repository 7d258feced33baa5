//! The writer thread: from full buffers to durable blocks.
//!
//! Owns the open segment. For each buffer it fills in the CRCs, compresses, seals the block into
//! the chain and writes it; it syncs when the policy or a caller says so, and only then moves the
//! durable mark.
//!
//! Must never: write after a failed write or sync (the one exception is the gap record of a full
//! disk, in a new segment, F-68), or move the durable mark before the sync has returned.
//!
//! Invariants: a block ends at every durable write; before each sync the path still leads to the
//! open file and its length is what was written (F-72); after a fault buffers are only given back.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use razor_core::journal::{Chain, Kind, NO_CONN, NewBlock, Record, Records, seal_records};

use super::codec::Packer;
use super::dir::{JOURNAL_DIR, reserve_path, segment_path};
use super::shared::Shared;
use super::{Durability, JournalFault, RecorderSettings, Store};
use crate::clock::Stopwatch;
use crate::disk::{Reserve, RunLock, check_space, create_dir};
use crate::fault::{IoFault, Operation};

/// Work for the writer thread.
pub(super) struct Job {
    /// Unsealed records, whole ones.
    pub(super) chunk: Option<Vec<u8>>,
    /// Whether everything up to here must be durable afterwards.
    pub(super) sync: bool,
}

/// Longest sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

pub(super) struct Writer {
    store: Box<dyn Store>,
    pub(super) journal: PathBuf,
    chain: Chain,
    token: u64,
    packer: Packer,
    durability: Durability,
    segment_bytes: u64,
    chunk_bytes: usize,
    reserve: Option<Reserve>,
    shared: Arc<Shared>,
    path: PathBuf,
    /// Bytes of the open segment, how many of them are not synced, and since when.
    len: u64,
    unsynced: u64,
    since_sync: Stopwatch,
    out: Vec<u8>,
}

impl Writer {
    /// Checks the disk, takes the reserve and opens the next segment behind `chain`.
    pub(super) fn open(
        settings: &RecorderSettings,
        chain: Chain,
        lock: &RunLock,
        store: Box<dyn Store>,
        shared: Arc<Shared>,
    ) -> Result<Self, JournalFault> {
        let journal = lock.dir().join(JOURNAL_DIR);
        create_dir(&journal)?;
        check_space(&journal, settings.headroom_bytes.saturating_add(settings.reserve_bytes))?;
        let path = reserve_path(&journal);
        let reserve = match settings.reserve_bytes {
            0 => None,
            len => Some(Reserve::take(&path, len)?),
        };
        let packer = Packer::new(settings.level, settings.chunk_bytes);
        let mut writer = Self {
            store,
            chain,
            token: lock.token(),
            packer: packer.map_err(IoFault::at(Operation::Open, &journal))?,
            durability: settings.durability,
            segment_bytes: settings.segment_bytes,
            chunk_bytes: settings.chunk_bytes,
            reserve,
            shared,
            path: PathBuf::new(),
            len: 0,
            unsynced: 0,
            since_sync: Stopwatch::start(),
            out: Vec::new(),
            journal,
        };
        writer.open_segment()?;
        Ok(writer)
    }

    /// Works until the other end of `jobs` is gone; buffers go back through `free`.
    pub(super) fn run(mut self, jobs: &Receiver<Job>, free: &SyncSender<Vec<u8>>) {
        let _watch = PanicWatch(Arc::clone(&self.shared));
        loop {
            let step = match jobs.recv_timeout(self.until_due()) {
                Ok(job) => self.work(job, free),
                Err(RecvTimeoutError::Timeout) => self.guard(Self::sync_if_due),
                Err(RecvTimeoutError::Disconnected) => {
                    let _ended = self.guard(Self::sync);
                    return;
                }
            };
            if step.is_err() {
                // The fault is kept in `shared`; from here on buffers only go round.
                for job in jobs {
                    Self::recycle(job.chunk, self.chunk_bytes, free);
                }
                return;
            }
        }
    }

    fn work(&mut self, job: Job, free: &SyncSender<Vec<u8>>) -> Result<(), ()> {
        let Job { mut chunk, sync } = job;
        let done = self.guard(|writer| {
            if let Some(raw) = chunk.as_mut().filter(|raw| !raw.is_empty()) {
                writer.write_chunk(raw)?;
            }
            if sync { writer.sync() } else { writer.sync_if_due() }
        });
        Self::recycle(chunk, self.chunk_bytes, free);
        done
    }

    /// Runs a step and keeps its fault for the callers.
    fn guard(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), JournalFault>,
    ) -> Result<(), ()> {
        if self.shared.failed.load(Ordering::Acquire) {
            return Err(());
        }
        step(self).map_err(|fault| self.shared.fail(fault))
    }

    /// Gives a buffer back; one that had to grow for a long record is cut to its usual size.
    fn recycle(chunk: Option<Vec<u8>>, usual: usize, free: &SyncSender<Vec<u8>>) {
        if let Some(mut chunk) = chunk {
            chunk.clear();
            chunk.shrink_to(usual);
            // The pool has room for all buffers there are; only a closed pool refuses.
            drop(free.try_send(chunk));
        }
    }

    fn write_chunk(&mut self, raw: &mut [u8]) -> Result<(), JournalFault> {
        if self.len >= self.segment_bytes {
            self.sync()?;
            self.open_segment()?;
        }
        let count = seal_records(raw);
        assert!(count.is_ok(), "the hot thread hands over whole records");
        match self.write_block(raw, count.unwrap_or(0)) {
            Err(JournalFault::Io(IoFault::DiskFull { path, operation })) => {
                let fault = IoFault::DiskFull { path, operation };
                // Stop the hot thread first, so that the count of the lost is complete.
                self.shared.fail(fault.clone().into());
                self.last_words(raw);
                Err(fault.into())
            }
            written => written,
        }
    }

    /// Seals sealed records into a block and writes it.
    fn write_block(&mut self, raw: &[u8], count: u32) -> Result<(), JournalFault> {
        let (codec, stored) = self.packer.pack(raw);
        let durable_seq = self.shared.durable.load(Ordering::Acquire);
        let block = NewBlock { codec, durable_seq, count, raw_len: raw.len(), stored };
        let sealed = self.chain.seal(&block)?;
        self.out.clear();
        self.out.extend_from_slice(&sealed.head);
        self.out.extend_from_slice(stored);
        self.write_out()?;
        // Only now: after a fault the chain still ends at the last whole block.
        self.chain.advance(&sealed);
        self.shared.blocks.fetch_add(1, Ordering::Relaxed);
        self.shared.raw.fetch_add(widen(raw.len()), Ordering::Relaxed);
        Ok(())
    }

    /// Writes all of `out` to the open segment.
    fn write_out(&mut self) -> Result<(), JournalFault> {
        if self.unsynced == 0 {
            self.since_sync = Stopwatch::start();
        }
        let mut rest = self.out.as_slice();
        while !rest.is_empty() {
            let wrote = match self.store.write(rest) {
                Ok(0) => Err(std::io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                other => other,
            };
            let wrote = wrote.map_err(IoFault::at(Operation::Write, &self.path))?;
            rest = rest.get(wrote..).unwrap_or_default();
            self.len = self.len.saturating_add(widen(wrote));
            self.unsynced = self.unsynced.saturating_add(widen(wrote));
        }
        self.shared.stored.fetch_add(widen(self.out.len()), Ordering::Relaxed);
        Ok(())
    }

    /// Opens the next segment and makes its head durable.
    fn open_segment(&mut self) -> Result<(), JournalFault> {
        let header = self.chain.next_segment(self.token)?;
        self.path = segment_path(&self.journal, header.number);
        self.store.create(&self.path).map_err(IoFault::at(Operation::Create, &self.path))?;
        self.len = 0;
        self.out.clear();
        self.out.extend_from_slice(&header.encode().0);
        self.write_out()?;
        self.sync()
    }

    fn sync_if_due(&mut self) -> Result<(), JournalFault> {
        let due = match self.durability {
            Durability::Every { span, bytes } => {
                self.unsynced >= bytes || self.unsynced > 0 && self.since_sync.elapsed() >= span
            }
            Durability::EachFlush | Durability::None => false,
        };
        if due { self.sync() } else { Ok(()) }
    }

    /// Time until the policy asks for a sync.
    fn until_due(&self) -> Duration {
        match self.durability {
            Durability::Every { span, .. } if self.unsynced > 0 => {
                span.saturating_sub(self.since_sync.elapsed())
            }
            Durability::Every { .. } | Durability::EachFlush | Durability::None => IDLE,
        }
    }

    /// Forces what was written to disk and moves the durable mark.
    fn sync(&mut self) -> Result<(), JournalFault> {
        if self.unsynced > 0 {
            self.check_file()?;
            let watch = Stopwatch::start();
            self.store.sync().map_err(|error| self.sync_fault(&error))?;
            self.shared.syncs.fetch_add(1, Ordering::Relaxed);
            self.shared.sync_ns_max.fetch_max(watch.elapsed_ns(), Ordering::Relaxed);
            self.unsynced = 0;
        }
        assert!(self.chain.last_seq() >= self.shared.durable.load(Ordering::Acquire));
        self.shared.reached(self.chain.last_seq());
        Ok(())
    }

    /// Every failed sync is a failed sync, whatever the system calls it: the pages may be gone.
    fn sync_fault(&self, error: &std::io::Error) -> IoFault {
        let code = error.raw_os_error().unwrap_or(0);
        IoFault::SyncFailed { path: self.path.clone(), code }
    }

    /// Refuses a file that was removed, replaced, cut or written by someone else (F-72).
    fn check_file(&mut self) -> Result<(), IoFault> {
        let replaced = || IoFault::Replaced { path: self.path.clone() };
        let probe = match self.store.probe(&self.path) {
            Ok(probe) => probe,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(replaced()),
            Err(error) => return Err(IoFault::new(Operation::Inspect, &self.path, &error)),
        };
        if probe.same_file && probe.len == self.len { Ok(()) } else { Err(replaced()) }
    }

    /// On a full disk: gives the reserve back and writes, in a new segment behind the last good
    /// block, one gap record that counts what was pushed and is not in the journal.
    ///
    /// Whatever fails here changes nothing: the recorder has failed already and recovery stands on
    /// the last good block either way.
    fn last_words(&mut self, lost: &[u8]) {
        let Some(reserve) = self.reserve.take() else { return };
        let first_lost = self.chain.last_seq().saturating_add(1);
        let times = || Records::new(lost, first_lost).flatten().map(|record| record.recv_ns);
        // Least and greatest: a clock that goes back must not turn the span around.
        let (from_ns, to_ns) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        let pushed = self.shared.pushed.load(Ordering::Acquire);
        let count = pushed.saturating_sub(self.chain.last_seq());
        let payload = gap_payload(from_ns, to_ns, "disk_full", count);
        let seq = first_lost;
        let (kind, conn, payload) = (Kind::Gap, NO_CONN, payload.as_bytes());
        let mut raw = Vec::new();
        Record { seq, kind, recv_ns: to_ns, conn, epoch: 0, payload }.encode(&mut raw);
        let written = reserve.release().map_err(JournalFault::from).and_then(|()| {
            self.sync_partial()?;
            self.open_segment()?;
            self.write_block(&raw, 1)?;
            self.sync()
        });
        drop(written);
    }

    /// Syncs a segment whose last block is cut off; its whole blocks count, the cut one does not.
    fn sync_partial(&mut self) -> Result<(), JournalFault> {
        self.store.sync().map_err(|error| self.sync_fault(&error))?;
        self.unsynced = 0;
        Ok(())
    }
}

/// Tells the callers when the thread dies of a bug, so that nobody waits for it.
struct PanicWatch(Arc<Shared>);

impl Drop for PanicWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(JournalFault::WriterGone);
        }
    }
}

/// The payload of a gap record.
pub(super) fn gap_payload(from_ns: i64, to_ns: i64, cause: &str, lost: u64) -> String {
    format!(r#"{{"from_ns":{from_ns},"to_ns":{to_ns},"cause":"{cause}","lost":{lost}}}"#)
}

/// A length as a count of bytes.
fn widen(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
