//! The capture: the portable recording of a venue (`*.jsonl.zst` and a sidecar manifest).
//!
//! Owns: the line format ([`Record`], [`write_line`], [`LineDecoder`]), the [`CaptureWriter`] that
//! publishes a whole file or none, the [`CaptureReader`] that streams one in bounded memory, the
//! [`Manifest`] beside it and the [`info`] scan.
//!
//! Must never: change a payload (what was received is what is stored, byte for byte), invent a
//! time, or hold more of a file than its line and ratio caps allow.
//!
//! Invariants:
//! - one object per line, keys in the order `t c e k m`, no spaces: a reader can predict each byte;
//! - a file under its final name is complete, and a manifest under its final name belongs to it;
//! - reading needs no allocation per line once its buffers have grown to the longest line;
//! - every error names the file, the line and what to do.

mod error;
mod info;
mod line;
mod manifest;
mod reader;
mod unescape;
mod writer;

pub(crate) use line::{is_conn, push_int};
pub(crate) use manifest::cut;
pub(crate) use writer::hex;

pub use error::{CaptureError, LineError};
pub use info::{Defects, Info, Span, info};
pub use line::{Kind, LineDecoder, Record, write_line};
pub use manifest::{
    Counts, FeesMeta, FreeWord, GapEntry, Input, Manifest, MarketMeta, MetaPayload, SCHEMA,
    SetMeta, Source, manifest_path, read_manifest,
};
pub use reader::{CaptureReader, Limits, TextReader, read_text};
pub use writer::{Block, BlockBuilder, CaptureWriter};
