"""The three files: formats to the byte, hostile text, and no loss of what was there."""

import csv
import json
import tomllib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from razor.adapters.files.market_selection import (
    RECOMMENDATION,
    SCORES,
    SUGGESTION,
    SelectionFiles,
    recommendation,
    selection_id,
    suggestion,
)
from razor.application.select import Progress
from razor.domain.errors import StorageError
from razor.domain.probe import ProbeFigures
from razor.domain.selection import Insufficient, Refused, Score, Selected

from .scores import START_MS, candidate, group, liquid, score, thin

HEADER = (
    "run_id,probe_start_unix_ms,probe_end_unix_ms,probe_seconds,gamma_id,condition_id,legs_n,"
    "strategy,token0_id,token1_id,token2_id,gamma_volume24hr,gamma_liquidity,snapshots_total,"
    "one_sided_book_rate,bucket_nan_rate,depth3_degraded_rate,liquid_bucket_rate,thin_bucket_rate,"
    "worst_spread_bps_p50,worst_depth3_usdc_p50,trades_total,trades_per_min,"
    "trade_poll_hit_limit_count,trades_duplicated_count,snapshots_eval_total,"
    "passes_min_net_edge_count,passes_min_net_edge_per_hour,expected_net_bps_p50,"
    "expected_net_bps_p90,expected_net_bps_max"
)
PROGRESS = Progress(
    started_ms=START_MS, updated_ms=START_MS + 61_900, candidates_total=3, ok=2, probe_ms=60_000
)
NONE = Insufficient(reason="no markets pass hard gates")


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / SCORES).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_header_has_the_31_frozen_columns(tmp_path: Path) -> None:
    SelectionFiles(tmp_path / "new" / "er", "msel_1_000001")
    content = (tmp_path / "new" / "er" / SCORES).read_text()
    assert content == HEADER + "\n"
    assert HEADER.count(",") == 30


def test_a_row_is_written_when_its_probe_is_done(tmp_path: Path) -> None:
    files = SelectionFiles(tmp_path, "msel_1_000001")
    files.append(
        score("7", volume="1234.5", snapshots_total=3, liquid=1, thin=2, one_sided=1, passes=1)
    )
    assert (tmp_path / SCORES).read_text() == HEADER + (
        "\nmsel_1_000001,1800000000000,1800003600000,3600,7,0xc7,2,binary,70,71,,1234.500000,"
        "0.000000,3,0.333333,0.000000,0.000000,0.333333,0.666667,12,900.500000,100,1.666667,0,0,"
        "1000,1,1.000000,-20,5,40\n"
    )


def test_what_is_no_number_is_nan(tmp_path: Path) -> None:
    files = SelectionFiles(tmp_path, "msel_1_000001")
    files.append(replace(score("7", legs=3), figures=ProbeFigures()))
    (row,) = rows(tmp_path)
    nan = [name for name, cell in row.items() if cell == "NaN"]
    assert nan == [
        "one_sided_book_rate",
        "bucket_nan_rate",
        "depth3_degraded_rate",
        "liquid_bucket_rate",
        "thin_bucket_rate",
        "worst_depth3_usdc_p50",
    ]
    assert row["worst_spread_bps_p50"] == "2147483647"
    assert row["expected_net_bps_max"] == "-2147483648"
    assert (row["strategy"], row["token2_id"]) == ("triangle", "72")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.0000005", "0.000000"),
        ("0.0000015", "0.000002"),
        ("-1.5", "-1.500000"),
        ("1e3", "1000.000000"),
    ],
)
def test_six_places_are_rounded_half_to_even(tmp_path: Path, value: str, text: str) -> None:
    files = SelectionFiles(tmp_path, "r")
    base = score("7")
    files.append(replace(base, candidate=replace(base.candidate, volume_24h=Decimal(value))))
    assert rows(tmp_path)[0]["gamma_volume24hr"] == text


def test_a_span_that_is_no_whole_second_is_shown_whole(tmp_path: Path) -> None:
    files = SelectionFiles(tmp_path, "r")
    files.append(score("7", probe_ms=60_004))
    assert rows(tmp_path)[0]["probe_seconds"] == "60.004"


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_from_outside_is_never_a_formula(tmp_path: Path, text: str) -> None:
    files = SelectionFiles(tmp_path, "r")
    base = score("7")
    files.append(replace(base, candidate=replace(base.candidate, market_id=text)))
    assert rows(tmp_path)[0]["gamma_id"].startswith("'")


