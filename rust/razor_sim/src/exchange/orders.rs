//! Orders: one table, found by hash, linked into their level's queue and their key's list.
//!
//! Owns: every order from its acceptance until it is forgotten, and the index over their hashes.
//!
//! States, in text:
//!
//! ```text
//! Delayed -> Live | Matched | Ended(Unmatched | NotEnoughBalance | ...)
//! Live    -> Matched | Ended(reason)
//! ```
//!
//! Matched and Ended are final. A FAK order that matched in part is Matched: its rest was never
//! open.
//!
//! Invariants: a slot is reused only after its order is forgotten; an order is forgotten only when
//! it has ended and [`super::Config::ended_orders`] newer ones have ended since.

use std::collections::VecDeque;

use razor_core::order::{OrderHash, Side};
use razor_core::units::Nanos;
use razor_core::wire::Fine;

use razor_core::ids::{MarketIx, Outcome, TokenIx};

use super::terms::cash_ceil;
use super::{AccountIx, Asset, OrderType, OwnerIx, Sizing, Slot, TradeIx, at};

/// No order.
pub(super) const NONE: u32 = u32::MAX;

/// Why an order ended before it was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// Its key asked for it.
    Requested,
    /// A GTD order's time.
    Expired,
    /// Its market is resolved.
    MarketResolved,
    /// The balance no longer covers it.
    NotEnoughBalance,
    /// The key's heartbeat stopped.
    Heartbeat,
    /// The game began and the book was emptied.
    GameStart,
    /// The market's grid no longer has its price.
    OffGrid,
    /// The taker delay ended without a match, for a FOK or FAK order.
    Unmatched,
}

impl CancelReason {
    /// The `status` word of the user channel (PROTOCOL §5.2).
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested | Self::Heartbeat | Self::GameStart => "CANCELED",
            Self::Expired => "CANCELED_EXPIRED_ORDER",
            Self::MarketResolved => "CANCELED_MARKET_RESOLVED",
            Self::NotEnoughBalance => "CANCELED_NOT_ENOUGH_BALANCE",
            Self::OffGrid => "INVALID",
            Self::Unmatched => "UNMATCHED",
        }
    }
}

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// In the taker delay window.
    Delayed,
    /// Resting, filled in part or not.
    Live,
    /// Filled, or a FAK order filled in part.
    Matched,
    /// Over, filled in part or not.
    Ended(CancelReason),
}

impl OrderStatus {
    /// Whether it can still match.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Delayed | Self::Live => true,
            Self::Matched | Self::Ended(_) => false,
        }
    }
}

/// One accepted order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub hash: OrderHash,
    /// Counts accepted orders; the time priority within a level.
    pub serial: u64,
    /// API key.
    pub owner: OwnerIx,
    /// Account that pays.
    pub account: AccountIx,
    /// Token.
    pub token: TokenIx,
    /// Way.
    pub side: Side,
    /// Life.
    pub order_type: OrderType,
    /// Bound of a FOK or FAK buy.
    pub sizing: Sizing,
    /// Limit in terms of its token.
    pub price: Fine,
    /// Shares ordered, micro.
    pub qty: u64,
    /// Shares matched, those of failed trades included: so says the venue's API (FAULTS F-48).
    pub cum_qty: u64,
    /// Shares of trades that failed.
    pub voided_qty: u64,
    /// Dollars at the limit, micro: the bound of [`Sizing::Amount`].
    pub cash: u64,
    /// Where it is.
    pub status: OrderStatus,
    /// When it was accepted.
    pub created: Nanos,
    /// Seconds since the epoch, 0 unless GTD.
    pub expiration_s: i64,
    /// First of the trades it took, and their number.
    pub taken: (TradeIx, u32),
    /// What the account's holding has open for it.
    pub(super) held: u64,
    /// Number of its last fill as maker, plus one; 0 is none.
    pub(super) last_fill: u64,
    pub(super) next: u32,
    pub(super) prev: u32,
    pub(super) owner_next: u32,
    pub(super) owner_prev: u32,
}

impl Order {
    /// Shares still wanted.
    pub const fn leaves_qty(&self) -> u64 {
        self.qty.saturating_sub(self.cum_qty)
    }

    /// Its market.
    pub fn market(&self) -> MarketIx {
        self.token.split().0
    }

    /// What it gives.
    pub const fn gives(&self) -> Asset {
        match self.side {
            Side::Buy => Asset::Collateral,
            Side::Sell => Asset::Token(self.token),
        }
    }

    /// What it must be able to give for what is still open.
    pub(super) fn need(&self) -> u64 {
        match self.side {
            Side::Buy => cash_ceil(self.leaves_qty(), self.price),
            Side::Sell => self.leaves_qty(),
        }
    }

    /// Its side and price in the YES book.
    pub(super) fn in_book(&self) -> (Side, Fine) {
        book_terms(self.token, self.side, self.price)
    }
}

/// Side and price in the YES book: a NO order is its mirror.
pub(super) fn book_terms(token: TokenIx, side: Side, price: Fine) -> (Side, Fine) {
    match (token.split().1, side) {
        (Outcome::Yes, _) => (side, price),
        (Outcome::No, Side::Buy) => (Side::Sell, price.complement()),
        (Outcome::No, Side::Sell) => (Side::Buy, price.complement()),
    }
}

