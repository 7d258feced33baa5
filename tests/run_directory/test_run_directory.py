"""Creating, holding, finding and listing runs, on good and on hostile disks."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from razor.adapters.files.disk import replace_file
from razor.adapters.files.run_catalogue import find_run, last_run, list_runs
from razor.adapters.files.run_directory import (
    RunDirectory,
    create_run,
    create_run_at,
    is_held,
    open_run,
    read_manifest,
)
from razor.adapters.files.run_name import is_file_name, is_run_name, run_name
from razor.domain.errors import DecodeError, StorageError
from razor.domain.manifest import Manifest, RunEnd, encode_manifest, ended
from tests.run_directory.manifests import STARTED_NS, manifest_for

NOBODY = 65_534
CONFIG = b"# mine\n[brain]\nq_req = 5\n"


def new_run(runs: Path, *, pid: int = 42, started_ns: int = STARTED_NS) -> RunDirectory:
    return create_run(runs, config=CONFIG, describe=manifest_for, started_ns=started_ns, pid=pid)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Permissions mean nothing to root: act as nobody while the block runs."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_name_is_utc_time_and_six_digits_by_the_predecessors_rule() -> None:
    started_ms = STARTED_NS // 1_000_000
    digits = ((started_ms & 0xFFFFFFFF) ^ 42 ^ 0) % 1_000_000
    name = run_name(started_ns=STARTED_NS, pid=42, attempt=0)
    assert name == f"run_20261121_083320_{digits:06d}"
    assert is_run_name(name)


def test_new_run_has_config_manifest_and_latest(tmp_path: Path) -> None:
    runs = tmp_path / "deep" / "runs"
    with new_run(runs) as run:
        assert (run.path / "config.toml").read_bytes() == CONFIG
        assert run.manifest() == manifest_for(run.run_id)
        latest = runs / "run_latest"
        assert latest.is_symlink()
        assert str(latest.readlink()) == run.run_id
        assert sorted(path.name for path in run.path.iterdir()) == [
            "config.toml",
            "lock",
            "manifest.json",
        ]


def test_taken_name_gives_the_next_attempt(tmp_path: Path) -> None:
    with new_run(tmp_path) as first, new_run(tmp_path) as second:
        assert first.run_id != second.run_id
        assert second.run_id == run_name(started_ns=STARTED_NS, pid=42, attempt=1)
        assert str((tmp_path / "run_latest").readlink()) == second.run_id


def test_latest_that_is_no_symlink_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "run_latest").mkdir()
    with pytest.raises(StorageError, match="not a symlink") as caught:
        new_run(tmp_path)
    assert "move" in caught.value.remedy
    assert [path.name for path in tmp_path.iterdir()] == ["run_latest"]


def test_dangling_latest_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "run_latest").symlink_to("run_20200101_000000_000000")
    with new_run(tmp_path) as run:
        assert find_run(tmp_path, "run_latest") == run.path


def test_runs_dir_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    place = tmp_path / "runs"
    place.write_text("x")
    with pytest.raises(StorageError, match="create the runs directory") as caught:
        new_run(place)
    assert caught.value.path == str(place)
    assert "move it away" in caught.value.remedy


def test_runs_dir_under_a_file_is_one_clear_error(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("x")
    with pytest.raises(StorageError) as caught:
        new_run(place / "runs")
    assert "is a file" in caught.value.remedy


def test_read_only_runs_dir_is_one_clear_error(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    tmp_path.chmod(0o555)
    with unprivileged(), pytest.raises(StorageError, match="Permission denied") as caught:
        new_run(tmp_path)
    assert "permissions" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failing", [1, 2, 3, 4, 5, 6])
def test_full_disk_leaves_no_half_made_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    with new_run(tmp_path) as earlier:
        calls = 0
        sync = os.fsync

        def full(handle: int) -> None:
            nonlocal calls
            calls += 1
            if calls == failing:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(handle)

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left") as caught:
            new_run(tmp_path, pid=43)
        monkeypatch.undo()
        assert "free space" in caught.value.remedy
        assert calls == failing
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {earlier.run_id, "run_latest"}
        assert find_run(tmp_path, "run_latest") == earlier.path


def test_first_run_on_a_full_disk_leaves_no_dangling_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced = 0

    def full(_handle: int) -> None:
        nonlocal replaced
        replaced += 1
        if replaced == 6:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        new_run(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_failure_to_describe_a_run_gives_its_name_free(tmp_path: Path) -> None:
    def broken(_run_id: str) -> Manifest:
        message = "no manifest"
        raise LookupError(message)

    with pytest.raises(LookupError):
        create_run(tmp_path, config=CONFIG, describe=broken, started_ns=STARTED_NS, pid=1)
    assert list(tmp_path.iterdir()) == []


def test_failed_replacement_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_file(tmp_path, "report.json", b"old")

    def broken(_handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StorageError, match="Input/output error"):
        replace_file(tmp_path, "report.json", b"new")
    monkeypatch.undo()
    assert (tmp_path / "report.json").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_replacement_is_synced_before_it_is_named_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, rename = os.fsync, os.replace

    def spy_sync(handle: int) -> None:
        steps.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def spy_rename(old: str, new: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        steps.append("rename")
        rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "fsync", spy_sync)
    monkeypatch.setattr(os, "replace", spy_rename)
    replace_file(tmp_path, "manifest.json", b"x")
    assert steps == ["file", "rename", "directory"]


def test_leftover_of_a_crash_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".manifest.json.new").write_bytes(b"half")
    replace_file(tmp_path, "manifest.json", b"whole")
    assert (tmp_path / "manifest.json").read_bytes() == b"whole"


def test_symlink_under_the_target_name_is_replaced_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    inside = tmp_path / "run"
    inside.mkdir()
    (inside / "manifest.json").symlink_to(outside)
    replace_file(inside, "manifest.json", b"new")
    assert outside.read_bytes() == b"precious"
    assert (inside / "manifest.json").read_bytes() == b"new"


def test_symlinked_manifest_is_not_read(tmp_path: Path) -> None:
    with new_run(tmp_path) as run:
        real = tmp_path / "real.json"
        (run.path / "manifest.json").rename(real)
        (run.path / "manifest.json").symlink_to(real)
        with pytest.raises(StorageError) as caught:
            run.manifest()
        assert "symlink" in caught.value.remedy


HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "/etc/passwd",
    "a\\..\\b",
    "a\0b",
    "%2e%2e",
    "a b",
    ".hidden",
    "-rf",
    "a\nb",
    "x" * 101,
    "a..b",
    "naïve",
    "con:",
    "a\u202eb",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_names_are_refused(tmp_path: Path, name: str) -> None:
    with new_run(tmp_path) as run, pytest.raises(StorageError, match="not allowed"):
        run.file(name)


@pytest.mark.parametrize(
    "name", ["journal", "raw_ws.jsonl", "shadow_log.csv", "segment-000001.rzj.zst", "A1"]
)
def test_honest_file_names_stay_inside(tmp_path: Path, name: str) -> None:
    with new_run(tmp_path) as run:
        assert run.file(name) == run.path / name


def test_symlink_inside_a_run_is_not_handed_out(tmp_path: Path) -> None:
    with new_run(tmp_path) as run:
        (run.path / "ticks.csv").symlink_to("/etc/passwd")
        with pytest.raises(StorageError, match="symlink"):
            run.file("ticks.csv")


@pytest.mark.parametrize(
    "name",
    [
        *HOSTILE,
        "run_20261121_083320",
        "run_20261121_083320_12345",
        "run_20261121_083320_1234567",
        "run_20261321_083320_123456",
        "run_20261121_253320_123456",
        "RUN_20261121_083320_123456",
        "run_20261121_083320_123456\n",
        "run_\uff12\uff10261121_083320_123456",
        "run_20261121_083320_123456/..",
    ],
)
def test_only_names_of_runs_are_looked_up(tmp_path: Path, name: str) -> None:
    assert not is_run_name(name)
    with pytest.raises(StorageError, match="no run"):
        find_run(tmp_path, name)


@given(st.text(max_size=60))
def test_no_accepted_name_leaves_the_directory(name: str) -> None:
    root = Path.cwd() / "run"
    for is_allowed in (is_file_name, is_run_name):
        if is_allowed(name):
            assert (root / name).resolve().parent == root.resolve()


@given(st.integers(0, 4_000_000_000_000_000_000), st.integers(1, 4_194_304), st.integers(0, 999))
def test_every_name_razor_makes_is_a_run_name(started_ns: int, pid: int, attempt: int) -> None:
    assert is_run_name(run_name(started_ns=started_ns, pid=pid, attempt=attempt))


@pytest.mark.parametrize("target", ["../elsewhere", "/tmp", "run_latest", "x"])  # noqa: S108
def test_latest_that_leads_elsewhere_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "run_latest").symlink_to(target)
    with pytest.raises(StorageError, match="no run"):
        find_run(tmp_path, "run_latest")


def test_run_that_is_a_symlink_is_no_run(tmp_path: Path) -> None:
    name = "run_20261121_083320_123456"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / name).symlink_to("elsewhere")
    assert list_runs(tmp_path) == ()
    with pytest.raises(StorageError, match="no run"):
        find_run(tmp_path, name)


def test_missing_latest_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="read run_latest"):
        find_run(tmp_path, "run_latest")


def test_second_holder_is_refused(tmp_path: Path) -> None:
    with new_run(tmp_path) as run:
        assert is_held(run.path)
        with pytest.raises(StorageError, match="another process is writing"):
            open_run(run.path)
    assert not is_held(run.path)
    with open_run(run.path) as again:
        assert again.run_id == run.run_id


def test_a_symlink_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    with new_run(tmp_path) as run:
        pass
    (run.path / "lock").unlink()
    (run.path / "lock").symlink_to(tmp_path / "outside")
    with pytest.raises(StorageError) as caught:
        open_run(run.path)
    assert (caught.value.path, bool(caught.value.remedy)) == (str(run.path / "lock"), True)
    with pytest.raises(StorageError):
        is_held(run.path)
    assert not (tmp_path / "outside").exists()


def test_hold_ends_with_the_process(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from razor.adapters.files.run_directory import create_run\n"
        "from tests.run_directory.manifests import manifest_for\n"
        "run = create_run(Path(sys.argv[1]), config=b'', describe=manifest_for,"
        " started_ns=0, pid=1)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'python'}:{root}"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=environment, check=False
    )
    assert done.returncode == -9
    killed = list_runs(tmp_path)[0]
    assert not killed.is_held
    assert killed.manifest is not None
    assert killed.manifest.end is None
    with open_run(killed.path) as run:
        assert run.run_id == killed.run_id


def test_run_in_a_chosen_directory_leaves_latest_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with create_run_at(out, run_id="replay_x", config=CONFIG, describe=manifest_for) as run:
        assert run.manifest().run_id == "replay_x"
    assert not (tmp_path / "run_latest").exists()


def test_chosen_directory_with_files_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(StorageError, match="not empty"):
        create_run_at(tmp_path, run_id="replay_x", config=CONFIG, describe=manifest_for)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_listing_shows_good_and_damaged_runs_in_order(tmp_path: Path) -> None:
    with new_run(tmp_path, started_ns=STARTED_NS) as first:
        pass
    damaged = tmp_path / "run_20270101_000000_000000"
    damaged.mkdir()
    (damaged / "manifest.json").write_bytes(b"{")
    (tmp_path / "notes").mkdir()
    entries = list_runs(tmp_path)
    assert [entry.run_id for entry in entries] == [first.run_id, damaged.name]
    assert entries[0].manifest is not None
    assert entries[1].manifest is None
    assert "not a manifest" in entries[1].problem


def test_missing_runs_dir_is_an_empty_list(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == ()


def test_last_run_is_the_one_nothing_continues_even_if_the_clock_went_back(tmp_path: Path) -> None:
    with new_run(tmp_path, started_ns=STARTED_NS) as first:
        pass
    hour_ns = 3_600_000_000_000
    with create_run(
        tmp_path,
        config=CONFIG,
        describe=lambda run_id: manifest_for(run_id, continues=first.run_id),
        started_ns=STARTED_NS - hour_ns,
        pid=42,
    ) as second:
        pass
    assert second.run_id < first.run_id
    found = last_run(tmp_path, source_kind="polymarket")
    assert found is not None
    assert found.run_id == second.run_id


def test_last_run_ignores_replays_and_other_sources(tmp_path: Path) -> None:
    with create_run(
        tmp_path,
        config=CONFIG,
        describe=lambda run_id: manifest_for(run_id, kind="replay"),
        started_ns=STARTED_NS,
        pid=1,
    ):
        pass
    assert last_run(tmp_path, source_kind="replay") is None
    assert last_run(tmp_path, source_kind="polymarket") is None


def test_last_run_that_is_being_written_refuses_a_second_writer(tmp_path: Path) -> None:
    with new_run(tmp_path), pytest.raises(StorageError, match="being written"):
        last_run(tmp_path, source_kind="polymarket")


def test_clean_end_is_recorded_in_the_manifest(tmp_path: Path) -> None:
    end = RunEnd(ended_ns=STARTED_NS + 1, cause="SIGTERM", exit_code=0)
    with new_run(tmp_path) as run:
        run.write_manifest(ended(run.manifest(), end))
    assert read_manifest(run.path).end == end


def test_manifest_of_a_foreign_kind_is_a_decode_error(tmp_path: Path) -> None:
    with new_run(tmp_path) as run:
        run.replace("manifest.json", b'{"schema_version": "1.3.2a"}')
        with pytest.raises(DecodeError):
            run.manifest()


def test_manifest_that_is_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(StorageError, match="Invalid argument"):
        read_manifest(tmp_path)


def test_manifest_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "manifest.json").open("wb") as file:
        file.truncate(17_000_000)
    with pytest.raises(StorageError, match="too large"):
        read_manifest(tmp_path)


def test_replacing_twice_gives_the_last_content(tmp_path: Path) -> None:
    with new_run(tmp_path) as run:
        newer = replace(manifest_for(run.run_id), markers=("simulated depth",))
        run.write_manifest(newer)
        assert run.manifest() == newer
        assert encode_manifest(newer) == (run.path / "manifest.json").read_bytes()
