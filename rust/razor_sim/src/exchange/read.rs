//! Looking at the exchange: what REST answers, frames and checkers are made from.
//!
//! Nothing here changes anything. Lists are in a fixed order: markets, accounts and trades as they
//! came, open orders of a key oldest first.

use razor_core::book::{BookFacts, book_hash};
use razor_core::ids::{MarketIx, Outcome, Registry, TokenIx};
use razor_core::order::OrderHash;
use razor_core::units::Nanos;
use razor_core::wire::Fine;

use super::refusal::Micros;
use super::treasury::at_wide;
use super::{
    Account, AccountIx, ActionIx, ActionRecord, Asset, Exchange, Fill, Group, GroupIx, Holding,
    Market, Mode, Order, OwnerIx, Slot, Trade, TradeIx, at,
};

/// Levels of one token, best last on both sides, as the wire has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Depth {
    /// Price and micro-shares, ascending.
    pub bids: Vec<(Fine, u64)>,
    /// Price and micro-shares, descending.
    pub asks: Vec<(Fine, u64)>,
}

/// Which open orders to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenFilter {
    /// Of this market.
    pub market: Option<MarketIx>,
    /// Of this token.
    pub token: Option<TokenIx>,
}

/// Which trades to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TradeFilter {
    /// In which this key took or made.
    pub owner: Option<OwnerIx>,
    /// In which this account took or made.
    pub account: Option<AccountIx>,
    /// Of this market.
    pub market: Option<MarketIx>,
    /// In which this token was taken or made.
    pub token: Option<TokenIx>,
    /// Matched at or after this time.
    pub after: Option<Nanos>,
    /// Matched before this time.
    pub before: Option<Nanos>,
}

impl Exchange {
    /// Time of the last step.
    pub const fn now(&self) -> Nanos {
        self.now
    }

    /// Seed it was made with; ids and transaction hashes follow from it.
    pub const fn seed(&self) -> u64 {
        self.config.seed
    }

    /// What the venue does at the moment.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Texts of conditions and tokens with their indices.
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A market.
    pub fn market(&self, ix: MarketIx) -> Option<&Market> {
        self.markets.get(at(ix.0))
    }

    /// All markets in order of listing.
    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    /// A neg-risk group.
    pub fn group(&self, ix: GroupIx) -> Option<&Group> {
        self.groups.get(at(ix.0))
    }

    /// An account.
    pub fn account(&self, ix: AccountIx) -> Option<&Account> {
        self.accounts.get(at(ix.0))
    }

    /// What an account has of an asset.
    pub fn holding(&self, account: AccountIx, asset: Asset) -> Holding {
        self.account(account).map(|it| it.holding(asset)).unwrap_or_default()
    }

    /// Text and account of an API key.
    pub fn owner(&self, ix: OwnerIx) -> Option<(&str, AccountIx)> {
        self.owners.get(at(ix.0)).map(|owner| (&*owner.key, owner.account))
    }

    /// Fees taken so far, micro-dollars.
    pub const fn fees(&self) -> u64 {
        self.fees
    }

    /// The order in a slot.
    pub fn order(&self, slot: Slot) -> Option<&Order> {
        self.orders.at(slot)
    }

    /// The order with this id, open or ended, unless it is forgotten.
    pub fn find_order(&self, hash: &OrderHash) -> Option<&Order> {
        self.orders.find(hash).map(|slot| self.orders.get(slot))
    }

