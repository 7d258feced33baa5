//! The order machine against the simulated venue: whatever faults strike one order, what the
//! machine books in the end is what the venue's truth says, or it calls for a person.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "support/venue.rs"]
mod venue;

use std::collections::{BTreeMap, BTreeSet};

use razor_core::order::gateway::{Gateway, Intent, Reply, VenueEvent};
use razor_core::order::{
    self, Action, Attempt, DUST, End, Event, Evidence, Order, OrderIx, Rung, Timer, TradeId,
};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Qty};
use razor_sim::gateway::{
    AckOrder, Fault, FaultCode, FaultPlan, Race, RefusalClass, SimConfig, SimGateway, When,
};
use razor_sim::rng::Rng;

use venue::{Books, SECOND, attempt, config, markets, ms};

/// The least that a shell does for one order.
struct Shell {
    gateway: SimGateway,
    books: Books,
    intent: Intent,
    order: Order,
    timers: BTreeMap<Timer, Nanos>,
    seen: BTreeSet<TradeId>,
    sends: usize,
    ended: usize,
    calls: Calls,
    defect: Defect,
}

/// What the machine called out.
#[derive(Debug, Default, Clone, Copy)]
struct Calls {
    late: usize,
    overfilled: bool,
    unresolved: bool,
    illegal: bool,
}

/// A planted defect: the laws must find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    /// An answer that proves nothing is taken for a refusal.
    UnknownIsRefusal,
    /// A trade is booked each time it is told.
    NoDedup,
    /// A timeout sends the order again under a new hash.
    SecondPost,
    /// "Not found" is believed at once.
    AbsentIsNone,
    /// The answer's amount is booked instead of the trades.
    ClaimIsFill,
    /// A claim of nothing is believed.
    ZeroIsNone,
}

/// As `config.toml` has them.
const fn wait_of(timer: Timer) -> Nanos {
    match timer {
        Timer::Answer => Nanos(3 * SECOND),
        Timer::Poll => Nanos(2 * SECOND),
        Timer::Resolve => Nanos(30 * SECOND),
        Timer::Late => Nanos(120 * SECOND),
    }
}

impl Shell {
    fn new(seed: u64, plan: FaultPlan, attempt: Attempt, defect: Defect) -> Self {
        let config = SimConfig { ack_order: AckOrder::Seeded, trades_max: 3, ..config(seed) };
        let mut gateway = SimGateway::new(config, markets());
        gateway.arm(plan);
        let order = OrderIx(1);
        let intent = Intent { order, hash: gateway.hash(order, &attempt), attempt };
        Self {
            gateway,
            books: Books::flat("0.44", "0.46", "3"),
            intent,
            order: Order::plan(attempt.order_qty),
            timers: BTreeMap::new(),
            seen: BTreeSet::new(),
            sends: 0,
            ended: 0,
            calls: Calls::default(),
            defect,
        }
    }

    fn put(&mut self, now: Nanos, event: Event) {
        let Ok((next, actions)) = order::step(self.order, event) else {
            self.calls.illegal = true;
            return;
        };
        assert!(next.open().cum_qty >= self.order.open().cum_qty, "fills are never taken back");
        self.order = next;
        for action in actions {
            self.act(now, *action);
        }
    }

    fn act(&mut self, now: Nanos, action: Action) {
        let Intent { order, hash, .. } = self.intent;
        match action {
            Action::Check => self.put(now, Event::Released),
            Action::Send => {
                self.sends += 1;
                self.gateway.send(now, &self.intent, Bucket::Liquid, &self.books);
            }
            Action::Cancel => self.gateway.cancel(now, order, hash),
            Action::Query => self.gateway.query(now, order, hash),
            Action::Arm(timer) => {
                self.timers.insert(timer, Nanos(now.0 + wait_of(timer).0));
            }
            Action::Disarm => self.timers.clear(),
            Action::Ended => self.ended += 1,
            Action::LateArrival => self.calls.late += 1,
            Action::Overfilled => self.calls.overfilled = true,
            Action::Unresolved => self.calls.unresolved = true,
        }
    }

