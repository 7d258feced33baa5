//! The checker: what must hold at every send, every event and every step, judged from outside.
//!
//! Owns: [`Checker`]. It hears what the session hears and sees the venue's truth; of the desk it
//! takes what it asks for and its rows, never what it believes.

use std::collections::{BTreeMap, BTreeSet};

use razor_core::basket::{Operator, Phase, Plan, Row, Rules, View};
use razor_core::ids::SetIx;
use razor_core::order::gateway::{Intent, Reply, VenueEvent};
use razor_core::order::{Attempt, Evidence, OrderIx, Rung, Side, TradeId};
use razor_core::risk::Caps;
use razor_core::units::{Nanos, Qty};

use super::books::Books;
use super::bounds::Bounds;
use super::fold::Fold;
use super::property::{Findings, Property};
use super::trouble::seconds;
use super::truth_book::TruthBook;
use crate::gateway::{SimMarkets, Truth};

const MINUTE: i64 = 60_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// What was told of one order.
#[derive(Debug, Clone)]
struct Told {
    order: OrderIx,
    qty: Qty,
    sent: Nanos,
    /// Each with the length of the journal that holds it.
    trades: Vec<(TradeId, Qty, usize)>,
    claim: Option<Qty>,
}

impl Told {
    fn filled(&self) -> u64 {
        self.trades.iter().fold(0, |sum, (_, qty, _)| sum + qty.0)
    }
}

/// A row that ends a signal, or says that it came again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Ended(u64),
    Repeated(u64),
}

/// Everything that is remembered between events.
#[derive(Debug, Clone)]
pub(super) struct Checker {
    pub(super) findings: Findings,
    pub(super) book: TruthBook,
    rules: Rules,
    caps: Caps,
    max_age: Nanos,
    planned: BTreeMap<OrderIx, (Attempt, Option<Bounds>)>,
    durable: BTreeMap<OrderIx, Intent>,
    /// Orders on the wire that nothing told has proven to be over.
    open: Vec<Told>,
    /// Told to be overfilled; the desk must stop.
    pub(super) is_overfilled: bool,
    rungs: BTreeSet<(u64, u8, Rung)>,
    fired: BTreeSet<u64>,
    flattened: BTreeSet<u64>,
    sends: Vec<Nanos>,
    rested: BTreeMap<SetIx, Nanos>,
    mode: u8,
    is_stopped: bool,
    is_stopping: bool,
    flat_since: Option<Nanos>,
    /// Time in which nobody could act: the process was down or stood still.
    pub(super) stalled: i64,
    /// Terminal and repeat rows, each with the length of the journal at its step.
    pub(super) marks: Vec<(usize, Mark)>,
}

impl Checker {
    pub(super) fn new(seed: u64, rules: Rules, caps: Caps, max_age: Nanos) -> Self {
        Self {
            findings: Findings::new(seed),
            book: TruthBook::default(),
            rules,
            caps,
            max_age,
            planned: BTreeMap::new(),
            durable: BTreeMap::new(),
            open: Vec::new(),
            is_overfilled: false,
            rungs: BTreeSet::new(),
            fired: BTreeSet::new(),
            flattened: BTreeSet::new(),
            sends: Vec::new(),
            rested: BTreeMap::new(),
            mode: 0,
            is_stopped: false,
            is_stopping: false,
            flat_since: None,
            stalled: 0,
            marks: Vec::new(),
        }
    }

    /// The desk has planned an order.
    pub(super) fn planned(
        &mut self,
        order: OrderIx,
        attempt: &Attempt,
        plan: Option<&Plan>,
        books: &Books,
    ) {
        let bounds = plan.and_then(|plan| Bounds::of(attempt, plan, &self.rules, books));
        self.planned.insert(order, (*attempt, bounds));
    }

    /// The disk has the intent.
    pub(super) fn durable(&mut self, intent: &Intent) {
        self.durable.insert(intent.order, *intent);
    }

    /// An operator spoke.
    pub(super) fn spoken(&mut self, operator: Operator) {
        match operator {
            Operator::Stop => self.is_stopping = true,
            Operator::Halt => self.is_stopped = true,
            Operator::Clear => {}
        }
    }

    /// The journal was lost, or a stranger appeared: no order may follow.
    pub(super) const fn must_stop(&mut self) {
        self.is_stopped = true;
    }

