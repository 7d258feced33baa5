//! Writing a capture: whole or not at all.
//!
//! Owns: [`CaptureWriter`] and [`Block`], a stretch of lines with its compressed frame.
//!
//! Must never: leave anything but a finished capture under the final name. Both files are written
//! under temporary names beside their target, synced, and renamed; a writer that is dropped before
//! [`CaptureWriter::finish`] removes them.
//!
//! Invariants:
//! - the file is a sequence of independent zstd frames of whole lines (concatenated frames are one
//!   valid zstd stream), each with a content checksum, so blocks can be compressed on any thread;
//! - block borders depend on the lines only, never on threads or time: same input, same bytes;
//! - while a capture is replaced there is at no moment a manifest that belongs to another file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, compress_bound};

use super::CaptureError;
use super::line::{Kind, Record, is_conn, write_line};
use super::manifest::{
    Counts, GapEntry, Manifest, MarketMeta, MetaPayload, SCHEMA, SetMeta, Source, bump,
    manifest_path,
};

/// Text of one block; larger blocks compress no better at the levels in use.
const BLOCK_TEXT: usize = 4 << 20;
/// Markets in one `meta` line, so that no line comes near the reader's cap.
const MARKETS_PER_META: usize = 256;

/// A stretch of lines with its compressed frame, made by a [`BlockBuilder`] on any thread.
#[derive(Debug, Default)]
pub struct Block {
    text: Vec<u8>,
    frame: Vec<u8>,
    counts: Counts,
    /// Time of its last line.
    last_t: Option<i64>,
}

/// Makes blocks: lines in, compressed frames out.
pub struct BlockBuilder {
    compressor: Compressor<'static>,
    open: Block,
}

impl BlockBuilder {
    /// A builder at a zstd level (1 is fast, 3 the usual).
    ///
    /// # Errors
    /// What zstd says when it cannot allocate its state.
    pub fn new(level: i32) -> io::Result<Self> {
        let mut compressor = Compressor::new(level)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(Self { compressor, open: Block::default() })
    }

    /// Appends one line. The caller vouches for a valid connection name and a UTF-8 payload.
    pub fn push(&mut self, record: &Record<'_>) {
        let before = self.open.last_t.replace(record.t);
        self.open.counts.add(record.kind, record.t, record.payload, before);
        write_line(&mut self.open.text, record);
    }

    /// Bytes of text in the open block.
    pub fn text_len(&self) -> usize {
        self.open.text.len()
    }

    /// Compresses the open block and begins the next.
    ///
    /// # Errors
    /// What zstd says.
    pub fn seal(&mut self) -> io::Result<Block> {
        let mut block = std::mem::take(&mut self.open);
        block.counts.text_bytes = u64::try_from(block.text.len()).unwrap_or(u64::MAX);
        block.frame.reserve_exact(compress_bound(block.text.len()));
        self.compressor.compress_to_buffer(&block.text, &mut block.frame)?;
        self.open.text.reserve(block.text.len());
        Ok(block)
    }
}

/// Writes one capture and its sidecar.
pub struct CaptureWriter {
    path: PathBuf,
    temp: TempFile,
    builder: BlockBuilder,
    file_hash: Sha256,
    text_hash: Sha256,
    manifest: Manifest,
    /// Time of the last line written.
    last_t: Option<i64>,
}

/// A file under a temporary name that disappears unless it is published.
struct TempFile {
    file: File,
    path: PathBuf,
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // After a rename the name is gone and this finds nothing, which is the success case.
        let _ = fs::remove_file(&self.path);
    }
}

impl TempFile {
    fn create(target: &Path) -> Result<Self, CaptureError> {
        let mut name = target.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let path = target.with_file_name(name);
        let file = File::create(&path).map_err(CaptureError::io(&path))?;
        Ok(Self { file, path })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CaptureError> {
        self.file.write_all(bytes).map_err(CaptureError::io(&self.path))
    }

    fn publish(self, target: &Path) -> Result<(), CaptureError> {
        self.file.sync_all().map_err(CaptureError::io(&self.path))?;
        fs::rename(&self.path, target).map_err(CaptureError::io(target))
    }
}

impl CaptureWriter {
    /// Opens a capture that will appear under `path` when finished.
    ///
    /// # Errors
    /// [`CaptureError::Io`].
    pub fn create(path: &Path, level: i32) -> Result<Self, CaptureError> {
        let temp = TempFile::create(path)?;
        let builder = BlockBuilder::new(level).map_err(CaptureError::io(path))?;
        Ok(Self {
            path: path.to_path_buf(),
            temp,
            builder,
            file_hash: Sha256::new(),
            text_hash: Sha256::new(),
            manifest: empty_manifest(),
            last_t: None,
        })
    }

    /// Appends one record.
    ///
    /// # Errors
    /// [`CaptureError::NotStorable`] and [`CaptureError::Io`].
    pub fn write(&mut self, record: &Record<'_>) -> Result<(), CaptureError> {
        if !is_conn(record.conn) || std::str::from_utf8(record.payload).is_err() {
            return Err(CaptureError::NotStorable { path: self.path.clone() });
        }
        self.builder.push(record);
        if self.builder.text_len() >= BLOCK_TEXT { self.flush() } else { Ok(()) }
    }

