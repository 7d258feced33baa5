//! The worlds that are explored: small enough to close, together wide enough to reach everything.

use razor_core::basket::{LegPlan, Plan, Rules, Waits};
use razor_core::ids::{SetIx, TokenIx};
use razor_core::ledger::Settle;
use razor_core::market::{Fees, Settlement};
use razor_core::risk::{Breakers, Caps, RateBreaker};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Bps, Nanos, Price, Usdc};

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

/// Two orders may come late, or never.
fn plainly() -> Budget {
    Budget { delays: 2, ..Budget::default() }
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

/// What `make test` closes.
pub fn daily() -> Vec<Config> {
    vec![
        orders(),
        answers(),
        ladders(),
        units(),
        restarts(),
        operators(),
        modes(),
        signals(),
        odd(),
    ]
}

/// Every way one order can go, with trades that come provisional and may fail.
fn orders() -> Config {
    let budget = Budget { voids: 1, garbles: 1, ..plainly() };
    Config { budget, first: vec![Settle::Prov, Settle::Conf], ..plain("orders", 2, 1) }
}

/// Answers of every kind, overtaken questions, refusals and resting orders.
fn answers() -> Config {
    let budget = Budget {
        garbles: 1,
        rests: 1,
        declines: 1,
        stales: 1,
        silences: 1,
        unmerged: 1,
        ..plainly()
    };
    Config { budget, ..plain("answers", 2, 1) }
}

/// Every book at every look.
fn ladders() -> Config {
    let first = vec![Settle::Conf];
    Config { books: EVERY_BOOK.to_vec(), first, ..plain("ladders", 2, 1) }
}

/// Partial fills.
fn units() -> Config {
    Config { first: vec![Settle::Conf], ..plain("units", 2, 2) }
}

fn restarts() -> Config {
    let budget = Budget { crashes: 2, voids: 1, ..plainly() };
    Config { budget, ..plain("restarts", 2, 1) }
}

fn operators() -> Config {
    let budget = Budget { stops: 1, halts: 1, clears: 1, crashes: 1, ..plainly() };
    Config { budget, ..plain("operators", 2, 1) }
}

fn modes() -> Config {
    let budget = Budget { modes: 1, crashes: 1, ..plainly() };
    Config { budget, books: vec![Book::Fresh, Book::Stale], ..plain("modes", 2, 1) }
}

/// A signal, its repetition and two more while late orders may still arrive.
fn signals() -> Config {
    let plans = vec![plan(1, 2, 1), plan(1, 2, 1), plan(2, 2, 1), plan(3, 2, 1)];
    let first = vec![Settle::Conf];
    Config { plans, first, stops_at_hard_stop: true, ..plain("signals", 2, 1) }
}

/// What must never happen at a venue, and stops trading when it does.
fn odd() -> Config {
    let budget = Budget {
        bans: 1,
        overfills: 1,
        slips: 1,
        lies: 1,
        ghosts: 1,
        undurable: 1,
        foreign: 1,
        lost: 1,
        clears: 1,
        ..plainly()
    };
    Config { budget, first: vec![Settle::Conf], ..plain("odd", 2, 1) }
}

/// Small worlds, one per guard that the others do not meet.
pub fn guards() -> Vec<Config> {
    let with = |name, change: fn(&mut Config)| {
        let mut config = plain(name, 2, 1);
        config.first = vec![Settle::Conf];
        config.stops_at_hard_stop = true;
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
        with("no ask", |config| config.books = EVERY_BOOK.to_vec()),
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
    config
}
