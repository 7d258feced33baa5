//! What `razor bench` measures with: seeded workloads, the core's own loops over them, and clocks.
//!
//! Owns: the handles below. Each holds one workload and runs one loop over it; Python decides how
//! often, alternates them with the peers and computes the ratios.
//!
//! Must never: be used outside a measurement, measure the generation of its own input, or leave out
//! work that a run does: the feed loop is `Books::apply` and `Detector::update`, the replay loop is
//! `TextReader` and `Engine::step`, the recorder is that of a live run.
//!
//! Invariants:
//! - the same seed and sizes give the same bytes, and the books at the end are compared with the
//!   generator's, so a fast wrong answer is no figure;
//! - times are whole nanoseconds of the monotonic clock; a time of one message includes one reading
//!   of the clock, whose own cost is [`clock_cost_ns`].

mod feed;
mod floor;
mod memory;
mod oms;
mod recorder;
mod replay;
mod spread;
mod workload;

use pyo3::prelude::*;
use razor_io::clock::Stopwatch;

/// Puts the handles into the module.
pub(crate) fn export(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<feed::FeedBench>()?;
    module.add_class::<replay::ReplayBench>()?;
    module.add_class::<recorder::RecorderBench>()?;
    module.add_class::<recorder::Recorded>()?;
    module.add_class::<memory::MemoryBench>()?;
    module.add_class::<oms::OmsBench>()?;
    module.add_class::<spread::Spread>()?;
    module.add_function(wrap_pyfunction!(clock_cost_ns, module)?)
}

/// Readings of the clock behind one figure of its cost.
const READINGS: u64 = 200_000;

/// What one reading of the clock costs here, in ns.
#[pyfunction]
fn clock_cost_ns() -> u64 {
    let watch = Stopwatch::start();
    for _ in 0..READINGS {
        std::hint::black_box(watch.elapsed_ns());
    }
    watch.elapsed_ns().checked_div(READINGS).unwrap_or(0)
}
