//! How an attempt goes out, and what the order machine's actions mean to the desk.

use super::admit::{books_guard, number, overflow, signed, unchanged_guard};
use super::desk::{Action, Answer, Desk, DeskTimer, Refusal, Trade, Turn};
use super::orders::{Ack, Slot};
use super::plan::View;
use super::row::{Row, Sample};
use super::{Outcome, Phase};
use crate::ids::TokenIx;
use crate::ledger::{Booked, Fill, FillKey, LedgerError, Settle};
use crate::order::{self, Attempt, AttemptKey, End, Event, Order, OrderIx, Rung, Side, Timer};
use crate::risk::{Guard, GuardId, SendFacts, reservation};
use crate::units::{Bps, Nanos, Price, Qty, Usdc, notional_ceil, notional_floor};

impl Desk {
    /// Plans an attempt and asks for its intent to be made durable; false when a guard blocks it.
    pub(super) fn place<V: View>(
        &mut self,
        leg: u8,
        rung: Rung,
        limit: Price,
        qty: Qty,
        budget: Option<Bps>,
        turn: &mut Turn<'_, V>,
    ) -> bool {
        let Some(attempt) = self.attempt(leg, rung, limit, qty, budget) else { return false };
        let slot = self.slot(leg, attempt, turn);
        if let Err(guard) = self.send_guard(turn.now, &slot) {
            turn.row(&self.row_of(turn.now, self.orders.next(), &attempt).blocked(guard));
            return false;
        }
        let order = self.orders.add(slot);
        if let Some(basket) = &mut self.basket {
            basket.in_flight = Some(order);
            if let Some(state) = basket.leg_mut(leg) {
                state.attempts = attempt.key.attempt;
            }
        }
        turn.out.push(Action::Persist(order, attempt));
        true
    }

    fn attempt(
        &self,
        leg: u8,
        rung: Rung,
        limit: Price,
        order_qty: Qty,
        budget: Option<Bps>,
    ) -> Option<Attempt> {
        let basket = self.basket.as_ref()?;
        let token = basket.plan.legs.get(usize::from(leg))?.token;
        let attempt = basket.leg(leg).attempts.checked_add(1)?;
        let key = AttemptKey { signal_id: basket.plan.signal_id, leg, attempt };
        Some(Attempt { key, rung, token, limit, order_qty, budget })
    }

    fn slot<V: View>(&self, leg: u8, attempt: Attempt, turn: &Turn<'_, V>) -> Slot {
        let fees = self
            .basket
            .as_ref()
            .and_then(|basket| basket.plan.legs.get(usize::from(leg)).map(|leg| leg.fees));
        let quote = turn.quote(attempt.token);
        let size = |side: Option<(Price, Qty)>| side.map(|(_, qty)| qty);
        Slot {
            attempt,
            order: Order::plan(attempt.order_qty),
            fees: fees.unwrap_or(crate::market::Fees::Unknown),
            top: (quote.and_then(|q| size(q.ask)), quote.and_then(|q| size(q.bid))),
            notional: Usdc::ZERO,
            sent: None,
            ack: None,
        }
    }

    /// The caps let this order out now (S-01, S-02, S-09, S-30).
    fn send_guard(&self, now: Nanos, slot: &Slot) -> Result<(), Guard> {
        let attempt = &slot.attempt;
        check_covered(attempt, self.spare(attempt.token))?;
        let open = self.open_orders().count();
        let reservation = reservation(attempt, attempt.order_qty, slot.fees);
        self.risk.check_send(
            now,
            &SendFacts {
                is_entry: attempt.rung.is_entry(),
                is_sell: attempt.side() == Side::Sell,
                exposure: self.exposure()?,
                reservation: reservation.map_err(|_| overflow())?,
                signal_cost: self.signal_cost(attempt.key.signal_id)?,
                open_orders: u32::try_from(open).unwrap_or(u32::MAX),
            },
        )
    }

    /// Confirmed shares that no sale has taken or may still take (S-09): one that was given up by
    /// absence counts until its late window is over.
    pub(super) fn spare(&self, token: TokenIx) -> Qty {
        self.spare_beside(token, None)
    }

    /// The same, with what one sale itself has promised.
    fn spare_beside(&self, token: TokenIx, sale: Option<OrderIx>) -> Qty {
        let sells = self.orders.live().filter(|(order, slot)| {
            slot.attempt.token == token && slot.attempt.side() == Side::Sell && Some(*order) != sale
        });
        let promised =
            sells.fold(0_u64, |sum, (_, slot)| sum.saturating_add(slot.order.in_flight().0));
        Qty(self.ledger.sellable(token).0.saturating_sub(promised))
    }

