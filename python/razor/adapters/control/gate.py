"""Who may talk to the control API, and for how long: before a byte is parsed.

Owns: :class:`Gate` (the limits, the count and the log of denials) and :class:`Front`, which stands
before the HTTP parser of each connection. Must never: log text that a client sent, or let a client
hold a connection open at its own pace.

Invariants: a peer of another user id reaches no parser; every denial is counted and logged; each
connection ends within the sum of its limits.
"""

import asyncio
import logging
import os
import pwd
import socket
import struct
from dataclasses import dataclass
from typing import cast

from razor.domain.control import Operator

__all__ = ["ControlLimits", "Front", "Gate"]

_LOG = logging.getLogger("razor.control")
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLimits:
    """Bounds of the control API.

    ``read_s``: for a whole request to arrive. ``answer_s``: for the run to answer. ``write_s``: for
    a client to take the answer.
    """

    body_most: int = 4_096
    connections: int = 8
    read_s: float = 2.0
    answer_s: float = 5.0
    write_s: float = 2.0


class Gate:
    """The limits of one server, and what it turned away."""

    def __init__(self, limits: ControlLimits) -> None:
        """Begin with no denial."""
        self.limits = limits
        self.denied = 0
        self.fronts: dict[asyncio.BaseTransport, Front] = {}

    def deny(self, cause: str) -> None:
        """Count and log a denial; ``cause`` is a word of ours, never a client's text."""
        self.denied += 1
        _LOG.warning("denied: %s", cause)


class Front(asyncio.Protocol):
    """One connection: the peer's proof, the cap and the deadlines, then the parser behind it."""

    def __init__(self, gate: Gate, inner: asyncio.Protocol) -> None:
        """Stand before ``inner``, which gets only connections that were let in."""
        self._gate = gate
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._was_heard = False
        self._has_data = False
        self._is_denied = False
        self.peer = Operator(uid=-1, name="")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the connection in, or end it."""
        gate, plain = self._gate, cast("asyncio.Transport", transport)
        uid = _uid_of(plain)
        if uid != os.geteuid():
            self.deny("peer of another user")
            plain.abort()
            return
        if len(gate.fronts) >= gate.limits.connections:
            self.deny("too many connections")
            plain.abort()
            return
        self.peer = Operator(uid=uid, name=_name_of(uid))
        self._transport = plain
        gate.fronts[transport] = self
        self._within(gate.limits.read_s, "request not complete in time")
        self._inner.connection_made(transport)

    def heard(self) -> None:
        """Say that the whole request is here; the run's time and the client's last one begin."""
        self._was_heard = True
        limits = self._gate.limits
        self._within(limits.answer_s + limits.write_s, "answer not taken in time")

    def deny(self, cause: str) -> None:
        """Count a denial of this connection; only its first one counts."""
        self._was_heard = True
        if not self._is_denied:
            self._is_denied = True
            self._gate.deny(cause)

    def data_received(self, data: bytes) -> None:
        """Pass on what came."""
        self._has_data = True
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that no more will come."""
        return self._inner.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        """Pass on that the client is slow."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the client takes bytes again."""
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; what was no whole request is a denial."""
        if self._transport is None:
            return
        if self._deadline is not None:
            self._deadline.cancel()
            if self._has_data and not self._was_heard:
                self.deny("no readable request")
        self._gate.fronts.pop(self._transport, None)
        self._inner.connection_lost(exc)

    def _within(self, seconds: float, cause: str) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._too_slow, cause)

    def _too_slow(self, cause: str) -> None:
        self._deadline = None
        self.deny(cause)
        if self._transport is not None:
            self._transport.abort()


def _uid_of(transport: asyncio.Transport) -> int:
    """Ask the kernel who is at the other end; -1 when it does not say."""
    peer = cast("socket.socket | None", transport.get_extra_info("socket"))
    if peer is None:
        return -1
    try:
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return -1
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return int(uid)


def _name_of(uid: int) -> str:
    """The name of a user id; the number when it has none that can be shown."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except (KeyError, OSError):
        name = ""
    return name if name and name.isprintable() and "|" not in name else f"uid {uid}"
