//! The running ledger against a naive one that keeps everything and forgets nothing.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    reason = "an overflow or a failed expectation is a failed test"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use razor_core::fees::fee_half_even;
use razor_core::ids::{SetIx, TokenIx};
use razor_core::market::{Fees, Settlement};
use razor_core::shadow::exact::{AttoPrice, AttoShares, FillShare, PicoShares};
use razor_core::shadow::settle::SettleRules;
use razor_core::shadow::store::{TakerSide, TradeId, TradeRows, TradeTick};
use razor_core::shadow::venue::{LegTerms, VenueTerms};
use razor_core::shadow::{Settled, Shadow, ShadowParams};
use razor_core::signal::{Bucket, BucketMetrics, Reasons, Signal, SignalLeg, TickView, VenueEdge};
use razor_core::units::{Bps, Nanos, Price, Qty, Usdc};

const MS: i64 = 1_000_000;
const WINDOW: (i64, i64) = (100, 1_100);
const WAIT_MS: i64 = 600;
const FEES: Fees = Fees::Taker { rate_ppm: 50_000, exponent: 1 };
const MINIMUM: u64 = 1_000_000;

/// Something the engine sees, `after_ms` behind the event before it.
#[derive(Debug, Clone)]
enum Event {
    Trade {
        after_ms: i64,
        late_ms: i64,
        token: u32,
        cents: u32,
        milli: i128,
        sells: bool,
        id: u128,
    },
    Signal {
        after_ms: i64,
        limits: Vec<u32>,
    },
    Timer {
        after_ms: i64,
    },
}

fn an_event() -> impl Strategy<Value = Event> {
    let trade =
        (0_i64..400, 0_i64..500, 0_u32..8, 1_u32..99, 1_i128..60_000, any::<bool>(), 0_u128..90)
            .prop_map(|(after_ms, late_ms, token, cents, milli, sells, id)| Event::Trade {
                after_ms,
                late_ms,
                token,
                cents,
                milli,
                sells,
                id,
            });
    let signal = (0_i64..400, proptest::collection::vec(1_u32..60, 2..5))
        .prop_map(|(after_ms, limits)| Event::Signal { after_ms, limits });
    let timer = (0_i64..3_000).prop_map(|after_ms| Event::Timer { after_ms });
    prop_oneof![6 => trade, 2 => signal, 1 => timer]
}

fn params() -> ShadowParams {
    ShadowParams {
        rules: SettleRules {
            window_start_ms: WINDOW.0,
            window_end_ms: WINDOW.1,
            share_liquid: FillShare(300_000_000_000_000_000),
            share_thin: FillShare(250_000_000_000_000_000),
            max_trade_gap_ms: 700,
            size_suspect: AttoShares(0),
            notional_suspect_atto: 0,
        },
        trade_retention_ms: 1_100,
        max_trades: 100_000,
        max_trade_ids: 100_000,
        venue_wait_ms: WAIT_MS,
        max_pending: 1_000,
        rows: TradeRows::OncePerRun,
    }
}

fn cents(cents: u32) -> Price {
    Price::from_micros(cents * 10_000).unwrap_or(Price::ZERO)
}

/// A signal with leg `i` on the YES token of market `i`.
fn signal(id: u64, at_ms: i64, limits: &[u32]) -> Signal {
    let legs = (0_u32..).zip(limits);
    Signal {
        id,
        ts: Nanos(at_ms * MS),
        set: SetIx(0),
        q_req: PicoShares(10_000_000_000_000),
        raw_cost: Bps::ZERO,
        raw_edge: Bps::ZERO,
        hard_fees: Bps::ZERO,
        risk_premium: Bps::ZERO,
        expected_net: Bps::ZERO,
        bucket: BucketMetrics {
            bucket: Bucket::Thin,
            worst_leg: 0,
            worst_spread_bps: 1,
            worst_depth3_pico: Some(1),
            is_depth3_degraded: false,
        },
        ticks: TickView {
            bucket: Bucket::Thin,
            spread_ticks: None,
            could_be_liquid_now: false,
            could_ever_be_liquid: false,
        },
        legs: legs
            .map(|(market, limit)| SignalLeg {
                token: TokenIx(market * 2),
                limit: cents(*limit),
                bid: cents(limit / 2),
            })
            .collect(),
        reasons: Reasons::NONE,
        venue: VenueEdge { sum_ask: Usdc(0), sum_fee: None },
    }
}

fn terms(legs: usize) -> VenueTerms {
    let leg = LegTerms { fees: FEES, min_order_qty: Qty(MINIMUM) };
    VenueTerms { settlement: Settlement::Merge, end_ms: 0, legs: vec![leg; legs] }
}

/// The whole past, kept.
#[derive(Default)]
struct Naive {
    trades: Vec<TradeTick>,
    ids: BTreeSet<u128>,
    signals: Vec<Signal>,
}

impl Naive {
    fn take(&mut self, tick: &TradeTick) {
        if self.ids.insert(tick.id.0) {
            self.trades.push(*tick);
        }
    }

