//! Random commands on one market: snapshots, changes, grid changes, gaps, duplicates,
//! contradictions.

use std::fmt::Write as _;

use razor_core::ids::Outcome;
use razor_core::market::{Fees, MarketDef, Universe};
use razor_core::units::{Qty, TickSize};
use razor_sim::rng::Rng;

/// A full view of a token; prices in micro-dollars.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) outcome: Outcome,
    pub(crate) at: i64,
    pub(crate) tick: u32,
    pub(crate) bids: Vec<(u32, u64)>,
    pub(crate) asks: Vec<(u32, u64)>,
}

/// One entry of a change message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) outcome: Outcome,
    pub(crate) price: u32,
    pub(crate) buy: bool,
    pub(crate) qty: u64,
}

/// A change message.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    pub(crate) at: i64,
    pub(crate) entries: Vec<Entry>,
}

/// What happens next.
#[derive(Debug, Clone)]
pub(crate) enum Command {
    Snapshot(Snapshot),
    Changes(Changes),
    Grid(u32),
    Reconnect { epoch: u32 },
    Lose,
}

/// A seeded sequence of commands.
pub(crate) struct Script {
    rng: Rng,
    pub(crate) epoch: u32,
    at: i64,
    tick: u32,
    last: Option<Command>,
}

const CONDITION: &str = "0xcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
const YES: &str = "11111111111111111111111111111111111111111111111111111111111111111111111111111";
const NO: &str = "22222222222222222222222222222222222222222222222222222222222222222222222222222";

impl Script {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), epoch: 0, at: 1_791_258_810_000, tick: 10_000, last: None }
    }

    pub(crate) fn universe() -> Universe {
        let mut universe = Universe::default();
        let def = MarketDef {
            condition_id: CONDITION.into(),
            token_ids: [YES.into(), NO.into()],
            label: "m".into(),
            tick: TickSize::CENT,
            min_order_qty: Qty(5_000_000),
            fees: Fees::Unknown,
            neg_risk: false,
            end_ms: 0,
        };
        universe.add_market(def).expect("market");
        universe
    }

    pub(crate) fn next(&mut self) -> Command {
        self.at += i64::from(self.rng.below(3));
        let command = match self.rng.below(100) {
            0..=5 => Command::Snapshot(self.snapshot()),
            6..=7 => self.twin(),
            8 if self.rng.chance(30) => self.grid(),
            9 if self.rng.chance(30) => {
                self.epoch += 1;
                return Command::Reconnect { epoch: self.epoch };
            }
            10 if self.rng.chance(30) => return Command::Lose,
            11..=14 => self.last.clone().unwrap_or(Command::Lose),
            _ => Command::Changes(self.changes()),
        };
        // A repeated grid message means the grid it names, not the one before it.
        if let Command::Grid(tick) = &command {
            self.tick = *tick;
        }
        if let Command::Snapshot(snapshot) = &command {
            self.tick = snapshot.tick;
        }
        self.last = Some(command.clone());
        command
    }

    fn outcome(&mut self) -> Outcome {
        if self.rng.chance(50) { Outcome::Yes } else { Outcome::No }
    }

    fn qty(&mut self) -> u64 {
        u64::from(self.rng.below(1_000_000)) * 10 + 10
    }

    /// A price near the middle on the grid; one in 300 is off it.
    fn price(&mut self) -> u32 {
        let steps = 1_000_000 / self.tick;
        let reach = 24.min(steps / 2 - 1);
        let tick = steps / 2 - reach + self.rng.below(2 * reach + 1);
        let off = if self.tick > 1_000 && self.rng.below(300) == 0 { 1_000 } else { 0 };
        tick * self.tick + off
    }

    /// Bids below and asks above a random middle; one in 40 is crossed.
    fn snapshot(&mut self) -> Snapshot {
        let middle = self.price();
        let crossed = self.rng.below(40) == 0;
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        for _ in 0..self.rng.below(20) {
            let (price, qty) = (self.price(), self.qty());
            if price < middle || crossed {
                bids.push((price, qty));
            } else {
                asks.push((price, qty));
            }
        }
        if crossed {
            asks.push((middle, self.qty()));
        }
        bids.sort_unstable();
        bids.dedup_by_key(|level| level.0);
        asks.sort_unstable();
        asks.reverse();
        asks.dedup_by_key(|level| level.0);
        Snapshot { outcome: self.outcome(), at: self.at, tick: self.tick, bids, asks }
    }

    /// The other token's view of the last snapshot, true or false.
    fn twin(&mut self) -> Command {
        let Some(Command::Snapshot(last)) = self.last.clone() else {
            return Command::Snapshot(self.snapshot());
        };
        let mirror = |levels: &[(u32, u64)]| -> Vec<(u32, u64)> {
            levels.iter().map(|(price, qty)| (1_000_000 - price, *qty)).collect()
        };
        let outcome = match last.outcome {
            Outcome::Yes => Outcome::No,
            Outcome::No => Outcome::Yes,
        };
        let (mut bids, asks) = (mirror(&last.asks), mirror(&last.bids));
        if self.rng.chance(20) {
            bids.pop();
        }
        Command::Snapshot(Snapshot { outcome, bids, asks, ..last })
    }

    fn grid(&mut self) -> Command {
        Command::Grid([10_000, 1_000, 5_000, 2_500, 100_000][self.rng.below(5) as usize])
    }

    fn changes(&mut self) -> Changes {
        let mut entries = Vec::new();
        for _ in 0..=self.rng.below(2) {
            let qty = if self.rng.chance(30) { 0 } else { self.qty() };
            let entry = Entry {
                outcome: self.outcome(),
                price: self.price(),
                buy: self.rng.chance(50),
                qty,
            };
            entries.push(self.uncrossed(entry));
        }
        if entries.len() == 1 && self.rng.chance(60) {
            entries.push(self.mirror(entries[0]));
        } else if entries.len() == 2 {
            // Two lone entries of one token state no pair.
            entries[1].outcome = entries[0].outcome;
            entries[1] = self.uncrossed(entries[1]);
        }
        Changes { at: self.at, entries }
    }

    /// Most changes stay on their half of the book.
    fn uncrossed(&mut self, mut entry: Entry) -> Entry {
        if self.rng.below(20) > 0 {
            let below = entry.price < 500_000;
            entry.buy = below;
        }
        entry
    }

    /// The same order seen from the other token; one in 50 lies.
    fn mirror(&mut self, entry: Entry) -> Entry {
        let lie = if self.rng.below(50) == 0 { 10 } else { 0 };
        let outcome = match entry.outcome {
            Outcome::Yes => Outcome::No,
            Outcome::No => Outcome::Yes,
        };
        Entry { outcome, price: 1_000_000 - entry.price, buy: !entry.buy, qty: entry.qty + lie }
    }

    /// The venue's text of a command.
    pub(crate) fn text(&mut self, command: &Command) -> String {
        match command {
            Command::Snapshot(snapshot) => book_text(snapshot),
            Command::Changes(changes) => changes_text(changes),
            Command::Grid(tick) => format!(
                "{{\"event_type\":\"tick_size_change\",\"market\":\"{CONDITION}\",\
                 \"asset_id\":\"{YES}\",\"timestamp\":\"{}\",\"old_tick_size\":\"0.01\",\
                 \"new_tick_size\":\"{}\"}}",
                self.at,
                decimal(u64::from(*tick)),
            ),
            Command::Reconnect { .. } | Command::Lose => String::new(),
        }
    }
}

