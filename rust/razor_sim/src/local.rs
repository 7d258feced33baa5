//! The local exchange as the venue of a session: orders go through its matching engine and ledger
//! instead of the fill model of [`crate::gateway`], on the same port and the same clock.
//!
//! Owns: [`LocalGateway`]. What a session sees at the top of a book is shown to the exchange as the
//! depth of the outside; what our orders took of it stays taken until a message changes the book.
//!
//! Must never: fill anything itself, or tell of a trade that the ledger does not have.
//!
//! Stated choices: only the side that an order takes is shown to it; the answer comes with the
//! match, its trades right behind it; an order is sent once, a copy of it is called unproven; sets
//! over more than one market are not merged, as at the venue.

use std::collections::BTreeMap;

use razor_core::ids::{MarketIx, Outcome, SetIx, TokenIx};
use razor_core::market::{Fees, MarketDef, Universe};
use razor_core::order::gateway::{Gateway, Intent, Reply, Tops, TradeState, VenueEvent};
use razor_core::order::{Attempt, Evidence, OrderHash, OrderIx, Side};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Price, Qty, Usdc};
use razor_core::wire::Fine;

use crate::exchange::{
    AccountIx, Ack, AckStatus, Action, ActionIx, ActionStatus, Address, CancelScope, Command,
    Config, Delay, Event, Exchange, Flags, MarketSpec, Operation, OrderStatus, OrderType,
    OutsideLevel, OwnerIx, PlaceOrder, Protocol, Refusal, Reply as Answer, Sizing, Spender,
    TradeIx, TradeStatus, limit_amounts, trade_id,
};
use crate::gateway::order_hash;

/// Micro-dollars of the account: more than any cap of a session.
const CASH: u64 = 100_000_000_000_000;
/// Micro-dollars per step of [`Fine`].
const FINE_MICROS: u32 = 100;

/// How long things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalConfig {
    /// Seed of ids.
    pub seed: u64,
    /// From sending to the match, and from a question to its answer.
    pub latency: Nanos,
    /// From the match to its final state.
    pub settle: Nanos,
}

/// An order that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sent {
    hash: OrderHash,
    /// Whether it came to the exchange.
    has_arrived: bool,
}

/// What is under way to the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Errand {
    Order(Intent),
    Question(OrderIx, OrderHash),
}

/// What stands in a market for the order that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    token: TokenIx,
    side: Side,
    price: Fine,
    changed: Nanos,
    qty: u64,
}

/// See the module.
#[derive(Debug)]
pub struct LocalGateway {
    config: LocalConfig,
    exchange: Exchange,
    account: AccountIx,
    owner: OwnerIx,
    outside: OwnerIx,
    sets: Vec<Vec<TokenIx>>,
    shown: BTreeMap<MarketIx, Shown>,
    on_way: BTreeMap<(Nanos, u64), Errand>,
    told: BTreeMap<(Nanos, u64), VenueEvent>,
    orders: BTreeMap<OrderIx, Sent>,
    names: BTreeMap<OrderHash, OrderIx>,
    states: BTreeMap<TradeIx, TradeState>,
    merges: Vec<ActionIx>,
    events: Vec<Event>,
    /// Numbers what is queued, so that equal times keep their order.
    count: u64,
}