    /// What the signal has spent and what its orders can still spend (S-02).
    fn signal_cost(&self, signal_id: u64) -> Result<Usdc, Guard> {
        let mut total = self.basket.as_ref().map_or(Usdc::ZERO, |basket| basket.spent);
        let live = self.orders.live().map(|(_, slot)| slot);
        for slot in live.filter(|slot| slot.attempt.key.signal_id == signal_id) {
            total = total.plus(slot.reservation()?).map_err(|_| overflow())?;
        }
        Ok(total)
    }

    /// The intent is on disk: one more look, then the wire (D-1, S-18).
    pub(super) fn on_journaled<V: View>(&mut self, order: OrderIx, turn: &mut Turn<'_, V>) {
        self.order_event(order, Event::Journaled, turn);
    }

    /// Without a durable intent nothing may be sent, and nothing else either (D-10).
    pub(super) fn on_not_durable<V: View>(&mut self, order: OrderIx, turn: &mut Turn<'_, V>) {
        self.hard_stop(Guard::new(GuardId::D10, [("order", number(order))]), turn);
        self.order_event(order, Event::Withdrawn, turn);
    }

    fn release<V: View>(&mut self, order: OrderIx, turn: &mut Turn<'_, V>) {
        let Some(slot) = self.orders.get(order) else { return };
        match self.release_guard(order, &slot, turn) {
            Ok(()) => {
                self.risk.note_send(turn.now);
                if let Some(slot) = self.orders.live_mut(order) {
                    slot.sent = Some(turn.now);
                }
                self.order_event(order, Event::Released, turn);
            }
            Err(guard) => {
                turn.row(&self.row_of(turn.now, order, &slot.attempt).blocked(guard));
                let refused =
                    if guard.is_expiry() { Outcome::Expired } else { Outcome::RejectedByRisk };
                if let Some(basket) =
                    self.basket.as_mut().filter(|_| slot.attempt.rung == Rung::Fire)
                {
                    basket.refused = Some(refused);
                }
                self.order_event(order, Event::Withdrawn, turn);
            }
        }
    }

    fn release_guard<V: View>(
        &self,
        order: OrderIx,
        slot: &Slot,
        turn: &Turn<'_, V>,
    ) -> Result<(), Guard> {
        let attempt = &slot.attempt;
        if matches!(self.phase, Phase::HardStop | Phase::SafeHold) {
            return Err(Guard::new(GuardId::S06, [(self.phase.word(), 1)]));
        }
        if self.is_stopping && attempt.rung.is_entry() {
            return Err(Guard::new(GuardId::S26, []));
        }
        self.mode_guard()?;
        // An earlier sale may have taken more while the intent went to the disk (F-15, F-58).
        check_covered(attempt, self.spare_beside(attempt.token, Some(order)))?;
        let Some(basket) = &self.basket else { return Err(Guard::new(GuardId::S31, [])) };
        if attempt.rung.is_entry() {
            unchanged_guard(&basket.plan, turn)?;
        }
        // A chase is held by its own bounds: the drift bound of S-07 and the deadline of the set.
        if attempt.rung == Rung::Fire {
            self.risk.check_age(turn.now, basket.plan.ts)?;
            return books_guard(&basket.plan, turn);
        }
        let quote = turn.quote(attempt.token);
        if quote.is_some_and(|quote| quote.is_current) {
            return Ok(());
        }
        let age = quote.map_or(-1, |quote| quote.age.0);
        Err(Guard::new(GuardId::S18, [("leg", i64::from(attempt.key.leg)), ("age_ns", age)]))
    }

    /// The venue answered an order.
    pub(super) fn on_answer<V: View>(
        &mut self,
        order: OrderIx,
        answer: Answer,
        turn: &mut Turn<'_, V>,
    ) {
        let (event, ack) = match answer {
            Answer::Matched { matched } => (Event::Claimed { matched }, Ack::Matched),
            Answer::Live => (Event::Rested, Ack::Live),
            Answer::Delayed => (Event::Deferred, Ack::Delayed),
            Answer::Refused(_) => (Event::Refused, Ack::Rejected),
            Answer::Unknown => (Event::Unproven, Ack::Unknown),
        };
        self.orders.set_ack(order, ack);
        self.order_event(order, event, turn);
        if answer == Answer::Refused(Refusal::Account) {
            self.hard_stop(Guard::new(GuardId::S19, [("account", 1)]), turn);
        }
        if let Some(guard) = self.risk.note_call(answer != Answer::Unknown) {
            self.hard_stop(guard, turn);
        }
    }

