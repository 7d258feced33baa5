//! Bodies of REST answers and frames of the user channel, spelt as the venue does (PROTOCOL §3.4,
//! §4.7, §5.2).
//!
//! Owns: the JSON of orders, trades, order answers and cancel answers.
//!
//! Stated choices: sizes and prices are shortest decimals; `makingAmount` and `takingAmount` are
//! plain decimals, empty when nothing matched; `fee_rate_bps` is "0", a label and no rate; a taker's
//! order is told once, by its PLACEMENT with what it matched at once, a maker's by an UPDATE per
//! trade. Order and trade frames of one match come orders first.

use core::fmt::{self, Display, Write as _};

use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::order::{OrderHash, TradeId};
use razor_core::wire::Fine;

use super::{
    AccountIx, Ack, AckStatus, CancelReason, Canceled, Event, Exchange, Fill, Hex, Micros, Order,
    OrderStatus, OrderType, OwnerIx, Refusal, Trade, TradeIx, TradeStatus, trade_id,
    transaction_hash,
};

/// A frame of the user channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserFrame<'a> {
    /// Key whose subscribers get it.
    pub owner: OwnerIx,
    /// Market it is about; a subscription may be limited to markets.
    pub market: MarketIx,
    /// One JSON object.
    pub text: &'a str,
}

/// User frames in one buffer, which is reused from instant to instant.
#[derive(Debug, Clone, Default)]
pub struct UserFrames {
    text: String,
    heads: Vec<(OwnerIx, MarketIx, usize)>,
}

/// What an order event says beside the order itself.
struct OrderNote<'a> {
    kind: &'a str,
    status: &'a str,
    cum_qty: u64,
    trade: Option<TradeIx>,
}

impl UserFrames {
    /// Forgets the frames, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.heads.clear();
    }

    /// The frames in the order in which they are sent.
    pub fn iter(&self) -> impl Iterator<Item = UserFrame<'_>> + '_ {
        let starts = [0].into_iter().chain(self.heads.iter().map(|head| head.2));
        self.heads.iter().zip(starts).map(|(&(owner, market, end), start)| {
            let text = self.text.get(start..end).unwrap_or_default();
            UserFrame { owner, market, text }
        })
    }

    /// Adds the frames of the events of the instant that just ended, before the next step.
    pub fn push_instant(&mut self, exchange: &Exchange, events: &[Event]) {
        for event in events {
            self.push_order(exchange, event);
        }
        for event in events {
            if let Event::Trade { trade, status } = *event {
                self.push_trade(exchange, trade, status);
            }
        }
    }

    fn push_order(&mut self, exchange: &Exchange, event: &Event) {
        let (slot, kind, cum, reason, trade) = match *event {
            Event::Placed(slot) => (slot, "PLACEMENT", None, None, None),
            Event::Released(slot) => (slot, "UPDATE", None, None, None),
            Event::Updated { slot, trade, cum_qty } => {
                (slot, "UPDATE", Some(cum_qty), None, Some(trade))
            }
            Event::Ended { slot, reason, cum_qty } => {
                (slot, "CANCELLATION", Some(cum_qty), Some(reason), None)
            }
            Event::Killed { .. } => return self.push_killed(exchange, event),
            Event::At(_)
            | Event::Listed(_)
            | Event::Flagged(_)
            | Event::Level { .. }
            | Event::Top { .. }
            | Event::Traded { .. }
            | Event::Printed { .. }
            | Event::Tick { .. }
            | Event::Resolved(_)
            | Event::Trade { .. }
            | Event::Action { .. }
            | Event::Balance { .. }
            | Event::HeartbeatLost(_) => return,
        };
        let Some(order) = exchange.order(slot) else { return };
        let cum_qty = cum.unwrap_or(order.cum_qty);
        let status = status_word(order, cum_qty, reason);
        exchange.put_order_event(
            &mut self.text,
            order,
            &OrderNote { kind, status, cum_qty, trade },
        );
        self.heads.push((order.owner, order.market(), self.text.len()));
    }

    fn push_killed(&mut self, exchange: &Exchange, event: &Event) {
        let Event::Killed { hash, owner, token, side, price, qty, order_type } = *event else {
            return;
        };
        let refusal = match order_type {
            OrderType::Fok => Refusal::FokKilled,
            OrderType::Gtc | OrderType::Gtd | OrderType::Fak => Refusal::FakKilled,
        };
        let (key, account) = exchange.owner(owner).unwrap_or(("", AccountIx(0)));
        put(
            &mut self.text,
            format_args!(
                "{{\"event_type\":\"order\",\"type\":\"CANCELLATION\",\"id\":\"{}\",\"owner\":{key},\
             \"order_owner\":{key},{},\"side\":\"{}\",\"original_size\":\"{}\",\
             \"size_matched\":\"\",\"price\":\"{}\",\"outcome\":\"\",\"order_type\":\"{}\",\
             \"status\":\"CANCELED_{refusal}\",\"maker_address\":\"{}\",\"associate_trades\":[],\
             \"created_at\":\"\",\"expiration\":\"0\",\"timestamp\":\"{}\"}}",
                Hex(&hash),
                exchange.names(token),
                side.word(),
                Micros(qty),
                shown(price),
                order_type.word(),
                exchange.address(account),
                exchange.now().millis_floor(),
                key = Quoted(key),
            ),
        );
        self.heads.push((owner, token.split().0, self.text.len()));
    }

    fn push_trade(&mut self, exchange: &Exchange, ix: TradeIx, status: TradeStatus) {
        let Some(trade) = exchange.trade(ix) else { return };
        let mut viewers = vec![trade.owner];
        viewers.extend(exchange.fills(trade).map(|fill| fill.owner));
        viewers.sort_unstable();
        viewers.dedup();
        for viewer in viewers {
            let head = "{\"event_type\":\"trade\",\"type\":\"TRADE\",";
            self.text.push_str(head);
            exchange.put_trade(&mut self.text, ix, trade, viewer, status.word());
            put(
                &mut self.text,
                format_args!(
                    ",\"trade_owner\":{},\"timestamp\":\"{}\"}}",
                    exchange.key_of(trade.owner),
                    exchange.now().millis_floor(),
                ),
            );
            self.heads.push((viewer, trade.token.split().0, self.text.len()));
        }
    }
}