impl LocalGateway {
    /// An exchange with one funded account and no market yet.
    ///
    /// # Errors
    /// [`Refusal`], which a new exchange has no reason for.
    pub fn new(config: LocalConfig) -> Result<Self, Refusal> {
        let mut events = Vec::new();
        let mut exchange = Exchange::new(course(&config));
        let mut ask = |command| exchange.step(Nanos(0), command, &mut events);
        let mut open = |byte: u8| -> Result<(AccountIx, OwnerIx), Refusal> {
            let address = Address([byte; 20]);
            let opened = ask(Command::OpenAccount { address, is_approved: true })?;
            let Answer::Account(account) = opened else { return Err(Refusal::InvalidPayload) };
            let key = format!("key-{byte}").into_boxed_str();
            let registered = ask(Command::AddOwner { key, account })?;
            let Answer::Owner(owner) = registered else { return Err(Refusal::InvalidPayload) };
            Ok((account, owner))
        };
        let (account, owner) = open(1)?;
        let (_, outside) = open(2)?;
        ask(Command::Operate(Operation::Deposit(account, CASH)))?;
        Ok(Self {
            config,
            exchange,
            account,
            owner,
            outside,
            sets: Vec::new(),
            shown: BTreeMap::new(),
            on_way: BTreeMap::new(),
            told: BTreeMap::new(),
            orders: BTreeMap::new(),
            names: BTreeMap::new(),
            states: BTreeMap::new(),
            merges: Vec::new(),
            events,
            count: 0,
        })
    }

