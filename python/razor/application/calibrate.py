"""From calibrated fills to a suggestion that a person reviews.

Owns: the text of ``calibration_suggest.toml`` (:func:`suggestion_toml`), the lines a person pastes
into the settings (:func:`paste_lines`), and the settlements that show what a suggestion would have
meant (:func:`scenarios_of`). Must never: read or write a file, change a setting, or suggest a share
from too few samples.

Invariants: the same facts give the same text, so that ``razor audit verify`` can derive the file
again; a suggestion from simulated fills says so in its first line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from razor.domain.calibration import BUCKETS, BucketName, Calibration, Current, Figures, setting_of
from razor.domain.settings import SCHEMA_VERSION, toml_text
from razor.domain.verdict import Numbers

__all__ = [
    "AS_RUN",
    "Outcome",
    "Review",
    "RunOutcomes",
    "Scenario",
    "paste_lines",
    "scenarios_of",
    "source_line",
    "suggestion_toml",
]

AS_RUN = "as the run"

_FROM = {
    "SIM": "SIMULATED fills (mode SIM): they show the model of the simulated venue, not the venue",
    "LIVE": "real fills (mode LIVE)",
    None: "no fills: there is no row in calibration_log.csv",
}
_EXPLAINED = """\
# Written by razor and never applied by it. A person reviews it: razor calibrate review
# samples, p25 and interval are of filled / requested over all attempts, as the frozen rules count:
# p25 at index floor((n - 1) * 0.25), interval its distribution-free 95 % confidence interval.
# clean leaves out FLATTEN, flatten is FLATTEN alone; of_volume divides by the market's volume.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Fill shares to settle a ledger with; ``None`` keeps the rows of a bucket as they are."""

    name: str
    liquid: str | None = None
    thin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The Day-14 numbers of a ledger under a scenario."""

    scenario: Scenario
    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcomes:
    """What the scenarios make of one run's ledger; the first one is the run as it was."""

    run: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Everything a person looks at before changing a share."""

    calibration: Calibration
    current: Current
    runs: tuple[RunOutcomes, ...]
    markers: tuple[str, ...] = ()


def source_line(calibration: Calibration) -> str:
    """Say whose fills a suggestion is from."""
    return f"Suggestion from {_FROM[calibration.mode]}"


def scenarios_of(calibration: Calibration, asked: Current | None) -> tuple[Scenario, ...]:
    """Give what a ledger is settled with: as it was, as asked, as suggested, and both ends.

    ``asked`` are the shares of a settings file that is not the run's own. Without a suggestion
    there is nothing to compare.
    """
    found = [Scenario(name=AS_RUN)]
    if asked is not None:
        current = (toml_text(asked.share(name)) for name in BUCKETS)
        found.append(Scenario(name="current setting", **dict(zip(BUCKETS, current, strict=True))))
    if calibration.has_suggestion:
        found += (
            _scenario("suggested", calibration, lambda figures: figures.p25),
            _scenario("low end", calibration, lambda figures: figures.low),
            _scenario("high end", calibration, lambda figures: figures.high),
        )
    return tuple(found)


def _scenario(
    name: str, calibration: Calibration, part: Callable[[Figures], str | None]
) -> Scenario:
    def share(bucket: BucketName) -> str | None:
        figures = calibration.bucket(bucket).frozen.req
        return None if figures.p25 is None else part(figures)

    return Scenario(name=name, liquid=share("liquid"), thin=share("thin"))


def paste_lines(calibration: Calibration) -> str:
    """Give the lines that put a suggestion into force; no text without one."""
    lines = [
        f"{setting_of(name)} = {_share(p25)}"
        for name in BUCKETS
        if (p25 := calibration.suggested(name)) is not None
    ]
    return "".join(f"{line}\n" for line in ("[buckets]", *lines)) if lines else ""


def suggestion_toml(calibration: Calibration, current: Current) -> str:
    """Give the whole text of ``calibration_suggest.toml``."""
    return "".join(f"{line}\n" for line in _lines(calibration, current))


def _lines(calibration: Calibration, current: Current) -> Iterator[str]:
    yield f"# {source_line(calibration)}."
    yield from _EXPLAINED.splitlines()
    yield from ("", "[calibration_suggest]")
    yield f"schema_version = {toml_text(SCHEMA_VERSION)}"
    if calibration.mode is not None:
        yield f"mode = {toml_text(calibration.mode)}"
    runs = tuple(run.run_id for run in calibration.runs if run.run_id is not None)
    yield f"runs = {toml_text(runs)}"
    times = [time for run in calibration.runs for time in (run.first_ts_ms, run.last_ts_ms)]
    known = [time for time in times if time is not None]
    if known:
        yield f"first_sample_ms = {min(known)}"
        yield f"last_sample_ms = {max(known)}"
    yield f"rows = {calibration.rows}"
    yield f"rejected = {calibration.rejected}"
    yield f"min_samples = {calibration.min_samples}"
    yield "quantile = 0.25"
    yield "confidence = 0.95"
    for name in BUCKETS:
        yield from _bucket_lines(name, calibration, current)


def _bucket_lines(name: BucketName, calibration: Calibration, current: Current) -> Iterator[str]:
    facts = calibration.bucket(name)
    table = f"calibration_suggest.{name}"
    yield from ("", f"[{table}]")
    yield f"setting = {toml_text(f'buckets.{setting_of(name)}')}"
    yield f"current = {_share(toml_text(current.share(name)))}"
    yield from _figure_lines(facts.frozen.req)
    for set_name, measured in facts.sets():
        if set_name != "frozen":
            yield from ("", f"[{table}.{set_name}]")
            yield from _figure_lines(measured.req)
    for set_name, measured in facts.sets():
        yield from ("", f"[{table}.of_volume.{set_name}]")
        yield from _figure_lines(measured.mkt)


def _figure_lines(figures: Figures) -> Iterator[str]:
    yield f"samples = {figures.samples}"
    yield f"status = {toml_text(figures.status)}"
    if figures.p25 is not None:
        yield f"p25 = {_share(figures.p25)}"
    if figures.low is not None and figures.high is not None:
        yield f"interval = [{_share(figures.low)}, {_share(figures.high)}]"


def _share(text: str) -> str:
    """Give a share as TOML reads a number with decimals."""
    return text if "." in text else f"{text}.0"
