//! The account's one desk: what can reach it, what it asks for, and the step between them.

use std::collections::{BTreeMap, VecDeque};

use super::legs::{Basket, Purpose, Wait};
use super::orders::{Orders, Slot};
use super::plan::{Plan, Quote, Rules, View};
use super::row::{Row, Sample};
use super::{Outcome, Phase};
use crate::ids::{SetIx, TokenIx};
use crate::ledger::{Ledger, Settle};
use crate::order::{self, Attempt, Evidence, OrderIx, TradeId};
use crate::risk::{Caps, Guard, GuardId, Risk};
use crate::units::{Nanos, Price, Qty, Usdc};

/// What the venue said to an order, classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// It is over, with this much matched; a hint.
    Matched {
        /// Shares matched.
        matched: Qty,
    },
    /// It rests.
    Live,
    /// It is matched later.
    Delayed,
    /// A proven refusal.
    Refused(Refusal),
    /// Nothing was proven: no answer, half an answer, or one that is not on the list.
    Unknown,
}

/// What a proven refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// This order: no match, too late, price or size.
    Order,
    /// The market: it is closed or its rules changed.
    Market,
    /// The account or its settings: nothing will work until a person acts (F-19).
    Account,
    /// The rate of calls.
    Rate,
}

/// What the venue lets us do (S-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VenueMode {
    /// Everything.
    Normal,
    /// The matching engine restarts (F-29).
    Restarting,
    /// Only resting orders (F-30).
    PostOnly,
    /// Only cancels (F-31).
    CancelOnly,
    /// Nothing (F-32).
    Disabled,
    /// It speaks another protocol version (F-34).
    VersionMismatch,
}

impl VenueMode {
    /// The word of guards and tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Restarting => "RESTARTING",
            Self::PostOnly => "POST_ONLY",
            Self::CancelOnly => "CANCEL_ONLY",
            Self::Disabled => "DISABLED",
            Self::VersionMismatch => "VERSION_MISMATCH",
        }
    }
}

/// What an operator can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// Cancel, finish the ladder, then stop.
    Stop,
    /// Cancel and send nothing more.
    Halt,
    /// Leave `HardStop`; the shell has asked for a reason and journaled it.
    Clear,
}

/// What became of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treasury {
    /// Confirmed on chain.
    Done,
    /// It failed, or was never asked for: the sets are held.
    Failed,
    /// Nobody knows: the sets are held, and the trail says so.
    Unknown,
}

/// A deadline of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeskTimer {
    /// One of an order.
    Order(OrderIx, order::Timer),
    /// A book newer than the last flatten answer is overdue.
    FlatWait,
    /// The flatten has taken too long.
    Flatten,
    /// The chain has taken too long.
    Settle,
    /// The buying has taken too long.
    Set,
    /// The cooldown of the last set is over.
    Cooldown,
}

/// One trade of ours as a stream or a question brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trade {
    /// Our order in it.
    pub order: OrderIx,
    /// The venue's id of the match.
    pub id: TradeId,
    /// Shares of our order.
    pub qty: Qty,
    /// Price of our side.
    pub price: Price,
    /// Fee we paid.
    pub fee: Usdc,
    /// How final it is.
    pub settle: Settle,
}

/// What can reach the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The brain raised a signal.
    Signal(Plan),
    /// The intent of an order is durable.
    Journaled(OrderIx),
    /// The intent of an order could not be made durable (D-10).
    NotDurable(OrderIx),
    /// The venue answered an order.
    Answered(OrderIx, Answer),
    /// A trade of ours.
    Traded(Trade),
    /// A question about an order was answered.
    Found(OrderIx, Evidence),
    /// A merge came to its end.
    Merged(Treasury),
    /// Books changed.
    Books,
    /// A deadline passed.
    Elapsed(DeskTimer),
    /// The venue changed its mode.
    Mode(VenueMode),
    /// An operator spoke.
    Operator(Operator),
    /// The process starts again on its journal.
    Restarted,
    /// After a restart all open orders were asked about; nothing foreign was found.
    Reconciled,
    /// Something on the account is not ours (S-32).
    Foreign,
    /// The journal can no longer be trusted with what is written (D-10).
    DurabilityLost,
    /// A simulated venue says which fault it injected: a row, and nothing else.
    Injected(Option<OrderIx>, u8),
    /// The run is over: no input will come any more.
    Ended,
}

