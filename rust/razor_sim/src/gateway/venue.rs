//! What happens at the venue when an item of the time line is due.
//!
//! Owns: arrival, matching, waiting orders, settlement, questions, cancels and merges. All of it
//! writes the [`super::Truth`] first and tells of it second.

use razor_core::fees::fee_half_even;
use razor_core::ids::TokenIx;
use razor_core::market::Fees;
use razor_core::order::Evidence;
use razor_core::order::attempt::{OrderHash, OrderIx, Rung, Side};
use razor_core::order::gateway::{Intent, MarketTop, Reply, Tops, TradeState, VenueEvent};
use razor_core::signal::bucket::Bucket;
use razor_core::units::{Nanos, Price, Qty, Usdc};

use super::config::{AckOrder, Model, share_floor};
use super::course::{Bend, Course, Race, Said};
use super::depth::Level;
use super::digest::{self, Choice};
use super::frozen;
use super::truth::{Axis, Fate, TrueOrder, TrueTrade};
use super::view::FaultedTops;
use super::{FaultCode, Flight, Item, SimGateway, after};

/// Between two copies of one message.
const COPY_GAP: Nanos = Nanos(1_000_000);
const MICROS_MOST: u32 = 999_999;

impl TrueOrder {
    /// An order as it leaves.
    pub(super) fn sent(intent: Intent, bucket: Bucket, now: Nanos, fate: Fate) -> Self {
        Self {
            intent,
            bucket,
            sent: vec![now],
            arrived: None,
            is_accepted: false,
            fate,
            trades: Vec::new(),
            replied: None,
            is_naked: false,
        }
    }
}

impl SimGateway {
    /// The schedule of a token's market, or the one assumed where it names none.
    fn fees_of(&self, token: TokenIx) -> Fees {
        match self.markets.fees(token) {
            Fees::Unknown => self.config.assumed_fees,
            fees @ (Fees::Free | Fees::Taker { .. }) => fees,
        }
    }

    /// Does what an item says.
    pub(super) fn work(&mut self, due: Nanos, item: Item, tops: &dyn Tops) {
        match item {
            Item::Arrive(order) => self.arrive(due, order, tops),
            Item::Copy { first, named } => self.copy(due, first, named, tops),
            Item::Release(order) => self.release(due, order, tops),
            Item::Cancel(hash) => self.cancelled(due, hash, tops),
            Item::Question(order, hash) => self.answer(due, order, hash),
            Item::Reconcile => self.tell_all(due),
            Item::Settle { order, part } => self.settle(due, order, part),
            Item::Retell { order, part } => self.tell(due, order, order, part),
            Item::MergeEnd { place, is_failed } => self.end_merge(due, place, is_failed),
            Item::ModeTurn { is_quiet, began } => self.turn_mode(due, is_quiet, began),
            Item::Foreign { is_planned } => self.show_foreign(due, is_planned),
            Item::Emit(event) => self.emit(due, event),
        }
    }

    fn arrive(&mut self, due: Nanos, order: OrderIx, tops: &dyn Tops) {
        let Some(flight) = self.flights.get(&order).copied() else { return };
        let is_here = self.truth.orders.get(&order).is_some_and(|t| t.fate != Fate::OnWay);
        if is_here {
            // A copy of it was here before.
            return;
        }
        let by_mode = self.refused_by_mode(due, order);
        let refusal = flight.course.refusal.or(by_mode).or_else(|| self.refusal_of(order));
        let is_naked = self.is_naked(order);
        let Some(truth) = self.truth.orders.get_mut(&order) else { return };
        truth.arrived = Some(due);
        truth.is_naked = is_naked;
        if let Some(refusal) = refusal {
            truth.fate = Fate::Refused;
            return self.reply(due, order, &flight.course, refusal);
        }
        truth.is_accepted = true;
        let Some(wait) = flight.course.wait else {
            return self.match_at_once(due, order, flight, tops);
        };
        truth.fate = Fate::Open;
        self.reply(due, order, &flight.course, wait.reply);
        self.push(after(due, wait.delay), Item::Release(order));
    }

