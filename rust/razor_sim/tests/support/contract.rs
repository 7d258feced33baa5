//! The contract of a gateway, as laws over a script of calls: whatever implements the port can be
//! held against it.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use razor_core::ids::TokenIx;
use razor_core::order::Evidence;
use razor_core::order::attempt::{Attempt, AttemptKey, OrderIx, Rung, TradeId};
use razor_core::order::gateway::{Gateway, Intent, Reply, VenueEvent};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Qty};

use crate::venue::{Books, SECOND, SET, ms, px, shares};

/// One call, some milliseconds after the one before it.
#[derive(Debug, Clone)]
pub enum Call {
    /// A new order.
    Send { rung: Rung, token: u32, cents: u32, qty: u64 },
    /// An order of before once more, byte for byte.
    Resend(usize),
    /// A question about an order of before.
    Query(usize),
    /// A cancel of an order of before.
    Cancel(usize),
    /// A merge.
    Merge(u64),
    /// The question after a restart.
    Reconcile,
    /// A message of a book: bid and ask in cents, and both sizes.
    Book { token: u32, bid: u32, ask: u32, size: u64 },
}

/// A script: calls with the milliseconds before each.
pub type Script = Vec<(u16, Call)>;

pub fn scripts() -> impl Strategy<Value = Script> {
    let rung = prop::sample::select(Rung::ALL.to_vec());
    let send = (rung, 0_u32..4, 30_u32..60, 1_u64..200_000_000)
        .prop_map(|(rung, token, cents, qty)| Call::Send { rung, token, cents, qty });
    let book = (0_u32..4, 30_u32..45, 45_u32..60, 0_u64..300_000_000)
        .prop_map(|(token, bid, ask, size)| Call::Book { token, bid, ask, size });
    let call = prop_oneof![
        6 => send,
        4 => book,
        1 => (0_usize..20).prop_map(Call::Resend),
        2 => (0_usize..20).prop_map(Call::Query),
        2 => (0_usize..20).prop_map(Call::Cancel),
        1 => (0_u64..50_000_000).prop_map(Call::Merge),
        1 => Just(Call::Reconcile),
    ];
    prop::collection::vec((0_u16..400, call), 1..30)
}

/// What came of a script.
#[derive(Debug, Default, Clone)]
pub struct Log {
    pub events: Vec<(Nanos, VenueEvent)>,
    pub sent: Vec<(Nanos, Intent)>,
    pub resends: u64,
    pub queries: BTreeMap<OrderIx, usize>,
    pub merges: usize,
    pub reconciles: usize,
    /// Answers to a last question about every order, asked when nothing was under way any more.
    pub last_word: BTreeMap<OrderIx, Evidence>,
}

impl Log {
    /// The events as the journal has them.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (at, event) in &self.events {
            out.extend_from_slice(&at.0.to_le_bytes());
            out.extend_from_slice(&event.encode());
        }
        out
    }

    pub fn replies(&self, of: OrderIx) -> Vec<Reply> {
        let replies = self.events.iter().filter_map(|(_, event)| match event {
            VenueEvent::Replied { order, reply } if *order == of => Some(*reply),
            _ => None,
        });
        replies.collect()
    }

    /// Different trades told of an order, and their sum.
    pub fn told(&self, of: OrderIx) -> (BTreeSet<TradeId>, Qty) {
        let mut ids = BTreeSet::new();
        let mut sum = 0;
        for (_, event) in &self.events {
            if let VenueEvent::Traded { order, trade, qty, .. } = event
                && *order == of
                && ids.insert(*trade)
            {
                sum += qty.0;
            }
        }
        (ids, Qty(sum))
    }
}

/// Plays a script on a clock that stops at every due time, waits until all is quiet, and asks about
/// every order once more.
pub fn play<G: Gateway>(gateway: &mut G, script: &Script) -> Log {
    let mut log = Log::default();
    let mut books = Books::flat("0.44", "0.46", "100");
    let mut now = Nanos(0);
    for (pause, call) in script {
        now = Nanos(now.0 + ms(i64::from(*pause)).0);
        log.events.extend(run(gateway, now, &books));
        make(gateway, now, call, &mut books, &mut log);
    }
    // Longer than any delay of the plans here.
    now = Nanos(now.0 + 1_000 * SECOND);
    log.events.extend(run(gateway, now, &books));
    assert_eq!(gateway.next_due(), None, "a venue must come to rest");
    for (_, intent) in log.sent.clone() {
        gateway.query(now, intent.order, intent.hash);
        let answer = run(gateway, Nanos(now.0 + 10 * SECOND), &books);
        for (_, event) in &answer {
            if let VenueEvent::Found { order, evidence } = event {
                assert_eq!(*order, intent.order);
                assert_eq!(log.last_word.insert(*order, *evidence), None, "one answer each");
            }
        }
        now = Nanos(now.0 + 10 * SECOND);
        log.events.extend(answer);
    }
    log
}

