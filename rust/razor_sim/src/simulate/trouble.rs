//! Faults of the session itself: process, disk, streams and operator, beside those of the venue.
//!
//! Owns: [`Trouble`], its code and its text. Must never: act; the session does what it says.

use core::fmt;

use razor_core::basket::Operator;
use razor_core::units::Nanos;

use crate::rng::Rng;

const MILLI: i64 = 1_000_000;

/// Codes of `FAULTS.md` that the session raises, beside those of
/// [`crate::gateway::FaultCode`].
pub const SESSION_CODES: &[&str] =
    &["F-01", "F-04", "F-58", "F-61", "F-68", "F-69", "F-70", "F-73", "F-74", "F-75", "F-81"];

/// One fault of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The process dies after so many inputs and comes back.
    Crash { at_input: u64, down: Nanos, is_torn: bool },
    /// The process stands still.
    Pause { at: Nanos, span: Nanos },
    /// An operator speaks.
    Spoken { at: Nanos, operator: Operator },
    /// The n-th intent cannot be made durable.
    NotDurable { nth: u64 },
    /// The journal is lost.
    DurabilityLost { at: Nanos },
    /// An intent takes up to this long to be durable.
    SlowDisk { most: Nanos },
    /// Trades and answers are lost on their way, in so many of 100 cases.
    Lost { percent: u32 },
    /// What the venue says comes late and out of order.
    Late { percent: u32, most: Nanos },
    /// What the venue says comes twice.
    Doubled { percent: u32 },
    /// Books move and the session is not told.
    Silent { percent: u32 },
}

impl Trouble {
    /// The code of `FAULTS.md`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Crash { is_torn: false, .. } => "F-61",
            Self::Crash { is_torn: true, .. } => "F-70",
            Self::Pause { .. } => "F-58",
            Self::Spoken { .. } => "F-81",
            Self::NotDurable { .. } => "F-68",
            Self::DurabilityLost { .. } => "F-69",
            Self::SlowDisk { .. } => "F-73",
            Self::Lost { .. } => "F-74",
            Self::Late { .. } => "F-75",
            Self::Doubled { .. } => "F-04",
            Self::Silent { .. } => "F-01",
        }
    }

    /// A fault of this code at a random time before `end`; `None` for a code of the venue.
    pub(super) fn of(code: &str, rng: &mut Rng, end: Nanos) -> Option<Self> {
        let at = Nanos(rng.below_wide(end.0.max(1).cast_unsigned()).cast_signed());
        let crash = |rng: &mut Rng, is_torn| Self::Crash {
            at_input: u64::from(rng.below(150)) + 1,
            down: span(rng, 30_000),
            is_torn,
        };
        Some(match code {
            "F-61" => crash(rng, false),
            "F-70" => crash(rng, true),
            "F-58" => Self::Pause { at, span: span(rng, 60_000) },
            "F-81" => Self::Spoken { at, operator: spoken(rng) },
            "F-68" => Self::NotDurable { nth: u64::from(rng.below(20)) + 1 },
            "F-69" => Self::DurabilityLost { at },
            "F-73" => Self::SlowDisk { most: span(rng, 5_000) },
            "F-74" => Self::Lost { percent: 5 + rng.below(90) },
            "F-75" => Self::Late { percent: 10 + rng.below(90), most: span(rng, 20_000) },
            "F-04" => Self::Doubled { percent: 10 + rng.below(90) },
            "F-01" => Self::Silent { percent: 10 + rng.below(85) },
            _ => return None,
        })
    }
}

fn span(rng: &mut Rng, most_ms: u32) -> Nanos {
    Nanos((i64::from(rng.below(most_ms)) + 1) * MILLI)
}

fn spoken(rng: &mut Rng) -> Operator {
    match rng.below(10) {
        0..=2 => Operator::Stop,
        3 => Operator::Halt,
        4..=u32::MAX => Operator::Clear,
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code();
        match self {
            Self::Crash { at_input, down, is_torn } => {
                let tail = if *is_torn { ", the tail not yet durable is lost" } else { "" };
                write!(out, "{code} crash after input {at_input}, down {}{tail}", seconds(*down))
            }
            Self::Pause { at, span } => {
                write!(out, "{code} pause at {} for {}", seconds(*at), seconds(*span))
            }
            Self::Spoken { at, operator } => {
                write!(out, "{code} operator {operator:?} at {}", seconds(*at))
            }
            Self::NotDurable { nth } => write!(out, "{code} intent {nth} cannot be made durable"),
            Self::DurabilityLost { at } => write!(out, "{code} journal lost at {}", seconds(*at)),
            Self::SlowDisk { most } => {
                write!(out, "{code} intents take up to {} to be durable", seconds(*most))
            }
            Self::Lost { percent } => write!(out, "{code} {percent} % of trades and answers lost"),
            Self::Late { percent, most } => {
                write!(out, "{code} {percent} % of events late by up to {}", seconds(*most))
            }
            Self::Doubled { percent } => write!(out, "{code} {percent} % of events told twice"),
            Self::Silent { percent } => write!(out, "{code} {percent} % of book changes not told"),
        }
    }
}

/// A span in seconds, for people.
pub(super) fn seconds(span: Nanos) -> String {
    let millis = span.0.div_euclid(MILLI);
    format!("{}.{:03} s", millis.div_euclid(1_000), millis.rem_euclid(1_000))
}
