//! Figures of the exchange in process:
//! `cargo run --release -p razor_sim --example exchange_figures -- 1000000`.
//!
//! Orders per second on one book of 200 levels a side, by kind of order, and the resident memory of
//! 20,000 tokens with books.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures small numbers and prints"
)]

use std::time::Instant;

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::market::Fees;
use razor_core::order::{OrderHash, Side};
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::Fine;
use razor_sim::exchange::{
    AccountIx, Action, Address, CancelScope, Command, Config, Event, Exchange, Flags, MarketSpec,
    Operation, OrderType, OwnerIx, PlaceOrder, Protocol, Sizing, Spender, limit_amounts,
};
use razor_sim::rng::Rng;

const ONE: u64 = 1_000_000;
const OWNER: OwnerIx = OwnerIx(0);
const ACCOUNT: AccountIx = AccountIx(0);
const LEVELS: u16 = 200;
const MARKETS: u32 = 10_000;
const BOOK_LEVELS: u16 = 20;

struct Run {
    exchange: Exchange,
    rng: Rng,
    events: Vec<Event>,
    now: i64,
    orders: u64,
}

impl Run {
    fn new(markets: u32) -> Self {
        let mut config = Config::new(1);
        config.ended_orders = 100_000;
        config.final_trades = 100_000;
        let exchange = Exchange::new(config);
        let now = 1_800_000_000_000_000_000;
        let mut run = Self { exchange, rng: Rng::new(9), events: Vec::new(), now, orders: 0 };
        run.step(Command::OpenAccount { address: Address([1; 20]), is_approved: true });
        run.step(Command::AddOwner { key: "key".into(), account: ACCOUNT });
        run.step(Command::Operate(Operation::Deposit(ACCOUNT, 900_000_000_000_000_000)));
        for number in 0..markets {
            run.step(Command::AddMarket(Box::new(spec(number))));
        }
        run
    }

    fn step(&mut self, command: Command) -> bool {
        self.now += 1_000;
        self.events.clear();
        self.exchange.step(Nanos(self.now), command, &mut self.events).is_ok()
    }

    fn order(&mut self, market: u32, side: Side, price: u16, shares: u64) -> PlaceOrder {
        // The other side of the book is the same person buying NO: no tokens are needed.
        let (outcome, price) = match side {
            Side::Buy => (Outcome::Yes, price),
            Side::Sell => (Outcome::No, 10_000_u16.saturating_sub(price)),
        };
        let (maker_amount, taker_amount) =
            limit_amounts(Side::Buy, shares.saturating_mul(ONE), Fine(price));
        self.orders = self.orders.saturating_add(1);
        let mut hash = [0; 32];
        for word in hash.chunks_exact_mut(8) {
            word.copy_from_slice(&self.rng.next().to_le_bytes());
        }
        PlaceOrder {
            hash: OrderHash(hash),
            owner: OWNER,
            account: ACCOUNT,
            token: TokenIx::of(MarketIx(market), outcome),
            side: Side::Buy,
            maker_amount,
            taker_amount,
            order_type: OrderType::Gtc,
            is_post_only: false,
            expiration_s: 0,
            sizing: Sizing::Shares,
            signed_for: Spender::Exchange,
        }
    }

    /// Fills a book: one order per level, `levels` on each side of 0.5.
    fn fill(&mut self, market: u32, levels: u16, step: u16) {
        for level in 1..=levels {
            let away = level.saturating_mul(step);
            for (side, price) in [(Side::Buy, 5_000 - away), (Side::Sell, 5_000 + away)] {
                let order = self.order(market, side, price, 100);
                assert!(self.step(Command::Place(order)), "a maker was refused");
            }
        }
    }
}

fn spec(number: u32) -> MarketSpec {
    MarketSpec {
        condition_id: format!("0x{number:064x}").into(),
        token_ids: [1, 2].map(|outcome| format!("7{number:075}{outcome}").into()),
        outcomes: ["Yes".into(), "No".into()],
        tick: TickSize::FINEST,
        min_order_qty: Qty(5_000_000),
        fees: Fees::Taker { rate_ppm: 50_000, exponent: 1 },
        group: None,
        protocol: Protocol::V1,
        has_dynamic_tick: true,
        taker_delay: Nanos(0),
        game_start: None,
        clears_book_on_start: false,
        flags: Flags::OPEN,
    }
}

