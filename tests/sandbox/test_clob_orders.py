"""Orders and cancels over HTTP: what the venue answers, word for word, and what moves."""

import json

import pytest

from razor.app.sandbox import SandboxPlan
from tests.sandbox.trader import ONE, Place, Trader

PLAIN, GROUP = 0, 2


def pair() -> tuple[Place, Trader, Trader]:
    """A venue with two logged-in traders."""
    place = Place()
    return place, place.trader(0), place.trader(1)


def test_an_order_rests_matches_and_settles() -> None:
    place, maker, taker = pair()
    token = place.token(PLAIN)
    live = maker.post(token, "BUY", 40, 10)
    assert live.status == 200
    assert live.json["status"] == "live"
    (resting,) = maker.call("GET", "/data/orders").json["data"]
    assert (resting["id"], resting["price"]) == (live.json["orderID"], "0.4")
    # The other side of the book buys the other outcome: the venue mints a set for both.
    matched = taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
    assert (matched.json["status"], matched.json["takingAmount"]) == ("matched", "10")
    (trade_id,) = matched.json["tradeIDs"]
    place.pass_time(30)
    page = taker.call("GET", "/data/trades", query={"id": trade_id}).json
    assert [(row["status"], row["trader_side"]) for row in page["data"]] == [("CONFIRMED", "TAKER")]
    assert (maker.balance(token), taker.balance(place.token(PLAIN, 1))) == (10 * ONE, 10 * ONE)
    assert (maker.balance(), taker.balance()) == (99_996 * ONE, 99_994 * ONE)
    assert place.sandbox.venue.exchange.audit() is None


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("market", [PLAIN, GROUP])
def test_every_kind_of_wallet_orders_in_every_kind_of_market(number: int, market: int) -> None:
    place = Place()
    trader = place.trader(number)
    said = trader.post(place.token(market), "BUY", 40, 10)
    assert (said.status, said.json["success"]) == (200, True)


def test_refusals_are_the_venues() -> None:
    place, maker, taker = pair()
    token = place.token(PLAIN)
    maker.post(token, "BUY", 40, 10)
    said = [
        taker.post(token, "BUY", 40, 4),
        taker.post(token, "SELL", 30, 10),
        taker.post(place.token(PLAIN, 1), "BUY", 60, 10, is_post_only=True),
        taker.post(token, "BUY", 30, 10, order_type="FAK"),
        taker.post(token, "BUY", 30, 10, order_type="FOK"),
        taker.post(token, "BUY", 99, 900_000),
    ]
    assert {answer.status for answer in said} == {400}
    texts = [answer.json["error"] for answer in said]
    for text, part in zip(
        texts,
        (
            "lower than the minimum: 5",
            "not enough balance / allowance",
            "invalid post-only order: order crosses book",
            "no orders found to match with FAK order",
            "FOK orders are fully filled or killed",
            "not enough balance / allowance",
        ),
        strict=True,
    ):
        assert part in text


def test_the_same_order_twice_is_refused_as_duplicated() -> None:
    place, maker, _ = pair()
    posted = maker.order(place.token(PLAIN), "BUY", 40, 10)
    first = maker.call("POST", "/order", posted)
    again = maker.call("POST", "/order", posted)
    assert first.status == 200
    assert again.json["error"] == f"order {first.json['orderID']} is invalid. Duplicated."


def test_an_order_of_another_key_or_changed_after_signing_is_refused() -> None:
    place, maker, taker = pair()
    posted = maker.order(place.token(PLAIN), "BUY", 40, 10)
    assert taker.call("POST", "/order", posted).json["error"] == (
        "the order owner has to be the owner of the API KEY"
    )
    changed = json.loads(json.dumps(posted))
    changed["order"]["makerAmount"] = "3990000"
    assert maker.call("POST", "/order", changed).status == 400
    headers = maker.headers("POST", "/order", b"{}")
    said = place.ask("POST", "/order", body=b"{ }", headers=headers)
    assert (said.status, said.json["error"]) == (401, "Unauthorized/Invalid api key")


def test_a_batch_answers_leg_by_leg() -> None:
    place, maker, _ = pair()
    token = place.token(PLAIN)
    good, small = maker.order(token, "BUY", 40, 10), maker.order(token, "BUY", 40, 1)
    foreign = json.loads(json.dumps(good))
    foreign["owner"] = "somebody"
    said = maker.call("POST", "/orders", [small, foreign, good])
    assert said.status == 200
    legs = said.json
    assert [leg["success"] for leg in legs] == [True, True, True]
    assert [leg["orderID"] != "" for leg in legs] == [False, False, True]
    assert "lower than the minimum" in legs[0]["errorMsg"]
    assert legs[1]["errorMsg"] == "the order owner has to be the owner of the API KEY"
    too_many = maker.call("POST", "/orders", [good] * 16)
    assert too_many.json["error"] == "Too many orders in payload: 16, max allowed: 15"


