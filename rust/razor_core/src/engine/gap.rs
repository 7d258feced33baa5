//! Gap records: spans in which the recording is known to be incomplete.

use serde::Deserialize;
use thiserror::Error;

use super::object;
use crate::units::Nanos;

/// Why a gap record was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum GapError {
    /// The payload is not the JSON of the contract.
    #[error(
        "gap record is not valid at line {line}, column {column}; write it as docs/CAPTURE.md says"
    )]
    NotGap {
        /// Line in the payload.
        line: usize,
        /// Column in the payload.
        column: usize,
    },
}

#[derive(Deserialize)]
struct Payload {
    from_ns: i64,
    to_ns: i64,
    cause: String,
    /// `null` when nobody can know.
    lost: Option<u64>,
}

/// What a gap says about the trade feed; other gaps concern the books of their connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It goes on until a later record closes it.
    Open,
    /// It is over.
    Closed,
}

/// A span in which records may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// First moment that may be incomplete.
    pub from: Nanos,
    /// Last one, or the time at which an open gap was seen.
    pub to: Nanos,
    /// Records known to be missing, 0 when nobody can know.
    pub lost: u64,
    cause: String,
}

const TRADES_WORD: &str = "TRADES_INCOMPLETE";
const RESTART_WORD: &str = "RESTART";

impl Gap {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`GapError::NotGap`] with the place in the payload.
    pub fn decode(payload: &[u8]) -> Result<Self, GapError> {
        let Payload { from_ns, to_ns, cause, lost } = object::decode(payload)
            .map_err(|e| GapError::NotGap { line: e.line(), column: e.column() })?;
        Ok(Self { from: Nanos(from_ns), to: Nanos(to_ns), lost: lost.unwrap_or(0), cause })
    }

    /// The code in capitals that begins the cause.
    pub fn code(&self) -> &str {
        self.cause.split(' ').next().unwrap_or("")
    }

    /// Whether the process was gone: what a recovery is in another run's journal.
    pub fn is_restart(&self) -> bool {
        self.code() == RESTART_WORD
    }

    /// Whether trade rows may be missing.
    pub fn concerns_trades(&self) -> bool {
        self.code() == TRADES_WORD
    }

    /// Whether it is still going on. A gap that does not say is over.
    pub fn phase(&self) -> Phase {
        if self.cause.split(' ').any(|word| word == "open") { Phase::Open } else { Phase::Closed }
    }

    /// The facts that changed, joined by commas, where it says which.
    pub fn fields(&self) -> Option<&str> {
        self.cause.split(' ').find_map(|word| word.strip_prefix("fields="))
    }

    /// The condition it is limited to; `None` means all.
    pub fn market(&self) -> Option<&str> {
        self.cause.split(' ').find_map(|word| word.strip_prefix("market="))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trade_gap_names_its_market_and_phase() {
        let text = br#"{"from_ns":1,"to_ns":9,"cause":"TRADES_INCOMPLETE open reason=x market=0xc","lost":0}"#;
        let gap = Gap::decode(text).expect("gap");
        assert!(gap.concerns_trades());
        assert_eq!((gap.phase(), gap.market()), (Phase::Open, Some("0xc")));
    }

    #[test]
    fn other_gaps_concern_books_and_are_over_unless_they_say_so() {
        let text = br#"{"from_ns":1,"to_ns":9,"cause":"DISCONNECTED reason=closed","lost":3}"#;
        let gap = Gap::decode(text).expect("gap");
        assert_eq!(
            (gap.concerns_trades(), gap.phase(), gap.market()),
            (false, Phase::Closed, None)
        );
        assert_eq!(Gap::decode(b"{}"), Err(GapError::NotGap { line: 1, column: 2 }));
    }
}
