//! Reading a segment block by block, from a file or from a slice.
//!
//! Owns [`SegmentScan`], the only code that walks journal bytes. It asks a [`Source`] for ranges
//! and an [`Inflate`] for decompression, holds one block at a time, and moves a [`Chain`] forward.
//! What it cannot prove it reports and does not pass.
//!
//! A crash loses the end of what was not yet synced, in any order of pages; it cannot lose what was
//! synced. Each block says what was durable when it was written. So bytes that look torn while a
//! later block says they had been durable are corruption ([`durable_beyond`]).

use super::block::{BLOCK_MAGIC, block_hash};
use super::chain::Place;
use super::record::decode_record;
use super::{
    BLOCK_HEADER, BlockHash, BlockHeader, Cause, Chain, Codec, Damage, JournalError, Record,
    SEGMENT_HEADER, SegmentHeader,
};

/// Bytes of a segment by offset.
pub trait Source {
    /// Why a read failed.
    type Error;

    /// Size in bytes; reads stay below it.
    fn size(&self) -> u64;

    /// Replaces the content of `into` by `len` bytes from offset `at`.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being read.
    fn read(&mut self, at: u64, len: usize, into: &mut Vec<u8>) -> Result<(), Self::Error>;
}

impl Source for &[u8] {
    type Error = core::convert::Infallible;

    fn size(&self) -> u64 {
        u64::try_from(self.len()).unwrap_or(u64::MAX)
    }

    fn read(&mut self, at: u64, len: usize, into: &mut Vec<u8>) -> Result<(), Self::Error> {
        into.clear();
        let from = usize::try_from(at).ok().and_then(|at| self.get(at..));
        into.extend_from_slice(from.and_then(|rest| rest.get(..len)).unwrap_or_default());
        Ok(())
    }
}

/// Decompression, given by the shell.
pub trait Inflate {
    /// Replaces the content of `into` by the decompressed bytes, which must be `raw_len` long.
    ///
    /// Gives back false when the bytes are no such thing.
    fn inflate(&mut self, stored: &[u8], raw_len: usize, into: &mut Vec<u8>) -> bool;
}

/// Reads blocks that are not compressed, and no others.
#[derive(Debug, Clone, Copy)]
pub struct RawOnly;

impl Inflate for RawOnly {
    fn inflate(&mut self, _stored: &[u8], _raw_len: usize, _into: &mut Vec<u8>) -> bool {
        false
    }
}

/// Why a scan stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanError<E> {
    /// The bytes could not be read.
    Source(E),
    /// The bytes are refused.
    Journal(JournalError),
}

impl<E> From<JournalError> for ScanError<E> {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// What a scan met next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A proven block; its records are in [`SegmentScan::records`].
    Block(BlockHeader),
    /// The segment ends behind a whole block (or its head).
    End,
    /// The rest of the segment is not provable and may be the trace of a crash.
    Torn(Damage),
}

/// A walk through one segment at a time, with buffers that are used again.
#[derive(Debug, Default)]
pub struct SegmentScan {
    segment: u32,
    /// Blocks proven so far.
    block: u32,
    /// Byte offset behind the last proven block, and where that block began.
    offset: u64,
    block_at: u64,
    stored: Vec<u8>,
    raw: Vec<u8>,
    /// Place in `raw`, number of the record there, and the number behind the last of the block.
    at: usize,
    next_seq: u64,
    end_seq: u64,
}

impl SegmentScan {
    /// Begins with the head of segment `number`.
    pub fn start(&mut self, number: u32) {
        let buffers = (core::mem::take(&mut self.stored), core::mem::take(&mut self.raw));
        *self = Self { segment: number, stored: buffers.0, raw: buffers.1, ..Self::default() };
        self.raw.clear();
    }

    /// Byte offset behind the last proven block.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether all records of the present block were read.
    pub fn is_spent(&self) -> bool {
        self.at == self.raw.len() && self.next_seq == self.end_seq
    }

