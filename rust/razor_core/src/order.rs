//! The order machine: what is known of one order, and what that lets us do.
//!
//! Every order is immediate-or-cancel. Its life as the table has it:
//!
//! ```text
//! Planned -> Journaled -> Sent -> Live | Delayed | Unknown -> Terminal(Full|Partial|None|Rejected)
//! ```
//!
//! `Planned` is a decision in memory. `Journaled` means that the intent, hash included, is durable:
//! only now may it be released (D-1). `Sent` waits for the venue's answer. From there the machine
//! believes nothing but proof: an answer that claims fills is a hint until the trades add up to it,
//! and one that claims none is no proof at all, since no trade could ever contradict it in time
//! (F-25; a kill has its own text, F-22), a lost answer says nothing (F-13 … F-17), "not found" before the deadline proves nothing
//! (F-14), and a cancel is a request (F-33). What is not proven is `Unknown`: asked about again and
//! again, fenced by a cancel at the first deadline, and handed to a person at the second.
//!
//! Owns: [`Order`], [`Event`], [`Action`], [`step`]. Must never: read a clock (deadlines are
//! events), send twice, or leave `Terminal` — a fill that comes after it is booked as a late
//! arrival.
//!
//! Invariants: exactly one transition gives [`Action::Send`]; `cum_qty` never falls; an event that
//! cannot happen is [`Refused`] and listed by name, never passed over by a wildcard (S-31).

pub mod answer;
pub mod attempt;
pub mod gateway;
pub mod ladder;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use attempt::{Attempt, AttemptKey, OrderHash, OrderIx, Rung, Side, TradeId};

use crate::units::Qty;

/// Shares of rounding that venue and razor may disagree about per order: 0.01 share (F-24, S-10).
pub const DUST: Qty = Qty(10_000);

/// Quantities of an order whose outcome is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Open {
    /// Shares asked for.
    pub order_qty: Qty,
    /// Shares proven bought or sold by trades; voided trades stay in it.
    pub cum_qty: Qty,
}

/// An order whose outcome is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doubt {
    /// Its quantities.
    pub open: Open,
    /// What the venue says was matched, while the trades do not yet add up to it.
    pub claim: Option<Qty>,
    /// Whether the deadline has passed and a cancel was sent as a fence.
    pub is_fenced: bool,
}

/// How an order ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// All of it was matched.
    Full,
    /// Some of it was matched.
    Partial,
    /// Nothing was matched.
    None,
    /// The venue proved that it refused the order.
    Rejected,
}

/// An order that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Closed {
    /// Its quantities; a late arrival still adds to them.
    pub open: Open,
    /// How it ended, as first proven.
    pub end: End,
    /// Whether it ended by absence alone: its reservation stays until the late window is over
    /// (F-15).
    pub is_watched: bool,
}

/// What is known of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Decided; its intent is not durable, so no byte of it may exist outside.
    Planned {
        /// Shares asked for.
        order_qty: Qty,
    },
    /// The intent is durable; the last check before the wire is due.
    Journaled {
        /// Shares asked for.
        order_qty: Qty,
    },
    /// On the wire; the venue has not answered.
    Sent(Open),
    /// The venue let it rest, which an immediate order must not: a cancel is under way.
    Live(Open),
    /// The venue matches it later (F-21).
    Delayed(Open),
    /// Not proven.
    Unknown(Doubt),
    /// Over.
    Terminal(Closed),
}

/// A deadline of an order. How long each is stands in the settings of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The answer to the order is overdue.
    Answer,
    /// Time to ask again.
    Poll,
    /// The outcome is overdue; twice.
    Resolve,
    /// The window for late arrivals is over.
    Late,
}

/// What a question about an order brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// The venue says it is over with this much matched.
    Finished {
        /// Shares matched.
        matched: Qty,
    },
    /// The venue says it rests or waits.
    Open,
    /// No order, no trade and no change of balance: all witnesses agree (rule 0.6).
    Absent,
    /// The question was not answered, or the witnesses disagree.
    Silent,
}

