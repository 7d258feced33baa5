//! Prices of a sweep table: doubles in, exact decimal texts out.
//!
//! Owns: [`Prices`], the table of all different price texts of an import, and [`Cache`], a thread's
//! quick way into it. A row keeps a two-byte code per price; a day of nine million rows then fits
//! in a hundred megabytes, and writing a price is a copy.
//!
//! Must never: calculate with a double. A double of the source stands for the decimal it was read
//! from, which is its shortest text (at most 15 digits survive the trip through a double
//! unchanged).

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::super::ImportError;
use std::path::Path;

/// Code of *no order on that side*.
pub(super) const NONE: u16 = u16::MAX;
const CACHE: usize = 4_096;
/// The most different prices: a grid of 0.0001 has 10,001.
const LIMIT: usize = 60_000;

/// All different prices so far. Codes depend on the order in which threads meet prices; they never
/// leave this module's callers, texts do.
#[derive(Default)]
pub(super) struct Prices {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    texts: Vec<Box<str>>,
    codes: BTreeMap<u64, u16>,
}

/// Codes of recent prices by their bits, one entry per hash: a wrong guess is a miss, never a lie.
pub(super) struct Cache {
    entries: Vec<(u64, u16)>,
}

impl Cache {
    /// An empty cache.
    pub(super) fn new() -> Self {
        // An entry with the code of *none* is empty, whatever its bits.
        Self { entries: vec![(u64::MAX, NONE); CACHE] }
    }
}

impl Prices {
    /// The code of a price.
    pub(super) fn code(
        &self,
        price: f64,
        cache: &mut Cache,
        path: &Path,
    ) -> Result<u16, ImportError> {
        let bits = price.to_bits();
        // Fibonacci hashing: the top bits of the product depend on all bits of the factor.
        let hash = bits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52;
        let slot = usize::try_from(hash).ok().and_then(|at| cache.entries.get_mut(at));
        match slot {
            Some((known, code)) if *known == bits && *code != NONE => Ok(*code),
            Some(entry) => {
                *entry = (bits, self.intern(price, path)?);
                Ok(entry.1)
            }
            None => self.intern(price, path),
        }
    }

    fn intern(&self, price: f64, path: &Path) -> Result<u16, ImportError> {
        if !(0.0..=1.0).contains(&price) {
            return Err(ImportError::Price { path: path.to_path_buf() });
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&code) = known.codes.get(&price.to_bits()) {
            return Ok(code);
        }
        let full = || ImportError::TooMany {
            path: path.to_path_buf(),
            what: "different prices",
            limit: LIMIT,
        };
        let code = u16::try_from(known.texts.len()).map_err(|_| full())?;
        if known.texts.len() >= LIMIT {
            return Err(full());
        }
        // `Display` of a double is its shortest text, always plain digits. `-0` is within 0..=1.
        let text = price.to_string();
        known.texts.push(text.strip_prefix('-').unwrap_or(&text).into());
        known.codes.insert(price.to_bits(), code);
        Ok(code)
    }

    /// The texts by code.
    pub(super) fn texts(&self) -> Vec<Box<str>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).texts.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_of_the_finest_grid_keeps_its_text() {
        let (prices, path) = (Prices::default(), Path::new("x"));
        let mut cache = Cache::new();
        let texts: Vec<String> =
            (1..10_000).map(|n| format!("0.{n:04}").trim_end_matches('0').to_owned()).collect();
        let codes: Vec<u16> = texts
            .iter()
            .map(|text| prices.code(text.parse().unwrap(), &mut cache, path).unwrap())
            .collect();
        let again: Vec<u16> = texts
            .iter()
            .map(|text| prices.code(text.parse().unwrap(), &mut Cache::new(), path).unwrap())
            .collect();
        assert_eq!(codes, again);
        let table = prices.texts();
        for (text, code) in texts.iter().zip(codes) {
            assert_eq!(&*table[usize::from(code)], text);
        }
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let prices = Prices::default();
        for price in [-0.01, 1.01, f64::NAN, f64::INFINITY, f64::from_bits(u64::MAX)] {
            let code = prices.code(price, &mut Cache::new(), Path::new("x"));
            assert!(matches!(code, Err(ImportError::Price { .. })), "{price}");
        }
    }
}
