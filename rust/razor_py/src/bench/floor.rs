//! A desk on a simulated venue and a virtual clock: sets that are merged, and sets that are sold.
//!
//! Owns: the loop of an order without sockets, threads and tables: what the desk asks for is
//! encoded as a journal record and given to the venue, what the venue says is encoded, decoded
//! and stepped.
//!
//! Must never: leave out a record that a session would write for an order.

use std::collections::{BTreeMap, VecDeque};

use razor_core::basket::{
    Action, Answer, Desk, DeskTimer, Input, LegPlan, Phase, Plan, Quote, Refusal, Rules, Trade,
    Treasury, View, Waits,
};
use razor_core::ids::{MarketIx, Outcome, SetIx, TokenIx};
use razor_core::journal::{Kind, NO_CONN, Record};
use razor_core::ledger::Settle;
use razor_core::market::{Fees, Settlement, Universe};
use razor_core::order::OrderIx;
use razor_core::order::gateway::{
    Gateway, Intent, MarketTop, MergeIntent, Reply, Tops, TradeState, VenueEvent,
};
use razor_core::risk::{Breakers, Caps, RateBreaker};
use razor_core::shadow::exact::FillShare;
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Bps, Nanos, Price, Qty, TickSize, Usdc};
use razor_io::clock::Stopwatch;
use razor_sim::gateway::{SimConfig, SimGateway, SimMarkets};

use super::spread::short;

const SECOND: i64 = 1_000_000_000;
/// Sets are a minute apart: the chain has confirmed and the cooldown is over.
const BETWEEN: i64 = 60 * SECOND;
/// Every so-many-th set cannot be completed: its last leg became dear.
const FAILS_EVERY: u64 = 4;
const LEGS: u32 = 3;
const ASK: u32 = 300_000;
const BID: u32 = 290_000;
const DEAR: u32 = 400_000;
const QTY: Qty = Qty(10_000_000);
const DEPTH: Qty = Qty(100_000_000);
/// Bytes after which the journal in memory begins anew, as a chunk of the recorder does.
const CHUNK: usize = 1 << 20;

/// Books that change with every event, so that what was taken is there again.
struct Books {
    now: Nanos,
    /// The leg that became dear.
    dear: Option<TokenIx>,
}

impl Books {
    fn ask(&self, token: TokenIx) -> Option<(Price, Qty)> {
        let micros = if self.dear == Some(token) { DEAR } else { ASK };
        Some((Price::from_micros(micros).ok()?, DEPTH))
    }

    fn bid() -> Option<(Price, Qty)> {
        Some((Price::from_micros(BID).ok()?, DEPTH))
    }
}

impl View for Books {
    fn quote(&self, token: TokenIx) -> Option<Quote> {
        Some(Quote {
            bid: Self::bid(),
            ask: self.ask(token),
            tick: TickSize::FINEST,
            is_current: true,
            age: Nanos(0),
            changed: self.now,
        })
    }
}

impl Tops for Books {
    fn top(&self, token: TokenIx) -> Option<MarketTop> {
        let sized = |(price, qty)| (price, Some(qty));
        let (bid, ask) = (Self::bid().map(sized), self.ask(token).map(sized));
        Some(MarketTop { bid, ask, changed: self.now })
    }
}

/// The desk, its venue and its journal.
pub(super) struct Floor {
    desk: Desk,
    venue: SimGateway,
    books: Books,
    journal: Vec<u8>,
    seq: u64,
    intents: BTreeMap<OrderIx, Intent>,
    signals: u64,
    /// What the last step asked for; empty between two.
    out: Vec<Action>,
    /// What is asked for and not yet done; empty between two inputs.
    asked: VecDeque<Action>,
    /// The time of each step, where it is wanted.
    pub(super) times: Option<Vec<u32>>,
    watch: Stopwatch,
}

impl Floor {
    /// A desk that has had no order.
    pub(super) fn new(seed: u64, universe: &Universe) -> Self {
        Self {
            desk: Desk::new(rules(), caps()),
            venue: venue(seed, universe),
            books: Books { now: Nanos(0), dear: None },
            journal: Vec::with_capacity(CHUNK.saturating_mul(2)),
            seq: 1,
            intents: BTreeMap::new(),
            signals: 0,
            out: Vec::with_capacity(16),
            asked: VecDeque::with_capacity(16),
            times: None,
            watch: Stopwatch::start(),
        }
    }

