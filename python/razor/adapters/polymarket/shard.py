"""One shard: a named connection that is kept alive, with its tokens and its epoch.

Owns connecting, subscribing, PING, reading, and what is written when any of that ends. Frames go
to the recorder as they came, in one call each, straight from the reading task: there is no queue
of our own to overflow, and a slow recorder makes the venue wait in TCP (F-12).

Must never decode a frame, carry a book over a reconnect, or wait in a way that cannot be
cancelled.

Invariants:
* Every connection, and every resubscription after a refused frame, is a new epoch; all frames of
  an epoch came after its subscription was asked for.
* Every outage leaves two gap records: one when it begins, so that the books turn DIRTY at once,
  and one with the whole interval when frames flow again.
* The back-off is reset only by a connection that lasted `healthy_ms`.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from websockets.exceptions import ConnectionClosed

from razor.adapters.polymarket.backoff import Backoff
from razor.adapters.polymarket.connection import (
    OPEN_ERRORS,
    StampedConnection,
    add_frame,
    drop_frame,
    first_frame,
    lost_cause,
    open_socket,
)
from razor.adapters.polymarket.watch import ShardView
from razor.application.ports import FeedPorts, FeedReport
from razor.domain.feed import NS_PER_MS, NS_PER_S, FeedSettings, Gap, RecordKind
from razor.domain.feed_event import (
    ConnectionLost,
    ConnectionOpened,
    FrameRefused,
    HashesBroke,
    LostCause,
    MappingMismatch,
)

T = TypeVar("T")

# Plain texts of the venue that are no data and are not recorded (RAZOR_SPEC 6).
_PONG = b"PONG"
_NOISE = frozenset({_PONG, b"NO NEW ASSETS"})
# The reader lets other tasks run after so many frames, or a burst would starve the PING.
_FRAMES_PER_TURN = 64
# Orders to a shard: enough for every token at once, and a bound.
_ORDERS_MAX = 1_024
_MINUTE_NS = 60 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Follow these tokens too."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Follow these tokens no longer."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Ask for new snapshots of these tokens: a repeated subscribe alone is refused."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Drop the connection and make a new one."""

    cause: LostCause


Order = Add | Drop | Again | Replace


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardWorld:
    """What all shards of a stream share; `compare` has the REST books of tokens read."""

    settings: FeedSettings
    ports: FeedPorts
    compare: Callable[[Sequence[str]], None]