    /// The next record of the present block, checked against the chain; `None` behind the last.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] at a record that is not right; it comes again on each later call.
    #[inline]
    pub fn next_record(&mut self, chain: &mut Chain) -> Result<Option<Record<'_>>, JournalError> {
        if self.is_spent() {
            return Ok(None);
        }
        let rest = self.raw.get(self.at..).unwrap_or_default();
        if rest.is_empty() || self.next_seq == self.end_seq {
            return Err(self.record_damage(chain, Cause::RecordCount));
        }
        let (record, size) = match decode_record(rest, self.next_seq) {
            Ok(record) => record,
            Err(cause) => return Err(self.record_damage(chain, cause)),
        };
        if let Err(cause) = chain.observe(&record) {
            return Err(self.record_damage(chain, cause));
        }
        self.at = self.at.saturating_add(size);
        self.next_seq = self.next_seq.saturating_add(1);
        Ok(Some(record))
    }

    /// A damage at the present record of the present block.
    fn record_damage(&self, chain: &Chain, cause: Cause) -> JournalError {
        let block = self.block.saturating_sub(1);
        let place = Place { segment: self.segment, block, offset: self.block_at };
        JournalError::Corrupt(Damage { seq: self.next_seq, ..chain.damage(place, cause) })
    }

    /// Goes on to the next block.
    ///
    /// # Errors
    /// [`ScanError::Source`] when bytes cannot be read, [`ScanError::Journal`] when they are
    /// refused. A tear is no error here: whether it is one is known at the next segment, or by
    /// [`durable_beyond`] when there is none.
    ///
    /// # Panics
    /// When records of the present block were not read: the chain would not know its names.
    pub fn next<S: Source>(
        &mut self,
        chain: &mut Chain,
        source: &mut S,
        inflate: &mut impl Inflate,
    ) -> Result<Found, ScanError<S::Error>> {
        assert!(self.is_spent(), "all records of the block before were read");
        if self.offset == 0
            && let Some(damage) = self.enter(chain, source)?
        {
            chain.tear(damage);
            return Ok(Found::Torn(damage));
        }
        if self.offset == source.size() {
            return Ok(Found::End);
        }
        if chain.ended() {
            let place = Place { segment: self.segment, block: self.block, offset: self.offset };
            return Err(JournalError::Corrupt(chain.damage(place, Cause::AfterEnd)).into());
        }
        match self.block(chain, source, inflate) {
            Ok(header) => Ok(Found::Block(header)),
            Err(ScanError::Journal(JournalError::Corrupt(damage)))
                if damage.cause.can_be_torn() =>
            {
                chain.tear(damage);
                Ok(Found::Torn(damage))
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the segment head; gives back the damage when it may be torn.
    fn enter<S: Source>(
        &mut self,
        chain: &mut Chain,
        source: &mut S,
    ) -> Result<Option<Damage>, ScanError<S::Error>> {
        let at = Place { segment: self.segment, block: 0, offset: 0 };
        let left = usize::try_from(source.size()).unwrap_or(usize::MAX);
        let len = left.min(SEGMENT_HEADER);
        source.read(0, len, &mut self.stored).map_err(ScanError::Source)?;
        let Some(head) = self.stored.first_chunk::<SEGMENT_HEADER>() else {
            return Ok(Some(chain.damage(at, Cause::SegmentShort)));
        };
        let torn = chain.enter(self.segment, SegmentHeader::decode(head, self.segment))?;
        self.offset = widen(SEGMENT_HEADER);
        Ok(torn)
    }

    /// Reads and proves one block.
    fn block<S: Source>(
        &mut self,
        chain: &mut Chain,
        source: &mut S,
        inflate: &mut impl Inflate,
    ) -> Result<BlockHeader, ScanError<S::Error>> {
        let place = Place { segment: self.segment, block: self.block, offset: self.offset };
        let corrupt = |chain: &Chain, cause| JournalError::Corrupt(chain.damage(place, cause));
        let (header, head, hash) = self.head(chain, source)?;
        let stored_len = usize::try_from(header.stored_len).unwrap_or(usize::MAX);
        let payload_at = self.offset.saturating_add(widen(BLOCK_HEADER));
        let end = payload_at.saturating_add(u64::from(header.stored_len));
        if end > source.size() {
            return Err(corrupt(chain, Cause::BlockShort).into());
        }
        source.read(payload_at, stored_len, &mut self.stored).map_err(ScanError::Source)?;
        if self.stored.len() != stored_len || block_hash(&head, &self.stored) != hash {
            return Err(corrupt(chain, Cause::BlockHash).into());
        }
        // From here on the bytes are as they were written: whatever is wrong is no crash.
        chain.accept(&header, hash).map_err(|cause| corrupt(chain, cause))?;
        self.unpack(&header, inflate).map_err(|cause| corrupt(chain, cause))?;
        self.at = 0;
        self.next_seq = header.first_seq;
        self.end_seq = chain.last_seq().saturating_add(1);
        self.block_at = self.offset;
        self.offset = end;
        self.block = self.block.saturating_add(1);
        Ok(header)
    }

    /// Reads the head of the block at the present offset.
    fn head<S: Source>(
        &mut self,
        chain: &Chain,
        source: &mut S,
    ) -> Result<(BlockHeader, [u8; BLOCK_HEADER], BlockHash), ScanError<S::Error>> {
        let place = Place { segment: self.segment, block: self.block, offset: self.offset };
        let corrupt = |cause| JournalError::Corrupt(chain.damage(place, cause));
        let left = source.size().saturating_sub(self.offset);
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK_HEADER);
        source.read(self.offset, len, &mut self.stored).map_err(ScanError::Source)?;
        let short = || corrupt(Cause::BlockShort);
        let head = *self.stored.first_chunk::<BLOCK_HEADER>().ok_or_else(short)?;
        let (header, flags, hash) = BlockHeader::decode(&head).map_err(corrupt)?;
        if flags != 0 {
            let (segment, offset) = (self.segment, self.offset);
            return Err(JournalError::UnknownFlags { segment, offset, found: flags }.into());
        }
        Ok((header, head, hash))
    }

    fn unpack(&mut self, header: &BlockHeader, inflate: &mut impl Inflate) -> Result<(), Cause> {
        let raw_len = usize::try_from(header.raw_len).map_err(|_| Cause::BlockField)?;
        match header.codec {
            Codec::Raw => core::mem::swap(&mut self.raw, &mut self.stored),
            Codec::Zstd => {
                if !inflate.inflate(&self.stored, raw_len, &mut self.raw) {
                    return Err(Cause::Inflate);
                }
            }
        }
        if self.raw.len() == raw_len { Ok(()) } else { Err(Cause::Inflate) }
    }
}

/// Bytes looked at in one step of [`durable_beyond`].
const WINDOW: usize = 1024 * 1024;

/// Whether a block behind offset `from` says that records after `last_seq` had been durable.
///
/// Looks for block heads with a right CRC at every offset; memory is one window.
///
/// # Errors
/// When the source cannot be read.
pub fn durable_beyond<S: Source>(
    source: &mut S,
    from: u64,
    last_seq: u64,
) -> Result<bool, S::Error> {
    let mut window = Vec::new();
    let mut at = from;
    while at < source.size() {
        let left = usize::try_from(source.size().saturating_sub(at)).unwrap_or(usize::MAX);
        source.read(at, left.min(WINDOW), &mut window)?;
        if claims(&window, last_seq) {
            return Ok(true);
        }
        if left <= WINDOW {
            return Ok(false);
        }
        // The next window begins early enough to hold a head that this one cut in two.
        at = at.saturating_add(widen(WINDOW.saturating_sub(BLOCK_HEADER)));
    }
    Ok(false)
}

/// Whether any block head in these bytes claims durability beyond `last_seq`.
fn claims(bytes: &[u8], last_seq: u64) -> bool {
    bytes.windows(BLOCK_HEADER).filter(|window| window.starts_with(&BLOCK_MAGIC)).any(|window| {
        let head = window.first_chunk::<BLOCK_HEADER>();
        let decoded = head.and_then(|head| BlockHeader::decode(head).ok());
        decoded.is_some_and(|(header, _, _)| header.durable_seq > last_seq)
    })
}

/// A length as an offset; `usize` is never wider than 64 bits here.
fn widen(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
