//! How a signal comes to be worked, or is turned away with the guard that did it.

use super::desk::{Action, Desk, DeskTimer, Turn, VenueMode};
use super::legs::Basket;
use super::plan::{Plan, View};
use super::row::Row;
use super::{Outcome, Phase};
use crate::market::Fees;
use crate::order::ladder::{Budget, highest};
use crate::order::{Attempt, AttemptKey, OrderIx, Rung};
use crate::risk::{Guard, GuardId, SignalFacts, reservation};
use crate::units::{Price, Usdc};

impl Desk {
    /// Takes a signal: once in its life, and only when its turn has come (S-17).
    pub(super) fn on_signal<V: View>(&mut self, plan: Plan, turn: &mut Turn<'_, V>) {
        if !self.risk.first_sight(plan.signal_id) {
            // The first delivery has its own terminal row: this one only says that it came again.
            turn.row(&Row::new(turn.now, "DEDUP_SIGNAL").of(&plan));
            return;
        }
        if self.is_stopping || matches!(self.phase, Phase::HardStop | Phase::SafeHold) {
            let guard = Guard::new(GuardId::S06, []);
            turn_away(&plan, Outcome::RejectedByRisk, guard, turn);
        } else if self.phase.is_free() && self.late.is_empty() {
            self.begin(plan, turn);
        } else if self.queue.len() < self.rules.queue {
            self.queue.push_back(plan);
        } else {
            self.dropped = self.dropped.saturating_add(1);
            let waiting = i64::try_from(self.queue.len()).unwrap_or(i64::MAX);
            let guard = Guard::new(GuardId::L9, [("queue", waiting)]);
            turn_away(&plan, Outcome::RejectedByRisk, guard, turn);
        }
    }

    /// Begins the set of a signal, or turns it away.
    pub(super) fn begin<V: View>(&mut self, plan: Plan, turn: &mut Turn<'_, V>) {
        match self.admission(&plan, turn) {
            Ok(()) => self.fire(plan, turn),
            Err(guard) if guard.id == GuardId::S28 => {
                turn.row(
                    &Row::new(turn.now, "COOLDOWN")
                        .of(&plan)
                        .ends(Outcome::RejectedByRisk)
                        .blocked(guard),
                );
            }
            Err(guard) if guard.id == GuardId::S18 && guard.is_expiry() => {
                turn_away(&plan, Outcome::Expired, guard, turn);
            }
            Err(guard) => turn_away(&plan, Outcome::RejectedByRisk, guard, turn),
        }
    }

    /// Whether the set may begin.
    fn admission<V: View>(&self, plan: &Plan, turn: &Turn<'_, V>) -> Result<(), Guard> {
        self.mode_guard()?;
        let worst_cost = self.worst_cost(plan)?;
        let exposure = self.exposure()?;
        self.risk.check_signal(
            turn.now,
            &SignalFacts {
                ts: plan.ts,
                set: plan.set,
                is_delayed: plan.is_delayed,
                is_under_resolution: plan.is_resolving,
                worst_cost,
                exposure,
                event_exposure: self.event_exposure(plan, turn)?,
            },
        )?;
        legs_guard(plan)?;
        unchanged_guard(plan, turn)?;
        books_guard(plan, turn)
    }

    /// The venue takes orders (S-21).
    pub(super) fn mode_guard(&self) -> Result<(), Guard> {
        match self.mode {
            VenueMode::Normal => Ok(()),
            VenueMode::Restarting
            | VenueMode::PostOnly
            | VenueMode::CancelOnly
            | VenueMode::Disabled
            | VenueMode::VersionMismatch => Err(Guard::new(GuardId::S21, [(self.mode.word(), 1)])),
        }
    }

    /// What all of the set could cost, chases and fees included.
    fn worst_cost(&self, plan: &Plan) -> Result<Usdc, Guard> {
        let budget = Budget::of(plan.expected_net, self.rules.chase_cap, self.rules.chase_step);
        let most = budget.map_or(0, |budget| i64::from(budget.most.raw()));
        let mut total = Usdc::ZERO;
        for leg in &plan.legs {
            if leg.fees == Fees::Unknown {
                return Err(Guard::new(GuardId::S24, [("token", i64::from(leg.token.0))]));
            }
            let raised = i64::from(leg.limit.micros())
                .saturating_mul(most.saturating_add(10_000))
                .div_euclid(10_000)
                .min(i64::from(Price::ONE.micros()));
            let limit = u32::try_from(raised).ok().and_then(|m| Price::from_micros(m).ok());
            let attempt = Attempt {
                key: AttemptKey { signal_id: plan.signal_id, leg: 0, attempt: 0 },
                rung: Rung::ChaseTwo,
                token: leg.token,
                limit: limit.unwrap_or(Price::ONE),
                order_qty: plan.qty,
                budget: None,
            };
            let cost = reservation(&attempt, plan.qty, leg.fees).map_err(|_| overflow())?;
            total = total.plus(cost).map_err(|_| overflow())?;
        }
        Ok(total)
    }

    /// E of INVARIANTS §1: positions at cost and everything in flight at its worst.
    pub(super) fn exposure(&self) -> Result<Usdc, Guard> {
        let mut total = self.ledger.cost().map_err(|_| overflow())?;
        // A finished order has nothing in flight.
        for (_, slot) in self.orders.live().filter(|(_, slot)| slot.order.in_flight().0 > 0) {
            total = total.plus(slot.reservation()?).map_err(|_| overflow())?;
        }
        Ok(total)
    }

