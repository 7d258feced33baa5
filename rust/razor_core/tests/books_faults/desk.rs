//! Books with two markets and a way to speak the venue's language to them.

use std::fmt::Write as _;

use razor_core::book::{BookParams, BookState, Books, Report, Source};
use razor_core::ids::{ConnIx, MarketIx, TokenIx};
use razor_core::market::{Fees, MarketDef};
use razor_core::units::{Nanos, Qty, TickSize};
use razor_core::wire::{Kind, Refusal};
use sha1::{Digest, Sha1};

/// Venue time of everything unless a test moves it.
pub(crate) const AT: i64 = 1_791_258_810_641;
pub(crate) const YES_TOKEN: TokenIx = TokenIx(0);
pub(crate) const NO_TOKEN: TokenIx = TokenIx(1);

/// The books under test and where the next frame comes from.
pub(crate) struct Desk {
    pub(crate) books: Books,
    pub(crate) report: Report,
    pub(crate) conn: ConnIx,
    pub(crate) epoch: u32,
    pub(crate) kind: Kind,
    pub(crate) venue_ts: i64,
    recv: i64,
}

/// One level as text.
pub(crate) fn level(price: &str, size: &str) -> String {
    format!("{{\"price\":\"{price}\",\"size\":\"{size}\"}}")
}