def test_text_from_outside_cannot_add_rows_or_columns(tmp_path: Path) -> None:
    files = SelectionFiles(tmp_path, "r")
    odd = 'a,"b"\r\nc\u2028d\x00e'
    base = score("7")
    files.append(replace(base, candidate=replace(base.candidate, condition_id=odd)))
    assert (tmp_path / SCORES).read_text().count("\n") == 2
    (row,) = rows(tmp_path)
    assert row["condition_id"] == 'a,"b"  c d e'
    assert row["expected_net_bps_max"] == "40"


def test_the_final_table_replaces_the_live_one_in_the_given_order(tmp_path: Path) -> None:
    files = SelectionFiles(tmp_path, "r")
    first, second = thin("2"), liquid("1")
    files.append(first)
    files.append(second)
    assert [row["gamma_id"] for row in rows(tmp_path)] == ["2", "1"]
    files.finish([second, first], PROGRESS, NONE)
    assert [row["gamma_id"] for row in rows(tmp_path)] == ["1", "2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [SCORES, RECOMMENDATION, SUGGESTION]
    )


def test_a_directory_with_a_selection_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    SelectionFiles(tmp_path, "r").append(liquid("1"))
    before = (tmp_path / SCORES).read_bytes()
    with pytest.raises(StorageError, match="File exists"):
        SelectionFiles(tmp_path, "r")
    assert (tmp_path / SCORES).read_bytes() == before


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot create the directory"):
        SelectionFiles(tmp_path / "file" / "sub", "r")


def test_the_suggestion_names_both_markets() -> None:
    choice = Selected(liquid=liquid("1"), thin=thin("2"))
    assert suggestion(choice) == '[run]\nmarket_ids = ["1", "2"]\n'


def test_the_suggestion_without_a_choice_says_why() -> None:
    assert suggestion(NONE) == (
        "[run]\nmarket_ids = []\n\n[market_select]\ninsufficient_data = true\n"
        'reason = "no markets pass hard gates"\n'
    )


def test_a_hostile_id_stays_one_text_of_the_suggestion() -> None:
    odd = '1"]\n[live]\nenabled = true\n# \\'
    base = liquid("1")
    hostile = replace(base, candidate=replace(base.candidate, market_id=odd))
    found = tomllib.loads(suggestion(Selected(liquid=hostile, thin=thin("2"))))
    assert found == {"run": {"market_ids": [odd, "2"]}}


def decoded(
    choice: Selected | Insufficient | None, progress: Progress = PROGRESS
) -> dict[str, object]:
    found = json.loads(recommendation("r", progress, choice))
    assert isinstance(found, dict)
    return found


MAPS = [
    "probe_hour_of_day_utc",
    "probe_market_phase",
    "poll_gap_max_ms",
    "trade_gap_max_ms",
    "trade_time_coverage_ok",
    "estimated_trades_lost",
    "trades_before_probe",
    "passes_gap_p50_ms",
    "passes_gap_p90_ms",
    "passes_gap_max_ms",
    "probe_warnings",
]


def test_the_recommendation_says_how_far_it_is() -> None:
    found = decoded(None)
    assert list(found)[:9] == [
        "run_id",
        "probe_seconds",
        "snapshot_sample_interval_ms",
        "aborted",
        "candidates_total",
        "probes_completed_ok",
        "probes_completed_failed",
        "selection_error",
        "progress",
    ]
    assert found["progress"] == {
        "started_at_unix_ms": START_MS,
        "updated_at_unix_ms": START_MS + 61_900,
        "elapsed_seconds": 61,
        "markets_total": 3,
        "markets_done": 2,
        "markets_failed": 0,
        "last_ok_gamma_id": None,
    }
    assert (found["probe_seconds"], found["snapshot_sample_interval_ms"]) == (60, 1_000)
    assert (found["selection_error"], found["selected"]) == (None, None)
    assert [found[name] for name in MAPS] == [None] * len(MAPS)
    assert found["bucket_after_degrade"] == "thin"


def test_the_recommendation_without_a_choice_names_the_reason() -> None:
    found = decoded(NONE, replace(PROGRESS, aborted=True, failed=1))
    assert found["selection_error"] == "no markets pass hard gates"
    assert (found["aborted"], found["probes_completed_failed"]) == (True, 1)