class Shard:
    """A connection with a name; `run` keeps it until cancelled or out of tokens."""

    def __init__(
        self, *, conn: str, tokens: Iterable[str], world: ShardWorld, backoff: Backoff
    ) -> None:
        self.conn = conn
        self._tokens = dict.fromkeys(tokens)
        self._settings = settings = world.settings
        self._ports = world.ports
        self._clock = world.ports.clock
        self._compare = world.compare
        self._backoff = backoff
        self._orders: asyncio.Queue[Order] = asyncio.Queue(_ORDERS_MAX)
        self._write_s = settings.endpoints.ws_write_timeout_ms / 1000
        self._epoch = 0
        self._connected_ns = 0
        self._frame_ns = 0
        self._outage_ns = 0
        self._pong_ns = 0
        self._lag_ns_max = 0
        self._rejects: deque[int] = deque(maxlen=max(1, settings.rejects_per_min))

    def view(self) -> ShardView:
        """The shard as the watch sees it."""
        return ShardView(
            conn=self.conn,
            epoch=self._epoch,
            connected_ns=self._connected_ns,
            tokens=tuple(self._tokens),
        )

    @property
    def lag_ns_max(self) -> int:
        """Longest time a frame waited between socket and recorder, ns."""
        return self._lag_ns_max

    def order(self, order: Order) -> bool:
        """Give an order; `False` if too many are waiting, then nothing happened."""
        if self._orders.full():
            if not isinstance(order, Replace):
                return False
            # A new connection names the tokens as they are: waiting orders have become void.
            self._drain()
        match order:
            case Add(tokens=tokens):
                self._tokens |= dict.fromkeys(tokens)
            case Drop(tokens=tokens):
                for token in tokens:
                    self._tokens.pop(token, None)
            case Again() | Replace():
                pass
        self._orders.put_nowait(order)
        return True

    def force_drop(self, tokens: Iterable[str]) -> None:
        """Drop tokens although no further order fits: the waiting orders make room."""
        self._drain()
        self.order(Drop(tokens=tuple(tokens)))
        self.order(Replace(cause=LostCause.STOPPED))

    def _drain(self) -> None:
        while not self._orders.empty():
            self._orders.get_nowait()

    async def run(self) -> None:
        """Keep the connection; returns when no token is left."""
        while self._tokens:
            lost = await self._connect_once()
            self._connected_ns = 0
            if not self._tokens:
                return
            wait_ms = self._backoff.next_ms()
            self._lost(lost, wait_ms)
            await self._clock.sleep(wait_ms)

    def _lost(self, cause: LostCause, wait_ms: int) -> None:
        now_ns = self._clock.now_ns()
        self._ports.log.write(
            ConnectionLost(
                at_ns=now_ns, conn=self.conn, epoch=self._epoch, cause=cause, retry_in_ms=wait_ms
            )
        )
        if self._outage_ns == 0:
            self._outage_ns = self._frame_ns or now_ns
            self._gap(self._outage_ns, now_ns, f"DISCONNECTED open reason={cause.value}")

    def _gap(self, from_ns: int, to_ns: int, cause: str) -> None:
        gap = Gap(from_ns=from_ns, to_ns=to_ns, cause=cause)
        self._ports.recorder.gap(self.conn, self._epoch, to_ns, gap)

    async def _connect_once(self) -> LostCause:
        """One connection from opening to its end."""
        self._epoch += 1
        self._rejects.clear()
        try:
            socket = await open_socket(self._settings, self._clock)
        except OPEN_ERRORS:
            return LostCause.CONNECT_FAILED
        try:
            return await self._session(socket)
        finally:
            await socket.close()
            # The closing handshake has had its time; nothing of the connection may stay.
            socket.transport.abort()

    async def _session(self, socket: StampedConnection) -> LostCause:
        # Orders that waited are part of the first frame: it names the tokens as they are now.
        self._drain()
        began_ns = self._connected_ns = self._pong_ns = self._clock.now_ns()
        tokens = tuple(self._tokens)
        if not await self._send(socket, first_frame(tokens)):
            return LostCause.WRITE_TIMEOUT
        self._ports.log.write(
            ConnectionOpened(at_ns=began_ns, conn=self.conn, epoch=self._epoch, tokens=len(tokens))
        )
        cause = await first_of(self._read(socket), self._ping(socket), self._obey(socket))
        if self._clock.now_ns() - began_ns >= self._settings.healthy_ms * NS_PER_MS:
            self._backoff.reset()
        return cause

    async def _read(self, socket: StampedConnection) -> LostCause:
        """Hand on every message until the connection ends."""
        frames = 0
        try:
            while True:
                payload = await socket.recv(decode=False)
                recv_ns = socket.take_stamp()
                if payload in _NOISE:
                    self._pong_ns = recv_ns if payload == _PONG else self._pong_ns
                elif not self._take(payload, recv_ns):
                    return LostCause.PARSE_REJECTS
                frames += 1
                if frames % _FRAMES_PER_TURN == 0:
                    await asyncio.sleep(0)
        except ConnectionClosed as closed:
            return lost_cause(closed)

    def _take(self, payload: bytes, recv_ns: int) -> bool:
        """Record one frame; `False` when too many were refused."""
        if self._outage_ns > 0:
            self._gap(self._outage_ns, recv_ns, "DISCONNECTED closed")
            self._outage_ns = 0
        self._frame_ns = recv_ns
        report = self._ports.recorder.feed(RecordKind.WS, self.conn, self._epoch, recv_ns, payload)
        self._lag_ns_max = max(self._lag_ns_max, self._clock.now_ns() - recv_ns)
        return report is None or self._heed(report, payload, recv_ns)

    def _heed(self, report: FeedReport, payload: bytes, recv_ns: int) -> bool:
        """Act on what the engine found in a frame."""
        if report.mismatched:
            self._ports.log.write(
                MappingMismatch(at_ns=recv_ns, conn=self.conn, token_ids=report.mismatched)
            )
        if report.compare:
            self._ports.log.write(
                HashesBroke(at_ns=recv_ns, conn=self.conn, token_ids=report.compare)
            )
            self._compare(report.compare)
        if report.resnapshot:
            self.order(Again(tokens=report.resnapshot))
        return self._refused(report.refused, payload, recv_ns) if report.refused else True

    def _refused(self, reason: str, payload: bytes, recv_ns: int) -> bool:
        """A frame was lost to us: every book of this shard may have missed a change."""
        self._ports.log.write(
            FrameRefused(
                at_ns=recv_ns,
                conn=self.conn,
                epoch=self._epoch,
                reason=reason,
                length=len(payload),
                digest=hashlib.sha256(payload).hexdigest()[:16],
            )
        )
        is_full = len(self._rejects) == self._rejects.maxlen
        is_flood = is_full and recv_ns - self._rejects[0] < _MINUTE_NS
        self._rejects.append(recv_ns)
        self._gap(recv_ns, recv_ns, f"PARSE_REJECT reason={reason}")
        self._epoch += 1
        return not is_flood and self.order(Again(tokens=tuple(self._tokens)))

    async def _ping(self, socket: StampedConnection) -> LostCause:
        """Send PING at once and then at every interval; judge the answers."""
        limit_ns = self._settings.pong_timeout_ms * NS_PER_MS
        while self._clock.now_ns() - self._pong_ns < limit_ns:
            if not await self._send(socket, "PING"):
                return LostCause.WRITE_TIMEOUT
            await self._clock.sleep(self._settings.ping_interval_ms)
        return LostCause.PONG_TIMEOUT

    async def _obey(self, socket: StampedConnection) -> LostCause:
        """Carry out orders; an empty shard ends its connection."""
        while self._tokens:
            order = await self._orders.get()
            if isinstance(order, Replace):
                return order.cause
            for frame in _frames(order):
                if not await self._send(socket, frame):
                    return LostCause.WRITE_TIMEOUT
        return LostCause.STOPPED

    async def _send(self, socket: StampedConnection, text: str) -> bool:
        """Send within the write limit; a closed connection is for the reader to report."""
        try:
            async with asyncio.timeout(self._write_s):
                await socket.send(text)
        except TimeoutError:
            return False
        except ConnectionClosed:
            await socket.wait_closed()
        return True


async def first_of(*parts: Coroutine[None, None, T]) -> T:
    """Run side by side; the result of the first to end, the others are cancelled and awaited.

    Raises:
        Exception: whatever the first of them to fail raised.
    """
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        if error := task.exception():
            raise error
    return next(task for task in tasks if task in done).result()


def _frames(order: Add | Drop | Again) -> tuple[str, ...]:
    if not order.tokens:
        return ()
    match order:
        case Add(tokens=tokens):
            return (add_frame(tokens),)
        case Drop(tokens=tokens):
            return (drop_frame(tokens),)
        case Again(tokens=tokens):
            return (drop_frame(tokens), add_frame(tokens))
