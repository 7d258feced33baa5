//! A run to feed: settings, definitions and messages as text, and tables that keep every row.

use std::collections::BTreeMap;

use razor_core::book::{BookState, DirtyReason};
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{SignalNotice, Sink, Table};
use razor_core::engine::{Engine, EngineError, Stepped};
use razor_core::ids::TokenIx;
use razor_core::units::Nanos;
use serde_json::Value;

/// Receive time of the first record unless a test says otherwise: a whole second.
pub const T0_MS: i64 = 1_791_258_810_000;
pub const MS: i64 = 1_000_000;

/// Settings of a venue run; tests replace single texts in it.
pub const PARAMS: &str = r#"{"run_id":"run_t","source":"venue","settings":{
 "run":{"snapshot_log_interval_ms":1000},
 "brain":{"risk_premium_bps":80,"min_net_edge_bps":10,"q_req":"10","signal_cooldown_ms":1000,"max_snapshot_staleness_ms":500},
 "buckets":{"fill_share_liquid_p25":"0.3","fill_share_thin_p25":"0.1"},
 "shadow":{"window_start_ms":100,"window_end_ms":1100,"trade_retention_ms":5000,"max_trades":200000,"max_trade_gap_ms":700,
 "trade_size_suspect_threshold":"50000","trade_notional_suspect_threshold":"50001"},
 "feed":{"frame_cap_bytes":65536,"hash_check_every":1}}}"#;

/// Keeps every row of every table and every signal.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tables {
    pub text: BTreeMap<Table, String>,
    pub signals: Vec<SignalNotice>,
}

impl Sink for Tables {
    fn wants_rows(&self) -> bool {
        true
    }

    fn row(&mut self, table: Table, lines: &str) {
        assert!(lines.ends_with('\n'), "{table:?} {lines}");
        self.text.entry(table).or_default().push_str(lines);
    }

    fn signal(&mut self, notice: SignalNotice) {
        self.signals.push(notice);
    }
}

impl Tables {
    pub fn rows(&self, table: Table) -> Vec<&str> {
        self.text.get(&table).map(|text| text.lines().collect()).unwrap_or_default()
    }

    pub fn count(&self, table: Table) -> usize {
        self.rows(table).len()
    }

    pub fn health(&self) -> Vec<Value> {
        self.rows(Table::Health).iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    /// One cell of one row.
    pub fn cell(&self, table: Table, row: usize, column: &str) -> String {
        let header = table.header().unwrap();
        let at = header.split(',').position(|name| name == column).expect("a column");
        cells(self.rows(table)[row])[at].clone()
    }
}

/// The cells of a row (RFC 4180, one line).
pub fn cells(row: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for letter in row.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(letter),
        }
    }
    assert!(!quoted, "{row}");
    cells
}

/// An engine with its tables, and where the next record comes from.
pub struct Run {
    pub engine: Engine,
    pub tables: Tables,
    pub at_ms: i64,
    pub conn: &'static str,
    pub epoch: u32,
    pub venue_ms: i64,
}

impl Run {
    /// A run whose settings are taken.
    pub fn new() -> Self {
        Self::with(PARAMS)
    }

    pub fn with(params: &str) -> Self {
        let mut run = Self::bare();
        run.try_feed(Kind::Params, params.as_bytes()).expect("settings");
        run
    }

    /// A run that has not begun.
    pub fn bare() -> Self {
        Self {
            engine: Engine::default(),
            tables: Tables::default(),
            at_ms: T0_MS,
            conn: "market-0",
            epoch: 0,
            venue_ms: T0_MS,
        }
    }

    /// A run over the markets `a`, `b`, `c` with the set of their YES tokens.
    pub fn triangle() -> Self {
        let mut run = Self::new();
        run.meta(&["a", "b", "c"], &[group("g", &["a", "b", "c"])]);
        run
    }

    /// Receive time of what follows, in ms after the start.
    pub fn at(&mut self, ms: i64) -> &mut Self {
        self.at_ms = T0_MS + ms;
        self
    }

    pub fn try_feed(&mut self, kind: Kind, payload: &[u8]) -> Result<Stepped, EngineError> {
        let record = Record {
            kind,
            recv_ns: Nanos(self.at_ms * MS),
            conn: self.conn,
            epoch: self.epoch,
            payload,
        };
        self.engine.step(&record, &mut self.tables)
    }

    pub fn feed(&mut self, kind: Kind, payload: &str) -> Stepped {
        self.try_feed(kind, payload.as_bytes()).expect("a record of the run")
    }

    /// Feeds what must be taken; gives the signals it raised.
    pub fn taken(&mut self, kind: Kind, payload: &str) -> u32 {
        let stepped = self.feed(kind, payload);
        assert!(!stepped.is_refused, "{kind:?} {payload}");
        stepped.signals
    }

    /// Feeds what must be refused.
    pub fn refused(&mut self, kind: Kind, payload: &str) {
        let stepped = self.feed(kind, payload);
        assert_eq!(stepped, Stepped { is_refused: true, signals: 0 }, "{kind:?} {payload}");
    }

    pub fn meta(&mut self, markets: &[&str], sets: &[String]) {
        let markets: Vec<String> = markets.iter().map(|seed| market(seed)).collect();
        self.taken(Kind::Meta, &meta(&markets, sets));
    }

    pub fn timer(&mut self) {
        self.taken(Kind::Timer, "");
    }

