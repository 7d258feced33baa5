//! Laws that hold over any stream of frames and losses.

use super::*;

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
