//! The worlds that are explored: small enough to close, together wide enough to reach everything.

use razor_core::basket::{LegPlan, Plan, Rules, Waits};
use razor_core::ids::{SetIx, TokenIx};
use razor_core::ledger::Settle;
use razor_core::market::{Fees, Settlement};
use razor_core::risk::{Breakers, Caps, RateBreaker};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Bps, Nanos, Price, Usdc};

use super::defect::Defect;
use super::world::{ASK, Book, Budget, Config, NOW, qty};

const SECOND: i64 = 1_000_000_000;
const EVERY_BOOK: [Book; 9] = [
    Book::Fresh,
    Book::Near,
    Book::Far,
    Book::Beyond,
    Book::NoAsk,
    Book::NoBid,
    Book::Stale,
    Book::Old,
    Book::Missing,
];

pub fn plan(signal_id: u64, legs: u32, units: u8) -> Plan {
    Plan {
        signal_id,
        ts: NOW,
        set: SetIx(0),
        event: 0,
        qty: qty(units),
        expected_net: Bps::new(400),
        bucket: Bucket::Thin,
        worst: 1,
        settlement: Settlement::Merge,
        is_delayed: false,
        is_resolving: false,
        legs: (0..legs)
            .map(|leg| LegPlan {
                token: TokenIx(leg * 2),
                limit: Price::from_micros(ASK).expect("price"),
                min_order_qty: qty(1),
                fees: Fees::Free,
            })
            .collect(),
    }
}

fn rules() -> Rules {
    let seconds = |count: i64| Nanos(count * SECOND);
    Rules {
        chase_cap: Bps::new(200),
        chase_step: Bps::new(10),
        flatten: [Bps::new(100), Bps::new(500), Bps::new(1_000)],
        flatten_attempts: 3,
        queue: 1,
        waits: Waits {
            answer: seconds(3),
            poll: seconds(1),
            resolve: seconds(15),
            late: seconds(120),
            flatten_wait: seconds(2),
            flatten: seconds(60),
            settle: seconds(180),
            set: seconds(120),
            cooldown: seconds(1),
        },
    }
}

/// Caps that one set just fits under. What would only count, and so split states, is switched off.
fn caps(legs: i64, units: i64) -> Caps {
    let quiet = RateBreaker { max_permille: 1_000, window: 0 };
    let set = legs * units * 306_000;
    Caps {
        max_exposure: Usdc(set + 300_000),
        max_signal: Usdc(set),
        max_day_loss: Usdc(100_000_000),
        max_orders_per_min: 60,
        max_open_orders: 4,
        max_residual: Usdc(1_000_000),
        exit_reserve_percent: 25,
        max_event_exposure: None,
        breakers: Breakers { loss_streak: 100, revert: quiet, api_error: quiet },
        cooldown: Nanos(0),
        signal_ttl: Nanos(2 * SECOND),
        takes_delayed_markets: false,
    }
}

/// The answer to one order may be overdue, and the order late or lost.
fn plainly() -> Budget {
    Budget { delays: 1, ..Budget::default() }
}

/// One signal in a world without surprises.
pub fn plain(name: &'static str, legs: u32, units: u8) -> Config {
    Config {
        name,
        plans: vec![plan(1, legs, units)],
        rules: rules(),
        caps: caps(i64::from(legs), i64::from(units)),
        budget: plainly(),
        books: vec![Book::Fresh],
        first: vec![Settle::Prov],
        stops_at_hard_stop: false,
        defect: None,
    }
}

/// What `make test` closes: each world is wide in one direction and narrow in the others.
pub fn daily() -> Vec<Config> {
    let narrow = Budget::default();
    let small = |name, budget| Config {
        budget,
        first: vec![Settle::Conf],
        stops_at_hard_stop: true,
        ..plain(name, 2, 1)
    };
    let answers = Budget { rests: 1, declines: 1, unmerged: 1, ..narrow };
    let questions = Budget { ghosts: 1, stales: 1, silences: 1, ..plainly() };
    let broken = Budget { bans: 1, overfills: 1, slips: 1, lies: 1, ..narrow };
    let journal = Budget { undurable: 1, foreign: 1, lost: 1, clears: 1, ..narrow };
    let words = Budget { stops: 1, halts: 1, clears: 1, ..narrow };
    vec![
        Config {
            first: vec![Settle::Prov],
            ..small("chain", Budget { voids: 1, delays: 1, ..narrow })
        },
        small("answers", Budget { garbles: 1, ..answers }),
        Config { books: EVERY_BOOK.to_vec(), ..small("ladders", plainly()) },
        Config { plans: vec![plan(1, 2, 2)], caps: caps(2, 2), ..small("units", plainly()) },
        Config {
            first: vec![Settle::Prov],
            ..small("restarts", Budget { crashes: 1, ..plainly() })
        },
        Config { stops_at_hard_stop: false, ..small("operators", Budget { crashes: 1, ..words }) },
        Config {
            books: vec![Book::Fresh, Book::Stale],
            ..small("modes", Budget { modes: 1, ..narrow })
        },
        Config {
            plans: vec![plan(1, 2, 1), plan(1, 2, 1), plan(2, 2, 1)],
            ..small("signals", narrow)
        },
        Config { plans: vec![plan(1, 2, 1), plan(2, 2, 1)], ..small("two signals", plainly()) },
        small("broken venue", broken),
        Config { stops_at_hard_stop: false, ..small("broken journal", journal) },
        small("questions", questions),
        Config { plans: vec![plan(1, 3, 1)], caps: caps(3, 1), ..small("three legs", narrow) },
    ]
}

