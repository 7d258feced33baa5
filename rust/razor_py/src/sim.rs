//! The simulated venue, as Python configures it.

use pyo3::prelude::*;
use razor_core::engine::order_params::assumed_fees;
use razor_core::order::Rung;
use razor_core::shadow::exact::FillShare;
use razor_core::units::{Nanos, Qty};
use razor_io::orders::Venue;
use razor_sim::gateway::{
    Fault, FaultCode, FaultPlan, LatencySpike, Model, Params, RefusalClass, SettleDelay, SimConfig,
    SimGateway, SimMarkets, When,
};

use crate::errors::bad_argument;

/// What a simulated venue is made of; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct SimVenue {
    config: SimConfig,
    plan: FaultPlan,
}

#[pymethods]
impl SimVenue {
    /// Reads the settings and switches; decimals as text.
    #[new]
    #[pyo3(signature = (
        *, seed, is_frozen, share_liquid, share_thin, latency_ms, quote_depth, settle_ms,
        latency_spike, faults, force_chase_fail=false, drop_book_share="0", http_429_every=0,
        assumed_fee_rate="0"
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        seed: u64,
        is_frozen: bool,
        share_liquid: &str,
        share_thin: &str,
        latency_ms: i64,
        quote_depth: &str,
        settle_ms: (i64, i64),
        latency_spike: (u64, u64),
        faults: Vec<PyRef<'_, SimFault>>,
        force_chase_fail: bool,
        drop_book_share: &str,
        http_429_every: u64,
        assumed_fee_rate: &str,
    ) -> PyResult<Self> {
        let share = |text: &str| FillShare::parse(text).map_err(bad_argument);
        let millis = |ms: i64| Nanos::from_millis(ms).map_err(bad_argument);
        let config = SimConfig {
            seed,
            model: if is_frozen { Model::Frozen } else { Model::Depleting },
            share_liquid: share(share_liquid)?,
            share_thin: share(share_thin)?,
            latency: millis(latency_ms)?,
            spike: LatencySpike { ms: latency_spike.0, every: latency_spike.1 },
            drop_book: share(drop_book_share)?,
            force_chase_fail,
            http_429_every,
            settle: SettleDelay { min: millis(settle_ms.0)?, max: millis(settle_ms.1)? },
            assumed_fees: assumed_fees(Some(assumed_fee_rate)).map_err(bad_argument)?,
            quote_depth: Qty::parse(quote_depth.as_bytes()).map_err(bad_argument)?,
            ..SimConfig::default()
        };
        let faults = faults.into_iter().map(|fault| fault.fault.clone()).collect();
        Ok(Self { config, plan: FaultPlan { faults } })
    }
}

impl SimVenue {
    /// A venue of this make without orders.
    pub(crate) fn venue(&self) -> Venue {
        let mut venue = SimGateway::new(self.config.clone(), SimMarkets::default());
        venue.arm(self.plan.clone());
        Box::new(venue)
    }
}

/// One line of a fault plan; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct SimFault {
    fault: Fault,
}

#[pymethods]
impl SimFault {
    /// Reads a line: what is not given has the usual value of its code.
    #[new]
    #[pyo3(signature = (
        code, *, nth=None, every=None, rung=None, between_ms=None, times=0, delay_ms=None,
        tail_ms=None, qty=None, share=None, count=None, worse_micros=None, is_accepted=None,
        refusal=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        code: &str,
        nth: Option<u64>,
        every: Option<u64>,
        rung: Option<usize>,
        between_ms: Option<(i64, i64)>,
        times: u32,
        delay_ms: Option<i64>,
        tail_ms: Option<i64>,
        qty: Option<&str>,
        share: Option<&str>,
        count: Option<u8>,
        worse_micros: Option<u32>,
        is_accepted: Option<bool>,
        refusal: Option<&str>,
    ) -> PyResult<Self> {
        let code = FaultCode::parse(code).ok_or_else(|| bad_argument("unknown fault code"))?;
        let millis = |ms: i64| Nanos::from_millis(ms).map_err(bad_argument);
        let mut when: Vec<When> = nth.map(When::Nth).into_iter().collect();
        when.extend(every.map(When::Every));
        when.extend(rung.and_then(|rung| Rung::ALL.get(rung).copied()).map(When::Rung));
        if let Some((from, to)) = between_ms {
            when.push(When::Between(millis(from)?, millis(to)?));
        }
        let usual = code.usual();
        let params = Params {
            delay: delay_ms.map_or(Ok(usual.delay), millis)?,
            tail: tail_ms.map_or(Ok(usual.tail), millis)?,
            qty: qty
                .map_or(Ok(usual.qty), |text| Qty::parse(text.as_bytes()))
                .map_err(bad_argument)?,
            share: share.map_or(Ok(usual.share), FillShare::parse).map_err(bad_argument)?,
            count: count.unwrap_or(usual.count),
            worse: worse_micros.unwrap_or(usual.worse),
            is_accepted: is_accepted.unwrap_or(usual.is_accepted),
            refusal: refusal.map_or(Ok(usual.refusal), class_of)?,
            ..usual
        };
        Ok(Self { fault: Fault { code, when, params, times } })
    }

    /// The codes that a plan may name.
    #[staticmethod]
    fn codes() -> Vec<&'static str> {
        FaultCode::ALL.iter().map(|code| code.word()).collect()
    }
}

fn class_of(word: &str) -> PyResult<RefusalClass> {
    match word {
        "order" => Ok(RefusalClass::Order),
        "market" => Ok(RefusalClass::Market),
        "account" => Ok(RefusalClass::Account),
        _ => Err(bad_argument("a refusal is of order, market or account")),
    }
}
