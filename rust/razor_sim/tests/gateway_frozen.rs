//! The predecessor's simulated orders, row by row as worked out by hand from `RAZOR_SPEC` §14.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/venue.rs"]
mod venue;

use razor_core::ids::TokenIx;
use razor_core::order::attempt::{OrderIx, Rung, Side};
use razor_core::order::gateway::{MarketTop, Reply, TradeState, VenueEvent};
use razor_core::units::{Nanos, Qty};
use razor_sim::gateway::frozen::{fill_of, is_book_dropped, order_id, spike_of};
use razor_sim::gateway::{Axis, LatencySpike, Model, SimConfig, SimGateway};

use venue::{Books, attempt, config, drain, markets, ms, px, send, share, shares};

fn frozen(change: impl FnOnce(&mut SimConfig)) -> SimGateway {
    let mut config = SimConfig { model: Model::Frozen, ..config(1) };
    change(&mut config);
    SimGateway::new(config, markets())
}

#[test]
fn fills_are_the_share_of_the_best_size_up_to_the_request() {
    let top = |bid, ask| MarketTop { bid, ask, changed: Nanos(0) };
    let level = |price, size| Some((px(price), Some(shares(size))));
    let rows = [
        // side, limit, quantity, best price, best size, share, filled
        (Side::Buy, "0.40", "10", "0.40", "100", "0.3", "10"),
        (Side::Buy, "0.40", "40", "0.40", "100", "0.3", "30"),
        (Side::Buy, "0.40", "40", "0.40", "100", "0.1", "10"),
        (Side::Buy, "0.39", "40", "0.40", "100", "0.3", "0"),
        (Side::Buy, "0.55", "40", "0.40", "100", "0.3", "30"),
        (Side::Buy, "0.40", "40", "0.40", "100", "0", "0"),
        (Side::Buy, "0.40", "40", "0.40", "0", "1", "0"),
        (Side::Buy, "0.40", "40", "0.00", "100", "1", "0"),
        (Side::Buy, "0.40", "1", "0.40", "0.000009", "0.3", "0.000002"),
        (Side::Sell, "0.60", "10", "0.60", "100", "0.3", "10"),
        (Side::Sell, "0.59", "40", "0.60", "100", "0.3", "30"),
        (Side::Sell, "0.61", "40", "0.60", "100", "0.3", "0"),
    ];
    for row in rows {
        let (side, limit, qty, price, best, part, filled) = row;
        let top = match side {
            Side::Buy => top(level("0.01", "999"), level(price, best)),
            Side::Sell => top(level(price, best), level("0.99", "999")),
        };
        let found = fill_of(side, px(limit), shares(qty), &top, share(part));
        assert_eq!(found, shares(filled), "{row:?}");
    }
    let bare = top(None, Some((px("0.40"), None)));
    assert_eq!(fill_of(Side::Buy, px("0.40"), Qty(9), &bare, share("1")), Qty::ZERO);
    assert_eq!(fill_of(Side::Sell, px("0.40"), Qty(9), &bare, share("1")), Qty::ZERO);
}

#[test]
fn a_book_is_dropped_by_fnv_of_the_token_and_the_number_of_the_order() {
    // FNV-1a-64 started at the offset basis xor n, modulo 10,000, computed apart from this program.
    let long = "71321045679252212594626385532706912750332728571942532289631379312455583992563";
    let rows = [
        ("tok-a", 1, 420),
        ("tok-a", 2, 1_433),
        ("tok-a", 3, 98),
        ("tok-a", 17, 340),
        (long, 1, 6_087),
        (long, 2, 2_754),
        (long, 3, 6_945),
        (long, 17, 8_263),
        ("Y", 1, 23),
        ("Y", 2, 8_234),
    ];
    for (token, n, step) in rows {
        let at = share(&format!("0.{step:04}"));
        let above = share(&format!("0.{:04}", step + 1));
        assert!(!is_book_dropped(at, token, n), "{token} {n}");
        assert!(is_book_dropped(above, token, n), "{token} {n}");
        // The bound is rounded up: any share above the step reaches the next one.
        assert!(is_book_dropped(share(&format!("0.{step:04}000001")), token, n), "{token} {n}");
        assert!(is_book_dropped(share("1"), token, n));
        assert!(!is_book_dropped(share("0"), token, n));
    }
    assert!(!is_book_dropped(share("1"), " ", 1));
}

