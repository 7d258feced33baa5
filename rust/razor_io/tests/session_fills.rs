//! `fills.csv` and the volumes of `calibration_log.csv` against what the venue knows and what the
//! other tables say.
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
use std::path::Path;

use lasting::{Lasting, order_plan, rows, trail};
use razor_core::engine::table::Table;
use razor_io::session::Session;
use razor_sim::gateway::{Axis, SimConfig};
use razor_sim::world::World;
use seeded::{START_NS, assert_sound, feed, quick, seeded_world, temp};

type Row = BTreeMap<String, String>;

/// A decimal cell in millionths.
fn micros(cell: &str) -> i128 {
    let (whole, part) = cell.split_once('.').unwrap_or((cell, ""));
    let digits = format!("{}{part:0<6}", whole.trim_start_matches('-'));
    let value: i128 = digits.parse().unwrap();
    if cell.starts_with('-') { -value } else { value }
}

/// Plays a world with an order path and gives its directory and its venue.
fn played(world: &World, config: SimConfig) -> (tempfile::TempDir, Lasting) {
    let dir = temp();
    let lasting = Lasting::new(config);
    let plan = order_plan(dir.path(), START_NS);
    let mut session = Session::open_alone(&plan, lasting.venue()).unwrap();
    feed(&mut session, &world.records, 0);
    session.close().unwrap();
    assert_sound(dir.path());
    (dir, lasting)
}

fn fills(dir: &Path) -> Vec<Row> {
    rows(dir, Table::Fills)
}

#[test]
fn the_cash_of_the_rows_is_the_cash_of_the_account_and_of_the_venue() {
    for seed in [21, 24, 25] {
        let (dir, lasting) = played(&seeded_world(seed, 30_000), quick());
        let found = fills(dir.path());
        let mut sum = 0;
        for row in &found {
            sum += micros(&row["cash"]);
            assert_eq!(sum, micros(&row["account_cash"]), "{row:?}");
        }
        let venue = lasting.0.lock().unwrap();
        let known = venue.truth().cash(Axis::Confirmed).unwrap();
        assert_eq!(sum, i128::from(known.0), "seed {seed}");
        let fees: i128 =
            found.iter().filter(|row| row["event"] == "FILL").map(|row| micros(&row["fee"])).sum();
        assert!(fees > 0, "the markets of the world charge takers");
    }
}

