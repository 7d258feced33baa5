"""The machine a figure was measured on, and how busy it was."""

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from razor import __version__
from razor._core import BUILD_PROFILE
from razor.domain.errors import JsonValue

__all__ = ["Machine", "load_text", "this_machine"]

_KIB_PER_GIB = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Facts without which a figure means nothing; ``load_*`` are the one-minute averages."""

    cpu: str
    cores: int
    memory_gib: int
    system: str
    python: str
    razor: str
    build: str
    load_before: str
    load_after: str

    def as_json(self) -> dict[str, JsonValue]:
        """The facts for programs."""
        return {
            "cpu": self.cpu,
            "cores": self.cores,
            "memory_gib": self.memory_gib,
            "system": self.system,
            "python": self.python,
            "razor": self.razor,
            "build": self.build,
            "load_before": self.load_before,
            "load_after": self.load_after,
        }

    def sentence(self) -> str:
        """The facts for people."""
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gib} GiB, {self.system}, "
            f"Python {self.python}, razor {self.razor} ({self.build} build); load "
            f"{self.load_before} before and {self.load_after} after, this run included."
        )


def this_machine(*, load_before: str) -> Machine:
    """Describe the machine at the end of a run that began under ``load_before``."""
    return Machine(
        cpu=_field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        cores=os.cpu_count() or 0,
        memory_gib=round(_memory_kib() / _KIB_PER_GIB),
        system=f"{platform.system()} {platform.release()}",
        python=sys.version.split(maxsplit=1)[0],
        razor=__version__,
        build=BUILD_PROFILE,
        load_before=load_before,
        load_after=load_text(),
    )


def load_text() -> str:
    """The load of the last minute, to two decimals."""
    return f"{os.getloadavg()[0]:.2f}"


def _memory_kib() -> int:
    text = _field(Path("/proc/meminfo"), "MemTotal")
    return int(text.split()[0]) if text else 0


def _field(path: Path, name: str) -> str:
    """The value of the first ``name: value`` line; empty where the system has no such file."""
    if not path.exists():
        return ""
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
