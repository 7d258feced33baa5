"""``razor status``, ``stop``, ``halt`` and ``clear``: talking to a running process.

Owns: which run is meant, and how its standing is shown. Must never: touch the files of the run
besides its control file, or ask for a command twice.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import cast

import click

from razor.adapters.files.control_file import read_control_file
from razor.adapters.files.run_catalogue import find_run
from razor.adapters.files.run_name import LATEST
from razor.app.cli import options
from razor.app.cli.failure import ExitCode
from razor.app.cli.verb import Verb, process
from razor.app.standing import status_rows, stopped_words
from razor.app.wiring import Process
from razor.domain.control import REASON_MOST, CommandVerb, Status, is_reason
from razor.domain.errors import ControlError, JsonValue, Problem, SettingsError

__all__ = ["clear_verb", "halt_verb", "status_verb", "stop_verb"]

_WATCH_S = 1.0
_COLUMNS = ("fact", "value", "unit")
_DEFAULT_RUNS = Path("runs")
_DONE = {
    CommandVerb.STOP: "stop taken: no new set begins, the set in work finishes its ladder",
    CommandVerb.HALT: "halt taken: what is open is cancelled, nothing more is sent",
    CommandVerb.CLEAR: "clear taken: trading may begin again",
}

_run = click.argument(
    "run", metavar="[RUN]", required=False, type=click.Path(path_type=Path), default=None
)
_why_not = click.option(
    "--reason", "reason", default="", metavar="TEXT", help="Why; it stands in the trail."
)
_why = click.option(
    "--reason", "reason", required=True, metavar="TEXT", help="Why; it stands in the trail."
)


@click.command("status", cls=Verb)
@_run
@options.runs_dir
@click.option("--watch", "is_watch", is_flag=True, help="Show it anew every second.")
@options.as_json
@process
def status_verb(
    start: Process, run: Path | None, *, runs_dir: Path | None, is_watch: bool, as_json: bool
) -> ExitCode:
    """Say where a running process stands: feed, books, orders, caps, journal, disk.

    RUN is a run directory or the name of one; default: run_latest under --runs-dir.
    """
    run_dir = _run_dir(run, runs_dir)
    if not is_watch:
        _show(start, _ask(run_dir), is_json=as_json)
        return ExitCode.DONE
    if as_json:
        return _watch(start, run_dir, lambda status: start.console.json_line(_facts(status)))
    with start.console.live_table() as table:
        return _watch(
            start, run_dir, lambda status: table(_COLUMNS, status_rows(status), _title(status))
        )


@click.command("stop", cls=Verb)
@_run
@_why_not
@options.runs_dir
@options.as_json
@process
def stop_verb(
    start: Process, run: Path | None, *, reason: str, runs_dir: Path | None, as_json: bool
) -> ExitCode:
    """Stop trading in order: cancel, finish the ladder of the set in work, begin no new one.

    The process goes on recording; Ctrl-C ends it. A run without orders has nothing to stop.
    """
    return _command(start, CommandVerb.STOP, _run_dir(run, runs_dir), reason, is_json=as_json)


@click.command("halt", cls=Verb)
@_run
@_why_not
@options.runs_dir
@options.as_json
@process
def halt_verb(
    start: Process, run: Path | None, *, reason: str, runs_dir: Path | None, as_json: bool
) -> ExitCode:
    """Stop trading at once: cancel, and send nothing more, not even what would sell leftovers.

    The process goes on recording; Ctrl-C ends it. A run without orders has nothing to halt.
    """
    return _command(start, CommandVerb.HALT, _run_dir(run, runs_dir), reason, is_json=as_json)


@click.command("clear", cls=Verb)
@_run
@_why
@options.runs_dir
@options.as_json
@process
def clear_verb(
    start: Process, run: Path | None, *, reason: str, runs_dir: Path | None, as_json: bool
) -> ExitCode:
    """Let trading begin again after a stop, a halt or a HARDSTOP; refused while unresolved > 0."""
    if not is_reason(reason):
        raise _bad_reason(reason)
    return _command(start, CommandVerb.CLEAR, _run_dir(run, runs_dir), reason, is_json=as_json)


def _command(
    start: Process, verb: CommandVerb, run_dir: Path, reason: str, *, is_json: bool
) -> ExitCode:
    """Give one command and tell what is true after it."""
    from razor.adapters.control.client import ControlClient  # noqa: PLC0415 - loads HTTP

    if reason and not is_reason(reason):
        raise _bad_reason(reason)
    status = ControlClient(read_control_file(run_dir)).command(verb, reason)
    if not is_json:
        start.console.fact(_DONE[verb])
    _show(start, status, is_json=is_json)
    return ExitCode.DONE


def _watch(start: Process, run_dir: Path, show: Callable[[Status], None]) -> ExitCode:
    """Show every second where the run stands, until it ends or somebody asks for the end."""
    status = _ask(run_dir)
    while True:
        show(status)
        if start.stop.wait(_WATCH_S):
            return ExitCode.DONE
        try:
            status = _ask(run_dir)
        except ControlError as gone:
            if gone.cause != "NO_PROCESS":
                raise
            start.console.notice(f"run {status.run.run_id} is no longer running")
            return ExitCode.DONE


def _ask(run_dir: Path) -> Status:
    from razor.adapters.control.client import ControlClient  # noqa: PLC0415 - loads HTTP

    # Read anew each time: the next process of a run listens elsewhere.
    return ControlClient(read_control_file(run_dir)).status()


def _run_dir(run: Path | None, runs_dir: Path | None) -> Path:
    """Find the run that is meant. Errors: :class:`StorageError`."""
    if run is not None and run.is_dir():
        return run
    return find_run(runs_dir or _DEFAULT_RUNS, LATEST if run is None else str(run))


def _facts(status: Status) -> dict[str, JsonValue]:
    facts = {**asdict(status), "stopped_words": stopped_words(status)}
    return cast("dict[str, JsonValue]", facts)


def _show(start: Process, status: Status, *, is_json: bool) -> None:
    if is_json:
        start.console.json(_facts(status))
    else:
        start.console.table(_COLUMNS, status_rows(status), title=_title(status))


def _title(status: Status) -> str:
    return f"run {status.run.run_id}, process {status.run.pid}"


def _bad_reason(reason: str) -> SettingsError:
    problem = Problem(
        key="--reason",
        found=f"{len(reason)} characters" if reason.isprintable() else "unprintable characters",
        allowed=f"1 to {REASON_MOST} printable characters",
        remedy="say in a sentence why",
    )
    return SettingsError(source="command line", problems=[problem])
