//! A live session whose disk is slower than its feed: what was shed never reaches the engine, and
//! every loss stands in the journal, in the fold and in the closing counts alike.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::needless_for_each,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/seeded.rs"]
mod seeded;

use std::time::Duration;

use razor_core::engine::gap::Gap;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::Table;
use razor_core::units::Nanos;
use razor_io::audit::verify;
use razor_io::journal::{Durability, Overload, RecorderSettings};
use razor_io::session::{Fed, Plan, Session};
use seeded::{MS, START_NS, Stored, assert_sound, count_of, plan, stored, table, temp};

/// Two buffers of four kibibytes and a sync for each: no disk keeps up with a loop.
fn tiny_live() -> RecorderSettings {
    RecorderSettings {
        chunk_bytes: 4096,
        chunks: 2,
        max_age: None,
        durability: Durability::Every { span: Duration::ZERO, bytes: 1 },
        reserve_bytes: 0,
        headroom_bytes: 0,
        overload: Overload::Shed,
        ..RecorderSettings::live()
    }
}

struct Flood {
    session: Session,
    fed: u64,
    shed: u64,
}

/// Bytes that hardly compress, in a text of a hundred or so.
fn payload(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let digits: String = (0..12)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            format!("{state:016x}")
        })
        .collect();
    format!("{{\"number\":{number},\"x\":\"{digits}\"}}").into_bytes()
}

impl Flood {
    fn open(dir: &std::path::Path) -> Self {
        let plan = Plan { recorder: tiny_live(), ..plan(dir, START_NS) };
        Self { session: Session::open(&plan).unwrap(), fed: 0, shed: 0 }
    }

    fn feed(&mut self, conn: &str) -> Fed {
        let recv_ns = Nanos(START_NS + self.fed as i64 * MS);
        let payload = payload(self.fed);
        let record = Record { kind: Kind::Ref, recv_ns, conn, epoch: 0, payload: &payload };
        let fed = self.session.feed(&record).unwrap();
        self.fed += 1;
        self.shed += u64::from(fed.is_shed);
        fed
    }

    /// Feeds until `count` inputs in a row were shed.
    fn until_shed(&mut self, count: u64) {
        let mut row = 0;
        while row < count {
            assert!(self.fed < 2_000_000, "this disk is faster than a loop");
            row = if self.feed("ref-0").is_shed { row + 1 } else { 0 };
        }
    }

    /// What the engine has been told so far.
    fn lost(&self) -> u64 {
        self.session.engine().integrity().records_lost
    }
}

fn lost_in(records: &[Stored]) -> u64 {
    let gaps = records.iter().filter(|record| record.kind == Kind::Gap);
    gaps.map(|gap| Gap::decode(&gap.payload).unwrap().lost).sum()
}

/// Numbers of the inputs that the journal has.
fn numbers(records: &[Stored]) -> Vec<u64> {
    let inputs = records.iter().filter(|record| record.kind == Kind::Ref);
    inputs
        .map(|input| {
            let text = std::str::from_utf8(&input.payload).unwrap();
            let digits = text.split([':', ',']).nth(1).unwrap();
            digits.parse().unwrap()
        })
        .collect()
}

#[test]
fn what_is_shed_is_in_no_book_and_in_one_gap_and_the_tables_stay_the_fold() {
    let dir = temp();
    let mut flood = Flood::open(dir.path());
    for _ in 0..3 {
        flood.until_shed(5);
    }
    while flood.feed("ref-0").is_shed {}
    let Flood { session, fed, shed } = flood;
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert!(shed >= 15, "{shed}");
    assert_eq!(count_of(&records, Kind::Ref) as u64, fed - shed, "the others are all there");
    assert_eq!(lost_in(&records), shed, "every loss is said once");
    let verdict = verify(dir.path()).unwrap();
    assert_eq!(verdict.integrity.records_lost, shed);
    assert_eq!(verdict.integrity.gaps, count_of(&records, Kind::Gap) as u64);
}

