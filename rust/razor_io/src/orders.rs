//! The order path's way out of a session: intents into the journal, requests to the gateway, and
//! the gateway's events back as records.
//!
//! Owns: the order of things for each request — the intent is a record before anything else happens
//! to it, and durable before the order leaves where the run says so (D-1) — and of time: whatever a
//! deadline or the venue owes before the next input is brought in before it.
//!
//! Must never: answer in the gateway's place, or let an event reach the engine that the journal
//! does not have.

use razor_core::engine::Engine;
use razor_core::engine::oms::Request;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{SignalNotice, Sink, Table};
use razor_core::ids::TokenIx;
use razor_core::journal::NO_CONN;
use razor_core::order::gateway::{Gateway, Intent, MarketTop, MergeIntent, Tops, VenueEvent};
use razor_core::order::{Attempt, OrderIx};
use razor_core::units::Nanos;

use crate::session::{Session, SessionFault};

/// Events that a venue may still owe when a run ends; each order owes a handful.
const MOST_OWED: usize = 4_096;
/// Delivers the last signal once more.
const REPEAT: &[u8] = br#"{"verb":"repeat"}"#;

/// The venue of a session.
pub type Venue = Box<dyn Gateway + Send>;

/// The books of an engine, as a simulated venue may read them.
struct EngineTops<'a>(&'a Engine);

impl Tops for EngineTops<'_> {
    fn top(&self, token: TokenIx) -> Option<MarketTop> {
        self.0.market_top(token)
    }
}

impl Session {
    /// Tells the venue which markets there are.
    pub(crate) fn define(&mut self) {
        if let (Some(venue), Some(universe)) = (&mut self.venue, self.engine.universe()) {
            venue.define(universe);
        }
    }

    /// Brings in what deadlines and the venue owe up to `until_ns`, in order of time.
    pub(crate) fn catch_up(&mut self, until_ns: i64) -> Result<(), SessionFault> {
        if self.venue.is_none() {
            return Ok(());
        }
        loop {
            let deadline = self.engine.next_deadline().map_or(i64::MAX, |at| at.0);
            let due = self.venue.as_ref().and_then(|venue| venue.next_due());
            let due = due.map_or(i64::MAX, |at| at.0);
            let repeat = self.repeats.first().copied().unwrap_or(i64::MAX);
            if deadline.min(due).min(repeat) > until_ns {
                return Ok(());
            }
            if repeat < deadline.min(due) {
                self.repeats.remove(0);
                self.record_own(Kind::Operator, repeat, REPEAT)?;
            } else if due <= deadline {
                self.bring_in(Nanos(due), Nanos(due))?;
            } else {
                self.record_own(Kind::Timer, deadline, b"")?;
            }
        }
    }

    /// Takes one event of the venue that is due by `now`, and records it as received at `at`.
    fn bring_in(&mut self, now: Nanos, at: Nanos) -> Result<(), SessionFault> {
        let Some(venue) = &mut self.venue else { return Ok(()) };
        let Some((_, event)) = venue.poll(now, &EngineTops(&self.engine)) else { return Ok(()) };
        let recv_ns = at.max(self.engine.now()).0;
        self.record_own(Kind::Venue, recv_ns, &event.encode())
    }

    /// At the end of the inputs the venue tells what it still owes, at the time that it is: no
    /// further input will move the clock.
    ///
    /// # Errors
    /// [`SessionFault`].
    pub fn drain_venue(&mut self) -> Result<(), SessionFault> {
        let drained = self.take_owed();
        self.watched(drained)
    }

    fn take_owed(&mut self) -> Result<(), SessionFault> {
        for _ in 0..MOST_OWED {
            let due = self.venue.as_ref().and_then(|venue| venue.next_due());
            let Some(due) = due else { return Ok(()) };
            self.bring_in(due, self.engine.now())?;
        }
        Ok(())
    }

    /// Writes down a fault that was injected outside the simulated venue, for the trail alone; a
    /// session without a venue has none to tell.
    ///
    /// # Errors
    /// [`SessionFault`].
    pub fn note_injected(&mut self, code: u8) -> Result<(), SessionFault> {
        if self.venue.is_none() {
            return Ok(());
        }
        let payload = VenueEvent::Injected { order: None, code }.encode();
        let noted = self.record_own(Kind::Venue, self.engine.now().0, &payload);
        self.watched(noted)
    }

    /// Takes an operator's command at `at_ns` or at engine time, whichever is later: what was due
    /// before comes first, the command is never shed, and it is durable when this returns.
    ///
    /// # Errors
    /// [`SessionFault`]; the run must end then.
    pub fn command(&mut self, at_ns: i64, payload: &[u8]) -> Result<(), SessionFault> {
        let taken = self.take_command(at_ns, payload);
        self.watched(taken)
    }

    fn take_command(&mut self, at_ns: i64, payload: &[u8]) -> Result<(), SessionFault> {
        let at_ns = at_ns.max(self.engine().now().0).max(0);
        self.catch_up(at_ns)?;
        self.record_own(Kind::Operator, at_ns, payload)?;
        self.flush_durable()?;
        Ok(())
    }

    /// A command that is told again is durable before the next input as it was when it was given,
    /// so that the blocks of a replay end where those of the run did.
    pub(crate) fn settle_command(&mut self, record: &Record<'_>) -> Result<(), SessionFault> {
        if record.kind == Kind::Operator && record.payload != REPEAT {
            self.flush_durable()?;
        }
        Ok(())
    }

