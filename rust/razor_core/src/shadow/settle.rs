//! Frozen settlement of one signal (RAZOR_SPEC §10, §11): volumes, ledger and reason codes.
//!
//! Works for any number of legs; only two or three enter the frozen table. Settlement never fails:
//! arithmetic that leaves its range gives a row of zeros with the single code `INTERNAL_ERROR`.

use super::exact::{AttoPrice, AttoShares, FillShare};
use super::ledger::{DUMP_SLIPPAGE, Ledger, LedgerLeg, LedgerTerms, settle_ledger};
use super::store::{Print, WindowStats, volume_at_or_better};
use crate::signal::{Bucket, Reason, Reasons, Signal, SignalLeg};
use crate::units::{Price, UnitError};

/// What settlement is told; the settings of `[shadow]` and `[buckets]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettleRules {
    /// `shadow.window_start_ms`, from the signal.
    pub window_start_ms: i64,
    /// `shadow.window_end_ms`, from the signal; the end itself belongs to the window.
    pub window_end_ms: i64,
    /// `buckets.fill_share_liquid_p25`.
    pub share_liquid: FillShare,
    /// `buckets.fill_share_thin_p25`.
    pub share_thin: FillShare,
    /// `shadow.max_trade_gap_ms`; 0 disables the code.
    pub max_trade_gap_ms: i64,
    /// `shadow.trade_size_suspect_threshold`; 0 disables it.
    pub size_suspect: AttoShares,
    /// `shadow.trade_notional_suspect_threshold` at 10⁻¹⁸ USDC; 0 disables it.
    pub notional_suspect_atto: i128,
}

impl SettleRules {
    /// The closed window of a signal in ms: first and last millisecond that belong to it.
    pub fn window_of(&self, signal_ts_ms: i64) -> (i64, i64) {
        let at = |offset: i64| signal_ts_ms.saturating_add(offset);
        (at(self.window_start_ms), at(self.window_end_ms))
    }

    /// The fill share of a bucket.
    pub const fn share_of(&self, bucket: Bucket) -> FillShare {
        match bucket {
            Bucket::Liquid => self.share_liquid,
            Bucket::Thin => self.share_thin,
        }
    }
}

/// Which ledger settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ledgering {
    /// The running ledger: every code of RAZOR_SPEC §11.
    Live,
    /// The predecessor's replay, which never raises `TRADE_SIZE_SUSPECT`, `SIGNAL_TOO_OLD`,
    /// `DEDUP_HIT` or `LEGS_MISMATCH` (RAZOR_SPEC §20).
    Replay,
}

/// A settled signal on the frozen basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenRow {
    /// The signal.
    pub signal: Signal,
    /// Window offsets in ms, as in the table.
    pub window_offsets_ms: (i64, i64),
    /// Fill share used.
    pub share: FillShare,
    /// `V` per leg.
    pub volumes: Vec<AttoShares>,
    /// The numbers.
    pub ledger: Ledger,
    /// All codes.
    pub reasons: Reasons,
}

impl FrozenRow {
    /// Whether the row belongs to the frozen table and verdict: two or three legs.
    pub fn is_in_frozen_table(&self) -> bool {
        is_frozen_size(self.signal.legs.len())
    }

    /// Whether the window is unusable by F-11.
    pub fn is_unusable(&self) -> bool {
        self.reasons.has(Reason::TradesIncomplete)
    }

    /// The leg named in `worst_leg_token_id`; `None` when the bucket was computed blind.
    pub fn worst_leg(&self) -> Option<&SignalLeg> {
        let is_blind =
            self.reasons.has(Reason::BucketThinNan) || self.reasons.has(Reason::BucketLiquidNan);
        if is_blind { None } else { self.signal.legs.get(self.signal.bucket.worst_leg) }
    }
}

const fn is_frozen_size(legs: usize) -> bool {
    matches!(legs, 2 | 3)
}

/// Settles a signal over the prints of its window, which come in order of time.
///
/// `observed` holds the codes only the caller can know: `DEDUP_HIT`, `SIGNAL_TOO_OLD`,
/// `TRADES_INCOMPLETE`.
pub fn settle_frozen<'a, I>(
    signal: Signal,
    rules: &SettleRules,
    window: I,
    ledgering: Ledgering,
    observed: Reasons,
) -> FrozenRow
where
    I: Iterator<Item = &'a Print> + Clone,
{
    let share = rules.share_of(signal.bucket.bucket);
    let outcome = compute(&signal, rules, share, window);
    let (volumes, ledger, reasons) = if let Ok((volumes, stats, ledger)) = outcome {
        let mut reasons = signal.reasons.with(observed);
        add_signal_codes(&mut reasons, &signal, share);
        add_window_codes(&mut reasons, rules, &volumes, &stats);
        if ledgering == Ledgering::Live {
            add_live_codes(&mut reasons, rules, &signal, &stats);
        }
        (volumes, ledger, reasons)
    } else {
        let legs = signal.legs.len();
        let zeros = vec![AttoShares(0); legs];
        (zeros, Ledger::zero(legs), Reasons::only(Reason::InternalError))
    };
    let window_offsets_ms = (rules.window_start_ms, rules.window_end_ms);
    FrozenRow { signal, window_offsets_ms, share, volumes, ledger, reasons }
}