    /// The part of E that lies in the event of a set: one outcome decides all of it at once.
    fn event_exposure<V: View>(&self, plan: &Plan, turn: &Turn<'_, V>) -> Result<Usdc, Guard> {
        let is_in = |token| turn.view.event(token) == plan.event;
        let mut total = Usdc::ZERO;
        for (_, position) in self.ledger.positions().filter(|(token, _)| is_in(*token)) {
            total = total.plus(position.cost).map_err(|_| overflow())?;
        }
        for (_, slot) in self.orders.live().filter(|(_, slot)| is_in(slot.attempt.token)) {
            total = total.plus(slot.reservation()?).map_err(|_| overflow())?;
        }
        Ok(total)
    }

    /// Plans the first order of a set.
    fn fire<V: View>(&mut self, plan: Plan, turn: &mut Turn<'_, V>) {
        let first = plan.worst;
        let qty = plan.qty;
        let leg = plan.legs.get(usize::from(first)).copied();
        let quote = leg.and_then(|leg| turn.quote(leg.token));
        let price = match (leg, quote) {
            (Some(leg), Some(quote)) => fire_limit(leg.limit, &quote),
            (None, _) | (_, None) => Err(Guard::new(GuardId::S18, [("leg", i64::from(first))])),
        };
        match price {
            Err(guard) => turn_away(&plan, Outcome::NoFill, guard, turn),
            Ok(limit) => {
                let basket = Basket::new(plan, self.ledger.realised());
                self.basket = Some(Box::new(basket));
                self.phase = Phase::FiringLeg1;
                turn.out.push(Action::Disarm(DeskTimer::Cooldown));
                turn.out.push(Action::Arm(DeskTimer::Set, self.rules.waits.set));
                if !self.place(first, Rung::Fire, limit, qty, None, turn)
                    && let Some(basket) = &mut self.basket
                {
                    basket.refused = Some(Outcome::RejectedByRisk);
                }
            }
        }
    }
}

impl super::orders::Slot {
    /// What this order can still cost (R of INVARIANTS §1).
    pub(super) fn reservation(&self) -> Result<Usdc, Guard> {
        reservation(&self.attempt, self.order.in_flight(), self.fees).map_err(|_| overflow())
    }
}

fn turn_away<V: View>(plan: &Plan, outcome: Outcome, guard: Guard, turn: &mut Turn<'_, V>) {
    turn.row(&Row::new(turn.now, "END").of(plan).ends(outcome).blocked(guard));
}

/// The legs form a set that the venue would take at all (S-16).
fn legs_guard(plan: &Plan) -> Result<(), Guard> {
    let legs = i64::try_from(plan.legs.len()).unwrap_or(i64::MAX);
    let is_set = (2..=64).contains(&legs) && usize::from(plan.worst) < plan.legs.len();
    if !is_set {
        return Err(Guard::new(GuardId::S16, [("legs", legs)]));
    }
    let smallest = plan.legs.iter().map(|leg| leg.min_order_qty.0).max().unwrap_or(0);
    if plan.qty.0 < smallest || plan.qty.0 == 0 {
        let sides = [("q", signed(plan.qty.0)), ("min", signed(smallest))];
        return Err(Guard::new(GuardId::S25, sides));
    }
    Ok(())
}

/// The set is what it was when it was chosen (S-16).
pub(super) fn unchanged_guard<V: View>(plan: &Plan, turn: &Turn<'_, V>) -> Result<(), Guard> {
    if turn.view.is_unchanged(plan.set) {
        return Ok(());
    }
    Err(Guard::new(GuardId::S16, [("changed", 1), ("allowed", 0)]))
}

/// All books can price an order now (S-18).
pub(super) fn books_guard<V: View>(plan: &Plan, turn: &Turn<'_, V>) -> Result<(), Guard> {
    for (leg, plan) in plan.legs.iter().enumerate() {
        let quote = turn.quote(plan.token);
        if !quote.is_some_and(|quote| quote.is_current) {
            let age = quote.map_or(-1, |quote| quote.age.0);
            let leg = i64::try_from(leg).unwrap_or(i64::MAX);
            return Err(Guard::new(GuardId::S18, [("leg", leg), ("age_ns", age)]));
        }
    }
    Ok(())
}

/// The first order takes the best ask and never more than the ask at the signal.
fn fire_limit(signal_limit: Price, quote: &super::plan::Quote) -> Result<Price, Guard> {
    let Some((ask, _)) = quote.ask else {
        return Err(Guard::new(GuardId::S08, [("ask", 0)]));
    };
    let on_grid = quote.tick.price(quote.tick.ticks_floor(signal_limit)).unwrap_or(Price::ZERO);
    let bound = on_grid.min(highest(quote.tick).unwrap_or(Price::ZERO));
    if ask > bound {
        let sides = [("ask", i64::from(ask.micros())), ("bound", i64::from(bound.micros()))];
        return Err(Guard::new(GuardId::S07, sides));
    }
    Ok(bound)
}

/// Money that does not fit its integers.
pub(super) fn overflow() -> Guard {
    Guard::new(GuardId::S25, [("overflow", 1)])
}

/// A quantity for a guard.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An order number for a guard.
pub(super) fn number(order: OrderIx) -> i64 {
    signed(order.0)
}
