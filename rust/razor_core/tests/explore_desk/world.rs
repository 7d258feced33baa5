//! The world of the explorer: the real desk, and a venue that knows what the desk must find out.
//!
//! Quantities are counted in units of one share. Time stands still: any armed deadline may pass at
//! any moment, in any order, which covers every clock. The venue may let an order arrive whenever
//! it likes, match any part of it, answer in any order or not at all, and settle as it pleases.

use razor_core::basket::{
    Action, Answer, Desk, DeskTimer, Input, Operator, Phase, Plan, Quote, Refusal, Rules, Trade,
    Treasury, VenueMode, View,
};
use razor_core::ids::TokenIx;
use razor_core::ledger::Settle;
use razor_core::order::{self, Evidence, Order, OrderIx, Rung, Side, TradeId};
use razor_core::risk::Caps;
use razor_core::units::{Nanos, Price, Qty, TickSize, Usdc};

use super::defect::Defect;

/// Micro-shares of one unit.
pub const UNIT: u64 = 1_000_000;
/// Ask and bid of the book at the signal, in micro-dollars.
pub const ASK: u32 = 300_000;
pub const BID: u32 = 290_000;
/// The time at which everything happens.
pub const NOW: Nanos = Nanos(1);

/// What the books show while one input is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    /// As at the signal, and newer than any answer.
    Fresh,
    /// The ask is within the first step of the budget.
    Near,
    /// The ask is within the second step.
    Far,
    /// The ask is beyond the budget.
    Beyond,
    /// Nobody asks.
    NoAsk,
    /// Nobody bids.
    NoBid,
    /// Not proven to be current.
    Stale,
    /// Current, but no newer than the last answer.
    Old,
    /// There is none.
    Missing,
}

impl Book {
    pub const fn ask(self) -> Option<u32> {
        match self {
            Self::Fresh | Self::NoBid | Self::Stale | Self::Old => Some(ASK),
            Self::Near => Some(300_200),
            Self::Far => Some(303_000),
            Self::Beyond => Some(306_100),
            Self::NoAsk | Self::Missing => None,
        }
    }

    pub const fn bid(self) -> Option<u32> {
        match self {
            Self::NoBid | Self::Missing => None,
            _ => Some(BID),
        }
    }
}

/// The books of all tokens, and whether somebody looked.
pub struct Shown {
    pub book: Book,
    pub was_read: std::cell::Cell<bool>,
}

impl View for Shown {
    fn quote(&self, _: TokenIx) -> Option<Quote> {
        self.was_read.set(true);
        let side = |micros: Option<u32>| {
            micros.map(|micros| (Price::from_micros(micros).expect("price"), Qty(100 * UNIT)))
        };
        (self.book != Book::Missing).then(|| Quote {
            bid: side(self.book.bid()),
            ask: side(self.book.ask()),
            tick: TickSize::FINEST,
            is_current: self.book != Book::Stale,
            age: Nanos(0),
            changed: if self.book == Book::Old { Nanos(0) } else { Nanos(2) },
        })
    }
}

/// How often the world may still do what is unusual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Orders whose answer is overdue, whether they have arrived by then or not.
    pub delays: u8,
    /// Trades that fail.
    pub voids: u8,
    /// Answers that prove nothing.
    pub garbles: u8,
    /// Orders that rest or are delayed.
    pub rests: u8,
    /// Proven refusals of an order.
    pub declines: u8,
    /// Refusals of the account.
    pub bans: u8,
    /// Answers to questions that were overtaken by the order.
    pub stales: u8,
    /// Questions that are answered with nothing.
    pub silences: u8,
    /// Orders matched one unit beyond what was asked for.
    pub overfills: u8,
    /// Trades at a price worse than the limit.
    pub slips: u8,
    /// Answers that claim nothing where something was matched (F-25).
    pub lies: u8,
    /// Orders that arrive after the window for late arrivals.
    pub ghosts: u8,
    /// Merges that fail.
    pub unmerged: u8,
    /// Changes away from the normal mode.
    pub modes: u8,
    /// Operator's words.
    pub stops: u8,
    pub halts: u8,
    pub clears: u8,
    /// Crashes with restarts.
    pub crashes: u8,
    /// Intents that cannot be made durable.
    pub undurable: u8,
    /// Foreign objects on the account; the journal lost.
    pub foreign: u8,
    pub lost: u8,
}

