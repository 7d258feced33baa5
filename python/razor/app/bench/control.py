"""What a measurement needs from the program that runs it: a clock, a wish to stop, progress.

Owns: :class:`Control` and :class:`Sizes`. Must never: be read inside a timed stretch.
"""

from collections.abc import Callable
from dataclasses import dataclass

from razor.domain.settings import Settings, canonical_json

__all__ = ["FULL", "QUICK", "Control", "Sizes", "StoppedError", "default_params"]


class StoppedError(Exception):
    """Somebody asked to end; the figures of the open section are worth nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """``now_ns`` is a monotonic clock in ns; ``advance`` counts one step of progress."""

    now_ns: Callable[[], int]
    is_stopped: Callable[[], bool]
    advance: Callable[[], None]

    def step(self) -> None:
        """Show progress and end here if somebody asked to."""
        self.advance()
        if self.is_stopped():
            raise StoppedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured. ``levels`` are levels a side, ``seconds`` the paced recording."""

    seed: int = 1
    markets: int
    messages: int
    rounds: int
    seconds: int
    live_markets: int
    levels: int
    is_one_day: bool


FULL = Sizes(
    markets=250,
    messages=200_000,
    rounds=5,
    seconds=10,
    live_markets=10_000,
    levels=50,
    is_one_day=False,
)
"""The workload of the targets: 200,000 messages over 500 tokens, 20,000 live tokens."""

QUICK = Sizes(
    markets=250,
    messages=20_000,
    rounds=3,
    seconds=1,
    live_markets=1_000,
    levels=50,
    is_one_day=True,
)
"""A look in ten seconds; its figures are no evidence."""


def default_params() -> bytes:
    """The settings record of a run with default settings."""
    settings = canonical_json(Settings())
    return b'{"run_id":"bench","source":"venue","settings":' + settings + b"}"
