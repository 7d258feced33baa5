"""Work that is measured by the memory it takes, each in a process of its own.

Run as ``python -m razor.app.bench.weigh memory|import ARGUMENTS``; prints one JSON object. The
parent's memory would otherwise count, and what it freed earlier would hide what is taken here.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from razor._core import MemoryBench, capture_import
from razor.app.bench.control import Control, StoppedError, default_params

__all__ = ["Weight", "resident_kib", "weigh_import", "weigh_memory"]

_POLL_S = 0.2


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """What a child reports; ``resident_kib`` at its end, ``peak_kib`` the most it ever had."""

    count: int
    took_ns: int
    resident_kib: int
    peak_kib: int
    input_bytes: int
    wrong: int


@dataclass(frozen=True, slots=True)
class _Done:
    count: int
    input_bytes: int
    wrong: int


def weigh_memory(control: Control, *, seed: int, markets: int, levels: int) -> Weight:
    """Hold live books of both tokens of ``markets`` markets in a child and weigh it."""
    return _child(control, "memory", str(seed), str(markets), str(levels))


def weigh_import(control: Control, *, source: Path, out: Path) -> Weight:
    """Import a table into a capture in a child; ``count`` is rows."""
    return _child(control, "import", str(source), str(out))


def _child(control: Control, *arguments: str) -> Weight:
    command = [sys.executable, "-m", "razor.app.bench.weigh", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:  # noqa: S603 - razor itself
        while True:
            try:
                text, _ = child.communicate(timeout=_POLL_S)
                break
            except subprocess.TimeoutExpired:
                try:
                    control.step()
                except StoppedError:
                    child.kill()
                    raise
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return msgspec.json.decode(text, type=Weight)


def _memory(seed: int, markets: int, levels: int) -> tuple[MemoryBench, _Done]:
    bench = MemoryBench(default_params(), seed=seed, markets=markets, levels=levels)
    return bench, _Done(bench.live, bench.text_bytes, bench.wrong_books)


def _import(source: Path, out: Path) -> _Done:
    units = 0

    def tick(_done: int, total: int) -> bool:
        nonlocal units
        units = max(units, total)
        return True

    capture_import(source, out, "auto", tick)
    size = source.stat().st_size if source.is_file() else 0
    # Each row is passed twice (slugs, then quotes), and progress counts passes.
    return _Done(units // 2, size, 0)


def _status(field: str) -> int:
    """KiB of this process from the kernel's own account; 0 where there is none."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)


def resident_kib() -> int:
    """KiB of memory that this process has; 0 where the kernel does not tell."""
    return _status("VmRSS:")


def main(arguments: list[str]) -> None:
    """Do one piece of work and print its weight."""
    before = time.perf_counter_ns()
    kept: object = None
    match arguments:
        case ["memory", seed, markets, levels]:
            kept, done = _memory(int(seed), int(markets), int(levels))
        case ["import", source, out]:
            done = _import(Path(source), Path(out))
        case _:
            raise SystemExit(2)
    weight = Weight(
        count=done.count,
        took_ns=time.perf_counter_ns() - before,
        resident_kib=resident_kib(),
        peak_kib=_status("VmHWM:"),
        input_bytes=done.input_bytes,
        wrong=done.wrong,
    )
    sys.stdout.write(json.dumps(msgspec.to_builtins(weight)))
    del kept


if __name__ == "__main__":
    main(sys.argv[1:])
