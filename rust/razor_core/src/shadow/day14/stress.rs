//! Stress of the logged rows (RAZOR_SPEC §19): never changes the verdict.
//!
//! Each row is settled again from its own cells, with another dump slippage, another fill share, or
//! both. The clamps are those of the ledger recompute: what is not above zero counts as zero, the
//! slippage stays in 0..=0.99, and without request or legs the row is (0, 0).

use serde::Serialize;

use super::read::{Log, LogRow};
use super::tally::Num;
use super::{Day14Error, ONE};
use crate::shadow::exact::{
    AttoShares, FillShare, PicoPrice, PicoShares, over_floor, plus, product_atto_floor, times,
};
use crate::shadow::ledger::{DUMP_SLIPPAGE, Ledger, LedgerLeg, LedgerTerms, settle_ledger};

/// Cash is summed at 10⁻²².
const CASH_ONE: i128 = 10_000_000_000_000_000_000_000;
const ATTO_PER_PICO: i128 = 1_000_000;
const HARSHER_SLIPPAGE: FillShare = FillShare(100_000_000_000_000_000);
const MAX_SLIPPAGE: FillShare = FillShare(990_000_000_000_000_000);
const LESS_FILL: FillShare = FillShare(700_000_000_000_000_000);
const WORST_ROWS: usize = 20;

/// One scenario's figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Scenario {
    rows_ok: u64,
    rows_bad: u64,
    total_pnl_sum: Num,
    set_ratio_avg: Num,
    legging_rate: Num,
    worst_20_pnl_sum: Num,
}

/// The four scenarios.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Stress {
    baseline: Scenario,
    dump_0_10: Scenario,
    fill_share_x0_70: Scenario,
    dump_0_10_fill_share_x0_70: Scenario,
}

/// How a scenario changes a row.
#[derive(Debug, Clone, Copy)]
struct Change {
    slippage: Option<FillShare>,
    share_factor: FillShare,
}

impl Stress {
    /// All scenarios over the rows of the run and schema.
    pub(super) fn of(log: &Log, min_ratio: i128) -> Result<Self, Day14Error> {
        let run =
            |slippage, share_factor| scenario(log, Change { slippage, share_factor }, min_ratio);
        let all = FillShare(ONE);
        Ok(Self {
            baseline: run(None, all)?,
            dump_0_10: run(Some(HARSHER_SLIPPAGE), all)?,
            fill_share_x0_70: run(None, LESS_FILL)?,
            dump_0_10_fill_share_x0_70: run(Some(HARSHER_SLIPPAGE), LESS_FILL)?,
        })
    }
}

fn scenario(log: &Log, change: Change, min_ratio: i128) -> Result<Scenario, Day14Error> {
    let mut pnls = Vec::new();
    let (mut sum, mut ratios, mut misses, mut rows_bad) = (0, 0, 0_u64, 0_u64);
    for row in log.rows.iter().filter(|row| row.has_run_id && row.is_schema) {
        let Some((pnl, ratio)) = recompute(row, change) else {
            rows_bad = rows_bad.saturating_add(1);
            continue;
        };
        sum = plus(sum, pnl)?;
        ratios = plus(ratios, ratio)?;
        misses = misses.saturating_add(u64::from(ratio < min_ratio));
        pnls.push(pnl);
    }
    pnls.sort_unstable();
    let worst = pnls.iter().take(WORST_ROWS).try_fold(0, |sum, pnl| plus(sum, *pnl))?;
    let rows_ok = u64::try_from(pnls.len()).map_err(|_| Day14Error::Overflow)?;
    Ok(Scenario {
        rows_ok,
        rows_bad,
        total_pnl_sum: Num::ratio(sum, CASH_ONE),
        set_ratio_avg: Num::mean(ratios, rows_ok)?,
        legging_rate: Num::share(misses, rows_ok),
        worst_20_pnl_sum: Num::ratio(worst, CASH_ONE),
    })
}

/// PnL at 10⁻²² and set ratio at 10⁻¹⁸ (rounded down); `None` for a bad row.
fn recompute(row: &LogRow, change: Change) -> Option<(i128, i128)> {
    let share = product_atto_floor(row.share?, change.share_factor.0).ok()?;
    let ledger = settle_again(row, FillShare(share), change.slippage)?;
    let (top, bottom) = ledger.set_ratio().ok()?;
    Some((ledger.total_pnl.0, over_floor(times(top, ONE).ok()?, bottom).ok()?))
}

/// Settles a row from its own cells with a fill share, and with a slippage that is not the logged
/// one; `None` for a row whose cells do not say what is needed.
pub(super) fn settle_again(
    row: &LogRow,
    share: FillShare,
    slippage: Option<FillShare>,
) -> Option<Ledger> {
    let legs_n = usize::try_from(row.legs_n.filter(|legs| matches!(legs, 2 | 3))?).ok()?;
    let mut legs = Vec::new();
    for leg in row.legs.iter().take(legs_n) {
        legs.push(LedgerLeg {
            limit: pico_price(leg.limit?)?,
            bid: pico_price(leg.bid.unwrap_or(0))?,
            volume: AttoShares(leg.volume?.max(0)),
        });
    }
    let q_req = PicoShares(over_floor(row.q_req?, ATTO_PER_PICO).ok()?);
    if q_req.0 <= 0 {
        return Some(Ledger::zero(legs_n));
    }
    let logged = row.dump.map_or(DUMP_SLIPPAGE, FillShare);
    let slippage = slippage.unwrap_or(logged).clamp(FillShare(0), MAX_SLIPPAGE);
    settle_ledger(&LedgerTerms { q_req, share, slippage }, &legs).ok()
}

/// A price at 10⁻¹², nothing below zero.
fn pico_price(atto: i128) -> Option<PicoPrice> {
    over_floor(atto.max(0), ATTO_PER_PICO).ok().map(PicoPrice)
}
