//! One session: the shell around the fold, with its faults, on one virtual clock.
//!
//! ```text
//! agenda (signals, books, disk, operator) ─┐
//! venue ── wire (lost, late, twice) ───────┼─> journal ─> fold ─> requests ─> venue, disk
//! deadlines of the fold ───────────────────┘
//! ```
//!
//! Owns: [`Session`], the order of time, crashes and restarts. Must never: decide for the desk, or
//! feed it what is not in the journal.

mod act;
mod crash;
mod wire;

use std::collections::BTreeMap;

use razor_core::basket::{Action, Desk, Input, LegPlan, Operator, Phase, Plan};
use razor_core::order::gateway::{Gateway, Intent, VenueEvent};
use razor_core::order::{Attempt, OrderIx};
use razor_core::units::{Nanos, Price};

use super::books::{Book, BookLaw, Books, place_of};
use super::causes::Causes;
use super::check::Checker;
use super::digest::Digest;
use super::fold::{Entry, Fact, Fold};
use super::sabotage::Sabotage;
use super::scene::{Scene, Stream, stream};
use super::trouble::Trouble;
use crate::gateway::{FaultPlan, SimGateway, SimMarkets, ViewFaults};
use crate::rng::Rng;

const SECOND: i64 = 1_000_000_000;
/// Beyond this a session is not healthy: liveness has failed (L-1: buying, chain, flattening and
/// proofs, once for the set in work and once for a rescue).
const HEALTHY_MOST: i64 = 1_200 * SECOND;
/// More inputs than this in one session are a livelock (L-6).
pub(super) const INPUTS_MOST: u64 = 40_000;

/// Something that the session has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errand {
    /// Deliver a signal, for the n-th time.
    Signal(usize, u32),
    /// Move a book.
    BookTurn,
    /// An intent has reached the disk, or has not.
    Written { order: OrderIx, attempt: Attempt, is_durable: bool },
    /// An operator speaks.
    Spoken(Operator),
    /// The journal is lost.
    DurabilityLost,
    /// The process stands still.
    Pause(Nanos),
    /// The process is there again.
    Restart,
    /// A restarted session asks about the account.
    Ask,
    /// All faults end.
    Heal,
}

/// A crash to come.
#[derive(Debug, Clone, Copy)]
struct CrashPlan {
    at_input: u64,
    down: Nanos,
    is_torn: bool,
}

/// A session under way.
pub(super) struct Session<'a> {
    pub(super) scene: &'a Scene,
    sabotage: Option<Sabotage>,
    pub(super) fold: Fold,
    world: Books,
    law: BookLaw,
    pub(super) gateway: SimGateway,
    markets: SimMarkets,
    view_faults: ViewFaults,
    pub(super) journal: Vec<Entry>,
    /// Entries that a crash cannot take.
    durable: usize,
    agenda: BTreeMap<(Nanos, u64), Errand>,
    inbox: BTreeMap<(Nanos, u64), VenueEvent>,
    next_item: u64,
    intents: BTreeMap<OrderIx, Intent>,
    plans: BTreeMap<u64, Plan>,
    /// Signals delivered: length of the journal, number, as the scene counts them.
    pub(super) deliveries: Vec<(usize, u64)>,
    pub(super) check: Checker,
    pub(super) causes: Causes,
    pub(super) digest: Digest,
    pub(super) now: Nanos,
    /// Nothing is taken in before this time.
    floor: Nanos,
    is_down: bool,
    pub(super) is_healed: bool,
    inputs: u64,
    persists: u64,
    true_mode: u8,
    crashes: Vec<CrashPlan>,
    dying: Option<CrashPlan>,
    book_rng: Rng,
    wire_rng: Rng,
    disk_rng: Rng,
    out: Vec<Action>,
}

