"""Puts a feed and a venue together for one test and takes them apart again."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

from razor.adapters.polymarket.backoff import Jitter
from razor.adapters.polymarket.books import BookCheck
from razor.adapters.polymarket.rest import Http
from razor.adapters.polymarket.stream import MarketStream
from razor.application.ports import FeedPorts
from razor.domain.feed import FeedSettings
from razor.domain.universe import FreeOfFees, MarketMeta, Universe

from .clock import VirtualClock
from .engine import MemoryEngine, MemoryLog
from .venue import Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A venue, an engine and everything between them."""

    venue: Venue
    clock: VirtualClock
    engine: MemoryEngine
    log: MemoryLog
    ports: FeedPorts
    http: Http
    settings: FeedSettings
    universe: Universe

    def stream(self, jitter: Jitter = lambda step: step // 2) -> MarketStream:
        return MarketStream(
            universe=self.universe,
            settings=self.settings,
            ports=self.ports,
            books=BookCheck(http=self.http, ports=self.ports),
            jitter=jitter,
        )


def universe_of(venue: Venue) -> Universe:
    """The venue's markets as definitions."""
    markets = tuple(
        MarketMeta(
            condition_id=market.condition_id,
            token_ids=market.tokens,
            outcomes=("Yes", "No"),
            label=f"market {market.number}",
            tick_size="0.01",
            min_order_size="5",
            neg_risk=False,
            fees=FreeOfFees(),
            end_ms=0,
            event_id="",
            group_id="",
            seconds_delay=0,
        )
        for market in venue.markets
    )
    return Universe(markets=markets, sets=())


@asynccontextmanager
async def world(venue: Venue, **changes: object) -> AsyncIterator[World]:
    """Start the venue and build the feed's parts; settings may be changed by name."""
    clock, log = VirtualClock(), MemoryLog()
    universe = universe_of(venue)
    owners = {token: meta.condition_id for token, meta in universe.owners().items()}
    engine = MemoryEngine(owners)
    async with venue:
        settings = venue.settings(**changes)
        http = Http(settings=settings, clock=clock, log=log, jitter=lambda _: 0)
        async with http:
            yield World(
                venue=venue,
                clock=clock,
                engine=engine,
                log=log,
                ports=FeedPorts(recorder=engine, liveness=engine, clock=clock, log=log),
                http=http,
                settings=settings,
                universe=universe,
            )


@asynccontextmanager
async def running(duty: Coroutine[None, None, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run a duty while the block lasts; an error of the duty fails the test."""
    task = asyncio.ensure_future(duty)
    try:
        yield task
    finally:
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "the duty did not end when cancelled"
        if not task.cancelled():
            task.result()
