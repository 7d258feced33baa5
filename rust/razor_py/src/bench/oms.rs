//! Orders: one step of the machines, one order from intent to ledger, one signal to order bytes.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use razor_core::engine::record::{Kind, Record};
use razor_core::journal::Identity;
use razor_core::order::{Action, Event, Order, Rung, step};
use razor_core::units::{Nanos, Qty};
use razor_io::clock::Stopwatch;
use razor_io::journal::RecorderSettings;
use razor_io::session::{Plan, Session, SessionFault};
use razor_sim::feedgen::Feed;
use razor_sim::gateway::{SettleDelay, SimConfig, SimGateway, SimMarkets};
use razor_sim::world::{World, WorldPlan, WorldRecord, build};

use super::floor::Floor;
use super::replay::START_NS;
use super::spread::{Spread, short};
use super::workload::config;
use crate::errors::{Fault, bad_argument};

const MILLI: i64 = 1_000_000;
const HOUR_MS: i64 = 3_600_000;
/// Sets before a figure begins.
const WARM: u32 = 4;
/// A world of minutes is fed within a second: the writer catches up every so many records.
const BREATH: usize = 500;

/// Events of an order that is filled, and of one that is lost, fenced and given up.
const LIVES: [&[Event]; 2] = [
    &[
        Event::Journaled,
        Event::Released,
        Event::Filled { last_qty: Qty(4) },
        Event::Claimed { matched: Qty(10) },
        Event::Filled { last_qty: Qty(6) },
    ],
    &[
        Event::Journaled,
        Event::Released,
        Event::Unproven,
        Event::Found(razor_core::order::Evidence::Silent),
        Event::Elapsed(razor_core::order::Timer::Resolve),
        Event::Found(razor_core::order::Evidence::Absent),
        Event::Elapsed(razor_core::order::Timer::Late),
    ],
];

/// Scripts of orders; see the stub.
#[pyclass(unsendable, module = "razor._core")]
pub(crate) struct OmsBench {
    seed: u64,
    feed: Feed,
}

#[pymethods]
impl OmsBench {
    #[new]
    #[pyo3(signature = (*, seed))]
    fn new(seed: u64) -> Self {
        Self { seed, feed: Feed::generate(config(seed, 8, 0)) }
    }

    /// Whole lives of single orders through the order machine: steps and total ns.
    #[staticmethod]
    fn order_steps(lives: u32) -> (u64, u64) {
        let mut steps = 0_u64;
        let watch = Stopwatch::start();
        for _ in 0..lives {
            for events in LIVES {
                let mut order = Order::plan(Qty(10));
                for event in events {
                    let taken = step(std::hint::black_box(order), std::hint::black_box(*event));
                    let (next, actions): (_, &[Action]) = taken.unwrap_or((order, &[]));
                    std::hint::black_box(actions);
                    order = next;
                    steps = steps.saturating_add(1);
                }
                std::hint::black_box(order);
            }
        }
        (steps, watch.elapsed_ns())
    }

    /// Sets on a new desk, each step timed; `behind` sets go before and are not timed.
    fn desk_steps(&self, behind: u32, sets: u32) -> PyResult<Spread> {
        let mut floor = Floor::new(self.seed, &self.feed.watched_universe());
        (0..behind).for_each(|_| floor.work_set());
        floor.times = Some(Vec::with_capacity(1 << 16));
        (0..sets).for_each(|_| floor.work_set());
        let mut times = floor.times.take().unwrap_or_default();
        proven(&floor).map(|()| Spread::of(&mut times))
    }

    /// Sets without a clock inside, on a desk that has worked `behind` before: orders and total ns.
    fn orders(&self, behind: u32, sets: u32) -> PyResult<(u64, u64)> {
        let universe = self.feed.watched_universe();
        let mut floor = Floor::new(self.seed, &universe);
        (0..behind).for_each(|_| floor.work_set());
        floor.renew_venue(self.seed, &universe);
        // Memory is touched, and the first orders are placed, outside the figure.
        (0..WARM).for_each(|_| floor.work_set());
        let before = floor.orders();
        let watch = Stopwatch::start();
        (0..sets).for_each(|_| floor.work_set());
        let took = watch.elapsed_ns();
        proven(&floor).map(|()| (floor.orders().saturating_sub(before), took))
    }