    /// A venue that has had no order. The simulated one walks its own record of the truth at every
    /// merge, which a figure of the desk must not count; between two sets nothing is held there.
    pub(super) fn renew_venue(&mut self, seed: u64, universe: &Universe) {
        self.venue = venue(seed, universe);
    }

    /// One signal from its plan to its end and the end of its rest.
    pub(super) fn work_set(&mut self) {
        self.signals = self.signals.saturating_add(1);
        let ts = Nanos(self.books.now.0.saturating_add(BETWEEN));
        let dear = self.signals.checked_rem(FAILS_EVERY) == Some(0);
        self.books.dear = dear.then(|| token(LEGS.saturating_sub(1)));
        self.step(ts, Input::Elapsed(DeskTimer::Cooldown));
        self.step(ts, Input::Signal(plan(self.signals, ts)));
        while let Some(due) = self.venue.next_due() {
            self.books.now = due;
            let Some((at, event)) = self.venue.poll(due, &self.books) else { continue };
            let bytes = event.encode();
            self.record(Kind::Venue, at, &bytes);
            if let Some(input) = VenueEvent::decode(&bytes).ok().and_then(input_of) {
                self.step(at, input);
            }
        }
    }

    /// Orders so far.
    pub(super) fn orders(&self) -> u64 {
        self.desk.order_count()
    }

    /// Whether every set ended as its books let it.
    pub(super) fn is_sound(&self) -> bool {
        let fails = self.signals.checked_div(FAILS_EVERY).unwrap_or(0);
        // A whole set is bought on three legs; a failed one on two, and those are sold.
        let whole = self.signals.saturating_sub(fails).saturating_mul(3);
        let orders = whole.saturating_add(fails.saturating_mul(4));
        let is_flat = self.desk.ledger().positions().next().is_none();
        self.desk.phase() == Phase::Cooldown && is_flat && self.orders() == orders
    }

    fn step(&mut self, now: Nanos, input: Input) {
        self.books.now = now;
        let mut asked = core::mem::take(&mut self.asked);
        self.timed(now, input, &mut asked);
        while let Some(action) = asked.pop_front() {
            self.serve(now, &action, &mut asked);
        }
        self.asked = asked;
    }

    fn timed(&mut self, now: Nanos, input: Input, asked: &mut VecDeque<Action>) {
        let out = &mut self.out;
        match &mut self.times {
            None => self.desk.step(now, input, &self.books, out),
            Some(times) => {
                let before = self.watch.elapsed_ns();
                self.desk.step(now, input, &self.books, out);
                times.push(short(self.watch.elapsed_ns().saturating_sub(before)));
            }
        }
        asked.extend(out.drain(..));
    }

    fn serve(&mut self, now: Nanos, action: &Action, asked: &mut VecDeque<Action>) {
        match *action {
            Action::Persist(order, attempt) => {
                let hash = self.venue.hash(order, &attempt);
                let intent = Intent { order, hash, attempt };
                self.record(Kind::Intent, now, &intent.encode());
                self.intents.insert(order, intent);
                self.timed(now, Input::Journaled(order), asked);
            }
            Action::Send(order) => {
                if let Some(intent) = self.intents.get(&order) {
                    self.venue.send(now, intent, Bucket::Thin, &self.books);
                }
            }
            Action::Cancel(order) => {
                if let Some(intent) = self.intents.get(&order) {
                    self.venue.cancel(now, order, intent.hash);
                }
            }
            Action::Query(order) => {
                if let Some(intent) = self.intents.get(&order) {
                    self.venue.query(now, order, intent.hash);
                }
            }
            Action::Merge(set, qty) => {
                let signal_id = self.signals;
                self.record(Kind::Intent, now, &MergeIntent { signal_id, set, qty }.encode());
                self.venue.merge(now, set, qty);
            }
            Action::Arm(..)
            | Action::Disarm(_)
            | Action::DisarmOrder(_)
            | Action::Row(_)
            | Action::Sample(_) => {}
        }
    }

    fn record(&mut self, kind: Kind, at: Nanos, payload: &[u8]) {
        if self.journal.len() > CHUNK {
            self.journal.clear();
        }
        let (seq, recv_ns) = (self.seq, at.0);
        let record = Record { seq, kind, recv_ns, conn: NO_CONN, epoch: 0, payload };
        record.encode(&mut self.journal);
        self.seq = self.seq.saturating_add(1);
    }
}

