"""Worlds that are served: their files, their markets, and traders that act with time."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from razor.adapters.sandbox.world import WorldPlan, read_world, write_world
from razor.app.sandbox import SandboxPlan
from razor.domain.errors import SettingsError
from tests.sandbox.trader import ONE, SECOND, Place

SMALL = WorldPlan(seed=5, binaries=2, groups=2, pace_ms=100)


def peopled(plan: WorldPlan = SMALL) -> Place:
    """A venue with a world."""
    return Place(plan=SandboxPlan(port=0, is_limited=False, world=plan))


def test_a_world_is_listed_everywhere_and_has_books() -> None:
    place = peopled()
    markets = place.ask("GET", "/markets").json["data"]
    events = place.ask("GET", "/events/keyset", service="gamma").json["events"]
    groups = [event for event in events if event["negRisk"]]
    assert len(markets) == sum(len(event["markets"]) for event in events)
    assert [event["negRiskAugmented"] for event in groups] == [False, True]
    unnamed = [it for event in groups for it in event["markets"] if not it["active"]]
    assert len(unnamed) == 1
    listed = {market["condition_id"] for market in markets}
    assert {it["conditionId"] for event in events for it in event["markets"]} == listed
    book = place.ask("GET", "/book", query={"token_id": place.token(0)}).json
    assert book["bids"]
    assert book["asks"]


def test_traders_act_with_the_time_of_the_venue_and_a_client_trades_with_them() -> None:
    place = peopled()
    trader = place.trader(0)
    markets = place.sandbox.venue.catalogue.markets
    token = next(it.market.token_ids[0] for it in markets if it.market.tick == "0.01")
    before = place.ask("GET", "/book", query={"token_id": token}).json["hash"]
    place.pass_time(20)
    after = place.ask("GET", "/book", query={"token_id": token}).json
    assert before != after["hash"]
    cents = round(float(after["asks"][-1]["price"]) * 100)
    said = trader.post(token, "BUY", cents, 100, order_type="FAK")
    assert (said.status, said.json.get("status")) == (200, "matched"), said.json
    place.pass_time(30)
    assert trader.balance(token) == Decimal(said.json["takingAmount"]) * ONE > 0
    assert place.sandbox.venue.exchange.audit() is None


def test_the_same_world_is_the_same_again_and_another_seed_is_not() -> None:
    def books(plan: WorldPlan) -> list[bytes]:
        place = peopled(plan)
        place.pass_time(10)
        exchange = place.sandbox.venue.exchange
        return [exchange.book(token) for token in range(8)]

    assert books(SMALL) == books(SMALL)
    other = WorldPlan(seed=6, binaries=2, groups=2, pace_ms=100)
    assert books(SMALL) != books(other)


def test_a_file_gives_back_the_plan_it_was_written_from(tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    path.write_text(write_world(SMALL), encoding="utf-8")
    assert read_world(path) == SMALL


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[world]\nbinaries = -1\n", "world.binaries"),
        ("[world]\nseeds = 1\n", "world"),
        ("[world]\nhas_rivals = 1\n", "world.has_rivals"),
        ("[planet]\n", ""),
        ("", ""),
        ("[world\n", ""),
    ],
)
def test_a_bad_file_is_refused_with_its_key(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "world.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_world(path)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert "razor sandbox seed" in problem.remedy
    assert str(path) in str(caught.value)


def test_planted_sets_are_told_to_the_checker_and_to_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    place = Place(plan=SandboxPlan(port=0, is_limited=False, world=SMALL, truth=path))
    venue = place.sandbox.venue
    for _ in range(60):
        place.clock.now_ns += SECOND
        venue.go_on()
    place.sandbox.close()
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    planted = [line for line in lines if line["what"] == "planted"]
    assert len(planted) > 10
    listed = {it.market.token_ids[0] for it in venue.catalogue.markets}
    for told in planted:
        assert set(told["legs"]) <= listed
        assert told["start_ns"] < told["over_ns"] <= told["end_ns"]
        assert told["size_micros"] > 0
    status = place.ask("GET", "/status.json", service="status").text
    assert b"planted" not in status
    # What is over is taken from the engine, whoever listens.
    assert venue.exchange.take_truth() == b""
