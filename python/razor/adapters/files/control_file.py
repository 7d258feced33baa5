"""``control.json`` of a run: where its process listens, for as long as it does.

Owns: writing, reading and removing it. It is no record of the run: a clean end takes it away, and
one that is left behind says that the process did not end in order. Must never: follow a symlink.
"""

import errno
from contextlib import suppress
from pathlib import Path

import msgspec

from razor.adapters.files.disk import read_bounded, replace_file, storage
from razor.domain.control import ControlFile, decode_control_file
from razor.domain.errors import ControlError, DecodeError

__all__ = ["CONTROL_FILE", "read_control_file", "remove_control_file", "write_control_file"]

CONTROL_FILE = "control.json"
_MOST = 65_536


def write_control_file(run_dir: Path, control: ControlFile) -> None:
    """Write it atomically; one that a killed process left is replaced.

    Errors: :class:`StorageError`.
    """
    content = msgspec.json.format(msgspec.json.encode(control), indent=2) + b"\n"
    replace_file(run_dir, CONTROL_FILE, content)


def read_control_file(run_dir: Path) -> ControlFile:
    """Read it.

    Errors: :class:`ControlError` (``NO_PROCESS``) when there is none, :class:`StorageError`,
    :class:`DecodeError`.
    """
    path = run_dir / CONTROL_FILE
    with storage(path, "read the control file"):
        try:
            raw = read_bounded(path, most=_MOST, follow=False)
        except OSError as error:
            if error.errno != errno.ENOENT or not run_dir.is_dir():
                raise
            raise ControlError(
                f"no running process: {run_dir} has no {CONTROL_FILE}",
                cause="NO_PROCESS",
                remedy="the run has ended, or it was never one of razor run, demo or record",
            ) from None
    return decode_control_file(raw, source=str(path))


def remove_control_file(run_dir: Path, control: ControlFile) -> None:
    """Take away our own; one that another process wrote meanwhile stays."""
    path = run_dir / CONTROL_FILE
    with suppress(OSError, DecodeError):
        raw = read_bounded(path, most=_MOST, follow=False)
        if decode_control_file(raw, source=str(path)) == control:
            path.unlink()
