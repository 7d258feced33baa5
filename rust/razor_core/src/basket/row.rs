//! What the desk says it did: rows of `trade_log.csv` and samples of `calibration_log.csv`, as
//! values.

use super::Outcome;
use crate::ids::SetIx;
use crate::ids::TokenIx;
use crate::order::{Attempt, OrderIx, Side};
use crate::risk::Guard;
use crate::signal::bucket::Bucket;
use crate::units::{Bps, Nanos, Price, Qty};

/// One row of the trail; `None` = not applicable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// Engine time.
    pub ts: Nanos,
    /// The signal.
    pub signal_id: Option<u64>,
    /// Its set.
    pub set: Option<SetIx>,
    /// Its bucket.
    pub bucket: Option<Bucket>,
    /// Its net edge.
    pub expected_net: Option<Bps>,
    /// What was done.
    pub action: &'static str,
    /// Attempt on the leg.
    pub attempt: Option<u16>,
    /// Leg in table order.
    pub leg: Option<u8>,
    /// Outcome token.
    pub token: Option<TokenIx>,
    /// Side.
    pub side: Option<Side>,
    /// Limit price.
    pub limit: Option<Price>,
    /// Shares asked for.
    pub req_qty: Option<Qty>,
    /// Budget of a chase.
    pub budget: Option<Bps>,
    /// Our number of the order; the shell writes its hash.
    pub order: Option<OrderIx>,
    /// How the venue answered.
    pub ack: Option<&'static str>,
    /// Shares matched.
    pub filled_qty: Option<Qty>,
    /// Average price, rounded against us.
    pub avg_px: Option<Price>,
    /// FULL, PARTIAL or NONE.
    pub fill: Option<&'static str>,
    /// PROV, CONF or VOID.
    pub settle: Option<&'static str>,
    /// What came of it.
    pub result: Option<&'static str>,
    /// From the wire to the proof of the end.
    pub latency: Option<Nanos>,
    /// The guard that blocked, with both sides of its inequality.
    pub guard: Option<Guard>,
    /// Number of an injected fault: 13 is F-13.
    pub fault: Option<u8>,
    /// Codes and words, joined by `|` in the table.
    pub reasons: [Option<&'static str>; 2],
}

impl Row {
    /// A row about nothing in particular.
    pub const fn new(ts: Nanos, action: &'static str) -> Self {
        Self {
            ts,
            signal_id: None,
            set: None,
            bucket: None,
            expected_net: None,
            action,
            attempt: None,
            leg: None,
            token: None,
            side: None,
            limit: None,
            req_qty: None,
            budget: None,
            order: None,
            ack: None,
            filled_qty: None,
            avg_px: None,
            fill: None,
            settle: None,
            result: None,
            latency: None,
            guard: None,
            fault: None,
            reasons: [None; 2],
        }
    }

    /// With the facts of a signal.
    #[must_use]
    pub const fn of(mut self, plan: &super::Plan) -> Self {
        self.signal_id = Some(plan.signal_id);
        self.set = Some(plan.set);
        self.bucket = Some(plan.bucket);
        self.expected_net = Some(plan.expected_net);
        self
    }

    /// With the facts of an attempt.
    #[must_use]
    pub const fn about(mut self, order: OrderIx, attempt: &Attempt) -> Self {
        self.signal_id = Some(attempt.key.signal_id);
        self.attempt = Some(attempt.key.attempt);
        self.leg = Some(attempt.key.leg);
        self.token = Some(attempt.token);
        self.side = Some(attempt.side());
        self.limit = Some(attempt.limit);
        self.req_qty = Some(attempt.order_qty);
        self.budget = attempt.budget;
        self.order = Some(order);
        self
    }

    /// With the end of a signal.
    #[must_use]
    pub const fn ends(mut self, outcome: Outcome) -> Self {
        self.result = Some(outcome.word());
        self
    }

    /// With the guard that blocked.
    #[must_use]
    pub const fn blocked(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// With a reason.
    #[must_use]
    pub const fn why(mut self, reason: &'static str) -> Self {
        match self.reasons {
            [None, second] => self.reasons = [Some(reason), second],
            [first, _] => self.reasons = [first, Some(reason)],
        }
        self
    }
}

/// One attempt as the calibration sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sample {
    /// Engine time of the end of the attempt.
    pub ts: Nanos,
    /// The attempt.
    pub attempt: Attempt,
    /// Set of the signal.
    pub set: SetIx,
    /// Bucket of the signal.
    pub bucket: Bucket,
    /// Shares matched.
    pub filled_qty: Qty,
    /// Size at the best ask when the price was set; `None` without a book.
    pub ask_qty: Option<Qty>,
    /// Size at the best bid.
    pub bid_qty: Option<Qty>,
}
