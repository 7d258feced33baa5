//! What the tests of sessions share: seeded worlds as feeds, captures and run directories, and a
//! fold of a journal that uses neither the session nor its tables.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use razor_core::engine::Engine;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{SignalNotice, Sink, Table};
use razor_core::journal::Identity;
use razor_core::units::Nanos;
use razor_io::audit::verify;
use razor_io::capture::{self, CaptureWriter, Source};
use razor_io::journal::{Durability, JournalReader, RecorderSettings, Tail, segment_path};
use razor_io::orders::Venue;
use razor_io::session::{Plan, Session};
use razor_sim::gateway::{SettleDelay, SimConfig, SimGateway, SimMarkets};
use razor_sim::world::{World, WorldPlan, WorldRecord, build};
use tempfile::TempDir;

/// First receive time of every world here.
pub const START_NS: i64 = 1_800_000_000_000_000_000;
/// Nanoseconds in a millisecond.
pub const MS: i64 = 1_000_000;

pub fn seeded_world(seed: u64, duration_ms: i64) -> World {
    build(WorldPlan { seed, start_ns: START_NS, duration_ms })
}

/// Settings with a gate that planted sets pass.
pub fn params(run_id: &str) -> Vec<u8> {
    let settings = r#"{"run":{"snapshot_log_interval_ms":1000},
 "brain":{"risk_premium_bps":80,"min_net_edge_bps":10,"q_req":"10","signal_cooldown_ms":1000,
          "max_snapshot_staleness_ms":500},
 "buckets":{"fill_share_liquid_p25":"0.3","fill_share_thin_p25":"0.1"},
 "shadow":{"window_start_ms":100,"window_end_ms":1100,"trade_retention_ms":5000,"max_trades":200000,
           "max_trade_gap_ms":700,"trade_size_suspect_threshold":"50000",
           "trade_notional_suspect_threshold":"50000"},
 "feed":{"frame_cap_bytes":8388608,"hash_check_every":16}}"#;
    format!(r#"{{"run_id":"{run_id}","source":"venue","settings":{settings}}}"#).into_bytes()
}

pub fn identity() -> Identity {
    Identity::new("run_20260429_021025_000001", "0.1.0+test", [7; 32]).unwrap()
}

/// Deterministic and small, without the sync of a reserve.
pub fn small() -> RecorderSettings {
    RecorderSettings {
        chunk_bytes: 16 * 1024,
        chunks: 4,
        segment_bytes: 1024 * 1024,
        durability: Durability::None,
        reserve_bytes: 0,
        headroom_bytes: 0,
        ..RecorderSettings::replay()
    }
}

/// A plan for a directory; a recovery is labelled with `now_ns`.
pub fn plan(dir: &Path, now_ns: i64) -> Plan {
    Plan {
        run_dir: dir.to_path_buf(),
        identity: identity(),
        params: params("run_t"),
        recorder: small(),
        now_ns,
        raw: None,
        durable_intents: false,
    }
}

/// A run directory that goes away.
pub fn temp() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The connection a record came by; captures need a name for each.
fn conn_of(record: &WorldRecord) -> &'static str {
    if record.conn.is_empty() { "meta" } else { record.conn }
}

/// A world's record as the engine takes it.
pub fn input(record: &WorldRecord, epoch: u32) -> Record<'_> {
    Record {
        kind: Kind::from_word(record.kind).unwrap(),
        recv_ns: Nanos(record.recv_ns),
        conn: conn_of(record),
        epoch,
        payload: record.payload.as_bytes(),
    }
}

/// Feeds records of a world under one epoch.
pub fn feed(session: &mut Session, records: &[WorldRecord], epoch: u32) {
    for record in records {
        let fed = session.feed(&input(record, epoch)).unwrap();
        assert!(!fed.is_shed && !fed.is_refused, "{record:?}");
    }
}

/// Runs a world in a new directory and closes it.
pub fn run_world(world: &World) -> TempDir {
    let dir = temp();
    let mut session = Session::open(&plan(dir.path(), START_NS)).unwrap();
    feed(&mut session, &world.records, 0);
    session.close().unwrap();
    dir
}

/// The settings of a session test with an order path and caps that a few sets stay under.
pub fn order_params() -> Vec<u8> {
    let orders = r#""orders":"sim","settings":{
 "live":{"chase_cap_bps":200,"ladder_step1_bps":10,"flatten_lvl1_bps":100,"flatten_lvl2_bps":500,
         "flatten_lvl3_bps":1000,"flatten_max_attempts":3,"cooldown_ms":100},
 "oms":{"flatten_wait_ms":2000,"settle_deadline_ms":180000,"signal_ttl_ms":1000,
        "take_delayed_markets":false},
 "risk":{"max_exposure_usdc":"1000","max_signal_usdc":"20","max_day_loss_usdc":"100",
         "max_orders_per_min":600,"max_open_orders":8,"max_residual_usdc":"5",
         "max_event_exposure_usdc":"500","exit_reserve_pct":25,"max_loss_streak":1000,
         "max_revert_permille":1000,"revert_window":50,"max_api_error_permille":1000,
         "api_error_window":50},
 "sim":{},"#;
    let text = String::from_utf8(params("run_t")).unwrap();
    text.replacen("\"settings\":{", orders, 1).into_bytes()
}

/// A venue that answers and settles fast.
pub fn quick() -> SimConfig {
    let ms = |count: i64| Nanos::from_millis(count).unwrap();
    SimConfig {
        latency: ms(20),
        settle: SettleDelay { min: ms(50), max: ms(400) },
        ..SimConfig::default()
    }
}

