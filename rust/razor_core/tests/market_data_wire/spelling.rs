//! Messages generated from what they must mean, in one of many spellings.

use super::*;

// --- spelling ------------------------------------------------------------------------------------

/// A JSON value whose spelling is not decided yet.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    Text(String),
    /// A number that the venue writes quoted or not.
    Number(String),
    Raw(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// How to write: blanks around signs, order of keys, quotes around numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spelling {
    pub(crate) blank: &'static str,
    pub(crate) order: usize,
    pub(crate) quotes: bool,
    pub(crate) more_keys: bool,
}

impl Json {
    fn write(&self, how: Spelling, out: &mut String) {
        match self {
            Self::Text(text) => {
                let _ = write!(out, "\"{text}\"");
            }
            Self::Number(text) if how.quotes || text.is_empty() => {
                let _ = write!(out, "\"{text}\"");
            }
            Self::Number(text) | Self::Raw(text) => out.push_str(text),
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    out.push_str(how.blank);
                    value.write(how, out);
                }
                out.push_str(how.blank);
                out.push(']');
            }
            Self::Object(fields) => {
                let mut fields = fields.clone();
                if how.more_keys {
                    let more = "{\"price\":[1,{\"x\":null}],\"s\":\"\\u00e9\\\"\"}";
                    fields.insert(fields.len() / 2, ("later_key", Self::Raw(more.into())));
                }
                let len = fields.len();
                if how.order % 2 == 1 {
                    fields.reverse();
                }
                fields.rotate_left(how.order / 2 % len.max(1));
                out.push('{');
                for (index, (key, value)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    let _ = write!(out, "{0}\"{key}\"{0}:{0}", how.blank);
                    value.write(how, out);
                }
                out.push_str(how.blank);
                out.push('}');
            }
        }
    }

    pub(crate) fn spelled(&self, how: Spelling) -> String {
        let mut out = String::new();
        self.write(how, &mut out);
        out
    }
}

pub(crate) fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

pub(crate) fn number(text: impl ToString) -> Json {
    Json::Number(text.to_string())
}

/// A random message of one type: how it is spelled and what it means.
pub(crate) fn message(rng: &mut Rng, kind: usize) -> (Json, String) {
    let token = [YES, NO][rng.index(2)];
    let ix = if token == YES { TokenIx(0) } else { TokenIx(1) };
    let head = |event: &str| {
        vec![
            ("event_type", text(event)),
            ("market", text(CONDITION)),
            ("asset_id", text(token)),
            ("timestamp", number(AT)),
        ]
    };
    let market_shown = format!("Some(MarketIx(0))={CONDITION}");
    let token_shown = format!("Some({ix:?})={token}");
    let both = format!("{market_shown} {token_shown} at {AT}");
    match kind {
        0 => book(rng, head("book"), &both),
        1 => changes(rng, &market_shown),
        2 => {
            let (micros, qty) = (1 + rng.below(1_000_000), rng.below_wide(MAX_QTY.0));
            let mut fields = head("last_trade_price");
            fields.push(("price", number(decimal(u64::from(micros)))));
            fields.push(("size", number(decimal(qty))));
            fields.push(("side", text("SELL")));
            fields.push(("fee_rate_bps", text("")));
            fields.push(("transaction_hash", text("0xfeed")));
            (Json::Object(fields), format!("trade {both} {micros} {qty} Sell tx 0xfeed\n"))
        }
        3 => {
            let mut fields = head("tick_size_change");
            fields.push(("old_tick_size", number("0.01")));
            fields.push(("new_tick_size", number("0.0025")));
            (Json::Object(fields), format!("tick {both} 10000 to 2500\n"))
        }
        4 => {
            let (bid, bid_shown) = stated(rng);
            let (ask, ask_shown) = stated(rng);
            let mut fields = head("best_bid_ask");
            fields.extend([("best_bid", bid), ("best_ask", ask), ("spread", number("0.04"))]);
            (Json::Object(fields), format!("top {both} {bid_shown} {ask_shown}\n"))
        }
        5 => (Json::Object(head("new_market")), format!("new {market_shown}\n")),
        6 => {
            let mut fields = head("market_resolved");
            fields.push(("winning_asset_id", text(token)));
            (Json::Object(fields), format!("resolved {market_shown} {token_shown}\n"))
        }
        _ => (Json::Object(head("some_later_type")), "unknown\n".to_owned()),
    }
}

