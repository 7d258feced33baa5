//! The simulated venue: a [`Gateway`] on the virtual clock, seeded, with faults by code.
//!
//! ```text
//! send ---latency---> arrival: refused | waits | matched ---latency_back---> answer
//!                                 matched: trades provisional ---settle---> confirmed | failed
//! ```
//!
//! Nothing happens inside a call: each one puts an item on one time line, and [`Gateway::poll`]
//! works it off in order of time, then of insertion. An order is matched when it *arrives*, against
//! the book of that moment; so whoever moves the clock polls up to the time of each book message
//! before applying it.
//!
//! Owns: the time line, what is under way, and the [`Truth`] of what happened. Must never: read a
//! clock, use randomness but the seed's, or let the machine under test see the truth.
//!
//! Invariants:
//! - equal configuration, plan and calls give equal events, byte for byte;
//! - a hash is accepted at most once; a second copy is answered "duplicated" (nothing proven);
//! - times of events never fall;
//! - a trade keeps its id, quantity, price and fee however often it is told.

mod config;
mod course;
mod depth;
mod digest;
mod fault;
pub mod frozen;
mod mode;
mod recall;
mod strike;
mod truth;
mod venue;
mod view;

use std::collections::BTreeMap;

use razor_core::ids::SetIx;
use razor_core::market::Universe;
use razor_core::order::Evidence;
use razor_core::order::attempt::{Attempt, OrderHash, OrderIx};
use razor_core::order::gateway::{Gateway, Intent, MarketTop, Past, Reply, Tops, VenueEvent};
use razor_core::shadow::exact::FillShare;
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Qty};

pub use config::{AckOrder, LatencySpike, Model, SettleDelay, SimConfig, SimMarkets};
pub use course::Race;
pub(crate) use digest::{order_hash, seeded_depth};
pub use fault::{Fault, FaultCode, FaultPlan, Params, RefusalClass, When};
pub use strike::Injected;
pub use truth::{Axis, Fate, TrueMerge, TrueOrder, TrueTrade, Truth};

pub use view::{FaultedTops, Repeat, SignalFaults, ViewFaults};

use course::Course;
use depth::Depth;
use strike::{Request, Strikes};

/// Something that is due at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    /// An order reaches the venue.
    Arrive(OrderIx),
    /// A copy of an order reaches the venue; the answer names the second order.
    Copy { first: OrderIx, named: OrderIx },
    /// An order that waited is matched or killed.
    Release(OrderIx),
    /// A cancel reaches the venue.
    Cancel(OrderHash),
    /// A question reaches the venue; the answer names this order.
    Question(OrderIx, OrderHash),
    /// The question after a restart reaches the venue.
    Reconcile,
    /// A trade becomes final.
    Settle { order: OrderIx, part: usize },
    /// A trade is told once more, as it then is.
    Retell { order: OrderIx, part: usize },
    /// A merge ends; the place is that in the truth.
    MergeEnd { place: usize, is_failed: bool },
    /// The mode may have changed: it is told if it differs from what was told.
    ModeTurn { is_quiet: bool, began: Option<FaultCode> },
    /// Something foreign appears on the account.
    Foreign { is_planned: bool },
    /// An event for the caller.
    Emit(VenueEvent),
}

/// An order under way or over, beside what the truth holds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flight {
    /// How it will go.
    course: Course,
    /// The book of the decision, for the frozen model.
    quote: Option<MarketTop>,
    /// What rows say of it.
    note: SendNote,
}

/// What the rows of an order say beside its outcome: how the simulation made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendNote {
    /// The extra delay that struck it.
    pub spike: Nanos,
    /// It met an empty book.
    pub is_book_dropped: bool,
    /// Share of the best size it could get.
    pub share: FillShare,
    /// The source gave no size: the fill is of a seeded one.
    pub is_size_seeded: bool,
}

/// The simulated venue.
#[derive(Debug, Clone)]
pub struct SimGateway {
    config: SimConfig,
    markets: SimMarkets,
    line: BTreeMap<(Nanos, u64), Item>,
    next_item: u64,
    flights: BTreeMap<OrderIx, Flight>,
    by_hash: BTreeMap<OrderHash, OrderIx>,
    depth: Depth,
    truth: Truth,
    /// Orders sent, as the predecessor counts its requests.
    sends: u64,
    /// Orders, cancels and questions, for the rate limit.
    calls: u64,
    strikes: Strikes,
    view: ViewFaults,
    /// The mode that the caller was last told.
    told_mode: u8,
    has_foreign: bool,
}

