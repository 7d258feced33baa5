//! Applying decoded messages: one function per message type, each validates before it writes.
//!
//! Owns: the rules of PROTOCOL §5.1 and FAULTS group A, in the order in which they must be asked:
//! is it about one market (F-09), is it on the grid (F-06), does the book stand on a snapshot of
//! this very stream (F-03, F-04), is it in itself consistent (mirror). Only then levels are
//! written, all of them, and the book is compared with what the venue says about it.
//!
//! Must never: write a level before every check of its message has passed, or leave a lost update
//! without a mark: what is kept out for a reason in the message makes its market DIRTY.
//!
//! The book is the market's: a change of either token applies once any token's snapshot has founded
//! it, while a token without a snapshot of its own stays UNHYDRATED.

use super::market::{Base, MarketBook, ShortText, Suspect};
use super::report::{GridChange, Notice, Quarantined, RefusedUpdate, TradePrint};
use super::{Books, DirtyReason, HashJob, Recipe, Report, Source, Suspicion, position};
use crate::ids::{MarketIx, Outcome, TokenIx};
use crate::units::{Grid, TickSize};
use crate::wire::{
    BestBidAsk, BookSnapshot, Change, Fine, Frame, Kind, Level, Message, Named, PriceChange,
    Refusal, Span, TickSizeChange, Trade,
};

/// The venue's empty-book placeholder: nothing better than 0.01 bid and 0.99 asked (FAULTS F-07).
const PLACEHOLDER_BID: Fine = Fine(100);
const PLACEHOLDER_ASK: Fine = Fine(9_900);

/// What all messages of a frame share.
#[derive(Clone, Copy)]
struct Context<'a> {
    source: Source,
    base: Base,
    bytes: &'a [u8],
    frame: &'a Frame,
}

fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

impl Books {
    pub(super) fn apply_frame(
        &mut self,
        source: Source,
        base: Base,
        bytes: &[u8],
        frame: &Frame,
        report: &mut Report,
    ) {
        let context = Context { source, base, bytes, frame };
        for message in &frame.messages {
            bump(&mut self.counters.messages);
            match message {
                Message::Change(message) => self.on_change(context, message, report),
                Message::Book(message) => self.on_book(context, message, report),
                Message::Trade(message) => self.on_trade(context, message, report),
                Message::Tick(message) => self.on_tick(context, message, report),
                Message::Top(message) => self.on_top(context, message, report),
                Message::NewMarket(message) => report.notices.push(Notice::Listed {
                    condition: message.market.text,
                    object: message.object,
                }),
                Message::Resolved(message) => report.notices.push(Notice::Resolved {
                    market: message.market.ix,
                    winner: message.winner.and_then(|winner| winner.ix),
                    object: message.object,
                }),
                Message::Unknown => bump(&mut self.counters.unknown_events),
                Message::Pong | Message::NoNewAssets => bump(&mut self.counters.plain_texts),
            }
        }
    }

    /// The market and outcome a message is about, if both texts belong together (F-09).
    fn resolve(
        &mut self,
        market: Named<MarketIx>,
        token: Named<TokenIx>,
        report: &mut Report,
    ) -> Option<(MarketIx, Outcome)> {
        let owner = token.ix.map(TokenIx::split);
        if let (Some(named), Some((owner, outcome))) = (market.ix, owner)
            && named == owner
        {
            return Some((named, outcome));
        }
        self.quarantine(market, token.text, owner.map(|(owner, _)| owner), report);
        None
    }

    /// Unregistered on both counts is somebody else's market; anything else is a mix-up.
    #[cold]
    fn quarantine(
        &mut self,
        market: Named<MarketIx>,
        token: Span,
        owner: Option<MarketIx>,
        report: &mut Report,
    ) {
        if market.ix.is_none() && owner.is_none() {
            bump(&mut self.counters.foreign_markets);
            return;
        }
        bump(&mut self.counters.quarantined);
        let condition = market.text;
        report.quarantined.push(Quarantined { condition, token, named: market.ix, owner });
        for involved in [market.ix, owner].into_iter().flatten() {
            if let Some(book) = self.markets.get_mut(position(involved)) {
                bump(&mut book.mapping_errors);
            }
            self.make_dirty(involved, DirtyReason::WrongMarket, report);
        }
    }

