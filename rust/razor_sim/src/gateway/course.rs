//! How one order will go: the plain course, bent by the faults that strike it.
//!
//! Owns: [`Course`]. Every fault of an order is a change of these few fields, so that two faults on
//! one order need no code of their own.

use razor_core::order::gateway::Reply;
use razor_core::shadow::exact::FillShare;
use razor_core::units::{Nanos, Qty};

/// What the answer will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Said {
    /// What happened.
    #[default]
    True,
    /// Nothing, ever.
    Silence,
    /// Something else.
    As(Reply),
}

/// What a fault does to the quantity that the book would give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Bend {
    /// Nothing.
    #[default]
    None,
    /// Nothing is matched.
    Kill,
    /// At most this much.
    AtMost(Qty),
    /// This share of it, rounded down.
    Share(FillShare),
    /// The whole order and this much more.
    Over(Qty),
}

/// What a cancel does to an order that waits at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Race {
    /// The cancel comes first: nothing is matched.
    #[default]
    CancelWins,
    /// The match comes just before the cancel.
    FillFirst,
    /// The cancel is lost: the order waits on and is matched when its time comes.
    CancelLost,
}

/// An order that the venue takes and matches later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    /// What the answer calls it.
    pub(crate) reply: Reply,
    /// How long.
    pub(crate) delay: Nanos,
    /// It is killed instead of matched.
    pub(crate) is_killed: bool,
}

/// How a trade ends, where a fault decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    /// After how long.
    pub(crate) delay: Nanos,
    /// It fails.
    pub(crate) is_failed: bool,
    /// It is told as provisional once more on half the way.
    pub(crate) is_retried: bool,
}

/// How one order will go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fault, and any may meet any other")]
pub(crate) struct Course {
    /// It never arrives.
    pub(crate) is_lost: bool,
    /// It is refused on arrival.
    pub(crate) refusal: Option<Reply>,
    /// Extra time on the way there.
    pub(crate) late: Nanos,
    /// The answer.
    pub(crate) said: Said,
    /// Extra time on the way back.
    pub(crate) reply_late: Nanos,
    /// It waits at the venue.
    pub(crate) wait: Option<Wait>,
    /// What a cancel does while it waits.
    pub(crate) race: Race,
    /// Quantity.
    pub(crate) bend: Bend,
    /// Micro-dollars by which the price is worse than the limit.
    pub(crate) worse: Option<u32>,
    /// The stream tells nothing of it.
    pub(crate) is_unheard: bool,
    /// The stream tells its trades before the answer.
    pub(crate) is_trade_first: bool,
    /// Each trade is told this many times more.
    pub(crate) copies: u8,
    /// After its final state a trade is told as provisional once more.
    pub(crate) is_regressed: bool,
    /// How its trades end.
    pub(crate) ending: Option<Ending>,
}
