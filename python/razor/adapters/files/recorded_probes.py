"""Probes of a recording: all its sets at once, over the recording's own time.

Owns: the one pass over a capture or a run's journal, and its sets as candidates. Must never: hold
the recording; the core reads it record by record.

Invariants: ``probe_ms`` is the span that was read; a recording that was not read to its end is
given all the same and says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from razor import _core
from razor.domain.probe import ProbedSet, ProbeReport, decode_report
from razor.domain.selection import Candidate, Score

__all__ = ["RecordedProbes", "RecordingPlan"]

# Told bytes done and bytes there are; false stops.
Tick = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPlan:
    """What is read and by which settings; ``params`` is the payload of a ``params`` record."""

    path: Path
    params: bytes
    trade_poll_limit: int


class RecordedProbes:
    """Implements the port ``Probes`` for a recording."""

    def __init__(self, plan: RecordingPlan, tick: Tick) -> None:
        """Read nothing yet."""
        self._plan = plan
        self._tick = tick
        self._report: ProbeReport | None = None

    @property
    def probe_ms(self) -> int:
        """Span that was read, ms."""
        return 0 if self._report is None else self._report.to_ms - self._report.from_ms

    @property
    def is_complete(self) -> bool:
        """Whether the recording was read to its end."""
        return self._report is None or self._report.is_complete

    async def candidates(self) -> Sequence[Candidate]:
        """Read the recording; its sets are the candidates, in order of definition.

        Errors: ``StorageError``, ``DecodeError``, ``JournalError``.
        """
        text = _core.probe_capture(self._plan.path, self._plan.params, self._tick)
        self._report = decode_report(text)
        return tuple(map(_candidate, self._report.sets))

    async def run(
        self, candidates: Sequence[Candidate], took: Callable[[Score | None], None]
    ) -> None:
        """Give the figures of all candidates, in their order."""
        report = self._report
        if report is None:
            return
        found = {(item.key, item.legs): item for item in report.sets}
        for candidate in candidates:
            took(
                Score(
                    candidate=candidate,
                    start_ms=report.from_ms,
                    end_ms=report.to_ms,
                    probe_ms=self.probe_ms,
                    trade_poll_limit=self._plan.trade_poll_limit,
                    figures=found[candidate.market_id, candidate.token_ids].figures,
                )
            )


def _candidate(item: ProbedSet) -> Candidate:
    """A set of one condition has that condition's id; a set of several has its key (FILES.md)."""
    is_single = len(item.conditions) == 1
    return Candidate(
        market_id=item.key,
        condition_id=item.conditions[0] if is_single else item.key,
        token_ids=item.legs,
        end_ms=item.end_ms,
        label=item.label,
    )