fn token(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Yes => YES,
        Outcome::No => NO,
    }
}

fn decimal(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn levels_text(levels: &[(u32, u64)]) -> String {
    let mut text = String::new();
    for (price, qty) in levels {
        let comma = if text.is_empty() { "" } else { "," };
        write!(
            text,
            "{comma}{{\"price\":\"{}\",\"size\":\"{}\"}}",
            decimal(u64::from(*price)),
            decimal(*qty)
        )
        .expect("text");
    }
    text
}

fn book_text(snapshot: &Snapshot) -> String {
    format!(
        "[{{\"event_type\":\"book\",\"market\":\"{CONDITION}\",\"asset_id\":\"{}\",\
         \"timestamp\":\"{}\",\"tick_size\":\"{}\",\"bids\":[{}],\"asks\":[{}]}}]",
        token(snapshot.outcome),
        snapshot.at,
        decimal(u64::from(snapshot.tick)),
        levels_text(&snapshot.bids),
        levels_text(&snapshot.asks),
    )
}

fn changes_text(changes: &Changes) -> String {
    let mut entries = String::new();
    for entry in &changes.entries {
        let comma = if entries.is_empty() { "" } else { ", " };
        let side = if entry.buy { "BUY" } else { "SELL" };
        write!(
            entries,
            "{comma}{{\"asset_id\":\"{}\", \"price\":\"{}\", \"size\":\"{}\", \"side\":\"{side}\"}}",
            token(entry.outcome),
            decimal(u64::from(entry.price)),
            decimal(entry.qty)
        )
        .expect("text");
    }
    format!(
        "{{\"market\":\"{CONDITION}\", \"price_changes\":[{entries}], \"timestamp\":\"{}\", \
         \"event_type\":\"price_change\"}}",
        changes.at
    )
}
