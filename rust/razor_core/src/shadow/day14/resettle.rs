//! The frozen table settled again with other fill shares: what the verdict would have been.
//!
//! Owns: putting the cells of RAZOR_SPEC §10 anew into rows that were read. The volume of each leg,
//! its limit and its bid are those of the row; only the share of the bucket changes.
//!
//! Must never: change a row whose bucket keeps its share, or one whose settlement had failed.
//!
//! Cells are rounded as the writer of the table rounds them (12 places, half to even), so settling
//! with the share that was used gives the numbers of the table itself, digit by digit.

use serde::Deserialize;

use super::Day14Error;
use super::read::{Log, LogRow, atto};
use super::stress::settle_again;
use crate::shadow::exact::{CASH_SCALE, CELL_PLACES, Cash, FillShare, cell, plain_ratio};
use crate::shadow::ledger::Ledger;
use crate::signal::Reason;

const PICO_SCALE: u32 = 12;

/// Fill shares to settle with, plain decimals in 0..=1; a bucket without one keeps its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewShares {
    /// For rows of the Liquid bucket.
    pub liquid: Option<String>,
    /// For rows of the Thin bucket.
    pub thin: Option<String>,
}

impl NewShares {
    fn read(&self) -> Result<[Option<FillShare>; 2], Day14Error> {
        let share = |name, text: &Option<String>| {
            text.as_deref()
                .map(FillShare::parse)
                .transpose()
                .map_err(|cause| Day14Error::Fact { name, cause })
        };
        Ok([share("fill share of liquid", &self.liquid)?, share("fill share of thin", &self.thin)?])
    }
}

/// Settles the rows of a log again.
pub(super) fn resettle(log: &mut Log, shares: &NewShares) -> Result<(), Day14Error> {
    let [liquid, thin] = shares.read()?;
    for row in &mut log.rows {
        let share = match row.bucket.as_str() {
            "liquid" => liquid,
            "thin" => thin,
            _ => None,
        };
        if let Some(share) = share.filter(|_| !has_code(&row.notes, Reason::InternalError.text())) {
            settle_row(row, share);
        }
    }
    Ok(())
}

/// A row that cannot be settled again loses its result and is counted as bad.
fn settle_row(row: &mut LogRow, share: FillShare) {
    let ledger = settle_again(row, share, None);
    row.share = Some(share.0);
    row.notes = notes_with(&row.notes, share);
    row.q_set = ledger.as_ref().and_then(|ledger| atto(&cell(ledger.q_set.0, PICO_SCALE)));
    row.pnl_set = ledger.as_ref().and_then(|ledger| cash(ledger.pnl_set));
    row.pnl_left = ledger.as_ref().and_then(|ledger| cash(ledger.pnl_left));
    row.total_pnl = ledger.as_ref().and_then(|ledger| cash(ledger.total_pnl));
    row.set_ratio = ledger.as_ref().and_then(ratio);
}

fn cash(cash: Cash) -> Option<i128> {
    atto(&cell(cash.0, CASH_SCALE))
}

fn ratio(ledger: &Ledger) -> Option<i128> {
    let (top, bottom) = ledger.set_ratio().ok()?;
    atto(&plain_ratio(top, bottom, CELL_PLACES))
}

fn has_code(notes: &str, code: &str) -> bool {
    notes.split(',').any(|found| found.trim() == code)
}

/// The one code that says something about the share; codes stand in byte order.
fn notes_with(notes: &str, share: FillShare) -> String {
    let zero = Reason::FillShareP25Zero.text();
    let mut codes: Vec<&str> =
        notes.split(',').map(str::trim).filter(|code| !code.is_empty() && *code != zero).collect();
    if share.0 == 0 {
        codes.push(zero);
        codes.sort_unstable();
    }
    codes.join(",")
}
