"""F-11: the trades poller says when prints may be missing, and never follows a circle."""

import asyncio
import json

import pytest

from razor.adapters.polymarket.trades import TradesPoller
from razor.domain.feed import RecordKind, TradesApi
from razor.domain.feed_event import (
    HttpAttempt,
    HttpOutcome,
    TradePollFailed,
    TradePollHitLimit,
    TradesIncomplete,
)

from .clock import drive, drive_for, until
from .venue import Answer, Request, Venue
from .world import World, running, world


def _poller(at: World) -> TradesPoller:
    return TradesPoller(universe=at.universe, http=at.http, ports=at.ports, settings=at.settings)


def _page(venue: Venue, numbers: range) -> list[dict[str, object]]:
    """Rows newest first, as the venue lists them."""
    market = venue.markets[0]
    return [venue.trade(market, number, 1_800_000_000 + number) for number in reversed(numbers)]


def _hashes(at: World) -> list[int]:
    rows = [json.loads(row.payload) for row in at.engine.of(RecordKind.TRADE)]
    return [int(row["transactionHash"], 16) for row in rows]


async def _polls(at: World, count: int) -> None:
    await drive(at.clock, lambda: len(at.venue.requested("/trades")) >= count)
    await until(lambda: len(at.log.of(HttpAttempt)) >= count)
    await drive_for(at.clock, 250)


def test_poll_asks_as_the_frozen_rule_says_and_records_rows_as_served() -> None:
    async def run() -> None:
        async with world(Venue()) as at, running(_poller(at).run()):
            cid = at.venue.markets[0].condition_id
            row = b'{"asset": "1", "price": 0.410, "size":1e1, "timestamp":1800000000}'
            at.venue.queue("/trades", Answer(body=b"[" + row + b"]"))
            await until(lambda: at.engine.of(RecordKind.TRADE))
            asked = at.venue.requested("/trades")[0].params
            assert asked == (("limit", "500"), ("takerOnly", "true"), ("market", cid))
            assert at.engine.of(RecordKind.TRADE)[0].payload == row

    asyncio.run(run())


def test_rows_are_recorded_once_and_oldest_first() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = _page(venue, range(1, 4))
        async with world(venue) as at, running(_poller(at).run()):
            await _polls(at, 2)
            venue.trades[cid] = _page(venue, range(1, 6))
            await _polls(at, 4)
            assert _hashes(at) == [1, 2, 3, 4, 5]
            assert at.engine.gaps("TRADES_INCOMPLETE") == []

    asyncio.run(run())


def test_equal_rows_of_one_page_are_separate_fills() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = _page(venue, range(1, 2)) * 2
        async with world(venue) as at, running(_poller(at).run()):
            await _polls(at, 3)
            assert _hashes(at) == [1, 1]

    asyncio.run(run())


def test_f11_full_page_that_reaches_back_is_complete_and_counted() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = _page(venue, range(1, 6))
        async with world(venue, trade_poll_limit=5) as at, running(_poller(at).run()):
            await _polls(at, 1)
            venue.trades[cid] = _page(venue, range(4, 9))
            await _polls(at, 2)
            assert _hashes(at) == list(range(1, 9))
            assert at.engine.gaps("TRADES_INCOMPLETE") == []
            hit = at.log.of(TradePollHitLimit)[0]
            assert (hit.returned_count, hit.condition_id) == (5, cid)
            assert (hit.earliest_ts_ms, hit.latest_ts_ms) == (1_800_000_001_000, 1_800_000_005_000)

    asyncio.run(run())


def test_f11_full_page_is_followed_by_more_until_the_last_poll_is_reached() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = _page(venue, range(1, 6))
        async with world(venue, trade_poll_limit=5) as at, running(_poller(at).run()):
            await _polls(at, 1)
            venue.trades[cid] = _page(venue, range(1, 13))
            await _polls(at, 3)
            assert _hashes(at) == list(range(1, 13))
            offsets = [request.param("offset") for request in venue.requested("/trades")]
            assert offsets[:3] == ["", "", "5"]
            assert at.engine.gaps("TRADES_INCOMPLETE") == []

    asyncio.run(run())


def test_f11_trades_lost_between_polls_are_an_incomplete_interval() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = _page(venue, range(1, 6))
        async with world(venue, trade_poll_limit=5) as at, running(_poller(at).run()):
            await _polls(at, 1)
            first_ns = at.engine.of(RecordKind.TRADE)[0].recv_ns
            venue.trades[cid] = _page(venue, range(100, 200))
            await drive(at.clock, lambda: at.engine.gaps("TRADES_INCOMPLETE"))
            (gap,) = at.engine.gaps("TRADES_INCOMPLETE")
            assert gap.from_ns == first_ns
            assert gap.to_ns == at.engine.of(RecordKind.TRADE)[-1].recv_ns
            assert "reason=page-limit" in gap.cause
            assert cid in gap.cause
            assert len(venue.requested("/trades")) == 4

    asyncio.run(run())


def test_f11_offset_ceiling_is_an_incomplete_interval() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = _page(venue, range(1, 601))
        changes = {"trade_poll_limit": 600, "trade_pages": 9}
        async with world(venue, **changes) as at, running(_poller(at).run()):
            await _polls(at, 1)
            venue.trades[cid] = _page(venue, range(10_000, 14_000))
            await drive(at.clock, lambda: at.engine.gaps("TRADES_INCOMPLETE"))
            assert "reason=offset-ceiling" in at.engine.gaps("TRADES_INCOMPLETE")[0].cause

    asyncio.run(run())


