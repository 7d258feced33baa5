"""One run on disk: creating it, naming it ``run_latest``, holding it, writing its manifest.

Owns: :class:`RunDirectory`. Layout: ``config.toml`` (byte copy), ``manifest.json`` (replaced
atomically), ``lock`` (held while a process writes), and whatever the recorder and the
projections add under names this module hands out.

Invariants:

- a directory that ``run_latest`` names has its config and its manifest;
- at most one process holds a run (S-27); the system releases the hold when it dies;
- no name leads outside the directory and no symlink inside it is followed (X-4);
- nothing here removes or shortens a file that was ever visible (D-2).
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from razor import _core
from razor.adapters.files.disk import read_bounded, replace_file, storage, sync_directory
from razor.adapters.files.run_name import LATEST, is_file_name, run_name
from razor.domain.errors import StorageError
from razor.domain.manifest import Manifest, decode_manifest, encode_manifest

__all__ = [
    "RunDirectory",
    "create_run",
    "create_run_at",
    "is_held",
    "open_run",
    "read_manifest",
]

_CONFIG = "config.toml"
_MANIFEST = "manifest.json"
_LOCK = "lock"
_ATTEMPTS = 1000
_MANIFEST_MOST = 16_777_216


class RunDirectory:
    """A run this process holds; nobody else can write into it until :meth:`close`."""

    def __init__(self, *, path: Path, run_id: str, lock: _core.RunLock) -> None:
        """Take over a lock; use the functions of this module to get one."""
        self._path = path
        self._run_id = run_id
        self._lock = lock

    @property
    def path(self) -> Path:
        """The directory."""
        return self._path

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._run_id

    @property
    def lock(self) -> _core.RunLock:
        """The right to write here, for the session of this run."""
        return self._lock

    def __enter__(self) -> Self:
        """Hold the run for the length of a ``with`` block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the run free."""
        self.close()

    def close(self) -> None:
        """Give the run free. Doing it twice is harmless."""
        self._lock.release()

    def file(self, name: str) -> Path:
        """Give the path of a file of this run.

        Errors: :class:`StorageError` for a name outside the grammar, and for a symlink.
        """
        return _confined(self._path, name)

    def replace(self, name: str, content: bytes) -> None:
        """Replace a whole file atomically and durably (manifest, reports, suggestions)."""
        replace_file(self._path, self.file(name).name, content)

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest atomically and durably."""
        self.replace(_MANIFEST, encode_manifest(manifest))

    def manifest(self) -> Manifest:
        """Read the manifest back. Errors: as :func:`read_manifest`."""
        return read_manifest(self._path)


def create_run(
    runs_dir: Path,
    *,
    config: bytes,
    describe: Callable[[str], Manifest],
    started_ns: int,
    pid: int,
) -> RunDirectory:
    """Make a new run under ``runs_dir`` and let ``run_latest`` name it.

    ``describe`` gives the manifest for the run id that was free. On failure nothing new is left
    behind and ``run_latest`` is as before. Errors: :class:`StorageError`.
    """
    with storage(runs_dir, "create the runs directory"):
        runs_dir.mkdir(parents=True, exist_ok=True)
    _check_latest(runs_dir)
    path = _make_free_name(runs_dir, started_ns=started_ns, pid=pid)
    run = _furnish(path, run_id=path.name, config=config, describe=describe)
    try:
        _point_latest(runs_dir, path.name)
    except StorageError:
        run.close()
        _remove(path)
        raise
    return run


def create_run_at(
    path: Path, *, run_id: str, config: bytes, describe: Callable[[str], Manifest]
) -> RunDirectory:
    """Make a run in a directory the user chose; it is created, or must be empty.

    ``run_latest`` stays as it is. Errors: :class:`StorageError`.
    """
    with storage(path, "create the output directory"):
        path.mkdir(parents=True, exist_ok=True)
        is_used = any(path.iterdir())
    if is_used:
        message = f"cannot write a run into {path}: it is not empty"
        remedy = "choose a new directory; razor never overwrites a run"
        cause = os.strerror(errno.ENOTEMPTY)
        raise StorageError(message, path=path, cause=cause, remedy=remedy)
    return _furnish(path, run_id=run_id, config=config, describe=describe)


