"""The use case: order of records, ways to end, and an end within two seconds whatever happens."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from razor.adapters.polymarket import Gamma, Http, LiveFeed, SignalStop, SystemClock, TaskSupervisor
from razor.adapters.polymarket.supervise import EventStop, StuckDutyError
from razor.application.ports import Clock, Duty, FeedPorts, FeedReport, RecordPorts, Stop
from razor.application.record import Record, RecordEnd, RecordRequest, RecordSummary
from razor.domain.feed import RecordKind, Selection
from razor.domain.feed_event import ConnectionLost, HttpAttempt, HttpOutcome

from .clock import VirtualClock, drive, settle, until
from .engine import MemoryEngine, MemoryLog
from .venue import Answer, Session, Venue

ONE = RecordRequest(selection=Selection(market_ids=("1",)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A use case wired as the application does it, with everything a test looks at."""

    record: Record
    engine: MemoryEngine
    log: MemoryLog


@asynccontextmanager
async def _recording(venue: Venue, stop: Stop, clock: Clock) -> AsyncIterator[Recording]:
    engine, log = MemoryEngine(), MemoryLog()
    async with venue:
        settings = venue.settings()
        http = Http(settings=settings, clock=clock, log=log, jitter=lambda _: 0)
        ports = FeedPorts(recorder=engine, liveness=engine, clock=clock, log=log)
        feed = LiveFeed(settings=settings, ports=ports, http=http, jitter=lambda step: step)
        record = Record(
            RecordPorts(
                metadata=Gamma(http=http, clock=clock, log=log),
                feed=feed,
                recorder=engine,
                supervisor=TaskSupervisor(),
                clock=clock,
                stop=stop,
            )
        )
        async with http:
            yield Recording(record=record, engine=engine, log=log)


def _is_flowing(at: Recording, venue: Venue) -> bool:
    return all(at.engine.hydrated(token) for token in venue.tokens())


def test_definitions_are_the_first_record_and_the_flush_is_the_last_act() -> None:
    async def run() -> None:
        venue, stop, clock = Venue(2), EventStop(), VirtualClock()
        both = RecordRequest(selection=Selection(market_ids=("1", "2")))
        async with _recording(venue, stop, clock) as at:
            task = asyncio.ensure_future(at.record.run(both))
            await until(lambda: _is_flowing(at, venue))
            stop.set()
            summary = await task
            assert (summary.end, summary.markets, summary.sets) == (RecordEnd.STOPPED, 2, 2)
            kinds = [row.kind for row in at.engine.rows]
            assert kinds[0] is RecordKind.META
            assert kinds.count(RecordKind.META) == 1
            meta = json.loads(at.engine.rows[0].payload)
            assert [row["condition_id"] for row in meta["markets"]] == [
                market.condition_id for market in venue.markets
            ]
            assert at.engine.flushes == 1
            count = len(at.engine.rows)
            await settle()
            assert len(at.engine.rows) == count

    asyncio.run(run())


def test_recording_ends_after_its_duration() -> None:
    async def run() -> RecordSummary:
        venue, clock = Venue(), VirtualClock()
        request = RecordRequest(selection=ONE.selection, duration_ms=5_000)
        async with _recording(venue, EventStop(), clock) as at:
            task = asyncio.ensure_future(at.record.run(request))
            await drive(clock, task.done)
            assert at.engine.flushes == 1
            return task.result()

    summary = asyncio.run(run())
    assert summary.end is RecordEnd.DURATION
    assert summary.to_ns - summary.from_ns >= 5_000_000_000


@pytest.mark.parametrize(
    ("selection", "remedy"),
    [
        (Selection(), "name markets in run.market_ids"),
        (Selection(market_ids=("404",)), "id 404 is not among the venue's open markets"),
    ],
)
def test_selection_without_a_market_is_refused_with_a_remedy(
    selection: Selection, remedy: str
) -> None:
    async def run() -> RecordSummary:
        async with _recording(Venue(), EventStop(), VirtualClock()) as at:
            summary = await at.record.run(RecordRequest(selection=selection))
            assert at.engine.rows == []
            assert at.engine.flushes == 1
            return summary

    summary = asyncio.run(run())
    assert summary.end is RecordEnd.REFUSED
    assert remedy in summary.detail


def test_definitions_out_of_reach_are_a_fault() -> None:
    async def run() -> RecordSummary:
        venue, clock = Venue(), VirtualClock()
        venue.handlers["/markets"] = lambda _: Answer(status=500)
        async with _recording(venue, EventStop(), clock) as at:
            task = asyncio.ensure_future(at.record.run(ONE))
            await drive(clock, task.done)
            return task.result()

    summary = asyncio.run(run())
    assert summary.end is RecordEnd.FAULT
    assert "SERVER" in summary.detail


