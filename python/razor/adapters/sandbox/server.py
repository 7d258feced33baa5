"""Sockets of the local exchange: HTTP/1.1 and WebSocket on loopback, one port per service.

Owns: `Service` (a router with a port), `Streams` (the two channels) and `serving`, which opens,
drives and closes them all.

Must never: listen on an address that other machines reach; let a call that fails take the server
with it; read a body beyond its limit.

Frames of market data go straight to the transport: each is encoded once, and what a subscriber is
owed goes out in one write. Whoever does not read is closed (venues do so too).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.proxy import Wires, reset
from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.router import (
    Answer,
    Request,
    Router,
    answer_of,
    refusal_answer,
)
from razor.adapters.sandbox.streams import MAX_FRAME, Channel, Hub, Subscriber
from razor.adapters.sandbox.venue import NS_PER_S, Venue
from razor.domain.local_venue import LOOPBACK

MAX_BODY: Final = 1_048_576
MAX_QUERY: Final = 65_536
_BACKLOG: Final = 512
_SHUTDOWN_S: Final = 0.5
_FIRST_FRAME_S: Final = 10.0
_UNSENT_MOST: Final = 16_777_216
"""Bytes a subscriber may leave unread."""
_TICK_S: Final = 0.25
"""How long the clock is left alone at most; a virtual one may run faster than ours."""
_LOG = logging.getLogger("razor.sandbox")
# The parser quotes what it could not read.
_SILENT = logging.getLogger("razor.sandbox.http")
_SILENT.disabled = True
_PATHS: Final = {"/ws/market": Channel.MARKET, "/ws/user": Channel.USER}


@dataclass(slots=True)
class Service:
    """A set of routes under one port; `port` is 0 until it listens on a free one."""

    name: str
    router: Router
    port: int = 0
    has_streams: bool = False
    calls: int = field(default=0, init=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken(Answer):
    """An answer whose bytes, head included, break off after so many; then the connection ends."""

    at_byte: int
    is_reset: bool


class Middle(Protocol):
    """What stands between a call and its handler: faults."""

    async def call(
        self, service: Service, request: Request, answer: Callable[[Request], Answer]
    ) -> Answer | None:
        """Answer a call, with or without `answer`; None cuts the connection."""
        ...

    def opens(self, service: Service, path: str) -> Answer | None:
        """Why a stream does not open; None lets it."""
        ...

    def on_change(self, moved: Callable[[], None]) -> None:
        """Say so when something became due earlier."""
        ...


class Front:
    """One venue behind sockets."""

    def __init__(self, venue: Venue, hub: Hub, middle: Middle | None = None) -> None:
        """Answer for this venue, with `middle` before every handler."""
        self._venue = venue
        self._hub = hub
        self._middle = middle
        self._transports: dict[Subscriber, asyncio.WriteTransport] = {}
        self._moved = asyncio.Event()
        if middle is not None:
            middle.on_change(self._moved.set)

    def answer(self, service: Service, request: Request, path: str) -> Answer:
        """Answer one call; every refusal is an answer."""
        service.calls += 1
        try:
            listed, tail, handler = service.router.route(request.call.method, path)
            route = f"{request.call.method} {listed}"
            self._venue.admission.callers.take(request.caller, route, self._venue.now_ms())
            answered = answer_of(handler(replace(request, tail=tail) if tail else request))
        except Refused as refused:
            answered = refusal_answer(refused)
        finally:
            self._venue.publish()
            self.flush()
        return answered

    async def handle(self, service: Service, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one call of a socket."""
        path, _, query = request.raw_path.partition("?")
        if service.has_streams and path in _PATHS:
            refused = self._middle.opens(service, path) if self._middle else None
            if refused is not None:
                return _response(refused)
            return await self._stream(request, _PATHS[path])
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _response(refusal_answer(Refused(413, "Payload Too Large")))
        if len(query) > MAX_QUERY:
            return _response(refusal_answer(Refused(414, "URI Too Long")))
        try:
            asked = _asked(request, path, query, body, self._venue.now_s())

            def answer(of: Request) -> Answer:
                return self.answer(service, of, path)

            if self._middle is None:
                answered: Answer | None = answer(asked)
            else:
                answered = await self._middle.call(service, asked, answer)
        except Exception:  # noqa: BLE001 - the supervisor of a call
            # A bug of ours; the venue says as much when it has one.
            _LOG.exception("a call failed: %s %s", request.method, path)
            answered = refusal_answer(Refused(500, "could not run the execution"))
        if answered is None or isinstance(answered, Broken):
            if request.transport is not None:
                _break_off(request.transport, answered)
            raise ConnectionResetError
        self._moved.set()
        return _response(answered)

    async def _stream(self, request: web.BaseRequest, channel: Channel) -> web.StreamResponse:
        """Turn a call into a stream and keep it until either side ends."""
        socket = web.WebSocketResponse(
            compress=False, max_msg_size=MAX_FRAME, timeout=_SHUTDOWN_S, autoclose=True
        )
        if not socket.can_prepare(request):
            return _response(refusal_answer(Refused(400, "Bad Request")))
        await socket.prepare(request)
        subscriber = Subscriber(channel)
        self._hub.join(subscriber)
        if request.transport is not None:
            self._transports[subscriber] = request.transport
        try:
            await self._converse(socket, subscriber)
        finally:
            self._hub.leave(subscriber)
            self._transports.pop(subscriber, None)
            with suppress(ConnectionError, RuntimeError):
                await socket.close()
        return socket

    async def _converse(self, socket: web.WebSocketResponse, subscriber: Subscriber) -> None:
        """Take frames until either side ends; who says nothing at first is not waited for."""
        while not socket.closed:
            patience = None if subscriber.is_known else _FIRST_FRAME_S
            try:
                message = await socket.receive(timeout=patience)
            except TimeoutError:
                return
            if message.type is not WSMsgType.TEXT:
                return
            if not self._hub.take(subscriber, message.data):
                return
            self.flush()

    def flush(self) -> None:
        """Send every subscriber what it is owed."""
        for subscriber in self._hub.dirty:
            transport = self._transports.get(subscriber)
            if transport is None:
                # Not on a socket; whoever drives it takes the frames.
                continue
            frames = b"".join(subscriber.outbox)
            subscriber.outbox.clear()
            if transport.is_closing():
                continue
            transport.write(frames)
            if subscriber.is_cut:
                transport.close()
            elif transport.get_write_buffer_size() > _UNSENT_MOST:
                transport.abort()
        self._hub.dirty.clear()

    async def drive(self) -> None:
        """Let the venue's time pass: wake it when something is due."""
        while True:
            due_ns = self._venue.due_ns()
            wait_s = _TICK_S
            if due_ns is not None:
                wait_s = max(0.0, min(_TICK_S, (due_ns - self._venue.now_ns()) / NS_PER_S))
            if wait_s == 0.0:
                self._venue.go_on()
                self.flush()
            # A call may bring something that is due earlier.
            self._moved.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._moved.wait()
            await asyncio.sleep(0)


