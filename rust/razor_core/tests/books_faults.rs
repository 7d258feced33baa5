//! What the venue and the network may do to a book, by fault code, and what must come of it.
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

mod books_faults {
    pub(crate) mod desk;
}

use books_faults::desk::{AT, Desk, NO_TOKEN, YES_TOKEN, level};
use razor_core::book::{
    BookState, DirtyReason, HashTally, Notice, Quarantined, Suspicion, TokenLiveness,
};
use razor_core::ids::{ConnIx, MarketIx, TokenIx};
use razor_core::units::{Nanos, Price, Qty, TickSize};
use razor_core::wire::{Kind, Refusal, Side};

const LIVE: BookState = BookState::Live;

#[test]
fn f01_f02_liveness_tells_silence_of_a_connection_from_silence_of_a_token() {
    let mut desk = Desk::new();
    desk.at(10).snapshots();
    desk.at(20).change("YES", "BUY", "0.41", "5");
    let yes = desk.books.token_liveness(YES_TOKEN);
    let wanted = TokenLiveness {
        first_recv_ns: Some(Nanos(10)),
        last_recv_ns: Some(Nanos(20)),
        events: 2,
        no_snapshot: 0,
    };
    assert_eq!(yes, wanted);
    assert_eq!(desk.books.token_liveness(NO_TOKEN).last_recv_ns, Some(Nanos(10)));
    desk.at(30).frame("PONG");
    let conn = desk.books.conn_liveness(ConnIx(0));
    assert_eq!((conn.last_recv_ns, conn.frames, conn.frames_refused), (Some(Nanos(30)), 3, 0));
    assert_eq!(desk.books.token_liveness(TokenIx(9)), TokenLiveness::default());
}

#[test]
fn f03_a_change_without_snapshot_is_counted_and_never_applied() {
    let mut desk = Desk::new();
    desk.change("YES", "BUY", "0.41", "5");
    assert_eq!(desk.state(), BookState::Unhydrated);
    assert_eq!(desk.books.token_liveness(YES_TOKEN).no_snapshot, 1);
    assert_eq!(desk.bid(), None);
    assert!(desk.report.touched.is_empty());
    desk.snapshots();
    assert_eq!(desk.bid(), Some(4_000));
}

#[test]
fn f04_a_reconnect_ends_every_book_of_the_connection_until_its_snapshot() {
    let mut desk = Desk::new();
    desk.snapshots();
    assert_eq!(desk.state(), LIVE);
    desk.epoch = 1;
    desk.change("YES", "BUY", "0.41", "5");
    assert_eq!(desk.state(), BookState::Unhydrated);
    assert_eq!(desk.bid(), Some(4_000), "the change was not applied");
    desk.book("YES", &level("0.3", "1"), &level("0.5", "1"));
    assert_eq!(desk.state(), LIVE);
    assert_eq!(desk.books.state(NO_TOKEN), BookState::Unhydrated, "NO waits for its own");
    desk.epoch = 0;
    let refusal = desk.try_frame("PONG");
    assert_eq!(refusal, Err(Refusal::OldEpoch { current: 1, found: 0 }));
    desk.books.start_epoch(ConnIx(0), 2);
    assert_eq!(desk.state(), BookState::Unhydrated, "known before the first frame");
}

#[test]
fn f04_a_lost_frame_makes_all_books_of_the_connection_dirty() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.books.frame_lost(ConnIx(0));
    assert_eq!(desk.state(), BookState::Dirty(DirtyReason::LostFrame));
    desk.snapshots();
    assert_eq!(desk.state(), LIVE);
    desk.books.frame_lost(ConnIx(7));
    assert_eq!(desk.state(), LIVE, "another connection's loss");
}

