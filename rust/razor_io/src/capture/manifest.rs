//! The sidecar of a capture, and the `meta` payload it shares its shapes with.
//!
//! Owns: [`Manifest`] (`X.jsonl.zst` has `X.manifest.json`), [`MetaPayload`] and the shapes of
//! both.
//!
//! Must never: fill in what the source does not say. Unknown fees are `null`, assumed ticks are
//! named in `flags`, an unknown count of lost messages is `null`. It holds no wall time and no path
//! of the machine that wrote it, so that the same input gives the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::CaptureError;
use super::line::Kind;

/// Version of the capture format; [`read_manifest`] refuses any other.
pub const SCHEMA: &str = "razor-capture-1";

/// The one word of a fee schedule that charges nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FreeWord {
    /// `"free"`.
    Free,
}

/// A fee schedule as a capture states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FeesMeta {
    /// `null`: the source does not say; nothing may be computed from it.
    Unknown,
    /// `"free"`: the source says that nothing is charged.
    Free(FreeWord),
    /// `C · rate · (p·(1−p))^exponent`, takers only.
    Taker {
        /// Rate as decimal text (`"0.07"`).
        rate: String,
        /// Exponent.
        exponent: u8,
    },
}

impl FeesMeta {
    /// The schedule that charges nothing.
    pub const FREE: Self = Self::Free(FreeWord::Free);
}

/// One binary market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketMeta {
    /// Condition id, or a text unique in the capture where the source has none.
    pub condition_id: String,
    /// YES and NO token; NO is empty where the source has no ids.
    pub token_ids: [String; 2],
    /// Outcome words, YES first.
    pub outcomes: Vec<String>,
    /// Question or slug, for people; cut at 512 bytes.
    pub label: String,
    /// Price grid as decimal text.
    pub tick_size: String,
    /// Smallest order in shares as decimal text.
    pub min_order_size: String,
    /// Whether the market belongs to a neg-risk group.
    pub neg_risk: bool,
    /// Fee schedule.
    pub fees: FeesMeta,
    /// Scheduled end, ms since the epoch; 0 when unknown.
    pub end_ms: i64,
    /// Event id; empty when unknown.
    pub event_id: String,
    /// Neg-risk group id; empty when unknown.
    pub group_id: String,
    /// Taker delay in seconds.
    pub seconds_delay: u32,
}

impl MarketMeta {
    /// A market of a source without token ids: the YES token is `token`, there is no NO token, and
    /// everything the source does not say has the value that means *unknown* or is flagged.
    pub fn quoted(token: &str, label: &str) -> Self {
        Self {
            condition_id: token.to_owned(),
            token_ids: [token.to_owned(), String::new()],
            outcomes: vec!["Yes".to_owned(), "No".to_owned()],
            label: cut(label),
            tick_size: "0.001".to_owned(),
            min_order_size: "5".to_owned(),
            neg_risk: false,
            fees: FeesMeta::Unknown,
            end_ms: 0,
            event_id: String::new(),
            group_id: String::new(),
            seconds_delay: 0,
        }
    }
}

/// A label of at most 512 bytes, cut between characters (F-87: titles of a megabyte exist).
pub(crate) fn cut(label: &str) -> String {
    const CAP: usize = 512;
    let end = (0..=CAP.min(label.len())).rev().find(|&at| label.is_char_boundary(at)).unwrap_or(0);
    label.get(..end).unwrap_or_default().to_owned()
}

/// A set of tokens to be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMeta {
    /// What `market_id` says in the tables.
    pub key: String,
    /// `binary` or `group`.
    pub kind: String,
    /// Token ids in table order.
    pub legs: Vec<String>,
    /// `merge`, `hold` or `unproven`.
    pub settlement: String,
}

/// The payload of a `meta` record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaPayload {
    /// Markets, numbered onwards from those of earlier `meta` records.
    pub markets: Vec<MarketMeta>,
    /// Sets to be evaluated.
    pub sets: Vec<SetMeta>,
}

