//! The slow obvious book: one map per side of each view, rules written down as the protocol says.

use std::collections::BTreeMap;

use razor_core::book::{BookState, DirtyReason, Suspicion};
use razor_core::ids::Outcome;

use crate::books_oracle::script::{Command, Entry, Snapshot};

type Side = BTreeMap<u32, u64>;
/// Prices in micro-dollars and quantities in micro-shares, best first.
type Levels = Vec<(u32, u64)>;

/// Bids and asks of one token, keyed by price in micro-dollars.
#[derive(Default)]
struct View {
    bids: Side,
    asks: Side,
    hydrated: bool,
}

/// Both views kept apart, each changed on its own.
#[derive(Default)]
pub(crate) struct Naive {
    yes: View,
    no: View,
    tick: Option<u32>,
    based: bool,
    lost: bool,
    dirty: Option<DirtyReason>,
    suspect_since: Option<i64>,
    pure_snapshot: Option<(Outcome, i64)>,
}

const ONE: u32 = 1_000_000;

fn put(side: &mut Side, price: u32, qty: u64) {
    if qty == 0 {
        side.remove(&price);
    } else {
        side.insert(price, qty);
    }
}

impl Naive {
    fn tick(&self) -> u32 {
        self.tick.unwrap_or(10_000)
    }

    fn view_mut(&mut self, outcome: Outcome) -> (&mut View, &mut View) {
        match outcome {
            Outcome::Yes => (&mut self.yes, &mut self.no),
            Outcome::No => (&mut self.no, &mut self.yes),
        }
    }

    pub(crate) fn step(&mut self, command: &Command) {
        match command {
            Command::Reconnect { .. } => {
                self.based = false;
                self.yes.hydrated = false;
                self.no.hydrated = false;
            }
            Command::Lose => self.lost = self.based,
            Command::Grid(tick) => self.grid(*tick),
            Command::Snapshot(snapshot) => self.snapshot(snapshot),
            Command::Changes(changes) => self.changes(changes.at, &changes.entries),
        }
    }

    fn grid(&mut self, tick: u32) {
        if self.tick() == tick {
            return;
        }
        *self = Self { tick: Some(tick), ..Self::default() };
    }

    fn soil(&mut self, reason: DirtyReason) {
        if self.based && self.dirty.is_none() {
            self.dirty = Some(reason);
        }
    }

    fn snapshot(&mut self, snapshot: &Snapshot) {
        let levels = snapshot.bids.iter().chain(&snapshot.asks);
        if levels.into_iter().any(|(price, _)| price % snapshot.tick != 0) {
            return self.soil(DirtyReason::RefusedUpdate);
        }
        self.grid(snapshot.tick);
        let before = self.view(snapshot.outcome);
        let twin = self
            .pure_snapshot
            .is_some_and(|(from, at)| self.based && from != snapshot.outcome && at == snapshot.at);
        let (own, other) = self.view_mut(snapshot.outcome);
        own.bids = snapshot.bids.iter().copied().collect();
        own.asks = snapshot.asks.iter().copied().collect();
        other.bids = snapshot.asks.iter().map(|(price, qty)| (ONE - price, *qty)).collect();
        other.asks = snapshot.bids.iter().map(|(price, qty)| (ONE - price, *qty)).collect();
        own.hydrated = true;
        self.based = true;
        self.lost = false;
        self.dirty = None;
        self.suspect_since = None;
        self.pure_snapshot = (!twin).then_some((snapshot.outcome, snapshot.at));
        if self.is_crossed() {
            self.soil(DirtyReason::Crossed);
        }
        if twin && self.view(snapshot.outcome) != before {
            self.soil(DirtyReason::Mirror);
        }
    }

    fn changes(&mut self, at: i64, entries: &[Entry]) {
        if entries.iter().any(|entry| entry.price % self.tick() != 0) {
            return self.soil(DirtyReason::RefusedUpdate);
        }
        if !self.based {
            return;
        }
        if let [first, second] = entries
            && first.outcome != second.outcome
            && (first.price != ONE - second.price
                || first.qty != second.qty
                || first.buy == second.buy)
        {
            return self.soil(DirtyReason::Mirror);
        }
        for entry in entries {
            let (own, other) = self.view_mut(entry.outcome);
            if entry.buy {
                put(&mut own.bids, entry.price, entry.qty);
                put(&mut other.asks, ONE - entry.price, entry.qty);
            } else {
                put(&mut own.asks, entry.price, entry.qty);
                put(&mut other.bids, ONE - entry.price, entry.qty);
            }
        }
        self.pure_snapshot = None;
        if !self.is_crossed() {
            self.suspect_since = None;
        } else if *self.suspect_since.get_or_insert(at) != at {
            self.soil(DirtyReason::Crossed);
        }
    }

    fn is_crossed(&self) -> bool {
        match (self.yes.bids.last_key_value(), self.yes.asks.first_key_value()) {
            (Some((bid, _)), Some((ask, _))) => bid >= ask,
            _ => false,
        }
    }

    /// Bids and asks of a token, best first.
    pub(crate) fn view(&self, outcome: Outcome) -> (Levels, Levels) {
        let view = match outcome {
            Outcome::Yes => &self.yes,
            Outcome::No => &self.no,
        };
        let bids = view.bids.iter().rev().map(|(price, qty)| (*price, *qty)).collect();
        (bids, view.asks.iter().map(|(price, qty)| (*price, *qty)).collect())
    }

    pub(crate) fn state(&self, outcome: Outcome) -> BookState {
        let hydrated = match outcome {
            Outcome::Yes => self.yes.hydrated,
            Outcome::No => self.no.hydrated,
        };
        if !self.based || !hydrated {
            BookState::Unhydrated
        } else if self.lost {
            BookState::Dirty(DirtyReason::LostFrame)
        } else if let Some(reason) = self.dirty {
            BookState::Dirty(reason)
        } else if self.suspect_since.is_some() {
            BookState::Suspect(Suspicion::Crossed)
        } else {
            BookState::Live
        }
    }

    pub(crate) fn depth3(&self, outcome: Outcome) -> u128 {
        let (_, asks) = self.view(outcome);
        asks.iter().take(3).map(|(price, qty)| u128::from(*price) * u128::from(*qty)).sum()
    }

    /// FNV-1a as documented at `Books::state_hash`, written independently.
    pub(crate) fn state_hash(&self) -> u64 {
        let (bids, asks) = self.view(Outcome::Yes);
        let mut bytes = self.tick().to_le_bytes().to_vec();
        for side in [bids, asks] {
            for (price, qty) in side {
                bytes.extend(price.to_le_bytes());
                bytes.extend(qty.to_le_bytes());
            }
            bytes.push(b'|');
        }
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in bytes {
            hash ^= u64::from(byte);
            hash = hash.wrapping_mul(1_099_511_628_211);
        }
        hash
    }
}
