//! What the venue says of markets decides what is traded on them: delayed, changed and resolved
//! markets are recorded and shadowed like the others, and no order is placed on their sets.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/seeded.rs"]
mod seeded;

use std::path::Path;

use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::Table;
use razor_core::units::Nanos;
use razor_io::orders::Venue;
use razor_io::session::{Plan, Session};
use razor_sim::gateway::{SimGateway, SimMarkets};
use razor_sim::world::{World, WorldRecord};
use seeded::{START_NS, assert_sound, input, order_params, plan, quick, seeded_world, table, temp};

const SEED: u64 = 21;
const LENGTH_MS: i64 = 20_000;

/// Runs a world with orders in a directory; `more` records follow the one they are given for.
fn run(dir: &Path, world: &World, more: impl Fn(usize) -> Vec<(Kind, String)>) {
    let venue: Venue = Box::new(SimGateway::new(quick(), SimMarkets::default()));
    let plan = Plan { params: order_params(), ..plan(dir, START_NS) };
    let mut session = Session::open_alone(&plan, Some(venue)).unwrap();
    for (at, record) in world.records.iter().enumerate() {
        session.feed(&input(record, 0)).unwrap();
        for (kind, payload) in more(at) {
            let recv_ns = Nanos(record.recv_ns);
            let conn = if kind == Kind::Gap { "facts-0" } else { record.conn };
            let payload = payload.as_bytes();
            let record = Record { kind, recv_ns, conn, epoch: 0, payload };
            assert!(!session.feed(&record).unwrap().is_refused, "{kind:?}");
        }
    }
    session.drain_venue().unwrap();
    session.close().unwrap();
    assert_sound(dir);
}

/// Rows of the trail with an action, as lines.
fn rows(dir: &Path, action: &str) -> Vec<String> {
    let text = table(dir, Table::TradeLog);
    let has = |line: &&str| line.split(',').nth(8) == Some(action);
    text.lines().filter(has).map(str::to_owned).collect()
}

fn signals(dir: &Path) -> usize {
    table(dir, Table::ShadowSets).lines().count()
}

/// Ids between `"condition_id":"` and the next quote, in order of definition.
fn conditions(world: &World) -> Vec<String> {
    let meta = world.records.iter().find(|record| record.kind == "meta").unwrap();
    let parts = meta.payload.split("\"condition_id\":\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

fn changed(market: &str, fields: &str) -> (Kind, String) {
    let cause = format!("MARKET_CHANGED market={market} fields={fields}");
    (Kind::Gap, format!(r#"{{"from_ns":1,"to_ns":1,"cause":"{cause}","lost":null}}"#))
}

fn is_definition(world: &World, at: usize) -> bool {
    world.records[at].kind == "meta"
}

/// Fires of an undisturbed run, for comparison.
fn fires_undisturbed(world: &World) -> usize {
    let dir = temp();
    run(dir.path(), world, |_| Vec::new());
    rows(dir.path(), "FIRE").len()
}

#[test]
fn no_set_of_a_changed_market_is_fired_and_each_signal_says_why() {
    let world = seeded_world(SEED, LENGTH_MS);
    let names = conditions(&world);
    assert!(fires_undisturbed(&world) > 3);
    let dir = temp();
    run(dir.path(), &world, |at| {
        let all = names.iter().map(|name| changed(name, "accepting_orders"));
        if is_definition(&world, at) { all.collect() } else { Vec::new() }
    });
    assert_eq!(rows(dir.path(), "FIRE"), [""; 0]);
    let ends = rows(dir.path(), "END");
    assert!(ends.len() > 3 && ends.iter().all(|row| row.contains("guard=S-16")), "{ends:?}");
    assert!(signals(dir.path()) > 3, "the shadow ledger goes on");
}

#[test]
fn a_new_grid_alone_changes_no_set() {
    let world = seeded_world(SEED, LENGTH_MS);
    let names = conditions(&world);
    let dir = temp();
    run(dir.path(), &world, |at| {
        let all = names.iter().map(|name| changed(name, "tick_size"));
        if is_definition(&world, at) { all.collect() } else { Vec::new() }
    });
    assert!(!rows(dir.path(), "FIRE").is_empty());
}

#[test]
fn a_change_of_the_group_voids_its_sets_by_name() {
    let world = seeded_world(SEED, LENGTH_MS);
    let meta = world.records.iter().find(|record| record.kind == "meta").unwrap();
    let keys: Vec<String> = meta
        .payload
        .split("\"key\":\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect();
    let dir = temp();
    run(dir.path(), &world, |at| {
        let all = keys.iter().map(|key| changed(key, "children"));
        if is_definition(&world, at) { all.collect() } else { Vec::new() }
    });
    assert_eq!(rows(dir.path(), "FIRE"), [""; 0]);
}

#[test]
fn nothing_is_bought_on_a_market_the_stream_calls_resolved() {
    let world = seeded_world(SEED, LENGTH_MS);
    let names = conditions(&world);
    let first_frame = world.records.iter().position(|record| record.kind == "ws").unwrap();
    let dir = temp();
    run(dir.path(), &world, |at| {
        if at != first_frame {
            return Vec::new();
        }
        let resolved = |name: &String| {
            let text = format!(
                r#"{{"event_type":"market_resolved","id":"1","market":"{name}","assets_ids":[],"winning_asset_id":"","winning_outcome":"Yes","timestamp":"1"}}"#
            );
            (Kind::Ws, text)
        };
        names.iter().map(resolved).collect()
    });
    assert_eq!(rows(dir.path(), "FIRE"), [""; 0]);
    assert!(rows(dir.path(), "END").iter().all(|row| row.contains("guard=S-16")));
}

#[test]
fn markets_that_hold_takers_back_are_refused_by_default() {
    let mut world = seeded_world(SEED, LENGTH_MS);
    let delay = |record: &mut WorldRecord| {
        record.payload = record.payload.replace("\"seconds_delay\":0", "\"seconds_delay\":1");
    };
    world.records.iter_mut().filter(|record| record.kind == "meta").for_each(delay);
    let dir = temp();
    run(dir.path(), &world, |_| Vec::new());
    assert_eq!(rows(dir.path(), "FIRE"), [""; 0]);
    let ends = rows(dir.path(), "END");
    assert!(ends.len() > 3 && ends.iter().all(|row| row.contains("delay")), "{ends:?}");
}