fn status_word(order: &Order, cum_qty: u64, reason: Option<CancelReason>) -> &'static str {
    if let Some(reason) = reason {
        return reason.word();
    }
    match order.status {
        OrderStatus::Delayed => "DELAYED",
        OrderStatus::Live | OrderStatus::Ended(_) if cum_qty < order.qty => "LIVE",
        OrderStatus::Matched if cum_qty < order.qty && !order.order_type.is_immediate() => "LIVE",
        OrderStatus::Live | OrderStatus::Matched | OrderStatus::Ended(_) => "MATCHED",
    }
}

impl Exchange {
    /// Appends the answer to one order: the body of `POST /order`, a leg of `POST /orders`.
    ///
    /// A refused order is written in the form of a batch leg: `success` with an `errorMsg` and
    /// neither id nor status. `POST /order` answers a refusal by its status and [`Refusal`]'s text.
    pub fn write_ack(&self, answer: &Result<Ack, Refusal>, out: &mut String) {
        match answer {
            Ok(ack) => {
                let matched = ack.status == AckStatus::Matched;
                let amount =
                    |micros| if matched { Micros(micros).to_string() } else { String::new() };
                put(
                    out,
                    format_args!(
                        "{{\"success\":true,\"errorMsg\":\"\",\"orderID\":\"{}\",\"status\":\"{}\",\
                     \"makingAmount\":\"{}\",\"takingAmount\":\"{}\"",
                        Hex(&ack.hash),
                        ack.status.word(),
                        amount(ack.making),
                        amount(ack.taking),
                    ),
                );
                if matched {
                    let trades = (ack.first_trade.0..).take(super::at(ack.trades)).map(TradeIx);
                    put(out, format_args!(",\"tradeIDs\":{}", self.ids(trades)));
                }
                out.push('}');
            }
            Err(refusal) => put(
                out,
                format_args!(
                    "{{\"success\":true,\"errorMsg\":{},\"orderID\":\"\",\"status\":\"\",\
                 \"makingAmount\":\"\",\"takingAmount\":\"\"}}",
                    Quoted(&refusal.to_string()),
                ),
            ),
        }
    }