#[test]
fn f04_a_cross_of_a_moment_is_suspect_and_one_that_lasts_is_dirty() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.change("YES", "BUY", "0.5", "5");
    assert_eq!(desk.state(), BookState::Suspect(Suspicion::Crossed));
    desk.change("YES", "BUY", "0.5", "0");
    assert_eq!(desk.state(), LIVE, "gone within the millisecond");
    desk.change("YES", "BUY", "0.5", "5");
    desk.venue_ts = AT + 1;
    desk.change("YES", "BUY", "0.3", "5");
    assert_eq!(desk.state(), BookState::Dirty(DirtyReason::Crossed));
    desk.change("YES", "BUY", "0.5", "0");
    assert_eq!(desk.state(), BookState::Dirty(DirtyReason::Crossed), "only a snapshot heals");
    desk.book("YES", &level("0.6", "1"), &level("0.5", "1"));
    assert_eq!(desk.state(), BookState::Dirty(DirtyReason::Crossed), "a crossed snapshot at once");
}

#[test]
fn f04_stated_best_prices_are_checked_after_the_whole_message() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.change_with_tops("YES", "BUY", "0.41", "5", "0.41", "0.5");
    assert_eq!(desk.state(), LIVE);
    desk.change_with_tops("YES", "BUY", "0.42", "5", "0.43", "0.5");
    assert_eq!(desk.state(), BookState::Suspect(Suspicion::Top));
    desk.change_with_tops("YES", "BUY", "0.43", "5", "0.43", "0.5");
    assert_eq!(desk.state(), LIVE, "a sibling of the same millisecond explained it");
    desk.change_with_tops("YES", "BUY", "0.44", "5", "0.45", "0.5");
    desk.venue_ts = AT + 1;
    desk.top("YES", "0.45", "0.5");
    assert_eq!(desk.state(), BookState::Dirty(DirtyReason::TopMismatch));
    assert_eq!(desk.books.counters().top_mismatches, 3);
}

#[test]
fn f04_an_empty_side_is_stated_as_zero_or_one() {
    let mut desk = Desk::new();
    desk.book("YES", &level("0.4", "1"), "");
    desk.change_with_tops("YES", "BUY", "0.41", "5", "0.41", "1");
    assert_eq!(desk.state(), LIVE);
    desk.change_with_tops("YES", "BUY", "0.42", "5", "0", "");
    assert_eq!(desk.state(), BookState::Suspect(Suspicion::Top));
}

#[test]
fn f04_the_second_entry_of_a_pair_must_mirror_the_first() {
    for (price, size, side) in [("0.58", "5", "SELL"), ("0.59", "6", "SELL"), ("0.59", "5", "BUY")]
    {
        let mut desk = Desk::new();
        desk.snapshots();
        let before = desk.hash();
        desk.pair(("0.41", "5"), (side, price, size));
        assert_eq!(desk.state(), BookState::Dirty(DirtyReason::Mirror), "{price} {size} {side}");
        assert_eq!(desk.hash(), before, "nothing of the message is applied");
        assert_eq!(desk.report.touched, [MarketIx(0)], "the caller must hear of it");
    }
    let mut desk = Desk::new();
    desk.snapshots();
    desk.pair(("0.41", "5"), ("SELL", "0.59", "5"));
    assert_eq!((desk.state(), desk.bid()), (LIVE, Some(4_100)));
}

#[test]
fn f04_snapshots_of_both_tokens_of_one_moment_must_be_mirrors() {
    let mut desk = Desk::new();
    desk.book("YES", &level("0.4", "1"), &level("0.5", "2"));
    desk.book("NO", &level("0.5", "2"), &level("0.6", "3"));
    assert_eq!(desk.state(), BookState::Dirty(DirtyReason::Mirror));
    desk.book("YES", &level("0.4", "1"), &level("0.5", "2"));
    desk.venue_ts = AT + 1;
    desk.book("NO", &level("0.5", "2"), &level("0.6", "3"));
    assert_eq!(desk.state(), LIVE, "a later snapshot is news");
    assert_eq!(desk.books.counters().mirror_violations, 1);
}

