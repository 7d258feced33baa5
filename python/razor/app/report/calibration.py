"""The calibration page: what fills say about the fill shares, for a person who decides.

Owns: :func:`calibration_page`. Must never: show a percentile without its number of samples and
its interval, let simulated fills look like real ones, or name a share as if it were in force.
"""

from collections.abc import Iterator

from razor.app.report import shown
from razor.app.report.content import (
    Banner,
    Bullets,
    Card,
    Cell,
    Column,
    Figure,
    Page,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
)
from razor.application.calibrate import Outcome, Review, paste_lines, source_line
from razor.domain.calibration import BUCKETS, BucketName, Calibration, Figures, setting_of
from razor.domain.settings import toml_text

__all__ = ["calibration_page"]

_TENTHS = 10
_BAR_WIDTH = 30
_TITLES: dict[BucketName, str] = {"liquid": "Liquid", "thin": "Thin"}
_MEASURES = (("req", "of the request"), ("mkt", "of the volume"))
_DEPENDENT = (
    "Attempts of one signal depend on each other: a chase follows a fill, a sale follows a failed "
    "chase. The interval counts them as independent, so it is narrower than it should be."
)
_SHARE_ALONE = (
    "The settlement above changes the share alone: the same signals, limits, bids and volumes. "
    "Orders that had really been sent would have changed what others did."
)
_TWO_MEANINGS = (
    "A share of the request says how much of an order was filled; the ledger applies it to the "
    "volume that traded. The share of the volume stands beside it where the volume is known."
)
_CANNOT_TELL = (_DEPENDENT, _SHARE_ALONE, _TWO_MEANINGS)
_SIMULATED = (
    "These fills are simulated. They show that the machinery works and what its model assumes; "
    "they are no evidence of what the venue would fill."
)


def calibration_page(review: Review, figures: tuple[Figure, ...] = ()) -> Page:
    """Compose the page; ``figures`` are the plots of a medium that can show them."""
    calibration = review.calibration
    plots = (Section(key="plots", title="Plots", blocks=figures),) if figures else ()
    simulated = (_SIMULATED,) if calibration.is_simulated else ()
    return Page(
        title=f"Calibration of fill shares from {_runs_named(calibration)}",
        subtitle=(
            f"{source_line(calibration)}.",
            f"current values: {review.current.source}",
        ),
        notices=(*simulated, *review.markers),
        banner=Banner(verdict=_suggestion_card(review), evidence=_evidence_card(calibration)),
        sections=(
            _suggestions(review),
            *plots,
            _histograms(calibration),
            _sets(calibration),
            _day14(review),
            _paste(review),
            _runs(calibration),
            Section(
                key="cannot-tell",
                title="What these numbers cannot tell",
                blocks=(Bullets(title="", items=_CANNOT_TELL),),
            ),
        ),
    )


def _runs_named(calibration: Calibration) -> str:
    """Name the runs as the suggestion does: one id, or the first and how many more."""
    names = [run.run_id or "a run without rows" for run in calibration.runs]
    return names[0] if len(names) == 1 else f"{len(names)} runs"


def _runs_counted(calibration: Calibration) -> str:
    """Say how many runs the samples came from."""
    count = len(calibration.runs)
    return "1 run" if count == 1 else f"{count:,} runs"


def _suggestion_card(review: Review) -> Card:
    """Give the card with the lines to paste, or why there are none."""
    calibration = review.calibration
    words = [
        f"{name} {p25}" for name in BUCKETS if (p25 := calibration.suggested(name)) is not None
    ]
    is_real = bool(words) and not calibration.is_simulated
    return Card(
        label="suggested fill share (p25)",
        word=", ".join(words) if words else "NO SUGGESTION",
        tone=Tone.GOOD if is_real else Tone.OPEN,
        lines=tuple(_bucket_line(name, review) for name in BUCKETS),
    )


def _bucket_line(name: BucketName, review: Review) -> str:
    """Put the value in force beside the suggested one."""
    found = review.calibration.bucket(name).frozen.req
    current = toml_text(review.current.share(name))
    if found.p25 is None:
        return (
            f"{_TITLES[name]}: insufficient_samples (n = {found.samples:,}, needed "
            f"{review.calibration.min_samples:,}); current value {current} stays"
        )
    return (
        f"{_TITLES[name]}: {found.p25}, 95 % interval {_interval(found)} (n = {found.samples:,}); "
        f"current value {current}"
    )