    /// A row of the trail.
    pub(super) fn row(&mut self, row: &Row, journal: usize) {
        let Some(signal) = row.signal_id else {
            self.row_of_desk(row);
            return;
        };
        match row.action {
            "DEDUP_SIGNAL" => self.marks.push((journal, Mark::Repeated(signal))),
            "END" => self.marks.push((journal, Mark::Ended(signal))),
            "HARDSTOP" => {
                self.is_stopped = true;
                if row.result.is_some() {
                    self.marks.push((journal, Mark::Ended(signal)));
                }
            }
            "COOLDOWN" if row.result.is_some() => {
                self.marks.push((journal, Mark::Ended(signal)));
            }
            "COOLDOWN" => {
                // The next set may begin to flatten within the same step.
                self.flat_since = None;
                if let Some(set) = row.set {
                    self.rested.insert(set, row.ts);
                }
            }
            _ => {}
        }
    }

    fn row_of_desk(&mut self, row: &Row) {
        match row.action {
            "HARDSTOP" => self.is_stopped = true,
            "CLEAR" if row.guard.is_none() => {
                self.is_stopped = false;
                self.is_stopping = false;
            }
            _ => {}
        }
    }

    /// What the session is about to hear of an order.
    pub(super) fn told(&mut self, now: Nanos, event: &VenueEvent, journal: usize) {
        match *event {
            VenueEvent::Replied { order, reply } => match reply {
                // A claim of nothing proves nothing (F-25).
                Reply::Matched(Qty::ZERO) | Reply::Live | Reply::Delayed | Reply::Unknown => {}
                Reply::Matched(qty) => self.claimed(order, qty),
                Reply::RefusedOrder
                | Reply::RefusedMarket
                | Reply::RefusedAccount
                | Reply::RefusedRate => {
                    self.close(order, |told| told.trades.is_empty() && told.claim.is_none());
                }
            },
            VenueEvent::Traded { order, trade, qty, .. } => {
                if let Some(told) = self.open.iter_mut().find(|told| told.order == order) {
                    if !told.trades.iter().any(|(id, ..)| *id == trade) {
                        told.trades.push((trade, qty, journal + 1));
                    }
                    let over = told.filled().saturating_sub(told.qty.0);
                    self.is_overfilled |= over > 10_000;
                }
                self.close_if_proven(order);
            }
            VenueEvent::Found { order, evidence: Evidence::Finished { matched } } => {
                self.claimed(order, matched);
            }
            VenueEvent::Found { order, evidence: Evidence::Absent } => {
                let resolve = self.rules.waits.resolve.0;
                self.close(order, |told| now.0 >= told.sent.0.saturating_add(resolve));
            }
            VenueEvent::Mode(mode) => self.mode = mode,
            VenueEvent::Found { evidence: Evidence::Open | Evidence::Silent, .. }
            | VenueEvent::Merged { .. }
            | VenueEvent::MergeUnknown
            | VenueEvent::Injected { .. }
            | VenueEvent::Reconciled
            | VenueEvent::Foreign
            | VenueEvent::DurabilityLost => {}
        }
    }

    fn claimed(&mut self, order: OrderIx, qty: Qty) {
        if let Some(told) = self.open.iter_mut().find(|told| told.order == order) {
            told.claim = Some(qty);
        }
        self.close_if_proven(order);
    }

    fn close_if_proven(&mut self, order: OrderIx) {
        self.close(order, |told| {
            let filled = told.filled();
            filled >= told.qty.0 || told.claim == Some(Qty(filled))
        });
    }

    fn close(&mut self, order: OrderIx, is_over: impl Fn(&Told) -> bool) {
        self.open.retain(|told| told.order != order || !is_over(told));
    }

    /// An order goes on the wire.
    pub(super) fn sent(&mut self, now: Nanos, intent: &Intent, plan: Option<&Plan>, fold: &Fold) {
        let attempt = &intent.attempt;
        self.check_intent(intent);
        self.check_gates(now, attempt);
        self.check_price(intent);
        self.check_books(now, attempt, plan, &fold.books);
        if let Some(plan) = plan {
            self.check_rest(now, attempt, plan);
        }
        self.check_rungs(attempt);
        let qty = attempt.order_qty;
        let told = Told { order: intent.order, qty, sent: now, trades: Vec::new(), claim: None };
        self.open.push(told);
    }

