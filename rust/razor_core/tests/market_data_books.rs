//! Books as a state machine: every state, every event, the state after it and every count it moves.
//!
//! The tables are written by hand from the rules (FAULTS group A, INVARIANTS S-18). A row compares
//! all counters, so an event that counts something unforeseen fails it.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::unwrap_used,
    reason = "a test stops loudly where the core must not"
)]

#[allow(dead_code, reason = "shared with the tests of the faults, each uses its part")]
#[path = "books_faults/desk.rs"]
mod desk;

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

// --- states --------------------------------------------------------------------------------------

type Build = fn(&mut Desk);

/// Every state a book can be in, and how it comes there from a LIVE book of 0.40/0.50.
const STATES: [(BookState, Build); 13] = [
    (UNHYDRATED, |desk| *desk = Desk::new()),
    (LIVE, |_| {}),
    (BookState::Suspect(Suspicion::Crossed), |desk| desk.change("YES", "BUY", "0.55", "10")),
    (BookState::Suspect(Suspicion::Top), |desk| desk.top("YES", "0.39", "0.50")),
    (BookState::Suspect(Suspicion::Rest), |desk| {
        as_rest(desk, |desk| desk.book("YES", &level("0.38", "1"), &level("0.50", "20")));
    }),
    (BookState::Dirty(DirtyReason::LostFrame), |desk| desk.books.frame_lost(ConnIx(0))),
    (BookState::Dirty(DirtyReason::Crossed), |desk| {
        desk.book("YES", &level("0.50", "1"), &level("0.50", "1"));
    }),
    (BookState::Dirty(DirtyReason::TopMismatch), |desk| {
        desk.top("YES", "0.39", "0.50");
        desk.venue_ts += 1;
        desk.top("YES", "0.39", "0.50");
        desk.venue_ts -= 1;
    }),
    (BookState::Dirty(DirtyReason::Mirror), |desk| {
        desk.pair(("0.41", "5"), ("SELL", "0.59", "6"));
    }),
    (BookState::Dirty(DirtyReason::WrongMarket), |desk| desk.change("OTHER", "BUY", "0.41", "5")),
    (BookState::Dirty(DirtyReason::RefusedUpdate), |desk| desk.change("YES", "BUY", "0.415", "5")),
    (BookState::Dirty(DirtyReason::RestMismatch), |desk| {
        // A statement about a later moment, then a REST book of the book's own moment.
        desk.venue_ts += 5;
        desk.top("YES", "0.39", "0.50");
        desk.venue_ts -= 5;
        as_rest(desk, |desk| desk.book("YES", &level("0.38", "1"), &level("0.50", "20")));
    }),
    (BookState::Dirty(DirtyReason::Shell), |desk| desk.books.distrust(MARKET)),
];

fn in_state(index: usize) -> Desk {
    let mut desk = Desk::new();
    desk.at(10).snapshots();
    desk.snapshots_of_second_market();
    STATES[index].1(&mut desk);
    assert_eq!(desk.state(), STATES[index].0, "row {index} begins where it says");
    desk
}

#[test]
fn every_state_can_be_reached() {
    for index in 0..STATES.len() {
        in_state(index);
    }
}

/// What an event does to each state; `Keep` where nothing changes.
enum After {
    Keep,
    All(BookState),
    /// UNHYDRATED stays, LIVE and SUSPECT become this, DIRTY keeps its first reason.
    Doubt(BookState),
    /// As written for the first five of [`STATES`]; DIRTY keeps its first reason.
    Each([BookState; 5]),
}

fn expected(after: &After, index: usize) -> BookState {
    let from = STATES[index].0;
    match (after, from) {
        (After::Keep, _) | (After::Doubt(_), BookState::Unhydrated | BookState::Dirty(_)) => from,
        (After::All(state), _) | (After::Doubt(state), _) => *state,
        (After::Each(states), _) => states.get(index).copied().unwrap_or(from),
    }
}

type Event = fn(&mut Desk);

