//! The whole matrix of INVARIANTS §8: three reference journals of sessions with orders, cut at
//! every byte. What is proven of a cut journal is a prefix of the whole one, record by record,
//! holds all that was reported durable by then, and a session goes on from it.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/seeded.rs"]
mod seeded;

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, OpenOptions};
use std::hash::{Hash, Hasher};

use razor_core::engine::record::Kind;
use razor_io::journal::{Tail, recover_with, segment_path};
use razor_io::orders::Venue;
use razor_io::session::{Plan, Session};
use razor_sim::gateway::{SimGateway, SimMarkets};
use seeded::{
    START_NS, assert_sound, count_of, feed, order_params, plan, quick, seeded_world, segments,
    stored, temp,
};
use tempfile::TempDir;

/// Seeds of the worlds whose sessions are the reference journals.
const REFERENCES: [u64; 3] = [21, 22, 23];
/// A reference journal ends some records after so many orders: each cut costs its length.
const ORDERS: usize = 5;

/// A journal with what was durable when it had a length.
struct Reference {
    bytes: Vec<u8>,
    /// Lengths of the file, each with the last record that was reported durable by then.
    durable: Vec<(usize, u64)>,
    /// Digest of the first n records, by n.
    prefixes: Vec<u64>,
}

fn order_plan(dir: &TempDir, now_ns: i64) -> Plan {
    Plan { params: order_params(), ..plan(dir.path(), now_ns) }
}

fn venue() -> Option<Venue> {
    Some(Box::new(SimGateway::new(quick(), SimMarkets::default())))
}

/// A digest that goes on record by record.
#[derive(Default)]
struct Running(DefaultHasher);

impl Running {
    fn add(&mut self, seq: u64, kind: Kind, payload: &[u8]) -> u64 {
        (seq, kind.word(), payload).hash(&mut self.0);
        self.0.finish()
    }
}

fn reference(seed: u64) -> Reference {
    let world = seeded_world(seed, 8_000);
    let dir = temp();
    let mut session = Session::open_alone(&order_plan(&dir, START_NS), venue()).unwrap();
    let mut durable = Vec::new();
    for part in world.records.chunks(16) {
        feed(&mut session, part, 0);
        let seq = session.flush_durable().unwrap();
        durable.push((segments(dir.path()).remove(0).len(), seq));
        if session.engine().desk().unwrap().orders().count() >= ORDERS {
            break;
        }
    }
    let orders = session.engine().desk().unwrap().orders().count();
    assert!(orders >= ORDERS, "seed {seed} has {orders} orders");
    drop(session);
    let records = stored(dir.path());
    assert!(count_of(&records, Kind::Intent) > 0 && count_of(&records, Kind::Venue) > 0);
    let mut running = Running::default();
    let mut prefixes = vec![running.0.finish()];
    for record in &records {
        prefixes.push(running.add(record.seq, record.kind, &record.payload));
    }
    Reference { bytes: segments(dir.path()).remove(0), durable, prefixes }
}

/// Opens a session on a journal of these bytes; it must end in order.
fn go_on(bytes: &[u8]) {
    let dir = temp();
    let journal = dir.path().join("journal");
    fs::create_dir(&journal).unwrap();
    fs::write(segment_path(&journal, 1), bytes).unwrap();
    let plan = order_plan(&dir, START_NS + 10_000_000_000);
    Session::open_alone(&plan, venue()).unwrap().close().unwrap();
    assert_sound(dir.path());
}

/// Cuts at every byte, from the last to the first; gives cuts and sessions.
fn cut_everywhere(reference: &Reference) -> (usize, usize) {
    let dir = temp();
    let journal = dir.path().join("journal");
    fs::create_dir(&journal).unwrap();
    let path = segment_path(&journal, 1);
    fs::write(&path, &reference.bytes).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let (mut proven, mut sessions) = (reference.prefixes.len() - 1, 0);
    for cut in (0..=reference.bytes.len()).rev() {
        file.set_len(cut.try_into().unwrap()).unwrap();
        let mut running = Running::default();
        let (mut count, mut digest) = (0, reference.prefixes[0]);
        let found = recover_with(dir.path(), |record| {
            count += 1;
            digest = running.add(record.seq, record.kind, record.payload);
        })
        .unwrap();
        assert_eq!(digest, reference.prefixes[count], "cut {cut}: not a prefix");
        assert_ne!(found.summary().tail, Tail::Closed, "cut {cut}");
        let promised = reference.durable.iter().rev().find(|(len, _)| *len <= cut);
        let promised = promised.map_or(0, |(_, seq)| *seq);
        assert!(found.chain().last_seq() >= promised, "cut {cut} lost what was durable");
        assert!(count <= proven, "cut {cut}: a shorter journal proves more");
        // Each length that proves something else, and a sample within blocks.
        if count != proven || cut % 1_009 == 0 {
            go_on(&reference.bytes[..cut]);
            sessions += 1;
        }
        proven = count;
    }
    assert_eq!(proven, 0);
    (reference.bytes.len() + 1, sessions)
}

#[test]
#[ignore = "minutes: make nightly"]
fn a_journal_cut_at_every_byte_proves_a_prefix_and_is_gone_on_with() {
    for seed in REFERENCES {
        let reference = reference(seed);
        println!("seed {seed}: {} bytes", reference.bytes.len());
        let (cuts, sessions) = cut_everywhere(&reference);
        let records = reference.prefixes.len() - 1;
        println!("seed {seed}: {records} records, {cuts} cuts, {sessions} sessions went on");
    }
}