    /// DIRTY, and the caller hears of it: a candidate may have stood on this book.
    #[cold]
    fn make_dirty(&mut self, market: MarketIx, reason: DirtyReason, report: &mut Report) {
        self.dirty(market, reason);
        self.touch(market, report);
    }

    /// Keeps an update out for what it says; its loss makes the book doubtful.
    #[cold]
    fn refuse(&mut self, market: MarketIx, refusal: Refusal, report: &mut Report) {
        bump(&mut self.counters.updates_refused);
        report.refused.push(RefusedUpdate { market, refusal });
        self.make_dirty(market, DirtyReason::RefusedUpdate, report);
    }

    /// Names a market in the report, once per call.
    fn touch(&mut self, market: MarketIx, report: &mut Report) {
        if let Some(book) = self.markets.get_mut(position(market))
            && book.touched_in != self.calls
        {
            book.touched_in = self.calls;
            report.touched.push(market);
        }
    }

    /// Whether the market's book stands on a snapshot of an epoch that still lasts.
    fn is_based(&self, book: &MarketBook) -> bool {
        book.base.is_some_and(|base| self.conn(base.conn).is_some_and(|c| c.epoch == base.epoch))
    }

    // --- price_change -----------------------------------------------------------------------

    /// Level changes, all or none. The book is judged once, after the last of them.
    fn on_change(&mut self, context: Context, message: &PriceChange, report: &mut Report) {
        let changes = context.frame.changes_of(message);
        let Some(market) = self.resolve_changes(context, message, changes, report) else { return };
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        if let Err(refusal) = check_grid(book.grid.tick, changes.iter().map(|c| c.price)) {
            return self.refuse(market, refusal, report);
        }
        if !book.base.is_some_and(|base| base.same_stream(context.base)) {
            return self.keep_out(context, market, changes);
        }
        if !is_mirrored(changes) {
            bump(&mut self.counters.mirror_violations);
            return self.make_dirty(market, DirtyReason::Mirror, report);
        }
        for change in changes {
            if let Some(token) = change.token.ix {
                book.set(token.split().1, change);
            }
        }
        book.snapshot = None;
        book.version = book.version.wrapping_add(1);
        book.proof_recv = Some(context.source.recv_ns);
        if book.venue_ts_ms.is_some_and(|last| message.venue_ts_ms < last) {
            bump(&mut self.counters.venue_time_back);
        }
        book.venue_ts_ms = Some(message.venue_ts_ms);
        let count = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        self.counters.changes = self.counters.changes.saturating_add(count);
        let doubt = doubt_after(book, changes);
        self.judge(market, message.venue_ts_ms, doubt, report);
        self.touch(market, report);
        self.sample_hash(context, market, message.venue_ts_ms, changes);
    }

    /// All tokens of the message belong to its market; notes their liveness.
    fn resolve_changes(
        &mut self,
        context: Context,
        message: &PriceChange,
        changes: &[Change],
        report: &mut Report,
    ) -> Option<MarketIx> {
        for change in changes {
            self.resolve(message.market, change.token, report)?;
        }
        let market = message.market.ix?;
        let book = self.markets.get_mut(position(market))?;
        for token in changes.iter().filter_map(|change| change.token.ix) {
            book.feed_mut(token.split().1).note(context.source.recv_ns);
        }
        Some(market)
    }

    /// A change that its book must not take: no snapshot in this epoch, or another connection's.
    #[cold]
    fn keep_out(&mut self, context: Context, market: MarketIx, changes: &[Change]) {
        let Some(book) = self.markets.get(position(market)) else { return };
        let streamed = book.base.is_some_and(|base| base.kind == Kind::Ws) && self.is_based(book);
        if streamed && book.base.is_some_and(|base| base.conn != context.base.conn) {
            return bump(&mut self.counters.other_connection);
        }
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        for token in changes.iter().filter_map(|change| change.token.ix) {
            bump(&mut book.feed_mut(token.split().1).no_snapshot);
            bump(&mut self.counters.no_snapshot);
        }
    }

