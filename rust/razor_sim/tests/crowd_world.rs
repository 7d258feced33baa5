//! Laws of a world: one plan gives one course, the exchange stays sound whatever the crowd does,
//! planted sets can be executed as stated, nothing else can, and the truth says what was taken.

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

use std::fmt::Write as _;

use crowd::{DOLLAR, SECOND, SHARE, START, World, at, groups, plan, yes};
use razor_core::ids::MarketIx;
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::units::{Nanos, Qty};
use razor_sim::crowd::{Crowd, CrowdPlan, PlanFault, PlantPlan, Planted};
use razor_sim::exchange::{AccountIx, Asset, Command, Config, Event, Exchange, Mode, Operation};

/// A course as text: what was told, and what was planted.
fn course(plan: CrowdPlan, seconds: i64) -> (String, String) {
    let mut world = World::new(plan);
    let mut told = format!("{:?}", world.events);
    while world.next(at(seconds)).is_some() {
        write!(told, "{:?}", world.events).expect("a string takes it");
    }
    let truth: String = world.crowd.take_truth().iter().map(Planted::to_json).collect();
    (told + world.crowd.listing(), truth)
}

#[test]
fn one_plan_gives_one_course_and_another_seed_another() {
    let (told, truth) = course(plan(3), 30);
    assert_eq!((told.clone(), truth.clone()), course(plan(3), 30));
    let (others, other_truth) = course(plan(4), 30);
    assert!(told != others && truth != other_truth && !truth.is_empty());
}

#[test]
fn the_exchange_is_sound_after_every_act_and_only_planted_sets_pay() {
    for seed in 0..2 {
        let with_rivals = PlantPlan { has_rivals: seed % 2 == 1, ..PlantPlan::new() };
        let plan = CrowdPlan { plants: Some(with_rivals), ..plan(seed) };
        let mut world = World::new(plan);
        let groups = groups(&world);
        let mut paying: Vec<(usize, Nanos)> = Vec::new();
        let mut prints = 0;
        while let Some(now) = world.next(at(50)) {
            world.exchange.audit().unwrap_or_else(|broken| panic!("{broken} at {now:?}"));
            prints +=
                world.events.iter().filter(|event| matches!(event, Event::Traded { .. })).count();
            for (number, group) in groups.iter().enumerate() {
                let [asks, bids] = world.sums(*group);
                if asks.is_some_and(|sum| sum < DOLLAR) || bids.is_some_and(|sum| sum > DOLLAR) {
                    paying.push((number, now));
                }
            }
        }
        let truth = world.crowd.take_truth();
        assert!(truth.len() > 12 && prints > 100, "{} sets, {prints} prints", truth.len());
        for (group, now) in paying {
            let key = &world.exchange.group(groups[group]).expect("group").key;
            let is_augmented = world.exchange.group(groups[group]).expect("group").is_augmented;
            let is_planted =
                truth.iter().any(|set| *set.key == **key && (set.start..set.end).contains(&now));
            // The last plants have not ended; an augmented group may look cheap, and is not.
            assert!(is_planted || is_augmented || now > at(48), "group {group} pays at {now:?}");
        }
    }
}

#[test]
fn planted_sets_can_be_executed_at_their_stated_size_until_they_end() {
    for has_rivals in [false, true] {
        let plants = PlantPlan { has_rivals, bids_percent: 40, ..PlantPlan::new() };
        let plan = CrowdPlan { plants: Some(plants), ..plan(21) };
        let mut first = World::new(plan.clone());
        first.run(at(60));
        let truth = first.crowd.take_truth();
        assert!(truth.iter().any(|set| set.side == Side::Buy), "rich bids too");
        let mut world = World::new(plan);
        for set in &truth {
            let last = Nanos(set.end.0 - 1);
            world.run(set.start);
            for now in [set.start, last] {
                world.run(now);
                let mut copy = world.clone();
                alone_at_their_prices(&copy, set);
                let got = copy.execute(now, set, set.size.0);
                copy.exchange.audit().expect("sound");
                assert!(got.iter().all(|(shares, _)| *shares == set.size.0), "{got:?} of {set:?}");
                let spent: u64 = got.iter().map(|(_, cash)| cash).sum();
                // Of rich bids NO was bought: all of them but one will pay.
                let pays = match set.side {
                    Side::Sell => set.size.0,
                    Side::Buy => set.size.0 * (u64::try_from(got.len()).expect("legs") - 1),
                };
                let profit = pays.checked_sub(spent).expect("a profit");
                // The rivals' part makes one print of two; each fee is rounded by itself.
                assert!(profit.abs_diff(set.profit) <= 100, "{profit} for {set:?}");
                let sum = set.sum_micros();
                assert!(if set.side == Side::Sell { sum < DOLLAR } else { sum > DOLLAR });
                assert!(set.profit >= set.size.0 * 15_000 / 1_000_000, "{set:?}");
            }
        }
    }
}

/// The best level of each leg holds the planted size and nothing of the ordinary quotes, unless
/// rivals have still to come.
fn alone_at_their_prices(world: &World, set: &Planted) {
    for (leg, price) in set.legs.iter().zip(&set.prices) {
        let token = world.exchange.registry().token(leg.as_bytes()).expect("token");
        let depth = world.exchange.depth(token);
        let levels = if set.side == Side::Sell { depth.asks } else { depth.bids };
        let (best, qty) = *levels.last().expect("a planted level");
        assert_eq!(best, *price, "{set:?}");
        assert!(qty >= set.size.0, "{qty} of {set:?}");
        let has_rivals = set.rivals.iter().any(|qty| *qty > 0);
        assert!(has_rivals || qty == set.size.0, "{qty} of {set:?}");
    }
}

