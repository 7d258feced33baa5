//! A run with orders: the records of a seeded world, and a venue that is the test's own.

use std::collections::{BTreeMap, VecDeque};

use razor_core::basket::Desk;
use razor_core::engine::oms::Request;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{SignalNotice, Sink, Table};
use razor_core::engine::{Engine, Stepped};
use razor_core::order::gateway::{Intent, Reply, TradeState, VenueEvent};
use razor_core::order::{Attempt, Evidence, OrderHash, OrderIx, TradeId};
use razor_core::units::{Nanos, Qty, Usdc};
use razor_sim::rng::Rng;
use razor_sim::world::{WorldPlan, WorldRecord, build};

pub const MS: i64 = 1_000_000;
const START_NS: i64 = 1_800_000_000_000_000_000;
/// Fee of every match of the test's venue.
pub const FEE: Usdc = Usdc(500);

/// Settings of a run with simulated orders; tests replace single texts in it.
pub const SETTINGS: &str = r#"{"run_id":"run_t","source":"venue","orders":"sim","settings":{
 "live":{"chase_cap_bps":200,"ladder_step1_bps":10,"flatten_lvl1_bps":100,"flatten_lvl2_bps":500,
         "flatten_lvl3_bps":1000,"flatten_max_attempts":3,"cooldown_ms":100},
 "oms":{"flatten_wait_ms":2000,"settle_deadline_ms":180000,"signal_ttl_ms":1000,
        "take_delayed_markets":false},
 "risk":{"max_exposure_usdc":"1000","max_signal_usdc":"20","max_day_loss_usdc":"100",
         "max_orders_per_min":600,"max_open_orders":8,"max_residual_usdc":"5",
         "max_event_exposure_usdc":"500","exit_reserve_pct":25,"max_loss_streak":1000,
         "max_revert_permille":1000,"revert_window":50,"max_api_error_permille":1000,
         "api_error_window":50},
 "sim":{},"run":{"snapshot_log_interval_ms":1000},
 "brain":{"risk_premium_bps":80,"min_net_edge_bps":10,"q_req":"10","signal_cooldown_ms":1000,
          "max_snapshot_staleness_ms":500},
 "buckets":{"fill_share_liquid_p25":"0.3","fill_share_thin_p25":"0.1"},
 "shadow":{"window_start_ms":100,"window_end_ms":1100,"trade_retention_ms":5000,"max_trades":200000,
           "max_trade_gap_ms":700,"trade_size_suspect_threshold":"50000",
           "trade_notional_suspect_threshold":"50000"},
 "feed":{"frame_cap_bytes":8388608,"hash_check_every":16}}}"#;

/// What came, in order: enough to fold it again.
#[derive(Clone)]
pub struct Taken {
    pub kind: Kind,
    pub at: i64,
    pub conn: &'static str,
    pub payload: Vec<u8>,
}

impl Taken {
    pub fn put<S: Sink>(&self, engine: &mut Engine, sink: &mut S) -> Stepped {
        let (recv_ns, conn) = (Nanos(self.at), self.conn);
        let record = Record { kind: self.kind, recv_ns, conn, epoch: 0, payload: &self.payload };
        engine.step(&record, sink).expect("a record of the run")
    }
}

/// Everything the engine gave out.
#[derive(Default, Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    pub rows: BTreeMap<Table, String>,
    pub signals: Vec<SignalNotice>,
    pub requests: VecDeque<Request>,
}

impl Sink for Seen {
    fn wants_rows(&self) -> bool {
        true
    }
    fn row(&mut self, table: Table, lines: &str) {
        self.rows.entry(table).or_default().push_str(lines);
    }
    fn signal(&mut self, notice: SignalNotice) {
        self.signals.push(notice);
    }
    fn request(&mut self, request: Request) {
        self.requests.push_back(request);
    }
}

impl Seen {
    /// The rows of a table, cells by their names; no cell of these runs is quoted.
    pub fn table(&self, table: Table) -> Vec<BTreeMap<&'static str, &str>> {
        let names: Vec<&str> = table.header().expect("a table").split(',').collect();
        let text = self.rows.get(&table).map(String::as_str).unwrap_or_default();
        text.lines().map(|line| names.iter().copied().zip(line.split(',')).collect()).collect()
    }
}

