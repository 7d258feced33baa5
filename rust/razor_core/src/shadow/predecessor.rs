//! Replay of a predecessor's run directory (RAZOR_SPEC §20): two tables in, the frozen table out.
//!
//! The rows are taken as they are: no deduplication (repeats of a trade id are only counted), no
//! filter on sign or size, no staleness test, no pruning of dedup keys. Signals and settlement are
//! the ones of the running ledger, so a replay is one more proof of them.
//!
//! Unreadable cells follow §20: a bid reads as 0, an ask as 1, a depth as NaN; a blank token or a
//! leg count other than two or three skips the row; an unreadable time, leg count, trade price or
//! size is an error. What the predecessor never wrote and exact units cannot hold (a negative ask,
//! a bid above one dollar, more than six decimals in a snapshot price) is an error too, never a
//! guess. An ask above one dollar cannot signal and reads as one dollar.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::csv::{Column, CsvError, Record, Table};
use super::exact::{AttoPrice, AttoShares};
use super::rows::{RowNames, SHADOW_LOG_HEADER, shadow_log_line};
use super::settle::{Ledgering, SettleRules, settle_frozen};
use super::store::Print;
use crate::ids::{SetIx, TokenIx};
use crate::market::Fees;
use crate::signal::brain::BrainError;
use crate::signal::{
    Brain, BrainCounters, BrainOutcome, BrainParams, Depth3, LegQuote, Reasons, SetQuote, Signal,
};
use crate::units::{Dec, Nanos, Price, TickSize, UnitError};

/// Header of the predecessor's `snapshots.csv` (v1).
pub const SNAPSHOTS_HEADER: &str = "ts_ms,market_id,legs_n,\
leg0_token_id,leg0_best_bid,leg0_best_ask,leg0_depth3_usdc,\
leg1_token_id,leg1_best_bid,leg1_best_ask,leg1_depth3_usdc,\
leg2_token_id,leg2_best_bid,leg2_best_ask,leg2_depth3_usdc";

/// Header of the predecessor's `trades.csv` (v3).
pub const TRADES_HEADER: &str =
    "ts_ms,market_id,token_id,price,size,trade_id,ingest_ts_ms,exchange_ts_ms";

const PRICE_SCALE: i32 = 6;
const DEPTH_SCALE: i32 = 12;

/// What a replay is told.
#[derive(Debug, Clone)]
pub struct ReplayParams {
    /// Generator settings of the run; the staleness limit is ignored.
    pub brain: BrainParams,
    /// Settlement settings of the run.
    pub rules: SettleRules,
    /// Run id of the rows, `replay_<run id of the source>`.
    pub run_id: String,
}

/// What a replay gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The frozen table with its header.
    pub shadow_log: String,
    /// Rows of it.
    pub rows: u64,
    /// Snapshots judged.
    pub snapshots: u64,
    /// Snapshot rows passed over: leg count, blank token, or asks that sum to nothing.
    pub snapshots_skipped: u64,
    /// Trade rows taken.
    pub trades: u64,
    /// Trade rows whose id was there before; they are taken all the same.
    pub trades_duplicated: u64,
    /// The generator's counters.
    pub brain: BrainCounters,
}

/// Why a directory cannot be replayed. `row` counts records after the header, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// A table cannot be read.
    #[error("{table}: {cause}")]
    Table {
        /// File name.
        table: &'static str,
        /// What is wrong.
        cause: CsvError,
    },
    /// A cell that must be a number is none, or is out of range.
    #[error("{table} row {row}: {column} is not usable: {cause}")]
    Cell {
        /// File name.
        table: &'static str,
        /// Record after the header.
        row: u64,
        /// Column.
        column: &'static str,
        /// What is wrong.
        cause: UnitError,
    },
    /// More markets or tokens than an index can name.
    #[error("more than 2^32 markets or tokens in one directory")]
    Full,
    /// The generator refused its settings.
    #[error("settings of the run: {0}")]
    Brain(#[from] BrainError),
}

