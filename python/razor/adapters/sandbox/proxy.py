"""Faults of the wire: a proxy of bytes between the clients and the port of one service.

Owns: `Wires`, which listens in place of a service and hands what comes to it, after what the plan
does to the bytes in each direction: latency, bandwidth, slices, resets, truncation, half-open
connections, black holes. It knows nothing of HTTP.

Must never: connect to anything. The service's end is one of a pair of sockets of this process, so
that the local exchange can listen and not connect, as a test of the tree demands.

Invariants: bytes keep their order; a fault outside its window leaves no trace on new bytes; times
are those of the venue's clock, drawn from the seed by connection and direction.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Final

from razor.adapters.sandbox.agenda import Agenda
from razor.adapters.sandbox.dice import Dice
from razor.adapters.sandbox.fault_plan import PlannedWire, duration_ns
from razor.adapters.sandbox.venue import NS_PER_MS
from razor.domain.local_venue import LOOPBACK

_CHUNK: Final = 65_536
_CHUNKS_WAITING: Final = 64
"""Chunks of one direction that wait for their time; then its reader waits."""
_MS_PER_S: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Bytes as they were read, and when: latency counts from there."""

    came_ns: int
    octets: bytes


@dataclass(slots=True)
class _Way:
    """One direction of one connection.

    `other` is where bytes of the opposite direction go; `passed` counts what went through.
    """

    direction: str
    connection: int
    source: asyncio.StreamReader
    sink: asyncio.StreamWriter
    other: asyncio.StreamWriter
    passed: int = 0
    chunks: asyncio.Queue[_Chunk | None] = field(
        default_factory=lambda: asyncio.Queue[_Chunk | None](_CHUNKS_WAITING)
    )


class _Ended(Exception):
    """A fault has ended the connection."""