/// What can happen to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The intent is durable.
    Journaled,
    /// The check before the wire passed.
    Released,
    /// The check before the wire failed, or the intent could not be made durable.
    Withdrawn,
    /// The venue answered that the order is over with this much matched; a hint.
    Claimed {
        /// Shares matched, as the answer has it.
        matched: Qty,
    },
    /// The venue answered that the order rests.
    Rested,
    /// The venue answered that it matches later.
    Deferred,
    /// The venue's answer proves a refusal.
    Refused,
    /// The answer proves nothing, or there is none.
    Unproven,
    /// A trade of this order, seen for the first time.
    Filled {
        /// Shares of the trade.
        last_qty: Qty,
    },
    /// A question about it was answered.
    Found(Evidence),
    /// A deadline passed.
    Elapsed(Timer),
}

/// What the shell must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Check it once more and then release or withdraw it.
    Check,
    /// Put the order on the wire.
    Send,
    /// Ask for a cancel by hash.
    Cancel,
    /// Ask for the order, its trades and the balance.
    Query,
    /// Start this deadline anew.
    Arm(Timer),
    /// Forget every deadline of the order.
    Disarm,
    /// The order is over.
    Ended,
    /// A trade came after the order was over (F-15).
    LateArrival,
    /// More was matched than asked for, beyond the dust (S-12).
    Overfilled,
    /// Nobody could prove what became of it in time (L-2).
    Unresolved,
}

/// Why a step was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// The event cannot happen in this state.
    #[error(
        "an order in state {state} cannot take {event:?}; the journal or the venue broke order"
    )]
    Illegal {
        /// The state.
        state: &'static str,
        /// What came.
        event: Event,
    },
    /// Shares beyond 64 bits.
    #[error("fills of one order exceed 64 bits of micro-shares")]
    Overflow,
}

