//! Rows of the recording tables: ticks, snapshots, trades, health (RAZOR_SPEC §17, §26).

use std::fmt::Write as _;

use super::table::{Sink, Table};
use crate::shadow::exact;
use crate::shadow::rows::text_cell;
use crate::signal::{Depth3, LegQuote};
use crate::units::{Nanos, Price};

/// Header of `ticks.csv`.
pub(super) const TICKS_HEADER: &str =
    "ts_recv_us,market_id,token_id,best_bid,best_ask,ask_depth3_usdc";
/// Header of `trades.csv`.
pub(super) const TRADES_HEADER: &str =
    "ts_ms,market_id,token_id,price,size,trade_id,ingest_ts_ms,exchange_ts_ms";
/// Header of `snapshots.csv`.
pub(super) const SNAPSHOTS_HEADER: &str = "ts_ms,market_id,legs_n,\
leg0_token_id,leg0_best_bid,leg0_best_ask,leg0_depth3_usdc,\
leg1_token_id,leg1_best_bid,leg1_best_ask,leg1_depth3_usdc,\
leg2_token_id,leg2_best_bid,leg2_best_ask,leg2_depth3_usdc";

const MICRO_SCALE: u32 = 6;
const PICO_SCALE: u32 = 12;
const SNAPSHOT_PLACES: u32 = 6;
/// Legs a snapshot row has room for.
pub(super) const SNAPSHOT_LEGS: usize = 3;

pub(super) fn health<S: Sink>(sink: &mut S, row: &str) {
    if sink.wants_rows() {
        sink.row(Table::Health, &format!("{row}\n"));
    }
}

/// A price as shortest plain text.
pub(super) fn price_text(price: Price) -> String {
    exact::plain(i128::from(price.micros()), MICRO_SCALE, MICRO_SCALE)
}

fn depth_text(depth: Depth3, places: u32, is_fixed: bool) -> String {
    match depth {
        Depth3::Known { pico_usdc } if is_fixed => exact::fixed(pico_usdc, PICO_SCALE, places),
        Depth3::Known { pico_usdc } => exact::plain(pico_usdc, PICO_SCALE, places),
        Depth3::NotFinite | Depth3::Unknown => "NaN".to_owned(),
    }
}

/// One leg of a set changed.
pub(super) fn tick(out: &mut String, recv: Nanos, market: &str, token: &str, leg: &LegQuote) {
    let _ = writeln!(
        out,
        "{},{},{},{},{},{}",
        recv.micros_floor(),
        text_cell(market),
        text_cell(token),
        price_text(leg.frozen_bid()),
        price_text(leg.frozen_ask()),
        depth_text(leg.ask_depth3, PICO_SCALE, false),
    );
}

/// All legs of a set at one moment; sets of more than three legs have no such row.
pub(super) fn snapshot(
    out: &mut String,
    now: Nanos,
    key: &str,
    legs: &[LegQuote],
    tokens: &[&str],
) {
    let _ = write!(out, "{},{},{}", now.millis_floor(), text_cell(key), legs.len());
    for slot in 0..SNAPSHOT_LEGS {
        match (legs.get(slot), tokens.get(slot)) {
            (Some(leg), Some(token)) => {
                let side = |price: Price| {
                    exact::fixed(i128::from(price.micros()), MICRO_SCALE, SNAPSHOT_PLACES)
                };
                let _ = write!(
                    out,
                    ",{},{},{},{}",
                    text_cell(token),
                    side(leg.frozen_bid()),
                    side(leg.frozen_ask()),
                    depth_text(leg.ask_depth3, SNAPSHOT_PLACES, true),
                );
            }
            _ => out.push_str(",,,,"),
        }
    }
    out.push('\n');
}

/// The cells of a trade row.
pub(super) struct TradeCells<'a> {
    pub(super) market: &'a str,
    pub(super) token: &'a str,
    pub(super) price: &'a str,
    pub(super) size: &'a str,
    pub(super) trade_id: &'a str,
    pub(super) ingest_ms: i64,
    pub(super) venue_ms: Option<i64>,
}

/// A print that was taken.
pub(super) fn trade(out: &mut String, cells: &TradeCells<'_>) {
    let venue = cells.venue_ms.map(|ms| ms.to_string()).unwrap_or_default();
    let _ = writeln!(
        out,
        "{ingest},{},{},{},{},{},{ingest},{venue}",
        text_cell(cells.market),
        text_cell(cells.token),
        cells.price,
        cells.size,
        text_cell(cells.trade_id),
        ingest = cells.ingest_ms,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TokenIx;
    use crate::market::Fees;
    use crate::units::TickSize;

    fn leg(bid: u32, ask: u32, depth: Depth3) -> LegQuote {
        LegQuote {
            token: TokenIx(0),
            best_bid: (bid > 0).then(|| Price::from_micros(bid).expect("bid")),
            bid_qty: None,
            best_ask: (ask > 0).then(|| Price::from_micros(ask).expect("ask")),
            ask_qty: None,
            ask_depth3: depth,
            recv: Nanos(0),
            proof: Nanos(0),
            tick: TickSize::CENT,
            fees: Fees::Unknown,
        }
    }

    #[test]
    fn a_tick_row_says_zero_and_one_for_absent_sides() {
        let mut out = String::new();
        let depth = Depth3::Known { pico_usdc: 12_500_000_000_000 };
        tick(&mut out, Nanos(1_234_567), "0xc", "77", &leg(0, 0, depth));
        assert_eq!(out, "1234,0xc,77,0,1,12.5\n");
    }

    #[test]
    fn a_snapshot_row_has_six_decimals_and_blank_unused_legs() {
        let mut out = String::new();
        let legs = [leg(480_000, 490_000, Depth3::Unknown), leg(500_000, 0, Depth3::Unknown)];
        snapshot(&mut out, Nanos(5_000_000), "=k", &legs, &["a", "b"]);
        assert_eq!(out, "5,'=k,2,a,0.480000,0.490000,NaN,b,0.500000,1.000000,NaN,,,,\n");
    }

    #[test]
    fn headers_have_as_many_cells_as_rows() {
        let mut out = String::new();
        let legs = [leg(1, 2, Depth3::Unknown), leg(1, 2, Depth3::Unknown)];
        snapshot(&mut out, Nanos(0), "k", &legs, &["a", "b"]);
        let cells = |text: &str| text.trim_end().split(',').count();
        assert_eq!(cells(&out), cells(SNAPSHOTS_HEADER));
    }
}