fn def(seed: &str) -> MarketDef {
    MarketDef {
        condition_id: format!("0x{}", seed.repeat(64)).into(),
        token_ids: [format!("1{seed}").repeat(38).into(), format!("2{seed}").repeat(38).into()],
        label: seed.into(),
        tick: TickSize::CENT,
        min_order_qty: Qty(5_000_000),
        fees: Fees::Unknown,
        neg_risk: false,
        end_ms: 0,
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        let params = BookParams { hash_every: 1, ..BookParams::default() };
        let mut books = Books::with_params(params);
        books.add_market(MarketIx(0), &def("a")).expect("first");
        books.add_market(MarketIx(1), &def("b")).expect("second");
        Self {
            books,
            report: Report::default(),
            conn: ConnIx(0),
            epoch: 0,
            kind: Kind::Ws,
            venue_ts: AT,
            recv: 1,
        }
    }

    /// Receive time of what follows.
    pub(crate) fn at(&mut self, recv: i64) -> &mut Self {
        self.recv = recv;
        self
    }

    pub(crate) fn try_frame(&mut self, text: &str) -> Result<(), Refusal> {
        let source = Source {
            conn: self.conn,
            epoch: self.epoch,
            recv_ns: Nanos(self.recv),
            kind: self.kind,
        };
        self.books.apply(source, text.as_bytes(), &mut self.report)
    }

    pub(crate) fn frame(&mut self, text: &str) {
        self.try_frame(text).expect("accepted");
    }

    pub(crate) fn token_text(token: &str) -> String {
        match token {
            "YES" => "1a".repeat(38),
            "NO" => "2a".repeat(38),
            _ => "1b".repeat(38),
        }
    }

    fn head(&self, event: &str) -> String {
        let event = match self.kind {
            Kind::Ws => format!("\"event_type\":\"{event}\","),
            Kind::Rest => String::new(),
        };
        format!("{{{event}\"market\":\"0x{}\",\"timestamp\":\"{}\"", "a".repeat(64), self.venue_ts)
    }

    pub(crate) fn book_text(&self, token: &str, bids: &str, asks: &str, more: &str) -> String {
        format!(
            "{},\"asset_id\":\"{}\",\"bids\":[{bids}],\"asks\":[{asks}]{more}}}",
            self.head("book"),
            Self::token_text(token)
        )
    }

    pub(crate) fn book(&mut self, token: &str, bids: &str, asks: &str) {
        let text = self.book_text(token, bids, asks, "");
        self.frame(&text);
    }

    /// Both tokens' snapshots in one frame: 0.40 bid, 0.50 asked.
    pub(crate) fn snapshots(&mut self) {
        let yes = self.book_text("YES", &level("0.40", "10"), &level("0.50", "20"), "");
        let no = self.book_text("NO", &level("0.50", "20"), &level("0.60", "10"), "");
        self.frame(&format!("[{yes},{no}]"));
    }

    pub(crate) fn snapshots_of_second_market(&mut self) {
        let text = self.book_text("OTHER", &level("0.40", "10"), &level("0.50", "20"), "");
        let text = text.replace(&"a".repeat(64), &"b".repeat(64));
        self.frame(&text);
    }

    pub(crate) fn change_text(
        &self,
        token: &str,
        side: &str,
        price: &str,
        size: &str,
        more: &str,
    ) -> String {
        format!(
            "{},\"price_changes\":[{{\"asset_id\":\"{}\",\"price\":\"{price}\",\"size\":\"{size}\",\
             \"side\":\"{side}\"{more}}}]}}",
            self.head("price_change"),
            Self::token_text(token)
        )
    }

    pub(crate) fn changes_text(&self, changes: &[(&str, &str, &str, &str)]) -> String {
        let entries: Vec<_> = changes
            .iter()
            .map(|(token, side, price, size)| {
                format!(
                    "{{\"asset_id\":\"{}\",\"price\":\"{price}\",\"size\":\"{size}\",\"side\":\"{side}\"}}",
                    Self::token_text(token)
                )
            })
            .collect();
        format!("{},\"price_changes\":[{}]}}", self.head("price_change"), entries.join(","))
    }

    pub(crate) fn change(&mut self, token: &str, side: &str, price: &str, size: &str) {
        let text = self.change_text(token, side, price, size, "");
        self.frame(&text);
    }

    pub(crate) fn change_with_tops(
        &mut self,
        token: &str,
        side: &str,
        price: &str,
        size: &str,
        bid: &str,
        ask: &str,
    ) {
        let tops = format!(",\"best_bid\":\"{bid}\",\"best_ask\":\"{ask}\"");
        let text = self.change_text(token, side, price, size, &tops);
        self.frame(&text);
    }

    /// A YES bid and what the venue says about the NO side of it.
    pub(crate) fn pair(&mut self, yes: (&str, &str), no: (&str, &str, &str)) {
        let text = self.changes_text(&[("YES", "BUY", yes.0, yes.1), ("NO", no.0, no.1, no.2)]);
        self.frame(&text);
    }

    pub(crate) fn top(&mut self, token: &str, bid: &str, ask: &str) {
        let text = format!(
            "{},\"asset_id\":\"{}\",\"best_bid\":\"{bid}\",\"best_ask\":\"{ask}\"}}",
            self.head("best_bid_ask"),
            Self::token_text(token)
        );
        self.frame(&text);
    }

    pub(crate) fn tick(&mut self, token: &str, old: &str, new: &str) {
        let text = format!(
            "{},\"asset_id\":\"{}\",\"old_tick_size\":\"{old}\",\"new_tick_size\":\"{new}\"}}",
            self.head("tick_size_change"),
            Self::token_text(token)
        );
        self.frame(&text);
    }

    pub(crate) fn trade_text(&self, token: &str, price: &str, size: &str) -> String {
        format!(
            "{},\"asset_id\":\"{}\",\"price\":\"{price}\",\"size\":\"{size}\",\"side\":\"BUY\"}}",
            self.head("last_trade_price"),
            Self::token_text(token)
        )
    }

    pub(crate) fn resolved_text(&self) -> String {
        format!(
            "{},\"winning_asset_id\":\"{}\",\"tags\":[\"x\"]}}",
            self.head("market_resolved"),
            Self::token_text("NO")
        )
    }

    /// The book hash of PROTOCOL §3.2 written down by hand.
    pub(crate) fn sha1_of_recipe(
        &self,
        bids: &[(&str, &str)],
        asks: &[(&str, &str)],
        last: &str,
    ) -> String {
        let side = |levels: &[(&str, &str)]| {
            levels.iter().map(|(price, size)| level(price, size)).collect::<Vec<_>>().join(",")
        };
        let text = format!(
            "{{\"market\":\"0x{}\",\"asset_id\":\"{}\",\"timestamp\":\"{}\",\"hash\":\"\",\"bids\":[{}],\
             \"asks\":[{}],\"min_order_size\":\"5\",\"tick_size\":\"0.01\",\"neg_risk\":false,\
             \"last_trade_price\":\"{last}\"}}",
            "a".repeat(64),
            Self::token_text("YES"),
            self.venue_ts,
            side(bids),
            side(asks),
        );
        let mut hex = String::new();
        for byte in Sha1::digest(text.as_bytes()) {
            write!(hex, "{byte:02x}").expect("text");
        }
        hex
    }

    pub(crate) fn state(&self) -> BookState {
        self.books.state(YES_TOKEN)
    }

    pub(crate) fn hash(&self) -> u64 {
        self.books.state_hash(MarketIx(0))
    }

    /// Best YES bid in ten-thousandths.
    pub(crate) fn bid(&self) -> Option<u32> {
        self.books.top(YES_TOKEN).bid.map(|(price, _)| price.micros() / 100)
    }

    pub(crate) fn proof(&self) -> Option<Nanos> {
        self.books.freshness(MarketIx(0)).proof_recv_ns
    }
}
