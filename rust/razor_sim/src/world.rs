//! Seeded worlds: a small recording with planted sets, made from one number.
//!
//! Owns: the plan of a world ([`WorldPlan`]), its makers, takers and dislocations, and the records
//! they leave behind ([`WorldRecord`]) in the forms a live recording has: definitions,
//! market-channel frames, Data API trade rows.
//!
//! Must never: read a clock or a random source other than its seed, or pretend to be the venue: the
//! ids of a world begin with the word `world`, so that nobody mistakes its rows for recordings.
//!
//! Invariants: the same plan gives the same bytes; records are in time order; each planted set is
//! listed in [`World::planted`] with what a checker must find.

mod book;
mod trade;

use crate::rng::Rng;
use book::WorldBook;
use trade::PendingTrade;

/// Ids of worlds start here so that token texts have the length of the venue's.
const TOKEN_DIGITS: usize = 77;
const MILLI: i64 = 1_000_000;
/// The Data API is asked once a second; rows are ingested then.
const POLL_MS: i64 = 1_000;
/// A planted set appears every so often.
const PLANT_EVERY_MS: i64 = 2_500;
/// The first set is planted once all books are there.
const FIRST_PLANT_MS: i64 = 1_500;

/// What a world consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorldPlan {
    /// The number everything follows from.
    pub seed: u64,
    /// Receive time of the first record, ns since the epoch.
    pub start_ns: i64,
    /// Recorded time.
    pub duration_ms: i64,
}

/// One line of the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldRecord {
    /// Kind word of a capture: `meta`, `ws` or `trade`.
    pub kind: &'static str,
    /// Receive time in ns.
    pub recv_ns: i64,
    /// Connection name; empty for definitions.
    pub conn: &'static str,
    /// Exact text.
    pub payload: String,
}

/// A set that was made cheap on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// Group key, the `market_id` of the tables.
    pub key: String,
    /// Receive time of the frame that made it cheap.
    pub recv_ns: i64,
    /// Sum of best asks in micro-dollars from then on.
    pub sum_ask_micros: u32,
    /// Shares that takers then bought on every leg inside the window, in micro-shares.
    pub bought_micros: Vec<u64>,
}

/// A finished recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Records in time order.
    pub records: Vec<WorldRecord>,
    /// The planted sets in time order.
    pub planted: Vec<Planted>,
}

struct Group {
    key: String,
    books: Vec<usize>,
}

struct Builder {
    seed: Rng,
    now_ns: i64,
    books: Vec<WorldBook>,
    groups: Vec<Group>,
    records: Vec<WorldRecord>,
    planted: Vec<Planted>,
    trades: Vec<PendingTrade>,
    tokens: u64,
}

/// Makes the recording of a plan.
pub fn build(plan: WorldPlan) -> World {
    let mut builder = Builder {
        seed: Rng::new(plan.seed),
        now_ns: plan.start_ns,
        books: Vec::new(),
        groups: Vec::new(),
        records: Vec::new(),
        planted: Vec::new(),
        trades: Vec::new(),
        tokens: 0,
    };
    builder.define();
    builder.open();
    builder.live(plan);
    builder.records.sort_by_key(|record| record.recv_ns);
    World { records: builder.records, planted: builder.planted }
}

impl Builder {
    /// Two three-way groups on the cent grid, one on the fine grid, one of five, two plain markets.
    fn define(&mut self) {
        self.add_group("draw", &[4_500, 2_600, 2_700], 100);
        self.add_group("count", &[3_100, 3_300, 3_400], 100);
        self.add_group("fine", &[6_200, 2_100, 1_500], 10);
        self.add_group("five", &[3_000, 2_500, 2_000, 1_300, 1_000], 100);
        self.add_market("coin", "", 5_000, 100);
        self.add_market("late", "", 9_000, 10);
        let markets: Vec<String> = self.books.iter().map(WorldBook::meta).collect();
        let sets: Vec<String> = self.set_metas();
        let payload =
            format!("{{\"markets\":[{}],\"sets\":[{}]}}", markets.join(","), sets.join(","));
        self.push("meta", "", payload);
    }