#[test]
fn a_gap_stands_between_the_records_around_the_loss() {
    let dir = temp();
    let mut flood = Flood::open(dir.path());
    flood.until_shed(20);
    while flood.feed("ref-0").is_shed {}
    flood.session.close().unwrap();
    let records = assert_sound(dir.path());
    let known = numbers(&records);
    assert!(known.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice");
    let mut inside = 0;
    for record in records.iter().filter(|record| record.kind == Kind::Gap) {
        let gap = Gap::decode(&record.payload).unwrap();
        assert_eq!((gap.code(), record.recv_ns), ("recorder_overload", gap.to.0));
        let span = (gap.to.0 - gap.from.0) / MS + 1;
        let first = (gap.from.0 - START_NS) / MS;
        let absent =
            (first..first + span).filter(|number| !known.contains(&(*number as u64))).count();
        assert_eq!(absent as u64, gap.lost, "exactly the lost ones are missing in its span");
        inside += gap.lost;
    }
    assert_eq!(inside, flood.shed);
}

#[test]
fn a_loss_that_is_not_yet_said_at_the_close_is_in_the_closing_counts() {
    for count in [1, 2, 3, 50] {
        let dir = temp();
        let mut flood = Flood::open(dir.path());
        flood.until_shed(count);
        let shed = flood.shed;
        flood.session.close().unwrap();
        let records = assert_sound(dir.path());
        assert_eq!(lost_in(&records), shed, "{count}");
        let closing = table(dir.path(), Table::Health);
        let closing = closing.lines().last().unwrap();
        assert!(closing.contains(&format!("\"records_lost\":{shed},")), "{closing}");
    }
}

#[test]
fn a_loss_before_a_new_connection_reaches_the_engine_before_it() {
    let dir = temp();
    let mut flood = Flood::open(dir.path());
    for name in 0..6 {
        flood.until_shed(4);
        let before = flood.shed;
        let fed = flood.feed(&format!("other-{name}"));
        if !fed.is_shed {
            assert_eq!(flood.lost(), before, "all of it is said once something is kept");
        }
    }
    let shed = flood.shed;
    flood.session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(lost_in(&records), shed);
    assert_eq!(count_of(&records, Kind::Conn), 7);
}

#[test]
fn a_session_dropped_in_the_middle_of_a_loss_goes_on() {
    let dir = temp();
    let mut flood = Flood::open(dir.path());
    flood.until_shed(30);
    let (fed, shed) = (flood.fed, flood.shed);
    drop(flood);
    let kept = count_of(&stored(dir.path()), Kind::Ref) as u64;
    assert_eq!(kept, fed - shed);
    let session = Session::open(&plan(dir.path(), START_NS + fed as i64 * MS)).unwrap();
    assert!(session.is_resumed());
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(count_of(&records, Kind::Recovery), 1);
    assert!(lost_in(&records) <= shed);
}

#[test]
fn a_source_that_can_wait_sheds_nothing_with_the_same_buffers() {
    let dir = temp();
    let overload = Overload::Block { max_wait: Duration::from_secs(60) };
    let recorder = RecorderSettings { overload, durability: Durability::None, ..tiny_live() };
    let mut session = Session::open(&Plan { recorder, ..plan(dir.path(), START_NS) }).unwrap();
    for number in 0..3_000 {
        let payload = payload(number);
        let recv_ns = Nanos(START_NS + number as i64);
        let record = Record { kind: Kind::Ref, recv_ns, conn: "r", epoch: 0, payload: &payload };
        assert_eq!(session.feed(&record).unwrap(), Fed::default());
    }
    session.close().unwrap();
    let records = assert_sound(dir.path());
    assert_eq!(numbers(&records), (0..3_000).collect::<Vec<_>>());
    assert_eq!(count_of(&records, Kind::Gap), 0);
}
