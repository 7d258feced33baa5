//! A run that crashed and went on is played again: its recovery is an input of the replay.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops loudly where the shell must not"
)]

#[path = "support/seeded.rs"]
mod seeded;

use razor_core::engine::record::Kind;
use razor_io::session::Session;
use razor_io::source::RecordSource;
use seeded::{feed, plan, seeded_world, stored, tables, temp};

#[test]
fn a_replay_of_a_run_that_crashed_gives_the_tables_of_that_run() {
    let world = seeded_world(5, 12_000);
    let (first, second) = world.records.split_at(world.records.len() / 2);
    let run = temp();
    let mut session = Session::open(&plan(run.path(), 0)).unwrap();
    feed(&mut session, first, 3);
    session.flush_durable().unwrap();
    drop(session);
    let mut session = Session::open(&plan(run.path(), second[0].recv_ns)).unwrap();
    assert!(session.is_resumed());
    feed(&mut session, second, 0);
    session.close().unwrap();
    let replay = temp();
    let mut again = Session::open(&plan(replay.path(), 0)).unwrap();
    let mut source = RecordSource::journal(run.path()).unwrap();
    assert!(again.pump(&mut source, i64::MAX, u64::MAX).unwrap().is_ended);
    again.close().unwrap();
    assert_eq!(tables(run.path()), tables(replay.path()));
    let recoveries = seeded::count_of(&stored(run.path()), Kind::Recovery);
    assert_eq!(recoveries, 1);
    assert_eq!(seeded::count_of(&stored(replay.path()), Kind::Recovery), 0);
}