    /// Puts an event to an order and does what it asks.
    pub(super) fn order_event<V: View>(
        &mut self,
        order: OrderIx,
        event: Event,
        turn: &mut Turn<'_, V>,
    ) {
        let Some(mut slot) = self.orders.get(order) else {
            return self.hard_stop(Guard::new(GuardId::S32, [("order", number(order))]), turn);
        };
        let before = slot.order.word();
        match order::step(slot.order, event) {
            Ok((next, actions)) => {
                slot.order = next;
                self.orders.set_order(order, next);
                if next.word() != before && !next.is_terminal() {
                    self.say_order(order, &slot, turn);
                }
                for action in actions {
                    self.order_action(order, *action, turn);
                }
                self.orders.retire(order);
            }
            Err(_) => self.hard_stop(Guard::new(GuardId::S31, [(before, 1)]), turn),
        }
    }

    /// A row when an order becomes something an operator should know of.
    fn say_order<V: View>(&self, order: OrderIx, slot: &Slot, turn: &mut Turn<'_, V>) {
        let word = slot.order.word();
        // The venue has said what was matched; its trades are on their way.
        let is_claimed = matches!(slot.order, Order::Unknown(doubt) if doubt.claim.is_some());
        if !is_claimed
            && matches!(slot.order, Order::Live(_) | Order::Delayed(_) | Order::Unknown(_))
        {
            let mut row = self.row_of(turn.now, order, &slot.attempt).why(word);
            row.ack = slot.ack.map(Ack::word);
            row.result = Some("UNKNOWN");
            turn.row(&row);
        }
    }

    /// A row for a fault that a simulated venue injected.
    pub(super) fn say_fault<V: View>(
        &self,
        order: Option<OrderIx>,
        code: u8,
        turn: &mut Turn<'_, V>,
    ) {
        let slot = order.and_then(|order| Some((order, self.orders.get(order)?)));
        let row = match slot {
            Some((order, slot)) => self.row_of(turn.now, order, &slot.attempt),
            None => Row::new(turn.now, "FAULT"),
        };
        turn.row(&Row { action: "FAULT", fault: Some(code), ..row });
    }

    fn order_action<V: View>(
        &mut self,
        order: OrderIx,
        action: order::Action,
        turn: &mut Turn<'_, V>,
    ) {
        match action {
            order::Action::Check => self.release(order, turn),
            order::Action::Send => turn.out.push(Action::Send(order)),
            order::Action::Cancel => self.cancel_open(order, turn),
            order::Action::Query => turn.out.push(Action::Query(order)),
            order::Action::Arm(timer) => {
                let after = self.wait_of(timer);
                turn.out.push(Action::Arm(DeskTimer::Order(order, timer), after));
            }
            order::Action::Disarm => turn.out.push(Action::DisarmOrder(order)),
            order::Action::Ended => self.on_ended(order, turn),
            order::Action::LateArrival => self.on_late(order, turn),
            order::Action::Overfilled => {
                self.hard_stop(Guard::new(GuardId::S12, [("order", number(order))]), turn);
            }
            order::Action::Unresolved => {
                self.hard_stop(Guard::new(GuardId::L2, [("order", number(order))]), turn);
            }
        }
    }

    const fn wait_of(&self, timer: Timer) -> Nanos {
        let waits = &self.rules.waits;
        match timer {
            Timer::Answer => waits.answer,
            Timer::Poll => waits.poll,
            Timer::Resolve => waits.resolve,
            Timer::Late => waits.late,
        }
    }

    /// Asks for a cancel; what came of it is known by evidence alone (F-33).
    pub(super) fn cancel_open<V: View>(&mut self, order: OrderIx, turn: &mut Turn<'_, V>) {
        let Some(slot) = self.orders.get(order) else { return };
        if matches!(slot.order, Order::Planned { .. } | Order::Journaled { .. }) {
            return;
        }
        let mut row = self.row_of(turn.now, order, &slot.attempt);
        row.action = "CANCEL";
        turn.row(&row);
        turn.out.push(Action::Cancel(order));
    }

