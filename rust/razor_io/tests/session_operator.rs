//! Operators in a session: a command is a record of its own, in the trail with who and why, durable
//! when the call returns, and the same bytes in every replay.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/seeded.rs"]
mod seeded;

use std::path::Path;

use razor_core::basket::Phase;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::Table;
use razor_core::units::Nanos;
use razor_io::audit::verify;
use razor_io::orders::Venue;
use razor_io::session::{Plan, Session};
use razor_io::source::RecordSource;
use razor_io::standing;
use razor_sim::gateway::{SimGateway, SimMarkets};
use razor_sim::world::World;
use seeded::{
    START_NS, assert_sound, count_of, feed, order_params, plan, quick, seeded_world, table, tables,
    temp,
};

fn order_plan(dir: &Path) -> Plan {
    Plan { params: order_params(), ..plan(dir, START_NS) }
}

fn open(dir: &Path) -> Session {
    let venue: Venue = Box::new(SimGateway::new(quick(), SimMarkets::default()));
    Session::open_alone(&order_plan(dir), Some(venue)).unwrap()
}

fn phase(session: &Session) -> Phase {
    session.engine().desk().unwrap().phase()
}

/// The last cells of the trail's rows with an action.
fn said(dir: &Path, action: &str) -> Vec<String> {
    let text = table(dir, Table::TradeLog);
    let wanted = format!(",{action},");
    let rows = text.lines().filter(|row| row.contains(&wanted));
    rows.map(|row| row.splitn(25, ',').last().unwrap().to_owned()).collect()
}

/// A world in three parts: a stop behind the first, a clear behind the second.
fn stopped_and_cleared(dir: &Path, world: &World) {
    let mut session = open(dir);
    let third = world.records.len() / 3;
    feed(&mut session, &world.records[..third], 0);
    let stop = br#"{"verb":"stop","by":"ann","uid":7,"reason":"fees rose","wall_ns":1}"#;
    session.command(0, stop).unwrap();
    let durable = session.durable_seq();
    assert!(durable > u64::try_from(third).unwrap(), "the stop is on disk: {durable}");
    let orders = session.engine().desk().unwrap().orders().count();
    assert!(orders > 0, "there was trading before");
    feed(&mut session, &world.records[third..2 * third], 0);
    assert_eq!(phase(&session), Phase::HardStop);
    let clear = br#"{"verb":"clear","by":"bob","uid":8,"reason":"fees fell"}"#;
    session.command(0, clear).unwrap();
    assert_eq!(phase(&session), Phase::Idle);
    feed(&mut session, &world.records[2 * third..], 0);
    assert!(session.engine().desk().unwrap().orders().count() > orders, "trading went on");
    session.close().unwrap();
}

#[test]
fn commands_stand_in_the_trail_and_bind_from_their_step() {
    let (dir, world) = (temp(), seeded_world(21, 20_000));
    stopped_and_cleared(dir.path(), &world);
    let records = assert_sound(dir.path());
    assert_eq!(count_of(&records, Kind::Operator), 2);
    assert_eq!(said(dir.path(), "OPERATOR"), ["STOP|ann: fees rose", "CLEAR|bob: fees fell"]);
    let trail = table(dir.path(), Table::TradeLog);
    let rows: Vec<&str> = trail.lines().collect();
    let at = |action: &str| rows.iter().position(|row| row.contains(action)).unwrap();
    let between = &rows[at(",OPERATOR,")..at(",CLEAR,")];
    let orders = between.iter().filter(|row| row.contains(",FIRE,") || row.contains(",CHASE,"));
    // An order that was out at the stop may still end; none is made after it.
    let fresh = orders.filter(|row| !row.contains("REJECTED") && row.contains(",FULL,"));
    assert!(fresh.count() <= 1);
}