#[test]
fn a_spike_strikes_every_kth_order_and_all_of_them_at_zero() {
    let spike = |ms, every, n| spike_of(LatencySpike { ms, every }, n).0;
    assert_eq!([1, 2, 3, 4].map(|n| spike(700, 2, n)), [0, 700_000_000, 0, 700_000_000]);
    assert_eq!([1, 2].map(|n| spike(700, 0, n)), [700_000_000, 700_000_000]);
    assert_eq!([1, 2].map(|n| spike(0, 0, n)), [0, 0]);
    assert_eq!(spike(u64::MAX, 1, 1), i64::MAX);
}

#[test]
fn orders_are_named_by_start_token_and_kind() {
    assert_eq!(order_id(ms(1_700), "tok-a", Rung::Fire), "SIM_1700_tok-a_fire_leg1");
    assert_eq!(order_id(ms(1_700), "tok-a", Rung::ChaseTwo), "SIM_1700_tok-a_chase");
    assert_eq!(order_id(ms(1_700), "tok-a", Rung::FlatThree), "SIM_1700_tok-a_flatten");
}

#[test]
fn the_price_is_the_limit_and_the_book_of_the_decision_is_not_depleted() {
    let mut gateway = frozen(|_| {});
    let books = Books::flat("0.38", "0.40", "100");
    for n in 1..=2 {
        send(&mut gateway, ms(0), attempt(n, Rung::Fire, 0, "0.45", "80"), &books);
    }
    // The book is gone on arrival: the predecessor does not look again.
    let events = drain(&mut gateway, ms(500), &Books::default());
    let fills: Vec<_> = events
        .iter()
        .filter_map(|(at, event)| {
            let VenueEvent::Traded { qty, price, state, .. } = event else { return None };
            Some((*at, *qty, *price, *state))
        })
        .collect();
    let fill = (ms(150), shares("80"), px("0.45"), TradeState::Provisional);
    assert_eq!(fills, vec![fill, fill]);
}

#[test]
fn switches_fail_chases_and_drop_books_by_number() {
    let books = Books::flat("0.38", "0.40", "100");
    let matched = |gateway: &mut SimGateway, rungs: &[Rung]| -> Vec<(i64, Qty)> {
        for (place, rung) in (1_u16..).zip(rungs) {
            send(gateway, ms(0), attempt(place, *rung, 0, "0.40", "8"), &books);
        }
        drain(gateway, ms(900), &books)
            .iter()
            .filter_map(|(at, event)| {
                let VenueEvent::Replied { reply, .. } = event else { return None };
                let qty = if let Reply::Matched(qty) = reply { *qty } else { Qty::ZERO };
                let is_kill = *reply == Reply::RefusedOrder;
                assert_eq!(is_kill, qty == Qty::ZERO, "nothing matched is refused (F-22)");
                Some((at.millis_floor(), qty))
            })
            .collect()
    };
    let eight = shares("8");
    let mut chase = frozen(|config| config.force_chase_fail = true);
    let rungs = [Rung::Fire, Rung::ChaseOne, Rung::ChaseTwo];
    assert_eq!(matched(&mut chase, &rungs), [(150, eight), (150, Qty::ZERO), (150, Qty::ZERO)]);
    // tok-a: steps 420, 1433 and 98 of 10,000.
    let mut drop = frozen(|config| config.drop_book = share("0.05"));
    let rungs = [Rung::Fire, Rung::Fire, Rung::Fire];
    assert_eq!(matched(&mut drop, &rungs), [(150, Qty::ZERO), (150, eight), (150, Qty::ZERO)]);
    let noted = [1, 2, 3].map(|n| drop.note_of(OrderIx(n)).expect("note").is_book_dropped);
    assert_eq!(noted, [true, false, true]);
    let mut spike = frozen(|config| config.spike = LatencySpike { ms: 300, every: 3 });
    assert_eq!(matched(&mut spike, &rungs), [(150, eight), (150, eight), (450, eight)]);
    let note = spike.note_of(OrderIx(3)).expect("note");
    assert_eq!((note.spike, note.share, note.is_size_seeded), (ms(300), share("1"), false));
    assert_eq!(spike.note_of(OrderIx(4)), None);
    assert_eq!(spike.truth().position(TokenIx(0), Axis::Matched), 24_000_000);
}
