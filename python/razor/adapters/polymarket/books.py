"""REST books: reading them in batches, telling real ones from ghosts, noticing movement.

Owns `/books`: at most 500 ids per call, answers in any order, tokens without a book silently left
out (PROTOCOL 3.1). Real books become `rest` records; a ghost (F-07) or a book older than what the
stream has shown is recorded as `ref`, which is kept and never evaluated (F-07).

Must never compare prices as floats, and never treat a missing token as an empty book.

Invariants: one `rest` record per book, exactly as served; a book for a token that was not asked
for is not used; the memory is one digest per token.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from razor.adapters.polymarket.limits import BOOKS
from razor.adapters.polymarket.rest import Body, Call, Http
from razor.adapters.polymarket.wire import BookHead, decode, rows, stamp_ms
from razor.application.ports import FeedPorts, LivenessView
from razor.domain.feed import RecordKind
from razor.domain.feed_event import BookIgnored, BooksMissing

REST_CONN = "rest-0"
BATCH_MAX = 500


class Sight(Enum):
    """What a REST check showed for one token."""

    SAME = "same"
    MOVED = "moved"
    NEW = "new"
    GHOST = "ghost"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The last real book of a token: digest of its levels and when it was read."""

    digest: bytes
    recv_ns: int


class BookCheck:
    """Reads books and says what it saw; the bytes go to the recorder."""

    def __init__(self, *, http: Http, ports: FeedPorts) -> None:
        self._http = http
        self._recorder = ports.recorder
        self._liveness = ports.liveness
        self._clock = ports.clock
        self._log = ports.log
        self._seen: dict[str, _Seen] = {}

    async def look(self, tokens: Sequence[str]) -> dict[str, Sight]:
        """Read the books of these tokens; `UNKNOWN` for all of a batch that failed."""
        sights: dict[str, Sight] = {}
        for start in range(0, len(tokens), BATCH_MAX):
            sights |= await self._batch(tokens[start : start + BATCH_MAX])
        return sights

    def forget(self, tokens: Sequence[str]) -> None:
        """Drop what is remembered of tokens no longer followed."""
        for token in tokens:
            self._seen.pop(token, None)

    async def _batch(self, tokens: Sequence[str]) -> dict[str, Sight]:
        body = json.dumps([{"token_id": token} for token in tokens]).encode()
        answer = await self._http.fetch(Call(endpoint=BOOKS, path="/books", body=body))
        books = rows(answer.content) if isinstance(answer, Body) else None
        if not isinstance(answer, Body) or books is None:
            return dict.fromkeys(tokens, Sight.UNKNOWN)
        sights = dict.fromkeys(tokens, Sight.MISSING)
        view = self._liveness.view()
        for raw in books:
            head = decode(raw, BookHead)
            if head is not None and head.asset_id in sights:
                sights[head.asset_id] = self._take(raw, head, answer.recv_ns, view)
        self._report_missing(sights)
        return sights

    def _take(self, raw: bytes, head: BookHead, recv_ns: int, view: LivenessView) -> Sight:
        reason = _ghost(head, view)
        kind = RecordKind.REF if reason else RecordKind.REST
        self._recorder.feed(kind, REST_CONN, 0, recv_ns, raw)
        if reason:
            self._log.write(BookIgnored(at_ns=recv_ns, token_id=head.asset_id, reason=reason))
            return Sight.GHOST
        before = self._seen.get(head.asset_id)
        now = _Seen(digest=_digest(head), recv_ns=recv_ns)
        self._seen[head.asset_id] = now
        if before is None:
            return Sight.NEW
        if before.digest == now.digest:
            return Sight.SAME
        live = view.tokens.get(head.asset_id)
        # The book changed between two reads while the stream said nothing: the stream is deaf.
        is_silent = live is None or live.last_recv_ns < before.recv_ns
        return Sight.MOVED if is_silent else Sight.SAME

    def _report_missing(self, sights: dict[str, Sight]) -> None:
        missing = tuple(token for token, sight in sights.items() if sight is Sight.MISSING)
        if missing:
            self._log.write(BooksMissing(at_ns=self._clock.now_ns(), token_ids=missing))


def _ghost(head: BookHead, view: LivenessView) -> str:
    """Why a book must not be used, blank if it may."""
    live = view.tokens.get(head.asset_id)
    venue_ms = stamp_ms(head.timestamp)
    if venue_ms == 0:
        return "no timestamp"
    if live is not None and venue_ms < live.last_venue_ms:
        return "older than the stream"
    if _is_placeholder(head):
        return "ghost quotes"
    return ""


def _is_placeholder(head: BookHead) -> bool:
    """Bids only at 0.01 or less and asks only at 0.99 or more, as fresh or dead markets answer."""
    best_bid = head.bids[-1].price if head.bids else "0"
    best_ask = head.asks[-1].price if head.asks else "1"
    return _cents(best_bid) <= _cents("0.01") and _cents(best_ask) >= _cents("0.99")


def _cents(price: str) -> int:
    """Price text `0.xxxxxx` in micro-dollars for comparison, cut after six places; -1 if odd."""
    whole, _, part = price.partition(".")
    digits = (whole or "0") + part[:6].ljust(6, "0")
    return int(digits) if digits.isascii() and digits.isdigit() else -1


def _digest(head: BookHead) -> bytes:
    """Digest of the levels alone: the served hash also covers the time of the answer."""
    text = ";".join(
        f"{level.price},{level.size}" for side in (head.bids, head.asks) for level in side
    )
    sides = f"{len(head.bids)}|{text}"
    return hashlib.sha256(sides.encode()).digest()[:16]
