//! How a set ends: the merge, the one terminal row, the cooldown; and the rescue of late arrivals.

use super::admit::{overflow, signed};
use super::desk::{Action, Desk, DeskTimer, Treasury, Turn};
use super::legs::{Basket, Merge, Purpose};
use super::plan::View;
use super::row::Row;
use super::{Outcome, Phase};
use crate::ids::TokenIx;
use crate::ledger::Settle;
use crate::market::Settlement;
use crate::order::{DUST, OrderIx, Side};
use crate::risk::{Guard, GuardId};
use crate::units::{Qty, Usdc, notional_ceil};

impl Desk {
    /// Nothing is left to sell and nothing is pending: whole sets are merged, then the set ends.
    pub(super) fn finish<V: View>(&mut self, turn: &mut Turn<'_, V>) -> bool {
        let Some(basket) = &self.basket else { return false };
        let whole = basket.matched();
        let can_merge = basket.plan.settlement == Settlement::Merge && whole > DUST;
        if can_merge && basket.merge == Merge::NotTried && !self.is_stopping {
            let tokens: Vec<TokenIx> = basket.plan.legs.iter().map(|leg| leg.token).collect();
            if tokens.into_iter().any(|token| self.spare(token) < whole) {
                // A sale that was given up by absence may still take them (F-15, S-22).
                return self.await_chain(turn);
            }
            let Some(basket) = &mut self.basket else { return false };
            basket.merge = Merge::UnderWay;
            basket.merging = whole;
            let set = basket.plan.set;
            turn.out.push(Action::Arm(DeskTimer::Settle, self.rules.waits.settle));
            turn.out.push(Action::Merge(set, whole));
            self.phase = Phase::SettlePending;
            return false;
        }
        self.complete(turn);
        true
    }

    /// A merge came to its end; a failed one leaves the sets held.
    pub(super) fn on_merged<V: View>(&mut self, treasury: Treasury, turn: &mut Turn<'_, V>) {
        let Some(basket) = self.basket.as_mut().filter(|basket| basket.merge == Merge::UnderWay)
        else {
            return self.hard_stop(Guard::new(GuardId::S32, [("merge", 1)]), turn);
        };
        basket.merge = Merge::Over;
        // What was asked for, not what is whole by now: late arrivals may have added to it.
        let whole = basket.merging;
        let tokens: Vec<TokenIx> = basket.plan.legs.iter().map(|leg| leg.token).collect();
        let mut row = Row::new(turn.now, "MERGE").of(&basket.plan);
        row.req_qty = Some(whole);
        match treasury {
            Treasury::Failed => row.result = Some("NONE"),
            Treasury::Unknown => row.result = Some("UNKNOWN"),
            Treasury::Done => {
                row.filled_qty = Some(whole);
                row.result = Some("FULL");
                let signal_id = basket.plan.signal_id;
                basket.merged = whole;
                for leg in &mut basket.legs {
                    leg.conf = Qty(leg.conf.0.saturating_sub(whole.0));
                }
                // A whole set pays one dollar a share: micro-shares are micro-dollars.
                let proceeds = Usdc(signed(whole.0));
                if self.ledger.merge(&tokens, whole, proceeds).is_err() {
                    self.is_unbooked = true;
                    return self.hard_stop(Guard::new(GuardId::S10, [("merge", 1)]), turn);
                }
                let merged = self.merged.entry(signal_id).or_default();
                merged.0 = merged.0.saturating_add(whole.0);
            }
        }
        turn.row(&row);
    }