    /// Queues hash checks of every n-th message: the last entry of each token names the book after
    /// it.
    fn sample_hash(
        &mut self,
        context: Context,
        market: MarketIx,
        venue_ts_ms: i64,
        changes: &[Change],
    ) {
        if self.params.hash_every == 0 {
            return;
        }
        self.changes_seen = self.changes_seen.wrapping_add(1);
        if self.changes_seen < self.params.hash_every {
            return;
        }
        self.changes_seen = 0;
        for outcome in [Outcome::Yes, Outcome::No] {
            let token = TokenIx::of(market, outcome);
            let last = changes.iter().rev().find(|change| change.token.ix == Some(token));
            if let Some(hash) = last.and_then(|change| change.hash) {
                let version = self.markets.get(position(market)).map_or(0, |book| book.version);
                let hash = hash.0.of(context.bytes).try_into().unwrap_or([0; 40]);
                self.jobs.push(HashJob::Change { token, venue_ts_ms, hash, version });
            }
        }
    }

    // --- doubt ------------------------------------------------------------------------------

    /// Suspicion of a moment is a tie; of two venue times it is DIRTY.
    fn judge(
        &mut self,
        market: MarketIx,
        venue_ts_ms: i64,
        doubt: Option<Suspicion>,
        report: &mut Report,
    ) {
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        match doubt {
            None if book.suspect.is_none() => return,
            None => book.suspect = None,
            Some(cause) => {
                match cause {
                    Suspicion::Crossed => bump(&mut self.counters.crossed),
                    Suspicion::Top => bump(&mut self.counters.top_mismatches),
                    Suspicion::Rest => bump(&mut self.counters.rest_differs),
                }
                let since = book.suspect.get_or_insert(Suspect { cause, venue_ts_ms });
                if since.venue_ts_ms != venue_ts_ms {
                    self.dirty(market, cause.lasting());
                }
            }
        }
        self.touch(market, report);
    }

    /// Stated best prices change no level; they only confirm or cast doubt.
    fn on_top(&mut self, context: Context, message: &BestBidAsk, report: &mut Report) {
        let Some((market, outcome)) = self.resolve(message.market, message.token, report) else {
            return;
        };
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        book.feed_mut(outcome).note(context.source.recv_ns);
        if !book.base.is_some_and(|base| base.same_stream(context.base)) {
            return;
        }
        book.proof_recv = Some(context.source.recv_ns);
        let agrees = book.agrees(outcome, message.best_bid, message.best_ask);
        let doubt = if book.is_crossed() {
            Some(Suspicion::Crossed)
        } else {
            (!agrees).then_some(Suspicion::Top)
        };
        self.judge(market, message.venue_ts_ms, doubt, report);
    }

    // --- book -------------------------------------------------------------------------------

    /// A full view of a token. Its own tick, if stated, is the grid it must be on.
    fn on_book(&mut self, context: Context, message: &BookSnapshot, report: &mut Report) {
        let Some((market, outcome)) = self.resolve(message.market, message.token, report) else {
            return;
        };
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        book.feed_mut(outcome).note(context.source.recv_ns);
        let tick = message.tick.unwrap_or(book.grid.tick);
        let levels = context.frame.bids_of(message).iter().chain(context.frame.asks_of(message));
        if let Err(refusal) = check_grid(tick, levels.map(|level| level.price)) {
            return self.refuse(market, refusal, report);
        }
        self.note_facts(context, market, outcome, message);
        match context.base.kind {
            Kind::Ws => self.on_stream_book(context, market, outcome, message, report),
            Kind::Rest => self.on_rest_book(context, market, outcome, message, report),
        }
        self.push_snapshot_job(context, message);
    }

    /// Keeps the facts that the book hash covers.
    fn note_facts(
        &mut self,
        context: Context,
        market: MarketIx,
        outcome: Outcome,
        message: &BookSnapshot,
    ) {
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        if let Some(text) = message.last_trade_price {
            book.feed_mut(outcome).last_trade_price = ShortText::new(text.of(context.bytes));
        }
        book.min_order_qty = message.min_order_qty.unwrap_or(book.min_order_qty);
        book.neg_risk = message.neg_risk.unwrap_or(book.neg_risk);
    }

    fn push_snapshot_job(&mut self, context: Context, message: &BookSnapshot) {
        let recipe = match context.base.kind {
            Kind::Ws => Recipe::WsBook,
            Kind::Rest => Recipe::Rest,
        };
        if let (Some(token), Some(hash)) = (message.token.ix, message.hash) {
            let hash = hash.0.of(context.bytes).try_into().unwrap_or([0; 40]);
            self.jobs.push(HashJob::Snapshot { token, recipe, hash, message: *message });
        }
    }

