"""A venue on the loopback: market WebSocket and REST over real sockets, with faults on demand.

It keeps one book per token, serves it in the venue's shapes (PROTOCOL 3 and 5) and knows the truth
that the feed cannot see. A fault is a switch on the object or an answer put in a queue.
"""

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from razor.domain.feed import EndpointSettings, FeedSettings

_HOST = "127.0.0.1"


def token_id(number: int) -> str:
    """A token id of the venue's length."""
    return str(10**76 + number)


def condition_id(number: int) -> str:
    """A condition id of the venue's length."""
    return f"0x{number:064x}"


@dataclass(slots=True, kw_only=True)
class VenueMarket:
    """One market with its truth; `gamma` and `clob` overrule fields of the served metadata."""

    number: int
    gamma: dict[str, object] = field(default_factory=dict)
    clob: dict[str, object] = field(default_factory=dict)

    @property
    def condition_id(self) -> str:
        return condition_id(self.number)

    @property
    def tokens(self) -> tuple[str, str]:
        return token_id(2 * self.number), token_id(2 * self.number + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer. `mode`: send | hang | drip | reset | short (promise more than is sent)."""

    status: int = 200
    body: bytes = b"[]"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    mode: str = "send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as received."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes

    def param(self, name: str) -> str:
        return dict(self.params).get(name, "")


class Session:
    """One WebSocket connection as the venue sees it."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.tokens: dict[str, None] = {}
        self.received: list[str] = []
        self.is_open = True

    async def send(self, message: object) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        try:
            await self.socket.send(text)
        except ConnectionClosed:
            self.is_open = False


class Venue:
    """The venue. Use as an asynchronous context."""

    def __init__(self, markets: int = 1) -> None:
        self.markets = [VenueMarket(number=number) for number in range(1, markets + 1)]
        self.sessions: list[Session] = []
        self.requests: list[Request] = []
        self.books: dict[str, tuple[list[list[str]], list[list[str]]]] = {}
        self.trades: dict[str, list[dict[str, object]]] = {}
        self.events: list[dict[str, object]] = []
        # Faults.
        self.is_frozen = False
        self.answers_ping = True
        self.mute: set[str] = set()
        self.no_dump: set[str] = set()
        self.no_book: set[str] = set()
        self.dump_limit = 500
        self.refuse_sockets = 0
        self.queued: dict[str, deque[Answer]] = {}
        self.handlers: dict[str, Callable[[Request], Answer]] = {}
        # The recipe of the book hash; filler unless a test says otherwise.
        self.hash_of: Callable[[Mapping[str, object]], str] = lambda _: "0" * 40
        self.on_session: Callable[[Session], None] = lambda _: None
        self._ms = itertools.count(1_800_000_000_000)
        self._stack = AsyncExitStack()
        self._ws: Server | None = None
        self._http: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        for market in self.markets:
            for token in market.tokens:
                self.books[token] = ([["0.40", "100"]], [["0.42", "100"]])

    async def __aenter__(self) -> Self:
        self._ws = await serve(self._session, _HOST, 0, ping_interval=None, close_timeout=0.1)
        self._http = await asyncio.start_server(self._serve, _HOST, 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._ws is not None
        assert self._http is not None
        self._ws.close()
        self._http.close()
        for writer in self._writers:
            writer.transport.abort()
        for session in self.sessions:
            session.socket.transport.abort()
        await self._ws.wait_closed()

    def settings(self, **changes: object) -> FeedSettings:
        """Feed settings that point at this venue; short limits for the transport."""
        assert self._ws is not None
        assert self._http is not None
        rest = f"http://{_HOST}:{self._http.sockets[0].getsockname()[1]}"
        endpoints = EndpointSettings(
            gamma_base=rest,
            clob_base=rest,
            data_api_base=rest,
            ws_base=f"ws://{_HOST}:{next(iter(self._ws.sockets)).getsockname()[1]}",
            http_timeout_ms=500,
            http_connect_timeout_ms=500,
            ws_connect_timeout_ms=2_000,
        )
        defaults: dict[str, object] = {"close_timeout_ms": 100, "user_agent": "razor-test"}
        return FeedSettings(endpoints=endpoints, **(defaults | changes))  # type: ignore[arg-type]

    def tokens(self) -> list[str]:
        return [token for market in self.markets for token in market.tokens]

    def home(self, token: str) -> list[Session]:
        """Open sessions that are subscribed to a token."""
        return [s for s in self.sessions if s.is_open and token in s.tokens]

    def requested(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path.startswith(path)]

    def queue(self, path: str, *answers: Answer) -> None:
        """Answer the next requests to a path like this, then go on as usual."""
        self.queued.setdefault(path, deque()).extend(answers)

    async def change(self, token: str, price: str = "0.41", size: str = "5") -> None:
        """A level changes: in the book, and on the wire unless a fault says no."""
        self.books[token][0][1:] = [[price, size]]
        message = self.price_change(token, price, size)
        if self.is_frozen or token in self.mute:
            return
        for session in self.home(token):
            await session.send(message)

    def price_change(self, token: str, price: str, size: str) -> dict[str, object]:
        at_ms = next(self._ms)
        change = {
            "asset_id": token,
            "price": price,
            "size": size,
            "side": "BUY",
            "hash": self.hash_of(self._whole(token, at_ms)),
            "best_bid": price,
            "best_ask": "0.42",
        }
        return {
            "event_type": "price_change",
            "market": self.market_of(token),
            "price_changes": [change],
            "timestamp": str(at_ms),
        }

    def book(self, token: str) -> dict[str, object]:
        whole = self._whole(token, next(self._ms))
        return whole | {"hash": self.hash_of(whole)}

    def _whole(self, token: str, at_ms: int) -> dict[str, object]:
        """The book with an empty hash, keys in the order that the hash covers (PROTOCOL 3.2)."""
        bids, asks = self.books[token]
        return {
            "market": self.market_of(token),
            "asset_id": token,
            "timestamp": str(at_ms),
            "hash": "",
            "bids": [{"price": price, "size": size} for price, size in bids],
            "asks": [{"price": price, "size": size} for price, size in asks],
            "min_order_size": "5",
            "tick_size": "0.01",
            "neg_risk": False,
            "last_trade_price": "",
        }

    def market_of(self, token: str) -> str:
        return next(m.condition_id for m in self.markets if token in m.tokens)

    def trade(self, market: VenueMarket, number: int, second: int) -> dict[str, object]:
        """A row of the Data API."""
        return {
            "asset": market.tokens[0],
            "conditionId": market.condition_id,
            "side": "BUY",
            "price": 0.41,
            "size": 12.5,
            "timestamp": second,
            "transactionHash": f"0x{number:064x}",
        }

    def gamma_market(self, market: VenueMarket) -> dict[str, object]:
        row: dict[str, object] = {
            "id": str(market.number),
            "question": f"Question {market.number}?",
            "conditionId": market.condition_id,
            "slug": f"market-{market.number}",
            "outcomes": '["Yes", "No"]',
            "outcomePrices": '["0.41", "0.59"]',
            "clobTokenIds": json.dumps(list(market.tokens)),
            "version": "v1",
            "active": True,
            "closed": False,
            "enableOrderBook": True,
            "acceptingOrders": True,
            "umaResolutionStatus": "",
            "endDate": "2027-01-01T04:59:00Z",
            "orderPriceMinTickSize": 0.01,
            "orderMinSize": 5,
            "negRisk": False,
            "feesEnabled": True,
            "feeSchedule": {"rate": 0.07, "exponent": 1, "takerOnly": True, "rebateRate": 0.2},
            "events": [{"id": f"9{market.number}", "slug": "e"}],
        }
        return row | market.gamma

    def clob_market(self, market: VenueMarket) -> dict[str, object]:
        yes, no = market.tokens
        row: dict[str, object] = {
            "c": market.condition_id,
            "t": [{"t": yes, "o": "Yes"}, {"t": no, "o": "No"}],
            "mos": 5,
            "mts": 0.01,
            "ao": True,
            "fd": {"r": 0.07, "e": 1, "to": True},
            "v": "v1",
        }
        return {key: value for key, value in (row | market.clob).items() if value is not None}

    async def _session(self, socket: ServerConnection) -> None:
        if self.refuse_sockets > 0:
            self.refuse_sockets -= 1
            socket.transport.abort()
            return
        session = Session(socket)
        self.sessions.append(session)
        self.on_session(session)
        try:
            async for text in socket:
                await self._hear(session, str(text))
        except ConnectionClosed:
            pass
        finally:
            session.is_open = False

    async def _hear(self, session: Session, text: str) -> None:
        session.received.append(text)
        if text == "PING":
            if self.answers_ping:
                await session.send("PONG")
            return
        order = json.loads(text)
        tokens: list[str] = order["assets_ids"]
        if order.get("operation") == "unsubscribe":
            for token in tokens:
                session.tokens.pop(token, None)
            return
        # A repeated subscribe of an active token is refused: no second snapshot.
        fresh = [token for token in tokens if token not in session.tokens]
        session.tokens |= dict.fromkeys(fresh)
        await self._dump(session, fresh)

    async def _dump(self, session: Session, tokens: Sequence[str]) -> None:
        silent = self.mute | self.no_dump | self.no_book
        shown = [token for token in tokens if token not in silent]
        if shown and not self.is_frozen and len(session.tokens) <= self.dump_limit:
            await session.send([{"event_type": "book", **self.book(token)} for token in shown])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            request = await _read_request(reader)
            self.requests.append(request)
            await _write_answer(writer, self._answer(request))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, request: Request) -> Answer:
        for path, waiting in self.queued.items():
            if request.path.startswith(path) and waiting:
                return waiting.popleft()
        for path, handler in self.handlers.items():
            if request.path.startswith(path):
                return handler(request)
        return self._usual(request)

    def _usual(self, request: Request) -> Answer:
        if request.path == "/books":
            asked = [row["token_id"] for row in json.loads(request.body)]
            known = [t for t in reversed(asked) if t in self.books and t not in self.no_book]
            return _json([self.book(token) for token in known])
        if request.path == "/trades":
            rows = self.trades.get(request.param("market"), [])
            start = int(request.param("offset") or "0")
            return _json(rows[start : start + int(request.param("limit"))])
        if request.path == "/markets":
            listed = [self.gamma_market(market) for market in self.markets]
            return _json(listed[: int(request.param("limit"))])
        if request.path == "/markets/keyset":
            return _json({"markets": self._markets_asked(request)})
        if request.path == "/events/keyset":
            asked_ids = [v for k, v in request.params if k in {"id", "slug"}]
            found = [e for e in self.events if e["id"] in asked_ids or e["slug"] in asked_ids]
            return _json({"events": found})
        if request.path.startswith("/clob-markets/"):
            name = request.path.rpartition("/")[2]
            rows = [self.clob_market(m) for m in self.markets if m.condition_id == name]
            return _json(rows[0]) if rows else Answer(status=404, body=b'{"error":"not found"}')
        return Answer(status=404, body=b'{"error":"not found"}')

    def _markets_asked(self, request: Request) -> list[dict[str, object]]:
        asked = [v for k, v in request.params if k in {"id", "condition_ids", "slug"}]
        rows = [self.gamma_market(market) for market in self.markets]
        keys = ("id", "conditionId", "slug")
        return [row for row in rows if any(row[key] in asked for key in keys)]


def _json(value: object) -> Answer:
    return Answer(body=json.dumps(value).encode())


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {
        name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Request(
        method=method,
        path=parts.path,
        params=tuple(parse_qsl(parts.query)),
        headers=headers,
        body=body,
    )


async def _write_answer(writer: asyncio.StreamWriter, answer: Answer) -> None:
    if answer.mode == "hang":
        await asyncio.Event().wait()
    length = len(answer.body) + (50 if answer.mode in {"short", "reset", "drip"} else 0)
    head = [f"HTTP/1.1 {answer.status} X", f"Content-Length: {length}", "Connection: close"]
    head += [f"{name}: {value}" for name, value in answer.headers]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode() + answer.body)
    await writer.drain()
    if answer.mode == "reset":
        writer.transport.abort()
    if answer.mode == "drip":
        # A byte every now and then, each within a read timeout, for ever.
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)
