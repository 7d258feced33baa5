"""F-10: a market that changes while it is followed is marked before anything else happens."""

import asyncio
import json

import pytest

from razor.adapters.polymarket.facts import FactsWatch
from razor.adapters.polymarket.gamma import Gamma
from razor.domain.feed import RecordKind
from razor.domain.feed_event import MarketChanged
from razor.domain.universe import Universe

from .clock import drive, drive_for, until
from .venue import Answer, Venue
from .world import World, running, world


def _watch(at: World, universe: Universe | None = None) -> FactsWatch:
    gamma = Gamma(http=at.http, clock=at.clock, log=at.log)
    return FactsWatch(
        universe=universe or at.universe, gamma=gamma, ports=at.ports, settings=at.settings
    )


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("ao", None, "accepting_orders"),
        ("mts", 0.001, "tick_size"),
        ("mos", 15, "min_order_size"),
        ("nr", True, "neg_risk"),
        ("fd", None, "fees"),
        ("sd", 3, "seconds_delay"),
        ("itode", True, "is_delay_enabled"),
    ],
)
def test_f10_changed_fact_is_marked_once_and_recorded_as_served(
    field: str, value: object, name: str
) -> None:
    async def run() -> None:
        venue = Venue()
        async with world(venue) as at, running(_watch(at).run()):
            await until(lambda: venue.requested("/clob-markets"))
            await drive_for(at.clock, 120_000, step_ms=1_000)
            assert at.engine.rows == []
            venue.markets[0].clob[field] = value
            await drive(at.clock, lambda: at.log.of(MarketChanged), step_ms=1_000)
            await drive_for(at.clock, 120_000, step_ms=1_000)
            (event,) = at.log.of(MarketChanged)
            assert event.fields == (name,)
            assert [row.kind for row in at.engine.rows] == [RecordKind.GAP, RecordKind.REF]
            assert name in at.engine.gaps("MARKET_CHANGED")[0].cause
            assert json.loads(at.engine.rows[1].payload) == venue.clob_market(venue.markets[0])

    asyncio.run(run())


def test_f10_market_that_vanished_has_changed() -> None:
    async def run() -> None:
        venue = Venue()
        async with world(venue) as at, running(_watch(at).run()):
            await until(lambda: venue.requested("/clob-markets"))
            await drive_for(at.clock, 1_000)
            venue.handlers["/clob-markets"] = lambda _: Answer(status=404)
            await drive(at.clock, lambda: at.log.of(MarketChanged), step_ms=1_000)
            assert "listed" in at.log.of(MarketChanged)[0].fields

    asyncio.run(run())


def test_f10_failed_reading_is_no_change() -> None:
    async def run() -> None:
        venue = Venue()
        async with world(venue, http_retries=0) as at, running(_watch(at).run()):
            await until(lambda: venue.requested("/clob-markets"))
            await drive_for(at.clock, 1_000)
            venue.handlers["/clob-markets"] = lambda _: Answer(status=503)
            await drive(at.clock, lambda: len(venue.requested("/clob-markets")) >= 3, 1_000)
            del venue.handlers["/clob-markets"]
            await drive(at.clock, lambda: len(venue.requested("/clob-markets")) >= 5, 1_000)
            assert at.log.of(MarketChanged) == []

    asyncio.run(run())


@pytest.mark.parametrize("change", ["augmented", "children"])
def test_f10_group_that_is_augmented_or_grows_has_changed(change: str) -> None:
    async def run() -> None:
        venue = Venue(2)
        event: dict[str, object] = {
            "id": "77",
            "slug": "event",
            "negRisk": True,
            "negRiskAugmented": False,
            "negRiskMarketID": "0xgroup",
            "markets": [venue.gamma_market(market) for market in venue.markets],
        }
        venue.events.append(event)
        async with world(venue) as at:
            group = tuple(
                type(m)(
                    **{
                        f: getattr(m, f)
                        for f in m.__dataclass_fields__
                        if f not in {"event_id", "group_id"}
                    },
                    event_id="77",
                    group_id="0xgroup",
                )
                for m in at.universe.markets
            )
            async with running(_watch(at, Universe(markets=group, sets=())).run()):
                await until(lambda: venue.requested("/events/keyset"))
                await drive_for(at.clock, 1_000)
                if change == "augmented":
                    event["negRiskAugmented"] = True
                else:
                    event["markets"] = [venue.gamma_market(venue.markets[0])]
                await drive(at.clock, lambda: at.log.of(MarketChanged), step_ms=1_000)
                found = at.log.of(MarketChanged)[0]
                assert (found.condition_id, found.fields) == ("0xgroup", (change,))

    asyncio.run(run())