    /// An attempt is over: its row, its sample, and the desk is free for the next.
    fn on_ended<V: View>(&mut self, order: OrderIx, turn: &mut Turn<'_, V>) {
        let Some(slot) = self.orders.get(order) else { return };
        let Order::Terminal(closed) = slot.order else { return };
        turn.row(&self.ended_row(turn.now, order, &slot, closed));
        if let Some(basket) = &mut self.basket {
            if slot.sent.is_some() {
                turn.out.push(Action::Sample(Sample {
                    ts: turn.now,
                    attempt: slot.attempt,
                    set: basket.plan.set,
                    bucket: basket.plan.bucket,
                    filled_qty: closed.open.cum_qty,
                    ask_qty: slot.top.0,
                    bid_qty: slot.top.1,
                }));
            }
            if basket.in_flight == Some(order) {
                basket.in_flight = None;
            }
            if closed.is_watched {
                self.plans.insert(basket.plan.signal_id, basket.plan.clone());
            }
            if let Some(leg) = basket.leg_mut(slot.attempt.key.leg) {
                leg.answered = turn.now;
            }
        }
    }

    fn ended_row(&self, now: Nanos, ix: OrderIx, slot: &Slot, closed: order::Closed) -> Row {
        let cum_qty = closed.open.cum_qty;
        let mut row = self.row_of(now, ix, &slot.attempt);
        row.ack = slot.ack.map(Ack::word);
        row.filled_qty = Some(cum_qty);
        row.avg_px = average(slot.notional, cum_qty, slot.attempt.side());
        row.latency = slot.sent.map(|sent| Nanos(now.0.saturating_sub(sent.0)));
        let (fill, result) = match closed.end {
            End::Full => ("FULL", "FULL"),
            End::Partial => ("PARTIAL", "PARTIAL"),
            End::None => ("NONE", "NONE"),
            End::Rejected => ("NONE", "REJECTED"),
        };
        row.fill = Some(fill);
        row.result = Some(result);
        if closed.is_watched { row.why("ABSENT") } else { row }
    }

    /// A row with the facts of an attempt and of its signal.
    pub(super) fn row_of(&self, now: Nanos, order: OrderIx, attempt: &Attempt) -> Row {
        let row = Row::new(now, attempt.rung.action());
        let signal = attempt.key.signal_id;
        let active = self.basket.as_ref().filter(|basket| basket.plan.signal_id == signal);
        let row = match active {
            Some(basket) => row.of(&basket.plan),
            None => self.plans.get(&signal).map_or(row, |plan| row.of(plan)),
        };
        row.about(order, attempt)
    }

    /// A trade of ours, from the stream, an answer or a question.
    pub(super) fn on_trade<V: View>(&mut self, trade: Trade, turn: &mut Turn<'_, V>) {
        let Some(slot) = self.orders.get(trade.order) else {
            return self
                .hard_stop(Guard::new(GuardId::S32, [("order", number(trade.order))]), turn);
        };
        let fill = Fill {
            key: FillKey { order: trade.order, trade: trade.id },
            token: slot.attempt.token,
            side: slot.attempt.side(),
            qty: trade.qty,
            price: trade.price,
            fee: trade.fee,
            settle: trade.settle,
        };
        match self.ledger.book(fill) {
            Ok(Booked::New) => self.on_new_fill(&fill, &slot, turn),
            Ok(Booked::Moved { to, fill, .. }) => self.on_settled(&fill, to, &slot, turn),
            Ok(Booked::Repeated | Booked::Regressed) => {}
            Err(error) => {
                let what = match error {
                    LedgerError::Overflow => "overflow",
                    LedgerError::Changed { .. } => "changed",
                    LedgerError::Contradicted { .. } => "contradicted",
                    LedgerError::Short { .. } => "short",
                    LedgerError::Empty => "empty",
                    LedgerError::Negative { .. } => "negative",
                    LedgerError::BadLegs { .. } => "legs",
                };
                self.is_unbooked = true;
                self.hard_stop(Guard::new(GuardId::S10, [(what, 1)]), turn);
            }
        }
    }

    fn on_new_fill<V: View>(&mut self, fill: &Fill, slot: &Slot, turn: &mut Turn<'_, V>) {
        let order = fill.key.order;
        if let Some(slot) = self.orders.live_mut(order) {
            slot.notional = slot.notional.plus(notional_of(fill)).unwrap_or(slot.notional);
        }
        if let Some(leg) = self.leg_of(slot) {
            leg.add(fill.side, fill.settle, fill.qty);
        }
        self.spend(fill, slot, fill.settle != Settle::Void);
        self.order_event(order, Event::Filled { last_qty: fill.qty }, turn);
        let is_worse = match fill.side {
            Side::Buy => fill.price > slot.attempt.limit,
            Side::Sell => fill.price < slot.attempt.limit,
        };
        if is_worse {
            let (px, limit) = (fill.price.micros(), slot.attempt.limit.micros());
            let sides = [("px", i64::from(px)), ("limit", i64::from(limit))];
            self.hard_stop(Guard::new(GuardId::S24, sides), turn);
        }
        if fill.settle == Settle::Void {
            self.stop_buying(slot);
        }
        if fill.settle != Settle::Prov {
            self.note_final(fill.settle == Settle::Void, turn);
        }
    }

