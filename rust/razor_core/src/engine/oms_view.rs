//! Where the market data of a run meets its order path.
//!
//! Owns: what the desk sees of the books ([`Look`]), how a signal becomes a [`Plan`], and the calls
//! that put records to the desk. Must never: reach order code in a dry run.

use super::oms::{Names, Oms};
use super::parts::Parts;
use super::record::Kind;
use super::sets::place;
use super::table::Sink;
use crate::basket::{Input, LegPlan, Plan, Quote, View};
use crate::ids::{SetIx, TokenIx};
use crate::market::Fees;
use crate::order::gateway::MarketTop;
use crate::shadow::exact::PicoShares;
use crate::signal::{LegQuote, Signal};
use crate::units::{Nanos, Price, Qty};

const PICO_PER_MICRO: i128 = 1_000_000;

/// The books of a run at one moment.
struct Look<'a> {
    parts: &'a Parts,
    now: Nanos,
}

impl View for Look<'_> {
    fn quote(&self, token: TokenIx) -> Option<Quote> {
        let leg = self.parts.leg_now(token)?;
        let age = Nanos(self.now.0.saturating_sub(leg.proof.0).max(0));
        let max_age = self.parts.params.brain.max_staleness.unwrap_or(Nanos(i64::MAX));
        Some(Quote {
            bid: leg.best_bid.map(|px| (px, leg.bid_qty.unwrap_or_default())),
            ask: leg.best_ask.map(|px| (px, leg.ask_qty.unwrap_or_default())),
            tick: leg.tick,
            is_current: self.parts.is_priced(token) && age <= max_age,
            age,
            changed: leg.recv,
        })
    }

    fn event(&self, token: TokenIx) -> u32 {
        self.parts.facts.event(token)
    }

    fn is_unchanged(&self, set: SetIx) -> bool {
        self.parts.facts.is_unchanged(set)
    }
}

impl Parts {
    /// A token as its book, or else its last quote, shows it.
    fn leg_now(&self, token: TokenIx) -> Option<LegQuote> {
        let quoted = self.quoted.get(place(token.split().0.0))?;
        match quoted.quote {
            Some(quote) => self.leg_of_quote(token, &quote, quoted.at),
            None => self.book_leg(token),
        }
    }

    /// Whether the book of a token can be believed; quotes are, until they are too old.
    fn is_priced(&self, token: TokenIx) -> bool {
        let quoted = self.quoted.get(place(token.split().0.0));
        quoted.is_some_and(|quoted| quoted.quote.is_some()) || self.books.is_live(token)
    }

    /// The top as an order that arrives now would meet it.
    pub(super) fn market_top(&self, token: TokenIx) -> Option<MarketTop> {
        let leg = self.leg_now(token)?;
        let side = |px: Option<Price>, qty: Option<Qty>| px.map(|px| (px, qty));
        Some(MarketTop {
            bid: side(leg.best_bid, leg.bid_qty),
            ask: side(leg.best_ask, leg.ask_qty),
            changed: leg.recv,
        })
    }

    /// A signal as the desk needs it; `None` in a dry run or when a number does not fit.
    pub(super) fn plan_of(&self, signal: &Signal) -> Option<Plan> {
        self.oms.as_ref()?;
        let assumed = self.params.orders.map_or(Fees::Unknown, |orders| orders.assumed_fees);
        let set = self.universe.set(signal.set)?;
        let legs = signal.legs.iter().map(|leg| {
            let market = self.universe.market(leg.token.split().0)?;
            let (token, limit) = (leg.token, leg.limit);
            let min_order_qty = market.min_order_qty;
            let fees = if market.fees == Fees::Unknown { assumed } else { market.fees };
            Some(LegPlan { token, limit, min_order_qty, fees })
        });
        Some(Plan {
            signal_id: signal.id,
            ts: signal.ts,
            set: signal.set,
            event: signal.legs.first().map_or(0, |leg| self.facts.event(leg.token)),
            qty: micro_shares_floor(signal.q_req)?,
            expected_net: signal.expected_net,
            bucket: signal.bucket.bucket,
            worst: u8::try_from(signal.bucket.worst_leg).ok()?,
            settlement: set.settlement,
            is_delayed: self.facts.is_delayed(set),
            is_resolving: !self.facts.is_unchanged(signal.set),
            legs: legs.collect::<Option<Vec<_>>>()?,
        })
    }

