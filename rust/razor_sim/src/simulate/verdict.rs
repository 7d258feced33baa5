//! What must hold once a session is over: everything healed, told and settled.

use std::collections::BTreeMap;

use razor_core::basket::Phase;
use razor_core::order::attempt::OrderHash;
use razor_core::order::{AttemptKey, Side};

use super::check::Mark;
use super::property::Property;
use super::session::{INPUTS_MOST, Session};
use crate::gateway::{Axis, Fate, TrueOrder};

impl Session<'_> {
    /// Judges liveness, then asks the account for everything and compares it with the truth.
    pub(super) fn judge(&mut self) {
        self.judge_ends();
        self.judge_rest();
        self.reconcile_at_end();
        self.judge_placements();
        if !self.is_oversold() {
            self.judge_fills();
            self.judge_money();
        }
    }

    /// The venue took more shares than we had: no ledger can book that, a person has to (F-24).
    fn is_oversold(&self) -> bool {
        self.gateway.truth().orders().any(|(_, order)| {
            let attempt = &order.intent.attempt;
            attempt.side() == Side::Sell && order.matched() > attempt.order_qty
        })
    }

    /// L-1 and S-17: one terminal row for each accepted signal, one row for each repeat.
    fn judge_ends(&mut self) {
        let mut wanted: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for (_, signal) in &self.deliveries {
            wanted.entry(*signal).or_default().0 += 1;
        }
        let marks = core::mem::take(&mut self.check.marks);
        let mut repeats: BTreeMap<u64, u64> = BTreeMap::new();
        for (_, mark) in &marks {
            match mark {
                Mark::Ended(signal) => wanted.entry(*signal).or_default().1 += 1,
                Mark::Repeated(signal) => *repeats.entry(*signal).or_default() += 1,
            }
        }
        for (signal, (delivered, ended)) in wanted {
            let is_known = delivered > 0;
            self.check.findings.check(Property::L1, is_known && ended == 1, || {
                format!("signal {signal}: {ended} terminal rows of {delivered} deliveries")
            });
            let repeated = repeats.get(&signal).copied().unwrap_or(0);
            let extra = delivered.saturating_sub(1);
            self.check.findings.check(Property::S17, repeated == extra, || {
                format!("signal {signal}: {repeated} repeat rows of {extra} repeats")
            });
        }
    }

    /// L-7 and L-2: the desk is free, or stopped for a cause that occurred; nothing is open.
    fn judge_rest(&mut self) {
        let desk = &self.fold.desk;
        let (phase, stopped) = (desk.phase(), desk.stopped());
        let truth = self.gateway.truth();
        let is_rest = match (phase, stopped) {
            (Phase::Idle | Phase::Cooldown, _) => true,
            (Phase::HardStop, Some(guard)) => self.causes.explain(guard.id, self.scene, truth),
            (_, _) => false,
        };
        let open: Vec<u64> = desk
            .orders()
            .filter(|(_, slot)| !slot.order.is_terminal())
            .map(|(order, _)| order.0)
            .collect();
        let waiting = truth.orders().filter(|(_, order)| order.fate == Fate::Open).count();
        let at = self.now.0.saturating_sub(self.scene.heal_at.0);
        self.check.findings.check(Property::L7, is_rest, || {
            let guard = stopped.map(|guard| guard.to_string()).unwrap_or_default();
            format!("{phase:?} {guard} {at} ns after the faults ended")
        });
        // What nobody can prove is a person's in HardStop, and only there.
        let is_proven = (open.is_empty() && waiting == 0) || phase == Phase::HardStop;
        self.check.findings.check(Property::L2, is_proven, || {
            format!("{at} ns after the faults ended orders {open:?} are open in {phase:?}")
        });
        let inputs = self.check.findings.event;
        self.check.findings.check(Property::L6, inputs < INPUTS_MOST, || {
            format!("{inputs} inputs and no end, {phase:?}")
        });
        let is_sound = stopped.is_none_or(|guard| guard.id != razor_core::risk::GuardId::S31);
        self.check.findings.check(Property::S31, is_sound, || format!("{stopped:?}"));
    }

    /// S-05: whatever was done, the venue took one order for an attempt, and once.
    fn judge_placements(&mut self) {
        let truth = self.gateway.truth();
        let mut taken: BTreeMap<AttemptKey, OrderHash> = BTreeMap::new();
        let mut is_once = truth.duplicates() == 0;
        let mut twice = None;
        for (_, order) in truth.orders().filter(|(_, order)| order.is_accepted) {
            let intent = order.intent;
            let before = taken.insert(intent.attempt.key, intent.hash);
            if before.is_some_and(|hash| hash != intent.hash) || order.sent.len() > 1 {
                is_once = false;
                twice = Some(intent.attempt.key);
            }
        }
        let copies = truth.duplicates();
        self.check.findings.check(Property::S05, is_once, || {
            format!("{copies} orders sent again; taken twice: {twice:?}")
        });
        let mut sales = truth.orders().filter(|(_, order)| order.is_naked);
        let naked = sales.find(|(_, order)| !self.is_robbed(order)).map(|(order, _)| order.0);
        self.check.findings.check(Property::S09, naked.is_none(), || {
            format!("order {naked:?} sold more than was confirmed")
        });
    }

    /// Before this sale arrived the venue had sold more of its token in another one than that asked
    /// for (F-24): no desk could know, and the shares that were there when it left are gone.
    fn is_robbed(&self, sale: &TrueOrder) -> bool {
        self.gateway.truth().orders().any(|(_, other)| {
            let (mine, theirs) = (&sale.intent, &other.intent);
            let is_other = theirs.order != mine.order && theirs.attempt.token == mine.attempt.token;
            let is_over = theirs.attempt.side() == Side::Sell
                && other.matched() > theirs.attempt.order_qty
                && other.trades.iter().any(|trade| Some(trade.matched) <= sale.arrived);
            is_other && is_over
        })
    }

    /// S-10 and S-11: each order's fills, each token's shares.
    fn judge_fills(&mut self) {
        let truth = self.gateway.truth();
        let desk = &self.fold.desk;
        for (ix, order) in truth.orders() {
            let (booked, standing) = (desk.ledger().filled(ix), order.standing());
            self.check.findings.check(Property::S10, booked == standing, || {
                format!("order {}: {} booked, {} true", ix.0, booked.0, standing.0)
            });
            let counted = desk.order(ix).map_or(0, |slot| slot.order.open().cum_qty.0);
            let matched = order.matched().0;
            self.check.findings.check(Property::S11, counted <= matched, || {
                format!("order {}: {counted} counted, {matched} matched", ix.0)
            });
        }
        for market in 0..self.scene.universe.markets().len() {
            let token = razor_core::ids::TokenIx(u32::try_from(market).unwrap_or(0) * 2);
            let held = desk.ledger().position(token).conf;
            let truly = truth.position(token, Axis::Confirmed);
            self.check.findings.check(Property::S10, i128::from(held.0) == truly, || {
                format!("token {}: {} confirmed, {truly} true", token.0, held.0)
            });
        }
    }

    /// S-23 and S-33: cash and result.
    fn judge_money(&mut self) {
        let truth = self.gateway.truth();
        let ledger = self.fold.desk.ledger();
        let cash = ledger.cash_change();
        let confirmed = truth.cash(Axis::Confirmed);
        let matched = truth.cash(Axis::Matched);
        let is_same = confirmed == Ok(cash.conf)
            && matched.is_ok_and(|all| cash.conf.plus(cash.prov) == Ok(all));
        self.check.findings.check(Property::S23, is_same, || {
            format!("booked {cash:?}, true confirmed {confirmed:?}, true matched {matched:?}")
        });
        let identity = ledger.conf_cost().ok().and_then(|cost| cash.conf.plus(cost).ok());
        let realised = ledger.realised();
        self.check.findings.check(Property::S33, identity == Some(realised), || {
            format!("realised {realised:?}, cash and cost {identity:?}")
        });
    }
}
