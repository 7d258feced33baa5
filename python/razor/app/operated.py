"""A run under an operator, wired: who may ask, and where.

Owns: :func:`operated`, for the length of which a run can be asked and told. Must never: outlive the
run's writer, or answer in another thread than the one that writes.
"""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager

from razor.adapters.control.mailbox import Mailbox
from razor.adapters.control.place import socket_directory, socket_path
from razor.adapters.files.control_file import remove_control_file, write_control_file
from razor.adapters.files.session import OperatedSession
from razor.app.runs import OpenRun, RunPlan
from razor.app.wiring import Process
from razor.application.operate import Operate, OperatePorts
from razor.domain.control import CONTROL_VERSION, ControlFile, RunFacts

__all__ = ["operated", "served_wait"]


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
    # Only verbs that write a run load a server.
    from razor.adapters.control.gate import ControlLimits, Gate  # noqa: PLC0415
    from razor.adapters.control.server import serving  # noqa: PLC0415

    mailbox, gate = Mailbox(), Gate(ControlLimits())
    place = socket_path(socket_directory(start.environment), pid=start.pid)
    control = ControlFile(
        version=CONTROL_VERSION, run_id=run.directory.run_id, pid=start.pid, socket=str(place)
    )
    with serving(_operate(start, plan, run, lambda: gate.denied), mailbox, place, gate=gate):
        write_control_file(run.directory.path, control)
        try:
            yield mailbox
        finally:
            remove_control_file(run.directory.path, control)


def _operate(start: Process, plan: RunPlan, run: OpenRun, denied: Callable[[], int]) -> Operate:
    ports = OperatePorts(
        run=OperatedSession(run.session, wall_ns=start.now_ns if plan.source.is_live else None),
        wall_ns=start.now_ns,
        monotonic_ns=start.monotonic_ns,
        disk_free_bytes=lambda: shutil.disk_usage(run.directory.path).free,
        denied=denied,
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
