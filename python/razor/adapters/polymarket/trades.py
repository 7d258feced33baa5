"""The trades poller: prints of the followed markets from the Data API.

Owns polling, paging, and saying when prints may be missing. Rows go to the recorder as they came
(v2 rows in v1 spelling, numbers untouched); which of them is a duplicate within the run is the
engine's business. Here only what the previous answer already held is left out, so that a row is
recorded once and not at every poll.

Must never let one market's failure hold up the next, follow a cursor in circles, or bunch late
polls.

Invariants:
* A full answer that does not reach back to the previous one is a TRADES_INCOMPLETE interval, as
  is a stretch of failed polls; it opens with the failure and closes with the next success.
* At most `trade_pages` pages per poll and market; the memory is one digest per row of a poll.
* `recv_ns` of a row is the time its answer was complete: the ingest time of the frozen rules.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from razor.adapters.polymarket.limits import DATA_TRADES, Endpoint
from razor.adapters.polymarket.rest import Body, Call, Failed, Http
from razor.adapters.polymarket.wire import (
    TradeHead,
    TradePageV2,
    TradeV2,
    decode,
    rows,
    stamp_ms,
)
from razor.application.ports import FeedPorts
from razor.domain.feed import NS_PER_MS, FeedSettings, Gap, RecordKind, TradesApi
from razor.domain.feed_event import (
    HttpOutcome,
    TradePollFailed,
    TradePollHitLimit,
    TradesIncomplete,
)
from razor.domain.universe import Universe

TRADES_CONN = "trades-0"
# v1 answers up to this offset (PROTOCOL 3.6).
_OFFSET_MAX = 1_000


class PollThrottle:
    """Turns away every k-th attempt at a page of trades, as `RAZOR_SIM_HTTP_429_EVERY` asks.

    It counts attempts of the whole process, retries included; `note` is told of each one that it
    turns away, so that the trail has it. What follows is the usual way of a rate limit: back-off, a
    further try within the same poll, and only then a poll that failed.

    Order calls of the simulated venue are counted there, apart: one counter over both would make
    the order path of a run depend on the network.
    """

    def __init__(self, *, every: int, note: Callable[[], None]) -> None:
        """Begin to count; `every` is above 0."""
        self._every = every
        self._note = note
        self._count = 0

    def strikes(self, endpoint: Endpoint) -> bool:
        """Count an attempt, and tell whether it is turned away."""
        if endpoint is not DATA_TRADES:
            return False
        self._count += 1
        is_struck = self._count % self._every == 0
        if is_struck:
            self._note()
        return is_struck


@dataclass(slots=True, kw_only=True)
class _Memory:
    """What is remembered of a market: digests of the last poll, and since when it is complete."""

    held: Counter[bytes] | None = None
    complete_ns: int
    is_failing: bool = False


@dataclass(slots=True, kw_only=True)
class _Poll:
    """One poll in the making: rows not held before, all digests, and how it reached back."""

    fresh: list[bytes] = field(default_factory=list[bytes])
    digests: Counter[bytes] = field(default_factory=Counter[bytes])
    recv_ns: int = 0
    reached_back: bool = False
    broken: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: rows in v1 spelling and the cursor of the next, blank at the end."""

    rows: Sequence[bytes]
    cursor: str
    recv_ns: int


