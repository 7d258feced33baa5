//! Replay of capture text in memory: the reader alone, and the whole fold with projections off.

use std::path::PathBuf;

use pyo3::prelude::*;
use razor_core::engine::Engine;
use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::NoRows;
use razor_core::units::Nanos;
use razor_io::capture::{self, CaptureError, CaptureWriter, TextReader, write_line};
use razor_io::clock::Stopwatch;
use razor_io::source::kind_of;
use razor_sim::feedgen::Feed;

use super::spread::{Spread, short};
use super::workload::{config, wrong_books};
use crate::errors::{Fault, bad_argument};

/// 2026-10-06, the day of the generated frames.
pub(super) const START_NS: i64 = 1_791_258_810_000_000_000;
/// One millisecond between two messages, as in the generated frames on average.
const STEP_NS: i64 = 1_000_000;
/// More text than any workload here has.
const MOST_TEXT: usize = 1 << 32;

/// A capture of the seeded feed as text in memory; see the stub.
#[pyclass(unsendable, module = "razor._core")]
pub(crate) struct ReplayBench {
    feed: Feed,
    params: Vec<u8>,
    text: Vec<u8>,
    lines: u64,
}

#[pymethods]
impl ReplayBench {
    #[new]
    #[pyo3(signature = (params, *, seed, markets, messages))]
    fn new(py: Python<'_>, params: &[u8], seed: u64, markets: u32, messages: u32) -> Self {
        py.detach(|| {
            let feed = Feed::generate(config(seed, markets, messages));
            let mut text = Vec::new();
            let lines = for_each_line(&feed, &mut |record| write_line(&mut text, record));
            Self { feed, params: params.to_vec(), text, lines }
        })
    }

    /// Lines of the capture.
    #[getter]
    fn lines(&self) -> u64 {
        self.lines
    }

    /// Bytes of its text.
    #[getter]
    fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Folds the whole text once; total ns.
    fn fold(&self, py: Python<'_>) -> PyResult<u64> {
        let timed = py.detach(|| {
            let watch = Stopwatch::start();
            let engine = self.folded(|| {})?;
            let took = watch.elapsed_ns();
            self.prove(&engine).map(|()| took)
        });
        timed.map_err(bad_argument)
    }

    /// Folds it once with each record timed; a time includes one reading of the clock.
    fn fold_timed(&self, py: Python<'_>) -> PyResult<Spread> {
        let spread = py.detach(|| {
            let mut times = Vec::with_capacity(usize::try_from(self.lines).unwrap_or(0));
            let watch = Stopwatch::start();
            let mut before = 0;
            self.folded(|| {
                let now = watch.elapsed_ns();
                times.push(short(now.saturating_sub(before)));
                before = now;
            })?;
            Ok::<_, &str>(Spread::of(&mut times))
        });
        spread.map_err(bad_argument)
    }

    /// Reads the text once without the engine; total ns.
    fn read(&self, py: Python<'_>) -> PyResult<u64> {
        let timed = py.detach(|| {
            let watch = Stopwatch::start();
            let mut reader = TextReader::new(&self.text);
            while let Some(record) = reader.next_record()? {
                std::hint::black_box(record.payload.len());
            }
            Ok::<_, CaptureError>(watch.elapsed_ns())
        });
        Ok(timed.map_err(Fault::from)?)
    }

    /// Writes the capture as a file; its size in bytes.
    fn write(&self, py: Python<'_>, path: PathBuf) -> PyResult<u64> {
        let written = py.detach(move || {
            let mut writer = CaptureWriter::create(&path, 1)?;
            let mut outcome = Ok(());
            for_each_line(&self.feed, &mut |record| {
                if outcome.is_ok() {
                    outcome = writer.write(record);
                }
            });
            outcome?;
            writer.finish(capture::Source::default())
        });
        Ok(written.map_err(Fault::from)?.file_bytes)
    }

    /// Decompresses a file of [`Self::write`] into memory; total ns.
    #[staticmethod]
    fn unpack(py: Python<'_>, path: PathBuf) -> PyResult<u64> {
        let timed = py.detach(move || {
            let watch = Stopwatch::start();
            let text = capture::read_text(&path, MOST_TEXT)?;
            std::hint::black_box(text.len());
            Ok::<_, CaptureError>(watch.elapsed_ns())
        });
        Ok(timed.map_err(Fault::from)?)
    }
}

impl ReplayBench {
    /// The engine after all lines; `after` is called behind each.
    fn folded(&self, mut after: impl FnMut()) -> Result<Engine, &'static str> {
        let (mut engine, mut sink) = (begun(&self.params)?, NoRows::default());
        let mut reader = TextReader::new(&self.text);
        while let Some(line) = reader.next_record().map_err(|_| "a generated line is refused")? {
            let record = Record {
                kind: kind_of(line.kind),
                recv_ns: Nanos(line.t),
                conn: line.conn,
                epoch: line.epoch,
                payload: line.payload,
            };
            engine.step(&record, &mut sink).map_err(|_| "a generated record is refused")?;
            after();
        }
        Ok(engine)
    }

    /// Every line was taken and the books are the generator's.
    fn prove(&self, engine: &Engine) -> Result<(), &'static str> {
        let counts = engine.integrity();
        let books = engine.books().ok_or("the run has no books")?;
        let is_whole = counts.records == self.lines && counts.frames_refused == 0;
        if is_whole && wrong_books(books, &self.feed.books) == 0 {
            Ok(())
        } else {
            Err("the books after the replay are not the generator's")
        }
    }
}

/// An engine that has its settings.
pub(super) fn begun(params: &[u8]) -> Result<Engine, &'static str> {
    let mut engine = Engine::default();
    let record =
        Record { kind: Kind::Params, recv_ns: Nanos(0), conn: "", epoch: 0, payload: params };
    let begun = engine.step(&record, &mut NoRows::default());
    begun.map_err(|_| "params are not the settings of a run")?;
    Ok(engine)
}

/// The feed as capture records: definitions, initial dump, messages a millisecond apart.
fn for_each_line(feed: &Feed, take: &mut impl FnMut(&capture::Record<'_>)) -> u64 {
    let meta = feed.meta_payload();
    let first = (capture::Kind::Meta, "gamma-0", meta.as_bytes());
    let frames = feed.initial().chain(feed.messages());
    let rest = frames.map(|frame| (capture::Kind::Ws, "market-0", frame));
    let (mut t, mut lines) = (START_NS, 0_u64);
    for (kind, conn, payload) in std::iter::once(first).chain(rest) {
        take(&capture::Record { kind, t, conn, epoch: 1, payload });
        t = t.saturating_add(STEP_NS);
        lines = lines.saturating_add(1);
    }
    lines
}
