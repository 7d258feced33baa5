//! Books by a table: a short script of messages, and what state, top and counters it must end in.
//!
//! A script is a list of steps, parted by `;`. Prices and sizes are the venue's texts.
//!
//! ```text
//! both                      snapshots of YES and NO in one frame: 0.40 x 10 bid, 0.50 x 20 asked
//! book Y 0.40:10 0.50:20    a snapshot of one token; `-` is an empty side
//! set Y B 0.41:5            a change of one level; `set Y B 0.41:5 0.41/0.50` states best prices
//! pair 0.41:5 S 0.59:5      a YES bid and the NO entry that should mirror it
//! top Y 0.41/0.50           best prices alone
//! tick Y 0.001              a new grid
//! print Y 0.41:3            a trade
//! pong | none               the two plain texts
//! other                     a snapshot of the second market
//! mix                       the first market's condition with the second one's token
//! foreign                   a change of a market that is not registered
//! unknown                   an event type that razor does not know
//! bad                       a frame that is no JSON
//! ts N                      venue time from here on, ms after the usual one
//! conn N | epoch N | rest | ws | lost N | all_lost | distrust | restart | start N
//! ```
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops loudly where the core must not"
)]

#[path = "books_faults/desk.rs"]
#[allow(dead_code, reason = "another test program uses the rest of it")]
mod desk;

use desk::{AT, Desk, NO_TOKEN, YES_TOKEN, level};
use razor_core::book::{BookState, DirtyReason, Suspicion, Top};
use razor_core::ids::{ConnIx, MarketIx, TokenIx};
use razor_core::units::{Price, Qty};
use razor_core::wire::Kind;

