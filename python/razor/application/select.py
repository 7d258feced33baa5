"""The use case `select`: read the pool, probe it, keep what is finished, choose at the end.

Owns: the order of things and the checkpoints. Probes come in as they finish; each is in the table
at once, and the recommendation says how far the selection is.

Must never: do I/O, or let a stop lose a finished probe.

Invariants:

- a finished probe is appended before the next one is looked at;
- between the first probe and the end the recommendation is rewritten at most every 2 s;
- on a stop, as at a regular end, all three files are written, from the probes that finished.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from razor.application.ports import Clock, Duty, Stop, Supervisor, Unresolved
from razor.domain.selection import (
    Candidate,
    Insufficient,
    Preference,
    Refused,
    Score,
    Selected,
    preferred,
    select,
    select_groups,
    sorted_by_volume,
)

__all__ = [
    "NO_CANDIDATES",
    "Probes",
    "Progress",
    "ScoreFiles",
    "Select",
    "SelectPorts",
    "SelectRequest",
    "Selection",
]

_NS_PER_MS = 1_000_000
_REWRITE_MS = 2_000
_STOP = "stop"
_PROBES = "probes"
NO_CANDIDATES = "no candidates of two or three legs and the preferred strategy"

# Takes a finished probe: its score, or `None` when it failed, or a group that is not probed.
Took = Callable[[Score | Refused | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a selection is; times in ms since the epoch, ``probe_ms`` the time of each probe.

    ``refused`` are groups that were not probed; they are among ``failed``.
    """

    started_ms: int
    updated_ms: int
    candidates_total: int = 0
    ok: int = 0
    failed: int = 0
    last_ok: str | None = None
    probe_ms: int = 0
    aborted: bool = False
    refused: tuple[Refused, ...] = ()


class Probes(Protocol):
    """Where candidates come from and how they are probed."""

    @property
    def probe_ms(self) -> int:
        """Time of each probe, ms; known once the candidates are."""
        ...

    @property
    def is_complete(self) -> bool:
        """False when the probes ended before their time and were given all the same."""
        ...

    async def candidates(self) -> Sequence[Candidate] | Unresolved:
        """Read what may be probed."""
        ...

    async def run(self, candidates: Sequence[Candidate], took: Took) -> None:
        """Probe all, give each as it finishes; a cancelled run ends its probes at once.

        Errors: none of a single probe; that one is given as ``None``.
        """
        ...


class ScoreFiles(Protocol):
    """The three files of a selection."""

    def append(self, score: Score) -> None:
        """Add a finished probe to the table."""
        ...

    def recommend(self, progress: Progress, choice: Selected | Insufficient | None) -> None:
        """Rewrite the recommendation; ``None`` while there is no choice yet."""
        ...

    def finish(
        self, scores: Sequence[Score], progress: Progress, choice: Selected | Insufficient
    ) -> None:
        """Write the sorted table, the recommendation and the suggestion."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectPorts:
    """What the use case is given."""

    probes: Probes
    files: ScoreFiles
    supervisor: Supervisor
    clock: Clock
    stop: Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectRequest:
    """What is asked for."""

    preference: Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """How a selection ended. ``choice`` is the frozen one, ``groups`` stand beside it.

    ``fault`` is what the probes as a whole died of, if they did.
    """

    scores: tuple[Score, ...]
    choice: Selected | Insufficient
    progress: Progress
    groups: tuple[Score, ...] = ()
    fault: Exception | None = None


class Select:
    """The use case with its ports; one instance selects once."""

    def __init__(self, ports: SelectPorts) -> None:
        self._probes = ports.probes
        self._files = ports.files
        self._supervisor = ports.supervisor
        self._clock = ports.clock
        self._stop = ports.stop
        self._scores: list[Score] = []
        self._progress = Progress(started_ms=self._now_ms(), updated_ms=self._now_ms())
        self._unresolved: Unresolved | None = None
        self._written_ms = self._progress.started_ms

    async def run(self, request: SelectRequest) -> Selection | Unresolved:
        """Select; nothing is written when the pool itself cannot be read."""

        async def probe() -> None:
            await self._probe(request)

        duties = (Duty(name=_STOP, run=self._stop.wait), Duty(name=_PROBES, run=probe))
        ended = await self._supervisor.run(duties)
        if self._unresolved is not None:
            return self._unresolved
        aborted = ended.name == _STOP or not self._probes.is_complete
        self._progress = replace(self._progress, aborted=aborted, updated_ms=self._now_ms())
        choice = self._choose(request.preference)
        scores = sorted_by_volume(self._scores)
        self._files.finish(scores, self._progress, choice)
        return Selection(
            scores=scores,
            choice=choice,
            progress=self._progress,
            groups=select_groups(scores),
            fault=ended.error,
        )

    async def _probe(self, request: SelectRequest) -> None:
        found = await self._probes.candidates()
        if isinstance(found, Unresolved):
            self._unresolved = found
            return
        candidates = preferred(found, request.preference)
        self._progress = replace(
            self._progress, candidates_total=len(candidates), probe_ms=self._probes.probe_ms
        )
        if candidates:
            await self._probes.run(candidates, self._take)

    def _take(self, found: Score | Refused | None) -> None:
        done = self._progress
        match found:
            case None:
                done = replace(done, failed=done.failed + 1)
            case Refused():
                done = replace(done, failed=done.failed + 1, refused=(*done.refused, found))
            case Score():
                self._scores.append(found)
                self._files.append(found)
                done = replace(done, ok=done.ok + 1, last_ok=found.candidate.market_id)
        self._progress = replace(done, updated_ms=self._now_ms())
        if self._progress.updated_ms - self._written_ms >= _REWRITE_MS:
            self._written_ms = self._progress.updated_ms
            self._files.recommend(self._progress, None)

    def _choose(self, preference: Preference) -> Selected | Insufficient:
        if self._progress.candidates_total == 0 and not self._progress.aborted:
            return Insufficient(reason=NO_CANDIDATES)
        return select(self._scores, preference)

    def _now_ms(self) -> int:
        return self._clock.now_ns() // _NS_PER_MS
