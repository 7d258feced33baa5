//! The end of a process, and what comes back: the fold of its journal and nothing else.

use razor_core::basket::{Action, Input, Phase};
use razor_core::order::gateway::{Gateway, VenueEvent};
use razor_core::units::Nanos;

use super::super::fold::Fold;
use super::super::property::Property;
use super::super::sabotage::Sabotage;
use super::{CrashPlan, Errand, SECOND, Session};

impl Session<'_> {
    /// A crash may come between any two actions of a step: what was not done is never done.
    pub(super) fn meet_crash(&mut self, out: &mut Vec<Action>) {
        let place = self.crashes.iter().position(|crash| crash.at_input <= self.inputs);
        let Some(place) = place else { return };
        let crash = self.crashes.swap_remove(place);
        let done = self.disk_rng.index(out.len() + 1);
        // Rows are a projection of the journal: they are written again, not lost.
        let rows: Vec<Action> =
            out.drain(done..).filter(|action| matches!(action, Action::Row(_))).collect();
        out.extend(rows);
        self.dying = Some(crash);
    }

    /// Everything volatile is gone; the journal is folded again and must give what was lost (D-4).
    pub(super) fn die(&mut self, crash: CrashPlan) {
        self.causes.is_stalled = true;
        let skipped = if self.sabotage == Some(Sabotage::ForgetRestart) { 5 } else { 0 };
        let again = self.replayed(self.journal.len().saturating_sub(skipped));
        let is_same = again == self.fold;
        let (was, now) = (self.fold.desk.phase(), again.desk.phase());
        self.check.findings.check(Property::D4, is_same, || {
            format!("folded again: {now:?}, before the crash: {was:?}")
        });
        self.fold = again;
        if crash.is_torn {
            self.tear();
        }
        self.is_down = true;
        self.inbox.retain(|_, event| matches!(event, VenueEvent::Merged { .. }));
        self.agenda.retain(|_, errand| {
            !matches!(errand, Errand::Written { .. } | Errand::Restart | Errand::Ask)
        });
        self.check.stalled += crash.down.0 + SECOND;
        let at = Nanos(self.now.max(self.floor).0 + crash.down.0);
        self.plan_errand(at, Errand::Restart);
    }

    /// The state that a part of the journal gives.
    pub(in crate::simulate) fn replayed(&self, entries: usize) -> Fold {
        let mut fold = Self::first(self.scene, self.sabotage);
        let mut out = Vec::new();
        for entry in self.journal.iter().take(entries) {
            out.clear();
            fold.take(entry, &mut out);
        }
        fold
    }

    /// The tail that was not durable is lost with the process.
    fn tear(&mut self) {
        let loose = self.journal.len().saturating_sub(self.durable);
        let kept = self.durable + self.disk_rng.index(loose + 1);
        self.journal.truncate(kept);
        self.fold = self.replayed(kept);
        self.deliveries.retain(|(at, _)| *at <= kept);
        self.check.restarted(kept, self.fold.desk.phase());
    }

    /// The process is there again: the account is asked about before anything is sent (D-6).
    pub(super) fn come_back(&mut self) {
        self.is_down = false;
        self.put_input(Input::Restarted);
        if self.is_down {
            return;
        }
        let mode = self.true_mode;
        self.hear(VenueEvent::Mode(mode));
        self.gateway.reconcile(self.now);
        self.plan_errand(Nanos(self.now.0 + SECOND), Errand::Ask);
    }

    /// While the desk holds still the account is asked about again.
    pub(super) fn ask(&mut self) {
        if self.fold.desk.phase() != Phase::SafeHold {
            return;
        }
        if self.fold.desk.is_ready_to_reconcile() {
            self.gateway.reconcile(self.now);
        }
        self.plan_errand(Nanos(self.now.0 + SECOND), Errand::Ask);
    }
}
