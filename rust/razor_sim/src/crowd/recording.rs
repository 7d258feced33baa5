//! A recording of a world on virtual time, in the forms of a capture.
//!
//! Owns: the `meta` record of what was listed, the subscriber's frames (the exchange's own, hashes
//! included), and the Data API rows of the trades.
//!
//! Stated choices: a frame arrives two milliseconds after its instant; the rows of a trade come
//! with the next poll, once a second, and not after its block as at the venue; rows name
//! transactions of their own, since a block is not waited for. Best prices (a custom feature) are
//! not recorded.

use std::fmt::Write as _;

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::market::Fees;
use razor_core::order::OrderHash;
use razor_core::units::Nanos;

use super::{Crowd, CrowdPlan, PlanFault, Planted, advance, names};
use crate::exchange::{Config, Event, Exchange, Hex, Market, MarketFrames, Micros, TradeIx};
use crate::world::WorldRecord;

const MILLI: i64 = 1_000_000;
/// From an instant to the arrival of its frames.
const TRANSIT: i64 = 2 * MILLI;
const POLL: i64 = 1_000 * MILLI;
const FIRST_POLL: i64 = 700 * MILLI;
const CONN: &str = "market-0";

/// A finished recording and what was planted in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Records in time order.
    pub records: Vec<WorldRecord>,
    /// Planted sets that ended inside the recording.
    pub planted: Vec<Planted>,
}

struct Recorder {
    exchange: Exchange,
    crowd: Crowd,
    frames: MarketFrames,
    records: Vec<WorldRecord>,
    /// Rows that the next poll brings.
    rows: Vec<String>,
    next_poll: Nanos,
}

/// Plays a plan from `start` for `duration` and records what a subscriber of every market gets.
///
/// # Errors
/// [`PlanFault`] for a plan outside its ranges.
pub fn record(plan: CrowdPlan, start: Nanos, duration: Nanos) -> Result<Recording, PlanFault> {
    let mut exchange = Exchange::new(Config::new(plan.seed));
    let mut events = Vec::new();
    let crowd = Crowd::open(plan, start, &mut exchange, &mut events)?;
    let mut recorder = Recorder {
        exchange,
        crowd,
        frames: MarketFrames::default(),
        records: Vec::new(),
        rows: Vec::new(),
        next_poll: Nanos(start.0.saturating_add(FIRST_POLL)),
    };
    recorder.open(start);
    let end = Nanos(start.0.saturating_add(duration.0));
    recorder.play(end);
    let planted = recorder.crowd.take_truth();
    Ok(Recording { records: recorder.records, planted })
}

impl Recorder {
    /// The definitions, and the initial dump: one array of both books per market.
    fn open(&mut self, start: Nanos) {
        let markets: Vec<MarketIx> = self.crowd.listed.iter().map(|listed| listed.ix).collect();
        let payload = self.meta();
        self.records.push(WorldRecord { kind: "meta", recv_ns: start.0, conn: "", payload });
        for market in markets {
            for outcome in [Outcome::Yes, Outcome::No] {
                self.frames.push_book(&self.exchange, TokenIx::of(market, outcome));
            }
            let books: Vec<&str> = self.frames.iter().map(|frame| frame.text).collect();
            let payload = format!("[{}]", books.join(","));
            self.frames.clear();
            self.push("ws", CONN, start, payload);
        }
    }

    fn play(&mut self, end: Nanos) {
        let mut events = Vec::new();
        while let Some(now) = advance(&mut self.exchange, &mut self.crowd, end, &mut events) {
            while self.next_poll <= now {
                self.poll(self.next_poll);
                self.next_poll = Nanos(self.next_poll.0.saturating_add(POLL));
            }
            self.frames.push_instant(&self.exchange, &events);
            let texts = self.frames.iter().filter(|frame| !frame.is_custom);
            let texts: Vec<String> = texts.map(|frame| frame.text.to_owned()).collect();
            self.frames.clear();
            for payload in texts {
                self.push("ws", CONN, now, payload);
            }
            for event in events.drain(..) {
                if let Event::Traded { trade, .. } = event {
                    self.rows.extend(self.row(trade));
                }
            }
        }
        self.poll(end);
    }