    /// A snapshot of the stream founds or replaces the book, unless another LIVE stream has it.
    fn on_stream_book(
        &mut self,
        context: Context,
        market: MarketIx,
        outcome: Outcome,
        message: &BookSnapshot,
        report: &mut Report,
    ) {
        let Some(book) = self.markets.get(position(market)) else { return };
        let followed = book.base.is_some_and(|base| base.same_stream(context.base));
        let streamed = book.base.is_some_and(|base| base.kind == Kind::Ws) && self.is_based(book);
        if streamed && !followed && book.dirty.is_none() && !self.has_losses(book) {
            bump(&mut self.counters.other_connection);
            if let Some(book) = self.markets.get_mut(position(market)) {
                book.feed_mut(outcome).hydrated = Some((context.base.conn, context.base.epoch));
            }
            // The token may have become LIVE by it.
            return self.touch(market, report);
        }
        // Two views of one moment with no change between them must be mirrors.
        let same_grid = message.tick.is_none_or(|tick| tick == book.grid.tick);
        let other_view = |(from, at)| from != outcome && at == message.venue_ts_ms;
        let twin = followed && same_grid && book.snapshot.is_some_and(other_view);
        let torn = twin && !book.equals(outcome, context.frame, message);
        self.write_book(context, market, outcome, message, report);
        if twin && let Some(book) = self.markets.get_mut(position(market)) {
            // The pair is complete; a third view of the same moment begins another one.
            book.snapshot = None;
        }
        if torn {
            bump(&mut self.counters.mirror_violations);
            self.dirty(market, DirtyReason::Mirror);
        }
    }

    fn has_losses(&self, book: &MarketBook) -> bool {
        book.base.is_some_and(|base| self.conn(base.conn).is_some_and(|c| c.losses != base.losses))
    }

    /// Replaces the book; all doubt ends, but a crossed snapshot is DIRTY at once.
    fn write_book(
        &mut self,
        context: Context,
        market: MarketIx,
        outcome: Outcome,
        message: &BookSnapshot,
        report: &mut Report,
    ) {
        if let Some(tick) = message.tick {
            self.move_grid(market, tick, report);
        }
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        let (bids, asks) = (context.frame.bids_of(message), context.frame.asks_of(message));
        book.replace(outcome, bids, asks);
        book.base = Some(context.base);
        book.end_doubt(context.source.recv_ns);
        book.suspect = None;
        book.snapshot = Some((outcome, message.venue_ts_ms));
        book.snapshot_recv = Some(context.source.recv_ns);
        book.proof_recv = Some(context.source.recv_ns);
        book.venue_ts_ms = Some(message.venue_ts_ms);
        book.version = book.version.wrapping_add(1);
        book.feed_mut(outcome).hydrated = Some((context.base.conn, context.base.epoch));
        bump(&mut self.counters.snapshots);
        if book.is_crossed() {
            bump(&mut self.counters.crossed);
            self.dirty(market, DirtyReason::Crossed);
        }
        self.touch(market, report);
    }

    /// A REST book checks a streamed one and stands in only where no stream is.
    fn on_rest_book(
        &mut self,
        context: Context,
        market: MarketIx,
        outcome: Outcome,
        message: &BookSnapshot,
        report: &mut Report,
    ) {
        let Some(book) = self.markets.get(position(market)) else { return };
        // Older than what was already seen, by whichever connection (FAULTS F-07).
        if book.venue_ts_ms.is_some_and(|last| message.venue_ts_ms < last) {
            return bump(&mut self.counters.rest_ghosts);
        }
        if self.is_based(book) && book.base.is_some_and(|base| base.kind == Kind::Ws) {
            return self.compare_rest(context, market, outcome, message, report);
        }
        if is_placeholder(context.frame.bids_of(message), context.frame.asks_of(message)) {
            return bump(&mut self.counters.rest_placeholders);
        }
        self.write_book(context, market, outcome, message, report);
    }

    /// A spot check of a streamed book: equal is a proof, different at the same time is a doubt.
    fn compare_rest(
        &mut self,
        context: Context,
        market: MarketIx,
        outcome: Outcome,
        message: &BookSnapshot,
        report: &mut Report,
    ) {
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        if book.equals(outcome, context.frame, message) {
            book.proof_recv = Some(context.source.recv_ns);
            return bump(&mut self.counters.rest_equal);
        }
        if book.venue_ts_ms == Some(message.venue_ts_ms) {
            return self.judge(market, message.venue_ts_ms, Some(Suspicion::Rest), report);
        }
        bump(&mut self.counters.rest_ahead);
    }