    /// The exchange, for checkers.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    fn number(&mut self) -> u64 {
        self.count = self.count.saturating_add(1);
        self.count
    }

    fn tell(&mut self, at: Nanos, event: VenueEvent) {
        let number = self.number();
        self.told.insert((at, number), event);
    }

    fn ask(&mut self, now: Nanos, command: Command) -> Result<Answer, Refusal> {
        self.exchange.step(now, command, &mut self.events)
    }

    /// Takes what the exchange said at an instant.
    fn collect(&mut self, now: Nanos) {
        for event in core::mem::take(&mut self.events) {
            match event {
                Event::Trade { trade, status } => self.hear_trade(now, trade, status),
                Event::Action { action, status } => self.hear_action(now, action, status),
                Event::At(_)
                | Event::Listed(_)
                | Event::Flagged(_)
                | Event::Level { .. }
                | Event::Top { .. }
                | Event::Traded { .. }
                | Event::Printed { .. }
                | Event::Tick { .. }
                | Event::Resolved(_)
                | Event::Placed(_)
                | Event::Released(_)
                | Event::Updated { .. }
                | Event::Ended { .. }
                | Event::Killed { .. }
                | Event::Balance { .. }
                | Event::HeartbeatLost(_) => {}
            }
        }
    }

    fn hear_trade(&mut self, now: Nanos, ix: TradeIx, status: TradeStatus) {
        let state = match status {
            TradeStatus::Matched | TradeStatus::Mined | TradeStatus::Retrying => {
                TradeState::Provisional
            }
            TradeStatus::Confirmed => TradeState::Confirmed,
            TradeStatus::Failed => TradeState::Failed,
        };
        let Some(trade) = self.exchange.trade(ix).filter(|trade| trade.owner == self.owner) else {
            return;
        };
        let Some(order) = self.names.get(&trade.taker_order).copied() else { return };
        if self.states.insert(ix, state) == Some(state) {
            return;
        }
        let event = VenueEvent::Traded {
            order,
            trade: trade_id(self.config.seed, ix),
            qty: Qty(trade.qty),
            price: trade.price.price(),
            fee: Usdc(i64::try_from(trade.fee).unwrap_or(i64::MAX)),
            state,
        };
        self.tell(now, event);
    }

    fn hear_action(&mut self, now: Nanos, action: ActionIx, status: ActionStatus) {
        let is_done = match status {
            ActionStatus::New | ActionStatus::Mined => return,
            ActionStatus::Confirmed => true,
            ActionStatus::Failed => false,
        };
        if let Some(place) = self.merges.iter().position(|known| *known == action) {
            self.merges.swap_remove(place);
            self.tell(now, VenueEvent::Merged { is_done });
        }
    }

    /// Lets the outside stand where the session sees it, on the side that an attempt takes.
    fn show(&mut self, now: Nanos, attempt: &Attempt, tops: &dyn Tops) {
        let (market, outcome) = attempt.token.split();
        let Some(top) = tops.top(attempt.token) else { return };
        let resting = match attempt.side() {
            Side::Buy => top.ask,
            Side::Sell => top.bid,
        };
        let found = resting.and_then(|(price, qty)| Some((fine(price)?, qty?)));
        let Some((own, qty)) = found else { return self.hide(now, market) };
        // In terms of YES: whoever sells NO at a price buys YES at the rest of the dollar.
        let (side, price) = match (attempt.side(), outcome) {
            (Side::Buy, Outcome::Yes) => (Side::Sell, own),
            (Side::Sell, Outcome::Yes) => (Side::Buy, own),
            (Side::Buy, Outcome::No) => (Side::Buy, own.complement()),
            (Side::Sell, Outcome::No) => (Side::Sell, own.complement()),
        };
        let (token, changed) = (attempt.token, top.changed);
        let next = Shown { token, side, price, changed, qty: qty.0 };
        let seen = self.shown.get(&market).copied();
        // No message since: what was taken of it stays taken. A second message of the same instant
        // adds or takes away what it says.
        let qty = match seen.filter(|old| Shown { qty: next.qty, ..*old } == next) {
            Some(old) if old.qty == next.qty => return,
            Some(old) => {
                let left = self.left_at(market, side, price);
                left.saturating_add(next.qty).saturating_sub(old.qty)
            }
            None => {
                self.hide(now, market);
                next.qty
            }
        };
        let level = OutsideLevel { owner: self.outside, market, side, price, qty };
        if self.ask(now, Command::Operate(Operation::Show(level))).is_ok() {
            self.shown.insert(market, next);
        }
    }

    /// What still stands at a level of the YES book.
    fn left_at(&self, market: MarketIx, side: Side, price: Fine) -> u64 {
        let depth = self.exchange.depth(TokenIx::of(market, Outcome::Yes));
        let levels = match side {
            Side::Buy => depth.bids,
            Side::Sell => depth.asks,
        };
        levels.iter().find(|(at, _)| *at == price).map_or(0, |(_, qty)| *qty)
    }

    fn hide(&mut self, now: Nanos, market: MarketIx) {
        if let Some(old) = self.shown.remove(&market) {
            let (side, price) = (old.side, old.price);
            let level = OutsideLevel { owner: self.outside, market, side, price, qty: 0 };
            let _gone = self.ask(now, Command::Operate(Operation::Show(level)));
        }
    }

    fn arrive(&mut self, now: Nanos, intent: &Intent, tops: &dyn Tops) {
        if let Some(sent) = self.orders.get_mut(&intent.order) {
            sent.has_arrived = true;
        }
        let attempt = &intent.attempt;
        self.show(now, attempt, tops);
        let reply = match self.place(now, intent) {
            Ok(ack) => reply_of(&ack, attempt.side()),
            Err(refusal) => refused(refusal),
        };
        self.tell(now, VenueEvent::Replied { order: intent.order, reply });
        self.collect(now);
    }

    fn place(&mut self, now: Nanos, intent: &Intent) -> Result<Ack, Refusal> {
        let attempt = &intent.attempt;
        let price = fine(attempt.limit).ok_or(Refusal::InvalidPayload)?;
        let (maker_amount, taker_amount) =
            limit_amounts(attempt.side(), attempt.order_qty.0, price);
        let order = PlaceOrder {
            hash: intent.hash,
            owner: self.owner,
            account: self.account,
            token: attempt.token,
            side: attempt.side(),
            maker_amount,
            taker_amount,
            order_type: OrderType::Fak,
            is_post_only: false,
            expiration_s: 0,
            sizing: Sizing::Shares,
            signed_for: Spender::Exchange,
        };
        let answer = self.ask(now, Command::Place(order))?;
        let Answer::Placed(ack) = answer else { return Err(Refusal::InvalidPayload) };
        Ok(ack)
    }

    fn evidence(&self, order: OrderIx, hash: OrderHash) -> Evidence {
        match (self.exchange.find_order(&hash), self.orders.get(&order)) {
            (Some(found), _) => match found.status {
                OrderStatus::Delayed | OrderStatus::Live => Evidence::Open,
                OrderStatus::Matched | OrderStatus::Ended(_) => {
                    Evidence::Finished { matched: Qty(found.cum_qty) }
                }
            },
            (None, Some(sent)) if sent.has_arrived => Evidence::Finished { matched: Qty::ZERO },
            (None, _) => Evidence::Absent,
        }
    }

    /// The market whose two tokens a set consists of.
    fn market_of(&self, set: SetIx) -> Option<MarketIx> {
        let legs = self.sets.get(usize::try_from(set.0).ok()?)?;
        let [first, second] = legs.as_slice() else { return None };
        let ((market, one), (other, two)) = (first.split(), second.split());
        (market == other && one != two).then_some(market)
    }
}

