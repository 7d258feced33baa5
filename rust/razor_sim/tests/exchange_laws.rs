//! Laws of the exchange: it matches as a slow and obvious matcher does, whatever the orders; no
//! sequence of commands breaks an invariant; one seed gives one list of events.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

#[path = "support/exchange.rs"]
mod exchange;

use std::fmt::Write as _;

use exchange::{Bench, ONE, SECOND, START_S, Trader, config, limit, no, spec, yes};
use proptest::prelude::*;
use razor_core::ids::{MarketIx, TokenIx};
use razor_core::market::Fees;
use razor_core::order::{OrderHash, Side};
use razor_core::units::{Nanos, TickSize};
use razor_core::wire::Fine;
use razor_sim::exchange::{
    Action, Asset, CancelScope, Command, Config, Delay, Event, Exchange, Fate, GroupIx, MarketSpec,
    Mode, Operation, OrderType, OwnerIx, Payout, PlaceOrder, Settlement, Sizing, Spender, TradeIx,
};
use razor_sim::rng::Rng;
use sha1::{Digest, Sha1};

/// An order as the slow matcher keeps it; prices in cents, quantities in shares.
#[derive(Debug, Clone, Copy)]
struct Resting {
    number: usize,
    is_yes: bool,
    side: Side,
    cents: i64,
    left: u64,
}

/// What one order is asked to do.
#[derive(Debug, Clone, Copy)]
struct Ask {
    is_yes: bool,
    side: Side,
    cents: u16,
    shares: u64,
    order_type: OrderType,
    /// Cancels an earlier order instead, counted from the newest.
    cancels: Option<usize>,
}

/// Price for the taker if the two may match: the pair is looked at as such, no book is turned over.
fn match_price(taker: &Resting, maker: &Resting) -> Option<i64> {
    let (price, fits) = match (taker.is_yes == maker.is_yes, taker.side, maker.side) {
        (true, Side::Buy, Side::Sell) => (maker.cents, taker.cents >= maker.cents),
        (true, Side::Sell, Side::Buy) => (maker.cents, taker.cents <= maker.cents),
        (false, Side::Buy, Side::Buy) => (100 - maker.cents, taker.cents + maker.cents >= 100),
        (false, Side::Sell, Side::Sell) => (100 - maker.cents, taker.cents + maker.cents <= 100),
        (true, Side::Buy, Side::Buy)
        | (true, Side::Sell, Side::Sell)
        | (false, Side::Buy, Side::Sell)
        | (false, Side::Sell, Side::Buy) => return None,
    };
    fits.then_some(price)
}

/// The slow matcher: a list of orders, searched anew for every fill.
#[derive(Default)]
struct Slow {
    resting: Vec<Resting>,
    /// Taker, maker, price for the taker in cents, shares.
    fills: Vec<(usize, usize, i64, u64)>,
}

impl Slow {
    fn best(&self, taker: &Resting) -> Option<(usize, i64)> {
        let prices = self.resting.iter().enumerate().filter_map(|(ix, maker)| {
            match_price(taker, maker).map(|price| (ix, price, maker.number))
        });
        let better = |price: i64| if taker.side == Side::Buy { price } else { -price };
        prices
            .min_by_key(|(_, price, number)| (better(*price), *number))
            .map(|(ix, price, _)| (ix, price))
    }

