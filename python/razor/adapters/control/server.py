"""The control API: HTTP/1.1 on a socket file, in a thread and a loop of its own.

Owns: :class:`ControlServer` and :func:`serving`. ``GET /v1/status``, ``POST /v1/stop``,
``/v1/halt`` and ``/v1/clear`` with ``{"reason": "…"}``; one request per connection. Must never:
touch the session. It puts questions into the mailbox, and the owner of the session answers.

A web page cannot open a socket file; should something pass its requests on to here all the same,
it cannot hide the ``Origin`` or the ``Host`` that a browser sends with them (F-85).
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import msgspec
from aiohttp import web

from razor.adapters.control.gate import ControlLimits, Front, Gate
from razor.adapters.control.mailbox import Mailbox
from razor.application.operate import Operate
from razor.domain.control import REASON_MOST, Command, CommandVerb, is_reason
from razor.domain.errors import CommandRefused, ControlError, RazorError, StorageError, facts_of

__all__ = ["HOST", "ControlServer", "serving"]

HOST = "razor"
"""The only ``Host`` that is answered: a name that no resolver gives."""
_SOCKET_MODE = 0o600
_START_S = 10.0
_SHUTDOWN_S = 0.5
_BACKLOG = 16
_LOG = logging.getLogger("razor.control")
# For the parser, whose words about a bad request quote the request.
_SILENT = logging.getLogger("razor.control.http")
_SILENT.disabled = True
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Said(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a command."""

    reason: str = ""