def test_cancels_name_what_ended_and_what_did_not() -> None:
    place, maker, taker = pair()
    token = place.token(PLAIN)
    ids = [maker.post(token, "BUY", cents, 10).json["orderID"] for cents in (30, 31, 32, 33)]
    other = maker.post(place.token(1), "BUY", 30, 10).json["orderID"]
    one = maker.call("DELETE", "/order", {"orderID": ids[0]}).json
    assert one == {"canceled": [ids[0]], "not_canceled": {}}
    two = maker.call("DELETE", "/orders", [ids[0], ids[1]]).json
    assert two["canceled"] == [ids[1]]
    assert two["not_canceled"] == {ids[0]: "already canceled or matched"}
    assert taker.call("DELETE", "/order", {"orderID": ids[2]}).json["canceled"] == []
    market = {"market": place.condition(PLAIN), "asset_id": ""}
    of_market = maker.call("DELETE", "/cancel-market-orders", market).json
    assert sorted(of_market["canceled"]) == sorted(ids[2:])
    rest = maker.call("DELETE", "/cancel-all").json
    assert rest["canceled"] == [other]
    assert maker.call("DELETE", "/order", {"orderID": "0x12"}).json["error"] == "Invalid orderID"
    nowhere = maker.call("DELETE", "/cancel-market-orders", {"market": "0x12"})
    assert nowhere.json["error"] == "Invalid market"


def test_modes_are_told_as_the_edge_tells_them() -> None:
    place, maker, _ = pair()
    exchange, now_ns = place.sandbox.venue.exchange, place.clock.now_ns
    token = place.token(PLAIN)
    exchange.set_mode(now_ns, "post_only")
    said = maker.post(token, "BUY", 40, 10)
    assert (said.status, said.json["code"]) == (503, "post_only_mode")
    assert said.headers["Retry-After"] == str(said.json["retry_after_seconds"])
    assert maker.post(token, "BUY", 40, 10, is_post_only=True).status == 200
    exchange.set_mode(now_ns, "restarting")
    said = maker.post(token, "BUY", 40, 10)
    assert (said.status, said.text) == (425, b"matching engine restarting")
    assert said.headers["Retry-After"] == "1"
    exchange.set_mode(now_ns, "disabled")
    assert "Trading is currently disabled" in maker.call("DELETE", "/cancel-all").json["error"]
    exchange.set_mode(now_ns, "cancel_only")
    assert maker.call("DELETE", "/cancel-all").status == 200


def test_a_signer_has_so_many_orders_and_hears_how_many_are_left() -> None:
    place = Place(plan=SandboxPlan(port=0))
    trader = place.trader(0)
    token = place.token(PLAIN)
    said = [trader.post(token, "BUY", 1 + at % 30, 10) for at in range(61)]
    assert [answer.status for answer in said] == [200] * 60 + [429]
    assert said[0].headers["Poly-RateLimit-Remaining"] == "59"
    assert said[-1].headers["Retry-After"] == "1"
    place.pass_time(1)
    assert trader.post(token, "BUY", 40, 10).status == 200
    # 61 orders rest: a cancel of them all costs 62 of 120.
    left = trader.call("DELETE", "/cancel-all")
    assert (left.status, left.headers["Poly-RateLimit-Remaining"]) == (200, "58")


def test_a_heartbeat_that_stops_ends_every_order_of_the_key() -> None:
    place, maker, _ = pair()
    token = place.token(PLAIN)
    maker.post(token, "BUY", 40, 10)
    first = maker.call("POST", "/v1/heartbeats", {"heartbeat_id": ""}).json["heartbeat_id"]
    place.pass_time(5)
    second = maker.call("POST", "/v1/heartbeats", {"heartbeat_id": first}).json["heartbeat_id"]
    wrong = maker.call("POST", "/v1/heartbeats", {"heartbeat_id": first})
    assert wrong.status == 400
    assert wrong.json == {"error_msg": "Invalid Heartbeat ID", "heartbeat_id": second}
    assert len(maker.call("GET", "/data/orders").json["data"]) == 1
    place.pass_time(16)
    assert maker.call("GET", "/data/orders").json["data"] == []
    # The chain ended with its orders; a new one begins with an empty id.
    assert maker.call("POST", "/v1/heartbeats", {"heartbeat_id": ""}).status == 200


def test_without_verification_the_poster_is_the_signer_and_the_id_is_the_same() -> None:
    verifying, trusting = Place(), Place(plan=SandboxPlan(port=0, is_verifying=False))
    posted = verifying.trader(0).order(verifying.token(PLAIN), "BUY", 40, 10)
    order_id = verifying.trader(0).call("POST", "/order", posted).json["orderID"]
    unsigned = json.loads(json.dumps(posted))
    unsigned["order"]["signature"] = "0x"
    assert verifying.trader(0).call("POST", "/order", unsigned).status == 400
    assert trusting.trader(0).call("POST", "/order", unsigned).json["orderID"] == order_id
