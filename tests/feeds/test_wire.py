"""Decoding of the venue's HTTP answers is total and exact."""

import json
from decimal import Decimal
from random import Random

import pytest

from razor.adapters.polymarket.wire import (
    BookHead,
    ClobMarket,
    GammaMarket,
    MarketPage,
    TradePageV2,
    decode,
    iso_ms,
    label,
    plain,
    rows,
    stamp_ms,
    texts,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.010", "0.01"), ("5", "5"), ("5.0", "5"), ("1e-3", "0.001"), ("100", "100"), ("0", "0")],
)
def test_number_becomes_plain_text(text: str, expected: str) -> None:
    assert plain(Decimal(text)) == expected


def test_number_keeps_every_digit() -> None:
    body = b'{"c":"0x1","t":[],"mts":0.0025,"mos":1234567890123456789.000000001}'
    market = decode(body, ClobMarket)
    assert market is not None
    assert plain(market.tick) == "0.0025"
    assert plain(market.min_size) == "1234567890123456789.000000001"


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (1_800_000_000, 1_800_000_000_000),
        ("1800000000", 1_800_000_000_000),
        (1_800_000_000_123, 1_800_000_000_123),
        (1_800_000_000_123_456, 1_800_000_000_123),
        (1_800_000_000_123_456_789, 1_800_000_000_123),
        (99_999_999_999, 99_999_999_999_000),
        (100_000_000_000, 100_000_000_000),
        (0, 0),
        (-5, 0),
        ("soon", 0),
        ("1.5", 0),
        ("9" * 20, 0),
        ("9" * 5_000, 0),
    ],
)
def test_f59_unit_of_a_time_is_told_by_its_size(value: int | str, ms: int) -> None:
    assert stamp_ms(value) == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2027-01-01T04:59:00Z", 1_798_779_540_000),
        ("2027-01-01T05:59:00.5+01:00", 1_798_779_540_500),
        ("2027-01-01", 0),
        ("2027-01-01T00:00:00", 0),
        ("never", 0),
        (None, 0),
    ],
)
def test_end_time_is_exact_or_absent(text: str | None, ms: int) -> None:
    assert iso_ms(text) == ms


def test_elements_of_an_array_stay_exactly_as_served() -> None:
    assert rows(b' [ {"a": 1.0 } , 2e0,"x" ]') == [b'{"a": 1.0 }', b"2e0", b'"x"']


@pytest.mark.parametrize("inner", [None, "", "x", "{}", "[1]", '"a"', "[[]]"])
def test_inner_json_of_another_shape_is_empty(inner: str | None) -> None:
    assert texts(inner) == ()


def test_label_takes_the_first_text_that_is_left_after_cleaning() -> None:
    assert label("\x00\u202e", None, " b\tc ") == "bc"
    assert label(None) == ""


_SHAPES = (BookHead, ClobMarket, GammaMarket, MarketPage, TradePageV2)


@pytest.mark.parametrize("seed", range(50))
def test_f05_every_byte_string_decodes_to_a_value_or_nothing(seed: int) -> None:
    random = Random(seed)
    whole = json.dumps({"c": "0x1", "t": [], "mts": 0.1, "mos": 5, "markets": [{"id": "1"}]})
    for _ in range(200):
        text = bytearray(whole.encode())
        for _ in range(random.randint(1, 6)):
            text[random.randrange(len(text))] = random.randrange(256)
        for shape in _SHAPES:
            decode(bytes(text), shape)


@pytest.mark.parametrize("shape", _SHAPES)
def test_f88_deep_nesting_is_nothing(shape: type) -> None:
    assert decode(b"[" * 300_000, shape) is None
    assert decode(b'{"a":' * 300_000, shape) is None
