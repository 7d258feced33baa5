//! What comes next for the set in work: the next rung, the next wait, or the end.

use super::admit::signed;
use super::desk::{Action, Desk, DeskTimer, Operator, Turn, VenueMode};
use super::legs::{Basket, Merge, Wait};
use super::plan::{Quote, View};
use super::row::Row;
use super::{Outcome, Phase};
use crate::order::ladder::{Budget, NoPrice, chase_limit, flatten_limit};
use crate::order::{OrderIx, Rung};
use crate::risk::{Guard, GuardId};
use crate::units::{Price, Qty};

/// More progress than this in one step is a livelock (L-6): 64 legs of six rungs leave room.
const MOST_MOVES: usize = 1_024;

/// What an unwinding set can do next.
enum Sale {
    /// Sell this much of a leg.
    Sell { leg: u8, qty: Qty },
    /// What is left over is not confirmed yet.
    Unconfirmed,
    /// A leftover has used up its steps.
    Exhausted { leg: u8, left: Qty },
    /// Nothing is left over that could be sold.
    Nothing,
}

impl Desk {
    /// Goes on as far as it can without another input.
    pub(super) fn advance<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        for _ in 0..MOST_MOVES {
            if !self.advance_once(turn) {
                return;
            }
        }
        self.hard_stop(Guard::new(GuardId::L6, []), turn);
    }

    fn advance_once<V: View>(&mut self, turn: &mut Turn<'_, V>) -> bool {
        match self.phase {
            Phase::HardStop | Phase::SafeHold => false,
            Phase::Idle | Phase::Cooldown => self.next_work(turn),
            Phase::FiringLeg1 | Phase::Leg1Filled => self.after_fire(turn),
            Phase::Chasing { place, step } => self.chase(place, step, turn),
            Phase::Flattening | Phase::SettlePending => self.unwind(turn),
        }
    }

    /// The desk is free: a stop, a late arrival, then the queue.
    fn next_work<V: View>(&mut self, turn: &mut Turn<'_, V>) -> bool {
        if self.is_stopping {
            self.hard_stop(Guard::new(GuardId::S26, [("stop", 1)]), turn);
            return false;
        }
        if let Some(order) = self.late.pop_front() {
            return self.rescue(order);
        }
        match self.queue.pop_front() {
            Some(plan) => {
                self.begin(plan, turn);
                true
            }
            None => false,
        }
    }

    fn after_fire<V: View>(&mut self, turn: &mut Turn<'_, V>) -> bool {
        let Some(basket) = &mut self.basket else { return false };
        if let Some(order) = basket.in_flight {
            let has_fills = self.orders.get(order).is_some_and(|s| s.order.open().cum_qty.0 > 0);
            if has_fills {
                self.phase = Phase::Leg1Filled;
            }
            return false;
        }
        let first = basket.order.first().copied().unwrap_or_default();
        basket.target = basket.leg(first).net();
        if basket.target == Qty::ZERO {
            self.unwind_all(turn);
            return true;
        }
        let net = basket.plan.expected_net;
        if Budget::of(net, self.rules.chase_cap, self.rules.chase_step).is_none() {
            let guard = Guard::new(GuardId::S07, [("net_bps", i64::from(net.raw())), ("least", 2)]);
            turn.row(&Row::new(turn.now, "CHASE").of(&basket.plan).blocked(guard));
            self.unwind_all(turn);
            return true;
        }
        self.phase = Phase::Chasing { place: 1, step: 0 };
        true
    }

    /// Buys the leg at `place` in the order of legs; `step` rungs of it were sent.
    fn chase<V: View>(&mut self, place: u8, step: u8, turn: &mut Turn<'_, V>) -> bool {
        let Some(basket) = &mut self.basket else { return false };
        if basket.in_flight.is_some() {
            return false;
        }
        let first = basket.order.first().copied().unwrap_or_default();
        basket.target = basket.target.min(basket.leg(first).net());
        let Some(leg) = basket.order.get(usize::from(place)).copied() else {
            turn.out.push(Action::Disarm(DeskTimer::Set));
            self.phase = Phase::SettlePending;
            return true;
        };
        if basket.is_unwinding || self.is_stopping {
            self.unwind_all(turn);
            return true;
        }
        if basket.short(leg) == Qty::ZERO {
            basket.chased_at = None;
            self.phase = Phase::Chasing { place: place.saturating_add(1), step: 0 };
            return true;
        }
        self.chase_leg(place, step, leg, turn);
        true
    }

    fn chase_leg<V: View>(&mut self, place: u8, step: u8, leg: u8, turn: &mut Turn<'_, V>) {
        let rung = if step == 0 { Rung::ChaseOne } else { Rung::ChaseTwo };
        let Some(basket) = &self.basket else { return };
        let priced = if step >= 2 {
            Err(Guard::new(GuardId::S07, [("short", signed(basket.short(leg).0)), ("steps", 2)]))
        } else {
            self.chase_price(basket, leg, step, turn)
        };
        let qty = basket.short(leg);
        match priced {
            Ok((limit, budget)) => {
                self.phase = Phase::Chasing { place, step: step.saturating_add(1) };
                if let Some(basket) = &mut self.basket {
                    basket.chased_at = Some(limit);
                }
                if !self.place(leg, rung, limit, qty, Some(budget), turn) {
                    self.unwind_all(turn);
                }
            }
            Err(guard) => {
                let mut row = Row::new(turn.now, "CHASE").of(&basket.plan).blocked(guard);
                row.leg = Some(leg);
                row.req_qty = Some(qty);
                turn.row(&row);
                self.unwind_all(turn);
            }
        }
    }

    fn chase_price<V: View>(
        &self,
        basket: &Basket,
        leg: u8,
        step: u8,
        turn: &Turn<'_, V>,
    ) -> Result<(Price, crate::units::Bps), Guard> {
        let plan = basket.plan.legs.get(usize::from(leg));
        let Some(plan) = plan else { return Err(Guard::new(GuardId::S16, [])) };
        let quote = current(turn.quote(plan.token), leg)?;
        let (rules, net) = (&self.rules, basket.plan.expected_net);
        let Some(budget) = Budget::of(net, rules.chase_cap, rules.chase_step) else {
            return Err(Guard::new(GuardId::S07, [("net_bps", i64::from(net.raw()))]));
        };
        let Some((ask, _)) = quote.ask else { return Err(Guard::new(GuardId::S08, [("ask", 0)])) };
        let short = basket.short(leg);
        if short < plan.min_order_qty {
            let sides = [("q", signed(short.0)), ("min", signed(plan.min_order_qty.0))];
            return Err(Guard::new(GuardId::S25, sides));
        }
        let bps = if step == 0 { budget.first } else { budget.most };
        let limit = chase_limit(ask, bps, plan.limit, budget.most, quote.tick).map_err(no_price)?;
        if step > 0 && basket.chased_at == Some(limit) {
            // Both steps round to one price: the second would repeat the first.
            return Err(Guard::new(GuardId::S07, [("same_px", i64::from(limit.micros()))]));
        }
        Ok((limit, bps))
    }

    /// Nothing more is bought: what stands alone is sold, what is whole is kept.
    pub(super) fn unwind_all<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        if let Some(basket) = &mut self.basket {
            basket.is_unwinding = true;
        }
        turn.out.push(Action::Disarm(DeskTimer::Set));
        self.phase = Phase::SettlePending;
    }

    /// Sells what is left over, waits for the chain, or ends the set.
    fn unwind<V: View>(&mut self, turn: &mut Turn<'_, V>) -> bool {
        let Some(basket) = &self.basket else { return false };
        if basket.in_flight.is_some() || basket.merge == Merge::UnderWay {
            return false;
        }
        match self.next_sale(basket) {
            Sale::Sell { leg, qty } => self.sell(leg, qty, turn),
            Sale::Unconfirmed => self.await_chain(turn),
            Sale::Exhausted { leg, left } => {
                let sides = [("leg", i64::from(leg)), ("left", signed(left.0))];
                self.hard_stop(Guard::new(GuardId::S08, sides), turn);
                false
            }
            Sale::Nothing if basket.is_pending() => self.await_chain(turn),
            Sale::Nothing => self.finish(turn),
        }
    }

    /// The leftover with the fewest steps behind it goes first.
    fn next_sale(&self, basket: &Basket) -> Sale {
        let mut best: Option<(u8, u8, Qty)> = None;
        let mut is_waiting = false;
        for leg in &basket.order {
            let (state, left) = (basket.leg(*leg), basket.leftover(*leg));
            let Some(plan) = basket.plan.legs.get(usize::from(*leg)) else { continue };
            if left == Qty::ZERO || left < plan.min_order_qty {
                continue;
            }
            if state.flat_steps >= self.rules.flatten_attempts {
                return Sale::Exhausted { leg: *leg, left };
            }
            // A sale that was given up by absence may still take its shares (F-15, S-09).
            if state.free() < left || self.spare(plan.token) < left {
                is_waiting = true;
            } else if best.is_none_or(|(steps, _, _)| state.flat_steps < steps) {
                best = Some((state.flat_steps, *leg, left));
            }
        }
        match best {
            Some((_, leg, qty)) => Sale::Sell { leg, qty },
            None if is_waiting => Sale::Unconfirmed,
            None => Sale::Nothing,
        }
    }

    pub(super) fn await_chain<V: View>(&mut self, turn: &mut Turn<'_, V>) -> bool {
        if self.phase == Phase::Flattening {
            turn.out.push(Action::Disarm(DeskTimer::Flatten));
            turn.out.push(Action::Disarm(DeskTimer::FlatWait));
            if let Some(basket) = &mut self.basket {
                basket.wait = Wait::No;
            }
        }
        self.phase = Phase::SettlePending;
        let Some(basket) = &mut self.basket else { return false };
        if !basket.is_settling {
            basket.is_settling = true;
            turn.out.push(Action::Arm(DeskTimer::Settle, self.rules.waits.settle));
        }
        false
    }

    /// One panic step of a leg, on a book newer than the answer to the step before.
    fn sell<V: View>(&mut self, leg: u8, qty: Qty, turn: &mut Turn<'_, V>) -> bool {
        if self.phase != Phase::Flattening {
            self.phase = Phase::Flattening;
            // What was waited for is here; what this sale leads to is a wait of its own (S-22).
            turn.out.push(Action::Disarm(DeskTimer::Settle));
            if let Some(work) = &mut self.basket {
                work.is_settling = false;
            }
            turn.out.push(Action::Arm(DeskTimer::Flatten, self.rules.waits.flatten));
            self.take_residuals();
            return true;
        }
        let Some(basket) = &mut self.basket else { return false };
        let (state, token) =
            (basket.leg(leg), basket.plan.legs.get(usize::from(leg)).map(|l| l.token));
        let quote = token.and_then(|token| turn.quote(token));
        let is_fresh = quote.is_some_and(|quote| {
            quote.is_current && (state.flat_steps == 0 || quote.changed > state.answered)
        });
        let may_go = basket.wait == Wait::Over || is_fresh;
        if !may_go || self.mode != VenueMode::Normal {
            return self.await_book(turn);
        }
        basket.wait = Wait::No;
        turn.out.push(Action::Disarm(DeskTimer::FlatWait));
        let rung = match state.flat_steps {
            0 => Rung::FlatOne,
            1 => Rung::FlatTwo,
            2..=u8::MAX => Rung::FlatThree,
        };
        let level = self.rules.flatten.get(usize::from(state.flat_steps)).copied();
        let priced = panic_price(quote, leg, level.unwrap_or(self.rules.flatten[2]));
        self.sell_at(leg, rung, qty, priced, turn)
    }

    fn sell_at<V: View>(
        &mut self,
        leg: u8,
        rung: Rung,
        qty: Qty,
        priced: Result<Price, Guard>,
        turn: &mut Turn<'_, V>,
    ) -> bool {
        match priced {
            Ok(limit) => {
                if !self.place(leg, rung, limit, qty, None, turn) {
                    return self.await_book(turn);
                }
                self.use_step(leg, turn);
                true
            }
            Err(guard) => {
                // A book without a price to sell at uses up the step: the ladder must end (L-3).
                self.use_step(leg, turn);
                let Some(basket) = &self.basket else { return false };
                let mut row = Row::new(turn.now, rung.action()).of(&basket.plan).blocked(guard);
                row.leg = Some(leg);
                row.req_qty = Some(qty);
                row.result = Some("NONE");
                turn.row(&row);
                true
            }
        }
    }

    fn use_step<V: View>(&mut self, leg: u8, turn: &Turn<'_, V>) {
        let Some(basket) = &mut self.basket else { return };
        basket.is_flattened = true;
        if let Some(state) = basket.leg_mut(leg) {
            state.flat_steps = state.flat_steps.saturating_add(1);
            state.answered = turn.now;
        }
    }

    fn await_book<V: View>(&mut self, turn: &mut Turn<'_, V>) -> bool {
        let wait = self.rules.waits.flatten_wait;
        if let Some(basket) = self.basket.as_mut().filter(|basket| basket.wait != Wait::ForBook) {
            basket.wait = Wait::ForBook;
            turn.out.push(Action::Arm(DeskTimer::FlatWait, wait));
        }
        false
    }

    /// A deadline passed.
    pub(super) fn on_elapsed<V: View>(&mut self, timer: DeskTimer, turn: &mut Turn<'_, V>) {
        match timer {
            DeskTimer::Order(order, timer) => {
                self.order_event(order, crate::order::Event::Elapsed(timer), turn);
            }
            DeskTimer::FlatWait => {
                if let Some(basket) =
                    self.basket.as_mut().filter(|basket| basket.wait == Wait::ForBook)
                {
                    basket.wait = Wait::Over;
                }
            }
            DeskTimer::Flatten if self.phase == Phase::Flattening => {
                self.hard_stop(Guard::new(GuardId::L3, [("flatten", 1)]), turn);
            }
            DeskTimer::Settle if self.phase == Phase::SettlePending => {
                self.hard_stop(Guard::new(GuardId::S22, [("settle", 1)]), turn);
            }
            DeskTimer::Set => {
                if let Some(basket) = &mut self.basket {
                    basket.is_unwinding = true;
                }
            }
            DeskTimer::Settle => {
                // It passed while something else was done: the next wait for the chain has its own.
                if let Some(basket) = &mut self.basket {
                    basket.is_settling = false;
                }
            }
            DeskTimer::Cooldown if self.phase == Phase::Cooldown => self.phase = Phase::Idle,
            DeskTimer::Flatten | DeskTimer::Cooldown => {}
        }
    }

    /// The venue changed its mode.
    pub(super) fn on_mode<V: View>(&mut self, mode: VenueMode, turn: &mut Turn<'_, V>) {
        if mode == self.mode {
            return;
        }
        self.mode = mode;
        turn.row(&Row::new(turn.now, "MODE").why(mode.word()));
        if mode == VenueMode::VersionMismatch {
            self.hard_stop(Guard::new(GuardId::S21, [(mode.word(), 1)]), turn);
        }
    }

    /// An operator spoke; the shell has journaled who and why.
    pub(super) fn on_operator<V: View>(&mut self, operator: Operator, turn: &mut Turn<'_, V>) {
        match operator {
            Operator::Stop => self.stop(turn),
            Operator::Halt => self.hard_stop(Guard::new(GuardId::S06, [("halt", 1)]), turn),
            Operator::Clear => self.clear(turn),
        }
    }

    fn stop<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        self.is_stopping = true;
        while let Some(plan) = self.queue.pop_front() {
            let guard = Guard::new(GuardId::S26, [("stop", 1)]);
            let row = Row::new(turn.now, "END").of(&plan).ends(Outcome::RejectedByRisk);
            turn.row(&row.blocked(guard));
        }
        let Some(basket) = &mut self.basket else { return };
        basket.is_unwinding = true;
        let in_flight: Option<OrderIx> = basket.in_flight;
        if let Some(order) = in_flight {
            self.cancel_open(order, turn);
        }
    }

    /// Leaves `HardStop`, once nothing is unproven (L-10). What is held stays in the ledger; once
    /// that is known to be wrong the run is over: the next one begins with the account as it is.
    fn clear<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        let open = self.unresolved();
        let row = Row::new(turn.now, "CLEAR");
        if self.phase != Phase::HardStop || open > 0 {
            let open = i64::try_from(open).unwrap_or(i64::MAX);
            turn.row(&row.blocked(Guard::new(GuardId::L10, [("unresolved", open)])));
            return;
        }
        self.phase = Phase::Idle;
        self.risk.rearm();
        self.stopped = None;
        self.is_stopping = false;
        self.basket = None;
        turn.row(&row);
    }
}

fn current(quote: Option<Quote>, leg: u8) -> Result<Quote, Guard> {
    match quote {
        Some(quote) if quote.is_current => Ok(quote),
        Some(quote) => {
            Err(Guard::new(GuardId::S18, [("leg", i64::from(leg)), ("age_ns", quote.age.0)]))
        }
        None => Err(Guard::new(GuardId::S18, [("leg", i64::from(leg)), ("age_ns", -1)])),
    }
}

fn panic_price(quote: Option<Quote>, leg: u8, level: crate::units::Bps) -> Result<Price, Guard> {
    let quote = current(quote, leg)?;
    let Some((bid, _)) = quote.bid else { return Err(Guard::new(GuardId::S08, [("bid", 0)])) };
    flatten_limit(bid, level, quote.tick).map_err(no_price)
}

fn no_price(why: NoPrice) -> Guard {
    match why {
        NoPrice::UnderAsk { bound, ask } => {
            let sides = [("bound", i64::from(bound.micros())), ("ask", i64::from(ask.micros()))];
            Guard::new(GuardId::S07, sides)
        }
        NoPrice::OutOfRange => Guard::new(GuardId::S25, [("price", 0)]),
    }
}
