"""The same input gives the same bytes: twice, at any speed, from the capture or from the run."""

import os
import re
from pathlib import Path

import pytest

from tests.e2e import captures, journals
from tests.e2e.loopback import play
from tests.e2e.razor import ROOT, here, outside

CONFIG = ("--config", ROOT / "config.toml")


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture of 12 s with signals, sizes and prints."""
    return captures.world(tmp_path_factory.mktemp("same") / "world.jsonl.zst", duration_ms=12_000)


@pytest.fixture(scope="module")
def run(capture: Path) -> Path:
    made = capture.parent / "run"
    assert here("replay", capture, *CONFIG, "--out-dir", made).code == 0
    return made


def test_played_world_has_what_determinism_is_about(run: Path) -> None:
    assert len(journals.rows(run / "shadow_log.csv")) >= 3
    assert len(journals.rows(run / "trades.csv")) > 50
    assert len(captures.tables(run)) >= 11


def test_same_capture_twice_gives_the_same_bytes(capture: Path, run: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert here("replay", capture, *CONFIG, "--out-dir", again).code == 0
    assert captures.tables(again) == captures.tables(run)


def test_verbs_that_play_a_capture_give_the_same_bytes(
    capture: Path, run: Path, tmp_path: Path
) -> None:
    done = here("run", "--source", f"replay:{capture}", *CONFIG, "--runs-dir", tmp_path, "--json")
    assert done.code == 0
    assert captures.tables(Path(done.text("run_dir"))) == captures.tables(run)
    assert done.text("run_id") == f"replay_{journals.manifest(run).source.name}"


def test_ten_times_recorded_speed_gives_the_same_bytes_in_a_tenth_of_the_time(
    tmp_path: Path,
) -> None:
    short = captures.world(tmp_path / "short.jsonl.zst", duration_ms=6_000)
    runs = {}
    for speed in ("max", "10x"):
        runs[speed] = tmp_path / speed
        done = here("replay", short, *CONFIG, "--out-dir", runs[speed], "--speed", speed)
        assert done.code == 0
        if speed == "10x":
            assert done.took_s >= 0.55
    assert captures.tables(runs["max"]) == captures.tables(runs["10x"])


def test_replay_of_a_run_gives_its_tables_and_so_does_the_replay_of_that(
    run: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert here("replay", run, "--out-dir", first).code == 0
    assert here("replay", first, "--out-dir", second).code == 0
    assert captures.tables(first) == captures.tables(run)
    assert captures.tables(second) == captures.tables(run)
    kept = (run / "config.toml").read_bytes()
    assert (first / "config.toml").read_bytes() == kept


def test_copied_capture_under_another_name_gives_the_same_tables(
    capture: Path, run: Path, tmp_path: Path
) -> None:
    other = tmp_path / "another name.jsonl.zst"
    other.write_bytes(capture.read_bytes())
    again = tmp_path / "again"
    assert here("replay", other, *CONFIG, "--out-dir", again).code == 0
    assert captures.tables(again) == captures.tables(run)


def test_other_process_zone_and_language_give_the_same_bytes(
    capture: Path, run: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        environment = {"TZ": "Asia/Kolkata", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
        done = await outside(
            "replay", capture, *CONFIG, "--out-dir", "out", cwd=tmp_path, environment=environment
        )
        assert done.code == 0, done.err

    play(story())
    assert captures.tables(tmp_path / "out") == captures.tables(run)


def test_other_settings_give_another_ledger_and_another_seal(
    capture: Path, run: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[brain]\nq_req = 20\n", encoding="utf-8")
    out = tmp_path / "out"
    assert here("replay", capture, "--config", config, "--out-dir", out).code == 0
    assert captures.tables(out)["shadow_log.csv"] != captures.tables(run)["shadow_log.csv"]
    assert captures.tables(out)["ticks.csv"] == captures.tables(run)["ticks.csv"]
    assert journals.manifest(out).settings_hash != journals.manifest(run).settings_hash


def test_tables_and_reports_hold_no_host_no_path_and_no_wall_time(run: Path) -> None:
    host = os.uname().nodename
    for name, content in captures.tables(run).items():
        if name.startswith("journal/"):
            continue
        text = content.decode()
        assert str(run) not in text, name
        assert str(ROOT) not in text, name
        if len(host) > 4:
            assert host not in text, name
        # Started in 2026, recorded in 2027: every time in there is a recorded one.
        assert not re.search(r"\b1790000000|2026-", text), name


def test_duration_cuts_a_play_at_recorded_time(capture: Path, tmp_path: Path) -> None:
    runs = []
    for speed in ("max", "10x"):
        done = here(
            *("run", "--source", f"replay:{capture}", *CONFIG, "--duration", "4s"),
            *("--speed", speed, "--runs-dir", tmp_path / speed, "--json"),
        )
        assert (done.code, done.facts()["cause"]) == (0, "duration")
        assert int(done.text("span_ns")) <= 4_000_000_000
        runs.append(Path(done.text("run_dir")))
    assert captures.tables(runs[0]) == captures.tables(runs[1])
    assert here("audit", "verify", runs[0]).code == 0


def test_demo_is_the_same_every_time_and_ends_with_its_report(tmp_path: Path) -> None:
    runs = []
    for name in ("first", "second"):
        done = here("demo", "--runs-dir", tmp_path / name, "--duration", "20s")
        assert done.code == 0
        last = done.out.splitlines()[-1]
        assert last.startswith("report ")
        page = Path(last.removeprefix("report "))
        assert page.is_file()
        runs.append(page.parent)
    assert captures.tables(runs[0]) == captures.tables(runs[1])
    assert len(journals.rows(runs[0] / "shadow_log.csv")) > 0
    assert "seeded demo" in (runs[0] / "report.md").read_text(encoding="utf-8")