/// Runs a world with an order path in a new directory and closes it: every table has rows.
pub fn run_orders(world: &World) -> TempDir {
    let dir = temp();
    let venue: Venue = Box::new(SimGateway::new(quick(), SimMarkets::default()));
    let plan = Plan { params: order_params(), ..plan(dir.path(), START_NS) };
    let mut session = Session::open_alone(&plan, Some(venue)).unwrap();
    feed(&mut session, &world.records, 0);
    session.close().unwrap();
    dir
}

/// Writes a world as a capture.
pub fn write_capture(path: &Path, world: &World) {
    let mut writer = CaptureWriter::create(path, 1).unwrap();
    for record in &world.records {
        let kind = match record.kind {
            "meta" => capture::Kind::Meta,
            "ws" => capture::Kind::Ws,
            _ => capture::Kind::Trade,
        };
        let payload = record.payload.as_bytes();
        let line =
            capture::Record { kind, t: record.recv_ns, conn: conn_of(record), epoch: 0, payload };
        writer.write(&line).unwrap();
    }
    writer.finish(Source::default()).unwrap();
}

/// File names and contents of all tables, in the order of the tables.
pub fn tables(dir: &Path) -> Vec<(&'static str, String)> {
    let read = |table: Table| {
        let name = table.file_name();
        (name, String::from_utf8(fs::read(dir.join(name)).unwrap()).unwrap())
    };
    Table::ALL.into_iter().map(read).collect()
}

/// The content of one table.
pub fn table(dir: &Path, table: Table) -> String {
    fs::read_to_string(dir.join(table.file_name())).unwrap()
}

/// Contents of all journal segments in order.
pub fn segments(dir: &Path) -> Vec<Vec<u8>> {
    let journal = dir.join("journal");
    (1..).map_while(|number| fs::read(segment_path(&journal, number)).ok()).collect()
}

/// Names in a directory, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Everything a fold gives out, in memory.
#[derive(Default)]
pub struct Memory {
    pub text: BTreeMap<Table, String>,
    pub signals: Vec<SignalNotice>,
}

impl Sink for Memory {
    fn wants_rows(&self) -> bool {
        true
    }

    fn row(&mut self, table: Table, lines: &str) {
        self.text.entry(table).or_default().push_str(lines);
    }

    fn signal(&mut self, notice: SignalNotice) {
        self.signals.push(notice);
    }
}

impl Memory {
    /// The tables with their headers, as they stand in files.
    pub fn tables(&self) -> Vec<(&'static str, String)> {
        let content = |table: Table| {
            let header = table.header().map(|header| format!("{header}\n")).unwrap_or_default();
            let rows = self.text.get(&table).map_or("", String::as_str);
            (table.file_name(), format!("{header}{rows}"))
        };
        Table::ALL.into_iter().map(content).collect()
    }
}

/// One journal record with its connection's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub seq: u64,
    pub kind: Kind,
    pub recv_ns: i64,
    pub conn: String,
    pub epoch: u32,
    pub payload: Vec<u8>,
}

/// All records of a journal, names resolved, nothing left out.
pub fn stored(dir: &Path) -> Vec<Stored> {
    let mut reader = JournalReader::open(dir).unwrap();
    let (mut names, mut all) = (Vec::new(), Vec::new());
    reader
        .for_each(|record| {
            if record.kind == Kind::Conn {
                names.push(String::from_utf8(record.payload.to_vec()).unwrap());
            }
            all.push(Stored {
                seq: record.seq,
                kind: record.kind,
                recv_ns: record.recv_ns,
                conn: names.get(usize::from(record.conn.0)).cloned().unwrap_or_default(),
                epoch: record.epoch,
                payload: record.payload.to_vec(),
            });
        })
        .unwrap();
    all
}

/// How often a kind stands in a journal.
pub fn count_of(records: &[Stored], kind: Kind) -> usize {
    records.iter().filter(|record| record.kind == kind).count()
}

/// Folds journal records without the session: a second way to the same tables.
pub fn fold(records: &[Stored]) -> (Engine, Memory) {
    let (mut engine, mut memory) = (Engine::default(), Memory::default());
    // A crash before the settings were written leaves its recovery in front of them.
    let begun = records.iter().skip_while(|stored| stored.kind != Kind::Params);
    for stored in begun.filter(|stored| stored.kind != Kind::Conn) {
        let record = Record {
            kind: stored.kind,
            recv_ns: Nanos(stored.recv_ns),
            conn: &stored.conn,
            epoch: stored.epoch,
            payload: &stored.payload,
        };
        engine.step(&record, &mut memory).unwrap();
    }
    (engine, memory)
}

/// Proves a closed run: the journal ends in order, the tables are its fold, nothing is left over.
pub fn assert_sound(dir: &Path) -> Vec<Stored> {
    let verdict = verify(dir).unwrap();
    assert_eq!(verdict.journal.tail, Tail::Closed);
    assert_eq!(verdict.differences, []);
    let records = stored(dir);
    let (engine, memory) = fold(&records);
    assert!(engine.is_ended());
    assert_eq!(memory.tables(), tables(dir));
    assert_eq!(*engine.integrity(), verdict.integrity);
    let spare: Vec<String> =
        names(dir).into_iter().filter(|name| name.ends_with(".rebuild")).collect();
    assert_eq!(spare, Vec::<String>::new());
    records
}

/// A path beside the run directories of a test.
pub fn beside(dir: &TempDir, name: &str) -> PathBuf {
    dir.path().join(name)
}
