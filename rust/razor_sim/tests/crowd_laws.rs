//! Laws of a crowd under all sorts of plans, accidents and strangers: the exchange stays sound, no
//! set pays but the planted ones, makers never take, and strangers are matched like anybody.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/crowd.rs"]
mod crowd;

use std::collections::BTreeMap;

use crowd::{DOLLAR, SECOND, SHARE, START, World, at, groups, plan, yes};
use proptest::prelude::*;
use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::Fine;
use razor_sim::crowd::{CrowdPlan, PlantPlan};
use razor_sim::exchange::{
    AccountIx, Asset, CancelScope, Command, Config, Event, MatchKind, OwnerIx, Settlement,
};
use razor_sim::rng::Rng;

const MILLI: i64 = 1_000_000;
/// Keys of the makers are the first ones.
const MAKERS: [OwnerIx; 3] = [OwnerIx(0), OwnerIx(1), OwnerIx(2)];

fn ticks() -> impl Strategy<Value = Vec<TickSize>> {
    let tick = prop::sample::select(vec![100_000, 10_000, 5_000, 2_500, 1_000, 100]);
    let tick = tick.prop_map(|micros| TickSize::from_micros(micros).expect("tick"));
    prop::collection::vec(tick, 1..4)
}

fn fees() -> impl Strategy<Value = Vec<Fees>> {
    let taker = (0_u32..150_000, 0_u8..3)
        .prop_map(|(rate_ppm, exponent)| Fees::Taker { rate_ppm, exponent });
    prop::collection::vec(prop_oneof![Just(Fees::Free), taker], 1..4)
}

fn plants() -> impl Strategy<Value = PlantPlan> {
    let numbers = (200_i64..2_000, 20_u64..500, 0_u64..500, 1_i64..900, 0_i64..900);
    let edges = (1_u32..50_000, 0_u32..50_000, 0_u32..101, any::<bool>());
    (numbers, edges).prop_map(|((every, size, more, life, longer), edges)| PlantPlan {
        every: Nanos(every * MILLI),
        size: (Qty(size * SHARE), Qty((size + more) * SHARE)),
        life: (Nanos(life * MILLI), Nanos((life + longer) * MILLI)),
        edge_ppm: (edges.0, edges.0 + edges.1),
        bids_percent: edges.2,
        has_rivals: edges.3,
    })
}

fn plans() -> impl Strategy<Value = CrowdPlan> {
    let counts = (any::<u64>(), 0_u32..4, 1_u32..4, 2_u32..9, any::<bool>());
    let times = (20_i64..800, prop::option::of(1_000_i64..6_000));
    (counts, ticks(), fees(), plants(), times).prop_map(
        |((seed, binaries, groups, group_size, has_augmented), ticks, fees, plants, times)| {
            CrowdPlan {
                seed,
                binaries,
                groups,
                group_size,
                has_augmented,
                ticks,
                fees,
                min_order_qtys: vec![Qty(5 * SHARE), Qty(20 * SHARE)],
                pace: Nanos(times.0 * MILLI),
                plants: Some(plants),
                resolve_every: times.1.map(|ms| Nanos(ms * MILLI)),
            }
        },
    )
}

/// Groups whose best prices pay, at one moment.
fn paying(world: &World) -> Vec<String> {
    let exhaustive = groups(world).into_iter().filter(|group| {
        let group = world.exchange.group(*group).expect("group");
        !group.is_augmented && group.winner.is_none()
    });
    let pays = exhaustive.filter(|group| {
        let [asks, bids] = world.sums(*group);
        asks.is_some_and(|sum| sum < DOLLAR) || bids.is_some_and(|sum| sum > DOLLAR)
    });
    pays.map(|group| world.exchange.group(group).expect("group").key.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(24)
    ))]

    #[test]
    fn whatever_the_plan_the_exchange_is_sound_and_only_planted_sets_pay(plan in plans()) {
        let mut world = World::new(plan);
        let mut seen: Vec<(String, Nanos)> = Vec::new();
        let mut instants = 0_u32;
        while let Some(now) = world.next(at(6)) {
            instants += 1;
            if instants.is_multiple_of(16) {
                prop_assert_eq!(world.exchange.audit(), Ok(()));
            }
            seen.extend(paying(&world).into_iter().map(|key| (key, now)));
        }
        prop_assert_eq!(world.exchange.audit(), Ok(()));
        // What stands at the end is told once it has ended.
        world.run(at(8));
        let truth = world.crowd.take_truth();
        for (key, now) in seen {
            let is_planted = truth
                .iter()
                .any(|set| set.key == key && (set.start..set.end).contains(&now));
            prop_assert!(is_planted, "{} pays at {:?}", key, now);
        }
        for set in truth {
            prop_assert!(set.start < set.end && set.over <= set.end);
            prop_assert!(set.taken.iter().all(|qty| *qty == 0), "nobody else was there: {set:?}");
            let pays = set.sum_micros() < DOLLAR;
            prop_assert_eq!(pays, set.side == Side::Sell, "{:?}", set);
        }
    }
}

#[test]
fn strangers_are_matched_like_anybody_and_the_exchange_stays_sound() {
    let mut world = World::new(plan(13));
    let mut client = world.client(Nanos(START));
    let mut rng = Rng::new(99);
    let markets = u32::try_from(world.exchange.markets().len()).expect("few");
    let mut matched = 0;
    for turn in 1..600 {
        let now = Nanos(START + turn * 60 * MILLI);
        world.run(now);
        let token = TokenIx(rng.below(2 * markets));
        let (_, Some(ask)) = world.exchange.top(token) else { continue };
        let price = if rng.chance(50) { ask } else { Fine(ask.0 / 200 * 100 + 100) };
        let sent = world.send(&mut client, now, (token, Side::Buy, price), 30 * SHARE);
        matched += u32::from(sent.is_ok_and(|ack| ack.taking > 0));
        if rng.chance(10) {
            let all = Command::Cancel(client.owner, CancelScope::All);
            world.step(now, all).expect("cancel");
        }
        world.exchange.audit().unwrap_or_else(|broken| panic!("{broken} at {now:?}"));
    }
    assert!(matched > 100, "{matched} of ours matched");
}

