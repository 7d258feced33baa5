"""Public reads: books whose hashes verify, prices, metadata, pages."""

import hashlib
import json

import pytest

from tests.sandbox.trader import Place

PLAIN, PRICED, GROUP = 0, 1, 2


def quoted() -> Place:
    """A venue with a bid of 0.40 and an ask of 0.45 in its first market."""
    place = Place()
    maker = place.trader(0)
    maker.post(place.token(PLAIN), "BUY", 40, 10)
    maker.post(place.token(PLAIN, 1), "BUY", 55, 20)
    return place


def hash_of(book: dict[str, object]) -> str:
    """The venue's hash, by the rule of PROTOCOL §3.2."""
    names = [
        "market",
        "asset_id",
        "timestamp",
        "hash",
        "bids",
        "asks",
        "min_order_size",
        "tick_size",
        "neg_risk",
    ]
    text = {name: book[name] for name in names} | {"last_trade_price": book["last_trade_price"]}
    text["hash"] = ""
    return hashlib.sha1(  # noqa: S324 - the venue's choice
        json.dumps(text, separators=(",", ":")).encode()
    ).hexdigest()


def test_books_of_both_tokens_mirror_and_their_hashes_verify() -> None:
    place = quoted()
    yes, no = (
        place.ask("GET", "/book", query={"token_id": place.token(PLAIN, side)}).json
        for side in (0, 1)
    )
    assert yes["bids"] == [{"price": "0.4", "size": "10"}]
    assert yes["asks"] == [{"price": "0.45", "size": "20"}]
    assert no["asks"] == [{"price": "0.6", "size": "10"}]
    assert [book["hash"] for book in (yes, no)] == [hash_of(yes), hash_of(no)]
    assert (yes["min_order_size"], yes["tick_size"], yes["neg_risk"]) == ("5", "0.01", False)
    both = [{"token_id": place.token(PLAIN, 1)}, {"token_id": "9"}, {"token_id": place.token(2)}]
    batch = place.ask("POST", "/books", body=json.dumps(both).encode()).json
    assert [book["asset_id"] for book in batch] == [place.token(PLAIN, 1), place.token(GROUP)]
    assert batch[1]["neg_risk"] is True


def test_prices_are_those_of_the_book() -> None:
    place = quoted()
    token = place.token(PLAIN)

    def read(path: str, **query: str) -> object:
        return place.ask("GET", path, query={"token_id": token, **query}).json

    assert read("/price", side="BUY") == {"price": "0.45"}
    assert read("/price", side="sell") == {"price": "0.4"}
    assert read("/midpoint") == {"mid": "0.425"}
    assert read("/spread") == {"spread": "0.05"}
    assert read("/last-trade-price") == {"price": "0.5", "side": ""}
    asked = json.dumps([{"token_id": token}, {"token_id": "9"}]).encode()
    assert place.ask("POST", "/prices", body=asked).json == {token: {"BUY": "0.45", "SELL": "0.4"}}
    assert place.ask("POST", "/midpoints", body=asked).json == {token: "0.425"}
    assert place.ask("POST", "/spreads", body=asked).json == {token: "0.05"}
    place.trader(1).post(token, "BUY", 45, 10)
    assert read("/last-trade-price") == {"price": "0.45", "side": "BUY"}
    other = place.ask("GET", "/last-trade-price", query={"token_id": place.token(PLAIN, 1)})
    assert other.json == {"price": "0.45", "side": "BUY"}
    rows = place.ask("POST", "/last-trades-prices", body=asked).json
    assert rows == [{"token_id": token, "price": "0.45", "side": "BUY"}]


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "status", "text"),
    [
        ("GET", "/book", {"token_id": "12"}, b"", 404, "No orderbook exists for the requested"),
        ("GET", "/book", {"token_id": "0x1"}, b"", 400, "Invalid token id"),
        ("GET", "/book", {}, b"", 400, "Invalid token id"),
        ("GET", "/price", {"token_id": "T", "side": "HOLD"}, b"", 400, "Invalid side"),
        ("POST", "/books", {}, b"{", 400, "Invalid payload"),
        ("POST", "/books", {}, b'[{"token_id":1}]', 400, "Invalid payload"),
        ("POST", "/books", {}, b"\xff", 400, "Invalid payload"),
        ("GET", "/clob-markets/0x12", {}, b"", 404, "market not found"),
        ("GET", "/markets", {"next_cursor": "?"}, b"", 400, "Invalid next_cursor"),
        ("GET", "/data/orders", {}, b"", 401, "Unauthorized/Invalid api key"),
        ("GET", "/books", {}, b"", 405, "method not allowed"),
        ("GET", "/book/../ok", {}, b"", 404, "404 page not found"),
        ("GET", "//ok", {}, b"", 404, "404 page not found"),
        ("GET", "/%6fk", {}, b"", 404, "404 page not found"),
    ],
)
def test_wrong_questions_get_the_venues_words(  # noqa: PLR0913, PLR0917 - a table
    method: str, path: str, query: dict[str, str], body: bytes, status: int, text: str
) -> None:
    place = Place()
    asked = {name: place.token(0) if value == "T" else value for name, value in query.items()}
    said = place.ask(method, path, query=asked, body=body)
    assert said.status == status
    assert text in said.json["error"]


