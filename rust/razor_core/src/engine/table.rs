//! The tables a run writes, and who takes the rows.

use super::oms::Request;
use super::{oms_fills, oms_rows, rows};
use crate::ids::SetIx;
use crate::shadow::calibrate::CALIBRATION_HEADER;
use crate::shadow::rows::{SHADOW_LEGS_HEADER, SHADOW_LOG_HEADER, SHADOW_SETS_HEADER};
use crate::units::{Bps, Nanos};

/// A table of a run directory; each is a projection of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `ticks.csv`.
    Ticks,
    /// `snapshots.csv`.
    Snapshots,
    /// `trades.csv`.
    Trades,
    /// `shadow_log.csv`.
    ShadowLog,
    /// `shadow_sets.csv`.
    ShadowSets,
    /// `shadow_legs.csv`.
    ShadowLegs,
    /// `trade_log.csv`.
    TradeLog,
    /// `calibration_log.csv`.
    CalibrationLog,
    /// `fills.csv`.
    Fills,
    /// `health.jsonl`.
    Health,
}

impl Table {
    /// All tables, in the order in which they are written and verified.
    pub const ALL: [Self; 10] = [
        Self::Ticks,
        Self::Snapshots,
        Self::Trades,
        Self::ShadowLog,
        Self::ShadowSets,
        Self::ShadowLegs,
        Self::TradeLog,
        Self::CalibrationLog,
        Self::Fills,
        Self::Health,
    ];

    /// File name in the run directory.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Ticks => "ticks.csv",
            Self::Snapshots => "snapshots.csv",
            Self::Trades => "trades.csv",
            Self::ShadowLog => "shadow_log.csv",
            Self::ShadowSets => "shadow_sets.csv",
            Self::ShadowLegs => "shadow_legs.csv",
            Self::TradeLog => "trade_log.csv",
            Self::CalibrationLog => "calibration_log.csv",
            Self::Fills => "fills.csv",
            Self::Health => "health.jsonl",
        }
    }

    /// First line of the file, without its line end; `None` where the format has none.
    pub const fn header(self) -> Option<&'static str> {
        match self {
            Self::Ticks => Some(rows::TICKS_HEADER),
            Self::Snapshots => Some(rows::SNAPSHOTS_HEADER),
            Self::Trades => Some(rows::TRADES_HEADER),
            Self::ShadowLog => Some(SHADOW_LOG_HEADER),
            Self::ShadowSets => Some(SHADOW_SETS_HEADER),
            Self::ShadowLegs => Some(SHADOW_LEGS_HEADER),
            Self::TradeLog => Some(oms_rows::TRADE_LOG_HEADER),
            Self::CalibrationLog => Some(CALIBRATION_HEADER),
            Self::Fills => Some(oms_fills::FILLS_HEADER),
            Self::Health => None,
        }
    }
}

/// A signal as the shell and people see it; the exact one is in the shadow ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalNotice {
    /// Counts signals of the run, from 1.
    pub signal_id: u64,
    /// The set.
    pub set: SetIx,
    /// Receive time of the input that raised it.
    pub recv_ns: Nanos,
    /// Net edge on the frozen basis.
    pub expected_net: Bps,
}

/// Who takes what the engine gives out.
pub trait Sink {
    /// Whether table rows are wanted; rows are not even formatted otherwise.
    fn wants_rows(&self) -> bool;

    /// Takes whole lines of one table, each with its line end.
    fn row(&mut self, table: Table, lines: &str);

    /// Takes a signal.
    fn signal(&mut self, notice: SignalNotice);

    /// Takes what the order path asks of the shell; without a gateway nothing is done about it.
    fn request(&mut self, _request: Request) {}
}

/// Takes nothing: for measuring the fold alone.
#[derive(Debug, Default, Clone, Copy)]
pub struct NoRows {
    /// Signals seen.
    pub signals: u64,
}

impl Sink for NoRows {
    fn wants_rows(&self) -> bool {
        false
    }

    fn row(&mut self, _table: Table, _lines: &str) {}

    fn signal(&mut self, _notice: SignalNotice) {
        self.signals = self.signals.saturating_add(1);
    }
}
