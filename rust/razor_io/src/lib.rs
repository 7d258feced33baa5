//! The shell of razor in Rust: what touches files, clocks and threads so that the core need not.
//!
//! Start reading at [`capture`] (the portable recording) and [`import`] (other formats into it).

pub mod capture;
pub mod import;
