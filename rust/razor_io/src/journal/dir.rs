//! Names and order of the files in a journal directory.

use std::fs;
use std::path::{Path, PathBuf};

use razor_core::journal::JournalError;

use super::JournalFault;
use crate::fault::{IoFault, Operation};

/// Name of the journal directory inside a run directory.
pub const JOURNAL_DIR: &str = "journal";

/// Path of segment `number` in a journal directory.
pub fn segment_path(journal: &Path, number: u32) -> PathBuf {
    journal.join(format!("{number:06}.rzj"))
}

/// Path of the reserve in a journal directory.
pub(super) fn reserve_path(journal: &Path) -> PathBuf {
    journal.join("reserve")
}

/// Number of the last segment; all before it are there. 0 when there is no segment or directory.
pub(super) fn last_segment(journal: &Path) -> Result<u32, JournalFault> {
    let mut numbers = match fs::read_dir(journal) {
        Ok(entries) => entries
            .filter_map(|entry| match entry {
                Ok(entry) => number_of(&entry.path()).map(Ok),
                Err(error) => Some(Err(IoFault::new(Operation::Read, journal, &error))),
            })
            .collect::<Result<Vec<u32>, IoFault>>()?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(IoFault::new(Operation::Open, journal, &error).into()),
    };
    numbers.sort_unstable();
    let mut last = 0_u32;
    for found in numbers {
        let expected = last.saturating_add(1);
        if found != expected {
            return Err(JournalError::MissingSegment { expected, found }.into());
        }
        last = found;
    }
    Ok(last)
}

/// The number of a segment file; `None` for any other file.
fn number_of(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?.strip_suffix(".rzj")?;
    let digits = name.len() >= 6 && name.bytes().all(|byte| byte.is_ascii_digit());
    let number = name.parse::<u32>().ok().filter(|_| digits)?;
    if format!("{number:06}") == name { Some(number) } else { None }
}