/// An engine, its world and everything that was put to it.
pub struct Play {
    pub engine: Engine,
    pub seen: Seen,
    pub log: Vec<Taken>,
    /// Orders that left, with engine time.
    pub sends: Vec<(i64, Intent)>,
    world: VecDeque<WorldRecord>,
    trades: u64,
}

impl Play {
    /// A run whose settings are taken; sets of its world are merged where `merges`, else held.
    pub fn new(seed: u64, duration_ms: i64, merges: bool) -> Self {
        let mut world = build(WorldPlan { seed, start_ns: START_NS, duration_ms });
        for record in world.records.iter_mut().filter(|record| merges && record.kind == "meta") {
            record.payload =
                record.payload.replace(r#""settlement":"hold""#, r#""settlement":"merge""#);
        }
        let mut play = Self {
            engine: Engine::default(),
            seen: Seen::default(),
            log: Vec::new(),
            sends: Vec::new(),
            world: world.records.into(),
            trades: 0,
        };
        play.take(Kind::Params, 0, "", SETTINGS.as_bytes());
        play
    }

    pub fn take(&mut self, kind: Kind, at: i64, conn: &'static str, payload: &[u8]) -> Stepped {
        let taken = Taken { kind, at, conn, payload: payload.to_vec() };
        let stepped = taken.put(&mut self.engine, &mut self.seen);
        self.log.push(taken);
        stepped
    }

    /// A record at engine time that must be taken.
    pub fn put(&mut self, kind: Kind, payload: &[u8]) {
        let stepped = self.take(kind, self.engine.now().0, "", payload);
        assert!(!stepped.is_refused, "{kind:?}");
    }

    pub fn say(&mut self, event: VenueEvent) {
        self.put(Kind::Venue, &event.encode());
    }

    pub fn desk(&self) -> &Desk {
        self.engine.desk().expect("a run with orders")
    }

    /// The next record of the world; false when it is over.
    pub fn feed(&mut self) -> bool {
        let Some(record) = self.world.pop_front() else { return false };
        let kind = Kind::from_word(record.kind).expect("a kind");
        self.take(kind, record.recv_ns, record.conn, record.payload.as_bytes());
        true
    }

    /// What the engine asks for next, the world going on until it does.
    pub fn asked(&mut self) -> Request {
        loop {
            if let Some(request) = self.seen.requests.pop_front() {
                return request;
            }
            assert!(self.feed(), "the world is over and nothing was asked");
        }
    }

    /// Makes what is asked next durable, as far as the wire.
    pub fn send_next(&mut self) -> Intent {
        let Request::Persist { order, attempt } = self.asked() else { panic!("no intent") };
        self.journal(order, attempt);
        match self.seen.requests.pop_front() {
            Some(Request::Send { intent, .. }) => intent,
            other => panic!("{other:?} in place of a send"),
        }
    }

    pub fn journal(&mut self, order: OrderIx, attempt: Attempt) -> Intent {
        let intent = Intent { order, hash: hash_of(order), attempt };
        self.put(Kind::Intent, &intent.encode());
        intent
    }

    /// A match of an order at its limit.
    pub fn trade(&mut self, intent: &Intent, qty: Qty, state: TradeState) -> TradeId {
        self.trades += 1;
        let trade = trade_id(self.trades);
        self.say(traded(intent, trade, qty, state));
        trade
    }

    /// All of an order matched and confirmed.
    pub fn fill(&mut self, intent: &Intent) {
        let qty = intent.attempt.order_qty;
        self.trade(intent, qty, TradeState::Confirmed);
        self.say(VenueEvent::Replied { order: intent.order, reply: Reply::Matched(qty) });
    }

    /// Fills what is asked until the sets of a signal are to be merged; gives the merge.
    pub fn until_merge(&mut self) -> razor_core::order::gateway::MergeIntent {
        loop {
            match self.asked() {
                Request::Persist { order, attempt } => {
                    let intent = self.journal(order, attempt);
                    if self.seen.requests.pop_front().is_some() {
                        self.fill(&intent);
                    }
                }
                Request::Merge(merge) => return merge,
                other => panic!("{other:?}"),
            }
        }
    }

    pub fn table(&self, table: Table) -> Vec<BTreeMap<&'static str, &str>> {
        self.seen.table(table)
    }
}