/// What the desk asks of the shell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Make this intent durable, then say [`Input::Journaled`].
    Persist(OrderIx, Attempt),
    /// Put the order on the wire.
    Send(OrderIx),
    /// Cancel the order by its hash.
    Cancel(OrderIx),
    /// Ask for the order, its trades and the balance.
    Query(OrderIx),
    /// Make the intent of a merge of this many sets durable, then ask for it; the legs stand in the
    /// set's definition.
    Merge(SetIx, Qty),
    /// Start this deadline anew.
    Arm(DeskTimer, Nanos),
    /// Forget this deadline.
    Disarm(DeskTimer),
    /// Forget every deadline of an order.
    DisarmOrder(OrderIx),
    /// Write a row of the trail.
    Row(Box<Row>),
    /// Write a calibration sample.
    Sample(Sample),
}

/// The account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Desk {
    pub(super) rules: Rules,
    pub(super) phase: Phase,
    pub(super) basket: Option<Box<Basket>>,
    pub(super) orders: Orders,
    pub(super) ledger: Ledger,
    pub(super) risk: Risk,
    pub(super) queue: VecDeque<Plan>,
    /// Orders with a late arrival that waits for the desk to be free.
    pub(super) late: VecDeque<OrderIx>,
    pub(super) mode: VenueMode,
    pub(super) is_stopping: bool,
    /// Why trading stopped.
    pub(super) stopped: Option<Guard>,
    pub(super) dropped: u64,
    /// The ledger could not take what happened: it is no longer the account (S-10, L-10).
    pub(super) is_unbooked: bool,
    /// Signals with an order that ended by absence: what a late arrival needs to be cleared up.
    pub(super) plans: BTreeMap<u64, Plan>,
    /// Sets merged per signal of `plans`.
    pub(super) merged: BTreeMap<u64, Qty>,
    /// Shares too small to sell, by token and signal, with their cost, until the next leftover of
    /// their token.
    pub(super) residuals: BTreeMap<(TokenIx, u64), (Qty, Usdc)>,
    /// Residuals of signals of `plans` that were sold with another set.
    pub(super) given: BTreeMap<(TokenIx, u64), Qty>,
}

/// One step: the time, what may be looked at, and where the actions go.
pub(super) struct Turn<'a, V: View> {
    pub(super) now: Nanos,
    pub(super) view: &'a V,
    pub(super) out: &'a mut Vec<Action>,
}

impl<V: View> Turn<'_, V> {
    pub(super) fn row(&mut self, row: &Row) {
        self.out.push(Action::Row(Box::new(*row)));
    }

    pub(super) fn quote(&self, token: TokenIx) -> Option<Quote> {
        self.view.quote(token)
    }
}

impl Desk {
    /// A desk without positions.
    pub fn new(rules: Rules, caps: Caps) -> Self {
        Self {
            rules,
            phase: Phase::Idle,
            basket: None,
            orders: Orders::default(),
            ledger: Ledger::default(),
            risk: Risk::new(caps),
            queue: VecDeque::new(),
            late: VecDeque::new(),
            mode: VenueMode::Normal,
            is_stopping: false,
            stopped: None,
            dropped: 0,
            is_unbooked: false,
            plans: BTreeMap::new(),
            merged: BTreeMap::new(),
            residuals: BTreeMap::new(),
            given: BTreeMap::new(),
        }
    }

    /// Takes one input at engine time `now` and appends what the shell must do, in order.
    pub fn step<V: View>(&mut self, now: Nanos, input: Input, view: &V, out: &mut Vec<Action>) {
        let before = self.phase;
        let mut turn = Turn { now, view, out };
        match input {
            Input::Signal(plan) => self.on_signal(plan, &mut turn),
            Input::Journaled(order) => self.on_journaled(order, &mut turn),
            Input::NotDurable(order) => self.on_not_durable(order, &mut turn),
            Input::Answered(order, answer) => self.on_answer(order, answer, &mut turn),
            Input::Traded(trade) => self.on_trade(trade, &mut turn),
            Input::Found(order, evidence) => {
                self.order_event(order, order::Event::Found(evidence), &mut turn);
            }
            Input::Merged(treasury) => self.on_merged(treasury, &mut turn),
            Input::Books => {}
            Input::Elapsed(timer) => self.on_elapsed(timer, &mut turn),
            Input::Mode(mode) => self.on_mode(mode, &mut turn),
            Input::Operator(operator) => self.on_operator(operator, &mut turn),
            Input::Restarted => self.on_restarted(&mut turn),
            Input::Reconciled => self.on_reconciled(&mut turn),
            Input::Foreign => self.hard_stop(Guard::new(GuardId::S32, []), &mut turn),
            Input::Injected(order, code) => self.say_fault(order, code, &mut turn),
            Input::Ended => self.on_run_ended(&mut turn),
            Input::DurabilityLost => self.hard_stop(Guard::new(GuardId::D10, []), &mut turn),
        }
        self.advance(&mut turn);
        self.check(&mut turn);
        if self.phase.word() != before.word() {
            self.say_phase(before, &mut turn);
        }
    }

