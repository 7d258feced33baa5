//! The port to a venue, as the core needs it: requests go out, events come back later.
//!
//! One contract for every gateway (ARCHITECTURE §9): the simulated venue on the virtual clock, the
//! sandbox and the real venue behind the shell. A gateway answers by [`VenueEvent`] alone, each of
//! which is journaled before the engine sees it; it never calls back.
//!
//! Owns: the requests, the events and their bytes in the journal (docs/JOURNAL.md). Must never:
//! decide what an event means, that is [`super::step`]'s.
//!
//! Invariants: decode∘encode is the identity; bytes of another length or tag are refused whole.

use thiserror::Error;

use super::Evidence;
use super::attempt::{Attempt, AttemptKey, OrderHash, OrderIx, Rung, TradeId};
use crate::ids::{SetIx, TokenIx};
use crate::ledger::Fill;
use crate::market::Universe;
use crate::signal::bucket::Bucket;
use crate::units::{Bps, Nanos, Price, Qty, Usdc};

/// What is known of an order before it leaves: everything the shell needs to send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Intent {
    /// Our number of the order.
    pub order: OrderIx,
    /// Hash of the signed order.
    pub hash: OrderHash,
    /// The attempt.
    pub attempt: Attempt,
}

/// What is known of a merge before it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MergeIntent {
    /// The signal whose sets they are.
    pub signal_id: u64,
    /// The set.
    pub set: SetIx,
    /// Whole sets, in micro-sets.
    pub qty: Qty,
}

/// How final a trade is, as a venue tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TradeState {
    /// Matched, mined or retrying.
    Provisional,
    /// Final.
    Confirmed,
    /// Failed for good.
    Failed,
}

/// What an answer to an order said, classified by the shell from the exact text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// Over, this much matched.
    Matched(Qty),
    /// It rests.
    Live,
    /// It is matched later.
    Delayed,
    /// Refused: this order.
    RefusedOrder,
    /// Refused: the market.
    RefusedMarket,
    /// Refused: the account.
    RefusedAccount,
    /// Refused: the rate.
    RefusedRate,
    /// Nothing proven.
    Unknown,
}

/// What a venue can tell the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VenueEvent {
    /// The answer to an order, or its absence.
    Replied {
        /// The order.
        order: OrderIx,
        /// What it said.
        reply: Reply,
    },
    /// A trade of ours.
    Traded {
        /// The order.
        order: OrderIx,
        /// The venue's id of the match.
        trade: TradeId,
        /// Shares.
        qty: Qty,
        /// Price.
        price: Price,
        /// Fee in micro-dollars.
        fee: Usdc,
        /// How final.
        state: TradeState,
    },
    /// The answer to a question about an order.
    Found {
        /// The order.
        order: OrderIx,
        /// What was found.
        evidence: Evidence,
    },
    /// A merge is confirmed, or failed.
    Merged {
        /// Whether it is confirmed.
        is_done: bool,
    },
    /// Nobody can say what became of a merge: the answer to [`Gateway::query_merge`].
    MergeUnknown,
    /// The venue's mode: 0 normal, 1 restarting, 2 post-only, 3 cancel-only, 4 disabled, 5 another
    /// protocol version.
    Mode(u8),
    /// After a restart: everything open was asked about and nothing foreign was found.
    Reconciled,
    /// A simulated venue says which fault it injected, by its number in FAULTS: for the trail
    /// alone.
    Injected {
        /// The order it struck, if one.
        order: Option<OrderIx>,
        /// Number of the code: 13 is F-13.
        code: u8,
    },
    /// Something on the account is not ours (S-32).
    Foreign,
    /// The journal cannot be trusted with what is written (D-10).
    DurabilityLost,
}

/// What a gateway may read of the market when it fills an order itself; venues of others do not.
pub trait Tops {
    /// Best bid and ask with their sizes, and when they last changed; `None` without a usable book.
    fn top(&self, token: TokenIx) -> Option<MarketTop>;
}

/// The top of a token's book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MarketTop {
    /// Best bid and its size; `None` for the size where the source has none.
    pub bid: Option<(Price, Option<Qty>)>,
    /// Best ask and its size.
    pub ask: Option<(Price, Option<Qty>)>,
    /// When a message last changed or confirmed it.
    pub changed: Nanos,
}

/// An order of an earlier process of the run, and what was matched of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastOrder {
    /// What was sent.
    pub intent: Intent,
    /// Its matches that did not fail, by trade id; at least one.
    pub fills: Vec<Fill>,
}

