//! A strict JSON scanner over borrowed bytes: no allocation, no recursion beyond the depth cap.

use super::Refusal;
use super::message::Span;

/// A scanned value. Arrays and objects are validated and left for a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// The key is missing.
    Absent,
    /// A string without escapes, span without quotes.
    Plain(Span),
    /// A string with escapes.
    Escaped(Span),
    /// A number as written.
    Number(Span),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// An array, brackets included.
    Array(Span),
    /// An object, braces included.
    Object(Span),
}

impl Value {
    /// No key, or `null`.
    pub(super) fn is_missing(self) -> bool {
        matches!(self, Self::Absent | Self::Null)
    }

    /// The text of a string without escapes.
    pub(super) fn plain(self) -> Option<Span> {
        if let Self::Plain(span) = self { Some(span) } else { None }
    }
}

/// Position in a frame that is known to be UTF-8.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth_cap: u32,
}

impl<'a> Scanner<'a> {
    /// Starts at a byte.
    pub(super) fn new(bytes: &'a [u8], at: usize, depth_cap: u32) -> Self {
        Self { bytes, at, depth_cap }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn advance(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    pub(super) fn syntax<T>(&self) -> Result<T, Refusal> {
        Err(Refusal::Syntax { at: self.at })
    }

    /// Skips blanks.
    pub(super) fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.advance();
        }
    }

    /// Takes one given byte, blanks around it allowed.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Refusal> {
        self.blanks();
        if self.peek() != Some(byte) {
            return self.syntax();
        }
        self.advance();
        self.blanks();
        Ok(())
    }

    /// After an element: `true` for a comma, `false` for the given closing byte.
    pub(super) fn more(&mut self, close: u8) -> Result<bool, Refusal> {
        self.blanks();
        match self.peek() {
            Some(b',') => self.expect(b',').map(|()| true),
            Some(byte) if byte == close => {
                self.advance();
                Ok(false)
            }
            _ => self.syntax(),
        }
    }

    /// Opens a list; `true` when it has elements.
    pub(super) fn open(&mut self, open: u8, close: u8) -> Result<bool, Refusal> {
        self.expect(open)?;
        if self.peek() == Some(close) {
            self.advance();
            return Ok(false);
        }
        Ok(true)
    }

    /// Reads an object, picking the values of `keys`; other keys are validated and skipped.
    pub(super) fn object<const N: usize>(
        &mut self,
        keys: &[&'static str; N],
        depth: u32,
    ) -> Result<[Value; N], Refusal> {
        let mut values = [Value::Absent; N];
        self.descend(depth)?;
        let mut more = self.open(b'{', b'}')?;
        while more {
            let at = self.at;
            let key = self.string()?.plain().ok_or(Refusal::Escaped { at })?.of(self.bytes);
            self.expect(b':')?;
            let value = self.value(depth.saturating_add(1))?;
            let known = keys.iter().zip(values.iter_mut()).find(|(name, _)| name.as_bytes() == key);
            if let Some((key, slot)) = known {
                if *slot != Value::Absent {
                    return Err(Refusal::DuplicateKey { key, at });
                }
                *slot = value;
            }
            more = self.more(b'}')?;
        }
        Ok(values)
    }

    fn descend(&self, depth: u32) -> Result<(), Refusal> {
        if depth > self.depth_cap {
            return Err(Refusal::TooDeep { cap: self.depth_cap, at: self.at });
        }
        Ok(())
    }

    /// Scans any value.
    pub(super) fn value(&mut self, depth: u32) -> Result<Value, Refusal> {
        self.blanks();
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => {
                self.skip_object(depth)?;
                Ok(Value::Object(Span::new(start, self.at)))
            }
            Some(b'[') => {
                self.skip_array(depth)?;
                Ok(Value::Array(Span::new(start, self.at)))
            }
            Some(b't') => self.word(b"true", Value::Bool(true)),
            Some(b'f') => self.word(b"false", Value::Bool(false)),
            Some(b'n') => self.word(b"null", Value::Null),
            _ => self.number(),
        }
    }

    fn skip_object(&mut self, depth: u32) -> Result<(), Refusal> {
        self.descend(depth)?;
        let mut more = self.open(b'{', b'}')?;
        while more {
            self.string()?;
            self.expect(b':')?;
            self.value(depth.saturating_add(1))?;
            more = self.more(b'}')?;
        }
        Ok(())
    }

    fn skip_array(&mut self, depth: u32) -> Result<(), Refusal> {
        self.descend(depth)?;
        let mut more = self.open(b'[', b']')?;
        while more {
            self.value(depth.saturating_add(1))?;
            more = self.more(b']')?;
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8], value: Value) -> Result<Value, Refusal> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return self.syntax();
        }
        self.at = self.at.saturating_add(word.len());
        Ok(value)
    }

    fn string(&mut self) -> Result<Value, Refusal> {
        if self.peek() != Some(b'"') {
            return self.syntax();
        }
        self.advance();
        let start = self.at;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0x20..) => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    self.at = self.at.saturating_add(plain_len(rest));
                }
                _ => return self.syntax(),
            }
        }
        let span = Span::new(start, self.at);
        self.advance();
        Ok(if escaped { Value::Escaped(span) } else { Value::Plain(span) })
    }

    fn escape(&mut self) -> Result<(), Refusal> {
        self.advance();
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.advance(),
            Some(b'u') => {
                self.advance();
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return self.syntax();
                    }
                    self.advance();
                }
            }
            _ => return self.syntax(),
        }
        Ok(())
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
    fn number(&mut self) -> Result<Value, Refusal> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.advance();
        }
        let leading_zero = self.peek() == Some(b'0');
        if self.digits()? > 1 && leading_zero {
            return self.syntax();
        }
        if self.peek() == Some(b'.') {
            self.advance();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.advance();
            if let Some(b'+' | b'-') = self.peek() {
                self.advance();
            }
            self.digits()?;
        }
        Ok(Value::Number(Span::new(start, self.at)))
    }

    fn digits(&mut self) -> Result<usize, Refusal> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.advance();
        }
        if self.at == start {
            return self.syntax();
        }
        Ok(self.at.saturating_sub(start))
    }
}

/// How many leading bytes are neither a quote, a backslash nor a control character.
fn plain_len(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    // A borrow marks wrong bytes only above a right one, and the lowest mark is what counts.
    let below = |word: u64, limit: u64| word.wrapping_sub(limit) & !word & TOPS;
    let (words, tail) = text.as_chunks::<8>();
    let mut len = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let quotes = below(word ^ 0x2222_2222_2222_2222, ONES);
        let backslashes = below(word ^ 0x5C5C_5C5C_5C5C_5C5C, ONES);
        let marks = quotes | backslashes | below(word, 0x2020_2020_2020_2020);
        if marks != 0 {
            let at = usize::try_from(marks.trailing_zeros() / 8).unwrap_or(0);
            return len.saturating_add(at);
        }
        len = len.saturating_add(8);
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..0x20);
    len.saturating_add(tail.iter().take_while(is_plain).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_stretch_ends_at_the_first_byte_that_needs_thought() {
        let plain = b"a~ [\x7f\x80\xff!#[]";
        for len in 0..=24_usize {
            let text: Vec<u8> = plain.iter().copied().cycle().take(len).collect();
            assert_eq!(plain_len(&text), len);
            for end in [b'"', b'\\', 0, 0x1F] {
                let mut text = text.clone();
                text.push(end);
                text.extend_from_slice(b"\"\\\x01 more than a word");
                assert_eq!(plain_len(&text), len, "{end:#x}");
            }
        }
    }
}
