//! The decoder as a table: every message in every spelling, every refusal by its smallest frame.
//!
//! Frames are generated from what they must mean, spelled in one of many ways and read back on
//! both paths. A refusal that no frame of the table reaches fails the table.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::wildcard_imports,
    reason = "a test stops loudly where the core must not"
)]

#[path = "market_data_wire/bytes.rs"]
mod bytes;
#[path = "market_data_wire/meanings.rs"]
mod meanings;
#[path = "market_data_wire/refusals.rs"]
mod refusals;
#[path = "market_data_wire/spelling.rs"]
mod spelling;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use razor_core::ids::{MarketIx, Registry, TokenIx};
use razor_core::units::{TickSize, UnitError};
use razor_core::wire::{
    Frame, Kind, Level, Limits, MAX_QTY, Message, Named, Quoted, Refusal, Span, decode,
    decode_predicted, decode_strict,
};
use razor_sim::rng::Rng;

const CONDITION: &str = "0xa467b14d51f01b957109d9cbb1d6c124fab2a089d52ed8f471d23c2812e743b7";
const YES: &str = "32338220190071351435772801779725302244575775216413325951443816017994629993401";
const NO: &str = "25659999999999999999999999999999999999999999999999999999999999999999999991962";
const HASH: &str = "6bd013d5f211e2eaecf60fbf357b1f936422049f";
const AT: i64 = 1_791_258_810_641;

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.define(MarketIx(0), CONDITION, [YES, NO]).expect("define");
    registry
}

/// Reads on both paths, which must agree.
fn read_with(bytes: &[u8], kind: Kind, limits: Limits) -> Result<Frame, Refusal> {
    let (mut frame, mut strict, registry) = (Frame::default(), Frame::default(), registry());
    let either = decode(bytes, kind, &registry, limits, &mut frame);
    let alone = decode_strict(bytes, kind, &registry, limits, &mut strict);
    assert_eq!((either, &frame), (alone, &strict), "{}", String::from_utf8_lossy(bytes));
    if either.is_err() {
        assert_eq!(frame, Frame::default(), "nothing of a refused frame is given out");
    }
    either.map(|()| frame)
}

fn read(text: &str, kind: Kind) -> Result<Frame, Refusal> {
    read_with(text.as_bytes(), kind, Limits::default())
}

// --- what a message means, as text ---------------------------------------------------------------

fn named<I: std::fmt::Debug>(name: Named<I>, bytes: &[u8]) -> String {
    format!("{:?}={}", name.ix, String::from_utf8_lossy(name.text.of(bytes)))
}

fn levels(levels: &[Level]) -> String {
    levels.iter().map(|level| format!("{}x{} ", level.price.0, level.qty.0)).collect()
}

fn quoted(quoted: Quoted) -> String {
    match quoted {
        Quoted::Absent => "-".to_owned(),
        Quoted::Empty => "none".to_owned(),
        Quoted::At(price) => price.0.to_string(),
    }
}

/// Everything a frame says, without the places at which it says it.
fn shown(frame: &Frame, bytes: &[u8]) -> String {
    let text = |span: Option<Span>| {
        span.map_or("-".to_owned(), |span| String::from_utf8_lossy(span.of(bytes)).into_owned())
    };
    let mut out = String::new();
    for message in &frame.messages {
        match message {
            Message::Book(book) => {
                let _ = writeln!(
                    out,
                    "book {} {} at {} hash {} bids {}asks {}tick {:?} min {:?} neg {:?} last {}",
                    named(book.market, bytes),
                    named(book.token, bytes),
                    book.venue_ts_ms,
                    text(book.hash.map(|hash| hash.0)),
                    levels(frame.bids_of(book)),
                    levels(frame.asks_of(book)),
                    book.tick.map(TickSize::micros),
                    book.min_order_qty.map(|qty| qty.0),
                    book.neg_risk,
                    text(book.last_trade_price),
                );
            }
            Message::Change(change) => {
                let _ = writeln!(
                    out,
                    "change {} at {}",
                    named(change.market, bytes),
                    change.venue_ts_ms
                );
                for change in frame.changes_of(change) {
                    let _ = writeln!(
                        out,
                        "  {} {} {:?} {} hash {} bid {} ask {}",
                        named(change.token, bytes),
                        change.price.0,
                        change.side,
                        change.qty.0,
                        text(change.hash.map(|hash| hash.0)),
                        quoted(change.best_bid),
                        quoted(change.best_ask),
                    );
                }
            }
            Message::Trade(trade) => {
                let _ = writeln!(
                    out,
                    "trade {} {} at {} {} {} {:?} tx {}",
                    named(trade.market, bytes),
                    named(trade.token, bytes),
                    trade.venue_ts_ms,
                    trade.price.micros(),
                    trade.qty.0,
                    trade.side,
                    text(trade.transaction_hash),
                );
            }
            Message::Tick(tick) => {
                let _ = writeln!(
                    out,
                    "tick {} {} at {} {} to {}",
                    named(tick.market, bytes),
                    named(tick.token, bytes),
                    tick.venue_ts_ms,
                    tick.old.micros(),
                    tick.new.micros(),
                );
            }
            Message::Top(top) => {
                let _ = writeln!(
                    out,
                    "top {} {} at {} {} {}",
                    named(top.market, bytes),
                    named(top.token, bytes),
                    top.venue_ts_ms,
                    quoted(top.best_bid),
                    quoted(top.best_ask),
                );
            }
            Message::NewMarket(new) => {
                let _ = writeln!(out, "new {}", named(new.market, bytes));
            }
            Message::Resolved(resolved) => {
                let winner = resolved.winner.map_or("-".to_owned(), |winner| named(winner, bytes));
                let _ = writeln!(out, "resolved {} {winner}", named(resolved.market, bytes));
            }
            Message::Unknown => out.push_str("unknown\n"),
            Message::Pong => out.push_str("pong\n"),
            Message::NoNewAssets => out.push_str("no new assets\n"),
        }
    }
    out
}
