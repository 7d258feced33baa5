//! Crowds: seeded traders over the real [`Exchange`], the outside life of the local exchange.
//!
//! Owns: the plan of a world ([`CrowdPlan`]), its events, markets and accounts, and when each
//! trader acts ([`Crowd`]). Makers keep layered quotes around a hidden value that moves, noise
//! takers cross at random, informed takers come when a quote is worse than the hidden value, and at
//! planned times a group's best prices add up to a set that can be executed with profit.
//!
//! Must never: reach into the exchange; everything goes through [`Exchange::step`], so the
//! matching, the balances and the audit are those of any other client. Nor pretend to be the venue:
//! every id begins with the word `world` in hex or in character codes.
//!
//! How to drive it: [`advance`] runs one instant, of the exchange or of the crowd, whichever is
//! first; after each the frames of the instant are made. Nothing here waits for a clock, so a
//! server may sleep until [`next_due`] and catch up.
//!
//! Invariants, as long as nobody else quotes:
//! - the best asks of a group add up to a dollar at least and its best bids to a dollar at most,
//!   but for the lifetime of a planted set: all quotes of a group are around one list of values
//!   that add up to a dollar, asks above and bids below them;
//! - a planted set costs at most a dollar less its edge, fees included, at its full size;
//! - one plan and one list of what others did give one list of events on every machine.

mod listing;
mod names;
mod order;
mod plan;
mod plant;
mod quote;
mod recording;
mod take;
mod value;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::units::Nanos;

use crate::exchange::{
    AccountIx, Command, Event, Exchange, GroupIx, Operation, OwnerIx, Payout, Refusal, Reply,
};
use crate::rng::Rng;
use plant::Planting;
use quote::Quote;
use value::Values;

pub use plan::{CrowdPlan, PlanFault, PlantPlan};
pub use plant::Planted;
pub use recording::{Recording, record};

/// Numbers of the wallets of each kind; makers differ by how near to the value they quote.
const MAKERS: [usize; 3] = [0, 1, 2];
const NOISE: [usize; 4] = [3, 4, 5, 6];
const INFORMED: [usize; 2] = [7, 8];
const PLANTERS: [usize; 1] = [9];
const RIVALS: [usize; 1] = [10];
/// What each wallet begins with, in micro-dollars: more than a year of trading needs.
const PURSE: u64 = 10_000_000_000_000_000;
/// A step of the hidden value, in micro-dollars, and a rare jump.
const STEP: u32 = 2_500;
const JUMP: u32 = 40_000;
const JUMPS_PERCENT: u32 = 2;

/// The exchange at one time, with the list that its events go to.
struct Floor<'a> {
    now: Nanos,
    exchange: &'a mut Exchange,
    out: &'a mut Vec<Event>,
}

impl Floor<'_> {
    fn step(&mut self, command: Command) -> Result<Reply, Refusal> {
        self.exchange.step(self.now, command, self.out)
    }
}

/// A wallet with its key.
#[derive(Debug, Clone, Copy)]
struct Trader {
    account: AccountIx,
    owner: OwnerIx,
}

/// Markets whose outcomes exclude one another: a group, or one plain market.
#[derive(Debug, Clone)]
struct Cluster {
    group: Option<GroupIx>,
    is_augmented: bool,
    /// Positions of its quoted markets; the value of the n-th is the n-th of `values`.
    markets: Vec<usize>,
    /// Its unnamed, which nobody quotes.
    unnamed: Option<MarketIx>,
    /// What the outcomes are worth.
    values: Values,
    /// What the makers believe, taken over from the values now and then.
    belief: Values,
    planting: Option<Planting>,
    /// When it is scheduled to end, as the listing says.
    end: Nanos,
    is_over: bool,
}

/// A quoted market.
#[derive(Debug, Clone)]
struct Listed {
    ix: MarketIx,
    cluster: usize,
    leg: usize,
    quotes: Vec<Quote>,
}

/// What happens at a planned time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// A trader does something ordinary in some market.
    Stir,
    /// A set is planted in some group.
    Plant,
    /// A rival takes its part of one leg.
    Rival { cluster: usize, leg: usize },
    /// The planted quotes are taken back.
    Uproot { cluster: usize },
    /// An event resolves.
    Resolve,
}

