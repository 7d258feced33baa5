"""A venue on the loopback and a settings file that leads to it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

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

    def start(self, *arguments: str | Path) -> AbstractAsyncContextManager[Child]:
        """Start a verb here."""
        return child(*arguments, cwd=self.place)

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


def play(story: Coroutine[None, None, None]) -> None:
    """Run the story of one test."""
    asyncio.run(story)
