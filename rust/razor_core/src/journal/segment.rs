//! The head of a segment file: who wrote it, under which settings, and what it continues.
//!
//! Owns the 224 bytes at the front of each `000001.rzj`. The head is part of the chain: it names
//! the last good block before it, and the first block of the segment names the head. So neither a
//! head nor a whole segment can be exchanged unseen. It also carries the fencing token of its
//! writer.

use sha2::{Digest, Sha256};

use super::{BlockHash, Cause, JournalError, take};

/// Bytes of the segment head.
pub const SEGMENT_HEADER: usize = 224;

/// Format version written by this razor, and the newest one it reads.
pub const VERSION: u16 = 1;

const SEGMENT_MAGIC: [u8; 8] = *b"RZJSEG\r\n";
const HASHED: usize = 192;
const RUN_ID: usize = 48;
const BUILD_ID: usize = 48;

/// What all segments of one run have in common (D-12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    run_id: Box<str>,
    build_id: Box<str>,
    config_hash: [u8; 32],
}

impl Identity {
    /// The run id and the build id (at most 48 visible ASCII characters each), the SHA-256 of
    /// the settings.
    ///
    /// # Errors
    /// [`JournalError::IdentityText`].
    pub fn new(run_id: &str, build_id: &str, config_hash: [u8; 32]) -> Result<Self, JournalError> {
        check_text("run id", run_id, RUN_ID)?;
        check_text("build id", build_id, BUILD_ID)?;
        Ok(Self { run_id: run_id.into(), build_id: build_id.into(), config_hash })
    }

    /// The run id.
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// The build id.
    pub fn build_id(&self) -> &str {
        &self.build_id
    }

    /// SHA-256 of the settings.
    pub const fn config_hash(&self) -> &[u8; 32] {
        &self.config_hash
    }
}

/// The head of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Number of the segment, from 1; also its file name.
    pub number: u32,
    /// Sequence number of the first record that will stand in it.
    pub first_seq: u64,
    /// Fencing token of the writer; grows with each writer of the run directory (S-27).
    pub token: u64,
    /// Run, build and settings.
    pub identity: Identity,
    /// Hash of the last good block before, or of the head of a segment without one; zero at first.
    pub prev: BlockHash,
}

impl SegmentHeader {
    /// The bytes of the head and the hash that the first block names.
    pub fn encode(&self) -> ([u8; SEGMENT_HEADER], BlockHash) {
        let mut head = [0_u8; SEGMENT_HEADER];
        head[0..8].copy_from_slice(&SEGMENT_MAGIC);
        head[8..10].copy_from_slice(&VERSION.to_le_bytes());
        head[12..16].copy_from_slice(&self.number.to_le_bytes());
        head[16..24].copy_from_slice(&self.first_seq.to_le_bytes());
        head[24..32].copy_from_slice(&self.token.to_le_bytes());
        put_text(&mut head[32..80], &self.identity.run_id);
        put_text(&mut head[80..128], &self.identity.build_id);
        head[128..160].copy_from_slice(&self.identity.config_hash);
        head[160..192].copy_from_slice(&self.prev.0);
        let hash = header_hash(&head);
        head[192..224].copy_from_slice(&hash.0);
        (head, hash)
    }

    /// Reads a head and its hash. `number` is what the file name says, for the error.
    ///
    /// # Errors
    /// Damage as a [`Cause`] inside `Ok`'s place of failure, refusals as [`JournalError`].
    pub(super) fn decode(
        head: &[u8; SEGMENT_HEADER],
        number: u32,
    ) -> Result<(Self, BlockHash), HeaderFault> {
        let mut rest: &[u8] = head;
        let field = HeaderFault::Damaged(Cause::SegmentField);
        let magic: [u8; 8] = take(&mut rest).ok_or(field)?;
        if magic != SEGMENT_MAGIC {
            return Err(HeaderFault::Damaged(Cause::SegmentMagic));
        }
        let version = u16::from_le_bytes(take(&mut rest).ok_or(field)?);
        // The version rules the layout of all that follows, so it is read before the hash.
        if version > VERSION {
            let newer = JournalError::Newer { segment: number, found: version, known: VERSION };
            return Err(HeaderFault::Refused(newer));
        }
        let hash = header_hash(head);
        if head[HASHED..] != hash.0 {
            return Err(HeaderFault::Damaged(Cause::SegmentHash));
        }
        let flags = u16::from_le_bytes(take(&mut rest).ok_or(field)?);
        if flags != 0 {
            let found = u32::from(flags);
            let unknown = JournalError::UnknownFlags { segment: number, offset: 0, found };
            return Err(HeaderFault::Refused(unknown));
        }
        let header = read_fields(rest).ok_or(field)?;
        if version == 0 { Err(field) } else { Ok((header, hash)) }
    }
}

/// Why a segment head was not taken.
#[derive(Debug, Clone, Copy)]
pub(super) enum HeaderFault {
    /// The bytes are wrong.
    Damaged(Cause),
    /// The bytes are right and must not be read by this razor.
    Refused(JournalError),
}

/// The fields behind the flags.
fn read_fields(mut rest: &[u8]) -> Option<SegmentHeader> {
    let number = u32::from_le_bytes(take(&mut rest)?);
    let first_seq = u64::from_le_bytes(take(&mut rest)?);
    let token = u64::from_le_bytes(take(&mut rest)?);
    let run_id: [u8; RUN_ID] = take(&mut rest)?;
    let build_id: [u8; BUILD_ID] = take(&mut rest)?;
    let config_hash = take(&mut rest)?;
    let prev = BlockHash(take(&mut rest)?);
    let identity = Identity::new(text(&run_id)?, text(&build_id)?, config_hash).ok()?;
    Some(SegmentHeader { number, first_seq, token, identity, prev })
}

fn header_hash(head: &[u8; SEGMENT_HEADER]) -> BlockHash {
    BlockHash(Sha256::digest(&head[..HASHED]).into())
}

fn check_text(field: &'static str, text: &str, max: usize) -> Result<(), JournalError> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && !text.is_empty() && text.len() <= max {
        Ok(())
    } else {
        Err(JournalError::IdentityText { field, max })
    }
}

/// Copies a text to the front of a zeroed field; `Identity::new` has checked that it fits.
fn put_text(field: &mut [u8], text: &str) {
    assert!(text.len() <= field.len(), "identity texts were checked when made");
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from;
    }
}

/// The text at the front of a field, zeros cut off; zeros inside make it no text.
fn text(field: &[u8]) -> Option<&str> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let (text, padding) = field.split_at_checked(end)?;
    if padding.iter().all(|byte| *byte == 0) { core::str::from_utf8(text).ok() } else { None }
}
