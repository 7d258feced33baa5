//! One desk and the books it looks at, driven input by input.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use razor_core::basket::{
    Ack, Action, Answer, Desk, DeskTimer, Input, Operator, Plan, Quote, Refusal, Slot, Trade,
    Treasury, VenueMode, View,
};
use razor_core::engine::EngineError;
use razor_core::engine::order_params::OrderParams;
use razor_core::ids::TokenIx;
use razor_core::ledger::{Position, Settle};
use razor_core::order::{Evidence, OrderIx, TradeId};

use super::action::{BasketAction, BasketAttempt};
use super::argument::{Count, Money, Ns, ORDER_TIMERS, Px, Shares, Tick, one_of};
use super::plan::SignalPlan;
use super::rules::{BasketRules, RiskCaps};
use crate::errors::{Fault, bad_argument};

type Actions = Vec<BasketAction>;

const MODES: [VenueMode; 6] = [
    VenueMode::Normal,
    VenueMode::Restarting,
    VenueMode::PostOnly,
    VenueMode::CancelOnly,
    VenueMode::Disabled,
    VenueMode::VersionMismatch,
];
const REFUSALS: [(&str, Refusal); 4] = [
    ("order", Refusal::Order),
    ("market", Refusal::Market),
    ("account", Refusal::Account),
    ("rate", Refusal::Rate),
];
const SETTLES: [(&str, Settle); 3] =
    [("PROV", Settle::Prov), ("CONF", Settle::Conf), ("VOID", Settle::Void)];
const VERBS: [(&str, Operator); 3] =
    [("stop", Operator::Stop), ("halt", Operator::Halt), ("clear", Operator::Clear)];
const DESK_TIMERS: [(&str, DeskTimer); 5] = [
    ("flat_wait", DeskTimer::FlatWait),
    ("flatten", DeskTimer::Flatten),
    ("settle", DeskTimer::Settle),
    ("set", DeskTimer::Set),
    ("cooldown", DeskTimer::Cooldown),
];

/// Books as the driver sets them, and the events that its plans named.
#[derive(Debug, Default)]
struct Shelf {
    books: BTreeMap<TokenIx, Quote>,
    events: BTreeMap<TokenIx, u32>,
}

impl View for Shelf {
    fn quote(&self, token: TokenIx) -> Option<Quote> {
        self.books.get(&token).copied()
    }

    fn event(&self, token: TokenIx) -> u32 {
        self.events.get(&token).copied().unwrap_or(token.split().0.0)
    }
}

/// An order of the desk; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct BasketOrder {
    order: u64,
    attempt: BasketAttempt,
    state: &'static str,
    cum_qty: u64,
    in_flight: u64,
    ack: Option<&'static str>,
}

impl From<(OrderIx, Slot)> for BasketOrder {
    fn from((order, slot): (OrderIx, Slot)) -> Self {
        Self {
            order: order.0,
            attempt: (&slot.attempt).into(),
            state: slot.order.word(),
            cum_qty: slot.order.open().cum_qty.0,
            in_flight: slot.order.in_flight().0,
            ack: slot.ack.map(Ack::word),
        }
    }
}

/// What the account has of a token; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct BasketPosition {
    token: u32,
    conf: u64,
    prov_in: u64,
    prov_out: u64,
    cost_micros: i64,
}

impl From<(TokenIx, Position)> for BasketPosition {
    fn from((token, position): (TokenIx, Position)) -> Self {
        Self {
            token: token.0,
            conf: position.conf.0,
            prov_in: position.prov_in.0,
            prov_out: position.prov_out.0,
            cost_micros: position.cost.0,
        }
    }
}

/// The desk of one account; see the stub.
#[pyclass(module = "razor._core")]
pub(crate) struct BasketMachine {
    desk: Desk,
    books: Shelf,
}

impl BasketMachine {
    fn put(&mut self, now: Ns, input: Input) -> Actions {
        let mut out: Vec<Action> = Vec::new();
        self.desk.step(now.0, input, &self.books, &mut out);
        out.iter().map(BasketAction::from).collect()
    }
}

