//! What may follow what: the running state of a journal, for the reader and for the writer.
//!
//! Owns the chain head, the last sequence number, the connection names and the list of torn tails.
//! A reader feeds it segment heads, blocks and records and learns whether each one is in its place;
//! a writer asks it for the next head. Both go through the same fields, so a writer continues a
//! recovered journal exactly where the proof of the reader ends.
//!
//! Invariants:
//! - `head` is the hash of the last proven block, or of the head of a segment that has none yet;
//! - a torn tail is only settled by a later segment that continues the block before it;
//! - nothing follows an END record.

use super::segment::HeaderFault;
use super::{
    BlockHash, BlockHeader, Cause, Codec, Damage, Identity, JournalError, Kind, NO_CONN, Record,
    SegmentHeader,
};
use crate::ids::ConnIx;

/// Longest connection name, in bytes.
const MAX_NAME: usize = 64;

/// The names of the connections, in order of first use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conns(Vec<Box<str>>);

impl Conns {
    /// Gives the next index to a name.
    ///
    /// # Errors
    /// [`JournalError::TooLong`] above 64 bytes, [`JournalError::Full`] when indices are used up.
    pub fn introduce(&mut self, name: &str) -> Result<ConnIx, JournalError> {
        if name.len() > MAX_NAME {
            return Err(JournalError::TooLong { len: name.len(), max: MAX_NAME });
        }
        let index = u16::try_from(self.0.len()).map_err(|_| JournalError::Full)?;
        if index == NO_CONN.0 {
            return Err(JournalError::Full);
        }
        self.0.push(name.into());
        Ok(ConnIx(index))
    }

    /// The index of a name that was introduced.
    pub fn find(&self, name: &str) -> Option<ConnIx> {
        let place = self.0.iter().position(|known| **known == *name)?;
        u16::try_from(place).ok().map(ConnIx)
    }

    /// The name of an index that was introduced.
    pub fn name(&self, conn: ConnIx) -> Option<&str> {
        self.0.get(usize::from(conn.0)).map(AsRef::as_ref)
    }

    /// Whether a record may name this index.
    pub fn knows(&self, conn: ConnIx) -> bool {
        conn == NO_CONN || usize::from(conn.0) < self.0.len()
    }
}

/// The state of a journal after its last proven block.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    head: BlockHash,
    last_seq: u64,
    segment: u32,
    token: u64,
    identity: Option<Identity>,
    conns: Conns,
    ended: bool,
    torn: Vec<Damage>,
    settled: usize,
}

impl Chain {
    /// An empty journal of a run.
    pub fn begin(identity: Identity) -> Self {
        Self { identity: Some(identity), ..Self::default() }
    }

    /// The same state under this identity, for a journal whose segment heads were all torn.
    pub fn with_identity(self, identity: Identity) -> Self {
        Self { identity: Some(identity), ..self }
    }

    /// Last proven sequence number; 0 when there is none.
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Number of the last segment seen; 0 when there is none.
    pub const fn segment(&self) -> u32 {
        self.segment
    }

    /// Hash that the next block or segment must name.
    pub const fn head(&self) -> BlockHash {
        self.head
    }

    /// Highest fencing token seen; 0 when there is none.
    pub const fn token(&self) -> u64 {
        self.token
    }

    /// Run, build and settings; `None` before the first segment.
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Whether the END record stands.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Names of the connections.
    pub const fn conns(&self) -> &Conns {
        &self.conns
    }

    /// Torn tails met so far, in order; the last one is unsettled if [`Self::open_tear`] says so.
    pub fn torn(&self) -> &[Damage] {
        &self.torn
    }

    /// The first torn tail that no later segment has settled yet.
    pub fn open_tear(&self) -> Option<Damage> {
        self.torn.get(self.settled).copied()
    }

    /// Notes that a segment stops being provable, by what a crash can leave.
    pub(super) fn tear(&mut self, damage: Damage) {
        assert!(damage.cause.can_be_torn(), "only what a crash can leave is a tear");
        self.segment = damage.segment;
        self.torn.push(damage);
    }

    /// A damage at the present end of the proof.
    pub(super) const fn damage(&self, at: Place, cause: Cause) -> Damage {
        let seq = self.last_seq.saturating_add(1);
        Damage { segment: at.segment, block: at.block, offset: at.offset, seq, cause }
    }

    /// Takes the head of the next segment.
    pub(super) fn enter(
        &mut self,
        number: u32,
        decoded: Result<(SegmentHeader, BlockHash), HeaderFault>,
    ) -> Result<Option<Damage>, JournalError> {
        let at = Place { segment: number, block: 0, offset: 0 };
        let (header, hash) = match decoded {
            Ok(header) => header,
            Err(HeaderFault::Refused(error)) => return Err(error),
            Err(HeaderFault::Damaged(cause)) if cause.can_be_torn() => {
                return Ok(Some(self.damage(at, cause)));
            }
            Err(HeaderFault::Damaged(cause)) => {
                return Err(JournalError::Corrupt(self.damage(at, cause)));
            }
        };
        self.check_segment(number, &header, at)?;
        self.segment = number;
        self.token = header.token;
        self.head = hash;
        self.settled = self.torn.len();
        self.identity.get_or_insert(header.identity);
        Ok(None)
    }

