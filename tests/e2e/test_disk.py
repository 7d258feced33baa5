"""Full and read-only disks, and names that are taken."""

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import captures, journals
from tests.e2e.loopback import changes, desk, moving, play
from tests.e2e.razor import ROOT, Done, here, is_one_message
from tests.feeds.probes import exclusive

# A recorder wants 256 MiB of room before it starts, and 1 MiB of reserve.
_ROOM = "270m"
CONFIG = ROOT / "config.toml"


@contextmanager
def _disk(place: Path, options: str) -> Generator[Path]:
    """A small file system at `place`; skips where the system forbids that."""
    place.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("a small disk needs root and mount")
    command = [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"a small disk cannot be made here: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(disk: Path) -> Path:
    """Take all the room that is left."""
    state = os.statvfs(disk)
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize)
    return filler


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return captures.world(tmp_path_factory.mktemp("disk") / "world.jsonl.zst", duration_ms=2_000)


def _is_fault(done: Done, *words: str) -> None:
    assert done.code == 3, done
    assert is_one_message(done)
    for word in words:
        assert word in done.err


def test_full_disk_stops_the_recording_keeps_what_was_durable_and_the_next_start_goes_on(
    tmp_path: Path,
) -> None:
    async def story(disk: Path) -> None:
        async with desk(disk) as at:
            async with at.start("run") as child:
                await child.until(at.is_flowing)
                await child.until(lambda: journals.records(at.latest) > 4)
                before = journals.records(at.latest)
                filler = _fill(disk)
                while not child.has_ended:
                    # The recorder notices when it next writes.
                    await changes(at.venue, 20)
                    await child.until(lambda: child.has_ended or at.is_flowing())
                done = await child.done()
            _is_fault(done, "disk is full: cannot write", "free space and start again")
            full = at.latest.resolve()
            assert journals.manifest(full).end is None
            assert journals.records(full) >= before
            filler.unlink()
            at.forget()
            again = await at.razor("run", "--duration", "1s")
            assert again.code == 0, again.err
            assert at.latest.resolve() == full
            verdict = here("audit", "verify", full)
            assert verdict.code == 0, verdict

    with _disk(tmp_path / "disk", f"size={_ROOM}") as disk:
        play(story(disk))


def test_full_disk_stops_trading_says_so_and_the_next_start_is_quiet(tmp_path: Path) -> None:
    async def story(disk: Path) -> None:
        async with desk(disk, markets=3) as at:
            exclusive(at.venue, "77", ask="0.30", numbers=(1, 2, 3))
            at.configure(("1", "2", "3"), more="[oms]\ndurable_intents = true\n")
            live = {"RAZOR_MODE": "live"}
            async with moving(at), at.start("run", environment=live) as child:
                await child.until(at.is_flowing)
                # A beat later the first order is on record.
                await child.until(lambda: len(journals.rows(at.latest / "trade_log.csv")) > 1)
                filler = _fill(disk)
                done = await child.done()
            assert done.code == 4, done
            assert is_one_message(done)
            assert "HARDSTOP guard=D-10: disk is full: cannot write" in done.err
            full = at.latest.resolve()
            assert journals.manifest(full).end is None
            filler.unlink()
            at.forget()
            async with moving(at), at.start("run", "--duration", "3s", environment=live) as child:
                again = await child.done()
            assert again.code in {0, 4}, again
            assert at.latest.resolve() == full, "the same run goes on"
            assert here("audit", "verify", full).code == 0
            rows = journals.rows(full / "trade_log.csv")
            assert [row["reason_codes"] for row in rows if row["action"] == "RECOVERY"]
            fired = [row["order_id"] for row in rows if row["action"] == "FIRE" and row["result"]]
            assert len(fired) == len(set(fired)), "no order ended twice"

    with _disk(tmp_path / "disk", f"size={_ROOM}") as disk:
        play(story(disk))


def test_disk_without_room_for_a_recording_is_refused_with_the_figures(
    tmp_path: Path, capture: Path
) -> None:
    with _disk(tmp_path / "disk", "size=2m") as disk:
        done = here("replay", capture, "--config", CONFIG, "--out-dir", disk / "out")
        _is_fault(done, "bytes are free for", "are needed", "free space")