    /// A copy that comes first *is* the order, late and at a stale price; else the venue says
    /// "duplicated", which proves arrival alone.
    fn copy(&mut self, due: Nanos, first: OrderIx, named: OrderIx, tops: &dyn Tops) {
        let Some(truth) = self.truth.orders.get_mut(&first) else { return };
        match truth.fate {
            Fate::OnWay | Fate::Lost => {
                truth.fate = Fate::OnWay;
                if let Some(flight) = self.flights.get_mut(&first) {
                    // The silence was that of the first one's connection.
                    flight.course.said = Said::True;
                }
                self.arrive(due, first, tops);
            }
            Fate::Refused | Fate::Open | Fate::Finished => {
                let at = self.back(due);
                self.emit(at, VenueEvent::Replied { order: named, reply: Reply::Unknown });
            }
        }
    }

    /// What the venue turns away whatever else is planned.
    fn refusal_of(&self, order: OrderIx) -> Option<Reply> {
        let attempt = self.truth.orders.get(&order)?.intent.attempt;
        let is_unpriced =
            self.config.model == Model::Depleting && self.fees_of(attempt.token) == Fees::Unknown;
        is_unpriced.then_some(Reply::RefusedMarket)
    }

    fn is_naked(&self, order: OrderIx) -> bool {
        let Some(truth) = self.truth.orders.get(&order) else { return false };
        let attempt = truth.intent.attempt;
        match attempt.side() {
            Side::Buy => false,
            Side::Sell => {
                let held = self.truth.position(attempt.token, Axis::Confirmed);
                held < i128::from(attempt.order_qty.0)
            }
        }
    }

    fn match_at_once(&mut self, due: Nanos, order: OrderIx, flight: Flight, tops: &dyn Tops) {
        let course = flight.course;
        self.execute(due, order, tops);
        let reply = match self.matched(order) {
            // The venue kills an immediate order without a match by a text, never by a claim of
            // nothing (F-22).
            Qty::ZERO => Reply::RefusedOrder,
            matched => Reply::Matched(matched),
        };
        if self.is_trade_first(order, &course) {
            self.tell_stream(due, order);
            self.reply(due, order, &course, reply);
        } else {
            self.reply(due, order, &course, reply);
            self.tell_stream(self.back(due), order);
        }
    }

    fn matched(&self, order: OrderIx) -> Qty {
        self.truth.orders.get(&order).map_or(Qty::ZERO, TrueOrder::matched)
    }

    fn is_trade_first(&self, order: OrderIx, course: &Course) -> bool {
        course.is_trade_first
            || match self.config.ack_order {
                AckOrder::ReplyFirst => false,
                AckOrder::TradesFirst => true,
                AckOrder::Seeded => digest::mix(self.config.seed, Choice::Ack, &[order.0]) & 1 == 1,
            }
    }

    /// Gives the answer, as the course lets it out.
    fn reply(&mut self, due: Nanos, order: OrderIx, course: &Course, truly: Reply) {
        let reply = match course.said {
            Said::True => truly,
            Said::As(reply) => reply,
            Said::Silence => return,
        };
        let at = after(self.back(due), course.reply_late);
        if let Some(truth) = self.truth.orders.get_mut(&order) {
            truth.replied = Some((at, reply));
        }
        self.emit(at, VenueEvent::Replied { order, reply });
    }

    /// Matches an order against the book as it is and starts the settlement of its trades.
    fn execute(&mut self, due: Nanos, order: OrderIx, tops: &dyn Tops) {
        let Some(truth) = self.truth.orders.get_mut(&order) else { return };
        truth.fate = Fate::Finished;
        let (intent, bucket) = (truth.intent, truth.bucket);
        let Some(flight) = self.flights.get(&order).copied() else { return };
        let Some((price, qty)) = self.fill(due, &intent, bucket, flight, tops) else { return };
        let parts = self.parts(order, qty);
        for (part, qty) in parts.into_iter().enumerate() {
            let number = u64::try_from(part).unwrap_or(u64::MAX);
            let fees = self.fees_of(intent.attempt.token);
            let trade = TrueTrade {
                id: digest::trade_id(self.config.seed, order, number),
                qty,
                price,
                // The frozen model charges what is known; a fee beyond 128 bits has no sum to be
                // in.
                fee: fee_half_even(fees, qty, price).unwrap_or(Usdc::ZERO),
                state: TradeState::Provisional,
                matched: due,
                settled: None,
            };
            if let Some(truth) = self.truth.orders.get_mut(&order) {
                truth.trades.push(trade);
            }
            self.begin_settlement(due, order, part, &flight.course);
        }
    }