/// One stretch without recording; the payload of a `gap` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapEntry {
    /// Last receive time before it, ns.
    pub from_ns: i64,
    /// First receive time after it, ns.
    pub to_ns: i64,
    /// Why.
    pub cause: String,
    /// Messages lost; `null` when nobody can know.
    pub lost: Option<u64>,
}

/// A file a capture was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Path below what was imported.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, hex.
    pub sha256: String,
}

/// Where a capture comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// `live`, `f1`, `f2`, `f3`, `f6` or `predecessor`.
    pub format: String,
    /// One sentence for people.
    pub description: String,
    /// Attribution and licence text of the source, when it ships one.
    pub licence: Option<String>,
    /// The files read.
    pub inputs: Vec<Input>,
    /// `config.toml` of a predecessor run, verbatim.
    pub config: Option<String>,
}

/// What was counted while writing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines.
    pub lines: u64,
    /// Bytes of text before compression.
    pub text_bytes: u64,
    /// Lines by kind.
    pub kinds: BTreeMap<String, u64>,
    /// `ws` frames by their (first) `event_type`.
    pub messages: BTreeMap<String, u64>,
    /// Receive time of the first line, ns; 0 in an empty capture.
    pub first_ns: i64,
    /// Highest receive time, ns.
    pub last_ns: i64,
    /// Lines whose time is below the line before.
    pub backwards: u64,
}

impl Counts {
    /// Counts a line; `before` is the time of the line before it, if there is one.
    pub(crate) fn add(&mut self, kind: Kind, t: i64, payload: &[u8], before: Option<i64>) {
        self.add_time(t, before);
        self.lines = self.lines.saturating_add(1);
        bump(&mut self.kinds, kind.word(), 1);
        if kind == Kind::Ws {
            bump(&mut self.messages, message_type(payload), 1);
        }
    }

    fn add_time(&mut self, t: i64, before: Option<i64>) {
        if self.lines == 0 {
            (self.first_ns, self.last_ns) = (t, t);
        }
        let back = before.is_some_and(|before| t < before);
        self.backwards = self.backwards.saturating_add(u64::from(back));
        self.last_ns = self.last_ns.max(t);
    }

    /// Adds the counts of a stretch that follows; `before` is the time of the line before it. The
    /// sum is the same however the lines are cut into stretches.
    pub(crate) fn append(&mut self, next: &Self, before: Option<i64>) {
        if next.lines == 0 {
            return;
        }
        self.add_time(next.first_ns, before);
        self.last_ns = self.last_ns.max(next.last_ns);
        self.backwards = self.backwards.saturating_add(next.backwards);
        self.lines = self.lines.saturating_add(next.lines);
        self.text_bytes = self.text_bytes.saturating_add(next.text_bytes);
        next.kinds.iter().for_each(|(word, n)| bump(&mut self.kinds, word, *n));
        next.messages.iter().for_each(|(word, n)| bump(&mut self.messages, word, *n));
    }
}

/// Adds to a count; a map of more than 64 words (hostile input) gathers the rest in `other`.
pub(crate) fn bump(counts: &mut BTreeMap<String, u64>, word: &str, by: u64) {
    if let Some(count) = counts.get_mut(word) {
        *count = count.saturating_add(by);
        return;
    }
    let word = if counts.len() < 64 { word } else { "other" };
    let count = counts.entry(word.to_owned()).or_default();
    *count = count.saturating_add(by);
}

/// The first `event_type` of a frame, for counting only: `rest` for a book without one, `text` for
/// what is not JSON. A wrong answer on a hostile frame costs a wrong count and nothing else.
pub(crate) fn message_type(payload: &[u8]) -> &str {
    const KEY: &[u8] = b"\"event_type\":";
    let Some(b'{' | b'[') = payload.first() else { return "text" };
    let Some(at) = memchr::memmem::find(payload, KEY) else { return "rest" };
    let tail = payload.get(at.saturating_add(KEY.len())..).unwrap_or_default();
    let word = tail.split(|&b| b == b'"').nth(1).unwrap_or_default();
    let plain = word.iter().all(|b| b.is_ascii_lowercase() || *b == b'_');
    let known = plain && (1..=32).contains(&word.len());
    std::str::from_utf8(word).ok().filter(|_| known).unwrap_or("odd")
}

