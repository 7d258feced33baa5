# pyright: reportUnknownMemberType=false
# matplotlib leaves the type of its keyword arguments open, so every call of it is "partly unknown".
"""The plots of the calibration page: how the real fill shares of each bucket lie.

Owns: :func:`share_figures`. Every caption has the number of samples, so that a picture of five
attempts never looks like one of five thousand.
"""

from functools import partial

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from razor.app.report.content import Figure
from razor.app.report.plots.canvas import FROZEN, INK, LIMIT, VENUE, draw
from razor.application.calibrate import Review
from razor.domain.calibration import BUCKETS, BucketName, Figures
from razor.domain.settings import toml_text

__all__ = ["share_figures"]

_TENTHS = 10


def share_figures(review: Review) -> tuple[Figure, ...]:
    """Draw one histogram per bucket."""
    return tuple(_figure(name, review) for name in BUCKETS)


def _figure(name: BucketName, review: Review) -> Figure:
    key, title = f"plot-share-{name}", f"Fill shares, {name}"
    found = review.calibration.bucket(name).frozen.req
    current = toml_text(review.current.share(name))
    if not found.samples:
        caption = f"No attempt on a {name} set, so there is no fill share to show."
        return Figure(key=key, title=title, svg="", caption=caption)
    suggested = (
        f"the solid line is the suggested p25 {found.p25}, the band its 95 % interval"
        if found.p25 is not None
        else "too few samples for a p25, the band is its 95 % interval"
    )
    caption = (
        f"Attempts per tenth of filled / requested, {found.samples:,} samples; {suggested}; "
        f"the dashed line is the current value {current}."
    )
    svg = draw(key, title, partial(_paint, found=found, current=current))
    return Figure(key=key, title=title, svg=svg, caption=caption)


def _paint(axes: Axes, *, found: Figures, current: str) -> None:
    """Draw the bins, the interval behind them and both values in front."""
    lefts = [tenth / _TENTHS for tenth in range(_TENTHS)]
    if found.low is not None and found.high is not None:
        axes.axvspan(float(found.low), float(found.high), color=VENUE, alpha=0.18, linewidth=0)
    axes.bar(lefts, found.histogram, width=0.9 / _TENTHS, align="edge", color=FROZEN)
    if found.p25 is not None:
        axes.axvline(float(found.p25), color=VENUE, linewidth=1.6)
    axes.axvline(float(current), color=LIMIT, linewidth=1.4, linestyle="--")
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks((0.0, 0.25, 0.5, 0.75, 1.0))
    axes.set_xticklabels(("0", "0.25", "0.5", "0.75", "1"))
    axes.set_xlabel("filled / requested (share of 1)", color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    axes.set_ylabel("attempts", color=INK)
