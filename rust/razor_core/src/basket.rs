//! The basket machine: one signal at a time, from its first order to its one terminal row.
//!
//! ```text
//! Idle -> FiringLeg1 -> Leg1Filled -> Chasing -> SettlePending -> Cooldown -> Idle
//!              |             |           |        ^      |
//!              |             +-----------+-> Flattening -+-> HardStop
//!              +-> Cooldown (nothing was filled)
//! SafeHold -> Idle | Flattening | HardStop (after a restart, once the venue has been asked)
//! ```
//!
//! The worst leg is fired first; only what it got is bought on the other legs, in two steps within
//! the budget; what then stands alone is sold in three panic steps; what cannot be sold stops
//! trading. Sets that are whole are never sold: they are merged or held. Shares are spent only when
//! the chain has confirmed them (S-09, S-22), and the wait for that is bounded.
//!
//! Owns: [`Phase`], [`Plan`] (a signal as the desk needs it), [`Desk`] (the account: its phase, the
//! set in work, its orders, ledger and caps). Time is an input and deadlines are events, so that
//! the same [`Desk::step`] runs in production, in the simulator and in the exhaustive explorer.
//!
//! Must never: send without a durable intent, believe an unproven answer, sell what is not
//! confirmed, or block an action without saying which guard did and by which numbers (D-7).

mod admit;
mod desk;
mod drive;
mod finish;
mod flow;
mod legs;
mod orders;
mod plan;
mod restart;
mod row;
mod standing;

pub use desk::{
    Action, Answer, Desk, DeskTimer, Input, Operator, Refusal, Trade, Treasury, VenueMode,
};
pub use legs::{Basket, LegState, Merge, Purpose, Wait};
pub use orders::{Ack, FINISHED_BYTES, Orders, Slot};
pub use plan::{LegPlan, Plan, Quote, Rules, View, Waits};
pub use row::{Row, Sample};
pub use standing::Standing;

/// Where the desk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// No set is in work.
    Idle,
    /// The first order, on the worst leg, is planned or out.
    FiringLeg1,
    /// The first order has fills and is not over yet.
    Leg1Filled,
    /// The other legs are bought.
    Chasing {
        /// Place in the order of legs, from 1.
        place: u8,
        /// Step of the ladder, 1 or 2.
        step: u8,
    },
    /// Leftovers are sold.
    Flattening,
    /// Fills wait for the chain, or a merge for its receipt.
    SettlePending,
    /// A set ended; its market rests.
    Cooldown,
    /// After a restart: nothing but questions and cancels until the venue has been asked.
    SafeHold,
    /// Trading has stopped.
    HardStop,
}

impl Phase {
    /// The name of the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::FiringLeg1 => "FIRING_LEG1",
            Self::Leg1Filled => "LEG1_FILLED",
            Self::Chasing { .. } => "CHASING",
            Self::Flattening => "FLATTENING",
            Self::SettlePending => "SETTLE_PENDING",
            Self::Cooldown => "COOLDOWN",
            Self::SafeHold => "SAFE_HOLD",
            Self::HardStop => "HARD_STOP",
        }
    }

    /// Whether a new set may begin.
    pub const fn is_free(self) -> bool {
        match self {
            Self::Idle | Self::Cooldown => true,
            Self::FiringLeg1
            | Self::Leg1Filled
            | Self::Chasing { .. }
            | Self::Flattening
            | Self::SettlePending
            | Self::SafeHold
            | Self::HardStop => false,
        }
    }
}

/// The word that ends a signal; each accepted signal has exactly one (L-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A whole set, or several, and nothing left over.
    SetDone,
    /// Nothing was bought.
    NoFill,
    /// Leftovers were sold, or what is left is too small to sell.
    Flattened,
    /// Too old when its turn came.
    Expired,
    /// A cap, a cooldown, a venue mode or a full queue.
    RejectedByRisk,
    /// Trading stopped on it.
    HardStop,
}

impl Outcome {
    /// The `result` word of the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SetDone => "SET_DONE",
            Self::NoFill => "NO_FILL",
            Self::Flattened => "FLATTENED",
            Self::Expired => "EXPIRED",
            Self::RejectedByRisk => "REJECTED_BY_RISK",
            Self::HardStop => "HARDSTOP",
        }
    }
}
