"""The few file operations razor needs, each with one typed error and a remedy.

Owns: atomic replacement (write beside, sync, rename, sync the directory), bounded reading, and
the translation of the system's errors into :class:`StorageError`. Must never: follow a symlink
inside a run directory, leave a half-written file under its final name, or retry a failed sync
(after one, the pages are marked clean and a second success proves nothing).
"""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from razor.domain.errors import StorageError

__all__ = ["read_bounded", "replace_file", "storage", "sync_directory"]

_REMEDIES = {
    errno.ENOSPC: "free space on that disk or choose another directory",
    errno.EDQUOT: "free space in the quota or choose another directory",
    errno.EROFS: "the file system is read-only: choose another directory",
    errno.EACCES: "change the permissions or choose another directory",
    errno.EPERM: "change the permissions or choose another directory",
    errno.EEXIST: "something else has that name: move it away or choose another directory",
    errno.ENOTDIR: "a part of that path is a file: move it away or choose another directory",
    errno.EISDIR: "a directory has that name: move it away",
    errno.ELOOP: "a symlink stands there and is not followed: remove it",
    errno.ENOENT: "check the path",
    errno.ENAMETOOLONG: "choose a shorter path",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "the machine is out of file handles: close other programs",
    errno.EIO: "the disk fails: stop using it",
}


@contextmanager
def storage(path: Path, action: str) -> Generator[None]:
    """Turn any system error inside into a :class:`StorageError` about ``path``.

    ``action`` completes the sentence "cannot …", for example ``write the manifest``.
    """
    try:
        yield
    except OSError as error:
        cause = os.strerror(error.errno) if error.errno else str(error)
        remedy = _REMEDIES.get(error.errno or 0, "see the system's message")
        message = f"cannot {action}: {path}: {cause}"
        raise StorageError(message, path=path, cause=cause, remedy=remedy) from error


def replace_file(directory: Path, name: str, content: bytes) -> None:
    """Replace ``directory/name`` by ``content``: after a crash it is the old or the new one.

    A symlink under that name is replaced, never followed. Durable when this returns.
    Errors: :class:`StorageError`; the old file is then untouched.
    """
    with storage(directory / name, f"write {name}"):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _replace_in(handle, name, content)
        finally:
            os.close(handle)


def _replace_in(directory: int, name: str, content: bytes) -> None:
    temporary = f".{name}.new"
    # A crash may have left one behind; it was never the file.
    with suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=directory)
    try:
        _write_new(directory, temporary, content)
        os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise
    os.fsync(directory)


def _write_new(directory: int, name: str, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, 0o644, dir_fd=directory)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_directory(directory: Path) -> None:
    """Make names created or renamed in ``directory`` durable. Errors: :class:`StorageError`."""
    with storage(directory, "sync the directory"):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_bounded(path: Path, *, most: int, follow: bool) -> bytes:
    """Read a regular file of at most ``most`` bytes; a symlink is opened only if ``follow``.

    Errors: :class:`OSError` as the system gives it, ``EFBIG`` above the bound, ``EINVAL`` for
    what is not a regular file. It never blocks on a pipe or a device.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    handle = os.open(path, flags)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content
