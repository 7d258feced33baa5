"""The text of a suggestion, and the laws of its figures against whole numbers of any size."""

import contextlib
import json
import math
import os
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor import _core
from razor.application.calibrate import paste_lines, scenarios_of, suggestion_toml
from razor.domain.calibration import Calibration, Current, decode_calibration
from razor.domain.errors import DecodeError

from .logs import HEADER, Try, log, mixed, steps

GOLDEN = Path(__file__).parent / "golden"
CURRENT = Current(source="config.toml", liquid=Decimal("0.30"), thin=Decimal("0.10"))


def calibrated(*logs: Sequence[Try], least: int = 30) -> Calibration:
    tables = [(f"log {index}", log(tries).encode()) for index, tries in enumerate(logs)]
    return decode_calibration(_core.calibration_json(tables, least))


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("RAZOR_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode(), f"{name} differs; review, then RAZOR_GOLDEN=write"


@pytest.mark.parametrize(
    ("name", "logs"),
    [
        ("sim", (mixed(),)),
        ("live", (mixed(mode="LIVE"), steps(mode="LIVE", run_id="run_b"))),
        ("few", (steps(29),)),
        ("none", ((),)),
    ],
)
def test_the_suggestion_is_the_golden_one(name: str, logs: tuple[list[Try], ...]) -> None:
    text = suggestion_toml(calibrated(*logs), CURRENT)
    assert_golden(f"{name}.toml", text)
    assert text == suggestion_toml(calibrated(*logs), CURRENT)
    tomllib.loads(text)


def test_a_suggestion_from_simulated_fills_says_so_in_its_first_line() -> None:
    first = suggestion_toml(calibrated(steps()), CURRENT).splitlines()[0]
    assert "SIMULATED" in first
    real = suggestion_toml(calibrated(steps(mode="LIVE")), CURRENT)
    assert real.startswith("# Suggestion from real fills (mode LIVE).\n")
    assert "SIM" not in real


def test_the_reference_percentile_of_the_frozen_rules() -> None:
    found = tomllib.loads(suggestion_toml(calibrated(steps()), CURRENT), parse_float=Decimal)
    thin = found["calibration_suggest"]["thin"]
    assert (thin["samples"], thin["status"]) == (40, "ok")
    assert thin["p25"] == Decimal("0.09")
    assert thin["current"] == Decimal("0.1")
    assert thin["interval"] == [Decimal("0.04"), Decimal("0.16")]
    assert thin["of_volume"]["frozen"]["p25"] == Decimal("0.0225")


def test_too_few_samples_give_a_status_and_no_percentile() -> None:
    made = calibrated(steps(29))
    found = tomllib.loads(suggestion_toml(made, CURRENT))["calibration_suggest"]
    assert found["thin"]["status"] == "insufficient_samples"
    assert "p25" not in found["thin"]
    assert "interval" not in found["liquid"]
    assert paste_lines(made) == ""
    assert [each.name for each in scenarios_of(made, None)] == ["as the run"]


def test_sales_of_leftovers_count_in_the_frozen_set_and_stand_apart() -> None:
    found = calibrated(mixed()).thin
    assert [part.req.samples for _, part in found.sets()] == [52, 40, 12]
    assert [part.mkt.samples for _, part in found.sets()] == [40, 40, 0]


def test_whole_shares_are_decimals_in_toml() -> None:
    made = calibrated([Try(filled=10_000_000)] * 40)
    assert paste_lines(made) == "[buckets]\nfill_share_thin_p25 = 1.0\n"
    assert calibrated([Try()] * 40).suggested("thin") == "0"


def test_scenarios_settle_with_the_suggestion_and_both_ends() -> None:
    made = calibrated(steps())
    shares = [(each.name, each.liquid, each.thin) for each in scenarios_of(made, CURRENT)]
    assert shares == [
        ("as the run", None, None),
        ("current setting", "0.3", "0.1"),
        ("suggested", None, "0.09"),
        ("low end", None, "0.04"),
        ("high end", None, "0.16"),
    ]


def test_what_the_core_lacks_is_an_error_that_names_it() -> None:
    value = json.loads(_core.calibration_json([("a", log(steps()).encode())], 30))
    del value["thin"]["clean"]["req"]["low"]
    with pytest.raises(DecodeError, match="low"):
        decode_calibration(json.dumps(value))
    with pytest.raises(DecodeError):
        decode_calibration("[")


def exact_ranks(count: int) -> tuple[int, int]:
    """Ranks of the ends by their definition: binomial tails of at most one part in forty."""
    weights = [math.comb(count, rank) * 3 ** (count - rank) for rank in range(count + 1)]
    whole, low, high, tail = 4**count, 0, count + 1, 0
    for rank, weight in enumerate(weights):
        tail += weight
        if tail * 40 > whole:
            break
        low = rank + 1
    tail = 0
    for rank in range(count, -1, -1):
        tail += weights[rank]
        if tail * 40 > whole:
            break
        high = rank
    return low, high


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=250))
def test_percentile_and_interval_are_those_of_the_sorted_samples(fills: list[int]) -> None:
    found = calibrated([Try(filled=filled) for filled in fills], least=1).thin.frozen.req
    ordered = [Decimal(filled) / 10_000_000 for filled in sorted(fills)]
    assert Decimal(found.p25 or "nan") == ordered[(len(fills) - 1) // 4]
    low, high = exact_ranks(len(fills))
    assert Decimal(found.low or "nan") == (ordered[low - 1] if low else 0)
    assert Decimal(found.high or "nan") == (ordered[high - 1] if high <= len(fills) else 1)
    assert sum(found.histogram) == len(fills) == found.samples
    assert found.histogram[9] == sum(1 for filled in fills if filled >= 9_000_000)


@given(st.permutations(mixed()), st.integers(0, 60))
def test_neither_order_nor_split_over_runs_changes_the_figures(tries: list[Try], cut: int) -> None:
    second = [replace(each, run_id="run_b") for each in tries[cut:]]
    whole, parts = calibrated(mixed()), calibrated(tries[:cut], second)
    assert (whole.liquid, whole.thin) == (parts.liquid, parts.thin)
    assert (whole.rows, whole.rejected) == (parts.rows, parts.rejected)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_words(raw: bytes) -> None:
    for table in (raw, f"{HEADER}\n".encode() + raw):
        # Whatever else is raised is a defect.
        with contextlib.suppress(_core.DecodeError):
            _core.calibration_json([("f", table)], 30)
