"""``razor simulate``: the order machine against the simulated venue, seed by seed."""

import time
from dataclasses import asdict

import click

from razor import _core
from razor.app.cli import options
from razor.app.cli.failure import ExitCode
from razor.app.cli.following import following
from razor.app.cli.verb import Verb, process
from razor.app.wiring import Process
from razor.domain.simulation import Failure, Simulation, decode_simulation

__all__ = ["simulate_verb"]

_COLUMNS = ("property", "checks", "violations", "what holds")
_SEED_MOST = 2**64 - 1


@click.command("simulate", cls=Verb)
@click.option(
    "--seeds",
    type=click.IntRange(1, 10**9),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Sessions to run; one seed is one session.",
)
@click.option(
    "--from-seed",
    type=click.IntRange(0, _SEED_MOST),
    default=0,
    show_default=True,
    metavar="S",
    help="First seed; with --seeds 1 it replays one session.",
)
@click.option(
    "--faults",
    default="",
    metavar="CODES",
    help="F-codes forced on in every session, as F-13,F-61, or none; without it a mix by seed.",
)
@options.as_json
@process
def simulate_verb(
    start: Process, *, seeds: int, from_seed: int, faults: str, as_json: bool
) -> ExitCode:
    """Run seeded sessions of the order machine under faults and check them from outside.

    Writes nothing. Exit code 0 when every property held, 3 when one did not.
    """
    began = time.perf_counter()
    with start.console.progress("simulating", total=seeds) as bar:
        try:
            text = _core.simulate(from_seed, seeds, faults, following(start, bar))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--faults") from error
    found = decode_simulation(text)
    speed = found.sessions / max(time.perf_counter() - began, 1e-9)
    if as_json:
        start.console.json({**asdict(found), "sessions_per_second": round(speed)})
    else:
        _tell(start, found, speed)
    return ExitCode.FAULT if found.failed else ExitCode.DONE


def _tell(start: Process, found: Simulation, speed: float) -> None:
    rows = [
        (one.id, f"{one.checks:,}", f"{one.violations:,}", one.meaning) for one in found.properties
    ]
    title = f"{found.sessions:,} sessions from seed {found.from_seed}, {found.faulty:,} with faults"
    start.console.table(_COLUMNS, rows, title=title)
    start.console.fact(
        f"{found.signals:,} signals, {found.orders:,} orders, {found.inputs:,} inputs; "
        f"{speed:,.0f} sessions/s"
    )
    start.console.fact(f"digest {found.digest}")
    for failure in found.failures:
        _tell_failure(start, failure)
    if found.failed:
        start.console.fact(f"{found.failed:,} sessions broke a property")
    else:
        start.console.fact("every property held")


def _tell_failure(start: Process, failure: Failure) -> None:
    say = start.console.fact
    say(f"{failure.id} in seed {failure.seed} at input {failure.event}: {failure.message}")
    for line in failure.plan:
        say(f"  {line}")
    say(f"  replay it with: razor simulate --from-seed {failure.seed} --seeds 1")
