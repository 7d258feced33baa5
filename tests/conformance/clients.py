"""The environments of the clients of others, made when a test asks for one, and their programs.

Every client has a lock of its own, since their pins clash with ours and with one another's. An
environment is kept under `build/conformance/` as long as its lock and this Python stay the same.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
NAMES: Final = ("polymarket-client", "py-clob-client-v2")
Answer = dict[str, Any]
"""What a program prints: JSON, read by the test that knows its members."""

_INSTALL_S: Final = 480
_STAMP: Final = "installed.sha256"


class Unavailable(Exception):
    """The packages of a client cannot be had here; the message says what was tried."""


class Failed(Exception):
    """A program of a client ended with an error; the message holds what it wrote."""


@dataclass(frozen=True, slots=True)
class Client:
    """An installed client."""

    name: str
    python: Path

    def run(self, driver: str, task: dict[str, Any], folder: Path, patience_s: float) -> Answer:
        """What the program `drivers/<driver>.py` prints when it is given `task`."""
        order = folder / f"{driver}.json"
        order.write_text(json.dumps(task), encoding="utf-8")
        done = subprocess.run(
            [self.python, "-E", "-s", "-m", f"tests.conformance.drivers.{driver}", order],
            cwd=ROOT,
            # Nothing of ours, above all no proxy: that would be a way to other machines.
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{self.name}, {driver}: exit code {done.returncode}\n{done.stderr}")
        answer: Answer = json.loads(done.stdout)
        return answer


def installed(name: str) -> Client:
    """The client of that name; installs its lock on the first call. Raises `Unavailable`."""
    lock = ROOT / "locks" / f"conformance-{name}.txt"
    folder = ROOT / "build" / "conformance" / name
    client = Client(name, folder / "bin" / "python")
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return client
    shutil.rmtree(folder, ignore_errors=True)
    _run(name, sys.executable, "-m", "venv", folder)
    _run(
        name,
        *(client.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", lock),
    )
    stamp.write_text(wanted, encoding="utf-8")
    return client


def _run(name: str, *command: str | Path) -> None:
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, env=clean, capture_output=True, text=True, timeout=_INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{name} could not be installed: {error}") from error
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"{name} could not be installed: {told[-1] if told else command}")