def _evidence_card(calibration: Calibration) -> Card:
    """Say what the samples are worth: whose fills, how many, and how wide the interval is."""
    word = {"SIM": "SIMULATED FILLS", "LIVE": "REAL FILLS", None: "NO FILLS"}[calibration.mode]
    counts = (
        f"{calibration.rows:,} attempts in {_runs_counted(calibration)}; "
        f"{calibration.rejected:,} of them gave no sample"
    )
    lines = (counts, "razor never applies a suggestion; a person edits the settings.")
    return Card(
        label="evidence",
        word=word,
        tone=Tone.GOOD if calibration.mode == "LIVE" else Tone.OPEN,
        lines=lines,
    )


def _suggestions(review: Review) -> Section:
    """Put current value and suggestion side by side."""

    def row(name: BucketName) -> Row:
        found = review.calibration.bucket(name).frozen.req
        return (
            setting_of(name),
            toml_text(review.current.share(name)),
            found.p25 or shown.UNKNOWN,
            found.low or shown.UNKNOWN,
            found.high or shown.UNKNOWN,
            f"{found.samples:,}",
            found.status,
        )

    table = Table(
        title="Settings of [buckets]",
        sample=_sample(review.calibration),
        columns=(
            Column(title="setting", cell=Cell.CODE),
            Column(title="current", unit="of 1"),
            Column(title="suggested", unit="p25 of 1"),
            Column(title="low", unit="95 %"),
            Column(title="high", unit="95 %"),
            Column(title="samples", unit="n"),
            Column(title="status", cell=Cell.WORD),
        ),
        rows=tuple(row(name) for name in BUCKETS),
        note="A sample is filled / requested of one attempt, clamped to 0..1; p25 is the sorted "
        "sample at index floor((n - 1) * 0.25). The interval assumes no distribution: its ends are "
        "samples whose ranks enclose the quartile with at least 95 %; 0 and 1 where none do.",
    )
    return Section(key="suggestion", title="Current and suggested", blocks=(table,))


def _histograms(calibration: Calibration) -> Section:
    """Show where the samples lie, as bars that every medium can print."""
    found = {name: calibration.bucket(name).frozen.req.histogram for name in BUCKETS}
    highest = max(1, *(count for counts in found.values() for count in counts))

    def row(tenth: int) -> Row:
        cells = [f"0.{tenth} to {'1' if tenth == _TENTHS - 1 else f'0.{tenth + 1}'}"]
        for name in BUCKETS:
            count = found[name][tenth]
            cells += (f"{count:,}", _bar(count, highest))
        return tuple(cells)

    columns = [Column(title="share", unit="of 1", cell=Cell.WORD)]
    for name in BUCKETS:
        columns += (Column(title=_TITLES[name], unit="n"), Column(title="", cell=Cell.TEXT))
    table = Table(
        title="Samples per tenth, all attempts",
        sample=_sample(calibration),
        columns=tuple(columns),
        rows=tuple(row(tenth) for tenth in range(_TENTHS)),
        note="A share of exactly 1 is in the last bin; bars of both buckets have one scale.",
    )
    return Section(key="histogram", title="Histogram", blocks=(table,))