pub fn hash_of(order: OrderIx) -> OrderHash {
    let mut bytes = [0xAB; 32];
    bytes[..8].copy_from_slice(&order.0.to_le_bytes());
    OrderHash(bytes)
}

fn trade_id(number: u64) -> TradeId {
    let mut bytes = [0xCD; 16];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    TradeId(bytes)
}

pub fn traded(intent: &Intent, trade: TradeId, qty: Qty, state: TradeState) -> VenueEvent {
    let (order, price) = (intent.order, intent.attempt.limit);
    VenueEvent::Traded { order, trade, qty, price, fee: FEE, state }
}

/// A venue on dice: it fills, refuses, stays silent, and takes matches back.
pub struct Venue {
    rng: Rng,
    due: BTreeMap<(i64, u64), VenueEvent>,
    told: u64,
}

impl Venue {
    fn later(&mut self, at: i64, after_ms: i64, event: VenueEvent) {
        self.told += 1;
        self.due.insert((at + after_ms * MS, self.told), event);
    }

    /// The order's course is decided as it arrives.
    fn receive(&mut self, now: i64, intent: &Intent) {
        let (order, dice) = (intent.order, self.rng.below(20));
        if dice == 0 {
            return self.later(now, 20, VenueEvent::Replied { order, reply: Reply::RefusedOrder });
        }
        let asked = intent.attempt.order_qty;
        let qty = if dice < 5 { Qty(asked.0.div_ceil(2)) } else { asked };
        let trade = trade_id(order.0);
        self.later(now, 20, traded(intent, trade, qty, TradeState::Provisional));
        if dice % 4 == 3 {
            self.later(now, 25, VenueEvent::Replied { order, reply: Reply::Unknown });
            let evidence = Evidence::Finished { matched: qty };
            self.later(now, 60, VenueEvent::Found { order, evidence });
        } else {
            self.later(now, 25, VenueEvent::Replied { order, reply: Reply::Matched(qty) });
        }
        let state = if dice == 9 { TradeState::Failed } else { TradeState::Confirmed };
        self.later(now, 90, traded(intent, trade, qty, state));
    }
}

impl Play {
    /// A whole run against a venue on dice; `look` sees the run after every record.
    pub fn whole(seed: u64, merges: bool, mut look: impl FnMut(&Self)) -> Self {
        let mut play = Self::new(seed, 20_000, merges);
        let mut venue = Venue { rng: Rng::new(seed), due: BTreeMap::new(), told: 0 };
        loop {
            let next = play.world.front().map(|record| record.recv_ns);
            let first = venue.due.keys().next().copied();
            match first.filter(|(at, _)| next.is_none_or(|next| *at <= next)) {
                Some(key) => {
                    let event = venue.due.remove(&key).expect("due");
                    play.take(Kind::Venue, key.0, "", &event.encode());
                }
                None if !play.feed() => break,
                None => {}
            }
            look(&play);
            play.serve(&mut venue);
        }
        play.put(Kind::End, b"");
        look(&play);
        play
    }

    fn serve(&mut self, venue: &mut Venue) {
        while let Some(request) = self.seen.requests.pop_front() {
            let now = self.engine.now().0;
            match request {
                Request::Persist { order, attempt } => {
                    self.journal(order, attempt);
                }
                Request::Send { intent, .. } => {
                    self.sends.push((now, intent));
                    venue.receive(now, &intent);
                }
                Request::Merge(merge) => {
                    self.put(Kind::Intent, &merge.encode());
                    let is_done = venue.rng.below(8) > 0;
                    venue.later(now, 300, VenueEvent::Merged { is_done });
                }
                Request::Cancel { .. }
                | Request::Query { .. }
                | Request::QueryMerge(_)
                | Request::Reconcile => {}
            }
        }
    }
}

/// Micro-units of a decimal cell.
pub fn micros(cell: &str) -> i128 {
    let (whole, part) = cell.split_once('.').unwrap_or((cell, ""));
    assert!(part.get(6..).unwrap_or("").bytes().all(|digit| digit == b'0'), "{cell}");
    let part = part.get(..6).unwrap_or(part);
    let value: i128 = format!("{}{part:0<6}", whole.trim_start_matches('-')).parse().unwrap();
    if cell.starts_with('-') { -value } else { value }
}