/// A merge of an earlier process of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastMerge {
    /// The set.
    pub set: SetIx,
    /// Sets, in micro-sets.
    pub qty: Qty,
    /// Whether it is confirmed; it is under way otherwise.
    pub is_done: bool,
}

/// What the journal says that a venue did before this process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// Orders with matches, in order of planning.
    pub orders: Vec<PastOrder>,
    /// Merges in order.
    pub merges: Vec<PastMerge>,
}

/// A venue on a clock that somebody else moves.
pub trait Gateway {
    /// The markets of the run, whenever some were added; venues of others know their own.
    fn define(&mut self, _universe: &Universe) {}
    /// What it did for an earlier process of this run, at a restart. Venues that outlive the
    /// process know better and pass over it.
    fn recall(&mut self, _now: Nanos, _past: &Past) {}
    /// The hash an order will have, before it is sent: the same for the same run and attempt.
    fn hash(&mut self, order: OrderIx, attempt: &Attempt) -> OrderHash;
    /// Sends an order whose intent is durable.
    fn send(&mut self, now: Nanos, intent: &Intent, bucket: Bucket, tops: &dyn Tops);
    /// Asks for a cancel.
    fn cancel(&mut self, now: Nanos, order: OrderIx, hash: OrderHash);
    /// Asks for an order, its trades and the balance.
    fn query(&mut self, now: Nanos, order: OrderIx, hash: OrderHash);
    /// Merges whole sets.
    fn merge(&mut self, now: Nanos, set: SetIx, qty: Qty);
    /// Asks what became of a merge whose intent is durable, after a restart. The answer is one
    /// [`VenueEvent::Merged`] or [`VenueEvent::MergeUnknown`]; a merge still under way is told when
    /// it ends, and not twice. Without an answer the settlement deadline stops trading (S-22).
    fn query_merge(&mut self, _now: Nanos, _set: SetIx, _qty: Qty) {}
    /// Asks for everything open on the account, after a restart.
    fn reconcile(&mut self, now: Nanos);
    /// When the next event is due.
    fn next_due(&self) -> Option<Nanos>;
    /// Takes the earliest event due at or before `now`, with its own time. Books may be read for
    /// what arrives at the venue only now.
    fn poll(&mut self, now: Nanos, tops: &dyn Tops) -> Option<(Nanos, VenueEvent)>;
    /// Faults injected since the last call, as [`VenueEvent::Injected`]; none by a real venue.
    fn take_injected(&mut self) -> Vec<VenueEvent> {
        Vec::new()
    }
    /// How often, and how far apart, the `n`-th signal is to be delivered again (F-60).
    fn repeats(&mut self, _n: u64, _now: Nanos) -> Option<(u8, Nanos)> {
        None
    }
}

/// Why bytes are no intent and no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum GatewayError {
    /// Not as many bytes as the tag says.
    #[error("{found} bytes where the form has {expected}; the journal is damaged or foreign")]
    Length {
        /// Bytes of the form.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// A code without a meaning.
    #[error("code {found} of {field} has no meaning; the journal is of a later build or foreign")]
    Code {
        /// Which field.
        field: &'static str,
        /// The byte.
        found: u8,
    },
}

/// Bytes of an intent: order, hash, signal, attempt, leg, rung, token, limit, quantity, budget.
pub const INTENT_BYTES: usize = 80;
/// Bytes of the intent of a merge: signal, quantity, set, four zeros. Its length tells it from that
/// of an order.
pub const MERGE_INTENT_BYTES: usize = 24;
/// Bytes of an event, whatever its tag; what a tag does not use is zero.
pub const EVENT_BYTES: usize = 48;

const NO_BUDGET: i32 = i32::MIN;
const NO_ORDER: OrderIx = OrderIx(u64::MAX);

impl Intent {
    /// The bytes of the journal.
    pub fn encode(&self) -> [u8; INTENT_BYTES] {
        let mut out = [0_u8; INTENT_BYTES];
        let Attempt { key, rung, token, limit, order_qty, budget } = self.attempt;
        out[0..8].copy_from_slice(&self.order.0.to_le_bytes());
        out[8..40].copy_from_slice(&self.hash.0);
        out[40..48].copy_from_slice(&key.signal_id.to_le_bytes());
        out[48..50].copy_from_slice(&key.attempt.to_le_bytes());
        out[50] = key.leg;
        out[51] = rung_code(rung);
        out[52..56].copy_from_slice(&token.0.to_le_bytes());
        out[56..60].copy_from_slice(&limit.micros().to_le_bytes());
        out[60..64].copy_from_slice(&budget.map_or(NO_BUDGET, Bps::raw).to_le_bytes());
        out[64..72].copy_from_slice(&order_qty.0.to_le_bytes());
        out
    }

