//! The row a blocked action leaves: which guard, and both sides of its inequality (INVARIANTS §7).
//!
//! Owns: [`GuardId`], [`Guard`]. Must never: block without the values that blocked.

use core::fmt;

/// Values one guard can show.
pub const MAX_FIELDS: usize = 4;

/// One enum, its list and its words from one table, so that none can be forgotten.
macro_rules! guards {
    ($($name:ident $word:literal $doc:literal;)*) => {
        /// A line of INVARIANTS that can block an action.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum GuardId {
            $(#[doc = $doc] $name,)*
        }

        impl GuardId {
            /// All of them, in the order of INVARIANTS.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The id as INVARIANTS spells it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

guards! {
    S01 "S-01" "Total exposure cap.";
    S02 "S-02" "Per-signal cap.";
    S03 "S-03" "Unknown is worst case.";
    S04 "S-04" "One attempt in flight per leg.";
    S05 "S-05" "At most one placement per attempt.";
    S06 "S-06" "`HardStop`.";
    S07 "S-07" "Chase bound.";
    S08 "S-08" "Flatten ladder and its leftovers.";
    S09 "S-09" "No naked sale.";
    S10 "S-10" "Fill conservation.";
    S11 "S-11" "Fill dedup.";
    S12 "S-12" "Overfill.";
    S13 "S-13" "Monotone counters.";
    S14 "S-14" "Reduce-only.";
    S15 "S-15" "Leg order.";
    S16 "S-16" "Equal shares of a valid set.";
    S17 "S-17" "Signal dedup.";
    S18 "S-18" "Freshness.";
    S19 "S-19" "Mode gate.";
    S20 "S-20" "Bounded retry.";
    S21 "S-21" "Venue mode.";
    S22 "S-22" "Provisional is not spendable.";
    S23 "S-23" "Cash conservation.";
    S24 "S-24" "Fee certainty.";
    S25 "S-25" "Exact arithmetic.";
    S26 "S-26" "Kill latency.";
    S27 "S-27" "Single writer.";
    S28 "S-28" "Cooldown.";
    S29 "S-29" "Loss and revert breakers.";
    S30 "S-30" "Rate and open-order caps.";
    S31 "S-31" "Legal transitions.";
    S32 "S-32" "No foreigners.";
    S33 "S-33" "P&L identity.";
    D1 "D-1" "Write-ahead.";
    D7 "D-7" "Completeness.";
    D10 "D-10" "Loss of durability.";
    D11 "D-11" "Time.";
    L1 "L-1" "One terminal row per signal.";
    L2 "L-2" "Every attempt is resolved in time.";
    L3 "L-3" "Flattening ends.";
    L6 "L-6" "No livelock.";
    L9 "L-9" "Bounded resources.";
    L10 "L-10" "Only an operator leaves `HardStop`.";
}

/// A guard that blocked, with the values on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guard {
    /// Which one.
    pub id: GuardId,
    /// Name and value, left side first; units are those of the core (micro-dollars, ns, counts).
    pub fields: [Option<(&'static str, i64)>; MAX_FIELDS],
}

impl Guard {
    /// A guard with its values; more than [`MAX_FIELDS`] do not compile.
    pub fn new<const N: usize>(id: GuardId, values: [(&'static str, i64); N]) -> Self {
        const { assert!(N <= MAX_FIELDS, "a guard shows at most MAX_FIELDS values") };
        let mut fields = [None; MAX_FIELDS];
        for (slot, value) in fields.iter_mut().zip(values) {
            *slot = Some(value);
        }
        Self { id, fields }
    }

    /// Whether it says that a signal was too old, not that a book was.
    pub fn is_expiry(&self) -> bool {
        self.id == GuardId::S18 && matches!(self.fields, [Some(("age", _)), ..])
    }
}

/// `guard=S-01 e=98500000 r=2000000 cap=100000000`.
impl fmt::Display for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "guard={}", self.id.word())?;
        for (name, value) in self.fields.iter().flatten() {
            write!(formatter, " {name}={value}")?;
        }
        Ok(())
    }
}
