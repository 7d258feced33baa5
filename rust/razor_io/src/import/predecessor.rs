//! Run directories of the predecessor: `snapshots.csv`, `trades.csv`, `config.toml`.
//!
//! Owns: their rows as records: a snapshot row becomes a `quote` (with depth3), a trade row a
//! `trade` with the source's texts, both in one stream by time. The tokens of the rows become
//! markets of one token each, since the rows do not say which tokens belong together; the sets say
//! it.
//!
//! The rules are those of the predecessor's own replay (RAZOR_SPEC §20): headers must match
//! exactly; rows with another leg count than 2 or 3 or with a blank token are skipped; an
//! unreadable bid is 0, ask 1, depth unknown; an unreadable time, leg count, trade price or size is
//! an error; the ingest time falls back to the trade's. Rows are kept as they are: duplicates are
//! counted, not removed. Both files are sorted stably by time; a trade comes before a quote of the
//! same time.
//!
//! Must never: read `config.toml`. It travels verbatim in the manifest.

mod number;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use serde::Serialize;

use self::rows::{Snapshot, TimedRow, Trade, open};
use super::{Control, ImportError, input};
use crate::capture::{CaptureWriter, Kind, MarketMeta, Record, SetMeta, Source};

/// The files that make such a directory.
pub(super) const FILES: [&str; 3] = ["snapshots.csv", "trades.csv", "config.toml"];
/// Facts about such a capture that a reader must know.
const FLAGS: [&str; 4] =
    ["tick_assumed", "min_order_size_assumed", "sampled_snapshots", "tokens_as_markets"];
/// Trade ids remembered when counting duplicates.
const REMEMBERED: usize = 4_000_000;
/// Largest `config.toml` taken along.
const CONFIG_CAP: u64 = 1 << 20;

/// What the rows name: tokens in order of appearance, and the sets of tokens seen together.
#[derive(Default)]
struct Names {
    tokens: BTreeMap<String, u32>,
    order: Vec<String>,
    sets: BTreeSet<(String, Vec<String>)>,
    set_order: Vec<(String, Vec<String>)>,
}

/// One trade print; numbers are the source's texts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Print<'a> {
    asset: &'a str,
    condition_id: &'a str,
    side: &'a str,
    size: &'a str,
    price: &'a str,
    timestamp: &'a str,
    transaction_hash: &'a str,
    #[serde(rename = "trade_id")]
    trade_id: &'a str,
    #[serde(rename = "ts_ms")]
    ts_ms: &'a str,
    #[serde(rename = "ingest_ts_ms")]
    ingest_ts_ms: &'a str,
    #[serde(rename = "exchange_ts_ms")]
    exchange_ts_ms: &'a str,
}

/// Imports one run directory.
pub(super) fn import(
    root: &Path,
    writer: &mut CaptureWriter,
    control: &mut Control<'_>,
) -> Result<Source, ImportError> {
    let paths = FILES.map(|name| root.join(name));
    let [snapshots, trades, config] = &paths;
    let bytes = input::size(snapshots)?.saturating_add(input::size(trades)?);
    control.begin(bytes.saturating_mul(2));
    let (mut names, mut defects) = (Names::default(), Defects::default());
    let by_time = survey(snapshots, control, |row: &Snapshot| names.learn(row, &mut defects))?;
    let trades_by_time = survey(trades, control, |row: &Trade| defects.trade(row))?;
    let first = by_time.first_ns.into_iter().chain(trades_by_time.first_ns).min().unwrap_or(0);
    names.define(first, writer)?;
    let mut quotes = open::<Snapshot>(snapshots, by_time.sorted)?;
    let mut prints = open::<Trade>(trades, trades_by_time.sorted)?;
    let (mut quote, mut print) = (quotes.next_row()?, prints.next_row()?);
    let mut lines = 0_u64;
    loop {
        match (quote.take(), print.take()) {
            (waiting, Some(trade)) if waiting.as_ref().is_none_or(|row| trade.t() <= row.t()) => {
                write_trade(&trade, writer)?;
                (quote, print) = (waiting, prints.next_row()?);
            }
            (Some(snapshot), waiting) => {
                write_quote(&snapshot, &names, writer)?;
                (quote, print) = (quotes.next_row()?, waiting);
            }
            (None, _) => break,
        }
        lines = lines.saturating_add(1);
        if lines.is_multiple_of(1_024) {
            control.advance(quotes.taken_bytes().saturating_add(prints.taken_bytes()))?;
        }
    }
    defects.report(writer);
    Ok(Source {
        format: "predecessor".to_owned(),
        description: "Run directory of the predecessor program: logged snapshots and trade prints"
            .to_owned(),
        licence: None,
        inputs: input::describe(root, &paths)?,
        config: Some(read_config(config)?),
    })
}

fn read_config(path: &Path) -> Result<String, ImportError> {
    if input::size(path)? > CONFIG_CAP {
        let limit = usize::try_from(CONFIG_CAP).unwrap_or(usize::MAX);
        return Err(ImportError::TooMany { path: path.to_path_buf(), what: "bytes", limit });
    }
    fs::read_to_string(path).map_err(ImportError::io(path))
}