impl<'a> Session<'a> {
    pub(super) fn new(scene: &'a Scene, sabotage: Option<Sabotage>) -> Self {
        let mut gateway = SimGateway::new(scene.config.clone(), scene.sim_markets());
        let plan = FaultPlan { faults: scene.faults.clone() };
        let view_faults = ViewFaults::of(&plan);
        gateway.arm(plan);
        let world = Books { list: scene.books.clone(), now: Nanos(0), max_age: scene.max_age };
        let mut session = Self {
            scene,
            sabotage,
            fold: Self::first(scene, sabotage),
            world,
            law: scene.law,
            gateway,
            markets: scene.sim_markets(),
            view_faults,
            journal: Vec::with_capacity(1_024),
            durable: 0,
            agenda: BTreeMap::new(),
            inbox: BTreeMap::new(),
            next_item: 0,
            intents: BTreeMap::new(),
            plans: BTreeMap::new(),
            deliveries: Vec::new(),
            check: Checker::new(scene.seed, scene.rules, scene.caps, scene.max_age),
            causes: Causes::default(),
            digest: Digest::default(),
            now: Nanos(0),
            floor: Nanos(0),
            is_down: false,
            is_healed: false,
            inputs: 0,
            persists: 0,
            true_mode: 0,
            crashes: Vec::new(),
            dying: None,
            book_rng: stream(scene.seed, Stream::Books),
            wire_rng: stream(scene.seed, Stream::Wire),
            disk_rng: stream(scene.seed, Stream::Disk),
            out: Vec::new(),
        };
        session.fill_agenda();
        session
    }

    /// The fold before the first entry.
    fn first(scene: &Scene, sabotage: Option<Sabotage>) -> Fold {
        let is_blind = sabotage == Some(Sabotage::StaleBooks);
        let max_age = if is_blind { Nanos(i64::MAX) } else { scene.max_age };
        let books = Books { list: scene.books.clone(), now: Nanos(0), max_age };
        Fold::new(Desk::new(scene.rules, scene.caps), books)
    }

    fn fill_agenda(&mut self) {
        for (place, signal) in self.scene.signals.iter().enumerate() {
            self.plan_errand(signal.at, Errand::Signal(place, 0));
        }
        self.plan_errand(Nanos(0), Errand::BookTurn);
        self.plan_errand(self.scene.heal_at, Errand::Heal);
        for at in &self.scene.clears {
            self.plan_errand(*at, Errand::Spoken(Operator::Clear));
        }
        for trouble in &self.scene.troubles {
            match *trouble {
                Trouble::Crash { at_input, down, is_torn } => {
                    self.crashes.push(CrashPlan { at_input, down, is_torn });
                }
                Trouble::Pause { at, span } => self.plan_errand(at, Errand::Pause(span)),
                Trouble::Spoken { at, operator } => {
                    self.plan_errand(at, Errand::Spoken(operator));
                }
                Trouble::DurabilityLost { at } => self.plan_errand(at, Errand::DurabilityLost),
                Trouble::Silent { percent } => self.law.silent = self.law.silent.max(percent),
                Trouble::NotDurable { .. }
                | Trouble::SlowDisk { .. }
                | Trouble::Lost { .. }
                | Trouble::Late { .. }
                | Trouble::Doubled { .. } => {}
            }
        }
    }

    fn plan_errand(&mut self, at: Nanos, errand: Errand) {
        let item = self.number();
        self.agenda.insert((at, item), errand);
    }

    fn number(&mut self) -> u64 {
        self.next_item += 1;
        self.next_item
    }

    /// Runs to the end: faults first, then health until nothing is left to do.
    pub(super) fn run(&mut self) {
        while self.inputs < INPUTS_MOST && !self.is_over() {
            let deadline = self.fold.next_deadline().filter(|_| !self.is_down);
            let due = self.gateway.next_due();
            let next = [
                self.agenda.first_key_value().map(|((at, _), _)| *at),
                self.inbox.first_key_value().map(|((at, _), _)| *at),
                due,
                deadline.map(|(at, _)| at),
            ];
            let Some(next) = next.into_iter().flatten().min() else { return };
            self.now = self.now.max(next);
            self.world.now = self.now;
            self.turn(next, due, deadline);
            if let Some(crash) = self.dying.take() {
                self.die(crash);
            }
        }
    }

    /// Does the one thing that is due: venue first, then what it told, the agenda, deadlines.
    fn turn(
        &mut self,
        next: Nanos,
        due: Option<Nanos>,
        deadline: Option<(Nanos, razor_core::basket::DeskTimer)>,
    ) {
        if due == Some(next) {
            if let Some((at, event)) = self.gateway.poll(next, &self.world) {
                self.carry(at, event);
            }
            self.check.synced(self.gateway.truth(), &self.markets, None);
        } else if self.inbox.first_key_value().is_some_and(|((at, _), _)| *at == next) {
            if let Some((_, event)) = self.inbox.pop_first() {
                self.hear(event);
            }
        } else if self.agenda.first_key_value().is_some_and(|((at, _), _)| *at == next) {
            if let Some((_, errand)) = self.agenda.pop_first() {
                self.run_errand(errand);
            }
        } else if let Some((_, timer)) = deadline {
            self.now = self.now.max(self.floor);
            self.elapse(timer);
        }
    }

