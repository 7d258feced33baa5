//! The order path inside the fold: the desk, its deadlines, and what it asks of the shell.
//!
//! Owns: [`Oms`] — the [`Desk`], the deadlines it has armed, the hashes of its orders — and
//! [`Request`], what only the shell can do. Must never: exist in a dry run (no order code is
//! reachable there), or do anything that is not in the journal: a request is answered by a record.
//!
//! Invariants: deadlines pass in order of time, then of their names; an order is known by its hash
//! from the moment its intent is durable.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::oms_fills::{self, Change};
use super::oms_hashes::{Hashes, Known};
use super::oms_rows;
use super::oms_samples::Watch;
use super::order_params::OrderMode;
use super::table::{Sink, Table};
use crate::basket::{Action, Answer, Desk, DeskTimer, Input, Operator, Plan, Refusal, Trade};
use crate::basket::{Treasury, VenueMode, View};
use crate::ledger::{FillKey, Settle};
use crate::market::Universe;
use crate::order::gateway::{
    Intent, MergeIntent, Past, PastMerge, PastOrder, Reply, TradeState, VenueEvent,
};
use crate::order::{Attempt, OrderHash, OrderIx};
use crate::signal::bucket::Bucket;
use crate::units::{Nanos, Qty};

/// What the engine asks of the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// Give this attempt its hash, make the intent durable, then feed it as an `intent` record.
    Persist {
        /// The order.
        order: OrderIx,
        /// The attempt.
        attempt: Attempt,
    },
    /// Put the order on the wire.
    Send {
        /// The durable intent.
        intent: Intent,
        /// Bucket of its signal.
        bucket: Bucket,
    },
    /// Cancel by hash.
    Cancel {
        /// The order.
        order: OrderIx,
        /// Its hash.
        hash: OrderHash,
    },
    /// Ask for the order, its trades and the balance.
    Query {
        /// The order.
        order: OrderIx,
        /// Its hash.
        hash: OrderHash,
    },
    /// Make the intent of a merge durable, feed it as an `intent` record, then ask for the merge.
    Merge(MergeIntent),
    /// Ask what became of a merge.
    QueryMerge(MergeIntent),
    /// Ask for everything open on the account.
    Reconcile,
}

/// An operator's command as the journal has it; who spoke and why is for the trail alone.
#[derive(Debug, Deserialize)]
struct Command {
    verb: Verb,
    #[serde(default)]
    by: String,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verb {
    Stop,
    Halt,
    Clear,
    /// Delivers the last signal again: a fault of the simulated run (F-60), journaled as a command.
    Repeat,
}

/// The order path of a run.
#[derive(Debug, Clone)]
pub(super) struct Oms {
    pub(super) desk: Desk,
    deadlines: BTreeSet<(Nanos, DeskTimer)>,
    armed: BTreeMap<DeskTimer, Nanos>,
    hashes: Hashes,
    /// The last merge whose intent is durable.
    merge: Option<MergeIntent>,
    /// Merges that were confirmed.
    merges: Vec<PastMerge>,
    /// Orders on the wire whose calibration sample is not written.
    pub(super) watches: Vec<Watch>,
    pub(super) mode: OrderMode,
    now: Nanos,
    /// When the account was last asked for after a restart.
    asked: Option<Nanos>,
    /// The last signal, for [`Verb::Repeat`].
    last: Option<Plan>,
    // Buffers that keep their memory between records.
    out: Vec<Action>,
    pub(super) line: String,
}

/// What the rows of the order path are named with.
pub(super) struct Names<'a> {
    pub(super) run_id: &'a str,
    pub(super) universe: &'a Universe,
}

impl Oms {
    pub(super) fn new(desk: Desk, mode: OrderMode) -> Self {
        Self {
            desk,
            deadlines: BTreeSet::new(),
            armed: BTreeMap::new(),
            hashes: Hashes::default(),
            merge: None,
            merges: Vec::new(),
            watches: Vec::new(),
            mode,
            now: Nanos(i64::MIN),
            asked: None,
            last: None,
            out: Vec::new(),
            line: String::new(),
        }
    }

