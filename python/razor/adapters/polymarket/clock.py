"""The system clock as the feed sees it, and the watch that finds jumps and pauses.

Owns the time line of `recv_ns`: the wall clock at start, carried on by the monotonic clock. So a
wall clock that is set back or forward moves no timer and re-opens no window (F-57).

Must never go back. A forward jump of the wall clock (the machine slept) is taken over by
`rebase`; a backward one is only reported.

Invariants: `now_ns` never decreases; one jump is reported once; a pause is reported with its
length and marks every book stale through the callback (F-58).
"""

import asyncio
import time
from collections.abc import Callable

from razor.application.ports import Clock, FeedLog
from razor.domain.feed import NS_PER_MS, FeedSettings
from razor.domain.feed_event import ClockJumped, Paused


class SystemClock:
    """`Clock` over the operating system's wall and monotonic clocks."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, never decreasing."""
        return self._offset_ns + time.monotonic_ns()

    def wall_ns(self) -> int:
        """Wall clock, ns since the epoch."""
        return time.time_ns()

    def rebase(self, forward_ns: int) -> None:
        """Move the line forward by `forward_ns`; negative values are ignored."""
        self._offset_ns += max(0, forward_ns)

    async def sleep(self, delay_ms: int) -> None:
        """Wait `delay_ms` milliseconds."""
        await asyncio.sleep(max(0, delay_ms) / 1000)


class ClockWatch:
    """Looks at the clocks once per beat; on a pause calls `on_pause(length_ns)`."""

    def __init__(
        self,
        *,
        clock: Clock,
        log: FeedLog,
        settings: FeedSettings,
        on_pause: Callable[[int], None],
    ) -> None:
        self._clock = clock
        self._log = log
        self._beat_ms = settings.watch_interval_ms
        self._jump_ns = settings.clock_jump_ms * NS_PER_MS
        self._pause_ns = settings.pause_ms * NS_PER_MS
        self._on_pause = on_pause
        self._skew_ns = clock.wall_ns() - clock.now_ns()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            before_ns = self._clock.now_ns()
            await self._clock.sleep(self._beat_ms)
            self._look(self._clock.now_ns() - before_ns - self._beat_ms * NS_PER_MS)

    def _look(self, late_ns: int) -> None:
        jump_ns = self._jump()
        length_ns = max(late_ns, jump_ns)
        if length_ns >= self._pause_ns:
            self._log.write(Paused(at_ns=self._clock.now_ns(), length_ns=length_ns))
            self._on_pause(length_ns)

    def _jump(self) -> int:
        """Report a jump; return how far the wall clock went forward, else 0."""
        skew_ns = self._clock.wall_ns() - self._clock.now_ns()
        jump_ns = skew_ns - self._skew_ns
        if abs(jump_ns) < self._jump_ns:
            return 0
        self._log.write(ClockJumped(at_ns=self._clock.now_ns(), jump_ns=jump_ns))
        self._clock.rebase(jump_ns)
        self._skew_ns = self._clock.wall_ns() - self._clock.now_ns()
        return max(0, jump_ns)
