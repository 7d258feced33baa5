//! The whole fold from outside: records in, rows, signals and counts out.
//!
//! One file per concern; `run.rs` holds the run that all of them feed. Every test speaks the
//! formats of the journal and the venue as text, so that it fails when a format moves.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::similar_names,
    clippy::too_many_lines,
    clippy::type_complexity,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test stops loudly where the core must not"
)]

#[path = "engine_fold/any.rs"]
mod any;
#[path = "engine_fold/attention.rs"]
mod attention;
#[path = "engine_fold/clock.rs"]
mod clock;
#[path = "engine_fold/definitions.rs"]
mod definitions;
#[path = "engine_fold/frames.rs"]
mod frames;
#[path = "engine_fold/gaps.rs"]
mod gaps;
#[path = "engine_fold/quotes.rs"]
mod quotes;
#[path = "engine_fold/run.rs"]
mod run;
#[path = "engine_fold/settings.rs"]
mod settings;
#[path = "engine_fold/trades.rs"]
mod trades;