impl SimGateway {
    /// A venue without orders.
    pub fn new(config: SimConfig, markets: SimMarkets) -> Self {
        Self {
            config,
            markets,
            line: BTreeMap::new(),
            next_item: 0,
            flights: BTreeMap::new(),
            by_hash: BTreeMap::new(),
            depth: Depth::default(),
            truth: Truth::default(),
            sends: 0,
            calls: 0,
            strikes: Strikes::default(),
            view: ViewFaults::default(),
            told_mode: 0,
            has_foreign: false,
        }
    }

    /// Arms a plan in place of the one before; counters of requests begin anew.
    pub fn arm(&mut self, plan: FaultPlan) {
        self.view = ViewFaults::of(&plan);
        self.strikes = Strikes::of(plan);
        for span in self.strikes.spans().to_vec() {
            self.open(&span);
        }
        for at in self.strikes.foreign_at() {
            self.push(at, Item::Foreign { is_planned: true });
        }
    }

    /// The faults injected since the last call, in order of injection.
    pub fn take_injected(&mut self) -> Vec<Injected> {
        self.strikes.take_injected()
    }

    /// Records a fault that the session injected itself ([`ViewFaults`], [`SignalFaults`]).
    pub fn note_injected(&mut self, code: FaultCode, at: Nanos, order: Option<OrderIx>) {
        self.strikes.note(code, at, order);
    }

    /// Replaces what the venue knows of its markets, where they are learned later.
    pub fn list(&mut self, markets: SimMarkets) {
        self.markets = markets;
    }

    /// What really happened. For checkers alone.
    pub const fn truth(&self) -> &Truth {
        &self.truth
    }

    /// How the simulation made an order; for rows, not for decisions.
    pub fn note_of(&self, order: OrderIx) -> Option<SendNote> {
        self.flights.get(&order).map(|flight| flight.note)
    }

    /// The configuration in force.
    pub const fn config(&self) -> &SimConfig {
        &self.config
    }

    fn push(&mut self, at: Nanos, item: Item) {
        self.line.insert((at, self.next_item), item);
        self.next_item = self.next_item.saturating_add(1);
    }

    fn emit(&mut self, at: Nanos, event: VenueEvent) {
        self.push(at, Item::Emit(event));
    }

    /// When something sent now reaches the venue.
    fn there(&self, now: Nanos) -> Nanos {
        after(now, self.config.latency)
    }

    /// When what the venue says at `at` reaches us.
    fn back(&self, at: Nanos) -> Nanos {
        after(at, self.config.latency_back)
    }

    /// Counts a call; whether the rate limit turns it away.
    fn is_throttled(&mut self, now: Nanos, order: OrderIx) -> bool {
        self.calls = self.calls.saturating_add(1);
        let is_hit = self.calls.checked_rem(self.config.http_429_every) == Some(0);
        if is_hit {
            self.strikes.note(FaultCode::F28, now, Some(order));
        }
        is_hit
    }

    /// Counts a question or cancel; whether the rate limit or a fault turns it away.
    fn is_turned_away(&mut self, request: Request, now: Nanos, order: OrderIx) -> bool {
        let about = self.truth.orders.get(&order).map(|truth| (order, truth.intent.attempt));
        let is_struck = !self.strikes.strike(request, now, about).is_empty();
        self.is_throttled(now, order) || is_struck
    }

    /// The course of a new order, bent by what strikes it.
    fn course_of(&mut self, now: Nanos, intent: &Intent) -> Course {
        let about = Some((intent.order, intent.attempt));
        let mut course = Course::default();
        for (code, params) in self.strikes.strike(Request::Send, now, about) {
            strike::bend(&mut course, code, &params);
            self.begin(now, code, &params);
        }
        if self.is_throttled(now, intent.order) {
            course.refusal = Some(Reply::RefusedRate);
        }
        course
    }

    /// The same order a second time, on its way behind the first.
    fn repeat(&mut self, now: Nanos, intent: &Intent, first: OrderIx) {
        self.truth.duplicates = self.truth.duplicates.saturating_add(1);
        if let Some(truth) = self.truth.orders.get_mut(&first) {
            truth.sent.push(now);
        }
        self.push(self.there(now), Item::Copy { first, named: intent.order });
    }
}

impl Gateway for SimGateway {
    fn define(&mut self, universe: &Universe) {
        self.markets = SimMarkets::of(universe);
    }

    fn recall(&mut self, now: Nanos, past: &Past) {
        self.remember(now, past);
    }

    fn take_injected(&mut self) -> Vec<VenueEvent> {
        let injected = Self::take_injected(self).into_iter();
        injected
            .map(|(code, _, order)| VenueEvent::Injected { order, code: code.number() })
            .collect()
    }