    fn place(&mut self, mut taker: Resting, order_type: OrderType) {
        let reachable: u64 = self
            .resting
            .iter()
            .filter(|maker| match_price(&taker, maker).is_some())
            .map(|maker| maker.left)
            .sum();
        if order_type == OrderType::Fok && reachable < taker.left {
            return;
        }
        while let (true, Some((ix, price))) = (taker.left > 0, self.best(&taker)) {
            let shares = taker.left.min(self.resting[ix].left);
            self.fills.push((taker.number, self.resting[ix].number, price, shares));
            taker.left -= shares;
            self.resting[ix].left -= shares;
            self.resting.retain(|maker| maker.left > 0);
        }
        if taker.left > 0 && !order_type.is_immediate() {
            self.resting.push(taker);
        }
    }
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let types =
        vec![OrderType::Gtc, OrderType::Gtc, OrderType::Gtc, OrderType::Fak, OrderType::Fok];
    let ask = (
        any::<bool>(),
        prop::sample::select(vec![Side::Buy, Side::Sell]),
        // Whole tens of cents and tens of shares keep FOK and FAK amounts within their decimals.
        (2_u16..9).prop_map(|tens| tens * 10),
        (1_u64..8).prop_map(|tens| tens * 10),
        prop::sample::select(types),
        prop::option::weighted(0.15, 0_usize..6),
    );
    let ask = ask.prop_map(|(is_yes, side, cents, shares, order_type, cancels)| Ask {
        is_yes,
        side,
        cents,
        shares,
        order_type,
        cancels,
    });
    prop::collection::vec(ask, 1..60)
}

fn number_of(hash: OrderHash) -> usize {
    usize::from(hash.0[30]) * 256 + usize::from(hash.0[31])
}

/// Plays the orders on both; returns both lists of fills and what rests on each.
fn play_both(asks: &[Ask]) -> (Bench, Slow) {
    let mut bench = Bench::new(config());
    bench.list(spec(0));
    let traders = [0, 1, 2].map(|_| bench.trader(100_000));
    for trader in traders {
        bench.split(trader, 0, 10_000);
    }
    let mut slow = Slow::default();
    for (ask, number) in asks.iter().zip(1_usize..) {
        if let Some(back) = ask.cancels {
            let target = number.saturating_sub(back + 1);
            slow.resting.retain(|order| order.number != target);
            let scope = CancelScope::Orders(vec![hash_of(target)]);
            bench.cancel(traders[target % 3], scope);
            continue;
        }
        let token = if ask.is_yes { yes(0) } else { no(0) };
        let plain = limit(traders[number % 3], token, ask.side, ask.cents * 100, ask.shares);
        let order = PlaceOrder { hash: hash_of(number), order_type: ask.order_type, ..plain };
        let _kills_are_compared_by_their_effect = bench.place(order);
        let Ask { is_yes, side, shares: left, .. } = *ask;
        let taker = Resting { number, is_yes, side, cents: ask.cents.into(), left };
        slow.place(taker, ask.order_type);
    }
    (bench, slow)
}

fn hash_of(number: usize) -> OrderHash {
    exchange::hash(u64::try_from(number).expect("small"))
}

proptest! {
    #[test]
    fn it_matches_as_the_slow_matcher_does(asks in asks()) {
        let (bench, slow) = play_both(&asks);
        let mut fills = Vec::new();
        for (_, trade) in bench.exchange.trades(razor_sim::exchange::TradeFilter::default()) {
            for fill in bench.exchange.fills(trade) {
                let taker = number_of(trade.taker_order);
                let price = i64::from(trade.price.0) / 100;
                fills.push((taker, number_of(fill.order), price, fill.qty / ONE));
            }
        }
        prop_assert_eq!(fills, slow.fills);
        for order in &slow.resting {
            let known = bench.exchange.find_order(&hash_of(order.number)).expect("rests");
            prop_assert_eq!(known.leaves_qty() / ONE, order.left);
            prop_assert!(known.status.is_open());
        }
        let (bids, asks) = {
            let depth = bench.exchange.depth(yes(0));
            (depth.bids, depth.asks)
        };
        let total: u64 = bids.iter().chain(&asks).map(|(_, qty)| qty / ONE).sum();
        prop_assert_eq!(total, slow.resting.iter().map(|order| order.left).sum::<u64>());
    }

    #[test]
    fn settling_everything_leaves_what_the_fills_say(asks in asks()) {
        let (mut bench, slow) = play_both(&asks);
        bench.pass(100);
        let traded: u64 = slow.fills.iter().map(|fill| fill.3).sum();
        let (mut cash, mut shares) = (0, 0);
        for account in 0..3 {
            let account = razor_sim::exchange::AccountIx(account);
            let holding = |asset| bench.exchange.holding(account, asset);
            prop_assert_eq!(holding(Asset::Collateral).matched, 0);
            cash += holding(Asset::Collateral).balance;
            shares += holding(Asset::Token(yes(0))).balance;
        }
        prop_assert_eq!(cash + shares, 300_000 * ONE, "a share of YES is backed by a dollar");
        prop_assert_eq!(
            bench.exchange.trades(razor_sim::exchange::TradeFilter::default())
                .map(|(_, trade)| trade.qty / ONE).sum::<u64>(),
            traded
        );
    }
}