fn events() -> Vec<(&'static str, Event, After)> {
    let lost = dirty(DirtyReason::LostFrame);
    let suspect = |cause| BookState::Suspect(cause);
    let (top, rest, crossed) =
        (suspect(Suspicion::Top), suspect(Suspicion::Rest), suspect(Suspicion::Crossed));
    vec![
        (
            "both snapshots of a later moment",
            |desk| {
                desk.venue_ts += 1;
                desk.snapshots();
            },
            After::All(LIVE),
        ),
        (
            "its own token's snapshot",
            |desk| {
                desk.venue_ts += 1;
                desk.book("YES", &level("0.30", "1"), &level("0.60", "1"));
            },
            After::All(LIVE),
        ),
        (
            "a crossed snapshot",
            |desk| {
                desk.venue_ts += 1;
                desk.book("YES", &level("0.60", "1"), &level("0.60", "1"));
            },
            After::All(dirty(DirtyReason::Crossed)),
        ),
        (
            "halves of one moment that do not mirror",
            |desk| {
                desk.venue_ts += 1;
                desk.book("NO", &level("0.50", "2"), &level("0.60", "3"));
                desk.book("YES", &level("0.41", "1"), &level("0.50", "2"));
            },
            After::All(dirty(DirtyReason::Mirror)),
        ),
        (
            "a new epoch of its connection",
            |desk| desk.books.start_epoch(ConnIx(0), 1),
            After::All(UNHYDRATED),
        ),
        (
            "a frame of a new epoch",
            |desk| {
                desk.epoch = 1;
                desk.frame("PONG");
            },
            After::All(UNHYDRATED),
        ),
        ("a restart of the reader", |desk| desk.books.restart(), After::All(UNHYDRATED)),
        ("a new grid", |desk| desk.tick("YES", "0.01", "0.001"), After::All(UNHYDRATED)),
        (
            "a new grid named by the other token",
            |desk| desk.tick("NO", "0.01", "0.001"),
            After::All(UNHYDRATED),
        ),
        (
            "a lost frame of its connection",
            |desk| desk.books.frame_lost(ConnIx(0)),
            After::Each([UNHYDRATED, lost, lost, lost, lost]),
        ),
        (
            "a lost frame of another connection",
            |desk| desk.books.frame_lost(ConnIx(3)),
            After::Keep,
        ),
        (
            "the doubt of the shell",
            |desk| desk.books.distrust(MARKET),
            After::Doubt(dirty(DirtyReason::Shell)),
        ),
        (
            "the doubt of the shell about another market",
            |desk| desk.books.distrust(MarketIx(1)),
            After::Keep,
        ),
        (
            "a mix-up",
            |desk| desk.change("OTHER", "BUY", "0.41", "5"),
            After::Doubt(dirty(DirtyReason::WrongMarket)),
        ),
        (
            "an off-grid change",
            |desk| desk.change("YES", "BUY", "0.415", "5"),
            After::Doubt(dirty(DirtyReason::RefusedUpdate)),
        ),
        (
            "an off-grid snapshot",
            |desk| desk.book("YES", &level("0.415", "1"), ""),
            After::Doubt(dirty(DirtyReason::RefusedUpdate)),
        ),
        (
            "a pair that does not mirror",
            |desk| desk.pair(("0.41", "5"), ("SELL", "0.59", "6")),
            After::Doubt(dirty(DirtyReason::Mirror)),
        ),
        ("the grid in force, stated again", |desk| desk.tick("YES", "0.001", "0.01"), After::Keep),
        ("an answered ping", |desk| desk.frame("PONG"), After::Keep),
        ("a type nobody knows", |desk| desk.frame("{\"event_type\":\"x\"}"), After::Keep),
        (
            "a print",
            |desk| {
                let text = desk.trade_text("YES", "0.5", "1");
                desk.frame(&text);
            },
            After::Keep,
        ),
        (
            "a resolution",
            |desk| {
                let text = desk.resolved_text();
                desk.frame(&text);
            },
            After::Keep,
        ),
        ("another market's data", |desk| desk.snapshots_of_second_market(), After::Keep),
        (
            "a stated top of a later moment that agrees",
            |desk| {
                desk.venue_ts += 1;
                let top = desk.books.top(YES_TOKEN);
                let text = |side: Option<(Price, Qty)>| {
                    side.map_or("0".into(), |(price, _)| text_of(price))
                };
                let (bid, ask) = (text(top.bid), text(top.ask));
                desk.top("YES", &bid, &ask);
            },
            After::Each([UNHYDRATED, LIVE, dirty(DirtyReason::Crossed), LIVE, LIVE]),
        ),
        (
            "a stated top of the same moment that disagrees",
            |desk| desk.top("YES", "0.02", "0.50"),
            After::Each([UNHYDRATED, top, crossed, top, rest]),
        ),
        (
            "a stated top of a later moment that disagrees",
            |desk| {
                desk.venue_ts += 1;
                desk.top("YES", "0.02", "0.50");
            },
            After::Each([
                UNHYDRATED,
                top,
                dirty(DirtyReason::Crossed),
                dirty(DirtyReason::TopMismatch),
                dirty(DirtyReason::TopMismatch),
            ]),
        ),
        (
            "an equal REST book",
            |desk| {
                if desk.state() == UNHYDRATED {
                    return;
                }
                desk.venue_ts += 1;
                let (bids, asks) = copy_of_book(desk);
                as_rest(desk, |desk| desk.book("YES", &bids, &asks));
            },
            After::Keep,
        ),
        (
            "an old REST book",
            |desk| {
                if desk.state() == UNHYDRATED {
                    return;
                }
                desk.venue_ts -= 1;
                as_rest(desk, |desk| desk.book("YES", &level("0.10", "1"), &level("0.90", "1")));
            },
            After::Keep,
        ),
        (
            "a REST book that is ahead",
            |desk| {
                if desk.state() == UNHYDRATED {
                    return;
                }
                desk.venue_ts += 1;
                as_rest(desk, |desk| desk.book("YES", &level("0.10", "1"), &level("0.90", "1")));
            },
            After::Keep,
        ),
        (
            "the REST placeholder",
            |desk| {
                as_rest(desk, |desk| {
                    desk.venue_ts += 1;
                    desk.book("YES", &level("0.01", "1"), &level("0.99", "1"));
                });
            },
            After::Keep,
        ),
        ("a refused frame", |desk| assert!(desk.try_frame("{").is_err()), After::Keep),
    ]
}

