//! The venue's modes and the account's strangers: faults that strike everybody, not one order.
//!
//! Owns: when a mode begins and ends, what it turns away, and how the caller learns of it: at once,
//! or by the first order it costs (`is_announced`).

use razor_core::order::attempt::OrderIx;
use razor_core::order::gateway::{Reply, VenueEvent};
use razor_core::units::Nanos;

use super::fault::{FaultCode, Params};
use super::strike::Span;
use super::{Item, SimGateway, after};

const RESTARTING: u8 = 1;
const DISABLED: u8 = 4;

impl SimGateway {
    /// Puts the turns of a span on the time line.
    pub(super) fn open(&mut self, span: &Span) {
        let began = Some(span.code);
        self.push(span.from, Item::ModeTurn { is_quiet: !span.is_announced, began });
        self.close(span);
    }

    /// Puts the end of a span and of its tail on the time line; what never ends has none.
    fn close(&mut self, span: &Span) {
        for at in [span.to, span.tail_to] {
            if at < Nanos(i64::MAX) {
                self.push(at, Item::ModeTurn { is_quiet: false, began: None });
            }
        }
    }

    /// Starts what a fault does to the whole venue, from the order it strikes on.
    pub(super) fn begin(&mut self, now: Nanos, code: FaultCode, params: &Params) {
        if code == FaultCode::F46 {
            self.push(self.there(now), Item::Foreign { is_planned: false });
        }
        // A mode that is in force is not begun again.
        let Some(mode) = code.mode().filter(|mode| self.strikes.mode_at(now).0 != *mode) else {
            return;
        };
        // The order that it strikes is on its way already: the mode is told by its refusal.
        let span = Span::of(code, mode, now, after(now, params.delay), params);
        self.strikes.add_span(span);
        self.close(&span);
    }

    /// The mode at a time may be a new one.
    pub(super) fn turn_mode(&mut self, due: Nanos, is_quiet: bool, began: Option<FaultCode>) {
        if let Some(code) = began {
            self.strikes.note(code, due, None);
        }
        let (mode, _) = self.strikes.mode_at(due);
        if !is_quiet {
            self.tell_mode(due, mode);
        }
    }

    fn tell_mode(&mut self, due: Nanos, mode: u8) {
        if mode != self.told_mode {
            self.told_mode = mode;
            let at = self.back(due);
            self.emit(at, VenueEvent::Mode(mode));
        }
    }

    /// The answer of a venue in a mode to an order; the mode is told with it.
    pub(super) fn refused_by_mode(&mut self, due: Nanos, order: OrderIx) -> Option<Reply> {
        let (mode, code) = self.strikes.mode_at(due);
        let code = code?;
        self.strikes.note(code, due, Some(order));
        self.tell_mode(due, mode);
        // The texts of the other modes are proven refusals; 425 is on no such list.
        Some(if mode == RESTARTING { Reply::Unknown } else { Reply::RefusedOrder })
    }

    /// Whether cancels do anything now.
    pub(super) fn takes_cancels(&self, due: Nanos) -> bool {
        let (mode, _) = self.strikes.mode_at(due);
        mode != RESTARTING && mode != DISABLED
    }

    /// Whether questions are answered now.
    pub(super) fn takes_questions(&self, due: Nanos) -> bool {
        let (mode, _) = self.strikes.mode_at(due);
        mode != RESTARTING
    }

    /// Something that is not ours stands on the account from now on.
    pub(super) fn show_foreign(&mut self, due: Nanos, is_planned: bool) {
        if is_planned {
            self.strikes.note(FaultCode::F46, due, None);
        }
        self.has_foreign = true;
        let at = self.back(due);
        self.emit(at, VenueEvent::Foreign);
    }
}