    fn poll(&mut self, at: Nanos) {
        for payload in core::mem::take(&mut self.rows) {
            self.push("trade", "trades-0", at, payload);
        }
    }

    fn push(&mut self, kind: &'static str, conn: &'static str, at: Nanos, payload: String) {
        let recv_ns = at.0.saturating_add(TRANSIT);
        self.records.push(WorldRecord { kind, recv_ns, conn, payload });
    }

    fn row(&self, ix: TradeIx) -> Option<String> {
        let trade = self.exchange.trade(ix)?;
        let market = self.exchange.market(trade.token.split().0)?;
        let asset = self.exchange.registry().token_text(trade.token)?;
        let hash: OrderHash = names::order(self.exchange.seed(), ix.0);
        Some(format!(
            "{{\"asset\":\"{}\",\"conditionId\":\"{}\",\"side\":\"{}\",\"size\":{},\"price\":{},\
             \"timestamp\":{},\"transactionHash\":\"{}\"}}",
            String::from_utf8_lossy(asset),
            market.spec.condition_id,
            trade.side.word(),
            Micros(trade.qty),
            Micros::from(trade.price.price()),
            trade.matched_at.millis_floor() / 1_000,
            Hex(&hash),
        ))
    }

    fn meta(&self) -> String {
        let mut markets = Vec::new();
        let mut sets = Vec::new();
        for cluster in &self.crowd.clusters {
            let listed = cluster.markets.iter().map(|&place| &self.crowd.listed[place]);
            let known: Vec<&Market> =
                listed.filter_map(|listed| self.exchange.market(listed.ix)).collect();
            let group = cluster.group.and_then(|group| self.exchange.group(group));
            let key = group.map_or("", |group| &*group.key);
            let end_ms = cluster.end.millis_floor();
            markets.extend(known.iter().map(|market| market_meta(market, key, end_ms)));
            if cluster.group.is_some() && !cluster.is_augmented {
                let legs = known.iter().map(|market| &*market.spec.token_ids[0]);
                sets.push(set_meta(key, "group", "hold", legs));
            }
        }
        for listed in &self.crowd.listed {
            if let Some(market) = self.exchange.market(listed.ix) {
                let legs = market.spec.token_ids.iter().map(|token| &**token);
                sets.push(set_meta(&market.spec.condition_id, "binary", "merge", legs));
            }
        }
        format!("{{\"markets\":[{}],\"sets\":[{}]}}", markets.join(","), sets.join(","))
    }
}

fn market_meta(market: &Market, group: &str, end_ms: i64) -> String {
    let spec = &market.spec;
    let fees = match spec.fees {
        Fees::Taker { rate_ppm, exponent } => {
            format!("{{\"rate\":\"{}\",\"exponent\":{exponent}}}", Micros(rate_ppm.into()))
        }
        Fees::Free | Fees::Unknown => "\"free\"".to_owned(),
    };
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _written = write!(
        text,
        "{{\"condition_id\":\"{}\",\"token_ids\":[\"{}\",\"{}\"],\"outcomes\":[\"Yes\",\"No\"],\
         \"label\":\"{}\",\"tick_size\":\"{}\",\"min_order_size\":\"{}\",\"neg_risk\":{},\
         \"fees\":{fees},\"end_ms\":{end_ms},\"event_id\":\"\",\"group_id\":\"{group}\",\
         \"seconds_delay\":0}}",
        spec.condition_id,
        spec.token_ids[0],
        spec.token_ids[1],
        spec.condition_id.get(..20).unwrap_or_default(),
        Micros::from(spec.tick),
        Micros(spec.min_order_qty.0),
        !group.is_empty(),
    );
    text
}

fn set_meta<'a>(
    key: &str,
    kind: &str,
    settlement: &str,
    legs: impl Iterator<Item = &'a str>,
) -> String {
    let legs: Vec<String> = legs.map(|leg| format!("\"{leg}\"")).collect();
    format!(
        "{{\"key\":\"{key}\",\"kind\":\"{kind}\",\"legs\":[{}],\"settlement\":\"{settlement}\"}}",
        legs.join(",")
    )
}
