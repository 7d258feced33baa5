"""One value at a time: what is allowed, how it is named, what is kept."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.domain.settings.check import convert, describe, judge, plain_decimal, show
from razor.domain.settings.location import lines_of_keys
from razor.domain.settings.value import Address, Exact, Flag, Kind, Text, TextList, Whole, Word

HALF_OPEN = Exact(low=Decimal(0), high=Decimal(10), decimals=2, unit="shares", above_low=True)
CLOSED = Exact(low=Decimal(0), high=Decimal(1), decimals=12, unit="share")
BPS = Whole(low=0, high=10_000, unit="bps")
CHAIN = Whole(low=1, high=9, unit="chain", only=(1, 9))
NAME = Text(pattern=re.compile("[a-z]+"), allowed="small letters")
SECRET = Text(pattern=re.compile("[A-Z]+"), allowed="capitals", is_private=True)
WEB = Address(secure="https", plain="http")
IDS = TextList(pattern=re.compile("[0-9]+"), allowed="digits", most=3)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (BPS, "a whole number from 0 to 10000 (bps)"),
        (CHAIN, "1 or 9"),
        (HALF_OPEN, "a number above 0 to 10 with at most 2 decimals (shares)"),
        (CLOSED, "a number from 0 to 1 with at most 12 decimals (share)"),
        (Flag(), "true or false"),
        (Word(choices=("a", "b")), '"a" or "b"'),
        (NAME, "small letters"),
        (WEB, "an address https://host[:port][/path], http:// on loopback only"),
        (IDS, "a list of at most 3 different texts, each digits"),
    ],
)
def test_range_is_said_in_words(kind: Kind, words: str) -> None:
    assert describe(kind) == words


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (BPS, 0),
        (BPS, 10_000),
        (CHAIN, 9),
        (HALF_OPEN, Decimal("0.01")),
        (HALF_OPEN, Decimal("10.000")),
        (HALF_OPEN, 10),
        (CLOSED, Decimal("-0.0")),
        (CLOSED, Decimal("0E-999999")),
        (CLOSED, Decimal("0.123456789012")),
        (Flag(), True),
        (NAME, "abc"),
        (WEB, "https://example.org"),
        (WEB, "http://127.1.2.3:80/p"),
        (WEB, "http://[::1]"),
        (IDS, []),
        (IDS, ["1", "2", "3"]),
    ],
)
def test_allowed_value_is_allowed(kind: Kind, raw: object) -> None:
    assert judge(kind, raw) is None


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (BPS, -1),
        (BPS, 10_001),
        (BPS, True),
        (BPS, Decimal(1)),
        (BPS, None),
        (CHAIN, 5),
        (HALF_OPEN, 0),
        (HALF_OPEN, Decimal("10.001")),
        (HALF_OPEN, Decimal("0.001")),
        (HALF_OPEN, Decimal("sNaN")),
        (HALF_OPEN, Decimal("-Infinity")),
        (HALF_OPEN, 0.5),
        (CLOSED, Decimal("1E-13")),
        (CLOSED, Decimal("1E-999999")),
        (CLOSED, False),
        (Flag(), 1),
        (Flag(), "true"),
        (NAME, "abc\n"),
        (NAME, ""),
        (WEB, "http://example.org"),
        (WEB, "http://127.0.0.1.example.org"),
        (WEB, "https://exa mple.org"),
        (WEB, "https://[::1"),
        (WEB, "https://a:b"),
        (WEB, "https://ex\u00e4mple.org"),
        (WEB, "https://u@example.org"),
        (WEB, "https://a#f"),
        (WEB, "//a"),
        (IDS, ["1", "2", "3", "4"]),
        (IDS, ["1", "1"]),
        (IDS, ["x"]),
        (IDS, {"1": 1}),
    ],
)
def test_other_value_is_refused_with_a_finding_and_a_remedy(kind: Kind, raw: object) -> None:
    refusal = judge(kind, raw)
    assert refusal is not None
    assert refusal.found
    assert refusal.remedy


def test_private_text_is_never_shown() -> None:
    refusal = judge(SECRET, "hunter2")
    assert refusal is not None
    assert "hunter2" not in refusal.found + refusal.remedy


def test_number_in_quotes_is_told_to_lose_them() -> None:
    refusal = judge(BPS, "80")
    assert refusal is not None
    assert "without quotes" in refusal.remedy


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [
        (BPS, 80, 80),
        (CLOSED, 1, Decimal(1)),
        (CLOSED, Decimal("0.30"), Decimal("0.3")),
        (Flag(), True, True),
        (WEB, "https://a/", "https://a"),
        (IDS, ["1", "2"], ("1", "2")),
    ],
)
def test_kept_value_has_the_kinds_type(kind: Kind, raw: object, kept: object) -> None:
    found = convert(kind, raw)
    assert found == kept
    assert type(found) is type(kept)


def test_converting_what_was_never_allowed_is_a_bug() -> None:
    with pytest.raises(TypeError, match="judge"):
        convert(BPS, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.30", "0.3"),
        ("10", "10"),
        ("1E+3", "1000"),
        ("100.00", "100"),
        ("-0.0", "0"),
        ("1E-12", "0.000000000001"),
        ("-1.50", "-1.5"),
        ("0E+99999", "0"),
    ],
)
def test_decimal_has_one_plain_text(value: str, text: str) -> None:
    assert plain_decimal(Decimal(value)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**9)))
def test_plain_text_reads_back_to_the_same_number(value: Decimal) -> None:
    text = plain_decimal(value)
    assert Decimal(text) == value
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]*[1-9])?", text)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (True, "true"),
        (10**80, "a whole number of more than 60 digits"),
        (-(10**80), "a whole number of more than 60 digits"),
        ("a\x1b", 'the text "a\\u001b"'),
        ([1, 2], "a list of 2"),
        ({}, "a table"),
        (None, "a NoneType"),
        (Decimal("NaN"), "NaN"),
    ],
)
def test_found_value_is_named_shortly_and_harmlessly(raw: object, shown: str) -> None:
    assert show(raw) == shown


@given(st.text(min_size=200, max_size=400))
def test_long_text_is_cut(text: str) -> None:
    assert len(show(text)) < 800
    assert show(text).isascii() or "…" in show(text)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a = 1\n", {"a": 1}),
        ("[s]\na = 1\n[t.u]\nb=2", {"s": 1, "s.a": 2, "t.u": 3, "t.u.b": 4}),
        ("[[s]] # c\n'a' . b = 1", {"s": 1, "s.a.b": 2}),
        ("# a = 1\n[s]\n  a = '''\nb = 1\n'''\nc = 1", {"s": 2, "s.a": 3, "s.c": 6}),
        ("a = 1\na = 2", {"a": 1}),
        ("# a\u2028b\x0cc\n[s]\r\na = 1\r\n", {"s": 2, "s.a": 3}),
        ("", {}),
    ],
)
def test_places_of_keys(text: str, places: dict[str, int]) -> None:
    assert lines_of_keys(text) == places


@given(st.text())
def test_any_text_can_be_scanned(text: str) -> None:
    lines = lines_of_keys(text).values()
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)
