//! What a match leaves behind: the print, the changed level and, later, the Data API row.

/// A row that the next poll will ingest.
#[derive(Debug, Clone)]
pub(super) struct PendingTrade {
    /// When the match happened, in receive time of its print.
    pub(super) at_ns: i64,
    /// Row text.
    pub(super) row: String,
}

/// The texts of one match.
#[derive(Debug, Clone)]
pub(super) struct Execution {
    /// `last_trade_price` frame.
    pub(super) print: String,
    /// `price_change` frame.
    pub(super) change: String,
    /// Data API row.
    pub(super) row: String,
    /// Quantity in micro-shares.
    pub(super) qty_micros: u64,
}
