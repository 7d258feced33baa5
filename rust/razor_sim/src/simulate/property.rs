//! What is checked, by the ids of INVARIANTS, and what was found.
//!
//! Owns: [`Property`], [`Violation`], [`Findings`]. A violation is data: it never stops a session,
//! so that shrinking can compare what is left of it.

/// Declares the properties once: variant, id, meaning.
macro_rules! properties {
    ($($name:ident $word:literal $doc:literal),+ $(,)?) => {
        /// A line of INVARIANTS that the simulator checks from outside.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Property {
            $(#[doc = $doc] $name),+
        }

        impl Property {
            /// All of them in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The id as INVARIANTS spells it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// What it says, for tables.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $doc),+ }
            }
        }
    };
}

properties! {
    S01 "S-01" "true cost and what is in flight stay within the cap",
    S02 "S-02" "the same for each signal",
    S04 "S-04" "one order at a time, the one before is proven over",
    S05 "S-05" "an attempt is placed at most once",
    S06 "S-06" "nothing is sent once trading has stopped",
    S07 "S-07" "buys stay within the chase bound",
    S08 "S-08" "panic sales keep to the ladder",
    S09 "S-09" "only confirmed shares are sold",
    S10 "S-10" "at rest the ledger is the truth",
    S11 "S-11" "no fill is counted twice",
    S12 "S-12" "an overfill stops trading",
    S14 "S-14" "no buy after a set began to flatten",
    S16 "S-16" "no leg is bought beyond what leg 1 got",
    S17 "S-17" "a signal is worked once, each repeat has one row",
    S18 "S-18" "orders are priced on current books, signals are young",
    S21 "S-21" "nothing is sent in a venue mode without takers",
    S22 "S-22" "only confirmed shares are merged",
    S23 "S-23" "at rest cash is the truth",
    S26 "S-26" "no entry after a stop",
    S28 "S-28" "a set rests between two signals",
    S30 "S-30" "sends per minute stay within their cap",
    S31 "S-31" "no machine leaves its table",
    S33 "S-33" "result = confirmed cash + cost of what is held",
    D1 "D-1" "what is sent is durable, as it was decided",
    D4 "D-4" "the journal folded again gives the same state",
    D9 "D-9" "the same seed gives the same digest",
    L1 "L-1" "each accepted signal has one terminal row",
    L2 "L-2" "every order is proven in time",
    L3 "L-3" "flattening ends in time",
    L6 "L-6" "no machine turns in a circle",
    L7 "L-7" "once healed the desk is free, or stopped for a cause that occurred",
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What does not hold.
    pub property: Property,
    /// The seed of the session.
    pub seed: u64,
    /// Inputs of the desk before it.
    pub event: u64,
    /// Both sides.
    pub message: String,
}

/// Kept of one session; more of the same says nothing new.
const MOST_KEPT: usize = 8;

/// What a session's checks came to.
#[derive(Debug, Clone)]
pub(super) struct Findings {
    seed: u64,
    pub(super) event: u64,
    counts: Vec<u64>,
    violations: Vec<Violation>,
}

impl Findings {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, event: 0, counts: vec![0; Property::ALL.len()], violations: Vec::new() }
    }

    /// Counts a check and keeps what does not hold.
    pub(super) fn check(
        &mut self,
        property: Property,
        holds: bool,
        message: impl FnOnce() -> String,
    ) {
        if let Some(count) = self.counts.get_mut(place(property)) {
            *count += 1;
        }
        if !holds && self.violations.len() < MOST_KEPT {
            let (seed, event, message) = (self.seed, self.event, message());
            self.violations.push(Violation { property, seed, event, message });
        }
    }

    /// Checks per property in the order of [`Property::ALL`], and what did not hold.
    pub(super) fn into_parts(self) -> (Vec<u64>, Vec<Violation>) {
        (self.counts, self.violations)
    }
}

/// The place of a property in [`Property::ALL`].
fn place(property: Property) -> usize {
    Property::ALL.iter().position(|one| *one == property).unwrap_or(usize::MAX)
}
