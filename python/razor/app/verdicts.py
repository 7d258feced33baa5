"""Reports of runs and tables: reading what a report rests on, and writing its three files.

Owns: :func:`report_of_run`, :func:`report_of_table`, :func:`rendered` and :func:`write_report`.
Must never: compute a number; the core does, from the tables alone, so that ``razor audit verify``
gets the same bytes. The plotting library takes half a second to load, so only rendering loads it.
"""

import json
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from razor import _core
from razor.adapters.files.disk import read_bounded, replace_file, storage
from razor.adapters.files.run_directory import read_manifest
from razor.app.calibrations import write_suggestion
from razor.app.evidence import config_of, journal_of
from razor.application.verdict import ReportFacts, make_report, read_signals
from razor.domain.errors import DecodeError
from razor.domain.settings import SCHEMA_VERSION, Settings
from razor.domain.verdict import Report, Seal, decode_integrity

__all__ = [
    "REPORT_FILES",
    "Rendered",
    "WrittenReport",
    "rendered",
    "report_of_run",
    "report_of_table",
    "write_report",
]

REPORT_FILES = ("report.json", "report.md", "report.html")

# A ledger of 14 busy days has some hundred megabytes.
_TABLE_MOST = 4_294_967_296
# Columns of a terminal that every screen has.
_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A report in all its forms: for a terminal, and as the three files by name."""

    report: Report
    terminal: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """A report that was written, and where its page stands."""

    rendered: Rendered
    html: Path


def report_of_run(run_dir: Path) -> Report:
    """Make the report of a run from its files.

    Errors: :class:`StorageError` for a missing table, :class:`DecodeError`, :class:`Corrupt`.
    """
    manifest = read_manifest(run_dir)
    settings = config_of(run_dir, manifest).settings
    row = _integrity_row(run_dir / "health.jsonl")
    journal = journal_of(run_dir, manifest)
    log = _table(run_dir / "shadow_log.csv")
    sets = _table(run_dir / "shadow_sets.csv")
    seal = Seal(
        config=manifest.settings_hash,
        code=manifest.build,
        commit=manifest.commit,
        data=journal.block,
        schema_version=manifest.schema_versions.get("frozen_rules", SCHEMA_VERSION),
    )
    basis = _Basis(
        seal=seal, row=row, label=journal.run_id, settings=settings, markers=manifest.markers
    )
    try:
        return _report(log, sets, basis)
    except _core.DecodeError as error:
        # A crash leaves tables shorter than the journal, down to a missing header.
        remedy = f"write the tables anew from the journal: razor audit rebuild {run_dir}"
        raise DecodeError(f"{run_dir}: {error}", source=str(run_dir), remedy=remedy) from None


def report_of_table(table: Path, settings: Settings) -> Report:
    """Make the report of a bare ``shadow_log.csv``; what only a run knows stays unknown."""
    log = _table(table)
    data = _core.sha256(log).hex()
    seal = Seal(config="", code="", commit="", data=data, schema_version=SCHEMA_VERSION)
    return _report(log, None, _Basis(seal=seal, settings=settings))


def rendered(report: Report) -> Rendered:
    """Render a report in all its forms. Cost: about half a second for the plots."""
    from razor.app.report import (  # noqa: PLC0415 - loads the plotting library
        html_text,
        markdown_text,
        page_of,
        terminal_text,
    )

    page = page_of(report)
    texts = (report.json, markdown_text(page), html_text(page))
    return Rendered(
        report=report,
        terminal=terminal_text(page, width=_WIDTH, is_colour=False),
        files=dict(zip(REPORT_FILES, texts, strict=True)),
    )


def write_report(run_dir: Path, report: Report) -> WrittenReport:
    """Write the three files of a report, each replaced in one step.

    A run that sent orders gets its suggestion of fill shares beside them.
    """
    forms = rendered(report)
    for name, text in forms.files.items():
        replace_file(run_dir, name, text.encode())
    write_suggestion(run_dir)
    return WrittenReport(rendered=forms, html=run_dir / "report.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What a report rests on beside its tables; blank where only a run would know."""

    seal: Seal
    settings: Settings
    row: bytes | None = None
    label: str | None = None
    markers: tuple[str, ...] = ()


def _report(log: bytes, sets: bytes | None, basis: _Basis) -> Report:
    facts = _facts(basis.settings, row=basis.row, label=basis.label)
    numbers = _core.day14_json(log, sets, json.dumps(facts))
    named = json.loads(numbers)["run_id"]
    # Not splitlines(): a market name may hold what that takes for the end of a line.
    lines = StringIO((sets or log).decode("utf-8", "replace"), newline="")
    return make_report(
        numbers,
        ReportFacts(
            seal=basis.seal,
            integrity_row=basis.row,
            signals=read_signals(lines, run_id=str(named)),
            markers=basis.markers,
            accept_no_verdict=basis.settings.live.accept_no_verdict,
        ),
    )


def _facts(
    settings: Settings, *, row: bytes | None, label: str | None
) -> dict[str, str | int | bool | None]:
    """Give what the core needs beside the tables; capital 0 means that none was named."""
    capital = settings.report.starting_capital_usdc
    facts: dict[str, str | int | bool | None] = {
        "run_id": label,
        "trade_poll_taker_only": settings.shadow.trade_poll_taker_only,
        "min_total_shadow_pnl": str(settings.report.min_total_shadow_pnl),
        "min_avg_set_ratio": str(settings.report.min_avg_set_ratio),
        "starting_capital": str(capital) if capital else None,
    }
    if row is not None:
        found = decode_integrity(row)
        facts["trade_prints"] = found.trade_rows
        facts["recorded_ms"] = found.last_ms - found.first_ms
    return facts


def _integrity_row(health: Path) -> bytes | None:
    """Give the closing row of a run; ``None`` when it did not end in order."""
    rows = _table(health).splitlines()
    closing = [row for row in rows[-1:] if row.startswith(b'{"type":"integrity"')]
    return closing[0] if closing else None


def _table(path: Path) -> bytes:
    with storage(path, f"read {path.name}"):
        return read_bounded(path, most=_TABLE_MOST, follow=False)
