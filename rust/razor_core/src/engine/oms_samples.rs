//! Calibration samples that wait for the market's volume in their window.
//!
//! The window of an attempt is the frozen one counted from its send, closed on both ends and on
//! ingest time (RAZOR_SPEC §10): what else could have been bought there is known only when it is
//! over. So a sample is written when its order has ended *and* its window has.
//!
//! Owns: [`Watch`] and when it is complete. Must never: guess a volume. A run without prints, a
//! window in which prints may be missing, and one that the run's end cuts short have none.

use super::oms::{Names, Oms};
use super::parts::Parts;
use super::table::{Sink, Table};
use crate::basket::{Desk, Sample};
use crate::order::{Attempt, OrderIx};
use crate::shadow::Shadow;
use crate::shadow::exact::AttoShares;
use crate::units::Nanos;

/// The window of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Window {
    Open,
    /// Over, with what traded in it where that is known.
    Over(Option<AttoShares>),
}

/// An order on the wire and what its calibration sample still lacks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    order: OrderIx,
    attempt: Attempt,
    /// When it was sent, ms.
    sent_ms: i64,
    sample: Option<Sample>,
    window: Window,
}

impl Watch {
    /// An order that leaves at a time.
    pub(super) fn new(order: OrderIx, attempt: Attempt, sent: Nanos) -> Self {
        Self { order, attempt, sent_ms: sent.millis_floor(), sample: None, window: Window::Open }
    }

    /// Takes the sample of its order.
    pub(super) fn take(&mut self, sample: Sample) -> bool {
        let is_mine = self.attempt == sample.attempt;
        if is_mine {
            self.sample = Some(sample);
        }
        is_mine
    }

    /// Whether no sample will come: an order that outlived its set ends without one.
    fn is_vain(&self, desk: &Desk) -> bool {
        let is_over = || desk.order(self.order).is_none_or(|slot| slot.order.is_terminal());
        self.window != Window::Open && self.sample.is_none() && is_over()
    }

    /// Reads the volume once its window is over.
    fn look(&mut self, now_ms: i64, shadow: &Shadow) {
        let span = shadow.window_of(self.sent_ms);
        if self.window == Window::Open && now_ms > span.1 {
            let attempt = &self.attempt;
            let found = shadow.volume_for(attempt.token, attempt.side(), attempt.limit, span);
            self.window = Window::Over(found);
        }
    }
}

impl Parts {
    /// Writes the samples whose order and window are over.
    pub(super) fn sample_due<S: Sink>(&mut self, now: Nanos, sink: &mut S) {
        let now_ms = now.millis_floor();
        let Some(oms) = self.oms.as_deref_mut().filter(|oms| !oms.watches.is_empty()) else {
            return;
        };
        for watch in &mut oms.watches {
            watch.look(now_ms, &self.shadow);
        }
        let Oms { desk, watches, .. } = oms;
        watches.retain(|watch| !watch.is_vain(desk));
        self.write_samples(sink, |watch| watch.window);
    }

    /// The run is over: what still waits for its window has no volume.
    pub(super) fn end_samples<S: Sink>(&mut self, sink: &mut S) {
        self.write_samples(sink, |watch| match watch.window {
            Window::Open => Window::Over(None),
            over @ Window::Over(_) => over,
        });
    }

    /// Writes each sample whose window is over; the others stay.
    fn write_samples<S: Sink>(&mut self, sink: &mut S, window: impl Fn(&Watch) -> Window) {
        let Some(oms) = self.oms.as_deref_mut() else { return };
        let names = Names { run_id: &self.params.run_id, universe: &self.universe };
        let mut watches = core::mem::take(&mut oms.watches);
        watches.retain(|watch| {
            let (Some(sample), Window::Over(volume)) = (watch.sample, window(watch)) else {
                return true;
            };
            write(oms, &sample, volume, &names, sink);
            false
        });
        oms.watches = watches;
    }
}

fn write<S: Sink>(
    oms: &mut Oms,
    sample: &Sample,
    volume: Option<AttoShares>,
    names: &Names<'_>,
    sink: &mut S,
) {
    if sink.wants_rows() {
        oms.line.clear();
        super::oms_rows::sample(&mut oms.line, sample, volume, oms.mode, names);
        sink.row(Table::CalibrationLog, &oms.line);
    }
}
