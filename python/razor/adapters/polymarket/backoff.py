"""How long to wait before the next try: exponential with full jitter.

Owns two rules: the wait between reconnects (PROTOCOL 5.5) and the wait between HTTP retries.
Randomness is injected; nothing here sleeps or reads a clock.

Must never exceed its maximum, nor wait a fixed time: many clients that wait equally long come
back together.

Invariants: after `reset` the step is the first again; `next_ms` is in `0 ..= step`.
"""

from collections.abc import Callable

# Draws a whole number from 0 up to and including the argument.
Jitter = Callable[[int], int]


class Backoff:
    """Full-jitter back-off: uniform in `0 ..= step`, the step doubles up to `max_ms`."""

    def __init__(self, *, first_ms: int, max_ms: int, jitter: Jitter) -> None:
        self._first_ms = first_ms
        self._max_ms = max_ms
        self._jitter = jitter
        self._step_ms = first_ms

    def next_ms(self) -> int:
        """Wait before the next try; the step after it is twice as long."""
        step_ms = self._step_ms
        self._step_ms = min(self._max_ms, step_ms * 2)
        return self._jitter(step_ms)

    def reset(self) -> None:
        """Start again from the first step, after a healthy period."""
        self._step_ms = self._first_ms
