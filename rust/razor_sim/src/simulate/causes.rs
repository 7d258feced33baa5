//! What has happened in a session that can rightly stop trading.
//!
//! Owns: [`Causes`], and which guard each of them explains (L-7: a stop needs a cause that
//! occurred). Must never: explain a broken machine; S-31 and L-6 have no cause.

use razor_core::basket::Operator;
use razor_core::order::gateway::{Reply, TradeState, VenueEvent};
use razor_core::risk::GuardId;

use super::scene::Scene;
use crate::gateway::{FaultCode, Truth};

/// What the session saw.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one cause, and any may meet any other")]
pub(super) struct Causes {
    is_halted: bool,
    is_asked_to_stop: bool,
    /// The journal could not be trusted.
    pub(super) is_undurable: bool,
    /// The process stood still or was away.
    pub(super) is_stalled: bool,
    /// Events were lost or came late.
    pub(super) is_wire_bad: bool,
    is_foreign: bool,
    is_other_version: bool,
    is_account_refused: bool,
    has_failed_trade: bool,
    has_unknown: bool,
}

impl Causes {
    pub(super) const fn spoken(&mut self, operator: Operator) {
        match operator {
            Operator::Stop => self.is_asked_to_stop = true,
            Operator::Halt => self.is_halted = true,
            Operator::Clear => {}
        }
    }

    pub(super) const fn heard(&mut self, event: &VenueEvent) {
        match event {
            VenueEvent::Replied { reply: Reply::RefusedAccount, .. } => {
                self.is_account_refused = true;
            }
            VenueEvent::Replied { reply: Reply::Unknown, .. } => self.has_unknown = true,
            VenueEvent::Traded { state: TradeState::Failed, .. } => self.has_failed_trade = true,
            VenueEvent::Foreign => self.is_foreign = true,
            VenueEvent::Mode(5) => self.is_other_version = true,
            VenueEvent::Replied { .. }
            | VenueEvent::Traded { .. }
            | VenueEvent::Found { .. }
            | VenueEvent::Merged { .. }
            | VenueEvent::MergeUnknown
            | VenueEvent::Mode(_)
            | VenueEvent::Injected { .. }
            | VenueEvent::Reconciled
            | VenueEvent::DurabilityLost => {}
        }
    }

    /// Whether something that occurred explains a stop by this guard.
    pub(super) fn explain(&self, guard: GuardId, scene: &Scene, truth: &Truth) -> bool {
        use FaultCode as F;
        let has = |codes: &[FaultCode]| scene.faults.iter().any(|f| codes.contains(&f.code));
        match guard {
            GuardId::S06 => self.is_halted,
            GuardId::S26 => self.is_asked_to_stop,
            GuardId::D10 => self.is_undurable,
            GuardId::S32 => self.is_foreign,
            GuardId::S21 => self.is_other_version,
            GuardId::S19 => self.is_account_refused,
            GuardId::S12 => has(&[F::F24]),
            GuardId::S24 => has(&[F::F45]),
            // The market may take no leftover at three prices; residuals have a cap of their own.
            GuardId::S08 | GuardId::L3 => true,
            GuardId::S29 => {
                self.has_failed_trade || self.has_unknown || truth.orders().next().is_some()
            }
            GuardId::S22 => {
                self.is_wire_bad
                    || self.is_stalled
                    || has(&[F::F40, F::F48, F::F49, F::F51, F::F54, F::F13, F::F15, F::F25])
            }
            GuardId::L2 | GuardId::S10 => {
                self.is_wire_bad
                    || self.is_stalled
                    || self.is_undurable
                    || !scene.faults.is_empty()
                    || scene.config.http_429_every > 0
            }
            GuardId::S01
            | GuardId::S02
            | GuardId::S03
            | GuardId::S04
            | GuardId::S05
            | GuardId::S07
            | GuardId::S09
            | GuardId::S11
            | GuardId::S13
            | GuardId::S14
            | GuardId::S15
            | GuardId::S16
            | GuardId::S17
            | GuardId::S18
            | GuardId::S20
            | GuardId::S23
            | GuardId::S25
            | GuardId::S27
            | GuardId::S28
            | GuardId::S30
            | GuardId::S31
            | GuardId::S33
            | GuardId::D1
            | GuardId::D7
            | GuardId::D11
            | GuardId::L1
            | GuardId::L6
            | GuardId::L9
            | GuardId::L10 => false,
        }
    }
}
