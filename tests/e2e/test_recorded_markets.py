"""Recordings of real markets: what the dry run says of them. Skipped where they are absent."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from tests.e2e import journals
from tests.e2e.razor import ROOT, here

CONFIG = ("--config", ROOT / "config.toml")
DATA = Path(os.environ.get("RAZOR_SHARED_DATA", ROOT.parent / "shared" / "data"))
SESSION = "updown15m-raw-sessions/m9-rtds-natural-20260429T021025Z-fresh"
GAMMA_DAY = "gamma-crypto-universe/markets_2026-06-27.csv.zst"
SWEEP_DAY = "us-venue-quotes/quotes/dt=2026-07-16"


def _recording(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not here; set RAZOR_SHARED_DATA")
    return path


def _judged(tmp_path: Path, name: str) -> tuple[Path, Mapping[str, object], str]:
    """Import, run and report: the run, its report, and what was said."""
    recording = _recording(name)
    capture = tmp_path / "day.jsonl.zst"
    imported = here("capture", "import", recording, "--out", capture)
    assert imported.code == 0, imported.err
    arguments = ("run", "--source", f"replay:{capture}", *CONFIG, "--runs-dir", tmp_path / "runs")
    done = here(*arguments)
    assert done.code == 0, done.err
    run = (tmp_path / "runs" / "run_latest").resolve()
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    return run, cast("Mapping[str, object]", report), done.out


def _evidence(report: Mapping[str, object]) -> Mapping[str, object]:
    return cast("Mapping[str, object]", report["evidence"])


def _cannot_carry_a_verdict(run: Path, report: Mapping[str, object], said: str) -> None:
    evidence = _evidence(report)
    assert evidence["status"] == "insufficient"
    reasons = " ".join(cast("list[str]", evidence["reasons"])).lower()
    assert "print" in reasons, reasons
    assert "insufficient" in said.lower()
    for name in ("report.md", "report.html"):
        assert "insufficient" in (run / name).read_text(encoding="utf-8").lower()
    check = here("report", "day14", "--run", run, "--check")
    assert check.code == 1, "no verdict may be built on it"
    assert here("audit", "verify", run).code == 0


def test_session_without_prints_cannot_carry_a_verdict(tmp_path: Path) -> None:
    run, report, said = _judged(tmp_path, SESSION)
    _cannot_carry_a_verdict(run, report, said)
    found = journals.integrity(run)
    assert (found["markets"], found["trade_rows"]) == (3, 0)
    hashes = cast("Mapping[str, Mapping[str, Mapping[str, int]]]", found["books"])["hashes"]
    # Every recorded book proves itself by its hash (180 by WebSocket, 360 by REST).
    assert hashes["ws_book"]["matched"] + hashes["ws_book"]["unchecked"] == 180
    assert hashes["rest"]["mismatched"] == hashes["ws_book"]["mismatched"] == 0


@pytest.mark.timeout(120)
def test_day_of_gamma_quotes_cannot_carry_a_verdict(tmp_path: Path) -> None:
    run, report, said = _judged(tmp_path, GAMMA_DAY)
    _cannot_carry_a_verdict(run, report, said)
    assert "quotes without sizes" in said.replace("\n", " ") or "no sizes" in said.lower()
    assert journals.integrity(run)["sets"] > 0


@pytest.mark.timeout(240)
def test_day_of_sports_quotes_has_signals_and_still_no_verdict(tmp_path: Path) -> None:
    run, report, said = _judged(tmp_path, SWEEP_DAY)
    _cannot_carry_a_verdict(run, report, said)
    rows = journals.rows(run / "shadow_log.csv")
    assert len(rows) > 700
    triangles = [row for row in rows if row["strategy"] == "triangle"]
    assert len(triangles) > 600
    assert {row["total_pnl"] for row in rows} == {"0"}
    assert {row["bucket"] for row in rows} == {"thin"}
