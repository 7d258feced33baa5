"""How a long job in the extension is followed and stopped.

Owns: :func:`following` and :func:`until_stopped`. Must never: decide what a stopped job leaves.
"""

from razor.app.console import Bar
from razor.app.recordings import Tick
from razor.app.wiring import Process

__all__ = ["following", "until_stopped"]


def following(start: Process, bar: Bar) -> Tick:
    """Move the bar, and stop the job when somebody asked."""

    def tick(done: int, total: int) -> bool:
        bar.resize(total)
        bar.move_to(done)
        return not start.stop.is_requested

    return tick


def until_stopped(start: Process) -> Tick:
    """Stop the job when somebody asked; it has no bar of its own."""
    return lambda _done, _total: not start.stop.is_requested
