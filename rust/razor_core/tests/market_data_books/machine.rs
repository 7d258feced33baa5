//! The tables: states, events, what each moves.

use super::*;

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
        (After::All(state) | After::Doubt(state), _) => *state,
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
            "the REST stand-in",
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
        for (index, (from, _)) in STATES.iter().enumerate() {
            let mut desk = in_state(index);
            event(&mut desk);
            let mut wanted = expected(&after, index);
            // Lost frames are asked about before any other reason.
            let lost = dirty(DirtyReason::LostFrame);
            if what == "a lost frame of its connection" && index > 0 {
                wanted = lost;
            }
            assert_eq!(desk.state(), wanted, "{what} from {from:?}");
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
