"""A run under an operator, wired: who may ask, where, and what a guard says in words.

Owns: :func:`operated`, for the length of which a run can be asked and told, and
:func:`guard_words`. Must never: outlive the run's writer, or answer in another thread than the one
that writes.
"""

import re
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager

from razor.adapters.control.gate import ControlLimits, Gate
from razor.adapters.control.mailbox import Mailbox
from razor.adapters.control.place import socket_directory, socket_path
from razor.adapters.files.control_file import remove_control_file, write_control_file
from razor.adapters.files.session import OperatedSession
from razor.app.report.trail.guards import in_words
from razor.app.runs import OpenRun, RunPlan
from razor.app.wiring import Process
from razor.application.operate import Operate, OperatePorts
from razor.domain.control import CONTROL_VERSION, ControlFile, RunFacts
from razor.domain.trail import Guard

__all__ = ["guard_words", "operated", "served_wait"]

_GUARD = re.compile(r"guard=([A-Z]+-[0-9]+)((?: [A-Za-z0-9_]+=-?[0-9]{1,19})*)", re.ASCII)


def guard_words(text: str) -> str:
    """Say a guard of the core for people; what is none comes back as it is."""
    found = _GUARD.fullmatch(text)
    if found is None:
        return text
    pairs = (pair.split("=", 1) for pair in found.group(2).split())
    return in_words(
        Guard(id=found.group(1), fields=tuple((name, int(value)) for name, value in pairs))
    )


def served_wait(mailbox: Mailbox, wait: Callable[[float], bool]) -> Callable[[float], bool]:
    """Answer operators each time that a player waits, also when it waits for nothing."""

    def served(seconds: float) -> bool:
        mailbox.serve()
        return wait(seconds)

    return served


@contextmanager
def operated(start: Process, plan: RunPlan, run: OpenRun) -> Generator[Mailbox]:
    """Let operators reach the run inside the block; its owner must serve the mailbox.

    Errors: :class:`StorageError` when the socket cannot be made; no run goes without its brake.
    """
    from razor.adapters.control.server import serving  # noqa: PLC0415 - loads an HTTP server

    mailbox, gate = Mailbox(), Gate(ControlLimits())
    place = socket_path(socket_directory(start.environment), pid=start.pid)
    control = ControlFile(
        version=CONTROL_VERSION, run_id=run.directory.run_id, pid=start.pid, socket=str(place)
    )
    with serving(_operate(start, plan, run, gate), mailbox, place, gate=gate):
        write_control_file(run.directory.path, control)
        try:
            yield mailbox
        finally:
            remove_control_file(run.directory.path, control)


def _operate(start: Process, plan: RunPlan, run: OpenRun, gate: Gate) -> Operate:
    ports = OperatePorts(
        run=OperatedSession(run.session, wall_ns=start.now_ns if plan.source.is_live else None),
        words=guard_words,
        wall_ns=start.now_ns,
        monotonic_ns=start.monotonic_ns,
        disk_free_bytes=lambda: shutil.disk_usage(run.directory.path).free,
        denied=lambda: gate.denied,
    )
    facts = RunFacts(
        run_id=run.directory.run_id,
        mode=plan.gates.choice.mode.value,
        order_path=plan.gates.order_path.value,
        source=":".join(part for part in (plan.source.kind, plan.source.name) if part),
        pid=start.pid,
        started_ns=start.started_ns,
    )
    return Operate(ports, facts)
