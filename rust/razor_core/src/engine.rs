//! The fold: every input is a record, every output a row, a signal or an alarm.
pub mod meta;
pub mod quote;
pub mod record;
pub mod trade;