#[test]
fn every_event_takes_every_state_where_the_table_says() {
    for (what, event, after) in events() {
        for index in 0..STATES.len() {
            let mut desk = in_state(index);
            event(&mut desk);
            let mut wanted = expected(&after, index);
            // Lost frames are asked about before any other reason.
            let lost = dirty(DirtyReason::LostFrame);
            if what == "a lost frame of its connection" && index > 0 {
                wanted = lost;
            }
            assert_eq!(desk.state(), wanted, "{what} from {:?}", STATES[index].0);
        }
    }
}

#[test]
fn the_other_tokens_state_follows_but_for_its_own_hydration() {
    for (what, event, _) in events() {
        let mut desk = in_state(1);
        event(&mut desk);
        let [yes, no] = [YES_TOKEN, NO_TOKEN].map(|token| desk.books.state(token));
        assert_eq!(yes, no, "{what}: one book");
    }
    let mut desk = Desk::new();
    desk.book("NO", &level("0.50", "20"), &level("0.60", "10"));
    assert_eq!((desk.books.state(NO_TOKEN), desk.state()), (LIVE, UNHYDRATED));
    desk.change("YES", "BUY", "0.41", "5");
    assert_eq!(desk.books.top(NO_TOKEN).ask.map(|(price, _)| price.micros()), Some(590_000));
    assert_eq!(desk.state(), UNHYDRATED, "a change is no snapshot");
}

