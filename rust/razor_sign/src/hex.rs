//! Hex digits to bytes and back.

use crate::SignError;

/// `0x` and two digits for each byte of `out`, either case.
pub(crate) fn read_into(text: &str, what: &'static str, out: &mut [u8]) -> Result<(), SignError> {
    let digits = out.len().saturating_mul(2);
    let error = SignError::Hex { what, digits };
    let hex = text.strip_prefix("0x").ok_or(error)?.as_bytes();
    if hex.len() != digits {
        return Err(error);
    }
    for (byte, pair) in out.iter_mut().zip(hex.chunks_exact(2)) {
        let &[high, low] = pair else { return Err(error) };
        *byte = (digit(high).ok_or(error)? << 4) | digit(low).ok_or(error)?;
    }
    Ok(())
}

/// `0x` and hex digits of any even count: signatures have several lengths.
///
/// # Errors
/// [`SignError::Malformed`].
pub(crate) fn read_bytes(text: &str) -> Result<Vec<u8>, SignError> {
    let hex = text.strip_prefix("0x").ok_or(SignError::Malformed)?.as_bytes();
    let pairs = hex.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(SignError::Malformed);
    }
    let byte = |pair: &[u8]| match pair {
        &[high, low] => Some((digit(high)? << 4) | digit(low)?),
        _ => None,
    };
    pairs.map(|pair| byte(pair).ok_or(SignError::Malformed)).collect()
}

/// `0x` and lower-case digits.
pub(crate) fn write(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2).saturating_add(2));
    text.push_str("0x");
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    text
}

const fn digit(text: u8) -> Option<u8> {
    match text {
        b'0'..=b'9' => Some(text.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(text.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(text.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}
