//! The tables of a run directory, written as the engine gives their rows.
//!
//! Owns: one buffered file per table ([`Tables`]) and the comparison of such files with what the
//! journal says ([`Comparison`]).
//!
//! Must never: decide anything, or be needed to decide anything. A table that is lost or torn is
//! rebuilt from the journal; a failed write is kept and given out at the next flush, because the
//! engine that produces rows has no way to fail.
//!
//! Invariants: rows are appended in the order in which the engine gave them; what a table holds is
//! a function of the journal alone; a table that someone else removes, replaces or changes while it
//! is written is a fault at the next sync (F-72); tables that were not put in place leave nothing.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use razor_core::engine::oms::Request;
use razor_core::engine::table::{SignalNotice, Sink, Table};

use crate::disk::sync_dir;
use crate::fault::{IoFault, Operation};

/// Bytes of one table kept back before they are written.
const BUFFER: usize = 256 * 1024;
/// Tables are rewritten beside the old ones and put in place together.
const REBUILD_SUFFIX: &str = ".rebuild";

/// The files of all tables.
#[derive(Debug)]
pub struct Tables {
    files: Vec<TableFile>,
    signals: Vec<SignalNotice>,
    requests: VecDeque<Request>,
    fault: Option<IoFault>,
}

#[derive(Debug)]
struct TableFile {
    file: File,
    path: PathBuf,
    place: PathBuf,
    buffer: Vec<u8>,
    /// Bytes written so far.
    len: u64,
}

impl Drop for TableFile {
    /// A rebuild that was given up takes its files with it; the next one would do so, too.
    fn drop(&mut self) {
        if self.path != self.place {
            drop(fs::remove_file(&self.path));
        }
    }
}

impl TableFile {
    fn create(dir: &Path, table: Table, suffix: &str) -> Result<Self, IoFault> {
        let place = dir.join(table.file_name());
        let path = dir.join(format!("{}{suffix}", table.file_name()));
        File::create(&path).map_err(IoFault::at(Operation::Create, &path))?;
        // At the end, always: in a file that was cut, a place kept from before would leave a hole
        // of zeros and hide the cut.
        let opened = OpenOptions::new().append(true).open(&path);
        let file = opened.map_err(IoFault::at(Operation::Open, &path))?;
        let mut buffer = Vec::with_capacity(BUFFER);
        buffer.extend_from_slice(first_line(table).as_bytes());
        Ok(Self { file, path, place, buffer, len: 0 })
    }

    fn write(&mut self) -> Result<(), IoFault> {
        self.file.write_all(&self.buffer).map_err(IoFault::at(Operation::Write, &self.path))?;
        let written = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.len = self.len.saturating_add(written);
        self.buffer.clear();
        Ok(())
    }

    fn sync(&self) -> Result<(), IoFault> {
        self.file.sync_data().map_err(IoFault::at(Operation::Sync, &self.path))?;
        if self.is_intact()? { Ok(()) } else { Err(IoFault::Replaced { path: self.path.clone() }) }
    }

    /// Whether the path still leads to the open file, and it holds what was written.
    fn is_intact(&self) -> Result<bool, IoFault> {
        let open = self.file.metadata().map_err(IoFault::at(Operation::Inspect, &self.path))?;
        match fs::symlink_metadata(&self.path) {
            Ok(named) => {
                let is_same = (open.dev(), open.ino()) == (named.dev(), named.ino());
                Ok(is_same && named.len() == self.len)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(IoFault::new(Operation::Inspect, &self.path, &error)),
        }
    }
}

/// The header with its line end, or nothing.
fn first_line(table: Table) -> String {
    table.header().map(|header| format!("{header}\n")).unwrap_or_default()
}

impl Tables {
    /// Begins all tables of a run directory.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub fn create(dir: &Path) -> Result<Self, IoFault> {
        Self::with_suffix(dir, "")
    }

    /// Begins all tables anew beside the present ones; [`Tables::publish`] puts them in place.
    ///
    /// # Errors
    /// When a file cannot be created.
    pub fn rebuild(dir: &Path) -> Result<Self, IoFault> {
        Self::with_suffix(dir, REBUILD_SUFFIX)
    }

    fn with_suffix(dir: &Path, suffix: &str) -> Result<Self, IoFault> {
        let files = Table::ALL
            .into_iter()
            .map(|table| TableFile::create(dir, table, suffix))
            .collect::<Result<_, _>>()?;
        Ok(Self { files, signals: Vec::new(), requests: VecDeque::new(), fault: None })
    }

    /// Puts rebuilt tables in the place of the old ones; rows go on behind them. Tables that are
    /// in their places stay as they are.
    ///
    /// # Errors
    /// When a file cannot be written, synced or renamed.
    pub fn publish(&mut self) -> Result<(), IoFault> {
        if self.files.iter().all(|file| file.path == file.place) {
            return Ok(());
        }
        self.sync()?;
        for file in &mut self.files {
            fs::rename(&file.path, &file.place)
                .map_err(IoFault::at(Operation::Rename, &file.place))?;
            file.path.clone_from(&file.place);
        }
        match self.files.first().and_then(|file| file.place.parent()) {
            Some(dir) => sync_dir(dir),
            None => Ok(()),
        }
    }

    /// Writes what is kept back.
    ///
    /// # Errors
    /// The first fault there was; it stays.
    pub fn flush(&mut self) -> Result<(), IoFault> {
        if let Some(fault) = self.fault.clone() {
            return Err(fault);
        }
        let written = self.files.iter_mut().try_for_each(TableFile::write);
        written.map_err(|fault| self.keep(fault))
    }

