//! One capture line: writing it, reading it.
//!
//! Owns: [`Kind`], [`Record`], [`write_line`] and [`LineDecoder`].
//!
//! Must never: alter a payload. Escape and unescape are exact inverses on every UTF-8 text.
//!
//! Three speeds. A payload whose only escapes are `\"` (and a line end behind them) is checked and
//! unescaped in one pass over whole blocks. A payload with other escapes is unescaped run by run.
//! A line in another layout (other key order, spaces) goes through a general JSON decoder, costs
//! several times as much, and is counted. All three accept the same facts and give the same bytes.

use std::str::from_utf8;

use serde::Deserialize;

use super::LineError;
use super::unescape::{unescape_any, unescape_quotes};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A market-channel frame as received.
    Ws,
    /// A REST `/book` answer as received.
    Rest,
    /// One trade print.
    Trade,
    /// Top of book of one or more markets read together.
    Quote,
    /// A reference price or any other message; never evaluated.
    Ref,
    /// Market and set definitions.
    Meta,
    /// A stretch without recording.
    Gap,
}

impl Kind {
    /// All kinds, in the order of reports.
    pub const ALL: [Self; 7] =
        [Self::Ws, Self::Rest, Self::Trade, Self::Quote, Self::Ref, Self::Meta, Self::Gap];

    /// The word of the format.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Rest => "rest",
            Self::Trade => "trade",
            Self::Quote => "quote",
            Self::Ref => "ref",
            Self::Meta => "meta",
            Self::Gap => "gap",
        }
    }

    fn parse(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"ws" => Self::Ws,
            b"rest" => Self::Rest,
            b"trade" => Self::Trade,
            b"quote" => Self::Quote,
            b"ref" => Self::Ref,
            b"meta" => Self::Meta,
            b"gap" => Self::Gap,
            _ => return None,
        })
    }
}

/// One record of a capture; borrows the reader's buffers until the next one is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is.
    pub kind: Kind,
    /// Receive time, ns since the epoch.
    pub t: i64,
    /// Connection, like `market-0`.
    pub conn: &'a str,
    /// Epoch of the connection: raised by each reconnect.
    pub epoch: u32,
    /// The exact text that was received (UTF-8).
    pub payload: &'a [u8],
}

/// Whether a text can be a connection name: 1..=64 of `A-Z a-z 0-9 _ - . :`.
pub(crate) fn is_conn(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// Appends the line of a record, with its line end.
///
/// The connection name must be one of `is_conn` and the payload UTF-8; the writer checks both.
pub fn write_line(out: &mut Vec<u8>, record: &Record<'_>) {
    out.extend_from_slice(b"{\"t\":");
    push_int(out, record.t);
    out.extend_from_slice(b",\"c\":\"");
    out.extend_from_slice(record.conn.as_bytes());
    out.extend_from_slice(b"\",\"e\":");
    push_int(out, i64::from(record.epoch));
    out.extend_from_slice(b",\"k\":\"");
    out.extend_from_slice(record.kind.word().as_bytes());
    out.extend_from_slice(b"\",\"m\":\"");
    escape(out, record.payload);
    out.extend_from_slice(b"\"}\n");
}

/// Appends a decimal integer without going through the formatting machinery.
pub(crate) fn push_int(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut rest = value.unsigned_abs();
    let mut used = 0_usize;
    for slot in digits.iter_mut().rev() {
        // The remainder of a division by ten is below ten, so both conversions hold.
        let digit = u8::try_from(rest.checked_rem(10).unwrap_or(0)).unwrap_or(0);
        *slot = b'0'.wrapping_add(digit);
        used = used.wrapping_add(1);
        rest = rest.checked_div(10).unwrap_or(0);
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    let start = digits.len().saturating_sub(used);
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

fn escape(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\') {
        let (run, tail) = rest.split_at(at);
        out.extend_from_slice(run);
        let Some((&byte, tail)) = tail.split_first() else { return };
        escape_byte(out, byte);
        rest = tail;
    }
    out.extend_from_slice(rest);
}

fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0C => b'f',
        _ => {
            let hex = |nibble: u8| b"0123456789abcdef".get(usize::from(nibble)).copied();
            out.extend_from_slice(b"\\u00");
            out.extend(hex(byte >> 4).into_iter().chain(hex(byte & 15)));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Reads lines; keeps the buffers that make it free of allocation after the longest line.
#[derive(Debug, Default)]
pub struct LineDecoder {
    payload: Vec<u8>,
    conn: String,
    general: u64,
}

/// A line spelled in any valid way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyLine {
    t: i64,
    c: String,
    e: u32,
    k: String,
    m: String,
}

/// The fixed parts of a line in the layout of [`write_line`].
struct Head<'a> {
    t: i64,
    conn: &'a str,
    epoch: u32,
    kind: Kind,
    body: &'a [u8],
}

impl LineDecoder {
    /// Lines so far that were not spelled as [`write_line`] spells them.
    pub fn general_lines(&self) -> u64 {
        self.general
    }

    /// Reads one line without its line end.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn decode<'a>(&'a mut self, line: &'a [u8]) -> Result<Record<'a>, LineError> {
        let Some(head) = head(line) else { return self.decode_any(line) };
        let fast = unescape_quotes(head.body, &mut self.payload);
        let Some(len) = fast.or_else(|| unescape_any(head.body, &mut self.payload)) else {
            return self.decode_any(line);
        };
        let payload = self.payload.get(..len).unwrap_or_default();
        Ok(Record { kind: head.kind, t: head.t, conn: head.conn, epoch: head.epoch, payload })
    }

    fn decode_any<'a>(&'a mut self, line: &[u8]) -> Result<Record<'a>, LineError> {
        let text = from_utf8(line).map_err(|_| LineError::NotUtf8)?;
        let line: AnyLine = serde_json::from_str(text)
            .map_err(|error| LineError::NotARecord { column: error.column() })?;
        let kind = Kind::parse(line.k.as_bytes()).ok_or(LineError::UnknownKind)?;
        if !is_conn(&line.c) {
            return Err(LineError::NotARecord { column: 0 });
        }
        self.general = self.general.saturating_add(1);
        self.conn = line.c;
        self.payload.clear();
        self.payload.extend_from_slice(line.m.as_bytes());
        let payload = self.payload.as_slice();
        Ok(Record { kind, t: line.t, conn: &self.conn, epoch: line.e, payload })
    }
}

