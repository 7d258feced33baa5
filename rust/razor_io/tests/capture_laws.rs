//! Laws of captures, checked on seeded files and on tables of literal lines.
//!
//! The parts: `roundtrip` (any records, any split into blocks), `cuts` (every place at which a file
//! can end), `spellings` (valid JSON that razor does not write), `recounts` (manifest and `info`
//! against a count that shares no code with them), `limits` (both sides of each bound).

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::needless_for_each,
    clippy::panic,
    clippy::type_complexity,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]
#![allow(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::needless_for_each,
    reason = "a test reads better than it runs"
)]

#[path = "capture_laws/cuts.rs"]
mod cuts;
#[path = "capture_laws/kit.rs"]
mod kit;
#[path = "capture_laws/limits.rs"]
mod limits;
#[path = "capture_laws/recounts.rs"]
mod recounts;
#[path = "capture_laws/roundtrip.rs"]
mod roundtrip;
#[path = "capture_laws/spellings.rs"]
mod spellings;