impl Gateway for LocalGateway {
    fn define(&mut self, universe: &Universe) {
        let known = self.exchange.markets().len();
        for (number, market) in universe.markets().iter().enumerate().skip(known) {
            let spec = Box::new(spec_of(number, market));
            let _listed = self.ask(self.exchange.now(), Command::AddMarket(spec));
        }
        self.sets = universe.sets().iter().map(|set| set.legs.clone()).collect();
        self.events.clear();
    }

    fn hash(&mut self, _order: OrderIx, attempt: &Attempt) -> OrderHash {
        order_hash(self.config.seed, attempt)
    }

    fn send(&mut self, now: Nanos, intent: &Intent, _bucket: Bucket, _tops: &dyn Tops) {
        let (order, at) = (intent.order, later(now, self.config.latency));
        if self.orders.get(&order).is_some_and(|before| before.hash == intent.hash) {
            return self.tell(at, VenueEvent::Replied { order, reply: Reply::Unknown });
        }
        self.orders.insert(order, Sent { hash: intent.hash, has_arrived: false });
        self.names.insert(intent.hash, order);
        let number = self.number();
        self.on_way.insert((at, number), Errand::Order(*intent));
    }

    fn cancel(&mut self, now: Nanos, _order: OrderIx, hash: OrderHash) {
        let scope = CancelScope::Orders(vec![hash]);
        let _canceled = self.ask(now, Command::Cancel(self.owner, scope));
        self.collect(now);
    }

    fn query(&mut self, now: Nanos, order: OrderIx, hash: OrderHash) {
        let number = self.number();
        let at = later(now, self.config.latency);
        self.on_way.insert((at, number), Errand::Question(order, hash));
    }

    fn merge(&mut self, now: Nanos, set: SetIx, qty: Qty) {
        let asked = self.market_of(set).map(|market| Action::Merge(market, qty.0));
        let answer = asked.map(|action| self.ask(now, Command::Act(self.account, action)));
        if let Some(Ok(Answer::Action(action))) = answer {
            self.merges.push(action);
        } else {
            let at = later(now, self.config.settle);
            self.tell(at, VenueEvent::Merged { is_done: false });
        }
        self.collect(now);
    }

    fn query_merge(&mut self, now: Nanos, _set: SetIx, _qty: Qty) {
        // It lives no longer than its session, so it knows nothing of what was before.
        self.tell(later(now, self.config.latency), VenueEvent::MergeUnknown);
    }

    fn reconcile(&mut self, now: Nanos) {
        self.tell(later(now, self.config.latency), VenueEvent::Reconciled);
    }

    fn next_due(&self) -> Option<Nanos> {
        let said = self.told.first_key_value().map(|((at, _), _)| *at);
        let arrival = self.on_way.first_key_value().map(|((at, _), _)| *at);
        [said, arrival, self.exchange.due()].into_iter().flatten().min()
    }

    fn poll(&mut self, now: Nanos, tops: &dyn Tops) -> Option<(Nanos, VenueEvent)> {
        loop {
            let next = self.next_due().filter(|next| *next <= now)?;
            if self.exchange.due() == Some(next) {
                let _woken = self.ask(next, Command::Wake);
                self.collect(next);
            } else if let Some(first) = self.on_way.first_entry().filter(|it| it.key().0 == next) {
                match first.remove() {
                    Errand::Order(intent) => self.arrive(next, &intent, tops),
                    Errand::Question(order, hash) => {
                        let evidence = self.evidence(order, hash);
                        self.tell(next, VenueEvent::Found { order, evidence });
                    }
                }
            } else {
                return self.told.pop_first().map(|((at, _), event)| (at, event));
            }
        }
    }
}

