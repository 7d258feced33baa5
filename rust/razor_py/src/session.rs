//! A run being written, as Python drives it: one call per frame, bytes in, facts out.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use razor_core::book::{BookSide, Books};
use razor_core::engine::Engine;
use razor_core::engine::record::{Kind, Record};
use razor_core::ids::{MarketIx, Outcome, TokenIx};
use razor_core::journal::Identity;
use razor_core::units::Nanos;
use razor_io::journal::RecorderSettings;
use razor_io::raw::RawSettings;
use razor_io::session::{Fed, Plan, Session as Inner};

use crate::errors::{Fault, bad_argument, closed};
use crate::lock::RunLock;
use crate::sim::SimVenue;
use crate::source::Source;

/// What the engine found in one record; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct FeedFacts {
    refused: String,
    resnapshot: Vec<String>,
    mismatched: Vec<String>,
    compare: Vec<String>,
    is_shed: bool,
    signals: u32,
}

/// A signal, for showing; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct SignalNotice {
    signal_id: u64,
    market_id: String,
    recv_ns: i64,
    expected_net_bps: i32,
}

/// One token's book as it stands; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct BookSnapshot {
    token_id: String,
    state: String,
    tick_micros: u32,
    bids: Vec<(u32, u64)>,
    asks: Vec<(u32, u64)>,
    venue_ts_ms: Option<i64>,
    proof_recv_ns: Option<i64>,
}

/// A run being written; see the stub.
#[pyclass(unsendable, module = "razor._core")]
pub(crate) struct Session {
    inner: Option<Inner>,
}

#[pymethods]
impl Session {
    /// Begins or resumes a run.
    #[staticmethod]
    #[pyo3(signature = (
        run_dir, *, run_id, build_id, settings_sha256, params, is_live, now_ns, raw_ws=None,
        sim=None, lock=None, durable_intents=false
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments, each with its own meaning")]
    fn open(
        py: Python<'_>,
        run_dir: PathBuf,
        run_id: &str,
        build_id: &str,
        settings_sha256: [u8; 32],
        params: &[u8],
        is_live: bool,
        now_ns: i64,
        raw_ws: Option<(u64, u64)>,
        sim: Option<&SimVenue>,
        mut lock: Option<PyRefMut<'_, RunLock>>,
        durable_intents: bool,
    ) -> PyResult<Self> {
        let identity = Identity::new(run_id, build_id, settings_sha256).map_err(bad_argument)?;
        let recorder = if is_live { RecorderSettings::live() } else { RecorderSettings::replay() };
        let raw = raw_ws.map(|(rotate_bytes, keep)| RawSettings { rotate_bytes, keep });
        let plan = Plan {
            run_dir,
            identity,
            params: params.to_vec(),
            recorder,
            now_ns,
            raw,
            durable_intents,
        };
        let venue = sim.map(SimVenue::venue);
        let lock = lock.as_mut().map(|lock| lock.get_mut()).transpose()?;
        let inner = py.detach(|| match lock {
            Some(lock) => Inner::open_with(&plan, lock, venue),
            None => Inner::open_alone(&plan, venue),
        });
        let inner = inner.map_err(Fault::from)?;
        Ok(Self { inner: Some(inner) })
    }

    /// Whether an unclean end was found and the run goes on behind it.
    #[getter]
    fn is_resumed(&self) -> PyResult<bool> {
        Ok(self.get()?.is_resumed())
    }

    /// Takes one record; `None` when there is nothing to say about it.
    fn feed(
        &mut self,
        kind: &str,
        conn: &str,
        epoch: u32,
        recv_ns: i64,
        payload: &[u8],
    ) -> PyResult<Option<FeedFacts>> {
        let kind = Kind::from_word(kind).ok_or_else(|| bad_argument("unknown record kind"))?;
        let inner = self.get_mut()?;
        let record = Record { kind, recv_ns: Nanos(recv_ns), conn, epoch, payload };
        let fed = inner.feed(&record).map_err(Fault::from)?;
        Ok(facts(inner.engine(), kind, fed))
    }