#[test]
fn accidents_of_settlement_break_no_balance() {
    let plain = Config::new(3);
    let settlement = Settlement {
        fail_ppm: 100_000,
        retry_ppm: 100_000,
        reorg_ppm: 100_000,
        ..plain.settlement
    };
    let config = Config { settlement, ended_orders: 1_000, final_trades: 100, ..plain };
    let mut world = World::on(plan(14), config);
    let mut statuses: BTreeMap<&str, u32> = BTreeMap::new();
    while let Some(now) = world.next(at(40)) {
        let mut is_settling = false;
        for event in &world.events {
            if let Event::Trade { status, .. } = event {
                *statuses.entry(status.word()).or_default() += 1;
                is_settling = true;
            }
        }
        if is_settling {
            world.exchange.audit().unwrap_or_else(|broken| panic!("{broken} at {now:?}"));
        }
    }
    assert!(statuses["FAILED"] > 5 && statuses["RETRYING"] > 5, "{statuses:?}");
}

#[test]
fn makers_only_make_and_every_kind_of_match_occurs() {
    let mut world = World::new(plan(15));
    let (mut takers, mut kinds): (BTreeMap<u32, u32>, BTreeMap<&str, u32>) = <_>::default();
    while world.next(at(120)).is_some() {
        for event in &world.events {
            let Event::Traded { trade, .. } = *event else { continue };
            let trade = world.exchange.trade(trade).expect("new");
            assert!(!MAKERS.contains(&trade.owner), "a maker took: {trade:?}");
            *takers.entry(trade.owner.0).or_default() += 1;
            for fill in world.exchange.fills(trade) {
                let kind = match fill.kind {
                    MatchKind::Complementary => "complementary",
                    MatchKind::Mint => "mint",
                    MatchKind::Merge => "merge",
                };
                *kinds.entry(kind).or_default() += 1;
            }
        }
    }
    // Noise has the keys 3 to 6, those who know the value 7 and 8.
    assert!((3..7).all(|owner| takers.contains_key(&owner)), "{takers:?}");
    assert!(takers.contains_key(&7) || takers.contains_key(&8), "{takers:?}");
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(world.exchange.fees() > 0);
}

#[test]
fn outcomes_of_an_augmented_group_may_look_cheap_and_are_never_planted() {
    let mut world = World::new(plan(16));
    let trap = groups(&world)
        .into_iter()
        .find(|group| world.exchange.group(*group).expect("group").is_augmented)
        .expect("an augmented group");
    let known = world.exchange.group(trap).expect("group").clone();
    let (named, rest) = known.markets.split_at(3);
    let (other, unnamed) = (rest[0], rest[1]);
    let mut looks_cheap = false;
    while world.next(at(60)).is_some() {
        let asks = named.iter().map(|market| world.exchange.top(yes(*market)).1);
        let sum: Option<u32> = asks.map(|ask| ask.map(|price| price.price().micros())).sum();
        looks_cheap |= sum.is_some_and(|sum| sum < DOLLAR);
        let (bid, ask) = world.exchange.top(yes(unnamed));
        assert_eq!((bid, ask), (None, None), "nobody quotes what has no name");
    }
    assert!(looks_cheap, "what is not named is worth something");
    assert!(world.exchange.top(yes(other)).1.is_some());
    let truth = world.crowd.take_truth();
    assert!(!truth.is_empty() && truth.iter().all(|set| *set.key != *known.key));
}

#[test]
fn quotes_lie_on_the_grid_in_layers_and_stay_when_nobody_trades() {
    let quiet = CrowdPlan { plants: None, ..plan(17) };
    let mut world = World::new(quiet);
    for (number, market) in (0..).zip(world.exchange.markets().to_vec()) {
        if !market.takes_orders() {
            continue;
        }
        for outcome in [Outcome::Yes, Outcome::No] {
            let depth = world.exchange.depth(TokenIx::of(MarketIx(number), outcome));
            let step = Fine::of_tick(market.tick).0;
            let levels = depth.bids.iter().chain(&depth.asks);
            assert!(levels.clone().all(|(price, qty)| price.0 % step == 0 && *qty >= 15 * SHARE));
            assert!(depth.bids.len() >= 2 && depth.asks.len() >= 4, "{number}: {depth:?}");
        }
    }
    world.run(at(60));
    assert!(world.crowd.take_truth().is_empty(), "nothing was planted");
    for group in groups(&world) {
        let [asks, bids] = world.sums(group);
        assert!(asks.is_none_or(|sum| sum >= DOLLAR) && bids.is_none_or(|sum| sum <= DOLLAR));
    }
}

#[test]
fn a_late_wake_changes_nothing() {
    let mut steady = World::new(plan(18));
    for second in 1..=20 {
        steady.run(at(second));
    }
    let mut late = World::new(plan(18));
    late.run(Nanos(START + 20 * SECOND));
    assert_eq!(steady.crowd.take_truth(), late.crowd.take_truth());
    for market in (0..).take(late.exchange.markets().len()) {
        let token = yes(MarketIx(market));
        assert_eq!(steady.exchange.depth(token), late.exchange.depth(token));
    }
    let purse = |world: &World| world.exchange.holding(AccountIx(3), Asset::Collateral);
    assert_eq!(purse(&steady), purse(&late));
}