/// The traders of a world with their plans.
#[derive(Debug, Clone)]
pub struct Crowd {
    plan: CrowdPlan,
    rng: Rng,
    orders: u64,
    clusters: Vec<Cluster>,
    listed: Vec<Listed>,
    makers: Vec<Trader>,
    noise: Vec<Trader>,
    informed: Vec<Trader>,
    planter: Trader,
    rival: Trader,
    tasks: BinaryHeap<Reverse<(Nanos, u64, Task)>>,
    scheduled: u64,
    truth: Vec<Planted>,
    listing: String,
}

impl Crowd {
    /// Lists the plan's events, opens and funds the accounts, and puts the first quotes.
    ///
    /// # Errors
    /// [`PlanFault`] for a plan outside its ranges, before anything is listed, or for names that
    /// the exchange knows already.
    pub fn open(
        plan: CrowdPlan,
        now: Nanos,
        exchange: &mut Exchange,
        out: &mut Vec<Event>,
    ) -> Result<Self, PlanFault> {
        plan.check()?;
        let mut rng = Rng::new(plan.seed);
        let mut floor = Floor { now, exchange, out };
        let made = listing::list(&plan, &mut floor, &mut rng)?;
        let mut open = |kind: &[usize]| -> Result<Vec<Trader>, PlanFault> {
            kind.iter().map(|number| open_wallet(*number, &mut floor)).collect()
        };
        let (makers, noise) = (open(&MAKERS)?, open(&NOISE)?);
        let (informed, planters, rivals) = (open(&INFORMED)?, open(&PLANTERS)?, open(&RIVALS)?);
        let mut crowd = Self {
            plan,
            rng,
            orders: 0,
            clusters: made.clusters,
            listed: made.listed,
            makers,
            noise,
            informed,
            planter: planters[0],
            rival: rivals[0],
            tasks: BinaryHeap::new(),
            scheduled: 0,
            truth: Vec::new(),
            listing: made.text,
        };
        for cluster in 0..crowd.clusters.len() {
            crowd.requote(cluster, &mut floor);
        }
        crowd.begin(now);
        Ok(crowd)
    }

    /// When a trader acts next.
    pub fn due(&self) -> Option<Nanos> {
        self.tasks.peek().map(|Reverse((at, _, _))| *at)
    }

    /// Does the next planned thing at its own time, if that is not later than `now`; events are
    /// appended to `out`. The exchange must have done what was due before, else events of several
    /// instants come together: see [`advance`].
    pub fn act(&mut self, now: Nanos, exchange: &mut Exchange, out: &mut Vec<Event>) {
        let Some(Reverse((at, _, task))) = self.tasks.peek().copied().filter(|it| it.0.0 <= now)
        else {
            return;
        };
        self.tasks.pop();
        let floor = &mut Floor { now: at, exchange, out };
        match task {
            Task::Stir => self.stir(floor),
            Task::Plant => self.plant(floor),
            Task::Rival { cluster, leg } => self.take_rival(cluster, leg, floor),
            Task::Uproot { cluster } => self.uproot(cluster, floor),
            Task::Resolve => self.resolve(floor),
        }
    }

    /// Planted sets that have ended since the last call, in order of their end. Checkers read them,
    /// traders must not.
    pub fn take_truth(&mut self) -> Vec<Planted> {
        core::mem::take(&mut self.truth)
    }

    /// Whether a key is one of the crowd's; nobody listens to its user channel.
    pub fn has(&self, owner: OwnerIx) -> bool {
        let kinds = [&self.makers, &self.noise, &self.informed];
        kinds.into_iter().flatten().chain([&self.planter, &self.rival]).any(|it| it.owner == owner)
    }

    /// What was listed, as JSON; the shape is that of `open_world` in the Python stub.
    pub fn listing(&self) -> &str {
        &self.listing
    }

    fn begin(&mut self, now: Nanos) {
        let stir = self.pause();
        self.schedule(now, stir, Task::Stir);
        let has_sets = self.clusters.iter().any(Cluster::is_plantable);
        if let Some(plants) = self.plan.plants.filter(|_| has_sets) {
            self.schedule(now, plants.every, Task::Plant);
        }
        if let Some(every) = self.plan.resolve_every {
            self.schedule(now, every, Task::Resolve);
        }
    }

    fn schedule(&mut self, now: Nanos, delay: Nanos, task: Task) {
        self.scheduled += 1;
        let at = Nanos(now.0.saturating_add(delay.0));
        self.tasks.push(Reverse((at, self.scheduled, task)));
    }

