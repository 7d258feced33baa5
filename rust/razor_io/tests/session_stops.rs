//! What must not be lost with the process: a stop of trading, and a merge that was asked for.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise"
)]

#[path = "support/seeded.rs"]
mod seeded;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use razor_core::basket::Phase;
use razor_core::engine::oms::Request;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{SignalNotice, Sink, Table};
use razor_core::ids::SetIx;
use razor_core::market::Universe;
use razor_core::order::gateway::{Gateway, Intent, Tops, VenueEvent};
use razor_core::order::{Attempt, OrderHash, OrderIx};
use razor_core::risk::GuardId;
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Qty};
use razor_io::orders::Venue;
use razor_io::session::{Plan, Session};
use razor_sim::gateway::{SimConfig, SimGateway, SimMarkets};
use razor_sim::world::World;
use seeded::{
    MS, START_NS, assert_sound, count_of, fold, input, order_params, plan, quick, seeded_world,
    stored, table, temp,
};
use tempfile::TempDir;

/// What was asked of a venue about merges.
#[derive(Debug, Default)]
struct Asked {
    merges: Vec<(SetIx, Qty)>,
    questions: Vec<(SetIx, Qty)>,
    /// What a kill leaves that comes right behind the first thing the venue said.
    left: Option<TempDir>,
}

/// A simulated venue that dies with its session, and says about merges what a test wants: while
/// `answer` is none it says nothing, and a merge asked of it stays without an end.
struct Mortal {
    venue: SimGateway,
    asked: Arc<Mutex<Asked>>,
    answer: Option<VenueEvent>,
    /// What it says at which time, in order.
    says: Vec<(Nanos, VenueEvent)>,
    /// The run that is copied as soon as the session acted on the first of `says`.
    copied: Option<PathBuf>,
}

impl Mortal {
    fn new(answer: Option<VenueEvent>) -> (Self, Arc<Mutex<Asked>>) {
        let asked = Arc::new(Mutex::new(Asked::default()));
        // Everything asked for is filled: every set comes to be whole.
        let all = razor_core::shadow::exact::FillShare(razor_core::shadow::exact::ATTO);
        let config = SimConfig { share_liquid: all, share_thin: all, ..quick() };
        let venue = SimGateway::new(config, SimMarkets::default());
        (Self { venue, asked: Arc::clone(&asked), answer, says: Vec::new(), copied: None }, asked)
    }
}

impl Gateway for Mortal {
    fn define(&mut self, universe: &Universe) {
        self.venue.define(universe);
    }
    fn hash(&mut self, order: OrderIx, attempt: &Attempt) -> OrderHash {
        self.venue.hash(order, attempt)
    }
    fn send(&mut self, now: Nanos, intent: &Intent, bucket: Bucket, tops: &dyn Tops) {
        self.venue.send(now, intent, bucket, tops);
    }
    fn cancel(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        self.venue.cancel(now, order, hash);
    }
    fn query(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        self.venue.query(now, order, hash);
    }
    fn merge(&mut self, _now: Nanos, set: SetIx, qty: Qty) {
        self.asked.lock().unwrap().merges.push((set, qty));
    }
    fn query_merge(&mut self, now: Nanos, set: SetIx, qty: Qty) {
        self.asked.lock().unwrap().questions.push((set, qty));
        self.says.extend(self.answer.map(|answer| (now, answer)));
    }
    fn reconcile(&mut self, now: Nanos) {
        self.venue.reconcile(now);
    }
    fn next_due(&self) -> Option<Nanos> {
        let said = self.says.first().map(|(at, _)| *at);
        [said, self.venue.next_due()].into_iter().flatten().min()
    }
    fn poll(&mut self, now: Nanos, tops: &dyn Tops) -> Option<(Nanos, VenueEvent)> {
        if self.says.first().is_some_and(|(at, _)| *at <= now) {
            return Some(self.says.remove(0));
        }
        self.venue.poll(now, tops)
    }
    fn take_injected(&mut self) -> Vec<VenueEvent> {
        if self.says.is_empty()
            && let Some(dir) = self.copied.take()
        {
            self.asked.lock().unwrap().left = Some(as_a_kill_leaves(&dir));
        }
        Gateway::take_injected(&mut self.venue)
    }
}