/// One exploration.
#[derive(Debug, Clone)]
pub struct Config {
    pub name: &'static str,
    pub plans: Vec<Plan>,
    pub rules: Rules,
    pub caps: Caps,
    pub budget: Budget,
    pub books: Vec<Book>,
    /// What a trade may be when it is first seen.
    pub first: Vec<Settle>,
    /// Whether states after `HardStop` are entered but not left.
    pub stops_at_hard_stop: bool,
    /// The planted defect, if any.
    pub defect: Option<Defect>,
}

/// One trade of one unit as the venue has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    Unseen,
    Seen(Settle),
}

/// Where an order really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Its intent is being written.
    Planned,
    /// Its intent is durable and it has not left yet.
    Durable,
    /// On its way; it may arrive at any time.
    Transit,
    /// At the venue, not over.
    Resting,
    /// Over at the venue.
    Over,
    /// It never left and never will.
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    None,
    Asked,
    /// Answered "absent" before the order arrived; the answer is on its way.
    Overtaken,
}

/// One order as it really is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Truth {
    pub leg: u8,
    pub signal: u64,
    pub side: Side,
    pub is_entry: bool,
    pub rung: Rung,
    pub limit: Price,
    pub asked: u8,
    pub stage: Stage,
    pub units: Vec<Unit>,
    pub price: Price,
    pub reply: Option<Answer>,
    pub question: Question,
    pub is_cancelled: bool,
    pub is_window_over: bool,
    pub sends: u8,
}

impl Truth {
    pub fn unseen(&self) -> u8 {
        count(&self.units, Unit::Unseen)
    }

    pub fn seen(&self, settle: Settle) -> u8 {
        count(&self.units, Unit::Seen(settle))
    }

    /// Units that may still be matched.
    pub const fn possible(&self) -> u8 {
        match self.stage {
            Stage::Planned | Stage::Durable | Stage::Resting => self.asked,
            Stage::Transit if !self.is_window_over => self.asked,
            Stage::Transit | Stage::Over | Stage::Dead => 0,
        }
    }
}

fn count(units: &[Unit], kind: Unit) -> u8 {
    units.iter().filter(|unit| **unit == kind).count() as u8
}

/// All that the desk does not see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Venue {
    pub orders: Vec<Truth>,
    pub timers: Vec<DeskTimer>,
    pub budget: Budget,
    pub signals: u8,
    /// Terminal rows per signal, by place in the plans.
    pub ends: Vec<u8>,
    pub merge: Option<u8>,
    pub merged: u8,
    pub mode: VenueMode,
}

/// The desk and its venue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub desk: Desk,
    pub venue: Venue,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Move {
    Signal(u8),
    Durable(u8),
    NotDurable(u8),
    Arrive(u8, u8),
    Rest(u8, bool),
    Decline(u8, Refusal),
    Match(u8, u8),
    Reply(u8),
    Lie(u8),
    Garble(u8),
    Freeze(u8),
    Find(u8),
    Silence(u8),
    Trade(u8, Settle),
    Slip(u8),
    Settle(u8, Settle),
    Merged(Treasury),
    Elapse(DeskTimer),
    Books,
    Mode(VenueMode),
    Speak(Operator),
    Crash,
    Reconciled,
    Foreign,
    Lost,
}

/// What one move did.
pub struct Stepped {
    pub world: World,
    pub inputs: Vec<Input>,
    pub actions: Vec<Action>,
    pub was_read: bool,
}

pub fn ix(order: u8) -> OrderIx {
    OrderIx(u64::from(order))
}

pub fn trade_id(order: u8, unit: usize) -> TradeId {
    let mut id = [0; 16];
    id[0] = order + 1;
    id[1] = unit as u8;
    TradeId(id)
}

pub fn trade(order: u8, unit: usize, price: Price, settle: Settle) -> Trade {
    let (qty, fee) = (Qty(UNIT), Usdc::ZERO);
    Trade { order: ix(order), id: trade_id(order, unit), qty, price, fee, settle }
}

impl World {
    pub fn new(config: &Config) -> Self {
        Self {
            desk: Desk::new(config.rules, config.caps),
            venue: Venue {
                orders: Vec::new(),
                timers: Vec::new(),
                budget: config.budget,
                signals: 0,
                ends: vec![0; config.plans.len()],
                merge: None,
                merged: 0,
                mode: VenueMode::Normal,
            },
        }
    }

