//! The one form every input of the engine has, in memory, in a journal and in a capture.

use crate::units::Nanos;

/// What an input is. The numbers are the journal's; they never change meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Run identity and settings, canonical JSON; the first record of every fold.
    Params = 1,
    /// Definitions of markets and sets.
    Meta = 2,
    /// A market-channel frame as received.
    Ws = 3,
    /// A REST book answer as received.
    Rest = 4,
    /// A Data API trade row as received.
    Trade = 5,
    /// Tops of books read together, without depth.
    Quote = 6,
    /// Another venue's message; recorded, never evaluated.
    Ref = 7,
    /// A span in which the recording is known to be incomplete.
    Gap = 8,
    /// Time passing without another input.
    Timer = 9,
    /// An operator's command.
    Operator = 10,
    /// The clean end of the inputs.
    End = 11,
}

impl Kind {
    /// Every kind, in order of its number.
    pub const ALL: [Self; 11] = [
        Self::Params,
        Self::Meta,
        Self::Ws,
        Self::Rest,
        Self::Trade,
        Self::Quote,
        Self::Ref,
        Self::Gap,
        Self::Timer,
        Self::Operator,
        Self::End,
    ];

    /// The journal's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Params => 1,
            Self::Meta => 2,
            Self::Ws => 3,
            Self::Rest => 4,
            Self::Trade => 5,
            Self::Quote => 6,
            Self::Ref => 7,
            Self::Gap => 8,
            Self::Timer => 9,
            Self::Operator => 10,
            Self::End => 11,
        }
    }

    /// The kind of a journal number; `None` for numbers this build does not know.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The word of a capture line (`k`), also used in tables and messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Params => "params",
            Self::Meta => "meta",
            Self::Ws => "ws",
            Self::Rest => "rest",
            Self::Trade => "trade",
            Self::Quote => "quote",
            Self::Ref => "ref",
            Self::Gap => "gap",
            Self::Timer => "timer",
            Self::Operator => "operator",
            Self::End => "end",
        }
    }

    /// The kind of a capture's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One input of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is.
    pub kind: Kind,
    /// When it reached this machine.
    pub recv_ns: Nanos,
    /// The connection it came by; empty where there is none.
    pub conn: &'a str,
    /// Counts reconnects of that connection, from 0.
    pub epoch: u32,
    /// The exact bytes.
    pub payload: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_name_each_kind_once() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(kind.number()), Some(kind));
            assert_eq!(Kind::from_word(kind.word()), Some(kind));
        }
        assert_eq!(Kind::from_number(0), None);
        assert_eq!(Kind::from_word("order"), None);
    }
}
