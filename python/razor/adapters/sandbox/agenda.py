"""What is to happen later, by the venue's clock: held answers, late frames, ends of a mode.

Owns: `Agenda`. Must never: read the machine's clock or sleep; it goes on with the venue's time.

Invariant: entries come in order of their time, and of their making at one time.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable

from razor.adapters.sandbox.venue import NS_PER_MS, Venue


class Agenda:
    """Entries of one venue. `on_change` is told when something became due earlier."""

    def __init__(self, venue: Venue) -> None:
        """Keep the time of this venue."""
        self._venue = venue
        self._start_ns = venue.now_ns()
        self._made = 0
        self._entries: list[tuple[int, int, Callable[[], None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_change: Callable[[], None] = lambda: None
        venue.wind(self)

    def at(self, due_ns: int, act: Callable[[], None]) -> None:
        """Do this at a time of the venue, ns since the epoch; one that is past is done next."""
        self._made += 1
        heapq.heappush(self._entries, (due_ns, self._made, act))
        self.on_change()

    def after(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Do this so much later."""
        self.at(self._venue.now_ns() + delay_ms * NS_PER_MS, act)

    def after_call(self, delay_ms: int, make: Callable[[], Awaitable[object]]) -> None:
        """Let a call go on so much later, when nobody waits for it any more."""

        async def run() -> None:
            await make()

        def begin() -> None:
            task = asyncio.get_running_loop().create_task(run(), name="sandbox-late-call")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self.after(delay_ms, begin)

    async def pause(self, delay_ms: int) -> None:
        """Wait so long of the venue's time."""
        if delay_ms <= 0:
            return
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.after(delay_ms, lambda: None if passed.done() else passed.set_result(None))
        await passed

    def since_ns(self) -> int:
        """The venue's time since the start."""
        return self._venue.now_ns() - self._start_ns

    def due_ns(self) -> int | None:
        """When something is due next."""
        return self._entries[0][0] if self._entries else None

    def step(self) -> None:
        """Do what is due, and what that made due."""
        now_ns = self._venue.now_ns()
        while self._entries and self._entries[0][0] <= now_ns:
            _, _, act = heapq.heappop(self._entries)
            act()
