"""From many signals to few points: what a plot can show and a browser can draw.

Owns: the running sum, the binning of long curves and sorted tails, the hours and ratio bins.
Everything here is for the eye: amounts become floats (visibly, in :func:`amounts`) and never go
back into a table. Each function says how much it left out, so that the caption can say it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

__all__ = [
    "RATIO_BINS",
    "Curve",
    "Hours",
    "amounts",
    "cumulative",
    "hours",
    "ratio_counts",
    "tail",
]

# Twenty bins of 0.05, so that the frozen limit 0.85 is the edge of a bin.
RATIO_BINS = 20
# A curve keeps the lowest and the highest point of each of so many stretches.
_STRETCHES = 400
# A tail keeps so many of its worst values one by one, and as many of the others.
_TAIL_ENDS = 400
# More bars than this are thinner than a pixel on a phone.
_MOST_BARS = 400
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Points to draw; ``total`` is how many there were before thinning."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    total: int

    @property
    def is_thinned(self) -> bool:
        """Whether points were left out."""
        return len(self.xs) < self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Counts in equal bins of ``bin_hours`` hours from ``start_ms``, UTC."""

    start_ms: int
    bin_hours: int
    counts: tuple[int, ...]


def amounts(texts: Iterable[str]) -> tuple[float, ...]:
    """Turn decimal texts into floats, for drawing only; blank becomes NaN."""
    return tuple(float(text) if text else math.nan for text in texts)


def cumulative(times: Sequence[int], values: Sequence[float]) -> Curve:
    """Sum known values in order of time (ms); unknown ones (NaN) are left out."""
    known = sorted(
        (pair for pair in zip(times, values, strict=True) if not math.isnan(pair[1])),
        key=lambda pair: pair[0],
    )
    sums: list[float] = []
    running = 0.0
    for _, value in known:
        running += value
        sums.append(running)
    kept = _stretched(sums)
    return Curve(
        xs=tuple(float(known[index][0]) for index in kept),
        ys=tuple(sums[index] for index in kept),
        total=len(sums),
    )


def tail(values: Sequence[float]) -> Curve:
    """Sort ascending; x is the rank from 1. The worst stay complete, the rest is spread evenly."""
    ordered = sorted(value for value in values if not math.isnan(value))
    ranks = list(range(len(ordered)))
    if len(ordered) > 2 * _TAIL_ENDS:
        rest = len(ordered) - 1 - _TAIL_ENDS
        spread = (_TAIL_ENDS + rest * step // _TAIL_ENDS for step in range(_TAIL_ENDS + 1))
        ranks = [*ranks[:_TAIL_ENDS], *spread]
    return Curve(
        xs=tuple(float(rank + 1) for rank in ranks),
        ys=tuple(ordered[rank] for rank in ranks),
        total=len(ordered),
    )


def ratio_counts(texts: Iterable[str]) -> tuple[int, ...]:
    """Count set ratios in twenty bins of 0.05, closed below; 1 belongs to the last.

    Exact: a ratio a hair under 0.85 stays left of the frozen limit. Blank ones are left out.
    """
    counts = [0] * RATIO_BINS
    for text in texts:
        if text:
            index = int(Decimal(text) * RATIO_BINS)
            counts[min(max(index, 0), RATIO_BINS - 1)] += 1
    return tuple(counts)


def hours(times: Sequence[int]) -> Hours:
    """Count times (ms) per UTC hour, or per several hours where one per hour would not be seen."""
    if not times:
        return Hours(start_ms=0, bin_hours=1, counts=())
    first, last = min(times) // _HOUR_MS, max(times) // _HOUR_MS
    width = -(-(last - first + 1) // _MOST_BARS)
    found = Counter((time // _HOUR_MS - first) // width for time in times)
    bins = (last - first) // width + 1
    return Hours(
        start_ms=first * _HOUR_MS,
        bin_hours=width,
        counts=tuple(found[index] for index in range(bins)),
    )


def _stretched(values: Sequence[float]) -> list[int]:
    """Pick the first, the last, and each stretch's lowest and highest value, in order."""
    if len(values) <= 2 * _STRETCHES:
        return list(range(len(values)))
    kept = {0, len(values) - 1}
    for stretch in range(_STRETCHES):
        start = len(values) * stretch // _STRETCHES
        stop = len(values) * (stretch + 1) // _STRETCHES
        indices = range(start, stop)
        kept.add(min(indices, key=values.__getitem__))
        kept.add(max(indices, key=values.__getitem__))
    return sorted(kept)
