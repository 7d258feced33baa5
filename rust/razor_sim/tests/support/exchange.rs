//! A small exchange to place orders on: every step is audited.

#![allow(dead_code, reason = "each test program uses a part of it")]

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::market::Fees;
use razor_core::order::{OrderHash, Side};
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::Fine;
use razor_sim::exchange::{
    AccountIx, Ack, Action, ActionIx, Address, Asset, CancelScope, Canceled, Command, Config,
    Delay, Event, Exchange, Flags, GroupIx, MarketSpec, Operation, Order, OrderStatus, OrderType,
    OwnerIx, PlaceOrder, Protocol, Refusal, Reply, Settlement, Sizing, Spender, Trade, TradeIx,
    TradeStatus, limit_amounts, market_amounts,
};

pub(crate) const SECOND: i64 = 1_000_000_000;
/// Where time begins, in seconds.
pub(crate) const START_S: i64 = 1_800_000_000;
/// One share or one dollar.
pub(crate) const ONE: u64 = 1_000_000;

/// A wallet with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trader {
    pub(crate) account: AccountIx,
    pub(crate) owner: OwnerIx,
}

/// An exchange with its events and its clock.
pub(crate) struct Bench {
    pub(crate) exchange: Exchange,
    /// Events of the last step.
    pub(crate) events: Vec<Event>,
    pub(crate) now: i64,
    hashes: u64,
}

/// Fixed delays: a second to the block, two more to finality, three between tries, one for actions.
pub(crate) fn config() -> Config {
    let after = |seconds: i64| Delay::Fixed(Nanos(seconds * SECOND));
    let plain = Config::new(1);
    let settlement = Settlement {
        mine: after(1),
        confirm: after(2),
        retry: after(3),
        action: after(1),
        ..plain.settlement
    };
    Config { settlement, ..plain }
}

pub(crate) fn spec(number: u64) -> MarketSpec {
    MarketSpec {
        condition_id: format!("0x{number:064x}").into(),
        token_ids: [
            format!("7{number:075}1").into_boxed_str(),
            format!("7{number:075}2").into_boxed_str(),
        ],
        outcomes: ["Yes".into(), "No".into()],
        tick: TickSize::CENT,
        min_order_qty: Qty(5 * ONE),
        fees: Fees::Free,
        group: None,
        protocol: Protocol::V1,
        has_dynamic_tick: true,
        taker_delay: Nanos(0),
        game_start: None,
        clears_book_on_start: false,
        flags: Flags::OPEN,
    }
}

pub(crate) fn yes(market: u32) -> TokenIx {
    TokenIx::of(MarketIx(market), Outcome::Yes)
}

pub(crate) fn no(market: u32) -> TokenIx {
    TokenIx::of(MarketIx(market), Outcome::No)
}

/// A GTC order of whole shares at so many ten-thousandths.
pub(crate) fn limit(
    trader: Trader,
    token: TokenIx,
    side: Side,
    price: u16,
    shares: u64,
) -> PlaceOrder {
    let (maker_amount, taker_amount) = limit_amounts(side, shares * ONE, Fine(price));
    PlaceOrder {
        hash: OrderHash([0; 32]),
        owner: trader.owner,
        account: trader.account,
        token,
        side,
        maker_amount,
        taker_amount,
        order_type: OrderType::Gtc,
        is_post_only: false,
        expiration_s: 0,
        sizing: Sizing::Shares,
        signed_for: Spender::Exchange,
    }
}

pub(crate) fn buy(trader: Trader, token: TokenIx, price: u16, shares: u64) -> PlaceOrder {
    limit(trader, token, Side::Buy, price, shares)
}

pub(crate) fn sell(trader: Trader, token: TokenIx, price: u16, shares: u64) -> PlaceOrder {
    limit(trader, token, Side::Sell, price, shares)
}

/// A FOK or FAK order: micro-dollars to spend or micro-shares to sell.
pub(crate) fn market(
    trader: Trader,
    token: TokenIx,
    side: Side,
    price: u16,
    amount: u64,
    order_type: OrderType,
) -> PlaceOrder {
    let (maker_amount, taker_amount) = market_amounts(side, amount, Fine(price), TickSize::CENT);
    let plain = limit(trader, token, side, price, 0);
    PlaceOrder { maker_amount, taker_amount, order_type, ..plain }
}

impl Bench {
    pub(crate) fn new(config: Config) -> Self {
        let now = START_S * SECOND;
        Self { exchange: Exchange::new(config), events: Vec::new(), now, hashes: 0 }
    }

