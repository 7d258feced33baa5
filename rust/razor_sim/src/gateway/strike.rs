//! Faults at work: which of a plan strike a request, and what they make of its course.
//!
//! Owns: [`Strikes`], the plan with its counters, and the record of what was injected. Must never:
//! decide by anything but the plan, the counters and the request: equal calls, equal strikes.

use razor_core::order::attempt::{Attempt, OrderIx};
use razor_core::order::gateway::Reply;
use razor_core::units::{Nanos, Qty};

use super::after;
use super::course::{Bend, Course, Ending, Said, Wait};
use super::fault::{Facts, Fault, FaultCode, FaultPlan, Params, When};
use super::view::{Repeat, SignalFaults};

/// One fault that was injected: its code, when, and the order it struck, if it was one.
pub type Injected = (FaultCode, Nanos, Option<OrderIx>);

/// What a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Request {
    Send,
    Query,
    Cancel,
    Merge,
}

impl Request {
    /// Whether a code strikes requests of this kind.
    const fn is_struck_by(self, code: FaultCode) -> bool {
        use FaultCode as F;
        match code {
            F::F28 => matches!(self, Self::Send | Self::Query | Self::Cancel),
            F::F54 => matches!(self, Self::Merge),
            F::F13
            | F::F14
            | F::F15
            | F::F16
            | F::F17
            | F::F18
            | F::F19
            | F::F20
            | F::F21
            | F::F22
            | F::F23
            | F::F24
            | F::F25
            | F::F29
            | F::F30
            | F::F31
            | F::F32
            | F::F33
            | F::F34
            | F::F40
            | F::F41
            | F::F42
            | F::F43
            | F::F45
            | F::F46
            | F::F48
            | F::F49
            | F::F51 => matches!(self, Self::Send),
            // Of the session, not of a request.
            F::F10 | F::F60 => false,
        }
    }
}

/// How many requests of each kind there were.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    sends: u64,
    queries: u64,
    cancels: u64,
    merges: u64,
}

impl Counts {
    const fn next(&mut self, request: Request) -> u64 {
        let count = match request {
            Request::Send => &mut self.sends,
            Request::Query => &mut self.queries,
            Request::Cancel => &mut self.cancels,
            Request::Merge => &mut self.merges,
        };
        *count = count.saturating_add(1);
        *count
    }
}

/// A span in which the venue is in a mode of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) code: FaultCode,
    mode: u8,
    pub(crate) from: Nanos,
    pub(crate) to: Nanos,
    /// Until when only resting orders are taken afterwards.
    pub(crate) tail_to: Nanos,
    pub(crate) is_announced: bool,
}

/// Post-only, as events count the modes.
const POST_ONLY: u8 = 2;

impl Span {
    pub(crate) const fn of(code: FaultCode, mode: u8, from: Nanos, to: Nanos, p: &Params) -> Self {
        Self { code, mode, from, to, tail_to: after(to, p.tail), is_announced: p.is_announced }
    }

    /// The mode it puts the venue into at a time.
    fn mode_at(&self, at: Nanos) -> Option<u8> {
        if self.from <= at && at < self.to {
            Some(self.mode)
        } else if self.to <= at && at < self.tail_to {
            Some(POST_ONLY)
        } else {
            None
        }
    }
}

/// A plan at work.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strikes {
    plan: FaultPlan,
    used: Vec<u32>,
    counts: Counts,
    spans: Vec<Span>,
    injected: Vec<Injected>,
}

impl Strikes {
    pub(crate) fn of(plan: FaultPlan) -> Self {
        let used = vec![0; plan.faults.len()];
        let spans = plan
            .faults
            .iter()
            .filter(|fault| is_on_clock(fault))
            .filter_map(|fault| {
                let ((from, to), mode) = (fault.span()?, fault.code.mode()?);
                Some(Span::of(fault.code, mode, from, to, &fault.params))
            })
            .collect();
        Self { plan, used, spans, ..Self::default() }
    }

    /// The faults that strike a request; they are counted and recorded.
    pub(crate) fn strike(
        &mut self,
        request: Request,
        now: Nanos,
        about: Option<(OrderIx, Attempt)>,
    ) -> Vec<(FaultCode, Params)> {
        let facts = Facts {
            now,
            count: Some(self.counts.next(request)),
            rung: about.map(|(_, attempt)| attempt.rung),
            token: about.map(|(_, attempt)| attempt.token),
        };
        let mut struck = Vec::new();
        for (fault, used) in self.plan.faults.iter().zip(&mut self.used) {
            let is_left = fault.times == 0 || *used < fault.times;
            let is_here = request.is_struck_by(fault.code) && !is_on_clock(fault);
            if is_here && is_left && fault.holds(&facts) {
                *used = used.saturating_add(1);
                struck.push((fault.code, fault.params));
                self.injected.push((fault.code, now, about.map(|(order, _)| order)));
            }
        }
        struck
    }

