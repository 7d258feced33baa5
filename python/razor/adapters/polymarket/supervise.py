"""Running duties side by side, ending them together, and the request to stop.

Owns the only places where tasks are made and where any exception is caught: the supervisor.

Must never leave a task behind. Cancelled duties are awaited for the grace time; a duty that does
not end by then is named in the fault.

Invariants: the first duty to end ends all; its error, if any, is the one reported.
"""

import asyncio
import signal
from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import Self

from razor.application.ports import Duty, Ended

# A whole stop must be over in 2 s; what is left is for flushing.
GRACE_S = 1.5


class StuckDutyError(Exception):
    """Duties did not end within the grace time; `names` says which."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(f"did not stop within {GRACE_S} s: {', '.join(names)}; report this")


class TaskSupervisor:
    """`Supervisor` over asyncio tasks, one per duty."""

    async def run(self, duties: Sequence[Duty]) -> Ended:
        """Run all until the first ends, then cancel and await the rest."""
        tasks = [asyncio.create_task(_await(duty.run()), name=duty.name) for duty in duties]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stuck = await cancel_all(tasks)
        if stuck:
            return Ended(name=stuck[0], error=StuckDutyError(stuck))
        # Duties that end in the same instant: the earlier in the list is reported, faults first.
        ended = [task for task in tasks if task in done and not task.cancelled()]
        ended.sort(key=lambda task: task.exception() is None)
        return _ended(ended[0]) if ended else Ended(name=duties[0].name, error=None)


class EventStop:
    """`Stop` set by a call."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Request the end; repeated calls change nothing."""
        self._event.set()

    async def wait(self) -> None:
        """Return when the end is requested."""
        await self._event.wait()


class SignalStop(EventStop):
    """`Stop` set by SIGINT or SIGTERM while the context is open."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __enter__(self) -> Self:
        """Take the signals over; needs a running loop in the main thread."""
        loop = asyncio.get_running_loop()
        for number in self._SIGNALS:
            loop.add_signal_handler(number, self.set)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        loop = asyncio.get_running_loop()
        for number in self._SIGNALS:
            loop.remove_signal_handler(number)


async def cancel_all(tasks: Sequence[asyncio.Task[None]]) -> tuple[str, ...]:
    """Cancel and await tasks; the names of those still running after the grace time."""
    for task in tasks:
        task.cancel()
    if not tasks:
        return ()
    _, pending = await asyncio.wait(tasks, timeout=GRACE_S)
    return tuple(sorted(task.get_name() for task in pending))


async def _await(running: Awaitable[None]) -> None:
    await running


def _ended(task: asyncio.Task[None]) -> Ended:
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return Ended(name=task.get_name(), error=error)
