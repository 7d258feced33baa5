"""Plots: thinned honestly, drawn the same on every run, a sentence where there is nothing."""

import math
import re

import matplotlib as mpl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from razor.app.report.plots import figures
from razor.app.report.plots.axis import time_ticks
from razor.app.report.plots.thinning import (
    amounts,
    cumulative,
    hours,
    ratio_counts,
    tail,
)
from razor.domain.verdict import Emptiness, SignalSeries

from .cases import report

KEYS = ("plot-pnl", "plot-ratio", "plot-hours", "plot-reasons", "plot-tail")
HOUR_MS = 3_600_000
cents = st.integers(-1_000, 1_000)


def series(count: int) -> SignalSeries:
    return SignalSeries(
        signal_id=tuple(range(1, count + 1)),
        ts_ms=tuple(1_784_000_000_000 + 12_000 * index for index in range(count)),
        frozen_pnl=tuple(f"{(index * 7919) % 2000 - 950}.5" for index in range(count)),
        venue_pnl=tuple("" if index % 5 == 0 else "0.25" for index in range(count)),
        set_ratio=tuple(f"0.{(index * 31) % 100:02}" for index in range(count)),
        is_frozen=(True,) * count,
    )


def test_blank_amounts_become_no_number_and_no_zero() -> None:
    found = amounts(("1.5", "", "-2"))
    assert (found[0], found[2]) == (1.5, -2.0)
    assert math.isnan(found[1])


def test_the_sum_runs_in_order_of_time_and_skips_the_unknown() -> None:
    found = cumulative((30, 10, 20), (3.0, 1.0, math.nan))
    assert (found.xs, found.ys, found.total) == ((10.0, 30.0), (1.0, 4.0), 2)
    assert not found.is_thinned


@given(st.lists(cents, min_size=1, max_size=5_000))
@settings(deadline=None, max_examples=50)
def test_a_thinned_curve_keeps_its_ends_and_its_extremes(steps: list[int]) -> None:
    found = cumulative(range(len(steps)), [float(step) for step in steps])
    sums = [float(sum(steps[: index + 1])) for index in range(min(len(steps), 1))]
    assert found.total == len(steps)
    assert len(found.xs) <= 802
    assert found.ys[0] == sums[0]
    assert found.ys[-1] == float(sum(steps))
    running, low, high = 0.0, math.inf, -math.inf
    for step in steps:
        running += step
        low, high = min(low, running), max(high, running)
    assert (min(found.ys), max(found.ys)) == (low, high)
    assert list(found.xs) == sorted(found.xs)


@given(st.lists(cents, max_size=3_000))
@settings(deadline=None, max_examples=50)
def test_a_thinned_tail_keeps_every_one_of_the_worst(values: list[int]) -> None:
    ordered = sorted(float(value) for value in values)
    found = tail([float(value) for value in values])
    assert found.total == len(values)
    assert len(found.xs) <= 801
    assert list(found.ys[:400]) == ordered[:400]
    assert list(found.ys[-1:]) == ordered[-1:]
    assert all(found.ys[at] == ordered[int(x) - 1] for at, x in enumerate(found.xs))


@pytest.mark.parametrize(
    ("ratio", "index"),
    [
        ("0", 0),
        ("0.05", 1),
        ("0.849999999999", 16),
        ("0.85", 17),
        ("0.95", 19),
        ("1", 19),
        ("-0.1", 0),
        ("7", 19),
    ],
)
def test_a_ratio_falls_exactly_on_its_side_of_the_limit(ratio: str, index: int) -> None:
    counts = ratio_counts((ratio, ""))
    assert sum(counts) == 1
    assert counts[index] == 1


@given(st.lists(st.integers(0, 2_000 * HOUR_MS), min_size=1, max_size=200))
def test_every_signal_is_in_one_bin_of_hours(times: list[int]) -> None:
    found = hours(times)
    assert sum(found.counts) == len(times)
    assert len(found.counts) <= 400
    assert found.start_ms <= min(times)
    assert found.start_ms % HOUR_MS == 0
    assert found.start_ms + found.bin_hours * HOUR_MS * len(found.counts) > max(times)