    /// Appends `meta` records that define markets and sets, and remembers them for the sidecar.
    ///
    /// Sets come after all markets, since a leg must be defined before it is used.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn define(
        &mut self,
        t: i64,
        markets: Vec<MarketMeta>,
        sets: Vec<SetMeta>,
    ) -> Result<(), CaptureError> {
        let small = markets.len() <= MARKETS_PER_META && sets.len() <= MARKETS_PER_META;
        if small {
            self.meta(t, &markets, &sets)?;
        } else {
            markets.chunks(MARKETS_PER_META).try_for_each(|part| self.meta(t, part, &[]))?;
            sets.chunks(MARKETS_PER_META).try_for_each(|part| self.meta(t, &[], part))?;
        }
        self.manifest.markets.extend(markets);
        self.manifest.sets.extend(sets);
        Ok(())
    }

    fn meta(
        &mut self,
        t: i64,
        markets: &[MarketMeta],
        sets: &[SetMeta],
    ) -> Result<(), CaptureError> {
        let payload = MetaPayload { markets: markets.to_vec(), sets: sets.to_vec() };
        let text = self.json(&payload)?;
        self.write(&Record { kind: Kind::Meta, t, conn: "meta", epoch: 0, payload: &text })
    }

    /// Appends a `gap` record and remembers it for the sidecar.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn gap(&mut self, conn: &str, epoch: u32, gap: GapEntry) -> Result<(), CaptureError> {
        let text = self.json(&gap)?;
        let t = gap.to_ns;
        self.manifest.gaps.push(gap);
        self.write(&Record { kind: Kind::Gap, t, conn, epoch, payload: &text })
    }

    /// Adds flags to the sidecar.
    pub fn flags(&mut self, flags: &[&str]) {
        self.manifest.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
    }

    /// Counts a defect of the source in the sidecar.
    pub fn defect(&mut self, name: &str, count: u64) {
        if count > 0 {
            bump(&mut self.manifest.defects, name, count);
        }
    }

    /// Appends a finished block, after whatever was written before.
    ///
    /// # Errors
    /// [`CaptureError::Io`].
    pub fn append(&mut self, block: &Block) -> Result<(), CaptureError> {
        self.flush()?;
        self.put(block)
    }

    fn flush(&mut self) -> Result<(), CaptureError> {
        if self.builder.text_len() == 0 {
            return Ok(());
        }
        let block = self.builder.seal().map_err(CaptureError::io(&self.path))?;
        self.put(&block)
    }

    fn put(&mut self, block: &Block) -> Result<(), CaptureError> {
        self.text_hash.update(&block.text);
        self.file_hash.update(&block.frame);
        self.manifest.counts.append(&block.counts, self.last_t);
        self.last_t = block.last_t.or(self.last_t);
        let bytes = u64::try_from(block.frame.len()).unwrap_or(u64::MAX);
        self.manifest.file_bytes = self.manifest.file_bytes.saturating_add(bytes);
        self.temp.write(&block.frame)
    }

    /// Completes both files and gives them their names; returns what the sidecar says.
    ///
    /// # Errors
    /// [`CaptureError::Io`]; then nothing stands under the final names that was not there before,
    /// except that an older sidecar may be gone.
    pub fn finish(mut self, source: Source) -> Result<Manifest, CaptureError> {
        self.flush()?;
        let mut manifest = std::mem::replace(&mut self.manifest, empty_manifest());
        manifest.source = source;
        manifest.flags.sort();
        manifest.flags.dedup();
        manifest.file_sha256 = hex(&self.file_hash.finalize());
        manifest.text_sha256 = hex(&self.text_hash.finalize());
        let sidecar = manifest_path(&self.path);
        let mut temp = TempFile::create(&sidecar)?;
        let text = serde_json::to_vec(&manifest);
        temp.write(&text.map_err(|source| not_json(&sidecar, source))?)?;
        temp.write(b"\n")?;
        remove_if_present(&sidecar)?;
        self.temp.publish(&self.path)?;
        temp.publish(&sidecar)?;
        Ok(manifest)
    }

    fn json<T: serde::Serialize>(&self, value: &T) -> Result<Vec<u8>, CaptureError> {
        serde_json::to_vec(value).map_err(|source| not_json(&self.path, source))
    }
}

fn not_json(path: &Path, source: serde_json::Error) -> CaptureError {
    CaptureError::Manifest { path: path.to_path_buf(), source }
}

fn remove_if_present(path: &Path) -> Result<(), CaptureError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CaptureError::io(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Lower-case hex of a digest.
pub(crate) fn hex(digest: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    digest.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn empty_manifest() -> Manifest {
    Manifest {
        schema: SCHEMA.to_owned(),
        source: Source::default(),
        flags: Vec::new(),
        defects: std::collections::BTreeMap::new(),
        counts: Counts::default(),
        file_bytes: 0,
        file_sha256: String::new(),
        text_sha256: String::new(),
        gaps: Vec::new(),
        sets: Vec::new(),
        markets: Vec::new(),
    }
}
