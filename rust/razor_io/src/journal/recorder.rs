//! The hot side of the journal: a record is one copy into a buffer.
//!
//! Owns the present buffer and the numbering. [`Recorder::push`] writes a record head and the
//! payload behind the last record; CRC, compression, hashing and the disk belong to the writer
//! thread. Buffers go to it through a bounded queue and come back through another, so that nothing
//! is allocated after the start, except for a record longer than a buffer.
//!
//! Must never: wait in live mode, drop a record uncounted, or give out a number for a record that
//! is in no buffer.
//!
//! Invariants: numbers grow by 1; each buffer keeps room for one gap record, so that the loss can
//! be said before it happens; all of a gap's numbers together are exactly the records lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use razor_core::ids::ConnIx;
use razor_core::journal::{
    Conns, Identity, JournalError, Kind, MAX_PAYLOAD, NO_CONN, RECORD_HEADER, record_header,
};

use super::outcome::{Closed, Gap, Push};
use super::settings::{Overload, RecorderSettings};
use super::shared::{RecorderStats, Shared, millis};
use super::writer::{Job, Writer};
use super::{Durability, JournalFault, Recovered, Store};
use crate::disk::{LockHold, RunLock};
use crate::fault::{IoFault, Operation};

/// Room that each buffer keeps for one gap record: a head and four numbers of at most 20 digits.
const GAP_ROOM: usize = 256;

/// Records that were dropped and are not yet in a gap record.
#[derive(Debug, Clone, Copy)]
struct Loss {
    from_ns: i64,
    to_ns: i64,
    lost: u64,
}

/// Writes the journal of one run; belongs to one thread.
pub struct Recorder {
    shared: Arc<Shared>,
    jobs: Option<SyncSender<Job>>,
    free: Receiver<Vec<u8>>,
    /// Free buffers that are here; the last one given back is used first, while it is in a cache.
    spare: Vec<Vec<u8>>,
    thread: Option<JoinHandle<()>>,
    /// The present buffer; without capacity while there is none.
    buffer: Vec<u8>,
    /// Bytes that may still be put into it.
    room: usize,
    /// Receive time of its first record.
    opened_ns: i64,
    next_seq: u64,
    /// Last number that a sync was asked for.
    asked_seq: u64,
    conns: Conns,
    loss: Option<Loss>,
    chunk_bytes: usize,
    max_age_ns: i64,
    overload: Overload,
    flush_syncs: bool,
    sync_wait: Duration,
    // Until the writer thread has ended nobody else may write here.
    _hold: LockHold,
}

impl Recorder {
    /// Opens a new segment behind what was recovered and starts the writer thread.
    ///
    /// The lock must have been taken before the recovery, on the same run directory; its token is
    /// raised above all in the journal, and it stays held as long as the recorder lives. `now_ns`
    /// labels the recovery record that a continued journal begins with.
    ///
    /// # Errors
    /// [`JournalFault::Closed`] behind an END record, [`JournalFault::OtherRun`] when run, build or
    /// config differ, [`JournalFault::Setting`], or what the disk refuses (space, rights).
    pub fn start(
        settings: &RecorderSettings,
        identity: Identity,
        recovered: &Recovered,
        lock: &mut RunLock,
        store: Box<dyn Store>,
        now_ns: i64,
    ) -> Result<Self, JournalFault> {
        settings.check()?;
        let chain = recovered.continued(identity)?;
        let note = recovered.note();
        let conns = chain.conns().clone();
        let next_seq = chain.last_seq().checked_add(1).ok_or(JournalError::Full)?;
        lock.outgrow(chain.token())?;
        let shared = Arc::new(Shared::default());
        shared.durable.store(chain.last_seq(), Ordering::Release);
        let writer = Writer::open(settings, chain, lock, store, Arc::clone(&shared))?;
        let mut recorder = Self::spawn(settings, writer, shared, conns, next_seq, lock.hold())?;
        if let Some(note) = note {
            recorder.append(Kind::Recovery, now_ns, NO_CONN, 0, note.as_bytes())?;
            recorder.flush_durable()?;
        }
        Ok(recorder)
    }