    /// Everything that may happen now, in a fixed order.
    pub fn moves(&self, config: &Config, moves: &mut Vec<Move>) {
        moves.clear();
        let (desk, venue) = (&self.desk, &self.venue);
        if desk.phase() == Phase::HardStop && config.stops_at_hard_stop {
            return;
        }
        if usize::from(venue.signals) < config.plans.len() {
            moves.push(Move::Signal(venue.signals));
        }
        for (place, truth) in venue.orders.iter().enumerate() {
            self.order_moves(place as u8, truth, config, moves);
        }
        if venue.merge.is_some() {
            moves.push(Move::Merged(Treasury::Done));
            if venue.budget.unmerged > 0 {
                moves.push(Move::Merged(Treasury::Failed));
            }
        }
        moves.extend(
            venue
                .timers
                .iter()
                .filter(|timer| self.may_elapse(**timer))
                .map(|timer| Move::Elapse(*timer)),
        );
        if desk.is_waiting_for_books() {
            moves.push(Move::Books);
        }
        self.outer_moves(moves);
    }

    /// A question that is still open is not asked again: that would change nothing. Trades of an
    /// order that arrived within its late window are told within it, by the stream or a question.
    fn may_elapse(&self, timer: DeskTimer) -> bool {
        let of = |order: OrderIx| &self.venue.orders[order.0 as usize];
        match timer {
            DeskTimer::Order(order, order::Timer::Poll) => of(order).question == Question::None,
            DeskTimer::Order(_, order::Timer::Answer) => self.venue.budget.delays > 0,
            DeskTimer::Order(order, order::Timer::Late) => {
                let truth = of(order);
                truth.stage != Stage::Resting && truth.unseen() == 0
            }
            _ => true,
        }
    }

    fn outer_moves(&self, moves: &mut Vec<Move>) {
        let (desk, budget) = (&self.desk, &self.venue.budget);
        if self.venue.mode != VenueMode::Normal {
            moves.push(Move::Mode(VenueMode::Normal));
        } else if budget.modes > 0 {
            moves.push(Move::Mode(VenueMode::Restarting));
            moves.push(Move::Mode(VenueMode::VersionMismatch));
        }
        let words = [
            (budget.stops, Operator::Stop),
            (budget.halts, Operator::Halt),
            (budget.clears, Operator::Clear),
        ];
        moves.extend(words.iter().filter(|word| word.0 > 0).map(|word| Move::Speak(word.1)));
        let others = [
            (budget.crashes, Move::Crash),
            (budget.foreign, Move::Foreign),
            (budget.lost, Move::Lost),
        ];
        moves.extend(others.iter().filter(|other| other.0 > 0).map(|other| other.1));
        let is_told = self.venue.orders.iter().all(|truth| truth.unseen() == 0);
        if desk.is_ready_to_reconcile() && is_told {
            moves.push(Move::Reconciled);
        }
    }

    fn order_moves(&self, at: u8, truth: &Truth, config: &Config, moves: &mut Vec<Move>) {
        let budget = &self.venue.budget;
        match truth.stage {
            Stage::Planned => {
                moves.push(Move::Durable(at));
                if budget.undurable > 0 {
                    moves.push(Move::NotDurable(at));
                }
            }
            Stage::Transit
                if !truth.is_window_over || budget.ghosts > 0 && truth.side == Side::Buy =>
            {
                let may_overfill = budget.overfills > 0 && truth.side == Side::Buy;
                let most = truth.asked + u8::from(may_overfill);
                moves.extend((0..=most).map(|units| Move::Arrive(at, units)));
                if budget.rests > 0 {
                    moves.push(Move::Rest(at, false));
                    moves.push(Move::Rest(at, true));
                }
                if budget.declines > 0 {
                    moves.push(Move::Decline(at, Refusal::Order));
                }
                if budget.bans > 0 {
                    moves.push(Move::Decline(at, Refusal::Account));
                }
            }
            Stage::Resting => moves.extend((0..=truth.asked).map(|units| Move::Match(at, units))),
            Stage::Durable | Stage::Transit | Stage::Over | Stage::Dead => {}
        }
        self.answer_moves(at, truth, moves);
        let is_open = truth.stage == Stage::Over || truth.stage == Stage::Resting;
        if is_open && truth.unseen() > 0 {
            moves.extend(config.first.iter().map(|first| Move::Trade(at, *first)));
            if budget.voids > 0 {
                moves.push(Move::Trade(at, Settle::Void));
            }
            if budget.slips > 0 {
                moves.push(Move::Slip(at));
            }
        }
        if truth.seen(Settle::Prov) > 0 {
            moves.push(Move::Settle(at, Settle::Conf));
            if budget.voids > 0 {
                moves.push(Move::Settle(at, Settle::Void));
            }
        }
    }

