//! The last module before the wire: caps, guards and breakers.
//!
//! It trusts nobody above it (F-82): whatever the brain or the desk believes, an action that would
//! leave a cap is refused here with a [`Guard`] that shows both sides of the inequality.
//!
//! Owns: [`Caps`], [`Risk`], [`reservation`]. Must never: read a clock, treat a value as
//! "unlimited", permit where a sum overflows, or stop an exit for the money it does not cost.
//!
//! Invariants: every limit itself is allowed, one unit more is not; day loss only grows within a
//! UTC day (S-13); what it remembers is bounded. Not here: `HardStop`, which the desk enters on a
//! [`Guard`] of a `note_…` call and only an operator leaves.

mod guard;
mod memory;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use guard::{Guard, GuardId, MAX_FIELDS};

use crate::fees::{FeeError, fee_ceil};
use crate::ids::SetIx;
use crate::market::Fees;
use crate::order::{Attempt, Side};
use crate::units::{Nanos, Price, Qty, UnitError, Usdc, notional_ceil};
use memory::{Outcomes, Sends, Sights};

/// What one venue match can cost above a proportional share of [`reservation`]: the notional and
/// the fee are rounded up per match, by one micro-dollar and one fee quantum.
pub const MATCH_SLACK: Usdc = Usdc(11);

const DAY: i64 = 86_400_000_000_000;

/// A share of bad outcomes over a count of events, above which trading stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RateBreaker {
    /// Bad outcomes per thousand that are still allowed, 0..=1000.
    pub max_permille: u16,
    /// Events the share is taken over, above zero.
    pub window: u32,
}

/// What ends trading without a person (S-29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Breakers {
    /// So many failed sets in a row stop trading, above zero.
    pub loss_streak: u32,
    /// Voided among settled fills.
    pub revert: RateBreaker,
    /// Failed among venue calls.
    pub api_error: RateBreaker,
}

/// Every limit. A value is a limit: none means "unlimited".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caps {
    /// Positions at cost plus everything in flight.
    pub max_exposure: Usdc,
    /// Cost of one signal.
    pub max_signal: Usdc,
    /// Realised net loss of a UTC day that stops trading.
    pub max_day_loss: Usdc,
    /// Sends in any 60 s.
    pub max_orders_per_min: u32,
    /// Orders without a final answer.
    pub max_open_orders: u32,
    /// Unsellable leftovers at cost.
    pub max_residual: Usdc,
    /// Part of the sends that entries may not use, 0..=100.
    pub exit_reserve_percent: u8,
    /// Exposure within one event; `None` where the total cap is the only one wanted.
    pub max_event_exposure: Option<Usdc>,
    /// Breakers.
    pub breakers: Breakers,
    /// Rest of a set after each signal.
    pub cooldown: Nanos,
    /// Age up to which a signal may be acted on.
    pub signal_ttl: Nanos,
    /// Whether markets that hold takers back are entered (F-21).
    pub takes_delayed_markets: bool,
}

/// What is known of a signal before anything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalFacts {
    /// Engine time of the signal.
    pub ts: Nanos,
    /// Its set.
    pub set: SetIx,
    /// Whether a market of the set delays takers.
    pub is_delayed: bool,
    /// Whether a market of the set is being resolved, closed or paused.
    pub is_under_resolution: bool,
    /// The whole set at its worst: chases and fees included.
    pub worst_cost: Usdc,
    /// Exposure now, reservations included.
    pub exposure: Usdc,
    /// The part of it in the same event.
    pub event_exposure: Usdc,
}

/// What is known of an order before its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendFacts {
    /// Whether it opens or completes a set.
    pub is_entry: bool,
    /// Whether it sells: then it costs nothing and no cap of money stops it.
    pub is_sell: bool,
    /// Exposure before it, reservations included.
    pub exposure: Usdc,
    /// What it can cost.
    pub reservation: Usdc,
    /// Cost of the signal's fills and reservations before it.
    pub signal_cost: Usdc,
    /// Orders without a final answer before it.
    pub open_orders: u32,
}

/// Losses of a UTC day of engine time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Day {
    number: i64,
    net: Usdc,
    /// The deepest net loss of the day: it never falls (S-13).
    loss: Usdc,
}

