//! The bytes of intents and venue events in the journal: an identity there and back, and a refusal
//! of everything else.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use proptest::prelude::*;
use razor_core::ids::{SetIx, TokenIx};
use razor_core::order::gateway::{
    EVENT_BYTES, GatewayError, INTENT_BYTES, Intent, MERGE_INTENT_BYTES, MergeIntent, Reply,
    TradeState, VenueEvent,
};
use razor_core::order::{Attempt, AttemptKey, Evidence, OrderHash, OrderIx, Rung, TradeId};
use razor_core::units::{Bps, Price, Qty, Usdc};

fn price() -> impl Strategy<Value = Price> {
    (0_u32..=1_000_000).prop_map(|micros| Price::from_micros(micros).expect("price"))
}

fn intents() -> impl Strategy<Value = Intent> {
    let key = (any::<u64>(), any::<u8>(), any::<u16>())
        .prop_map(|(signal_id, leg, attempt)| AttemptKey { signal_id, leg, attempt });
    let rung = prop::sample::select(Rung::ALL.to_vec());
    // The least number of an i32 is the mark of no budget; no budget is below zero.
    let budget = prop::option::of((-i32::MAX..=i32::MAX).prop_map(Bps::new));
    let names = (any::<u64>(), any::<[u8; 32]>(), any::<u32>(), any::<u64>());
    (names, key, rung, price(), budget).prop_map(|(names, key, rung, limit, budget)| {
        let (order, hash, token, qty) = names;
        let (token, order_qty) = (TokenIx(token), Qty(qty));
        let attempt = Attempt { key, rung, token, limit, order_qty, budget };
        Intent { order: OrderIx(order), hash: OrderHash(hash), attempt }
    })
}

fn replies() -> impl Strategy<Value = Reply> {
    let plain = vec![
        Reply::Live,
        Reply::Delayed,
        Reply::RefusedOrder,
        Reply::RefusedMarket,
        Reply::RefusedAccount,
        Reply::RefusedRate,
        Reply::Unknown,
    ];
    prop_oneof![any::<u64>().prop_map(|qty| Reply::Matched(Qty(qty))), prop::sample::select(plain),]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        any::<u64>().prop_map(|qty| Evidence::Finished { matched: Qty(qty) }),
        prop::sample::select(vec![Evidence::Open, Evidence::Absent, Evidence::Silent]),
    ]
}

fn trades() -> impl Strategy<Value = VenueEvent> {
    let states = vec![TradeState::Provisional, TradeState::Confirmed, TradeState::Failed];
    let sizes = (any::<u64>(), any::<u64>(), any::<i64>());
    (sizes, any::<[u8; 16]>(), price(), prop::sample::select(states)).prop_map(
        |((order, qty, fee), trade, price, state)| VenueEvent::Traded {
            order: OrderIx(order),
            trade: TradeId(trade),
            qty: Qty(qty),
            price,
            fee: Usdc(fee),
            state,
        },
    )
}