/// The parts of a line in the expected layout; `None` when it is laid out differently. A name or
/// kind that is not plain may be an escaped one, so only the general reader refuses it.
fn head(line: &[u8]) -> Option<Head<'_>> {
    let (t, conn, epoch, word, body) = split_head(line)?;
    let kind = Kind::parse(word)?;
    // A name is ASCII when it is one at all, so this reads a few bytes of a line and no more.
    let conn = from_utf8(conn).ok().filter(|name| is_conn(name))?;
    Some(Head { t, conn, epoch, kind, body })
}

type Parts<'a> = (i64, &'a [u8], u32, &'a [u8], &'a [u8]);

fn split_head(line: &[u8]) -> Option<Parts<'_>> {
    let (t, rest) = integer(line.strip_prefix(b"{\"t\":")?)?;
    let (conn, rest) = text(rest.strip_prefix(b",\"c\":\"")?)?;
    let (epoch, rest) = integer(rest.strip_prefix(b",\"e\":")?)?;
    let (word, rest) = text(rest.strip_prefix(b",\"k\":\"")?)?;
    let body = rest.strip_prefix(b",\"m\":\"")?.strip_suffix(b"\"}")?;
    Some((t, conn, u32::try_from(epoch).ok()?, word, body))
}

/// What stands before the next quote, and what stands behind it.
fn text(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = from.iter().take(LONGEST_WORD).position(|&byte| byte == b'"')?;
    Some((from.get(..end)?, from.get(end.wrapping_add(1)..)?))
}

/// Longer than any connection name or kind.
const LONGEST_WORD: usize = 80;

/// An integer as JSON spells it (no leading zeros) up to a comma, and the rest with the comma.
fn integer(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let (mut value, mut len) = (0_u64, 0_usize);
    while let Some(eight) = digits.get(len..).and_then(eight_digits) {
        value = value.checked_mul(100_000_000)?.checked_add(eight)?;
        len = len.wrapping_add(8);
    }
    let rest = digits.get(len..).unwrap_or_default();
    for digit in rest.iter().map(|byte| byte.wrapping_sub(b'0')).take_while(|&digit| digit < 10) {
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        len = len.wrapping_add(1);
    }
    let (number, rest) = digits.split_at_checked(len)?;
    let led_by_zero = len > 1 && number.first() == Some(&b'0');
    if len == 0 || led_by_zero || rest.first() != Some(&b',') {
        return None;
    }
    let value = if digits.len() < text.len() {
        // The general reader takes `-0` for a float and refuses it; both must say the same.
        if value == 0 { None } else { 0_i64.checked_sub_unsigned(value) }
    } else {
        i64::try_from(value).ok()
    };
    Some((value?, rest))
}

