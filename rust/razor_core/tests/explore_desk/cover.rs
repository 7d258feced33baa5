//! What the explorations have reached: the properties that must hold sometimes, and the table of
//! phases.

use std::collections::{BTreeMap, BTreeSet};

use razor_core::basket::{Action, Answer, DeskTimer, Input, Operator, Treasury};
use razor_core::order::{self, Evidence, Order};

use super::world::{Stepped, World};

type Words = BTreeSet<&'static str>;

/// One cell of the table of phases.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Cell {
    pub phases: Words,
    pub actions: Words,
}

/// Words reached.
#[derive(Debug, Default)]
pub struct Cover {
    pub phases: Words,
    pub orders: Words,
    pub ends: Words,
    pub actions: Words,
    pub outcomes: Words,
    pub guards: Words,
    pub rows: Words,
    pub cells: BTreeMap<(&'static str, &'static str), Cell>,
}

impl Cover {
    pub fn note(&mut self, before: &World, done: &Stepped) {
        let desk = &done.world.desk;
        self.phases.insert(desk.phase().word());
        if let [input] = done.inputs.as_slice() {
            let cell = self.cells.entry((before.desk.phase().word(), input_word(input)));
            let cell = cell.or_default();
            cell.phases.insert(desk.phase().word());
            cell.actions.extend(done.actions.iter().filter_map(action_word));
        }
        for (_, slot) in desk.orders() {
            self.orders.insert(slot.order.word());
            if let Order::Terminal(closed) = slot.order {
                self.ends.insert(end_word(closed.end));
            }
        }
        for action in &done.actions {
            self.actions.extend(action_word(action));
            if let Action::Row(row) = action {
                self.rows.insert(row.action);
                self.guards.extend(row.guard.map(|guard| guard.id.word()));
                if matches!(row.action, "END" | "HARDSTOP" | "COOLDOWN") {
                    self.outcomes.extend(row.result);
                }
            }
        }
    }
}

pub const fn end_word(end: order::End) -> &'static str {
    match end {
        order::End::Full => "FULL",
        order::End::Partial => "PARTIAL",
        order::End::None => "NONE",
        order::End::Rejected => "REJECTED",
    }
}

pub const fn timer_word(timer: DeskTimer) -> &'static str {
    match timer {
        DeskTimer::Order(_, order::Timer::Answer) => "deadline: answer",
        DeskTimer::Order(_, order::Timer::Poll) => "deadline: poll",
        DeskTimer::Order(_, order::Timer::Resolve) => "deadline: resolve",
        DeskTimer::Order(_, order::Timer::Late) => "deadline: late",
        DeskTimer::FlatWait => "deadline: newer book",
        DeskTimer::Flatten => "deadline: flatten",
        DeskTimer::Settle => "deadline: settle",
        DeskTimer::Set => "deadline: set",
        DeskTimer::Cooldown => "deadline: cooldown",
    }
}

pub const fn input_word(input: &Input) -> &'static str {
    match input {
        Input::Signal(_) => "signal",
        Input::Journaled(_) => "intent durable",
        Input::NotDurable(_) => "intent not durable",
        Input::Answered(_, answer) => match answer {
            Answer::Matched { .. } => "answer: matched",
            Answer::Live => "answer: live",
            Answer::Delayed => "answer: delayed",
            Answer::Refused(_) => "answer: refused",
            Answer::Unknown => "answer: unknown",
        },
        Input::Traded(trade) => match trade.settle {
            razor_core::ledger::Settle::Prov => "trade: provisional",
            razor_core::ledger::Settle::Conf => "trade: confirmed",
            razor_core::ledger::Settle::Void => "trade: void",
        },
        Input::Found(_, evidence) => match evidence {
            Evidence::Finished { .. } => "found: finished",
            Evidence::Open => "found: open",
            Evidence::Absent => "found: absent",
            Evidence::Silent => "found: silent",
        },
        Input::Merged(Treasury::Done) => "merge: done",
        Input::Merged(Treasury::Failed) => "merge: failed",
        Input::Merged(Treasury::Unknown) => "merge: unknown",
        Input::Books => "books",
        Input::Injected(..) => "fault said",
        Input::Ended => "run ended",
        Input::Elapsed(timer) => timer_word(*timer),
        Input::Mode(_) => "venue mode",
        Input::Operator(Operator::Stop) => "operator: stop",
        Input::Operator(Operator::Halt) => "operator: halt",
        Input::Operator(Operator::Clear) => "operator: clear",
        Input::Restarted => "restarted",
        Input::Reconciled => "reconciled",
        Input::Foreign => "foreign",
        Input::DurabilityLost => "durability lost",
    }
}

/// The word of an action; rows have their own.
pub const fn action_word(action: &Action) -> Option<&'static str> {
    match action {
        Action::Persist(..) => Some("persist"),
        Action::Send(_) => Some("send"),
        Action::Cancel(_) => Some("cancel"),
        Action::Query(_) => Some("query"),
        Action::Merge(..) => Some("merge"),
        Action::Arm(..) => Some("arm"),
        Action::Disarm(_) => Some("disarm"),
        Action::DisarmOrder(_) => Some("disarm-order"),
        Action::Row(_) => Some("row"),
        Action::Sample(_) => Some("sample"),
    }
}
