//! Simulated worlds for razor, all from seeds: the same seed gives the same bytes on any machine.
//!
//! Owns: [`exchange`], the matching engine and ledger of the local exchange, [`crowd`], the seeded
//! traders of a world on it, [`feedgen`],
//! market-channel traffic that knows the books its messages lead to, [`gateway`], the simulated
//! venue with its faults and its truth, [`simulate`], whole sessions of the desk under faults,
//! [`tape`], a recording as the outside of the local exchange, and [`world`], a small recording
//! with planted sets.
//!
//! Must never: read a clock, the environment or any randomness but [`rng`].

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a crowd is made of our own bounded numbers; a wrong one must stop it at once"
)]
pub mod crowd;
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "amounts are bounded where they enter; a wrong index or sum must stop it at once, and \
              overflow checks stay on"
)]
pub mod exchange;
pub mod feedgen;
pub mod gateway;
pub mod local;
pub mod rng;
#[expect(
    clippy::arithmetic_side_effects,
    reason = "times and sizes of sessions are our own small numbers; overflow checks stay on"
)]
pub mod simulate;
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "counts are small and markets are found by indices that were handed out; overflow \
              checks stay on"
)]
pub mod tape;
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a world is made of our own small numbers; a wrong one must stop its making at once"
)]
pub mod world;
