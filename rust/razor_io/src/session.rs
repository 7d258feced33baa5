//! A run being written: the engine, its journal and its tables, joined.
//!
//! Owns: the order of things for each input (the journal first, the engine second, the tables
//! third) and for each start (prove what is there, fold it, write the tables anew, go on).
//!
//! Must never: let the engine see a record that the journal does not have. A record that the
//! recorder shed is not stepped; the gap it wrote instead is.
//!
//! Invariants: the tables are the fold of the journal at every clean end; a session that is
//! dropped without [`Session::close`] leaves what a crash would leave; a start that is refused
//! leaves the run as it was.

use std::path::PathBuf;

use razor_core::engine::record::{Kind, Record};
use razor_core::engine::table::{NoRows, SignalNotice};
use razor_core::engine::{Engine, EngineError, Stepped};
use razor_core::ids::ConnIx;
use razor_core::journal::{Identity, NO_CONN};
use razor_core::units::Nanos;
use thiserror::Error;

use crate::disk::{LockHold, RunLock};
use crate::fault::IoFault;
use crate::journal::{
    Closed, DiskStore, Gap, JournalFault, Push, Recorder, RecorderSettings, Recovered, Tail,
    recover_with,
};
use crate::orders::Venue;
use crate::projection::Tables;
use crate::raw::{RawLog, RawSettings};
use crate::source::{RecordSource, SourceFault};

/// Why a session stopped.
#[derive(Debug, Error)]
pub enum SessionFault {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalFault),
    /// A table or the directory.
    #[error(transparent)]
    Io(#[from] IoFault),
    /// The engine: the records are no run of ours.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What is read does not go on.
    #[error(transparent)]
    Source(#[from] SourceFault),
}

impl SessionFault {
    /// Whether what is written can no longer be relied on (D-10): trading stops at once.
    pub const fn is_loss_of_durability(&self) -> bool {
        match self {
            Self::Io(_) => true,
            Self::Journal(fault) => match fault {
                JournalFault::Io(_)
                | JournalFault::Overloaded { .. }
                | JournalFault::SlowSync { .. }
                | JournalFault::WriterGone => true,
                JournalFault::Format(_)
                | JournalFault::Closed
                | JournalFault::OtherRun
                | JournalFault::UnknownConn { .. }
                | JournalFault::OwnKind { .. }
                | JournalFault::Setting { .. } => false,
            },
            Self::Engine(_) | Self::Source(_) => false,
        }
    }
}

/// What a session is told.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Directory of the run; exists.
    pub run_dir: PathBuf,
    /// Run, build and settings.
    pub identity: Identity,
    /// Payload of the `params` record.
    pub params: Vec<u8>,
    /// How the journal is written.
    pub recorder: RecorderSettings,
    /// Time of the start, for the record of a recovery.
    pub now_ns: i64,
    /// The optional copy of received frames.
    pub raw: Option<RawSettings>,
    /// Whether an intent must be on disk before its order leaves: always, where orders are real.
    pub durable_intents: bool,
}

/// What became of one input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fed {
    /// The input was shed: it is neither in the journal nor in the books.
    pub is_shed: bool,
    /// The engine refused it; it is recorded.
    pub is_refused: bool,
    /// Signals it raised.
    pub signals: u32,
}

/// How far a pump went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pumped {
    /// Records taken.
    pub records: u64,
    /// Signals raised.
    pub signals: u64,
    /// Whether the source has ended.
    pub is_ended: bool,
}

/// An input that lies beyond the time a pump was allowed to reach.
#[derive(Debug, Clone, Default)]
struct Held {
    kind: Option<Kind>,
    recv_ns: i64,
    conn: String,
    epoch: u32,
    payload: Vec<u8>,
}