    fn hear(&mut self, now: Nanos, event: VenueEvent) {
        match event {
            VenueEvent::Replied { reply, .. } => self.put(
                now,
                match reply {
                    Reply::Matched(last_qty) if self.defect == Defect::ClaimIsFill => {
                        Event::Filled { last_qty }
                    }
                    Reply::Matched(Qty::ZERO) if self.defect == Defect::ZeroIsNone => {
                        Event::Refused
                    }
                    Reply::Matched(matched) => Event::Claimed { matched },
                    Reply::Live => Event::Rested,
                    Reply::Delayed => Event::Deferred,
                    Reply::RefusedOrder
                    | Reply::RefusedMarket
                    | Reply::RefusedAccount
                    | Reply::RefusedRate => Event::Refused,
                    Reply::Unknown if self.defect == Defect::UnknownIsRefusal => Event::Refused,
                    Reply::Unknown => Event::Unproven,
                },
            ),
            VenueEvent::Traded { trade, qty, .. } => {
                let is_hidden = self.defect == Defect::ClaimIsFill;
                let is_new = self.seen.insert(trade) || self.defect == Defect::NoDedup;
                if is_new && !is_hidden {
                    self.put(now, Event::Filled { last_qty: qty });
                }
            }
            VenueEvent::Found { evidence: Evidence::Absent, .. }
                if self.defect == Defect::AbsentIsNone =>
            {
                self.put(now, Event::Refused);
            }
            VenueEvent::Found { evidence, .. } => self.put(now, Event::Found(evidence)),
            VenueEvent::Injected { .. }
            | VenueEvent::Merged { .. }
            | VenueEvent::MergeUnknown
            | VenueEvent::Mode(_)
            | VenueEvent::Reconciled
            | VenueEvent::Foreign
            | VenueEvent::DurabilityLost => {}
        }
    }

    /// Runs the clock until `end`, events before deadlines of the same instant.
    fn run(&mut self, end: Nanos) {
        self.put(Nanos(0), Event::Journaled);
        loop {
            let timer = self.timers.iter().map(|(timer, at)| (*at, *timer)).min();
            let due = self.gateway.next_due();
            let next = due.into_iter().chain(timer.map(|(at, _)| at)).min();
            let Some(now) = next.filter(|now| *now <= end) else { return };
            while let Some((at, event)) = self.gateway.poll(now, &self.books) {
                self.hear(at, event);
            }
            if let Some((_, timer)) =
                timer.filter(|(at, t)| *at <= now && self.timers.get(t) == Some(at))
            {
                self.timers.remove(&timer);
                if timer == Timer::Answer && self.defect == Defect::SecondPost {
                    self.post_again(now);
                }
                self.put(now, Event::Elapsed(timer));
            }
        }
    }
}

impl Shell {
    /// What a client does that takes a timeout for a loss.
    fn post_again(&mut self, now: Nanos) {
        let mut attempt = self.intent.attempt;
        attempt.order_qty = Qty(attempt.order_qty.0 - 1);
        let order = OrderIx(2);
        let intent = Intent { order, hash: self.gateway.hash(order, &attempt), attempt };
        self.gateway.send(now, &intent, Bucket::Liquid, &self.books);
    }

    /// How it ended, or the law that does not hold.
    fn judge(&self) -> Result<&'static str, &'static str> {
        let truth = self.gateway.truth();
        let matched = truth.order(OrderIx(1)).expect("order").matched();
        let (open, is_over) = (self.order.open(), self.order.is_terminal());
        let worst = open.cum_qty.0 + self.order.in_flight().0;
        let is_overfilled = matched.0 > open.order_qty.0 + DUST.0;
        let laws = [
            (!self.calls.illegal, "S-31"),
            (self.sends == 1 && truth.placed_twice().is_empty(), "S-05"),
            (self.ended <= 1 && (is_over || self.calls.unresolved), "L-2"),
            (!is_over || open.cum_qty == matched, "S-10"),
            (worst >= matched.0.min(open.order_qty.0), "S-03"),
            (self.calls.overfilled == (is_overfilled && is_over), "S-12"),
        ];
        if let Some((_, law)) = laws.iter().find(|(holds, _)| !holds) {
            return Err(law);
        }
        Ok(match self.order {
            Order::Terminal(closed) => match closed.end {
                End::Full => "full",
                End::Partial => "partial",
                End::None => "none",
                End::Rejected => "rejected",
            },
            Order::Unknown(_) => "unresolved",
            Order::Planned { .. }
            | Order::Journaled { .. }
            | Order::Sent(_)
            | Order::Live(_)
            | Order::Delayed(_) => "stuck",
        })
    }
}