/// All of the best size, so that every set takes the same way in every run.
fn venue(seed: u64, universe: &Universe) -> SimGateway {
    let all = FillShare(razor_core::shadow::exact::ATTO);
    let config = SimConfig {
        seed,
        share_liquid: all,
        share_thin: all,
        assumed_fees: Fees::Free,
        ..SimConfig::default()
    };
    SimGateway::new(config, SimMarkets::of(universe))
}

fn token(leg: u32) -> TokenIx {
    TokenIx::of(MarketIx(leg), Outcome::Yes)
}

fn plan(signal_id: u64, ts: Nanos) -> Plan {
    let limit = Price::from_micros(ASK).unwrap_or(Price::ONE);
    let leg =
        |leg| LegPlan { token: token(leg), limit, min_order_qty: Qty(1_000_000), fees: Fees::Free };
    Plan {
        signal_id,
        ts,
        set: SetIx(0),
        event: 0,
        qty: QTY,
        expected_net: Bps::new(400),
        bucket: Bucket::Thin,
        worst: 0,
        settlement: Settlement::Merge,
        is_delayed: false,
        is_resolving: false,
        legs: (0..LEGS).map(leg).collect(),
    }
}

/// Limits that the script stays under: what is measured is asking them, not their answer.
const fn caps() -> Caps {
    let quiet = RateBreaker { max_permille: 1_000, window: 50 };
    Caps {
        max_exposure: Usdc(1_000_000_000),
        max_signal: Usdc(100_000_000),
        max_day_loss: Usdc(1_000_000_000_000),
        max_orders_per_min: 600,
        max_open_orders: 8,
        max_residual: Usdc(1_000_000),
        exit_reserve_percent: 25,
        max_event_exposure: None,
        breakers: Breakers { loss_streak: 1_000_000, revert: quiet, api_error: quiet },
        cooldown: Nanos(SECOND),
        signal_ttl: Nanos(SECOND),
        takes_delayed_markets: false,
    }
}

/// The waits of `config.toml`; the venue answers before any of them is over.
const fn rules() -> Rules {
    Rules {
        chase_cap: Bps::new(200),
        chase_step: Bps::new(10),
        flatten: [Bps::new(100), Bps::new(500), Bps::new(1_000)],
        flatten_attempts: 3,
        queue: 16,
        waits: Waits {
            answer: Nanos(3 * SECOND),
            poll: Nanos(SECOND),
            resolve: Nanos(15 * SECOND),
            late: Nanos(120 * SECOND),
            flatten_wait: Nanos(2 * SECOND),
            flatten: Nanos(60 * SECOND),
            settle: Nanos(180 * SECOND),
            set: Nanos(120 * SECOND),
            cooldown: Nanos(SECOND),
        },
    }
}

/// What an event of this script means to the desk; others do not come.
fn input_of(event: VenueEvent) -> Option<Input> {
    match event {
        VenueEvent::Replied { order, reply } => Some(Input::Answered(order, answer_of(reply))),
        VenueEvent::Traded { order, trade, qty, price, fee, state } => {
            let settle = match state {
                TradeState::Provisional => Settle::Prov,
                TradeState::Confirmed => Settle::Conf,
                TradeState::Failed => Settle::Void,
            };
            Some(Input::Traded(Trade { order, id: trade, qty, price, fee, settle }))
        }
        VenueEvent::Found { order, evidence } => Some(Input::Found(order, evidence)),
        VenueEvent::Merged { is_done: true } => Some(Input::Merged(Treasury::Done)),
        VenueEvent::Merged { is_done: false } => Some(Input::Merged(Treasury::Failed)),
        VenueEvent::MergeUnknown => Some(Input::Merged(Treasury::Unknown)),
        VenueEvent::Mode(_)
        | VenueEvent::Reconciled
        | VenueEvent::Injected { .. }
        | VenueEvent::Foreign
        | VenueEvent::DurabilityLost => None,
    }
}

const fn answer_of(reply: Reply) -> Answer {
    match reply {
        Reply::Matched(matched) => Answer::Matched { matched },
        Reply::Live => Answer::Live,
        Reply::Delayed => Answer::Delayed,
        Reply::RefusedOrder => Answer::Refused(Refusal::Order),
        Reply::RefusedMarket => Answer::Refused(Refusal::Market),
        Reply::RefusedAccount => Answer::Refused(Refusal::Account),
        Reply::RefusedRate => Answer::Refused(Refusal::Rate),
        Reply::Unknown => Answer::Unknown,
    }
}
