//! Captures as files: what is written is what is read, and every damage has its name.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::needless_for_each,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use razor_io::capture::{
    CaptureError, CaptureReader, CaptureWriter, GapEntry, Kind, Limits, LineError, Manifest,
    MarketMeta, Record, SetMeta, Source, TextReader, info, manifest_path, read_manifest, read_text,
};
use tempfile::TempDir;

/// An owned record, to compare what was written with what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Owned {
    kind: Kind,
    t: i64,
    conn: String,
    epoch: u32,
    payload: Vec<u8>,
}

impl Owned {
    fn of(record: &Record<'_>) -> Self {
        let (conn, payload) = (record.conn.to_owned(), record.payload.to_vec());
        Self { kind: record.kind, t: record.t, conn, epoch: record.epoch, payload }
    }

    fn record(&self) -> Record<'_> {
        let (conn, payload) = (self.conn.as_str(), self.payload.as_slice());
        Record { kind: self.kind, t: self.t, conn, epoch: self.epoch, payload }
    }
}

/// A small generator (xorshift), so that a failure is repeatable.
struct Seed(u64);

impl Seed {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn record(&mut self) -> Owned {
        let alphabet: Vec<char> =
            "{}[]:,\"\\ab 019.\n\t\r\u{8}\u{c}\u{1}\u{7f}é😀".chars().collect();
        let longest = if self.below(50) == 0 { 5_000 } else { 60 };
        let len = self.below(longest);
        let pick = |seed: &mut Self| alphabet[seed.below(alphabet.len() as u64) as usize];
        let payload: String = (0..len).map(|_| pick(self)).collect();
        Owned {
            kind: Kind::ALL[self.below(7) as usize],
            t: self.0.cast_signed(),
            conn: format!("market-{}", self.below(9)),
            epoch: self.below(1 << 32) as u32,
            payload: payload.into_bytes(),
        }
    }
}

fn write(path: &Path, records: &[Owned]) -> Manifest {
    let mut writer = CaptureWriter::create(path, 1).unwrap();
    for record in records {
        writer.write(&record.record()).unwrap();
    }
    writer.finish(Source::default()).unwrap()
}

fn read(path: &Path) -> Result<Vec<Owned>, CaptureError> {
    let mut reader = CaptureReader::open(path, Limits::default())?;
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        records.push(Owned::of(&record));
    }
    Ok(records)
}

fn sample(seed: u64, count: usize) -> Vec<Owned> {
    let mut seed = Seed(seed);
    (0..count).map(|_| seed.record()).collect()
}

fn quote(t: i64, text: &str) -> Owned {
    let payload = text.as_bytes().to_vec();
    Owned { kind: Kind::Quote, t, conn: "quotes-0".to_owned(), epoch: 0, payload }
}

fn scratch(name: &str) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join(name);
    (dir, path)
}

#[test]
fn any_record_reads_back_as_it_was_written() {
    let (_dir, path) = scratch("x.jsonl.zst");
    for seed in 1..=20 {
        let records = sample(seed, 2_000);
        write(&path, &records);
        assert_eq!(read(&path).unwrap(), records, "seed {seed}");
        let text = read_text(&path, usize::MAX).unwrap();
        let mut reader = TextReader::new(&text);
        let mut from_text = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            from_text.push(Owned::of(&record));
        }
        assert_eq!(from_text, records, "seed {seed}");
    }
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let (dir, path) = scratch("a.jsonl.zst");
    let other = dir.path().join("b.jsonl.zst");
    let records = sample(7, 60_000);
    write(&path, &records);
    write(&other, &records);
    assert_eq!(fs::read(&path).unwrap(), fs::read(&other).unwrap());
    let sidecar = |path| fs::read(manifest_path(path)).unwrap();
    assert_eq!(sidecar(&path), sidecar(&other));
}