/// The value of the first eight bytes when all are digits.
fn eight_digits(text: &[u8]) -> Option<u64> {
    let word = u64::from_le_bytes(*text.first_chunk()?) ^ 0x3030_3030_3030_3030;
    // A byte of 10 and above reaches its top bit by adding 0x76, or has it.
    if (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = (word.wrapping_mul(10)).wrapping_add(word >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100)).wrapping_add(pairs >> 16) & 0x0000_FFFF_0000_FFFF;
    Some((fours.wrapping_mul(10_000)).wrapping_add(fours >> 32) & 0xFFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(payload: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let record = Record {
            kind: Kind::Ws,
            t: 5,
            conn: "market-0",
            epoch: 2,
            payload: payload.as_bytes(),
        };
        write_line(&mut out, &record);
        assert_eq!(out.pop(), Some(b'\n'));
        out
    }

    #[test]
    fn the_layout_is_fixed_to_the_byte() {
        let want = br#"{"t":5,"c":"market-0","e":2,"k":"ws","m":"{\"a\":\"x\\y\"}"}"#;
        assert_eq!(line(r#"{"a":"x\y"}"#), want);
    }

    #[test]
    fn escape_and_unescape_are_inverse_on_hard_texts() {
        let all: String = (0_u32..0x300).filter_map(char::from_u32).collect();
        let hard =
            ["", "\"", "\\", "\\\"", "\"\\", "\\\\\"", "a\nb", "\u{7f}\u{2028}é😀", "\0", &all];
        for text in hard {
            let line = line(text);
            let mut decoder = LineDecoder::default();
            let record = decoder.decode(&line).unwrap();
            assert_eq!(record.payload, text.as_bytes(), "{text:?}");
            assert_eq!((record.t, record.epoch, record.conn), (5, 2, "market-0"));
        }
    }

    #[test]
    fn any_valid_spelling_reads_the_same_and_is_counted() {
        let mut decoder = LineDecoder::default();
        let odd = br#"{ "m": "\u007b\"a\"}", "k":"rest", "e":7,"c":"rest-0","t":-9 }"#;
        let record = decoder.decode(odd).unwrap();
        assert_eq!(record.payload, br#"{"a"}"#);
        assert_eq!((record.kind, record.t, record.epoch), (Kind::Rest, -9, 7));
        assert_eq!(decoder.general_lines(), 1);
    }

    #[test]
    fn what_is_no_record_is_refused_with_its_reason() {
        let mut decoder = LineDecoder::default();
        let refused: [(&[u8], LineError); 4] = [
            (b"{\"t\":1,\"c\":\"a\",\"e\":0,\"k\":\"tape\",\"m\":\"\"}", LineError::UnknownKind),
            (b"\xff", LineError::NotUtf8),
            (b"{}", LineError::NotARecord { column: 2 }),
            (
                b"{\"t\":1,\"c\":\"a b\",\"e\":0,\"k\":\"ws\",\"m\":\"\"}",
                LineError::NotARecord { column: 0 },
            ),
        ];
        for (text, want) in refused {
            assert_eq!(decoder.decode(text).unwrap_err(), want);
        }
        for text in ["", "{\"t\":01,\"c\":\"a\",\"e\":0,\"k\":\"ws\",\"m\":\"\"}", "[]"] {
            let refused = decoder.decode(text.as_bytes());
            assert!(matches!(refused, Err(LineError::NotARecord { .. })), "{text}");
        }
    }

    #[test]
    fn integers_read_as_the_standard_parser_reads_them() {
        let digits = "9223372036854775807";
        for len in 1..=digits.len() {
            for sign in ["", "-"] {
                let text = format!("{sign}{}", &digits[..len]);
                let line = format!("{text},");
                let want = text.parse::<i64>().ok();
                assert_eq!(integer(line.as_bytes()).map(|(value, _)| value), want, "{text}");
            }
        }
        let refused =
            ["", "-", "-0,", "01,", "12345678", "9223372036854775808,", "1234567/,", "1234567:,"];
        for text in refused {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
        assert_eq!(integer(b"-9223372036854775808,"), Some((i64::MIN, &b","[..])));
    }

    #[test]
    fn integers_print_as_the_standard_formatter_prints_them() {
        for value in [0, 7, -7, 10, 1_777_428_643_288_430_000, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            push_int(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
