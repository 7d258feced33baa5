//! What an operator asks of a run that is being written, as one line of JSON.
//!
//! Owns: the fields of the answer; money in micro-dollars, times in ns since 1970, -1 for a sum
//! that does not fit. Must never: change the session.

use razor_core::basket::Desk;
use razor_core::book::BookState;
use razor_core::engine::Engine;
use razor_core::ids::{ConnIx, MarketIx, Outcome, TokenIx};
use razor_core::units::Nanos;
use serde::Serialize;

use crate::json;
use crate::session::Session;

#[derive(Serialize)]
struct Standing<'a> {
    now_ns: i64,
    records: u64,
    durable_seq: u64,
    gaps: u64,
    records_lost: u64,
    records_refused: u64,
    signals: u64,
    signals_dropped: u64,
    trades_dropped: u64,
    books: Books,
    conns: Vec<Conn<'a>>,
    desk: Option<DeskStanding>,
}

#[derive(Default, Serialize)]
struct Books {
    live: u64,
    suspect: u64,
    dirty: u64,
    unhydrated: u64,
}

#[derive(Serialize)]
struct Conn<'a> {
    name: &'a str,
    last_data_ns: i64,
}

#[derive(Serialize)]
struct DeskStanding {
    phase: &'static str,
    is_stopping: bool,
    stopped: Option<String>,
    venue_mode: &'static str,
    open_orders: usize,
    most_open_orders: u32,
    unresolved: usize,
    is_unbooked: bool,
    waiting: usize,
    signals_dropped: u64,
    exposure: i64,
    most_exposure: i64,
    day_net: i64,
    day_loss: i64,
    most_day_loss: i64,
    sends: u32,
    most_sends: u32,
}

/// The answer. Cost grows with the number of tokens.
pub fn text(session: &Session) -> String {
    let engine = session.engine();
    let (counters, integrity) = engine.counted();
    json::text(&Standing {
        now_ns: engine.now().0,
        records: integrity.records,
        durable_seq: session.durable_seq(),
        gaps: integrity.gaps,
        records_lost: integrity.records_lost,
        records_refused: integrity.records_refused,
        signals: counters.signals_emitted,
        signals_dropped: counters.signals_dropped,
        trades_dropped: counters.trades_dropped,
        books: books(engine),
        conns: conns(engine),
        desk: engine.desk().map(|desk| desk_standing(desk, engine.now())),
    })
}

fn books(engine: &Engine) -> Books {
    let mut counts = Books::default();
    let (Some(universe), Some(books)) = (engine.universe(), engine.books()) else { return counts };
    let markets = u32::try_from(universe.markets().len()).unwrap_or(u32::MAX);
    for market in (0..markets).map(MarketIx) {
        for token in [Outcome::Yes, Outcome::No].map(|side| TokenIx::of(market, side)) {
            let count = match books.state(token) {
                BookState::Live => &mut counts.live,
                BookState::Suspect(_) => &mut counts.suspect,
                // A state without a time never is stale; with one it is no longer current.
                BookState::Dirty(_) | BookState::Stale { .. } => &mut counts.dirty,
                BookState::Unhydrated => &mut counts.unhydrated,
            };
            *count = count.saturating_add(1);
        }
    }
    counts
}

fn conns(engine: &Engine) -> Vec<Conn<'_>> {
    let Some(books) = engine.books() else { return Vec::new() };
    let named = engine.conns().iter().zip(0_u16..);
    named
        .map(|(name, index)| {
            let last = books.conn_liveness(ConnIx(index)).last_data_ns;
            Conn { name, last_data_ns: last.map_or(0, |at| at.0) }
        })
        .collect()
}

fn desk_standing(desk: &Desk, now: Nanos) -> DeskStanding {
    let (found, caps) = (desk.standing(now), desk.risk().caps());
    DeskStanding {
        phase: found.phase.word(),
        is_stopping: found.is_stopping,
        stopped: found.stopped.map(|guard| guard.to_string()),
        venue_mode: found.mode.word(),
        open_orders: found.open_orders,
        most_open_orders: caps.max_open_orders,
        unresolved: found.unresolved,
        is_unbooked: found.is_unbooked,
        waiting: found.waiting,
        signals_dropped: found.dropped,
        exposure: found.exposure.map_or(-1, |sum| sum.0),
        most_exposure: caps.max_exposure.0,
        day_net: found.day_net.0,
        day_loss: found.day_loss.0,
        most_day_loss: caps.max_day_loss.0,
        sends: found.sends,
        most_sends: caps.max_orders_per_min,
    }
}