#[test]
fn the_manifest_states_the_hashes_and_counts_of_the_file() {
    use sha2::{Digest, Sha256};
    let hex = |bytes: &[u8]| {
        let digits: Vec<String> =
            Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        digits.concat()
    };
    let (_dir, path) = scratch("x.jsonl.zst");
    let manifest = write(&path, &[quote(5, "0,0.1,0.2"), quote(9, ""), quote(7, "")]);
    assert_eq!(read_manifest(&path).unwrap().as_ref(), Some(&manifest));
    assert_eq!(manifest.file_sha256, hex(&fs::read(&path).unwrap()));
    let text = read_text(&path, usize::MAX).unwrap();
    assert_eq!(manifest.text_sha256, hex(&text));
    assert_eq!(manifest.file_bytes, fs::metadata(&path).unwrap().len());
    let counts = manifest.counts;
    assert_eq!((counts.lines, counts.text_bytes), (3, text.len() as u64));
    assert_eq!((counts.first_ns, counts.last_ns, counts.backwards), (5, 9, 1));
    assert_eq!(counts.kinds.get("quote"), Some(&3));
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let (dir, path) = scratch("x.jsonl.zst");
    let mut writer = CaptureWriter::create(&path, 1).unwrap();
    for record in sample(3, 50_000) {
        writer.write(&record.record()).unwrap();
    }
    drop(writer);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_finished_capture_replaces_the_older_one_whole() {
    let (dir, path) = scratch("x.jsonl.zst");
    write(&path, &sample(1, 10));
    let records = sample(2, 20);
    let manifest = write(&path, &records);
    assert_eq!(read(&path).unwrap(), records);
    assert_eq!(read_manifest(&path).unwrap(), Some(manifest));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn what_a_capture_cannot_hold_is_refused_before_it_is_written() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let mut writer = CaptureWriter::create(&path, 1).unwrap();
    let good = quote(1, "x");
    for bad in [
        Owned { payload: vec![0xFF], ..good.clone() },
        Owned { conn: String::new(), ..good.clone() },
        Owned { conn: "a\"b".to_owned(), ..good.clone() },
        Owned { conn: "a".repeat(65), ..good.clone() },
    ] {
        let refused = writer.write(&bad.record());
        assert!(matches!(refused, Err(CaptureError::NotStorable { .. })), "{bad:?}");
    }
    writer.write(&good.record()).unwrap();
    writer.finish(Source::default()).unwrap();
    assert_eq!(read(&path).unwrap(), [good]);
}

#[test]
fn a_capture_into_a_missing_folder_is_an_error_that_names_it() {
    let (dir, _) = scratch("");
    let refused = CaptureWriter::create(&dir.path().join("no/x.jsonl.zst"), 1).err().unwrap();
    assert!(refused.to_string().contains("no/x.jsonl.zst"), "{refused}");
}

#[test]
fn a_cut_off_file_says_so_after_its_intact_lines() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let records = sample(4, 120_000);
    write(&path, &records);
    let bytes = fs::read(&path).unwrap();
    for keep in [bytes.len() - 1, bytes.len() / 2, 5] {
        fs::write(&path, &bytes[..keep]).unwrap();
        let mut reader = CaptureReader::open(&path, Limits::default()).unwrap();
        let mut intact = 0;
        let error = loop {
            match reader.next_record() {
                Ok(Some(record)) => {
                    assert_eq!(Owned::of(&record), records[intact]);
                    intact += 1;
                }
                Ok(None) => panic!("a cut file ended as if whole at {keep}"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, CaptureError::Truncated { line, .. } if line == intact as u64));
    }
}

#[test]
fn a_flipped_byte_is_found_by_the_checksum() {
    let (_dir, path) = scratch("x.jsonl.zst");
    write(&path, &sample(5, 2_000));
    let bytes = fs::read(&path).unwrap();
    let mut seed = Seed(99);
    for _ in 0..40 {
        let mut damaged = bytes.clone();
        let at = 4 + seed.below(bytes.len() as u64 - 4) as usize;
        damaged[at] ^= 1 << seed.below(8);
        fs::write(&path, &damaged).unwrap();
        assert!(read(&path).is_err(), "byte {at}");
    }
}

#[test]
fn plain_text_and_joined_files_are_captures_too() {
    let (dir, path) = scratch("x.jsonl.zst");
    let records = sample(6, 100);
    write(&path, &records);
    let text = read_text(&path, usize::MAX).unwrap();
    let plain = dir.path().join("x.jsonl");
    fs::write(&plain, text.strip_suffix(b"\n").unwrap()).unwrap();
    assert_eq!(read(&plain).unwrap(), records);
    let twice = [fs::read(&path).unwrap(), fs::read(&path).unwrap()].concat();
    fs::write(&path, twice).unwrap();
    assert_eq!(read(&path).unwrap(), [records.clone(), records].concat());
    fs::write(&plain, "").unwrap();
    assert_eq!(read(&plain).unwrap(), []);
}

#[test]
fn a_bad_line_is_named_and_the_next_one_still_reads() {
    let (_dir, path) = scratch("x.jsonl");
    let good = "{\"t\":1,\"c\":\"a\",\"e\":0,\"k\":\"ws\",\"m\":\"\"}";
    fs::write(&path, format!("{good}\n{{\"t\":1\n{good}\n")).unwrap();
    let mut reader = CaptureReader::open(&path, Limits::default()).unwrap();
    assert!(reader.next_record().unwrap().is_some());
    let error = reader.next_record().unwrap_err();
    let CaptureError::Line { line: 2, source: LineError::NotARecord { .. }, .. } = &error else {
        panic!("{error}")
    };
    assert!(error.to_string().contains("line 2"), "{error}");
    assert!(reader.next_record().unwrap().is_some());
    assert!(reader.next_record().unwrap().is_none());
}

#[test]
fn a_line_without_end_stops_at_the_cap() {
    let (_dir, path) = scratch("x.jsonl");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&vec![b'a'; 3 << 20]).unwrap();
    let limits = Limits { max_line: 1 << 20, ..Limits::default() };
    let mut reader = CaptureReader::open(&path, limits).unwrap();
    let error = reader.next_record().unwrap_err();
    assert!(matches!(error, CaptureError::LineTooLong { line: 1, cap: 1_048_576, .. }), "{error}");
}