/// Replays a directory's two tables.
///
/// # Errors
/// [`ReplayError`] names file, row and column.
pub fn replay(
    snapshots: &[u8],
    trades: &[u8],
    params: &ReplayParams,
) -> Result<Replayed, ReplayError> {
    let mut names = Names::default();
    let (mut snapshots, skipped) = read_snapshots(snapshots, &mut names)?;
    let (mut prints, duplicated) = read_trades(trades, &mut names)?;
    snapshots.sort_by_key(|snapshot| snapshot.ts);
    prints.sort_by_key(|print| print.ingest_ms);
    let settings = BrainParams { max_staleness: None, ..params.brain };
    let mut brain = Brain::new(settings, 1)?;
    let mut replayed = Replayed {
        shadow_log: format!("{SHADOW_LOG_HEADER}\n"),
        rows: 0,
        snapshots: count(snapshots.len()),
        snapshots_skipped: skipped,
        trades: count(prints.len()),
        trades_duplicated: duplicated,
        brain: BrainCounters::default(),
    };
    for snapshot in &snapshots {
        let quote = SetQuote { set: snapshot.set, legs: &snapshot.legs };
        if let BrainOutcome::Signal(signal) = brain.step(snapshot.ts, &quote) {
            write_row(*signal, &prints, params, &names, &mut replayed.shadow_log);
            replayed.rows = replayed.rows.saturating_add(1);
        }
    }
    replayed.brain = brain.counters();
    Ok(replayed)
}

fn write_row(
    signal: Signal,
    prints: &[Print],
    params: &ReplayParams,
    names: &Names,
    out: &mut String,
) {
    let (start, end) = params.rules.window_of(signal.ts_ms());
    let first = prints.partition_point(|print| print.ingest_ms < start);
    let past = prints.partition_point(|print| print.ingest_ms <= end);
    let window = prints.get(first..past).unwrap_or_default().iter();
    let row = settle_frozen(signal, &params.rules, window, Ledgering::Replay, Reasons::NONE);
    shadow_log_line(&row, &names.row_names(&params.run_id, &row.signal), out);
}

/// One usable snapshot row.
struct Snapshot {
    ts: Nanos,
    set: SetIx,
    legs: Vec<LegQuote>,
}

/// Texts of the directory by the indices the core works with.
#[derive(Default)]
struct Names {
    sets: BTreeMap<String, u32>,
    set_texts: Vec<String>,
    tokens: BTreeMap<(u32, String), u32>,
    token_texts: Vec<String>,
}

impl Names {
    fn set(&mut self, market: &str) -> Result<u32, ReplayError> {
        if let Some(index) = self.sets.get(market) {
            return Ok(*index);
        }
        let index = u32::try_from(self.set_texts.len()).map_err(|_| ReplayError::Full)?;
        self.sets.insert(market.to_owned(), index);
        self.set_texts.push(market.to_owned());
        Ok(index)
    }

    /// A token of a market: the predecessor counts volume by both.
    fn token(&mut self, market: u32, token: &str) -> Result<TokenIx, ReplayError> {
        let key = (market, token.to_owned());
        if let Some(index) = self.tokens.get(&key) {
            return Ok(TokenIx(*index));
        }
        let index = u32::try_from(self.token_texts.len()).map_err(|_| ReplayError::Full)?;
        self.tokens.insert(key, index);
        self.token_texts.push(token.to_owned());
        Ok(TokenIx(index))
    }

    fn row_names<'a>(&'a self, run_id: &'a str, signal: &Signal) -> RowNames<'a> {
        let text = |texts: &'a [String], index: u32| {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            texts.get(index).map_or("", String::as_str)
        };
        RowNames {
            run_id,
            market_id: text(&self.set_texts, signal.set.0),
            strategy: if signal.legs.len() == 2 { "binary" } else { "triangle" },
            tokens: signal.legs.iter().map(|leg| text(&self.token_texts, leg.token.0)).collect(),
        }
    }
}

