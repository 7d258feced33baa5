"""A measured number beside its target, and how a section of them is shown.

Owns: :class:`Figure` and :class:`Section` and their three forms: JSON, table rows and Markdown.
Must never: round a miss into a hit; the comparison uses the value as measured, the text is only
its rounding. Numbers leave as exact text because JSON of razor holds no floats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median

from razor.domain.errors import JsonValue

__all__ = ["Bound", "Figure", "Section", "middle", "per"]


class Bound(Enum):
    """On which side of the target the figure belongs."""

    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number: ``key`` for programs, ``what`` for people; no target means it is only shown."""

    key: str
    what: str
    value: float
    unit: str
    places: int = 0
    target: float | None = None
    bound: Bound = Bound.AT_MOST

    @property
    def is_reached(self) -> bool | None:
        """Whether the value keeps to its target; ``None`` without one."""
        if self.target is None:
            return None
        if self.bound is Bound.AT_MOST:
            return self.value <= self.target
        return self.value >= self.target

    @property
    def text(self) -> str:
        """The value, rounded for reading."""
        return f"{self.value:,.{self.places}f}"

    @property
    def target_text(self) -> str:
        """The target with its side, ``-`` without one."""
        return "-" if self.target is None else f"{self.bound.value} {self.target:,.{self.places}f}"

    @property
    def verdict(self) -> str:
        """``reached``, or by how much it is missed (per cent unless the target is 0), or ``-``."""
        if self.is_reached is None or self.target is None:
            return "-"
        if self.is_reached:
            return "reached"
        if not self.target:
            return f"missed by {self.text}"
        return f"missed by {100 * abs(self.value - self.target) / self.target:.0f} %"

    def row(self) -> tuple[str, str, str, str, str]:
        """The cells of a table: what, value, unit, target, verdict."""
        return (self.what, self.text, self.unit, self.target_text, self.verdict)

    def as_json(self) -> dict[str, JsonValue]:
        """The same facts for programs."""
        return {
            "key": self.key,
            "what": self.what,
            "value": f"{self.value:.{self.places}f}",
            "unit": self.unit,
            "target": None if self.target is None else self.target_text,
            "is_reached": self.is_reached,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One measurement: its workload in a sentence, its figures, what a reader must know.

    ``skipped`` says why there are no figures; empty when there are.
    """

    name: str
    title: str
    workload: str
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        """The section for programs."""
        return {
            "name": self.name,
            "title": self.title,
            "workload": self.workload,
            "figures": [figure.as_json() for figure in self.figures],
            "notes": list(self.notes),
            "skipped": self.skipped,
        }

    def markdown(self) -> str:
        """The section for docs/PERFORMANCE.md."""
        lines = [f"### {self.title}", "", self.workload, ""]
        if self.skipped:
            return "\n".join([*lines, f"Not measured: {self.skipped}", ""])
        lines += ["| Figure | Value | Unit | Target | |", "|---|---:|---|---:|---|"]
        lines += [f"| {' | '.join(figure.row())} |" for figure in self.figures]
        return "\n".join([*lines, *(f"\n{note}" for note in self.notes), ""])


def middle(values: Sequence[float]) -> float:
    """The median of the rounds."""
    return float(median(values))


def per(total_ns: float, count: int) -> float:
    """Nanoseconds of one out of ``count``; 0 of none."""
    return total_ns / count if count else 0.0
