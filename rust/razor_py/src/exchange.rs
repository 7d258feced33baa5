//! The local exchange, as the layer that speaks HTTP and WebSocket drives it.
//!
//! Owns: the class `Exchange`. Indices are plain integers on this side; answers and frames are
//! JSON bytes, made in Rust.
//!
//! Must never: hand out frames of an instant after the next one has begun; every call runs what is
//! due instant by instant and collects the frames of each.

mod order;
mod print;
mod words;

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use razor_core::ids::{MarketIx, TokenIx};
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::Fine;
use razor_sim::crowd::{Crowd, CrowdPlan, Planted, advance, next_due};
use razor_sim::exchange::{
    AccountIx, Action, Address, Asset, Audience, CancelScope, Command, Config, Delay, Event,
    Exchange as Core, Flags, GroupIx, MarketFrames, MarketSpec, OpenFilter, Operation, OwnerIx,
    Protocol, Reply, Settlement, Spender, TradeFilter, TradeIx, UserFrames,
};

use crate::crowd::{self, WorldTerms};
use crate::errors::{Refusal, bad_argument, exchange_refused};
use crate::sign::SigningExchange;
use crate::tape::{Player, TapeProgress};
use order::ExchangeOrder;
use print::{ExchangePrint, Wanted};

/// Latest time that is taken: some centuries ahead, so that no sum of times overflows.
pub(crate) const LAST_NS: i64 = 8_000_000_000_000_000_000;
/// Longest delay of settlement, a day.
pub(crate) const LONGEST_MS: i64 = 86_400_000;

/// A market frame on its way out: market, token unless both tokens' subscribers get it, whether
/// custom, text.
type MarketRow<'py> = (u32, Option<u32>, bool, Bound<'py, PyBytes>);

/// The exchange; see the stub.
#[pyclass(module = "razor._core")]
pub(crate) struct Exchange {
    core: Core,
    events: Vec<Event>,
    market: MarketFrames,
    user: UserFrames,
    /// Markets with subscribers; frames of the others are not made.
    watched: Vec<bool>,
    /// The traders of its world, if one was opened.
    crowd: Option<Crowd>,
    /// Markets that were listed, flagged, resolved or given another grid.
    changed: Vec<u32>,
    /// The recording that is played, if one was opened.
    tape: Option<Player>,
}