    /// Time to the next ordinary act of anybody: the pace of one market shared by all of them.
    fn pause(&mut self) -> Nanos {
        let markets = i64::try_from(self.listed.len().max(1)).unwrap_or(i64::MAX);
        let mean = (self.plan.pace.0 / markets).max(1);
        let twice = u64::try_from(2 * mean).unwrap_or(u64::MAX);
        Nanos(1 + i64::try_from(self.rng.below_wide(twice)).unwrap_or(mean))
    }

    /// One ordinary act in a market that holds no planted quote.
    fn stir(&mut self, floor: &mut Floor<'_>) {
        if self.clusters.iter().all(|cluster| cluster.is_over) {
            return;
        }
        let pause = self.pause();
        self.schedule(floor.now, pause, Task::Stir);
        let market = self.rng.index(self.listed.len());
        let cluster = self.listed[market].cluster;
        if self.clusters[cluster].is_over {
            return;
        }
        let most = if self.rng.chance(JUMPS_PERCENT) { JUMP } else { STEP };
        self.clusters[cluster].values.drift(most, &mut self.rng);
        let is_quiet = self.clusters[cluster].planting.is_some();
        match self.rng.below(100) {
            0..60 => self.resize(market, floor),
            _ if is_quiet => self.resize(market, floor),
            60..75 => self.take_at_random(market, floor),
            75..85 => self.take_informed(market, floor),
            _ => self.review(cluster, floor),
        }
    }

    /// Resolves the next event that can be resolved, with a winner drawn by the hidden values.
    fn resolve(&mut self, floor: &mut Floor<'_>) {
        let Some(every) = self.plan.resolve_every else { return };
        let open = |cluster: &Cluster| !cluster.is_over && cluster.planting.is_none();
        let next = self.clusters.iter().position(open);
        if self.clusters.iter().any(|cluster| !cluster.is_over) {
            self.schedule(floor.now, every, Task::Resolve);
        }
        let Some(number) = next else { return };
        self.clusters[number].is_over = true;
        let winner = self.clusters[number].values.draw(&mut self.rng);
        let cluster = &self.clusters[number];
        let markets = cluster.markets.iter().map(|&market| self.listed[market].ix);
        let markets: Vec<MarketIx> = markets.chain(cluster.unnamed).collect();
        for (leg, market) in markets.into_iter().enumerate() {
            let payout = if leg == winner { Payout::Yes } else { Payout::No };
            let command = Command::Operate(Operation::Resolve(market, payout));
            // Refused when the operator has resolved the market already.
            let _done = floor.step(command);
        }
    }

    fn yes(&self, market: usize) -> TokenIx {
        TokenIx::of(self.listed[market].ix, Outcome::Yes)
    }
}

impl Cluster {
    /// Whether all its outcomes together are worth a dollar for certain.
    const fn is_plantable(&self) -> bool {
        self.group.is_some() && !self.is_augmented && !self.is_over
    }
}

/// When something happens by itself next, in the exchange or by the crowd.
pub fn next_due(exchange: &Exchange, crowd: &Crowd) -> Option<Nanos> {
    match (exchange.due(), crowd.due()) {
        (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
        (ours, theirs) => ours.or(theirs),
    }
}

/// Runs the next instant not later than `until` and returns its time; none when nothing is due.
/// The exchange comes first at equal times.
pub fn advance(
    exchange: &mut Exchange,
    crowd: &mut Crowd,
    until: Nanos,
    out: &mut Vec<Event>,
) -> Option<Nanos> {
    let at = next_due(exchange, crowd).filter(|at| *at <= until)?;
    if exchange.due() == Some(at) {
        // Waking is never refused.
        let _woken = exchange.step(at, Command::Wake, out);
    } else {
        crowd.act(at, exchange, out);
    }
    Some(at)
}

fn open_wallet(number: usize, floor: &mut Floor<'_>) -> Result<Trader, PlanFault> {
    let address = names::address(number);
    let opened = floor.step(Command::OpenAccount { address, is_approved: true })?;
    let Reply::Account(account) = opened else { return Err(PlanFault::Odd) };
    let key = names::key(number).into_boxed_str();
    let added = floor.step(Command::AddOwner { key, account })?;
    let Reply::Owner(owner) = added else { return Err(PlanFault::Odd) };
    floor.step(Command::Operate(Operation::Deposit(account, PURSE)))?;
    Ok(Trader { account, owner })
}