    /// Frozen and venue volume of a leg, in 10⁻¹⁸ shares.
    fn volumes(&self, signal: &Signal, leg: &SignalLeg) -> (i128, i128) {
        let ts = signal.ts_ms();
        let inside = |at: i64| at >= ts + WINDOW.0 && at <= ts + WINDOW.1;
        let limit = AttoPrice::from(leg.limit);
        let one = AttoPrice::from(Price::ONE);
        let (mut frozen, mut venue) = (0, 0);
        for trade in &self.trades {
            let is_under = trade.token == leg.token && trade.price <= limit;
            if is_under && inside(trade.ingest.millis_floor()) {
                frozen += trade.size.0;
            }
            let is_mirror = trade.token.0 == leg.token.0 + 1;
            let bought = match trade.side {
                Some(TakerSide::Buy) => is_under,
                Some(TakerSide::Sell) => is_mirror && one.0 - trade.price.0 <= limit.0,
                None => false,
            };
            if bought && trade.venue_ts.is_some_and(|at| inside(at.millis_floor())) {
                venue += trade.size.0;
            }
        }
        (frozen, venue)
    }
}

/// Runs the events through both; gives the ledger's rows.
fn run(events: &[Event]) -> (Naive, Vec<Settled>, i64) {
    let mut shadow = Shadow::new(params()).expect("params");
    let (mut naive, mut out, mut now_ms) = (Naive::default(), Vec::new(), 1_000_000);
    for event in events {
        match event {
            Event::Trade { after_ms, late_ms, token, cents: price, milli, sells, id } => {
                now_ms += after_ms;
                let tick = TradeTick {
                    token: TokenIx(*token),
                    price: AttoPrice::from(cents(*price)),
                    size: AttoShares(milli * 1_000_000_000_000_000),
                    ingest: Nanos(now_ms * MS),
                    venue_ts: Some(Nanos((now_ms - late_ms) * MS)),
                    side: Some(if *sells { TakerSide::Sell } else { TakerSide::Buy }),
                    id: TradeId(*id),
                };
                shadow.on_trade(&tick, &mut out);
                naive.take(&tick);
            }
            Event::Signal { after_ms, limits } => {
                now_ms += after_ms;
                let id = u64::try_from(naive.signals.len()).unwrap_or(0) + 1;
                let signal = signal(id, now_ms, limits);
                naive.signals.push(signal.clone());
                shadow.on_signal(signal, terms(limits.len()), &mut out);
            }
            Event::Timer { after_ms } => {
                now_ms += after_ms;
                shadow.advance(Nanos(now_ms * MS), &mut out);
            }
        }
    }
    shadow.finish(Nanos(now_ms * MS), &mut out);
    (naive, out, now_ms)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn every_row_is_what_the_whole_past_says(
        events in proptest::collection::vec(an_event(), 1..120)
    ) {
        let (naive, out, end_ms) = run(&events);
        let mut next_frozen = naive.signals.iter();
        let mut next_set = naive.signals.iter();
        for settled in &out {
            match settled {
                Settled::Frozen(row) => {
                    let signal = next_frozen.next().expect("a signal for the row");
                    prop_assert_eq!(&row.signal, signal);
                    prop_assert!(end_ms > signal.ts_ms() + WINDOW.1);
                    for (leg, volume) in signal.legs.iter().zip(&row.volumes) {
                        prop_assert_eq!(volume.0, naive.volumes(signal, leg).0);
                    }
                }
                Settled::Set(row) => {
                    let signal = next_set.next().expect("a signal for the row");
                    prop_assert_eq!(&row.frozen.signal, signal);
                    let Ok(venue) = &row.venue else { continue };
                    for (leg, found) in signal.legs.iter().zip(&venue.legs) {
                        prop_assert_eq!(found.volume.0, naive.volumes(signal, leg).1);
                    }
                }
            }
        }
        let settled = naive
            .signals
            .iter()
            .filter(|signal| end_ms > signal.ts_ms() + WINDOW.1)
            .count();
        prop_assert_eq!(naive.signals.len() - next_frozen.count(), settled);
        prop_assert_eq!(naive.signals.len() - next_set.count(), settled);
    }

    #[test]
    fn shares_and_cash_of_the_venue_basis_are_conserved(
        events in proptest::collection::vec(an_event(), 1..120)
    ) {
        let (_, out, _) = run(&events);
        for settled in &out {
            let Settled::Set(row) = settled else { continue };
            let Ok(venue) = &row.venue else { continue };
            let mut pnl = venue.payout.0;
            for (leg, quoted) in venue.legs.iter().zip(&row.frozen.signal.legs) {
                prop_assert_eq!(leg.fill.0, venue.q_set.0 + leg.left.0);
                prop_assert!(leg.fill == Qty::ZERO || leg.fill.0 >= MINIMUM);
                prop_assert_eq!(Ok(leg.fee), fee_half_even(FEES, leg.fill, quoted.limit));
                let is_residual = leg.left.0 > 0 && leg.left.0 < MINIMUM;
                prop_assert_eq!(leg.residual_cost > Usdc::ZERO, is_residual);
                pnl += leg.left_proceeds.0 - leg.cost.0 - leg.fee.0;
            }
            prop_assert_eq!(venue.pnl.0, pnl);
            prop_assert_eq!(u64::try_from(venue.payout.0), Ok(venue.q_set.0));
        }
    }

    #[test]
    fn the_same_events_give_the_same_rows(
        events in proptest::collection::vec(an_event(), 1..60)
    ) {
        prop_assert_eq!(run(&events).1, run(&events).1);
    }
}
