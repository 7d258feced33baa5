//! Seeded worlds: the same seed gives the same bytes on any machine.
//!
//! Owns: [`feedgen`], a generator of market-channel traffic that knows the books its messages lead
//! to, and [`rng`], the only source of variety.
//!
//! Must never: read a clock, the environment or any other randomness.

pub mod feedgen;
pub mod rng;
