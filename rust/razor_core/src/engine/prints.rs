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
use crate::shadow::store::{Pushed, TradeId, TradeTick};
use crate::units::Nanos;

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

    /// Prints of the market channel: counted; the ledger's volume comes from the Data API rows, and
    /// the same trade must not be counted from both.
    pub(super) fn stream_prints(prints: &[TradePrint], tally: &mut Tally<'_>) {
        let seen = u64::try_from(prints.len()).unwrap_or(u64::MAX);
        tally.integrity.stream_prints = tally.integrity.stream_prints.saturating_add(seen);
    }
}
