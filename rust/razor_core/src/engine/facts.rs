//! What is known of markets beside their books: their event, their taker delay, and whether the
//! sets made of them still are what they were when they were chosen.
//!
//! Owns: [`Facts`]. Must never: take a change back. A set whose market changed is not traded again
//! in this run; the next selection looks at it anew.

use std::collections::{BTreeMap, BTreeSet};

use super::gap::Gap;
use super::meta::MarketMeta;
use crate::ids::{MarketIx, SetIx, TokenIx};
use crate::market::SetDef;

/// One market as its definition states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MarketFacts {
    /// The venue's id of the event, else of the neg-risk group; blank where neither is known.
    event: Box<str>,
    /// Whether the venue holds takers back before it matches them (PROTOCOL §6.5).
    is_delayed: bool,
}

impl MarketFacts {
    pub(super) fn of(meta: &MarketMeta) -> Self {
        let event = if meta.event_id.is_empty() { &meta.group_id } else { &meta.event_id };
        Self { event: event.as_str().into(), is_delayed: meta.is_delayed() }
    }
}

/// The facts of all markets, in order of definition.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    markets: Vec<Known>,
    /// The first market of each named event.
    events: BTreeMap<Box<str>, u32>,
    /// Sets that are no longer what was chosen (S-16).
    changed: BTreeSet<SetIx>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    event: u32,
    is_delayed: bool,
}

impl Facts {
    /// Appends a market; its index is `market`.
    pub(super) fn add(&mut self, market: MarketIx, facts: MarketFacts) {
        let event = match &*facts.event {
            "" => market.0,
            _ => *self.events.entry(facts.event).or_insert(market.0),
        };
        self.markets.push(Known { event, is_delayed: facts.is_delayed });
    }

    /// The event of a token: a number that only says which tokens share one.
    pub(super) fn event(&self, token: TokenIx) -> u32 {
        let market = token.split().0;
        self.known(market).map_or(market.0, |known| known.event)
    }

    /// Whether any leg of a set is on a market with a taker delay.
    pub(super) fn is_delayed(&self, set: &SetDef) -> bool {
        let markets = set.legs.iter().map(|leg| leg.split().0);
        markets.filter_map(|market| self.known(market)).any(|known| known.is_delayed)
    }

    /// Whether a set is still what was chosen.
    pub(super) fn is_unchanged(&self, set: SetIx) -> bool {
        !self.changed.contains(&set)
    }

    /// A set is no longer what was chosen.
    pub(super) fn note_changed(&mut self, set: SetIx) {
        self.changed.insert(set);
    }

    fn known(&self, market: MarketIx) -> Option<&Known> {
        self.markets.get(usize::try_from(market.0).ok()?)
    }
}

/// Whether a gap says that a market is no longer what it was. A new grid alone is no such change:
/// the stream brings it with the book.
pub(super) fn voids(gap: &Gap) -> bool {
    gap.code() == "MARKET_CHANGED" && gap.fields() != Some("tick_size")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(event: &str, group: &str, rest: &str) -> MarketFacts {
        let text = format!(
            r#"{{"markets":[{{"condition_id":"0xc","token_ids":["1","2"],"tick_size":"0.01",
            "min_order_size":"5","fees":null,"event_id":"{event}","group_id":"{group}"{rest}}}]}}"#
        );
        let meta = super::super::meta::Meta::decode(text.as_bytes()).expect("meta");
        MarketFacts::of(&meta.markets[0])
    }

    fn yes(market: u32) -> TokenIx {
        TokenIx::of(MarketIx(market), crate::ids::Outcome::Yes)
    }

    #[test]
    fn markets_share_an_event_by_its_id_or_their_groups() {
        let mut all = Facts::default();
        for (ix, (event, group)) in
            [("7", "g"), ("8", "g"), ("7", ""), ("", ""), ("", "g"), ("", "g"), ("", "")]
                .into_iter()
                .enumerate()
        {
            all.add(MarketIx(u32::try_from(ix).expect("few")), facts(event, group, ""));
        }
        let events: Vec<u32> = (0..7).map(|market| all.event(yes(market))).collect();
        assert_eq!(events, [0, 1, 0, 3, 4, 4, 6]);
    }

    #[test]
    fn a_delay_is_what_the_definition_states() {
        let delayed = |rest: &str| facts("", "", rest).is_delayed;
        assert!(!delayed(""));
        assert!(!delayed(r#","seconds_delay":0"#));
        assert!(delayed(r#","seconds_delay":3"#));
    }

    #[test]
    fn any_changed_fact_voids_but_a_new_grid_alone() {
        let gap = |cause: &str| {
            let text = format!(r#"{{"from_ns":1,"to_ns":1,"cause":"{cause}","lost":null}}"#);
            voids(&Gap::decode(text.as_bytes()).expect("gap"))
        };
        assert!(gap("MARKET_CHANGED market=0xc fields=accepting_orders"));
        assert!(gap("MARKET_CHANGED market=0xc fields=tick_size,fees"));
        assert!(gap("MARKET_CHANGED market=0xc"));
        assert!(!gap("MARKET_CHANGED market=0xc fields=tick_size"));
        assert!(!gap("DISCONNECTED market=0xc"));
    }
}
