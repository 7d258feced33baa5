//! Wire decode: bytes of the market channel and of the REST book in, checked messages out.
//!
//! Owns: the grammar of PROTOCOL §5.1 (market channel) and §3.2 (REST book). One call per frame;
//! the result lands in a reusable [`Frame`], texts stay in the caller's bytes as [`Span`]s.
//!
//! Must never: panic on any bytes, coerce a bad value into a good one, allocate more than a small
//! multiple of the frame, or hand out a part of a refused frame.
//!
//! Two paths. `fast` predicts the layouts the venue sends, byte for byte, in both spacings that
//! were recorded, and gives up at the first byte that differs. `strict` reads any JSON and is the
//! only one that refuses. Whatever `fast` accepts, `strict` accepts with the same result (property
//! test).
//!
//! Invariants of an accepted frame:
//! - a level's price is a multiple of 0.0001 strictly between 0 and 1, its quantity at most
//!   [`MAX_QTY`], in a book above zero and strictly sorted best-last;
//! - each key that razor reads occurs once per object, spelled without escapes;
//! - spans lie inside the frame.

mod fast;
mod message;
mod number;
mod refusal;
mod scan;
mod strict;

pub use message::{
    BestBidAsk, BookSnapshot, Change, Fine, Frame, Hex40, Level, MarketResolved, Message, Named,
    NewMarket, PriceChange, Quoted, Run, Side, Span, TickSizeChange, Trade,
};
pub use number::MAX_QTY;
pub use refusal::Refusal;

use crate::ids::Registry;

/// Where a frame came from; decides which shapes are legal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The market WebSocket: every message names its `event_type`.
    Ws,
    /// `GET /book` or `POST /books`: book objects without `event_type`.
    Rest,
}

/// Bounds on a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest frame in bytes; longer ones are refused unread. At most 1 GiB is honoured.
    pub frame_bytes: usize,
    /// Deepest nesting of arrays and objects; the venue uses 4.
    pub depth: u32,
}

impl Default for Limits {
    /// 16 MiB holds the initial dump of 200 tokens with 2,000 levels each; depth 16.
    fn default() -> Self {
        Self { frame_bytes: 16 << 20, depth: 16 }
    }
}

const HARD_FRAME_BYTES: usize = 1 << 30;
/// Frame array, message, level array, level.
const PREDICTED_DEPTH: u32 = 4;

/// Decodes one frame into `out`, which is cleared first. Linear in the length of the frame.
///
/// # Errors
/// [`Refusal`]; `out` is empty then.
pub fn decode(
    bytes: &[u8],
    kind: Kind,
    registry: &Registry,
    limits: Limits,
    out: &mut Frame,
) -> Result<(), Refusal> {
    out.clear();
    check_len(bytes, limits)?;
    if limits.depth >= PREDICTED_DEPTH && fast::decode(bytes, kind, registry, out).is_some() {
        return Ok(());
    }
    decode_strict(bytes, kind, registry, limits, out)
}

/// Decodes one frame without layout prediction; same results as [`decode`], slower.
///
/// # Errors
/// [`Refusal`]; `out` is empty then.
pub fn decode_strict(
    bytes: &[u8],
    kind: Kind,
    registry: &Registry,
    limits: Limits,
    out: &mut Frame,
) -> Result<(), Refusal> {
    out.clear();
    check_len(bytes, limits)?;
    let result = strict::decode(bytes, kind, registry, limits.depth, out);
    if result.is_err() {
        out.clear();
    }
    result
}

/// Whether the layout prediction alone accepts the frame; `out` holds the result if so.
///
/// For tests and figures: a venue change that defeats the prediction shows here first.
pub fn decode_predicted(bytes: &[u8], kind: Kind, registry: &Registry, out: &mut Frame) -> bool {
    out.clear();
    let accepted =
        bytes.len() <= HARD_FRAME_BYTES && fast::decode(bytes, kind, registry, out).is_some();
    if !accepted {
        out.clear();
    }
    accepted
}

fn check_len(bytes: &[u8], limits: Limits) -> Result<(), Refusal> {
    let cap = limits.frame_bytes.min(HARD_FRAME_BYTES);
    if bytes.len() > cap { Err(Refusal::TooLong { len: bytes.len(), cap }) } else { Ok(()) }
}