    /// Appends the answer to a cancel.
    pub fn write_canceled(&self, canceled: &Canceled, out: &mut String) {
        out.push_str("{\"canceled\":[");
        for (ix, hash) in canceled.canceled.iter().enumerate() {
            put(out, format_args!("{}\"{}\"", comma(ix), Hex(hash)));
        }
        out.push_str("],\"not_canceled\":{");
        for (ix, (hash, why)) in canceled.not_canceled.iter().enumerate() {
            put(out, format_args!("{}\"{}\":{}", comma(ix), Hex(hash), Quoted(why.text())));
        }
        out.push_str("}}");
    }

    /// Appends an order as `GET /data/orders` lists it.
    pub fn write_order(&self, order: &Order, out: &mut String) {
        let status = match order.status {
            OrderStatus::Delayed => "DELAYED",
            OrderStatus::Live => "LIVE",
            OrderStatus::Matched => "MATCHED",
            OrderStatus::Ended(reason) => reason.word(),
        };
        let mut trades = self.trades_of_order(order);
        trades.reverse();
        put(out, format_args!("{{\"id\":\"{}\",\"status\":\"{status}\",", Hex(&order.hash)));
        self.put_order(out, order, order.cum_qty);
        put(
            out,
            format_args!(
                ",\"associate_trades\":{},\"created_at\":{}}}",
                self.ids(trades.into_iter()),
                order.created.0.div_euclid(super::command::SECOND),
            ),
        );
    }

    /// Appends a trade as `GET /data/trades` lists it to one of its keys; false when it is
    /// forgotten.
    pub fn write_trade(&self, ix: TradeIx, viewer: OwnerIx, out: &mut String) -> bool {
        let Some(trade) = self.trade(ix) else { return false };
        out.push('{');
        self.put_trade(out, ix, trade, viewer, trade.status.word());
        out.push('}');
        true
    }

    /// The id of a trade as text.
    pub fn trade_id_text(&self, ix: TradeIx) -> String {
        Uuid(trade_id(self.seed(), ix)).to_string()
    }

    fn put_order_event(&self, out: &mut String, order: &Order, note: &OrderNote<'_>) {
        let (kind, status) = (note.kind, note.status);
        put(
            out,
            format_args!(
                "{{\"event_type\":\"order\",\"type\":\"{kind}\",\"id\":\"{}\",\"status\":\"{status}\",\
             \"order_owner\":{},",
                Hex(&order.hash),
                self.key_of(order.owner),
            ),
        );
        self.put_order(out, order, note.cum_qty);
        let trades = note.trade.map_or("null".to_owned(), |trade| self.ids([trade].into_iter()));
        put(
            out,
            format_args!(
                ",\"associate_trades\":{trades},\"created_at\":\"{}\",\"timestamp\":\"{}\"}}",
                order.created.0.div_euclid(super::command::SECOND),
                self.now().millis_floor(),
            ),
        );
    }

    /// What all spellings of an order share.
    fn put_order(&self, out: &mut String, order: &Order, cum_qty: u64) {
        put(
            out,
            format_args!(
                "\"owner\":{},\"maker_address\":\"{}\",{},\"side\":\"{}\",\"original_size\":\"{}\",\
             \"size_matched\":\"{}\",\"price\":\"{}\",\"outcome\":{},\"expiration\":\"{}\",\
             \"order_type\":\"{}\"",
                self.key_of(order.owner),
                self.address(order.account),
                self.names(order.token),
                order.side.word(),
                Micros(order.qty),
                Micros(cum_qty),
                shown(order.price),
                self.outcome(order.token),
                order.expiration_s,
                order.order_type.word(),
            ),
        );
    }