    /// Nothing will happen any more that matters, or it takes too long.
    fn is_over(&self) -> bool {
        if !self.is_healed {
            return false;
        }
        let is_late = self.now.0 > self.scene.heal_at.0 + HEALTHY_MOST;
        let is_free = matches!(self.fold.desk.phase(), Phase::Idle | Phase::HardStop);
        let is_quiet = self.inbox.is_empty()
            && self.gateway.next_due().is_none()
            && self.fold.next_deadline().is_none()
            && !self.is_down;
        is_late || (is_free && is_quiet)
    }

    /// Puts a line into the journal, takes the step and does what the desk asks for.
    fn put(&mut self, fact: Fact) {
        let entry = Entry { at: self.now, fact };
        let is_input = matches!(entry.fact, Fact::Input(_));
        let mut out = core::mem::take(&mut self.out);
        self.fold.take(&entry, &mut out);
        self.journal.push(entry);
        if is_input {
            self.inputs += 1;
            self.check.findings.event = self.inputs;
            self.check.stepped(self.now, &self.fold);
            self.meet_crash(&mut out);
        }
        for action in out.drain(..) {
            self.act(action);
        }
        self.out = out;
    }

    pub(super) fn put_input(&mut self, input: Input) {
        self.put(Fact::Input(input));
    }

    fn run_errand(&mut self, errand: Errand) {
        if self.is_held(errand) {
            return;
        }
        match errand {
            Errand::Signal(place, nth) => self.deliver(place, nth),
            Errand::BookTurn => self.turn_book(),
            Errand::Written { order, attempt, is_durable } => {
                self.written(order, attempt, is_durable);
            }
            Errand::Spoken(operator) => {
                self.causes.spoken(operator);
                self.check.spoken(operator);
                self.put_input(Input::Operator(operator));
                self.durable = self.journal.len();
            }
            Errand::DurabilityLost => {
                self.causes.is_undurable = true;
                self.check.must_stop();
                self.put_input(Input::DurabilityLost);
                self.durable = self.journal.len();
            }
            Errand::Pause(span) => {
                self.floor = Nanos(self.now.0 + span.0);
                self.check.stalled += span.0;
                self.causes.is_stalled = true;
            }
            Errand::Restart => self.come_back(),
            Errand::Ask => self.ask(),
            Errand::Heal => self.heal(),
        }
    }

    /// A process that is down or stands still does its errands later, or never.
    fn is_held(&mut self, errand: Errand) -> bool {
        if matches!(errand, Errand::Restart) {
            return false;
        }
        // The world and its operator do not wait for the process to forget them.
        if self.is_down {
            let is_lost = matches!(errand, Errand::Signal(..));
            if !is_lost {
                let at = Nanos(self.now.0 + SECOND);
                self.plan_errand(at, errand);
            }
            return true;
        }
        let is_early = self.now < self.floor && !matches!(errand, Errand::BookTurn);
        if is_early {
            let floor = self.floor;
            self.plan_errand(floor, errand);
        }
        is_early
    }

    /// The brain raises a signal, or the channel brings it once more.
    fn deliver(&mut self, place: usize, nth: u32) {
        let Some(spec) = self.scene.signals.get(place) else { return };
        let plan = match self.plans.get(&spec.id) {
            Some(plan) => Some(plan.clone()),
            None => self.plan_of(place),
        };
        let Some(mut plan) = plan else { return };
        self.plans.entry(spec.id).or_insert_with(|| plan.clone());
        if nth > 0 && self.sabotage == Some(Sabotage::ForgetDedup) {
            plan.signal_id += 1_000 * u64::from(nth);
        }
        if nth < spec.repeats {
            let at = Nanos(self.now.0 + spec.gap.0);
            self.plan_errand(at, Errand::Signal(place, nth + 1));
        }
        self.deliveries.push((self.journal.len() + 1, spec.id));
        self.put_input(Input::Signal(plan));
    }