impl Day {
    const fn new(number: i64) -> Self {
        Self { number, net: Usdc::ZERO, loss: Usdc::ZERO }
    }
}

/// All caps and what they have to remember.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Risk {
    caps: Caps,
    seen: Sights,
    sends: Sends,
    /// Until when each set rests; over ones go whenever one is added.
    cooling: BTreeMap<SetIx, Nanos>,
    day: Day,
    streak: u32,
    reverts: Outcomes,
    calls: Outcomes,
}

impl Risk {
    /// Nothing remembered.
    pub const fn new(caps: Caps) -> Self {
        Self {
            caps,
            seen: Sights::new(),
            sends: Sends::new(caps.max_orders_per_min),
            cooling: BTreeMap::new(),
            day: Day::new(i64::MIN),
            streak: 0,
            reverts: Outcomes::new(caps.breakers.revert.window),
            calls: Outcomes::new(caps.breakers.api_error.window),
        }
    }

    /// The limits.
    pub const fn caps(&self) -> &Caps {
        &self.caps
    }

    /// Whether this signal was never seen before, and remembers it for good (S-17).
    pub fn first_sight(&mut self, signal_id: u64) -> bool {
        self.seen.first(signal_id)
    }

    /// Whether a signal may leave Idle. The order of the guards is part of the audit.
    ///
    /// # Errors
    /// The first [`Guard`] that blocks: S-18, S-28, S-16, S-29, S-02, S-01, S-30.
    pub fn check_signal(&self, now: Nanos, facts: &SignalFacts) -> Result<(), Guard> {
        self.check_age(now, facts.ts)?;
        self.check_cooldown(now, facts.set)?;
        self.check_flags(facts)?;
        self.check_breakers(now)?;
        self.check_signal_cost(Usdc::ZERO, facts.worst_cost)?;
        self.check_exposure(facts.exposure, facts.worst_cost)?;
        self.check_event(facts.event_exposure, facts.worst_cost)?;
        self.check_rate(now, true)
    }

    /// Whether an order may go on the wire.
    ///
    /// # Errors
    /// The first [`Guard`] that blocks: S-29 (entries), S-02 and S-01 (buys), S-30.
    pub fn check_send(&self, now: Nanos, facts: &SendFacts) -> Result<(), Guard> {
        if facts.is_entry {
            self.check_breakers(now)?;
        }
        if !facts.is_sell {
            self.check_signal_cost(facts.signal_cost, facts.reservation)?;
            self.check_exposure(facts.exposure, facts.reservation)?;
        }
        self.check_open(facts.open_orders)?;
        self.check_rate(now, facts.is_entry)
    }

    /// Whether the unsellable leftovers are within their cap (ARCHITECTURE §5).
    ///
    /// # Errors
    /// S-08.
    pub fn check_residual(&self, residual: Usdc) -> Result<(), Guard> {
        let cap = self.caps.max_residual;
        let guard = Guard::new(GuardId::S08, [("residual", residual.0), ("cap", cap.0)]);
        pass(residual <= cap, guard)
    }

    /// Notes that a send happened, whatever it was.
    pub fn note_send(&mut self, now: Nanos) {
        self.sends.note(now);
    }

    /// Sends that count against the cap now.
    pub fn sends_used(&self, now: Nanos) -> u32 {
        self.sends.used(now)
    }

    /// Lets a set rest from now on; a rest is never shortened.
    pub fn start_cooldown(&mut self, set: SetIx, now: Nanos) {
        self.cooling.retain(|_, until| *until > now);
        let until = Nanos(now.0.saturating_add(self.caps.cooldown.0));
        if until > now {
            let old = self.cooling.get(&set).copied();
            self.cooling.insert(set, old.map_or(until, |old| old.max(until)));
        }
    }

    /// Until when the set rests; `None` from that moment on.
    pub fn cooling_until(&self, set: SetIx, now: Nanos) -> Option<Nanos> {
        self.cooling.get(&set).copied().filter(|until| now < *until)
    }

