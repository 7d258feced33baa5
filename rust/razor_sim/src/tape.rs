//! Tapes: a recording as the outside of the [`Exchange`], depth that our orders take.
//!
//! Owns: the markets of the recording as the exchange lists them, the books of the recording (those
//! of [`razor_core::book`], so that a tape reads frames as every run does), and the difference
//! between what a book said last and what it says now, which is all that the exchange is told.
//!
//! Must never: read a file or a clock, show an order that was not recorded (seeded sizes over
//! quotes without sizes are said in the listing), or give back depth that our orders took.
//!
//! Consumption, exactly: what we take from a level stays taken until the recording states **another
//! total** for it. A total equal to the last one stated, in a change or in a snapshot, is no news.
//! A level that the recording removes and brings back, with the same total or not, is new. Totals
//! stated while the recorded book is crossed count once it no longer is.
//!
//! The exchange's book of a market is at any time, but for what our orders added and took, the
//! recorded one as [`Books`] has it; except:
//! - while the recorded book is crossed: the last one that was not is shown
//!   ([`TapeCounts::crossed`]);
//! - once the market is over: nothing is shown;
//! - a total above 10^9 shares is shown as 10^9.
//!
//! Prints: see [`crate::exchange::OutsidePrint`]. The way of the taker is read from the recorded
//! book (at or below the best bid it sold, at or above the best ask it bought) and only between the
//! two from the message, which is wrong too often. Rows of trades count until a print of the market
//! came by its stream, because both tell the same trades; rows from before the tape are history.
//!
//! One plan, one capture and one list of what others did give one list of events on every machine.

mod facts;
mod ladder;

use razor_core::book::{BookParams, BookSide, Books, Notice, Report, Source};
use razor_core::engine::gap::Gap;
use razor_core::engine::meta::Meta;
use razor_core::engine::quote::{Quote, decode_quotes};
use razor_core::engine::record::{Kind as RecordKind, Record};
use razor_core::engine::trade::TradeRow;
use razor_core::ids::{ConnIx, MarketIx, Outcome, Registry, TokenIx};
use razor_core::market::Fees;
use razor_core::order::Side;
use razor_core::shadow::store::TakerSide;
use razor_core::units::{Nanos, Price, Qty};
use razor_core::wire::{self, Fine};

use crate::exchange::{
    Address, Command, Event, Exchange, Flags, MAX_AMOUNT, Operation, OutsideLevel, OutsidePrint,
    OwnerIx, Payout, Reply,
};
use crate::gateway::seeded_depth;
use facts::Lister;
use ladder::{Ladder, Level};

pub use facts::{TapeFault, TapeMarket};

/// Micro-dollars in a step of the finest grid.
const FINE_MICROS: u32 = 100;
/// The wallet of the outside: "tape" in hex.
const WALLET: [u8; 4] = *b"tape";

/// How a tape is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapePlan {
    /// Seed of the sizes over quotes that have none.
    pub seed: u64,
    /// Shares that a quote without a size stands for, give or take a half; 0 shows no such quote.
    pub quote_depth: Qty,
    /// Whether the capture has quotes instead of books, as its manifest says.
    pub is_quote_only: bool,
}

/// What was played so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TapeCounts {
    /// Records of any kind.
    pub records: u64,
    /// Records that could not be read.
    pub refused: u64,
    /// Levels told to the exchange.
    pub levels: u64,
    /// Levels that the exchange did not take: the operator changed the market.
    pub levels_refused: u64,
    /// Times that a recorded book was found crossed and was not shown.
    pub crossed: u64,
    /// Prints shown.
    pub prints: u64,
    /// Prints and rows of trades not shown: history, told twice, or unreadable.
    pub prints_left_out: u64,
    /// Markets that are over.
    pub over: u64,
}

/// A market of the tape.
#[derive(Debug, Clone)]
struct Played {
    /// Its index at the exchange.
    ix: MarketIx,
    facts: TapeMarket,
    bids: Ladder,
    asks: Ladder,
    /// Best quotes of a quote record, with their seeded sizes.
    quoted: [Option<(Price, Qty)>; 2],
    has_stream_prints: bool,
    is_over: bool,
}

/// The exchange at one time, with the list that its events go to.
struct Floor<'a> {
    now: Nanos,
    exchange: &'a mut Exchange,
    out: &'a mut Vec<Event>,
}

