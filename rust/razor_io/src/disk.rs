//! The disk under a run: free space, the reserve, atomic replacement, the exclusive lock.
//!
//! Owns [`RunLock`] (one writer per run directory, with a fencing token that only grows),
//! [`Reserve`] (space kept back for the last records), [`replace_file`] and [`free_bytes`].
//!
//! Must never: remove or shorten a file of the run other than the reserve, which holds zeros only.
//!
//! Invariants: the lock is the kernel's and ends with the process, so it cannot go stale; the lock
//! file is append-only and each line is `<token> <pid>`, the last one naming the present holder; it
//! is the only lock of a run, and no symlink under its name is followed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::fault::{IoFault, Operation};

/// Bytes a normal process may still write to the file system of `path`.
///
/// # Errors
/// When the system does not tell.
pub fn free_bytes(path: &Path) -> Result<u64, IoFault> {
    let stat = rustix::fs::statvfs(path)
        .map_err(|code| IoFault::new(Operation::Inspect, path, &code.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Refuses a directory with less than `needed` bytes free.
///
/// # Errors
/// [`IoFault::LowSpace`], or as [`free_bytes`].
pub fn check_space(path: &Path, needed: u64) -> Result<(), IoFault> {
    let free = free_bytes(path)?;
    if free < needed {
        return Err(IoFault::LowSpace { path: path.to_path_buf(), free, needed });
    }
    Ok(())
}

/// Makes the entries of a directory durable.
///
/// # Errors
/// When the directory cannot be opened or synced.
pub fn sync_dir(path: &Path) -> Result<(), IoFault> {
    let dir = File::open(path).map_err(IoFault::at(Operation::Open, path))?;
    dir.sync_all().map_err(IoFault::at(Operation::Sync, path))
}

/// Creates a directory and its parents, durable in its parent.
///
/// # Errors
/// When it cannot be created or its parent cannot be synced.
pub fn create_dir(path: &Path) -> Result<(), IoFault> {
    fs::create_dir_all(path).map_err(IoFault::at(Operation::Create, path))?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        Some(_) | None => Ok(()),
    }
}

/// Replaces a file in one step: readers see the old content or the new one, also after a crash.
///
/// # Errors
/// When any step fails; the old file is then still in place.
pub fn replace_file(path: &Path, content: &[u8]) -> Result<(), IoFault> {
    let mut name = path.as_os_str().to_os_string();
    name.push(".tmp");
    let temp = PathBuf::from(name);
    let mut file = File::create(&temp).map_err(IoFault::at(Operation::Create, &temp))?;
    file.write_all(content).map_err(IoFault::at(Operation::Write, &temp))?;
    file.sync_all().map_err(IoFault::at(Operation::Sync, &temp))?;
    fs::rename(&temp, path).map_err(IoFault::at(Operation::Rename, path))?;
    sync_dir(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Space kept back so that the last records can be written on a full disk (F-68).
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// Fills `path` with `len` zeros and makes them durable; an old reserve is overwritten.
    ///
    /// # Errors
    /// When the space cannot be had.
    pub fn take(path: &Path, len: u64) -> Result<Self, IoFault> {
        const PAGE: [u8; 4096] = [0; 4096];
        let mut file = File::create(path).map_err(IoFault::at(Operation::Create, path))?;
        let mut left = len;
        while left > 0 {
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(PAGE.len());
            let page = PAGE.get(..step).unwrap_or(&PAGE);
            file.write_all(page).map_err(IoFault::at(Operation::Write, path))?;
            left = left.saturating_sub(u64::try_from(step).unwrap_or(u64::MAX));
        }
        file.sync_all().map_err(IoFault::at(Operation::Sync, path))?;
        Ok(Self { path: path.to_path_buf() })
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn release(self) -> Result<(), IoFault> {
        fs::remove_file(&self.path).map_err(IoFault::at(Operation::Rename, &self.path))
    }
}

/// The exclusive right to write to a run directory, held until it and its [`LockHold`]s are
/// dropped.
#[derive(Debug)]
pub struct RunLock {
    file: Arc<Locked>,
    path: PathBuf,
    dir: PathBuf,
    token: u64,
}

/// Keeps a lock held for someone who writes under it.
#[derive(Debug, Clone)]
pub struct LockHold {
    _file: Arc<Locked>,
}

/// A locked file. It is unlocked by name and not by being closed: a child that another thread is
/// just starting has a copy of every open file until it becomes another program, and would keep
/// the lock for so long.
#[derive(Debug)]
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing does the same a little later.
        let _unlocked = self.0.unlock();
    }
}

/// Name of the lock file in a run directory.
const LOCK_FILE: &str = "lock";

/// Longest lock file read: 2^16 starts of one run, at most 32 bytes each.
const MAX_LOCK_FILE: u64 = 2 * 1024 * 1024;

impl RunLock {
    /// Takes the lock of `dir` with a token above every one in the lock file.
    ///
    /// # Errors
    /// [`IoFault::Locked`] when another process holds it; other faults when the file cannot be
    /// used.
    pub fn acquire(dir: &Path) -> Result<Self, IoFault> {
        let path = dir.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        let opened = no_symlink(options.create(true).read(true).append(true)).open(&path);
        let file = opened.map_err(IoFault::at(Operation::Open, &path))?;
        let locked = file.try_lock();
        let mut text = Vec::new();
        let read = (&file).take(MAX_LOCK_FILE).read_to_end(&mut text);
        read.map_err(IoFault::at(Operation::Read, &path))?;
        let (last, pid) = last_holder(&text);
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(IoFault::Locked { path, pid }),
            Err(TryLockError::Error(error)) => {
                return Err(IoFault::new(Operation::Lock, &path, &error));
            }
        }
        let mut lock =
            Self { file: Arc::new(Locked(file)), path, dir: dir.to_path_buf(), token: 0 };
        lock.outgrow(last)?;
        Ok(lock)
    }

    /// Whether somebody holds the lock of `dir`; a directory without a lock file is free.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub fn is_held(dir: &Path) -> Result<bool, IoFault> {
        let path = dir.join(LOCK_FILE);
        let file = match no_symlink(OpenOptions::new().read(true)).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(IoFault::new(Operation::Open, &path, &error)),
        };
        match file.try_lock_shared() {
            Ok(()) => {
                drop(Locked(file));
                Ok(false)
            }
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(IoFault::new(Operation::Lock, &path, &error)),
        }
    }

    /// Keeps the lock held for the one that writes under it from now on.
    ///
    /// # Errors
    /// [`IoFault::Locked`] while an earlier one still does: one lock admits one writer.
    pub fn lend(&self) -> Result<LockHold, IoFault> {
        if Arc::strong_count(&self.file) > 1 {
            return Err(IoFault::Locked { path: self.path.clone(), pid: std::process::id() });
        }
        Ok(self.hold())
    }

    /// Raises the token above `seen`, the highest one found in what was written under older locks
    /// (the lock file itself can be lost when a directory is copied).
    ///
    /// # Errors
    /// When the lock file cannot be written or synced.
    pub fn outgrow(&mut self, seen: u64) -> Result<(), IoFault> {
        if self.token > seen {
            return Ok(());
        }
        let token = seen.saturating_add(1);
        // A torn last line is closed by the leading line break of the next one.
        let line = format!("\n{token} {}\n", std::process::id());
        let written = (&self.file.0).write_all(line.as_bytes());
        written.map_err(IoFault::at(Operation::Write, &self.path))?;
        self.file.0.sync_all().map_err(IoFault::at(Operation::Sync, &self.path))?;
        self.token = token;
        Ok(())
    }

    /// The fencing token of this holder, from 1.
    pub const fn token(&self) -> u64 {
        self.token
    }

    /// The run directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps the lock held beyond this value.
    pub fn hold(&self) -> LockHold {
        LockHold { _file: Arc::clone(&self.file) }
    }
}

/// Refuses a symlink under the name that is opened.
fn no_symlink(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
}

/// Highest token and last process id of a lock file; lines that are none are passed over.
fn last_holder(text: &[u8]) -> (u64, u32) {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| {
        let (token, pid) = core::str::from_utf8(line).ok()?.split_once(' ')?;
        Some((token.parse::<u64>().ok()?, pid.parse::<u32>().ok()?))
    });
    lines.fold((0, 0), |(top, _), (token, pid)| (top.max(token), pid))
}

#[cfg(test)]
mod tests;