    /// What the venue did so far: matches that did not fail, and merges.
    pub(super) fn past(&self) -> Past {
        let mut past = Past { orders: Vec::new(), merges: self.merges.clone() };
        for intent in self.hashes.orders().filter_map(|order| self.intent_of(order)) {
            let fills: Vec<_> = self.desk.ledger().fills_of(intent.order).copied().collect();
            if !fills.is_empty() {
                past.orders.push(PastOrder { intent, fills });
            }
        }
        // One without a durable intent was never asked for.
        let under_way = self.desk.open_merge().filter(|open| self.merge == Some(*open));
        past.merges.extend(under_way.map(|it| PastMerge {
            set: it.set,
            qty: it.qty,
            is_done: false,
        }));
        past
    }

    /// The next deadline, if any is armed.
    pub(super) fn next_deadline(&self) -> Option<Nanos> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Lets the deadlines at or before `now` pass, each at its own time.
    pub(super) fn elapse<V: View, S: Sink>(
        &mut self,
        now: Nanos,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) {
        while let Some((at, timer)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.deadlines.remove(&(at, timer));
            self.armed.remove(&timer);
            self.step(at, Input::Elapsed(timer), view, names, sink);
        }
    }

    /// Puts one input to the desk and passes on what it asks for.
    pub(super) fn step<V: View, S: Sink>(
        &mut self,
        now: Nanos,
        input: Input,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) {
        self.now = self.now.max(now);
        let mut out = core::mem::take(&mut self.out);
        self.desk.step(self.now, input, view, &mut out);
        for action in out.drain(..) {
            self.pass_on(action, names, sink);
        }
        self.out = out;
    }

    fn pass_on<S: Sink>(&mut self, action: Action, names: &Names<'_>, sink: &mut S) {
        match action {
            Action::Arm(timer, after) => self.arm(timer, after),
            Action::Disarm(timer) => self.disarm(timer),
            Action::DisarmOrder(order) => self.disarm_order(order),
            Action::Persist(order, attempt) => sink.request(Request::Persist { order, attempt }),
            Action::Send(order) => {
                if let Some(intent) = self.intent_of(order) {
                    let bucket = self.desk.basket().map_or(Bucket::Thin, |b| b.plan.bucket);
                    self.watches.push(Watch::new(order, intent.attempt, self.now));
                    sink.request(Request::Send { intent, bucket });
                }
            }
            Action::Cancel(order) => {
                if let Some(hash) = self.hash(order) {
                    sink.request(Request::Cancel { order, hash });
                }
            }
            Action::Query(order) => {
                if let Some(hash) = self.hash(order) {
                    sink.request(Request::Query { order, hash });
                }
            }
            Action::Merge(..) => {
                self.desk.open_merge().into_iter().for_each(|it| sink.request(Request::Merge(it)));
            }
            Action::Row(row) => {
                if sink.wants_rows() {
                    self.line.clear();
                    let hash = row.order.and_then(|order| self.hash(order));
                    oms_rows::trade(&mut self.line, &row, hash, self.mode, names);
                    sink.row(Table::TradeLog, &self.line);
                }
            }
            Action::Sample(sample) => {
                // An order that never left has no sample; one that left is watched.
                self.watches.iter_mut().rev().any(|watch| watch.take(sample));
            }
        }
    }

    fn hash(&self, order: OrderIx) -> Option<OrderHash> {
        self.hashes.get(order).map(|known| known.hash)
    }

    /// The durable intent of an order: what the desk planned, under its hash.
    fn intent_of(&self, order: OrderIx) -> Option<Intent> {
        let (hash, slot) = (self.hash(order)?, self.desk.order(order)?);
        Some(Intent { order, hash, attempt: slot.attempt })
    }

    fn arm(&mut self, timer: DeskTimer, after: Nanos) {
        self.disarm(timer);
        let at = Nanos(self.now.0.saturating_add(after.0));
        self.armed.insert(timer, at);
        self.deadlines.insert((at, timer));
    }

    fn disarm(&mut self, timer: DeskTimer) {
        if let Some(at) = self.armed.remove(&timer) {
            self.deadlines.remove(&(at, timer));
        }
    }

    fn disarm_order(&mut self, order: OrderIx) {
        use crate::order::Timer;
        for timer in [Timer::Answer, Timer::Poll, Timer::Resolve, Timer::Late] {
            self.disarm(DeskTimer::Order(order, timer));
        }
    }