impl Floor<'_> {
    fn operate(&mut self, operation: Operation) -> bool {
        self.exchange.step(self.now, Command::Operate(operation), self.out).is_ok()
    }
}

/// A trade as the recording tells it.
#[derive(Debug, Clone, Copy)]
struct Told {
    token: TokenIx,
    side: Option<Side>,
    price: Price,
    qty: u64,
}

/// Buffers that are reused from record to record.
#[derive(Debug, Clone, Default)]
struct Scratch {
    levels: Vec<Level>,
    moved: Vec<(Side, Level)>,
    fresh: Vec<(Side, Level)>,
    quotes: Vec<Quote>,
}

/// A recording that is played into an exchange.
#[derive(Debug, Clone)]
pub struct Tape {
    plan: TapePlan,
    owner: OwnerIx,
    books: Books,
    report: Report,
    conns: Vec<Box<str>>,
    /// By index of the books.
    markets: Vec<Played>,
    /// Receive time of the first record.
    began: Option<Nanos>,
    counts: TapeCounts,
    scratch: Scratch,
    listing: String,
}

impl Tape {
    /// Lists the markets of a capture, in the order of its definitions, and opens the account of
    /// the outside. Definitions that the books would refuse are left out, as they are in a run.
    ///
    /// # Errors
    /// [`TapeFault`]; the exchange may have a part of the markets then and is of no use.
    pub fn open(
        plan: TapePlan,
        facts: Vec<TapeMarket>,
        now: Nanos,
        exchange: &mut Exchange,
        out: &mut Vec<Event>,
    ) -> Result<Self, TapeFault> {
        let mut names = Registry::default();
        let mut markets = Vec::new();
        let mut lister = Lister::new(now, exchange, out);
        for facts in facts {
            let at = names.market_count();
            let number = MarketIx(u32::try_from(at).unwrap_or(u32::MAX));
            let [yes, no] = &facts.token_ids;
            if names.define(number, &facts.condition_id, [yes, no]).is_ok() {
                let ix = lister.market(&facts, at)?;
                markets.push(Played::new(ix, facts));
            }
        }
        let listing = lister.listing(&markers(&plan, &markets));
        if markets.is_empty() {
            return Err(TapeFault::NoMarkets);
        }
        let owner = open_account(&mut Floor { now, exchange, out })?;
        Ok(Self {
            plan,
            owner,
            // Hashes name the book before ours took part; nobody asks for them here.
            books: Books::with_params(BookParams { hash_every: 0, ..BookParams::default() }),
            report: Report::default(),
            conns: Vec::new(),
            markets,
            began: None,
            counts: TapeCounts::default(),
            scratch: Scratch::default(),
            listing,
        })
    }

    /// What was listed, as JSON: `events` and `markets` with the members of the listing of the
    /// Python side (and `index`), `markers` with what is not from the recording.
    pub fn listing(&self) -> &str {
        &self.listing
    }

    /// What was played so far.
    pub const fn counts(&self) -> &TapeCounts {
        &self.counts
    }

    /// Plays the next record at `now`, which is for the caller to choose; events are appended to
    /// `out`, all of one instant. The exchange must have done what was due before.
    ///
    /// Cost: that of reading the frame, and nanoseconds per level of the markets that it names.
    pub fn play(
        &mut self,
        record: &Record<'_>,
        now: Nanos,
        exchange: &mut Exchange,
        out: &mut Vec<Event>,
    ) {
        self.counts.records += 1;
        self.began.get_or_insert(record.recv_ns);
        let floor = &mut Floor { now, exchange, out };
        let is_read = match record.kind {
            RecordKind::Meta => self.define(record.payload),
            RecordKind::Ws => self.frame(record, wire::Kind::Ws, floor),
            RecordKind::Rest => self.frame(record, wire::Kind::Rest, floor),
            RecordKind::Quote => self.quotes(record, floor),
            RecordKind::Trade => self.row(record.payload, floor),
            RecordKind::Gap => self.gap(record.payload, floor),
            RecordKind::Params
            | RecordKind::Ref
            | RecordKind::Timer
            | RecordKind::Conn
            | RecordKind::Recovery
            | RecordKind::Intent
            | RecordKind::Venue
            | RecordKind::Operator
            | RecordKind::End => true,
        };
        self.counts.refused += u64::from(!is_read);
    }

