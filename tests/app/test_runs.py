"""Opening and closing runs: what is in a directory after an end in order, and after none."""

from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from razor import _core
from razor.adapters.files.config_file import ConfigFile
from razor.adapters.files.run_directory import is_held, read_manifest
from razor.app.console import Console
from razor.app.logs import RunLabel
from razor.app.runs import RunPlan, admitted_gates, opened
from razor.app.stop import StopRequest
from razor.app.wiring import Process
from razor.domain.errors import GateRefused, SettingsError, StorageError
from razor.domain.manifest import Host, ResumePolicy, Source
from razor.domain.mode import OrderPath
from razor.domain.params import Rules
from razor.domain.settings import Settings, default_file, read_settings, settings_hash

STARTED_NS = 1_800_000_000_000_000_000
SECOND = 1_000_000_000


def process(
    *, started_ns: int = STARTED_NS, environment: Mapping[str, str] | None = None
) -> Process:
    return Process(
        environment=environment or {"GIT_SHA": "c" * 40},
        console=Console(out=StringIO(), err=StringIO()),
        stop=StopRequest(),
        label=RunLabel(),
        host=Host(name="desk", os="Linux", arch="x86_64", python="3.11"),
        pid=42,
        started_ns=started_ns,
    )


def config(settings: Settings | None = None) -> ConfigFile:
    return ConfigFile(
        path=Path("config.toml"), raw=default_file().encode(), settings=settings or Settings()
    )


def plan(
    runs_dir: Path, *, is_live: bool = True, resume: ResumePolicy = ResumePolicy.AUTO
) -> RunPlan:
    file = config()
    kind = "polymarket" if is_live else "replay"
    return RunPlan(
        config=file,
        gates=admitted_gates(process(), None, file),
        source=Source(kind=kind, name="" if is_live else "abc", is_live=is_live),
        runs_dir=runs_dir,
        label=None if is_live else "replay_abc",
        resume=resume,
    )


def broken_off(start: Process, of: RunPlan) -> Path:
    """Open a run and leave it as a crash would; gives its directory."""
    paths: list[Path] = []

    def crash() -> None:
        with opened(start, of) as run:
            paths.append(run.directory.path)
            run.session.feed("timer", "", 0, start.started_ns, b"")
            run.session.flush_durable()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    (path,) = paths
    return path


def test_a_run_that_ends_in_order_is_closed_released_and_says_how(tmp_path: Path) -> None:
    start = process()
    with opened(start, plan(tmp_path)) as run:
        assert is_held(run.directory.path)
        assert [path.name for path in run.directory.path.glob("*lock*")] == ["lock"]
        assert start.label.run_id == run.directory.run_id == run.label
        run.finish(start, cause="SIGINT")
    path = run.directory.path
    manifest = read_manifest(path)
    assert manifest.end is not None
    assert (manifest.end.cause, manifest.end.exit_code) == ("SIGINT", 0)
    assert _core.journal_head(path)[2] == "closed"
    assert not is_held(path)
    assert (tmp_path / "run_latest").resolve() == path.resolve()


def test_a_run_that_raised_has_no_end_and_keeps_what_was_durable(tmp_path: Path) -> None:
    path = broken_off(process(), plan(tmp_path))
    assert read_manifest(path).end is None
    records, _, tail, _ = _core.journal_head(path)
    assert tail != "closed"
    assert records >= 2
    assert not is_held(path)


def test_a_live_run_goes_on_behind_its_unclean_end(tmp_path: Path) -> None:
    path = broken_off(process(), plan(tmp_path))
    later = process(started_ns=STARTED_NS + SECOND)
    with opened(later, plan(tmp_path)) as run:
        assert run.directory.path == path
        assert run.session.is_resumed
        assert run.directory.run_id in run.notice
        run.finish(later, cause="finished")
    manifest = read_manifest(path)
    assert [session.started_ns for session in manifest.sessions] == [
        STARTED_NS,
        STARTED_NS + SECOND,
    ]
    assert manifest.end is not None


