"""Groups in a live selection: exclusive events probed as one set of all their outcomes."""

import asyncio
import csv
import json
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from razor.adapters.files.market_selection import (
    RECOMMENDATION,
    SCORES,
    SUGGESTION,
    SelectionFiles,
)
from razor.adapters.polymarket import EventStop, Gamma, TaskSupervisor
from razor.application.ports import Unresolved
from razor.application.select import Select, Selection, SelectPorts, SelectRequest
from razor.domain.feed import Selection as MarketChoice
from razor.domain.feed_event import MarketSkipped
from razor.domain.selection import Insufficient, Preference
from razor.domain.universe import SetKind, Settlement

from .clock import drive, until
from .probes import Rig, exclusive, probing, trade
from .venue import Venue

# One more than the gate's 300 samples need.
_SECONDS = 301
_KEY = f"0x{77:062x}"
CHEAP, DEAR = "0.30", "0.34"


async def _selected(
    rig: Rig, directory: Path, preference: Preference = Preference.ANY
) -> Selection:
    """A whole selection, files and all."""
    ports = SelectPorts(
        probes=rig.probes,
        files=SelectionFiles(directory, "msel_1_000001"),
        supervisor=TaskSupervisor(),
        clock=rig.at.clock,
        stop=EventStop(),
    )
    task = asyncio.ensure_future(Select(ports).run(SelectRequest(preference=preference)))
    await until(lambda: rig.is_flowing(1))
    await drive(rig.at.clock, task.done, step_ms=500)
    done = task.result()
    assert isinstance(done, Selection)
    return done


def _table(directory: Path) -> dict[str, dict[str, str]]:
    with (directory / SCORES).open(newline="", encoding="utf-8") as file:
        return {row["gamma_id"]: row for row in csv.DictReader(file)}


def test_a_group_below_a_dollar_is_selected_and_one_above_is_not(tmp_path: Path) -> None:
    async def run() -> None:
        venue = Venue(6)
        trade(venue, exclusive(venue, "77", ask=CHEAP, numbers=(1, 2, 3)), 4)
        trade(venue, exclusive(venue, "78", ask=DEAR, numbers=(4, 5, 6)), 4)
        async with probing(venue, concurrency=20, seconds=_SECONDS) as rig:
            done = await _selected(rig, tmp_path)
            (group,) = done.groups
            assert group.candidate.market_id == _KEY
            assert group.candidate.market_ids == ("1", "2", "3")
            assert group.candidate.label == "Who wins 77?"
            # Three asks of 0.30, less 210 bps of fees and 80 of premium.
            assert group.figures.expected_net_bps_max == 10_000 - 9_000 - 290
            assert group.figures.passes == group.figures.snapshots_total == _SECONDS
            assert group.figures.trades_total == 12
            assert isinstance(done.choice, Insufficient)
            table = _table(tmp_path)
            words = {row["gamma_id"]: row["strategy"] for row in table.values()}
            pairs = {str(market.number): "binary" for market in venue.markets}
            assert words == {_KEY: "group", f"0x{78:062x}": "group"} | pairs
            assert table[f"0x{78:062x}"]["passes_min_net_edge_count"] == "0"
            assert {table[key]["passes_min_net_edge_count"] for key in pairs} == {"0"}
            suggested = tomllib.loads((tmp_path / SUGGESTION).read_text(encoding="utf-8"))
            assert suggested == {"run": {"market_ids": ["1", "2", "3"]}}
            found = json.loads((tmp_path / RECOMMENDATION).read_text(encoding="utf-8"))
            assert found["selection_error"] == "no markets pass hard gates"
            (shown,) = found["groups"]
            assert (shown["gamma_id"], shown["strategy"]) == (_KEY, "group")
            assert shown["token_ids"] == [market.tokens[0] for market in venue.markets[:3]]
            assert found["groups_refused"] == []

    asyncio.run(run())


def test_what_is_suggested_is_recorded_as_the_set_that_was_probed(tmp_path: Path) -> None:
    async def run() -> None:
        venue = Venue(5)
        trade(venue, exclusive(venue, "77", ask="0.18", numbers=(1, 2, 3, 4, 5)), 4)
        async with probing(venue, concurrency=20, seconds=_SECONDS) as rig:
            done = await _selected(rig, tmp_path, Preference.GROUP)
            assert [score.candidate.legs_n for score in done.scores] == [5]
            suggested = tomllib.loads((tmp_path / SUGGESTION).read_text(encoding="utf-8"))
            ids = tuple(suggested["run"]["market_ids"])
            assert ids == ("1", "2", "3", "4", "5")
            gamma = Gamma(http=rig.at.http, clock=rig.at.clock, log=rig.at.log)
            asked = asyncio.ensure_future(gamma.resolve(MarketChoice(market_ids=ids)))
            await drive(rig.at.clock, asked.done)
            universe = asked.result()
            assert not isinstance(universe, Unresolved)
            (item,) = [item for item in universe.sets if item.kind is SetKind.GROUP]
            assert (item.key, item.settlement) == (_KEY, Settlement.HOLD)
            assert item.legs == done.groups[0].candidate.token_ids

    asyncio.run(run())


