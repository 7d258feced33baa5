"""Live probes of a loopback venue, wired for one test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

from razor.adapters.polymarket import LiveProbes, ProbeEngine, ProbePlan, ProbeWorld
from razor.application.ports import Unresolved
from razor.domain.params import Rules, params_record
from razor.domain.selection import Refused, Score
from razor.domain.settings import Settings

from .venue import Venue, VenueMarket
from .world import World, world

PARAMS = params_record("probe", Settings(), rules=Rules.VENUE)
SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """Probes of a venue, the engines they made, and what they gave."""

    at: World
    probes: LiveProbes
    engines: list[ProbeEngine]
    took: list[Score | None]
    refused: list[Refused]

    async def run(self) -> None:
        candidates = await self.probes.candidates()
        assert not isinstance(candidates, Unresolved)
        await self.probes.run(candidates, self.take)

    def take(self, found: Score | Refused | None) -> None:
        match found:
            case Refused():
                self.refused.append(found)
            case Score() | None:
                self.took.append(found)

    def is_flowing(self, count: int) -> bool:
        """Whether so many engines run and the last of them has all its books."""
        if len(self.engines) < count:
            return False
        tokens = self.engines[-1].view().tokens.values()
        return bool(tokens) and all(token.hydrated for token in tokens)


@asynccontextmanager
async def probing(
    venue: Venue, *, concurrency: int = 5, seconds: int = SECONDS, **changes: object
) -> AsyncIterator[Rig]:
    """Live probes of a venue, each of so many seconds."""
    plan = ProbePlan(
        pool_limit=50,
        probe_ms=seconds * 1_000,
        concurrency=concurrency,
        skip_every=int(str(changes.pop("skip_every", 0))),
    )
    async with world(venue, **changes) as at:
        engines: list[ProbeEngine] = []

        def engine() -> ProbeEngine:
            engines.append(ProbeEngine(PARAMS))
            return engines[-1]

        probes = LiveProbes(
            plan=plan,
            world=ProbeWorld(
                settings=at.settings,
                http=at.http,
                clock=at.clock,
                log=at.log,
                jitter=lambda _: 0,
                engine=engine,
            ),
        )
        yield Rig(at=at, probes=probes, engines=engines, took=[], refused=[])


def exclusive(
    venue: Venue, event_id: str, *, ask: str, numbers: tuple[int, ...], **flags: object
) -> list[VenueMarket]:
    """Make markets of the venue the outcomes of one exclusive event, each asked at a price."""
    group_id = f"0x{int(event_id):062x}"
    found = [market for market in venue.markets if market.number in numbers]
    for market in found:
        market.gamma |= {
            "negRisk": True,
            "negRiskMarketID": group_id,
            "events": [{"id": event_id, "slug": f"event-{event_id}"}],
        }
        market.clob |= {"nr": True}
        quote(venue, market, ask)
    venue.events.append(
        {
            "id": event_id,
            "slug": f"event-{event_id}",
            "title": f"Who wins {event_id}?",
            "negRisk": True,
            "negRiskMarketID": group_id,
            "markets": [venue.gamma_market(market) for market in found],
            **flags,
        }
    )
    return found


def quote(venue: Venue, market: VenueMarket, ask: str) -> None:
    """Ask YES at a price and bid two ticks below, on both sides of the one book."""
    price = Decimal(ask)
    bid, yes, no = price - Decimal("0.02"), *market.tokens
    venue.books[yes] = ([[f"{bid}", "500"]], [[f"{price}", "500"]])
    venue.books[no] = ([[f"{1 - price}", "500"]], [[f"{1 - bid}", "500"]])


def trade(venue: Venue, markets: list[VenueMarket], count: int) -> None:
    """So many prints of YES in each market."""
    for market in markets:
        rows = [
            venue.trade(market, 1_000 * market.number + n, 1_800_000_000 + n) for n in range(count)
        ]
        venue.trades[market.condition_id] = rows