#[test]
fn f05_a_refused_frame_changes_no_book_and_is_counted() {
    let mut desk = Desk::new();
    desk.snapshots();
    let before = desk.hash();
    for text in [
        "{",
        "{\"event_type\":\"price_change\"}",
        &desk.change_text("YES", "BUY", "1.4", "5", ""),
        &format!("[{},7]", desk.change_text("YES", "BUY", "0.44", "5", "")),
    ] {
        assert!(desk.try_frame(text).is_err());
        assert_eq!((desk.hash(), desk.state()), (before, LIVE));
        assert!(desk.report.touched.is_empty());
    }
    assert_eq!(desk.books.counters().frames_refused, 4);
    assert_eq!(desk.books.conn_liveness(ConnIx(0)).frames_refused, 4);
}

#[test]
fn f05_an_off_grid_price_keeps_out_its_whole_message_and_only_that() {
    let mut desk = Desk::new();
    desk.snapshots();
    let before = desk.hash();
    let off = desk.changes_text(&[("YES", "BUY", "0.41", "5"), ("YES", "BUY", "0.415", "5")]);
    let print = desk.trade_text("YES", "0.41", "1");
    desk.frame(&format!("[{off},{print}]"));
    assert_eq!(desk.hash(), before);
    assert_eq!(desk.state(), BookState::Dirty(DirtyReason::RefusedUpdate));
    assert_eq!(desk.report.refused[0].refusal, Refusal::OffGrid { fine: 4_150, tick: 100 });
    assert_eq!(desk.report.trades.len(), 1, "the rest of the frame counts");
}

#[test]
fn f06_a_new_tick_drops_the_book_until_the_next_snapshot() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.tick("YES", "0.01", "0.001");
    assert_eq!((desk.state(), desk.bid()), (BookState::Unhydrated, None));
    let grid = desk.books.grid(MarketIx(0)).expect("grid");
    assert_eq!((grid.tick.micros(), grid.epoch), (1_000, 1));
    assert_eq!(desk.report.grids[0].old.tick, TickSize::CENT);
    desk.change("YES", "BUY", "0.415", "5");
    assert_eq!(desk.bid(), None);
    desk.book("YES", &level("0.415", "1"), &level("0.5", "2"));
    desk.tick("NO", "0.01", "0.001");
    assert_eq!(desk.state(), LIVE, "the other token's notice of the same change");
    assert_eq!(desk.bid(), Some(4_150));
}

#[test]
fn f06_a_snapshot_on_another_grid_starts_the_grid_epoch_itself() {
    let mut desk = Desk::new();
    desk.snapshots();
    let text = desk.book_text("YES", &level("0.4125", "1"), "", ",\"tick_size\":\"0.0025\"");
    desk.frame(&text);
    assert_eq!((desk.state(), desk.report.grids.len()), (LIVE, 1));
    assert_eq!(desk.books.state(NO_TOKEN), BookState::Unhydrated);
}

#[test]
fn f07_a_rest_book_never_replaces_a_streamed_one() {
    let mut desk = Desk::new();
    desk.at(10).snapshots();
    desk.kind = Kind::Rest;
    desk.conn = ConnIx(1);
    desk.at(20).book("YES", &level("0.40", "10"), &level("0.50", "20"));
    assert_eq!(desk.proof(), Some(Nanos(20)), "an equal REST book proves currency");
    desk.venue_ts = AT - 1;
    desk.at(30).book("YES", &level("0.01", "1"), &level("0.99", "1"));
    desk.venue_ts = AT + 1;
    desk.at(40).book("YES", &level("0.2", "1"), &level("0.9", "1"));
    assert_eq!((desk.bid(), desk.proof()), (Some(4_000), Some(Nanos(20))));
    assert_eq!(desk.state(), LIVE);
    desk.venue_ts = AT;
    desk.book("YES", &level("0.2", "1"), &level("0.9", "1"));
    assert_eq!(desk.state(), BookState::Suspect(Suspicion::Rest));
    let counters = desk.books.counters();
    assert_eq!((counters.rest_equal, counters.rest_ghosts), (1, 1));
    assert_eq!((counters.rest_ahead, counters.rest_differs), (1, 1));
}