@pytest.mark.parametrize(
    ("gamma", "clob", "flags", "reason"),
    [
        ({"closed": True}, {}, {}, "a closed outcome of the group is not proven NO"),
        (
            {"closed": True, "outcomePrices": '["1", "0"]'},
            {},
            {},
            "a closed outcome of the group is not proven NO",
        ),
        ({"acceptingOrders": False}, {}, {}, "outcome market-2: not accepting orders"),
        ({"active": False}, {}, {}, "outcome market-2: not active"),
        ({"clobTokenIds": "[]"}, {}, {}, "outcome market-2: has 0 outcome tokens"),
        ({"negRiskOther": True}, {}, {}, "group with a catch-all outcome"),
        ({"negRiskMarketID": "0xelse"}, {}, {}, "the event holds more than one group"),
        ({}, {"ao": False}, {}, "an open outcome of the group is not followed"),
        ({}, {"c": "0xelse"}, {}, "an open outcome of the group is not followed"),
        ({}, {}, {"negRiskAugmented": True}, "augmented group: an unnamed outcome may win"),
        ({"active": False}, {}, {"negRiskAugmented": True}, "augmented group"),
        ({}, {}, {"negRisk": False}, "the venue does not mark the event as exclusive"),
        ({}, {}, {"id": "79"}, "event id 77 is not among the venue's open markets"),
    ],
)
def test_a_group_that_is_not_proven_whole_is_refused_with_its_reason(
    tmp_path: Path,
    gamma: dict[str, object],
    clob: dict[str, object],
    flags: dict[str, object],
    reason: str,
) -> None:
    async def run() -> None:
        venue = Venue(4)
        venue.markets[1].gamma |= gamma
        markets = exclusive(venue, "77", ask=CHEAP, numbers=(1, 2, 3), **flags)
        if gamma:
            markets[1].gamma |= gamma
            venue.events[0]["markets"] = [venue.gamma_market(market) for market in markets]
        markets[1].clob |= clob
        trade(venue, venue.markets, 4)
        async with probing(venue, concurrency=20) as rig:
            done = await _selected(rig, tmp_path)
            (refused,) = done.progress.refused
            assert refused.event_id == "77"
            assert reason in refused.reason
            assert done.groups == ()
            assert "group" not in {row["strategy"] for row in _table(tmp_path).values()}
            assert "77" in {event.market for event in rig.at.log.of(MarketSkipped)}
            found = json.loads((tmp_path / RECOMMENDATION).read_text(encoding="utf-8"))
            assert [row["reason"] for row in found["groups_refused"]] == [refused.reason]
            assert found["probes_completed_failed"] >= 1
            # The market outside the group is probed as ever.
            assert "4" in _table(tmp_path)

    asyncio.run(run())


def test_an_outcome_that_has_lost_is_no_longer_a_leg(tmp_path: Path) -> None:
    async def run() -> None:
        venue = Venue(3)
        venue.markets[2].gamma |= {"closed": True, "outcomePrices": '["0", "1"]'}
        exclusive(venue, "77", ask=CHEAP, numbers=(1, 2, 3))
        async with probing(venue) as rig:
            done = await _selected(rig, tmp_path, Preference.GROUP)
            (score,) = done.scores
            assert score.candidate.token_ids == tuple(m.tokens[0] for m in venue.markets[:2])
            assert score.candidate.market_ids == ("1", "2")
            assert score.candidate.strategy == "group"

    asyncio.run(run())


def test_the_markets_of_a_group_are_polled_in_turn() -> None:
    async def run() -> None:
        venue = Venue(4)
        exclusive(venue, "77", ask=CHEAP, numbers=(1, 2, 3, 4))
        async with probing(venue, seconds=12) as rig:
            found = await rig.probes.candidates()
            assert not isinstance(found, Unresolved)
            task = asyncio.ensure_future(rig.probes.run(found[:1], rig.take))
            await until(lambda: rig.is_flowing(1))
            await drive(rig.at.clock, task.done)
            asked = [request.param("market") for request in venue.requested("/trades")]
            conditions = [market.condition_id for market in venue.markets]
            assert asked[:8] == [*conditions, *conditions]
            assert len(asked) <= 13

    asyncio.run(run())


def test_a_leg_without_a_book_leaves_the_group_without_samples() -> None:
    async def run() -> None:
        venue = Venue(3)
        exclusive(venue, "77", ask=CHEAP, numbers=(1, 2, 3))
        silent = venue.markets[1].tokens
        venue.mute |= set(silent)
        venue.no_book |= set(silent)
        async with probing(venue) as rig:
            found = await rig.probes.candidates()
            assert not isinstance(found, Unresolved)
            task = asyncio.ensure_future(rig.probes.run(found[:1], rig.take))
            await drive(rig.at.clock, task.done)
            (score,) = rig.took
            assert score is not None
            assert score.figures.snapshots_total == 0

    asyncio.run(run())


def test_groups_are_the_exclusive_events_of_the_pool_and_come_first() -> None:
    async def run() -> None:
        venue = Venue(4)
        exclusive(venue, "77", ask=CHEAP, numbers=(2, 3))
        venue.markets[1].gamma |= {"volume24hr": 5, "liquidityNum": 7}
        venue.markets[2].gamma |= {"volume24hr": 6}
        async with probing(venue) as rig:
            found = await rig.probes.candidates()
            assert not isinstance(found, Unresolved)
            assert [it.market_id for it in found] == ["77", "3", "2", "1", "4"]
            group = found[0]
            assert (group.is_group, group.event_id, group.legs_n) == (True, "77", 0)
            assert [group.volume_24h, group.liquidity] == [Decimal(11), Decimal(7)]
            assert [it.is_group for it in found[1:]] == [False] * 4

    asyncio.run(run())