/// Random commands of all kinds, many of them senseless.
struct Chaos {
    rng: Rng,
    exchange: Exchange,
    events: Vec<Event>,
    now: i64,
    hashes: u64,
    traders: Vec<Trader>,
    placed: Vec<OrderHash>,
    refused: u64,
}

/// Markets 0 and 1 are plain, the second with a delay; 2 to 4 are a group.
const MARKETS: u32 = 5;

impl Chaos {
    fn new(seed: u64) -> Self {
        let law = |from: i64, to: i64| Delay::Uniform(Nanos(from * SECOND), Nanos(to * SECOND));
        let settlement = Settlement {
            mine: law(0, 4),
            confirm: Delay::Exponential(Nanos(3 * SECOND)),
            retry: law(1, 5),
            action: law(0, 3),
            fail_ppm: 40_000,
            retry_ppm: 80_000,
            reorg_ppm: 80_000,
            action_fail_ppm: 50_000,
            max_retries: 2,
        };
        let config =
            Config { settlement, trade_makers: 3, ended_orders: 40, final_trades: 30, ..config() };
        let mut bench = Bench::new(Config { seed, ..config });
        let fees = Fees::Taker { rate_ppm: 50_000, exponent: 1 };
        bench.list(MarketSpec { fees, ..spec(0) });
        let tick = TickSize::from_micros(2_500).expect("tick");
        bench.list(MarketSpec { taker_delay: Nanos(SECOND / 4), tick, ..spec(1) });
        bench.group(3);
        let traders: Vec<_> = [400, 300, 200, 50].map(|dollars| bench.trader(dollars)).to_vec();
        for market in 0..MARKETS {
            bench.split(traders[0], market, 30);
            bench.split(traders[1], market, 20);
        }
        Self {
            rng: Rng::new(seed),
            now: bench.now,
            exchange: bench.exchange,
            events: Vec::new(),
            hashes: 0,
            traders,
            placed: vec![OrderHash([1; 32])],
            refused: 0,
        }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.rng.below(bound)
    }

    fn trader(&mut self) -> Trader {
        self.traders[self.rng.index(self.traders.len())]
    }

    fn amount(&mut self) -> u64 {
        1 + self.rng.below_wide(12 * ONE)
    }

    fn token(&mut self) -> TokenIx {
        TokenIx(self.below(2 * MARKETS))
    }

    fn order(&mut self) -> PlaceOrder {
        let (trader, token) = (self.trader(), self.token());
        let side = if self.rng.chance(60) { Side::Buy } else { Side::Sell };
        let market = self.exchange.market(token.split().0).expect("listed");
        let (tick, signed_for) = (Fine::of_tick(market.tick).0, market.spec.exchange());
        let price = u16::try_from(3_500 + self.below(3_000)).expect("small") / tick * tick;
        let order_type =
            [OrderType::Gtc, OrderType::Gtc, OrderType::Gtd, OrderType::Fok, OrderType::Fak]
                [self.rng.index(5)];
        let plain = limit(trader, token, side, price, 5 + u64::from(self.below(20)));
        self.hashes += 1;
        let again = self.rng.chance(2);
        let hash = if again {
            self.placed[self.rng.index(self.placed.len())]
        } else {
            exchange::hash(self.hashes)
        };
        if self.placed.len() < 500 {
            self.placed.push(hash);
        }
        let expires = order_type == OrderType::Gtd || self.rng.chance(1);
        let ahead = i64::from(self.below(120)) + 170;
        PlaceOrder {
            hash,
            order_type,
            is_post_only: self.rng.chance(10),
            expiration_s: if expires { self.now / SECOND + ahead } else { 0 },
            sizing: if self.rng.chance(50) { Sizing::Shares } else { Sizing::Amount },
            signed_for,
            maker_amount: plain.maker_amount + u64::from(self.rng.chance(2)),
            ..plain
        }
    }

