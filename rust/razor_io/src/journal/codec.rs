//! zstd at the edge: one compressor and one decompressor with buffers that are used again.
//!
//! Frames carry their content size and no checksum (the block hash covers them). A payload that
//! zstd cannot shorten is stored raw, so that stored bytes never exceed record bytes.

use std::io;

use razor_core::journal::{Codec, Inflate};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, compress_bound};

/// Level 1 looks back 512 KiB and hashes 2^14 places. The venue's token ids come back within a few
/// MiB, so looking back further pays: on 96 MiB of seeded messages of 727 bytes, blocks of 2 MiB
/// with these two gave 6.76 at 1.06 M messages/s, blocks of 1 MiB with the defaults of level 1 gave
/// 5.48 at 0.93 M and of level 2 6.11 at 0.71 M. A trained dictionary was not needed.
const WINDOW_LOG: u32 = 21;
const HASH_LOG: u32 = 16;

/// Compresses blocks.
pub(super) struct Packer {
    zstd: Compressor<'static>,
    out: Vec<u8>,
}

impl Packer {
    /// A packer of this level for blocks up to `raw_len` bytes.
    pub(super) fn new(level: i32, raw_len: usize) -> io::Result<Self> {
        let mut zstd = Compressor::new(level)?;
        if level == 1 {
            zstd.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
            zstd.set_parameter(CParameter::HashLog(HASH_LOG))?;
        }
        Ok(Self { zstd, out: vec![0; compress_bound(raw_len)] })
    }

    /// The payload as it shall be stored.
    pub(super) fn pack<'a>(&'a mut self, raw: &'a [u8]) -> (Codec, &'a [u8]) {
        let bound = compress_bound(raw.len());
        if self.out.len() < bound {
            self.out.resize(bound, 0);
        }
        let packed = self.zstd.compress_to_buffer(raw, self.out.as_mut_slice());
        match packed.ok().and_then(|len| self.out.get(..len)) {
            Some(stored) if stored.len() < raw.len() => (Codec::Zstd, stored),
            // Storing raw is always right, so a compressor that fails costs space and no data.
            Some(_) | None => (Codec::Raw, raw),
        }
    }
}

/// Decompresses blocks.
pub(super) struct Unpacker(Decompressor<'static>);

impl Unpacker {
    pub(super) fn new() -> io::Result<Self> {
        Decompressor::new().map(Self)
    }
}

impl Inflate for Unpacker {
    fn inflate(&mut self, stored: &[u8], raw_len: usize, into: &mut Vec<u8>) -> bool {
        // The length is bounded by the block head; a longer frame does not fit and is refused.
        into.resize(raw_len, 0);
        self.0.decompress_to_buffer(stored, into.as_mut_slice()).is_ok_and(|len| len == raw_len)
    }
}
