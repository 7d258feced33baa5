//! What a desk plays by and what it may lose, as keywords.
//!
//! The usual values of the rules are those of `config.toml`. The caps have none: nobody trades
//! within limits that nobody set.

use pyo3::prelude::*;
use razor_core::basket::{Rules, Waits};
use razor_core::risk::{Breakers, Caps, RateBreaker};
use razor_core::units::{Bps, Nanos};

use super::argument::{Count, Money, Ns, Rate};
use crate::errors::bad_argument;

const SECOND: i64 = 1_000_000_000;
const MILLI: i64 = 1_000_000;

const fn seconds(count: i64) -> Ns {
    Ns(Nanos(count.saturating_mul(SECOND)))
}

/// Ladders and waits; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct BasketRules {
    pub(super) rules: Rules,
}

#[pymethods]
impl BasketRules {
    #[new]
    #[pyo3(signature = (*, chase_cap_bps=Rate(Bps::new(200)), chase_step_bps=Rate(Bps::new(10)),
        flatten_bps=(Rate(Bps::new(100)), Rate(Bps::new(500)), Rate(Bps::new(1_000))),
        flatten_attempts=Count(3), queue=Count(16), answer_ns=Ns(Nanos(3_500 * MILLI)),
        poll_ns=seconds(1), resolve_ns=seconds(15), late_ns=seconds(120),
        flatten_wait_ns=seconds(2), flatten_ns=seconds(60), settle_ns=seconds(180),
        set_ns=seconds(120), cooldown_ns=seconds(1)))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        chase_cap_bps: Rate,
        chase_step_bps: Rate,
        flatten_bps: (Rate, Rate, Rate),
        flatten_attempts: Count<u8>,
        queue: Count<usize>,
        answer_ns: Ns,
        poll_ns: Ns,
        resolve_ns: Ns,
        late_ns: Ns,
        flatten_wait_ns: Ns,
        flatten_ns: Ns,
        settle_ns: Ns,
        set_ns: Ns,
        cooldown_ns: Ns,
    ) -> PyResult<Self> {
        if !(1..=3).contains(&flatten_attempts.0) {
            return Err(bad_argument("flatten_attempts is 1, 2 or 3"));
        }
        let waits = Waits {
            answer: answer_ns.0,
            poll: poll_ns.0,
            resolve: resolve_ns.0,
            late: late_ns.0,
            flatten_wait: flatten_wait_ns.0,
            flatten: flatten_ns.0,
            settle: settle_ns.0,
            set: set_ns.0,
            cooldown: cooldown_ns.0,
        };
        let rules = Rules {
            chase_cap: chase_cap_bps.0,
            chase_step: chase_step_bps.0,
            flatten: [flatten_bps.0.0, flatten_bps.1.0, flatten_bps.2.0],
            flatten_attempts: flatten_attempts.0,
            queue: queue.0,
            waits,
        };
        Ok(Self { rules })
    }
}

/// Every limit; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct RiskCaps {
    pub(super) caps: Caps,
}

#[pymethods]
impl RiskCaps {
    #[new]
    #[pyo3(signature = (*, max_exposure_micros, max_signal_micros, max_day_loss_micros,
        max_residual_micros, max_event_exposure_micros=None, max_orders_per_min=Count(60),
        max_open_orders=Count(8), exit_reserve_percent=Count(25), loss_streak=Count(5),
        revert=(Count(200), Count(20)), api_error=(Count(500), Count(20)),
        cooldown_ns=seconds(1), signal_ttl_ns=seconds(1), takes_delayed_markets=false))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        max_exposure_micros: Money,
        max_signal_micros: Money,
        max_day_loss_micros: Money,
        max_residual_micros: Money,
        max_event_exposure_micros: Option<Money>,
        max_orders_per_min: Count<u32>,
        max_open_orders: Count<u32>,
        exit_reserve_percent: Count<u8>,
        loss_streak: Count<u32>,
        revert: (Count<u16>, Count<u32>),
        api_error: (Count<u16>, Count<u32>),
        cooldown_ns: Ns,
        signal_ttl_ns: Ns,
        takes_delayed_markets: bool,
    ) -> PyResult<Self> {
        if exit_reserve_percent.0 > 100 {
            return Err(bad_argument("exit_reserve_percent is 0 to 100"));
        }
        let breakers = Breakers {
            loss_streak: loss_streak.0,
            revert: breaker(revert)?,
            api_error: breaker(api_error)?,
        };
        let caps = Caps {
            max_exposure: max_exposure_micros.0,
            max_signal: max_signal_micros.0,
            max_day_loss: max_day_loss_micros.0,
            max_orders_per_min: max_orders_per_min.0,
            max_open_orders: max_open_orders.0,
            max_residual: max_residual_micros.0,
            exit_reserve_percent: exit_reserve_percent.0,
            max_event_exposure: max_event_exposure_micros.map(|cap| cap.0),
            breakers,
            cooldown: cooldown_ns.0,
            signal_ttl: signal_ttl_ns.0,
            takes_delayed_markets,
        };
        Ok(Self { caps })
    }
}

fn breaker((permille, window): (Count<u16>, Count<u32>)) -> PyResult<RateBreaker> {
    if permille.0 > 1_000 || window.0 == 0 {
        return Err(bad_argument("a breaker is (0 to 1000 per thousand, events above 0)"));
    }
    Ok(RateBreaker { max_permille: permille.0, window: window.0 })
}
