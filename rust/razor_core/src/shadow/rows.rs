//! The rows of `shadow_log.csv`, `shadow_sets.csv` and `shadow_legs.csv`, as exact text.
//!
//! Columns with units are listed in `docs/FILES.md`. Numbers are shortest plain decimals of at most
//! 12 places; a blank cell means "not known" or "not applicable", never zero. Quoting is minimal
//! (RFC 4180), line end `\n`.
//!
//! Texts that come from outside can not act on their reader: a text cell that begins with `=`, `+`,
//! `-`, `@`, TAB or CR gets a leading apostrophe (INVARIANTS X-5), and line ends inside a cell
//! become blanks, so that one record stays one line (FAULTS F-87).

use super::exact::{CASH_SCALE, CELL_PLACES, cell, plain_ratio};
use super::settle::FrozenRow;
use super::venue::{VenueLeg, VenueRow};
use super::{SetRow, ledger};
use crate::ids::{SetIx, TokenIx};
use crate::market::{Settlement, Universe};
use crate::signal::SignalLeg;
use crate::units::{Bps, Price, Qty, Usdc};

/// The schema version written into every row.
pub const SCHEMA_VERSION: &str = "1.3.2a";

/// Header of `shadow_log.csv`: the 38 frozen columns.
pub const SHADOW_LOG_HEADER: &str = "run_id,schema_version,signal_id,signal_ts_unix_ms,\
window_start_ms,window_end_ms,market_id,strategy,bucket,worst_leg_token_id,q_req,legs_n,q_set,\
leg0_token_id,leg0_p_limit,leg0_best_bid,leg0_v_mkt,leg0_q_fill,\
leg1_token_id,leg1_p_limit,leg1_best_bid,leg1_v_mkt,leg1_q_fill,\
leg2_token_id,leg2_p_limit,leg2_best_bid,leg2_v_mkt,leg2_q_fill,\
cost_set,proceeds_set,pnl_set,pnl_left_total,total_pnl,q_fill_avg,set_ratio,\
fill_share_p25_used,dump_slippage_assumed,notes";

/// Header of `shadow_sets.csv`.
pub const SHADOW_SETS_HEADER: &str = "run_id,schema_version,signal_id,signal_ts_unix_ms,\
market_id,strategy,legs_n,in_frozen_table,bucket,tick_bucket,worst_spread_bps,worst_spread_ticks,\
worst_depth3_usdc,could_be_liquid_now,could_ever_be_liquid,q_req,raw_cost_bps,raw_edge_bps,\
hard_fees_bps,risk_premium_bps,expected_net_bps,fill_share_p25_used,window_usable,\
frozen_q_set,frozen_set_ratio,frozen_cost_set,frozen_proceeds_set,frozen_pnl_set,\
frozen_pnl_left_total,frozen_total_pnl,notes,\
venue_sum_ask,venue_fee_per_set,venue_edge_per_set,venue_settlement,venue_q_set,venue_set_ratio,\
venue_cost,venue_fees,venue_payout,venue_left_proceeds,venue_residual_cost,venue_total_pnl,\
venue_capital_days,venue_notes";

/// Header of `shadow_legs.csv`.
pub const SHADOW_LEGS_HEADER: &str = "run_id,signal_id,leg_index,token_id,p_limit,best_bid,\
frozen_v_mkt,frozen_q_fill,frozen_q_left,venue_v_mkt,venue_q_fill,venue_q_left,venue_cost,\
venue_fee,venue_left_proceeds,venue_residual_cost";

const PICO_SCALE: u32 = 12;
const ATTO_SCALE: u32 = 18;
const MICRO_SCALE: u32 = 6;
const MS_PER_DAY: i128 = 86_400_000;
const FROZEN_LEGS: usize = 3;

/// The texts of a row that the numbers do not carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowNames<'a> {
    /// Run the row belongs to.
    pub run_id: &'a str,
    /// The set's key, the `market_id` of the tables.
    pub market_id: &'a str,
    /// Strategy word.
    pub strategy: &'a str,
    /// Token ids in leg order.
    pub tokens: Vec<&'a str>,
}