    // --- grid and prints --------------------------------------------------------------------

    /// A grid change named by either token holds for the market.
    fn on_tick(&mut self, context: Context, message: &TickSizeChange, report: &mut Report) {
        let Some((market, outcome)) = self.resolve(message.market, message.token, report) else {
            return;
        };
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        book.feed_mut(outcome).note(context.source.recv_ns);
        // The second token's notice of the same change must not drop the new book.
        self.move_grid(market, message.new, report);
    }

    /// A new grid is a new epoch: the book is dropped until the next snapshot (FAULTS F-06).
    fn move_grid(&mut self, market: MarketIx, tick: TickSize, report: &mut Report) {
        let now = self.now;
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        let old = book.grid;
        if old.tick == tick {
            return;
        }
        book.grid = Grid { tick, epoch: old.epoch.saturating_add(1) };
        book.drop_book(now);
        report.grids.push(GridChange { market, old, new: book.grid });
        bump(&mut self.counters.grid_changes);
        self.touch(market, report);
    }

    /// A print goes to the caller; no level follows from it, the venue sends those itself.
    fn on_trade(&mut self, context: Context, message: &Trade, report: &mut Report) {
        let Some((market, outcome)) = self.resolve(message.market, message.token, report) else {
            return;
        };
        let Some(book) = self.markets.get_mut(position(market)) else { return };
        book.feed_mut(outcome).note(context.source.recv_ns);
        // The venue's spelling of the new last price is known with its next book only.
        for feed in &mut book.feeds {
            feed.last_trade_price = None;
        }
        if book.base.is_some_and(|base| base.same_stream(context.base)) {
            book.proof_recv = Some(context.source.recv_ns);
        }
        bump(&mut self.counters.trades);
        report.trades.push(TradePrint {
            token: TokenIx::of(market, outcome),
            side: message.side,
            price: message.price,
            qty: message.qty,
            venue_ts_ms: message.venue_ts_ms,
            transaction_hash: message.transaction_hash,
        });
    }
}

/// What the book after a whole `price_change` disagrees about. Each token's last entry counts.
fn doubt_after(book: &MarketBook, changes: &[Change]) -> Option<Suspicion> {
    if book.is_crossed() {
        return Some(Suspicion::Crossed);
    }
    let last_of = |wanted: Outcome| {
        changes.iter().rev().find(|c| c.token.ix.is_some_and(|token| token.split().1 == wanted))
    };
    let agrees = [Outcome::Yes, Outcome::No].into_iter().all(|outcome| {
        last_of(outcome).is_none_or(|c| book.agrees(outcome, c.best_bid, c.best_ask))
    });
    (!agrees).then_some(Suspicion::Top)
}

/// One order shows in both tokens: the k-th entries of the two must be mirrors. A message that
/// carries one token only, or uneven counts, states no pairs.
fn is_mirrored(changes: &[Change]) -> bool {
    let of = |wanted: Outcome| {
        changes.iter().filter(move |c| c.token.ix.is_some_and(|token| token.split().1 == wanted))
    };
    if of(Outcome::Yes).count() != of(Outcome::No).count() {
        return true;
    }
    of(Outcome::Yes).zip(of(Outcome::No)).all(|(yes, no)| {
        yes.price == no.price.complement() && yes.qty == no.qty && yes.side != no.side
    })
}

/// All prices are multiples of the tick. The divisor is a constant in each arm: this runs per
/// level.
fn check_grid(tick: TickSize, mut prices: impl Iterator<Item = Fine>) -> Result<(), Refusal> {
    let unit = Fine::of_tick(tick).0;
    let off = match unit {
        1 => None,
        10 => prices.find(|price| price.0 % 10 != 0),
        100 => prices.find(|price| price.0 % 100 != 0),
        _ => prices.find(|price| price.0.checked_rem(unit) != Some(0)),
    };
    off.map_or(Ok(()), |price| Err(Refusal::OffGrid { fine: price.0, tick: unit }))
}

fn is_placeholder(bids: &[Level], asks: &[Level]) -> bool {
    let bid = bids.last().is_some_and(|level| level.price <= PLACEHOLDER_BID);
    let ask = asks.last().is_some_and(|level| level.price >= PLACEHOLDER_ASK);
    bid && ask
}
