"""Faults of frames on both streams; and their absence without a plan."""

import json
from typing import Any

import pytest

from razor.adapters.sandbox.fault_frames import MALFORMED
from razor.adapters.sandbox.streams import Channel, Subscriber
from tests.sandbox.faulty import (
    PLAIN,
    TOKEN,
    Faulty,
    closing_places,
    fault,
    place_of,
    rest,
    user,
)
from tests.sandbox.test_streams import events, market, unframed

__all__ = ["closing_places"]


# Streams.


def heard(plan: str, orders: int = 3, **said: object) -> tuple[list[str], Subscriber]:
    """Texts that a reader of the plain YES token gets: the snapshot, then a delta per order."""
    place = place_of(plan)
    trader = place.trader(0)
    reader = market(place, place.token(PLAIN), **said)
    for cents in range(40, 40 + orders):
        trader.post(place.token(PLAIN), "BUY", cents, 10)
    return unframed_raw(reader), reader


def unframed_raw(reader: Subscriber) -> list[str]:
    """Texts of frames, also of those that are no UTF-8."""
    texts: list[str] = []
    for frame in reader.outbox:
        start = {126: 4, 127: 10}.get(frame[1], 2)
        texts.append(frame[start:].decode(errors="backslashreplace"))
    reader.outbox.clear()
    return texts


def test_a_frozen_stream_still_answers_pings() -> None:
    texts, reader = heard(fault("F-01", every=1))
    assert texts == []
    place = place_of(fault("F-01", every=1))
    other = market(place, place.token(PLAIN))
    assert place.sandbox.hub.take(other, "PING")
    assert unframed(other.outbox) == ["PONG"]
    assert len(heard("")[0]) == 4
    assert not reader.is_cut


def test_one_token_is_silent_and_its_sibling_flows() -> None:
    def assets(plan: str) -> list[str]:
        place = place_of(plan)
        reader = market(place, place.token(PLAIN), place.token(PLAIN, 1))
        rest(place.trader(0))
        return [
            entry["asset_id"][-1]
            for one in events(reader)
            for entry in one.get("price_changes", [one])
        ]

    assert assets("") == ["0", "1", "0", "1"]
    assert assets(fault("F-02", every=1, token=TOKEN)) == ["1", "1"]


def test_snapshots_are_missing_for_connections_with_many_tokens() -> None:
    def snapshots(plan: str, count: int) -> int:
        place = place_of(plan)
        reader = market(place, *(place.token(at) for at in range(count)))
        return len(events(reader))

    assert snapshots("", 3) == 3
    assert snapshots(fault("F-03", every=1, over=2), 3) == 0
    assert snapshots(fault("F-03", every=1, over=2), 2) == 2
    assert snapshots(fault("F-03", every=1), 3) == 3


def test_deltas_are_lost_doubled_swapped_or_cut() -> None:
    whole = heard("")[0]
    book, first, second, third = whole
    assert heard(fault("F-04", "drop", nth=2))[0] == [book, first, third]
    assert heard(fault("F-04", "duplicate", nth=2))[0] == [book, first, second, second, third]
    assert heard(fault("F-04", "swap", nth=2))[0] == [book, first, third, second]
    texts, reader = heard(fault("F-04", "cut", nth=2))
    assert (texts, reader.is_cut) == ([book, first, third], True)


@pytest.mark.parametrize("kind", sorted(MALFORMED))
def test_every_rule_of_the_grammar_makes_another_frame(kind: str) -> None:
    whole, broken = heard("")[0], heard(fault("F-05", kind, nth=2))[0]
    assert broken[0] == whole[0]
    assert broken[1] != whole[1]
    assert broken[2:] == whole[2:]
    markers = {
        "number": '"price":0.4,',
        "exponent": '"0.4e-1"',
        "nan": ":NaN",
        "negative": '"-0.4"',
        "above_one": '"1.5"',
        "huge": "1" + "0" * 30,
        "unknown_event": "of_tomorrow",
        "duplicate_key": '{"event_type":"book",',
        "nested": "[" * 10_000,
        "invalid_utf8": "\\xff\\xfe",
        "array": "[[{",
        "long": "x" * 1_000_000,
    }
    assert markers.get(kind, "") in broken[1]


