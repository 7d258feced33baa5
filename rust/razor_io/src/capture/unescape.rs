//! Taking the backslashes out of a JSON string, exactly.
//!
//! Owns: [`unescape_quotes`], for text whose only escapes are `\"` (and a line end behind them),
//! and [`unescape_any`], for every other.
//!
//! Must never: give a text that a JSON decoder would not give. What either does not know is `None`.
//!
//! The quick one looks at 64 bytes at a time and copies the stretches between the backslashes in
//! pieces of fixed length, each over what the one before wrote too much.

use std::str::from_utf8;

use wide::u8x16;

/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// A block and the byte behind it.
type Block = [u8; BLOCK + 1];
/// First piece of a stretch: most stretches are shorter.
const SHORT: usize = 16;
/// Further pieces.
const LONG: usize = 32;
/// Room behind the text for what pieces write too much, and for the line end.
const SLACK: usize = SHORT + LONG;

/// Unescapes a body whose only escapes are `\"` into `out` and gives the length of the result.
///
/// `None` when the body holds anything else that needs thought: another escape, a bare quote or a
/// control character.
pub(super) fn unescape_quotes(body: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    // The venue ends some frames with a line end: the one other escape that ordinary lines have.
    let (body, is_ended) = match body.strip_suffix(b"\\n") {
        Some(body) => (body, true),
        None => (body, false),
    };
    let room = body.len().saturating_add(SLACK);
    if out.len() < room {
        out.resize(room, 0);
    }
    let mut copy = Copy { body, out: out.as_mut_slice(), start: 0, at: 0 };
    let mut is_bad = body.first() == Some(&b'"');
    let mut has_high = false;
    let mut base = 0_usize;
    while base < body.len() {
        let rest = body.get(base..).unwrap_or_default();
        let seen = rest.first_chunk().map_or_else(|| look(&padded(rest)), look);
        is_bad |= seen.is_bad;
        has_high |= seen.has_high;
        let mut escapes = seen.escapes;
        while escapes != 0 {
            let index = usize::try_from(escapes.trailing_zeros()).unwrap_or(0);
            copy.until(base.wrapping_add(index))?;
            escapes &= escapes.wrapping_sub(1);
        }
        base = base.wrapping_add(BLOCK);
    }
    if is_bad || (has_high && from_utf8(body).is_err()) {
        return None;
    }
    copy.until(body.len())?;
    let len = copy.at;
    if is_ended {
        *out.get_mut(len)? = b'\n';
    }
    Some(len.wrapping_add(usize::from(is_ended)))
}

/// Copies the stretches between the backslashes.
struct Copy<'a> {
    body: &'a [u8],
    out: &'a mut [u8],
    /// Where the next stretch begins.
    start: usize,
    /// Where it goes.
    at: usize,
}

impl Copy<'_> {
    /// Copies the stretch that ends before a backslash and leaves that out.
    #[inline]
    fn until(&mut self, end: usize) -> Option<()> {
        let len = end.checked_sub(self.start)?;
        if self.pieces(len).is_none() {
            let stretch = self.body.get(self.start..end)?;
            self.out.get_mut(self.at..self.at.checked_add(len)?)?.copy_from_slice(stretch);
        }
        self.at = self.at.wrapping_add(len);
        self.start = end.wrapping_add(1);
        Some(())
    }

    /// Copies at least `len` bytes in pieces; `None` too near the end of the body.
    #[inline]
    fn pieces(&mut self, len: usize) -> Option<()> {
        let (from, to) = (self.body.get(self.start..)?, self.out.get_mut(self.at..)?);
        *to.first_chunk_mut::<SHORT>()? = *from.first_chunk()?;
        let mut done = SHORT;
        while done < len {
            *to.get_mut(done..)?.first_chunk_mut::<LONG>()? = *from.get(done..)?.first_chunk()?;
            done = done.wrapping_add(LONG);
        }
        Some(())
    }
}

