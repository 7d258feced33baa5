//! A signal as a notebook writes it down.

use pyo3::prelude::*;
use razor_core::basket::{LegPlan, Plan};
use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::{Fees, Settlement};
use razor_core::signal::bucket::Bucket;

use super::argument::{Count, Ns, Px, Rate, Shares, one_of};

/// One leg of a signal; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct SignalLeg {
    leg: LegPlan,
}

#[pymethods]
impl SignalLeg {
    /// A rate of `None` is a schedule that nobody knows; 0 is a market without fees.
    #[new]
    #[pyo3(signature = (*, token, limit_micros, min_order_qty, fee_rate_ppm=Some(Count(0)),
        fee_exponent=Count(1)))]
    fn new(
        token: Count<u32>,
        limit_micros: Px,
        min_order_qty: Shares,
        fee_rate_ppm: Option<Count<u32>>,
        fee_exponent: Count<u8>,
    ) -> Self {
        let fees = match fee_rate_ppm {
            None => Fees::Unknown,
            Some(Count(0)) => Fees::Free,
            Some(Count(rate_ppm)) => Fees::Taker { rate_ppm, exponent: fee_exponent.0 },
        };
        let token = TokenIx(token.0);
        Self { leg: LegPlan { token, limit: limit_micros.0, min_order_qty: min_order_qty.0, fees } }
    }

    #[getter]
    const fn token(&self) -> u32 {
        self.leg.token.0
    }

    #[getter]
    const fn limit_micros(&self) -> u32 {
        self.leg.limit.micros()
    }
}

/// A signal; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct SignalPlan {
    pub(super) plan: Plan,
}

#[pymethods]
impl SignalPlan {
    #[new]
    #[pyo3(signature = (*, signal_id, ts_ns, set_ix, qty, expected_net_bps, worst, legs,
        event=Count(0), bucket="thin", settlement="merge", is_delayed=false, is_resolving=false))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        signal_id: Count<u64>,
        ts_ns: Ns,
        set_ix: Count<u32>,
        qty: Shares,
        expected_net_bps: Rate,
        worst: Count<u8>,
        legs: Vec<PyRef<'_, SignalLeg>>,
        event: Count<u32>,
        bucket: &str,
        settlement: &str,
        is_delayed: bool,
        is_resolving: bool,
    ) -> PyResult<Self> {
        let settlements = [
            ("merge", Settlement::Merge),
            ("hold", Settlement::HoldToResolution),
            ("unproven", Settlement::Unproven),
        ];
        let plan = Plan {
            signal_id: signal_id.0,
            ts: ts_ns.0,
            set: SetIx(set_ix.0),
            event: event.0,
            qty: qty.0,
            expected_net: expected_net_bps.0,
            bucket: one_of(bucket, &[("liquid", Bucket::Liquid), ("thin", Bucket::Thin)])?,
            worst: worst.0,
            settlement: one_of(settlement, &settlements)?,
            is_delayed,
            is_resolving,
            legs: legs.into_iter().map(|leg| leg.leg).collect(),
        };
        Ok(Self { plan })
    }

    #[getter]
    const fn signal_id(&self) -> u64 {
        self.plan.signal_id
    }

    /// The legs by number, in the order they are worked.
    #[getter]
    fn leg_order(&self) -> Vec<u32> {
        self.plan.leg_order().map(u32::from).collect()
    }
}