class TradesPoller:
    """Polls all markets in turn, every `trade_poll_interval_ms`."""

    def __init__(
        self, *, universe: Universe, http: Http, ports: FeedPorts, settings: FeedSettings
    ) -> None:
        self._http = http
        self._recorder = ports.recorder
        self._clock = ports.clock
        self._log = ports.log
        self._settings = settings
        now_ns = ports.clock.now_ns()
        self._markets = {
            market.condition_id: _Memory(complete_ns=now_ns) for market in universe.markets
        }

    async def run(self) -> None:
        """Poll until cancelled. A late round delays the next one; none is made up for."""
        interval_ns = self._settings.trade_poll_interval_ms * NS_PER_MS
        while True:
            began_ns = self._clock.now_ns()
            for condition_id, memory in self._markets.items():
                await self._poll(condition_id, memory)
            left_ns = began_ns + interval_ns - self._clock.now_ns()
            await self._clock.sleep(max(0, left_ns) // NS_PER_MS)

    async def _poll(self, condition_id: str, memory: _Memory) -> None:
        poll = _Poll()
        cursor = ""
        seen_cursors: set[str] = set()
        for _ in range(self._settings.trade_pages):
            page = await self.page(condition_id, cursor)
            if isinstance(page, Failed):
                self._failed(condition_id, memory, page.outcome)
                return
            self._add(poll, page, memory)
            is_full = len(page.rows) >= self._settings.trade_poll_limit
            if is_full and not cursor:
                self._hit_limit(condition_id, page)
            if not is_full or poll.reached_back or poll.broken or memory.held is None:
                break
            if not page.cursor or page.cursor in seen_cursors:
                poll.broken = "cursor loop" if page.cursor else "offset ceiling"
                break
            cursor = page.cursor
            seen_cursors.add(cursor)
        else:
            poll.broken = poll.broken or "page limit"
        self._finish(condition_id, memory, poll)

    def _add(self, poll: _Poll, page: Page, memory: _Memory) -> None:
        """Merge a page: keep what neither this poll nor the previous one held."""
        poll.recv_ns = page.recv_ns
        held = memory.held or Counter()
        digests: Counter[bytes] = Counter()
        for row in page.rows:
            digest = hashlib.blake2b(row, digest_size=12).digest()
            digests[digest] += 1
            poll.reached_back = poll.reached_back or digest in held
            # Equal rows of one page can be separate fills: counted, not merged.
            if digests[digest] > max(held[digest], poll.digests[digest]):
                poll.fresh.append(row)
        if poll.digests and page.rows and not digests - poll.digests:
            poll.broken = "page loop"
        poll.digests |= digests

    def _finish(self, condition_id: str, memory: _Memory, poll: _Poll) -> None:
        """Record the rows, oldest first as the venue lists newest first, then judge the poll."""
        for row in reversed(poll.fresh):
            self._recorder.feed(RecordKind.TRADE, TRADES_CONN, 0, poll.recv_ns, row)
        if memory.is_failing:
            self._incomplete(condition_id, memory, poll.recv_ns, "closed reason=request-failed")
        elif poll.broken:
            reason = poll.broken.replace(" ", "-")
            self._incomplete(condition_id, memory, poll.recv_ns, f"closed reason={reason}")
        memory.is_failing = False
        memory.complete_ns = poll.recv_ns
        # An empty answer keeps the old digests: the venue's index sometimes answers nothing.
        if poll.digests or memory.held is None:
            memory.held = poll.digests

    def _failed(self, condition_id: str, memory: _Memory, outcome: HttpOutcome) -> None:
        now_ns = self._clock.now_ns()
        self._log.write(TradePollFailed(at_ns=now_ns, condition_id=condition_id, outcome=outcome))
        if not memory.is_failing:
            memory.is_failing = True
            self._incomplete(condition_id, memory, now_ns, "open reason=request-failed")

    def _incomplete(self, condition_id: str, memory: _Memory, to_ns: int, words: str) -> None:
        cause = f"TRADES_INCOMPLETE {words} market={condition_id}"
        gap = Gap(from_ns=memory.complete_ns, to_ns=to_ns, cause=cause)
        self._recorder.gap(TRADES_CONN, 0, to_ns, gap)
        self._log.write(
            TradesIncomplete(
                at_ns=to_ns,
                condition_id=condition_id,
                from_ns=memory.complete_ns,
                to_ns=to_ns,
                reason=words,
            )
        )

    def _hit_limit(self, condition_id: str, page: Page) -> None:
        heads = [decode(row, TradeHead) for row in page.rows]
        times = [stamp for head in heads if head and (stamp := stamp_ms(head.timestamp))]
        self._log.write(
            TradePollHitLimit(
                at_ns=page.recv_ns,
                condition_id=condition_id,
                returned_count=len(page.rows),
                earliest_ts_ms=min(times, default=0),
                latest_ts_ms=max(times, default=0),
            )
        )

    async def page(self, condition_id: str, cursor: str) -> Page | Failed:
        """One page of a market's prints, newest first; a blank cursor asks for the first one."""
        match self._settings.trades_api:
            case TradesApi.V1:
                return await self._page_v1(condition_id, int(cursor or "0"))
            case TradesApi.V2:
                return await self._page_v2(condition_id, cursor)

    async def _page_v1(self, condition_id: str, offset: int) -> Page | Failed:
        limit = self._settings.trade_poll_limit
        params = [
            ("limit", str(limit)),
            ("takerOnly", self._taker_only()),
            ("market", condition_id),
        ]
        if offset:
            params.append(("offset", str(offset)))
        answer = await self._http.fetch(Call(endpoint=DATA_TRADES, path="/trades", params=params))
        if isinstance(answer, Failed):
            return answer
        found = rows(answer.content)
        if found is None:
            return _malformed(answer)
        after = offset + limit
        cursor = str(after) if after <= _OFFSET_MAX else ""
        return Page(rows=found, cursor=cursor, recv_ns=answer.recv_ns)

    async def _page_v2(self, condition_id: str, cursor: str) -> Page | Failed:
        params = [
            ("limit", str(self._settings.trade_poll_limit)),
            ("taker_only", self._taker_only()),
            ("condition_id", condition_id),
        ]
        if cursor:
            params.append(("cursor", cursor))
        answer = await self._http.fetch(
            Call(endpoint=DATA_TRADES, path="/v2/trades", params=params)
        )
        if isinstance(answer, Failed):
            return answer
        page = decode(answer.content, TradePageV2)
        if page is None:
            return _malformed(answer)
        found = [_v1_row(bytes(raw), condition_id) for raw in page.data]
        cursor = page.pagination.next_cursor or "" if page.pagination.has_more else ""
        return Page(rows=found, cursor=cursor, recv_ns=answer.recv_ns)

    def _taker_only(self) -> str:
        return "true" if self._settings.trade_poll_taker_only else "false"


def _malformed(answer: Body) -> Failed:
    return Failed(outcome=HttpOutcome.MALFORMED, status=200, attempts=answer.attempts)


def _v1_row(raw: bytes, condition_id: str) -> bytes:
    """A v2 row in v1 spelling with its numbers as served; an odd row stays as it is."""
    row = decode(raw, TradeV2)
    if row is None:
        return raw
    text = {
        "asset": json.dumps(row.token_id),
        "conditionId": json.dumps(row.condition_id or condition_id),
        "side": json.dumps(row.side),
        "size": bytes(row.size).decode(),
        "price": bytes(row.price).decode(),
        "timestamp": bytes(row.timestamp).decode(),
        "transactionHash": json.dumps(row.transaction_hash),
    }
    return ("{" + ",".join(f'"{key}":{value}' for key, value in text.items()) + "}").encode()
