//! The predicted path: the venue's recorded layouts, byte for byte, tight and spaced.
//!
//! Every reader takes the bytes that are left and gives back what is left behind it, or `None` at
//! the first surprise; the caller then starts over on the strict path. So nothing here explains
//! itself, and everything here must be a subset of what the strict path accepts.
//!
//! Covered: `price_change`, and `book` in the spelling of the WebSocket and of REST, as an object
//! or in an array. Key order and spacing are those of the recordings of 2026-04 and 2026-10.

use super::Kind;
use super::message::{
    BookSnapshot, Change, Fine, Frame, Hex40, Level, Message, Named, PriceChange, Quoted, Run,
    Side, Span,
};
use super::number::{quoted_fine, quoted_millis, quoted_qty, tick_text};
use super::strict::{check_ladder, is_hex40};
use crate::ids::{MarketIx, Outcome, Registry, TokenIx};
use crate::units::Qty;

/// A condition id: `0x` and 64 hex digits.
const CONDITION_LEN: usize = 66;
const HASH_LEN: usize = 40;

/// Picks the literal of the spacing in use; the choice is made at compile time.
macro_rules! spelled {
    ($spaced:expr, $tight:literal, $wide:literal) => {{
        let text: &[u8] = if $spaced { $wide } else { $tight };
        text
    }};
}

/// Decodes a frame of accepted length into an empty `out`; leaves `out` empty on `None`.
pub(super) fn decode(bytes: &[u8], kind: Kind, registry: &Registry, out: &mut Frame) -> Option<()> {
    let done = Reader { bytes, kind, registry }.frame(out);
    if done.is_none() {
        out.clear();
    }
    done
}

struct Reader<'a> {
    bytes: &'a [u8],
    kind: Kind,
    registry: &'a Registry,
}

/// What every message begins with.
struct Head<'a> {
    market: Named<MarketIx>,
    tokens: [&'a [u8]; 2],
}

impl<'a> Reader<'a> {
    fn frame(&self, out: &mut Frame) -> Option<()> {
        let rest = match self.bytes.first()? {
            b'[' => self.array(self.bytes.get(1..)?, out)?,
            _ => self.message(self.bytes, out)?,
        };
        matches!(rest, b"" | b"\n").then_some(())
    }

    fn array(&self, mut rest: &'a [u8], out: &mut Frame) -> Option<&'a [u8]> {
        loop {
            rest = self.message(rest, out)?;
            rest = match rest.split_first()? {
                (b']', rest) => return Some(rest),
                (b',', rest) => rest.strip_prefix(b" ").unwrap_or(rest),
                _ => return None,
            };
        }
    }

    fn message(&self, rest: &'a [u8], out: &mut Frame) -> Option<&'a [u8]> {
        let rest = rest.strip_prefix(b"{\"market\":\"")?;
        let (head, rest) = self.head(rest)?;
        let rest = rest.strip_prefix(b"\",")?;
        match rest.first()? {
            b' ' => self.body::<true>(&head, rest.get(1..)?, out),
            _ => self.body::<false>(&head, rest, out),
        }
    }

    fn head(&self, rest: &'a [u8]) -> Option<(Head<'a>, &'a [u8])> {
        let (text, behind) = rest.split_at_checked(CONDITION_LEN)?;
        let ix = self.registry.market(text)?;
        let market = Named { ix: Some(ix), text: self.span(rest, CONDITION_LEN) };
        Some((Head { market, tokens: self.registry.token_texts(ix)? }, behind))
    }

    fn body<const S: bool>(
        &self,
        head: &Head<'a>,
        rest: &'a [u8],
        out: &mut Frame,
    ) -> Option<&'a [u8]> {
        if let Some(rest) = rest.strip_prefix(b"\"price_changes\":[") {
            return match self.kind {
                Kind::Ws => self.price_change::<S>(head, rest, out),
                Kind::Rest => None,
            };
        }
        self.book::<S>(head, rest.strip_prefix(b"\"asset_id\":\"")?, out)
    }

    fn price_change<const S: bool>(
        &self,
        head: &Head<'a>,
        mut rest: &'a [u8],
        out: &mut Frame,
    ) -> Option<&'a [u8]> {
        let first = out.changes.len();
        loop {
            let (change, behind) = self.change::<S>(head, rest)?;
            out.changes.push(change);
            rest = match behind.strip_prefix(spelled!(S, b",", b", ")) {
                Some(rest) => rest,
                None => break rest = behind,
            };
        }
        let rest = rest.strip_prefix(spelled!(S, b"],\"timestamp\":\"", b"], \"timestamp\":\""))?;
        let (venue_ts_ms, rest) = quoted_millis(rest)?;
        let rest = rest.strip_prefix(spelled!(
            S,
            b",\"event_type\":\"price_change\"}",
            b", \"event_type\":\"price_change\"}"
        ))?;
        let changes = Run::new(first, out.changes.len());
        out.messages.push(Message::Change(PriceChange {
            market: head.market,
            venue_ts_ms,
            changes,
        }));
        Some(rest)
    }