/// A run being written.
pub struct Session {
    pub(crate) engine: Engine,
    pub(crate) recorder: Recorder,
    pub(crate) tables: Tables,
    raw: Option<RawLog>,
    conns: Vec<(String, ConnIx)>,
    held: Held,
    resumed: bool,
    durable_intents: bool,
    pub(crate) venue: Option<Venue>,
    /// When the last signal is to be delivered again (F-60), soonest first.
    pub(crate) repeats: Vec<i64>,
    pub(crate) signals_seen: u64,
    /// The disk cannot be trusted with what is written: nothing is sent but cancels (D-10).
    pub(crate) is_lost: bool,
    _hold: LockHold,
}

impl Session {
    /// Begins a run, or goes on with one that ended uncleanly under the same run, build and
    /// settings.
    ///
    /// # Errors
    /// [`SessionFault`]: a lock held by another process, settings the engine refuses (the directory
    /// can then be opened with others), a corrupt journal, a journal of another run or one that was
    /// closed, a full disk.
    pub fn open(plan: &Plan) -> Result<Self, SessionFault> {
        Self::open_alone(plan, None)
    }

    /// As [`Session::open`], with a venue that orders go to.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open_alone(plan: &Plan, venue: Option<Venue>) -> Result<Self, SessionFault> {
        Self::open_with(plan, &mut RunLock::acquire(&plan.run_dir)?, venue)
    }

    /// As [`Session::open`] under a lock of the run directory that the caller took before and may
    /// keep longer; the session holds it, too.
    ///
    /// # Errors
    /// As [`Session::open`]; [`IoFault::Locked`] also while another session writes under the lock.
    ///
    /// # Panics
    /// When the lock is that of another directory than the plan's.
    pub fn open_under(plan: &Plan, lock: &mut RunLock) -> Result<Self, SessionFault> {
        Self::open_with(plan, lock, None)
    }

    /// As [`Session::open_under`], with a venue that orders go to.
    ///
    /// # Errors
    /// As [`Session::open_under`].
    ///
    /// # Panics
    /// As [`Session::open_under`].
    pub fn open_with(
        plan: &Plan,
        lock: &mut RunLock,
        venue: Option<Venue>,
    ) -> Result<Self, SessionFault> {
        assert_eq!(lock.dir(), plan.run_dir, "the lock of another run guards nothing here");
        check_params(&plan.params)?;
        let writing = lock.lend()?;
        let (engine, mut tables, recovered) = fold_existing(plan)?;
        let resumed = recovered.summary().tail != Tail::Empty;
        let recorder = Recorder::start(
            &plan.recorder,
            plan.identity.clone(),
            &recovered,
            lock,
            Box::new(DiskStore::default()),
            plan.now_ns,
        )?;
        // Also when nothing was recorded before: the tables may stand beside their places.
        tables.publish()?;
        let raw = plan.raw.map(|settings| RawLog::open(&plan.run_dir, settings)).transpose()?;
        let mut session = Self {
            engine,
            recorder,
            tables,
            raw,
            conns: Vec::new(),
            held: Held::default(),
            resumed,
            durable_intents: plan.durable_intents,
            venue,
            repeats: Vec::new(),
            signals_seen: 0,
            is_lost: false,
            _hold: writing,
        };
        session.begin(plan)?;
        Ok(session)
    }

    /// The first record of a new run, or the engine's notice of the recovery in an old one. A crash
    /// may have come before the settings were written; they are then the first input after it.
    fn begin(&mut self, plan: &Plan) -> Result<(), SessionFault> {
        if self.engine.universe().is_some() {
            self.define();
            if let Some(venue) = &mut self.venue {
                venue.recall(Nanos(plan.now_ns), &self.engine.past());
            }
            self.step(Kind::Recovery, plan.now_ns, "", 0, b"")?;
            return self.serve();
        }
        self.recorder.push(Kind::Params, 0, NO_CONN, 0, &plan.params)?;
        self.step(Kind::Params, 0, "", 0, &plan.params)?;
        Ok(())
    }

    /// Whether this session goes on with an earlier one.
    pub const fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Takes one input: journal, engine, tables.
    ///
    /// # Errors
    /// [`SessionFault`]; the run must end then, what was durable stays so.
    pub fn feed(&mut self, record: &Record<'_>) -> Result<Fed, SessionFault> {
        let taken = self.take(record);
        self.watched(taken)
    }

    fn take(&mut self, record: &Record<'_>) -> Result<Fed, SessionFault> {
        if record.kind == Kind::Params {
            // Refused before the journal has it: with them twice it could not be folded again.
            return Err(EngineError::Order { found: record.kind }.into());
        }
        if self.is_told_by_venue(record.kind) {
            return Ok(Fed::default());
        }
        self.catch_up(record.recv_ns.0)?;
        let conn = self.conn(record.conn, record.recv_ns.0)?;
        let (kind, recv_ns) = (record.kind, record.recv_ns.0);
        let pushed = self.recorder.push(kind, recv_ns, conn, record.epoch, record.payload)?;
        let (gap, is_shed) = match pushed {
            Push::Recorded { gap, .. } => (gap, false),
            Push::Shed { gap } => (gap, true),
        };
        if let Some(gap) = gap {
            self.step_gap(gap)?;
        }
        if is_shed {
            return Ok(Fed { is_shed, ..Fed::default() });
        }
        if let (Some(raw), Kind::Ws) = (&mut self.raw, kind) {
            raw.push(record.recv_ns.millis_floor(), record.payload)?;
        }
        let stepped = self.step_engine(record)?;
        if kind == Kind::Meta {
            self.define();
        }
        self.serve()?;
        self.plan_repeats(stepped.signals)?;
        self.settle_command(record)?;
        Ok(Fed { is_shed, is_refused: stepped.is_refused, signals: stepped.signals })
    }

    /// Whether a record of a recording is the story of its own orders: a session with a venue
    /// writes its own.
    fn is_told_by_venue(&self, kind: Kind) -> bool {
        self.venue.is_some() && matches!(kind, Kind::Intent | Kind::Venue | Kind::Operator)
    }

    /// Journals and steps a record that the session makes itself; it is never shed.
    pub(crate) fn push_own(
        &mut self,
        kind: Kind,
        at: i64,
        payload: &[u8],
    ) -> Result<(), SessionFault> {
        self.settle_loss()?;
        match self.recorder.push(kind, at, NO_CONN, 0, payload)? {
            Push::Recorded { gap, .. } => {
                if let Some(gap) = gap {
                    self.step_gap(gap)?;
                }
                self.step(kind, at, "", 0, payload)
            }
            // What the order path did must be in the journal, or trading stops (D-10).
            Push::Shed { .. } => Err(JournalFault::Overloaded { waited_ms: 0 }.into()),
        }
    }

    /// Journals an intent of an order or a merge, waits for the disk where the run says so, and
    /// only then steps it.
    pub(crate) fn push_intent(&mut self, at: i64, bytes: &[u8]) -> Result<(), SessionFault> {
        self.settle_loss()?;
        match self.recorder.push(Kind::Intent, at, NO_CONN, 0, bytes)? {
            Push::Recorded { gap, .. } => {
                if let Some(gap) = gap {
                    self.step_gap(gap)?;
                }
            }
            Push::Shed { .. } => return Err(JournalFault::Overloaded { waited_ms: 0 }.into()),
        }
        if self.durable_intents {
            self.recorder.flush_durable()?;
        }
        self.step(Kind::Intent, at, "", 0, bytes)
    }

    fn step_gap(&mut self, gap: Gap) -> Result<(), SessionFault> {
        let payload = gap.payload();
        self.step(Kind::Gap, gap.to_ns, "", 0, payload.as_bytes())
    }

    /// Brings a loss that is not yet said into the journal and the engine, because the recorder's
    /// own next record would say it in the journal alone.
    fn settle_loss(&mut self) -> Result<(), SessionFault> {
        match self.recorder.settle_loss()? {
            Some(gap) => self.step_gap(gap),
            None => Ok(()),
        }
    }

    fn step(
        &mut self,
        kind: Kind,
        recv_ns: i64,
        conn: &str,
        epoch: u32,
        payload: &[u8],
    ) -> Result<(), SessionFault> {
        let record = Record { kind, recv_ns: Nanos(recv_ns), conn, epoch, payload };
        self.step_engine(&record).map(drop)
    }

    /// Steps the engine. A stop of trading is durable before anything is done about it: whoever
    /// dies right behind it comes back stopped, because the fold of the journal is stopped (S-06).
    fn step_engine(&mut self, record: &Record<'_>) -> Result<Stepped, SessionFault> {
        let was_stopped = self.is_stopped();
        let stepped = self.engine.step(record, &mut self.tables)?;
        if self.is_stopped() && !was_stopped {
            self.recorder.flush_durable()?;
        }
        Ok(stepped)
    }

    fn is_stopped(&self) -> bool {
        self.engine.desk().is_some_and(|desk| desk.stopped().is_some())
    }

    fn conn(&mut self, name: &str, recv_ns: i64) -> Result<ConnIx, SessionFault> {
        if name.is_empty() {
            return Ok(NO_CONN);
        }
        if let Some((_, conn)) = self.conns.iter().find(|(known, _)| known == name) {
            return Ok(*conn);
        }
        self.settle_loss()?;
        let conn = self.recorder.conn(name, recv_ns)?;
        self.conns.push((name.to_owned(), conn));
        Ok(conn)
    }

    /// Takes at most `budget` inputs of a source, none beyond the receive time `until_ns`.
    ///
    /// # Errors
    /// [`SessionFault`].
    pub fn pump(
        &mut self,
        source: &mut RecordSource,
        until_ns: i64,
        budget: u64,
    ) -> Result<Pumped, SessionFault> {
        let mut pumped = Pumped::default();
        if budget == 0 || !self.feed_held(until_ns, &mut pumped)? {
            return Ok(pumped);
        }
        while pumped.records < budget {
            let Some(record) = source.next_record()? else {
                pumped.is_ended = true;
                return Ok(pumped);
            };
            if record.recv_ns.0 > until_ns {
                self.held = Held {
                    kind: Some(record.kind),
                    recv_ns: record.recv_ns.0,
                    conn: record.conn.to_owned(),
                    epoch: record.epoch,
                    payload: record.payload.to_vec(),
                };
                return Ok(pumped);
            }
            let fed = self.feed(&record)?;
            pumped.records = pumped.records.saturating_add(1);
            pumped.signals = pumped.signals.saturating_add(u64::from(fed.signals));
        }
        Ok(pumped)
    }

    /// Takes the input that waited, if its time has come; false while it has not.
    fn feed_held(&mut self, until_ns: i64, pumped: &mut Pumped) -> Result<bool, SessionFault> {
        let Some(kind) = self.held.kind else { return Ok(true) };
        if self.held.recv_ns > until_ns {
            return Ok(false);
        }
        let held = std::mem::take(&mut self.held);
        let record = Record {
            kind,
            recv_ns: Nanos(held.recv_ns),
            conn: &held.conn,
            epoch: held.epoch,
            payload: &held.payload,
        };
        let fed = self.feed(&record)?;
        pumped.records = pumped.records.saturating_add(1);
        pumped.signals = pumped.signals.saturating_add(u64::from(fed.signals));
        Ok(true)
    }

    /// Receive time of the input that waits for its time, if one does.
    pub fn next_ns(&self) -> Option<i64> {
        self.held.kind.map(|_| self.held.recv_ns)
    }

    /// Hands what is kept back to the operating system; for quiet sources, to be called by a timer.
    ///
    /// # Errors
    /// [`SessionFault`].
    pub fn flush(&mut self) -> Result<(), SessionFault> {
        let flushed = self.hand_over();
        self.watched(flushed)
    }

    fn hand_over(&mut self) -> Result<(), SessionFault> {
        self.recorder.flush()?;
        self.tables.flush()?;
        self.flush_raw()
    }

    fn flush_raw(&mut self) -> Result<(), SessionFault> {
        if let Some(raw) = &mut self.raw {
            raw.flush()?;
        }
        Ok(())
    }

    /// Makes everything taken so far durable and gives back its number.
    ///
    /// # Errors
    /// [`SessionFault`].
    pub fn flush_durable(&mut self) -> Result<u64, SessionFault> {
        let synced = self.sync();
        self.watched(synced)
    }

    fn sync(&mut self) -> Result<u64, SessionFault> {
        let seq = self.recorder.flush_durable()?;
        self.tables.sync()?;
        Ok(seq)
    }

    /// Refuses to go on behind a fault of the disk that has not been met by a write since.
    pub(crate) fn check_disk(&self) -> Result<(), SessionFault> {
        self.recorder.check()?;
        Ok(self.tables.check()?)
    }

    /// Last record known durable.
    pub fn durable_seq(&self) -> u64 {
        self.recorder.durable_seq()
    }

    /// The signals since the last call.
    pub fn take_signals(&mut self) -> Vec<SignalNotice> {
        self.tables.take_signals()
    }

    /// The engine, for reading.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Ends the run in order: open windows are dropped and counted, everything is durable.
    ///
    /// # Errors
    /// [`SessionFault`]; the run then looks like one that crashed.
    pub fn close(mut self) -> Result<Closed, SessionFault> {
        self.check_disk()?;
        self.drain_venue()?;
        self.settle_loss()?;
        let now_ns = self.engine.now().0.max(0);
        self.step(Kind::End, now_ns, "", 0, b"")?;
        self.flush_raw()?;
        let closed = self.recorder.close(now_ns)?;
        self.tables.sync()?;
        Ok(closed)
    }
}