def test_f11_pages_that_repeat_are_a_loop() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        venue.trades[cid] = _page(venue, range(1, 6))
        changes = {"trade_poll_limit": 5, "trade_pages": 9}
        async with world(venue, **changes) as at, running(_poller(at).run()):
            await _polls(at, 1)
            same = json.dumps(_page(venue, range(100, 105))).encode()
            venue.handlers["/trades"] = lambda _: Answer(body=same)
            await drive(at.clock, lambda: at.engine.gaps("TRADES_INCOMPLETE"))
            assert "reason=page-loop" in at.engine.gaps("TRADES_INCOMPLETE")[0].cause
            assert len(venue.requested("/trades")) == 3
            assert _hashes(at)[5:] == [100, 101, 102, 103, 104]

    asyncio.run(run())


def test_f11_cursor_that_leads_back_is_a_loop() -> None:
    async def run() -> None:
        venue = Venue()
        count = 0

        def serve(_: Request) -> Answer:
            nonlocal count
            count += 5
            rows = [
                {
                    "token_id": "1",
                    "side": "BUY",
                    "size": 1,
                    "price": 0.5,
                    "timestamp": n,
                    "transaction_hash": hex(n),
                }
                for n in range(count, count + 5)
            ]
            page = {"data": rows, "pagination": {"has_more": True, "next_cursor": "A"}}
            return Answer(body=json.dumps(page).encode())

        venue.handlers["/v2/trades"] = serve
        changes: dict[str, object] = {"trades_api": TradesApi.V2, "trade_poll_limit": 5}
        async with world(venue, trade_pages=9, **changes) as at, running(_poller(at).run()):
            await drive(at.clock, lambda: at.engine.gaps("TRADES_INCOMPLETE"))
            assert "reason=cursor-loop" in at.engine.gaps("TRADES_INCOMPLETE")[0].cause
            assert len(venue.requested("/v2/trades")) == 3

    asyncio.run(run())


def test_v2_rows_are_recorded_in_v1_spelling_with_their_numbers_untouched() -> None:
    async def run() -> None:
        venue = Venue()
        cid = venue.markets[0].condition_id
        body = (
            b'{"data":[{"token_id":"7","condition_id":"' + cid.encode() + b'","side":"SELL",'
            b'"size":1.2300,"price":0.10,"timestamp":1800000000,"transaction_hash":"0xa"}],'
            b'"pagination":{"has_more":false}}'
        )
        async with world(venue, trades_api=TradesApi.V2) as at:
            venue.queue("/v2/trades", Answer(body=body))
            async with running(_poller(at).run()):
                await until(lambda: at.engine.of(RecordKind.TRADE))
                assert at.engine.of(RecordKind.TRADE)[0].payload == (
                    b'{"asset":"7","conditionId":"' + cid.encode() + b'","side":"SELL",'
                    b'"size":1.2300,"price":0.10,"timestamp":1800000000,"transactionHash":"0xa"}'
                )
                assert venue.requested("/v2/trades")[0].param("taker_only") == "true"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(status=500), HttpOutcome.SERVER),
        (Answer(body=b'{"error":"x"}'), HttpOutcome.MALFORMED),
        (Answer(body=b"<html></html>"), HttpOutcome.HTML),
    ],
)
def test_f11_failed_poll_is_named_the_next_market_follows_and_the_interval_closes(
    answer: Answer, outcome: HttpOutcome
) -> None:
    async def run() -> None:
        venue = Venue(2)
        first, second = (market.condition_id for market in venue.markets)
        venue.trades[second] = [venue.trade(venue.markets[1], 8, 1_800_000_000)]

        def serve(request: Request) -> Answer:
            return answer if request.param("market") == first else Answer(body=b"[]")

        venue.handlers["/trades"] = serve
        async with world(venue, http_retries=0) as at:
            start_ns = at.clock.now_ns()
            async with running(_poller(at).run()):
                await until(lambda: venue.requested("/trades")[1:])
                assert at.log.of(TradePollFailed)[0].outcome is outcome
                assert at.log.of(TradePollFailed)[0].condition_id == first
                del venue.handlers["/trades"]
                await drive(at.clock, lambda: len(at.engine.gaps("TRADES_INCOMPLETE")) == 2)
                opened, closed = at.engine.gaps("TRADES_INCOMPLETE")
                assert opened.from_ns == closed.from_ns == start_ns
                assert closed.to_ns > opened.to_ns
                assert {event.condition_id for event in at.log.of(TradesIncomplete)} == {first}

    asyncio.run(run())


def test_late_poll_delays_the_next_one_and_none_is_made_up_for() -> None:
    async def run() -> None:
        async with world(Venue()) as at, running(_poller(at).run()):
            await until(lambda: len(at.log.of(HttpAttempt)) == 1)
            at.clock.advance(10_000)
            await until(lambda: len(at.log.of(HttpAttempt)) == 2)
            await drive_for(at.clock, 900, step_ms=100)
            assert len(at.venue.requested("/trades")) == 2
            await drive_for(at.clock, 300, step_ms=100)
            assert len(at.venue.requested("/trades")) == 3

    asyncio.run(run())