def open_run(path: Path) -> RunDirectory:
    """Hold an existing run, to go on in it after an unclean end.

    Errors: :class:`StorageError` when another process holds it or it cannot be written,
    :class:`DecodeError` when its manifest cannot be read.
    """
    run_id = read_manifest(path).run_id
    return RunDirectory(path=path, run_id=run_id, lock=_hold(path))


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of the run in directory ``path``, held or not.

    Errors: :class:`StorageError` when it is missing or a symlink, :class:`DecodeError`.
    """
    place = path / _MANIFEST
    with storage(place, "read the manifest"):
        raw = read_bounded(place, most=_MANIFEST_MOST, follow=False)
    return decode_manifest(raw, source=str(place))


def is_held(path: Path) -> bool:
    """Tell whether some process is writing into the run at ``path`` right now.

    Errors: :class:`StorageError` when that cannot be found out.
    """
    try:
        return _core.RunLock.is_held(path)
    except _core.StorageError as error:
        raise _refused(path, error) from error


def _make_free_name(runs_dir: Path, *, started_ns: int, pid: int) -> Path:
    with storage(runs_dir, "create a run directory"):
        for attempt in range(_ATTEMPTS):
            path = runs_dir / run_name(started_ns=started_ns, pid=pid, attempt=attempt)
            try:
                path.mkdir(mode=0o755)
            except FileExistsError:
                continue
            return path
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(runs_dir))


def _furnish(
    path: Path, *, run_id: str, config: bytes, describe: Callable[[str], Manifest]
) -> RunDirectory:
    """Give an empty directory its lock, config and manifest, or remove it again."""
    try:
        run = RunDirectory(path=path, run_id=run_id, lock=_hold(path))
    except StorageError:
        _remove(path)
        raise
    try:
        replace_file(path, _CONFIG, config)
        replace_file(path, _MANIFEST, encode_manifest(describe(run_id)))
        sync_directory(path.parent)
    except BaseException:
        run.close()
        _remove(path)
        raise
    return run


def _hold(path: Path) -> _core.RunLock:
    try:
        return _core.RunLock.acquire(path)
    except _core.StorageError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: _core.StorageError) -> StorageError:
    """Say why a run cannot be held in the words of the other faults of its directory."""
    if error.holder is not None:
        who = f"another process is writing into it (process {error.holder})"
        message = f"cannot hold the run {path}: {who}"
        remedy = "stop that process, or start with another --runs-dir"
        return StorageError(message, path=path, cause="locked", remedy=remedy)
    # The core's one sentence ends with its remedy.
    cause, _, remedy = str(error).rpartition("; ")
    return StorageError(cause, path=path / _LOCK, cause=cause, remedy=remedy)


def _remove(path: Path) -> None:
    """Take back a directory that never became a run; what was not ours makes it stay."""
    with suppress(OSError):
        for name in (_MANIFEST, _CONFIG, _LOCK):
            (path / name).unlink(missing_ok=True)
        path.rmdir()


def _check_latest(runs_dir: Path) -> None:
    latest = runs_dir / LATEST
    with storage(latest, "look at run_latest"):
        is_taken = os.path.lexists(latest) and not latest.is_symlink()
    if is_taken:
        message = f"cannot let {latest} name the new run: it exists and is not a symlink"
        remedy = f"move {latest} away; razor makes the symlink itself"
        cause = os.strerror(errno.EEXIST)
        raise StorageError(message, path=latest, cause=cause, remedy=remedy)


def _point_latest(runs_dir: Path, run_id: str) -> None:
    latest = runs_dir / LATEST
    # Checked again: something may have taken the name since the start.
    _check_latest(runs_dir)
    with storage(latest, "update run_latest"):
        before = str(latest.readlink()) if latest.is_symlink() else None
        _link(latest, run_id)
    try:
        sync_directory(runs_dir)
    except StorageError:
        with suppress(OSError):
            if before is None:
                latest.unlink()
            else:
                _link(latest, before)
        raise


def _link(latest: Path, target: str) -> None:
    """Let ``latest`` name ``target`` in one step: readers see the old or the new link."""
    temporary = latest.with_name(f".{LATEST}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target, target_is_directory=True)
    try:
        temporary.replace(latest)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _confined(directory: Path, name: str) -> Path:
    path = directory / name
    if not is_file_name(name):
        message = f"cannot use {name!a} as a file of a run: the name is not allowed"
        remedy = "use letters, digits, _ and -, with dots inside only"
        raise StorageError(message, path=directory, cause="name", remedy=remedy)
    if path.is_symlink():
        message = f"cannot use {path}: it is a symlink"
        remedy = "remove it; razor follows no symlink inside a run"
        raise StorageError(message, path=path, cause=os.strerror(errno.ELOOP), remedy=remedy)
    return path