    fn spawn(
        settings: &RecorderSettings,
        writer: Writer,
        shared: Arc<Shared>,
        conns: Conns,
        next_seq: u64,
        hold: LockHold,
    ) -> Result<Self, JournalFault> {
        // Each buffer, and behind each buffer at most one job that only asks for a sync.
        let queue = settings.chunks.saturating_mul(2).saturating_add(2);
        let (jobs, work) = sync_channel::<Job>(queue);
        let (give, free) = sync_channel::<Vec<u8>>(settings.chunks);
        let journal = writer.journal.clone();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.run(&work, &give))
            .map_err(IoFault::at(Operation::Open, &journal))?;
        let max_age_ns = settings
            .max_age
            .map_or(i64::MAX, |age| i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
        Ok(Self {
            shared,
            jobs: Some(jobs),
            free,
            spare: (0..settings.chunks).map(|_| touched(settings.chunk_bytes)).collect(),
            thread: Some(thread),
            buffer: Vec::new(),
            room: 0,
            opened_ns: 0,
            next_seq,
            asked_seq: next_seq.saturating_sub(1),
            conns,
            loss: None,
            chunk_bytes: settings.chunk_bytes,
            max_age_ns,
            overload: settings.overload,
            flush_syncs: settings.durability == Durability::EachFlush,
            sync_wait: settings.sync_wait,
            _hold: hold,
        })
    }

    /// The index of a connection name, introduced by a record when it is new.
    ///
    /// # Errors
    /// As [`Self::push`]; [`JournalFault::Format`] when the name is too long or indices are used
    /// up; [`JournalFault::Overloaded`] when the naming record would be shed.
    pub fn conn(&mut self, name: &str, recv_ns: i64) -> Result<ConnIx, JournalFault> {
        if let Some(known) = self.conns.find(name) {
            return Ok(known);
        }
        let mut conns = self.conns.clone();
        let conn = conns.introduce(name)?;
        self.append(Kind::Conn, recv_ns, conn, 0, name.as_bytes())?;
        self.conns = conns;
        Ok(conn)
    }

    /// Records one input. Nothing is durable yet when this returns.
    ///
    /// `recv_ns` is a label and may go back; `conn` must be [`NO_CONN`] or come from
    /// [`Self::conn`]; the payload has at most [`MAX_PAYLOAD`] bytes.
    ///
    /// # Errors
    /// The kept fault once the writer has failed; [`JournalFault::Overloaded`] after the longest
    /// wait of [`Overload::Block`]; [`JournalFault::UnknownConn`], [`JournalFault::OwnKind`] or
    /// [`JournalFault::Format`] for what no journal may hold. After an error the record is not in
    /// the journal.
    #[inline]
    pub fn push(
        &mut self,
        kind: Kind,
        recv_ns: i64,
        conn: ConnIx,
        epoch: u32,
        payload: &[u8],
    ) -> Result<Push, JournalFault> {
        if kind.is_bookkeeping() {
            return Err(JournalFault::OwnKind { kind });
        }
        if !self.conns.knows(conn) {
            return Err(JournalFault::UnknownConn { conn });
        }
        self.record(kind, recv_ns, conn, epoch, payload)
    }

    /// Writes the gap record of a loss that is not yet said, waiting for a buffer as long as for a
    /// sync, and gives it back for the engine; `None` when nothing is unsaid. To be called before
    /// [`Self::conn`] with a new name and before [`Self::close`], whose own records would else be
    /// preceded by a gap that only the journal knows.
    ///
    /// # Errors
    /// The kept fault once the writer has failed; [`JournalFault::Overloaded`] after the wait.
    pub fn settle_loss(&mut self) -> Result<Option<Gap>, JournalFault> {
        let Some(loss) = self.loss.filter(|loss| loss.lost > 0) else { return Ok(None) };
        let waiting = Overload::Block { max_wait: self.sync_wait };
        let overload = std::mem::replace(&mut self.overload, waiting);
        let room = self.make_room(RECORD_HEADER, loss.to_ns);
        self.overload = overload;
        match room? {
            Room::Here { gap } | Room::None { gap } => Ok(gap),
        }
    }

    /// Hands the present buffer over if it is older than the longest age; for quiet sources, to be
    /// called by a timer.
    ///
    /// # Errors
    /// The kept fault once the writer has failed.
    pub fn tick(&mut self, now_ns: i64) -> Result<(), JournalFault> {
        self.shared.check()?;
        if !self.buffer.is_empty() && self.is_aged(now_ns) {
            self.hand_over(false)?;
        }
        Ok(())
    }

    /// Hands the present buffer over to be written; synced as the policy says.
    ///
    /// # Errors
    /// The kept fault once the writer has failed.
    pub fn flush(&mut self) -> Result<(), JournalFault> {
        self.shared.check()?;
        self.hand_over(self.flush_syncs)
    }

