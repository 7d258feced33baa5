//! A tape over a small exchange: records are written as a venue would, every step can be audited.

#![allow(dead_code, reason = "each test program uses a part of it")]

use razor_core::book::{BookParams, BookSide, Books, Report, Source};
use razor_core::engine::meta::Meta;
use razor_core::engine::record::{Kind, Record};
use razor_core::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use razor_core::market::{Fees, MarketDef};
use razor_core::order::Side;
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::{self, Fine};
use razor_sim::exchange::{Depth, Event, MarketFrames};
use razor_sim::tape::{Tape, TapeFault, TapeMarket, TapePlan};

use crate::exchange::{Bench, ONE, SECOND, config};

pub(crate) const PLAN: TapePlan =
    TapePlan { seed: 1, quote_depth: Qty(100 * ONE), is_quote_only: false };

/// One record of a capture.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) t: i64,
    pub(crate) epoch: u32,
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, t: 0, epoch: 0, text: text.into() }
    }

    pub(crate) fn record(&self) -> Record<'_> {
        let (recv_ns, payload) = (Nanos(self.t), self.text.as_bytes());
        Record { kind: self.kind, recv_ns, conn: "market-0", epoch: self.epoch, payload }
    }
}

pub(crate) fn plain(number: u32) -> TapeMarket {
    TapeMarket {
        condition_id: format!("0x{number:064x}").into(),
        token_ids: [format!("7{number:060}1").into(), format!("7{number:060}2").into()],
        outcomes: ["Up".into(), "Down".into()],
        label: format!("Market {number}?").into(),
        tick: TickSize::CENT,
        min_order_qty: Qty(5 * ONE),
        fees: Fees::Free,
        neg_risk: false,
        end_ms: 0,
        event_id: "".into(),
        group_id: "".into(),
        taker_delay: Nanos(0),
    }
}

pub(crate) fn of_def(def: &MarketDef) -> TapeMarket {
    TapeMarket {
        condition_id: def.condition_id.clone(),
        token_ids: def.token_ids.clone(),
        tick: def.tick,
        min_order_qty: def.min_order_qty,
        fees: def.fees,
        neg_risk: def.neg_risk,
        ..plain(0)
    }
}

/// The markets of a `meta` text, as the shell hands them over.
pub(crate) fn of_meta(text: &str) -> Vec<TapeMarket> {
    let meta = Meta::decode(text.as_bytes()).expect("meta");
    let markets = meta.markets.iter().map(|market| TapeMarket {
        condition_id: market.condition_id.as_str().into(),
        token_ids: market.token_ids.clone().map(Into::into),
        label: market.label.as_str().into(),
        tick: market.tick().expect("tick"),
        min_order_qty: market.min_order_qty().expect("size"),
        fees: market.fees().expect("fees"),
        neg_risk: market.neg_risk,
        end_ms: market.end_ms,
        event_id: market.event_id.as_str().into(),
        group_id: market.group_id.as_str().into(),
        ..plain(0)
    });
    markets.collect()
}