@pytest.mark.parametrize("why", ["never", "settings", "clean"])
def test_otherwise_a_new_run_names_the_one_before(tmp_path: Path, why: str) -> None:
    of = plan(tmp_path)
    if why == "clean":
        first = process()
        with opened(first, of) as run:
            run.finish(first, cause="finished")
        path = run.directory.path
    else:
        path = broken_off(process(), of)
    if why == "never":
        of = replace(of, resume=ResumePolicy.NEVER)
    if why == "settings":
        run_settings = replace(Settings().run, snapshot_log_interval_ms=77)
        of = replace(of, config=config(replace(Settings(), run=run_settings)))
    later = process(started_ns=STARTED_NS + SECOND)
    with opened(later, of) as run:
        assert run.directory.path != path
        assert not run.session.is_resumed
        assert run.notice == ""
        run.finish(later, cause="finished")
    assert read_manifest(run.directory.path).continues == path.name


def test_a_recording_is_always_played_from_its_beginning(tmp_path: Path) -> None:
    of = plan(tmp_path, is_live=False)
    first = broken_off(process(), of)
    later = process(started_ns=STARTED_NS + SECOND)
    with opened(later, of) as run:
        assert run.directory.path != first
        assert run.label == "replay_abc"
        run.finish(later, cause="finished")
    assert read_manifest(run.directory.path).continues is None


def test_the_manifest_names_settings_code_rules_and_source(tmp_path: Path) -> None:
    of = replace(
        plan(tmp_path, is_live=False),
        rules=Rules.PREDECESSOR,
        seeds=(("world", 7),),
        markers=("m",),
    )
    start = process()
    with opened(start, of) as run:
        run.finish(start, cause="finished")
    manifest = read_manifest(run.directory.path)
    assert manifest.settings_hash == settings_hash(Settings())
    assert manifest.commit == "c" * 40
    assert (manifest.seeds, manifest.markers) == ({"world": 7}, ("m",))
    assert manifest.schema_versions["rules"] == "predecessor"
    assert manifest.schema_versions["frozen_rules"] == "1.3.2a"
    assert manifest.gates.order_path is OrderPath.NONE
    assert (run.directory.path / "config.toml").read_bytes() == default_file().encode()


def test_a_second_live_start_beside_a_running_one_is_refused(tmp_path: Path) -> None:
    first, second = process(), process(started_ns=STARTED_NS + SECOND)
    with opened(first, plan(tmp_path)) as run:
        with (
            pytest.raises(StorageError, match="another process") as caught,
            opened(second, plan(tmp_path)),
        ):
            pytest.fail("two processes write one source")
        assert "--runs-dir" in caught.value.remedy
        run.finish(first, cause="finished")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("run_2")] == [
        run.directory.run_id
    ]


def test_a_replay_beside_a_running_recording_gets_a_run_of_its_own(tmp_path: Path) -> None:
    first, second = process(), process(started_ns=STARTED_NS + SECOND)
    with (
        opened(first, plan(tmp_path)) as one,
        opened(second, plan(tmp_path, is_live=False)) as two,
    ):
        assert one.directory.path != two.directory.path
        two.finish(second, cause="finished")
        one.finish(first, cause="finished")


@pytest.mark.parametrize("mode", ["dry_run", None])
def test_a_dry_run_may_start(mode: str | None) -> None:
    assert admitted_gates(process(), mode, config()).order_path is OrderPath.NONE


def test_live_without_real_orders_is_simulated() -> None:
    assert admitted_gates(process(), "live", config()).order_path is OrderPath.SIM


def test_real_orders_are_refused_by_the_gates_that_are_shut() -> None:
    settings = read_settings("[live]\nenabled = true\n", source="test")
    real = replace(config(), settings=settings)
    with pytest.raises(GateRefused) as caught:
        admitted_gates(process(), "live", real)
    assert caught.value.remedy


@pytest.mark.parametrize("mode", ["sim", "", "DRY-RUN", "x"])
def test_an_unknown_mode_is_a_usage_error_that_lists_the_known_ones(mode: str) -> None:
    with pytest.raises(SettingsError, match="dry_run or live"):
        admitted_gates(process(), mode, config())
