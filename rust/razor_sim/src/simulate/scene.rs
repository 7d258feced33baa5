//! What a seed means: markets, books, signals, rules and the mix of faults of one session.
//!
//! Owns: [`Scene`], data that decides everything. Each part is drawn from its own generator, so
//! that dropping a fault or a signal leaves the others as they were: that is what shrinking needs.

use razor_core::basket::{Rules, Waits};
use razor_core::ids::TokenIx;
use razor_core::market::{Fees, MarketDef, SetDef, SetKind, Settlement, Universe};
use razor_core::order::Rung;
use razor_core::risk::{Breakers, Caps, RateBreaker};
use razor_core::shadow::exact::FillShare;
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Bps, Nanos, Qty, TickSize, Usdc};

use super::books::{Book, BookLaw};
use super::trouble::{SESSION_CODES, Trouble};
use super::{FaultChoice, Options};
use crate::gateway::{
    Fault, FaultCode, Race, RefusalClass, SettleDelay, SimConfig, SimMarkets, When,
};
use crate::rng::Rng;

const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MILLI;
const ATTO_PERCENT: i128 = 10_000_000_000_000_000;
/// Ticks in micro-dollars.
const TICKS: [u32; 4] = [100_000, 10_000, 1_000, 100];

/// What a generator is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Market,
    Rules,
    Signals,
    Faults,
    Books,
    Wire,
    Disk,
}

/// The generator of one part of a session.
pub(super) const fn stream(seed: u64, of: Stream) -> Rng {
    let salt = match of {
        Stream::Market => 0xA1,
        Stream::Rules => 0xA2,
        Stream::Signals => 0xA3,
        Stream::Faults => 0xA4,
        Stream::Books => 0xA5,
        Stream::Wire => 0xA6,
        Stream::Disk => 0xA7,
    };
    Rng::new(Rng::new(seed ^ (salt << 56)).next())
}

/// One signal to come; its limits are those of the books when it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SignalSpec {
    pub(super) id: u64,
    pub(super) at: Nanos,
    pub(super) set: usize,
    pub(super) qty: Qty,
    pub(super) net: Bps,
    pub(super) worst: u32,
    /// How old it is when it is delivered.
    pub(super) age: Nanos,
    pub(super) bucket: Bucket,
    pub(super) is_delayed: bool,
    pub(super) is_resolving: bool,
    /// Delivered so many times more, so far apart (F-60).
    pub(super) repeats: u32,
    pub(super) gap: Nanos,
}

/// Everything a session is made of.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) seed: u64,
    pub(super) rules: Rules,
    pub(super) caps: Caps,
    pub(super) config: SimConfig,
    pub(super) universe: Universe,
    pub(super) books: Vec<Book>,
    pub(super) max_age: Nanos,
    pub(super) law: BookLaw,
    pub(super) signals: Vec<SignalSpec>,
    pub(super) faults: Vec<Fault>,
    pub(super) troubles: Vec<Trouble>,
    /// When an operator tries to clear a stop; no fault.
    pub(super) clears: Vec<Nanos>,
    /// End of the safety phase.
    pub(super) heal_at: Nanos,
}

impl Scene {
    /// The scene of a seed.
    pub(super) fn of(seed: u64, options: &Options) -> Self {
        let law = law_of(&mut stream(seed, Stream::Books));
        let (universe, books) = markets(seed, &law);
        let mut rng = stream(seed, Stream::Rules);
        let (rules, caps) = (rules(&mut rng), caps(&mut rng));
        let config = config(seed, &mut rng);
        let max_age = Nanos(i64::from(rng.below(8) + 1) * SECOND);
        let signals = signals(seed, universe.sets(), caps.signal_ttl);
        let last = signals.last().map_or(Nanos(0), |signal| signal.at);
        let heal_at = Nanos(last.0 + i64::from(rng.below(60) + 5) * SECOND);
        let mut scene = Self {
            seed,
            rules,
            caps,
            config,
            universe,
            books,
            max_age,
            law,
            signals,
            faults: Vec::new(),
            troubles: Vec::new(),
            clears: clears(&mut rng, heal_at),
            heal_at,
        };
        scene.draw_faults(&options.faults);
        scene
    }

    /// What the venue knows of the markets.
    pub(super) fn sim_markets(&self) -> SimMarkets {
        SimMarkets::of(&self.universe)
    }