/// Script, YES state, NO state, YES top, and the counters that are not zero (messages left out).
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    // Snapshots.
    ("", "unhydrated", "unhydrated", "- -", ""),
    ("both", "live", "live", "0.4x10 0.5x20", "snapshots=2"),
    ("book Y 0.40:10 0.50:20", "live", "unhydrated", "0.4x10 0.5x20", "snapshots=1"),
    ("book N 0.40:10 0.50:20", "unhydrated", "live", "0.5x20 0.6x10", "snapshots=1"),
    ("book Y - -", "live", "unhydrated", "- -", "snapshots=1"),
    ("book Y 0.40:10 -", "live", "unhydrated", "0.4x10 -", "snapshots=1"),
    ("book Y - 0.50:20", "live", "unhydrated", "- 0.5x20", "snapshots=1"),
    ("book Y 0.39:1,0.40:2 0.60:3,0.50:4", "live", "unhydrated", "0.4x2 0.5x4", "snapshots=1"),
    ("book Y 0.01:1 0.99:1", "live", "unhydrated", "0.01x1 0.99x1", "snapshots=1"),
    ("both;book Y 0.30:1 0.70:1", "live", "live", "0.3x1 0.7x1", "snapshots=3 mirror_violations=0"),
    ("both;ts 1;book N 0.30:1 0.60:2", "live", "live", "0.4x2 0.7x1", "snapshots=3"),
    ("both;other", "live", "live", "0.4x10 0.5x20", "snapshots=3"),
    // Two views of one moment.
    (
        "book Y 0.40:10 0.50:20;book N 0.50:20 0.60:10",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=2",
    ),
    (
        "book Y 0.40:10 0.50:20;book N 0.50:20 0.60:11",
        "dirty Mirror",
        "dirty Mirror",
        "0.4x11 0.5x20",
        "snapshots=2 mirror_violations=1 dirtied=1",
    ),
    (
        "book Y 0.40:10 0.50:20;ts 1;book N 0.50:20 0.60:11",
        "live",
        "live",
        "0.4x11 0.5x20",
        "snapshots=2",
    ),
    (
        "book Y 0.40:10 0.50:20;set Y B 0.41:1;book N 0.50:20 0.60:10",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=2 changes=1",
    ),
    (
        "book Y 0.40:10 0.50:20;book N 0.50:1 0.60:1;ts 1;book Y 0.40:1 0.50:1",
        "live",
        "live",
        "0.4x1 0.5x1",
        "snapshots=3 mirror_violations=1 dirtied=1",
    ),
    // Changes.
    ("both;set Y B 0.41:5", "live", "live", "0.41x5 0.5x20", "snapshots=2 changes=1"),
    ("both;set Y S 0.49:5", "live", "live", "0.4x10 0.49x5", "snapshots=2 changes=1"),
    ("both;set N B 0.51:5", "live", "live", "0.4x10 0.49x5", "snapshots=2 changes=1"),
    ("both;set N S 0.59:5", "live", "live", "0.41x5 0.5x20", "snapshots=2 changes=1"),
    ("both;set Y B 0.40:0", "live", "live", "- 0.5x20", "snapshots=2 changes=1"),
    ("both;set Y S 0.50:0", "live", "live", "0.4x10 -", "snapshots=2 changes=1"),
    ("both;set Y B 0.40:99.5", "live", "live", "0.4x99.5 0.5x20", "snapshots=2 changes=1"),
    ("both;set Y B 0.30:0", "live", "live", "0.4x10 0.5x20", "snapshots=2 changes=1"),
    (
        "both;set Y B 0.42:1;set Y B 0.41:2;set Y B 0.42:0",
        "live",
        "live",
        "0.41x2 0.5x20",
        "snapshots=2 changes=3",
    ),
    ("set Y B 0.41:5", "unhydrated", "unhydrated", "- -", "no_snapshot=1"),
    (
        "book Y 0.40:10 0.50:20;set N B 0.51:5",
        "live",
        "unhydrated",
        "0.4x10 0.49x5",
        "snapshots=1 changes=1",
    ),
    ("both;pair 0.41:5 S 0.59:5", "live", "live", "0.41x5 0.5x20", "snapshots=2 changes=2"),
    (
        "both;pair 0.41:5 S 0.58:5",
        "dirty Mirror",
        "dirty Mirror",
        "0.4x10 0.5x20",
        "snapshots=2 mirror_violations=1 dirtied=1",
    ),
    (
        "both;pair 0.41:5 B 0.59:5",
        "dirty Mirror",
        "dirty Mirror",
        "0.4x10 0.5x20",
        "snapshots=2 mirror_violations=1 dirtied=1",
    ),
    (
        "ts -1;both;ts -2;set Y B 0.41:5",
        "live",
        "live",
        "0.41x5 0.5x20",
        "snapshots=2 changes=1 venue_time_back=1",
    ),
    ("both;ts 5;set Y B 0.41:5", "live", "live", "0.41x5 0.5x20", "snapshots=2 changes=1"),
    // Crossed books.
    (
        "both;set Y B 0.50:1",
        "suspect Crossed",
        "suspect Crossed",
        "0.5x1 0.5x20",
        "snapshots=2 changes=1 crossed=1",
    ),
    (
        "both;set Y B 0.50:1;set Y S 0.50:0",
        "live",
        "live",
        "0.5x1 -",
        "snapshots=2 changes=2 crossed=1",
    ),
    (
        "both;set Y B 0.50:1;set Y B 0.51:1",
        "suspect Crossed",
        "suspect Crossed",
        "0.51x1 0.5x20",
        "snapshots=2 changes=2 crossed=2",
    ),
    (
        "both;set Y B 0.50:1;ts 1;set Y B 0.30:1",
        "dirty Crossed",
        "dirty Crossed",
        "0.5x1 0.5x20",
        "snapshots=2 changes=2 crossed=2 dirtied=1",
    ),
    (
        "both;set Y B 0.50:1;ts 1;set Y B 0.30:1;both",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=4 changes=2 crossed=2 dirtied=1",
    ),
    (
        "book Y 0.50:1 0.50:1",
        "dirty Crossed",
        "unhydrated",
        "0.5x1 0.5x1",
        "snapshots=1 crossed=1 dirtied=1",
    ),
    (
        "book Y 0.60:1 0.50:1;ts 1;book Y 0.49:1 0.50:1",
        "live",
        "unhydrated",
        "0.49x1 0.5x1",
        "snapshots=2 crossed=1 dirtied=1",
    ),
    ("book Y 0.49:1 0.50:1", "live", "unhydrated", "0.49x1 0.5x1", "snapshots=1"),
    // Stated best prices.
    ("both;set Y B 0.41:5 0.41/0.50", "live", "live", "0.41x5 0.5x20", "snapshots=2 changes=1"),
    ("both;set Y B 0.41:5 0.410/0.5", "live", "live", "0.41x5 0.5x20", "snapshots=2 changes=1"),
    ("both;set N S 0.59:5 0.50/0.59", "live", "live", "0.41x5 0.5x20", "snapshots=2 changes=1"),
    (
        "both;set Y B 0.41:5 0.42/0.50",
        "suspect Top",
        "suspect Top",
        "0.41x5 0.5x20",
        "snapshots=2 changes=1 top_mismatches=1",
    ),
    (
        "both;set Y B 0.41:5 0/0.50",
        "suspect Top",
        "suspect Top",
        "0.41x5 0.5x20",
        "snapshots=2 changes=1 top_mismatches=1",
    ),
    ("both;set Y B 0.40:0 0/0.50", "live", "live", "- 0.5x20", "snapshots=2 changes=1"),
    ("both;set Y S 0.50:0 0.40/1", "live", "live", "0.4x10 -", "snapshots=2 changes=1"),
    ("both;top Y 0.40/0.50", "live", "live", "0.4x10 0.5x20", "snapshots=2"),
    ("both;top N 0.50/0.60", "live", "live", "0.4x10 0.5x20", "snapshots=2"),
    (
        "both;top Y 0.41/0.50",
        "suspect Top",
        "suspect Top",
        "0.4x10 0.5x20",
        "snapshots=2 top_mismatches=1",
    ),
    (
        "both;top Y 0.41/0.50;set Y B 0.41:1 0.41/0.50",
        "live",
        "live",
        "0.41x1 0.5x20",
        "snapshots=2 changes=1 top_mismatches=1",
    ),
    (
        "both;top Y 0.41/0.50;ts 1;top Y 0.41/0.50",
        "dirty TopMismatch",
        "dirty TopMismatch",
        "0.4x10 0.5x20",
        "snapshots=2 top_mismatches=2 dirtied=1",
    ),
    (
        "both;top Y 0.41/0.50;ts 1;top Y 0.40/0.50",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=2 top_mismatches=1",
    ),
    ("top Y 0.41/0.50", "unhydrated", "unhydrated", "- -", ""),
    // The grid.
    (
        "both;set Y B 0.415:5",
        "dirty RefusedUpdate",
        "dirty RefusedUpdate",
        "0.4x10 0.5x20",
        "snapshots=2 updates_refused=1 dirtied=1",
    ),
    ("book Y 0.405:5 0.50:1", "unhydrated", "unhydrated", "- -", "updates_refused=1"),
    (
        "both;book Y 0.405:5 0.50:1",
        "dirty RefusedUpdate",
        "dirty RefusedUpdate",
        "0.4x10 0.5x20",
        "snapshots=2 updates_refused=1 dirtied=1",
    ),
    ("both;tick Y 0.001", "unhydrated", "unhydrated", "- -", "snapshots=2 grid_changes=1"),
    ("both;tick N 0.001", "unhydrated", "unhydrated", "- -", "snapshots=2 grid_changes=1"),
    ("both;tick Y 0.01", "live", "live", "0.4x10 0.5x20", "snapshots=2"),
    (
        "both;tick Y 0.001;tick N 0.001;both",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=4 grid_changes=1",
    ),
    (
        "both;tick Y 0.001;set Y B 0.41:1",
        "unhydrated",
        "unhydrated",
        "- -",
        "snapshots=2 no_snapshot=1 grid_changes=1",
    ),
    (
        "tick Y 0.001;book Y 0.405:5 0.50:1",
        "live",
        "unhydrated",
        "0.405x5 0.5x1",
        "snapshots=1 grid_changes=1",
    ),
    (
        "both;tick Y 0.001;tick Y 0.01",
        "unhydrated",
        "unhydrated",
        "- -",
        "snapshots=2 grid_changes=2",
    ),
    // Losses, distrust and epochs.
    ("both;lost 0", "dirty LostFrame", "dirty LostFrame", "0.4x10 0.5x20", "snapshots=2"),
    ("both;lost 1", "live", "live", "0.4x10 0.5x20", "snapshots=2"),
    ("lost 0;both", "live", "live", "0.4x10 0.5x20", "snapshots=2"),
    ("both;all_lost", "dirty LostFrame", "dirty LostFrame", "0.4x10 0.5x20", "snapshots=2"),
    (
        "both;lost 0;set Y B 0.41:1",
        "dirty LostFrame",
        "dirty LostFrame",
        "0.41x1 0.5x20",
        "snapshots=2 changes=1",
    ),
    ("both;lost 0;both", "live", "live", "0.4x10 0.5x20", "snapshots=4"),
    ("both;distrust", "dirty Shell", "dirty Shell", "0.4x10 0.5x20", "snapshots=2 dirtied=1"),
    ("distrust;both", "live", "live", "0.4x10 0.5x20", "snapshots=2"),
    ("both;distrust;both", "live", "live", "0.4x10 0.5x20", "snapshots=4 dirtied=1"),
    ("both;start 1", "unhydrated", "unhydrated", "0.4x10 0.5x20", "snapshots=2"),
    ("both;start 0", "live", "live", "0.4x10 0.5x20", "snapshots=2"),
    ("both;epoch 1;pong", "unhydrated", "unhydrated", "0.4x10 0.5x20", "snapshots=2 plain_texts=1"),
    (
        "both;epoch 1;set Y B 0.41:1",
        "unhydrated",
        "unhydrated",
        "0.4x10 0.5x20",
        "snapshots=2 no_snapshot=1",
    ),
    ("both;epoch 1;book Y 0.3:1 0.6:1", "live", "unhydrated", "0.3x1 0.6x1", "snapshots=3"),
    (
        "both;epoch 1;pong;epoch 0;set Y B 0.41:1",
        "unhydrated",
        "unhydrated",
        "0.4x10 0.5x20",
        "frames_refused=1 snapshots=2 plain_texts=1",
    ),
    ("both;restart", "unhydrated", "unhydrated", "- -", "snapshots=2"),
    ("both;restart;both", "live", "live", "0.4x10 0.5x20", "snapshots=4"),
    ("epoch 7;both;restart;epoch 0;both", "live", "live", "0.4x10 0.5x20", "snapshots=4"),
    // Frames and messages that are about nothing here.
    ("both;bad", "live", "live", "0.4x10 0.5x20", "frames_refused=1 snapshots=2"),
    ("both;pong;none", "live", "live", "0.4x10 0.5x20", "snapshots=2 plain_texts=2"),
    ("both;unknown", "live", "live", "0.4x10 0.5x20", "snapshots=2 unknown_events=1"),
    ("both;foreign", "live", "live", "0.4x10 0.5x20", "snapshots=2 foreign_markets=1"),
    ("both;print Y 0.41:3", "live", "live", "0.4x10 0.5x20", "snapshots=2 trades=1"),
    ("print Y 0.41:3", "unhydrated", "unhydrated", "- -", "trades=1"),
    (
        "both;other;mix",
        "dirty WrongMarket",
        "dirty WrongMarket",
        "0.4x10 0.5x20",
        "snapshots=3 quarantined=1 dirtied=2",
    ),
    ("mix", "unhydrated", "unhydrated", "- -", "quarantined=1"),
    // Other connections.
    ("both;conn 1;both", "live", "live", "0.4x10 0.5x20", "snapshots=2 other_connection=2"),
    (
        "both;conn 1;set Y B 0.41:1",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=2 other_connection=1",
    ),
    ("both;lost 0;conn 1;book Y 0.3:1 0.6:1", "live", "live", "0.3x1 0.6x1", "snapshots=3"),
    (
        "both;distrust;conn 1;book Y 0.3:1 0.6:1",
        "live",
        "live",
        "0.3x1 0.6x1",
        "snapshots=3 dirtied=1",
    ),
    // REST books.
    (
        "both;rest;conn 1;book Y 0.40:10 0.50:20",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=2 rest_equal=1",
    ),
    (
        "both;rest;conn 1;book Y 0.40:10 0.50:21",
        "suspect Rest",
        "suspect Rest",
        "0.4x10 0.5x20",
        "snapshots=2 rest_differs=1",
    ),
    (
        "both;rest;conn 1;ts -1;book Y 0.40:10 0.50:20",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=2 rest_ghosts=1",
    ),
    (
        "both;rest;conn 1;ts 1;book Y 0.40:10 0.50:21",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=2 rest_ahead=1",
    ),
    (
        "both;rest;conn 1;ts 1;book Y 0.40:10 0.50:20",
        "live",
        "live",
        "0.4x10 0.5x20",
        "snapshots=2 rest_equal=1",
    ),
    ("rest;book Y 0.40:10 0.50:20", "live", "unhydrated", "0.4x10 0.5x20", "snapshots=1"),
    ("rest;book Y 0.01:10 0.99:20", "unhydrated", "unhydrated", "- -", "rest_placeholders=1"),
    ("rest;book Y 0.02:10 0.99:20", "live", "unhydrated", "0.02x10 0.99x20", "snapshots=1"),
    (
        "rest;book Y 0.40:10 0.50:20;ws;set Y B 0.41:1",
        "live",
        "unhydrated",
        "0.4x10 0.5x20",
        "snapshots=1 no_snapshot=1",
    ),
    ("rest;book Y 0.40:10 0.50:20;ws;both", "live", "live", "0.4x10 0.5x20", "snapshots=3"),
    (
        "rest;book Y 0.40:10 0.50:20;book Y 0.41:10 0.50:20",
        "live",
        "unhydrated",
        "0.41x10 0.5x20",
        "snapshots=2",
    ),
];

