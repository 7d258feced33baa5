//! Guards of the desk that a planted defect once passed unseen (docs/TESTING.md).

use super::*;

/// Rows that a guard blocked, by guard.
fn blocked(bench: &Bench, id: GuardId) -> usize {
    bench.rows().iter().filter(|row| row.guard.is_some_and(|guard| guard.id == id)).count()
}

#[test]
fn an_intent_that_becomes_durable_after_the_stop_is_not_sent() {
    let mut bench = Bench::new(2);
    let mut out = Vec::new();
    bench.desk.step(bench.now, Input::Signal(plan(1, 2)), &bench.market, &mut out);
    bench.put(Input::Operator(Operator::Halt));
    bench.put(Input::Journaled(OrderIx(0)));
    assert_eq!((bench.sends(), blocked(&bench, GuardId::S06)), (0, 2), "the stop and the order");
    assert!(bench.desk.order(OrderIx(0)).is_some_and(|slot| slot.order.is_terminal()));
}

#[test]
fn a_sale_whose_shares_an_earlier_one_took_meanwhile_does_not_leave() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    bench.fill(Qty::ZERO);
    bench.fill(Qty::ZERO);
    let (sale, _) = bench.out_now();
    super::give_up(&mut bench, sale);
    bench.now = Nanos(1);
    bench.book(TokenIx(2), 290_000, 300_000);
    let late = Input::Elapsed(DeskTimer::Order(sale, razor_core::order::Timer::Late));
    let mut out = Vec::new();
    bench.desk.step(bench.now, late, &bench.market, &mut out);
    let (next, attempt) = bench.out_now();
    assert_eq!((attempt.rung, attempt.order_qty), (Rung::FlatTwo, TEN));
    let sends = bench.sends();
    // The intent is on its way to the disk when the sale that was given up turns out to have sold.
    bench.trade(sale, Qty(4_000_000), Settle::Prov);
    bench.put(Input::Journaled(next));
    assert_eq!(blocked(&bench, GuardId::S09), 1);
    assert_eq!(bench.sends(), sends);
    assert!(bench.desk.order(next).is_some_and(|slot| slot.order.is_terminal()));
    bench.put(Input::Elapsed(DeskTimer::FlatWait));
    let attempt = bench.out_now().1;
    assert_eq!((attempt.rung, attempt.order_qty), (Rung::FlatThree, Qty(6_000_000)));
}

#[test]
fn a_signal_before_the_reconciliation_is_turned_away_at_once() {
    let mut bench = Bench::new(2);
    bench.put(Input::Restarted);
    bench.put(Input::Signal(plan(1, 2)));
    assert_eq!(bench.ends(), [(1, "REJECTED_BY_RISK")]);
    bench.put(Input::Reconciled);
    assert_eq!((bench.desk.phase(), bench.sends()), (Phase::Idle, 0));
}

#[test]
fn a_restart_asks_about_what_was_out_and_withdraws_what_never_left() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.put(Input::Answered(fire, Answer::Unknown));
    let asked = bench.put(Input::Restarted);
    assert!(asked.contains(&Action::Query(fire)));

    let mut bench = Bench::new(2);
    let mut out = Vec::new();
    bench.desk.step(bench.now, Input::Signal(plan(1, 2)), &bench.market, &mut out);
    bench.put(Input::Restarted);
    assert!(bench.desk.is_ready_to_reconcile(), "nothing of it is open");
    assert_eq!(bench.sends(), 0);
}

#[test]
fn a_fill_above_its_limit_and_a_closed_account_stop_trading() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, attempt) = bench.out_now();
    let price = price(attempt.limit.micros() + 1);
    let (id, settle) = (TradeId([9; 16]), Settle::Prov);
    let trade = Trade { order: fire, id, qty: TEN, price, fee: Usdc::ZERO, settle };
    bench.put(Input::Traded(trade));
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::S24));

    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.put(Input::Answered(fire, Answer::Refused(Refusal::Account)));
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::S19));
}

#[test]
fn what_fills_have_cost_counts_against_the_cap_of_the_signal() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, attempt) = bench.out_now();
    // 3 dollars and a fee of 15: the other leg for 3 more would pass the cap of 20.
    let (id, price, fee) = (TradeId([9; 16]), attempt.limit, Usdc(15_000_000));
    for settle in [Settle::Prov, Settle::Conf] {
        bench.put(Input::Traded(Trade { order: fire, id, qty: TEN, price, fee, settle }));
    }
    assert_eq!((bench.sends(), blocked(&bench, GuardId::S02)), (2, 1));
    assert_eq!(bench.out_now().1.rung, Rung::FlatOne, "what was bought is sold again");
}

