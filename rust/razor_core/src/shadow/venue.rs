//! The venue basis of one signal: what the market's own rules would have made of it.
//!
//! Shown beside the frozen numbers, never mixed into them (ARCHITECTURE §7). It differs in five
//! ways: taker fees by the market's schedule instead of 2 % + 0.1 %; the window judged on the
//! venue's time; only prints where the taker *bought* the leg (a BUY of the token, or a SELL of its
//! complement at `1 − p`, which is the same match on the one book); whole micro-shares and the
//! venue's minimum order; merge at 1.0 without fee, or, for neg-risk groups, holding to resolution.
//!
//! Must never: guess. An unknown fee schedule, an unproven settlement, prints without a taker side
//! or an incomplete trade feed leave the cells blank with a [`VenueGap`].
//!
//! Rounding: costs up, proceeds down to a micro-dollar; fees as booked, half-even at 5 decimals.

use super::exact::{ATTO, AttoPrice, AttoShares, FillShare, PicoShares, fill_of};
use super::store::{Print, TakerSide};
use crate::fees::fee_half_even;
use crate::ids::{SetIx, TokenIx};
use crate::market::{Fees, MarketDef, Settlement, Universe};
use crate::signal::{Signal, SignalLeg};
use crate::units::{Price, Qty, UnitError, Usdc, notional_ceil, notional_floor};

/// Pico-shares in a micro-share, the venue's lot.
const PICO_PER_MICRO: i128 = 1_000_000;
/// What the dump of leftovers keeps of the bid, in percent.
const DUMP_KEEPS_PERCENT: u32 = 95;
const PERCENT: u32 = 100;

/// What the venue says about one leg's market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegTerms {
    /// Fee schedule.
    pub fees: Fees,
    /// Smallest order.
    pub min_order_qty: Qty,
}

/// What the venue basis needs beyond the signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueTerms {
    /// How a complete set pays.
    pub settlement: Settlement,
    /// Latest scheduled end among the legs' markets in ms; 0 when one is unknown.
    pub end_ms: i64,
    /// Terms per leg, in leg order.
    pub legs: Vec<LegTerms>,
}

impl VenueTerms {
    /// The terms of a defined set; `None` when the set or a market of it is not defined.
    pub fn of(universe: &Universe, set: SetIx) -> Option<Self> {
        let set = universe.set(set)?;
        let markets: Vec<&MarketDef> =
            set.legs.iter().map(|leg| universe.market(leg.split().0)).collect::<Option<_>>()?;
        let ends = || markets.iter().map(|market| market.end_ms);
        let end_ms = if ends().any(|end| end == 0) { 0 } else { ends().max().unwrap_or(0) };
        let terms = |market: &&MarketDef| LegTerms {
            fees: market.fees,
            min_order_qty: market.min_order_qty,
        };
        let legs = markets.iter().map(terms).collect();
        Some(Self { settlement: set.settlement, end_ms, legs })
    }
}

/// Why the venue cells of a signal are blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VenueGap {
    /// A leg's fee schedule is unknown.
    FeesUnknown,
    /// Nothing is known about how the set pays.
    SettlementUnproven,
    /// Prints in the window do not tell the taker's side.
    SideUnknown,
    /// The trade feed was incomplete in the window (F-11).
    TradesIncomplete,
    /// The run ended before late prints of the window could arrive.
    WaitCutShort,
    /// Numbers outside the range of the units, or terms that do not fit the signal.
    OutOfRange,
}

impl VenueGap {
    /// The code in `venue_notes`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::FeesUnknown => "FEES_UNKNOWN",
            Self::SettlementUnproven => "SETTLEMENT_UNPROVEN",
            Self::SideUnknown => "SIDE_UNKNOWN",
            Self::TradesIncomplete => "TRADES_INCOMPLETE",
            Self::WaitCutShort => "WAIT_CUT_SHORT",
            Self::OutOfRange => "OUT_OF_RANGE",
        }
    }
}

impl From<UnitError> for VenueGap {
    fn from(_error: UnitError) -> Self {
        Self::OutOfRange
    }
}

/// One leg on the venue basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VenueLeg {
    /// Volume that takers bought at or under the limit.
    pub volume: AttoShares,
    /// Shares bought: whole lots, zero below the minimum order.
    pub fill: Qty,
    /// Shares beyond the complete sets.
    pub left: Qty,
    /// Price of the purchase, rounded up, without fee.
    pub cost: Usdc,
    /// Expected fee of the purchase.
    pub fee: Usdc,
    /// What the sale of the leftover brings after its fee; zero for a residual.
    pub left_proceeds: Usdc,
    /// Cost of a leftover below the minimum order, which cannot be sold.
    pub residual_cost: Usdc,
}

