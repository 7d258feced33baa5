//! Rows of `shadow_log.csv` as the report counts them.

use crate::shadow::csv::{Column, CsvError, Record, Table};
use crate::units::Dec;

/// A row of the frozen table, numbers at 10⁻¹⁸; `None` where a cell is not a finite number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogRow {
    pub(super) has_run_id: bool,
    pub(super) is_schema: bool,
    pub(super) signal_id: Option<u64>,
    pub(super) ts_ms: Option<i64>,
    pub(super) market: String,
    pub(super) strategy: String,
    pub(super) bucket: String,
    pub(super) notes: String,
    pub(super) legs_n: Option<u64>,
    pub(super) q_req: Option<i128>,
    pub(super) q_set: Option<i128>,
    pub(super) pnl_set: Option<i128>,
    pub(super) pnl_left: Option<i128>,
    pub(super) total_pnl: Option<i128>,
    pub(super) set_ratio: Option<i128>,
    pub(super) share: Option<i128>,
    pub(super) dump: Option<i128>,
    pub(super) legs: [LogLeg; 3],
}

/// One leg's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogLeg {
    pub(super) limit: Option<i128>,
    pub(super) bid: Option<i128>,
    pub(super) volume: Option<i128>,
}

/// Rows of one run, and how many were passed over.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    /// Rows of the run and rows without a run id, in file order, of any schema version.
    pub(super) rows: Vec<LogRow>,
    /// Rows of other runs.
    pub(super) other_run: u64,
}

/// The last non-blank run id of the file.
pub(super) fn last_run_id(bytes: &[u8]) -> Result<Option<String>, CsvError> {
    let table = Table::open(bytes)?;
    let column = table.column("run_id")?;
    let mut last = None;
    for record in table.records() {
        let record = record?;
        let run_id = record.cell(column);
        if !run_id.is_empty() && last.as_deref() != Some(run_id) {
            last = Some(run_id.to_owned());
        }
    }
    Ok(last)
}

/// Reads the rows of a run.
pub(super) fn read_log(bytes: &[u8], run_id: &str, schema: &str) -> Result<Log, CsvError> {
    let table = Table::open(bytes)?;
    let columns = Columns::of(&table)?;
    let mut log = Log::default();
    for record in table.records() {
        let record = record?;
        let row_run = record.cell(columns.run_id);
        if row_run.is_empty() || row_run == run_id {
            log.rows.push(columns.row(&record, schema));
        } else {
            log.other_run = log.other_run.saturating_add(1);
        }
    }
    Ok(log)
}

/// A finite decimal at 10⁻¹⁸.
pub(super) fn atto(text: &str) -> Option<i128> {
    Dec::parse(text).and_then(|value| value.to_scaled_floor(super::ATTO_SCALE)).ok()
}

struct Columns {
    run_id: Column,
    schema: Column,
    signal_id: Column,
    ts_ms: Column,
    market: Column,
    strategy: Column,
    bucket: Column,
    notes: Column,
    legs_n: Column,
    q_req: Column,
    q_set: Column,
    pnl_set: Column,
    pnl_left: Column,
    total_pnl: Column,
    set_ratio: Column,
    share: Column,
    dump: Column,
    legs: [[Column; 3]; 3],
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, CsvError> {
        Ok(Self {
            run_id: table.column("run_id")?,
            schema: table.column("schema_version")?,
            signal_id: table.column("signal_id")?,
            ts_ms: table.column("signal_ts_unix_ms")?,
            market: table.column("market_id")?,
            strategy: table.column("strategy")?,
            bucket: table.column("bucket")?,
            notes: table.column("notes")?,
            legs_n: table.column("legs_n")?,
            q_req: table.column("q_req")?,
            q_set: table.column("q_set")?,
            pnl_set: table.column("pnl_set")?,
            pnl_left: table.column("pnl_left_total")?,
            total_pnl: table.column("total_pnl")?,
            set_ratio: table.column("set_ratio")?,
            share: table.column("fill_share_p25_used")?,
            dump: table.column("dump_slippage_assumed")?,
            legs: [
                leg_columns(table, ["leg0_p_limit", "leg0_best_bid", "leg0_v_mkt"])?,
                leg_columns(table, ["leg1_p_limit", "leg1_best_bid", "leg1_v_mkt"])?,
                leg_columns(table, ["leg2_p_limit", "leg2_best_bid", "leg2_v_mkt"])?,
            ],
        })
    }

    fn row(&self, record: &Record<'_>, schema: &str) -> LogRow {
        let number = |column: Column| atto(record.cell(column));
        let leg = |[limit, bid, volume]: [Column; 3]| LogLeg {
            limit: number(limit),
            bid: number(bid),
            volume: number(volume),
        };
        LogRow {
            has_run_id: !record.cell(self.run_id).is_empty(),
            is_schema: record.cell(self.schema).eq_ignore_ascii_case(schema),
            signal_id: record.cell(self.signal_id).parse().ok(),
            ts_ms: record.cell(self.ts_ms).parse().ok(),
            market: record.cell(self.market).to_owned(),
            strategy: record.cell(self.strategy).to_ascii_lowercase(),
            bucket: record.cell(self.bucket).to_ascii_lowercase(),
            notes: record.cell(self.notes).to_owned(),
            legs_n: record.cell(self.legs_n).parse().ok(),
            q_req: number(self.q_req),
            q_set: number(self.q_set),
            pnl_set: number(self.pnl_set),
            pnl_left: number(self.pnl_left),
            total_pnl: number(self.total_pnl),
            set_ratio: number(self.set_ratio),
            share: number(self.share),
            dump: number(self.dump),
            legs: self.legs.map(leg),
        }
    }
}

fn leg_columns(table: &Table<'_>, names: [&'static str; 3]) -> Result<[Column; 3], CsvError> {
    let [limit, bid, volume] = names;
    Ok([table.column(limit)?, table.column(bid)?, table.column(volume)?])
}