pub(crate) const TYPES: usize = 8;

/// A best price: nothing said, an empty side in two spellings, or a price.
pub(crate) fn stated(rng: &mut Rng) -> (Json, String) {
    let fine = 1 + rng.below(9_999);
    match rng.below(5) {
        0 => (Json::Raw("null".into()), "-".into()),
        1 => (text(""), "-".into()),
        2 => (number("0"), "none".into()),
        3 => (number("1"), "none".into()),
        _ => (number(format!("0.{fine:04}")), fine.to_string()),
    }
}

/// Micro-units as a decimal without useless zeros.
pub(crate) fn decimal(micros: u64) -> String {
    let full = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    full.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A side of a book, best last, and what it means.
pub(crate) fn side(rng: &mut Rng, rising: bool) -> (Json, String) {
    let prices: BTreeSet<u32> = (0..rng.below(6)).map(|_| 1 + rng.below(9_999)).collect();
    let mut prices: Vec<u32> = prices.into_iter().collect();
    if !rising {
        prices.reverse();
    }
    let (mut list, mut shown) = (Vec::new(), String::new());
    for price in prices {
        let most = if rng.chance(10) { MAX_QTY.0 } else { 9_999_999_999_999 };
        let qty = 1 + rng.below_wide(most);
        let fields =
            vec![("price", number(format!("0.{price:04}"))), ("size", number(decimal(qty)))];
        list.push(Json::Object(fields));
        let _ = write!(shown, "{price}x{qty} ");
    }
    (Json::List(list), shown)
}

pub(crate) fn book(
    rng: &mut Rng,
    mut fields: Vec<(&'static str, Json)>,
    both: &str,
) -> (Json, String) {
    let (bids, bids_shown) = side(rng, true);
    let (asks, asks_shown) = side(rng, false);
    fields.extend([("hash", text(HASH)), ("bids", bids), ("asks", asks)]);
    let mut tail = "tick None min None neg None last -".to_owned();
    if rng.chance(50) {
        fields.extend([
            ("tick_size", number("0.001")),
            ("min_order_size", number("15")),
            ("neg_risk", Json::Raw("true".into())),
            ("last_trade_price", text("0.990")),
        ]);
        tail = String::from("tick Some(1000) min Some(15000000) neg Some(true) last 0.990");
    }
    let shown = format!("book {both} hash {HASH} bids {bids_shown}asks {asks_shown}{tail}\n");
    (Json::Object(fields), shown)
}

pub(crate) fn changes(rng: &mut Rng, market_shown: &str) -> (Json, String) {
    let mut shown = format!("change {market_shown} at {AT}\n");
    let mut list = Vec::new();
    for _ in 0..=rng.below(4) {
        let (ix, token) = [(TokenIx(0), YES), (TokenIx(1), NO)][rng.index(2)];
        let (fine, qty) = (1 + rng.below(9_999), rng.below_wide(10_000_000_000));
        let (word, side) = [("BUY", "Buy"), ("SELL", "Sell")][rng.index(2)];
        let (bid, bid_shown) = stated(rng);
        let (ask, ask_shown) = stated(rng);
        list.push(Json::Object(vec![
            ("asset_id", text(token)),
            ("price", number(format!("0.{fine:04}"))),
            ("size", number(decimal(qty))),
            ("side", text(word)),
            ("hash", text(HASH)),
            ("best_bid", bid),
            ("best_ask", ask),
        ]));
        let _ = writeln!(
            shown,
            "  Some({ix:?})={token} {fine} {side} {qty} hash {HASH} bid {bid_shown} ask {ask_shown}"
        );
    }
    let fields = vec![
        ("market", text(CONDITION)),
        ("price_changes", Json::List(list)),
        ("timestamp", number(AT)),
        ("event_type", text("price_change")),
    ];
    (Json::Object(fields), shown)
}