fn order_plan(dir: &Path, now_ns: i64) -> Plan {
    Plan { params: order_params(), durable_intents: true, ..plan(dir, now_ns) }
}

/// Results of the rows of an action, in order.
fn results(dir: &Path, action: &str) -> Vec<String> {
    let text = table(dir, Table::TradeLog);
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let place = |name: &str| names.iter().position(|found| *found == name).unwrap();
    let (of, result) = (place("action"), place("result"));
    let rows = lines.filter(|cells| cells.get(of) == Some(&action));
    rows.map(|cells| (*cells.get(result).unwrap()).to_owned()).collect()
}

fn phase(session: &Session) -> Phase {
    session.engine().desk().unwrap().phase()
}

/// A copy of the journal as it stands while its session lives: what that one still holds in memory
/// is not in it.
fn as_a_kill_leaves(dir: &Path) -> TempDir {
    let copy = temp();
    fs::create_dir(copy.path().join("journal")).unwrap();
    for entry in fs::read_dir(dir.join("journal")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join("journal").join(entry.file_name())).unwrap();
    }
    copy
}

#[test]
fn a_stop_of_trading_outlives_a_process_that_dies_right_behind_it() {
    let world = seeded_world(21, 4_000);
    let dir = temp();
    let (mut venue, asked) = Mortal::new(None);
    venue.says.push((Nanos(START_NS + 2_500 * MS), VenueEvent::Foreign));
    venue.copied = Some(dir.path().to_owned());
    let venue: Venue = Box::new(venue);
    let mut session = Session::open_alone(&order_plan(dir.path(), START_NS), Some(venue)).unwrap();
    let mut records = world.records.iter();
    while phase(&session) != Phase::HardStop {
        session.feed(&input(records.next().unwrap(), 0)).unwrap();
    }
    let now_ns = session.engine().now().0;
    drop(session);
    // Copied before the session had its next record: whatever that one makes durable is too late.
    let dir = asked.lock().unwrap().left.take().unwrap();
    // Twice, because the start after it may die as well.
    for _ in 0..2 {
        let (venue, _) = Mortal::new(None);
        let venue: Venue = Box::new(venue);
        let plan = order_plan(dir.path(), now_ns);
        let session = Session::open_alone(&plan, Some(venue)).unwrap();
        let guard = session.engine().desk().unwrap().stopped().map(|guard| guard.id);
        assert_eq!((phase(&session), guard), (Phase::HardStop, Some(GuardId::S32)));
    }
    let mut session = Session::open_alone(&order_plan(dir.path(), now_ns), None).unwrap();
    let payload = br#"{"verb":"clear"}"#;
    let recv_ns = Nanos(now_ns);
    let clear = Record { kind: Kind::Operator, recv_ns, conn: "", epoch: 0, payload };
    session.feed(&clear).unwrap();
    assert_eq!(phase(&session), Phase::Idle, "an operator clears it, and nothing else does");
    session.close().unwrap();
    assert_eq!(count_of(&assert_sound(dir.path()), Kind::Recovery), 3);
}

/// A world whose groups are merged.
fn merging_world() -> World {
    let mut world = seeded_world(21, 12_000);
    for record in &mut world.records {
        record.payload = record.payload.replace("\"hold\"", "\"merge\"");
    }
    world
}

/// What a run leaves that is killed when its first merge was asked for; the merge, and the place in
/// the world.
fn died_merging(world: &World) -> (TempDir, (SetIx, Qty), usize) {
    let (venue, asked) = Mortal::new(None);
    let (dir, venue): (_, Venue) = (temp(), Box::new(venue));
    let mut session = Session::open_alone(&order_plan(dir.path(), START_NS), Some(venue)).unwrap();
    for (at, record) in world.records.iter().enumerate() {
        session.feed(&input(record, 0)).unwrap();
        if let Some(merge) = asked.lock().unwrap().merges.first() {
            return (as_a_kill_leaves(dir.path()), *merge, at);
        }
    }
    unreachable!("the world has no set that is merged")
}

