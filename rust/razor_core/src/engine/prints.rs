//! How prints reach the ledger: Data API rows for the frozen basis, channel prints beside them.

use super::params::Source;
use super::parts::Parts;
use super::rows::{self, TradeCells};
use super::sets::Tally;
use super::table::{Sink, Table};
use super::trade::{TradeRow, trade_id};
use crate::book::TradePrint;
use crate::ids::TokenIx;
use crate::shadow::exact::{AttoPrice, AttoShares};
use crate::shadow::store::{Pushed, TakerSide, TradeId, TradeTick};
use crate::units::Nanos;
use crate::wire::Side;

/// Atto-shares in a micro-share.
const ATTO_PER_MICRO: i128 = 1_000_000_000_000;
/// Data API times are whole seconds, rounded down.
const STAMP_MS: i64 = 1_000;

impl Parts {
    /// Takes a trade row. Says whether it was refused.
    pub(super) fn trade<S: Sink>(
        &mut self,
        payload: &[u8],
        now: Nanos,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) -> bool {
        tally.integrity.trade_rows = tally.integrity.trade_rows.saturating_add(1);
        tally.counters.last_trade_ingest_ms = now.millis_floor();
        let Some((tick, row, id)) = self.read_trade(payload, now) else {
            tally.counters.trades_invalid = tally.counters.trades_invalid.saturating_add(1);
            return true;
        };
        if self.is_from_before(&row, tally.integrity.first_ms) {
            let before = &mut tally.integrity.trades_before_run;
            *before = before.saturating_add(1);
            return false;
        }
        let mut settled = core::mem::take(&mut self.settled);
        let pushed = self.shadow.on_trade(&tick, &mut settled);
        self.write_settled(now, &mut settled, tally.counters, sink);
        self.settled = settled;
        match pushed {
            Pushed::Stored => self.log_trade(&tick, &row, &id, tally, sink),
            Pushed::Duplicate | Pushed::IdsFull => {}
            Pushed::Invalid => {
                tally.counters.trades_invalid = tally.counters.trades_invalid.saturating_add(1);
            }
        }
        pushed == Pushed::Invalid
    }

    /// The first poll brings trades from before the run; ingested now, they would fill windows in
    /// which nobody traded.
    fn is_from_before(&self, row: &TradeRow<'_>, first_ms: i64) -> bool {
        self.params.source == Source::Venue
            && row.venue_ts_ms.is_some_and(|at| at.saturating_add(STAMP_MS) <= first_ms)
    }

    /// A row of a token that is defined, with the identity under which it is taken once.
    fn read_trade<'a>(
        &self,
        payload: &'a [u8],
        now: Nanos,
    ) -> Option<(TradeTick, TradeRow<'a>, String)> {
        let row = TradeRow::decode(payload).ok()?;
        let token = self.books.registry().token(row.asset.as_bytes())?;
        let market = self.universe.market(token.split().0)?;
        let is_own = row.condition_id.is_empty() || *row.condition_id == *market.condition_id;
        if !is_own && self.params.source == Source::Venue {
            return None;
        }
        let ingest =
            row.logged.as_ref().map_or(now, |logged| Self::nanos_of_ms(logged.ingest_ts_ms));
        let id = match &row.logged {
            Some(logged) if !logged.trade_id.is_empty() => logged.trade_id.to_string(),
            _ => {
                let ts_ms = row.venue_ts_ms.unwrap_or_else(|| ingest.millis_floor());
                trade_id(&market.condition_id, &row, ts_ms)
            }
        };
        let tick = TradeTick {
            token,
            price: AttoPrice::parse(row.price_text).ok()?,
            size: AttoShares::parse(row.size_text).ok()?,
            ingest,
            venue_ts: row.venue_ts_ms.map(Self::nanos_of_ms),
            side: row.side,
            id: TradeId::of_parts(&[id.as_bytes()]),
        };
        Some((tick, row, id))
    }

    fn log_trade<S: Sink>(
        &mut self,
        tick: &TradeTick,
        row: &TradeRow<'_>,
        id: &str,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) {
        tally.counters.trades_written = tally.counters.trades_written.saturating_add(1);
        if !sink.wants_rows() {
            return;
        }
        let mut line = core::mem::take(&mut self.line);
        line.clear();
        let market = self.market_text(tick.token).unwrap_or("");
        let cells = TradeCells {
            market,
            token: &row.asset,
            price: row.price_text,
            size: row.size_text,
            trade_id: id,
            ingest_ms: tick.ingest.millis_floor(),
            venue_ms: row.venue_ts_ms,
        };
        rows::trade(&mut line, &cells);
        sink.row(Table::Trades, &line);
        self.line = line;
    }

    /// What `market_id` of `trades.csv` says for a token.
    fn market_text(&self, token: TokenIx) -> Option<&str> {
        Some(&self.universe.market(token.split().0)?.condition_id)
    }

    /// Prints of the market channel: for the venue basis. They carry no id, so what they say is
    /// their identity; the venue repeats frames now and then.
    pub(super) fn stream_prints<S: Sink>(
        &mut self,
        prints: &[TradePrint],
        payload: &[u8],
        now: Nanos,
        tally: &mut Tally<'_>,
        sink: &mut S,
    ) {
        let seen = u64::try_from(prints.len()).unwrap_or(u64::MAX);
        tally.integrity.stream_prints = tally.integrity.stream_prints.saturating_add(seen);
        let mut settled = core::mem::take(&mut self.settled);
        for print in prints {
            let tick = stream_tick(print, payload, now);
            self.shadow.on_stream_print(&tick, &mut settled);
        }
        self.write_settled(now, &mut settled, tally.counters, sink);
        self.settled = settled;
    }
}

fn stream_tick(print: &TradePrint, payload: &[u8], now: Nanos) -> TradeTick {
    let hash = print.transaction_hash.map(|span| span.of(payload)).unwrap_or_default();
    let side = match print.side {
        Side::Buy => TakerSide::Buy,
        Side::Sell => TakerSide::Sell,
    };
    let word: &[u8] = match side {
        TakerSide::Buy => b"BUY",
        TakerSide::Sell => b"SELL",
    };
    let id = TradeId::of_parts(&[
        &print.token.0.to_le_bytes(),
        word,
        &print.price.micros().to_le_bytes(),
        &print.qty.0.to_le_bytes(),
        &print.venue_ts_ms.to_le_bytes(),
        hash,
    ]);
    TradeTick {
        token: print.token,
        price: AttoPrice::from(print.price),
        size: AttoShares(i128::from(print.qty.0).saturating_mul(ATTO_PER_MICRO)),
        ingest: now,
        venue_ts: Nanos::from_millis(print.venue_ts_ms).ok(),
        side: Some(side),
        id,
    }
}