/// Up to four faults of the first order, with parameters by seed.
fn plan_of(rng: &mut Rng) -> FaultPlan {
    let faults = (0..rng.below(5))
        .map(|_| {
            let code = FaultCode::ALL[rng.index(FaultCode::ALL.len())];
            let first = [When::Nth(1)];
            let clock = [When::Between(Nanos(0), ms(i64::from(rng.below(50)) * 1_000))];
            let is_timed = code.mode().is_some() && rng.chance(50);
            Fault::of(code, if is_timed { &clock } else { &first }).with(|p| {
                if code != FaultCode::F34 && rng.chance(70) {
                    p.delay = ms(i64::from(rng.below(60_000)));
                }
                p.count = u8::try_from(rng.below(6)).expect("small");
                p.qty = Qty(u64::from(rng.below(3)) * u64::from(rng.below(20_000)));
                p.is_accepted = rng.chance(50);
                p.is_announced = rng.chance(50);
                let races = [Race::CancelWins, Race::FillFirst, Race::CancelLost];
                p.race = races[rng.index(3)];
                let classes = [RefusalClass::Order, RefusalClass::Market, RefusalClass::Account];
                p.refusal = classes[rng.index(3)];
            })
        })
        .collect();
    FaultPlan { faults }
}

/// One order under the faults of a seed, ten minutes long.
fn session(seed: u64, defect: Defect) -> (Shell, FaultPlan) {
    let mut rng = Rng::new(seed);
    let plan = plan_of(&mut rng);
    // Three shares stand on the book: some orders ask for more.
    let qty = if rng.chance(50) { "5" } else { "2" };
    let attempt = attempt(1, Rung::Fire, 0, "0.46", qty);
    let mut shell = Shell::new(seed, plan.clone(), attempt, defect);
    shell.run(ms(600_000));
    (shell, plan)
}

#[test]
fn what_the_machine_books_in_the_end_is_true_or_a_person_is_called() {
    let mut reached: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in 0..20_000 {
        let (shell, plan) = session(seed, Defect::None);
        let end = shell.judge();
        assert!(end.is_ok(), "seed {seed}: {end:?} {:?} {:?} {plan:?}", shell.order, shell.calls);
        *reached.entry(end.unwrap_or_default()).or_default() += 1;
        *reached.entry("late").or_default() += usize::from(shell.calls.late > 0);
        *reached.entry("overfilled").or_default() += usize::from(shell.calls.overfilled);
    }
    for end in ["full", "partial", "none", "rejected", "unresolved", "late", "overfilled"] {
        assert!(reached.get(end).is_some_and(|count| *count > 0), "{end} of {reached:?}");
    }
    assert_eq!(reached.get("stuck"), None, "{reached:?}");
}

#[test]
fn planted_defects_are_found_by_the_law_they_break() {
    let rows = [
        (Defect::UnknownIsRefusal, "S-10"),
        (Defect::NoDedup, "S-10"),
        (Defect::SecondPost, "S-05"),
        (Defect::AbsentIsNone, "S-10"),
        (Defect::ClaimIsFill, "S-10"),
        (Defect::ZeroIsNone, "S-10"),
    ];
    for (defect, law) in rows {
        let found = (0..20_000).find(|seed| session(*seed, defect).0.judge() == Err(law));
        assert!(found.is_some(), "{defect:?} breaks no {law}");
    }
}
