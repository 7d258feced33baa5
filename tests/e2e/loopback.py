"""A venue on the loopback and a settings file that leads to it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.e2e.razor import Child, Done, child, outside
from tests.feeds.venue import Venue

CONFIG = "config.toml"


@dataclass(slots=True, kw_only=True)
class Desk:
    """A directory with settings, and the venue they name."""

    venue: Venue
    place: Path

    @property
    def config(self) -> Path:
        return self.place / CONFIG

    @property
    def latest(self) -> Path:
        return self.place / "runs" / "run_latest"

    def configure(self, markets: tuple[str, ...] = ("1", "2"), *, more: str = "") -> None:
        """Write the settings file anew; `more` is TOML for other sections."""
        addresses = self.venue.settings().endpoints
        ids = ", ".join(f'"{each}"' for each in markets)
        self.config.write_text(
            "[polymarket]\n"
            f'gamma_base = "{addresses.gamma_base}"\n'
            f'clob_base = "{addresses.clob_base}"\n'
            f'data_api_base = "{addresses.data_api_base}"\n'
            f'ws_base = "{addresses.ws_base}"\n'
            f"[run]\nmarket_ids = [{ids}]\n{more}",
            encoding="utf-8",
        )

    def start(
        self, *arguments: str | Path, environment: dict[str, str] | None = None
    ) -> AbstractAsyncContextManager[Child]:
        """Start a verb here."""
        return child(*arguments, cwd=self.place, environment=environment)

    async def razor(self, *arguments: str | Path) -> Done:
        """Run a verb here to its end."""
        return await outside(*arguments, cwd=self.place)

    def forget(self) -> None:
        """Forget who was connected, so that the next start is told from the last."""
        self.venue.sessions.clear()
        self.venue.requests.clear()

    def is_flowing(self) -> bool:
        """Whether a recorder is subscribed to every token and has asked for prints."""
        homes = (self.venue.home(token) for token in self.venue.tokens())
        return bool(self.venue.sessions) and all(homes) and bool(self.venue.requested("/trades"))


@asynccontextmanager
async def desk(place: Path, *, markets: int = 2) -> AsyncIterator[Desk]:
    """A venue with some prints, and settings for all of its markets."""
    venue = Venue(markets)
    for market in venue.markets:
        rows = [venue.trade(market, 100 * market.number + n, 1_800_000_000 + n) for n in range(5)]
        venue.trades[market.condition_id] = rows
    async with venue:
        here = Desk(venue=venue, place=place)
        here.configure(tuple(str(market.number) for market in venue.markets))
        yield here


async def changes(venue: Venue, count: int) -> None:
    """Move the books `count` times."""
    tokens = venue.tokens()
    for number in range(count):
        await venue.change(tokens[number % len(tokens)], size=str(number + 1))


async def _move(venue: Venue) -> None:
    """Say again and again that groups asked at 0.30 stand as they are."""
    for number in itertools.count():
        for market in venue.markets:
            yes, no = market.tokens
            for token, bid, ask in ((yes, "0.28", "0.30"), (no, "0.70", "0.72")):
                message = venue.price_change(token, bid, str(500 + number % 5))
                for change in cast("list[dict[str, object]]", message["price_changes"]):
                    change |= {"best_bid": bid, "best_ask": ask}
                for session in venue.home(token):
                    await session.send(message)
        await asyncio.sleep(0.05)


@asynccontextmanager
async def moving(at: Desk) -> AsyncIterator[None]:
    """Keep the books of the venue current, so that a group that is cheap raises signals."""
    task = asyncio.create_task(_move(at.venue))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def play(story: Coroutine[None, None, None]) -> None:
    """Run the story of one test."""
    asyncio.run(story)