fn events() -> impl Strategy<Value = VenueEvent> {
    let plain = vec![VenueEvent::Reconciled, VenueEvent::Foreign, VenueEvent::DurabilityLost];
    prop_oneof![
        (any::<u64>(), replies())
            .prop_map(|(order, reply)| VenueEvent::Replied { order: OrderIx(order), reply }),
        trades(),
        (any::<u64>(), evidence())
            .prop_map(|(order, evidence)| VenueEvent::Found { order: OrderIx(order), evidence }),
        any::<bool>().prop_map(|is_done| VenueEvent::Merged { is_done }),
        Just(VenueEvent::MergeUnknown),
        (0..=5_u8).prop_map(VenueEvent::Mode),
        (prop::option::of(0..u64::MAX), any::<u8>())
            .prop_map(|(order, code)| { VenueEvent::Injected { order: order.map(OrderIx), code } }),
        prop::sample::select(plain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn an_intent_comes_back_from_its_bytes(intent in intents()) {
        prop_assert_eq!(Intent::decode(&intent.encode()), Ok(intent));
    }

    #[test]
    fn an_event_comes_back_from_its_bytes(event in events()) {
        prop_assert_eq!(VenueEvent::decode(&event.encode()), Ok(event));
    }

    #[test]
    fn different_events_have_different_bytes(one in events(), two in events()) {
        prop_assert_eq!(one == two, one.encode() == two.encode());
    }

    #[test]
    fn other_lengths_are_refused_whole(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let found = bytes.len();
        if found != INTENT_BYTES {
            let refused = GatewayError::Length { expected: INTENT_BYTES, found };
            prop_assert_eq!(Intent::decode(&bytes), Err(refused));
        }
        if found != EVENT_BYTES {
            let refused = GatewayError::Length { expected: EVENT_BYTES, found };
            prop_assert_eq!(VenueEvent::decode(&bytes), Err(refused));
        }
        if found != MERGE_INTENT_BYTES {
            let refused = GatewayError::Length { expected: MERGE_INTENT_BYTES, found };
            prop_assert_eq!(MergeIntent::decode(&bytes), Err(refused));
        }
    }

    #[test]
    fn the_intent_of_a_merge_is_read_as_it_was_written(
        signal_id: u64, set: u32, qty: u64,
    ) {
        let intent = MergeIntent { signal_id, set: SetIx(set), qty: Qty(qty) };
        prop_assert_eq!(MergeIntent::decode(&intent.encode()), Ok(intent));
        prop_assert!(Intent::decode(&intent.encode()).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        intent in prop::collection::vec(any::<u8>(), INTENT_BYTES),
        mut event in prop::collection::vec(any::<u8>(), EVENT_BYTES),
    ) {
        // What can be read says the same when written and read again.
        if let Ok(read) = Intent::decode(&intent) {
            prop_assert_eq!(Intent::decode(&read.encode()), Ok(read));
        }
        event[0] %= 12;
        if let Ok(read) = VenueEvent::decode(&event) {
            prop_assert_eq!(VenueEvent::decode(&read.encode()), Ok(read));
        }
    }
}

fn event_of(tag: u8, code: u8) -> Result<VenueEvent, GatewayError> {
    let mut bytes = [0; EVENT_BYTES];
    (bytes[0], bytes[1]) = (tag, code);
    VenueEvent::decode(&bytes)
}

#[test]
fn codes_without_a_meaning_are_refused_on_both_sides_of_the_limit() {
    let code = |field, found| Err(GatewayError::Code { field, found });
    for (tag, field, last) in
        [(1, "reply", 7), (2, "state", 2), (3, "evidence", 3), (4, "merge", 2), (5, "mode", 5)]
    {
        assert!(event_of(tag, last).is_ok(), "{field}");
        assert_eq!(event_of(tag, last + 1), code(field, last + 1));
        assert_eq!(event_of(tag, u8::MAX), code(field, u8::MAX));
    }
    assert!(event_of(8, 0).is_ok());
    for tag in [0, 10, u8::MAX] {
        assert_eq!(event_of(tag, 0), code("tag", tag));
    }
}

#[test]
fn prices_above_a_dollar_and_unknown_rungs_are_refused() {
    let mut bytes = [0; INTENT_BYTES];
    assert!(Intent::decode(&bytes).is_ok());
    bytes[51] = 5;
    assert!(Intent::decode(&bytes).is_ok());
    bytes[51] = 6;
    assert_eq!(Intent::decode(&bytes), Err(GatewayError::Code { field: "rung", found: 6 }));
    bytes[51] = 0;
    bytes[56..60].copy_from_slice(&1_000_000_u32.to_le_bytes());
    assert!(Intent::decode(&bytes).is_ok());
    bytes[56..60].copy_from_slice(&1_000_001_u32.to_le_bytes());
    assert_eq!(Intent::decode(&bytes), Err(GatewayError::Code { field: "limit", found: 255 }));

    let mut bytes = [0; EVENT_BYTES];
    bytes[0] = 2;
    bytes[4..8].copy_from_slice(&1_000_001_u32.to_le_bytes());
    assert_eq!(VenueEvent::decode(&bytes), Err(GatewayError::Code { field: "price", found: 255 }));
}

#[test]
fn the_bytes_of_an_intent_and_a_trade_stand_where_they_stood() {
    let attempt = Attempt {
        key: AttemptKey { signal_id: 0x0102, leg: 3, attempt: 0x0405 },
        rung: Rung::ChaseTwo,
        token: TokenIx(0x0607),
        limit: Price::from_micros(0x0809).expect("price"),
        order_qty: Qty(0x0A0B),
        budget: None,
    };
    let intent = Intent { order: OrderIx(0x0C0D), hash: OrderHash([0xEE; 32]), attempt };
    let mut expected = [0; INTENT_BYTES];
    expected[0..2].copy_from_slice(&[0x0D, 0x0C]);
    expected[8..40].fill(0xEE);
    expected[40..42].copy_from_slice(&[0x02, 0x01]);
    expected[48..54].copy_from_slice(&[0x05, 0x04, 3, 2, 0x07, 0x06]);
    expected[56..58].copy_from_slice(&[0x09, 0x08]);
    // No budget is the least number.
    expected[63] = 0x80;
    expected[64..66].copy_from_slice(&[0x0B, 0x0A]);
    assert_eq!(intent.encode(), expected);

    let merge = MergeIntent { signal_id: 0x0102, set: SetIx(0x0304), qty: Qty(0x0506) };
    let mut expected = [0; MERGE_INTENT_BYTES];
    expected[0..2].copy_from_slice(&[0x02, 0x01]);
    expected[8..10].copy_from_slice(&[0x06, 0x05]);
    expected[16..18].copy_from_slice(&[0x04, 0x03]);
    assert_eq!(merge.encode(), expected);

    let trade = VenueEvent::Traded {
        order: OrderIx(1),
        trade: TradeId([0xAA; 16]),
        qty: Qty(2),
        price: Price::from_micros(3).expect("price"),
        fee: Usdc(-1),
        state: TradeState::Failed,
    };
    let mut expected = [0; EVENT_BYTES];
    (expected[0], expected[1], expected[4], expected[8], expected[16]) = (2, 2, 3, 1, 2);
    expected[24..40].fill(0xAA);
    expected[40..48].fill(0xFF);
    assert_eq!(trade.encode(), expected);
}