    fn set_metas(&self) -> Vec<String> {
        let groups = self.groups.iter().map(|group| {
            let legs: Vec<String> =
                group.books.iter().map(|&ix| format!("\"{}\"", self.books[ix].tokens[0])).collect();
            format!(
                "{{\"key\":\"{}\",\"kind\":\"group\",\"legs\":[{}],\"settlement\":\"hold\"}}",
                group.key,
                legs.join(",")
            )
        });
        let binaries = self.books.iter().map(|book| {
            format!(
                "{{\"key\":\"{}\",\"kind\":\"binary\",\"legs\":[\"{}\",\"{}\"],\"settlement\":\"merge\"}}",
                book.condition_id, book.tokens[0], book.tokens[1]
            )
        });
        groups.chain(binaries).collect()
    }

    fn add_group(&mut self, name: &str, fair: &[i64], tick: i64) {
        let key = format!("world-group-{name}");
        let first = self.books.len();
        for (leg, &price) in fair.iter().enumerate() {
            self.add_market(&format!("{name}-{leg}"), &key, price, tick);
        }
        self.groups.push(Group { key, books: (first..self.books.len()).collect() });
    }

    /// `fair` and `tick` in ten-thousandths of a dollar.
    fn add_market(&mut self, name: &str, group: &str, fair: i64, tick: i64) {
        let condition_id = format!("0xworld{:059x}", self.books.len());
        let tokens = [self.next_token(), self.next_token()];
        let book = WorldBook::new(name, group, condition_id, tokens, fair, tick, &mut self.seed);
        self.books.push(book);
    }

    fn next_token(&mut self) -> String {
        self.tokens += 1;
        let digits: String = (0..TOKEN_DIGITS - 8)
            .map(|_| char::from(b'0' + u8::try_from(self.seed.below_wide(10)).unwrap_or(0)))
            .collect();
        format!("7{digits}{:07}", self.tokens)
    }

    /// The initial dump: one array of both books per market.
    fn open(&mut self) {
        for ix in 0..self.books.len() {
            self.now_ns += 2 * MILLI;
            let frame = self.books[ix].snapshot_frame(self.now_ns / MILLI - 3);
            self.push("ws", "market-0", frame);
        }
    }

    fn live(&mut self, plan: WorldPlan) {
        let end_ns = plan.start_ns + plan.duration_ms * MILLI;
        let mut next_poll = plan.start_ns + 700 * MILLI;
        let mut next_plant = plan.start_ns + FIRST_PLANT_MS * MILLI;
        let mut restore: Option<(i64, usize)> = None;
        while self.now_ns < end_ns {
            self.now_ns += 1_000 * (500 + i64::try_from(self.seed.below_wide(9_000)).unwrap_or(0));
            if self.now_ns >= next_poll {
                self.poll(next_poll);
                next_poll += POLL_MS * MILLI;
            }
            if let Some((_, ix)) = restore.filter(|&(at, _)| self.now_ns >= at) {
                self.restore(ix);
                restore = None;
            }
            if self.now_ns >= next_plant && restore.is_none() {
                let (life_ms, ix) = self.plant();
                restore = Some((self.now_ns + life_ms * MILLI, ix));
                next_plant += PLANT_EVERY_MS * MILLI;
            }
            self.stir(restore.map(|(_, ix)| ix));
        }
        self.poll(end_ns.max(self.now_ns));
    }

    /// One ordinary event on a market that holds no planted quote.
    fn stir(&mut self, planted: Option<usize>) {
        let ix = self.seed.index(self.books.len());
        if Some(ix) == planted {
            return;
        }
        let venue_ms = self.now_ns / MILLI - 2;
        if self.seed.below_wide(12) == 0 {
            self.take(ix, venue_ms);
        } else {
            let frame = self.books[ix].requote(venue_ms, &mut self.seed);
            self.push("ws", "market-0", frame);
        }
    }

    /// A taker hits one side of a book at random.
    fn take(&mut self, ix: usize, venue_ms: i64) {
        let buy = self.seed.below_wide(2) == 0;
        let qty = 1_000_000 * (1 + self.seed.below_wide(60));
        self.trade(ix, buy, qty, venue_ms);
    }

