"""The truth ledger: what really arrived, what became of it and what its sender was told.

Owns: `Truth`, one JSON object per line. Checkers read it; nothing that trades ever does.

It is a clockwork of its venue: a line that cannot be written ends whoever serves.

Must never: hold a secret: logins are told by a digest of their answer, headers not at all.

Lines, by their member `what`:

- `call`: a call that has ended. `delivered` are the times at which the venue saw it (none: never),
  `really` what the venue said, `sent` what its sender got; `faults` what touched it;
- `frame`: a user frame as the venue made it, before any fault;
- `fault`: a fault that took hold of a frame or of the venue;
- `planted`: a set of a world that was executable, with its size and life, once it is over.

Times are milliseconds since the start, by the venue's clock.

A checker holds what a program believes against `really`, `delivered_ms` and the frames; it needs no
other witness, because nothing that a fault did to an answer or a frame has reached these lines.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import msgspec


class Sink(Protocol):
    """Where lines go."""

    def write(self, line: bytes, /) -> object:
        """Take one line."""
        ...

    def flush(self) -> object:
        """Let readers see it."""
        ...

    def close(self) -> object:
        """Take no more."""
        ...


class TruthLost(Exception):
    """A line could not be written; its text is what the system said.

    Whoever serves must end then, for checkers rely on every line.
    """


class Truth:
    """Writes lines to a sink; without one it is silent."""

    def __init__(self, sink: Sink | None, now_ms: Callable[[], int]) -> None:
        """Tell times of this clock."""
        self._sink = sink
        self._now_ms = now_ms
        self.fault: OSError | None = None
        """Why lines are missing from here on."""

    @property
    def is_told(self) -> bool:
        """Whether anybody keeps what is told."""
        return self._sink is not None

    def now_ms(self) -> int:
        """Milliseconds since the start."""
        return self._now_ms()

    def close(self) -> None:
        """Be silent from now on."""
        if self._sink is not None:
            with suppress(OSError):
                self._sink.close()
            self._sink = None

    def due_ns(self) -> int | None:
        """At once when a line could not be written."""
        return None if self.fault is None else 0

    def step(self) -> None:
        """Raise `TruthLost` once a line could not be written."""
        if self.fault is not None:
            raise TruthLost(self.fault.strerror or str(self.fault)) from self.fault

    def tell(self, what: str, **members: object) -> None:
        """Write one line."""
        if self._sink is None:
            return
        line = msgspec.json.encode({"what": what, "at_ms": self._now_ms(), **members})
        try:
            self._sink.write(line + b"\n")
            self._sink.flush()
        except OSError as refused:
            self.fault = refused
            self.close()


def shown(path: str, body: bytes) -> str:
    """A body as the ledger shows it: that of a login, and what is no text, by its digest."""
    digest = f"sha256:{hashlib.sha256(body).hexdigest()} ({len(body)} bytes)"
    if path.startswith("/auth/"):
        return digest
    try:
        return body.decode()
    except UnicodeDecodeError:
        return digest