    /// Takes at most `budget` records of a source, none from beyond `until_ns`.
    fn pump(
        &mut self,
        py: Python<'_>,
        source: &mut Source,
        until_ns: i64,
        budget: u64,
    ) -> PyResult<(u64, u64, bool)> {
        let inner = self.get_mut()?;
        let reader = source.get_mut()?;
        let pumped = py.detach(|| inner.pump(reader, until_ns, budget)).map_err(Fault::from)?;
        Ok((pumped.records, pumped.signals, pumped.is_ended))
    }

    /// Receive time of the record that waits for its time.
    #[getter]
    fn next_ns(&self) -> PyResult<Option<i64>> {
        Ok(self.get()?.next_ns())
    }

    /// Engine time, the largest receive time so far.
    #[getter]
    fn now_ns(&self) -> PyResult<i64> {
        Ok(self.get()?.engine().now().0)
    }

    /// Hands what is kept back to the operating system.
    fn flush(&mut self, py: Python<'_>) -> PyResult<()> {
        let inner = self.get_mut()?;
        Ok(py.detach(|| inner.flush()).map_err(Fault::from)?)
    }

    /// Makes everything durable and gives back the last durable number.
    fn flush_durable(&mut self, py: Python<'_>) -> PyResult<u64> {
        let inner = self.get_mut()?;
        Ok(py.detach(|| inner.flush_durable()).map_err(Fault::from)?)
    }

    /// Last record known durable.
    #[getter]
    fn durable_seq(&self) -> PyResult<u64> {
        Ok(self.get()?.durable_seq())
    }

    /// The signals since the last call.
    fn take_signals(&mut self) -> PyResult<Vec<SignalNotice>> {
        let inner = self.get_mut()?;
        let notices = inner.take_signals();
        let universe = inner.engine().universe();
        Ok(notices
            .into_iter()
            .map(|notice| SignalNotice {
                signal_id: notice.signal_id,
                market_id: universe
                    .and_then(|universe| universe.set(notice.set))
                    .map(|set| set.key.to_string())
                    .unwrap_or_default(),
                recv_ns: notice.recv_ns.0,
                expected_net_bps: notice.expected_net.raw(),
            })
            .collect())
    }

    /// The book of a token; `None` for a token that no market defines.
    fn book(&self, token_id: &str) -> PyResult<Option<BookSnapshot>> {
        let books = self.get()?.engine().books();
        let found = books.and_then(|books| {
            books.registry().token(token_id.as_bytes()).map(|token| snapshot(books, token))
        });
        Ok(found)
    }

    /// Counters and integrity counts as JSON text.
    fn counts_json(&self) -> PyResult<String> {
        let engine = self.get()?.engine();
        let counts = (engine.counters(), engine.integrity());
        Ok(razor_io::json::text(&counts))
    }

    /// Takes an operator's command and makes it durable.
    fn command(&mut self, py: Python<'_>, at_ns: i64, payload: &[u8]) -> PyResult<()> {
        let inner = self.get_mut()?;
        Ok(py.detach(|| inner.command(at_ns, payload)).map_err(Fault::from)?)
    }

    /// What an operator asks of a run, as JSON text.
    fn standing_json(&self) -> PyResult<String> {
        Ok(razor_io::standing::text(self.get()?))
    }

    /// Lets the venue tell what it still owes, at the end of the inputs.
    fn end_orders(&mut self, py: Python<'_>) -> PyResult<()> {
        let inner = self.get_mut()?;
        Ok(py.detach(|| inner.drain_venue()).map_err(Fault::from)?)
    }

    /// Writes down a fault that was injected outside the simulated venue, by its number.
    fn note_injected(&mut self, code: u8) -> PyResult<()> {
        Ok(self.get_mut()?.note_injected(code).map_err(Fault::from)?)
    }

    /// Why trading has stopped; `None` while it has not, and in a dry run.
    #[getter]
    fn hard_stop(&self) -> PyResult<Option<String>> {
        let desk = self.get()?.engine().desk();
        Ok(desk.and_then(razor_core::basket::Desk::stopped).map(|guard| guard.to_string()))
    }

    /// Liveness of all tokens and connections.
    fn liveness(&self) -> PyResult<Liveness> {
        Ok(liveness_of(self.get()?.engine()))
    }

    /// Ends the run in order and gives back the number of its last record.
    fn close(&mut self, py: Python<'_>) -> PyResult<u64> {
        let inner = self.inner.take().ok_or_else(closed)?;
        let ended = py.detach(|| inner.close()).map_err(Fault::from)?;
        Ok(ended.last_seq)
    }

