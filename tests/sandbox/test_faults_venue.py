"""Faults of the venue: matches, markets, wallets; and their absence without a plan."""

from typing import Any

import pytest

from tests.sandbox.faulty import (
    GROUP,
    OTHER,
    PLAIN,
    TOKEN,
    closing_places,
    crossed,
    fault,
    open_orders,
    place_of,
    rest,
    rows,
    user,
)
from tests.sandbox.test_streams import events, market
from tests.sandbox.trader import ONE, Trader

__all__ = ["closing_places"]


# Matches.


def balances(place: Any, taker: Trader) -> int:  # noqa: ANN401
    place.pass_time(30)
    return taker.balance(place.token(PLAIN, 1))


def test_without_a_plan_a_match_settles() -> None:
    place, _, taker, said = crossed("")
    assert (said.json["status"], said.json["takingAmount"]) == ("matched", "10")
    assert balances(place, taker) == 10 * ONE


def test_depth_that_is_withdrawn_kills_the_order_that_was_to_take_it() -> None:
    place, maker, _, said = crossed(fault("F-22", token=OTHER))
    assert said.status == 400
    assert "no orders found to match with FAK order" in said.json["error"]
    assert open_orders(maker) == 0
    assert place.sandbox.venue.exchange.audit() is None


@pytest.mark.parametrize(("qty", "side"), [("0.01", 1), ("3.5", 1), ("9.99", 1), ("2.25", 0)])
def test_exactly_what_the_plan_leaves_is_filled(qty: str, side: int) -> None:
    place = place_of(fault("F-23", qty=qty, body="FAK"))
    place.trader(0)
    taker = place.trader(1)
    said = taker.post(place.token(PLAIN, side), "BUY", 60, 10, order_type="FAK")
    assert (said.json["status"], said.json["takingAmount"]) == ("matched", qty)
    assert place.sandbox.venue.exchange.audit() is None


def test_an_answer_says_more_than_was_filled_and_trades_say_the_truth() -> None:
    place, _, taker, said = crossed(fault("F-24", micros=10_000, token=OTHER))
    assert said.json["takingAmount"] == "10.01"
    (trade,) = taker.call("GET", "/data/trades").json["data"]
    assert trade["size"] == "10"
    assert balances(place, taker) == 10 * ONE


@pytest.mark.parametrize(
    ("kind", "taking"),
    [("empty", ""), ("micros", "10000000"), ("numbers", 10_000_000), ("half", "5")],
)
def test_amounts_of_an_answer_lie(kind: str, taking: object) -> None:
    _, _, _, said = crossed(fault("F-25", kind, token=OTHER))
    assert (said.json["status"], said.json["takingAmount"]) == ("matched", taking)


def test_trade_ids_are_left_out() -> None:
    assert crossed("")[3].json["tradeIDs"] != []
    assert crossed(fault("F-25", "no_trades", token=OTHER))[3].json["tradeIDs"] == []


def test_a_delayed_order_fills_later_or_never() -> None:
    def seen(kind: str) -> tuple[str, int, int]:
        place, _, taker, said = crossed(fault("F-21", kind, ms=5_000, token=OTHER))
        status = said.json.get("status") or said.json["error"]
        at_once = len(taker.call("GET", "/data/trades").json["data"])
        place.pass_time(6)
        return status, at_once, len(taker.call("GET", "/data/trades").json["data"])

    assert seen("fill") == ("delayed", 0, 1)
    assert seen("kill") == ("delayed", 0, 0)
    assert seen("text") == ("order match delayed due to market conditions", 1, 1)


@pytest.mark.parametrize(
    ("plan", "last", "tokens"),
    [
        ("", "CONFIRMED", 10),
        (fault("F-48"), "FAILED", 0),
        (fault("F-50", body="WALLET"), "FAILED", 0),
        (fault("F-50", body="0xnobody"), "CONFIRMED", 10),
        (fault("F-48", nth=2), "CONFIRMED", 10),
        (fault("F-52"), "CONFIRMED", 10),
        (fault("F-49", copies=2), "CONFIRMED", 10),
    ],
)
def test_a_match_has_the_fate_of_its_fault(plan: str, last: str, tokens: int) -> None:
    place, _, taker, _ = crossed(plan)
    place.pass_time(120)
    (trade,) = taker.call("GET", "/data/trades").json["data"]
    assert (trade["status"], taker.balance(place.token(PLAIN, 1))) == (last, tokens * ONE)


