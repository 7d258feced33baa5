"""The two channels: who gets which frame, and what is never sent."""

import json
from typing import Any

import pytest

from razor.adapters.sandbox.streams import Channel, Subscriber, text_frame
from tests.sandbox.trader import Place

PLAIN, GROUP = 0, 2


def unframed(outbox: list[bytes]) -> list[str]:
    """Texts of encoded frames, which are forgotten."""
    texts: list[str] = []
    for frame in outbox:
        size, start = frame[1], 2
        if size == 126:
            size, start = int.from_bytes(frame[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(frame[2:10], "big"), 10
        assert frame[0] == 0x81
        assert len(frame) == start + size
        texts.append(frame[start:].decode())
    outbox.clear()
    return texts


def joined(place: Place, channel: Channel, said: dict[str, object]) -> Subscriber:
    """A subscriber that said something."""
    subscriber = Subscriber(channel)
    place.sandbox.hub.join(subscriber)
    assert place.sandbox.hub.take(subscriber, json.dumps(said))
    return subscriber


def market(place: Place, *tokens: str, **more: object) -> Subscriber:
    """A reader of market data."""
    return joined(place, Channel.MARKET, {"type": "market", "assets_ids": list(tokens), **more})


def events(subscriber: Subscriber) -> list[Any]:
    """Events it was sent; arrays taken apart."""
    found: list[Any] = []
    for text in unframed(subscriber.outbox):
        value = json.loads(text)
        found += value if isinstance(value, list) else [value]
    return found


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_frames_of_every_size_are_read_back(size: int) -> None:
    assert unframed([text_frame(b"x" * size)]) == ["x" * size]


def test_a_subscriber_starts_with_books_and_hears_changes_of_its_tokens_alone() -> None:
    place = Place()
    trader = place.trader(0)
    trader.post(place.token(PLAIN), "BUY", 40, 10)
    both = market(place, place.token(PLAIN), place.token(PLAIN, 1), place.token(PLAIN))
    other = market(place, place.token(GROUP))
    books = events(both)
    assert [book["event_type"] for book in books] == ["book", "book"]
    assert books[0]["bids"] == [{"price": "0.4", "size": "10"}]
    events(other)
    trader.post(place.token(PLAIN), "BUY", 41, 10)
    (change,) = events(both)
    assert change["event_type"] == "price_change"
    assert [(it["asset_id"], it["price"], it["side"]) for it in change["price_changes"]] == [
        (place.token(PLAIN), "0.41", "BUY"),
        (place.token(PLAIN, 1), "0.59", "SELL"),
    ]
    assert events(other) == []


def test_no_dump_no_frames_for_unsubscribed_and_no_second_snapshot() -> None:
    place = Place()
    token = place.token(PLAIN)
    reader = market(place, token, initial_dump=False)
    assert events(reader) == []
    hub = place.sandbox.hub
    hub.take(reader, json.dumps({"operation": "subscribe", "assets_ids": [token]}))
    assert unframed(reader.outbox) == ["NO NEW ASSETS"]
    hub.take(reader, json.dumps({"operation": "unsubscribe", "assets_ids": [token]}))
    place.trader(0).post(token, "BUY", 40, 10)
    assert events(reader) == []
    hub.take(reader, json.dumps({"operation": "subscribe", "assets_ids": [token]}))
    assert [event["event_type"] for event in events(reader)] == ["book"]


def test_custom_events_are_for_those_who_asked() -> None:
    place = Place()
    token = place.token(PLAIN)
    plain = market(place, token)
    custom = market(place, token, custom_feature_enabled=True)
    events(plain)
    events(custom)
    place.trader(0).post(token, "BUY", 40, 10)
    assert [event["event_type"] for event in events(plain)] == ["price_change"]
    kinds = [event["event_type"] for event in events(custom)]
    assert kinds == ["price_change", "best_bid_ask"]
    place.sandbox.venue.exchange.resolve(place.clock.now_ns, PLAIN, "yes")
    place.sandbox.venue.publish()
    (resolved,) = [event for event in events(custom) if event["event_type"] == "market_resolved"]
    assert (resolved["winning_asset_id"], resolved["winning_outcome"]) == (token, "Yes")
    assert "market_resolved" not in [event["event_type"] for event in events(plain)]


def test_nobody_reads_a_market_and_no_frames_are_made() -> None:
    place = Place()
    reader = market(place, place.token(PLAIN))
    place.sandbox.hub.leave(reader)
    place.trader(0).post(place.token(PLAIN), "BUY", 40, 10)
    assert place.sandbox.venue.exchange.take_market_frames() == []


def test_a_user_stream_tells_one_key_its_orders_and_trades() -> None:
    place = Place()
    maker, taker = place.trader(0), place.trader(1)
    auth = {name: maker.credentials[name] for name in ("apiKey", "secret", "passphrase")}
    mine = joined(place, Channel.USER, {"type": "user", "auth": auth})
    elsewhere = joined(
        place, Channel.USER, {"type": "user", "auth": auth, "markets": [place.condition(GROUP)]}
    )
    maker.post(place.token(PLAIN), "BUY", 40, 10)
    taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
    place.pass_time(30)
    told = events(mine)
    assert [event["type"] for event in told if event["event_type"] == "order"] == [
        "PLACEMENT",
        "UPDATE",
    ]
    trades = [event for event in told if event["event_type"] == "trade"]
    assert [trade["status"] for trade in trades] == ["MATCHED", "MINED", "CONFIRMED"]
    assert {trade["trader_side"] for trade in trades} == {"MAKER"}
    assert events(elsewhere) == []
    late = joined(place, Channel.USER, {"type": "user", "auth": auth})
    assert events(late) == []


@pytest.mark.parametrize(
    "said",
    [
        '{"type":"user","auth":{"apiKey":"x","secret":"y","passphrase":"z"}}',
        '{"type":"user"}',
        '{"operation":"subscribe","markets":["0x1"]}',
        "hello",
        "[]",
        '{"type":"user","auth":null}',
    ],
)
def test_a_user_stream_without_good_credentials_is_closed(said: str) -> None:
    place = Place()
    subscriber = Subscriber(Channel.USER)
    place.sandbox.hub.join(subscriber)
    assert not place.sandbox.hub.take(subscriber, said)


def test_keep_alive_is_answered_and_noise_is_not() -> None:
    place = Place()
    reader = market(place, place.token(PLAIN), initial_dump=False)
    hub = place.sandbox.hub
    for text in ("PING", "hello", "{", '{"type":7}', '{"assets_ids":"x"}', "[[[["):
        assert hub.take(reader, text)
    assert unframed(reader.outbox) == ["PONG"]