    fn put_trade(
        &self,
        out: &mut String,
        ix: TradeIx,
        trade: &Trade,
        viewer: OwnerIx,
        status: &str,
    ) {
        let second = super::command::SECOND;
        put(
            out,
            format_args!(
                "\"id\":\"{}\",\"taker_order_id\":\"{}\",{},\"side\":\"{}\",\"size\":\"{}\",\
             \"fee_rate_bps\":\"0\",\"price\":\"{}\",\"status\":\"{status}\",\
             \"match_time\":\"{}\",\"last_update\":\"{}\",\"outcome\":{},\"owner\":{},\
             \"maker_address\":\"{}\",\"bucket_index\":{},\"transaction_hash\":\"{}\",\
             \"trader_side\":\"{}\",\"maker_orders\":[",
                Uuid(trade_id(self.seed(), ix)),
                Hex(&trade.taker_order),
                self.names(trade.token),
                trade.side.word(),
                Micros(trade.qty),
                shown(trade.price),
                trade.matched_at.0.div_euclid(second),
                trade.updated_at.0.div_euclid(second),
                self.outcome(trade.token),
                self.key_of(trade.owner),
                self.address(trade.account),
                trade.bucket,
                self.transaction_text(trade.transaction),
                if trade.owner == viewer { "TAKER" } else { "MAKER" },
            ),
        );
        for (ix, fill) in self.fills(trade).enumerate() {
            out.push_str(comma(ix));
            self.put_maker(out, fill);
        }
        out.push(']');
    }

    fn put_maker(&self, out: &mut String, fill: &Fill) {
        let asset = self.registry().token_text(fill.token).unwrap_or_default();
        put(
            out,
            format_args!(
                "{{\"order_id\":\"{}\",\"owner\":{},\"maker_address\":\"{}\",\
             \"matched_amount\":\"{}\",\"price\":\"{}\",\"fee_rate_bps\":\"0\",\"asset_id\":\"{}\",\
             \"outcome\":{},\"outcome_index\":{},\"side\":\"{}\"}}",
                Hex(&fill.order),
                self.key_of(fill.owner),
                self.address(fill.account),
                Micros(fill.qty),
                shown(fill.price),
                core::str::from_utf8(asset).unwrap_or_default(),
                self.outcome(fill.token),
                u8::from(fill.token.split().1 == Outcome::No),
                fill.side.word(),
            ),
        );
    }

    /// Hash of a transaction as text; empty while there is none.
    pub fn transaction_text(&self, transaction: u64) -> String {
        if transaction == 0 {
            return String::new();
        }
        Hex(&OrderHash(transaction_hash(self.seed(), transaction))).to_string()
    }

    /// `"market":…,"asset_id":…` of a token.
    fn names(&self, token: TokenIx) -> String {
        let market = self.market(token.split().0).map_or("", |it| &it.spec.condition_id);
        let asset = self.registry().token_text(token).unwrap_or_default();
        let asset = core::str::from_utf8(asset).unwrap_or_default();
        format!("\"market\":\"{market}\",\"asset_id\":\"{asset}\"")
    }

    fn outcome(&self, token: TokenIx) -> Quoted<'_> {
        let (market, outcome) = token.split();
        let labels = self.market(market).map(|it| &it.spec.outcomes);
        Quoted(labels.map_or("", |[yes, no]| match outcome {
            Outcome::Yes => yes,
            Outcome::No => no,
        }))
    }

    fn key_of(&self, owner: OwnerIx) -> Quoted<'_> {
        Quoted(self.owner(owner).map_or("", |(key, _)| key))
    }

    fn address(&self, account: AccountIx) -> String {
        self.account(account).map(|it| it.address.to_string()).unwrap_or_default()
    }

    /// A JSON array of trade ids.
    fn ids(&self, trades: impl Iterator<Item = TradeIx>) -> String {
        let mut out = String::from("[");
        for (ix, trade) in trades.enumerate() {
            put(&mut out, format_args!("{}\"{}\"", comma(ix), self.trade_id_text(trade)));
        }
        out.push(']');
        out
    }
}

/// A JSON string of text that may hold anything.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' | '\\' => write!(out, "\\{letter}")?,
                '\0'..='\x1F' => write!(out, "\\u{:04x}", u32::from(letter))?,
                _ => out.write_char(letter)?,
            }
        }
        out.write_char('"')
    }
}

struct Uuid(TradeId);

impl Display for Uuid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (ix, byte) in self.0.0.iter().enumerate() {
            let dash = if matches!(ix, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(out, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

fn shown(price: Fine) -> impl Display {
    Micros::from(price.price())
}

const fn comma(ix: usize) -> &'static str {
    if ix == 0 { "" } else { "," }
}

fn put(out: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _written = out.write_fmt(text);
}