#[test]
fn the_truth_says_what_was_taken_and_when_it_was_over() {
    let plants = PlantPlan { has_rivals: true, ..PlantPlan::new() };
    let plan = CrowdPlan { plants: Some(plants), ..plan(5) };
    let mut first = World::new(plan.clone());
    first.run(at(20));
    let set = first.crowd.take_truth().remove(0);
    assert!(set.taken.iter().all(|qty| *qty == 0) && set.rivals.iter().all(|qty| *qty > 0));

    let mut world = World::new(plan.clone());
    let now = Nanos(set.start.0 + 400_000_000);
    world.run(now);
    let got = world.execute(now, &set, 15 * SHARE);
    let got: Vec<u64> = got.into_iter().map(|(shares, _)| shares).collect();
    world.run(set.end);
    let told = world.crowd.take_truth().remove(0);
    assert_eq!(told, Planted { taken: got, ..set.clone() });

    let mut world = World::new(plan);
    world.run(now);
    let got = world.execute(now, &set, 2 * set.size.0);
    let got: Vec<u64> = got.into_iter().map(|(shares, _)| shares).collect();
    world.run(set.end);
    let told = world.crowd.take_truth().remove(0);
    assert_eq!(told.taken, got);
    assert_eq!((told.over, told.end), (now, set.end), "sold out before its end");
}

#[test]
fn events_resolve_when_the_plan_says_so_and_books_empty() {
    let every = Some(Nanos(3 * SECOND));
    let mut world = World::new(CrowdPlan { resolve_every: every, ..plan(8) });
    let markets = world.exchange.markets().len();
    world.run(at(120));
    world.exchange.audit().expect("sound");
    assert!(world.exchange.markets().iter().all(|market| market.payout.is_some()));
    for group in groups(&world) {
        assert!(world.exchange.group(group).expect("group").winner.is_some());
    }
    let tops = (0..).take(markets).map(|ix| world.exchange.top(yes(MarketIx(ix))));
    assert!(tops.into_iter().all(|top| top == (None, None)));
    assert_eq!(world.crowd.due(), None, "nothing is left to do");
}

#[test]
fn makers_come_back_when_trading_was_off() {
    let mut world = World::new(plan(2));
    world.run(at(5));
    let off = Operation::SetMode(Mode::CancelOnly);
    world.step(at(5), Command::Operate(off)).expect("mode");
    world.run(at(60));
    let on = Operation::SetMode(Mode::Normal);
    world.step(at(60), Command::Operate(on)).expect("mode");
    world.run(at(90));
    world.exchange.audit().expect("sound");
    let open = world.exchange.markets().iter().filter(|market| market.takes_orders()).count();
    let quoted = (0..).take(world.exchange.markets().len()).filter(|ix| {
        let (bid, ask) = world.exchange.top(yes(MarketIx(*ix)));
        bid.is_some() && ask.is_some()
    });
    assert_eq!(quoted.count(), open);
}

#[test]
fn names_look_made_and_have_the_venues_form() {
    let world = World::new(plan(6));
    for market in world.exchange.markets() {
        let spec = &market.spec;
        assert!(spec.condition_id.starts_with("0x776f726c64") && spec.condition_id.len() == 66);
        for token in &spec.token_ids {
            assert!(token.starts_with("119111114108100") && token.len() == 77);
            assert!(world.crowd.listing().contains(&**token));
        }
    }
    let wallet = world.exchange.account(AccountIx(0)).expect("maker").address;
    assert!(wallet.to_string().starts_with("0x776f726c64"));
    assert!(world.exchange.holding(AccountIx(0), Asset::Collateral).open > 0);
}

#[test]
fn plans_outside_their_ranges_are_refused_before_anything_is_listed() {
    let plants = PlantPlan::new();
    let with = |plants| CrowdPlan { plants: Some(plants), ..plan(1) };
    let cases = [
        (CrowdPlan { binaries: 0, groups: 0, ..plan(1) }, PlanFault::Markets),
        (CrowdPlan { groups: 30_000, group_size: 20, ..plan(1) }, PlanFault::Markets),
        (CrowdPlan { group_size: 1, ..plan(1) }, PlanFault::GroupSize),
        (CrowdPlan { group_size: 21, ..plan(1) }, PlanFault::GroupSize),
        (CrowdPlan { ticks: vec![], ..plan(1) }, PlanFault::Terms),
        (CrowdPlan { fees: vec![Fees::Unknown], ..plan(1) }, PlanFault::Terms),
        (
            CrowdPlan { fees: vec![Fees::Taker { rate_ppm: 1, exponent: 3 }], ..plan(1) },
            PlanFault::Terms,
        ),
        (CrowdPlan { min_order_qtys: vec![Qty(1)], ..plan(1) }, PlanFault::Terms),
        (CrowdPlan { pace: Nanos(0), ..plan(1) }, PlanFault::Times),
        (CrowdPlan { resolve_every: Some(Nanos(-1)), ..plan(1) }, PlanFault::Times),
        (with(PlantPlan { life: (Nanos(2), Nanos(1)), ..plants }), PlanFault::Times),
        (with(PlantPlan { size: (Qty(SHARE), Qty(SHARE)), ..plants }), PlanFault::Sizes),
        (with(PlantPlan { edge_ppm: (2, 1), ..plants }), PlanFault::Edge),
        (with(PlantPlan { bids_percent: 101, ..plants }), PlanFault::Edge),
    ];
    for (plan, fault) in cases {
        let mut exchange = Exchange::new(Config::new(1));
        let said = Crowd::open(plan, Nanos(START), &mut exchange, &mut Vec::new());
        assert_eq!(said.err(), Some(fault));
        assert!(exchange.markets().is_empty());
    }
}
