//! Telling a recording's format from its path and first bytes.
//!
//! Owns: [`Format`] and [`detect`]. Nothing is guessed from names alone where the content can tell.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use super::{ImportError, input, predecessor, quote_table};

/// A format that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Session directory: `markets.jsonl[.zst]` and `raw_messages.jsonl[.zst]`.
    F1,
    /// CSV quote tables, one row per capture time and market.
    F2,
    /// Parquet quote tables, one row per sweep and market.
    F3,
    /// Lines `<receive ns> <JSON>`.
    F6,
    /// A run directory of the predecessor program.
    Predecessor,
}

impl Format {
    /// The word of the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::F1 => "f1",
            Self::F2 => "f2",
            Self::F3 => "f3",
            Self::F6 => "f6",
            Self::Predecessor => "predecessor",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let all = [Self::F1, Self::F2, Self::F3, Self::F6, Self::Predecessor];
        all.into_iter().find(|format| format.word() == word).ok_or(())
    }
}

/// The format of a directory or file.
///
/// # Errors
/// [`ImportError::Missing`], [`ImportError::UnknownFormat`] and what reading the first line says.
pub fn detect(path: &Path) -> Result<Format, ImportError> {
    if !path.exists() {
        return Err(ImportError::Missing { path: path.to_path_buf() });
    }
    let found = if path.is_dir() { detect_dir(path)? } else { detect_file(path)? };
    found.ok_or_else(|| ImportError::UnknownFormat { path: path.to_path_buf() })
}

fn detect_dir(path: &Path) -> Result<Option<Format>, ImportError> {
    let has = |name: &str| path.join(name).is_file();
    let has_lines = |name: &str| has(&format!("{name}.jsonl.zst")) || has(&format!("{name}.jsonl"));
    if has_lines("markets") && has_lines("raw_messages") {
        return Ok(Some(Format::F1));
    }
    if predecessor::FILES.iter().all(|name| has(name)) {
        return Ok(Some(Format::Predecessor));
    }
    if !input::find(path, &|name| name.ends_with(".parquet"))?.is_empty() {
        return Ok(Some(Format::F3));
    }
    let tables = input::find(path, &quote_table::is_table)?;
    Ok(if tables.is_empty() { None } else { Some(Format::F2) })
}

fn detect_file(path: &Path) -> Result<Option<Format>, ImportError> {
    let mut magic = Vec::new();
    let file = File::open(path).map_err(ImportError::io(path))?;
    file.take(4).read_to_end(&mut magic).map_err(ImportError::io(path))?;
    if magic == b"PAR1" {
        return Ok(Some(Format::F3));
    }
    let mut lines = input::open(path)?.lines();
    let Some((_, first)) = lines.next_line()? else { return Ok(None) };
    if quote_table::is_header(first) {
        return Ok(Some(Format::F2));
    }
    let stamped = first.split_once(' ').is_some_and(|(stamp, json)| {
        !stamp.is_empty() && stamp.bytes().all(|b| b.is_ascii_digit()) && json.starts_with('{')
    });
    Ok(stamped.then_some(Format::F6))
}
