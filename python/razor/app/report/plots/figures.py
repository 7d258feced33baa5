"""What each of the five plots shows, and the sentence that stands in its place when it is empty.

Owns: :func:`figures`. Every caption names the number of points behind the picture and how they
were thinned, so that a picture of a hundred thousand signals never pretends to show each of them.
Must never: draw money that the ledger does not know; unknown venue results are left out and
counted in the caption.
"""

import math
from collections.abc import Sequence
from functools import partial

from razor.app.report.content import Figure
from razor.app.report.plots.canvas import draw
from razor.app.report.plots.painting import (
    LIMIT_RATIO,
    paint_hours,
    paint_pnl,
    paint_ratio,
    paint_reasons,
    paint_tail,
)
from razor.app.report.plots.thinning import (
    RATIO_BINS,
    Curve,
    Hours,
    amounts,
    cumulative,
    hours,
    ratio_counts,
    tail,
)
from razor.domain.verdict import Emptiness, GroupLine, SignalSeries

__all__ = ["figures"]

# Key and title of the plots that need fills.
_PNL = ("plot-pnl", "Cumulative PnL over time")
_RATIO = ("plot-ratio", "Set ratio")
_TAIL = ("plot-tail", "Tail: total PnL, worst first")
_NO_PRINTS = (
    "No trade print was recorded, so no signal can have a fill; zeros would not be a result."
)
# More bars than codes of version v1 never stand in a plot; an old file may hold any text.
_MOST_REASONS = 20
# Codes that razor writes; anything else in an old file is shown as a table row only.
_CODE_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def figures(
    series: SignalSeries, reasons: Sequence[GroupLine], emptiness: Emptiness | None
) -> tuple[Figure, ...]:
    """Draw all plots of a report; ``emptiness`` keeps a ledger of zeros from looking like one.

    Cost: about a second for 100,000 signals.
    """
    frozen = amounts(
        pnl for pnl, is_in in zip(series.frozen_pnl, series.is_frozen, strict=True) if is_in
    )
    frozen_times = tuple(
        time for time, is_in in zip(series.ts_ms, series.is_frozen, strict=True) if is_in
    )
    ratios = tuple(
        ratio for ratio, is_in in zip(series.set_ratio, series.is_frozen, strict=True) if is_in
    )
    in_hours = _hours_figure(hours(series.ts_ms), len(series.ts_ms))
    if emptiness is Emptiness.NO_PRINTS:
        # Zeros by construction would draw a flat line that looks like a result.
        pnl, ratio, worst = (
            Figure(key=key, title=title, svg="", caption=_NO_PRINTS)
            for key, title in (_PNL, _RATIO, _TAIL)
        )
        return pnl, ratio, in_hours, _reasons_figure(reasons), worst
    return (
        _pnl_figure(
            cumulative(frozen_times, frozen),
            cumulative(series.ts_ms, amounts(series.venue_pnl)),
            len(series.ts_ms),
        ),
        _ratio_figure(ratio_counts(ratios)),
        in_hours,
        _reasons_figure(reasons),
        _tail_figure(tail(frozen)),
    )


def _pnl_figure(frozen: Curve, venue: Curve, signals: int) -> Figure:
    """Show when money was made or lost, on both bases."""
    key, title = _PNL
    if not frozen.total and not venue.total:
        caption = "No signal was settled, so there is no profit or loss to add up."
        return Figure(key=key, title=title, svg="", caption=caption)
    unknown = signals - venue.total
    parts = [
        (
            f"USDC, UTC. Frozen basis: {frozen.total:,} signals (solid). "
            f"Venue basis: {venue.total:,} signals (dashed)."
        )
    ]
    if unknown:
        parts.append(f"The venue result of {unknown:,} signals is unknown and left out.")
    if frozen.is_thinned or venue.is_thinned:
        parts.append("Thinned: of each of 400 stretches the lowest and the highest point.")
    svg = draw(key, title, partial(paint_pnl, frozen=frozen, venue=venue))
    return Figure(key=key, title=title, svg=svg, caption=" ".join(parts))


def _ratio_figure(counts: tuple[int, ...]) -> Figure:
    """Show how far the failed rows lie from the frozen limit."""
    key, title = _RATIO
    total = sum(counts)
    if not total:
        caption = "No row in the frozen table, so there is no set ratio to show."
        return Figure(key=key, title=title, svg="", caption=caption)
    failed = sum(counts[: round(LIMIT_RATIO * RATIO_BINS)])
    caption = (
        f"Rows per bin of 0.05, {total:,} rows; the line is the frozen limit 0.85. "
        f"{failed:,} rows lie left of it and count as legging failures."
    )
    svg = draw(key, title, partial(paint_ratio, counts=counts))
    return Figure(key=key, title=title, svg=svg, caption=caption)


def _hours_figure(found: Hours, signals: int) -> Figure:
    """Show whether opportunities come all day or in one hour."""
    key, title = "plot-hours", "Opportunities per hour"
    if not found.counts:
        caption = "No opportunity passed the gate, so there is nothing to count per hour."
        return Figure(key=key, title=title, svg="", caption=caption)
    noun = "hour" if found.bin_hours == 1 else f"{found.bin_hours} hours"
    quiet = sum(1 for count in found.counts if not count)
    caption = (
        f"Signals per {noun}, UTC; {signals:,} signals in {len(found.counts):,} bins, "
        f"{quiet:,} of them without any."
    )
    if found.bin_hours > 1:
        caption += " Several hours share a bin, since one bar per hour could not be seen."
    svg = draw(key, title, partial(paint_hours, found=found, noun=noun))
    return Figure(key=key, title=title, svg=svg, caption=caption)


def _reasons_figure(reasons: Sequence[GroupLine]) -> Figure:
    """Show which findings are frequent; the table has their sums."""
    key, title = "plot-reasons", "Reasons"
    shown = [row for row in reasons if row.count and _CODE_LETTERS.issuperset(row.key[0])]
    if not shown:
        caption = "No row, so no reason code was written."
        return Figure(key=key, title=title, svg="", caption=caption)
    shown = shown[:_MOST_REASONS]
    caption = (
        f"Rows per reason code, most frequent first ({len(shown)} of {len(reasons)} codes); a row "
        "may carry several, and OK is a row without any."
    )
    svg = draw(key, title, partial(paint_reasons, rows=shown))
    return Figure(key=key, title=title, svg=svg, caption=caption)


def _tail_figure(curve: Curve) -> Figure:
    """Show whether few rows carry the loss."""
    key, title = _TAIL
    if not curve.total:
        caption = "No row in the frozen table, so there is no tail to show."
        return Figure(key=key, title=title, svg="", caption=caption)
    worst_share = math.ceil(curve.total / 100)
    caption = (
        f"USDC per signal on the frozen basis, {curve.total:,} rows sorted ascending; "
        f"the worst 1 % are the first {worst_share:,}."
    )
    if curve.is_thinned:
        caption += " Thinned: the worst 400 one by one, 401 of the others evenly spread."
    svg = draw(key, title, partial(paint_tail, curve=curve))
    return Figure(key=key, title=title, svg=svg, caption=caption)
