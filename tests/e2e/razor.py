"""The program as a user starts it: in this process, or in one of its own.

`here` runs a verb in this process, quickly, with its streams kept. `Child` runs it as the shell
does; signals, kills and sockets need that. Neither knows what a verb does.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import cast

from razor.app.cli.program import build_program, run_program
from razor.app.console import Console
from razor.app.logs import RunLabel
from razor.app.stop import StopRequest
from razor.app.wiring import Process
from razor.domain.errors import JsonValue
from razor.domain.manifest import Host

ROOT = Path(__file__).resolve().parents[2]
# A morning of its own, so that a run made here is told from one made by the clock.
STARTED_NS = 1_790_000_000_000_000_000
_START = "import sys; from razor.app.cli import main; sys.argv[0] = 'razor'; main()"
_PATIENCE_S = 25.0
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a verb left behind when it ended."""

    code: int
    out: str
    err: str
    took_s: float

    def facts(self) -> dict[str, JsonValue]:
        """The JSON document on stdout."""
        return cast("dict[str, JsonValue]", json.loads(self.out))

    def text(self, name: str) -> str:
        """One fact that is a text."""
        return str(self.facts()[name])

    def messages(self) -> list[str]:
        """The lines of stderr that are no log lines."""
        return [line for line in self.err.splitlines() if not line.startswith('{"ts":')]


def process(
    out: StringIO, err: StringIO, *, environment: dict[str, str] | None = None, pid: int = 1
) -> Process:
    """A start of razor with streams that are kept."""
    return Process(
        environment=environment or {},
        console=Console(out=out, err=err),
        stop=StopRequest(),
        label=RunLabel(),
        host=Host(name="desk", os="Linux", arch="x86_64", python="3.11"),
        pid=pid,
        started_ns=STARTED_NS,
    )


def here(
    *arguments: str | Path,
    environment: dict[str, str] | None = None,
    stopped_by: str = "",
) -> Done:
    """Run a verb in this process; `stopped_by` is a wish to end that is there from the start."""
    out, err = StringIO(), StringIO()
    start = process(out, err, environment=environment)
    if stopped_by:
        start.stop.request(stopped_by)
    began = time.monotonic()
    code = int(run_program(build_program(), [str(each) for each in arguments], start))
    took_s = time.monotonic() - began
    return Done(code=code, out=out.getvalue(), err=err.getvalue(), took_s=took_s)


class Child:
    """A verb in a process of its own; use `child` to get one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._asked_at = time.monotonic()
        self._ending = asyncio.ensure_future(process.communicate())

    @property
    def has_ended(self) -> bool:
        return self._ending.done()

    def ask(self, number: signal.Signals) -> None:
        """Send a signal; the time to the end counts from the first one."""
        self._asked_at = time.monotonic()
        self._process.send_signal(number)

    async def done(self, patience_s: float = _PATIENCE_S) -> Done:
        """Wait for the end."""
        out, err = await asyncio.wait_for(self._ending, patience_s)
        took_s = time.monotonic() - self._asked_at
        code = self._process.returncode
        assert code is not None
        return Done(code=code, out=out.decode(), err=err.decode(), took_s=took_s)

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait for something outside to become true while the verb runs."""
        async with asyncio.timeout(_PATIENCE_S):
            while not happened():
                assert not self.has_ended, f"ended too early: {await self.done()}"
                await asyncio.sleep(_LOOK_S)

    async def destroy(self) -> None:
        """Kill it if it still runs, and reap it."""
        if self._process.returncode is None and not self.has_ended:
            self._process.kill()
        await asyncio.wait([self._ending], timeout=_PATIENCE_S)


@asynccontextmanager
async def child(
    *arguments: str | Path, cwd: Path, environment: dict[str, str] | None = None
) -> AsyncIterator[Child]:
    """Start a verb in a process of its own, with `cwd` as its directory."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("RAZOR_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _START,
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(ROOT / "python"), **(environment or {})},
    )
    verb = Child(process)
    try:
        yield verb
    finally:
        await verb.destroy()


async def outside(
    *arguments: str | Path, cwd: Path, environment: dict[str, str] | None = None
) -> Done:
    """Run a verb in a process of its own to its end."""
    async with child(*arguments, cwd=cwd, environment=environment) as verb:
        return await verb.done()


def is_one_message(done: Done) -> bool:
    """Whether an error was told once, in words, without a traceback."""
    errors = [line for line in done.messages() if line.startswith("error: ")]
    silent = "Traceback" not in done.err and "razor has a bug" not in done.err
    return len(errors) == 1 and silent
