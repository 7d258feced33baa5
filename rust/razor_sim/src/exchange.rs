//! The exchange: matching engine and ledger of `razor sandbox`, as one pure state machine.
//!
//! Owns: the listed markets with their unified books ([`universe`]), accounts with what orders and
//! unsettled trades hold of them ([`account`]), orders ([`orders`]), trades and their settlement
//! ([`chain`]), actions of wallets ([`treasury`]) and the queue of what is due.
//!
//! Must never: read a clock, see a signature, keep a float, or change anything for a command that
//! it refuses. HTTP, authentication and JSON lie above it; they hand in verified orders and make
//! answers and frames from [`Reply`], [`Event`] and the read methods.
//!
//! How to drive it: [`Exchange::step`] with the time and a [`Command`]. Time only moves forward; a
//! step first does what became due since the last one, each at its own time, and marks every
//! instant by [`Event::At`]. Whoever makes frames from events (their hashes are those of the book
//! after the instant) asks [`Exchange::due`] and sends [`Command::Wake`] for each instant.
//!
//! Invariants, all checked by [`Exchange::audit`]:
//! - dollars: deposits less withdrawals are balances + locked collateral + fees;
//! - tokens: YES and NO of a market are its locked collateral; in a group each possible outcome
//!   would be paid in full;
//! - no asset has open orders that its balance, less unsettled trades, does not cover;
//! - a book is not crossed, its queues are in order of time, its totals are sums of orders;
//! - an order's matched size is the sum of its fills.
//!
//! One configuration and one list of (time, command) give one list of events on every machine.

mod account;
mod answers;
mod audit;
mod book;
mod cancel;
mod chain;
mod command;
mod delay;
mod event;
mod frames;
mod matching;
mod orders;
mod outside;
mod place;
mod read;
mod refusal;
mod terms;
mod treasury;
mod universe;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use razor_core::ids::{MarketIx, Registry};
use razor_core::units::{Nanos, TickSize};
use razor_core::wire::Fine;

use crate::rng::Rng;
use cancel::Heartbeat;
use chain::Trades;
use matching::Planned;
use orders::Orders;

pub use account::{Account, Approval, Asset, Holding, Spender};
pub use answers::{UserFrame, UserFrames};
pub use audit::Unsound;
pub use chain::{Fate, Fill, Trade, TradeStatus, trade_id, transaction_hash};
pub use command::{
    Ack, AckStatus, CancelScope, Canceled, Command, GTD_AHEAD, GTD_EARLY, MAX_BATCH, MAX_CANCELS,
    Mode, NotCanceled, Operation, OrderType, PlaceOrder, Reply, Sizing, Standing,
};
pub use delay::Delay;
pub use event::Event;
pub use frames::{Audience, MarketFrame, MarketFrames};
pub use matching::MatchKind;
pub use orders::{CancelReason, Order, OrderStatus};
pub use outside::{OutsideLevel, OutsidePrint};
pub use read::{Depth, OpenFilter, TradeFilter};
pub use refusal::{Address, AmountKind, Hex, Micros, Refusal, SetupFault};
pub use terms::{MAX_AMOUNT, amount_decimals, limit_amounts, market_amounts};
pub use treasury::{Action, ActionRecord, ActionStatus};
pub(crate) use universe::is_uint256;
pub use universe::{Flags, Group, Market, MarketSpec, Payout, Protocol};

/// An account, in order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountIx(pub u32);

/// An API key, in order of registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerIx(pub u32);

/// A neg-risk group, in order of opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupIx(pub u32);

/// Where an order is kept; another order may get the place once this one is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// A trade, in order of matching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TradeIx(pub u64);

/// An on-chain action, in order of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionIx(pub u64);

/// How settlement goes: delays by law, accidents in millionths per try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// From the match to the block.
    pub mine: Delay,
    /// From the block to finality.
    pub confirm: Delay,
    /// From one try to the next.
    pub retry: Delay,
    /// From the sending of an action to the block.
    pub action: Delay,
    /// A try fails for good: a ghost fill.
    pub fail_ppm: u32,
    /// A try has to be repeated.
    pub retry_ppm: u32,
    /// A block goes again.
    pub reorg_ppm: u32,
    /// An action reverts.
    pub action_fail_ppm: u32,
    /// Tries after which a trade that cannot be paid fails.
    pub max_retries: u32,
}