/// The sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// Where the capture comes from.
    pub source: Source,
    /// What a reader must know before it believes a number, as sorted words (`no_sizes`, …).
    pub flags: Vec<String>,
    /// Defects of the source, counted by name.
    pub defects: BTreeMap<String, u64>,
    /// What was counted.
    pub counts: Counts,
    /// Bytes of the compressed file.
    pub file_bytes: u64,
    /// SHA-256 of the compressed file, hex.
    pub file_sha256: String,
    /// SHA-256 of the decompressed text, hex.
    pub text_sha256: String,
    /// Stretches without recording.
    pub gaps: Vec<GapEntry>,
    /// Sets to be evaluated.
    pub sets: Vec<SetMeta>,
    /// Markets by number, with tokens and fee schedules.
    pub markets: Vec<MarketMeta>,
}

/// The sidecar's path: `X.jsonl.zst` → `X.manifest.json`.
pub fn manifest_path(capture: &Path) -> PathBuf {
    let name = capture.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(".zst").unwrap_or(&name);
    let stem = stem.strip_suffix(".jsonl").unwrap_or(stem);
    capture.with_file_name(format!("{stem}.manifest.json"))
}

/// Reads the sidecar of a capture; `None` when there is none (the capture is readable without).
///
/// # Errors
/// [`CaptureError::Io`], [`CaptureError::Manifest`] and [`CaptureError::Schema`].
pub fn read_manifest(capture: &Path) -> Result<Option<Manifest>, CaptureError> {
    let path = manifest_path(capture);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CaptureError::io(&path)(error)),
    };
    match serde_json::from_slice::<Manifest>(&text) {
        Ok(manifest) if manifest.schema == SCHEMA => Ok(Some(manifest)),
        Ok(_) => Err(CaptureError::Schema { path, expected: SCHEMA }),
        Err(source) => Err(CaptureError::Manifest { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_have_three_spellings() {
        let text = |fees: &FeesMeta| serde_json::to_string(fees).unwrap();
        let taker = FeesMeta::Taker { rate: "0.07".to_owned(), exponent: 1 };
        for (fees, want) in [
            (FeesMeta::Unknown, "null"),
            (FeesMeta::FREE, "\"free\""),
            (taker, "{\"rate\":\"0.07\",\"exponent\":1}"),
        ] {
            assert_eq!(text(&fees), want);
            assert_eq!(serde_json::from_str::<FeesMeta>(want).unwrap(), fees);
        }
    }

    #[test]
    fn message_types_are_read_without_decoding() {
        for (frame, want) in [
            ("[{\"event_type\":\"book\"},{\"event_type\":\"x\"}]", "book"),
            ("{\"event_type\": \"price_change\"}", "price_change"),
            ("{\"bids\":[]}", "rest"),
            ("PONG", "text"),
            ("", "text"),
            ("{\"event_type\":\"A B\"}", "odd"),
        ] {
            assert_eq!(message_type(frame.as_bytes()), want, "{frame}");
        }
    }

    #[test]
    fn a_megabyte_title_is_cut_between_characters() {
        assert_eq!(cut(&"é".repeat(500_000)).len(), 512);
        assert_eq!(cut(&format!("a{}", "é".repeat(500_000))).len(), 511);
        assert_eq!(cut("short"), "short");
    }

    #[test]
    fn hostile_words_cannot_grow_a_count_map() {
        let mut counts = BTreeMap::new();
        for n in 0..10_000 {
            bump(&mut counts, &format!("w{n}"), 1);
        }
        assert_eq!(counts.len(), 65);
        assert_eq!(counts.get("other"), Some(&9_936));
    }

    #[test]
    fn the_sidecar_stands_beside_its_capture() {
        for (capture, want) in [
            ("a/x.jsonl.zst", "a/x.manifest.json"),
            ("x.jsonl", "x.manifest.json"),
            ("x.y.jsonl.zst", "x.y.manifest.json"),
            ("x", "x.manifest.json"),
        ] {
            assert_eq!(manifest_path(Path::new(capture)), Path::new(want));
        }
    }
}