def test_import_onto_a_full_disk_leaves_no_half_capture(tmp_path: Path) -> None:
    source = tmp_path / "ticks.txt"
    line = '1723161256012345678 {"stream":"x@trade","data":{"p":"1","q":"2"}}\n'
    source.write_text(line * 1_000, encoding="utf-8")
    with _disk(tmp_path / "disk", "size=1m") as disk:
        _fill(disk)
        done = here("capture", "import", source, "--format", "f6", "--out", disk / "x.jsonl.zst")
        _is_fault(done, str(disk / "x.jsonl.zst"))
        assert sorted(each.name for each in disk.iterdir()) == ["filler"]


def test_read_only_runs_directory_is_named_and_nothing_is_played(
    tmp_path: Path, capture: Path
) -> None:
    with _disk(tmp_path / "disk", "ro") as disk:
        for place in (disk, disk / "runs"):
            done = here("replay", capture, "--config", CONFIG, "--runs-dir", place)
            _is_fault(done, str(place), "Read-only file system", "choose another directory")
            done = here("demo", "--duration", "1s", "--runs-dir", place)
            _is_fault(done, str(place), "Read-only file system")
        done = here("capture", "import", capture, "--out", disk / "x.jsonl.zst", "--format", "f6")
        _is_fault(done, "x.jsonl.zst")


def test_page_of_a_report_that_cannot_be_written_is_named(tmp_path: Path, capture: Path) -> None:
    run = tmp_path / "run"
    assert here("replay", capture, "--config", CONFIG, "--out-dir", run).code == 0
    done = here("report", "day14", "--run", run, "--html", tmp_path / "no" / "page.html")
    _is_fault(done, "page.html", "No such file or directory", "check the path")


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_run_latest_that_is_no_symlink_is_left_alone(
    tmp_path: Path, capture: Path, kind: str
) -> None:
    latest = tmp_path / "run_latest"
    if kind == "file":
        latest.write_text("mine", encoding="utf-8")
    else:
        latest.mkdir()
        (latest / "mine").write_text("mine", encoding="utf-8")
    done = here("replay", capture, "--config", CONFIG, "--runs-dir", tmp_path)
    _is_fault(done, str(latest), "is not a symlink", f"move {latest} away")
    assert [each.name for each in tmp_path.iterdir()] == ["run_latest"]
    kept = latest if kind == "file" else latest / "mine"
    assert kept.read_text(encoding="utf-8") == "mine"


def test_runs_directory_that_is_a_file_is_named(tmp_path: Path, capture: Path) -> None:
    taken = tmp_path / "runs"
    taken.write_text("mine", encoding="utf-8")
    done = here("replay", capture, "--config", CONFIG, "--runs-dir", taken)
    _is_fault(done, str(taken), "File exists")
    assert taken.read_text(encoding="utf-8") == "mine"


def test_directory_with_files_is_never_taken_for_a_new_run(tmp_path: Path, capture: Path) -> None:
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    done = here("replay", capture, "--config", CONFIG, "--out-dir", tmp_path)
    _is_fault(done, f"cannot write a run into {tmp_path}: it is not empty", "choose a new")
    assert [each.name for each in tmp_path.iterdir()] == ["precious"]


def test_runs_directory_behind_a_symlink_works(tmp_path: Path, capture: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "runs").symlink_to("big", target_is_directory=True)
    runs = tmp_path / "runs"
    assert here("replay", capture, "--config", CONFIG, "--runs-dir", runs).code == 0
    for verb in (("audit", "verify"), ("audit", "rebuild"), ("report", "day14", "--run")):
        done = here(*verb, runs / "run_latest")
        assert done.code == 0, done


def test_killed_play_leaves_run_latest_on_a_run_that_can_be_rebuilt(
    tmp_path: Path, capture: Path
) -> None:
    async def story() -> None:
        source = f"replay:{capture}"
        async with desk(tmp_path) as at:
            async with at.start("run", "--source", source, "--speed", "1x") as child:
                await child.until(lambda: journals.segments(at.latest))
                child.ask(signal.SIGKILL)
                await child.done()
            assert journals.manifest(at.latest).end is None
            assert here("audit", "rebuild", at.latest).code == 0
            assert here("audit", "verify", at.latest).code == 0

    play(story())
