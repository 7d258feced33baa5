//! What the tests of gateways share: a market of their own making, and a clock to drive it by.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;

use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::{Fees, MarketDef, SetDef, SetKind, Settlement, Universe};
use razor_core::order::attempt::{Attempt, AttemptKey, OrderIx, Rung};
use razor_core::order::gateway::{Gateway, Intent, MarketTop, Tops, VenueEvent};
use razor_core::shadow::exact::FillShare;
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Price, Qty, TickSize};
use razor_sim::gateway::{AckOrder, SettleDelay, SimConfig, SimMarkets};

pub const MILLI: i64 = 1_000_000;
pub const SECOND: i64 = 1_000 * MILLI;
/// The one set: YES of the first market and YES of the second.
pub const SET: SetIx = SetIx(0);

pub fn ms(count: i64) -> Nanos {
    Nanos(count * MILLI)
}

pub fn px(text: &str) -> Price {
    Price::parse(text.as_bytes()).expect("price")
}

pub fn shares(text: &str) -> Qty {
    Qty::parse(text.as_bytes()).expect("quantity")
}

pub fn share(text: &str) -> FillShare {
    FillShare::parse(text).expect("share")
}

/// Two markets (tokens 0..=3) with a fee, and one set over tokens 0 and 2.
pub fn universe() -> Universe {
    let mut universe = Universe::default();
    for name in ["tok-a", "tok-b"] {
        let market = MarketDef {
            condition_id: name.into(),
            token_ids: [name.into(), format!("{name}-no").into()],
            label: name.into(),
            tick: TickSize::CENT,
            min_order_qty: Qty(5_000_000),
            fees: Fees::Taker { rate_ppm: 40_000, exponent: 1 },
            neg_risk: false,
            end_ms: 0,
        };
        universe.add_market(market).expect("market");
    }
    let legs = vec![TokenIx(0), TokenIx(2)];
    let set =
        SetDef { key: "set".into(), kind: SetKind::Group, legs, settlement: Settlement::Merge };
    universe.add_set(set).expect("set");
    universe
}

pub fn markets() -> SimMarkets {
    SimMarkets::of(&universe())
}

/// Everything is filled that stands on the book, after 100 ms; final after one second.
pub fn config(seed: u64) -> SimConfig {
    SimConfig {
        seed,
        share_liquid: share("1"),
        share_thin: share("0.5"),
        latency: ms(100),
        latency_back: ms(50),
        settle: SettleDelay { min: ms(1_000), max: ms(1_000) },
        ack_order: AckOrder::ReplyFirst,
        ..SimConfig::default()
    }
}

/// Books by hand.
#[derive(Debug, Clone, Default)]
pub struct Books(pub BTreeMap<TokenIx, MarketTop>);

impl Books {
    /// Both sides of every token at the same prices and sizes.
    pub fn flat(bid: &str, ask: &str, size: &str) -> Self {
        let mut books = Self::default();
        for token in 0..4 {
            books.set(TokenIx(token), bid, ask, size, Nanos(0));
        }
        books
    }

    pub fn set(&mut self, token: TokenIx, bid: &str, ask: &str, size: &str, changed: Nanos) {
        let size = Some(shares(size));
        let top = MarketTop { bid: Some((px(bid), size)), ask: Some((px(ask), size)), changed };
        self.0.insert(token, top);
    }
}

impl Tops for Books {
    fn top(&self, token: TokenIx) -> Option<MarketTop> {
        self.0.get(&token).copied()
    }
}

/// The `n`-th attempt on leg 0 of signal 1.
pub fn attempt(n: u16, rung: Rung, token: u32, limit: &str, qty: &str) -> Attempt {
    Attempt {
        key: AttemptKey { signal_id: 1, leg: 0, attempt: n },
        rung,
        token: TokenIx(token),
        limit: px(limit),
        order_qty: shares(qty),
        budget: None,
    }
}

/// Sends an attempt as order `n` and gives its intent.
pub fn send(gateway: &mut impl Gateway, now: Nanos, attempt: Attempt, tops: &dyn Tops) -> Intent {
    let order = OrderIx(u64::from(attempt.key.attempt));
    let intent = Intent { order, hash: gateway.hash(order, &attempt), attempt };
    gateway.send(now, &intent, Bucket::Liquid, tops);
    intent
}

/// Everything due up to `until`, the clock stepped from due time to due time.
pub fn drain(
    gateway: &mut impl Gateway,
    until: Nanos,
    tops: &dyn Tops,
) -> Vec<(Nanos, VenueEvent)> {
    let mut out = Vec::new();
    while let Some(due) = gateway.next_due().filter(|due| *due <= until) {
        while let Some(event) = gateway.poll(due, tops) {
            out.push(event);
        }
    }
    out
}
