"""From orders at the simulated venue to a suggestion that an audit proves."""

import tomllib
from pathlib import Path

from tests.e2e.razor import here

_LIVE = {"RAZOR_MODE": "live"}


def test_a_simulated_run_ends_with_a_suggestion_that_says_it_is_simulated(tmp_path: Path) -> None:
    made = here("demo", "--runs-dir", tmp_path, "--duration", "60s", "--json", environment=_LIVE)
    assert made.code == 0, made.err
    run = Path(made.text("run_dir"))
    rows = (run / "calibration_log.csv").read_text(encoding="utf-8").count("\n") - 1
    assert rows > 0
    text = (run / "calibration_suggest.toml").read_text(encoding="utf-8")
    assert "SIMULATED" in text.splitlines()[0]
    found = tomllib.loads(text)["calibration_suggest"]
    assert (found["mode"], found["rows"]) == ("SIM", rows)
    assert found["liquid"]["samples"] + found["thin"]["samples"] + found["rejected"] == rows
    assert here("audit", "verify", run).code == 0
    review = here("calibrate", "review", "--run", run, "--json")
    assert review.code == 0, review.err
    assert review.facts()["rows"] == rows


def test_a_dry_run_ends_without_one(tmp_path: Path) -> None:
    made = here("demo", "--runs-dir", tmp_path, "--duration", "2s", "--json")
    run = Path(made.text("run_dir"))
    assert not (run / "calibration_suggest.toml").exists()
    review = here("calibrate", "review", "--run", run)
    assert review.code == 0
    assert "NO SUGGESTION" in review.out
