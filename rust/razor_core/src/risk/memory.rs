//! What the guards remember, each in bounded room: sends, outcomes and signal ids.
//!
//! Owns: [`Sends`], [`Outcomes`], [`Sights`]. Must never: grow without a limit, or forget in the
//! direction that permits.

use std::collections::VecDeque;

use crate::units::Nanos;

/// A send counts as long as it is at most so old; both ends of the minute belong to it.
const MINUTE: i64 = 60_000_000_000;

/// The latest sends, exactly as many as the cap: a full minute of them is a full ring.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sends {
    /// Never falling.
    times: VecDeque<Nanos>,
    most: u32,
}

impl Sends {
    pub(super) const fn new(most: u32) -> Self {
        Self { times: VecDeque::new(), most }
    }

    /// A time before the last one counts as the last one.
    pub(super) fn note(&mut self, now: Nanos) {
        let now = self.times.back().map_or(now, |last| now.max(*last));
        let stale = self.stale(now);
        self.times.drain(..stale);
        if count(self.times.len()) >= self.most {
            self.times.pop_front();
        }
        if self.most > 0 {
            self.times.push_back(now);
        }
    }

    /// Sends of the last 60 s, at most the cap.
    pub(super) fn used(&self, now: Nanos) -> u32 {
        count(self.times.len().saturating_sub(self.stale(now)))
    }

    fn stale(&self, now: Nanos) -> usize {
        self.times.partition_point(|time| now.0.saturating_sub(time.0) > MINUTE)
    }
}

/// Good and bad outcomes of the last `window` events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Outcomes {
    /// Whether each was bad, oldest first.
    last: VecDeque<bool>,
    bad: u32,
    window: u32,
}

impl Outcomes {
    pub(super) const fn new(window: u32) -> Self {
        Self { last: VecDeque::new(), bad: 0, window }
    }

    pub(super) fn note(&mut self, is_bad: bool) {
        if count(self.last.len()) >= self.window && self.last.pop_front() == Some(true) {
            self.bad = self.bad.saturating_sub(1);
        }
        if self.window > 0 {
            self.last.push_back(is_bad);
            self.bad = self.bad.saturating_add(u32::from(is_bad));
        }
    }

    /// Bad ones per thousand of a whole window, rounded up.
    ///
    /// Events still to come count as good: a few bad ones at the start are no rate, and as many as
    /// break a full window break a young one too.
    pub(super) fn bad_permille_ceil(&self) -> u64 {
        let scaled = u64::from(self.bad).saturating_mul(1000);
        let window = u64::from(self.window.max(1));
        scaled.div_ceil(window)
    }

    pub(super) fn forget(&mut self) {
        *self = Self::new(self.window);
    }
}

/// Most gaps kept between the ids that were seen.
const MAX_GAPS: usize = 1024;

/// Every signal id ever seen, as the highest one and the gaps below it.
///
/// Ids are counters, so gaps are few. Above [`MAX_GAPS`] the lowest gap counts as seen: a signal
/// may be refused unseen, never executed twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sights {
    highest: Option<u64>,
    /// First and last unseen id of each gap, ascending and apart.
    gaps: Vec<(u64, u64)>,
}

impl Sights {
    pub(super) const fn new() -> Self {
        Self { highest: None, gaps: Vec::new() }
    }

    pub(super) fn first(&mut self, id: u64) -> bool {
        let start = self.highest.map_or(Some(0), |highest| highest.checked_add(1));
        match start.filter(|start| id >= *start) {
            Some(start) => {
                self.highest = Some(id);
                self.add_gap(start, id);
                true
            }
            None => self.fill_gap(id),
        }
    }

    /// The ids from `start` up to `id`, without it.
    fn add_gap(&mut self, start: u64, id: u64) {
        if let Some(last) = id.checked_sub(1).filter(|last| *last >= start) {
            self.gaps.push((start, last));
        }
        self.bound();
    }

    fn fill_gap(&mut self, id: u64) -> bool {
        let at = self.gaps.partition_point(|(_, last)| *last < id);
        let Some((first, last)) = self.gaps.get(at).copied().filter(|gap| gap.0 <= id) else {
            return false;
        };
        let below = id.checked_sub(1).filter(|end| *end >= first).map(|end| (first, end));
        let above = id.checked_add(1).filter(|start| *start <= last).map(|start| (start, last));
        self.gaps.splice(at..=at, below.into_iter().chain(above));
        self.bound();
        true
    }

    fn bound(&mut self) {
        let excess = self.gaps.len().saturating_sub(MAX_GAPS);
        self.gaps.drain(..excess);
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