def test_a_retried_and_a_reorganised_match_retry_before_they_settle() -> None:
    def words(plan: str) -> list[str]:
        place = place_of(plan)
        maker, taker = place.trader(0), place.trader(1)
        reader = user(place, taker)
        rest(maker)
        taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
        place.pass_time(120)
        trades = [one for one in events(reader) if one["event_type"] == "trade"]
        return [one["status"] for one in trades]

    assert words("") == ["MATCHED", "MINED", "CONFIRMED"]
    assert words(fault("F-49", copies=2)).count("RETRYING") == 2
    reorganised = words(fault("F-52"))
    assert reorganised.count("MINED") == 2
    assert reorganised[-1] == "CONFIRMED"


# The venue moves.


def test_a_grid_changes_and_old_prices_are_refused() -> None:
    def seen(plan: str) -> tuple[int, list[str]]:
        place = place_of(plan)
        reader = market(place, place.token(PLAIN))
        place.pass_time(6)
        said = place.trader(0).post(place.token(PLAIN), "BUY", 45, 10)
        return said.status, [one["event_type"] for one in events(reader)]

    assert "tick_size_change" not in seen("")[1]
    status, words = seen(fault("F-06", at="5s", market="MARKET", tick="0.1"))
    assert (status, "tick_size_change" in words) == (400, True)


@pytest.mark.parametrize("kind", ["not_accepting", "closed", "yes", "no", "void"])
def test_a_market_that_stops_takes_no_order(kind: str) -> None:
    place = place_of(fault("F-10", kind, at="5s", market="MARKET"))
    trader = place.trader(0)
    assert rest(trader).status == 200
    place.pass_time(6)
    assert rest(trader).status != 200
    assert trader.post(place.token(GROUP), "BUY", 40, 10).status == 200


def test_a_market_is_inactive_and_opens_again() -> None:
    place = place_of(
        fault("F-10", "inactive", at="5s", market="MARKET")
        + fault("F-10", "open", at="10s", token=TOKEN)
    )
    found: list[bool] = []
    for _ in range(3):
        standing = place.sandbox.venue.exchange.standing(PLAIN)
        assert standing is not None
        found.append(standing[1])
        place.pass_time(6)
    assert found == [True, False, True]


@pytest.mark.parametrize("payout", ["yes", "no", "half"])
def test_a_market_resolves_as_planned(payout: str) -> None:
    place = place_of(fault("F-55", at="5s", market="MARKET", payout=payout))
    reader = market(place, place.token(PLAIN), custom_feature_enabled=True)
    place.pass_time(4)
    assert [one["event_type"] for one in events(reader)] == ["book"]
    place.pass_time(2)
    (told,) = [one for one in events(reader) if one["event_type"] == "market_resolved"]
    winners = {"yes": place.token(PLAIN), "no": place.token(PLAIN, 1), "half": ""}
    assert told["winning_asset_id"] == winners[payout]


@pytest.mark.parametrize("code", ["F-46", "F-80"])
def test_somebody_else_uses_the_wallet(code: str) -> None:
    place = place_of(
        fault(code, "withdraw", at="5s", wallet="WALLET", amount="1000")
        + fault(code, "deposit", at="6s", wallet="WALLET", amount="1")
        + fault(code, "order", at="7s", market="MARKET")
    )
    trader = place.trader(0)
    rest(trader)
    assert (trader.balance() // ONE, open_orders(trader)) == (100_000, 1)
    place.pass_time(5.5)
    assert trader.balance() // ONE == 99_000
    place.pass_time(2)
    assert (trader.balance() // ONE, open_orders(trader)) == (99_001, 2)
    assert place.sandbox.venue.exchange.audit() is None


def test_tokens_leave_a_wallet() -> None:
    place, maker, _, _ = crossed(
        fault("F-46", "tokens", at="60s", wallet="WALLET", token=TOKEN, amount="4")
    )
    place.pass_time(30)
    assert maker.balance(place.token(PLAIN)) == 10 * ONE
    place.pass_time(31)
    assert maker.balance(place.token(PLAIN)) == 6 * ONE


def test_approvals_vanish() -> None:
    place = place_of(fault("F-37", at="5s", wallet="WALLET"))
    trader = place.trader(0)
    assert rest(trader).status == 200
    place.pass_time(6)
    said = rest(trader)
    assert said.status == 400
    assert "allowance" in said.json["error"]


def test_a_fault_without_anything_to_act_on_says_so_in_the_ledger() -> None:
    place = place_of(fault("F-46", "withdraw", at="1s"))
    place.pass_time(2)
    (row,) = rows(place)
    assert "name the wallet" in str(row["not_raised"])
