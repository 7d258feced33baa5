"""``razor calibrate`` and ``razor report calibration``: what real fills say of the fill shares.

Neither changes a setting. The suggestion of a run stands in its directory already; ``--out`` writes
the one of several runs where the user says.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from razor.adapters.files.config_file import read_config
from razor.adapters.files.disk import replace_file
from razor.app.calibrations import review_of
from razor.app.cli import options
from razor.app.cli.report import report_verbs
from razor.app.cli.verb import VerbGroup, process
from razor.app.wiring import Process
from razor.application.calibrate import Outcome, Review, paste_lines, source_line, suggestion_toml
from razor.domain.calibration import BUCKETS, setting_of
from razor.domain.errors import JsonValue, Problem, SettingsError
from razor.domain.settings import Settings, toml_text

__all__ = ["calibrate_verbs"]

# Columns of a terminal that every screen has.
_WIDTH = 100
_SETTINGS_NAME = "config.toml"

_runs = click.option(
    "--run",
    "run_dirs",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Run directory, repeatable; default: run_latest under run.data_dir of the defaults.",
)
_config = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings with the current values; default: those of the last run. Only read.",
)


def _shared(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb the options both have."""
    return _runs(_config(options.as_json(verb)))


@click.group("calibrate", cls=VerbGroup)
def calibrate_verbs() -> None:
    """Compare the fill shares of the settings with fills; nothing is ever applied."""


@calibrate_verbs.command("review")
@_shared
@click.option(
    "--out",
    "out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the suggestion of these runs to FILE, as TOML.",
)
@process
def review(
    start: Process,
    *,
    run_dirs: tuple[Path, ...],
    config: Path | None,
    as_json: bool,
    out: Path | None,
) -> None:
    """Show current value, suggestion, interval, samples and what it would have meant.

    The last lines are what a person would put into the settings. No settings file is written.
    """
    if out is not None:
        _require_no_settings(out, config)
    found = _review(run_dirs, config)
    _show(start, found, as_json=as_json)
    if out is not None:
        text = suggestion_toml(found.calibration, found.current)
        replace_file(out.parent.resolve(), out.name, text.encode())
        start.console.notice(f"suggestion {out}")


@report_verbs.command("calibration")
@_shared
@click.option(
    "--html",
    "html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the page with plots to FILE.",
)
@process
def calibration(
    start: Process,
    *,
    run_dirs: tuple[Path, ...],
    config: Path | None,
    as_json: bool,
    html: Path | None,
) -> None:
    """Report what real fills say about the fill shares of the frozen rules."""
    found = _review(run_dirs, config)
    _show(start, found, as_json=as_json)
    if html is not None:
        from razor.app.report import html_text  # noqa: PLC0415 - loads the plotting library
        from razor.app.report.calibration import calibration_page  # noqa: PLC0415 - as above
        from razor.app.report.plots.shares import share_figures  # noqa: PLC0415 - as above

        page = html_text(calibration_page(found, share_figures(found)))
        replace_file(html.parent.resolve(), html.name, page.encode())
        start.console.notice(f"page {html}")


def _review(run_dirs: tuple[Path, ...], config: Path | None) -> Review:
    chosen = run_dirs or (Path(Settings().run.data_dir) / "run_latest",)
    return review_of(chosen, None if config is None else read_config(config))


def _require_no_settings(out: Path, config: Path | None) -> None:
    """Refuse to write a suggestion over settings: a person edits those.

    Errors: :class:`SettingsError`.
    """
    is_given = config is not None and out.resolve() == config.resolve()
    if is_given or out.name == _SETTINGS_NAME:
        problem = Problem(
            key="--out",
            found=f"the settings file {out}",
            allowed="a file that is no settings file",
            remedy="choose another name; a person edits the settings",
        )
        raise SettingsError(source="command line", problems=[problem])


def _show(start: Process, found: Review, *, as_json: bool) -> None:
    if as_json:
        start.console.json(_facts(found))
        return
    from razor.app.report import terminal_text  # noqa: PLC0415 - loads the plotting library
    from razor.app.report.calibration import calibration_page  # noqa: PLC0415 - as above

    start.console.block(terminal_text(calibration_page(found), width=_WIDTH, is_colour=False))
    lines = paste_lines(found.calibration)
    if lines:
        start.console.block(f"\n# {source_line(found.calibration)}.\n{lines}")


def _facts(found: Review) -> JsonValue:
    """Give the same facts to a program; shares and amounts are exact text."""
    made = found.calibration
    return {
        "source": source_line(made),
        "mode": made.mode,
        "config": found.current.source,
        "quantile": "0.25",
        "confidence": "0.95",
        "min_samples": made.min_samples,
        "rows": made.rows,
        "rejected": made.rejected,
        "runs": [asdict(run) for run in made.runs],
        "buckets": {
            name: {
                "setting": f"buckets.{setting_of(name)}",
                "current": toml_text(found.current.share(name)),
                **asdict(made.bucket(name)),
            }
            for name in BUCKETS
        },
        "day14": [
            {"run": run.run, "outcomes": [_outcome_facts(outcome) for outcome in run.outcomes]}
            for run in found.runs
        ],
        "paste": paste_lines(made),
        "markers": list(found.markers),
    }


def _outcome_facts(outcome: Outcome) -> JsonValue:
    day14 = outcome.numbers.day14
    return {
        **asdict(outcome.scenario),
        "rows_ok": day14.rows_ok,
        "rows_bad": day14.rows_bad,
        "total_pnl_sum": day14.total_pnl_sum.e12,
        "set_ratio_avg": day14.set_ratio_avg.e12,
        "legging_fail_share": day14.verdict.legging_fail_share.e12,
        "go": day14.verdict.go,
    }
