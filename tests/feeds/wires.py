"""A wire between a client and a server: bytes pass through it, and it can be spoilt by switches.

It knows no protocol. What TCP makes of a bad network is modelled as TCP shows it to a program:
a lost segment is not missing, it comes later and holds up what is behind it; a partition swallows
bytes without closing; a reset closes both sides. Delays are those of the clock it is given.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from .clock import VirtualClock

_HOST = "127.0.0.1"
_CHUNK = 1_024
_NS_PER_MS = 1_000_000
# What a lost segment waits for its repetition; doubled with each further loss.
_REPEAT_MS = 1_000


@dataclass(slots=True, kw_only=True)
class Toxics:
    """How the wire is spoilt; the default is a good wire."""

    is_down: bool = False
    # Bytes towards the server, and towards the client, vanish.
    mute_up: bool = False
    mute_down: bool = False
    latency_ms: int = 0
    bytes_per_s: int = 0
    loss_pct: int = 0


@dataclass(slots=True, kw_only=True)
class _Lane:
    """One direction of one connection: what is under way, and when the last of it arrives."""

    is_mute: Callable[[], bool]
    under_way: asyncio.Queue[tuple[int, bytes]] = field(
        default_factory=asyncio.Queue[tuple[int, bytes]]
    )
    last_ns: int = 0


class Wire:
    """A wire to a port of the loopback. Use as an asynchronous context."""

    def __init__(self, port: int, clock: VirtualClock, *, seed: int = 1) -> None:
        self.toxics = Toxics()
        self.accepted_ns: list[int] = []
        self._to = port
        self._clock = clock
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, _HOST, 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Reset every connection on the wire."""
        for writer in self._writers:
            writer.transport.abort()

    def take_down(self) -> None:
        """Reset what there is and let nothing new through."""
        self.toxics.is_down = True
        self.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted_ns.append(self._clock.now_ns())
        if self.toxics.is_down:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(_HOST, self._to)
        up = _Lane(is_mute=lambda: self.toxics.mute_up)
        down = _Lane(is_mute=lambda: self.toxics.mute_down)
        pair = {writer, far_writer}
        self._writers |= pair
        parts = (
            self._take(reader, up),
            self._give(far_writer, up),
            self._take(far_reader, down),
            self._give(writer, down),
        )
        tasks = [asyncio.ensure_future(part) for part in parts]
        self._tasks |= set(tasks)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for each in pair:
                each.close()
            self._writers -= pair
            self._tasks -= set(tasks)

    async def _take(self, reader: asyncio.StreamReader, lane: _Lane) -> None:
        """Put what comes in on its way, with the time at which it arrives."""
        try:
            while part := await reader.read(_CHUNK):
                if not lane.is_mute():
                    lane.last_ns = max(lane.last_ns, self._clock.now_ns()) + self._spent_ns(part)
                    lane.under_way.put_nowait((lane.last_ns + self._late_ns(), part))
        except OSError:
            return
        lane.under_way.put_nowait((lane.last_ns, b""))
        await asyncio.Event().wait()

    async def _give(self, writer: asyncio.StreamWriter, lane: _Lane) -> None:
        """Hand on what has arrived, in order; an empty part is the end."""
        while True:
            due_ns, part = await lane.under_way.get()
            wait_ms = -(-(due_ns - self._clock.now_ns()) // _NS_PER_MS)
            if wait_ms > 0:
                await self._clock.sleep(wait_ms)
            if not part:
                return
            try:
                writer.write(part)
                await writer.drain()
            except OSError:
                return

    def _spent_ns(self, part: bytes) -> int:
        """How long a part occupies the lane: its bytes, and repetitions of what was lost."""
        spent_ms, repeat_ms = 0, _REPEAT_MS
        while self._random.randrange(100) < self.toxics.loss_pct:
            spent_ms += repeat_ms
            repeat_ms *= 2
        if self.toxics.bytes_per_s:
            spent_ms += 1_000 * len(part) // self.toxics.bytes_per_s
        return spent_ms * _NS_PER_MS

    def _late_ns(self) -> int:
        return self.toxics.latency_ms * _NS_PER_MS
