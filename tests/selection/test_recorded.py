"""Selection from a recording: figures of a seeded world, a choice, stopping, and the verbs."""

import asyncio
import csv
import json
import tomllib
from pathlib import Path

import pytest

from razor import _core
from razor.adapters.files.capture_manifest import manifest_path, read_listing
from razor.adapters.files.market_selection import RECOMMENDATION, SCORES, SUGGESTION
from razor.adapters.files.recorded_probes import RecordedProbes, RecordingPlan
from razor.domain.errors import DecodeError, JsonValue, StorageError
from razor.domain.params import Rules, params_record
from razor.domain.probe import decode_report
from razor.domain.selection import Score
from razor.domain.settings import Settings, default_file
from tests.cli.programs import Run

from .scores import START_MS
from .tapes import TIGHT, WIDE, Tape

GOLDEN = Path(__file__).parent / "golden"
PARAMS = params_record("probe", Settings(), rules=Rules.VENUE)


def _config(directory: Path) -> str:
    file = directory / "config.toml"
    file.write_text(default_file(), encoding="utf-8")
    return str(file)


def _select(directory: Path, capture: Path, *more: str) -> Run:
    return Run(
        *("markets", "select", "--config", _config(directory)),
        *("--source", f"replay:{capture}", "--out-dir", str(directory / "out"), *more),
    )


def _rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "out" / SCORES).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _probed(capture: Path) -> tuple[RecordedProbes, list[Score]]:
    plan = RecordingPlan(path=capture, params=PARAMS, trade_poll_limit=500)
    probes, scores = RecordedProbes(plan, lambda _done, _total: True), list[Score]()

    async def run() -> None:
        found = await probes.candidates()
        await probes.run(found, lambda it: scores.append(it) if it else None)

    asyncio.run(run())
    return probes, scores


def _world(directory: Path) -> Path:
    path = directory / "world.jsonl.zst"
    _core.world_capture(path, 5, START_MS * 10**6, 320_000)
    return path


def test_the_figures_of_a_seeded_world_are_the_golden_ones(tmp_path: Path) -> None:
    run = _select(tmp_path, _world(tmp_path))
    assert run.code == 1
    # The run id and the times of the selection itself are its own.
    table = [",".join(row.split(",")[1:]) for row in _table(tmp_path)]
    assert "\n".join(table) + "\n" == (GOLDEN / "world_scores.csv").read_text(encoding="utf-8")
    found = json.loads((tmp_path / "out" / RECOMMENDATION).read_text())
    for own in ("run_id", "progress"):
        del found[own]
    assert found == json.loads((GOLDEN / "world_recommendation.json").read_text(encoding="utf-8"))
    suggested = (tmp_path / "out" / SUGGESTION).read_text()
    assert suggested == (GOLDEN / "world_suggest.toml").read_text(encoding="utf-8")


def _table(directory: Path) -> list[str]:
    return (directory / "out" / SCORES).read_text(encoding="utf-8").splitlines()


def test_a_unified_book_never_passes_and_groups_do(tmp_path: Path) -> None:
    _, scores = _probed(_world(tmp_path))
    for score in scores:
        has_passes = score.figures.passes > 0
        assert has_passes == (score.candidate.legs_n > 2), score.candidate.market_id


def test_a_liquid_and_a_thin_group_are_selected(tmp_path: Path) -> None:
    capture = Tape(("thin", WIDE), ("deep", TIGHT)).write(tmp_path)
    run = _select(tmp_path, capture, "--json")
    assert run.code == 0, run.err
    facts = json.loads(run.out)
    assert (facts["liquid"], facts["thin"]) == ("deep", "thin")
    assert (facts["insufficient_data"], facts["reason"], facts["aborted"]) == (False, None, False)
    suggested = tomllib.loads((tmp_path / "out" / SUGGESTION).read_text())
    assert suggested == {"run": {"market_ids": ["deep", "thin"]}}
    found = json.loads((tmp_path / "out" / RECOMMENDATION).read_text())
    assert found["probe_seconds"] == 400
    assert found["selected"]["liquid"]["token_ids"] == ["031", "041", "051"]
    assert found["selected"]["liquid"]["market_scores"]["passes_min_net_edge_per_hour"] == 3609.0
    assert found["probe_market_phase"] == {"liquid": "D1_TO_D7", "thin": "D1_TO_D7"}


