"""F-08: book hashes by changing recipes, over real sockets, judged by the engine of a run.

A hash is a statistic by recipe. One that never held gates nothing; one that held and suddenly
mostly fails makes the book DIRTY, asks for a snapshot and compares with REST, once.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from razor import _core
from razor.adapters.files.session import LiveSession
from razor.adapters.polymarket.books import BookCheck
from razor.adapters.polymarket.rest import Http
from razor.adapters.polymarket.stream import MarketStream
from razor.application.ports import FeedPorts
from razor.domain.feed import RecordKind
from razor.domain.feed_event import ConnectionLost, FrameRefused, HashesBroke
from razor.domain.params import Rules, params_record
from razor.domain.settings import Settings

from . import recipes
from .clock import START_NS, VirtualClock, drive_for, until
from .engine import MemoryLog
from .venue import Venue
from .world import running, universe_of

# Every change is checked, so that a few of them say what a day does.
_SETTINGS = replace(Settings(), feed=replace(Settings().feed, hash_check_every=1))
_BREAK = 3
# More than the whole stream sends by itself within the test.
_QUIET_MS = 3_000


@dataclass(slots=True, kw_only=True)
class Desk:
    """A venue with a unified book, and the run that records it."""

    venue: Venue
    clock: VirtualClock
    log: MemoryLog
    session: _core.Session
    run_dir: Path
    moves: int = 0
    deep: str = "10"

    @property
    def token(self) -> str:
        return self.venue.markets[0].tokens[0]

    def state(self) -> str:
        book = self.session.book(self.token)
        return "" if book is None else book.state

    def sizes(self) -> list[int]:
        book = self.session.book(self.token)
        assert book is not None
        return [size // 10**6 for _, size in book.bids]

    async def move(self, count: int = 1) -> None:
        """The bid of 0.41 changes its size, on both sides of the one book."""
        for _ in range(count):
            self.moves += 1
            self.mirror(str(self.moves))
            await self.venue.change(self.token, size=str(self.moves))
            await until(lambda: self.venue.is_frozen or self.moves in self.sizes())

    def mirror(self, size: str) -> None:
        """The NO book as the unified book has it when the YES bid of 0.41 has this size."""
        no = self.venue.markets[0].tokens[1]
        bids = [["0.1", self.deep], ["0.58", "100"]]
        self.venue.books[no] = (bids, [["0.6", "100"], ["0.59", size]])

    def lose(self, deep: str) -> None:
        """A level far from the top changes its size and nobody says so."""
        self.deep = deep
        self.venue.books[self.token][1][0] = ["0.9", deep]

    def tallies(self) -> dict[str, dict[str, int]]:
        """End the run; the hash counters of its health table, by recipe."""
        self.session.close()
        row = (self.run_dir / "health.jsonl").read_text(encoding="utf-8").splitlines()[-1]
        return cast("dict[str, dict[str, int]]", json.loads(row)["books"]["hashes"])


@asynccontextmanager
async def _desk(directory: Path) -> AsyncIterator[Desk]:
    venue, clock, log = Venue(), VirtualClock(), MemoryLog()
    yes, no = venue.tokens()
    venue.books[yes] = ([["0.4", "100"]], [["0.9", "10"], ["0.42", "100"]])
    venue.books[no] = ([["0.1", "10"], ["0.58", "100"]], [["0.6", "100"]])
    session = _core.Session.open(
        directory,
        run_id="run_x",
        build_id="b",
        settings_sha256=b"0" * 32,
        params=params_record("run_x", _SETTINGS, rules=Rules.VENUE),
        is_live=True,
        now_ns=START_NS,
    )
    live = LiveSession(session)
    universe = universe_of(venue)
    live.feed(RecordKind.META, "meta-0", 0, START_NS, universe.encode())
    async with venue:
        settings = venue.settings()
        ports = FeedPorts(recorder=live, liveness=live, clock=clock, log=log)
        async with Http(settings=settings, clock=clock, log=log, jitter=lambda _: 0) as http:
            stream = MarketStream(
                universe=universe,
                settings=settings,
                ports=ports,
                books=BookCheck(http=http, ports=ports),
                jitter=lambda step: step,
            )
            async with running(stream.run()):
                desk = Desk(venue=venue, clock=clock, log=log, session=session, run_dir=directory)
                yield desk


def test_f08_hashes_are_counted_by_recipe_and_those_that_hold_match(tmp_path: Path) -> None:
    async def run() -> None:
        async with _desk(tmp_path) as at:
            at.venue.hash_of = recipes.written
            await until(lambda: at.state() == "Live")
            await at.move(6)
            await drive_for(at.clock, 61_000, step_ms=500)
            assert at.venue.requested("/books")
            found = at.tallies()
            assert found["ws_book"] == {"matched": 2, "mismatched": 0, "unchecked": 0}
            assert found["ws_change"] == {"matched": 6, "mismatched": 0, "unchecked": 0}
            assert found["rest"]["matched"] >= 2
            assert found["rest"]["mismatched"] == 0
            assert at.log.of(HashesBroke) == []

    asyncio.run(run())


@pytest.mark.parametrize("recipe", [recipes.without_last_price, recipes.of_a_later_trade])
def test_f08_a_recipe_that_never_held_is_counted_and_gates_nothing(
    tmp_path: Path, recipe: Callable[..., str]
) -> None:
    async def run() -> None:
        async with _desk(tmp_path) as at:
            at.venue.hash_of = recipe
            await until(lambda: at.state() == "Live")
            states = set[str]()
            for _ in range(20):
                await at.move()
                states.add(at.state())
            assert states == {"Live"}
            await drive_for(at.clock, _QUIET_MS)
            assert at.venue.requested("/books") == []
            found = at.tallies()
            assert found["ws_book"] == {"matched": 0, "mismatched": 2, "unchecked": 0}
            assert found["ws_change"] == {"matched": 0, "mismatched": 20, "unchecked": 0}
            assert at.log.of(HashesBroke) == []
            assert at.log.of(FrameRefused) == []
            assert at.log.of(ConnectionLost) == []

    asyncio.run(run())


def test_f08_a_single_hash_of_a_later_trade_leaves_the_book_live(tmp_path: Path) -> None:
    async def run() -> None:
        async with _desk(tmp_path) as at:
            at.venue.hash_of = recipes.written
            await until(lambda: at.state() == "Live")
            for _ in range(5):
                at.venue.hash_of = recipes.written
                await at.move(4)
                at.venue.hash_of = recipes.of_a_later_trade
                await at.move()
                assert at.state() == "Live"
            found = at.tallies()
            assert (found["ws_change"]["matched"], found["ws_change"]["mismatched"]) == (20, 5)
            assert at.log.of(HashesBroke) == []

    asyncio.run(run())


def test_f08_a_sudden_rate_of_mismatches_is_dirty_and_compared_with_rest(tmp_path: Path) -> None:
    async def run() -> None:
        async with _desk(tmp_path) as at:
            at.venue.hash_of = recipes.written
            await until(lambda: at.state() == "Live")
            await at.move(6)
            # No fresh snapshot is given: what is seen is the doubt itself.
            at.venue.no_dump |= set(at.venue.tokens())
            at.venue.hash_of = recipes.without_last_price
            await at.move(_BREAK - 1)
            assert at.state() == "Live"
            assert at.venue.requested("/books") == []
            await at.move()
            assert at.state() == "Dirty(HashBreak)"
            (broke,) = at.log.of(HashesBroke)
            assert set(broke.token_ids) == set(at.venue.tokens())
            await until(lambda: at.venue.requested("/books"))
            asked = json.loads(at.venue.requested("/books")[0].body)
            assert {row["token_id"] for row in asked} == set(at.venue.tokens())
            sent = [json.loads(text) for text in at.venue.sessions[0].received if text != "PING"]
            assert [row.get("operation") for row in sent[1:]] == ["unsubscribe", "subscribe"]
            found = at.tallies()
            assert found["ws_change"] == {"matched": 6, "mismatched": _BREAK, "unchecked": 0}

    asyncio.run(run())


def test_f08_a_changed_recipe_costs_one_snapshot_and_then_gates_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with _desk(tmp_path) as at:
            at.venue.hash_of = recipes.written
            await until(lambda: at.state() == "Live")
            await at.move(6)
            at.venue.hash_of = recipes.without_last_price
            await at.move(_BREAK)
            # The snapshot has a hash of the new recipe too, and is taken all the same.
            await until(lambda: at.state() == "Live")
            for _ in range(20):
                await at.move()
                assert at.state() == "Live"
            await drive_for(at.clock, _QUIET_MS)
            assert len(at.log.of(HashesBroke)) == 1
            assert len(at.venue.requested("/books")) == 1
            assert at.log.of(ConnectionLost) == []

    asyncio.run(run())


def test_f08_a_lost_change_shows_in_the_hashes_and_is_healed_by_the_snapshot(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        async with _desk(tmp_path) as at:
            at.venue.hash_of = recipes.written
            await until(lambda: at.state() == "Live")
            await at.move(6)
            # Only the hash can tell: the best prices agree all the time.
            at.lose("77")
            await at.move(_BREAK)
            (broke,) = at.log.of(HashesBroke)
            assert at.token in broke.token_ids
            await until(lambda: at.state() == "Live")
            book = at.session.book(at.token)
            assert book is not None
            assert (900_000, 77_000_000) in book.asks
            await at.move(4)
            found = at.tallies()["ws_change"]
            assert (found["matched"], found["mismatched"]) == (6 + 4, _BREAK)

    asyncio.run(run())
