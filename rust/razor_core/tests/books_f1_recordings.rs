//! The real recordings F1: every message decodes, every hash reproduces.
//!
//! The recordings stay outside the project. Without them the test says so and passes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    reason = "a test stops loudly where the core must not"
)]

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use razor_core::book::{BookParams, Books, HashTally, Report, Source};
use razor_core::ids::{ConnIx, MarketIx, TokenIx};
use razor_core::market::{Fees, MarketDef};
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::{Frame, Kind, Message, decode_predicted};
use serde_json::Value;

fn sessions() -> Option<PathBuf> {
    let root = std::env::var_os("RAZOR_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let sessions = root.join("updown15m-raw-sessions");
    sessions.is_dir().then_some(sessions)
}

fn lines(path: PathBuf) -> Vec<Value> {
    let mut text = String::new();
    let file = File::open(path).expect("file");
    zstd::Decoder::new(file).expect("zstd").read_to_string(&mut text).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("line")).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect(key)
}

fn add_markets(books: &mut Books, markets: &[Value]) {
    for (index, market) in markets.iter().enumerate() {
        let def = MarketDef {
            condition_id: text(market, "condition_id").into(),
            token_ids: [0, 1].map(|i| text(&market["outcomes"][i], "token_id").into()),
            label: text(market, "slug").into(),
            tick: TickSize::CENT,
            min_order_qty: Qty(5_000_000),
            fees: Fees::Unknown,
            neg_risk: false,
            end_ms: 0,
        };
        books.add_market(MarketIx(u32::try_from(index).expect("index")), &def).expect("market");
    }
}

struct Session {
    books: Books,
    prediction_failures: u32,
    rest: u32,
    ws_books: u32,
    entries: u32,
}

/// Replays a session; the recorder connected anew in each cycle of 1,000,000 sequence numbers.
fn replay(session: &std::path::Path) -> Session {
    let params = BookParams { hash_every: 1, ..BookParams::default() };
    let mut books = Books::with_params(params);
    add_markets(&mut books, &lines(session.join("markets.jsonl.zst")));
    let mut result = Session { books, prediction_failures: 0, rest: 0, ws_books: 0, entries: 0 };
    let (mut report, mut frame) = (Report::default(), Frame::default());
    for line in lines(session.join("raw_messages.jsonl.zst")) {
        if text(&line, "source") != "polymarket_clob" {
            continue;
        }
        let payload = text(&line, "payload").as_bytes();
        let kind = if payload.starts_with(b"[") || memmem(payload, b"event_type") {
            Kind::Ws
        } else {
            Kind::Rest
        };
        let cycle = line["ingest_seq"].as_u64().expect("seq") / 1_000_000;
        let source = Source {
            conn: ConnIx(u16::from(kind == Kind::Rest)),
            epoch: u32::try_from(cycle).expect("cycle"),
            recv_ns: Nanos(line["recv_mono_ns"].as_i64().expect("time")),
            kind,
        };
        result.books.apply(source, payload, &mut report).expect("accepted");
        result.books.check_hashes();
        let predicted = decode_predicted(payload, kind, result.books.registry(), &mut frame);
        result.count(kind, payload, predicted, &frame);
    }
    result
}

impl Session {
    fn count(&mut self, kind: Kind, payload: &[u8], predicted: bool, frame: &Frame) {
        if !predicted {
            self.prediction_failures += u32::from(!memmem(payload, b"new_market"));
            return;
        }
        for message in &frame.messages {
            match (kind, message) {
                (Kind::Rest, Message::Book(_)) => self.rest += 1,
                (Kind::Ws, Message::Book(_)) => self.ws_books += 1,
                (Kind::Ws, Message::Change(change)) => {
                    self.entries += u32::try_from(frame.changes_of(change).len()).expect("count");
                }
                other => panic!("unexpected {other:?}"),
            }
        }
    }
}

fn memmem(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn every_recorded_book_and_change_decodes_on_the_predicted_path_and_reproduces_its_hash() {
    let Some(root) = sessions() else {
        eprintln!("skipped: recordings F1 are not here; set RAZOR_SHARED_DATA to their folder");
        return;
    };
    let mut sums = [HashTally::default(); 3];
    let (mut rest, mut ws_books, mut entries) = (0, 0, 0);
    let mut folders: Vec<_> = std::fs::read_dir(root)
        .expect("folder")
        .map(|entry| entry.expect("entry").path())
        .collect();
    folders.sort();
    for folder in folders {
        let session = replay(&folder);
        let tallies = session.books.hash_tallies();
        for (sum, tally) in sums.iter_mut().zip([tallies.rest, tallies.ws_book, tallies.ws_change])
        {
            sum.matched += tally.matched;
            sum.mismatched += tally.mismatched;
            sum.unchecked += tally.unchecked;
        }
        assert_eq!(session.prediction_failures, 0, "{}", folder.display());
        rest += session.rest;
        ws_books += session.ws_books;
        entries += session.entries;
        let counters = session.books.counters();
        println!("{} {counters:?}", folder.display());
        assert_eq!(counters.mirror_violations, 0);
        assert_eq!(counters.quarantined + counters.updates_refused + counters.no_snapshot, 0);
        for token in 0..6 {
            assert!(
                session.books.is_live(TokenIx(token)),
                "{token} {:?}",
                session.books.state(TokenIx(token))
            );
        }
    }
    let whole = |matched| HashTally { matched, mismatched: 0, unchecked: 0 };
    assert_eq!((rest, ws_books, entries), (414, 210, 100));
    assert_eq!(sums, [whole(414), whole(210), whole(100)]);
}
