//! Reading the files of other programs: whole lines, any of the compressions in use, with caps.
//!
//! Owns: [`open`], [`Lines`], [`describe`].
//!
//! Must never: let a small file expand without end (ratio cap as for captures), hold more than a
//! line, or put a path of this machine into a manifest (names are relative to what is imported).

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;

use super::ImportError;
use crate::capture::{Input, Limits, hex};

const LINE_CAP: usize = 16 << 20;

/// Counts compressed bytes, so that ratio and progress can be told.
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

/// Refuses what expands like a bomb, in the form of an I/O error that [`read_error`] recognises.
struct Capped<R> {
    inner: R,
    compressed: Arc<AtomicU64>,
    expanded: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.expanded = self.expanded.saturating_add(u64::try_from(read).unwrap_or(0));
        let limits = Limits::default();
        let allowed = self.compressed.load(Ordering::Relaxed).saturating_mul(limits.max_ratio);
        if self.expanded > limits.free_bytes.max(allowed) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(read)
    }
}

/// An open text file, plain or compressed with zstd or gzip (told by its first bytes).
pub(super) struct Text {
    path: PathBuf,
    input: BufReader<Box<dyn Read>>,
    compressed: Arc<AtomicU64>,
}

/// How much of a file was read.
pub(super) struct FileProgress {
    bytes: Arc<AtomicU64>,
}

impl FileProgress {
    /// Bytes of the file (compressed) so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// Opens a text file.
pub(super) fn open(path: &Path) -> Result<Text, ImportError> {
    let mut file = File::open(path).map_err(|error| missing(path, error))?;
    let mut magic = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut magic).map_err(ImportError::io(path))?;
    let zstd = magic == [0x28, 0xB5, 0x2F, 0xFD];
    let gzip = magic.starts_with(&[0x1F, 0x8B]);
    let compressed = Arc::new(AtomicU64::new(0));
    let whole = Cursor::new(magic).chain(file);
    let counted = BufReader::new(Counting { inner: whole, bytes: Arc::clone(&compressed) });
    let plain: Box<dyn Read> = if zstd {
        Box::new(Decoder::with_buffer(counted).map_err(ImportError::io(path))?)
    } else if gzip {
        Box::new(MultiGzDecoder::new(counted))
    } else {
        Box::new(counted)
    };
    let capped = Capped { inner: plain, compressed: Arc::clone(&compressed), expanded: 0 };
    let capped: Box<dyn Read> = Box::new(capped);
    let input = BufReader::with_capacity(1 << 17, capped);
    Ok(Text { path: path.to_path_buf(), input, compressed })
}

fn missing(path: &Path, error: io::Error) -> ImportError {
    if error.kind() == io::ErrorKind::NotFound {
        return ImportError::Missing { path: path.to_path_buf() };
    }
    ImportError::io(path)(error)
}

impl Text {
    /// A view of how much of the file was read, which outlives the text being given away.
    pub(super) fn progress(&self) -> FileProgress {
        FileProgress { bytes: Arc::clone(&self.compressed) }
    }

    /// The expanded bytes, for a reader that finds its own lines.
    pub(super) fn into_read(self) -> impl Read {
        self.input
    }

    /// The file's lines.
    pub(super) fn lines(self) -> Lines {
        Lines { text: self, line: Vec::new(), number: 0 }
    }

    fn error(&self, error: io::Error) -> ImportError {
        read_error(&self.path, error)
    }
}

/// Lines of a text file, one at a time in one buffer.
pub(super) struct Lines {
    text: Text,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// The next line without its line end, and its number from 1; `None` at the end.
    pub(super) fn next_line(&mut self) -> Result<Option<(u64, &str)>, ImportError> {
        self.line.clear();
        let cap = u64::try_from(LINE_CAP).unwrap_or(u64::MAX).saturating_add(1);
        let read = self.text.input.by_ref().take(cap).read_until(b'\n', &mut self.line);
        if read.map_err(|error| self.text.error(error))? == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        }
        let line = self.number;
        if self.line.len() > LINE_CAP {
            let path = self.text.path.clone();
            return Err(ImportError::LineTooLong { path, line, cap: LINE_CAP });
        }
        let text = std::str::from_utf8(&self.line);
        let text = text.map_err(|_| ImportError::row(&self.text.path, line, "text (not UTF-8)"))?;
        Ok(Some((line, text.strip_suffix('\r').unwrap_or(text))))
    }

    /// Bytes of the file read so far.
    pub(super) fn file_bytes(&self) -> u64 {
        self.text.progress().bytes()
    }
}

/// Size of a file in bytes.
pub(super) fn size(path: &Path) -> Result<u64, ImportError> {
    Ok(fs::metadata(path).map_err(|error| missing(path, error))?.len())
}

/// Name (relative to `root`), size and hash of the files an import reads.
pub(super) fn describe(root: &Path, files: &[PathBuf]) -> Result<Vec<Input>, ImportError> {
    files.iter().map(|file| describe_one(root, file)).collect()
}

fn describe_one(root: &Path, file: &Path) -> Result<Input, ImportError> {
    let mut input = File::open(file).map_err(|error| missing(file, error))?;
    let mut hash = Sha256::new();
    let mut bytes = 0_u64;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = input.read(&mut buffer).map_err(ImportError::io(file))?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        bytes = bytes.saturating_add(u64::try_from(read).unwrap_or(0));
    }
    let below = file.strip_prefix(root).ok().filter(|p| !p.as_os_str().is_empty());
    let name = below.or_else(|| file.file_name().map(Path::new)).unwrap_or(file);
    Ok(Input { name: name.to_string_lossy().into_owned(), bytes, sha256: hex(&hash.finalize()) })
}

/// All files below `root` (or `root` itself) whose name `accepts`, sorted by path.
pub(super) fn find(
    root: &Path,
    accepts: &dyn Fn(&str) -> bool,
) -> Result<Vec<PathBuf>, ImportError> {
    const MAX_DEPTH: usize = 4;
    if !root.exists() {
        return Err(ImportError::Missing { path: root.to_path_buf() });
    }
    let mut found = Vec::new();
    let mut level = vec![root.to_path_buf()];
    for _ in 0..=MAX_DEPTH {
        let mut below = Vec::new();
        for path in level {
            if path.is_dir() {
                let entries = fs::read_dir(&path).map_err(ImportError::io(&path))?;
                for entry in entries {
                    below.push(entry.map_err(ImportError::io(&path))?.path());
                }
            } else if path.file_name().is_some_and(|name| accepts(&name.to_string_lossy())) {
                found.push(path);
            }
        }
        level = below;
    }
    found.sort();
    Ok(found)
}

/// A failed read; what [`Capped`] refuses is a bomb, whoever was reading.
fn read_error(path: &Path, error: io::Error) -> ImportError {
    if error.kind() == io::ErrorKind::FileTooLarge && error.raw_os_error().is_none() {
        let ratio = Limits::default().max_ratio;
        return ImportError::Bomb { path: path.to_path_buf(), ratio };
    }
    ImportError::io(path)(error)
}

/// What the table reader said, as an import error.
pub(super) fn csv_error(path: &Path, error: csv::Error) -> ImportError {
    let line = error.position().map_or(0, csv::Position::line);
    if let csv::ErrorKind::Io(source) = error.into_kind() {
        return read_error(path, source);
    }
    ImportError::row(path, line, "the row (field count or encoding)")
}
