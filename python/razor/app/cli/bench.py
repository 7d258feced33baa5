"""``razor bench``: measure razor on this machine, beside its peers and against its targets."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click

from razor.app.bench.control import FULL, QUICK, Control, Sizes, StoppedError
from razor.app.bench.document import BEGIN, END, NoMarksError, write_document
from razor.app.bench.feed import measure_feed
from razor.app.bench.figure import Section
from razor.app.bench.importing import measure_import
from razor.app.bench.machine import Machine, load_text, this_machine
from razor.app.bench.memory import measure_memory
from razor.app.bench.oms import measure_oms
from razor.app.bench.recorder import measure_recorder
from razor.app.bench.replay import measure_replay
from razor.app.bench.restart import measure_restart
from razor.app.bench.soak import DAY, MINUTES, measure_soak
from razor.app.cli import options
from razor.app.cli.failure import ExitCode
from razor.app.cli.verb import Verb, process
from razor.app.wiring import Process

__all__ = ["bench_verb"]

_NAMES = ("feed", "replay", "recorder", "oms", "restart", "memory", "import")
# A soak of a day takes minutes of its own: it is run by its name alone.
_ALONE = ("soak",)
_COLUMNS = ("figure", "value", "unit", "target", "")


@click.command("bench", cls=Verb)
@click.argument("name", required=False, type=click.Choice(_NAMES + _ALONE))
@click.option("--quick", is_flag=True, help="Small workloads, about 10 s; no evidence.")
@click.option(
    "--recordings",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar="RAZOR_SHARED_DATA",
    metavar="DIR",
    help="Recorded quote tables for the import; without them it is skipped.",
)
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True),
    default=Path(),
    metavar="DIR",
    help="Where about 1 GB is written and removed again; by default the present directory.",
)
@click.option(
    "--document",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, writable=True),
    metavar="FILE",
    help="Also rewrite the tables of FILE, such as docs/PERFORMANCE.md.",
)
@options.as_json
@process
def bench_verb(
    start: Process,
    name: str | None,
    *,
    quick: bool,
    recordings: Path | None,
    scratch: Path,
    document: Path | None,
    as_json: bool,
) -> ExitCode:
    """Measure razor here: feed, replay, recorder, oms, restart, memory and import, all or NAME.

    Takes about two minutes on a quiet machine. Every figure stands beside its target. The soak is
    run by its name alone: 24 h of recorded time with orders on, some minutes; exit code 3 when
    memory grows or a gap is not explained.
    """
    load_before = load_text()
    names = _NAMES if name is None else (name,)
    with tempfile.TemporaryDirectory(prefix=".razor-bench-", dir=scratch) as room:
        bench = _Bench(start, QUICK if quick else FULL, Path(room), recordings)
        try:
            sections = [bench.measure(name) for name in names]
        except StoppedError:
            start.console.notice("stopped; the figures so far are worth nothing and are not shown")
            return ExitCode.DONE
    machine = this_machine(load_before=load_before)
    if document is not None:
        _write(document, machine, sections)
    if as_json:
        start.console.json(
            {
                "machine": machine.as_json(),
                "is_quick": quick,
                "sections": [section.as_json() for section in sections],
            }
        )
        return _verdict(sections)
    start.console.fact(machine.sentence())
    for section in sections:
        _show(start, section)
    return _verdict(sections)


def _verdict(sections: list[Section]) -> ExitCode:
    """A missed target of speed is shown; a broken bound of the soak is a fault."""
    judged = [section for section in sections if section.name in _ALONE]
    is_broken = any(one.is_reached is False for section in judged for one in section.figures)
    return ExitCode.FAULT if is_broken else ExitCode.DONE


class _Bench:
    """One measurement after the other, each with a progress bar of its own."""

    def __init__(
        self, start: Process, sizes: Sizes, scratch: Path, recordings: Path | None
    ) -> None:
        self._start = start
        self._sizes = sizes
        self._soak = MINUTES if sizes is QUICK else DAY
        self._scratch = scratch
        self._recordings = recordings

    def measure(self, name: str) -> Section:
        self._start.console.notice(f"measuring {name}")
        with self._start.console.progress(name) as bar:
            control = Control(
                now_ns=time.perf_counter_ns,
                is_stopped=lambda: self._start.stop.is_requested,
                advance=bar.advance,
            )
            return self._run(name)(control)

    def _run(self, name: str) -> Callable[[Control], Section]:
        sizes, scratch = self._sizes, self._scratch
        work: dict[str, Callable[[Control], Section]] = {
            "feed": lambda control: measure_feed(sizes, control),
            "replay": lambda control: measure_replay(sizes, control, scratch),
            "recorder": lambda control: measure_recorder(sizes, control, scratch),
            "oms": lambda control: measure_oms(sizes, control, scratch),
            "restart": lambda control: measure_restart(sizes, control, scratch),
            "memory": lambda control: measure_memory(sizes, control),
            "soak": lambda control: measure_soak(self._soak, sizes.seed, control, scratch),
            "import": lambda control: measure_import(sizes, control, scratch, self._recordings),
        }
        return work[name]


def _show(start: Process, section: Section) -> None:
    if section.skipped:
        start.console.fact(f"{section.title}: not measured: {section.skipped}")
        return
    rows = [figure.row() for figure in section.figures]
    start.console.table(_COLUMNS, rows, title=f"{section.title}: {section.workload}")
    for note in section.notes:
        start.console.fact(note)


def _write(document: Path, machine: Machine, sections: list[Section]) -> None:
    try:
        write_document(document, machine, sections)
    except NoMarksError:
        hint = f"{document} needs the lines {BEGIN!r} and {END!r} around its tables"
        raise click.UsageError(hint) from None
