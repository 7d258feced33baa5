"""``report.json``: the predecessor's keys first, exact numbers, nothing that differs by machine."""

import json
from decimal import Decimal
from typing import Any

import pytest

from razor.application.verdict import ReportFacts, make_report
from razor.domain.errors import DecodeError

from .cases import SEAL, hostile_report, integrity_row, numbers, report
from .ledger import HOSTILE, TABLES

LEADING = [
    "schema_version",
    "run_id",
    "trade_poll_taker_only",
    "period",
    "totals",
    "by_bucket",
    "by_strategy",
    "worst_20",
    "verdict",
    "stress",
    "venue",
    "evidence",
    "integrity",
    "seal",
    "accept_no_verdict",
    "markers",
    "day14",
]


@pytest.mark.parametrize("name", TABLES)
def test_keys_stand_in_the_order_of_the_predecessor(name: str) -> None:
    found = json.loads(report(name).json)
    assert list(found) == LEADING
    assert list(found["period"]) == ["start_unix_ms", "end_unix_ms"]
    assert list(found["totals"])[:3] == ["signals", "total_shadow_pnl", "avg_set_ratio"]
    assert list(found["by_bucket"]) == ["liquid", "thin"]
    assert list(found["by_strategy"]) == ["binary", "triangle"]
    assert list(found["by_bucket"]["thin"]) == ["signals", "pnl", "avg_set_ratio"]
    assert list(found["verdict"])[:3] == ["go", "reasons", "thresholds"]
    limits = ["min_total_shadow_pnl", "min_avg_set_ratio"]
    assert list(found["verdict"]["thresholds"])[:2] == limits


def test_worst_rows_begin_with_the_predecessors_keys() -> None:
    row = json.loads(report("seeded").json)["worst_20"][0]
    expected = ["signal_id", "market_id", "strategy", "bucket", "total_pnl", "set_ratio"]
    assert list(row)[:6] == expected


@pytest.mark.parametrize("name", TABLES)
def test_every_number_is_the_cores_decimal_digit_by_digit(name: str) -> None:
    expected = json.loads(numbers(name))
    found = json.loads(report(name).json, parse_float=Decimal)

    def compare(core: Any, ours: Any, path: str) -> None:  # noqa: ANN401 - JSON
        match core:
            case {"e6": _, "e12": str(text)}:
                assert isinstance(ours, Decimal), path
                assert ours == Decimal(text), path
                assert f"{ours:f}".removesuffix(".0") == text, path
            case dict():
                assert list(core) == list(ours), path
                for key, item in core.items():
                    compare(item, ours[key], f"{path}.{key}")
            case list():
                assert len(core) == len(ours), path
                for index, item in enumerate(core):
                    compare(item, ours[index], f"{path}[{index}]")
            case _:
                assert core == ours, path

    for key, item in expected.items():
        compare(item, found[key], key)


def test_whole_amounts_are_written_as_the_predecessor_wrote_them() -> None:
    text = report("example").json
    assert '"min_total_shadow_pnl": 0.0,\n' in text
    assert '"total_shadow_pnl": -0.15408,\n' in text
    assert '"signals": 1,\n' in text


def test_text_is_pretty_with_two_blanks_and_one_final_line_feed() -> None:
    text = report("example").json
    assert text.startswith('{\n  "schema_version": "1.3.2a",\n  "run_id": "run_example",\n')
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


def test_integrity_is_the_whole_row_and_null_without_one() -> None:
    found = json.loads(report("seeded").json)
    assert found["integrity"] == json.loads(integrity_row())
    assert json.loads(report("example").json)["integrity"] is None


def test_seal_markers_and_accepted_risk_are_in_it() -> None:
    reason = "desk meeting, capped at 20 USDC"
    found = json.loads(report("seeded", accept_no_verdict=reason, markers=("seeded depth",)).json)
    assert found["seal"]["config"] == SEAL.config
    assert found["seal"]["data"] == SEAL.data
    assert found["accept_no_verdict"] == reason
    assert found["markers"] == ["seeded depth"]


def test_outside_text_comes_through_unchanged() -> None:
    found = json.loads(hostile_report().json)
    assert found["worst_20"][0]["market_id"] == HOSTILE


def test_missing_stress_is_null() -> None:
    def without_stress(value: dict[str, Any]) -> None:
        value["stress"] = None

    assert json.loads(report("example", spoil=without_stress).json)["stress"] is None


def test_keys_the_core_adds_later_stand_at_the_end() -> None:
    def with_more(value: dict[str, Any]) -> None:
        value["newer"] = [{"e6": "1.500000", "e12": "1.5"}]

    found = json.loads(report("example", spoil=with_more).json)
    assert list(found)[-1] == "newer"
    assert found["newer"] == [1.5]


def test_an_integrity_row_that_is_broken_is_refused() -> None:
    with pytest.raises(DecodeError, match="integrity"):
        make_report(numbers("example"), ReportFacts(seal=SEAL, integrity_row=b"{}"))
