//! What a tape's definitions say, and the listing made of them.
//!
//! Owns: [`TapeMarket`], the names that stand in for ids the venue does not have (quote tables),
//! and the JSON of the listing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use razor_core::market::{Fees, MarketDef};
use razor_core::units::{Nanos, Qty, TickSize};
use thiserror::Error;

use crate::exchange::{
    Command, Event, Exchange, Flags, GroupIx, MarketSpec, Micros, Protocol, Refusal, Reply,
    is_uint256,
};
use razor_core::ids::MarketIx;

/// Gamma's ids of a tape begin here.
const FIRST_ID: usize = 8_000_001;
/// "tape" in character codes and in hex: how ids begin that the capture does not have.
const TOKEN_WORD: &str = "84658069";
const HEX_WORD: &str = "0x74617065";
const DAY_MS: i64 = 86_400_000;
const NO_END: &str = "2031-01-01T00:00:00Z";

/// A market as the definitions of a capture have it (docs/CAPTURE.md).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapeMarket {
    /// Condition id, or a text that is unique in the capture.
    pub condition_id: Box<str>,
    /// YES and NO; NO may be empty.
    pub token_ids: [Box<str>; 2],
    /// Outcome words, YES first.
    pub outcomes: [Box<str>; 2],
    /// Question or slug; may be empty.
    pub label: Box<str>,
    /// Grid.
    pub tick: TickSize,
    /// Smallest order.
    pub min_order_qty: Qty,
    /// Fee schedule; an unknown one is free here, and the listing says so.
    pub fees: Fees,
    /// Whether it belongs to a neg-risk group.
    pub neg_risk: bool,
    /// Scheduled end in ms, 0 when unknown.
    pub end_ms: i64,
    /// Event; may be empty.
    pub event_id: Box<str>,
    /// Neg-risk group; may be empty.
    pub group_id: Box<str>,
    /// How long takers wait.
    pub taker_delay: Nanos,
}

/// Why a tape cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TapeFault {
    /// The capture defines nothing.
    #[error("the capture defines no market: there is nothing to play; record or import it anew")]
    NoMarkets,
    /// The exchange does not take a market.
    #[error("market {condition}: {refusal}; nothing of the tape can be used, open a new exchange")]
    Market {
        /// Its condition id.
        condition: Box<str>,
        /// Why.
        refusal: Refusal,
    },
    /// The outside account could not be opened.
    #[error("the account of the tape cannot be opened: {0}")]
    Account(Refusal),
}

/// Markets of one event.
struct EventRow {
    id: String,
    slug: String,
    title: String,
    neg_risk_id: String,
    group: Option<GroupIx>,
    end_ms: i64,
}

/// Lists markets, group by group as they come.
pub(super) struct Lister<'a> {
    pub(super) now: Nanos,
    pub(super) exchange: &'a mut Exchange,
    pub(super) out: &'a mut Vec<Event>,
    events: Vec<EventRow>,
    by_key: BTreeMap<String, usize>,
    slugs: BTreeSet<String>,
    rows: String,
}

impl<'a> Lister<'a> {
    pub(super) fn new(now: Nanos, exchange: &'a mut Exchange, out: &'a mut Vec<Event>) -> Self {
        let (events, by_key) = (Vec::new(), BTreeMap::new());
        Self { now, exchange, out, events, by_key, slugs: BTreeSet::new(), rows: String::new() }
    }

    /// Lists a market; its index at the exchange.
    pub(super) fn market(&mut self, facts: &TapeMarket, at: usize) -> Result<MarketIx, TapeFault> {
        let fault = |refusal| TapeFault::Market { condition: facts.condition_id.clone(), refusal };
        let event = self.event(facts, at).map_err(fault)?;
        let spec = self.spec(facts, at, event);
        let row = self.row(&spec, facts, at, event);
        match self.exchange.step(self.now, Command::AddMarket(Box::new(spec)), self.out) {
            Ok(Reply::Market(ix)) => {
                let comma = if self.rows.is_empty() { "" } else { "," };
                put(&mut self.rows, format_args!("{comma}{{\"index\":{},{row}}}", ix.0));
                Ok(ix)
            }
            Ok(_) => Err(fault(Refusal::InvalidPayload)),
            Err(refusal) => Err(fault(refusal)),
        }
    }

