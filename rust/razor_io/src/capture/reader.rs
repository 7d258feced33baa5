//! Reading a capture: from a file in bounded memory, or from text that is in memory already.
//!
//! Owns: [`CaptureReader`], [`TextReader`] and their [`Limits`].
//!
//! Must never: hold more than one buffer of the file (a line at most as long as the cap), believe a
//! compressed size (a small file that expands a thousandfold is refused as a bomb), or skip a line
//! in silence. Times that go backwards are data: they are counted by [`super::info()`], not
//! refused.
//!
//! Both plain `.jsonl` and zstd are read; which one it is is told by the first four bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zstd::stream::read::Decoder;

use super::line::{LineDecoder, Record};
use super::{CaptureError, LineError};

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const CHUNK: usize = 1 << 18;

/// What a reader accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest line in bytes.
    pub max_line: usize,
    /// Highest ratio of expanded to compressed bytes, once `free_bytes` are passed.
    pub max_ratio: u64,
    /// Expanded bytes that are accepted at any ratio.
    pub free_bytes: u64,
}

impl Default for Limits {
    /// Lines to 16 MiB and ratios to 1,000; recordings reach about 60.
    fn default() -> Self {
        Self { max_line: 16 << 20, max_ratio: 1_000, free_bytes: 64 << 20 }
    }
}

/// Streams the records of a capture file.
pub struct CaptureReader {
    path: PathBuf,
    input: Box<dyn Read + Send>,
    compressed: Arc<AtomicU64>,
    expanded: u64,
    limits: Limits,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    line: u64,
    decoder: LineDecoder,
}

/// Counts the bytes that pass, and marks errors of the file as distinct from those of the decoder.
struct Counting<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.bytes.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        Ok(read)
    }
}

impl CaptureReader {
    /// Opens a capture (`.jsonl.zst` or `.jsonl`).
    ///
    /// # Errors
    /// [`CaptureError::Io`].
    pub fn open(path: &Path, limits: Limits) -> Result<Self, CaptureError> {
        let io = || CaptureError::io(path);
        let mut file = File::open(path).map_err(io())?;
        let mut magic = Vec::with_capacity(4);
        file.by_ref().take(4).read_to_end(&mut magic).map_err(io())?;
        let zipped = magic == ZSTD_MAGIC;
        let compressed = Arc::new(AtomicU64::new(0));
        let whole = io::Cursor::new(magic).chain(file);
        let counting = Counting { inner: whole, bytes: Arc::clone(&compressed) };
        let input: Box<dyn Read + Send> = if zipped {
            Box::new(Decoder::with_buffer(BufReader::with_capacity(CHUNK, counting)).map_err(io())?)
        } else {
            Box::new(counting)
        };
        Ok(Self {
            path: path.to_path_buf(),
            input,
            compressed,
            expanded: 0,
            limits,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            ended: false,
            line: 0,
            decoder: LineDecoder::default(),
        })
    }

    /// The next record; `None` at the end. It lives until the next call.
    ///
    /// After a [`CaptureError::Line`] the next call goes on with the line after it; after any other
    /// error the file is not readable further.
    ///
    /// # Errors
    /// [`CaptureError`].
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, CaptureError> {
        let Some((from, to)) = self.next_line()? else { return Ok(None) };
        let line = self.buffer.get(from..to).unwrap_or_default();
        match self.decoder.decode(line) {
            Ok(record) => Ok(Some(record)),
            Err(source) => Err(refused(&self.path, self.line, source)),
        }
    }

    /// Lines read so far.
    pub fn lines(&self) -> u64 {
        self.line
    }

    /// Bytes of the file read so far, for progress.
    pub fn file_bytes(&self) -> u64 {
        self.compressed.load(Ordering::Relaxed)
    }

    /// Bytes of text read so far.
    pub fn text_bytes(&self) -> u64 {
        self.expanded
    }

    /// Lines so far in another spelling than the writer's.
    pub fn general_lines(&self) -> u64 {
        self.decoder.general_lines()
    }