/// What the first pass over a file says about its times.
struct Survey {
    sorted: bool,
    first_ns: Option<i64>,
}

fn survey<R: TimedRow>(
    path: &Path,
    control: &mut Control<'_>,
    mut each: impl FnMut(&R),
) -> Result<Survey, ImportError> {
    let mut rows = open::<R>(path, true)?;
    let mut survey = Survey { sorted: true, first_ns: None };
    let (mut last, mut lines) = (i64::MIN, 0_u64);
    while let Some(row) = rows.next_row()? {
        survey.sorted &= row.t() >= last;
        last = row.t();
        survey.first_ns = Some(survey.first_ns.map_or(last, |first: i64| first.min(last)));
        each(&row);
        lines = lines.saturating_add(1);
        if lines.is_multiple_of(1_024) {
            control.advance(rows.taken_bytes())?;
        }
    }
    control.advance(rows.taken_bytes())?;
    Ok(survey)
}

fn write_quote(
    row: &Snapshot,
    names: &Names,
    writer: &mut CaptureWriter,
) -> Result<(), ImportError> {
    let Some(legs) = row.legs() else { return Ok(()) };
    let mut payload = String::new();
    for leg in legs {
        let Some(number) = names.tokens.get(&leg.token_id) else { return Ok(()) };
        if !payload.is_empty() {
            payload.push(';');
        }
        let depth = number::cell(&leg.depth3, "");
        let (bid, ask) = (number::cell(&leg.bid, "0"), number::cell(&leg.ask, "1"));
        payload.push_str(&[&number.to_string(), &*bid, &*ask, &*depth].join(","));
    }
    let payload = payload.as_bytes();
    let record = Record { kind: Kind::Quote, t: row.t(), conn: "quotes-0", epoch: 0, payload };
    Ok(writer.write(&record)?)
}

fn write_trade(row: &Trade, writer: &mut CaptureWriter) -> Result<(), ImportError> {
    let timestamp = if row.exchange_ts_ms.is_empty() { &row.ts_ms } else { &row.exchange_ts_ms };
    let print = Print {
        asset: &row.token_id,
        condition_id: &row.market_id,
        side: "",
        size: &row.size,
        price: &row.price,
        timestamp,
        transaction_hash: "",
        trade_id: &row.trade_id,
        ts_ms: &row.ts_ms,
        ingest_ts_ms: &row.ingest_ts_ms,
        exchange_ts_ms: &row.exchange_ts_ms,
    };
    let payload = serde_json::to_vec(&print).unwrap_or_default();
    let record =
        Record { kind: Kind::Trade, t: row.t(), conn: "trades-0", epoch: 0, payload: &payload };
    Ok(writer.write(&record)?)
}

impl Names {
    fn learn(&mut self, row: &Snapshot, defects: &mut Defects) {
        let Some(legs) = row.legs() else {
            defects.skipped = defects.skipped.saturating_add(1);
            return;
        };
        for leg in legs {
            if !self.tokens.contains_key(&leg.token_id) {
                let number = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
                self.tokens.insert(leg.token_id.clone(), number);
                self.order.push(leg.token_id.clone());
            }
        }
        let tokens: Vec<String> = legs.iter().map(|leg| leg.token_id.clone()).collect();
        let set = (row.market_id.clone(), tokens);
        if !self.sets.contains(&set) {
            self.sets.insert(set.clone());
            self.set_order.push(set);
        }
    }

    fn define(&self, t: i64, writer: &mut CaptureWriter) -> Result<(), ImportError> {
        let markets = self.order.iter().map(|token| MarketMeta::quoted(token, token)).collect();
        let sets = self.set_order.iter().map(|(key, legs)| {
            // Two legs were YES and NO of one market there; three were outcomes of one event, of
            // which the rows do not say how it settles.
            let binary = legs.len() == 2;
            SetMeta {
                key: key.clone(),
                kind: if binary { "binary" } else { "group" }.to_owned(),
                legs: legs.clone(),
                settlement: if binary { "merge" } else { "unproven" }.to_owned(),
            }
        });
        Ok(writer.define(t, markets, sets.collect())?)
    }
}

/// Defects of a run directory.
#[derive(Default)]
struct Defects {
    skipped: u64,
    duplicates: u64,
    trade_ids: BTreeSet<u64>,
}

impl Defects {
    fn trade(&mut self, row: &Trade) {
        if row.trade_id.is_empty() || self.trade_ids.len() >= REMEMBERED {
            return;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(row.trade_id.as_bytes());
        let again = !self.trade_ids.insert(hasher.finish());
        self.duplicates = self.duplicates.saturating_add(u64::from(again));
    }

    fn report(&self, writer: &mut CaptureWriter) {
        writer.flags(&FLAGS);
        writer.defect("skipped_snapshots", self.skipped);
        writer.defect("duplicate_trade_ids", self.duplicates);
    }
}
