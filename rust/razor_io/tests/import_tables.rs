//! Importers by tables: each row is a small source and the capture that it must become.
//!
//! One part per format. Expected lines are literal texts, never computed by the code under test.

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

#[path = "import_tables/kit.rs"]
mod kit;
#[path = "import_tables/predecessor.rs"]
mod predecessor;
#[path = "import_tables/quotes.rs"]
mod quotes;
#[path = "import_tables/sessions.rs"]
mod sessions;
#[path = "import_tables/streams.rs"]
mod streams;
#[path = "import_tables/sweeps.rs"]
mod sweeps;
