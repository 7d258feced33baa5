//! The order path inside the fold: a seeded world brings the signals and the test plays the venue,
//! with venue events and durable intents as the journal has them.
//!
//! One file per concern; `play.rs` holds the run that all of them feed.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a test stops at the first surprise"
)]

#[path = "engine_orders/laws.rs"]
mod laws;
#[path = "engine_orders/play.rs"]
mod play;
#[path = "engine_orders/restarts.rs"]
mod restarts;
#[path = "engine_orders/rows.rs"]
mod rows;
#[path = "engine_orders/words.rs"]
mod words;
