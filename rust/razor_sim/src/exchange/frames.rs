//! Frames of the market channel, made from the events of one instant (PROTOCOL §5.1).
//!
//! Owns: the spelling of `book`, `price_change`, `last_trade_price`, `tick_size_change` and
//! `best_bid_ask`. `new_market` and `market_resolved` carry names that the exchange does not know;
//! they are made above it from [`Event::Listed`] and [`Event::Resolved`].
//!
//! Order within an instant and market: prints, then after prints or a grid change the two books,
//! then one `price_change` with two entries per level (the token's own and its mirror), then the
//! best prices. The venue's own order is not documented; in this one each hash is that of a book
//! whose last trade price the reader has been told already.
//!
//! Must never: make frames of an instant after the next one: a hash is that of the book now.

use core::fmt::{Display, Write as _};

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::order::Side;
use razor_core::units::TickSize;
use razor_core::wire::Fine;

use super::matching::opposite;
use super::{Event, Exchange, Micros};

/// Who gets a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Subscribers of this token.
    Token(TokenIx),
    /// Subscribers of either token of this market.
    Market(MarketIx),
}

/// One frame in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    audience: Audience,
    is_custom: bool,
    end: usize,
}

/// A frame to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketFrame<'a> {
    /// Who gets it.
    pub audience: Audience,
    /// Whether only those get it who asked for custom features.
    pub is_custom: bool,
    /// One JSON object.
    pub text: &'a str,
}

/// Frames in one buffer, which is reused from instant to instant.
#[derive(Debug, Clone, Default)]
pub struct MarketFrames {
    text: String,
    heads: Vec<Head>,
}

/// What happened to one market in an instant.
struct Touched {
    market: MarketIx,
    has_books: bool,
    /// Latest total of each level, in order of first change.
    levels: Vec<(Side, Fine, u64)>,
    has_top: bool,
}

