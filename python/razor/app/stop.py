"""Asking a running verb to end.

Owns: :class:`StopRequest`. The first Ctrl-C, SIGTERM or SIGHUP asks: the verb finishes what it
holds, flushes, and the exit code is 0. The second one forces: the verb is broken off where it is
and the exit code says that not everything may be flushed. Must never: wait, or run a listener
twice.
"""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

__all__ = ["ForcedStop", "StopRequest"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ForcedStop(BaseException):
    """The second request: break off now. Not an ``Exception``, so that no handler keeps it."""


class StopRequest:
    """One process's wish to end, set once and never taken back."""

    def __init__(self) -> None:
        """Start without a request."""
        self._event = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._cause = ""

    @property
    def is_requested(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    @property
    def cause(self) -> str:
        """Who asked, for the manifest: a signal's name or a verb's word; empty before."""
        return self._cause

    def request(self, cause: str) -> None:
        """Ask once; later calls change nothing."""
        if self._event.is_set():
            return
        self._cause = cause
        self._event.set()
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def on_request(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when asked, at once if that has happened; it must not block.

        It runs in the main thread between two instructions. A verb with an event loop passes
        ``lambda: loop.call_soon_threadsafe(stopping.set)``, which also wakes the loop.
        """
        if self._event.is_set():
            listener()
        else:
            self._listeners.append(listener)

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for a request and tell whether there is one."""
        return self._event.wait(seconds)

    @contextmanager
    def listening(self) -> Generator[None]:
        """Turn the process's signals into requests inside the block (main thread only)."""
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            # A signal the parent chose to ignore (nohup) stays ignored.
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._event.is_set():
            raise ForcedStop(signal.Signals(number).name)
        self.request(signal.Signals(number).name)