    /// Reads the bytes of the journal.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, GatewayError> {
        let mut cells = Cells::of(bytes, INTENT_BYTES)?;
        let order = OrderIx(cells.u64());
        let hash = OrderHash(cells.take());
        let signal_id = cells.u64();
        let attempt = u16::from_le_bytes(cells.take());
        let [leg, rung] = cells.take();
        let token = TokenIx(cells.u32());
        let limit = price(cells.u32(), "limit")?;
        let budget = cells.u32().cast_signed();
        let order_qty = Qty(cells.u64());
        let rung = rung_of(rung)?;
        let budget = (budget != NO_BUDGET).then(|| Bps::new(budget));
        let key = AttemptKey { signal_id, leg, attempt };
        let attempt = Attempt { key, rung, token, limit, order_qty, budget };
        Ok(Self { order, hash, attempt })
    }
}

impl MergeIntent {
    /// The bytes of the journal.
    pub fn encode(&self) -> [u8; MERGE_INTENT_BYTES] {
        let mut out = [0_u8; MERGE_INTENT_BYTES];
        out[0..8].copy_from_slice(&self.signal_id.to_le_bytes());
        out[8..16].copy_from_slice(&self.qty.0.to_le_bytes());
        out[16..20].copy_from_slice(&self.set.0.to_le_bytes());
        out
    }

    /// Reads the bytes of the journal.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, GatewayError> {
        let mut cells = Cells::of(bytes, MERGE_INTENT_BYTES)?;
        let (signal_id, qty) = (cells.u64(), Qty(cells.u64()));
        Ok(Self { signal_id, set: SetIx(cells.u32()), qty })
    }
}

impl VenueEvent {
    /// The bytes of the journal.
    pub fn encode(&self) -> [u8; EVENT_BYTES] {
        let mut out = [0_u8; EVENT_BYTES];
        let (tag, code, order, qty) = self.head();
        out[0] = tag;
        out[1] = code;
        out[8..16].copy_from_slice(&order.0.to_le_bytes());
        out[16..24].copy_from_slice(&qty.0.to_le_bytes());
        if let Self::Traded { trade, price, fee, .. } = self {
            out[4..8].copy_from_slice(&price.micros().to_le_bytes());
            out[24..40].copy_from_slice(&trade.0);
            out[40..48].copy_from_slice(&fee.0.to_le_bytes());
        }
        out
    }

    fn head(&self) -> (u8, u8, OrderIx, Qty) {
        let none = (OrderIx::default(), Qty::ZERO);
        match *self {
            Self::Replied { order, reply } => {
                let (code, qty) = reply_code(reply);
                (1, code, order, qty)
            }
            Self::Traded { order, qty, state, .. } => (2, state_code(state), order, qty),
            Self::Found { order, evidence } => {
                let (code, qty) = evidence_code(evidence);
                (3, code, order, qty)
            }
            Self::Merged { is_done } => (4, u8::from(is_done), none.0, none.1),
            Self::MergeUnknown => (4, 2, none.0, none.1),
            Self::Mode(mode) => (5, mode, none.0, none.1),
            Self::Reconciled => (6, 0, none.0, none.1),
            Self::Injected { order, code } => (9, code, order.unwrap_or(NO_ORDER), Qty::ZERO),
            Self::Foreign => (7, 0, none.0, none.1),
            Self::DurabilityLost => (8, 0, none.0, none.1),
        }
    }