    fn check_intent(&mut self, intent: &Intent) {
        let durable = self.durable.get(&intent.order);
        let is_same = durable == Some(intent);
        self.findings
            .check(Property::D1, is_same, || format!("sent {intent:?}, durable {durable:?}"));
        let open: Vec<u64> = self.open.iter().map(|told| told.order.0).collect();
        self.findings.check(Property::S04, open.is_empty(), || {
            format!("order {} sent while {open:?} are not proven over", intent.order.0)
        });
    }

    fn check_gates(&mut self, now: Nanos, attempt: &Attempt) {
        let (is_entry, mode) = (attempt.rung.is_entry(), self.mode);
        let stopped = self.is_stopped;
        self.findings.check(Property::S06, !stopped, || format!("{attempt:?} in HardStop"));
        let may_enter = !(self.is_stopping && is_entry);
        self.findings.check(Property::S26, may_enter, || format!("{attempt:?} after a stop"));
        self.findings.check(Property::S21, mode == 0, || format!("{attempt:?} in mode {mode}"));
        self.sends.retain(|at| now.0.saturating_sub(at.0) < MINUTE);
        self.sends.push(now);
        let used = u64::try_from(self.sends.len()).unwrap_or(u64::MAX);
        let all = u64::from(self.caps.max_orders_per_min);
        let share = 100 - u64::from(self.caps.exit_reserve_percent);
        let cap = if is_entry { (all * share).div_euclid(100) } else { all };
        self.findings.check(Property::S30, used <= cap, || format!("{used} sends, cap {cap}"));
    }

    fn check_price(&mut self, intent: &Intent) {
        let attempt = &intent.attempt;
        let property = if attempt.side() == Side::Buy { Property::S07 } else { Property::S08 };
        let bounds = self.planned.get(&intent.order).and_then(|(_, bounds)| *bounds);
        let limit = i64::from(attempt.limit.micros());
        let holds = bounds.is_some_and(|bounds| bounds.holds(limit));
        self.findings.check(property, holds, || format!("{attempt:?} against {bounds:?}"));
        if attempt.side() == Side::Sell {
            let free = self.book.free(attempt.token);
            let holds = i128::from(attempt.order_qty.0) <= free;
            self.findings.check(Property::S09, holds, || {
                format!("{attempt:?} with {free} confirmed and free")
            });
        }
    }

    fn check_books(&mut self, now: Nanos, attempt: &Attempt, plan: Option<&Plan>, books: &Books) {
        let max_age = self.max_age;
        let is_current = |token| {
            let proof = books.quote(token).and_then(|_| books.book(token)).map(|book| book.proof);
            proof.is_some_and(|proof| now.0.saturating_sub(proof.0) <= max_age.0)
        };
        let holds = match (attempt.rung, plan) {
            (Rung::Fire, Some(plan)) => {
                let age = now.0.saturating_sub(plan.ts.0);
                (0..=self.caps.signal_ttl.0).contains(&age)
                    && plan.legs.iter().all(|leg| is_current(leg.token))
            }
            (_, _) => is_current(attempt.token),
        };
        self.findings.check(Property::S18, holds, || format!("{attempt:?} at {}", seconds(now)));
    }

    fn check_rest(&mut self, now: Nanos, attempt: &Attempt, plan: &Plan) {
        if attempt.rung != Rung::Fire {
            return;
        }
        let rested = self.rested.get(&plan.set).map(|since| now.0.saturating_sub(since.0));
        let cooldown = self.caps.cooldown.0;
        self.findings.check(Property::S28, rested.is_none_or(|rest| rest >= cooldown), || {
            format!("set {} fired after {rested:?} ns, cooldown {cooldown}", plan.set.0)
        });
    }

    fn check_rungs(&mut self, attempt: &Attempt) {
        let (signal, leg) = (attempt.key.signal_id, attempt.key.leg);
        let is_new = self.rungs.insert((signal, leg, attempt.rung));
        let property = match attempt.rung {
            Rung::Fire => Property::S17,
            Rung::ChaseOne | Rung::ChaseTwo => Property::S07,
            Rung::FlatOne | Rung::FlatTwo | Rung::FlatThree => Property::S08,
        };
        self.findings.check(property, is_new, || format!("{attempt:?}: the rung was used before"));
        if attempt.rung == Rung::Fire {
            let is_first = self.fired.insert(signal);
            self.findings.check(Property::S17, is_first, || format!("signal {signal} fired again"));
        }
        if attempt.rung.is_entry() {
            let may_buy = !self.flattened.contains(&signal);
            self.findings.check(Property::S14, may_buy, || format!("{attempt:?} after a sale"));
        } else {
            self.flattened.insert(signal);
        }
    }