/// A signal, its repetition and two more.
fn many() -> Vec<Plan> {
    vec![plan(1, 2, 1), plan(1, 2, 1), plan(2, 2, 1), plan(3, 2, 1)]
}

/// What `make nightly` visits: all directions at once, more crashes, three legs.
pub fn nightly() -> Vec<Config> {
    let wide = Budget {
        voids: 1,
        garbles: 1,
        rests: 1,
        declines: 1,
        stales: 1,
        silences: 1,
        unmerged: 1,
        ..plainly()
    };
    let both = vec![Settle::Prov, Settle::Conf];
    let three = |name, budget| Config {
        budget,
        first: vec![Settle::Conf],
        stops_at_hard_stop: true,
        ..plain(name, 3, 1)
    };
    vec![
        three("three legs, one late", plainly()),
        three("three legs, a crash", Budget { crashes: 1, ..Budget::default() }),
        Config {
            first: vec![Settle::Prov],
            ..three("three legs, wide", Budget { crashes: 1, ..plainly() })
        },
        three("three legs, a void", Budget { voids: 1, ..Budget::default() }),
        Config { books: EVERY_BOOK.to_vec(), ..three("three legs, books", Budget::default()) },
        Config { budget: wide, first: both.clone(), ..plain("all answers", 2, 1) },
        Config {
            budget: Budget { crashes: 2, voids: 1, ..plainly() },
            ..plain("two crashes", 2, 1)
        },
        Config {
            budget: Budget { stops: 1, halts: 1, clears: 1, crashes: 1, ..plainly() },
            ..plain("operators and a crash", 2, 1)
        },
        Config { plans: many(), first: both, ..plain("many signals", 2, 1) },
        Config { budget: Budget { delays: 2, ..plainly() }, ..plain("two late", 2, 2) },
    ]
}

/// The world of INVARIANTS §8: three legs that the chain confirms or not when it likes, and a crash
/// at any moment; it closes, and it has ten million states.
pub fn proof() -> Config {
    Config {
        budget: Budget { crashes: 1, ..Budget::default() },
        stops_at_hard_stop: true,
        ..plain("three legs, the chain and a crash", 3, 1)
    }
}

/// Small worlds, one per guard that the others do not meet.
pub fn guards() -> Vec<Config> {
    let with = |name, change: fn(&mut Config)| {
        let mut config = plain(name, 2, 1);
        config.first = vec![Settle::Conf];
        config.stops_at_hard_stop = true;
        config.budget = Budget::default();
        change(&mut config);
        config
    };
    vec![
        with("cooldown", |config| {
            config.caps.cooldown = Nanos(SECOND);
            config.plans.push(plan(2, 2, 1));
        }),
        with("streak", |config| config.caps.breakers.loss_streak = 1),
        with("rate", |config| config.caps.max_orders_per_min = 2),
        with("open orders", |config| config.caps.max_open_orders = 0),
        with("exposure", |config| config.caps.max_exposure = Usdc(600_000)),
        with("signal cost", |config| config.caps.max_signal = Usdc(600_000)),
        with("resolving", |config| config.plans[0].is_resolving = true),
        with("delayed", |config| config.plans[0].is_delayed = true),
        with("one leg", |config| {
            config.plans[0].legs.truncate(1);
        }),
        with("fees", |config| config.plans[0].legs[0].fees = Fees::Unknown),
        with("small", |config| config.plans[0].legs[0].min_order_qty = qty(2)),
        with("old signal", |config| config.plans[0].ts = Nanos(NOW.0 - 3 * SECOND)),
        with("thin edge", |config| config.plans[0].expected_net = Bps::new(1)),
        with("short queue", |config| {
            config.plans.push(plan(2, 2, 1));
            config.rules.queue = 0;
        }),
        with("hold", |config| config.plans[0].settlement = Settlement::HoldToResolution),
        residual(),
    ]
}

/// Leftovers under the smallest order.
fn residual() -> Config {
    let mut config = plain("residual", 2, 3);
    for leg in &mut config.plans[0].legs {
        leg.min_order_qty = qty(2);
    }
    config.caps.max_residual = Usdc(400_000);
    config.first = vec![Settle::Conf];
    config.stops_at_hard_stop = true;
    config.budget = Budget::default();
    config
}

/// Every planted defect with the law that must catch it and the world it shows in.
pub fn controls() -> Vec<(&'static str, Config)> {
    let with = |defect, budget| Config { budget, defect: Some(defect), ..plain("control", 2, 1) };
    let quiet = Budget::default();
    let merging = Budget { crashes: 1, ..quiet };
    vec![
        ("S-05", with(Defect::ResendOnTimeout, plainly())),
        ("S-03", with(Defect::BelievesAbsence, plainly())),
        ("S-03", with(Defect::ReleasesUnknown, Budget { garbles: 1, ..quiet })),
        ("S-03", with(Defect::BelievesZero, Budget { lies: 1, ..quiet })),
        ("S-09", with(Defect::SellsProvisional, plainly())),
        ("S-10", with(Defect::SellsProvisional, quiet)),
        ("D-1", with(Defect::SendsFirst, quiet)),
        ("S-10", with(Defect::IgnoresVoid, Budget { voids: 1, ..quiet })),
        ("L-2", with(Defect::NeverFences, plainly())),
        ("S-17", Config { plans: many(), ..with(Defect::ForgetsSignals, quiet) }),
        ("L-2", with(Defect::LosesDeadline, plainly())),
        ("L-3", with(Defect::LosesDeadline, quiet)),
        ("L-1", with(Defect::LosesDeadline, quiet)),
        ("S-10", with(Defect::MergesTwice, merging)),
    ]
}
