//! What many sessions came to, for people and as JSON.

use core::fmt::Write as _;
use std::collections::BTreeMap;

use super::property::{Property, Violation};
use super::scene::Scene;
use super::shrink::{describe, shrink};
use super::{Options, Outcome, chained};

/// Failing sessions that are shrunk and shown.
pub(super) const MOST_FAILURES: usize = 10;

/// A session that broke something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The first thing that did not hold.
    pub violation: Violation,
    /// The smallest plan that still breaks the same property, one line each.
    pub plan: Vec<String>,
}

/// What many sessions came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// First seed.
    pub from: u64,
    /// Sessions run.
    pub sessions: u64,
    /// Sessions with at least one fault.
    pub faulty: u64,
    /// Signals, orders and inputs in all.
    pub signals: u64,
    /// Orders sent.
    pub orders: u64,
    /// Inputs of the desk.
    pub inputs: u64,
    /// Checks per property, in the order of [`Property::ALL`].
    pub checks: Vec<u64>,
    /// Violations per property, likewise.
    pub broken: Vec<u64>,
    /// Sessions by the guard that had stopped trading at their end.
    pub stops: BTreeMap<&'static str, u64>,
    /// Digest over the digests of all sessions in order.
    pub digest: u64,
    /// Sessions that broke something.
    pub failed: u64,
    /// The first of them, shrunk.
    pub failures: Vec<Failure>,
}

impl Report {
    pub(super) fn new(from: u64) -> Self {
        let none = vec![0; Property::ALL.len()];
        Self {
            from,
            sessions: 0,
            faulty: 0,
            signals: 0,
            orders: 0,
            inputs: 0,
            checks: none.clone(),
            broken: none,
            stops: BTreeMap::new(),
            digest: 0,
            failed: 0,
            failures: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, seed: u64, outcome: &Outcome, options: &Options) {
        self.sessions += 1;
        self.faulty += u64::from(outcome.is_faulty);
        self.signals += outcome.signals;
        self.orders += outcome.orders;
        self.inputs += outcome.inputs;
        self.digest = chained(self.digest, outcome.digest);
        for (sum, count) in self.checks.iter_mut().zip(&outcome.checks) {
            *sum += count;
        }
        if let Some(guard) = outcome.stopped {
            *self.stops.entry(guard).or_default() += 1;
        }
        for violation in &outcome.violations {
            let place = Property::ALL.iter().position(|one| *one == violation.property);
            if let Some(count) = place.and_then(|place| self.broken.get_mut(place)) {
                *count += 1;
            }
        }
        let Some(first) = outcome.violations.first() else { return };
        self.failed += 1;
        if self.failures.len() < MOST_FAILURES {
            let scene = Scene::of(seed, options);
            let small = shrink(&scene, first.property, options);
            let failure = Failure { violation: first.clone(), plan: describe(&small) };
            self.failures.push(failure);
        }
    }

    /// The whole report as one JSON object.
    pub fn json(&self) -> String {
        let mut out = String::new();
        let _ = write!(
            out,
            "{{\"from_seed\":{},\"sessions\":{},\"faulty\":{},\"signals\":{},\"orders\":{},\
             \"inputs\":{},\"digest\":\"{:016x}\",\"failed\":{},\"properties\":[",
            self.from,
            self.sessions,
            self.faulty,
            self.signals,
            self.orders,
            self.inputs,
            self.digest,
            self.failed,
        );
        let counts = self.checks.iter().zip(&self.broken);
        for (place, (property, (checks, broken))) in Property::ALL.iter().zip(counts).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let (id, meaning) = (property.word(), quoted(property.meaning()));
            let _ = write!(
                out,
                "{comma}{{\"id\":\"{id}\",\"meaning\":{meaning},\"checks\":{checks},\
                 \"violations\":{broken}}}"
            );
        }
        out.push_str("],\"stops\":{");
        for (place, (guard, count)) in self.stops.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let _ = write!(out, "{comma}\"{guard}\":{count}");
        }
        out.push_str("},\"failures\":[");
        for (place, failure) in self.failures.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            failure_json(&mut out, comma, failure);
        }
        out.push_str("]}");
        out
    }
}

fn failure_json(out: &mut String, comma: &str, failure: &Failure) {
    let Violation { property, seed, event, message } = &failure.violation;
    let (id, message) = (property.word(), quoted(message));
    let plan: Vec<String> = failure.plan.iter().map(|line| quoted(line)).collect();
    let plan = plan.join(",");
    let _ = write!(
        out,
        "{comma}{{\"id\":\"{id}\",\"seed\":{seed},\"event\":{event},\"message\":{message},\
         \"plan\":[{plan}]}}"
    );
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
