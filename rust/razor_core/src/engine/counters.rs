//! What the engine counts, and the two `health.jsonl` rows made of it.
//!
//! Counters only grow within a fold. A heartbeat carries the predecessor's fields (RAZOR_SPEC §26);
//! the last row of a clean run carries everything the integrity section of a report needs, so that
//! the report is a function of the tables alone.

use serde::Serialize;

/// Counts of one fold. Times are ms since the epoch, 0 before the first event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Book updates applied (snapshots, changes, quotes of set legs).
    pub ticks_processed: u64,
    /// Rows written to `trades.csv`.
    pub trades_written: u64,
    /// Trades lost in a full channel of the shell.
    pub trades_dropped: u64,
    /// Trades seen before in this run.
    pub trades_duplicated: u64,
    /// Trade rows refused for their values.
    pub trades_invalid: u64,
    /// Polls that came back full.
    pub trade_poll_hit_limit: u64,
    /// Signals raised.
    pub signals_emitted: u64,
    /// Signals held back by the cooldown of their cell.
    pub signals_suppressed: u64,
    /// Signals lost in a full channel.
    pub signals_dropped: u64,
    /// Set evaluations skipped because a leg was too old.
    pub snapshots_stale_skipped: u64,
    /// Rows written to `shadow_log.csv`.
    pub shadow_processed: u64,
    /// Trades held for open windows.
    pub trade_store_size: u64,
    /// Trades pushed out by the size limit.
    pub trade_store_evicted: u64,
    /// Receive time of the last book update.
    pub last_tick_ingest_ms: i64,
    /// Receive time of the last trade.
    pub last_trade_ingest_ms: i64,
    /// Time of the last settled window.
    pub last_shadow_write_ms: i64,
}

/// Counts behind the integrity section of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Integrity {
    /// Receive time of the first record, ms.
    pub first_ms: i64,
    /// Receive time of the last record, ms.
    pub last_ms: i64,
    /// Records folded.
    pub records: u64,
    /// Frames and REST books refused by the decoder.
    pub frames_refused: u64,
    /// Messages of a type that is not evaluated.
    pub messages_unknown: u64,
    /// Definitions, quotes or operator records refused.
    pub records_refused: u64,
    /// Gap records.
    pub gaps: u64,
    /// Nanoseconds covered by gap records, overlaps counted twice.
    pub gap_ns: i64,
    /// Times the recording went on after an unclean end.
    pub restarts: u64,
    /// Records known to be missing in gaps.
    pub records_lost: u64,
    /// Unified books whose asks summed below a dollar: integrity alarms.
    pub crossed_book_alarms: u64,
    /// Windows flagged because the trade feed was incomplete (F-11).
    pub windows_unusable: u64,
    /// Records whose receive time lay before their predecessor's.
    pub clock_backwards: u64,
    /// Prints received on the market channel.
    pub stream_prints: u64,
    /// Trade rows received.
    pub trade_rows: u64,
    /// Trade rows from before the first record, which the first poll brings; not taken.
    pub trades_before_run: u64,
    /// Signals whose window was still open at the end.
    pub windows_dropped: u64,
    /// Signals of more than three legs, outside the frozen table.
    pub signals_outside_frozen: u64,
    /// Markets defined.
    pub markets: u64,
    /// Sets defined.
    pub sets: u64,
    /// Sets whose legs were all quotable at least once.
    pub sets_checked: u64,
    /// Evaluations of a set.
    pub set_checks: u64,
    /// Sets whose worst leg could ever be Liquid on its grid (one tick below 20 bps of its mid).
    pub sets_could_be_liquid: u64,
    /// Changes for tokens no market defines.
    pub tokens_unknown: u64,
    /// Whether the sources of this run carry sizes.
    pub has_sizes: bool,
}

#[derive(Serialize)]
struct HeartbeatRow<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    ts_ms: i64,
    #[serde(flatten)]
    counters: &'a Counters,
}

#[derive(Serialize)]
struct IntegrityRow<'a, B> {
    #[serde(rename = "type")]
    kind: &'static str,
    ts_ms: i64,
    #[serde(flatten)]
    integrity: &'a Integrity,
    books: &'a B,
    counters: &'a Counters,
}

/// The heartbeat row of `health.jsonl`.
pub fn heartbeat_row(ts_ms: i64, counters: &Counters) -> String {
    to_line(&HeartbeatRow { kind: "heartbeat", ts_ms, counters })
}

/// The closing row of `health.jsonl`; `books` is what the book store counted.
pub fn integrity_row<B: Serialize>(
    ts_ms: i64,
    integrity: &Integrity,
    books: &B,
    counters: &Counters,
) -> String {
    to_line(&IntegrityRow { kind: "integrity", ts_ms, integrity, books, counters })
}

/// Plain structs of numbers always serialise; an empty line would be seen by `audit verify`.
fn to_line<T: Serialize>(row: &T) -> String {
    serde_json::to_string(row).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_has_the_predecessors_fields_in_order() {
        let row = heartbeat_row(5, &Counters { ticks_processed: 2, ..Counters::default() });
        assert!(row.starts_with(
            "{\"type\":\"heartbeat\",\"ts_ms\":5,\"ticks_processed\":2,\"trades_written\":0,"
        ));
        assert!(row.ends_with("\"last_shadow_write_ms\":0}"), "{row}");
    }

    #[test]
    fn the_closing_row_carries_all_counts() {
        let integrity = Integrity { gaps: 3, ..Integrity::default() };
        let row = integrity_row(5, &integrity, &7_u8, &Counters::default());
        assert!(row.contains("\"gaps\":3") && row.contains("\"books\":7"), "{row}");
    }
}
