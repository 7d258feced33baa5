"""The directory of the socket is this user's alone, or it is not used."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from razor.adapters.control.place import (
    PATH_MOST,
    require_own,
    socket_directory,
    socket_path,
)
from razor.domain.errors import ControlError, StorageError


def runtime(place: Path) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": str(place)}


def test_the_runtime_directory_of_the_user_is_used_where_there_is_one(tmp_path: Path) -> None:
    found = socket_directory(runtime(tmp_path))
    assert found == tmp_path / "razor"
    assert found.stat().st_mode & 0o777 == 0o700
    assert socket_directory(runtime(tmp_path)) == found


@pytest.mark.parametrize("where", ["", "relative", "/nowhere/at/all", "/" + "x" * 100])
def test_without_a_usable_one_a_directory_by_the_users_number_is(where: str) -> None:
    found = socket_directory({"XDG_RUNTIME_DIR": where})
    assert found == Path(tempfile.gettempdir()) / f"razor-{os.geteuid()}"
    assert len(os.fsencode(socket_path(found, pid=2**22))) <= PATH_MOST


@pytest.mark.parametrize("kind", ["symlink", "file", "open to a group", "open to all"])
def test_a_directory_that_others_made_or_may_enter_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "razor"
    match kind:
        case "symlink":
            (tmp_path / "elsewhere").mkdir(mode=0o700)
            path.symlink_to(tmp_path / "elsewhere")
        case "file":
            path.touch(mode=0o700)
        case "open to a group":
            path.mkdir()
            path.chmod(0o750)
        case _:
            path.mkdir()
            path.chmod(0o701)
    with pytest.raises(StorageError) as refused:
        socket_directory(runtime(tmp_path))
    assert str(path) in refused.value.message
    assert "XDG_RUNTIME_DIR" in refused.value.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "razor"
    path.mkdir(mode=0o700)
    os.chown(path, 65_534, 65_534)
    with pytest.raises(StorageError, match="another user's"):
        socket_directory(runtime(tmp_path))


def bound(path: Path) -> None:
    """A socket file that nobody listens on any more."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.bind(str(path))


def test_sockets_of_dead_processes_are_taken_away_and_no_others(tmp_path: Path) -> None:
    place = socket_directory(runtime(tmp_path))
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True, text=True, check=True)  # fmt: skip
    names = (f"{dead.stdout.strip()}-00.sock", f"{os.getpid()}-00.sock", "note.sock")
    for name in names:
        bound(place / name)
    chosen = socket_path(place, pid=5)
    assert chosen.name.startswith("5-")
    assert sorted(path.name for path in place.iterdir()) == sorted(names[1:])


def test_a_socket_is_trusted_only_in_a_private_directory(tmp_path: Path) -> None:
    place = socket_directory(runtime(tmp_path))
    path = place / "1-00.sock"
    with pytest.raises(ControlError) as gone:
        require_own(path)
    assert gone.value.cause == "NO_PROCESS"
    bound(path)
    require_own(path)
    place.chmod(0o755)
    with pytest.raises(ControlError, match="others may enter it") as foreign:
        require_own(path)
    assert foreign.value.cause == "FOREIGN"
    place.chmod(0o700)
    (place / "2-00.sock").touch()
    with pytest.raises(ControlError, match="no socket stands there"):
        require_own(place / "2-00.sock")