    /// Asks for everything pushed so far to become durable and gives back the number to wait for;
    /// [`Self::durable_seq`] reaches it after the sync.
    ///
    /// # Errors
    /// The kept fault once the writer has failed.
    pub fn begin_sync(&mut self) -> Result<u64, JournalFault> {
        self.shared.check()?;
        let last = self.next_seq.saturating_sub(1);
        if last > self.asked_seq {
            self.hand_over(true)?;
            self.asked_seq = last;
        }
        Ok(last)
    }

    /// Makes everything pushed so far durable; gives back the last durable number, after the sync.
    ///
    /// # Errors
    /// The kept fault once the writer has failed; [`JournalFault::SlowSync`] after the longest
    /// wait, and then nothing may be sent that depends on it.
    pub fn flush_durable(&mut self) -> Result<u64, JournalFault> {
        let seq = self.begin_sync()?;
        self.shared.wait_durable(seq, self.sync_wait)
    }

    /// Last number known durable; 0 when there is none.
    pub fn durable_seq(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }

    /// The fault that ended the recorder, if one did.
    ///
    /// # Errors
    /// That fault.
    pub fn check(&self) -> Result<(), JournalFault> {
        self.shared.check()
    }

    /// Counters.
    pub fn stats(&self) -> RecorderStats {
        self.shared.stats()
    }

    /// Writes the END record and ends. Everything before it is durable before it is written.
    ///
    /// # Errors
    /// Any fault of the writer; the journal then ends without an END record.
    pub fn close(mut self, now_ns: i64) -> Result<Closed, JournalFault> {
        self.flush_durable()?;
        self.append(Kind::End, now_ns, NO_CONN, 0, b"{}")?;
        let last_seq = self.flush_durable()?;
        self.stop();
        Ok(Closed { last_seq, stats: self.stats() })
    }

    /// Puts a record into the present buffer, or makes room for it first.
    #[inline]
    fn record(
        &mut self,
        kind: Kind,
        recv_ns: i64,
        conn: ConnIx,
        epoch: u32,
        payload: &[u8],
    ) -> Result<Push, JournalFault> {
        self.shared.check()?;
        let need = payload.len().saturating_add(RECORD_HEADER);
        let mut gap = None;
        if need > self.room || self.is_aged(recv_ns) {
            match self.make_room(need, recv_ns)? {
                Room::Here { gap: written } => gap = written,
                Room::None { gap } => return Ok(Push::Shed { gap }),
            }
        }
        Ok(Push::Recorded { seq: self.put(kind, recv_ns, conn, epoch, payload), gap })
    }

    /// Whether the present buffer has waited long enough. A wall clock that was set back counts as
    /// time, too: otherwise the buffer would wait for the clock to catch up (F-57).
    #[inline]
    const fn is_aged(&self, now_ns: i64) -> bool {
        now_ns.saturating_sub(self.opened_ns).saturating_abs() >= self.max_age_ns
    }

    /// Records something that must not be shed: the recorder's own records.
    fn append(
        &mut self,
        kind: Kind,
        recv_ns: i64,
        conn: ConnIx,
        epoch: u32,
        payload: &[u8],
    ) -> Result<u64, JournalFault> {
        let overload = self.overload;
        self.overload = Overload::Block { max_wait: self.sync_wait };
        let pushed = self.record(kind, recv_ns, conn, epoch, payload);
        self.overload = overload;
        let waited_ms = millis(self.sync_wait);
        pushed?.seq().ok_or(JournalFault::Overloaded { waited_ms })
    }

    /// Copies a record behind the last one. There is room, or the buffer holds this one alone.
    #[inline]
    fn put(&mut self, kind: Kind, recv_ns: i64, conn: ConnIx, epoch: u32, payload: &[u8]) -> u64 {
        let seq = self.next_seq;
        // `make_room` has refused payloads that do not fit 32 bits.
        let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        if self.buffer.is_empty() {
            self.opened_ns = recv_ns;
        }
        self.buffer.extend_from_slice(&record_header(seq, kind, recv_ns, conn, epoch, len));
        self.buffer.extend_from_slice(payload);
        self.room = self.room.saturating_sub(payload.len().saturating_add(RECORD_HEADER));
        self.next_seq = seq.wrapping_add(1);
        self.shared.pushed.store(seq, Ordering::Release);
        seq
    }