    /// A leg is bought: never more than leg 1 has ever got.
    pub(super) fn chased(&mut self, attempt: &Attempt, truth: &Truth) {
        if !matches!(attempt.rung, Rung::ChaseOne | Rung::ChaseTwo) {
            return;
        }
        let signal = attempt.key.signal_id;
        let fire = truth.orders().find(|(_, order)| {
            order.intent.attempt.key.signal_id == signal && order.intent.attempt.rung == Rung::Fire
        });
        let got = fire.map_or(0, |(_, order)| order.matched().0);
        let holds = attempt.order_qty.0 <= got;
        self.findings.check(Property::S16, holds, || format!("{attempt:?}, leg 1 got {got}"));
    }

    /// The truth may have changed; caps are held against it.
    pub(super) fn synced(&mut self, truth: &Truth, markets: &SimMarkets, sent: Option<u64>) {
        let is_dearer = self.book.sync(truth, markets);
        if !is_dearer && sent.is_none() {
            return;
        }
        let beyond = self.book.beyond();
        let (cost, cap) = (self.book.exposure(), i128::from(self.caps.max_exposure.0));
        self.findings.check(Property::S01, cost <= cap + beyond, || {
            format!("true exposure {cost}, cap {cap}, beyond our limits {beyond}")
        });
        if let Some(signal) = sent {
            let (cost, cap) = (self.book.cost_of(signal), i128::from(self.caps.max_signal.0));
            self.findings.check(Property::S02, cost <= cap + beyond, || {
                format!("signal {signal} costs {cost}, cap {cap}, beyond our limits {beyond}")
            });
        }
    }

    /// Sets are merged: all legs must be confirmed.
    pub(super) fn merged(&mut self, legs: &[razor_core::ids::TokenIx], qty: Qty) {
        for leg in legs {
            let free = self.book.free(*leg);
            self.findings.check(Property::S22, i128::from(qty.0) <= free, || {
                format!("merge of {} with {free} of token {} confirmed", qty.0, leg.0)
            });
        }
    }

    /// After every step of the desk.
    pub(super) fn stepped(&mut self, now: Nanos, fold: &Fold) {
        let phase = fold.desk.phase();
        self.check_open(now, phase);
        let is_flat = phase == Phase::Flattening;
        let since = if is_flat { *self.flat_since.get_or_insert(now) } else { now };
        if !is_flat {
            self.flat_since = None;
        }
        let most = self.rules.waits.flatten.0 + self.stalled + SECOND;
        let lasted = now.0.saturating_sub(since.0);
        self.findings.check(Property::L3, lasted <= most, || {
            format!("flattening for {lasted} ns, at most {most}")
        });
        if self.is_overfilled {
            let is_stopped = phase == Phase::HardStop;
            self.findings.check(Property::S12, is_stopped, || format!("overfilled in {phase:?}"));
            self.is_overfilled = false;
        }
    }

    /// Whoever is on the wire is proven or given to a person in time.
    fn check_open(&mut self, now: Nanos, phase: Phase) {
        if matches!(phase, Phase::HardStop | Phase::SafeHold) {
            return;
        }
        let waits = &self.rules.waits;
        let most = waits.answer.0 + 3 * waits.resolve.0 + self.stalled + SECOND;
        let oldest = self.open.first().map(|told| (told.order.0, now.0 - told.sent.0));
        self.findings.check(Property::L2, oldest.is_none_or(|(_, age)| age <= most), || {
            format!("order and its age in ns {oldest:?}, at most {most}")
        });
    }

    /// The process is back on its journal, cut to this length.
    pub(super) fn restarted(&mut self, journal: usize, phase: Phase) {
        self.marks.retain(|(at, _)| *at <= journal);
        for told in &mut self.open {
            told.trades.retain(|(_, _, at)| *at <= journal);
        }
        self.is_stopped |= phase == Phase::HardStop;
        self.flat_since = None;
    }
}
