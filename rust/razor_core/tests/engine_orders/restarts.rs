//! The process starts again: what may have left is asked about, what never left is withdrawn.

use razor_core::basket::Phase;
use razor_core::engine::oms::Request;
use razor_core::engine::record::Kind;
use razor_core::engine::table::Table;
use razor_core::order::gateway::{PastMerge, TradeState, VenueEvent};
use razor_core::order::{Evidence, OrderIx};
use razor_core::units::Nanos;

use super::play::{MS, Play};

const RECOVERY: &[u8] = br#"{"last_seq":7,"cause":"crash"}"#;
const SEED: u64 = 24;

fn begin() -> Play {
    Play::new(SEED, 20_000, true)
}

fn requests(play: &mut Play) -> Vec<Request> {
    play.seen.requests.drain(..).collect()
}

/// The requests of one look at the clock, so much later.
fn tick(play: &mut Play, after_ms: i64) -> Vec<Request> {
    let at = play.engine.now().0 + after_ms * MS;
    play.take(Kind::Timer, at, "", b"");
    requests(play)
}

#[test]
fn an_order_that_was_out_is_asked_about_before_the_account_is() {
    let mut play = begin();
    let intent = play.send_next();
    play.put(Kind::Recovery, RECOVERY);
    let (order, hash) = (intent.order, intent.hash);
    assert_eq!(requests(&mut play), [Request::Query { order, hash }]);
    assert_eq!(play.desk().phase(), Phase::SafeHold);
    assert_eq!(tick(&mut play, 1), [], "its end is not proven");

    let matched = intent.attempt.order_qty;
    play.trade(&intent, matched, TradeState::Confirmed);
    assert_eq!(requests(&mut play), []);
    play.say(VenueEvent::Found { order, evidence: Evidence::Finished { matched } });
    assert_eq!(requests(&mut play), [Request::Reconcile], "its trades prove its end");
    assert_eq!(tick(&mut play, 4_999), [], "the account was just asked for");
    assert_eq!(tick(&mut play, 1), [Request::Reconcile], "no answer came in five seconds");
    assert_eq!(play.desk().phase(), Phase::SafeHold);
    play.say(VenueEvent::Reconciled);
    assert_ne!(play.desk().phase(), Phase::SafeHold);
    assert_eq!(tick(&mut play, 6_000).iter().filter(|it| **it == Request::Reconcile).count(), 0);
}

#[test]
fn an_order_without_a_durable_intent_never_left() {
    let mut play = begin();
    let Request::Persist { order, .. } = play.asked() else { panic!("no order") };
    play.put(Kind::Recovery, RECOVERY);
    assert_eq!(requests(&mut play), [Request::Reconcile], "there is nothing to ask about");
    assert!(play.desk().order(order).is_some_and(|slot| slot.order.is_terminal()));
    play.say(VenueEvent::Reconciled);
    assert!(play.desk().phase().is_free(), "{:?}", play.desk().phase());
    let ends: Vec<_> = play.table(Table::TradeLog);
    let ends: Vec<&str> =
        ends.iter().filter(|row| row["action"] == "END").map(|row| row["result"]).collect();
    assert_eq!(ends, ["NO_FILL"]);
    assert_eq!(play.desk().risk().sends_used(play.engine.now()), 0);
}

#[test]
fn a_restart_in_the_recording_of_another_run_is_one_too() {
    let mut play = begin();
    let intent = play.send_next();
    let at = play.engine.now().0;
    let gap = |cause: &str| {
        format!("{{\"from_ns\":{at},\"to_ns\":{at},\"cause\":\"{cause}\",\"lost\":0}}")
    };
    play.put(Kind::Gap, gap("DISCONNECTED reason=closed").as_bytes());
    assert_ne!(play.desk().phase(), Phase::SafeHold);
    play.put(Kind::Gap, gap("RESTART").as_bytes());
    assert_eq!(play.desk().phase(), Phase::SafeHold);
    let (order, hash) = (intent.order, intent.hash);
    assert!(requests(&mut play).contains(&Request::Query { order, hash }));
}