    /// Price and quantity of a fill; `None` of nothing.
    fn fill(
        &mut self,
        due: Nanos,
        intent: &Intent,
        bucket: Bucket,
        flight: Flight,
        tops: &dyn Tops,
    ) -> Option<(Price, Qty)> {
        let attempt = &intent.attempt;
        let is_chase = matches!(attempt.rung, Rung::ChaseOne | Rung::ChaseTwo);
        if flight.note.is_book_dropped || (is_chase && self.config.force_chase_fail) {
            return None;
        }
        let top = self.seen(due, intent, flight, tops)?;
        let (price, shown) = frozen::crossed(attempt.side(), attempt.limit, &top)?;
        let size = self.size_of(intent, price, shown, &top);
        let most = share_floor(size, self.config.share(bucket));
        let level = Level::taken_by(attempt.token, attempt.side(), price);
        let left = match self.config.model {
            Model::Frozen => most,
            Model::Depleting => self.depth.left(level, most, top.changed),
        };
        let qty = bent(left.min(attempt.order_qty), attempt.order_qty, flight.course.bend);
        if qty == Qty::ZERO {
            return None;
        }
        let price = match self.config.model {
            Model::Frozen => attempt.limit,
            Model::Depleting => {
                self.depth.take(level, qty, due, top.changed);
                price
            }
        };
        Some((worsened(attempt.side(), attempt.limit, price, flight.course.worse), qty))
    }

    /// The book an order is matched against.
    fn seen(
        &mut self,
        due: Nanos,
        intent: &Intent,
        flight: Flight,
        tops: &dyn Tops,
    ) -> Option<MarketTop> {
        let token = intent.attempt.token;
        let top = match self.config.model {
            Model::Frozen => flight.quote,
            Model::Depleting => FaultedTops { tops, faults: &self.view, now: due }.top(token),
        }?;
        if self.view.has_no_bids(due, token) && intent.attempt.side() == Side::Sell {
            self.strikes.note(FaultCode::F10, due, Some(intent.order));
        }
        Some(top)
    }

    /// The size of a level: what the source shows, else a seeded one, which is noted.
    fn size_of(
        &mut self,
        intent: &Intent,
        price: Price,
        shown: Option<Qty>,
        top: &MarketTop,
    ) -> Qty {
        let Some(size) = shown else {
            if let Some(flight) = self.flights.get_mut(&intent.order) {
                flight.note.is_size_seeded = self.config.quote_depth > Qty::ZERO;
            }
            return self.seeded_size(intent, price, top);
        };
        size
    }

    fn seeded_size(&self, intent: &Intent, price: Price, top: &MarketTop) -> Qty {
        let (seed, depth) = (self.config.seed, self.config.quote_depth);
        digest::seeded_depth(seed, depth, intent.attempt.token, price, top.changed)
    }

    /// Cuts a fill into the trades it is told as; each has at least one micro-share.
    fn parts(&self, order: OrderIx, qty: Qty) -> Vec<Qty> {
        let mut rng = digest::rng(self.config.seed, Choice::Parts, &[order.0]);
        let most = u64::from(self.config.trades_max.max(1)).min(qty.0);
        let mut later = rng.below_wide(most);
        let mut left = qty.0;
        let mut parts = Vec::new();
        while later > 0 {
            // `later` micro-shares at least stay for the parts to come.
            let spare = left.saturating_sub(later);
            let part = rng.below_wide(spare).saturating_add(1).min(spare.max(1));
            parts.push(Qty(part));
            left = left.saturating_sub(part);
            later = later.saturating_sub(1);
        }
        parts.push(Qty(left));
        parts
    }

