//! The general path: any JSON the venue could mean, every refusal with its reason.
//!
//! Owns: which keys a message needs, of which type, and what their absence means. One scan picks
//! the known keys of an object; arrays of levels and changes are then read from their spans, so
//! every byte is looked at twice at most.
//!
//! Must never: fill in a value. A missing or `null` key that a message needs is a refusal, one that
//! it may lack stays `None`.
//!
//! Order of complaints: UTF-8, JSON grammar and nesting, repeated keys, then the message's own keys
//! in the order of its fields below. The order is part of the property that both paths agree.

use super::message::{
    BestBidAsk, BookSnapshot, Change, Frame, Hex40, Level, MarketResolved, Message, Named,
    NewMarket, PriceChange, Quoted, Run, Side, Span, TickSizeChange, Trade,
};
use super::number::{fine_text, millis_text, price_text, qty_text, quoted_text, tick_text};
use super::scan::{Scanner, Value};
use super::{Kind, Refusal};
use crate::ids::{MarketIx, Registry, TokenIx};

const MESSAGE_KEYS: [&str; 21] = [
    "event_type",
    "market",
    "asset_id",
    "timestamp",
    "hash",
    "bids",
    "asks",
    "price_changes",
    "tick_size",
    "min_order_size",
    "neg_risk",
    "last_trade_price",
    "price",
    "size",
    "side",
    "transaction_hash",
    "old_tick_size",
    "new_tick_size",
    "best_bid",
    "best_ask",
    "winning_asset_id",
];
const CHANGE_KEYS: [&str; 7] =
    ["asset_id", "price", "size", "side", "hash", "best_bid", "best_ask"];
const LEVEL_KEYS: [&str; 2] = ["price", "size"];

/// Decodes a frame of accepted length into an empty `out`; leaves rubble in it on refusal.
pub(super) fn decode(
    bytes: &[u8],
    kind: Kind,
    registry: &Registry,
    depth_cap: u32,
    out: &mut Frame,
) -> Result<(), Refusal> {
    core::str::from_utf8(bytes).map_err(|error| Refusal::NotUtf8 { at: error.valid_up_to() })?;
    if let Some(message) = plain_text(bytes, kind) {
        out.messages.push(message);
        return Ok(());
    }
    let mut reader =
        Reader { bytes, kind, registry, depth_cap, scanner: Scanner::new(bytes, 0, depth_cap) };
    reader.scanner.blanks();
    match reader.scanner.peek() {
        Some(b'{') => reader.message(1, out)?,
        Some(b'[') => reader.messages(out)?,
        _ => return reader.scanner.syntax(),
    }
    reader.scanner.blanks();
    if reader.scanner.peek().is_some() { reader.scanner.syntax() } else { Ok(()) }
}

/// The texts the stream sends outside JSON; REST never does.
fn plain_text(bytes: &[u8], kind: Kind) -> Option<Message> {
    match (kind, bytes.trim_ascii()) {
        (Kind::Ws, b"PONG") => Some(Message::Pong),
        (Kind::Ws, b"NO NEW ASSETS") => Some(Message::NoNewAssets),
        _ => None,
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    kind: Kind,
    registry: &'a Registry,
    depth_cap: u32,
    scanner: Scanner<'a>,
}

/// The picked values of one message object.
struct Fields<'a> {
    bytes: &'a [u8],
    registry: &'a Registry,
    keys: &'static [&'static str],
    values: &'a [Value],
}

