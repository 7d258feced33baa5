//! What becomes of the venue's words on their way to the desk.

use razor_core::basket::{Answer, DeskTimer, Input, Refusal, Trade, Treasury, VenueMode};
use razor_core::ledger::Settle;
use razor_core::order::gateway::{Reply, TradeState, VenueEvent};
use razor_core::order::{Evidence, Timer, TradeId};
use razor_core::units::{Nanos, Price, Qty, Usdc};

use super::super::sabotage::Sabotage;
use super::super::trouble::Trouble;
use super::Session;
use super::act::FOREIGN_ORDERS;

impl Session<'_> {
    /// Brings an event to the session: lost, late, twice or as it is.
    pub(super) fn carry(&mut self, at: Nanos, event: VenueEvent) {
        if let VenueEvent::Mode(mode) = event {
            self.true_mode = mode;
        }
        // What streams say to nobody is gone; receipts are asked for again (F-54).
        if self.is_down && !matches!(event, VenueEvent::Merged { .. }) {
            return;
        }
        let mut late = 0;
        let mut event = event;
        let mut is_twice = false;
        for trouble in self.scene.troubles.iter().filter(|_| !self.is_healed) {
            let rng = &mut self.wire_rng;
            match *trouble {
                Trouble::Lost { percent } if rng.chance(percent) => match event {
                    VenueEvent::Traded { .. } | VenueEvent::Replied { .. } => {
                        self.causes.is_wire_bad = true;
                        return;
                    }
                    // A question is always answered, if only by silence.
                    VenueEvent::Found { order, .. } => {
                        event = VenueEvent::Found { order, evidence: Evidence::Silent };
                    }
                    VenueEvent::Merged { .. }
                    | VenueEvent::MergeUnknown
                    | VenueEvent::Mode(_)
                    | VenueEvent::Injected { .. }
                    | VenueEvent::Reconciled
                    | VenueEvent::Foreign
                    | VenueEvent::DurabilityLost => {}
                },
                Trouble::Late { percent, most } if is_stream(&event) && rng.chance(percent) => {
                    self.causes.is_wire_bad = true;
                    late = rng.below_wide(most.0.cast_unsigned()).cast_signed();
                }
                Trouble::Doubled { percent } if is_stream(&event) => {
                    is_twice |= rng.chance(percent);
                }
                Trouble::Lost { .. }
                | Trouble::Late { .. }
                | Trouble::Doubled { .. }
                | Trouble::Crash { .. }
                | Trouble::Pause { .. }
                | Trouble::Spoken { .. }
                | Trouble::NotDurable { .. }
                | Trouble::DurabilityLost { .. }
                | Trouble::SlowDisk { .. }
                | Trouble::Silent { .. } => {}
            }
        }
        let due = Nanos(at.0.max(self.now.0) + late);
        self.post_in(due, event);
        if is_twice {
            let gap = i64::from(self.wire_rng.below(2_000)) * 1_000_000;
            self.post_in(Nanos(due.0 + gap), event);
        }
    }

    fn post_in(&mut self, at: Nanos, event: VenueEvent) {
        let item = self.number();
        self.inbox.insert((at, item), event);
    }

    /// The session hears an event, unless it stands still or is down.
    pub(super) fn hear(&mut self, event: VenueEvent) {
        if self.is_down || self.now < self.floor {
            let at = self.floor.max(Nanos(self.now.0 + 1_000_000));
            if !self.is_down || matches!(event, VenueEvent::Merged { .. }) {
                self.post_in(at, event);
            }
            return;
        }
        self.causes.heard(&event);
        self.check.told(self.now, &event, self.journal.len());
        if !is_planted(&event) {
            self.pass_on(event);
        }
    }

    fn pass_on(&mut self, event: VenueEvent) {
        match event {
            VenueEvent::Replied { order, reply } => {
                if let (Reply::Matched(qty), Some(Sabotage::ClaimIsFill)) = (reply, self.sabotage) {
                    let price = Price::from_micros(500_000).unwrap_or(Price::ONE);
                    let (id, settle, fee) = (TradeId([0xCC; 16]), Settle::Prov, Usdc(0));
                    self.put_input(Input::Traded(Trade { order, id, qty, price, fee, settle }));
                }
                let answer = self.answer_of(reply);
                self.put_input(Input::Answered(order, answer));
            }
            VenueEvent::Traded { order, trade, qty, price, fee, state } => {
                let settle = self.settle_of(state);
                let trade = Trade { order, id: trade, qty, price, fee, settle };
                self.put_input(Input::Traded(trade));
                if self.sabotage == Some(Sabotage::TradeTwice) {
                    let TradeId(mut id) = trade.id;
                    id.reverse();
                    self.put_input(Input::Traded(Trade { id: TradeId(id), ..trade }));
                }
            }
            VenueEvent::Found { order, evidence: Evidence::Absent }
                if self.sabotage == Some(Sabotage::AbsentAtOnce) =>
            {
                self.put_input(Input::Answered(order, Answer::Refused(Refusal::Order)));
            }
            VenueEvent::Found { order, evidence } => {
                self.put_input(Input::Found(order, evidence));
            }
            VenueEvent::Merged { is_done } => {
                let treasury = if is_done { Treasury::Done } else { Treasury::Failed };
                self.put_input(Input::Merged(treasury));
                // A receipt is on the chain: whoever lost it asks again.
                self.durable = self.journal.len();
            }
            VenueEvent::MergeUnknown => self.put_input(Input::Merged(Treasury::Unknown)),
            VenueEvent::Mode(mode) if self.sabotage != Some(Sabotage::DropMode) => {
                self.put_input(Input::Mode(mode_of(mode)));
            }
            VenueEvent::Mode(_) | VenueEvent::Injected { .. } => {}
            VenueEvent::Reconciled => self.put_input(Input::Reconciled),
            VenueEvent::Foreign => {
                self.check.must_stop();
                self.put_input(Input::Foreign);
                self.durable = self.journal.len();
            }
            VenueEvent::DurabilityLost => self.put_input(Input::DurabilityLost),
        }
    }

    fn settle_of(&self, state: TradeState) -> Settle {
        match state {
            TradeState::Provisional if self.sabotage == Some(Sabotage::ProvIsConf) => Settle::Conf,
            TradeState::Provisional => Settle::Prov,
            TradeState::Confirmed => Settle::Conf,
            TradeState::Failed if self.sabotage == Some(Sabotage::IgnoreVoid) => Settle::Conf,
            TradeState::Failed => Settle::Void,
        }
    }

    fn answer_of(&self, reply: Reply) -> Answer {
        match reply {
            Reply::Matched(Qty::ZERO) if self.sabotage == Some(Sabotage::ZeroIsNone) => {
                Answer::Refused(Refusal::Order)
            }
            Reply::Matched(matched) => Answer::Matched { matched },
            Reply::Live => Answer::Live,
            Reply::Delayed => Answer::Delayed,
            Reply::RefusedOrder => Answer::Refused(Refusal::Order),
            Reply::RefusedMarket => Answer::Refused(Refusal::Market),
            Reply::RefusedAccount => Answer::Refused(Refusal::Account),
            Reply::RefusedRate => Answer::Refused(Refusal::Rate),
            Reply::Unknown if self.sabotage == Some(Sabotage::UnknownIsRefusal) => {
                Answer::Refused(Refusal::Order)
            }
            Reply::Unknown => Answer::Unknown,
        }
    }

    /// A deadline of the fold passes.
    pub(super) fn elapse(&mut self, timer: DeskTimer) {
        if let DeskTimer::Order(order, Timer::Answer) = timer {
            let is_again =
                matches!(self.sabotage, Some(Sabotage::RetryPost | Sabotage::ResendSame));
            if is_again {
                self.post_again(order);
            }
        }
        self.put_input(Input::Elapsed(timer));
    }
}

/// About an order that the desk knows nothing of, as only a sabotaged shell sent it.
const fn is_planted(event: &VenueEvent) -> bool {
    matches!(
        event,
        VenueEvent::Replied { order, .. } | VenueEvent::Traded { order, .. }
            if order.0 >= FOREIGN_ORDERS
    )
}

/// Words of a stream may be late or doubled; the answer to a restart and receipts are asked for.
const fn is_stream(event: &VenueEvent) -> bool {
    matches!(
        event,
        VenueEvent::Replied { .. } | VenueEvent::Traded { .. } | VenueEvent::Found { .. }
    )
}

const fn mode_of(code: u8) -> VenueMode {
    match code {
        1 => VenueMode::Restarting,
        2 => VenueMode::PostOnly,
        3 => VenueMode::CancelOnly,
        4 => VenueMode::Disabled,
        5 => VenueMode::VersionMismatch,
        _ => VenueMode::Normal,
    }
}