    /// Records of a seeded world with planted sets: kind, connection, ns, payload.
    #[pyo3(signature = (seconds, *, start_ns=START_NS))]
    fn world<'py>(
        &self,
        py: Python<'py>,
        seconds: i64,
        start_ns: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        let world = self.recorded(seconds, start_ns);
        let rows = world.records.iter().map(|record| {
            let payload = PyBytes::new(py, record.payload.as_bytes());
            (record.kind, conn_of(record.conn), record.recv_ns, payload)
        });
        PyList::new(py, rows.collect::<Vec<_>>())
    }

    /// The same world through a session in Rust: frames whose signal was fired, and the orders.
    fn session(
        &self,
        py: Python<'_>,
        run_dir: PathBuf,
        params: &[u8],
        seconds: i64,
        is_durable: bool,
    ) -> PyResult<(Spread, u64)> {
        let identity = Identity::new("run_bench", "bench", [0; 32]).map_err(bad_argument)?;
        let plan = Plan {
            run_dir,
            identity,
            params: params.to_vec(),
            recorder: RecorderSettings::live(),
            now_ns: START_NS,
            raw: None,
            durable_intents: is_durable,
        };
        let world = self.recorded(seconds, START_NS);
        let timed = py.detach(|| self.timed(&plan, &world));
        Ok(timed.map_err(Fault::from)?)
    }

    /// A run of many hours that ended without an end record: inputs and orders in its journal.
    fn crashed_day(
        &self,
        py: Python<'_>,
        run_dir: PathBuf,
        params: &[u8],
        hours: i64,
    ) -> PyResult<(u64, u64)> {
        let identity = Identity::new("run_bench", "bench", [0; 32]).map_err(bad_argument)?;
        let plan = Plan {
            run_dir,
            identity,
            params: params.to_vec(),
            recorder: RecorderSettings::replay(),
            now_ns: START_NS,
            raw: None,
            durable_intents: false,
        };
        Ok(py.detach(|| self.crashed(&plan, hours)).map_err(Fault::from)?)
    }
}

impl OmsBench {
    fn recorded(&self, seconds: i64, start_ns: i64) -> World {
        let duration_ms = seconds.saturating_mul(1_000);
        build(WorldPlan { seed: self.seed, start_ns, duration_ms })
    }

    fn venue(&self) -> SimGateway {
        let ms = |count: i64| Nanos(count.saturating_mul(MILLI));
        let config = SimConfig {
            seed: self.seed,
            latency: ms(20),
            settle: SettleDelay { min: ms(50), max: ms(400) },
            ..SimConfig::default()
        };
        SimGateway::new(config, SimMarkets::default())
    }

    /// Hour after hour of the same world, each behind the one before; then nothing more.
    fn crashed(&self, plan: &Plan, hours: i64) -> Result<(u64, u64), SessionFault> {
        let mut session = Session::open_alone(plan, Some(Box::new(self.venue())))?;
        let mut records = 0_u64;
        for hour in 0..hours {
            let start_ns = START_NS.saturating_add(hour.saturating_mul(HOUR_MS * MILLI));
            // A second of rest, so that no hour begins inside the last frame of the one before.
            let duration_ms = HOUR_MS - 1_000;
            let world = build(WorldPlan { seed: self.seed, start_ns, duration_ms });
            for record in &world.records {
                session.feed(&input(record))?;
                records = records.saturating_add(1);
            }
        }
        let orders = session.engine().desk().map_or(0, |desk| desk.orders().count());
        session.flush_durable()?;
        Ok((records, u64::try_from(orders).unwrap_or(u64::MAX)))
    }

    fn timed(&self, plan: &Plan, world: &World) -> Result<(Spread, u64), SessionFault> {
        let mut session = Session::open_alone(plan, Some(Box::new(self.venue())))?;
        let (mut times, watch) = (Vec::new(), Stopwatch::start());
        for (at, record) in world.records.iter().enumerate() {
            if at.checked_rem(BREATH) == Some(0) {
                session.flush_durable()?;
            }
            let input = input(record);
            let before = watch.elapsed_ns();
            let fed = session.feed(&input)?;
            let took = watch.elapsed_ns().saturating_sub(before);
            let is_fired = |session: &Session| {
                let last = session.engine().desk().and_then(razor_core::basket::Desk::last_order);
                last.is_some_and(|(_, slot)| {
                    slot.attempt.rung == Rung::Fire && slot.sent == Some(input.recv_ns)
                })
            };
            if fed.signals > 0 && is_fired(&session) {
                times.push(short(took));
            }
        }
        let orders = session.engine().desk().map_or(0, razor_core::basket::Desk::order_count);
        session.close()?;
        Ok((Spread::of(&mut times), orders))
    }
}

/// A record of a world as a session takes it.
fn input(record: &WorldRecord) -> Record<'_> {
    Record {
        kind: Kind::from_word(record.kind).unwrap_or(Kind::Meta),
        recv_ns: Nanos(record.recv_ns),
        conn: conn_of(record.conn),
        epoch: 0,
        payload: record.payload.as_bytes(),
    }
}

/// Definitions come by no connection; a session wants a name for it.
const fn conn_of(conn: &'static str) -> &'static str {
    if conn.is_empty() { "meta" } else { conn }
}

fn proven(floor: &Floor) -> PyResult<()> {
    if floor.is_sound() {
        Ok(())
    } else {
        Err(bad_argument("the sets did not end as their books let them"))
    }
}
