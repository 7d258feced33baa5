"""One WebSocket to the market channel: opening it, stamping what arrives, closing it quickly.

Owns everything that is peculiar to the `websockets` library. The receive time is taken in the
protocol's callback, when the bytes leave the kernel, not when a task gets round to them.

Must never follow a redirect, use a proxy from the environment, or buffer without bound: reading
pauses at `frame_queue` frames and the venue's side then waits in TCP.

Invariants: one stamp per message, in the order of messages; a message larger than
`frame_max_bytes` closes the connection before it is in memory; no compression, so no bombs.
"""

import json
from collections import deque
from collections.abc import Iterable
from typing import cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidHandshake
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response

from razor.adapters.polymarket.rest import check_address
from razor.application.ports import Clock
from razor.domain.feed import FeedSettings
from razor.domain.feed_event import LostCause

_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})

# What a failed opening may raise; all of it means "try again later".
OPEN_ERRORS = (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, EOFError)


class StampedConnection(ClientConnection):
    """A connection that keeps the arrival time of every message.

    The library makes the instance, so `open_socket` derives one class per connection and puts
    clock and stamps into it.
    """

    clock: Clock
    stamps: deque[int]

    def process_event(self, event: Frame | Request | Response) -> None:
        """Stamp the last frame of a message, then let the library go on."""
        if isinstance(event, Frame) and event.opcode in _DATA and event.fin:
            self.stamps.append(self.clock.now_ns())
        super().process_event(event)

    def take_stamp(self) -> int:
        """Arrival time of the message `recv` returned last, ns."""
        return self.stamps.popleft()


class _Connect(connect):
    """`connect` that refuses redirects: hosts are configured, not told (F-76)."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_socket(settings: FeedSettings, clock: Clock) -> StampedConnection:
    """Connect to the market channel.

    Raises:
        UnsafeAddressError: the address is neither encrypted nor loopback.
        OSError, TimeoutError, InvalidHandshake, ConnectionClosed, EOFError: see `OPEN_ERRORS`.
    """
    kind = type("ClockedConnection", (StampedConnection,), {"clock": clock, "stamps": deque()})
    connection = await _Connect(
        check_address(settings.endpoints.ws_base) + "/ws/market",
        create_connection=kind,
        compression=None,
        proxy=None,
        user_agent_header=settings.user_agent,
        open_timeout=settings.endpoints.ws_connect_timeout_ms / 1000,
        close_timeout=settings.close_timeout_ms / 1000,
        # The venue wants the application's PING texts; protocol pings prove nothing more.
        ping_interval=None,
        ping_timeout=None,
        max_size=settings.frame_max_bytes,
        max_queue=settings.frame_queue,
    )
    return cast("StampedConnection", connection)


def lost_cause(closed: ConnectionClosed) -> LostCause:
    """Why the library says that the connection is over."""
    if closed.sent is not None and closed.sent.code == CloseCode.MESSAGE_TOO_BIG:
        return LostCause.OVERSIZE
    return LostCause.RESET if isinstance(closed, ConnectionClosedError) else LostCause.CLOSED


def first_frame(tokens: Iterable[str]) -> str:
    """The frame that opens a subscription (PROTOCOL 5.1)."""
    return json.dumps(
        {
            "type": "market",
            "assets_ids": list(tokens),
            "initial_dump": True,
            "level": 2,
            "custom_feature_enabled": True,
        }
    )


def add_frame(tokens: Iterable[str]) -> str:
    """The frame that adds tokens to a subscription."""
    return json.dumps(
        {
            "operation": "subscribe",
            "assets_ids": list(tokens),
            "custom_feature_enabled": True,
        }
    )


def drop_frame(tokens: Iterable[str]) -> str:
    """The frame that takes tokens out of a subscription."""
    return json.dumps({"operation": "unsubscribe", "assets_ids": list(tokens)})
