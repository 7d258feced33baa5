//! The journal format: records in blocks, blocks in a hash chain, the chain cut into segments.
//!
//! Owns: the bytes of version 1 ([`Record`], [`BlockHeader`], [`SegmentHeader`]), the [`Chain`]
//! that says what may follow what, and [`SegmentScan`], the one reader of both files and slices.
//! `docs/JOURNAL.md` describes the same bytes for people, with an example that a test reproduces.
//!
//! Must never: open a file, compress (the shell passes an [`Inflate`]), or step over bytes that it
//! cannot prove. A damaged journal gives its longest proven prefix and a [`Damage`], or an error.
//!
//! Invariants:
//! - sequence numbers start at 1 and grow by 1 over all blocks and segments;
//! - a block names the hash of the block before it; a segment names the hash of the last good
//!   block;
//! - each length is bounded before it is used, reserved bits are zero, newer versions are refused;
//! - a torn tail and a damaged middle are told apart by what later blocks say was already durable.

mod block;
mod chain;
mod record;
mod scan;
mod segment;

pub use block::{BLOCK_HEADER, BlockHash, BlockHeader, Codec, MAX_RAW};
pub use chain::{Chain, Conns, NewBlock, Sealed};
pub use record::{
    Kind, MAX_PAYLOAD, NO_CONN, RECORD_HEADER, Record, Records, record_header, seal_records,
};
pub use scan::{Found, Inflate, RawOnly, ScanError, SegmentScan, Source, durable_beyond};
pub use segment::{Identity, SEGMENT_HEADER, SegmentHeader, VERSION};

use thiserror::Error;

/// What is wrong with the bytes at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Cause {
    /// The file ends inside the segment header.
    #[error("the file ends inside the segment header")]
    SegmentShort,
    /// The file does not begin with the segment magic.
    #[error("the file does not begin with the segment magic")]
    SegmentMagic,
    /// The segment header does not match its own hash.
    #[error("the segment header does not match its hash")]
    SegmentHash,
    /// A field of the segment header is outside its range.
    #[error("a field of the segment header is outside its range")]
    SegmentField,
    /// The number in the header is not the one of the file name.
    #[error("the header says segment {found}, the file name says another")]
    SegmentNumber {
        /// Number in the header.
        found: u32,
    },
    /// The segment does not continue the last good block.
    #[error("the segment does not continue the last good block")]
    SegmentChain,
    /// The fencing token is lower than the one before.
    #[error("fencing token {found} is lower than the token before it")]
    TokenFell {
        /// Token found.
        found: u64,
    },
    /// The file ends inside a block.
    #[error("the file ends inside a block")]
    BlockShort,
    /// No block magic where a block must begin.
    #[error("no block begins here")]
    BlockMagic,
    /// The block header does not match its CRC.
    #[error("the block header does not match its CRC32C")]
    BlockHeaderCrc,
    /// A length or code in the block header is outside its range.
    #[error("a length or code in the block header is outside its range")]
    BlockField,
    /// The block does not match its hash.
    #[error("the block does not match its SHA-256")]
    BlockHash,
    /// The block names another predecessor.
    #[error("the block names another predecessor; blocks were removed, inserted or swapped")]
    BlockChain,
    /// The block begins at another sequence number.
    #[error("the block begins at sequence {found}")]
    BlockSeq {
        /// Sequence found.
        found: u64,
    },
    /// The payload cannot be decompressed to the length the header states.
    #[error("the block payload cannot be decompressed")]
    Inflate,
    /// A record ends outside its block.
    #[error("a record ends outside its block")]
    RecordShort,
    /// A record does not match its CRC.
    #[error("a record does not match its CRC32C")]
    RecordCrc,
    /// A record has another sequence number than its place.
    #[error("a record says sequence {found}")]
    RecordSeq {
        /// Sequence found.
        found: u64,
    },
    /// A record has a kind this version does not know.
    #[error("record kind {found} does not exist in this version")]
    RecordKind {
        /// Code found.
        found: u8,
    },
    /// The block holds more or fewer records than its header says.
    #[error("the block holds another number of records than its header says")]
    RecordCount,
    /// A record names a connection that was not introduced, or introduces one out of order.
    #[error("a record names connection {found}, which was not introduced")]
    Conn {
        /// Index found.
        found: u16,
    },
    /// Something follows the END record.
    #[error("something follows the END record")]
    AfterEnd,
}