/// What each event moves on a LIVE book, to the last counter.
#[test]
fn every_event_counts_what_the_table_says_and_nothing_else() {
    let cases: Vec<(&str, Event, &[(&str, u64)])> = vec![
        ("a change", |d| d.change("YES", "BUY", "0.41", "5"), &[("changes", 1), ("messages", 1)]),
        (
            "two changes",
            |d| {
                let text =
                    d.changes_text(&[("YES", "BUY", "0.41", "5"), ("YES", "BUY", "0.40", "0")]);
                d.frame(&text);
            },
            &[("changes", 2), ("messages", 1)],
        ),
        (
            "both snapshots",
            |d| {
                d.venue_ts += 1;
                d.snapshots();
            },
            &[("messages", 2), ("snapshots", 2)],
        ),
        (
            "a change back in venue time",
            |d| {
                d.venue_ts -= 1;
                d.change("YES", "BUY", "0.41", "5");
            },
            &[("changes", 1), ("messages", 1), ("venue_time_back", 1)],
        ),
        (
            "a cross",
            |d| d.change("YES", "BUY", "0.55", "5"),
            &[("changes", 1), ("crossed", 1), ("messages", 1)],
        ),
        (
            "a cross that lasts",
            |d| {
                d.change("YES", "BUY", "0.55", "5");
                d.venue_ts += 1;
                d.change("YES", "BUY", "0.41", "5");
            },
            &[("changes", 2), ("crossed", 2), ("dirtied", 1), ("messages", 2)],
        ),
        (
            "a top that differs",
            |d| d.top("YES", "0.39", "0.5"),
            &[("messages", 1), ("top_mismatches", 1)],
        ),
        (
            "a change with a wrong top",
            |d| {
                d.change_with_tops("YES", "BUY", "0.41", "5", "0.40", "0.50");
            },
            &[("changes", 1), ("messages", 1), ("top_mismatches", 1)],
        ),
        (
            "a pair that does not mirror",
            |d| d.pair(("0.41", "5"), ("SELL", "0.59", "6")),
            &[("dirtied", 1), ("messages", 1), ("mirror_violations", 1)],
        ),
        (
            "an off-grid change",
            |d| d.change("YES", "BUY", "0.415", "5"),
            &[("dirtied", 1), ("messages", 1), ("updates_refused", 1)],
        ),
        (
            "a mix-up",
            |d| d.change("OTHER", "BUY", "0.41", "5"),
            &[("dirtied", 2), ("messages", 1), ("quarantined", 1)],
        ),
        (
            "a foreign market",
            |d| {
                let text = d.change_text("YES", "BUY", "0.41", "5", "");
                d.frame(&text.replace(&"a".repeat(64), "f").replace(&"1a".repeat(38), "9"));
            },
            &[("foreign_markets", 1), ("messages", 1)],
        ),
        ("a new grid", |d| d.tick("YES", "0.01", "0.001"), &[("grid_changes", 1), ("messages", 1)]),
        (
            "a print",
            |d| {
                let text = d.trade_text("YES", "0.5", "1");
                d.frame(&text);
            },
            &[("messages", 1), ("trades", 1)],
        ),
        (
            "the words of the stream",
            |d| {
                d.frame("PONG");
                d.frame("NO NEW ASSETS");
            },
            &[("messages", 2), ("plain_texts", 2)],
        ),
        (
            "a type nobody knows",
            |d| d.frame("{\"event_type\":\"x\"}"),
            &[("messages", 1), ("unknown_events", 1)],
        ),
        ("an empty frame", |d| d.frame("[]"), &[]),
        ("a refused frame", |d| assert!(d.try_frame("[").is_err()), &[("frames_refused", 1)]),
        (
            "a frame of an old epoch",
            |d| {
                d.books.start_epoch(ConnIx(0), 1);
                let refusal = Refusal::OldEpoch { current: 1, found: 0 };
                assert_eq!(d.try_frame("[]"), Err(refusal));
            },
            &[("frames_refused", 1)],
        ),
        (
            "a change after a reconnect",
            |d| {
                d.epoch = 1;
                d.change("YES", "BUY", "0.41", "5");
            },
            &[("messages", 1), ("no_snapshot", 1)],
        ),
        (
            "a change of another connection",
            |d| {
                d.conn = ConnIx(1);
                d.change("YES", "BUY", "0.41", "5");
            },
            &[("messages", 1), ("other_connection", 1)],
        ),
        (
            "a snapshot of another connection",
            |d| {
                d.conn = ConnIx(1);
                d.book("YES", &level("0.30", "1"), &level("0.60", "1"));
            },
            &[("messages", 1), ("other_connection", 1)],
        ),
        (
            "a stated top of another connection",
            |d| {
                d.conn = ConnIx(1);
                d.top("YES", "0.39", "0.5");
            },
            &[("messages", 1)],
        ),
        (
            "an equal REST book",
            |d| {
                let (bids, asks) = copy_of_book(d);
                as_rest(d, |d| d.book("YES", &bids, &asks));
            },
            &[("messages", 1), ("rest_equal", 1)],
        ),
        (
            "a REST book of the same moment that differs",
            |d| {
                as_rest(d, |d| d.book("YES", &level("0.38", "1"), ""));
            },
            &[("messages", 1), ("rest_differs", 1)],
        ),
        (
            "a REST book that is ahead",
            |d| {
                d.venue_ts += 1;
                as_rest(d, |d| d.book("YES", &level("0.38", "1"), ""));
            },
            &[("messages", 1), ("rest_ahead", 1)],
        ),
        (
            "an old REST book",
            |d| {
                d.venue_ts -= 1;
                as_rest(d, |d| d.book("YES", &level("0.38", "1"), ""));
            },
            &[("messages", 1), ("rest_ghosts", 1)],
        ),
        (
            "the doubt of the shell, twice",
            |d| {
                d.books.distrust(MARKET);
                d.books.distrust(MARKET);
                d.books.distrust(MarketIx(99));
            },
            &[("dirtied", 1)],
        ),
    ];
    for (what, event, expected) in cases {
        let mut desk = in_state(1);
        let before = counts(&desk);
        event(&mut desk);
        let expected: Vec<(String, u64)> =
            expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        assert_eq!(moved(&before, &desk), expected, "{what}");
    }
}