/// A settled signal on the venue basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueRow {
    /// Legs in order.
    pub legs: Vec<VenueLeg>,
    /// Complete sets.
    pub q_set: Qty,
    /// `Σ cost` of the legs.
    pub cost: Usdc,
    /// `Σ fee` of the legs.
    pub fees: Usdc,
    /// What the complete sets pay: one dollar each, by merge or at resolution.
    pub payout: Usdc,
    /// `Σ left_proceeds`.
    pub left_proceeds: Usdc,
    /// `Σ residual_cost`, part of `cost` and valued at zero in `pnl`.
    pub residual_cost: Usdc,
    /// `payout + left_proceeds − cost − fees`.
    pub pnl: Usdc,
    /// Time the capital is bound in ms: 0 for a merge, until the end of the market for a hold,
    /// `None` when that end is unknown or past.
    pub capital_ms: Option<i64>,
    /// Whether a print without venue time was placed by its ingest time.
    pub has_time_fallback: bool,
    /// Whether a fill below the minimum order was set to zero.
    pub has_fill_below_minimum: bool,
}

/// Settles a signal on the venue basis over all retained prints.
///
/// `window_ms` is the same closed window as the frozen one, applied to the venue's clock.
///
/// # Errors
/// The [`VenueGap`] that keeps the cells blank.
pub fn settle_venue<'a, I>(
    signal: &Signal,
    terms: &VenueTerms,
    share: FillShare,
    window_ms: (i64, i64),
    prints: &I,
) -> Result<VenueRow, VenueGap>
where
    I: Iterator<Item = &'a Print> + Clone,
{
    if terms.settlement == Settlement::Unproven {
        return Err(VenueGap::SettlementUnproven);
    }
    if terms.legs.len() != signal.legs.len() {
        return Err(VenueGap::OutOfRange);
    }
    if terms.legs.iter().any(|leg| leg.fees == Fees::Unknown) {
        return Err(VenueGap::FeesUnknown);
    }
    let mut seen = Vec::new();
    for leg in &signal.legs {
        seen.push(taker_bought(leg, window_ms, prints.clone())?);
    }
    book(signal, terms, share, &seen)
}

/// What takers bought of a leg in the window.
#[derive(Debug, Clone, Copy, Default)]
struct Bought {
    volume: AttoShares,
    has_time_fallback: bool,
}

fn taker_bought<'a>(
    leg: &SignalLeg,
    (start, end): (i64, i64),
    prints: impl Iterator<Item = &'a Print>,
) -> Result<Bought, VenueGap> {
    let mut bought = Bought::default();
    let complement = complement_of(leg.token);
    for print in prints.filter(|print| print.token == leg.token || print.token == complement) {
        let at = print.venue_ms.unwrap_or(print.ingest_ms);
        if !(start..=end).contains(&at) {
            continue;
        }
        let side = print.side.ok_or(VenueGap::SideUnknown)?;
        if takes_from_leg(print, side, leg) {
            let sum = bought.volume.0.checked_add(print.size.0).ok_or(VenueGap::OutOfRange)?;
            bought.volume = AttoShares(sum);
            bought.has_time_fallback |= print.venue_ms.is_none();
        }
    }
    Ok(bought)
}

/// Whether the print took shares that our bid at the limit could have had.
fn takes_from_leg(print: &Print, side: TakerSide, leg: &SignalLeg) -> bool {
    let limit = AttoPrice::from(leg.limit);
    let is_own_token = print.token == leg.token;
    match side {
        TakerSide::Buy => is_own_token && print.price <= limit,
        TakerSide::Sell => !is_own_token && ATTO.saturating_sub(print.price.0) <= limit.0,
    }
}

/// The other outcome of the token's market.
const fn complement_of(token: TokenIx) -> TokenIx {
    TokenIx(token.0 ^ 1)
}

