//! Figures of the simulator:
//! `cargo run --release -p razor_sim --example simulate_figures -- 10000`.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures and prints")]

use std::time::Instant;

use razor_sim::simulate::{FaultChoice, Options, Property, Sabotage, run_seeds};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |place: usize, or: u64| words.get(place).and_then(|w| w.parse().ok()).unwrap_or(or);
    let (count, from) = (number(0, 1_000), number(1, 0));
    let word = |place: usize| words.get(place).map(String::as_str).unwrap_or_default();
    let faults = FaultChoice::parse(word(2)).unwrap_or_default();
    let options = Options { faults, sabotage: Sabotage::parse(word(3)) };
    let start = Instant::now();
    let report = run_seeds(from, count, &options, |_, _| true);
    let took = start.elapsed();
    println!(
        "{} sessions, {} faulty, {} signals, {} orders, {} inputs, digest {:016x}, {took:?}",
        report.sessions, report.faulty, report.signals, report.orders, report.inputs, report.digest
    );
    for (property, (checks, broken)) in
        Property::ALL.iter().zip(report.checks.iter().zip(&report.broken))
    {
        println!("{:5} {checks:>10} {broken:>6}  {}", property.word(), property.meaning());
    }
    println!("stops {:?}; failed {}", report.stops, report.failed);
    for failure in &report.failures {
        println!("{:?}", failure.violation);
        for line in &failure.plan {
            println!("    {line}");
        }
    }
}