/// Everything due up to `until`; the laws of the clock are held on the way.
pub fn run<G: Gateway>(gateway: &mut G, until: Nanos, books: &Books) -> Vec<(Nanos, VenueEvent)> {
    let mut out: Vec<(Nanos, VenueEvent)> = Vec::new();
    let mut last = Nanos(i64::MIN);
    while let Some(due) = gateway.next_due().filter(|due| *due <= until) {
        assert!(due >= last, "due times never fall");
        last = due;
        while let Some((at, event)) = gateway.poll(due, books) {
            assert!(at <= due, "no event before its time");
            assert!(out.last().is_none_or(|(before, _)| *before <= at), "times never fall");
            out.push((at, event));
        }
        assert!(gateway.next_due().is_none_or(|next| next > due), "polled until nothing is due");
    }
    out
}

fn make<G: Gateway>(gateway: &mut G, now: Nanos, call: &Call, books: &mut Books, log: &mut Log) {
    let known = |n: usize| log.sent.get(n % log.sent.len().max(1)).map(|(_, intent)| *intent);
    match *call {
        Call::Send { rung, token, cents, qty } => {
            let number = u16::try_from(log.sent.len()).expect("short script");
            let attempt = Attempt {
                key: AttemptKey { signal_id: 7, leg: 0, attempt: number },
                rung,
                token: TokenIx(token),
                limit: px(&format!("0.{cents}")),
                order_qty: Qty(qty),
                budget: None,
            };
            let order = OrderIx(u64::from(number));
            let intent = Intent { order, hash: gateway.hash(order, &attempt), attempt };
            assert_eq!(intent.hash, gateway.hash(order, &attempt), "a hash does not change");
            gateway.send(now, &intent, Bucket::Liquid, books);
            log.sent.push((now, intent));
        }
        Call::Resend(n) => {
            if let Some(intent) = known(n) {
                gateway.send(now, &intent, Bucket::Liquid, books);
                log.resends += 1;
            }
        }
        Call::Query(n) => {
            if let Some(intent) = known(n) {
                gateway.query(now, intent.order, intent.hash);
                *log.queries.entry(intent.order).or_default() += 1;
            }
        }
        Call::Cancel(n) => {
            if let Some(intent) = known(n) {
                gateway.cancel(now, intent.order, intent.hash);
            }
        }
        Call::Merge(qty) => {
            gateway.merge(now, SET, Qty(qty));
            log.merges += 1;
        }
        Call::Reconcile => {
            gateway.reconcile(now);
            log.reconciles += 1;
        }
        Call::Book { token, bid, ask, size } => {
            let size = format!("{}.{:06}", size / 1_000_000, size % 1_000_000);
            let (bid, ask) = (format!("0.{bid}"), format!("0.{ask}"));
            books.set(TokenIx(token), &bid, &ask, &size, now);
            let _ = shares(&size);
        }
    }
}

/// Laws of any gateway, whatever faults strike.
pub fn hold_always(log: &Log) {
    let mut trades: BTreeMap<TradeId, (OrderIx, Qty, u32, i64)> = BTreeMap::new();
    for (_, event) in &log.events {
        assert_eq!(VenueEvent::decode(&event.encode()), Ok(*event), "bytes give the event back");
        if let VenueEvent::Traded { order, trade, qty, price, fee, .. } = event {
            let facts = (*order, *qty, price.micros(), fee.0);
            let first = trades.entry(*trade).or_insert(facts);
            assert_eq!(*first, facts, "a trade keeps its facts however often it is told");
            assert!(qty.0 > 0, "a trade is of something");
        }
    }
    let ends = |wanted: fn(&VenueEvent) -> bool| {
        log.events.iter().filter(|(_, event)| wanted(event)).count()
    };
    assert_eq!(ends(|event| matches!(event, VenueEvent::Merged { .. })), log.merges);
    let lists = ends(|event| matches!(event, VenueEvent::Reconciled));
    assert!(lists <= log.reconciles, "a list ends once");
    for (order, asked) in &log.queries {
        let found = log.events.iter().filter(
            |(_, event)| matches!(event, VenueEvent::Found { order: named, .. } if named == order),
        );
        // The last question is asked of every order.
        assert_eq!(found.count(), asked + 1, "a question is answered, if only by silence");
    }
}

/// Laws of a gateway that no fault strikes.
pub fn hold_without_faults(log: &Log) {
    let repeats: usize = log
        .sent
        .iter()
        .map(|(_, intent)| {
            let replies = log.replies(intent.order);
            let proofs: Vec<Reply> =
                replies.iter().copied().filter(|reply| *reply != Reply::Unknown).collect();
            let (_, sum) = log.told(intent.order);
            let truly = match sum {
                Qty::ZERO => Reply::RefusedOrder,
                sum => Reply::Matched(sum),
            };
            assert_eq!(proofs, [truly], "one answer, and it is what the trades say");
            assert!(sum <= intent.attempt.order_qty, "no more than asked for");
            let matched = Evidence::Finished { matched: sum };
            assert_eq!(log.last_word.get(&intent.order), Some(&matched));
            replies.len() - proofs.len()
        })
        .sum();
    assert!(u64::try_from(repeats).expect("few") <= log.resends, "copies are called duplicated");
    for (_, event) in &log.events {
        if let VenueEvent::Traded { order, price, .. } = event {
            let (_, intent) = log.sent.iter().find(|(_, i)| i.order == *order).expect("ours");
            let is_within = if intent.attempt.rung.is_entry() {
                *price <= intent.attempt.limit
            } else {
                *price >= intent.attempt.limit
            };
            assert!(is_within, "never worse than the limit");
        }
    }
}