def _asked(request: web.BaseRequest, path: str, query: str, body: bytes, now_s: int) -> Request:
    """A call as handlers see it: raw path, first and all values of the query."""
    pairs = parse_qsl(query, keep_blank_values=True) if query else []
    first: dict[str, str] = {}
    every: dict[str, list[str]] = {}
    for name, value in pairs:
        every.setdefault(name, []).append(value)
        first.setdefault(name, value)
    call = Call(method=request.method, path=path, body=body, headers=request.headers, now_s=now_s)
    return Request(call=call, query=first, tail="", caller=request.remote or "", every=every)


def _response(answer: Answer) -> web.Response:
    """An answer as the server writes it."""
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers=_named(answer.headers),
        content_type=answer.media,
        charset="utf-8" if answer.media.startswith("text/") else None,
    )


def wire_bytes(answer: Answer) -> bytes:
    """An answer as it goes over the wire when it is to break off somewhere."""
    head = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.media}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
        f"Content-Length: {len(answer.body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + answer.body


def _break_off(transport: asyncio.WriteTransport, answer: Broken | None) -> None:
    """Send what is left of an answer, and end the connection with a reset or in order."""
    if answer is not None:
        transport.write(wire_bytes(answer)[: answer.at_byte])
        if not answer.is_reset:
            transport.close()
            return
    reset(transport)


def _named(headers: Mapping[str, str]) -> Mapping[str, str] | None:
    """None where there are no headers, which costs the server less."""
    return headers or None


@asynccontextmanager
async def serving(
    front: Front, services: list[Service], wires: Wires | None = None
) -> AsyncGenerator[asyncio.Task[None]]:
    """Listen for the length of the block; ports that were 0 are those of free ones then.

    Gives the task that drives the venue's time, which ends only with a bug: whoever serves must
    watch it, for without it nothing settles any more. `wires` listens instead for the services
    that it has faults for.

    Errors: `OSError` when a port is taken.
    """
    runners: list[web.ServerRunner] = []
    try:
        for service in services:
            runner = web.ServerRunner(
                web.Server(_handler(front, service), access_log=None, logger=_SILENT),
                shutdown_timeout=_SHUTDOWN_S,
            )
            await runner.setup()
            runners.append(runner)
            if wires is not None and runner.server is not None and wires.has(service.name):
                service.port = await wires.listen(service.name, service.port, runner.server)
                continue
            site = web.TCPSite(runner, LOOPBACK, service.port, backlog=_BACKLOG)
            await site.start()
            service.port = runner.addresses[0][1]
        driving = asyncio.create_task(front.drive(), name="sandbox-clock")
        try:
            yield driving
        finally:
            driving.cancel()
            await asyncio.wait([driving])
    finally:
        if wires is not None:
            await wires.close()
        for runner in runners:
            await runner.cleanup()


def _handler(
    front: Front, service: Service
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """The handler of one service's port."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await front.handle(service, request)

    return handle