const fn later(now: Nanos, by: Nanos) -> Nanos {
    Nanos(now.0.saturating_add(by.0))
}

/// A match is final after half of the time to its block and half behind it.
fn course(config: &LocalConfig) -> Config {
    let half = Nanos(config.settle.0 >> 1);
    let rest = Nanos(config.settle.0.saturating_sub(half.0));
    let mut course = Config::new(config.seed);
    course.settlement.mine = Delay::Fixed(half);
    course.settlement.confirm = Delay::Fixed(rest);
    course.settlement.action = Delay::Fixed(config.settle);
    course
}

/// A market as the exchange lists it: plain, ids of its own, closed where its fees are unknown.
fn spec_of(number: usize, market: &MarketDef) -> MarketSpec {
    let is_priced = market.fees != Fees::Unknown;
    let first = number.saturating_mul(2);
    let token = |side: usize| format!("7{:076}", first.saturating_add(side));
    MarketSpec {
        condition_id: format!("0x{:064x}", number.saturating_add(1)).into_boxed_str(),
        token_ids: [token(0).into_boxed_str(), token(1).into_boxed_str()],
        outcomes: ["Yes".into(), "No".into()],
        tick: market.tick,
        min_order_qty: market.min_order_qty,
        fees: if is_priced { market.fees } else { Fees::Free },
        group: None,
        protocol: Protocol::V1,
        has_dynamic_tick: false,
        taker_delay: Nanos(0),
        game_start: None,
        clears_book_on_start: false,
        flags: Flags { accepts_orders: is_priced, ..Flags::OPEN },
    }
}

/// A price on the finest grid; `None` for one between its steps.
fn fine(price: Price) -> Option<Fine> {
    let micros = price.micros();
    let steps = micros.checked_div(FINE_MICROS)?;
    (micros.is_multiple_of(FINE_MICROS)).then_some(Fine(u16::try_from(steps).ok()?))
}

fn reply_of(ack: &Ack, side: Side) -> Reply {
    match (ack.status, side) {
        (AckStatus::Live, _) => Reply::Live,
        (AckStatus::Delayed, _) => Reply::Delayed,
        (AckStatus::Matched, Side::Buy) => Reply::Matched(Qty(ack.taking)),
        (AckStatus::Matched, Side::Sell) => Reply::Matched(Qty(ack.making)),
    }
}

/// What a refusal proves, as the shell classifies its text.
const fn refused(refusal: Refusal) -> Reply {
    match refusal {
        Refusal::Banned(_) | Refusal::ClosedOnly(_) => Reply::RefusedAccount,
        Refusal::NotReady | Refusal::InvalidMarket => Reply::RefusedMarket,
        Refusal::Duplicated { .. } | Refusal::Restarting => Reply::Unknown,
        Refusal::InvalidPayload
        | Refusal::OwnerMismatch
        | Refusal::VersionMismatch
        | Refusal::TooManyOrders { .. }
        | Refusal::TooManyCancels { .. }
        | Refusal::PostOnlyCrosses
        | Refusal::Tick { .. }
        | Refusal::Size { .. }
        | Refusal::Accuracy { .. }
        | Refusal::Balance { .. }
        | Refusal::Allowance { .. }
        | Refusal::Expiration
        | Refusal::FokKilled
        | Refusal::FakKilled
        | Refusal::MarketableMinimum { .. }
        | Refusal::PostOnlyMode
        | Refusal::CancelOnlyMode
        | Refusal::Disabled
        | Refusal::HeartbeatId { .. }
        | Refusal::WalletBusy
        | Refusal::Setup(_) => Reply::RefusedOrder,
    }
}