    /// The event of a market; a neg-risk event opens its group with its first market.
    fn event(&mut self, facts: &TapeMarket, at: usize) -> Result<usize, Refusal> {
        let neg_risk_id = match (facts.neg_risk, &*facts.group_id, &*facts.event_id) {
            (false, _, _) => String::new(),
            (true, "", "") => condition_of(facts, at),
            (true, "", event) => event.to_owned(),
            (true, group, _) => group.to_owned(),
        };
        let key = match (&*neg_risk_id, &*facts.event_id) {
            ("", "") => format!("market {at}"),
            ("", event) => format!("event {event}"),
            (group, _) => format!("group {group}"),
        };
        if let Some(&known) = self.by_key.get(&key) {
            return Ok(known);
        }
        let group = self.group(&neg_risk_id)?;
        let number = self.events.len();
        let is_taken = self.events.iter().any(|it| *it.id == *facts.event_id);
        let id = if facts.event_id.is_empty() || is_taken {
            (FIRST_ID + number).to_string()
        } else {
            facts.event_id.to_string()
        };
        let title = title_of(facts, at);
        let slug = self.slug(&format!("tape-event-{number}-{title}"));
        let end_ms = facts.end_ms;
        self.events.push(EventRow { id, slug, title, neg_risk_id, group, end_ms });
        self.by_key.insert(key, number);
        Ok(number)
    }

    fn group(&mut self, key: &str) -> Result<Option<GroupIx>, Refusal> {
        if key.is_empty() {
            return Ok(None);
        }
        let command = Command::AddGroup { key: key.into(), is_augmented: false };
        let Reply::Group(group) = self.exchange.step(self.now, command, self.out)? else {
            return Err(Refusal::InvalidPayload);
        };
        Ok(Some(group))
    }

    fn spec(&self, facts: &TapeMarket, at: usize, event: usize) -> MarketSpec {
        let token = |side: usize| match &facts.token_ids[side] {
            known if is_uint256(known) => known.clone(),
            _ => format!("{TOKEN_WORD}{:069}", 2 * at + side).into(),
        };
        MarketSpec {
            condition_id: condition_of(facts, at).into(),
            token_ids: [token(0), token(1)],
            outcomes: facts.outcomes.clone(),
            tick: facts.tick,
            min_order_qty: facts.min_order_qty,
            fees: match facts.fees {
                Fees::Unknown => Fees::Free,
                known @ (Fees::Free | Fees::Taker { .. }) => known,
            },
            group: self.events[event].group,
            protocol: Protocol::V1,
            // The grid follows the tape.
            has_dynamic_tick: false,
            taker_delay: facts.taker_delay,
            game_start: None,
            clears_book_on_start: false,
            flags: Flags::OPEN,
        }
    }

    /// Members of `MarketListing`.
    fn row(&mut self, spec: &MarketSpec, facts: &TapeMarket, at: usize, event: usize) -> String {
        let title = title_of(facts, at);
        let slug = self.slug(&title);
        let (rate, exponent) = match spec.fees {
            Fees::Taker { rate_ppm, exponent } => (rate_ppm, exponent),
            Fees::Free | Fees::Unknown => (0, 1),
        };
        let [yes, no] = &spec.token_ids;
        let group_title = if spec.group.is_some() { text(&title) } else { text("") };
        format!(
            "\"market_id\":\"{}\",\"slug\":{},\"question\":{},\"condition_id\":{},\
             \"token_ids\":[\"{yes}\",\"{no}\"],\"outcomes\":[{},{}],\"tick\":\"{}\",\
             \"min_order_qty\":{},\"fee_rate_ppm\":{rate},\"fee_exponent\":{exponent},\
             \"event_id\":{},\"group_title\":{group_title},\"taker_delay_ns\":{}",
            FIRST_ID + at,
            text(&slug),
            text(&title),
            text(&spec.condition_id),
            text(&spec.outcomes[0]),
            text(&spec.outcomes[1]),
            Micros::from(spec.tick),
            spec.min_order_qty.0,
            text(&self.events[event].id),
            spec.taker_delay.0,
        )
    }

