//! How single times are spread: mean and quantiles, exact, from all of them.

use pyo3::prelude::*;

/// Mean, quantiles and worst of many times, ns; see the stub.
#[derive(Debug, Clone, Copy)]
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct Spread {
    count: u64,
    mean_ns: u64,
    p50_ns: u64,
    p90_ns: u64,
    p99_ns: u64,
    p999_ns: u64,
    max_ns: u64,
}

impl Spread {
    /// Sorts the times in place; no times give zeros.
    pub(crate) fn of(times: &mut [u32]) -> Self {
        times.sort_unstable();
        let count = u64::try_from(times.len()).unwrap_or(u64::MAX);
        let sum: u64 = times.iter().map(|ns| u64::from(*ns)).fold(0, u64::saturating_add);
        let at = |per_mille: usize| {
            let last = times.len().saturating_sub(1);
            let index = last.saturating_mul(per_mille).checked_div(1_000).unwrap_or(0);
            times.get(index).copied().map_or(0, u64::from)
        };
        Self {
            count,
            mean_ns: sum.checked_div(count).unwrap_or(0),
            p50_ns: at(500),
            p90_ns: at(900),
            p99_ns: at(990),
            p999_ns: at(999),
            max_ns: at(1_000),
        }
    }
}

/// A time as it is collected: up to four seconds, longer ones at that bound.
pub(crate) fn short(ns: u64) -> u32 {
    u32::try_from(ns).unwrap_or(u32::MAX)
}
