"""A program with verbs that only tests need, and ways to run it."""

import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import click

from razor.app.cli.program import build_program, run_program
from razor.app.cli.verb import Verb, process
from razor.app.console import Console
from razor.app.logs import RunLabel
from razor.app.stop import StopRequest
from razor.app.wiring import Process, this_process
from razor.domain.manifest import Host

ROOT = Path(__file__).resolve().parents[2]


@click.command("wait", cls=Verb)
@process
def wait(start: Process) -> None:
    """Work until asked to stop, then flush."""
    start.console.fact("ready")
    while not start.stop.wait(0.05):
        pass
    start.console.fact(f"flushed after {start.stop.cause}")


@click.command("hang", cls=Verb)
@process
def hang(start: Process) -> None:
    """Ignore the wish to stop."""
    start.stop.on_request(lambda: start.console.fact("asked"))
    start.console.fact("ready")
    while True:
        signal.pause()


@click.command("flood", cls=Verb)
@process
def flood(start: Process) -> None:
    """Print more than any pipe holds."""
    for number in range(50_000):
        start.console.fact(f"line {number}")


def program() -> click.Group:
    built = build_program()
    for verb in (wait, hang, flood):
        built.add_command(verb)
    return built


class Run:
    """One verb run in this process, with its streams kept."""

    def __init__(self, *arguments: str, verbs: tuple[click.Command, ...] = ()) -> None:
        self._out, self._err = StringIO(), StringIO()
        start = Process(
            environment={},
            console=Console(out=self._out, err=self._err),
            stop=StopRequest(),
            label=RunLabel(),
            host=Host(name="desk", os="Linux", arch="x86_64", python="3.11"),
            pid=1,
            started_ns=0,
        )
        built = program()
        for verb in verbs:
            built.add_command(verb)
        self.code = int(run_program(built, arguments, start))

    @property
    def out(self) -> str:
        return self._out.getvalue()

    @property
    def err(self) -> str:
        return self._err.getvalue()


def spawn(
    *arguments: str, program_file: Path = Path(__file__), environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a verb in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(program_file), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'python'}:{ROOT}",
            **(environment or {}),
        },
    )


if __name__ == "__main__":
    sys.exit(run_program(program(), sys.argv[1:], this_process()))