impl Cause {
    /// Whether a crash alone can leave this: bytes missing, or pages not written.
    ///
    /// Everything else needs a block whose hash is right but whose place or content is not; a crash
    /// cannot make that, so it is corruption wherever it stands.
    pub(crate) const fn can_be_torn(self) -> bool {
        match self {
            Self::SegmentShort
            | Self::SegmentMagic
            | Self::SegmentHash
            | Self::BlockShort
            | Self::BlockMagic
            | Self::BlockHeaderCrc
            | Self::BlockHash => true,
            Self::SegmentField
            | Self::SegmentNumber { .. }
            | Self::SegmentChain
            | Self::TokenFell { .. }
            | Self::BlockField
            | Self::BlockChain
            | Self::BlockSeq { .. }
            | Self::Inflate
            | Self::RecordShort
            | Self::RecordCrc
            | Self::RecordSeq { .. }
            | Self::RecordKind { .. }
            | Self::RecordCount
            | Self::Conn { .. }
            | Self::AfterEnd => false,
        }
    }
}

/// Where a journal stops being provable, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("segment {segment:06} byte {offset}, before record {seq} (block {block}): {cause}")]
pub struct Damage {
    /// Number of the segment.
    pub segment: u32,
    /// Block within the segment, from 0.
    pub block: u32,
    /// Byte offset of the damaged header or block in the segment file.
    pub offset: u64,
    /// First sequence number that is not proven.
    pub seq: u64,
    /// What is wrong there.
    pub cause: Cause,
}

/// Why a journal is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Bytes that were durable are damaged, or blocks are missing, inserted or swapped.
    #[error("journal is corrupt: {0}; keep the files as evidence and restore this segment")]
    Corrupt(Damage),
    /// Written by a newer razor (or the version field itself is damaged).
    #[error(
        "segment {segment:06} has format version {found}, known up to {known}; use the razor that wrote it"
    )]
    Newer {
        /// Number of the segment.
        segment: u32,
        /// Version found.
        found: u16,
        /// Newest version known.
        known: u16,
    },
    /// Reserved bits are set; a meaning this razor does not know.
    #[error(
        "segment {segment:06} byte {offset} has unknown flag bits {found:#x}; use the razor that wrote it"
    )]
    UnknownFlags {
        /// Number of the segment.
        segment: u32,
        /// Byte offset of the header.
        offset: u64,
        /// Bits found.
        found: u32,
    },
    /// A number is missing in the row of segment files.
    #[error("segment {expected:06} is missing, {found:06} is there; restore the missing file")]
    MissingSegment {
        /// Number expected.
        expected: u32,
        /// Number found.
        found: u32,
    },
    /// The run, build or config differs from the first segment's.
    #[error("segment {segment:06} belongs to another run, build or config; open a new run instead")]
    ForeignSegment {
        /// Number of the segment.
        segment: u32,
    },
    /// A text for the segment header does not fit.
    #[error("{field} must be 1..={max} visible ASCII characters")]
    IdentityText {
        /// Which text.
        field: &'static str,
        /// Longest accepted, in bytes.
        max: usize,
    },
    /// A payload or connection name above its limit.
    #[error("payload of {len} bytes is above the limit of {max}; split it")]
    TooLong {
        /// Length given.
        len: usize,
        /// Longest accepted.
        max: usize,
    },
    /// A sequence, segment or connection number has reached its end.
    #[error("journal numbers are used up; open a new run")]
    Full,
}

/// Takes `N` bytes off the front.
pub(crate) fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*head)
}
