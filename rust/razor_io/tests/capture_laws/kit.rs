//! What the laws of captures share: owned records, a seeded generator, ways to write and read.

use std::fs;
use std::path::{Path, PathBuf};

use razor_io::capture::{
    BlockBuilder, CaptureError, CaptureReader, CaptureWriter, Kind, Limits, Manifest, Record,
    Source, TextReader, write_line,
};
use tempfile::TempDir;

/// A record that owns its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) kind: Kind,
    pub(crate) t: i64,
    pub(crate) conn: String,
    pub(crate) epoch: u32,
    pub(crate) payload: Vec<u8>,
}

impl Row {
    pub(crate) fn new(kind: Kind, t: i64, conn: &str, epoch: u32, payload: &str) -> Self {
        Self { kind, t, conn: conn.to_owned(), epoch, payload: payload.as_bytes().to_vec() }
    }

    pub(crate) fn ws(t: i64, payload: &str) -> Self {
        Self::new(Kind::Ws, t, "market-0", 0, payload)
    }

    pub(crate) fn of(record: &Record<'_>) -> Self {
        Self {
            kind: record.kind,
            t: record.t,
            conn: record.conn.to_owned(),
            epoch: record.epoch,
            payload: record.payload.to_vec(),
        }
    }

    pub(crate) fn record(&self) -> Record<'_> {
        let Self { kind, t, conn, epoch, payload } = self;
        Record { kind: *kind, t: *t, conn, epoch: *epoch, payload }
    }
}

/// A generator whose failures can be repeated: splitmix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// A text that is hard to escape: quotes, backslashes, controls, two- to four-byte characters.
    pub(crate) fn text(&mut self, longest: u64) -> String {
        const PIECES: [&str; 24] = [
            "\"",
            "\\",
            "\\\"",
            "\\\\",
            "\n",
            "\r",
            "\t",
            "\u{0}",
            "\u{1}",
            "\u{8}",
            "\u{c}",
            "\u{1f}",
            "\u{7f}",
            "\u{80}",
            "é",
            "\u{2028}",
            "\u{ffff}",
            "😀",
            "{\"a\":",
            "}",
            "[",
            "0.123",
            "plain text without anything to escape",
            "\\u0041",
        ];
        let pieces = self.below(longest);
        (0..pieces).map(|_| *self.pick(&PIECES)).collect()
    }

    pub(crate) fn row(&mut self) -> Row {
        let conns = ["market-0", "market-1", "rest-0", "a", "A.b:c_d-9", "trades-0"];
        let times = [0, 1, -1, i64::MAX, i64::MIN, 1_784_160_000_000_000_000];
        let t = if self.below(3) == 0 { *self.pick(&times) } else { self.below(1 << 60) as i64 };
        let epoch = *self.pick(&[0, 1, 7, u32::MAX]);
        let payload = self.text(12);
        let conn: &str = self.pick::<&str>(&conns);
        Row::new(*self.pick(&Kind::ALL), t, conn, epoch, &payload)
    }

    pub(crate) fn rows(&mut self, count: u64) -> Vec<Row> {
        (0..count).map(|_| self.row()).collect()
    }
}

/// A directory that goes away and a path in it.
pub(crate) fn scratch(name: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    (dir, path)
}

/// Writes rows one by one.
pub(crate) fn write(path: &Path, rows: &[Row]) -> Manifest {
    let mut writer = CaptureWriter::create(path, 1).unwrap();
    for row in rows {
        writer.write(&row.record()).unwrap();
    }
    writer.finish(Source::default()).unwrap()
}

/// Writes rows as blocks made elsewhere; a border stands before each row named in `borders`.
pub(crate) fn write_blocks(path: &Path, rows: &[Row], borders: &[usize]) -> Manifest {
    let mut writer = CaptureWriter::create(path, 1).unwrap();
    let mut builder = BlockBuilder::new(1).unwrap();
    for (at, row) in rows.iter().enumerate() {
        if borders.contains(&at) {
            writer.append(&builder.seal().unwrap()).unwrap();
        }
        builder.push(&row.record());
    }
    writer.append(&builder.seal().unwrap()).unwrap();
    writer.finish(Source::default()).unwrap()
}

/// The text of rows.
pub(crate) fn text_of(rows: &[Row]) -> Vec<u8> {
    let mut text = Vec::new();
    rows.iter().for_each(|row| write_line(&mut text, &row.record()));
    text
}

/// All rows up to the first error, and that error.
pub(crate) fn read_until(path: &Path, limits: Limits) -> (Vec<Row>, Option<CaptureError>) {
    let mut reader = match CaptureReader::open(path, limits) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut rows = Vec::new();
    loop {
        match reader.next_record() {
            Ok(Some(record)) => rows.push(Row::of(&record)),
            Ok(None) => return (rows, None),
            Err(error) => return (rows, Some(error)),
        }
    }
}

/// All rows of a whole capture.
pub(crate) fn read(path: &Path) -> Vec<Row> {
    let (rows, error) = read_until(path, Limits::default());
    assert!(error.is_none(), "{error:?}");
    rows
}

/// All rows of a text, from memory.
pub(crate) fn read_memory(text: &[u8]) -> Vec<Row> {
    let mut reader = TextReader::new(text);
    let mut rows = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        rows.push(Row::of(&record));
    }
    rows
}

/// Reads one line that stands alone in a plain file.
pub(crate) fn read_line(line: &[u8]) -> Result<Row, CaptureError> {
    let (_dir, path) = scratch("one.jsonl");
    fs::write(&path, line).unwrap();
    let mut reader = CaptureReader::open(&path, Limits::default())?;
    let record = reader.next_record()?;
    Ok(Row::of(&record.expect("one line")))
}