    /// The books know a market from its definition on, though it was listed before.
    fn define(&mut self, payload: &[u8]) -> bool {
        let Ok(meta) = Meta::decode(payload) else { return false };
        for market in &meta.markets {
            let number = self.books.registry().market_count();
            let Some(played) = self.markets.get(number) else { break };
            if *played.facts.condition_id == *market.condition_id {
                let number = MarketIx(u32::try_from(number).unwrap_or(u32::MAX));
                // What open() took over is defined in its order.
                let _defined = self.books.add_market(number, &played.facts.def());
            }
        }
        true
    }

    fn frame(&mut self, record: &Record<'_>, kind: wire::Kind, floor: &mut Floor<'_>) -> bool {
        let Record { recv_ns, epoch, .. } = *record;
        let source = Source { conn: self.conn(record.conn), epoch, recv_ns, kind };
        let mut report = core::mem::take(&mut self.report);
        let is_read = self.books.apply(source, record.payload, &mut report).is_ok();
        for grid in &report.grids {
            let at = position(grid.market);
            self.clear(at, floor);
            let market = self.markets[at].ix;
            floor.operate(Operation::SetTick(market, grid.new.tick));
        }
        for print in &report.trades {
            let side = Some(side_of(print.side));
            let (token, price, qty) = (print.token, print.price, print.qty.0);
            self.markets[position(token.split().0)].has_stream_prints = true;
            self.print(Told { token, side, price, qty }, floor);
        }
        for market in &report.touched {
            self.follow(position(*market), floor);
        }
        for notice in &report.notices {
            match *notice {
                Notice::Resolved { market: Some(market), winner, .. } => {
                    self.resolve(position(market), winner, floor);
                }
                Notice::Resolved { market: None, .. } | Notice::Listed { .. } => {}
            }
        }
        self.report = report;
        is_read
    }

    /// Shows what a recorded book says now.
    fn follow(&mut self, at: usize, floor: &mut Floor<'_>) {
        let yes = TokenIx::of(MarketIx(u32::try_from(at).unwrap_or(u32::MAX)), Outcome::Yes);
        let top = self.books.top(yes);
        if let (Some((bid, _)), Some((ask, _))) = (top.bid, top.ask)
            && bid >= ask
        {
            self.counts.crossed += 1;
            return;
        }
        let mut levels = core::mem::take(&mut self.scratch.levels);
        for side in [BookSide::Bids, BookSide::Asks] {
            levels.clear();
            let fine = |price: Price| u16::try_from(price.micros() / FINE_MICROS).unwrap_or(0);
            levels.extend(
                self.books.levels(yes, side).map(|(price, qty)| (Fine(fine(price)), qty.0)),
            );
            self.turn(at, side, &levels);
        }
        self.scratch.levels = levels;
        self.tell(at, floor);
    }

    fn turn(&mut self, at: usize, side: BookSide, levels: &[Level]) {
        let Scratch { moved, fresh, .. } = &mut self.scratch;
        self.markets[at].ladder(side).turn(levels, moved, fresh);
    }

    /// Tells the exchange the differences: first what goes and what stays, then what is new, so
    /// that the outside never meets itself.
    fn tell(&mut self, at: usize, floor: &mut Floor<'_>) {
        let market = &mut self.markets[at];
        let Scratch { moved, fresh, .. } = &mut self.scratch;
        for (side, level) in moved.drain(..).chain(fresh.drain(..)) {
            market.ladder(book_side(side)).note(level);
            if market.is_over {
                continue;
            }
            let (price, qty) = (level.0, level.1.min(MAX_AMOUNT));
            let level = OutsideLevel { owner: self.owner, market: market.ix, side, price, qty };
            self.counts.levels += 1;
            if !floor.operate(Operation::Show(level)) {
                self.counts.levels_refused += 1;
            }
        }
    }

    /// Takes the depth of the outside out of a book.
    fn clear(&mut self, at: usize, floor: &mut Floor<'_>) {
        for side in [BookSide::Bids, BookSide::Asks] {
            self.turn(at, side, &[]);
        }
        self.tell(at, floor);
    }

