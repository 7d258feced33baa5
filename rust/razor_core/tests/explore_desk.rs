//! The exhaustive explorer (INVARIANTS §6.1): the real desk against a venue that may do anything
//! within small budgets, every state once, every law in every step.
//!
//! `make test` closes the small worlds; `make nightly` the large ones, which are `#[ignore]`d.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    missing_docs,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "explore_desk/cover.rs"]
mod cover;
#[path = "explore_desk/laws.rs"]
mod laws;
#[path = "explore_desk/search.rs"]
mod search;
#[path = "explore_desk/silence.rs"]
mod silence;
#[path = "explore_desk/world.rs"]
mod world;
#[path = "explore_desk/worlds.rs"]
mod worlds;

use cover::Cover;
use search::{Limits, Report, Way, explore};

fn say(report: &Report) {
    let Report { name, states, steps, is_closed, widest, silent_runs, .. } = report;
    println!(
        "{name}: {states} states, {steps} steps, {}, frontier at most {widest}, \
         {silent_runs} runs in silence",
        if *is_closed { "closed" } else { "NOT closed" },
    );
    if let Some((breach, plan)) = &report.breach {
        println!("{}: {}\n{plan}", breach.law, breach.what);
    }
}

#[test]
fn one_world() {
    let name = std::env::var("WORLD").unwrap_or_default();
    let limits = Limits {
        states: std::env::var("STATES").map_or(300_000, |text| text.parse().unwrap()),
        ..Limits::closing()
    };
    for config in worlds::daily().into_iter().chain(worlds::guards()) {
        if name.is_empty() || config.name == name {
            let start = std::fs::read_to_string("/proc/uptime").unwrap();
            say(&explore(&config, &limits, &mut Cover::default()));
            let end = std::fs::read_to_string("/proc/uptime").unwrap();
            println!("{start} {end}");
        }
    }
    let _ = Way::Depth;
}