/// How a market stands: grid in micro-dollars, active, accepts orders, closed, payout.
type Standing = (u32, bool, bool, bool, Option<&'static str>);

impl Exchange {
    /// Runs what is due and then the command, and collects the frames of each instant.
    fn run(&mut self, now_ns: i64, command: Command) -> PyResult<Reply> {
        if !(0..=LAST_NS).contains(&now_ns) {
            return Err(bad_argument("a time lies outside 0..=8_000_000_000_000_000_000 ns"));
        }
        self.catch_up(Nanos(now_ns));
        let reply = self.core.step(Nanos(now_ns), command, &mut self.events);
        self.collect();
        reply.map_err(exchange_refused)
    }

    /// Runs the instants until `now`, those of the crowd and the tape with the exchange's, and
    /// collects their frames. At one time the exchange is first, the tape last.
    fn catch_up(&mut self, now: Nanos) {
        while let Some(at) = self.due().filter(|at| *at <= now) {
            let is_record = self.due_here().is_none_or(|here| at < here);
            if let Some(tape) = self.tape.as_mut().filter(|_| is_record) {
                tape.play(&mut self.core, &mut self.events);
            } else if let Some(crowd) = &mut self.crowd {
                advance(&mut self.core, crowd, at, &mut self.events);
            } else {
                // Waking is never refused.
                let _woken = self.core.step(at, Command::Wake, &mut self.events);
            }
            self.collect();
        }
    }

    fn due(&self) -> Option<Nanos> {
        let tape = self.tape.as_ref().and_then(Player::due);
        self.due_here().into_iter().chain(tape).min()
    }

    /// When the exchange or its crowd acts next.
    fn due_here(&self) -> Option<Nanos> {
        match &self.crowd {
            Some(crowd) => next_due(&self.core, crowd),
            None => self.core.due(),
        }
    }

    fn operate(&mut self, now_ns: i64, operation: Operation) -> PyResult<()> {
        self.run(now_ns, Command::Operate(operation)).map(drop)
    }

    fn collect(&mut self) {
        match &self.crowd {
            Some(crowd) => {
                let told = crowd::told_outside(&self.core, crowd, &self.events);
                self.user.push_instant(&self.core, &told);
            }
            None => self.user.push_instant(&self.core, &self.events),
        }
        self.changed.extend(self.events.iter().filter_map(Event::changed_market).map(|it| it.0));
        let watched = &self.watched;
        self.events.retain(|event| {
            let market = event.market();
            let ix = market.and_then(|market| usize::try_from(market.0).ok());
            ix.is_some_and(|ix| watched.get(ix) == Some(&true))
        });
        self.market.push_instant(&self.core, &self.events);
        self.events.clear();
    }

    fn index(&mut self, now_ns: i64, command: Command) -> PyResult<u64> {
        match self.run(now_ns, command)? {
            Reply::Group(ix) => Ok(ix.0.into()),
            Reply::Market(ix) => Ok(ix.0.into()),
            Reply::Account(ix) => Ok(ix.0.into()),
            Reply::Owner(ix) => Ok(ix.0.into()),
            Reply::Action(ix) => Ok(ix.0),
            Reply::Beat(id) => Ok(id),
            Reply::Done | Reply::Placed(_) | Reply::Batch(_) | Reply::Canceled(_) => Ok(0),
        }
    }

    fn act(&mut self, now_ns: i64, account: u32, action: Action) -> PyResult<u64> {
        self.index(now_ns, Command::Act(AccountIx(account), action))
    }
}

#[pymethods]
impl Exchange {
    #[new]
    #[pyo3(signature = (
        *, seed, mine_ms=(1_500, 2_500), confirm_ms=(8_000, 8_000), retry_ms=(5_000, 15_000),
        action_ms=(3_000, 6_000), fail_ppm=0, retry_ppm=0, reorg_ppm=0, action_fail_ppm=0,
        max_retries=3, min_size_for_resting_only=false, kept_orders=1_000_000,
        kept_trades=1_000_000
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn new(
        seed: u64,
        mine_ms: (i64, i64),
        confirm_ms: (i64, i64),
        retry_ms: (i64, i64),
        action_ms: (i64, i64),
        fail_ppm: u32,
        retry_ppm: u32,
        reorg_ppm: u32,
        action_fail_ppm: u32,
        max_retries: u32,
        min_size_for_resting_only: bool,
        kept_orders: usize,
        kept_trades: usize,
    ) -> PyResult<Self> {
        let settlement = Settlement {
            mine: delay(mine_ms)?,
            confirm: delay(confirm_ms)?,
            retry: delay(retry_ms)?,
            action: delay(action_ms)?,
            fail_ppm,
            retry_ppm,
            reorg_ppm,
            action_fail_ppm,
            max_retries,
        };
        let config = Config {
            settlement,
            min_size_for_resting_only,
            ended_orders: kept_orders,
            final_trades: kept_trades,
            ..Config::new(seed)
        };
        Ok(Self {
            core: Core::new(config),
            events: Vec::new(),
            market: MarketFrames::default(),
            user: UserFrames::default(),
            watched: Vec::new(),
            crowd: None,
            changed: Vec::new(),
            tape: None,
        })
    }

    #[pyo3(signature = (now_ns, key, *, is_augmented))]
    fn add_group(&mut self, now_ns: i64, key: &str, is_augmented: bool) -> PyResult<u64> {
        self.index(now_ns, Command::AddGroup { key: key.into(), is_augmented })
    }

    #[pyo3(signature = (
        now_ns, *, condition_id, token_ids, outcomes, tick, min_order_qty, fee_rate_ppm=0,
        fee_exponent=1, group=None, is_v2=false, has_dynamic_tick=true, taker_delay_ns=0,
        game_start_ns=None, clears_book_on_start=false
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn add_market(
        &mut self,
        now_ns: i64,
        condition_id: &str,
        token_ids: (String, String),
        outcomes: (String, String),
        tick: &str,
        min_order_qty: u64,
        fee_rate_ppm: u32,
        fee_exponent: u8,
        group: Option<u32>,
        is_v2: bool,
        has_dynamic_tick: bool,
        taker_delay_ns: i64,
        game_start_ns: Option<i64>,
        clears_book_on_start: bool,
    ) -> PyResult<u64> {
        let fees = match fee_rate_ppm {
            0 => Fees::Free,
            rate_ppm => Fees::Taker { rate_ppm, exponent: fee_exponent },
        };
        let spec = MarketSpec {
            condition_id: condition_id.into(),
            token_ids: [token_ids.0.into(), token_ids.1.into()],
            outcomes: [outcomes.0.into(), outcomes.1.into()],
            tick: tick_of(tick)?,
            min_order_qty: Qty(min_order_qty),
            fees,
            group: group.map(GroupIx),
            protocol: if is_v2 { Protocol::V2 } else { Protocol::V1 },
            has_dynamic_tick,
            taker_delay: Nanos(taker_delay_ns),
            game_start: game_start_ns.map(Nanos),
            clears_book_on_start,
            flags: Flags::OPEN,
        };
        let market = self.index(now_ns, Command::AddMarket(Box::new(spec)))?;
        self.watched.push(false);
        Ok(market)
    }

    #[pyo3(signature = (now_ns, address, *, is_approved))]
    fn open_account(&mut self, now_ns: i64, address: &str, is_approved: bool) -> PyResult<u64> {
        let address = Address(words::address(address)?);
        self.index(now_ns, Command::OpenAccount { address, is_approved })
    }

    fn add_owner(&mut self, now_ns: i64, key: &str, account: u32) -> PyResult<u64> {
        self.index(now_ns, Command::AddOwner { key: key.into(), account: AccountIx(account) })
    }

    fn place<'py>(
        &mut self,
        py: Python<'py>,
        now_ns: i64,
        order: &ExchangeOrder,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let order = order.for_exchange(&self.core);
        let Reply::Placed(ack) = self.run(now_ns, Command::Place(order))? else {
            return Err(bad_argument("an order was answered by something else"));
        };
        let mut text = String::new();
        self.core.write_ack(&Ok(ack), &mut text);
        Ok(PyBytes::new(py, text.as_bytes()))
    }

    fn place_batch<'py>(
        &mut self,
        py: Python<'py>,
        now_ns: i64,
        orders: Vec<PyRef<'py, ExchangeOrder>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let orders = orders.into_iter().map(|order| order.for_exchange(&self.core)).collect();
        let Reply::Batch(answers) = self.run(now_ns, Command::PlaceBatch(orders))? else {
            return Err(bad_argument("a batch was answered by something else"));
        };
        let text = array(&answers, |answer, out| self.core.write_ack(answer, out));
        Ok(PyBytes::new(py, text.as_bytes()))
    }

    #[pyo3(signature = (now_ns, owner, *, ids=None, market=None, token=None))]
    fn cancel<'py>(
        &mut self,
        py: Python<'py>,
        now_ns: i64,
        owner: u32,
        ids: Option<Vec<String>>,
        market: Option<u32>,
        token: Option<u32>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let scope = match (ids, market.map(MarketIx), token.map(TokenIx)) {
            (Some(ids), _, _) => {
                let ids = ids.iter().map(|id| words::order_id(id));
                CancelScope::Orders(ids.collect::<PyResult<_>>()?)
            }
            (None, Some(market), token) => CancelScope::Market(market, token),
            (None, None, Some(token)) => CancelScope::Token(token),
            (None, None, None) => CancelScope::All,
        };
        let Reply::Canceled(done) = self.run(now_ns, Command::Cancel(OwnerIx(owner), scope))?
        else {
            return Err(bad_argument("a cancel was answered by something else"));
        };
        let mut text = String::new();
        self.core.write_canceled(&done, &mut text);
        Ok(PyBytes::new(py, text.as_bytes()))
    }

    fn beat(&mut self, now_ns: i64, owner: u32, id: u64) -> PyResult<u64> {
        self.index(now_ns, Command::Beat(OwnerIx(owner), id))
    }

    fn wake(&mut self, now_ns: i64) -> PyResult<()> {
        self.run(now_ns, Command::Wake).map(drop)
    }

    fn due_ns(&self) -> Option<i64> {
        self.due().map(|at| at.0)
    }

    /// Opens a world with its traders; the listing.
    #[pyo3(signature = (
        now_ns, *, seed, binaries=4, groups=4, group_size=3, has_augmented=true, ticks=None,
        fees=None, min_order_qtys=None, pace_ms=400, plant_every_ms=Some(2_500),
        plant_size=(20_000_000, 150_000_000), plant_life_ms=(900, 1_800),
        plant_edge_ppm=(15_000, 40_000), plant_bids_percent=16, has_rivals=false,
        resolve_every_ms=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn open_world<'py>(
        &mut self,
        py: Python<'py>,
        now_ns: i64,
        seed: u64,
        binaries: u32,
        groups: u32,
        group_size: u32,
        has_augmented: bool,
        ticks: Option<Vec<String>>,
        fees: Option<Vec<(u32, u8)>>,
        min_order_qtys: Option<Vec<u64>>,
        pace_ms: i64,
        plant_every_ms: Option<i64>,
        plant_size: (u64, u64),
        plant_life_ms: (i64, i64),
        plant_edge_ppm: (u32, u32),
        plant_bids_percent: u32,
        has_rivals: bool,
        resolve_every_ms: Option<i64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let terms = WorldTerms { ticks, fees, min_order_qtys };
        let plants = plant_every_ms.map(|every_ms| {
            let (size, life_ms, edge_ppm) = (plant_size, plant_life_ms, plant_edge_ppm);
            crowd::plants(every_ms, size, life_ms, edge_ppm, plant_bids_percent, has_rivals)
        });
        let plan = CrowdPlan {
            binaries,
            groups,
            group_size,
            has_augmented,
            pace: crowd::millis(pace_ms)?,
            plants: plants.transpose()?,
            resolve_every: resolve_every_ms.map(crowd::millis).transpose()?,
            ..terms.plan(seed)?
        };
        if self.crowd.is_some() {
            return Err(bad_argument("this exchange has its world already"));
        }
        self.run(now_ns, Command::Wake)?;
        let opened = Crowd::open(plan, Nanos(now_ns), &mut self.core, &mut self.events);
        let listing = opened.as_ref().map(|crowd| PyBytes::new(py, crowd.listing().as_bytes()));
        let listing = listing.map_err(bad_argument);
        self.crowd = opened.ok();
        self.watched.resize(self.core.markets().len(), false);
        self.collect();
        listing
    }

    /// Planted sets that have ended since the last call, as JSON lines.
    fn take_truth<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let ended = self.crowd.as_mut().map(Crowd::take_truth).unwrap_or_default();
        let lines: String = ended.iter().map(Planted::to_json).map(|line| line + "\n").collect();
        PyBytes::new(py, lines.as_bytes())
    }

    /// Opens a capture as the outside; the listing.
    #[pyo3(signature = (now_ns, path, *, seed=1, quote_depth=100_000_000))]
    #[expect(clippy::needless_pass_by_value, reason = "the binding hands arguments over by value")]
    fn open_tape<'py>(
        &mut self,
        py: Python<'py>,
        now_ns: i64,
        path: PathBuf,
        seed: u64,
        quote_depth: u64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if self.tape.is_some() {
            return Err(bad_argument("this exchange plays a tape already"));
        }
        self.run(now_ns, Command::Wake)?;
        let (now, depth) = (Nanos(now_ns), Qty(quote_depth));
        let (core, events) = (&mut self.core, &mut self.events);
        let tape = Player::open(py, &path, (seed, depth), now, core, events);
        self.collect();
        let tape = tape?;
        self.watched.resize(self.core.markets().len(), false);
        let listing = PyBytes::new(py, tape.tape().listing().as_bytes());
        self.tape = Some(tape);
        Ok(listing)
    }

    /// How far the tape has been played.
    fn tape_progress(&self) -> Option<TapeProgress> {
        self.tape.as_ref().map(Player::progress)
    }

    fn deposit(&mut self, now_ns: i64, account: u32, amount: u64) -> PyResult<()> {
        self.operate(now_ns, Operation::Deposit(AccountIx(account), amount))
    }

    fn withdraw(&mut self, now_ns: i64, account: u32, amount: u64) -> PyResult<()> {
        self.operate(now_ns, Operation::Withdraw(AccountIx(account), amount))
    }

    #[pyo3(signature = (now_ns, source, target, amount, token=None))]
    fn transfer(
        &mut self,
        now_ns: i64,
        source: u32,
        target: u32,
        amount: u64,
        token: Option<u32>,
    ) -> PyResult<()> {
        let (from, to, asset) = (AccountIx(source), AccountIx(target), asset(token));
        self.operate(now_ns, Operation::Transfer { from, to, asset, amount })
    }

    #[pyo3(signature = (now_ns, account, spender, pusd, *, has_tokens))]
    fn approve(
        &mut self,
        now_ns: i64,
        account: u32,
        spender: &str,
        pusd: u64,
        has_tokens: bool,
    ) -> PyResult<()> {
        let (account, spender) = (AccountIx(account), words::spender(spender)?);
        self.operate(now_ns, Operation::Approve { account, spender, pusd, has_tokens })
    }

    fn set_standing(&mut self, now_ns: i64, account: u32, standing: &str) -> PyResult<()> {
        let standing = words::standing(standing)?;
        self.operate(now_ns, Operation::SetStanding(AccountIx(account), standing))
    }

    #[pyo3(signature = (now_ns, market, *, is_active, accepts_orders, is_closed))]
    fn set_flags(
        &mut self,
        now_ns: i64,
        market: u32,
        is_active: bool,
        accepts_orders: bool,
        is_closed: bool,
    ) -> PyResult<()> {
        let flags = Flags { is_active, accepts_orders, is_closed };
        self.operate(now_ns, Operation::SetFlags(MarketIx(market), flags))
    }

    fn set_tick(&mut self, now_ns: i64, market: u32, tick: &str) -> PyResult<()> {
        self.operate(now_ns, Operation::SetTick(MarketIx(market), tick_of(tick)?))
    }

    fn set_mode(&mut self, now_ns: i64, mode: &str) -> PyResult<()> {
        self.operate(now_ns, Operation::SetMode(words::mode(mode)?))
    }

    #[pyo3(signature = (now_ns, trade, fate, times=1))]
    fn set_fate(&mut self, now_ns: i64, trade: u64, fate: &str, times: u32) -> PyResult<()> {
        self.operate(now_ns, Operation::SetFate(TradeIx(trade), words::fate(fate, times)?))
    }

    fn resolve(&mut self, now_ns: i64, market: u32, payout: &str) -> PyResult<()> {
        let payout = words::payout(payout)?;
        self.operate(now_ns, Operation::Resolve(MarketIx(market), payout))
    }

    fn split(&mut self, now_ns: i64, account: u32, market: u32, amount: u64) -> PyResult<u64> {
        self.act(now_ns, account, Action::Split(MarketIx(market), amount))
    }

    fn merge(&mut self, now_ns: i64, account: u32, market: u32, amount: u64) -> PyResult<u64> {
        self.act(now_ns, account, Action::Merge(MarketIx(market), amount))
    }

    fn convert(
        &mut self,
        now_ns: i64,
        account: u32,
        group: u32,
        outcomes: Vec<u32>,
        amount: u64,
    ) -> PyResult<u64> {
        let group = GroupIx(group);
        self.act(now_ns, account, Action::Convert { group, outcomes, amount })
    }

    fn redeem(&mut self, now_ns: i64, account: u32, market: u32) -> PyResult<u64> {
        self.act(now_ns, account, Action::Redeem(MarketIx(market)))
    }

    fn redeem_part(&mut self, now_ns: i64, account: u32, token: u32, amount: u64) -> PyResult<u64> {
        self.act(now_ns, account, Action::RedeemPart(TokenIx(token), amount))
    }

    /// State word and transaction hash of an action.
    fn action(&self, action: u64) -> Option<(&'static str, String)> {
        let record = self.core.action(razor_sim::exchange::ActionIx(action))?;
        Some((record.status.word(), self.core.transaction_text(record.transaction)))
    }

    #[pyo3(signature = (market, *, is_watched))]
    fn watch(&mut self, market: u32, is_watched: bool) {
        let ix = usize::try_from(market).unwrap_or(usize::MAX);
        if let Some(watched) = self.watched.get_mut(ix) {
            *watched = is_watched;
        }
    }

    /// Market frames since the last call.
    fn take_market_frames<'py>(&mut self, py: Python<'py>) -> Vec<MarketRow<'py>> {
        let rows = self.market.iter().map(|frame| {
            let (market, token) = match frame.audience {
                Audience::Token(token) => (token.split().0, Some(token.0)),
                Audience::Market(market) => (market, None),
            };
            (market.0, token, frame.is_custom, PyBytes::new(py, frame.text.as_bytes()))
        });
        let rows = rows.collect();
        self.market.clear();
        rows
    }

    /// User frames since the last call.
    fn take_user_frames<'py>(&mut self, py: Python<'py>) -> Vec<(u32, u32, Bound<'py, PyBytes>)> {
        let is_outside = |owner| self.crowd.as_ref().is_none_or(|crowd: &Crowd| !crowd.has(owner));
        let rows =
            self.user.iter().filter(|frame| is_outside(frame.owner)).map(|frame| {
                (frame.owner.0, frame.market.0, PyBytes::new(py, frame.text.as_bytes()))
            });
        let rows = rows.collect();
        self.user.clear();
        rows
    }

    /// The `book` frame of a token as of now.
    fn book<'py>(&self, py: Python<'py>, token: u32) -> Bound<'py, PyBytes> {
        let mut frames = MarketFrames::default();
        frames.push_book(&self.core, TokenIx(token));
        let text = frames.iter().next().map(|frame| frame.text.to_owned());
        PyBytes::new(py, text.unwrap_or_default().as_bytes())
    }

    fn order<'py>(&self, py: Python<'py>, order_id: &str) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let order = self.core.find_order(&words::order_id(order_id)?);
        Ok(order.map(|order| {
            let mut text = String::new();
            self.core.write_order(order, &mut text);
            PyBytes::new(py, text.as_bytes())
        }))
    }

    #[pyo3(signature = (owner, market=None, token=None))]
    fn open_orders<'py>(
        &self,
        py: Python<'py>,
        owner: u32,
        market: Option<u32>,
        token: Option<u32>,
    ) -> Bound<'py, PyBytes> {
        let filter = OpenFilter { market: market.map(MarketIx), token: token.map(TokenIx) };
        let orders: Vec<_> = self.core.open_orders(OwnerIx(owner), filter).collect();
        let text = array(&orders, |order, out| self.core.write_order(order, out));
        PyBytes::new(py, text.as_bytes())
    }

    #[pyo3(signature = (owner, market=None, token=None, after_ns=None, before_ns=None))]
    fn trades<'py>(
        &self,
        py: Python<'py>,
        owner: u32,
        market: Option<u32>,
        token: Option<u32>,
        after_ns: Option<i64>,
        before_ns: Option<i64>,
    ) -> Bound<'py, PyBytes> {
        let filter = TradeFilter {
            owner: Some(OwnerIx(owner)),
            account: None,
            market: market.map(MarketIx),
            token: token.map(TokenIx),
            after: after_ns.map(Nanos),
            before: before_ns.map(Nanos),
        };
        let trades: Vec<_> = self.core.trades(filter).map(|(ix, _)| ix).collect();
        let text = array(&trades, |ix, out| {
            self.core.write_trade(*ix, OwnerIx(owner), out);
        });
        PyBytes::new(py, text.as_bytes())
    }

    #[pyo3(signature = (account, token=None))]
    fn holding(&self, account: u32, token: Option<u32>) -> (u64, u64, u64) {
        let holding = self.core.holding(AccountIx(account), asset(token));
        (holding.balance, holding.open, holding.matched)
    }

    /// What a contract may move of an account: micro-dollars, and whether tokens.
    fn approval(&self, account: u32, spender: &str) -> PyResult<(u64, bool)> {
        let spender = words::spender(spender)?;
        let approval = self.core.account(AccountIx(account)).map(|it| it.approval(spender));
        Ok(approval.map_or((0, false), |it| (it.pusd, it.has_tokens)))
    }

    fn token(&self, token_id: &str) -> Option<u32> {
        self.core.registry().token(token_id.as_bytes()).map(|token| token.0)
    }

    fn market(&self, condition_id: &str) -> Option<u32> {
        self.core.registry().market(condition_id.as_bytes()).map(|market| market.0)
    }

    /// Contract that orders of a token are signed for.
    fn exchange_of(&self, token_id: &str) -> Option<SigningExchange> {
        let token = self.core.registry().token(token_id.as_bytes())?;
        match self.core.market(token.split().0)?.spec.exchange() {
            Spender::Exchange => Some(SigningExchange::plain()),
            Spender::NegRiskExchange => Some(SigningExchange::neg_risk()),
            Spender::ExchangeV3 => Some(SigningExchange::v3()),
            Spender::Adapter | Spender::NegRiskAdapter | Spender::Router => None,
        }
    }

    /// Index of a trade by the id that frames and answers give, while it is known.
    fn trade(&self, trade_id: &str) -> Option<u64> {
        let mut trades = self.core.trades(TradeFilter::default()).rev();
        trades.find(|(ix, _)| self.core.trade_id_text(*ix) == trade_id).map(|(ix, _)| ix.0)
    }

    /// Markets that were listed, flagged, resolved or given another grid since the last call.
    fn take_changes(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.changed)
    }

    fn standing(&self, market: u32) -> Option<Standing> {
        let market = self.core.market(MarketIx(market))?;
        let flags = market.flags;
        let payout = market.payout.map(words::payout_word);
        let tick = market.tick.micros();
        Some((tick, flags.is_active, flags.accepts_orders, flags.is_closed, payout))
    }

    /// Last price in terms of YES and the taker's way there; none before the first trade.
    fn last_trade(&self, market: u32) -> Option<(String, bool)> {
        let (_, side) = self.core.market(MarketIx(market))?.last?;
        Some((self.core.last_price(MarketIx(market)), side == Side::Buy))
    }

    /// Best bid and ask of a token, micro-dollars.
    fn top(&self, token: u32) -> (Option<u32>, Option<u32>) {
        let (bid, ask) = self.core.top(TokenIx(token));
        let micros = |price: Fine| price.price().micros();
        (bid.map(micros), ask.map(micros))
    }

    #[pyo3(signature = (
        *, account=None, market=None, takers_only=true, offset=0, limit=100, since_ns=None
    ))]
    fn prints(
        &self,
        account: Option<u32>,
        market: Option<u32>,
        takers_only: bool,
        offset: usize,
        limit: usize,
        since_ns: Option<i64>,
    ) -> Vec<ExchangePrint> {
        let filter = TradeFilter {
            account: account.map(AccountIx),
            market: market.map(MarketIx),
            after: since_ns.map(Nanos),
            ..TradeFilter::default()
        };
        let wanted = Wanted { account: filter.account, is_taker_only: takers_only };
        let newest = self.core.trades(filter).rev();
        let rows = newest.flat_map(|(ix, trade)| print::rows(&self.core, ix, trade, &wanted));
        rows.skip(offset).take(limit).collect()
    }

    /// Checks every invariant; the broken one as text.
    fn audit(&self) -> Option<String> {
        self.core.audit().err().map(|unsound| unsound.to_string())
    }
}

