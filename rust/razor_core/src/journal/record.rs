//! One record: a 32-byte head and the payload exactly as it was received.
//!
//! Owns the record bytes and the codes of [`Kind`]. The hot thread only writes a head with an empty
//! CRC ([`record_header`]) and copies the payload; [`seal_records`] fills the CRCs in later, on the
//! thread that writes. A code, once given, is never given to another meaning.

use super::{Cause, take};
use crate::ids::ConnIx;

/// Bytes before the payload.
pub const RECORD_HEADER: usize = 32;

/// Longest payload, in bytes: above any frame the venue sends, small enough to buffer.
pub const MAX_PAYLOAD: usize = 16 * 1024 * 1024;

/// Connection of records that no connection brought (timers, parameters, the end).
pub const NO_CONN: ConnIx = ConnIx(u16::MAX);

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One market-channel frame as received.
    Ws,
    /// One REST book answer as received.
    Rest,
    /// One trade row.
    Trade,
    /// A top of book read without depth.
    Quote,
    /// A reference price or another venue's message.
    Ref,
    /// Market and set definitions.
    Meta,
    /// A counted loss.
    Gap,
    /// A timer that fired.
    Timer,
    /// A parameter set.
    Params,
    /// An operator command.
    Operator,
    /// The journal was closed in order; nothing follows.
    End,
    /// Introduces the name of a connection index.
    Conn,
    /// Writing went on after an unclean end; the payload says where the last segment stopped.
    Recovery,
    /// An order that is to be sent, with its hash; durable before the order leaves.
    Intent,
    /// What the venue said about our orders.
    Venue,
}

/// Every kind with its word, in order of the codes.
const KINDS: [(Kind, &str); 15] = [
    (Kind::Ws, "ws"),
    (Kind::Rest, "rest"),
    (Kind::Trade, "trade"),
    (Kind::Quote, "quote"),
    (Kind::Ref, "ref"),
    (Kind::Meta, "meta"),
    (Kind::Gap, "gap"),
    (Kind::Timer, "timer"),
    (Kind::Params, "params"),
    (Kind::Operator, "operator"),
    (Kind::End, "end"),
    (Kind::Conn, "conn"),
    (Kind::Recovery, "recovery"),
    (Kind::Intent, "intent"),
    (Kind::Venue, "venue"),
];

impl Kind {
    /// All kinds in order of their codes.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|row| row.0)
    }

    /// The byte in the file.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ws => 1,
            Self::Rest => 2,
            Self::Trade => 3,
            Self::Quote => 4,
            Self::Ref => 5,
            Self::Meta => 6,
            Self::Gap => 7,
            Self::Timer => 8,
            Self::Params => 9,
            Self::Operator => 10,
            Self::End => 11,
            Self::Conn => 12,
            Self::Recovery => 13,
            Self::Intent => 14,
            Self::Venue => 15,
        }
    }

    /// The kind of a byte in the file.
    pub fn from_code(code: u8) -> Option<Self> {
        let place = usize::from(code).checked_sub(1)?;
        KINDS.get(place).map(|row| row.0)
    }

    /// The word of captures and reports.
    pub fn word(self) -> &'static str {
        KINDS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.1 == word).map(|row| row.0)
    }

    /// Whether only the recorder writes it: about the journal itself, handed over by no source. The
    /// engine acts on two of them all the same, the recovery and the end.
    pub const fn is_bookkeeping(self) -> bool {
        match self {
            Self::End | Self::Conn | Self::Recovery => true,
            Self::Ws
            | Self::Rest
            | Self::Trade
            | Self::Quote
            | Self::Ref
            | Self::Meta
            | Self::Gap
            | Self::Timer
            | Self::Params
            | Self::Operator
            | Self::Intent
            | Self::Venue => false,
        }
    }
}

/// One record, its payload borrowed from the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Place in the total order, from 1.
    pub seq: u64,
    /// What it is.
    pub kind: Kind,
    /// Receive time in ns since the epoch: a label, never an order.
    pub recv_ns: i64,
    /// The connection that brought it.
    pub conn: ConnIx,
    /// Epoch of that connection.
    pub epoch: u32,
    /// The exact bytes.
    pub payload: &'a [u8],
}

impl Record<'_> {
    /// Appends the sealed bytes of this record.
    ///
    /// Payloads above [`MAX_PAYLOAD`] are the caller's error; they are cut off by no one, so the
    /// length is checked before this is called.
    ///
    /// # Panics
    /// When the payload is above [`MAX_PAYLOAD`]: writing it would make an unreadable journal.
    pub fn encode(&self, out: &mut Vec<u8>) {
        assert!(self.payload.len() <= MAX_PAYLOAD, "payload within its limit");
        let len = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        let start = out.len();
        let head = record_header(self.seq, self.kind, self.recv_ns, self.conn, self.epoch, len);
        out.extend_from_slice(&head);
        out.extend_from_slice(self.payload);
        let sealed = out.get_mut(start..).map_or(Err(Cause::RecordShort), seal_records);
        assert!(sealed == Ok(1), "one record was appended");
    }
}

