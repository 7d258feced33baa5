"""The runs under one directory: listing them, finding one, finding the one to go on from.

Owns: :func:`list_runs`, :func:`find_run`, :func:`last_run`. Must never: write, or take a name
from outside as a path (only the run-name grammar and the word ``run_latest`` are looked up).
"""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from razor.adapters.files.disk import storage
from razor.adapters.files.run_directory import is_held, read_manifest
from razor.adapters.files.run_name import LATEST, is_run_name
from razor.domain.errors import DecodeError, StorageError
from razor.domain.manifest import Manifest

__all__ = ["RunEntry", "find_run", "last_run", "list_runs"]

_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One run directory; ``manifest`` is ``None`` when it has no readable one (``problem``)."""

    run_id: str
    path: Path
    manifest: Manifest | None
    is_held: bool
    problem: str = ""


def list_runs(runs_dir: Path) -> tuple[RunEntry, ...]:
    """List all runs, oldest name first; symlinks and foreign names are not runs.

    Errors: :class:`StorageError` when the directory cannot be read; a missing one is empty.
    """
    with storage(runs_dir, "list the runs"):
        if not os.path.lexists(runs_dir):
            return ()
        found = sorted(
            entry.name
            for entry in os.scandir(runs_dir)
            if is_run_name(entry.name) and entry.is_dir(follow_symlinks=False)
        )
    return tuple(_entry(runs_dir / name) for name in found)


def find_run(runs_dir: Path, name: str) -> Path:
    """Give the directory of a run by its name or by ``run_latest``.

    Errors: :class:`StorageError` for any other text, for a run that does not exist, and for a
    ``run_latest`` that is not a relative link to a run beside it.
    """
    run_id = _latest(runs_dir) if name == LATEST else name
    path = runs_dir / run_id if is_run_name(run_id) else None
    if path is None or path.is_symlink() or not path.is_dir():
        message = f"there is no run {name[:_SHOWN]!a} under {runs_dir}"
        remedy = f"give run_YYYYMMDD_HHMMSS_NNNNNN or {LATEST}"
        cause = os.strerror(errno.ENOENT)
        raise StorageError(message, path=runs_dir, cause=cause, remedy=remedy)
    return path


def last_run(runs_dir: Path, *, source_kind: str) -> Manifest | None:
    """Give the last run of a source: the newest one that no other run continues.

    The chain of ``continues`` is asked before the names, because names come from a wall clock
    that may have gone backwards. Errors: :class:`StorageError` when that run is being written by
    another process (two writers on one chain, S-27).
    """
    entries = [entry for entry in list_runs(runs_dir) if _is_of(entry, source_kind)]
    continued = {entry.manifest.continues for entry in entries if entry.manifest is not None}
    open_ends = [entry for entry in entries if entry.run_id not in continued]
    if not open_ends:
        return None
    last = open_ends[-1]
    if last.is_held:
        message = f"the run {last.run_id} of this source is being written by another process"
        remedy = "stop that process, or start with another --runs-dir"
        raise StorageError(message, path=last.path, cause="locked", remedy=remedy)
    return last.manifest


def _is_of(entry: RunEntry, source_kind: str) -> bool:
    manifest = entry.manifest
    return manifest is not None and manifest.source.is_live and manifest.source.kind == source_kind


def _entry(path: Path) -> RunEntry:
    try:
        manifest = read_manifest(path)
        held = is_held(path)
    except (StorageError, DecodeError) as error:
        return RunEntry(
            run_id=path.name, path=path, manifest=None, is_held=False, problem=error.message
        )
    return RunEntry(run_id=path.name, path=path, manifest=manifest, is_held=held)


def _latest(runs_dir: Path) -> str:
    latest = runs_dir / LATEST
    with storage(latest, "read run_latest"):
        return str(latest.readlink())
