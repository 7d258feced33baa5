//! Definitions as they stand in `meta` records: normalised JSON, decimals as text.
//!
//! The adapters and importers write this form; nothing else decides what a market is. A fee
//! schedule that the source did not give is `null` and stays unknown.

use serde::Deserialize;
use thiserror::Error;

use super::object;
use crate::ids::RegistryError;
use crate::market::{DefinitionError, Fees, SetKind, Settlement};
use crate::units::{Qty, TickSize, UnitError, parse_fixed};

/// Why a `meta` record was refused; nothing of it is applied then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetaError {
    /// The payload is not the JSON of the contract.
    #[error(
        "meta record is not valid at line {line}, column {column}; write it as docs/CAPTURE.md says"
    )]
    NotMeta {
        /// Line in the payload.
        line: usize,
        /// Column in the payload.
        column: usize,
    },
    /// A number of a market is wrong.
    #[error("market {number} of the meta record: field {field}: {source}")]
    BadNumber {
        /// Position in the record, from 0.
        number: usize,
        /// Field name.
        field: &'static str,
        /// What is wrong with it.
        source: UnitError,
    },
    /// The texts of a market are taken, missing or not plain.
    #[error("market {number} of the meta record: {source}")]
    BadMarket {
        /// Position in the record, from 0.
        number: usize,
        /// What is wrong with it.
        source: RegistryError,
    },
    /// A set has too few, too many or repeated legs.
    #[error("set {number} of the meta record: {source}")]
    BadSet {
        /// Position in the record, from 0.
        number: usize,
        /// What is wrong with it.
        source: DefinitionError,
    },
    /// A set names a token no market defines.
    #[error("set {number} of the meta record names a token that no market defines")]
    UnknownToken {
        /// Position in the record, from 0.
        number: usize,
    },
}