    fn check_segment(
        &self,
        number: u32,
        header: &SegmentHeader,
        at: Place,
    ) -> Result<(), JournalError> {
        let corrupt = |cause| Err(JournalError::Corrupt(self.damage(at, cause)));
        if header.number != number {
            return corrupt(Cause::SegmentNumber { found: header.number });
        }
        if self.ended {
            return corrupt(Cause::AfterEnd);
        }
        if header.prev != self.head || Some(header.first_seq) != self.last_seq.checked_add(1) {
            // The segment continues more than was proven: what looked torn had been good.
            let torn = self.open_tear().map(JournalError::Corrupt);
            return torn.map_or_else(|| corrupt(Cause::SegmentChain), Err);
        }
        if header.token < self.token {
            return corrupt(Cause::TokenFell { found: header.token });
        }
        match &self.identity {
            Some(identity) if *identity != header.identity => {
                Err(JournalError::ForeignSegment { segment: number })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Takes a block whose hash is right.
    pub(super) fn accept(&mut self, header: &BlockHeader, hash: BlockHash) -> Result<(), Cause> {
        if self.ended {
            return Err(Cause::AfterEnd);
        }
        if header.prev != self.head {
            return Err(Cause::BlockChain);
        }
        if Some(header.first_seq) != self.last_seq.checked_add(1) {
            return Err(Cause::BlockSeq { found: header.first_seq });
        }
        self.last_seq = header.last_seq().ok_or(Cause::BlockField)?;
        self.head = hash;
        Ok(())
    }

    /// Takes a record of an accepted block: names, the end, and that its connection is known.
    ///
    /// # Errors
    /// [`Cause::Conn`] or [`Cause::AfterEnd`].
    #[inline]
    pub fn observe(&mut self, record: &Record<'_>) -> Result<(), Cause> {
        if self.ended {
            return Err(Cause::AfterEnd);
        }
        if record.kind == Kind::Conn {
            return self.name(record);
        }
        self.ended = record.kind == Kind::End;
        let known = self.conns.knows(record.conn);
        if known { Ok(()) } else { Err(Cause::Conn { found: record.conn.0 }) }
    }

    fn name(&mut self, record: &Record<'_>) -> Result<(), Cause> {
        let refused = Cause::Conn { found: record.conn.0 };
        let name = core::str::from_utf8(record.payload).map_err(|_| refused)?;
        let index = self.conns.introduce(name).map_err(|_| refused)?;
        if index == record.conn { Ok(()) } else { Err(refused) }
    }

    /// The head of the next segment for a writer with this fencing token; the chain moves onto it.
    ///
    /// # Errors
    /// [`JournalError::Full`] when numbers are used up or the token is below the last one.
    pub fn next_segment(&mut self, token: u64) -> Result<SegmentHeader, JournalError> {
        let number = self.segment.checked_add(1).ok_or(JournalError::Full)?;
        let first_seq = self.last_seq.checked_add(1).ok_or(JournalError::Full)?;
        let identity = self.identity.clone().ok_or(JournalError::Full)?;
        if token < self.token || self.ended {
            return Err(JournalError::Full);
        }
        let header = SegmentHeader { number, first_seq, token, identity, prev: self.head };
        self.segment = number;
        self.token = token;
        self.head = header.encode().1;
        self.settled = self.torn.len();
        Ok(header)
    }

    /// Seals the next block. The chain moves onto it with [`Self::advance`], once it is written.
    ///
    /// # Errors
    /// [`JournalError::TooLong`] or [`JournalError::Full`] when a length or number leaves its
    /// range.
    ///
    /// # Panics
    /// When the block claims as durable what was never written: no reader could trust the journal.
    pub fn seal(&self, block: &NewBlock<'_>) -> Result<Sealed, JournalError> {
        let too_long = JournalError::TooLong { len: block.raw_len, max: super::MAX_RAW };
        if block.raw_len > super::MAX_RAW {
            return Err(too_long);
        }
        assert!(block.durable_seq <= self.last_seq, "only what was written can be durable");
        let header = BlockHeader {
            codec: block.codec,
            first_seq: self.last_seq.checked_add(1).ok_or(JournalError::Full)?,
            durable_seq: block.durable_seq,
            count: block.count,
            raw_len: u32::try_from(block.raw_len).map_err(|_| too_long)?,
            stored_len: u32::try_from(block.stored.len()).map_err(|_| too_long)?,
            prev: self.head,
        };
        let last_seq = header.last_seq().ok_or(JournalError::Full)?;
        let (head, hash) = header.encode(block.stored);
        Ok(Sealed { head, hash, last_seq })
    }

    /// Moves onto a sealed block that was written as a whole.
    ///
    /// # Panics
    /// When the block does not follow the last one: it was sealed on another state of the chain.
    pub fn advance(&mut self, sealed: &Sealed) {
        assert!(sealed.last_seq > self.last_seq, "a block goes forward");
        self.last_seq = sealed.last_seq;
        self.head = sealed.hash;
    }
}

/// A sealed block: its head, ready to be written before the payload.
#[derive(Debug, Clone, Copy)]
pub struct Sealed {
    /// The bytes that stand before the payload.
    pub head: [u8; super::BLOCK_HEADER],
    /// What the next block will name.
    hash: BlockHash,
    /// Last sequence number of the block.
    last_seq: u64,
}

/// A block that a writer wants sealed.
#[derive(Debug, Clone, Copy)]
pub struct NewBlock<'a> {
    /// How the payload is stored.
    pub codec: Codec,
    /// Last sequence number known durable now.
    pub durable_seq: u64,
    /// Records in the block, at least 1.
    pub count: u32,
    /// Length of the records, in bytes.
    pub raw_len: usize,
    /// The payload as it will stand in the file.
    pub stored: &'a [u8],
}

/// A place in a journal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Segment number.
    pub(super) segment: u32,
    /// Block in the segment.
    pub(super) block: u32,
    /// Byte in the file.
    pub(super) offset: u64,
}
