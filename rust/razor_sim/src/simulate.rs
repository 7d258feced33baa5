//! The deterministic simulator behind `razor simulate`: the real desk against the simulated venue.
//!
//! One seed is one session: 1 to 20 signals over a handful of sets, books that move, vanish and go
//! stale, and a mix of faults drawn by the seed (swarm testing: each seed leaves most faults out
//! and overdoes some). Time is virtual. In the *safety phase* faults strike; then everything is
//! healed and in the *liveness phase* every signal must come to its one end and the desk to rest.
//!
//! Owns: [`run_seed`], [`run_seeds`], [`Options`], [`Report`]. What is checked stands in
//! [`Property`]; every check is held against the venue's [`crate::gateway::Truth`] or recomputed,
//! never read from the desk's own view.
//!
//! Must never: read a clock, use randomness but the seed's, or panic on what it finds: a violation
//! is data and comes with a minimal plan.

mod books;
mod bounds;
mod causes;
mod check;
mod digest;
mod fold;
mod property;
mod report;
mod sabotage;
mod scene;
mod session;
mod shrink;
mod trouble;
mod truth_book;
mod verdict;

use std::hash::Hasher;

pub use property::{Property, Violation};
pub use report::{Failure, Report};
pub use sabotage::Sabotage;
pub use trouble::SESSION_CODES;

use digest::Digest;
use scene::Scene;
use session::Session;

use crate::gateway::FaultCode;

/// Every how many seeds the whole journal is folded again at the end (D-4).
const REPLAY_EVERY: u64 = 8;
/// Every how many seeds the session is run twice (D-9).
const TWICE_EVERY: u64 = 64;

/// Which faults a session may draw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FaultChoice {
    /// A mix by seed; one session in ten has none.
    #[default]
    Swarm,
    /// None at all.
    None,
    /// These codes in every session, beside the mix by seed.
    Forced(Vec<String>),
}

impl FaultChoice {
    /// Reads `none` or a comma list of codes; empty is the swarm.
    ///
    /// # Errors
    /// The first word that is no code of the simulator.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "" => return Ok(Self::Swarm),
            "none" => return Ok(Self::None),
            _ => {}
        }
        let codes: Vec<String> = text.split(',').map(|code| code.trim().to_owned()).collect();
        let is_known =
            |code: &str| SESSION_CODES.contains(&code) || FaultCode::parse(code).is_some();
        match codes.iter().find(|code| !is_known(code)) {
            Some(unknown) => Err(unknown.clone()),
            None => Ok(Self::Forced(codes)),
        }
    }
}

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Faults.
    pub faults: FaultChoice,
    /// A mistake planted into the shell, for the negative controls.
    pub sabotage: Option<Sabotage>,
}

/// What came of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Digest of everything it put out.
    pub digest: u64,
    /// Checks per property, in the order of [`Property::ALL`].
    pub checks: Vec<u64>,
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// Orders that were sent.
    pub orders: u64,
    /// Inputs of the desk.
    pub inputs: u64,
    /// Signals delivered, repeats included.
    pub signals: u64,
    /// Whether any fault could strike.
    pub is_faulty: bool,
    /// The guard that had stopped trading at the end, if one had.
    pub stopped: Option<&'static str>,
}

/// Runs the session of one seed.
pub fn run_seed(seed: u64, options: &Options) -> Outcome {
    let scene = Scene::of(seed, options);
    let mut outcome = play(&scene, options);
    if seed.is_multiple_of(TWICE_EVERY) {
        let again = play(&scene, options).digest;
        let is_same = again == outcome.digest;
        let mut findings = property::Findings::new(seed);
        findings.check(Property::D9, is_same, || format!("{again:016x} the second time"));
        let (checks, violations) = findings.into_parts();
        for (sum, count) in outcome.checks.iter_mut().zip(checks) {
            *sum += count;
        }
        outcome.violations.extend(violations);
    }
    outcome
}

/// Runs the seeds `from .. from + count`; `tick` is told how many are done and may end it early.
///
/// Failing sessions are shrunk, the first [`report::MOST_FAILURES`] of them.
pub fn run_seeds(
    from: u64,
    count: u64,
    options: &Options,
    mut tick: impl FnMut(u64, u64) -> bool,
) -> Report {
    let mut report = Report::new(from);
    for done in 0..count {
        if done.is_multiple_of(TWICE_EVERY) && !tick(done, count) {
            return report;
        }
        let seed = from.wrapping_add(done);
        let outcome = run_seed(seed, options);
        report.add(seed, &outcome, options);
    }
    tick(count, count);
    report
}

/// Plays a scene to its end and judges it.
fn play(scene: &Scene, options: &Options) -> Outcome {
    let mut session = Session::new(scene, options.sabotage);
    session.run();
    session.judge();
    if scene.seed.is_multiple_of(REPLAY_EVERY) {
        session.judge_replay();
    }
    session.into_outcome()
}

impl Session<'_> {
    /// D-4 at the end of a session.
    fn judge_replay(&mut self) {
        let is_same = self.replayed(self.journal.len()) == self.fold;
        self.check.findings.check(Property::D4, is_same, || {
            String::from("the whole journal folded again gives another state")
        });
    }

    fn into_outcome(mut self) -> Outcome {
        let truth = self.gateway.truth();
        let orders = u64::try_from(truth.orders().count()).unwrap_or(u64::MAX);
        for (order, truth) in truth.orders() {
            self.digest.write_u64(order.0);
            self.digest.write_u64(truth.matched().0);
        }
        let (checks, violations) = self.check.findings.clone().into_parts();
        Outcome {
            digest: self.digest.value(),
            checks,
            violations,
            orders,
            inputs: self.check.findings.event,
            signals: u64::try_from(self.deliveries.len()).unwrap_or(u64::MAX),
            is_faulty: !self.scene.faults.is_empty() || !self.scene.troubles.is_empty(),
            stopped: self.fold.desk.stopped().map(|guard| guard.id.word()),
        }
    }
}

/// The digest of a digest and the next one.
fn chained(digest: u64, next: u64) -> u64 {
    let mut both = Digest::default();
    both.write_u64(digest);
    both.write_u64(next);
    both.value()
}