#[test]
fn a_replay_of_commands_gives_the_same_tables() {
    let (dir, world) = (temp(), seeded_world(21, 12_000));
    stopped_and_cleared(dir.path(), &world);
    let replayed = temp();
    let mut session = Session::open(&order_plan(replayed.path())).unwrap();
    let mut source = RecordSource::journal(dir.path()).unwrap();
    while !session.pump(&mut source, i64::MAX, 10_000).unwrap().is_ended {}
    session.close().unwrap();
    assert_eq!(tables(replayed.path()), tables(dir.path()));
    let heads = [dir.path(), replayed.path()].map(|run| verify(run).unwrap().head);
    assert_eq!(heads[0], heads[1], "blocks end at the same records");
}

#[test]
fn a_session_with_a_venue_takes_no_commands_of_its_source() {
    let (dir, world) = (temp(), seeded_world(21, 3_000));
    let mut session = open(dir.path());
    feed(&mut session, &world.records, 0);
    let now = session.engine().now();
    let payload = br#"{"verb":"halt","reason":"of another run"}"#;
    session
        .feed(&Record { kind: Kind::Operator, recv_ns: now, conn: "", epoch: 0, payload })
        .unwrap();
    assert_ne!(phase(&session), Phase::HardStop);
    session.close().unwrap();
    assert_eq!(count_of(&assert_sound(dir.path()), Kind::Operator), 0);
}

#[test]
fn text_of_a_person_stays_one_cell_of_one_row() {
    let (dir, world) = (temp(), seeded_world(21, 1_000));
    let mut session = open(dir.path());
    feed(&mut session, &world.records, 0);
    let payload = "{\"verb\":\"halt\",\"by\":\"=cmd\",\"reason\":\"a,\\\"b\\\"\\r\\n=1+1\u{2028}|guard=S-01\"}";
    session.command(0, payload.as_bytes()).unwrap();
    session.close().unwrap();
    assert_sound(dir.path());
    assert_eq!(said(dir.path(), "OPERATOR"), ["\"HALT|=cmd: a,\"\"b\"\"  =1+1 |guard=S-01\""]);
}

#[test]
fn a_command_comes_after_what_was_due_before_it() {
    let (dir, world) = (temp(), seeded_world(21, 4_000));
    let mut session = open(dir.path());
    feed(&mut session, &world.records, 0);
    let later = session.engine().now().0 + 3_600_000_000_000;
    session.command(later, br#"{"verb":"stop"}"#).unwrap();
    assert_eq!(session.engine().now(), Nanos(later));
    let trail = table_after_flush(&mut session, dir.path());
    let last_settle = trail.rfind(",SETTLE,").unwrap_or(0);
    assert!(last_settle < trail.find(",OPERATOR,").unwrap());
    session.close().unwrap();
    assert_sound(dir.path());
}

fn table_after_flush(session: &mut Session, dir: &Path) -> String {
    session.flush().unwrap();
    table(dir, Table::TradeLog)
}

#[test]
fn the_standing_of_a_session_is_json_with_the_desk_and_without_one() {
    let (dir, world) = (temp(), seeded_world(21, 6_000));
    let mut session = open(dir.path());
    feed(&mut session, &world.records, 0);
    let text = standing::text(&session);
    let signals = format!("\"signals\":{},", session.engine().counted().0.signals_emitted);
    for part in ["\"phase\":\"", "\"most_exposure\":1000000000,", "\"stopped\":null", &signals] {
        assert!(text.contains(part), "{part} in {text}");
    }
    session.command(0, br#"{"verb":"halt"}"#).unwrap();
    let text = standing::text(&session);
    assert!(text.contains("\"phase\":\"HARD_STOP\""), "{text}");
    assert!(text.contains("\"stopped\":\"guard=S-06 halt=1\""), "{text}");
    drop(session);
    let dry = temp();
    let session = Session::open(&plan(dry.path(), START_NS)).unwrap();
    assert!(standing::text(&session).ends_with("\"conns\":[],\"desk\":null}"));
}