    /// Lends the order path out of the parts, so that it can look at the rest of them.
    fn with_orders<S: Sink, R>(
        &mut self,
        now: Nanos,
        sink: &mut S,
        act: impl FnOnce(&mut Oms, &Look<'_>, &Names<'_>, &mut S) -> R,
    ) -> Option<R> {
        let mut oms = self.oms.take()?;
        let names = Names { run_id: &self.params.run_id, universe: &self.universe };
        let look = Look { parts: self, now };
        let result = act(&mut oms, &look, &names, sink);
        self.oms = Some(oms);
        Some(result)
    }

    /// Lets the deadlines of the order path pass.
    pub(super) fn elapse<S: Sink>(&mut self, now: Nanos, sink: &mut S) {
        let is_due = |oms: &Oms| oms.next_deadline().is_some_and(|at| at <= now);
        if self.oms.as_deref().is_some_and(is_due) {
            self.with_orders(now, sink, |oms, look, names, sink| {
                oms.elapse(now, look, names, sink);
            });
        }
        if let Some(oms) = self.oms.as_mut() {
            oms.reconcile(now, sink);
        }
    }

    /// Puts a signal to the desk.
    pub(super) fn order_signal<S: Sink>(&mut self, plan: Plan, sink: &mut S) {
        self.with_orders(plan.ts, sink, |oms, look, names, sink| {
            oms.signal(plan, look, names, sink);
        });
    }

    /// Lets a desk that waits for a newer book look again.
    pub(super) fn books_changed<S: Sink>(&mut self, now: Nanos, sink: &mut S) {
        if self.oms.as_ref().is_some_and(|oms| oms.desk.is_waiting_for_books()) {
            self.with_orders(now, sink, |oms, look, names, sink| {
                oms.step(now, Input::Books, look, names, sink);
            });
        }
    }

    /// The process starts again on this journal.
    pub(super) fn restart_orders<S: Sink>(&mut self, now: Nanos, sink: &mut S) {
        self.with_orders(now, sink, |oms, look, names, sink| oms.restart(now, look, names, sink));
    }

    /// The run is over.
    pub(super) fn end_orders<S: Sink>(&mut self, now: Nanos, sink: &mut S) {
        self.with_orders(now, sink, |oms, look, names, sink| {
            oms.step(now, Input::Ended, look, names, sink);
        });
    }

    /// Takes a record of the order path. Says whether it was refused, as in every dry run.
    pub(super) fn order_record<S: Sink>(
        &mut self,
        kind: Kind,
        payload: &[u8],
        now: Nanos,
        sink: &mut S,
    ) -> bool {
        let refused = self.with_orders(now, sink, |oms, look, names, sink| match kind {
            Kind::Intent => oms.intent(payload, now, look, names, sink),
            Kind::Venue => oms.venue(payload, now, look, names, sink),
            Kind::Operator => oms.operator(payload, now, look, names, sink),
            Kind::Ws
            | Kind::Rest
            | Kind::Trade
            | Kind::Quote
            | Kind::Ref
            | Kind::Meta
            | Kind::Gap
            | Kind::Timer
            | Kind::Params
            | Kind::End
            | Kind::Conn
            | Kind::Recovery => true,
        });
        refused.unwrap_or(kind != Kind::Operator)
    }
}

/// Whole micro-shares of a request, rounded down.
fn micro_shares_floor(qty: PicoShares) -> Option<Qty> {
    u64::try_from(qty.0.checked_div(PICO_PER_MICRO)?).ok().map(Qty)
}