    /// Writes the terminal row and rests the market.
    fn complete<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        let Some(basket) = self.basket.take() else { return };
        let residual = match self.keep_residuals(&basket) {
            Ok(residual) => residual,
            Err(guard) => {
                self.basket = Some(basket);
                return self.hard_stop(guard, turn);
            }
        };
        let outcome = outcome_of(&basket, residual > 0);
        if basket.purpose == Purpose::Signal {
            let mut row = Row::new(turn.now, "END").of(&basket.plan).ends(outcome);
            if residual > 0 {
                row = row.why("RESIDUAL");
            }
            turn.row(&row);
        }
        if !self.plans.contains_key(&basket.plan.signal_id) {
            self.merged.remove(&basket.plan.signal_id);
        }
        self.rest(&basket, outcome, turn);
    }

    /// The run is over: a set in work and signals in the queue still end in one row each. What the
    /// set holds is in the ledger, and the next run begins with it.
    pub(super) fn on_run_ended<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        if self.phase == Phase::HardStop {
            return;
        }
        let guard = Guard::new(GuardId::L1, [("run_ended", 1)]);
        let in_work = self.basket.take().filter(|basket| basket.purpose == Purpose::Signal);
        let plans = in_work.map(|basket| basket.plan).into_iter().chain(self.queue.drain(..));
        for plan in plans {
            let row = Row::new(turn.now, "END").of(&plan).ends(Outcome::HardStop).blocked(guard);
            turn.row(&row);
        }
        self.phase = Phase::HardStop;
    }

    /// The cooldown, and the breakers that count what sets came to.
    fn rest<V: View>(&mut self, basket: &Basket, outcome: Outcome, turn: &mut Turn<'_, V>) {
        let wait = self.rules.waits.cooldown;
        for timer in [DeskTimer::Set, DeskTimer::Flatten, DeskTimer::FlatWait, DeskTimer::Settle] {
            turn.out.push(Action::Disarm(timer));
        }
        turn.row(&Row::new(turn.now, "COOLDOWN").of(&basket.plan));
        self.risk.start_cooldown(basket.plan.set, turn.now);
        turn.out.push(Action::Arm(DeskTimer::Cooldown, wait));
        self.phase = Phase::Cooldown;
        let before = basket.realised_before;
        let pnl = self.ledger.realised().minus(before).unwrap_or(Usdc::ZERO);
        let is_failed = outcome == Outcome::Flattened;
        if let Some(guard) = self.risk.note_result(turn.now, pnl, is_failed) {
            self.hard_stop(guard, turn);
        }
    }

    /// Leftovers too small to sell stay in exposure until their token has another (ARCHITECTURE
    /// §5); gives back how many legs have one.
    fn keep_residuals(&mut self, basket: &Basket) -> Result<usize, Guard> {
        let mut legs = 0_usize;
        for (leg, plan) in basket.plan.legs.iter().enumerate() {
            let left = u8::try_from(leg).map_or(Qty::ZERO, |leg| basket.leftover(leg));
            if left == Qty::ZERO {
                continue;
            }
            legs = legs.saturating_add(1);
            let cost = notional_ceil(plan.limit, left).map_err(|_| overflow())?;
            self.residuals.insert((plan.token, basket.plan.signal_id), (left, cost));
        }
        let total: i64 = self.residuals.values().map(|(_, cost)| cost.0).sum();
        let most = self.risk.caps().max_residual;
        if total > most.0 {
            return Err(Guard::new(GuardId::S08, [("residual", total), ("cap", most.0)]));
        }
        Ok(legs)
    }

    /// Leftovers of earlier sets go with the first sale of their token.
    pub(super) fn take_residuals(&mut self) {
        let Some(basket) = &mut self.basket else { return };
        for leg in 0..basket.plan.legs.len() {
            let number = u8::try_from(leg).unwrap_or(u8::MAX);
            if basket.leftover(number) == Qty::ZERO {
                continue;
            }
            let Some(token) = basket.plan.legs.get(leg).map(|leg| leg.token) else { continue };
            let kept = self.residuals.range((token, 0)..=(token, u64::MAX));
            let signals: Vec<u64> = kept.map(|((_, signal), _)| *signal).collect();
            for signal in signals {
                let kept = self.residuals.remove(&(token, signal));
                let qty = kept.map_or(Qty::ZERO, |(qty, _)| qty);
                if let Some(state) = basket.leg_mut(number) {
                    state.add(Side::Buy, Settle::Conf, qty);
                }
                if self.plans.contains_key(&signal) {
                    let gone = self.given.entry((token, signal)).or_default();
                    gone.0 = gone.0.saturating_add(qty.0);
                }
            }
        }
    }

    /// Makes a late arrival the set in work: what its signal still holds, with the steps it has
    /// left.
    pub(super) fn rescue(&mut self, order: OrderIx) -> bool {
        let signal = self.orders.get(order).map(|slot| slot.attempt.key.signal_id);
        let Some(plan) = signal.and_then(|signal| self.plans.get(&signal)).cloned() else {
            return true;
        };
        let merged = self.merged.get(&plan.signal_id).copied().unwrap_or_default();
        let mut basket = Basket::new(plan, self.ledger.realised());
        basket.purpose = Purpose::Rescue;
        basket.is_unwinding = true;
        basket.merge = Merge::Over;
        for (ix, slot) in self.orders.iter() {
            let key = slot.attempt.key;
            if key.signal_id != basket.plan.signal_id {
                continue;
            }
            let Some(leg) = basket.legs.get_mut(usize::from(key.leg)) else { continue };
            leg.attempts = leg.attempts.max(key.attempt);
            leg.flat_steps = leg.flat_steps.max(slot.attempt.rung.panic_steps());
            for fill in self.ledger.fills_of(ix) {
                leg.add(fill.side, fill.settle, fill.qty);
            }
        }
        for (leg, plan) in basket.legs.iter_mut().zip(&basket.plan.legs) {
            // Its own residuals are among its fills; those that went with another set are not here.
            let key = (plan.token, basket.plan.signal_id);
            self.residuals.remove(&key);
            let given = self.given.get(&key).copied().unwrap_or_default();
            leg.conf = Qty(leg.conf.0.saturating_sub(merged.0).saturating_sub(given.0));
        }
        self.basket = Some(Box::new(basket));
        self.phase = Phase::SettlePending;
        true
    }
}

fn outcome_of(basket: &Basket, has_residual: bool) -> Outcome {
    let is_bought = basket.merged > Qty::ZERO || basket.matched() > DUST;
    if basket.is_flattened || has_residual {
        Outcome::Flattened
    } else if is_bought {
        Outcome::SetDone
    } else {
        basket.refused.unwrap_or(Outcome::NoFill)
    }
}
