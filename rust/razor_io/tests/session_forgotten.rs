//! A simulated venue that dies with its process: the next start gives it back what the journal says
//! it did, so that what was matched before the kill still becomes final.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/lasting.rs"]
mod lasting;
#[path = "support/seeded.rs"]
mod seeded;

use std::collections::BTreeMap;

use lasting::{order_plan, rows, trail};
use razor_core::basket::Phase;
use razor_core::engine::record::Kind;
use razor_core::engine::table::Table;
use razor_io::orders::Venue;
use razor_io::session::Session;
use razor_sim::gateway::{SimGateway, SimMarkets};
use razor_sim::world::World;
use seeded::{START_NS, assert_sound, feed, quick, seeded_world, temp};

/// A venue without a memory.
fn fresh() -> Option<Venue> {
    Some(Box::new(SimGateway::new(quick(), SimMarkets::default())))
}

/// Runs a world in as many processes as there are cuts and one more, each with a venue of its own.
fn in_processes(world: &World, cuts: &[usize]) -> tempfile::TempDir {
    let dir = temp();
    let mut from = 0;
    for to in cuts.iter().copied().chain([world.records.len()]) {
        let now_ns = world.records.get(from).map_or(START_NS, |record| record.recv_ns);
        let mut session = Session::open_alone(&order_plan(dir.path(), now_ns), fresh()).unwrap();
        feed(&mut session, &world.records[from..to], 0);
        from = to;
        if to == world.records.len() {
            session.drain_venue().unwrap();
            let phase = session.engine().desk().unwrap().phase();
            assert_ne!(phase, Phase::SafeHold, "{cuts:?}");
            session.close().unwrap();
        }
    }
    dir
}

#[test]
fn matches_from_before_a_kill_become_final_and_the_desk_goes_on() {
    // An order that was out at the kill is given up only when its late window is over.
    let world = seeded_world(21, 70_000);
    let len = world.records.len() / 5;
    let mut settled = 0;
    for part in 1..12 {
        let dir = in_processes(&world, &[part * len / 12]);
        let records = assert_sound(dir.path());
        let mut open: BTreeMap<(String, String), i64> = BTreeMap::new();
        for row in rows(dir.path(), Table::Fills) {
            let key = (row["order_id"].clone(), row["trade_id"].clone());
            match row["event"].as_str() {
                "FILL" => assert_eq!(open.insert(key, row["ts_ms"].parse().unwrap()), None),
                "SETTLE" => {
                    open.remove(&key).unwrap();
                    settled += 1;
                }
                _ => {}
            }
        }
        assert!(open.is_empty(), "cut {part}: {open:?} never became final");
        let intents: Vec<_> = records.iter().filter(|record| record.kind == Kind::Intent).collect();
        let hashes: std::collections::BTreeSet<_> =
            intents.iter().map(|record| record.payload[8..40].to_vec()).collect();
        assert_eq!(hashes.len(), intents.len(), "no order has two intents");
        assert!(trail(dir.path()).iter().all(|row| !row["reason_codes"].contains("guard=S-32")));
    }
    assert!(settled > 100, "{settled}");
}

#[test]
fn many_kills_leave_one_end_per_signal_and_fire_none_again() {
    let world = seeded_world(24, 500_000);
    let len = world.records.len();
    // Every kill is followed by another while it recovers.
    let cuts: Vec<usize> =
        (1..9).flat_map(|part| [0, 40].map(|more| part * len / 9 + more)).collect();
    let dir = in_processes(&world, &cuts);
    assert_sound(dir.path());
    let (mut ends, mut fired): (BTreeMap<_, u32>, BTreeMap<_, _>) = Default::default();
    for row in trail(dir.path()) {
        let signal = row["signal_id"].clone();
        let is_end = matches!(row["action"].as_str(), "END" | "HARDSTOP" | "COOLDOWN");
        if is_end && !row["result"].is_empty() && !signal.is_empty() {
            *ends.entry(signal.clone()).or_default() += 1;
        }
        if row["action"] == "FIRE" && !row["order_id"].is_empty() {
            let order = fired.entry(signal).or_insert_with(|| row["order_id"].clone());
            assert_eq!(*order, row["order_id"], "a signal is fired once");
        }
    }
    assert!(fired.len() > 3 && ends.values().all(|count| *count == 1), "{ends:?}");
    assert!(fired.keys().all(|signal| ends.contains_key(signal)));
}