    /// Notes the realised result of a set, or a later correction of it.
    ///
    /// A gain of the day offsets its losses; the deepest net loss of the day counts. A time of an
    /// earlier day than the last one belongs to the last one (F-57).
    pub fn note_result(&mut self, now: Nanos, pnl: Usdc, is_failed_set: bool) -> Option<Guard> {
        let today = now.0.div_euclid(DAY);
        if today > self.day.number {
            self.day = Day::new(today);
        }
        self.day.net = Usdc(self.day.net.0.saturating_add(pnl.0));
        self.day.loss = self.day.loss.max(Usdc(self.day.net.0.saturating_neg()));
        self.streak = if is_failed_set { self.streak.saturating_add(1) } else { 0 };
        self.check_day_loss(now).and_then(|()| self.check_streak()).err()
    }

    /// Notes a fill once its settlement is final.
    pub fn note_fill(&mut self, is_void: bool) -> Option<Guard> {
        self.reverts.note(is_void);
        self.check_reverts().err()
    }

    /// Notes a venue call.
    pub fn note_call(&mut self, is_ok: bool) -> Option<Guard> {
        self.calls.note(!is_ok);
        self.check_calls().err()
    }

    /// Net result of the UTC day of `now`; zero before its first result.
    pub const fn day_net(&self, now: Nanos) -> Usdc {
        if now.0.div_euclid(DAY) > self.day.number { Usdc::ZERO } else { self.day.net }
    }

    /// Deepest net loss of the last day that had a result, zero or above.
    pub const fn day_loss(&self) -> Usdc {
        self.day.loss
    }

    /// Failed sets in a row.
    pub const fn loss_streak(&self) -> u32 {
        self.streak
    }

    /// After an operator's clear (L-10): streak and rates start anew; the day's loss stays (S-13).
    pub fn rearm(&mut self) {
        self.streak = 0;
        self.reverts.forget();
        self.calls.forget();
    }

    /// Whether a signal is young enough; one of the future is refused, as its age is unproven.
    ///
    /// # Errors
    /// S-18.
    pub fn check_age(&self, now: Nanos, ts: Nanos) -> Result<(), Guard> {
        let ttl = self.caps.signal_ttl;
        let age = now.0.saturating_sub(ts.0);
        let guard = Guard::new(GuardId::S18, [("age", age), ("ttl", ttl.0)]);
        pass((0..=ttl.0).contains(&age), guard)
    }

    fn check_cooldown(&self, now: Nanos, set: SetIx) -> Result<(), Guard> {
        match self.cooling_until(set, now) {
            Some(until) => {
                Err(Guard::new(GuardId::S28, [("now", now.0), ("cooldown_until", until.0)]))
            }
            None => Ok(()),
        }
    }

    fn check_flags(&self, facts: &SignalFacts) -> Result<(), Guard> {
        let resolving = Guard::new(GuardId::S16, [("under_resolution", 1), ("allowed", 0)]);
        pass(!facts.is_under_resolution, resolving)?;
        let delayed = Guard::new(GuardId::S16, [("delayed", 1), ("allowed", 0)]);
        pass(!facts.is_delayed || self.caps.takes_delayed_markets, delayed)
    }

    fn check_breakers(&self, now: Nanos) -> Result<(), Guard> {
        self.check_day_loss(now)?;
        self.check_streak()?;
        self.check_reverts()?;
        self.check_calls()
    }

    fn check_day_loss(&self, now: Nanos) -> Result<(), Guard> {
        let is_today = now.0.div_euclid(DAY) <= self.day.number;
        let (loss, cap) = (self.day.loss, self.caps.max_day_loss);
        let guard = Guard::new(GuardId::S29, [("day_loss", loss.0), ("cap", cap.0)]);
        pass(!is_today || loss < cap, guard)
    }

    fn check_streak(&self) -> Result<(), Guard> {
        let (streak, cap) = (self.streak, self.caps.breakers.loss_streak);
        let values = [("loss_streak", i64::from(streak)), ("cap", i64::from(cap))];
        pass(streak < cap, Guard::new(GuardId::S29, values))
    }

    fn check_reverts(&self) -> Result<(), Guard> {
        check_share(&self.reverts, self.caps.breakers.revert, "revert_permille")
    }

    fn check_calls(&self) -> Result<(), Guard> {
        check_share(&self.calls, self.caps.breakers.api_error, "api_error_permille")
    }