    fn repeats(&mut self, n: u64, now: Nanos) -> Option<(u8, Nanos)> {
        let repeat = self.strikes.repeat(n, now)?;
        self.note_injected(FaultCode::F60, now, None);
        Some((repeat.count, repeat.gap))
    }

    fn hash(&mut self, _order: OrderIx, attempt: &Attempt) -> OrderHash {
        digest::order_hash(self.config.seed, attempt)
    }

    fn send(&mut self, now: Nanos, intent: &Intent, bucket: Bucket, tops: &dyn Tops) {
        if let Some(first) = self.by_hash.get(&intent.hash).copied() {
            return self.repeat(now, intent, first);
        }
        self.sends = self.sends.saturating_add(1);
        let token = intent.attempt.token;
        let id = self.markets.token_id(token);
        let note = SendNote {
            spike: frozen::spike_of(self.config.spike, self.sends),
            is_book_dropped: frozen::is_book_dropped(self.config.drop_book, id, self.sends),
            share: self.config.share(bucket),
            is_size_seeded: false,
        };
        let course = self.course_of(now, intent);
        let flight = Flight { course, quote: tops.top(token), note };
        let arrives = after(after(self.there(now), note.spike), course.late);
        let fate = if course.is_lost { Fate::Lost } else { Fate::OnWay };
        self.flights.insert(intent.order, flight);
        self.by_hash.insert(intent.hash, intent.order);
        self.truth.orders.insert(intent.order, TrueOrder::sent(*intent, bucket, now, fate));
        if !course.is_lost {
            self.push(arrives, Item::Arrive(intent.order));
        }
    }

    fn cancel(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        if !self.is_turned_away(Request::Cancel, now, order) {
            self.push(self.there(now), Item::Cancel(hash));
        }
    }

    fn query(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        if self.is_turned_away(Request::Query, now, order) {
            let evidence = Evidence::Silent;
            let at = self.back(self.there(now));
            return self.emit(at, VenueEvent::Found { order, evidence });
        }
        self.push(self.there(now), Item::Question(order, hash));
    }

    fn merge(&mut self, now: Nanos, set: SetIx, qty: Qty) {
        let place = self.truth.merges.len();
        self.truth.legs.insert(set, self.markets.legs(set).to_vec());
        self.truth.merges.push(TrueMerge { set, qty, asked: now, ended: None });
        let delay = self.settle_delay(&[u64::MAX, u64::try_from(place).unwrap_or(u64::MAX)]);
        let struck = self.strikes.strike(Request::Merge, now, None);
        let late = struck.iter().fold(delay, |sum, (_, params)| after(sum, params.delay));
        let at = after(self.there(now), late);
        self.push(at, Item::MergeEnd { place, is_failed: !struck.is_empty() });
    }

    /// A merge this venue never heard of was not done.
    fn query_merge(&mut self, now: Nanos, set: SetIx, qty: Qty) {
        let is_told = |item: &Item| {
            matches!(item, Item::MergeEnd { .. } | Item::Emit(VenueEvent::Merged { .. }))
        };
        if self.line.values().any(is_told) {
            return;
        }
        let last = self.truth.merges.last().filter(|last| (last.set, last.qty) == (set, qty));
        let is_done = last.is_some_and(|last| matches!(last.ended, Some((_, true))));
        self.emit(self.back(self.there(now)), VenueEvent::Merged { is_done });
    }

    fn reconcile(&mut self, now: Nanos) {
        self.push(self.there(now), Item::Reconcile);
    }

    fn next_due(&self) -> Option<Nanos> {
        self.line.first_key_value().map(|((due, _), _)| *due)
    }

    fn poll(&mut self, now: Nanos, tops: &dyn Tops) -> Option<(Nanos, VenueEvent)> {
        while self.next_due().is_some_and(|due| due <= now) {
            let ((due, _), item) = self.line.pop_first()?;
            match item {
                Item::Emit(event) => return Some((due, event)),
                Item::Arrive(_)
                | Item::Copy { .. }
                | Item::Release(_)
                | Item::Cancel(_)
                | Item::Question(_, _)
                | Item::Reconcile
                | Item::Settle { .. }
                | Item::Retell { .. }
                | Item::MergeEnd { .. }
                | Item::ModeTurn { .. }
                | Item::Foreign { .. } => self.work(due, item, tops),
            }
        }
        None
    }
}

/// A later time; times beyond the end of the clock stay there.
const fn after(at: Nanos, span: Nanos) -> Nanos {
    Nanos(at.0.saturating_add(span.0))
}
