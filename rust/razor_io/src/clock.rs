//! The only place that reads a clock.
//!
//! Two clocks and no more: the wall clock for labels (receive times, file names), which may jump by
//! any amount, and a monotonic clock for waits and periods, which never goes back. A decision must
//! not depend on the first (D-11); nothing that is written may depend on the second.

use std::time::{Duration, Instant, SystemTime};

/// Wall time in ns since 1970, as a label. Before 1970 and after 2262 it is cut off at the ends.
#[expect(clippy::disallowed_methods, reason = "this module is where clocks are read")]
pub fn wall_ns() -> i64 {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, i64::wrapping_neg)
        }
    }
}

/// A stopwatch on the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "this module is where clocks are read")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    #[expect(clippy::disallowed_methods, reason = "this module is where clocks are read")]
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(self.0)
    }

    /// Nanoseconds since the start; stops at `u64::MAX` (584 years).
    pub fn elapsed_ns(&self) -> u64 {
        u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_never_goes_back() {
        let watch = Stopwatch::start();
        let first = watch.elapsed_ns();
        assert!(watch.elapsed_ns() >= first);
    }

    #[test]
    fn wall_time_is_after_this_was_written() {
        assert!(wall_ns() > 1_700_000_000_000_000_000);
    }
}