impl Reader<'_> {
    /// An array of objects; anything else in it is a refusal of the whole frame.
    fn messages(&mut self, out: &mut Frame) -> Result<(), Refusal> {
        let mut more = self.scanner.open(b'[', b']')?;
        while more {
            if self.scanner.peek() != Some(b'{') {
                return self.scanner.syntax();
            }
            self.message(2, out)?;
            more = self.scanner.more(b']')?;
        }
        Ok(())
    }

    /// One object: picks its keys, then reads what its type says. REST books need not name theirs.
    fn message(&mut self, depth: u32, out: &mut Frame) -> Result<(), Refusal> {
        let start = self.scanner.at();
        let values = self.scanner.object(&MESSAGE_KEYS, depth)?;
        let object = Span::new(start, self.scanner.at());
        let fields = Fields {
            bytes: self.bytes,
            registry: self.registry,
            keys: &MESSAGE_KEYS,
            values: &values,
        };
        let unnamed = self.kind == Kind::Rest && fields.get("event_type").is_missing();
        let event: &[u8] =
            if unnamed { b"book" } else { fields.plain("event_type")?.of(self.bytes) };
        let message = match (self.kind, event) {
            (_, b"book") => self.book(&fields, depth, out)?,
            (Kind::Rest, _) => return Err(Refusal::WrongType { key: "event_type" }),
            (Kind::Ws, b"price_change") => self.price_change(&fields, depth, out)?,
            (Kind::Ws, b"last_trade_price") => fields.trade()?,
            (Kind::Ws, b"tick_size_change") => fields.tick_change()?,
            (Kind::Ws, b"best_bid_ask") => fields.best_bid_ask()?,
            (Kind::Ws, b"new_market") => {
                Message::NewMarket(NewMarket { market: fields.market()?, object })
            }
            (Kind::Ws, b"market_resolved") => fields.resolved(object)?,
            (Kind::Ws, _) => Message::Unknown,
        };
        out.messages.push(message);
        Ok(())
    }

    fn book(&self, fields: &Fields, depth: u32, out: &mut Frame) -> Result<Message, Refusal> {
        Ok(Message::Book(BookSnapshot {
            market: fields.market()?,
            token: fields.token("asset_id")?,
            venue_ts_ms: fields.millis()?,
            hash: fields.hash()?,
            bids: self.levels(fields.array("bids")?, depth, true, out)?,
            asks: self.levels(fields.array("asks")?, depth, false, out)?,
            tick: fields.optional("tick_size", tick_text)?,
            min_order_qty: fields.optional("min_order_size", qty_text)?,
            neg_risk: fields.flag("neg_risk")?,
            last_trade_price: fields.optional_plain("last_trade_price")?,
        }))
    }

    /// Reads one side from its span.
    fn levels(
        &self,
        array: Span,
        depth: u32,
        rising: bool,
        out: &mut Frame,
    ) -> Result<Run, Refusal> {
        let first = out.levels.len();
        let mut scanner = Scanner::new(self.bytes, array.start(), self.depth_cap);
        let mut more = scanner.open(b'[', b']')?;
        while more {
            let values = scanner.object(&LEVEL_KEYS, depth.saturating_add(2))?;
            let fields = self.fields(&LEVEL_KEYS, &values);
            let price = fine_text(fields.number("price")?, "price")?;
            let qty = qty_text(fields.number("size")?, "size")?;
            out.levels.push(Level { price, qty });
            more = scanner.more(b']')?;
        }
        let run = Run::new(first, out.levels.len());
        check_ladder(run.of(&out.levels), rising)?;
        Ok(run)
    }

    /// A message without changes says nothing and is refused: the venue does not send it.
    fn price_change(
        &self,
        fields: &Fields,
        depth: u32,
        out: &mut Frame,
    ) -> Result<Message, Refusal> {
        let market = fields.market()?;
        let venue_ts_ms = fields.millis()?;
        let first = out.changes.len();
        let array = fields.array("price_changes")?;
        let mut scanner = Scanner::new(self.bytes, array.start(), self.depth_cap);
        let mut more = scanner.open(b'[', b']')?;
        if !more {
            return Err(Refusal::MissingKey { key: "price_changes" });
        }
        while more {
            let values = scanner.object(&CHANGE_KEYS, depth.saturating_add(2))?;
            out.changes.push(self.fields(&CHANGE_KEYS, &values).change()?);
            more = scanner.more(b']')?;
        }
        let changes = Run::new(first, out.changes.len());
        Ok(Message::Change(PriceChange { market, venue_ts_ms, changes }))
    }

    fn fields<'b>(&'b self, keys: &'static [&'static str], values: &'b [Value]) -> Fields<'b> {
        Fields { bytes: self.bytes, registry: self.registry, keys, values }
    }
}

/// Snapshot levels have a quantity and are strictly sorted best-last.
pub(super) fn check_ladder(levels: &[Level], rising: bool) -> Result<(), Refusal> {
    if levels.iter().any(|level| level.qty.0 == 0) {
        return Err(Refusal::EmptyLevel);
    }
    let sorted = if rising {
        levels.is_sorted_by(|a, b| a.price < b.price)
    } else {
        levels.is_sorted_by(|a, b| a.price > b.price)
    };
    if sorted { Ok(()) } else { Err(Refusal::Unsorted) }
}

