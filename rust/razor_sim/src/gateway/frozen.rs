//! The predecessor's rules of a simulated order, exactly (`RAZOR_SPEC` §14).
//!
//! Owns: when a spike strikes, when a book is dropped, how much is filled, and how an order is
//! called. The spike, the dropped book and the forced chase failure are switches of both models;
//! the fill itself is used by [`super::Model::Frozen`] alone.

use razor_core::order::attempt::{Rung, Side};
use razor_core::order::gateway::MarketTop;
use razor_core::shadow::exact::{ATTO, FillShare, over_ceil, times};
use razor_core::units::{Nanos, Price, Qty};

use super::config::{LatencySpike, share_floor};

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
const DROP_STEPS: u64 = 10_000;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// The extra delay of the `n`-th order, counted from 1.
pub fn spike_of(spike: LatencySpike, n: u64) -> Nanos {
    let strikes = spike.ms > 0 && n.checked_rem(spike.every).unwrap_or(0) == 0;
    let ms = if strikes { spike.ms } else { 0 };
    Nanos(i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(NANOS_PER_MILLI))
}

/// Whether the `n`-th order meets an empty book: `share` 1 always, 0 or a token without text never,
/// else by FNV-1a-64 of the token's bytes, started at the offset basis xor `n`.
pub fn is_book_dropped(share: FillShare, token: &str, n: u64) -> bool {
    if share.0 <= 0 || token.trim().is_empty() {
        return false;
    }
    if share.0 >= ATTO {
        return true;
    }
    let hash = token
        .bytes()
        .fold(FNV_START ^ n, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
    let step = hash.checked_rem(DROP_STEPS).unwrap_or(0);
    let bound = times(share.0, i128::from(DROP_STEPS)).and_then(|wide| over_ceil(wide, ATTO));
    bound.is_ok_and(|bound| i128::from(step) < bound)
}

/// The price that an order of this side and limit would trade at, if its limit crosses.
pub(crate) fn crossed(side: Side, limit: Price, top: &MarketTop) -> Option<(Price, Option<Qty>)> {
    let (price, best) = match side {
        Side::Buy => top.ask,
        Side::Sell => top.bid,
    }?;
    let crosses = match side {
        Side::Buy => limit >= price,
        Side::Sell => limit <= price,
    };
    (price > Price::ZERO && crosses).then_some((price, best))
}

/// `min(qty, floor(best size · share))` when the limit crosses, else nothing.
pub fn fill_of(side: Side, limit: Price, qty: Qty, top: &MarketTop, share: FillShare) -> Qty {
    match crossed(side, limit, top) {
        Some((_, Some(best))) => share_floor(best, share).min(qty),
        Some((_, None)) | None => Qty::ZERO,
    }
}

/// The order's name: `SIM_<start ms>_<token>_<kind>`.
pub fn order_id(start: Nanos, token: &str, rung: Rung) -> String {
    let kind = match rung {
        Rung::Fire => "fire_leg1",
        Rung::ChaseOne | Rung::ChaseTwo => "chase",
        Rung::FlatOne | Rung::FlatTwo | Rung::FlatThree => "flatten",
    };
    format!("SIM_{}_{token}_{kind}", start.millis_floor())
}
