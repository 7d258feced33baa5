//! Facts as JSON text, for whoever shows them: the binding names no serialiser of its own.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::audit::Verdict;
use crate::digest::hex;

/// A value as one line of JSON. Structs of numbers and texts always serialise; what does not would
/// be a map with keys that are no text, and reads as `null`.
pub fn text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Reads a value.
///
/// # Errors
/// The decoder's sentence, with line and column.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// What an audit found, as the command line shows it.
pub fn verdict(verdict: &Verdict) -> String {
    let differences: Vec<_> = verdict
        .differences
        .iter()
        .map(|difference| {
            json!({
                "table": difference.table,
                "line": difference.line,
                "found": difference.found,
                "expected": difference.expected,
            })
        })
        .collect();
    let evidence: Vec<String> = verdict.journal.evidence.iter().map(ToString::to_string).collect();
    text(&json!({
        "records": verdict.journal.records,
        "segments": verdict.journal.segments,
        "tail": verdict.journal.tail.word(),
        "evidence": evidence,
        "head": hex(&verdict.head),
        "differences": differences,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_there_and_back() {
        assert_eq!(text(&(1, "a")), "[1,\"a\"]");
        assert_eq!(read::<(u8, String)>("[1,\"a\"]"), Ok((1, "a".to_owned())));
        assert!(read::<u8>("[").is_err_and(|error| error.contains("line 1")));
    }
}
