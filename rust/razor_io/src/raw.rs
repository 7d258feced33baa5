//! `raw_ws.jsonl`: received frames as they came, one per line, for tools that know nothing of
//! razor.
//!
//! Owns: the optional file and its rotation. Must never: be needed. The journal has every frame;
//! this copy may be rotated away, so `audit verify` does not look at it.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::fault::{IoFault, Operation};

const NAME: &str = "raw_ws.jsonl";
const ROTATED: &str = "raw_ws.jsonl.rotated_";
const BUFFER: usize = 256 * 1024;

/// How the copy is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawSettings {
    /// Size at which the file is put aside, bytes.
    pub rotate_bytes: u64,
    /// Files kept aside; 0 keeps all.
    pub keep: u64,
}

/// The file being written.
#[derive(Debug)]
pub struct RawLog {
    dir: PathBuf,
    settings: RawSettings,
    file: File,
    size: u64,
    buffer: Vec<u8>,
    last_ms: i64,
}

impl RawLog {
    /// Opens the file of a run directory; lines go behind those that are there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(dir: &Path, settings: RawSettings) -> Result<Self, IoFault> {
        let (file, size) = open_file(dir)?;
        let buffer = Vec::with_capacity(BUFFER);
        Ok(Self { dir: dir.to_path_buf(), settings, file, size, buffer, last_ms: 0 })
    }

    /// Takes one frame.
    ///
    /// # Errors
    /// When a full buffer cannot be written.
    pub fn push(&mut self, recv_ms: i64, frame: &[u8]) -> Result<(), IoFault> {
        self.last_ms = recv_ms;
        self.buffer.extend_from_slice(frame);
        self.buffer.push(b'\n');
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Writes what is kept back, and puts the file aside when it has grown enough.
    ///
    /// # Errors
    /// When the file cannot be written, synced, renamed or removed.
    pub fn flush(&mut self) -> Result<(), IoFault> {
        let path = self.dir.join(NAME);
        self.file.write_all(&self.buffer).map_err(IoFault::at(Operation::Write, &path))?;
        let written = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.size = self.size.saturating_add(written);
        self.buffer.clear();
        if self.size < self.settings.rotate_bytes { Ok(()) } else { self.rotate(&path) }
    }

    fn rotate(&mut self, path: &Path) -> Result<(), IoFault> {
        self.file.sync_data().map_err(IoFault::at(Operation::Sync, path))?;
        let aside = self.free_name();
        fs::rename(path, &aside).map_err(IoFault::at(Operation::Rename, &aside))?;
        (self.file, self.size) = open_file(&self.dir)?;
        self.drop_oldest()
    }

    /// Two rotations within a millisecond must not overwrite each other.
    fn free_name(&self) -> PathBuf {
        let mut ms = self.last_ms;
        loop {
            let aside = self.dir.join(format!("{ROTATED}{ms:015}"));
            if !aside.exists() {
                return aside;
            }
            ms = ms.saturating_add(1);
        }
    }

    fn drop_oldest(&self) -> Result<(), IoFault> {
        let Ok(keep) = usize::try_from(self.settings.keep) else { return Ok(()) };
        if keep == 0 {
            return Ok(());
        }
        let mut aside = rotated(&self.dir)?;
        aside.sort_unstable();
        let surplus = aside.len().saturating_sub(keep);
        for path in aside.iter().take(surplus) {
            fs::remove_file(path).map_err(IoFault::at(Operation::Rename, path))?;
        }
        Ok(())
    }
}

fn open_file(dir: &Path) -> Result<(File, u64), IoFault> {
    let path = dir.join(NAME);
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).open(&path);
    let file = file.map_err(IoFault::at(Operation::Open, &path))?;
    let meta = file.metadata().map_err(IoFault::at(Operation::Inspect, &path))?;
    Ok((file, meta.len()))
}

fn rotated(dir: &Path) -> Result<Vec<PathBuf>, IoFault> {
    let entries = fs::read_dir(dir).map_err(IoFault::at(Operation::Open, dir))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let is_aside = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(ROTATED))
    };
    Ok(paths.filter(is_aside).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aside(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = rotated(dir)
            .expect("listing")
            .iter()
            .map(|path| path.file_name().expect("name").to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn frames_stand_in_order_one_per_line() {
        let dir = tempfile::tempdir().expect("dir");
        let mut raw =
            RawLog::open(dir.path(), RawSettings { rotate_bytes: 1_000, keep: 2 }).expect("raw");
        raw.push(1, b"{\"a\":1}").expect("push");
        raw.push(2, b"[]").expect("push");
        raw.flush().expect("flush");
        let text = fs::read_to_string(dir.path().join(NAME)).expect("text");
        assert_eq!(text, "{\"a\":1}\n[]\n");
        assert!(aside(dir.path()).is_empty());
    }

    #[test]
    fn a_grown_file_is_put_aside_and_only_the_newest_are_kept() {
        let dir = tempfile::tempdir().expect("dir");
        let mut raw =
            RawLog::open(dir.path(), RawSettings { rotate_bytes: 4, keep: 2 }).expect("raw");
        for ms in 1..=4 {
            raw.push(ms, b"abcd").expect("push");
            raw.flush().expect("flush");
        }
        let names = aside(dir.path());
        assert_eq!(names.len(), 2);
        assert!(names[0].ends_with("_000000000000003") && names[1].ends_with("_000000000000004"));
        assert_eq!(fs::read(dir.path().join(NAME)).expect("file"), b"");
    }

    #[test]
    fn a_second_start_goes_on_behind_what_is_there() {
        let dir = tempfile::tempdir().expect("dir");
        let settings = RawSettings { rotate_bytes: 1_000, keep: 0 };
        for _ in 0..2 {
            let mut raw = RawLog::open(dir.path(), settings).expect("raw");
            raw.push(1, b"x").expect("push");
            raw.flush().expect("flush");
        }
        assert_eq!(fs::read(dir.path().join(NAME)).expect("file"), b"x\nx\n");
    }
}
