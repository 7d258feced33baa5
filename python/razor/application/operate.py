"""The use case `operate`: what an operator asks of a running process, and what is true after it.

Owns: which commands are refused without troubling the core (a run without an order path), what a
refusal says, and the order of things: the command is in the journal and has had its step before
anybody is answered. Must never: decide in the core's place. Whether trading may begin again is the
core's to say (L-10); this only reads it off the desk.

Every method runs in the thread that owns the session.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from razor.domain.control import (
    Command,
    CommandVerb,
    DeskStanding,
    RunFacts,
    Standing,
    Status,
    encode_command,
)
from razor.domain.errors import CommandRefused

__all__ = ["Operate", "OperatePorts", "OperatedRun"]

_NS_PER_MS = 1_000_000


class OperatedRun(Protocol):
    """A run that is being written."""

    def command(self, payload: bytes) -> None:
        """Journal a command, let it have its step, and make it durable."""
        ...

    def standing(self) -> Standing:
        """Say where the run stands."""
        ...

    def clock_ns(self) -> int:
        """The clock of the run, ns since 1970."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatePorts:
    """What the use case is given: the run, clocks in ns, and two counts."""

    run: OperatedRun
    wall_ns: Callable[[], int]
    monotonic_ns: Callable[[], int]
    disk_free_bytes: Callable[[], int]
    denied: Callable[[], int]


class Operate:
    """The use case with its ports; one instance per run."""

    def __init__(self, ports: OperatePorts, facts: RunFacts) -> None:
        """Begin to count the time up."""
        self._ports = ports
        self._facts = facts
        self._began_ns = ports.monotonic_ns()

    def status(self) -> Status:
        """Say where the run stands. Errors: whatever the session raises."""
        ports, standing = self._ports, self._ports.run.standing()
        return Status(
            run=self._facts,
            now_ns=ports.run.clock_ns(),
            uptime_ms=(ports.monotonic_ns() - self._began_ns) // _NS_PER_MS,
            standing=standing,
            disk_free_bytes=ports.disk_free_bytes(),
            denied=ports.denied(),
        )

    def command(self, command: Command) -> Status:
        """Carry out a command and say what is true after its step.

        Errors: :class:`CommandRefused`. A refused clear is in the journal too, since the trail says
        who tried; a command to a run without orders is not, since nothing there could read it.
        """
        before = self._ports.run.standing().desk
        if before is None:
            raise _no_orders(command.verb, self._facts)
        self._ports.run.command(encode_command(command, wall_ns=self._ports.wall_ns()))
        status = self.status()
        after = status.standing.desk
        if command.verb is CommandVerb.CLEAR and after is not None:
            _require_cleared(before, after)
        return status


def _require_cleared(before: DeskStanding, after: DeskStanding) -> None:
    """Refuse a clear that the core did not grant."""
    if before.is_stopped and not after.is_stopped:
        return
    if after.unresolved > 0:
        wait = "wait until every order is proven over, see razor status; then clear again"
        over = "the ledger is no longer the account: end this run and start a new one"
        raise CommandRefused(
            f"trading stays stopped: {after.unresolved} unresolved > 0 allowed",
            reason="UNRESOLVED",
            unresolved=after.unresolved,
            remedy=over if after.is_unbooked else wait,
        )
    if before.is_stopped:
        raise CommandRefused(
            f"trading stopped again at once: {after.stopped}",
            reason="STOPPED_AGAIN",
            remedy="see razor status, and trade_log.csv of the run",
        )
    state = "stopping, its ladder is not over" if before.is_stopping else "not stopped"
    raise CommandRefused(
        f"there is nothing to clear: trading is {state} (state {after.phase})",
        reason="NOT_STOPPED",
        remedy="clear is for a run whose trading has stopped",
    )


def _no_orders(verb: CommandVerb, facts: RunFacts) -> CommandRefused:
    return CommandRefused(
        f"this run sends no orders (mode {facts.mode}): there is nothing to {verb.value}",
        reason="NO_ORDERS",
        remedy=f"Ctrl-C, or SIGTERM to process {facts.pid}, ends the run itself",
    )