    fn cancel(&mut self) -> Command {
        let scope = match self.below(8) {
            0 => CancelScope::All,
            1 => CancelScope::Token(self.token()),
            2 => CancelScope::Market(MarketIx(self.below(MARKETS + 1)), None),
            _ => {
                let pick = |chaos: &mut Self| {
                    let back = chaos.rng.index(30.min(chaos.placed.len()));
                    let recent = chaos.hashes.saturating_sub(u64::try_from(back).expect("small"));
                    exchange::hash(recent)
                };
                CancelScope::Orders(vec![pick(self), pick(self)])
            }
        };
        Command::Cancel(self.trader().owner, scope)
    }

    fn action(&mut self) -> Command {
        let (market, amount) = (MarketIx(self.below(MARKETS)), self.amount());
        let action = match self.below(6) {
            0 | 1 => Action::Split(market, amount),
            2 => Action::Merge(market, amount),
            3 => Action::Redeem(market),
            4 => Action::RedeemPart(self.token(), amount),
            _ => {
                let outcomes = (0..3).filter(|_| self.rng.chance(60)).collect();
                Action::Convert { group: GroupIx(0), outcomes, amount }
            }
        };
        Command::Act(self.trader().account, action)
    }

    fn operation(&mut self) -> Operation {
        let (from, to, amount) = (self.trader().account, self.trader().account, self.amount());
        match self.below(12) {
            0..=3 => Operation::Deposit(from, amount * 3),
            4 => Operation::Withdraw(from, amount),
            5 => Operation::Transfer { from, to, asset: Asset::Collateral, amount },
            6 => Operation::Transfer { from, to, asset: Asset::Token(self.token()), amount },
            7 => {
                let modes = [Mode::PostOnly, Mode::Normal, Mode::Normal, Mode::Normal];
                Operation::SetMode(modes[self.rng.index(4)])
            }
            8 => {
                let ticks = [TickSize::CENT, TickSize::FINEST];
                Operation::SetTick(MarketIx(self.below(MARKETS)), ticks[self.rng.index(2)])
            }
            9 => {
                let (spender, is_open) = (Spender::ALL[self.rng.index(6)], self.rng.chance(80));
                let pusd = if is_open { u64::MAX } else { 0 };
                Operation::Approve { account: from, spender, pusd, has_tokens: is_open }
            }
            _ => {
                let fates = [Fate::Fail, Fate::Retry(1), Fate::Reorg, Fate::Settle];
                let last = self.exchange.trades(razor_sim::exchange::TradeFilter::default());
                let last = last.last().map_or(TradeIx(0), |(ix, _)| ix);
                Operation::SetFate(last, fates[self.rng.index(4)])
            }
        }
    }

