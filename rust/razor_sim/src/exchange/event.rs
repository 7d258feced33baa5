//! What happened, in the order in which it happened.
//!
//! Events carry what changes later; what never changes (an order's token, a trade's makers) is read
//! from the exchange by the index they name. A frame of the market channel is made from all events
//! behind one [`Event::At`], before the next command.

use razor_core::ids::{MarketIx, TokenIx};
use razor_core::order::{OrderHash, Side};
use razor_core::units::{Nanos, TickSize};
use razor_core::wire::Fine;

use super::chain::TradeStatus;
use super::orders::CancelReason;
use super::treasury::ActionStatus;
use super::{AccountIx, ActionIx, Asset, OrderType, OwnerIx, Slot, TradeIx};

/// One thing that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// All that follows happened at this time.
    At(Nanos),
    /// A market was listed: `new_market`.
    Listed(MarketIx),
    /// Its flags changed.
    Flagged(MarketIx),
    /// A level has a new total: one `price_change` with two entries. The side is that of the YES
    /// book; the NO token shows the other side at `1 − price`.
    Level {
        /// Market.
        market: MarketIx,
        /// Side of the YES book.
        side: Side,
        /// Price in the YES book.
        price: Fine,
        /// New total in micro-shares, 0 when the level is gone.
        qty: u64,
    },
    /// Best prices of the YES book after the command, if they changed: `best_bid_ask`.
    Top {
        /// Market.
        market: MarketIx,
        /// Best bid.
        bid: Option<Fine>,
        /// Best ask.
        ask: Option<Fine>,
    },
    /// A trade printed: `last_trade_price`, followed by the two `book` messages.
    Traded {
        /// Trade.
        trade: TradeIx,
        /// Token of the taker.
        token: TokenIx,
        /// Way of the taker.
        side: Side,
        /// Price in the taker's token.
        price: Fine,
        /// Micro-shares.
        qty: u64,
    },
    /// A trade of the world outside printed: `last_trade_price` and the two `book` messages. No
    /// account here took part in it.
    Printed {
        /// Token of the taker.
        token: TokenIx,
        /// Way of the taker as told.
        side: Side,
        /// Price in the taker's token.
        price: Fine,
        /// Micro-shares.
        qty: u64,
    },
    /// The grid changed: `tick_size_change` for both tokens.
    Tick {
        /// Market.
        market: MarketIx,
        /// Before.
        old: TickSize,
        /// From now on.
        new: TickSize,
    },
    /// The market is resolved: `market_resolved`.
    Resolved(MarketIx),
    /// User channel: an order was taken in (PLACEMENT).
    Placed(Slot),
    /// User channel: the delay window of an order ended; it matched or rests now (UPDATE).
    Released(Slot),
    /// User channel: an order matched (UPDATE).
    Updated {
        /// Order.
        slot: Slot,
        /// Trade that changed it.
        trade: TradeIx,
        /// Shares matched so far.
        cum_qty: u64,
    },
    /// User channel: an order ended before it was filled (CANCELLATION).
    Ended {
        /// Order.
        slot: Slot,
        /// Why.
        reason: CancelReason,
        /// Shares matched before.
        cum_qty: u64,
    },
    /// User channel: a FOK or FAK order was refused at the book. It is not kept.
    Killed {
        /// Its id.
        hash: OrderHash,
        /// Key that sent it.
        owner: OwnerIx,
        /// Token.
        token: TokenIx,
        /// Way.
        side: Side,
        /// Limit in its token.
        price: Fine,
        /// Shares ordered.
        qty: u64,
        /// FOK or FAK.
        order_type: OrderType,
    },
    /// User channel: a trade has a new status.
    Trade {
        /// Trade.
        trade: TradeIx,
        /// Status from now on.
        status: TradeStatus,
    },
    /// An on-chain action has a new status.
    Action {
        /// Action.
        action: ActionIx,
        /// Status from now on.
        status: ActionStatus,
    },
    /// A balance on chain changed.
    Balance {
        /// Account.
        account: AccountIx,
        /// Asset.
        asset: Asset,
        /// Micro units from now on.
        balance: u64,
    },
    /// The heartbeat of a key stopped; its orders end now.
    HeartbeatLost(OwnerIx),
}

impl Event {
    /// Market that was listed, flagged, resolved or given another grid.
    pub fn changed_market(&self) -> Option<MarketIx> {
        match *self {
            Self::Listed(market)
            | Self::Flagged(market)
            | Self::Resolved(market)
            | Self::Tick { market, .. } => Some(market),
            Self::At(_)
            | Self::Level { .. }
            | Self::Top { .. }
            | Self::Traded { .. }
            | Self::Printed { .. }
            | Self::Placed(_)
            | Self::Released(_)
            | Self::Updated { .. }
            | Self::Ended { .. }
            | Self::Killed { .. }
            | Self::Trade { .. }
            | Self::Action { .. }
            | Self::Balance { .. }
            | Self::HeartbeatLost(_) => None,
        }
    }

    /// Market of an event that the market channel tells of.
    pub fn market(&self) -> Option<MarketIx> {
        match *self {
            Self::Level { market, .. } | Self::Top { market, .. } | Self::Tick { market, .. } => {
                Some(market)
            }
            Self::Traded { token, .. } | Self::Printed { token, .. } => Some(token.split().0),
            Self::Listed(market) | Self::Flagged(market) | Self::Resolved(market) => Some(market),
            Self::At(_)
            | Self::Placed(_)
            | Self::Released(_)
            | Self::Updated { .. }
            | Self::Ended { .. }
            | Self::Killed { .. }
            | Self::Trade { .. }
            | Self::Action { .. }
            | Self::Balance { .. }
            | Self::HeartbeatLost(_) => None,
        }
    }
}
