"""``razor report``: the Day-14 report of a run or of a bare ledger, and a run's order path."""

from pathlib import Path

import click

from razor.adapters.files.config_file import read_config
from razor.adapters.files.disk import replace_file
from razor.app.cli import options
from razor.app.cli.failure import ExitCode
from razor.app.cli.verb import VerbGroup, process
from razor.app.trails import rendered_trail, require_signals, trail_of_run
from razor.app.verdicts import rendered, report_of_run, report_of_table
from razor.app.wiring import Process
from razor.domain.errors import Problem, SettingsError
from razor.domain.settings import Settings
from razor.domain.verdict import Report

__all__ = ["report_verbs"]


@click.group("report", cls=VerbGroup)
def report_verbs() -> None:
    """Make reports from the files of a run."""


@report_verbs.command("day14")
@click.option(
    "--run",
    "run_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Run directory; default: run_latest under run.data_dir of the defaults.",
)
@click.option(
    "--input",
    "--shadow-log",
    "table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A shadow_log.csv instead of a run.",
)
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings file for --input; a run has its own settings.",
)
@click.option(
    "--html",
    "html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the page with plots to FILE.",
)
@click.option(
    "--check",
    "is_check",
    is_flag=True,
    help="Exit with 1 unless the verdict is GO with sufficient evidence.",
)
@options.as_json
@process
def day14(
    start: Process,
    *,
    run_dir: Path | None,
    table: Path | None,
    config: Path | None,
    html: Path | None,
    is_check: bool,
    as_json: bool,
) -> ExitCode:
    """Say GO or NO GO by the frozen rule, and what the sample can carry."""
    report = _report(run_dir, table, config)
    forms = rendered(report)
    start.console.block(report.json if as_json else forms.terminal)
    if html is not None:
        replace_file(html.parent.resolve(), html.name, forms.files["report.html"].encode())
        start.console.notice(f"page {html}")
    numbers = report.numbers
    is_go = numbers.day14.verdict.go and numbers.evidence.is_sufficient
    return ExitCode.REFUSED if is_check and not is_go else ExitCode.DONE


def _report(run_dir: Path | None, table: Path | None, config: Path | None) -> Report:
    if run_dir is not None and table is not None:
        problem = Problem(
            key="--input", found="both --run and --input", allowed="one of them", remedy="drop one"
        )
        raise SettingsError(source="command line", problems=[problem])
    if table is not None:
        settings = read_config(config).settings if config is not None else Settings()
        return report_of_table(table, settings)
    if config is not None:
        # A run is judged by the settings it was made with, which its directory holds.
        problem = Problem(
            key="--config",
            found="--config without --input",
            allowed="--config with --input only; a run has its own settings",
            remedy="drop --config",
        )
        raise SettingsError(source="command line", problems=[problem])
    return report_of_run(run_dir or _latest())


def _latest() -> Path:
    return Path(Settings().run.data_dir) / "run_latest"


@report_verbs.command("run")
@click.option(
    "--run",
    "run_dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Run directory; default: run_latest under run.data_dir of the defaults.",
)
@click.option(
    "--signal",
    "signals",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="ID",
    help="Tell only this signal, whatever came of it; may be repeated.",
)
@click.option(
    "--html",
    "html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the page with a plot per signal to FILE.",
)
@click.option(
    "--markdown",
    "markdown",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the report as Markdown to FILE.",
)
@options.as_json
@process
def run_trail(
    start: Process,
    *,
    run_dir: Path | None,
    signals: tuple[int, ...],
    html: Path | None,
    markdown: Path | None,
    as_json: bool,
) -> None:
    """Say what the order machine did with each signal, why, and what paper had promised."""
    where = run_dir or _latest()
    trail = trail_of_run(where)
    require_signals(trail, signals)
    forms = rendered_trail(where, trail, signals, None if html is None else html.name)
    if as_json:
        start.console.block(forms.json)
    else:
        start.console.block(forms.terminal)
    for file, text in ((html, forms.html), (markdown, forms.markdown)):
        if file is not None:
            replace_file(file.parent.resolve(), file.name, text.encode())
            start.console.notice(f"page {file}")