/// One record with the place it stands in, for error texts.
struct Row<'a> {
    table: &'static str,
    number: u64,
    record: Record<'a>,
}

impl Row<'_> {
    fn error(&self, column: &'static str, cause: UnitError) -> ReplayError {
        ReplayError::Cell { table: self.table, row: self.number, column, cause }
    }

    /// A count or a time that must be readable.
    fn whole(&self, column: Column, name: &'static str) -> Result<u64, ReplayError> {
        self.record.cell(column).parse().map_err(|_| self.error(name, UnitError::NotDecimal))
    }

    fn nanos(&self, millis: u64, name: &'static str) -> Result<Nanos, ReplayError> {
        i64::try_from(millis)
            .map_err(|_| UnitError::Overflow)
            .and_then(Nanos::from_millis)
            .map_err(|cause| self.error(name, cause))
    }
}

fn rows<'a>(
    bytes: &'a [u8],
    table: &'static str,
    header: &str,
) -> Result<(Table<'a>, impl Iterator<Item = Result<Row<'a>, ReplayError>>), ReplayError> {
    let wrap = move |cause| ReplayError::Table { table, cause };
    let opened = Table::open(bytes).map_err(wrap)?;
    opened.expect_header(table, header).map_err(wrap)?;
    let records = opened.records();
    let numbered = (1_u64..)
        .zip(records)
        .map(move |(number, read)| read.map(|record| Row { table, number, record }).map_err(wrap));
    Ok((opened, numbered))
}

fn column(table: &Table<'_>, name: &'static str) -> Column {
    // The header was compared as a whole, so every name of it is there.
    table.optional(name)
}

const SNAPSHOTS: &str = "snapshots.csv";
const TRADES: &str = "trades.csv";
const LEG_COLUMNS: [[&str; 4]; 3] = [
    ["leg0_token_id", "leg0_best_bid", "leg0_best_ask", "leg0_depth3_usdc"],
    ["leg1_token_id", "leg1_best_bid", "leg1_best_ask", "leg1_depth3_usdc"],
    ["leg2_token_id", "leg2_best_bid", "leg2_best_ask", "leg2_depth3_usdc"],
];

fn read_snapshots(bytes: &[u8], names: &mut Names) -> Result<(Vec<Snapshot>, u64), ReplayError> {
    let (table, rows) = rows(bytes, SNAPSHOTS, SNAPSHOTS_HEADER)?;
    let ts = column(&table, "ts_ms");
    let market = column(&table, "market_id");
    let legs_n = column(&table, "legs_n");
    let legs = LEG_COLUMNS.map(|names| names.map(|name| column(&table, name)));
    let mut snapshots = Vec::new();
    let mut skipped = 0_u64;
    for row in rows {
        let row = row?;
        let millis = row.whole(ts, "ts_ms")?;
        let wanted = row.whole(legs_n, "legs_n")?;
        let used = legs.iter().take(usize::try_from(wanted).unwrap_or(usize::MAX));
        let is_blank = |leg: &[Column; 4]| row.record.cell(leg[0]).is_empty();
        if !matches!(wanted, 2 | 3) || used.clone().any(is_blank) {
            skipped = skipped.saturating_add(1);
            continue;
        }
        let at = row.nanos(millis, "ts_ms")?;
        let set = names.set(row.record.cell(market))?;
        let quotes: Vec<LegQuote> = used
            .zip(LEG_COLUMNS)
            .map(|(columns, texts)| leg_quote(&row, *columns, texts, set, at, names))
            .collect::<Result<_, _>>()?;
        if quotes.iter().all(|leg| leg.frozen_ask() == Price::ZERO) {
            skipped = skipped.saturating_add(1);
            continue;
        }
        snapshots.push(Snapshot { ts: at, set: SetIx(set), legs: quotes });
    }
    Ok((snapshots, skipped))
}

