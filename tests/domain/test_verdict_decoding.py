"""The core's numbers as typed values: exact decimals, known keys, and a name for every fault."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.domain.audit import AuditVerdict, Difference, decode_audit
from razor.domain.errors import DecodeError
from razor.domain.verdict import (
    BookCount,
    Emptiness,
    Evidence,
    Integrity,
    Num,
    decode_integrity,
    decode_numbers,
)
from tests.report.cases import integrity_row, numbers, report

INPUTS = Path(__file__).parents[1] / "report" / "inputs"
NAMES = sorted(path.name.removesuffix(".numbers.json") for path in INPUTS.glob("*.numbers.json"))
Spoil = Callable[[dict[str, Any]], None]


def spoiled(spoil: Spoil, name: str = "example") -> str:
    value = json.loads(numbers(name))
    spoil(value)
    return json.dumps(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_kept_answer_of_the_core_is_read(name: str) -> None:
    found = decode_numbers(numbers(name))
    assert found.schema_version == "1.3.2a"
    assert found.day14.rows_ok + found.day14.rows_bad <= found.day14.rows_total
    assert found.totals.signals == found.day14.rows_ok


@pytest.mark.parametrize("name", NAMES)
def test_text_and_bytes_are_read_alike(name: str) -> None:
    assert decode_numbers(numbers(name).encode()) == decode_numbers(numbers(name))


def paths(value: object, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """All keys of nested objects, outermost first."""
    if not isinstance(value, dict):
        return []
    found = [(*prefix, key) for key in value]
    for key, part in value.items():
        found += paths(part, (*prefix, key))
    return found


SHAPE = json.loads(numbers("example"))
# Keys that a dict of groups names itself, and those that may be left out.
OPEN = ("by_bucket", "by_strategy", "signals_by_strategy", "signals_by_bucket", "blank_by_reason")
FIXED = [path for path in paths(SHAPE) if not any(part in OPEN for part in path[:-1])]


@pytest.mark.parametrize("path", FIXED, ids=".".join)
def test_a_key_that_the_core_lacks_is_an_error_that_names_it(path: tuple[str, ...]) -> None:
    def without(value: dict[str, Any]) -> None:
        for part in path[:-1]:
            value = value[part]
        del value[path[-1]]

    with pytest.raises(DecodeError, match=path[-1]) as caught:
        decode_numbers(spoiled(without))
    assert caught.value.source == "the numbers of the report"
    assert "audit rebuild" in caught.value.remedy


@pytest.mark.parametrize("path", FIXED, ids=".".join)
def test_a_key_of_the_wrong_kind_is_an_error(path: tuple[str, ...]) -> None:
    def bent(value: dict[str, Any]) -> None:
        for part in path[:-1]:
            value = value[part]
        value[path[-1]] = [["no such kind"]]

    with pytest.raises(DecodeError, match="the numbers of the report cannot be read"):
        decode_numbers(spoiled(bent))


def test_keys_of_a_newer_core_are_ignored() -> None:
    def newer(value: dict[str, Any]) -> None:
        value["novelty"] = {"deep": [1]}
        value["day14"]["novelty"] = 1
        value["totals"]["total_shadow_pnl"]["e18"] = "0"

    assert decode_numbers(spoiled(newer)) == decode_numbers(numbers("example"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.",
        ".5",
        "+1",
        "1e6",
        "-1E-2",
        "NaN",
        "Infinity",
        "-",
        "--1",
        "1,000",
        " 1",
        "1\n",
        "٣",
    ],
)
def test_no_reader_meets_an_amount_that_is_no_plain_decimal(text: str) -> None:
    def odd(value: dict[str, Any]) -> None:
        value["totals"]["total_shadow_pnl"]["e6"] = text

    with pytest.raises(DecodeError, match=r"totals\.total_shadow_pnl\.e6"):
        decode_numbers(spoiled(odd))


@given(st.integers(-(10**30), 10**30), st.integers(0, 12))
def test_plain_decimals_are_kept_digit_by_digit(units: int, places: int) -> None:
    text = f"{units}.{'0' * places}" if places else str(units)

    def exact(value: dict[str, Any]) -> None:
        value["totals"]["total_shadow_pnl"] = {"e6": text, "e12": text}

    assert decode_numbers(spoiled(exact)).totals.total_shadow_pnl == Num(e6=text, e12=text)


@pytest.mark.parametrize("number", [1, 1.5, True, None, {}, []])
def test_an_amount_is_text_and_nothing_else(number: object) -> None:
    def bent(value: dict[str, Any]) -> None:
        value["day14"]["total_pnl_sum"]["e12"] = number

    with pytest.raises(DecodeError, match=r"day14\.total_pnl_sum\.e12"):
        decode_numbers(spoiled(bent))


@pytest.mark.parametrize(
    "raw", ["", "{}", "[]", "null", "1", '"text"', "{", "[" * 50_000, '{"a":' * 50_000]
)
def test_anything_else_is_one_typed_error(raw: str) -> None:
    with pytest.raises(DecodeError):
        decode_numbers(raw)
    with pytest.raises(DecodeError):
        decode_integrity(raw)


def test_bytes_that_are_no_text_are_one_typed_error() -> None:
    for raw in (b"\xff", b'{"schema_version":"\xff"}'):
        with pytest.raises(DecodeError):
            decode_numbers(raw)


@pytest.mark.parametrize(("word", "sufficient"), [("sufficient", True), ("insufficient", False)])
def test_evidence_is_one_of_two_words(word: str, *, sufficient: bool) -> None:
    def said(value: dict[str, Any]) -> None:
        value["evidence"]["status"] = word

    found: Evidence = decode_numbers(spoiled(said)).evidence
    assert found.is_sufficient is sufficient


@pytest.mark.parametrize("word", ["", "SUFFICIENT", "maybe", "true"])
def test_any_other_word_about_evidence_is_refused(word: str) -> None:
    def said(value: dict[str, Any]) -> None:
        value["evidence"]["status"] = word

    with pytest.raises(DecodeError, match=r"evidence\.status"):
        decode_numbers(spoiled(said))


def without_prints(value: dict[str, Any]) -> None:
    value["evidence"]["trade_prints"] = 0


def half_without(value: dict[str, Any]) -> None:
    without_prints(value)
    for line in value["day14"]["by_reason"]:
        line["count"] -= line["key"] == ["NO_TRADES"]


@pytest.mark.parametrize(
    ("name", "spoil", "expected"),
    [
        ("quotes", None, Emptiness.NO_ROWS),
        ("unfilled", None, Emptiness.NO_PRINTS),
        ("unfilled", half_without, None),
        ("seeded", None, None),
        ("seeded", without_prints, None),
        ("go", None, None),
        ("go", without_prints, None),
    ],
)
def test_a_ledger_is_empty_only_without_rows_or_without_any_print(
    name: str, spoil: Spoil | None, expected: Emptiness | None
) -> None:
    assert report(name, spoil=spoil).emptiness is expected


def row(**changes: object) -> bytes:
    return json.dumps(json.loads(integrity_row()) | changes).encode()


WHOLES = [
    name
    for name, kind in Integrity.__annotations__.items()
    if kind in {int, "int"} and name != "trade_prints"
]


@pytest.mark.parametrize("name", WHOLES)
def test_an_integrity_row_without_one_of_its_counts_is_refused_by_name(name: str) -> None:
    table = json.loads(integrity_row())
    del table[name]
    with pytest.raises(DecodeError, match=name):
        decode_integrity(json.dumps(table))


@pytest.mark.parametrize("name", WHOLES)
@pytest.mark.parametrize("value", ["1", 1.5, None, [1], True])
def test_a_count_is_a_whole_number(name: str, value: object) -> None:
    with pytest.raises(DecodeError, match=name):
        decode_integrity(row(**{name: value}))


@pytest.mark.parametrize(
    ("books", "expected"),
    [
        ({}, ()),
        ({"a": 1}, (("a", 1),)),
        ({"a": {"b": 1, "c": {"d": 2}}, "e": 3}, (("a.b", 1), ("a.c.d", 2), ("e", 3))),
        ({"a": True, "b": False}, (("a", 1), ("b", 0))),
        ({"a": "x", "b": None, "c": [1], "d": 1.5, "e": 5}, (("e", 5),)),
        ({"z": 1, "a": 2}, (("z", 1), ("a", 2))),
        ({"": {"": 7}}, ((".", 7),)),
    ],
)
def test_counts_of_the_books_are_flat_and_in_the_order_of_the_row(
    books: object, expected: tuple[tuple[str, int], ...]
) -> None:
    found = decode_integrity(row(books=books)).book_counts
    assert found == tuple(BookCount(name=name, value=value) for name, value in expected)


@pytest.mark.parametrize("books", [None, [], 1, "x"])
def test_books_of_another_shape_are_refused(books: object) -> None:
    with pytest.raises(DecodeError, match="books"):
        decode_integrity(row(books=books))


def test_prints_are_those_of_both_sources() -> None:
    found = decode_integrity(row(stream_prints=5, trade_rows=7))
    assert found.trade_prints == 12


def test_counters_that_a_run_lacks_are_zero_and_unknown_ones_ignored() -> None:
    found = decode_integrity(row(counters={"signals_emitted": 4, "novelty": 9}))
    assert found.counters.signals_emitted == 4
    assert found.counters.trades_written == 0


AUDIT: dict[str, object] = {
    "records": 10,
    "segments": 1,
    "tail": "closed",
    "evidence": [],
    "head": "ab" * 32,
    "differences": [],
}


def test_an_audit_answer_is_typed() -> None:
    difference = {"table": "t.csv", "line": 3, "found": None, "expected": "x"}
    found = decode_audit(json.dumps(AUDIT | {"differences": [difference], "evidence": ["a"]}))
    assert found == AuditVerdict(
        records=10,
        segments=1,
        tail="closed",
        evidence=("a",),
        head="ab" * 32,
        differences=(Difference(table="t.csv", line=3, found=None, expected="x"),),
    )


def test_an_audit_answer_of_a_newer_core_is_read() -> None:
    assert decode_audit(json.dumps(AUDIT | {"integrity": {"a": 1}})).records == 10
