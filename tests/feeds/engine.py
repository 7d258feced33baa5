"""An engine in memory: takes records, decodes just enough JSON to know what is hydrated.

It keeps what it was given, in order, so that a test reads the recording as an auditor would.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from razor.application.ports import FeedReport, LivenessView, TokenLiveness
from razor.domain.feed import Gap, RecordKind
from razor.domain.feed_event import FeedEvent

E = TypeVar("E", bound=FeedEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record as taken."""

    kind: RecordKind
    conn: str
    epoch: int
    recv_ns: int
    payload: bytes


class MemoryEngine:
    """Implements `Recorder` and `Liveness` with dicts."""

    def __init__(self, owners: Mapping[str, str] | None = None) -> None:
        self.rows: list[Row] = []
        self.flushes = 0
        self.no_snapshot: Counter[str] = Counter()
        self.levels: dict[str, dict[tuple[str, str], str]] = {}
        self._owners = owners or {}
        self._hydrated: dict[str, tuple[str, int]] = {}
        self._last: dict[str, tuple[str, int, int]] = {}
        self._conns: dict[str, int] = {}

    def feed(
        self, kind: RecordKind, conn: str, epoch: int, recv_ns: int, payload: bytes
    ) -> FeedReport | None:
        self.rows.append(Row(kind=kind, conn=conn, epoch=epoch, recv_ns=recv_ns, payload=payload))
        if kind is not RecordKind.WS:
            return None
        try:
            found = json.loads(payload)
        except (ValueError, RecursionError):
            return FeedReport(refused="not JSON")
        messages = found if isinstance(found, list) else [found]
        if not all(isinstance(message, dict) for message in messages):
            return FeedReport(refused="not an object")
        return self._apply(messages, conn, epoch, recv_ns)

    def gap(self, conn: str, epoch: int, recv_ns: int, gap: Gap) -> None:
        self.rows.append(
            Row(
                kind=RecordKind.GAP,
                conn=conn,
                epoch=epoch,
                recv_ns=recv_ns,
                payload=gap.encode(),
            )
        )
        for token, (home, _) in list(self._hydrated.items()):
            if home == conn:
                del self._hydrated[token]

    def flush(self) -> None:
        self.flushes += 1

    def view(self) -> LivenessView:
        return LivenessView(
            tokens={
                token: TokenLiveness(
                    hydrated=self._hydrated.get(token) == (conn, self._epoch(token)),
                    last_recv_ns=recv_ns,
                    last_venue_ms=venue_ms,
                )
                for token, (conn, recv_ns, venue_ms) in self._last.items()
            },
            conns=dict(self._conns),
        )

    def hydrated(self, token: str) -> bool:
        live = self.view().tokens.get(token)
        return live is not None and live.hydrated

    def of(self, kind: RecordKind, conn: str = "") -> list[Row]:
        return [row for row in self.rows if row.kind is kind and row.conn.startswith(conn)]

    def gaps(self, code: str) -> list[Gap]:
        found = [Gap(**json.loads(row.payload)) for row in self.of(RecordKind.GAP)]
        return [gap for gap in found if gap.cause.startswith(code)]

    def _epoch(self, token: str) -> int:
        home = self._hydrated.get(token)
        return home[1] if home else -1

    def _apply(
        self, messages: list[dict[str, object]], conn: str, epoch: int, recv_ns: int
    ) -> FeedReport:
        touched: list[str] = []
        again: list[str] = []
        mismatched: list[str] = []
        for message in messages:
            venue_ms = int(str(message.get("timestamp", "0")))
            for token in _tokens(message):
                if self._owners.get(token, message.get("market")) != message.get("market"):
                    mismatched.append(token)
                    continue
                touched.append(token)
                self._last[token] = (conn, recv_ns, venue_ms)
                self._conns[conn] = recv_ns
                self._book(message, token, (conn, epoch), again)
        return FeedReport(
            touched=tuple(touched),
            events=len(messages),
            resnapshot=tuple(again),
            mismatched=tuple(mismatched),
        )

    def _book(
        self, message: dict[str, object], token: str, home: tuple[str, int], again: list[str]
    ) -> None:
        match message.get("event_type"):
            case "book":
                self._hydrated[token] = home
                self.levels[token] = {}
            case "price_change":
                if self._hydrated.get(token) != home:
                    self.no_snapshot[token] += 1
                    self._hydrated.pop(token, None)
                else:
                    self._level(message, token)
            case "tick_size_change":
                self._hydrated.pop(token, None)
                again.append(token)
            case _:
                pass

    def _level(self, message: dict[str, object], token: str) -> None:
        changes = message["price_changes"]
        assert isinstance(changes, list)
        for change in changes:
            if change["asset_id"] == token:
                self.levels[token][(change["side"], change["price"])] = change["size"]


class MemoryLog:
    """Implements `FeedLog` with a list."""

    def __init__(self) -> None:
        self.events: list[FeedEvent] = []

    def write(self, event: FeedEvent) -> None:
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def _tokens(message: dict[str, object]) -> list[str]:
    match message.get("event_type"):
        case "price_change":
            changes = message.get("price_changes")
            assert isinstance(changes, list)
            return list(dict.fromkeys(change["asset_id"] for change in changes))
        case "book" | "tick_size_change" | "last_trade_price" | "best_bid_ask":
            return [str(message["asset_id"])]
        case _:
            return []
