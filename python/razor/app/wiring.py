"""The one place that builds things and reads the environment.

Owns: :class:`Process`, what a verb may use of the world around it. Every other module gets these
as arguments. Must never: decide anything.
"""

import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from razor.app.console import Console, process_console
from razor.app.logs import RunLabel
from razor.app.stop import StopRequest
from razor.domain.manifest import Host

__all__ = ["Process", "this_process"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The world around one start of razor.

    ``environment`` is a copy made at the start; ``started_ns`` is wall time in ns since 1970.
    """

    environment: Mapping[str, str]
    console: Console
    stop: StopRequest
    label: RunLabel
    host: Host
    pid: int
    started_ns: int

    def now_ns(self) -> int:
        """Wall time, ns since 1970: a label of manifests, never an order."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """A clock that never goes back, ns."""
        return time.monotonic_ns()


def this_process() -> Process:
    """Describe the process razor runs in."""
    return Process(
        environment=dict(os.environ),
        console=process_console(),
        stop=StopRequest(),
        label=RunLabel(),
        host=Host(
            name=platform.node() or "unknown",
            os=platform.system(),
            arch=platform.machine(),
            python=sys.version.split(maxsplit=1)[0],
        ),
        pid=os.getpid(),
        started_ns=time.time_ns(),
    )
