//! What the shell does when the desk asks for something.

use core::hash::{Hash, Hasher};

use razor_core::basket::{Action, Input, Row};
use razor_core::ids::SetIx;
use razor_core::order::gateway::{Gateway, Intent};
use razor_core::order::{Attempt, OrderIx, Rung};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Price, Qty};

use super::super::sabotage::Sabotage;
use super::super::trouble::Trouble;
use super::{Errand, Session};

/// Orders that only a sabotaged shell sends are numbered from here on.
pub(super) const FOREIGN_ORDERS: u64 = 1 << 40;

impl Session<'_> {
    pub(super) fn act(&mut self, action: Action) {
        action.hash(&mut self.digest);
        self.digest.write_u64(self.now.0.cast_unsigned());
        match action {
            Action::Persist(order, attempt) => self.persist(order, attempt),
            Action::Send(order) => self.send(order),
            Action::Cancel(order) => {
                if let Some(intent) = self.intents.get(&order) {
                    self.gateway.cancel(self.now, order, intent.hash);
                }
            }
            Action::Query(order) => {
                if let Some(intent) = self.intents.get(&order) {
                    self.gateway.query(self.now, order, intent.hash);
                }
            }
            Action::Merge(set, qty) => self.merge(set, qty),
            Action::Row(row) => self.row(&row),
            // Deadlines are kept by the fold; samples are for the calibration alone.
            Action::Sample(_) | Action::Arm(..) | Action::Disarm(_) | Action::DisarmOrder(_) => {}
        }
    }

    fn persist(&mut self, order: OrderIx, attempt: Attempt) {
        let plan = self.fold.desk.basket().map(|basket| &basket.plan);
        self.check.planned(order, &attempt, plan, &self.fold.books);
        self.persists += 1;
        let mut most = 0;
        let mut is_durable = true;
        for trouble in self.scene.troubles.iter().filter(|_| !self.is_healed) {
            if let Trouble::SlowDisk { most: slow } = trouble {
                most = most.max(slow.0);
            }
            is_durable &= *trouble != Trouble::NotDurable { nth: self.persists };
        }
        let wait = self.disk_rng.below_wide(most.cast_unsigned() + 1).cast_signed();
        let at = Nanos(self.now.0 + wait);
        if self.sabotage == Some(Sabotage::SkipJournal) {
            self.remember(order, attempt);
            return self.put_input(Input::Journaled(order));
        }
        self.plan_errand(at, Errand::Written { order, attempt, is_durable });
    }

    fn remember(&mut self, order: OrderIx, attempt: Attempt) -> Intent {
        let hash = self.gateway.hash(order, &attempt);
        let intent = Intent { order, hash, attempt };
        self.intents.insert(order, intent);
        intent
    }

    /// The disk has answered; an intent that the desk no longer plans is of another life.
    pub(super) fn written(&mut self, order: OrderIx, attempt: Attempt, is_durable: bool) {
        let slot = self.fold.desk.order(order);
        if slot.is_none_or(|slot| slot.attempt != attempt || slot.order.is_terminal()) {
            return;
        }
        if !is_durable {
            self.causes.is_undurable = true;
            self.check.must_stop();
            self.put_input(Input::NotDurable(order));
            self.durable = self.journal.len();
            return;
        }
        let intent = self.remember(order, attempt);
        self.check.durable(&intent);
        // The intent is this entry: from here on no crash can take it.
        self.durable = self.journal.len() + 1;
        self.put_input(Input::Journaled(order));
    }

    fn send(&mut self, order: OrderIx) {
        let Some(intent) = self.intents.get(&order).copied() else { return };
        self.post(self.tampered(intent));
    }

    /// Puts an order on the wire, whoever decided it.
    pub(super) fn post(&mut self, intent: Intent) {
        let plan = self.fold.desk.basket().map(|basket| &basket.plan);
        let bucket = plan.map_or(Bucket::Thin, |plan| plan.bucket);
        self.check.sent(self.now, &intent, plan, &self.fold);
        self.check.chased(&intent.attempt, self.gateway.truth());
        let token = intent.attempt.token;
        self.check.book.sent(intent.order, intent.attempt, self.markets.fees(token));
        self.gateway.send(self.now, &intent, bucket, &self.world);
        let signal = intent.attempt.key.signal_id;
        self.check.synced(self.gateway.truth(), &self.markets, Some(signal));
    }

    fn tampered(&self, intent: Intent) -> Intent {
        let mut attempt = intent.attempt;
        let is_chase = matches!(attempt.rung, Rung::ChaseOne | Rung::ChaseTwo);
        match self.sabotage {
            Some(Sabotage::DoubleSize) => attempt.order_qty = Qty(attempt.order_qty.0 * 2),
            Some(Sabotage::WorsePrice) if is_chase => {
                let tick = self.fold.books.book(attempt.token).map_or(0, |b| b.tick.micros());
                let raised = Price::from_micros(attempt.limit.micros() + tick);
                attempt.limit = raised.unwrap_or(attempt.limit);
            }
            _ => return intent,
        }
        Intent { attempt, ..intent }
    }

    /// What a client does that takes silence for a loss.
    pub(super) fn post_again(&mut self, order: OrderIx) {
        let Some(intent) = self.intents.get(&order).copied() else { return };
        match self.sabotage {
            Some(Sabotage::ResendSame) => {
                self.gateway.send(self.now, &intent, Bucket::Thin, &self.world);
            }
            Some(Sabotage::RetryPost | Sabotage::SendAfterStop) => {
                let mut attempt = intent.attempt;
                attempt.order_qty = Qty(attempt.order_qty.0.saturating_sub(1).max(1));
                let again = OrderIx(FOREIGN_ORDERS + order.0);
                let hash = self.gateway.hash(again, &attempt);
                self.post(Intent { order: again, hash, attempt });
            }
            _ => {}
        }
    }

    fn merge(&mut self, set: SetIx, qty: Qty) {
        let legs = self.markets.legs(set).to_vec();
        self.check.merged(&legs, qty);
        // No order, but money all the same: what led to it must outlive a crash (F-54).
        self.durable = self.journal.len();
        self.gateway.merge(self.now, set, qty);
    }

    fn row(&mut self, row: &Row) {
        self.check.row(row, self.journal.len());
        if row.action == "HARDSTOP" {
            // Nobody leaves it by dying: the shell makes it durable before it is seen (S-06).
            self.durable = self.journal.len();
        }
        if row.action == "HARDSTOP" && self.sabotage == Some(Sabotage::SendAfterStop) {
            let last = self.intents.keys().next_back().copied();
            if let Some(last) = last {
                self.post_again(last);
            }
        }
    }
}
