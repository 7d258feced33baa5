//! How a recorder behaves: buffer sizes, durability, and what happens when the disk falls behind.

use std::time::Duration;

use razor_core::journal::MAX_RAW;

use super::JournalFault;

/// When written blocks are forced to disk without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Group commit: at most this long, or this many stored bytes, stay unsynced.
    Every {
        /// Longest time a written block stays unsynced.
        span: Duration,
        /// Stored bytes after which a sync is due.
        bytes: u64,
    },
    /// With each flush.
    EachFlush,
    /// Only when asked, at the end of a segment, and at the end. The bytes then depend on the
    /// records alone, which replay needs.
    None,
}

/// What the hot thread does when no buffer is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overload {
    /// Wait at most this long, then fail the push: for sources that can wait (replay, import).
    Block {
        /// Longest wait.
        max_wait: Duration,
    },
    /// Count the record and drop it, with a gap record written first: for live sources.
    Shed,
}

/// Settings of a recorder.
#[derive(Debug, Clone)]
pub struct RecorderSettings {
    /// Buffer size in bytes, 4 KiB ..= 16 MiB: also the most record bytes of a usual block.
    pub chunk_bytes: usize,
    /// Buffers, 2 ..= 4096. Buffers × size is what a slow sync may last at the rate of the source.
    pub chunks: usize,
    /// Age (by receive times) at which a partly filled buffer is handed over; `None` = never.
    pub max_age: Option<Duration>,
    /// Size in bytes above which a new segment begins, 64 KiB ..= 4 GiB.
    pub segment_bytes: u64,
    /// When blocks are forced to disk.
    pub durability: Durability,
    /// What happens when no buffer is free.
    pub overload: Overload,
    /// zstd level, −7 ..= 19.
    pub level: i32,
    /// Bytes kept back for the last records on a full disk; 0 = none.
    pub reserve_bytes: u64,
    /// Bytes that must be free at the start, beyond the reserve.
    pub headroom_bytes: u64,
    /// Longest wait for a sync that was asked for.
    pub sync_wait: Duration,
}

impl RecorderSettings {
    /// For a live source: sheds rather than waits, durable within 200 ms.
    pub fn live() -> Self {
        Self {
            chunk_bytes: 2 * 1024 * 1024,
            chunks: 32,
            max_age: Some(Duration::from_millis(100)),
            segment_bytes: 256 * 1024 * 1024,
            durability: Durability::Every {
                span: Duration::from_millis(200),
                bytes: 32 * 1024 * 1024,
            },
            overload: Overload::Shed,
            level: 1,
            reserve_bytes: 1024 * 1024,
            headroom_bytes: 256 * 1024 * 1024,
            sync_wait: Duration::from_secs(30),
        }
    }

    /// For replay and import: waits rather than sheds; the same records give the same bytes.
    pub fn replay() -> Self {
        Self {
            chunks: 8,
            max_age: None,
            durability: Durability::None,
            overload: Overload::Block { max_wait: Duration::from_secs(60) },
            ..Self::live()
        }
    }

    /// Refuses settings outside their ranges.
    pub(super) fn check(&self) -> Result<(), JournalFault> {
        let chunk_bytes = u64::try_from(self.chunk_bytes).unwrap_or(u64::MAX);
        let chunks = u64::try_from(self.chunks).unwrap_or(u64::MAX);
        let most = u64::try_from(MAX_RAW).unwrap_or(u64::MAX).min(16 * 1024 * 1024);
        let level = u64::try_from(self.level.saturating_add(7)).unwrap_or(u64::MAX);
        in_range("chunk_bytes", chunk_bytes, 4096, most)?;
        in_range("chunks", chunks, 2, 4096)?;
        in_range("segment_bytes", self.segment_bytes, 64 * 1024, 4 * 1024 * 1024 * 1024)?;
        in_range("level + 7", level, 0, 26)?;
        in_range("reserve_bytes", self.reserve_bytes, 0, 1024 * 1024 * 1024)
    }
}

fn in_range(name: &'static str, value: u64, min: u64, max: u64) -> Result<(), JournalFault> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(JournalFault::Setting { name, min, max })
    }
}