def test_the_recommendation_of_a_choice_holds_maps_and_both_markets() -> None:
    bursty = liquid("1", depth3_degraded=1, poll_hit_limit=2, passes_gap_max_ms=9)
    found = decoded(Selected(liquid=bursty, thin=thin("2", trade_gap_max_ms=300_001)))
    assert found["probe_warnings"] == {"liquid": ["DEPTH_UNIT_SUSPECT"], "thin": []}
    assert found["estimated_trades_lost"] == {"liquid": 1_000, "thin": 0}
    assert found["trade_time_coverage_ok"] == {"liquid": True, "thin": False}
    assert found["probe_market_phase"] == {"liquid": "UNKNOWN", "thin": "UNKNOWN"}
    selected = found["selected"]
    assert isinstance(selected, dict)
    one = selected["liquid"]
    assert list(one)[:6] == [
        "gamma_id",
        "condition_id",
        "legs_n",
        "strategy",
        "token_ids",
        "market_scores",
    ]
    assert list(one)[6:] == MAPS
    assert one["market_scores"]["trades_per_min"] == 1.666667
    assert one["market_scores"]["liquid_bucket_rate"] == 1.0
    assert one["market_scores"]["snapshots_total"] == 1_000
    assert len(one["market_scores"]) == 20


def test_a_number_that_is_none_is_null_in_the_recommendation() -> None:
    empty = replace(liquid("1"), figures=ProbeFigures())
    text = recommendation("r", PROGRESS, Selected(liquid=empty, thin=thin("2")))
    assert "NaN" not in text
    assert '"thin_bucket_rate": null' in text


def test_text_from_outside_is_ascii_in_the_recommendation() -> None:
    base: Score = liquid("1")
    odd = replace(base, candidate=replace(candidate("1"), condition_id="\x1b[2J\u202e"))
    text = recommendation("r", PROGRESS, Selected(liquid=odd, thin=thin("2")))
    assert text.isascii()
    assert "\x1b" not in text


def test_a_selection_is_named_by_its_start() -> None:
    assert selection_id(started_ns=1_800_000_000_123_000_000, pid=7) == "msel_1800000000123_703100"


def test_a_group_is_a_row_marked_by_its_strategy_with_the_frozen_columns(tmp_path: Path) -> None:
    SelectionFiles(tmp_path, "r").append(group("9", legs=5))
    assert (tmp_path / SCORES).read_text().startswith(HEADER + "\n")
    (row,) = rows(tmp_path)
    assert (row["gamma_id"], row["strategy"], row["legs_n"]) == ("9", "group", "5")
    assert [row[f"token{leg}_id"] for leg in range(3)] == ["90", "91", "92"]


def test_the_suggestion_names_all_markets_of_a_group_once() -> None:
    shared = group("8", legs=2)
    shared = replace(shared, candidate=replace(shared.candidate, market_ids=("1", "9-0")))
    choice = Selected(liquid=liquid("1"), thin=thin("2"))
    found = tomllib.loads(suggestion(choice, [group("9", legs=2), shared]))
    assert found == {"run": {"market_ids": ["1", "2", "9-0", "9-1"]}}


def test_groups_without_a_pair_are_a_suggestion() -> None:
    found = tomllib.loads(suggestion(NONE, [group("9", legs=3)]))
    assert found == {"run": {"market_ids": ["9-0", "9-1", "9-2"]}}


def test_the_recommendation_shows_groups_and_why_others_were_refused() -> None:
    refused = Refused(event_id="7", label="Who\u202e?", reason="a catch-all")
    text = recommendation("r", replace(PROGRESS, refused=(refused,)), NONE, [group("9", legs=5)])
    assert text.isascii()
    found = json.loads(text)
    assert found["groups_refused"] == [
        {"event_id": "7", "label": "Who\u202e?", "reason": "a catch-all"}
    ]
    (shown,) = found["groups"]
    assert (shown["event_id"], shown["strategy"]) == ("9", "group")
    assert shown["token_ids"] == ["90", "91", "92", "93", "94"]
    assert shown["market_ids"] == ["9-0", "9-1", "9-2", "9-3", "9-4"]
    assert shown["market_scores"]["snapshots_total"] == 1_000
    assert shown["probe_warnings"] == []
    assert found["selection_error"] == "no markets pass hard gates"