#[test]
fn f07_a_rest_book_is_a_base_where_no_stream_is_but_not_the_placeholder() {
    let mut desk = Desk::new();
    desk.kind = Kind::Rest;
    desk.book("YES", &level("0.01", "100"), &level("0.99", "100"));
    assert_eq!(desk.state(), BookState::Unhydrated);
    assert_eq!(desk.books.counters().rest_placeholders, 1);
    desk.book("YES", &level("0.4", "1"), &level("0.5", "1"));
    assert_eq!(desk.state(), LIVE);
    desk.venue_ts = AT - 5;
    desk.book("YES", &level("0.3", "1"), &level("0.5", "1"));
    assert_eq!(desk.bid(), Some(4_000), "an older read is a ghost");
    desk.venue_ts = AT;
    desk.kind = Kind::Ws;
    desk.change("YES", "BUY", "0.41", "5");
    assert_eq!(desk.bid(), Some(4_000), "a stream change needs a stream snapshot");
    desk.book("YES", &level("0.42", "1"), &level("0.5", "1"));
    assert_eq!(desk.bid(), Some(4_200));
}

#[test]
fn f08_hash_mismatches_are_counted_by_recipe_and_gate_nothing() {
    let mut desk = Desk::new();
    let filler = format!(",\"hash\":\"{}\",\"last_trade_price\":\"0.4\"", "0".repeat(40));
    let text = desk.book_text("YES", &level("0.4", "1"), &level("0.5", "2"), &filler);
    desk.frame(&text);
    desk.books.check_hashes();
    desk.books.check_hashes();
    let text =
        desk.change_text("YES", "BUY", "0.41", "5", &format!(",\"hash\":\"{}\"", "0".repeat(40)));
    desk.frame(&text);
    desk.books.check_hashes();
    let print = desk.trade_text("YES", "0.41", "1");
    desk.frame(&print);
    desk.frame(&text);
    desk.books.check_hashes();
    let tallies = *desk.books.hash_tallies();
    assert_eq!(tallies.ws_book, HashTally { mismatched: 1, ..HashTally::default() });
    assert_eq!(tallies.ws_change, HashTally { mismatched: 1, unchecked: 1, matched: 0 });
    assert_eq!(tallies.rest, HashTally::default());
    assert_eq!(desk.state(), LIVE);
}

#[test]
fn f08_a_hash_by_the_written_recipe_is_reproduced() {
    let mut desk = Desk::new();
    desk.kind = Kind::Rest;
    let hash = desk.sha1_of_recipe(&[("0.4", "10.5")], &[("0.5", "20")], "0.990");
    let more = format!(
        ",\"hash\":\"{hash}\",\"min_order_size\":\"5\",\"neg_risk\":false,\"last_trade_price\":\"0.990\""
    );
    let text = desk.book_text("YES", &level("0.4", "10.5"), &level("0.5", "20"), &more);
    desk.frame(&text);
    desk.books.check_hashes();
    assert_eq!(desk.books.hash_tallies().rest, HashTally { matched: 1, ..HashTally::default() });
}

/// Books by the right recipe or by none, from a source; the states after each.
fn states_after(desk: &mut Desk, results: &[bool]) -> Vec<BookState> {
    let states = results.iter().map(|is_right| {
        desk.venue_ts += 1;
        let right = desk.sha1_of_recipe(&[("0.4", "10")], &[("0.5", "20")], "");
        let hash = if *is_right { right } else { "0".repeat(40) };
        let more = format!(
            ",\"hash\":\"{hash}\",\"min_order_size\":\"5\",\"neg_risk\":false,\"last_trade_price\":\"\""
        );
        let text = desk.book_text("YES", &level("0.4", "10"), &level("0.5", "20"), &more);
        desk.frame(&text);
        desk.books.check_hashes();
        desk.state()
    });
    states.collect()
}

const HELD_AND_BROKE: [bool; 8] = [true, true, true, true, false, false, false, false];