    fn answer_moves(&self, at: u8, truth: &Truth, moves: &mut Vec<Move>) {
        let budget = &self.venue.budget;
        if truth.reply.is_some() {
            moves.push(Move::Reply(at));
            if budget.lies > 0 && !truth.units.is_empty() {
                moves.push(Move::Lie(at));
            }
        }
        let is_sent =
            self.desk.order(ix(at)).is_some_and(|slot| matches!(slot.order, Order::Sent(_)));
        if is_sent && budget.garbles > 0 {
            moves.push(Move::Garble(at));
        }
        match truth.question {
            Question::None => {}
            Question::Asked => {
                moves.push(Move::Find(at));
                if budget.silences > 0 {
                    moves.push(Move::Silence(at));
                }
                if truth.stage == Stage::Transit && budget.stales > 0 {
                    moves.push(Move::Freeze(at));
                }
            }
            Question::Overtaken => moves.push(Move::Find(at)),
        }
    }

    /// Does one move under one book.
    pub fn apply(&self, config: &Config, step: Move, book: Book) -> Stepped {
        let mut world = self.clone();
        let mut inputs = Vec::new();
        world.venue.happen(step, config, &mut inputs);
        if let Some(defect) = config.defect {
            defect.hear(self, &mut inputs);
        }
        let shown = Shown { book, was_read: std::cell::Cell::new(false) };
        let mut actions = Vec::new();
        for input in &inputs {
            world.desk.step(NOW, input.clone(), &shown, &mut actions);
        }
        if let Some(defect) = config.defect {
            defect.act(&inputs, &mut actions);
        }
        for action in &actions {
            world.venue.obey(action, config);
        }
        world.settle_down();
        Stepped { world, inputs, actions, was_read: shown.was_read.get() }
    }

    /// Forgets what can no longer matter: answers about orders that are proven to be over.
    fn settle_down(&mut self) {
        let has_ghosts = self.venue.budget.ghosts > 0;
        for (at, truth) in self.venue.orders.iter_mut().enumerate() {
            let Some(slot) = self.desk.order(ix(at as u8)) else { continue };
            let Order::Terminal(closed) = slot.order else { continue };
            truth.reply = None;
            truth.question = Question::None;
            if matches!(truth.stage, Stage::Planned | Stage::Durable) {
                truth.stage = Stage::Dead;
            }
            if truth.is_window_over && !has_ghosts && !closed.is_watched {
                truth.is_cancelled = false;
                if truth.stage == Stage::Transit {
                    truth.stage = Stage::Dead;
                    truth.is_window_over = false;
                }
            }
        }
        let desk = &self.desk;
        self.venue.timers.retain(|timer| match timer {
            DeskTimer::Order(order, order::Timer::Poll) => {
                desk.order(*order).is_some_and(|slot| !slot.order.is_terminal())
            }
            _ => true,
        });
    }
}