fn merge_results(play: &Play) -> Vec<String> {
    let rows = play.table(Table::TradeLog);
    rows.iter().filter(|row| row["action"] == "MERGE").map(|row| row["result"].to_owned()).collect()
}

#[test]
fn a_merge_without_a_durable_intent_never_left() {
    let mut play = begin();
    let merge = play.until_merge();
    assert_eq!(play.desk().open_merge(), Some(merge));
    assert_eq!(play.engine.past().merges, [], "the venue knows nothing of it");
    play.put(Kind::Recovery, RECOVERY);
    let asked = requests(&mut play);
    assert!(!asked.contains(&Request::QueryMerge(merge)), "{asked:?}");
    assert_eq!((merge_results(&play), play.desk().open_merge()), (vec!["NONE".to_owned()], None));
}

#[test]
fn a_merge_with_a_durable_intent_is_asked_about_and_booked_once_it_is_done() {
    for (answer, result) in [
        (VenueEvent::Merged { is_done: true }, "FULL"),
        (VenueEvent::Merged { is_done: false }, "NONE"),
        (VenueEvent::MergeUnknown, "UNKNOWN"),
    ] {
        let mut play = begin();
        let merge = play.until_merge();
        play.put(Kind::Intent, &merge.encode());
        let (set, qty) = (merge.set, merge.qty);
        assert_eq!(play.engine.past().merges, [PastMerge { set, qty, is_done: false }]);
        play.put(Kind::Recovery, RECOVERY);
        assert!(requests(&mut play).contains(&Request::QueryMerge(merge)));
        let before = play.desk().ledger().cash_change().conf.0;
        play.say(answer);
        assert_eq!(merge_results(&play), [result]);
        let brought = play.desk().ledger().cash_change().conf.0 - before;
        let is_done = result == "FULL";
        assert_eq!(u64::try_from(brought), Ok(if is_done { qty.0 } else { 0 }), "{result}");
        let expected = [PastMerge { set, qty, is_done }];
        assert_eq!(play.engine.past().merges, if is_done { &expected[..] } else { &[] });
    }
}

#[test]
fn a_stopped_run_stays_stopped_over_a_restart() {
    let mut play = begin();
    let intent = play.send_next();
    play.put(Kind::Operator, br#"{"verb":"halt","by":"root","reason":"smoke"}"#);
    requests(&mut play);
    play.put(Kind::Recovery, RECOVERY);
    let stopped = play.desk().stopped();
    assert!(stopped.is_some());
    assert_eq!(play.desk().phase(), Phase::HardStop);
    let asked = requests(&mut play);
    let (order, hash) = (intent.order, intent.hash);
    assert!(asked.contains(&Request::Query { order, hash }), "{asked:?}");
    play.say(VenueEvent::Reconciled);
    assert_eq!((play.desk().phase(), play.desk().stopped()), (Phase::HardStop, stopped));
}

#[test]
fn a_deadline_passes_at_its_own_time_and_an_order_without_an_answer_is_asked_about() {
    let mut play = begin();
    let intent = play.send_next();
    let at = play.engine.next_deadline().expect("an answer is due");
    assert_eq!(at, Nanos(play.engine.now().0 + 3_500 * MS));
    play.take(Kind::Timer, at.0 - 1, "", b"");
    assert_eq!(requests(&mut play), []);
    play.take(Kind::Timer, at.0, "", b"");
    let (order, hash) = (intent.order, intent.hash);
    assert_eq!(requests(&mut play), [Request::Query { order, hash }]);
    assert_eq!(order, OrderIx(0));
    assert_eq!(play.engine.next_deadline(), Some(Nanos(at.0 + 1_000 * MS)), "and again");
}