#[test]
fn f08_a_sudden_break_is_dirty_once_and_the_next_snapshot_ends_it() {
    for kind in [Kind::Ws, Kind::Rest] {
        let mut desk = Desk::new();
        desk.kind = kind;
        let mut expected = [LIVE; 8];
        expected[6] = BookState::Dirty(DirtyReason::HashBreak);
        assert_eq!(states_after(&mut desk, &HELD_AND_BROKE), expected, "{kind:?}");
        assert_eq!(desk.books.counters().dirtied, 1);
        assert_eq!(states_after(&mut desk, &[false; 9]), [LIVE; 9], "said once");
        assert!(desk.books.hash_breaks().is_empty());
    }
}

#[test]
fn f08_a_break_of_the_rest_recipe_says_nothing_about_a_streamed_book() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.kind = Kind::Rest;
    desk.conn = ConnIx(1);
    assert_eq!(states_after(&mut desk, &HELD_AND_BROKE), [LIVE; 8]);
    assert_eq!(desk.books.hash_tallies().rest.mismatched, 4);
}

#[test]
fn f09_a_message_that_mixes_up_markets_is_quarantined_and_both_are_dirty() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.snapshots_of_second_market();
    let before = desk.hash();
    let text = desk.change_text("OTHER", "BUY", "0.41", "5", "");
    desk.frame(&text);
    assert_eq!(desk.hash(), before);
    let [Quarantined { named, owner, token, .. }] = desk.report.quarantined[..] else {
        panic!("one")
    };
    assert_eq!((named, owner), (Some(MarketIx(0)), Some(MarketIx(1))));
    assert_eq!(token.of(text.as_bytes()), Desk::token_text("OTHER").as_bytes());
    for market in [MarketIx(0), MarketIx(1)] {
        assert_eq!(desk.books.mapping_errors(market), 1);
    }
    assert_eq!(desk.state(), BookState::Dirty(DirtyReason::WrongMarket));
    assert_eq!(desk.books.state(TokenIx(2)), BookState::Dirty(DirtyReason::WrongMarket));
}

#[test]
fn messages_of_unregistered_markets_are_counted_and_skipped() {
    let mut desk = Desk::new();
    desk.snapshots();
    let text = desk.change_text("YES", "BUY", "0.41", "5", "");
    let foreign = text.replace("aaaa", "cccc").replace("1a1a", "1c1c");
    desk.frame(&foreign);
    assert_eq!(desk.books.counters().foreign_markets, 1);
    assert_eq!((desk.state(), desk.report.quarantined.len()), (LIVE, 0));
}

#[test]
fn f10_listings_and_resolutions_reach_the_caller_as_text() {
    let mut desk = Desk::new();
    let text = desk.resolved_text();
    desk.frame(&text);
    let [Notice::Resolved { market, winner, object }] = desk.report.notices[..] else {
        panic!("resolution")
    };
    assert_eq!((market, winner), (Some(MarketIx(0)), Some(NO_TOKEN)));
    assert_eq!(object.of(text.as_bytes()), text.as_bytes());
}

#[test]
fn f59_receive_order_counts_and_venue_time_is_data() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.venue_ts = AT - 16_000;
    desk.change("YES", "BUY", "0.41", "5");
    assert_eq!((desk.bid(), desk.state()), (Some(4_100), LIVE));
    assert_eq!(desk.books.counters().venue_time_back, 1);
}

#[test]
fn s18_age_counts_from_the_last_proof_and_not_from_the_last_change() {
    let mut desk = Desk::new();
    desk.at(100).snapshots();
    let state_at = |desk: &Desk, now| desk.books.state_at(YES_TOKEN, Nanos(now), Nanos(50));
    assert_eq!(state_at(&desk, 150), LIVE);
    assert_eq!(state_at(&desk, 151), BookState::Stale { age: Nanos(51) });
    let print = desk.trade_text("NO", "0.6", "1");
    desk.at(140).frame(&print);
    assert_eq!(state_at(&desk, 190), LIVE, "a print of the market proves it current");
    desk.at(180).top("YES", "0.40", "0.50");
    assert_eq!(state_at(&desk, 230), LIVE);
    assert_eq!(desk.books.freshness(MarketIx(0)).snapshot_recv_ns, Some(Nanos(100)));
    desk.books.distrust(MarketIx(0));
    assert_eq!(state_at(&desk, 180), BookState::Dirty(DirtyReason::Shell));
}

