//! What the tables of importers share: sources on disk, a run, the lines it gave.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use razor_io::capture::{CaptureReader, Limits, Manifest};
use razor_io::import::{Control, Format, ImportError, Progress, import};
use tempfile::TempDir;

/// A source directory and the path of the capture beside it.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
}

/// A capture that was made: its sidecar and its lines as `kind t conn epoch payload`.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) manifest: Manifest,
    pub(crate) lines: Vec<String>,
}

impl Made {
    /// The lines without definitions.
    pub(crate) fn data(&self) -> Vec<&str> {
        self.lines.iter().map(String::as_str).filter(|line| !line.starts_with("meta ")).collect()
    }

    /// The payloads of one kind.
    pub(crate) fn payloads(&self, kind: &str) -> Vec<&str> {
        let of = |line: &&String| line.split(' ').next() == Some(kind);
        self.lines.iter().filter(of).filter_map(|line| line.splitn(5, ' ').nth(4)).collect()
    }

    /// The count of a defect; 0 when it is not named.
    pub(crate) fn defect(&self, name: &str) -> u64 {
        self.manifest.defects.get(name).copied().unwrap_or(0)
    }

    /// The sets as `key kind settlement leg leg …`.
    pub(crate) fn sets(&self) -> Vec<String> {
        let text = |set: &razor_io::capture::SetMeta| {
            format!("{} {} {} {}", set.key, set.kind, set.settlement, set.legs.join(" "))
        };
        self.manifest.sets.iter().map(text).collect()
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        Self { dir }
    }

    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let bench = Self::new();
        files.iter().for_each(|(name, text)| bench.put(name, text.as_bytes()));
        bench
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.dir.path().join("in")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.source().join(name)
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.dir.path().join("out.jsonl.zst")
    }

    pub(crate) fn try_import(&self, from: &Path, format: Format) -> Result<Made, ImportError> {
        let cancel = AtomicBool::new(false);
        let mut last = Progress { done: 0, total: 0 };
        let mut report = |now: Progress| {
            assert!(now.done <= now.total, "{now:?}");
            assert!(now.total != last.total || now.done >= last.done, "{last:?} then {now:?}");
            last = now;
        };
        let manifest = import(from, &self.out(), format, &mut Control::new(&mut report, &cancel))?;
        Ok(Made { manifest, lines: self.lines() })
    }

    /// Imports the whole source directory.
    pub(crate) fn import(&self, format: Format) -> Made {
        self.try_import(&self.source(), format).unwrap()
    }

    /// The refusal of the whole source directory; nothing may be left of the capture.
    pub(crate) fn refusal(&self, format: Format) -> String {
        let error = self.try_import(&self.source(), format).map(drop).unwrap_err();
        let left: Vec<_> = fs::read_dir(self.dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "only the source stays: {left:?}");
        error.to_string()
    }

    fn lines(&self) -> Vec<String> {
        let mut reader = CaptureReader::open(&self.out(), Limits::default()).unwrap();
        let mut lines = Vec::new();
        while let Some(record) = reader.next_record().unwrap() {
            let payload = std::str::from_utf8(record.payload).unwrap();
            let kind = record.kind.word();
            let text = format!("{kind} {} {} {} {payload}", record.t, record.conn, record.epoch);
            lines.push(text);
        }
        lines
    }
}

/// `text` compressed as gzip members or zstd frames, for sources that come so.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    // A stored (uncompressed) deflate block needs no encoder: header, length, its complement.
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    for (at, part) in text.chunks(60_000).enumerate() {
        let len = part.len() as u16;
        let last = (at + 1) * 60_000 >= text.len();
        out.push(u8::from(last));
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(part);
    }
    if text.is_empty() {
        out.extend_from_slice(&[1, 0, 0, 0xFF, 0xFF]);
    }
    out.extend_from_slice(&crc32(text).to_le_bytes());
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out
}

/// CRC-32 of gzip, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (0_u32.wrapping_sub(crc & 1)));
        }
    }
    !crc
}
