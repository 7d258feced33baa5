//! REST beside the stream, connections and epochs, liveness, grids.

use super::*;

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
    let stand_in = (level("0.01", "900"), level("0.99", "900"));
    let deep_stand_in = (level("0.005", "1").replace("0.005", "0.01"), level("0.99", "1"));
    let half_stand_in = (level("0.01", "1"), level("0.50", "20"));
    let empty = (String::new(), String::new());
    let cases = [
        (Never, 0, &equal, "snapshots", LIVE),
        (Never, 0, &empty, "snapshots", LIVE),
        (Never, 0, &half_stand_in, "snapshots", LIVE),
        (Never, 0, &stand_in, "rest_placeholders", UNHYDRATED),
        (Never, 0, &deep_stand_in, "rest_placeholders", UNHYDRATED),
        (Lasting, 0, &equal, "rest_equal", LIVE),
        (Lasting, 9, &equal, "rest_equal", LIVE),
        (Lasting, -1, &equal, "rest_ghosts", LIVE),
        (Lasting, -1, &other, "rest_ghosts", LIVE),
        (Lasting, 0, &other, "rest_differs", BookState::Suspect(Suspicion::Rest)),
        (Lasting, 0, &stand_in, "rest_differs", BookState::Suspect(Suspicion::Rest)),
        (Lasting, 9, &other, "rest_ahead", LIVE),
        (Lasting, 9, &stand_in, "rest_ahead", LIVE),
        (Ended, -1, &other, "rest_ghosts", UNHYDRATED),
        (Ended, -1, &equal, "rest_ghosts", UNHYDRATED),
        (Ended, 0, &equal, "snapshots", LIVE),
        (Ended, 9, &other, "snapshots", LIVE),
        (Ended, 9, &stand_in, "rest_placeholders", UNHYDRATED),
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
    as_rest(&mut desk, Desk::snapshots);
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
            assert_eq!(desk.report.refused.len(), 1);
            assert!(matches!(desk.report.refused[0].refusal, Refusal::OffGrid { .. }));
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
        if before.tick == after.tick {
            assert!(desk.report.grids.is_empty());
        } else {
            epoch += 1;
            assert_eq!(desk.report.grids.len(), 1);
            assert_eq!(desk.report.touched, [MARKET]);
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
