"""Where the socket of a run stands, and the proof that only this user can reach it.

Owns: the directory (``$XDG_RUNTIME_DIR/razor``, else ``razor-UID`` in the temporary directory) and
its checks. A path of a socket has at most 107 bytes, so it cannot stand in a run directory, which
may lie anywhere.

Must never: use a directory that another user owns, may enter or may have put there. Whoever can
enter it can stop trading.
"""

import errno
import os
import secrets
import socket
import stat
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from razor.domain.errors import ControlError, StorageError

__all__ = ["PATH_MOST", "is_listening", "require_own", "socket_directory", "socket_path"]

PATH_MOST = 107
"""Bytes in the path of a socket, as Linux has it."""
_NAME_BYTES = 24
_PRIVATE = 0o700
_OTHERS = 0o077
_LOOK_S = 0.2


def socket_directory(environment: Mapping[str, str]) -> Path:
    """Make or check the directory of this user's sockets.

    Errors: :class:`StorageError` when it is a symlink, another user's, open to others, or cannot be
    made.
    """
    path = _chosen(environment)
    with _told(path, "make the directory of the control socket"):
        with suppress(FileExistsError):
            path.mkdir(mode=_PRIVATE)
        found = path.lstat()
    cause = _fault_of(found)
    if cause:
        message = f"cannot use {path} for the control socket: {cause}"
        remedy = "remove it, or set XDG_RUNTIME_DIR to a directory of your own"
        raise StorageError(message, path=path, cause=cause, remedy=remedy)
    return path


def socket_path(directory: Path, *, pid: int) -> Path:
    """Choose a new name in the directory, and take away what dead processes left there."""
    _sweep(directory)
    return directory / f"{pid}-{secrets.token_hex(4)}.sock"


def require_own(path: Path) -> None:
    """Refuse to talk to a socket that is not this user's alone.

    Errors: :class:`ControlError`: ``NO_PROCESS`` when it is gone, ``FOREIGN`` when it is not a
    socket in a directory that only this user can enter.
    """
    try:
        directory, found = path.parent.lstat(), path.lstat()
    except (OSError, ValueError):
        message = f"no running process: its socket {path} is gone"
        raise ControlError(message, cause="NO_PROCESS", remedy="see how the run ended") from None
    cause = _fault_of(directory)
    if not cause and not stat.S_ISSOCK(found.st_mode):
        cause = "no socket stands there"
    if not cause and found.st_uid != os.geteuid():
        cause = "the socket is another user's"
    if cause:
        message = f"the socket {path} is not to be trusted: {cause}"
        raise ControlError(message, cause="FOREIGN", remedy="ask as the user who started the run")


def is_listening(path: Path) -> bool:
    """Whether a process listens at a socket; one that is too busy to say so counts as one."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_LOOK_S)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def _chosen(environment: Mapping[str, str]) -> Path:
    """The user's runtime directory where there is one and the path fits, else a temporary one."""
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    path = Path(runtime) / "razor"
    fits = len(os.fsencode(path)) + _NAME_BYTES <= PATH_MOST
    if runtime and path.is_absolute() and fits and path.parent.is_dir():
        return path
    # A fixed name, so that it can be found; the checks make it safe in a directory of everybody.
    return Path(tempfile.gettempdir()) / f"razor-{os.geteuid()}"


def _fault_of(found: os.stat_result) -> str:
    """What keeps a directory from being this user's alone; blank when nothing does."""
    if stat.S_ISLNK(found.st_mode):
        return "it is a symlink"
    if not stat.S_ISDIR(found.st_mode):
        return "it is no directory"
    if found.st_uid != os.geteuid():
        return "it is another user's"
    return "others may enter it" if found.st_mode & _OTHERS else ""


def _sweep(directory: Path) -> None:
    """Take away sockets whose process is dead and that nobody answers on."""
    with suppress(OSError):
        for path in directory.glob("*.sock"):
            pid = path.name.partition("-")[0]
            if pid.isdecimal() and not _is_alive(int(pid)) and not is_listening(path):
                path.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@contextmanager
def _told(path: Path, action: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        cause = os.strerror(error.errno or errno.EIO)
        message = f"cannot {action}: {path}: {cause}"
        remedy = "set XDG_RUNTIME_DIR to a directory of your own"
        raise StorageError(message, path=path, cause=cause, remedy=remedy) from error