// --- REST beside the stream (F-07) ---------------------------------------------------------------

/// What becomes of a REST book: (stream, venue time less the book's, answer) and the outcome.
#[test]
fn a_rest_book_proves_doubts_stands_in_or_is_a_ghost() {
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Stream {
        Never,
        Lasting,
        Ended,
        Regridded,
    }
    use Stream::{Ended, Lasting, Never, Regridded};
    let equal = (level("0.40", "10"), level("0.50", "20"));
    let other = (level("0.38", "1"), level("0.50", "20"));
    let placeholder = (level("0.01", "900"), level("0.99", "900"));
    let deep_placeholder = (level("0.005", "1").replace("0.005", "0.01"), level("0.99", "1"));
    let half_placeholder = (level("0.01", "1"), level("0.50", "20"));
    let empty = (String::new(), String::new());
    let cases = [
        (Never, 0, &equal, "snapshots", LIVE),
        (Never, 0, &empty, "snapshots", LIVE),
        (Never, 0, &half_placeholder, "snapshots", LIVE),
        (Never, 0, &placeholder, "rest_placeholders", UNHYDRATED),
        (Never, 0, &deep_placeholder, "rest_placeholders", UNHYDRATED),
        (Lasting, 0, &equal, "rest_equal", LIVE),
        (Lasting, 9, &equal, "rest_equal", LIVE),
        (Lasting, -1, &equal, "rest_ghosts", LIVE),
        (Lasting, -1, &other, "rest_ghosts", LIVE),
        (Lasting, 0, &other, "rest_differs", BookState::Suspect(Suspicion::Rest)),
        (Lasting, 0, &placeholder, "rest_differs", BookState::Suspect(Suspicion::Rest)),
        (Lasting, 9, &other, "rest_ahead", LIVE),
        (Lasting, 9, &placeholder, "rest_ahead", LIVE),
        (Ended, -1, &other, "rest_ghosts", UNHYDRATED),
        (Ended, -1, &equal, "rest_ghosts", UNHYDRATED),
        (Ended, 0, &equal, "snapshots", LIVE),
        (Ended, 9, &other, "snapshots", LIVE),
        (Ended, 9, &placeholder, "rest_placeholders", UNHYDRATED),
        (Regridded, -1, &equal, "rest_ghosts", UNHYDRATED),
        (Regridded, 9, &equal, "snapshots", LIVE),
    ];
    for (stream, later, (bids, asks), counter, state) in cases {
        let mut desk = Desk::new();
        if stream != Never {
            desk.at(10).snapshots();
        }
        match stream {
            Never | Lasting => {}
            Ended => desk.books.start_epoch(ConnIx(0), 1),
            Regridded => desk.tick("YES", "0.01", "0.001"),
        }
        let before = counts(&desk);
        desk.venue_ts = AT + later;
        desk.at(20);
        as_rest(&mut desk, |desk| desk.book("YES", bids, asks));
        let what = format!("{stream:?} {later} {bids} {asks}");
        let moved: Vec<String> = moved(&before, &desk).into_iter().map(|(name, _)| name).collect();
        assert!(moved.contains(&counter.to_owned()), "{what}: {moved:?}");
        assert_eq!(desk.state(), state, "{what}");
        let proven = ["rest_equal", "snapshots"].contains(&counter);
        assert_eq!(desk.proof() == Some(Nanos(20)), proven, "{what}");
    }
}

#[test]
fn a_rest_base_never_carries_stream_changes_and_yields_to_a_stream() {
    let mut desk = Desk::new();
    as_rest(&mut desk, |desk| desk.snapshots());
    let hash = desk.hash();
    desk.change("YES", "BUY", "0.41", "5");
    desk.top("YES", "0.01", "0.02");
    assert_eq!((desk.hash(), desk.state()), (hash, LIVE));
    assert_eq!(desk.books.counters().no_snapshot, 1);
    desk.book("YES", &level("0.42", "1"), &level("0.50", "1"));
    desk.change("YES", "BUY", "0.43", "5");
    assert_eq!((desk.bid(), desk.state()), (Some(4_300), LIVE));
}

// --- epochs and connections ----------------------------------------------------------------------

