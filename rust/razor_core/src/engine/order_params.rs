//! The settings of the order path, as the first record of a run has them.
//!
//! Owns: [`OrderParams`]. They are read only where the record says that orders are simulated or
//! real: a dry run has none, and no order code is reachable there.

use serde::Deserialize;

use super::oms::Oms;
use super::params::ParamsError;
use crate::basket::{Desk, Rules, Waits};
use crate::market::Fees;
use crate::risk::{Breakers, Caps, RateBreaker};
use crate::units::{Bps, Nanos, UnitError, Usdc, parse_fixed};

const MICRO_SCALE: u32 = 6;
const SECOND: Nanos = Nanos(1_000_000_000);
/// INVARIANTS L-2: 30 s in all; the fence goes out after 20 s, and has 10 s to show its effect.
const RESOLVE: Nanos = Nanos(15_000_000_000);
/// The shell's own limit is 3 s (FAULTS rule 0.3); the core does not trust it to be kept.
const ANSWER: Nanos = Nanos(3_500_000_000);
/// INVARIANTS L-2 and FAULTS F-15.
const LATE: Nanos = Nanos(120_000_000_000);
/// INVARIANTS L-3.
const FLATTEN: Nanos = Nanos(60_000_000_000);
/// INVARIANTS L-1.
const SET: Nanos = Nanos(120_000_000_000);
/// Signals that may wait: a set takes seconds, a signal lives about one.
const QUEUE: usize = 16;

/// Whom orders go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderMode {
    /// The simulated venue.
    Sim,
    /// The venue.
    Live,
}

impl OrderMode {
    /// The word of the tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sim => "SIM",
            Self::Live => "LIVE",
        }
    }
}

/// Rules and caps of the order path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderParams {
    /// Whom orders go to.
    pub mode: OrderMode,
    /// Ladders and waits.
    pub rules: Rules,
    /// Limits.
    pub caps: Caps,
    /// Schedule of markets that name none: simulated orders only, and only where a person set it.
    pub assumed_fees: Fees,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    orders: Option<OrderMode>,
}

#[derive(Deserialize)]
struct Payload {
    settings: Settings,
}

#[derive(Deserialize)]
struct Settings {
    live: LiveSettings,
    oms: OmsSettings,
    risk: RiskSettings,
    sim: SimSettings,
}

#[derive(Deserialize)]
struct SimSettings {
    #[serde(default)]
    assumed_fee_rate: Option<String>,
}

#[derive(Deserialize)]
struct LiveSettings {
    chase_cap_bps: i32,
    ladder_step1_bps: i32,
    flatten_lvl1_bps: i32,
    flatten_lvl2_bps: i32,
    flatten_lvl3_bps: i32,
    flatten_max_attempts: u8,
    cooldown_ms: i64,
}

#[derive(Deserialize)]
struct OmsSettings {
    flatten_wait_ms: i64,
    settle_deadline_ms: i64,
    signal_ttl_ms: i64,
    take_delayed_markets: bool,
}

#[derive(Deserialize)]
struct RiskSettings {
    max_exposure_usdc: String,
    max_signal_usdc: String,
    max_day_loss_usdc: String,
    max_orders_per_min: u32,
    max_open_orders: u32,
    max_residual_usdc: String,
    max_event_exposure_usdc: String,
    exit_reserve_pct: u8,
    max_loss_streak: u32,
    max_revert_permille: u16,
    revert_window: u32,
    max_api_error_permille: u16,
    api_error_window: u32,
}

impl OrderParams {
    /// Reads a params payload; `None` where it says nothing of orders.
    ///
    /// # Errors
    /// [`ParamsError`] with the place or the key.
    pub fn decode(payload: &[u8]) -> Result<Option<Self>, ParamsError> {
        let bad =
            |e: &serde_json::Error| ParamsError::NotParams { line: e.line(), column: e.column() };
        let head: Head = serde_json::from_slice(payload).map_err(|e| bad(&e))?;
        let Some(mode) = head.orders else { return Ok(None) };
        let Payload { settings } = serde_json::from_slice(payload).map_err(|e| bad(&e))?;
        let assumed_fees = match mode {
            OrderMode::Sim => assumed_fees(settings.sim.assumed_fee_rate.as_deref())?,
            OrderMode::Live => Fees::Unknown,
        };
        Ok(Some(Self { mode, rules: rules(&settings)?, caps: caps(&settings)?, assumed_fees }))
    }