fn leg_quote(
    row: &Row<'_>,
    [token, bid, ask, depth]: [Column; 4],
    [_, bid_name, ask_name, _]: [&'static str; 4],
    set: u32,
    at: Nanos,
    names: &mut Names,
) -> Result<LegQuote, ReplayError> {
    let best_bid = match Dec::parse(row.record.cell(bid)) {
        Ok(value) if !value.is_negative() => {
            Some(exact_price(value).map_err(|cause| row.error(bid_name, cause))?)
        }
        Ok(_) | Err(_) => Some(Price::ZERO),
    };
    let best_ask = match Dec::parse(row.record.cell(ask)) {
        Ok(value) => Some(ask_price(value).map_err(|cause| row.error(ask_name, cause))?),
        Err(_) => None,
    };
    Ok(LegQuote {
        token: names.token(set, row.record.cell(token))?,
        best_bid,
        bid_qty: None,
        best_ask,
        ask_qty: None,
        ask_depth3: depth3(row.record.cell(depth)),
        recv: at,
        proof: at,
        tick: TickSize::FINEST,
        fees: Fees::Unknown,
    })
}

/// An ask above one dollar cannot take part in a signal: its set costs more than it pays.
fn ask_price(value: Dec) -> Result<Price, UnitError> {
    if value.is_negative() {
        return Err(UnitError::Negative);
    }
    match exact_price(value) {
        Err(UnitError::Overflow) => Ok(Price::ONE),
        other => other,
    }
}

fn exact_price(value: Dec) -> Result<Price, UnitError> {
    let floor = value.to_scaled_floor(PRICE_SCALE)?;
    let micros = u32::try_from(floor).map_err(|_| UnitError::Overflow)?;
    let price = Price::from_micros(micros)?;
    if value.to_scaled_ceil(PRICE_SCALE)? == floor {
        return Ok(price);
    }
    Err(UnitError::TooFine { scale: PRICE_SCALE.unsigned_abs() })
}

/// A depth that is a number but leaves the range is as suspect as the largest one.
fn depth3(text: &str) -> Depth3 {
    let Ok(value) = Dec::parse(text) else { return Depth3::NotFinite };
    let beyond = if value.is_negative() { -1 } else { i128::MAX };
    Depth3::Known { pico_usdc: value.to_scaled_floor(DEPTH_SCALE).unwrap_or(beyond) }
}

fn read_trades(bytes: &[u8], names: &mut Names) -> Result<(Vec<Print>, u64), ReplayError> {
    let (table, rows) = rows(bytes, TRADES, TRADES_HEADER)?;
    let [ts, market, token, price, size, trade_id, ingest] =
        ["ts_ms", "market_id", "token_id", "price", "size", "trade_id", "ingest_ts_ms"]
            .map(|name| column(&table, name));
    let mut prints = Vec::new();
    let mut seen = BTreeSet::new();
    let mut duplicated = 0_u64;
    for row in rows {
        let row = row?;
        let cell = |column| row.record.cell(column);
        let ts_ms = row.whole(ts, "ts_ms")?;
        let ingested = cell(ingest).parse().ok().filter(|millis: &u64| *millis > 0);
        let millis = ingested.unwrap_or(ts_ms);
        let set = names.set(cell(market))?;
        prints.push(Print {
            ingest_ms: row.nanos(millis, "ingest_ts_ms")?.millis_floor(),
            venue_ms: None,
            token: names.token(set, cell(token))?,
            price: AttoPrice::parse(cell(price)).map_err(|cause| row.error("price", cause))?,
            size: AttoShares::parse(cell(size)).map_err(|cause| row.error("size", cause))?,
            side: None,
        });
        let id = cell(trade_id);
        if !id.is_empty() && !seen.insert(id.to_owned()) {
            duplicated = duplicated.saturating_add(1);
        }
    }
    Ok((prints, duplicated))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