    /// A frame with the given messages.
    pub fn ws(&mut self, messages: &[String]) -> u32 {
        let text = match messages {
            [one] => one.clone(),
            many => format!("[{}]", many.join(",")),
        };
        self.taken(Kind::Ws, &text)
    }

    /// Snapshots of both tokens of a market with one level a side.
    pub fn book(&mut self, seed: &str, bid: u32, ask: u32) -> u32 {
        let messages = self.pair(seed, bid, ask);
        self.ws(&messages)
    }

    /// The two snapshots of a market, prices in cents, 100 shares a level.
    pub fn pair(&self, seed: &str, bid: u32, ask: u32) -> [String; 2] {
        [self.snapshot(seed, "yes", bid, ask), self.snapshot(seed, "no", 100 - ask, 100 - bid)]
    }

    pub fn snapshot(&self, seed: &str, outcome: &str, bid: u32, ask: u32) -> String {
        let level = |cents: u32| format!("{{\"price\":\"{}\",\"size\":\"100\"}}", dollars(cents));
        format!(
            "{{\"event_type\":\"book\",\"market\":\"{}\",\"asset_id\":\"{}\",\"timestamp\":\"{}\",\
             \"bids\":[{}],\"asks\":[{}]}}",
            condition(seed),
            token(seed, outcome),
            self.venue_ms,
            level(bid),
            level(ask),
        )
    }

    /// A change of one level of a YES token: side, cents, shares.
    pub fn change(&self, seed: &str, side: &str, cents: u32, size: u32) -> String {
        self.change_of(seed, "yes", side, &dollars(cents), size)
    }

    pub fn change_of(
        &self,
        seed: &str,
        outcome: &str,
        side: &str,
        price: &str,
        size: u32,
    ) -> String {
        format!(
            "{{\"event_type\":\"price_change\",\"market\":\"{}\",\"timestamp\":\"{}\",\"price_changes\":\
             [{{\"asset_id\":\"{}\",\"price\":\"{price}\",\"size\":\"{size}\",\"side\":\"{side}\"}}]}}",
            condition(seed),
            self.venue_ms,
            token(seed, outcome),
        )
    }

    pub fn gap(&mut self, from_ms: i64, to_ms: i64, cause: &str, lost: &str) {
        let text = gap_text(from_ms, to_ms, cause, lost);
        self.taken(Kind::Gap, &text);
    }

    pub fn state(&self, token: u32) -> BookState {
        self.engine.books().unwrap().state(TokenIx(token))
    }

    pub fn end(&mut self) -> Value {
        self.taken(Kind::End, "");
        self.tables.health().pop().expect("a closing row")
    }
}

pub const LOST: BookState = BookState::Dirty(DirtyReason::LostFrame);

pub fn gap_text(from_ms: i64, to_ms: i64, cause: &str, lost: &str) -> String {
    let ns = |ms: i64| (T0_MS + ms) * MS;
    format!(
        "{{\"from_ns\":{},\"to_ns\":{},\"cause\":\"{cause}\",\"lost\":{lost}}}",
        ns(from_ms),
        ns(to_ms)
    )
}

pub fn condition(seed: &str) -> String {
    format!("0x{}", seed.repeat(64))
}

/// Texts of 76 digits and letters, as long as the venue's.
pub fn token(seed: &str, outcome: &str) -> String {
    let digit = if outcome == "yes" { '1' } else { '2' };
    format!("{digit}{seed}").repeat(38)
}

pub fn dollars(cents: u32) -> String {
    format!("0.{cents:02}")
}

/// A market as a `meta` record writes it: cent grid, free of fees.
pub fn market(seed: &str) -> String {
    format!(
        "{{\"condition_id\":\"{}\",\"token_ids\":[\"{}\",\"{}\"],\"outcomes\":[\"Yes\",\"No\"],\
         \"label\":\"q-{seed}\",\"tick_size\":\"0.01\",\"min_order_size\":\"5\",\"neg_risk\":false,\
         \"fees\":\"free\",\"end_ms\":0,\"event_id\":\"\",\"group_id\":\"\",\"seconds_delay\":0}}",
        condition(seed),
        token(seed, "yes"),
        token(seed, "no"),
    )
}

pub fn meta(markets: &[String], sets: &[String]) -> String {
    format!("{{\"markets\":[{}],\"sets\":[{}]}}", markets.join(","), sets.join(","))
}

/// The set of the YES tokens of some markets.
pub fn group(key: &str, seeds: &[&str]) -> String {
    let legs: Vec<String> = seeds.iter().map(|seed| token(seed, "yes")).collect();
    set(key, "group", &legs, "hold")
}

/// The set of both tokens of a market.
pub fn both(seed: &str) -> String {
    let legs = [token(seed, "yes"), token(seed, "no")];
    set(&condition(seed), "binary", &legs, "merge")
}

pub fn set(key: &str, kind: &str, legs: &[String], settlement: &str) -> String {
    format!(
        "{{\"key\":\"{key}\",\"kind\":\"{kind}\",\"legs\":[\"{}\"],\"settlement\":\"{settlement}\"}}",
        legs.join("\",\"")
    )
}

/// A Data API row of a YES token.
pub fn trade(seed: &str, price: &str, size: &str, hash: &str) -> String {
    format!(
        "{{\"asset\":\"{}\",\"conditionId\":\"{}\",\"side\":\"BUY\",\"size\":{size},\"price\":{price},\
         \"timestamp\":{},\"transactionHash\":\"{hash}\"}}",
        token(seed, "yes"),
        condition(seed),
        T0_MS / 1000,
    )
}
