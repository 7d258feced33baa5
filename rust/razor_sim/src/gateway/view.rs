//! Faults that are not the gateway's to inject: what the session sees and what it is told to do.
//!
//! Owns: [`ViewFaults`] with [`FaultedTops`] (books), [`SignalFaults`] (signals). Both are pure
//! functions of the plan; whoever asks records what struck by [`super::SimGateway::note_injected`].

use razor_core::ids::TokenIx;
use razor_core::order::gateway::{MarketTop, Tops};
use razor_core::units::Nanos;

use super::fault::{Facts, Fault, FaultCode, FaultPlan, When};

/// What a plan does to books.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewFaults {
    faults: Vec<Fault>,
}

impl ViewFaults {
    /// The part of a plan that is about books.
    pub fn of(plan: &FaultPlan) -> Self {
        Self { faults: pick(plan, FaultCode::F10) }
    }

    /// Whether a token's bids are empty at a time. Only conditions on token and time can hold here.
    pub fn has_no_bids(&self, now: Nanos, token: TokenIx) -> bool {
        let facts = Facts { now, count: None, rung: None, token: Some(token) };
        self.faults.iter().any(|fault| fault.holds(&facts))
    }
}

/// Books as the faults let them be seen.
#[derive(Clone, Copy)]
pub struct FaultedTops<'a> {
    /// The books as they are.
    pub tops: &'a dyn Tops,
    /// What strikes them.
    pub faults: &'a ViewFaults,
    /// The time of the look.
    pub now: Nanos,
}

impl Tops for FaultedTops<'_> {
    fn top(&self, token: TokenIx) -> Option<MarketTop> {
        let top = self.tops.top(token)?;
        let is_struck = self.faults.has_no_bids(self.now, token);
        Some(if is_struck { MarketTop { bid: None, ..top } } else { top })
    }
}

/// How a signal is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// How many times more.
    pub count: u8,
    /// Time between one delivery and the next.
    pub gap: Nanos,
}

/// What a plan does to signals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignalFaults {
    faults: Vec<Fault>,
}

impl SignalFaults {
    /// The part of a plan that is about signals.
    pub fn of(plan: &FaultPlan) -> Self {
        Self { faults: pick(plan, FaultCode::F60) }
    }

    /// How the `n`-th signal, counted from 1, is repeated. `times` bounds [`When::Every`];
    /// conditions on rungs and tokens never hold for a signal.
    pub fn repeat(&self, n: u64, now: Nanos) -> Option<Repeat> {
        let facts = Facts { now, count: Some(n), rung: None, token: None };
        let struck = self.faults.iter().find(|fault| fault.holds(&facts) && is_left(fault, n))?;
        Some(Repeat { count: struck.params.count, gap: struck.params.delay })
    }
}

/// Whether a fault has struck less often than it may before the `n`-th signal.
fn is_left(fault: &Fault, n: u64) -> bool {
    let steps = fault.when.iter().find_map(|when| match when {
        When::Every(k) => n.checked_div(*k),
        When::Nth(_) | When::Rung(_) | When::Token(_) | When::Between(_, _) => None,
    });
    fault.times == 0 || steps.is_none_or(|steps| steps <= u64::from(fault.times))
}

fn pick(plan: &FaultPlan, code: FaultCode) -> Vec<Fault> {
    plan.faults.iter().filter(|fault| fault.code == code).cloned().collect()
}