/// A market as written in a `meta` record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MarketMeta {
    /// Condition id.
    pub condition_id: String,
    /// Token ids, `outcomes[0]` first; an empty text is an unknown id.
    pub token_ids: [String; 2],
    /// Slug or question.
    #[serde(default)]
    pub label: String,
    tick_size: String,
    min_order_size: String,
    /// Neg-risk flag.
    #[serde(default)]
    pub neg_risk: bool,
    fees: Option<FeesMeta>,
    /// Scheduled end in ms, 0 when unknown.
    #[serde(default)]
    pub end_ms: i64,
    /// The venue's id of the event, blank when unknown.
    #[serde(default)]
    pub event_id: String,
    /// The venue's id of the neg-risk group, blank outside one.
    #[serde(default)]
    pub group_id: String,
    #[serde(default)]
    seconds_delay: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum FeesMeta {
    Word(FeesWord),
    Schedule(#[serde(deserialize_with = "object::one")] FeeSchedule),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct FeeSchedule {
    rate: String,
    exponent: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FeesWord {
    Free,
}

/// A set as written in a `meta` record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SetMeta {
    /// What `market_id` says in the tables.
    pub key: String,
    kind: KindMeta,
    /// Token ids in table order.
    pub legs: Vec<String>,
    settlement: SettlementMeta,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindMeta {
    Binary,
    Group,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SettlementMeta {
    Merge,
    Hold,
    Unproven,
}

/// The payload of a `meta` record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Meta {
    /// Markets, appended to the universe in this order.
    #[serde(default, deserialize_with = "object::all")]
    pub markets: Vec<MarketMeta>,
    /// Sets to be evaluated, appended in this order.
    #[serde(default, deserialize_with = "object::all")]
    pub sets: Vec<SetMeta>,
}

impl Meta {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`MetaError::NotMeta`] with the place in the payload.
    pub fn decode(payload: &[u8]) -> Result<Self, MetaError> {
        object::decode(payload)
            .map_err(|e| MetaError::NotMeta { line: e.line(), column: e.column() })
    }
}

impl MarketMeta {
    /// The price grid.
    ///
    /// # Errors
    /// A [`UnitError`] for a text that is no tick size of the venue.
    pub fn tick(&self) -> Result<TickSize, UnitError> {
        let micros = parse_fixed(self.tick_size.as_bytes(), 6)?;
        TickSize::from_micros(u32::try_from(micros).map_err(|_| UnitError::Overflow)?)
    }

    /// Whether takers wait before they are matched.
    pub fn is_delayed(&self) -> bool {
        self.seconds_delay > 0
    }

    /// The smallest order.
    ///
    /// # Errors
    /// A [`UnitError`] for a text that is no quantity.
    pub fn min_order_qty(&self) -> Result<Qty, UnitError> {
        Qty::parse(self.min_order_size.as_bytes())
    }

    /// The fee schedule.
    ///
    /// # Errors
    /// A [`UnitError`] for a rate finer than a millionth or not a number.
    pub fn fees(&self) -> Result<Fees, UnitError> {
        Ok(match &self.fees {
            None => Fees::Unknown,
            Some(FeesMeta::Word(FeesWord::Free)) => Fees::Free,
            Some(FeesMeta::Schedule(FeeSchedule { rate, exponent })) => {
                let ppm = parse_fixed(rate.as_bytes(), 6)?;
                let rate_ppm = u32::try_from(ppm).map_err(|_| UnitError::Overflow)?;
                Fees::Taker { rate_ppm, exponent: *exponent }
            }
        })
    }
}

impl SetMeta {
    /// Kind of the set.
    pub fn kind(&self) -> SetKind {
        match self.kind {
            KindMeta::Binary => SetKind::Binary,
            KindMeta::Group => SetKind::Group,
        }
    }

    /// How the set pays.
    pub fn settlement(&self) -> Settlement {
        match self.settlement {
            SettlementMeta::Merge => Settlement::Merge,
            SettlementMeta::Hold => Settlement::HoldToResolution,
            SettlementMeta::Unproven => Settlement::Unproven,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"markets":[{"condition_id":"0xc","token_ids":["1","2"],"outcomes":["Yes","No"],
        "label":"q","tick_size":"0.01","min_order_size":"5","neg_risk":false,"fees":{"rate":"0.07","exponent":1},
        "end_ms":5,"event_id":"","group_id":"","seconds_delay":0}],
        "sets":[{"key":"0xc","kind":"binary","legs":["1","2"],"settlement":"merge"}]}"#;

    #[test]
    fn a_meta_record_is_read_exactly() {
        let meta = Meta::decode(TEXT.as_bytes()).expect("meta");
        let market = &meta.markets[0];
        assert_eq!(market.tick(), Ok(TickSize::CENT));
        assert_eq!(market.min_order_qty(), Ok(Qty(5_000_000)));
        assert_eq!(market.fees(), Ok(Fees::Taker { rate_ppm: 70_000, exponent: 1 }));
        assert_eq!(meta.sets[0].kind(), SetKind::Binary);
        assert_eq!(meta.sets[0].settlement(), Settlement::Merge);
    }

    #[test]
    fn unknown_fees_stay_unknown_and_free_is_said() {
        let unknown = TEXT.replace(r#"{"rate":"0.07","exponent":1}"#, "null");
        let free = TEXT.replace(r#"{"rate":"0.07","exponent":1}"#, "\"free\"");
        let fees = |text: &str| Meta::decode(text.as_bytes()).expect("meta").markets[0].fees();
        assert_eq!(fees(&unknown), Ok(Fees::Unknown));
        assert_eq!(fees(&free), Ok(Fees::Free));
    }

    #[test]
    fn an_array_defines_nothing_and_is_refused_in_every_place_of_an_object() {
        let market = r#"["0xc",["1","2"],"q","0.01","5",false,null,5]"#;
        let set = r#"["0xc","binary",["1","2"],"merge"]"#;
        let fees = TEXT.replace(r#"{"rate":"0.07","exponent":1}"#, r#"["0.07",1]"#);
        for text in [
            "[]".to_owned(),
            "[[],[]]".to_owned(),
            format!(r#"{{"markets":[{market}]}}"#),
            format!(r#"{{"sets":[{set}]}}"#),
            fees,
        ] {
            let refused = Meta::decode(text.as_bytes());
            assert!(matches!(refused, Err(MetaError::NotMeta { line: 1.., .. })), "{text}");
        }
    }

    #[test]
    fn a_broken_meta_record_names_its_place() {
        let error = Meta::decode(b"{\"markets\":[{]}").expect_err("broken");
        assert_eq!(error, MetaError::NotMeta { line: 1, column: 14 });
        let error =
            Meta::decode(TEXT.replace("0.01", "0.02").as_bytes()).map(|m| m.markets[0].tick());
        assert_eq!(error, Ok(Err(UnitError::UnknownTick { micros: 20_000 })));
    }
}