#[test]
fn an_order_given_up_by_absence_counts_as_exposure_within_its_late_window() {
    let mut bench = Bench::new(2);
    bench.desk = Desk::new(rules(), Caps { max_exposure: Usdc(7_000_000), ..caps() });
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    give_up(&mut bench, fire);
    bench.put(Input::Elapsed(DeskTimer::Cooldown));
    let other = Plan { set: SetIx(1), ..plan(2, 2) };
    bench.put(Input::Signal(other));
    assert_eq!(bench.ends().last(), Some(&(2, "REJECTED_BY_RISK")));
    assert_eq!(blocked(&bench, GuardId::S01), 1);
    bench.put(Input::Elapsed(DeskTimer::Order(fire, razor_core::order::Timer::Late)));
    bench.put(Input::Signal(Plan { set: SetIx(1), ..plan(3, 2) }));
    assert_eq!(bench.sends(), 2, "with the window its reservation ends");
}

#[test]
fn a_fill_that_comes_to_nothing_ends_the_buying() {
    let mut bench = Bench::new(3);
    bench.put(Input::Signal(plan(1, 3)));
    let (fire, _) = bench.out_now();
    let half = Qty(5_000_000);
    let kept = bench.trade(fire, half, Settle::Prov);
    let lost = bench.trade(fire, half, Settle::Prov);
    assert_eq!(bench.out_now().1.rung, Rung::ChaseOne);
    bench.settle(fire, kept, half, Settle::Conf);
    bench.settle(fire, lost, half, Settle::Void);
    bench.fill(TEN);
    assert_eq!(bench.out_now().1.rung, Rung::FlatOne, "the third leg is not bought any more");
}

#[test]
fn nothing_is_fired_while_the_book_of_another_leg_is_stale() {
    let mut bench = Bench::new(2);
    if let Some(quote) = bench.market.books.get_mut(&TokenIx(0)) {
        quote.is_current = false;
    }
    bench.put(Input::Signal(plan(1, 2)));
    assert_eq!(bench.ends(), [(1, "REJECTED_BY_RISK")]);
    assert_eq!((bench.sends(), blocked(&bench, GuardId::S18)), (0, 1));
}

#[test]
fn shares_of_an_earlier_set_are_not_sold_in_place_of_unconfirmed_ones() {
    let mut bench = Bench::new(2);
    let held = |id| Plan { settlement: Settlement::HoldToResolution, ..plan(id, 2) };
    bench.put(Input::Signal(held(1)));
    bench.fill(TEN);
    bench.fill(TEN);
    bench.put(Input::Elapsed(DeskTimer::Cooldown));
    bench.put(Input::Signal(Plan { set: SetIx(1), ..held(2) }));
    let (fire, _) = bench.out_now();
    let id = bench.trade(fire, TEN, Settle::Prov);
    bench.fill(Qty::ZERO);
    bench.fill(Qty::ZERO);
    assert_eq!((bench.desk.phase(), bench.sends()), (Phase::SettlePending, 5));
    bench.settle(fire, id, TEN, Settle::Conf);
    assert_eq!(bench.out_now().1.rung, Rung::FlatOne);
}

#[test]
fn a_refusal_after_a_trade_ends_nothing_and_a_resting_order_is_cancelled() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.trade(fire, Qty(4_000_000), Settle::Prov);
    bench.put(Input::Answered(fire, Answer::Refused(Refusal::Order)));
    assert_eq!(bench.desk.order(fire).map(|slot| slot.order.word()), Some("UNKNOWN"));
    let asked = bench.put(Input::Found(fire, Evidence::Open));
    assert!(asked.contains(&Action::Cancel(fire)));
}

#[test]
fn an_overfill_and_a_sale_under_its_limit_stop_trading() {
    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    let (fire, _) = bench.out_now();
    bench.trade(fire, Qty(TEN.0 + 20_000), Settle::Prov);
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::S12));

    let mut bench = Bench::new(2);
    bench.put(Input::Signal(plan(1, 2)));
    bench.fill(TEN);
    bench.fill(Qty::ZERO);
    bench.fill(Qty::ZERO);
    let (sale, attempt) = bench.out_now();
    assert_eq!(attempt.rung, Rung::FlatOne);
    let price = price(attempt.limit.micros() - 1);
    let (id, settle) = (TradeId([9; 16]), Settle::Prov);
    bench.put(Input::Traded(Trade { order: sale, id, qty: TEN, price, fee: Usdc::ZERO, settle }));
    assert_eq!(bench.desk.stopped().map(|guard| guard.id), Some(GuardId::S24));
}
