//! Deliberately wrong shells: the negative controls of FAULTS, rule 5 of coverage.
//!
//! Owns: [`Sabotage`]. Each is a mistake that real shells make; the checker must find every one.

/// Declares the mistakes once: variant, text, meaning.
macro_rules! sabotages {
    ($($name:ident $word:literal $doc:literal),+ $(,)?) => {
        /// A mistake planted into the shell.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Sabotage {
            $(#[doc = $doc] $name),+
        }

        impl Sabotage {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The mistake as a word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

sabotages! {
    RetryPost "retry-post" "An order without an answer is sent once more as a new order.",
    ResendSame "resend-same" "An order without an answer is sent once more, byte for byte.",
    AbsentAtOnce "absent-at-once" "The first \"not found\" is taken for a refusal.",
    UnknownIsRefusal "unknown-is-refusal" "An answer that proves nothing is taken for a refusal.",
    TradeTwice "trade-twice" "Each trade is fed again under a new id.",
    ClaimIsFill "claim-is-fill" "The amount of an answer is booked as a trade.",
    ZeroIsNone "zero-is-none" "An answer that claims no match is taken for a refusal.",
    SkipJournal "skip-journal" "An order is released before its intent is durable.",
    IgnoreVoid "ignore-void" "A trade that failed is told as confirmed.",
    ProvIsConf "prov-is-conf" "A match is taken for a settlement.",
    SendAfterStop "send-after-stop" "After `HardStop` the last order is sent once more.",
    DropMode "drop-mode" "The venue's modes are not passed on.",
    StaleBooks "stale-books" "Books are called current however old they are.",
    ForgetDedup "forget-dedup" "A repeated signal gets a new number.",
    ForgetRestart "forget-restart" "After a crash the journal's last entries are not read.",
    DoubleSize "double-size" "Twice the size of the intent is sent.",
    WorsePrice "worse-price" "A chase is sent one tick above its limit.",
}

impl Sabotage {
    /// Reads a word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.word() == text)
    }
}