class ControlServer:
    """The API of one run. ``operate`` is called in the thread that serves ``mailbox`` alone."""

    def __init__(self, operate: Operate, mailbox: Mailbox, gate: Gate) -> None:
        """Answer nothing yet."""
        self._operate = operate
        self._mailbox = mailbox
        self._gate = gate
        self._stop = asyncio.Event()

    async def serve(
        self, listening: socket.socket, ready: "Future[asyncio.AbstractEventLoop]"
    ) -> None:
        """Answer on a bound socket until :meth:`stop`; ``ready`` is told when that begins."""
        app = web.Application(
            middlewares=[self._checked], client_max_size=self._gate.limits.body_most
        )
        app.router.add_get("/v1/status", self._status, allow_head=False)
        for verb in CommandVerb:
            app.router.add_post(f"/v1/{verb.value}", self._command)
        runner = web.AppRunner(
            app,
            handle_signals=False,
            access_log=None,
            logger=_SILENT,
            shutdown_timeout=_SHUTDOWN_S,
            tcp_keepalive=False,
            auto_decompress=False,
        )
        await runner.setup()
        try:
            await self._listen(runner, listening, ready)
        finally:
            await runner.cleanup()

    async def _listen(
        self,
        runner: web.AppRunner,
        listening: socket.socket,
        ready: "Future[asyncio.AbstractEventLoop]",
    ) -> None:
        loop, parsers = asyncio.get_running_loop(), runner.server
        if parsers is None:
            raise ControlError("the control API was not set up", cause="NO_PROCESS")
        listener = await loop.create_unix_server(
            lambda: Front(self._gate, parsers()), sock=listening, backlog=_BACKLOG
        )
        ready.set_result(loop)
        try:
            await self._stop.wait()
        finally:
            listener.close()
            for transport in tuple(self._gate.fronts):
                transport.close()

    def stop(self) -> None:
        """End; to be called in the server's loop."""
        self._stop.set()

    @web.middleware
    async def _checked(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Turn away what is not for us, and say every refusal in one form."""
        front = self._front(request)
        try:
            self._require_ours(request)
            await request.read()
            front.heard()
            answer = await handler(request)
        except web.HTTPException as refused:
            status = HTTPStatus(refused.status)
            front.deny(status.phrase)
            answer = _failure(status, ControlError(status.phrase, cause=status.name))
        except CommandRefused as refused:
            front.deny(f"command refused: {refused.reason}")
            answer = _failure(HTTPStatus.CONFLICT, refused)
        except ControlError as failed:
            answer = _failure(HTTPStatus.SERVICE_UNAVAILABLE, failed)
        except Exception:  # noqa: BLE001 - the supervisor of a request
            # A bug of ours: the run goes on, and the log says where it is.
            _LOG.exception("a request failed")
            bug = ControlError("razor has a bug: see its log", cause="BUG")
            answer = _failure(HTTPStatus.INTERNAL_SERVER_ERROR, bug)
        answer.force_close()
        return answer

    def _require_ours(self, request: web.Request) -> None:
        headers = request.headers
        if "Origin" in headers or headers.getall("Host", []) != [HOST]:
            raise web.HTTPForbidden
        if request.method == "POST" and request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType

    def _front(self, request: web.Request) -> Front:
        front = self._gate.fronts.get(request.transport) if request.transport is not None else None
        if front is None:
            raise web.HTTPForbidden
        return front

    async def _status(self, _request: web.Request) -> web.StreamResponse:
        return await self._asked(lambda: msgspec.json.encode(self._operate.status()))

    async def _command(self, request: web.Request) -> web.StreamResponse:
        try:
            said = msgspec.json.decode(await request.read(), type=_Said)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise web.HTTPBadRequest from None
        verb = CommandVerb(request.path.removeprefix("/v1/"))
        if not is_reason(said.reason) and (said.reason or verb is CommandVerb.CLEAR):
            raise CommandRefused(
                f"the reason of a {verb.value} must be 1 to {REASON_MOST} printable characters",
                reason="REASON",
                remedy="say why with --reason",
            )
        command = Command(verb=verb, by=self._front(request).peer, reason=said.reason)
        return await self._asked(lambda: msgspec.json.encode(self._operate.command(command)))

    async def _asked(self, question: Callable[[], bytes]) -> web.StreamResponse:
        """Let the owner of the session answer; a question that waits too long is taken back."""
        answer = asyncio.wrap_future(self._mailbox.ask(question))
        try:
            async with asyncio.timeout(self._gate.limits.answer_s):
                body = await answer
        except TimeoutError:
            raise ControlError(
                "the run did not answer in time; nothing was changed unless status says so",
                cause="NO_ANSWER",
                remedy="ask again with razor status",
            ) from None
        return web.Response(body=body, content_type="application/json")


def _failure(status: HTTPStatus, error: RazorError) -> web.Response:
    return web.json_response(facts_of(error), status=status)


@contextmanager
def serving(
    operate: Operate, mailbox: Mailbox, path: Path, *, gate: Gate | None = None
) -> Generator[None]:
    """Serve at ``path`` for the length of the block; the mailbox is closed with it.

    Errors: :class:`StorageError` when nobody can listen there.
    """
    server = ControlServer(operate, mailbox, gate or Gate(ControlLimits()))
    ready: Future[asyncio.AbstractEventLoop] = Future()
    with _bound(path) as listening:
        thread = threading.Thread(
            target=_run, args=(server, listening, ready), name="razor-control", daemon=True
        )
        thread.start()
        loop = ready.result(timeout=_START_S)
        try:
            yield
        finally:
            mailbox.close()
            loop.call_soon_threadsafe(server.stop)
            thread.join(_START_S)


@contextmanager
def _bound(path: Path) -> Generator[socket.socket]:
    """Bind a socket file that only this user may open, and take it away at the end."""
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(path))
        path.chmod(_SOCKET_MODE)
    except OSError as error:
        listening.close()
        cause = str(error)
        message = f"cannot listen for operators at {path}: {cause}"
        remedy = "set XDG_RUNTIME_DIR to a directory of your own"
        raise StorageError(message, path=path, cause=cause, remedy=remedy) from error
    try:
        yield listening
    finally:
        listening.close()
        path.unlink(missing_ok=True)


def _run(
    server: ControlServer, listening: socket.socket, ready: "Future[asyncio.AbstractEventLoop]"
) -> None:
    try:
        asyncio.run(server.serve(listening, ready))
    except Exception as error:
        if ready.done():
            raise
        ready.set_exception(error)