    /// Keeps the first fault: after a write that failed half-way, a later one would repeat its
    /// beginning.
    fn keep(&mut self, fault: IoFault) -> IoFault {
        self.fault.get_or_insert(fault).clone()
    }

    /// Whether every write so far went well.
    ///
    /// # Errors
    /// The first fault there was.
    pub(crate) fn check(&self) -> Result<(), IoFault> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    /// Writes what is kept back and forces it to disk.
    ///
    /// # Errors
    /// As [`Tables::flush`], a failed sync, or [`IoFault::Replaced`].
    pub fn sync(&mut self) -> Result<(), IoFault> {
        self.flush()?;
        let synced = self.files.iter().try_for_each(TableFile::sync);
        synced.map_err(|fault| self.keep(fault))
    }

    /// The signals since the last call.
    pub fn take_signals(&mut self) -> Vec<SignalNotice> {
        std::mem::take(&mut self.signals)
    }

    /// The next thing that the order path asks for.
    pub(crate) fn take_request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }

    /// Drops what was asked for.
    pub(crate) fn forget_requests(&mut self) {
        self.requests.clear();
    }
}

fn place_of(table: Table) -> usize {
    Table::ALL.into_iter().position(|known| known == table).unwrap_or(usize::MAX)
}

impl Sink for Tables {
    fn wants_rows(&self) -> bool {
        true
    }

    fn row(&mut self, table: Table, lines: &str) {
        let Some(file) = self.files.get_mut(place_of(table)) else { return };
        file.buffer.extend_from_slice(lines.as_bytes());
        if file.buffer.len() >= BUFFER
            && let Err(fault) = file.write()
        {
            self.fault.get_or_insert(fault);
            file.buffer.clear();
        }
    }

    fn signal(&mut self, notice: SignalNotice) {
        self.signals.push(notice);
    }

    fn request(&mut self, request: Request) {
        self.requests.push_back(request);
    }
}

/// Where a table is not what the journal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// File name.
    pub table: &'static str,
    /// First line that differs, from 1.
    pub line: u64,
    /// The line in the file; `None` when the file ends before it.
    pub found: Option<String>,
    /// The line the journal gives; `None` when the file is longer.
    pub expected: Option<String>,
}

/// Longest part of a differing line that is shown.
const SHOWN: usize = 200;

/// Compares tables with the rows of a fold, as they come.
#[derive(Debug)]
pub struct Comparison {
    files: Vec<ComparedFile>,
}

#[derive(Debug)]
struct ComparedFile {
    table: Table,
    reader: BufReader<File>,
    path: PathBuf,
    line: u64,
    found: Vec<u8>,
    difference: Option<Difference>,
    fault: Option<IoFault>,
}

impl Comparison {
    /// Opens all tables of a run directory and compares their headers.
    ///
    /// # Errors
    /// When a table cannot be opened.
    pub fn open(dir: &Path) -> Result<Self, IoFault> {
        let mut files = Vec::with_capacity(Table::ALL.len());
        for table in Table::ALL {
            let path = dir.join(table.file_name());
            let file = File::open(&path).map_err(IoFault::at(Operation::Open, &path))?;
            let mut compared = ComparedFile {
                table,
                reader: BufReader::with_capacity(BUFFER, file),
                path,
                line: 0,
                found: Vec::new(),
                difference: None,
                fault: None,
            };
            compared.expect(&first_line(table));
            files.push(compared);
        }
        Ok(Self { files })
    }

    /// Ends the comparison: what is left in a file is a difference.
    ///
    /// # Errors
    /// The first table that could not be read.
    pub fn finish(self) -> Result<Vec<Difference>, IoFault> {
        let mut differences = Vec::new();
        for mut file in self.files {
            file.expect_end();
            if let Some(fault) = file.fault {
                return Err(fault);
            }
            differences.extend(file.difference);
        }
        Ok(differences)
    }
}

impl Sink for Comparison {
    fn wants_rows(&self) -> bool {
        true
    }

    fn row(&mut self, table: Table, lines: &str) {
        if let Some(file) = self.files.get_mut(place_of(table)) {
            file.expect(lines);
        }
    }

    fn signal(&mut self, _notice: SignalNotice) {}
}

impl ComparedFile {
    /// Compares whole lines with the next ones of the file; after a difference nothing is compared.
    fn expect(&mut self, lines: &str) {
        for expected in lines.split_inclusive('\n') {
            if self.difference.is_some() || self.fault.is_some() {
                return;
            }
            self.line = self.line.saturating_add(1);
            self.found.clear();
            if let Err(error) = self.reader.read_until(b'\n', &mut self.found) {
                self.fault = Some(IoFault::new(Operation::Read, &self.path, &error));
                return;
            }
            if self.found != expected.as_bytes() {
                let found = (!self.found.is_empty()).then(|| shown(&self.found));
                self.differs(found, Some(shown(expected.as_bytes())));
            }
        }
    }

    fn expect_end(&mut self) {
        if self.difference.is_some() || self.fault.is_some() {
            return;
        }
        self.line = self.line.saturating_add(1);
        self.found.clear();
        let limit = u64::try_from(SHOWN).unwrap_or(u64::MAX).saturating_mul(4);
        match self.reader.by_ref().take(limit).read_to_end(&mut self.found) {
            Ok(0) => {}
            Ok(_) => self.differs(Some(shown(&self.found)), None),
            Err(error) => self.fault = Some(IoFault::new(Operation::Read, &self.path, &error)),
        }
    }

    fn differs(&mut self, found: Option<String>, expected: Option<String>) {
        let table = self.table.file_name();
        self.difference = Some(Difference { table, line: self.line, found, expected });
    }
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim_end_matches('\n').chars().take(SHOWN).collect()
}