    fn plan_of(&self, place: usize) -> Option<Plan> {
        let spec = self.scene.signals.get(place)?;
        let set = self.scene.universe.sets().get(spec.set)?;
        let legs = set.legs.iter().map(|token| {
            let market = self.scene.universe.markets().get(place_of(*token))?;
            let ask = self.fold.books.book(*token).and_then(|book| book.ask);
            let limit = ask.map_or(Price::from_micros(500_000).ok()?, |(px, _)| px);
            let (token, min_order_qty, fees) = (*token, market.min_order_qty, market.fees);
            Some(LegPlan { token, limit, min_order_qty, fees })
        });
        let count = u32::try_from(set.legs.len()).unwrap_or(1).max(1);
        Some(Plan {
            signal_id: spec.id,
            ts: Nanos(self.now.0 - spec.age.0),
            set: razor_core::ids::SetIx(u32::try_from(spec.set).unwrap_or(0)),
            event: 0,
            qty: spec.qty,
            expected_net: spec.net,
            bucket: spec.bucket,
            worst: u8::try_from(spec.worst % count).unwrap_or(0),
            settlement: set.settlement,
            is_delayed: spec.is_delayed,
            is_resolving: spec.is_resolving,
            legs: legs.collect::<Option<Vec<_>>>()?,
        })
    }

    /// One book moves; the session is told of it or not.
    fn turn_book(&mut self) {
        let rng = &mut self.book_rng;
        let place = rng.index(self.world.list.len());
        let Some(book) = self.world.list.get(place).copied() else { return };
        let next = if self.is_healed {
            self.law.moved(rng, book, self.now)
        } else {
            self.law.turn(rng, book, self.now)
        };
        let is_told = !rng.chance(self.law.silent) && self.now >= self.floor;
        let gap = i64::try_from(rng.below_wide(self.law.gap.0.max(1).cast_unsigned()));
        self.world.set(place, next);
        let at = Nanos(self.now.0 + gap.unwrap_or(SECOND) + 1);
        if is_told {
            self.tell_book(place, next);
        }
        // At rest there is no book to wait for: the next turn would only burn time.
        if !self.is_healed || self.fold.desk.basket().is_some() || !self.is_at_rest() {
            self.plan_errand(at, Errand::BookTurn);
        }
    }

    fn is_at_rest(&self) -> bool {
        matches!(self.fold.desk.phase(), Phase::Idle | Phase::HardStop)
    }

    fn tell_book(&mut self, place: usize, book: Book) {
        let number = u32::try_from(place).unwrap_or(0) * 2;
        let token = razor_core::ids::TokenIx(number);
        let has_no_bids = !self.is_healed && self.view_faults.has_no_bids(self.now, token);
        let bid = book.bid.filter(|_| !has_no_bids);
        self.put(Fact::Book(place, Book { bid, ..book }, self.law.is_shared));
        if self.fold.desk.is_waiting_for_books() {
            self.put_input(Input::Books);
        }
    }

    /// Faults end; books, modes and times are as they should be from now on.
    fn heal(&mut self) {
        self.is_healed = true;
        self.gateway.arm(FaultPlan::default());
        self.view_faults = ViewFaults::default();
        self.law = BookLaw {
            gap: Nanos(SECOND),
            silent: 0,
            empty: 0,
            vanish: 0,
            moves: 100,
            reach: 1,
            size: self.law.size.max(20),
            is_shared: true,
        };
        self.crashes.clear();
        for place in 0..self.world.list.len() {
            if let Some(book) = self.world.list.get(place).copied() {
                let next = self.law.moved(&mut self.book_rng, book, self.now);
                self.world.set(place, next);
                self.tell_book(place, next);
            }
        }
        // A shell reads the mode; it does not wait to be told.
        self.true_mode = 0;
        self.hear(VenueEvent::Mode(0));
    }

    /// At the end the account is asked for everything, as a periodic reconcile would (S-32).
    pub(super) fn reconcile_at_end(&mut self) {
        self.is_down = false;
        self.floor = self.now;
        self.gateway.reconcile(self.now);
        while let Some(due) = self.gateway.next_due() {
            self.now = self.now.max(due);
            self.world.now = self.now;
            if let Some((_, event)) = self.gateway.poll(due, &self.world) {
                self.hear(event);
            }
            self.check.synced(self.gateway.truth(), &self.markets, None);
            if self.inputs > INPUTS_MOST {
                return;
            }
        }
    }
}