impl<'a> RowNames<'a> {
    /// The texts of a defined set; `None` when the set or a token is not defined.
    pub fn of(run_id: &'a str, universe: &'a Universe, set: SetIx) -> Option<Self> {
        let def = universe.set(set)?;
        let tokens =
            def.legs.iter().map(|leg: &TokenIx| universe.token_id(*leg)).collect::<Option<_>>()?;
        Some(Self { run_id, market_id: &def.key, strategy: def.strategy(), tokens })
    }

    fn token(&self, index: usize) -> &'a str {
        self.tokens.get(index).copied().unwrap_or("")
    }
}

/// Appends the `shadow_log.csv` line of a row with at most three legs, with its line end.
pub fn shadow_log_line(row: &FrozenRow, names: &RowNames<'_>, out: &mut String) {
    let mut line = Line::new(out);
    identity(&mut line, row, names);
    line.number(&row.window_offsets_ms.0);
    line.number(&row.window_offsets_ms.1);
    line.text(names.market_id);
    line.text(names.strategy);
    line.plain(row.signal.bucket.bucket.word());
    line.text(worst_leg_name(row, names));
    line.plain(&cell(row.signal.q_req.0, PICO_SCALE));
    line.number(&row.signal.legs.len());
    line.plain(&cell(row.ledger.q_set.0, PICO_SCALE));
    for index in 0..FROZEN_LEGS {
        frozen_leg(&mut line, row, names, index);
    }
    frozen_cash(&mut line, row);
    line.plain(&q_fill_avg(row));
    line.plain(&frozen_ratio(row));
    line.plain(&cell(row.share.0, ATTO_SCALE));
    line.plain(&cell(ledger::DUMP_SLIPPAGE.0, ATTO_SCALE));
    line.text(&row.reasons.notes());
    line.end();
}

/// Appends the `shadow_sets.csv` line of a row, with its line end.
pub fn shadow_sets_line(row: &SetRow, names: &RowNames<'_>, out: &mut String) {
    let frozen = &row.frozen;
    let signal = &frozen.signal;
    let mut line = Line::new(out);
    identity(&mut line, frozen, names);
    line.text(names.market_id);
    line.text(names.strategy);
    line.number(&signal.legs.len());
    line.flag(frozen.is_in_frozen_table());
    bucket_cells(&mut line, frozen);
    line.plain(&cell(signal.q_req.0, PICO_SCALE));
    for bps in [
        signal.raw_cost,
        signal.raw_edge,
        signal.hard_fees,
        signal.risk_premium,
        signal.expected_net,
    ] {
        line.number(&Bps::raw(bps));
    }
    line.plain(&cell(frozen.share.0, ATTO_SCALE));
    line.flag(!frozen.is_unusable());
    line.plain(&cell(frozen.ledger.q_set.0, PICO_SCALE));
    line.plain(&frozen_ratio(frozen));
    frozen_cash(&mut line, frozen);
    line.text(&frozen.reasons.notes());
    line.usdc(Some(signal.venue.sum_ask));
    line.usdc(signal.venue.sum_fee);
    line.usdc(signal.venue.edge());
    line.plain(settlement_word(row.terms.settlement));
    venue_cells(&mut line, row.venue.as_ref().ok());
    line.plain(&venue_notes(row));
    line.end();
}

/// Appends one `shadow_legs.csv` line per leg of a row, each with its line end.
pub fn shadow_legs_lines(row: &SetRow, names: &RowNames<'_>, out: &mut String) {
    for (index, leg) in row.frozen.signal.legs.iter().enumerate() {
        let mut line = Line::new(out);
        line.text(names.run_id);
        line.number(&row.frozen.signal.id);
        line.number(&index);
        line.text(names.token(index));
        line.price(leg.limit);
        line.price(leg.bid);
        let fill = row.frozen.ledger.fills.get(index).map_or(0, |fill| fill.0);
        let volume = row.frozen.volumes.get(index).map_or(0, |volume| volume.0);
        line.plain(&cell(volume, ATTO_SCALE));
        line.plain(&cell(fill, PICO_SCALE));
        line.plain(&cell(fill.saturating_sub(row.frozen.ledger.q_set.0), PICO_SCALE));
        venue_leg_cells(&mut line, row.venue.as_ref().ok().and_then(|venue| venue.legs.get(index)));
        line.end();
    }
}

