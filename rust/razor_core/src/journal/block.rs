//! One block: a 104-byte head and the records it holds, usually compressed.
//!
//! Owns the block bytes and their hash. A block is the unit of loss: it is proven as a whole by its
//! SHA-256 over head and stored payload, or it does not count. The head has a CRC of its own, so
//! that its lengths can be trusted while looking for the end of a torn tail.

use core::fmt;

use sha2::{Digest, Sha256};

use super::{Cause, MAX_PAYLOAD, RECORD_HEADER, take};

/// Bytes before the stored payload.
pub const BLOCK_HEADER: usize = 104;

/// Most record bytes in one block: one longest record and room for small ones before it.
pub const MAX_RAW: usize = MAX_PAYLOAD + RECORD_HEADER + 1024 * 1024;

pub(super) const BLOCK_MAGIC: [u8; 4] = *b"RZBK";
/// Where the CRC of the head stands.
const CRC_AT: usize = 36;
/// Bytes of the head that the hash covers (all before the hash itself).
const HASHED: usize = 72;

/// SHA-256 that links blocks and segments.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct BlockHash(pub [u8; 32]);

impl BlockHash {
    /// What the first segment names as its predecessor.
    pub const ZERO: Self = Self([0; 32]);
}

impl fmt::Display for BlockHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for BlockHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// How the payload is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// The record bytes themselves.
    Raw,
    /// One zstd frame.
    Zstd,
}

impl Codec {
    const fn code(self) -> u8 {
        match self {
            Self::Raw => 0,
            Self::Zstd => 1,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Raw),
            1 => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// The head of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    /// How the payload is stored.
    pub codec: Codec,
    /// Sequence number of the first record.
    pub first_seq: u64,
    /// Last sequence number that was known durable when this block was written; 0 for none.
    pub durable_seq: u64,
    /// Records in the block, at least 1.
    pub count: u32,
    /// Length of the records, in bytes.
    pub raw_len: u32,
    /// Length of the payload as stored, in bytes; never above `raw_len`.
    pub stored_len: u32,
    /// Hash of the block before, or of the segment header when it is the first of its segment.
    pub prev: BlockHash,
}

impl BlockHeader {
    /// The bytes of the head, sealed for `stored`, and the hash of the block.
    ///
    /// # Panics
    /// When a length is outside the format's range: it would make an unreadable journal.
    pub fn encode(&self, stored: &[u8]) -> ([u8; BLOCK_HEADER], BlockHash) {
        assert!(self.is_bounded(), "block lengths within their limits");
        assert!(
            usize::try_from(self.stored_len) == Ok(stored.len()),
            "the length is the payload's"
        );
        let mut head = [0_u8; BLOCK_HEADER];
        head[0..4].copy_from_slice(&BLOCK_MAGIC);
        head[4] = self.codec.code();
        head[8..16].copy_from_slice(&self.first_seq.to_le_bytes());
        head[16..24].copy_from_slice(&self.durable_seq.to_le_bytes());
        head[24..28].copy_from_slice(&self.count.to_le_bytes());
        head[28..32].copy_from_slice(&self.raw_len.to_le_bytes());
        head[32..36].copy_from_slice(&self.stored_len.to_le_bytes());
        head[40..72].copy_from_slice(&self.prev.0);
        let crc = header_crc(&head);
        head[36..40].copy_from_slice(&crc.to_le_bytes());
        let hash = block_hash(&head, stored);
        head[72..104].copy_from_slice(&hash.0);
        (head, hash)
    }

    /// Reads a head; the hash it carries is given back unchecked, see [`block_hash`].
    ///
    /// # Errors
    /// What is wrong with the bytes; the reserved bits are given back for the caller to refuse.
    pub(super) fn decode(head: &[u8; BLOCK_HEADER]) -> Result<(Self, u32, BlockHash), Cause> {
        let mut rest: &[u8] = head;
        let field = Cause::BlockField;
        let magic: [u8; 4] = take(&mut rest).ok_or(field)?;
        if magic != BLOCK_MAGIC {
            return Err(Cause::BlockMagic);
        }
        let [codec, flags @ ..]: [u8; 4] = take(&mut rest).ok_or(field)?;
        let first_seq = u64::from_le_bytes(take(&mut rest).ok_or(field)?);
        let durable_seq = u64::from_le_bytes(take(&mut rest).ok_or(field)?);
        let count = u32::from_le_bytes(take(&mut rest).ok_or(field)?);
        let raw_len = u32::from_le_bytes(take(&mut rest).ok_or(field)?);
        let stored_len = u32::from_le_bytes(take(&mut rest).ok_or(field)?);
        let crc = u32::from_le_bytes(take(&mut rest).ok_or(field)?);
        if crc != header_crc(head) {
            return Err(Cause::BlockHeaderCrc);
        }
        let prev = BlockHash(take(&mut rest).ok_or(field)?);
        let hash = BlockHash(take(&mut rest).ok_or(field)?);
        let codec = Codec::from_code(codec).ok_or(field)?;
        let header = Self { codec, first_seq, durable_seq, count, raw_len, stored_len, prev };
        let [a, b, c] = flags;
        let flags = u32::from_le_bytes([a, b, c, 0]);
        if header.is_bounded() { Ok((header, flags, hash)) } else { Err(field) }
    }

    /// Last sequence number of the block.
    pub fn last_seq(&self) -> Option<u64> {
        self.first_seq.checked_add(u64::from(self.count))?.checked_sub(1)
    }

    fn is_bounded(&self) -> bool {
        let raw_fits = usize::try_from(self.raw_len).is_ok_and(|len| len <= MAX_RAW);
        let count_fits = usize::try_from(self.count)
            .is_ok_and(|count| count.checked_mul(RECORD_HEADER).is_some_and(|min| min <= MAX_RAW));
        let stored_fits = match self.codec {
            Codec::Raw => self.stored_len == self.raw_len,
            Codec::Zstd => self.stored_len <= self.raw_len,
        };
        raw_fits && stored_fits && count_fits && self.count > 0 && self.last_seq().is_some()
    }
}

/// CRC of a head: all before the hash but the CRC itself.
fn header_crc(head: &[u8; BLOCK_HEADER]) -> u32 {
    let before = crc32c::crc32c(&head[..CRC_AT]);
    crc32c::crc32c_append(before, &head[CRC_AT + 4..HASHED])
}

/// SHA-256 over the head (without the hash) and the stored payload.
pub(super) fn block_hash(head: &[u8; BLOCK_HEADER], stored: &[u8]) -> BlockHash {
    let mut hasher = Sha256::new();
    hasher.update(&head[..HASHED]);
    hasher.update(stored);
    BlockHash(hasher.finalize().into())
}
