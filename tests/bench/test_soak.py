"""The soak: what it judges, and a short one in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from razor.app.bench.soak import DAY, MINUTES, slope


def test_the_slope_is_that_of_the_line_whatever_its_height() -> None:
    hours = [1.0, 2.0, 3.0, 4.0]
    assert slope(hours, [70.0, 70.0, 70.0, 70.0]) == 0
    assert slope(hours, [70.0, 70.5, 71.0, 71.5]) == pytest.approx(0.5)
    # One high reading at the end is not a trend of its own height.
    assert 0 < slope(hours, [70.0, 70.0, 70.0, 71.0]) < 0.5
    assert slope([1.0], [70.0]) == 0


def test_a_day_is_a_day_and_only_a_day_is_judged() -> None:
    assert DAY.periods * DAY.period_s == 24 * 3_600
    assert (DAY.is_evidence, MINUTES.is_evidence) == (True, False)


def test_minutes_of_trading_lose_nothing_and_explain_every_gap(tmp_path: Path) -> None:
    # Its own process, as the whole of it is weighed.
    start = "import sys; from razor.app.cli import main; sys.argv[0] = 'razor'; main()"
    command = [sys.executable, "-c", start, "bench", "soak", "--quick", "--json"]
    run = subprocess.run(
        [*command, "--scratch", str(tmp_path)],
        capture_output=True,
        check=False,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
    )
    assert run.returncode == 0, run.stderr.decode()
    (section,) = json.loads(run.stdout)["sections"]
    assert section["name"] == "soak"
    figures = {figure["key"]: figure for figure in section["figures"]}
    for key in ("unexplained", "shed", "stops"):
        assert (figures[key]["value"], figures[key]["is_reached"]) == ("0", True), key
    assert int(figures["orders"]["value"]) > 20, "it traded"
    assert int(figures["rows"]["value"]) > int(figures["orders"]["value"])
    assert figures["slope_mib_per_hour"]["target"] is None, "minutes are no evidence"
    assert float(figures["resident_mib"]["value"]) > 10