    /// A trade of the set failed on the chain, whenever that was learnt: no more of it is bought.
    fn stop_buying(&mut self, slot: &Slot) {
        if let Some(basket) = self.active(slot.attempt.key.signal_id) {
            basket.is_unwinding = true;
        }
    }

    fn on_settled<V: View>(
        &mut self,
        fill: &Fill,
        to: Settle,
        slot: &Slot,
        turn: &mut Turn<'_, V>,
    ) {
        if let Some(leg) = self.leg_of(slot) {
            leg.settle(fill.side, to, fill.qty);
        }
        let mut row = self.row_of(turn.now, fill.key.order, &slot.attempt);
        row.action = if to == Settle::Void { "VOID" } else { "SETTLE" };
        row.filled_qty = Some(fill.qty);
        row.settle = Some(to.word());
        turn.row(&row);
        if to == Settle::Void {
            self.spend(fill, slot, false);
            self.stop_buying(slot);
        }
        self.note_final(to == Settle::Void, turn);
    }

    /// A fill became final: too many that failed stop trading (S-29).
    fn note_final<V: View>(&mut self, is_void: bool, turn: &mut Turn<'_, V>) {
        if let Some(guard) = self.risk.note_fill(is_void) {
            self.hard_stop(guard, turn);
        }
    }

    /// Adds the cost of a buy to what its signal has spent, or takes it back.
    fn spend(&mut self, fill: &Fill, slot: &Slot, is_spent: bool) {
        if fill.side == Side::Sell {
            return;
        }
        let cost = notional_of(fill).plus(fill.fee).unwrap_or(Usdc(i64::MAX));
        if let Some(basket) = self.active(slot.attempt.key.signal_id) {
            let next = if is_spent { basket.spent.plus(cost) } else { basket.spent.minus(cost) };
            basket.spent = next.unwrap_or(basket.spent).max(Usdc::ZERO);
        }
    }

    fn active(&mut self, signal_id: u64) -> Option<&mut super::legs::Basket> {
        self.basket.as_deref_mut().filter(|basket| basket.plan.signal_id == signal_id)
    }

    fn leg_of(&mut self, slot: &Slot) -> Option<&mut super::legs::LegState> {
        let key = slot.attempt.key;
        self.active(key.signal_id).and_then(|basket| basket.leg_mut(key.leg))
    }

    /// Shares came after their order was over: they are cleared up, never ignored (F-15).
    fn on_late<V: View>(&mut self, order: OrderIx, turn: &mut Turn<'_, V>) {
        let Some(slot) = self.orders.get(order) else { return };
        let mut row = self.row_of(turn.now, order, &slot.attempt);
        row.action = "LATE_ARRIVAL";
        row.filled_qty = Some(slot.order.open().cum_qty);
        turn.row(&row);
        let signal_id = slot.attempt.key.signal_id;
        if let Some(basket) = self.active(signal_id) {
            basket.is_unwinding = true;
        } else if self.plans.contains_key(&signal_id) {
            self.late.push_back(order);
        } else {
            // The venue had proven that this order was over.
            self.hard_stop(Guard::new(GuardId::S10, [("order", number(order))]), turn);
        }
    }
}

/// Cash of a fill without its fee, rounded against us.
fn notional_of(fill: &Fill) -> Usdc {
    let notional = match fill.side {
        Side::Buy => notional_ceil(fill.price, fill.qty),
        Side::Sell => notional_floor(fill.price, fill.qty),
    };
    notional.unwrap_or(Usdc(i64::MAX))
}

/// Average price of what was matched, rounded against us; `None` of nothing.
fn average(notional: Usdc, qty: Qty, side: Side) -> Option<Price> {
    let micros = u64::try_from(notional.0).ok()?.checked_mul(1_000_000)?;
    let price = match side {
        Side::Buy => micros.checked_add(qty.0.checked_sub(1)?)?.checked_div(qty.0)?,
        Side::Sell => micros.checked_div(qty.0)?,
    };
    Price::from_micros(u32::try_from(price).ok()?).ok()
}

/// A sale needs its shares confirmed and promised to no other one (S-09).
fn check_covered(attempt: &Attempt, free: Qty) -> Result<(), Guard> {
    if attempt.side() == Side::Sell && attempt.order_qty > free {
        let sides = [("q", signed(attempt.order_qty.0)), ("conf", signed(free.0))];
        return Err(Guard::new(GuardId::S09, sides));
    }
    Ok(())
}