    fn draw_faults(&mut self, choice: &FaultChoice) {
        let mut rng = stream(self.seed, Stream::Faults);
        let forced: &[String] = match choice {
            FaultChoice::None => return,
            FaultChoice::Swarm => &[],
            FaultChoice::Forced(codes) => codes,
        };
        for code in forced {
            self.add(code, &mut rng, true);
        }
        if rng.chance(10) {
            return;
        }
        for _ in 0..=rng.below(7) {
            let all = FaultCode::ALL.len() + SESSION_CODES.len();
            let drawn = rng.index(all);
            let code = FaultCode::ALL.get(drawn).map(|code| code.word());
            let own = drawn.checked_sub(FaultCode::ALL.len());
            let code = code.or_else(|| SESSION_CODES.get(own?).copied());
            self.add(code.unwrap_or("F-61"), &mut rng, false);
        }
    }

    fn add(&mut self, code: &str, rng: &mut Rng, is_forced: bool) {
        if let Some(trouble) = Trouble::of(code, rng, self.heal_at) {
            self.troubles.push(trouble);
            // A crash seldom comes alone (F-62), an operator speaks more than once.
            if matches!(code, "F-61" | "F-70" | "F-81") && rng.chance(60) {
                self.troubles.extend(Trouble::of(code, rng, self.heal_at));
            }
        } else if code == FaultCode::F60.word() {
            self.repeat_signals(rng);
        } else if let Some(code) = FaultCode::parse(code) {
            let fault = fault_of(code, rng, self.heal_at, &self.universe, is_forced);
            self.faults.push(fault);
        }
    }

    fn repeat_signals(&mut self, rng: &mut Rng) {
        let percent = 10 + rng.below(90);
        for signal in &mut self.signals {
            if rng.chance(percent) {
                signal.repeats = rng.below(3) + 1;
                signal.gap = Nanos(i64::from(rng.below(20_000)) * MILLI);
            }
        }
    }
}

fn law_of(rng: &mut Rng) -> BookLaw {
    let is_calm = rng.chance(40);
    BookLaw {
        gap: Nanos(i64::from(rng.below(2_000) + 50) * MILLI),
        silent: 0,
        empty: if is_calm { 0 } else { rng.below(20) },
        vanish: if is_calm { 0 } else { rng.below(10) },
        moves: if is_calm { 20 } else { rng.below(100) },
        reach: if is_calm { 1 } else { rng.below(6) + 1 },
        size: [3, 20, 200, 5_000].get(rng.index(4)).copied().unwrap_or(20),
        is_shared: rng.chance(70),
    }
}

fn markets(seed: u64, law: &BookLaw) -> (Universe, Vec<Book>) {
    let mut rng = stream(seed, Stream::Market);
    // Once in a while a very wide set; mostly what the venue has.
    let widest = if rng.chance(3) { rng.below(59) + 6 } else { 5 };
    let count = widest.max(rng.below(8) + 3);
    let mut universe = Universe::default();
    let mut books = Vec::new();
    let coarse = rng.chance(15);
    for market in 0..count {
        let (def, book) = market_of(&mut rng, law, market, coarse);
        // Indices stay far under 32 bits: a refusal would only make the world smaller.
        let _ = universe.add_market(def);
        books.push(book);
    }
    for set in 0..rng.below(5) + 2 {
        let legs = if set == 0 && widest > 5 { widest } else { rng.below(4) + 2 };
        let legs = draw_legs(&mut rng, count, legs);
        let is_merge = rng.chance(50);
        let settlement = if is_merge { Settlement::Merge } else { Settlement::HoldToResolution };
        let key = format!("set-{set}").into_boxed_str();
        let _ = universe.add_set(SetDef { key, kind: SetKind::Group, legs, settlement });
    }
    (universe, books)
}

fn market_of(rng: &mut Rng, law: &BookLaw, market: u32, coarse: bool) -> (MarketDef, Book) {
    let first = usize::from(!coarse);
    let tick = TICKS.get(first + rng.index(TICKS.len() - first)).copied().unwrap_or(10_000);
    let tick = TickSize::from_micros(tick).unwrap_or(TickSize::CENT);
    let fees = match rng.below(100) {
        0 => Fees::Unknown,
        1..=39 => Fees::Free,
        40..=u32::MAX => Fees::Taker {
            rate_ppm: rng.below(70_000) + 1,
            exponent: if rng.chance(15) { 2 } else { 1 },
        },
    };
    let name = |side: &str| format!("t{market}-{side}").into_boxed_str();
    let def = MarketDef {
        condition_id: format!("m{market}").into_boxed_str(),
        token_ids: [name("yes"), name("no")],
        label: format!("m{market}").into_boxed_str(),
        tick,
        min_order_qty: Qty(u64::from(rng.below(5) + 1) * 1_000_000),
        fees,
        neg_risk: false,
        end_ms: 0,
    };
    let empty = Book { tick, bid: None, ask: None, changed: Nanos(0), proof: Nanos(0) };
    (def, law.moved(rng, empty, Nanos(0)))
}

