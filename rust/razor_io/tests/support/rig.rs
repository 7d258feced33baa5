//! What the tests of the recorder share: a run directory, small settings, a store that fails.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use razor_core::journal::Identity;
use razor_io::clock::Stopwatch;
use razor_io::disk::RunLock;
use razor_io::journal::{
    DiskStore, Durability, JournalFault, Probe, Recorder, RecorderSettings, Store, recover,
};
use tempfile::TempDir;

/// A run directory that goes away.
pub struct Rig {
    dir: TempDir,
}

pub fn identity() -> Identity {
    Identity::new("run_20260429_021025_000001", "0.1.0+test", [7; 32]).unwrap()
}

/// Deterministic and small, so that blocks and segments change often.
pub fn replay_settings() -> RecorderSettings {
    RecorderSettings {
        chunk_bytes: 16 * 1024,
        chunks: 4,
        segment_bytes: 64 * 1024,
        durability: Durability::None,
        reserve_bytes: 64 * 1024,
        headroom_bytes: 0,
        ..RecorderSettings::replay()
    }
}

/// A payload of about 300 bytes that does not compress away.
pub fn payload(seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..300)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// Waits for something another thread does; gives up after ten seconds.
pub fn wait_until(done: impl Fn() -> bool) {
    let watch = Stopwatch::start();
    while !done() {
        assert!(watch.elapsed() < Duration::from_secs(10), "it did not happen");
        std::thread::yield_now();
    }
}

impl Rig {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn journal(&self) -> PathBuf {
        self.path().join("journal")
    }

    /// Contents of all segments in order.
    pub fn segments(&self) -> Vec<Vec<u8>> {
        (1..)
            .map_while(|number| {
                fs::read(razor_io::journal::segment_path(&self.journal(), number)).ok()
            })
            .collect()
    }

    pub fn start(&self, settings: &RecorderSettings) -> Recorder {
        self.try_start(settings).unwrap()
    }

    pub fn try_start(&self, settings: &RecorderSettings) -> Result<Recorder, JournalFault> {
        self.try_start_as(identity(), settings)
    }

    pub fn try_start_as(
        &self,
        identity: Identity,
        settings: &RecorderSettings,
    ) -> Result<Recorder, JournalFault> {
        start_in(self.path(), identity, settings, Box::new(DiskStore::default()))
    }

    pub fn start_on(&self, settings: &RecorderSettings, store: Box<dyn Store>) -> Recorder {
        start_in(self.path(), identity(), settings, store).unwrap()
    }
}

pub fn start_in(
    dir: &Path,
    identity: Identity,
    settings: &RecorderSettings,
    store: Box<dyn Store>,
) -> Result<Recorder, JournalFault> {
    let mut lock = RunLock::acquire(dir)?;
    Recorder::start(settings, identity, &recover(dir)?, &mut lock, store, 77)
}

/// What the shim does to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call fails with this code and does nothing.
    Fails(i32),
    /// A write writes this many bytes less than asked, then each later write fails with this code.
    Short(usize, i32),
    /// The call waits until [`Plan::open`] says so.
    Waits,
}

/// Which calls of a store go wrong; shared with the test.
#[derive(Debug, Default)]
pub struct Plan {
    /// Call number (write and sync counted together, from 0) and what happens from it on.
    pub fault: Option<(u64, Fault)>,
    /// Whether waiting calls may go on.
    pub open: bool,
    /// Calls so far.
    pub calls: u64,
    /// Whether a disk that was full has space again once the reserve is gone.
    pub heals_without: Option<PathBuf>,
}

/// Real files with faults in between.
pub struct FaultyStore {
    pub disk: DiskStore,
    pub plan: Arc<Mutex<Plan>>,
}

impl FaultyStore {
    pub fn boxed(plan: &Arc<Mutex<Plan>>) -> Box<dyn Store> {
        Box::new(Self { disk: DiskStore::default(), plan: Arc::clone(plan) })
    }

    /// The fault of this call, if it is to go wrong.
    fn next(&self) -> Option<(bool, Fault)> {
        let mut plan = self.plan.lock().unwrap();
        let call = plan.calls;
        plan.calls += 1;
        if plan.heals_without.as_ref().is_some_and(|path| !path.exists()) {
            return None;
        }
        plan.fault.filter(|(from, _)| call >= *from).map(|(from, fault)| (call == from, fault))
    }

    fn wait(&self) {
        wait_until(|| self.plan.lock().unwrap().open);
    }
}

impl Store for FaultyStore {
    fn create(&mut self, path: &Path) -> io::Result<()> {
        self.disk.create(path)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.next() {
            None => self.disk.write(bytes),
            Some((true, Fault::Short(missing, _))) if bytes.len() > missing => {
                self.disk.write(&bytes[..bytes.len() - missing])
            }
            Some((_, Fault::Fails(code) | Fault::Short(_, code))) => {
                Err(io::Error::from_raw_os_error(code))
            }
            Some((_, Fault::Waits)) => {
                self.wait();
                self.disk.write(bytes)
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.next() {
            None | Some((true, Fault::Short(..))) => self.disk.sync(),
            Some((_, Fault::Fails(code) | Fault::Short(_, code))) => {
                Err(io::Error::from_raw_os_error(code))
            }
            Some((_, Fault::Waits)) => {
                self.wait();
                self.disk.sync()
            }
        }
    }

    fn probe(&mut self, path: &Path) -> io::Result<Probe> {
        self.disk.probe(path)
    }
}
