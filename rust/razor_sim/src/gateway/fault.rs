//! Fault plans: which fault of `FAULTS.md` strikes when, and how hard.
//!
//! Owns: [`FaultCode`], [`When`], [`Params`], [`Fault`], [`FaultPlan`]. A plan is data; what it
//! does to an order stands in `strike`. The codes are those of the sandbox, the logs and the tests
//! (rule 0.12).
//!
//! Must never: hold a default that hides a fault; [`FaultCode::usual`] is the mildest form that
//! still shows the symptom.

use razor_core::ids::TokenIx;
use razor_core::order::attempt::Rung;
use razor_core::order::gateway::Reply;
use razor_core::shadow::exact::FillShare;
use razor_core::units::{Nanos, Qty};

use super::course::Race;

/// Declares the codes once: variant, text, meaning.
macro_rules! codes {
    ($($name:ident $word:literal $doc:literal),+ $(,)?) => {
        /// A fault of `FAULTS.md` that the simulated venue can raise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultCode {
            $(#[doc = $doc] $name),+
        }

        impl FaultCode {
            /// All codes in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code as plans, rows and manifests write it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

codes! {
    F10 "F-10" "The bids of a token are empty (`BOOK_NO_BIDS`), for session and venue.",
    F13 "F-13" "The order is accepted; the answer never comes, or late by `delay`.",
    F14 "F-14" "The order never arrives; no answer.",
    F15 "F-15" "The order arrives late by `delay`; no answer.",
    F16 "F-16" "The order is accepted; half an answer comes, which proves nothing.",
    F17 "F-17" "A 5xx answer; the order is accepted or not (`is_accepted`).",
    F18 "F-18" "A masked 4xx answer; the order is accepted or not (`is_accepted`).",
    F19 "F-19" "A proven refusal of the class `refusal`.",
    F20 "F-20" "The order arrives twice; the answer says \"duplicated\".",
    F21 "F-21" "Delayed by `delay`, then matched, or killed without `is_accepted`.",
    F22 "F-22" "Killed: nothing matched, told as the refusal that it is.",
    F23 "F-23" "At most `qty` is matched, or the fraction `share` where `qty` is zero.",
    F24 "F-24" "The whole order and `qty` more is matched.",
    F25 "F-25" "The answer claims `qty`, whatever was matched.",
    F28 "F-28" "429: an order is refused, a question unanswered, a cancel lost.",
    F29 "F-29" "The engine restarts, then takes only resting orders for `tail`.",
    F30 "F-30" "Post-only mode.",
    F31 "F-31" "Cancel-only mode.",
    F32 "F-32" "Trading disabled; cancels are refused too.",
    F33 "F-33" "The order rests for `delay`; a cancel meets the match as `race` says.",
    F34 "F-34" "Another protocol version from one moment on.",
    F40 "F-40" "The stream tells nothing of the order; questions do.",
    F41 "F-41" "The trades are told before the answer.",
    F42 "F-42" "Each trade is told `count` times more.",
    F43 "F-43" "After its final state a trade is told as provisional again.",
    F45 "F-45" "The price is worse than the limit by `worse` micro-dollars.",
    F46 "F-46" "Something on the account is not ours.",
    F48 "F-48" "The trades fail after `delay`.",
    F49 "F-49" "The trades retry and are confirmed after `delay`.",
    F51 "F-51" "The trades are confirmed only after `delay`.",
    F54 "F-54" "A merge fails, after `delay` more.",
    F60 "F-60" "A signal is delivered `count` times more, `delay` apart; for the session to do.",
}

impl FaultCode {
    /// The number in `FAULTS.md`: 13 of F-13.
    pub fn number(self) -> u8 {
        let digits = self.word().bytes().filter(u8::is_ascii_digit);
        digits
            .fold(0, |number, digit| number.wrapping_mul(10).wrapping_add(digit.wrapping_sub(b'0')))
    }

    /// Reads a code as [`Self::word`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.word() == text)
    }

    /// The mode a code puts the venue into, as [`razor_core::order::gateway::VenueEvent::Mode`]
    /// counts them.
    pub const fn mode(self) -> Option<u8> {
        match self {
            Self::F29 => Some(1),
            Self::F30 => Some(2),
            Self::F31 => Some(3),
            Self::F32 => Some(4),
            Self::F34 => Some(5),
            Self::F10
            | Self::F13
            | Self::F14
            | Self::F15
            | Self::F16
            | Self::F17
            | Self::F18
            | Self::F19
            | Self::F20
            | Self::F21
            | Self::F22
            | Self::F23
            | Self::F24
            | Self::F25
            | Self::F28
            | Self::F33
            | Self::F40
            | Self::F41
            | Self::F42
            | Self::F43
            | Self::F45
            | Self::F46
            | Self::F48
            | Self::F49
            | Self::F51
            | Self::F54
            | Self::F60 => None,
        }
    }

    /// The mildest parameters that still show the symptom.
    pub fn usual(self) -> Params {
        let seconds = |count: i64| Nanos(count.saturating_mul(1_000_000_000));
        let plain = Params::default();
        match self {
            Self::F13
            | Self::F14
            | Self::F16
            | Self::F17
            | Self::F18
            | Self::F19
            | Self::F20
            | Self::F22
            | Self::F25
            | Self::F28
            | Self::F40
            | Self::F41
            | Self::F43
            | Self::F46
            | Self::F54
            | Self::F10 => plain,
            Self::F15 => Params { delay: seconds(10), ..plain },
            Self::F21 => Params { delay: seconds(3), ..plain },
            Self::F23 => Params { share: FillShare(500_000_000_000_000_000), ..plain },
            Self::F24 => Params { qty: Qty(1), ..plain },
            Self::F29 => Params { delay: seconds(90), tail: seconds(120), ..plain },
            Self::F30 | Self::F31 | Self::F32 | Self::F33 => Params { delay: seconds(60), ..plain },
            Self::F34 => Params { delay: Nanos(i64::MAX), ..plain },
            Self::F42 | Self::F60 => Params { count: 1, ..plain },
            Self::F45 => Params { worse: 10_000, ..plain },
            Self::F48 => Params { delay: seconds(2), ..plain },
            Self::F49 | Self::F51 => Params { delay: seconds(30), ..plain },
        }
    }
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum RefusalClass {
    /// This order.
    #[default]
    Order,
    /// The market.
    Market,
    /// The account.
    Account,
}

impl RefusalClass {
    /// The answer that says it.
    pub const fn reply(self) -> Reply {
        match self {
            Self::Order => Reply::RefusedOrder,
            Self::Market => Reply::RefusedMarket,
            Self::Account => Reply::RefusedAccount,
        }
    }
}

/// How hard a fault strikes; each code reads the fields that its line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// A span; of a mode without [`When::Between`], how long it lasts.
    pub delay: Nanos,
    /// How long a restarted engine takes only resting orders.
    pub tail: Nanos,
    /// Shares.
    pub qty: Qty,
    /// A fraction.
    pub share: FillShare,
    /// How often.
    pub count: u8,
    /// Micro-dollars.
    pub worse: u32,
    /// Whether the venue took the order all the same.
    pub is_accepted: bool,
    /// Class of a refusal.
    pub refusal: RefusalClass,
    /// What a cancel does.
    pub race: Race,
    /// Whether the beginning of a mode is told at once, or only by the first refused order.
    pub is_announced: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            delay: Nanos(0),
            tail: Nanos(0),
            qty: Qty::ZERO,
            share: FillShare(0),
            count: 0,
            worse: 0,
            is_accepted: true,
            refusal: RefusalClass::Order,
            race: Race::CancelWins,
            is_announced: true,
        }
    }
}