impl MarketFrames {
    /// Forgets the frames, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.heads.clear();
    }

    /// The frames in the order in which they are sent.
    pub fn iter(&self) -> impl Iterator<Item = MarketFrame<'_>> + '_ {
        let starts = [0].into_iter().chain(self.heads.iter().map(|head| head.end));
        self.heads.iter().zip(starts).map(|(head, start)| MarketFrame {
            audience: head.audience,
            is_custom: head.is_custom,
            text: self.text.get(start..head.end).unwrap_or_default(),
        })
    }

    /// Adds the `book` of a token: the initial dump of a subscription.
    pub fn push_book(&mut self, exchange: &Exchange, token: TokenIx) {
        self.book(exchange, token, venue_ms(exchange));
    }

    /// Adds the frames of the events of the instant that just ended.
    ///
    /// Each frame with a hash costs the serialisation of its books: microseconds.
    pub fn push_instant(&mut self, exchange: &Exchange, events: &[Event]) {
        let at = venue_ms(exchange);
        let mut touched: Vec<Touched> = Vec::new();
        for event in events {
            match *event {
                Event::Level { market, side, price, qty } => {
                    touched_of(&mut touched, market).set(side, price, qty);
                }
                Event::Top { market, .. } => touched_of(&mut touched, market).has_top = true,
                Event::Tick { market, old, new } => {
                    self.tick(exchange, market, [old, new], at);
                    touched_of(&mut touched, market).has_books = true;
                }
                Event::Traded { token, side, price, qty, .. }
                | Event::Printed { token, side, price, qty } => {
                    self.print(exchange, token, side, price, qty, at);
                    touched_of(&mut touched, token.split().0).has_books = true;
                }
                Event::At(_)
                | Event::Listed(_)
                | Event::Flagged(_)
                | Event::Resolved(_)
                | Event::Placed(_)
                | Event::Released(_)
                | Event::Updated { .. }
                | Event::Ended { .. }
                | Event::Killed { .. }
                | Event::Trade { .. }
                | Event::Action { .. }
                | Event::Balance { .. }
                | Event::HeartbeatLost(_) => {}
            }
        }
        for it in &touched {
            self.consequences(exchange, it, at);
        }
    }

    fn consequences(&mut self, exchange: &Exchange, touched: &Touched, at: u64) {
        let tokens = tokens_of(touched.market);
        if touched.has_books {
            for token in tokens {
                self.book(exchange, token, at);
            }
        }
        if !touched.levels.is_empty() {
            self.price_change(exchange, touched, at);
        }
        if touched.has_top {
            for token in tokens {
                self.best(exchange, token, at);
            }
        }
    }

    fn book(&mut self, exchange: &Exchange, token: TokenIx, at: u64) {
        let Some(market) = exchange.market(token.split().0) else { return };
        self.open("book", exchange, token);
        let hash = exchange.book_hash(token, at);
        let depth = exchange.depth(token);
        self.put(format_args!(",\"timestamp\":\"{at}\",\"hash\":\"{}\"", text_of(&hash)));
        for (name, levels) in [("bids", &depth.bids), ("asks", &depth.asks)] {
            self.put(format_args!(",\"{name}\":["));
            for (ix, (price, qty)) in levels.iter().enumerate() {
                let comma = if ix == 0 { "" } else { "," };
                let (price, size) = (shown(*price), Micros(*qty));
                self.put(format_args!("{comma}{{\"price\":\"{price}\",\"size\":\"{size}\"}}"));
            }
            self.put(format_args!("]"));
        }
        let (tick, last) = (Micros::from(market.tick), exchange.last_price(token.split().0));
        self.put(format_args!(",\"tick_size\":\"{tick}\",\"last_trade_price\":\"{last}\"}}"));
        self.end(Audience::Token(token), false);
    }

    fn price_change(&mut self, exchange: &Exchange, touched: &Touched, at: u64) {
        let market = touched.market;
        let condition = condition_of(exchange, market);
        self.put(format_args!("{{\"market\":\"{condition}\",\"price_changes\":["));
        let hashes = tokens_of(market).map(|token| exchange.book_hash(token, at));
        let mut comma = "";
        for &(side, price, qty) in &touched.levels {
            for (token, hash) in tokens_of(market).into_iter().zip(&hashes) {
                let (side, price) = match token.split().1 {
                    Outcome::Yes => (side, price),
                    Outcome::No => (opposite(side), price.complement()),
                };
                let (bid, ask) = exchange.top(token);
                self.put(format_args!(
                    "{comma}{{\"asset_id\":\"{}\",\"price\":\"{}\",\"size\":\"{}\",\
                     \"side\":\"{}\",\"hash\":\"{}\",\"best_bid\":\"{}\",\"best_ask\":\"{}\"}}",
                    token_text(exchange, token),
                    shown(price),
                    Micros(qty),
                    side.word(),
                    text_of(hash),
                    shown(bid.unwrap_or(Fine(0))),
                    shown(ask.unwrap_or(Fine::ONE)),
                ));
                comma = ",";
            }
        }
        self.put(format_args!("],\"timestamp\":\"{at}\",\"event_type\":\"price_change\"}}"));
        self.end(Audience::Market(market), false);
    }

    fn print(
        &mut self,
        exchange: &Exchange,
        token: TokenIx,
        side: Side,
        price: Fine,
        qty: u64,
        at: u64,
    ) {
        self.open("last_trade_price", exchange, token);
        self.put(format_args!(
            ",\"price\":\"{}\",\"size\":\"{}\",\"side\":\"{}\",\"fee_rate_bps\":\"0\",\
             \"timestamp\":\"{at}\"}}",
            shown(price),
            Micros(qty),
            side.word(),
        ));
        self.end(Audience::Token(token), false);
    }

    fn tick(&mut self, exchange: &Exchange, market: MarketIx, ticks: [TickSize; 2], at: u64) {
        let [old, new] = ticks.map(Micros::from);
        for token in tokens_of(market) {
            self.open("tick_size_change", exchange, token);
            self.put(format_args!(
                ",\"old_tick_size\":\"{old}\",\"new_tick_size\":\"{new}\",\"timestamp\":\"{at}\"}}"
            ));
            self.end(Audience::Token(token), false);
        }
    }

    fn best(&mut self, exchange: &Exchange, token: TokenIx, at: u64) {
        let (bid, ask) = exchange.top(token);
        let (bid, ask) = (bid.unwrap_or(Fine(0)), ask.unwrap_or(Fine::ONE));
        self.open("best_bid_ask", exchange, token);
        self.put(format_args!(
            ",\"best_bid\":\"{}\",\"best_ask\":\"{}\",\"spread\":\"{}\",\"timestamp\":\"{at}\"}}",
            shown(bid),
            shown(ask),
            shown(Fine(ask.0.saturating_sub(bid.0))),
        ));
        self.end(Audience::Token(token), true);
    }

    /// Begins an object of one token.
    fn open(&mut self, kind: &str, exchange: &Exchange, token: TokenIx) {
        let condition = condition_of(exchange, token.split().0);
        let asset = token_text(exchange, token);
        self.put(format_args!(
            "{{\"event_type\":\"{kind}\",\"market\":\"{condition}\",\"asset_id\":\"{asset}\""
        ));
    }

    fn put(&mut self, text: core::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _written = self.text.write_fmt(text);
    }

    fn end(&mut self, audience: Audience, is_custom: bool) {
        self.heads.push(Head { audience, is_custom, end: self.text.len() });
    }
}

impl Touched {
    fn set(&mut self, side: Side, price: Fine, qty: u64) {
        match self.levels.iter_mut().find(|it| it.0 == side && it.1 == price) {
            Some(level) => level.2 = qty,
            None => self.levels.push((side, price, qty)),
        }
    }
}

fn touched_of(touched: &mut Vec<Touched>, market: MarketIx) -> &mut Touched {
    let place = touched.iter().position(|it| it.market == market).unwrap_or(touched.len());
    if place == touched.len() {
        touched.push(Touched { market, has_books: false, levels: Vec::new(), has_top: false });
    }
    &mut touched[place]
}

fn tokens_of(market: MarketIx) -> [TokenIx; 2] {
    [Outcome::Yes, Outcome::No].map(|outcome| TokenIx::of(market, outcome))
}

fn venue_ms(exchange: &Exchange) -> u64 {
    u64::try_from(exchange.now().millis_floor()).unwrap_or(0)
}

fn shown(price: Fine) -> impl Display {
    Micros::from(price.price())
}

fn condition_of(exchange: &Exchange, market: MarketIx) -> &str {
    exchange.market(market).map_or("", |market| &market.spec.condition_id)
}

fn token_text(exchange: &Exchange, token: TokenIx) -> &str {
    text_of(exchange.registry().token_text(token).unwrap_or_default())
}

fn text_of(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