/// Different YES tokens.
fn draw_legs(rng: &mut Rng, markets: u32, legs: u32) -> Vec<TokenIx> {
    let start = rng.below(markets);
    (0..legs.min(markets)).map(|leg| TokenIx(((start + leg) % markets) * 2)).collect()
}

fn rules(rng: &mut Rng) -> Rules {
    let seconds = |count: u32| Nanos(i64::from(count) * SECOND);
    Rules {
        chase_cap: Bps::new(200),
        chase_step: Bps::new(10),
        flatten: [Bps::new(100), Bps::new(500), Bps::new(1_000)],
        flatten_attempts: 3,
        queue: rng.index(6),
        waits: Waits {
            answer: seconds(3),
            poll: seconds(2),
            resolve: seconds(10 + rng.below(3) * 5),
            late: seconds(120),
            flatten_wait: seconds(2),
            flatten: seconds(60),
            settle: seconds(180),
            set: seconds(120),
            cooldown: Nanos(i64::from(rng.below(10_000)) * MILLI),
        },
    }
}

fn caps(rng: &mut Rng) -> Caps {
    let dollars =
        |rng: &mut Rng, least: u32, most: u32| Usdc(i64::from(least + rng.below(most)) * 1_000_000);
    let quiet = RateBreaker { max_permille: 1_000, window: 4 };
    let is_tight = rng.chance(25);
    let breaker = |rng: &mut Rng| RateBreaker {
        max_permille: u16::try_from(rng.below(900)).unwrap_or(0) + 100,
        window: rng.below(20) + 1,
    };
    Caps {
        max_exposure: dollars(rng, 20, 500),
        max_signal: dollars(rng, 10, 200),
        max_day_loss: if is_tight { dollars(rng, 1, 5) } else { Usdc(1_000_000_000) },
        max_orders_per_min: if is_tight { rng.below(20) + 2 } else { 600 },
        max_open_orders: rng.below(3) + 1,
        max_residual: dollars(rng, 1, 20),
        exit_reserve_percent: 25,
        max_event_exposure: None,
        breakers: Breakers {
            loss_streak: if is_tight { rng.below(3) + 1 } else { 1_000 },
            revert: if is_tight { breaker(rng) } else { quiet },
            api_error: if is_tight { breaker(rng) } else { quiet },
        },
        cooldown: Nanos(i64::from(rng.below(10_000)) * MILLI),
        signal_ttl: Nanos(i64::from(rng.below(4_000) + 500) * MILLI),
        takes_delayed_markets: rng.chance(50),
    }
}

fn clears(rng: &mut Rng, end: Nanos) -> Vec<Nanos> {
    let span = end.0.max(1).cast_unsigned();
    let count = if rng.chance(60) { rng.below(6) } else { 0 };
    (0..count).map(|_| Nanos(rng.below_wide(span).cast_signed())).collect()
}

fn config(seed: u64, rng: &mut Rng) -> SimConfig {
    let share = |rng: &mut Rng| FillShare(i128::from(rng.below(100) + 1) * ATTO_PERCENT);
    let latency = Nanos(i64::from(rng.below(400)) * MILLI);
    let min = Nanos(i64::from(rng.below(5_000)) * MILLI);
    SimConfig {
        seed,
        share_liquid: share(rng),
        share_thin: share(rng),
        latency,
        latency_back: Nanos(i64::from(rng.below(300)) * MILLI),
        http_429_every: if rng.chance(5) { u64::from(rng.below(20) + 2) } else { 0 },
        settle: SettleDelay { min, max: Nanos(min.0 + i64::from(rng.below(20_000)) * MILLI) },
        trades_max: u8::try_from(rng.below(4)).unwrap_or(1),
        ..SimConfig::default()
    }
}