    /// The borders of the next line within the buffer, without its line end.
    fn next_line(&mut self) -> Result<Option<(usize, usize)>, CaptureError> {
        let mut searched = 0_usize;
        loop {
            let open = self.buffer.get(self.start..self.end).unwrap_or_default();
            let fresh = open.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', fresh) {
                let len = searched.saturating_add(at);
                return self.take_line(len, 1).map(Some);
            }
            searched = open.len();
            if self.ended {
                return (searched > 0).then(|| self.take_line(searched, 0)).transpose();
            }
            self.fill()?;
        }
    }

    /// Takes a line out of the buffer. The cap holds here, too: a line that lies in the buffer as
    /// a whole must not pass because of how the bytes arrived.
    fn take_line(&mut self, len: usize, line_end: usize) -> Result<(usize, usize), CaptureError> {
        if len > self.limits.max_line {
            return Err(self.too_long());
        }
        let from = self.start;
        let to = from.saturating_add(len);
        self.start = to.saturating_add(line_end);
        self.line = self.line.saturating_add(1);
        Ok((from, to))
    }

    fn too_long(&self) -> CaptureError {
        let (path, cap) = (self.path.clone(), self.limits.max_line);
        CaptureError::LineTooLong { path, line: self.line.saturating_add(1), cap }
    }

    /// Reads more behind the open line; moves it to the front or grows the buffer when full.
    fn fill(&mut self) -> Result<(), CaptureError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end = self.end.saturating_sub(self.start);
        self.start = 0;
        if self.end > self.limits.max_line {
            return Err(self.too_long());
        }
        if self.buffer.len().saturating_sub(self.end) < CHUNK {
            self.buffer.resize(self.end.saturating_add(CHUNK), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = match self.input.read(room) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(self.broken(error)),
        };
        self.ended = read == 0;
        self.end = self.end.saturating_add(read);
        self.expanded = self.expanded.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        self.check_ratio()
    }

    fn check_ratio(&self) -> Result<(), CaptureError> {
        let allowed = self.file_bytes().saturating_mul(self.limits.max_ratio);
        if self.expanded > self.limits.free_bytes.max(allowed) {
            return Err(CaptureError::Bomb {
                path: self.path.clone(),
                ratio: self.limits.max_ratio,
            });
        }
        Ok(())
    }

    /// An error of the file keeps its system code; the decoder's errors have none.
    fn broken(&self, error: io::Error) -> CaptureError {
        let (path, line) = (self.path.clone(), self.line);
        if error.raw_os_error().is_some() {
            CaptureError::Io { path, source: error }
        } else if error.kind() == io::ErrorKind::UnexpectedEof {
            CaptureError::Truncated { path, line }
        } else {
            CaptureError::Damaged { path, line }
        }
    }
}

/// Reads the records of capture text in memory.
pub struct TextReader<'t> {
    text: &'t [u8],
    line: u64,
    decoder: LineDecoder,
}

impl<'t> TextReader<'t> {
    /// A reader over whole lines.
    pub fn new(text: &'t [u8]) -> Self {
        Self { text, line: 0, decoder: LineDecoder::default() }
    }

    /// The next record; `None` at the end. It lives until the next call.
    ///
    /// # Errors
    /// [`CaptureError::Line`] with the path `memory`.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, CaptureError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        let end = memchr::memchr(b'\n', self.text).unwrap_or(self.text.len());
        let (line, rest) = self.text.split_at(end);
        self.text = rest.get(1..).unwrap_or_default();
        self.line = self.line.saturating_add(1);
        match self.decoder.decode(line) {
            Ok(record) => Ok(Some(record)),
            Err(source) => Err(refused(Path::new("memory"), self.line, source)),
        }
    }
}

fn refused(path: &Path, line: u64, source: LineError) -> CaptureError {
    CaptureError::Line { path: path.to_path_buf(), line, source }
}

/// The whole decompressed text of a capture, for benchmarks and small files.
///
/// # Errors
/// As [`CaptureReader`]; [`CaptureError::Bomb`] also when the text is longer than `max_bytes`.
pub fn read_text(path: &Path, max_bytes: usize) -> Result<Vec<u8>, CaptureError> {
    let mut reader = CaptureReader::open(path, Limits::default())?;
    let mut text = Vec::new();
    while !reader.ended {
        reader.fill()?;
        text.extend_from_slice(reader.buffer.get(reader.start..reader.end).unwrap_or_default());
        reader.start = reader.end;
        if text.len() > max_bytes {
            let ratio = reader.limits.max_ratio;
            return Err(CaptureError::Bomb { path: path.to_path_buf(), ratio });
        }
    }
    Ok(text)
}