fn book(
    signal: &Signal,
    terms: &VenueTerms,
    share: FillShare,
    seen: &[Bought],
) -> Result<VenueRow, VenueGap> {
    let mut has_fill_below_minimum = false;
    let mut fills = Vec::new();
    for (bought, leg_terms) in seen.iter().zip(&terms.legs) {
        let wanted = lots_floor(fill_of(bought.volume, share, signal.q_req)?)?;
        let is_below = wanted < leg_terms.min_order_qty;
        has_fill_below_minimum |= is_below && wanted > Qty::ZERO;
        fills.push(if is_below { Qty::ZERO } else { wanted });
    }
    let q_set = fills.iter().copied().min().unwrap_or(Qty::ZERO);
    let mut legs = Vec::new();
    for (index, fill) in fills.iter().enumerate() {
        let parts = (signal.legs.get(index), terms.legs.get(index), seen.get(index));
        let (Some(leg), Some(leg_terms), Some(bought)) = parts else {
            return Err(VenueGap::OutOfRange);
        };
        legs.push(book_leg(leg, *leg_terms, bought.volume, *fill, q_set)?);
    }
    let mut row = total(legs, q_set)?;
    row.capital_ms = capital_ms(terms, signal.ts_ms());
    row.has_time_fallback = seen.iter().any(|bought| bought.has_time_fallback);
    row.has_fill_below_minimum = has_fill_below_minimum;
    Ok(row)
}

fn lots_floor(shares: PicoShares) -> Result<Qty, VenueGap> {
    let lots = shares.0.max(0).checked_div(PICO_PER_MICRO).ok_or(VenueGap::OutOfRange)?;
    u64::try_from(lots).map(Qty).map_err(|_| VenueGap::OutOfRange)
}

fn book_leg(
    leg: &SignalLeg,
    terms: LegTerms,
    volume: AttoShares,
    fill: Qty,
    q_set: Qty,
) -> Result<VenueLeg, VenueGap> {
    let left = fill.minus(q_set)?;
    let cost = notional_ceil(leg.limit, fill)?;
    let fee = expected_fee(terms.fees, fill, leg.limit)?;
    let is_residual = left > Qty::ZERO && left < terms.min_order_qty;
    let (left_proceeds, residual_cost) = if is_residual {
        (Usdc::ZERO, notional_ceil(leg.limit, left)?)
    } else {
        (dump(leg.bid, left, terms.fees)?, Usdc::ZERO)
    };
    Ok(VenueLeg { volume, fill, left, cost, fee, left_proceeds, residual_cost })
}

/// The sale of a leftover at 5 % under the bid, after fee; a missing bid brings nothing.
fn dump(bid: Price, left: Qty, fees: Fees) -> Result<Usdc, VenueGap> {
    let kept = bid.micros().checked_mul(DUMP_KEEPS_PERCENT).and_then(|x| x.checked_div(PERCENT));
    let exit = Price::from_micros(kept.ok_or(VenueGap::OutOfRange)?)?;
    let gross = notional_floor(exit, left)?;
    Ok(gross.minus(expected_fee(fees, left, exit)?)?)
}

fn expected_fee(fees: Fees, qty: Qty, price: Price) -> Result<Usdc, VenueGap> {
    fee_half_even(fees, qty, price).map_err(|error| match error {
        crate::fees::FeeError::Unknown => VenueGap::FeesUnknown,
        crate::fees::FeeError::Overflow => VenueGap::OutOfRange,
    })
}

fn total(legs: Vec<VenueLeg>, q_set: Qty) -> Result<VenueRow, VenueGap> {
    let sum = |part: fn(&VenueLeg) -> Usdc| {
        legs.iter().map(part).try_fold(Usdc::ZERO, Usdc::plus).map_err(VenueGap::from)
    };
    let cost = sum(|leg| leg.cost)?;
    let fees = sum(|leg| leg.fee)?;
    let left_proceeds = sum(|leg| leg.left_proceeds)?;
    let residual_cost = sum(|leg| leg.residual_cost)?;
    // One dollar per set: micro-shares are micro-dollars.
    let payout = Usdc(i64::try_from(q_set.0).map_err(|_| VenueGap::OutOfRange)?);
    let pnl = payout.plus(left_proceeds)?.minus(cost)?.minus(fees)?;
    Ok(VenueRow {
        legs,
        q_set,
        cost,
        fees,
        payout,
        left_proceeds,
        residual_cost,
        pnl,
        capital_ms: None,
        has_time_fallback: false,
        has_fill_below_minimum: false,
    })
}

fn capital_ms(terms: &VenueTerms, signal_ts_ms: i64) -> Option<i64> {
    match terms.settlement {
        Settlement::Merge => Some(0),
        Settlement::HoldToResolution => {
            let bound = terms.end_ms.saturating_sub(signal_ts_ms);
            (terms.end_ms > 0 && bound >= 0).then_some(bound)
        }
        Settlement::Unproven => None,
    }
}
