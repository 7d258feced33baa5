//! Laws of the fold with orders: where it is cut does not matter, and what an operator sees is what
//! a walk over ledger and orders gives.

use razor_core::basket::Merge;
use razor_core::engine::Engine;
use razor_core::engine::table::{NoRows, Table};
use razor_core::risk::reservation;
use razor_core::units::{Nanos, Usdc};
use razor_sim::rng::Rng;

use super::play::{MS, Play, Seen};

#[test]
fn a_fold_gives_the_same_rows_and_state_wherever_it_is_cut() {
    for seed in [21, 24] {
        let play = Play::whole(seed, seed == 24, |_| {});
        assert!(play.sends.len() > 5, "{}", play.sends.len());
        let mut rng = Rng::new(seed);
        for _ in 0..6 {
            let cut = 1 + rng.index(play.log.len() - 1);
            let (before, after) = play.log.split_at(cut);
            let (mut engine, mut head) = (Engine::default(), Seen::default());
            for taken in before {
                taken.put(&mut engine, &mut head);
            }
            // A recovery folds what is written without writing it again.
            let mut silent = Engine::default();
            for taken in before {
                taken.put(&mut silent, &mut NoRows::default());
            }
            let (mut tail, mut again) = (Seen::default(), Seen::default());
            for taken in after {
                let stepped = taken.put(&mut engine, &mut tail);
                assert_eq!(taken.put(&mut silent, &mut again), stepped);
            }
            // Ticks and their counts alone depend on whether they are written.
            for table in [Table::TradeLog, Table::CalibrationLog, Table::Fills] {
                assert_eq!(again.rows.get(&table), tail.rows.get(&table), "{table:?} cut {cut}");
            }
            assert_eq!((&again.signals, &again.requests), (&tail.signals, &tail.requests));
            assert_eq!(silent.desk(), engine.desk());
            assert_eq!(engine.desk(), play.engine.desk());
            assert_eq!(
                (engine.past(), engine.counted()),
                (play.engine.past(), play.engine.counted())
            );
            for (table, whole) in &play.seen.rows {
                let part = |seen: &Seen| seen.rows.get(table).cloned().unwrap_or_default();
                assert_eq!(&(part(&head) + &part(&tail)), whole, "{table:?} cut {cut}");
            }
            head.signals.extend(tail.signals);
            assert_eq!(head.signals, play.seen.signals);
        }
    }
}

#[test]
fn what_an_operator_sees_is_what_a_walk_over_ledger_and_orders_gives() {
    let (mut open, mut spent, mut merging, mut rests) = (0, 0, 0, 0);
    let look = |play: &Play| {
        let Some(desk) = play.engine.desk() else { return };
        let now = play.engine.now();
        let found = desk.standing(now);
        let is_open = desk.orders().filter(|(_, slot)| !slot.order.is_terminal()).count();
        let in_flight = desk.orders().filter(|(_, slot)| slot.order.in_flight().0 > 0);
        let held: i64 = desk.ledger().positions().map(|(_, position)| position.cost.0).sum();
        let reserved: i64 = in_flight
            .map(|(_, slot)| reservation(&slot.attempt, slot.order.in_flight(), slot.fees))
            .map(|cost| cost.expect("a fee").0)
            .sum();
        let is_merging = desk.basket().is_some_and(|basket| basket.merge == Merge::UnderWay);
        assert_eq!(found.open_orders, is_open);
        assert_eq!(found.unresolved, is_open + usize::from(is_merging));
        assert_eq!(found.exposure, Some(Usdc(held + reserved)));
        assert_eq!((found.phase, found.stopped), (desk.phase(), desk.stopped()));
        assert!(!found.is_unbooked && !found.is_stopping);
        if desk.phase().is_free() {
            assert_eq!(found.day_net, desk.ledger().realised(), "each set's result is counted");
            rests += 1;
        }
        open += is_open;
        spent += usize::from(held > 0);
        merging += usize::from(is_merging);
    };
    let play = Play::whole(24, true, look);
    assert!(open > 0 && spent > 0 && merging > 0 && rests > 0, "{open} {spent} {merging} {rests}");

    // A send counts until it is more than a minute old.
    for after_ms in [0, 45_000, 59_000, 60_000, 61_000, 90_000] {
        let now = play.engine.now().0 + after_ms * MS;
        let young = play.sends.iter().filter(|(at, _)| now - at <= 60_000 * MS).count();
        let found = play.desk().standing(Nanos(now)).sends;
        assert_eq!(usize::try_from(found), Ok(young), "{after_ms} ms later");
    }
}