    /// Journals a record of the session's own making, steps it, and serves what it asks for.
    fn record_own(&mut self, kind: Kind, at: i64, payload: &[u8]) -> Result<(), SessionFault> {
        self.push_own(kind, at, payload)?;
        self.serve()
    }

    /// Does what the engine asks for, until it asks for nothing more; then says which faults the
    /// venue injected meanwhile.
    pub(crate) fn serve(&mut self) -> Result<(), SessionFault> {
        while let Some(request) = self.tables.take_request() {
            if self.venue.is_some() {
                self.grant(request)?;
            }
        }
        let injected = self.venue.as_mut().map(|venue| venue.take_injected());
        for event in injected.unwrap_or_default() {
            let now_ns = self.engine.now().0;
            self.push_own(Kind::Venue, now_ns, &event.encode())?;
        }
        Ok(())
    }

    /// Plans the repeats that a fault plan asks for the signals just raised.
    pub(crate) fn plan_repeats(&mut self, signals: u32) -> Result<(), SessionFault> {
        for _ in 0..signals {
            self.signals_seen = self.signals_seen.saturating_add(1);
            let (n, now) = (self.signals_seen, self.engine.now());
            let repeats = self.venue.as_mut().and_then(|venue| venue.repeats(n, now));
            let Some((count, gap)) = repeats else { continue };
            for k in 1..=i64::from(count) {
                self.repeats.push(now.0.saturating_add(gap.0.saturating_mul(k)));
            }
            self.repeats.sort_unstable();
            self.serve()?;
        }
        Ok(())
    }

    fn grant(&mut self, request: Request) -> Result<(), SessionFault> {
        if !matches!(request, Request::Cancel { .. } | Request::Query { .. }) {
            // What was written may be lost without a call of ours having failed yet (D-10).
            self.check_disk()?;
        }
        let now = self.engine.now();
        let Some(venue) = &mut self.venue else { return Ok(()) };
        match request {
            Request::Persist { order, attempt } => return self.persist(now, order, attempt),
            Request::Send { intent, bucket } => {
                venue.send(now, &intent, bucket, &EngineTops(&self.engine));
            }
            Request::Cancel { order, hash } => venue.cancel(now, order, hash),
            Request::Query { order, hash } => venue.query(now, order, hash),
            Request::Merge(intent) => {
                self.push_intent(now.0, &intent.encode())?;
                self.merge(now, intent);
            }
            Request::QueryMerge(MergeIntent { set, qty, .. }) => venue.query_merge(now, set, qty),
            Request::Reconcile => venue.reconcile(now),
        }
        Ok(())
    }

    /// Its intent is in the journal: now the venue may be asked.
    fn merge(&mut self, now: Nanos, intent: MergeIntent) {
        if let Some(venue) = &mut self.venue {
            venue.merge(now, intent.set, intent.qty);
        }
    }

    /// The intent is in the journal, and durable where orders are real, before the engine may
    /// release it.
    fn persist(
        &mut self,
        now: Nanos,
        order: OrderIx,
        attempt: Attempt,
    ) -> Result<(), SessionFault> {
        let Some(venue) = &mut self.venue else { return Ok(()) };
        let hash = venue.hash(order, &attempt);
        let bytes = Intent { order, hash, attempt }.encode();
        self.push_intent(now.0, &bytes)
    }
}

/// Takes what the order path asks for when its rows can go nowhere any more.
#[derive(Default)]
struct LastRequests(Vec<Request>);

impl Sink for LastRequests {
    fn wants_rows(&self) -> bool {
        false
    }

    fn row(&mut self, _table: Table, _lines: &str) {}

    fn signal(&mut self, _notice: SignalNotice) {}

    fn request(&mut self, request: Request) {
        self.0.push(request);
    }
}

impl Session {
    /// Stops trading when a step met a disk that cannot be trusted; the step's answer is passed on.
    pub(crate) fn watched<T>(&mut self, done: Result<T, SessionFault>) -> Result<T, SessionFault> {
        if done.as_ref().is_err_and(SessionFault::is_loss_of_durability) && !self.is_lost {
            self.is_lost = true;
            self.lose();
        }
        done
    }

    /// `HardStop` at once (D-10). What was asked for is forgotten, open orders are cancelled.
    ///
    /// The stop is journaled where the journal still takes records. Where it does not, only this
    /// process knows of it: it ends, and the next start asks about every open order.
    fn lose(&mut self) {
        self.tables.forget_requests();
        let payload = VenueEvent::DurabilityLost.encode();
        let now = self.engine.now();
        if self.venue.is_none() || self.engine.desk().is_none() {
            return;
        }
        let kind = Kind::Venue;
        if self.recorder.push(kind, now.0, NO_CONN, 0, &payload).is_ok() {
            // A hand-over that fails has nothing more to tell.
            drop(self.recorder.flush());
        }
        let record = Record { kind, recv_ns: now, conn: "", epoch: 0, payload: &payload };
        let mut last = LastRequests::default();
        // The engine refuses nothing here: the run has its settings.
        let _ = self.engine.step(&record, &mut last);
        for request in last.0 {
            if let (Request::Cancel { order, hash }, Some(venue)) = (request, &mut self.venue) {
                venue.cancel(now, order, hash);
            }
        }
    }
}

/// An event for the journal, for gateways outside the process.
pub fn event_bytes(event: &VenueEvent) -> Vec<u8> {
    event.encode().to_vec()
}
