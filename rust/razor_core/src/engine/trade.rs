//! Trade rows: the Data API's and the predecessor's, read without a float.
//!
//! A number may stand in the row as a JSON number or as a string; its digits are taken as they are.
//! The trade id of the frozen tables contains the bits of the doubles that the predecessor held;
//! they are an identity there and enter no arithmetic.

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::object;
use crate::shadow::store::TakerSide;
use crate::units::{Dec, UnitError};

/// Why a trade row was refused; it is recorded and counted, never applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TradeError {
    /// The payload is not one JSON object with the fields of a trade row.
    #[error("trade row is not valid at line {line}, column {column}")]
    NotTrade {
        /// Line in the payload.
        line: usize,
        /// Column in the payload.
        column: usize,
    },
    /// A number of the row is not finite or not a number.
    #[error("trade row: field {field}: {source}")]
    BadNumber {
        /// Field name.
        field: &'static str,
        /// What is wrong with it.
        source: UnitError,
    },
    /// Price outside 0..1 or size not above 0.
    #[error("trade row: field {field} is outside its range")]
    OutOfRange {
        /// Field name.
        field: &'static str,
    },
}

#[derive(Deserialize)]
struct RawRow<'a> {
    #[serde(borrow, default)]
    asset: std::borrow::Cow<'a, str>,
    #[serde(borrow, default, rename = "conditionId")]
    condition_id: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    side: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    size: &'a RawValue,
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "transactionHash")]
    transaction_hash: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    trade_id: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    ts_ms: Option<&'a RawValue>,
    #[serde(borrow)]
    ingest_ts_ms: Option<&'a RawValue>,
    #[serde(borrow)]
    exchange_ts_ms: Option<&'a RawValue>,
}

/// One trade row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeRow<'a> {
    /// Token id.
    pub asset: std::borrow::Cow<'a, str>,
    /// Condition id, empty when the row has none.
    pub condition_id: std::borrow::Cow<'a, str>,
    /// Side of the taker, where the row says.
    pub side: Option<TakerSide>,
    /// Price in dollars, exact.
    pub price: Dec,
    /// Price as it stands in the row.
    pub price_text: &'a str,
    /// Size in shares, exact.
    pub size: Dec,
    /// Size as it stands in the row.
    pub size_text: &'a str,
    /// Venue time in ms since the epoch.
    pub venue_ts_ms: Option<i64>,
    /// Transaction hash, empty when the row has none.
    pub transaction_hash: std::borrow::Cow<'a, str>,
    /// Id and ingest time of a predecessor's row.
    pub logged: Option<LoggedTrade<'a>>,
}

/// What a predecessor's `trades.csv` says beyond a Data API row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedTrade<'a> {
    /// Id as logged, may be blank.
    pub trade_id: std::borrow::Cow<'a, str>,
    /// `ingest_ts_ms`, else `ts_ms`.
    pub ingest_ts_ms: i64,
}

impl<'a> TradeRow<'a> {
    /// Reads a payload. Rows of a predecessor keep values a live feed would refuse (RAZOR_SPEC
    /// §20).
    ///
    /// # Errors
    /// [`TradeError`].
    pub fn decode(payload: &'a [u8]) -> Result<Self, TradeError> {
        let raw: RawRow<'a> = object::decode(payload)
            .map_err(|e| TradeError::NotTrade { line: e.line(), column: e.column() })?;
        let (price, price_text) = number(raw.price, "price")?;
        let (size, size_text) = number(raw.size, "size")?;
        let logged = logged(&raw)?;
        if logged.is_none() {
            require_market_values(price, size)?;
        }
        let stamp = if logged.is_some() { raw.exchange_ts_ms } else { raw.timestamp };
        Ok(Self {
            asset: raw.asset,
            condition_id: raw.condition_id,
            side: taker_side(&raw.side),
            price,
            price_text,
            size,
            size_text,
            venue_ts_ms: match stamp {
                None => None,
                Some(raw) => venue_ms(raw)?,
            },
            transaction_hash: raw.transaction_hash,
            logged,
        })
    }
}

/// The side of the venue's word; other words tell nothing.
fn taker_side(word: &str) -> Option<TakerSide> {
    match word {
        "BUY" => Some(TakerSide::Buy),
        "SELL" => Some(TakerSide::Sell),
        _ => None,
    }
}

fn require_market_values(price: Dec, size: Dec) -> Result<(), TradeError> {
    let above_one = price.to_scaled_ceil(18).map_or(true, |p| p > 1_000_000_000_000_000_000);
    if price.is_negative() || above_one {
        return Err(TradeError::OutOfRange { field: "price" });
    }
    if size.mantissa() <= 0 {
        return Err(TradeError::OutOfRange { field: "size" });
    }
    Ok(())
}

fn logged<'a>(raw: &RawRow<'a>) -> Result<Option<LoggedTrade<'a>>, TradeError> {
    let Some(trade_id) = &raw.trade_id else { return Ok(None) };
    let ingest = raw.ingest_ts_ms.map(|raw| integer(raw, "ingest_ts_ms")).transpose()?.flatten();
    let ts = raw.ts_ms.map(|raw| integer(raw, "ts_ms")).transpose()?.flatten();
    let missing = TradeError::BadNumber { field: "ts_ms", source: UnitError::NotDecimal };
    let ingest_ts_ms = ingest.filter(|&ms| ms > 0).or(ts).ok_or(missing)?;
    Ok(Some(LoggedTrade { trade_id: trade_id.clone(), ingest_ts_ms }))
}