/// The next state and what to do, in order.
pub type Step = Result<(Order, &'static [Action]), Refused>;

const ASK: &[Action] =
    &[Action::Disarm, Action::Query, Action::Arm(Timer::Poll), Action::Arm(Timer::Resolve)];
const WAIT: &[Action] = &[Action::Disarm, Action::Arm(Timer::Poll), Action::Arm(Timer::Resolve)];
const POLL: &[Action] = &[Action::Arm(Timer::Poll)];
const FENCE: &[Action] = &[Action::Cancel, Action::Query, Action::Arm(Timer::Resolve)];
const END: &[Action] = &[Action::Disarm, Action::Ended];
const END_WATCHED: &[Action] =
    &[Action::Disarm, Action::Arm(Timer::Late), Action::Arm(Timer::Poll), Action::Ended];
const OVER: &[Action] = &[Action::Disarm, Action::Ended, Action::Overfilled];

/// Takes one event.
///
/// # Errors
/// [`Refused`]: the state stays as it was; the caller stops trading (S-31).
pub fn step(order: Order, event: Event) -> Step {
    match order {
        Order::Planned { order_qty } => planned(order_qty, event),
        Order::Journaled { order_qty } => journaled(order_qty, event),
        Order::Sent(open) => sent(open, event),
        Order::Live(open) => waiting(open, event, Order::Live),
        Order::Delayed(open) => waiting(open, event, Order::Delayed),
        Order::Unknown(doubt) => unknown(doubt, event),
        Order::Terminal(closed) => terminal(closed, event),
    }
}

fn planned(order_qty: Qty, event: Event) -> Step {
    let order = Order::Planned { order_qty };
    match event {
        Event::Journaled => Ok((Order::Journaled { order_qty }, &[Action::Check])),
        Event::Withdrawn => withdrawn(order_qty),
        Event::Released
        | Event::Claimed { .. }
        | Event::Rested
        | Event::Deferred
        | Event::Refused
        | Event::Unproven
        | Event::Filled { .. }
        | Event::Found(_)
        | Event::Elapsed(_) => refused(order, event),
    }
}

fn journaled(order_qty: Qty, event: Event) -> Step {
    let order = Order::Journaled { order_qty };
    let open = Open { order_qty, cum_qty: Qty::ZERO };
    match event {
        Event::Released => Ok((Order::Sent(open), &[Action::Send, Action::Arm(Timer::Answer)])),
        Event::Withdrawn => withdrawn(order_qty),
        // After a crash nobody knows whether it left.
        Event::Unproven => Ok((doubt(open), ASK)),
        Event::Journaled
        | Event::Claimed { .. }
        | Event::Rested
        | Event::Deferred
        | Event::Refused
        | Event::Filled { .. }
        | Event::Found(_)
        | Event::Elapsed(_) => refused(order, event),
    }
}

fn sent(open: Open, event: Event) -> Step {
    let order = Order::Sent(open);
    match event {
        Event::Claimed { matched: Qty::ZERO } | Event::Unproven | Event::Elapsed(Timer::Answer) => {
            Ok((doubt(open), ASK))
        }
        Event::Claimed { matched } | Event::Found(Evidence::Finished { matched }) => {
            claimed(Doubt { open, claim: None, is_fenced: false }, matched, WAIT)
        }
        Event::Rested => Ok((
            Order::Live(open),
            &[
                Action::Disarm,
                Action::Cancel,
                Action::Arm(Timer::Poll),
                Action::Arm(Timer::Resolve),
            ],
        )),
        Event::Deferred => Ok((Order::Delayed(open), WAIT)),
        Event::Refused => turned_down(Doubt { open, claim: None, is_fenced: false }, ASK),
        // A fill can overtake the answer: it proves that the order exists, not that it is over.
        Event::Filled { last_qty } => filled(open, last_qty, Order::Sent),
        Event::Found(Evidence::Open | Evidence::Absent | Evidence::Silent)
        | Event::Elapsed(Timer::Poll | Timer::Resolve | Timer::Late) => Ok((order, &[])),
        Event::Journaled | Event::Released | Event::Withdrawn => refused(order, event),
    }
}

/// Live and delayed orders differ in how they came to wait, not in what they wait for.
fn waiting(open: Open, event: Event, state: fn(Open) -> Order) -> Step {
    let order = state(open);
    match event {
        Event::Filled { last_qty } => filled(open, last_qty, state),
        Event::Claimed { matched: Qty::ZERO } => Ok((doubt(open), &[Action::Query])),
        Event::Claimed { matched } | Event::Found(Evidence::Finished { matched }) => {
            claimed(Doubt { open, claim: None, is_fenced: false }, matched, POLL)
        }
        Event::Elapsed(Timer::Resolve) => Ok((fenced(open), FENCE)),
        Event::Elapsed(Timer::Poll) => Ok((order, &[Action::Query])),
        Event::Found(Evidence::Open | Evidence::Absent | Evidence::Silent) => {
            Ok((order, &[Action::Arm(Timer::Poll)]))
        }
        Event::Rested
        | Event::Deferred
        | Event::Refused
        | Event::Unproven
        | Event::Elapsed(Timer::Answer | Timer::Late) => Ok((order, &[])),
        Event::Journaled | Event::Released | Event::Withdrawn => refused(order, event),
    }
}

fn unknown(doubt: Doubt, event: Event) -> Step {
    let order = Order::Unknown(doubt);
    match event {
        // It is asked about already.
        Event::Claimed { matched: Qty::ZERO }
        | Event::Deferred
        | Event::Unproven
        | Event::Elapsed(Timer::Answer | Timer::Late) => Ok((order, &[])),
        Event::Claimed { matched } | Event::Found(Evidence::Finished { matched }) => {
            claimed(doubt, matched, POLL)
        }
        Event::Refused => turned_down(doubt, &[Action::Query]),
        Event::Filled { last_qty } => doubt_filled(doubt, last_qty),
        Event::Found(Evidence::Open) => Ok((order, &[Action::Cancel, Action::Arm(Timer::Poll)])),
        Event::Found(Evidence::Absent) => absent(doubt),
        Event::Found(Evidence::Silent) => Ok((order, &[Action::Arm(Timer::Poll)])),
        Event::Elapsed(Timer::Poll) => Ok((order, &[Action::Query])),
        Event::Elapsed(Timer::Resolve) if doubt.is_fenced => {
            Ok((order, &[Action::Unresolved, Action::Arm(Timer::Poll)]))
        }
        Event::Elapsed(Timer::Resolve) => {
            Ok((Order::Unknown(Doubt { is_fenced: true, ..doubt }), FENCE))
        }
        // The late answer says it rests: it must not.
        Event::Rested => Ok((order, &[Action::Cancel])),
        Event::Journaled | Event::Released | Event::Withdrawn => refused(order, event),
    }
}

fn terminal(closed: Closed, event: Event) -> Step {
    let order = Order::Terminal(closed);
    match event {
        Event::Filled { last_qty } => late(closed, last_qty),
        Event::Elapsed(Timer::Late) => {
            Ok((Order::Terminal(Closed { is_watched: false, ..closed }), &[Action::Disarm]))
        }
        Event::Elapsed(Timer::Poll) if closed.is_watched => {
            Ok((order, &[Action::Query, Action::Arm(Timer::Poll)]))
        }
        // Armed by a claim beyond the trades.
        Event::Elapsed(Timer::Poll) => Ok((order, &[Action::Query])),
        // More is said to be matched than the trades show: they are asked for, in a while, so that
        // a venue that says it for ever cannot keep the machine turning (L-6).
        Event::Found(Evidence::Finished { matched }) | Event::Claimed { matched }
            if matched > closed.open.cum_qty =>
        {
            Ok((order, &[Action::Arm(Timer::Poll)]))
        }
        Event::Found(Evidence::Open) | Event::Rested => Ok((order, &[Action::Cancel])),
        Event::Claimed { .. }
        | Event::Deferred
        | Event::Refused
        | Event::Unproven
        | Event::Found(Evidence::Finished { .. } | Evidence::Absent | Evidence::Silent)
        | Event::Elapsed(Timer::Answer | Timer::Resolve) => Ok((order, &[])),
        Event::Journaled | Event::Released | Event::Withdrawn => refused(order, event),
    }
}

fn refused(order: Order, event: Event) -> Step {
    Err(Refused::Illegal { state: order.word(), event })
}

const fn doubt(open: Open) -> Order {
    Order::Unknown(Doubt { open, claim: None, is_fenced: false })
}

const fn fenced(open: Open) -> Order {
    Order::Unknown(Doubt { open, claim: None, is_fenced: true })
}

fn withdrawn(order_qty: Qty) -> Step {
    let open = Open { order_qty, cum_qty: Qty::ZERO };
    Ok((Order::Terminal(Closed { open, end: End::None, is_watched: false }), END))
}

/// The venue says how much was matched: proof only once the trades say the same. A claim that comes
/// again and again must not put the deadline off (L-2): `more` starts one only where none runs.
fn claimed(doubt: Doubt, matched: Qty, more: &'static [Action]) -> Step {
    if doubt.open.cum_qty == matched {
        return Ok((close(doubt.open), END));
    }
    Ok((Order::Unknown(Doubt { claim: Some(matched), ..doubt }), more))
}

/// A proven refusal ends the order, unless a trade has already proven the opposite.
fn turned_down(doubt: Doubt, more: &'static [Action]) -> Step {
    let Doubt { open, claim, .. } = doubt;
    if open.cum_qty == Qty::ZERO && claim.is_none() {
        return Ok((Order::Terminal(Closed { open, end: End::Rejected, is_watched: false }), END));
    }
    Ok((Order::Unknown(doubt), more))
}

fn absent(doubt: Doubt) -> Step {
    let is_contradicted = doubt.claim.is_some_and(|claim| claim != doubt.open.cum_qty);
    if !doubt.is_fenced || is_contradicted {
        return Ok((Order::Unknown(doubt), &[Action::Arm(Timer::Poll)]));
    }
    let end = end_of(doubt.open);
    Ok((Order::Terminal(Closed { open: doubt.open, end, is_watched: true }), END_WATCHED))
}

fn filled(open: Open, last_qty: Qty, state: fn(Open) -> Order) -> Step {
    let open = add(open, last_qty)?;
    if is_overfilled(open) {
        return Ok((close(open), OVER));
    }
    // All of it is matched: there is nothing an answer could add.
    if open.cum_qty >= open.order_qty { Ok((close(open), END)) } else { Ok((state(open), &[])) }
}

fn doubt_filled(doubt: Doubt, last_qty: Qty) -> Step {
    let open = add(doubt.open, last_qty)?;
    if is_overfilled(open) {
        return Ok((close(open), OVER));
    }
    if open.cum_qty >= open.order_qty || doubt.claim == Some(open.cum_qty) {
        return Ok((close(open), END));
    }
    Ok((Order::Unknown(Doubt { open, ..doubt }), &[]))
}

fn late(closed: Closed, last_qty: Qty) -> Step {
    let open = add(closed.open, last_qty)?;
    let next = Order::Terminal(Closed { open, ..closed });
    if is_overfilled(open) {
        return Ok((next, &[Action::LateArrival, Action::Overfilled]));
    }
    Ok((next, &[Action::LateArrival]))
}

fn add(open: Open, last_qty: Qty) -> Result<Open, Refused> {
    let cum_qty = open.cum_qty.plus(last_qty).map_err(|_| Refused::Overflow)?;
    Ok(Open { cum_qty, ..open })
}

fn is_overfilled(open: Open) -> bool {
    open.cum_qty.0 > open.order_qty.0.saturating_add(DUST.0)
}

fn close(open: Open) -> Order {
    Order::Terminal(Closed { open, end: end_of(open), is_watched: false })
}

fn end_of(open: Open) -> End {
    if open.cum_qty == Qty::ZERO {
        End::None
    } else if open.cum_qty >= open.order_qty {
        End::Full
    } else {
        End::Partial
    }
}

impl Order {
    /// A new order of this many shares.
    pub const fn plan(order_qty: Qty) -> Self {
        Self::Planned { order_qty }
    }

    /// The state's name in tables and guards.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "PLANNED",
            Self::Journaled { .. } => "JOURNALED",
            Self::Sent(_) => "SENT",
            Self::Live(_) => "LIVE",
            Self::Delayed(_) => "DELAYED",
            Self::Unknown(_) => "UNKNOWN",
            Self::Terminal(_) => "TERMINAL",
        }
    }

    /// Quantities so far.
    pub const fn open(&self) -> Open {
        match *self {
            Self::Planned { order_qty } | Self::Journaled { order_qty } => {
                Open { order_qty, cum_qty: Qty::ZERO }
            }
            Self::Sent(open) | Self::Live(open) | Self::Delayed(open) => open,
            Self::Unknown(doubt) => doubt.open,
            Self::Terminal(closed) => closed.open,
        }
    }

    /// Whether it is over.
    pub const fn is_terminal(&self) -> bool {
        match self {
            Self::Terminal(_) => true,
            Self::Planned { .. }
            | Self::Journaled { .. }
            | Self::Sent(_)
            | Self::Live(_)
            | Self::Delayed(_)
            | Self::Unknown(_) => false,
        }
    }

    /// Shares that may still be matched, in the worst case (R(a) of INVARIANTS §1, rule 0.1).
    pub const fn in_flight(&self) -> Qty {
        let open = self.open();
        let leaves = Qty(open.order_qty.0.saturating_sub(open.cum_qty.0));
        match self {
            Self::Terminal(closed) if !closed.is_watched => Qty::ZERO,
            Self::Planned { .. }
            | Self::Journaled { .. }
            | Self::Sent(_)
            | Self::Live(_)
            | Self::Delayed(_)
            | Self::Unknown(_)
            | Self::Terminal(_) => leaves,
        }
    }
}