    fn change<const S: bool>(&self, head: &Head<'a>, rest: &'a [u8]) -> Option<(Change, &'a [u8])> {
        let rest = rest.strip_prefix(b"{\"asset_id\":\"")?;
        let (token, rest) = self.token(head, rest)?;
        let rest = rest.strip_prefix(spelled!(S, b"\",\"price\":\"", b"\", \"price\":\""))?;
        let (price, rest) = level_price(rest)?;
        let rest = rest.strip_prefix(spelled!(S, b",\"size\":\"", b", \"size\":\""))?;
        let (qty, rest) = quoted_qty(rest)?;
        let rest = rest.strip_prefix(spelled!(S, b",\"side\":\"", b", \"side\":\""))?;
        let (side, rest) = side(rest)?;
        let rest = rest.strip_prefix(spelled!(S, b",\"hash\":\"", b", \"hash\":\""))?;
        let (hash, rest) = self.hash(rest)?;
        let rest = rest.strip_prefix(spelled!(S, b",\"best_bid\":\"", b", \"best_bid\":\""))?;
        let (best_bid, rest) = best(rest)?;
        let rest = rest.strip_prefix(spelled!(S, b",\"best_ask\":\"", b", \"best_ask\":\""))?;
        let (best_ask, rest) = best(rest)?;
        let rest = rest.strip_prefix(b"}")?;
        Some((Change { token, price, side, qty, hash: Some(hash), best_bid, best_ask }, rest))
    }

    /// One of the two tokens of the message's market. Which one cannot be foreseen, so its first
    /// bytes pick the text to compare; where they do not tell, the strict path does.
    fn token(&self, head: &Head<'a>, rest: &'a [u8]) -> Option<(Named<TokenIx>, &'a [u8])> {
        let [yes, no] = head.tokens;
        let is_no = rest.first_chunk::<8>() != yes.first_chunk::<8>();
        let (text, outcome) = *[(yes, Outcome::Yes), (no, Outcome::No)].get(usize::from(is_no))?;
        let behind = rest.strip_prefix(text)?;
        if behind.first() != Some(&b'"') || text.is_empty() {
            return None;
        }
        let ix = TokenIx::of(head.market.ix?, outcome);
        Some((Named { ix: Some(ix), text: self.span(rest, text.len()) }, behind))
    }

    fn book<const S: bool>(
        &self,
        head: &Head<'a>,
        rest: &'a [u8],
        out: &mut Frame,
    ) -> Option<&'a [u8]> {
        let (token, rest) = self.token(head, rest)?;
        let rest =
            rest.strip_prefix(spelled!(S, b"\",\"timestamp\":\"", b"\", \"timestamp\":\""))?;
        let (venue_ts_ms, rest) = quoted_millis(rest)?;
        let rest = rest.strip_prefix(spelled!(S, b",\"hash\":\"", b", \"hash\":\""))?;
        let (hash, rest) = self.hash(rest)?;
        let rest = rest.strip_prefix(spelled!(S, b",\"bids\":[", b", \"bids\":["))?;
        let (bids, rest) = levels::<S>(rest, true, out)?;
        let rest = rest.strip_prefix(spelled!(S, b",\"asks\":[", b", \"asks\":["))?;
        let (asks, rest) = levels::<S>(rest, false, out)?;
        let snapshot = BookSnapshot {
            market: head.market,
            token,
            venue_ts_ms,
            hash: Some(hash),
            bids,
            asks,
            tick: None,
            min_order_qty: None,
            neg_risk: None,
            last_trade_price: None,
        };
        let (snapshot, rest) = match self.kind {
            Kind::Rest => self.rest_tail::<S>(snapshot, rest)?,
            Kind::Ws => self.ws_tail::<S>(snapshot, rest)?,
        };
        out.messages.push(Message::Book(snapshot));
        Some(rest)
    }

    fn ws_tail<const S: bool>(
        &self,
        mut book: BookSnapshot,
        rest: &'a [u8],
    ) -> Option<(BookSnapshot, &'a [u8])> {
        let rest = rest.strip_prefix(spelled!(S, b",\"tick_size\":\"", b", \"tick_size\":\""))?;
        let (text, rest) = short_text(rest)?;
        book.tick = Some(tick_text(text, "").ok()?);
        let rest = rest.strip_prefix(spelled!(
            S,
            b",\"event_type\":\"book\",\"last_trade_price\":\"",
            b", \"event_type\":\"book\", \"last_trade_price\":\""
        ))?;
        let (text, behind) = short_text(rest)?;
        book.last_trade_price = Some(self.span(rest, text.len()));
        Some((book, behind.strip_prefix(b"}")?))
    }

    fn rest_tail<const S: bool>(
        &self,
        mut book: BookSnapshot,
        rest: &'a [u8],
    ) -> Option<(BookSnapshot, &'a [u8])> {
        let rest =
            rest.strip_prefix(spelled!(S, b",\"min_order_size\":\"", b", \"min_order_size\":\""))?;
        let (qty, rest): (Qty, _) = quoted_qty(rest)?;
        book.min_order_qty = Some(qty);
        let rest = rest.strip_prefix(spelled!(S, b",\"tick_size\":\"", b", \"tick_size\":\""))?;
        let (text, rest) = short_text(rest)?;
        book.tick = Some(tick_text(text, "").ok()?);
        let rest = rest.strip_prefix(spelled!(S, b",\"neg_risk\":", b", \"neg_risk\":"))?;
        let (neg_risk, rest) = flag(rest)?;
        book.neg_risk = Some(neg_risk);
        let rest = rest.strip_prefix(spelled!(
            S,
            b",\"last_trade_price\":\"",
            b", \"last_trade_price\":\""
        ))?;
        let (text, behind) = short_text(rest)?;
        book.last_trade_price = Some(self.span(rest, text.len()));
        Some((book, behind.strip_prefix(b"}")?))
    }

    fn hash(&self, rest: &'a [u8]) -> Option<(Hex40, &'a [u8])> {
        let (text, behind) = rest.split_at_checked(HASH_LEN)?;
        is_hex40(text).then_some(())?;
        Some((Hex40(self.span(rest, HASH_LEN)), behind.strip_prefix(b"\"")?))
    }

    fn span(&self, rest: &[u8], len: usize) -> Span {
        let start = self.bytes.len().wrapping_sub(rest.len());
        Span::new(start, start.wrapping_add(len))
    }
}