@given(st.integers(0, 4 * 10**12), st.integers(0, 4 * 10**11))
def test_time_labels_are_few_and_inside_the_axis(first: int, span: int) -> None:
    ticks, labels = time_ticks(first, first + span)
    assert 1 <= len(ticks) <= 7
    assert len(ticks) == len(labels)
    assert all(first <= tick <= first + span for tick in ticks)


@pytest.mark.parametrize("name", ["quotes", "unfilled", "example", "seeded"])
def test_there_are_five_plots_each_with_a_caption(name: str) -> None:
    found = report(name)
    plots = figures(found.signals, found.numbers.day14.by_reason, found.emptiness)
    assert tuple(plot.key for plot in plots) == KEYS
    assert all(plot.caption.endswith((".", "any.")) for plot in plots)


def test_an_empty_ledger_has_five_sentences_and_no_drawing() -> None:
    plots = figures(SignalSeries(), (), Emptiness.NO_ROWS)
    assert [plot.svg for plot in plots] == [""] * 5
    assert len({plot.caption for plot in plots}) == 5


def test_zeros_by_construction_are_not_drawn() -> None:
    found = report("unfilled")
    plots = figures(found.signals, found.numbers.day14.by_reason, found.emptiness)
    drawn = {plot.key: bool(plot.svg) for plot in plots}
    assert drawn == {
        "plot-pnl": False,
        "plot-ratio": False,
        "plot-hours": True,
        "plot-reasons": True,
        "plot-tail": False,
    }
    assert "no signal can have a fill" in plots[0].caption


def test_a_drawing_is_the_same_twice_whatever_the_user_set() -> None:
    found = report("seeded")
    first = figures(found.signals, found.numbers.day14.by_reason, None)
    with mpl.rc_context({"font.size": 30.0, "axes.facecolor": "red", "svg.hashsalt": "other"}):
        assert figures(found.signals, found.numbers.day14.by_reason, None) == first
        assert mpl.rcParams["font.size"] == 30.0


def test_a_drawing_holds_text_and_page_colours_and_no_stamp() -> None:
    found = report("seeded")
    for plot in figures(found.signals, found.numbers.day14.by_reason, None):
        assert plot.svg.startswith(f'<svg role="img" aria-label="{plot.title}"')
        assert plot.svg.endswith("</svg>")
        assert "<text" in plot.svg
        assert "var(--" in plot.svg
        assert "#0102" not in plot.svg
        assert not re.search(r"metadata|xmlns|xlink|<dc:|Matplotlib|20\d\d-\d\d-\d\dT", plot.svg)


def test_unknown_venue_results_are_counted_in_the_caption() -> None:
    found = report("seeded")
    caption = figures(found.signals, found.numbers.day14.by_reason, None)[0].caption
    assert "Frozen basis: 470 signals" in caption
    assert "The venue result of 80 signals is unknown and left out." in caption


def test_one_signal_can_be_drawn() -> None:
    found = report("example")
    plots = figures(found.signals, found.numbers.day14.by_reason, None)
    assert all(plot.svg for plot in plots)


def test_a_reason_of_an_old_file_that_is_no_code_is_not_drawn() -> None:
    found = report("example").numbers.day14.by_reason[0]
    hostile = type(found)(
        key=("<script>$x$",),
        count=3,
        share=found.share,
        sum_total_pnl=found.sum_total_pnl,
        avg_total_pnl=found.avg_total_pnl,
        avg_set_ratio=found.avg_set_ratio,
        miss_rate=found.miss_rate,
        venue_rows=0,
        venue_total_pnl=None,
    )
    plot = figures(SignalSeries(), (hostile, found), None)[3]
    assert "(1 of 2 codes)" in plot.caption
    assert "script" not in plot.svg


def test_a_hundred_thousand_signals_are_thinned_and_say_so() -> None:
    plots = figures(series(100_000), (), None)
    assert sum(len(plot.svg) for plot in plots) < 400_000
    assert "Thinned" in plots[0].caption
    assert "Thinned" in plots[4].caption
    assert "100,000 rows" in plots[1].caption
