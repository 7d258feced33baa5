"""How numbers, times and pages are spelt: exact, short, and nothing lost between pages."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.sandbox.refusal import Refused
from razor.adapters.sandbox.spelling import (
    FIRST_CURSOR,
    LAST_CURSOR,
    decimal_number,
    decimal_text,
    iso_time,
    offset_of,
    page_of,
)

MICROS = st.integers(min_value=-(10**18), max_value=10**18)


@given(micros=MICROS)
def test_a_decimal_is_exact_and_as_short_as_it_can_be(micros: int) -> None:
    text = decimal_text(micros)
    assert Decimal(text) * 1_000_000 == micros
    assert not (text.endswith(("0", ".")) and "." in text)
    assert not text.startswith(("-0 ", "+"))


@given(micros=MICROS)
def test_a_number_is_the_same_text_without_quotes(micros: int) -> None:
    document = msgspec.json.encode({"p": decimal_number(micros)})
    assert document == b'{"p":' + decimal_text(micros).encode() + b"}"


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0"),
        (1, "0.000001"),
        (24_500, "0.0245"),
        (1_000_000, "1"),
        (-500_000, "-0.5"),
        (250_500_000, "250.5"),
    ],
)
def test_decimals_are_spelt_as_the_venue_does(micros: int, text: str) -> None:
    assert decimal_text(micros) == text


def test_times_are_whole_seconds_in_utc() -> None:
    assert iso_time(1_800_000_000_999_999_999) == "2027-01-15T08:00:00Z"


@given(items=st.lists(st.integers(), max_size=60), limit=st.integers(min_value=1, max_value=20))
def test_pages_follow_one_another_and_lose_nothing(items: list[int], limit: int) -> None:
    cursor, seen = FIRST_CURSOR, list[object]()
    for _ in range(len(items) // limit + 2):
        page = page_of(items, cursor, limit)
        data = page["data"]
        assert isinstance(data, list)
        assert page["count"] == len(data) <= limit
        seen += data
        cursor = str(page["next_cursor"])
        if cursor == LAST_CURSOR:
            break
    assert seen == items
    assert page_of(items, LAST_CURSOR, limit)["data"] == []


@pytest.mark.parametrize("cursor", ["?", "MA", "LTI=", "YQ==", "//8=", "OTk5OTk5OTk5OTk=", "é"])
def test_a_cursor_that_nobody_was_given_is_refused(cursor: str) -> None:
    with pytest.raises(Refused) as caught:
        offset_of(cursor)
    assert caught.value.status == 400