def test_a_preference_without_candidates_is_insufficient(tmp_path: Path) -> None:
    capture = Tape(("thin", WIDE), ("deep", TIGHT)).write(tmp_path)
    run = _select(tmp_path, capture, "--prefer-strategy", "binary")
    assert run.code == 1
    assert "no candidates of two or three legs and the preferred strategy" in run.out


def test_a_short_recording_is_insufficient(tmp_path: Path) -> None:
    capture = Tape(("thin", WIDE), ("deep", TIGHT), seconds=295).write(tmp_path)
    run = _select(tmp_path, capture)
    assert (run.code, "no markets pass hard gates" in run.out) == (1, True)
    found = tomllib.loads((tmp_path / "out" / SUGGESTION).read_text())
    assert found["run"]["market_ids"] == []
    assert found["market_select"]["insufficient_data"]


def test_the_same_recording_gives_the_same_table(tmp_path: Path) -> None:
    capture = Tape(("thin", WIDE), ("deep", TIGHT)).write(tmp_path)
    first, second = tmp_path / "1", tmp_path / "2"
    for directory in (first, second):
        directory.mkdir()
        _select(directory, capture)
    rows = [[line.split(",")[1:] for line in _table(it)] for it in (first, second)]
    assert rows[0] == rows[1]


def test_hostile_keys_reach_neither_spreadsheet_nor_settings_nor_terminal(tmp_path: Path) -> None:
    thin_key, deep_key = '=1+1"]\n[live]\nenabled = true', "\x1b[2J\u202edeep"
    capture = Tape((thin_key, WIDE), (deep_key, TIGHT)).write(tmp_path)
    run = _select(tmp_path, capture)
    assert run.code == 0
    assert "\x1b" not in run.out
    assert "\u202e" not in run.out
    assert {row["gamma_id"][0] for row in _rows(tmp_path)} == {"'", "\x1b"}
    suggested = tomllib.loads((tmp_path / "out" / SUGGESTION).read_text())
    assert suggested == {"run": {"market_ids": [deep_key, thin_key]}}


