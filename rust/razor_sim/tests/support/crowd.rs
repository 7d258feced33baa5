//! A world to drive in a test: an exchange with its crowd, and a client of ours beside it.

#![allow(dead_code, reason = "each test program uses a part of it")]

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::market::Fees;
use razor_core::order::{OrderHash, Side};
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::Fine;
use razor_sim::crowd::{Crowd, CrowdPlan, PlantPlan, Planted, advance};
use razor_sim::exchange::{
    AccountIx, Ack, Address, Command, Config, Event, Exchange, GroupIx, Operation, OrderType,
    OwnerIx, PlaceOrder, Refusal, Reply, Sizing, TradeIx, limit_amounts,
};

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const START: i64 = 1_800_000_000 * SECOND;
pub(crate) const SHARE: u64 = 1_000_000;
pub(crate) const DOLLAR: u32 = 1_000_000;

/// An exchange with its crowd, and what was told since the last look.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) exchange: Exchange,
    pub(crate) crowd: Crowd,
    pub(crate) events: Vec<Event>,
}

impl World {
    pub(crate) fn new(plan: CrowdPlan) -> Self {
        // What has ended is soon forgotten: the audit looks at all that is known.
        Self::on(plan, Config { ended_orders: 1_000, final_trades: 100, ..Config::new(11) })
    }

    pub(crate) fn on(plan: CrowdPlan, config: Config) -> Self {
        let mut exchange = Exchange::new(config);
        let mut events = Vec::new();
        let crowd = Crowd::open(plan, Nanos(START), &mut exchange, &mut events).expect("world");
        exchange.audit().expect("sound");
        Self { exchange, crowd, events }
    }

    /// One instant not later than `until`.
    pub(crate) fn next(&mut self, until: Nanos) -> Option<Nanos> {
        self.events.clear();
        advance(&mut self.exchange, &mut self.crowd, until, &mut self.events)
    }

    pub(crate) fn run(&mut self, until: Nanos) {
        while self.next(until).is_some() {}
    }

    /// The best prices of a group's YES tokens added up: asks, then bids; none of a side with a
    /// gap.
    pub(crate) fn sums(&self, group: GroupIx) -> [Option<u32>; 2] {
        let markets = &self.exchange.group(group).expect("group").markets;
        let tops: Vec<_> = markets.iter().map(|market| self.exchange.top(yes(*market))).collect();
        let asks = tops.iter().map(|top| top.1.map(|price| price.price().micros())).sum();
        let bids = tops.iter().map(|top| top.0.map(|price| price.price().micros())).sum();
        [asks, bids]
    }

    /// A wallet of ours with a million dollars.
    pub(crate) fn client(&mut self, at: Nanos) -> Client {
        let open = Command::OpenAccount { address: Address([7; 20]), is_approved: true };
        let Ok(Reply::Account(account)) = self.step(at, open) else { panic!("account") };
        let add = Command::AddOwner { key: "ours".into(), account };
        let Ok(Reply::Owner(owner)) = self.step(at, add) else { panic!("owner") };
        let fund = Operation::Deposit(account, 1_000_000 * SHARE);
        self.step(at, Command::Operate(fund)).expect("funds");
        Client { account, owner, orders: 0 }
    }

    pub(crate) fn step(&mut self, at: Nanos, command: Command) -> Result<Reply, Refusal> {
        self.exchange.step(at, command, &mut self.events)
    }

    /// An order of ours for so many shares at a limit.
    pub(crate) fn send(
        &mut self,
        client: &mut Client,
        at: Nanos,
        place: (TokenIx, Side, Fine),
        qty: u64,
    ) -> Result<Ack, Refusal> {
        let (token, side, price) = place;
        let (maker_amount, taker_amount) = limit_amounts(side, qty, price);
        client.orders += 1;
        let mut hash = [9; 32];
        hash[..8].copy_from_slice(&client.orders.to_be_bytes());
        let market = self.exchange.market(token.split().0).expect("market");
        let order = PlaceOrder {
            hash: OrderHash(hash),
            owner: client.owner,
            account: client.account,
            token,
            side,
            maker_amount,
            taker_amount,
            order_type: OrderType::Gtc,
            is_post_only: false,
            expiration_s: 0,
            sizing: Sizing::Shares,
            signed_for: market.spec.exchange(),
        };
        match self.step(at, Command::Place(order))? {
            Reply::Placed(ack) => Ok(ack),
            other => panic!("{other:?}"),
        }
    }

    /// Buys so many shares of each leg at the planted prices, of rich bids by buying NO; the shares
    /// of each and the dollars, fee included.
    pub(crate) fn execute(&mut self, at: Nanos, set: &Planted, qty: u64) -> Vec<(u64, u64)> {
        let mut client = self.client(at);
        let legs = set.legs.iter().zip(&set.prices);
        legs.map(|(leg, price)| {
            let yes = self.exchange.registry().token(leg.as_bytes()).expect("token");
            let (token, price) = match set.side {
                Side::Sell => (yes, *price),
                Side::Buy => (TokenIx::of(yes.split().0, Outcome::No), price.complement()),
            };
            let ack = self.send(&mut client, at, (token, Side::Buy, price), qty);
            let ack = ack.unwrap_or_else(|refusal| panic!("{refusal} in {set:?}"));
            let trades = (0..u64::from(ack.trades)).map(|it| TradeIx(ack.first_trade.0 + it));
            let fees = trades.map(|trade| self.exchange.trade(trade).expect("new").fee);
            (ack.taking, ack.making + fees.sum::<u64>())
        })
        .collect()
    }
}

/// A wallet of ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) account: AccountIx,
    pub(crate) owner: OwnerIx,
    pub(crate) orders: u64,
}

pub(crate) fn yes(market: MarketIx) -> TokenIx {
    TokenIx::of(market, Outcome::Yes)
}

pub(crate) fn at(seconds: i64) -> Nanos {
    Nanos(START + seconds * SECOND)
}

pub(crate) fn groups(world: &World) -> Vec<GroupIx> {
    (0..100).map(GroupIx).filter(|ix| world.exchange.group(*ix).is_some()).collect()
}

/// Small and large grids, free and dear markets, plants often and of both kinds.
pub(crate) fn plan(seed: u64) -> CrowdPlan {
    let tick = |micros| TickSize::from_micros(micros).expect("tick");
    CrowdPlan {
        ticks: vec![TickSize::CENT, tick(1_000), tick(2_500), tick(100)],
        fees: vec![
            Fees::Taker { rate_ppm: 40_000, exponent: 1 },
            Fees::Free,
            Fees::Taker { rate_ppm: 70_000, exponent: 2 },
        ],
        min_order_qtys: vec![Qty(5 * SHARE), Qty(15 * SHARE)],
        plants: Some(PlantPlan { bids_percent: 40, ..PlantPlan::new() }),
        ..CrowdPlan::new(seed)
    }
}