/// A condition. Requests are counted from 1, each kind (orders, questions, cancels, merges) apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The n-th request.
    Nth(u64),
    /// Every k-th request; 0 is never.
    Every(u64),
    /// Requests about an order on this rung.
    Rung(Rung),
    /// Requests about an order of this token.
    Token(TokenIx),
    /// From the first time on, before the second.
    Between(Nanos, Nanos),
}

/// What a condition is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) now: Nanos,
    /// Number of the request; `None` where nothing is counted.
    pub(crate) count: Option<u64>,
    pub(crate) rung: Option<Rung>,
    pub(crate) token: Option<TokenIx>,
}

impl When {
    /// Whether it holds; a condition on something that is not known does not.
    pub(crate) fn holds(self, facts: &Facts) -> bool {
        match self {
            Self::Nth(n) => facts.count == Some(n),
            Self::Every(k) => facts.count.is_some_and(|count| count.checked_rem(k) == Some(0)),
            Self::Rung(rung) => facts.rung == Some(rung),
            Self::Token(token) => facts.token == Some(token),
            Self::Between(from, to) => from <= facts.now && facts.now < to,
        }
    }
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub code: FaultCode,
    /// When: all of these must hold; none means always. Modes and strangers with a span alone
    /// begin by the clock; with anything else they begin with the request they strike.
    pub when: Vec<When>,
    /// How hard.
    pub params: Params,
    /// How often at most; 0 is without end.
    pub times: u32,
}

