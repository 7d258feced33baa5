"""The use case `play`: a recording goes through the engine, at full speed or paced.

Owns: how far each step goes and when it ends. Must never do I/O or read a clock of its own: the
session, the source and the clock are ports.

Invariants:
* Pacing changes when a record is taken, never which or in which order: the run's bytes are the
  same at every speed.
* A stop request is honoured within one step; what was taken by then is in the run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

__all__ = ["Pace", "PlayEnd", "PlayPorts", "PlaySession", "PlaySource", "Played", "play"]

_NS_PER_MS = 1_000_000
_LATEST_NS = 2**63 - 1
# About 20 ms of work at full speed: short enough for a stop request and a moving bar.
_STEP_RECORDS = 20_000
# How long a paced player sleeps at most between two looks.
_NAP_MS = 50


class Pace(Enum):
    """How fast recorded time passes; the value is recorded time per real time, 0 = unbounded."""

    MAX = 0
    REAL = 1
    TENFOLD = 10

    @property
    def factor(self) -> int:
        """Recorded time per real time; 0 for as fast as possible."""
        return int(self.value)


class PlayEnd(Enum):
    """Why playing ended."""

    FINISHED = "finished"
    STOPPED = "stopped"
    DURATION = "duration"


class PlaySource(Protocol):
    """A recording that is read in order."""

    def progress(self) -> tuple[int, int]:
        """Bytes read and bytes there are; 0 for unknown."""
        ...


class PlaySession(Protocol):
    """A run that takes records; generic over nothing, the composition pairs it with its source."""

    def pump(self, until_ns: int, budget: int) -> tuple[int, int, bool]:
        """Take records up to a receive time; gives records, signals, and whether it is over."""
        ...

    @property
    def next_ns(self) -> int | None:
        """Receive time of the record that waits, if one does."""
        ...

    @property
    def now_ns(self) -> int:
        """Largest receive time so far."""
        ...

    def flush(self) -> None:
        """Hand what is kept back to the system."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayPorts:
    """What playing is given.

    ``wait(seconds)`` sleeps and tells whether a stop was requested meanwhile; ``monotonic_ns``
    reads a clock that never goes back; ``tick(done)`` follows the bytes read.
    """

    session: PlaySession
    source: PlaySource
    wait: Callable[[float], bool]
    monotonic_ns: Callable[[], int]
    tick: Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How it went: records and signals, and the span of receive times in ns."""

    end: PlayEnd
    records: int
    signals: int
    first_ns: int
    last_ns: int


@dataclass(slots=True)
class _Tally:
    records: int = 0
    signals: int = 0
    first_ns: int = 0


def play(ports: PlayPorts, *, pace: Pace, duration_ms: int) -> Played:
    """Play until the recording ends, ``duration_ms`` of recorded time passed (0 = all), or a stop.

    Errors: whatever the session raises; the run must then be abandoned.
    """
    tally = _Tally()
    first_ns = _first_ns(ports, tally)
    if first_ns is None:
        return _played(ports, PlayEnd.FINISHED, tally)
    tally.first_ns = first_ns
    limit_ns = first_ns + duration_ms * _NS_PER_MS if duration_ms > 0 else _LATEST_NS
    start_ns = ports.monotonic_ns()
    while True:
        due_ns = _due_ns(pace, first_ns, ports.monotonic_ns() - start_ns)
        records, signals, is_over = ports.session.pump(min(due_ns, limit_ns), _STEP_RECORDS)
        tally.records += records
        tally.signals += signals
        ports.tick(ports.source.progress()[0])
        if is_over:
            return _played(ports, PlayEnd.FINISHED, tally)
        next_ns = ports.session.next_ns
        if next_ns is not None and next_ns > limit_ns:
            return _played(ports, PlayEnd.DURATION, tally)
        if ports.wait(_nap_s(pace, next_ns, due_ns)):
            return _played(ports, PlayEnd.STOPPED, tally)


def _first_ns(ports: PlayPorts, tally: _Tally) -> int | None:
    """Look at the first record without taking it; ``None`` for an empty recording."""
    records, signals, is_over = ports.session.pump(-1, 1)
    tally.records += records
    tally.signals += signals
    if ports.session.next_ns is not None:
        return ports.session.next_ns
    return None if is_over else ports.session.now_ns


def _due_ns(pace: Pace, first_ns: int, passed_ns: int) -> int:
    if pace is Pace.MAX:
        return _LATEST_NS
    return first_ns + passed_ns * pace.factor


def _nap_s(pace: Pace, next_ns: int | None, due_ns: int) -> float:
    """Seconds until the next record is due, at most a nap; none at full speed."""
    if pace is Pace.MAX or next_ns is None:
        return 0.0
    ahead_ms = (next_ns - due_ns) / (pace.factor * _NS_PER_MS)
    return min(max(ahead_ms, 1.0), _NAP_MS) / 1000


def _played(ports: PlayPorts, end: PlayEnd, tally: _Tally) -> Played:
    ports.session.flush()
    return Played(
        end=end,
        records=tally.records,
        signals=tally.signals,
        first_ns=tally.first_ns,
        last_ns=ports.session.now_ns,
    )
