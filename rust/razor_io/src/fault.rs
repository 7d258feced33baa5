//! What can go wrong with files, in one enum: the path, the operation and what to do about it.
//!
//! A fault is a value that can be kept and given out again, because the recorder repeats the first
//! one on every later call. It never holds the content of a file.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Operation {
    /// Opening or listing.
    #[error("open")]
    Open,
    /// Creating.
    #[error("create")]
    Create,
    /// Reading.
    #[error("read")]
    Read,
    /// Writing.
    #[error("write")]
    Write,
    /// Forcing to disk.
    #[error("sync")]
    Sync,
    /// Renaming or removing.
    #[error("rename or remove")]
    Rename,
    /// Taking the exclusive lock.
    #[error("lock")]
    Lock,
    /// Asking for size, identity or free space.
    #[error("inspect")]
    Inspect,
}

/// A failed operation on a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IoFault {
    /// No space, quota or inodes left.
    #[error("disk is full: cannot {operation} {}; free space and start again", path.display())]
    DiskFull {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
    },
    /// Less space than the run needs.
    #[error(
        "only {free} bytes are free for {}, {needed} are needed; free space or lower the headroom",
        path.display()
    )]
    LowSpace {
        /// The directory.
        path: PathBuf,
        /// Bytes free.
        free: u64,
        /// Bytes needed.
        needed: u64,
    },
    /// The file system is mounted read-only.
    #[error("cannot {operation} {}: read-only file system; choose a writable directory", path.display())]
    ReadOnly {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
    },
    /// Permission denied.
    #[error("cannot {operation} {}: permission denied; check owner and mode", path.display())]
    Denied {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
    },
    /// There is no such file.
    #[error("cannot {operation} {}: it does not exist; check the path", path.display())]
    Missing {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
    },
    /// The file is not the one that was opened, or was changed by someone else.
    #[error("{} was removed, replaced or changed while being written; find out who did and start again", path.display())]
    Replaced {
        /// The file.
        path: PathBuf,
    },
    /// Data could not be forced to disk; pages may be lost although later calls succeed.
    #[error(
        "sync of {} failed (code {code}): the disk cannot be trusted; check it, then restart to recover",
        path.display()
    )]
    SyncFailed {
        /// The file or directory.
        path: PathBuf,
        /// Error code of the system; 0 when there is none.
        code: i32,
    },
    /// Another process holds the lock.
    #[error("{} is in use by process {pid} (0 = unknown); stop it or choose another run directory", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Process id that the lock file names; 0 when unknown.
        pid: u32,
    },
    /// Anything else the system reports.
    #[error("cannot {operation} {}: {kind} (code {code}); check the disk and start again", path.display())]
    Failed {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        operation: Operation,
        /// Kind of the error.
        kind: io::ErrorKind,
        /// Error code of the system; 0 when there is none.
        code: i32,
    },
}

impl IoFault {
    /// The fault of a failed call.
    #[expect(clippy::wildcard_enum_match_arm, reason = "ErrorKind is open and may grow")]
    pub fn new(operation: Operation, path: &Path, error: &io::Error) -> Self {
        let path = path.to_path_buf();
        let code = error.raw_os_error().unwrap_or(0);
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, operation }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, operation },
            io::ErrorKind::PermissionDenied => Self::Denied { path, operation },
            io::ErrorKind::NotFound => Self::Missing { path, operation },
            _ if operation == Operation::Sync => Self::SyncFailed { path, code },
            kind => Self::Failed { path, operation, kind, code },
        }
    }

    /// The file or directory concerned.
    pub fn path(&self) -> &Path {
        match self {
            Self::DiskFull { path, .. }
            | Self::LowSpace { path, .. }
            | Self::ReadOnly { path, .. }
            | Self::Denied { path, .. }
            | Self::Missing { path, .. }
            | Self::Replaced { path }
            | Self::SyncFailed { path, .. }
            | Self::Locked { path, .. }
            | Self::Failed { path, .. } => path,
        }
    }

    /// A closure that makes the fault of a failed call, for `map_err`.
    pub fn at(operation: Operation, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::new(operation, path, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_names_path_operation_and_remedy() {
        for (code, word) in [(28, "disk is full"), (30, "read-only"), (13, "owner"), (5, "disk")] {
            let error = io::Error::from_raw_os_error(code);
            let text = IoFault::new(Operation::Write, Path::new("runs/x"), &error).to_string();
            assert!(text.contains("runs/x") && text.contains("write"), "{text}");
            assert!(text.contains(word) && text.contains(';'), "{text}");
        }
    }

    #[test]
    fn a_failed_sync_is_its_own_fault() {
        let error = io::Error::from_raw_os_error(5);
        let fault = IoFault::new(Operation::Sync, Path::new("a"), &error);
        assert_eq!(fault, IoFault::SyncFailed { path: "a".into(), code: 5 });
    }
}