/// A `meta` line of these markets.
pub(crate) fn meta(markets: &[TapeMarket]) -> Line {
    let rows = markets.iter().map(|it| {
        let tick = decimal(it.tick.micros().into());
        format!(
            r#"{{"condition_id":"{}","token_ids":["{}","{}"],"tick_size":"{tick}","min_order_size":"5","fees":null}}"#,
            it.condition_id, it.token_ids[0], it.token_ids[1]
        )
    });
    let rows: Vec<String> = rows.collect();
    Line::new(Kind::Meta, format!(r#"{{"markets":[{}],"sets":[]}}"#, rows.join(",")))
}

pub(crate) fn decimal(micros: u64) -> String {
    format!("{}.{:06}", micros / ONE, micros % ONE)
}

fn cents(price: u16) -> String {
    decimal(u64::from(price) * 100)
}

/// A `book` of a market's YES token; prices in ten-thousandths, sizes in micro-shares.
pub(crate) fn book(market: &TapeMarket, bids: &[(u16, u64)], asks: &[(u16, u64)]) -> Line {
    let side = |levels: &[(u16, u64)]| {
        let rows = levels.iter().map(|(price, qty)| {
            format!(r#"{{"price":"{}","size":"{}"}}"#, cents(*price), decimal(*qty))
        });
        rows.collect::<Vec<_>>().join(",")
    };
    let (mut bids, mut asks) = (bids.to_vec(), asks.to_vec());
    bids.sort_unstable();
    asks.sort_unstable_by(|a, b| b.cmp(a));
    let (condition, token) = (&market.condition_id, &market.token_ids[0]);
    Line::new(
        Kind::Ws,
        format!(
            r#"{{"event_type":"book","asset_id":"{token}","market":"{condition}","timestamp":"1800000000000","hash":"x","bids":[{}],"asks":[{}]}}"#,
            side(&bids),
            side(&asks)
        ),
    )
}

pub(crate) fn change(market: &TapeMarket, side: Side, price: u16, qty: u64) -> Line {
    let (condition, token) = (&market.condition_id, &market.token_ids[0]);
    Line::new(
        Kind::Ws,
        format!(
            r#"{{"event_type":"price_change","market":"{condition}","timestamp":"1800000000000","price_changes":[{{"asset_id":"{token}","price":"{}","size":"{}","side":"{}","hash":"x"}}]}}"#,
            cents(price),
            decimal(qty),
            side.word()
        ),
    )
}

/// A print of one of a market's tokens.
pub(crate) fn print(
    market: &TapeMarket,
    outcome: Outcome,
    side: Side,
    price: u16,
    qty: u64,
) -> Line {
    let token = match outcome {
        Outcome::Yes => &market.token_ids[0],
        Outcome::No => &market.token_ids[1],
    };
    Line::new(
        Kind::Ws,
        format!(
            r#"{{"event_type":"last_trade_price","asset_id":"{token}","market":"{}","price":"{}","size":"{}","side":"{}","timestamp":"1800000000000"}}"#,
            market.condition_id,
            cents(price),
            decimal(qty),
            side.word()
        ),
    )
}

pub(crate) fn tick(market: &TapeMarket, old: &str, new: &str) -> Line {
    Line::new(
        Kind::Ws,
        format!(
            r#"{{"event_type":"tick_size_change","asset_id":"{}","market":"{}","old_tick_size":"{old}","new_tick_size":"{new}","timestamp":"1800000000000"}}"#,
            market.token_ids[0], market.condition_id
        ),
    )
}

pub(crate) fn resolved(market: &TapeMarket, winner: usize) -> Line {
    Line::new(
        Kind::Ws,
        format!(
            r#"{{"event_type":"market_resolved","market":"{}","winning_asset_id":"{}","timestamp":"1800000000000"}}"#,
            market.condition_id, market.token_ids[winner]
        ),
    )
}

/// A tape with the exchange it plays into, and the recorded books as the core alone reads them.
pub(crate) struct Deck {
    pub(crate) bench: Bench,
    pub(crate) tape: Tape,
    pub(crate) truth: Books,
    pub(crate) frames: MarketFrames,
    defined: Vec<TapeMarket>,
    report: Report,
}

impl Deck {
    pub(crate) fn try_open(plan: TapePlan, markets: &[TapeMarket]) -> Result<Self, TapeFault> {
        let mut bench = Bench::new(config());
        let now = Nanos(bench.now);
        let events = &mut bench.events;
        let tape = Tape::open(plan, markets.to_vec(), now, &mut bench.exchange, events)?;
        Ok(Self {
            bench,
            tape,
            truth: Books::with_params(BookParams::default()),
            frames: MarketFrames::default(),
            defined: markets.to_vec(),
            report: Report::default(),
        })
    }

    pub(crate) fn open(markets: &[TapeMarket]) -> Self {
        let mut deck = Self::try_open(PLAN, markets).expect("opened");
        deck.play(&meta(markets));
        deck
    }

    /// Plays a record a second later and checks every invariant of the exchange.
    pub(crate) fn play(&mut self, line: &Line) -> Vec<Event> {
        self.bench.now += SECOND;
        self.bench.step(razor_sim::exchange::Command::Wake).expect("time passes");
        let events = self.play_now(line);
        self.bench.exchange.audit().expect("sound");
        events
    }

    /// Plays a record that must be readable.
    pub(crate) fn play_good(&mut self, line: &Line) -> Vec<Event> {
        let refused = self.tape.counts().refused;
        let events = self.play(line);
        assert_eq!(self.tape.counts().refused, refused, "{line:?}");
        events
    }

    /// Plays a record without letting time pass, and makes its frames.
    pub(crate) fn play_now(&mut self, line: &Line) -> Vec<Event> {
        self.bench.events.clear();
        let record = line.record();
        let now = Nanos(self.bench.now);
        self.tape.play(&record, now, &mut self.bench.exchange, &mut self.bench.events);
        self.frames.push_instant(&self.bench.exchange, &self.bench.events);
        self.read_alone(&record);
        self.bench.events.clone()
    }

    /// What a run makes of the record, without any exchange.
    fn read_alone(&mut self, record: &Record<'_>) {
        let kind = match record.kind {
            Kind::Meta => return self.define_alone(record.payload),
            Kind::Ws => wire::Kind::Ws,
            Kind::Rest => wire::Kind::Rest,
            _ => return,
        };
        let (recv_ns, epoch) = (record.recv_ns, record.epoch);
        let source = Source { conn: ConnIx(0), epoch, recv_ns, kind };
        let _refused = self.truth.apply(source, record.payload, &mut self.report);
    }

    fn define_alone(&mut self, payload: &[u8]) {
        for market in Meta::decode(payload).expect("meta").markets {
            let known = self.defined.iter().find(|it| *it.condition_id == *market.condition_id);
            let known = known.expect("listed");
            let def = MarketDef {
                condition_id: known.condition_id.clone(),
                token_ids: known.token_ids.clone(),
                label: "".into(),
                tick: known.tick,
                min_order_qty: known.min_order_qty,
                fees: known.fees,
                neg_risk: known.neg_risk,
                end_ms: 0,
            };
            let next = u32::try_from(self.truth.registry().market_count()).expect("few");
            self.truth.add_market(MarketIx(next), &def).expect("defined once");
        }
    }

    /// Levels of a market as recorded, in the form of the exchange.
    pub(crate) fn recorded(&self, market: u32) -> Depth {
        let side = |side| {
            let yes = TokenIx::of(MarketIx(market), Outcome::Yes);
            let levels = self.truth.levels(yes, side).map(|(price, qty)| {
                (Fine(u16::try_from(price.micros() / 100).expect("fine")), qty.0)
            });
            let mut levels: Vec<_> = levels.collect();
            levels.reverse();
            levels
        };
        Depth { bids: side(BookSide::Bids), asks: side(BookSide::Asks) }
    }

    /// Levels of a market as the exchange shows them.
    pub(crate) fn shown(&self, market: u32) -> Depth {
        self.bench.exchange.depth(TokenIx::of(MarketIx(market), Outcome::Yes))
    }

    pub(crate) fn is_crossed(&self, market: u32) -> bool {
        let Depth { bids, asks } = self.recorded(market);
        bids.last().zip(asks.last()).is_some_and(|(bid, ask)| bid.0 >= ask.0)
    }
}
