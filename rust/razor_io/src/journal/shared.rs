//! What the hot thread and the writer thread both see: counters, and one fault that never clears.
//!
//! The hot thread only loads and stores atomics. The lock is for waiting on durability and for the
//! fault itself, both rare.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::JournalFault;
use crate::clock::Stopwatch;

/// Counters of a recorder, for health rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecorderStats {
    /// Last sequence number pushed.
    pub pushed_seq: u64,
    /// Last sequence number known durable.
    pub durable_seq: u64,
    /// Blocks written.
    pub blocks: u64,
    /// Bytes written, heads included.
    pub stored_bytes: u64,
    /// Record bytes before compression, heads included.
    pub raw_bytes: u64,
    /// Records shed.
    pub shed: u64,
    /// Syncs done.
    pub syncs: u64,
    /// Longest sync in ns.
    pub sync_ns_max: u64,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) failed: AtomicBool,
    pub(super) pushed: AtomicU64,
    pub(super) durable: AtomicU64,
    pub(super) blocks: AtomicU64,
    pub(super) stored: AtomicU64,
    pub(super) raw: AtomicU64,
    pub(super) shed: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) sync_ns_max: AtomicU64,
    fault: Mutex<Option<JournalFault>>,
    changed: Condvar,
}

impl Shared {
    /// Keeps the first fault and wakes whoever waits.
    pub(super) fn fail(&self, fault: JournalFault) {
        let mut kept = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert(fault);
        self.failed.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    /// The fault, when there is one.
    #[inline]
    pub(super) fn check(&self) -> Result<(), JournalFault> {
        if self.failed.load(Ordering::Acquire) { Err(self.fault()) } else { Ok(()) }
    }

    #[cold]
    fn fault(&self) -> JournalFault {
        let kept = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone().unwrap_or(JournalFault::WriterGone)
    }

    /// Says that everything up to `seq` is durable.
    ///
    /// After a fault the mark stays where it is: the numbers behind it are used again by the gap
    /// record of a full disk, and must not look like the records that were lost.
    pub(super) fn reached(&self, seq: u64) {
        // Under the lock, so that a waiter cannot look before and sleep after.
        let kept = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_some() {
            return;
        }
        self.durable.store(seq, Ordering::Release);
        self.changed.notify_all();
    }

    /// Waits until `seq` is durable.
    pub(super) fn wait_durable(&self, seq: u64, most: Duration) -> Result<u64, JournalFault> {
        let watch = Stopwatch::start();
        let mut kept = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let durable = self.durable.load(Ordering::Acquire);
            if durable >= seq {
                return Ok(durable);
            }
            if let Some(fault) = kept.as_ref() {
                return Err(fault.clone());
            }
            let left = most.saturating_sub(watch.elapsed());
            if left.is_zero() {
                return Err(JournalFault::SlowSync { waited_ms: millis(most) });
            }
            let waited = self.changed.wait_timeout(kept, left);
            kept = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn stats(&self) -> RecorderStats {
        RecorderStats {
            pushed_seq: self.pushed.load(Ordering::Relaxed),
            durable_seq: self.durable.load(Ordering::Relaxed),
            blocks: self.blocks.load(Ordering::Relaxed),
            stored_bytes: self.stored.load(Ordering::Relaxed),
            raw_bytes: self.raw.load(Ordering::Relaxed),
            shed: self.shed.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            sync_ns_max: self.sync_ns_max.load(Ordering::Relaxed),
        }
    }
}

/// Whole milliseconds of a span.
pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