def test_at_most_five_hundred_tokens_are_asked_for_at_once() -> None:
    place = Place()
    asked = [{"token_id": place.token(0)}] * 501
    said = place.ask("POST", "/books", body=json.dumps(asked).encode())
    assert (said.status, said.json["error"]) == (400, "Payload exceeds the limit")
    assert place.ask("POST", "/books", body=b"[]").json == []


def test_a_compact_market_has_what_is_true_of_it_and_no_more() -> None:
    place = Place()
    plain = place.ask("GET", f"/clob-markets/{place.condition(PLAIN)}").json
    assert set(plain) == {"c", "t", "mos", "mts", "ao", "v"}
    priced = place.ask("GET", f"/clob-markets/{place.condition(PRICED)}").json
    assert priced["fd"] == {"r": 0.04, "e": 1, "to": True}
    group = place.ask("GET", f"/clob-markets/{place.condition(GROUP).upper()[2:]}")
    assert group.status == 404
    group = place.ask("GET", f"/clob-markets/{place.condition(GROUP)}").json
    assert group["nr"] is True
    by_token = place.ask("GET", f"/markets-by-token/{place.token(GROUP)}").json
    assert by_token["condition_id"] == place.condition(GROUP)


def test_a_resolved_market_has_no_book_and_a_winner() -> None:
    place = quoted()
    exchange = place.sandbox.venue.exchange
    exchange.set_flags(
        place.clock.now_ns, PLAIN, is_active=True, accepts_orders=False, is_closed=True
    )
    exchange.resolve(place.clock.now_ns, PLAIN, "no")
    said = place.ask("GET", "/book", query={"token_id": place.token(PLAIN)})
    assert said.status == 404
    tokens = place.ask("GET", f"/markets/{place.condition(PLAIN)}").json["tokens"]
    assert [token["winner"] for token in tokens] == [False, True]
    query = {"condition_ids": place.condition(PLAIN), "closed": "true"}
    (market,) = place.ask("GET", "/markets/keyset", query=query, service="gamma").json["markets"]
    assert (market["outcomePrices"], market["closed"]) == ('["0","1"]', True)
    query.pop("closed")
    page = place.ask("GET", "/markets/keyset", query=query, service="gamma").json
    assert page["markets"] == []


def test_gamma_pages_by_cursor_and_by_offset() -> None:
    place = Place()
    seen: list[str] = []
    query = {"limit": "2"}
    for _ in range(5):
        page = place.ask("GET", "/markets/keyset", query=query, service="gamma").json
        seen += [market["id"] for market in page["markets"]]
        if "next_cursor" not in page:
            break
        query["after_cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5
    refused = place.ask("GET", "/markets/keyset", query={"offset": "1"}, service="gamma")
    assert refused.status == 422
    older = place.ask("GET", "/markets", query={"offset": "3"}, service="gamma")
    assert [market["id"] for market in older.json] == seen[3:]
    assert older.headers["Deprecation"] == "true"
    events = place.ask("GET", "/events/keyset", service="gamma").json["events"]
    (group,) = [event for event in events if event["negRisk"]]
    assert [market["groupItemTitle"] for market in group["markets"]] == ["Ann", "Ben", "Cas"]
    one = place.ask("GET", f"/events/slug/{group['slug']}", service="gamma").json
    assert one["id"] == group["id"]
    assert json.loads(group["markets"][0]["clobTokenIds"]) == [
        place.token(GROUP),
        place.token(GROUP, 1),
    ]


def test_past_prices_are_those_of_trades_in_terms_of_the_token() -> None:
    place = quoted()
    taker = place.trader(1)
    taker.post(place.token(PLAIN), "BUY", 45, 5)
    place.pass_time(120)
    taker.post(place.token(PLAIN), "BUY", 45, 5)

    def read(token: str, **query: str) -> list[dict[str, object]]:
        asked = place.ask("GET", "/prices-history", query={"market": token, **query})
        return list(asked.json["history"])

    yes = read(place.token(PLAIN), interval="1h")
    assert [point["p"] for point in yes] == [0.45, 0.45]
    no = read(place.token(PLAIN, 1), interval="max", fidelity="60")
    assert [point["p"] for point in no][-1] == 0.55
    now_s = place.sandbox.venue.now_s()
    late = read(place.token(PLAIN), startTs=str(now_s - 60), endTs=str(now_s))
    assert len(late) == 1
    refused = place.ask("GET", "/prices-history", query={"market": place.token(PLAIN)})
    assert refused.json["error"] == "startTs is required"
    refused = place.ask("GET", "/prices-history", query={"market": "1", "interval": "1h"})
    assert refused.status == 404
