//! What must hold in every state and in every step, judged by what the venue knows.

use razor_core::basket::{Action, DeskTimer, Input, Operator, Phase, VenueMode};
use razor_core::ids::TokenIx;
use razor_core::ledger::Settle;
use razor_core::order::{self, Attempt, Order, Rung, Side};
use razor_core::risk::GuardId;
use razor_core::units::Qty;

use super::world::{ASK, Book, Config, Move, Stage, Stepped, Truth, UNIT, World, ix, place_of};

/// A law that was broken, by its line of INVARIANTS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    pub law: &'static str,
    pub what: String,
}

type Verdict = Result<(), Breach>;

fn hold(is_held: bool, law: &'static str, what: impl FnOnce() -> String) -> Verdict {
    if is_held { Ok(()) } else { Err(Breach { law, what: what() }) }
}

/// One step of the explorer.
pub struct Scene<'a> {
    pub config: &'a Config,
    pub before: &'a World,
    pub step: Move,
    pub book: Book,
    pub done: &'a Stepped,
}

/// Every law, in the order of INVARIANTS.
pub const LAWS: [fn(&Scene<'_>) -> Verdict; 16] = [
    exposure,
    unknowns,
    one_in_flight,
    placements,
    hard_stop,
    chases,
    sales,
    books_of_fills,
    counters,
    reduce_only,
    sets,
    signals,
    gates,
    transitions,
    deadlines,
    rearming,
];

fn outstanding(truth: &Truth) -> u8 {
    match truth.stage {
        Stage::Over if truth.is_window_over => 0,
        Stage::Over => truth.unseen(),
        _ => truth.possible(),
    }
}

fn money(units: u8, truth: &Truth) -> i64 {
    i64::from(units) * i64::from(truth.limit.micros())
}

fn buys(world: &World) -> impl Iterator<Item = &Truth> {
    world.venue.orders.iter().filter(|truth| truth.side == Side::Buy)
}

fn sells(world: &World, leg: u8) -> impl Iterator<Item = (usize, &Truth)> {
    let orders = world.venue.orders.iter().enumerate();
    orders.filter(move |(_, truth)| truth.side == Side::Sell && truth.leg == leg)
}

/// Shares of a leg that the chain has confirmed, less those sold or merged for good.
fn confirmed(world: &World, leg: u8) -> i64 {
    let buys = buys(world).filter(|truth| truth.leg == leg);
    let bought: i64 = buys.map(|truth| i64::from(truth.seen(Settle::Conf))).sum();
    let sold: i64 = sells(world, leg).map(|(_, t)| i64::from(t.seen(Settle::Conf))).sum();
    bought - sold - i64::from(world.venue.merged)
}

/// Confirmed shares that no sale but `except` has taken or may still take.
fn unpromised(world: &World, leg: u8, except: Option<usize>) -> i64 {
    let others = sells(world, leg).filter(|(at, _)| Some(*at) != except);
    let taken = others.map(|(_, truth)| {
        i64::from(truth.seen(Settle::Prov)) + i64::from(outstanding(truth).max(truth.unseen()))
    });
    confirmed(world, leg) - taken.sum::<i64>()
}

/// S-01, S-02: what was bought and what may still arrive stay under the caps.
fn exposure(scene: &Scene<'_>) -> Verdict {
    let budget = &scene.config.budget;
    if budget.ghosts + budget.slips + budget.overfills > 0 {
        return Ok(());
    }
    let (world, caps) = (&scene.done.world, &scene.config.caps);
    let open: i64 = buys(world).map(|truth| money(outstanding(truth), truth)).sum();
    let total = world.desk.ledger().cost().map_or(i64::MAX, |cost| cost.0) + open;
    hold(total <= caps.max_exposure.0, "S-01", || format!("{total} > {}", caps.max_exposure.0))?;
    for plan in &scene.config.plans {
        let mine = buys(world).filter(|truth| truth.signal == plan.signal_id);
        let spent: i64 = mine
            .map(|truth| {
                let seen = truth.seen(Settle::Prov) + truth.seen(Settle::Conf);
                money(seen + outstanding(truth), truth)
            })
            .sum();
        hold(spent <= caps.max_signal.0, "S-02", || format!("signal spent {spent}"))?;
    }
    Ok(())
}

/// E of INVARIANTS §1 as the desk counts it.
fn counted(world: &World) -> i64 {
    let cost = world.desk.ledger().cost().map_or(i64::MAX, |cost| cost.0);
    let open = world.desk.orders().filter(|(_, slot)| slot.attempt.side() == Side::Buy);
    let micros = |qty: Qty, attempt: &Attempt| {
        i64::try_from(qty.0 / UNIT).unwrap_or(0) * i64::from(attempt.limit.micros())
    };
    cost + open.map(|(_, slot)| micros(slot.order.in_flight(), &slot.attempt)).sum::<i64>()
}

/// S-03: what is not proven counts in full, and no proof raises the sum.
fn unknowns(scene: &Scene<'_>) -> Verdict {
    let (before, world) = (scene.before, &scene.done.world);
    let budget = &scene.config.budget;
    if budget.ghosts + budget.slips + budget.overfills > 0 {
        return Ok(());
    }
    for (at, truth) in world.venue.orders.iter().enumerate() {
        let Some(slot) = world.desk.order(ix(at as u8)) else { continue };
        let Order::Terminal(closed) = slot.order else { continue };
        let may_come = truth.sends > 0 && truth.possible() > 0 || truth.unseen() > 0;
        let what = || format!("order {at} is over for the desk and not at the venue: {truth:?}");
        hold(closed.is_watched || !may_come, "S-03", what)?;
    }
    let plans = scene.done.actions.iter().any(|action| matches!(action, Action::Persist(..)));
    let (old, new) = (counted(before), counted(world));
    hold(plans || new <= old, "S-03", || format!("exposure rose from {old} to {new}"))
}

fn one_in_flight(scene: &Scene<'_>) -> Verdict {
    let orders = scene.done.world.desk.orders();
    let open = orders.filter(|(_, slot)| !slot.order.is_terminal()).count();
    hold(open <= 1, "S-04", || format!("{open} orders are open"))
}

/// S-05, D-1: one durable intent, one placement.
fn placements(scene: &Scene<'_>) -> Verdict {
    for (at, truth) in scene.done.world.venue.orders.iter().enumerate() {
        hold(truth.sends <= 1, "S-05", || format!("order {at} was sent {} times", truth.sends))?;
    }
    for action in &scene.done.actions {
        if let Action::Send(order) = action {
            let is_durable = scene.done.inputs.contains(&Input::Journaled(*order));
            hold(is_durable, "D-1", || format!("{order:?} left before its intent was durable"))?;
        }
    }
    Ok(())
}

/// S-06 and D-6: after the stop, and before the reconciliation, nothing is sent.
fn hard_stop(scene: &Scene<'_>) -> Verdict {
    let (was, is) = (scene.before.desk.phase(), scene.done.world.desk.phase());
    let is_cleared = scene.step == Move::Speak(Operator::Clear);
    let mut is_silent = match was {
        Phase::HardStop => !is_cleared,
        Phase::SafeHold => scene.step != Move::Reconciled,
        _ => false,
    };
    for action in &scene.done.actions {
        let sends = matches!(action, Action::Send(_) | Action::Persist(..) | Action::Merge(..));
        hold(!(sends && is_silent), "S-06", || format!("{action:?} in {was:?}"))?;
        is_silent |= matches!(action, Action::Row(row) if row.action == "HARDSTOP");
    }
    let leaves = was == Phase::HardStop && is != Phase::HardStop;
    hold(!leaves || is_cleared, "S-06", || format!("left HardStop by {:?}", scene.step))
}

fn persists<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = &'a Attempt> {
    scene.done.actions.iter().filter_map(|action| match action {
        Action::Persist(_, attempt) => Some(attempt),
        _ => None,
    })
}

