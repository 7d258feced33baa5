//! Markets and events of a quote table.
//!
//! Owns: what pass one learns: markets in order of appearance, the neg-risk events over them, the
//! finest price step seen per market.
//!
//! Must never: call an event a set unless the source tags it `Neg Risk` and it has more than two
//! outcomes. The table has no token ids, so a market's YES token is its slug (its condition id
//! where a slug occurs twice).

use std::collections::{BTreeMap, BTreeSet};

use razor_core::market::MAX_LEGS;
use razor_core::units::parse_fixed;

use super::super::{ImportError, capture_time};
use super::Row;
use crate::capture::{CaptureWriter, MarketMeta, SetMeta};

/// All markets and events.
#[derive(Default)]
pub(super) struct Markets {
    by_condition: BTreeMap<String, u32>,
    defined: Vec<MarketMeta>,
    tokens: BTreeSet<String>,
    events: BTreeMap<String, Vec<u32>>,
    order: Vec<String>,
}

/// The bid as a capture states it: empty when there is none.
pub(super) fn bid(text: &str) -> &str {
    if parse_fixed(text.as_bytes(), 6) == Ok(0) { "" } else { text }
}

/// The ask as a capture states it: empty when there is none.
pub(super) fn ask(text: &str) -> &str {
    if parse_fixed(text.as_bytes(), 6) == Ok(1_000_000) { "" } else { text }
}

impl Markets {
    /// Learns from a row of pass one.
    pub(super) fn learn(&mut self, row: &Row<'_>) {
        let number = match self.by_condition.get(row.condition_id) {
            Some(&number) => number,
            None => self.add(row),
        };
        let market = usize::try_from(number).ok().and_then(|at| self.defined.get_mut(at));
        let Some(market) = market else { return };
        for text in [row.bid, row.ask] {
            let needed = grid(text);
            // Longer text is the finer grid: each step adds a zero.
            if needed.len() > market.tick_size.len() {
                needed.clone_into(&mut market.tick_size);
            }
        }
    }

    fn add(&mut self, row: &Row<'_>) -> u32 {
        let number = u32::try_from(self.defined.len()).unwrap_or(u32::MAX);
        let fresh = self.tokens.insert(row.slug.to_owned());
        let token = if fresh { row.slug } else { row.condition_id };
        let mut market = MarketMeta::quoted(token, row.question);
        row.condition_id.clone_into(&mut market.condition_id);
        "0.01".clone_into(&mut market.tick_size);
        market.neg_risk = row.event_tags.split('|').any(|tag| tag == "Neg Risk");
        row.event_id.clone_into(&mut market.event_id);
        market.end_ms = capture_time::iso_ns(row.end_date)
            .and_then(|ns| ns.checked_div(1_000_000))
            .unwrap_or(0);
        if let Ok(words @ [_, _]) = serde_json::from_str::<Vec<String>>(row.outcomes).as_deref() {
            market.outcomes = words.to_vec();
        }
        if market.neg_risk && !row.event_id.is_empty() {
            let legs = self.events.entry(row.event_id.to_owned()).or_default();
            if legs.is_empty() {
                self.order.push(row.event_id.to_owned());
            }
            legs.push(number);
        }
        self.defined.push(market);
        self.by_condition.insert(row.condition_id.to_owned(), number);
        number
    }

    /// The number of a market.
    pub(super) fn number(&self, condition_id: &str) -> Option<u32> {
        self.by_condition.get(condition_id).copied()
    }

    /// Writes all definitions.
    pub(super) fn define(&self, t: i64, writer: &mut CaptureWriter) -> Result<(), ImportError> {
        let sets: Vec<SetMeta> = self.order.iter().filter_map(|event| self.set(event)).collect();
        let refused = self.order.len().saturating_sub(sets.len());
        writer.defect("events_refused_as_sets", u64::try_from(refused).unwrap_or(u64::MAX));
        Ok(writer.define(t, self.defined.clone(), sets)?)
    }

    fn set(&self, event: &str) -> Option<SetMeta> {
        let legs = self.events.get(event)?;
        if !(3..=MAX_LEGS).contains(&legs.len()) {
            return None;
        }
        let token = |&leg: &u32| {
            let market = self.defined.get(usize::try_from(leg).ok()?)?;
            Some(market.token_ids[0].clone())
        };
        Some(SetMeta {
            key: event.to_owned(),
            kind: "group".to_owned(),
            legs: legs.iter().map(token).collect::<Option<Vec<String>>>()?,
            settlement: "hold".to_owned(),
        })
    }
}

/// The coarsest grid of the venue (of those that are powers of ten) on which a price lies.
fn grid(text: &str) -> &'static str {
    let Ok(micros) = parse_fixed(text.as_bytes(), 6) else { return "0.01" };
    match (micros.checked_rem(10_000), micros.checked_rem(1_000)) {
        (Some(0), _) => "0.01",
        (_, Some(0)) => "0.001",
        (_, _) => "0.0001",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_sides_are_empty_and_prices_keep_their_text() {
        assert_eq!((bid("0"), bid("0.0"), bid(""), bid("0.010")), ("", "", "", "0.010"));
        assert_eq!((ask("1"), ask("1.00"), ask(""), ask(".5")), ("", "", "", ".5"));
    }

    #[test]
    fn a_grid_is_as_fine_as_its_finest_price() {
        for (price, want) in [
            ("", "0.01"),
            ("0.48", "0.01"),
            ("0.480", "0.01"),
            ("0.481", "0.001"),
            ("0.0005", "0.0001"),
        ] {
            assert_eq!(grid(price), want, "{price}");
        }
    }
}