    /// Gets a fresh buffer for a record of `need` bytes.
    #[cold]
    fn make_room(&mut self, need: usize, recv_ns: i64) -> Result<Room, JournalFault> {
        let most = MAX_PAYLOAD.saturating_add(RECORD_HEADER);
        if need > most {
            let len = need.saturating_sub(RECORD_HEADER);
            return Err(JournalError::TooLong { len, max: MAX_PAYLOAD }.into());
        }
        // Fetch before handing over: while the old buffer is here, it can still take the gap
        // record.
        let Some(fresh) = self.fetch()? else { return self.shed(recv_ns) };
        self.hand_over(false)?;
        self.buffer = fresh;
        self.room = self.chunk_bytes.saturating_sub(GAP_ROOM);
        let gap = self.loss.take().filter(|loss| loss.lost > 0).map(|loss| self.put_gap(loss));
        if need > self.room {
            // A record longer than a buffer stands alone in one that grows for it.
            self.room = need;
        }
        Ok(Room::Here { gap })
    }

    /// A free buffer, waited for as the policy allows; `None` when the record must be shed.
    fn fetch(&mut self) -> Result<Option<Vec<u8>>, JournalFault> {
        self.spare.extend(self.free.try_iter());
        if let Some(fresh) = self.spare.pop() {
            return Ok(Some(fresh));
        }
        match self.overload {
            Overload::Shed => {
                self.shared.check()?;
                Ok(None)
            }
            Overload::Block { max_wait } => match self.free.recv_timeout(max_wait) {
                Ok(fresh) => Ok(Some(fresh)),
                Err(RecvTimeoutError::Timeout) => {
                    self.shared.check()?;
                    Err(JournalFault::Overloaded { waited_ms: millis(max_wait) })
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.shared.check()?;
                    Err(JournalFault::WriterGone)
                }
            },
        }
    }

    /// Counts a record that is dropped. The first one of a loss is said in the old buffer, before
    /// it is dropped; the others are said together, before the next record that is kept.
    fn shed(&mut self, recv_ns: i64) -> Result<Room, JournalFault> {
        self.shared.shed.fetch_add(1, Ordering::Relaxed);
        if let Some(loss) = &mut self.loss {
            if loss.lost == 0 {
                *loss = Loss { from_ns: recv_ns, to_ns: recv_ns, lost: 0 };
            }
            // Not the first and the last: a clock that goes back must not turn the span around.
            loss.from_ns = loss.from_ns.min(recv_ns);
            loss.to_ns = loss.to_ns.max(recv_ns);
            loss.lost = loss.lost.saturating_add(1);
            return Ok(Room::None { gap: None });
        }
        let first = Loss { from_ns: recv_ns, to_ns: recv_ns, lost: 1 };
        self.loss = Some(Loss { lost: 0, ..first });
        if self.buffer.is_empty() {
            // Nothing to write it into: no buffer was ever free since the last hand-over.
            self.loss = Some(first);
            return Ok(Room::None { gap: None });
        }
        let gap = self.put_gap(first);
        self.hand_over(false)?;
        Ok(Room::None { gap: Some(gap) })
    }

    fn put_gap(&mut self, loss: Loss) -> Gap {
        let Loss { from_ns, to_ns, lost } = loss;
        let mut gap = Gap { seq: 0, from_ns, to_ns, lost };
        gap.seq = self.put(Kind::Gap, to_ns, NO_CONN, 0, gap.payload().as_bytes());
        gap
    }

    /// Gives the present buffer to the writer.
    fn hand_over(&mut self, sync: bool) -> Result<(), JournalFault> {
        self.room = 0;
        let buffer = std::mem::take(&mut self.buffer);
        let chunk = if buffer.capacity() == 0 { None } else { Some(buffer) };
        if chunk.is_none() && !sync {
            return Ok(());
        }
        let jobs = self.jobs.as_ref().ok_or(JournalFault::WriterGone)?;
        // The queue has room for all; only a writer that is gone refuses.
        if jobs.try_send(Job { chunk, sync }).is_err() {
            self.shared.check()?;
            return Err(JournalFault::WriterGone);
        }
        Ok(())
    }

    /// Ends the writer thread, which syncs what it has.
    fn stop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was a bug; what is durable stays, recovery starts from there.
            drop(thread.join());
        }
    }
}

impl Drop for Recorder {
    /// Without [`Recorder::close`]: writes what there is, without an END record.
    fn drop(&mut self) {
        if self.jobs.is_some() && !std::thread::panicking() {
            drop(self.hand_over(true));
        }
        self.stop();
    }
}

/// What making room has come to.
enum Room {
    /// There is room; a gap record may stand before it.
    Here { gap: Option<Gap> },
    /// The record is shed; a gap record may have been written first.
    None { gap: Option<Gap> },
}

/// An empty buffer whose pages are there already: the first use must not wait for the system.
fn touched(len: usize) -> Vec<u8> {
    let mut buffer = vec![1; len];
    buffer.clear();
    buffer
}