fn of_leg<'a>(world: &'a World, attempt: &'a Attempt) -> impl Iterator<Item = &'a Truth> {
    let key = attempt.key;
    let orders = world.venue.orders.iter();
    orders.filter(move |truth| truth.signal == key.signal_id && truth.leg == key.leg)
}

fn up(micros: u32, bps: i32) -> i64 {
    i64::from(micros) * i64::from(10_000 + bps) / 10_000 / 100 * 100
}

/// S-07: two chases per leg, within the budget of the signal and of the ask.
fn chases(scene: &Scene<'_>) -> Verdict {
    for attempt in persists(scene).filter(|attempt| attempt.rung.is_entry()) {
        let plan = &scene.config.plans[place_of(scene.config, attempt.key.signal_id)];
        let limit = i64::from(attempt.limit.micros());
        if attempt.rung == Rung::Fire {
            hold(limit <= i64::from(ASK), "S-07", || format!("fired at {limit}"))?;
            continue;
        }
        let orders = of_leg(&scene.done.world, attempt).filter(|truth| truth.is_entry).count();
        hold(orders <= 2, "S-07", || format!("{orders} chases on leg {}", attempt.key.leg))?;
        let net = plan.expected_net.raw();
        let most = (net / 2).min(200);
        hold(net >= 2, "S-07", || format!("a chase with a net edge of {net}"))?;
        let step = if attempt.rung == Rung::ChaseOne { most.min(10) } else { most };
        let ask = scene.book.ask().unwrap_or(0);
        let bound = up(ask, step).min(up(ASK, most));
        let what = || format!("{:?} at {limit}, ask {ask}, bound {bound}", attempt.rung);
        hold(limit <= bound && limit >= i64::from(ask), "S-07", what)?;
    }
    Ok(())
}