impl Fault {
    /// A fault with its usual parameters.
    pub fn of(code: FaultCode, when: &[When]) -> Self {
        Self { code, when: when.to_vec(), params: code.usual(), times: 0 }
    }

    /// The same with other parameters.
    pub fn with(mut self, change: impl FnOnce(&mut Params)) -> Self {
        change(&mut self.params);
        self
    }

    /// The same, at most this often.
    pub const fn at_most(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    pub(crate) fn holds(&self, facts: &Facts) -> bool {
        self.when.iter().all(|when| when.holds(facts))
    }

    /// The span it is bound to, if it is.
    pub(crate) fn span(&self) -> Option<(Nanos, Nanos)> {
        self.when.iter().find_map(|when| match when {
            When::Between(from, to) => Some((*from, *to)),
            When::Nth(_) | When::Every(_) | When::Rung(_) | When::Token(_) => None,
        })
    }
}

/// All faults of a run, in the order in which they bend an order that several of them strike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FaultPlan {
    /// The faults.
    pub faults: Vec<Fault>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_are_one_to_one() {
        for code in FaultCode::ALL {
            assert_eq!(FaultCode::parse(code.word()), Some(*code));
            assert_eq!(code.word().replace('-', ""), format!("{code:?}"));
        }
        assert_eq!(FaultCode::parse("F-1"), None);
        assert_eq!(FaultCode::parse("F13"), None);
    }

    #[test]
    fn conditions_hold_on_both_sides_of_their_limits() {
        let facts = Facts { now: Nanos(10), count: Some(6), rung: Some(Rung::Fire), token: None };
        let rows = [
            (When::Nth(6), true),
            (When::Nth(5), false),
            (When::Every(3), true),
            (When::Every(4), false),
            (When::Every(0), false),
            (When::Rung(Rung::Fire), true),
            (When::Rung(Rung::FlatOne), false),
            (When::Token(TokenIx(0)), false),
            (When::Between(Nanos(10), Nanos(11)), true),
            (When::Between(Nanos(9), Nanos(10)), false),
        ];
        for (when, holds) in rows {
            assert_eq!(when.holds(&facts), holds, "{when:?}");
        }
        let both = Fault::of(FaultCode::F13, &[When::Nth(6), When::Every(4)]);
        assert!(!both.holds(&facts));
        assert!(Fault::of(FaultCode::F13, &[]).holds(&facts));
    }
}
