//! Recording at a fixed rate: the cost of a push on the hot thread, what was lost, what was stored.

use std::path::PathBuf;

use pyo3::prelude::*;
use razor_core::ids::ConnIx;
use razor_core::journal::{Identity, Kind};
use razor_io::clock::Stopwatch;
use razor_io::disk::RunLock;
use razor_io::journal::{
    DiskStore, JournalFault, JournalReader, Push, Recorder, RecorderSettings, recover,
};
use razor_sim::feedgen::Feed;

use super::spread::{Spread, short};
use super::workload::config;
use crate::errors::{Fault, bad_argument, closed};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// What a recording came to; see the stub.
#[pyclass(frozen, get_all, module = "razor._core")]
pub(crate) struct Recorded {
    pushed: u64,
    lost: u64,
    text_bytes: u64,
    stored_bytes: u64,
    took_ns: u64,
    late_ns_max: u64,
    sync_ns_max: u64,
    push: Spread,
    read_records: u64,
    read_ns: u64,
}

/// A live recorder and seeded frames for it; see the stub.
#[pyclass(unsendable, module = "razor._core")]
pub(crate) struct RecorderBench {
    dir: PathBuf,
    feed: Feed,
    recorder: Option<Recorder>,
    conn: ConnIx,
    watch: Stopwatch,
    times: Vec<u32>,
    done: u64,
    lost: u64,
    text_bytes: u64,
    late_ns_max: u64,
    _lock: RunLock,
}

#[pymethods]
impl RecorderBench {
    #[new]
    #[pyo3(signature = (run_dir, *, seed, markets, messages, most))]
    fn new(
        py: Python<'_>,
        run_dir: PathBuf,
        seed: u64,
        markets: u32,
        messages: u32,
        most: usize,
    ) -> PyResult<Self> {
        let identity = Identity::new("run_bench", "bench", [0; 32]).map_err(bad_argument)?;
        let feed = py.detach(|| Feed::generate(config(seed, markets, messages)));
        let (lock, recorder, conn) = start(&run_dir, identity).map_err(Fault::from)?;
        Ok(Self {
            dir: run_dir,
            feed,
            recorder: Some(recorder),
            conn,
            watch: Stopwatch::start(),
            // Made and touched before the first push: a page fault is not the recorder's cost.
            times: vec![0; most],
            done: 0,
            lost: 0,
            text_bytes: 0,
            late_ns_max: 0,
            _lock: lock,
        })
    }

    /// Starts the clock of the fixed rate.
    fn begin(&mut self) {
        self.watch = Stopwatch::start();
        self.done = 0;
    }

    /// Pushes `count` further messages at `rate` a second since [`Self::begin`].
    fn push_paced(&mut self, py: Python<'_>, rate: u64, count: u64) -> PyResult<()> {
        Ok(py.detach(|| self.paced(rate, count)).map_err(Fault::from)?)
    }

    /// Pushes `count` messages as fast as they go, then waits for the disk; ns of the pushes.
    fn push_burst(&mut self, py: Python<'_>, count: usize) -> PyResult<u64> {
        Ok(py.detach(|| self.burst(count)).map_err(Fault::from)?)
    }

    /// Ends the journal, reads it back and verifies it.
    fn finish(&mut self, py: Python<'_>) -> PyResult<Recorded> {
        let took_ns = self.watch.elapsed_ns();
        let recorder = self.recorder.take().ok_or_else(closed)?;
        let ended = py.detach(|| {
            let closed = recorder.close(0)?;
            let watch = Stopwatch::start();
            let read = JournalReader::open(&self.dir)?.for_each(|_| {})?;
            Ok::<_, JournalFault>((closed, read, watch.elapsed_ns()))
        });
        let (closed, read, read_ns) = ended.map_err(Fault::from)?;
        let timed = usize::try_from(self.done).unwrap_or(usize::MAX).min(self.times.len());
        Ok(Recorded {
            pushed: self.done,
            lost: self.lost,
            text_bytes: self.text_bytes,
            stored_bytes: closed.stats.stored_bytes,
            took_ns,
            late_ns_max: self.late_ns_max,
            sync_ns_max: closed.stats.sync_ns_max,
            push: Spread::of(self.times.get_mut(..timed).unwrap_or_default()),
            read_records: read.records,
            read_ns,
        })
    }
}

impl RecorderBench {
    fn paced(&mut self, rate: u64, count: u64) -> Result<(), JournalFault> {
        let Some(recorder) = self.recorder.as_mut() else { return Ok(()) };
        let start = usize::try_from(self.done).unwrap_or(0);
        let texts = self.feed.messages().count().max(1);
        let skipped = start.checked_rem(texts).unwrap_or(0);
        // The texts round and round, going on where the last call stopped.
        let rounds = std::iter::repeat_with(|| self.feed.messages()).flatten().skip(skipped);
        let wanted = usize::try_from(count).unwrap_or(usize::MAX);
        for text in rounds.take(wanted) {
            let due = self.done.saturating_mul(NANOS_PER_SECOND).checked_div(rate).unwrap_or(0);
            let before = wait_until(self.watch, due);
            let recv_ns = i64::try_from(before).unwrap_or(i64::MAX);
            let pushed = recorder.push(Kind::Ws, recv_ns, self.conn, 1, text)?;
            let took = self.watch.elapsed_ns().saturating_sub(before);
            self.late_ns_max = self.late_ns_max.max(before.saturating_sub(due));
            if let Some(slot) =
                usize::try_from(self.done).ok().and_then(|at| self.times.get_mut(at))
            {
                *slot = short(took);
            }
            self.done = self.done.saturating_add(1);
            match pushed {
                Push::Recorded { .. } => {
                    let len = u64::try_from(text.len()).unwrap_or(u64::MAX);
                    self.text_bytes = self.text_bytes.saturating_add(len);
                }
                Push::Shed { .. } => self.lost = self.lost.saturating_add(1),
            }
        }
        Ok(())
    }

    fn burst(&mut self, count: usize) -> Result<u64, JournalFault> {
        let Some(recorder) = self.recorder.as_mut() else { return Ok(0) };
        let texts = self.feed.messages().take(count);
        let watch = Stopwatch::start();
        for text in texts {
            std::hint::black_box(recorder.push(Kind::Ws, 0, self.conn, 1, text)?);
        }
        let took = watch.elapsed_ns();
        recorder.flush_durable()?;
        let bytes = self.feed.messages().take(count).map(<[u8]>::len);
        let bytes = u64::try_from(bytes.fold(0, usize::saturating_add)).unwrap_or(u64::MAX);
        self.text_bytes = self.text_bytes.saturating_add(bytes);
        Ok(took)
    }
}

/// Spins to a moment and gives the time it ended.
fn wait_until(watch: Stopwatch, due: u64) -> u64 {
    loop {
        let now = watch.elapsed_ns();
        if now >= due {
            return now;
        }
        std::hint::spin_loop();
    }
}

/// A recorder as a live run has it, in a new run directory.
fn start(
    run_dir: &std::path::Path,
    identity: Identity,
) -> Result<(RunLock, Recorder, ConnIx), JournalFault> {
    let mut lock = RunLock::acquire(run_dir)?;
    let recovered = recover(run_dir)?;
    let store = Box::new(DiskStore::default());
    let settings = RecorderSettings::live();
    let mut recorder = Recorder::start(&settings, identity, &recovered, &mut lock, store, 0)?;
    let conn = recorder.conn("market-0", 0)?;
    Ok((lock, recorder, conn))
}