#[test]
fn a_file_that_expands_like_a_bomb_is_refused() {
    let (_dir, path) = scratch("x.jsonl.zst");
    write(&path, &vec![quote(1, "0,0.5,0.6"); 200_000]);
    let limits = Limits { max_ratio: 100, free_bytes: 1 << 20, ..Limits::default() };
    let mut reader = CaptureReader::open(&path, limits).unwrap();
    let error = loop {
        match reader.next_record() {
            Ok(record) => assert!(record.is_some(), "the bomb was read to its end"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CaptureError::Bomb { ratio: 100, .. }), "{error}");
    assert_eq!(read(&path).unwrap().len(), 200_000);
}

#[test]
fn thousands_of_markets_are_defined_in_short_lines_sets_last() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let markets: Vec<MarketMeta> =
        (0..1_000).map(|n| MarketMeta::quoted(&format!("m{n}"), "a market")).collect();
    let set = |n: usize| SetMeta {
        key: format!("s{n}"),
        kind: "group".to_owned(),
        legs: vec![format!("m{n}"), format!("m{}", n + 1)],
        settlement: "hold".to_owned(),
    };
    let mut writer = CaptureWriter::create(&path, 1).unwrap();
    writer.define(1, markets.clone(), (0..300).map(set).collect()).unwrap();
    let manifest = writer.finish(Source::default()).unwrap();
    assert_eq!((manifest.markets, manifest.sets.len()), (markets, 300));
    let described = info(&path, Limits::default(), |_| true).unwrap();
    assert_eq!((described.markets, described.sets.get("group/hold")), (1_000, Some(&300)));
    let text = read_text(&path, usize::MAX).unwrap();
    assert!(text.split(|&b| b == b'\n').all(|line| line.len() < 128 << 10));
}

#[test]
fn info_counts_what_is_there_and_what_is_wrong() {
    let (_dir, path) = scratch("x.jsonl.zst");
    let frame = |t, epoch, payload: &str| Owned {
        kind: Kind::Ws,
        t,
        conn: "market-0".to_owned(),
        epoch,
        payload: payload.as_bytes().to_vec(),
    };
    let records = [
        frame(10, 1, "{\"event_type\":\"book\"}"),
        frame(30, 1, "{\"event_type\":\"book\"}"),
        frame(20, 0, "PONG"),
        quote(40, "0,0.1,0.2;1,,"),
        quote(50, "0,0.1,0.2;1,,"),
    ];
    let mut writer = CaptureWriter::create(&path, 1).unwrap();
    for record in &records {
        writer.write(&record.record()).unwrap();
    }
    let gap = GapEntry { from_ns: 50, to_ns: 90, cause: "reconnect".to_owned(), lost: None };
    writer.gap("market-0", 2, gap.clone()).unwrap();
    writer.finish(Source::default()).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend(zstd::bulk::compress(b"oops\n", 1).unwrap());
    bytes.extend(&zstd::bulk::compress(b"cut\n", 1).unwrap()[..8]);
    fs::write(&path, bytes).unwrap();
    let info = info(&path, Limits::default(), |_| true).unwrap();
    assert_eq!((info.counts.lines, info.quotes, info.gap_ns), (6, 4, 40));
    assert_eq!(info.gaps, [gap]);
    assert_eq!(info.counts.messages.get("book"), Some(&2));
    let defects = &info.defects;
    assert_eq!((defects.backwards_times, defects.off_order_epochs), (1, 1));
    assert_eq!((defects.duplicate_payloads, defects.undecodable_lines), (1, 1));
    assert!(defects.first_undecodable.as_ref().unwrap().starts_with("line 7:"));
    assert!(defects.broken.as_ref().unwrap().contains("cut off"));
    let span = info.connections.get("market-0").unwrap();
    assert_eq!((span.first_ns, span.last_ns, span.epoch, span.lines), (10, 90, 2, 4));
    assert!(serde_json::to_string(&info).unwrap().contains("\"gap_ns\":40"));
}

#[test]
fn info_stops_when_told() {
    let (_dir, path) = scratch("x.jsonl.zst");
    write(&path, &sample(8, 10_000));
    let stopped = info(&path, Limits::default(), |_| false).unwrap();
    assert_eq!(stopped.counts.lines, 0);
}

#[test]
fn a_manifest_that_is_none_is_an_error_and_a_missing_one_is_not() {
    let (_dir, path) = scratch("x.jsonl.zst");
    assert_eq!(read_manifest(&path).unwrap(), None);
    fs::write(manifest_path(&path), "{}").unwrap();
    assert!(matches!(read_manifest(&path), Err(CaptureError::Manifest { .. })));
    let manifest = write(&path, &[]);
    let other = Manifest { schema: "razor-capture-9".to_owned(), ..manifest };
    fs::write(manifest_path(&path), serde_json::to_string(&other).unwrap()).unwrap();
    assert!(matches!(read_manifest(&path), Err(CaptureError::Schema { .. })));
}
