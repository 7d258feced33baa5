//! The simulated venue, as Python configures it.

use pyo3::prelude::*;
use razor_core::shadow::exact::FillShare;
use razor_core::units::{Nanos, Qty};
use razor_io::orders::Venue;
use razor_sim::gateway::{LatencySpike, Model, SettleDelay, SimConfig, SimGateway, SimMarkets};

use crate::errors::bad_argument;

/// What a simulated venue is made of; see the stub.
#[pyclass(frozen, module = "razor._core")]
pub(crate) struct SimVenue {
    config: SimConfig,
}

#[pymethods]
impl SimVenue {
    /// Reads the settings and switches; decimals as text.
    #[new]
    #[pyo3(signature = (
        *, seed, is_frozen, share_liquid, share_thin, latency_ms, quote_depth, settle_ms=(2000, 8000),
        force_chase_fail=false, latency_spike=(0, 0), drop_book_share="0", http_429_every=0
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
        force_chase_fail: bool,
        latency_spike: (u64, u64),
        drop_book_share: &str,
        http_429_every: u64,
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
            quote_depth: Qty::parse(quote_depth.as_bytes()).map_err(bad_argument)?,
            ..SimConfig::default()
        };
        Ok(Self { config })
    }
}

impl SimVenue {
    /// A venue of this make without orders.
    pub(crate) fn venue(&self) -> Venue {
        Box::new(SimGateway::new(self.config.clone(), SimMarkets::default()))
    }
}