    /// The order path of a new run.
    pub(super) fn oms(self) -> Oms {
        Oms::new(Desk::new(self.rules, self.caps), self.mode)
    }
}

/// The schedule of a rate set by a person; 0 or nothing leaves it unknown.
///
/// # Errors
/// [`ParamsError::BadNumber`].
pub fn assumed_fees(rate: Option<&str>) -> Result<Fees, ParamsError> {
    let key = "sim.assumed_fee_rate";
    let parsed = parse_fixed(rate.unwrap_or("0").as_bytes(), MICRO_SCALE);
    let rate = parsed.and_then(|ppm| u32::try_from(ppm).map_err(|_| UnitError::Overflow));
    match rate {
        Ok(0) => Ok(Fees::Unknown),
        Ok(rate_ppm) => Ok(Fees::Taker { rate_ppm, exponent: 1 }),
        Err(source) => Err(ParamsError::BadNumber { key, source }),
    }
}

fn rules(settings: &Settings) -> Result<Rules, ParamsError> {
    let (live, oms) = (&settings.live, &settings.oms);
    Ok(Rules {
        chase_cap: Bps::new(live.chase_cap_bps),
        chase_step: Bps::new(live.ladder_step1_bps),
        flatten: [live.flatten_lvl1_bps, live.flatten_lvl2_bps, live.flatten_lvl3_bps]
            .map(Bps::new),
        // RAZOR_SPEC §3: 0 counts as 1.
        flatten_attempts: live.flatten_max_attempts.clamp(1, 3),
        queue: QUEUE,
        waits: Waits {
            answer: ANSWER,
            poll: SECOND,
            resolve: RESOLVE,
            late: LATE,
            flatten_wait: millis("oms.flatten_wait_ms", oms.flatten_wait_ms)?,
            flatten: FLATTEN,
            settle: millis("oms.settle_deadline_ms", oms.settle_deadline_ms)?,
            set: SET,
            cooldown: millis("live.cooldown_ms", live.cooldown_ms)?,
        },
    })
}

fn caps(settings: &Settings) -> Result<Caps, ParamsError> {
    let risk = &settings.risk;
    Ok(Caps {
        max_exposure: usdc("risk.max_exposure_usdc", &risk.max_exposure_usdc)?,
        max_signal: usdc("risk.max_signal_usdc", &risk.max_signal_usdc)?,
        max_day_loss: usdc("risk.max_day_loss_usdc", &risk.max_day_loss_usdc)?,
        max_orders_per_min: risk.max_orders_per_min,
        max_open_orders: risk.max_open_orders,
        max_residual: usdc("risk.max_residual_usdc", &risk.max_residual_usdc)?,
        exit_reserve_percent: risk.exit_reserve_pct,
        max_event_exposure: Some(usdc(
            "risk.max_event_exposure_usdc",
            &risk.max_event_exposure_usdc,
        )?),
        breakers: Breakers {
            loss_streak: risk.max_loss_streak,
            revert: RateBreaker {
                max_permille: risk.max_revert_permille,
                window: risk.revert_window,
            },
            api_error: RateBreaker {
                max_permille: risk.max_api_error_permille,
                window: risk.api_error_window,
            },
        },
        cooldown: millis("live.cooldown_ms", settings.live.cooldown_ms)?,
        signal_ttl: millis("oms.signal_ttl_ms", settings.oms.signal_ttl_ms)?,
        takes_delayed_markets: settings.oms.take_delayed_markets,
    })
}

fn millis(key: &'static str, ms: i64) -> Result<Nanos, ParamsError> {
    Nanos::from_millis(ms).map_err(|source| ParamsError::BadNumber { key, source })
}

fn usdc(key: &'static str, text: &str) -> Result<Usdc, ParamsError> {
    let micros = parse_fixed(text.as_bytes(), MICRO_SCALE)
        .and_then(|micros| i64::try_from(micros).map_err(|_| UnitError::Overflow));
    micros.map(Usdc).map_err(|source| ParamsError::BadNumber { key, source })
}