/// What an exchange is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Seed of delays and accidents.
    pub seed: u64,
    /// Course of settlement.
    pub settlement: Settlement,
    /// Makers in one trade; what is beyond goes into the next bucket.
    pub trade_makers: usize,
    /// Whether FOK and FAK orders may be below the market's smallest order.
    pub min_size_for_resting_only: bool,
    /// Ended orders that are still known: for reads by id, and to refuse duplicates.
    pub ended_orders: usize,
    /// Final trades that are still known.
    pub final_trades: usize,
}

impl Config {
    /// Two seconds to a block, eight more to finality, no accidents.
    pub const fn new(seed: u64) -> Self {
        const MS: i64 = 1_000_000;
        Self {
            seed,
            settlement: Settlement {
                mine: Delay::Uniform(Nanos(1_500 * MS), Nanos(2_500 * MS)),
                confirm: Delay::Fixed(Nanos(8_000 * MS)),
                retry: Delay::Exponential(Nanos(10_000 * MS)),
                action: Delay::Uniform(Nanos(3_000 * MS), Nanos(6_000 * MS)),
                fail_ppm: 0,
                retry_ppm: 0,
                reorg_ppm: 0,
                action_fail_ppm: 0,
                max_retries: 3,
            },
            trade_makers: 20,
            min_size_for_resting_only: false,
            ended_orders: 1_000_000,
            final_trades: 1_000_000,
        }
    }
}

/// What happens by the passing of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Release { slot: u32, serial: u64 },
    Expire { slot: u32, serial: u64 },
    Trade(TradeIx),
    Action(ActionIx),
    Beat { owner: OwnerIx, id: u64 },
    GameStart(MarketIx),
}

/// An API key.
#[derive(Debug, Clone)]
struct Owner {
    key: Box<str>,
    account: AccountIx,
    /// Newest of its open orders.
    head: u32,
    heartbeat: Heartbeat,
}

/// The exchange. Driven by [`Exchange::step`], looked at by the read methods.
#[derive(Debug, Clone)]
pub struct Exchange {
    config: Config,
    rng: Rng,
    now: Nanos,
    mode: Mode,
    registry: Registry,
    markets: Vec<Market>,
    groups: Vec<Group>,
    accounts: Vec<Account>,
    owners: Vec<Owner>,
    orders: Orders,
    trades: Trades,
    actions: Vec<ActionRecord>,
    due: BinaryHeap<Reverse<(Nanos, u64, Due)>>,
    scheduled: u64,
    /// Orders in a delay window, in order of arrival.
    delayed: Vec<u32>,
    transactions: u64,
    beats: u64,
    /// Collateral that came from outside, less what left.
    deposited: u64,
    fees: u64,
    /// Events of the step; the caller's list while a step runs.
    out: Vec<Event>,
    /// Reused from order to order.
    plan: Vec<Planned>,
}

