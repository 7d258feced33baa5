# pyright: reportUnknownMemberType=false
# matplotlib leaves the type of its keyword arguments open, so every call of it is "partly unknown".
"""How each plot is painted on the axes that :mod:`razor.app.report.plots.canvas` gives.

Owns: the calls of matplotlib. Must never: decide what is shown or say how much was left out; that
is :mod:`razor.app.report.plots.figures`. Colours are the stand-ins of the canvas, dashes and dots
repeat what colour says, so that a reader who sees no colours misses nothing.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from razor.app.report.plots.axis import time_ticks
from razor.app.report.plots.canvas import FROZEN, INK, LIMIT, LOSS, VENUE
from razor.app.report.plots.thinning import RATIO_BINS, Curve, Hours
from razor.domain.verdict import GroupLine

__all__ = [
    "HOUR_MS",
    "LIMIT_RATIO",
    "paint_hours",
    "paint_pnl",
    "paint_ratio",
    "paint_reasons",
    "paint_tail",
]

HOUR_MS = 3_600_000
# The frozen per-row limit (RAZOR_SPEC §18).
LIMIT_RATIO = 0.85
# A curve of so few points is drawn with a dot at each of them.
_FEW = 60
# One micro-dollar: the smallest height an axis of money may have.
_MICRO_STEP = 1e-6


def paint_pnl(axes: Axes, *, frozen: Curve, venue: Curve) -> None:
    """Draw both running sums as steps: a sum changes when a signal is settled, not between."""
    axes.axhline(0.0, color=INK, linewidth=0.7)
    for curve, name, colour, line in (
        (frozen, "frozen", FROZEN, "-"),
        (venue, "venue", VENUE, "--"),
    ):
        if curve.total:
            marker = "o" if curve.total <= _FEW else ""
            axes.plot(
                curve.xs,
                curve.ys,
                color=colour,
                linestyle=line,
                linewidth=1.4,
                marker=marker,
                markersize=3,
                label=name,
                drawstyle="steps-post",
            )
    times = (*frozen.xs, *venue.xs)
    _time_axis(axes, int(min(times)), int(max(times)))
    axes.set_ylabel("USDC", color=INK)
    axes.legend(frameon=False, labelcolor=INK, fontsize=8)


def paint_ratio(axes: Axes, *, counts: tuple[int, ...]) -> None:
    """Draw the bins, those under the frozen limit in the colour of a loss, and the limit itself."""
    lefts = [index / RATIO_BINS for index in range(RATIO_BINS)]
    limit = round(LIMIT_RATIO * RATIO_BINS)
    colours = [LOSS if index < limit else FROZEN for index in range(RATIO_BINS)]
    axes.bar(lefts, counts, width=0.9 / RATIO_BINS, align="edge", color=colours)
    axes.axvline(LIMIT_RATIO, color=LIMIT, linewidth=1.4, linestyle="--")
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks((0.0, 0.25, 0.5, 0.75, LIMIT_RATIO, 1.0))
    axes.set_xticklabels(("0", "0.25", "0.5", "", "0.85", "1"))
    axes.set_xlabel("set ratio (share of 1)", color=INK)
    _count_axis(axes, "rows")


def paint_hours(axes: Axes, *, found: Hours, noun: str) -> None:
    """Draw the counts as one filled outline, which stays small for any number of bins."""
    width = found.bin_hours * HOUR_MS
    edges = [found.start_ms + width * index for index in range(len(found.counts) + 1)]
    axes.stairs(found.counts, edges, fill=True, color=FROZEN, linewidth=0.8)
    _time_axis(axes, edges[0], edges[-1])
    _count_axis(axes, f"signals per {noun}")


def paint_reasons(axes: Axes, *, rows: Sequence[GroupLine]) -> None:
    """Draw one bar per code with its count at the end, the most frequent on top."""
    places = range(len(rows))
    axes.barh(places, [row.count for row in rows], color=FROZEN, height=0.7)
    axes.set_yticks(places)
    axes.set_yticklabels([row.key[0] for row in rows], fontsize=7)
    axes.invert_yaxis()
    axes.grid(visible=False)
    for place, row in zip(places, rows, strict=True):
        axes.annotate(f" {row.count:,}", (row.count, place), va="center", fontsize=7, color=INK)
    axes.margins(x=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_xlabel("rows", color=INK)


def paint_tail(axes: Axes, *, curve: Curve) -> None:
    """Draw the sorted results against their rank."""
    axes.axhline(0.0, color=INK, linewidth=0.7)
    marker = "o" if curve.total <= _FEW else ""
    axes.plot(curve.xs, curve.ys, color=LOSS, linewidth=1.4, marker=marker, markersize=3)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_xlabel("rank, worst = 1", color=INK)
    axes.set_ylabel("USDC", color=INK)
    _no_flat_range(axes)


def _time_axis(axes: Axes, first_ms: int, last_ms: int) -> None:
    """Label a time axis in UTC; see :mod:`razor.app.report.plots.axis` for why by hand."""
    ticks, labels = time_ticks(first_ms, last_ms)
    axes.set_xticks(ticks)
    axes.set_xticklabels(labels, fontsize=8)
    _no_flat_range(axes)


def _count_axis(axes: Axes, name: str) -> None:
    """Label an axis of counts with whole numbers only."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    axes.set_ylabel(name, color=INK)


def _no_flat_range(axes: Axes) -> None:
    """Give a curve without height some: a range of nothing has no tick to read it by."""
    low, high = axes.get_ylim()
    if high - low < _MICRO_STEP:
        axes.set_ylim(low - _MICRO_STEP, high + _MICRO_STEP)
