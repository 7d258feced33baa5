"""``calibrate review`` and ``report calibration`` over real runs with a log of order attempts."""

import json
import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from razor.adapters.files.config_file import read_config
from razor.adapters.files.run_directory import read_manifest
from razor.app.calibrations import stale_suggestions, write_suggestion
from razor.app.verdicts import report_of_run, write_report
from razor.domain.manifest import encode_manifest
from razor.domain.settings import default_file
from tests.app.worlds import Place, made
from tests.cli.programs import Run

from .logs import HEADER, Try, mixed, steps, write

SUGGESTION = "calibration_suggest.toml"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made(tmp_path_factory.mktemp("calibration"))


@pytest.fixture
def run_dir(played: Place, tmp_path: Path) -> Path:
    """A copy of the run with attempts of its own."""
    return copied(played, tmp_path / "run_a", mixed())


def copied(played: Place, path: Path, tries: list[Try]) -> Path:
    shutil.copytree(played.run_dir, path)
    write(path, tries)
    return path


def review(*arguments: str | Path) -> Run:
    return Run("calibrate", "review", *map(str, arguments))


def facts(*arguments: str | Path) -> dict[str, Any]:
    run = review(*arguments, "--json")
    assert (run.code, run.err) == (0, "")
    found: dict[str, Any] = json.loads(run.out)
    return found


def is_one_message(run: Run) -> bool:
    is_silent = "Traceback" not in run.err and "razor has a bug" not in run.err
    return run.out == "" and run.err.count("error: ") == 1 and is_silent


def pasted(config: str, lines: str) -> str:
    """Do what the page tells a person: replace the lines of the same keys."""
    head, *keys = lines.splitlines()
    assert head == "[buckets]"
    for line in keys:
        key = line.split(" = ", maxsplit=1)[0]
        config, count = re.subn(rf"^{key} = .*$", line, config, flags=re.MULTILINE)
        assert count == 1
    return config


def test_a_review_shows_values_interval_bars_verdicts_and_the_lines_to_paste(run_dir: Path) -> None:
    run = review("--run", run_dir)
    assert (run.code, run.err) == (0, "")
    assert "suggested fill share (p25): thin 0.12" in run.out
    assert "Liquid: insufficient_samples (n = 24, needed 30); current value 0.3 stays" in run.out
    assert "Thin: 0.12, 95 % interval 0.06 to 0.19 (n = 52); current value 0.1" in run.out
    assert "SIMULATED FILLS" in run.out
    assert re.search(r"0\.1 to 0\.2 .* 10 +█+", run.out)
    assert re.search(r"suggested .* 0\.12 .* NO GO", run.out)
    assert run.out.endswith(
        "\n# Suggestion from SIMULATED fills (mode SIM): they show the model of the simulated "
        "venue, not the venue.\n[buckets]\nfill_share_thin_p25 = 0.12\n"
    )


