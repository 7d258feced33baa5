"""A clock that moves only when the test says so, and waiting for things without sleeping."""

import asyncio
import heapq
from collections.abc import Callable

START_NS = 1_800_000_000_000_000_000
# Enough turns of the event loop for a loopback exchange of a few messages.
_TURNS = 25


class VirtualClock:
    """`Clock` for tests: time stands still between calls of `advance`."""

    def __init__(self) -> None:
        self._now_ns = START_NS
        self._wall_skew_ns = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._made = 0

    def now_ns(self) -> int:
        return self._now_ns

    def wall_ns(self) -> int:
        return self._now_ns + self._wall_skew_ns

    def rebase(self, forward_ns: int) -> None:
        if forward_ns > 0:
            self._now_ns += forward_ns
            self._wall_skew_ns -= forward_ns

    def jump_wall(self, jump_ns: int) -> None:
        """Set the wall clock, as an operator or a time server does."""
        self._wall_skew_ns += jump_ns

    async def sleep(self, delay_ms: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._made += 1
        due_ns = self._now_ns + max(0, delay_ms) * 1_000_000
        heapq.heappush(self._sleepers, (due_ns, self._made, future))
        if delay_ms <= 0:
            self._wake()
        await future

    def advance(self, delay_ms: int) -> None:
        """Move time; sleepers wake in the order of their dues."""
        self._now_ns += delay_ms * 1_000_000
        self._wake()

    def _wake(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self._now_ns:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)


async def settle() -> None:
    """Let everything that is ready happen; no time passes."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def until(happened: Callable[[], object]) -> None:
    """Wait for a condition that sockets bring about; virtual time stands still."""
    async with asyncio.timeout(10):
        while not happened():
            await asyncio.sleep(0)


async def drive(clock: VirtualClock, happened: Callable[[], object], step_ms: int = 250) -> None:
    """Move time in steps until the condition holds."""
    async with asyncio.timeout(20):
        while not happened():
            clock.advance(step_ms)
            await settle()


async def drive_for(clock: VirtualClock, length_ms: int, step_ms: int = 250) -> None:
    """Move time in steps for a while."""
    for _ in range(length_ms // step_ms):
        clock.advance(step_ms)
        await settle()