/// The table of orders.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    table: Vec<Order>,
    free: Vec<u32>,
    index: Index,
    ended: VecDeque<u32>,
    serial: u64,
}

impl Orders {
    pub(super) fn new() -> Self {
        Self {
            table: Vec::new(),
            free: Vec::new(),
            index: Index::default(),
            ended: VecDeque::new(),
            serial: 0,
        }
    }

    pub(super) fn get(&self, slot: u32) -> &Order {
        &self.table[at(slot)]
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> &mut Order {
        &mut self.table[at(slot)]
    }

    pub(super) fn find(&self, hash: &OrderHash) -> Option<u32> {
        self.index.find(&self.table, hash)
    }

    /// The order in a slot, if it is there.
    pub(super) fn at(&self, slot: Slot) -> Option<&Order> {
        let order = self.table.get(at(slot.0))?;
        (self.find(&order.hash) == Some(slot.0)).then_some(order)
    }

    /// Takes an order in and gives it the next serial.
    pub(super) fn add(&mut self, order: Order) -> u32 {
        self.serial += 1;
        let order = Order { serial: self.serial, ..order };
        let slot = if let Some(slot) = self.free.pop() {
            self.table[at(slot)] = order;
            slot
        } else {
            let slot = u32::try_from(self.table.len()).unwrap_or(NONE);
            self.table.push(order);
            slot
        };
        self.index.insert(&order.hash, slot);
        slot
    }

    pub(super) fn note_ended(&mut self, slot: u32) {
        self.ended.push_back(slot);
    }

    /// Forgets the order that ended last.
    pub(super) fn forget_newest(&mut self) {
        if let Some(slot) = self.ended.pop_back() {
            self.index.remove(&self.table[at(slot)].hash, slot);
            self.free.push(slot);
        }
    }

    /// Serial of the next order.
    pub(super) const fn next_serial(&self) -> u64 {
        self.serial + 1
    }

    /// Forgets the orders that ended first until `keep` are left.
    pub(super) fn forget(&mut self, keep: usize) {
        while self.ended.len() > keep {
            let Some(slot) = self.ended.pop_front() else { return };
            self.index.remove(&self.table[at(slot)].hash, slot);
            self.free.push(slot);
        }
    }

    /// All known orders, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Order)> + '_ {
        self.table
            .iter()
            .zip(0_u32..)
            .map(|(order, slot)| (slot, order))
            .filter(|(slot, order)| self.find(&order.hash) == Some(*slot))
    }
}

const FIRST_PLACES: usize = 64;

/// Hash table over the orders' hashes: linear probing, at most half full, lookup only.
///
/// A place keeps the mixed hash beside the slot, so that growing and removing look at no order.
#[derive(Debug, Clone, Default)]
struct Index {
    places: Vec<Place>,
    used: usize,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    slot: u32,
    mixed: u32,
}

const FREE: Place = Place { slot: NONE, mixed: 0 };

/// The hashes are digests, but tests and worlds send counters too: all words are mixed.
fn mix(hash: &OrderHash) -> u32 {
    let (words, _) = hash.0.as_chunks::<8>();
    let mixed = words.iter().fold(0_u64, |sum, word| {
        let value = (sum ^ u64::from_le_bytes(*word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        value ^ (value >> 29)
    });
    // Ids that count up differ in the top bits alone until here; the places are the low ones.
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    u32::try_from(mixed >> 32).unwrap_or(0)
}

impl Index {
    const fn mask(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }

    fn find(&self, table: &[Order], hash: &OrderHash) -> Option<u32> {
        if self.places.is_empty() {
            return None;
        }
        let mixed = mix(hash);
        let mut ix = at(mixed) & self.mask();
        loop {
            let place = self.places[ix];
            if place.slot == NONE {
                return None;
            }
            if place.mixed == mixed && table[at(place.slot)].hash == *hash {
                return Some(place.slot);
            }
            ix = ix.wrapping_add(1) & self.mask();
        }
    }

    fn insert(&mut self, hash: &OrderHash, slot: u32) {
        if self.places.len() <= self.used * 2 {
            let size = (self.places.len() * 2).max(FIRST_PLACES);
            let old = core::mem::replace(&mut self.places, vec![FREE; size]);
            for place in old.into_iter().filter(|place| place.slot != NONE) {
                self.put(place);
            }
        }
        self.put(Place { slot, mixed: mix(hash) });
        self.used += 1;
    }

    fn put(&mut self, place: Place) {
        let mut ix = at(place.mixed) & self.mask();
        while self.places[ix].slot != NONE {
            ix = ix.wrapping_add(1) & self.mask();
        }
        self.places[ix] = place;
    }

    /// Takes a slot out and moves those behind it up, so that no probe ends too soon.
    fn remove(&mut self, hash: &OrderHash, slot: u32) {
        let mut gap = at(mix(hash)) & self.mask();
        while self.places[gap].slot != slot {
            gap = gap.wrapping_add(1) & self.mask();
        }
        let mut ix = gap;
        loop {
            ix = ix.wrapping_add(1) & self.mask();
            let moved = self.places[ix];
            if moved.slot == NONE {
                break;
            }
            let behind_home = ix.wrapping_sub(at(moved.mixed)) & self.mask();
            let behind_gap = ix.wrapping_sub(gap) & self.mask();
            if behind_home >= behind_gap {
                self.places[gap] = moved;
                gap = ix;
            }
        }
        self.places[gap] = FREE;
        self.used -= 1;
    }
}
