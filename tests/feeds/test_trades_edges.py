"""The trades poller where answers are odd: empty, repeated, half-full, and markets side by side."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from razor.adapters.polymarket.rest import Http
from razor.adapters.polymarket.trades import TRADES_CONN, PollThrottle, TradesPoller
from razor.domain.feed import RecordKind, TradesApi
from razor.domain.feed_event import HttpAttempt, HttpOutcome, TradePollFailed, TradePollHitLimit

from .clock import drive, drive_for, until
from .venue import Answer, Venue
from .world import World, running, world


def poller(at: World) -> TradesPoller:
    return TradesPoller(universe=at.universe, http=at.http, ports=at.ports, settings=at.settings)


@asynccontextmanager
async def limited(at: World, throttle: PollThrottle) -> AsyncIterator[TradesPoller]:
    """A poller whose client is turned away now and then."""
    http = Http(
        settings=at.settings, clock=at.clock, log=at.log, jitter=lambda _: 0, throttle=throttle
    )
    async with http:
        yield TradesPoller(universe=at.universe, http=http, ports=at.ports, settings=at.settings)


def page(venue: Venue, numbers: range, market: int = 0) -> list[dict[str, object]]:
    """Rows newest first, as the venue lists them."""
    of = venue.markets[market]
    return [venue.trade(of, number, 1_800_000_000 + number) for number in reversed(numbers)]


def numbers_of(at: World) -> list[int]:
    rows = [json.loads(row.payload) for row in at.engine.of(RecordKind.TRADE)]
    return [int(row["transactionHash"], 16) for row in rows]


async def polled(at: World, count: int) -> None:
    """Let so many polls be over."""
    await drive(at.clock, lambda: len(at.log.of(HttpAttempt)) >= count)
    await drive_for(at.clock, 250)


def test_an_empty_answer_forgets_nothing() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = page(venue, range(1, 4))
        async with world(venue) as at, running(poller(at).run()):
            await polled(at, 1)
            venue.trades[cid] = []
            await polled(at, 2)
            venue.trades[cid] = page(venue, range(1, 5))
            await polled(at, 3)
            assert numbers_of(at) == [1, 2, 3, 4]
            assert at.engine.gaps("TRADES_INCOMPLETE") == []

    asyncio.run(run())


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([1], [1]),
        ([1, 1], [1, 1]),
        ([1, 1, 1], [1, 1, 1]),
        ([2, 1], [1, 2]),
        ([2, 2, 1], [1, 2, 2]),
        ([2], [1, 2]),
    ],
)
def test_each_copy_of_a_row_is_recorded_when_it_first_shows(
    later: list[int], expected: list[int]
) -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = page(venue, range(1, 2))
        async with world(venue) as at, running(poller(at).run()):
            await polled(at, 1)
            venue.trades[cid] = [page(venue, range(n, n + 1))[0] for n in later]
            await polled(at, 3)
            assert numbers_of(at) == expected

    asyncio.run(run())


@pytest.mark.parametrize(("rows", "hits"), [(4, 0), (5, 1), (6, 1)])
def test_only_a_full_page_counts_as_one(rows: int, hits: int) -> None:
    async def run() -> None:
        venue = Venue()
        venue.trades[venue.markets[0].condition_id] = page(venue, range(1, rows + 1))
        async with world(venue, trade_poll_limit=5) as at, running(poller(at).run()):
            await polled(at, 1)
            assert len(at.log.of(TradePollHitLimit)) == hits
            assert len(venue.requested("/trades")) == 1, "the first poll asks for no more"

    asyncio.run(run())


def test_rows_of_all_markets_stand_under_one_connection_with_the_time_of_their_answer() -> None:
    async def run() -> None:
        venue = Venue(3)
        for market in range(3):
            cid = venue.markets[market].condition_id
            venue.trades[cid] = page(venue, range(10 * market + 1, 10 * market + 3), market)
        async with world(venue) as at, running(poller(at).run()):
            await polled(at, 3)
            rows = at.engine.of(RecordKind.TRADE)
            assert numbers_of(at) == [1, 2, 11, 12, 21, 22]
            assert {(row.conn, row.epoch) for row in rows} == {(TRADES_CONN, 0)}
            assert all(row.recv_ns <= at.clock.now_ns() for row in rows)

    asyncio.run(run())


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b'"x"', b"[1,2", b"[" * 200_000, b"\xff\xfe", b'{"data":[]}'],
)
def test_an_answer_that_is_no_list_is_a_failed_poll_and_records_nothing(body: bytes) -> None:
    async def run() -> None:
        venue = Venue()
        venue.handlers["/trades"] = lambda _: Answer(body=body)
        async with world(venue, http_retries=0) as at, running(poller(at).run()):
            await until(lambda: at.log.of(TradePollFailed))
            assert at.log.of(TradePollFailed)[0].outcome is HttpOutcome.MALFORMED
            assert at.engine.of(RecordKind.TRADE) == []
            (gap,) = at.engine.gaps("TRADES_INCOMPLETE")
            assert "open reason=request-failed" in gap.cause

    asyncio.run(run())


@pytest.mark.parametrize("row", [b"7", b'"x"', b"null", b"{}", b'{"timestamp":"soon"}', b"[[]]"])
def test_a_row_of_any_shape_is_the_engines_to_judge(row: bytes) -> None:
    async def run() -> None:
        venue = Venue()
        venue.handlers["/trades"] = lambda _: Answer(body=b"[" + row + b"]")
        async with world(venue, trade_poll_limit=1) as at, running(poller(at).run()):
            await until(lambda: at.engine.of(RecordKind.TRADE))
            assert at.engine.of(RecordKind.TRADE)[0].payload == row
            hit = at.log.of(TradePollHitLimit)[0]
            assert (hit.earliest_ts_ms, hit.latest_ts_ms) == (0, 0)

    asyncio.run(run())


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b'{"data":{}}',
        b'{"data":[],"pagination":[]}',
        b'{"data":[],"pagination":{"has_more":"yes"}}',
    ],
)
def test_a_v2_page_of_another_shape_is_a_failed_poll(body: bytes) -> None:
    async def run() -> None:
        venue = Venue()
        venue.handlers["/v2/trades"] = lambda _: Answer(body=body)
        changes: dict[str, object] = {"trades_api": TradesApi.V2, "http_retries": 0}
        async with world(venue, **changes) as at, running(poller(at).run()):
            await until(lambda: at.log.of(TradePollFailed))
            assert at.log.of(TradePollFailed)[0].outcome is HttpOutcome.MALFORMED

    asyncio.run(run())


def test_a_long_failure_is_one_interval() -> None:
    async def run() -> None:
        venue = Venue()
        venue.handlers["/trades"] = lambda _: Answer(status=500)
        async with world(venue, http_retries=0) as at, running(poller(at).run()):
            await drive(at.clock, lambda: len(at.log.of(TradePollFailed)) >= 5)
            assert len(at.engine.gaps("TRADES_INCOMPLETE")) == 1
            del venue.handlers["/trades"]
            await drive(at.clock, lambda: len(at.engine.gaps("TRADES_INCOMPLETE")) == 2)
            opened, closed = at.engine.gaps("TRADES_INCOMPLETE")
            assert opened.from_ns == closed.from_ns
            assert opened.to_ns < closed.to_ns
            assert "closed" in closed.cause

    asyncio.run(run())


@pytest.mark.parametrize(("taker_only", "word"), [(True, "true"), (False, "false")])
def test_the_frozen_rule_decides_whose_prints_are_asked_for(*, taker_only: bool, word: str) -> None:
    async def run() -> None:
        changes = {"trade_poll_taker_only": taker_only}
        async with world(Venue(), **changes) as at, running(poller(at).run()):
            await until(lambda: at.venue.requested("/trades"))
            assert at.venue.requested("/trades")[0].param("takerOnly") == word

    asyncio.run(run())


@pytest.mark.parametrize(("every", "is_struck"), [(1, True), (2, False), (3, False)])
def test_a_switch_turns_polls_away_and_a_retry_cures_what_it_can(
    every: int, *, is_struck: bool
) -> None:
    async def run() -> None:
        noted: list[int] = []
        venue = Venue()
        venue.trades[venue.markets[0].condition_id] = page(venue, range(1, 4))
        throttle = PollThrottle(every=every, note=lambda: noted.append(1))
        async with world(venue) as at, limited(at, throttle) as polls, running(polls.run()):
            await drive(at.clock, lambda: len(at.log.of(HttpAttempt)) >= 12)
            attempts = at.log.of(HttpAttempt)
            turned_away = [one for one in attempts if one.outcome is HttpOutcome.THROTTLED]
            assert {one.status for one in turned_away} == {429}
            assert len(turned_away) == len(attempts) // every
            assert len(noted) in {len(turned_away), len(turned_away) + 1}
            # Every attempt of a poll struck is a failed poll, and one that may hide prints.
            assert bool(at.log.of(TradePollFailed)) == is_struck
            assert len(venue.requested("/trades")) == len(attempts) - len(turned_away)

    asyncio.run(run())
