"""Metadata: filters, clamps and refusals of Gamma, and what a market shows of its prices."""

import json
from typing import Any

import pytest

from razor.adapters.sandbox.keys import Call
from razor.adapters.sandbox.router import Request
from tests.sandbox.trader import Place

PLAIN, PRICED, GROUP = 0, 1, 2


def markets(place: Place, **query: str) -> list[Any]:
    """A page of markets."""
    return list(place.ask("GET", "/markets/keyset", query=query, service="gamma").json["markets"])


def test_every_filter_narrows_the_list_to_what_it_names() -> None:
    place = Place()
    ids = [market["id"] for market in markets(place)]
    assert len(ids) == 5
    assert [it["id"] for it in markets(place, id=ids[3])] == [ids[3]]
    slug = markets(place)[1]["slug"]
    assert [it["id"] for it in markets(place, slug=slug)] == [ids[1]]
    condition = place.condition(GROUP).upper().replace("X", "x")
    assert [it["id"] for it in markets(place, condition_ids=condition)] == [ids[GROUP]]
    token = place.token(GROUP, 1)
    assert [it["id"] for it in markets(place, clob_token_ids=token)] == [ids[GROUP]]
    assert markets(place, version="v2") == []
    # What is not understood is ignored, as the venue does.
    assert len(markets(place, active="false", nonsense="1")) == 5


def test_a_name_that_comes_more_than_once_is_a_list() -> None:
    place = Place()
    tokens = [place.token(PLAIN), place.token(GROUP)]
    call = Call(
        method="GET",
        path="/markets/keyset",
        body=b"",
        headers={},
        now_s=place.sandbox.venue.now_s(),
    )
    request = Request(
        call=call,
        query={"clob_token_ids": tokens[0]},
        tail="",
        caller="127.0.0.1",
        every={"clob_token_ids": tokens},
    )
    answer = place.sandbox.front.answer(place.service("gamma"), request, "/markets/keyset")
    found = json.loads(answer.body)["markets"]
    assert [it["conditionId"] for it in found] == [place.condition(PLAIN), place.condition(GROUP)]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/markets/keyset", {"limit": "x"}, 422),
        ("/markets/keyset", {"closed": "perhaps"}, 422),
        ("/markets/keyset", {"order": "volume_24hr"}, 422),
        ("/markets/keyset", {"after_cursor": "zzz"}, 422),
        ("/markets/keyset", {"after_cursor": "é"}, 422),
        ("/markets/keyset", {"limit": "5000", "order": "volume24hr"}, 200),
        ("/events/keyset", {"offset": "1"}, 422),
        ("/markets", {"offset": "2001"}, 422),
        ("/events", {"offset": "2000"}, 200),
        ("/markets/slug/nowhere", {}, 404),
        ("/events/1", {}, 404),
        ("/markets/slug/a/b", {}, 404),
    ],
)
def test_questions_are_answered_or_refused_as_by_the_venue(
    path: str, query: dict[str, str], status: int
) -> None:
    place = Place()
    assert place.ask("GET", path, query=query, service="gamma").status == status


def test_fees_and_kinds_stand_in_the_document() -> None:
    place = Place()
    plain, priced, group = (markets(place)[at] for at in (PLAIN, PRICED, GROUP))
    assert (plain["feesEnabled"], "feeSchedule" in plain) == (False, False)
    assert priced["feeSchedule"] == {
        "exponent": 1,
        "rate": 0.04,
        "takerOnly": True,
        "rebateRate": 0,
    }
    assert (plain["negRisk"], group["negRisk"]) == (False, True)
    assert "negRiskMarketID" not in plain
    assert group["events"][0]["id"] == "9001"
    tags = place.ask("GET", "/tags", service="gamma").json
    assert [tag["label"] for tag in tags] == ["sandbox"]


def test_a_wide_market_shows_its_last_trade_and_a_narrow_one_the_middle() -> None:
    place = Place()
    maker, taker = place.trader(0), place.trader(1)
    maker.post(place.token(PLAIN), "BUY", 20, 10)
    maker.post(place.token(PLAIN, 1), "BUY", 30, 10)
    assert markets(place)[PLAIN]["outcomePrices"] == '["0.5","0.5"]'
    taker.post(place.token(PLAIN), "BUY", 70, 5)
    shown = markets(place)[PLAIN]
    assert shown["outcomePrices"] == '["0.7","0.3"]'
    assert (shown["bestBid"], shown["bestAsk"], shown["lastTradePrice"]) == (0.2, 0.7, 0.7)
    maker.post(place.token(PLAIN), "BUY", 66, 10)
    assert markets(place)[PLAIN]["outcomePrices"] == '["0.68","0.32"]'