impl Exchange {
    /// An exchange without markets and accounts.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            rng: Rng::new(config.seed),
            now: Nanos(0),
            mode: Mode::Normal,
            registry: Registry::default(),
            markets: Vec::new(),
            groups: Vec::new(),
            accounts: Vec::new(),
            owners: Vec::new(),
            orders: Orders::new(),
            trades: Trades::default(),
            actions: Vec::new(),
            due: BinaryHeap::new(),
            scheduled: 0,
            delayed: Vec::new(),
            transactions: 0,
            beats: 0,
            deposited: 0,
            fees: 0,
            out: Vec::new(),
            plan: Vec::new(),
        }
    }

    /// Does what is due until `now`, then the command; events are appended to `out`.
    ///
    /// A time before the last one counts as the last one. A simple order costs less than a
    /// microsecond; an order that matches costs as much again per maker.
    ///
    /// # Errors
    /// [`Refusal`] in the venue's words; the state is then as it was, but for what was due. A FOK
    /// or FAK order that the book kills still says [`Event::Killed`].
    pub fn step(
        &mut self,
        now: Nanos,
        command: Command,
        out: &mut Vec<Event>,
    ) -> Result<Reply, Refusal> {
        core::mem::swap(&mut self.out, out);
        while let Some(Reverse((when, _, _))) = self.due.peek().copied().filter(|it| it.0.0 <= now)
        {
            self.now = self.now.max(when);
            self.instant(Self::do_due);
        }
        self.now = self.now.max(now);
        self.orders.forget(self.config.ended_orders);
        self.trades.forget(self.config.final_trades);
        let reply = self.instant(|exchange| exchange.run(command));
        core::mem::swap(&mut self.out, out);
        reply
    }

    /// When something happens by itself next.
    pub fn due(&self) -> Option<Nanos> {
        self.due.peek().map(|Reverse((at, _, _))| *at)
    }

    /// Runs one instant: marks it, and tells what follows from its events.
    fn instant<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let start = self.out.len();
        self.out.push(Event::At(self.now));
        let result = work(self);
        self.tell_consequences(start);
        if self.out.len() == start + 1 {
            self.out.pop();
        }
        result
    }

    fn do_due(&mut self) {
        let Some(Reverse((_, _, due))) = self.due.pop() else { return };
        match due {
            // Every schedule was checked when the order came; a fee cannot fail later.
            Due::Release { slot, serial } => drop(self.release(slot, serial)),
            Due::Expire { slot, serial } => self.expire(slot, serial),
            Due::Trade(trade) => self.step_trade(trade),
            Due::Action(action) => self.step_action(action),
            Due::Beat { owner, id } => self.check_beat(owner, id),
            Due::GameStart(market) => self.start_game(market),
        }
    }

    fn run(&mut self, command: Command) -> Result<Reply, Refusal> {
        let reply = match command {
            Command::Place(order) => Reply::Placed(self.place(&order)?),
            Command::PlaceBatch(batch) => Reply::Batch(self.place_batch(&batch)?),
            Command::Cancel(owner, scope) => Reply::Canceled(self.cancel(owner, &scope)?),
            Command::Beat(owner, id) => Reply::Beat(self.beat(owner, id)?),
            Command::Act(account, action) => Reply::Action(self.act(account, action)?),
            Command::AddGroup { key, is_augmented } => {
                Reply::Group(self.add_group(key, is_augmented)?)
            }
            Command::AddMarket(spec) => Reply::Market(self.add_market(*spec)?),
            Command::OpenAccount { address, is_approved } => {
                let ix = next_ix(self.accounts.len())?;
                self.accounts.push(Account::new(address, is_approved));
                Reply::Account(AccountIx(ix))
            }
            Command::AddOwner { key, account } => Reply::Owner(self.add_owner(key, account)?),
            Command::Operate(operation) => {
                self.operate(operation)?;
                Reply::Done
            }
            Command::Wake => Reply::Done,
        };
        Ok(reply)
    }

    fn operate(&mut self, operation: Operation) -> Result<(), SetupFault> {
        match operation {
            Operation::SetFlags(market, flags) => {
                self.market_mut(market)?.flags = flags;
                self.out.push(Event::Flagged(market));
                Ok(())
            }
            Operation::SetTick(market, tick) => {
                self.market_mut(market)?;
                self.set_tick(market, tick);
                Ok(())
            }
            Operation::Resolve(market, payout) => self.resolve(market, payout),
            Operation::SetStanding(account, standing) => {
                self.account_of(account)?;
                self.accounts[at(account.0)].standing = standing;
                Ok(())
            }
            Operation::Approve { account, spender, pusd, has_tokens } => {
                self.account_of(account)?;
                self.accounts[at(account.0)].approve(spender, Approval { pusd, has_tokens });
                Ok(())
            }
            Operation::Deposit(account, amount) => self.deposit(account, amount),
            Operation::Withdraw(account, amount) => self.withdraw(account, amount),
            Operation::Transfer { from, to, asset, amount } => {
                self.transfer(from, to, asset, amount)
            }
            Operation::SetFate(trade, fate) => self.set_fate(trade, fate),
            Operation::SetMode(mode) => {
                self.mode = mode;
                Ok(())
            }
            Operation::Show(level) => self.show(level),
            Operation::Print(print) => self.print(print),
        }
    }

    fn market_mut(&mut self, market: MarketIx) -> Result<&mut Market, SetupFault> {
        self.markets.get_mut(at(market.0)).ok_or(SetupFault::Unknown)
    }

    fn add_group(&mut self, key: Box<str>, is_augmented: bool) -> Result<GroupIx, SetupFault> {
        let ix = next_ix(self.groups.len())?;
        let (markets, winner, locked) = (Vec::new(), None, 0);
        self.groups.push(Group { key, is_augmented, markets, winner, locked });
        Ok(GroupIx(ix))
    }

    fn add_market(&mut self, spec: MarketSpec) -> Result<MarketIx, SetupFault> {
        spec.check()?;
        let ix = MarketIx(next_ix(self.markets.len())?);
        if let Some(group) = spec.group {
            let group = self.groups.get(at(group.0)).ok_or(SetupFault::Unknown)?;
            if group.winner.is_some() {
                return Err(SetupFault::Payout);
            }
        }
        let [yes, no] = &spec.token_ids;
        self.registry.define(ix, &spec.condition_id, [yes, no]).map_err(|_| SetupFault::Names)?;
        if let Some(group) = spec.group {
            self.groups[at(group.0)].markets.push(ix);
        }
        if let (Some(start), true) = (spec.game_start, spec.clears_book_on_start) {
            self.schedule_at(start, Due::GameStart(ix));
        }
        self.markets.push(Market::new(spec));
        self.out.push(Event::Listed(ix));
        Ok(ix)
    }

    fn add_owner(&mut self, key: Box<str>, account: AccountIx) -> Result<OwnerIx, SetupFault> {
        self.account_of(account)?;
        let ix = next_ix(self.owners.len())?;
        let heartbeat = Heartbeat::default();
        self.owners.push(Owner { key, account, head: orders::NONE, heartbeat });
        Ok(OwnerIx(ix))
    }

    /// Moves a market to another grid. Resting orders that the new grid still holds stay where
    /// they are, all others end: a coarser grid may not have their price.
    fn set_tick(&mut self, market: MarketIx, new: TickSize) {
        let old = core::mem::replace(&mut self.markets[at(market.0)].tick, new);
        if old == new {
            return;
        }
        self.out.push(Event::Tick { market, old, new });
        let step = Fine::of_tick(new).0;
        for slot in self.markets[at(market.0)].book.slots(&self.orders) {
            let price = self.orders.get(slot).price;
            if !price.0.is_multiple_of(step) || price.0 < step || Fine::ONE.0 - price.0 < step {
                self.end_order(Slot(slot), CancelReason::OffGrid);
            }
        }
    }

    fn resolve(&mut self, market: MarketIx, payout: Payout) -> Result<(), SetupFault> {
        let known = self.market_mut(market)?;
        if known.payout.is_some() {
            return Err(SetupFault::Payout);
        }
        if let Some(group) = known.spec.group {
            let group = &mut self.groups[at(group.0)];
            match payout {
                Payout::Yes if group.winner.is_none() => group.winner = Some(market),
                Payout::No => {}
                Payout::Yes | Payout::Half => return Err(SetupFault::Payout),
            }
        }
        let known = self.market_mut(market)?;
        known.payout = Some(payout);
        known.flags = Flags { is_active: true, accepts_orders: false, is_closed: true };
        self.empty_market(market, CancelReason::MarketResolved);
        self.out.push(Event::Resolved(market));
        Ok(())
    }

    /// Best prices and grids that changed with what happened since `start`.
    fn tell_consequences(&mut self, start: usize) {
        let mut place = start;
        while let Some(event) = self.out.get(place).copied() {
            place += 1;
            if let Event::Level { market, .. } = event {
                self.tell_top(market);
                if let Some(tick) = self.markets[at(market.0)].finer_tick() {
                    self.set_tick(market, tick);
                }
            }
        }
    }

    fn tell_top(&mut self, market: MarketIx) {
        let known = &mut self.markets[at(market.0)];
        let (bid, ask) = known.book.top();
        if known.told != (bid, ask) {
            known.told = (bid, ask);
            self.out.push(Event::Top { market, bid, ask });
        }
    }

    fn schedule_law(&mut self, law: Delay, due: Due) {
        let delay = law.draw(&mut self.rng);
        self.schedule(delay, due);
    }

    fn schedule(&mut self, delay: Nanos, due: Due) {
        self.schedule_at(Nanos(self.now.0.saturating_add(delay.0)), due);
    }

    fn schedule_at(&mut self, at: Nanos, due: Due) {
        self.scheduled += 1;
        self.due.push(Reverse((at, self.scheduled, due)));
    }
}

fn next_ix(len: usize) -> Result<u32, SetupFault> {
    // The last index marks "none", and a market's tokens are twice as many.
    u32::try_from(len).ok().filter(|ix| *ix < u32::MAX / 2).ok_or(SetupFault::Full)
}

/// A position from an index; every index was handed out for a position.
fn at(ix: u32) -> usize {
    usize::try_from(ix).unwrap_or(usize::MAX)
}