impl Fields<'_> {
    fn get(&self, key: &'static str) -> Value {
        let found = self.keys.iter().zip(self.values).find(|(name, _)| **name == key);
        found.map_or(Value::Absent, |(_, value)| *value)
    }

    /// The refusal of a value that is missing or has the wrong type.
    fn wrong(&self, key: &'static str) -> Refusal {
        match self.get(key) {
            Value::Absent | Value::Null => Refusal::MissingKey { key },
            Value::Escaped(span) => Refusal::Escaped { at: span.start() },
            Value::Plain(_)
            | Value::Number(_)
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => Refusal::WrongType { key },
        }
    }

    fn plain(&self, key: &'static str) -> Result<Span, Refusal> {
        self.get(key).plain().ok_or_else(|| self.wrong(key))
    }

    /// `None` when the key is missing or null.
    fn optional_plain(&self, key: &'static str) -> Result<Option<Span>, Refusal> {
        if self.get(key).is_missing() { Ok(None) } else { self.plain(key).map(Some) }
    }

    /// A number, quoted or not, as text.
    fn number(&self, key: &'static str) -> Result<&[u8], Refusal> {
        if let Value::Plain(span) | Value::Number(span) = self.get(key) {
            return Ok(span.of(self.bytes));
        }
        Err(self.wrong(key))
    }

    fn optional<T>(
        &self,
        key: &'static str,
        read: fn(&[u8], &'static str) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        if self.get(key).is_missing() {
            return Ok(None);
        }
        read(self.number(key)?, key).map(Some)
    }

    fn flag(&self, key: &'static str) -> Result<Option<bool>, Refusal> {
        if self.get(key).is_missing() {
            return Ok(None);
        }
        if let Value::Bool(flag) = self.get(key) {
            return Ok(Some(flag));
        }
        Err(self.wrong(key))
    }

    fn array(&self, key: &'static str) -> Result<Span, Refusal> {
        if let Value::Array(span) = self.get(key) {
            return Ok(span);
        }
        Err(self.wrong(key))
    }

    fn market(&self) -> Result<Named<MarketIx>, Refusal> {
        let text = self.plain("market")?;
        Ok(Named { ix: self.registry.market(text.of(self.bytes)), text })
    }

    fn token(&self, key: &'static str) -> Result<Named<TokenIx>, Refusal> {
        let text = self.plain(key)?;
        Ok(Named { ix: self.registry.token(text.of(self.bytes)), text })
    }

    fn millis(&self) -> Result<i64, Refusal> {
        millis_text(self.number("timestamp")?, "timestamp")
    }

    /// A hash of another form is not an error: the recipe has changed before (FAULTS F-08).
    fn hash(&self) -> Result<Option<Hex40>, Refusal> {
        let span = self.optional_plain("hash")?;
        Ok(span.filter(|span| is_hex40(span.of(self.bytes))).map(Hex40))
    }

    fn side(&self) -> Result<Side, Refusal> {
        match self.plain("side")?.of(self.bytes) {
            b"BUY" => Ok(Side::Buy),
            b"SELL" => Ok(Side::Sell),
            _ => Err(Refusal::Side),
        }
    }

    fn quoted(&self, key: &'static str) -> Result<Quoted, Refusal> {
        Ok(self.optional(key, quoted_text)?.unwrap_or(Quoted::Absent))
    }

    fn change(&self) -> Result<Change, Refusal> {
        Ok(Change {
            token: self.token("asset_id")?,
            price: fine_text(self.number("price")?, "price")?,
            side: self.side()?,
            qty: qty_text(self.number("size")?, "size")?,
            hash: self.hash()?,
            best_bid: self.quoted("best_bid")?,
            best_ask: self.quoted("best_ask")?,
        })
    }

    fn trade(&self) -> Result<Message, Refusal> {
        Ok(Message::Trade(Trade {
            market: self.market()?,
            token: self.token("asset_id")?,
            venue_ts_ms: self.millis()?,
            price: price_text(self.number("price")?, "price")?,
            qty: qty_text(self.number("size")?, "size")?,
            side: self.side()?,
            transaction_hash: self.optional_plain("transaction_hash")?,
        }))
    }

    fn tick_change(&self) -> Result<Message, Refusal> {
        Ok(Message::Tick(TickSizeChange {
            market: self.market()?,
            token: self.token("asset_id")?,
            venue_ts_ms: self.millis()?,
            old: tick_text(self.number("old_tick_size")?, "old_tick_size")?,
            new: tick_text(self.number("new_tick_size")?, "new_tick_size")?,
        }))
    }

    fn best_bid_ask(&self) -> Result<Message, Refusal> {
        Ok(Message::Top(BestBidAsk {
            market: self.market()?,
            token: self.token("asset_id")?,
            venue_ts_ms: self.millis()?,
            best_bid: self.quoted("best_bid")?,
            best_ask: self.quoted("best_ask")?,
        }))
    }

    fn resolved(&self, object: Span) -> Result<Message, Refusal> {
        let stated = !self.get("winning_asset_id").is_missing();
        let winner = if stated { Some(self.token("winning_asset_id")?) } else { None };
        Ok(Message::Resolved(MarketResolved { market: self.market()?, winner, object }))
    }
}

/// 40 lower-case hex digits.
pub(super) fn is_hex40(text: &[u8]) -> bool {
    let Ok(text) = <&[u8; 40]>::try_from(text) else { return false };
    text.iter().fold(true, |all, byte| all & (byte.is_ascii_digit() | matches!(byte, b'a'..=b'f')))
}
