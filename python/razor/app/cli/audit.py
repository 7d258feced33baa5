"""``razor audit``: a run against its own journal."""

from dataclasses import asdict, dataclass
from pathlib import Path

import click

from razor import _core
from razor.adapters.files.disk import read_bounded, storage
from razor.adapters.files.run_directory import open_run, read_manifest
from razor.app.calibrations import stale_suggestions
from razor.app.cli import options
from razor.app.cli.failure import ExitCode
from razor.app.cli.following import following
from razor.app.cli.verb import VerbGroup, process
from razor.app.evidence import journal_of, require_end
from razor.app.identity import build_identity
from razor.app.verdicts import REPORT_FILES, rendered, report_of_run, write_report
from razor.app.wiring import Process
from razor.domain.audit import AuditVerdict, decode_audit
from razor.domain.manifest import Manifest

__all__ = ["audit_verbs"]

_REPORT_MOST = 268_435_456


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builds:
    """The build that made a run and the one that reads it: another one may write other tables."""

    made_by: str
    commit: str
    read_by: str

    @property
    def are_equal(self) -> bool:
        return self.made_by == self.read_by


def _builds(start: Process, manifest: Manifest) -> _Builds:
    read_by = build_identity(start.environment).build
    return _Builds(made_by=manifest.build, commit=manifest.commit, read_by=read_by)


@click.group("audit", cls=VerbGroup)
def audit_verbs() -> None:
    """Prove a run from its journal, or write its tables anew."""


@audit_verbs.command("verify")
@options.run_argument
@options.as_json
@process
def verify(start: Process, run_dir: Path, *, as_json: bool) -> ExitCode:
    """Check the chain and every checksum, and that each table and report is what they say.

    Exit code 0 when all of it holds, 1 when a file differs, 3 when the journal is damaged.
    """
    manifest = read_manifest(run_dir)
    with start.console.progress(f"reading {run_dir.name}") as bar:
        found = decode_audit(_core.audit_verify(run_dir, following(start, bar)))
    require_end(run_dir, manifest, tail=found.tail)
    reports = [*_differing_reports(run_dir), *stale_suggestions(run_dir)]
    builds = _builds(start, manifest)
    is_same = not found.differences and not reports
    if as_json:
        facts = {**asdict(found), **asdict(builds), "reports": reports, "verified": is_same}
        start.console.json(facts)
    else:
        _tell(start, run_dir, found, reports)
        _advise(start, run_dir, builds, is_same=is_same)
    return ExitCode.DONE if is_same else ExitCode.REFUSED


@audit_verbs.command("rebuild")
@options.run_argument
@options.as_json
@process
def rebuild(start: Process, run_dir: Path, *, as_json: bool) -> None:
    """Write all tables and the report of a run anew from its journal."""
    place = _followed(run_dir)
    # Held, so that no table is replaced under a process that is writing it.
    with open_run(place) as run:
        journal_of(place, run.manifest())
        with start.console.progress(f"reading {place.name}") as bar:
            found = decode_audit(_core.audit_rebuild(run.lock, following(start, bar)))
        write_report(place, report_of_run(place))
    if as_json:
        start.console.json(asdict(found))
        return
    start.console.fact(
        f"{run_dir}: tables and report written anew from {found.records:,} records "
        f"in {found.segments} segments"
    )


def _followed(run_dir: Path) -> Path:
    """Follow ``run_latest``: files are replaced only in a directory that is no symlink itself."""
    with storage(run_dir, "find the run"):
        return run_dir.parent / run_dir.readlink() if run_dir.is_symlink() else run_dir


def _differing_reports(run_dir: Path) -> list[str]:
    """Name the report files that are not what the tables give; a run without report has none."""
    there = [name for name in REPORT_FILES if (run_dir / name).is_file()]
    if not there:
        return []
    try:
        wanted = rendered(report_of_run(run_dir)).files
    except _core.DecodeError:
        # Tables that cannot be read give no report: none that is there can be theirs.
        return there
    return [name for name in there if _bytes(run_dir / name) != wanted[name].encode()]


def _bytes(path: Path) -> bytes:
    with storage(path, f"read {path.name}"):
        return read_bounded(path, most=_REPORT_MOST, follow=False)


def _tell(start: Process, run_dir: Path, found: AuditVerdict, reports: list[str]) -> None:
    say = start.console.fact
    say(
        f"{run_dir}: {found.records:,} records in {found.segments} segments, "
        f"journal {found.tail}, last block {found.head}"
    )
    for damage in found.evidence:
        say(f"torn tail kept as evidence: {damage}")
    for difference in found.differences:
        say(f"{difference.table} line {difference.line} is not what the journal says")
        say(f"  found    {difference.found}")
        say(f"  expected {difference.expected}")
    for name in reports:
        say(f"{name} is not what the tables say")


def _advise(start: Process, run_dir: Path, builds: _Builds, *, is_same: bool) -> None:
    """Say what follows; a difference under another build proves no change of a file."""
    say = start.console.fact
    if not builds.are_equal:
        say(
            f"made by build {builds.made_by} (commit {builds.commit}), "
            f"read by build {builds.read_by}"
        )
    if is_same:
        say("verified: chain, checksums, tables and report")
        return
    if not builds.are_equal:
        say(
            "the journal is whole; the files may differ because the builds do: verify with "
            f"build {builds.made_by} before you take it for a change"
        )
    say(f"write them anew with: razor audit rebuild {run_dir}")
