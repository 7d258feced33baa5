//! Simulated worlds for razor, all from seeds: the same seed gives the same bytes on any machine.
//!
//! Owns: [`feedgen`], market-channel traffic that knows the books its messages lead to,
//! [`gateway`], the simulated venue with its faults and its truth, and [`world`], a whole small
//! recording with planted sets.
//!
//! Must never: read a clock, the environment or any randomness but [`rng`].

pub mod feedgen;
pub mod gateway;
pub mod rng;
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a world is made of our own small numbers; a wrong one must stop its making at once"
)]
pub mod world;
