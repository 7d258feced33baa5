//! Books as a state machine: every state, every event, the state after it and every count it moves.
//!
//! The tables are written by hand from the rules (FAULTS group A, INVARIANTS S-18). A row compares
//! all counters, so an event that counts something unforeseen fails it.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::unwrap_used,
    clippy::wildcard_imports,
    reason = "a test stops loudly where the core must not"
)]

#[allow(dead_code, reason = "shared with the tests of the faults, each uses its part")]
#[path = "books_faults/desk.rs"]
mod desk;
#[path = "market_data_books/laws.rs"]
mod laws;
#[path = "market_data_books/machine.rs"]
mod machine;
#[path = "market_data_books/sources.rs"]
mod sources;

use std::collections::BTreeMap;

use desk::{AT, Desk, NO_TOKEN, YES_TOKEN, level};
use razor_core::book::{BookSide, BookState, DirtyReason, Freshness, Suspicion};
use razor_core::ids::{ConnIx, MarketIx, TokenIx};
use razor_core::units::{Nanos, Price, Qty};
use razor_core::wire::{Kind, Refusal};
use razor_sim::rng::Rng;

const MARKET: MarketIx = MarketIx(0);
const UNHYDRATED: BookState = BookState::Unhydrated;
const LIVE: BookState = BookState::Live;

fn dirty(reason: DirtyReason) -> BookState {
    BookState::Dirty(reason)
}

/// All counters that are not zero, by name.
fn counts(desk: &Desk) -> BTreeMap<String, u64> {
    let value = serde_json::to_value(desk.books.counters()).unwrap();
    let fields = value.as_object().unwrap().iter();
    fields.map(|(name, count)| (name.clone(), count.as_u64().unwrap())).collect()
}

/// The counters that moved.
fn moved(before: &BTreeMap<String, u64>, desk: &Desk) -> Vec<(String, u64)> {
    let after = counts(desk);
    let pairs = after.into_iter().map(|(name, count)| (count - before[&name], name));
    pairs.filter(|(more, _)| *more > 0).map(|(more, name)| (name, more)).collect()
}

fn text_of(price: Price) -> String {
    format!("0.{:04}", price.micros() / 100)
}

/// The book's own levels as a REST answer of the YES token.
fn copy_of_book(desk: &Desk) -> (String, String) {
    let side = |side| {
        let mut levels: Vec<String> = desk
            .books
            .levels(YES_TOKEN, side)
            .map(|(price, qty)| level(&text_of(price), &(qty.0 / 1_000_000).to_string()))
            .collect();
        levels.reverse();
        levels.join(",")
    };
    (side(BookSide::Bids), side(BookSide::Asks))
}

/// Speaks as the REST poller for a moment.
fn as_rest(desk: &mut Desk, speak: impl FnOnce(&mut Desk)) {
    let (kind, conn, epoch) = (desk.kind, desk.conn, desk.epoch);
    (desk.kind, desk.conn, desk.epoch) = (Kind::Rest, ConnIx(9), 0);
    speak(desk);
    (desk.kind, desk.conn, desk.epoch) = (kind, conn, epoch);
}