fn identity(line: &mut Line<'_>, row: &FrozenRow, names: &RowNames<'_>) {
    line.text(names.run_id);
    line.plain(SCHEMA_VERSION);
    line.number(&row.signal.id);
    line.number(&row.signal.ts_ms());
}

fn worst_leg_name<'a>(row: &FrozenRow, names: &RowNames<'a>) -> &'a str {
    if row.worst_leg().is_some() { names.token(row.signal.bucket.worst_leg) } else { "" }
}

/// One leg of the frozen table; an unused one is blank,0,0,0,0.
fn frozen_leg(line: &mut Line<'_>, row: &FrozenRow, names: &RowNames<'_>, index: usize) {
    let leg: Option<&SignalLeg> = row.signal.legs.get(index);
    line.text(leg.map_or("", |_| names.token(index)));
    line.price(leg.map_or(Price::ZERO, |leg| leg.limit));
    line.price(leg.map_or(Price::ZERO, |leg| leg.bid));
    line.plain(&cell(row.volumes.get(index).map_or(0, |volume| volume.0), ATTO_SCALE));
    line.plain(&cell(row.ledger.fills.get(index).map_or(0, |fill| fill.0), PICO_SCALE));
}

fn frozen_cash(line: &mut Line<'_>, row: &FrozenRow) {
    let ledger = &row.ledger;
    for cash in
        [ledger.cost_set, ledger.proceeds_set, ledger.pnl_set, ledger.pnl_left, ledger.total_pnl]
    {
        line.plain(&cell(cash.0, CASH_SCALE));
    }
}

fn q_fill_avg(row: &FrozenRow) -> String {
    let legs = i128::try_from(row.signal.legs.len().max(1)).unwrap_or(i128::MAX);
    // The divisor turns the sum at 10⁻¹² into the average of the legs.
    let divisor = legs.saturating_mul(super::exact::PICO);
    plain_ratio(row.ledger.fill_sum, divisor, CELL_PLACES)
}

fn frozen_ratio(row: &FrozenRow) -> String {
    let (top, bottom) = row.ledger.set_ratio().unwrap_or((0, 1));
    plain_ratio(top, bottom, CELL_PLACES)
}

fn bucket_cells(line: &mut Line<'_>, row: &FrozenRow) {
    let (bucket, ticks) = (&row.signal.bucket, &row.signal.ticks);
    line.plain(bucket.bucket.word());
    line.plain(ticks.bucket.word());
    line.maybe(bucket.has_spread().then_some(bucket.worst_spread_bps));
    line.maybe(ticks.spread_ticks);
    line.plain(&bucket.worst_depth3_pico.map_or(String::new(), |pico| cell(pico, PICO_SCALE)));
    line.flag(ticks.could_be_liquid_now);
    line.flag(ticks.could_ever_be_liquid);
}

fn venue_cells(line: &mut Line<'_>, venue: Option<&VenueRow>) {
    line.qty(venue.map(|row| row.q_set));
    line.plain(&venue.map_or(String::new(), venue_ratio));
    for part in [
        |row: &VenueRow| row.cost,
        |row: &VenueRow| row.fees,
        |row: &VenueRow| row.payout,
        |row: &VenueRow| row.left_proceeds,
        |row: &VenueRow| row.residual_cost,
        |row: &VenueRow| row.pnl,
    ] {
        line.usdc(venue.map(part));
    }
    let days = venue
        .and_then(|row| row.capital_ms)
        .map(|bound| plain_ratio(i128::from(bound), MS_PER_DAY, MICRO_SCALE));
    line.plain(&days.unwrap_or_default());
}