    /// One row per change of phase.
    fn say_phase<V: View>(&self, before: Phase, turn: &mut Turn<'_, V>) {
        let mut row = Row::new(turn.now, "STATE").why(before.word()).why(self.phase.word());
        if let Some(basket) = &self.basket {
            row = row.of(&basket.plan);
        }
        turn.row(&row);
    }

    /// What must hold after every step whatever came; a breach stops trading (S-31).
    fn check<V: View>(&mut self, turn: &mut Turn<'_, V>) {
        debug_assert!(self.orders.is_sound(), "an order is not where it is looked for");
        let open = self.open_orders().count();
        let in_work = usize::from(self.basket.as_ref().is_some_and(|b| b.in_flight.is_some()));
        let is_serial = open <= 1 || matches!(self.phase, Phase::HardStop | Phase::SafeHold);
        let is_known = open >= in_work;
        let has_work = self.basket.is_some();
        let may_have_work = match self.phase {
            Phase::Idle | Phase::Cooldown => !has_work,
            Phase::SafeHold | Phase::HardStop => true,
            Phase::FiringLeg1
            | Phase::Leg1Filled
            | Phase::Chasing { .. }
            | Phase::Flattening
            | Phase::SettlePending => has_work,
        };
        if !(is_serial && is_known && may_have_work) && self.phase != Phase::HardStop {
            let count = i64::try_from(open).unwrap_or(i64::MAX);
            self.hard_stop(Guard::new(GuardId::S31, [("open", count)]), turn);
        }
    }

    /// Stops trading: everything open is cancelled, nothing is sent again, the signal in work and
    /// those in the queue get their terminal rows.
    pub(super) fn hard_stop<V: View>(&mut self, guard: Guard, turn: &mut Turn<'_, V>) {
        if self.phase == Phase::HardStop {
            return;
        }
        self.phase = Phase::HardStop;
        self.stopped = Some(guard);
        let open: Vec<OrderIx> = self.open_orders().collect();
        for order in open {
            self.cancel_open(order, turn);
        }
        for timer in [DeskTimer::FlatWait, DeskTimer::Flatten, DeskTimer::Settle, DeskTimer::Set] {
            turn.out.push(Action::Disarm(timer));
        }
        let mut row = Row::new(turn.now, "HARDSTOP").blocked(guard);
        if let Some(basket) = &self.basket {
            row = row.of(&basket.plan);
            if basket.purpose == Purpose::Signal {
                row = row.ends(Outcome::HardStop);
            }
        }
        turn.row(&row);
        while let Some(plan) = self.queue.pop_front() {
            turn.row(&Row::new(turn.now, "END").of(&plan).ends(Outcome::HardStop).blocked(guard));
        }
    }

    /// Orders that are not over, in order of planning.
    pub(super) fn open_orders(&self) -> impl Iterator<Item = OrderIx> + '_ {
        self.orders.live().filter(|(_, slot)| !slot.order.is_terminal()).map(|(ix, _)| ix)
    }

    /// Where the desk stands.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Why trading stopped, if it has.
    pub const fn stopped(&self) -> Option<Guard> {
        self.stopped
    }

    /// The set in work.
    pub fn basket(&self) -> Option<&Basket> {
        self.basket.as_deref()
    }

    /// An order by number.
    pub fn order(&self, order: OrderIx) -> Option<Slot> {
        self.orders.get(order)
    }

    /// All orders in order of planning.
    pub fn orders(&self) -> impl Iterator<Item = (OrderIx, Slot)> + '_ {
        self.orders.iter()
    }

    /// How many orders there were.
    pub fn order_count(&self) -> u64 {
        self.orders.len()
    }

    /// The order planned last.
    pub fn last_order(&self) -> Option<(OrderIx, Slot)> {
        self.orders.last()
    }

    /// The ledger, for reading.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The caps and counters, for reading.
    pub const fn risk(&self) -> &Risk {
        &self.risk
    }

    /// The mode of the venue.
    pub const fn mode(&self) -> VenueMode {
        self.mode
    }

    /// Signals dropped because the queue was full.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether a change of books could let it go on.
    pub fn is_waiting_for_books(&self) -> bool {
        self.basket.as_ref().is_some_and(|basket| basket.wait == Wait::ForBook)
    }
}
