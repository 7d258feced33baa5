//! What an operator sees of the desk is what the desk decides by.

use super::*;

#[test]
fn what_is_unresolved_is_what_keeps_a_clear_out() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.put(Input::Operator(Operator::Halt));
    let found = bench.desk.standing(bench.now);
    assert_eq!((found.phase, found.open_orders, found.unresolved), (Phase::HardStop, 1, 1));
    assert_eq!(found.stopped.map(|guard| guard.id), Some(GuardId::S06));
    bench.put(Input::Operator(Operator::Clear));
    assert_eq!(bench.desk.phase(), Phase::HardStop, "an order is out");
    bench.put(Input::Answered(fire, Answer::Refused(Refusal::Order)));
    let found = bench.desk.standing(bench.now);
    assert_eq!((found.open_orders, found.unresolved), (0, 0));
    bench.put(Input::Operator(Operator::Clear));
    let found = bench.desk.standing(bench.now);
    assert_eq!((found.phase, found.stopped), (Phase::Idle, None));
}

#[test]
fn exposure_and_counts_follow_a_set() {
    let mut bench = Bench::new(2);
    let found = bench.desk.standing(bench.now);
    assert_eq!((found.exposure, found.day_net, found.sends), (Some(Usdc::ZERO), Usdc::ZERO, 0));
    bench.put(Input::Signal(plan(1, 2)));
    bench.put(Input::Signal(plan(2, 2)));
    let found = bench.desk.standing(bench.now);
    assert_eq!((found.open_orders, found.waiting, found.sends), (1, 1, 1));
    assert_eq!(found.exposure, Some(Usdc(3_000_000)), "ten shares at thirty cents");
    assert!(!found.is_stopping);
    bench.put(Input::Operator(Operator::Stop));
    let found = bench.desk.standing(bench.now);
    assert_eq!((found.is_stopping, found.waiting), (true, 0), "the ladder is not over");
    bench.fill(Qty::ZERO);
    let found = bench.desk.standing(bench.now);
    assert_eq!((found.phase, found.is_stopping), (Phase::HardStop, false));
    assert_eq!(found.exposure, Some(Usdc::ZERO));
}

#[test]
fn the_result_of_a_day_is_that_of_its_own_day() {
    let mut risk = razor_core::risk::Risk::new(caps());
    let day = Nanos(86_400 * SECOND);
    assert_eq!(risk.day_net(day), Usdc::ZERO);
    let _ = risk.note_result(day, Usdc(-2_000_000), false);
    let _ = risk.note_result(day, Usdc(500_000), false);
    assert_eq!((risk.day_net(day), risk.day_loss()), (Usdc(-1_500_000), Usdc(2_000_000)));
    assert_eq!(risk.day_net(Nanos(2 * day.0)), Usdc::ZERO, "a new day has no result yet");
}