/// `Q_set · n / Σ fill`, zero without fills.
fn venue_ratio(row: &VenueRow) -> String {
    let legs = i128::try_from(row.legs.len()).unwrap_or(i128::MAX);
    let filled = row.legs.iter().fold(0_i128, |sum, leg| sum.saturating_add(leg.fill.0.into()));
    if filled == 0 {
        return String::from("0");
    }
    plain_ratio(i128::from(row.q_set.0).saturating_mul(legs), filled, CELL_PLACES)
}

fn venue_leg_cells(line: &mut Line<'_>, leg: Option<&VenueLeg>) {
    line.plain(&leg.map_or(String::new(), |leg| cell(leg.volume.0, ATTO_SCALE)));
    line.qty(leg.map(|leg| leg.fill));
    line.qty(leg.map(|leg| leg.left));
    line.usdc(leg.map(|leg| leg.cost));
    line.usdc(leg.map(|leg| leg.fee));
    line.usdc(leg.map(|leg| leg.left_proceeds));
    line.usdc(leg.map(|leg| leg.residual_cost));
}

/// Codes of the venue basis joined by `|`: why it is blank, or what to know about its numbers.
fn venue_notes(row: &SetRow) -> String {
    let mut codes: Vec<&str> = Vec::new();
    match &row.venue {
        Err(gap) => codes.push(gap.text()),
        Ok(venue) => {
            for (holds, code) in [
                (venue.has_fill_below_minimum, "FILL_BELOW_MINIMUM"),
                (venue.capital_ms.is_none(), "END_UNKNOWN"),
                (venue.residual_cost > Usdc::ZERO, "RESIDUAL"),
                (venue.has_time_fallback, "VENUE_TIME_FALLBACK"),
            ] {
                if holds {
                    codes.push(code);
                }
            }
        }
    }
    codes.join("|")
}

/// The word of the tables.
pub(crate) const fn settlement_word(settlement: Settlement) -> &'static str {
    match settlement {
        Settlement::Merge => "merge",
        Settlement::HoldToResolution => "hold",
        Settlement::Unproven => "unproven",
    }
}

/// Writes one CSV line cell by cell.
struct Line<'a> {
    out: &'a mut String,
    is_first: bool,
}

impl<'a> Line<'a> {
    fn new(out: &'a mut String) -> Self {
        Self { out, is_first: true }
    }

    /// A cell that cannot need quotes: a number, a code, a blank.
    fn plain(&mut self, cell: &str) {
        if !self.is_first {
            self.out.push(',');
        }
        self.is_first = false;
        self.out.push_str(cell);
    }

    /// A cell of text, which may come from outside.
    fn text(&mut self, text: &str) {
        let safe = text_cell(text);
        self.plain(&safe);
    }

    fn number(&mut self, value: &impl ToString) {
        self.plain(&value.to_string());
    }

    fn maybe(&mut self, value: Option<impl ToString>) {
        self.plain(&value.map_or(String::new(), |value| value.to_string()));
    }

    fn flag(&mut self, holds: bool) {
        self.plain(if holds { "1" } else { "0" });
    }

    fn price(&mut self, price: Price) {
        self.plain(&cell(i128::from(price.micros()), MICRO_SCALE));
    }

    fn qty(&mut self, qty: Option<Qty>) {
        self.plain(&qty.map_or(String::new(), |qty| cell(i128::from(qty.0), MICRO_SCALE)));
    }

    fn usdc(&mut self, usdc: Option<Usdc>) {
        self.plain(&usdc.map_or(String::new(), |usdc| cell(i128::from(usdc.0), MICRO_SCALE)));
    }

    fn end(self) {
        self.out.push('\n');
    }
}

/// A text as a CSV cell: neutralised, on one line, quoted where needed.
pub fn text_cell(text: &str) -> String {
    let mut safe = String::new();
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        safe.push('\'');
    }
    safe.extend(text.chars().map(|letter| if is_line_end(letter) { ' ' } else { letter }));
    if safe.contains([',', '"']) {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}

/// Characters that some reader takes for the end of a line.
const fn is_line_end(letter: char) -> bool {
    matches!(letter, '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests;