fn signals(seed: u64, sets: &[SetDef], ttl: Nanos) -> Vec<SignalSpec> {
    let mut rng = stream(seed, Stream::Signals);
    let longest = [300, 5_000, 30_000].get(rng.index(3)).copied().unwrap_or(5_000);
    let largest = [6, 20, 60].get(rng.index(3)).copied().unwrap_or(30);
    let mut at = Nanos(SECOND);
    (0..=u64::from(rng.below(20)))
        .map(|id| {
            at = Nanos(at.0 + i64::from(rng.below(longest)) * MILLI);
            let is_old = rng.chance(5);
            SignalSpec {
                id,
                at,
                set: rng.index(sets.len()),
                qty: Qty(u64::from(rng.below(largest) + 3) * 1_000_000),
                net: Bps::new(i32::try_from(rng.below(600)).unwrap_or(0) - 5),
                worst: rng.below(64),
                age: if is_old { Nanos(ttl.0 + SECOND) } else { Nanos(0) },
                bucket: if rng.chance(50) { Bucket::Liquid } else { Bucket::Thin },
                is_delayed: rng.chance(3),
                is_resolving: rng.chance(2),
                repeats: 0,
                gap: Nanos(0),
            }
        })
        .collect()
}

fn fault_of(
    code: FaultCode,
    rng: &mut Rng,
    end: Nanos,
    universe: &Universe,
    is_forced: bool,
) -> Fault {
    let when = when_of(code, rng, end, universe, is_forced);
    let times = if is_forced || rng.chance(50) { 0 } else { rng.below(3) + 1 };
    let fault = Fault::of(code, &when).at_most(times);
    fault.with(|params| {
        let span = |rng: &mut Rng, most: u32| Nanos(i64::from(rng.below(most)) * MILLI);
        if code == FaultCode::F34 {
            // It never ends by itself.
        } else if matches!(code, FaultCode::F51 | FaultCode::F48 | FaultCode::F49) {
            params.delay = span(rng, 200_000);
        } else if matches!(code, FaultCode::F33 | FaultCode::F21) {
            params.delay = span(rng, 40_000);
        } else if matches!(code, FaultCode::F15 | FaultCode::F13) && rng.chance(60) {
            // Shorter than the late window: what comes after it nobody can account for (F-15).
            params.delay = span(rng, 100_000);
        } else if rng.chance(50) {
            params.delay = span(rng, 60_000);
        }
        params.count = u8::try_from(rng.below(4)).unwrap_or(1);
        params.qty = Qty(u64::from(rng.below(4)) * u64::from(rng.below(3_000_000)));
        if code == FaultCode::F25 && rng.chance(50) {
            // The worst lie: nothing was matched, says a venue that has matched.
            params.qty = Qty::ZERO;
        }
        params.is_accepted = rng.chance(50);
        params.is_announced = rng.chance(70);
        params.share = FillShare(i128::from(rng.below(101)) * ATTO_PERCENT);
        let races = [Race::CancelWins, Race::FillFirst, Race::CancelLost];
        params.race = races.get(rng.index(3)).copied().unwrap_or_default();
        params.refusal = match rng.below(10) {
            0 => RefusalClass::Account,
            1..=3 => RefusalClass::Market,
            4..=u32::MAX => RefusalClass::Order,
        };
    })
}

fn when_of(
    code: FaultCode,
    rng: &mut Rng,
    end: Nanos,
    universe: &Universe,
    is_forced: bool,
) -> Vec<When> {
    let from = Nanos(rng.below_wide(end.0.max(1).cast_unsigned()).cast_signed());
    let to = Nanos(from.0 + i64::from(rng.below(60_000)) * MILLI);
    let is_timed = code.mode().is_some() || matches!(code, FaultCode::F46 | FaultCode::F10);
    if is_timed && rng.chance(60) {
        return vec![When::Between(from, to)];
    }
    if code == FaultCode::F46 {
        return vec![When::Nth(u64::from(rng.below(12)) + 1)];
    }
    if is_forced {
        return vec![When::Every(u64::from(rng.below(3)) + 1)];
    }
    let token = TokenIx(u32::try_from(rng.index(universe.markets().len())).unwrap_or(0) * 2);
    match rng.below(10) {
        0..=3 => vec![When::Nth(u64::from(rng.below(12)) + 1)],
        4..=5 => vec![When::Every(u64::from(rng.below(4)) + 1)],
        6 => vec![When::Rung(Rung::ALL.get(rng.index(6)).copied().unwrap_or(Rung::Fire))],
        7 => vec![When::Token(token)],
        8 => vec![When::Between(from, to)],
        9..=u32::MAX => Vec::new(),
    }
}