/// S-08, S-09, S-22: three sales per leftover, none of shares that are not confirmed and free.
fn sales(scene: &Scene<'_>) -> Verdict {
    let world = &scene.done.world;
    for attempt in persists(scene).filter(|attempt| attempt.side() == Side::Sell) {
        let orders = of_leg(world, attempt).filter(|truth| truth.side == Side::Sell).count();
        hold(orders <= 3, "S-08", || format!("{orders} sales on leg {}", attempt.key.leg))?;
        let percent = match attempt.rung {
            Rung::FlatOne => 1,
            Rung::FlatTwo => 5,
            _ => 10,
        };
        let bid = i64::from(scene.book.bid().unwrap_or(u32::MAX));
        let least = (bid * (100 - percent)).div_euclid(100);
        let limit = i64::from(attempt.limit.micros());
        hold(limit >= least, "S-08", || format!("{:?} at {limit} under {least}", attempt.rung))?;
    }
    for action in &scene.done.actions {
        match action {
            Action::Send(order) => {
                let at = order.0 as usize;
                let truth = &world.venue.orders[at];
                let free = unpromised(world, truth.leg, Some(at));
                let is_covered = truth.side == Side::Buy || i64::from(truth.asked) <= free;
                let what = || format!("a sale of {} where {free} are free", truth.asked);
                hold(is_covered, "S-09", what)?;
            }
            Action::Merge(_, whole) => {
                let legs = scene.config.plans[0].legs.len() as u8;
                let free = (0..legs).map(|leg| unpromised(world, leg, None)).min().unwrap_or(0);
                let whole = i64::try_from(whole.0 / UNIT).unwrap_or(i64::MAX);
                hold(whole <= free, "S-22", || {
                    format!("a merge of {whole} where {free} are free")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// S-10, S-11: the desk's books are the venue's, as far as it was told.
fn books_of_fills(scene: &Scene<'_>) -> Verdict {
    let world = &scene.done.world;
    for leg in 0..scene.config.plans[0].legs.len() as u8 {
        let held = world.desk.ledger().position(TokenIx(u32::from(leg) * 2));
        let of = |side, settle| {
            let orders = world.venue.orders.iter();
            let mine = orders.filter(|truth| truth.leg == leg && truth.side == side);
            mine.map(|truth| i64::from(truth.seen(settle))).sum::<i64>()
        };
        let real =
            [confirmed(world, leg), of(Side::Buy, Settle::Prov), of(Side::Sell, Settle::Prov)];
        let units = |qty: Qty| i64::try_from(qty.0 / UNIT).unwrap_or(i64::MAX);
        let booked = [units(held.conf), units(held.prov_in), units(held.prov_out)];
        hold(real == booked, "S-10", || format!("leg {leg}: real {real:?}, booked {booked:?}"))?;
    }
    for (at, truth) in world.venue.orders.iter().enumerate() {
        let Some(slot) = world.desk.order(ix(at as u8)) else { continue };
        let seen = u64::from(truth.units.len() as u8 - truth.unseen()) * UNIT;
        let booked = slot.order.open().cum_qty.0;
        hold(seen == booked, "S-10", || format!("order {at}: told {seen}, booked {booked}"))?;
    }
    Ok(())
}

/// S-12 and S-13: an overfill stops trading; attempts are counted and never used twice.
fn counters(scene: &Scene<'_>) -> Verdict {
    let (before, world) = (scene.before, &scene.done.world);
    for attempt in persists(scene) {
        let used = of_leg(before, attempt).count() as u16;
        let next = attempt.key.attempt;
        hold(next == used + 1, "S-13", || format!("attempt {next} after {used}"))?;
    }
    let is_over = |truth: &Truth| truth.units.len() as u8 - truth.unseen() > truth.asked;
    let is_overfilled = world.venue.orders.iter().any(is_over);
    let was_cleared = world.venue.budget.clears < scene.config.budget.clears;
    let is_stopped = world.desk.phase() == Phase::HardStop || was_cleared;
    hold(!is_overfilled || is_stopped, "S-12", || "an overfill and trading goes on".to_owned())
}

/// S-14: once it sells, a set never buys again.
fn reduce_only(scene: &Scene<'_>) -> Verdict {
    for attempt in persists(scene).filter(|attempt| attempt.rung.is_entry()) {
        let mut mine = scene.before.venue.orders.iter();
        let sold = mine.any(|t| t.signal == attempt.key.signal_id && t.side == Side::Sell);
        hold(!sold, "S-14", || format!("{:?} after a sale", attempt.rung))?;
    }
    Ok(())
}

/// S-15, S-16: the worst leg first, and never more of another than it got.
fn sets(scene: &Scene<'_>) -> Verdict {
    for attempt in persists(scene).filter(|attempt| attempt.rung.is_entry()) {
        let plan = &scene.config.plans[place_of(scene.config, attempt.key.signal_id)];
        let is_first = attempt.rung == Rung::Fire;
        let is_worst = attempt.key.leg == plan.worst;
        hold(is_first == is_worst, "S-15", || format!("{attempt:?}"))?;
        if is_first {
            continue;
        }
        let known = |leg: u8| -> i64 {
            let orders = scene.before.venue.orders.iter();
            let mine = orders.filter(|t| t.signal == attempt.key.signal_id && t.leg == leg);
            // What the step itself brought is known as well.
            let now = scene.done.world.venue.orders.iter();
            let fresh = now.filter(|t| t.signal == attempt.key.signal_id && t.leg == leg);
            let sum = |truth: &Truth| {
                i64::from(truth.seen(Settle::Prov)) + i64::from(truth.seen(Settle::Conf))
            };
            mine.map(sum).sum::<i64>().max(fresh.map(sum).sum())
        };
        let asked = i64::try_from(attempt.order_qty.0 / UNIT).unwrap_or(i64::MAX);
        let (all, first) = (known(attempt.key.leg) + asked, known(plan.worst));
        hold(all <= first, "S-16", || format!("{all} wanted where leg 1 has {first}"))?;
    }
    Ok(())
}

/// S-17, L-1: one terminal row per signal, and exactly one once the desk is free or stopped.
fn signals(scene: &Scene<'_>) -> Verdict {
    let world = &scene.done.world;
    let is_free = matches!(world.desk.phase(), Phase::Idle | Phase::Cooldown | Phase::HardStop);
    for place in 0..scene.config.plans.len() {
        let ends = world.venue.ends[place];
        hold(ends <= 1, "S-17", || format!("signal {place} has {ends} terminal rows"))?;
        let is_first = place_of(scene.config, scene.config.plans[place].signal_id) == place;
        let is_told = place < usize::from(world.venue.signals);
        let is_done = !(is_free && is_first && is_told) || ends == 1;
        hold(is_done, "L-1", || format!("signal {place} has no terminal row"))?;
    }
    Ok(())
}

/// S-18, S-21, S-26: what must be true of the world when an order leaves.
fn gates(scene: &Scene<'_>) -> Verdict {
    let (world, config) = (&scene.done.world, scene.config);
    for action in &scene.done.actions {
        let Action::Send(order) = action else { continue };
        let is_current = !matches!(scene.book, Book::Stale | Book::Missing);
        hold(is_current, "S-18", || format!("{order:?} left on a book that is not current"))?;
        let is_normal = world.venue.mode == VenueMode::Normal;
        hold(is_normal, "S-21", || format!("{order:?} left in {:?}", world.venue.mode))?;
        let (used, cleared) = (&world.venue.budget, config.budget.clears);
        let is_stopped = used.stops < config.budget.stops && used.clears == cleared;
        let is_entry = world.venue.orders[order.0 as usize].is_entry;
        hold(!(is_stopped && is_entry), "S-26", || format!("{order:?} left after the stop"))?;
    }
    Ok(())
}

/// S-31, L-6: the desk never finds itself where it cannot be.
fn transitions(scene: &Scene<'_>) -> Verdict {
    let budget = &scene.config.budget;
    let Some(guard) = scene.done.world.desk.stopped() else { return Ok(()) };
    let is_expected = match guard.id {
        GuardId::S31 | GuardId::L6 => false,
        GuardId::S32 => budget.foreign > 0,
        GuardId::S10 => budget.ghosts + budget.overfills > 0,
        GuardId::S12 => budget.overfills > 0,
        GuardId::S24 => budget.slips > 0,
        GuardId::D10 => budget.undurable + budget.lost > 0,
        _ => true,
    };
    hold(is_expected, "S-31", || format!("stopped by {guard}"))
}

/// L-1, L-2, L-3: whatever waits has a deadline, and the set in work always waits for something.
fn deadlines(scene: &Scene<'_>) -> Verdict {
    let world = &scene.done.world;
    let is_armed = |timer: DeskTimer| world.venue.timers.binary_search(&timer).is_ok();
    let phase = world.desk.phase();
    for (order, slot) in world.desk.orders() {
        let of = |timer| is_armed(DeskTimer::Order(order, timer));
        let is_timed = match slot.order {
            Order::Sent(_) => of(order::Timer::Answer),
            Order::Live(_) | Order::Delayed(_) => of(order::Timer::Resolve),
            Order::Unknown(doubt) => {
                of(order::Timer::Resolve) || doubt.is_fenced && phase == Phase::HardStop
            }
            Order::Planned { .. } | Order::Journaled { .. } => true,
            Order::Terminal(closed) => !closed.is_watched || of(order::Timer::Late),
        };
        hold(is_timed, "L-2", || format!("{order:?} waits without a deadline: {:?}", slot.order))?;
        if let Order::Terminal(closed) = slot.order {
            let truth = &world.venue.orders[order.0 as usize];
            let is_fenced = !closed.is_watched || truth.is_cancelled;
            hold(is_fenced, "L-2", || format!("{order:?} was given up without a fence"))?;
        }
    }
    let in_flight = world.desk.basket().is_some_and(|basket| basket.in_flight.is_some());
    let is_moving = match phase {
        Phase::FiringLeg1 | Phase::Leg1Filled | Phase::Chasing { .. } => in_flight,
        Phase::Flattening => is_armed(DeskTimer::Flatten),
        Phase::SettlePending => is_armed(DeskTimer::Settle),
        Phase::Idle | Phase::Cooldown | Phase::SafeHold | Phase::HardStop => true,
    };
    hold(is_moving, "L-3", || format!("{phase:?} waits without a deadline"))
}

/// How far an order is; a deadline of an order may be armed anew only when this grew.
fn progress(order: &Order) -> u8 {
    match order {
        Order::Planned { .. } => 0,
        Order::Journaled { .. } => 1,
        Order::Sent(_) => 2,
        Order::Live(_) | Order::Delayed(_) => 3,
        Order::Unknown(doubt) => 4 + u8::from(doubt.is_fenced),
        Order::Terminal(_) => 6,
    }
}

/// L-6: no deadline is put off by steps that lead nowhere.
fn rearming(scene: &Scene<'_>) -> Verdict {
    let (before, world) = (scene.before, &scene.done.world);
    let is_over = |a: &Action| matches!(a, Action::Row(row) if row.action == "COOLDOWN");
    let is_next = scene.done.actions.iter().any(is_over);
    for action in &scene.done.actions {
        let Action::Arm(timer, _) = action else { continue };
        let is_progress = match timer {
            DeskTimer::Order(_, order::Timer::Poll) | DeskTimer::FlatWait | DeskTimer::Cooldown => {
                true
            }
            DeskTimer::Order(order, _) => {
                let old = before.desk.order(*order).map_or(0, |slot| progress(&slot.order));
                let new = world.desk.order(*order).map_or(0, |slot| progress(&slot.order));
                new > old
            }
            DeskTimer::Flatten => is_next || before.desk.phase() != Phase::Flattening,
            DeskTimer::Settle => {
                let merges = scene.done.actions.iter().any(|a| matches!(a, Action::Merge(..)));
                merges || is_next || before.desk.phase() != Phase::SettlePending
            }
            DeskTimer::Set => is_next || before.desk.basket().is_none(),
        };
        hold(is_progress, "L-6", || format!("{timer:?} is put off by {:?}", scene.step))?;
    }
    Ok(())
}