    /// A market of the tape ends. Without a winner nobody knows what it pays: it closes.
    fn resolve(&mut self, at: usize, winner: Option<TokenIx>, floor: &mut Floor<'_>) {
        if self.markets[at].is_over {
            return;
        }
        self.clear(at, floor);
        let market = &mut self.markets[at];
        market.is_over = true;
        self.counts.over += 1;
        let payout = match winner.map(TokenIx::split) {
            Some((_, Outcome::Yes)) => Some(Payout::Yes),
            Some((_, Outcome::No)) => Some(Payout::No),
            None => None,
        };
        let is_resolved =
            payout.is_some_and(|payout| floor.operate(Operation::Resolve(market.ix, payout)));
        if !is_resolved {
            let flags = Flags { is_active: true, accepts_orders: false, is_closed: true };
            floor.operate(Operation::SetFlags(market.ix, flags));
        }
    }

    /// Tops of books read together; a quote without a size gets a seeded one, which it keeps for as
    /// long as its price stays.
    fn quotes(&mut self, record: &Record<'_>, floor: &mut Floor<'_>) -> bool {
        let mut quotes = core::mem::take(&mut self.scratch.quotes);
        let is_read = decode_quotes(record.payload, &mut quotes).is_ok();
        for quote in &quotes {
            let at = position(quote.market);
            if at < self.markets.len() {
                self.quote(at, quote, record.recv_ns, floor);
            }
        }
        self.scratch.quotes = quotes;
        is_read
    }

    fn quote(&mut self, at: usize, quote: &Quote, recv: Nanos, floor: &mut Floor<'_>) {
        if quote.bid.zip(quote.ask).is_some_and(|(bid, ask)| bid >= ask) {
            self.counts.crossed += 1;
            return;
        }
        let token = TokenIx::of(quote.market, Outcome::Yes);
        let TapePlan { seed, quote_depth, .. } = self.plan;
        for (side, place, price) in [(BookSide::Bids, 0, quote.bid), (BookSide::Asks, 1, quote.ask)]
        {
            let kept = &mut self.markets[at].quoted[place];
            if kept.map(|it| it.0) != price {
                *kept =
                    price.map(|price| (price, seeded_depth(seed, quote_depth, token, price, recv)));
            }
            let shown = kept.and_then(|(price, qty)| level_of(price, qty));
            self.turn(at, side, shown.as_slice());
        }
        self.tell(at, floor);
    }

    fn row(&mut self, payload: &[u8], floor: &mut Floor<'_>) -> bool {
        let Ok(row) = TradeRow::decode(payload) else { return false };
        let token = self.books.registry().token(row.asset.as_bytes());
        let began_s = self.began.unwrap_or(Nanos(0)).millis_floor() / 1_000;
        let is_history = row.venue_ts_ms.is_some_and(|ms| ms / 1_000 < began_s);
        let told = token.and_then(|token| {
            let micros = row.price.to_scaled_floor(6).ok()?;
            let price = Price::from_micros(u32::try_from(micros).ok()?).ok()?;
            let qty = u64::try_from(row.size.to_scaled_floor(6).ok()?).ok()?;
            let side = row.side.map(|side| match side {
                TakerSide::Buy => Side::Buy,
                TakerSide::Sell => Side::Sell,
            });
            Some(Told { token, side, price, qty })
        });
        match told {
            Some(told)
                if !is_history
                    && !self.markets[position(told.token.split().0)].has_stream_prints =>
            {
                self.print(told, floor);
            }
            Some(_) | None => self.counts.prints_left_out += 1,
        }
        true
    }

    /// Shows a print; orders of ours that it would have met are filled by it.
    fn print(&mut self, told: Told, floor: &mut Floor<'_>) {
        let (number, outcome) = told.token.split();
        let market = &mut self.markets[position(number)];
        let price = fine_floor(told.price);
        let (yes_price, yes_side) = match outcome {
            Outcome::Yes => (price, told.side),
            Outcome::No => (price.complement(), told.side.map(other)),
        };
        let bid = market.bids.best().is_some_and(|bid| yes_price <= bid);
        let ask = market.asks.best().is_some_and(|ask| yes_price >= ask);
        let way = match (bid, ask) {
            (true, false) => Some(Side::Sell),
            (false, true) => Some(Side::Buy),
            (true, true) | (false, false) => yes_side,
        };
        let Some(way) = way.filter(|_| !market.is_over) else {
            self.counts.prints_left_out += 1;
            return;
        };
        let side = told.side.unwrap_or(match outcome {
            Outcome::Yes => way,
            Outcome::No => other(way),
        });
        let ahead = match way {
            Side::Buy => market.asks.ahead(yes_price),
            Side::Sell => market.bids.ahead(yes_price),
        };
        let token = TokenIx::of(market.ix, outcome);
        let (owner, qty) = (self.owner, told.qty);
        let print = OutsidePrint { owner, token, side, price, qty, way, ahead };
        if floor.operate(Operation::Print(print)) {
            self.counts.prints += 1;
        } else {
            self.counts.prints_left_out += 1;
        }
    }

