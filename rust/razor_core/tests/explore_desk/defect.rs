//! Negative controls: what a wrong desk would hear or do, each of which a law must catch.

use razor_core::basket::{Action, Answer, DeskTimer, Input, Plan, Refusal, Trade, Treasury};
use razor_core::ledger::Settle;
use razor_core::order::{self, Evidence};
use razor_core::units::Qty;

use super::world::{FORGOTTEN, World};

/// Deliberately wrong variants of the desk: each must be caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// Sends again when the answer is overdue (F-13).
    ResendOnTimeout,
    /// Takes "not found" for a proof, before any fence (F-14, F-18).
    BelievesAbsence,
    /// Takes an answer that proves nothing for a refusal (F-17).
    ReleasesUnknown,
    /// Takes an answer that claims no match for a kill (F-25).
    BelievesZero,
    /// Takes matched for settled (F-51).
    SellsProvisional,
    /// Sends before the intent is durable (D-1).
    SendsFirst,
    /// Does not hear that a fill failed (F-48).
    IgnoresVoid,
    /// Forgets to fence at the deadline (F-15).
    NeverFences,
    /// Forgets which signals it has seen (F-60).
    ForgetsSignals,
    /// Loses a deadline (F-58).
    LosesDeadline,
    /// Does not remember over a restart what it was asked to merge (F-54).
    MergesTwice,
}

impl Defect {
    /// What the wrong desk hears instead.
    pub fn hear(self, before: &World, inputs: &mut Vec<Input>) {
        let swap = |input: &Input| match (self, input) {
            (Self::BelievesAbsence, Input::Found(order, Evidence::Absent))
            | (Self::ReleasesUnknown, Input::Answered(order, Answer::Unknown)) => {
                Input::Answered(*order, Answer::Refused(Refusal::Order))
            }
            (
                Self::BelievesZero,
                Input::Answered(order, Answer::Matched { matched: Qty::ZERO }),
            ) => Input::Answered(*order, Answer::Refused(Refusal::Order)),
            (Self::SellsProvisional, Input::Traded(trade)) if trade.settle == Settle::Prov => {
                Input::Traded(Trade { settle: Settle::Conf, ..*trade })
            }
            (Self::ForgetsSignals, Input::Signal(plan)) if before.venue.signals > 0 => {
                Input::Signal(Plan { signal_id: plan.signal_id + FORGOTTEN, ..plan.clone() })
            }
            _ => input.clone(),
        };
        *inputs = inputs.iter().map(swap).collect();
        if self == Self::IgnoresVoid {
            inputs.retain(|input| !matches!(input, Input::Traded(t) if t.settle == Settle::Void));
        }
        let is_merging = before.venue.merge.is_some();
        if self == Self::MergesTwice && is_merging && inputs.contains(&Input::Restarted) {
            inputs.push(Input::Merged(Treasury::Done));
        }
    }

    /// What the wrong desk does instead.
    pub fn act(self, inputs: &[Input], actions: &mut Vec<Action>) {
        match self {
            Self::ResendOnTimeout => {
                for input in inputs {
                    if let Input::Elapsed(DeskTimer::Order(order, order::Timer::Answer)) = input {
                        actions.push(Action::Send(*order));
                    }
                }
            }
            Self::SendsFirst => {
                let planned = actions.iter().find_map(|action| match action {
                    Action::Persist(order, _) => Some(*order),
                    _ => None,
                });
                actions.extend(planned.map(Action::Send));
            }
            Self::NeverFences => actions.retain(|action| !matches!(action, Action::Cancel(_))),
            Self::LosesDeadline => actions.retain(|action| {
                !matches!(
                    action,
                    Action::Arm(DeskTimer::Order(_, order::Timer::Resolve) | DeskTimer::Settle, _)
                )
            }),
            Self::BelievesAbsence
            | Self::ReleasesUnknown
            | Self::BelievesZero
            | Self::SellsProvisional
            | Self::IgnoresVoid
            | Self::ForgetsSignals
            | Self::MergesTwice => {}
        }
    }
}