fn side(text: &str) -> String {
    if text == "-" {
        return String::new();
    }
    let levels = text.split(',').map(|cell| {
        let (price, size) = cell.split_once(':').expect("price:size");
        level(price, size)
    });
    levels.collect::<Vec<_>>().join(",")
}

fn token(word: &str) -> &'static str {
    match word {
        "Y" => "YES",
        "N" => "NO",
        other => panic!("no token: {other}"),
    }
}

fn number(word: &str) -> i64 {
    word.parse().expect("a number")
}

/// Takes one step of a script. Refused frames are part of a script.
fn step(desk: &mut Desk, step: &str) {
    let words: Vec<&str> = step.split_whitespace().collect();
    let cut = |cell: &'static str| cell;
    match words.as_slice() {
        [] => {}
        ["both"] => desk.snapshots(),
        ["book", name, bids, asks] => desk.book(token(name), &side(bids), &side(asks)),
        ["set", name, way, cell] => {
            let (price, size) = cell.split_once(':').expect("price:size");
            desk.change(token(name), way_of(way), price, size);
        }
        ["set", name, way, cell, tops] => {
            let (price, size) = cell.split_once(':').expect("price:size");
            let (bid, ask) = tops.split_once('/').expect("bid/ask");
            desk.change_with_tops(token(name), way_of(way), price, size, bid, ask);
        }
        ["pair", yes, way, no] => {
            let (price, size) = no.split_once(':').expect("price:size");
            let yes = yes.split_once(':').expect("price:size");
            desk.pair(yes, (way_of(way), price, size));
        }
        ["top", name, tops] => {
            let (bid, ask) = tops.split_once('/').expect("bid/ask");
            desk.top(token(name), bid, ask);
        }
        ["tick", name, new] => desk.tick(token(name), "0.01", new),
        ["print", name, cell] => {
            let (price, size) = cell.split_once(':').expect("price:size");
            let text = desk.trade_text(token(name), price, size);
            _ = desk.try_frame(&text);
        }
        ["pong"] => _ = desk.try_frame("PONG"),
        ["none"] => _ = desk.try_frame("NO NEW ASSETS"),
        ["other"] => desk.snapshots_of_second_market(),
        ["mix"] => {
            let text = desk.change_text("OTHER", "BUY", "0.41", "5", "");
            _ = desk.try_frame(&text);
        }
        ["foreign"] => {
            let text = desk.change_text("YES", "BUY", "0.41", "5", "");
            let text = text.replace(&"a".repeat(64), &"c".repeat(64));
            _ = desk.try_frame(&text.replace(&"1a".repeat(38), &"9".repeat(76)));
        }
        ["unknown"] => _ = desk.try_frame(cut("{\"event_type\":\"weather\"}")),
        ["bad"] => _ = desk.try_frame("{"),
        ["ts", ms] => desk.venue_ts = AT + number(ms),
        ["conn", ix] => desk.conn = ConnIx(u16::try_from(number(ix)).expect("index")),
        ["epoch", epoch] => desk.epoch = u32::try_from(number(epoch)).expect("epoch"),
        ["rest"] => desk.kind = Kind::Rest,
        ["ws"] => desk.kind = Kind::Ws,
        ["lost", ix] => desk.books.frame_lost(ConnIx(u16::try_from(number(ix)).expect("index"))),
        ["all_lost"] => desk.books.all_lost(),
        ["distrust"] => desk.books.distrust(MarketIx(0)),
        ["restart"] => desk.books.restart(),
        ["start", epoch] => {
            desk.books.start_epoch(ConnIx(0), u32::try_from(number(epoch)).expect("epoch"));
        }
        other => panic!("no step: {other:?}"),
    }
}

