//! One run of signals against two venues: the fill model, and the local exchange with its matching
//! engine and ledger. The same seed and the same courses of time give the same decisions.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/seeded.rs"]
mod seeded;

use std::collections::BTreeMap;

use razor_core::engine::table::Table;
use razor_core::shadow::exact::{ATTO, FillShare};
use razor_core::units::Nanos;
use razor_io::orders::Venue;
use razor_io::session::{Plan, Session};
use razor_sim::gateway::{AckOrder, SettleDelay, SimConfig, SimGateway, SimMarkets};
use razor_sim::local::{LocalConfig, LocalGateway};
use seeded::{MS, START_NS, assert_sound, input, order_params, plan, seeded_world, table, temp};

const SEED: u64 = 7;
const LATENCY: Nanos = Nanos(100 * MS);
const SETTLE: Nanos = Nanos(2_000 * MS);

/// The whole size at the top, told at once, final after a fixed time.
fn sim() -> Venue {
    let config = SimConfig {
        seed: SEED,
        share_liquid: FillShare(ATTO),
        share_thin: FillShare(ATTO),
        latency: LATENCY,
        latency_back: Nanos(0),
        settle: SettleDelay { min: SETTLE, max: SETTLE },
        ack_order: AckOrder::ReplyFirst,
        ..SimConfig::default()
    };
    Box::new(SimGateway::new(config, SimMarkets::default()))
}

fn local() -> Venue {
    let config = LocalConfig { seed: SEED, latency: LATENCY, settle: SETTLE };
    Box::new(LocalGateway::new(config).unwrap())
}

/// The rows of the trail of a world that was played against a venue.
fn trail(world_seed: u64, venue: Venue) -> Vec<String> {
    let world = seeded_world(world_seed, 20_000);
    let dir = temp();
    let plan = Plan { params: order_params(), ..plan(dir.path(), START_NS) };
    let mut session = Session::open_alone(&plan, Some(venue)).unwrap();
    for record in &world.records {
        session.feed(&input(record, 0)).unwrap();
    }
    session.close().unwrap();
    assert_sound(dir.path());
    let text = table(dir.path(), Table::TradeLog);
    text.lines().skip(1).map(str::to_owned).collect()
}

/// Cells of a row that say what was tried and what came of it.
fn cell(row: &str, place: usize) -> &str {
    row.split(',').nth(place).unwrap_or_default()
}

/// Whether a row tells of a buy for less than a dollar that the venue refused: the one rule that
/// the fill model does not have.
fn is_under_a_dollar(row: &str) -> bool {
    let micros = |text: &str| -> u64 {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{part:0<6}").parse().unwrap_or(u64::MAX)
    };
    let (limit, qty) = (micros(cell(row, LIMIT)), micros(cell(row, QTY)));
    cell(row, SIDE) == "BUY" && row.contains("REJECTED") && limit.saturating_mul(qty) < ONE_DOLLAR
}

const ACTION: usize = 8;
const SIDE: usize = 12;
const LIMIT: usize = 13;
const QTY: usize = 14;
/// A dollar as the product of micro-dollars and micro-shares.
const ONE_DOLLAR: u64 = 1_000_000_000_000;

#[test]
fn the_same_signals_are_decided_alike_up_to_the_rule_that_only_the_venue_has() {
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for world in 21..29 {
        let (modelled, matched) = (trail(world, sim()), trail(world, local()));
        let rows = modelled.iter().zip(&matched);
        let same = rows.clone().take_while(|(one, two)| one == two).count();
        match matched.get(same) {
            Some(other) => assert!(is_under_a_dollar(other), "world {world}: {other}"),
            None => assert_eq!(modelled.len(), matched.len(), "world {world}"),
        }
        for (row, _) in rows.take(same) {
            *alike.entry(cell(row, ACTION).to_owned()).or_default() += 1;
        }
    }
    for wanted in ["FIRE", "CHASE", "FLATTEN", "SETTLE", "COOLDOWN", "END"] {
        assert!(alike.get(wanted).is_some_and(|rows| *rows > 3), "{wanted} in {alike:?}");
    }
}