class Wires:
    """The planned faults of the wire of one exchange."""

    def __init__(self, planned: Sequence[PlannedWire], agenda: Agenda, seed: int) -> None:
        """Nothing listens yet; windows count from the start of the agenda."""
        self._planned = tuple(planned)
        self._agenda = agenda
        self._dice = {at: Dice(seed, f"wire {at}") for at in range(len(self._planned))}
        self._seed = seed
        self._connections = 0
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def has(self, service: str) -> bool:
        """Whether anything is planned for a service."""
        return any(it.service == service for it in self._planned)

    async def listen(
        self, service: str, port: int, serve: Callable[[], asyncio.BaseProtocol]
    ) -> int:
        """Listen in place of a service, 0 on a free port; the port. Errors: `OSError`."""

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._take(service, serve, reader, writer)

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._begin(take(reader, writer))

        server = await asyncio.start_server(begin, LOOPBACK, port)
        self._servers.append(server)
        found: int = server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """Stop listening and end every connection."""
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="sandbox-wire")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(
        self,
        service: str,
        serve: Callable[[], asyncio.BaseProtocol],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Stand between one client and the service until either ends."""
        self._connections += 1
        number = self._connections
        if any(it.kind == "refuse" for _, it in self._active(service, number, "up")):
            reset(writer.transport)
            return
        # The service takes its end as if it had been connected to.
        near, far = socket.socketpair()
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(serve, sock=far)
        inner, inside = await _streams(near)
        ways = (
            _Way("up", number, reader, inside, writer),
            _Way("down", number, inner, writer, inside),
        )
        try:
            async with asyncio.TaskGroup() as both:
                for way in ways:
                    both.create_task(_read(way, self._agenda.since_ns))
                    both.create_task(self._write(service, way))
        except* (ConnectionError, _Ended):
            pass
        finally:
            inside.transport.abort()
            if not writer.transport.is_closing():
                writer.close()

    async def _write(self, service: str, way: _Way) -> None:
        """Pass on what one direction brought, each chunk after the faults of its moment.

        Faults are asked for chunk by chunk, so that a window strikes connections that are open.
        """
        while True:
            chunk = await way.chunks.get()
            if chunk is None:
                way.sink.write_eof()
                return
            octets: list[bytes] = [chunk.octets]
            for at, wire in self._active(service, way.connection, way.direction):
                octets = await self._suffer(at, wire, way, chunk, octets)
            for piece in octets:
                way.sink.write(piece)
                way.passed += len(piece)
            await way.sink.drain()

    async def _suffer(
        self, at: int, wire: PlannedWire, way: _Way, chunk: _Chunk, octets: list[bytes]
    ) -> list[bytes]:
        """What one fault makes of the pieces of a chunk."""
        whole = b"".join(octets)
        match wire.kind:
            case "latency":
                # Counted from the reading: of two latencies the longer one holds.
                most = wire.ms + wire.jitter_ms
                drawn = self._dice[at].between(max(0, wire.ms - wire.jitter_ms), most)
                late_ns = self._agenda.since_ns() - chunk.came_ns
                await self._agenda.pause(drawn - late_ns // NS_PER_MS)
            case "bandwidth":
                # The last byte of a chunk sets when it goes out: nothing comes early.
                await self._agenda.pause(-(-len(whole) * _MS_PER_S // wire.rate))
            case "slice":
                for start in range(0, len(whole) - wire.size, wire.size):
                    way.sink.write(whole[start : start + wire.size])
                    way.passed += wire.size
                    await way.sink.drain()
                    await self._agenda.pause(wire.ms)
                return [whole[(len(whole) - 1) // wire.size * wire.size :]]
            case "blackhole":
                # Taken and lost; the sender is told by nothing.
                return []
            case "reset" | "truncate" | "half_open" if way.passed + len(whole) >= wire.at_byte:
                left = max(0, wire.at_byte - way.passed)
                way.sink.write(whole[:left])
                way.passed += left
                await self._end(wire, way)
                return [whole[left:]]
            case _:
                pass
        return octets

    async def _end(self, wire: PlannedWire, way: _Way) -> None:
        """End the client's side of a connection as the fault says, or keep it for nothing."""
        client = way.sink if way.direction == "down" else way.other
        if wire.kind == "half_open":
            await self._until_over(wire)
            return
        if wire.kind == "reset":
            reset(client.transport)
        else:
            client.close()
        raise _Ended

    async def _until_over(self, wire: PlannedWire) -> None:
        """Hold the bytes until the window ends; without a window until the server does."""
        if wire.between is None:
            await asyncio.get_running_loop().create_future()
            return
        left_ns = duration_ns(wire.between[1]) - self._agenda.since_ns()
        await self._agenda.pause(-(-left_ns // NS_PER_MS))

    def _active(
        self, service: str, connection: int, direction: str
    ) -> list[tuple[int, PlannedWire]]:
        """Faults that hold now, with their place in the plan."""
        since_ns = self._agenda.since_ns()
        return [
            (at, wire)
            for at, wire in enumerate(self._planned)
            if wire.service == service
            and wire.direction in {"both", direction}
            and wire.nth in {None, connection}
            and _is_in(wire, since_ns)
        ]


def _is_in(wire: PlannedWire, since_ns: int) -> bool:
    """Whether a fault's window holds; its end is outside."""
    if wire.between is None:
        return True
    first, last = (duration_ns(it) for it in wire.between)
    return first <= since_ns < last


async def _read(way: _Way, since_ns: Callable[[], int]) -> None:
    """Take what comes in one direction, with its time."""
    while True:
        octets = await way.source.read(_CHUNK)
        if not octets:
            await way.chunks.put(None)
            return
        await way.chunks.put(_Chunk(since_ns(), octets))


async def _streams(end: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Streams over our end of a pair."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock=end)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def reset(transport: asyncio.WriteTransport) -> None:
    """End a connection with a reset; what was not sent yet is lost."""
    end = transport.get_extra_info("socket")
    if end is not None and end.family != socket.AF_UNIX:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