    /// Leaves the run as a crash would, without an end record.
    fn abandon(&mut self) {
        self.inner = None;
    }
}

impl Session {
    fn get(&self) -> PyResult<&Inner> {
        self.inner.as_ref().ok_or_else(closed)
    }

    fn get_mut(&mut self) -> PyResult<&mut Inner> {
        self.inner.as_mut().ok_or_else(closed)
    }
}

/// Tokens as (id, hydrated, last receive ns, venue ms), connections as (name, last data ns).
pub(crate) type Liveness = (Vec<(String, bool, i64, i64)>, Vec<(String, i64)>);

/// Liveness of all tokens and connections of an engine; 0 stands for never.
pub(crate) fn liveness_of(engine: &Engine) -> Liveness {
    let (Some(universe), Some(books)) = (engine.universe(), engine.books()) else {
        return (Vec::new(), Vec::new());
    };
    let markets = u32::try_from(universe.markets().len()).unwrap_or(u32::MAX);
    let mut tokens = Vec::new();
    for market in (0..markets).map(MarketIx) {
        let venue_ms = books.freshness(market).venue_ts_ms.unwrap_or(0);
        for token in [Outcome::Yes, Outcome::No].map(|side| TokenIx::of(market, side)) {
            let text = universe.token_id(token).unwrap_or_default();
            let last = books.token_liveness(token).last_recv_ns.map_or(0, |at| at.0);
            tokens.push((text.to_owned(), books.is_live(token), last, venue_ms));
        }
    }
    let conns = engine.conns().iter().zip(0_u16..).map(|(name, index)| {
        let live = books.conn_liveness(razor_core::ids::ConnIx(index));
        (name.to_string(), live.last_data_ns.map_or(0, |at| at.0))
    });
    (tokens, conns.collect())
}

fn snapshot(books: &Books, token: TokenIx) -> BookSnapshot {
    let levels = |side| {
        books.levels(token, side).map(|(price, qty)| (price.micros(), qty.0)).collect::<Vec<_>>()
    };
    let (market, _) = token.split();
    let text = books.registry().token_text(token).unwrap_or_default();
    BookSnapshot {
        token_id: String::from_utf8_lossy(text).into_owned(),
        state: format!("{:?}", books.state(token)),
        tick_micros: books.grid(market).map_or(0, |grid| grid.tick.micros()),
        bids: levels(BookSide::Bids),
        asks: levels(BookSide::Asks),
        venue_ts_ms: books.freshness(market).venue_ts_ms,
        proof_recv_ns: books.proof(market).map(|at| at.0),
    }
}

/// Facts of a record that somebody should act on.
pub(crate) fn facts(engine: &Engine, kind: Kind, fed: Fed) -> Option<FeedFacts> {
    let is_frame = matches!(kind, Kind::Ws | Kind::Rest);
    let attention = engine.attention().filter(|_| is_frame);
    if attention.is_none() && !fed.is_shed && !fed.is_refused && fed.signals == 0 {
        return None;
    }
    let tokens = |markets: &[MarketIx]| -> Vec<String> {
        let universe = engine.universe();
        let texts = markets.iter().filter_map(|market| universe?.market(*market));
        texts.flat_map(|market| market.token_ids.iter().map(ToString::to_string)).collect()
    };
    let refusal = attention.and_then(|asked| asked.refusal).map(|refusal| refusal.to_string());
    let refused = refusal.or_else(|| fed.is_refused.then(|| format!("{} record", kind.word())));
    Some(FeedFacts {
        refused: refused.unwrap_or_default(),
        resnapshot: attention.map(|asked| tokens(&asked.resnapshot)).unwrap_or_default(),
        mismatched: attention.map(|asked| tokens(&asked.mismatched)).unwrap_or_default(),
        compare: attention.map(|asked| tokens(&asked.compare)).unwrap_or_default(),
        is_shed: fed.is_shed,
        signals: fed.signals,
    })
}

/// SHA-256 of bytes, for seals and ids.
#[pyfunction]
pub(crate) fn sha256<'py>(py: Python<'py>, content: &[u8]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &razor_io::digest::sha256(content))
}
