//! What one order is for: the attempt behind it, and the names that follow it everywhere.
//!
//! Owns: [`Attempt`], [`AttemptKey`], [`OrderIx`], [`OrderHash`], [`TradeId`]. An attempt never
//! changes once it is planned; what becomes of it is [`super::Order`].
//!
//! Invariant: an [`OrderIx`] is never given twice in the life of an account (S-13).

use crate::ids::TokenIx;
use crate::units::{Bps, Price, Qty};

/// Number of an attempt in the life of the account, from 0, never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct OrderIx(pub u64);

/// The hash of the signed order, known before its first byte leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderHash(pub [u8; 32]);

/// A venue's id of one match, as 16 bytes (a UUID, or a digest of another spelling).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TradeId(pub [u8; 16]);

/// Which way an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Pays dollars, gets shares.
    Buy,
    /// Gives shares, gets dollars.
    Sell,
}

impl Side {
    /// The word of the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }
}

/// The rung of the ladders an attempt stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The first order of a set, on its worst leg.
    Fire,
    /// First chase step: best ask plus 10 bps.
    ChaseOne,
    /// Second chase step: best ask plus the whole budget.
    ChaseTwo,
    /// First panic step: bid less 1 %.
    FlatOne,
    /// Second panic step: bid less 5 %.
    FlatTwo,
    /// Third panic step: bid less 10 %.
    FlatThree,
}

impl Rung {
    /// All rungs in order.
    pub const ALL: [Self; 6] =
        [Self::Fire, Self::ChaseOne, Self::ChaseTwo, Self::FlatOne, Self::FlatTwo, Self::FlatThree];

    /// The `action` word of the tables.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Fire => "FIRE",
            Self::ChaseOne | Self::ChaseTwo => "CHASE",
            Self::FlatOne | Self::FlatTwo | Self::FlatThree => "FLATTEN",
        }
    }

    /// Whether it takes on exposure (S-30: entries may not use the reserve kept for exits).
    pub const fn is_entry(self) -> bool {
        match self {
            Self::Fire | Self::ChaseOne | Self::ChaseTwo => true,
            Self::FlatOne | Self::FlatTwo | Self::FlatThree => false,
        }
    }

    /// Panic steps used up once an order stood on this rung: those before it count, sent or not.
    pub const fn panic_steps(self) -> u8 {
        match self {
            Self::Fire | Self::ChaseOne | Self::ChaseTwo => 0,
            Self::FlatOne => 1,
            Self::FlatTwo => 2,
            Self::FlatThree => 3,
        }
    }

    /// The side of every order on this rung: sets are bought, leftovers sold.
    pub const fn side(self) -> Side {
        if self.is_entry() { Side::Buy } else { Side::Sell }
    }
}

/// `(s, i, k)` of INVARIANTS §1: the signal, the leg in table order, and the attempt on that leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptKey {
    /// Signal number of the run.
    pub signal_id: u64,
    /// Leg in table order, 0..=63.
    pub leg: u8,
    /// Counts attempts on this leg of this signal, from 1.
    pub attempt: u16,
}

/// One order as it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt {
    /// Signal, leg, attempt.
    pub key: AttemptKey,
    /// Rung of the ladders.
    pub rung: Rung,
    /// Outcome token.
    pub token: TokenIx,
    /// Limit price on the market's grid.
    pub limit: Price,
    /// Shares asked for, above zero.
    pub order_qty: Qty,
    /// The budget this attempt may use; `None` outside a chase.
    pub budget: Option<Bps>,
}

impl Attempt {
    /// The side, which the rung decides.
    pub const fn side(&self) -> Side {
        self.rung.side()
    }
}
