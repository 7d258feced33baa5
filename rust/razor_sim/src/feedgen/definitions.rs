//! The markets of a stream as a `meta` record, with the sets that a measurement watches.
//!
//! Owns: the JSON that the engine and a capture read definitions from (docs/CAPTURE.md), written
//! for the markets of a [`Feed`], and the choice of sets: the YES tokens of three neighbouring
//! markets, one set per market, so that each market is a leg of three sets.
//!
//! Must never: define a set that the stream could turn into a signal. Three YES tokens near a half
//! dollar each sum far above one dollar, so a measurement counts checks and no settlements.

use core::fmt::Write as _;

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::market::{SetDef, SetKind, Settlement, Universe};

use super::Feed;

/// Legs of each watched set.
const LEGS: u32 = 3;

impl Feed {
    /// The markets with one watched set of three legs per market; fewer than three markets have no
    /// set.
    pub fn watched_universe(&self) -> Universe {
        let mut universe = self.universe.clone();
        let count = u32::try_from(universe.markets().len()).unwrap_or(0);
        let firsts = if count < LEGS { 0..0 } else { 0..count };
        for first in firsts {
            let legs = (0..LEGS).map(|leg| {
                let market = first.saturating_add(leg).checked_rem(count).unwrap_or(0);
                TokenIx::of(MarketIx(market), Outcome::Yes)
            });
            // The legs are different and defined; a refusal would show in the first test.
            let _added = universe.add_set(SetDef {
                key: format!("set {first}").into(),
                kind: SetKind::Group,
                legs: legs.collect(),
                settlement: Settlement::HoldToResolution,
            });
        }
        universe
    }

    /// [`Feed::watched_universe`] as the payload of a `meta` record.
    pub fn meta_payload(&self) -> String {
        let universe = self.watched_universe();
        let mut out = String::from("{\"markets\":[");
        for (index, market) in universe.markets().iter().enumerate() {
            let [yes, no] = &market.token_ids;
            let (comma, tick) = (if index > 0 { "," } else { "" }, market.tick.micros());
            // Writing into a string cannot fail.
            let _ = write!(
                out,
                "{comma}{{\"condition_id\":\"{}\",\"token_ids\":[\"{yes}\",\"{no}\"],\
                 \"outcomes\":[\"Yes\",\"No\"],\"label\":\"{}\",\"tick_size\":\"0.{tick:06}\",\
                 \"min_order_size\":\"5\",\"neg_risk\":false,\"fees\":null,\"end_ms\":0,\
                 \"event_id\":\"\",\"group_id\":\"\",\"seconds_delay\":0}}",
                market.condition_id, market.label,
            );
        }
        out.push_str("],\"sets\":[");
        for (index, set) in universe.sets().iter().enumerate() {
            let legs: Vec<String> = set
                .legs
                .iter()
                .filter_map(|leg| universe.token_id(*leg))
                .map(|text| format!("\"{text}\""))
                .collect();
            let comma = if index > 0 { "," } else { "" };
            let _ = write!(
                out,
                "{comma}{{\"key\":\"{}\",\"kind\":\"group\",\"legs\":[{}],\"settlement\":\"hold\"}}",
                set.key,
                legs.join(","),
            );
        }
        out.push_str("]}");
        out
    }
}