/// The head of a record with an empty CRC; `len` is the payload length in bytes.
#[inline]
pub fn record_header(
    seq: u64,
    kind: Kind,
    recv_ns: i64,
    conn: ConnIx,
    epoch: u32,
    len: u32,
) -> [u8; RECORD_HEADER] {
    let mut head = [0_u8; RECORD_HEADER];
    head[4..8].copy_from_slice(&len.to_le_bytes());
    head[8..16].copy_from_slice(&seq.to_le_bytes());
    head[16..24].copy_from_slice(&recv_ns.to_le_bytes());
    head[24..28].copy_from_slice(&epoch.to_le_bytes());
    head[28..30].copy_from_slice(&conn.0.to_le_bytes());
    head[30] = kind.code();
    head
}

/// Fills in the CRC of each record of a concatenation and counts them.
///
/// # Errors
/// [`Cause::RecordShort`] when the bytes are no whole number of records.
pub fn seal_records(mut bytes: &mut [u8]) -> Result<u32, Cause> {
    let mut count = 0_u32;
    while !bytes.is_empty() {
        let size = record_size(bytes).ok_or(Cause::RecordShort)?;
        let (record, rest) = bytes.split_at_mut_checked(size).ok_or(Cause::RecordShort)?;
        let (crc, covered) = record.split_first_chunk_mut::<4>().ok_or(Cause::RecordShort)?;
        *crc = crc32c::crc32c(covered).to_le_bytes();
        bytes = rest;
        count = count.checked_add(1).ok_or(Cause::RecordCount)?;
    }
    Ok(count)
}

/// Head and payload length of the record that begins here, bounded by [`MAX_PAYLOAD`].
fn record_size(bytes: &[u8]) -> Option<usize> {
    let (_, mut rest) = bytes.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
    if len > MAX_PAYLOAD { None } else { len.checked_add(RECORD_HEADER) }
}

/// The records of one decompressed block, checked one by one.
///
/// The iterator ends after the first error: nothing behind it is proven.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
    next_seq: u64,
}

impl<'a> Records<'a> {
    /// Reads `raw`, whose first record must have the number `first_seq`.
    pub const fn new(raw: &'a [u8], first_seq: u64) -> Self {
        Self { rest: raw, next_seq: first_seq }
    }

    fn decode(&mut self) -> Result<Record<'a>, Cause> {
        let (record, size) = decode_record(self.rest, self.next_seq)?;
        self.rest = self.rest.get(size..).unwrap_or_default();
        self.next_seq = record.seq.checked_add(1).ok_or(Cause::RecordCount)?;
        Ok(record)
    }
}

/// Reads and checks the record that begins `bytes` and must have this number; also its size.
#[inline]
pub(super) fn decode_record(bytes: &[u8], seq: u64) -> Result<(Record<'_>, usize), Cause> {
    let size = record_size(bytes).ok_or(Cause::RecordShort)?;
    let bytes = bytes.get(..size).ok_or(Cause::RecordShort)?;
    let (crc, covered) = bytes.split_first_chunk::<4>().ok_or(Cause::RecordShort)?;
    if crc32c::crc32c(covered) != u32::from_le_bytes(*crc) {
        return Err(Cause::RecordCrc);
    }
    let record = fields(covered)?;
    if record.seq == seq { Ok((record, size)) } else { Err(Cause::RecordSeq { found: record.seq }) }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Cause>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let result = self.decode();
        if result.is_err() {
            self.rest = &[];
        }
        Some(result)
    }
}

/// Reads what stands behind the CRC of a record.
fn fields(covered: &[u8]) -> Result<Record<'_>, Cause> {
    let mut rest = covered;
    let short = Cause::RecordShort;
    let _len: [u8; 4] = take(&mut rest).ok_or(short)?;
    let seq = u64::from_le_bytes(take(&mut rest).ok_or(short)?);
    let recv_ns = i64::from_le_bytes(take(&mut rest).ok_or(short)?);
    let epoch = u32::from_le_bytes(take(&mut rest).ok_or(short)?);
    let conn = ConnIx(u16::from_le_bytes(take(&mut rest).ok_or(short)?));
    let [code, flags] = take(&mut rest).ok_or(short)?;
    let kind = Kind::from_code(code).ok_or(Cause::RecordKind { found: code })?;
    // A set reserved bit has a meaning we do not know; the record cannot be understood.
    if flags != 0 {
        return Err(Cause::RecordKind { found: code });
    }
    Ok(Record { seq, kind, recv_ns, conn, epoch, payload: rest })
}