    fn step(&mut self) {
        self.now += i64::from(self.below(600_000_000));
        let command = match self.below(100) {
            0..=64 => Command::Place(self.order()),
            65..=67 => {
                let count = self.below(5);
                Command::PlaceBatch((0..count).map(|_| self.order()).collect())
            }
            68..=81 => self.cancel(),
            82..=89 => self.action(),
            90..=97 => Command::Operate(self.operation()),
            98 => Command::Beat(OwnerIx(self.below(4)), u64::from(self.below(3))),
            _ => Command::Wake,
        };
        let now = Nanos(self.now);
        self.exchange.step(now, Command::Wake, &mut self.events).expect("time passes");
        // Every fourth step is enough to catch a refusal that changes something.
        let before = (self.now % 4 == 0).then(|| self.visible());
        let reply = self.exchange.step(now, command.clone(), &mut self.events);
        if reply.is_err() {
            self.refused += 1;
            let is_same = before.is_none_or(|before| before == self.visible());
            assert!(is_same, "{command:?} was refused with {reply:?} and changed something");
        }
        if let Err(unsound) = self.exchange.audit() {
            panic!("{unsound} after {command:?} answered {reply:?}");
        }
    }

    /// What a refused command must not change: books and holdings.
    fn visible(&self) -> Vec<(u64, u64, u64)> {
        let traders = self.traders.iter().map(|trader| trader.account);
        let tokens = || (0..2 * MARKETS).map(TokenIx);
        let assets = || tokens().map(Asset::Token).chain([Asset::Collateral]);
        let held = traders
            .flat_map(|account| assets().map(move |asset| self.exchange.holding(account, asset)));
        let mut seen: Vec<_> = held.map(|it| (it.balance, it.open, it.matched)).collect();
        for depth in tokens().step_by(2).map(|token| self.exchange.depth(token)) {
            let levels = depth.bids.into_iter().chain(depth.asks);
            seen.extend(levels.map(|(price, qty)| (price.0.into(), qty, 0)));
        }
        seen
    }

    /// Resolves everything, as a last surprise.
    fn resolve(&mut self) {
        let payouts = [Payout::Half, Payout::Yes, Payout::No, Payout::Yes, Payout::No];
        for (payout, market) in payouts.into_iter().zip(0..) {
            let operation = Operation::Resolve(MarketIx(market), payout);
            let now = Nanos(self.now);
            self.exchange.step(now, Command::Operate(operation), &mut self.events).expect("once");
            self.exchange.audit().expect("sound");
        }
    }
}

#[test]
fn no_sequence_of_commands_breaks_an_invariant() {
    let (mut trades, mut refused, mut kinds) = (0, 0, std::collections::BTreeSet::new());
    for seed in 0..20 {
        let mut chaos = Chaos::new(seed);
        for round in 0..5_000 {
            chaos.step();
            if round == 4_500 {
                chaos.resolve();
            }
            trades += chaos.events.iter().filter(|e| matches!(e, Event::Traded { .. })).count();
            for event in &chaos.events {
                kinds.insert(format!("{event:?}").split(['(', ' ']).next().map(str::to_owned));
            }
            chaos.events.clear();
        }
        refused += chaos.refused;
    }
    assert!(trades > 5_000, "{trades}");
    assert!(refused > 10_000 && refused < 80_000, "{refused}");
    // All but Listed, Flagged and HeartbeatLost happen.
    assert!(kinds.len() >= 13, "{kinds:?}");
}

/// SHA-1 of the debug text of every event.
fn digest(seed: u64) -> String {
    let mut chaos = Chaos::new(seed);
    let mut sha = Sha1::new();
    let mut line = String::new();
    for _ in 0..2_000 {
        chaos.step();
        for event in chaos.events.drain(..) {
            line.clear();
            writeln!(line, "{event:?}").expect("text");
            sha.update(line.as_bytes());
        }
    }
    sha.finalize().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("text");
        hex
    })
}

#[test]
fn one_seed_gives_one_list_of_events() {
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
    assert_eq!(digest(7), GOLDEN, "events of a seed are part of the contract; say why they change");
}

const GOLDEN: &str = "05889138b3be7b0772524b9e10ec068cb03e70b6";

#[test]
fn the_clock_of_the_tests_begins_at_a_whole_second() {
    assert_eq!(Bench::new(config()).now % SECOND, 0);
    assert_eq!(START_S * SECOND, Bench::new(config()).now);
}