def _bar(count: int, highest: int) -> str:
    """Give a bar of whole blocks; what is there has at least one."""
    return "█" * max(count * _BAR_WIDTH // highest, min(count, 1))


def _sets(calibration: Calibration) -> Section:
    """Show what the choice of attempts and of the measure would change."""
    table = Table(
        title="By set of attempts and measure",
        sample=_sample(calibration),
        columns=(
            Column(title="bucket", cell=Cell.WORD),
            Column(title="set", cell=Cell.WORD),
            Column(title="share", cell=Cell.WORD),
            Column(title="samples", unit="n"),
            Column(title="p25", unit="of 1"),
            Column(title="low", unit="95 %"),
            Column(title="high", unit="95 %"),
        ),
        rows=tuple(_set_rows(calibration)),
        note="frozen: every attempt, the definition the suggestion uses; clean: FIRE and CHASE; "
        "flatten: sales of leftovers. A p25 needs the same number of samples in every line.",
    )
    return Section(key="sets", title="Sets of attempts", blocks=(table,))


def _set_rows(calibration: Calibration) -> Iterator[Row]:
    """Give a row per set of samples: frozen, clean, flatten, each by request and by volume."""
    for name in BUCKETS:
        for set_name, measured in calibration.bucket(name).sets():
            for (_, measure), found in zip(_MEASURES, (measured.req, measured.mkt), strict=True):
                yield (
                    name,
                    set_name,
                    measure,
                    f"{found.samples:,}",
                    found.p25 or shown.UNKNOWN,
                    found.low or shown.UNKNOWN,
                    found.high or shown.UNKNOWN,
                )


def _day14(review: Review) -> Section:
    """Show the frozen verdict of each ledger, settled with other shares."""
    rows = tuple(_outcome_row(run.run, outcome) for run in review.runs for outcome in run.outcomes)
    table = Table(
        title="Settled again with other fill shares",
        sample=f"shadow ledgers of {_runs_counted(review.calibration)}, frozen basis",
        columns=(
            Column(title="run", cell=Cell.ID),
            Column(title="fill shares", cell=Cell.WORD),
            Column(title="liquid", unit="of 1"),
            Column(title="thin", unit="of 1"),
            Column(title="rows", unit="n"),
            Column(title="total PnL", unit="USDC"),
            Column(title="legging", unit="share"),
            Column(title="rule", cell=Cell.WORD),
        ),
        rows=rows,
        note="A blank share: the rows of that bucket keep what they were settled with. The rule is "
        "the fixed Day-14 rule; whether the ledger can carry a verdict is in razor report day14.",
    )
    return Section(key="day14", title="Day-14 numbers", blocks=(table,))


def _outcome_row(run: str, outcome: Outcome) -> Row:
    """Give what the Day-14 numbers would have been with the suggestion."""
    scenario, day14 = outcome.scenario, outcome.numbers.day14
    return (
        run,
        scenario.name,
        scenario.liquid or "",
        scenario.thin or "",
        f"{day14.rows_ok:,}",
        shown.usdc(day14.total_pnl_sum),
        shown.share(day14.verdict.legging_fail_share),
        "GO" if day14.verdict.go else "NO GO",
    )


def _paste(review: Review) -> Section:
    """Give the lines that a person would put into the settings."""
    title = "To put it into force"
    lines = paste_lines(review.calibration)
    if not lines:
        text = "There is nothing to change: no bucket has enough samples."
        return Section(key="paste", title=title, blocks=(Paragraph(text=text),))
    table = Table(
        title="In the section [buckets] of the settings, replace the lines of these keys",
        sample=_sample(review.calibration),
        columns=(Column(title="line", cell=Cell.CODE),),
        rows=tuple((line,) for line in lines.splitlines()),
    )
    return Section(key="paste", title=title, blocks=(table,))


def _runs(calibration: Calibration) -> Section:
    """List the runs with their spans."""
    table = Table(
        title="Source runs",
        sample=_sample(calibration),
        columns=(
            Column(title="run", cell=Cell.ID),
            Column(title="mode", cell=Cell.WORD),
            Column(title="attempts", unit="n"),
            Column(title="no sample", unit="n"),
            Column(title="first", cell=Cell.WORD),
            Column(title="last", cell=Cell.WORD),
        ),
        rows=tuple(
            (
                run.run_id or run.file,
                run.mode or shown.UNKNOWN,
                f"{run.rows:,}",
                f"{run.rejected:,}",
                _time(run.first_ts_ms),
                _time(run.last_ts_ms),
            )
            for run in calibration.runs
        ),
    )
    return Section(key="runs", title="Runs", blocks=(table,))


def _time(ms: int | None) -> str:
    """Write a time of the tables; blank where there is none."""
    return shown.UNKNOWN if ms is None else shown.instant(ms)


def _interval(found: Figures) -> str:
    """Write the interval of the quantile; it needs more samples than the quantile itself."""
    return f"{found.low} to {found.high}"


def _sample(calibration: Calibration) -> str:
    """Say the sample size, which stands beside every number."""
    return f"n = {calibration.rows - calibration.rejected:,} samples"
