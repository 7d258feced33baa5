//! The simulated venue: a [`Gateway`] on the virtual clock, seeded, with faults by code.
//!
//! ```text
//! send ---latency---> arrival: refused | waits | matched ---latency_back---> answer
//!                                 matched: trades provisional ---settle---> confirmed | failed
//! ```
//!
//! Nothing happens inside a call: each one puts an item on one time line, and [`Gateway::poll`] works
//! it off in order of time, then of insertion. An order is matched when it *arrives*, against the
//! book of that moment; so whoever moves the clock polls up to the time of each book message before
//! applying it.
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
pub mod frozen;
mod truth;
mod venue;

use std::collections::BTreeMap;

use razor_core::ids::SetIx;
use razor_core::market::Universe;
use razor_core::order::Evidence;
use razor_core::order::attempt::{Attempt, OrderHash, OrderIx};
use razor_core::order::gateway::{Gateway, Intent, MarketTop, Reply, Tops, VenueEvent};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Qty};

pub use config::{AckOrder, LatencySpike, Model, SettleDelay, SimConfig, SimMarkets};
pub use course::Race;
pub use truth::{Axis, Fate, TrueMerge, TrueOrder, TrueTrade, Truth};

use course::Course;
use depth::Depth;

/// Something that is due at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    /// An order reaches the venue.
    Arrive(OrderIx),
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
    /// Whether it meets an empty book.
    is_dropped: bool,
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
        }
    }

    /// Replaces what the venue knows of its markets, where they are learned later.
    pub fn list(&mut self, markets: SimMarkets) {
        self.markets = markets;
    }

    /// What really happened. For checkers alone.
    pub const fn truth(&self) -> &Truth {
        &self.truth
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
    fn is_throttled(&mut self) -> bool {
        self.calls = self.calls.saturating_add(1);
        self.config.http_429_every > 0
            && self.calls.checked_rem(self.config.http_429_every) == Some(0)
    }

    /// The same order a second time. A copy that arrives first *is* the order, late and at a stale
    /// price; else the venue says "duplicated", which proves arrival alone.
    fn repeat(&mut self, now: Nanos, intent: &Intent, first: OrderIx) {
        self.truth.duplicates = self.truth.duplicates.saturating_add(1);
        let there = self.there(now);
        let Some(truth) = self.truth.orders.get_mut(&first) else { return };
        truth.sent.push(now);
        match truth.fate {
            Fate::OnWay | Fate::Lost => {
                truth.fate = Fate::OnWay;
                self.push(there, Item::Arrive(first));
            }
            Fate::Refused | Fate::Open | Fate::Finished => {
                let at = self.back(there);
                self.emit(at, VenueEvent::Replied { order: intent.order, reply: Reply::Unknown });
            }
        }
    }
}

impl Gateway for SimGateway {
    fn define(&mut self, universe: &Universe) {
        self.markets = SimMarkets::of(universe);
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
        let is_dropped = frozen::is_book_dropped(self.config.drop_book, id, self.sends);
        let mut course = Course::default();
        if self.is_throttled() {
            course.refusal = Some(Reply::RefusedRate);
        }
        let flight = Flight { course, quote: tops.top(token), is_dropped };
        let spike = frozen::spike_of(self.config.spike, self.sends);
        let arrives = after(after(self.there(now), spike), course.late);
        let fate = if course.is_lost { Fate::Lost } else { Fate::OnWay };
        self.flights.insert(intent.order, flight);
        self.by_hash.insert(intent.hash, intent.order);
        self.truth.orders.insert(intent.order, TrueOrder::sent(*intent, bucket, now, fate));
        if !course.is_lost {
            self.push(arrives, Item::Arrive(intent.order));
        }
    }

    fn cancel(&mut self, now: Nanos, _order: OrderIx, hash: OrderHash) {
        if !self.is_throttled() {
            self.push(self.there(now), Item::Cancel(hash));
        }
    }

    fn query(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        if self.is_throttled() {
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
        let at = after(self.there(now), delay);
        self.push(at, Item::MergeEnd { place, is_failed: false });
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
                | Item::Release(_)
                | Item::Cancel(_)
                | Item::Question(_, _)
                | Item::Reconcile
                | Item::Settle { .. }
                | Item::Retell { .. }
                | Item::MergeEnd { .. } => self.work(due, item, tops),
            }
        }
        None
    }
}

/// A later time; times beyond the end of the clock stay there.
const fn after(at: Nanos, span: Nanos) -> Nanos {
    Nanos(at.0.saturating_add(span.0))
}