/// What a block holds.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Its backslashes, the first byte lowest.
    escapes: u64,
    /// A backslash not followed by a quote, a quote not led by a backslash, or a control character.
    /// Where there is none of these `\"` is the only escape: in `\\"` the first backslash is
    /// followed by a backslash.
    is_bad: bool,
    /// A byte beyond ASCII.
    has_high: bool,
}

/// The end of a body with text behind it that changes nothing.
fn padded(rest: &[u8]) -> Block {
    let mut block = [b' '; BLOCK + 1];
    if let Some(place) = block.get_mut(..rest.len()) {
        place.copy_from_slice(rest);
    }
    block
}

/// Looks at a block, sixteen bytes at a time.
fn look(block: &Block) -> Seen {
    let lane = |from: usize| {
        let bytes = block.get(from..).and_then(|tail| tail.first_chunk::<16>());
        u8x16::from(*bytes.unwrap_or(&[0; 16]))
    };
    let (backslash, quote) = (u8x16::splat(b'\\'), u8x16::splat(b'"'));
    let last_control = u8x16::splat(0x1F);
    let (mut escapes, mut bad, mut high) = (0, u8x16::ZERO, u8x16::ZERO);
    for (from, shift) in [(0_usize, 0_u32), (16, 16), (32, 32), (48, 48)] {
        let here = lane(from);
        let led = here.simd_eq(backslash);
        let quoted = lane(from.wrapping_add(1)).simd_eq(quote);
        bad = bad | (led ^ quoted) | here.min(last_control).simd_eq(here);
        high |= here;
        escapes |= u64::from(led.to_bitmask()).wrapping_shl(shift);
    }
    Seen { escapes, is_bad: bad.to_bitmask() != 0, has_high: high.to_bitmask() != 0 }
}

/// Unescapes a body with any JSON escapes into `out` and gives the length of the result; `None`
/// when it is no JSON string.
pub(super) fn unescape_any(body: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    from_utf8(body).ok()?;
    out.clear();
    let mut rest = body;
    while let Some(at) = rest.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\') {
        let (run, tail) = rest.split_at(at);
        out.extend_from_slice(run);
        rest = unescape_one(tail.strip_prefix(b"\\")?, out)?;
    }
    out.extend_from_slice(rest);
    Some(out.len())
}

/// Unescapes what follows a backslash and gives the rest.
fn unescape_one<'a>(tail: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&escape, rest) = tail.split_first()?;
    let byte = match escape {
        b'"' | b'\\' | b'/' => escape,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'f' => 0x0C,
        b'u' => return unescape_unit(rest, out),
        _ => return None,
    };
    out.push(byte);
    Some(rest)
}