/// Refuses settings that the engine would refuse, before the journal has them: one that begins with
/// such a record can never be folded again.
fn check_params(payload: &[u8]) -> Result<(), EngineError> {
    let record = Record { kind: Kind::Params, recv_ns: Nanos(0), conn: "", epoch: 0, payload };
    Engine::default().step(&record, &mut NoRows::default()).map(drop)
}

/// Proves the journal that is there and folds it into tables beside the old ones.
fn fold_existing(plan: &Plan) -> Result<(Engine, Tables, Recovered), SessionFault> {
    let is_new = !plan.run_dir.join(crate::journal::JOURNAL_DIR).exists();
    let mut tables =
        if is_new { Tables::create(&plan.run_dir)? } else { Tables::rebuild(&plan.run_dir)? };
    let mut fold = Fold::default();
    let recovered = recover_with(&plan.run_dir, |record| fold.take(record, &mut tables))?;
    if let Some(error) = fold.error {
        return Err(error.into());
    }
    // What was asked for before the crash was asked for then: recovery asks anew.
    tables.forget_requests();
    Ok((fold.engine, tables, recovered))
}

/// Folds journal records into an engine; keeps the first error, because a walk cannot be stopped.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    pub(crate) engine: Engine,
    names: Vec<String>,
    pub(crate) error: Option<EngineError>,
}

impl Fold {
    pub(crate) fn take<S: razor_core::engine::table::Sink>(
        &mut self,
        record: &razor_core::journal::Record<'_>,
        sink: &mut S,
    ) {
        if record.kind == Kind::Conn {
            self.names.push(String::from_utf8_lossy(record.payload).into_owned());
            return;
        }
        // A crash before the settings were written leaves its recovery in front of them.
        let is_before_begin = record.kind == Kind::Recovery && self.engine.universe().is_none();
        if is_before_begin || self.error.is_some() {
            return;
        }
        let conn = self.names.get(usize::from(record.conn.0)).map_or("", String::as_str);
        let input = Record {
            kind: record.kind,
            recv_ns: Nanos(record.recv_ns),
            conn,
            epoch: record.epoch,
            payload: record.payload,
        };
        if let Err(error) = self.engine.step(&input, sink) {
            self.error = Some(error);
        }
    }
}