    /// Only a restart of the recorder ends books; after any other gap they stand as they were.
    fn gap(&mut self, payload: &[u8], floor: &mut Floor<'_>) -> bool {
        let Ok(gap) = Gap::decode(payload) else { return false };
        if gap.is_restart() {
            self.books.restart();
            for at in 0..self.markets.len() {
                self.clear(at, floor);
            }
        }
        true
    }

    /// The index of a connection name, in order of first use. Names are few.
    fn conn(&mut self, name: &str) -> ConnIx {
        let known = self.conns.iter().position(|conn| &**conn == name);
        let at = known.unwrap_or_else(|| {
            self.conns.push(name.into());
            self.conns.len() - 1
        });
        ConnIx(u16::try_from(at).unwrap_or(u16::MAX))
    }
}

impl Played {
    fn new(ix: MarketIx, facts: TapeMarket) -> Self {
        Self {
            ix,
            facts,
            bids: Ladder::new(Side::Buy),
            asks: Ladder::new(Side::Sell),
            quoted: [None; 2],
            has_stream_prints: false,
            is_over: false,
        }
    }

    const fn ladder(&mut self, side: BookSide) -> &mut Ladder {
        match side {
            BookSide::Bids => &mut self.bids,
            BookSide::Asks => &mut self.asks,
        }
    }
}

fn open_account(floor: &mut Floor<'_>) -> Result<OwnerIx, TapeFault> {
    let mut address = [0; 20];
    address[..WALLET.len()].copy_from_slice(&WALLET);
    let open = Command::OpenAccount { address: Address(address), is_approved: true };
    let opened = floor.exchange.step(floor.now, open, floor.out).map_err(TapeFault::Account)?;
    let Reply::Account(account) = opened else { return Err(TapeFault::NoMarkets) };
    let add = Command::AddOwner { key: "tape".into(), account };
    let added = floor.exchange.step(floor.now, add, floor.out).map_err(TapeFault::Account)?;
    let Reply::Owner(owner) = added else { return Err(TapeFault::NoMarkets) };
    Ok(owner)
}

/// What in the listing or the books is not from the recording.
fn markers(plan: &TapePlan, markets: &[Played]) -> Vec<String> {
    const PLAYED: &str = "A recording is played: its prices and depth are those of its time.";
    const DRY: &str =
        "The tape has quotes without sizes, and no depth is set: its books are empty.";
    let mut said = vec![PLAYED.to_owned()];
    match (plan.is_quote_only, plan.quote_depth) {
        (false, _) => {}
        (true, Qty::ZERO) => said.push(DRY.to_owned()),
        (true, depth) => said.push(format!(
            "The tape has quotes without sizes: the sizes shown are seeded around {} shares.",
            depth.0 / 1_000_000
        )),
    }
    let unknown = markets.iter().filter(|it| it.facts.fees == Fees::Unknown).count();
    if unknown > 0 {
        said.push(format!("The fees of {unknown} markets are unknown: they are free here."));
    }
    said
}

/// A level of a quote, unless the venue's finest grid does not have its price.
fn level_of(price: Price, qty: Qty) -> Option<Level> {
    let is_fine = price.micros().is_multiple_of(FINE_MICROS);
    (is_fine && qty > Qty::ZERO).then(|| (fine_floor(price), qty.0))
}

fn fine_floor(price: Price) -> Fine {
    Fine(u16::try_from(price.micros() / FINE_MICROS).unwrap_or(Fine::ONE.0))
}

const fn side_of(side: wire::Side) -> Side {
    match side {
        wire::Side::Buy => Side::Buy,
        wire::Side::Sell => Side::Sell,
    }
}

const fn book_side(side: Side) -> BookSide {
    match side {
        Side::Buy => BookSide::Bids,
        Side::Sell => BookSide::Asks,
    }
}

const fn other(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

fn position(market: MarketIx) -> usize {
    usize::try_from(market.0).unwrap_or(usize::MAX)
}
