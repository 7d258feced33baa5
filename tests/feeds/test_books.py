"""F-07 and the REST book check: ghosts are kept as evidence and never used."""

import asyncio
import json

import pytest

from razor.adapters.polymarket.books import BookCheck, Sight
from razor.domain.feed import RecordKind
from razor.domain.feed_event import BookIgnored, BooksMissing

from .clock import drive, drive_for, until
from .venue import Answer, Request, Venue
from .world import World, running, world


def _check(at: World) -> BookCheck:
    return BookCheck(http=at.http, ports=at.ports)


def test_book_is_recorded_exactly_as_served() -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            token = at.venue.tokens()[0]
            text = json.dumps(at.venue.book(token), separators=(" , ", " : ")).encode()
            at.venue.queue("/books", Answer(body=b"[ " + text + b" ]"))
            assert await _check(at).look([token]) == {token: Sight.NEW}
            (row,) = at.engine.of(RecordKind.REST)
            assert row.payload == text
            assert row.conn == "rest-0"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        ([["0.01", "100"]], [["0.99", "100"]]),
        ([], []),
        ([["0.001", "5"]], [["0.999", "5"]]),
        ([], [["0.99", "5"]]),
        ([[".01", "5"]], []),
    ],
)
def test_f07_placeholder_book_is_recorded_as_reference_only(
    bids: list[list[str]], asks: list[list[str]]
) -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            token = at.venue.tokens()[0]
            at.venue.books[token] = (bids, asks)
            assert await _check(at).look([token]) == {token: Sight.GHOST}
            assert at.engine.of(RecordKind.REST) == []
            assert len(at.engine.of(RecordKind.REF)) == 1
            assert at.log.of(BookIgnored)[0].reason == "ghost quotes"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("bids", "asks"),
    [([["0.98", "5"]], []), ([], [["0.02", "5"]]), ([["0.02", "1"]], [["0.99", "1"]])],
)
def test_f07_one_sided_book_near_an_end_is_no_placeholder(
    bids: list[list[str]], asks: list[list[str]]
) -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            token = at.venue.tokens()[0]
            at.venue.books[token] = (bids, asks)
            assert await _check(at).look([token]) == {token: Sight.NEW}

    asyncio.run(run())


def test_f07_book_older_than_the_stream_is_recorded_as_reference_only() -> None:
    async def run() -> None:
        async with world(Venue()) as at, running(at.stream().run()):
            token = at.venue.tokens()[0]
            old = at.venue.book(token)
            await until(lambda: at.engine.hydrated(token))
            await at.venue.change(token)
            await until(lambda: len(at.engine.of(RecordKind.WS)) == 2)
            at.venue.queue("/books", Answer(body=json.dumps([old]).encode()))
            assert await _check(at).look([token]) == {token: Sight.GHOST}
            assert at.log.of(BookIgnored)[-1].reason == "older than the stream"
            assert await _check(at).look([token]) == {token: Sight.NEW}

    asyncio.run(run())


def test_book_without_a_time_is_not_used() -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            token = at.venue.tokens()[0]
            book = at.venue.book(token) | {"timestamp": "soon"}
            at.venue.queue("/books", Answer(body=json.dumps([book]).encode()))
            assert await _check(at).look([token]) == {token: Sight.GHOST}

    asyncio.run(run())


def test_books_are_asked_for_in_batches_of_500_and_matched_by_id() -> None:
    async def run() -> None:
        async with world(Venue(300)) as at:
            sights = await _check(at).look(at.venue.tokens())
            asked = [len(json.loads(r.body)) for r in at.venue.requested("/books")]
            assert asked == [500, 100]
            assert set(sights.values()) == {Sight.NEW}
            assert len(at.engine.of(RecordKind.REST)) == 600

    asyncio.run(run())


def test_token_the_venue_leaves_out_is_missing_not_empty() -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            yes, no = at.venue.tokens()
            at.venue.no_book.add(no)
            assert await _check(at).look([yes, no]) == {yes: Sight.NEW, no: Sight.MISSING}
            assert at.log.of(BooksMissing)[0].token_ids == (no,)

    asyncio.run(run())


def test_book_nobody_asked_for_is_not_used() -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            yes, no = at.venue.tokens()
            body = json.dumps([at.venue.book(no)]).encode()
            at.venue.queue("/books", Answer(body=body))
            assert await _check(at).look([yes]) == {yes: Sight.MISSING}
            assert at.engine.rows == []

    asyncio.run(run())


@pytest.mark.parametrize("body", [b"{}", b"[1]x", b"[" * 200_000, b"", b"\xff"])
def test_unreadable_books_prove_nothing(body: bytes) -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            token = at.venue.tokens()[0]
            at.venue.queue("/books", Answer(body=body))
            assert await _check(at).look([token]) == {token: Sight.UNKNOWN}

    asyncio.run(run())


def test_change_seen_by_rest_and_not_by_the_stream_is_movement() -> None:
    async def run() -> None:
        async with world(Venue()) as at:
            check = _check(at)
            token = at.venue.tokens()[0]
            assert await check.look([token]) == {token: Sight.NEW}
            at.clock.advance(1)
            assert await check.look([token]) == {token: Sight.SAME}
            at.venue.books[token] = ([["0.39", "1"]], [["0.42", "100"]])
            at.clock.advance(1)
            assert await check.look([token]) == {token: Sight.MOVED}

    asyncio.run(run())


def test_change_seen_by_both_is_no_alarm() -> None:
    async def run() -> None:
        async with world(Venue()) as at, running(at.stream().run()):
            check = _check(at)
            token = at.venue.tokens()[0]
            await until(lambda: at.engine.hydrated(token))
            await check.look([token])
            at.clock.advance(1)
            await at.venue.change(token)
            await until(lambda: len(at.engine.of(RecordKind.WS)) == 2)
            assert await check.look([token]) == {token: Sight.SAME}

    asyncio.run(run())


def test_spot_check_reaches_every_token_in_turn() -> None:
    async def run() -> None:
        asked: set[str] = set()
        venue = Venue(6)

        def serve(request: Request) -> Answer:
            asked.update(row["token_id"] for row in json.loads(request.body))
            return Answer(body=b"[]")

        venue.handlers["/books"] = serve
        changes = {"spot_check_ms": 1_000, "spot_check_tokens": 5}
        async with world(venue, **changes) as at, running(at.stream().run()):
            await until(lambda: all(at.engine.hydrated(t) for t in venue.tokens()))
            await drive_for(at.clock, 8_000)
            assert asked == set(venue.tokens())
            sizes = [len(json.loads(r.body)) for r in venue.requested("/books")]
            assert max(sizes) == 5

    asyncio.run(run())


def test_spot_check_goes_on_when_rest_is_down() -> None:
    async def run() -> None:
        venue = Venue()
        venue.handlers["/books"] = lambda _: Answer(status=503)
        async with world(venue, spot_check_ms=1_000) as at, running(at.stream().run()):
            await drive(at.clock, lambda: len(venue.requested("/books")) == 4)
            assert len(venue.sessions) == 1

    asyncio.run(run())