fn text(raw: &RawValue) -> &str {
    let text = raw.get();
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text)
}

fn number<'a>(raw: &'a RawValue, field: &'static str) -> Result<(Dec, &'a str), TradeError> {
    let text = text(raw);
    let value = Dec::parse(text).map_err(|source| TradeError::BadNumber { field, source })?;
    Ok((value, text))
}

fn integer(raw: &RawValue, field: &'static str) -> Result<Option<i64>, TradeError> {
    let text = text(raw);
    if text.is_empty() || text == "null" {
        return Ok(None);
    }
    let bad = |source| TradeError::BadNumber { field, source };
    let value = Dec::parse(text).and_then(|d| d.to_scaled_floor(0)).map_err(bad)?;
    i64::try_from(value).map(Some).map_err(|_| bad(UnitError::Overflow))
}

/// Venue time in ms. The unit is told by magnitude (RAZOR_SPEC §6): seconds, ms, us or ns.
fn venue_ms(raw: &RawValue) -> Result<Option<i64>, TradeError> {
    let Some(stamp) = integer(raw, "timestamp")? else { return Ok(None) };
    Ok(Some(match stamp {
        ..=99_999_999_999 => stamp.saturating_mul(1_000),
        100_000_000_000..=99_999_999_999_999 => stamp,
        100_000_000_000_000..=99_999_999_999_999_999 => stamp.div_euclid(1_000),
        100_000_000_000_000_000.. => stamp.div_euclid(1_000_000),
    }))
}

/// The trade id of the frozen tables (RAZOR_SPEC §6): `tx:…` or, without a hash, `weak:…`.
pub fn trade_id(market: &str, row: &TradeRow<'_>, ts_ms: i64) -> String {
    let (token, hash) = (&row.asset, &row.transaction_hash);
    let (price, size) = (double_bits(row.price_text), double_bits(row.size_text));
    if hash.is_empty() {
        format!("weak:{market}:{token}:{ts_ms}:{price:016x}:{size:016x}")
    } else {
        format!("tx:{market}:{token}:{ts_ms}:{hash}:{price:016x}:{size:016x}")
    }
}

/// The bits of the nearest double: an identity of the number's value, nothing to calculate with.
fn double_bits(text: &str) -> u64 {
    text.parse::<f64>().map_or(0, f64::to_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"asset":"77","conditionId":"0xc","side":"BUY","size":12.5,"price":0.48,
        "timestamp":1791258811,"transactionHash":"0xab","outcome":"Yes"}"#;

    #[test]
    fn a_data_api_row_is_read_exactly() {
        let row = TradeRow::decode(ROW.as_bytes()).expect("row");
        assert_eq!(row.price, Dec::new(48, -2));
        assert_eq!(row.size, Dec::new(125, -1));
        assert_eq!(row.venue_ts_ms, Some(1_791_258_811_000));
        assert_eq!(row.side, Some(TakerSide::Buy));
        assert_eq!(row.logged, None);
    }

    #[test]
    fn the_trade_id_carries_the_bits_of_the_doubles() {
        let row = TradeRow::decode(ROW.as_bytes()).expect("row");
        assert_eq!(trade_id("0xc", &row, 5), "tx:0xc:77:5:0xab:3fdeb851eb851eb8:4029000000000000");
        let bare = ROW.replace("0xab", "");
        let row = TradeRow::decode(bare.as_bytes()).expect("row");
        assert_eq!(trade_id("0xc", &row, 5), "weak:0xc:77:5:3fdeb851eb851eb8:4029000000000000");
    }

    #[test]
    fn time_units_are_told_by_magnitude() {
        for (text, ms) in [
            ("99999999999", 99_999_999_999_000),
            ("1791258811051", 1_791_258_811_051),
            ("1791258811051222", 1_791_258_811_051),
            ("\"1791258811051222333\"", 1_791_258_811_051),
        ] {
            let row = ROW.replace("1791258811", text);
            let row = TradeRow::decode(row.as_bytes()).expect("row");
            assert_eq!(row.venue_ts_ms, Some(ms), "{text}");
        }
    }

    #[test]
    fn live_rows_outside_the_market_are_refused_and_logged_ones_kept() {
        let high = ROW.replace("0.48", "1.01");
        assert_eq!(
            TradeRow::decode(high.as_bytes()),
            Err(TradeError::OutOfRange { field: "price" })
        );
        let zero = ROW.replace("12.5", "0");
        assert_eq!(
            TradeRow::decode(zero.as_bytes()),
            Err(TradeError::OutOfRange { field: "size" })
        );
        let logged = high.replace(
            "\"outcome\"",
            "\"trade_id\":\"t\",\"ts_ms\":\"7\",\"ingest_ts_ms\":\"9\",\"exchange_ts_ms\":\"\",\"outcome\"",
        );
        let row = TradeRow::decode(logged.as_bytes()).expect("row");
        assert_eq!(row.logged.map(|l| l.ingest_ts_ms), Some(9));
        assert_eq!(row.venue_ts_ms, None);
    }
}