fn way_of(word: &str) -> &'static str {
    match word {
        "B" => "BUY",
        "S" => "SELL",
        other => panic!("no side: {other}"),
    }
}

/// Runs a script; frames refused by `expect` inside the desk are the script's error, except those
/// of an old epoch, which come as a step of their own.
fn run(script: &str) -> Desk {
    let mut desk = Desk::new();
    let mut latest = 0;
    for text in script.split(';') {
        if desk.epoch < latest && text.starts_with("set") {
            let change = desk.change_text("YES", "BUY", "0.41", "1", "");
            assert!(desk.try_frame(&change).is_err(), "an old epoch is refused");
            continue;
        }
        step(&mut desk, text);
        latest = if text == "restart" { 0 } else { latest.max(desk.epoch) };
    }
    desk
}

fn state(desk: &Desk, token: TokenIx) -> String {
    let reason = |reason: DirtyReason| format!("dirty {reason:?}");
    let doubt = |cause: Suspicion| format!("suspect {cause:?}");
    match desk.books.state(token) {
        BookState::Unhydrated => "unhydrated".to_owned(),
        BookState::Dirty(cause) => reason(cause),
        BookState::Suspect(cause) => doubt(cause),
        BookState::Stale { .. } => "stale".to_owned(),
        BookState::Live => "live".to_owned(),
    }
}

