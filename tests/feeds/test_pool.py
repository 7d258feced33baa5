"""The candidate pool: one request, a distrusted answer, the frozen order."""

import asyncio
import json
from decimal import Decimal

import pytest

from razor.adapters.polymarket.pool import read_pool
from razor.application.ports import Unresolved
from razor.domain.selection import Candidate

from .clock import drive
from .venue import Answer, Venue, condition_id, token_id
from .world import world

PAIR = json.dumps([token_id(2), token_id(3)])


def _row(**changes: object) -> dict[str, object]:
    row = {
        "id": "1",
        "conditionId": condition_id(1),
        "clobTokenIds": PAIR,
        "volume24hr": 12.5,
        "liquidityNum": 7,
        "endDate": "2027-01-01T00:00:00Z",
        "question": "Will it?",
    }
    return row | changes


def _pool(*rows: object, limit: int = 200) -> tuple[Candidate, ...] | Unresolved:
    return _answered(Answer(body=json.dumps(rows).encode()), limit=limit)


def _answered(answer: Answer, *, limit: int = 200) -> tuple[Candidate, ...] | Unresolved:
    async def run() -> tuple[Candidate, ...] | Unresolved:
        venue = Venue()
        venue.handlers["/markets"] = lambda _: answer
        async with world(venue) as at:
            task = asyncio.ensure_future(read_pool(at.http, limit=limit))
            await drive(at.clock, task.done)
            return task.result()

    return asyncio.run(run())


def _one(**changes: object) -> Candidate | None:
    found = _pool(_row(**changes))
    assert isinstance(found, tuple)
    return found[0] if found else None


def test_the_venue_is_asked_once_for_open_markets() -> None:
    async def run() -> None:
        async with world(Venue(3)) as at:
            found = await read_pool(at.http, limit=2)
            assert isinstance(found, tuple)
            assert [it.market_id for it in found] == ["1", "2"]
            (request,) = at.venue.requested("/markets")
            assert request.params == (("active", "true"), ("closed", "false"), ("limit", "2"))

    asyncio.run(run())


def test_a_row_becomes_a_candidate() -> None:
    assert _one() == Candidate(
        market_id="1",
        condition_id=condition_id(1),
        token_ids=(token_id(2), token_id(3)),
        volume_24h=Decimal("12.5"),
        liquidity=Decimal(7),
        end_ms=1_798_761_600_000,
        label="Will it?",
    )


def test_the_order_is_volume_then_id_as_text() -> None:
    volumes = {"9": 1, "10": 1, "3": 2.5, "4": "2.6", "5": None}
    found = _pool(*(_row(id=key, volume24hr=volume) for key, volume in volumes.items()))
    assert isinstance(found, tuple)
    assert [it.market_id for it in found] == ["4", "3", "10", "9", "5"]


def test_a_listing_longer_than_asked_for_is_cut() -> None:
    found = _pool(*(_row(id=str(number)) for number in range(9)), limit=3)
    assert isinstance(found, tuple)
    assert [it.market_id for it in found] == ["0", "1", "2"]


def test_a_market_listed_twice_is_one_candidate() -> None:
    found = _pool(_row(volume24hr=1), _row(volume24hr=2))
    assert isinstance(found, tuple)
    assert [it.volume_24h for it in found] == [Decimal(1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "=cmd()"},
        {"id": "1\n2"},
        {"id": "x" * 200},
        {"id": 7},
        {"conditionId": ""},
        {"conditionId": None},
        {"conditionId": "0x1"},
        {"conditionId": condition_id(1) + "\u202e"},
        {"clobTokenIds": None},
        {"clobTokenIds": "[]"},
        {"clobTokenIds": "no list"},
        {"clobTokenIds": json.dumps([token_id(1)])},
        {"clobTokenIds": json.dumps([token_id(1)] * 2)},
        {"clobTokenIds": json.dumps([token_id(n) for n in range(4)])},
        {"clobTokenIds": json.dumps(["=1", token_id(1)])},
        {"clobTokenIds": "[" * 100_000},
    ],
)
def test_an_odd_row_is_left_out_and_the_others_stay(changes: dict[str, object]) -> None:
    found = _pool(_row(**changes), _row(id="2"), "text", None, 7)
    assert isinstance(found, tuple)
    assert [it.market_id for it in found] == ["2"]


def test_three_tokens_are_a_candidate() -> None:
    found = _one(clobTokenIds=json.dumps([token_id(n) for n in range(3)]))
    assert found is not None
    assert found.strategy == "triangle"


def test_the_tokens_of_a_v2_market_are_its_positions() -> None:
    found = _one(version="v2", positionIds=[token_id(8), token_id(9)])
    assert found is not None
    assert found.token_ids == (token_id(8), token_id(9))


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (None, "0"),
        ("NaN", "0"),
        ("Infinity", "0"),
        (-5, "0"),
        ("1e999999", "0"),
        ("1e-999999", "0"),
        (999_999_999_999, "999999999999"),
        (1_000_000_000_000, "0"),
        ("0.1", "0.1"),
    ],
)
def test_an_absurd_amount_counts_as_none(value: object, amount: str) -> None:
    found = _one(volume24hr=value)
    assert found is not None
    assert found.volume_24h == Decimal(amount)


def test_liquidity_falls_back_to_its_text() -> None:
    both, text, none = (
        _one(liquidityNum=1, liquidity="2"),
        _one(liquidityNum=None, liquidity="2.5"),
        _one(liquidityNum=None),
    )
    assert both is not None
    assert text is not None
    assert none is not None
    amounts = [it.liquidity for it in (both, text, none)]
    assert amounts == [Decimal(1), Decimal("2.5"), Decimal(0)]


@pytest.mark.parametrize("end", [None, "", "soon", "2027-01-01T00:00:00+00:00", "2027-01-01"])
def test_an_end_that_is_not_written_for_greenwich_is_unknown(end: str | None) -> None:
    found = _one(endDate=end)
    assert found is not None
    assert found.end_ms == 0


def test_a_hostile_question_is_cleaned_and_cut() -> None:
    found = _one(question="\x1b[2J\u202eWill " + "it " * 10**5)
    assert found is not None
    assert found.label.startswith("[2JWill it")
    assert len(found.label) <= 256


@pytest.mark.parametrize(
    "answer",
    [Answer(body=b"{}"), Answer(body=b"<html>"), Answer(status=500), Answer(status=404)],
)
def test_a_listing_that_cannot_be_read_is_a_fault_with_a_remedy(answer: Answer) -> None:
    found = _answered(answer)
    assert isinstance(found, Unresolved)
    assert found.is_fault
    assert "check the network" in found.remedy