/// Time on the processor, where the system tells it: on a shared machine the wall clock counts
/// the others too.
struct Watch {
    wall: Instant,
    on_cpu: Option<u64>,
}

impl Watch {
    fn start() -> Self {
        Self { wall: Instant::now(), on_cpu: on_cpu_ns() }
    }

    fn report(&self, name: &str, count: u64) {
        let wall = u64::try_from(self.wall.elapsed().as_nanos()).unwrap_or(0) / count;
        let cpu = on_cpu_ns().zip(self.on_cpu).map_or(wall, |(now, then)| (now - then) / count);
        let per_second = 1_000_000_000 / cpu.max(1);
        println!("{name:<40} {count:>9}  {cpu:>5} ns each ({wall} by the wall)  {per_second} /s");
    }
}

fn on_cpu_ns() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Orders that come and are cancelled, at random levels of a full book.
fn resting(count: u64) {
    let mut run = Run::new(1);
    run.fill(0, LEVELS, 10);
    let orders: Vec<_> = (0..count / 2)
        .map(|_| {
            let away = 10 + u16::try_from(run.rng.below(2_000)).unwrap_or(0);
            let is_bid = run.rng.chance(50);
            let side = if is_bid { Side::Buy } else { Side::Sell };
            let price = if is_bid { 5_000 - away } else { 5_000 + away };
            run.order(0, side, price, 10)
        })
        .collect();
    let watch = Watch::start();
    for order in orders {
        assert!(run.step(Command::Place(order)), "refused");
        let scope = CancelScope::Orders(vec![order.hash]);
        assert!(run.step(Command::Cancel(OWNER, scope)), "refused");
    }
    watch.report("place and cancel, 200 levels a side", count);
}

/// Orders that only rest, one behind the other over 200 levels.
fn placing(count: u64) {
    let mut run = Run::new(1);
    run.fill(0, LEVELS, 10);
    let orders: Vec<_> = (0..count)
        .map(|ix| {
            let away = 10 + u16::try_from(ix % 200).unwrap_or(0) * 10;
            run.order(0, Side::Buy, 5_000 - away, 10)
        })
        .collect();
    let watch = Watch::start();
    for order in orders {
        assert!(run.step(Command::Place(order)), "refused");
    }
    watch.report("place, never cancelled", count);
}

/// Every second order takes what the one before left at the top.
fn matching(count: u64) {
    let mut run = Run::new(1);
    run.fill(0, LEVELS, 10);
    let orders: Vec<_> = (0..count / 2)
        .map(|_| [run.order(0, Side::Sell, 5_000, 10), run.order(0, Side::Buy, 5_000, 10)])
        .collect();
    let watch = Watch::start();
    for order in orders.into_iter().flatten() {
        assert!(run.step(Command::Place(order)), "refused");
    }
    watch.report("every second order matches, settled too", count);
}

fn splitting(count: u64) {
    let mut run = Run::new(1);
    let watch = Watch::start();
    for _ in 0..count {
        let split = Action::Split(MarketIx(0), ONE);
        assert!(run.step(Command::Act(ACCOUNT, split)), "refused");
        run.now += 60_000_000_000;
    }
    watch.report("split to finality", count);
}

/// Resident memory in KiB, where the system tells it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn memory() {
    let before = resident_kib();
    let start = Instant::now();
    let mut run = Run::new(MARKETS);
    for market in 0..MARKETS {
        run.fill(market, BOOK_LEVELS, 100);
    }
    let used = resident_kib().saturating_sub(before) / 1_024;
    println!(
        "{} tokens, {BOOK_LEVELS} levels a side, {} orders: {used} MiB in {:?}",
        MARKETS * 2,
        run.orders,
        start.elapsed()
    );
    let start = Instant::now();
    let hash = run.exchange.book_hash(TokenIx(0), 1_800_000_000_000);
    println!("book hash of {BOOK_LEVELS} levels a side: {:?} ({})", start.elapsed(), hash.len());
}

fn main() {
    let count = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1_000_000);
    memory();
    placing(count);
    resting(count);
    matching(count);
    splitting(count / 10);
}