#[test]
fn a_book_follows_one_connection_and_epoch_at_a_time() {
    // (connection, epoch, what is sent) and the best bid after it.
    let mut desk = Desk::new();
    let mut say = |conn: u16, epoch: u32, what: &str, price: &str| {
        (desk.conn, desk.epoch) = (ConnIx(conn), epoch);
        desk.venue_ts += 1;
        match what {
            "book" => desk.book("YES", &level(price, "1"), &level("0.90", "1")),
            "change" => desk.change("YES", "BUY", price, "1"),
            "lost" => desk.books.frame_lost(ConnIx(conn)),
            "epoch" => desk.books.start_epoch(ConnIx(conn), epoch),
            other => panic!("{other}"),
        }
        (desk.bid().unwrap_or(0), desk.state())
    };
    let lost = dirty(DirtyReason::LostFrame);
    for (step, expected) in [
        ((0, 0, "book", "0.10"), (1_000, LIVE)),
        ((0, 0, "change", "0.11"), (1_100, LIVE)),
        ((1, 0, "book", "0.20"), (1_100, LIVE)),
        ((1, 0, "change", "0.21"), (1_100, LIVE)),
        ((0, 0, "lost", ""), (1_100, lost)),
        // Not LIVE: the next snapshot of any stream takes over.
        ((1, 0, "book", "0.22"), (2_200, LIVE)),
        ((0, 0, "change", "0.30"), (2_200, LIVE)),
        ((0, 0, "book", "0.31"), (2_200, LIVE)),
        ((1, 4, "epoch", ""), (2_200, UNHYDRATED)),
        ((1, 4, "change", "0.32"), (2_200, UNHYDRATED)),
        ((0, 0, "book", "0.33"), (3_300, LIVE)),
        ((1, 4, "book", "0.34"), (3_300, LIVE)),
        ((0, 7, "change", "0.35"), (3_300, UNHYDRATED)),
        ((1, 4, "change", "0.36"), (3_300, UNHYDRATED)),
        ((0, 7, "book", "0.37"), (3_700, LIVE)),
        ((0, 7, "change", "0.38"), (3_800, LIVE)),
    ] {
        let (conn, epoch, what, price) = step;
        assert_eq!(say(conn, epoch, what, price), expected, "{step:?}");
    }
}

#[test]
fn lower_epochs_change_nothing_wherever_they_are_named() {
    let mut desk = Desk::new();
    desk.epoch = 5;
    desk.snapshots();
    desk.books.start_epoch(ConnIx(0), 4);
    desk.books.start_epoch(ConnIx(0), 5);
    assert_eq!(desk.state(), LIVE);
    for epoch in 0..5 {
        desk.epoch = epoch;
        let refusal = Refusal::OldEpoch { current: 5, found: epoch };
        assert_eq!(desk.try_frame("PONG"), Err(refusal));
    }
    assert_eq!(desk.books.conn_liveness(ConnIx(0)).frames_refused, 5);
    assert_eq!(desk.books.conn_liveness(ConnIx(0)).epoch, 5);
}

#[test]
fn all_lost_reaches_every_connection_there_is() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.conn = ConnIx(7);
    desk.snapshots_of_second_market();
    desk.books.all_lost();
    let lost = dirty(DirtyReason::LostFrame);
    assert_eq!((desk.state(), desk.books.state(TokenIx(2))), (lost, lost));
}

// --- liveness ------------------------------------------------------------------------------------

#[test]
fn an_answered_ping_is_a_frame_and_no_data() {
    let mut desk = Desk::new();
    desk.at(10).snapshots();
    for (recv, text, data) in [
        (20, "PONG", 10),
        (30, "NO NEW ASSETS", 10),
        (40, "[]", 10),
        (50, "{\"event_type\":\"later\"}", 50),
        (60, "PONG", 50),
    ] {
        desk.at(recv).frame(text);
        let conn = desk.books.conn_liveness(ConnIx(0));
        assert_eq!((conn.last_recv_ns, conn.last_data_ns), (Some(Nanos(recv)), Some(Nanos(data))));
        assert_eq!(desk.books.proof(MARKET), Some(Nanos(data)), "{text}");
    }
    assert!(desk.at(70).try_frame("{").is_err());
    let conn = desk.books.conn_liveness(ConnIx(0));
    assert_eq!((conn.last_recv_ns, conn.last_data_ns), (Some(Nanos(70)), Some(Nanos(50))));
}

#[test]
fn a_book_is_stale_one_nanosecond_after_its_age_is_used_up() {
    let mut desk = Desk::new();
    desk.at(1_000).snapshots();
    for (now, age, state) in [
        (1_000, 0, LIVE),
        (1_001, 0, BookState::Stale { age: Nanos(1) }),
        (1_500, 500, LIVE),
        (1_501, 500, BookState::Stale { age: Nanos(501) }),
        (900, 0, LIVE),
        (i64::MAX, i64::MAX, LIVE),
        (i64::MIN, 0, LIVE),
    ] {
        assert_eq!(desk.books.state_at(YES_TOKEN, Nanos(now), Nanos(age)), state, "{now} {age}");
    }
    desk.books.distrust(MARKET);
    let state = desk.books.state_at(YES_TOKEN, Nanos(9_999), Nanos(0));
    assert_eq!(state, dirty(DirtyReason::Shell), "why it is doubted comes before its age");
}

