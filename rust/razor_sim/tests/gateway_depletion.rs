//! The depleting model against a slow, obvious one: no size is traded twice, none is withheld, and
//! the price is the book's.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "support/venue.rs"]
mod venue;

use std::collections::BTreeMap;

use proptest::prelude::*;
use razor_core::ids::TokenIx;
use razor_core::order::gateway::{Gateway, Intent, MarketTop, Reply, VenueEvent};
use razor_core::order::{OrderIx, Rung, Side};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Price, Qty};
use razor_sim::gateway::{FaultPlan, SimConfig, SimGateway, TrueOrder};

use venue::{Books, attempt, config, drain, markets, ms, px, send, share, shares};

/// A step, some milliseconds after the one before.
#[derive(Debug, Clone)]
enum Step {
    /// An order: rung, token, cents, micro-shares, bucket.
    Order(Rung, u32, u32, u64, Bucket),
    /// A message of a market's one book: cents of YES bid and ask, and their sizes.
    Message(u32, u32, u32, u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<(u16, Step)>> {
    let rungs = prop::sample::select(vec![Rung::Fire, Rung::ChaseOne, Rung::FlatOne]);
    let buckets = prop::sample::select(vec![Bucket::Liquid, Bucket::Thin]);
    // Few prices and tokens, so that orders meet at one level.
    let order = (rungs, 0_u32..4, 42_u32..60, 1_u64..60_000_000, buckets)
        .prop_map(|(rung, token, cents, qty, bucket)| Step::Order(rung, token, cents, qty, bucket));
    let message = (0_u32..2, 42_u32..46, 46_u32..50, 0_u64..90_000_000, 0_u64..90_000_000)
        .prop_map(|(market, bid, ask, b, a)| Step::Message(market, bid, ask, b, a));
    prop::collection::vec((0_u16..250, prop_oneof![4 => order, 1 => message]), 1..40)
}

/// Both tokens of a market as its one book shows them.
fn show(books: &mut Books, market: u32, sides: (Price, Price, Qty, Qty), changed: Nanos) {
    let (bid, ask, bid_qty, ask_qty) = sides;
    let yes =
        MarketTop { bid: Some((bid, Some(bid_qty))), ask: Some((ask, Some(ask_qty))), changed };
    let no = MarketTop {
        bid: Some((ask.complement(), Some(ask_qty))),
        ask: Some((bid.complement(), Some(bid_qty))),
        changed,
    };
    books.0.insert(TokenIx(2 * market), yes);
    books.0.insert(TokenIx(2 * market + 1), no);
}

/// What the obvious model holds: per token and side, what is left of the best level.
struct Naive {
    config: SimConfig,
    books: Books,
    /// Shares taken at (market, is the YES ask) since the market's last message.
    taken: BTreeMap<(u32, bool), u64>,
}

impl Naive {
    fn message(&mut self, market: u32, sides: (Price, Price, Qty, Qty), at: Nanos) {
        show(&mut self.books, market, sides, at);
        self.taken.retain(|(of, _), _| *of != market);
    }

    fn fill(&mut self, order: &TrueOrder) -> Option<(Price, Qty)> {
        let attempt = order.intent.attempt;
        let top = self.books.0[&attempt.token];
        let ((price, size), is_ask) = match attempt.side() {
            Side::Buy => (top.ask?, attempt.token.0.is_multiple_of(2)),
            Side::Sell => (top.bid?, !attempt.token.0.is_multiple_of(2)),
        };
        let is_crossing = match attempt.side() {
            Side::Buy => attempt.limit >= price,
            Side::Sell => attempt.limit <= price,
        };
        let share = self.config.share(order.bucket).0 / 1_000_000_000_000;
        let most = u128::from(size?.0) * u128::try_from(share).expect("share") / 1_000_000;
        let taken = self.taken.entry((attempt.token.0 / 2, is_ask)).or_default();
        let left = u64::try_from(most).expect("most").saturating_sub(*taken);
        let qty = left.min(attempt.order_qty.0);
        if !is_crossing || qty == 0 {
            return None;
        }
        *taken += qty;
        Some((price, Qty(qty)))
    }
}

/// What is due before `now`, in both models.
fn run(gateway: &mut SimGateway, naive: &mut Naive, now: Nanos, seen: &mut BTreeMap<OrderIx, ()>) {
    drain(gateway, now, &naive.books.clone());
    let mut arrived: Vec<(Nanos, OrderIx)> = gateway
        .truth()
        .orders()
        .filter(|(order, _)| !seen.contains_key(order))
        .filter_map(|(order, truth)| Some((truth.arrived?, order)))
        .collect();
    arrived.sort_unstable();
    for (at, order) in arrived {
        seen.insert(order, ());
        let truth = gateway.truth().order(order).expect("order").clone();
        let found: Vec<_> = truth.trades.iter().map(|t| (t.matched, t.price, t.qty)).collect();
        let expected: Vec<_> =
            naive.fill(&truth).map(|(price, qty)| (at, price, qty)).into_iter().collect();
        assert_eq!(found, expected, "{:?}", truth.intent.attempt);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn fills_are_those_of_the_obvious_model(steps in steps(), liquid in 0_u32..=10) {
        let share_liquid = share(&if liquid == 10 { "1".into() } else { format!("0.{liquid}37") });
        // One nanosecond more, so that no order arrives in the instant of a message.
        let latency = Nanos(ms(100).0 + 1);
        let config = SimConfig { latency, share_liquid, share_thin: share("0.5"), ..config(9) };
        let mut gateway = SimGateway::new(config.clone(), markets());
        let mut naive = Naive { config, books: Books::default(), taken: BTreeMap::new() };
        let first = (px("0.44"), px("0.47"), shares("50"), shares("40"));
        for market in 0..2 {
            naive.message(market, first, Nanos(0));
        }
        let (mut now, mut seen) = (ms(10), BTreeMap::new());
        for (place, (pause, step)) in (1_u16..).zip(&steps) {
            now = Nanos(now.0 + ms(i64::from(*pause)).0);
            run(&mut gateway, &mut naive, now, &mut seen);
            match *step {
                Step::Order(rung, token, cents, qty, bucket) => {
                    let mut attempt = attempt(place, rung, token, &format!("0.{cents}"), "1");
                    attempt.order_qty = Qty(qty);
                    let order = OrderIx(u64::from(place));
                    let intent = Intent { order, hash: gateway.hash(order, &attempt), attempt };
                    gateway.send(now, &intent, bucket, &naive.books);
                }
                Step::Message(market, bid, ask, bids, asks) => {
                    let (bid, ask) = (px(&format!("0.{bid}")), px(&format!("0.{ask}")));
                    naive.message(market, (bid, ask, Qty(bids), Qty(asks)), now);
                }
            }
        }
        run(&mut gateway, &mut naive, ms(1_000_000), &mut seen);
        prop_assert!(gateway.truth().orders().all(|(_, order)| order.arrived.is_some()));
    }

    #[test]
    fn a_source_without_sizes_fills_nothing_or_around_the_set_depth(
        depth in 0_u64..2_000_000_000,
        seed in any::<u64>(),
    ) {
        let config = SimConfig { quote_depth: Qty(depth), ..config(seed) };
        let mut gateway = SimGateway::new(config, markets());
        let bare = MarketTop { bid: None, ask: Some((px("0.4"), None)), changed: Nanos(7) };
        let books = Books([(TokenIx(0), bare)].into());
        for n in 1..=2 {
            send(&mut gateway, ms(0), attempt(n, Rung::Fire, 0, "0.40", "9000000"), &books);
        }
        drain(&mut gateway, ms(10_000), &books);
        let of = |n| gateway.truth().order(OrderIx(n)).expect("order").matched().0;
        prop_assert!(of(1) >= depth / 2 && of(1) <= depth / 2 + depth, "{} of {depth}", of(1));
        prop_assert!(depth > 0 || of(1) == 0);
        prop_assert_eq!(of(2), 0, "the same state of the book has one size");
    }

    #[test]
    fn parts_add_up_whatever_their_number(qty in 1_u64..20, parts in 0_u8..9, seed in any::<u64>()) {
        let config = SimConfig { trades_max: parts, ..config(seed) };
        let mut gateway = SimGateway::new(config, markets());
        let books = Books::flat("0.44", "0.46", "100");
        let mut buy = attempt(1, Rung::Fire, 0, "0.46", "1");
        buy.order_qty = Qty(qty);
        send(&mut gateway, ms(0), buy, &books);
        drain(&mut gateway, ms(10_000), &books);
        let truth = gateway.truth().order(OrderIx(1)).expect("order");
        prop_assert_eq!(truth.matched(), Qty(qty));
        prop_assert!(truth.trades.iter().all(|trade| trade.qty.0 > 0));
        prop_assert!(truth.trades.len() <= usize::from(parts.max(1)));
    }
}

#[test]
fn an_order_meets_the_book_of_its_arrival() {
    let mut gateway = SimGateway::new(config(1), markets());
    gateway.arm(FaultPlan::default());
    let before = Books::flat("0.44", "0.46", "100");
    let after = Books::flat("0.44", "0.45", "2");
    send(&mut gateway, ms(0), attempt(1, Rung::Fire, 0, "0.46", "5"), &before);
    let replies: Vec<_> = drain(&mut gateway, ms(150), &after)
        .into_iter()
        .filter(|(_, event)| matches!(event, VenueEvent::Replied { .. }))
        .collect();
    let matched = Reply::Matched(shares("2"));
    assert_eq!(replies, [(ms(150), VenueEvent::Replied { order: OrderIx(1), reply: matched })]);
    let trade = gateway.truth().order(OrderIx(1)).expect("order").trades[0];
    // Better than the limit, since the book is; 0.04 · 2 · 0.45 · 0.55 is charged.
    assert_eq!((trade.price, trade.fee.0), (px("0.45"), 19_800));
}