def test_a_stop_gives_what_was_read_by_then(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def tick(done: int, total: int) -> bool:
        asked.append((done, total))
        return len(asked) < 3

    plan = RecordingPlan(path=_world(tmp_path), params=PARAMS, trade_poll_limit=500)
    probes = RecordedProbes(plan, tick)
    found = asyncio.run(probes.candidates())
    assert len(asked) == 3
    assert all(0 < done <= total for done, total in asked)
    assert not probes.is_complete
    assert len(found) == 20
    assert 0 < probes.probe_ms < 320_000


def test_before_the_reading_there_is_nothing(tmp_path: Path) -> None:
    plan = RecordingPlan(path=tmp_path / "none", params=PARAMS, trade_poll_limit=500)
    probes = RecordedProbes(plan, lambda _done, _total: True)
    assert (probes.probe_ms, probes.is_complete) == (0, True)
    took = list[Score | None]()
    asyncio.run(probes.run([], took.append))
    assert took == []


def test_a_missing_recording_leaves_no_directory(tmp_path: Path) -> None:
    run = _select(tmp_path, tmp_path / "none.jsonl.zst")
    assert run.code == 3
    assert "cannot open the recording" in run.err
    assert not (tmp_path / "out").exists()


def test_a_damaged_recording_is_a_fault_with_its_line(tmp_path: Path) -> None:
    capture = tmp_path / "bad.jsonl"
    capture.write_text('{"t":1,"c":"q-0","e":0,"k":"ref","m":"x"}\nnonsense\n')
    run = _select(tmp_path, capture)
    assert run.code == 3
    assert "line 2" in run.err


def test_a_used_directory_is_refused(tmp_path: Path) -> None:
    capture = Tape(("deep", TIGHT), seconds=10).write(tmp_path)
    _select(tmp_path, capture)
    before = _table(tmp_path)
    run = _select(tmp_path, capture)
    assert run.code == 3
    assert "File exists" in run.err
    assert _table(tmp_path) == before


def test_an_unknown_source_is_a_usage_error(tmp_path: Path) -> None:
    for verb in (("select",), ("list",), ("show", "1")):
        run = Run("markets", *verb, "--config", _config(tmp_path), "--source", "elsewhere")
        assert run.code == 2
        assert "polymarket or replay:CAPTURE" in run.err


@pytest.mark.parametrize("option", [("--probe-seconds", "0"), ("--pool-limit", "0")])
def test_options_have_ranges(tmp_path: Path, option: tuple[str, str]) -> None:
    run = Run("markets", "select", "--config", _config(tmp_path), *option)
    assert run.code == 2


def test_the_sets_of_a_capture_are_listed_from_its_manifest(tmp_path: Path) -> None:
    capture = Tape(("thin", WIDE), ("=deep\x1b", TIGHT), seconds=5).write(tmp_path)
    source = ("--config", _config(tmp_path), "--source", f"replay:{capture}")
    facts = json.loads(Run("markets", "list", *source, "--json").out)
    assert [row["key"] for row in facts["markets"]] == ["thin", "=deep\x1b"]
    assert facts["markets"][0] == {
        "key": "thin",
        "strategy": "triangle",
        "legs": "3",
        "settlement": "hold",
        "question": "question 0",
    }
    shown = Run("markets", "list", *source).out
    assert "sets (n = 2) of 6 markets" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("name", "conditions"),
    [("0xc01", ["0xc01"]), ("042", ["0xc04"]), ("thin", ["0xc00", "0xc01", "0xc02"])],
)
def test_a_market_of_a_capture_is_shown_by_any_of_its_names(
    tmp_path: Path, name: str, conditions: list[str]
) -> None:
    capture = Tape(("thin", WIDE), ("deep", TIGHT), seconds=5).write(tmp_path)
    source = ("--config", _config(tmp_path), "--source", f"replay:{capture}")
    run = Run("markets", "show", name, *source, "--json")
    markets: list[dict[str, JsonValue]] = json.loads(run.out)["markets"]
    assert [market["condition_id"] for market in markets] == conditions
    assert markets[0]["fees"] == "unknown"
    assert markets[0]["end"] == "2027-01-16 08:00 UTC"
    assert "tick_size" in Run("markets", "show", name, *source).out


def test_an_unknown_market_is_a_usage_error(tmp_path: Path) -> None:
    capture = Tape(("thin", WIDE), seconds=5).write(tmp_path)
    run = Run(
        "markets", "show", "none", "--config", _config(tmp_path), "--source", f"replay:{capture}"
    )
    assert run.code == 2
    assert "razor markets list shows them" in run.err


def test_a_capture_without_a_manifest_cannot_be_listed(tmp_path: Path) -> None:
    capture = Tape(("thin", WIDE), seconds=5).write(tmp_path)
    manifest_path(capture).unlink()
    with pytest.raises(StorageError, match="manifest"):
        read_listing(capture)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"schema":"other","markets":[],"sets":[]}', '{"markets":7}', "\xff"]
)
def test_an_odd_manifest_is_refused(tmp_path: Path, content: str) -> None:
    capture = tmp_path / "x.jsonl.zst"
    manifest_path(capture).write_text(content, encoding="latin-1")
    with pytest.raises(DecodeError):
        read_listing(capture)


def test_the_manifest_of_a_world_is_read(tmp_path: Path) -> None:
    listing = read_listing(_world(tmp_path))
    assert (len(listing.markets), len(listing.sets)) == (16, 20)


def test_an_odd_report_is_refused() -> None:
    for text in ("", "{}", '{"from_ms":"x"}'):
        with pytest.raises(DecodeError):
            decode_report(text)


def test_a_prober_refuses_settings_and_kinds_it_does_not_know() -> None:
    with pytest.raises(_core.RazorError):
        _core.Prober(b"{}")
    with pytest.raises(ValueError, match="kind"):
        _core.Prober(PARAMS).feed("none", "q-0", 0, 0, b"")