def test_a_seeded_rule_is_the_same_for_the_same_seed() -> None:
    first, again = (heard(fault("F-05", every=1))[0] for _ in range(2))
    assert first == again
    assert first != heard("")[0]


def test_hashes_markets_and_times_are_other_ones() -> None:
    whole = [json.loads(text) for text in heard("")[0]]
    other = [json.loads(text) for text in heard(fault("F-08", every=2))[0]]
    assert whole[0] == other[0]
    assert whole[1]["price_changes"][0]["hash"] != other[1]["price_changes"][0]["hash"]
    wrong = [json.loads(text) for text in heard(fault("F-09", nth=2))[0]]
    assert (wrong[1]["market"], whole[1]["market"]) == (
        f"0x{'c0' * 30}0001",
        f"0x{'c0' * 30}0000",
    )
    ms = int(whole[1]["timestamp"])
    for kind, told in {
        "seconds": str(ms // 1000),
        "number": ms,
        "micros": str(ms * 1000),
        "backwards": str(ms - 60_000),
    }.items():
        assert json.loads(heard(fault("F-59", kind, nth=2))[0][1])["timestamp"] == told


def test_a_burst_repeats_every_delta() -> None:
    assert len(heard(fault("F-12", every=1, copies=9))[0]) == 1 + 3 * 10


def mine(plan: str) -> tuple[list[Any], Subscriber, Faulty]:
    """Events of a taker's user stream through a whole match."""
    place = place_of(plan)
    maker, taker = place.trader(0), place.trader(1)
    reader = user(place, taker)
    rest(maker)
    taker.post(place.token(PLAIN, 1), "BUY", 60, 10, order_type="FAK")
    place.pass_time(30)
    return events(reader), reader, place


def test_user_frames_are_lost_late_cut_or_repeated() -> None:
    whole = mine("")[0]
    assert mine(fault("F-40", every=1))[0] == []
    assert mine(fault("F-40", nth=1))[0] == whole[1:]
    assert mine(fault("F-40", "late", nth=1, ms=20_000))[0] == [*whole[1:], whole[0]]
    assert mine(fault("F-40", "cut", nth=1))[1].is_cut
    assert not mine("")[1].is_cut
    doubled = mine(fault("F-42", every=1))[0]
    assert doubled == [one for one in whole for _ in range(2)]
    assert len(mine(fault("F-42", nth=1, copies=5))[0]) == len(whole) + 5


def test_trades_tell_an_older_unknown_or_swapped_status() -> None:
    def words(plan: str) -> list[str]:
        return [one["status"] for one in mine(plan)[0] if one["event_type"] == "trade"]

    assert words("") == ["MATCHED", "MINED", "CONFIRMED"]
    assert words(fault("F-43")) == ["MATCHED", "MINED", "CONFIRMED", "MINED"]
    assert words(fault("F-43", "unknown")) == ["FOO", "MINED", "CONFIRMED"]
    assert words(fault("F-43", "swap", body='"status":"MINED"')) == [
        "MATCHED",
        "CONFIRMED",
        "MINED",
    ]


def test_trades_tell_another_side_asset_price_or_fee() -> None:
    def first(plan: str) -> Any:  # noqa: ANN401
        return next(one for one in mine(plan)[0] if one["event_type"] == "trade")

    whole = first("")
    assert (whole["side"], whole["price"]) == ("BUY", "0.6")
    assert first(fault("F-44"))["side"] == "SELL"
    assert first(fault("F-44", "asset"))["asset_id"] != whole["asset_id"]
    assert first(fault("F-45"))["price"] == "0.61"
    assert first(fault("F-45", "fee"))["fee_rate_bps"] == "9999"


def test_a_frame_of_a_subscriber_may_be_as_deep_as_it_likes() -> None:
    place = place_of("")
    deep = '{"x":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert not place.sandbox.hub.take(Subscriber(Channel.MARKET), deep)
    reader = market(place, place.token(PLAIN))
    assert place.sandbox.hub.take(reader, deep)
