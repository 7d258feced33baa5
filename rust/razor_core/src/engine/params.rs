//! The first record of every fold: who runs, on what, with which settings.
//!
//! The payload is canonical JSON that the control plane has validated; decimals are text. Keys the
//! core does not use are ignored here, because an unknown key was already an error where people
//! write them.

use serde::Deserialize;
use thiserror::Error;

use super::object;
use super::order_params::OrderParams;
use crate::shadow::exact::{AttoShares, FillShare, PicoShares};
use crate::shadow::settle::SettleRules;
use crate::shadow::store::TradeRows;
use crate::shadow::{ShadowError, ShadowParams};
use crate::signal::BrainParams;
use crate::signal::brain::BrainError;
use crate::units::{Bps, Nanos, UnitError};

/// Trade ids remembered per run: 32 bytes each, 256 MiB at the bound.
const MAX_TRADE_IDS: usize = 8_000_000;
/// Signals waiting for their window at most.
const MAX_PENDING: usize = 100_000;
/// Prints reach the Data API within seconds; so long the venue basis waits for them.
const VENUE_WAIT_MS: i64 = 10_000;
const NANOS_PER_MS: i64 = 1_000_000;

/// Why a parameter record was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParamsError {
    /// The payload is not the JSON of the contract.
    #[error(
        "parameter record is not valid at line {line}, column {column}; it is written by razor itself, so the journal is damaged or foreign"
    )]
    NotParams {
        /// Line in the payload.
        line: usize,
        /// Column in the payload.
        column: usize,
    },
    /// A number of the settings is outside its range.
    #[error("setting {key}: {source}")]
    BadNumber {
        /// Key path.
        key: &'static str,
        /// What is wrong with it.
        source: UnitError,
    },
    /// The signal generator refuses its settings.
    #[error(transparent)]
    Brain(#[from] BrainError),
    /// The ledger refuses its settings.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
}

/// Where the records come from, as far as the rules depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A live venue or a recording of one.
    Venue,
    /// A predecessor's tables: no staleness test, trade rows as they are (RAZOR_SPEC §20).
    Predecessor,
}

#[derive(Deserialize)]
struct Payload {
    run_id: String,
    source: Source,
    settings: Settings,
}

#[derive(Deserialize)]
struct Settings {
    run: RunSettings,
    brain: BrainSettings,
    buckets: BucketSettings,
    shadow: ShadowSettings,
    feed: FeedSettings,
}

#[derive(Deserialize)]
struct RunSettings {
    snapshot_log_interval_ms: i64,
}

#[derive(Deserialize)]
struct BrainSettings {
    risk_premium_bps: i32,
    min_net_edge_bps: i32,
    q_req: String,
    signal_cooldown_ms: i64,
    max_snapshot_staleness_ms: i64,
}

#[derive(Deserialize)]
struct BucketSettings {
    fill_share_liquid_p25: String,
    fill_share_thin_p25: String,
}

#[derive(Deserialize)]
struct ShadowSettings {
    window_start_ms: i64,
    window_end_ms: i64,
    trade_retention_ms: i64,
    max_trades: usize,
    max_trade_gap_ms: i64,
    trade_size_suspect_threshold: String,
    trade_notional_suspect_threshold: String,
}

#[derive(Deserialize)]
struct FeedSettings {
    frame_cap_bytes: usize,
    hash_check_every: u32,
}

/// Settings as the engine uses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// What `run_id` says in the tables.
    pub run_id: String,
    /// Kind of source.
    pub source: Source,
    /// Least time between two snapshot rows of a set, ms.
    pub snapshot_log_interval_ms: i64,
    /// Signal generator.
    pub brain: BrainParams,
    /// Shadow ledger.
    pub shadow: ShadowParams,
    /// Longest frame that is decoded.
    pub frame_cap_bytes: usize,
    /// Every so-many-th change has its book hash checked; 0 checks none.
    pub hash_check_every: u32,
    /// The order path; `None` in a dry run.
    pub orders: Option<OrderParams>,
}

impl Params {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`ParamsError`] with the place or the key.
    pub fn decode(payload: &[u8]) -> Result<Self, ParamsError> {
        let Payload { run_id, source, settings } = object::decode(payload)
            .map_err(|e| ParamsError::NotParams { line: e.line(), column: e.column() })?;
        Ok(Self {
            run_id,
            source,
            snapshot_log_interval_ms: settings.run.snapshot_log_interval_ms,
            brain: brain_params(&settings.brain, source)?,
            shadow: shadow_params(&settings, source)?,
            frame_cap_bytes: settings.feed.frame_cap_bytes,
            hash_check_every: settings.feed.hash_check_every,
            orders: OrderParams::decode(payload)?,
        })
    }
}

fn brain_params(brain: &BrainSettings, source: Source) -> Result<BrainParams, ParamsError> {
    let staleness_ns = brain.max_snapshot_staleness_ms.saturating_mul(NANOS_PER_MS);
    Ok(BrainParams {
        risk_premium: Bps::new(brain.risk_premium_bps),
        min_net_edge: Bps::new(brain.min_net_edge_bps),
        q_req: parsed("brain.q_req", PicoShares::parse(&brain.q_req))?,
        cooldown_ms: brain.signal_cooldown_ms,
        max_staleness: match source {
            Source::Venue => Some(Nanos(staleness_ns)),
            Source::Predecessor => None,
        },
    })
}

fn shadow_params(settings: &Settings, source: Source) -> Result<ShadowParams, ParamsError> {
    let (shadow, buckets) = (&settings.shadow, &settings.buckets);
    let (size_key, notional_key) =
        ("shadow.trade_size_suspect_threshold", "shadow.trade_notional_suspect_threshold");
    let size_suspect = AttoShares::parse(&shadow.trade_size_suspect_threshold);
    let notional = AttoShares::parse(&shadow.trade_notional_suspect_threshold);
    let liquid = FillShare::parse(&buckets.fill_share_liquid_p25);
    let thin = FillShare::parse(&buckets.fill_share_thin_p25);
    Ok(ShadowParams {
        rules: SettleRules {
            window_start_ms: shadow.window_start_ms,
            window_end_ms: shadow.window_end_ms,
            share_liquid: parsed("buckets.fill_share_liquid_p25", liquid)?,
            share_thin: parsed("buckets.fill_share_thin_p25", thin)?,
            max_trade_gap_ms: shadow.max_trade_gap_ms,
            size_suspect: parsed(size_key, size_suspect)?,
            notional_suspect_atto: parsed(notional_key, notional)?.0,
        },
        trade_retention_ms: shadow.trade_retention_ms,
        max_trades: shadow.max_trades,
        max_trade_ids: MAX_TRADE_IDS,
        venue_wait_ms: VENUE_WAIT_MS,
        max_pending: MAX_PENDING,
        rows: match source {
            Source::Venue => TradeRows::OncePerRun,
            Source::Predecessor => TradeRows::AsTheyAre,
        },
    })
}

fn parsed<T>(key: &'static str, value: Result<T, UnitError>) -> Result<T, ParamsError> {
    value.map_err(|source| ParamsError::BadNumber { key, source })
}