#[pymethods]
impl BasketMachine {
    #[new]
    fn new(rules: &BasketRules, caps: &RiskCaps) -> Self {
        Self { desk: Desk::new(rules.rules, caps.caps), books: Shelf::default() }
    }

    /// A desk with the rules and caps of a params record.
    #[staticmethod]
    fn from_params(payload: &[u8]) -> PyResult<Self> {
        let params = OrderParams::decode(payload).map_err(EngineError::Params);
        let params = params.map_err(Fault::from)?;
        let params = params.ok_or_else(|| bad_argument("the record says nothing of orders"))?;
        Ok(Self { desk: Desk::new(params.rules, params.caps), books: Shelf::default() })
    }

    #[pyo3(signature = (token, *, bid_micros, bid_qty, ask_micros, ask_qty, tick_micros,
        is_current=true, age_ns=Ns(razor_core::units::Nanos(0)), changed_ns))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn set_book(
        &mut self,
        token: Count<u32>,
        bid_micros: Option<Px>,
        bid_qty: Shares,
        ask_micros: Option<Px>,
        ask_qty: Shares,
        tick_micros: Tick,
        is_current: bool,
        age_ns: Ns,
        changed_ns: Ns,
    ) {
        let quote = Quote {
            bid: bid_micros.map(|price| (price.0, bid_qty.0)),
            ask: ask_micros.map(|price| (price.0, ask_qty.0)),
            tick: tick_micros.0,
            is_current,
            age: age_ns.0,
            changed: changed_ns.0,
        };
        self.books.books.insert(TokenIx(token.0), quote);
    }

    fn drop_book(&mut self, token: Count<u32>) {
        self.books.books.remove(&TokenIx(token.0));
    }

    fn signal(&mut self, now_ns: Ns, plan: &SignalPlan) -> Actions {
        let Plan { event, ref legs, .. } = plan.plan;
        self.books.events.extend(legs.iter().map(|leg| (leg.token, event)));
        self.put(now_ns, Input::Signal(plan.plan.clone()))
    }

    fn journaled(&mut self, now_ns: Ns, order: Count<u64>) -> Actions {
        self.put(now_ns, Input::Journaled(OrderIx(order.0)))
    }

    fn not_durable(&mut self, now_ns: Ns, order: Count<u64>) -> Actions {
        self.put(now_ns, Input::NotDurable(OrderIx(order.0)))
    }

    #[pyo3(signature = (
        now_ns, order, word, matched=Shares(razor_core::units::Qty(0)), refusal="order"
    ))]
    fn answer(
        &mut self,
        now_ns: Ns,
        order: Count<u64>,
        word: &str,
        matched: Shares,
        refusal: &str,
    ) -> PyResult<Actions> {
        let answers = [
            ("MATCHED", Answer::Matched { matched: matched.0 }),
            ("LIVE", Answer::Live),
            ("DELAYED", Answer::Delayed),
            ("REJECTED", Answer::Refused(one_of(refusal, &REFUSALS)?)),
            ("UNKNOWN", Answer::Unknown),
        ];
        Ok(self.put(now_ns, Input::Answered(OrderIx(order.0), one_of(word, &answers)?)))
    }

    #[pyo3(signature = (now_ns, order, trade_id, *, qty, price_micros, fee_micros, settle))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn trade(
        &mut self,
        now_ns: Ns,
        order: Count<u64>,
        trade_id: [u8; 16],
        qty: Shares,
        price_micros: Px,
        fee_micros: Money,
        settle: &str,
    ) -> PyResult<Actions> {
        let trade = Trade {
            order: OrderIx(order.0),
            id: TradeId(trade_id),
            qty: qty.0,
            price: price_micros.0,
            fee: fee_micros.0,
            settle: one_of(settle, &SETTLES)?,
        };
        Ok(self.put(now_ns, Input::Traded(trade)))
    }

    #[pyo3(signature = (now_ns, order, word, matched=Shares(razor_core::units::Qty(0))))]
    fn found(
        &mut self,
        now_ns: Ns,
        order: Count<u64>,
        word: &str,
        matched: Shares,
    ) -> PyResult<Actions> {
        let evidence = [
            ("FINISHED", Evidence::Finished { matched: matched.0 }),
            ("OPEN", Evidence::Open),
            ("ABSENT", Evidence::Absent),
            ("SILENT", Evidence::Silent),
        ];
        Ok(self.put(now_ns, Input::Found(OrderIx(order.0), one_of(word, &evidence)?)))
    }

    fn merged(&mut self, now_ns: Ns, is_done: bool) -> Actions {
        let treasury = if is_done { Treasury::Done } else { Treasury::Failed };
        self.put(now_ns, Input::Merged(treasury))
    }

    fn books(&mut self, now_ns: Ns) -> Actions {
        self.put(now_ns, Input::Books)
    }

    /// A deadline of an order is named with its order, one of the desk without.
    #[pyo3(signature = (now_ns, timer, order=None))]
    fn elapsed(&mut self, now_ns: Ns, timer: &str, order: Option<Count<u64>>) -> PyResult<Actions> {
        let timer = match order {
            Some(order) => DeskTimer::Order(OrderIx(order.0), one_of(timer, &ORDER_TIMERS)?),
            None => one_of(timer, &DESK_TIMERS)?,
        };
        Ok(self.put(now_ns, Input::Elapsed(timer)))
    }

    fn mode(&mut self, now_ns: Ns, word: &str) -> PyResult<Actions> {
        let mode = one_of(word, &MODES.map(|mode| (mode.word(), mode)))?;
        Ok(self.put(now_ns, Input::Mode(mode)))
    }

    fn operator(&mut self, now_ns: Ns, verb: &str) -> PyResult<Actions> {
        Ok(self.put(now_ns, Input::Operator(one_of(verb, &VERBS)?)))
    }

    fn restarted(&mut self, now_ns: Ns) -> Actions {
        self.put(now_ns, Input::Restarted)
    }

    fn reconciled(&mut self, now_ns: Ns) -> Actions {
        self.put(now_ns, Input::Reconciled)
    }

    fn foreign(&mut self, now_ns: Ns) -> Actions {
        self.put(now_ns, Input::Foreign)
    }

    fn durability_lost(&mut self, now_ns: Ns) -> Actions {
        self.put(now_ns, Input::DurabilityLost)
    }

    fn ended(&mut self, now_ns: Ns) -> Actions {
        self.put(now_ns, Input::Ended)
    }

    #[getter]
    const fn phase(&self) -> &'static str {
        self.desk.phase().word()
    }

    #[getter]
    fn hard_stop(&self) -> Option<String> {
        self.desk.stopped().map(|guard| guard.to_string())
    }

    #[getter]
    const fn venue_mode(&self) -> &'static str {
        self.desk.mode().word()
    }

    #[getter]
    const fn realised_micros(&self) -> i64 {
        self.desk.ledger().realised().0
    }

    #[getter]
    const fn day_loss_micros(&self) -> i64 {
        self.desk.risk().day_loss().0
    }

    #[getter]
    const fn dropped(&self) -> u64 {
        self.desk.dropped()
    }

    #[getter]
    fn is_waiting_for_books(&self) -> bool {
        self.desk.is_waiting_for_books()
    }

    #[getter]
    fn is_ready_to_reconcile(&self) -> bool {
        self.desk.is_ready_to_reconcile()
    }

    #[getter]
    fn positions(&self) -> Vec<BasketPosition> {
        self.desk.ledger().positions().map(BasketPosition::from).collect()
    }

    #[getter]
    fn orders(&self) -> Vec<BasketOrder> {
        self.desk.orders().map(BasketOrder::from).collect()
    }

    /// The order that is out for the set in work.
    #[getter]
    fn in_flight(&self) -> Option<u64> {
        self.desk.basket().and_then(|basket| basket.in_flight).map(|order| order.0)
    }

    fn __repr__(&self) -> String {
        format!("BasketMachine({}, {} orders)", self.phase(), self.desk.order_count())
    }
}