def test_recorder_that_fails_ends_the_recording_as_a_fault() -> None:
    class Broken(MemoryEngine):
        def feed(
            self, kind: RecordKind, conn: str, epoch: int, recv_ns: int, payload: bytes
        ) -> FeedReport | None:
            if kind is RecordKind.WS:
                raise OSError(28, "No space left on device")
            return super().feed(kind, conn, epoch, recv_ns, payload)

    async def run() -> RecordSummary:
        venue, clock, log = Venue(), VirtualClock(), MemoryLog()
        engine = Broken()
        async with venue:
            settings = venue.settings()
            http = Http(settings=settings, clock=clock, log=log, jitter=lambda _: 0)
            ports = FeedPorts(recorder=engine, liveness=engine, clock=clock, log=log)
            record = Record(
                RecordPorts(
                    metadata=Gamma(http=http, clock=clock, log=log),
                    feed=LiveFeed(settings=settings, ports=ports, http=http, jitter=lambda _: 0),
                    recorder=engine,
                    supervisor=TaskSupervisor(),
                    clock=clock,
                    stop=EventStop(),
                )
            )
            async with http:
                summary = await record.run(ONE)
            assert engine.flushes == 1
            return summary

    summary = asyncio.run(run())
    assert summary.end is RecordEnd.FAULT
    assert summary.detail.startswith("market-stream")


def _throttled(at: Recording) -> list[HttpAttempt]:
    return [a for a in at.log.of(HttpAttempt) if a.outcome is HttpOutcome.SERVER]


def _deaf(session: Session) -> None:
    """A peer that never answers a closing handshake."""
    session.socket.transport.pause_reading()


def _states() -> dict[str, tuple[Callable[[Venue], None], Callable[[Recording, Venue], object]]]:
    """Per state: how to bring the venue there, and how to see that the recording is in it."""

    def hang(path: str) -> Callable[[Venue], None]:
        return lambda venue: venue.handlers.update({path: lambda _: Answer(mode="hang")})

    def refuse(venue: Venue) -> None:
        venue.refuse_sockets = 10**6

    def deaf(venue: Venue) -> None:
        venue.on_session = _deaf

    def retry(venue: Venue) -> None:
        answer = Answer(status=503, headers=(("Retry-After", "5"),))
        venue.handlers["/trades"] = lambda _: answer

    return {
        "flowing": (lambda _: None, _is_flowing),
        "reading definitions": (hang("/markets"), lambda _, v: v.requested("/markets")),
        "reading trades": (hang("/trades"), lambda _, v: v.requested("/trades")),
        "waiting to reconnect": (refuse, lambda at, _: at.log.of(ConnectionLost)[1:]),
        "waiting to retry": (
            retry,
            lambda at, v: v.requested("/trades") and at.log.of(HttpAttempt),
        ),
        "peer that does not close": (deaf, lambda _, v: v.sessions and v.requested("/trades")),
    }


@pytest.mark.parametrize("state", _states())
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_recording_within_two_seconds_flushed(
    state: str, number: signal.Signals
) -> None:
    async def run() -> None:
        venue = Venue()
        prepare, is_there = _states()[state]
        prepare(venue)
        with SignalStop() as stop:
            async with _recording(venue, stop, SystemClock()) as at:
                task = asyncio.ensure_future(at.record.run(ONE))
                await until(lambda: is_there(at, venue))
                async with asyncio.timeout(2):
                    os.kill(os.getpid(), number)
                    summary = await task
                assert summary.end is RecordEnd.STOPPED
                assert at.engine.flushes == 1
                others = asyncio.all_tasks() - {asyncio.current_task()}
                names = {other.get_name() for other in others}
                assert not names & {"market-stream", "trades-poller", "market-0", "feed-watch"}

    asyncio.run(run())


def test_second_signal_changes_nothing() -> None:
    async def run() -> None:
        with SignalStop() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(2):
                await stop.wait()
                await stop.wait()

    asyncio.run(run())


def test_supervisor_names_a_duty_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("razor.adapters.polymarket.supervise.GRACE_S", 0.05)

    async def run() -> None:
        release = asyncio.Event()

        async def stubborn() -> None:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

        async def brief() -> None:
            await asyncio.sleep(0)

        duties = [Duty(name="brief", run=brief), Duty(name="stubborn", run=stubborn)]
        ended = await TaskSupervisor().run(duties)
        release.set()
        assert ended.name == "stubborn"
        assert isinstance(ended.error, StuckDutyError)
        await settle()

    asyncio.run(run())


def test_supervisor_reports_the_fault_before_a_regular_end_of_the_same_instant() -> None:
    async def run() -> None:
        async def ends() -> None:
            await asyncio.sleep(0)

        async def fails() -> None:
            await asyncio.sleep(0)
            raise OSError(5, "Input/output error")

        duties = [Duty(name="ends", run=ends), Duty(name="fails", run=fails)]
        ended = await TaskSupervisor().run(duties)
        assert ended.name == "fails"
        assert isinstance(ended.error, OSError)

    asyncio.run(run())