fn delay((from, to): (i64, i64)) -> PyResult<Delay> {
    if !(0 <= from && from <= to && to <= LONGEST_MS) {
        return Err(bad_argument("delays are least and most milliseconds of a day at most"));
    }
    let millis = |ms: i64| Nanos::from_millis(ms).map_err(Refusal::from);
    let (from, to) = (millis(from)?, millis(to)?);
    Ok(if from == to { Delay::Fixed(from) } else { Delay::Uniform(from, to) })
}

pub(crate) fn tick_of(text: &str) -> PyResult<TickSize> {
    let micros = razor_core::units::parse_fixed(text.as_bytes(), 6).map_err(Refusal::from)?;
    let micros = u32::try_from(micros).unwrap_or(u32::MAX);
    Ok(TickSize::from_micros(micros).map_err(Refusal::from)?)
}

fn asset(token: Option<u32>) -> Asset {
    token.map_or(Asset::Collateral, |token| Asset::Token(TokenIx(token)))
}

/// A JSON array of what `write` appends for each item.
fn array<T>(items: &[T], write: impl Fn(&T, &mut String)) -> String {
    let mut text = String::from("[");
    for (ix, item) in items.iter().enumerate() {
        if ix > 0 {
            text.push(',');
        }
        write(item, &mut text);
    }
    text.push(']');
    text
}

/// Puts the classes into the module.
pub(crate) fn export(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Exchange>()?;
    module.add_class::<ExchangePrint>()?;
    module.add_class::<TapeProgress>()?;
    module.add_class::<ExchangeOrder>()
}
