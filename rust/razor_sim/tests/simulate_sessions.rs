//! The simulator: repeatable, lively, and able to find what is planted.

#![allow(clippy::arithmetic_side_effects, reason = "a test stops at the first surprise")]

use razor_sim::simulate::{
    FaultChoice, Options, Property, SESSION_CODES, Sabotage, run_seed, run_seeds,
};

fn swarm() -> Options {
    Options::default()
}

fn forced(code: &str) -> Options {
    Options { faults: FaultChoice::Forced(vec![code.to_owned()]), sabotage: None }
}

#[test]
fn no_session_breaks_a_property() {
    let report = run_seeds(0, 3_000, &swarm(), |_, _| true);
    assert_eq!(report.failures, []);
    assert_eq!((report.sessions, report.failed), (3_000, 0));
}

#[test]
fn every_property_is_checked_and_sessions_trade() {
    let report = run_seeds(50_000, 3_000, &swarm(), |_, _| true);
    for (property, checks) in Property::ALL.iter().zip(&report.checks) {
        assert!(*checks > 0, "{} was never checked", property.word());
    }
    assert!(report.orders > 2 * report.sessions, "{} orders", report.orders);
    assert!(report.signals > 5 * report.sessions, "{} signals", report.signals);
    let share = report.faulty * 100 / report.sessions;
    assert!((87..=93).contains(&share), "faults in {share} % of sessions");
    for guard in ["S-06", "S-08", "S-12", "S-22", "S-24", "S-26", "S-29", "S-32", "D-10", "L-2"] {
        assert!(report.stops.contains_key(guard), "no session was stopped by {guard}");
    }
}

#[test]
fn the_same_seed_gives_the_same_outcome() {
    for seed in 0..200 {
        assert_eq!(run_seed(seed, &swarm()), run_seed(seed, &swarm()), "seed {seed}");
    }
    let digests: std::collections::BTreeSet<u64> =
        (0..200).map(|seed| run_seed(seed, &swarm()).digest).collect();
    assert_eq!(digests.len(), 200, "different seeds are different sessions");
}

#[test]
fn a_report_is_that_of_its_sessions_one_by_one() {
    let whole = run_seeds(7, 20, &swarm(), |_, _| true);
    let orders: u64 = (7..27).map(|seed| run_seed(seed, &swarm()).orders).sum();
    assert_eq!(whole.orders, orders);
    assert_eq!(whole.digest, run_seeds(7, 20, &swarm(), |_, _| true).digest);
}

#[test]
fn a_session_without_faults_has_none() {
    let options = Options { faults: FaultChoice::None, sabotage: None };
    let report = run_seeds(0, 300, &options, |_, _| true);
    assert_eq!((report.faulty, report.failures.as_slice()), (0, [].as_slice()));
}

#[test]
fn each_code_can_be_forced_on() {
    let own = SESSION_CODES.iter().copied();
    let venue = razor_sim::gateway::FaultCode::ALL.iter().map(|code| code.word());
    for code in own.chain(venue) {
        let report = run_seeds(900, 40, &forced(code), |_, _| true);
        assert_eq!(report.failures, [], "{code}");
        let is_faulty = report.faulty == 40 || code == "F-60";
        assert!(is_faulty, "{code}: {} of 40 sessions are faulty", report.faulty);
    }
}

#[test]
fn a_job_can_be_stopped() {
    let report = run_seeds(0, 1_000, &swarm(), |done, total| {
        assert_eq!(total, 1_000);
        done < 128
    });
    assert_eq!(report.sessions, 128);
}

#[test]
fn choices_are_read_from_words() {
    assert_eq!(FaultChoice::parse(""), Ok(FaultChoice::Swarm));
    assert_eq!(FaultChoice::parse("none"), Ok(FaultChoice::None));
    let both = FaultChoice::Forced(vec!["F-13".to_owned(), "F-61".to_owned()]);
    assert_eq!(FaultChoice::parse("F-13, F-61"), Ok(both));
    assert_eq!(FaultChoice::parse("F-13,F-99"), Err("F-99".to_owned()));
}

/// The property that each planted mistake is found by, among others.
fn found_by(sabotage: Sabotage) -> &'static [Property] {
    use Property as P;
    match sabotage {
        Sabotage::RetryPost | Sabotage::ResendSame => &[P::S05],
        Sabotage::AbsentAtOnce | Sabotage::UnknownIsRefusal | Sabotage::ZeroIsNone => &[P::S04],
        Sabotage::TradeTwice | Sabotage::ClaimIsFill | Sabotage::IgnoreVoid => &[P::S10],
        Sabotage::SkipJournal | Sabotage::DoubleSize => &[P::D1],
        Sabotage::ProvIsConf => &[P::S09, P::S22],
        Sabotage::SendAfterStop => &[P::S06],
        Sabotage::DropMode => &[P::S21],
        Sabotage::StaleBooks => &[P::S18],
        Sabotage::ForgetDedup => &[P::S17],
        Sabotage::ForgetRestart => &[P::D4],
        Sabotage::WorsePrice => &[P::S07],
    }
}

#[test]
fn every_planted_mistake_is_found_within_500_seeds() {
    for sabotage in Sabotage::ALL {
        let options = Options { sabotage: Some(*sabotage), ..Options::default() };
        let is_found = |property: &Property| {
            (0..500).any(|seed| {
                let outcome = run_seed(seed, &options);
                outcome.violations.iter().any(|violation| violation.property == *property)
            })
        };
        for property in found_by(*sabotage) {
            assert!(is_found(property), "{} is not found by {property:?}", sabotage.word());
        }
    }
}

#[test]
fn a_failure_is_shown_with_a_plan_that_is_smaller_and_still_fails() {
    let options = Options { sabotage: Some(Sabotage::TradeTwice), ..Options::default() };
    let report = run_seeds(0, 1, &options, |_, _| true);
    let failure = report.failures.first().expect("a planted mistake is found");
    let signals = failure.plan.iter().filter(|line| line.starts_with("signal ")).count();
    assert_eq!(signals, 1, "{:#?}", failure.plan);
    assert_eq!(report.failed, 1);
}

#[test]
fn the_report_as_json_names_every_property() {
    let text = run_seeds(0, 10, &swarm(), |_, _| true).json();
    for property in Property::ALL {
        assert!(text.contains(&format!("{{\"id\":\"{}\",", property.word())), "{text}");
    }
    assert!(text.starts_with("{\"from_seed\":0,\"sessions\":10,"), "{text}");
}