    /// Reads the bytes of the journal.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, GatewayError> {
        let mut cells = Cells::of(bytes, EVENT_BYTES)?;
        let [tag, code, _, _] = cells.take();
        let micros = cells.u32();
        let order = OrderIx(cells.u64());
        let qty = Qty(cells.u64());
        let trade = TradeId(cells.take());
        let fee = Usdc(cells.u64().cast_signed());
        match tag {
            1 => Ok(Self::Replied { order, reply: reply_of(code, qty)? }),
            2 => {
                let (price, state) = (price(micros, "price")?, state_of(code)?);
                Ok(Self::Traded { order, trade, qty, price, fee, state })
            }
            3 => Ok(Self::Found { order, evidence: evidence_of(code, qty)? }),
            4 if code <= 1 => Ok(Self::Merged { is_done: code == 1 }),
            4 if code == 2 => Ok(Self::MergeUnknown),
            4 => Err(GatewayError::Code { field: "merge", found: code }),
            5 if code <= 5 => Ok(Self::Mode(code)),
            5 => Err(GatewayError::Code { field: "mode", found: code }),
            6 => Ok(Self::Reconciled),
            7 => Ok(Self::Foreign),
            8 => Ok(Self::DurabilityLost),
            9 => {
                let order = (order != NO_ORDER).then_some(order);
                Ok(Self::Injected { order, code })
            }
            found => Err(GatewayError::Code { field: "tag", found }),
        }
    }
}

/// Fields of a form of fixed length, in order.
struct Cells<'a> {
    rest: &'a [u8],
}

impl<'a> Cells<'a> {
    const fn of(bytes: &'a [u8], expected: usize) -> Result<Self, GatewayError> {
        let found = bytes.len();
        if found == expected {
            Ok(Self { rest: bytes })
        } else {
            Err(GatewayError::Length { expected, found })
        }
    }

    /// The next bytes; zeros behind the end, which the length check rules out.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else { return [0; N] };
        self.rest = rest;
        *head
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

fn price(micros: u32, field: &'static str) -> Result<Price, GatewayError> {
    Price::from_micros(micros).map_err(|_| GatewayError::Code { field, found: u8::MAX })
}

const fn rung_code(rung: Rung) -> u8 {
    match rung {
        Rung::Fire => 0,
        Rung::ChaseOne => 1,
        Rung::ChaseTwo => 2,
        Rung::FlatOne => 3,
        Rung::FlatTwo => 4,
        Rung::FlatThree => 5,
    }
}

fn rung_of(code: u8) -> Result<Rung, GatewayError> {
    let rung = Rung::ALL.get(usize::from(code)).copied();
    rung.ok_or(GatewayError::Code { field: "rung", found: code })
}

const fn reply_code(reply: Reply) -> (u8, Qty) {
    match reply {
        Reply::Matched(qty) => (0, qty),
        Reply::Live => (1, Qty::ZERO),
        Reply::Delayed => (2, Qty::ZERO),
        Reply::RefusedOrder => (3, Qty::ZERO),
        Reply::RefusedMarket => (4, Qty::ZERO),
        Reply::RefusedAccount => (5, Qty::ZERO),
        Reply::RefusedRate => (6, Qty::ZERO),
        Reply::Unknown => (7, Qty::ZERO),
    }
}

const fn reply_of(code: u8, qty: Qty) -> Result<Reply, GatewayError> {
    match code {
        0 => Ok(Reply::Matched(qty)),
        1 => Ok(Reply::Live),
        2 => Ok(Reply::Delayed),
        3 => Ok(Reply::RefusedOrder),
        4 => Ok(Reply::RefusedMarket),
        5 => Ok(Reply::RefusedAccount),
        6 => Ok(Reply::RefusedRate),
        7 => Ok(Reply::Unknown),
        found => Err(GatewayError::Code { field: "reply", found }),
    }
}

const fn state_code(state: TradeState) -> u8 {
    match state {
        TradeState::Provisional => 0,
        TradeState::Confirmed => 1,
        TradeState::Failed => 2,
    }
}

const fn state_of(code: u8) -> Result<TradeState, GatewayError> {
    match code {
        0 => Ok(TradeState::Provisional),
        1 => Ok(TradeState::Confirmed),
        2 => Ok(TradeState::Failed),
        found => Err(GatewayError::Code { field: "state", found }),
    }
}

const fn evidence_code(evidence: Evidence) -> (u8, Qty) {
    match evidence {
        Evidence::Finished { matched } => (0, matched),
        Evidence::Open => (1, Qty::ZERO),
        Evidence::Absent => (2, Qty::ZERO),
        Evidence::Silent => (3, Qty::ZERO),
    }
}

const fn evidence_of(code: u8, matched: Qty) -> Result<Evidence, GatewayError> {
    match code {
        0 => Ok(Evidence::Finished { matched }),
        1 => Ok(Evidence::Open),
        2 => Ok(Evidence::Absent),
        3 => Ok(Evidence::Silent),
        found => Err(GatewayError::Code { field: "evidence", found }),
    }
}