type Computed = (Vec<AttoShares>, WindowStats, Ledger);

fn compute<'a, I>(
    signal: &Signal,
    rules: &SettleRules,
    share: FillShare,
    window: I,
) -> Result<Computed, UnitError>
where
    I: Iterator<Item = &'a Print> + Clone,
{
    let (start, end) = rules.window_of(signal.ts_ms());
    let inside = window.filter(move |print| (start..=end).contains(&print.ingest_ms));
    let volumes = signal
        .legs
        .iter()
        .map(|leg| volume_under_limit(inside.clone(), leg))
        .collect::<Result<Vec<_>, _>>()?;
    let tokens: Vec<_> = signal.legs.iter().map(|leg| leg.token).collect();
    let stats = WindowStats::of(inside, &tokens)?;
    let legs: Vec<_> = signal.legs.iter().zip(&volumes).map(ledger_leg).collect();
    let terms = LedgerTerms { q_req: signal.q_req, share, slippage: DUMP_SLIPPAGE };
    let ledger = settle_ledger(&terms, &legs)?;
    Ok((volumes, stats, ledger))
}

/// `V` of a leg; 0 for an invalid limit.
fn volume_under_limit<'a>(
    window: impl Iterator<Item = &'a Print>,
    leg: &SignalLeg,
) -> Result<AttoShares, UnitError> {
    if leg.limit == Price::ZERO {
        return Ok(AttoShares(0));
    }
    volume_at_or_better(window, leg.token, AttoPrice::from(leg.limit))
}

fn ledger_leg((leg, volume): (&SignalLeg, &AttoShares)) -> LedgerLeg {
    LedgerLeg { limit: leg.limit.into(), bid: leg.bid.into(), volume: *volume }
}

fn add_signal_codes(reasons: &mut Reasons, signal: &Signal, share: FillShare) {
    let missing = |leg: &SignalLeg| leg.bid == Price::ZERO;
    let no_ask = |leg: &SignalLeg| leg.limit == Price::ZERO;
    let legs = &signal.legs;
    reasons.add_if(legs.iter().any(missing), Reason::MissingBid);
    reasons.add_if(legs.iter().any(|leg| missing(leg) && no_ask(leg)), Reason::MissingBook);
    reasons.add_if(legs.iter().any(no_ask), Reason::InvalidPrice);
    reasons.add_if(signal.q_req.0 <= 0, Reason::InvalidQty);
    reasons.add_if(share.0 <= 0, Reason::FillShareP25Zero);
    if legs.get(signal.bucket.worst_leg).is_none() {
        reasons.add(match signal.bucket.bucket {
            Bucket::Liquid => Reason::BucketLiquidNan,
            Bucket::Thin => Reason::BucketThinNan,
        });
    }
}

fn add_window_codes(
    reasons: &mut Reasons,
    rules: &SettleRules,
    volumes: &[AttoShares],
    stats: &WindowStats,
) {
    // Saturating is safe here: only the sign of the sum is asked for.
    let volume = volumes.iter().fold(0_i128, |sum, leg| sum.saturating_add(leg.0));
    reasons.add_if(volume <= 0, Reason::NoTrades);
    reasons.add_if(stats.count == 0, Reason::WindowEmpty);
    let gap_limit = rules.max_trade_gap_ms;
    let has_gap = gap_limit > 0 && stats.count >= 2 && stats.max_gap_ms > gap_limit;
    reasons.add_if(has_gap, Reason::WindowDataGap);
}

fn add_live_codes(
    reasons: &mut Reasons,
    rules: &SettleRules,
    signal: &Signal,
    stats: &WindowStats,
) {
    let size_limit = rules.size_suspect;
    let big_size = size_limit.0 > 0 && stats.max_size >= size_limit;
    let notional_limit = rules.notional_suspect_atto;
    let big_notional = notional_limit > 0 && stats.max_notional_atto >= notional_limit;
    reasons.add_if(big_size || big_notional, Reason::TradeSizeSuspect);
    reasons.add_if(!is_frozen_size(signal.legs.len()), Reason::LegsMismatch);
}