    fn begin_settlement(&mut self, due: Nanos, order: OrderIx, part: usize, course: &Course) {
        let number = u64::try_from(part).unwrap_or(u64::MAX);
        let delay = match course.ending {
            Some(ending) => {
                if ending.is_retried && !course.is_unheard {
                    let half = Nanos(ending.delay.0 >> 1);
                    self.push(after(due, half), Item::Retell { order, part });
                }
                ending.delay
            }
            None => self.settle_delay(&[order.0, number]),
        };
        self.push(after(due, delay), Item::Settle { order, part });
    }

    /// How long a match stays provisional.
    pub(super) fn settle_delay(&self, words: &[u64]) -> Nanos {
        let law = self.config.settle;
        let span = law.max.0.saturating_sub(law.min.0).max(0).cast_unsigned().saturating_add(1);
        let mut rng = digest::rng(self.config.seed, Choice::Settle, words);
        let extra = i64::try_from(rng.below_wide(span)).unwrap_or(i64::MAX);
        after(law.min, Nanos(extra))
    }

    fn settle(&mut self, due: Nanos, order: OrderIx, part: usize) {
        let Some(flight) = self.flights.get(&order).copied() else { return };
        let is_failed = flight.course.ending.is_some_and(|ending| ending.is_failed);
        let Some(truth) = self.truth.orders.get_mut(&order) else { return };
        let Some(trade) = truth.trades.get_mut(part) else { return };
        trade.state = if is_failed { TradeState::Failed } else { TradeState::Confirmed };
        trade.settled = Some(due);
        if flight.course.is_unheard {
            return;
        }
        self.tell(due, order, order, part);
        if flight.course.is_regressed {
            let at = after(self.back(due), COPY_GAP);
            if let Some(event) = self.trade_event(order, order, part, true) {
                self.emit(at, event);
            }
        }
    }

    /// Tells all trades of an order by the stream, unless it is silent.
    fn tell_stream(&mut self, at: Nanos, order: OrderIx) {
        if self.flights.get(&order).is_some_and(|flight| flight.course.is_unheard) {
            return;
        }
        let parts = self.truth.orders.get(&order).map_or(0, |truth| truth.trades.len());
        for part in 0..parts {
            self.tell_at(at, order, order, part);
        }
    }

    /// Tells a trade as it is now; it reaches us after the way back.
    fn tell(&mut self, due: Nanos, order: OrderIx, named: OrderIx, part: usize) {
        self.tell_at(self.back(due), order, named, part);
    }

    fn tell_at(&mut self, at: Nanos, order: OrderIx, named: OrderIx, part: usize) {
        let copies = self.flights.get(&order).map_or(0, |flight| flight.course.copies);
        let Some(event) = self.trade_event(order, named, part, false) else { return };
        let mut at = at;
        self.emit(at, event);
        for _ in 0..copies {
            at = after(at, COPY_GAP);
            self.emit(at, event);
        }
    }

    fn trade_event(
        &self,
        order: OrderIx,
        named: OrderIx,
        part: usize,
        is_regressed: bool,
    ) -> Option<VenueEvent> {
        let trade = self.truth.orders.get(&order)?.trades.get(part)?;
        let TrueTrade { id, qty, price, fee, state, .. } = *trade;
        let state = if is_regressed { TradeState::Provisional } else { state };
        Some(VenueEvent::Traded { order: named, trade: id, qty, price, fee, state })
    }

    /// An order that waited: killed, or matched against the book as it is now.
    fn release(&mut self, due: Nanos, order: OrderIx, tops: &dyn Tops) {
        if self.truth.orders.get(&order).is_none_or(|truth| truth.fate != Fate::Open) {
            return;
        }
        let wait = self.flights.get(&order).and_then(|flight| flight.course.wait);
        if wait.is_some_and(|wait| wait.is_killed) {
            return self.finish(order);
        }
        self.execute(due, order, tops);
        self.tell_stream(self.back(due), order);
    }

    fn finish(&mut self, order: OrderIx) {
        if let Some(truth) = self.truth.orders.get_mut(&order) {
            truth.fate = Fate::Finished;
        }
    }

