//! The five calls through which the writer touches the disk.
//!
//! Owns the trait [`Store`] and the real [`DiskStore`]. Tests put a store in between that fails the
//! k-th call; nothing else in the recorder knows a file. A store has one open segment at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What is found at the path of the open segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Whether the path still leads to the open file.
    pub same_file: bool,
    /// Length of the file in bytes.
    pub len: u64,
}

/// Where segments are written.
pub trait Store: Send {
    /// Creates a new file, makes its name durable and goes on with it; an existing one is refused.
    ///
    /// # Errors
    /// As the system reports.
    fn create(&mut self, path: &Path) -> io::Result<()>;

    /// Appends some of the bytes to the open segment and says how many.
    ///
    /// # Errors
    /// As the system reports.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Forces the open segment to disk.
    ///
    /// # Errors
    /// As the system reports; after one the content of the file is not known.
    fn sync(&mut self) -> io::Result<()>;

    /// Looks at what the path leads to now.
    ///
    /// # Errors
    /// As the system reports; a removed file is an error of kind `NotFound`.
    fn probe(&mut self, path: &Path) -> io::Result<Probe>;
}

/// Real files.
#[derive(Debug, Default)]
pub struct DiskStore {
    file: Option<File>,
}

impl DiskStore {
    fn open(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

impl Store for DiskStore {
    fn create(&mut self, path: &Path) -> io::Result<()> {
        self.file = Some(OpenOptions::new().append(true).create_new(true).open(path)?);
        // Without this a crash could lose the name of a segment whose records were synced.
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.open()?.sync_data()
    }

    fn probe(&mut self, path: &Path) -> io::Result<Probe> {
        let open = self.open()?.metadata()?;
        let named = std::fs::symlink_metadata(path)?;
        let same_file = (open.dev(), open.ino()) == (named.dev(), named.ino());
        Ok(Probe { same_file, len: named.len() })
    }
}
