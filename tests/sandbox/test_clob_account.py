"""What a key sees of itself: its orders, trades and balances, and nobody else's."""

import json

import pytest

from tests.sandbox.trader import ONE, Place

PLAIN = 0


def test_a_login_makes_one_key_and_finds_it_again() -> None:
    place = Place()
    trader = place.trader(0)
    again = place.ask("POST", "/auth/api-key", headers=trader.login())
    assert (again.status, again.json["error"]) == (400, "Could not create api key")
    derived = place.ask("GET", "/auth/derive-api-key", headers=trader.login()).json
    assert derived == trader.credentials
    wrong = trader.login() | {"POLY_TIMESTAMP": "1"}
    assert place.ask("POST", "/auth/api-key", headers=wrong).status == 401
    assert trader.call("GET", "/auth/api-keys").json == {"apiKeys": [derived["apiKey"]]}
    assert trader.call("DELETE", "/auth/api-key").json == "OK"
    assert trader.call("GET", "/auth/api-keys").status == 401


def test_an_ended_order_is_null_by_its_path_and_listed_by_its_id() -> None:
    place = Place()
    trader, stranger = place.trader(0), place.trader(1)
    order_id = trader.post(place.token(PLAIN), "BUY", 40, 10).json["orderID"]
    assert trader.call("GET", f"/data/order/{order_id}").json["status"] == "LIVE"
    assert stranger.call("GET", f"/data/order/{order_id}").json is None
    trader.call("DELETE", "/cancel-all")
    assert trader.call("GET", f"/data/order/{order_id}").json is None
    page = trader.call("GET", "/data/orders", query={"id": order_id}).json
    assert [row["status"] for row in page["data"]] == ["CANCELED"]
    assert stranger.call("GET", "/data/orders", query={"id": order_id}).json["data"] == []


def test_lists_come_in_pages() -> None:
    place = Place()
    trader = place.trader(0)
    for at in range(103):
        trader.post(place.token(PLAIN), "BUY", 1 + at % 40, 10)
    first = trader.call("GET", "/data/orders").json
    assert (first["limit"], first["count"], len(first["data"])) == (100, 100, 100)
    query = {"next_cursor": first["next_cursor"]}
    rest = trader.call("GET", "/data/orders", query=query).json
    assert (rest["count"], rest["next_cursor"]) == (3, "LTE=")
    query = {"next_cursor": "LTE="}
    assert trader.call("GET", "/data/orders", query=query).json["data"] == []
    elsewhere = trader.call("GET", "/data/orders", query={"market": place.condition(1)})
    assert elsewhere.json["data"] == []


def test_trades_are_those_of_the_key_newest_first() -> None:
    place = Place()
    maker, taker, stranger = place.trader(0), place.trader(1), place.trader(2)
    for cents in (40, 41):
        maker.post(place.token(PLAIN), "BUY", cents, 10)
        taker.post(place.token(PLAIN, 1), "BUY", 100 - cents, 10)
        place.pass_time(2)
    mine = taker.call("GET", "/data/trades").json["data"]
    assert [row["price"] for row in mine] == ["0.59", "0.6"]
    theirs = maker.call("GET", "/data/trades").json["data"]
    assert {row["trader_side"] for row in theirs} == {"MAKER"}
    assert stranger.call("GET", "/data/trades").json["data"] == []
    since = str(place.sandbox.venue.now_s() - 2)
    late = taker.call("GET", "/data/trades", query={"after": since}).json["data"]
    assert [row["price"] for row in late] == ["0.59"]
    wallet = taker.resident.wallet
    assert len(taker.call("GET", "/data/trades", query={"maker_address": wallet}).json["data"]) == 2
    other = {"maker_address": maker.resident.wallet}
    assert taker.call("GET", "/data/trades", query=other).json["data"] == []


def test_balances_are_those_of_the_wallet_that_the_signature_type_names() -> None:
    place = Place()
    trader = place.trader(2)
    said = trader.call(
        "GET", "/balance-allowance", query={"asset_type": "COLLATERAL", "signature_type": "0"}
    ).json
    assert said["balance"] == str(100_000 * ONE)
    assert set(said["allowances"].values()) == {str(2**256 - 1)}
    query = {"asset_type": "COLLATERAL", "signature_type": "3"}
    assert trader.call("GET", "/balance-allowance", query=query).json["balance"] == "0"
    for asked, text in (
        ({"asset_type": "GOLD"}, "Invalid asset type"),
        ({"asset_type": "COLLATERAL", "signature_type": "9"}, "Invalid signature_type"),
        ({"asset_type": "CONDITIONAL", "signature_type": "0"}, "Invalid token id"),
    ):
        refused = trader.call("GET", "/balance-allowance", query=asked)
        assert (refused.status, refused.json["error"]) == (400, text)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/order", b'{"order":'),
        ("POST", "/orders", b"{}"),
        ("DELETE", "/orders", b"7"),
        ("POST", "/v1/heartbeats", b"[]"),
        ("POST", "/orders-scoring", b"null"),
    ],
)
def test_a_signed_body_that_is_no_payload_is_refused(method: str, path: str, body: bytes) -> None:
    place = Place()
    trader = place.trader(0)
    said = place.ask(method, path, body=body, headers=trader.headers(method, path, body))
    assert said.status == 400
    assert "payload" in json.dumps(said.json).lower()


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/order"), ("POST", "/orders"), ("DELETE", "/orders")]
)
def test_a_body_that_is_nested_without_end_is_no_payload(method: str, path: str) -> None:
    place = Place()
    trader = place.trader(0)
    body = b"[" * 200_000
    said = place.ask(method, path, body=body, headers=trader.headers(method, path, body))
    assert said.status == 400


@pytest.mark.parametrize("path", ["/submit", "/rpc"])
def test_the_relayer_takes_no_body_that_is_nested_without_end(path: str) -> None:
    place = Place()
    resident = place.sandbox.residents[0]
    headers = {"RELAYER_API_KEY": "sandbox", "RELAYER_API_KEY_ADDRESS": resident.address}
    body = b"[" * 200_000
    said = place.ask("POST", path, body=body, headers=headers, service="relayer")
    assert said.status in {200, 400}
    assert b"rror" in said.text