    /// Executes against the best level and leaves the print, the change and the later row.
    fn trade(&mut self, ix: usize, buy: bool, qty_micros: u64, venue_ms: i64) -> u64 {
        let Some(fill) = self.books[ix].execute(buy, qty_micros, venue_ms) else { return 0 };
        self.push("ws", "market-0", fill.print);
        self.push("ws", "market-0", fill.change);
        self.trades.push(PendingTrade { at_ns: self.now_ns, row: fill.row });
        fill.qty_micros
    }

    /// Makes one leg of a group so cheap that the set costs at most 0.965, and lets takers buy.
    fn plant(&mut self) -> (i64, usize) {
        let group = self.seed.index(self.groups.len());
        let legs = self.groups[group].books.clone();
        let leg = legs[self.seed.index(legs.len())];
        let others: i64 =
            legs.iter().filter(|&&ix| ix != leg).map(|&ix| self.books[ix].ask()).sum();
        let target = 9_600 - i64::try_from(self.seed.below_wide(12)).unwrap_or(0) * 10 - others;
        let venue_ms = self.now_ns / MILLI - 2;
        let frame = self.books[leg].dislocate(target, venue_ms, &mut self.seed);
        self.push("ws", "market-0", frame);
        let sum: i64 = legs.iter().map(|&ix| self.books[ix].ask()).sum();
        let recv_ns = self.now_ns;
        let starved = (self.seed.below_wide(4) == 0).then(|| legs[self.seed.index(legs.len())]);
        let mut bought = Vec::with_capacity(legs.len());
        for &ix in &legs {
            self.now_ns += 30 * MILLI;
            let qty =
                1_000_000 * (if Some(ix) == starved { 4 } else { 90 } + self.seed.below_wide(60));
            bought.push(self.trade(ix, true, qty, self.now_ns / MILLI - 2));
        }
        self.planted.push(Planted {
            key: self.groups[group].key.clone(),
            recv_ns,
            sum_ask_micros: u32::try_from(sum * 100).unwrap_or(u32::MAX),
            bought_micros: bought,
        });
        (900 + i64::try_from(self.seed.below_wide(900)).unwrap_or(0), leg)
    }

    fn restore(&mut self, ix: usize) {
        let venue_ms = self.now_ns / MILLI - 2;
        let frame = self.books[ix].recenter(venue_ms, &mut self.seed);
        self.push("ws", "market-0", frame);
    }

    /// Rows of all trades before the poll are ingested by it.
    fn poll(&mut self, at_ns: i64) {
        let (ready, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.trades).into_iter().partition(|trade| trade.at_ns < at_ns);
        self.trades = later;
        for trade in ready {
            self.records.push(WorldRecord {
                kind: "trade",
                recv_ns: at_ns,
                conn: "trades-0",
                payload: trade.row,
            });
        }
    }

    fn push(&mut self, kind: &'static str, conn: &'static str, payload: String) {
        self.records.push(WorldRecord { kind, recv_ns: self.now_ns, conn, payload });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: WorldPlan =
        WorldPlan { seed: 7, start_ns: 1_800_000_000_000_000_000, duration_ms: 20_000 };

    #[test]
    fn one_seed_gives_one_world() {
        assert_eq!(build(PLAN), build(PLAN));
        assert_ne!(build(PLAN).records, build(WorldPlan { seed: 8, ..PLAN }).records);
    }

    #[test]
    fn records_are_in_time_order_and_of_the_plans_length() {
        let world = build(PLAN);
        assert!(world.records.windows(2).all(|w| w[0].recv_ns <= w[1].recv_ns));
        let span = world.records.last().expect("records").recv_ns - PLAN.start_ns;
        assert!((20_000 * MILLI..22_000 * MILLI).contains(&span), "{span}");
    }

    #[test]
    fn planted_sets_pass_the_frozen_gate() {
        let world = build(PLAN);
        assert!(world.planted.len() >= 5, "{}", world.planted.len());
        for planted in &world.planted {
            assert!(planted.sum_ask_micros <= 970_000, "{planted:?}");
            assert!(planted.bought_micros.iter().all(|&qty| qty > 0), "{planted:?}");
        }
    }
}