#[test]
fn a_merge_brings_a_dollar_a_set_to_its_signal() {
    let mut world = seeded_world(21, 30_000);
    for record in world.records.iter_mut().filter(|record| record.kind == "meta") {
        record.payload =
            record.payload.replace(r#""settlement":"hold""#, r#""settlement":"merge""#);
    }
    let (dir, lasting) = played(&world, quick());
    let found = fills(dir.path());
    let merges: Vec<&Row> = found.iter().filter(|row| row["event"] == "MERGE").collect();
    let known = lasting.0.lock().unwrap().truth().merges().len();
    assert!(!merges.is_empty() && merges.len() == known, "{known}");
    for row in merges {
        assert_eq!((&row["cash"], row["settlement"].as_str()), (&row["qty"], "merge"));
        let told = trail(dir.path())
            .into_iter()
            .find(|told| told["action"] == "MERGE" && told["signal_id"] == row["signal_id"]);
        assert_eq!(told.map(|told| told["filled_qty"].clone()).as_ref(), Some(&row["qty"]));
    }
}

#[test]
fn a_fill_costs_its_notional_and_its_fee_rounded_against_us() {
    let (dir, _) = played(&seeded_world(21, 30_000), quick());
    for row in fills(dir.path()).iter().filter(|row| row["event"] == "FILL") {
        let product = micros(&row["qty"]) * micros(&row["price"]);
        let fee = micros(&row["fee"]);
        let expected = match row["side"].as_str() {
            "BUY" => -((product + 999_999) / 1_000_000 + fee),
            _ => product / 1_000_000 - fee,
        };
        assert_eq!(micros(&row["cash"]), expected, "{row:?}");
    }
}

#[test]
fn the_fills_of_an_order_add_up_to_what_the_trail_says_was_matched() {
    let (dir, _) = played(&seeded_world(21, 30_000), quick());
    let mut matched: BTreeMap<String, i128> = BTreeMap::new();
    let mut signals: BTreeMap<String, String> = BTreeMap::new();
    for row in fills(dir.path()).iter().filter(|row| row["event"] == "FILL") {
        *matched.entry(row["order_id"].clone()).or_default() += micros(&row["qty"]);
        signals.insert(row["order_id"].clone(), row["signal_id"].clone());
    }
    let trail = trail(dir.path());
    let ended = trail.iter().filter(|row| !row["fill_status"].is_empty());
    for row in ended.filter(|row| micros(&row["filled_qty"]) > 0) {
        let order = &row["order_id"];
        assert_eq!(matched.remove(order), Some(micros(&row["filled_qty"])), "{row:?}");
        assert_eq!(signals[order], row["signal_id"]);
    }
    assert_eq!(matched, BTreeMap::new(), "no fill without an order in the trail");
}

#[test]
fn each_fill_is_decided_once_and_a_void_gives_its_cash_back() {
    use razor_sim::gateway::{Fault, FaultCode, FaultPlan, When};
    let world = seeded_world(21, 30_000);
    let dir = temp();
    let lasting = Lasting::new(quick());
    let failing = Fault::of(FaultCode::F48, &[When::Every(3)]);
    lasting.0.lock().unwrap().arm(FaultPlan { faults: vec![failing] });
    let plan = order_plan(dir.path(), START_NS);
    let mut session = Session::open_alone(&plan, lasting.venue()).unwrap();
    feed(&mut session, &world.records, 0);
    session.close().unwrap();
    let found = fills(dir.path());
    let mut open: BTreeMap<(String, String), i128> = BTreeMap::new();
    let mut voids = 0;
    for row in found.iter().filter(|row| row["event"] != "MERGE") {
        let key = (row["order_id"].clone(), row["trade_id"].clone());
        if row["event"] == "FILL" {
            assert_eq!(row["settle_status"], "PROV");
            assert_eq!(open.insert(key, micros(&row["cash"])), None, "one fill, one row");
            continue;
        }
        let paid = open.remove(&key).unwrap();
        let back = if row["settle_status"] == "VOID" { -paid } else { 0 };
        assert_eq!(micros(&row["cash"]), back, "{row:?}");
        voids += usize::from(row["settle_status"] == "VOID");
    }
    assert!(voids > 0 && open.is_empty(), "{voids} voids, {open:?}");
}

/// What the table of prints says of a sample's window, the slow way.
fn volume(prints: &[Row], sample: &Row, limit: i128, sent_ms: i64) -> i128 {
    let (from, to) = (sent_ms + 100, sent_ms + 1_100);
    let mine = prints.iter().filter(|print| {
        let at: i64 = print["ingest_ts_ms"].parse().unwrap();
        let price = micros(&print["price"]);
        let is_taken = if sample["side"] == "BUY" { price <= limit } else { price >= limit };
        print["token_id"] == sample["token_id"] && (from..=to).contains(&at) && is_taken
    });
    mine.map(|print| micros(&print["size"])).sum()
}

#[test]
fn the_volume_of_a_sample_is_what_traded_in_its_window_at_its_limit() {
    let (dir, _) = played(&seeded_world(21, 30_000), quick());
    let (prints, samples) =
        (rows(dir.path(), Table::Trades), rows(dir.path(), Table::CalibrationLog));
    let ended: BTreeMap<_, _> = trail(dir.path())
        .into_iter()
        .filter(|row| !row["fill_status"].is_empty() && !row["latency_ms"].is_empty())
        .map(|row| {
            ((row["signal_id"].clone(), row["leg_index"].clone(), row["attempt"].clone()), row)
        })
        .collect();
    assert_eq!(samples.len(), ended.len(), "each order that left has one sample");
    let last_ms: i64 = prints.last().unwrap()["ingest_ts_ms"].parse().unwrap();
    let mut with_volume = 0;
    for sample in &samples {
        let is_of = |row: &&Row| {
            row["token_id"] == sample["token_id"]
                && row["signal_id"] == sample["signal_id"]
                && row["attempt"] == sample["attempt"]
        };
        let order = ended.values().find(is_of).unwrap();
        let ended_ms: i64 = order["ts_ms"].parse().unwrap();
        let sent_ms = ended_ms - order["latency_ms"].parse::<i64>().unwrap();
        if sample["v_mkt"].is_empty() {
            assert!(
                sent_ms + 1_100 >= last_ms,
                "only a window that the end cuts has none: {sample:?}"
            );
            continue;
        }
        let expected = volume(&prints, sample, micros(&order["limit_price"]), sent_ms);
        assert_eq!(micros(&sample["v_mkt"]), expected, "{sample:?}");
        assert_eq!(sample["real_share_mkt"].is_empty(), expected == 0);
        with_volume += usize::from(expected > 0);
    }
    assert!(with_volume > 0, "{} samples, none with volume", samples.len());
}

/// A world without its Data API rows, and without the channel's prints too.
fn without_prints(seed: u64, has_channel: bool) -> World {
    let mut world = seeded_world(seed, 20_000);
    world.records.retain(|record| {
        record.kind != "trade"
            && (has_channel || !record.payload.contains("last_trade_price\",\"tr"))
    });
    world
}

#[test]
fn a_source_without_prints_has_no_volume() {
    let (dir, _) = played(&without_prints(21, false), quick());
    let samples = rows(dir.path(), Table::CalibrationLog);
    assert!(samples.len() > 3);
    for sample in samples {
        assert_eq!((sample["v_mkt"].as_str(), sample["real_share_mkt"].as_str()), ("", ""));
        assert!(!sample["real_share_req"].is_empty());
    }
}

#[test]
fn prints_of_the_channel_stand_in_where_there_are_no_rows() {
    let (dir, _) = played(&without_prints(21, true), quick());
    let samples = rows(dir.path(), Table::CalibrationLog);
    assert!(samples.iter().any(|sample| !sample["v_mkt"].is_empty()));
}