fn decimal(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn top(desk: &Desk) -> String {
    let Top { bid, ask } = desk.books.top(YES_TOKEN);
    let cell = |level: Option<(Price, Qty)>| {
        level.map_or("-".to_owned(), |(price, qty)| {
            format!("{}x{}", decimal(u64::from(price.micros())), decimal(qty.0))
        })
    };
    format!("{} {}", cell(bid), cell(ask))
}

/// The counters that are not zero, in the order of their definition, without the messages.
fn counters(desk: &Desk) -> String {
    let text = serde_json::to_string(desk.books.counters()).expect("counters");
    let cells = text.trim_matches(['{', '}']).split(',').map(|cell| {
        let (name, count) = cell.split_once(':').expect("name:count");
        (name.trim_matches('"').to_owned(), count.to_owned())
    });
    let shown = cells.filter(|(name, count)| count != "0" && name != "messages");
    shown.map(|(name, count)| format!("{name}={count}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_script_ends_in_its_state_top_and_counters() {
    let mut wrong = Vec::new();
    for (script, yes, no, best, counts) in ROWS {
        let desk = run(script);
        let found = (state(&desk, YES_TOKEN), state(&desk, NO_TOKEN), top(&desk), counters(&desk));
        let counts: Vec<&str> = counts.split(' ').filter(|cell| !cell.ends_with("=0")).collect();
        let want = ((*yes).to_owned(), (*no).to_owned(), (*best).to_owned(), counts.join(" "));
        if found != want {
            wrong.push(format!("{script}\n   found {found:?}\n  wanted {want:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

#[test]
fn a_script_twice_is_the_same_book() {
    for (script, ..) in ROWS {
        let (one, two) = (run(script), run(script));
        assert_eq!(one.books.state_hash(MarketIx(0)), two.books.state_hash(MarketIx(0)));
        assert_eq!(one.books.counters(), two.books.counters(), "{script}");
    }
}

#[test]
fn both_tokens_show_one_book_after_every_script() {
    for (script, ..) in ROWS {
        let desk = run(script);
        let (yes, no) = (desk.books.top(YES_TOKEN), desk.books.top(NO_TOKEN));
        let mirrored =
            |side: Option<(Price, Qty)>| side.map(|(price, qty)| (1_000_000 - price.micros(), qty));
        let plain = |side: Option<(Price, Qty)>| side.map(|(price, qty)| (price.micros(), qty));
        assert_eq!(mirrored(yes.bid), plain(no.ask), "{script}");
        assert_eq!(mirrored(yes.ask), plain(no.bid), "{script}");
    }
}

#[test]
fn a_snapshot_of_the_followed_stream_heals_whatever_came_before() {
    for (script, ..) in ROWS {
        let mut desk = run(script);
        // A new connection epoch at a later time: nothing of the past may show.
        desk.kind = Kind::Ws;
        desk.conn = ConnIx(0);
        desk.epoch = 9;
        desk.venue_ts = AT + 1_000;
        desk.tick("YES", "0.01", "0.01");
        desk.snapshots();
        let followed = state(&desk, YES_TOKEN);
        if !script.contains("conn 1") {
            assert_eq!(followed, "live", "{script}");
            assert_eq!(top(&desk), "0.4x10 0.5x20", "{script}");
        }
    }
}

#[test]
fn nothing_but_live_is_live() {
    for (script, yes, no, ..) in ROWS {
        let desk = run(script);
        assert_eq!(desk.books.is_live(YES_TOKEN), *yes == "live", "{script}");
        assert_eq!(desk.books.is_live(NO_TOKEN), *no == "live", "{script}");
    }
}