fn levels<'a, const S: bool>(
    mut rest: &'a [u8],
    rising: bool,
    out: &mut Frame,
) -> Option<(Run, &'a [u8])> {
    let first = out.levels.len();
    if let Some(rest) = rest.strip_prefix(b"]") {
        return Some((Run::new(first, first), rest));
    }
    loop {
        rest = rest.strip_prefix(b"{\"price\":\"")?;
        let (price, behind) = level_price(rest)?;
        rest = behind.strip_prefix(spelled!(S, b",\"size\":\"", b", \"size\":\""))?;
        let (qty, behind) = quoted_qty(rest)?;
        out.levels.push(Level { price, qty });
        rest = match behind.strip_prefix(spelled!(S, b"},", b"}, ")) {
            Some(rest) => rest,
            None => break rest = behind.strip_prefix(b"}]")?,
        };
    }
    let run = Run::new(first, out.levels.len());
    check_ladder(run.of(&out.levels), rising).ok()?;
    Some((run, rest))
}

fn level_price(rest: &[u8]) -> Option<(Fine, &[u8])> {
    quoted_fine(rest).filter(|(price, _)| *price != Fine(0))
}

fn best(rest: &[u8]) -> Option<(Quoted, &[u8])> {
    match rest {
        [b'"', rest @ ..] => Some((Quoted::Absent, rest)),
        [b'0' | b'1', b'"', rest @ ..] => Some((Quoted::Empty, rest)),
        _ => level_price(rest).map(|(price, rest)| (Quoted::At(price), rest)),
    }
}

/// The spellings of a side: bytes that count, what they must be, how many they are.
const SIDES: [(u64, u64, usize, Side); 2] = [
    (0xFFFF_FFFF, u64::from_le_bytes(*b"BUY\"\0\0\0\0"), 4, Side::Buy),
    (0xFF_FFFF_FFFF, u64::from_le_bytes(*b"SELL\"\0\0\0"), 5, Side::Sell),
];

/// Looked up rather than branched on: the two sides come as they please.
fn side(rest: &[u8]) -> Option<(Side, &[u8])> {
    let word = u64::from_le_bytes(*rest.first_chunk::<8>()?);
    let (mask, spelled, len, side) = *SIDES.get(usize::from(rest.first() == Some(&b'S')))?;
    if word & mask != spelled {
        return None;
    }
    Some((side, rest.get(len..)?))
}

fn flag(rest: &[u8]) -> Option<(bool, &[u8])> {
    if let Some(rest) = rest.strip_prefix(b"false") {
        return Some((false, rest));
    }
    Some((true, rest.strip_prefix(b"true")?))
}

/// Digits and points up to a closing quote; longer than any price, the strict path takes over.
fn short_text(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    const LONGEST: usize = 10;
    let window = rest.get(..rest.len().min(LONGEST))?;
    let len = window.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
    Some((rest.get(..len)?, rest.get(len..)?.strip_prefix(b"\"")?))
}