#[test]
fn a_merge_without_an_answer_is_asked_about_and_believed() {
    let world = merging_world();
    let done = VenueEvent::Merged { is_done: true };
    let failed = VenueEvent::Merged { is_done: false };
    let told = [(done, "FULL"), (failed, "NONE"), (VenueEvent::MergeUnknown, "UNKNOWN")];
    for (answer, word) in told {
        let (dir, merge, at) = died_merging(&world);
        let (venue, asked) = Mortal::new(Some(answer));
        let venue: Venue = Box::new(venue);
        let now_ns = world.records.get(at).unwrap().recv_ns;
        let mut session =
            Session::open_alone(&order_plan(dir.path(), now_ns), Some(venue)).unwrap();
        assert_eq!(session.engine().desk().unwrap().open_merge().map(|it| (it.set, it.qty)), {
            Some(merge)
        });
        session.drain_venue().unwrap();
        assert_eq!(session.engine().desk().unwrap().open_merge(), None);
        let legs = session.engine().universe().unwrap().set(merge.0).unwrap().legs.clone();
        let desk = session.engine().desk().unwrap();
        let held: Vec<Qty> = legs.iter().map(|leg| desk.ledger().position(*leg).conf).collect();
        let kept = if answer == done { Qty::ZERO } else { merge.1 };
        assert_eq!(held, vec![kept; legs.len()], "{word}");
        session.close().unwrap();
        assert_eq!(results(dir.path(), "MERGE"), [word]);
        let asked = asked.lock().unwrap();
        assert_eq!((&*asked.questions, &*asked.merges), (&[merge][..], &[][..]), "{word}");
        assert_sound(dir.path());
    }
}

/// What the engine asks for, and its rows.
#[derive(Default)]
struct Asks {
    requests: Vec<Request>,
    rows: String,
}

impl Sink for Asks {
    fn wants_rows(&self) -> bool {
        true
    }
    fn row(&mut self, table: Table, lines: &str) {
        if table == Table::TradeLog {
            self.rows.push_str(lines);
        }
    }
    fn signal(&mut self, _notice: SignalNotice) {}
    fn request(&mut self, request: Request) {
        self.requests.push(request);
    }
}

#[test]
fn a_merge_whose_intent_is_not_durable_was_never_asked_for() {
    let world = merging_world();
    let (dir, merge, _) = died_merging(&world);
    let records = stored(dir.path());
    let last = records.iter().rposition(|record| record.kind == Kind::Intent).unwrap();
    // The cut of a crash right before the intent of the merge, and right behind it.
    for (cut, is_asked) in [(last, false), (last + 1, true)] {
        let (mut engine, _) = fold(records.get(..cut).unwrap());
        assert!(engine.desk().unwrap().open_merge().is_some(), "the desk planned it");
        let told = engine.past().merges.iter().map(|it| (it.set, it.qty)).collect::<Vec<_>>();
        assert_eq!(told, if is_asked { vec![merge] } else { vec![] }, "what a venue is told of it");
        let (recv_ns, mut asks) = (engine.now(), Asks::default());
        let restart = Record { kind: Kind::Recovery, recv_ns, conn: "", epoch: 0, payload: b"" };
        engine.step(&restart, &mut asks).unwrap();
        let is_question = |asked: &&Request| matches!(asked, Request::QueryMerge(_));
        let question = asks.requests.iter().find(is_question);
        let open = engine.desk().unwrap().open_merge();
        assert_eq!(open.map(|it| (it.set, it.qty)), is_asked.then_some(merge));
        assert_eq!(question.copied(), open.map(Request::QueryMerge));
        assert_eq!(asks.rows.contains(",MERGE,"), !is_asked, "held, and said");
    }
}
