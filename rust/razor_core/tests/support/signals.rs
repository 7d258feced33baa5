//! What the tests of signals and their settlement share: short names for the units, quotes, signals
//! and prints, and the settings of the frozen defaults.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::Fees;
use razor_core::shadow::exact::{AttoPrice, AttoShares, FillShare, PicoShares};
use razor_core::shadow::settle::{FrozenRow, SettleRules};
use razor_core::shadow::store::{Print, TakerSide, TradeId, TradeRows, TradeTick};
use razor_core::shadow::{SetRow, Settled, ShadowParams};
use razor_core::signal::{
    Bucket, BucketMetrics, Depth3, LegQuote, Reasons, Signal, SignalLeg, TickView, VenueEdge,
};
use razor_core::units::{Bps, Nanos, Price, TickSize, Usdc};

pub const MS: i64 = 1_000_000;

pub fn price(text: &str) -> Price {
    Price::parse(text.as_bytes()).expect("price")
}

pub fn micros(micros: u32) -> Price {
    Price::from_micros(micros).expect("price")
}

pub fn shares(text: &str) -> AttoShares {
    AttoShares::parse(text).expect("shares")
}

pub fn pico(text: &str) -> PicoShares {
    PicoShares::parse(text).expect("shares")
}

pub fn share(text: &str) -> FillShare {
    FillShare::parse(text).expect("share")
}

/// The frozen defaults, thresholds of 50,000 and a gap of 700 ms.
pub fn rules() -> SettleRules {
    SettleRules {
        window_start_ms: 100,
        window_end_ms: 1_100,
        share_liquid: share("0.3"),
        share_thin: share("0.5"),
        max_trade_gap_ms: 700,
        size_suspect: shares("50000"),
        notional_suspect_atto: shares("50000").0,
    }
}

pub fn shadow_params() -> ShadowParams {
    ShadowParams {
        rules: rules(),
        trade_retention_ms: 5_000,
        max_trades: 10_000,
        max_trade_ids: 10_000,
        venue_wait_ms: 0,
        max_pending: 1_000,
        rows: TradeRows::OncePerRun,
    }
}

/// A leg of a quote on the cent grid, seen at a time, 0.01 under its ask wide.
pub fn quote(token: u32, bid: Option<Price>, ask: Option<Price>, at_ms: i64) -> LegQuote {
    LegQuote {
        token: TokenIx(token),
        best_bid: bid,
        bid_qty: None,
        best_ask: ask,
        ask_qty: None,
        ask_depth3: Depth3::Known { pico_usdc: 1_000_000_000_000_000 },
        recv: Nanos(at_ms * MS),
        proof: Nanos(at_ms * MS),
        tick: TickSize::CENT,
        fees: Fees::Free,
    }
}

/// A signal in the Thin bucket that asks for ten shares of (token, limit, bid).
pub fn signal(id: u64, at_ms: i64, legs: &[(u32, &str, &str)]) -> Signal {
    let leg = |(token, limit, bid): &(u32, &str, &str)| SignalLeg {
        token: TokenIx(*token),
        limit: price(limit),
        bid: price(bid),
    };
    Signal {
        id,
        ts: Nanos(at_ms * MS),
        set: SetIx(0),
        q_req: pico("10"),
        raw_cost: Bps::new(9_700),
        raw_edge: Bps::new(300),
        hard_fees: Bps::new(210),
        risk_premium: Bps::new(80),
        expected_net: Bps::new(10),
        bucket: BucketMetrics {
            bucket: Bucket::Thin,
            worst_leg: 0,
            worst_spread_bps: 300,
            worst_depth3_pico: Some(1),
            is_depth3_degraded: false,
        },
        ticks: TickView {
            bucket: Bucket::Thin,
            spread_ticks: Some(1),
            could_be_liquid_now: false,
            could_ever_be_liquid: false,
        },
        legs: legs.iter().map(leg).collect(),
        reasons: Reasons::NONE,
        venue: VenueEdge { sum_ask: Usdc(970_000), sum_fee: None },
    }
}

/// The worked example of the frozen rules: limits 0.49 and 0.48, bids 0.48 and 0.47.
pub const EXAMPLE: [(u32, &str, &str); 2] = [(0, "0.49", "0.48"), (1, "0.48", "0.47")];

/// A print whose taker bought, at the same time on both clocks.
pub fn print(token: u32, at_ms: i64, at_price: &str, size: &str) -> Print {
    Print {
        ingest_ms: at_ms,
        venue_ms: Some(at_ms),
        token: TokenIx(token),
        price: AttoPrice::parse(at_price).expect("price"),
        size: shares(size),
        side: Some(TakerSide::Buy),
    }
}

/// The same as a tick of the running ledger.
pub fn tick(id: u128, token: u32, at_ms: i64, at_price: &str, size: &str) -> TradeTick {
    TradeTick {
        token: TokenIx(token),
        price: AttoPrice::parse(at_price).expect("price"),
        size: shares(size),
        ingest: Nanos(at_ms * MS),
        venue_ts: Some(Nanos(at_ms * MS)),
        side: Some(TakerSide::Buy),
        id: TradeId(id),
    }
}

/// The rows of the frozen table among what was settled.
pub fn frozen(out: &[Settled]) -> Vec<&FrozenRow> {
    out.iter()
        .filter_map(|row| match row {
            Settled::Frozen(row) => Some(row.as_ref()),
            Settled::Set(_) => None,
        })
        .collect()
}

/// The rows with both bases among what was settled.
pub fn sets(out: &[Settled]) -> Vec<&SetRow> {
    out.iter()
        .filter_map(|row| match row {
            Settled::Set(row) => Some(row.as_ref()),
            Settled::Frozen(_) => None,
        })
        .collect()
}