    /// Two accounts with 1,000 dollars each, one market.
    pub(crate) fn simple() -> (Self, Trader, Trader) {
        let mut bench = Self::new(config());
        bench.list(spec(0));
        let (ann, bob) = (bench.trader(1_000), bench.trader(1_000));
        (bench, ann, bob)
    }

    pub(crate) fn step(&mut self, command: Command) -> Result<Reply, Refusal> {
        self.events.clear();
        let reply = self.exchange.step(Nanos(self.now), command, &mut self.events);
        self.exchange.audit().expect("sound");
        reply
    }

    pub(crate) fn operate(&mut self, operation: Operation) {
        let reply = self.step(Command::Operate(operation));
        assert_eq!(reply, Ok(Reply::Done), "{operation:?}");
    }

    pub(crate) fn list(&mut self, spec: MarketSpec) -> MarketIx {
        match self.step(Command::AddMarket(Box::new(spec))) {
            Ok(Reply::Market(market)) => market,
            other => panic!("{other:?}"),
        }
    }

    /// A neg-risk group of so many markets.
    pub(crate) fn group(&mut self, markets: u64) -> GroupIx {
        let key = "0xgroup".into();
        let Ok(Reply::Group(group)) = self.step(Command::AddGroup { key, is_augmented: false })
        else {
            panic!("no group")
        };
        for number in 0..markets {
            self.list(MarketSpec { group: Some(group), ..spec(1_000 + number) });
        }
        group
    }

    /// An account with everything approved and so many dollars.
    pub(crate) fn trader(&mut self, dollars: u64) -> Trader {
        let address = Address([u8::try_from(self.hashes % 200).expect("small"); 20]);
        let open = Command::OpenAccount { address, is_approved: true };
        let Ok(Reply::Account(account)) = self.step(open) else { panic!("no account") };
        let key = format!("key-{}", account.0).into();
        let Ok(Reply::Owner(owner)) = self.step(Command::AddOwner { key, account }) else {
            panic!("no key")
        };
        if dollars > 0 {
            self.operate(Operation::Deposit(account, dollars * ONE));
        }
        Trader { account, owner }
    }

    /// Places an order; one without a hash gets the next.
    pub(crate) fn place(&mut self, order: PlaceOrder) -> Result<Ack, Refusal> {
        let order = self.named(order);
        match self.step(Command::Place(order))? {
            Reply::Placed(ack) => Ok(ack),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn named(&mut self, order: PlaceOrder) -> PlaceOrder {
        if order.hash != OrderHash([0; 32]) {
            return order;
        }
        self.hashes += 1;
        PlaceOrder { hash: hash(self.hashes), ..order }
    }

    pub(crate) fn cancel(&mut self, trader: Trader, scope: CancelScope) -> Canceled {
        match self.step(Command::Cancel(trader.owner, scope)) {
            Ok(Reply::Canceled(canceled)) => canceled,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn act(&mut self, trader: Trader, action: Action) -> Result<ActionIx, Refusal> {
        match self.step(Command::Act(trader.account, action))? {
            Reply::Action(action) => Ok(action),
            other => panic!("{other:?}"),
        }
    }

    /// Gives a trader so many shares of both tokens, for as many dollars.
    pub(crate) fn split(&mut self, trader: Trader, market: u32, shares: u64) {
        self.act(trader, Action::Split(MarketIx(market), shares * ONE)).expect("sent");
        self.pass(60);
    }

    /// Lets seconds pass.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += seconds * SECOND;
        self.step(Command::Wake).expect("time passes");
    }

    pub(crate) fn cash(&self, trader: Trader) -> u64 {
        self.exchange.holding(trader.account, Asset::Collateral).balance
    }

    pub(crate) fn shares(&self, trader: Trader, token: TokenIx) -> u64 {
        self.exchange.holding(trader.account, Asset::Token(token)).balance
    }

    pub(crate) fn open(&self, trader: Trader, asset: Asset) -> u64 {
        self.exchange.holding(trader.account, asset).open
    }

    pub(crate) fn order(&self, ack: &Ack) -> Order {
        *self.exchange.find_order(&ack.hash).expect("known")
    }

    pub(crate) fn status(&self, ack: &Ack) -> OrderStatus {
        self.order(ack).status
    }

    pub(crate) fn trade(&self, number: u64) -> Trade {
        *self.exchange.trade(TradeIx(number)).expect("known")
    }

    pub(crate) fn trade_status(&self, number: u64) -> TradeStatus {
        self.trade(number).status
    }
}

pub(crate) fn hash(number: u64) -> OrderHash {
    let mut bytes = [0x5A; 32];
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    OrderHash(bytes)
}