#[test]
fn what_was_never_there_has_no_state_no_price_and_no_age() {
    let mut desk = Desk::new();
    desk.frame("PONG");
    for token in [YES_TOKEN, TokenIx(4), TokenIx(u32::MAX)] {
        assert_eq!(desk.books.state(token), UNHYDRATED);
        assert_eq!(desk.books.top(token), razor_core::book::Top::default());
        assert_eq!(desk.books.levels(token, BookSide::Bids).count(), 0);
        assert_eq!(desk.books.ask_depth3_pico(token), 0);
    }
    assert_eq!(desk.books.freshness(MarketIx(9)), Freshness::default());
    assert_eq!((desk.books.grid(MarketIx(9)), desk.books.proof(MarketIx(9))), (None, None));
    assert_eq!(desk.books.mapping_errors(MarketIx(9)), 0);
    assert_eq!(desk.books.conn_liveness(ConnIx(999)).frames, 0);
}

// --- grids ---------------------------------------------------------------------------------------

#[test]
fn every_grid_takes_its_multiples_and_refuses_what_lies_between() {
    for (tick, good, bad) in [
        ("0.1", ["0.1", "0.9"], ["0.05", "0.1001"]),
        ("0.01", ["0.01", "0.99"], ["0.005", "0.0101"]),
        ("0.005", ["0.005", "0.995"], ["0.001", "0.0075"]),
        ("0.0025", ["0.0025", "0.9975"], ["0.001", "0.0026"]),
        ("0.001", ["0.001", "0.999"], ["0.0005", "0.0011"]),
        ("0.0001", ["0.0001", "0.9999"], ["", ""]),
    ] {
        for price in good {
            let mut desk = Desk::new();
            let more = format!(",\"tick_size\":\"{tick}\"");
            let text = desk.book_text("YES", "", "", &more);
            desk.frame(&text);
            desk.change("YES", "BUY", price, "5");
            assert!(desk.report.refused.is_empty(), "{tick} {price}");
            assert!(desk.bid().is_some());
        }
        for price in bad.into_iter().filter(|price| !price.is_empty()) {
            let mut desk = Desk::new();
            let more = format!(",\"tick_size\":\"{tick}\"");
            let text = desk.book_text("YES", "", "", &more);
            desk.frame(&text);
            desk.change("YES", "BUY", price, "5");
            assert!(
                matches!(desk.report.refused[..], [ref one] if matches!(one.refusal, Refusal::OffGrid { .. }))
            );
            assert_eq!(
                (desk.bid(), desk.state()),
                (None, dirty(DirtyReason::RefusedUpdate)),
                "{tick} {price}"
            );
        }
    }
}

#[test]
fn each_change_of_the_grid_is_an_epoch_of_its_own() {
    let mut desk = Desk::new();
    desk.snapshots();
    let mut epoch = 0;
    for tick in ["0.001", "0.001", "0.01", "0.0001", "0.01"] {
        let before = desk.books.grid(MARKET).unwrap();
        desk.tick("YES", "0.01", tick);
        let after = desk.books.grid(MARKET).unwrap();
        if before.tick != after.tick {
            epoch += 1;
            assert_eq!(desk.report.grids.len(), 1);
            assert_eq!(desk.report.touched, [MARKET]);
        } else {
            assert!(desk.report.grids.is_empty());
        }
        assert_eq!(after.epoch, epoch, "{tick}");
    }
    assert_eq!(epoch, 4);
}

#[test]
fn a_tick_change_of_one_frame_drops_the_book_and_its_snapshot_founds_it_anew() {
    let mut desk = Desk::new();
    desk.snapshots();
    let tick = desk.book_text(
        "YES",
        &level("0.405", "1"),
        &level("0.501", "1"),
        ",\"tick_size\":\"0.001\"",
    );
    desk.frame(&tick);
    assert_eq!((desk.state(), desk.bid()), (LIVE, Some(4_050)));
    assert_eq!(desk.books.state(NO_TOKEN), UNHYDRATED, "its snapshot was of the old grid");
    desk.change("NO", "BUY", "0.498", "5");
    assert_eq!(desk.books.top(YES_TOKEN).ask.map(|(price, _)| price.micros()), Some(501_000));
}