    /// A slug that no other has.
    fn slug(&mut self, title: &str) -> String {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { ' ' };
        let words: String = title.to_ascii_lowercase().chars().map(plain).collect();
        let words: Vec<&str> = words.split_whitespace().collect();
        let stem = if words.is_empty() { "market".to_owned() } else { words.join("-") };
        let mut slug = stem.clone();
        let mut number = 1;
        while !self.slugs.insert(slug.clone()) {
            number += 1;
            slug = format!("{stem}-{number}");
        }
        slug
    }

    /// The listing; `markers` say what in it is not from the recording.
    pub(super) fn listing(&self, markers: &[String]) -> String {
        let mut events = String::new();
        for event in &self.events {
            let comma = if events.is_empty() { "" } else { "," };
            put(
                &mut events,
                format_args!(
                    "{comma}{{\"event_id\":{},\"slug\":{},\"title\":{},\"neg_risk_id\":{},\
                     \"end_date\":\"{}\"}}",
                    text(&event.id),
                    text(&event.slug),
                    text(&event.title),
                    text(&event.neg_risk_id),
                    date_of(event.end_ms),
                ),
            );
        }
        let markers: Vec<String> = markers.iter().map(|marker| text(marker)).collect();
        format!(
            "{{\"events\":[{events}],\"markets\":[{}],\"markers\":[{}]}}",
            self.rows,
            markers.join(",")
        )
    }
}

impl TapeMarket {
    /// The definition for the books of the tape.
    pub(super) fn def(&self) -> MarketDef {
        MarketDef {
            condition_id: self.condition_id.clone(),
            token_ids: self.token_ids.clone(),
            label: self.label.clone(),
            tick: self.tick,
            min_order_qty: self.min_order_qty,
            fees: self.fees,
            neg_risk: self.neg_risk,
            end_ms: self.end_ms,
        }
    }
}

/// The condition id, or one made of the number where the capture has none.
fn condition_of(facts: &TapeMarket, at: usize) -> String {
    let digits = facts.condition_id.strip_prefix("0x").unwrap_or_default();
    if digits.len() == 64 && digits.bytes().all(|it| it.is_ascii_hexdigit()) {
        facts.condition_id.to_string()
    } else {
        format!("{HEX_WORD}{at:056x}")
    }
}

fn title_of(facts: &TapeMarket, at: usize) -> String {
    if facts.label.trim().is_empty() {
        let id: String = facts.condition_id.chars().take(16).collect();
        format!("Market {at} of the tape ({id})")
    } else {
        facts.label.to_string()
    }
}

/// A JSON string.
fn text(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len() + 2);
    out.push('"');
    for letter in plain.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control < ' ' => {
                put(&mut out, format_args!("\\u{:04x}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _written = out.write_fmt(text);
}

/// Milliseconds since the epoch as ISO 8601 to the second; the days of the civil calendar are
/// counted from March, as in Hinnant's `civil_from_days`.
fn date_of(ms: i64) -> String {
    if ms <= 0 {
        return NO_END.to_owned();
    }
    let (days, rest) = (ms / DAY_MS + 719_468, ms % DAY_MS / 1_000);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let part = (5 * day + 2) / 153;
    let month = if part < 10 { part + 3 } else { part - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (day, hour, minute) = (day - (153 * part + 2) / 5 + 1, rest / 3_600, rest / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date_of(1_777_515_300_000), "2026-04-30T02:15:00Z");
        assert_eq!(date_of(1_709_164_800_000), "2024-02-29T00:00:00Z");
        assert_eq!(date_of(1_798_761_599_999), "2026-12-31T23:59:59Z");
        assert_eq!(date_of(0), NO_END);
    }

    #[test]
    fn texts_of_a_capture_cannot_break_the_listing() {
        assert_eq!(text("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000ad\"");
    }
}