    /// Spans and moments that stand on the clock from the start.
    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Times at which something foreign appears.
    pub(crate) fn foreign_at(&self) -> Vec<Nanos> {
        let foreign = self.plan.faults.iter().filter(|fault| fault.code == FaultCode::F46);
        let foreign = foreign.filter(|fault| is_on_clock(fault));
        foreign.filter_map(|fault| fault.span().map(|(from, _)| from)).collect()
    }

    pub(crate) fn add_span(&mut self, span: Span) {
        self.spans.push(span);
    }

    /// The mode at a time and the code behind it; 0 is normal. The first span of the plan wins.
    pub(crate) fn mode_at(&self, at: Nanos) -> (u8, Option<FaultCode>) {
        let found = self.spans.iter().find_map(|span| Some((span.mode_at(at)?, Some(span.code))));
        found.unwrap_or((0, None))
    }

    pub(crate) fn note(&mut self, code: FaultCode, at: Nanos, order: Option<OrderIx>) {
        self.injected.push((code, at, order));
    }

    /// How the plan repeats the `n`-th signal.
    pub(crate) fn repeat(&self, n: u64, now: Nanos) -> Option<Repeat> {
        SignalFaults::of(&self.plan).repeat(n, now)
    }

    pub(crate) fn take_injected(&mut self) -> Vec<Injected> {
        std::mem::take(&mut self.injected)
    }
}

/// Modes and foreign activity with a span and no other condition begin by the clock, not by a
/// request.
fn is_on_clock(fault: &Fault) -> bool {
    let is_timed = fault.code.mode().is_some() || fault.code == FaultCode::F46;
    let is_span_alone = fault.when.iter().all(|when| matches!(when, When::Between(_, _)));
    is_timed && is_span_alone && !fault.when.is_empty()
}

/// Bends the course of an order.
pub(crate) fn bend(course: &mut Course, code: FaultCode, p: &Params) {
    use FaultCode as F;
    match code {
        F::F13 if p.delay > Nanos(0) => course.reply_late = p.delay,
        F::F13 => course.said = Said::Silence,
        F::F14 => {
            course.is_lost = true;
            course.said = Said::Silence;
        }
        F::F15 => {
            course.late = p.delay;
            course.said = Said::Silence;
        }
        F::F16 | F::F20 => course.said = Said::As(Reply::Unknown),
        F::F17 | F::F18 if p.is_accepted => course.said = Said::As(Reply::Unknown),
        F::F17 | F::F18 => course.refusal = Some(Reply::Unknown),
        F::F19 => course.refusal = Some(p.refusal.reply()),
        F::F21 => {
            let wait = Wait { reply: Reply::Delayed, delay: p.delay, is_killed: !p.is_accepted };
            course.wait = Some(wait);
        }
        F::F22 => course.bend = Bend::Kill,
        // What was killed stays killed.
        F::F23 | F::F24 if course.bend == Bend::Kill => {}
        F::F23 if p.qty > Qty::ZERO => course.bend = Bend::AtMost(p.qty),
        F::F23 => course.bend = Bend::Share(p.share),
        F::F24 => course.bend = Bend::Over(p.qty),
        F::F25 => course.said = Said::As(Reply::Matched(p.qty)),
        F::F28 => course.refusal = Some(Reply::RefusedRate),
        F::F33 => {
            course.race = p.race;
            let rest = Wait { reply: Reply::Live, delay: p.delay, is_killed: !p.is_accepted };
            course.wait = course.wait.or(Some(rest));
        }
        F::F40 | F::F41 | F::F42 | F::F43 | F::F45 | F::F48 | F::F49 | F::F51 => {
            bend_trades(course, code, p);
        }
        // These change the venue, the account or the view, not the course of an order.
        F::F10 | F::F29 | F::F30 | F::F31 | F::F32 | F::F34 | F::F46 | F::F54 | F::F60 => {}
    }
}

fn bend_trades(course: &mut Course, code: FaultCode, p: &Params) {
    use FaultCode as F;
    let ending = Ending { delay: p.delay, is_failed: false, is_retried: false };
    match code {
        F::F40 => course.is_unheard = true,
        F::F41 => course.is_trade_first = true,
        F::F42 => course.copies = p.count,
        F::F43 => course.is_regressed = true,
        F::F45 => course.worse = Some(p.worse),
        F::F48 => course.ending = Some(Ending { is_failed: true, ..ending }),
        F::F49 => course.ending = Some(Ending { is_retried: true, ..ending }),
        F::F51 => course.ending = Some(ending),
        F::F10
        | F::F13
        | F::F14
        | F::F15
        | F::F16
        | F::F17
        | F::F18
        | F::F19
        | F::F20
        | F::F21
        | F::F22
        | F::F23
        | F::F24
        | F::F25
        | F::F28
        | F::F29
        | F::F30
        | F::F31
        | F::F32
        | F::F33
        | F::F34
        | F::F46
        | F::F54
        | F::F60 => {}
    }
}