/// Unescapes the digits of a `\u` escape, and the second half when it is one of a surrogate pair.
fn unescape_unit<'a>(digits: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (first, mut rest) = unit(digits)?;
    let mut units = [Some(first), None];
    if (0xD800..0xDC00).contains(&first) {
        let (second, after) = unit(rest.strip_prefix(b"\\u")?)?;
        units = [Some(first), Some(second)];
        rest = after;
    }
    for decoded in char::decode_utf16(units.into_iter().flatten()) {
        out.extend_from_slice(decoded.ok()?.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(rest)
}

/// Four hex digits as a UTF-16 unit.
fn unit(digits: &[u8]) -> Option<(u16, &[u8])> {
    let (hex, rest) = digits.split_at_checked(4)?;
    let plain = hex.iter().all(u8::is_ascii_hexdigit);
    let value = u16::from_str_radix(from_utf8(hex).ok()?, 16).ok()?;
    plain.then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of one byte, with others in it at places that follow from the seed.
    #[expect(clippy::arithmetic_side_effects, reason = "a test stops loudly")]
    fn text(len: usize, spice: &[u8], seed: usize) -> Vec<u8> {
        let mut text = vec![b'x'; len];
        for (step, byte) in spice.iter().enumerate() {
            let at = (seed * 31 + step * 17) % len.max(1);
            if let Some(place) = text.get_mut(at) {
                *place = *byte;
            }
        }
        text
    }

    #[test]
    fn a_block_is_seen_as_byte_by_byte() {
        let spices: [&[u8]; 6] =
            [b"", b"\\\"", b"\\\\\"", b"\x1f", b"\x80\xff", b"\\ \"\x00\x20\x7f\x9f"];
        for seed in 0..65 {
            for spice in spices {
                let block: Block = text(BLOCK + 1, spice, seed).try_into().unwrap();
                let mut want = Seen { escapes: 0, is_bad: false, has_high: false };
                for (at, pair) in block.windows(2).enumerate() {
                    let is_led = pair[0] == b'\\';
                    want.escapes |= u64::from(is_led) << at;
                    want.is_bad |= is_led != (pair[1] == b'"') || pair[0] < 0x20;
                    want.has_high |= pair[0] >= 0x80;
                }
                assert_eq!(look(&block), want, "{seed} {spice:?}");
            }
        }
    }

    #[test]
    fn texts_of_every_length_lose_their_backslashes_and_nothing_else() {
        for len in 0..200_usize {
            for every in [1, 2, 3, 5, 17, 40, 70] {
                let plain: Vec<u8> =
                    (0..len).map(|at| if at % every == 0 { b'"' } else { b'a' }).collect();
                let body = String::from_utf8(plain.clone()).unwrap().replace('"', "\\\"");
                let mut out = Vec::new();
                let got = unescape_quotes(body.as_bytes(), &mut out);
                assert_eq!(got.map(|len| &out[..len]), Some(&plain[..]), "{len} {every}");
                let ended = format!("{body}\\n");
                let got = unescape_quotes(ended.as_bytes(), &mut out);
                let want = [&plain[..], b"\n"].concat();
                assert_eq!(got.map(|len| &out[..len]), Some(&want[..]), "{len} {every}");
            }
        }
    }

    #[test]
    fn what_needs_thought_is_left_to_it_wherever_it_stands() {
        for len in 1..140_usize {
            for at in 0..len {
                for odd in [&b"\""[..], b"\t", b"\\", b"\xff"] {
                    let mut body = vec![b'a'; len];
                    body[at] = odd[0];
                    assert_eq!(unescape_quotes(&body, &mut Vec::new()), None, "{len} {at}");
                }
            }
        }
    }

    #[test]
    fn the_fast_reader_takes_quote_escapes_only() {
        let fast = |body: &str| unescape_quotes(body.as_bytes(), &mut Vec::new());
        assert_eq!(fast(r#"{\"a\":1}"#), Some(7));
        assert_eq!(fast(""), Some(0));
        assert_eq!(fast(r#"[\"é\"]\n"#), Some(7));
        for body in [r"\\", r#"\\\""#, r"\na", r"\\n", r"\u0041", "\"", "a\"", "\t", "a\u{1}", "\\"]
        {
            assert_eq!(fast(body), None, "{body:?}");
        }
    }

    #[test]
    fn other_escapes_read_as_a_json_decoder_reads_them() {
        let bodies = [
            r#"a\n\"\\\/\b\f\r\t"#,
            r"\u0041\u00e9\ud83d\ude00",
            r"\ud83d",
            r"\ude00x",
            r"\ud83d\u0041",
            r"\u+041",
            r"\u004",
            r"\x",
            "\\",
            "a\"b",
            "a\tb",
        ];
        for body in bodies {
            let mut out = Vec::new();
            let len = unescape_any(body.as_bytes(), &mut out);
            let want = serde_json::from_str::<String>(&format!("\"{body}\"")).ok();
            assert_eq!(len.map(|len| out[..len].to_vec()), want.map(String::into_bytes), "{body}");
        }
    }
}
