//! An engine with many live books, to weigh the process that holds it.

use pyo3::prelude::*;
use razor_core::engine::Engine;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::NoRows;
use razor_core::ids::TokenIx;
use razor_core::units::Nanos;
use razor_sim::feedgen::{Feed, FeedConfig};

use super::replay::{START_NS, begun};
use super::workload::wrong_books;
use crate::errors::bad_argument;

/// A run that has taken the initial dump of many markets; see the stub.
#[pyclass(unsendable, module = "razor._core")]
pub(crate) struct MemoryBench {
    engine: Engine,
    tokens: u32,
    text_bytes: usize,
    wrong_books: u64,
}

#[pymethods]
impl MemoryBench {
    #[new]
    #[pyo3(signature = (params, *, seed, markets, levels))]
    fn new(py: Python<'_>, params: &[u8], seed: u64, markets: u32, levels: u32) -> PyResult<Self> {
        // The fine grid, so that every side has room for the levels.
        let config = FeedConfig { seed, markets, messages: 0, levels, fine_grid_percent: 100 };
        py.detach(|| Self::fed(params, &Feed::generate(config))).map_err(bad_argument)
    }

    /// Tokens whose book is LIVE.
    #[getter]
    fn live(&self) -> usize {
        let books = self.engine.books();
        let is_live = |token: &u32| books.is_some_and(|books| books.is_live(TokenIx(*token)));
        (0..self.tokens).filter(is_live).count()
    }

    /// Bytes of the frames that were taken.
    #[getter]
    fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Markets whose book is not the generator's.
    #[getter]
    fn wrong_books(&self) -> u64 {
        self.wrong_books
    }
}

impl MemoryBench {
    fn fed(params: &[u8], feed: &Feed) -> Result<Self, &'static str> {
        let mut engine = begun(params)?;
        let meta = feed.meta_payload();
        let frames = feed.initial().map(|frame| (Kind::Ws, "market-0", frame));
        for (kind, conn, payload) in
            std::iter::once((Kind::Meta, "gamma-0", meta.as_bytes())).chain(frames)
        {
            let record = Record { kind, recv_ns: Nanos(START_NS), conn, epoch: 1, payload };
            let stepped = engine.step(&record, &mut NoRows::default());
            stepped.map_err(|_| "a generated record is refused")?;
        }
        let markets = u32::try_from(feed.books.len()).unwrap_or(u32::MAX);
        Ok(Self {
            tokens: markets.saturating_mul(2),
            text_bytes: feed.initial().map(<[u8]>::len).fold(0, usize::saturating_add),
            wrong_books: engine.books().map_or(u64::MAX, |books| wrong_books(books, &feed.books)),
            engine,
        })
    }
}