    /// A cancel reached the venue; it means something to an order that waits there and to no other.
    fn cancelled(&mut self, due: Nanos, hash: OrderHash, tops: &dyn Tops) {
        let Some(order) = self.by_hash.get(&hash).copied() else { return };
        let is_heard = self.takes_cancels(due);
        let is_open =
            is_heard && self.truth.orders.get(&order).is_some_and(|t| t.fate == Fate::Open);
        let race = self.flights.get(&order).map(|flight| flight.course.race).unwrap_or_default();
        match race {
            Race::CancelWins if is_open => self.finish(order),
            Race::FillFirst if is_open => {
                self.execute(due, order, tops);
                self.tell_stream(self.back(due), order);
            }
            Race::CancelWins | Race::FillFirst | Race::CancelLost => {}
        }
    }

    /// Answers a question about an order: its trades once more, then what became of it.
    fn answer(&mut self, due: Nanos, named: OrderIx, hash: OrderHash) {
        if !self.takes_questions(due) {
            let silent = VenueEvent::Found { order: named, evidence: Evidence::Silent };
            let at = self.back(due);
            return self.emit(at, silent);
        }
        let found = self.by_hash.get(&hash).copied();
        let truth = found.and_then(|order| self.truth.orders.get(&order));
        let evidence = match truth.map(|truth| truth.fate) {
            None | Some(Fate::OnWay | Fate::Lost | Fate::Refused) => Evidence::Absent,
            Some(Fate::Open) => Evidence::Open,
            Some(Fate::Finished) => {
                Evidence::Finished { matched: truth.map_or(Qty::ZERO, TrueOrder::matched) }
            }
        };
        let parts = truth.map_or(0, |truth| truth.trades.len());
        for part in 0..parts {
            self.tell(due, found.unwrap_or(named), named, part);
        }
        let at = self.back(due);
        self.emit(at, VenueEvent::Found { order: named, evidence });
    }

    /// After a restart: every trade of ours once more, then the end of the list.
    fn tell_all(&mut self, due: Nanos) {
        let known: Vec<(OrderIx, usize)> =
            self.truth.orders.iter().map(|(order, truth)| (*order, truth.trades.len())).collect();
        for (order, parts) in known {
            for part in 0..parts {
                self.tell(due, order, order, part);
            }
        }
        let at = self.back(due);
        let is_ours = !self.has_foreign;
        self.emit(at, if is_ours { VenueEvent::Reconciled } else { VenueEvent::Foreign });
    }

    /// A merge is mined: it reverts when the chain does not hold the shares of every leg.
    fn end_merge(&mut self, due: Nanos, place: usize, is_failed: bool) {
        let Some(merge) = self.truth.merges.get(place).copied() else { return };
        let legs = self.markets.legs(merge.set);
        let is_held = legs
            .iter()
            .all(|leg| self.truth.position(*leg, Axis::Confirmed) >= i128::from(merge.qty.0));
        let is_done = is_held && !is_failed;
        if let Some(merge) = self.truth.merges.get_mut(place) {
            merge.ended = Some((due, is_done));
        }
        let at = self.back(due);
        self.emit(at, VenueEvent::Merged { is_done });
    }
}

/// What a fault makes of a fill.
fn bent(qty: Qty, order_qty: Qty, bend: Bend) -> Qty {
    match bend {
        Bend::None => qty,
        Bend::Kill => Qty::ZERO,
        Bend::AtMost(most) => qty.min(most),
        Bend::Share(share) => share_floor(qty, share),
        // Nothing crossed: there is nothing to exceed.
        Bend::Over(_) if qty == Qty::ZERO => qty,
        Bend::Over(more) => Qty(order_qty.0.saturating_add(more.0)),
    }
}

/// The price of a fill, beyond the limit where a fault says so.
fn worsened(side: Side, limit: Price, price: Price, worse: Option<u32>) -> Price {
    let Some(worse) = worse else { return price };
    let micros = match side {
        Side::Buy => limit.micros().saturating_add(worse),
        Side::Sell => limit.micros().saturating_sub(worse),
    };
    Price::from_micros(micros.clamp(1, MICROS_MOST)).unwrap_or(price)
}
