"""The program ``razor``: its verbs, and the one way they are run.

Owns: :func:`build_program` (every verb group by name, one module each) and :func:`run_program`
(signals, log, errors, exit code). Must never: know what a verb does.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

import click

from razor import __version__, _core
from razor.app.cli import options
from razor.app.cli.audit import audit_verbs
from razor.app.cli.bench import bench_verb
from razor.app.cli.calibrate import calibrate_verbs
from razor.app.cli.capture import capture_verbs
from razor.app.cli.config import config_verbs
from razor.app.cli.failure import ExitCode, Style, report
from razor.app.cli.markets import market_verbs
from razor.app.cli.operate import clear_verb, halt_verb, status_verb, stop_verb
from razor.app.cli.report import report_verbs
from razor.app.cli.run import demo_verb, record_verb, replay_verb, run_verb
from razor.app.cli.simulate import simulate_verb
from razor.app.cli.verb import VerbGroup
from razor.app.logs import logging_to
from razor.app.stop import ForcedStop
from razor.app.wiring import Process, this_process

__all__ = ["build_program", "main", "run_program"]

_SANDBOX = "sandbox"
_SANDBOX_VERBS = "razor.app.cli.sandbox"


class _Verbs(VerbGroup):
    """All verbs. That of the local exchange is imported when it is called for.

    What signs and verifies orders is then in no process that trades.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the verbs."""
        return sorted([*super().list_commands(ctx), _SANDBOX])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a verb."""
        if cmd_name == _SANDBOX:
            module = import_module(_SANDBOX_VERBS)
            return cast("click.Command", module.sandbox_verbs)
        return super().get_command(ctx, cmd_name)


def build_program() -> click.Group:
    """Build the command line with all its verbs."""

    @click.group("razor", cls=_Verbs)
    @click.version_option(__version__, prog_name="razor")
    @options.log_file
    @options.log_level
    @click.pass_context
    def razor(context: click.Context, log_file: Path | None, log_level: str) -> None:
        """Record, judge and execute arbitrage between outcome tokens on Polymarket.

        The safe mode is the default: nothing is ever ordered unless every gate is open.
        """
        start = context.find_object(Process)
        if start is not None:
            log = logging_to(
                start.console.err, file=log_file, level=log_level.upper(), label=start.label
            )
            context.with_resource(log)

    for verb in (run_verb, demo_verb, record_verb, replay_verb):
        razor.add_command(verb)
    for verbs in (report_verbs, calibrate_verbs, capture_verbs, audit_verbs):
        razor.add_command(verbs)
    for verbs in (config_verbs, market_verbs):
        razor.add_command(verbs)
    for verb in (status_verb, stop_verb, halt_verb, clear_verb):
        razor.add_command(verb)
    razor.add_command(bench_verb)
    razor.add_command(simulate_verb)
    return razor


def run_program(program: click.Group, arguments: Sequence[str], start: Process) -> ExitCode:
    """Run one verb to its end and give the exit code; errors are shown, never raised."""
    style = Style.of(list(arguments))
    try:
        with start.stop.listening():
            return _invoke(program, arguments, start)
    except _core.Cancelled as stopped:
        # Somebody asked for the end of a job that leaves nothing half done.
        start.console.notice(str(stopped))
        return ExitCode.DONE
    except BrokenPipeError:
        # click prints help and version itself; their reader may have gone away.
        start.console.abandon()
        return ExitCode.DONE
    # The supervisor of the process: whatever comes here ends in one message and one code.
    except (Exception, ForcedStop) as error:  # noqa: BLE001
        return report(error, console=start.console, style=style)


def _invoke(program: click.Group, arguments: Sequence[str], start: Process) -> ExitCode:
    # Not `program.main`: that one turns a closed pipe into exit code 1.
    try:
        with program.make_context("razor", list(arguments), obj=start) as context:
            outcome = program.invoke(context)
    except click.exceptions.Exit as done:
        return ExitCode(done.exit_code)
    return ExitCode(outcome) if isinstance(outcome, int) else ExitCode.DONE


def main() -> None:
    """Run ``razor`` with the arguments of this process and end the process."""
    sys.exit(run_program(build_program(), sys.argv[1:], this_process()))
