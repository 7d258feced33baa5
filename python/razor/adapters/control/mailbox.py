"""Questions from one thread to another, which answers them when it has a moment.

Owns: :class:`Mailbox`. A session belongs to the thread that made it; the control API lives in a
thread of its own, so that a slow client never holds up a frame. Must never: run a question twice,
or leave one without an answer.

Invariants: a question that was given up before its turn is never run; after :meth:`Mailbox.close`
every question is answered by the error that there is no process.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeAlias

from razor.domain.errors import CommandRefused, ControlError

__all__ = ["Mailbox"]

_Question: TypeAlias = "tuple[Callable[[], bytes], Future[bytes]]"


class Mailbox:
    """Questions that wait for the thread which owns the answers."""

    def __init__(self) -> None:
        """Start empty; nobody is woken."""
        self._waiting: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._wake: Callable[[], None] = _nobody
        self._is_closed = False

    def on_question(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake`` for each question from now on, in the asking thread; it must not block.

        It is called once at once, since a question may have come before anybody listened. ``None``
        wakes nobody any more.
        """
        with self._lock:
            self._wake = wake or _nobody
            self._wake()

    def ask(self, question: Callable[[], bytes]) -> "Future[bytes]":
        """Put a question; ``cancel`` takes it back as long as its turn has not come."""
        answer: Future[bytes] = Future()
        with self._lock:
            if self._is_closed:
                answer.set_exception(_ended())
                return answer
            self._waiting.put((question, answer))
            # Under the lock: whoever stops listening is not called after that.
            self._wake()
        return answer

    def serve(self) -> None:
        """Answer everything that waits, in order; to be called by the owning thread.

        Errors: whatever a question raises that is no refusal. It has been told to the asker too.
        """
        while True:
            try:
                question, answer = self._waiting.get_nowait()
            except queue.Empty:
                return
            if answer.set_running_or_notify_cancel():
                _answer(question, answer)

    def close(self) -> None:
        """Answer what still waits, and whatever comes, by an error."""
        with self._lock:
            self._is_closed = True
            self._wake = _nobody
        while not self._waiting.empty():
            _, answer = self._waiting.get_nowait()
            if answer.set_running_or_notify_cancel():
                answer.set_exception(_ended())


def _answer(question: Callable[[], bytes], answer: "Future[bytes]") -> None:
    try:
        answer.set_result(question())
    except CommandRefused as refusal:
        answer.set_exception(refusal)
    except BaseException:
        # The run ends by it; whoever asked must not wait for its end.
        answer.set_exception(_ended())
        raise


def _ended() -> ControlError:
    return ControlError("the run is ending", cause="NO_PROCESS", remedy="see how it ended")


def _nobody() -> None:
    """Wake nobody: the owner looks by itself."""
