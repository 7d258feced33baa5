"""F-57, F-58: the time line never goes back, a pause makes every connection anew."""

import asyncio
import time

from razor.adapters.polymarket.clock import ClockWatch, SystemClock
from razor.domain.feed import FeedSettings
from razor.domain.feed_event import ClockJumped, ConnectionLost, LostCause, Paused

from .clock import START_NS, VirtualClock, drive, drive_for, settle, until
from .engine import MemoryLog
from .venue import Venue
from .world import running, world


def test_system_clock_starts_at_the_wall_clock_and_never_goes_back() -> None:
    clock = SystemClock()
    assert abs(clock.now_ns() - time.time_ns()) < 1_000_000_000
    before_ns = clock.now_ns()
    clock.rebase(-10_000_000_000)
    stamps = [before_ns, *(clock.now_ns() for _ in range(1_000))]
    assert stamps == sorted(stamps)
    clock.rebase(10_000_000_000)
    assert clock.now_ns() - stamps[-1] >= 10_000_000_000


def _watched(jump_ns: int, pause_ms: int) -> tuple[MemoryLog, list[int], int]:
    async def run() -> tuple[MemoryLog, list[int], int]:
        clock, log, pauses = VirtualClock(), MemoryLog(), list[int]()
        settings = FeedSettings()
        watch = ClockWatch(clock=clock, log=log, settings=settings, on_pause=pauses.append)
        async with running(watch.run()):
            await drive_for(clock, 5_000)
            clock.jump_wall(jump_ns)
            clock.advance(pause_ms)
            await settle()
            await drive_for(clock, 5_000)
            return log, pauses, clock.now_ns() - START_NS

    return asyncio.run(run())


def test_f57_backward_jump_is_reported_once_and_moves_no_timer() -> None:
    log, pauses, passed_ns = _watched(-86_400_000_000_000, 1_000)
    assert [event.jump_ns for event in log.of(ClockJumped)] == [-86_400_000_000_000]
    assert pauses == []
    assert passed_ns == 11_000_000_000


def test_f57_small_drift_is_no_jump() -> None:
    log, pauses, _ = _watched(999_000_000, 1_000)
    assert log.events == []
    assert pauses == []


def test_f57_forward_jump_is_taken_over_and_counts_as_a_pause() -> None:
    log, pauses, passed_ns = _watched(600_000_000_000, 1_000)
    assert [event.jump_ns for event in log.of(ClockJumped)] == [600_000_000_000]
    assert pauses == [600_000_000_000]
    assert passed_ns == 611_000_000_000


def test_f58_pause_is_reported_with_its_length() -> None:
    log, pauses, _ = _watched(0, 60_000)
    assert len(pauses) == 1
    assert 58_000_000_000 <= pauses[0] <= 60_000_000_000
    assert log.of(Paused)[0].length_ns == pauses[0]


def test_f58_short_delay_is_no_pause() -> None:
    log, pauses, _ = _watched(0, 4_000)
    assert log.events == []
    assert pauses == []


def test_f58_after_a_pause_every_connection_is_new() -> None:
    async def run() -> None:
        venue = Venue(2)
        async with world(venue, shard_tokens=2) as at:
            stream = at.stream()
            async with running(stream.run()):
                await until(lambda: all(at.engine.hydrated(t) for t in venue.tokens()))
                stream.replace_all(LostCause.PAUSE)
                await until(lambda: len(at.log.of(ConnectionLost)) == 2)
                assert not any(at.engine.hydrated(token) for token in venue.tokens())
                assert {e.cause for e in at.log.of(ConnectionLost)} == {LostCause.PAUSE}
                await drive(at.clock, lambda: all(at.engine.hydrated(t) for t in venue.tokens()))

    asyncio.run(run())
