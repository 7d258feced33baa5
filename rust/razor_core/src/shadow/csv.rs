//! A small strict reader of RFC 4180 text for the tables of razor and of the predecessor.
//!
//! Cells are trimmed, ragged rows accepted (absent cells read as blank), columns found by name
//! ignoring case (RAZOR_SPEC §18). Total over all byte strings: the result is a record or a typed
//! error with the line, in one pass and without a limit on columns beyond the input itself.

use std::borrow::Cow;

use thiserror::Error;

/// Why a table could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CsvError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8 at byte {at}; the tables are UTF-8 text")]
    NotUtf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// A quote where none may stand.
    #[error("line {line}: a quote inside an unquoted cell, or text after a closing quote")]
    StrayQuote {
        /// Line of the record, from 1.
        line: u64,
    },
    /// A quoted cell that never ends.
    #[error("line {line}: a quoted cell is not closed; the file may be cut short")]
    OpenQuote {
        /// Line of the record, from 1.
        line: u64,
    },
    /// A required column is not in the header.
    #[error("column {name} is missing in the header")]
    MissingColumn {
        /// Name of the column.
        name: &'static str,
    },
    /// A header that must be exact is another one.
    #[error("the header is not that of {table}; another file or schema version")]
    WrongHeader {
        /// Name of the table.
        table: &'static str,
    },
}

/// One record: its cells, as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record<'a> {
    cells: Vec<Cow<'a, str>>,
}

impl Record<'_> {
    /// The trimmed cell of a column; blank beyond the end of a ragged row or for no column.
    pub fn cell(&self, column: Column) -> &str {
        column.0.and_then(|index| self.cells.get(index)).map_or("", |cell| cell.trim())
    }

    /// Whether the record is one blank cell: an empty line.
    pub fn is_blank(&self) -> bool {
        matches!(self.cells.as_slice(), [only] if only.trim().is_empty())
    }

    /// Cells of the record, as many as were written.
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// Cells joined by commas, for comparing a header.
    fn joined(&self) -> String {
        self.cells.join(",")
    }
}

/// A position in a record, or the absence of an optional column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column(Option<usize>);

/// Reads records from a text.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a str,
    line: u64,
}

/// A table with its header read.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    header: Record<'a>,
    records: Reader<'a>,
}

impl<'a> Table<'a> {
    /// Opens a table and reads its header; an empty file has no columns.
    ///
    /// # Errors
    /// [`CsvError`] of the text or of the header line.
    pub fn open(bytes: &'a [u8]) -> Result<Self, CsvError> {
        let text = core::str::from_utf8(bytes)
            .map_err(|error| CsvError::NotUtf8 { at: error.valid_up_to() })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut records = Reader { rest: text, line: 0 };
        let header = records.next().transpose()?.unwrap_or_default();
        Ok(Self { header, records })
    }

    /// Requires the header to be exactly this one.
    ///
    /// # Errors
    /// [`CsvError::WrongHeader`].
    pub fn expect_header(&self, table: &'static str, header: &str) -> Result<(), CsvError> {
        if self.header.joined() == header { Ok(()) } else { Err(CsvError::WrongHeader { table }) }
    }

    /// A column that must be there.
    ///
    /// # Errors
    /// [`CsvError::MissingColumn`].
    pub fn column(&self, name: &'static str) -> Result<Column, CsvError> {
        let found = self.optional(name);
        if found.0.is_none() { Err(CsvError::MissingColumn { name }) } else { Ok(found) }
    }

    /// A column that may be absent; its cells then read as blank.
    pub fn optional(&self, name: &str) -> Column {
        Column(self.header.cells.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name)))
    }

    /// The records after the header, empty lines skipped.
    pub fn records(&self) -> impl Iterator<Item = Result<Record<'a>, CsvError>> + use<'a> {
        let is_empty =
            |read: &Result<Record<'a>, CsvError>| read.as_ref().is_ok_and(Record::is_blank);
        self.records.clone().filter(move |read| !is_empty(read))
    }

    /// As [`Self::records`], each with the line it begins on, from 1.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, Result<Record<'a>, CsvError>)> + use<'a> {
        let mut records = self.records.clone();
        let next = move || {
            let line = records.line.saturating_add(1);
            records.next().map(|read| (line, read))
        };
        core::iter::from_fn(next).filter(|(_, read)| !read.as_ref().is_ok_and(Record::is_blank))
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Record<'a>, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.record();
        if read.is_err() {
            self.rest = "";
        }
        Some(read)
    }
}

/// What ended a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Cell,
    Record,
}