    /// Open and delayed orders of a key, oldest first. Linear in its open orders.
    pub fn open_orders(
        &self,
        owner: OwnerIx,
        filter: OpenFilter,
    ) -> impl Iterator<Item = &Order> + '_ {
        let slots = if at(owner.0) < self.owners.len() { self.open_slots(owner) } else { vec![] };
        slots.into_iter().map(|slot| self.orders.get(slot)).filter(move |order| {
            filter.market.is_none_or(|ix| order.market() == ix)
                && filter.token.is_none_or(|ix| order.token == ix)
        })
    }

    /// Trades in which an order took or made, newest first; those still known.
    pub fn trades_of_order(&self, order: &Order) -> Vec<TradeIx> {
        let mut found = Vec::new();
        let mut next = order.last_fill;
        while let Some(fill) = next.checked_sub(1).and_then(|number| self.trades.fill(number)) {
            found.push(fill.trade);
            next = fill.previous;
        }
        let (first, count) = order.taken;
        found.extend((0..u64::from(count)).rev().map(|number| TradeIx(first.0 + number)));
        found
    }

    /// A trade, unless it is forgotten.
    pub fn trade(&self, ix: TradeIx) -> Option<&Trade> {
        self.trades.get(ix)
    }

    /// What each maker gave in a trade.
    pub fn fills(&self, trade: &Trade) -> impl Iterator<Item = &Fill> + '_ {
        self.trades.fills_of(trade)
    }

    /// Known trades in order of matching, from either end. Linear in the known trades.
    pub fn trades(
        &self,
        filter: TradeFilter,
    ) -> impl DoubleEndedIterator<Item = (TradeIx, &Trade)> + '_ {
        self.trades.iter().filter(move |(_, trade)| self.passes(trade, &filter))
    }

    fn passes(&self, trade: &Trade, filter: &TradeFilter) -> bool {
        let took_or_made = |took: bool, made: &dyn Fn(&Fill) -> bool| {
            took || self.trades.fills_of(trade).any(made)
        };
        filter.market.is_none_or(|ix| trade.token.split().0 == ix)
            && filter.after.is_none_or(|from| trade.matched_at >= from)
            && filter.before.is_none_or(|to| trade.matched_at < to)
            && filter
                .owner
                .is_none_or(|ix| took_or_made(trade.owner == ix, &|fill| fill.owner == ix))
            && filter
                .account
                .is_none_or(|ix| took_or_made(trade.account == ix, &|fill| fill.account == ix))
            && filter
                .token
                .is_none_or(|ix| took_or_made(trade.token == ix, &|fill| fill.token == ix))
    }

    /// An on-chain action.
    pub fn action(&self, ix: ActionIx) -> Option<&ActionRecord> {
        self.actions.get(at_wide(ix.0))
    }

    /// Best bid and ask of a token.
    pub fn top(&self, token: TokenIx) -> (Option<Fine>, Option<Fine>) {
        let (market, outcome) = token.split();
        let Some(market) = self.market(market) else { return (None, None) };
        let (bid, ask) = market.book.top();
        match outcome {
            Outcome::Yes => (bid, ask),
            Outcome::No => (ask.map(Fine::complement), bid.map(Fine::complement)),
        }
    }

    /// All levels of a token.
    pub fn depth(&self, token: TokenIx) -> Depth {
        let (market, outcome) = token.split();
        let Some(market) = self.market(market) else { return Depth::default() };
        let plain = |levels: &[super::book::Level]| {
            levels.iter().map(|level| (level.price, level.qty)).collect()
        };
        let mirrored = |levels: &[super::book::Level]| {
            levels.iter().map(|level| (level.price.complement(), level.qty)).collect()
        };
        let book = &market.book;
        match outcome {
            Outcome::Yes => Depth { bids: plain(&book.bids), asks: plain(&book.asks) },
            Outcome::No => Depth { bids: mirrored(&book.asks), asks: mirrored(&book.bids) },
        }
    }

    /// Last price of a market as texts show it, in terms of YES for both tokens, as the venue's
    /// `/last-trade-price` answers; empty when it never traded.
    pub fn last_price(&self, market: MarketIx) -> String {
        let last = self.market(market).and_then(|market| market.last);
        last.map(|(price, _)| Micros::from(price.price()).to_string()).unwrap_or_default()
    }

    /// The venue's hash of a token's book at a venue time (PROTOCOL §3.2): 40 hex digits.
    ///
    /// Serialises the whole book: microseconds.
    pub fn book_hash(&self, token: TokenIx, venue_ts_ms: u64) -> [u8; 40] {
        let (ix, _) = token.split();
        let Some(market) = self.market(ix) else { return [b'0'; 40] };
        let depth = self.depth(token);
        let last = self.last_price(ix);
        let facts = BookFacts {
            market: market.spec.condition_id.as_bytes(),
            asset_id: self.registry.token_text(token).unwrap_or_default(),
            venue_ts_ms,
            min_order_qty: market.spec.min_order_qty,
            tick: market.tick,
            neg_risk: market.spec.group.is_some(),
            last_trade_price: last.as_bytes(),
        };
        book_hash(&facts, depth.bids.iter().copied(), depth.asks.iter().copied())
    }
}