    /// Takes a durable intent; the desk must have planned exactly this. Says whether it was
    /// refused.
    pub(super) fn intent<V: View, S: Sink>(
        &mut self,
        payload: &[u8],
        now: Nanos,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) -> bool {
        if let Ok(merge) = MergeIntent::decode(payload) {
            let is_planned = self.desk.open_merge() == Some(merge);
            self.merge = if is_planned { Some(merge) } else { self.merge };
            return !is_planned;
        }
        let Ok(intent) = Intent::decode(payload) else { return true };
        let is_planned = self.desk.order(intent.order).is_some_and(|s| s.attempt == intent.attempt);
        if !is_planned {
            return true;
        }
        let set = self.desk.basket().map(|basket| basket.plan.set);
        self.hashes.put(Known { order: intent.order, hash: intent.hash, set });
        self.step(now, Input::Journaled(intent.order), view, names, sink);
        false
    }

    /// Takes what the venue said. Says whether it was refused.
    pub(super) fn venue<V: View, S: Sink>(
        &mut self,
        payload: &[u8],
        now: Nanos,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) -> bool {
        let Ok(event) = VenueEvent::decode(payload) else { return true };
        let Some(input) = input_of(event) else { return true };
        if let Input::Traded(trade) = input {
            self.traded(trade, now, view, names, sink);
        } else if let Input::Merged(treasury) = input {
            self.merged(treasury, now, view, names, sink);
        } else {
            self.step(now, input, view, names, sink);
        }
        false
    }

    /// Puts a trade to the desk and writes down what it changed in the ledger.
    fn traded<V: View, S: Sink>(
        &mut self,
        trade: Trade,
        now: Nanos,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) {
        let key = FillKey { order: trade.order, trade: trade.id };
        let booked = |desk: &Desk| (desk.ledger().fill(key).copied(), desk.ledger().cash_change());
        let (before, cash) = booked(&self.desk);
        self.step(now, Input::Traded(trade), view, names, sink);
        let (after, cash_after) = booked(&self.desk);
        let (Some(fill), Some(intent)) = (after, self.intent_of(trade.order)) else { return };
        if before == after || !sink.wants_rows() {
            return;
        }
        let change = Change {
            ts: self.now,
            mode: self.mode,
            signal_id: intent.attempt.key.signal_id,
            set: self.hashes.get(trade.order).and_then(|known| known.set),
            cash: (cash, cash_after),
            names,
        };
        let event = if before.is_none() { "FILL" } else { "SETTLE" };
        self.line.clear();
        oms_fills::fill(&mut self.line, &change, event, &intent, &fill);
        sink.row(Table::Fills, &self.line);
    }

    /// Puts the end of a merge to the desk and writes down the dollars that it brought.
    fn merged<V: View, S: Sink>(
        &mut self,
        treasury: Treasury,
        now: Nanos,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) {
        let of = self.desk.basket().map(|basket| (basket.plan.signal_id, basket.plan.set));
        let cash = self.desk.ledger().cash_change();
        self.step(now, Input::Merged(treasury), view, names, sink);
        let cash = (cash, self.desk.ledger().cash_change());
        let brought = oms_fills::total(cash.1).saturating_sub(oms_fills::total(cash.0));
        // A whole set pays one dollar: micro-dollars are micro-sets.
        let (Some((signal_id, set)), Ok(qty)) = (of, u64::try_from(brought)) else { return };
        if qty > 0 {
            self.merges.push(PastMerge { set, qty: Qty(qty), is_done: true });
        }
        if qty > 0 && sink.wants_rows() {
            let (ts, mode) = (self.now, self.mode);
            let change = Change { ts, mode, signal_id, set: Some(set), cash, names };
            self.line.clear();
            oms_fills::merge(&mut self.line, &change, Qty(qty));
            sink.row(Table::Fills, &self.line);
        }
    }

    /// Takes an operator's command. Says whether it was refused.
    pub(super) fn operator<V: View, S: Sink>(
        &mut self,
        payload: &[u8],
        now: Nanos,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) -> bool {
        let Ok(command) = serde_json::from_slice::<Command>(payload) else { return true };
        let operator = match command.verb {
            Verb::Stop => Operator::Stop,
            Verb::Halt => Operator::Halt,
            Verb::Clear => Operator::Clear,
            Verb::Repeat => {
                let Some(plan) = self.last.clone() else { return true };
                self.step(now, Input::Signal(plan), view, names, sink);
                return false;
            }
        };
        if sink.wants_rows() {
            self.line.clear();
            let said = (operator, &*command.by, &*command.reason);
            oms_rows::spoken(&mut self.line, self.now.max(now), said, self.mode, names);
            sink.row(Table::TradeLog, &self.line);
        }
        self.step(now, Input::Operator(operator), view, names, sink);
        false
    }

