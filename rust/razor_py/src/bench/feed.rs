//! From bytes to set check: the loop in Rust, and one call per frame from Python.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use razor_io::clock::Stopwatch;
use razor_sim::feedgen::{Feed, TrueBook};

use super::spread::{Spread, short};
use super::workload::{Desk, config};

/// Levels of one side: (micro-dollars, micro-shares), best first.
type Levels = Vec<(u32, u64)>;

/// A seeded feed and the books it drives; see the stub.
#[pyclass(unsendable, module = "razor._core")]
pub(crate) struct FeedBench {
    feed: Feed,
    desk: Desk,
}

#[pymethods]
impl FeedBench {
    #[new]
    #[pyo3(signature = (*, seed, markets, messages))]
    fn new(py: Python<'_>, seed: u64, markets: u32, messages: u32) -> Self {
        py.detach(|| {
            let feed = Feed::generate(config(seed, markets, messages));
            let desk = Desk::new(&feed);
            Self { feed, desk }
        })
    }

    /// The frames of the initial dump.
    fn initial<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(
            py,
            self.feed.initial().map(|frame| PyBytes::new(py, frame)).collect::<Vec<_>>(),
        )
    }

    /// The frames after it.
    fn messages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let frames = self.feed.messages().map(|frame| PyBytes::new(py, frame));
        PyList::new(py, frames.collect::<Vec<_>>())
    }

    /// Token ids of each market, YES first.
    fn tokens(&self) -> Vec<(String, String)> {
        let markets = self.feed.universe.markets().iter();
        markets
            .map(|market| {
                let [yes, no] = &market.token_ids;
                (yes.to_string(), no.to_string())
            })
            .collect()
    }

    /// Legs of each watched set as token ids.
    fn sets(&self) -> Vec<Vec<String>> {
        let universe = self.feed.watched_universe();
        let texts = |leg: &razor_core::ids::TokenIx| universe.token_id(*leg).map(str::to_owned);
        universe.sets().iter().map(|set| set.legs.iter().filter_map(texts).collect()).collect()
    }

    /// True final books by market: YES bids and asks.
    fn final_books(&self) -> Vec<(Levels, Levels)> {
        let sides = |book: &TrueBook| (book.bids.clone(), book.asks.clone());
        self.feed.books.iter().map(sides).collect()
    }

    /// Bytes of the messages after the initial dump.
    #[getter]
    fn message_bytes(&self) -> usize {
        self.feed.messages().map(<[u8]>::len).fold(0, usize::saturating_add)
    }

    /// New books that have seen the initial dump.
    fn reset(&mut self, py: Python<'_>) {
        let feed = &self.feed;
        self.desk = py.detach(|| Desk::new(feed));
    }

    /// Takes one frame; gives the number of findings.
    fn feed(&mut self, frame: &[u8], recv_ns: i64) -> usize {
        self.desk.take(frame, recv_ns)
    }

    /// All messages in one loop without a clock inside; total ns.
    fn run(&mut self, py: Python<'_>) -> u64 {
        let (feed, desk) = (&self.feed, &mut self.desk);
        py.detach(|| {
            let watch = Stopwatch::start();
            for (frame, at) in feed.messages().zip(0_i64..) {
                std::hint::black_box(desk.take(frame, at));
            }
            watch.elapsed_ns()
        })
    }

    /// All messages, each timed; a time includes one reading of the clock.
    fn run_timed(&mut self, py: Python<'_>) -> Spread {
        let (feed, desk) = (&self.feed, &mut self.desk);
        py.detach(|| {
            let mut times = Vec::with_capacity(feed.messages().size_hint().0);
            let watch = Stopwatch::start();
            let mut before = watch.elapsed_ns();
            for (frame, at) in feed.messages().zip(0_i64..) {
                std::hint::black_box(desk.take(frame, at));
                let now = watch.elapsed_ns();
                times.push(short(now.saturating_sub(before)));
                before = now;
            }
            Spread::of(&mut times)
        })
    }

    /// Frames refused since the last reset.
    #[getter]
    fn refused(&self) -> u64 {
        self.desk.refused()
    }

    /// Markets whose book is not the generator's.
    #[getter]
    fn wrong_books(&self) -> u64 {
        self.desk.wrong_books(&self.feed)
    }
}