def test_the_lines_to_paste_are_settings_that_razor_takes(run_dir: Path, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(pasted(default_file(), str(facts("--run", run_dir)["paste"])), "utf-8")
    settings = read_config(config).settings
    assert settings.buckets.fill_share_thin_p25 == Decimal("0.12")
    assert settings.buckets.fill_share_liquid_p25 == Decimal("0.3")
    assert Run("config", "check", "--config", str(config)).code == 0


def test_no_settings_file_is_ever_changed(played: Place, run_dir: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(default_file(), "utf-8")
    before = {
        path: path.read_bytes()
        for path in (config, played.config, *sorted(run_dir.rglob("*")))
        if path.is_file()
    }
    html = tmp_path / "page.html"
    for verb in (
        ("calibrate", "review", "--run", run_dir),
        ("calibrate", "review", "--run", run_dir, "--config", config, "--json"),
        ("calibrate", "review", "--run", run_dir, "--out", tmp_path / "suggested.toml"),
        ("report", "calibration", "--run", run_dir, "--config", config, "--html", html),
    ):
        assert Run(*map(str, verb)).code == 0
    assert {path: path.read_bytes() for path in before} == before
    assert set(before) - {config, played.config} == {
        path for path in run_dir.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("name", ["config.toml", "mine.toml"])
def test_a_suggestion_is_not_written_over_settings(
    run_dir: Path, tmp_path: Path, name: str
) -> None:
    config = tmp_path / name
    config.write_text(default_file(), "utf-8")
    run = review("--run", run_dir, "--config", config, "--out", config)
    assert run.code == 2
    assert is_one_message(run)
    assert config.read_text("utf-8") == default_file()


def test_the_facts_are_json_with_exact_text(run_dir: Path) -> None:
    found = facts("--run", run_dir)
    assert (found["mode"], found["rows"], found["rejected"]) == ("SIM", 77, 1)
    thin = found["buckets"]["thin"]
    assert (thin["setting"], thin["current"]) == ("buckets.fill_share_thin_p25", "0.1")
    assert (thin["frozen"]["req"]["p25"], thin["clean"]["req"]["p25"]) == ("0.12", "0.09")
    assert thin["frozen"]["req"]["histogram"] == [10, 10, 10, 10, 0, 0, 0, 0, 0, 12]
    assert found["buckets"]["liquid"]["frozen"]["req"]["p25"] is None
    names = [outcome["name"] for outcome in found["day14"][0]["outcomes"]]
    assert names == ["as the run", "suggested", "low end", "high end"]


def test_the_first_settlement_is_the_report_of_the_run(run_dir: Path) -> None:
    found = facts("--run", run_dir)["day14"][0]["outcomes"][0]
    report = json.loads(Run("report", "day14", "--run", str(run_dir), "--json").out)
    assert report["day14"]["rows_ok"] == found["rows_ok"] > 0
    assert Decimal(str(report["day14"]["total_pnl_sum"])) == Decimal(found["total_pnl_sum"])


def test_settling_with_the_shares_of_the_run_gives_its_own_numbers(
    played: Place, run_dir: Path
) -> None:
    outcomes = facts("--run", run_dir, "--config", played.config)["day14"][0]["outcomes"]
    own, current, suggested = outcomes[:3]
    assert current["name"] == "current setting"
    unlike = ("name", "liquid", "thin")
    assert {key: own[key] for key in own if key not in unlike} == {
        key: current[key] for key in current if key not in unlike
    }
    assert suggested["total_pnl_sum"] != own["total_pnl_sum"]


def test_a_settled_ledger_is_what_a_run_with_that_share_writes(
    played: Place, run_dir: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(pasted(default_file(), str(facts("--run", run_dir)["paste"])), "utf-8")
    again = tmp_path / "again"
    replay = ("replay", str(played.capture), "--config", str(config), "--out-dir", str(again))
    assert Run(*replay).code == 0
    report = json.loads(Run("report", "day14", "--run", str(again), "--json").out)
    suggested = facts("--run", run_dir)["day14"][0]["outcomes"][1]
    assert suggested["name"] == "suggested"
    day14 = report["day14"]
    assert Decimal(str(day14["total_pnl_sum"])) == Decimal(suggested["total_pnl_sum"])
    assert Decimal(str(day14["set_ratio_avg"])) == Decimal(suggested["set_ratio_avg"])
    assert day14["verdict"]["go"] == suggested["go"]


def test_runs_are_calibrated_together_and_the_suggestion_names_them(
    played: Place, run_dir: Path, tmp_path: Path
) -> None:
    second = copied(played, tmp_path / "run_b", steps(run_id="run_b"))
    out = tmp_path / "both.toml"
    run = review("--run", run_dir, "--run", second, "--out", out)
    assert (run.code, run.err) == (0, f"suggestion {out}\n")
    found = tomllib.loads(out.read_text("utf-8"))["calibration_suggest"]
    assert found["runs"] == ["run_a", "run_b"]
    assert found["thin"]["samples"] == 92
    assert len(facts("--run", run_dir, "--run", second)["day14"]) == 2


def test_the_default_is_the_latest_run(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "run_latest").symlink_to(run_dir)
    monkeypatch.chdir(tmp_path)
    assert facts()["rows"] == 77
    assert Run("report", "calibration", "--json").code == 0


def test_the_page_has_both_plots_and_the_warning_that_fills_are_simulated(
    run_dir: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    run = Run("report", "calibration", "--run", str(run_dir), "--html", str(page))
    assert (run.code, run.err) == (0, f"page {page}\n")
    text = page.read_text("utf-8")
    assert text.count("<svg ") == 2
    assert "These fills are simulated." in text
    assert "fill_share_thin_p25 = 0.12" in text
    assert "<script" not in text


def test_a_report_of_a_run_writes_its_suggestion(run_dir: Path) -> None:
    suggestion = run_dir / SUGGESTION
    assert not suggestion.exists()
    write_report(run_dir, report_of_run(run_dir))
    text = suggestion.read_text("utf-8")
    assert tomllib.loads(text)["calibration_suggest"]["thin"]["p25"] == 0.12
    assert stale_suggestions(run_dir) == []
    suggestion.write_text(text.replace("0.12", "0.9"), "utf-8")
    assert stale_suggestions(run_dir) == [SUGGESTION]
    found = json.loads(Run("audit", "verify", str(run_dir), "--json").out)
    assert SUGGESTION in found["reports"]
    assert write_suggestion(run_dir) == suggestion
    assert suggestion.read_text("utf-8") == text


def test_a_suggestion_has_the_name_of_the_settings_of_its_run(run_dir: Path) -> None:
    config = run_dir / "config.toml"
    other = config.read_text("utf-8").replace(SUGGESTION, "mine.toml")
    config.write_text(other, "utf-8")
    assert write_suggestion(run_dir) == run_dir / "mine.toml"
    assert not (run_dir / SUGGESTION).exists()


def test_a_suggestion_without_a_readable_log_is_stale(run_dir: Path) -> None:
    log = run_dir / "calibration_log.csv"
    write_suggestion(run_dir)
    for spoil in (
        lambda: log.write_text("spoilt\n", "utf-8"),
        lambda: log.write_text(f"{HEADER}\n", "utf-8"),
        log.unlink,
    ):
        spoil()
        assert stale_suggestions(run_dir) == [SUGGESTION]


def test_a_dry_run_has_no_suggestion(played: Place) -> None:
    assert not (played.run_dir / SUGGESTION).exists()
    assert stale_suggestions(played.run_dir) == []
    assert Run("audit", "verify", str(played.run_dir)).code == 0


def test_a_run_without_a_log_is_a_fault_that_names_it(run_dir: Path, tmp_path: Path) -> None:
    (run_dir / "calibration_log.csv").unlink()
    assert write_suggestion(run_dir) is None
    for path, message in ((run_dir, "there is no calibration_log.csv"), (tmp_path / "none", "")):
        run = review("--run", path)
        assert (run.code, is_one_message(run)) == (3, True)
        assert message in run.err
        assert str(path) in run.err


BAD: dict[str, tuple[Callable[[str], str], str]] = {
    "another header": (lambda text: text.replace("ts_ms", "time"), "the header is not that of"),
    "a bad number": (lambda text: text.replace(",25,1.25\n", ",25,many\n", 1), "line 2, bid_size"),
    "a torn row": (lambda text: text[:-2], "the last row is cut"),
    "a short row": (lambda text: f"{text}1,run_a\n", "line 79 has 2 cells, not 17"),
    "two modes": (lambda text: text.replace("SIM", "LIVE", 1), "line 3, mode: found"),
    "no table": (lambda _: "\x00\x1b[31m", "the header is not that of"),
    "a forged share": (lambda text: text.replace(",0.01,", ",0.9,"), "line 3, real_share_req"),
    "not UTF-8": (lambda text: text.replace("0xabc", "\udcff"), "not UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_log_is_a_fault_that_names_file_and_line(run_dir: Path, name: str) -> None:
    spoil, message = BAD[name]
    log = run_dir / "calibration_log.csv"
    log.write_bytes(spoil(log.read_text("utf-8")).encode("utf-8", "surrogateescape"))
    for verb in (("calibrate", "review"), ("report", "calibration")):
        run = Run(*verb, "--run", str(run_dir))
        assert run.code == 3
        assert is_one_message(run)
        assert f"{log}: " in run.err
        assert message in run.err
        assert "\x1b" not in run.err


def test_runs_that_do_not_go_together_are_a_wrong_use(
    played: Place, run_dir: Path, tmp_path: Path
) -> None:
    live = copied(played, tmp_path / "live", steps(mode="LIVE", run_id="run_l"))
    other = copied(played, tmp_path / "other", steps(run_id="run_o"))
    manifest = read_manifest(other)
    schemas = manifest.schema_versions | {"frozen_rules": "1.4"}
    (other / "manifest.json").write_bytes(
        encode_manifest(replace(manifest, schema_versions=schemas))
    )
    for second, message in (
        (live, "calibrate SIM and LIVE runs apart"),
        (other, "allowed: runs of one schema version"),
        (run_dir, "name each run once"),
    ):
        run = review("--run", run_dir, "--run", second)
        assert run.code == 2, message
        assert is_one_message(run)
        assert message in run.err


def test_a_log_without_rows_suggests_nothing(played: Place, tmp_path: Path) -> None:
    path = copied(played, tmp_path / "empty", [])
    assert (path / "calibration_log.csv").read_text("utf-8") == f"{HEADER}\n"
    run = review("--run", path)
    assert run.code == 0
    assert "NO SUGGESTION" in run.out
    assert "There is nothing to change" in run.out
    assert facts("--run", path)["paste"] == ""
    page = tmp_path / "page.html"
    assert Run("report", "calibration", "--run", str(path), "--html", str(page)).code == 0
    assert "no fill share to show" in page.read_text("utf-8")


def test_a_ledger_that_cannot_be_read_is_a_fault(run_dir: Path) -> None:
    (run_dir / "shadow_log.csv").write_text("run_id\n", "utf-8")
    run = review("--run", run_dir)
    assert run.code == 3
    assert is_one_message(run)
    assert "razor audit rebuild" in run.err


@pytest.mark.parametrize("verb", [("calibrate", "review"), ("report", "calibration")])
def test_a_wrong_settings_file_is_a_wrong_use(run_dir: Path, verb: tuple[str, str]) -> None:
    run = Run(*verb, "--run", str(run_dir), "--config", str(run_dir / "none.toml"))
    assert (run.code, is_one_message(run)) == (2, True)