    /// The process starts again: open orders are asked about, then the account.
    pub(super) fn restart<V: View, S: Sink>(
        &mut self,
        now: Nanos,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) {
        self.step(now, Input::Restarted, view, names, sink);
        self.ask_of_merge(now, view, names, sink);
        self.asked = None;
        self.reconcile(now, sink);
    }

    /// A merge with a durable intent may have been asked for, and the venue is asked about it; one
    /// without never left (INVARIANTS §6.4, as for orders).
    fn ask_of_merge<V: View, S: Sink>(
        &mut self,
        now: Nanos,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) {
        let Some(open) = self.desk.open_merge() else { return };
        if self.merge == Some(open) {
            sink.request(Request::QueryMerge(open));
        } else {
            self.step(now, Input::Merged(Treasury::Failed), view, names, sink);
        }
    }

    /// After a restart the account is asked for once every open order is proven, and again when no
    /// answer comes: the desk holds until it has one.
    pub(super) fn reconcile<S: Sink>(&mut self, now: Nanos, sink: &mut S) {
        const AGAIN: i64 = 5_000_000_000;
        let is_due = self.asked.is_none_or(|at| now.0.saturating_sub(at.0) >= AGAIN);
        if is_due && self.desk.is_ready_to_reconcile() {
            self.asked = Some(now);
            sink.request(Request::Reconcile);
        }
    }

    /// Takes a signal of the brain.
    pub(super) fn signal<V: View, S: Sink>(
        &mut self,
        plan: Plan,
        view: &V,
        names: &Names<'_>,
        sink: &mut S,
    ) {
        self.last = Some(plan.clone());
        self.step(plan.ts, Input::Signal(plan), view, names, sink);
    }
}

/// What an event means to the desk; `None` for a mode without a meaning.
fn input_of(event: VenueEvent) -> Option<Input> {
    match event {
        VenueEvent::Replied { order, reply } => Some(Input::Answered(order, answer_of(reply))),
        VenueEvent::Traded { order, trade, qty, price, fee, state } => {
            let settle = match state {
                TradeState::Provisional => Settle::Prov,
                TradeState::Confirmed => Settle::Conf,
                TradeState::Failed => Settle::Void,
            };
            Some(Input::Traded(Trade { order, id: trade, qty, price, fee, settle }))
        }
        VenueEvent::Found { order, evidence } => Some(Input::Found(order, evidence)),
        VenueEvent::Merged { is_done: true } => Some(Input::Merged(Treasury::Done)),
        VenueEvent::Merged { is_done: false } => Some(Input::Merged(Treasury::Failed)),
        VenueEvent::MergeUnknown => Some(Input::Merged(Treasury::Unknown)),
        VenueEvent::Mode(code) => mode_of(code).map(Input::Mode),
        VenueEvent::Reconciled => Some(Input::Reconciled),
        VenueEvent::Injected { order, code } => Some(Input::Injected(order, code)),
        VenueEvent::Foreign => Some(Input::Foreign),
        VenueEvent::DurabilityLost => Some(Input::DurabilityLost),
    }
}

const fn answer_of(reply: Reply) -> Answer {
    match reply {
        Reply::Matched(matched) => Answer::Matched { matched },
        Reply::Live => Answer::Live,
        Reply::Delayed => Answer::Delayed,
        Reply::RefusedOrder => Answer::Refused(Refusal::Order),
        Reply::RefusedMarket => Answer::Refused(Refusal::Market),
        Reply::RefusedAccount => Answer::Refused(Refusal::Account),
        Reply::RefusedRate => Answer::Refused(Refusal::Rate),
        Reply::Unknown => Answer::Unknown,
    }
}

const fn mode_of(code: u8) -> Option<VenueMode> {
    match code {
        0 => Some(VenueMode::Normal),
        1 => Some(VenueMode::Restarting),
        2 => Some(VenueMode::PostOnly),
        3 => Some(VenueMode::CancelOnly),
        4 => Some(VenueMode::Disabled),
        5 => Some(VenueMode::VersionMismatch),
        _ => None,
    }
}
