//! Simulated worlds for razor, all from seeds: the same number gives the same bytes anywhere.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "worlds are made by our own small numbers; a wrong one must stop the generator at once"
)]

pub mod seed;
pub mod world;