impl Venue {
    /// The venue's part of a move, and what the desk hears of it.
    fn happen(&mut self, step: Move, config: &Config, inputs: &mut Vec<Input>) {
        match step {
            Move::Signal(place) => {
                self.signals += 1;
                inputs.push(Input::Signal(config.plans[usize::from(place)].clone()));
            }
            Move::Durable(at) => {
                self.of(at).stage = Stage::Durable;
                inputs.push(Input::Journaled(ix(at)));
            }
            Move::NotDurable(at) => {
                self.budget.undurable -= 1;
                self.of(at).stage = Stage::Dead;
                inputs.push(Input::NotDurable(ix(at)));
            }
            Move::Merged(treasury) => {
                let units = self.merge.take().unwrap_or(0);
                match treasury {
                    Treasury::Done => self.merged += units,
                    Treasury::Failed | Treasury::Unknown => self.budget.unmerged -= 1,
                }
                inputs.push(Input::Merged(treasury));
            }
            Move::Elapse(timer) => {
                self.timers.retain(|armed| *armed != timer);
                if let DeskTimer::Order(order, timer) = timer {
                    let is_late = timer == order::Timer::Late;
                    let truth = self.of(order.0 as u8);
                    truth.is_window_over |= is_late;
                    self.budget.delays -= u8::from(timer == order::Timer::Answer);
                }
                inputs.push(Input::Elapsed(timer));
            }
            Move::Books => inputs.push(Input::Books),
            Move::Mode(mode) => {
                self.mode = mode;
                self.budget.modes -= u8::from(mode != VenueMode::Normal);
                inputs.push(Input::Mode(mode));
            }
            Move::Speak(word) => {
                match word {
                    Operator::Stop => self.budget.stops -= 1,
                    Operator::Halt => self.budget.halts -= 1,
                    Operator::Clear => self.budget.clears -= 1,
                }
                inputs.push(Input::Operator(word));
            }
            Move::Crash => self.crash(inputs),
            Move::Reconciled => inputs.push(Input::Reconciled),
            Move::Foreign => {
                self.budget.foreign -= 1;
                inputs.push(Input::Foreign);
            }
            Move::Lost => {
                self.budget.lost -= 1;
                inputs.push(Input::DurabilityLost);
            }
            Move::Arrive(..)
            | Move::Rest(..)
            | Move::Decline(..)
            | Move::Match(..)
            | Move::Reply(_)
            | Move::Lie(_)
            | Move::Garble(_)
            | Move::Freeze(_)
            | Move::Find(_)
            | Move::Silence(_)
            | Move::Trade(..)
            | Move::Slip(_)
            | Move::Settle(..) => self.happen_to_order(step, inputs),
        }
    }

    fn of(&mut self, at: u8) -> &mut Truth {
        &mut self.orders[usize::from(at)]
    }

    /// What was in memory is gone: answers on their way, questions, intents not yet durable.
    fn crash(&mut self, inputs: &mut Vec<Input>) {
        self.budget.crashes -= 1;
        for truth in &mut self.orders {
            if truth.stage == Stage::Planned {
                truth.stage = Stage::Dead;
            }
            truth.reply = None;
            truth.question = Question::None;
        }
        inputs.push(Input::Restarted);
    }

    fn happen_to_order(&mut self, step: Move, inputs: &mut Vec<Input>) {
        match step {
            Move::Arrive(at, units) => {
                let is_over = units > self.of(at).asked;
                self.budget.overfills -= u8::from(is_over);
                self.budget.ghosts -= u8::from(self.of(at).is_window_over);
                // The venue kills what finds no match by a text (F-22).
                self.of(at).reply = Some(match units {
                    0 => Answer::Refused(Refusal::Order),
                    units => Answer::Matched { matched: qty(units) },
                });
                self.finish(at, units);
            }
            Move::Rest(at, is_delayed) => {
                self.budget.rests -= 1;
                let truth = self.of(at);
                truth.stage = Stage::Resting;
                truth.reply = Some(if is_delayed { Answer::Delayed } else { Answer::Live });
            }
            Move::Decline(at, refusal) => {
                match refusal {
                    Refusal::Account => self.budget.bans -= 1,
                    Refusal::Order | Refusal::Market | Refusal::Rate => self.budget.declines -= 1,
                }
                self.of(at).reply = Some(Answer::Refused(refusal));
                self.finish(at, 0);
            }
            Move::Match(at, units) => self.finish(at, units),
            Move::Reply(at) => {
                let reply = self.of(at).reply.take();
                inputs.extend(reply.map(|reply| Input::Answered(ix(at), reply)));
            }
            Move::Lie(at) => {
                self.budget.lies -= 1;
                self.of(at).reply = None;
                inputs.push(Input::Answered(ix(at), Answer::Matched { matched: Qty::ZERO }));
            }
            Move::Garble(at) => {
                self.budget.garbles -= 1;
                self.of(at).reply = None;
                inputs.push(Input::Answered(ix(at), Answer::Unknown));
            }
            Move::Freeze(at) => {
                self.budget.stales -= 1;
                self.of(at).question = Question::Overtaken;
            }
            Move::Find(at) => {
                let found = self.find(at);
                inputs.push(Input::Found(ix(at), found));
            }
            Move::Silence(at) => {
                self.budget.silences -= 1;
                self.of(at).question = Question::None;
                inputs.push(Input::Found(ix(at), Evidence::Silent));
            }
            Move::Trade(at, settle) => self.tell(at, settle, inputs),
            Move::Slip(at) => {
                self.budget.slips -= 1;
                let truth = self.of(at);
                let worse = match truth.side {
                    Side::Buy => truth.limit.micros() + 100,
                    Side::Sell => truth.limit.micros() - 100,
                };
                truth.price = Price::from_micros(worse).expect("price");
                self.tell(at, Settle::Conf, inputs);
            }
            Move::Settle(at, settle) => {
                let unit = self.of(at).units.iter().position(|u| *u == Unit::Seen(Settle::Prov));
                self.say(at, unit.expect("a provisional unit"), settle, inputs);
            }
            _ => unreachable!("{step:?} is about no order"),
        }
    }