    fn check_signal_cost(&self, before: Usdc, more: Usdc) -> Result<(), Guard> {
        let cap = self.caps.max_signal;
        let values = [("cost", before.0), ("r", more.0), ("cap", cap.0)];
        pass(fits(before, more, cap), Guard::new(GuardId::S02, values))
    }

    fn check_exposure(&self, before: Usdc, more: Usdc) -> Result<(), Guard> {
        let cap = self.caps.max_exposure;
        let values = [("e", before.0), ("r", more.0), ("cap", cap.0)];
        pass(fits(before, more, cap), Guard::new(GuardId::S01, values))
    }

    fn check_event(&self, before: Usdc, more: Usdc) -> Result<(), Guard> {
        match self.caps.max_event_exposure {
            Some(cap) => {
                let values = [("event_e", before.0), ("r", more.0), ("cap", cap.0)];
                pass(fits(before, more, cap), Guard::new(GuardId::S01, values))
            }
            None => Ok(()),
        }
    }

    fn check_open(&self, open_orders: u32) -> Result<(), Guard> {
        let cap = self.caps.max_open_orders;
        let values = [("open", i64::from(open_orders)), ("cap", i64::from(cap))];
        pass(open_orders < cap, Guard::new(GuardId::S30, values))
    }

    /// Everything sent counts against entries, so that they can never eat the reserve.
    fn check_rate(&self, now: Nanos, is_entry: bool) -> Result<(), Guard> {
        let most = if is_entry { self.entry_cap() } else { self.caps.max_orders_per_min };
        let used = self.sends.used(now);
        let values = [("sends", i64::from(used)), ("cap", i64::from(most))];
        pass(used < most, Guard::new(GuardId::S30, values))
    }

    /// `⌊cap·(100 − reserve) %⌋`.
    fn entry_cap(&self) -> u32 {
        let share = 100_u64.saturating_sub(u64::from(self.caps.exit_reserve_percent));
        let scaled = u64::from(self.caps.max_orders_per_min).saturating_mul(share);
        u32::try_from(scaled.div_euclid(100)).unwrap_or(u32::MAX)
    }
}

fn check_share(found: &Outcomes, allowed: RateBreaker, name: &'static str) -> Result<(), Guard> {
    let share = found.bad_permille_ceil();
    let shown = i64::try_from(share).unwrap_or(i64::MAX);
    let values = [
        (name, shown),
        ("cap", i64::from(allowed.max_permille)),
        ("window", i64::from(allowed.window)),
    ];
    pass(share <= u64::from(allowed.max_permille), Guard::new(GuardId::S29, values))
}

fn pass(is_allowed: bool, guard: Guard) -> Result<(), Guard> {
    if is_allowed { Ok(()) } else { Err(guard) }
}

/// Amounts below zero give no room, and a sum that overflows does not fit.
fn fits(before: Usdc, more: Usdc, cap: Usdc) -> bool {
    let before = before.max(Usdc::ZERO);
    before.plus(more.max(Usdc::ZERO)).is_ok_and(|sum| sum <= cap)
}

/// What an attempt can still cost, `R(a)`: for buys the shares in flight at the limit and the
/// highest fee of any price up to it, for sells nothing.
///
/// The venue may split it into several matches and round each up: [`MATCH_SLACK`] per match.
///
/// # Errors
/// [`FeeError`]: without a schedule nothing may be sent (S-24).
pub fn reservation(attempt: &Attempt, in_flight: Qty, fees: Fees) -> Result<Usdc, FeeError> {
    match attempt.side() {
        Side::Sell => Ok(Usdc::ZERO),
        Side::Buy => {
            let notional = notional_ceil(attempt.limit, in_flight).map_err(overflow)?;
            let fee = fee_ceil(fees, in_flight, attempt.limit.min(half()?))?;
            notional.plus(fee).map_err(overflow)
        }
    }
}

/// `p·(1−p)` and all its powers rise up to 0.5 and fall from there.
fn half() -> Result<Price, FeeError> {
    Price::from_micros(500_000).map_err(overflow)
}

const fn overflow(_: UnitError) -> FeeError {
    FeeError::Overflow
}