#[test]
fn a_book_follows_one_connection_and_changes_over_only_when_not_live() {
    let mut desk = Desk::new();
    desk.snapshots();
    desk.conn = ConnIx(3);
    desk.book("YES", &level("0.3", "1"), &level("0.5", "1"));
    desk.change("YES", "BUY", "0.45", "1");
    assert_eq!((desk.bid(), desk.state()), (Some(4_000), LIVE));
    assert_eq!(desk.books.counters().other_connection, 2);
    desk.books.frame_lost(ConnIx(0));
    desk.book("YES", &level("0.3", "1"), &level("0.5", "1"));
    assert_eq!((desk.bid(), desk.state()), (Some(3_000), LIVE));
    desk.conn = ConnIx(0);
    desk.change("YES", "BUY", "0.45", "1");
    assert_eq!(desk.bid(), Some(3_000));
}

#[test]
fn a_report_names_each_touched_market_once_and_is_cleared_by_the_next_call() {
    let mut desk = Desk::new();
    desk.snapshots();
    assert_eq!(desk.report.touched, [MarketIx(0)]);
    let print = desk.trade_text("NO", "0.6", "1.5");
    desk.frame(&print);
    assert!(desk.report.touched.is_empty());
    let trade = desk.report.trades[0];
    assert_eq!((trade.token, trade.side, trade.qty), (NO_TOKEN, Side::Buy, Qty(1_500_000)));
    assert_eq!(trade.price, Price::from_micros(600_000).expect("price"));
    assert_eq!(trade.venue_ts_ms, AT);
    desk.frame("PONG");
    assert!(desk.report.trades.is_empty());
}

#[test]
fn a_token_on_a_second_connection_goes_live_by_its_own_snapshot_there() {
    let mut desk = Desk::new();
    desk.book("YES", &level("0.4", "1"), &level("0.5", "2"));
    desk.conn = ConnIx(1);
    desk.book("NO", &level("0.5", "2"), &level("0.6", "1"));
    assert_eq!((desk.state(), desk.books.state(NO_TOKEN)), (LIVE, LIVE));
    assert_eq!(desk.report.touched, [MarketIx(0)], "the caller must look at its sets again");
    desk.books.start_epoch(ConnIx(1), 1);
    assert_eq!((desk.state(), desk.books.state(NO_TOKEN)), (LIVE, BookState::Unhydrated));
    desk.books.start_epoch(ConnIx(0), 1);
    assert_eq!(desk.state(), BookState::Unhydrated);
}

#[test]
fn several_orders_in_one_message_may_be_listed_by_order_or_by_token() {
    let entries = [
        ("YES", "BUY", "0.41", "5"),
        ("NO", "SELL", "0.59", "5"),
        ("YES", "SELL", "0.49", "6"),
        ("NO", "BUY", "0.51", "6"),
    ];
    for order in [[0, 1, 2, 3], [0, 2, 1, 3], [1, 0, 3, 2], [1, 3, 0, 2]] {
        let mut desk = Desk::new();
        desk.snapshots();
        let text = desk.changes_text(&order.map(|index| entries[index]));
        desk.frame(&text);
        assert_eq!((desk.state(), desk.bid()), (LIVE, Some(4_100)), "{order:?}");
    }
    let mut desk = Desk::new();
    desk.snapshots();
    let text = desk.changes_text(&[entries[0], entries[1], entries[2]]);
    desk.frame(&text);
    assert_eq!((desk.state(), desk.bid()), (LIVE, Some(4_100)), "a lone third entry");
}