impl<'a> Reader<'a> {
    fn record(&mut self) -> Result<Record<'a>, CsvError> {
        self.line = self.line.saturating_add(1);
        let line = self.line;
        let mut record = Record::default();
        loop {
            let (cell, ended) = match self.rest.strip_prefix('"') {
                Some(quoted) => self.quoted(quoted, line)?,
                None => self.bare(line)?,
            };
            record.cells.push(cell);
            if ended == Ended::Record {
                return Ok(record);
            }
        }
    }

    fn bare(&mut self, line: u64) -> Result<(Cow<'a, str>, Ended), CsvError> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        if cell.contains('"') {
            return Err(CsvError::StrayQuote { line });
        }
        let ended = self.after_cell(rest, line)?;
        Ok((Cow::Borrowed(cell.strip_suffix('\r').unwrap_or(cell)), ended))
    }

    fn quoted(&mut self, text: &'a str, line: u64) -> Result<(Cow<'a, str>, Ended), CsvError> {
        let mut cell = String::new();
        let mut rest = text;
        loop {
            let (part, after) = rest.split_once('"').ok_or(CsvError::OpenQuote { line })?;
            cell.push_str(part);
            let Some(more) = after.strip_prefix('"') else {
                let newlines = cell.bytes().filter(|byte| *byte == b'\n').count();
                let newlines = u64::try_from(newlines).unwrap_or(u64::MAX);
                self.line = self.line.saturating_add(newlines);
                let ended = self.after_cell(after, line)?;
                return Ok((Cow::Owned(cell), ended));
            };
            cell.push('"');
            rest = more;
        }
    }

    /// Steps over the separator behind a cell.
    fn after_cell(&mut self, rest: &'a str, line: u64) -> Result<Ended, CsvError> {
        if let Some(next) = rest.strip_prefix(',') {
            self.rest = next;
            return Ok(Ended::Cell);
        }
        self.rest = match rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")) {
            Some(next) => next,
            None if rest.is_empty() => rest,
            None => return Err(CsvError::StrayQuote { line }),
        };
        Ok(Ended::Record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Result<Vec<Vec<String>>, CsvError> {
        let reader = Reader { rest: text, line: 0 };
        reader
            .map(|read| read.map(|record| record.cells.iter().map(ToString::to_string).collect()))
            .collect()
    }

    #[test]
    fn quotes_commas_and_line_ends_are_read_as_written() {
        assert_eq!(
            cells("a,\"b,\"\"c\"\"\nd\",\r\ne"),
            Ok(vec![vec!["a".into(), "b,\"c\"\nd".into(), String::new()], vec!["e".into()]])
        );
        assert_eq!(cells("a,b\n"), Ok(vec![vec!["a".into(), "b".into()]]));
        assert_eq!(cells("\"a\"\r\nb"), Ok(vec![vec!["a".into()], vec!["b".into()]]));
    }

    #[test]
    fn broken_text_is_refused_with_its_line() {
        assert_eq!(cells("a\nb\"c\n"), Err(CsvError::StrayQuote { line: 2 }));
        assert_eq!(cells("a\n\"b\"c\n"), Err(CsvError::StrayQuote { line: 2 }));
        assert_eq!(cells("a\n\"b\nc"), Err(CsvError::OpenQuote { line: 2 }));
        assert_eq!(cells("\"x\ny\"\nb\"\n"), Err(CsvError::StrayQuote { line: 3 }));
        assert_eq!(Table::open(b"a\xff").err(), Some(CsvError::NotUtf8 { at: 1 }));
    }

    #[test]
    fn columns_are_found_ignoring_case_and_ragged_rows_read_blank() {
        let table = Table::open(b"\xef\xbb\xbf Run_ID ,x\n a \n\n1,2,3\n").expect("table");
        let (run, x) = (table.column("run_id").expect("run"), table.column("X").expect("x"));
        assert_eq!(table.column("y"), Err(CsvError::MissingColumn { name: "y" }));
        let rows: Vec<_> = table.records().map(|row| row.expect("row")).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].cell(run), rows[0].cell(x)), ("a", ""));
        assert_eq!((rows[1].cell(x), rows[1].cell(table.optional("nope"))), ("2", ""));
    }

    #[test]
    fn records_are_numbered_by_the_line_they_begin_on() {
        let table = Table::open(b"a,b\n1,2\n\n\"3\n4\",5,6\n7\n").expect("table");
        let seen: Vec<_> =
            table.numbered().map(|(line, read)| (line, read.expect("record").width())).collect();
        assert_eq!(seen, [(2, 2), (4, 3), (6, 1)]);
    }

    #[test]
    fn an_exact_header_is_exact() {
        let table = Table::open(b"a,b\n").expect("table");
        assert_eq!(table.expect_header("t", "a,b"), Ok(()));
        assert_eq!(table.expect_header("t", "a,B"), Err(CsvError::WrongHeader { table: "t" }));
        assert!(Table::open(b"").expect("table").column("a").is_err());
    }
}