// --- laws over random streams --------------------------------------------------------------------

/// Sends one random thing; what it is does not matter to the laws.
fn random_event(desk: &mut Desk, rng: &mut Rng) {
    desk.conn = ConnIx(rng.below(2) as u16);
    desk.venue_ts += i64::from(rng.below(3)) - i64::from(rng.below(2));
    let cents = |rng: &mut Rng| format!("0.{:02}", 1 + rng.below(99));
    let token = ["YES", "NO", "YES", "NO", "OTHER"][rng.index(5)];
    match rng.below(16) {
        0 => desk.books.frame_lost(ConnIx(rng.below(3) as u16)),
        1 => {
            desk.epoch += 1;
            desk.books.start_epoch(desk.conn, desk.epoch);
        }
        2 => desk.books.restart(),
        3 => {
            let _ = desk.try_frame("{\"event_type\":\"book\"}");
        }
        4 => desk.tick("YES", "0.01", ["0.01", "0.001"][rng.index(2)]),
        5 | 6 => {
            let (bid, ask) = (5 + rng.below(40), 46 + rng.below(40));
            let (bid, ask) =
                (level(&format!("0.{bid:02}"), "7"), level(&format!("0.{ask:02}"), "9"));
            let _ = desk.try_frame(&desk.book_text(token, &bid, &ask, ",\"tick_size\":\"0.01\""));
        }
        7 => as_rest(desk, |desk| {
            let _ = desk.try_frame(&desk.book_text(
                "YES",
                &level("0.33", "1"),
                &level("0.77", "1"),
                "",
            ));
        }),
        8 => {
            let (bid, ask) = (cents(rng), cents(rng));
            let text = desk.change_text(
                token,
                "BUY",
                &bid,
                "1",
                &format!(",\"best_bid\":\"{bid}\",\"best_ask\":\"{ask}\""),
            );
            let _ = desk.try_frame(&text);
        }
        _ => {
            let side = ["BUY", "SELL"][rng.index(2)];
            let size = rng.below(3).to_string();
            let price = cents(rng);
            let _ = desk.try_frame(&desk.change_text(token, side, &price, &size, ""));
        }
    }
}

#[test]
fn a_live_book_is_never_crossed_and_both_tokens_always_show_one_book() {
    let (mut live, mut doubted) = (0, 0);
    for seed in 0..60 {
        let (mut desk, mut rng) = (Desk::new(), Rng::new(seed));
        for step in 0..400 {
            let touched_before = desk.hash();
            let state_before = desk.state();
            random_event(&mut desk, &mut rng);
            let (yes, no) = (desk.books.top(YES_TOKEN), desk.books.top(NO_TOKEN));
            let mirrored =
                |side: Option<(Price, Qty)>| side.map(|(price, qty)| (price.complement(), qty));
            assert_eq!((yes.bid, yes.ask), (mirrored(no.ask), mirrored(no.bid)), "{seed} {step}");
            if desk.state() == LIVE {
                live += 1;
                if let (Some((bid, _)), Some((ask, _))) = (yes.bid, yes.ask) {
                    assert!(bid < ask, "{seed} {step}");
                }
            } else {
                doubted += 1;
            }
            // Whoever watches the report misses no change of the levels within a call.
            if desk.hash() != touched_before && !desk.report.touched.contains(&MARKET) {
                assert_eq!(
                    desk.books.state(YES_TOKEN),
                    UNHYDRATED,
                    "{seed} {step} {state_before:?}"
                );
            }
            for side in [BookSide::Bids, BookSide::Asks] {
                let prices: Vec<u32> =
                    desk.books.levels(YES_TOKEN, side).map(|(price, _)| price.micros()).collect();
                let mut sorted = prices.clone();
                sorted.sort_unstable();
                sorted.dedup();
                if side == BookSide::Bids {
                    sorted.reverse();
                }
                assert_eq!(prices, sorted, "{seed} {step}: best first, each once");
            }
        }
    }
    assert!(live > 1_000 && doubted > 1_000, "{live} {doubted}");
}

#[test]
fn the_same_frames_give_the_same_books_and_counts() {
    for seed in 0..20 {
        let fold = || {
            let (mut desk, mut rng) = (Desk::new(), Rng::new(seed));
            for _ in 0..300 {
                random_event(&mut desk, &mut rng);
            }
            (desk.hash(), counts(&desk), desk.state(), desk.books.freshness(MARKET))
        };
        assert_eq!(fold(), fold());
    }
}
