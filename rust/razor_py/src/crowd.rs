//! Worlds of the local exchange, as Python describes them.
//!
//! Owns: the translation of a plan, and which events of a crowd anybody outside can hear of.

use pyo3::prelude::*;
use razor_core::market::Fees;
use razor_core::units::{Nanos, Qty};
use razor_sim::crowd::{Crowd, CrowdPlan, PlantPlan};
use razor_sim::exchange::{Event, Exchange, TradeIx};

use crate::errors::bad_argument;
use crate::exchange::tick_of;

/// Lists that are dealt to events; absent ones are the usual.
pub(crate) struct WorldTerms {
    pub(crate) ticks: Option<Vec<String>>,
    pub(crate) fees: Option<Vec<(u32, u8)>>,
    pub(crate) min_order_qtys: Option<Vec<u64>>,
}

impl WorldTerms {
    /// The usual plan with these terms.
    pub(crate) fn plan(self, seed: u64) -> PyResult<CrowdPlan> {
        let usual = CrowdPlan::new(seed);
        let ticks = self.ticks.map(|texts| texts.iter().map(|text| tick_of(text)).collect());
        let fees = self.fees.map(|pairs| pairs.into_iter().map(fees_of).collect());
        let sizes = self.min_order_qtys.map(|sizes| sizes.into_iter().map(Qty).collect());
        Ok(CrowdPlan {
            ticks: ticks.unwrap_or(Ok(usual.ticks))?,
            fees: fees.unwrap_or(usual.fees),
            min_order_qtys: sizes.unwrap_or(usual.min_order_qtys),
            ..usual
        })
    }
}

fn fees_of((rate_ppm, exponent): (u32, u8)) -> Fees {
    if rate_ppm == 0 { Fees::Free } else { Fees::Taker { rate_ppm, exponent } }
}

/// Planted sets; micro-shares, milliseconds, millionths of a dollar.
pub(crate) fn plants(
    every_ms: i64,
    (least_qty, most_qty): (u64, u64),
    (least_ms, most_ms): (i64, i64),
    edge_ppm: (u32, u32),
    bids_percent: u32,
    has_rivals: bool,
) -> PyResult<PlantPlan> {
    Ok(PlantPlan {
        every: millis(every_ms)?,
        size: (Qty(least_qty), Qty(most_qty)),
        life: (millis(least_ms)?, millis(most_ms)?),
        edge_ppm,
        bids_percent,
        has_rivals,
    })
}

/// A time in milliseconds.
pub(crate) fn millis(ms: i64) -> PyResult<Nanos> {
    Nanos::from_millis(ms).map_err(bad_argument)
}

/// The events of which a key outside the crowd hears on its user channel.
///
/// Nobody listens for the crowd, and most of what happens is its own: to write those frames would
/// cost more than all the rest.
pub(crate) fn told_outside(exchange: &Exchange, crowd: &Crowd, events: &[Event]) -> Vec<Event> {
    let is_told = |event: &&Event| match **event {
        Event::Placed(slot) | Event::Released(slot) => is_outside(exchange, crowd, slot),
        Event::Updated { slot, .. } | Event::Ended { slot, .. } => {
            is_outside(exchange, crowd, slot)
        }
        Event::Killed { owner, .. } => !crowd.has(owner),
        Event::Trade { trade, .. } => has_outside(exchange, crowd, trade),
        Event::At(_)
        | Event::Listed(_)
        | Event::Flagged(_)
        | Event::Level { .. }
        | Event::Top { .. }
        | Event::Traded { .. }
        | Event::Printed { .. }
        | Event::Tick { .. }
        | Event::Resolved(_)
        | Event::Action { .. }
        | Event::Balance { .. }
        | Event::HeartbeatLost(_) => false,
    };
    events.iter().filter(is_told).copied().collect()
}

fn is_outside(exchange: &Exchange, crowd: &Crowd, slot: razor_sim::exchange::Slot) -> bool {
    exchange.order(slot).is_some_and(|order| !crowd.has(order.owner))
}

fn has_outside(exchange: &Exchange, crowd: &Crowd, trade: TradeIx) -> bool {
    exchange.trade(trade).is_some_and(|trade| {
        !crowd.has(trade.owner) || exchange.fills(trade).any(|fill| !crowd.has(fill.owner))
    })
}