    fn find(&mut self, at: u8) -> Evidence {
        let truth = self.of(at);
        let question = core::mem::replace(&mut truth.question, Question::None);
        match (question, truth.stage) {
            (Question::Overtaken, _)
            | (_, Stage::Planned | Stage::Durable | Stage::Transit | Stage::Dead) => {
                Evidence::Absent
            }
            (_, Stage::Resting) => Evidence::Open,
            (_, Stage::Over) => Evidence::Finished { matched: qty(truth.units.len() as u8) },
        }
    }

    fn finish(&mut self, at: u8, units: u8) {
        let truth = self.of(at);
        truth.stage = Stage::Over;
        truth.units = vec![Unit::Unseen; usize::from(units)];
    }

    fn tell(&mut self, at: u8, settle: Settle, inputs: &mut Vec<Input>) {
        let unit = self.of(at).units.iter().position(|unit| *unit == Unit::Unseen);
        self.say(at, unit.expect("an unseen unit"), settle, inputs);
    }

    fn say(&mut self, at: u8, unit: usize, settle: Settle, inputs: &mut Vec<Input>) {
        self.budget.voids -= u8::from(settle == Settle::Void);
        let truth = self.of(at);
        truth.units[unit] = Unit::Seen(settle);
        let price = truth.price;
        inputs.push(Input::Traded(trade(at, unit, price, settle)));
    }

    /// Does what the desk asks of its shell.
    fn obey(&mut self, action: &Action, config: &Config) {
        match action {
            Action::Persist(order, attempt) => {
                assert_eq!(order.0 as usize, self.orders.len(), "an order number was skipped");
                assert_eq!(attempt.order_qty.0 % UNIT, 0, "orders are of whole units here");
                self.orders.push(Truth {
                    leg: attempt.key.leg,
                    signal: attempt.key.signal_id,
                    side: attempt.side(),
                    is_entry: attempt.rung.is_entry(),
                    rung: attempt.rung,
                    limit: attempt.limit,
                    asked: (attempt.order_qty.0 / UNIT) as u8,
                    stage: Stage::Planned,
                    units: Vec::new(),
                    price: attempt.limit,
                    reply: None,
                    question: Question::None,
                    is_cancelled: false,
                    is_window_over: false,
                    sends: 0,
                });
            }
            Action::Send(order) => {
                let truth = self.of(order.0 as u8);
                truth.sends += 1;
                truth.stage = Stage::Transit;
            }
            Action::Cancel(order) => self.of(order.0 as u8).is_cancelled = true,
            Action::Query(order) => {
                let truth = self.of(order.0 as u8);
                if truth.question == Question::None {
                    truth.question = Question::Asked;
                }
            }
            Action::Merge(_, whole) => self.merge = Some((whole.0 / UNIT) as u8),
            Action::Arm(timer, _) => {
                if let Err(place) = self.timers.binary_search(timer) {
                    self.timers.insert(place, *timer);
                }
            }
            Action::Disarm(timer) => self.timers.retain(|armed| armed != timer),
            Action::DisarmOrder(order) => self
                .timers
                .retain(|armed| !matches!(armed, DeskTimer::Order(other, _) if other == order)),
            Action::Row(row) => {
                let is_end = matches!(row.action, "END" | "HARDSTOP" | "COOLDOWN");
                if let (true, Some(signal), Some(_)) = (is_end, row.signal_id, row.result) {
                    self.ends[place_of(config, signal)] += 1;
                }
            }
            Action::Sample(_) => {}
        }
    }
}

/// What a desk that forgets signals adds to their number.
pub const FORGOTTEN: u64 = 50;

/// The place of a signal in the plans.
pub fn place_of(config: &Config, signal: u64) -> usize {
    let place = config.plans.iter().position(|plan| plan.signal_id == signal % FORGOTTEN);
    place.expect("a known signal")
}

pub fn qty(units: u8) -> Qty {
    Qty(u64::from(units) * UNIT)
}
