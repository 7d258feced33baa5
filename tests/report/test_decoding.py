"""The core's JSON and the integrity row become typed values, or a named error."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from razor.domain.errors import DecodeError
from razor.domain.verdict import BookCount, Emptiness, decode_integrity, decode_numbers

from .cases import integrity_row, numbers, report

Change = Callable[[dict[str, Any]], None]


def changed(name: str, change: Change) -> str:
    value = json.loads(numbers(name))
    change(value)
    return json.dumps(value)


def test_amounts_stay_decimal_text() -> None:
    found = decode_numbers(numbers("example"))
    assert found.totals.total_shadow_pnl.e6 == "-0.154080"
    assert found.totals.total_shadow_pnl.e12 == "-0.15408"
    assert found.day14.verdict.thresholds.max_legging_fail_share.e12 == "0.15"


def test_unknown_venue_amounts_are_none() -> None:
    found = decode_numbers(numbers("quotes"))
    assert found.venue is not None
    assert found.venue.in_frozen_table.venue_total_pnl is None


def test_a_table_without_venue_basis_is_accepted() -> None:
    def without_venue(value: dict[str, Any]) -> None:
        value["venue"] = None
        value["evidence"]["signals_outside_frozen"] = None

    assert decode_numbers(changed("example", without_venue)).venue is None


def test_keys_of_a_newer_core_are_ignored() -> None:
    def with_more(value: dict[str, Any]) -> None:
        value["newer"] = {"key": 1}
        value["totals"]["newer"] = [1]

    assert decode_numbers(changed("example", with_more)) == decode_numbers(numbers("example"))


@pytest.mark.parametrize(
    "text", ["1e3", "NaN", "", "-", ".5", "5.", "+1", "1_0", "0x1", " 1", "1\n", "Infinity"]
)
def test_an_amount_that_is_no_plain_decimal_is_refused(text: str) -> None:
    def spoil(value: dict[str, Any]) -> None:
        value["totals"]["total_shadow_pnl"]["e12"] = text

    with pytest.raises(DecodeError, match="numbers of the report"):
        decode_numbers(changed("example", spoil))


def test_an_amount_that_is_a_float_is_refused() -> None:
    def spoil(value: dict[str, Any]) -> None:
        value["totals"]["total_shadow_pnl"] = -0.15408

    with pytest.raises(DecodeError, match="total_shadow_pnl"):
        decode_numbers(changed("example", spoil))


@pytest.mark.parametrize("key", ["verdict", "evidence", "day14", "totals"])
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(DecodeError, match=key):
        decode_numbers(changed("example", lambda value: value.pop(key)))


def test_a_third_evidence_status_is_refused() -> None:
    def spoil(value: dict[str, Any]) -> None:
        value["evidence"]["status"] = "fine"

    with pytest.raises(DecodeError, match="evidence"):
        decode_numbers(changed("example", spoil))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff", "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_numbers(text.encode("latin-1"))
    with pytest.raises(DecodeError):
        decode_integrity(text.encode("latin-1"))


def test_counts_of_the_book_store_keep_order_and_nesting() -> None:
    books = {"b": 2, "hashes": {"rest": {"matched": 7}}, "is_ok": True, "note": "x", "a": 1}
    found = decode_integrity(integrity_row(books=books))
    assert found.book_counts == (
        BookCount(name="b", value=2),
        BookCount(name="hashes.rest.matched", value=7),
        BookCount(name="is_ok", value=1),
        BookCount(name="a", value=1),
    )
    assert found.trade_prints == 41_234
    assert found.counters.trades_duplicated == 1_030


def test_a_ledger_without_rows_is_empty() -> None:
    assert report("quotes").emptiness is Emptiness.NO_ROWS


def test_signals_without_any_print_are_empty() -> None:
    assert report("unfilled").emptiness is Emptiness.NO_PRINTS


@pytest.mark.parametrize("name", ["example", "seeded", "go"])
def test_a_ledger_with_fills_is_not_empty(name: str) -> None:
    assert report(name).emptiness is None


def test_quiet_markets_with_prints_are_a_result_and_not_empty() -> None:
    def with_prints(value: dict[str, Any]) -> None:
        value["evidence"]["trade_prints"] = 1

    quiet = decode_numbers(changed("unfilled", with_prints))
    assert quiet.totals.signals > 0
    assert report("unfilled", spoil=with_prints).emptiness is None
