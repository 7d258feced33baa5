//! Tops of books read together: the payload of a `quote` record.

use thiserror::Error;

use crate::ids::MarketIx;
use crate::units::{Price, UnitError, parse_fixed};

/// Why a `quote` record was refused; nothing of it is applied then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QuoteError {
    /// An entry has too few or too many fields.
    #[error("entry {entry} of the quote record has {fields} fields; write market,bid,ask[,depth]")]
    BadShape {
        /// Entry in the record, from 0.
        entry: usize,
        /// Fields found.
        fields: usize,
    },
    /// The market number is not a number.
    #[error("entry {entry} of the quote record does not begin with a market number")]
    BadMarket {
        /// Entry in the record, from 0.
        entry: usize,
    },
    /// A number is wrong.
    #[error("entry {entry} of the quote record: {source}")]
    BadNumber {
        /// Entry in the record, from 0.
        entry: usize,
        /// What is wrong with it.
        source: UnitError,
    },
}

/// The YES side of one market's top of book, as a table gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Market.
    pub market: MarketIx,
    /// Best bid, `None` when there is no order.
    pub bid: Option<Price>,
    /// Best ask, `None` when there is no order.
    pub ask: Option<Price>,
    /// Dollars on the three best asks in 10⁻⁶, where the source says.
    pub ask_depth3_micros: Option<u64>,
}

/// Reads the entries of a payload into `out`, which is cleared first.
///
/// # Errors
/// [`QuoteError`] naming the entry; `out` then holds nothing.
pub fn decode_quotes(payload: &[u8], out: &mut Vec<Quote>) -> Result<(), QuoteError> {
    out.clear();
    for (entry, text) in payload.split(|&byte| byte == b';').enumerate() {
        match decode_entry(entry, text) {
            Ok(quote) => out.push(quote),
            Err(error) => {
                out.clear();
                return Err(error);
            }
        }
    }
    Ok(())
}

fn decode_entry(entry: usize, text: &[u8]) -> Result<Quote, QuoteError> {
    let mut fields = text.split(|&byte| byte == b',');
    let (Some(market), Some(bid), Some(ask)) = (fields.next(), fields.next(), fields.next()) else {
        let fields = text.split(|&byte| byte == b',').count();
        return Err(QuoteError::BadShape { entry, fields });
    };
    let depth = fields.next();
    if fields.next().is_some() {
        let fields = text.split(|&byte| byte == b',').count();
        return Err(QuoteError::BadShape { entry, fields });
    }
    let number = parse_fixed(market, 0).map_err(|_| QuoteError::BadMarket { entry })?;
    let market = u32::try_from(number).map_err(|_| QuoteError::BadMarket { entry })?;
    let bad = |source| QuoteError::BadNumber { entry, source };
    Ok(Quote {
        market: MarketIx(market),
        bid: price(bid).map_err(bad)?,
        ask: price(ask).map_err(bad)?,
        ask_depth3_micros: match depth {
            None | Some([]) => None,
            Some(text) => Some(parse_fixed(text, 6).map_err(bad)?),
        },
    })
}

/// A price; an empty field, a bid of 0 and an ask of 1 mean that there is no order.
fn price(text: &[u8]) -> Result<Option<Price>, UnitError> {
    if text.is_empty() {
        return Ok(None);
    }
    let price = Price::parse(text)?;
    Ok((price != Price::ZERO && price != Price::ONE).then_some(price))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(micros: u32) -> Option<Price> {
        Price::from_micros(micros).ok()
    }

    #[test]
    fn entries_are_read_together() {
        let mut quotes = Vec::new();
        decode_quotes(b"0,0.48,0.49;7,,0.3,12.5;8,0,1", &mut quotes).expect("quotes");
        assert_eq!(quotes.len(), 3);
        assert_eq!((quotes[0].bid, quotes[0].ask), (micros(480_000), micros(490_000)));
        assert_eq!((quotes[1].bid, quotes[1].ask_depth3_micros), (None, Some(12_500_000)));
        assert_eq!((quotes[2].bid, quotes[2].ask), (None, None));
    }

    #[test]
    fn a_bad_entry_refuses_the_whole_record() {
        let mut quotes = Vec::new();
        let refused = |text: &[u8], quotes: &mut Vec<Quote>| decode_quotes(text, quotes).err();
        assert_eq!(
            refused(b"0,0.1,0.2;1,0.1", &mut quotes),
            Some(QuoteError::BadShape { entry: 1, fields: 2 })
        );
        assert!(quotes.is_empty());
        assert_eq!(refused(b"x,0.1,0.2", &mut quotes), Some(QuoteError::BadMarket { entry: 0 }));
        assert_eq!(
            refused(b"0,1.5,", &mut quotes),
            Some(QuoteError::BadNumber { entry: 0, source: UnitError::Overflow })
        );
    }
}
